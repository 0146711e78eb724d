/* SPDX-License-Identifier: Apache-2.0 */
/*
 * portcullis_port_fd(): a descriptor that any event loop can wait on says when there is something at a
 * receive right or in a set, wherever it comes from: this process's memory, another process, the
 * death of a right to answer, the library itself. It may speak once too often, but never too seldom,
 * and not for ever.
 */
#include <sys/epoll.h>

#include "tests/integration/integration.h"

enum { GIVE = 1, GO, DONE, PING, TAKE, LEAVE, WORD = 1000 };

static Buffer received;

static int port_fd(mach_port_t name)
{
	int fd = portcullis_port_fd(name);

	ASSERT_FD(fd);
	ASSERT_FD_CLOEXEC(fd);
	ASSERT_GE(fd, 3);
	return fd;
}

static bool readable_within(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n;

	do {
		n = poll(&p, 1, ms);
	} while (n < 0 && errno == EINTR);
	ASSERT_GE(n, 0);
	ASSERT_EQ(p.revents & ~POLLIN, 0);
	return n == 1;
}

/* Something comes, and the descriptor says so. */
static void await_readable(int fd)
{
	if (!readable_within(fd, (int)PATIENCE_MS))
		look_for_the_reason(HARNESS_HERE);
	ASSERT_TRUE(readable_within(fd, 0));
}

/* After one look at a port at which nothing is, the descriptor is silent. */
static void expect_silence(int fd, mach_port_t name)
{
	hear_nothing(name);
	ASSERT_FALSE(readable_within(fd, 0));
}

/* Does what it is told with a port that it was given. */
static void actor(PeerCtx *ctx)
{
	mach_port_t hub, port = MACH_PORT_NULL, reply = MACH_PORT_NULL;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	for (;;) {
		receive_any(own, &received);
		switch (received.header.msgh_id) {
		case GIVE:
			port = received_port(&received);
			continue;
		case GO:
			tell(port, WORD);
			break;
		case PING:
			reply = received.header.msgh_remote_port;
			break;
		case TAKE:
			ASSERT_EQ(send_empty(reply, MOVE_ONCE, PING + WORD), MACH_MSG_SUCCESS);
			break;
		default:
			if (port)
				destroy(port);
			destroy(own);
			return;
		}
	}
}

static Peer *spawn_actor(Stage *s, mach_port_t *ret_port)
{
	return stage_spawn_with_port(s, "actor", actor, NULL, ret_port);
}

STAGE(only_receive_rights_and_sets_have_one)
{
	mach_port_t port = make_send_receive(), once = make_send_once(port),
		    dead = make_dead_name();
	mach_port_t own;
	Peer *peer = spawn_actor(s, &own);
	const mach_port_t names[] = {
		own, once, dead, MACH_PORT_NULL, MACH_PORT_DEAD, make_stale(), 0x12345678, SELF};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		errno = 0;
		ASSERT_EQ(portcullis_port_fd(names[i]), -1);
		ASSERT_EQ(errno, EINVAL);
	}
	deallocate(once);
	await_send_once(port);
	drop_dead(dead, 1);
	destroy(port);
	harness_kill(peer);
	destroy(own);
}

STAGE(messages_in_memory)
{
	mach_port_t port = make_send_receive();
	int fd = port_fd(port);

	expect_silence(fd, port);
	post(port, WORD);
	await_readable(fd);
	post(port, WORD + 1);
	hear(port, WORD);
	await_readable(fd);
	hear(port, WORD + 1);
	expect_silence(fd, port);
	/* There before anybody asked. */
	post(port, WORD);
	close(fd);
	fd = port_fd(port);
	await_readable(fd);
	hear(port, WORD);
	expect_silence(fd, port);
	close(fd);
	destroy(port);
}

