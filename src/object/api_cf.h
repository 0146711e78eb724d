/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_OBJECT_API_CF_H
#define PORTCULLIS_OBJECT_API_CF_H

/*
 * What the files that spell <CoreFoundation/…> on the value model share, and what a façade of another layer
 * needs to do the same with its own classes.
 *
 * A CFTypeRef is the address of an Object. A CFTypeID is the number of its class; the three kinds of
 * numbers share one, and so do arrays and dictionaries with those of pointers (api_array.c).
 *
 * What the lineage calls a mistake of the program ends the process, with a line on standard error that
 * says which function was misused, and how: there is no way to return from it.
 */

#include <CoreFoundation/CoreFoundation.h>

#include "base/cleanup.h"
#include "object/object.h"

static inline Object *cf_object(CFTypeRef cf)
{
	return (Object *)cf;
}

/* End the process. */
_noreturn_ _cold_ void cf_abort(const char *function, const char *problem);

#define cf_require(condition, problem)                                                             \
	do {                                                                                       \
		if (unlikely(!(condition)))                                                        \
			cf_abort(__func__, (problem));                                             \
	} while (0)

/* Of an argument: the object, which is there and has this type. */
static inline Object *cf_check(CFTypeRef cf, ObjectType type, const char *function)
{
	if (unlikely(!cf))
		cf_abort(function, "NULL instead of an object");
	if (unlikely(object_type(cf_object(cf)) != type))
		cf_abort(function, "an object of another type");
	return cf_object(cf);
}

static inline Object *cf_check_mutable(CFTypeRef cf, ObjectType type, const char *function)
{
	Object *object = cf_check(cf, type, function);

	if (unlikely(!object_is_mutable(object)))
		cf_abort(function, "an immutable object");
	return object;
}

#define cf_string(cf) cf_check((cf), OBJECT_STRING, __func__)
#define cf_data(cf) cf_check((cf), OBJECT_DATA, __func__)

/* A range that lies within @length. */
static inline void cf_check_range(CFRange range, CFIndex length, const char *function)
{
	if (unlikely(range.location < 0 || range.length < 0 || range.location > length ||
		     range.length > length - range.location))
		cf_abort(function, "a range that is out of bounds");
}

/* The end of a change, which has no way to say that it failed. */
static inline void cf_must(int r, const char *function)
{
	if (unlikely(r != 0))
		cf_abort(function, r < 0 ? "no memory" : "more than fits");
}

/* Whether objects can be made by @allocator. */
bool cf_can_allocate(CFAllocatorRef allocator);
/* Free what a NoCopy function was given, as its deallocator says. */
void cf_deallocate(CFAllocatorRef deallocator, const void *bytes);

/*
 * Arrays and dictionaries of pointers: with other callbacks than those for objects. Each pointer is in a
 * box, which is an object, and the boxes are in an array or dictionary as any other.
 */
typedef struct CfPointerHooks {
	const void *(*retain)(CFAllocatorRef allocator, const void *value);
	void (*release)(CFAllocatorRef allocator, const void *value);
	CFStringRef (*describe)(const void *value);
	Boolean (*equal)(const void *one, const void *other);
	CFHashCode (*hash)(const void *value);
} CfPointerHooks;

typedef struct CfBox {
	Object object;
	const void *pointer;
	CfPointerHooks hooks;
} CfBox;

/* Of an array (the first) or a dictionary (keys and values). */
typedef struct CfPointers {
	Object object;
	CfPointerHooks hooks[2];
	Object *boxes;
} CfPointers;

extern const ObjectClass cf_pointer_array_class, cf_pointer_dictionary_class;

/* A box that borrows @pointer, on the stack, to look it up. */
CfBox cf_box_on_stack(const void *pointer, const CfPointerHooks *hooks);
/* One that retains it. -ENOMEM. */
int cf_box_new(const void *pointer, const CfPointerHooks *hooks, Object **ret) _warn_unused_;
static inline const void *cf_box_get(const Object *box)
{
	return ((const CfBox *)box)->pointer;
}
/* The shared parts of both classes. */
void cf_pointers_deinit(Object *object);
bool cf_pointers_equal(const Object *one, const Object *other, ObjectWalk *walk);
uint32_t cf_pointers_hash(const Object *object);
int cf_pointers_describe(const Object *object, ByteWriter *text, ObjectWalk *walk);

/* The callbacks of objects: CFRetain() and so on. */
const void *cf_type_retain(CFAllocatorRef allocator, const void *value);
void cf_type_release(CFAllocatorRef allocator, const void *value);

/* @text in @encoding as the UTF-8 of a string. Returns 0, OBJECT_E_INVALID, OBJECT_E_UNSUPPORTED, or
 * -ENOMEM. *ret_buffer is to be freed; it is NULL where the bytes themselves are good. */
int cf_decode(const void *bytes, size_t size, CFStringEncoding encoding, bool with_mark,
	const char **ret_text, size_t *ret_size, char **ret_buffer) _warn_unused_;

/* The text of @format with its @arguments, as UTF-8, on the heap. Returns 0, OBJECT_E_UNSUPPORTED,
 * OBJECT_E_LIMIT or -ENOMEM. */
int cf_format(const char *format, va_list arguments, char **ret, size_t *ret_size) _warn_unused_;

/* A new error in kCFErrorDomainCocoa with a description; NULL without memory. */
CFErrorRef cf_error_new(CFIndex code, const char *description);

#endif
