/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking a target's agent: see agent.h. For the core, which knows nothing of stubs; the façade calls
 * the stubs of idl/agent.defs itself and folds their results with agent_call_code().
 */
#pragma once

#include "port/right.h"
#include "task/taskref.h"

/* The target's own read port. */
int agent_call_read_port(TaskRef *ref, Right *ret);

/* What a stub returned, as the routine on the task says it: transport errors become
 * MACH_SEND_INVALID_DEST (the target is gone) or KERN_OPERATION_TIMED_OUT (it does not answer). */
int agent_call_code(TaskRef *ref, int r);
