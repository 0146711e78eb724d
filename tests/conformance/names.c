/* SPDX-License-Identifier: Apache-2.0 */
/* Names: what they look like, what they denote, how references to them are counted. */
#include "tests/conformance/conformance.h"

static const mach_port_name_t null_names[] = {MACH_PORT_NULL, MACH_PORT_DEAD};

#define FOR_NULL_NAMES(name)                                                                       \
	for (mach_port_name_t n_ = 0, name = MACH_PORT_NULL; n_ < 2; n_++, name = null_names[1])

/* --- Allocation. --- */

RULE(allocate_makes_receive_rights_sets_and_dead_names)
{
	mach_port_t receive = make_receive(), set = make_set(), dead = make_dead_name();

	ASSERT_EQ(type_of(receive), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(type_of(set), MACH_PORT_TYPE_PORT_SET);
	ASSERT_EQ(type_of(dead), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(dead_refs(dead), 1);
	drop_receive(receive);
	drop_set(set);
	drop_dead(dead, 1);
}

RULE(allocate_of_another_right_is_invalid_value)
{
	static const mach_port_right_t wrong[] = {MACH_PORT_RIGHT_SEND, MACH_PORT_RIGHT_SEND_ONCE,
		MACH_PORT_RIGHT_LABELH, MACH_PORT_RIGHT_NUMBER, 100, ~0u};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		mach_port_t name = 0xdead;

		ASSERT_EQ(mach_port_allocate(SELF, wrong[i], &name), KERN_INVALID_VALUE);
		ASSERT_EQ(name, 0xdead);
	}
}

RULE(low_bits_of_a_name_are_set_and_its_index_is_not_zero)
{
	mach_port_t names[200];

	for (unsigned i = 0; i < 200; i++) {
		names[i] = make_receive();
		ASSERT_EQ(names[i] & 3, 3);
		ASSERT_NE(MACH_PORT_INDEX(names[i]), 0);
	}
	for (unsigned i = 0; i < 200; i++)
		drop_receive(names[i]);
}

RULE(names_in_use_differ)
{
	enum { N = 300 };
	mach_port_t names[N];

	for (unsigned i = 0; i < N; i++) {
		names[i] = make_right(i % 2 ? MACH_PORT_RIGHT_RECEIVE : MACH_PORT_RIGHT_PORT_SET);
		for (unsigned j = 0; j < i; j++)
			ASSERT_NE(MACH_PORT_INDEX(names[i]), MACH_PORT_INDEX(names[j]));
	}
	for (unsigned i = 0; i < N; i++)
		destroy(names[i]);
}

RULE(destroy_frees_the_name_of_any_right)
{
	mach_port_t receive = make_send_receive(), set = make_set(), dead = make_dead_name();

	destroy(receive);
	destroy(set);
	destroy(dead);
	ASSERT_EQ(type_of(receive), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(type_of(set), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(type_of(dead), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(mach_port_destroy(SELF, receive), KERN_INVALID_NAME);
}

RULE(destroy_drops_all_references_at_once)
{
	mach_port_t name = make_receive();
	mach_port_t park;

	add_sends(name, 7);
	park = park_receive(name);
	ASSERT_EQ(send_refs(name), 7);
	destroy(name);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_NONE);
	drop_receive(park);
}

/* --- Names that the caller chooses. --- */

RULE(allocate_name_takes_that_name)
{
	mach_port_t name = make_stale();

	ASSERT_EQ(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, name), KERN_SUCCESS);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_RECEIVE);
	drop_receive(name);
	ASSERT_EQ(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_PORT_SET, name), KERN_SUCCESS);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_PORT_SET);
	drop_set(name);
	ASSERT_EQ(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_DEAD_NAME, name), KERN_SUCCESS);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_DEAD_NAME);
	drop_dead(name, 1);
}

RULE(allocate_name_far_beyond_the_table_works)
{
	mach_port_t name = MACH_PORT_MAKE(40000u, 0x03000000u);

	ASSERT_EQ(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, name), KERN_SUCCESS);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_RECEIVE);
	drop_receive(name);
}

RULE(allocate_name_122_is_invalid_value)
{
	ASSERT_EQ(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, 122), KERN_INVALID_VALUE);
}

