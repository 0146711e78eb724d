/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receive rights on the move: the queue goes with them, wherever its messages are at that moment, in
 * order and with the rights in them; senders go on and notice nothing; what ends up in its own queue
 * is destroyed.
 */
#include "tests/integration/integration.h"

enum { GIVE = 1, BACK, GO, DONE, ARRIVED, WORD = 1000 };

static Buffer received;

static void set_limit(mach_port_t port, unsigned limit)
{
	ASSERT_EQ(set_qlimit(port, limit), KERN_SUCCESS);
}

/* A message of a queue that will move: each third has a send right, each fifth a send-once right. */
static void post_numbered(mach_port_t to, unsigned kind, int i, mach_port_t with)
{
	PortMessage message = make_port_message(to, with, i % 3 == 0 ? MAKE : MAKE_ONCE);

	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(kind, 0);
	message.header.msgh_id = WORD + i;
	if (i % 3 && i % 5)
		message.port.name = MACH_PORT_NULL;
	ASSERT_EQ(send_patiently(&message, sizeof(message)), MACH_MSG_SUCCESS);
}

static void read_numbered(mach_port_t from, int i)
{
	mach_port_t right;

	receive_id(from, WORD + i, &received);
	right = received_port(&received);
	if (i % 3 == 0) {
		ASSERT_EQ(type_of(right) & MACH_PORT_TYPE_SEND, MACH_PORT_TYPE_SEND);
		tell(right, i);
		deallocate(right);
	} else if (i % 5 == 0) {
		ASSERT_EQ(type_of(right), MACH_PORT_TYPE_SEND_ONCE);
		ASSERT_EQ(send_empty(right, MOVE_ONCE, i), MACH_MSG_SUCCESS);
	} else {
		ASSERT_EQ(right, MACH_PORT_NULL);
	}
}

/* What read_numbered() on the other side makes of the rights in messages [first, first + n). Those that
 * come on a send-once right keep no order with others. */
static void expect_rights_used(mach_port_t with, int first, int n)
{
	bool seen[256] = {false};
	int left = 0;

	for (int i = first; i < first + n; i++)
		left += i % 3 == 0 || i % 5 == 0;
	while (left-- > 0) {
		int i;

		receive_any(with, &received);
		i = received.header.msgh_id;
		ASSERT_TRUE(i >= first && i < first + n && !seen[i]);
		ASSERT_TRUE(i % 3 == 0 || i % 5 == 0);
		seen[i] = true;
	}
	hear_nothing(with);
}

/* Takes a receive right and reads n messages. */
static void reader(PeerCtx *ctx)
{
	mach_port_t hub, port;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	port = take(own, GIVE);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	for (int i = 0; i < (int)(uintptr_t)ctx->arg; i++)
		read_numbered(port, i);
	hear_nothing(port);
	tell(hub, DONE);
	hear(port, GO);
	destroy(port);
	destroy(own);
	peer_end();
}

static void move_from_memory(Stage *s, int n)
{
	mach_port_t port = make_send_receive(), with = make_receive(), to;
	Peer *peer = stage_spawn_with_port(s, "reader", reader, (void *)(uintptr_t)n, &to);

	set_limit(port, 1024);
	set_limit(with, 1024);
	for (int i = 0; i < n; i++)
		post_numbered(port, MAKE, i, with);
	give(to, GIVE, port, MOVE_RECEIVE);
	expect_rights_used(with, 0, n);
	hear(s->hub, DONE);
	tell(port, GO);
	harness_expect_exit(peer, 0);
	deallocate(port);
	destroy(with);
	deallocate(to);
}

STAGE(a_queue_in_memory_moves_empty)
{
	move_from_memory(s, 0);
}

STAGE(a_queue_in_memory_moves_1)
{
	move_from_memory(s, 1);
}

STAGE(a_queue_in_memory_moves_2)
{
	move_from_memory(s, 2);
}

STAGE(a_queue_in_memory_moves_7)
{
	move_from_memory(s, 7);
}

STAGE(a_queue_in_memory_moves_200)
{
	move_from_memory(s, 200);
}

