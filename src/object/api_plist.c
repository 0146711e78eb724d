/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <CoreFoundation/CFPropertyList.h> on plist.h. Why a list was refused goes into an error under the key for
 * programmers: it is not in the language of the user.
 */
#include <errno.h>
#include <stdlib.h>

#include "object/api_cf.h"
#include "object/data.h"
#include "object/plist.h"

static ObjectCopy mutability(CFOptionFlags options)
{
	if (options & kCFPropertyListMutableContainersAndLeaves)
		return OBJECT_COPY_LEAVES;
	return options & kCFPropertyListMutableContainers ? OBJECT_COPY_CONTAINERS
							  : OBJECT_COPY_IMMUTABLE;
}

_public_ CFPropertyListRef CFPropertyListCreateWithData(CFAllocatorRef allocator, CFDataRef data,
	CFOptionFlags options, CFPropertyListFormat *format, CFErrorRef *error)
{
	const Object *bytes = cf_data(data);
	PlistError problem = {.text = "no memory"};
	PlistFormat found;
	Object *list;

	if (!cf_can_allocate(allocator) ||
		plist_decode(object_data_get(bytes), object_data_size(bytes), NULL,
			mutability(options), &list, &found, &problem) != 0) {
		if (error)
			*error = cf_error_new(kCFPropertyListReadCorruptError, problem.text);
		return NULL;
	}
	if (format)
		*format = found == PLIST_XML ? kCFPropertyListXMLFormat_v1_0
					     : kCFPropertyListBinaryFormat_v1_0;
	return list;
}

static bool to_format(CFPropertyListFormat format, PlistFormat *ret)
{
	*ret = format == kCFPropertyListXMLFormat_v1_0 ? PLIST_XML : PLIST_BINARY;
	return format == kCFPropertyListXMLFormat_v1_0 ||
	       format == kCFPropertyListBinaryFormat_v1_0;
}

_public_ CFDataRef CFPropertyListCreateData(CFAllocatorRef allocator,
	CFPropertyListRef propertyList, CFPropertyListFormat format, CFOptionFlags options,
	CFErrorRef *error)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	PlistFormat form;
	Object *data;
	size_t size;
	int r = OBJECT_E_UNSUPPORTED;

	cf_require(propertyList, "NULL instead of an object");
	if (cf_can_allocate(allocator) && to_format(format, &form))
		r = plist_encode(cf_object(propertyList), form, &bytes, &size);
	if (r == 0)
		r = object_data_new(bytes, size, &data);
	if (r == 0)
		return (CFDataRef)data;
	if (error)
		*error = cf_error_new(kCFPropertyListWriteStreamError,
			r == OBJECT_E_UNSUPPORTED ? "a value, or the format, that has no form there"
			: r == OBJECT_E_LIMIT	  ? "too large, or too deep"
						  : "no memory");
	return NULL;
}

_public_ CFPropertyListRef CFPropertyListCreateFromXMLData(CFAllocatorRef allocator,
	CFDataRef xmlData, CFOptionFlags mutabilityOption, CFStringRef *errorString)
{
	CFErrorRef error = NULL;
	CFPropertyListRef list = CFPropertyListCreateWithData(
		allocator, xmlData, mutabilityOption, NULL, errorString ? &error : NULL);

	if (errorString)
		*errorString = error ? CFErrorCopyDescription(error) : NULL;
	if (error)
		CFRelease(error);
	return list;
}

_public_ CFDataRef CFPropertyListCreateXMLData(
	CFAllocatorRef allocator, CFPropertyListRef propertyList)
{
	return CFPropertyListCreateData(
		allocator, propertyList, kCFPropertyListXMLFormat_v1_0, 0, NULL);
}

_public_ CFPropertyListRef CFPropertyListCreateDeepCopy(
	CFAllocatorRef allocator, CFPropertyListRef propertyList, CFOptionFlags mutabilityOption)
{
	Object *copy;

	cf_require(propertyList, "NULL instead of an object");
	if (!cf_can_allocate(allocator) || !plist_is_valid(cf_object(propertyList), PLIST_BINARY) ||
		object_dup_deep(cf_object(propertyList), mutability(mutabilityOption), &copy) != 0)
		return NULL;
	return copy;
}

_public_ Boolean CFPropertyListIsValid(CFPropertyListRef plist, CFPropertyListFormat format)
{
	PlistFormat form;

	cf_require(plist, "NULL instead of an object");
	return to_format(format, &form) && plist_is_valid(cf_object(plist), form);
}
