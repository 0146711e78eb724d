/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole task in the hands of a peer: ports with their sockets, a set, a reply port, rights to ports of
 * the peer. The input is a script of what the peer sends and does, and of what the program does in
 * between: receive, look, answer, call, move, destroy. Nothing that the program does here may
 * block, and after every step all is in order.
 *
 *	input := step...		step := what arguments
 *
 * The peer is this same process, by raw system calls (wiregen.c). It reads what the library sends to
 * its ports and keeps the descriptors: the far ends of answers and of leases, on which it writes
 * datagrams like on the sockets of ports.
 */
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mach/notify.h>
#include <portcullis/port.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/sockmsg.h"
#include "port/backing.h"
#include "port/connect.h"
#include "port/space.h"
#include "port/task.h"

#define MAX_STEPS 24
#define BUFFER_SIZE (256u * 1024u)
#define N_TARGETS 3

enum {
	STEP_DATAGRAM,
	STEP_RECEIVE,
	STEP_ANSWER_RAW, /* bytes on an end that the peer keeps */
	STEP_CLOSE_END,
	STEP_CALL, /* a request to a port of the peer, answered at the reply port */
	STEP_READ_REMOTE,
	STEP_REPLY, /* to a send-once right that came */
	STEP_PEEK,
	STEP_MOVE, /* a receive right to the peer */
	STEP_DESTROY,
	STEP_NOTIFY,
	STEP_SET,
	STEP_KILL_REMOTE,
	STEP_KEEPER,
	STEP_POLLABLE,
	STEP_SEND_HERE,
	_STEP_N,
};

/* The task's side. */
typedef struct Scene {
	WireGen gen;
	mach_port_t targets[N_TARGETS]; /* a port, a member of the set, a reply port */
	mach_port_t set;
	uint64_t lease_id; /* of the last request that the peer saw */
	uint64_t lease_seq;
	portcullis_keeper_t keeper;
} Scene;

static uint8_t buffer[BUFFER_SIZE] __attribute__((__aligned__(16)));
static Datagram datagram;

static mach_port_t reply_port(void)
{
	mach_port_options_t options = {.flags = MPO_REPLY_PORT};
	mach_port_t name;

	MUST(mach_port_construct(mach_task_self(), &options, 0, &name) == 0);
	return name;
}

/* Whatever was destroyed or moved is made anew. */
static void scene_restore(Scene *s)
{
	mach_port_type_t type;

	for (unsigned i = 0; i < N_TARGETS; i++) {
		if (mach_port_type(mach_task_self(), s->targets[i], &type) == 0 &&
			type & MACH_PORT_TYPE_RECEIVE)
			continue;
		s->targets[i] = i == 2 ? reply_port() : fuzz_port(NULL);
	}
	if (mach_port_type(mach_task_self(), s->set, &type) == 0 && type & MACH_PORT_TYPE_PORT_SET)
		return;
	MUST(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &s->set) == 0);
	(void)mach_port_insert_member(mach_task_self(), s->targets[1], s->set);
}

/* The i-th name of the space, whatever it denotes. */
static mach_port_t any_name(unsigned i)
{
	mach_port_t name = MACH_PORT_NULL;
	uint32_t index = 0;
	Entry *entry;

	task_lock();
	for (i %= 32; (entry = space_next(&index)) != NULL; i--) {
		if (entry->name == task.self_name || entry->name == task.host_name)
			continue;
		name = entry->name;
		if (i == 0)
			break;
	}
	task_unlock();
	return name;
}

static mach_port_t any_name_of(uint8_t type, unsigned i)
{
	mach_port_t name = MACH_PORT_NULL;
	uint32_t index = 0;
	Entry *entry;

	task_lock();
	for (i %= 8; (entry = space_next(&index)) != NULL;) {
		if (!(entry->type & type))
			continue;
		name = entry->name;
		if (i-- == 0)
			break;
	}
	task_unlock();
	return name;
}

