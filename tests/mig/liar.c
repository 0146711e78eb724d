/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that lies: each answer is right but for one thing. The stub says so, and nothing of what
 * came with the answer stays. An answer that is right comes first for each routine.
 */
#include "tests/mig/roundtrip_peer.h"

#define SOME 3

#pragma pack(push, 4)
typedef union Answer {
	mach_msg_header_t head;
	mig_reply_error_t error;
	__Reply__nothing_t nothing;
	__Reply__scalars_t scalars;
	__Reply__strings_t strings;
	__Reply__twins_t twins;
	__Reply__ports_t ports;
	__Reply__far_t far;
	__Reply__far_ports_t far_ports;
	__Reply__near_t near;
	__Reply__poly_array_t poly;
	struct {
		mach_msg_header_t head;
		mach_msg_body_t body;
		mach_msg_port_descriptor_t port;
	} one_right;
	char bytes[4096];
} Answer;
#pragma pack(pop)

/* What the liar gives away: rights to this, and this memory. */
static mach_port_t liar_port;
static int32_t liar_memory[1024];
static mach_port_t liar_ports[8];

/* Honest answers. */

static void simple(Answer *a, mach_msg_size_t size)
{
	a->head.msgh_size = size;
	a->error.NDR = NDR_record;
}

static void complex_one(Answer *a, mach_msg_size_t size, unsigned descriptors)
{
	a->head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	a->head.msgh_size = size;
	a->one_right.body.msgh_descriptor_count = descriptors;
}

static mach_msg_port_descriptor_t right(mach_msg_type_name_t kind)
{
	return (mach_msg_port_descriptor_t){
		.name = liar_port, .disposition = kind, .type = MACH_MSG_PORT_DESCRIPTOR};
}

static mach_msg_ool_descriptor_t ool(mach_msg_size_t size)
{
	return (mach_msg_ool_descriptor_t){.address = liar_memory,
		.size = size,
		.copy = MACH_MSG_VIRTUAL_COPY,
		.type = MACH_MSG_OOL_DESCRIPTOR};
}

static mach_msg_ool_ports_descriptor_t ool_ports(unsigned n, mach_msg_type_name_t kind)
{
	return (mach_msg_ool_ports_descriptor_t){.address = liar_ports,
		.count = n,
		.disposition = kind,
		.copy = MACH_MSG_VIRTUAL_COPY,
		.type = MACH_MSG_OOL_PORTS_DESCRIPTOR};
}

static void nothing(Answer *a)
{
	simple(a, sizeof(a->nothing));
}

static void scalars(Answer *a)
{
	simple(a, sizeof(a->scalars));
}

/* on, ol of 3 and a NUL, ok, ol2 of 1 and a NUL. The members behind ol come earlier. */
#define OL_CNT 4
#define OL2_CNT 2
#define OL2(a) ((__Reply__strings_t *)(void *)((char *)&(a)->strings - 200 + OL_CNT))

static void strings(Answer *a)
{
	simple(a, sizeof(a->strings) - 400 + OL_CNT + 4);
	strcpy(a->strings.on, "fixed");
	a->strings.olCnt = OL_CNT;
	strcpy(a->strings.ol, "abc");
	OL2(a)->ol2Cnt = OL2_CNT;
	strcpy(OL2(a)->ol2, "x");
}

static void twins(Answer *a)
{
	simple(a, sizeof(a->twins) - 800 + 2 * SOME * 4);
	a->twins.cCnt = SOME;
}

static void ports(Answer *a)
{
	complex_one(a, sizeof(a->ports), 9);
	a->ports.op = right(MAKE);
	a->ports.oq = right(MAKE_ONCE);
	for (int i = 0; i < 3; i++)
		a->ports.oa[i] = right(MAKE);
	for (int i = 0; i < 4; i++)
		a->ports.ov[i] = right(MAKE);
	a->ports.NDR = NDR_record;
	a->ports.ovCnt = 4;
}

static void far(Answer *a)
{
	complex_one(a, sizeof(a->far), 4);
	a->far.oa = ool(SOME * sizeof(point_t));
	a->far.ob = ool(40);
	a->far.oc = ool(SOME * 4);
	a->far.od = ool(SOME);
	a->far.NDR = NDR_record;
	a->far.oaCnt = a->far.ocCnt = a->far.odCnt = SOME;
}

