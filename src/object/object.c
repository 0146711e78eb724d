/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of objects, and what can be asked of all of them.
 *
 * An object is one allocation that begins with an Object: its class and a count of references, which is
 * atomic. The value follows, and does not change unless the object is mutable. A few objects exist from
 * the beginning (null, the booleans, static strings): their count says so and is never written to.
 *
 * Releasing: who drops the last reference releases the object, and this drops references in turn. A list
 * that is nested a million deep must not need a million frames of the stack, so an object that dies
 * while its thread is releasing another one is put on a list of the thread, and the outermost release
 * works the list off. The link lies where the count was.
 *
 * Everything else that follows nested values (equality, copies, descriptions, encoding) is given an
 * ObjectWalk, which bounds how deep it goes and how many values it visits. The second bound is needed
 * because values may be shared: thirty arrays that each hold the next one twice are a billion values to
 * who follows all of them.
 *
 * Classes of other layers get numbers as they are first seen; the table of them is only ever appended
 * to, without a lock.
 */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "object/array.h"
#include "object/data.h"
#include "object/dictionary.h"
#include "object/object.h"
#include "object/text.h"

#define CLASSES_MAX 64U
#define DESCRIPTION_MAX ((size_t)1 << 20)
/* Far below OBJECT_IMMORTAL: threads that run past it at the same time do not get there. */
#define REFS_MAX (UINT32_MAX / 2)

/* Of this thread: what is to be released, and whether somebody further up does it. */
static _Thread_local __attribute__((__tls_model__("initial-exec"))) Object *dead;
static _Thread_local __attribute__((__tls_model__("initial-exec"))) bool is_releasing;

int object_new(const ObjectClass *class, bool is_mutable, Object **ret)
{
	Object *object = alloc_zero(class->size);

	assert(class->size >= sizeof(*object));
	if (!object)
		return error_origin(-ENOMEM);
	object->class = class;
	atomic_init(&object->n_refs, 1);
	object->is_mutable = is_mutable;
	*ret = object;
	return 0;
}

static const ObjectClass *_Atomic classes[CLASSES_MAX];

unsigned object_class_id(const ObjectClass *class)
{
	if (class->type != OBJECT_OTHER)
		return class->type;
	for (unsigned i = 0; i < CLASSES_MAX; i++) {
		const ObjectClass *found = NULL;

		if (atomic_compare_exchange_strong(&classes[i], &found, class) || found == class)
			return OBJECT_OTHER + i;
	}
	return 0;
}

const ObjectClass *object_class_find(unsigned id)
{
	if (id < OBJECT_OTHER || id - OBJECT_OTHER >= CLASSES_MAX)
		return NULL;
	return atomic_load(&classes[id - OBJECT_OTHER]);
}

Object *object_ref(Object *object)
{
	uint32_t n;

	if (!object ||
		atomic_load_explicit(&object->n_refs, memory_order_relaxed) == OBJECT_IMMORTAL)
		return object;
	n = atomic_fetch_add_explicit(&object->n_refs, 1, memory_order_relaxed);
	assert(n > 0);
	if (unlikely(n >= REFS_MAX))
		abort();
	return object;
}

static void release(Object *object)
{
	object->next_dead = dead;
	dead = object;
	if (is_releasing)
		return;
	is_releasing = true;
	while (dead) {
		Object *one = dead;

		dead = one->next_dead;
		if (one->class->deinit)
			one->class->deinit(one);
		free(one);
	}
	is_releasing = false;
}

Object *object_unref(Object *object)
{
	uint32_t n;

	if (!object ||
		atomic_load_explicit(&object->n_refs, memory_order_relaxed) == OBJECT_IMMORTAL)
		return NULL;
	n = atomic_fetch_sub_explicit(&object->n_refs, 1, memory_order_acq_rel);
	assert(n > 0);
	if (n == 1)
		release(object);
	return NULL;
}

uint32_t object_n_refs(const Object *object)
{
	return atomic_load_explicit(&object->n_refs, memory_order_relaxed);
}

/* Equality and hashes. */

bool object_equal_within(const Object *one, const Object *other, ObjectWalk *walk)
{
	bool is_equal;

	if (one == other)
		return true;
	if (!one || !other || walk->depth == 0 || walk->n_visits == 0)
		return false;
	walk->n_visits--;
	if (one->class != other->class &&
		!(walk->by_number && object_is_number(one) && object_is_number(other)))
		return false;
	if (!one->class->equal)
		return false;
	walk->depth--;
	is_equal = one->class->equal(one, other, walk);
	walk->depth++;
	return is_equal;
}

static bool equal(const Object *one, const Object *other, bool by_number)
{
	ObjectWalk walk = {
		.depth = OBJECT_DEPTH_MAX, .n_visits = OBJECT_VISITS_MAX, .by_number = by_number};

	return object_equal_within(one, other, &walk);
}

bool object_equal(const Object *one, const Object *other)
{
	return equal(one, other, false);
}

bool object_equal_by_number(const Object *one, const Object *other)
{
	return equal(one, other, true);
}

uint32_t object_hash(const Object *object)
{
	if (object->class->hash)
		return object->class->hash(object);
	return hash_bytes(&object, sizeof(object));
}