/* The peer's view of a port of ours: its address now, and its secret. */
static bool aim(Scene *s, mach_port_t name)
{
	Entry *entry;
	bool ok;

	task_lock();
	entry = space_find_raw(name);
	ok = entry && entry->type & ENTRY_RECEIVE && entry->port->backing;
	if (ok)
		fuzz_aim(&s->gen, entry->port);
	task_unlock();
	return ok;
}

static void step_datagram(Scene *s, Input *in)
{
	_cleanup_close_ int sock = -EBADF;

	if (!aim(s, s->targets[input_u8(in) % N_TARGETS]))
		return;
	MUST(connect_dgram(s->gen.addr, true, &sock) == 0);
	wiregen_datagram(&s->gen, in, &datagram);
	(void)datagram_send(&datagram, sock);
	datagram_deinit(&datagram);
}

static void step_answer_raw(Scene *s, Input *in)
{
	unsigned how = input_u8(in);
	WireHeader *h = (WireHeader *)(void *)datagram.bytes;

	if (!aim(s, s->targets[0]) || s->gen.n_kept == 0)
		return;
	wiregen_datagram(&s->gen, in, &datagram);
	h->flags |= WIRE_F_ONCE;
	if (how & 0x80) {
		h->lease_id = s->lease_id;
		h->lease_seq = s->lease_seq;
	}
	if (how & 0x40)
		h->flags |= WIRE_F_OFFER;
	(void)datagram_send(&datagram, s->gen.kept[how % 16 % s->gen.n_kept]);
	datagram_deinit(&datagram);
}

static void step_close_end(Scene *s, Input *in)
{
	unsigned i = input_u8(in);

	if (s->gen.n_kept == 0)
		return;
	i %= s->gen.n_kept;
	close(s->gen.kept[i]);
	s->gen.n_kept--;
	memmove(s->gen.kept + i, s->gen.kept + i + 1, (s->gen.n_kept - i) * sizeof(int));
}

static void step_receive(Scene *s, Input *in)
{
	static const mach_msg_size_t sizes[] = {BUFFER_SIZE, 0, 24, 64, 256};
	unsigned how = input_u8(in);
	mach_msg_option_t options = MACH_RCV_MSG | MACH_RCV_TIMEOUT;
	mach_msg_header_t *msg = (mach_msg_header_t *)(void *)buffer;
	mach_port_t name = how & 3 ? s->targets[(how & 3) - 1] : s->set;
	mach_msg_return_t r;

	if (how & 4)
		options |= MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT);
	if (how & 8)
		options |= MACH_RCV_LARGE | MACH_RCV_LARGE_IDENTITY;
	r = mach_msg(msg, options, 0, sizes[(how >> 4 & 7) % ARRAY_SIZE(sizes)], name, 0, 0);
	/* A message that lost rights on its way is a message all the same. */
	if (r != MACH_MSG_SUCCESS && (r & ~MACH_MSG_MASK) != MACH_RCV_BODY_ERROR &&
		(r & ~MACH_MSG_MASK) != MACH_RCV_HEADER_ERROR)
		return;
	if (how & 0x80)
		mach_msg_destroy(msg);
	else
		fuzz_keep_rights(msg);
}

typedef struct Request {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t port;
	uint32_t data[4];
} Request;

