/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <CoreFoundation/CFBase.h>: what all types share, allocators, and null.
 *
 * Allocators have names and nothing else. They are objects so that they can be retained, released and
 * shown as any other.
 */
#include <stdio.h>
#include <stdlib.h>

#include "object/api_cf.h"
#include "object/array.h"
#include "object/scalar.h"
#include "object/text.h"

void cf_abort(const char *function, const char *problem)
{
	fprintf(stderr, "CoreFoundation: %s: %s\n", function, problem);
	abort();
}

typedef struct Allocator {
	Object object;
	const char *name;
} Allocator;

static int describe_allocator(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	return object_describe_put(text, "<allocator %s>", ((const Allocator *)object)->name);
}

static const ObjectClass allocator_class = {.name = "CFAllocator",
	.type = OBJECT_OTHER,
	.size = sizeof(Allocator),
	.describe = describe_allocator};

#define ALLOCATOR(called)                                                                          \
	{                                                                                          \
		.object = {.class = &allocator_class, .n_refs = OBJECT_IMMORTAL}, .name = (called) \
	}

static Allocator system_allocator = ALLOCATOR("system");
static Allocator malloc_allocator = ALLOCATOR("malloc");
static Allocator zone_allocator = ALLOCATOR("malloc zone");
static Allocator null_allocator = ALLOCATOR("null");

_public_ const CFAllocatorRef kCFAllocatorDefault = NULL;
_public_ const CFAllocatorRef kCFAllocatorSystemDefault = (CFAllocatorRef)&system_allocator;
_public_ const CFAllocatorRef kCFAllocatorMalloc = (CFAllocatorRef)&malloc_allocator;
_public_ const CFAllocatorRef kCFAllocatorMallocZone = (CFAllocatorRef)&zone_allocator;
_public_ const CFAllocatorRef kCFAllocatorNull = (CFAllocatorRef)&null_allocator;

_public_ CFTypeID CFAllocatorGetTypeID(void)
{
	return object_class_id(&allocator_class);
}

_public_ CFAllocatorRef CFAllocatorGetDefault(void)
{
	return kCFAllocatorSystemDefault;
}

bool cf_can_allocate(CFAllocatorRef allocator)
{
	return allocator != kCFAllocatorNull;
}

void cf_deallocate(CFAllocatorRef deallocator, const void *bytes)
{
	if (deallocator != kCFAllocatorNull)
		free((void *)bytes);
}

_public_ void *CFAllocatorAllocate(CFAllocatorRef allocator, CFIndex size, CFOptionFlags hint)
{
	if (!cf_can_allocate(allocator) || size < 1)
		return NULL;
	return malloc((size_t)size);
}

_public_ void *CFAllocatorReallocate(
	CFAllocatorRef allocator, void *ptr, CFIndex newsize, CFOptionFlags hint)
{
	if (!cf_can_allocate(allocator))
		return NULL;
	if (newsize < 1) {
		cf_deallocate(allocator, ptr);
		return NULL;
	}
	return realloc(ptr, (size_t)newsize);
}

_public_ void CFAllocatorDeallocate(CFAllocatorRef allocator, void *ptr)
{
	cf_deallocate(allocator, ptr);
}

_public_ const CFNullRef kCFNull = (CFNullRef)&object_the_null;

_public_ CFTypeID CFNullGetTypeID(void)
{
	return OBJECT_NULL;
}

_public_ CFTypeRef CFRetain(CFTypeRef cf)
{
	cf_require(cf, "NULL instead of an object");
	return object_ref(cf_object(cf));
}

_public_ void CFRelease(CFTypeRef cf)
{
	cf_require(cf, "NULL instead of an object");
	object_unref(cf_object(cf));
}

_public_ CFIndex CFGetRetainCount(CFTypeRef cf)
{
	uint32_t n;

	cf_require(cf, "NULL instead of an object");
	n = object_n_refs(cf_object(cf));
	return n == OBJECT_IMMORTAL ? LONG_MAX : (CFIndex)n;
}

_public_ CFTypeID CFGetTypeID(CFTypeRef cf)
{
	const ObjectClass *class;

	cf_require(cf, "NULL instead of an object");
	class = cf_object(cf)->class;
	if (class == &cf_pointer_array_class)
		return CFArrayGetTypeID();
	if (class == &cf_pointer_dictionary_class)
		return CFDictionaryGetTypeID();
	return object_is_number(cf_object(cf)) ? CFNumberGetTypeID() : object_class_id(class);
}

_public_ CFStringRef CFCopyTypeIDDescription(CFTypeID type_id)
{
	static const char *const names[] = {[OBJECT_NULL] = "CFNull",
		[OBJECT_BOOL] = "CFBoolean",
		[OBJECT_INT64] = "CFNumber",
		[OBJECT_DATE] = "CFDate",
		[OBJECT_DATA] = "CFData",
		[OBJECT_STRING] = "CFString",
		[OBJECT_UUID] = "CFUUID",
		[OBJECT_ARRAY] = "CFArray",
		[OBJECT_DICTIONARY] = "CFDictionary"};
	const ObjectClass *class = type_id <= UINT32_MAX ? object_class_find((unsigned)type_id)
							 : NULL;
	const char *name = type_id < ARRAY_SIZE(names) ? names[type_id] : NULL;
	Object *string;

	if (class)
		name = class->name;
	if (!name || object_string_new_z(name, &string) != 0)
		return NULL;
	return (CFStringRef)string;
}

_public_ Boolean CFEqual(CFTypeRef cf1, CFTypeRef cf2)
{
	cf_require(cf1 && cf2, "NULL instead of an object");
	return object_equal_by_number(cf_object(cf1), cf_object(cf2));
}

_public_ CFHashCode CFHash(CFTypeRef cf)
{
	cf_require(cf, "NULL instead of an object");
	return object_hash(cf_object(cf));
}

_public_ CFStringRef CFCopyDescription(CFTypeRef cf)
{
	_cleanup_free_ char *text = NULL;
	Object *string;

	cf_require(cf, "NULL instead of an object");
	if (object_describe(cf_object(cf), &text) < 0 || object_string_new_z(text, &string) != 0)
		return NULL;
	return (CFStringRef)string;
}

_public_ CFAllocatorRef CFGetAllocator(CFTypeRef cf)
{
	cf_require(cf, "NULL instead of an object");
	return kCFAllocatorSystemDefault;
}

_public_ void CFShow(CFTypeRef obj)
{
	_cleanup_free_ char *text = NULL;

	if (object_is_type(cf_object(obj), OBJECT_STRING))
		fprintf(stderr, "%s\n", object_string_get(cf_object(obj)));
	else if (object_describe(cf_object(obj), &text) == 0)
		fprintf(stderr, "%s\n", text);
}
