/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that sends requests which are right but for one thing: a word, a size, what a descriptor
 * says. It takes the bytes that its stubs would have sent. The server answers each with what is
 * right, or with MIG_BAD_ARGUMENTS or MIG_BAD_ID, and keeps nothing of it; an honest client beside it
 * gets its answers all the time.
 *
 * The memory of descriptors is made anew for each message, since a message may take it along; of the
 * rights there are always enough.
 */
#include "tests/mig/capture.h"
#include "tests/mig/roundtrip_peer.h"

#define REQUESTS_MAX 64
#define AREA 16384u
#define SPARE 64u /* references of a right, before each message */
#define DESCRIPTORS_MAX 16u

typedef struct Request {
	uint8_t bytes[2048] __attribute__((__aligned__(8)));
	mach_msg_size_t size;
} Request;

static Request requests[REQUESTS_MAX];
static size_t n_requests;
static bool capturing;

/* What rights in requests are of: here is its receive right. */
static mach_port_t bait, captured_bait;
static int32_t area[AREA / 4];

static struct {
	unsigned sent, refused, answered, refuted, destroyed;
} count;

mach_msg_return_t roundtrip_mach_msg(mach_msg_header_t *message, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t receive_limit, mach_port_t receive_name,
	mach_msg_timeout_t timeout, mach_port_t notify)
{
	Request *r = &requests[n_requests];

	if (!capturing)
		return mach_msg(
			message, option, send_size, receive_limit, receive_name, timeout, notify);
	if (!(option & MACH_SEND_MSG))
		return MACH_RCV_TIMED_OUT;
	ASSERT_LT(n_requests, REQUESTS_MAX);
	ASSERT_LE(send_size, sizeof(r->bytes));
	memcpy(r->bytes, message, send_size);
	r->size = send_size;
	n_requests++;
	return MACH_SEND_INVALID_DEST;
}

/* Each routine at least once, with arguments of several sizes. */

