/* SPDX-License-Identifier: Apache-2.0 */
/*
 * To end a task, to stop it, and to let it go on: by what the caller may do to the process itself, by
 * the descriptors of its control group, or through its agent, in this order.
 */
#include <signal.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "agent_user.h"
#include "port/api.h"
#include "task/agentcall.h"
#include "task/suspend.h"
#include "task/taskref.h"

/* By what this process may do itself, by what it was given, or by what the target may. */
static int terminate(TaskRef *ref)
{
	mach_port_t agent;
	int r;

	if (pidfd_send_signal(ref->pidfd, SIGKILL, NULL, 0) == 0)
		return KERN_SUCCESS;
	if (task_ref_is_dead(ref))
		return MACH_SEND_INVALID_DEST;
	if (ref->kill >= 0 && write(ref->kill, "1", 1) == 1)
		return KERN_SUCCESS;
	r = task_ref_agent(ref, &agent);
	if (r)
		return r == KERN_NOT_SUPPORTED ? KERN_FAILURE : r;
	return agent_call_code(ref, agent_terminate(agent));
}

_public_ kern_return_t task_terminate(task_t target)
{
	TaskRef ref;
	int r;

	r = task_ref_get(target, TASK_IS_CONTROL, &ref);
	if (r)
		return r;
	if (ref.is_self)
		(void)kill(getpid(), SIGKILL);
	r = ref.is_self ? KERN_FAILURE : terminate(&ref);
	task_ref_done(&ref);
	return r;
}

static kern_return_t apply(task_t target, int (*what)(const TaskRef *))
{
	TaskRef ref;
	int r;

	r = task_ref_get(target, TASK_IS_READ, &ref);
	if (r)
		return r;
	r = what(&ref);
	if (r == KERN_FAILURE && task_ref_is_dead(&ref))
		r = MACH_SEND_INVALID_DEST;
	task_ref_done(&ref);
	return r;
}

_public_ kern_return_t task_suspend(task_read_t target)
{
	return apply(target, suspend_task);
}

_public_ kern_return_t task_resume(task_read_t target)
{
	return apply(target, resume_task);
}

_public_ kern_return_t task_suspend2(task_read_t target, task_suspension_token_t *token)
{
	TaskRef ref;
	int r;

	if (!token)
		return KERN_INVALID_ARGUMENT;
	r = task_ref_get(target, TASK_IS_READ, &ref);
	if (r)
		return r;
	r = suspend_task(&ref);
	if (!r) {
		r = suspend_token(&ref, token);
		if (r)
			(void)resume_task(&ref);
	}
	task_ref_done(&ref);
	return r;
}

_public_ kern_return_t task_resume2(task_suspension_token_t token)
{
	return resume_token(token);
}
