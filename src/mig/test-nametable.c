/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/nametable.h"
#include "tests/lib/unit.h"

TEST(nothing_is_in_an_empty_table)
{
	NameTable t;
	Arena a;

	arena_init(&a);
	nametable_init(&t, &a);
	ASSERT_NULL(nametable_find(&t, "x"));
	ASSERT_NULL(nametable_find(&t, ""));
	arena_deinit(&a);
}

TEST(the_first_value_stays)
{
	NameTable t;
	Arena a;
	int one, two;

	arena_init(&a);
	nametable_init(&t, &a);
	ASSERT_NULL(nametable_add(&t, "x", &one));
	ASSERT_PTR_EQ(nametable_add(&t, "x", &two), &one);
	ASSERT_PTR_EQ(nametable_find(&t, "x"), &one);
	ASSERT_NULL(nametable_find(&t, "xx"));
	arena_deinit(&a);
}

TEST(many_are_found_again)
{
	NameTable t;
	Arena a;
	char *names[5000];

	arena_init(&a);
	nametable_init(&t, &a);
	for (unsigned i = 0; i < 5000; i++) {
		names[i] = arena_printf(&a, "n%u", i);
		ASSERT_NULL(nametable_add(&t, names[i], names[i]));
	}
	for (unsigned i = 0; i < 5000; i++) {
		ASSERT_PTR_EQ(nametable_find(&t, names[i]), names[i]);
		ASSERT_PTR_EQ(nametable_add(&t, arena_strdup(&a, names[i]), &t), names[i]);
	}
	ASSERT_NULL(nametable_find(&t, "n5000"));
	arena_deinit(&a);
}
