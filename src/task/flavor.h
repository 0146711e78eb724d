/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From one flavour of a task port to a lesser one; never to a greater.
 */
#pragma once

#include "port/kport.h"
#include "port/right.h"
#include "task/taskref.h"

/* A send right to the task's port of another flavour, which the caller may have by the one it holds:
 * the same port that the task itself would give, by whatever way it came. Returns 0,
 * KERN_INVALID_CAPABILITY (that would be more than the ref's), MACH_SEND_INVALID_DEST,
 * KERN_NOT_SUPPORTED (a read port, from a control port whose target has no agent and whose memory this
 * process may not open itself), KERN_RESOURCE_SHORTAGE, or what the agent says. */
int flavor_right(TaskRef *ref, TaskFlavor flavor, Right *ret);

/* Of another process's task: what it is known by, and copies of its first n descriptors. Those that
 * there are are the caller's also on failure. Returns 0 or KERN_RESOURCE_SHORTAGE. */
int flavor_copy(const TaskRef *ref, unsigned n, KportArrival *ret);

/* A send right to what arrived, or was put together. Takes the lock. Returns 0 or
 * KERN_RESOURCE_SHORTAGE. */
int flavor_adopt_consume(KportArrival *arrival, Right *ret);

/* The same as a name. */
int flavor_name(TaskRef *ref, TaskFlavor flavor, PortName *ret);
