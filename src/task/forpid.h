/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Task ports by number, without the target: what root's tools do. A process without privilege gets its
 * own ports only, and name ports of processes of its user; the other ports it has to be given.
 */
#pragma once

#include "base/pidref.h"
#include "port/right.h"
#include "task/taskref.h"

/* Whether this thread has CAP_SYS_PTRACE. */
bool forpid_is_privileged(void);

/* A send right to the port of a process that is neither this one nor a zombie; the same port as
 * before, if its image is the same. Returns 0, KERN_FAILURE (not allowed, or no such process) or
 * KERN_RESOURCE_SHORTAGE. */
int forpid_right(const PidRef *target, TaskFlavor flavor, Right *ret);
