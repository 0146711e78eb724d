/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the routines of roundtrip.defs do: an answer that can be foretold from the request, and
 * nothing kept. Rights and memory that come are given back or destroyed.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tests/mig/roundtrip_server.h"

struct lamp {
	mach_port_t port;
};

int lamps_lit;

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

static void drop(mach_port_t name)
{
	if (MACH_PORT_VALID(name))
		(void)mach_port_deallocate(mach_task_self(), name);
}

static vm_address_t memory_of(const void *data, size_t size)
{
	vm_address_t address = 0;

	if (vm_allocate(mach_task_self(), &address, size ? size : 1, VM_FLAGS_ANYWHERE) != KERN_SUCCESS)
		return 0;
	if (size)
		memcpy((void *)address, data, size);
	return address;
}

static void give_back(const void *memory, size_t size)
{
	if (size)
		(void)vm_deallocate(mach_task_self(), (vm_address_t)memory, size);
}

kern_return_t do_census(mach_port_t server, natural_t *names, natural_t *fds)
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
	*oi = i + 1;
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
	*ok = k + (int32_t)strlen(l);
	return KERN_SUCCESS;
}

kern_return_t do_structs(mach_port_t server, point_t p, point_t *q, point_t *z, ints_t a, wides_t w,
	table_t t, ints_t oa, wides_t ow, table_t ot, ints_t xa, wides_t xw)
{
	(void)server;
	*q = (point_t){ .x = p.y, .y = p.x, .z = -p.z };
	z->x += p.x;
	z->z += p.z;
	for (unsigned n = 0; n < 6; n++) {
		oa[n] = a[5 - n];
		xa[n] = -xa[n];
	}
	for (unsigned n = 0; n < 3; n++) {
		ow[n] = w[2 - n];
		xw[n] = ~xw[n];
		ot[0][n] = t[1][n];
		ot[1][n] = t[0][n];
	}
	return KERN_SUCCESS;
}

kern_return_t do_arrays(mach_port_t server, some_ints_t a, mach_msg_type_number_t aCnt, some_wides_t b,
	mach_msg_type_number_t bCnt, some_bytes_t c, mach_msg_type_number_t cCnt, some_points_t d,
	mach_msg_type_number_t dCnt, some_ints_t oa, mach_msg_type_number_t *oaCnt, some_wides_t ob,
	mach_msg_type_number_t *obCnt, some_bytes_t oc, mach_msg_type_number_t *ocCnt,
	some_points_t od, mach_msg_type_number_t *odCnt)
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

kern_return_t do_twins(mach_port_t server, some_ints_t a, mach_msg_type_number_t aCnt, some_ints_t b,
	some_ints_t c, mach_msg_type_number_t *cCnt, some_ints_t d)
{
	(void)server;
	for (unsigned n = 0; n < aCnt; n++) {
		c[n] = b[n];
		d[n] = a[n];
	}
	*cCnt = aCnt;
	return KERN_SUCCESS;
}

/* What comes goes back in another place. */
kern_return_t do_ports(mach_port_t server, mach_port_t p, mach_port_t q, mach_msg_type_name_t qPoly,
	mach_port_t m, mach_port_t *op, mach_port_t *oq, mach_msg_type_name_t *oqPoly, ports_t a,
	some_ports_t v, mach_msg_type_number_t vCnt, ports_t oa, some_ports_t ov,
	mach_msg_type_number_t *ovCnt)
{
	(void)server;
	*op = p;
	*oq = q;
	*oqPoly = qPoly;
	drop(m);
	for (unsigned n = 0; n < 3; n++) {
		/* Copied into the answer; the stub's type says so. */
		oa[n] = a[2 - n];
	}
	for (unsigned n = 0; n < vCnt; n++)
		drop(v[n]);
	*ovCnt = 0;
	(void)ov;
	return KERN_SUCCESS;
}

kern_return_t do_far(mach_port_t server, some_points_t a, mach_msg_type_number_t aCnt, some_ints_t b,
	some_ints_t c, mach_msg_type_number_t cCnt, some_bytes_t d, mach_msg_type_number_t dCnt,
	some_points_t *oa, mach_msg_type_number_t *oaCnt, some_ints_t *ob, some_ints_t *oc,
	mach_msg_type_number_t *ocCnt, some_bytes_t *od, mach_msg_type_number_t *odCnt,
	boolean_t *odDealloc)
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
	some_ports_t b, mach_msg_type_number_t bCnt, mach_msg_type_name_t bPoly, some_ports_t *oa,
	mach_msg_type_number_t *oaCnt, some_ports_t *ob, mach_msg_type_number_t *obCnt,
	mach_msg_type_name_t *obPoly)
{
	(void)server;
	(void)oa;
	(void)oaCnt;
	(void)bPoly;
	for (unsigned n = 0; n < aCnt; n++)
		drop(a[n]);
	give_back(a, aCnt * sizeof(*a));
	*ob = b;
	*obCnt = bCnt;
	*obPoly = MACH_MSG_TYPE_MOVE_SEND;
	return KERN_SUCCESS;
}
