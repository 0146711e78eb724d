/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the routines of roundtrip.defs do: an answer that can be foretold from the request, and
 * nothing kept. Rights and memory that come are given back or destroyed.
 */
#include "tests/mig/roundtrip_server.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <bsm/libbsm.h>

struct lamp {
	mach_port_t port;
};

static unsigned lamps_lit;

static struct {
	char name[200];
	int32_t ints[100];
	unsigned n_ints;
} told;

lamp_t lamp_from_port(mach_port_t port)
{
	lamp_t lamp = malloc(sizeof(*lamp));

	if (lamp) {
		lamp->port = port;
		lamps_lit++;
	}
	return lamp;
}

mach_port_t port_from_lamp(lamp_t lamp)
{
	mach_port_t port = lamp->port;

	lamp_release(lamp);
	return port;
}

void lamp_release(lamp_t lamp)
{
	lamps_lit--;
	free(lamp);
}

/* Any numbers may come. */
static int32_t plus(int32_t a, int32_t b)
{
	return (int32_t)((uint32_t)a + (uint32_t)b);
}

static void drop(mach_port_t name)
{
	if (MACH_PORT_VALID(name))
		(void)mach_port_deallocate(mach_task_self(), name);
}

static vm_address_t memory_of(const void *data, size_t size)
{
	vm_address_t address = 0;

	if (size == 0 ||
		vm_allocate(mach_task_self(), &address, size, VM_FLAGS_ANYWHERE) != KERN_SUCCESS)
		return 0;
	memcpy((void *)address, data, size);
	return address;
}

static void give_back(const void *memory, size_t size)
{
	if (size)
		(void)vm_deallocate(mach_task_self(), (vm_address_t)memory, size);
}

kern_return_t do_census(mach_port_t server, natural_t *names, natural_t *fds, natural_t *lit)
{
	mach_port_name_array_t list = NULL;
	mach_port_type_array_t types = NULL;
	mach_msg_type_number_t n = 0, n_types = 0;
	kern_return_t kr = mach_port_names(mach_task_self(), &list, &n, &types, &n_types);
	DIR *dir = opendir("/proc/self/fd");

	(void)server;
	if (kr != KERN_SUCCESS || !dir)
		return KERN_FAILURE;
	give_back(list, n * sizeof(*list));
	give_back(types, n_types * sizeof(*types));
	*names = n;
	*lit = lamps_lit;
	*fds = 0;
	while (readdir(dir))
		++*fds;
	closedir(dir);
	return KERN_SUCCESS;
}

kern_return_t do_scalars(mach_port_t server, byte_t b, short s, int32_t i, uint64_t u, byte_t *ob,
	short *os, int32_t *oi, uint64_t *ou, uint64_t *x)
{
	(void)server;
	*ob = (byte_t)(b + 1);
	*os = (short)(s + 1);
	*oi = plus(i, 1);
	*ou = u + 1;
	*x = ~*x;
	return KERN_SUCCESS;
}

kern_return_t do_strings(mach_port_t server, name_t n, long_name_t l, int32_t k, name_t on,
	long_name_t ol, int32_t *ok, long_name_t ol2)
{
	(void)server;
	(void)mig_strncpy(on, l, sizeof(name_t));
	(void)mig_strncpy(ol, n, sizeof(long_name_t));
	(void)mig_strncpy(ol2, l, sizeof(long_name_t));
	*ok = plus(k, (int32_t)strlen(l));
	return KERN_SUCCESS;
}

kern_return_t do_structs(mach_port_t server, point_t p, point_t *q, point_t *z, ints_t a, wides_t w,
	table_t t, ints_t oa, wides_t ow, table_t ot, ints_t xa, wides_t xw)
{
	(void)server;
	*q = (point_t){.x = p.y, .y = p.x, .z = -p.z};
	z->x = plus(z->x, p.x);
	z->z += p.z;
	for (unsigned n = 0; n < 6; n++) {
		oa[n] = a[5 - n];
		xa[n] = plus(~xa[n], 1);
	}
	for (unsigned n = 0; n < 3; n++) {
		ow[n] = w[2 - n];
		xw[n] = ~xw[n];
		ot[0][n] = t[1][n];
		ot[1][n] = t[0][n];
	}
	return KERN_SUCCESS;
}

