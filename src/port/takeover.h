/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request of a former run's lease is answered by a server that has no way to its client, until the
 * client's TAKEOVER brings one (lease_server.h). A client that waits sends it as soon as the former run
 * has ended, so that it lies in the queue, somewhere behind the request, before the next run begins. A
 * run that answers and ends at once would never come to it, and the answer would end with the run.
 *
 * So whoever has an answer and no way to its client looks ahead. Nothing is taken out of the queue: what
 * is in there is safe from the end of this process, and in this process it would not be. SO_PEEK_OFF
 * goes from one datagram to the next; other threads may receive from the socket meanwhile, and then,
 * at worst, nothing is found.
 */
#pragma once

#include "port/types.h"
#include "port/wire.h"

/* The TAKEOVER of request `seq` on lease `old_id`, if it is in the port's queue: its new id, and the end
 * that it brings, which is the caller's. It stays there, and is to be ignored when it is received. */
bool takeover_find(Port *port, uint64_t old_id, uint64_t seq, uint64_t *ret_id, int *ret_fd);

/*
 * Whether a request is in the queue whose lease ended with a former run, and whose client has not come with
 * a TAKEOVER. It had better find the request unread: what was read, the kernel tells it, may have died
 * with the former run. So the next one waits for such clients, for a moment, before it receives anything.
 */
bool takeover_is_due(Port *port);

/* The id of the lease that this TAKEOVER is for. False: it has not the form of one. */
bool takeover_decode(
	const WireHeader *header, const uint8_t *bytes, size_t n, uint64_t *ret_old_id);
