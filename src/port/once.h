/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A send-once right. Each one brings forth exactly one message: the one that is sent with
 * it, or a send-once notification when it dies unused.
 *
 * LOCAL: to a port of this process. PAIR: the general form between processes, one end of a
 * SOCK_SEQPACKET pair of which the receiver keeps the other: it reads the answer or, by the
 * kernel's own word, EOF. LEASE: a number on a pair that is used again and again (see
 * lease_server.h). DEAD: its port is gone.
 */
#pragma once

#include "base/list.h"
#include "port/types.h"

typedef enum OnceKind {
	ONCE_LOCAL,
	ONCE_PAIR,
	ONCE_LEASE,
	ONCE_DEAD,
} OnceKind;

struct SendOnce {
	OnceKind kind;
	PortName name; /* 0 while in a message */
	uid_t uid; /* whose it is, PAIR and LEASE: who is charged for unread answers */
	pid_t pid;
	TAILQ_ENTRY(SendOnce) link; /* LOCAL: in port->extra->onces */
	union {
		Port *port; /* LOCAL: one reference */
		int fd; /* PAIR: owned */
		struct {
			LeaseServer *lease; /* LEASE: one reference */
			uint64_t seq;
		};
	};
};

/* A send-once right made from a local receive right. NULL: no memory. */
SendOnce *once_new_local(Port *port);
SendOnce *once_new_pair_take(int fd, const Creds *creds);
SendOnce *once_new_lease(LeaseServer *lease, uint64_t seq, const Creds *creds);

/* Frees without a notification: the right has been used or has left this process (a PAIR's
 * descriptor is closed). */
SendOnce *once_free(SendOnce *once);

/* The right dies unused: makes the notification, then frees. */
SendOnce *once_die(SendOnce *once);

/* Whether the kernel or the port says that nobody will read an answer any more. */
bool once_is_dead(SendOnce *once);

/* The pidversion of whoever made the pair that the right stands on, if it is this process; else 0. */
uint32_t once_maker_version(const SendOnce *once, pid_t pid);

/* Turns a LOCAL or LEASE right into a PAIR, so that it can leave this process. A LOCAL one
 * leaves an Answer at its port. Returns 0 or -errno (then it is as it was). */
int once_make_pair(SendOnce *once);

/* Seen dead from the watcher: its name becomes a dead name. */
void once_mark_dead(SendOnce *once);

/* The local port was destroyed or moved: called for each right in its list. */
void once_orphan(SendOnce *once);
