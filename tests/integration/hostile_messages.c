/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams that no library would send, from a peer with a genuine send right: cut short, too long,
 * with wrong numbers in them, with wrong descriptors, with another's secret. Each is dropped and
 * counted, and no honest client notices. See attack.h.
 */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "tests/integration/attack.h"

#define TAIL 40u

/* A message of bytes, as it should be. */
typedef struct Plain {
	WireHeader header;
	uint8_t tail[TAIL];
} Plain;

static Plain plain(const Target *t)
{
	Plain p = {.header = raw_header(t)};

	p.header.tail_size = TAIL;
	return p;
}

static bool send_plain(const Target *t, const Plain *p)
{
	return raw_send(t->sock, p, sizeof(*p), NULL, 0);
}

/* Sizes and headers. */

static unsigned truncated(PeerCtx *ctx, const Target *t)
{
	Plain p = plain(t);

	(void)ctx;
	for (size_t n = 1; n < sizeof(p); n++)
		ASSERT_TRUE(raw_send(t->sock, &p, n, NULL, 0));
	ASSERT_TRUE(send_plain(t, &p));
	return sizeof(p) - 1;
}

STAGE(messages_that_are_cut_short)
{
	attack(s, truncated);
}

static unsigned oversized(PeerCtx *ctx, const Target *t)
{
	static uint8_t bytes[256 * 1024];
	Plain p = plain(t);
	unsigned n = 0;

	(void)ctx;
	memcpy(bytes, &p, sizeof(p));
	for (size_t size = sizeof(p) + 1; size < sizeof(bytes); size += size / 2 + 1)
		n += raw_send(t->sock, bytes, size, NULL, 0);
	n += raw_send(t->sock, bytes, WIRE_MAX_DATAGRAM + 1, NULL, 0);
	/* A size that is right, and more than is read of a datagram. */
	((Plain *)(void *)bytes)->header.tail_size = WIRE_MAX_DATAGRAM;
	n += raw_send(t->sock, bytes, sizeof(p.header) + WIRE_MAX_DATAGRAM, NULL, 0);
	ASSERT_GT(n, 3);
	return n;
}

STAGE(messages_that_are_too_long)
{
	attack(s, oversized);
}

/* Each byte of the header is wrong once, in several ways; but for those that mean nothing, or that
 * anything may stand in: the lane, the message's id, the lease, the padding. */
static bool may_be_anything(size_t offset)
{
	return (offset >= offsetof(WireHeader, lane) && offset < offsetof(WireHeader, n_records)) ||
	       offset >= offsetof(WireHeader, lease_id) || offset == offsetof(WireHeader, flags) ||
	       offset == offsetof(WireHeader, flags) + 1;
}

static unsigned wrong_headers(PeerCtx *ctx, const Target *t)
{
	unsigned n = 0;

	(void)ctx;
	for (size_t i = 0; i < sizeof(WireHeader); i++) {
		for (unsigned bit = 0; bit < 8 && !may_be_anything(i); bit++, n++) {
			Plain p = plain(t);

			((uint8_t *)&p)[i] ^= (uint8_t)(1u << bit);
			ASSERT_TRUE(send_plain(t, &p));
		}
	}
	for (unsigned type = 0; type < 256; type++) {
		Plain p = plain(t);

		if (type == WIRE_MESSAGE)
			continue;
		p.header.type = (uint8_t)type;
		ASSERT_TRUE(send_plain(t, &p));
		n++;
	}
	return n;
}

STAGE(headers_with_a_wrong_bit)
{
	attack(s, wrong_headers);
}

/* All combinations of flags that promise something which is not there. */
static unsigned wrong_flags(PeerCtx *ctx, const Target *t)
{
	static const unsigned impossible = WIRE_F_CARRIER | WIRE_F_BODY | WIRE_F_ONCE |
					   WIRE_F_REPLY;
	unsigned n = 0;

	(void)ctx;
	for (unsigned flags = 0; flags < 128; flags++) {
		Plain p = plain(t);

		if (!(flags & impossible))
			continue;
		p.header.flags = (uint16_t)flags;
		p.header.lease_id = flags;
		ASSERT_TRUE(send_plain(t, &p));
		n++;
	}
	return n;
}

STAGE(flags_that_promise_too_much)
{
	attack(s, wrong_flags);
}

