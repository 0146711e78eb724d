/* SPDX-License-Identifier: Apache-2.0 */
/* The server's side of leases; the client is raw sockets. */
#include "port/carrier.h"
#include "port/connect.h"
#include "port/lease_server.h"
#include "port/takeover.h"
#include "port/test-lease.h"
#include "port/test-support.h"

typedef struct Server {
	PortName name;
	Port *port;
	int sock; /* the client's, connected */
	int end; /* of the client */
} Server;

static Server server_begin(void)
{
	Server s = {.end = -EBADF};

	s.name = make_receive(&s.port);
	ASSERT_OK(LOCKED(backing_make(s.port)));
	ASSERT_OK(connect_dgram(s.port->backing->addr, true, &s.sock));
	return s;
}

static void server_end(Server *s)
{
	if (type_of(s->name))
		drop(s->name);
	close(s->sock);
	fd_close(s->end);
}

static void request(Server *s, uint16_t flags, uint64_t id, uint64_t seq)
{
	WireHeader h = {
		.type = WIRE_MESSAGE, .flags = flags, .id = 9, .lease_id = id, .lease_seq = seq};
	WireRecord record = {.kind = WIRE_SEND_ONCE, .n_fds = 1};
	struct iovec iov[2] = {{&h, sizeof(h)}, {&record, sizeof(record)}};
	FdList fds = FDLIST_INIT;
	int pair[2];

	h.magic = WIRE_MAGIC;
	h.version = WIRE_VERSION;
	memcpy(h.secret, s->port->backing->ident.secret, sizeof(h.secret));
	if (flags & WIRE_F_REPLY) {
		ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
		ASSERT_OK(fdlist_add_consume(&fds, pair[1]));
		fd_close(s->end);
		s->end = pair[0];
		h.n_records = 1;
	}
	ASSERT_OK(sockmsg_send(s->sock, iov, flags & WIRE_F_REPLY ? 2 : 1, &fds, MSG_DONTWAIT));
	fdlist_deinit(&fds);
}

/* The program receives a request: the name of its reply right. */
static PortName take(Server *s)
{
	struct {
		mach_msg_header_t header;
		uint8_t rest[256];
	} msg;

	ASSERT_OK(mach_msg(
		&msg.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(msg), s->name, 0, 0));
	ASSERT_EQ(msg.header.msgh_id, 9);
	ASSERT_EQ(type_of(msg.header.msgh_remote_port), ENTRY_SEND_ONCE);
	return msg.header.msgh_remote_port;
}

static void reply(PortName once)
{
	mach_msg_header_t msg = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
		.msgh_remote_port = once,
		.msgh_id = 10};

	ASSERT_OK(mach_msg(&msg, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg), 0, 0, 0, 0));
}

static void expect(Server *s, WireType type, uint64_t seq)
{
	Datagram d;

	ASSERT_TRUE(read_datagram(s->end, &d));
	ASSERT_EQ(d.h.type, type);
	ASSERT_EQ(d.h.lease_seq, seq);
	if (type == WIRE_MESSAGE)
		ASSERT_EQ(d.h.flags, WIRE_F_ONCE | WIRE_F_OFFER);
	fd_close(d.fd);
}

PORT_TEST(a_pair_is_kept_as_lease)
{
	Server s = server_begin();

	request(&s, WIRE_F_REPLY | WIRE_F_OFFER, 111, 1);
	reply(take(&s));
	expect(&s, WIRE_MESSAGE, 1);
	ASSERT_EQ(s.port->extra->n_leases, 1);
	for (uint64_t seq = 2; seq < 5; seq++) {
		request(&s, WIRE_F_LEASE, 111, seq);
		reply(take(&s));
		expect(&s, WIRE_MESSAGE, seq);
		ASSERT_IN_ORDER();
	}
	/* A number that was used is not used again. */
	request(&s, WIRE_F_LEASE, 111, 4);
	ASSERT_EQ(receive_id(s.name), 0);
	ASSERT_EQ(s.port->extra->dropped, 1);
	server_end(&s);
}

