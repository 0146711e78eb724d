/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <CoreFoundation/CFString.h> on text.h: making, reading and comparing strings. Encodings are in
 * api_encoding.c, changes in api_string_edit.c, formats in api_format.c.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "object/api_string.h"
#include "object/array.h"
#include "object/locale.h"
#include "object/text.h"
#include "object/utf.h"

_public_ CFTypeID CFStringGetTypeID(void)
{
	return OBJECT_STRING;
}

_public_ CFStringRef __CFStringMakeConstantString(const char *cStr)
{
	Object *string;
	int r = object_string_intern(cStr, &string);

	cf_require(r <= 0, "a constant string that is not UTF-8");
	cf_must(r, "CFSTR");
	return (CFStringRef)string;
}

static CFStringRef new_string(const char *text, size_t size)
{
	Object *string;

	return object_string_new(text, size, &string) == 0 ? (CFStringRef)string : NULL;
}

_public_ CFStringRef CFStringCreateWithBytes(CFAllocatorRef alloc, const UInt8 *bytes,
	CFIndex numBytes, CFStringEncoding encoding, Boolean isExternalRepresentation)
{
	_cleanup_free_ char *buffer = NULL;
	const char *text;
	size_t size;

	cf_require(numBytes >= 0 && (bytes || numBytes == 0), "a length without bytes");
	if (!cf_can_allocate(alloc) ||
		cf_decode(bytes, (size_t)numBytes, encoding, isExternalRepresentation, &text, &size,
			&buffer) != 0)
		return NULL;
	return new_string(text, size);
}

_public_ CFStringRef CFStringCreateWithCString(
	CFAllocatorRef alloc, const char *cStr, CFStringEncoding encoding)
{
	cf_require(cStr, "NULL instead of text");
	return CFStringCreateWithBytes(
		alloc, (const UInt8 *)cStr, (CFIndex)strlen(cStr), encoding, false);
}

_public_ CFStringRef CFStringCreateWithCStringNoCopy(CFAllocatorRef alloc, const char *cStr,
	CFStringEncoding encoding, CFAllocatorRef contentsDeallocator)
{
	CFStringRef string = CFStringCreateWithCString(alloc, cStr, encoding);

	if (string)
		cf_deallocate(contentsDeallocator, cStr);
	return string;
}

_public_ CFStringRef CFStringCreateWithBytesNoCopy(CFAllocatorRef alloc, const UInt8 *bytes,
	CFIndex numBytes, CFStringEncoding encoding, Boolean isExternalRepresentation,
	CFAllocatorRef contentsDeallocator)
{
	CFStringRef string = CFStringCreateWithBytes(
		alloc, bytes, numBytes, encoding, isExternalRepresentation);

	if (string)
		cf_deallocate(contentsDeallocator, bytes);
	return string;
}

_public_ CFStringRef CFStringCreateWithCharacters(
	CFAllocatorRef alloc, const UniChar *chars, CFIndex numChars)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	cf_require(numChars >= 0 && (chars || numChars == 0), "a length without characters");
	if (!cf_can_allocate(alloc) || cf_decode_units(chars, (size_t)numChars, &text, &size) != 0)
		return NULL;
	return new_string(text, size);
}

_public_ CFStringRef CFStringCreateWithSubstring(
	CFAllocatorRef alloc, CFStringRef str, CFRange range)
{
	const Object *string = cf_string(str);
	size_t from, to;

	cf_check_range(range, (CFIndex)object_string_n_units(string), __func__);
	from = cf_offset(string, range.location);
	to = cf_offset(string, range.location + range.length);
	return cf_can_allocate(alloc) ? new_string(object_string_get(string) + from, to - from)
				      : NULL;
}

_public_ CFStringRef CFStringCreateCopy(CFAllocatorRef alloc, CFStringRef theString)
{
	Object *copy;

	if (!cf_can_allocate(alloc) || object_dup(cf_string(theString), false, &copy) != 0)
		return NULL;
	return (CFStringRef)copy;
}

_public_ CFStringRef CFStringCreateWithFormatAndArguments(
	CFAllocatorRef alloc, CFTypeRef formatOptions, CFStringRef format, va_list arguments)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	cf_require(!formatOptions, "options of a format, which are not supported");
	if (!cf_can_allocate(alloc) ||
		cf_format(object_string_get(cf_string(format)), arguments, &text, &size) != 0)
		return NULL;
	return new_string(text, size);
}

