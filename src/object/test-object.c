/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "object/array.h"
#include "object/data.h"
#include "object/dictionary.h"
#include "object/object.h"
#include "object/scalar.h"
#include "object/text.h"
#include "tests/lib/unit.h"

/* A class of another layer: holds an object, and counts how many are released. */
typedef struct Thing {
	Object object;
	Object *held;
	int value;
} Thing;

static _Atomic int n_released;

static void deinit_thing(Object *object)
{
	object_unref(((Thing *)object)->held);
	atomic_fetch_add(&n_released, 1);
}

static bool equal_things(const Object *one, const Object *other, ObjectWalk *walk)
{
	const Thing *a = (const Thing *)one, *b = (const Thing *)other;

	return a->value == b->value && object_equal_within(a->held, b->held, walk);
}

static uint32_t hash_thing(const Object *object)
{
	return (uint32_t)((const Thing *)object)->value;
}

static int describe_thing(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	int r = object_describe_put(text, "thing %d of ", ((const Thing *)object)->value);

	return r != 0 ? r : object_describe_within(((const Thing *)object)->held, text, walk);
}

static const ObjectClass thing_class = {.name = "Thing",
	.type = OBJECT_OTHER,
	.size = sizeof(Thing),
	.deinit = deinit_thing,
	.equal = equal_things,
	.hash = hash_thing,
	.describe = describe_thing};
static const ObjectClass plain_class = {
	.name = "Plain", .type = OBJECT_OTHER, .size = sizeof(Object)};

static Object *new_thing(int value, Object *held)
{
	Object *thing;

	ASSERT_OK(object_new(&thing_class, false, &thing));
	((Thing *)thing)->value = value;
	((Thing *)thing)->held = object_ref(held);
	return thing;
}

TEST(references_are_counted)
{
	Object *thing = new_thing(1, NULL);

	n_released = 0;
	ASSERT_EQ(object_n_refs(thing), 1);
	ASSERT_PTR_EQ(object_ref(thing), thing);
	ASSERT_EQ(object_n_refs(thing), 2);
	ASSERT_NULL(object_unref(thing));
	ASSERT_EQ(n_released, 0);
	ASSERT_NULL(object_unref(thing));
	ASSERT_EQ(n_released, 1);
	ASSERT_NULL(object_ref(NULL));
	ASSERT_NULL(object_unref(NULL));
}

TEST(some_objects_are_immortal)
{
	Object *null = object_null();

	for (int i = 0; i < 10; i++)
		object_unref(null);
	ASSERT_EQ(object_n_refs(null), OBJECT_IMMORTAL);
	ASSERT_PTR_EQ(object_ref(null), null);
	ASSERT_EQ(object_type(null), OBJECT_NULL);
	ASSERT_TRUE(object_bool_get(object_bool(true)));
	ASSERT_FALSE(object_bool_get(object_bool(false)));
}

TEST(assigning_replaces_a_reference)
{
	_cleanup_object_ Object *one = new_thing(1, NULL);
	Object *held = NULL;

	n_released = 0;
	object_assign(&held, one);
	object_assign(&held, held);
	ASSERT_EQ(object_n_refs(one), 2);
	object_assign(&held, NULL);
	ASSERT_EQ(object_n_refs(one), 1);
	ASSERT_NULL(held);
}

TEST(classes_have_numbers)
{
	unsigned id = object_class_id(&thing_class);

	ASSERT_GE(id, OBJECT_OTHER);
	ASSERT_EQ(object_class_id(&thing_class), id);
	ASSERT_NE(object_class_id(&plain_class), id);
	ASSERT_PTR_EQ(object_class_find(id), &thing_class);
	ASSERT_EQ(object_class_id(object_null()->class), OBJECT_NULL);
	ASSERT_NULL(object_class_find(0));
	ASSERT_NULL(object_class_find(UINT_MAX));
	ASSERT_NULL(object_class_find(OBJECT_STRING));
}

/* Each of a million arrays holds the next: by recursion their release would end the stack. */
TEST(a_deep_nest_is_released_without_recursion)
{
	Object *outer = new_thing(0, NULL);

	n_released = 0;
	for (int i = 1; i < 1000000; i++) {
		Object *array;

		if (i % 2 == 0) {
			Object *thing = new_thing(i, outer);

			object_unref(outer);
			outer = thing;
			continue;
		}
		ASSERT_OK(object_array_new(&array));
		ASSERT_OK(object_array_add_take(array, outer));
		outer = array;
	}
	object_unref(outer);
	ASSERT_EQ(n_released, 500000);
}

static Object *nested(unsigned depth)
{
	Object *outer;

	ASSERT_OK(object_array_new(&outer));
	for (unsigned i = 1; i < depth; i++) {
		Object *array;

		ASSERT_OK(object_array_new(&array));
		ASSERT_OK(object_array_add_take(array, outer));
		outer = array;
	}
	return outer;
}

