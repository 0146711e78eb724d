/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counting semaphores that processes share.
 *
 * A semaphore is a page of shared memory with the count, on which waiters sleep, and a pipe of which
 * the owner keeps the write end and holders get the read end: it hangs up when the semaphore is
 * destroyed, or when the owner ends, be it by SIGKILL. It does not when the owner merely drops its
 * rights: a semaphore that others hold is theirs to use until its owner ends. Nobody takes a word in
 * the page for proof of that. A hostile holder can take all from the count, add to it, or wake who
 * waits: no more.
 *
 * Why not an eventfd, which says the same in fewer words: its holders share the flags of one open
 * file, so one of them can make it blocking and fill it up, and then a signal blocks for ever; and
 * no system call tells an eventfd from the other kinds of file that look like it.
 *
 * Functions on objects need no lock; the caller keeps the object alive. A signal or a wait that does
 * not have to sleep is one system call for holders, and none for the owner.
 */
#pragma once

#include "base/clock.h"
#include "port/kobject.h"
#include "port/types.h"

/* How late, at most, a holder that waits notices that the owner was killed. */
#define SEMAPHORE_NOTICE_MS 250

/* How many semaphores without a right of the owner's are kept for others, and how large a part of the
 * limit of descriptors they may be: holders could hoard them. What is more is destroyed. */
#define SEMAPHORE_ORPHANS_MAX 1024
#define SEMAPHORE_ORPHANS_PART 4

/* A fresh semaphore that this process owns. value >= 0. Returns 0 or -errno. */
int semaphore_object_new(int value, Kobject **ret);

/* All return 0, or KERN_TERMINATED: it was destroyed, or its owner is gone. */

int semaphore_object_signal(Kobject *object);

/* Lets one go that waits, and else does nothing: KERN_NOT_WAITING. */
int semaphore_object_signal_waiting(Kobject *object);

/* Lets all go that wait now, in whatever process; the count stays as it is. */
int semaphore_object_signal_all(Kobject *object);

/* KERN_OPERATION_TIMED_OUT, at once if the deadline is 0; KERN_ABORTED: a signal came first. */
int semaphore_object_wait(Kobject *object, Deadline deadline);

/* By the owner; by others without effect. */
void semaphore_object_destroy(Kobject *object);

/* For kobject_fds_plausible(): two descriptors. */
bool semaphore_fds_plausible(const int *fds);

/* Around a fork; kobject.c calls them. A child owns none of its parent's semaphores, and must not
 * keep them from ending with their owner. */
void semaphore_before_fork(void);
void semaphore_after_fork_parent(void);
void semaphore_after_fork(void);
