/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a peer with a genuine send right does to make a service wait, or to make it hold what it
 * cannot let go: rights that hang who uses them, answers that nobody reads, receive rights in receive
 * rights, leases of others, notifications that nobody made. And a server that is hostile to its
 * client. See attack.h.
 */
#include "tests/integration/attack.h"

/* Descriptors that hang. */

static Hostile hung[4];
static unsigned n_hung;

/* By the test, who may be root: a user's own FUSE file system takes a set-user-ID program. */
static void hung_make(void)
{
	static const HostileKind kinds[] = {
		HOSTILE_FUSE_SOCKET, HOSTILE_FUSE_PATH, HOSTILE_FUSE_FILE, HOSTILE_TCP_LINGER};

	for (unsigned i = 0; i < 4; i++) {
		if (hostile_make(kinds[i], &hung[n_hung]) == 0)
			n_hung++;
		else
			printf("note: no %s: %s\n", hostile_kind_name(kinds[i]),
				hung[n_hung].reason);
	}
}

static void hung_disarm(void)
{
	while (n_hung > 0)
		hostile_deinit(&hung[--n_hung]);
}

static unsigned hanging_files(PeerCtx *ctx, const Target *t)
{
	unsigned n = 0;

	(void)ctx;
	for (unsigned i = 0; i < n_hung; i++) {
		struct {
			WireHeader header;
			WireRecord record;
		} m = {.header = raw_header(t)};
		int fds[2] = {hung[i].fd, t->pipe_w};

		m.header.flags = WIRE_F_COMPLEX;
		m.header.n_records = 1;
		m.record = (WireRecord){.type = MACH_MSG_PORT_DESCRIPTOR};
		/* As an address to which the service would connect. */
		m.record.kind = WIRE_SEND;
		m.record.n_fds = 2;
		for (unsigned k = 0; k < 40; k++) {
			m.record.value[0] = (uint8_t)k;
			ASSERT_TRUE(raw_send(t->sock, &m, sizeof(m), fds, 2));
			n++;
		}
		/* Closed as soon as it is there, or when the right is. */
		m.record.kind = WIRE_KOBJECT;
		m.record.aux = 34;
		m.record.n_fds = 1;
		for (unsigned k = 0; k < 20; k++) {
			memset(m.record.value, (int)k, sizeof(m.record.value));
			ASSERT_TRUE(raw_send(t->sock, &m, sizeof(m), fds, 1));
			ASSERT_TRUE(raw_send(t->sock, &m, sizeof(m.header), fds, 1));
			n++;
		}
	}
	return n;
}

STAGE(files_that_hang_who_touches_them)
{
	Siege siege = siege_begin(s);

	harness_set_deadline(s->h, 60);
	hung_make();
	siege.disarm = hung_disarm;
	(void)attack_with(&siege, hanging_files);
	siege_end(&siege);
}

/* Answers that nobody reads. */

/* What the service may have when it has just looked through what it keeps: the last answer with a right,
 * and the last lease. */
#define KEPT 2u

/* Leases of clients that have gone are looked through when others offer some, which they do not where
 * leases are off. */
#define KEPT_LEASES (leases_are_off() ? 5u : KEPT)

static mach_msg_return_t ask_in_vain(mach_port_t to, mach_port_t reply, unsigned kind, int id)
{
	mach_msg_header_t header = make_header(to, COPY, reply, kind, id);

	return send_patiently(&header, sizeof(header));
}

static unsigned unread_answers(PeerCtx *ctx, const Target *t)
{
	mach_port_t reply = make_receive();

	(void)ctx;
	/* With a right in each: two descriptors in flight, of the service's user. */
	for (int i = 0; i < 3000; i++)
		if (ask_in_vain(t->name, reply, MAKE_ONCE, PING_RIGHT) != MACH_MSG_SUCCESS)
			break;
	return 0;
}

STAGE(answers_with_rights_that_nobody_reads)
{
	harness_set_deadline(s->h, 60);
	attack_leaving(s, unread_answers, KEPT);
}

