/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_OBJECT_OBJECT_H
#define PORTCULLIS_OBJECT_OBJECT_H

/*
 * The value model: what property lists, entitlements and messages are made of, and what the public
 * interfaces that speak of "objects" spell in their own ways. The essay is at the head of object.c.
 *
 * An Object is reference counted and has a class. The classes that are values:
 *
 *	null, bool, int64, uint64, double	scalar.h
 *	date, uuid				scalar.h
 *	data					data.h
 *	string (UTF-8)				text.h
 *	array, dictionary			array.h, dictionary.h
 *
 * Other layers add classes of their own with ObjectClass, below; such objects can be counted,
 * compared, held by arrays and dictionaries and described as all others, but are no plain data.
 *
 * Mutable and immutable: an object is either, and says which (object_is_mutable()). Scalars are
 * immutable always. Data, strings, arrays and dictionaries are born mutable or immutable;
 * object_freeze() makes the former the latter, for good.
 *
 * Threads: references may be taken and dropped, and immutable objects read, by any threads at once.
 * A mutable object belongs to one thread at a time: its users agree on a lock.
 *
 * Ownership: what a function returns through ret_* is a new reference, which is the caller's; what
 * _get_ and _find_ return is borrowed from the object asked, and valid as long as that keeps it.
 * Containers take references of their own to what is put into them.
 *
 * Types: an accessor asserts the type of its object. Whoever has an object of a stranger asks
 * object_type() first.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"

enum {
	_OBJECT_E_SUCCESS,
	OBJECT_E_INVALID, /* not what the type can hold: a string that is not UTF-8 or has a NUL */
	OBJECT_E_LIMIT, /* larger, deeper or of more values than we bear */
	OBJECT_E_UNSUPPORTED, /* the value has no form in what was asked for */
	_OBJECT_E_N,
};

/* Bytes of a string or of data, and elements of a container. */
#define OBJECT_SIZE_MAX ((size_t)1 << 30)
#define OBJECT_COUNT_MAX ((size_t)1 << 24)
/* What goes through nested values goes so deep, and visits so many. What is deeper can exist (it is
 * released without recursion), but is equal to nothing but itself and cannot be copied or encoded. */
#define OBJECT_DEPTH_MAX 128U
#define OBJECT_VISITS_MAX ((uint32_t)1 << 22)

typedef enum ObjectType {
	OBJECT_NULL = 1,
	OBJECT_BOOL,
	OBJECT_INT64,
	OBJECT_UINT64,
	OBJECT_DOUBLE,
	OBJECT_DATE,
	OBJECT_DATA,
	OBJECT_STRING,
	OBJECT_UUID,
	OBJECT_ARRAY,
	OBJECT_DICTIONARY,
	OBJECT_OTHER, /* a class of another layer; ask which by object_is() */
	_OBJECT_TYPE_N,
} ObjectType;

typedef struct ObjectClass ObjectClass;

/* The head of every object. Only for who implements a class, who embeds it as its first member. */
typedef struct Object {
	const ObjectClass *class;
	union {
		struct {
			_Atomic uint32_t n_refs; /* or OBJECT_IMMORTAL */
			bool is_mutable;
			/* For the spelling of a public interface, which may remember something
			 * small about a value that does not change it; 0 at birth. */
			uint8_t note;
			uint16_t reserved;
		};
		struct Object *next_dead; /* waits to be released; not for deinit() */
	};
} Object;

#define OBJECT_IMMORTAL UINT32_MAX

/* What is left of the bounds of a walk over nested values: equality, copying, describing. */
typedef struct ObjectWalk {
	unsigned depth;
	uint32_t n_visits;
	bool by_number; /* numbers are compared by what they are worth, not also by type */
} ObjectWalk;

/*
 * A class. Constant and static; one object of it per kind of object. Of the functions only deinit
 * is not called with walks or others' objects; none may keep what it is given.
 */
struct ObjectClass {
	const char *name; /* as descriptions show it */
	ObjectType type; /* OBJECT_OTHER in other layers */
	size_t size; /* of the whole object, of which Object is the first member */
	/* The last reference is gone: release what it has, not its own memory. Called once, in the
	 * thread that dropped the reference, never from within another deinit. NULL: nothing. */
	void (*deinit)(Object *self);
	/* Whether two objects of this class are equal; members by object_equal_within(). NULL: only if
	 * they are the same. */
	bool (*equal)(const Object *one, const Object *other, ObjectWalk *walk);
	/* Equal objects have equal hashes. NULL: of the address. Required if there is equal. */
	uint32_t (*hash)(const Object *self);
	/* Append what people want to see, on one line, to @text: object_describe_put(), and for members
	 * object_describe_within(), whose codes are passed on. NULL: "<name 0x1234>". */
	int (*describe)(const Object *self, ByteWriter *text, ObjectWalk *walk);
	/* A copy, shallow, mutable or not. NULL: the object is immutable, and a reference to it is as
	 * good as a copy. Returns as object_dup(). */
	int (*dup)(const Object *self, bool is_mutable, Object **ret);
};

