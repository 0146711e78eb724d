/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <time.h>

#include "object/test-support.h"

TEST(times_come_back)
{
	static const double times[] = {
		0, 1, -1, 0.5, -0.5, 700000000.123456, -978307200, 8e9, -1e10, 123456789.987654321};

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		_cleanup_cf_ CFDateRef date = CFDateCreate(NULL, times[i]);

		ASSERT_NOT_NULL(date);
		ASSERT_TRUE(CFDateGetAbsoluteTime(date) == times[i]);
		ASSERT_EQ(CFGetTypeID(date), CFDateGetTypeID());
	}
}

TEST(other_times_are_no_dates)
{
	ASSERT_NULL(CFDateCreate(NULL, 1e11));
	ASSERT_NULL(CFDateCreate(NULL, -1e11));
	ASSERT_NULL(CFDateCreate(NULL, NAN));
	ASSERT_NULL(CFDateCreate(NULL, INFINITY));
	ASSERT_NULL(CFDateCreate(NULL, 9e9));
}

TEST(dates_are_compared)
{
	_cleanup_cf_ CFDateRef one = CFDateCreate(NULL, 1), two = CFDateCreate(NULL, 2.5);

	ASSERT_EQ(CFDateCompare(one, two, NULL), kCFCompareLessThan);
	ASSERT_EQ(CFDateCompare(two, one, NULL), kCFCompareGreaterThan);
	ASSERT_EQ(CFDateCompare(one, one, NULL), kCFCompareEqualTo);
	ASSERT_TRUE(CFDateGetTimeIntervalSinceDate(two, one) == 1.5);
}

TEST(the_epoch_is_that_of_2001)
{
	time_t before = time(NULL);
	double now = CFAbsoluteTimeGetCurrent();

	ASSERT_TRUE(now + kCFAbsoluteTimeIntervalSince1970 >= (double)before);
	ASSERT_TRUE(now + kCFAbsoluteTimeIntervalSince1970 < (double)before + 60);
	ASSERT_TRUE(kCFAbsoluteTimeIntervalSince1904 - kCFAbsoluteTimeIntervalSince1970 ==
		    2082844800.0);
}
