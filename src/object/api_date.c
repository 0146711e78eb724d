/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <CoreFoundation/CFDate.h> on the dates of scalar.h: there nanoseconds since 1970, here seconds since
 * 2001 as a double, which for times of our days has a resolution of a tenth of a microsecond. So a time goes
 * there and back unchanged, except within weeks of the beginning of 2001.
 */
#include <math.h>
#include <time.h>

#include "object/api_cf.h"
#include "object/scalar.h"

#define NS_PER_S INT64_C(1000000000)
#define EPOCH_S INT64_C(978307200) /* 2001-01-01 00:00:00 UTC */
#define EPOCH_1904_S 3061152000.0 /* from the beginning of 1904 to that of 2001 */

_public_ const CFTimeInterval kCFAbsoluteTimeIntervalSince1970 = (double)EPOCH_S;
_public_ const CFTimeInterval kCFAbsoluteTimeIntervalSince1904 = EPOCH_1904_S;

_public_ CFAbsoluteTime CFAbsoluteTimeGetCurrent(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (double)(now.tv_sec - EPOCH_S) + (double)now.tv_nsec / (double)NS_PER_S;
}

_public_ CFTypeID CFDateGetTypeID(void)
{
	return OBJECT_DATE;
}

_public_ CFDateRef CFDateCreate(CFAllocatorRef allocator, CFAbsoluteTime at)
{
	double whole = floor(at);
	int64_t ns;
	Object *date;

	/* Negated: also NaN. */
	if (!cf_can_allocate(allocator) || !(whole > -1e11 && whole < 1e11) ||
		__builtin_mul_overflow((int64_t)whole + EPOCH_S, NS_PER_S, &ns) ||
		__builtin_add_overflow(ns, llround((at - whole) * (double)NS_PER_S), &ns) ||
		object_date_new(ns, &date) != 0)
		return NULL;
	return (CFDateRef)date;
}

static int64_t ns_of(CFDateRef date, const char *function)
{
	return object_date_get(cf_check(date, OBJECT_DATE, function));
}

_public_ CFAbsoluteTime CFDateGetAbsoluteTime(CFDateRef theDate)
{
	int64_t ns = ns_of(theDate, __func__);
	int64_t seconds = ns / NS_PER_S - EPOCH_S, rest = ns % NS_PER_S;

	return (double)seconds + (double)rest / (double)NS_PER_S;
}

_public_ CFTimeInterval CFDateGetTimeIntervalSinceDate(CFDateRef theDate, CFDateRef otherDate)
{
	return CFDateGetAbsoluteTime(theDate) - CFDateGetAbsoluteTime(otherDate);
}

_public_ CFComparisonResult CFDateCompare(CFDateRef theDate, CFDateRef otherDate, void *context)
{
	int64_t one = ns_of(theDate, __func__), other = ns_of(otherDate, __func__);

	return (one > other) - (one < other);
}