static unsigned wrong_counts(PeerCtx *ctx, const Target *t)
{
	static const uint32_t values[] = {1, 2, 3, 0x100, WIRE_MAX_RECORDS, WIRE_MAX_RECORDS + 1,
		0x05555555, 0x05555556, 0x7fffffff, 0x80000000, 0xffffffd0, UINT32_MAX};
	struct {
		WireHeader header;
		WireRecord records[2];
	} m = {.header = raw_header(t)};
	unsigned n = 0;

	(void)ctx;
	m.header.flags = WIRE_F_COMPLEX;
	for (unsigned i = 0; i < sizeof(values) / sizeof(*values); i++) {
		m.records[0] = (WireRecord){.kind = WIRE_PORTS,
			.type = MACH_MSG_OOL_PORTS_DESCRIPTOR,
			.count = values[i]};
		m.records[1] = (WireRecord){.kind = WIRE_MEMORY,
			.type = MACH_MSG_OOL_DESCRIPTOR,
			.flags = WIRE_RF_INLINE,
			.size = values[i]};
		m.header.n_records = 2;
		/* One port that is promised is there: but no memory behind it. */
		n += raw_send(t->sock, &m, sizeof(m), NULL, 0);
		m.header.n_records = values[i] + 2;
		n += raw_send(t->sock, &m, sizeof(m), NULL, 0);
		m.header.n_records = 1;
		m.header.tail_size = values[i];
		n += raw_send(t->sock, &m, sizeof(m), NULL, 0);
		m.header.tail_size = 0;
		m.records[0] = m.records[1];
		m.records[0].size = (uint64_t)values[i] << 32;
		n += raw_send(t->sock, &m, sizeof(m.header) + sizeof(*m.records), NULL, 0);
		/* Descriptors that did not come. */
		for (unsigned kind = WIRE_SEND; kind <= WIRE_KOBJECT; kind++) {
			m.records[0] = (WireRecord){.kind = (uint8_t)kind,
				.type = MACH_MSG_PORT_DESCRIPTOR,
				.n_fds = values[i],
				.aux = 34,
				.size = UINT64_MAX};
			n += raw_send(t->sock, &m, sizeof(m.header) + sizeof(*m.records), NULL, 0);
		}
	}
	ASSERT_EQ(n, 8 * sizeof(values) / sizeof(*values));
	return n;
}

STAGE(counts_that_are_wrong)
{
	attack(s, wrong_counts);
}

/* Nothing at all, very often: such a datagram is nothing that could be counted. */
static unsigned flood_of_nothing(PeerCtx *ctx, const Target *t)
{
	unsigned n = 0;
	int fd = t->pipe_w;

	(void)ctx;
	for (int i = 0; i < 20000; i++) {
		ASSERT_TRUE(raw_send(t->sock, "", 0, NULL, 0));
		/* With a descriptor it is something. */
		if (i % 1000 == 0)
			n += raw_send(t->sock, "", 0, &fd, 1);
	}
	return n;
}

STAGE(a_flood_of_empty_datagrams)
{
	attack(s, flood_of_nothing);
}

/* Secrets. */

static unsigned wrong_secrets(PeerCtx *ctx, const Target *t)
{
	unsigned n = 0;

	(void)ctx;
	for (unsigned i = 0; i < 128; i++, n++) {
		Plain p = plain(t);

		p.header.secret[i / 8] ^= (uint8_t)(1u << i % 8);
		ASSERT_TRUE(send_plain(t, &p));
	}
	for (unsigned i = 0; i < 256; i++, n++) {
		Plain p = plain(t);

		memset(p.header.secret, (int)i, sizeof(p.header.secret));
		ASSERT_TRUE(send_plain(t, &p));
	}
	return n;
}

STAGE(secrets_that_are_guessed)
{
	attack(s, wrong_secrets);
}

/* One who keeps the address and gives up all else, so that there are no senders. */
static void squatter(PeerCtx *ctx)
{
	mach_port_t hub = peer_begin(ctx);
	Target t;
	Plain p;

	target_find(&t);
	p = plain(&t);
	ASSERT_TRUE(send_plain(&t, &p));
	tell(hub, DONE);
	/* Descriptors, not rights: what the library holds and children inherit goes as well. */
	for (int fd = 3; fd < 1000; fd++) {
		struct stat st;

		if (fd != t.sock && fd != t.addr && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode))
			close(fd);
	}
	peer_send_u64(ctx, 1);
	(void)peer_recv_u64(ctx);
	for (int i = 0; i < 10; i++)
		ASSERT_TRUE(send_plain(&t, &p));
	peer_send_u64(ctx, 1);
	(void)peer_recv_u64(ctx);
	_exit(0);
}