RULE(allocate_name_with_low_bits_clear_is_invalid_value)
{
	for (unsigned low = 0; low < 3; low++)
		ASSERT_EQ(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, 0x7000 | low),
			KERN_INVALID_VALUE);
}

RULE(allocate_name_123_is_failure)
{
	ASSERT_EQ(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, 123), KERN_FAILURE);
	ASSERT_EQ(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, 3), KERN_FAILURE);
}

RULE(allocate_name_of_a_null_name_is_invalid_value)
{
	FOR_NULL_NAMES(name)
	ASSERT_EQ(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, name), KERN_INVALID_VALUE);
}

RULE(allocate_name_of_another_right_is_invalid_value)
{
	mach_port_t name = make_stale();

	ASSERT_EQ(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_SEND, name), KERN_INVALID_VALUE);
	ASSERT_EQ(
		mach_port_allocate_name(SELF, MACH_PORT_RIGHT_SEND_ONCE, name), KERN_INVALID_VALUE);
	ASSERT_EQ(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_NUMBER, name), KERN_INVALID_VALUE);
}

RULE(allocate_name_of_a_name_in_use_is_name_exists)
{
	mach_port_t receive = make_receive(), set = make_set();

	ASSERT_EQ(
		mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, receive), KERN_NAME_EXISTS);
	ASSERT_EQ(mach_port_allocate_name(SELF, MACH_PORT_RIGHT_DEAD_NAME, set), KERN_NAME_EXISTS);
	drop_receive(receive);
	drop_set(set);
}

RULE(allocate_name_of_a_slot_in_use_with_another_generation_is_failure)
{
	mach_port_t name = make_receive();

	ASSERT_EQ(
		mach_port_allocate_name(SELF, MACH_PORT_RIGHT_RECEIVE, name ^ 0x10), KERN_FAILURE);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_RECEIVE);
	drop_receive(name);
}

/* --- Generations. --- */

RULE(freed_name_is_not_given_out_next)
{
	mach_port_t stale = make_stale();

	for (unsigned i = 0; i < 1000; i++) {
		mach_port_t name = make_receive();

		ASSERT_NE(name, stale);
		drop_receive(name);
	}
}