/* Copies. */

int object_dup(const Object *object, bool is_mutable, Object **ret)
{
	int r;

	if (!object->class->dup || (!is_mutable && !object->is_mutable)) {
		*ret = object_ref((Object *)object);
		return 0;
	}
	r = object->class->dup(object, is_mutable, ret);
	return r < 0 ? error_trace(r) : r;
}

static int dup_deep(const Object *object, ObjectCopy how, ObjectWalk *walk, Object **ret);

static int dup_array(const Object *array, ObjectCopy how, ObjectWalk *walk, Object **ret)
{
	_cleanup_object_ Object *copy = NULL;
	int r = object_array_new(&copy);

	for (size_t i = 0; r == 0 && i < object_array_n(array); i++) {
		_cleanup_object_ Object *value = NULL;

		r = dup_deep(object_array_get(array, i), how, walk, &value);
		if (r == 0)
			r = object_array_add(copy, value);
	}
	if (r != 0)
		return r;
	*ret = TAKE_PTR(copy);
	return 0;
}

static int dup_dictionary(const Object *dictionary, ObjectCopy how, ObjectWalk *walk, Object **ret)
{
	_cleanup_object_ Object *copy = NULL;
	Object *key, *value;
	size_t cursor = 0;
	int r = object_dictionary_new(&copy);

	while (r == 0 && object_dictionary_next(dictionary, &cursor, &key, &value)) {
		_cleanup_object_ Object *value_copy = NULL;

		r = dup_deep(value, how, walk, &value_copy);
		if (r == 0)
			r = object_dictionary_set(copy, key, value_copy);
	}
	if (r != 0)
		return r;
	*ret = TAKE_PTR(copy);
	return 0;
}

static int dup_deep(const Object *object, ObjectCopy how, ObjectWalk *walk, Object **ret)
{
	ObjectType type = object_type(object);
	int r;

	if (walk->depth == 0 || walk->n_visits == 0)
		return OBJECT_E_LIMIT;
	walk->n_visits--;
	if (type != OBJECT_ARRAY && type != OBJECT_DICTIONARY)
		return object_dup(object, how == OBJECT_COPY_LEAVES, ret);
	walk->depth--;
	r = type == OBJECT_ARRAY ? dup_array(object, how, walk, ret)
				 : dup_dictionary(object, how, walk, ret);
	walk->depth++;
	if (r == 0 && how == OBJECT_COPY_IMMUTABLE)
		object_freeze(*ret);
	return r;
}

int object_dup_deep(const Object *object, ObjectCopy how, Object **ret)
{
	ObjectWalk walk = {.depth = OBJECT_DEPTH_MAX, .n_visits = OBJECT_VISITS_MAX};
	int r = dup_deep(object, how, &walk, ret);

	return r < 0 ? error_trace(r) : r;
}

/* Descriptions. */

static int put(ByteWriter *text, const char *bytes, size_t n)
{
	/* One byte is kept for the NUL. A writer that was once full would lose what it has. */
	if (n >= text->max - text->used)
		return BYTES_E_FULL;
	return bytes_put_blob(text, bytes, n);
}

int object_describe_put(ByteWriter *text, const char *format, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	assert(n >= 0);
	return put(text, line, MIN((size_t)n, sizeof(line) - 1));
}

int object_describe_text(ByteWriter *text, const char *string, size_t size)
{
	int r = put(text, "\"", 1);

	for (size_t i = 0; r == 0 && i < size;) {
		size_t n = 0;

		while (i + n < size && (unsigned char)string[i + n] >= 0x20 &&
			string[i + n] != '"' && string[i + n] != '\\' && string[i + n] != 0x7f)
			n++;
		r = n > 0 ? put(text, string + i, n) : 0;
		i += n;
		if (r != 0 || i == size)
			break;
		if (string[i] == '"' || string[i] == '\\')
			r = object_describe_put(text, "\\%c", string[i]);
		else
			r = object_describe_put(text, "\\u%04x", (unsigned char)string[i]);
		i++;
	}
	return r != 0 ? r : put(text, "\"", 1);
}

int object_describe_within(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	int r;

	if (!object)
		return object_describe_put(text, "(null)");
	if (walk->depth == 0 || walk->n_visits == 0)
		return object_describe_put(text, "...");
	walk->n_visits--;
	if (!object->class->describe)
		return object_describe_put(
			text, "<%s %p>", object->class->name, (const void *)object);
	walk->depth--;
	r = object->class->describe(object, text, walk);
	walk->depth++;
	return r;
}

int object_describe(const Object *object, char **ret)
{
	_cleanup_bytes_writer_ ByteWriter text;
	ObjectWalk walk = {.depth = OBJECT_DEPTH_MAX, .n_visits = OBJECT_VISITS_MAX};
	size_t size;
	int r;

	bytes_writer_init_growable(&text, DESCRIPTION_MAX);
	r = object_describe_within(object, &text, &walk);
	if (r == 0 || r == BYTES_E_FULL)
		r = bytes_put_u8(&text, '\0');
	if (r != 0)
		return error_fold(r);
	*ret = (char *)bytes_writer_steal(&text, &size);
	return 0;
}