static void capture_values(mach_port_t server)
{
	uint8_t b;
	short sh;
	int32_t i, ints[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	uint64_t u, wides[3] = {1, 2, 3};
	natural_t n;
	name_t name = "name";
	long_name_t text = "a longer text", other;
	point_t point = {1, 2, 3};
	table_t table = {{1}};
	ints_t oa, xa = {1};
	wides_t ow, xw = {1};
	short oc;

	(void)call_census(server, &n, &n, &n);
	(void)call_nothing(server);
	(void)call_scalars(server, 1, 2, 3, 4, &b, &sh, &i, &u, &u);
	(void)call_strings(server, name, text, 5, name, other, &i, other);
	(void)call_structs(
		server, point, &point, &point, ints, wides, table, oa, ow, table, xa, xw);
	(void)call_natives(server, &point, &point, 7, &point, &oc, 8, &i);
	(void)call_natives(server, &point, NULL, 7, &point, &oc, 8, &i);
	(void)call_late(server, 1, &i);
	(void)call_patient(server, 1000, 1000, 0, 1, &i);
	(void)call_own_reply(server, bait, 1, &i);
	(void)call_sees_reply(server, 1, &i);
	(void)call_answer_to(server, bait, 77);
}

static void capture_arrays(mach_port_t server)
{
	int32_t a[100] = {1, 2, 3}, oa[100];
	uint64_t w[50] = {1, 2}, ow[50];
	char c[77] = "characters", oc[77];
	point_t d[16] = {{1, 2, 3}}, od[16];
	mach_msg_type_number_t na, nw = 50, nc, nd;
	long_name_t text = "text";
	audit_token_t audit;
	security_token_t security;
	int32_t pid, uid;

	(void)call_arrays(server, a, 3, w, 2, c, 10, d, 1, oa, &na, ow, &nw, oc, &nc, od, &nd);
	(void)call_arrays(server, a, 0, w, 0, c, 0, d, 0, oa, &na, ow, &nw, oc, &nc, od, &nd);
	(void)call_twins(server, a, 4, a, oa, &na, oa);
	(void)call_twins(server, a, 100, a, oa, &na, oa);
	(void)call_one_way(server, text, a, 5);
	(void)call_told(server, text, oa, &na);
	(void)call_tokens(server, &audit, &security, &pid, &uid);
}

static void capture_rights(mach_port_t server)
{
	mach_port_t a[3] = {bait, MACH_PORT_NULL, bait}, v[4] = {bait, bait}, op, oq, oa[4], ov[4];
	mach_port_t *fa, *fb;
	mach_msg_type_name_t kind;
	mach_msg_type_number_t n;
	mach_port_t xl = bait;

	(void)call_ports(server, bait, bait, MAKE, bait, &op, &oq, &kind, a, v, 2, oa, ov, &n);
	(void)call_ports(server, bait, bait, MAKE_ONCE, 0, &op, &oq, &kind, a, v, 0, oa, ov, &n);
	(void)call_poly_array(server, v, MAKE, 2, oa, &kind, &n);
	(void)call_poly_array(server, v, COPY, 1, oa, &kind, &n);
	(void)call_lamps(server, bait, &op, &xl);
	(void)call_fails(server, 5, bait, &op);
	(void)call_fails(server, 0, bait, &op);
	(void)call_consumed(server, bait);
	(void)call_far_ports(server, v, 2, v, MAKE, 1, &fa, &n, &fb, &kind, &n);
}

static void capture_memory(mach_port_t server)
{
	point_t *oa;
	int32_t *ob, *oc, out[8];
	char *od;
	mach_port_t v[2] = {bait, bait}, ov[2];
	mach_msg_type_number_t na, nc, nd;

	(void)call_far(server, (point_t *)(void *)area, 2, area, area, 3, (char *)area, 5, FALSE,
		&oa, &na, &ob, &oc, &nc, &od, &nd);
	na = 8;
	nc = 2;
	(void)call_near(server, area, 4, v, 2, out, &na, ov, &nc);
}

static void capture(mach_port_t server)
{
	n_requests = 0;
	capturing = true;
	captured_bait = bait;
	capture_values(server);
	capture_arrays(server);
	capture_rights(server);
	capture_memory(server);
	capturing = false;
	ASSERT_GE(n_requests, 27);
	/* Memory is not given away but where a mutation says so. */
	for (size_t i = 0; i < n_requests; i++)
		if (((mach_msg_header_t *)requests[i].bytes)->msgh_id == 5007)
			((__Request__far_t *)(void *)requests[i].bytes)->c.deallocate = FALSE;
}

/* Codes that a stub or a routine may give. fails() gives any. */
static bool is_allowed(int id, kern_return_t code)
{
	switch (code) {
	case KERN_SUCCESS:
	case MIG_BAD_ARGUMENTS:
	case MIG_BAD_ID:
	case MIG_ARRAY_TOO_LARGE:
	case MIG_TRAILER_ERROR:
	case KERN_NO_SPACE:
	case KERN_RESOURCE_SHORTAGE:
		return true;
	default:
		return id == 5121;
	}
}

static void look_at_answer(mach_port_t reply_port)
{
	Buffer b;

	while (receive_now(reply_port, &b) == MACH_MSG_SUCCESS) {
		const mig_reply_error_t *e = (const mig_reply_error_t *)(const void *)&b;

		if (b.header.msgh_id == MACH_NOTIFY_SEND_ONCE) {
			count.destroyed++;
			continue;
		}
		count.answered++;
		if (!(b.header.msgh_bits & MACH_MSGH_BITS_COMPLEX) &&
			b.header.msgh_size >= sizeof(*e)) {
			if (!is_allowed(b.header.msgh_id, e->RetCode))
				FAIL("message %d: code %d", b.header.msgh_id, e->RetCode);
			count.refuted += e->RetCode == MIG_BAD_ARGUMENTS ||
					 e->RetCode == MIG_BAD_ID;
		}
		mach_msg_destroy(&b.header);
	}
}

/* Sending one. */

typedef struct Attack {
	mach_port_t server;
	mach_port_t reply;
	/* The message, and its memory. */
	Request r;
	vm_address_t memory[DESCRIPTORS_MAX];
	unsigned n_memory;
} Attack;

static void stock(mach_port_t name)
{
	mach_port_urefs_t refs = 0;

	OK(mach_port_get_refs(SELF, name, MACH_PORT_RIGHT_SEND, &refs));
	if (refs < SPARE)
		OK(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND, (int)(2 * SPARE)));
}

/* A message may have taken the receive right along. */
static void keep_bait(void)
{
	if (bait != MACH_PORT_NULL && type_of(bait) & MACH_PORT_TYPE_RECEIVE) {
		stock(bait);
		return;
	}
	if (bait != MACH_PORT_NULL && type_of(bait) != MACH_PORT_TYPE_NONE)
		destroy(bait);
	bait = make_send_receive();
	stock(bait);
}

static vm_address_t fresh_memory(bool of_rights)
{
	vm_address_t memory = 0;

	OK(vm_allocate(SELF, &memory, AREA, VM_FLAGS_ANYWHERE));
	for (int i = 0; of_rights && i < 8; i++)
		((mach_port_t *)memory)[i] = bait;
	return memory;
}