static unsigned full_reply_port(PeerCtx *ctx, const Target *t)
{
	mach_port_t reply = make_receive();

	(void)ctx;
	/* A send right to a queue that has long been full. */
	for (int i = 0; i < 1000; i++)
		ASSERT_EQ(ask_in_vain(t->name, reply, MAKE, i % 2 ? PING : PING_RIGHT),
			MACH_MSG_SUCCESS);
	return 0;
}

STAGE(a_reply_port_that_is_full)
{
	attack(s, full_reply_port);
}

/* One pair for thousands of answers. */
static unsigned full_lease(PeerCtx *ctx, const Target *t)
{
	struct {
		WireHeader header;
		WireRecord record;
	} m = {.header = raw_header(t)};
	int pair[2];

	(void)ctx;
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	m.header.id = PING_RIGHT;
	m.header.flags = WIRE_F_REPLY | WIRE_F_OFFER;
	m.header.n_records = 1;
	m.header.lease_id = 99;
	m.header.lease_seq = 1;
	m.record = (WireRecord){.kind = WIRE_SEND_ONCE, .n_fds = 1};
	ASSERT_TRUE(raw_send(t->sock, &m, sizeof(m), &pair[1], 1));
	m.header.flags = WIRE_F_LEASE;
	m.header.n_records = 0;
	for (int i = 0; i < 3000; i++) {
		m.header.lease_seq++;
		ASSERT_TRUE(raw_send(t->sock, &m, sizeof(m.header), NULL, 0));
	}
	return 0;
}

STAGE(a_lease_whose_answers_nobody_reads)
{
	attack_leaving(s, full_lease, KEPT_LEASES);
}

/* Rights that are not what they say. */

static void send_right(const Target *t, int addr, int pipe_w, uint8_t secret)
{
	struct {
		WireHeader header;
		WireRecord record;
	} m = {.header = raw_header(t)};

	m.header.flags = WIRE_F_COMPLEX;
	m.header.n_records = 1;
	m.record = (WireRecord){.kind = WIRE_SEND, .type = MACH_MSG_PORT_DESCRIPTOR, .n_fds = 2};
	memset(m.record.value, secret, sizeof(m.record.value));
	ASSERT_TRUE(raw_send(t->sock, &m, sizeof(m), (int[]){addr, pipe_w}, 2));
}

static unsigned poisoned(PeerCtx *ctx, const Target *t)
{
	static const HostileKind addresses[] = {
		HOSTILE_DGRAM_PATH, HOSTILE_DGRAM_FULL, HOSTILE_SEQPACKET_PATH};
	(void)ctx;
	/* The service's own port, with another secret: what it sends there, it drops itself. */
	for (unsigned i = 0; i < 50; i++)
		send_right(t, t->addr, t->pipe_w, (uint8_t)i);
	for (unsigned i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		static Hostile h[3];

		ASSERT_OK(hostile_make(addresses[i], &h[i]));
		for (unsigned k = 0; k < 50; k++)
			send_right(t, h[i].fd, t->pipe_w, (uint8_t)k);
		/* Nobody is there any more. */
		close(h[i].aux[0]);
		for (unsigned k = 0; k < 50; k++)
			send_right(t, h[i].fd, t->pipe_w, (uint8_t)(k + 50));
	}
	/* Its queue may be full meanwhile. */
	return AT_LEAST | 1;
}

STAGE(rights_that_are_poisoned)
{
	attack(s, poisoned);
}

/* Receive rights in the queues of receive rights. */
#define N_NESTED 2000u

typedef struct BarePort {
	int sock;
	int addr;
} BarePort;

static BarePort bare_port(void)
{
	Hostile h;

	ASSERT_OK(hostile_make(HOSTILE_DGRAM_PATH, &h));
	return (BarePort){h.aux[0], h.fd};
}

