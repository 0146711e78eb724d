/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rights between two and three processes: what each disposition makes of a name on both sides, names
 * that coalesce whatever way a right took, and rights that are passed on by somebody in between.
 */
#include "tests/integration/integration.h"

enum { GIVE = 1, BACK, GO, DONE, WORD = 1000 };

/* What a peer of these tests does with a right that it gets. */
typedef struct Order {
	mach_port_type_t type; /* of what arrives */
	unsigned disposition; /* as the message says */
} Order;

static Buffer received;

/* Receives a port and how it came. */
static mach_port_t take_as(mach_port_t from, int id, unsigned disposition)
{
	receive_id(from, id, &received);
	ASSERT_EQ(received_kind(&received), disposition);
	return received_port(&received);
}

static void expect_type(mach_port_t name, mach_port_type_t type)
{
	ASSERT_EQ(type_of(name), type);
}

/* A peer that takes one right and keeps it until it is told to go on. */
static void holder(PeerCtx *ctx)
{
	const Order *order = ctx->arg;
	mach_port_t hub, right;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	right = take_as(own, GIVE, order->disposition);
	expect_type(right, order->type);
	tell(hub, DONE);
	hear(own, GO);
	destroy(right);
	destroy(own);
	peer_end();
}

typedef struct Case {
	unsigned sent; /* the disposition */
	Order order;
	mach_port_type_t left; /* what the sender's name is afterwards */
	unsigned send_refs_left;
} Case;

/* The sender's name has a receive right and one send right. */
static void try_case(Stage *s, const Case *c)
{
	mach_port_t port = make_send_receive(), name = port, peer_port;
	Peer *peer = stage_spawn_with_port(s, "holder", holder, (void *)&c->order, &peer_port);

	if (c->sent == MOVE_ONCE)
		name = make_send_once(port);
	give(peer_port, GIVE, name, c->sent);
	hear(s->hub, DONE);
	expect_type(name, c->left);
	if (c->left & MACH_PORT_TYPE_SEND)
		ASSERT_EQ(send_refs(name), c->send_refs_left);
	tell(peer_port, GO);
	harness_expect_exit(peer, 0);
	if (c->order.disposition == MACH_MSG_TYPE_PORT_SEND_ONCE)
		await_send_once(port);
	if (c->sent != MOVE_RECEIVE)
		hear_nothing(port);
	if (type_of(port))
		destroy(port);
	deallocate(peer_port);
}

STAGE(move_send)
{
	const Case c = {
		MOVE, {MACH_PORT_TYPE_SEND, MACH_MSG_TYPE_PORT_SEND}, MACH_PORT_TYPE_RECEIVE, 0};

	try_case(s, &c);
}

STAGE(copy_send)
{
	const Case c = {COPY, {MACH_PORT_TYPE_SEND, MACH_MSG_TYPE_PORT_SEND},
		MACH_PORT_TYPE_SEND_RECEIVE, 1};

	try_case(s, &c);
}

STAGE(make_send)
{
	const Case c = {MAKE, {MACH_PORT_TYPE_SEND, MACH_MSG_TYPE_PORT_SEND},
		MACH_PORT_TYPE_SEND_RECEIVE, 1};

	try_case(s, &c);
}

STAGE(make_send_once)
{
	const Case c = {MAKE_ONCE, {MACH_PORT_TYPE_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND_ONCE},
		MACH_PORT_TYPE_SEND_RECEIVE, 1};

	try_case(s, &c);
}

STAGE(move_send_once)
{
	const Case c = {MOVE_ONCE, {MACH_PORT_TYPE_SEND_ONCE, MACH_MSG_TYPE_PORT_SEND_ONCE},
		MACH_PORT_TYPE_NONE, 0};

	try_case(s, &c);
}

STAGE(move_receive)
{
	/* The peer destroys it: what is left is a dead name. */
	const Case c = {MOVE_RECEIVE, {MACH_PORT_TYPE_RECEIVE, MACH_MSG_TYPE_PORT_RECEIVE},
		MACH_PORT_TYPE_SEND, 1};

	try_case(s, &c);
}

/* A peer that sends back what it gets, twice: once a copy, once the right itself. */
static void mirror(PeerCtx *ctx)
{
	mach_port_t hub, right;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	right = take(own, GIVE);
	expect_type(right, MACH_PORT_TYPE_SEND);
	ASSERT_EQ(send_refs(right), 1);
	give(hub, BACK, right, COPY);
	give(hub, BACK, right, MOVE);
	expect_type(right, MACH_PORT_TYPE_NONE);
	destroy(own);
	peer_end();
}