_public_ CFStringRef CFStringCreateWithFormat(
	CFAllocatorRef alloc, CFTypeRef formatOptions, CFStringRef format, ...)
{
	CFStringRef string;
	va_list arguments;

	va_start(arguments, format);
	string = CFStringCreateWithFormatAndArguments(alloc, formatOptions, format, arguments);
	va_end(arguments);
	return string;
}

_public_ CFIndex CFStringGetLength(CFStringRef theString)
{
	return (CFIndex)object_string_n_units(cf_string(theString));
}

_public_ void CFStringGetCharacters(CFStringRef theString, CFRange range, UniChar *buffer)
{
	const Object *string = cf_string(theString);
	const char *at, *end = object_string_get(string) + object_string_size(string);
	CFIndex place = 0;

	cf_check_range(range, (CFIndex)object_string_n_units(string), __func__);
	at = object_string_get(string);
	if (object_string_n_units(string) == object_string_size(string)) {
		at += range.location;
		place = range.location;
	}
	while (at < end && place < range.location + range.length) {
		uint16_t units[2];
		size_t n = utf16_put(utf8_next(&at), units);

		for (size_t i = 0; i < n; i++, place++)
			if (place >= range.location && place < range.location + range.length)
				buffer[place - range.location] = units[i];
	}
}

_public_ UniChar CFStringGetCharacterAtIndex(CFStringRef theString, CFIndex idx)
{
	UniChar unit = 0;

	cf_require(idx >= 0 && idx < CFStringGetLength(theString), "an index out of bounds");
	CFStringGetCharacters(theString, CFRangeMake(idx, 1), &unit);
	return unit;
}

_public_ SInt32 CFStringGetIntValue(CFStringRef str)
{
	const char *text = object_string_get(cf_string(str));
	char *end;
	long value;

	while (*text && strchr(" \t\r\n", *text))
		text++;
	value = strtol(text, &end, 10);
	return (SInt32)MAX((long)INT32_MIN, MIN((long)INT32_MAX, value));
}

_public_ double CFStringGetDoubleValue(CFStringRef str)
{
	const char *text = object_string_get(cf_string(str));
	char *end;

	return locale_strtod(text, &end);
}

/* Comparing and finding. */

#define OPTIONS (kCFCompareCaseInsensitive | kCFCompareBackwards | kCFCompareAnchored)

static int compare_folded(
	const char *one, const char *one_end, const char *other, const char *other_end)
{
	while (one < one_end && other < other_end) {
		uint32_t a = locale_fold(utf8_next(&one)), b = locale_fold(utf8_next(&other));

		if (a != b)
			return a < b ? -1 : 1;
	}
	return (one < one_end) - (other < other_end);
}

_public_ CFComparisonResult CFStringCompareWithOptions(CFStringRef theString1,
	CFStringRef theString2, CFRange rangeToCompare, CFStringCompareFlags compareOptions)
{
	const Object *one = cf_string(theString1), *other = cf_string(theString2);
	const char *text = object_string_get(one), *other_text = object_string_get(other);
	size_t from, to, size = object_string_size(other);
	int order;

	cf_require(
		(compareOptions & ~(CFOptionFlags)OPTIONS) == 0, "an option that is not supported");
	cf_check_range(rangeToCompare, (CFIndex)object_string_n_units(one), __func__);
	from = cf_offset(one, rangeToCompare.location);
	to = cf_offset(one, rangeToCompare.location + rangeToCompare.length);
	if (compareOptions & kCFCompareCaseInsensitive) {
		order = compare_folded(text + from, text + to, other_text, other_text + size);
	} else {
		order = memcmp(text + from, other_text, MIN(to - from, size));
		if (order == 0)
			order = (to - from > size) - (to - from < size);
	}
	return (order > 0) - (order < 0);
}

_public_ CFComparisonResult CFStringCompare(
	CFStringRef theString1, CFStringRef theString2, CFStringCompareFlags compareOptions)
{
	CFRange all = CFRangeMake(0, CFStringGetLength(theString1));

	return CFStringCompareWithOptions(theString1, theString2, all, compareOptions);
}

_public_ Boolean CFStringHasPrefix(CFStringRef theString, CFStringRef prefix)
{
	const Object *string = cf_string(theString), *part = cf_string(prefix);
	size_t size = object_string_size(part);

	return size <= object_string_size(string) &&
	       memcmp(object_string_get(string), object_string_get(part), size) == 0;
}

_public_ Boolean CFStringHasSuffix(CFStringRef theString, CFStringRef suffix)
{
	const Object *string = cf_string(theString), *part = cf_string(suffix);
	size_t size = object_string_size(part), whole = object_string_size(string);

	return size <= whole &&
	       memcmp(object_string_get(string) + whole - size, object_string_get(part), size) == 0;
}