STAGE(a_secret_of_the_past)
{
	mach_port_t own = make_send_receive(), notify = make_receive();
	uint64_t dropped;
	Peer *peer;

	ASSERT_EQ(task_set_bootstrap_port(SELF, own), KERN_SUCCESS);
	peer = stage_spawn_as(s, HARNESS_NOBODY, "squatter", squatter, NULL);
	hear(s->hub, DONE);
	hear(own, NOISE);
	(void)harness_recv_u64(peer);
	request_new(own, MACH_NOTIFY_NO_SENDERS, 0, notify);
	ASSERT_EQ(task_set_bootstrap_port(SELF, MACH_PORT_NULL), KERN_SUCCESS);
	deallocate(own);
	(void)await_number(notify, MACH_NOTIFY_NO_SENDERS);
	/* A new epoch, with a new sender. */
	add_sends(own, 1);
	harness_send_u64(peer, 1);
	(void)harness_recv_u64(peer);
	tell(own, WORD);
	hear(own, WORD);
	hear_nothing(own);
	ASSERT_EQ(portcullis_port_dropped(own, &dropped), KERN_SUCCESS);
	ASSERT_EQ(dropped, 10);
	harness_send_u64(peer, 1);
	harness_expect_exit(peer, 0);
	destroy(own);
	destroy(notify);
}

/* Descriptors. */

/* More than a message accounts for, in all numbers. */
static unsigned too_many_descriptors(PeerCtx *ctx, const Target *t)
{
	int fds[WIRE_MAX_FDS];
	unsigned n = 0;

	(void)ctx;
	for (unsigned i = 0; i < WIRE_MAX_FDS; i++)
		fds[i] = i % 2 ? t->pipe_w : t->addr;
	for (unsigned n_fds = 1; n_fds <= WIRE_MAX_FDS; n_fds += n_fds / 3 + 1) {
		struct {
			WireHeader header;
			WireRecord record;
		} m = {.header = raw_header(t)};

		/* With no record at all, with one that needs two, and with none of a header. */
		n += raw_send(t->sock, &m, sizeof(m.header), fds, n_fds);
		m.header.flags = WIRE_F_COMPLEX;
		m.header.n_records = 1;
		m.record = (WireRecord){
			.kind = WIRE_SEND, .type = MACH_MSG_PORT_DESCRIPTOR, .n_fds = 2};
		memcpy(m.record.value, t->secret, sizeof(t->secret));
		if (n_fds != 2)
			n += raw_send(t->sock, &m, sizeof(m), fds, n_fds);
		n += raw_send(t->sock, "x", 1, fds, n_fds);
	}
	n += raw_send(t->sock, "x", 1, fds, WIRE_MAX_FDS);
	return n;
}

STAGE(more_descriptors_than_records)
{
	attack(s, too_many_descriptors);
}

/* Where a descriptor may stand. The hostile one is each of those that a record has, in turn. */
typedef enum Place {
	PLACE_SEND_ADDRESS,
	PLACE_SEND_PIPE,
	PLACE_ONCE,
	PLACE_REPLY,
	PLACE_RECEIVE_SOCKET,
	PLACE_RECEIVE_ADDRESS,
	PLACE_RECEIVE_PIPE,
	PLACE_RECEIVE_ANSWER,
	PLACE_RECEIVE_CARRIER,
	PLACE_MEMORY,
	PLACE_FILEPORT,
	PLACE_SEMAPHORE_PAGE,
	PLACE_SEMAPHORE_PIPE,
	PLACE_BODY,
	PLACE_CARRIER,
	PLACE_TAKEOVER,
	PLACE_NOWHERE,
	_PLACE_N,
} Place;

/* What is not hostile in a record that has more than one. */
typedef struct Stock {
	int sock, addr, pipe_r, pipe_w, memory;
} Stock;