/* Sends n messages as fast as they go, on a port that the test gives it. */
typedef struct Span {
	int first;
	int n;
} Span;

static void writer(PeerCtx *ctx)
{
	const Span *span = ctx->arg;
	mach_port_t hub, port, with = make_receive();
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	set_limit(with, 1024);
	port = take(own, GIVE);
	for (int i = span->first; i < span->first + span->n; i++)
		post_numbered(port, COPY, i, with);
	tell(hub, DONE);
	expect_rights_used(with, span->first, span->n);
	destroy(port);
	destroy(own);
	destroy(with);
	/* Not peer_end(): the port `with` was made before the beginning. */
}

STAGE(a_queue_in_the_socket_moves)
{
	const Span span = {0, 8};
	mach_port_t port = make_send_receive(), to, from;
	Peer *in = stage_spawn_with_port(s, "writer", writer, (void *)&span, &from);
	Peer *out = stage_spawn_with_port(s, "reader", reader, (void *)8, &to);

	give(from, GIVE, port, MAKE);
	hear(s->hub, DONE);
	give(to, GIVE, port, MOVE_RECEIVE);
	hear(s->hub, DONE);
	tell(port, GO);
	harness_expect_exit(in, 0);
	harness_expect_exit(out, 0);
	deallocate(port);
	deallocate(to);
	deallocate(from);
}

STAGE(a_queue_in_both_moves)
{
	const Span early = {0, 8}, late = {10, 7};
	mach_port_t port = make_send_receive(), with = make_receive(), to, from[2];
	Peer *in[2], *out;

	in[0] = stage_spawn_with_port(s, "early", writer, (void *)&early, &from[0]);
	in[1] = stage_spawn_with_port(s, "late", writer, (void *)&late, &from[1]);
	out = stage_spawn_with_port(s, "reader", reader, (void *)17, &to);
	set_limit(port, 100);
	give(from[0], GIVE, port, MAKE);
	hear(s->hub, DONE);
	/* Behind those in the socket: they are pulled over, and count. */
	post_numbered(port, COPY, 8, with);
	post_numbered(port, COPY, 9, with);
	ASSERT_EQ(queued(port), 10);
	give(from[1], GIVE, port, MAKE);
	hear(s->hub, DONE);
	give(to, GIVE, port, MOVE_RECEIVE);
	hear(s->hub, DONE);
	hear(with, 9);
	tell(port, GO);
	for (int i = 0; i < 2; i++) {
		harness_expect_exit(in[i], 0);
		deallocate(from[i]);
	}
	harness_expect_exit(out, 0);
	destroy(with);
	deallocate(port);
	deallocate(to);
}

/* Passes a receive right on without reading from it. */
static void passer(PeerCtx *ctx)
{
	mach_port_t hub, to;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	to = take(own, GO);
	give(to, GIVE, take(own, GIVE), MOVE_RECEIVE);
	deallocate(to);
	destroy(own);
	peer_end();
}

STAGE(an_unread_queue_moves_on_and_on)
{
	mach_port_t port = make_send_receive(), with = make_receive(), via[3], to;
	Peer *peers[3], *out;

	for (int i = 0; i < 3; i++)
		peers[i] = stage_spawn_with_port(s, "passer", passer, NULL, &via[i]);
	out = stage_spawn_with_port(s, "reader", reader, (void *)60, &to);
	set_limit(port, 1024);
	set_limit(with, 1024);
	for (int i = 0; i < 60; i++)
		post_numbered(port, COPY, i, with);
	give(via[0], GO, via[1], COPY);
	give(via[1], GO, via[2], COPY);
	give(via[2], GO, to, COPY);
	give(via[0], GIVE, port, MOVE_RECEIVE);
	expect_rights_used(with, 0, 60);
	hear(s->hub, DONE);
	tell(port, GO);
	for (int i = 0; i < 3; i++) {
		harness_expect_exit(peers[i], 0);
		deallocate(via[i]);
	}
	harness_expect_exit(out, 0);
	destroy(with);
	deallocate(port);
	deallocate(to);
}

