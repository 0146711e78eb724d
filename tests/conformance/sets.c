/* SPDX-License-Identifier: Apache-2.0 */
/* Port sets: who is in them, and what is received from them. */
#include "tests/conformance/conformance.h"

static kern_return_t insert(mach_port_t port, mach_port_t set)
{
	return mach_port_insert_member(SELF, port, set);
}

static kern_return_t extract(mach_port_t port, mach_port_t set)
{
	return mach_port_extract_member(SELF, port, set);
}

static kern_return_t move(mach_port_t port, mach_port_t set)
{
	return mach_port_move_member(SELF, port, set);
}

static unsigned members(mach_port_t set, mach_port_t port)
{
	mach_port_name_array_t names = NULL;
	mach_msg_type_number_t count = 0;
	unsigned found = 0;

	ASSERT_EQ(mach_port_get_set_status(SELF, set, &names, &count), KERN_SUCCESS);
	for (unsigned i = 0; i < count; i++)
		found += names[i] == port;
	if (count > 0)
		ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)names, count * sizeof(*names)),
			KERN_SUCCESS);
	return found;
}

/* --- Membership. --- */

RULE(insert_twice_is_already_in_set)
{
	mach_port_t port = make_receive(), set = make_set();

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	ASSERT_EQ(insert(port, set), KERN_ALREADY_IN_SET);
	ASSERT_EQ(members(set, port), 1);
	drop_receive(port);
	drop_set(set);
}

RULE(port_may_be_in_several_sets)
{
	mach_port_t port = make_receive(), set = make_set(), other = make_set();

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	ASSERT_EQ(insert(port, other), KERN_SUCCESS);
	ASSERT_EQ(members(set, port), 1);
	ASSERT_EQ(members(other, port), 1);
	ASSERT_EQ(extract(port, set), KERN_SUCCESS);
	ASSERT_EQ(members(set, port), 0);
	ASSERT_EQ(members(other, port), 1);
	drop_receive(port);
	drop_set(set);
	drop_set(other);
}

RULE(status_says_zero_or_one_set)
{
	mach_port_t port = make_receive(), set = make_set(), other = make_set();

	ASSERT_EQ(status_of(port).mps_pset, 0);
	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	ASSERT_EQ(status_of(port).mps_pset, 1);
	ASSERT_EQ(insert(port, other), KERN_SUCCESS);
	ASSERT_EQ(status_of(port).mps_pset, 1);
	ASSERT_EQ(move(port, MACH_PORT_NULL), KERN_SUCCESS);
	ASSERT_EQ(status_of(port).mps_pset, 0);
	drop_receive(port);
	drop_set(set);
	drop_set(other);
}

RULE(extract_of_no_member_is_not_in_set)
{
	mach_port_t port = make_receive(), set = make_set(), other = make_set();

	ASSERT_EQ(extract(port, set), KERN_NOT_IN_SET);
	ASSERT_EQ(insert(port, other), KERN_SUCCESS);
	ASSERT_EQ(extract(port, set), KERN_NOT_IN_SET);
	ASSERT_EQ(members(other, port), 1);
	drop_receive(port);
	drop_set(set);
	drop_set(other);
}

RULE(move_to_a_set_leaves_all_others)
{
	mach_port_t port = make_receive(), sets[3];

	for (unsigned i = 0; i < 3; i++)
		sets[i] = make_set();
	ASSERT_EQ(insert(port, sets[0]), KERN_SUCCESS);
	ASSERT_EQ(insert(port, sets[1]), KERN_SUCCESS);
	ASSERT_EQ(move(port, sets[2]), KERN_SUCCESS);
	ASSERT_EQ(members(sets[0], port), 0);
	ASSERT_EQ(members(sets[1], port), 0);
	ASSERT_EQ(members(sets[2], port), 1);
	drop_receive(port);
	for (unsigned i = 0; i < 3; i++)
		drop_set(sets[i]);
}