RULE(stale_name_meets_no_other_object_in_100000_allocations)
{
	mach_port_t stale = make_stale();

	for (unsigned i = 0; i < 100000; i++) {
		mach_port_t name = make_receive();

		if (name == stale)
			FAIL("the stale name %#x is back after %u allocations", stale, i);
		drop_receive(name);
	}
	ASSERT_EQ(type_of(stale), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(send_empty(stale, MACH_MSG_TYPE_COPY_SEND, 1), MACH_SEND_INVALID_DEST);
}

RULE(names_freed_in_any_order_come_back_with_another_generation)
{
	enum { N = 64 };
	mach_port_t names[N], again[N];

	for (unsigned round = 0; round < 100; round++) {
		for (unsigned i = 0; i < N; i++)
			names[i] = make_receive();
		for (unsigned i = 0; i < N; i++)
			drop_receive(names[i * 37 % N]);
		for (unsigned i = 0; i < N; i++)
			again[i] = make_receive();
		for (unsigned i = 0; i < N; i++)
			for (unsigned j = 0; j < N; j++)
				ASSERT_NE(again[i], names[j]);
		for (unsigned i = 0; i < N; i++)
			drop_receive(again[i]);
	}
}

RULE(stale_name_cannot_be_sent_to_or_received_from)
{
	mach_port_t stale = make_stale();
	Buffer buffer;

	ASSERT_EQ(send_empty(stale, MACH_MSG_TYPE_COPY_SEND, 1), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(send_empty(stale, MACH_MSG_TYPE_MAKE_SEND, 1), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(receive_now(stale, &buffer), MACH_RCV_INVALID_NAME);
}

/* --- One name for one port. --- */

RULE(send_and_receive_share_a_name)
{
	mach_port_t name = make_send_receive();

	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(send_refs(name), 1);
	drop_refs(name, MACH_PORT_RIGHT_SEND, 1);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_RECEIVE);
	drop_receive(name);
}

RULE(send_right_received_for_a_known_port_adds_a_reference)
{
	mach_port_t to = make_receive(), name = make_send_receive();
	Buffer buffer;

	ASSERT_EQ(send_port(to, name, MACH_MSG_TYPE_COPY_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_port(to, name, MACH_MSG_TYPE_MAKE_SEND), MACH_MSG_SUCCESS);
	for (unsigned i = 0; i < 2; i++) {
		ASSERT_EQ(receive_now(to, &buffer), MACH_MSG_SUCCESS);
		ASSERT_EQ(received_port(&buffer), name);
		ASSERT_EQ(send_refs(name), 2 + i);
	}
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_SEND_RECEIVE);
	destroy(name);
	drop_receive(to);
}

RULE(send_right_received_joins_a_bare_receive_right)
{
	mach_port_t to = make_receive(), name = make_receive();
	Buffer buffer;

	ASSERT_EQ(send_port(to, name, MACH_MSG_TYPE_MAKE_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(receive_now(to, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(received_port(&buffer), name);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_SEND_RECEIVE);
	destroy(name);
	drop_receive(to);
}

RULE(send_once_rights_never_share_a_name)
{
	mach_port_t port = make_send_receive();
	mach_port_t first = make_send_once(port), second = make_send_once(port);

	ASSERT_NE(first, second);
	ASSERT_EQ(type_of(first), MACH_PORT_TYPE_SEND_ONCE);
	ASSERT_EQ(type_of(second), MACH_PORT_TYPE_SEND_ONCE);
	ASSERT_EQ(refs_of(first, MACH_PORT_RIGHT_SEND_ONCE), 1);
	ASSERT_EQ(send_refs(port), 1);
	ASSERT_EQ(send_empty(first, MACH_MSG_TYPE_MOVE_SEND_ONCE, 1), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_empty(second, MACH_MSG_TYPE_MOVE_SEND_ONCE, 2), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(port), 1);
	ASSERT_EQ(take_id(port), 2);
	destroy(port);
}

RULE(receive_right_comes_back_under_the_name_of_its_send_rights)
{
	mach_port_t name = make_receive(), park;

	add_sends(name, 3);
	park = park_receive(name);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_SEND);
	ASSERT_EQ(unpark_receive(park), name);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(send_refs(name), 3);
	destroy(name);
}

/* --- References. --- */

RULE(get_refs_is_one_for_a_receive_right_a_set_and_a_send_once_right)
{
	mach_port_t receive = make_receive(), set = make_set(), once = make_send_once(receive);

	ASSERT_EQ(refs_of(receive, MACH_PORT_RIGHT_RECEIVE), 1);
	ASSERT_EQ(refs_of(set, MACH_PORT_RIGHT_PORT_SET), 1);
	ASSERT_EQ(refs_of(once, MACH_PORT_RIGHT_SEND_ONCE), 1);
	drop_receive(receive);
	destroy(once);
	drop_set(set);
}

RULE(get_refs_of_another_kind_of_right_is_zero)
{
	mach_port_t receive = make_receive(), set = make_set(), dead = make_dead_name();

	ASSERT_EQ(send_refs(receive), 0);
	ASSERT_EQ(dead_refs(receive), 0);
	ASSERT_EQ(refs_of(receive, MACH_PORT_RIGHT_PORT_SET), 0);
	ASSERT_EQ(refs_of(set, MACH_PORT_RIGHT_RECEIVE), 0);
	ASSERT_EQ(send_refs(dead), 0);
	drop_receive(receive);
	drop_set(set);
	drop_dead(dead, 1);
}

RULE(get_refs_of_no_such_right_is_invalid_value)
{
	mach_port_t name = make_receive();
	mach_port_urefs_t refs;

	ASSERT_EQ(
		mach_port_get_refs(SELF, name, MACH_PORT_RIGHT_NUMBER, &refs), KERN_INVALID_VALUE);
	ASSERT_EQ(mach_port_get_refs(SELF, name, ~0u, &refs), KERN_INVALID_VALUE);
	drop_receive(name);
}

RULE(deallocate_drops_one_reference)
{
	mach_port_t name = make_receive(), park;

	add_sends(name, 3);
	deallocate(name);
	ASSERT_EQ(send_refs(name), 2);
	park = park_receive(name);
	deallocate(name);
	ASSERT_EQ(send_refs(name), 1);
	deallocate(name);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(mach_port_deallocate(SELF, name), KERN_INVALID_NAME);
	drop_receive(park);
}

RULE(deallocate_of_send_receive_keeps_the_receive_right)
{
	mach_port_t name = make_send_receive();

	deallocate(name);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(mach_port_deallocate(SELF, name), KERN_INVALID_RIGHT);
	drop_receive(name);
}

RULE(deallocate_of_a_set_is_invalid_right)
{
	mach_port_t set = make_set();

	ASSERT_EQ(mach_port_deallocate(SELF, set), KERN_INVALID_RIGHT);
	ASSERT_EQ(type_of(set), MACH_PORT_TYPE_PORT_SET);
	drop_set(set);
}

RULE(deallocate_of_a_dead_name_drops_one_reference)
{
	mach_port_t name = make_receive();

	add_sends(name, 2);
	drop_receive(name);
	ASSERT_EQ(dead_refs(name), 2);
	deallocate(name);
	ASSERT_EQ(dead_refs(name), 1);
	deallocate(name);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_NONE);
}

RULE(deallocate_of_a_send_once_right_notifies_its_port)
{
	mach_port_t port = make_receive(), once = make_send_once(port);

	deallocate(once);
	ASSERT_EQ(type_of(once), MACH_PORT_TYPE_NONE);
	expect_notification(port, MACH_NOTIFY_SEND_ONCE);
	drop_receive(port);
}

RULE(last_receive_right_leaves_the_send_references_as_a_dead_name)
{
	mach_port_t name = make_receive();

	add_sends(name, 5);
	drop_receive(name);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(dead_refs(name), 5);
	drop_dead(name, 5);
}

RULE(references_to_a_dead_name_come_with_dead_rights_received)
{
	mach_port_t to = make_receive(), name = make_send_receive();
	Buffer buffer;

	ASSERT_EQ(send_port(to, name, MACH_MSG_TYPE_COPY_SEND), MACH_MSG_SUCCESS);
	drop_receive(name);
	ASSERT_EQ(receive_now(to, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(received_port(&buffer), MACH_PORT_DEAD);
	ASSERT_EQ(dead_refs(name), 1);
	drop_dead(name, 1);
	drop_receive(to);
}

static mach_port_t make_pegged(void)
{
	mach_port_t name = make_send_receive();

	ASSERT_EQ(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND, 65534), KERN_SUCCESS);
	ASSERT_EQ(send_refs(name), 65535);
	return name;
}

RULE(references_stick_at_65535)
{
	mach_port_t name = make_pegged();

	ASSERT_EQ(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND, 1), KERN_SUCCESS);
	ASSERT_EQ(send_refs(name), 65535);
	add_sends(name, 2);
	ASSERT_EQ(send_refs(name), 65535);
	drop_refs(name, MACH_PORT_RIGHT_SEND, 65535);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_RECEIVE);
	drop_receive(name);
}

RULE(a_reference_more_than_fits_sticks_too)
{
	mach_port_t name = make_send_receive();

	ASSERT_EQ(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND, 60000), KERN_SUCCESS);
	ASSERT_EQ(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND, 60000), KERN_SUCCESS);
	ASSERT_EQ(send_refs(name), 65535);
	destroy(name);
}

