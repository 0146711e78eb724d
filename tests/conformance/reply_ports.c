/* SPDX-License-Identifier: Apache-2.0 */
/* Reply ports: mach_reply_port, the port that each thread keeps for its calls, MPO_REPLY_PORT. */
#include "tests/conformance/conformance.h"

enum {
	MOVE_RECEIVE = MACH_MSG_TYPE_MOVE_RECEIVE,
	MOVE_SEND = MACH_MSG_TYPE_MOVE_SEND,
	MOVE_ONCE = MACH_MSG_TYPE_MOVE_SEND_ONCE,
	COPY_SEND = MACH_MSG_TYPE_COPY_SEND,
	MAKE_SEND = MACH_MSG_TYPE_MAKE_SEND,
	MAKE_ONCE = MACH_MSG_TYPE_MAKE_SEND_ONCE,
};

/* A port that is under MPO_REPLY_PORT's rules for certain. */
static mach_port_t make_reply_port(void)
{
	mach_port_options_t options = {.flags = MPO_REPLY_PORT};
	mach_port_t port = MACH_PORT_NULL;

	ASSERT_EQ(mach_port_construct(SELF, &options, 0, &port), KERN_SUCCESS);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	return port;
}

static mach_msg_return_t ask(mach_port_t server, mach_port_t reply, unsigned kind)
{
	mach_msg_header_t header = make_header(server, MAKE_SEND, reply, kind, 1);

	return send_message(&header, sizeof(header));
}

