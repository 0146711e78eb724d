/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks by number and by identity token. Every process gets its own ports; what else one may have is
 * for forpid.c and token.c to say.
 */
#include <unistd.h>

#include "base/pidref.h"
#include "port/api.h"
#include "port/right.h"
#include "task/flavor.h"
#include "task/forpid.h"
#include "task/own.h"
#include "task/token.h"

static int name_right(Right *right, mach_port_name_t *ret)
{
	PortName name = MACH_PORT_NULL;
	int r;

	task_lock();
	r = right_copyout(right, &name);
	right_drop(right);
	task_unlock();
	if (!r)
		*ret = name;
	return r ? KERN_RESOURCE_SHORTAGE : KERN_SUCCESS;
}

static int own_right(TaskFlavor flavor, Right *ret)
{
	int r;

	task_lock();
	r = own_port(flavor, ret);
	task_unlock();
	return r;
}

static kern_return_t for_pid(
	mach_port_name_t self, int pid, TaskFlavor flavor, mach_port_name_t *ret)
{
	_cleanup_pidref_ PidRef target = PIDREF_NULL;
	Right right = RIGHT_NULL;
	int r;

	if (!ret)
		return KERN_INVALID_ARGUMENT;
	*ret = MACH_PORT_NULL;
	if (!api_is_self(self))
		return KERN_INVALID_ARGUMENT;
	if (pid == getpid())
		r = own_right(flavor, &right);
	else if (pidref_set_pid(&target, pid))
		return KERN_FAILURE;
	else
		r = forpid_right(&target, flavor, &right);
	return r ? r : name_right(&right, ret);
}

_public_ kern_return_t task_for_pid(mach_port_name_t self, int pid, mach_port_name_t *t)
{
	return for_pid(self, pid, TASK_IS_CONTROL, t);
}

_public_ kern_return_t task_read_for_pid(mach_port_name_t self, int pid, mach_port_name_t *t)
{
	return for_pid(self, pid, TASK_IS_READ, t);
}

_public_ kern_return_t task_inspect_for_pid(mach_port_name_t self, int pid, mach_port_name_t *t)
{
	return for_pid(self, pid, TASK_IS_INSPECT, t);
}

_public_ kern_return_t task_name_for_pid(mach_port_name_t self, int pid, mach_port_name_t *t)
{
	return for_pid(self, pid, TASK_IS_NAME, t);
}

_public_ kern_return_t pid_for_task(mach_port_name_t t, int *pid)
{
	TaskRef ref;
	pid_t found;
	int r;

	if (!pid)
		return KERN_INVALID_ARGUMENT;
	*pid = -1;
	if (task_ref_get(t, TASK_IS_NAME, &ref))
		return KERN_FAILURE;
	r = task_ref_pid(&ref, &found);
	task_ref_done(&ref);
	if (r)
		return KERN_FAILURE;
	*pid = found;
	return KERN_SUCCESS;
}

_public_ kern_return_t task_create_identity_token(task_t target, task_id_token_t *token)
{
	Right right = RIGHT_NULL;
	TaskRef ref;
	int r;

	if (!token)
		return KERN_INVALID_ARGUMENT;
	r = task_ref_get(target, TASK_IS_CONTROL, &ref);
	if (r)
		return r;
	r = token_right(&ref, &right);
	task_ref_done(&ref);
	return r ? r : name_right(&right, token);
}

_public_ kern_return_t task_identity_token_get_task_port(
	task_id_token_t token, task_flavor_t flavor, mach_port_t *port)
{
	Right right = RIGHT_NULL;
	int r;

	if (!port || flavor > TASK_FLAVOR_NAME)
		return KERN_INVALID_ARGUMENT;
	r = token_port(token, (TaskFlavor)flavor, &right);
	return r ? r : name_right(&right, port);
}
