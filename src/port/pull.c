/* SPDX-License-Identifier: Apache-2.0 */
#include "port/pull.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "port/answer.h"
#include "port/backing.h"
#include "port/carrier.h"
#include "port/decode.h"
#include "port/lease_client.h"
#include "port/lease_server.h"
#include "port/notify.h"
#include "port/port.h"
#include "port/probe.h"
#include "port/reaper.h"
#include "port/task.h"
#include "port/pidversion.h"

/* Descriptors that must be free before a receive, beyond those that a message may bring. */
#define SLOT_RESERVE 64
/* Counting is a system call: it is made each so many receives, and each time near the limit. */
#define SLOT_CHECK_INTERVAL 1024
#define RECLAIM_MS 5

/* Thread-local variables on the path of every message are worth their place in the static block. */
#define _hot_tls_ _Thread_local __attribute__((tls_model("initial-exec")))

static _hot_tls_ uint8_t *thread_buffer;
static pthread_key_t buffer_key;
static pthread_once_t buffer_once = PTHREAD_ONCE_INIT;
/* Messages that are pulled on behalf of somebody else, under the lock. */
static uint8_t *lock_buffer;

static void buffer_make_key(void)
{
	(void)pthread_key_create(&buffer_key, free);
}

uint8_t *pull_buffer(void)
{
	if (likely(thread_buffer != NULL))
		return thread_buffer;
	pthread_once(&buffer_once, buffer_make_key);
	thread_buffer = malloc(WIRE_MAX_DATAGRAM);
	(void)pthread_setspecific(buffer_key, thread_buffer);
	return thread_buffer;
}

/* The last descriptor that came had a number near the limit. */
static _Atomic bool near_limit;

static void reclaim_slots(void)
{
	int limit = fd_limit(), open = fd_count_open();

	if (open < 0)
		return;
	atomic_store(&near_limit, open >= limit - (int)(2 * WIRE_MAX_FDS));
	if (open + (int)WIRE_MAX_FDS + SLOT_RESERVE > limit)
		reaper_hurry(RECLAIM_MS);
}

void pull_make_slots(void)
{
	static _hot_tls_ unsigned calls;

	if (unlikely(++calls % SLOT_CHECK_INTERVAL == 0 ||
		     atomic_load_explicit(&near_limit, memory_order_relaxed)))
		reclaim_slots();
}

int pull_recv(int fd, uint8_t *buffer, SockMsg *sm, int flags)
{
	struct iovec iov = {buffer, WIRE_MAX_DATAGRAM};
	size_t n;
	int r;

	r = sockmsg_recv(fd, &iov, 1, sm, flags);
	if (r)
		return r;
	n = fdlist_count(&sm->fds);
	if (n > 0 && fdlist_get(&sm->fds, n - 1) > fd_limit() - (int)(2 * WIRE_MAX_FDS))
		atomic_store(&near_limit, true);
	return 0;
}

static void sockmsg_discard(SockMsg *sm)
{
	if (fdlist_count(&sm->fds) > 0) {
		uid_t old = reaper_blame(sm->has_cred ? sm->uid : REAPER_NOBODY);

		fdlist_deinit_by(&sm->fds, probe_dispose);
		(void)reaper_blame(old);
	}
	if (sm->pidfd >= 0)
		sm->pidfd = fd_close(sm->pidfd);
}

static void drop(Port *port, SockMsg *sm, const char *why)
{
	if (port->extra || port_need_extra(port) == 0)
		port->extra->dropped++;
	log_peer_notice(&((PeerId){sm->pid, sm->uid}), "dropped a message of %zu bytes: %s",
		sm->n_bytes, why);
	sockmsg_discard(sm);
}

