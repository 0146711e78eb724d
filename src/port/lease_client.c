/* SPDX-License-Identifier: Apache-2.0 */
#include "port/lease_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/random.h"
#include "port/backing.h"
#include "port/carrier.h"
#include "port/message.h"
#include "port/move.h"
#include "port/notify.h"
#include "port/port.h"
#include "port/pairclose.h"
#include "port/probe.h"
#include "port/sender.h"
#include "port/task.h"
#include "port/watch.h"

/* A lease that was used so recently is taken to be alive without asking the kernel. */
#define LEASE_TRUST_NS 1000000u

static LeaseClient *lease_free(LeaseClient *lease)
{
	Port *dest = lease->dest;

	watch_forget_lease(lease);
	answer_unlink(&lease->answer);
	if (lease->pending)
		lease->reply->sorights--;
	TAILQ_REMOVE(&lease->reply->extra->leases, lease, link);
	pair_close_consume(lease->answer.fd);
	probe_close_lazily_consume(lease->far);
	sender_unref(lease->sender);
	free(lease);
	port_unref(dest);
	return NULL;
}

static LeaseClient *lease_new(Port *reply, Port *dest)
{
	LeaseClient *lease = calloc(1, sizeof(*lease));

	if (!lease)
		return NULL;
	if (answer_pair(&lease->answer.fd, &lease->far)) {
		free(lease);
		return NULL;
	}
	lease->answer.lease = lease;
	lease->reply = reply;
	lease->dest = port_ref(dest);
	lease->id = random_u64();
	lease->fresh = true;
	TAILQ_INSERT_HEAD(&reply->extra->leases, lease, link);
	return lease;
}

/*
 * Nothing must be on the near end of an idle lease: no end, no eviction. One that was taken over has served:
 * its TAKEOVER may still lie in the queue, whose end would keep us from seeing that of the server.
 */
