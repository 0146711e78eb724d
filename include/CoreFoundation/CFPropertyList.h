/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COREFOUNDATION_CFPROPERTYLIST_H
#define COREFOUNDATION_CFPROPERTYLIST_H

/*
 * Property lists: strings, numbers, booleans, dates, data, arrays and dictionaries (with strings as keys)
 * of these, in XML and in binary form; CFPropertyList(3). Lists of at most 16 MiB, 128 levels and 262144
 * values are read.
 */

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFError.h>
#include <CoreFoundation/CFString.h>

CF_EXTERN_C_BEGIN

typedef CF_OPTIONS(CFOptionFlags, CFPropertyListMutabilityOptions) {
	kCFPropertyListImmutable = 0,
	kCFPropertyListMutableContainers = 1 << 0,
	kCFPropertyListMutableContainersAndLeaves = 1 << 1,
};

typedef CF_ENUM(CFIndex, CFPropertyListFormat) {
	kCFPropertyListOpenStepFormat = 1, /* not supported */
	kCFPropertyListXMLFormat_v1_0 = 100,
	kCFPropertyListBinaryFormat_v1_0 = 200,
};

/* Codes of errors in kCFErrorDomainCocoa. */
enum {
	kCFPropertyListReadCorruptError = 3840,
	kCFPropertyListReadUnknownVersionError = 3841,
	kCFPropertyListReadStreamError = 3842,
	kCFPropertyListWriteStreamError = 3851
};

/* Either form is recognised. @format and @error may be NULL; what is put into *@error is the caller's. */
CF_EXPORT CFPropertyListRef CFPropertyListCreateWithData(CFAllocatorRef allocator, CFDataRef data,
	CFOptionFlags options, CFPropertyListFormat *format, CFErrorRef *error);
/* @options is 0. NULL: not a property list, or the format is not supported. */
CF_EXPORT CFDataRef CFPropertyListCreateData(CFAllocatorRef allocator,
	CFPropertyListRef propertyList, CFPropertyListFormat format, CFOptionFlags options,
	CFErrorRef *error);
/* Their older forms. *@errorString is the caller's. */
CF_EXPORT CFPropertyListRef CFPropertyListCreateFromXMLData(CFAllocatorRef allocator,
	CFDataRef xmlData, CFOptionFlags mutabilityOption, CFStringRef *errorString);
CF_EXPORT CFDataRef CFPropertyListCreateXMLData(
	CFAllocatorRef allocator, CFPropertyListRef propertyList);

CF_EXPORT CFPropertyListRef CFPropertyListCreateDeepCopy(
	CFAllocatorRef allocator, CFPropertyListRef propertyList, CFOptionFlags mutabilityOption);
CF_EXPORT Boolean CFPropertyListIsValid(CFPropertyListRef plist, CFPropertyListFormat format);

CF_EXTERN_C_END

#endif
