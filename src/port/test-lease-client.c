/* SPDX-License-Identifier: Apache-2.0 */
/* The client's side of leases; the server is raw sockets. */
#include <mach/notify.h>

#include "port/carrier.h"
#include "port/connect.h"
#include "port/lease_client.h"
#include "port/lease_server.h"
#include "port/test-bounded.h"
#include "port/test-lease.h"
#include "port/test-stuck.h"
#include "port/test-support.h"

typedef struct Client {
	PortName reply;
	PortName dest;
	Remote server;
	int end; /* what the server has of the lease */
} Client;

static PortName reply_port(void)
{
	mach_port_options_t options = {.flags = MPO_REPLY_PORT};
	PortName name;

	ASSERT_EQ(mach_port_construct(mach_task_self(), &options, 0, &name), 0);
	return name;
}

static int call_from(PortName reply, PortName dest)
{
	int r;
	mach_msg_header_t msg = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
		.msgh_remote_port = dest,
		.msgh_local_port = reply,
		.msgh_id = 5,
	};

	r = mach_msg(&msg, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg), 0, 0, 0, 0);
	/* The end that went out is not ours any more as soon as the reaper has closed it. */
	(void)reaper_wait(WAIT_MS);
	return r;
}

static void call(Client *c)
{
	ASSERT_OK(call_from(c->reply, c->dest));
}

static Client client_begin(void)
{
	Client c = {.reply = reply_port(), .server = remote_make(), .end = -EBADF};

	c.dest = remote_name(&c.server);
	return c;
}

static void client_end(Client *c)
{
	c->end = fd_close(c->end);
	drop(c->reply);
	drop(c->dest);
	remote_free(&c->server);
}

/* The server reads a request; it keeps the end that came with it. */
static Datagram serve(Client *c)
{
	Datagram d;

	ASSERT_TRUE(read_datagram(c->server.sock, &d));
	ASSERT_EQ(d.h.type, WIRE_MESSAGE);
	if (d.fd >= 0) {
		fd_close(c->end);
		c->end = d.fd;
	}
	return d;
}

static void answer(Client *c, uint64_t seq, uint16_t flags)
{
	write_datagram(c->end,
		(WireHeader){.type = WIRE_MESSAGE,
			.flags = WIRE_F_ONCE | flags,
			.id = 6,
			.lease_seq = seq},
		-EBADF);
}

static Client client_with_lease(void)
{
	Client c = client_begin();

	call(&c);
	(void)serve(&c);
	answer(&c, 1, WIRE_F_OFFER);
	ASSERT_EQ(receive_id(c.reply), 6);
	return c;
}

PORT_TEST(an_offer_that_is_kept)
{
	Client c = client_begin();
	Datagram first, second;

	call(&c);
	ASSERT_EQ(receive_id(c.reply), 0);
	first = serve(&c);
	ASSERT_EQ(first.h.flags, WIRE_F_REPLY | WIRE_F_OFFER);
	ASSERT_EQ(first.h.lease_seq, 1);
	ASSERT_GE(c.end, 0);
	answer(&c, 1, WIRE_F_OFFER);
	ASSERT_EQ(receive_id(c.reply), 6);
	for (uint64_t seq = 2; seq < 5; seq++) {
		call(&c);
		ASSERT_IN_ORDER();
		second = serve(&c);
		/* No descriptor, only the numbers. */
		ASSERT_EQ(second.h.flags, WIRE_F_LEASE);
		ASSERT_LT(second.fd, 0);
		ASSERT_EQ(second.h.lease_id, first.h.lease_id);
		ASSERT_EQ(second.h.lease_seq, seq);
		ASSERT_EQ(second.h.n_records, 0);
		answer(&c, seq, WIRE_F_OFFER);
		ASSERT_EQ(receive_id(c.reply), 6);
	}
	client_end(&c);
}

PORT_TEST(an_offer_that_is_not_kept)
{
	Client c = client_begin();
	Datagram first, second;

	call(&c);
	first = serve(&c);
	answer(&c, 0, 0);
	ASSERT_EQ(receive_id(c.reply), 6);
	ASSERT_TRUE(has_ended(c.end));
	call(&c);
	second = serve(&c);
	ASSERT_EQ(second.h.flags, WIRE_F_REPLY | WIRE_F_OFFER);
	ASSERT_NE(second.h.lease_id, first.h.lease_id);
	client_end(&c);
}

PORT_TEST(the_right_died)
{
	Client c = client_with_lease();

	call(&c);
	(void)serve(&c);
	write_datagram(c.end, (WireHeader){.type = WIRE_DIED, .lease_seq = 2}, -EBADF);
	ASSERT_EQ(receive_id(c.reply), MACH_NOTIFY_SEND_ONCE);
	ASSERT_IN_ORDER();
	/* The lease lives on. */
	call(&c);
	ASSERT_EQ(serve(&c).h.lease_seq, 3);
	answer(&c, 3, WIRE_F_OFFER);
	ASSERT_EQ(receive_id(c.reply), 6);
	client_end(&c);
}

