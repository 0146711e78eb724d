/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "object/array.h"

#define ROOM_MIN ((size_t)8)

typedef struct Array {
	Object object;
	size_t n, room;
	Object **values;
} Array;

static Array *array_of(const Object *object)
{
	assert(object_type(object) == OBJECT_ARRAY);
	return (Array *)object;
}

static void deinit_array(Object *object)
{
	Array *array = array_of(object);

	for (size_t i = 0; i < array->n; i++)
		object_unref(array->values[i]);
	free(array->values);
}

static bool equal_arrays(const Object *one, const Object *other, ObjectWalk *walk)
{
	const Array *a = array_of(one), *b = array_of(other);

	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!object_equal_within(a->values[i], b->values[i], walk))
			return false;
	return true;
}

static uint32_t hash_array(const Object *object)
{
	size_t key[2] = {OBJECT_ARRAY, array_of(object)->n};

	return hash_bytes(key, sizeof(key));
}

static int describe_array(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	const Array *array = array_of(object);
	int r = object_describe_put(text, "[");

	for (size_t i = 0; r == 0 && i < array->n; i++) {
		if (i > 0)
			r = object_describe_put(text, ", ");
		if (r == 0)
			r = object_describe_within(array->values[i], text, walk);
	}
	return r != 0 ? r : object_describe_put(text, "]");
}

static int dup_array(const Object *object, bool is_mutable, Object **ret)
{
	_cleanup_object_ Object *copy = NULL;
	const Array *array = array_of(object);
	int r = object_array_new(&copy);

	if (r == 0)
		r = object_array_replace(copy, 0, 0, array->values, array->n);
	if (r != 0)
		return error_trace(r);
	copy->is_mutable = is_mutable;
	*ret = TAKE_PTR(copy);
	return 0;
}

static const ObjectClass array_class = {.name = "array",
	.type = OBJECT_ARRAY,
	.size = sizeof(Array),
	.deinit = deinit_array,
	.equal = equal_arrays,
	.hash = hash_array,
	.describe = describe_array,
	.dup = dup_array};

int object_array_new(Object **ret)
{
	int r = object_new(&array_class, true, ret);

	return r < 0 ? error_trace(r) : 0;
}

size_t object_array_n(const Object *array)
{
	return array_of(array)->n;
}

Object *object_array_get(const Object *array, size_t index)
{
	assert(index < array_of(array)->n);
	return array_of(array)->values[index];
}

static int grow(Array *array, size_t n)
{
	size_t room = MAX(array->room, ROOM_MIN);
	Object **values;

	if (n > OBJECT_COUNT_MAX)
		return OBJECT_E_LIMIT;
	if (n <= array->room)
		return 0;
	while (room < n)
		room *= 2;
	values = reallocarray(array->values, room, sizeof(Object *));
	if (!values)
		return error_origin(-ENOMEM);
	array->values = values;
	array->room = room;
	return 0;
}

/* Make room for @n_new elements in place of @n at @at, which have been taken out. */
static int shift(Array *array, size_t at, size_t n, size_t n_new)
{
	int r;

	assert(array->object.is_mutable && at <= array->n && n <= array->n - at);
	if (n_new > OBJECT_COUNT_MAX)
		return OBJECT_E_LIMIT;
	r = grow(array, array->n - n + n_new);
	if (r != 0)
		return r;
	if (n != n_new && array->n > at + n)
		memmove(array->values + at + n_new, array->values + at + n,
			(array->n - at - n) * sizeof(Object *));
	array->n = array->n - n + n_new;
	return 0;
}

int object_array_insert(Object *object, size_t index, Object *value)
{
	Array *array = array_of(object);
	int r;

	assert(value);
	r = shift(array, index, 0, 1);
	if (r == 0)
		array->values[index] = object_ref(value);
	return r;
}

int object_array_add(Object *array, Object *value)
{
	return object_array_insert(array, array_of(array)->n, value);
}

int object_array_add_take(Object *array, Object *value)
{
	int r = object_array_add(array, value);

	if (r == 0)
		object_unref(value);
	return r;
}

int object_array_replace(
	Object *object, size_t at, size_t n, Object *const *values, size_t n_values)
{
	_cleanup_free_ Object **old = NULL;
	Array *array = array_of(object);
	int r;

	/* The old ones go last: one of them may be what keeps a new one alive. */
	if (n > 0) {
		assert(at <= array->n && n <= array->n - at);
		old = reallocarray(NULL, n, sizeof(Object *));
		if (!old)
			return error_origin(-ENOMEM);
		memcpy(old, array->values + at, n * sizeof(Object *));
	}
	r = shift(array, at, n, n_values);
	if (r != 0)
		return r;
	for (size_t i = 0; i < n_values; i++)
		array->values[at + i] = object_ref(values[i]);
	for (size_t i = 0; i < n; i++)
		object_unref(old[i]);
	return 0;
}

void object_array_set(Object *object, size_t index, Object *value)
{
	Array *array = array_of(object);

	assert(object->is_mutable && index < array->n && value);
	object_assign(&array->values[index], value);
}

void object_array_remove(Object *object, size_t index)
{
	Array *array = array_of(object);
	Object *value;

	assert(object->is_mutable && index < array->n);
	value = array->values[index];
	array->n--;
	memmove(array->values + index, array->values + index + 1,
		(array->n - index) * sizeof(Object *));
	object_unref(value);
}

void object_array_swap(Object *object, size_t one, size_t other)
{
	Array *array = array_of(object);
	Object *value;

	assert(object->is_mutable && one < array->n && other < array->n);
	value = array->values[one];
	array->values[one] = array->values[other];
	array->values[other] = value;
}

typedef struct Order {
	int (*compare)(const Object *one, const Object *other, void *data);
	void *data;
} Order;

/* Two sorted runs that follow each other, from @from to @to. */
static void merge(Object **from, Object **to, size_t n_first, size_t n, const Order *order)
{
	size_t i = 0, j = n_first;

	for (size_t k = 0; k < n; k++) {
		bool first = j == n ||
			     (i < n_first && order->compare(from[i], from[j], order->data) <= 0);

		to[k] = first ? from[i++] : from[j++];
	}
}

int object_array_sort(Object *object, size_t at, size_t n,
	int (*compare)(const Object *one, const Object *other, void *data), void *data)
{
	Order order = {.compare = compare, .data = data};
	_cleanup_free_ Object **other = NULL;
	Array *array = array_of(object);
	Object **values;

	assert(object->is_mutable && at <= array->n && n <= array->n - at);
	if (n < 2)
		return 0;
	values = array->values + at;
	other = reallocarray(NULL, n, sizeof(Object *));
	if (!other)
		return error_origin(-ENOMEM);
	for (size_t run = 1; run < n; run *= 2) {
		for (size_t i = 0; i < n; i += 2 * run)
			merge(values + i, other + i, MIN(run, n - i), MIN(2 * run, n - i), &order);
		memcpy(values, other, n * sizeof(Object *));
	}
	return 0;
}
