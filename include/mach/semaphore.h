/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting semaphores. A semaphore is a port: a send right to it can be given to other tasks like
 * any other right, and whoever holds one may signal and wait. The task that created it owns it and
 * may destroy it; it is destroyed too when its last send right is gone, or when its task ends.
 *
 * All calls return KERN_INVALID_NAME if the name denotes no right, KERN_INVALID_RIGHT if it denotes
 * no send right, KERN_INVALID_ARGUMENT if the port is not a semaphore, and KERN_TERMINATED if the
 * semaphore was destroyed, be it before the call or while the thread waited in it.
 *
 * On Linux waiters are woken in the order that the kernel chooses: SYNC_POLICY_* says which order
 * is wished for, not which one is kept between tasks.
 */
#ifndef _MACH_SEMAPHORE_H_
#define _MACH_SEMAPHORE_H_

#include <mach/clock_types.h>
#include <mach/kern_return.h>
#include <mach/mach_types.h>
#include <mach/port.h>
#include <mach/sync_policy.h>

/* semaphore_create() and semaphore_destroy() are calls on a task. */
#include <mach/task.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Add one to the count, or let one waiter go. */
kern_return_t semaphore_signal(semaphore_t semaphore);

/* Let all go that wait now; the count stays as it is. */
kern_return_t semaphore_signal_all(semaphore_t semaphore);

/*
 * Let one thread go, if any waits: KERN_NOT_WAITING if none does, and nothing is counted. On Linux
 * `thread` must be THREAD_NULL, which means any: KERN_NOT_SUPPORTED if it is not. And a waiter that
 * gives up at that very moment leaves the count that was meant for it to the next.
 */
kern_return_t semaphore_signal_thread(semaphore_t semaphore, thread_t thread);

/* Wait until the count is above 0 and take one from it. KERN_ABORTED if a signal came first. */
kern_return_t semaphore_wait(semaphore_t semaphore);

/*
 * The same, at most for the time given, which counts from now; {0, 0} does not wait.
 * KERN_OPERATION_TIMED_OUT if the time is over, KERN_INVALID_VALUE if it is no valid time.
 */
kern_return_t semaphore_timedwait(semaphore_t semaphore, mach_timespec_t wait_time);

/*
 * Signal one semaphore and wait for another, without missing a signal in between. If the signal
 * fails, nothing is waited for and its result is returned.
 */
kern_return_t semaphore_wait_signal(semaphore_t wait_semaphore, semaphore_t signal_semaphore);

/* Both: semaphore_wait_signal() with the time limit of semaphore_timedwait(). */
kern_return_t semaphore_timedwait_signal(
	semaphore_t wait_semaphore, semaphore_t signal_semaphore, mach_timespec_t wait_time);

#ifdef __cplusplus
}
#endif

#endif