PORT_TEST(without_an_offer_the_pair_is_used_once)
{
	Server s = server_begin();
	Datagram d;

	request(&s, WIRE_F_REPLY, 0, 0);
	reply(take(&s));
	ASSERT_TRUE(read_datagram(s.end, &d));
	ASSERT_EQ(d.h.flags, WIRE_F_ONCE);
	ASSERT_TRUE(has_ended(s.end));
	/* An offer under a number that is taken is not kept. */
	request(&s, WIRE_F_REPLY | WIRE_F_OFFER, 111, 1);
	reply(take(&s));
	request(&s, WIRE_F_REPLY | WIRE_F_OFFER, 111, 1);
	reply(take(&s));
	ASSERT_TRUE(read_datagram(s.end, &d));
	ASSERT_EQ(d.h.flags, WIRE_F_ONCE);
	ASSERT_TRUE(has_ended(s.end));
	server_end(&s);
}

PORT_TEST(rights_on_a_lease_die)
{
	Server s = server_begin();
	PortName once;

	request(&s, WIRE_F_REPLY | WIRE_F_OFFER, 111, 1);
	drop(take(&s));
	expect(&s, WIRE_DIED, 1);
	request(&s, WIRE_F_LEASE, 111, 2);
	once = take(&s);
	/* The client is gone: seen by whoever looks. */
	s.end = fd_close(s.end);
	ASSERT_TRUE(LOCKED(once_is_dead(space_find_raw(once)->once)));
	reply(once);
	server_end(&s);
}

PORT_TEST(rights_on_a_lease_move_on)
{
	Server s = server_begin();
	PortName once;
	Right right;
	Datagram d;

	request(&s, WIRE_F_REPLY | WIRE_F_OFFER, 111, 1);
	once = take(&s);
	ASSERT_OK(LOCKED(right_copyin(once, MACH_MSG_TYPE_MOVE_SEND_ONCE, &right)));
	ASSERT_EQ(right.once->kind, ONCE_LEASE);
	ASSERT_OK(LOCKED(once_make_pair(right.once)));
	ASSERT_EQ(right.once->kind, ONCE_PAIR);
	ASSERT_TRUE(read_datagram(s.end, &d));
	ASSERT_EQ(d.h.type, WIRE_MOVED);
	ASSERT_GE(d.fd, 0);
	LOCKED_DO(right_drop(&right));
	d.fd = ASSERT_FD(carrier_accept_consume(d.fd));
	ASSERT_TRUE(has_ended(d.fd));
	close(d.fd);
	server_end(&s);
}

static void queue_takeover(Server *s, uint64_t id, uint64_t old_id, uint64_t seq)
{
	WireHeader h = {.magic = WIRE_MAGIC,
		.version = WIRE_VERSION,
		.type = WIRE_TAKEOVER,
		.tail_size = sizeof(old_id),
		.lease_id = id,
		.lease_seq = seq};
	struct iovec iov[2] = {{&h, sizeof(h)}, {&old_id, sizeof(old_id)}};
	FdList fds = FDLIST_INIT;
	int pair[2];

	memcpy(h.secret, s->port->backing->ident.secret, sizeof(h.secret));
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	ASSERT_OK(fdlist_add_consume(&fds, pair[1]));
	fd_close(s->end);
	s->end = pair[0];
	ASSERT_OK(sockmsg_send(s->sock, iov, 2, &fds, MSG_DONTWAIT));
	fdlist_deinit(&fds);
}

static void takeover(Server *s, uint64_t id, uint64_t old_id, uint64_t seq)
{
	queue_takeover(s, id, old_id, seq);
	ASSERT_EQ(receive_id(s->name), 0);
}

/* A request that was sent to the service's last run, and is answered before its client has come. */
PORT_TEST(an_answer_is_parked)
{
	Server s = server_begin();

	request(&s, WIRE_F_LEASE, 222, 7);
	reply(take(&s));
	ASSERT_IN_ORDER();
	takeover(&s, 333, 222, 7);
	expect(&s, WIRE_MESSAGE, 7);
	/* From then on it is a lease as any other. */
	request(&s, WIRE_F_LEASE, 333, 8);
	reply(take(&s));
	expect(&s, WIRE_MESSAGE, 8);
	server_end(&s);
}

PORT_TEST(an_answer_comes_after_the_client)
{
	Server s = server_begin();
	PortName once;

	request(&s, WIRE_F_LEASE, 222, 7);
	once = take(&s);
	takeover(&s, 333, 222, 7);
	reply(once);
	expect(&s, WIRE_MESSAGE, 7);
	server_end(&s);
}

PORT_TEST(a_death_is_parked)
{
	Server s = server_begin();

	request(&s, WIRE_F_LEASE, 222, 7);
	drop(take(&s));
	takeover(&s, 333, 222, 7);
	expect(&s, WIRE_DIED, 7);
	server_end(&s);
}

