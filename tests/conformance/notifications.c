/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: when each is sent, what it looks like, and what asking for it costs. */
#include "tests/conformance/conformance.h"

enum {
	MOVE_RECEIVE = MACH_MSG_TYPE_MOVE_RECEIVE,
	MOVE_SEND = MACH_MSG_TYPE_MOVE_SEND,
	MOVE_ONCE = MACH_MSG_TYPE_MOVE_SEND_ONCE,
	COPY_SEND = MACH_MSG_TYPE_COPY_SEND,
	MAKE_SEND = MACH_MSG_TYPE_MAKE_SEND,
	MAKE_ONCE = MACH_MSG_TYPE_MAKE_SEND_ONCE,

	DELETED = MACH_NOTIFY_PORT_DELETED,
	SEND_POSSIBLE = MACH_NOTIFY_SEND_POSSIBLE,
	DESTROYED = MACH_NOTIFY_PORT_DESTROYED,
	NO_SENDERS = MACH_NOTIFY_NO_SENDERS,
	SEND_ONCE = MACH_NOTIFY_SEND_ONCE,
	DEAD_NAME = MACH_NOTIFY_DEAD_NAME,
};

/* --- Format. --- */

/* The header and trailer that all have in common. */
static void expect_format(const Buffer *buffer, mach_port_t notify, unsigned size)
{
	const mach_msg_audit_trailer_t *trailer = trailer_of(buffer);

	ASSERT_EQ(MACH_MSGH_BITS_LOCAL(buffer->header.msgh_bits), MOVE_ONCE);
	ASSERT_EQ(MACH_MSGH_BITS_REMOTE(buffer->header.msgh_bits), 0);
	ASSERT_EQ(buffer->header.msgh_remote_port, MACH_PORT_NULL);
	ASSERT_EQ(buffer->header.msgh_local_port, notify);
	ASSERT_EQ(buffer->header.msgh_size, size);
	ASSERT_EQ(trailer->msgh_trailer_type, MACH_MSG_TRAILER_FORMAT_0);
	ASSERT_EQ(trailer->msgh_trailer_size, sizeof(*trailer));
	for (unsigned i = 0; i < 8; i++)
		ASSERT_EQ(trailer->msgh_audit.val[i], 0);
	ASSERT_EQ(trailer->msgh_sender.val[0], 0);
	ASSERT_EQ(trailer->msgh_sender.val[1], 1);
}

/* Those of one number: it lies behind an NDR record. */
static unsigned expect_number(mach_port_t notify, int id)
{
	const mach_dead_name_notification_t *notification;
	Buffer buffer;

	receive_notification(notify, id, &buffer);
	expect_format(&buffer, notify, 36);
	ASSERT_FALSE(MACH_MSGH_BITS_IS_COMPLEX(buffer.header.msgh_bits));
	notification = (const mach_dead_name_notification_t *)&buffer;
	ASSERT_MEMEQ(&notification->NDR, &NDR_record, sizeof(NDR_record));
	return notification->not_port;
}

static mach_port_t expect_destroyed(mach_port_t notify)
{
	const mach_port_destroyed_notification_t *notification;
	Buffer buffer;

	receive_notification(notify, DESTROYED, &buffer);
	expect_format(&buffer, notify, 40);
	ASSERT_TRUE(MACH_MSGH_BITS_IS_COMPLEX(buffer.header.msgh_bits));
	notification = (const mach_port_destroyed_notification_t *)&buffer;
	ASSERT_EQ(notification->not_body.msgh_descriptor_count, 1);
	ASSERT_EQ(notification->not_port.type, MACH_MSG_PORT_DESCRIPTOR);
	ASSERT_EQ(notification->not_port.disposition, MOVE_RECEIVE);
	return notification->not_port.name;
}

static void expect_send_once(mach_port_t notify)
{
	Buffer buffer;

	receive_notification(notify, SEND_ONCE, &buffer);
	expect_format(&buffer, notify, 24);
}