/* Senders that notice nothing while the right goes to and fro between two processes. */
#define N_STREAM 1500
#define N_HOP 37

static void streamer(PeerCtx *ctx)
{
	mach_port_t hub, port;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	int base = (int)(uintptr_t)ctx->arg;

	port = take(own, GIVE);
	for (int i = 0; i < N_STREAM; i++)
		tell(port, base + i);
	deallocate(port);
	destroy(own);
	peer_end();
}

typedef struct Streams {
	int next[2];
} Streams;

static bool streams_are_done(const Streams *t)
{
	return t->next[0] == N_STREAM && t->next[1] == N_STREAM;
}

/* Reads some messages; each stream's are in order and without a gap. */
static void streams_read(Streams *t, mach_port_t port, int n)
{
	while (n-- > 0 && !streams_are_done(t)) {
		int id;

		receive_any(port, &received);
		id = received.header.msgh_id;
		ASSERT_EQ(id % 100000, t->next[id / 100000]);
		t->next[id / 100000]++;
	}
}

static void hopper(PeerCtx *ctx)
{
	mach_port_t hub, port;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	Streams streams;

	do {
		peer_recv_bytes(ctx, &streams, sizeof(streams));
		port = take(own, GIVE);
		streams_read(&streams, port, N_HOP);
		peer_send_bytes(ctx, &streams, sizeof(streams));
		give(hub, BACK, port, MOVE_RECEIVE);
	} while (!streams_are_done(&streams));
	destroy(own);
	peer_end();
}

STAGE(senders_do_not_notice_moves)
{
	mach_port_t port = make_receive(), to, from[2];
	Peer *peer = stage_spawn_with_port(s, "hopper", hopper, NULL, &to);
	Streams streams = {{0, 0}};

	for (uintptr_t i = 0; i < 2; i++) {
		(void)stage_spawn_with_port(
			s, "streamer", streamer, (void *)(i * 100000), &from[i]);
		give(from[i], GIVE, port, MAKE);
	}
	while (!streams_are_done(&streams)) {
		streams_read(&streams, port, N_HOP);
		harness_send_bytes(peer, &streams, sizeof(streams));
		give(to, GIVE, port, MOVE_RECEIVE);
		harness_recv_bytes(peer, &streams, sizeof(streams));
		port = take(s->hub, BACK);
	}
	harness_expect_exit(peer, 0);
	destroy(port);
	for (int i = 0; i < 2; i++)
		deallocate(from[i]);
	deallocate(to);
}

/* A thread that waits is sent away, and does not take the next message with it. */
STAGE(a_thread_that_waits_is_sent_away)
{
	mach_port_t port = make_send_receive(), to;
	Peer *peer = stage_spawn_with_port(s, "reader", reader, (void *)1, &to);
	Caller waiting[2] = {CALLER_RECEIVE(&received, port), CALLER_RECEIVE(&received, port)};

	/* So that it waits in the kernel. */
	give(s->hub, BACK, port, COPY);
	ASSERT_EQ(take(s->hub, BACK), port);
	for (int i = 0; i < 2; i++)
		caller_start_blocked(&waiting[i]);
	give(to, GIVE, port, MOVE_RECEIVE);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(caller_join(&waiting[i]), MACH_RCV_PORT_DIED);
	post_numbered(port, COPY, 0, s->hub);
	hear(s->hub, 0);
	hear(s->hub, DONE);
	tell(port, GO);
	harness_expect_exit(peer, 0);
	destroy(port);
	deallocate(to);
}

/* What was sent while the right was on its way. */
STAGE(messages_sent_in_transit_arrive)
{
	mach_port_t port = make_send_receive(), with = make_receive(), to;
	Peer *peer = stage_spawn_with_port(s, "reader", reader, (void *)10, &to);

	post_numbered(port, COPY, 0, with);
	harness_stop(peer);
	give(to, GIVE, port, MOVE_RECEIVE);
	for (int i = 1; i < 10; i++)
		post_numbered(port, COPY, i, with);
	harness_continue(peer);
	expect_rights_used(with, 0, 10);
	hear(s->hub, DONE);
	tell(port, GO);
	harness_expect_exit(peer, 0);
	destroy(with);
	destroy(port);
	deallocate(to);
}

