/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_CLOCK_H
#define PORTCULLIS_BASE_CLOCK_H

/*
 * Time as this project sees it: nanoseconds of CLOCK_MONOTONIC, and deadlines, which are points in
 * it. A time-out is turned into a deadline once, where it enters, so that retries, EINTR and several
 * waits in a row never prolong it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_SEC UINT64_C(1000000000)
#define CLOCK_NS_PER_MS UINT64_C(1000000)

/* Nanoseconds of CLOCK_MONOTONIC; DEADLINE_NONE never comes, 0 always has. */
typedef uint64_t Deadline;

#define DEADLINE_NONE UINT64_MAX

uint64_t clock_now_ns(void);

/* The point that lies @ns or @ms after now; DEADLINE_NONE if that overflows. */
Deadline deadline_after_ns(uint64_t ns);
Deadline deadline_after_ms(uint64_t ms);

bool deadline_is_past(Deadline deadline);

/* For poll(2) and epoll_wait(2): -1 for DEADLINE_NONE, 0 when it is past, else what is left in
 * milliseconds, rounded up so that a wait never ends before the deadline; at most INT_MAX. */
int deadline_to_poll_ms(Deadline deadline);

/* For ppoll(2) and futex(2): what is left. Zero when it is past; about 68 years for
 * DEADLINE_NONE. */
struct timespec deadline_left(Deadline deadline);

/* For timerfd_settime(2) and waits that take a point in time. Not for DEADLINE_NONE. */
struct timespec deadline_to_timespec(Deadline deadline);

#endif
