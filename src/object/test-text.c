/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "object/text.h"
#include "tests/lib/unit.h"

static OBJECT_STRING_STATIC(fixed, "fixed");

TEST(only_text_is_accepted)
{
	static const struct {
		const char *bytes;
		size_t size;
	} bad[] = {{"\xff", 1}, {"a\0b", 3}, {"\xc3", 1}, {"\xed\xa0\x80", 3}, {"\xc0\x80", 2},
		{"\xf4\x90\x80\x80", 4}, {"\0", 1}, {"ok\x80", 3}};
	Object *string;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ASSERT_EQ(object_string_new(bad[i].bytes, bad[i].size, &string), OBJECT_E_INVALID);
}

TEST(strings_know_their_lengths)
{
	_cleanup_object_ Object *string = NULL, *empty = NULL;

	ASSERT_OK(object_string_new_z("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", &string));
	ASSERT_EQ(object_string_size(string), 10);
	ASSERT_EQ(object_string_n_units(string), 5);
	ASSERT_OK(object_string_new("", 0, &empty));
	ASSERT_STREQ(object_string_get(empty), "");
	ASSERT_TRUE(object_string_is(empty, ""));
	ASSERT_FALSE(object_string_is(string, "a"));
	ASSERT_LT(object_string_compare(empty, string), 0);
}

TEST(static_strings_are_strings)
{
	_cleanup_object_ Object *same = NULL;

	ASSERT_OK(object_string_new_z("fixed", &same));
	ASSERT_TRUE(object_equal(&fixed.object, same));
	ASSERT_EQ(object_hash(&fixed.object), object_hash(same));
	ASSERT_EQ(object_string_n_units(&fixed.object), 5);
	object_unref(&fixed.object);
	ASSERT_EQ(object_n_refs(&fixed.object), OBJECT_IMMORTAL);
}

TEST(interned_strings_are_one)
{
	char name[] = "name of a test";
	Object *one, *other;

	ASSERT_OK(object_string_intern(name, &one));
	ASSERT_OK(object_string_intern("name of a test", &other));
	ASSERT_PTR_EQ(one, other);
	ASSERT_OK(object_string_intern("another name", &other));
	ASSERT_TRUE(one != other);
	ASSERT_EQ(object_string_intern("\xff", &other), OBJECT_E_INVALID);
	object_unref(one);
	ASSERT_STREQ(object_string_get(one), name);
}

TEST(mutable_strings_change)
{
	_cleanup_object_ Object *string = NULL, *copy = NULL, *open = NULL, *same = NULL;
	uint32_t hash;

	ASSERT_OK(object_string_new_mutable(&string));
	ASSERT_STREQ(object_string_get(string), "");
	ASSERT_OK(object_string_add(string, "hello", 5));
	hash = object_hash(string);
	ASSERT_OK(object_string_add(string, " \xf0\x9f\x98\x80", 5));
	ASSERT_NE(object_hash(string), hash);
	ASSERT_EQ(object_string_n_units(string), 8);
	ASSERT_OK(object_string_replace(string, 0, 5, "bye", 3));
	ASSERT_STREQ(object_string_get(string), "bye \xf0\x9f\x98\x80");
	ASSERT_EQ(object_string_n_units(string), 6);
	ASSERT_EQ(object_string_add(string, "\xff", 1), OBJECT_E_INVALID);
	ASSERT_EQ(object_string_size(string), 8);
	ASSERT_OK(object_dup(string, false, &copy));
	ASSERT_FALSE(object_is_mutable(copy));
	ASSERT_OK(object_dup(copy, true, &open));
	ASSERT_TRUE(object_is_mutable(open));
	ASSERT_OK(object_string_replace(string, 3, 5, "", 0));
	ASSERT_TRUE(object_string_is(string, "bye"));
	ASSERT_FALSE(object_equal(string, copy));
	ASSERT_TRUE(object_equal(open, copy));
	ASSERT_OK(object_dup(copy, false, &same));
	ASSERT_PTR_EQ(same, copy);
	object_freeze(string);
	ASSERT_FALSE(object_is_mutable(string));
}

TEST(a_string_grows_by_many_small_parts)
{
	_cleanup_object_ Object *string = NULL;

	ASSERT_OK(object_string_new_mutable(&string));
	for (int i = 0; i < 5000; i++)
		ASSERT_OK(object_string_add(string, "0123456789", 10));
	ASSERT_EQ(object_string_size(string), 50000);
	ASSERT_EQ(strlen(object_string_get(string)), 50000);
	ASSERT_EQ(object_string_add(string, "", OBJECT_SIZE_MAX + 1), OBJECT_E_LIMIT);
}