/* Holds send-once rights until it is told what to do with them. */
static void once_holder(PeerCtx *ctx)
{
	mach_port_t hub, once[3];
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	for (int i = 0; i < 3; i++)
		once[i] = take(own, GIVE);
	tell(hub, DONE);
	hear(own, GO);
	ASSERT_EQ(send_empty(once[0], MOVE_ONCE, WORD), MACH_MSG_SUCCESS);
	deallocate(once[1]);
	tell(hub, DONE);
	hear(own, GO);
}

/* Takes a receive right and sees what its send-once rights bring. */
static void once_receiver(PeerCtx *ctx)
{
	mach_port_t hub, port;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	unsigned n_words = 0, n_deaths = 0;

	port = take(own, GIVE);
	tell(hub, ARRIVED);
	for (int i = 0; i < 3; i++) {
		receive_any(port, &received);
		n_words += received.header.msgh_id == WORD;
		n_deaths += received.header.msgh_id == MACH_NOTIFY_SEND_ONCE;
		tell(hub, DONE);
	}
	ASSERT_EQ(n_words, 2);
	ASSERT_EQ(n_deaths, 1);
	await_send_once(port);
	hear_nothing(port);
	destroy(port);
	destroy(own);
	peer_end();
}

STAGE(send_once_rights_find_the_new_owner)
{
	mach_port_t port = make_receive(), mine = make_send_once(port), to, holder_port;
	Peer *holder = stage_spawn_with_port(s, "holder", once_holder, NULL, &holder_port);
	Peer *peer = stage_spawn_with_port(s, "receiver", once_receiver, NULL, &to);

	for (int i = 0; i < 3; i++)
		give(holder_port, GIVE, port, MAKE_ONCE);
	hear(s->hub, DONE);
	give(to, GIVE, port, MOVE_RECEIVE);
	hear(s->hub, ARRIVED);
	tell(holder_port, GO);
	for (int i = 0; i < 3; i++)
		hear(s->hub, DONE); /* the holder's, and what the receiver got of its two */
	ASSERT_EQ(type_of(mine), MACH_PORT_TYPE_SEND_ONCE);
	ASSERT_EQ(send_empty(mine, MOVE_ONCE, WORD), MACH_MSG_SUCCESS);
	hear(s->hub, DONE);
	harness_kill(holder);
	harness_expect_exit(peer, 0);
	deallocate(holder_port);
	deallocate(to);
}

/* The whole chain is in one message: a queue within a queue within a queue. */
static void unpacker(PeerCtx *ctx)
{
	mach_port_t hub, port;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	port = take(own, GIVE);
	for (int i = 0; i < (int)(uintptr_t)ctx->arg; i++) {
		mach_port_t inner;

		hear(port, WORD + i);
		inner = take(port, GIVE);
		hear(port, WORD + i);
		hear_nothing(port);
		destroy(port);
		port = inner;
	}
	tell(hub, DONE);
	hear(port, GO);
	destroy(port);
	destroy(own);
	peer_end();
}

STAGE(queues_within_queues)
{
	const int depth = 12;
	mach_port_t innermost = make_send_receive(), inner = innermost, to;
	Peer *peer = stage_spawn_with_port(s, "unpacker", unpacker, (void *)(uintptr_t)depth, &to);

	for (int i = depth - 1; i >= 0; i--) {
		mach_port_t outer = make_receive();

		post(outer, WORD + i);
		ASSERT_EQ(send_port(outer, inner, MOVE_RECEIVE), MACH_MSG_SUCCESS);
		post(outer, WORD + i);
		inner = outer;
	}
	give(to, GIVE, inner, MOVE_RECEIVE);
	hear(s->hub, DONE);
	tell(innermost, GO);
	harness_expect_exit(peer, 0);
	destroy(innermost);
	deallocate(to);
}

