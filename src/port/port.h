/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port, as this process knows it.
 *
 * LOCAL: the receive right is here (named, in a message of ours, or the library's own).
 * REMOTE: we hold send rights to a port whose receive right is elsewhere.
 * DEAD: the receive right is gone for ever. A port never comes back from DEAD; LOCAL and
 * REMOTE change into each other as the receive right moves.
 *
 * `refs` keeps the object: one for each name, each Right, each send-once right to it that is
 * local, each thread at work on it. `srights` counts send rights in this process: one for
 * the name (whatever its user references), one for each Right in a message. When it falls to
 * zero the port tells whoever cares: a local port by a no-senders notification once no
 * remote right is left either, a remote one by closing its pipe end.
 *
 * What only some ports need lives in two parts made on demand: PortExtra (sets, waiters,
 * requests, answers) and Backing (descriptors; made when a right first leaves or arrives).
 */
#pragma once

#include <pthread.h>

#include "base/hash.h"
#include "base/list.h"
#include "port/kobject.h"
#include "port/right.h"
#include "port/source.h"
#include "port/types.h"

typedef TAILQ_HEAD(MessageQueue, Message) MessageQueue;
typedef TAILQ_HEAD(WaiterList, Waiter) WaiterList;
typedef TAILQ_HEAD(AnswerList, Answer) AnswerList;
typedef TAILQ_HEAD(SendOnceList, SendOnce) SendOnceList;
typedef TAILQ_HEAD(MembershipList, Membership) MembershipList;
typedef TAILQ_HEAD(LeaseClientList, LeaseClient) LeaseClientList;

typedef enum PortState {
	PORT_LOCAL,
	PORT_REMOTE,
	PORT_DEAD,
} PortState;

enum {
	PORT_F_GUARDED = 1 << 0,
	PORT_F_STRICT = 1 << 1,
	PORT_F_IMMOVABLE = 1 << 2,
	PORT_F_REPLY = 1 << 3, /* MPO_REPLY_PORT: one send-once right at a time, nothing else */
	PORT_F_TEMPOWNER = 1 << 4,
	PORT_F_TRANSIT = 1 << 5, /* the receive right is in a message of this process */
	PORT_F_SUPERVISED = 1 << 6, /* somebody keeps a duplicate of the receive right */
	PORT_F_CONTEXT_SET = 1 << 7,
	PORT_F_PD_DONE = 1 << 8, /* port-destroyed was registered once; never again */
	PORT_F_IMPORTANCE = 1 << 9,
	PORT_F_BY_REPLY = 1 << 10, /* the reply right says who sent a request: see serve.h */
};

struct Port {
	uint32_t refs;
	PortName name;
	uint32_t srights;
	uint32_t mscount;
	uint32_t seqno;
	uint32_t sorights; /* send-once rights made here and still outstanding, local or not */
	uint16_t qlimit;
	uint16_t msgcount;
	uint8_t state; /* PortState */
	uint8_t kobject_type;
	uint16_t flags;
	union {
		uint64_t context;
		Port *doomed; /* DEAD: the next one in the list of ports being destroyed */
	};
	union {
		MessageQueue queue; /* LOCAL */
		Kobject *kobject; /* kobject_type != 0 */
	};
	PortExtra *extra;
	Backing *backing;
};

struct PortExtra {
	WaiterList receivers; /* threads that wait for a message, without a descriptor */
	WaiterList senders; /* threads that wait for room */
	MessageQueue late; /* sent here while a thread was blocked in recvmsg: see queue.c */
	MembershipList sets;
	int *carriers; /* what was in the last owner's memory: read before the socket */
	uint32_t n_carriers;
	AnswerList answers; /* ends on which send-once rights held elsewhere will be used */
	SendOnceList onces; /* send-once rights to this port that are in this process */
	LeaseClientList leases; /* reply ports: our leases at other ports */
	LeaseServer *lease_table; /* uthash: leases that clients hold at this port */
	uint32_t n_leases;
	uint32_t once_due; /* send-once notifications that there was no memory for: see queue.h */
	uint32_t direct; /* threads blocked in the kernel on a descriptor of this port */
	uint32_t n_answers;
	int event_fd; /* readable while the local queue is not empty; -EBADF until needed */
	int epoll_fd; /* all sources of this port; -EBADF until needed */
	Source event;
	Right nsrequest; /* send-once right */
	Right pdrequest;
	uint64_t dropped; /* messages from peers that were refused */
	pthread_cond_t quiet; /* direct fell to zero */
	bool quiet_valid;
	bool event_set;
	bool carrier_open; /* the first one is being read: it is our end of its connection */
	bool no_senders_due; /* as soon as the queue is empty */
	uint32_t no_senders_settling; /* threads that ask for it: see request_no_senders() */
	Port *transit_to; /* queued inside a message on that port (borrowed), for cycles */
};

/* A fresh local port with one reference (the caller's), no name, no rights. NULL: no memory. */
Port *port_new_local(void);
Port *port_new_remote(Backing *backing_take);
Port *port_new_kobject_take(Kobject *object);

static inline Port *port_ref(Port *port)
{
	port->refs++;
	return port;
}

/* The last reference went. */
Port *port_free(Port *port);

static inline Port *port_unref(Port *port)
{
	if (!port || --port->refs > 0)
		return NULL;
	return port_free(port);
}

/* Makes port->extra if it is not there. Returns 0 or KERN_RESOURCE_SHORTAGE. */
int port_need_extra(Port *port);

static inline bool port_is_local(const Port *port)
{
	return port->state == PORT_LOCAL;
}

/* Local, an ordinary port (no kobject), and the receive right is under a name here. */
bool port_is_receivable(const Port *port);

/* srights. _add does not touch mscount: port_make_send() is the one that does. Dropping the
 * last one releases what stood for it (and may fire no-senders). */
void port_srights_add(Port *port, uint32_t n);
void port_srights_drop(Port *port, uint32_t n);
void port_make_send(Port *port);

/* The receive right is destroyed: the queue with all its rights, the descriptors, waiters
 * (they get MACH_RCV_PORT_DIED), memberships, requests. Honours a port-destroyed request.
 * May drop the lock while it waits for threads that block in the kernel on the port; the
 * caller must hold a reference. */
void port_destroy_receive(Port *port);

/* Whether anything waits at a local port, in memory, in a backlog or in the kernel. */
bool port_has_queued(const Port *port);

/* A remote port is found to be dead: names turn into dead names, requests fire. */
void port_mark_dead(Port *port);

/* Wakes every thread that waits on the port, whatever for, so that it looks again; with
 * `drain`, waits (dropping the lock) until none is blocked in the kernel on it. */
void port_rouse(Port *port, bool drain);

/* Ends one blocking read of a thread on a descriptor of the port. */
void port_poke(Port *port);

/* The receive right is leaving its name here: threads that wait on it are sent away (the lock may
 * be dropped meanwhile), memberships end, what does not travel is reset. */
void port_leave_name(Port *port);

/* The descriptors of the local queue's source and of the port's epoll set. */
void port_close_descriptors(Port *port);

/* In a fork child: the threads that waited are not here. */
void port_forget_threads(Port *port);

/* Reset what does not travel with a receive right: context, guard, seqno, mscount. */
void port_clear_receiver(Port *port);
