/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Torture of the name space: rights are made, copied, counted, put into sets, looked at and ended.
 */
#include "tests/torture/torture.h"

TORTURE(kinds_of_names)
{
	mach_port_t receive, set, dead, chosen = 0x7654307;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &receive));
	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_PORT_SET, &set));
	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_DEAD_NAME, &dead));
	CALL(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, chosen));
	ASSERT_EQ(type_of(receive), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(type_of(set), MACH_PORT_TYPE_PORT_SET);
	ASSERT_EQ(type_of(dead), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(type_of(chosen), MACH_PORT_TYPE_RECEIVE);
	destroy(receive);
	destroy(set);
	destroy(dead);
	destroy(chosen);
}

/* The table grows on the way. */
TORTURE(many_names)
{
	enum { N = 600 };
	mach_port_t names[N];

	for (unsigned i = 0; i < N; i++)
		CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_DEAD_NAME, &names[i]));
	for (unsigned i = 0; i < N; i++)
		destroy(names[i]);
}

TORTURE(send_and_send_once_rights)
{
	mach_port_t name, once;
	mach_msg_type_name_t kind;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &name));
	CALL(mach_port_insert_right(SELF, name, name, MACH_MSG_TYPE_MAKE_SEND));
	CALL(mach_port_insert_right(SELF, name, name, MACH_MSG_TYPE_MAKE_SEND));
	ASSERT_EQ(send_refs(name), 2);
	CALL(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND, 3));
	ASSERT_EQ(send_refs(name), 5);
	CALL(mach_port_extract_right(SELF, name, MACH_MSG_TYPE_MAKE_SEND_ONCE, &once, &kind));
	ASSERT_EQ(status_of(name).mps_sorights, 1);
	CALL(mach_port_mod_refs(SELF, once, MACH_PORT_RIGHT_SEND_ONCE, -1));
	/* Which makes a notification; it may be what could not be had. */
	ASSERT_EQ(status_of(name).mps_sorights, 0);
	CALL(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_RECEIVE, -1));
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(dead_refs(name), 5);
	CALL(mach_port_destroy(SELF, name));
}

TORTURE(construction)
{
	mach_port_options_t options = {
		.flags = MPO_CONTEXT_AS_GUARD | MPO_QLIMIT | MPO_INSERT_SEND_RIGHT | MPO_STRICT,
		.mpl = {.mpl_qlimit = 3},
	};
	mach_port_t name;

	CALL(mach_port_construct(SELF, &options, 0x1234, &name));
	ASSERT_EQ(status_of(name).mps_qlimit, 3);
	CALL(mach_port_unguard(SELF, name, 0x1234));
	CALL(mach_port_guard(SELF, name, 0x4321, true));
	CALL(mach_port_destruct(SELF, name, -1, 0x4321));
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_NONE);
	name = mach_reply_port();
	if (name == MACH_PORT_NULL) {
		refused_at(HARNESS_HERE, "mach_reply_port", 0, true);
		name = mach_reply_port();
	}
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_RECEIVE);
	destroy(name);
}

TORTURE(sets)
{
	mach_port_t set, other, ports[3];
	mach_port_name_array_t members = NULL;
	mach_msg_type_number_t n = 0;
	Buffer buffer;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_PORT_SET, &set));
	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_PORT_SET, &other));
	for (unsigned i = 0; i < 3; i++) {
		CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &ports[i]));
		CALL(mach_port_insert_member(SELF, ports[i], set));
	}
	CALL(mach_port_move_member(SELF, ports[0], other));
	CALL(mach_port_get_set_status(SELF, set, &members, &n));
	ASSERT_EQ(n, 2);
	CALL_VM(vm_deallocate(SELF, (vm_address_t)members, n * sizeof(*members)));
	for (unsigned i = 0; i < 3; i++) {
		mach_msg_header_t m = make_header(ports[i], MAKE, MACH_PORT_NULL, 0, (int)i);

		torture_send(&m);
	}
	ASSERT_TRUE(torture_receive(other, 0, &buffer));
	ASSERT_TRUE(torture_receive(set, 1, &buffer));
	CALL(mach_port_extract_member(SELF, ports[1], set));
	ASSERT_TRUE(torture_receive(set, 2, &buffer));
	destroy(set);
	destroy(other);
	for (unsigned i = 0; i < 3; i++)
		destroy(ports[i]);
}

/* A descriptor for an event loop, of a port and of a set with one. */
TORTURE(pollable_names)
{
	mach_port_t set, port, names[2];
	Buffer buffer;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_PORT_SET, &set));
	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	CALL(mach_port_insert_member(SELF, port, set));
	names[0] = port;
	names[1] = set;
	for (unsigned i = 0; i < 2; i++) {
		mach_msg_header_t m = make_header(port, MAKE, MACH_PORT_NULL, 0, 7);
		struct pollfd p = {.fd = portcullis_port_fd(names[i]), .events = POLLIN};

		if (p.fd < 0) {
			refused_at(HARNESS_HERE, "portcullis_port_fd", errno,
				errno == EMFILE || errno == ENOMEM);
			p.fd = ASSERT_SYS(portcullis_port_fd(names[i]));
		}
		torture_send(&m);
		ASSERT_EQ(poll(&p, 1, 0), 1);
		ASSERT_TRUE(torture_receive(names[i], 7, &buffer));
		close(p.fd);
	}
	destroy(set);
	destroy(port);
}

TORTURE(looking_around)
{
	mach_port_t name;
	mach_port_name_array_t names = NULL;
	mach_port_type_array_t types = NULL;
	mach_msg_type_number_t n_names = 0, n_types = 0;
	mach_port_limits_t limits = {.mpl_qlimit = 9};
	mach_port_context_t context;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &name));
	CALL(mach_port_names(SELF, &names, &n_names, &types, &n_types));
	ASSERT_EQ(n_names, n_types);
	CALL_VM(vm_deallocate(SELF, (vm_address_t)names, n_names * sizeof(*names)));
	CALL_VM(vm_deallocate(SELF, (vm_address_t)types, n_types * sizeof(*types)));
	CALL(mach_port_set_attributes(SELF, name, MACH_PORT_LIMITS_INFO, (mach_port_info_t)&limits,
		MACH_PORT_LIMITS_INFO_COUNT));
	ASSERT_EQ(status_of(name).mps_qlimit, 9);
	CALL(mach_port_set_context(SELF, name, 77));
	CALL(mach_port_get_context(SELF, name, &context));
	ASSERT_EQ(context, 77);
	CALL(mach_port_set_mscount(SELF, name, 5));
	ASSERT_EQ(status_of(name).mps_mscount, 5);
	destroy(name);
}

TORTURE(slots_of_the_task)
{
	mach_port_t port, got;
	mach_port_array_t ports = NULL;
	mach_msg_type_number_t n = 0;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	CALL(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND));
	CALL(task_set_bootstrap_port(SELF, port));
	CALL(task_get_bootstrap_port(SELF, &got));
	ASSERT_EQ(got, port);
	CALL(mach_ports_register(SELF, &port, 1));
	CALL(mach_ports_lookup(SELF, &ports, &n));
	ASSERT_GE(n, 1);
	for (unsigned i = 0; i < n; i++)
		ASSERT_EQ(ports[i], i == 0 ? port : MACH_PORT_NULL);
	CALL_VM(vm_deallocate(SELF, (vm_address_t)ports, n * sizeof(*ports)));
	ASSERT_EQ(send_refs(port), 3);
	CALL(mach_ports_register(SELF, NULL, 0));
	CALL(task_set_bootstrap_port(SELF, MACH_PORT_NULL));
	destroy(port);
}
