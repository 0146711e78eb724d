/* SPDX-License-Identifier: Apache-2.0 */
#include "port/lease_server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "port/carrier.h"
#include "port/deliver.h"
#include "port/encode.h"
#include "port/move.h"
#include "port/once.h"
#include "port/pidversion.h"
#include "port/port.h"
#include "port/probe.h"
#include "port/reaper.h"
#include "port/takeover.h"
#include "port/task.h"

#define SWEEP_MIN 64u

static Quota leases;
static bool leases_ready;
static uint32_t n_leases;
static uint32_t sweep_at = SWEEP_MIN;

static int lease_charge(uid_t uid, QuotaCharge *ret)
{
	if (!leases_ready) {
		uint64_t maximum = (uint64_t)fd_limit() / 8;

		quota_init(&leases, &maximum, 1);
		leases_ready = true;
	}
	return quota_charge(&leases, uid, 0, 1, ret);
}

static void lease_close(LeaseServer *lease)
{
	if (lease->fd >= 0)
		lease->fd = probe_close_blaming_consume(lease->fd, lease->uid, REAPER_NO_KIN);
}

LeaseServer *lease_server_unref(LeaseServer *lease)
{
	if (!lease || --lease->refs > 0)
		return NULL;
	lease_close(lease);
	lease->parked_fd = probe_close_lazily_consume(lease->parked_fd);
	message_free(lease->parked);
	budget_uncharge(&lease->unread);
	quota_uncharge(&lease->charge);
	n_leases--;
	free(lease);
	return NULL;
}

/* It is in no table any more, and nobody can ask for what is parked. */
static void lease_forget(LeaseServer *lease)
{
	Message *m = TAKE_PTR(lease->parked);

	lease->port->extra->n_leases--;
	lease->port = NULL;
	lease_server_unref(lease);
	message_free(m);
}

/* Out of its port's table; lives on while send-once rights refer to it. */
static void lease_remove(LeaseServer *lease)
{
	HASH_DEL(lease->port->extra->lease_table, lease);
	lease_forget(lease);
}

/* Clients that have gone leave their ends behind; they are looked for each time the number has
 * doubled. */
static void lease_sweep(Port *port)
{
	LeaseServer *lease, *next;

	HASH_ITER (hh, port->extra->lease_table, lease, next) {
		struct pollfd p = {.fd = lease->fd};

		if (lease->refs == 1 && lease->bound &&
			(p.fd < 0 || (poll(&p, 1, 0) == 1 &&
					     p.revents & (POLLHUP | POLLERR | POLLNVAL))))
			lease_remove(lease);
	}
	sweep_at = MAX(2 * n_leases, SWEEP_MIN);
}

static LeaseServer *lease_find(Port *port, uint64_t id)
{
	LeaseServer *lease = NULL;

	if (port->extra)
		HASH_FIND(hh, port->extra->lease_table, &id, sizeof(id), lease);
	return lease;
}

static LeaseServer *lease_new(Port *port, uint64_t id, const Creds *creds)
{
	LeaseServer *lease;

	if (port_need_extra(port))
		return NULL;
	if (n_leases >= sweep_at)
		lease_sweep(port);
	lease = calloc(1, sizeof(*lease));
	if (!lease)
		return NULL;
	if (lease_charge(creds->uid, &lease->charge)) {
		free(lease);
		return NULL;
	}
	lease->id = id;
	lease->uid = creds->uid;
	lease->pid = creds->pid;
	lease->fd = lease->parked_fd = -EBADF;
	lease->refs = 1;
	HASH_ADD(hh, port->extra->lease_table, id, sizeof(lease->id), lease);
	if (!lease->hh.tbl) {
		quota_uncharge(&lease->charge);
		free(lease);
		return NULL;
	}
	lease->port = port;
	port->extra->n_leases++;
	n_leases++;
	return lease;
}

int lease_server_fd(const LeaseServer *lease)
{
	return lease->fd;
}