STAGE(messages_of_others)
{
	mach_port_t port = make_receive(), own;
	int early = port_fd(port), late; /* before it has a socket, and after */
	Peer *peer = spawn_actor(s, &own);

	give(own, GIVE, port, MAKE);
	late = port_fd(port);
	expect_silence(early, port);
	expect_silence(late, port);
	for (int i = 0; i < 50; i++) {
		tell(own, GO);
		await_readable(i % 2 ? early : late);
		hear(port, WORD);
		expect_silence(early, port);
		expect_silence(late, port);
	}
	tell(own, GO);
	tell(own, GO);
	await_readable(early);
	post(port, WORD); /* pulls the others over */
	for (int i = 0; i < 3; i++) {
		await_readable(early);
		await_readable(late);
		hear(port, WORD);
	}
	expect_silence(early, port);
	expect_silence(late, port);
	close(early);
	tell(own, GO);
	await_readable(late);
	hear(port, WORD);
	tell(own, LEAVE);
	harness_expect_exit(peer, 0);
	close(late);
	destroy(port);
	deallocate(own);
}

static void ask(mach_port_t to, mach_port_t reply)
{
	mach_msg_header_t header = make_header(to, COPY, reply, MAKE_ONCE, PING);

	ASSERT_EQ(send_patiently(&header, sizeof(header)), MACH_MSG_SUCCESS);
}

static void answers(Stage *s, bool is_reply_port)
{
	mach_port_t reply = is_reply_port ? mach_reply_port() : make_receive(), own;
	Peer *peer = spawn_actor(s, &own);
	int fd = port_fd(reply);

	for (int i = 0; i < 5; i++) {
		ask(own, reply);
		expect_silence(fd, reply);
		tell(own, TAKE);
		await_readable(fd);
		hear(reply, PING + WORD);
		expect_silence(fd, reply);
	}
	/* And one that never comes. */
	ask(own, reply);
	expect_silence(fd, reply);
	harness_kill(peer);
	await_readable(fd);
	await_send_once(reply);
	expect_silence(fd, reply);
	close(fd);
	drop_receive(reply);
	destroy(own);
}

STAGE(answers_to_an_ordinary_port)
{
	answers(s, false);
}

STAGE(answers_to_a_reply_port)
{
	answers(s, true);
}

