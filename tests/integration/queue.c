/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queues that other processes fill: how much they hold, who waits and who does not, what becomes of
 * those who wait, and that nothing is lost, doubled or out of order on the way.
 */
#include <signal.h>

#include "tests/integration/integration.h"

enum { GIVE = 1, GO, DONE, WORD = 1000 };

static Buffer received;

/* Has a port, of which it reads one message each time that it is told to. */
static void reader(PeerCtx *ctx)
{
	mach_port_t hub, port = make_receive();

	(void)peer_begin_with_port(ctx, &hub);
	give(hub, GIVE, port, MAKE);
	for (;;) {
		peer_reach(ctx, "reading");
		receive_any(port, &received);
		tell(hub, received.header.msgh_id);
		mach_msg_destroy(&received.header);
	}
}

typedef struct Target {
	Peer *peer;
	mach_port_t own, port;
} Target;

static Target target_spawn(Stage *s)
{
	Target t;

	t.peer = stage_spawn_with_port(s, "reader", reader, NULL, &t.own);
	t.port = take(s->hub, GIVE);
	harness_wait(s->h, t.peer, "reading");
	return t;
}

/* It reads one message, which must be that one. */
static void target_reads(Stage *s, Target *t, int id)
{
	harness_release(t->peer);
	hear(s->hub, id);
	harness_wait(s->h, t->peer, "reading");
}

static void target_end(Target *t)
{
	harness_kill(t->peer);
	destroy(t->own);
	destroy(t->port);
}

STAGE(a_queue_holds_what_the_kernel_says)
{
	Target t = target_spawn(s);
	int depth = (int)kernel_depth();
	uint64_t begin;

	ASSERT_EQ(stuff(t.port, WORD), depth);
	begin = now_ms();
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(stuff(t.port, WORD), 0);
	ASSERT_LT(now_ms() - begin, harness_scale_ms(1000)); /* nobody has waited */
	for (int i = 0; i < 5; i++) {
		target_reads(s, &t, WORD + i);
		ASSERT_EQ(stuff(t.port, WORD + depth + i), 1);
	}
	for (int i = 0; i < depth; i++)
		target_reads(s, &t, WORD + 5 + i);
	target_end(&t);
}

STAGE(a_send_waits_as_long_as_it_is_told)
{
	Target t = target_spawn(s);
	mach_msg_header_t header = make_header(t.port, COPY, MACH_PORT_NULL, 0, WORD);
	uint64_t begin;

	(void)stuff(t.port, WORD);
	begin = now_ms();
	ASSERT_EQ(mach_msg(&header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(header), 0,
			  MACH_PORT_NULL, 80, MACH_PORT_NULL),
		MACH_SEND_TIMED_OUT);
	ASSERT_GE(now_ms() - begin, 80);
	ASSERT_EQ(header.msgh_remote_port, t.port);
	ASSERT_EQ(MACH_MSGH_BITS_REMOTE(header.msgh_bits), MACH_MSG_TYPE_MOVE_SEND);
	mach_msg_destroy(&header);
	ASSERT_EQ(send_refs(t.port), 1);
	target_end(&t);
}

/* A send that blocks, in a thread. */
typedef struct Blocked {
	PortMessage message;
	Caller caller;
} Blocked;

static void blocked_start(Blocked *b, mach_port_t to, int id, mach_port_t canary, unsigned timeout)
{
	b->message = make_port_message(to, canary, MAKE_ONCE);
	b->message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(COPY, 0);
	b->message.header.msgh_id = id;
	b->caller = (Caller)CALLER_SEND(&b->message);
	if (timeout > 0) {
		b->caller.options |= MACH_SEND_TIMEOUT;
		b->caller.timeout = timeout;
	}
	caller_start_blocked(&b->caller);
}

STAGE(who_waits_is_served_in_turn)
{
	mach_port_t canary = make_receive();
	Target t = target_spawn(s);
	int depth = (int)stuff(t.port, WORD);
	Blocked b[3];

	for (int i = 0; i < 3; i++)
		blocked_start(&b[i], t.port, WORD + depth + i, canary, i == 1 ? 60000 : 0);
	for (int i = 0; i < depth; i++)
		target_reads(s, &t, WORD + i);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(caller_join(&b[i].caller), MACH_MSG_SUCCESS);
	/* Which of them is first is the kernel's choice. */
	for (int i = 0; i < 3; i++) {
		harness_release(t.peer);
		receive_any(s->hub, &received);
		ASSERT_GE(received.header.msgh_id, WORD + depth);
		await_send_once(canary);
		harness_wait(s->h, t.peer, "reading");
	}
	hear_nothing(canary);
	target_end(&t);
	destroy(canary);
}

