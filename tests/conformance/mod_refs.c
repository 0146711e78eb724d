/* SPDX-License-Identifier: Apache-2.0 */
/* mach_port_mod_refs: each kind of name, each kind of right, each kind of change. */
#include "tests/conformance/conformance.h"

/* Names of every kind, made anew for each test. */
typedef struct Kinds {
	mach_port_t receive;
	mach_port_t send; /* 2 references */
	mach_port_t both; /* 2 references */
	mach_port_t once;
	mach_port_t set;
	mach_port_t dead; /* 2 references */
	mach_port_t park; /* holds the receive right of `send` */
} Kinds;

static Kinds kinds_make(void)
{
	Kinds kinds = {.receive = make_receive(),
		.send = make_receive(),
		.both = make_receive(),
		.set = make_set(),
		.dead = make_receive()};

	add_sends(kinds.send, 2);
	add_sends(kinds.both, 2);
	add_sends(kinds.dead, 2);
	kinds.once = make_send_once(kinds.receive);
	drop_receive(kinds.dead);
	kinds.park = park_receive(kinds.send);
	return kinds;
}

static void kinds_drop(const Kinds *kinds)
{
	destroy(kinds->send);
	destroy(kinds->both);
	destroy(kinds->once);
	destroy(kinds->receive);
	destroy(kinds->set);
	destroy(kinds->dead);
	destroy(kinds->park);
}

static kern_return_t mod_refs(mach_port_t name, mach_port_right_t right, int delta)
{
	return mach_port_mod_refs(SELF, name, right, delta);
}

/* All rights but those of the mask are wrong for a name, whatever the change. */
static void expect_wrong_rights(mach_port_t name, mach_port_type_t allowed)
{
	static const int deltas[] = {-65536, -2, -1, 0, 1, 2, 65536};
	mach_port_type_t type = type_of(name);

	for (mach_port_right_t right = 0; right < MACH_PORT_RIGHT_NUMBER; right++) {
		if (allowed & MACH_PORT_TYPE(right))
			continue;
		for (unsigned i = 0; i < sizeof(deltas) / sizeof(deltas[0]); i++) {
			kern_return_t kr = mod_refs(name, right, deltas[i]);

			if (kr != KERN_INVALID_RIGHT)
				FAIL("right %u, delta %d: %d", right, deltas[i], kr);
		}
	}
	ASSERT_EQ(type_of(name), type);
}

RULE(wrong_right_for_a_receive_right_is_invalid_right)
{
	mach_port_t name = make_receive();

	expect_wrong_rights(name, MACH_PORT_TYPE_RECEIVE);
	drop_receive(name);
}

RULE(wrong_right_for_a_send_right_is_invalid_right)
{
	Kinds kinds = kinds_make();

	expect_wrong_rights(kinds.send, MACH_PORT_TYPE_SEND);
	ASSERT_EQ(send_refs(kinds.send), 2);
	kinds_drop(&kinds);
}