PORT_TEST(the_right_moved_on)
{
	Client c = client_with_lease();
	int third[2], old = c.end;

	call(&c);
	(void)serve(&c);
	ASSERT_OK(carrier_new(&third[1], &third[0]));
	write_datagram(c.end, (WireHeader){.type = WIRE_MOVED, .lease_seq = 2}, third[0]);
	close(third[0]);
	ASSERT_EQ(receive_id(c.reply), 0);
	ASSERT_IN_ORDER();
	c.end = third[1];
	answer(&c, 0, 0);
	ASSERT_EQ(receive_id(c.reply), 6);
	close(third[1]);
	c.end = old;
	call(&c);
	ASSERT_EQ(serve(&c).h.lease_seq, 3);
	/* To something that is no socket: as good as dead. */
	write_datagram(c.end, (WireHeader){.type = WIRE_MOVED, .lease_seq = 3}, STDIN_FILENO);
	ASSERT_EQ(receive_id(c.reply), MACH_NOTIFY_SEND_ONCE);
	client_end(&c);
}

typedef struct Waiting {
	PortName reply;
	int32_t id;
} Waiting;

static void wait_for_answer(void *arg)
{
	Waiting *w = arg;

	w->id = receive_id(w->reply);
	if (!w->id)
		w->id = receive_id(w->reply);
}

/* Somebody is in recvmsg() on this socket, with its lock, and stays there. */
static pid_t get_stuck_reading(const Stuck *stuck, int fd, int writer)
{
	pid_t pid = ASSERT_SYS(fork());

	if (pid == 0) {
		ASSERT_EQ(send(writer, "x", 1, MSG_NOSIGNAL), 1);
		(void)recv(fd, stuck->page, 1, 0);
		child_exit(0);
	}
	ASSERT_TRUE(stuck_wait_asleep(pid));
	return pid;
}

/*
 * A server that passes the request on to a socket which it is stuck in reading itself. `accepted`: it
 * is one that was taken out of its carrier before; else an end of a pair.
 */
static void check_stuck_server(bool accepted)
{
	int ends[2], handed, r;
	Waiting w;
	Bounded bounded;
	Stuck stuck;
	bool in_time;
	pid_t pid;
	Client c;

	r = stuck_make(&stuck);
	if (r == STUCK_E_SKIP)
		SKIP("no FUSE");
	ASSERT_OK(r);
	c = client_with_lease();
	call(&c);
	(void)serve(&c);
	if (accepted) {
		ASSERT_OK(carrier_new(&ends[1], &handed));
		ends[0] = ASSERT_SYS(accept4(handed, NULL, NULL, SOCK_CLOEXEC));
	} else {
		ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
		handed = ASSERT_FD(fd_dup(ends[0]));
	}
	pid = get_stuck_reading(&stuck, ends[0], ends[1]);
	write_datagram(c.end, (WireHeader){.type = WIRE_MOVED, .lease_seq = 2}, handed);
	close(handed);
	w = (Waiting){.reply = c.reply};
	in_time = bounded_run(&bounded, wait_for_answer, &w);
	(void)kill(pid, SIGKILL);
	stuck_deinit(&stuck);
	(void)waitpid(pid, NULL, 0);
	if (!in_time)
		bounded_join(&bounded);
	ASSERT_TRUE(in_time);
	ASSERT_EQ(w.id, MACH_NOTIFY_SEND_ONCE);
	close(ends[0]);
	close(ends[1]);
	client_end(&c);
}

PORT_TEST(a_server_that_is_stuck_reading_a_pair)
{
	check_stuck_server(false);
}

PORT_TEST(a_server_that_is_stuck_reading_its_carrier)
{
	check_stuck_server(true);
}

PORT_TEST(nonsense_on_a_lease)
{
	Client c = client_with_lease();

	call(&c);
	(void)serve(&c);
	/* An answer to another request is none to this. */
	answer(&c, 77, WIRE_F_OFFER);
	ASSERT_EQ(receive_id(c.reply), 0);
	ASSERT_EQ(send(c.end, "nonsense", 8, MSG_NOSIGNAL), 8);
	ASSERT_EQ(receive_id(c.reply), MACH_NOTIFY_SEND_ONCE);
	ASSERT_TRUE(has_ended(c.end));
	client_end(&c);
}

