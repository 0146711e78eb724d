/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A task port at work: what a routine that is called with the name of one gets to work on.
 *
 * The port is referenced between task_ref_get() and task_ref_done(), so its descriptors stay open
 * whatever happens to the name meanwhile; no lock is held in between, and a call may block. Nothing
 * here asks the target for anything. Safe in any thread; one TaskRef is one thread's.
 */
#pragma once

#include "port/types.h"

/* The values are TASK_FLAVOR_*; each can do less than the one before. */
typedef enum TaskFlavor {
	TASK_IS_CONTROL = 0,
	TASK_IS_READ = 1,
	TASK_IS_INSPECT = 2,
	TASK_IS_NAME = 3,
	_TASK_FLAVOR_N,
} TaskFlavor;

typedef struct TaskRef {
	Port *port; /* referenced */
	TaskFlavor flavor;
	bool is_self; /* then there are no descriptors: whoever needs them opens /proc/self */
	int pidfd, maps, stat, status, mem; /* borrowed; -EBADF where the flavour has none */
	int freeze, kill; /* of a control group that is the target's own; -EBADF without */
	PortName agent; /* see task_ref_agent() */
} TaskRef;

/* Takes no longer than a look at the name: whether the target still lives is not asked. Returns 0,
 * KERN_INVALID_ARGUMENT (no task port), KERN_INVALID_CAPABILITY (it can do less than `least`) or
 * MACH_SEND_INVALID_DEST (a dead name, or the port of a task that is known to be gone). */
int task_ref_get(PortName name, TaskFlavor least, TaskRef *ret);
void task_ref_done(TaskRef *ref);

/* The same of a port that is a task port for certain; references it. With the lock. */
void task_ref_port(Port *port, TaskRef *ret);

/* Whether the target's image is gone, by exit or by exec; its names are dead ones from then on. To be
 * asked where something failed that the target's end would explain. A target that is not trusted cannot
 * keep it waiting (access_is_gone()); on a kernel before 6.18 one that is can: not with a lock of ours
 * held. */
bool task_ref_is_dead(const TaskRef *ref);

/* The target's number in this pid namespace. Returns 0 or MACH_SEND_INVALID_DEST. */
int task_ref_pid(const TaskRef *ref, pid_t *ret);

/* A send right to the target's agent (agent.h), for stubs to send to: a name that lasts as long as
 * the ref. Returns 0, KERN_NOT_SUPPORTED (there is none: the right came from task_for_pid()) or
 * KERN_RESOURCE_SHORTAGE. */
int task_ref_agent(TaskRef *ref, PortName *ret);