RULE(wrong_right_for_send_receive_is_invalid_right)
{
	Kinds kinds = kinds_make();

	expect_wrong_rights(kinds.both, MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(send_refs(kinds.both), 2);
	kinds_drop(&kinds);
}

RULE(wrong_right_for_a_send_once_right_is_invalid_right)
{
	Kinds kinds = kinds_make();

	expect_wrong_rights(kinds.once, MACH_PORT_TYPE_SEND_ONCE);
	expect_nothing(kinds.receive);
	kinds_drop(&kinds);
}

RULE(wrong_right_for_a_set_is_invalid_right)
{
	Kinds kinds = kinds_make();

	expect_wrong_rights(kinds.set, MACH_PORT_TYPE_PORT_SET);
	kinds_drop(&kinds);
}

RULE(wrong_right_for_a_dead_name_is_invalid_right)
{
	Kinds kinds = kinds_make();

	expect_wrong_rights(kinds.dead, MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(dead_refs(kinds.dead), 2);
	kinds_drop(&kinds);
}

RULE(no_such_right_is_invalid_value)
{
	static const mach_port_right_t rights[] = {MACH_PORT_RIGHT_NUMBER, 7, 31, 1000, ~0u};
	Kinds kinds = kinds_make();
	mach_port_t names[] = {kinds.receive, kinds.send, kinds.both, kinds.once, kinds.set,
		kinds.dead, make_stale(), MACH_PORT_NULL, MACH_PORT_DEAD};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (unsigned j = 0; j < sizeof(rights) / sizeof(rights[0]); j++)
			for (int delta = -1; delta < 2; delta++)
				ASSERT_EQ(mod_refs(names[i], rights[j], delta), KERN_INVALID_VALUE);
	kinds_drop(&kinds);
}

RULE(name_that_denotes_nothing_is_invalid_name)
{
	mach_port_t stale = make_stale();

	for (mach_port_right_t right = 0; right < MACH_PORT_RIGHT_LABELH; right++)
		for (int delta = -1; delta < 2; delta++)
			ASSERT_EQ(mod_refs(stale, right, delta), KERN_INVALID_NAME);
}

RULE(change_of_zero_changes_nothing)
{
	Kinds kinds = kinds_make();

	ASSERT_EQ(mod_refs(kinds.receive, MACH_PORT_RIGHT_RECEIVE, 0), KERN_SUCCESS);
	ASSERT_EQ(mod_refs(kinds.send, MACH_PORT_RIGHT_SEND, 0), KERN_SUCCESS);
	ASSERT_EQ(mod_refs(kinds.both, MACH_PORT_RIGHT_SEND, 0), KERN_SUCCESS);
	ASSERT_EQ(mod_refs(kinds.both, MACH_PORT_RIGHT_RECEIVE, 0), KERN_SUCCESS);
	ASSERT_EQ(mod_refs(kinds.once, MACH_PORT_RIGHT_SEND_ONCE, 0), KERN_SUCCESS);
	ASSERT_EQ(mod_refs(kinds.set, MACH_PORT_RIGHT_PORT_SET, 0), KERN_SUCCESS);
	ASSERT_EQ(mod_refs(kinds.dead, MACH_PORT_RIGHT_DEAD_NAME, 0), KERN_SUCCESS);
	ASSERT_EQ(type_of(kinds.receive), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(type_of(kinds.once), MACH_PORT_TYPE_SEND_ONCE);
	ASSERT_EQ(type_of(kinds.set), MACH_PORT_TYPE_PORT_SET);
	ASSERT_EQ(send_refs(kinds.send), 2);
	ASSERT_EQ(type_of(kinds.both), MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(send_refs(kinds.both), 2);
	ASSERT_EQ(dead_refs(kinds.dead), 2);
	kinds_drop(&kinds);
}

RULE(single_rights_change_by_minus_one_or_not_at_all)
{
	static const int deltas[] = {-65535, -3, -2, 1, 2, 65535};
	Kinds kinds = kinds_make();

	for (unsigned i = 0; i < sizeof(deltas) / sizeof(deltas[0]); i++) {
		ASSERT_EQ(mod_refs(kinds.receive, MACH_PORT_RIGHT_RECEIVE, deltas[i]),
			KERN_INVALID_VALUE);
		ASSERT_EQ(mod_refs(kinds.both, MACH_PORT_RIGHT_RECEIVE, deltas[i]),
			KERN_INVALID_VALUE);
		ASSERT_EQ(mod_refs(kinds.set, MACH_PORT_RIGHT_PORT_SET, deltas[i]),
			KERN_INVALID_VALUE);
		ASSERT_EQ(mod_refs(kinds.once, MACH_PORT_RIGHT_SEND_ONCE, deltas[i]),
			KERN_INVALID_VALUE);
	}
	ASSERT_EQ(type_of(kinds.both), MACH_PORT_TYPE_SEND_RECEIVE);
	kinds_drop(&kinds);
}

RULE(send_references_grow_and_shrink)
{
	Kinds kinds = kinds_make();

	ASSERT_EQ(mod_refs(kinds.send, MACH_PORT_RIGHT_SEND, 10), KERN_SUCCESS);
	ASSERT_EQ(send_refs(kinds.send), 12);
	ASSERT_EQ(mod_refs(kinds.send, MACH_PORT_RIGHT_SEND, -5), KERN_SUCCESS);
	ASSERT_EQ(send_refs(kinds.send), 7);
	ASSERT_EQ(mod_refs(kinds.both, MACH_PORT_RIGHT_SEND, 10), KERN_SUCCESS);
	ASSERT_EQ(send_refs(kinds.both), 12);
	kinds_drop(&kinds);
}

RULE(send_references_do_not_go_below_zero)
{
	Kinds kinds = kinds_make();

	ASSERT_EQ(mod_refs(kinds.send, MACH_PORT_RIGHT_SEND, -3), KERN_INVALID_VALUE);
	ASSERT_EQ(mod_refs(kinds.send, MACH_PORT_RIGHT_SEND, -65535), KERN_INVALID_VALUE);
	ASSERT_EQ(send_refs(kinds.send), 2);
	ASSERT_EQ(mod_refs(kinds.both, MACH_PORT_RIGHT_SEND, -3), KERN_INVALID_VALUE);
	ASSERT_EQ(send_refs(kinds.both), 2);
	kinds_drop(&kinds);
}

RULE(last_send_reference_frees_the_name)
{
	Kinds kinds = kinds_make();

	ASSERT_EQ(mod_refs(kinds.send, MACH_PORT_RIGHT_SEND, -2), KERN_SUCCESS);
	ASSERT_EQ(type_of(kinds.send), MACH_PORT_TYPE_NONE);
	kinds.send = MACH_PORT_NULL;
	kinds_drop(&kinds);
}

RULE(last_send_reference_leaves_the_receive_right)
{
	Kinds kinds = kinds_make();

	ASSERT_EQ(mod_refs(kinds.both, MACH_PORT_RIGHT_SEND, -2), KERN_SUCCESS);
	ASSERT_EQ(type_of(kinds.both), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(mod_refs(kinds.both, MACH_PORT_RIGHT_SEND, 0), KERN_INVALID_RIGHT);
	ASSERT_EQ(mod_refs(kinds.both, MACH_PORT_RIGHT_SEND, 1), KERN_INVALID_RIGHT);
	kinds_drop(&kinds);
}

RULE(bare_receive_right_dies_with_its_name)
{
	Kinds kinds = kinds_make();

	destroy(kinds.once);
	kinds.once = MACH_PORT_NULL;
	ASSERT_EQ(mod_refs(kinds.receive, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	ASSERT_EQ(type_of(kinds.receive), MACH_PORT_TYPE_NONE);
	kinds.receive = MACH_PORT_NULL;
	kinds_drop(&kinds);
}

RULE(receive_right_with_send_references_becomes_a_dead_name)
{
	Kinds kinds = kinds_make();

	ASSERT_EQ(mod_refs(kinds.both, MACH_PORT_RIGHT_RECEIVE, -1), KERN_SUCCESS);
	ASSERT_EQ(type_of(kinds.both), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(dead_refs(kinds.both), 2);
	ASSERT_EQ(mod_refs(kinds.both, MACH_PORT_RIGHT_SEND, -1), KERN_INVALID_RIGHT);
	ASSERT_EQ(mod_refs(kinds.both, MACH_PORT_RIGHT_RECEIVE, -1), KERN_INVALID_RIGHT);
	kinds_drop(&kinds);
}

RULE(send_right_becomes_a_dead_name_when_its_port_dies_elsewhere)
{
	Kinds kinds = kinds_make();

	drop_receive(kinds.park);
	kinds.park = MACH_PORT_NULL;
	ASSERT_EQ(mod_refs(kinds.send, MACH_PORT_RIGHT_SEND, -1), KERN_INVALID_RIGHT);
	ASSERT_EQ(type_of(kinds.send), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(dead_refs(kinds.send), 2);
	kinds_drop(&kinds);
}

RULE(send_once_right_becomes_a_dead_name_when_its_port_dies)
{
	Kinds kinds = kinds_make();

	drop_receive(kinds.receive);
	kinds.receive = MACH_PORT_NULL;
	ASSERT_EQ(type_of(kinds.once), MACH_PORT_TYPE_DEAD_NAME);
	ASSERT_EQ(dead_refs(kinds.once), 1);
	ASSERT_EQ(mod_refs(kinds.once, MACH_PORT_RIGHT_SEND_ONCE, -1), KERN_INVALID_RIGHT);
	kinds_drop(&kinds);
}

RULE(send_once_right_dropped_notifies_its_port)
{
	Kinds kinds = kinds_make();

	ASSERT_EQ(mod_refs(kinds.once, MACH_PORT_RIGHT_SEND_ONCE, -1), KERN_SUCCESS);
	ASSERT_EQ(type_of(kinds.once), MACH_PORT_TYPE_NONE);
	expect_notification(kinds.receive, MACH_NOTIFY_SEND_ONCE);
	kinds.once = MACH_PORT_NULL;
	kinds_drop(&kinds);
}

RULE(set_dropped_leaves_its_members)
{
	Kinds kinds = kinds_make();

	ASSERT_EQ(mach_port_insert_member(SELF, kinds.receive, kinds.set), KERN_SUCCESS);
	ASSERT_EQ(mod_refs(kinds.set, MACH_PORT_RIGHT_PORT_SET, -1), KERN_SUCCESS);
	ASSERT_EQ(type_of(kinds.set), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(type_of(kinds.receive), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(status_of(kinds.receive).mps_pset, 0);
	kinds.set = MACH_PORT_NULL;
	kinds_drop(&kinds);
}

RULE(dead_name_references_grow_and_shrink)
{
	Kinds kinds = kinds_make();

	ASSERT_EQ(mod_refs(kinds.dead, MACH_PORT_RIGHT_DEAD_NAME, 4), KERN_SUCCESS);
	ASSERT_EQ(dead_refs(kinds.dead), 6);
	ASSERT_EQ(mod_refs(kinds.dead, MACH_PORT_RIGHT_DEAD_NAME, -7), KERN_INVALID_VALUE);
	ASSERT_EQ(dead_refs(kinds.dead), 6);
	ASSERT_EQ(mod_refs(kinds.dead, MACH_PORT_RIGHT_DEAD_NAME, -6), KERN_SUCCESS);
	ASSERT_EQ(type_of(kinds.dead), MACH_PORT_TYPE_NONE);
	kinds.dead = MACH_PORT_NULL;
	kinds_drop(&kinds);
}