PORT_TEST(the_server_dies_with_the_request)
{
	Client c = client_with_lease();

	call(&c);
	(void)serve(&c);
	c.end = fd_close(c.end);
	ASSERT_EQ(receive_id(c.reply), MACH_NOTIFY_SEND_ONCE);
	client_end(&c);
	/* So does the first one, whose pair was only offered. */
	c = client_begin();
	call(&c);
	(void)serve(&c);
	c.end = fd_close(c.end);
	ASSERT_EQ(receive_id(c.reply), MACH_NOTIFY_SEND_ONCE);
	client_end(&c);
}

/* While the request is in the queue that somebody keeps: the lease is carried over. */
PORT_TEST(a_request_that_outlives_the_server)
{
	Client c = client_with_lease();
	Datagram request, takeover;
	uint64_t old_id;

	call(&c);
	c.end = fd_close(c.end);
	ASSERT_EQ(receive_id(c.reply), 0);
	ASSERT_IN_ORDER();
	request = serve(&c);
	ASSERT_TRUE(read_datagram(c.server.sock, &takeover));
	ASSERT_EQ(takeover.h.type, WIRE_TAKEOVER);
	ASSERT_EQ(takeover.n_bytes, sizeof(WireHeader) + sizeof(old_id));
	memcpy(&old_id, takeover.rest, sizeof(old_id));
	ASSERT_EQ(old_id, request.h.lease_id);
	ASSERT_NE(takeover.h.lease_id, old_id);
	ASSERT_EQ(takeover.h.lease_seq, request.h.lease_seq);
	c.end = ASSERT_FD(takeover.fd);
	answer(&c, 2, WIRE_F_OFFER);
	ASSERT_EQ(receive_id(c.reply), 6);
	/* It has served: the next request has a lease of its own. */
	call(&c);
	request = serve(&c);
	ASSERT_EQ(request.h.flags, WIRE_F_REPLY | WIRE_F_OFFER);
	ASSERT_NE(request.h.lease_id, takeover.h.lease_id);
	client_end(&c);
}

/* The queue is full: the watcher sends it when there is room. */
PORT_TEST(a_takeover_that_must_wait)
{
	Client c = client_with_lease();
	struct timeval wait = {.tv_sec = WAIT_MS / 1000};
	int filler, n = 0;
	Datagram d;

	call(&c);
	ASSERT_OK(connect_dgram(c.server.addr, true, &filler));
	while (send(filler, "x", 1, MSG_DONTWAIT) == 1)
		n++;
	ASSERT_GT(n, 0);
	c.end = fd_close(c.end);
	ASSERT_EQ(receive_id(c.reply), 0);
	(void)serve(&c);
	while (n-- > 0)
		ASSERT_TRUE(read_datagram(c.server.sock, &d));
	close(filler);
	ASSERT_SYS(setsockopt(c.server.sock, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)));
	ASSERT_SYS(recv(c.server.sock, &d.h, sizeof(d.h), MSG_PEEK));
	ASSERT_EQ(d.h.type, WIRE_TAKEOVER);
	ASSERT_TRUE(read_datagram(c.server.sock, &d));
	c.end = ASSERT_FD(d.fd);
	answer(&c, 2, WIRE_F_OFFER);
	ASSERT_EQ(receive_id(c.reply), 6);
	client_end(&c);
}

/* The reply port dies meanwhile, and the lease with it. */
PORT_TEST(a_takeover_that_nobody_waits_for)
{
	Client c = client_with_lease();
	int filler;

	call(&c);
	ASSERT_OK(connect_dgram(c.server.addr, true, &filler));
	while (send(filler, "x", 1, MSG_DONTWAIT) == 1)
		;
	c.end = fd_close(c.end);
	ASSERT_EQ(receive_id(c.reply), 0);
	close(filler);
	client_end(&c);
}