static void far_ports(Answer *a)
{
	complex_one(a, sizeof(a->far_ports), 2);
	a->far_ports.oa = ool_ports(SOME, MAKE);
	a->far_ports.ob = ool_ports(SOME, MAKE_ONCE);
	a->far_ports.NDR = NDR_record;
	a->far_ports.oaCnt = a->far_ports.obCnt = SOME;
}

static void near(Answer *a)
{
	complex_one(a, sizeof(a->near), 2);
	a->near.oa = ool(SOME * 4);
	a->near.ob = ool_ports(SOME, MAKE);
	a->near.NDR = NDR_record;
	a->near.oaCnt = a->near.obCnt = SOME;
}

static void poly(Answer *a)
{
	complex_one(a, sizeof(a->poly), 2);
	a->poly.q[0] = a->poly.q[1] = right(MAKE);
	a->poly.NDR = NDR_record;
	a->poly.qCnt = 2;
}

/* Calls, and what is done with what they give. */

static void drop(mach_port_t name)
{
	if (MACH_PORT_VALID(name))
		deallocate(name);
}

static void release(void *memory, size_t size)
{
	OK(vm_deallocate(SELF, (vm_address_t)memory, size));
}

static kern_return_t ask_nothing(mach_port_t server)
{
	return call_nothing(server);
}

static kern_return_t ask_scalars(mach_port_t server)
{
	uint8_t b;
	short s;
	int32_t i;
	uint64_t u, x = 0;

	return call_scalars(server, 0, 0, 0, 0, &b, &s, &i, &u, &x);
}

static kern_return_t ask_strings(mach_port_t server)
{
	name_t n = "", on;
	long_name_t l = "", ol, ol2;
	int32_t k;
	kern_return_t kr = call_strings(server, n, l, 0, on, ol, &k, ol2);

	if (kr == KERN_SUCCESS)
		ASSERT_TRUE(strcmp(on, "fixed") == 0 && strcmp(ol, "abc") == 0 &&
			    strcmp(ol2, "x") == 0);
	return kr;
}

static kern_return_t ask_twins(mach_port_t server)
{
	int32_t a[1] = {0}, c[100], d[100];
	mach_msg_type_number_t n;

	return call_twins(server, a, 0, a, c, &n, d);
}

static kern_return_t ask_ports(mach_port_t server)
{
	mach_port_t a[3] = {0}, op, oq, oa[3], ov[4];
	mach_msg_type_name_t kind;
	mach_msg_type_number_t n;
	kern_return_t kr = call_ports(server, MACH_PORT_NULL, MACH_PORT_NULL, COPY, MACH_PORT_NULL,
		&op, &oq, &kind, a, a, 0, oa, ov, &n);

	if (kr != KERN_SUCCESS)
		return kr;
	drop(op);
	drop(oq);
	for (int i = 0; i < 3; i++)
		drop(oa[i]);
	for (int i = 0; i < 4; i++)
		drop(ov[i]);
	return kr;
}

static kern_return_t ask_far(mach_port_t server)
{
	point_t *oa;
	int32_t b[10] = {0}, *ob, *oc;
	char *od;
	mach_msg_type_number_t na, nc, nd;
	kern_return_t kr = call_far(
		server, NULL, 0, b, NULL, 0, NULL, 0, FALSE, &oa, &na, &ob, &oc, &nc, &od, &nd);

	if (kr != KERN_SUCCESS)
		return kr;
	release(oa, na * sizeof(*oa));
	release(ob, sizeof(b));
	release(oc, nc * sizeof(*oc));
	release(od, nd);
	return kr;
}

static kern_return_t ask_far_ports(mach_port_t server)
{
	mach_port_t *oa, *ob;
	mach_msg_type_number_t na, nb;
	mach_msg_type_name_t kind;
	kern_return_t kr = call_far_ports(
		server, NULL, 0, NULL, COPY, 0, &oa, &na, &ob, &kind, &nb);

	if (kr != KERN_SUCCESS)
		return kr;
	for (unsigned i = 0; i < na; i++)
		drop(oa[i]);
	for (unsigned i = 0; i < nb; i++)
		drop(ob[i]);
	release(oa, na * sizeof(*oa));
	release(ob, nb * sizeof(*ob));
	return kr;
}

