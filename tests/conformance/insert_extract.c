/* SPDX-License-Identifier: Apache-2.0 */
/* mach_port_insert_right and mach_port_extract_right. */
#include "tests/conformance/conformance.h"

static kern_return_t insert(mach_port_t name, mach_port_t right, unsigned kind)
{
	return mach_port_insert_right(SELF, name, right, kind);
}

/* Extracts and says what came out; *ret_right is MACH_PORT_NULL if nothing did. */
static kern_return_t extract(
	mach_port_t name, unsigned kind, mach_port_t *ret_right, unsigned *ret_kind)
{
	*ret_right = MACH_PORT_NULL;
	*ret_kind = 0;
	return mach_port_extract_right(SELF, name, kind, ret_right, ret_kind);
}

/* --- insert_right --- */

RULE(insert_make_send_under_its_own_name_adds_a_reference)
{
	mach_port_t name = make_receive();

	for (unsigned i = 1; i < 4; i++) {
		ASSERT_EQ(insert(name, name, MACH_MSG_TYPE_MAKE_SEND), KERN_SUCCESS);
		ASSERT_EQ(type_of(name), MACH_PORT_TYPE_SEND_RECEIVE);
		ASSERT_EQ(send_refs(name), i);
		ASSERT_EQ(status_of(name).mps_mscount, i);
	}
	destroy(name);
}

RULE(insert_copy_send_under_its_own_name_adds_a_reference)
{
	mach_port_t name = make_send_receive(), park = park_receive(name);

	ASSERT_EQ(insert(name, name, MACH_MSG_TYPE_COPY_SEND), KERN_SUCCESS);
	ASSERT_EQ(send_refs(name), 2);
	destroy(name);
	drop_receive(park);
}

RULE(insert_move_send_under_its_own_name_changes_nothing)
{
	mach_port_t name = make_receive();

	add_sends(name, 2);
	ASSERT_EQ(insert(name, name, MACH_MSG_TYPE_MOVE_SEND), KERN_SUCCESS);
	ASSERT_EQ(send_refs(name), 2);
	destroy(name);
}

