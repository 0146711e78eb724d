/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <CoreFoundation/CFData.h> on data.h. The functions that take over bytes copy them too: an object is one
 * allocation of ours, and who frees the bytes is settled at once.
 */
#include <string.h>

#include "object/api_cf.h"
#include "object/data.h"

_public_ CFTypeID CFDataGetTypeID(void)
{
	return OBJECT_DATA;
}

_public_ CFDataRef CFDataCreate(CFAllocatorRef allocator, const UInt8 *bytes, CFIndex length)
{
	Object *data;

	cf_require(length >= 0 && (bytes || length == 0), "a length without bytes");
	if (!cf_can_allocate(allocator) || object_data_new(bytes, (size_t)length, &data) != 0)
		return NULL;
	return (CFDataRef)data;
}

_public_ CFDataRef CFDataCreateWithBytesNoCopy(CFAllocatorRef allocator, const UInt8 *bytes,
	CFIndex length, CFAllocatorRef bytesDeallocator)
{
	CFDataRef data = CFDataCreate(allocator, bytes, length);

	if (data)
		cf_deallocate(bytesDeallocator, bytes);
	return data;
}

static Object *copy(CFAllocatorRef allocator, Object *data, bool is_mutable)
{
	Object *ret;

	if (!cf_can_allocate(allocator) || object_dup(data, is_mutable, &ret) != 0)
		return NULL;
	return ret;
}

_public_ CFDataRef CFDataCreateCopy(CFAllocatorRef allocator, CFDataRef theData)
{
	return (CFDataRef)copy(allocator, cf_data(theData), false);
}

_public_ CFMutableDataRef CFDataCreateMutable(CFAllocatorRef allocator, CFIndex capacity)
{
	Object *data;

	if (!cf_can_allocate(allocator) || object_data_new_mutable(&data) != 0)
		return NULL;
	return (CFMutableDataRef)data;
}

_public_ CFMutableDataRef CFDataCreateMutableCopy(
	CFAllocatorRef allocator, CFIndex capacity, CFDataRef theData)
{
	return (CFMutableDataRef)copy(allocator, cf_data(theData), true);
}

_public_ CFIndex CFDataGetLength(CFDataRef theData)
{
	return (CFIndex)object_data_size(cf_data(theData));
}

_public_ const UInt8 *CFDataGetBytePtr(CFDataRef theData)
{
	return object_data_get(cf_data(theData));
}

_public_ UInt8 *CFDataGetMutableBytePtr(CFMutableDataRef theData)
{
	return object_data_get_mutable(cf_check_mutable(theData, OBJECT_DATA, __func__));
}

_public_ void CFDataGetBytes(CFDataRef theData, CFRange range, UInt8 *buffer)
{
	cf_check_range(range, CFDataGetLength(theData), __func__);
	if (range.length > 0)
		memcpy(buffer, CFDataGetBytePtr(theData) + range.location, (size_t)range.length);
}

_public_ void CFDataSetLength(CFMutableDataRef theData, CFIndex length)
{
	Object *data = cf_check_mutable(theData, OBJECT_DATA, __func__);

	cf_require(length >= 0, "a negative length");
	cf_must(object_data_resize(data, (size_t)length), __func__);
}

_public_ void CFDataIncreaseLength(CFMutableDataRef theData, CFIndex extraLength)
{
	Object *data = cf_check_mutable(theData, OBJECT_DATA, __func__);

	cf_require(extraLength >= 0, "a negative length");
	cf_must(object_data_resize(data, object_data_size(data) + (size_t)extraLength), __func__);
}

_public_ void CFDataAppendBytes(CFMutableDataRef theData, const UInt8 *bytes, CFIndex length)
{
	CFDataReplaceBytes(theData, CFRangeMake(CFDataGetLength(theData), 0), bytes, length);
}

_public_ void CFDataReplaceBytes(
	CFMutableDataRef theData, CFRange range, const UInt8 *newBytes, CFIndex newLength)
{
	Object *data = cf_check_mutable(theData, OBJECT_DATA, __func__);

	cf_check_range(range, CFDataGetLength(theData), __func__);
	cf_require(newLength >= 0 && (newBytes || newLength == 0), "a length without bytes");
	cf_must(object_data_replace(data, (size_t)range.location, (size_t)range.length, newBytes,
			(size_t)newLength),
		__func__);
}

_public_ void CFDataDeleteBytes(CFMutableDataRef theData, CFRange range)
{
	CFDataReplaceBytes(theData, range, NULL, 0);
}