/* Decodes a message with all its descriptors; nothing of sm is left afterwards. */
static int accept_message(
	Port *port, const WireHeader *h, const uint8_t *buffer, SockMsg *sm, Message *m)
{
	int fds[FDLIST_MAX];
	Creds creds = {.pid = sm->pid, .uid = sm->uid, .gid = sm->gid};
	Decoder d = {
		.bytes = buffer,
		.n_bytes = sm->n_bytes,
		.fds = fds,
		.n_fds = (uint32_t)fdlist_count(&sm->fds),
		.creds = &creds,
		.cut = sm->fds_truncated,
	};
	bool has_fds = d.n_fds > 0;
	uid_t old = REAPER_NOBODY;
	int r;

	if (has_fds)
		old = reaper_blame(sm->uid);
	for (uint32_t i = 0; i < d.n_fds; i++)
		fds[i] = fdlist_steal(&sm->fds, i);
	if (sm->pidfd >= 0)
		creds.pidversion = pidversion_of(sm->pidfd);
	r = decode_message(&d, h, port, m);
	if (has_fds) {
		/* It may come to wait in the queue, and a right in it be sent to by this process. */
		if (!r && message_note_transit(m, port)) {
			message_clear(m);
			r = KERN_INVALID_ARGUMENT;
		}
		decoder_deinit(&d);
		(void)reaper_blame(old);
	}
	sockmsg_discard(sm);
	return r;
}

PullResult pull_socket_datagram(Port *port, const uint8_t *buffer, SockMsg *sm, Message *m)
{
	const WireHeader *h;

	if (sm->n_bytes == 0 && fdlist_count(&sm->fds) == 0) {
		/* A wake-up of our own; from anybody else it does no harm. */
		sockmsg_discard(sm);
		return PULL_NOTHING;
	}
	h = decode_header(buffer, sm->n_bytes);
	/* No credentials: the sender took care to have none. Pid 0 is what notifications of this
	 * library bear; nobody else may. */
	if (!sm->has_cred || sm->pid == 0)
		drop(port, sm, "nobody is known to have sent it");
	else if (!h || sm->data_truncated)
		drop(port, sm, "not a message");
	else if (!backing_has_secret(port->backing, h->secret))
		drop(port, sm, "the sender holds no send right");
	else if (h->type == WIRE_TAKEOVER && lease_server_takeover(port, h, buffer, sm))
		; /* it is no message */
	else if (h->type != WIRE_MESSAGE || h->flags & WIRE_F_ONCE)
		drop(port, sm, "unknown type");
	else if (accept_message(port, h, buffer, sm, m))
		drop(port, sm, "malformed");
	else
		return PULL_MESSAGE;
	sockmsg_discard(sm);
	return PULL_NOTHING;
}

PullResult pull_answer_datagram(Answer *answer, const uint8_t *buffer, SockMsg *sm, Message *m)
{
	Port *port = answer->port;
	const WireHeader *h = NULL;
	bool end = !sm->has_cred && sm->n_bytes == 0 && fdlist_count(&sm->fds) == 0;

	if (!end && sm->has_cred && sm->pid != 0 && !sm->data_truncated)
		h = decode_header(buffer, sm->n_bytes);
	if (answer->lease) {
		PullResult result = lease_client_datagram(answer->lease, h, end, sm, m);

		if (result != PULL_MESSAGE || !h || h->type != WIRE_MESSAGE) {
			sockmsg_discard(sm);
			return result;
		}
	} else {
		answer_free_read(answer, sm->has_cred ? sm->uid : REAPER_NOBODY);
	}
	/* One right, one message: whatever else came is an answer that cannot be read. */
	if (!h || h->type != WIRE_MESSAGE || !(h->flags & WIRE_F_ONCE) ||
		accept_message(port, h, buffer, sm, m)) {
		if (!end)
			drop(port, sm, "unreadable answer");
		sockmsg_discard(sm);
		notify_fill_send_once(m);
	}
	return PULL_MESSAGE;
}

PullResult pull_socket(Port *port, uint8_t *buffer, Message *m)
{
	SockMsg sm;

	pull_make_slots();
	if (pull_recv(port->backing->sock, buffer, &sm, MSG_DONTWAIT))
		return PULL_EMPTY;
	return pull_socket_datagram(port, buffer, &sm, m);
}

