/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory between processes: what arrives is what was sent, whatever its size and whatever either side
 * does with it afterwards; what is given away is not copied; large messages and long arrays of
 * rights.
 */
#include <sys/resource.h>
#include <sys/uio.h>

#include "tests/integration/integration.h"

enum { GIVE = 1, GO, DONE, WORD = 1000 };

#define KIB ((size_t)1024)
#define MIB (KIB * KIB)

static Buffer received;

/* Contents that depend on their place. */
static void fill(uint8_t *p, size_t n, unsigned seed)
{
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t i = 0; i < n; i++) {
		if (i % 8 == 0)
			x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		p[i] = (uint8_t)(x >> (i % 8) * 8);
	}
}

static bool is_filled(const uint8_t *p, size_t n, unsigned seed)
{
	uint8_t expected[4096];
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	for (size_t at = 0; at < n; at += sizeof(expected)) {
		size_t m = n - at < sizeof(expected) ? n - at : sizeof(expected);

		for (size_t i = 0; i < m; i++) {
			if (i % 8 == 0)
				x = x * UINT64_C(6364136223846793005) +
				    UINT64_C(1442695040888963407);
			expected[i] = (uint8_t)(x >> (i % 8) * 8);
		}
		if (memcmp(p + at, expected, m) != 0)
			return false;
	}
	return true;
}

/* The mapping around an address: the inode behind it, 0 for none, or -1 if nothing is mapped. */
static int64_t inode_at(const void *address)
{
	unsigned long start, end, inode;
	int64_t found = -1;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");

	ASSERT_NOT_NULL(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %*s %*s %lu", &start, &end, &inode) == 3 &&
			start <= (uintptr_t)address && (uintptr_t)address < end)
			found = (int64_t)inode;
	fclose(maps);
	return found;
}

/* That the memory is not there any more: what the allocator has mapped at its address meanwhile, if anything,
 * does not say what it said. */
static bool is_gone(const uint8_t *p, size_t n, unsigned seed)
{
	uint8_t *copy = malloc(n);
	struct iovec to = {copy, n}, from = {(void *)(uintptr_t)p, n};
	bool gone;

	ASSERT_NOT_NULL(copy);
	gone = process_vm_readv(getpid(), &to, 1, &from, 1, 0) != (ssize_t)n ||
	       !is_filled(copy, n, seed);
	free(copy);
	return gone;
}

static unsigned count_maps(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned n = 0;
	int c;

	ASSERT_NOT_NULL(maps);
	while ((c = fgetc(maps)) != EOF)
		n += c == '\n';
	fclose(maps);
	return n;
}

static OolMessage make_ool(mach_port_t to, void *p, size_t n, bool deallocate_it, unsigned copy)
{
	OolMessage m = {
		.header = make_header(to, COPY, MACH_PORT_NULL, 0, GIVE),
		.body = {1},
		.ool = {.address = p,
			.size = (mach_msg_size_t)n,
			.deallocate = deallocate_it,
			.copy = copy,
			.type = MACH_MSG_OOL_DESCRIPTOR},
	};

	m.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	m.header.msgh_size = sizeof(m);
	return m;
}

static void send_ool(mach_port_t to, void *p, size_t n, bool deallocate_it, unsigned copy)
{
	OolMessage m = make_ool(to, p, n, deallocate_it, copy);

	ASSERT_EQ(send_patiently(&m, sizeof(m)), MACH_MSG_SUCCESS);
}

static uint8_t *allocate(size_t n)
{
	vm_address_t address = 0;

	ASSERT_EQ(vm_allocate(SELF, &address, n, VM_FLAGS_ANYWHERE), KERN_SUCCESS);
	return (uint8_t *)address;
}

static void give_back(void *p, size_t n)
{
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)p, n), KERN_SUCCESS);
}

static const mach_msg_ool_descriptor_t *take_ool(mach_port_t from)
{
	const OolMessage *m = (const OolMessage *)&received;

	receive_id(from, GIVE, &received);
	ASSERT_EQ(m->body.msgh_descriptor_count, 1);
	ASSERT_EQ(m->ool.type, MACH_MSG_OOL_DESCRIPTOR);
	return &m->ool;
}

