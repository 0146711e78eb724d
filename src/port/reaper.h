/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that may block for ever so that nobody else has to: closing a descriptor that a peer has
 * had a hand in. Started on demand, all signals blocked, at most REAPER_MAX_STUCK of them stuck at
 * a time; what comes beyond is parked, unclosed, until one comes free, and counted. A descriptor
 * number is free again as soon as its close has begun, stuck or not: only parked ones are kept.
 */
#pragma once

#include "port/types.h"

#define REAPER_MAX_STUCK 256

/* How long a lazily closed descriptor may stay open. */
#define REAPER_LAZY_MS 1

/* Closes fd on another thread, at once. Never blocks, never fails: without memory or threads the
 * descriptor is parked. */
void reaper_close_consume(int fd);

/* The same within REAPER_LAZY_MS: saves a wake-up for each of many. For descriptors whose end
 * nobody waits for, as that of a send-once right after its answer. */
void reaper_close_lazily_consume(int fd);

/* The same whenever a thread is next started for other reasons: for fork children. */
void reaper_park_consume(int fd);

/* Number of descriptors handed over and not yet closed (for lsmp and tests). */
unsigned reaper_pending(void);

/* Waits until that is zero. Returns false if it is not within timeout_ms. For tests, and for those
 * who count descriptors. */
bool reaper_wait(unsigned timeout_ms);

/* Around a fork, below the task's lock and those of all other modules. In the child no thread is
 * left; what was parked or waiting is closed by a new thread when one is next needed. */
void reaper_before_fork(void);
void reaper_after_fork_parent(void);
void reaper_after_fork(void);