PORT_TEST(a_move_is_parked)
{
	Server s = server_begin();
	PortName once;
	Right right;

	request(&s, WIRE_F_LEASE, 222, 7);
	once = take(&s);
	ASSERT_OK(LOCKED(right_copyin(once, MACH_MSG_TYPE_MOVE_SEND_ONCE, &right)));
	ASSERT_OK(LOCKED(once_make_pair(right.once)));
	takeover(&s, 333, 222, 7);
	expect(&s, WIRE_MOVED, 7);
	LOCKED_DO(right_drop(&right));
	server_end(&s);
}

/* The TAKEOVER is received at last. */
static void expect_foreseen(Server *s)
{
	ASSERT_EQ(receive_id(s->name), 0);
	ASSERT_EQ(s->port->extra->dropped, 0);
	ASSERT_IN_ORDER();
	ASSERT_EQ(recv(s->end, &(char){0}, 1, MSG_DONTWAIT), -1);
	ASSERT_EQ(errno, EAGAIN);
}

PORT_TEST(an_answer_finds_its_client_in_the_queue)
{
	static const char longer[500];
	Server s = server_begin();
	PortName once;

	request(&s, WIRE_F_LEASE, 222, 7);
	once = take(&s);
	/* What lies before it stays where it is, whatever it is. */
	ASSERT_EQ(send(s.sock, longer, 0, 0), 0);
	ASSERT_EQ(send(s.sock, longer, sizeof(longer), 0), (ssize_t)sizeof(longer));
	ASSERT_EQ(send(s.sock, longer, 0, 0), 0);
	request(&s, WIRE_F_REPLY | WIRE_F_OFFER, 111, 1);
	s.end = fd_close(s.end);
	queue_takeover(&s, 333, 222, 7);
	reply(once);
	ASSERT_IN_ORDER();
	expect(&s, WIRE_MESSAGE, 7);
	reply(take(&s));
	s.port->extra->dropped = 0;
	expect_foreseen(&s);
	/* The same once more is nothing that is known. */
	queue_takeover(&s, 333, 222, 7);
	ASSERT_EQ(receive_id(s.name), 0);
	ASSERT_EQ(s.port->extra->dropped, 1);
	server_end(&s);
}

PORT_TEST(a_death_finds_its_client_in_the_queue)
{
	Server s = server_begin();
	PortName once;

	request(&s, WIRE_F_LEASE, 222, 7);
	once = take(&s);
	queue_takeover(&s, 333, 222, 7);
	drop(once);
	expect(&s, WIRE_DIED, 7);
	expect_foreseen(&s);
	server_end(&s);
}

PORT_TEST(a_move_finds_its_client_in_the_queue)
{
	Server s = server_begin();
	PortName once;
	Right right;

	request(&s, WIRE_F_LEASE, 222, 7);
	once = take(&s);
	queue_takeover(&s, 333, 222, 7);
	ASSERT_OK(LOCKED(right_copyin(once, MACH_MSG_TYPE_MOVE_SEND_ONCE, &right)));
	ASSERT_OK(LOCKED(once_make_pair(right.once)));
	expect(&s, WIRE_MOVED, 7);
	LOCKED_DO(right_drop(&right));
	expect_foreseen(&s);
	server_end(&s);
}

/* What is in the queue is not the client's, or not for this request. */
PORT_TEST(an_answer_finds_others_in_the_queue)
{
	Server s = server_begin();
	PortName once;

	request(&s, WIRE_F_LEASE, 222, 7);
	once = take(&s);
	queue_takeover(&s, 333, 222, 6);
	queue_takeover(&s, 333, 221, 7);
	s.port->backing->ident.secret[0] ^= 1;
	queue_takeover(&s, 333, 222, 7);
	s.port->backing->ident.secret[0] ^= 1;
	reply(once);
	ASSERT_EQ(recv(s.end, &(char){0}, 1, MSG_DONTWAIT), -1);
	ASSERT_EQ(receive_id(s.name), 0);
	ASSERT_TRUE(has_ended(s.end));
	/* It is parked still. */
	takeover(&s, 444, 222, 7);
	expect(&s, WIRE_MESSAGE, 7);
	server_end(&s);
}

