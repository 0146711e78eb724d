/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages byte for byte, as other implementations of the language lay them out: what the client's
 * stubs send, and what the server's stubs answer. No message is sent; names of rights are numbers.
 */
#include "tests/mig/capture.h"
#include "tests/mig/roundtrip_server.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/unit.h"

#define SERVER 0x1003
#define REPLY_BITS MACH_MSG_TYPE_MOVE_SEND_ONCE
#define REPLY_PORT 0x2003
#define REQUEST_BITS MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE)

/* Bytes, written down one after the other. */
typedef struct Bytes {
	uint8_t at[4096] __attribute__((__aligned__(8)));
	size_t n;
} Bytes;

static void put8(Bytes *b, unsigned value)
{
	b->at[b->n++] = (uint8_t)value;
}

static void put16(Bytes *b, unsigned value)
{
	put8(b, value & 0xff);
	put8(b, value >> 8);
}

static void put32(Bytes *b, uint32_t value)
{
	put16(b, value & 0xffff);
	put16(b, value >> 16);
}

static void put64(Bytes *b, uint64_t value)
{
	put32(b, (uint32_t)value);
	put32(b, (uint32_t)(value >> 32));
}

static void put_text(Bytes *b, const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		put8(b, i < strlen(text) ? (unsigned char)text[i] : 0);
}

static void put_header(Bytes *b, uint32_t bits, uint32_t remote, uint32_t local, uint32_t id)
{
	*b = (Bytes){.n = 0};
	put32(b, bits);
	put32(b, 0); /* the size: see finish() */
	put32(b, remote);
	put32(b, local);
	put32(b, 0);
	put32(b, id);
}

static void put_ndr(Bytes *b)
{
	static const uint8_t ndr[8] = {0, 0, 0, 0, 1, 0, 0, 0};

	for (int i = 0; i < 8; i++)
		put8(b, ndr[i]);
}

static void put_port(Bytes *b, uint32_t name, unsigned disposition)
{
	put32(b, name);
	put32(b, 0);
	put16(b, 0);
	put8(b, disposition);
	put8(b, MACH_MSG_PORT_DESCRIPTOR);
}

static void put_ool(Bytes *b, const void *address, bool deallocate, uint32_t size)
{
	put64(b, (uintptr_t)address);
	put8(b, deallocate);
	put8(b, MACH_MSG_VIRTUAL_COPY);
	put8(b, 0);
	put8(b, MACH_MSG_OOL_DESCRIPTOR);
	put32(b, size);
}

static void put_ool_ports(Bytes *b, const void *address, bool deallocate, unsigned kind, uint32_t n)
{
	put64(b, (uintptr_t)address);
	put8(b, deallocate);
	put8(b, MACH_MSG_VIRTUAL_COPY);
	put8(b, kind);
	put8(b, MACH_MSG_OOL_PORTS_DESCRIPTOR);
	put32(b, n);
}

static void finish(Bytes *b)
{
	uint32_t size = (uint32_t)b->n;

	memcpy(b->at + 4, &size, 4);
}

static void same_at(int line, const Bytes *got, const Bytes *expected)
{
	for (size_t i = 0; i < got->n && i < expected->n; i++)
		if (got->at[i] != expected->at[i])
			FAIL("line %d: byte %zu is %#x instead of %#x", line, i, got->at[i],
				expected->at[i]);
	if (got->n != expected->n)
		FAIL("line %d: %zu bytes instead of %zu", line, got->n, expected->n);
}

#define SAME(got, expected) same_at(__LINE__, got, expected)

/* The client's side: the last request. Stubs get an error. */
static Bytes sent;
static mach_msg_option_t sent_option;
static mach_msg_size_t sent_limit;

mach_msg_return_t roundtrip_mach_msg(mach_msg_header_t *message, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t receive_limit, mach_port_t receive_name,
	mach_msg_timeout_t timeout, mach_port_t notify)
{
	(void)timeout;
	(void)notify;
	ASSERT_EQ(receive_name, option & MACH_RCV_MSG ? message->msgh_local_port : MACH_PORT_NULL);
	message->msgh_size = send_size;
	sent = (Bytes){.n = send_size};
	memcpy(sent.at, message, send_size);
	/* The reply port's name is not known before. */
	if (message->msgh_local_port != MACH_PORT_NULL) {
		uint32_t name = REPLY_PORT;

		memcpy(sent.at + 12, &name, 4);
	}
	sent_option = option;
	sent_limit = receive_limit;
	return MACH_SEND_INVALID_DEST;
}

