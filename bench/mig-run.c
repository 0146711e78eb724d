/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mig-run CLIENT SERVER WHAT ROUNDS: so many calls of one routine of mig.defs in one process, where
 * CLIENT and SERVER are each `stub`, what the interface compiler wrote, or `hand`, the same messages
 * written by hand: filled, sent, and looked at as far as a careful programmer would (id, size, complex
 * or not, kind of right). bench-mig counts the instructions.
 *
 * The client's stubs call exchange() in place of mach_msg(): the request is sent, served and answered
 * on the way, each by the library.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/mig-types.h"
#include "benchMig.h"
#include "benchMigServer.h"

#define ROOM 1024
#define N_DATA 16

mach_msg_return_t bench_exchange(mach_msg_header_t *message, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t receive_limit, mach_port_t receive_name,
	mach_msg_timeout_t timeout, mach_port_t notify);

static boolean_t (*serve)(mach_msg_header_t *in, mach_msg_header_t *out);
static mach_port_t port, gift;
static const char text[] = "a text of some length, as names of services are";

static void must(kern_return_t kr, const char *what)
{
	if (kr != KERN_SUCCESS) {
		fprintf(stderr, "mig-run: %s: %#x\n", what, (unsigned)kr);
		exit(1);
	}
}

static void serve_one(void)
{
	static uint64_t in[ROOM / 8], out[ROOM / 8];
	mach_msg_header_t *request = (mach_msg_header_t *)in, *reply = (mach_msg_header_t *)out;

	must(mach_msg(request, MACH_RCV_MSG, 0, sizeof(in), port, 0, MACH_PORT_NULL), "receive");
	(void)serve(request, reply);
	must(mach_msg(reply, MACH_SEND_MSG, reply->msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL),
		"answer");
}

mach_msg_return_t bench_exchange(mach_msg_header_t *message, mach_msg_option_t option,
	mach_msg_size_t send_size, mach_msg_size_t receive_limit, mach_port_t receive_name,
	mach_msg_timeout_t timeout, mach_port_t notify)
{
	must(mach_msg(message, option & ~MACH_RCV_MSG, send_size, 0, MACH_PORT_NULL, timeout,
		     notify),
		"send");
	serve_one();
	return mach_msg(
		message, option & ~MACH_SEND_MSG, 0, receive_limit, receive_name, timeout, notify);
}

/* Routines. */

static void do_add(int32_t a, uint64_t b, uint64_t *sum, int32_t *differs)
{
	*sum = (uint64_t)a + b;
	*differs = (uint64_t)a != b;
}

static int32_t do_text(const char *t, const int32_t *data, unsigned n)
{
	int32_t total = t[0];

	for (unsigned i = 0; i < n; i++)
		total += data[i];
	return total;
}

kern_return_t serve_bench_add(
	mach_port_t server, int32_t a, uint64_t b, uint64_t *sum, int32_t *differs)
{
	(void)server;
	do_add(a, b, sum, differs);
	return KERN_SUCCESS;
}

kern_return_t serve_bench_text(mach_port_t server, bench_text_t t, bench_array_t data,
	mach_msg_type_number_t n, int32_t *total)
{
	(void)server;
	*total = do_text(t, data, n);
	return KERN_SUCCESS;
}

kern_return_t serve_bench_right(mach_port_t server, mach_port_t p, mach_port_t *q)
{
	(void)server;
	*q = p;
	return KERN_SUCCESS;
}

/* By hand. */

#pragma pack(push, 4)
typedef struct Text {
	mach_msg_header_t head;
	NDR_record_t ndr;
	uint32_t offset, length;
	char rest[128 + 4 + 64 * 4];
} Text;
typedef struct Right {
	mach_msg_header_t head;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t port;
} Right;
typedef struct Add {
	mach_msg_header_t head;
	NDR_record_t ndr;
	int32_t a;
	uint64_t b;
} Add;
typedef struct Sum {
	mig_reply_error_t error;
	uint64_t sum;
	int32_t differs;
} Sum;
typedef struct Total {
	mig_reply_error_t error;
	int32_t total;
} Total;
typedef union Reply {
	Sum sum;
	Total total;
	Right right;
	char room[ROOM];
} Reply;
#pragma pack(pop)

