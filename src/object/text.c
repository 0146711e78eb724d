/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings. The text of an immutable one lies behind its head, that of a mutable one on the heap, that of
 * a static one where the compiler put it; n_units tells ASCII from the rest, for which places have to be
 * counted out.
 *
 * The hash is kept once it is known: dictionaries ask for it at every look-up. That is the only thing
 * that changes in an immutable string, it always becomes the same, and it is an atomic.
 *
 * Interned strings are in one table for the process, behind a lock, and stay for good.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "object/text.h"
#include "object/utf.h"

#define ROOM_MIN ((size_t)32)

static ObjectString *string_of(const Object *object)
{
	assert(object_type(object) == OBJECT_STRING);
	return (ObjectString *)object;
}

static void deinit_string(Object *object)
{
	ObjectString *string = string_of(object);

	if (string->text != (const char *)(string + 1))
		free((char *)string->text);
}

static bool equal_strings(const Object *one, const Object *other, ObjectWalk *walk)
{
	const ObjectString *a = string_of(one), *b = string_of(other);

	return a->size == b->size &&
	       memcmp(object_string_get(one), object_string_get(other), a->size) == 0;
}

static uint32_t hash_string(const Object *object)
{
	ObjectString *string = string_of(object);
	uint32_t hash = atomic_load_explicit(&string->hash, memory_order_relaxed);

	if (hash == 0) {
		hash = hash_bytes(object_string_get(object), string->size);
		atomic_store_explicit(&string->hash, hash, memory_order_relaxed);
	}
	return hash;
}

static int describe_string(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	return object_describe_text(text, object_string_get(object), string_of(object)->size);
}

static int dup_string(const Object *object, bool is_mutable, Object **ret)
{
	_cleanup_object_ Object *copy = NULL;
	const ObjectString *string = string_of(object);
	int r;

	if (!is_mutable)
		return object_string_new(object_string_get(object), string->size, ret);
	r = object_string_new_mutable(&copy);
	if (r == 0)
		r = object_string_add(copy, object_string_get(object), string->size);
	if (r != 0)
		return error_trace(r);
	*ret = TAKE_PTR(copy);
	return 0;
}

const ObjectClass object_string_class = {.name = "string",
	.type = OBJECT_STRING,
	.size = sizeof(ObjectString),
	.deinit = deinit_string,
	.equal = equal_strings,
	.hash = hash_string,
	.describe = describe_string,
	.dup = dup_string};

int object_string_new(const char *text, size_t size, Object **ret)
{
	ObjectString *string;
	size_t n_units;

	if (size > OBJECT_SIZE_MAX)
		return OBJECT_E_LIMIT;
	if (!utf8_check(text, size, &n_units))
		return OBJECT_E_INVALID;
	string = malloc(sizeof(*string) + size + 1);
	if (!string)
		return error_origin(-ENOMEM);
	*string = (ObjectString){.object = {.class = &object_string_class, .n_refs = 1},
		.size = size,
		.n_units = n_units,
		.text = (char *)(string + 1)};
	if (size > 0)
		memcpy(string + 1, text, size);
	((char *)(string + 1))[size] = '\0';
	*ret = &string->object;
	return 0;
}

int object_string_new_z(const char *text, Object **ret)
{
	return object_string_new(text, strlen(text), ret);
}

int object_string_new_mutable(Object **ret)
{
	int r = object_new(&object_string_class, true, ret);

	return r < 0 ? error_trace(r) : 0;
}

const char *object_string_get(const Object *string)
{
	return string_of(string)->text ? string_of(string)->text : "";
}

size_t object_string_size(const Object *string)
{
	return string_of(string)->size;
}

size_t object_string_n_units(const Object *string)
{
	return string_of(string)->n_units;
}

bool object_string_is(const Object *string, const char *text)
{
	size_t size = strlen(text);

	return size == string_of(string)->size &&
	       memcmp(object_string_get(string), text, size) == 0;
}

int object_string_compare(const Object *one, const Object *other)
{
	return strcmp(object_string_get(one), object_string_get(other));
}

static int grow(ObjectString *string, size_t size)
{
	size_t room = MAX(string->room, ROOM_MIN);
	char *text;

	if (size > OBJECT_SIZE_MAX)
		return OBJECT_E_LIMIT;
	if (size < string->room)
		return 0;
	while (room <= size)
		room *= 2;
	text = realloc((char *)string->text, room);
	if (!text)
		return error_origin(-ENOMEM);
	string->text = text;
	string->room = room;
	return 0;
}

int object_string_replace(Object *object, size_t at, size_t n, const char *text, size_t size)
{
	ObjectString *string = string_of(object);
	_cleanup_free_ char *copy = NULL;
	size_t n_units, n_old_units;
	char *mine;
	int r;

	assert(object->is_mutable && at <= string->size && n <= string->size - at);
	if (size > OBJECT_SIZE_MAX)
		return OBJECT_E_LIMIT;
	if (!utf8_check(text, size, &n_units))
		return OBJECT_E_INVALID;
	/* Its own bytes move. */
	if (size > 0 && (uintptr_t)text - (uintptr_t)string->text < string->size) {
		copy = malloc(size);
		if (!copy)
			return error_origin(-ENOMEM);
		text = memcpy(copy, text, size);
	}
	r = grow(string, string->size - n + size);
	if (r != 0)
		return r;
	mine = (char *)string->text;
	n_old_units = utf8_n_units(mine + at, n);
	if (n != size)
		memmove(mine + at + size, mine + at + n, string->size - at - n);
	if (size > 0)
		memcpy(mine + at, text, size);
	string->size = string->size - n + size;
	string->n_units = string->n_units - n_old_units + n_units;
	mine[string->size] = '\0';
	atomic_store_explicit(&string->hash, 0, memory_order_relaxed);
	return 0;
}

int object_string_add(Object *string, const char *text, size_t size)
{
	return object_string_replace(string, string_of(string)->size, 0, text, size);
}

typedef struct Interned {
	Object *string;
	UT_hash_handle hh;
} Interned;

static pthread_mutex_t interned_lock = PTHREAD_MUTEX_INITIALIZER;
static Interned *interned;

static void before_fork(void)
{
	pthread_mutex_lock(&interned_lock);
}

static void after_fork(void)
{
	pthread_mutex_unlock(&interned_lock);
}

/* A fork child may be made while another thread, which it does not have, is in the table. */
__attribute__((constructor)) static void text_constructor(void)
{
	(void)pthread_atfork(before_fork, after_fork, after_fork);
}

static int intern_locked(const char *text, size_t size, Object **ret)
{
	_cleanup_object_ Object *string = NULL;
	_cleanup_free_ Interned *new = NULL;
	Interned *found;
	int r;

	HASH_FIND(hh, interned, text, size, found);
	if (found) {
		*ret = found->string;
		return 0;
	}
	r = object_string_new(text, size, &string);
	if (r != 0)
		return r;
	new = alloc_zero(sizeof(*new));
	if (!new)
		return error_origin(-ENOMEM);
	HASH_ADD_KEYPTR(hh, interned, object_string_get(string), size, new);
	if (!hash_is_linked(new, hh))
		return error_origin(-ENOMEM);
	atomic_store(&string->n_refs, OBJECT_IMMORTAL);
	new->string = TAKE_PTR(string);
	*ret = new->string;
	new = NULL; /* the table's */
	return 0;
}

int object_string_intern(const char *text, Object **ret)
{
	int r;

	pthread_mutex_lock(&interned_lock);
	r = intern_locked(text, strlen(text), ret);
	pthread_mutex_unlock(&interned_lock);
	return r < 0 ? error_trace(r) : r;
}
