/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "object/array.h"
#include "object/dictionary.h"
#include "object/scalar.h"
#include "object/text.h"
#include "tests/lib/unit.h"

static Object *new_dictionary(void)
{
	Object *dictionary;

	ASSERT_OK(object_dictionary_new(&dictionary));
	return dictionary;
}

static void set(Object *dictionary, const char *key, int64_t number)
{
	Object *value;

	ASSERT_OK(object_int64_new(number, &value));
	ASSERT_OK(object_dictionary_set_z_take(dictionary, key, value));
}

static int64_t get(const Object *dictionary, const char *key)
{
	const Object *value = object_dictionary_find_type(dictionary, key, OBJECT_INT64);

	return value ? object_int64_get(value) : -1;
}

TEST(values_are_found_by_their_keys)
{
	_cleanup_object_ Object *dictionary = new_dictionary(), *key = NULL;

	set(dictionary, "one", 1);
	set(dictionary, "two", 2);
	ASSERT_EQ(get(dictionary, "one"), 1);
	ASSERT_EQ(get(dictionary, "two"), 2);
	ASSERT_NULL(object_dictionary_find_z(dictionary, "three"));
	ASSERT_NULL(object_dictionary_find_z(dictionary, ""));
	ASSERT_NULL(object_dictionary_find_type(dictionary, "one", OBJECT_STRING));
	ASSERT_NOT_NULL(object_dictionary_find_text(dictionary, "one more", 3));
	set(dictionary, "one", 11);
	ASSERT_EQ(get(dictionary, "one"), 11);
	ASSERT_EQ(object_dictionary_n(dictionary), 2);
	ASSERT_OK(object_string_new_z("one", &key));
	ASSERT_NOT_NULL(object_dictionary_find(dictionary, key));
	ASSERT_TRUE(object_string_is(object_dictionary_find_key(dictionary, key), "one"));
	ASSERT_TRUE(object_dictionary_remove(dictionary, key));
	ASSERT_FALSE(object_dictionary_remove(dictionary, key));
	ASSERT_NULL(object_dictionary_find(dictionary, key));
	ASSERT_EQ(object_dictionary_set_z(dictionary, "\xff", key), OBJECT_E_INVALID);
	object_dictionary_clear(dictionary);
	ASSERT_EQ(object_dictionary_n(dictionary), 0);
	set(dictionary, "again", 1);
	ASSERT_EQ(get(dictionary, "again"), 1);
}

#define N_MANY 5000

TEST(many_keys_keep_their_order)
{
	_cleanup_object_ Object *dictionary = new_dictionary();
	Object *key, *value;
	size_t cursor = 0;
	char name[32];
	int n = 0;

	for (int i = 0; i < N_MANY; i++) {
		snprintf(name, sizeof(name), "key %d", i);
		set(dictionary, name, i);
	}
	for (int i = 0; i < N_MANY; i++) {
		snprintf(name, sizeof(name), "key %d", i);
		ASSERT_EQ(get(dictionary, name), i);
	}
	/* Every second one goes, while the entries are walked. */
	while (object_dictionary_next(dictionary, &cursor, &key, &value)) {
		_cleanup_object_ Object *mine = object_ref(key);

		ASSERT_EQ(object_int64_get(value), n);
		if (n++ % 2 == 0)
			ASSERT_TRUE(object_dictionary_remove(dictionary, mine));
	}
	ASSERT_EQ(n, N_MANY);
	ASSERT_EQ(object_dictionary_n(dictionary), N_MANY / 2);
	/* Their room is used again, and the order stays. */
	for (int i = 0; i < N_MANY; i++) {
		snprintf(name, sizeof(name), "new %d", i);
		set(dictionary, name, N_MANY + i);
	}
	cursor = 0;
	n = 1;
	while (object_dictionary_next(dictionary, &cursor, &key, &value)) {
		ASSERT_EQ(object_int64_get(value), n);
		n = n < N_MANY - 1 ? n + 2 : n == N_MANY - 1 ? N_MANY : n + 1;
	}
	ASSERT_EQ(n, 2 * N_MANY);
}

