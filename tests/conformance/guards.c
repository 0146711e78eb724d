/* SPDX-License-Identifier: Apache-2.0 */
/* Guards, immovable receive rights, and guarded port descriptors. */
#include "tests/conformance/conformance.h"

#define GUARD 0x1122334455667788u

static unsigned flags_of(mach_port_t name)
{
	return status_of(name).mps_flags;
}

static mach_port_context_t context_of(mach_port_t name)
{
	mach_port_context_t context = 99;

	ASSERT_EQ(mach_port_get_context(SELF, name, &context), KERN_SUCCESS);
	return context;
}

static mach_port_t make_guarded(boolean_t strict)
{
	mach_port_t port = make_receive();

	ASSERT_EQ(mach_port_guard(SELF, port, GUARD, strict), KERN_SUCCESS);
	return port;
}

static void drop_guarded(mach_port_t port)
{
	ASSERT_EQ(mach_port_destruct(SELF, port, 0, GUARD), KERN_SUCCESS);
}

/* --- Putting guards on. --- */

RULE(guard_is_told_by_the_flags)
{
	mach_port_t port = make_guarded(FALSE), strict = make_guarded(TRUE);

	ASSERT_EQ(flags_of(port), MACH_PORT_STATUS_FLAG_GUARDED);
	ASSERT_EQ(flags_of(strict),
		MACH_PORT_STATUS_FLAG_GUARDED | MACH_PORT_STATUS_FLAG_STRICT_GUARD);
	drop_guarded(port);
	drop_guarded(strict);
}

RULE(guard_of_a_guarded_port_is_invalid_argument)
{
	mach_port_t port = make_guarded(FALSE);

	ASSERT_EQ(mach_port_guard(SELF, port, GUARD, FALSE), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_port_guard(SELF, port, 5, TRUE), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_port_guard_with_flags(SELF, port, 5, MPG_STRICT), KERN_INVALID_ARGUMENT);
	drop_guarded(port);
}

RULE(guard_of_a_port_with_a_context_is_invalid_argument)
{
	mach_port_t port = make_receive();

	ASSERT_EQ(mach_port_set_context(SELF, port, 1), KERN_SUCCESS);
	ASSERT_EQ(mach_port_guard(SELF, port, GUARD, FALSE), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(flags_of(port), 0);
	drop_receive(port);
}

RULE(context_of_a_guarded_port_is_its_guard_unless_strict)
{
	mach_port_t port = make_guarded(FALSE), strict = make_guarded(TRUE);

	ASSERT_EQ(context_of(port), GUARD);
	ASSERT_EQ(context_of(strict), 0);
	drop_guarded(port);
	drop_guarded(strict);
}

RULE(context_of_a_strictly_guarded_port_cannot_be_set)
{
	mach_port_t port = make_guarded(TRUE);

	ASSERT_EQ(mach_port_set_context(SELF, port, 1), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_port_set_context(SELF, port, GUARD), KERN_INVALID_ARGUMENT);
	drop_guarded(port);
}

/* --- What a guard protects. --- */

RULE(mod_refs_of_a_guarded_receive_right_is_invalid_right)
{
	mach_port_t port = make_guarded(FALSE), strict = make_guarded(TRUE);

	ASSERT_EQ(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1), KERN_INVALID_RIGHT);
	ASSERT_EQ(
		mach_port_mod_refs(SELF, strict, MACH_PORT_RIGHT_RECEIVE, -1), KERN_INVALID_RIGHT);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	drop_guarded(port);
	drop_guarded(strict);
}

RULE(destroy_of_a_guarded_port_is_invalid_right)
{
	mach_port_t port = make_guarded(FALSE);

	add_sends(port, 2);
	ASSERT_EQ(mach_port_destroy(SELF, port), KERN_INVALID_RIGHT);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(send_refs(port), 2);
	ASSERT_EQ(mach_port_destruct(SELF, port, -2, GUARD), KERN_SUCCESS);
}

RULE(send_rights_of_a_guarded_port_are_free)
{
	mach_port_t port = make_guarded(TRUE);

	add_sends(port, 2);
	deallocate(port);
	drop_refs(port, MACH_PORT_RIGHT_SEND, 1);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	drop_guarded(port);
}

