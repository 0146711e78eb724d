/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "object/data.h"

#define DESCRIBED_MAX 64U /* bytes shown in a description */
#define ROOM_MIN ((size_t)32)

typedef struct Data {
	Object object;
	size_t size, room;
	uint8_t *bytes; /* behind this struct, or on the heap */
} Data;

static const ObjectClass data_class; /* below */

static Data *data_of(const Object *object)
{
	assert(object_type(object) == OBJECT_DATA);
	return (Data *)object;
}

static bool is_inline(const Data *data)
{
	return data->bytes == (const uint8_t *)(data + 1);
}

static void deinit_data(Object *object)
{
	Data *data = data_of(object);

	if (!is_inline(data))
		free(data->bytes);
}

static bool equal_data(const Object *one, const Object *other, ObjectWalk *walk)
{
	const Data *a = data_of(one), *b = data_of(other);

	return a->size == b->size && (a->size == 0 || memcmp(a->bytes, b->bytes, a->size) == 0);
}

static uint32_t hash_data(const Object *object)
{
	return hash_bytes(object_data_get(object), data_of(object)->size);
}

static int describe_data(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	const Data *data = data_of(object);
	int r = object_describe_put(text, "<%zu bytes:", data->size);

	for (size_t i = 0; r == 0 && i < MIN(data->size, (size_t)DESCRIBED_MAX); i++)
		r = object_describe_put(text, "%s%02x", i % 4 == 0 ? " " : "", data->bytes[i]);
	if (r == 0)
		r = object_describe_put(text, "%s>", data->size > DESCRIBED_MAX ? " ..." : "");
	return r;
}

static int dup_data(const Object *object, bool is_mutable, Object **ret)
{
	_cleanup_object_ Object *copy = NULL;
	const Data *data = data_of(object);
	int r;

	if (!is_mutable)
		return object_data_new(data->bytes, data->size, ret);
	r = object_data_new_mutable(&copy);
	if (r == 0)
		r = object_data_add(copy, data->bytes, data->size);
	if (r != 0)
		return error_trace(r);
	*ret = TAKE_PTR(copy);
	return 0;
}

static const ObjectClass data_class = {.name = "data",
	.type = OBJECT_DATA,
	.size = sizeof(Data),
	.deinit = deinit_data,
	.equal = equal_data,
	.hash = hash_data,
	.describe = describe_data,
	.dup = dup_data};

int object_data_new(const void *bytes, size_t size, Object **ret)
{
	Data *data;

	if (size > OBJECT_SIZE_MAX)
		return OBJECT_E_LIMIT;
	data = malloc(sizeof(*data) + size);
	if (!data)
		return error_origin(-ENOMEM);
	*data = (Data){.object = {.class = &data_class, .n_refs = 1},
		.size = size,
		.bytes = (uint8_t *)(data + 1)};
	if (size > 0)
		memcpy(data->bytes, bytes, size);
	*ret = &data->object;
	return 0;
}

int object_data_new_mutable(Object **ret)
{
	int r = object_new(&data_class, true, ret);

	return r < 0 ? error_trace(r) : 0;
}

const uint8_t *object_data_get(const Object *data)
{
	static const uint8_t nothing[1];

	return data_of(data)->bytes ? data_of(data)->bytes : nothing;
}

size_t object_data_size(const Object *data)
{
	return data_of(data)->size;
}

uint8_t *object_data_get_mutable(Object *data)
{
	assert(data->is_mutable);
	return data_of(data)->bytes;
}

static int grow(Data *data, size_t size)
{
	size_t room = MAX(data->room, ROOM_MIN);
	uint8_t *bytes;

	if (size > OBJECT_SIZE_MAX)
		return OBJECT_E_LIMIT;
	if (size <= data->room)
		return 0;
	while (room < size)
		room *= 2;
	bytes = realloc(data->bytes, room);
	if (!bytes)
		return error_origin(-ENOMEM);
	data->bytes = bytes;
	data->room = room;
	return 0;
}

int object_data_replace(Object *object, size_t at, size_t n, const void *bytes, size_t size)
{
	_cleanup_free_ uint8_t *copy = NULL;
	Data *data = data_of(object);
	int r;

	assert(object->is_mutable && at <= data->size && n <= data->size - at);
	if (size > OBJECT_SIZE_MAX)
		return OBJECT_E_LIMIT;
	/* Its own bytes move. */
	if (size > 0 && (uintptr_t)bytes - (uintptr_t)data->bytes < data->size) {
		copy = malloc(size);
		if (!copy)
			return error_origin(-ENOMEM);
		bytes = memcpy(copy, bytes, size);
	}
	r = grow(data, data->size - n + size);
	if (r != 0)
		return r;
	if (n != size && data->size - at - n > 0)
		memmove(data->bytes + at + size, data->bytes + at + n, data->size - at - n);
	if (size > 0)
		memcpy(data->bytes + at, bytes, size);
	data->size = data->size - n + size;
	return 0;
}

int object_data_add(Object *object, const void *bytes, size_t size)
{
	return object_data_replace(object, data_of(object)->size, 0, bytes, size);
}

int object_data_resize(Object *object, size_t size)
{
	Data *data = data_of(object);
	int r;

	assert(object->is_mutable);
	r = grow(data, size);
	if (r != 0)
		return r;
	if (size > data->size)
		memset(data->bytes + data->size, 0, size - data->size);
	data->size = size;
	return 0;
}