/* Takes memory, compares it, spoils it, and gives it back; says which inode it had. */
static void checker(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	unsigned n_maps;

	for (unsigned i = 0;; i++) {
		uint64_t size = peer_recv_u64(ctx);
		mach_msg_ool_descriptor_t d;

		if (size == UINT64_MAX)
			break;
		wait_for_closes();
		n_maps = count_maps();
		d = *take_ool(own);
		ASSERT_EQ(d.size, size);
		ASSERT_EQ(d.address == NULL, size == 0);
		ASSERT_TRUE(is_filled(d.address, size, i));
		peer_send_u64(ctx, size ? (uint64_t)inode_at(d.address) : 0);
		peer_reach(ctx, "compared");
		ASSERT_TRUE(is_filled(d.address, size, i));
		if (size > 0) {
			memset(d.address, 0x5a, size);
			give_back(d.address, size);
		}
		/* malloc() may have come to another arena meanwhile, but has not grown by a
		 * mapping for each message. */
		ASSERT_LE(count_maps(), n_maps + 2);
		tell(hub, DONE);
	}
	destroy(own);
	peer_end();
}

typedef struct Checker {
	Peer *peer;
	mach_port_t port;
	unsigned n;
} Checker;

static Checker checker_new(Stage *s)
{
	Checker c = {.n = 0};

	c.peer = stage_spawn_with_port(s, "checker", checker, NULL, &c.port);
	return c;
}

static void checker_end(Checker *c)
{
	harness_send_u64(c->peer, UINT64_MAX);
	harness_expect_exit(c->peer, 0);
	deallocate(c->port);
}

/* Sends n bytes, scribbles over them while the other has them, and sees that it does not matter. */
static uint64_t check_copy(Stage *s, Checker *c, uint8_t *p, size_t n, unsigned copy)
{
	uint64_t inode;

	fill(p, n, c->n);
	harness_send_u64(c->peer, n);
	send_ool(c->port, p, n, false, copy);
	inode = harness_recv_u64(c->peer);
	harness_wait(s->h, c->peer, "compared");
	ASSERT_TRUE(is_filled(p, n, c->n));
	memset(p, 0xa5, n);
	harness_release(c->peer);
	hear(s->hub, DONE);
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0xa5)
			FAIL("byte %zu of %zu changed", i, n);
	c->n++;
	return inode;
}

static uint64_t check_move(Stage *s, Checker *c, uint8_t *p, size_t n, unsigned copy)
{
	uint64_t inode;

	fill(p, n, c->n);
	harness_send_u64(c->peer, n);
	send_ool(c->port, p, n, true, copy);
	inode = harness_recv_u64(c->peer);
	harness_wait(s->h, c->peer, "compared");
	harness_release(c->peer);
	hear(s->hub, DONE);
	c->n++;
	return inode;
}

static const size_t sizes[] = {1, 3, 4, 100, 4095, 4096, 4097, 8192, 65535, 65536, 65537, 1048575,
	1048576, 1048577, 5000000, 16777216};

STAGE(memory_is_copied)
{
	Checker c = checker_new(s);
	uint8_t *p;

	harness_set_deadline(s->h, 60);
	harness_send_u64(c.peer, 0);
	send_ool(c.port, &c, 0, false, MACH_MSG_PHYSICAL_COPY);
	(void)harness_recv_u64(c.peer);
	harness_wait(s->h, c.peer, "compared");
	harness_release(c.peer);
	hear(s->hub, DONE);
	c.n++;
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		for (unsigned copy = MACH_MSG_PHYSICAL_COPY; copy <= MACH_MSG_VIRTUAL_COPY;
			copy++) {
			p = allocate(sizes[i]);
			(void)check_copy(s, &c, p, sizes[i], copy);
			/* Twice from the same place: once it was shared, then it was written to. */
			(void)check_copy(s, &c, p, sizes[i], copy);
			give_back(p, sizes[i]);
		}
		p = malloc(sizes[i] + 7);
		ASSERT_NOT_NULL(p);
		(void)check_copy(s, &c, p + 7, sizes[i], MACH_MSG_VIRTUAL_COPY);
		free(p);
	}
	checker_end(&c);
}