RULE(guarded_port_receives_messages)
{
	mach_port_t port = make_guarded(TRUE);

	post(port, 3);
	ASSERT_EQ(take_id(port), 3);
	drop_guarded(port);
}

/* --- destruct --- */

RULE(destruct_with_another_guard_is_invalid_argument)
{
	mach_port_t port = make_guarded(FALSE);

	ASSERT_EQ(mach_port_destruct(SELF, port, 0, 0), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_port_destruct(SELF, port, 0, GUARD + 1), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	drop_guarded(port);
}

RULE(destruct_of_an_unguarded_port_takes_no_guard)
{
	mach_port_t port = make_receive();

	ASSERT_EQ(mach_port_destruct(SELF, port, 0, GUARD), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(mach_port_destruct(SELF, port, 0, 0), KERN_SUCCESS);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_NONE);
}

RULE(destruct_drops_the_send_references_that_it_is_told)
{
	mach_port_t port = make_receive();

	add_sends(port, 3);
	ASSERT_EQ(mach_port_destruct(SELF, port, -3, 0), KERN_SUCCESS);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_NONE);
}

RULE(destruct_leaves_the_other_send_references_as_a_dead_name)
{
	mach_port_t port = make_receive();

	add_sends(port, 3);
	ASSERT_EQ(mach_port_destruct(SELF, port, -1, 0), KERN_SUCCESS);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(dead_refs(port), 2);
	drop_dead(port, 2);
}

RULE(destruct_with_too_many_send_references_is_invalid_value)
{
	mach_port_t port = make_receive();

	add_sends(port, 2);
	ASSERT_EQ(mach_port_destruct(SELF, port, -3, 0), KERN_INVALID_VALUE);
	ASSERT_EQ(mach_port_destruct(SELF, port, 1, 0), KERN_INVALID_VALUE);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(send_refs(port), 2);
	ASSERT_EQ(mach_port_destruct(SELF, port, -2, 0), KERN_SUCCESS);
}

RULE(destruct_destroys_what_is_queued)
{
	mach_port_t port = make_receive(), other = make_receive();

	ASSERT_EQ(send_port(port, other, MACH_MSG_TYPE_MAKE_SEND_ONCE), MACH_MSG_SUCCESS);
	ASSERT_EQ(mach_port_destruct(SELF, port, 0, 0), KERN_SUCCESS);
	expect_notification(other, MACH_NOTIFY_SEND_ONCE);
	drop_receive(other);
}

/* --- unguard, swap_guard --- */

RULE(unguard_takes_the_guard_away)
{
	mach_port_t port = make_guarded(TRUE);

	ASSERT_EQ(mach_port_unguard(SELF, port, GUARD), KERN_SUCCESS);
	ASSERT_EQ(flags_of(port), 0);
	ASSERT_EQ(context_of(port), 0);
	drop_receive(port);
}