/* The receive right of `port`, in a message to `to`. */
static void send_receive_right(int to, const WireHeader *header, BarePort port)
{
	struct {
		WireHeader header;
		WireRecord record;
	} m = {.header = *header};

	m.header.flags = WIRE_F_COMPLEX;
	m.header.n_records = 1;
	m.record = (WireRecord){.kind = WIRE_RECEIVE,
		.type = MACH_MSG_PORT_DESCRIPTOR,
		.disposition = MACH_MSG_TYPE_PORT_RECEIVE,
		.n_fds = 2,
		.count = 5};
	ASSERT_TRUE(raw_send(to, &m, sizeof(m), (int[]){port.sock, port.addr}, 2));
	close(port.sock);
	close(port.addr);
}

static unsigned nested(PeerCtx *ctx, const Target *t)
{
	WireHeader any = {.magic = WIRE_MAGIC, .version = WIRE_VERSION, .type = WIRE_MESSAGE};
	WireHeader h = raw_header(t);

	(void)ctx;
	for (unsigned deep = 1; deep <= N_NESTED; deep = deep < 1000 ? deep * 10 : deep + 1000) {
		BarePort inner = bare_port();

		for (unsigned i = 1; i < deep; i++) {
			BarePort outer = bare_port();
			int to = raw_connect(outer.addr);

			send_receive_right(to, &any, inner);
			close(to);
			inner = outer;
		}
		send_receive_right(t->sock, &h, inner);
	}
	return 0;
}

STAGE(receive_rights_in_receive_rights)
{
	harness_set_deadline(s->h, 60);
	attack(s, nested);
}

/* Leases. */

static void lease_message(const Target *t, uint64_t id, uint64_t seq)
{
	WireHeader h = raw_header(t);

	h.id = PING;
	h.flags = WIRE_F_LEASE;
	h.lease_id = id;
	h.lease_seq = seq;
	ASSERT_TRUE(raw_send(t->sock, &h, sizeof(h), NULL, 0));
}

/* Sends a new end for a lease; returns the other. */
static int take_over(const Target *t, uint64_t old_id, uint64_t id, uint64_t seq)
{
	struct {
		WireHeader header;
		uint64_t old_id;
	} m = {.header = raw_header(t), .old_id = old_id};
	int pair[2];

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	m.header.type = WIRE_TAKEOVER;
	m.header.lease_id = id;
	m.header.lease_seq = seq;
	ASSERT_TRUE(raw_send(t->sock, &m, sizeof(m), &pair[1], 1));
	close(pair[1]);
	return pair[0];
}

/* What the service says on a pair: the lease_seq of an answer, or 0 at the end. */
static uint64_t answered(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	WireHeader h = {};
	ssize_t n;

	ASSERT_EQ(poll(&p, 1, (int)PATIENCE_MS), 1);
	n = recv(fd, &h, sizeof(h), MSG_DONTWAIT);
	if (n <= 0)
		return 0;
	ASSERT_EQ(n, (ssize_t)sizeof(h));
	ASSERT_EQ(h.id, PING + WORD);
	return h.lease_seq;
}