STAGE(a_send_right_that_comes_home_is_one_name_with_the_receive_right)
{
	mach_port_t port = make_receive(), peer_port;
	Peer *peer = stage_spawn_with_port(s, "mirror", mirror, NULL, &peer_port);

	give(peer_port, GIVE, port, MAKE);
	expect_type(port, MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(take_as(s->hub, BACK, MACH_MSG_TYPE_PORT_SEND), port);
	expect_type(port, MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(send_refs(port), 1);
	ASSERT_EQ(take(s->hub, BACK), port);
	ASSERT_EQ(send_refs(port), 2);
	ASSERT_EQ(status_of(port).mps_mscount, 1);
	harness_expect_exit(peer, 0);
	destroy(port);
	deallocate(peer_port);
}

/* Passes what it gets from the test on to whoever it got before. */
static void relay(PeerCtx *ctx)
{
	mach_port_t hub, to, right;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	to = take(own, GO);
	for (uintptr_t i = 0; i < (uintptr_t)ctx->arg; i++) {
		receive_id(own, GIVE, &received);
		right = received_port(&received);
		give(to, GIVE, right,
			received_kind(&received) == MACH_MSG_TYPE_PORT_SEND_ONCE ? MOVE_ONCE
			: received_kind(&received) == MACH_MSG_TYPE_PORT_RECEIVE ? MOVE_RECEIVE
										 : MOVE);
		expect_type(right, MACH_PORT_TYPE_NONE);
	}
	deallocate(to);
	destroy(own);
	peer_end();
}

/* Gets the same right from the test and from the relay: one name. Then sends to it. */
static void collector(PeerCtx *ctx)
{
	mach_port_t hub, first, second;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	first = take(own, GIVE);
	tell(hub, DONE);
	second = take(own, GIVE);
	ASSERT_EQ(first, second);
	ASSERT_EQ(send_refs(first), 2);
	tell(first, WORD);
	deallocate(first);
	tell(first, WORD + 1);
	deallocate(first);
	expect_type(first, MACH_PORT_TYPE_NONE);
	destroy(own);
	peer_end();
}

STAGE(a_right_from_two_peers_is_one_name)
{
	mach_port_t port = make_receive(), via, to;
	Peer *middle = stage_spawn_with_port(s, "relay", relay, (void *)1, &via);
	Peer *end = stage_spawn_with_port(s, "collector", collector, NULL, &to);

	give(via, GO, to, COPY);
	give(to, GIVE, port, MAKE);
	hear(s->hub, DONE);
	give(via, GIVE, port, MAKE);
	receive_id(port, WORD, &received);
	ASSERT_EQ(audit_token_to_pid(audit_of(&received)), peer_pid(end));
	ASSERT_EQ(MACH_MSGH_BITS_LOCAL(received.header.msgh_bits), MACH_MSG_TYPE_PORT_SEND);
	hear(port, WORD + 1);
	ASSERT_EQ(status_of(port).mps_mscount, 2);
	harness_expect_exit(middle, 0);
	harness_expect_exit(end, 0);
	destroy(port);
	deallocate(via);
	deallocate(to);
}

/* Sends one message to each of two send-once rights. */
static void once_user(PeerCtx *ctx)
{
	mach_port_t hub, first, second;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	first = take_as(own, GIVE, MACH_MSG_TYPE_PORT_SEND_ONCE);
	second = take_as(own, GIVE, MACH_MSG_TYPE_PORT_SEND_ONCE);
	ASSERT_NE(first, second);
	ASSERT_EQ(send_empty(second, MOVE_ONCE, WORD + 2), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_empty(first, MOVE_ONCE, WORD + 1), MACH_MSG_SUCCESS);
	expect_type(first, MACH_PORT_TYPE_NONE);
	expect_type(second, MACH_PORT_TYPE_NONE);
	destroy(own);
	peer_end();
}

STAGE(send_once_rights_are_forwarded_and_never_coalesce)
{
	mach_port_t port = make_receive(), via, to;
	unsigned seen = 0;

	(void)stage_spawn_with_port(s, "relay", relay, (void *)2, &via);
	Peer *end = stage_spawn_with_port(s, "user", once_user, NULL, &to);

	give(via, GO, to, MOVE);
	give(via, GIVE, port, MAKE_ONCE);
	give(via, GIVE, port, MAKE_ONCE);
	for (int i = 0; i < 2; i++) {
		receive_any(port, &received);
		ASSERT_EQ(audit_token_to_pid(audit_of(&received)), peer_pid(end));
		ASSERT_EQ(MACH_MSGH_BITS_LOCAL(received.header.msgh_bits),
			MACH_MSG_TYPE_PORT_SEND_ONCE);
		seen |= 1u << (received.header.msgh_id - WORD);
	}
	ASSERT_EQ(seen, 6);
	harness_expect_exit(end, 0);
	hear_nothing(port);
	destroy(port);
	deallocate(via);
}

/* A server that serves any number of requests with whatever kind of right they bring for answers. */
static void echo(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	for (;;) {
		unsigned kind;

		receive_any(own, &received);
		kind = MACH_MSGH_BITS_REMOTE(received.header.msgh_bits);
		if (received.header.msgh_id == GO)
			break;
		ASSERT_TRUE(MACH_PORT_VALID(received.header.msgh_remote_port));
		expect_type(received.header.msgh_remote_port, kind == MACH_MSG_TYPE_PORT_SEND
								      ? MACH_PORT_TYPE_SEND
								      : MACH_PORT_TYPE_SEND_ONCE);
		ASSERT_EQ(send_empty(received.header.msgh_remote_port,
				  kind == MACH_MSG_TYPE_PORT_SEND ? MOVE : MOVE_ONCE,
				  received.header.msgh_id + WORD),
			MACH_MSG_SUCCESS);
	}
	destroy(own);
	peer_end();
}

STAGE(replies_to_rights_of_every_kind)
{
	static const unsigned kinds[] = {MOVE, COPY, MAKE, MAKE_ONCE, MOVE_ONCE};
	mach_port_t port = make_receive(), to, name;
	Peer *peer = stage_spawn_with_port(s, "echo", echo, NULL, &to);

	for (int i = 0; i < 5; i++) {
		mach_msg_header_t header;
		unsigned kind = kinds[i];

		name = kind == MOVE_ONCE ? make_send_once(port) : port;
		if (kind == MOVE || kind == COPY)
			add_sends(port, 1);
		header = make_header(to, COPY, name, kind, WORD + i);
		ASSERT_EQ(send_message(&header, sizeof(header)), MACH_MSG_SUCCESS);
		receive_id(port, 2 * WORD + i, &received);
		ASSERT_EQ(received.header.msgh_local_port, port);
		ASSERT_EQ(received.header.msgh_remote_port, MACH_PORT_NULL);
		ASSERT_EQ(MACH_MSGH_BITS_LOCAL(received.header.msgh_bits),
			i < 3 ? MACH_MSG_TYPE_PORT_SEND : MACH_MSG_TYPE_PORT_SEND_ONCE);
		if (kind == COPY)
			deallocate(port);
		expect_type(port, MACH_PORT_TYPE_RECEIVE);
	}
	tell(to, GO);
	harness_expect_exit(peer, 0);
	destroy(port);
	deallocate(to);
}

/* Gets send rights first and then the receive right that belongs to them. */
static void heir(PeerCtx *ctx)
{
	mach_port_t hub, send, receive;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	send = take(own, GIVE);
	ASSERT_EQ(take(own, GIVE), send);
	receive = take_as(own, GIVE, MACH_MSG_TYPE_PORT_RECEIVE);
	ASSERT_EQ(send, receive);
	expect_type(send, MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(send_refs(send), 2);
	ASSERT_EQ(status_of(send).mps_mscount, 0);
	tell(send, WORD + 1); /* to itself */
	hear(send, WORD);
	hear(send, WORD + 1);
	give(hub, BACK, send, MOVE_RECEIVE);
	expect_type(send, MACH_PORT_TYPE_SEND);
	tell(send, WORD + 2);
	destroy(send);
	destroy(own);
	peer_end();
}

STAGE(a_receive_right_takes_the_name_of_the_send_rights)
{
	mach_port_t port = make_send_receive(), to;
	Peer *peer = stage_spawn_with_port(s, "heir", heir, NULL, &to);

	give(to, GIVE, port, MAKE);
	give(to, GIVE, port, COPY);
	tell(port, WORD);
	give(to, GIVE, port, MOVE_RECEIVE);
	expect_type(port, MACH_PORT_TYPE_SEND);
	ASSERT_EQ(take_as(s->hub, BACK, MACH_MSG_TYPE_PORT_RECEIVE), port);
	expect_type(port, MACH_PORT_TYPE_SEND_RECEIVE);
	hear(port, WORD + 2);
	harness_expect_exit(peer, 0);
	destroy(port);
	deallocate(to);
}

/* Takes many rights in one message. */
#define N_MANY 300

static void take_many(PeerCtx *ctx)
{
	mach_port_t hub, first;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	OolPortsMessage *message = (OolPortsMessage *)&received;
	mach_port_t *names;

	receive_id(own, GIVE, &received);
	ASSERT_EQ(message->ports.type, MACH_MSG_OOL_PORTS_DESCRIPTOR);
	ASSERT_EQ(message->ports.count, N_MANY);
	ASSERT_EQ(message->ports.disposition, MACH_MSG_TYPE_PORT_SEND);
	names = message->ports.address;
	first = names[0];
	for (int i = 0; i < N_MANY; i++) {
		ASSERT_EQ(names[i] == first, i % 3 == 0);
		if (i % 3 == 1)
			tell(names[i], WORD + i);
		else if (i % 3 == 2)
			ASSERT_EQ(names[i], MACH_PORT_NULL);
	}
	ASSERT_EQ(send_refs(first), N_MANY / 3);
	mach_msg_destroy(&received.header);
	expect_type(first, MACH_PORT_TYPE_NONE);
	destroy(own);
	peer_end();
}

STAGE(an_array_of_rights)
{
	mach_port_t same = make_send_receive(), to, names[N_MANY];
	Peer *peer = stage_spawn_with_port(s, "many", take_many, NULL, &to);
	OolPortsMessage message = {
		.header = make_header(to, COPY, MACH_PORT_NULL, 0, GIVE),
		.body = {1},
		.ports = {.address = names,
			.count = N_MANY,
			.copy = MACH_MSG_PHYSICAL_COPY,
			.disposition = MAKE,
			.type = MACH_MSG_OOL_PORTS_DESCRIPTOR},
	};

	for (int i = 0; i < N_MANY; i++)
		names[i] = i % 3 == 0 ? same : i % 3 == 1 ? make_receive() : MACH_PORT_NULL;
	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	message.header.msgh_size = sizeof(message);
	ASSERT_EQ(send_patiently(&message, sizeof(message)), MACH_MSG_SUCCESS);
	for (int i = 1; i < N_MANY; i += 3) {
		hear(names[i], WORD + i);
		destroy(names[i]);
	}
	harness_expect_exit(peer, 0);
	destroy(same);
	deallocate(to);
}

/* Rights of ports that are dead by the time they arrive. */
static void late(PeerCtx *ctx)
{
	mach_port_t hub, name;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	hear(own, GO);
	for (int i = 0; i < 2; i++) {
		name = take(own, GIVE);
		if (MACH_PORT_VALID(name)) {
			/* Seen at the first use, at the latest. */
			ASSERT_EQ(send_empty(name, i ? MOVE_ONCE : COPY, WORD),
				i ? MACH_MSG_SUCCESS : MACH_SEND_INVALID_DEST);
			if (i == 0) {
				expect_type(name, MACH_PORT_TYPE_DEAD_NAME);
				ASSERT_EQ(dead_refs(name), 1);
				deallocate(name);
			}
		}
	}
	destroy(own);
	peer_end();
}

STAGE(rights_that_die_on_the_way)
{
	mach_port_t port = make_receive(), to;
	Peer *peer = stage_spawn_with_port(s, "late", late, NULL, &to);

	tell(to, GO);
	harness_stop(peer);
	give(to, GIVE, port, MAKE);
	give(to, GIVE, port, MAKE_ONCE);
	destroy(port);
	harness_continue(peer);
	harness_expect_exit(peer, 0);
	deallocate(to);
}

/* A right goes round through four processes and is still the same. */
static void ring(PeerCtx *ctx)
{
	mach_port_t hub, next;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	next = take(own, GO);
	for (int i = 0; i < 25; i++)
		give(next, GIVE, take(own, GIVE), MOVE);
	deallocate(next);
	destroy(own);
	peer_end();
}

STAGE(a_right_goes_round_and_round)
{
	mach_port_t port = make_receive(), nodes[3], begin = make_receive();
	Peer *peers[3];

	for (int i = 0; i < 3; i++)
		peers[i] = stage_spawn_with_port(s, "ring", ring, NULL, &nodes[i]);
	give(nodes[0], GO, nodes[1], COPY);
	give(nodes[1], GO, nodes[2], COPY);
	give(nodes[2], GO, begin, MAKE);
	give(nodes[0], GIVE, port, MAKE);
	for (int i = 0; i < 25; i++) {
		ASSERT_EQ(take(begin, GIVE), port);
		ASSERT_EQ(send_refs(port), 1);
		if (i < 24)
			give(nodes[0], GIVE, port, MOVE);
	}
	ASSERT_EQ(status_of(port).mps_mscount, 1);
	for (int i = 0; i < 3; i++) {
		harness_expect_exit(peers[i], 0);
		deallocate(nodes[i]);
	}
	destroy(port);
	destroy(begin);
}

/* Guards travel with the receive right, and go when it has arrived. */
static void guard_taker(PeerCtx *ctx)
{
	mach_port_t hub, name;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	GuardedMessage *message = (GuardedMessage *)&received;

	ASSERT_EQ(
		receive_with(own, &received, MACH_RCV_GUARDED_DESC, PATIENCE_MS), MACH_MSG_SUCCESS);
	ASSERT_EQ(message->port.type, MACH_MSG_GUARDED_PORT_DESCRIPTOR);
	name = message->port.name;
	ASSERT_EQ(message->port.context, (mach_port_context_t)(uintptr_t)&message->port);
	ASSERT_EQ(mach_port_destroy(SELF, name), KERN_INVALID_RIGHT);
	ASSERT_EQ(mach_port_destruct(SELF, name, 0, 1), KERN_INVALID_ARGUMENT);
	hear(name, WORD);
	hear(name, GO);
	ASSERT_EQ(mach_port_destruct(SELF, name, 0, message->port.context), KERN_SUCCESS);
	destroy(own);
	peer_end();
}

STAGE(a_guarded_port_moves)
{
	mach_port_t port = make_send_receive(), to;
	Peer *peer = stage_spawn_with_port(s, "guard", guard_taker, NULL, &to);
	GuardedMessage message = {
		.header = make_header(to, COPY, MACH_PORT_NULL, 0, GIVE),
		.body = {1},
		.port = {.name = port,
			.context = 0xfeed,
			.flags = MACH_MSG_GUARD_FLAGS_IMMOVABLE_RECEIVE,
			.disposition = MOVE_RECEIVE,
			.type = MACH_MSG_GUARDED_PORT_DESCRIPTOR},
	};

	ASSERT_EQ(mach_port_guard(SELF, port, 0xfeed, 0), KERN_SUCCESS);
	tell(port, WORD);
	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	message.header.msgh_size = sizeof(message);
	ASSERT_EQ(send_patiently(&message, sizeof(message)), MACH_MSG_SUCCESS);
	expect_type(port, MACH_PORT_TYPE_SEND);
	tell(port, GO);
	harness_expect_exit(peer, 0);
	ASSERT_EQ(try_tell(port, WORD), MACH_SEND_INVALID_DEST);
	expect_type(port, MACH_PORT_TYPE_DEAD_NAME);
	deallocate(port);
	deallocate(to);
}

/* Who sends is what the kernel says, in each kind of message. */
static void signer(PeerCtx *ctx)
{
	mach_port_t hub, once;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	once = take(own, GIVE);
	ASSERT_EQ(send_empty(once, MOVE_ONCE, WORD), MACH_MSG_SUCCESS);
	tell(hub, DONE);
	destroy(own);
	peer_end();
}

STAGE(the_audit_trailer_names_the_sender)
{
	mach_port_t port = make_receive(), to;
	Peer *peer = stage_spawn_with_port(s, "signer", signer, NULL, &to);
	audit_token_t token;

	give(to, GIVE, port, MAKE_ONCE);
	receive_id(port, WORD, &received);
	token = audit_of(&received);
	ASSERT_EQ(audit_token_to_pid(token), peer_pid(peer));
	ASSERT_EQ(audit_token_to_euid(token), geteuid());
	receive_id(s->hub, DONE, &received);
	ASSERT_EQ(audit_token_to_pid(audit_of(&received)), peer_pid(peer));
	harness_expect_exit(peer, 0);
	destroy(port);
	deallocate(to);
}
