/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Torture of messages that stay in the process: through a queue in memory.
 */
#include "tests/torture/messages.h"

#define LOCALLY(name, step)                                                                        \
	TORTURE(name)                                                                              \
	{                                                                                          \
		Route route_ = route_begin(NULL), *route = &route_;                                \
		step;                                                                              \
		route_end(route);                                                                  \
	}

LOCALLY(bytes, pass_bytes(route))
LOCALLY(a_made_send_right, pass_port(route, MAKE))
LOCALLY(a_copied_send_right, pass_port(route, COPY))
LOCALLY(a_moved_send_right, pass_port(route, MOVE))
LOCALLY(a_send_once_right, pass_port(route, MAKE_ONCE))
LOCALLY(a_receive_right, pass_port(route, MOVE_RECEIVE))
LOCALLY(a_guarded_receive_right, pass_guarded(route))
LOCALLY(little_memory, pass_memory(route, 100, false))
LOCALLY(memory_given_away, pass_memory(route, BIG, true))
LOCALLY(memory_copied, pass_memory(route, BIG, false))
LOCALLY(an_array_of_send_rights, pass_ports(route, 20, MAKE))
LOCALLY(an_array_of_send_once_rights, pass_ports(route, 20, MAKE_ONCE))

/* Memory that the program had not from the library. */
TORTURE(foreign_memory)
{
	static uint8_t bytes[BIG];
	Route route = route_begin(NULL);
	OolMessage m = {.header = route_header(&route, 16, sizeof(m))};
	Buffer buffer;

	m.body.msgh_descriptor_count = 1;
	m.ool = (mach_msg_ool_descriptor_t){
		.address = bytes, .size = sizeof(bytes), .type = MACH_MSG_OOL_DESCRIPTOR};
	if (route_pass(&route, &m, &buffer))
		mach_msg_destroy(&buffer.header);
	route_end(&route);
}

/* Messages that are never received die with all that is in them. */
TORTURE(a_queue_that_is_destroyed)
{
	Route route = route_begin(NULL);
	PortMessage m;
	mach_port_t ports[4];
	Buffer buffer;

	for (unsigned i = 0; i < 4; i++) {
		CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &ports[i]));
		m = make_port_message(route.to, ports[i], i % 2 ? MAKE : MAKE_ONCE);
		torture_send(&m);
	}
	m = make_port_message(route.to, ports[3], MOVE_RECEIVE);
	torture_send(&m);
	destroy(route.from);
	/* A send-once right that nobody used; unless its notification could not be made. */
	if (receive_now(ports[0], &buffer) != MACH_MSG_SUCCESS)
		ASSERT_NOT_NULL(fault_site());
	for (unsigned i = 0; i < 3; i++)
		destroy(ports[i]);
}

/* An answer is wanted, from this same process. */
TORTURE(a_call_within_the_process)
{
	mach_port_t server, reply;
	mach_msg_header_t m;
	Buffer buffer;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &server));
	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &reply));
	for (int i = 0; i < 2; i++) {
		m = make_header(server, MAKE, reply, MAKE_ONCE, 20 + i);
		torture_send(&m);
		if (receive_now(server, &buffer) != MACH_MSG_SUCCESS) {
			refused_at(HARNESS_HERE, "the request", 0, true);
			if (receive_now(server, &buffer) != MACH_MSG_SUCCESS)
				continue;
		}
		m = make_header(buffer.header.msgh_remote_port, MOVE_ONCE, MACH_PORT_NULL, 0, 30);
		torture_send(&m);
		(void)torture_receive(reply, 30, &buffer);
	}
	destroy(server);
	destroy(reply);
}
