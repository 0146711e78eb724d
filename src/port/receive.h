/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking the next message of a port or a set, and waiting for it.
 *
 * How a thread waits depends on where a message can come from:
 *
 *	memory only		on a futex of its own
 *	one descriptor		in recvmsg() itself, without a poll before it: the socket of a port
 *				with nothing else, or the answer that a reply port waits for
 *	several			in epoll_wait() on the port's or set's epoll set
 *
 * The thread in recvmsg() is the one that is blocked outside the lock on a descriptor that might be
 * moved or closed: port->extra->direct counts those, and port_rouse() gets them out.
 */
#pragma once

#include "base/clock.h"
#include "port/message.h"
#include "port/types.h"

typedef struct Received {
	Message *m; /* `local`, or a heap message */
	Port *port; /* one reference: the port that it came to */
	uint32_t seqno;
	Message local; /* may borrow from the thread's pull_buffer() */
} Received;

/* With the lock; drops it while waiting. Returns 0, MACH_RCV_INVALID_NAME, MACH_RCV_TIMED_OUT,
 * MACH_RCV_INTERRUPTED, MACH_RCV_PORT_DIED, or MACH_RCV_HEADER_ERROR | MACH_MSG_VM_KERNEL when there
 * is no memory to receive with (nothing was taken). */
int receive_message(PortName name, Deadline deadline, Received *ret);

/* Puts it back, as the first of its port. */
void receive_put_back(Received *received);

/* Makes sure that the port's epoll set exists: see <portcullis/port.h>. */
int receive_need_epoll(Port *port);

/* The next messages shall say which process sent them beyond doubt: the kernel makes a pidfd for each,
 * which costs, so it is asked to only for ports whose receivers want an audit trailer. */
void receive_want_pidfd(PortName name);
