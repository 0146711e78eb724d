/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Torture of receive rights on the move, with what waits at them: messages of this process and of
 * others, rights in them, send-once rights that nobody used yet.
 */
#include "tests/torture/messages.h"

/* Gives the receive right to the mirror, and takes it back under whatever name. MACH_PORT_NULL: it
 * was lost on the way, with a fault as the reason. */
static mach_port_t send_around(const mach_port_t *mirror, mach_port_t port)
{
	Route route = route_begin(mirror);
	PortMessage m = {.header = route_header(&route, 40, sizeof(m))};
	mach_port_t name = MACH_PORT_NULL;
	Buffer buffer;

	m.body.msgh_descriptor_count = 1;
	m.port = (mach_msg_port_descriptor_t){
		.name = port, .disposition = MOVE_RECEIVE, .type = MACH_MSG_PORT_DESCRIPTOR};
	if (route_pass(&route, &m, &buffer))
		name = received_port(&buffer);
	route_end(&route);
	return name;
}

/* Messages that wait, each with one more right in it than the last. */
static void fill(mach_port_t port, mach_port_t right, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		PortMessage m = make_port_message(port, right, i % 2 ? MAKE : MAKE_ONCE);

		m.header.msgh_id = (int)(50 + i);
		torture_send(&m);
	}
}

/* They come out in order; with a fault the first ones may be missing, or lack their right. */
static void empty(mach_port_t port, unsigned n)
{
	Buffer buffer;

	for (unsigned i = 0; i < n; i++) {
		mach_msg_return_t mr = receive_now(port, &buffer);

		if (mr == MACH_MSG_SUCCESS && buffer.header.msgh_id == (int)(50 + i)) {
			mach_msg_destroy(&buffer.header);
			continue;
		}
		ASSERT_NOT_NULL(fault_site());
		if (mr == MACH_MSG_SUCCESS || (mr & ~MACH_MSG_MASK) == MACH_RCV_BODY_ERROR)
			mach_msg_destroy(&buffer.header);
	}
}

static void drain_notifications(mach_port_t port)
{
	Buffer buffer;

	while (receive_now(port, &buffer) == MACH_MSG_SUCCESS)
		mach_msg_destroy(&buffer.header);
}

TORTURE_WITH_MIRROR(an_empty_port)
{
	mach_port_t port, name;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	name = send_around(arg, port);
	if (name != MACH_PORT_NULL)
		destroy(name);
}

TORTURE_WITH_MIRROR(a_backlog)
{
	mach_port_t port, right, name;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &right));
	fill(port, right, 4);
	name = send_around(arg, port);
	if (name != MACH_PORT_NULL) {
		empty(name, 4);
		destroy(name);
	}
	drain_notifications(right);
	destroy(right);
}

/* Send rights and a send-once right stay here, and reach the port wherever it is. */
TORTURE_WITH_MIRROR(rights_that_stay)
{
	mach_port_t port, once, name;
	mach_msg_type_name_t kind;
	mach_msg_header_t m;
	Buffer buffer;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	CALL(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND));
	CALL(mach_port_extract_right(SELF, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &once, &kind));
	name = send_around(arg, port);
	if (name != MACH_PORT_NULL) {
		ASSERT_EQ(name, port);
		m = make_header(port, COPY, MACH_PORT_NULL, 0, 60);
		torture_send(&m);
		m = make_header(once, MOVE_ONCE, MACH_PORT_NULL, 0, 61);
		torture_send(&m);
		for (unsigned i = 0; i < 2; i++) {
			mach_msg_return_t mr = receive_with(port, &buffer, 0, PATIENCE_MS);

			if ((mr & ~MACH_MSG_MASK) == MACH_RCV_HEADER_ERROR)
				mr = receive_with(port, &buffer, 0, PATIENCE_MS);
			ASSERT_EQ(mr, MACH_MSG_SUCCESS);
			ASSERT_TRUE(buffer.header.msgh_id == 60 || buffer.header.msgh_id == 61 ||
				    (buffer.header.msgh_id == MACH_NOTIFY_SEND_ONCE &&
					    fault_site() != NULL));
		}
	} else {
		destroy(once);
	}
	destroy(port);
}

/* The answer to a call is on its way when the port that it comes to moves. */
TORTURE_WITH_MIRROR(an_answer_follows)
{
	Route route = route_begin(arg);
	mach_port_t port, name;
	mach_msg_header_t m;
	Buffer buffer;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	m = make_header(route.to, COPY, port, MAKE_ONCE, 70);
	torture_send(&m);
	name = send_around(arg, port);
	if (name != MACH_PORT_NULL) {
		(void)torture_receive(name, 70, &buffer);
		destroy(name);
	}
	route_end(&route);
}

/* A port in a message at a port in a message. */
TORTURE_WITH_MIRROR(nested)
{
	mach_port_t outer, inner, name;
	PortMessage m;
	Buffer buffer;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &outer));
	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &inner));
	m = make_port_message(inner, inner, MAKE);
	torture_send(&m);
	m = make_port_message(outer, inner, MOVE_RECEIVE);
	torture_send(&m);
	name = send_around(arg, outer);
	if (name == MACH_PORT_NULL)
		return;
	if (receive_now(name, &buffer) == MACH_MSG_SUCCESS)
		mach_msg_destroy(&buffer.header);
	else
		ASSERT_NOT_NULL(fault_site());
	destroy(name);
}