static mach_msg_return_t ask(
	mach_msg_header_t *h, size_t size, int id, bool is_complex, Reply *reply)
{
	h->msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	if (is_complex)
		h->msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	h->msgh_size = (mach_msg_size_t)size;
	h->msgh_remote_port = port;
	h->msgh_local_port = mig_get_reply_port();
	h->msgh_voucher_port = MACH_PORT_NULL;
	h->msgh_id = id;
	must(mach_msg(
		     h, MACH_SEND_MSG, (mach_msg_size_t)size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL),
		"send");
	serve_one();
	return mach_msg(&reply->sum.error.Head, MACH_RCV_MSG, 0, sizeof(*reply),
		mig_get_reply_port(), 0, MACH_PORT_NULL);
}

static bool is_answer(const Reply *reply, int id, size_t size)
{
	return reply->sum.error.Head.msgh_id == id + 100 &&
	       reply->sum.error.Head.msgh_size == size &&
	       reply->sum.error.Head.msgh_remote_port == MACH_PORT_NULL &&
	       !(reply->sum.error.Head.msgh_bits & MACH_MSGH_BITS_COMPLEX) &&
	       reply->sum.error.RetCode == KERN_SUCCESS;
}

static kern_return_t hand_add(int32_t a, uint64_t b, uint64_t *sum, int32_t *differs)
{
	Add request = {.ndr = NDR_record, .a = a, .b = b};
	Reply reply;

	must(ask(&request.head, sizeof(request), 6000, false, &reply), "add");
	if (!is_answer(&reply, 6000, sizeof(Sum)))
		return KERN_FAILURE;
	*sum = reply.sum.sum;
	*differs = reply.sum.differs;
	return KERN_SUCCESS;
}

static kern_return_t hand_text(const char *t, const int32_t *data, uint32_t n, int32_t *total)
{
	Text request;
	Reply reply;
	size_t length = strlen(t) + 1, padded = (length + 3) & ~(size_t)3;

	if (length > 128 || n > 64)
		return KERN_INVALID_ARGUMENT;
	request.ndr = NDR_record;
	request.offset = 0;
	request.length = (uint32_t)length;
	memcpy(request.rest, t, length);
	memset(request.rest + length, 0, padded - length);
	memcpy(request.rest + padded, &n, 4);
	memcpy(request.rest + padded + 4, data, n * sizeof(*data));
	must(ask(&request.head, offsetof(Text, rest) + padded + 4 + n * sizeof(*data), 6001, false,
		     &reply),
		"text");
	if (!is_answer(&reply, 6001, sizeof(Total)))
		return KERN_FAILURE;
	*total = reply.total.total;
	return KERN_SUCCESS;
}

static kern_return_t hand_right(mach_port_t p, mach_port_t *q)
{
	Right request = {.body = {1},
		.port = {.name = p,
			.disposition = MACH_MSG_TYPE_COPY_SEND,
			.type = MACH_MSG_PORT_DESCRIPTOR}};
	Reply reply;

	must(ask(&request.head, sizeof(request), 6002, true, &reply), "right");
	if (reply.right.head.msgh_id != 6102 || reply.right.head.msgh_size != sizeof(Right) ||
		!(reply.right.head.msgh_bits & MACH_MSGH_BITS_COMPLEX) ||
		reply.right.body.msgh_descriptor_count != 1 ||
		reply.right.port.type != MACH_MSG_PORT_DESCRIPTOR ||
		reply.right.port.disposition != MACH_MSG_TYPE_MOVE_SEND)
		return KERN_FAILURE;
	*q = reply.right.port.name;
	return KERN_SUCCESS;
}

static bool serve_text(const Text *in, Total *out)
{
	uint32_t padded = (in->length + 3) & ~3U, n;

	if (in->head.msgh_size < offsetof(Text, rest) + 4 || in->offset != 0 || in->length > 128 ||
		in->head.msgh_size < offsetof(Text, rest) + padded + 4 ||
		!memchr(in->rest, '\0', in->length))
		return false;
	memcpy(&n, in->rest + padded, 4);
	if (n > 64 || in->head.msgh_size != offsetof(Text, rest) + padded + 4 + n * 4)
		return false;
	out->total = do_text(in->rest, (const int32_t *)(const void *)(in->rest + padded + 4), n);
	out->error.Head.msgh_size = sizeof(*out);
	return true;
}