RULE(stuck_references_only_go_all_at_once)
{
	mach_port_t name = make_pegged();

	mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND, -1);
	ASSERT_EQ(send_refs(name), 65535);
	mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND, -65534);
	ASSERT_EQ(send_refs(name), 65535);
	deallocate(name);
	ASSERT_EQ(send_refs(name), 65535);
	ASSERT_EQ(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND, -65535), KERN_SUCCESS);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_RECEIVE);
	drop_receive(name);
}

RULE(a_right_received_for_a_stuck_name_is_no_error)
{
	mach_port_t to = make_receive(), name = make_pegged();
	Buffer buffer;

	ASSERT_EQ(send_port(to, name, MACH_MSG_TYPE_COPY_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(to, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(received_port(&buffer), name);
	ASSERT_EQ(send_refs(name), 65535);
	destroy(name);
	drop_receive(to);
}

RULE(references_of_a_dead_name_stick_too)
{
	mach_port_t name = make_pegged();

	drop_receive(name);
	ASSERT_EQ(dead_refs(name), 65535);
	deallocate(name);
	ASSERT_EQ(dead_refs(name), 65535);
	drop_dead(name, 65535);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_NONE);
}

/* --- Null names. --- */

RULE(deallocate_and_destroy_of_a_null_name_succeed)
{
	FOR_NULL_NAMES(name)
	{
		ASSERT_EQ(mach_port_deallocate(SELF, name), KERN_SUCCESS);
		ASSERT_EQ(mach_port_destroy(SELF, name), KERN_SUCCESS);
	}
}

RULE(get_refs_of_a_null_name_is_one_for_send_rights_and_else_invalid_name)
{
	mach_port_urefs_t refs;

	FOR_NULL_NAMES(name)
	{
		ASSERT_EQ(send_refs(name), 1);
		ASSERT_EQ(refs_of(name, MACH_PORT_RIGHT_SEND_ONCE), 1);
		for (mach_port_right_t right = 0; right < MACH_PORT_RIGHT_NUMBER; right++)
			if (right != MACH_PORT_RIGHT_SEND && right != MACH_PORT_RIGHT_SEND_ONCE)
				ASSERT_EQ(mach_port_get_refs(SELF, name, right, &refs),
					KERN_INVALID_NAME);
		ASSERT_EQ(mach_port_get_refs(SELF, name, MACH_PORT_RIGHT_NUMBER, &refs),
			KERN_INVALID_VALUE);
	}
}

RULE(mod_refs_of_a_null_name_succeeds_for_send_rights_and_else_is_invalid_name)
{
	FOR_NULL_NAMES(name)
	{
		for (int delta = -2; delta < 3; delta++) {
			ASSERT_EQ(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND, delta),
				KERN_SUCCESS);
			ASSERT_EQ(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_SEND_ONCE, delta),
				KERN_SUCCESS);
			ASSERT_EQ(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_RECEIVE, delta),
				KERN_INVALID_NAME);
			ASSERT_EQ(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_PORT_SET, delta),
				KERN_INVALID_NAME);
			ASSERT_EQ(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_DEAD_NAME, delta),
				KERN_INVALID_NAME);
		}
		ASSERT_EQ(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_NUMBER, 0),
			KERN_INVALID_VALUE);
	}
}