static kern_return_t ask_near(mach_port_t server)
{
	int32_t oa[SOME];
	mach_port_t ob[SOME];
	mach_msg_type_number_t na = SOME, nb = SOME;
	kern_return_t kr = call_near(server, NULL, 0, NULL, 0, oa, &na, ob, &nb);

	for (unsigned i = 0; kr == KERN_SUCCESS && i < nb; i++)
		drop(ob[i]);
	return kr;
}

static kern_return_t ask_poly(mach_port_t server)
{
	mach_port_t q[2];
	mach_msg_type_name_t kind;
	mach_msg_type_number_t n;
	kern_return_t kr = call_poly_array(server, NULL, COPY, 0, q, &kind, &n);

	if (kr == KERN_SUCCESS) {
		drop(q[0]);
		drop(q[1]);
	}
	return kr;
}

/* Lies. */

typedef struct Lie {
	void (*honest)(Answer *a);
	kern_return_t (*ask)(mach_port_t server);
	void (*forge)(Answer *a); /* NULL: no lie */
	kern_return_t expected;
	int line;
} Lie;

#define LIE(name, ...)                                                                             \
	static void lie_##name(Answer *a)                                                          \
	{                                                                                          \
		__VA_ARGS__;                                                                       \
	}

LIE(another_id, a->head.msgh_id++)
LIE(id_of_the_request, a->head.msgh_id -= 100)
LIE(notification, a->head.msgh_id = MACH_NOTIFY_SEND_ONCE)
LIE(short_by_4, a->head.msgh_size -= 4)
LIE(long_by_4, a->head.msgh_size += 4)
LIE(header_only, a->head.msgh_size = 24)
LIE(header_only_and_bits, a->head.msgh_size = 28; a->one_right.body.msgh_descriptor_count = 0)
LIE(code, a->error.RetCode = 77)
LIE(error, a->head.msgh_bits &= ~MACH_MSGH_BITS_COMPLEX; a->error.NDR = NDR_record;
	a->error.RetCode = 77; a->head.msgh_size = sizeof(a->error))
LIE(error_without_code, lie_error(a); a->error.RetCode = 0)
LIE(local_port, a->head.msgh_bits |= MACH_MSGH_BITS(0, MAKE); a->head.msgh_local_port = liar_port)
LIE(complex_without_any, a->head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	a->one_right.body.msgh_descriptor_count = 0)
LIE(complex_with_one, a->head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	a->one_right.body.msgh_descriptor_count = 1; a->one_right.port = right(MAKE))
LIE(not_complex, a->head.msgh_bits &= ~MACH_MSGH_BITS_COMPLEX)
LIE(one_descriptor_less, a->one_right.body.msgh_descriptor_count--)
LIE(one_right_only, a->one_right.body.msgh_descriptor_count = 1; a->one_right.port = right(MAKE);
	a->head.msgh_size = sizeof(a->one_right))

LIE(fixed_without_nul, memset(a->strings.on, 'x', 64))
LIE(ol_without_nul, memset(a->strings.ol, 'x', OL_CNT))
LIE(ol2_without_nul, memset(OL2(a)->ol2, 'x', OL2_CNT))
LIE(ol_offset, a->strings.olOffset = 4)
LIE(ol_empty, a->strings.olCnt = 0)
LIE(ol_longer, a->strings.olCnt = OL_CNT + 1)
LIE(ol_shorter, a->strings.olCnt = 0; a->strings.olOffset = 0)
LIE(ol_too_long, a->strings.olCnt = 201)
LIE(ol_much_too_long, a->strings.olCnt = UINT32_MAX - 2)
LIE(ol2_longer, OL2(a)->ol2Cnt = 5)
LIE(ol2_too_long, OL2(a)->ol2Cnt = UINT32_MAX)
LIE(count_larger, a->twins.cCnt++)
LIE(count_smaller, a->twins.cCnt--)
LIE(count_too_large, a->twins.cCnt = 101)
LIE(count_overflows, a->twins.cCnt = 0x40000000 + SOME)
LIE(count_overflows_twice, a->twins.cCnt = 0x20000000 + SOME)

LIE(a_send_once, a->ports.op = right(MAKE_ONCE))
LIE(send_once_in_array, a->ports.oa[2] = right(MAKE_ONCE))
LIE(send_once_in_second_array, a->ports.ov[3] = right(MAKE_ONCE))
LIE(rights_too_many, a->ports.ovCnt = 5)
LIE(memory_for_a_right, *(mach_msg_ool_descriptor_t *)(void *)&a->ports.ov[3] = ool(8))
LIE(mixed_kinds, a->poly.q[1] = right(MAKE_ONCE))
LIE(too_many_of_any_kind, a->poly.qCnt = 3)

