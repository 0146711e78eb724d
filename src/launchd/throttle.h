/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_THROTTLE_H
#define PORTCULLIS_LAUNCHD_THROTTLE_H

/*
 * How soon a job may start again: ThrottleInterval, counted from the last start. A start that came to
 * nothing counts too, and then at least THROTTLE_RETRY_S have to pass, so that a job without an
 * interval whose program does not exist cannot keep launchd busy.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define THROTTLE_RETRY_S 1

typedef struct Throttle {
	uint64_t interval_ns; /* 0: none */
	Deadline earliest; /* 0 before the first start */
} Throttle;

static inline void throttle_init(Throttle *throttle, uint64_t interval_ns)
{
	*throttle = (Throttle){.interval_ns = interval_ns};
}

/* The job was started at @now. */
void throttle_note_start(Throttle *throttle, uint64_t now);
/* A start failed at @now; @retry_ns is what THROTTLE_RETRY_S amounts to. */
void throttle_note_failure(Throttle *throttle, uint64_t now, uint64_t retry_ns);

/* How long it is until the job may start; 0: at once. */
uint64_t throttle_left_ns(const Throttle *throttle, uint64_t now);

#endif