static void stock_make(Stock *ret)
{
	Hostile port;
	int ends[2];

	ASSERT_OK(hostile_make(HOSTILE_DGRAM_PATH, &port));
	ret->sock = port.aux[0];
	ret->addr = port.fd;
	ASSERT_SYS(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	ret->pipe_r = ends[0];
	ret->pipe_w = ends[1];
	ret->memory = ASSERT_SYS(memfd_create("stock", MFD_CLOEXEC | MFD_ALLOW_SEALING));
	ASSERT_SYS(ftruncate(ret->memory, 4096));
}

typedef struct Placed {
	WireHeader header;
	WireRecord record;
	uint8_t tail[8];
	int fds[4];
	unsigned n_fds;
	size_t size;
} Placed;

static void place_right(Placed *m, unsigned kind, const int *fds, unsigned n_fds)
{
	m->header.flags = WIRE_F_COMPLEX;
	m->header.n_records = 1;
	m->record.kind = (uint8_t)kind;
	m->record.type = MACH_MSG_PORT_DESCRIPTOR;
	m->record.disposition = MACH_MSG_TYPE_PORT_SEND;
	m->record.n_fds = n_fds;
	memcpy(m->fds, fds, n_fds * sizeof(int));
	m->n_fds = n_fds;
	m->size = sizeof(m->header) + sizeof(m->record);
}

static void place_receive(Placed *m, const Stock *k, Place place, int fd)
{
	int fds[3] = {place == PLACE_RECEIVE_SOCKET ? fd : k->sock,
		place == PLACE_RECEIVE_ADDRESS ? fd : k->addr, fd};

	place_right(m, WIRE_RECEIVE, fds, place < PLACE_RECEIVE_PIPE ? 2 : 3);
	m->record.disposition = MACH_MSG_TYPE_PORT_RECEIVE;
	if (place == PLACE_RECEIVE_PIPE)
		m->record.size = 1;
	else if (place == PLACE_RECEIVE_ANSWER)
		m->record.size = 1 << 16;
	else if (place == PLACE_RECEIVE_CARRIER)
		m->record.size = UINT64_C(1) << 32;
}

/* Whether there is a place in a record for it. */
static bool place_in_record(Placed *m, const Stock *k, Place place, int fd)
{
	switch (place) {
	case PLACE_SEND_ADDRESS:
		place_right(m, WIRE_SEND, (int[]){fd, k->pipe_w}, 2);
		return true;
	case PLACE_SEND_PIPE:
		place_right(m, WIRE_SEND, (int[]){k->addr, fd}, 2);
		return true;
	case PLACE_ONCE:
		place_right(m, WIRE_SEND_ONCE, &fd, 1);
		return true;
	case PLACE_REPLY:
		place_right(m, WIRE_SEND_ONCE, &fd, 1);
		m->header.flags = WIRE_F_REPLY | WIRE_F_OFFER;
		m->header.lease_id = (uint64_t)fd;
		m->header.lease_seq = 1;
		return true;
	case PLACE_RECEIVE_SOCKET:
	case PLACE_RECEIVE_ADDRESS:
	case PLACE_RECEIVE_PIPE:
	case PLACE_RECEIVE_ANSWER:
	case PLACE_RECEIVE_CARRIER:
		place_receive(m, k, place, fd);
		return true;
	case PLACE_MEMORY:
		place_right(m, WIRE_MEMORY, &fd, 1);
		m->record.type = MACH_MSG_OOL_DESCRIPTOR;
		m->record.size = 1 << 20;
		return true;
	case PLACE_FILEPORT:
	case PLACE_SEMAPHORE_PAGE:
	case PLACE_SEMAPHORE_PIPE:
		place_right(m, WIRE_KOBJECT,
			place == PLACE_SEMAPHORE_PIPE ? (int[]){k->memory, fd}
						      : (int[]){fd, k->pipe_r},
			place == PLACE_FILEPORT ? 1 : 2);
		m->record.aux = place == PLACE_FILEPORT ? 34 : 23;
		return true;
	default:
		return false;
	}
}

static bool send_placed(const Target *t, const Stock *k, Place place, int fd)
{
	Placed m = {.header = raw_header(t), .size = sizeof(m.header)};

	if (!place_in_record(&m, k, place, fd)) {
		m.fds[0] = fd;
		m.n_fds = 1;
		if (place == PLACE_TAKEOVER) {
			m.header.type = WIRE_TAKEOVER;
			m.header.lease_id = (uint64_t)fd;
			m.size += sizeof(uint64_t);
		} else if (place != PLACE_NOWHERE) {
			m.header.flags = place == PLACE_BODY ? WIRE_F_BODY : WIRE_F_CARRIER;
			m.header.n_records = 4;
		}
	}
	return raw_send(t->sock, &m, m.size, m.fds, m.n_fds);
}

/* Not all of these are wrong in each place: so the number of what is dropped is not known. */
static void placer(PeerCtx *ctx)
{
	mach_port_t hub = peer_begin(ctx);
	unsigned n_kinds = 0;
	Target t;
	Stock k;

	target_find(&t);
	stock_make(&k);
	for (unsigned kind = 0; kind < _HOSTILE_N; kind++) {
		Hostile h;

		if (hostile_make((HostileKind)kind, &h) != 0)
			continue;
		n_kinds++;
		for (unsigned place = 0; place < _PLACE_N; place++)
			(void)send_placed(&t, &k, (Place)place, h.fd);
		hostile_spring(&h);
		/* The receiver has the last one of each. */
		hostile_release(&h);
		hostile_deinit(&h);
	}
	peer_send_u64(ctx, n_kinds);
	tell(hub, DONE);
	peer_reach(ctx, "done");
}

STAGE(descriptors_of_the_wrong_kind)
{
	Siege siege = siege_begin(s);
	Peer *peer;
	unsigned n_kinds;

	harness_set_deadline(s->h, 90);
	peer = stage_spawn_as(s, HARNESS_NOBODY, "attacker", placer, NULL);
	hold_out(&siege);
	n_kinds = (unsigned)harness_recv_u64(peer);
	ASSERT_GE(n_kinds, 25);
	/* Every kind is wrong nearly everywhere. */
	ASSERT_GE(report_of(&siege).dropped, n_kinds * (_PLACE_N - 5));
	harness_wait(s->h, peer, "done");
	harness_release(peer);
	harness_expect_exit(peer, 0);
	stage_witness = siege.service;
	siege_end(&siege);
}