STAGE(memory_is_given_away)
{
	Checker c = checker_new(s);
	size_t n;
	uint8_t *p;

	harness_set_deadline(s->h, 60);
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		n = sizes[i];
		p = allocate(n);
		(void)check_move(s, &c, p, n, MACH_MSG_VIRTUAL_COPY);
		ASSERT_TRUE(is_gone(p, n, c.n - 1));
		/* Memory that the library does not know. */
		p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ASSERT_TRUE(p != MAP_FAILED);
		(void)check_move(s, &c, p, n, MACH_MSG_PHYSICAL_COPY);
		ASSERT_TRUE(is_gone(p, n, c.n - 1));
	}
	checker_end(&c);
}

STAGE(sixty_four_megabytes)
{
	Checker c = checker_new(s);
	uint8_t *p = allocate(64 * MIB);

	harness_set_deadline(s->h, 60);
	(void)check_copy(s, &c, p, 64 * MIB, MACH_MSG_VIRTUAL_COPY);
	(void)check_move(s, &c, p, 64 * MIB, MACH_MSG_VIRTUAL_COPY);
	checker_end(&c);
}

/* The very same file is mapped on the other side. */
STAGE(what_is_given_away_is_not_copied)
{
	Checker c = checker_new(s);

	for (size_t n = 256 * KIB; n <= 8 * MIB; n *= 2) {
		uint8_t *p = allocate(n);
		int64_t inode;

		fill(p, n, c.n);
		inode = inode_at(p);
		ASSERT_GT(inode, 0);
		ASSERT_EQ(check_move(s, &c, p, n, MACH_MSG_VIRTUAL_COPY), (uint64_t)inode);
		ASSERT_NE(inode_at(p), inode);
	}
	checker_end(&c);
}

/* A gigabyte of which only three pages were ever touched: nobody touches the others on the way. */
static void giant_taker(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	const mach_msg_ool_descriptor_t *d = take_ool(own);
	struct rusage before, after;
	const uint8_t *p = d->address;

	ASSERT_EQ(d->size, 1024 * MIB);
	ASSERT_SYS(getrusage(RUSAGE_SELF, &before));
	ASSERT_EQ(p[0], 1);
	ASSERT_EQ(p[512 * MIB], 2);
	ASSERT_EQ(p[1024 * MIB - 1], 3);
	ASSERT_SYS(getrusage(RUSAGE_SELF, &after));
	/* In kilobytes; three pages and what the kernel reads around. */
	ASSERT_LT(after.ru_maxrss - before.ru_maxrss, 16 * 1024);
	give_back(d->address, 1024 * MIB);
	destroy(own);
	peer_end();
}

STAGE(a_gigabyte_is_as_light_as_what_is_in_it)
{
	mach_port_t to;
	Peer *peer = stage_spawn_with_port(s, "taker", giant_taker, NULL, &to);
	uint8_t *p = allocate(1024 * MIB);
	struct rusage before, after;

	ASSERT_SYS(getrusage(RUSAGE_SELF, &before));
	p[0] = 1;
	p[512 * MIB] = 2;
	p[1024 * MIB - 1] = 3;
	send_ool(to, p, 1024 * MIB, true, MACH_MSG_VIRTUAL_COPY);
	ASSERT_SYS(getrusage(RUSAGE_SELF, &after));
	ASSERT_LT(after.ru_maxrss - before.ru_maxrss, 16 * 1024);
	harness_expect_exit(peer, 0);
	deallocate(to);
}

/* Passes on what it gets, as it is or with a byte changed. */
static void passer(PeerCtx *ctx)
{
	mach_port_t hub, to;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	to = take(own, GO);
	for (int i = 0; i < 4; i++) {
		mach_msg_ool_descriptor_t d = *take_ool(own);
		bool deallocate_it = i % 2;
		bool change = i / 2;

		if (change)
			((uint8_t *)d.address)[d.size / 2] ^= 0xff;
		send_ool(to, d.address, d.size, deallocate_it, MACH_MSG_VIRTUAL_COPY);
		if (!deallocate_it)
			give_back(d.address, d.size);
	}
	deallocate(to);
	destroy(own);
	peer_end();
}

