/* SPDX-License-Identifier: Apache-2.0 */
#include "port/move.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "port/answer.h"
#include "port/backing.h"
#include "port/carrier.h"
#include "port/ident.h"
#include "port/lease_client.h"
#include "port/lease_server.h"
#include "port/message.h"
#include "port/once.h"
#include "port/port.h"
#include "port/portdir.h"
#include "port/registry.h"
#include "port/probe.h"
#include "port/pset.h"
#include "port/queue.h"
#include "port/request.h"
#include "port/watch.h"

#define MALFORMED KERN_INVALID_ARGUMENT

void move_kick_collector(void)
{
	/* After those of the right that has left: the reaper closes them in turn. */
	probe_close_lazily_consume(
		fd_above_stdio_consume(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)));
}

/* The carriers that a port's memory is being written into. */
typedef struct Spill {
	int *carriers;
	uint32_t n;
	int write_end;
} Spill;

static int spill_open(Spill *s)
{
	int writer, carrier, r;
	int *carriers = reallocarray(s->carriers, s->n + 1, sizeof(int));

	if (!carriers)
		return -ENOMEM;
	s->carriers = carriers;
	if (s->n >= MOVE_MAX_CARRIERS)
		return -ENOBUFS;
	r = carrier_new(&writer, &carrier);
	if (r)
		return r;
	s->write_end = fd_close(s->write_end);
	s->carriers[s->n++] = carrier;
	s->write_end = writer;
	return 0;
}

static int spill_message(Spill *s, Message *m)
{
	Encoder e;
	int r;

	encoder_init(&e);
	r = encode_message(&e, m);
	if (!r && m->dest_disposition == MACH_MSG_TYPE_PORT_SEND_ONCE)
		e.header.flags |= WIRE_F_ONCE;
	if (!r && s->write_end < 0)
		r = spill_open(s);
	if (!r)
		r = carrier_write(s->write_end, e.iov, e.n_iov, e.fds, e.n_fds);
	if (r == -EAGAIN) {
		r = spill_open(s);
		if (!r)
			r = carrier_write(s->write_end, e.iov, e.n_iov, e.fds, e.n_fds);
	}
	encoder_deinit(&e);
	if (!r) {
		move_commit_message(m);
		message_clear_sent(m);
	}
	return r > 0 ? -EINVAL : r;
}

/* Room for the list is made before anything is written, so that nothing can be lost. */
static int spill_reserve(Port *port)
{
	PortExtra *x = port->extra;
	int *all = reallocarray(x->carriers, x->n_carriers + MOVE_MAX_CARRIERS, sizeof(int));

	if (!all)
		return -ENOMEM;
	x->carriers = all;
	return 0;
}

/* Messages in memory go into carriers, before those that the port has already. What cannot be
 * written stays in memory. */
static int spill_queue(Port *port)
{
	Spill s = {.write_end = -EBADF};
	PortExtra *x = port->extra;
	Message *m;
	int r;

	/* One that we have begun to read cannot be passed on as it is. */
	if (x->carrier_open)
		queue_pull_backlog(port);
	r = queue_settle_owed(port);
	if (r)
		return r;
	if (TAILQ_EMPTY(&port->queue))
		return 0;
	r = spill_reserve(port);
	while (!r && (m = TAILQ_FIRST(&port->queue)) != NULL) {
		r = spill_message(&s, m);
		if (r)
			break;
		TAILQ_REMOVE(&port->queue, m, link);
		port->msgcount--;
		queue_release_dest(port, m);
		message_free(m);
	}
	fd_close(s.write_end);
	if (s.n > 0) {
		memmove(x->carriers + s.n, x->carriers, x->n_carriers * sizeof(int));
		memcpy(x->carriers, s.carriers, s.n * sizeof(int));
		x->n_carriers += s.n;
	}
	free(s.carriers);
	return r;
}

static int add_fds(Encoder *e, Port *port)
{
	Backing *b = port->backing;
	PortExtra *x = port->extra;
	Answer *answer;
	int r;

	r = encode_add_fd(e, b->sock);
	if (!r)
		r = encode_add_fd(e, b->addr);
	for (uint32_t i = 0; !r && i < b->n_pipes; i++)
		r = encode_add_fd(e, backing_pipe(b, i));
	TAILQ_FOREACH (answer, &x->answers, link) {
		if (r)
			break;
		r = encode_add_fd(e, answer->fd);
	}
	for (uint32_t i = 0; !r && i < x->n_carriers; i++)
		r = encode_add_fd(e, x->carriers[i]);
	return r;
}

