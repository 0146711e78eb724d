/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sender: a datagram socket of our own, connected to somebody's port. Each holder has its own,
 * so that none can shut another's. Threads that block in sendmsg hold a reference; the
 * descriptor is closed with the last one.
 */
#pragma once

#include <stdatomic.h>

#include "base/quota.h"
#include "port/types.h"

struct Sender {
	_Atomic uint32_t refs;
	int fd;
	uid_t uid; /* charged for descriptors that its port does not take out */
	/* Descriptors in the last messages that had any: those sent since `n_window` was zero, and
	 * those of the window before. What is older cannot be in the queue any more. */
	QuotaCharge unread[2];
	uint32_t n_window;
	bool dead; /* refused once: ENOTCONN means dead from then on */
	uint8_t n_patient; /* so many of the next sends expect a full queue: see deliver.c */
};

Sender *sender_new_take(int fd, uid_t uid);
static inline Sender *sender_ref(Sender *sender)
{
	atomic_fetch_add_explicit(&sender->refs, 1, memory_order_relaxed);
	return sender;
}
Sender *sender_unref(Sender *sender);

/* sender_unref() for those who do not hold the lock. */
void sender_put(Sender *sender);

/* The sender of a remote port, made if need be; referenced for the caller. May drop the lock
 * (the caller holds a reference on the port). 0, KERN_INVALID_CAPABILITY (dead),
 * MACH_SEND_TIMED_OUT, -errno. */
int sender_get(Port *port, Sender **ret);

/* A sender of its own for whoever must know what is queued of its own doing (leases). As
 * sender_get(), but not kept at the port. */
int sender_connect(Port *port, Sender **ret);

/* Charges descriptors that are about to be sent: see budget.h. False: the peer's uid has too many
 * unread. */
bool sender_may_send(Sender *sender, unsigned n_fds);

/* Is anything that was sent through it still in the receiver's queue? */
bool sender_has_unread(const Sender *sender);