/* As the next run sees it, before it receives anything. */
PORT_TEST(clients_that_are_expected)
{
	Server s = server_begin();

	ASSERT_FALSE(LOCKED(takeover_is_due(s.port)));
	/* This one has brought its pair. */
	request(&s, WIRE_F_REPLY | WIRE_F_OFFER, 111, 1);
	ASSERT_FALSE(LOCKED(takeover_is_due(s.port)));
	request(&s, WIRE_F_LEASE, 222, 7);
	request(&s, WIRE_F_LEASE, 223, 8);
	ASSERT_TRUE(LOCKED(takeover_is_due(s.port)));
	queue_takeover(&s, 333, 222, 7);
	ASSERT_TRUE(LOCKED(takeover_is_due(s.port)));
	queue_takeover(&s, 334, 223, 7);
	ASSERT_TRUE(LOCKED(takeover_is_due(s.port)));
	queue_takeover(&s, 335, 223, 8);
	ASSERT_FALSE(LOCKED(takeover_is_due(s.port)));
	/* Nothing of it is gone. */
	for (int i = 0; i < 3; i++)
		(void)take(&s);
	ASSERT_EQ(receive_id(s.name), 0);
	ASSERT_FALSE(LOCKED(takeover_is_due(s.port)));
	/* Who has no send right is nobody's client. */
	s.port->backing->ident.secret[0] ^= 1;
	request(&s, WIRE_F_LEASE, 224, 7);
	s.port->backing->ident.secret[0] ^= 1;
	ASSERT_FALSE(LOCKED(takeover_is_due(s.port)));
	portcheck_clear();
	server_end(&s);
}

/* Parked, and the client never comes. */
PORT_TEST(nobody_takes_over)
{
	Server s = server_begin();

	request(&s, WIRE_F_LEASE, 222, 7);
	reply(take(&s));
	request(&s, WIRE_F_LEASE, 223, 7);
	(void)take(&s);
	drop(s.name);
	portcheck_clear();
	server_end(&s);
}

PORT_TEST(takeovers_of_nothing)
{
	Server s = server_begin();

	/* The request was never seen: the end is the notification. */
	takeover(&s, 333, 222, 7);
	ASSERT_TRUE(has_ended(s.end));
	request(&s, WIRE_F_LEASE, 222, 7);
	drop(take(&s));
	/* Another number than the one that was taken. */
	takeover(&s, 333, 222, 8);
	ASSERT_TRUE(has_ended(s.end));
	/* Under an id that is there. */
	takeover(&s, 222, 222, 7);
	ASSERT_TRUE(has_ended(s.end));
	server_end(&s);
}

PORT_TEST(leases_end_with_the_port)
{
	Server s = server_begin();
	PortName once;

	request(&s, WIRE_F_REPLY | WIRE_F_OFFER, 111, 1);
	once = take(&s);
	drop(s.name);
	/* The request that was taken can still be answered. */
	reply(once);
	expect(&s, WIRE_MESSAGE, 1);
	ASSERT_TRUE(has_ended(s.end));
	server_end(&s);
}

PORT_TEST(eviction_of_clients)
{
	Server s = server_begin();
	PortName once;

	request(&s, WIRE_F_REPLY | WIRE_F_OFFER, 111, 1);
	once = take(&s);
	LOCKED_DO(lease_server_evict_all(s.port));
	ASSERT_EQ(s.port->extra->n_leases, 0);
	expect(&s, WIRE_EVICT, 1);
	reply(once);
	expect(&s, WIRE_MESSAGE, 1);
	ASSERT_TRUE(has_ended(s.end));
	server_end(&s);
}

/* A client that does not read loses its lease, and nobody waits for it. */
PORT_TEST(a_client_that_does_not_read)
{
	Server s = server_begin();
	unsigned n = 0;

	request(&s, WIRE_F_REPLY | WIRE_F_OFFER, 111, 1);
	drop(take(&s));
	for (uint64_t seq = 2; seq < 2000; seq++) {
		request(&s, WIRE_F_LEASE, 111, seq);
		drop(take(&s));
	}
	while (recv(s.end, &(char){0}, 1, MSG_DONTWAIT) > 0)
		n++;
	ASSERT_LT(n, 2000);
	ASSERT_TRUE(has_ended(s.end));
	server_end(&s);
}

/* What clients leave behind is found when there is more and more of it. */
PORT_TEST(clients_that_went_away)
{
	Server s = server_begin();

	for (uint64_t id = 1; id <= 500; id++) {
		request(&s, WIRE_F_REPLY | WIRE_F_OFFER, id, 1);
		reply(take(&s));
		s.end = fd_close(s.end);
	}
	ASSERT_LT(s.port->extra->n_leases, 300);
	ASSERT_IN_ORDER();
	server_end(&s);
}