static bool serve_right(const Right *in, Right *out)
{
	if (!(in->head.msgh_bits & MACH_MSGH_BITS_COMPLEX) || in->head.msgh_size != sizeof(*in) ||
		in->body.msgh_descriptor_count != 1 || in->port.type != MACH_MSG_PORT_DESCRIPTOR ||
		in->port.disposition != MACH_MSG_TYPE_MOVE_SEND)
		return false;
	out->head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	out->head.msgh_size = sizeof(*out);
	out->body.msgh_descriptor_count = 1;
	out->port = (mach_msg_port_descriptor_t){.name = in->port.name,
		.disposition = MACH_MSG_TYPE_MOVE_SEND,
		.type = MACH_MSG_PORT_DESCRIPTOR};
	return true;
}

static boolean_t serve_by_hand(mach_msg_header_t *in, mach_msg_header_t *out)
{
	Reply *reply = (Reply *)(void *)out;
	const Add *add = (const Add *)(const void *)in;
	bool is_good = false;

	out->msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(in->msgh_bits), 0);
	out->msgh_remote_port = in->msgh_remote_port;
	out->msgh_local_port = MACH_PORT_NULL;
	out->msgh_voucher_port = MACH_PORT_NULL;
	out->msgh_id = in->msgh_id + 100;
	if (in->msgh_id == 6002) {
		is_good = serve_right((const Right *)(const void *)in, &reply->right);
	} else {
		reply->sum.error.NDR = NDR_record;
		reply->sum.error.RetCode = KERN_SUCCESS;
		if (in->msgh_bits & MACH_MSGH_BITS_COMPLEX) {
			is_good = false;
		} else if (in->msgh_id == 6001) {
			is_good = serve_text((const Text *)(const void *)in, &reply->total);
		} else if (in->msgh_id == 6000 && in->msgh_size == sizeof(*add)) {
			uint64_t sum;

			is_good = true;
			do_add(add->a, add->b, &sum, &reply->sum.differs);
			reply->sum.sum = sum;
			out->msgh_size = sizeof(Sum);
		}
	}
	if (!is_good) {
		out->msgh_size = sizeof(mig_reply_error_t);
		reply->sum.error.NDR = NDR_record;
		reply->sum.error.RetCode = MIG_BAD_ARGUMENTS;
	}
	return TRUE;
}

/* Calls. */

static void call(bool by_hand, const char *what, unsigned i)
{
	static bench_text_t name;
	static int32_t data[N_DATA] = {1, 2, 3};
	uint64_t sum;
	int32_t n;
	mach_port_t q;

	if (strcmp(what, "scalars") == 0) {
		must(by_hand ? hand_add((int32_t)i, i, &sum, &n)
			     : bench_add(port, (int32_t)i, i, &sum, &n),
			"add");
		must(sum != 2 * (uint64_t)i, "the sum");
	} else if (strcmp(what, "text") == 0) {
		memcpy(name, text, sizeof(text));
		must(by_hand ? hand_text(name, data, N_DATA, &n)
			     : bench_text(port, name, data, N_DATA, &n),
			"text");
		must(n != text[0] + 6, "the total");
	} else {
		must(by_hand ? hand_right(gift, &q) : bench_right(port, gift, &q), "right");
		must(q != gift, "the right");
		must(mach_port_deallocate(mach_task_self(), q), "deallocate");
	}
}

int main(int argc, char **argv)
{
	bool by_hand;

	if (argc != 5) {
		fprintf(stderr, "usage: mig-run stub|hand stub|hand scalars|text|right ROUNDS\n");
		return 2;
	}
	by_hand = strcmp(argv[1], "hand") == 0;
	serve = strcmp(argv[2], "hand") == 0 ? serve_by_hand : bench_mig_server;
	must(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), "port");
	must(mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND), "send");
	must(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &gift), "port");
	must(mach_port_insert_right(mach_task_self(), gift, gift, MACH_MSG_TYPE_MAKE_SEND), "send");
	for (unsigned i = 0; i < (unsigned)atoi(argv[4]); i++)
		call(by_hand, argv[3], i);
	return 0;
}