uint32_t lease_server_version(LeaseServer *lease, pid_t pid)
{
	if (lease->fd < 0 || lease->pid != pid)
		return 0;
	if (!lease->version)
		lease->version = pidversion_of_maker(lease->fd, pid);
	return lease->version;
}

void lease_server_offer(Port *port, const WireHeader *h, const Creds *creds, Right *reply)
{
	SendOnce *once = reply->once;
	LeaseServer *lease;

	/* What a lease sends of its own accord is not only answers, which make sure for themselves. */
	if (once->kind != ONCE_PAIR || lease_find(port, h->lease_id) ||
		probe_kind(once->fd) != PROBE_SEQPACKET)
		return;
	lease = lease_new(port, h->lease_id, creds);
	if (!lease)
		return;
	lease->fd = once->fd;
	lease->bound = true;
	lease->last_taken = h->lease_seq;
	once->kind = ONCE_LEASE;
	once->lease = lease_server_ref(lease);
	once->seq = h->lease_seq;
}

int lease_server_request(Port *port, const WireHeader *h, const Creds *creds, Right *reply)
{
	LeaseServer *lease = lease_find(port, h->lease_id);
	SendOnce *once;

	if (lease && h->lease_seq <= lease->last_taken)
		return KERN_INVALID_ARGUMENT;
	if (!lease) {
		lease = lease_new(port, h->lease_id, creds);
		if (!lease)
			return KERN_RESOURCE_SHORTAGE;
	}
	once = once_new_lease(lease, h->lease_seq, creds);
	if (!once)
		return KERN_RESOURCE_SHORTAGE;
	lease->last_taken = h->lease_seq;
	*reply = (Right){.kind = RIGHT_SEND_ONCE, .once = once};
	return 0;
}

/* A message of the lease's own. */
static int lease_signal(LeaseServer *lease, WireType type, uint64_t seq, const int *fd)
{
	WireHeader h = {
		.magic = WIRE_MAGIC,
		.version = WIRE_VERSION,
		.type = (uint8_t)type,
		.flags = WIRE_F_OFFER,
		.lease_id = lease->id,
		.lease_seq = seq,
	};
	struct iovec iov = {&h, sizeof(h)};
	int r = -EBADF;

	if (lease->fd >= 0 && !task.forgetting)
		r = carrier_write(lease->fd, &iov, 1, fd, fd ? 1 : 0);
	/* A client that lets its end fill up has no use for it. */
	if (r)
		lease_close(lease);
	return r;
}

/* False: there is no memory, and it is out of the table, as if its request had not been seen. */
static bool lease_rename(LeaseServer *lease, uint64_t id)
{
	HASH_DEL(lease->port->extra->lease_table, lease);
	lease->id = id;
	HASH_ADD(hh, lease->port->extra->lease_table, id, sizeof(lease->id), lease);
	if (lease->hh.tbl)
		return true;
	lease_forget(lease);
	return false;
}

/* Whether there is a way to the client: it may lie in the queue. */
static bool lease_reaches_client(LeaseServer *lease)
{
	uint64_t id;
	int fd;

	if (lease->bound)
		return true;
	if (!lease->port || lease->parked_died || lease->parked_fd >= 0 ||
		!takeover_find(lease->port, lease->id, lease->last_taken, &id, &fd))
		return false;
	if (lease_find(lease->port, id) || !lease_rename(lease, id)) {
		probe_close_lazily_consume(fd);
		return false;
	}
	lease->fd = fd;
	lease->bound = lease->foreseen = true;
	return true;
}

void lease_server_died(LeaseServer *lease, uint64_t seq)
{
	if (!lease_reaches_client(lease))
		lease->parked_died = true;
	else
		(void)lease_signal(lease, WIRE_DIED, seq, NULL);
}

void lease_server_refuse(Port *port, const WireHeader *h)
{
	LeaseServer *lease = lease_find(port, h->lease_id);

	if (!lease || h->lease_seq <= lease->last_taken)
		return;
	lease->last_taken = h->lease_seq;
	lease_server_died(lease, h->lease_seq);
}