RULE(structures_have_their_sizes)
{
	ASSERT_EQ(sizeof(mach_port_deleted_notification_t), 56);
	ASSERT_EQ(sizeof(mach_send_possible_notification_t), 56);
	ASSERT_EQ(sizeof(mach_port_destroyed_notification_t), 60);
	ASSERT_EQ(sizeof(mach_no_senders_notification_t), 56);
	ASSERT_EQ(sizeof(mach_send_once_notification_t), 44);
	ASSERT_EQ(sizeof(mach_dead_name_notification_t), 56);
}

/* --- No senders. --- */

RULE(no_senders_fires_at_once_if_there_are_none)
{
	mach_port_t port = make_receive(), notify = make_receive();

	request_new(port, NO_SENDERS, 0, notify);
	ASSERT_EQ(expect_number(notify, NO_SENDERS), 0);
	ASSERT_EQ(status_of(port).mps_nsrequest, FALSE);
	drop_receive(port);
	expect_nothing(notify);
	drop_receive(notify);
}

RULE(no_senders_fires_when_the_last_right_is_dropped)
{
	mach_port_t port = make_receive(), notify = make_receive();

	add_sends(port, 3);
	request_new(port, NO_SENDERS, 0, notify);
	deallocate(port);
	deallocate(port);
	expect_nothing(notify);
	deallocate(port);
	ASSERT_EQ(expect_number(notify, NO_SENDERS), 3);
	ASSERT_EQ(status_of(port).mps_nsrequest, FALSE);
	drop_receive(port);
	drop_receive(notify);
}

RULE(no_senders_is_armed_until_the_make_send_count_is_reached)
{
	mach_port_t port = make_receive(), notify = make_receive();

	request_new(port, NO_SENDERS, 1, notify);
	expect_nothing(notify);
	ASSERT_EQ(status_of(port).mps_nsrequest, TRUE);
	add_sends(port, 1);
	deallocate(port);
	ASSERT_EQ(expect_number(notify, NO_SENDERS), 1);
	drop_receive(port);
	drop_receive(notify);
}

RULE(no_senders_with_a_count_that_is_reached_fires_at_once)
{
	mach_port_t port = make_receive(), notify = make_receive();

	add_sends(port, 2);
	drop_refs(port, MACH_PORT_RIGHT_SEND, 2);
	request_new(port, NO_SENDERS, 2, notify);
	ASSERT_EQ(expect_number(notify, NO_SENDERS), 2);
	request_new(port, NO_SENDERS, 3, notify);
	expect_nothing(notify);
	drop_receive(port);
	expect_send_once(notify);
	drop_receive(notify);
}

RULE(no_senders_fires_once)
{
	mach_port_t port = make_send_receive(), notify = make_receive();

	request_new(port, NO_SENDERS, 0, notify);
	deallocate(port);
	ASSERT_EQ(expect_number(notify, NO_SENDERS), 1);
	add_sends(port, 1);
	deallocate(port);
	expect_nothing(notify);
	drop_receive(port);
	drop_receive(notify);
}

RULE(no_senders_minds_rights_in_messages)
{
	mach_port_t port = make_send_receive(), notify = make_receive(), to = make_receive();
	Buffer buffer;

	ASSERT_EQ(send_port(to, port, MOVE_SEND), MACH_MSG_SUCCESS);
	request_new(port, NO_SENDERS, 0, notify);
	expect_nothing(notify);
	ASSERT_EQ(receive_now(to, &buffer), MACH_MSG_SUCCESS);
	expect_nothing(notify);
	mach_msg_destroy(&buffer.header);
	ASSERT_EQ(expect_number(notify, NO_SENDERS), 1);
	drop_receive(to);
	drop_receive(port);
	drop_receive(notify);
}

