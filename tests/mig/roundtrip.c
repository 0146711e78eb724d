/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every routine of roundtrip.defs is called in another process, and every value that comes back is
 * looked at; then time-outs, and a server that dies. What a lying server can do is in liar.c.
 */
#include "tests/mig/roundtrip_peer.h"

STAGE(scalars)
{
	Play p = play_begin(s);
	uint8_t b;
	short sh;
	int32_t i;
	uint64_t u, x = 0x0123456789abcdef;

	OK(call_scalars(p.server, 0xfe, -2, INT32_MIN, UINT64_MAX - 1, &b, &sh, &i, &u, &x));
	ASSERT_EQ(b, 0xff);
	ASSERT_EQ(sh, -1);
	ASSERT_EQ(i, INT32_MIN + 1);
	ASSERT_TRUE(u == UINT64_MAX);
	ASSERT_TRUE(x == ~0x0123456789abcdefULL);
	OK(call_nothing(p.server));
	play_end(&p);
}

static void check_strings(mach_port_t server, size_t short_length, size_t long_length)
{
	char n[300], l[300];
	name_t on;
	long_name_t ol, ol2;
	int32_t k = 0;
	size_t n_sent = short_length < 63 ? short_length : 63;
	size_t l_sent = long_length < 199 ? long_length : 199;

	memset(n, 'n', short_length);
	n[short_length] = 0;
	memset(l, 'l', long_length);
	l[long_length] = 0;
	memset(on, '?', sizeof(on));
	memset(ol, '?', sizeof(ol));
	memset(ol2, '?', sizeof(ol2));
	OK(call_strings(server, n, l, 100, on, ol, &k, ol2));
	ASSERT_EQ(strlen(on), l_sent < 63 ? l_sent : 63);
	ASSERT_EQ(strncmp(on, l, strlen(on)), 0);
	ASSERT_EQ(strlen(ol), n_sent);
	ASSERT_EQ(strncmp(ol, n, n_sent), 0);
	ASSERT_EQ(strlen(ol2), l_sent);
	ASSERT_EQ(strncmp(ol2, l, l_sent), 0);
	ASSERT_EQ(k, 100 + (int)l_sent);
}

/* What is too long is cut. */
STAGE(strings_of_any_length)
{
	static const size_t lengths[] = {0, 1, 2, 3, 4, 5, 62, 63, 64, 198, 199, 200, 250};
	Play p = play_begin(s);

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (size_t k = 0; k < sizeof(lengths) / sizeof(lengths[0]); k++)
			check_strings(p.server, lengths[i], lengths[k]);
	play_end(&p);
}

STAGE(structures_and_fixed_arrays)
{
	Play p = play_begin(s);
	point_t in = {1, 2, 3.5}, out, both = {10, 20, 30.25};
	ints_t a = {1, 2, 3, 4, 5, INT32_MAX}, oa, xa = {0, -1, 2, -3, 4, -5};
	wides_t w = {1, 1ULL << 40, UINT64_MAX}, ow, xw = {0, 1, UINT64_MAX};
	table_t t = {{1, 2, 3}, {4, 5, UINT64_MAX}}, ot;

	OK(call_structs(p.server, in, &out, &both, a, w, t, oa, ow, ot, xa, xw));
	ASSERT_TRUE(out.x == 2 && out.y == 1 && out.z == -3.5);
	ASSERT_TRUE(both.x == 11 && both.y == 20 && both.z == 33.75);
	for (int i = 0; i < 6; i++) {
		ASSERT_EQ(oa[i], a[5 - i]);
		ASSERT_EQ(xa[i], i % 2 ? i : -i);
	}
	for (int i = 0; i < 3; i++) {
		ASSERT_TRUE(ow[i] == w[2 - i]);
		ASSERT_TRUE(ot[0][i] == t[1][i] && ot[1][i] == t[0][i]);
	}
	ASSERT_TRUE(xw[0] == UINT64_MAX && xw[1] == UINT64_MAX - 1 && xw[2] == 0);
	play_end(&p);
}