RULE(move_out_leaves_all_sets)
{
	mach_port_t port = make_receive(), set = make_set(), other = make_set();

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	ASSERT_EQ(insert(port, other), KERN_SUCCESS);
	ASSERT_EQ(move(port, MACH_PORT_NULL), KERN_SUCCESS);
	ASSERT_EQ(members(set, port), 0);
	ASSERT_EQ(members(other, port), 0);
	ASSERT_EQ(move(port, MACH_PORT_NULL), KERN_NOT_IN_SET);
	drop_receive(port);
	drop_set(set);
	drop_set(other);
}

RULE(move_to_the_set_that_it_is_in_keeps_it_there)
{
	mach_port_t port = make_receive(), set = make_set();

	ASSERT_EQ(move(port, set), KERN_SUCCESS);
	ASSERT_EQ(move(port, set), KERN_SUCCESS);
	ASSERT_EQ(members(set, port), 1);
	drop_receive(port);
	drop_set(set);
}

RULE(second_argument_must_be_a_set)
{
	mach_port_t port = make_receive(), other = make_receive(), stale = make_stale();

	ASSERT_EQ(insert(port, other), KERN_INVALID_RIGHT);
	ASSERT_EQ(extract(port, other), KERN_INVALID_RIGHT);
	ASSERT_EQ(move(port, other), KERN_INVALID_RIGHT);
	ASSERT_EQ(insert(port, stale), KERN_INVALID_NAME);
	ASSERT_EQ(extract(port, stale), KERN_INVALID_NAME);
	ASSERT_EQ(move(port, stale), KERN_INVALID_NAME);
	drop_receive(port);
	drop_receive(other);
}

RULE(failed_move_leaves_the_port_where_it_was)
{
	mach_port_t port = make_receive(), set = make_set();

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	ASSERT_EQ(move(port, make_stale()), KERN_INVALID_NAME);
	ASSERT_EQ(move(port, port), KERN_INVALID_RIGHT);
	ASSERT_EQ(members(set, port), 1);
	drop_receive(port);
	drop_set(set);
}

RULE(sets_do_not_nest)
{
	mach_port_t set = make_set(), other = make_set();

	ASSERT_EQ(insert(set, other), KERN_INVALID_RIGHT);
	ASSERT_EQ(move(set, other), KERN_INVALID_RIGHT);
	ASSERT_EQ(insert(set, set), KERN_INVALID_RIGHT);
	drop_set(set);
	drop_set(other);
}

RULE(send_right_is_no_member)
{
	mach_port_t port = make_send_receive(), set = make_set(), park = park_receive(port);

	ASSERT_EQ(insert(port, set), KERN_INVALID_RIGHT);
	ASSERT_EQ(move(port, set), KERN_INVALID_RIGHT);
	destroy(port);
	destroy(park);
	drop_set(set);
}

RULE(set_is_not_transferable)
{
	mach_port_t set = make_set(), to = make_receive();

	for (unsigned i = MACH_MSG_TYPE_MOVE_RECEIVE; i <= MACH_MSG_TYPE_MAKE_SEND_ONCE; i++)
		ASSERT_EQ(send_port(to, set, i), MACH_SEND_INVALID_RIGHT);
	expect_nothing(to);
	drop_set(set);
	drop_receive(to);
}

RULE(set_is_no_destination)
{
	mach_port_t set = make_set(), port = make_receive();

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	for (unsigned i = MACH_MSG_TYPE_MOVE_SEND; i <= MACH_MSG_TYPE_MAKE_SEND_ONCE; i++)
		ASSERT_EQ(send_empty(set, i, 1), MACH_SEND_INVALID_DEST);
	drop_set(set);
	drop_receive(port);
}

RULE(set_destroyed_leaves_its_members)
{
	mach_port_t port = make_receive(), set = make_set();

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	post(port, 5);
	destroy(set);
	ASSERT_EQ(status_of(port).mps_pset, 0);
	ASSERT_EQ(take_id(port), 5);
	drop_receive(port);
}

