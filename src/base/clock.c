/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time and deadlines. CLOCK_MONOTONIC stands still while the machine sleeps, as a time-out should.
 * Stateless, hence thread-safe.
 */

#include <limits.h>

#include "base/clock.h"

uint64_t clock_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail */
	return (uint64_t)ts.tv_sec * CLOCK_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

Deadline deadline_after_ns(uint64_t ns)
{
	uint64_t now = clock_now_ns();

	return ns > DEADLINE_NONE - now ? DEADLINE_NONE : now + ns;
}

Deadline deadline_after_ms(uint64_t ms)
{
	return ms > DEADLINE_NONE / CLOCK_NS_PER_MS ? DEADLINE_NONE
						    : deadline_after_ns(ms * CLOCK_NS_PER_MS);
}

static uint64_t left_ns(Deadline deadline)
{
	uint64_t now = clock_now_ns();

	return deadline > now ? deadline - now : 0;
}

bool deadline_is_past(Deadline deadline)
{
	return deadline != DEADLINE_NONE && left_ns(deadline) == 0;
}

int deadline_to_poll_ms(Deadline deadline)
{
	uint64_t left, ms;

	if (deadline == DEADLINE_NONE)
		return -1;
	left = left_ns(deadline);
	ms = left / CLOCK_NS_PER_MS + (left % CLOCK_NS_PER_MS != 0);
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

struct timespec deadline_to_timespec(Deadline deadline)
{
	return (struct timespec){
		.tv_sec = (time_t)(deadline / CLOCK_NS_PER_SEC),
		.tv_nsec = (long)(deadline % CLOCK_NS_PER_SEC),
	};
}

struct timespec deadline_left(Deadline deadline)
{
	if (deadline == DEADLINE_NONE)
		return (struct timespec){.tv_sec = INT_MAX};
	return deadline_to_timespec(left_ns(deadline));
}
