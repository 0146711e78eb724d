/* SPDX-License-Identifier: Apache-2.0 */
#include "object/array.h"
#include "object/scalar.h"
#include "tests/lib/unit.h"

static Object *number(int64_t value)
{
	Object *object;

	ASSERT_OK(object_int64_new(value, &object));
	return object;
}

static Object *numbers(int n)
{
	Object *array;

	ASSERT_OK(object_array_new(&array));
	for (int i = 0; i < n; i++)
		ASSERT_OK(object_array_add_take(array, number(i)));
	return array;
}

static void holds(const Object *array, const int64_t *values, size_t n)
{
	ASSERT_EQ(object_array_n(array), n);
	for (size_t i = 0; i < n; i++)
		ASSERT_EQ(object_int64_get(object_array_get(array, i)), values[i]);
}

#define HOLDS(array, ...)                                                                          \
	holds((array), (const int64_t[]){__VA_ARGS__}, ARRAY_SIZE(((const int64_t[]){__VA_ARGS__})))

TEST(elements_are_added_and_removed)
{
	_cleanup_object_ Object *array = numbers(4), *value = number(9);

	HOLDS(array, 0, 1, 2, 3);
	ASSERT_OK(object_array_insert(array, 0, value));
	ASSERT_OK(object_array_insert(array, 5, value));
	HOLDS(array, 9, 0, 1, 2, 3, 9);
	ASSERT_EQ(object_n_refs(value), 3);
	object_array_remove(array, 0);
	object_array_remove(array, 4);
	ASSERT_EQ(object_n_refs(value), 1);
	object_array_set(array, 1, value);
	object_array_swap(array, 0, 3);
	HOLDS(array, 3, 9, 2, 0);
	ASSERT_OK(object_array_replace(array, 0, 4, NULL, 0));
	ASSERT_EQ(object_array_n(array), 0);
	ASSERT_EQ(object_n_refs(value), 1);
}

TEST(ranges_are_replaced)
{
	_cleanup_object_ Object *array = numbers(5), *a = number(10), *b = number(11);
	Object *values[] = {a, b, a};

	ASSERT_OK(object_array_replace(array, 1, 2, values, 3));
	HOLDS(array, 0, 10, 11, 10, 3, 4);
	ASSERT_OK(object_array_replace(array, 1, 4, values, 1));
	HOLDS(array, 0, 10, 4);
	ASSERT_OK(object_array_replace(array, 3, 0, values, 2));
	HOLDS(array, 0, 10, 4, 10, 11);
	ASSERT_EQ(object_array_replace(array, 0, 0, values, OBJECT_COUNT_MAX + 1), OBJECT_E_LIMIT);
}

static int by_tens(const Object *one, const Object *other, void *data)
{
	int64_t a = object_int64_get(one) / 10, b = object_int64_get(other) / 10;

	++*(int *)data;
	return (a > b) - (a < b);
}

TEST(sorting_is_stable)
{
	static const int64_t values[] = {35, 12, 31, 19, 11, 5, 33, 2, 18, 30};
	_cleanup_object_ Object *array = numbers(0);
	int n_calls = 0;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		ASSERT_OK(object_array_add_take(array, number(values[i])));
	ASSERT_OK(object_array_sort(array, 0, ARRAY_SIZE(values), by_tens, &n_calls));
	HOLDS(array, 5, 2, 12, 19, 11, 18, 35, 31, 33, 30);
	ASSERT_LE(n_calls, 40);
	ASSERT_OK(object_array_sort(array, 3, 1, by_tens, &n_calls));
	ASSERT_OK(object_array_sort(array, 10, 0, by_tens, &n_calls));
}

TEST(arrays_are_compared_and_copied)
{
	_cleanup_object_ Object *one = numbers(3), *same = numbers(3), *less = numbers(2);
	_cleanup_object_ Object *copy = NULL, *open = NULL;

	ASSERT_TRUE(object_equal(one, same));
	ASSERT_EQ(object_hash(one), object_hash(same));
	ASSERT_FALSE(object_equal(one, less));
	ASSERT_OK(object_dup(one, false, &copy));
	ASSERT_FALSE(object_is_mutable(copy));
	ASSERT_OK(object_dup(copy, true, &open));
	object_array_remove(open, 0);
	ASSERT_TRUE(object_equal(one, copy));
	ASSERT_EQ(object_array_n(open), 2);
}