typedef struct Arrays {
	int32_t a[101], oa[101];
	uint64_t b[51], ob[51];
	char c[78], oc[78];
	point_t d[17], od[17];
	mach_msg_type_number_t na, nb, nc, nd;
} Arrays;

static kern_return_t call_with(mach_port_t server, Arrays *v, unsigned na, unsigned nb, unsigned nc,
	unsigned nd, unsigned room)
{
	*v = (Arrays){.na = 1000, .nb = room, .nc = 1000, .nd = 1000};
	for (unsigned i = 0; i < 101; i++)
		v->a[i] = (int32_t)(i * 3 + 1);
	for (unsigned i = 0; i < 51; i++)
		v->b[i] = ~(uint64_t)i;
	for (unsigned i = 0; i < 78; i++)
		v->c[i] = (char)('0' + i);
	for (unsigned i = 0; i < 17; i++)
		v->d[i] = (point_t){(int)i, -(int)i, i / 4.0};
	return call_arrays(server, v->a, na, v->b, nb, v->c, nc, v->d, nd, v->oa, &v->na, v->ob,
		&v->nb, v->oc, &v->nc, v->od, &v->nd);
}

static void check_arrays(mach_port_t server, unsigned na, unsigned nb, unsigned nc, unsigned nd)
{
	Arrays v;

	OK(call_with(server, &v, na, nb, nc, nd, 51));
	ASSERT_EQ(v.na, na);
	ASSERT_EQ(v.nb, nb);
	ASSERT_EQ(v.nc, nc);
	ASSERT_EQ(v.nd, nd);
	for (unsigned i = 0; i < na; i++)
		ASSERT_EQ(v.oa[i], v.a[na - 1 - i]);
	for (unsigned i = 0; i < nb; i++)
		ASSERT_TRUE(v.ob[i] == v.b[nb - 1 - i]);
	for (unsigned i = 0; i < nc; i++)
		ASSERT_EQ(v.oc[i], v.c[nc - 1 - i]);
	for (unsigned i = 0; i < nd; i++)
		ASSERT_EQ(memcmp(&v.od[i], &v.d[nd - 1 - i], sizeof(point_t)), 0);
	/* Nothing behind the end was written. */
	ASSERT_TRUE(na > 100 || v.oa[na] == 0);
	ASSERT_TRUE(nc > 77 || v.oc[nc] == 0);
}

STAGE(variable_arrays_of_any_size)
{
	static const unsigned sizes[][4] = {{0, 0, 0, 0}, {1, 1, 1, 1}, {100, 50, 77, 16},
		{100, 0, 2, 0}, {0, 50, 3, 16}, {7, 3, 5, 2}, {0, 0, 77, 0}, {0, 0, 76, 1}};
	Play p = play_begin(s);
	Arrays v;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		check_arrays(p.server, sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3]);
	ASSERT_EQ(call_with(p.server, &v, 101, 1, 1, 1, 51), MIG_ARRAY_TOO_LARGE);
	ASSERT_EQ(call_with(p.server, &v, 1, 51, 1, 1, 51), MIG_ARRAY_TOO_LARGE);
	ASSERT_EQ(call_with(p.server, &v, 1, 1, 78, 1, 51), MIG_ARRAY_TOO_LARGE);
	ASSERT_EQ(call_with(p.server, &v, 1, 1, 1, 17, 51), MIG_ARRAY_TOO_LARGE);
	ASSERT_EQ(call_with(p.server, &v, UINT32_MAX, 1, 1, 1, 51), MIG_ARRAY_TOO_LARGE);
	play_end(&p);
}

/* The caller gets what it has room for, and the count that there was. */
STAGE(less_room_than_there_is)
{
	Play p = play_begin(s);
	Arrays v;

	OK(call_with(p.server, &v, 1, 5, 1, 1, 5));
	ASSERT_EQ(call_with(p.server, &v, 1, 5, 1, 1, 4), MIG_ARRAY_TOO_LARGE);
	ASSERT_EQ(v.nb, 5);
	ASSERT_TRUE(v.ob[0] == v.b[4] && v.ob[3] == v.b[1] && v.ob[4] == 0);
	ASSERT_EQ(call_with(p.server, &v, 1, 5, 1, 1, 0), MIG_ARRAY_TOO_LARGE);
	ASSERT_EQ(v.nb, 5);
	ASSERT_TRUE(v.ob[0] == 0);
	play_end(&p);
}

