/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <CoreFoundation/CFError.h>: a class of its own, for which the value model has no use. Immutable, like
 * the dictionary in it. What describes an error needs no memory but that of the description.
 */
#include <string.h>

#include "object/api_cf.h"
#include "object/dictionary.h"
#include "object/text.h"

#define CONSTANT(name, text)                                                                       \
	static OBJECT_STRING_STATIC(string_##name, text);                                          \
	_public_ const CFStringRef name = (CFStringRef)&string_##name.object

CONSTANT(kCFErrorDomainPOSIX, "NSPOSIXErrorDomain");
CONSTANT(kCFErrorDomainOSStatus, "NSOSStatusErrorDomain");
CONSTANT(kCFErrorDomainMach, "NSMachErrorDomain");
CONSTANT(kCFErrorDomainCocoa, "NSCocoaErrorDomain");
CONSTANT(kCFErrorLocalizedDescriptionKey, "NSLocalizedDescription");
CONSTANT(kCFErrorLocalizedFailureKey, "NSLocalizedFailure");
CONSTANT(kCFErrorLocalizedFailureReasonKey, "NSLocalizedFailureReason");
CONSTANT(kCFErrorLocalizedRecoverySuggestionKey, "NSLocalizedRecoverySuggestion");
CONSTANT(kCFErrorDescriptionKey, "NSDescription");
CONSTANT(kCFErrorUnderlyingErrorKey, "NSUnderlyingError");
CONSTANT(kCFErrorURLKey, "NSURL");
CONSTANT(kCFErrorFilePathKey, "NSFilePath");

/* Not CFSTR(), which needs memory at first. */
static OBJECT_STRING_STATIC(string_failure, "The operation could not be completed.");
static OBJECT_STRING_STATIC(string_two, "%@ %@");
static OBJECT_STRING_STATIC(string_posix, "%@ %s");
static OBJECT_STRING_STATIC(string_code, "%@ (%@ error %ld.)");

typedef struct Error {
	Object object;
	Object *domain;
	CFIndex code;
	Object *info; /* a dictionary */
} Error;

static const Error *error_of(const Object *object)
{
	return (const Error *)object;
}

static void deinit_error(Object *object)
{
	object_unref(error_of(object)->domain);
	object_unref(error_of(object)->info);
}

static bool equal_errors(const Object *one, const Object *other, ObjectWalk *walk)
{
	const Error *a = error_of(one), *b = error_of(other);

	return a->code == b->code && object_equal_within(a->domain, b->domain, walk) &&
	       object_equal_within(a->info, b->info, walk);
}

static uint32_t hash_error(const Object *object)
{
	return object_hash(error_of(object)->domain) ^ (uint32_t)error_of(object)->code;
}

static int describe_error(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	const Error *error = error_of(object);
	int r = object_describe_put(
		text, "error %ld of %s ", error->code, object_string_get(error->domain));

	return r != 0 ? r : object_describe_within(error->info, text, walk);
}

static const ObjectClass error_class = {.name = "CFError",
	.type = OBJECT_OTHER,
	.size = sizeof(Error),
	.deinit = deinit_error,
	.equal = equal_errors,
	.hash = hash_error,
	.describe = describe_error};

static const Error *check(CFErrorRef error, const char *function)
{
	if (!error)
		cf_abort(function, "NULL instead of an object");
	if (!object_is(cf_object(error), &error_class))
		cf_abort(function, "an object of another type");
	return error_of(cf_object(error));
}

_public_ CFTypeID CFErrorGetTypeID(void)
{
	return object_class_id(&error_class);
}

/* Takes over @info. */
static CFErrorRef new_error(
	CFAllocatorRef allocator, CFErrorDomain domain, CFIndex code, Object *info)
{
	_cleanup_object_ Object *mine = info;
	_cleanup_object_ Object *name = NULL;
	Object *error;

	if (!cf_can_allocate(allocator) || object_dup(cf_string(domain), false, &name) != 0 ||
		object_new(&error_class, false, &error) != 0)
		return NULL;
	((Error *)error)->domain = TAKE_PTR(name);
	((Error *)error)->code = code;
	((Error *)error)->info = TAKE_PTR(mine);
	return (CFErrorRef)error;
}

_public_ CFErrorRef CFErrorCreate(
	CFAllocatorRef allocator, CFErrorDomain domain, CFIndex code, CFDictionaryRef userInfo)
{
	Object *info = NULL;
	int r;

	if (userInfo)
		r = object_dup(cf_check(userInfo, OBJECT_DICTIONARY, __func__), false, &info);
	else
		r = object_dictionary_new(&info);
	if (r != 0)
		return NULL;
	object_freeze(info);
	return new_error(allocator, domain, code, info);
}

_public_ CFErrorRef CFErrorCreateWithUserInfoKeysAndValues(CFAllocatorRef allocator,
	CFErrorDomain domain, CFIndex code, const void *const *userInfoKeys,
	const void *const *userInfoValues, CFIndex numUserInfoValues)
{
	CFDictionaryRef info = CFDictionaryCreate(allocator, (const void **)userInfoKeys,
		(const void **)userInfoValues, numUserInfoValues,
		&kCFCopyStringDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);

	return info ? new_error(allocator, domain, code, cf_object(info)) : NULL;
}

_public_ CFErrorDomain CFErrorGetDomain(CFErrorRef err)
{
	return (CFErrorDomain)check(err, __func__)->domain;
}

_public_ CFIndex CFErrorGetCode(CFErrorRef err)
{
	return check(err, __func__)->code;
}

_public_ CFDictionaryRef CFErrorCopyUserInfo(CFErrorRef err)
{
	return (CFDictionaryRef)object_ref(check(err, __func__)->info);
}

static const Object *find_text(const Error *error, CFStringRef key)
{
	const Object *value = object_dictionary_find(error->info, cf_object(key));

	return object_is_type(value, OBJECT_STRING) ? value : NULL;
}

static CFStringRef copy_text(const Error *error, CFStringRef key)
{
	const Object *value = find_text(error, key);
	Object *copy;

	if (!value || object_dup(value, false, &copy) != 0)
		return NULL;
	return (CFStringRef)copy;
}

_public_ CFStringRef CFErrorCopyDescription(CFErrorRef err)
{
	const Error *error = check(err, __func__);
	const Object *failure, *reason;
	char text[128];

	if (find_text(error, kCFErrorLocalizedDescriptionKey))
		return copy_text(error, kCFErrorLocalizedDescriptionKey);
	failure = find_text(error, kCFErrorLocalizedFailureKey);
	reason = find_text(error, kCFErrorLocalizedFailureReasonKey);
	if (!reason)
		reason = find_text(error, kCFErrorDescriptionKey);
	if (!failure)
		failure = &string_failure.object;
	if (reason)
		return CFStringCreateWithFormat(
			NULL, NULL, (CFStringRef)&string_two, failure, reason);
	if (object_equal(error->domain, &string_kCFErrorDomainPOSIX.object))
		return CFStringCreateWithFormat(NULL, NULL, (CFStringRef)&string_posix, failure,
			strerror_r((int)error->code, text, sizeof(text)));
	return CFStringCreateWithFormat(
		NULL, NULL, (CFStringRef)&string_code, failure, error->domain, (long)error->code);
}

_public_ CFStringRef CFErrorCopyFailureReason(CFErrorRef err)
{
	return copy_text(check(err, __func__), kCFErrorLocalizedFailureReasonKey);
}

_public_ CFStringRef CFErrorCopyRecoverySuggestion(CFErrorRef err)
{
	return copy_text(check(err, __func__), kCFErrorLocalizedRecoverySuggestionKey);
}

CFErrorRef cf_error_new(CFIndex code, const char *description)
{
	const void *keys[1] = {kCFErrorDescriptionKey}, *values[1];
	CFErrorRef error;
	CFStringRef text;

	text = CFStringCreateWithCString(NULL, description, kCFStringEncodingUTF8);
	if (!text)
		return NULL;
	values[0] = text;
	error = CFErrorCreateWithUserInfoKeysAndValues(
		NULL, kCFErrorDomainCocoa, code, keys, values, 1);
	CFRelease(text);
	return error;
}