/* The end of @part at @at, or NULL: it is not there. */
static const char *match(const char *at, const char *end, const Object *part, bool is_folded)
{
	const char *wanted = object_string_get(part);
	const char *wanted_end = wanted + object_string_size(part);

	if (!is_folded) {
		size_t size = object_string_size(part);

		return (size_t)(end - at) >= size && memcmp(at, wanted, size) == 0 ? at + size
										   : NULL;
	}
	while (wanted < wanted_end) {
		if (at == end || locale_fold(utf8_next(&at)) != locale_fold(utf8_next(&wanted)))
			return NULL;
	}
	return at;
}

static const char *previous(const char *at)
{
	do {
		at--;
	} while (((uint8_t)*at & 0xc0) == 0x80);
	return at;
}

/* Where @part begins between @begin and @end, or NULL; *ret_end is where it ends. */
static const char *find(const char *begin, const char *end, const Object *part,
	CFStringCompareFlags options, const char **ret_end)
{
	bool is_folded = options & kCFCompareCaseInsensitive;
	bool is_backwards = options & kCFCompareBackwards;
	const char *at = is_backwards ? end : begin;

	if (object_string_size(part) == 0)
		return NULL;
	for (;;) {
		if (is_backwards) {
			if (at == begin)
				return NULL;
			at = previous(at);
		} else if (at == end) {
			return NULL;
		}
		*ret_end = match(at, end, part, is_folded);
		if (*ret_end &&
			(!(options & kCFCompareAnchored) || !is_backwards || *ret_end == end))
			return at;
		if (!is_backwards) {
			if (options & kCFCompareAnchored)
				return NULL;
			utf8_next(&at);
		}
	}
}

_public_ Boolean CFStringFindWithOptions(CFStringRef theString, CFStringRef stringToFind,
	CFRange rangeToSearch, CFStringCompareFlags searchOptions, CFRange *result)
{
	const Object *string = cf_string(theString);
	const char *text = object_string_get(string), *found, *end;
	size_t from, to;

	cf_require(
		(searchOptions & ~(CFOptionFlags)OPTIONS) == 0, "an option that is not supported");
	cf_check_range(rangeToSearch, (CFIndex)object_string_n_units(string), __func__);
	from = cf_offset(string, rangeToSearch.location);
	to = cf_offset(string, rangeToSearch.location + rangeToSearch.length);
	found = find(text + from, text + to, cf_string(stringToFind), searchOptions, &end);
	if (!found)
		return false;
	if (result)
		*result = CFRangeMake((CFIndex)utf8_n_units(text, (size_t)(found - text)),
			(CFIndex)utf8_n_units(found, (size_t)(end - found)));
	return true;
}

_public_ CFRange CFStringFind(
	CFStringRef theString, CFStringRef stringToFind, CFStringCompareFlags compareOptions)
{
	CFRange all = CFRangeMake(0, CFStringGetLength(theString)), found;

	if (!CFStringFindWithOptions(theString, stringToFind, all, compareOptions, &found))
		return CFRangeMake(kCFNotFound, 0);
	return found;
}

_public_ CFStringRef CFStringCreateByCombiningStrings(
	CFAllocatorRef alloc, CFArrayRef theArray, CFStringRef separatorString)
{
	CFIndex n = CFArrayGetCount(theArray);
	CFMutableStringRef string = CFStringCreateMutable(alloc, 0);

	for (CFIndex i = 0; string && i < n; i++) {
		if (i > 0)
			CFStringAppend(string, separatorString);
		CFStringAppend(string, (CFStringRef)CFArrayGetValueAtIndex(theArray, i));
	}
	if (string)
		object_freeze(cf_object(string));
	return string;
}

_public_ CFArrayRef CFStringCreateArrayBySeparatingStrings(
	CFAllocatorRef alloc, CFStringRef theString, CFStringRef separatorString)
{
	const Object *string = cf_string(theString), *separator = cf_string(separatorString);
	const char *at = object_string_get(string), *end = at + object_string_size(string);
	_cleanup_object_ Object *array = NULL;
	int r = cf_can_allocate(alloc) ? object_array_new(&array) : OBJECT_E_UNSUPPORTED;

	while (r == 0 && at) {
		const char *next, *found = find(at, end, separator, 0, &next);
		Object *part = NULL;

		r = object_string_new(at, (size_t)((found ? found : end) - at), &part);
		if (r == 0)
			r = object_array_add(array, part);
		object_unref(part);
		at = found ? next : NULL;
	}
	if (r != 0)
		return NULL;
	object_freeze(array);
	return (CFArrayRef)TAKE_PTR(array);
}
