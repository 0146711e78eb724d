/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encodings of <CoreFoundation/CFString.h>, from and to the UTF-8 of text.h. Places in a string are
 * counted in UTF-16 units there and in bytes here; for ASCII these are the same.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "object/api_cf.h"
#include "object/api_string.h"
#include "object/data.h"
#include "object/text.h"
#include "object/utf.h"

#define BYTE_ORDER_MARK 0xfeffU

static bool is_utf16(CFStringEncoding encoding)
{
	return encoding == kCFStringEncodingUTF16 || encoding == kCFStringEncodingUTF16BE ||
	       encoding == kCFStringEncodingUTF16LE;
}

static bool is_big_endian(CFStringEncoding encoding)
{
	return encoding == kCFStringEncodingUTF16BE ||
	       (encoding == kCFStringEncodingUTF16 && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
}

_public_ Boolean CFStringIsEncodingAvailable(CFStringEncoding encoding)
{
	return is_utf16(encoding) || encoding == kCFStringEncodingUTF8 ||
	       encoding == kCFStringEncodingASCII || encoding == kCFStringEncodingISOLatin1;
}

_public_ CFStringEncoding CFStringGetSystemEncoding(void)
{
	return kCFStringEncodingUTF8;
}

/* Room for @size bytes of UTF-8. */
static int new_buffer(size_t size, char **ret)
{
	*ret = malloc(size > 0 ? size : 1);
	return *ret ? 0 : error_origin(-ENOMEM);
}

static int decode_latin1(const uint8_t *bytes, size_t size, char **ret, size_t *ret_size)
{
	_cleanup_free_ char *text = NULL;
	size_t n = 0;
	int r = new_buffer(2 * size, &text);

	if (r < 0)
		return r;
	for (size_t i = 0; i < size; i++) {
		char c[UTF8_CHAR_MAX];
		size_t length = utf8_put(bytes[i], c);

		memcpy(text + n, c, length);
		n += length;
	}
	*ret = TAKE_PTR(text);
	*ret_size = n;
	return 0;
}

int cf_decode_units(const uint16_t *units, size_t n_units, char **ret, size_t *ret_size)
{
	_cleanup_free_ char *text = NULL;
	size_t n = 0;
	int r;

	if (n_units > OBJECT_SIZE_MAX)
		return OBJECT_E_INVALID;
	r = new_buffer(3 * n_units, &text);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n_units;) {
		char c[UTF8_CHAR_MAX];
		uint32_t character;
		size_t length;

		if (!utf16_next(units, n_units, &i, &character))
			return OBJECT_E_INVALID;
		length = utf8_put(character, c);
		memcpy(text + n, c, length);
		n += length;
	}
	*ret = TAKE_PTR(text);
	*ret_size = n;
	return 0;
}

static int decode_utf16(const uint8_t *bytes, size_t size, bool is_big, bool with_mark, char **ret,
	size_t *ret_size)
{
	_cleanup_free_ uint16_t *units = NULL;
	size_t n = size / 2, skip = 0;

	if (size % 2 != 0)
		return OBJECT_E_INVALID;
	if (with_mark && n > 0) {
		bool is_mark_big = bytes[0] == 0xfe && bytes[1] == 0xff;

		if (is_mark_big || (bytes[0] == 0xff && bytes[1] == 0xfe)) {
			is_big = is_mark_big;
			skip = 1;
		}
	}
	units = malloc(size > 0 ? size : 1);
	if (!units)
		return error_origin(-ENOMEM);
	for (size_t i = skip; i < n; i++)
		units[i - skip] = (uint16_t)(is_big ? bytes[2 * i] << 8 | bytes[2 * i + 1]
						    : bytes[2 * i + 1] << 8 | bytes[2 * i]);
	return cf_decode_units(units, n - skip, ret, ret_size);
}

int cf_decode(const void *bytes, size_t size, CFStringEncoding encoding, bool with_mark,
	const char **ret_text, size_t *ret_size, char **ret_buffer)
{
	static const char mark[] = "\xef\xbb\xbf";
	const uint8_t *at = bytes;
	char *buffer = NULL;
	int r;

	if (encoding == kCFStringEncodingUTF8 || encoding == kCFStringEncodingASCII) {
		bool has_mark = with_mark && encoding == kCFStringEncodingUTF8 && size >= 3 &&
				memcmp(bytes, mark, 3) == 0;

		for (size_t i = 0; encoding == kCFStringEncodingASCII && i < size; i++)
			if (at[i] >= 0x80)
				return OBJECT_E_INVALID;
		*ret_buffer = NULL;
		*ret_text = (const char *)bytes + (has_mark ? 3 : 0);
		*ret_size = size - (has_mark ? 3 : 0);
		return 0;
	}
	if (size > OBJECT_SIZE_MAX)
		return OBJECT_E_INVALID;
	if (encoding == kCFStringEncodingISOLatin1)
		r = decode_latin1(at, size, &buffer, ret_size);
	else if (is_utf16(encoding))
		r = decode_utf16(at, size, is_big_endian(encoding),
			with_mark || encoding == kCFStringEncodingUTF16, &buffer, ret_size);
	else
		return OBJECT_E_UNSUPPORTED;
	if (r != 0)
		return r;
	*ret_text = *ret_buffer = buffer;
	return 0;
}

size_t cf_offset(const Object *string, CFIndex unit)
{
	size_t size = object_string_size(string);

	if (object_string_n_units(string) == size)
		return (size_t)unit;
	return utf8_offset_of_unit(object_string_get(string), size, (size_t)unit);
}