RULE(unguard_with_another_guard_is_invalid_argument)
{
	mach_port_t port = make_guarded(FALSE);

	ASSERT_EQ(mach_port_unguard(SELF, port, GUARD + 1), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_port_unguard(SELF, port, 0), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(flags_of(port), MACH_PORT_STATUS_FLAG_GUARDED);
	drop_guarded(port);
}

RULE(unguard_of_an_unguarded_port_is_invalid_argument)
{
	mach_port_t port = make_receive();

	ASSERT_EQ(mach_port_unguard(SELF, port, 0), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_port_unguard(SELF, port, GUARD), KERN_INVALID_ARGUMENT);
	drop_receive(port);
}

RULE(swap_guard_puts_another_guard_in_place)
{
	mach_port_t port = make_guarded(FALSE);

	ASSERT_EQ(mach_port_swap_guard(SELF, port, GUARD, 77), KERN_SUCCESS);
	ASSERT_EQ(flags_of(port), MACH_PORT_STATUS_FLAG_GUARDED);
	ASSERT_EQ(mach_port_destruct(SELF, port, 0, GUARD), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_port_destruct(SELF, port, 0, 77), KERN_SUCCESS);
}

RULE(swap_guard_of_the_wrong_guard_or_a_strict_one_is_invalid_argument)
{
	mach_port_t port = make_receive(), guarded = make_guarded(FALSE);
	mach_port_t strict = make_guarded(TRUE);

	ASSERT_EQ(mach_port_swap_guard(SELF, port, 0, 77), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_port_swap_guard(SELF, guarded, 1, 77), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_port_swap_guard(SELF, strict, GUARD, 77), KERN_INVALID_ARGUMENT);
	drop_receive(port);
	drop_guarded(guarded);
	drop_guarded(strict);
}

/* --- Moving. --- */

RULE(guarded_port_is_moved_and_loses_its_guard)
{
	mach_port_t port = make_guarded(FALSE), park = park_receive(port);

	port = unpark_receive(park);
	ASSERT_EQ(flags_of(port), 0);
	ASSERT_EQ(context_of(port), 0);
	drop_receive(port);
}

static void expect_immovable(mach_port_t port)
{
	mach_port_t to = make_receive(), right;
	mach_msg_type_name_t kind;

	ASSERT_EQ(send_port(to, port, MACH_MSG_TYPE_MOVE_RECEIVE), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(mach_port_extract_right(SELF, port, MACH_MSG_TYPE_MOVE_RECEIVE, &right, &kind),
		KERN_INVALID_CAPABILITY);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	expect_nothing(to);
	drop_receive(to);
}

RULE(immovable_receive_right_is_not_moved)
{
	mach_port_t port = make_receive();

	ASSERT_EQ(
		mach_port_guard_with_flags(SELF, port, GUARD, MPG_IMMOVABLE_RECEIVE), KERN_SUCCESS);
	ASSERT_EQ(flags_of(port) & MACH_PORT_STATUS_FLAG_GUARD_IMMOVABLE_RECEIVE,
		MACH_PORT_STATUS_FLAG_GUARD_IMMOVABLE_RECEIVE);
	expect_immovable(port);
	drop_guarded(port);
}

RULE(immovable_receive_right_stays_so_without_its_guard)
{
	mach_port_t port = make_receive();

	ASSERT_EQ(mach_port_guard_with_flags(SELF, port, GUARD, MPG_STRICT | MPG_IMMOVABLE_RECEIVE),
		KERN_SUCCESS);
	ASSERT_EQ(mach_port_unguard(SELF, port, GUARD), KERN_SUCCESS);
	expect_immovable(port);
	drop_receive(port);
}

RULE(send_rights_of_an_immovable_port_move)
{
	mach_port_t port = make_receive(), to = make_receive();
	Buffer buffer;

	ASSERT_EQ(
		mach_port_guard_with_flags(SELF, port, GUARD, MPG_IMMOVABLE_RECEIVE), KERN_SUCCESS);
	ASSERT_EQ(send_port(to, port, MACH_MSG_TYPE_MAKE_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(to, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(received_port(&buffer), port);
	ASSERT_EQ(mach_port_destruct(SELF, port, -1, GUARD), KERN_SUCCESS);
	drop_receive(to);
}

RULE(immovable_excludes_a_port_destroyed_request)
{
	mach_port_t port = make_receive(), notify = make_receive();

	request_new(port, MACH_NOTIFY_PORT_DESTROYED, 0, notify);
	ASSERT_EQ(mach_port_guard_with_flags(SELF, port, GUARD, MPG_IMMOVABLE_RECEIVE),
		KERN_INVALID_CAPABILITY);
	ASSERT_EQ(flags_of(port), 0);
	drop_receive(port);
	expect_notification(notify, MACH_NOTIFY_PORT_DESTROYED);
	drop_receive(notify);
}

/* --- Guarded port descriptors. --- */

static GuardedMessage make_guarded_message(
	mach_port_t to, mach_port_t name, uint64_t context, unsigned flags)
{
	GuardedMessage message = {
		.header = make_header(to, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0, 1),
		.body = {.msgh_descriptor_count = 1},
		.port = {.context = context,
			.flags = flags,
			.disposition = MACH_MSG_TYPE_MOVE_RECEIVE,
			.type = MACH_MSG_GUARDED_PORT_DESCRIPTOR,
			.name = name},
	};

	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	return message;
}

static mach_msg_return_t send_guarded(
	mach_port_t to, mach_port_t name, uint64_t context, unsigned flags)
{
	GuardedMessage message = make_guarded_message(to, name, context, flags);

	return send_message(&message, sizeof(message));
}

static mach_port_t receive_guarded(mach_port_t from, mach_port_context_t *ret_context)
{
	Buffer buffer;
	const GuardedMessage *message = (const GuardedMessage *)&buffer;

	ASSERT_EQ(receive_with(from, &buffer, MACH_RCV_GUARDED_DESC, 0), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.body.msgh_descriptor_count, 1);
	ASSERT_EQ(message->port.type, MACH_MSG_GUARDED_PORT_DESCRIPTOR);
	ASSERT_EQ(message->port.disposition, MACH_MSG_TYPE_PORT_RECEIVE);
	*ret_context = message->port.context;
	return message->port.name;
}

RULE(right_in_a_guarded_descriptor_arrives_guarded)
{
	mach_port_t port = make_receive(), to = make_receive();
	mach_port_context_t guard;

	post(port, 6);
	ASSERT_EQ(send_guarded(to, port, 0, MACH_MSG_GUARD_FLAGS_UNGUARDED_ON_SEND),
		MACH_MSG_SUCCESS);
	port = receive_guarded(to, &guard);
	ASSERT_NE(guard, 0);
	ASSERT_TRUE(flags_of(port) & MACH_PORT_STATUS_FLAG_GUARDED);
	ASSERT_EQ(take_id(port), 6);
	ASSERT_EQ(mach_port_destruct(SELF, port, 0, guard + 1), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_port_destruct(SELF, port, 0, guard), KERN_SUCCESS);
	drop_receive(to);
}

RULE(right_in_a_guarded_descriptor_arrives_immovable_if_asked)
{
	mach_port_t port = make_receive(), to = make_receive();
	mach_port_context_t guard;

	ASSERT_EQ(send_guarded(to, port, 0,
			  MACH_MSG_GUARD_FLAGS_UNGUARDED_ON_SEND |
				  MACH_MSG_GUARD_FLAGS_IMMOVABLE_RECEIVE),
		MACH_MSG_SUCCESS);
	port = receive_guarded(to, &guard);
	expect_immovable(port);
	ASSERT_EQ(mach_port_destruct(SELF, port, 0, guard), KERN_SUCCESS);
	drop_receive(to);
}

RULE(guarded_right_is_sent_with_its_guard)
{
	mach_port_t port = make_guarded(FALSE), to = make_receive();
	mach_port_context_t guard;

	ASSERT_EQ(send_guarded(to, port, GUARD + 1, MACH_MSG_GUARD_FLAGS_IMMOVABLE_RECEIVE),
		MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(send_guarded(to, port, GUARD, MACH_MSG_GUARD_FLAGS_IMMOVABLE_RECEIVE),
		MACH_MSG_SUCCESS);
	port = receive_guarded(to, &guard);
	ASSERT_EQ(mach_port_destruct(SELF, port, 0, guard), KERN_SUCCESS);
	drop_receive(to);
}

RULE(guarded_descriptor_carries_receive_rights_only)
{
	mach_port_t port = make_send_receive(), to = make_receive();
	GuardedMessage message = make_guarded_message(
		to, port, 0, MACH_MSG_GUARD_FLAGS_UNGUARDED_ON_SEND);

	message.port.disposition = MACH_MSG_TYPE_COPY_SEND;
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_INVALID_TYPE);
	expect_nothing(to);
	destroy(port);
	drop_receive(to);
}

RULE(unread_guarded_descriptor_destroys_its_right)
{
	mach_port_t port = make_send_receive(), to = make_receive();

	ASSERT_EQ(send_guarded(to, port, 0, MACH_MSG_GUARD_FLAGS_UNGUARDED_ON_SEND),
		MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND);
	drop_receive(to);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	drop_dead(port, 1);
}