static unsigned leases(PeerCtx *ctx, const Target *t)
{
	struct {
		WireHeader header;
		WireRecord record;
	} m = {.header = raw_header(t)};
	unsigned n = 0;
	int pair[2], fd;

	(void)ctx;
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	m.header.id = PING;
	m.header.flags = WIRE_F_REPLY | WIRE_F_OFFER;
	m.header.n_records = 1;
	m.header.lease_id = 77;
	m.header.lease_seq = 5;
	m.record = (WireRecord){.kind = WIRE_SEND_ONCE, .n_fds = 1};
	ASSERT_TRUE(raw_send(t->sock, &m, sizeof(m), &pair[1], 1));
	close(pair[1]);
	ASSERT_EQ(answered(pair[0]), 5);
	/* What was asked before is not answered again. */
	for (uint64_t seq = 0; seq <= 5; seq++, n++)
		lease_message(t, 77, seq);
	lease_message(t, 77, 6);
	ASSERT_EQ(answered(pair[0]), 6);
	/* Nor does anybody take over a lease that has an end, or one of which nothing is known. */
	fd = take_over(t, 77, 78, 6);
	ASSERT_EQ(answered(fd), 0);
	close(fd);
	fd = take_over(t, 1234, 79, 6);
	ASSERT_EQ(answered(fd), 0);
	close(fd);
	lease_message(t, 77, 7);
	ASSERT_EQ(answered(pair[0]), 7);
	/* Guesses: each is a lease of the guesser's own. */
	for (uint64_t id = 1000; id < 1500; id++)
		lease_message(t, id, 1);
	fd = take_over(t, 1000, 2000, 1);
	ASSERT_EQ(answered(fd), 1);
	close(take_over(t, 1001, 2000, 1));
	n++;
	lease_message(t, 77, UINT64_MAX);
	ASSERT_EQ(answered(pair[0]), UINT64_MAX);
	lease_message(t, 77, 8);
	return n + 1;
}

STAGE(leases_that_are_guessed_and_replayed)
{
	attack_leaving(s, leases, KEPT_LEASES);
}

/* Notifications. */

static bool send_as(const Target *t, const WireHeader *h, pid_t pid, uid_t uid)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control = {};
	struct ucred creds = {.pid = pid, .uid = uid, .gid = getgid()};
	struct iovec iov = {(void *)(uintptr_t)h, sizeof(*h)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_CREDENTIALS;
	control.align.cmsg_len = CMSG_LEN(sizeof(creds));
	memcpy(CMSG_DATA(&control.align), &creds, sizeof(creds));
	return sendmsg(t->sock, &msg, MSG_NOSIGNAL) == (ssize_t)sizeof(*h);
}

static unsigned forgeries(PeerCtx *ctx, const Target *t)
{
	static const int ids[] = {MACH_NOTIFY_PORT_DELETED, MACH_NOTIFY_SEND_POSSIBLE,
		MACH_NOTIFY_PORT_DESTROYED, MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_SEND_ONCE,
		MACH_NOTIFY_DEAD_NAME};
	unsigned n = 0;

	(void)ctx;
	for (unsigned i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		WireHeader h = raw_header(t);

		h.id = ids[i];
		/* As a message of its own, which it is; and with a send-once right, which it has not. */
		ASSERT_TRUE(raw_send(t->sock, &h, sizeof(h), NULL, 0));
		h.flags = WIRE_F_ONCE;
		ASSERT_TRUE(raw_send(t->sock, &h, sizeof(h), NULL, 0));
		n++;
		/* As somebody else. */
		h.flags = 0;
		if (geteuid() != 0) {
			ASSERT_FALSE(send_as(t, &h, 0, geteuid()));
			ASSERT_FALSE(send_as(t, &h, 1, geteuid()));
			ASSERT_FALSE(send_as(t, &h, getpid(), 0));
		}
		for (unsigned type = WIRE_DIED; type <= WIRE_EVICT; type++, n++) {
			h.type = (uint8_t)type;
			ASSERT_TRUE(raw_send(t->sock, &h, sizeof(h), NULL, 0));
		}
	}
	return n;
}

STAGE(notifications_that_are_forged)
{
	Siege siege = siege_begin(s);
	Report after = attack_with(&siege, forgeries);

	ASSERT_EQ(after.n_notified, siege.before.n_notified);
	ASSERT_EQ(after.n_strange - siege.before.n_strange, 6);
	siege_end(&siege);
}

/* Attackers that are killed in the middle of it. */
static void endless(PeerCtx *ctx)
{
	mach_port_t hub = peer_begin(ctx), right = make_receive(), reply = make_receive();
	unsigned i = 0;
	Target t;

	target_find(&t);
	tell(hub, DONE);
	for (;; i++) {
		if (i % 3 == 0)
			(void)try_give(t.name, NOISE, right, MAKE);
		else if (i % 3 == 1)
			(void)try_give(t.name, NOISE, right, MAKE_ONCE);
		else
			(void)ask_in_vain(t.name, reply, MAKE_ONCE, PING_RIGHT);
	}
}

