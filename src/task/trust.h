/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which targets may keep us waiting.
 *
 * A process that could end us anyway, by SIGKILL, gains nothing by making us wait: its memory is
 * looked at directly. Of any other one each look is made by a disposable process with a deadline
 * (guard.h). Who could is decided by the user ids, as kill(2) does it; the holder of a task port
 * may say otherwise, for example of a process of its own user that runs confined.
 *
 * The state belongs to the port's object, and is made when it is first needed. The verdict on a
 * target is kept for TRUST_KEEP_NS. Safe in any thread.
 */
#pragma once

#include "task/access.h"
#include "task/taskref.h"

#define TRUST_KEEP_NS UINT64_C(1000000000)
#define TRUST_TIMEOUT_MS 2000

/* The values are PORTCULLIS_TASK_TRUST_*. */
typedef enum TrustMode {
	TRUST_AUTO,
	TRUST_FULL,
	TRUST_NONE,
	_TRUST_MODE_N,
} TrustMode;

typedef struct TrustPolicy {
	TrustMode mode;
	uint32_t timeout_ms;
} TrustPolicy;

/* Whether the process could kill this one, by its user. False where that cannot be told. */
bool trust_could_kill_us(int pidfd);

/* How to get at the memory of another task. Returns 0 or KERN_RESOURCE_SHORTAGE. */
int trust_access(const TaskRef *ref, Access *ret) _warn_unused_;

/* Of a port of another task. Returns 0 or KERN_RESOURCE_SHORTAGE. */
int trust_set(const TaskRef *ref, TrustPolicy policy) _warn_unused_;
int trust_get(const TaskRef *ref, TrustPolicy *ret) _warn_unused_;
