/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity tokens: which process image, and nothing that can be done to it. A token is a task's life
 * pipe and pidfd under a type of its own, so it travels, dies and coalesces as a name port does.
 */
#pragma once

#include "port/right.h"
#include "task/taskref.h"

/* The token of that task, whose control port the ref is. Returns 0 or KERN_RESOURCE_SHORTAGE. */
int token_right(const TaskRef *ref, Right *ret);

/* The task's port of that flavour, as far as this process may have it: its own, a name port, or what
 * task_for_pid() would give. Returns 0, KERN_INVALID_ARGUMENT (no token), KERN_NOT_FOUND (the task is
 * gone), KERN_DENIED or KERN_RESOURCE_SHORTAGE. */
int token_port(PortName token, TaskFlavor flavor, Right *ret);