PullResult pull_answer(Answer *answer, uint8_t *buffer, Message *m)
{
	SockMsg sm;
	int r;

	pull_make_slots();
	r = pull_recv(answer->fd, buffer, &sm, MSG_DONTWAIT);
	if (r == -EAGAIN || r == -EINTR)
		return PULL_EMPTY;
	if (r)
		sockmsg_init(&sm); /* reset: as good as the end */
	return pull_answer_datagram(answer, buffer, &sm, m);
}

static uint8_t *need_lock_buffer(void)
{
	if (!lock_buffer)
		lock_buffer = malloc(WIRE_MAX_DATAGRAM);
	return lock_buffer;
}

Message *pull_socket_heap(Port *port)
{
	uint8_t *buffer = need_lock_buffer();
	PullResult result;
	Message m, *heap;

	if (!buffer || !port->backing || port->backing->sock < 0)
		return NULL;
	do {
		result = pull_socket(port, buffer, &m);
	} while (result == PULL_NOTHING);
	if (result != PULL_MESSAGE)
		return NULL;
	heap = message_to_heap(&m);
	if (!heap)
		message_clear(&m);
	return heap;
}

static void carrier_close(Port *port)
{
	PortExtra *x = port->extra;

	probe_close_lazily_consume(x->carriers[0]);
	x->carrier_open = false;
	x->n_carriers--;
	memmove(x->carriers, x->carriers + 1, x->n_carriers * sizeof(int));
	if (x->n_carriers == 0) {
		free(x->carriers);
		x->carriers = NULL;
	}
}

/* False: there is nothing in it, or nothing that can be had. */
static bool carrier_begin(PortExtra *x)
{
	if (x->carrier_open)
		return true;
	x->carriers[0] = carrier_open_consume(x->carriers[0]);
	x->carrier_open = x->carriers[0] >= 0;
	return x->carrier_open;
}

/* One packet of the first carrier. PULL_EMPTY: it has no more. */
static PullResult pull_carrier(Port *port, uint8_t *buffer, Message *m)
{
	const WireHeader *h;
	SockMsg sm;

	if (!carrier_begin(port->extra) ||
		pull_recv(port->extra->carriers[0], buffer, &sm, MSG_DONTWAIT))
		return PULL_EMPTY;
	h = decode_header(buffer, sm.n_bytes);
	if (!h || sm.data_truncated || !sm.has_cred || sm.pid == 0) {
		bool end = sm.n_bytes == 0;

		sockmsg_discard(&sm);
		return end ? PULL_EMPTY : PULL_NOTHING;
	}
	if (h->type != WIRE_MESSAGE || accept_message(port, h, buffer, &sm, m)) {
		drop(port, &sm, "malformed, in a moved queue");
		return PULL_NOTHING;
	}
	return PULL_MESSAGE;
}

Message *pull_backlog(Port *port)
{
	uint8_t *buffer;
	Message m, *heap;

	if (!port->extra || port->extra->n_carriers == 0)
		return NULL;
	buffer = need_lock_buffer();
	while (buffer && port->extra->n_carriers > 0) {
		switch (pull_carrier(port, buffer, &m)) {
		case PULL_MESSAGE:
			heap = message_to_heap(&m);
			if (!heap)
				message_clear(&m);
			return heap;
		case PULL_NOTHING:
			break;
		default:
			carrier_close(port);
		}
	}
	return NULL;
}

void pull_forget_backlog(Port *port)
{
	Message *m;

	/* In a fork child they are the parent's to read. */
	while (!task.forgetting && (m = pull_backlog(port)) != NULL)
		message_free(m);
	while (port->extra->n_carriers > 0)
		carrier_close(port);
}

void pull_discard(int sock, Port *port)
{
	uint8_t *buffer = need_lock_buffer();
	SockMsg sm;
	Message m;

	/* The destroyed messages' rights die as they do when a local queue is destroyed. */
	while (buffer && pull_recv(sock, buffer, &sm, MSG_DONTWAIT) == 0) {
		if (sm.n_bytes == 0 && !sm.has_cred && fdlist_count(&sm.fds) == 0)
			return;
		if (pull_socket_datagram(port, buffer, &sm, &m) == PULL_MESSAGE)
			message_clear(&m);
	}
}

void pull_after_fork(void)
{
	atomic_store(&near_limit, false);
}
