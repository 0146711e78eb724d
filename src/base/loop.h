/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_LOOP_H
#define PORTCULLIS_BASE_LOOP_H

/*
 * The event loop of daemons and tools: descriptors, timers, and a way to be woken. How it works,
 * and why, is at the head of loop.c.
 *
 * A Loop belongs to the thread that runs it; only loop_wake() and loop_quit() may be called from
 * others. Within a callback everything is allowed (adding, changing, and removing any source, its
 * own included) but running the same loop again (-EBUSY), and freeing it.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "base/clock.h"

typedef struct Loop Loop;
typedef struct LoopSource LoopSource;

/* Called with the EPOLL* events that are ready, or with 0 for a timer and for a wake-up. Handles
 * one event or a small batch, then returns 0: what is left is reported again in the next round. A
 * return < 0 ends loop_run_once() and loop_run() with that error. */
typedef int (*LoopFn)(void *userdata, uint32_t events);

int loop_new(Loop **ret) _warn_unused_;

/* All sources must have been removed. Accepts NULL, returns NULL. */
Loop *loop_free(Loop *loop);
void loop_freep(Loop **loopp);

#define _cleanup_loop_ _cleanup_(loop_freep)

/* Watch @fd, level-triggered, for @events (EPOLLIN, EPOLLOUT, EPOLLRDHUP; HUP and ERR are always
 * reported). @fd stays the caller's; the source must be removed before it is closed. */
int loop_add_fd(Loop *loop, int fd, uint32_t events, LoopFn fn, void *userdata,
	LoopSource **ret) _warn_unused_;

/* Call @fn once when @deadline has come. The source stays, disarmed, until it is removed or armed
 * anew. DEADLINE_NONE makes a disarmed timer. */
int loop_add_timer(
	Loop *loop, Deadline deadline, LoopFn fn, void *userdata, LoopSource **ret) _warn_unused_;

/* For a descriptor's source: watch for other events; 0 pauses it (HUP and ERR are still seen). */
int loop_source_modify(LoopSource *source, uint32_t events) _warn_unused_;

/* For a timer: arm it anew, or disarm it with DEADLINE_NONE. */
int loop_source_set_deadline(LoopSource *source, Deadline deadline) _warn_unused_;

/* Remove and free the source: its callback is not called again, also if an event of it was already
 * collected. Accepts NULL, returns NULL. */
LoopSource *loop_source_remove(LoopSource *source);
void loop_source_removep(LoopSource **sourcep);

#define _cleanup_loop_source_ _cleanup_(loop_source_removep)

/* Called in the loop's thread after one or more loop_wake()s. One function per loop. */
void loop_set_wake_fn(Loop *loop, LoopFn fn, void *userdata);

/* Make the loop's thread return from its wait. From any thread, and from a signal handler. */
void loop_wake(Loop *loop);

/* Wait at most @timeout_ms (-1: for ever; 0: only look) for something to happen, and call what is
 * ready, each source at most once. Returns 0, also when nothing happened; the first error of a
 * callback; or -errno. */
int loop_run_once(Loop *loop, int timeout_ms) _warn_unused_;

/* Run until loop_quit(), which also works before the loop runs. Returns 0, or as loop_run_once(). */
int loop_run(Loop *loop) _warn_unused_;

/* Let loop_run() return once what is being dispatched is done. From any thread. */
void loop_quit(Loop *loop);

/* Whether loop_quit() was called since the loop last ran or this was last asked: for driving a Loop
 * otherwise than by loop_run(). */
bool loop_take_quit(Loop *loop);

/* A descriptor, the loop's own, that polls readable whenever loop_run_once(loop, 0) would call
 * something, timers and wake-ups included: for driving a Loop from another event loop. */
int loop_fd(const Loop *loop);

#endif