int move_encode(Encoder *e, WireRecord *record, Port *port)
{
	PortExtra *x;
	Backing *b;
	int r;

	assert(port->state == PORT_LOCAL && port->flags & PORT_F_TRANSIT);
	r = port_need_extra(port);
	if (!r)
		r = backing_make(port);
	if (r)
		return r > 0 ? -ENOMEM : r;
	x = port->extra;
	b = port->backing;
	lease_server_evict_all(port);
	while (!TAILQ_EMPTY(&x->onces)) {
		r = once_make_pair(TAILQ_FIRST(&x->onces));
		if (r)
			return r;
	}
	r = spill_queue(port);
	if (r)
		return r;
	/* Send rights that stay here become those of any other holder. */
	if (port->srights > 0 && b->pipe_w < 0)
		r = backing_own_pipe(b);
	if (r)
		return r;
	if (b->n_pipes > MOVE_MAX_PIPES || x->n_answers > MOVE_MAX_ANSWERS)
		return -ENOBUFS;
	record->kind = WIRE_RECEIVE;
	record->count = port->qlimit;
	record->size = b->n_pipes | (uint64_t)x->n_answers << 16 | (uint64_t)x->n_carriers << 32;
	if (b->supervised)
		record->flags |= WIRE_RF_SUPERVISED;
	memcpy(record->value, b->ident.secret, sizeof(record->value));
	return add_fds(e, port);
}

bool move_give_up(Port *port)
{
	PortExtra *x;

	if (port_need_extra(port) ||
		(port->srights > 0 && port->backing->pipe_w < 0 && backing_own_pipe(port->backing)))
		return false;
	x = port->extra;
	pset_remove_all(port);
	/* Before its queue dies: the notifications that this makes are not for it any more, and what
	 * the kernel holds is not ours to pull. */
	port->state = PORT_REMOTE;
	queue_clear(port);
	lease_server_evict_all(port);
	lease_client_forget_all(port);
	while (!TAILQ_EMPTY(&x->answers))
		answer_free(TAILQ_FIRST(&x->answers));
	while (!TAILQ_EMPTY(&x->onces))
		once_orphan(TAILQ_FIRST(&x->onces));
	port_rouse(port, false);
	move_commit(port);
	return true;
}

void move_commit(Port *port)
{
	PortExtra *x = port->extra;
	Backing *b = port->backing;

	watch_forget_port(port);
	while (!TAILQ_EMPTY(&x->answers)) {
		Answer *answer = TAILQ_FIRST(&x->answers);

		/* As it is: the open socket lives on at its new owner, unless he has closed it. */
		answer_unlink(answer);
		probe_close_lazily_consume(answer->fd);
		free(answer);
	}
	/* The new owner may have closed his already: then these are the last. */
	for (uint32_t i = 0; i < x->n_carriers; i++)
		probe_close_lazily_consume(x->carriers[i]);
	free(x->carriers);
	x->carriers = NULL;
	x->n_carriers = 0;
	backing_release_receive(b);
	/* Only now: a duplicate of the epoll set may be about, which must have lost all of them. */
	port_close_descriptors(port);
	port->sorights = 0;
	port->flags &= (uint16_t)~PORT_F_TRANSIT;
	port->state = PORT_REMOTE;
	x->transit_to = NULL;
	right_drop(&x->nsrequest);
	right_drop(&x->pdrequest);
	if (port->srights == 0)
		backing_close_send(b);
	else
		request_moved_away(port->name);
}

static void commit_right(Right *right)
{
	if (right->kind == RIGHT_RECEIVE && right->port->state == PORT_LOCAL)
		move_commit(right->port);
}

void move_commit_message(Message *m)
{
	for (uint32_t i = 0; i < m->n_items; i++) {
		Item *item = &m->items[i];

		commit_right(&item->right);
		for (uint32_t k = 0; item->rights && k < item->count; k++)
			commit_right(&item->rights[k]);
	}
}

static int take_answers(Decoder *d, Port *port, uint32_t n)
{
	Answer *answer;

	while (n-- > 0) {
		int fd = decode_take_kind(d, PROBE_SEQPACKET);

		if (fd < 0)
			return MALFORMED;
		port->sorights++;
		if (answer_adopt_take(port, fd, &answer)) {
			port->sorights--;
			probe_close_lazily_consume(fd);
			return KERN_RESOURCE_SHORTAGE;
		}
	}
	return 0;
}

