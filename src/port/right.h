/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Right: one right as a value, outside the name table: in a message, in a request slot, in
 * a thread's hands. It owns what it stands for, and right_drop() is how it dies: dropping a
 * send-once right makes the send-once notification, dropping a receive right destroys the
 * port, dropping a send right may make no-senders.
 */
#pragma once

#include "port/types.h"

typedef enum RightKind {
	RIGHT_NONE, /* MACH_PORT_NULL */
	RIGHT_DEAD, /* MACH_PORT_DEAD */
	RIGHT_SEND,
	RIGHT_SEND_ONCE,
	RIGHT_RECEIVE,
} RightKind;

struct Right {
	RightKind kind;
	union {
		Port *port; /* SEND, RECEIVE: one reference */
		SendOnce *once; /* SEND_ONCE: owned */
	};
};

#define RIGHT_NULL ((Right){.kind = RIGHT_NONE})

/* A send right that came as its two descriptors, whose kinds were looked at, with the identity that
 * they have (the secret included), from a user. A port of our own whose secret was given up since:
 * RIGHT_DEAD. Closes both when it fails, as descriptors of peers are closed. KERN_RESOURCE_SHORTAGE. */
int right_adopt_send_consume(int addr, const Ident *ident, int pipe_w, uid_t uid, Right *ret);

/* Another send right to the same port; RIGHT_NULL of anything but a send right. */
Right right_copy_send(const Right *right);

/* Exchanges two arrays of rights. */
void right_swap(Right *a, Right *b, unsigned n);

/* Takes the right's value out and leaves RIGHT_NULL. */
Right right_take(Right *right);

/* See above; leaves RIGHT_NULL. May drop and retake the lock when it destroys a port. */
void right_drop_real(Right *right);

static inline void right_drop(Right *right)
{
	if (right->kind != RIGHT_NONE)
		right_drop_real(right);
}

/* Frees the value of a right that has left through its descriptors, or was used: no notification
 * is made, but a send right stops counting. Leaves RIGHT_NULL. */
void right_forget(Right *right);

/* Whether the right's port is known to be dead (a send right to it is then a dead name). */
bool right_is_dead(const Right *right);

/* What a name yields for a disposition (MACH_MSG_TYPE_*): consumes a user reference, the
 * right itself, or nothing. The error codes are those of mach_port_extract_right; NULL and
 * DEAD names are the caller's business.
 * KERN_INVALID_NAME, KERN_INVALID_RIGHT, KERN_INVALID_CAPABILITY (immovable, reply port),
 * KERN_INVALID_VALUE (not a disposition), KERN_RESOURCE_SHORTAGE. */
int right_copyin(PortName name, unsigned disposition, Right *ret);

/* Takes back what right_copyin() did, as if it had not been called (a moved receive right has left its
 * sets and lost its context). */
void right_undo_copyin(PortName name, unsigned disposition, Right *right);

/* Whether the right of a reply port is used elsewhere than as the reply right of a message. */
bool right_is_reply_only(PortName name, unsigned disposition);

/* Whether right_copyin() would succeed; changes nothing. */
int right_check_copyin(PortName name, unsigned disposition);

/* Gives a right a name here, coalescing; consumes it in success. On failure the right is
 * left in place. KERN_NO_SPACE, KERN_RESOURCE_SHORTAGE. RIGHT_NONE and RIGHT_DEAD yield
 * MACH_PORT_NULL and MACH_PORT_DEAD. */
int right_copyout(Right *right, PortName *ret_name);

/* MACH_MSG_TYPE_MOVE_* of a right's kind; for NONE and DEAD, `fallback`. */
unsigned right_disposition(const Right *right, unsigned fallback);