static void blocked_and_killed(Stage *s, unsigned timeout)
{
	mach_port_t canary = make_receive();
	Target t = target_spawn(s);
	Blocked b[3];

	(void)stuff(t.port, WORD);
	for (int i = 0; i < 3; i++)
		blocked_start(&b[i], t.port, WORD, canary, timeout);
	hear_nothing(canary);
	harness_kill(t.peer);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(caller_join(&b[i].caller), MACH_MSG_SUCCESS);
		await_send_once(canary);
	}
	ASSERT_EQ(try_tell(t.port, WORD), MACH_SEND_INVALID_DEST);
	hear_nothing(canary);
	destroy(t.port);
	destroy(t.own);
	destroy(canary);
}

STAGE(who_waits_for_the_dead_has_sent)
{
	blocked_and_killed(s, 0);
}

STAGE(who_waits_for_the_dead_with_a_time_out_has_sent)
{
	blocked_and_killed(s, 60000);
}

/* Destroys its port when it is told to, and lives on. */
static void destroyer(PeerCtx *ctx)
{
	mach_port_t hub, port = make_receive();
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	give(hub, GIVE, port, MAKE);
	hear(own, GO);
	destroy(port);
	tell(hub, DONE);
	hear(own, GO);
	destroy(own);
}

STAGE(who_waits_for_a_port_that_is_destroyed_has_sent)
{
	mach_port_t canary = make_receive(), own, port;
	Peer *peer = stage_spawn_with_port(s, "destroyer", destroyer, NULL, &own);
	Blocked b;

	port = take(s->hub, GIVE);
	(void)stuff(port, WORD);
	blocked_start(&b, port, WORD, canary, 0);
	tell(own, GO);
	ASSERT_EQ(caller_join(&b.caller), MACH_MSG_SUCCESS);
	await_send_once(canary);
	hear(s->hub, DONE);
	tell(own, GO);
	harness_expect_exit(peer, 0);
	destroy(canary);
	destroy(port);
	deallocate(own);
}

/* Moves its port away when it is told to. */
static void mover(PeerCtx *ctx)
{
	mach_port_t hub, port = make_receive();
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	give(hub, GIVE, port, MAKE);
	hear(own, GO);
	give(hub, GIVE, port, MOVE_RECEIVE);
	destroy(own);
}

STAGE(who_waits_for_a_port_that_moves_goes_on)
{
	mach_port_t canary = make_receive(), own, port;
	Peer *peer = stage_spawn_with_port(s, "mover", mover, NULL, &own);
	Blocked b[2];
	int depth;

	port = take(s->hub, GIVE);
	depth = (int)stuff(port, WORD);
	blocked_start(&b[0], port, WORD + depth, canary, 0);
	blocked_start(&b[1], port, WORD + depth, canary, 60000);
	tell(own, GO);
	ASSERT_EQ(take(s->hub, GIVE), port);
	harness_expect_exit(peer, 0);
	for (int i = 0; i < depth; i++)
		hear(port, WORD + i);
	hear(port, WORD + depth);
	hear(port, WORD + depth);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(caller_join(&b[i].caller), MACH_MSG_SUCCESS);
		await_send_once(canary);
	}
	hear_nothing(port);
	destroy(canary);
	destroy(port);
	deallocate(own);
}

/* Signals. */
static void on_signal(int number)
{
	(void)number;
}

static void allow_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	ASSERT_SYS(sigaction(SIGUSR1, &action, NULL));
}

