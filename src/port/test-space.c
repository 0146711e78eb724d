/* SPDX-License-Identifier: Apache-2.0 */
#include <mach/mach.h>

#include "port/test-support.h"

#define INDEX(name) ((name) >> 8)

/* An entry that stands for nothing that needs care. */
static Entry *fill(Entry *entry)
{
	entry->type = ENTRY_DEAD_NAME;
	entry->urefs = 1;
	entry->object = NULL;
	return entry;
}

static PortName take(void)
{
	Entry *entry;

	if (space_alloc(&entry))
		return 0;
	return fill(entry)->name;
}

static void release(PortName name)
{
	space_release(space_find_raw(name));
}

PORT_TEST(names_look_like_names)
{
	PortName a = LOCKED(take());
	PortName b = LOCKED(take());

	ASSERT_NE(a, 0);
	ASSERT_NE(a, b);
	ASSERT_EQ(a & 3, 3);
	ASSERT_NE(INDEX(a), 0);
	ASSERT_EQ(LOCKED(space_find_raw(a))->name, a);
	ASSERT_NULL(LOCKED(space_find_raw(a + 4)));
	ASSERT_NULL(LOCKED(space_find_raw(0)));
	ASSERT_NULL(LOCKED(space_find_raw(UINT32_MAX)));
	ASSERT_NULL(LOCKED(space_find_raw(0x7fffff03)));
	LOCKED_DO(release(a));
	LOCKED_DO(release(b));
	ASSERT_NULL(LOCKED(space_find_raw(a)));
}

PORT_TEST(a_freed_slot_rests)
{
	PortName first = LOCKED(take());
	PortName name;
	unsigned n = 0;

	LOCKED_DO(release(first));
	/* As many others must have been free in between as the reserve is large. */
	do {
		name = LOCKED(take());
		LOCKED_DO(release(name));
		n++;
	} while (INDEX(name) != INDEX(first) && n < 100000);
	ASSERT_GT(n, SPACE_RESERVE / 2);
	ASSERT_LT(n, 100000);
	/* It came back as another name. */
	ASSERT_NE(name, first);
	ASSERT_EQ(name & 3, 3);
	ASSERT_NULL(LOCKED(space_find_raw(first)));
}

PORT_TEST(generations_go_round)
{
	PortName name = 0x654303;
	Entry *entry = NULL;

	/* The generation has six bits; all of them are legal. */
	for (unsigned i = 0; i < 64; i++) {
		ASSERT_OK(LOCKED(space_alloc_name(name + i * 4, &entry)));
		ASSERT_EQ(fill(entry)->name, name + i * 4);
		ASSERT_EQ(LOCKED(space_alloc_name(name + i * 4, &entry)), KERN_NAME_EXISTS);
		ASSERT_EQ(LOCKED(space_alloc_name(name + (i + 1) % 64 * 4, &entry)), KERN_FAILURE);
		LOCKED_DO(release(name + i * 4));
	}
}

PORT_TEST(chosen_names)
{
	Entry *entry = NULL;

	ASSERT_EQ(LOCKED(space_alloc_name(0x1000, &entry)), KERN_INVALID_VALUE);
	ASSERT_EQ(LOCKED(space_alloc_name(0x1002, &entry)), KERN_INVALID_VALUE);
	ASSERT_EQ(LOCKED(space_alloc_name(0x03, &entry)), KERN_FAILURE);
	ASSERT_NULL(entry);
	ASSERT_OK(LOCKED(space_alloc_name(0xffffff07, &entry)));
	ASSERT_EQ(fill(entry)->name, 0xffffff07u);
	ASSERT_PTR_EQ(LOCKED(space_find(0xffffff07)), entry);
	LOCKED_DO(release(0xffffff07));
}

