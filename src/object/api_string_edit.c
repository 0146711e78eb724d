/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutable strings of <CoreFoundation/CFString.h>. Text that is not valid cannot become part of a string, and
 * there is nobody to tell: it is left out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object/api_string.h"
#include "object/text.h"
#include "object/utf.h"

#define mutable_string(cf) cf_check_mutable((cf), OBJECT_STRING, __func__)

_public_ CFMutableStringRef CFStringCreateMutable(CFAllocatorRef alloc, CFIndex maxLength)
{
	Object *string;

	if (!cf_can_allocate(alloc) || object_string_new_mutable(&string) != 0)
		return NULL;
	return (CFMutableStringRef)string;
}

_public_ CFMutableStringRef CFStringCreateMutableCopy(
	CFAllocatorRef alloc, CFIndex maxLength, CFStringRef theString)
{
	Object *copy;

	if (!cf_can_allocate(alloc) || object_dup(cf_string(theString), true, &copy) != 0)
		return NULL;
	return (CFMutableStringRef)copy;
}

/* @range of units becomes the text of @with, which may be the string itself. */
static void replace(Object *string, CFRange range, const Object *with, const char *function)
{
	size_t from, to;

	cf_check_range(range, (CFIndex)object_string_n_units(string), function);
	from = cf_offset(string, range.location);
	to = cf_offset(string, range.location + range.length);
	cf_must(object_string_replace(
			string, from, to - from, object_string_get(with), object_string_size(with)),
		function);
}

/* Text that may not be valid is not appended. */
static void append(Object *string, const char *text, size_t size, const char *function)
{
	int r = object_string_add(string, text, size);

	if (r != OBJECT_E_INVALID)
		cf_must(r, function);
}

_public_ void CFStringAppend(CFMutableStringRef theString, CFStringRef appendedString)
{
	Object *string = mutable_string(theString);

	replace(string, CFRangeMake((CFIndex)object_string_n_units(string), 0),
		cf_string(appendedString), __func__);
}

_public_ void CFStringAppendCharacters(
	CFMutableStringRef theString, const UniChar *chars, CFIndex numChars)
{
	Object *string = mutable_string(theString);
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	cf_require(numChars >= 0 && (chars || numChars == 0), "a length without characters");
	r = cf_decode_units(chars, (size_t)numChars, &text, &size);
	if (r == OBJECT_E_INVALID)
		return;
	cf_must(r, __func__);
	append(string, text, size, __func__);
}

_public_ void CFStringAppendCString(
	CFMutableStringRef theString, const char *cStr, CFStringEncoding encoding)
{
	Object *string = mutable_string(theString);
	_cleanup_free_ char *buffer = NULL;
	const char *text;
	size_t size;
	int r;

	cf_require(cStr, "NULL instead of text");
	r = cf_decode(cStr, strlen(cStr), encoding, false, &text, &size, &buffer);
	if (r > 0)
		return;
	cf_must(r, __func__);
	append(string, text, size, __func__);
}

_public_ void CFStringAppendFormatAndArguments(CFMutableStringRef theString,
	CFTypeRef formatOptions, CFStringRef format, va_list arguments)
{
	Object *string = mutable_string(theString);
	_cleanup_free_ char *text = NULL;
	size_t size;
	int r;

	cf_require(!formatOptions, "options of a format, which are not supported");
	r = cf_format(object_string_get(cf_string(format)), arguments, &text, &size);
	cf_require(r != OBJECT_E_UNSUPPORTED, "a format that is not supported");
	cf_must(r, __func__);
	append(string, text, size, __func__);
}

_public_ void CFStringAppendFormat(
	CFMutableStringRef theString, CFTypeRef formatOptions, CFStringRef format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	CFStringAppendFormatAndArguments(theString, formatOptions, format, arguments);
	va_end(arguments);
}

_public_ void CFStringInsert(CFMutableStringRef str, CFIndex idx, CFStringRef insertedStr)
{
	replace(mutable_string(str), CFRangeMake(idx, 0), cf_string(insertedStr), __func__);
}

_public_ void CFStringDelete(CFMutableStringRef theString, CFRange range)
{
	static OBJECT_STRING_STATIC(nothing, "");

	replace(mutable_string(theString), range, &nothing.object, __func__);
}

_public_ void CFStringReplace(CFMutableStringRef theString, CFRange range, CFStringRef replacement)
{
	replace(mutable_string(theString), range, cf_string(replacement), __func__);
}

_public_ void CFStringReplaceAll(CFMutableStringRef theString, CFStringRef replacement)
{
	Object *string = mutable_string(theString);

	replace(string, CFRangeMake(0, (CFIndex)object_string_n_units(string)),
		cf_string(replacement), __func__);
}

_public_ CFIndex CFStringFindAndReplace(CFMutableStringRef theString, CFStringRef stringToFind,
	CFStringRef replacementString, CFRange rangeToSearch, CFStringCompareFlags compareOptions)
{
	Object *string = mutable_string(theString);
	_cleanup_object_ Object *wanted = NULL, *with = NULL;
	CFIndex n = 0;
	CFRange found;

	/* Either may be the string that changes. */
	cf_must(object_dup(cf_string(stringToFind), false, &wanted), __func__);
	cf_must(object_dup(cf_string(replacementString), false, &with), __func__);
	while (CFStringFindWithOptions(
		theString, (CFStringRef)wanted, rangeToSearch, compareOptions, &found)) {
		CFIndex end = rangeToSearch.location + rangeToSearch.length;

		n++;
		replace(string, found, with, __func__);
		if (compareOptions & kCFCompareBackwards) {
			rangeToSearch.length = found.location - rangeToSearch.location;
		} else {
			rangeToSearch.location = found.location +
						 (CFIndex)object_string_n_units(with);
			rangeToSearch.length = end - (found.location + found.length);
		}
		if (compareOptions & kCFCompareAnchored)
			break;
	}
	return n;
}

/* White_Space of Unicode, and U+200B, which the lineage counts too. */
static bool is_blank(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200b) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
	       c == 0x205f || c == 0x3000;
}

_public_ void CFStringTrimWhitespace(CFMutableStringRef theString)
{
	Object *string = mutable_string(theString);
	const char *text = object_string_get(string), *end = text + object_string_size(string);
	size_t first = SIZE_MAX, last = 0;

	for (const char *at = text; at < end;) {
		const char *begin = at;

		if (is_blank(utf8_next(&at)))
			continue;
		first = MIN(first, (size_t)(begin - text));
		last = (size_t)(at - text);
	}
	cf_must(object_string_replace(string, last, object_string_size(string) - last, "", 0),
		__func__);
	cf_must(object_string_replace(string, 0, MIN(first, object_string_size(string)), "", 0),
		__func__);
}
