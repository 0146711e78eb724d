/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "object/test-support.h"

static CFDataRef data_of(const char *text)
{
	return CFDataCreate(NULL, (const UInt8 *)text, (CFIndex)strlen(text));
}

TEST(lists_are_read_in_both_forms)
{
	_cleanup_cf_ CFDataRef xml = data_of(
		"<plist><dict><key>a</key><integer>1</integer></dict></plist>");
	CFPropertyListFormat format;
	CFErrorRef error = NULL;
	_cleanup_cf_ CFDictionaryRef list = CFPropertyListCreateWithData(
		NULL, xml, kCFPropertyListImmutable, &format, &error);
	_cleanup_cf_ CFDataRef binary = NULL;
	_cleanup_cf_ CFPropertyListRef again = NULL;

	ASSERT_NOT_NULL(list);
	ASSERT_NULL(error);
	ASSERT_EQ(format, kCFPropertyListXMLFormat_v1_0);
	binary = CFPropertyListCreateData(NULL, list, kCFPropertyListBinaryFormat_v1_0, 0, NULL);
	ASSERT_NOT_NULL(binary);
	again = CFPropertyListCreateWithData(
		NULL, binary, kCFPropertyListMutableContainers, &format, NULL);
	ASSERT_EQ(format, kCFPropertyListBinaryFormat_v1_0);
	ASSERT_TRUE(CFEqual(list, again));
	CFDictionarySetValue((CFMutableDictionaryRef)again, CFSTR("b"), kCFBooleanTrue);
}

TEST(errors_say_why)
{
	_cleanup_cf_ CFDataRef bad = data_of("<plist><dict></plist>");
	CFErrorRef error = NULL;
	CFStringRef text = NULL;

	ASSERT_NULL(CFPropertyListCreateWithData(NULL, bad, 0, NULL, &error));
	ASSERT_EQ(CFErrorGetCode(error), kCFPropertyListReadCorruptError);
	ASSERT_TRUE(CFEqual(CFErrorGetDomain(error), kCFErrorDomainCocoa));
	is_string(CFErrorCopyDescription(error),
		"The operation could not be completed. line 1: expected </dict>, found </plist>");
	CFRelease(error);
	ASSERT_NULL(CFPropertyListCreateFromXMLData(NULL, bad, 0, &text));
	ASSERT_NOT_NULL(text);
	CFRelease(text);
	ASSERT_NULL(CFPropertyListCreateWithData(NULL, bad, 0, NULL, NULL));
	ASSERT_NULL(
		CFPropertyListCreateData(NULL, kCFNull, kCFPropertyListXMLFormat_v1_0, 0, &error));
	ASSERT_EQ(CFErrorGetCode(error), kCFPropertyListWriteStreamError);
	CFRelease(error);
	ASSERT_NULL(CFPropertyListCreateData(
		NULL, kCFBooleanTrue, kCFPropertyListOpenStepFormat, 0, NULL));
}

TEST(older_calls_do_the_same)
{
	_cleanup_cf_ CFDataRef xml = CFPropertyListCreateXMLData(NULL, CFSTR("x"));
	_cleanup_cf_ CFStringRef text = NULL;

	ASSERT_NOT_NULL(xml);
	text = CFPropertyListCreateFromXMLData(
		NULL, xml, kCFPropertyListMutableContainersAndLeaves, NULL);
	CFStringAppend((CFMutableStringRef)text, CFSTR("y"));
	ASSERT_TRUE(CFEqual(text, CFSTR("xy")));
}

TEST(copies_go_all_the_way_down)
{
	const void *values[] = {CFSTR("a")};
	_cleanup_cf_ CFArrayRef array = CFArrayCreate(NULL, values, 1, &kCFTypeArrayCallBacks);
	_cleanup_cf_ CFMutableArrayRef copy = (CFMutableArrayRef)CFPropertyListCreateDeepCopy(
		NULL, array, kCFPropertyListMutableContainersAndLeaves);

	CFStringAppend((CFMutableStringRef)CFArrayGetValueAtIndex(copy, 0), CFSTR("b"));
	is_string(CFCopyDescription(copy), "[\"ab\"]");
	is_string(CFCopyDescription(array), "[\"a\"]");
	ASSERT_NULL(CFPropertyListCreateDeepCopy(NULL, kCFNull, 0));
	ASSERT_TRUE(CFPropertyListIsValid(array, kCFPropertyListBinaryFormat_v1_0));
	ASSERT_FALSE(CFPropertyListIsValid(kCFNull, kCFPropertyListXMLFormat_v1_0));
	ASSERT_FALSE(CFPropertyListIsValid(array, kCFPropertyListOpenStepFormat));
}
