/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications about what happens in other processes: that the last sender is gone, that a receiver
 * is gone, that there is room, that a receive right was given up. Whatever way it happens in, and
 * wherever the right is at that moment, there is exactly one.
 */
#include "tests/integration/integration.h"

enum { GIVE = 1, GO, DONE, LOCAL, WORD = 1000 };

static Buffer received;

/* Takes a right and does what it is told with it, until it is told to end. */
enum { DROP = 100, FORWARD, PARK, TALK, LEAVE, COPY_ON, HOME };

static void keeper_of_rights(PeerCtx *ctx)
{
	mach_port_t hub, right = MACH_PORT_NULL, to, park = make_receive();
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	for (;;) {
		receive_any(own, &received);
		switch (received.header.msgh_id) {
		case GIVE:
			right = received_port(&received);
			break;
		case DROP:
			destroy(right);
			break;
		case FORWARD:
			to = received_port(&received);
			give(to, GIVE, right, MOVE);
			deallocate(to);
			break;
		case COPY_ON:
			to = received_port(&received);
			give(to, GIVE, right, COPY);
			deallocate(to);
			break;
		case PARK: /* in a queue in memory */
			ASSERT_EQ(send_port(park, right, MOVE), MACH_MSG_SUCCESS);
			break;
		case TALK:
			tell(right, WORD);
			break;
		case HOME:
			give(right, GIVE, right, COPY);
			break;
		default:
			destroy(own);
			destroy(park);
			return;
		}
		tell(hub, DONE);
	}
}

static Peer *spawn_keeper(Stage *s, mach_port_t *ret_port)
{
	return stage_spawn_with_port(s, "keeper", keeper_of_rights, NULL, ret_port);
}

static void order(Stage *s, mach_port_t peer, int what)
{
	tell(peer, what);
	hear(s->hub, DONE);
}

static void order_with(Stage *s, mach_port_t peer, int what, mach_port_t with, unsigned kind)
{
	give(peer, what, with, kind);
	hear(s->hub, DONE);
}

/* No senders. */