/* The right to answer with that came with the request that waits. */
static mach_port_t take_request(mach_port_t server)
{
	Buffer buffer;

	ASSERT_EQ(receive_now(server, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(buffer.header.msgh_remote_port), MACH_PORT_TYPE_SEND_ONCE);
	return buffer.header.msgh_remote_port;
}

/* --- mach_reply_port --- */

RULE(reply_port_is_a_new_receive_right)
{
	mach_port_t first = mach_reply_port(), second = mach_reply_port();

	ASSERT_NE(first, second);
	ASSERT_EQ(type_of(first), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(type_of(second), MACH_PORT_TYPE_RECEIVE);
	drop_receive(first);
	drop_receive(second);
}

RULE(reply_port_gets_the_answer)
{
	mach_port_t server = make_receive(), reply = mach_reply_port(), once;

	ASSERT_EQ(ask(server, reply, MAKE_ONCE), MACH_MSG_SUCCESS);
	once = take_request(server);
	ASSERT_EQ(send_empty(once, MOVE_ONCE, 101), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(reply), 101);
	drop_receive(reply);
	drop_receive(server);
}

RULE(reply_port_does_not_move)
{
	mach_port_t reply = mach_reply_port(), to = make_receive(), right;
	mach_msg_type_name_t kind;

	ASSERT_EQ(send_port(to, reply, MOVE_RECEIVE), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(mach_port_extract_right(SELF, reply, MOVE_RECEIVE, &right, &kind),
		KERN_INVALID_CAPABILITY);
	ASSERT_EQ(type_of(reply), MACH_PORT_TYPE_RECEIVE);
	drop_receive(reply);
	drop_receive(to);
}

/* --- MPO_REPLY_PORT --- */

RULE(reply_port_gives_one_send_once_right_at_a_time)
{
	mach_port_t server = make_receive(), reply = make_reply_port(), once;

	ASSERT_EQ(ask(server, reply, MAKE_ONCE), MACH_MSG_SUCCESS);
	ASSERT_EQ(ask(server, reply, MAKE_ONCE), MACH_SEND_INVALID_REPLY);
	once = take_request(server);
	ASSERT_EQ(ask(server, reply, MAKE_ONCE), MACH_SEND_INVALID_REPLY);
	ASSERT_EQ(send_empty(once, MOVE_ONCE, 101), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(reply), 101);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(ask(server, reply, MAKE_ONCE), MACH_MSG_SUCCESS);
		ASSERT_EQ(send_empty(take_request(server), MOVE_ONCE, 101 + i), MACH_MSG_SUCCESS);
		ASSERT_EQ(take_id(reply), 101 + i);
	}
	drop_receive(reply);
	drop_receive(server);
}

RULE(reply_port_gives_no_send_rights)
{
	mach_port_t server = make_receive(), reply = make_reply_port(), right;
	mach_msg_type_name_t kind;

	ASSERT_EQ(mach_port_insert_right(SELF, reply, reply, MAKE_SEND), KERN_INVALID_CAPABILITY);
	ASSERT_EQ(mach_port_extract_right(SELF, reply, MAKE_SEND, &right, &kind),
		KERN_INVALID_CAPABILITY);
	ASSERT_EQ(ask(server, reply, MAKE_SEND), MACH_SEND_INVALID_REPLY);
	ASSERT_EQ(send_port(server, reply, MAKE_SEND), MACH_SEND_INVALID_RIGHT);
	ASSERT_NE(send_empty(reply, MAKE_SEND, 1), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(reply), MACH_PORT_TYPE_RECEIVE);
	expect_nothing(reply);
	expect_nothing(server);
	drop_receive(reply);
	drop_receive(server);
}

RULE(reply_port_gives_send_once_rights_in_the_reply_field_only)
{
	mach_port_t server = make_receive(), reply = make_reply_port(), right;
	mach_msg_type_name_t kind;

	ASSERT_EQ(mach_port_extract_right(SELF, reply, MAKE_ONCE, &right, &kind),
		KERN_INVALID_CAPABILITY);
	ASSERT_EQ(mach_port_insert_right(SELF, make_stale(), reply, MAKE_ONCE),
		KERN_INVALID_CAPABILITY);
	ASSERT_EQ(send_port(server, reply, MAKE_ONCE), MACH_SEND_INVALID_RIGHT);
	expect_nothing(server);
	expect_nothing(reply);
	drop_receive(reply);
	drop_receive(server);
}

RULE(right_to_a_reply_port_does_not_go_into_a_body)
{
	mach_port_t server = make_receive(), reply = make_reply_port(), once, right;
	mach_msg_type_name_t kind;

	ASSERT_EQ(ask(server, reply, MAKE_ONCE), MACH_MSG_SUCCESS);
	once = take_request(server);
	ASSERT_EQ(send_port(server, once, MOVE_ONCE), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(mach_port_extract_right(SELF, once, MOVE_ONCE, &right, &kind),
		KERN_INVALID_CAPABILITY);
	ASSERT_EQ(type_of(once), MACH_PORT_TYPE_SEND_ONCE);
	ASSERT_EQ(send_empty(once, MOVE_ONCE, 101), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(reply), 101);
	drop_receive(reply);
	drop_receive(server);
}

RULE(right_to_a_reply_port_is_forwarded_in_the_reply_field)
{
	mach_port_t server = make_receive(), second = make_receive(), reply = make_reply_port();
	mach_port_t once;

	ASSERT_EQ(ask(server, reply, MAKE_ONCE), MACH_MSG_SUCCESS);
	once = take_request(server);
	ASSERT_EQ(ask(second, once, MOVE_ONCE), MACH_MSG_SUCCESS);
	once = take_request(second);
	ASSERT_EQ(send_empty(once, MOVE_ONCE, 101), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(reply), 101);
	drop_receive(reply);
	drop_receive(server);
	drop_receive(second);
}

RULE(reply_port_that_is_constructed_does_not_move)
{
	mach_port_t reply = make_reply_port(), to = make_receive(), right;
	mach_msg_type_name_t kind;

	ASSERT_EQ(send_port(to, reply, MOVE_RECEIVE), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(mach_port_extract_right(SELF, reply, MOVE_RECEIVE, &right, &kind),
		KERN_INVALID_CAPABILITY);
	drop_receive(reply);
	drop_receive(to);
}

RULE(reply_port_takes_no_receivers_requests)
{
	mach_port_t reply = make_reply_port(), notify = make_receive(), previous;

	ASSERT_EQ(request(reply, MACH_NOTIFY_NO_SENDERS, 0, notify, &previous), KERN_INVALID_RIGHT);
	ASSERT_EQ(request(reply, MACH_NOTIFY_PORT_DESTROYED, 0, notify, &previous),
		KERN_INVALID_RIGHT);
	drop_receive(reply);
	drop_receive(notify);
}

RULE(request_that_nobody_answers_is_a_send_once_notification)
{
	mach_port_t server = make_receive(), reply = make_reply_port();

	ASSERT_EQ(ask(server, reply, MAKE_ONCE), MACH_MSG_SUCCESS);
	drop_receive(server);
	expect_notification(reply, MACH_NOTIFY_SEND_ONCE);
	drop_receive(reply);
}

/* --- The thread's own reply port. --- */

RULE(mig_reply_port_is_kept)
{
	mach_port_t port = mig_get_reply_port();

	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(mig_get_reply_port(), port);
	mig_put_reply_port(port);
	ASSERT_EQ(mig_get_reply_port(), port);
	mig_dealloc_reply_port(port);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_NONE);
}

RULE(mig_reply_port_is_made_anew_after_it_was_deallocated)
{
	mach_port_t port = mig_get_reply_port(), again;

	mig_dealloc_reply_port(port);
	again = mig_get_reply_port();
	ASSERT_NE(again, port);
	ASSERT_EQ(type_of(again), MACH_PORT_TYPE_RECEIVE);
	mig_dealloc_reply_port(again);
}

RULE(mig_dealloc_leaves_other_ports_alone)
{
	mach_port_t port = mig_get_reply_port(), other = make_receive();

	mig_dealloc_reply_port(other);
	ASSERT_EQ(type_of(other), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(mig_get_reply_port(), port);
	mig_dealloc_reply_port(port);
	drop_receive(other);
}

static void *reply_port_main(void *argument)
{
	mach_port_t *ports = argument;

	ports[0] = mig_get_reply_port();
	ports[1] = mig_get_reply_port();
	return NULL;
}

RULE(mig_reply_port_belongs_to_the_thread_and_ends_with_it)
{
	mach_port_t mine = mig_get_reply_port(), theirs[2] = {0};
	pthread_t thread;

	ASSERT_OK(pthread_create(&thread, NULL, reply_port_main, theirs));
	ASSERT_OK(pthread_join(thread, NULL));
	ASSERT_EQ(theirs[0], theirs[1]);
	ASSERT_TRUE(MACH_PORT_VALID(theirs[0]));
	ASSERT_NE(theirs[0], mine);
	ASSERT_EQ(type_of(theirs[0]), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(mig_get_reply_port(), mine);
	mig_dealloc_reply_port(mine);
}

RULE(mig_reply_port_serves_calls)
{
	mach_port_t server = make_receive(), reply = mig_get_reply_port();

	for (int i = 0; i < 10; i++) {
		ASSERT_EQ(ask(server, mig_get_reply_port(), MAKE_ONCE), MACH_MSG_SUCCESS);
		ASSERT_EQ(send_empty(take_request(server), MOVE_ONCE, 101 + i), MACH_MSG_SUCCESS);
		ASSERT_EQ(take_id(reply), 101 + i);
		mig_put_reply_port(reply);
	}
	mig_dealloc_reply_port(reply);
	drop_receive(server);
}