/* Calls a stub, and compares what it would send. */
#define SENDS(call, expected)                                                                      \
	do {                                                                                       \
		finish(expected);                                                                  \
		ASSERT_EQ(call, MACH_SEND_INVALID_DEST);                                           \
		SAME(&sent, expected);                                                             \
	} while (0)

/* The server's side: the answer to a request with a trailer behind it. */
static Bytes answer(const Bytes *request, size_t room)
{
	static const mach_msg_audit_trailer_t trailer = {
		.msgh_trailer_size = sizeof(trailer), .msgh_sender.val = {77, 78}};
	Bytes in = *request, out = {.n = 0};
	mach_msg_header_t *reply = (mach_msg_header_t *)out.at;

	memcpy(in.at + round_msg(in.n), &trailer, sizeof(trailer));
	/* What is not written must not be sent. */
	memset(out.at, 0xdd, room);
	(void)roundtrip_server((mach_msg_header_t *)in.at, reply);
	out.n = reply->msgh_size;
	return out;
}

static void put_request(Bytes *b, bool is_complex, uint32_t id)
{
	put_header(b,
		(is_complex ? MACH_MSGH_BITS_COMPLEX : 0) |
			MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_MSG_TYPE_MOVE_SEND),
		REPLY_PORT, SERVER, id);
}

static void put_reply(Bytes *b, bool is_complex, uint32_t id)
{
	put_header(b, (is_complex ? MACH_MSGH_BITS_COMPLEX : 0) | REPLY_BITS, REPLY_PORT, 0, id);
}

static void put_error(Bytes *b, uint32_t id, kern_return_t code)
{
	put_reply(b, false, id);
	put_ndr(b);
	put32(b, (uint32_t)code);
}

static void answers_at(int line, Bytes *request, Bytes *expected)
{
	Bytes got;

	finish(request);
	finish(expected);
	got = answer(request, sizeof(got.at));
	same_at(line, &got, expected);
}

#define ANSWERS(request, expected) answers_at(__LINE__, request, expected)

TEST(no_arguments)
{
	Bytes b, e;

	put_header(&b, REQUEST_BITS, SERVER, REPLY_PORT, 5018);
	ASSERT_EQ(b.n, 24);
	SENDS(call_nothing(SERVER), &b);
	ASSERT_EQ(sent_option, MACH_SEND_MSG | MACH_RCV_MSG);
	ASSERT_EQ(sent_limit, 36 + 8);
	put_request(&b, false, 5018);
	put_error(&e, 5118, KERN_SUCCESS);
	ASSERT_EQ(e.n, 36);
	ANSWERS(&b, &e);
}

TEST(scalars)
{
	uint8_t ob;
	short os;
	int32_t oi;
	uint64_t ou, x = 0x1122334455667788;
	Bytes b, e;

	put_header(&b, REQUEST_BITS, SERVER, REPLY_PORT, 5001);
	put_ndr(&b);
	put32(&b, 0xfe);
	put32(&b, 0xfffe);
	put32(&b, 0x80000000);
	put64(&b, 0x0123456789abcdef);
	put64(&b, x);
	ASSERT_EQ(b.n, 60);
	SENDS(call_scalars(SERVER, 0xfe, -2, INT32_MIN, 0x0123456789abcdef, &ob, &os, &oi, &ou, &x),
		&b);
	ASSERT_EQ(sent_limit, 64 + 8);
	memcpy(b.at, &(uint32_t){MACH_MSGH_BITS(18, 17)}, 4);
	memcpy(b.at + 8, (uint32_t[]){REPLY_PORT, SERVER}, 8);
	put_error(&e, 5101, KERN_SUCCESS);
	put32(&e, 0xff);
	put32(&e, 0xffff);
	put32(&e, 0x80000001);
	put64(&e, 0x0123456789abcdf0);
	put64(&e, ~x);
	ANSWERS(&b, &e);
}

