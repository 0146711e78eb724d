/* SPDX-License-Identifier: Apache-2.0 */
#include "object/test-support.h"

TEST(uuids_are_written_and_read)
{
	static const char text[] = "68753A44-4D6F-1226-9C60-0050E4C00067";
	_cleanup_cf_ CFUUIDRef uuid = CFUUIDCreateFromString(NULL, CFSTR("68753A44-4D6F-1226-9C60-"
									 "0050E4C00067"));
	CFUUIDBytes bytes = CFUUIDGetUUIDBytes(uuid);
	_cleanup_cf_ CFUUIDRef again = CFUUIDCreateFromUUIDBytes(NULL, bytes);

	ASSERT_EQ(bytes.byte0, 0x68);
	ASSERT_EQ(bytes.byte15, 0x67);
	ASSERT_TRUE(CFEqual(uuid, again));
	is_string(CFUUIDCreateString(NULL, uuid), text);
	ASSERT_NULL(CFUUIDCreateFromString(NULL, CFSTR("68753A44")));
	ASSERT_EQ(CFGetTypeID(uuid), CFUUIDGetTypeID());
}

TEST(new_ones_are_random)
{
	_cleanup_cf_ CFUUIDRef one = CFUUIDCreate(NULL), other = CFUUIDCreate(NULL);
	CFUUIDBytes bytes = CFUUIDGetUUIDBytes(one);

	ASSERT_FALSE(CFEqual(one, other));
	ASSERT_EQ(bytes.byte6 >> 4, 4);
	ASSERT_EQ(bytes.byte8 >> 6, 2);
}
