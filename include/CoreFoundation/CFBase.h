/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COREFOUNDATION_CFBASE_H
#define COREFOUNDATION_CFBASE_H

/*
 * What all of this subset of CoreFoundation shares; CFBase(3).
 *
 * Ownership: what a function with Create or Copy in its name returns is the caller's, who ends it with
 * CFRelease(); what a function with Get in its name returns belongs to the object that was asked.
 *
 * Errors: a Create or Copy function returns NULL for arguments that have no value of that type (text that
 * is not in the encoding it is said to be in), and without memory. What CoreFoundation calls a mistake of
 * the program (NULL or an object of another type where an object is expected, an index out of range, a
 * change of an immutable object) ends the process with a message on standard error; so does a change for
 * which there is no memory.
 *
 * Threads: references may be taken and dropped, and immutable objects used, by all threads at once.
 *
 * What the subset does not have does not link.
 */

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define CF_EXTERN_C_BEGIN extern "C" {
#define CF_EXTERN_C_END }
#else
#define CF_EXTERN_C_BEGIN
#define CF_EXTERN_C_END
#endif

#define CF_EXPORT extern
#define CF_INLINE static inline

/* What the lineage's compilers read; here it says the same to people. */
#define CF_RETURNS_RETAINED
#define CF_RETURNS_NOT_RETAINED
#define CF_RELEASES_ARGUMENT
#define CF_CONSUMED
#define CF_IMPLICIT_BRIDGING_ENABLED
#define CF_IMPLICIT_BRIDGING_DISABLED
#define CF_BRIDGED_TYPE(type)
#define CF_BRIDGED_MUTABLE_TYPE(type)
#define CF_RELATED_TYPE(type, create, init)
#define CF_SWIFT_NAME(name)
#define CF_REFINED_FOR_SWIFT
#define CF_NOESCAPE
#define CF_WARN_UNUSED_RESULT __attribute__((__warn_unused_result__))
#define CF_AVAILABLE(mac, ios)
#define CF_AVAILABLE_MAC(mac)
#define CF_AVAILABLE_IOS(ios)
#define CF_DEPRECATED(...)
#define CF_ENUM_AVAILABLE(mac, ios)
#define CF_ENUM_DEPRECATED(...)
#define CF_FORMAT_FUNCTION(format, first)
#define CF_FORMAT_ARGUMENT(n)
#define CF_ASSUME_NONNULL_BEGIN
#define CF_ASSUME_NONNULL_END

/* An integer type and constants of it: `typedef CF_ENUM(CFIndex, Name) { ... };`. */
#define CF_ENUM(type, name)                                                                        \
	type name;                                                                                 \
	enum
#define CF_OPTIONS(type, name)                                                                     \
	type name;                                                                                 \
	enum

CF_EXTERN_C_BEGIN

#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif

typedef unsigned char Boolean;
typedef uint8_t UInt8;
typedef int8_t SInt8;
typedef uint16_t UInt16;
typedef int16_t SInt16;
typedef uint32_t UInt32;
typedef int32_t SInt32;
typedef uint64_t UInt64;
typedef int64_t SInt64;
typedef float Float32;
typedef double Float64;
typedef SInt32 OSStatus;
typedef UInt16 UniChar;
typedef UInt32 UTF32Char;
typedef UInt16 UTF16Char;
typedef UInt8 UTF8Char;

enum { noErr = 0 };

typedef unsigned long CFTypeID;
typedef unsigned long CFOptionFlags;
typedef unsigned long CFHashCode;
typedef signed long CFIndex;

typedef const void *CFTypeRef;
typedef const struct __CFString *CFStringRef;
typedef struct __CFString *CFMutableStringRef;
typedef const struct __CFAllocator *CFAllocatorRef;
typedef const struct __CFNull *CFNullRef;
typedef CFTypeRef CFPropertyListRef;

typedef CF_ENUM(CFIndex, CFComparisonResult) {
	kCFCompareLessThan = -1L,
	kCFCompareEqualTo = 0,
	kCFCompareGreaterThan = 1
};

typedef CFComparisonResult (*CFComparatorFunction)(
	const void *val1, const void *val2, void *context);

#define kCFNotFound ((CFIndex)-1)

typedef struct {
	CFIndex location;
	CFIndex length;
} CFRange;

CF_INLINE CFRange CFRangeMake(CFIndex location, CFIndex length)
{
	CFRange range;

	range.location = location;
	range.length = length;
	return range;
}

/* Allocators can be named, not made: all memory is malloc()'s. NULL is kCFAllocatorDefault. An object
 * cannot be created with kCFAllocatorNull (the result is NULL); as the deallocator of bytes that are
 * handed over it means that they are not to be freed, the others that they are, by free(). */
CF_EXPORT const CFAllocatorRef kCFAllocatorDefault;
CF_EXPORT const CFAllocatorRef kCFAllocatorSystemDefault;
CF_EXPORT const CFAllocatorRef kCFAllocatorMalloc;
CF_EXPORT const CFAllocatorRef kCFAllocatorMallocZone;
CF_EXPORT const CFAllocatorRef kCFAllocatorNull;
CF_EXPORT CFTypeID CFAllocatorGetTypeID(void);
CF_EXPORT CFAllocatorRef CFAllocatorGetDefault(void);
/* malloc(), realloc() and free(); NULL without memory, for sizes below 1, and by kCFAllocatorNull. */
CF_EXPORT void *CFAllocatorAllocate(CFAllocatorRef allocator, CFIndex size, CFOptionFlags hint);
CF_EXPORT void *CFAllocatorReallocate(
	CFAllocatorRef allocator, void *ptr, CFIndex newsize, CFOptionFlags hint);
CF_EXPORT void CFAllocatorDeallocate(CFAllocatorRef allocator, void *ptr);

/* The one object that stands for nothing. */
CF_EXPORT const CFNullRef kCFNull;
CF_EXPORT CFTypeID CFNullGetTypeID(void);

/* @cf itself, with one more reference. */
CF_EXPORT CFTypeRef CFRetain(CFTypeRef cf);
/* One reference less; without any, the object is gone. */
CF_EXPORT void CFRelease(CFTypeRef cf);
/* For the curious; of objects that are never released, LONG_MAX. */
CF_EXPORT CFIndex CFGetRetainCount(CFTypeRef cf);
CF_EXPORT CFTypeID CFGetTypeID(CFTypeRef cf);
/* "CFString"; NULL: there is no such type. */
CF_EXPORT CFStringRef CFCopyTypeIDDescription(CFTypeID type_id);
/* Whether both have the same type and value; numbers by what they are worth. */
CF_EXPORT Boolean CFEqual(CFTypeRef cf1, CFTypeRef cf2);
/* Equal objects have equal ones. Another one in each process. */
CF_EXPORT CFHashCode CFHash(CFTypeRef cf);
/* For people; not in the lineage's form. */
CF_EXPORT CFStringRef CFCopyDescription(CFTypeRef cf);
/* Always the system's. */
CF_EXPORT CFAllocatorRef CFGetAllocator(CFTypeRef cf);

CF_EXTERN_C_END

#endif