static int take_carriers(Decoder *d, Port *port, uint32_t n)
{
	PortExtra *x = port->extra;

	if (n == 0)
		return 0;
	free(x->carriers);
	x->carriers = calloc(n, sizeof(int));
	if (!x->carriers)
		return KERN_RESOURCE_SHORTAGE;
	while (n-- > 0) {
		int fd = decode_take_kind(d, PROBE_LISTENER);

		if (fd < 0)
			return MALFORMED;
		x->carriers[x->n_carriers++] = fd;
	}
	return 0;
}

static int take_pipes(Decoder *d, Backing *b, uint32_t n)
{
	while (n-- > 0) {
		int fd = decode_take_kind(d, PROBE_PIPE_R);

		if (fd < 0)
			return MALFORMED;
		if (backing_add_pipe_take(b, fd)) {
			probe_close_kind_consume(fd, PROBE_PIPE_R);
			return KERN_RESOURCE_SHORTAGE;
		}
	}
	return 0;
}

/* The port that the receive right is for: one that we hold send rights to, or a new one. */
static int find_port(int addr, const uint8_t *secret, Port **ret)
{
	Ident ident = {0};
	Backing *b;
	Port *port;

	if (ident_read(addr, &ident))
		return MALFORMED;
	memcpy(ident.secret, secret, sizeof(ident.secret));
	b = registry_find(&ident);
	if (b) {
		/* Two receive rights for one port: somebody kept a duplicate and passed it on. */
		if (!b->port || b->port->state != PORT_REMOTE)
			return MALFORMED;
		fd_close(addr);
		*ret = port_ref(b->port);
		return 0;
	}
	if (backing_new_take(addr, &ident, &b))
		return KERN_RESOURCE_SHORTAGE;
	port = port_new_remote(b);
	if (!port) {
		b->addr = -EBADF;
		backing_free(b);
		return KERN_RESOURCE_SHORTAGE;
	}
	*ret = port;
	return 0;
}

int move_become_local(Port *port, int sock, uint32_t qlimit, bool supervised)
{
	Backing *b = port->backing;
	int on = 1;

	if (sock < 0)
		return sock;
	watch_forget_port(port);
	/* The last owner may have turned it off. */
	(void)setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	backing_close_sender(b);
	b->sock = sock;
	b->supervised = supervised;
	b->foreign = true;
	TAILQ_INIT(&port->queue);
	port->msgcount = 0;
	port->sorights = 0;
	port->qlimit = (uint16_t)MIN(qlimit, (uint32_t)MACH_PORT_QLIMIT_MAX);
	port->state = PORT_LOCAL;
	port->flags = PORT_F_TRANSIT;
	port_clear_receiver(port);
	return 0;
}

int move_decode(Decoder *d, const WireRecord *record, Right *ret)
{
	uint32_t n_pipes = record->size & 0xffff;
	uint32_t n_answers = record->size >> 16 & 0xffff;
	uint32_t n_carriers = (uint32_t)(record->size >> 32);
	_cleanup_close_ int addr = -EBADF;
	int sock, r;
	Port *port;

	if (n_pipes > MOVE_MAX_PIPES || n_answers > MOVE_MAX_ANSWERS ||
		n_carriers > MOVE_MAX_CARRIERS ||
		record->n_fds != 2 + n_pipes + n_answers + n_carriers)
		return MALFORMED;
	sock = decode_take_kind(d, PROBE_DGRAM);
	addr = decode_take_kind(d, PROBE_ADDR);
	if (sock < 0 || addr < 0) {
		probe_close_kind_consume(sock, PROBE_DGRAM);
		return MALFORMED;
	}
	r = find_port(addr, record->value, &port);
	if (r) {
		probe_close_kind_consume(sock, PROBE_DGRAM);
		return r;
	}
	addr = -EBADF;
	r = move_become_local(port, sock, record->count, record->flags & WIRE_RF_SUPERVISED);
	if (!r)
		r = port_need_extra(port);
	if (!r)
		r = take_pipes(d, port->backing, n_pipes);
	if (!r)
		r = take_answers(d, port, n_answers);
	if (!r)
		r = take_carriers(d, port, n_carriers);
	*ret = (Right){.kind = RIGHT_RECEIVE, .port = port};
	if (r)
		right_drop(ret);
	return r;
}