int lease_server_move(LeaseServer *lease, uint64_t seq, int *ret_far)
{
	int carrier, writer, r;

	/* No plain pair, of which a client of ours would have to read the end that we have had. */
	r = carrier_new(&writer, &carrier);
	if (r)
		return r;
	if (!lease_reaches_client(lease)) {
		probe_close_lazily_consume(lease->parked_fd);
		lease->parked_fd = carrier;
	} else {
		/* If the client is gone its end goes too, and the right is as dead as it was. */
		(void)lease_signal(lease, WIRE_MOVED, seq, &carrier);
		probe_close_lazily_consume(carrier);
	}
	*ret_far = writer;
	return 0;
}

static int lease_park(LeaseServer *lease, Message *m)
{
	Message *heap;
	int r;

	/* The client reads it behind a request at our port: not if that is in the answer. */
	r = lease->port ? message_note_transit(m, lease->port) : 0;
	if (r == -ELOOP) {
		message_clear(m);
		lease->parked_died = true;
		return 0;
	}
	heap = r ? NULL : message_to_heap(m);
	if (!heap)
		return MACH_SEND_NO_BUFFER;
	message_free(lease->parked);
	lease->parked = heap;
	return 0;
}

int lease_server_answer(LeaseServer *lease, uint64_t seq, Message *m)
{
	int r;

	if (!lease_reaches_client(lease))
		return lease_park(lease, m);
	if (lease->fd < 0)
		return 0;
	r = deliver_answer_on(lease->fd, m, &lease->unread, lease->uid, lease->pid, seq);
	if (r == MACH_SEND_NO_BUFFER || r == MACH_SEND_INVALID_MEMORY ||
		r == MACH_SEND_INVALID_RIGHT)
		return r;
	if (r)
		lease_close(lease);
	return 0;
}

/* The client has given an unbound lease its end: what was parked goes out. */
static void lease_bind_take(LeaseServer *lease, int fd)
{
	Message *m = TAKE_PTR(lease->parked);
	int moved = TAKE_FD(lease->parked_fd);

	lease->fd = fd;
	lease->bound = true;
	if (lease->parked_died)
		(void)lease_signal(lease, WIRE_DIED, lease->last_taken, NULL);
	else if (moved >= 0)
		(void)lease_signal(lease, WIRE_MOVED, lease->last_taken, &moved);
	else if (m)
		(void)lease_server_answer(lease, lease->last_taken, m);
	probe_close_lazily_consume(moved);
	message_free(m);
}

bool lease_server_takeover(Port *port, const WireHeader *h, const uint8_t *bytes, SockMsg *sm)
{
	LeaseServer *lease = lease_find(port, h->lease_id);
	uint64_t old_id;
	int fd;

	if (!takeover_decode(h, bytes, sm->n_bytes, &old_id) || fdlist_count(&sm->fds) != 1)
		return false;
	if (lease) {
		bool known = lease->foreseen && h->lease_seq == lease->last_taken;

		lease->foreseen &= !known;
		return known;
	}
	fd = fdlist_steal(&sm->fds, 0);
	if (probe_kind(fd) != PROBE_SEQPACKET) {
		probe_close_consume(fd);
		return false;
	}
	lease = lease_find(port, old_id);
	if (lease && !lease->bound && lease->last_taken == h->lease_seq &&
		lease_rename(lease, h->lease_id))
		lease_bind_take(lease, fd);
	else /* We never saw the request: closing the end is the send-once notification. */
		probe_close_lazily_consume(fd);
	return true;
}

void lease_server_evict_all(Port *port)
{
	LeaseServer *lease, *next;

	HASH_ITER (hh, port->extra->lease_table, lease, next) {
		if (lease->bound)
			(void)lease_signal(lease, WIRE_EVICT, lease->last_taken, NULL);
		lease_remove(lease);
	}
}

void lease_server_forget_all(Port *port)
{
	LeaseServer *lease, *next;

	HASH_ITER (hh, port->extra->lease_table, lease, next)
		lease_remove(lease);
}