STAGE(attackers_that_are_killed)
{
	Siege siege = siege_begin(s);

	siege.slack = KEPT;
	for (int round = 0; round < 5; round++) {
		Peer *peers[3];

		for (int i = 0; i < 3; i++) {
			peers[i] = stage_spawn_as(s, HARNESS_NOBODY, "endless", endless, NULL);
			hear(s->hub, DONE);
		}
		stage_witness = siege.service;
		for (int i = 0; i < 20; i++)
			ping(&siege);
		for (int i = 0; i < 3; i++)
			harness_kill(peers[i]);
		ping(&siege);
	}
	siege_end(&siege);
}

/* A server that is hostile to its client. */

typedef enum Trick {
	TRICK_END,
	TRICK_EMPTY,
	TRICK_GARBAGE,
	TRICK_SHORT,
	TRICK_NO_ONCE,
	TRICK_DIED,
	TRICK_EVICT,
	TRICK_MOVED_NOWHERE,
	TRICK_MOVED_TO_PIPE,
	TRICK_MOVED_TO_FILE,
	TRICK_MOVED_TO_ENDED,
	TRICK_OTHER_SEQ,
	TRICK_DESCRIPTORS,
	TRICK_TWICE,
	_TRICK_N,
} Trick;

/* A datagram on the pair that came with the request. */
static void play(Trick trick, int pair, const WireHeader *request)
{
	WireHeader h = {.magic = WIRE_MAGIC,
		.version = WIRE_VERSION,
		.type = WIRE_MESSAGE,
		.flags = WIRE_F_ONCE | WIRE_F_OFFER,
		.id = PING + WORD,
		.lease_id = request->lease_id,
		.lease_seq = request->lease_seq};
	int ends[2], sockets[2], fds[2], n_fds = 0;
	size_t size = sizeof(h);

	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets));
	close(sockets[1]);
	if (trick == TRICK_GARBAGE)
		memset(&h, 0xa5, sizeof(h));
	else if (trick == TRICK_EMPTY || trick == TRICK_SHORT)
		size = trick == TRICK_EMPTY ? 0 : sizeof(h) - 1;
	else if (trick == TRICK_NO_ONCE)
		h.flags = 0;
	else if (trick == TRICK_DIED || trick == TRICK_EVICT)
		h.type = trick == TRICK_DIED ? WIRE_DIED : WIRE_EVICT;
	else if (trick >= TRICK_MOVED_NOWHERE && trick <= TRICK_MOVED_TO_ENDED)
		h.type = WIRE_MOVED;
	else if (trick == TRICK_OTHER_SEQ)
		h.lease_seq += 1000;
	fds[0] = trick == TRICK_MOVED_TO_ENDED ? sockets[0] : ends[0];
	fds[1] = ends[1];
	if (trick == TRICK_MOVED_TO_PIPE || trick == TRICK_MOVED_TO_ENDED)
		n_fds = 1;
	else if (trick == TRICK_DESCRIPTORS)
		n_fds = 2;
	if (trick == TRICK_MOVED_TO_FILE) {
		fds[0] = ASSERT_SYS(open("/proc/self/maps", O_RDONLY | O_CLOEXEC));
		n_fds = 1;
	}
	if (trick != TRICK_END)
		(void)raw_send(pair, &h, size, fds, (unsigned)n_fds);
	if (trick == TRICK_TWICE)
		(void)raw_send(pair, &h, size, NULL, 0);
	if (trick == TRICK_MOVED_TO_FILE)
		close(fds[0]);
	close(ends[0]);
	close(ends[1]);
	close(sockets[0]);
}