/* Many receive rights at once, each with something in its queue. */
#define N_ARRAY 60

static void array_reader(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	OolPortsMessage *message = (OolPortsMessage *)&received;
	mach_port_t names[N_ARRAY];

	receive_id(own, GIVE, &received);
	ASSERT_EQ(message->ports.count, N_ARRAY);
	ASSERT_EQ(message->ports.disposition, MACH_MSG_TYPE_PORT_RECEIVE);
	memcpy(names, message->ports.address, sizeof(names));
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)message->ports.address, sizeof(names)),
		KERN_SUCCESS);
	for (int i = 0; i < N_ARRAY; i++) {
		hear(names[i], WORD + i);
		hear(names[i], WORD + i + 1);
		destroy(names[i]);
	}
	destroy(own);
	peer_end();
}

STAGE(an_array_of_receive_rights)
{
	mach_port_t to, names[N_ARRAY];
	Peer *peer = stage_spawn_with_port(s, "reader", array_reader, NULL, &to);
	OolPortsMessage message = {
		.header = make_header(to, COPY, MACH_PORT_NULL, 0, GIVE),
		.body = {1},
		.ports = {.address = names,
			.count = N_ARRAY,
			.copy = MACH_MSG_PHYSICAL_COPY,
			.disposition = MOVE_RECEIVE,
			.type = MACH_MSG_OOL_PORTS_DESCRIPTOR},
	};

	for (int i = 0; i < N_ARRAY; i++) {
		names[i] = make_receive();
		post(names[i], WORD + i);
		post(names[i], WORD + i + 1);
	}
	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	message.header.msgh_size = sizeof(message);
	ASSERT_EQ(send_patiently(&message, sizeof(message)), MACH_MSG_SUCCESS);
	harness_expect_exit(peer, 0);
	deallocate(to);
}

/* A move that cannot be made leaves everything as it was. */
static void sleeper(PeerCtx *ctx)
{
	mach_port_t hub;

	(void)peer_begin_with_port(ctx, &hub);
	peer_reach(ctx, "asleep");
}

STAGE(a_move_that_fails_keeps_the_queue)
{
	mach_port_t port = make_send_receive(), with = make_receive(), to;
	Peer *peer = stage_spawn_with_port(s, "sleeper", sleeper, NULL, &to);
	PortMessage message;

	set_limit(port, 100);
	set_limit(with, 100);
	for (int i = 0; i < 40; i++)
		post_numbered(port, COPY, i, with);
	ASSERT_EQ(stuff(to, WORD), kernel_depth());
	for (int round = 0; round < 3; round++) {
		message = make_port_message(to, port, MOVE_RECEIVE);
		message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(COPY, 0);
		ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_TIMED_OUT);
		ASSERT_EQ(message.port.name, port);
		ASSERT_EQ(message.port.disposition, MACH_MSG_TYPE_MOVE_RECEIVE);
		ASSERT_EQ(message.header.msgh_remote_port, to);
		deallocate(to); /* one more reference came back */
	}
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	post_numbered(port, COPY, 40, with);
	for (int i = 0; i < 41; i++)
		read_numbered(port, i);
	expect_rights_used(with, 0, 41);
	harness_wait(s->h, peer, "asleep");
	harness_kill(peer);
	destroy(port);
	destroy(with);
	deallocate(to);
}

/* The right is in somebody's queue and dies there. */
STAGE(a_right_in_the_queue_of_the_dead_is_dead)
{
	mach_port_t port = make_send_receive(), with = make_receive(), deaths = make_receive(), to;
	Peer *peer = stage_spawn_with_port(s, "sleeper", sleeper, NULL, &to);

	request_new(port, MACH_NOTIFY_DEAD_NAME, 0, deaths);
	post_numbered(port, COPY, 5, with);
	give(to, GIVE, port, MOVE_RECEIVE);
	tell(port, WORD);
	harness_wait(s->h, peer, "asleep");
	harness_kill(peer);
	await_send_once(with);
	await_dead_name(deaths, port);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(dead_refs(port), 2);
	drop_dead(port, 2);
	hear_nothing(with);
	hear_nothing(deaths);
	destroy(with);
	destroy(deaths);
	destroy(to);
}