/* @c in @encoding; how many bytes, or 0: it is not in it. */
static size_t encode(uint32_t c, CFStringEncoding encoding, uint8_t ret[static 4])
{
	uint16_t units[2];
	size_t n;

	if (encoding == kCFStringEncodingUTF8)
		return utf8_put(c, (char *)ret);
	if (encoding == kCFStringEncodingASCII || encoding == kCFStringEncodingISOLatin1) {
		ret[0] = (uint8_t)c;
		return c < (encoding == kCFStringEncodingASCII ? 0x80U : 0x100U);
	}
	n = utf16_put(c, units);
	for (size_t i = 0; i < n; i++) {
		ret[2 * i] = (uint8_t)(is_big_endian(encoding) ? units[i] >> 8 : units[i]);
		ret[2 * i + 1] = (uint8_t)(is_big_endian(encoding) ? units[i] : units[i] >> 8);
	}
	return 2 * n;
}

_public_ CFIndex CFStringGetBytes(CFStringRef theString, CFRange range, CFStringEncoding encoding,
	UInt8 lossByte, Boolean isExternalRepresentation, UInt8 *buffer, CFIndex maxBufLen,
	CFIndex *usedBufLen)
{
	const Object *string = cf_string(theString);
	const char *at, *end;
	size_t used = 0, room = buffer ? (size_t)maxBufLen : SIZE_MAX / 2;
	CFIndex n_units = 0;
	uint8_t bytes[4];

	cf_check_range(range, (CFIndex)object_string_n_units(string), __func__);
	cf_require(!buffer || maxBufLen >= 0, "a negative length");
	at = object_string_get(string) + cf_offset(string, range.location);
	end = object_string_get(string) + cf_offset(string, range.location + range.length);
	if (!CFStringIsEncodingAvailable(encoding))
		at = end;
	if (isExternalRepresentation && encoding == kCFStringEncodingUTF16 && at < end &&
		room >= 2) {
		used = encode(BYTE_ORDER_MARK, encoding, bytes);
		if (buffer)
			memcpy(buffer, bytes, used);
	}
	while (at < end) {
		uint32_t c = utf8_next(&at);
		size_t n = encode(c, encoding, bytes);

		if (n == 0 && lossByte != 0) {
			bytes[0] = lossByte;
			n = 1;
		}
		if (n == 0 || n > room - used)
			break;
		if (buffer)
			memcpy(buffer + used, bytes, n);
		used += n;
		n_units += c >= 0x10000 ? 2 : 1;
	}
	if (usedBufLen)
		*usedBufLen = (CFIndex)used;
	return n_units;
}

_public_ Boolean CFStringGetCString(
	CFStringRef theString, char *buffer, CFIndex bufferSize, CFStringEncoding encoding)
{
	CFIndex length = CFStringGetLength(theString), used;

	if (bufferSize < 1 || is_utf16(encoding) || !CFStringIsEncodingAvailable(encoding) ||
		CFStringGetBytes(theString, CFRangeMake(0, length), encoding, 0, false,
			(UInt8 *)buffer, bufferSize - 1, &used) != length)
		return false;
	buffer[used] = '\0';
	return true;
}

_public_ const char *CFStringGetCStringPtr(CFStringRef theString, CFStringEncoding encoding)
{
	const Object *string = cf_string(theString);

	if (encoding == kCFStringEncodingUTF8 ||
		((encoding == kCFStringEncodingASCII || encoding == kCFStringEncodingISOLatin1) &&
			object_string_n_units(string) == object_string_size(string)))
		return object_string_get(string);
	return NULL;
}

_public_ CFIndex CFStringGetMaximumSizeForEncoding(CFIndex length, CFStringEncoding encoding)
{
	CFIndex each = encoding == kCFStringEncodingUTF8 ? 3 : is_utf16(encoding) ? 2 : 1;

	if (!CFStringIsEncodingAvailable(encoding) || length < 0 || length > LONG_MAX / each)
		return kCFNotFound;
	return length * each;
}

_public_ CFDataRef CFStringCreateExternalRepresentation(
	CFAllocatorRef alloc, CFStringRef theString, CFStringEncoding encoding, UInt8 lossByte)
{
	CFRange all = CFRangeMake(0, CFStringGetLength(theString));
	_cleanup_object_ Object *data = NULL;
	CFIndex used;

	if (!cf_can_allocate(alloc) || !CFStringIsEncodingAvailable(encoding) ||
		CFStringGetBytes(theString, all, encoding, lossByte, true, NULL, 0, &used) !=
			all.length ||
		object_data_new_mutable(&data) != 0 || object_data_resize(data, (size_t)used) != 0)
		return NULL;
	if (used > 0)
		CFStringGetBytes(theString, all, encoding, lossByte, true,
			object_data_get_mutable(data), used, &used);
	object_freeze(data);
	return (CFDataRef)TAKE_PTR(data);
}

_public_ CFStringRef CFStringCreateFromExternalRepresentation(
	CFAllocatorRef alloc, CFDataRef data, CFStringEncoding encoding)
{
	const Object *object = cf_data(data);

	return CFStringCreateWithBytes(
		alloc, object_data_get(object), (CFIndex)object_data_size(object), encoding, true);
}

_public_ Boolean CFStringGetFileSystemRepresentation(
	CFStringRef string, char *buffer, CFIndex maxBufLen)
{
	return CFStringGetCString(string, buffer, maxBufLen, kCFStringEncodingUTF8);
}

_public_ CFIndex CFStringGetMaximumSizeOfFileSystemRepresentation(CFStringRef string)
{
	return (CFIndex)object_string_size(cf_string(string)) + 1;
}

_public_ CFStringRef CFStringCreateWithFileSystemRepresentation(
	CFAllocatorRef alloc, const char *buffer)
{
	return CFStringCreateWithCString(alloc, buffer, kCFStringEncodingUTF8);
}