RULE(type_of_null_is_invalid_name)
{
	mach_port_type_t type;

	ASSERT_EQ(mach_port_type(SELF, MACH_PORT_NULL, &type), KERN_INVALID_NAME);
}

RULE(limits_of_a_null_name_are_empty)
{
	integer_t info[32];

	FOR_NULL_NAMES(name)
	{
		mach_msg_type_number_t count = MACH_PORT_LIMITS_INFO_COUNT;

		ASSERT_EQ(mach_port_get_attributes(SELF, name, MACH_PORT_LIMITS_INFO, info, &count),
			KERN_SUCCESS);
		ASSERT_EQ(count, 0);
		count = MACH_PORT_RECEIVE_STATUS_COUNT;
		ASSERT_EQ(mach_port_get_attributes(
				  SELF, name, MACH_PORT_RECEIVE_STATUS, info, &count),
			KERN_INVALID_RIGHT);
	}
}

RULE(insert_right_under_a_null_name_is_invalid_value)
{
	mach_port_t port = make_receive();

	FOR_NULL_NAMES(name)
	ASSERT_EQ(mach_port_insert_right(SELF, name, port, MACH_MSG_TYPE_MAKE_SEND),
		KERN_INVALID_VALUE);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	drop_receive(port);
}

RULE(insert_right_of_a_null_right_is_invalid_capability)
{
	mach_port_t port = make_receive(), free_name = make_stale();

	FOR_NULL_NAMES(name)
	{
		ASSERT_EQ(mach_port_insert_right(SELF, port, name, MACH_MSG_TYPE_MAKE_SEND),
			KERN_INVALID_CAPABILITY);
		ASSERT_EQ(mach_port_insert_right(SELF, free_name, name, MACH_MSG_TYPE_COPY_SEND),
			KERN_INVALID_CAPABILITY);
	}
	drop_receive(port);
}

RULE(extract_right_from_a_null_name_is_invalid_right)
{
	mach_port_t right;
	mach_msg_type_name_t kind;

	FOR_NULL_NAMES(name)
	for (unsigned i = MACH_MSG_TYPE_MOVE_RECEIVE; i <= MACH_MSG_TYPE_MAKE_SEND_ONCE; i++)
		ASSERT_EQ(
			mach_port_extract_right(SELF, name, i, &right, &kind), KERN_INVALID_RIGHT);
}