STAGE(notifications)
{
	mach_port_t port = make_receive(), notify = make_receive(), own;
	Peer *peer = spawn_actor(s, &own);
	int fd = port_fd(notify);

	give(own, GIVE, port, MAKE);
	request_new(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	request_new(own, MACH_NOTIFY_DEAD_NAME, 0, notify);
	expect_silence(fd, notify);
	harness_kill(peer);
	for (int i = 0; i < 2; i++) {
		await_readable(fd);
		receive_any(notify, &received);
	}
	expect_silence(fd, notify);
	close(fd);
	destroy(own);
	destroy(port);
	destroy(notify);
}

STAGE(sets)
{
	mach_port_t set = make_set(), ports[3], own[3], reply = mach_reply_port();
	int fd = port_fd(set);

	expect_silence(fd, set);
	for (int i = 0; i < 3; i++) {
		ports[i] = make_send_receive();
		if (i < 2)
			ASSERT_EQ(mach_port_insert_member(SELF, ports[i], set), KERN_SUCCESS);
		(void)spawn_actor(s, &own[i]);
		give(own[i], GIVE, ports[i], MAKE);
	}
	ASSERT_EQ(mach_port_insert_member(SELF, ports[2], set), KERN_SUCCESS);
	ASSERT_EQ(mach_port_insert_member(SELF, reply, set), KERN_SUCCESS);
	expect_silence(fd, set);
	for (int i = 0; i < 30; i++) {
		tell(own[i % 3], GO);
		await_readable(fd);
		receive_id(set, WORD, &received);
		ASSERT_EQ(received.header.msgh_local_port, ports[i % 3]);
		expect_silence(fd, set);
		post(ports[i % 3], WORD + 1);
		await_readable(fd);
		hear(set, WORD + 1);
		ask(own[i % 3], reply);
		expect_silence(fd, set);
		tell(own[i % 3], TAKE);
		await_readable(fd);
		receive_id(set, PING + WORD, &received);
		ASSERT_EQ(received.header.msgh_local_port, reply);
		expect_silence(fd, set);
	}
	/* Who is out of the set is not heard. */
	ASSERT_EQ(mach_port_extract_member(SELF, ports[0], set), KERN_SUCCESS);
	tell(own[0], GO);
	hear(ports[0], WORD);
	tell(own[0], GO);
	expect_silence(fd, set);
	for (int i = 0; i < 3; i++) {
		tell(own[i], LEAVE);
		deallocate(own[i]);
	}
	hear(ports[0], WORD);
	expect_silence(fd, set);
	drop_set(set);
	ASSERT_FALSE(readable_within(fd, 0));
	close(fd);
	for (int i = 0; i < 3; i++)
		destroy(ports[i]);
	drop_receive(reply);
}

/* In another epoll set, edge-triggered and not. */
STAGE(inside_other_event_loops)
{
	mach_port_t ports[2], set = make_set(), own[2];
	int level = ASSERT_SYS(epoll_create1(EPOLL_CLOEXEC));
	int edge = ASSERT_SYS(epoll_create1(EPOLL_CLOEXEC));
	struct epoll_event event;
	int fds[3];

	for (int i = 0; i < 2; i++) {
		ports[i] = make_receive();
		ASSERT_EQ(mach_port_insert_member(SELF, ports[i], set), KERN_SUCCESS);
		(void)spawn_actor(s, &own[i]);
		give(own[i], GIVE, ports[i], MAKE);
		fds[i] = port_fd(ports[i]);
	}
	fds[2] = port_fd(set);
	for (int i = 0; i < 3; i++) {
		event = (struct epoll_event){.events = EPOLLIN, .data.u32 = (uint32_t)i};
		ASSERT_SYS(epoll_ctl(level, EPOLL_CTL_ADD, fds[i], &event));
		event.events |= EPOLLET;
		ASSERT_SYS(epoll_ctl(edge, EPOLL_CTL_ADD, fds[i], &event));
	}
	while (epoll_wait(edge, &event, 1, 0) == 1)
		;
	for (int i = 0; i < 20; i++) {
		struct epoll_event events[3];
		unsigned seen = 0, expected = 4u | 1u << i % 2;

		tell(own[i % 2], GO);
		/* Each edge is told once; both the port's and the set's come. */
		while (seen != expected) {
			ASSERT_EQ(epoll_wait(edge, &event, 1, (int)PATIENCE_MS), 1);
			seen |= 1u << event.data.u32;
		}
		ASSERT_EQ(epoll_wait(level, events, 3, 0), 2);
		hear(i % 3 ? set : ports[i % 2], WORD);
		hear_nothing(set);
		hear_nothing(ports[i % 2]);
		ASSERT_EQ(epoll_wait(level, events, 3, 0), 0);
		while (epoll_wait(edge, &event, 1, 0) == 1)
			;
	}
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	close(level);
	close(edge);
	drop_set(set);
	for (int i = 0; i < 2; i++) {
		tell(own[i], LEAVE);
		deallocate(own[i]);
		destroy(ports[i]);
	}
}

/* When the right is not here any more the descriptor says nothing. */
static void new_home(PeerCtx *ctx)
{
	mach_port_t hub, port;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	int fd;

	port = take(own, TAKE);
	fd = port_fd(port);
	/* Two came along, one in memory and one in the socket. */
	await_readable(fd);
	hear(port, WORD);
	await_readable(fd);
	hear(port, WORD);
	expect_silence(fd, port);
	tell(hub, DONE);
	await_readable(fd);
	tell(hub, DONE);
	hear(own, GO);
	hear(port, WORD);
	expect_silence(fd, port);
	destroy(port);
	ASSERT_FALSE(readable_within(fd, 0));
	close(fd);
	destroy(own);
	peer_end();
}

STAGE(a_right_that_moves_takes_its_readiness_along)
{
	mach_port_t port = make_send_receive(), own, to;
	Peer *peer = spawn_actor(s, &own);
	Peer *home = stage_spawn_with_port(s, "home", new_home, NULL, &to);
	int fd = port_fd(port);

	post(port, WORD);
	give(own, GIVE, port, MAKE);
	tell(own, GO);
	await_readable(fd);
	give(to, TAKE, port, MOVE_RECEIVE);
	ASSERT_FALSE(readable_within(fd, 0));
	hear(s->hub, DONE);
	tell(own, GO);
	hear(s->hub, DONE);
	ASSERT_FALSE(readable_within(fd, 0));
	tell(to, GO);
	harness_expect_exit(home, 0);
	ASSERT_FALSE(readable_within(fd, 0));
	close(fd);
	harness_kill(peer);
	destroy(port);
	destroy(own);
	deallocate(to);
}

STAGE(a_destroyed_port_is_silent)
{
	mach_port_t port = make_send_receive(), own;
	Peer *peer = spawn_actor(s, &own);
	int fd = port_fd(port);

	give(own, GIVE, port, MAKE);
	post(port, WORD);
	await_readable(fd);
	destroy(port);
	ASSERT_FALSE(readable_within(fd, 0));
	close(fd);
	harness_kill(peer);
	destroy(own);
}

STAGE(a_message_that_was_put_back)
{
	mach_port_t port = make_receive(), own;
	Peer *peer = spawn_actor(s, &own);
	int fd = port_fd(port);
	mach_msg_header_t small;

	give(own, GIVE, port, MAKE);
	expect_silence(fd, port);
	tell(own, GO);
	await_readable(fd);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(mach_msg(&small, MACH_RCV_MSG | MACH_RCV_LARGE | MACH_RCV_TIMEOUT, 0, 8,
				  port, 0, MACH_PORT_NULL),
			MACH_RCV_TOO_LARGE);
		ASSERT_TRUE(readable_within(fd, 0));
	}
	hear(port, WORD);
	expect_silence(fd, port);
	close(fd);
	harness_kill(peer);
	destroy(own);
	destroy(port);
}