static bool lease_is_sound(const LeaseClient *lease)
{
	char byte;

	if (lease->evicted || lease->taken_over)
		return false;
	if (clock_now_ns() - lease->used_ns < LEASE_TRUST_NS)
		return true;
	return recv(lease->answer.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static LeaseClient *lease_find(Port *reply, Port *dest, unsigned *ret_n)
{
	LeaseClient *lease;

	*ret_n = 0;
	TAILQ_FOREACH (lease, &reply->extra->leases, link) {
		if (lease->dest == dest)
			return lease;
		++*ret_n;
	}
	return NULL;
}

LeaseClient *lease_client_for(Port *reply, Port *dest)
{
	LeaseClient *lease;
	unsigned n;

	if (!task.leases || !(reply->flags & PORT_F_REPLY) || !dest->backing->known_device ||
		port_need_extra(reply))
		return NULL;
	lease = lease_find(reply, dest, &n);
	if (lease && (lease->pending || lease->fresh))
		return NULL;
	if (lease && (!lease_is_sound(lease) ||
			     (!lease->sender && sender_connect(dest, &lease->sender))))
		lease = lease_free(lease);
	if (lease) {
		if (n > 0) {
			TAILQ_REMOVE(&reply->extra->leases, lease, link);
			TAILQ_INSERT_HEAD(&reply->extra->leases, lease, link);
		}
		return lease;
	}
	if (n >= LEASE_CLIENT_MAX) {
		LeaseClient *last = TAILQ_LAST(&reply->extra->leases, LeaseClientList);

		if (last->pending || last->fresh)
			return NULL;
		lease_free(last);
	}
	return lease_new(reply, dest);
}

void lease_client_fill(LeaseClient *lease, WireHeader *header)
{
	header->lease_id = lease->id;
	header->lease_seq = ++lease->seq;
	header->flags |= lease->fresh ? WIRE_F_OFFER : WIRE_F_LEASE;
}

void lease_client_sent(LeaseClient *lease)
{
	lease->far = probe_close_lazily_consume(lease->far);
	lease->pending = true;
	lease->reply->sorights++;
	/* Without memory for the link the answer is found when the port is next looked at. */
	(void)answer_link(&lease->answer, lease->reply);
}

void lease_client_abort(LeaseClient *lease)
{
	if (lease->fresh)
		lease_free(lease);
}

/* The request has its outcome. */
static void lease_settled(LeaseClient *lease)
{
	answer_unlink(&lease->answer);
	lease->pending = false;
	lease->reply->sorights--;
	lease->used_ns = clock_now_ns();
	if (lease->takeover_due) {
		watch_forget_lease(lease);
		lease->far = probe_close_lazily_consume(lease->far);
		lease->takeover_due = false;
	}
}

static PullResult lease_died(LeaseClient *lease, Message *m)
{
	lease_settled(lease);
	lease_free(lease);
	notify_fill_send_once(m);
	return PULL_MESSAGE;
}

/* 0: it is out; -EAGAIN: the queue is full; else nobody will ever read it. */
static int takeover_send(LeaseClient *lease)
{
	WireHeader h = {
		.magic = WIRE_MAGIC,
		.version = WIRE_VERSION,
		.type = WIRE_TAKEOVER,
		.lease_id = lease->id,
		.lease_seq = lease->seq,
		.tail_size = sizeof(lease->old_id),
	};
	struct iovec iov[2] = {{&h, sizeof(h)}, {&lease->old_id, sizeof(lease->old_id)}};
	int r;

	memcpy(h.secret, lease->dest->backing->ident.secret, sizeof(h.secret));
	r = carrier_write(lease->sender->fd, iov, 2, &lease->far, 1);
	if (!r) {
		lease->far = probe_close_lazily_consume(lease->far);
		lease->takeover_due = false;
	}
	return r;
}

static PullResult lease_take_over(LeaseClient *lease, Message *m)
{
	int near, far, r;

	if (answer_pair(&near, &far))
		return lease_died(lease, m);
	answer_unlink(&lease->answer);
	pair_close_consume(lease->answer.fd);
	lease->answer.fd = near;
	lease->far = far;
	lease->old_id = lease->id;
	lease->id = random_u64();
	lease->takeover_due = lease->taken_over = true;
	(void)answer_link(&lease->answer, lease->reply);
	r = takeover_send(lease);
	if (r == -EAGAIN)
		r = watch_lease(lease);
	return r ? lease_died(lease, m) : PULL_NOTHING;
}

void lease_client_retry(LeaseClient *lease)
{
	int r = lease->takeover_due ? takeover_send(lease) : 0;

	if (r == -EAGAIN && watch_lease(lease) == 0)
		return;
	/* Nobody holds the far end any more: the near end says so to whoever waits. */
	if (r)
		lease->far = probe_close_lazily_consume(lease->far);
}

/*
 * The right was passed on to a third process; its answer comes by a carrier.
 *
 * Not by a pair's end, which the server has had in its hands. A hostile one keeps a duplicate of it,
 * with a thread in recvmsg() that never comes back because its buffer is a page of a FUSE file. The
 * next recvmsg() on that socket, ours, would wait for that thread in the kernel, whatever its flags,
 * and with the task's lock held: one answer to one request, and a client hangs for ever.
 */
static PullResult lease_moved(LeaseClient *lease, SockMsg *sm, Message *m)
{
	int fd = fdlist_steal(&sm->fds, 0);
	Port *reply = lease->reply;
	Answer *answer;

	if (fd < 0 || probe_kind(fd) != PROBE_LISTENER) {
		probe_close_consume(fd);
		return lease_died(lease, m);
	}
	fd = carrier_accept_consume(fd);
	if (fd < 0)
		return lease_died(lease, m);
	lease_settled(lease);
	lease->fresh = false;
	reply->sorights++;
	if (answer_adopt_take(reply, fd, &answer)) {
		probe_close_lazily_consume(fd);
		reply->sorights--;
		notify_fill_send_once(m);
		return PULL_MESSAGE;
	}
	return PULL_NOTHING;
}

static PullResult lease_ended(LeaseClient *lease, Message *m)
{
	if (!lease->fresh && lease->sender && sender_has_unread(lease->sender))
		return lease_take_over(lease, m);
	return lease_died(lease, m);
}

PullResult lease_client_datagram(
	LeaseClient *lease, const WireHeader *h, bool end, SockMsg *sm, Message *m)
{
	if (end)
		return lease_ended(lease, m);
	if (!h)
		return lease_died(lease, m);
	if (h->type == WIRE_EVICT) {
		lease->evicted = true;
		if (lease->seq <= h->lease_seq)
			return PULL_NOTHING;
		/* The first request went through no socket of the lease's own: whoever says that
		 * it was not taken has nothing to take over, and lies. */
		return lease->sender ? lease_take_over(lease, m) : lease_died(lease, m);
	}
	/* A server that keeps no lease answers in the general form, which has no number. */
	if (h->lease_seq != lease->seq && !(lease->fresh && h->type == WIRE_MESSAGE))
		return PULL_NOTHING;
	switch (h->type) {
	case WIRE_MESSAGE:
		lease_settled(lease);
		if (lease->fresh && !(h->flags & WIRE_F_OFFER))
			lease_free(lease);
		else
			lease->fresh = false;
		return PULL_MESSAGE;
	case WIRE_MOVED:
		return lease_moved(lease, sm, m);
	case WIRE_DIED:
		lease_settled(lease);
		lease->fresh = false;
		notify_fill_send_once(m);
		return PULL_MESSAGE;
	default:
		return lease_died(lease, m);
	}
}

void lease_client_forget_all(Port *reply)
{
	LeaseClient *lease;

	while ((lease = TAILQ_FIRST(&reply->extra->leases)) != NULL)
		lease_free(lease);
}
