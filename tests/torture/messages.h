/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages with each kind of descriptor, for a port of this process and for the mirror, as steps:
 * sent with a send-once right to answer with, and, from the mirror, come back.
 */
#pragma once

#include "tests/torture/torture.h"

#define BIG (256u * 1024u)
#define MANY 300u

/* Where the message of a scenario goes, and where it is received. */
typedef struct Route {
	mach_port_t to;
	mach_port_t from;
	bool is_local;
} Route;

/* Locally, both ends are one port. */
unused_ static Route route_begin(const mach_port_t *mirror)
{
	Route route = {.to = mirror ? *mirror : MACH_PORT_NULL, .is_local = !mirror};

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &route.from));
	if (route.is_local) {
		route.to = route.from;
		CALL(mach_port_insert_right(SELF, route.to, route.to, MACH_MSG_TYPE_MAKE_SEND));
	}
	return route;
}

unused_ static void route_end(const Route *route)
{
	destroy(route->from);
}

unused_ static mach_msg_header_t route_header(const Route *route, int id, size_t size)
{
	mach_msg_header_t header = make_header(route->to, COPY,
		route->is_local ? MACH_PORT_NULL : route->from, route->is_local ? 0 : MAKE_ONCE,
		id);

	header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	header.msgh_size = (mach_msg_size_t)size;
	return header;
}

/* One descriptor of any kind, sent and received; true if it came back whole. */
#define route_pass(route, message, buffer)                                                         \
	({                                                                                         \
		torture_send(message);                                                             \
		torture_receive((route)->from, (message)->header.msgh_id, (buffer));               \
	})

/* The steps. */

unused_ static void pass_bytes(const Route *route)
{
	struct {
		mach_msg_header_t header;
		uint8_t bytes[3000];
	} m = {.header = route_header(route, 11, sizeof(m))};
	Buffer buffer;

	m.header.msgh_bits &= ~MACH_MSGH_BITS_COMPLEX;
	memset(m.bytes, 'b', sizeof(m.bytes));
	if (route_pass(route, &m, &buffer))
		ASSERT_MEMEQ((uint8_t *)&buffer + sizeof(m.header), m.bytes, sizeof(m.bytes));
}

unused_ static void pass_port(const Route *route, unsigned kind)
{
	PortMessage m = {.header = route_header(route, 12, sizeof(m))};
	mach_port_t port, name;
	Buffer buffer;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	if (kind == COPY || kind == MOVE)
		CALL(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND));
	m.body.msgh_descriptor_count = 1;
	m.port = (mach_msg_port_descriptor_t){
		.name = port, .disposition = kind, .type = MACH_MSG_PORT_DESCRIPTOR};
	if (route_pass(route, &m, &buffer)) {
		name = received_port(&buffer);
		if (kind == MAKE_ONCE) {
			ASSERT_EQ(type_of(name), MACH_PORT_TYPE_SEND_ONCE);
			mach_msg_header_t h = make_header(name, MOVE_ONCE, MACH_PORT_NULL, 0, 3);

			torture_send(&h);
			(void)torture_receive(port, 3, &buffer);
		} else if (kind == MOVE_RECEIVE) {
			ASSERT_EQ(type_of(name), MACH_PORT_TYPE_RECEIVE);
			destroy(name);
			return;
		} else {
			ASSERT_EQ(name, port);
			ASSERT_EQ(type_of(name), MACH_PORT_TYPE_SEND_RECEIVE);
		}
	}
	if (type_of(port) != MACH_PORT_TYPE_NONE)
		destroy(port);
}

unused_ static void pass_guarded(const Route *route)
{
	GuardedMessage m = {.header = route_header(route, 13, sizeof(m))};
	mach_port_t port;
	Buffer buffer;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	m.body.msgh_descriptor_count = 1;
	m.port = (mach_msg_guarded_port_descriptor_t){.name = port,
		.disposition = MOVE_RECEIVE,
		.type = MACH_MSG_GUARDED_PORT_DESCRIPTOR,
		.flags = MACH_MSG_GUARD_FLAGS_UNGUARDED_ON_SEND};
	if (!route_pass(route, &m, &buffer))
		return;
	m.port = ((GuardedMessage *)&buffer)->port;
	ASSERT_EQ(type_of(m.port.name), MACH_PORT_TYPE_RECEIVE);
	CALL(mach_port_unguard(SELF, m.port.name, m.port.context));
	destroy(m.port.name);
}

unused_ static void pass_memory(const Route *route, mach_msg_size_t size, bool deallocate_it)
{
	OolMessage m = {.header = route_header(route, 14, sizeof(m))};
	vm_address_t memory;
	Buffer buffer;

	CALL_VM(vm_allocate(SELF, &memory, size, VM_FLAGS_ANYWHERE));
	memset((void *)memory, 'm', size);
	m.body.msgh_descriptor_count = 1;
	m.ool = (mach_msg_ool_descriptor_t){.address = (void *)memory,
		.size = size,
		.deallocate = deallocate_it,
		.copy = MACH_MSG_VIRTUAL_COPY,
		.type = MACH_MSG_OOL_DESCRIPTOR};
	if (route_pass(route, &m, &buffer)) {
		const mach_msg_ool_descriptor_t *got = &((OolMessage *)&buffer)->ool;

		ASSERT_EQ(got->size, size);
		ASSERT_EQ(((uint8_t *)got->address)[0], 'm');
		ASSERT_EQ(((uint8_t *)got->address)[size - 1], 'm');
		CALL_VM(vm_deallocate(SELF, (vm_address_t)got->address, got->size));
	}
	if (!deallocate_it)
		CALL_VM(vm_deallocate(SELF, memory, size));
}

unused_ static void pass_ports(const Route *route, unsigned n, unsigned kind)
{
	OolPortsMessage m = {.header = route_header(route, 15, sizeof(m))};
	mach_port_t ports[MANY], one;
	Buffer buffer;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &one));
	for (unsigned i = 0; i < n; i++)
		ports[i] = one;
	m.body.msgh_descriptor_count = 1;
	m.ports = (mach_msg_ool_ports_descriptor_t){.address = ports,
		.count = n,
		.disposition = kind,
		.copy = MACH_MSG_PHYSICAL_COPY,
		.type = MACH_MSG_OOL_PORTS_DESCRIPTOR};
	if (route_pass(route, &m, &buffer)) {
		const mach_msg_ool_ports_descriptor_t *got = &((OolPortsMessage *)&buffer)->ports;
		const mach_port_t *names = got->address;

		ASSERT_EQ(got->count, n);
		for (unsigned i = 0; i < n; i++)
			ASSERT_TRUE(kind == MAKE ? names[i] == one : MACH_PORT_VALID(names[i]));
		mach_msg_destroy(&buffer.header);
	}
	destroy(one);
}
