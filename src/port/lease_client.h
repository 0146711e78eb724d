/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases, the client's side: exact send-once rights without a descriptor in each request.
 *
 * The first request from a reply port to a destination is in the general form, and offers the
 * pair for further use; the answer says whether the server keeps its end. From then on a request
 * carries (lease id, number) only, and the answer comes on the same pair. One request at a time:
 * a reply port has one send-once right.
 *
 * When the pair ends before the answer, either the server died with the request (then this is
 * the send-once notification), or the request is still in the queue that a supervisor holds for
 * the server's next run. The kernel knows: requests go through a socket of the lease's own, and
 * SIOCOUTQ says whether anything sent through it is unread. In the second case a TAKEOVER with
 * a fresh pair is sent behind the request. The same happens when the server evicts the lease
 * (its receive right moves) before it took the request.
 */
#pragma once

#include "base/list.h"
#include "base/sockmsg.h"
#include "port/answer.h"
#include "port/pull.h"
#include "port/types.h"
#include "port/wire.h"

#define LEASE_CLIENT_MAX 8 /* for each reply port; the one used longest ago goes first */

struct LeaseClient {
	TAILQ_ENTRY(LeaseClient) link; /* port->extra->leases, last used first */
	Answer answer; /* answer.fd: the near end */
	Port *reply; /* borrowed: it owns its leases */
	Port *dest; /* one reference */
	Sender *sender; /* NULL before the second request */
	uint64_t id;
	uint64_t seq;
	uint64_t used_ns;
	int far; /* fresh, or a takeover that is not out yet; else -EBADF */
	uint64_t old_id; /* of the takeover */
	bool fresh; /* offered, not yet answered */
	bool pending; /* a request is out */
	bool takeover_due;
	bool taken_over; /* at least once */
	bool evicted; /* the server takes no more requests on it */
};

/* The lease for a request from `reply` to `dest`, NULL where there can be none. If lease->fresh the
 * request is to carry lease->far as its reply right. */
LeaseClient *lease_client_for(Port *reply, Port *dest);

/* Fills what the request says of its reply right. */
void lease_client_fill(LeaseClient *lease, WireHeader *header);

/* The request is out: the send-once right is the lease's from now on. */
void lease_client_sent(LeaseClient *lease);

/* It was not sent. */
void lease_client_abort(LeaseClient *lease);

/* A datagram, or the end, on the near end of a lease. PULL_MESSAGE with a header of type MESSAGE:
 * it is the awaited answer, which the caller decodes; otherwise *m is the notification. */
PullResult lease_client_datagram(
	LeaseClient *lease, const WireHeader *header, bool end, SockMsg *sm, Message *m);

/* The watcher found room for a takeover. */
void lease_client_retry(LeaseClient *lease);

void lease_client_forget_all(Port *reply);
