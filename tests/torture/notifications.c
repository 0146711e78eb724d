/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Torture of notifications: asked for, replaced, taken back, and made.
 */
#include "tests/torture/messages.h"

static mach_port_t new_port(void)
{
	mach_port_t port;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	return port;
}

/* Asks with a send-once right to `notify`; returns the right that was there before. */
static mach_port_t ask(mach_port_t name, int id, unsigned sync, mach_port_t notify)
{
	mach_port_t previous = 0xdead;

	CALL(request(name, id, sync, notify, &previous));
	return previous;
}

static void take_back(mach_port_t name, int id)
{
	mach_port_t previous = MACH_PORT_NULL;

	CALL(mach_port_request_notification(
		SELF, name, id, 0, MACH_PORT_NULL, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous));
	/* Without a name for it the right died. */
	if (previous == MACH_PORT_NULL)
		ASSERT_NOT_NULL(fault_site());
	else
		CALL(mach_port_deallocate(SELF, previous));
}

/* What was asked for has happened: the port is told, unless the memory for that was what failed. */
static void told(mach_port_t notify, int id)
{
	Buffer buffer;

	while (receive_now(notify, &buffer) == MACH_MSG_SUCCESS) {
		int got = buffer.header.msgh_id;

		mach_msg_destroy(&buffer.header);
		if (got == id)
			return;
		ASSERT_EQ(got, MACH_NOTIFY_SEND_ONCE);
	}
	ASSERT_NOT_NULL(fault_site());
}

/* The same of what another thread of the library finds out. Without memory for the notification its
 * right dies, of which the port is told instead. */
static void told_in_time(mach_port_t notify, int id)
{
	Buffer buffer;
	mach_msg_return_t mr = receive_with(notify, &buffer, 0, PATIENCE_MS);

	if (mr != MACH_MSG_SUCCESS)
		FAIL("no notification: %#x, %s call %u", mr, torture.kind, torture.n);
	if (buffer.header.msgh_id != id) {
		ASSERT_EQ(buffer.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
		ASSERT_NOT_NULL(fault_site());
	}
	mach_msg_destroy(&buffer.header);
}

TORTURE(asked_and_taken_back)
{
	static const int ids[] = {
		MACH_NOTIFY_NO_SENDERS, MACH_NOTIFY_DEAD_NAME, MACH_NOTIFY_SEND_POSSIBLE};

	for (unsigned i = 0; i < 3; i++) {
		mach_port_t port = new_port(), notify = new_port();
		mach_port_t previous;

		CALL(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND));
		ASSERT_EQ(ask(port, ids[i], 0, notify), MACH_PORT_NULL);
		previous = ask(port, ids[i], 0, notify);
		if (previous != MACH_PORT_NULL)
			CALL(mach_port_deallocate(SELF, previous));
		else
			ASSERT_NOT_NULL(fault_site());
		take_back(port, ids[i]);
		destroy(port);
		destroy(notify);
	}
}

TORTURE(of_ports_of_this_process)
{
	mach_port_t port = new_port(), notify = new_port();

	CALL(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND));
	ask(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	CALL(mach_port_deallocate(SELF, port));
	told(notify, MACH_NOTIFY_NO_SENDERS);
	CALL(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND));
	ask(port, MACH_NOTIFY_DEAD_NAME, 0, notify);
	CALL(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1));
	told(notify, MACH_NOTIFY_DEAD_NAME);
	destroy(port);
	destroy(notify);
}

TORTURE(of_ports_that_are_destroyed)
{
	mach_port_t port = new_port(), notify = new_port();
	Buffer buffer;

	ask(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify);
	destroy(port);
	if (receive_now(notify, &buffer) == MACH_MSG_SUCCESS)
		mach_msg_destroy(&buffer.header);
	else
		ASSERT_NOT_NULL(fault_site());
	destroy(notify);
}

/* Rights are with another process and come back, or die there. */
TORTURE_WITH_MIRROR(of_rights_elsewhere)
{
	Route route = route_begin(arg);
	PortMessage m = {.header = route_header(&route, 80, sizeof(m))};
	mach_port_t port = new_port(), notify = new_port();
	Buffer buffer;

	m.body.msgh_descriptor_count = 1;
	m.port = (mach_msg_port_descriptor_t){
		.name = port, .disposition = MAKE, .type = MACH_MSG_PORT_DESCRIPTOR};
	/* Before there are descriptors to watch. */
	ask(port, MACH_NOTIFY_NO_SENDERS, 1, notify);
	if (route_pass(&route, &m, &buffer))
		CALL(mach_port_deallocate(SELF, port));
	told_in_time(notify, MACH_NOTIFY_NO_SENDERS);
	destroy(port);
	destroy(notify);
	route_end(&route);
}

TORTURE_WITH_MIRROR(of_names_of_ports_elsewhere)
{
	mach_port_t far = *(mach_port_t *)arg, notify = new_port();

	ask(far, MACH_NOTIFY_DEAD_NAME, 0, notify);
	take_back(far, MACH_NOTIFY_DEAD_NAME);
	ask(far, MACH_NOTIFY_SEND_POSSIBLE, 0, notify);
	take_back(far, MACH_NOTIFY_SEND_POSSIBLE);
	destroy(notify);
}

/* A port whose receive right is in a message, that is: elsewhere, and then gone. */
TORTURE_WITH_MIRROR(of_a_death_elsewhere)
{
	Route route = route_begin(arg);
	PortMessage m = {.header = route_header(&route, 81, sizeof(m))};
	mach_port_t port = new_port(), notify = new_port();

	CALL(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND));
	m.body.msgh_descriptor_count = 1;
	m.port = (mach_msg_port_descriptor_t){
		.name = port, .disposition = MOVE_RECEIVE, .type = MACH_MSG_PORT_DESCRIPTOR};
	torture_send(&m);
	ask(port, MACH_NOTIFY_DEAD_NAME, 0, notify);
	/* The mirror cannot give it back. */
	route_end(&route);
	told_in_time(notify, MACH_NOTIFY_DEAD_NAME);
	destroy(port);
	destroy(notify);
}