static void step_call(Scene *s, Input *in)
{
	unsigned how = input_u8(in);
	mach_port_t name = fuzz_remote_right(&s->gen, how & 3);
	Request request = {
		.header =
			{
				.msgh_bits = MACH_MSGH_BITS(
					MACH_MSG_TYPE_MOVE_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
				.msgh_size = sizeof(request),
				.msgh_remote_port = name,
				.msgh_local_port = s->targets[how & 4 ? 0 : 2],
				.msgh_id = 7,
			},
	};
	mach_msg_size_t size = sizeof(mach_msg_header_t) + 16;

	if (how & 8) {
		request.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
		request.body.msgh_descriptor_count = 1;
		request.port.name = any_name(how >> 4);
		request.port.disposition = input_u8(in) % 6 + MACH_MSG_TYPE_MOVE_RECEIVE;
		request.port.type = MACH_MSG_PORT_DESCRIPTOR;
		size = sizeof(request);
	}
	/* What is not sent is given back, and stays. */
	(void)mach_msg(&request.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, size, 0, 0, 0, 0);
}

static void step_read_remote(Scene *s, Input *in)
{
	GenRemote *remote = wiregen_remote(&s->gen, input_u8(in));
	_cleanup_sockmsg_ SockMsg sm = SOCKMSG_INIT;
	const WireHeader *h = (const WireHeader *)(const void *)buffer;
	struct iovec iov = {buffer, sizeof(buffer)};

	if (sockmsg_recv(remote->sock, &iov, 1, &sm, MSG_DONTWAIT) < 0)
		return;
	MUST(sm.n_bytes >= sizeof(*h) && h->magic == WIRE_MAGIC);
	s->lease_id = h->lease_id;
	s->lease_seq = h->lease_seq;
	for (unsigned i = 0; i < fdlist_count(&sm.fds); i++)
		wiregen_keep(&s->gen, fdlist_steal(&sm.fds, i));
}

static void step_reply(Scene *s, Input *in)
{
	unsigned how = input_u8(in);
	mach_port_t name = any_name_of(ENTRY_SEND_ONCE, how);
	Request reply = {
		.header =
			{
				.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
				.msgh_size = sizeof(reply),
				.msgh_remote_port = name,
			},
		.body = {.msgh_descriptor_count = 1},
		.port =
			{
				.name = s->targets[how >> 3 & 1],
				.disposition = how & 0x20 ? MACH_MSG_TYPE_MAKE_SEND_ONCE
							  : MACH_MSG_TYPE_MAKE_SEND,
				.type = MACH_MSG_PORT_DESCRIPTOR,
			},
	};

	if (name == MACH_PORT_NULL)
		return;
	if (how & 0x40) {
		(void)mach_port_deallocate(mach_task_self(), name);
		return;
	}
	if (how & 0x10)
		reply.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	(void)mach_msg(&reply.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(reply), 0, 0, 0, 0);
}

static void send_port(mach_port_t dest, mach_port_t name, unsigned disposition)
{
	Request request = {
		.header =
			{
				.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0) |
					     MACH_MSGH_BITS_COMPLEX,
				.msgh_size = sizeof(request),
				.msgh_remote_port = dest,
			},
		.body = {.msgh_descriptor_count = 1},
		.port =
			{
				.name = name,
				.disposition = disposition,
				.type = MACH_MSG_PORT_DESCRIPTOR,
			},
	};

	(void)mach_msg(
		&request.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(request), 0, 0, 0, 0);
}

static void step_move(Scene *s, Input *in)
{
	unsigned how = input_u8(in);
	mach_port_t dest = fuzz_remote_right(&s->gen, how & 3);

	send_port(dest, any_name_of(ENTRY_RECEIVE, how >> 2), MACH_MSG_TYPE_MOVE_RECEIVE);
}

/* Within the task: what waits in the kernel is older, and is pulled over first. */
static void step_send_here(Scene *s, Input *in)
{
	unsigned how = input_u8(in);
	mach_port_t dest = s->targets[how & 1];

	if (mach_port_insert_right(mach_task_self(), dest, dest, MACH_MSG_TYPE_MAKE_SEND) == 0)
		send_port(dest, any_name(how >> 1 & 15), how >> 5 | MACH_MSG_TYPE_MOVE_RECEIVE);
}

