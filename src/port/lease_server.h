/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases, the server's side: see lease_client.h. A lease is known by a random number that its
 * client chose; whoever knows it may use it. A request with a number that is not known was sent
 * to a former run of the service: its lease is `unbound` until the client's TAKEOVER arrives, and
 * an answer that is ready before is parked, unless the TAKEOVER is in the queue (takeover.h).
 *
 * What a client can make us hold is charged to its uid: leases beyond the quota are not kept, and
 * the general form serves.
 */
#pragma once

#include "base/hash.h"
#include "base/sockmsg.h"
#include "port/budget.h"
#include "port/message.h"
#include "port/types.h"
#include "port/wire.h"

struct LeaseServer {
	uint64_t id;
	Port *port; /* borrowed; NULL once it is out of the port's table */
	uint32_t refs; /* the table, and each send-once right on it */
	int fd; /* the far end; -EBADF: unbound, or given up */
	uint64_t last_taken;
	bool bound;
	bool parked_died;
	bool foreseen; /* bound by a TAKEOVER that is in the queue still */
	uid_t uid;
	pid_t pid;
	uint32_t version; /* its pidversion, once somebody asked: see serve.h */
	Message *parked; /* the answer to last_taken */
	int parked_fd; /* or where the right that moved on is answered */
	QuotaCharge charge; /* for the lease */
	BudgetCharge unread; /* for descriptors in answers that were not read yet */
	UT_hash_handle hh;
};

LeaseServer *lease_server_unref(LeaseServer *lease);
static inline LeaseServer *lease_server_ref(LeaseServer *lease)
{
	lease->refs++;
	return lease;
}

/* The pair that came with a request may be kept. On success *reply is a right on the lease. */
void lease_server_offer(Port *port, const WireHeader *h, const Creds *creds, Right *reply);

/* A request on a lease: makes its reply right. 0, KERN_INVALID_ARGUMENT, KERN_RESOURCE_SHORTAGE. */
int lease_server_request(Port *port, const WireHeader *h, const Creds *creds, Right *reply);

/* A request on a lease could not be read, for want of memory: the client is told that its right died,
 * which nothing else would tell it. */
void lease_server_refuse(Port *port, const WireHeader *h);

/* False: it is malformed. */
bool lease_server_takeover(Port *port, const WireHeader *h, const uint8_t *bytes, SockMsg *sm);

/* Sends the answer; consumes the contents of the message, whatever becomes of it.
 * 0, or MACH_SEND_NO_BUFFER with everything left as it was. */
int lease_server_answer(LeaseServer *lease, uint64_t seq, Message *m);

/* The right died unused. */
void lease_server_died(LeaseServer *lease, uint64_t seq);

/* The right leaves this process: *ret_far is a pair's end that stands for it. 0 or -errno. */
int lease_server_move(LeaseServer *lease, uint64_t seq, int *ret_far);

int lease_server_fd(const LeaseServer *lease);

/* The pidversion of whoever made the lease, if it is this process; else 0. */
uint32_t lease_server_version(LeaseServer *lease, pid_t pid);

/* The receive right moves away, or dies. */
void lease_server_evict_all(Port *port);
void lease_server_forget_all(Port *port);