kern_return_t do_arrays(mach_port_t server, some_ints_t a, mach_msg_type_number_t aCnt,
	some_wides_t b, mach_msg_type_number_t bCnt, some_bytes_t c, mach_msg_type_number_t cCnt,
	some_points_t d, mach_msg_type_number_t dCnt, some_ints_t oa, mach_msg_type_number_t *oaCnt,
	some_wides_t ob, mach_msg_type_number_t *obCnt, some_bytes_t oc,
	mach_msg_type_number_t *ocCnt, some_points_t od, mach_msg_type_number_t *odCnt)
{
	(void)server;
	for (unsigned n = 0; n < aCnt; n++)
		oa[n] = a[aCnt - 1 - n];
	*oaCnt = aCnt;
	/* All of b, whatever room there is: the stub and the client see to that. */
	for (unsigned n = 0; n < bCnt; n++)
		ob[n] = b[bCnt - 1 - n];
	*obCnt = bCnt;
	for (unsigned n = 0; n < cCnt; n++)
		oc[n] = c[cCnt - 1 - n];
	*ocCnt = cCnt;
	for (unsigned n = 0; n < dCnt; n++)
		od[n] = d[dCnt - 1 - n];
	*odCnt = dCnt;
	return KERN_SUCCESS;
}

kern_return_t do_twins(mach_port_t server, some_ints_t a, mach_msg_type_number_t aCnt,
	some_ints_t b, some_ints_t c, mach_msg_type_number_t *cCnt, some_ints_t d)
{
	(void)server;
	for (unsigned n = 0; n < aCnt; n++) {
		c[n] = b[n];
		d[n] = a[n];
	}
	*cCnt = aCnt;
	return KERN_SUCCESS;
}

/* What comes goes back in another place; server has the receive right here. */
kern_return_t do_ports(mach_port_t server, mach_port_t p, mach_port_t q, mach_msg_type_name_t qPoly,
	mach_port_t m, mach_port_t *op, mach_port_t *oq, mach_msg_type_name_t *oqPoly, ports_t a,
	some_ports_t v, mach_msg_type_number_t vCnt, ports_t oa, some_ports_t ov,
	mach_msg_type_number_t *ovCnt)
{
	*op = p;
	*oq = q;
	*oqPoly = qPoly;
	drop(m);
	for (unsigned n = 0; n < 3; n++)
		oa[n] = a[2 - n];
	/* Behind those that count there may be rights as well. */
	for (unsigned n = 0; n < 4; n++)
		drop(v[n]);
	for (unsigned n = 0; n < vCnt; n++)
		ov[n] = server;
	*ovCnt = vCnt;
	return KERN_SUCCESS;
}

kern_return_t do_far(mach_port_t server, some_points_t a, mach_msg_type_number_t aCnt,
	some_ints_t b, some_ints_t c, mach_msg_type_number_t cCnt, some_bytes_t d,
	mach_msg_type_number_t dCnt, some_points_t *oa, mach_msg_type_number_t *oaCnt,
	some_ints_t *ob, some_ints_t *oc, mach_msg_type_number_t *ocCnt, some_bytes_t *od,
	mach_msg_type_number_t *odCnt, boolean_t *odDealloc)
{
	static int32_t ten[10];

	(void)server;
	*oa = (some_points_t)memory_of(a, aCnt * sizeof(*a));
	*oaCnt = aCnt;
	memcpy(ten, b, sizeof(ten));
	*ob = ten;
	*oc = (some_ints_t)memory_of(c, cCnt * sizeof(*c));
	*ocCnt = cCnt;
	*od = (some_bytes_t)memory_of(d, dCnt);
	*odCnt = dCnt;
	*odDealloc = TRUE;
	give_back(a, aCnt * sizeof(*a));
	give_back(b, sizeof(ten));
	give_back(c, cCnt * sizeof(*c));
	give_back(d, dCnt);
	return KERN_SUCCESS;
}

kern_return_t do_far_ports(mach_port_t server, some_ports_t a, mach_msg_type_number_t aCnt,
	some_ports_t b, mach_msg_type_name_t bPoly, mach_msg_type_number_t bCnt, some_ports_t *oa,
	mach_msg_type_number_t *oaCnt, some_ports_t *ob, mach_msg_type_name_t *obPoly,
	mach_msg_type_number_t *obCnt)
{
	(void)server;
	*oa = a;
	*oaCnt = aCnt;
	*ob = b;
	*obCnt = bCnt;
	*obPoly = bPoly;
	return KERN_SUCCESS;
}

/* Both come in memory of their own, and the room for both answers is the stub's. */
kern_return_t do_near(mach_port_t server, some_ints_t a, mach_msg_type_number_t aCnt,
	some_ports_t b, mach_msg_type_number_t bCnt, some_ints_t oa, mach_msg_type_number_t *oaCnt,
	some_ports_t ob, mach_msg_type_number_t *obCnt)
{
	(void)server;
	if (aCnt > *oaCnt || bCnt > *obCnt)
		return KERN_NO_SPACE;
	for (unsigned n = 0; n < aCnt; n++)
		oa[n] = a[aCnt - 1 - n];
	*oaCnt = aCnt;
	for (unsigned n = 0; n < bCnt; n++)
		ob[n] = b[bCnt - 1 - n];
	*obCnt = bCnt;
	give_back(a, aCnt * sizeof(*a));
	give_back(b, bCnt * sizeof(*b));
	return KERN_SUCCESS;
}