PORT_TEST(eviction)
{
	Client c = client_with_lease();
	Datagram d;

	/* After the request was taken: the answer comes all the same, and then it is over. */
	call(&c);
	(void)serve(&c);
	write_datagram(c.end, (WireHeader){.type = WIRE_EVICT, .lease_seq = 2}, -EBADF);
	ASSERT_EQ(receive_id(c.reply), 0);
	answer(&c, 2, WIRE_F_OFFER);
	ASSERT_EQ(receive_id(c.reply), 6);
	call(&c);
	d = serve(&c);
	ASSERT_EQ(d.h.flags, WIRE_F_REPLY | WIRE_F_OFFER);
	answer(&c, 1, WIRE_F_OFFER);
	ASSERT_EQ(receive_id(c.reply), 6);
	/* Before: the request is in the queue that has moved, and the lease follows it. */
	call(&c);
	write_datagram(c.end, (WireHeader){.type = WIRE_EVICT, .lease_seq = 1}, -EBADF);
	ASSERT_EQ(receive_id(c.reply), 0);
	(void)serve(&c);
	ASSERT_TRUE(read_datagram(c.server.sock, &d));
	ASSERT_EQ(d.h.type, WIRE_TAKEOVER);
	fd_close(c.end);
	c.end = ASSERT_FD(d.fd);
	answer(&c, 2, WIRE_F_OFFER);
	ASSERT_EQ(receive_id(c.reply), 6);
	call(&c);
	ASSERT_EQ(serve(&c).h.flags, WIRE_F_REPLY | WIRE_F_OFFER);
	answer(&c, 1, WIRE_F_OFFER);
	ASSERT_EQ(receive_id(c.reply), 6);
	/* While idle: seen at the next call. */
	write_datagram(c.end, (WireHeader){.type = WIRE_EVICT, .lease_seq = 1}, -EBADF);
	/* It was used long ago, so it is not trusted without a look. */
	TAILQ_FIRST(&LOCKED(space_find(c.reply))->port->extra->leases)->used_ns = 0;
	call(&c);
	ASSERT_EQ(serve(&c).h.flags, WIRE_F_REPLY | WIRE_F_OFFER);
	client_end(&c);
}

/* What was only offered, in a request that was answered by its eviction. */
PORT_TEST(eviction_of_an_offer)
{
	Client c = client_begin();

	call(&c);
	(void)serve(&c);
	write_datagram(c.end, (WireHeader){.type = WIRE_EVICT, .lease_seq = 0}, -EBADF);
	ASSERT_EQ(receive_id(c.reply), MACH_NOTIFY_SEND_ONCE);
	ASSERT_TRUE(has_ended(c.end));
	client_end(&c);
}

PORT_TEST(the_least_used_goes_first)
{
	Client c = client_begin();
	Remote others[LEASE_CLIENT_MAX];
	PortName names[LEASE_CLIENT_MAX];
	int ends[LEASE_CLIENT_MAX];
	Datagram d;

	call(&c);
	(void)serve(&c);
	answer(&c, 1, WIRE_F_OFFER);
	ASSERT_EQ(receive_id(c.reply), 6);
	for (unsigned i = 0; i < LEASE_CLIENT_MAX; i++) {
		others[i] = remote_make();
		names[i] = remote_name(&others[i]);
		ASSERT_OK(call_from(c.reply, names[i]));
		ASSERT_TRUE(read_datagram(others[i].sock, &d));
		ends[i] = ASSERT_FD(d.fd);
		write_datagram(ends[i],
			(WireHeader){.type = WIRE_MESSAGE,
				.flags = WIRE_F_ONCE | WIRE_F_OFFER,
				.id = 7,
				.lease_seq = 1},
			-EBADF);
		ASSERT_EQ(receive_id(c.reply), 7);
	}
	ASSERT_IN_ORDER();
	ASSERT_TRUE(has_ended(c.end));
	for (unsigned i = 0; i < LEASE_CLIENT_MAX; i++) {
		ASSERT_EQ(recv(ends[i], &d, 1, MSG_DONTWAIT), -1);
		close(ends[i]);
		drop(names[i]);
		remote_free(&others[i]);
	}
	client_end(&c);
}

/* Ordinary ports may have many requests out, so they have no leases. */
PORT_TEST(only_reply_ports_have_leases)
{
	Client c = client_begin();
	PortName port = make_receive(NULL);
	bool leases = task.leases;
	Datagram d;

	ASSERT_OK(call_from(port, c.dest));
	d = serve(&c);
	ASSERT_EQ(d.h.flags, WIRE_F_REPLY);
	answer(&c, 0, 0);
	ASSERT_EQ(receive_id(port), 6);
	/* Nor has anybody where they are switched off. */
	task.leases = false;
	call(&c);
	d = serve(&c);
	task.leases = leases;
	ASSERT_EQ(d.h.flags, WIRE_F_REPLY);
	answer(&c, 0, 0);
	ASSERT_EQ(receive_id(c.reply), 6);
	drop(port);
	client_end(&c);
}

/* A request that is not sent leaves no lease. */
PORT_TEST(a_call_to_a_full_port)
{
	Client c = client_begin();
	int filler;

	ASSERT_OK(connect_dgram(c.server.addr, true, &filler));
	while (send(filler, "x", 1, MSG_DONTWAIT) == 1)
		;
	ASSERT_EQ(call_from(c.reply, c.dest), MACH_SEND_TIMED_OUT);
	ASSERT_IN_ORDER();
	ASSERT_TRUE(TAILQ_EMPTY(&LOCKED(space_find(c.reply))->port->extra->leases));
	close(filler);
	/* The send-once right was given back, under a name. */
	portcheck_clear();
	fd_close(c.end);
	remote_free(&c.server);
}