STAGE(memory_is_passed_on)
{
	const size_t n = 3 * MIB;
	mach_port_t via;
	Peer *peer = stage_spawn_with_port(s, "passer", passer, NULL, &via);

	give(via, GO, s->hub, COPY);
	for (unsigned i = 0; i < 4; i++) {
		uint8_t *p = allocate(n);
		int64_t inode;
		const mach_msg_ool_descriptor_t *d;

		fill(p, n, i);
		inode = inode_at(p);
		send_ool(via, p, n, true, MACH_MSG_VIRTUAL_COPY);
		d = take_ool(s->hub);
		ASSERT_EQ(d->size, n);
		if (i / 2 == 0) {
			ASSERT_EQ(inode_at(d->address), inode);
		} else {
			/* Somebody wrote to it: it is other memory now. */
			ASSERT_NE(inode_at(d->address), inode);
			((uint8_t *)d->address)[n / 2] ^= 0xff;
		}
		ASSERT_TRUE(is_filled(d->address, n, i));
		give_back(d->address, n);
	}
	harness_expect_exit(peer, 0);
	deallocate(via);
}

/* Memory that is not what it seems. */
STAGE(bad_memory_is_told_to_the_sender)
{
	Checker c = checker_new(s);
	uint8_t *p = mmap(
		NULL, 3 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static const size_t bad[] = {100, 5000, 100000, 2 * MIB};
	OolMessage m;

	ASSERT_TRUE(p != MAP_FAILED);
	ASSERT_SYS(munmap(p + 2 * MIB, MIB));
	for (unsigned i = 0; i < 4; i++) {
		/* The second half is not there, and nothing is. */
		m = make_ool(
			c.port, p + 2 * MIB - bad[i] / 2, bad[i], false, MACH_MSG_VIRTUAL_COPY);
		ASSERT_EQ(send_patiently(&m, sizeof(m)), MACH_SEND_INVALID_MEMORY);
		m = make_ool(c.port, (void *)(uintptr_t)64, bad[i], false, MACH_MSG_PHYSICAL_COPY);
		ASSERT_EQ(send_patiently(&m, sizeof(m)), MACH_SEND_INVALID_MEMORY);
	}
	ASSERT_SYS(munmap(p, 2 * MIB));
	p = mmap(NULL, MIB, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	ASSERT_SYS(mprotect(p, MIB, PROT_READ | PROT_WRITE));
	fill(p, MIB, c.n);
	ASSERT_SYS(mprotect(p, MIB, PROT_READ));
	harness_send_u64(c.peer, MIB);
	send_ool(c.port, p, MIB, false, MACH_MSG_VIRTUAL_COPY);
	(void)harness_recv_u64(c.peer);
	harness_wait(s->h, c.peer, "compared");
	harness_release(c.peer);
	hear(s->hub, DONE);
	ASSERT_SYS(munmap(p, MIB));
	checker_end(&c);
}

static void idler(PeerCtx *ctx)
{
	mach_port_t hub;

	(void)peer_begin_with_port(ctx, &hub);
	peer_reach(ctx, "idle");
}

STAGE(memory_comes_back_with_a_message_that_was_not_sent)
{
	static const size_t n[] = {100, 70000, 2 * MIB};
	mach_port_t to;
	Peer *peer = stage_spawn_with_port(s, "idler", idler, NULL, &to);

	(void)stuff(to, WORD);
	for (unsigned i = 0; i < 6; i++) {
		size_t size = n[i / 2];
		bool deallocate_it = i % 2;
		uint8_t *p = allocate(size);
		OolMessage m = make_ool(to, p, size, deallocate_it, MACH_MSG_VIRTUAL_COPY);

		fill(p, size, i);
		ASSERT_EQ(send_message(&m, sizeof(m)), MACH_SEND_TIMED_OUT);
		deallocate(to);
		ASSERT_EQ(m.ool.size, size);
		ASSERT_TRUE(m.ool.deallocate);
		ASSERT_TRUE(is_filled(m.ool.address, size, i));
		give_back(m.ool.address, size);
		if (!deallocate_it) {
			ASSERT_TRUE(is_filled(p, size, i));
			give_back(p, size);
		}
	}
	harness_kill(peer);
	destroy(to);
}

STAGE(memory_in_the_queue_of_the_killed_is_freed)
{
	mach_port_t to;
	Peer *peer = stage_spawn_with_port(s, "idler", idler, NULL, &to);

	for (int i = 0; i < 5; i++) {
		uint8_t *p = allocate(2 * MIB);

		fill(p, 2 * MIB, 1);
		send_ool(to, p, 2 * MIB, i % 2, MACH_MSG_VIRTUAL_COPY);
		if (i % 2 == 0)
			give_back(p, 2 * MIB);
	}
	harness_kill(peer);
	destroy(to);
	/* stage_end() counts the descriptors. */
}

/* Many pieces in one message. */
#define N_PIECES 300

typedef struct Pieces {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_ool_descriptor_t ool[N_PIECES];
} __attribute__((__packed__, __aligned__(4))) Pieces;

static size_t piece_size(unsigned i)
{
	return i % 5 == 0 ? 70000 : i % 3 == 0 ? 5000 : i;
}

static void pieces_taker(PeerCtx *ctx)
{
	static union {
		Pieces m;
		uint8_t room[sizeof(Pieces) + 128];
	} in;
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	ASSERT_EQ(mach_msg(&in.m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(in), own,
			  PATIENCE_MS, MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
	ASSERT_EQ(in.m.body.msgh_descriptor_count, N_PIECES);
	for (unsigned i = 0; i < N_PIECES; i++) {
		ASSERT_EQ(in.m.ool[i].size, piece_size(i));
		ASSERT_TRUE(is_filled(in.m.ool[i].address, in.m.ool[i].size, i));
	}
	mach_msg_destroy(&in.m.header);
	destroy(own);
	peer_end();
}

STAGE(many_pieces)
{
	static Pieces m;
	mach_port_t to;
	Peer *peer = stage_spawn_with_port(s, "taker", pieces_taker, NULL, &to);

	m.header = make_header(to, COPY, MACH_PORT_NULL, 0, GIVE);
	m.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	m.header.msgh_size = sizeof(m);
	m.body.msgh_descriptor_count = N_PIECES;
	for (unsigned i = 0; i < N_PIECES; i++) {
		m.ool[i] = (mach_msg_ool_descriptor_t){
			.address = piece_size(i) ? allocate(piece_size(i)) : NULL,
			.size = (mach_msg_size_t)piece_size(i),
			.deallocate = true,
			.copy = MACH_MSG_VIRTUAL_COPY,
			.type = MACH_MSG_OOL_DESCRIPTOR,
		};
		fill(m.ool[i].address, piece_size(i), i);
	}
	ASSERT_EQ(send_patiently(&m, sizeof(m)), MACH_MSG_SUCCESS);
	harness_expect_exit(peer, 0);
	deallocate(to);
}

/* In a queue that moves. */
static void queue_taker(PeerCtx *ctx)
{
	mach_port_t hub, port;
	mach_port_t own = peer_begin_with_port(ctx, &hub);

	port = take(own, GO);
	for (unsigned i = 0; i < 8; i++) {
		const mach_msg_ool_descriptor_t *d = take_ool(port);

		ASSERT_EQ(d->size, (size_t)10 << (2 * i));
		ASSERT_TRUE(is_filled(d->address, d->size, i));
		give_back(d->address, d->size);
	}
	destroy(port);
	destroy(own);
	peer_end();
}

STAGE(memory_in_a_queue_that_moves)
{
	mach_port_t port = make_send_receive(), to;
	Peer *peer = stage_spawn_with_port(s, "taker", queue_taker, NULL, &to);

	ASSERT_EQ(set_qlimit(port, 20), KERN_SUCCESS);
	for (unsigned i = 0; i < 8; i++) {
		size_t n = (size_t)10 << (2 * i);
		uint8_t *p = allocate(n);

		fill(p, n, i);
		send_ool(port, p, n, i % 2, MACH_MSG_VIRTUAL_COPY);
		if (i % 2 == 0) {
			memset(p, 0, n);
			give_back(p, n);
		}
	}
	give(to, GO, port, MOVE_RECEIVE);
	harness_expect_exit(peer, 0);
	deallocate(port);
	deallocate(to);
}

/* Large messages. */
static void large_taker(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	size_t room = 9 * MIB;
	uint8_t *in = malloc(room);

	ASSERT_NOT_NULL(in);
	for (unsigned i = 0;; i++) {
		uint64_t size = peer_recv_u64(ctx);
		mach_msg_header_t *h = (mach_msg_header_t *)(void *)in;

		if (size == 0)
			break;
		ASSERT_EQ(mach_msg(h, MACH_RCV_MSG | MACH_RCV_TIMEOUT | AUDIT_TRAILER, 0,
				  (mach_msg_size_t)room, own, PATIENCE_MS, MACH_PORT_NULL),
			MACH_MSG_SUCCESS);
		ASSERT_EQ(h->msgh_size, size);
		ASSERT_TRUE(is_filled(in + sizeof(*h), size - sizeof(*h), i));
		tell(hub, DONE);
	}
	free(in);
	destroy(own);
}

STAGE(large_messages)
{
	static const size_t large[] = {60 * KIB, 64 * KIB - 128, 64 * KIB - 72, 64 * KIB - 48,
		64 * KIB - 24, 64 * KIB, 64 * KIB + 4, 100 * KIB, 200 * KIB, 256 * KIB, 512 * KIB,
		MIB - 24, MIB, MIB + 4, 4 * MIB, 8 * MIB};
	mach_port_t to;
	Peer *peer = stage_spawn_with_port(s, "taker", large_taker, NULL, &to);
	uint8_t *out = malloc(8 * MIB);
	mach_msg_header_t *h = (mach_msg_header_t *)(void *)out;

	ASSERT_NOT_NULL(out);
	for (unsigned i = 0; i < sizeof(large) / sizeof(*large); i++) {
		*h = make_header(to, COPY, MACH_PORT_NULL, 0, WORD);
		h->msgh_size = (mach_msg_size_t)large[i];
		fill(out + sizeof(*h), large[i] - sizeof(*h), i);
		harness_send_u64(peer, large[i]);
		ASSERT_EQ(send_patiently(out, large[i]), MACH_MSG_SUCCESS);
		hear(s->hub, DONE);
	}
	harness_send_u64(peer, 0);
	harness_expect_exit(peer, 0);
	free(out);
	deallocate(to);
}

/* Long arrays of rights. */
#define N_RIGHTS_MAX 16383u

/* Each right is two descriptors on its way, and both processes must have room for them. */
static unsigned n_rights(unsigned n_distinct)
{
	long limit = sysconf(_SC_OPEN_MAX);

	if (n_distinct == 0 || limit < 0 || limit / 8 > (long)N_RIGHTS_MAX)
		return N_RIGHTS_MAX;
	return (unsigned)limit / 8;
}

static void array_taker(PeerCtx *ctx)
{
	mach_port_t hub;
	mach_port_t own = peer_begin_with_port(ctx, &hub);
	OolPortsMessage *m = (OolPortsMessage *)&received;
	uint64_t n_distinct = peer_recv_u64(ctx);
	unsigned n = n_rights((unsigned)n_distinct), n_valid = 0;
	mach_port_t *names;

	receive_id(own, GIVE, &received);
	ASSERT_EQ(m->ports.count, n);
	names = m->ports.address;
	for (unsigned i = 0; i < n; i++) {
		if (n_distinct == 0) {
			ASSERT_EQ(names[i], i % 2 ? MACH_PORT_NULL : MACH_PORT_DEAD);
			continue;
		}
		n_valid += MACH_PORT_VALID(names[i]);
		if (i >= n_distinct && i % n_distinct == 0)
			ASSERT_EQ(names[i], names[0]);
	}
	ASSERT_EQ(n_valid, n_distinct ? n : 0);
	if (n_distinct)
		ASSERT_EQ(send_refs(names[0]), (n + n_distinct - 1) / n_distinct);
	mach_msg_destroy(&received.header);
	tell(hub, DONE);
	destroy(own);
	peer_end();
}

/* To a peer of that uid; -1: the test's own. */
static void long_array(Stage *s, unsigned n_distinct, uid_t uid)
{
	static mach_port_t names[N_RIGHTS_MAX], ports[1000];
	unsigned n = n_rights(n_distinct);
	Peer *peer = uid == (uid_t)-1 ? stage_spawn(s, "taker", array_taker, NULL)
				      : stage_spawn_as(s, uid, "taker", array_taker, NULL);
	mach_port_t to = take(s->hub, HELLO);
	OolPortsMessage m = {
		.header = make_header(to, COPY, MACH_PORT_NULL, 0, GIVE),
		.body = {1},
		.ports = {.address = names,
			.count = n,
			.copy = MACH_MSG_PHYSICAL_COPY,
			.disposition = COPY,
			.type = MACH_MSG_OOL_PORTS_DESCRIPTOR},
	};

	harness_set_deadline(s->h, 60);
	m.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	m.header.msgh_size = sizeof(m);
	for (unsigned i = 0; i < n_distinct; i++)
		ports[i] = make_send_receive();
	for (unsigned i = 0; i < n; i++)
		names[i] = n_distinct	? ports[i % n_distinct]
			   : i % 2 == 1 ? MACH_PORT_NULL
					: MACH_PORT_DEAD;
	harness_send_u64(peer, n_distinct);
	ASSERT_EQ(send_patiently(&m, sizeof(m)), MACH_MSG_SUCCESS);
	hear(s->hub, DONE);
	harness_expect_exit(peer, 0);
	for (unsigned i = 0; i < n_distinct; i++)
		destroy(ports[i]);
	deallocate(to);
}

STAGE(an_array_of_no_rights)
{
	long_array(s, 0, (uid_t)-1);
}

STAGE(an_array_of_one_right)
{
	long_array(s, 1, (uid_t)-1);
}

STAGE(an_array_of_many_rights)
{
	long_array(s, 1000, (uid_t)-1);
}

/* Another user reads no more of a stranger's than he must, but all of this. */
STAGE(an_array_of_many_rights_for_another_user)
{
	long_array(s, 0, HARNESS_NOBODY);
	long_array(s, 1000, HARNESS_NOBODY);
}

#define N_GIVEN 1000u

static void array_giver(PeerCtx *ctx)
{
	mach_port_t hub = peer_begin(ctx), ports[10], names[N_GIVEN];
	OolPortsMessage m = {
		.header = make_header(hub, COPY, MACH_PORT_NULL, 0, GIVE),
		.body = {1},
		.ports = {.address = names,
			.count = N_GIVEN,
			.copy = MACH_MSG_PHYSICAL_COPY,
			.disposition = MAKE,
			.type = MACH_MSG_OOL_PORTS_DESCRIPTOR},
	};

	m.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	m.header.msgh_size = sizeof(m);
	for (unsigned i = 0; i < 10; i++)
		ports[i] = make_receive();
	for (unsigned i = 0; i < N_GIVEN; i++)
		names[i] = ports[i % 10];
	ASSERT_EQ(send_patiently(&m, sizeof(m)), MACH_MSG_SUCCESS);
	peer_reach(ctx, "given");
	for (unsigned i = 0; i < 10; i++)
		destroy(ports[i]);
	peer_end();
}

STAGE(an_array_of_many_rights_from_another_user)
{
	Peer *peer = stage_spawn_as(s, HARNESS_NOBODY, "giver", array_giver, NULL);
	OolPortsMessage *m = (OolPortsMessage *)&received;
	mach_port_t *names;

	receive_id(s->hub, GIVE, &received);
	ASSERT_EQ(m->ports.count, N_GIVEN);
	names = m->ports.address;
	for (unsigned i = 0; i < N_GIVEN; i++)
		ASSERT_EQ(names[i], names[i % 10]);
	ASSERT_EQ(send_refs(names[0]), N_GIVEN / 10);
	mach_msg_destroy(&received.header);
	harness_wait(s->h, peer, "given");
	harness_release(peer);
	harness_expect_exit(peer, 0);
}

/* Fork children have their own copy, and send it. */
static void copy_writer(PeerCtx *ctx)
{
	uint8_t *p = ctx->arg;
	mach_port_t hub = peer_begin(ctx);

	ASSERT_TRUE(is_filled(p, 2 * MIB, 1));
	memset(p, 7, 2 * MIB);
	tell(hub, DONE);
	peer_reach(ctx, "written");
	fill(p, 2 * MIB, 2);
	send_ool(hub, p, 2 * MIB, false, MACH_MSG_VIRTUAL_COPY);
	give_back(p, 2 * MIB);
}

STAGE(a_child_has_its_own_copy)
{
	uint8_t *p = allocate(2 * MIB);
	const mach_msg_ool_descriptor_t *d;
	Peer *peer;

	fill(p, 2 * MIB, 1);
	peer = stage_spawn(s, "child", copy_writer, p);
	hear(s->hub, DONE);
	ASSERT_TRUE(is_filled(p, 2 * MIB, 1));
	memset(p, 9, 2 * MIB);
	harness_wait(s->h, peer, "written");
	harness_release(peer);
	d = take_ool(s->hub);
	ASSERT_TRUE(is_filled(d->address, 2 * MIB, 2));
	for (size_t i = 0; i < 2 * MIB; i++)
		ASSERT_EQ(p[i], 9);
	give_back(d->address, 2 * MIB);
	harness_expect_exit(peer, 0);
	give_back(p, 2 * MIB);
}