static void prepare(Attack *a, const Request *original)
{
	mach_msg_base_t *base = (mach_msg_base_t *)(void *)a->r.bytes;
	uint8_t *p = (uint8_t *)(base + 1);

	keep_bait();
	stock(a->server);
	a->r = *original;
	a->n_memory = 0;
	if (base->header.msgh_local_port != MACH_PORT_NULL)
		base->header.msgh_local_port = a->reply;
	if (!(base->header.msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return;
	for (unsigned i = 0; i < base->body.msgh_descriptor_count; i++) {
		mach_msg_descriptor_t *d = (mach_msg_descriptor_t *)(void *)p;

		if (d->type.type == MACH_MSG_PORT_DESCRIPTOR) {
			if (d->port.name == captured_bait)
				d->port.name = bait;
			p += sizeof(d->port);
			continue;
		}
		ASSERT_LT(a->n_memory, DESCRIPTORS_MAX);
		a->memory[a->n_memory] = fresh_memory(
			d->type.type == MACH_MSG_OOL_PORTS_DESCRIPTOR);
		d->out_of_line.address = (void *)a->memory[a->n_memory++];
		p += sizeof(d->out_of_line);
	}
}

/* What the message did not take. */
static void tidy(Attack *a)
{
	for (unsigned i = 0; i < a->n_memory; i++)
		(void)vm_deallocate(SELF, a->memory[i], AREA);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED true
#else
#define IS_SANITIZED false
#endif

/* Memory that is not there is an error of the send, but a sanitizer holds it against the sender. */
static bool is_of_own_memory(const Attack *a, mach_msg_size_t size)
{
	const mach_msg_base_t *base = (const mach_msg_base_t *)(const void *)a->r.bytes;
	const uint8_t *p = (const uint8_t *)(base + 1);
	unsigned n = base->header.msgh_bits & MACH_MSGH_BITS_COMPLEX
			     ? base->body.msgh_descriptor_count
			     : 0;

	for (unsigned i = 0; i < n && p + 16 <= a->r.bytes + size; i++) {
		const mach_msg_descriptor_t *d = (const mach_msg_descriptor_t *)(const void *)p;
		bool is_own = false;

		if (d->type.type == MACH_MSG_PORT_DESCRIPTOR) {
			p += sizeof(d->port);
			continue;
		}
		for (unsigned k = 0; k < a->n_memory; k++) {
			uint64_t at = (uint64_t)(uintptr_t)d->out_of_line.address - a->memory[k];

			is_own |= at < AREA && at + 4 * (uint64_t)d->out_of_line.size <= AREA;
		}
		if (!is_own)
			return false;
		p += sizeof(d->out_of_line);
	}
	return true;
}

/* Sends what prepare() made and somebody changed, and waits until the server has seen it. */
static void fire(Attack *a, mach_msg_size_t size)
{
	mach_msg_header_t *h = (mach_msg_header_t *)a->r.bytes;
	mach_msg_return_t mr = MACH_SEND_INVALID_MEMORY;

	if (!IS_SANITIZED || is_of_own_memory(a, size))
		mr = mach_msg(h, MACH_SEND_MSG | MACH_SEND_TIMEOUT, size, 0, MACH_PORT_NULL,
			PATIENCE_MS, MACH_PORT_NULL);
	tidy(a);
	ASSERT_NE(mr, MACH_SEND_TIMED_OUT);
	if (mr != MACH_MSG_SUCCESS) {
		count.refused++;
		return;
	}
	count.sent++;
	OK(call_nothing(a->server));
	look_at_answer(a->reply);
}

/* What is changed. Of the header, the bits and the id: names mean nothing to the other side. */

static const unsigned header_words[] = {0, 5};

static unsigned n_words(const Request *r)
{
	return r->size / 4;
}

static bool is_of_names(unsigned word)
{
	return word >= 1 && word <= 4;
}

static void change_words(Attack *a, const Request *original)
{
	for (unsigned w = 0; w < n_words(original); w++) {
		uint32_t x;

		if (is_of_names(w))
			continue;
		memcpy(&x, original->bytes + 4 * w, 4);
		{
			uint32_t values[] = {0, 1, 2, 4, ~0u, x + 1, x - 1, x + 4, x - 4,
				x ^ 0x80000000, x ^ 0x40000000, 0x7fffffff, 0x80000000, x << 8,
				x | 0x01010101};

			for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
				prepare(a, original);
				memcpy(a->r.bytes + 4 * w, &values[i], 4);
				fire(a, original->size);
			}
		}
	}
}

/* Everything that is small within a descriptor: kinds of rights, types, flags. */
static void change_descriptors(Attack *a, const Request *original)
{
	const mach_msg_base_t *base = (const mach_msg_base_t *)(const void *)original->bytes;
	size_t end = sizeof(*base);

	if (!(base->header.msgh_bits & MACH_MSGH_BITS_COMPLEX))
		return;
	for (unsigned i = 0; i < base->body.msgh_descriptor_count; i++) {
		const mach_msg_descriptor_t *d =
			(const mach_msg_descriptor_t *)(const void *)(original->bytes + end);
		size_t n = d->type.type == MACH_MSG_PORT_DESCRIPTOR ? 12 : 16;

		for (size_t k = 8; k < 12; k++) {
			for (unsigned value = 0; value < 28; value++) {
				prepare(a, original);
				a->r.bytes[end + k] = (uint8_t)value;
				fire(a, original->size);
			}
		}
		end += n;
	}
}

static void change_size(Attack *a, const Request *original)
{
	for (mach_msg_size_t size = 24; size <= original->size + 64; size += 4) {
		if (size == original->size)
			continue;
		prepare(a, original);
		fire(a, size);
	}
	for (int i = -3; i <= 3; i++) {
		prepare(a, original);
		fire(a, original->size + (mach_msg_size_t)i);
	}
	/* More than the server has room for at first. */
	prepare(a, original);
	fire(a, sizeof(a->r.bytes));
}

/* No end of a string, wherever there is one; and every bit of the header. */
static void change_ranges(Attack *a, const Request *original)
{
	for (mach_msg_size_t at = 24; at + 4 <= original->size; at += 4) {
		for (mach_msg_size_t n = 8; n <= 64; n *= 2) {
			prepare(a, original);
			memset(a->r.bytes + at, 'x',
				at + n < original->size ? n : original->size - at);
			fire(a, original->size);
		}
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		unsigned word = header_words[bit / 32];
		uint32_t x;

		prepare(a, original);
		memcpy(&x, a->r.bytes + 4 * word, 4);
		x ^= 1u << (bit % 32);
		memcpy(a->r.bytes + 4 * word, &x, 4);
		fire(a, original->size);
	}
}

/* Beside it. */

typedef struct Honest {
	Peer *peer;
	mach_port_t port;
} Honest;

#define HONEST_SERVER 1
#define HONEST_END 2

static void honest(PeerCtx *ctx)
{
	mach_port_t hub, own = peer_begin_with_port(ctx, &hub), server = take(own, HONEST_SERVER);
	uint64_t calls = 0;

	do {
		uint8_t b;
		short sh;
		int32_t i;
		uint64_t u, x = calls;

		OK(call_scalars(server, 1, 2, (int)calls, calls, &b, &sh, &i, &u, &x));
		ASSERT_TRUE(
			b == 2 && sh == 3 && i == (int)calls + 1 && u == calls + 1 && x == ~calls);
		calls++;
		OK(call_sees_reply(server, 21, &i));
		ASSERT_EQ(i, 42);
	} while (take_id(own) != HONEST_END);
	deallocate(server);
	mig_dealloc_reply_port(mig_get_reply_port());
	destroy(own);
	peer_end();
}

static Honest honest_begin(Stage *s, mach_port_t server)
{
	Honest h;

	h.peer = stage_spawn_with_port(s, "honest", honest, NULL, &h.port);
	give(h.port, HONEST_SERVER, server, COPY);
	return h;
}

static void honest_end(const Honest *h)
{
	/* If it is gone, the harness knows why. */
	(void)try_tell(h->port, HONEST_END);
	harness_expect_exit(h->peer, 0);
	deallocate(h->port);
}

/* The server has as much as before when the honest client is gone again. */
static void attack(Stage *s, void (*change)(Attack *a, const Request *original))
{
	Play p = play_begin(s);
	Honest h = honest_begin(s, p.server);
	Attack a = {.server = p.server};

	/* The harness keeps one for each peer. */
	p.scope.n_fds++;
	a.reply = make_receive();
	memset(&count, 0, sizeof(count));
	bait = MACH_PORT_NULL;
	keep_bait();
	capture(p.server);
	for (size_t i = 0; i < n_requests; i++) {
		prepare(&a, &requests[i]);
		fire(&a, requests[i].size);
	}
	ASSERT_EQ(count.refuted, 0);
	ASSERT_EQ(count.sent, n_requests);
	for (size_t i = 0; i < n_requests; i++)
		change(&a, &requests[i]);
	printf("note: %u sent, %u answered, %u of them refused; %u had no answer; %u were not "
	       "sent\n",
		count.sent, count.answered, count.refuted, count.destroyed, count.refused);
	ASSERT_GT(count.refuted, 0);
	honest_end(&h);
	destroy(bait);
	destroy(a.reply);
	OK(mach_port_mod_refs(SELF, p.server, MACH_PORT_RIGHT_SEND,
		1 - (int)refs_of(p.server, MACH_PORT_RIGHT_SEND)));
	play_end(&p);
}

STAGE(words)
{
	attack(s, change_words);
}

STAGE(descriptors)
{
	attack(s, change_descriptors);
}

STAGE(sizes)
{
	attack(s, change_size);
}

STAGE(ranges_and_bits)
{
	attack(s, change_ranges);
}