TEST(removing_and_adding_does_not_grow_for_ever)
{
	_cleanup_object_ Object *dictionary = new_dictionary();

	set(dictionary, "stays", 7);
	for (int i = 0; i < 100000; i++) {
		_cleanup_object_ Object *key = NULL;

		set(dictionary, "comes and goes", i);
		ASSERT_OK(object_string_new_z("comes and goes", &key));
		ASSERT_TRUE(object_dictionary_remove(dictionary, key));
	}
	ASSERT_EQ(get(dictionary, "stays"), 7);
	ASSERT_EQ(object_dictionary_n(dictionary), 1);
}

TEST(any_object_may_be_a_key)
{
	_cleanup_object_ Object *dictionary = new_dictionary(), *number = NULL, *real = NULL;
	_cleanup_object_ Object *array = NULL, *same = NULL;

	ASSERT_OK(object_int64_new(3, &number));
	ASSERT_OK(object_double_new(3.0, &real));
	ASSERT_OK(object_array_new(&array));
	ASSERT_OK(object_array_new(&same));
	ASSERT_TRUE(object_dictionary_has_string_keys(dictionary));
	ASSERT_OK(object_dictionary_set(dictionary, number, object_bool(true)));
	ASSERT_OK(object_dictionary_set(dictionary, array, object_null()));
	ASSERT_FALSE(object_dictionary_has_string_keys(dictionary));
	ASSERT_PTR_EQ(object_dictionary_find(dictionary, real), object_bool(true));
	/* The key is a copy: what becomes of the array does not matter. */
	ASSERT_OK(object_array_add(array, number));
	ASSERT_NULL(object_dictionary_find(dictionary, array));
	ASSERT_PTR_EQ(object_dictionary_find(dictionary, same), object_null());
	ASSERT_NULL(object_dictionary_find_z(dictionary, "3"));
}

/* The key of a key of a key: comparing two of them is bounded as everything is. */
TEST(keys_within_keys_are_bounded)
{
	Object *each[2] = {object_null(), object_null()};

	for (int i = 0; i < 100000; i++) {
		for (int j = 0; j < 2; j++) {
			Object *outer = new_dictionary();

			ASSERT_OK(object_dictionary_set(outer, each[j], object_null()));
			object_unref(each[j]);
			each[j] = object_freeze(outer);
		}
	}
	ASSERT_FALSE(object_equal(each[0], each[1]));
	ASSERT_TRUE(object_equal(each[0], each[0]));
	object_unref(each[0]);
	object_unref(each[1]);
}

TEST(a_mutable_key_is_copied)
{
	_cleanup_object_ Object *dictionary = new_dictionary(), *key = NULL;

	ASSERT_OK(object_string_new_mutable(&key));
	ASSERT_OK(object_string_add(key, "a", 1));
	ASSERT_OK(object_dictionary_set(dictionary, key, object_null()));
	ASSERT_OK(object_string_add(key, "b", 1));
	ASSERT_NOT_NULL(object_dictionary_find_z(dictionary, "a"));
	ASSERT_NULL(object_dictionary_find_z(dictionary, "ab"));
}

TEST(dictionaries_are_equal_in_any_order)
{
	_cleanup_object_ Object *one = new_dictionary(), *other = new_dictionary(), *copy = NULL;

	set(one, "a", 1);
	set(one, "b", 2);
	set(other, "b", 2);
	ASSERT_FALSE(object_equal(one, other));
	set(other, "a", 1);
	ASSERT_TRUE(object_equal(one, other));
	ASSERT_EQ(object_hash(one), object_hash(other));
	set(other, "a", 3);
	ASSERT_FALSE(object_equal(one, other));
	ASSERT_OK(object_dup(one, false, &copy));
	ASSERT_TRUE(object_equal(one, copy));
	ASSERT_FALSE(object_is_mutable(copy));
}