RULE(insert_under_the_name_of_another_port_is_name_exists)
{
	mach_port_t name = make_receive(), other = make_receive(), set = make_set();
	mach_port_t dead = make_dead_name();

	ASSERT_EQ(insert(other, name, MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_NAME_EXISTS);
	ASSERT_EQ(insert(set, name, MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_NAME_EXISTS);
	ASSERT_EQ(insert(dead, name, MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_NAME_EXISTS);
	ASSERT_EQ(type_of(other), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(type_of(set), MACH_PORT_TYPE_PORT_SET);
	destroy(name);
	destroy(other);
	destroy(set);
	destroy(dead);
}

RULE(insert_of_a_send_right_known_under_another_name_is_right_exists)
{
	mach_port_t name = make_send_receive(), free_name = make_stale();

	ASSERT_EQ(insert(free_name, name, MACH_MSG_TYPE_MAKE_SEND), KERN_RIGHT_EXISTS);
	ASSERT_EQ(insert(free_name, name, MACH_MSG_TYPE_COPY_SEND), KERN_RIGHT_EXISTS);
	ASSERT_EQ(type_of(free_name), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(send_refs(name), 1);
	destroy(name);
}

RULE(insert_make_send_once_takes_a_fresh_name)
{
	mach_port_t name = make_receive(), first = make_stale(), second;

	ASSERT_EQ(insert(first, name, MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_SUCCESS);
	ASSERT_EQ(type_of(first), MACH_PORT_TYPE_SEND_ONCE);
	second = make_stale();
	ASSERT_EQ(insert(second, name, MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_SUCCESS);
	ASSERT_EQ(type_of(second), MACH_PORT_TYPE_SEND_ONCE);
	ASSERT_EQ(status_of(name).mps_sorights, 2);
	drop_receive(name);
	destroy(first);
	destroy(second);
}

RULE(insert_make_send_once_never_joins_a_name)
{
	mach_port_t name = make_send_receive();

	ASSERT_EQ(insert(name, name, MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_NAME_EXISTS);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_SEND_RECEIVE);
	destroy(name);
}

RULE(insert_move_send_renames_the_only_reference)
{
	mach_port_t name = make_send_receive(), park = park_receive(name), fresh = make_stale();

	ASSERT_EQ(insert(fresh, name, MACH_MSG_TYPE_MOVE_SEND), KERN_SUCCESS);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(type_of(fresh), MACH_PORT_TYPE_SEND);
	ASSERT_EQ(unpark_receive(park), fresh);
	destroy(fresh);
}

RULE(insert_move_receive_renames_a_receive_right)
{
	mach_port_t name = make_receive(), fresh = make_stale();

	post(name, 9);
	ASSERT_EQ(insert(fresh, name, MACH_MSG_TYPE_MOVE_RECEIVE), KERN_SUCCESS);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(type_of(fresh), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(take_id(fresh), 9);
	drop_receive(fresh);
}

RULE(insert_of_a_set_is_invalid_right)
{
	mach_port_t set = make_set();

	ASSERT_EQ(insert(set, set, MACH_MSG_TYPE_MAKE_SEND), KERN_INVALID_RIGHT);
	ASSERT_EQ(insert(make_stale(), set, MACH_MSG_TYPE_MAKE_SEND), KERN_INVALID_RIGHT);
	ASSERT_EQ(insert(make_stale(), set, MACH_MSG_TYPE_MOVE_RECEIVE), KERN_INVALID_RIGHT);
	drop_set(set);
}

RULE(insert_of_the_wrong_right_is_invalid_right)
{
	mach_port_t name = make_receive(), fresh = make_stale();

	ASSERT_EQ(insert(fresh, name, MACH_MSG_TYPE_COPY_SEND), KERN_INVALID_RIGHT);
	ASSERT_EQ(insert(fresh, name, MACH_MSG_TYPE_MOVE_SEND), KERN_INVALID_RIGHT);
	ASSERT_EQ(insert(fresh, name, MACH_MSG_TYPE_MOVE_SEND_ONCE), KERN_INVALID_RIGHT);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_RECEIVE);
	drop_receive(name);
}

RULE(insert_of_no_disposition_is_invalid_value)
{
	static const unsigned wrong[] = {0, MACH_MSG_TYPE_PORT_NAME, MACH_MSG_TYPE_COPY_RECEIVE, 23,
		MACH_MSG_TYPE_DISPOSE_SEND, 255, ~0u};
	mach_port_t name = make_receive();

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ASSERT_EQ(insert(name, name, wrong[i]), KERN_INVALID_VALUE);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_RECEIVE);
	drop_receive(name);
}

RULE(insert_under_an_illegal_name_is_invalid_value)
{
	mach_port_t name = make_receive();

	ASSERT_EQ(insert(122, name, MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_INVALID_VALUE);
	ASSERT_EQ(insert(0x5000, name, MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_INVALID_VALUE);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_RECEIVE);
	drop_receive(name);
}

RULE(insert_that_fails_makes_no_right)
{
	mach_port_t name = make_receive(), other = make_receive();

	ASSERT_EQ(insert(122, name, MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_INVALID_VALUE);
	ASSERT_EQ(insert(other, name, MACH_MSG_TYPE_MAKE_SEND_ONCE), KERN_NAME_EXISTS);
	ASSERT_EQ(status_of(name).mps_sorights, 0);
	expect_nothing(name);
	drop_receive(name);
	drop_receive(other);
}

RULE(insert_that_fails_leaves_the_right_where_it_was)
{
	mach_port_t port = make_receive(), once = make_send_once(port), other = make_receive();

	ASSERT_EQ(insert(other, once, MACH_MSG_TYPE_MOVE_SEND_ONCE), KERN_NAME_EXISTS);
	ASSERT_EQ(type_of(once), MACH_PORT_TYPE_SEND_ONCE);
	expect_nothing(port);
	destroy(once);
	drop_receive(port);
	drop_receive(other);
}

/* --- extract_right --- */

RULE(extract_copy_send_gives_a_reference_more)
{
	mach_port_t name = make_send_receive(), right;
	unsigned kind;

	ASSERT_EQ(extract(name, MACH_MSG_TYPE_COPY_SEND, &right, &kind), KERN_SUCCESS);
	ASSERT_EQ(right, name);
	ASSERT_EQ(kind, MACH_MSG_TYPE_PORT_SEND);
	ASSERT_EQ(send_refs(name), 2);
	ASSERT_EQ(status_of(name).mps_mscount, 1);
	destroy(name);
}

RULE(extract_make_send_gives_a_reference_more_and_counts)
{
	mach_port_t name = make_receive(), right;
	unsigned kind;

	ASSERT_EQ(extract(name, MACH_MSG_TYPE_MAKE_SEND, &right, &kind), KERN_SUCCESS);
	ASSERT_EQ(right, name);
	ASSERT_EQ(kind, MACH_MSG_TYPE_PORT_SEND);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(send_refs(name), 1);
	ASSERT_EQ(status_of(name).mps_mscount, 1);
	destroy(name);
}

RULE(extract_move_send_gives_the_same_reference)
{
	mach_port_t name = make_receive(), right;
	unsigned kind;

	add_sends(name, 2);
	ASSERT_EQ(extract(name, MACH_MSG_TYPE_MOVE_SEND, &right, &kind), KERN_SUCCESS);
	ASSERT_EQ(right, name);
	ASSERT_EQ(kind, MACH_MSG_TYPE_PORT_SEND);
	ASSERT_EQ(send_refs(name), 2);
	destroy(name);
}

RULE(extract_make_send_once_gives_a_fresh_name)
{
	mach_port_t name = make_receive(), right;
	unsigned kind;

	ASSERT_EQ(extract(name, MACH_MSG_TYPE_MAKE_SEND_ONCE, &right, &kind), KERN_SUCCESS);
	ASSERT_NE(right, name);
	ASSERT_EQ(kind, MACH_MSG_TYPE_PORT_SEND_ONCE);
	ASSERT_EQ(type_of(right), MACH_PORT_TYPE_SEND_ONCE);
	ASSERT_EQ(status_of(name).mps_sorights, 1);
	drop_receive(name);
	destroy(right);
}

RULE(extract_move_send_once_keeps_one_right)
{
	mach_port_t name = make_receive(), once = make_send_once(name), right;
	unsigned kind;

	ASSERT_EQ(extract(once, MACH_MSG_TYPE_MOVE_SEND_ONCE, &right, &kind), KERN_SUCCESS);
	ASSERT_EQ(kind, MACH_MSG_TYPE_PORT_SEND_ONCE);
	ASSERT_EQ(type_of(right), MACH_PORT_TYPE_SEND_ONCE);
	if (right != once)
		ASSERT_EQ(type_of(once), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(status_of(name).mps_sorights, 1);
	expect_nothing(name);
	drop_receive(name);
	destroy(right);
}

RULE(extract_move_receive_moves_the_queue)
{
	mach_port_t name = make_receive(), right;
	unsigned kind;

	post(name, 4);
	ASSERT_EQ(extract(name, MACH_MSG_TYPE_MOVE_RECEIVE, &right, &kind), KERN_SUCCESS);
	ASSERT_EQ(kind, MACH_MSG_TYPE_PORT_RECEIVE);
	ASSERT_EQ(type_of(right), MACH_PORT_TYPE_RECEIVE);
	if (right != name)
		ASSERT_EQ(type_of(name), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(take_id(right), 4);
	drop_receive(right);
}

RULE(extract_move_receive_keeps_the_send_references)
{
	mach_port_t name = make_receive(), right;
	unsigned kind;

	add_sends(name, 3);
	ASSERT_EQ(extract(name, MACH_MSG_TYPE_MOVE_RECEIVE, &right, &kind), KERN_SUCCESS);
	ASSERT_EQ(right, name);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(send_refs(name), 3);
	ASSERT_EQ(status_of(name).mps_mscount, 0);
	destroy(name);
}

RULE(extract_from_an_unused_name_is_invalid_name)
{
	mach_port_t right, stale = make_stale();
	unsigned kind;

	for (unsigned i = MACH_MSG_TYPE_MOVE_RECEIVE; i <= MACH_MSG_TYPE_MAKE_SEND_ONCE; i++)
		ASSERT_EQ(extract(stale, i, &right, &kind), KERN_INVALID_NAME);
}

RULE(extract_of_the_wrong_right_is_invalid_right)
{
	mach_port_t receive = make_receive(), send = make_send_receive(), set = make_set();
	mach_port_t park = park_receive(send), once = make_send_once(receive), right;
	unsigned kind;

	for (unsigned i = MACH_MSG_TYPE_MOVE_SEND; i <= MACH_MSG_TYPE_COPY_SEND; i++)
		ASSERT_EQ(extract(receive, i, &right, &kind), KERN_INVALID_RIGHT);
	ASSERT_EQ(extract(send, MACH_MSG_TYPE_MOVE_RECEIVE, &right, &kind), KERN_INVALID_RIGHT);
	ASSERT_EQ(extract(send, MACH_MSG_TYPE_MAKE_SEND, &right, &kind), KERN_INVALID_RIGHT);
	ASSERT_EQ(extract(send, MACH_MSG_TYPE_MAKE_SEND_ONCE, &right, &kind), KERN_INVALID_RIGHT);
	ASSERT_EQ(extract(send, MACH_MSG_TYPE_MOVE_SEND_ONCE, &right, &kind), KERN_INVALID_RIGHT);
	ASSERT_EQ(extract(once, MACH_MSG_TYPE_COPY_SEND, &right, &kind), KERN_INVALID_RIGHT);
	ASSERT_EQ(extract(once, MACH_MSG_TYPE_MOVE_SEND, &right, &kind), KERN_INVALID_RIGHT);
	for (unsigned i = MACH_MSG_TYPE_MOVE_RECEIVE; i <= MACH_MSG_TYPE_MAKE_SEND_ONCE; i++)
		ASSERT_EQ(extract(set, i, &right, &kind), KERN_INVALID_RIGHT);
	drop_receive(receive);
	destroy(send);
	destroy(park);
	destroy(once);
	destroy(set);
}

RULE(extract_of_no_disposition_is_invalid_value)
{
	static const unsigned wrong[] = {0, MACH_MSG_TYPE_PORT_NAME, MACH_MSG_TYPE_COPY_RECEIVE, 23,
		MACH_MSG_TYPE_DISPOSE_SEND, 255, ~0u};
	mach_port_t name = make_send_receive(), right;
	unsigned kind;

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ASSERT_EQ(extract(name, wrong[i], &right, &kind), KERN_INVALID_VALUE);
	destroy(name);
}

RULE(extract_copy_send_from_a_dead_name_gives_dead)
{
	mach_port_t name = make_receive(), right;
	unsigned kind;

	add_sends(name, 2);
	drop_receive(name);
	ASSERT_EQ(extract(name, MACH_MSG_TYPE_COPY_SEND, &right, &kind), KERN_SUCCESS);
	ASSERT_EQ(right, MACH_PORT_DEAD);
	ASSERT_EQ(kind, MACH_MSG_TYPE_PORT_SEND);
	ASSERT_EQ(dead_refs(name), 2);
	drop_dead(name, 2);
}

RULE(extract_move_from_a_dead_name_gives_dead_for_a_reference)
{
	mach_port_t name = make_receive(), right;
	unsigned kind;

	add_sends(name, 2);
	drop_receive(name);
	ASSERT_EQ(extract(name, MACH_MSG_TYPE_MOVE_SEND, &right, &kind), KERN_SUCCESS);
	ASSERT_EQ(right, MACH_PORT_DEAD);
	ASSERT_EQ(kind, MACH_MSG_TYPE_PORT_SEND);
	ASSERT_EQ(dead_refs(name), 1);
	ASSERT_EQ(extract(name, MACH_MSG_TYPE_MOVE_SEND_ONCE, &right, &kind), KERN_SUCCESS);
	ASSERT_EQ(right, MACH_PORT_DEAD);
	ASSERT_EQ(kind, MACH_MSG_TYPE_PORT_SEND_ONCE);
	ASSERT_EQ(type_of(name), MACH_PORT_TYPE_NONE);
}

RULE(extract_make_from_a_dead_name_is_invalid_right)
{
	mach_port_t name = make_dead_name(), right;
	unsigned kind;

	ASSERT_EQ(extract(name, MACH_MSG_TYPE_MAKE_SEND, &right, &kind), KERN_INVALID_RIGHT);
	ASSERT_EQ(extract(name, MACH_MSG_TYPE_MAKE_SEND_ONCE, &right, &kind), KERN_INVALID_RIGHT);
	ASSERT_EQ(extract(name, MACH_MSG_TYPE_MOVE_RECEIVE, &right, &kind), KERN_INVALID_RIGHT);
	ASSERT_EQ(dead_refs(name), 1);
	drop_dead(name, 1);
}