STAGE(arrays_with_one_count)
{
	Play p = play_begin(s);
	int32_t a[100], b[100], c[100], d[100];
	mach_msg_type_number_t n;

	for (int i = 0; i < 100; i++) {
		a[i] = i;
		b[i] = -i;
	}
	for (unsigned i = 0; i <= 100; i += 25) {
		n = 0;
		OK(call_twins(p.server, a, i, b, c, &n, d));
		ASSERT_EQ(n, i);
		ASSERT_EQ(memcmp(c, b, i * sizeof(*c)), 0);
		ASSERT_EQ(memcmp(d, a, i * sizeof(*d)), 0);
	}
	ASSERT_EQ(call_twins(p.server, a, 101, b, c, &n, d), MIG_ARRAY_TOO_LARGE);
	play_end(&p);
}

/* Rights. What the client sends it gets back under the same name: the port is its own. */

static void ports_with(
	mach_port_t server, mach_msg_type_name_t poly, mach_msg_type_name_t expected, unsigned n_v)
{
	mach_port_t own = make_send_receive(), other = make_receive(), third = make_send_receive();
	mach_port_t gift = make_send_receive();
	mach_port_t a[3] = {own, MACH_PORT_NULL, third}, v[4] = {own, third, own, own};
	mach_port_t op, oq, oa[3], ov[4];
	mach_msg_type_name_t kind = 0;
	mach_msg_type_number_t n = 0;

	OK(call_ports(server, own, other, poly, gift, &op, &oq, &kind, a, v, n_v, oa, ov, &n));
	ASSERT_EQ(type_of(gift), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(op, own);
	ASSERT_EQ(kind, expected);
	ASSERT_TRUE(oa[0] == third && oa[1] == MACH_PORT_NULL && oa[2] == own);
	ASSERT_EQ(send_refs(own), 3);
	ASSERT_EQ(send_refs(third), 2);
	ASSERT_EQ(n, n_v);
	for (unsigned i = 0; i < n; i++) {
		ASSERT_EQ(ov[i], server);
		deallocate(ov[i]);
	}
	for (unsigned i = n; i < 4; i++)
		ASSERT_EQ(ov[i], MACH_PORT_NULL);
	if (poly == MAKE)
		ASSERT_EQ(oq, other);
	else if (poly == MAKE_ONCE)
		deallocate(oq);
	else
		other = oq;
	ASSERT_TRUE(type_of(other) & MACH_PORT_TYPE_RECEIVE);
	destroy(other);
	destroy(own);
	destroy(third);
	destroy(gift);
}

STAGE(rights)
{
	Play p = play_begin(s);

	ports_with(p.server, MAKE, MACH_MSG_TYPE_PORT_SEND, 0);
	ports_with(p.server, MAKE_ONCE, MACH_MSG_TYPE_PORT_SEND_ONCE, 1);
	ports_with(p.server, MOVE_RECEIVE, MACH_MSG_TYPE_PORT_RECEIVE, 4);
	play_end(&p);
}

STAGE(too_many_rights)
{
	Play p = play_begin(s);
	mach_port_t own = make_send_receive(), a[3] = {0}, v[5] = {own, own, own, own, own};
	mach_port_t op, oq, oa[3], ov[4];
	mach_msg_type_name_t kind;
	mach_msg_type_number_t n;

	ASSERT_EQ(call_ports(p.server, own, own, MAKE, own, &op, &oq, &kind, a, v, 5, oa, ov, &n),
		MIG_ARRAY_TOO_LARGE);
	ASSERT_EQ(send_refs(own), 1);
	ASSERT_EQ(call_poly_array(p.server, v, MAKE, 3, ov, &kind, &n), MIG_ARRAY_TOO_LARGE);
	destroy(own);
	play_end(&p);
}

/* One kind for all of an array, given by the caller. */
STAGE(arrays_of_rights_of_any_kind)
{
	Play p = play_begin(s);
	mach_port_t own[2] = {make_receive(), make_receive()}, got[2];
	mach_msg_type_name_t kind = 0;
	mach_msg_type_number_t n = 0;

	for (unsigned i = 0; i <= 2; i++) {
		OK(call_poly_array(p.server, own, MAKE, i, got, &kind, &n));
		ASSERT_EQ(n, 2);
		ASSERT_EQ(kind, MACH_MSG_TYPE_PORT_SEND);
		for (unsigned k = 0; k < 2; k++) {
			ASSERT_EQ(got[k], k < i ? own[k] : MACH_PORT_NULL);
			if (k < i)
				deallocate(got[k]);
		}
	}
	OK(call_poly_array(p.server, own, MAKE_ONCE, 2, got, &kind, &n));
	ASSERT_EQ(kind, MACH_MSG_TYPE_PORT_SEND_ONCE);
	deallocate(got[0]);
	deallocate(got[1]);
	OK(call_poly_array(p.server, own, MOVE_RECEIVE, 2, got, &kind, &n));
	ASSERT_EQ(kind, MACH_MSG_TYPE_PORT_RECEIVE);
	destroy(got[0]);
	destroy(got[1]);
	play_end(&p);
}

/* Memory. */

static void *memory(size_t size)
{
	vm_address_t address = 0;

	if (size)
		OK(vm_allocate(SELF, &address, size, VM_FLAGS_ANYWHERE));
	return (void *)address;
}

static void release(void *memory, size_t size)
{
	if (size)
		OK(vm_deallocate(SELF, (vm_address_t)memory, size));
}

static void far_with(mach_port_t server, unsigned na, unsigned nc, unsigned nd, boolean_t give)
{
	point_t *a = memory(na * sizeof(*a)), *oa = NULL;
	int32_t b[10], *ob = NULL, *c = memory(nc * sizeof(*c)), *oc = NULL;
	char *d = memory(nd), *od = NULL;
	mach_msg_type_number_t n_a = 99, n_c = 99, n_d = 99;

	for (unsigned i = 0; i < na; i++)
		a[i] = (point_t){(int)i, -(int)i, i * 0.5};
	for (unsigned i = 0; i < 10; i++)
		b[i] = (int32_t)(i * i);
	for (unsigned i = 0; i < nc; i++)
		c[i] = (int32_t)(i * 7);
	for (unsigned i = 0; i < nd; i++)
		d[i] = (char)i;
	OK(call_far(server, a, na, b, c, nc, d, nd, give, &oa, &n_a, &ob, &oc, &n_c, &od, &n_d));
	ASSERT_TRUE(n_a == na && n_c == nc && n_d == nd);
	ASSERT_TRUE(na == 0 || memcmp(a, oa, na * sizeof(*a)) == 0);
	ASSERT_EQ(memcmp(b, ob, sizeof(b)), 0);
	for (unsigned i = 0; i < nc; i++)
		ASSERT_EQ(oc[i], i * 7);
	for (unsigned i = 0; i < nd; i++)
		ASSERT_EQ(od[i], (char)i);
	release(a, na * sizeof(*a));
	if (!give)
		release(d, nd);
	release(oa, na * sizeof(*a));
	release(ob, sizeof(b));
	release(oc, nc * sizeof(*c));
	release(od, nd);
}

STAGE(memory_out_of_line)
{
	Play p = play_begin(s);
	point_t *oa;
	int32_t b[10] = {0}, *ob, *oc, *c = memory(1001 * sizeof(*c));
	char *od;
	mach_msg_type_number_t n;

	far_with(p.server, 0, 0, 0, FALSE);
	far_with(p.server, 1, 1, 1, TRUE);
	far_with(p.server, 1000, 1000, 100000, FALSE);
	far_with(p.server, 70000, 1000, 3, TRUE);
	ASSERT_EQ(call_far(p.server, NULL, 0, b, c, 1001, NULL, 0, FALSE, &oa, &n, &ob, &oc, &n,
			  &od, &n),
		MIG_ARRAY_TOO_LARGE);
	release(c, 1001 * sizeof(*c));
	/* More than the size of a descriptor can say. */
	ASSERT_EQ(call_far(p.server, NULL, UINT32_MAX / 16 + 1, b, NULL, 0, NULL, 0, FALSE, &oa, &n,
			  &ob, &oc, &n, &od, &n),
		MIG_ARRAY_TOO_LARGE);
	play_end(&p);
}

static void far_ports_with(mach_port_t server, unsigned na, unsigned nb, mach_msg_type_name_t kind,
	mach_msg_type_name_t expected)
{
	mach_port_t a[100], b[100], *oa = NULL, *ob = NULL, own = make_send_receive();
	mach_msg_type_number_t n_a = 99, n_b = 99;
	mach_msg_type_name_t got = 0;

	for (unsigned i = 0; i < na; i++)
		a[i] = i % 3 == 2 ? MACH_PORT_NULL : own;
	for (unsigned i = 0; i < nb; i++)
		b[i] = make_receive();
	OK(call_far_ports(server, a, na, b, kind, nb, &oa, &n_a, &ob, &got, &n_b));
	ASSERT_TRUE(n_a == na && n_b == nb && got == expected);
	for (unsigned i = 0; i < na; i++)
		ASSERT_EQ(oa[i], a[i]);
	for (unsigned i = 0; i < nb; i++) {
		if (kind == MAKE)
			ASSERT_EQ(ob[i], b[i]);
		if (kind == MAKE_ONCE)
			deallocate(ob[i]);
		destroy(kind == MOVE_RECEIVE ? ob[i] : b[i]);
	}
	release(oa, na * sizeof(*oa));
	release(ob, nb * sizeof(*ob));
	destroy(own);
}

STAGE(rights_out_of_line)
{
	Play p = play_begin(s);

	far_ports_with(p.server, 0, 0, MAKE, MACH_MSG_TYPE_PORT_SEND);
	far_ports_with(p.server, 1, 1, MAKE, MACH_MSG_TYPE_PORT_SEND);
	far_ports_with(p.server, 100, 10, MAKE_ONCE, MACH_MSG_TYPE_PORT_SEND_ONCE);
	far_ports_with(p.server, 7, 20, MOVE_RECEIVE, MACH_MSG_TYPE_PORT_RECEIVE);
	play_end(&p);
}

static kern_return_t near_with(mach_port_t server, unsigned na, unsigned nb, unsigned room_a,
	unsigned room_b, unsigned *ret_na, unsigned *ret_nb)
{
	int32_t a[3000], oa[3000];
	mach_port_t own = make_send_receive(), other = make_send_receive();
	mach_port_t b[20], ob[20];
	kern_return_t kr;

	for (unsigned i = 0; i < na; i++)
		a[i] = (int32_t)i;
	for (unsigned i = 0; i < nb; i++)
		b[i] = i % 2 ? own : other;
	*ret_na = room_a;
	*ret_nb = room_b;
	kr = call_near(server, a, na, b, nb, oa, ret_na, ob, ret_nb);
	for (unsigned i = 0; kr == KERN_SUCCESS && i < na; i++)
		ASSERT_EQ(oa[i], na - 1 - i);
	for (unsigned i = 0; kr == KERN_SUCCESS && i < nb; i++)
		ASSERT_EQ(ob[i], b[nb - 1 - i]);
	ASSERT_EQ(send_refs(own) + send_refs(other), 2 + (kr == KERN_SUCCESS ? nb : 0));
	destroy(own);
	destroy(other);
	return kr;
}

/* Arrays of any size that both sides see inline. */
STAGE(arrays_that_travel_out_of_line)
{
	Play p = play_begin(s);
	unsigned na, nb;

	OK(near_with(p.server, 0, 0, 0, 0, &na, &nb));
	ASSERT_TRUE(na == 0 && nb == 0);
	OK(near_with(p.server, 1, 1, 3000, 20, &na, &nb));
	ASSERT_TRUE(na == 1 && nb == 1);
	OK(near_with(p.server, 3000, 20, 3000, 20, &na, &nb));
	ASSERT_TRUE(na == 3000 && nb == 20);
	ASSERT_EQ(near_with(p.server, 3000, 1, 2999, 20, &na, &nb), KERN_NO_SPACE);
	ASSERT_EQ(near_with(p.server, 1, 20, 3000, 19, &na, &nb), KERN_NO_SPACE);
	/* More room than the server takes memory for: either array, and the other one does not stay. */
	ASSERT_EQ(near_with(p.server, 1, 1, UINT32_MAX, 20, &na, &nb), MIG_ARRAY_TOO_LARGE);
	ASSERT_EQ(near_with(p.server, 1, 1, 3000, UINT32_MAX, &na, &nb), MIG_ARRAY_TOO_LARGE);
	play_end(&p);
}

/* Ports that the server sees as objects. */
STAGE(translated_ports)
{
	Play p = play_begin(s);
	mach_port_t own = make_send_receive(), other = make_send_receive(), ol, xl = other;

	OK(call_lamps(p.server, own, &ol, &xl));
	ASSERT_TRUE(ol == other && xl == own);
	ASSERT_TRUE(send_refs(own) == 2 && send_refs(other) == 1);
	destroy(own);
	destroy(other);
	play_end(&p);
}

STAGE(values_that_may_be_absent)
{
	Play p = play_begin(s);
	point_t a = {1, 2, 3}, b = {4, 5, 6}, oa;
	short oc;
	int32_t od;

	OK(call_natives(p.server, &a, &b, 300, &oa, &oc, 7, &od));
	ASSERT_TRUE(oa.x == 2 && oa.y == 1 && oa.z == 6 && oc == -300 && od == 8);
	OK(call_natives(p.server, &a, NULL, 300, &oa, &oc, INT32_MAX - 1, &od));
	ASSERT_TRUE(oa.x == 2 && oa.y == 1 && oa.z == -1 && od == INT32_MAX);
	play_end(&p);
}

STAGE(tokens_of_both_sides)
{
	Play p = play_begin(s);
	audit_token_t audit;
	security_token_t security;
	int32_t pid, uid;

	OK(call_tokens(p.server, &audit, &security, &pid, &uid));
	ASSERT_EQ(pid, getpid());
	ASSERT_EQ(uid, geteuid());
	ASSERT_EQ(audit_token_to_pid(audit), peer_pid(p.peer));
	ASSERT_EQ(audit_token_to_euid(audit), geteuid());
	ASSERT_EQ(security.val[0], geteuid());
	play_end(&p);
}

/* A server that did not ask for the trailer that the interface needs. */
static void serve_without_trailer(PeerCtx *ctx)
{
	serve_with(ctx, MACH_RCV_LARGE);
}

STAGE(a_trailer_is_missing)
{
	Play p = play_begin_as(s, serve_without_trailer);
	audit_token_t audit;
	security_token_t security;
	int32_t pid, uid;

	ASSERT_EQ(call_tokens(p.server, &audit, &security, &pid, &uid), MIG_TRAILER_ERROR);
	play_end(&p);
}

/* Ways to be answered. */

STAGE(no_answer_at_all)
{
	Play p = play_begin(s);
	int32_t a[101] = {1, 2, 3}, got[100];
	long_name_t name, first = "first", empty = "", all = "all";
	mach_msg_type_number_t n;

	OK(call_one_way(p.server, first, a, 3));
	OK(call_told(p.server, name, got, &n));
	ASSERT_TRUE(strcmp(name, "first") == 0 && n == 3 && got[2] == 3);
	OK(call_one_way(p.server, empty, a, 0));
	OK(call_told(p.server, name, got, &n));
	ASSERT_TRUE(name[0] == 0 && n == 0);
	OK(call_one_way(p.server, all, a, 100));
	OK(call_told(p.server, name, got, &n));
	ASSERT_EQ(n, 100);
	ASSERT_EQ(call_one_way(p.server, empty, a, 101), MIG_ARRAY_TOO_LARGE);
	play_end(&p);
}

STAGE(an_answer_to_a_port_of_ones_own)
{
	Play p = play_begin(s);
	mach_port_t reply = make_receive();
	int32_t y = 0;

	OK(call_answer_to(p.server, reply, 12345));
	hear(reply, 12345);
	OK(call_own_reply(p.server, reply, 41, &y));
	ASSERT_EQ(y, 42);
	OK(call_sees_reply(p.server, 21, &y));
	ASSERT_EQ(y, 42);
	hear_nothing(reply);
	destroy(reply);
	play_end(&p);
}

STAGE(a_routine_fails)
{
	Play p = play_begin(s);
	mach_port_t own = make_send_receive(), q = MACH_PORT_NULL;

	ASSERT_EQ(call_fails(p.server, KERN_NO_ACCESS, own, &q), KERN_NO_ACCESS);
	ASSERT_EQ(call_fails(p.server, -1, own, &q), -1);
	ASSERT_EQ(call_fails(p.server, MIG_BAD_ID, own, &q), MIG_BAD_ID);
	ASSERT_EQ(q, MACH_PORT_NULL);
	ASSERT_EQ(send_refs(own), 1);
	OK(call_fails(p.server, KERN_SUCCESS, own, &q));
	ASSERT_EQ(q, own);
	ASSERT_EQ(send_refs(own), 2);
	destroy(own);
	play_end(&p);
}

/* Time. */

STAGE(an_answer_that_is_late)
{
	Play p = play_begin(s);
	int32_t o = 0;

	OK(call_late(p.server, 1, &o));
	ASSERT_EQ(o, 2);
	for (int i = 0; i < 3; i++) {
		o = -1;
		ASSERT_EQ(call_late(p.server, ROUNDTRIP_WAIT, &o), MACH_RCV_TIMED_OUT);
		ASSERT_EQ(o, -1);
		tell(p.server, ROUNDTRIP_GO);
		/* The answer to the one before has no port any more; this one gets its own. */
		OK(call_sees_reply(p.server, i + 10, &o));
		ASSERT_EQ(o, 2 * (i + 10));
	}
	play_end(&p);
}

STAGE(time_as_an_argument)
{
	Play p = play_begin(s);
	int32_t o = 0;

	OK(call_patient(p.server, PATIENCE_MS, PATIENCE_MS, 0, 5, &o));
	ASSERT_EQ(o, 6);
	ASSERT_EQ(
		call_patient(p.server, 1, PATIENCE_MS, 0, ROUNDTRIP_WAIT, &o), MACH_RCV_TIMED_OUT);
	tell(p.server, ROUNDTRIP_GO);
	OK(call_patient(p.server, PATIENCE_MS, PATIENCE_MS, 0, 6, &o));
	ASSERT_EQ(o, 7);
	play_end(&p);
}

/* The server does not receive, and its queue is full. What could not be sent is destroyed. */
STAGE(a_request_that_cannot_be_sent)
{
	Play p = play_begin(s);
	mach_port_t own = make_send_receive();
	int32_t o = 0;

	harness_stop(p.peer);
	ASSERT_GT(stuff(p.server, 1), 0);
	for (int i = 0; i < 5; i++) {
		add_sends(own, 1);
		ASSERT_EQ(call_consumed(p.server, own), MACH_SEND_TIMED_OUT);
		ASSERT_EQ(send_refs(own), 1);
		ASSERT_EQ(call_patient(p.server, 1, 1, 0, 5, &o), MACH_SEND_TIMED_OUT);
	}
	harness_continue(p.peer);
	OK(call_patient(p.server, PATIENCE_MS, PATIENCE_MS, 0, 5, &o));
	ASSERT_EQ(o, 6);
	add_sends(own, 1);
	OK(call_consumed(p.server, own));
	OK(call_nothing(p.server));
	ASSERT_EQ(send_refs(own), 1);
	destroy(own);
	play_end(&p);
}

/* Death. */

STAGE(a_server_that_dies)
{
	Play p = play_begin(s);
	mach_port_t own = make_send_receive(), q = MACH_PORT_NULL;

	ASSERT_EQ(call_fails(p.server, ROUNDTRIP_DIE, own, &q), MIG_SERVER_DIED);
	ASSERT_EQ(q, MACH_PORT_NULL);
	harness_expect_signal(p.peer, SIGKILL);
	ASSERT_EQ(call_nothing(p.server), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(call_fails(p.server, 0, own, &q), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(send_refs(own), 1);
	destroy(own);
	play_leave(&p);
}