LIE(far_more, a->far.oaCnt++)
LIE(far_less, a->far.oaCnt--)
LIE(far_overflow, a->far.oaCnt = 0x10000000 + SOME)
LIE(far_fixed, a->far.ob.size = 36)
LIE(far_limit, a->far.oc.size = 1001 * 4; a->far.ocCnt = 1001)
LIE(far_bytes, a->far.od.size = 0)
LIE(far_rights, *(mach_msg_ool_ports_descriptor_t *)(void *)&a->far.oc = ool_ports(SOME, MAKE))
LIE(far_ports_more, a->far_ports.oaCnt++)
LIE(far_ports_less, a->far_ports.obCnt--)
LIE(far_ports_kind, a->far_ports.oa = ool_ports(SOME, MAKE_ONCE))
LIE(far_ports_memory, *(mach_msg_ool_descriptor_t *)(void *)&a->far_ports.oa = ool(SOME * 4))
LIE(near_more, a->near.oaCnt++)
LIE(near_less, a->near.obCnt--)
LIE(near_without_room, a->near.oa.size += 4; a->near.oaCnt++)
LIE(near_ports_without_room, a->near.ob = ool_ports(SOME + 1, MAKE); a->near.obCnt++)

#define ANY_OF(what)                                                                               \
	{what, ask_##what, NULL, KERN_SUCCESS, __LINE__},                                          \
		{what, ask_##what, lie_another_id, MIG_REPLY_MISMATCH, __LINE__},                  \
		{what, ask_##what, lie_id_of_the_request, MIG_REPLY_MISMATCH, __LINE__},           \
		{what, ask_##what, lie_notification, MIG_SERVER_DIED, __LINE__},                   \
		{what, ask_##what, lie_local_port, MIG_TYPE_ERROR, __LINE__},                      \
		{what, ask_##what, lie_short_by_4, MIG_TYPE_ERROR, __LINE__},                      \
	{                                                                                          \
		what, ask_##what, lie_error, 77, __LINE__                                          \
	}
#define SIMPLE(what)                                                                               \
	ANY_OF(what), {what, ask_##what, lie_header_only, MIG_TYPE_ERROR, __LINE__},               \
		{what, ask_##what, lie_header_only_and_bits, MIG_TYPE_ERROR, __LINE__},            \
		{what, ask_##what, lie_code, 77, __LINE__},                                        \
	{                                                                                          \
		what, ask_##what, lie_complex_without_any, MIG_TYPE_ERROR, __LINE__                \
	}
#define LARGER(what)                                                                               \
	{what, ask_##what, lie_error_without_code, MIG_TYPE_ERROR, __LINE__},                      \
	{                                                                                          \
		what, ask_##what, lie_complex_with_one, MIG_TYPE_ERROR, __LINE__                   \
	}
#define COMPLEX(what)                                                                              \
	ANY_OF(what), {what, ask_##what, lie_not_complex, MIG_TYPE_ERROR, __LINE__},               \
		{what, ask_##what, lie_one_descriptor_less, MIG_TYPE_ERROR, __LINE__},             \
		{what, ask_##what, lie_error_without_code, MIG_TYPE_ERROR, __LINE__},              \
	{                                                                                          \
		what, ask_##what, lie_one_right_only, MIG_TYPE_ERROR, __LINE__                     \
	}
#define WRONG(what, how)                                                                           \
	{                                                                                          \
		what, ask_##what, lie_##how, MIG_TYPE_ERROR, __LINE__                              \
	}

static const Lie lies[] = {
	SIMPLE(nothing),
	/* There is no room for the trailer behind it. */
	{nothing, ask_nothing, lie_long_by_4, MACH_RCV_TOO_LARGE, __LINE__},
	SIMPLE(scalars),
	LARGER(scalars),
	{scalars, ask_scalars, lie_long_by_4, MACH_RCV_TOO_LARGE, __LINE__},
	SIMPLE(strings),
	LARGER(strings),
	WRONG(strings, long_by_4),
	WRONG(strings, fixed_without_nul),
	WRONG(strings, ol_without_nul),
	WRONG(strings, ol2_without_nul),
	WRONG(strings, ol_offset),
	WRONG(strings, ol_empty),
	WRONG(strings, ol_longer),
	WRONG(strings, ol_shorter),
	WRONG(strings, ol_too_long),
	WRONG(strings, ol_much_too_long),
	WRONG(strings, ol2_longer),
	WRONG(strings, ol2_too_long),
	SIMPLE(twins),
	LARGER(twins),
	WRONG(twins, long_by_4),
	WRONG(twins, count_larger),
	WRONG(twins, count_smaller),
	WRONG(twins, count_too_large),
	WRONG(twins, count_overflows),
	WRONG(twins, count_overflows_twice),
	COMPLEX(ports),
	WRONG(ports, a_send_once),
	WRONG(ports, send_once_in_array),
	WRONG(ports, send_once_in_second_array),
	WRONG(ports, rights_too_many),
	WRONG(ports, memory_for_a_right),
	COMPLEX(poly),
	WRONG(poly, mixed_kinds),
	WRONG(poly, too_many_of_any_kind),
	COMPLEX(far),
	WRONG(far, far_more),
	WRONG(far, far_less),
	WRONG(far, far_overflow),
	WRONG(far, far_fixed),
	WRONG(far, far_limit),
	WRONG(far, far_bytes),
	WRONG(far, far_rights),
	COMPLEX(far_ports),
	WRONG(far_ports, far_ports_more),
	WRONG(far_ports, far_ports_less),
	WRONG(far_ports, far_ports_kind),
	WRONG(far_ports, far_ports_memory),
	COMPLEX(near),
	WRONG(near, near_more),
	WRONG(near, near_less),
	{near, ask_near, lie_near_without_room, MIG_ARRAY_TOO_LARGE, __LINE__},
	{near, ask_near, lie_near_ports_without_room, MIG_ARRAY_TOO_LARGE, __LINE__},
};

#define N_LIES (sizeof(lies) / sizeof(lies[0]))

/* Not the news that a send-once right of the liar's was destroyed. */
static void receive_request(Buffer *request)
{
	do
		receive_any(liar_port, request);
	while (request->header.msgh_id == MACH_NOTIFY_SEND_ONCE);
}

static void liar(PeerCtx *ctx)
{
	mach_port_t hub;
	Buffer request;

	liar_port = peer_begin_with_port(ctx, &hub);
	for (int i = 0; i < 8; i++)
		liar_ports[i] = liar_port;
	for (size_t i = 0; i < N_LIES; i++) {
		Answer a = {0};

		receive_request(&request);
		a.head.msgh_bits = MACH_MSGH_BITS(MOVE_ONCE, 0);
		a.head.msgh_remote_port = request.header.msgh_remote_port;
		a.head.msgh_id = request.header.msgh_id + 100;
		lies[i].honest(&a);
		if (lies[i].forge)
			lies[i].forge(&a);
		ASSERT_EQ(send_patiently(&a, a.head.msgh_size), MACH_MSG_SUCCESS);
		request.header.msgh_remote_port = MACH_PORT_NULL;
		mach_msg_destroy(&request.header);
	}
	receive_request(&request);
	ASSERT_EQ(request.header.msgh_id, ROUNDTRIP_QUIT);
	destroy(liar_port);
	peer_end();
}

STAGE(what_is_wrong_with_an_answer_is_found)
{
	mach_port_t server;
	Peer *peer = stage_spawn_with_port(s, "liar", liar, NULL, &server);
	Scope scope;

	(void)mig_get_reply_port();
	scope = (Scope){.n_names = count_names(), .n_fds = count_fds()};
	for (size_t i = 0; i < N_LIES; i++) {
		kern_return_t kr = lies[i].ask(server);

		if (kr != lies[i].expected)
			FAIL("lie %zu (line %d): %d instead of %d", i, lies[i].line, kr,
				lies[i].expected);
		/* The reply port is destroyed when a message was not received. */
		(void)mig_get_reply_port();
		if (count_names() != scope.n_names)
			FAIL("lie %zu (line %d): %u names instead of %u", i, lies[i].line,
				count_names(), scope.n_names);
	}
	tell(server, ROUNDTRIP_QUIT);
	harness_expect_exit(peer, 0);
	deallocate(server);
	mig_dealloc_reply_port(mig_get_reply_port());
	wait_for_closes();
	EVENTUALLY(count_fds() <= scope.n_fds);
}