/* Rights only: neither NDR nor, in the answer, a code. */
TEST(rights_only)
{
	mach_port_t ol, xl = 0x4003;
	Bytes b, e;

	put_header(&b, MACH_MSGH_BITS_COMPLEX | REQUEST_BITS, SERVER, REPLY_PORT, 5010);
	put32(&b, 2);
	put_port(&b, 0x3003, MACH_MSG_TYPE_COPY_SEND);
	put_port(&b, 0x4003, MACH_MSG_TYPE_MOVE_SEND);
	ASSERT_EQ(b.n, 52);
	SENDS(call_lamps(SERVER, 0x3003, &ol, &xl), &b);
	put_request(&b, true, 5010);
	put32(&b, 2);
	put_port(&b, 0x3003, MACH_MSG_TYPE_MOVE_SEND);
	put_port(&b, 0x4003, MACH_MSG_TYPE_MOVE_SEND);
	put_reply(&e, true, 5110);
	put32(&e, 2);
	put_port(&e, 0x4003, MACH_MSG_TYPE_MOVE_SEND);
	put_port(&e, 0x3003, MACH_MSG_TYPE_MOVE_SEND);
	ANSWERS(&b, &e);
}

/* Rights and what is inline: the answer has no code either. */
TEST(rights_and_more)
{
	mach_port_t v[2] = {0x3003, 0x4003}, q[2];
	mach_msg_type_name_t kind;
	mach_msg_type_number_t n;
	Bytes b, e;

	put_header(&b, MACH_MSGH_BITS_COMPLEX | REQUEST_BITS, SERVER, REPLY_PORT, 5023);
	put32(&b, 2);
	put_port(&b, 0x3003, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	put_port(&b, 0, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	put_ndr(&b);
	put32(&b, 1);
	SENDS(call_poly_array(SERVER, v, MACH_MSG_TYPE_MAKE_SEND_ONCE, 1, q, &kind, &n), &b);
	put_request(&b, true, 5023);
	put32(&b, 2);
	put_port(&b, 0x3003, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	put_port(&b, 0, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	put_ndr(&b);
	put32(&b, 1);
	put_reply(&e, true, 5123);
	put32(&e, 2);
	put_port(&e, 0x3003, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	put_port(&e, 0, MACH_MSG_TYPE_MOVE_SEND_ONCE);
	put_ndr(&e);
	put32(&e, 2);
	ANSWERS(&b, &e);
}

/* n[64]; Offset, Cnt with the NUL, bytes up to a multiple of 4; what follows comes earlier. */
TEST(strings)
{
	name_t n = "short", on;
	long_name_t l = "seven..", ol, ol2;
	int32_t k;
	Bytes b, e;

	for (int round = 0; round < 2; round++) {
		put_header(&b, REQUEST_BITS, SERVER, REPLY_PORT, 5002);
		put_ndr(&b);
		put_text(&b, "short", 64);
		put32(&b, 0);
		put32(&b, round ? 9 : 8);
		put_text(&b, l, round ? 12 : 8);
		put32(&b, 1000);
		SENDS(call_strings(SERVER, n, l, 1000, on, ol, &k, ol2), &b);
		strcpy(l, "eight...");
	}
	memcpy(b.at, &(uint32_t){MACH_MSGH_BITS(18, 17)}, 4);
	memcpy(b.at + 8, (uint32_t[]){REPLY_PORT, SERVER}, 8);
	put_error(&e, 5102, KERN_SUCCESS);
	put_text(&e, "eight...", 64);
	put32(&e, 0);
	put32(&e, 6);
	put_text(&e, "short", 8);
	put32(&e, 1008);
	put32(&e, 0);
	put32(&e, 9);
	put_text(&e, "eight...", 12);
	ANSWERS(&b, &e);
}

/* Cnt, then so many elements, up to a multiple of 4 bytes; the room for an answer comes last. */
TEST(variable_arrays)
{
	int32_t a[2] = {-1, 2}, oa[100];
	uint64_t w[1] = {0x1122334455667788}, ow[50];
	char c[5] = "12345", oc[77];
	point_t d[1] = {{3, 4, 0}}, od[16];
	mach_msg_type_number_t na, nw = 7, nc, nd;
	Bytes b, e;

	put_header(&b, REQUEST_BITS, SERVER, REPLY_PORT, 5004);
	put_ndr(&b);
	put32(&b, 2);
	put32(&b, 0xffffffff);
	put32(&b, 2);
	put32(&b, 1);
	put64(&b, 0x1122334455667788);
	put32(&b, 5);
	put_text(&b, "12345", 8);
	put32(&b, 1);
	put32(&b, 3);
	put32(&b, 4);
	put64(&b, 0);
	put32(&b, 7);
	SENDS(call_arrays(SERVER, a, 2, w, 1, c, 5, d, 1, oa, &na, ow, &nw, oc, &nc, od, &nd), &b);
	memcpy(b.at, &(uint32_t){MACH_MSGH_BITS(18, 17)}, 4);
	memcpy(b.at + 8, (uint32_t[]){REPLY_PORT, SERVER}, 8);
	put_error(&e, 5104, KERN_SUCCESS);
	put32(&e, 2);
	put32(&e, 2);
	put32(&e, 0xffffffff);
	put32(&e, 1);
	put64(&e, 0x1122334455667788);
	put32(&e, 5);
	put_text(&e, "54321", 8);
	put32(&e, 1);
	put32(&e, 3);
	put32(&e, 4);
	put64(&e, 0);
	ANSWERS(&b, &e);
}

/* Memory: a descriptor, and the count behind NDR. */
TEST(memory_out_of_line)
{
	point_t p[2] = {{0}}, *op;
	int32_t ten[10] = {0}, *ot, c[3] = {0}, *oc;
	char d[5] = "", *od;
	mach_msg_type_number_t np, nc, nd;
	Bytes b;

	put_header(&b, MACH_MSGH_BITS_COMPLEX | REQUEST_BITS, SERVER, REPLY_PORT, 5007);
	put32(&b, 4);
	put_ool(&b, p, false, 32);
	put_ool(&b, ten, false, 40);
	put_ool(&b, c, true, 12);
	put_ool(&b, d, true, 5);
	put_ndr(&b);
	put32(&b, 2);
	put32(&b, 3);
	put32(&b, 5);
	SENDS(call_far(SERVER, p, 2, ten, c, 3, d, 5, TRUE, &op, &np, &ot, &oc, &nc, &od, &nd), &b);
}

TEST(rights_out_of_line)
{
	mach_port_t a[3] = {0}, c[1] = {0}, *oa, *oc;
	mach_msg_type_number_t na, nc;
	mach_msg_type_name_t kind;
	Bytes b, e;

	put_header(&b, MACH_MSGH_BITS_COMPLEX | REQUEST_BITS, SERVER, REPLY_PORT, 5008);
	put32(&b, 2);
	put_ool_ports(&b, a, false, MACH_MSG_TYPE_COPY_SEND, 3);
	put_ool_ports(&b, c, false, MACH_MSG_TYPE_MOVE_RECEIVE, 1);
	put_ndr(&b);
	put32(&b, 3);
	put32(&b, 1);
	SENDS(call_far_ports(
		      SERVER, a, 3, c, MACH_MSG_TYPE_MOVE_RECEIVE, 1, &oa, &na, &oc, &kind, &nc),
		&b);
	put_request(&b, true, 5008);
	put32(&b, 2);
	put_ool_ports(&b, a, true, MACH_MSG_TYPE_MOVE_SEND, 3);
	put_ool_ports(&b, c, true, MACH_MSG_TYPE_MOVE_RECEIVE, 1);
	put_ndr(&b);
	put32(&b, 3);
	put32(&b, 1);
	put_reply(&e, true, 5108);
	put32(&e, 2);
	put_ool_ports(&e, a, true, MACH_MSG_TYPE_MOVE_SEND, 3);
	put_ool_ports(&e, c, true, MACH_MSG_TYPE_MOVE_RECEIVE, 1);
	put_ndr(&e);
	put32(&e, 3);
	put32(&e, 1);
	ANSWERS(&b, &e);
}

/* Out of line for the message only. */
TEST(arrays_that_travel_out_of_line)
{
	int32_t a[2] = {0}, oa[4];
	mach_port_t p[1] = {0}, op[2];
	mach_msg_type_number_t na = 4, np = 2;
	Bytes b;

	put_header(&b, MACH_MSGH_BITS_COMPLEX | REQUEST_BITS, SERVER, REPLY_PORT, 5009);
	put32(&b, 2);
	put_ool(&b, a, false, 8);
	put_ool_ports(&b, p, false, MACH_MSG_TYPE_COPY_SEND, 1);
	put_ndr(&b);
	put32(&b, 2);
	put32(&b, 1);
	put32(&b, 4);
	put32(&b, 2);
	SENDS(call_near(SERVER, a, 2, p, 1, oa, &na, op, &np), &b);
}

/* One way: no reply port, and no answer but to the address that came. */
TEST(simple_routines)
{
	long_name_t n = "abc";
	int32_t a[1] = {5};
	Bytes b, e;

	put_header(&b, MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0), SERVER, 0, 5015);
	put_ndr(&b);
	put32(&b, 0);
	put32(&b, 4);
	put_text(&b, "abc", 4);
	put32(&b, 1);
	put32(&b, 5);
	SENDS(call_one_way(SERVER, n, a, 1), &b);
	ASSERT_EQ(sent_option, MACH_SEND_MSG);
	memcpy(b.at, &(uint32_t){MACH_MSGH_BITS(0, 17)}, 4);
	memcpy(b.at + 8, (uint32_t[]){0, SERVER}, 8);
	put_header(&e, 0, 0, 0, 5115);
	put_ndr(&e);
	put32(&e, KERN_SUCCESS);
	ANSWERS(&b, &e);

	put_header(&b, REQUEST_BITS, SERVER, REPLY_PORT, 5016);
	put_ndr(&b);
	put32(&b, 99);
	SENDS(call_answer_to(SERVER, REPLY_PORT, 99), &b);
}

/* 36 bytes with a code, whatever the answer would have been. */
TEST(errors)
{
	Bytes b, e;

	put_request(&b, false, 5001);
	put_error(&e, 5101, MIG_BAD_ARGUMENTS);
	ANSWERS(&b, &e);
	put_request(&b, true, 5008);
	put32(&b, 0);
	put_error(&e, 5108, MIG_BAD_ARGUMENTS);
	ANSWERS(&b, &e);
	for (uint32_t id = 0; id < 5000; id += 4999) {
		put_request(&b, false, id);
		put_error(&e, id + 100, MIG_BAD_ID);
		ANSWERS(&b, &e);
	}
	/* The id that is skipped, and the one behind the last. */
	put_request(&b, false, 5017);
	put_error(&e, 5117, MIG_BAD_ID);
	ANSWERS(&b, &e);
	put_request(&b, false, 5025);
	put_error(&e, 5125, MIG_BAD_ID);
	ANSWERS(&b, &e);
	put_request(&b, true, 5021);
	put32(&b, 1);
	put_port(&b, 0x3003, MACH_MSG_TYPE_MOVE_SEND);
	put_ndr(&b);
	put32(&b, 7);
	put_error(&e, 5121, 7);
	ANSWERS(&b, &e);
}

/* The trailer stands behind the message, wherever that ends; it is of no use if it is too short, or
 * of a kind that nobody knows. */
TEST(trailers)
{
	mach_msg_audit_trailer_t *trailer;
	Bytes in, out = {.n = 0}, e;
	struct {
		unsigned type, size;
		kern_return_t code;
	} cases[] = {
		{0, sizeof(*trailer), KERN_SUCCESS},
		{0, sizeof(*trailer) + 4, KERN_SUCCESS},
		{0, sizeof(*trailer) - 4, MIG_TRAILER_ERROR},
		{0, 8, MIG_TRAILER_ERROR},
		{1, sizeof(*trailer), MIG_TRAILER_ERROR},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_request(&in, false, 5012);
		finish(&in);
		trailer = (mach_msg_audit_trailer_t *)(in.at + in.n);
		trailer->msgh_trailer_type = cases[i].type;
		trailer->msgh_trailer_size = cases[i].size;
		trailer->msgh_sender.val[0] = 1234;
		trailer->msgh_audit.val[5] = 5678;
		ASSERT_TRUE(
			roundtrip_server((mach_msg_header_t *)in.at, (mach_msg_header_t *)out.at));
		put_error(&e, 5112, cases[i].code);
		if (cases[i].code == KERN_SUCCESS) {
			put32(&e, 5678);
			put32(&e, 1234);
		}
		finish(&e);
		out.n = ((mach_msg_header_t *)out.at)->msgh_size;
		SAME(&out, &e);
	}
}