TEST(what_is_too_deep_is_neither_equal_nor_copied)
{
	_cleanup_object_ Object *good = nested(OBJECT_DEPTH_MAX), *same = nested(OBJECT_DEPTH_MAX);
	_cleanup_object_ Object *deep = nested(OBJECT_DEPTH_MAX + 1);
	_cleanup_object_ Object *other = nested(OBJECT_DEPTH_MAX + 1), *copy = NULL;
	_cleanup_free_ char *text = NULL;

	ASSERT_TRUE(object_equal(good, same));
	ASSERT_TRUE(object_equal(deep, deep));
	ASSERT_FALSE(object_equal(deep, other));
	ASSERT_EQ(object_dup_deep(deep, OBJECT_COPY_IMMUTABLE, &copy), OBJECT_E_LIMIT);
	ASSERT_OK(object_dup_deep(good, OBJECT_COPY_IMMUTABLE, &copy));
	ASSERT_TRUE(object_equal(good, copy));
	ASSERT_OK(object_describe(deep, &text));
	ASSERT_STRSTR(text, "[...]");
}

/* Arrays that hold the next one twice: 2^60 values to who follows each. */
TEST(what_is_shared_often_is_not_followed_for_ever)
{
	_cleanup_object_ Object *one = nested(1), *other = nested(1), *copy = NULL;
	_cleanup_free_ char *text = NULL;

	for (int i = 0; i < 60; i++) {
		Object **each[] = {&one, &other};

		for (size_t j = 0; j < ARRAY_SIZE(each); j++) {
			Object *array;

			ASSERT_OK(object_array_new(&array));
			ASSERT_OK(object_array_add(array, *each[j]));
			ASSERT_OK(object_array_add(array, *each[j]));
			object_unref(*each[j]);
			*each[j] = array;
		}
	}
	ASSERT_FALSE(object_equal(one, other));
	ASSERT_EQ(object_dup_deep(one, OBJECT_COPY_CONTAINERS, &copy), OBJECT_E_LIMIT);
	ASSERT_OK(object_describe(one, &text));
	ASSERT_LE(strlen(text), (1 << 20));
}

TEST(classes_of_others_are_compared_hashed_and_described)
{
	_cleanup_object_ Object *string = NULL, *one = NULL, *same = NULL, *other = NULL;
	_cleanup_object_ Object *plain = NULL, *plain2 = NULL, *copy = NULL;
	_cleanup_free_ char *text = NULL, *text2 = NULL;

	ASSERT_OK(object_string_new_z("x", &string));
	one = new_thing(7, string);
	same = new_thing(7, string);
	other = new_thing(7, NULL);
	ASSERT_TRUE(object_equal(one, same));
	ASSERT_FALSE(object_equal(one, other));
	ASSERT_FALSE(object_equal(one, string));
	ASSERT_FALSE(object_equal(one, NULL));
	ASSERT_TRUE(object_equal(NULL, NULL));
	ASSERT_EQ(object_hash(one), object_hash(same));
	ASSERT_OK(object_describe(one, &text));
	ASSERT_STREQ(text, "thing 7 of \"x\"");
	ASSERT_OK(object_new(&plain_class, false, &plain));
	ASSERT_OK(object_new(&plain_class, false, &plain2));
	ASSERT_FALSE(object_equal(plain, plain2));
	ASSERT_NE(object_hash(plain), object_hash(plain2));
	ASSERT_OK(object_describe(plain, &text2));
	ASSERT_STRSTR(text2, "<Plain 0x");
	ASSERT_OK(object_dup(plain, true, &copy));
	ASSERT_PTR_EQ(copy, plain);
	ASSERT_TRUE(object_is(one, &thing_class));
	ASSERT_FALSE(object_is(NULL, &thing_class));
	ASSERT_FALSE(object_is(plain, &thing_class));
}

static Object *sample(void)
{
	Object *dictionary, *array, *value;
	uint8_t uuid[OBJECT_UUID_SIZE] = {1, 2, 3};

	ASSERT_OK(object_dictionary_new(&dictionary));
	ASSERT_OK(object_array_new(&array));
	ASSERT_OK(object_array_add(array, object_null()));
	ASSERT_OK(object_array_add(array, object_bool(true)));
	ASSERT_OK(object_int64_new(-5, &value));
	ASSERT_OK(object_array_add_take(array, value));
	ASSERT_OK(object_uint64_new(5, &value));
	ASSERT_OK(object_array_add_take(array, value));
	ASSERT_OK(object_double_new(0.1, &value));
	ASSERT_OK(object_array_add_take(array, value));
	ASSERT_OK(object_date_new(1, &value));
	ASSERT_OK(object_array_add_take(array, value));
	ASSERT_OK(object_data_new("ab", 2, &value));
	ASSERT_OK(object_array_add_take(array, value));
	ASSERT_OK(object_uuid_new(uuid, &value));
	ASSERT_OK(object_array_add_take(array, value));
	ASSERT_OK(object_dictionary_set_z_take(dictionary, "all", array));
	ASSERT_OK(object_string_new_z("a\"\n\\\x7f", &value));
	ASSERT_OK(object_dictionary_set_z_take(dictionary, "text", value));
	return dictionary;
}