static void step_notify(Scene *s, Input *in)
{
	static const mach_msg_id_t ids[] = {MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_DEAD_NAME,
		MACH_NOTIFY_SEND_POSSIBLE, MACH_NOTIFY_PORT_DESTROYED};
	unsigned how = input_u8(in);
	mach_port_t previous = MACH_PORT_NULL;

	(void)mach_port_request_notification(mach_task_self(), any_name(how >> 3), ids[how & 3],
		how >> 2 & 1, s->targets[how >> 6 & 1], MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	if (MACH_PORT_VALID(previous))
		(void)mach_port_deallocate(mach_task_self(), previous);
}

static void step_set(Scene *s, Input *in)
{
	unsigned how = input_u8(in);
	mach_port_t member = any_name_of(ENTRY_RECEIVE, how >> 2);

	if (how & 1)
		(void)mach_port_insert_member(mach_task_self(), member, s->set);
	else if (how & 2)
		(void)mach_port_extract_member(mach_task_self(), member, s->set);
	else
		(void)mach_port_move_member(mach_task_self(), member, s->set);
}

static void step_kill_remote(Scene *s, Input *in)
{
	GenRemote *remote = wiregen_remote(&s->gen, input_u8(in));

	close(remote->sock);
	close(remote->addr);
	close(remote->pipe_r);
	close(remote->pipe_w);
	remote->sock = -EBADF;
}

static void step_keeper(Scene *s, Input *in)
{
	mach_port_t name = any_name_of(ENTRY_RECEIVE, input_u8(in));

	if (!s->keeper) {
		if (portcullis_keeper_create(name, &s->keeper) != 0)
			s->keeper = NULL;
		return;
	}
	(void)portcullis_keeper_reclaim(s->keeper, &name);
	portcullis_keeper_destroy(s->keeper);
	s->keeper = NULL;
}

static void step_peek(Scene *s, Input *in)
{
	mach_port_seqno_t seqno = 0;
	mach_msg_size_t size;
	mach_msg_id_t id;
	mach_msg_max_trailer_t trailer;
	mach_msg_type_number_t n = sizeof(trailer);

	(void)mach_port_peek(mach_task_self(), s->targets[input_u8(in) % N_TARGETS],
		MACH_RCV_TRAILER_TYPE(MACH_MSG_TRAILER_FORMAT_0) |
			MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT),
		&seqno, &size, &id, (mach_msg_trailer_info_t)&trailer, &n);
}

static void step_pollable(Scene *s, Input *in)
{
	unsigned how = input_u8(in);
	int fd = portcullis_port_fd(how & 4 ? s->set : s->targets[how & 1]);

	if (fd >= 0)
		close(fd);
}

static void step(Scene *s, Input *in)
{
	static void (*const steps[_STEP_N])(Scene * s, Input * in) = {
		[STEP_DATAGRAM] = step_datagram,
		[STEP_RECEIVE] = step_receive,
		[STEP_ANSWER_RAW] = step_answer_raw,
		[STEP_CLOSE_END] = step_close_end,
		[STEP_CALL] = step_call,
		[STEP_READ_REMOTE] = step_read_remote,
		[STEP_REPLY] = step_reply,
		[STEP_PEEK] = step_peek,
		[STEP_MOVE] = step_move,
		[STEP_NOTIFY] = step_notify,
		[STEP_SET] = step_set,
		[STEP_KILL_REMOTE] = step_kill_remote,
		[STEP_KEEPER] = step_keeper,
		[STEP_POLLABLE] = step_pollable,
		[STEP_SEND_HERE] = step_send_here,
	};
	unsigned what = input_u8(in) % _STEP_N;

	if (what == STEP_DESTROY)
		(void)mach_port_destroy(mach_task_self(), any_name(input_u8(in)));
	else
		steps[what](s, in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input in = {data, data + size};
	Scene s = {.set = MACH_PORT_NULL};

	fuzz_begin();
	wiregen_init(&s.gen);
	for (unsigned n = 0; n < MAX_STEPS && !input_is_over(&in); n++) {
		scene_restore(&s);
		step(&s, &in);
		must_be_in_order();
	}
	portcullis_keeper_destroy(s.keeper);
	portcheck_clear();
	wiregen_deinit(&s.gen);
	must_be_empty();
	return 0;
}
