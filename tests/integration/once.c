/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The send-once guarantee: each send-once right brings forth exactly one message, the one that is
 * sent with it or the notification that it died, wherever it is when its holder is killed.
 *
 * Every case is tried with three kinds of reply right: to an ordinary port, to a reply port that was
 * never used, and to one that has served for a request to the same server before (where there are
 * leases, the second request is on a lease). Run once more with PORTCULLIS_LEASES=0, they all are the
 * general form.
 */
#include <sys/resource.h>

#define INTEGRATION_PROGRAM server_program
static int server_program(int argc, char **argv);

#include "tests/integration/integration.h"

#include <sched.h>

/* Requests. */
enum { ECHO = 100, HOLD, PASS, PARK, DROP, ANSWER };
/* Orders and the rest. */
enum { THIRD = 1, GIVE, DONE, LEAVE };

#define REPLY 1000

static Buffer received;

static void answer(mach_port_t reply, int id)
{
	ASSERT_EQ(send_empty(reply, MOVE_ONCE, id), MACH_MSG_SUCCESS);
}

typedef struct Server {
	mach_port_t hub;
	mach_port_t third;
	mach_port_t held;
	mach_port_t park;
} Server;

static void serve_one(Server *server, int id, mach_port_t reply)
{
	switch (id) {
	case ECHO:
		answer(reply, ECHO + REPLY);
		return;
	case HOLD:
		server->held = reply;
		break;
	case PASS:
		give(server->third, GIVE, reply, MOVE_ONCE);
		break;
	case PARK:
		ASSERT_EQ(send_port(server->park, reply, MOVE_ONCE), MACH_MSG_SUCCESS);
		break;
	case DROP:
		deallocate(reply);
		break;
	case ANSWER:
		answer(server->held, HOLD + REPLY);
		break;
	default:
		FAIL("request %d", id);
	}
	tell(server->hub, DONE);
}

static void serve(mach_port_t hub, mach_port_t own, mach_port_t third)
{
	Server server = {.hub = hub, .park = make_receive(), .third = third};

	for (;;) {
		ASSERT_EQ(
			receive_with(own, &received, 0, harness_scale_ms(60000)), MACH_MSG_SUCCESS);
		if (received.header.msgh_id == LEAVE)
			break;
		if (received.header.msgh_id == THIRD)
			server.third = received_port(&received);
		else
			serve_one(
				&server, received.header.msgh_id, received.header.msgh_remote_port);
	}
	if (server.third)
		deallocate(server.third);
	destroy(server.park);
}

static void server_main(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	serve(hub, own, MACH_PORT_NULL);
	destroy(own);
	peer_end();
}

/* Gets a send-once right, and answers when it is told to. */
static void third_main(PeerCtx *ctx)
{
	mach_port_t hub, right = MACH_PORT_NULL;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	for (;;) {
		receive_any(own, &received);
		if (received.header.msgh_id == GIVE) {
			right = received_port(&received);
			ASSERT_EQ(type_of(right), MACH_PORT_TYPE_SEND_ONCE);
		} else if (received.header.msgh_id == ANSWER) {
			answer(right, PASS + REPLY);
		} else {
			break;
		}
		tell(hub, DONE);
	}
	destroy(own);
	peer_end();
}

typedef enum Kind { ORDINARY, FIRST, SECOND } Kind;

typedef struct Client {
	mach_port_t reply;
	mach_port_t server;
} Client;

static void ask(const Client *client, int id)
{
	mach_msg_header_t header = make_header(client->server, COPY, client->reply, MAKE_ONCE, id);

	ASSERT_EQ(send_patiently(&header, sizeof(header)), MACH_MSG_SUCCESS);
}

static void expect_answer(const Client *client, int id)
{
	receive_id(client->reply, id + REPLY, &received);
	ASSERT_EQ(MACH_MSGH_BITS_LOCAL(received.header.msgh_bits), MACH_MSG_TYPE_PORT_SEND_ONCE);
	ASSERT_NE(audit_token_to_pid(audit_of(&received)), 0);
	hear_nothing(client->reply);
}