TEST(descriptions_are_one_line_for_people)
{
	_cleanup_object_ Object *object = sample();
	_cleanup_free_ char *text = NULL, *none = NULL;

	ASSERT_OK(object_describe(object, &text));
	ASSERT_STREQ(text,
		"{\"all\": [null, true, -5, 5, 0.1, 1970-01-01 00:00:00.000000001 +0000, "
		"<2 bytes: 6162>, 01020300-0000-0000-0000-000000000000], "
		"\"text\": \"a\\\"\\u000a\\\\\\u007f\"}");
	ASSERT_OK(object_describe(NULL, &none));
	ASSERT_STREQ(none, "(null)");
}

TEST(a_description_is_bounded)
{
	_cleanup_object_ Object *string = NULL, *array = NULL;
	_cleanup_free_ char *text = NULL, *big = calloc(1, 300001);

	memset(big, 'x', 300000);
	ASSERT_OK(object_string_new_z(big, &string));
	ASSERT_OK(object_array_new(&array));
	for (int i = 0; i < 10; i++)
		ASSERT_OK(object_array_add(array, string));
	ASSERT_OK(object_describe(array, &text));
	ASSERT_LT(strlen(text), 1 << 20);
	ASSERT_GT(strlen(text), 800000);
}

TEST(deep_copies_are_as_mutable_as_asked)
{
	_cleanup_object_ Object *object = sample(), *frozen = NULL, *open = NULL, *all = NULL;

	ASSERT_OK(object_dup_deep(object, OBJECT_COPY_IMMUTABLE, &frozen));
	ASSERT_OK(object_dup_deep(frozen, OBJECT_COPY_CONTAINERS, &open));
	ASSERT_OK(object_dup_deep(frozen, OBJECT_COPY_LEAVES, &all));
	ASSERT_TRUE(object_equal(object, frozen));
	ASSERT_TRUE(object_equal(open, frozen));
	ASSERT_TRUE(object_equal(all, frozen));
	ASSERT_FALSE(object_is_mutable(frozen));
	ASSERT_FALSE(object_is_mutable(object_dictionary_find_z(frozen, "all")));
	ASSERT_TRUE(object_is_mutable(object_dictionary_find_z(open, "all")));
	ASSERT_FALSE(object_is_mutable(object_dictionary_find_z(open, "text")));
	ASSERT_TRUE(object_is_mutable(object_dictionary_find_z(all, "text")));
}

#define N_THREADS 4
#define N_ROUNDS 20000

static void *share(void *shared)
{
	for (int i = 0; i < N_ROUNDS; i++) {
		Object *mine = object_ref(shared), *text = object_dictionary_find_z(mine, "text");

		/* The hash is put down by whoever is first. */
		ASSERT_NE(object_hash(text), 0);
		ASSERT_TRUE(object_equal(mine, shared));
		object_ref(text);
		object_unref(mine);
		object_unref(text);
	}
	object_unref(shared);
	return NULL;
}

TEST(threads_share_an_immutable_value)
{
	pthread_t threads[N_THREADS];
	Object *shared = NULL, *object = sample();

	ASSERT_OK(object_dup_deep(object, OBJECT_COPY_IMMUTABLE, &shared));
	object_unref(object);
	for (int i = 0; i < N_THREADS; i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, share, object_ref(shared)));
	object_unref(shared);
	for (int i = 0; i < N_THREADS; i++)
		ASSERT_OK(pthread_join(threads[i], NULL));
}

static void *drop(void *object)
{
	object_unref(object);
	return NULL;
}

/* Whoever is last releases it, once. */
TEST(threads_race_for_the_last_reference)
{
	n_released = 0;
	for (int round = 0; round < 200; round++) {
		pthread_t threads[N_THREADS];
		Object *thing = new_thing(round, NULL);

		for (int i = 0; i < N_THREADS; i++)
			ASSERT_OK(pthread_create(&threads[i], NULL, drop, object_ref(thing)));
		object_unref(thing);
		for (int i = 0; i < N_THREADS; i++)
			ASSERT_OK(pthread_join(threads[i], NULL));
	}
	ASSERT_EQ(n_released, 200);
}

static void *intern(void *name)
{
	Object *string;

	ASSERT_OK(object_string_intern(name, &string));
	return string;
}

TEST(threads_intern_one_string)
{
	pthread_t threads[N_THREADS];
	void *strings[N_THREADS];
	char name[] = "of all threads";

	for (int i = 0; i < N_THREADS; i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, intern, name));
	for (int i = 0; i < N_THREADS; i++)
		ASSERT_OK(pthread_join(threads[i], &strings[i]));
	for (int i = 1; i < N_THREADS; i++)
		ASSERT_PTR_EQ(strings[i], strings[0]);
}
