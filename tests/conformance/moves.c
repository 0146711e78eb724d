/* SPDX-License-Identifier: Apache-2.0 */
/* Receive rights on the move: in messages, in circles, and what stays behind. */
#include "tests/conformance/conformance.h"

enum {
	MOVE_RECEIVE = MACH_MSG_TYPE_MOVE_RECEIVE,
	MOVE_SEND = MACH_MSG_TYPE_MOVE_SEND,
	COPY_SEND = MACH_MSG_TYPE_COPY_SEND,
	MAKE_SEND = MACH_MSG_TYPE_MAKE_SEND,
	MAKE_ONCE = MACH_MSG_TYPE_MAKE_SEND_ONCE,
};

/* --- The queue moves with the right. --- */

RULE(queue_moves_with_the_receive_right)
{
	mach_port_t port = make_receive(), park;

	for (int i = 1; i <= 5; i++)
		post(port, i);
	park = park_receive(port);
	port = unpark_receive(park);
	ASSERT_EQ(queued(port), 5);
	for (int i = 1; i <= 5; i++)
		ASSERT_EQ(take_id(port), i);
	drop_receive(port);
}

RULE(port_in_transit_takes_messages_up_to_its_limit)
{
	mach_port_t port = make_send_receive(), park = park_receive(port);
	mach_msg_header_t header = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 99);

	for (int i = 1; i <= 5; i++)
		ASSERT_EQ(send_empty(port, COPY_SEND, i), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_message(&header, sizeof(header)), MACH_SEND_TIMED_OUT);
	mach_msg_destroy(&header);
	ASSERT_EQ(unpark_receive(park), port);
	for (int i = 1; i <= 5; i++)
		ASSERT_EQ(take_id(port), i);
	destroy(port);
}

RULE(rights_in_the_queue_move_too)
{
	mach_port_t port = make_receive(), other = make_receive(), park;

	ASSERT_EQ(send_port(port, other, MAKE_ONCE), MACH_MSG_SUCCESS);
	park = park_receive(port);
	port = unpark_receive(park);
	expect_nothing(other);
	drop_receive(port);
	expect_notification(other, MACH_NOTIFY_SEND_ONCE);
	drop_receive(other);
}

RULE(moves_can_be_repeated)
{
	mach_port_t port = make_send_receive();

	for (int i = 1; i <= 100; i++) {
		ASSERT_EQ(send_empty(port, COPY_SEND, i), MACH_MSG_SUCCESS);
		ASSERT_EQ(unpark_receive(park_receive(port)), port);
		ASSERT_EQ(take_id(port), i);
	}
	ASSERT_EQ(send_refs(port), 1);
	destroy(port);
}

/* --- What stays, what is reset. --- */

RULE(send_references_stay_under_the_name)
{
	mach_port_t port = make_receive(), park;

	add_sends(port, 4);
	park = park_receive(port);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND);
	ASSERT_EQ(send_refs(port), 4);
	ASSERT_EQ(unpark_receive(park), port);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(send_refs(port), 4);
	destroy(port);
}

RULE(name_goes_with_the_only_right)
{
	mach_port_t port = make_receive(), park = park_receive(port);

	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_NONE);
	port = unpark_receive(park);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	drop_receive(port);
}

RULE(send_once_rights_stay)
{
	mach_port_t port = make_receive(), once = make_send_once(port);

	port = unpark_receive(park_receive(port));
	ASSERT_EQ(type_of(once), MACH_PORT_TYPE_SEND_ONCE);
	ASSERT_EQ(send_empty(once, MACH_MSG_TYPE_MOVE_SEND_ONCE, 6), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(port), 6);
	drop_receive(port);
}

RULE(counts_and_context_are_reset_and_the_limit_is_kept)
{
	mach_port_t port = make_send_receive();
	mach_port_status_t status;
	mach_port_context_t context = 1;

	post(port, 1);
	take_id(port);
	ASSERT_EQ(set_qlimit(port, 9), KERN_SUCCESS);
	ASSERT_EQ(mach_port_set_context(SELF, port, 77), KERN_SUCCESS);
	ASSERT_EQ(unpark_receive(park_receive(port)), port);
	status = status_of(port);
	ASSERT_EQ(status.mps_seqno, 0);
	ASSERT_EQ(status.mps_mscount, 0);
	ASSERT_EQ(status.mps_qlimit, 9);
	ASSERT_EQ(status.mps_srights, TRUE);
	ASSERT_EQ(mach_port_get_context(SELF, port, &context), KERN_SUCCESS);
	ASSERT_EQ(context, 0);
	destroy(port);
}

RULE(sets_are_left)
{
	mach_port_t port = make_receive(), set = make_set(), other = make_set();

	ASSERT_EQ(mach_port_insert_member(SELF, port, set), KERN_SUCCESS);
	ASSERT_EQ(mach_port_insert_member(SELF, port, other), KERN_SUCCESS);
	port = unpark_receive(park_receive(port));
	ASSERT_EQ(status_of(port).mps_pset, 0);
	ASSERT_EQ(mach_port_move_member(SELF, port, MACH_PORT_NULL), KERN_NOT_IN_SET);
	drop_receive(port);
	drop_set(set);
	drop_set(other);
}

