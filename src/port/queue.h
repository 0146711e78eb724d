/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a port's queue that is in this process's memory.
 *
 * A port whose rights never left the process has no other. Once its socket exists, messages
 * from other processes wait in the kernel, and a message that is sent from here must come
 * behind those: so before it is appended, the kernel's queue is pulled over. That keeps one
 * FIFO over all senders, and keeps qlimit exact for senders in this process.
 *
 * A thread that is blocked in recvmsg() may hold a message that nobody else has seen yet.
 * While there is one, local messages go to a side queue (`late`) and the thread is woken: on
 * its return it pulls what the kernel has, then appends `late`.
 */
#pragma once

#include <stdatomic.h>

#include "base/clock.h"
#include "base/list.h"
#include "port/port.h"
#include "port/types.h"

/* Waiter: a thread that waits without a descriptor, for a message or for room. */
struct Waiter {
	TAILQ_ENTRY(Waiter) link;
	_Atomic uint32_t woken; /* a futex */
	bool linked;
};

/* Appends without looking at the limit. Owns the message from here on. */
void queue_append_take(Port *port, Message *message);

/* Puts a message back that a receiver could not take (MACH_RCV_LARGE). */
void queue_prepend_take(Port *port, Message *message);

/* A send-once notification comes even if there is no memory for the message: it is counted as one in
 * the queue, behind all others, and made in the place where its receiver wants it. */
void queue_owe_send_once(Port *port);

/* Makes messages of all that are owed, for a port that is about to move. 0 or -ENOMEM. */
int queue_settle_owed(Port *port);

/* The oldest message in memory or in a backlog, without looking at the kernel's queue.
 * NULL: none. */
Message *queue_pop(Port *port);

/* The same; one that is owed is made in *local. */
Message *queue_pop_into(Port *port, Message *local);

/* Pulls what the kernel holds, up to `max` messages, into memory. */
void queue_pull(Port *port, unsigned max);

/* The same with the backlog alone. */
void queue_pull_backlog(Port *port);

/* Is there room for a local sender that would not have to wait behind another? */
bool queue_has_room(Port *port);

/* Waits until there is room or the deadline passes. Drops and retakes the lock; the caller
 * holds a reference. 0, MACH_SEND_TIMED_OUT, MACH_SEND_INTERRUPTED, MACH_SEND_NO_BUFFER;
 * MACH_SEND_INVALID_DEST when the port is gone or was moved meanwhile. */
int queue_wait_room(Port *port, Deadline deadline);

/* After the limit was raised, or a message was taken. */
void queue_room_made(Port *port);

/* Sets or clears the descriptor that stands for the local queue, where there is one. */
void queue_event(Port *port, bool on);

/* Tells whoever waits that the port has a message. */
void queue_announce(Port *port);

/* Moves `late` behind what the kernel holds: see above. */
void queue_settle_late(Port *port);

/* The message leaves the queue: the right it was sent with is consumed. */
void queue_release_dest(Port *port, Message *m);

/* Destroys all messages in memory. */
void queue_clear(Port *port);

/* Sleeps on a waiter list (a port's receivers, or a set's). 0 when woken, otherwise
 * ETIMEDOUT or EINTR. Drops and retakes the lock. */
int waiter_sleep(WaiterList *list, Deadline deadline);
void waiter_wake_first(WaiterList *list);
void waiter_wake_all(WaiterList *list);