STAGE(no_senders_by_deallocation)
{
	mach_port_t port = make_receive(), notify = make_receive(), a, b;

	(void)spawn_keeper(s, &a);
	(void)spawn_keeper(s, &b);
	order_with(s, a, GIVE, port, MAKE);
	request_new(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	order_with(s, b, GIVE, port, MAKE);
	order(s, a, DROP);
	order(s, b, TALK);
	hear_nothing(notify);
	order(s, b, DROP);
	/* What was sent with a right is a sender until it is received. */
	hear_nothing(notify);
	hear(port, WORD);
	await_no_senders(notify, 2);
	/* It was asked for once, and came once. */
	order_with(s, a, GIVE, port, MAKE);
	order(s, a, DROP);
	hear_nothing(notify);
	request_new(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	await_no_senders(notify, 3);
	tell(a, LEAVE);
	tell(b, LEAVE);
	destroy(port);
	destroy(notify);
	deallocate(a);
	deallocate(b);
}

/* Where the right is when its holder ends. */
typedef enum Place {
	IN_SPACE,
	IN_SOCKET, /* sent, unread */
	IN_MEMORY, /* in a queue that the holder has in memory */
	FORWARDED, /* in the queue of a third process, unread */
	IN_OWN_QUEUE, /* of the port itself */
} Place;

typedef enum End { BY_EXIT, BY_KILL, BY_KILL_STOPPED } End;

static void no_senders_at_the_end(Stage *s, Place place, End end)
{
	mach_port_t port = make_receive(), notify = make_receive(), a, b;
	Peer *holder = spawn_keeper(s, &a), *third = spawn_keeper(s, &b);

	request_new(port, MACH_NOTIFY_NO_SENDERS, 1, notify);
	if (end == BY_KILL_STOPPED || place == IN_SOCKET)
		harness_stop(holder);
	if (place == FORWARDED)
		harness_stop(third);
	give(a, GIVE, port, MAKE);
	if (place != IN_SOCKET)
		hear(s->hub, DONE);
	if (place == IN_MEMORY)
		order(s, a, PARK);
	if (place == FORWARDED)
		order_with(s, a, FORWARD, b, COPY);
	if (place == IN_OWN_QUEUE)
		order(s, a, HOME);
	hear_nothing(notify);
	if (end == BY_EXIT) {
		tell(a, LEAVE);
		harness_expect_exit(holder, 0);
	} else {
		harness_kill(holder);
	}
	if (place == FORWARDED) {
		/* Nothing has changed: the third process may still take it. */
		hear_nothing(notify);
		ASSERT_EQ(status_of(port).mps_nsrequest, 1);
		harness_kill(third);
	} else if (place == IN_OWN_QUEUE) {
		hear_nothing(notify);
		ASSERT_EQ(take(port, GIVE), port);
		hear_nothing(notify);
		deallocate(port);
	}
	await_no_senders(notify, 1);
	hear_nothing(notify);
	if (place != FORWARDED) {
		tell(b, LEAVE);
		harness_expect_exit(third, 0);
	}
	destroy(port);
	destroy(notify);
	destroy(a);
	destroy(b);
}

STAGE(no_senders_when_the_holder_exits)
{
	no_senders_at_the_end(s, IN_SPACE, BY_EXIT);
}

STAGE(no_senders_when_the_holder_is_killed)
{
	no_senders_at_the_end(s, IN_SPACE, BY_KILL);
}

STAGE(no_senders_when_it_is_unread_in_the_holders_socket)
{
	no_senders_at_the_end(s, IN_SOCKET, BY_KILL);
}

STAGE(no_senders_when_it_is_in_the_holders_memory)
{
	no_senders_at_the_end(s, IN_MEMORY, BY_KILL);
}

STAGE(no_senders_when_it_is_in_the_memory_of_one_who_exits)
{
	no_senders_at_the_end(s, IN_MEMORY, BY_EXIT);
}

STAGE(no_senders_when_it_was_forwarded)
{
	no_senders_at_the_end(s, FORWARDED, BY_KILL);
}

STAGE(no_senders_when_it_was_forwarded_by_one_who_exits)
{
	no_senders_at_the_end(s, FORWARDED, BY_EXIT);
}

STAGE(no_senders_when_it_is_in_its_own_queue)
{
	no_senders_at_the_end(s, IN_OWN_QUEUE, BY_KILL);
}

STAGE(make_send_counts_are_exact)
{
	mach_port_t port = make_receive(), notify = make_receive(), a, b;

	(void)spawn_keeper(s, &a);
	(void)spawn_keeper(s, &b);
	for (int i = 0; i < 7; i++)
		order_with(s, a, GIVE, port, MAKE);
	order_with(s, a, COPY_ON, b, COPY); /* GIVE at b, who says DONE too */
	hear(s->hub, DONE);
	ASSERT_EQ(status_of(port).mps_mscount, 7);
	request_new(port, MACH_NOTIFY_NO_SENDERS, 7, notify);
	order(s, a, DROP);
	order(s, b, TALK);
	hear_nothing(notify);
	ASSERT_EQ(mach_port_set_mscount(SELF, port, 40), KERN_SUCCESS);
	order(s, b, DROP);
	hear(port, WORD);
	await_no_senders(notify, 40);
	tell(a, LEAVE);
	tell(b, LEAVE);
	destroy(port);
	destroy(notify);
	deallocate(a);
	deallocate(b);
}

STAGE(a_sync_beyond_the_count_waits_for_the_next_time)
{
	mach_port_t port = make_receive(), notify = make_receive(), a;

	(void)spawn_keeper(s, &a);
	order_with(s, a, GIVE, port, MAKE);
	/* There is a sender, so it is the same as any other request. */
	request_new(port, MACH_NOTIFY_NO_SENDERS, 2, notify);
	hear_nothing(notify);
	order(s, a, DROP);
	await_no_senders(notify, 1);
	/* There is none, and there was none since: it waits. */
	request_new(port, MACH_NOTIFY_NO_SENDERS, 2, notify);
	hear_nothing(notify);
	order_with(s, a, GIVE, port, MAKE);
	order_with(s, a, GIVE, port, MAKE);
	hear_nothing(notify);
	order(s, a, DROP);
	await_no_senders(notify, 3);
	tell(a, LEAVE);
	destroy(port);
	destroy(notify);
	deallocate(a);
}

STAGE(a_right_at_home_is_a_sender_too)
{
	mach_port_t port = make_send_receive(), notify = make_receive(), a;
	Peer *peer = spawn_keeper(s, &a);

	order_with(s, a, GIVE, port, COPY);
	request_new(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	harness_kill(peer);
	destroy(a);
	hear_nothing(notify);
	ASSERT_EQ(mach_ports_register(SELF, (mach_port_t[]){s->hub, port}, 2), KERN_SUCCESS);
	deallocate(port);
	hear_nothing(notify);
	ASSERT_EQ(mach_ports_register(SELF, &s->hub, 1), KERN_SUCCESS);
	await_no_senders(notify, 1);
	destroy(port);
	destroy(notify);
}

#define N_CROWD 12

static void member_of_the_crowd(PeerCtx *ctx)
{
	mach_port_t hub, to, right;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	right = take(own, GIVE);
	to = take(own, GO);
	/* Hand the right round until somebody ends it. */
	for (;;) {
		(void)send_port(to, right, COPY);
		receive_any(own, &received);
		deallocate(received_port(&received));
	}
}

STAGE(no_senders_comes_once_for_a_crowd_that_is_killed)
{
	mach_port_t port = make_receive(), notify = make_receive(), members[N_CROWD];
	Peer *peers[N_CROWD];

	for (int i = 0; i < N_CROWD; i++) {
		peers[i] = stage_spawn_with_port(
			s, "member", member_of_the_crowd, NULL, &members[i]);
		give(members[i], GIVE, port, MAKE);
	}
	request_new(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	for (int i = 0; i < N_CROWD; i++)
		give(members[i], GO, members[(i + 1) % N_CROWD], COPY);
	for (int i = 0; i < N_CROWD; i++) {
		destroy(members[i]);
		hear_nothing(notify);
	}
	for (int i = 0; i < N_CROWD; i++) {
		hear_nothing(notify);
		harness_kill(peers[(i * 5) % N_CROWD]);
	}
	await_no_senders(notify, N_CROWD);
	hear_nothing(notify);
	destroy(port);
	destroy(notify);
}

/* A receive right takes its senders along, and its new owner asks. */
static void new_owner(PeerCtx *ctx)
{
	mach_port_t hub, port, notify = make_receive();
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	port = take(own, GIVE);
	ASSERT_EQ(status_of(port).mps_mscount, 0);
	ASSERT_EQ(status_of(port).mps_nsrequest, 0);
	request_new(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	tell(hub, DONE);
	hear(port, WORD);
	hear_nothing(notify);
	tell(hub, DONE);
	await_no_senders(notify, 0);
	add_sends(port, 1);
	destroy(port);
	destroy(own);
	destroy(notify);
}

STAGE(no_senders_of_a_port_that_has_moved)
{
	mach_port_t port = make_send_receive(), notify = make_receive(), a, b;
	Peer *holder = spawn_keeper(s, &a);
	Peer *owner = stage_spawn_with_port(s, "owner", new_owner, NULL, &b);

	request_new(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	order_with(s, a, GIVE, port, COPY);
	order_with(s, a, GIVE, port, MAKE);
	give(b, GIVE, port, MOVE_RECEIVE);
	/* The request of the old owner ends, and says so. */
	await_send_once(notify);
	hear(s->hub, DONE);
	order(s, a, TALK);
	hear(s->hub, DONE);
	deallocate(port);
	harness_kill(holder);
	harness_expect_exit(owner, 0);
	hear_nothing(notify);
	destroy(notify);
	deallocate(b);
	destroy(a);
}

/* Dead names. */

/* Owns a port of which it gives a send right and, if asked, a send-once right away. */
static void owner(PeerCtx *ctx)
{
	mach_port_t hub, port = make_receive();
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	give(hub, GIVE, port, MAKE);
	give(hub, GIVE, port, MAKE_ONCE);
	for (;;) {
		receive_any(own, &received);
		switch (received.header.msgh_id) {
		case DROP:
			drop_receive(port);
			break;
		case FORWARD: {
			mach_port_t to = received_port(&received);

			give(to, GIVE, port, MOVE_RECEIVE);
			deallocate(to);
			break;
		}
		case LEAVE:
			return;
		}
		tell(hub, DONE);
	}
}

typedef struct Owned {
	Peer *peer;
	mach_port_t own, send, once;
} Owned;

static Owned spawn_owner(Stage *s)
{
	Owned o;

	o.peer = stage_spawn_with_port(s, "owner", owner, NULL, &o.own);
	o.send = take(s->hub, GIVE);
	o.once = take(s->hub, GIVE);
	return o;
}

static void expect_both_dead(const Owned *o, mach_port_t notify, mach_port_t notify_once)
{
	await_dead_name(notify, o->send);
	await_dead_name(notify_once, o->once);
	ASSERT_EQ(type_of(o->send), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(type_of(o->once), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(dead_refs(o->send), 2);
	ASSERT_EQ(dead_refs(o->once), 2);
	hear_nothing(notify);
	hear_nothing(notify_once);
	destroy(o->send);
	destroy(o->once);
	destroy(o->own);
	destroy(notify);
	destroy(notify_once);
}

static void dead_names(Stage *s, End end)
{
	Owned o = spawn_owner(s);
	mach_port_t notify = make_receive(), notify_once = make_receive();

	request_new(o.send, MACH_NOTIFY_DEAD_NAME, 0, notify);
	request_new(o.once, MACH_NOTIFY_DEAD_NAME, 0, notify_once);
	hear_nothing(notify);
	hear_nothing(notify_once);
	if (end == BY_EXIT) {
		tell(o.own, LEAVE);
		harness_expect_exit(o.peer, 0);
	} else {
		if (end == BY_KILL_STOPPED)
			harness_stop(o.peer);
		harness_kill(o.peer);
	}
	expect_both_dead(&o, notify, notify_once);
}

STAGE(dead_names_when_the_owner_exits)
{
	dead_names(s, BY_EXIT);
}

STAGE(dead_names_when_the_owner_is_killed)
{
	dead_names(s, BY_KILL);
}

STAGE(dead_names_when_the_owner_is_stopped_and_killed)
{
	dead_names(s, BY_KILL_STOPPED);
}

STAGE(dead_names_when_the_port_is_destroyed)
{
	Owned o = spawn_owner(s);
	mach_port_t notify = make_receive(), notify_once = make_receive();

	request_new(o.send, MACH_NOTIFY_DEAD_NAME, 0, notify);
	request_new(o.once, MACH_NOTIFY_DEAD_NAME, 0, notify_once);
	order(s, o.own, DROP);
	await_dead_name(notify, o.send);
	tell(o.own, LEAVE);
	harness_expect_exit(o.peer, 0);
	await_dead_name(notify_once, o.once);
	destroy(o.send);
	destroy(o.once);
	deallocate(o.own);
	destroy(notify);
	destroy(notify_once);
}

STAGE(dead_names_are_told_at_once_to_who_asks_late)
{
	Owned o = spawn_owner(s);
	mach_port_t notify = make_receive(), notify_once = make_receive();

	harness_kill(o.peer);
	request_new(o.send, MACH_NOTIFY_DEAD_NAME, 0, notify);
	request_new(o.once, MACH_NOTIFY_DEAD_NAME, 0, notify_once);
	expect_both_dead(&o, notify, notify_once);
}

/* Takes a receive right and keeps it. */
static void taker(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	(void)take(own, GIVE);
	tell(hub, DONE);
	peer_reach(ctx, "taken");
}

STAGE(dead_names_after_moves)
{
	Owned o = spawn_owner(s);
	mach_port_t notify = make_receive(), notify_once = make_receive(), to;
	Peer *next = stage_spawn_with_port(s, "taker", taker, NULL, &to);

	request_new(o.send, MACH_NOTIFY_DEAD_NAME, 0, notify);
	request_new(o.once, MACH_NOTIFY_DEAD_NAME, 0, notify_once);
	give(o.own, FORWARD, to, COPY);
	hear(s->hub, DONE);
	hear(s->hub, DONE);
	harness_kill(o.peer);
	hear_nothing(notify);
	hear_nothing(notify_once);
	harness_wait(s->h, next, "taken");
	harness_kill(next);
	expect_both_dead(&o, notify, notify_once);
	destroy(to);
}

STAGE(dead_names_after_a_visit_at_home)
{
	Owned o = spawn_owner(s);
	mach_port_t notify = make_receive(), notify_once = make_receive(), to;
	Peer *next = stage_spawn_with_port(s, "taker", taker, NULL, &to);

	request_new(o.send, MACH_NOTIFY_DEAD_NAME, 0, notify);
	request_new(o.once, MACH_NOTIFY_DEAD_NAME, 0, notify_once);
	give(o.own, FORWARD, s->hub, COPY);
	ASSERT_EQ(take(s->hub, GIVE), o.send);
	hear(s->hub, DONE);
	harness_kill(o.peer);
	ASSERT_EQ(type_of(o.send) & MACH_PORT_TYPE_ALL_RIGHTS, MACH_PORT_TYPE_SEND_RECEIVE);
	give(to, GIVE, o.send, MOVE_RECEIVE);
	hear(s->hub, DONE);
	hear_nothing(notify);
	hear_nothing(notify_once);
	harness_wait(s->h, next, "taken");
	harness_kill(next);
	expect_both_dead(&o, notify, notify_once);
	destroy(to);
}

STAGE(a_send_once_right_of_ones_own_that_moved_away)
{
	mach_port_t port = make_receive(), once = make_send_once(port), notify = make_receive(), to;
	Peer *next = stage_spawn_with_port(s, "taker", taker, NULL, &to);

	request_new(once, MACH_NOTIFY_DEAD_NAME, 0, notify);
	give(to, GIVE, port, MOVE_RECEIVE);
	hear(s->hub, DONE);
	hear_nothing(notify);
	harness_wait(s->h, next, "taken");
	harness_kill(next);
	await_dead_name(notify, once);
	ASSERT_EQ(dead_refs(once), 2);
	drop_dead(once, 2);
	destroy(notify);
	destroy(to);
}

/* The right to the notification is somebody else's. */
static void told(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	give(hub, GIVE, own, MAKE_ONCE);
	receive_id(own, MACH_NOTIFY_DEAD_NAME, &received);
	/* To us it is a message of the process that asked. */
	ASSERT_EQ(audit_token_to_pid(audit_of(&received)), getppid());
	destroy(own);
	peer_end();
}

STAGE(a_notification_to_somebody_else)
{
	Owned o = spawn_owner(s);
	mach_port_t previous = MACH_PORT_NULL, once, to;
	Peer *peer = stage_spawn_with_port(s, "told", told, NULL, &to);

	once = take(s->hub, GIVE);
	ASSERT_EQ(mach_port_request_notification(
			  SELF, o.send, MACH_NOTIFY_DEAD_NAME, 0, once, MOVE_ONCE, &previous),
		KERN_SUCCESS);
	ASSERT_EQ(previous, MACH_PORT_NULL);
	ASSERT_EQ(type_of(once), MACH_PORT_TYPE_NONE);
	harness_kill(o.peer);
	harness_expect_exit(peer, 0);
	EVENTUALLY(type_of(o.send) == MACH_PORT_TYPE_DEAD_NAME);
	destroy(o.send);
	destroy(o.once);
	destroy(o.own);
	deallocate(to);
}

STAGE(a_request_for_a_port_of_the_dead)
{
	mach_port_t previous = MACH_PORT_NULL, once, to;
	Owned o = spawn_owner(s);
	Peer *peer = stage_spawn_with_port(s, "told", told, NULL, &to);

	/* Whoever was to be told is gone before the event: nothing happens. */
	once = take(s->hub, GIVE);
	harness_kill(peer);
	(void)mach_port_request_notification(
		SELF, o.send, MACH_NOTIFY_DEAD_NAME, 0, once, MOVE_ONCE, &previous);
	harness_kill(o.peer);
	EVENTUALLY(try_tell(o.send, WORD) == MACH_SEND_INVALID_DEST);
	destroy(o.send);
	destroy(o.once);
	destroy(o.own);
	destroy(to);
	if (type_of(once))
		destroy(once);
}

STAGE(port_deleted_when_the_last_reference_goes)
{
	Owned o = spawn_owner(s);
	mach_port_t notify = make_receive();

	request_new(o.send, MACH_NOTIFY_DEAD_NAME, 0, notify);
	deallocate(o.send);
	ASSERT_EQ(await_number(notify, MACH_NOTIFY_PORT_DELETED), o.send);
	request_new(o.once, MACH_NOTIFY_DEAD_NAME, 0, notify);
	deallocate(o.once);
	ASSERT_EQ(await_number(notify, MACH_NOTIFY_PORT_DELETED), o.once);
	harness_kill(o.peer);
	hear_nothing(notify);
	destroy(o.own);
	destroy(notify);
}

/* Send possible. */

/* Reads one message each time it is told to. */
static void slow_reader(PeerCtx *ctx)
{
	mach_port_t hub, port = make_receive();

	(void)peer_begin_with_port(ctx, &hub);
	give(hub, GIVE, port, MAKE);
	for (int i = 0;; i++) {
		peer_reach(ctx, "reading");
		hear(port, WORD + i);
	}
}

typedef struct Slow {
	Peer *peer;
	mach_port_t own, port;
} Slow;

static Slow spawn_slow(Stage *s)
{
	Slow slow;

	slow.peer = stage_spawn_with_port(s, "slow", slow_reader, NULL, &slow.own);
	slow.port = take(s->hub, GIVE);
	harness_wait(s->h, slow.peer, "reading");
	return slow;
}

static void slow_reads(Stage *s, Slow *slow)
{
	harness_release(slow->peer);
	harness_wait(s->h, slow->peer, "reading");
}

static void slow_end(Slow *slow)
{
	harness_kill(slow->peer);
	destroy(slow->own);
	destroy(slow->port);
}

static mach_msg_return_t send_notify(mach_port_t to, int id)
{
	mach_msg_header_t header = make_header(to, COPY, MACH_PORT_NULL, 0, id);
	mach_msg_return_t mr = mach_msg(&header,
		MACH_SEND_MSG | MACH_SEND_TIMEOUT | MACH_SEND_NOTIFY, sizeof(header), 0,
		MACH_PORT_NULL, 0, MACH_PORT_NULL);

	if (mr == MACH_SEND_TIMED_OUT)
		deallocate(to); /* the reference that came back */
	return mr;
}

STAGE(send_possible_after_a_send_that_timed_out)
{
	mach_port_t notify = make_receive();
	Slow slow = spawn_slow(s);
	int n = (int)stuff(slow.port, WORD);

	request_new(slow.port, MACH_NOTIFY_SEND_POSSIBLE, 0, notify);
	slow_reads(s, &slow);
	hear_nothing(notify); /* nobody was turned away since */
	ASSERT_EQ(send_notify(slow.port, WORD + n++), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_notify(slow.port, WORD + n), MACH_SEND_TIMED_OUT);
	hear_nothing(notify);
	slow_reads(s, &slow);
	ASSERT_EQ(await_number(notify, MACH_NOTIFY_SEND_POSSIBLE), slow.port);
	ASSERT_EQ(send_notify(slow.port, WORD + n), MACH_MSG_SUCCESS);
	hear_nothing(notify);
	slow_end(&slow);
	destroy(notify);
}

STAGE(send_possible_at_once)
{
	mach_port_t notify = make_receive();
	Slow slow = spawn_slow(s);

	request_new(slow.port, MACH_NOTIFY_SEND_POSSIBLE, 1, notify);
	ASSERT_EQ(await_number(notify, MACH_NOTIFY_SEND_POSSIBLE), slow.port);
	(void)stuff(slow.port, WORD);
	request_new(slow.port, MACH_NOTIFY_SEND_POSSIBLE, 1, notify);
	hear_nothing(notify);
	slow_reads(s, &slow);
	ASSERT_EQ(await_number(notify, MACH_NOTIFY_SEND_POSSIBLE), slow.port);
	hear_nothing(notify);
	slow_end(&slow);
	destroy(notify);
}

STAGE(send_possible_becomes_dead_name)
{
	mach_port_t notify = make_receive();
	Slow slow = spawn_slow(s);

	(void)stuff(slow.port, WORD);
	request_new(slow.port, MACH_NOTIFY_SEND_POSSIBLE, 0, notify);
	ASSERT_EQ(send_notify(slow.port, WORD), MACH_SEND_TIMED_OUT);
	harness_kill(slow.peer);
	await_dead_name(notify, slow.port);
	hear_nothing(notify);
	destroy(slow.own);
	destroy(slow.port);
	destroy(notify);
}

STAGE(send_possible_is_for_those_who_asked)
{
	Slow slow = spawn_slow(s);

	(void)stuff(slow.port, WORD);
	ASSERT_EQ(send_notify(slow.port, WORD), MACH_SEND_INVALID_NOTIFY);
	slow_end(&slow);
}

/* Port destroyed. */
static void giver_up(PeerCtx *ctx)
{
	mach_port_t hub, once, previous = MACH_PORT_NULL, port = make_receive();
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	once = take(own, GIVE);
	ASSERT_EQ(mach_port_request_notification(
			  SELF, port, MACH_NOTIFY_PORT_DESTROYED, 0, once, MOVE_ONCE, &previous),
		KERN_SUCCESS);
	give(hub, GIVE, port, MAKE);
	tell(hub, DONE);
	hear(own, GO);
	post(port, WORD + 1);
	hear(port, WORD);
	drop_receive(port);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_NONE);
	tell(hub, DONE);
	hear(own, GO);
	destroy(own);
}

STAGE(a_receive_right_that_is_given_up_comes_to_who_asked)
{
	mach_port_t own, port, notify = make_receive();
	Peer *peer = stage_spawn_with_port(s, "giver", giver_up, NULL, &own);
	mach_port_destroyed_notification_t *n = (mach_port_destroyed_notification_t *)&received;

	give(own, GIVE, notify, MAKE_ONCE);
	port = take(s->hub, GIVE);
	hear(s->hub, DONE);
	tell(port, WORD);
	tell(port, WORD + 2);
	hear_nothing(notify);
	tell(own, GO);
	hear(s->hub, DONE);
	tell(port, WORD + 3);
	receive_id(notify, MACH_NOTIFY_PORT_DESTROYED, &received);
	/* Of another process, which the trailer names. */
	ASSERT_EQ(audit_token_to_pid(audit_of(&received)), peer_pid(peer));
	ASSERT_EQ(n->not_port.name, port);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	hear(port, WORD + 2);
	hear(port, WORD + 1);
	hear(port, WORD + 3);
	hear_nothing(port);
	tell(own, GO);
	harness_expect_exit(peer, 0);
	destroy(port);
	destroy(notify);
	deallocate(own);
}

STAGE(a_request_for_port_destroyed_ends_with_its_owner)
{
	mach_port_t own, port, notify = make_receive();
	Peer *peer = stage_spawn_with_port(s, "giver", giver_up, NULL, &own);

	give(own, GIVE, notify, MAKE_ONCE);
	port = take(s->hub, GIVE);
	hear(s->hub, DONE);
	harness_kill(peer);
	await_send_once(notify);
	ASSERT_EQ(try_tell(port, WORD), MACH_SEND_INVALID_DEST);
	hear_nothing(notify);
	destroy(port);
	destroy(notify);
	destroy(own);
}

/* Forgeries. */
typedef struct FakeNotification {
	mach_msg_header_t header;
	NDR_record_t ndr;
	mach_port_name_t name;
} FakeNotification;

static void forger(PeerCtx *ctx)
{
	mach_port_t hub, once;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	once = take(own, GIVE);
	for (int id = MACH_NOTIFY_FIRST; id <= MACH_NOTIFY_LAST; id++) {
		FakeNotification fake = {
			.header = make_header(hub, COPY, MACH_PORT_NULL, 0, id),
			.name = hub,
		};

		fake.header.msgh_size = sizeof(fake);
		ASSERT_EQ(send_patiently(&fake, sizeof(fake)), MACH_MSG_SUCCESS);
	}
	ASSERT_EQ(send_empty(once, MOVE_ONCE, MACH_NOTIFY_SEND_ONCE), MACH_MSG_SUCCESS);
	destroy(own);
	peer_end();
}

STAGE(forged_notifications_have_an_author)
{
	mach_port_t own, target = make_receive();
	Peer *peer = stage_spawn_with_port(s, "forger", forger, NULL, &own);

	give(own, GIVE, target, MAKE_ONCE);
	for (int id = MACH_NOTIFY_FIRST; id <= MACH_NOTIFY_LAST; id++) {
		receive_id(s->hub, id, &received);
		ASSERT_EQ(audit_token_to_pid(audit_of(&received)), peer_pid(peer));
		ASSERT_EQ(MACH_MSGH_BITS_LOCAL(received.header.msgh_bits), MACH_MSG_TYPE_PORT_SEND);
	}
	receive_id(target, MACH_NOTIFY_SEND_ONCE, &received);
	ASSERT_EQ(audit_token_to_pid(audit_of(&received)), peer_pid(peer));
	harness_expect_exit(peer, 0);
	destroy(target);
	deallocate(own);
}