static void expect_death(const Client *client)
{
	await_send_once(client->reply);
	hear_nothing(client->reply);
}

static void rpc(const Client *client)
{
	ask(client, ECHO);
	expect_answer(client, ECHO);
}

static Client client_new(mach_port_t server, Kind kind)
{
	Client client = {
		.reply = kind == ORDINARY ? make_receive() : mach_reply_port(),
		.server = server,
	};

	if (kind == SECOND) {
		rpc(&client);
		rpc(&client);
	}
	return client;
}

static void client_end(const Client *client)
{
	hear_nothing(client->reply);
	drop_receive(client->reply);
}

typedef struct Play {
	Stage *s;
	Peer *server, *third;
	mach_port_t server_port, third_port;
	Client client;
} Play;

static Play play_begin(Stage *s, Kind kind)
{
	Play p = {.s = s};

	p.server = stage_spawn_with_port(s, "server", server_main, NULL, &p.server_port);
	p.third = stage_spawn_with_port(s, "third", third_main, NULL, &p.third_port);
	give(p.server_port, THIRD, p.third_port, COPY);
	p.client = client_new(p.server_port, kind);
	return p;
}

/* The reply port is as good as new, whatever has happened. */
static void play_end(Play *p)
{
	mach_port_t again;
	Peer *server = stage_spawn_with_port(p->s, "again", server_main, NULL, &again);
	Client client = {.reply = p->client.reply, .server = again};

	rpc(&client);
	rpc(&client);
	tell(again, LEAVE);
	harness_expect_exit(server, 0);
	client_end(&p->client);
	deallocate(again);
	destroy(p->server_port);
	destroy(p->third_port);
}

static void leave(Peer *peer, mach_port_t port)
{
	tell(port, LEAVE);
	harness_expect_exit(peer, 0);
}

