/* SPDX-License-Identifier: Apache-2.0 */

#include <limits.h>

#include "base/clock.h"
#include "tests/lib/unit.h"

TEST(now_moves_on)
{
	uint64_t a = clock_now_ns(), b = clock_now_ns();

	ASSERT_GT(a, 0u);
	ASSERT_GE(b, a);
}

TEST(no_deadline)
{
	ASSERT_FALSE(deadline_is_past(DEADLINE_NONE));
	ASSERT_EQ(deadline_to_poll_ms(DEADLINE_NONE), -1);
	ASSERT_EQ(deadline_left(DEADLINE_NONE).tv_sec, INT_MAX);
	ASSERT_EQ(deadline_after_ns(UINT64_MAX), DEADLINE_NONE);
	ASSERT_EQ(deadline_after_ms(UINT64_MAX), DEADLINE_NONE);
	ASSERT_EQ(deadline_after_ms(UINT64_MAX / CLOCK_NS_PER_MS), DEADLINE_NONE);
}

TEST(past_deadline)
{
	struct timespec left = deadline_left(0);

	ASSERT_TRUE(deadline_is_past(0));
	ASSERT_TRUE(deadline_is_past(deadline_after_ms(0)));
	ASSERT_EQ(deadline_to_poll_ms(0), 0);
	ASSERT_EQ(left.tv_sec, 0);
	ASSERT_EQ(left.tv_nsec, 0);
}

TEST(future_deadline)
{
	Deadline hour = deadline_after_ms(3600000);
	struct timespec left;
	int ms;

	ASSERT_FALSE(deadline_is_past(hour));
	ms = deadline_to_poll_ms(hour);
	ASSERT_GT(ms, 3500000);
	ASSERT_LE(ms, 3600000);
	left = deadline_left(hour);
	ASSERT_GE(left.tv_sec, 3500);
	ASSERT_LE(left.tv_sec, 3600);
	ASSERT_LT(left.tv_nsec, 1000000000);
	ASSERT_EQ(deadline_to_poll_ms(deadline_after_ms(UINT64_C(10) * INT_MAX)), INT_MAX);
	/* Rounded up: what is left is never 0 before it is past. */
	for (int i = 0; i < 1000; i++) {
		Deadline soon = deadline_after_ns(50000);

		if (deadline_to_poll_ms(soon) == 0)
			ASSERT_TRUE(deadline_is_past(soon));
	}
}

TEST(timespec_of_a_deadline)
{
	struct timespec ts = deadline_to_timespec(3 * CLOCK_NS_PER_SEC + 5);

	ASSERT_EQ(ts.tv_sec, 3);
	ASSERT_EQ(ts.tv_nsec, 5);
}