/* --- What the routines say to a name that is null, that denotes nothing, or the wrong right. --- */

/* The routines for a receive right, of which the last six call a null name an invalid name. */
enum { N_RECEIVE_ROUTINES = 19, N_NULL_IS_RIGHT = 13 };

static kern_return_t call_attributes(mach_port_t name, unsigned which)
{
	mach_port_limits_t limits = {.mpl_qlimit = 7};
	mach_msg_type_number_t count = MACH_PORT_RECEIVE_STATUS_COUNT;
	integer_t info[MACH_PORT_RECEIVE_STATUS_COUNT];
	mach_port_guard_info_t guard = {0};

	switch (which) {
	case 0:
		return mach_port_get_attributes(SELF, name, MACH_PORT_RECEIVE_STATUS, info, &count);
	case 1:
		return mach_port_set_attributes(SELF, name, MACH_PORT_LIMITS_INFO,
			(mach_port_info_t)&limits, MACH_PORT_LIMITS_INFO_COUNT);
	default:
		return mach_port_assert_attributes(SELF, name, MACH_PORT_GUARD_INFO,
			(mach_port_info_t)&guard, MACH_PORT_GUARD_INFO_COUNT);
	}
}

static kern_return_t call_request(mach_port_t name, mach_msg_id_t id)
{
	mach_port_t previous;

	return mach_port_request_notification(
		SELF, name, id, 0, MACH_PORT_NULL, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
}

static kern_return_t call_peek(mach_port_t name)
{
	mach_port_seqno_t seqno = 0;
	mach_msg_size_t size;
	mach_msg_id_t id;
	mach_msg_max_trailer_t trailer;
	mach_msg_type_number_t count = sizeof(trailer);

	return mach_port_peek(SELF, name, 0, &seqno, &size, &id, (char *)&trailer, &count);
}

static kern_return_t call_receive_routine(mach_port_t name, unsigned which, mach_port_t set)
{
	mach_port_context_t context;
	mach_port_rights_t rights;
	unsigned total, used;

	switch (which) {
	case 0:
		return mach_port_set_mscount(SELF, name, 0);
	case 1:
		return mach_port_set_seqno(SELF, name, 0);
	case 2:
		return mach_port_get_context(SELF, name, &context);
	case 3:
		return mach_port_set_context(SELF, name, 0);
	case 4:
		return mach_port_move_member(SELF, name, set);
	case 5:
		return mach_port_insert_member(SELF, name, set);
	case 6:
		return mach_port_extract_member(SELF, name, set);
	case 7:
		return call_request(name, MACH_NOTIFY_NO_SENDERS);
	case 8:
		return call_request(name, MACH_NOTIFY_PORT_DESTROYED);
	case 9:
		return call_peek(name);
	case 10:
	case 11:
		return call_attributes(name, which - 10);
	case 12:
		return call_attributes(name, 2);
	case 13:
		return mach_port_get_srights(SELF, name, &rights);
	case 14:
		return mach_port_dnrequest_info(SELF, name, &total, &used);
	case 15:
		return mach_port_guard(SELF, name, 1, FALSE);
	case 16:
		return mach_port_unguard(SELF, name, 1);
	case 17:
		return mach_port_swap_guard(SELF, name, 1, 2);
	default:
		return mach_port_destruct(SELF, name, 0, 0);
	}
}

#define ASSERT_ROUTINE(which, name, set, expected)                                                 \
	do {                                                                                       \
		kern_return_t kr_ = call_receive_routine((name), (which), (set));                  \
		if (kr_ != (expected))                                                             \
			FAIL("routine %u of %#x: %d instead of %d", (which), (name), kr_,          \
				(expected));                                                       \
	} while (0)

RULE(routines_for_receive_rights_call_an_unused_name_invalid)
{
	mach_port_t stale = make_stale(), set = make_set();

	for (unsigned i = 0; i < N_RECEIVE_ROUTINES; i++)
		ASSERT_ROUTINE(i, stale, set, KERN_INVALID_NAME);
	drop_set(set);
}

RULE(routines_for_receive_rights_call_a_set_an_invalid_right)
{
	mach_port_t set = make_set(), other = make_set();

	for (unsigned i = 0; i < N_RECEIVE_ROUTINES; i++)
		ASSERT_ROUTINE(i, other, set, KERN_INVALID_RIGHT);
	drop_set(set);
	drop_set(other);
}

RULE(routines_for_receive_rights_call_a_send_right_an_invalid_right)
{
	mach_port_t name = make_send_receive(), set = make_set(), park = park_receive(name);

	for (unsigned i = 0; i < N_RECEIVE_ROUTINES; i++)
		ASSERT_ROUTINE(i, name, set, KERN_INVALID_RIGHT);
	drop_receive(park);
	drop_dead(name, 1);
	drop_set(set);
}

RULE(routines_for_receive_rights_call_a_dead_name_an_invalid_right)
{
	mach_port_t name = make_dead_name(), set = make_set();

	for (unsigned i = 0; i < N_RECEIVE_ROUTINES; i++)
		ASSERT_ROUTINE(i, name, set, KERN_INVALID_RIGHT);
	drop_dead(name, 1);
	drop_set(set);
}

RULE(routines_for_receive_rights_call_a_send_once_right_an_invalid_right)
{
	mach_port_t port = make_receive(), once = make_send_once(port), set = make_set();

	for (unsigned i = 0; i < N_RECEIVE_ROUTINES; i++)
		ASSERT_ROUTINE(i, once, set, KERN_INVALID_RIGHT);
	drop_receive(port);
	destroy(once);
	drop_set(set);
}

RULE(routines_for_receive_rights_call_a_null_name_an_invalid_right)
{
	mach_port_t set = make_set();

	FOR_NULL_NAMES(name)
	for (unsigned i = 0; i < N_NULL_IS_RIGHT; i++)
		ASSERT_ROUTINE(i, name, set, KERN_INVALID_RIGHT);
	drop_set(set);
}

RULE(guards_and_counts_of_a_null_name_are_an_invalid_name)
{
	for (unsigned i = N_NULL_IS_RIGHT; i < N_RECEIVE_ROUTINES; i++)
		ASSERT_ROUTINE(i, MACH_PORT_NULL, MACH_PORT_NULL, KERN_INVALID_NAME);
}

RULE(kobject_of_a_plain_port_is_none)
{
	mach_port_t name = make_send_receive(), set = make_set();
	natural_t type = 77;
	mach_vm_address_t address = 77;
	unsigned address32 = 77;
	kobject_description_t text = "?";

	ASSERT_EQ(mach_port_kobject(SELF, name, &type, &address), KERN_SUCCESS);
	ASSERT_EQ(type, IPC_OTYPE_NONE);
	ASSERT_EQ(address, 0);
	ASSERT_EQ(mach_port_kernel_object(SELF, name, &type, &address32), KERN_SUCCESS);
	ASSERT_EQ(type, IPC_OTYPE_NONE);
	ASSERT_EQ(address32, 0);
	ASSERT_EQ(mach_port_kobject_description(SELF, name, &type, &address, text), KERN_SUCCESS);
	ASSERT_STREQ(text, "");
	ASSERT_EQ(mach_port_kobject(SELF, set, &type, &address), KERN_INVALID_RIGHT);
	ASSERT_EQ(mach_port_kobject(SELF, make_stale(), &type, &address), KERN_INVALID_NAME);
	ASSERT_EQ(mach_port_kobject(SELF, MACH_PORT_NULL, &type, &address), KERN_INVALID_NAME);
	destroy(name);
	drop_set(set);
}

RULE(kobject_of_the_task_is_a_task)
{
	natural_t type = 77;
	mach_vm_address_t address = 77;

	ASSERT_EQ(mach_port_kobject(SELF, SELF, &type, &address), KERN_SUCCESS);
	ASSERT_EQ(type, IPC_OTYPE_TASK_CONTROL);
	ASSERT_TRUE(type_of(SELF) & MACH_PORT_TYPE_SEND);
	ASSERT_TRUE(mach_task_is_self(SELF));
	ASSERT_FALSE(mach_task_is_self(MACH_PORT_NULL));
}

/* --- The task argument. --- */

static kern_return_t call_in_task(task_t task, unsigned which)
{
	mach_port_t name = make_stale(), previous;
	mach_port_type_t type;
	mach_port_urefs_t refs;
	mach_msg_type_name_t kind;
	ipc_info_space_basic_t info;

	switch (which) {
	case 0:
		return mach_port_type(task, name, &type);
	case 1:
		return mach_port_allocate(task, MACH_PORT_RIGHT_RECEIVE, &name);
	case 2:
		return mach_port_allocate_name(task, MACH_PORT_RIGHT_RECEIVE, name);
	case 3:
		return mach_port_destroy(task, name);
	case 4:
		return mach_port_deallocate(task, name);
	case 5:
		return mach_port_get_refs(task, name, MACH_PORT_RIGHT_SEND, &refs);
	case 6:
		return mach_port_mod_refs(task, name, MACH_PORT_RIGHT_SEND, 1);
	case 7:
		return mach_port_insert_right(task, name, name, MACH_MSG_TYPE_MAKE_SEND);
	case 8:
		return mach_port_extract_right(
			task, name, MACH_MSG_TYPE_COPY_SEND, &previous, &kind);
	case 9:
		return mach_port_request_notification(task, name, MACH_NOTIFY_DEAD_NAME, 0,
			MACH_PORT_NULL, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	case 10:
		return mach_port_insert_member(task, name, name);
	default:
		return mach_port_space_basic_info(task, &info);
	}
}

RULE(no_task_is_invalid_task)
{
	for (unsigned i = 0; i < 12; i++) {
		ASSERT_EQ(call_in_task(TASK_NULL, i), KERN_INVALID_TASK);
		ASSERT_EQ(call_in_task(MACH_PORT_DEAD, i), KERN_INVALID_TASK);
	}
}

RULE(a_port_that_is_no_task_is_invalid_task)
{
	mach_port_t name = make_send_receive();

	for (unsigned i = 0; i < 12; i++)
		ASSERT_EQ(call_in_task(name, i), KERN_INVALID_TASK);
	destroy(name);
}

/* --- allocate_qos, allocate_full. --- */

RULE(allocate_qos_makes_a_right)
{
	mach_port_qos_t qos = {0};
	mach_port_t name = MACH_PORT_NULL;

	ASSERT_EQ(mach_port_allocate_qos(SELF, MACH_PORT_RIGHT_RECEIVE, &qos, &name), KERN_SUCCESS);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_RECEIVE);
	drop_receive(name);
	ASSERT_EQ(mach_port_allocate_qos(SELF, MACH_PORT_RIGHT_SEND, &qos, &name),
		KERN_INVALID_VALUE);
}

RULE(allocate_qos_with_a_name_is_invalid_argument)
{
	mach_port_qos_t qos = {.name = 1};
	mach_port_t name = make_stale();

	ASSERT_EQ(mach_port_allocate_qos(SELF, MACH_PORT_RIGHT_RECEIVE, &qos, &name),
		KERN_INVALID_ARGUMENT);
}

RULE(allocate_full_takes_a_name_if_asked)
{
	mach_port_qos_t named = {.name = 1}, unnamed = {0};
	mach_port_t name = make_stale(), wanted = name;

	ASSERT_EQ(mach_port_allocate_full(
			  SELF, MACH_PORT_RIGHT_PORT_SET, MACH_PORT_NULL, &named, &name),
		KERN_SUCCESS);
	ASSERT_EQ(name, wanted);
	ASSERT_EQ(type_of(wanted), MACH_PORT_TYPE_PORT_SET);
	ASSERT_EQ(mach_port_allocate_full(
			  SELF, MACH_PORT_RIGHT_RECEIVE, MACH_PORT_NULL, &named, &name),
		KERN_NAME_EXISTS);
	ASSERT_EQ(mach_port_allocate_full(
			  SELF, MACH_PORT_RIGHT_RECEIVE, MACH_PORT_NULL, &unnamed, &name),
		KERN_SUCCESS);
	ASSERT_NE(name, wanted);
	drop_receive(name);
	drop_set(wanted);
	name = 122;
	ASSERT_EQ(mach_port_allocate_full(
			  SELF, MACH_PORT_RIGHT_RECEIVE, MACH_PORT_NULL, &named, &name),
		KERN_INVALID_VALUE);
}
