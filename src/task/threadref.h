/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thread ports: a pidfd of the thread, and nothing else; those of this process's own threads open it when
 * they leave. So they say which thread, can be waited for, and
 * lend no power over it; the three flavours are told apart as the original does, and differ in nothing
 * that a holder could do. A thread that ends leaves dead names, and so does one whose process executes
 * another program, but for the thread that goes on under the same number.
 */
#pragma once

#include "port/right.h"
#include "task/taskref.h"

typedef struct ThreadRef {
	Port *port; /* referenced */
	TaskFlavor flavor; /* control, read or inspect */
	int pidfd; /* the port's, or, of a thread of this process, the ref's */
	pid_t tid; /* in this pid namespace, as the next */
	pid_t pid;
} ThreadRef;

/* Returns 0, KERN_INVALID_ARGUMENT (no thread port), MACH_SEND_INVALID_DEST (the thread is gone) or
 * KERN_RESOURCE_SHORTAGE. */
int thread_ref_get(PortName name, ThreadRef *ret);
void thread_ref_done(ThreadRef *ref);

/* Whether the thread has ended; its names are dead ones from then on. */
bool thread_ref_is_dead(const ThreadRef *ref);

/* The port of a thread of that process; `flavor` is that of the task port that it comes by. Takes the
 * lock. Returns 0, KERN_NOT_FOUND (the process has no such thread) or KERN_RESOURCE_SHORTAGE. */
int thread_right(pid_t pid, pid_t tid, TaskFlavor flavor, Right *ret);
