/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that may block for ever so that nobody else has to: closing a descriptor that a peer has
 * had a hand in. Started on demand, all signals blocked, at most REAPER_MAX_STUCK of them stuck at
 * a time; what comes beyond is parked, unclosed, until one comes free, and counted. A descriptor
 * number is free again as soon as its close has begun, stuck or not: only parked ones are kept, and those
 * that wait behind a stuck one of their kin.
 *
 * A descriptor is closed on account of the uid that it came from, where that is known: whoever hands
 * it over says so by reaper_blame(). One uid has at most REAPER_MAX_STUCK_UID threads stuck; what it
 * sends beyond that is parked until one of them is through, and stays open so long, while what is
 * anybody else's is closed as ever. (Nobody, for descriptors of which it is not known, counts as one
 * uid more.) Such parked descriptors are what one uid can cost us, one for each that it sends: a
 * process that runs out of them loses the rights in what it receives, as MACH_RCV_BODY_ERROR says.
 * There is nothing else to be done with a descriptor that cannot be closed.
 */
#pragma once

#include "port/types.h"

#define REAPER_MAX_STUCK 256
#define REAPER_MAX_STUCK_UID 64

#define REAPER_NOBODY ((uid_t)-1)

/* How long a lazily closed descriptor may stay open, how many there may be, and how large a part of the
 * limit all of them may be. With fewer than half as many the wake-up for each batch shows, with twice as many
 * the files leave the caches before they are closed. */
#define REAPER_LAZY_MS 2
#define REAPER_LAZY_MAX 96
#define REAPER_LAZY_PART 64

#define REAPER_NO_KIN 0U
#define REAPER_KIN_UNAWAITED 1U /* nobody learns, or wants to, when it is closed */
#define REAPER_KIN_OTHERS 2U /* and above */
#define REAPER_BATCH_MAX 32

/* What this thread hands over from now on came from that uid. Returns the one before, for the caller
 * to put back. */
uid_t reaper_blame(uid_t uid);

/* Closes fd on another thread, at once. Never blocks, never fails: without memory or threads the
 * descriptor is parked. */
void reaper_close_consume(int fd);

/* The same, and waits until it is done, at most that long; false: it is not done yet. */
bool reaper_close_timed_consume(int fd, unsigned timeout_ms);

/* The same within REAPER_LAZY_MS: saves a wake-up for each of many. For descriptors whose end
 * nobody waits for, as those of a send-once right after its answer. */
void reaper_close_lazily_consume(int fd);

/* The same, for one of many that are in the hands of the same peer: what has the same `kin`, and is of the
 * same uid, may be closed together, up to REAPER_BATCH_MAX at a time, so that one of them, where it is stuck,
 * holds up the others. So that no peer can hold up what is another's, `kin` must tell them apart, and not be
 * theirs to choose. */
void reaper_close_kin_consume(int fd, uint32_t kin);

/* The same whenever a thread is next started for other reasons: for fork children. */
void reaper_park_consume(int fd);

/* Waits until all that was handed over is being closed, at most that long: where descriptors are
 * short. */
void reaper_hurry(unsigned timeout_ms);

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
