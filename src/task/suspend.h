/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often this process has suspended which task. A control group is frozen or not, and knows of no
 * counts: so the first suspension of a holder freezes and its last resumption thaws, whatever other
 * holders did.
 *
 * A token is an object of this process with one suspension in it, which ends with the last right to it.
 */
#pragma once

#include "port/right.h"
#include "task/taskref.h"

/* Returns 0, KERN_NOT_SUPPORTED (no control group in the bundle), KERN_FAILURE (resume: it is not
 * suspended), MACH_SEND_INVALID_DEST or KERN_RESOURCE_SHORTAGE. Take the lock. */
int suspend_task(const TaskRef *ref);
int resume_task(const TaskRef *ref);

/* A send right to a token, once suspend_task() was successful. Returns 0 or KERN_RESOURCE_SHORTAGE. */
int suspend_token(const TaskRef *ref, PortName *ret);

/* Ends the suspension of a token, and drops a reference of the name. Returns 0 or
 * KERN_INVALID_ARGUMENT. */
int resume_token(PortName name);
