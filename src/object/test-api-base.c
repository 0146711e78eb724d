/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "object/test-support.h"

TEST(references_are_counted)
{
	CFStringRef string = string_of("x");

	ASSERT_EQ(CFGetRetainCount(string), 1);
	ASSERT_PTR_EQ(CFRetain(string), string);
	ASSERT_EQ(CFGetRetainCount(string), 2);
	CFRelease(string);
	CFRelease(string);
	ASSERT_EQ(CFGetRetainCount(kCFNull), LONG_MAX);
	CFRelease(kCFNull);
	ASSERT_PTR_EQ(CFGetAllocator(kCFNull), kCFAllocatorSystemDefault);
}

TEST(misuse_ends_the_process)
{
	ASSERT_ABORTS(CFRetain(NULL), "CoreFoundation: CFRetain: NULL instead of an object");
	ASSERT_ABORTS(CFRelease(NULL), "CFRelease: NULL");
	ASSERT_ABORTS(CFStringGetLength((CFStringRef)kCFNull), "CFStringGetLength: an object of");
	ASSERT_ABORTS(CFEqual(kCFNull, NULL), "CFEqual: NULL");
}

TEST(types_have_numbers_and_names)
{
	_cleanup_cf_ CFNumberRef number = number_of(1);
	double value = 1;
	_cleanup_cf_ CFNumberRef real = CFNumberCreate(NULL, kCFNumberDoubleType, &value);
	_cleanup_cf_ CFArrayRef pointers = CFArrayCreate(NULL, NULL, 0, NULL);
	_cleanup_cf_ CFDictionaryRef plain = CFDictionaryCreate(NULL, NULL, NULL, 0, NULL, NULL);

	ASSERT_EQ(CFGetTypeID(number), CFNumberGetTypeID());
	ASSERT_EQ(CFGetTypeID(real), CFNumberGetTypeID());
	ASSERT_EQ(CFGetTypeID(kCFBooleanTrue), CFBooleanGetTypeID());
	ASSERT_EQ(CFGetTypeID(CFSTR("x")), CFStringGetTypeID());
	ASSERT_EQ(CFGetTypeID(kCFNull), CFNullGetTypeID());
	ASSERT_EQ(CFGetTypeID(pointers), CFArrayGetTypeID());
	ASSERT_EQ(CFGetTypeID(plain), CFDictionaryGetTypeID());
	ASSERT_EQ(CFGetTypeID(kCFAllocatorMalloc), CFAllocatorGetTypeID());
	is_string(CFCopyTypeIDDescription(CFNumberGetTypeID()), "CFNumber");
	is_string(CFCopyTypeIDDescription(CFStringGetTypeID()), "CFString");
	is_string(CFCopyTypeIDDescription(CFURLGetTypeID()), "CFURL");
	is_string(CFCopyTypeIDDescription(CFErrorGetTypeID()), "CFError");
	is_string(CFCopyTypeIDDescription(CFAllocatorGetTypeID()), "CFAllocator");
	ASSERT_NULL(CFCopyTypeIDDescription(0));
	ASSERT_NULL(CFCopyTypeIDDescription(99999999));
}

TEST(objects_are_compared_and_described)
{
	_cleanup_cf_ CFNumberRef number = number_of(1);
	double value = 1;
	_cleanup_cf_ CFNumberRef real = CFNumberCreate(NULL, kCFNumberDoubleType, &value);

	ASSERT_TRUE(CFEqual(number, real));
	ASSERT_EQ(CFHash(number), CFHash(real));
	ASSERT_FALSE(CFEqual(number, kCFBooleanTrue));
	is_string(CFCopyDescription(number), "1");
	is_string(CFCopyDescription(CFSTR("x")), "\"x\"");
	is_string(CFCopyDescription(kCFAllocatorNull), "<allocator null>");
}

TEST(allocators_have_names_only)
{
	char *memory = CFAllocatorAllocate(NULL, 10, 0);

	ASSERT_NULL(kCFAllocatorDefault);
	ASSERT_NOT_NULL(memory);
	memory = CFAllocatorReallocate(kCFAllocatorMallocZone, memory, 20, 0);
	ASSERT_NOT_NULL(memory);
	memory[19] = 1;
	CFAllocatorDeallocate(kCFAllocatorDefault, memory);
	ASSERT_NULL(CFAllocatorAllocate(kCFAllocatorNull, 10, 0));
	ASSERT_NULL(CFAllocatorAllocate(NULL, 0, 0));
	ASSERT_NULL(CFAllocatorReallocate(kCFAllocatorNull, NULL, 10, 0));
	ASSERT_PTR_EQ(CFAllocatorGetDefault(), kCFAllocatorSystemDefault);
	ASSERT_NULL(CFStringCreateMutable(kCFAllocatorNull, 0));
	ASSERT_NULL(CFArrayCreateMutable(kCFAllocatorNull, 0, NULL));
}

TEST(objects_are_shown)
{
	ASSERT_ABORTS((CFShow(CFSTR("shown as it is")), abort()), "shown as it is\n");
	ASSERT_ABORTS((CFShow(kCFBooleanTrue), abort()), "true\n");
	ASSERT_ABORTS((CFShow(NULL), abort()), "(null)\n");
}

TEST(ranges_are_made)
{
	CFRange range = CFRangeMake(1, 2);

	ASSERT_EQ(range.location, 1);
	ASSERT_EQ(range.length, 2);
}