RULE(no_senders_fires_when_a_message_with_the_last_right_is_destroyed)
{
	mach_port_t port = make_send_receive(), notify = make_receive(), to = make_receive();

	ASSERT_EQ(send_port(to, port, MOVE_SEND), MACH_MSG_SUCCESS);
	request_new(port, NO_SENDERS, 0, notify);
	drop_receive(to);
	ASSERT_EQ(expect_number(notify, NO_SENDERS), 1);
	drop_receive(port);
	drop_receive(notify);
}

RULE(no_senders_minds_the_right_that_a_message_was_sent_with)
{
	mach_port_t port = make_send_receive(), notify = make_receive();

	ASSERT_EQ(send_empty(port, MOVE_SEND, 5), MACH_MSG_SUCCESS);
	request_new(port, NO_SENDERS, 0, notify);
	expect_nothing(notify);
	ASSERT_EQ(take_id(port), 5);
	ASSERT_EQ(expect_number(notify, NO_SENDERS), 1);
	drop_receive(port);
	drop_receive(notify);
}

RULE(no_senders_does_not_mind_send_once_rights)
{
	mach_port_t port = make_receive(), notify = make_receive(), once = make_send_once(port);

	request_new(port, NO_SENDERS, 0, notify);
	ASSERT_EQ(expect_number(notify, NO_SENDERS), 0);
	drop_receive(port);
	destroy(once);
	drop_receive(notify);
}

RULE(no_senders_request_replaces_the_previous_one)
{
	mach_port_t port = make_send_receive(), first = make_receive(), second = make_receive();
	mach_port_t previous = 0;

	request_new(port, NO_SENDERS, 0, first);
	ASSERT_EQ(request(port, NO_SENDERS, 0, second, &previous), KERN_SUCCESS);
	ASSERT_EQ(type_of(previous), MACH_PORT_TYPE_SEND_ONCE);
	expect_nothing(first);
	deallocate(previous);
	expect_send_once(first);
	ASSERT_EQ(request(port, NO_SENDERS, 0, MACH_PORT_NULL, &previous), KERN_SUCCESS);
	ASSERT_EQ(type_of(previous), MACH_PORT_TYPE_SEND_ONCE);
	deallocate(previous);
	expect_send_once(second);
	deallocate(port);
	expect_nothing(second);
	drop_receive(port);
	drop_receive(first);
	drop_receive(second);
}

RULE(no_senders_request_of_a_port_that_dies_is_a_send_once_notification)
{
	mach_port_t port = make_send_receive(), notify = make_receive();

	request_new(port, NO_SENDERS, 0, notify);
	drop_receive(port);
	expect_send_once(notify);
	expect_nothing(notify);
	drop_dead(port, 1);
	drop_receive(notify);
}

RULE(no_senders_may_tell_the_port_itself)
{
	mach_port_t port = make_send_receive();

	request_new(port, NO_SENDERS, 0, port);
	deallocate(port);
	ASSERT_EQ(expect_number(port, NO_SENDERS), 1);
	drop_receive(port);
}

/* --- Dead names. --- */

RULE(dead_name_fires_with_a_reference_more)
{
	mach_port_t port = make_receive(), notify = make_receive();

	add_sends(port, 2);
	request_new(port, DEAD_NAME, 0, notify);
	drop_receive(port);
	ASSERT_EQ(expect_number(notify, DEAD_NAME), port);
	ASSERT_EQ(dead_refs(port), 3);
	drop_dead(port, 3);
	expect_nothing(notify);
	drop_receive(notify);
}

RULE(dead_name_fires_for_a_send_right_whose_port_dies_in_a_message)
{
	mach_port_t port = make_send_receive(), notify = make_receive();
	mach_port_t park = park_receive(port);

	request_new(port, DEAD_NAME, 0, notify);
	expect_nothing(notify);
	drop_receive(park);
	ASSERT_EQ(expect_number(notify, DEAD_NAME), port);
	ASSERT_EQ(dead_refs(port), 2);
	drop_dead(port, 2);
	drop_receive(notify);
}

