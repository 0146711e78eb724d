/* SPDX-License-Identifier: Apache-2.0 */
/* What is special about task ports on Linux. */
#ifndef _PORTCULLIS_TASK_H_
#define _PORTCULLIS_TASK_H_

#include <mach/boolean.h>
#include <mach/kern_return.h>
#include <mach/mach_types.h>
#include <mach/message.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Opens now what read and control ports of this task are made of, and keeps it: for a program that
 * is about to give up being dumpable, by prctl(PR_SET_DUMPABLE) or by executing with privileges
 * that it drops. The kernel does not let it open its own memory later, and a message with such a
 * port would fail with MACH_SEND_INVALID_RIGHT. The two descriptors are close-on-exec, and closed
 * in fork children. Each later call opens them anew.
 * KERN_NO_ACCESS: it is too late. KERN_RESOURCE_SHORTAGE.
 */
kern_return_t portcullis_task_prepare(void);

/*
 * Whether a target may keep its readers waiting. Memory of another process can be such that
 * whoever looks at it waits for ever, in the kernel: a page of a FUSE file, for example, whose
 * server does not answer. A process that could end the caller by a signal anyway, that is one of
 * root or of the caller's own user, is looked at directly: PORTCULLIS_TASK_TRUST_FULL. Any other
 * is looked at by a process that is made for this one look, shares the caller's memory, and is
 * killed when `timeout` milliseconds have passed: the call then returns KERN_OPERATION_TIMED_OUT.
 * That is PORTCULLIS_TASK_TRUST_NONE; it costs some tens of microseconds.
 * PORTCULLIS_TASK_TRUST_AUTO, which every port begins with, decides by the target's user ids, and
 * again every second.
 *
 * Set it to NONE for a process of the caller's own user that does not do as it should, a plug-in
 * for example; to FULL for one of another user that is above suspicion. It is a matter of this
 * name in this process alone. A timeout of 0 stands for the default, 2 seconds. Setting it for the
 * caller's own task has no effect.
 * KERN_INVALID_ARGUMENT: no such value, or no task. KERN_INVALID_CAPABILITY: a name port.
 * MACH_SEND_INVALID_DEST. KERN_RESOURCE_SHORTAGE.
 */
#define PORTCULLIS_TASK_TRUST_AUTO 0
#define PORTCULLIS_TASK_TRUST_FULL 1
#define PORTCULLIS_TASK_TRUST_NONE 2

kern_return_t portcullis_task_set_trust(task_inspect_t task, int trust, mach_msg_timeout_t timeout);

/* What is set, and what follows from it now. `timeout` and `is_guarded` may be NULL. */
kern_return_t portcullis_task_get_trust(
	task_inspect_t task, int *trust, mach_msg_timeout_t *timeout, boolean_t *is_guarded);

#ifdef __cplusplus
}
#endif

#endif