/* A new zeroed object of @class, mutable or not, with one reference. -ENOMEM. */
int object_new(const ObjectClass *class, bool is_mutable, Object **ret) _warn_unused_;

static inline ObjectType object_type(const Object *object);
/* Whether @object is there and is of this class, or of this type. */
static inline bool object_is(const Object *object, const ObjectClass *class);
static inline bool object_is_type(const Object *object, ObjectType type);
/* bool excluded. */
static inline bool object_is_number(const Object *object);

/* A small number for each class: the type itself for values, others as they are first seen, the same
 * for the life of the process. 0: there are too many classes. */
unsigned object_class_id(const ObjectClass *class);
/* The class with such a number, or NULL. */
const ObjectClass *object_class_find(unsigned id);

/* @object, which may be NULL. More references than can be counted end the process. */
Object *object_ref(Object *object);
/* Drop a reference; the last one releases the object, and whatever hangs on it, without recursion.
 * Returns NULL. @object may be NULL. */
Object *object_unref(Object *object);
/* For tests and for the curious. */
uint32_t object_n_refs(const Object *object);

static inline void object_unrefp(Object **p)
{
	object_unref(*p);
}
#define _cleanup_object_ _cleanup_(object_unrefp)

/* Put a reference to @value, which may be NULL, into *@p; drop what was there. */
static inline void object_assign(Object **p, Object *value)
{
	Object *old = *p;

	*p = object_ref(value);
	object_unref(old);
}

static inline bool object_is_mutable(const Object *object)
{
	return object->is_mutable;
}

/* From now on immutable: for who made @object and has not shown it to another thread yet. What is in a
 * container stays what it is. Returns @object. */
static inline Object *object_freeze(Object *object)
{
	object->is_mutable = false;
	return object;
}

/* Whether both are of one type and have the same value; dictionaries in any order, NaN equal to NaN.
 * Either may be NULL. Two that are nested deeper than OBJECT_DEPTH_MAX, or of more than
 * OBJECT_VISITS_MAX values, and are not the same object, are not equal. */
bool object_equal(const Object *one, const Object *other);
/* The same, but numbers are equal if they are worth the same: 1, unsigned 1 and 1.0. Keys of
 * dictionaries are compared like this. */
bool object_equal_by_number(const Object *one, const Object *other);
/* Within a walk: for the functions of a class. */
bool object_equal_within(const Object *one, const Object *other, ObjectWalk *walk);

/* Objects that are equal, in either way, have the same. Keyed with a secret of the process. A container's
 * is made of the number of its elements only. */
uint32_t object_hash(const Object *object);

/* A copy that is one level deep: a new mutable object, or for !@is_mutable one that will not change,
 * which may be @object itself. Returns 0 or -ENOMEM. A type that has no mutable form gives itself. */
int object_dup(const Object *object, bool is_mutable, Object **ret) _warn_unused_;

typedef enum ObjectCopy {
	OBJECT_COPY_IMMUTABLE, /* shares whatever cannot change */
	OBJECT_COPY_CONTAINERS, /* all arrays and dictionaries new and mutable */
	OBJECT_COPY_LEAVES, /* strings and data too */
} ObjectCopy;

/* A copy all the way down. Returns 0, OBJECT_E_LIMIT or -ENOMEM. */
int object_dup_deep(const Object *object, ObjectCopy how, Object **ret) _warn_unused_;

/* A description for people, on one line, without control characters. NUL-terminated, on the heap; at
 * most about 1 MiB, the rest is cut off. What is deeper than OBJECT_DEPTH_MAX is shown as "...". @object
 * may be NULL. 0 or -ENOMEM. */
int object_describe(const Object *object, char **ret) _warn_unused_;
/* Within a walk: for the functions of a class. 0, BYTES_E_FULL (nothing more fits) or -ENOMEM. */
int object_describe_within(const Object *object, ByteWriter *text, ObjectWalk *walk) _warn_unused_;
_printf_(2, 3) int object_describe_put(ByteWriter *text, const char *format, ...) _warn_unused_;
/* In quotes, with control characters, quotes and backslashes made visible. */
int object_describe_text(ByteWriter *text, const char *string, size_t size) _warn_unused_;

static inline ObjectType object_type(const Object *object)
{
	return object->class->type;
}

static inline bool object_is(const Object *object, const ObjectClass *class)
{
	return object && object->class == class;
}

static inline bool object_is_type(const Object *object, ObjectType type)
{
	return object && object->class->type == type;
}

static inline bool object_is_number(const Object *object)
{
	return object && object->class->type >= OBJECT_INT64 &&
	       object->class->type <= OBJECT_DOUBLE;
}

#endif