RULE(dead_name_fires_for_a_send_once_right)
{
	mach_port_t port = make_receive(), once = make_send_once(port), notify = make_receive();

	request_new(once, DEAD_NAME, 0, notify);
	drop_receive(port);
	ASSERT_EQ(expect_number(notify, DEAD_NAME), once);
	ASSERT_EQ(dead_refs(once), 2);
	drop_dead(once, 2);
	drop_receive(notify);
}

RULE(dead_name_request_on_a_dead_name_is_invalid_argument)
{
	mach_port_t dead = make_dead_name(), notify = make_receive(), previous;

	ASSERT_EQ(request(dead, DEAD_NAME, 0, notify, &previous), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(request(dead, DEAD_NAME, 1, notify, &previous), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(request(dead, DEAD_NAME, 0, MACH_PORT_NULL, &previous), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(dead_refs(dead), 1);
	drop_dead(dead, 1);
	drop_receive(notify);
}

RULE(dead_name_request_replaces_the_previous_one)
{
	mach_port_t port = make_send_receive(), first = make_receive(), second = make_receive();
	mach_port_t previous = 0;

	request_new(port, DEAD_NAME, 0, first);
	ASSERT_EQ(request(port, DEAD_NAME, 0, second, &previous), KERN_SUCCESS);
	ASSERT_EQ(type_of(previous), MACH_PORT_TYPE_SEND_ONCE);
	deallocate(previous);
	expect_send_once(first);
	drop_receive(port);
	ASSERT_EQ(expect_number(second, DEAD_NAME), port);
	expect_nothing(first);
	drop_dead(port, 2);
	drop_receive(first);
	drop_receive(second);
}

RULE(dead_name_request_of_what_is_no_port_is_an_error)
{
	mach_port_t set = make_set(), notify = make_receive(), previous;

	ASSERT_EQ(request(set, DEAD_NAME, 0, notify, &previous), KERN_INVALID_RIGHT);
	ASSERT_EQ(request(make_stale(), DEAD_NAME, 0, notify, &previous), KERN_INVALID_NAME);
	drop_set(set);
	drop_receive(notify);
}

/* --- Port deleted. --- */

RULE(deallocated_name_with_a_request_is_a_port_deleted_notification)
{
	mach_port_t port = make_receive(), notify = make_receive(), park;

	add_sends(port, 2);
	park = park_receive(port);
	request_new(port, DEAD_NAME, 0, notify);
	deallocate(port);
	expect_nothing(notify);
	deallocate(port);
	ASSERT_EQ(expect_number(notify, DELETED), port);
	expect_nothing(notify);
	drop_receive(park);
	expect_nothing(notify);
	drop_receive(notify);
}

RULE(moved_name_with_a_request_is_a_port_deleted_notification)
{
	mach_port_t port = make_send_receive(), notify = make_receive(), to = make_receive();
	mach_port_t park = park_receive(port);

	request_new(port, DEAD_NAME, 0, notify);
	ASSERT_EQ(send_port(to, port, MOVE_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(expect_number(notify, DELETED), port);
	drop_receive(to);
	drop_receive(park);
	drop_receive(notify);
}

RULE(used_send_once_right_with_a_request_is_a_port_deleted_notification)
{
	mach_port_t port = make_receive(), once = make_send_once(port), notify = make_receive();

	request_new(once, DEAD_NAME, 0, notify);
	ASSERT_EQ(send_empty(once, MOVE_ONCE, 5), MACH_MSG_SUCCESS);
	ASSERT_EQ(expect_number(notify, DELETED), once);
	ASSERT_EQ(take_id(port), 5);
	drop_receive(port);
	drop_receive(notify);
}

RULE(destroyed_name_with_a_request_is_a_port_deleted_notification)
{
	mach_port_t port = make_send_receive(), notify = make_receive();
	mach_port_t park = park_receive(port);

	request_new(port, DEAD_NAME, 0, notify);
	destroy(port);
	ASSERT_EQ(expect_number(notify, DELETED), port);
	drop_receive(park);
	drop_receive(notify);
}

/* --- Port destroyed. --- */

RULE(destroyed_port_comes_in_the_notification_with_its_queue)
{
	mach_port_t port = make_send_receive(), notify = make_receive();

	ASSERT_EQ(send_empty(port, COPY_SEND, 1), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_empty(port, COPY_SEND, 2), MACH_MSG_SUCCESS);
	request_new(port, DESTROYED, 0, notify);
	drop_receive(port);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND);
	ASSERT_EQ(send_empty(port, COPY_SEND, 3), MACH_MSG_SUCCESS);
	ASSERT_EQ(expect_destroyed(notify), port);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(send_refs(port), 1);
	for (int i = 1; i <= 3; i++)
		ASSERT_EQ(take_id(port), i);
	destroy(port);
	expect_nothing(notify);
	drop_receive(notify);
}

RULE(port_that_comes_in_the_notification_is_reset)
{
	mach_port_t port = make_send_receive(), notify = make_receive();
	mach_port_status_t status;
	mach_port_context_t context = 1;

	post(port, 1);
	take_id(port);
	ASSERT_EQ(set_qlimit(port, 9), KERN_SUCCESS);
	ASSERT_EQ(mach_port_set_context(SELF, port, 77), KERN_SUCCESS);
	request_new(port, DESTROYED, 0, notify);
	drop_receive(port);
	ASSERT_EQ(expect_destroyed(notify), port);
	status = status_of(port);
	ASSERT_EQ(status.mps_mscount, 0);
	ASSERT_EQ(status.mps_seqno, 0);
	ASSERT_EQ(status.mps_pdrequest, FALSE);
	ASSERT_EQ(status.mps_qlimit, 9);
	ASSERT_EQ(mach_port_get_context(SELF, port, &context), KERN_SUCCESS);
	ASSERT_EQ(context, 0);
	destroy(port);
	drop_receive(notify);
}

RULE(port_destroyed_fires_for_every_way_to_destroy)
{
	for (unsigned way = 0; way < 4; way++) {
		mach_port_t port = make_receive(), notify = make_receive(), park;

		request_new(port, DESTROYED, 0, notify);
		if (way == 0) {
			drop_receive(port);
		} else if (way == 1) {
			destroy(port);
		} else if (way == 2) {
			ASSERT_EQ(mach_port_destruct(SELF, port, 0, 0), KERN_SUCCESS);
		} else {
			park = park_receive(port);
			drop_receive(park);
		}
		port = expect_destroyed(notify);
		ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
		drop_receive(port);
		drop_receive(notify);
	}
}

RULE(port_destroyed_makes_no_dead_names)
{
	mach_port_t port = make_send_receive(), notify = make_receive(), told = make_receive();

	request_new(port, DEAD_NAME, 0, told);
	request_new(port, DESTROYED, 0, notify);
	drop_receive(port);
	expect_nothing(told);
	ASSERT_EQ(type_of(port) & MACH_PORT_TYPE_ALL_RIGHTS, MACH_PORT_TYPE_SEND);
	ASSERT_EQ(expect_destroyed(notify), port);
	drop_receive(port);
	ASSERT_EQ(expect_number(told, DEAD_NAME), port);
	drop_dead(port, 2);
	drop_receive(told);
	drop_receive(notify);
}

RULE(port_destroyed_is_asked_for_once_only)
{
	mach_port_t port = make_receive(), notify = make_receive(), other = make_receive();
	mach_port_t previous;

	request_new(port, DESTROYED, 0, notify);
	ASSERT_EQ(request(port, DESTROYED, 0, other, &previous), KERN_FAILURE);
	ASSERT_EQ(request(port, DESTROYED, 0, MACH_PORT_NULL, &previous), KERN_FAILURE);
	drop_receive(port);
	drop_receive(expect_destroyed(notify));
	drop_receive(notify);
	drop_receive(other);
}

RULE(port_destroyed_with_a_count_is_invalid_value)
{
	mach_port_t port = make_receive(), notify = make_receive(), previous;

	ASSERT_EQ(request(port, DESTROYED, 1, notify, &previous), KERN_INVALID_VALUE);
	ASSERT_EQ(status_of(port).mps_pdrequest, FALSE);
	drop_receive(port);
	drop_receive(notify);
}

RULE(port_destroyed_notification_that_nobody_takes_destroys_the_port)
{
	mach_port_t port = make_send_receive(), notify = make_receive();

	request_new(port, DESTROYED, 0, notify);
	drop_receive(port);
	drop_receive(notify);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	drop_dead(port, 1);
}

RULE(port_destroyed_request_to_a_dead_port_destroys_the_port)
{
	mach_port_t port = make_send_receive(), notify = make_receive();

	request_new(port, DESTROYED, 0, notify);
	drop_receive(notify);
	drop_receive(port);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	drop_dead(port, 1);
}

/* --- Send once. --- */

RULE(send_once_right_notifies_by_every_way_to_drop_it)
{
	for (unsigned way = 0; way < 6; way++) {
		mach_port_t port = make_receive(), once = make_send_once(port);
		mach_port_t to = make_receive();
		Buffer buffer;

		switch (way) {
		case 0:
			deallocate(once);
			break;
		case 1:
			destroy(once);
			break;
		case 2:
			drop_refs(once, MACH_PORT_RIGHT_SEND_ONCE, 1);
			break;
		case 3: /* in a message that is never received */
			ASSERT_EQ(send_port(to, once, MOVE_ONCE), MACH_MSG_SUCCESS);
			expect_nothing(port);
			drop_receive(to);
			to = MACH_PORT_NULL;
			break;
		case 4: /* in one that is, and is then destroyed */
			ASSERT_EQ(send_port(to, once, MOVE_ONCE), MACH_MSG_SUCCESS);
			ASSERT_EQ(receive_now(to, &buffer), MACH_MSG_SUCCESS);
			expect_nothing(port);
			mach_msg_destroy(&buffer.header);
			break;
		default: /* in one that does not fit */
			ASSERT_EQ(send_port(to, once, MOVE_ONCE), MACH_MSG_SUCCESS);
			ASSERT_EQ(mach_msg(&buffer.header, MACH_RCV_MSG, 0, 32, to, 0,
					  MACH_PORT_NULL),
				MACH_RCV_TOO_LARGE);
			break;
		}
		expect_send_once(port);
		expect_nothing(port);
		ASSERT_EQ(status_of(port).mps_sorights, 0);
		destroy(to);
		drop_receive(port);
	}
}

RULE(used_send_once_right_brings_one_message)
{
	mach_port_t port = make_receive(), once = make_send_once(port);

	ASSERT_EQ(send_empty(once, MOVE_ONCE, 5), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(port), 5);
	expect_nothing(port);
	ASSERT_EQ(mach_port_deallocate(SELF, once), KERN_INVALID_NAME);
	drop_receive(port);
}

RULE(send_once_notification_ignores_the_queue_limit)
{
	mach_port_t port = make_receive(), once = make_send_once(port);

	fill_queue(port);
	deallocate(once);
	ASSERT_EQ(queued(port), 6);
	for (unsigned i = 0; i < 5; i++)
		take_id(port);
	expect_send_once(port);
	drop_receive(port);
}

/* --- Send possible. --- */

RULE(send_possible_fires_at_once_if_there_is_room)
{
	mach_port_t port = make_send_receive(), notify = make_receive();

	request_new(port, SEND_POSSIBLE, 1, notify);
	ASSERT_EQ(expect_number(notify, SEND_POSSIBLE), port);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	destroy(port);
	expect_nothing(notify);
	drop_receive(notify);
}

RULE(send_possible_fires_when_a_message_is_received)
{
	mach_port_t port = make_send_receive(), notify = make_receive();

	fill_queue(port);
	request_new(port, SEND_POSSIBLE, 1, notify);
	expect_nothing(notify);
	take_id(port);
	ASSERT_EQ(expect_number(notify, SEND_POSSIBLE), port);
	take_id(port);
	expect_nothing(notify);
	ASSERT_EQ(send_refs(port), 1);
	destroy(port);
	drop_receive(notify);
}

RULE(delayed_send_possible_is_armed_by_a_send_that_times_out)
{
	mach_port_t port = make_send_receive(), notify = make_receive();
	mach_msg_header_t header = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 9);

	fill_queue(port);
	request_new(port, SEND_POSSIBLE, 0, notify);
	take_id(port);
	expect_nothing(notify);
	fill_queue(port);
	ASSERT_EQ(mach_msg(&header, MACH_SEND_MSG | MACH_SEND_TIMEOUT | MACH_SEND_NOTIFY,
			  sizeof(header), 0, MACH_PORT_NULL, 0, MACH_PORT_NULL),
		MACH_SEND_TIMED_OUT);
	mach_msg_destroy(&header);
	expect_nothing(notify);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE | MACH_PORT_TYPE_SPREQUEST);
	take_id(port);
	ASSERT_EQ(expect_number(notify, SEND_POSSIBLE), port);
	destroy(port);
	drop_receive(notify);
}

RULE(send_possible_on_a_dead_name_is_a_dead_name_notification_at_once)
{
	mach_port_t dead = make_dead_name(), notify = make_receive();

	request_new(dead, SEND_POSSIBLE, 1, notify);
	ASSERT_EQ(expect_number(notify, DEAD_NAME), dead);
	ASSERT_EQ(dead_refs(dead), 2);
	drop_dead(dead, 2);
	drop_receive(notify);
}

RULE(send_possible_request_of_a_port_that_dies_is_a_dead_name_notification)
{
	mach_port_t port = make_send_receive(), notify = make_receive();

	fill_queue(port);
	request_new(port, SEND_POSSIBLE, 1, notify);
	drop_receive(port);
	ASSERT_EQ(expect_number(notify, DEAD_NAME), port);
	ASSERT_EQ(dead_refs(port), 2);
	drop_dead(port, 2);
	drop_receive(notify);
}

RULE(send_possible_shares_its_slot_with_dead_name)
{
	mach_port_t port = make_send_receive(), first = make_receive(), second = make_receive();
	mach_port_t previous = 0;

	request_new(port, DEAD_NAME, 0, first);
	ASSERT_EQ(request(port, SEND_POSSIBLE, 0, second, &previous), KERN_SUCCESS);
	ASSERT_EQ(type_of(previous), MACH_PORT_TYPE_SEND_ONCE);
	deallocate(previous);
	expect_send_once(first);
	ASSERT_EQ(request(port, DEAD_NAME, 0, first, &previous), KERN_SUCCESS);
	ASSERT_EQ(type_of(previous), MACH_PORT_TYPE_SEND_ONCE);
	deallocate(previous);
	expect_send_once(second);
	drop_receive(port);
	ASSERT_EQ(expect_number(first, DEAD_NAME), port);
	drop_dead(port, 2);
	drop_receive(first);
	drop_receive(second);
}

RULE(send_possible_on_a_send_once_right_fires_at_once)
{
	mach_port_t port = make_receive(), once = make_send_once(port), notify = make_receive();

	fill_queue(port);
	request_new(once, SEND_POSSIBLE, 1, notify);
	ASSERT_EQ(expect_number(notify, SEND_POSSIBLE), once);
	drop_receive(port);
	destroy(once);
	drop_receive(notify);
}

/* --- Asking. --- */

RULE(unknown_notification_is_invalid_value)
{
	static const int ids[] = {
		0, 64, 67, 68, 71, 73, 77, 78, 1000, -1, MACH_NOTIFY_PORT_DELETED};
	mach_port_t port = make_send_receive(), notify = make_receive(), previous;

	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		ASSERT_EQ(request(port, ids[i], 0, notify, &previous), KERN_INVALID_VALUE);
	destroy(port);
	drop_receive(notify);
}

RULE(request_on_a_null_name)
{
	static const mach_port_t names[] = {MACH_PORT_NULL, MACH_PORT_DEAD};
	mach_port_t notify = make_receive(), previous;

	for (unsigned i = 0; i < 2; i++) {
		ASSERT_EQ(
			request(names[i], DEAD_NAME, 0, notify, &previous), KERN_INVALID_ARGUMENT);
		ASSERT_EQ(request(names[i], SEND_POSSIBLE, 0, notify, &previous),
			KERN_INVALID_ARGUMENT);
		ASSERT_EQ(request(names[i], NO_SENDERS, 0, notify, &previous), KERN_INVALID_RIGHT);
		ASSERT_EQ(request(names[i], DESTROYED, 0, notify, &previous), KERN_INVALID_RIGHT);
	}
	drop_receive(notify);
}

RULE(request_to_a_dead_port_is_invalid_capability)
{
	mach_port_t port = make_send_receive(), previous;

	ASSERT_EQ(mach_port_request_notification(
			  SELF, port, NO_SENDERS, 0, MACH_PORT_DEAD, MOVE_ONCE, &previous),
		KERN_INVALID_CAPABILITY);
	ASSERT_EQ(mach_port_request_notification(
			  SELF, port, DEAD_NAME, 0, MACH_PORT_DEAD, MOVE_ONCE, &previous),
		KERN_INVALID_CAPABILITY);
	ASSERT_EQ(status_of(port).mps_nsrequest, FALSE);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	destroy(port);
}

RULE(request_takes_a_send_once_right_that_is_moved)
{
	mach_port_t port = make_send_receive(), notify = make_receive();
	mach_port_t once = make_send_once(notify), previous = 0xdead;

	ASSERT_EQ(mach_port_request_notification(
			  SELF, port, NO_SENDERS, 0, once, MOVE_ONCE, &previous),
		KERN_SUCCESS);
	ASSERT_EQ(previous, MACH_PORT_NULL);
	ASSERT_EQ(type_of(once), MACH_PORT_TYPE_NONE);
	deallocate(port);
	ASSERT_EQ(expect_number(notify, NO_SENDERS), 1);
	drop_receive(port);
	drop_receive(notify);
}

RULE(request_that_fails_makes_no_right)
{
	mach_port_t dead = make_dead_name(), set = make_set(), notify = make_receive(), previous;

	previous = 0xdead;
	ASSERT_EQ(request(dead, DEAD_NAME, 0, notify, &previous), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(request(set, NO_SENDERS, 0, notify, &previous), KERN_INVALID_RIGHT);
	ASSERT_EQ(request(notify, DESTROYED, 1, notify, &previous), KERN_INVALID_VALUE);
	ASSERT_EQ(previous, 0xdead);
	ASSERT_EQ(status_of(notify).mps_sorights, 0);
	expect_nothing(notify);
	drop_dead(dead, 1);
	drop_set(set);
	drop_receive(notify);
}

RULE(request_that_fails_leaves_the_right_where_it_was)
{
	mach_port_t set = make_set(), notify = make_receive(), once = make_send_once(notify);
	mach_port_t previous;

	ASSERT_EQ(mach_port_request_notification(
			  SELF, set, NO_SENDERS, 0, once, MOVE_ONCE, &previous),
		KERN_INVALID_RIGHT);
	ASSERT_EQ(type_of(once), MACH_PORT_TYPE_SEND_ONCE);
	expect_nothing(notify);
	destroy(once);
	drop_set(set);
	drop_receive(notify);
}

RULE(cancelling_nothing_gives_nothing)
{
	mach_port_t port = make_send_receive();

	request_new(port, NO_SENDERS, 0, MACH_PORT_NULL);
	request_new(port, DEAD_NAME, 0, MACH_PORT_NULL);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	destroy(port);
}
