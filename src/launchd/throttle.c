/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/throttle.h"

#include "base/cleanup.h"

static Deadline after(uint64_t now, uint64_t ns)
{
	/* An interval of centuries is no interval that comes round to the past. */
	return ns > DEADLINE_NONE - 1 - now ? DEADLINE_NONE - 1 : now + ns;
}

void throttle_note_start(Throttle *throttle, uint64_t now)
{
	throttle->earliest = after(now, throttle->interval_ns);
}

void throttle_note_failure(Throttle *throttle, uint64_t now, uint64_t retry_ns)
{
	throttle->earliest = MAX(throttle->earliest, after(now, retry_ns));
}

uint64_t throttle_left_ns(const Throttle *throttle, uint64_t now)
{
	return throttle->earliest > now ? throttle->earliest - now : 0;
}