STAGE(a_signal_ends_a_send_that_wants_it)
{
	mach_port_t canary = make_receive();
	Target t = target_spawn(s);
	int depth = (int)stuff(t.port, WORD);
	Blocked b[2];

	allow_signals();
	for (int i = 0; i < 2; i++) {
		b[i].message = make_port_message(t.port, canary, MAKE_ONCE);
		b[i].message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(COPY, 0);
		b[i].message.header.msgh_id = WORD + depth;
		b[i].caller = (Caller)CALLER_SEND(&b[i].message);
		b[i].caller.options |= i == 0 ? MACH_SEND_INTERRUPT : 0;
		caller_start_blocked(&b[i].caller);
	}
	ASSERT_OK(pthread_kill(b[0].caller.thread, SIGUSR1));
	ASSERT_OK(pthread_kill(b[1].caller.thread, SIGUSR1));
	ASSERT_EQ(caller_join(&b[0].caller), MACH_SEND_INTERRUPTED);
	/* Everything is in the message again. */
	ASSERT_EQ(b[0].message.header.msgh_remote_port, t.port);
	ASSERT_EQ(type_of(b[0].message.port.name), MACH_PORT_TYPE_SEND_ONCE);
	ASSERT_EQ(b[0].message.port.disposition, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	mach_msg_destroy(&b[0].message.header);
	await_send_once(canary);
	for (int i = 0; i < depth + 1; i++)
		target_reads(s, &t, WORD + i);
	ASSERT_EQ(caller_join(&b[1].caller), MACH_MSG_SUCCESS);
	await_send_once(canary);
	target_end(&t);
	destroy(canary);
}

STAGE(a_signal_ends_a_receive_that_wants_it)
{
	mach_port_t port = make_send_receive();
	static Buffer buffers[2];
	Caller waits[2] = {CALLER_RECEIVE(&buffers[0], port), CALLER_RECEIVE(&buffers[1], port)};
	portcullis_keeper_t keeper;

	/* It has a socket now, so that they wait in the kernel. */
	ASSERT_EQ(portcullis_keeper_create(port, &keeper), KERN_SUCCESS);
	portcullis_keeper_destroy(keeper);
	allow_signals();
	waits[0].options |= MACH_RCV_INTERRUPT;
	for (int i = 0; i < 2; i++)
		caller_start_blocked(&waits[i]);
	for (int i = 0; i < 2; i++)
		ASSERT_OK(pthread_kill(waits[i].thread, SIGUSR1));
	ASSERT_EQ(caller_join(&waits[0]), MACH_RCV_INTERRUPTED);
	post(port, WORD);
	ASSERT_EQ(caller_join(&waits[1]), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffers[1].header.msgh_id, WORD);
	destroy(port);
}

/* Senders that die. */
static void blocking_sender(PeerCtx *ctx)
{
	mach_port_t hub, port;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	port = take(own, GIVE);
	for (int i = 0;; i++)
		ASSERT_EQ(send_patiently(
				  &(mach_msg_header_t){
					  .msgh_bits = MACH_MSGH_BITS(COPY, 0),
					  .msgh_size = sizeof(mach_msg_header_t),
					  .msgh_remote_port = port,
					  .msgh_id = (int)(uintptr_t)ctx->arg + i,
				  },
				  sizeof(mach_msg_header_t)),
			MACH_MSG_SUCCESS);
}

/* Until a process sleeps, as one that waits for room does. */
static void wait_until_stuck(Peer *peer)
{
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)peer_pid(peer));
	for (unsigned seen = 0; seen < 20;) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, line, sizeof(line) - 1);
		const char *state;

		close(fd);
		ASSERT_GT(n, 0);
		line[n] = '\0';
		state = strrchr(line, ')');
		seen = state && state[2] == 'S' ? seen + 1 : 0;
		(void)poll(NULL, 0, 1);
	}
}

STAGE(a_sender_that_is_killed_while_it_waits_leaves_the_queue_whole)
{
	mach_port_t port = make_receive(), own[2];
	Peer *senders[2];
	int next[2] = {0, 0}, depth = (int)kernel_depth();

	for (uintptr_t i = 0; i < 2; i++)
		senders[i] = stage_spawn_with_port(
			s, "sender", blocking_sender, (void *)(i * 1000000), &own[i]);
	give(own[0], GIVE, port, MAKE);
	wait_until_stuck(senders[0]);
	give(own[1], GIVE, port, MAKE);
	wait_until_stuck(senders[1]);
	harness_kill(senders[0]);
	/* What it has sent is there, and then comes the other one for as long as anybody reads. */
	for (int i = 0; i < depth + 200; i++) {
		int id;

		receive_any(port, &received);
		id = received.header.msgh_id;
		ASSERT_EQ(id % 1000000, next[id / 1000000]);
		next[id / 1000000]++;
	}
	ASSERT_EQ(next[0], depth);
	ASSERT_EQ(next[1], 200);
	harness_kill(senders[1]);
	for (int i = 0; i < 2; i++)
		destroy(own[i]);
	destroy(port);
}

/* A hundred thousand messages. */
#define N_SENDERS 4

typedef struct Numbered {
	mach_msg_header_t header;
	uint32_t sender;
	uint32_t number;
	uint32_t size; /* of the text */
	uint32_t sum;
	uint8_t text[2036];
} Numbered;

static uint32_t stream_length; /* for peers that are spawned from here on */