RULE(member_destroyed_leaves_the_set)
{
	mach_port_t port = make_receive(), set = make_set();

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	post(port, 5);
	drop_receive(port);
	expect_nothing(set);
	ASSERT_EQ(members(set, port), 0);
	drop_set(set);
}

RULE(member_moved_away_leaves_the_set)
{
	mach_port_t port = make_receive(), set = make_set(), park;

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	post(port, 5);
	park = park_receive(port);
	expect_nothing(set);
	port = unpark_receive(park);
	ASSERT_EQ(status_of(port).mps_pset, 0);
	ASSERT_EQ(take_id(port), 5);
	drop_receive(port);
	drop_set(set);
}

/* --- Receiving. --- */

RULE(message_to_a_member_is_received_from_the_set)
{
	mach_port_t port = make_receive(), set = make_set();
	Buffer buffer;

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	post(port, 5);
	ASSERT_EQ(receive_now(set, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, 5);
	drop_receive(port);
	drop_set(set);
}

RULE(local_port_of_a_message_from_a_set_is_the_member)
{
	mach_port_t ports[3], set = make_set();
	Buffer buffer;

	for (unsigned i = 0; i < 3; i++) {
		ports[i] = make_receive();
		ASSERT_EQ(insert(ports[i], set), KERN_SUCCESS);
	}
	for (unsigned i = 3; i-- > 0;) {
		post(ports[i], 7);
		ASSERT_EQ(receive_now(set, &buffer), MACH_MSG_SUCCESS);
		ASSERT_EQ(buffer.header.msgh_local_port, ports[i]);
	}
	for (unsigned i = 0; i < 3; i++)
		drop_receive(ports[i]);
	drop_set(set);
}

RULE(messages_queued_before_are_received_from_the_set)
{
	mach_port_t port = make_receive(), set = make_set();

	post(port, 5);
	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	ASSERT_EQ(take_id(set), 5);
	drop_receive(port);
	drop_set(set);
}

RULE(messages_of_a_former_member_are_not_received_from_the_set)
{
	mach_port_t port = make_receive(), set = make_set();

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	post(port, 5);
	ASSERT_EQ(extract(port, set), KERN_SUCCESS);
	expect_nothing(set);
	ASSERT_EQ(take_id(port), 5);
	drop_receive(port);
	drop_set(set);
}

RULE(member_is_received_from_directly_too)
{
	mach_port_t port = make_receive(), set = make_set();

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	post(port, 5);
	post(port, 6);
	ASSERT_EQ(take_id(port), 5);
	ASSERT_EQ(take_id(set), 6);
	expect_nothing(port);
	expect_nothing(set);
	drop_receive(port);
	drop_set(set);
}

RULE(message_to_a_member_of_two_sets_is_received_once)
{
	mach_port_t port = make_receive(), set = make_set(), other = make_set();

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	ASSERT_EQ(insert(port, other), KERN_SUCCESS);
	post(port, 5);
	post(port, 6);
	ASSERT_EQ(take_id(other), 5);
	ASSERT_EQ(take_id(set), 6);
	expect_nothing(set);
	expect_nothing(other);
	drop_receive(port);
	drop_set(set);
	drop_set(other);
}

RULE(empty_set_times_out)
{
	mach_port_t set = make_set();

	expect_nothing(set);
	drop_set(set);
}

RULE(messages_of_one_member_keep_their_order)
{
	mach_port_t port = make_receive(), other = make_receive(), set = make_set();
	int last = 0;

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	ASSERT_EQ(insert(other, set), KERN_SUCCESS);
	for (int i = 1; i <= 5; i++) {
		post(port, i);
		post(other, 100);
	}
	for (unsigned i = 0; i < 10; i++) {
		int id = take_id(set);

		if (id != 100)
			ASSERT_EQ(id, ++last);
	}
	ASSERT_EQ(last, 5);
	drop_receive(port);
	drop_receive(other);
	drop_set(set);
}

RULE(members_are_served_in_turn)
{
	enum { PORTS = 4, EACH = 5 };
	mach_port_t ports[PORTS], set = make_set();

	for (unsigned i = 0; i < PORTS; i++) {
		ports[i] = make_receive();
		ASSERT_EQ(insert(ports[i], set), KERN_SUCCESS);
		for (unsigned j = 0; j < EACH; j++)
			post(ports[i], (int)i + 1);
	}
	for (unsigned round = 0; round < EACH; round++) {
		unsigned seen = 0;

		for (unsigned i = 0; i < PORTS; i++)
			seen |= 1u << take_id(set);
		ASSERT_EQ(seen, 0x1e);
	}
	for (unsigned i = 0; i < PORTS; i++)
		drop_receive(ports[i]);
	drop_set(set);
}

RULE(busy_member_does_not_starve_the_others)
{
	mach_port_t busy = make_receive(), quiet = make_receive(), set = make_set();
	unsigned before = 0;

	ASSERT_EQ(insert(busy, set), KERN_SUCCESS);
	ASSERT_EQ(insert(quiet, set), KERN_SUCCESS);
	fill_queue(busy);
	post(quiet, 77);
	for (; take_id(set) != 77; before++)
		fill_queue(busy);
	ASSERT_LE(before, 1);
	drop_receive(busy);
	drop_receive(quiet);
	drop_set(set);
}

/* --- Threads that wait. --- */

RULE(thread_that_waits_on_a_set_gets_a_members_message)
{
	mach_port_t port = make_receive(), set = make_set();
	Buffer buffer;
	Caller caller = CALLER_RECEIVE(&buffer, set);

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	caller_start_blocked(&caller);
	post(port, 8);
	ASSERT_EQ(caller_join(&caller), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, 8);
	ASSERT_EQ(buffer.header.msgh_local_port, port);
	drop_receive(port);
	drop_set(set);
}

RULE(thread_that_waits_on_a_set_gets_what_a_new_member_holds)
{
	mach_port_t port = make_receive(), set = make_set();
	Buffer buffer;
	Caller caller = CALLER_RECEIVE(&buffer, set);

	post(port, 8);
	caller_start_blocked(&caller);
	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	ASSERT_EQ(caller_join(&caller), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, 8);
	drop_receive(port);
	drop_set(set);
}

RULE(thread_that_waits_on_a_set_stays_when_a_member_dies)
{
	mach_port_t port = make_receive(), other = make_receive(), set = make_set();
	Buffer buffer;
	Caller caller = CALLER_RECEIVE(&buffer, set);

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	ASSERT_EQ(insert(other, set), KERN_SUCCESS);
	caller_start_blocked(&caller);
	drop_receive(port);
	wait_until_asleep(&caller.tid, &caller.done);
	post(other, 8);
	ASSERT_EQ(caller_join(&caller), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, 8);
	drop_receive(other);
	drop_set(set);
}

RULE(thread_that_waits_on_a_set_that_dies_gets_port_died)
{
	mach_port_t port = make_receive(), set = make_set();
	Buffer buffer;
	Caller caller = CALLER_RECEIVE(&buffer, set);

	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	caller_start_blocked(&caller);
	drop_set(set);
	ASSERT_EQ(caller_join(&caller), MACH_RCV_PORT_DIED);
	drop_receive(port);
}

RULE(thread_that_waits_on_a_port_gets_its_message_while_it_is_in_a_set)
{
	mach_port_t port = make_receive(), set = make_set();
	Buffer buffer;
	Caller caller = CALLER_RECEIVE(&buffer, port);

	caller_start_blocked(&caller);
	ASSERT_EQ(insert(port, set), KERN_SUCCESS);
	post(port, 8);
	ASSERT_EQ(caller_join(&caller), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, 8);
	expect_nothing(set);
	drop_receive(port);
	drop_set(set);
}
