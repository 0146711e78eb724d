/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports and event loops, and keepers of receive rights: what Linux programs need of libmach
 * beside the Mach API.
 */
#ifndef _PORTCULLIS_PORT_H_
#define _PORTCULLIS_PORT_H_

#include <stdint.h>
#include <mach/kern_return.h>
#include <mach/port.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A descriptor that polls readable while a message waits at a receive right or in a port set, so that
 * any event loop (poll, epoll, libuv, GLib) can serve ports. It may poll readable when nothing is
 * there (a peer's message was refused, say): receive with MACH_RCV_TIMEOUT and a time-out of 0.
 *
 * The descriptor is a duplicate that the caller owns and closes, close-on-exec. It goes on polling for
 * as long as the right is in this task under that name; after that it says nothing.
 *
 * Returns the descriptor, or -1 with errno: EINVAL (the name denotes neither a receive right nor a
 * port set), EMFILE or ENOMEM.
 */
int portcullis_port_fd(mach_port_name_t name);

/*
 * A keeper is a duplicate of a receive right, held by whoever supervises the task that uses the right
 * (a launcher of services). As long as it exists, messages that are queued at the port stay
 * queued when that task dies, and so do the send-once rights in them; a later run gets the
 * receive right back with all of it. A message that the task was just receiving when it was killed is
 * lost, and its send-once rights notify.
 *
 * While a keeper exists, destroying the receive right does not destroy the port.
 */
typedef struct portcullis_keeper *portcullis_keeper_t;

/*
 * Makes a keeper of a receive right of this task, before the right is sent to the supervised task.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT (no receive right), KERN_RESOURCE_SHORTAGE.
 */
kern_return_t portcullis_keeper_create(mach_port_name_t name, portcullis_keeper_t *keeper);

/*
 * A receive right for the kept port, under a new name (or the name under which this task holds send
 * rights to it). Only to be called when no other task has the receive right any more: two receivers
 * would share one queue. KERN_RIGHT_EXISTS: this task has it. KERN_NO_SPACE, KERN_RESOURCE_SHORTAGE.
 */
kern_return_t portcullis_keeper_reclaim(portcullis_keeper_t keeper, mach_port_name_t *name);

/* Gives the keeper up. If nobody else has the receive right the port dies. NULL is allowed. */
void portcullis_keeper_destroy(portcullis_keeper_t keeper);

/*
 * How many messages of peers were refused at a receive right so far: malformed, sent without a send
 * right, of nobody. KERN_INVALID_NAME, KERN_INVALID_RIGHT.
 */
kern_return_t portcullis_port_dropped(mach_port_name_t name, uint64_t *dropped);

#ifdef __cplusplus
}
#endif

#endif
