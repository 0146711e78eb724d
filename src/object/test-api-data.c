/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "object/test-support.h"

static void holds(CFDataRef data, const char *text)
{
	ASSERT_EQ(CFDataGetLength(data), strlen(text));
	ASSERT_MEMEQ(CFDataGetBytePtr(data), text, strlen(text));
}

TEST(data_hold_bytes)
{
	_cleanup_cf_ CFDataRef data = CFDataCreate(NULL, (const UInt8 *)"abc", 3);
	_cleanup_cf_ CFDataRef copy = CFDataCreateCopy(NULL, data);
	UInt8 part[2];

	holds(data, "abc");
	ASSERT_PTR_EQ(copy, data);
	CFDataGetBytes(data, CFRangeMake(1, 2), part);
	ASSERT_MEMEQ(part, "bc", 2);
	ASSERT_EQ(CFGetTypeID(data), CFDataGetTypeID());
	ASSERT_ABORTS(CFDataGetBytes(data, CFRangeMake(2, 2), part), "out of bounds");
	ASSERT_ABORTS(CFDataCreate(NULL, NULL, 1), "a length without bytes");
}

TEST(bytes_are_handed_over)
{
	_cleanup_cf_ CFDataRef mine = CFDataCreateWithBytesNoCopy(
		NULL, (UInt8 *)strdup("abc"), 3, kCFAllocatorDefault);
	_cleanup_cf_ CFDataRef not_mine = CFDataCreateWithBytesNoCopy(
		NULL, (const UInt8 *)"abc", 3, kCFAllocatorNull);

	ASSERT_TRUE(CFEqual(mine, not_mine));
}

TEST(mutable_data_change)
{
	_cleanup_cf_ CFMutableDataRef data = CFDataCreateMutable(NULL, 0);
	_cleanup_cf_ CFMutableDataRef copy = NULL;
	_cleanup_cf_ CFDataRef fixed = NULL;

	CFDataAppendBytes(data, (const UInt8 *)"hello", 5);
	CFDataAppendBytes(data, CFDataGetBytePtr(data), CFDataGetLength(data));
	holds(data, "hellohello");
	CFDataDeleteBytes(data, CFRangeMake(0, 5));
	CFDataReplaceBytes(data, CFRangeMake(1, 1), (const UInt8 *)"EEE", 3);
	holds(data, "hEEEllo");
	CFDataSetLength(data, 4);
	holds(data, "hEEE");
	CFDataIncreaseLength(data, 1);
	ASSERT_EQ(CFDataGetLength(data), 5);
	ASSERT_EQ(CFDataGetBytePtr(data)[4], 0);
	CFDataGetMutableBytePtr(data)[0] = 'H';
	copy = CFDataCreateMutableCopy(NULL, 0, data);
	fixed = CFDataCreateCopy(NULL, data);
	CFDataSetLength(copy, 1);
	holds(copy, "H");
	ASSERT_ABORTS(CFDataSetLength((CFMutableDataRef)fixed, 1), "an immutable object");
}