RULE(port_in_transit_that_is_destroyed_leaves_dead_names)
{
	mach_port_t port = make_send_receive(), park = park_receive(port);

	drop_receive(park);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(send_empty(port, COPY_SEND, 1), MACH_SEND_INVALID_DEST);
	drop_dead(port, 1);
}

/* --- Rights in rights. --- */

RULE(chain_of_ports_in_messages_unwinds)
{
	enum { N = 50 };
	mach_port_t port = make_receive();
	Buffer buffer;

	post(port, 1);
	for (unsigned i = 0; i < N; i++)
		port = park_receive(port);
	for (unsigned i = 0; i < N; i++) {
		ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
		drop_receive(port);
		port = received_port(&buffer);
	}
	ASSERT_EQ(take_id(port), 1);
	drop_receive(port);
}

RULE(chain_of_ports_in_messages_dies_with_its_end)
{
	enum { N = 1000 };
	mach_port_t witness = make_receive(), port = make_receive();

	ASSERT_EQ(send_port(port, witness, MAKE_ONCE), MACH_MSG_SUCCESS);
	for (unsigned i = 0; i < N; i++)
		port = park_receive(port);
	expect_nothing(witness);
	drop_receive(port);
	expect_notification(witness, MACH_NOTIFY_SEND_ONCE);
	drop_receive(witness);
}

/* --- Circles. --- */

static mach_msg_return_t send_receive_right(mach_port_t to, mach_port_t name)
{
	PortMessage message = make_port_message(to, name, MOVE_RECEIVE);

	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(COPY_SEND, 0);
	return send_message(&message, sizeof(message));
}

RULE(port_sent_to_itself_is_destroyed)
{
	mach_port_t port = make_send_receive(), witness = make_receive();

	ASSERT_EQ(send_port(port, witness, MAKE_ONCE), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_receive_right(port, port), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	expect_notification(witness, MACH_NOTIFY_SEND_ONCE);
	drop_dead(port, 1);
	drop_receive(witness);
}

RULE(circle_of_two_is_destroyed)
{
	mach_port_t first = make_send_receive(), second = make_send_receive();
	mach_port_t witness = make_receive();

	ASSERT_EQ(send_port(first, witness, MAKE_ONCE), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_receive_right(second, first), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(first), MACH_PORT_TYPE_SEND);
	ASSERT_EQ(send_receive_right(first, second), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(first), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(type_of(second), MACH_PORT_TYPE_DEAD_NAME);
	expect_notification(witness, MACH_NOTIFY_SEND_ONCE);
	drop_dead(first, 1);
	drop_dead(second, 1);
	drop_receive(witness);
}

RULE(circle_of_many_is_destroyed)
{
	enum { N = 20 };
	mach_port_t ports[N], notify = make_receive();

	for (unsigned i = 0; i < N; i++) {
		ports[i] = make_send_receive();
		request_new(ports[i], MACH_NOTIFY_DEAD_NAME, 0, notify);
	}
	for (unsigned i = 0; i < N; i++)
		ASSERT_EQ(send_receive_right(ports[(i + 1) % N], ports[i]), MACH_MSG_SUCCESS);
	for (unsigned i = 0; i < N; i++) {
		expect_notification(notify, MACH_NOTIFY_DEAD_NAME);
		ASSERT_EQ(dead_refs(ports[i]), 2);
		drop_dead(ports[i], 2);
	}
	expect_nothing(notify);
	drop_receive(notify);
}

RULE(port_beside_a_circle_is_destroyed_with_it)
{
	mach_port_t port = make_send_receive(), passenger = make_send_receive();

	ASSERT_EQ(send_receive_right(port, passenger), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_receive_right(port, port), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(type_of(passenger), MACH_PORT_TYPE_DEAD_NAME);
	drop_dead(port, 1);
	drop_dead(passenger, 1);
}

RULE(reply_right_in_a_circle_notifies)
{
	mach_port_t port = make_send_receive(), reply = make_receive();
	PortMessage message = make_port_message(port, port, MOVE_RECEIVE);

	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MOVE_SEND, MAKE_ONCE);
	message.header.msgh_local_port = reply;
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	expect_notification(reply, MACH_NOTIFY_SEND_ONCE);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_NONE);
	drop_receive(reply);
}

/* --- Threads. --- */

RULE(receiver_may_wait_again_after_the_port_came_back)
{
	mach_port_t port = make_receive();
	Buffer buffer;

	for (int i = 1; i <= 10; i++) {
		Caller caller = CALLER_RECEIVE(&buffer, port);
		Caller again;

		caller_start_blocked(&caller);
		port = unpark_receive(park_receive(port));
		ASSERT_EQ(caller_join(&caller), MACH_RCV_PORT_DIED);
		again = (Caller)CALLER_RECEIVE(&buffer, port);
		caller_start_blocked(&again);
		post(port, i);
		ASSERT_EQ(caller_join(&again), MACH_MSG_SUCCESS);
		ASSERT_EQ(buffer.header.msgh_id, i);
	}
	drop_receive(port);
}