/* The bare right to the hub: the second slot. */
static void hub_target(Target *ret)
{
	InheritedSlot slot;

	target_find(ret);
	ASSERT_EQ(pread(atoi(getenv("PORTCULLIS_PORTS")), &slot, sizeof(slot), 16 + sizeof(slot)),
		(ssize_t)sizeof(slot));
	ASSERT_EQ(slot.present, 1);
	close(ret->sock);
	ret->addr = slot.addr;
	memcpy(ret->secret, slot.ident.secret, sizeof(ret->secret));
	ret->sock = raw_connect(ret->addr);
}

/* Returns the pair that came with it, or -1: it is about a lease. */
static int receive_request(int sock, WireHeader *ret)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control;
	uint8_t bytes[256];
	struct iovec iov = {bytes, sizeof(bytes)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	int pair = -1;

	ASSERT_GE(recvmsg(sock, &msg, MSG_CMSG_CLOEXEC), (ssize_t)sizeof(*ret));
	memcpy(ret, bytes, sizeof(*ret));
	if (CMSG_FIRSTHDR(&msg))
		memcpy(&pair, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(pair));
	return pair;
}

static void hostile_server(PeerCtx *ctx)
{
	BarePort own = bare_port();
	unsigned i = 0;
	Target t;

	(void)peer_begin(ctx);
	hub_target(&t);
	send_right(&t, own.addr, t.pipe_w, 0);
	while (i < 2 * _TRICK_N) {
		WireHeader h;
		int pair = receive_request(own.sock, &h);

		/* Who asks what has become of a lease is told by the end of it. */
		if (h.type == WIRE_MESSAGE && pair >= 0)
			play((Trick)(i % _TRICK_N), pair, &h);
		/* In the first round that is all; in the second there is an answer behind it. */
		if (h.type == WIRE_MESSAGE && pair >= 0 && i > _TRICK_N)
			play(TRICK_TWICE, pair, &h);
		i += h.type == WIRE_MESSAGE;
		if (pair >= 0)
			close(pair);
	}
	peer_reach(ctx, "done");
}

/* Whatever it does, each call has one outcome, and at once. */
static void be_a_client(Stage *s)
{
	Peer *peer = stage_spawn_as(s, HARNESS_NOBODY, "server", hostile_server, NULL);
	mach_port_t to = take(s->hub, NOISE), reply = mach_reply_port();

	for (unsigned i = 0; i < 2 * _TRICK_N; i++) {
		Buffer b;
		mach_msg_return_t mr;

		b.header = make_header(to, COPY, reply, MAKE_ONCE, PING);
		mr = mach_msg(&b.header,
			MACH_SEND_MSG | MACH_SEND_TIMEOUT | MACH_RCV_MSG | MACH_RCV_TIMEOUT,
			sizeof(b.header), sizeof(b), reply, PROMPT_MS, MACH_PORT_NULL);
		if (mr != MACH_MSG_SUCCESS)
			printf("note: trick %u: %#x\n", i, (unsigned)mr);
		if (mr != MACH_MSG_SUCCESS)
			look_for_the_reason(HARNESS_HERE);
		if (mr != MACH_MSG_SUCCESS)
			FAIL("trick %u: %#x", i, (unsigned)mr);
		if (b.header.msgh_id != MACH_NOTIFY_SEND_ONCE)
			ASSERT_EQ(b.header.msgh_id, PING + WORD);
		mach_msg_destroy(&b.header);
		hear_nothing(reply);
	}
	harness_wait(s->h, peer, "done");
	harness_release(peer);
	harness_expect_exit(peer, 0);
	destroy(reply);
	destroy(to);
}

STAGE(a_server_that_answers_nonsense)
{
	mach_port_t boot = make_send_receive();

	ASSERT_EQ(task_set_bootstrap_port(SELF, boot), KERN_SUCCESS);
	be_a_client(s);
	ASSERT_EQ(task_set_bootstrap_port(SELF, MACH_PORT_NULL), KERN_SUCCESS);
	destroy(boot);
}