/* A name that is chosen where fresh ones are next handed out is passed over. */
PORT_TEST(fresh_names_avoid_chosen_ones)
{
	PortName chosen[16], fresh[32];
	PortName next;
	Entry *entry;

	do {
		next = LOCKED(take());
		LOCKED_DO(release(next));
	} while ((next & 0xff) != 3);
	for (unsigned i = 0; i < 16; i++) {
		chosen[i] = (INDEX(next) + 2 + i) << 8 | 7;
		ASSERT_OK(LOCKED(space_alloc_name(chosen[i], &entry)));
		fill(entry);
	}
	for (unsigned i = 0; i < 32; i++) {
		fresh[i] = LOCKED(take());
		for (unsigned k = 0; k < 16; k++)
			ASSERT_NE(INDEX(fresh[i]), INDEX(chosen[k]));
	}
	for (unsigned i = 0; i < 32; i++)
		LOCKED_DO(release(fresh[i]));
	for (unsigned i = 0; i < 16; i++)
		LOCKED_DO(release(chosen[i]));
}

PORT_TEST(user_references_stick)
{
	PortName name = LOCKED(take());
	Entry *entry = LOCKED(space_find_raw(name));

	LOCKED_DO(entry_urefs_add(entry, 9));
	ASSERT_EQ(entry->urefs, 10);
	LOCKED_DO(entry_urefs_add(entry, 65524));
	ASSERT_EQ(entry->urefs, 65534);
	LOCKED_DO(entry_urefs_add(entry, 1));
	ASSERT_EQ(entry->urefs, SPACE_UREFS_MAX);
	LOCKED_DO(entry_urefs_add(entry, UINT32_MAX));
	ASSERT_EQ(entry->urefs, SPACE_UREFS_MAX);
	LOCKED_DO(release(name));
}

PORT_TEST(the_table_grows_and_is_walked)
{
	static PortName names[3 * SPACE_CHUNK];
	uint32_t used = LOCKED(space_used());
	uint32_t index = 0, n = 0;

	for (unsigned i = 0; i < 3 * SPACE_CHUNK; i++) {
		names[i] = LOCKED(take());
		ASSERT_NE(names[i], 0);
	}
	ASSERT_EQ(LOCKED(space_used()), used + 3 * SPACE_CHUNK);
	ASSERT_GE(LOCKED(space_size()), 3 * SPACE_CHUNK);
	ASSERT_NOT_NULL(space_chunks());
	while (LOCKED(space_next(&index)))
		n++;
	ASSERT_EQ(n, used + 3 * SPACE_CHUNK);
	for (unsigned i = 0; i < 3 * SPACE_CHUNK; i++) {
		ASSERT_EQ(LOCKED(space_find_raw(names[i]))->name, names[i]);
		LOCKED_DO(release(names[i]));
	}
	ASSERT_EQ(LOCKED(space_used()), used);
}

/* Chosen names take slots out of the queue of free ones, wherever they stand in it. */
PORT_TEST(a_resting_slot_can_be_chosen)
{
	PortName names[5];
	Entry *entry;

	for (unsigned i = 0; i < 5; i++)
		names[i] = LOCKED(take());
	for (unsigned i = 0; i < 5; i++)
		LOCKED_DO(release(names[i]));
	for (unsigned i = 0; i < 5; i++) {
		PortName chosen = INDEX(names[(i + 2) % 5]) << 8 | 0x83;

		ASSERT_OK(LOCKED(space_alloc_name(chosen, &entry)));
		names[(i + 2) % 5] = fill(entry)->name;
	}
	for (unsigned i = 0; i < 5; i++)
		LOCKED_DO(release(names[i]));
}

/* A send right to a port that has died is a dead name as soon as anybody looks. */
PORT_TEST(finding_turns_dead_rights_into_dead_names)
{
	PortName receive = make_receive(NULL);
	PortName once = make_once(receive);

	ASSERT_EQ(type_of(once), ENTRY_SEND_ONCE);
	LOCKED_DO(right_drop(&(Right){.kind = RIGHT_NONE}));
	ASSERT_EQ(mach_port_mod_refs(mach_task_self(), receive, MACH_PORT_RIGHT_RECEIVE, -1), 0);
	ASSERT_EQ(type_of(once), ENTRY_DEAD_NAME);
	ASSERT_EQ(urefs_of(once), 1);
	ASSERT_EQ(mach_port_deallocate(mach_task_self(), once), 0);
	ASSERT_EQ(type_of(once), 0);
}