kern_return_t do_lamps(lamp_t server, lamp_t l, lamp_t *ol, lamp_t *xl)
{
	if (!server || !l || !*xl)
		return KERN_RESOURCE_SHORTAGE;
	/* The other way round. */
	*ol = *xl;
	*xl = lamp_from_port(l->port);
	return KERN_SUCCESS;
}

kern_return_t do_natives(mach_port_t server, point_t *a, point_t *b, short c, point_t *oa,
	short *oc, int32_t d, int32_t *od)
{
	(void)server;
	*oa = (point_t){.x = a->y, .y = a->x, .z = b ? b->z : -1};
	*oc = (short)-c;
	*od = plus(d, 1);
	return KERN_SUCCESS;
}

kern_return_t do_tokens(mach_port_t server, security_token_t st, audit_token_t at,
	mach_port_seqno_t sq, int32_t *pid, int32_t *uid)
{
	(void)server;
	(void)sq;
	*pid = audit_token_to_pid(at);
	*uid = (int32_t)st.val[0];
	return KERN_SUCCESS;
}

/* Waits for a message that is no request. */
static void wait_for_go(mach_port_t server)
{
	struct {
		mach_msg_header_t header;
		char rest[1024];
	} message;

	do {
		if (mach_msg(&message.header, MACH_RCV_MSG, 0, sizeof(message), server,
			    MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
			abort();
		mach_msg_destroy(&message.header);
	} while (message.header.msgh_id != ROUNDTRIP_GO);
}

kern_return_t do_late(mach_port_t server, int32_t i, int32_t *o)
{
	if (i == ROUNDTRIP_WAIT)
		wait_for_go(server);
	*o = plus(i, 1);
	return KERN_SUCCESS;
}

kern_return_t do_patient(mach_port_t server, int32_t i, int32_t *o)
{
	return do_late(server, i, o);
}

kern_return_t do_one_way(
	mach_port_t server, long_name_t n, some_ints_t a, mach_msg_type_number_t aCnt)
{
	(void)server;
	(void)mig_strncpy(told.name, n, sizeof(told.name));
	memcpy(told.ints, a, aCnt * sizeof(*a));
	told.n_ints = aCnt;
	return KERN_SUCCESS;
}

kern_return_t do_told(
	mach_port_t server, long_name_t n, some_ints_t a, mach_msg_type_number_t *aCnt)
{
	(void)server;
	(void)mig_strncpy(n, told.name, sizeof(told.name));
	memcpy(a, told.ints, told.n_ints * sizeof(*a));
	*aCnt = told.n_ints;
	return KERN_SUCCESS;
}

kern_return_t do_answer_to(mach_port_t server, mach_port_t r, int32_t k)
{
	mach_msg_header_t answer = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
		.msgh_size = sizeof(answer),
		.msgh_remote_port = r,
		.msgh_id = k,
	};

	(void)server;
	if (!MACH_PORT_VALID(r))
		return KERN_SUCCESS;
	if (mach_msg(&answer, MACH_SEND_MSG, sizeof(answer), 0, MACH_PORT_NULL,
		    MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
		mach_msg_destroy(&answer);
	return MIG_NO_REPLY;
}

kern_return_t do_nothing(mach_port_t server)
{
	(void)server;
	return KERN_SUCCESS;
}

kern_return_t do_own_reply(mach_port_t server, int32_t x, int32_t *y)
{
	(void)server;
	*y = plus(x, 1);
	return KERN_SUCCESS;
}

/* The right is looked at, and left for the answer. */
kern_return_t do_sees_reply(mach_port_t server, mach_port_t r, int32_t x, int32_t *y)
{
	(void)server;
	*y = MACH_PORT_VALID(r) ? plus(x, x) : 0;
	return KERN_SUCCESS;
}

kern_return_t do_fails(mach_port_t server, int32_t code, mach_port_t p, mach_port_t *q)
{
	(void)server;
	if (code == ROUNDTRIP_DIE)
		(void)raise(SIGKILL);
	if (code != KERN_SUCCESS && code != MIG_NO_REPLY)
		return code;
	*q = p;
	return KERN_SUCCESS;
}

/* Every right of an array is of one kind, so the right that does not come is as well. */
kern_return_t do_poly_array(mach_port_t server, some_ports_t p, mach_msg_type_name_t pPoly,
	mach_msg_type_number_t pCnt, some_ports_t q, mach_msg_type_name_t *qPoly,
	mach_msg_type_number_t *qCnt)
{
	(void)server;
	for (unsigned n = 0; n < 2; n++)
		q[n] = p[n];
	*qPoly = pPoly;
	/* All of them go back, whether they count or not: nothing stays here. */
	*qCnt = 2;
	(void)pCnt;
	return KERN_SUCCESS;
}

kern_return_t do_consumed(mach_port_t server, mach_port_t p)
{
	(void)server;
	drop(p);
	return KERN_SUCCESS;
}