/* A thread that was already waiting when somebody asked for the descriptor. */
STAGE(threads_that_wait_change_over)
{
	mach_port_t port = make_receive(), own;
	Peer *peer = spawn_actor(s, &own);
	static Buffer buffers[2];
	Caller callers[2] = {CALLER_RECEIVE(&buffers[0], port), CALLER_RECEIVE(&buffers[1], port)};
	int fd;

	give(own, GIVE, port, MAKE);
	caller_start_blocked(&callers[0]);
	caller_start_blocked(&callers[1]);
	fd = port_fd(port);
	tell(own, GO);
	tell(own, GO);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(caller_join(&callers[i]), MACH_MSG_SUCCESS);
		ASSERT_EQ(buffers[i].header.msgh_id, WORD);
	}
	expect_silence(fd, port);
	close(fd);
	harness_kill(peer);
	destroy(own);
	destroy(port);
}

/* A server that sleeps in poll() only. */
#define N_CALLS 400
#define N_CALLERS 3

static void poll_client(PeerCtx *ctx)
{
	mach_port_t hub, service, reply[2] = {mach_reply_port(), make_receive()};
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	service = take(own, GIVE);
	for (int i = 0; i < N_CALLS; i++) {
		ask(service, reply[i % 2]);
		hear(reply[i % 2], PING + WORD);
	}
	tell(service, LEAVE);
	deallocate(service);
	destroy(own);
}

STAGE(a_server_that_polls_misses_nothing)
{
	mach_port_t set = make_set(), ports[2], own;
	int fd = port_fd(set), n_left = 0, n_served = 0, n_in_vain = 0;

	for (int i = 0; i < 2; i++) {
		ports[i] = make_receive();
		ASSERT_EQ(mach_port_insert_member(SELF, ports[i], set), KERN_SUCCESS);
	}
	for (int i = 0; i < N_CALLERS; i++) {
		(void)stage_spawn_with_port(s, "client", poll_client, NULL, &own);
		give(own, GIVE, ports[i % 2], MAKE);
		deallocate(own);
	}
	while (n_left < N_CALLERS) {
		mach_msg_return_t mr;

		await_readable(fd);
		mr = receive_now(set, &received);
		if (mr == MACH_RCV_TIMED_OUT) {
			n_in_vain++;
			continue;
		}
		ASSERT_EQ(mr, MACH_MSG_SUCCESS);
		if (received.header.msgh_id == LEAVE) {
			n_left++;
			continue;
		}
		ASSERT_EQ(send_empty(received.header.msgh_remote_port, MOVE_ONCE, PING + WORD),
			MACH_MSG_SUCCESS);
		n_served++;
	}
	ASSERT_EQ(n_served, N_CALLERS * N_CALLS);
	ASSERT_LE(n_in_vain, n_served);
	expect_silence(fd, set);
	close(fd);
	drop_set(set);
	for (int i = 0; i < 2; i++)
		destroy(ports[i]);
}
