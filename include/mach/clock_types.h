/* SPDX-License-Identifier: Apache-2.0 */
/* Times and clocks, as far as the semaphore calls need them. */
#ifndef _MACH_CLOCK_TYPES_H_
#define _MACH_CLOCK_TYPES_H_

typedef int alarm_type_t;
typedef int sleep_type_t;
typedef int clock_id_t;
typedef int clock_flavor_t;
typedef int *clock_attr_t;
typedef int clock_res_t; /* nanoseconds */

struct mach_timespec {
	unsigned int tv_sec;
	clock_res_t tv_nsec;
};
typedef struct mach_timespec mach_timespec_t;

#define SYSTEM_CLOCK 0 /* since boot, without the time asleep */
#define CALENDAR_CLOCK 1 /* since 1970 */
#define REALTIME_CLOCK 0

#define CLOCK_GET_TIME_RES 1
#define CLOCK_ALARM_CURRES 3
#define CLOCK_ALARM_MINRES 4
#define CLOCK_ALARM_MAXRES 5

#define ALARM_TYPE 0xff
#define TIME_ABSOLUTE 0x00
#define TIME_RELATIVE 0x01
#define BAD_ALARM_TYPE(t) (((t) & ~TIME_RELATIVE) != 0)

#ifndef NSEC_PER_SEC
#define NSEC_PER_SEC 1000000000ull
#endif
#ifndef NSEC_PER_MSEC
#define NSEC_PER_MSEC 1000000ull
#endif
#ifndef NSEC_PER_USEC
#define NSEC_PER_USEC 1000ull
#endif
#ifndef USEC_PER_SEC
#define USEC_PER_SEC 1000000ull
#endif

/* True if the nanoseconds are not a fraction of a second. */
#define BAD_MACH_TIMESPEC(t) ((t)->tv_nsec < 0 || (t)->tv_nsec >= (long)NSEC_PER_SEC)

/* Less than, equal to or greater than zero, as *t1 is earlier than, equal to or later than *t2. */
#define CMP_MACH_TIMESPEC(t1, t2)                                                                  \
	((t1)->tv_sec != (t2)->tv_sec ? (((t1)->tv_sec > (t2)->tv_sec) ? (long)NSEC_PER_SEC        \
								       : -(long)NSEC_PER_SEC)      \
				      : (long)(t1)->tv_nsec - (long)(t2)->tv_nsec)

/* *t1 += *t2 and *t1 -= *t2, for times that are not bad. */
#define ADD_MACH_TIMESPEC(t1, t2)                                                                  \
	do {                                                                                       \
		(t1)->tv_nsec += (t2)->tv_nsec;                                                    \
		(t1)->tv_sec += (t2)->tv_sec;                                                      \
		if ((t1)->tv_nsec >= (clock_res_t)NSEC_PER_SEC) {                                  \
			(t1)->tv_nsec -= (clock_res_t)NSEC_PER_SEC;                                \
			(t1)->tv_sec += 1;                                                         \
		}                                                                                  \
	} while (0)
#define SUB_MACH_TIMESPEC(t1, t2)                                                                  \
	do {                                                                                       \
		(t1)->tv_nsec -= (t2)->tv_nsec;                                                    \
		(t1)->tv_sec -= (t2)->tv_sec;                                                      \
		if ((t1)->tv_nsec < 0) {                                                           \
			(t1)->tv_nsec += (clock_res_t)NSEC_PER_SEC;                                \
			(t1)->tv_sec -= 1;                                                         \
		}                                                                                  \
	} while (0)

#endif