static uint32_t n_messages(void)
{
	/* Sanitizers are slow, and their programs many. */
	if (stream_length == 0)
		stream_length = harness_scale_ms(1) > 1 ? 5000 : 25000;
	return stream_length;
}

static uint32_t fill(Numbered *m, uint32_t sender, uint32_t number)
{
	uint32_t seed = sender * 2654435761u + number * 40503u;

	m->sender = sender;
	m->number = number;
	m->size = number % 7 ? (seed >> 7) % 256 & ~3u : (seed >> 5) % sizeof(m->text) & ~3u;
	m->sum = 0;
	for (uint32_t i = 0; i < m->size; i++) {
		seed = seed * 1664525u + 1013904223u;
		m->text[i] = (uint8_t)(seed >> 24);
		m->sum += m->text[i];
	}
	return (uint32_t)offsetof(Numbered, text) + m->size;
}

static void send_numbered(mach_port_t to, uint32_t sender, uint32_t number)
{
	Numbered m = {.header = make_header(to, COPY, MACH_PORT_NULL, 0, WORD)};

	m.header.msgh_size = fill(&m, sender, number);
	ASSERT_EQ(mach_msg(&m.header, MACH_SEND_MSG, m.header.msgh_size, 0, MACH_PORT_NULL, 0,
			  MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
}

static void numbered_sender(PeerCtx *ctx)
{
	mach_port_t hub, port;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	port = take(own, GIVE);
	for (uint32_t i = 0; i < n_messages(); i++)
		send_numbered(port, (uint32_t)(uintptr_t)ctx->arg, i);
	deallocate(port);
	destroy(own);
	peer_end();
}

static void *local_sender(void *argument)
{
	mach_port_t port = *(mach_port_t *)argument;

	for (uint32_t i = 0; i < n_messages(); i++)
		send_numbered(port, N_SENDERS, i);
	return NULL;
}

static void check_numbered(const Numbered *m, uint32_t next[N_SENDERS + 1])
{
	Numbered expected;

	ASSERT_EQ(m->header.msgh_id, WORD);
	ASSERT_LE(m->sender, N_SENDERS);
	ASSERT_EQ(m->number, next[m->sender]);
	next[m->sender]++;
	ASSERT_EQ(m->header.msgh_size, fill(&expected, m->sender, m->number));
	ASSERT_EQ(m->sum, expected.sum);
	ASSERT_MEMEQ(m->text, expected.text, m->size);
}

static void many_messages(Stage *s, bool local, bool through_a_set)
{
	mach_port_t port = make_send_receive(), set = make_set(), from, own[N_SENDERS];
	uint32_t next[N_SENDERS + 1] = {0};
	uint32_t total = n_messages() * (N_SENDERS + local);
	pthread_t thread;
	static union {
		Numbered m;
		uint8_t room[sizeof(Numbered) + 128];
	} in;

	harness_set_deadline(s->h, 60);
	from = through_a_set ? set : port;
	if (through_a_set)
		ASSERT_EQ(mach_port_insert_member(SELF, port, set), KERN_SUCCESS);
	for (uintptr_t i = 0; i < N_SENDERS; i++) {
		(void)stage_spawn_with_port(s, "sender", numbered_sender, (void *)i, &own[i]);
		give(own[i], GIVE, port, MAKE);
		deallocate(own[i]);
	}
	if (local)
		ASSERT_OK(pthread_create(&thread, NULL, local_sender, &port));
	for (uint32_t i = 0; i < total; i++) {
		ASSERT_EQ(mach_msg(&in.m.header, MACH_RCV_MSG, 0, sizeof(in), from, 0,
				  MACH_PORT_NULL),
			MACH_MSG_SUCCESS);
		check_numbered(&in.m, next);
	}
	if (local)
		ASSERT_OK(pthread_join(thread, NULL));
	hear_nothing(port);
	drop_set(set);
	destroy(port);
}

STAGE(a_hundred_thousand_messages)
{
	many_messages(s, false, false);
}

STAGE(a_hundred_thousand_messages_through_a_set)
{
	many_messages(s, false, true);
}

STAGE(a_hundred_thousand_messages_and_some_of_our_own)
{
	many_messages(s, true, false);
}

/* Limits. */
STAGE(a_local_sender_sees_what_others_have_sent)
{
	mach_port_t port = make_send_receive(), own;
	Peer *peer = stage_spawn_with_port(
		s, "sender", blocking_sender, (void *)(uintptr_t)WORD, &own);

	give(own, GIVE, port, MAKE);
	wait_until_stuck(peer);
	harness_stop(peer);
	ASSERT_EQ(set_qlimit(port, 5), KERN_SUCCESS);
	ASSERT_EQ(send_empty(port, MAKE, WORD * 2), MACH_SEND_TIMED_OUT);
	deallocate(port); /* the right that came back */
	ASSERT_EQ(set_qlimit(port, kernel_depth() + 2), KERN_SUCCESS);
	post(port, WORD * 2);
	post(port, WORD * 2);
	ASSERT_EQ(send_empty(port, MAKE, WORD * 2), MACH_SEND_TIMED_OUT);
	deallocate(port);
	harness_kill(peer);
	for (int i = 0; i < (int)kernel_depth(); i++)
		hear(port, WORD + i);
	hear(port, WORD * 2);
	hear(port, WORD * 2);
	destroy(port);
	destroy(own);
}

/* Answers go in where nothing else does. */
static void answerer(PeerCtx *ctx)
{
	mach_port_t hub, once;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	once = take(own, GIVE);
	ASSERT_EQ(send_empty(once, MOVE_ONCE, WORD * 2), MACH_MSG_SUCCESS);
	tell(hub, DONE);
	destroy(own);
	peer_end();
}

STAGE(a_full_queue_takes_answers)
{
	mach_port_t port = make_receive(), own[2];
	Peer *sender = stage_spawn_with_port(
		s, "sender", blocking_sender, (void *)(uintptr_t)WORD, &own[0]);
	Peer *peer = stage_spawn_with_port(s, "answerer", answerer, NULL, &own[1]);
	bool seen = false;

	give(own[0], GIVE, port, MAKE);
	wait_until_stuck(sender);
	give(own[1], GIVE, port, MAKE_ONCE);
	hear(s->hub, DONE);
	harness_expect_exit(peer, 0);
	harness_kill(sender);
	for (unsigned i = 0; i < kernel_depth() + 1; i++) {
		receive_any(port, &received);
		seen |= received.header.msgh_id == WORD * 2;
	}
	ASSERT_TRUE(seen);
	hear_nothing(port);
	destroy(port);
	destroy(own[0]);
	deallocate(own[1]);
}

/* Whoever has no room for a message leaves it where it was. */
STAGE(a_message_that_is_too_large_stays_first)
{
	mach_port_t port = make_receive(), own;
	Numbered m;
	mach_msg_header_t small[3];

	stream_length = 200;
	(void)stage_spawn_with_port(s, "sender", numbered_sender, (void *)0, &own);
	give(own, GIVE, port, MAKE);
	for (uint32_t i = 0; i < 200; i++) {
		mach_msg_return_t mr = mach_msg(&small[0], MACH_RCV_MSG | MACH_RCV_LARGE, 0,
			sizeof(small[0]) + 8, port, 0, MACH_PORT_NULL);
		uint32_t size = fill(&m, 0, i);
		uint8_t in[sizeof(m) + 64];

		ASSERT_EQ(mr, MACH_RCV_TOO_LARGE);
		ASSERT_EQ(small[0].msgh_size, size);
		ASSERT_EQ(mach_msg((void *)in, MACH_RCV_MSG | MACH_RCV_LARGE, 0, size + 8, port, 0,
				  MACH_PORT_NULL),
			MACH_MSG_SUCCESS);
		ASSERT_EQ(((Numbered *)(void *)in)->number, i);
	}
	hear_nothing(port);
	destroy(port);
	deallocate(own);
}

STAGE(each_member_of_a_set_has_its_turn)
{
	mach_port_t set = make_set(), ports[3], own[3];
	Peer *peers[3];
	unsigned counts[3] = {0}, depth = kernel_depth();

	for (uintptr_t i = 0; i < 3; i++) {
		ports[i] = make_receive();
		ASSERT_EQ(mach_port_insert_member(SELF, ports[i], set), KERN_SUCCESS);
		peers[i] = stage_spawn_with_port(
			s, "sender", blocking_sender, (void *)(i * 1000000), &own[i]);
		give(own[i], GIVE, ports[i], MAKE);
		wait_until_stuck(peers[i]);
		harness_stop(peers[i]);
	}
	for (unsigned i = 0; i < 3 * depth; i++) {
		receive_any(set, &received);
		counts[received.header.msgh_id / 1000000]++;
		for (int k = 0; k < 3; k++)
			ASSERT_LE(counts[k], i / 3 + 2);
	}
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(counts[i], depth);
		harness_kill(peers[i]);
		destroy(ports[i]);
		destroy(own[i]);
	}
	drop_set(set);
}