/* Cycles. */

/* Has a receive right, and moves it into the queue of a port that it gets a send right to. */
static void swallower(PeerCtx *ctx)
{
	mach_port_t hub, to, port = make_receive();
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	give(hub, GIVE, port, MAKE);
	to = take(own, GIVE);
	give(to, BACK, port, MOVE_RECEIVE);
	tell(hub, DONE);
	deallocate(to);
	destroy(own);
}

/* n processes have a port each, and each moves it into the queue of the next. Nobody can ever take one
 * of them out again: the send-once right that is in the queue of the first one comes back. */
static void circle(Stage *s, int n)
{
	mach_port_t canary = make_receive(), deaths = make_receive(), ports[4] = {0}, own[4];
	Peer *peers[4];

	for (int i = 0; i < n; i++) {
		peers[i] = stage_spawn_with_port(s, "swallower", swallower, NULL, &own[i]);
		ports[i] = take(s->hub, GIVE);
	}
	request_new(ports[n - 1], MACH_NOTIFY_DEAD_NAME, 0, deaths);
	give(ports[0], GIVE, canary, MAKE_ONCE);
	for (int i = 0; i < n; i++) {
		hear_nothing(canary);
		give(own[i], GIVE, ports[(i + 1) % n], COPY);
		hear(s->hub, DONE);
		deallocate(own[i]);
	}
	await_send_once(canary);
	await_dead_name(deaths, ports[n - 1]);
	for (int i = 0; i < n; i++) {
		EVENTUALLY(try_tell(ports[i], WORD) == MACH_SEND_INVALID_DEST);
		ASSERT_EQ(type_of(ports[i]), MACH_PORT_TYPE_DEAD_NAME);
		destroy(ports[i]);
		harness_expect_exit(peers[i], 0);
	}
	destroy(canary);
	destroy(deaths);
}

STAGE(a_circle_of_two_is_destroyed)
{
	circle(s, 2);
}

STAGE(a_circle_of_three_is_destroyed)
{
	circle(s, 3);
}

STAGE(a_circle_of_four_is_destroyed)
{
	circle(s, 4);
}

STAGE(a_port_in_its_own_queue_is_destroyed)
{
	mach_port_t port, canary = make_receive(), deaths = make_receive(), own;
	Peer *peer = stage_spawn_with_port(s, "swallower", swallower, NULL, &own);

	port = take(s->hub, GIVE);
	request_new(port, MACH_NOTIFY_DEAD_NAME, 0, deaths);
	give(port, GIVE, canary, MAKE_ONCE);
	give(own, GIVE, port, COPY);
	hear(s->hub, DONE);
	await_send_once(canary);
	await_dead_name(deaths, port);
	harness_expect_exit(peer, 0);
	destroy(port);
	destroy(canary);
	destroy(deaths);
	deallocate(own);
}

/* The first one is in this process's memory when the second one leaves with it. */
STAGE(a_circle_through_memory_is_destroyed)
{
	mach_port_t far, near = make_send_receive(), canary = make_receive(), own;
	mach_port_t deaths = make_receive();
	Peer *peer = stage_spawn_with_port(s, "swallower", swallower, NULL, &own);

	far = take(s->hub, GIVE);
	request_new(near, MACH_NOTIFY_DEAD_NAME, 0, deaths);
	ASSERT_EQ(send_port(near, canary, MAKE_ONCE), MACH_MSG_SUCCESS);
	give(own, GIVE, near, COPY);
	hear(s->hub, DONE);
	/* Its queue now holds the receive right of `far`, which is to hold it. */
	give(far, GIVE, near, MOVE_RECEIVE);
	await_send_once(canary);
	await_dead_name(deaths, near);
	ASSERT_EQ(try_tell(near, WORD), MACH_SEND_INVALID_DEST);
	harness_expect_exit(peer, 0);
	destroy(near);
	destroy(far);
	destroy(canary);
	destroy(deaths);
	deallocate(own);
}