#define EACH_KIND(name, fn)                                                                        \
	STAGE(name##_to_an_ordinary_port)                                                          \
	{                                                                                          \
		fn(s, ORDINARY);                                                                   \
	}                                                                                          \
	STAGE(name##_to_a_fresh_reply_port)                                                        \
	{                                                                                          \
		fn(s, FIRST);                                                                      \
	}                                                                                          \
	STAGE(name##_to_a_used_reply_port)                                                         \
	{                                                                                          \
		fn(s, SECOND);                                                                     \
	}

static void held(Stage *s, Kind kind)
{
	Play p = play_begin(s, kind);

	ask(&p.client, HOLD);
	hear(s->hub, DONE);
	hear_nothing(p.client.reply);
	harness_kill(p.server);
	expect_death(&p.client);
	leave(p.third, p.third_port);
	play_end(&p);
}
EACH_KIND(held_by_the_killed, held)

static void held_and_answered(Stage *s, Kind kind)
{
	Play p = play_begin(s, kind);

	ask(&p.client, HOLD);
	hear(s->hub, DONE);
	hear_nothing(p.client.reply);
	tell(p.server_port, ANSWER);
	expect_answer(&p.client, HOLD);
	hear(s->hub, DONE);
	rpc(&p.client);
	leave(p.server, p.server_port);
	leave(p.third, p.third_port);
	play_end(&p);
}
EACH_KIND(held_and_answered_later, held_and_answered)

static void unread(Stage *s, Kind kind)
{
	Play p = play_begin(s, kind);

	harness_stop(p.server);
	ask(&p.client, HOLD);
	hear_nothing(p.client.reply);
	harness_kill(p.server);
	expect_death(&p.client);
	leave(p.third, p.third_port);
	play_end(&p);
}
EACH_KIND(in_the_socket_of_the_killed, unread)

static void parked(Stage *s, Kind kind)
{
	Play p = play_begin(s, kind);

	ask(&p.client, PARK);
	hear(s->hub, DONE);
	hear_nothing(p.client.reply);
	harness_kill(p.server);
	expect_death(&p.client);
	leave(p.third, p.third_port);
	play_end(&p);
}
EACH_KIND(in_the_memory_of_the_killed, parked)

static void forwarded_and_answered(Stage *s, Kind kind)
{
	Play p = play_begin(s, kind);

	ask(&p.client, PASS);
	hear(s->hub, DONE);
	hear(s->hub, DONE);
	harness_kill(p.server);
	hear_nothing(p.client.reply);
	tell(p.third_port, ANSWER);
	expect_answer(&p.client, PASS);
	hear(s->hub, DONE);
	leave(p.third, p.third_port);
	play_end(&p);
}
EACH_KIND(forwarded_by_the_killed, forwarded_and_answered)

static void forwarded_to_the_killed(Stage *s, Kind kind)
{
	Play p = play_begin(s, kind);

	ask(&p.client, PASS);
	hear(s->hub, DONE);
	hear(s->hub, DONE);
	hear_nothing(p.client.reply);
	harness_kill(p.third);
	expect_death(&p.client);
	rpc(&p.client);
	leave(p.server, p.server_port);
	play_end(&p);
}
EACH_KIND(forwarded_to_the_killed, forwarded_to_the_killed)

static void forwarded_unread(Stage *s, Kind kind)
{
	Play p = play_begin(s, kind);

	harness_stop(p.third);
	ask(&p.client, PASS);
	hear(s->hub, DONE);
	harness_kill(p.server);
	hear_nothing(p.client.reply);
	harness_kill(p.third);
	expect_death(&p.client);
	play_end(&p);
}
EACH_KIND(forwarded_and_unread_when_both_are_killed, forwarded_unread)

/* In the queue of one that is killed before it takes the request with it. */
static void forwarded_unread_then_read(Stage *s, Kind kind)
{
	Play p = play_begin(s, kind);

	harness_stop(p.third);
	ask(&p.client, PASS);
	hear(s->hub, DONE);
	harness_kill(p.server);
	harness_continue(p.third);
	hear(s->hub, DONE);
	tell(p.third_port, ANSWER);
	expect_answer(&p.client, PASS);
	hear(s->hub, DONE);
	leave(p.third, p.third_port);
	play_end(&p);
}
EACH_KIND(forwarded_and_read_after_the_forwarder_was_killed, forwarded_unread_then_read)

static void dropped(Stage *s, Kind kind)
{
	Play p = play_begin(s, kind);

	for (int i = 0; i < 3; i++) {
		ask(&p.client, DROP);
		expect_death(&p.client);
		hear(s->hub, DONE);
		rpc(&p.client);
	}
	leave(p.server, p.server_port);
	leave(p.third, p.third_port);
	play_end(&p);
}
EACH_KIND(dropped_by_the_living, dropped)

static void serve_and_exit(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	serve(hub, own, MACH_PORT_NULL);
}

STAGE(held_by_one_who_exits)
{
	mach_port_t port;
	Peer *server = stage_spawn_with_port(s, "server", serve_and_exit, NULL, &port);
	Client client = client_new(port, SECOND);

	ask(&client, HOLD);
	hear(s->hub, DONE);
	tell(port, LEAVE);
	harness_expect_exit(server, 0);
	expect_death(&client);
	client_end(&client);
	destroy(port);
}

/* With a keeper of the receive right. The test is the supervisor, a peer the client. */

/* Does one request after the other as it is told to, and says what came of it. */
enum { ANSWERED = 500, DIED };

static void kept_client(PeerCtx *ctx)
{
	mach_port_t hub, results;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	Client client = client_new(take(own, GIVE), ORDINARY);

	results = take(own, GIVE);
	if ((Kind)(uintptr_t)ctx->arg != ORDINARY) {
		drop_receive(client.reply);
		client.reply = mach_reply_port();
	}
	for (;;) {
		int id;

		receive_any(own, &received);
		id = received.header.msgh_id;
		if (id == LEAVE)
			break;
		ask(&client, id);
		tell(results, id);
		/* The test knows for how long. */
		ASSERT_EQ(receive_with(
				  client.reply, &received, AUDIT_TRAILER, harness_scale_ms(60000)),
			MACH_MSG_SUCCESS);
		if (audit_token_to_pid(audit_of(&received)) == 0) {
			ASSERT_EQ(received.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
			tell(results, DIED);
		} else {
			ASSERT_EQ(received.header.msgh_id, id + REPLY);
			tell(results, ANSWERED);
		}
		hear_nothing(client.reply);
	}
	client_end(&client);
	destroy(client.server);
	deallocate(results);
	destroy(own);
	peer_end();
}

/* A server that is given its receive right. */
static void kept_server(PeerCtx *ctx)
{
	mach_port_t hub, port, third;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	third = take(own, THIRD);
	port = take(own, GIVE);
	serve(hub, port, third);
	destroy(port);
	destroy(own);
	peer_end();
}

typedef struct Kept {
	Stage *s;
	portcullis_keeper_t keeper;
	mach_port_t port; /* the send right of the test */
	mach_port_t client_port, third_port, results;
	Peer *client, *server, *third;
} Kept;

static void kept_start(Kept *k)
{
	mach_port_t own;

	k->server = stage_spawn_with_port(k->s, "server", kept_server, NULL, &own);
	give(own, THIRD, k->third_port, COPY);
	give(own, GIVE, k->port, MOVE_RECEIVE);
	deallocate(own);
}

static void kept_restart(Kept *k)
{
	mach_port_t name = MACH_PORT_NULL;

	ASSERT_EQ(portcullis_keeper_reclaim(k->keeper, &name), KERN_SUCCESS);
	ASSERT_EQ(name, k->port);
	ASSERT_EQ(portcullis_keeper_reclaim(k->keeper, &name), KERN_RIGHT_EXISTS);
	kept_start(k);
}

static void kept_ask(Kept *k, int id)
{
	tell(k->client_port, id);
	hear(k->results, id);
}

static void kept_rpc(Kept *k)
{
	kept_ask(k, ECHO);
	hear(k->results, ANSWERED);
}

static Kept kept_begin(Stage *s, Kind kind)
{
	Kept k = {.s = s, .port = make_send_receive(), .results = make_receive()};

	ASSERT_EQ(portcullis_keeper_create(k.port, &k.keeper), KERN_SUCCESS);
	k.client = stage_spawn_with_port(
		s, "client", kept_client, (void *)(uintptr_t)kind, &k.client_port);
	k.third = stage_spawn_with_port(s, "third", third_main, NULL, &k.third_port);
	give(k.client_port, GIVE, k.port, COPY);
	give(k.client_port, GIVE, k.results, MAKE);
	kept_start(&k);
	if (kind == SECOND) {
		kept_rpc(&k);
		kept_rpc(&k);
	}
	return k;
}

/* All works on as if nothing had been. */
static void kept_end(Kept *k)
{
	kept_rpc(k);
	kept_rpc(k);
	hear_nothing(k->results);
	leave(k->server, k->port);
	portcullis_keeper_destroy(k->keeper);
	leave(k->client, k->client_port);
	leave(k->third, k->third_port);
	/* The last duplicate is closed on another thread; the harness has the deadline. */
	while (try_tell(k->port, 1) == MACH_MSG_SUCCESS)
		sched_yield();
	ASSERT_EQ(try_tell(k->port, 1), MACH_SEND_INVALID_DEST);
	destroy(k->port);
	destroy(k->results);
	deallocate(k->client_port);
	deallocate(k->third_port);
}

static void kept_unread(Stage *s, Kind kind)
{
	Kept k = kept_begin(s, kind);

	harness_stop(k.server);
	kept_ask(&k, ECHO);
	harness_kill(k.server);
	hear_nothing(k.results);
	kept_restart(&k);
	hear(k.results, ANSWERED);
	kept_end(&k);
}
EACH_KIND(kept_in_the_queue_and_answered_by_the_next_run, kept_unread)

static void kept_unread_twice(Stage *s, Kind kind)
{
	Kept k = kept_begin(s, kind);

	for (int i = 0; i < 4; i++) {
		harness_stop(k.server);
		kept_ask(&k, i % 2 ? ECHO : HOLD);
		for (int run = 0; run < 3; run++) {
			harness_kill(k.server);
			hear_nothing(k.results);
			if (run < 2) {
				mach_port_t name = MACH_PORT_NULL, own;

				/* A run that never reads. */
				ASSERT_EQ(portcullis_keeper_reclaim(k.keeper, &name), KERN_SUCCESS);
				k.server = stage_spawn_with_port(
					s, "server", kept_server, NULL, &own);
				harness_stop(k.server);
				give(own, GIVE, name, MOVE_RECEIVE);
				deallocate(own);
			}
		}
		kept_restart(&k);
		if (i % 2 == 0) {
			hear(s->hub, DONE);
			tell(k.port, ANSWER);
			hear(s->hub, DONE);
		}
		hear(k.results, ANSWERED);
	}
	kept_end(&k);
}
EACH_KIND(kept_through_several_runs, kept_unread_twice)

static void kept_held(Stage *s, Kind kind)
{
	Kept k = kept_begin(s, kind);

	kept_ask(&k, HOLD);
	hear(s->hub, DONE);
	hear_nothing(k.results);
	harness_kill(k.server);
	hear(k.results, DIED);
	kept_restart(&k);
	kept_end(&k);
}
EACH_KIND(kept_and_held_by_the_killed, kept_held)

static void kept_held_by_the_second_run(Stage *s, Kind kind)
{
	Kept k = kept_begin(s, kind);

	/* Sent to the first run, taken by the second, which is killed. */
	harness_stop(k.server);
	kept_ask(&k, HOLD);
	harness_kill(k.server);
	kept_restart(&k);
	hear(s->hub, DONE);
	harness_kill(k.server);
	/* It may take the next run to see that it has never got that request. */
	kept_restart(&k);
	hear(k.results, DIED);
	kept_end(&k);
}
EACH_KIND(kept_and_held_by_the_second_run, kept_held_by_the_second_run)

static void kept_given_up(Stage *s, Kind kind)
{
	Kept k = kept_begin(s, kind);

	harness_stop(k.server);
	kept_ask(&k, ECHO);
	harness_kill(k.server);
	hear_nothing(k.results);
	portcullis_keeper_destroy(k.keeper);
	hear(k.results, DIED);
	leave(k.client, k.client_port);
	leave(k.third, k.third_port);
	destroy(k.port);
	destroy(k.results);
	deallocate(k.client_port);
	deallocate(k.third_port);
}
EACH_KIND(kept_in_the_queue_and_given_up, kept_given_up)

static void kept_forwarded(Stage *s, Kind kind)
{
	Kept k = kept_begin(s, kind);

	kept_ask(&k, PASS);
	hear(s->hub, DONE);
	hear(s->hub, DONE);
	harness_kill(k.server);
	hear_nothing(k.results);
	kept_restart(&k);
	hear_nothing(k.results);
	tell(k.third_port, ANSWER);
	hear(s->hub, DONE);
	hear(k.results, ANSWERED);
	kept_end(&k);
}
EACH_KIND(kept_and_forwarded_by_the_killed, kept_forwarded)

/* The second run forwards what was sent to the first. */
static void kept_forwarded_late(Stage *s, Kind kind)
{
	Kept k = kept_begin(s, kind);

	harness_stop(k.server);
	kept_ask(&k, PASS);
	harness_kill(k.server);
	kept_restart(&k);
	hear(s->hub, DONE);
	hear(s->hub, DONE);
	harness_kill(k.server);
	hear_nothing(k.results);
	harness_kill(k.third);
	destroy(k.third_port);
	k.third = stage_spawn_with_port(s, "third", third_main, NULL, &k.third_port);
	kept_restart(&k);
	hear(k.results, DIED);
	kept_end(&k);
}
EACH_KIND(kept_and_forwarded_by_the_second_run, kept_forwarded_late)

static void kept_sent_between_runs(Stage *s, Kind kind)
{
	Kept k = kept_begin(s, kind);

	harness_kill(k.server);
	kept_ask(&k, ECHO);
	hear_nothing(k.results);
	kept_restart(&k);
	hear(k.results, ANSWERED);
	kept_end(&k);
}
EACH_KIND(kept_and_sent_between_runs, kept_sent_between_runs)

/* Others. */

#define N_MANY 300

static void many_holder(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	for (int i = 0; i < N_MANY; i++)
		hear(own, GIVE + 1000); /* keeps what comes with it */
	tell(hub, DONE);
	peer_reach(ctx, "holding");
}

STAGE(many_rights_of_one_port_die_at_once)
{
	mach_port_t port = make_receive(), to;
	Peer *peer = stage_spawn_with_port(s, "holder", many_holder, NULL, &to);

	for (int i = 0; i < N_MANY; i++) {
		mach_msg_header_t header = make_header(
			to, COPY, port, i % 3 ? MAKE_ONCE : MAKE, GIVE + 1000);

		if (i % 3)
			header.msgh_bits = MACH_MSGH_BITS(COPY, MAKE_ONCE);
		ASSERT_EQ(send_patiently(&header, sizeof(header)), MACH_MSG_SUCCESS);
	}
	hear(s->hub, DONE);
	/* hear() destroys the messages, and the rights in them. */
	for (int i = 0; i < N_MANY; i++)
		if (i % 3)
			await_send_once(port);
	hear_nothing(port);
	harness_wait(s->h, peer, "holding");
	harness_kill(peer);
	destroy(port);
	destroy(to);
}

static void array_holder(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	receive_id(own, GIVE, &received);
	tell(hub, DONE);
	peer_reach(ctx, "holding");
}

STAGE(an_array_of_rights_dies_at_once)
{
	mach_port_t port = make_receive(), to, names[N_MANY];
	Peer *peer = stage_spawn_with_port(s, "holder", array_holder, NULL, &to);
	OolPortsMessage message = {
		.header = make_header(to, COPY, MACH_PORT_NULL, 0, GIVE),
		.body = {1},
		.ports = {.address = names,
			.count = N_MANY,
			.copy = MACH_MSG_PHYSICAL_COPY,
			.disposition = MAKE_ONCE,
			.type = MACH_MSG_OOL_PORTS_DESCRIPTOR},
	};

	for (int i = 0; i < N_MANY; i++)
		names[i] = port;
	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	message.header.msgh_size = sizeof(message);
	ASSERT_EQ(send_patiently(&message, sizeof(message)), MACH_MSG_SUCCESS);
	hear(s->hub, DONE);
	harness_wait(s->h, peer, "holding");
	hear_nothing(port);
	harness_kill(peer);
	for (int i = 0; i < N_MANY; i++)
		await_send_once(port);
	hear_nothing(port);
	destroy(port);
	destroy(to);
}

/* The message itself cannot be delivered. */
STAGE(in_a_message_to_the_dead)
{
	mach_port_t port = make_receive(), to;
	Peer *peer = stage_spawn_with_port(s, "holder", array_holder, NULL, &to);
	mach_msg_header_t header;

	harness_kill(peer);
	/* Seen before anything was taken: the rights are where they were. */
	header = make_header(to, COPY, port, MAKE_ONCE, GIVE);
	ASSERT_EQ(send_patiently(&header, sizeof(header)), MACH_SEND_INVALID_DEST);
	hear_nothing(port);
	destroy(port);
	destroy(to);
}

STAGE(in_a_message_that_waits_while_the_port_dies)
{
	mach_port_t port = make_receive(), to;
	Peer *peer = stage_spawn_with_port(s, "holder", array_holder, NULL, &to);
	PortMessage message;
	Caller caller = CALLER_SEND(&message);

	harness_stop(peer);
	ASSERT_EQ(stuff(to, 1), kernel_depth());
	message = make_port_message(to, port, MAKE_ONCE);
	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(COPY, 0);
	caller_start_blocked(&caller);
	hear_nothing(port);
	harness_kill(peer);
	ASSERT_EQ(caller_join(&caller), MACH_MSG_SUCCESS);
	await_send_once(port);
	hear_nothing(port);
	destroy(port);
	destroy(to);
}

/* Replies to those who have gone, or want them no more. */
static void one_request(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	Client client = client_new(take(own, GIVE), (Kind)(uintptr_t)ctx->arg);

	ask(&client, HOLD);
	peer_reach(ctx, "asked");
	drop_receive(client.reply);
	peer_reach(ctx, "forgotten");
	client.reply = mach_reply_port();
	rpc(&client);
	rpc(&client);
	client_end(&client);
	deallocate(client.server);
	destroy(own);
	peer_end();
}

static void answer_to_the_deaf(Stage *s, Kind kind, bool kill_it)
{
	mach_port_t server_port, own;
	Peer *server = stage_spawn_with_port(s, "server", server_main, NULL, &server_port);
	Peer *peer = stage_spawn_with_port(s, "client", one_request, (void *)(uintptr_t)kind, &own);

	give(own, GIVE, server_port, COPY);
	hear(s->hub, DONE);
	harness_wait(s->h, peer, "asked");
	if (kill_it) {
		harness_kill(peer);
	} else {
		harness_release(peer);
		harness_wait(s->h, peer, "forgotten");
	}
	/* The server asserts that its send is a success. */
	tell(server_port, ANSWER);
	hear(s->hub, DONE);
	if (!kill_it) {
		harness_release(peer);
		harness_expect_exit(peer, 0);
	}
	leave(server, server_port);
	destroy(own);
	destroy(server_port);
}

static void answer_to_the_killed(Stage *s, Kind kind)
{
	answer_to_the_deaf(s, kind, true);
}
EACH_KIND(answered_to_the_killed, answer_to_the_killed)

static void answer_to_a_destroyed_port(Stage *s, Kind kind)
{
	answer_to_the_deaf(s, kind, false);
}
EACH_KIND(answered_to_a_destroyed_port, answer_to_a_destroyed_port)

/* A server that can keep fewer leases than it has clients serves all of them. */
static int server_program(int argc, char **argv)
{
	mach_port_t own = make_receive(), hub = hub_find();
	struct rlimit limit;

	ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	ASSERT_EQ(limit.rlim_max, 600);
	(void)argc;
	(void)argv;
	give(hub, HELLO, own, MAKE);
	serve(hub, own, MACH_PORT_NULL);
	return 0;
}

STAGE(more_clients_than_leases)
{
	const char *argv[] = {
		"sh", "-c", "ulimit -n 600 && exec \"$0\" --program", own_path(), NULL};
	Peer *peer = peer_spawn_exec(s->h, "server", argv);
	mach_port_t port = take(s->hub, HELLO);
	Client clients[120];

	for (int i = 0; i < 120; i++)
		clients[i] = client_new(port, FIRST);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 120; i++)
			rpc(&clients[i]);
	for (int i = 0; i < 120; i++) {
		ask(&clients[i], DROP);
		expect_death(&clients[i]);
		hear(s->hub, DONE);
	}
	tell(port, LEAVE);
	harness_expect_exit(peer, 0);
	for (int i = 0; i < 120; i++)
		client_end(&clients[i]);
	destroy(port);
}
