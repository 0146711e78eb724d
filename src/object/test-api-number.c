/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "object/test-support.h"

TEST(numbers_of_all_types_come_back)
{
	static const struct {
		CFNumberType type, basic;
		CFIndex size;
	} types[] = {{kCFNumberSInt8Type, kCFNumberSInt8Type, 1},
		{kCFNumberCharType, kCFNumberSInt8Type, 1},
		{kCFNumberSInt16Type, kCFNumberSInt16Type, 2},
		{kCFNumberShortType, kCFNumberSInt16Type, 2},
		{kCFNumberSInt32Type, kCFNumberSInt32Type, 4},
		{kCFNumberIntType, kCFNumberSInt32Type, 4},
		{kCFNumberSInt64Type, kCFNumberSInt64Type, 8},
		{kCFNumberLongLongType, kCFNumberSInt64Type, 8}};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		uint64_t minus_two = UINT64_MAX - 1, back = 0;
		_cleanup_cf_ CFNumberRef number = CFNumberCreate(NULL, types[i].type, &minus_two);

		ASSERT_EQ(CFNumberGetType(number), types[i].basic);
		ASSERT_EQ(CFNumberGetByteSize(number), types[i].size);
		ASSERT_FALSE(CFNumberIsFloatType(number));
		ASSERT_TRUE(CFNumberGetValue(number, kCFNumberSInt64Type, &back));
		ASSERT_TRUE(back == UINT64_MAX - 1);
		back = 0;
		ASSERT_TRUE(CFNumberGetValue(number, types[i].type, &back));
		ASSERT_MEMEQ(&back, &minus_two, (size_t)types[i].size);
	}
}

TEST(longs_and_indexes_are_as_wide_as_here)
{
	long value = -3;
	CFIndex index = 0;
	_cleanup_cf_ CFNumberRef number = CFNumberCreate(NULL, kCFNumberLongType, &value);

	ASSERT_EQ(CFNumberGetByteSize(number), sizeof(long));
	ASSERT_TRUE(CFNumberGetValue(number, kCFNumberCFIndexType, &index));
	ASSERT_EQ(index, -3);
	ASSERT_TRUE(CFNumberGetValue(number, kCFNumberNSIntegerType, &index));
}

TEST(what_does_not_fit_is_the_nearest)
{
	int64_t big = INT64_C(1) << 40, wide;
	double half = -0.5, real;
	float single;
	int32_t number;
	int8_t tiny;
	_cleanup_cf_ CFNumberRef integer = CFNumberCreate(NULL, kCFNumberSInt64Type, &big);
	_cleanup_cf_ CFNumberRef part = CFNumberCreate(NULL, kCFNumberDoubleType, &half);

	ASSERT_FALSE(CFNumberGetValue(integer, kCFNumberSInt32Type, &number));
	ASSERT_EQ(number, INT32_MAX);
	ASSERT_FALSE(CFNumberGetValue(integer, kCFNumberSInt8Type, &tiny));
	ASSERT_EQ(tiny, INT8_MAX);
	ASSERT_TRUE(CFNumberGetValue(integer, kCFNumberFloat32Type, &single));
	ASSERT_FALSE(CFNumberGetValue(part, kCFNumberIntType, &number));
	ASSERT_EQ(number, 0);
	ASSERT_TRUE(CFNumberGetValue(part, kCFNumberFloatType, &single));
	ASSERT_TRUE(single == -0.5F);
	ASSERT_FALSE(CFNumberGetValue(kCFNumberPositiveInfinity, kCFNumberSInt64Type, &wide));
	ASSERT_EQ(wide, INT64_MAX);
	ASSERT_FALSE(CFNumberGetValue(kCFNumberNegativeInfinity, kCFNumberSInt64Type, &wide));
	ASSERT_EQ(wide, INT64_MIN);
	ASSERT_FALSE(CFNumberGetValue(kCFNumberNaN, kCFNumberSInt64Type, &wide));
	ASSERT_EQ(wide, 0);
	ASSERT_TRUE(CFNumberGetValue(kCFNumberNaN, kCFNumberDoubleType, &real));
	ASSERT_TRUE(isnan(real));
}

TEST(not_every_integer_is_a_double)
{
	int64_t value = (INT64_C(1) << 53) + 1;
	double real;
	_cleanup_cf_ CFNumberRef number = CFNumberCreate(NULL, kCFNumberSInt64Type, &value);

	ASSERT_FALSE(CFNumberGetValue(number, kCFNumberFloat64Type, &real));
	ASSERT_TRUE(real == 0x1p53);
}

TEST(numbers_are_compared)
{
	_cleanup_cf_ CFNumberRef one = number_of(1), two = number_of(2);

	ASSERT_EQ(CFNumberCompare(one, two, NULL), kCFCompareLessThan);
	ASSERT_EQ(CFNumberCompare(two, one, NULL), kCFCompareGreaterThan);
	ASSERT_EQ(CFNumberCompare(one, one, NULL), kCFCompareEqualTo);
	ASSERT_EQ(CFNumberCompare(one, kCFNumberPositiveInfinity, NULL), kCFCompareLessThan);
}

TEST(booleans_are_two)
{
	ASSERT_TRUE(CFBooleanGetValue(kCFBooleanTrue));
	ASSERT_FALSE(CFBooleanGetValue(kCFBooleanFalse));
	ASSERT_FALSE(CFEqual(kCFBooleanTrue, kCFBooleanFalse));
	ASSERT_ABORTS(CFBooleanGetValue((CFBooleanRef)kCFNumberNaN), "CFBooleanGetValue");
	ASSERT_ABORTS(CFNumberGetType((CFNumberRef)kCFBooleanTrue), "CFNumberGetType");
	ASSERT_ABORTS(CFNumberCreate(NULL, 99, ""), "CFNumberCreate: no number");
}
