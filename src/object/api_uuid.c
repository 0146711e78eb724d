/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <CoreFoundation/CFUUID.h> on scalar.h. New ones are random, as the lineage's are: there is nothing in
 * them that says where or when.
 */
#include <string.h>

#include "base/random.h"
#include "object/api_cf.h"
#include "object/scalar.h"
#include "object/text.h"

_public_ CFTypeID CFUUIDGetTypeID(void)
{
	return OBJECT_UUID;
}

static CFUUIDRef create(CFAllocatorRef allocator, const uint8_t value[static OBJECT_UUID_SIZE])
{
	Object *uuid;

	if (!cf_can_allocate(allocator) || object_uuid_new(value, &uuid) != 0)
		return NULL;
	return (CFUUIDRef)uuid;
}

_public_ CFUUIDRef CFUUIDCreate(CFAllocatorRef alloc)
{
	uint8_t value[OBJECT_UUID_SIZE];

	if (random_bytes(value, sizeof(value)) < 0)
		return NULL;
	value[6] = (uint8_t)((value[6] & 0x0f) | 0x40); /* version 4 */
	value[8] = (uint8_t)((value[8] & 0x3f) | 0x80); /* of the usual variant */
	return create(alloc, value);
}

_public_ CFUUIDRef CFUUIDCreateFromUUIDBytes(CFAllocatorRef alloc, CFUUIDBytes bytes)
{
	uint8_t value[OBJECT_UUID_SIZE];

	_Static_assert(sizeof(bytes) == sizeof(value), "bytes without padding");
	memcpy(value, &bytes, sizeof(value));
	return create(alloc, value);
}

_public_ CFUUIDRef CFUUIDCreateFromString(CFAllocatorRef alloc, CFStringRef uuidStr)
{
	uint8_t value[OBJECT_UUID_SIZE];

	if (!object_uuid_parse(object_string_get(cf_string(uuidStr)), value))
		return NULL;
	return create(alloc, value);
}

_public_ CFStringRef CFUUIDCreateString(CFAllocatorRef alloc, CFUUIDRef uuid)
{
	char text[OBJECT_UUID_TEXT_SIZE];
	Object *string;

	object_uuid_format(object_uuid_get(cf_check(uuid, OBJECT_UUID, __func__)), text);
	if (!cf_can_allocate(alloc) || object_string_new_z(text, &string) != 0)
		return NULL;
	return (CFStringRef)string;
}

_public_ CFUUIDBytes CFUUIDGetUUIDBytes(CFUUIDRef uuid)
{
	CFUUIDBytes bytes;

	memcpy(&bytes, object_uuid_get(cf_check(uuid, OBJECT_UUID, __func__)), sizeof(bytes));
	return bytes;
}
