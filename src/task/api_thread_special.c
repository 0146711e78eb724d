/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The special ports of a thread: its own, of the flavour that it is asked by and of lesser ones. What the
 * lineage has besides (voucher, exceptions) are not special ports, and there is nothing to set.
 */
#include <mach/thread_act.h>

#include "port/api.h"
#include "port/right.h"
#include "task/threadref.h"

static bool flavor_of(int which, TaskFlavor *ret)
{
	switch (which) {
	case THREAD_KERNEL_PORT:
		*ret = TASK_IS_CONTROL;
		return true;
	case THREAD_READ_PORT:
		*ret = TASK_IS_READ;
		return true;
	case THREAD_INSPECT_PORT:
		*ret = TASK_IS_INSPECT;
		return true;
	default:
		return false;
	}
}

static int copy_out(Right *right, mach_port_t *ret)
{
	int r;

	task_lock();
	r = right_copyout(right, ret);
	right_drop(right);
	task_unlock();
	return r ? KERN_RESOURCE_SHORTAGE : 0;
}

static int drop(Right *right)
{
	task_lock();
	right_drop(right);
	task_unlock();
	return MACH_SEND_INVALID_DEST;
}

static int get_special(const ThreadRef *ref, TaskFlavor flavor, mach_port_t *port)
{
	Right right = RIGHT_NULL;
	int r;

	if (flavor < ref->flavor)
		return KERN_INVALID_CAPABILITY;
	r = thread_right(ref->pid, ref->tid, flavor, &right);
	/* The number is another's only if the thread has ended. */
	if (r == 0 && thread_ref_is_dead(ref))
		return drop(&right);
	if (r == KERN_NOT_FOUND)
		return thread_ref_is_dead(ref) ? MACH_SEND_INVALID_DEST : KERN_FAILURE;
	return r ? r : copy_out(&right, port);
}

_public_ kern_return_t thread_get_special_port(
	thread_inspect_t thr_act, int which_port, mach_port_t *special_port)
{
	TaskFlavor flavor;
	ThreadRef ref;
	int r;

	if (!special_port || !flavor_of(which_port, &flavor))
		return KERN_INVALID_ARGUMENT;
	r = thread_ref_get(thr_act, &ref);
	if (r)
		return r;
	r = get_special(&ref, flavor, special_port);
	thread_ref_done(&ref);
	return r;
}

_public_ kern_return_t thread_set_special_port(
	thread_act_t thr_act, int which_port, mach_port_t special_port)
{
	ThreadRef ref;
	int r;

	r = thread_ref_get(thr_act, &ref);
	if (r)
		return r;
	if (ref.flavor != TASK_IS_CONTROL)
		r = KERN_INVALID_CAPABILITY;
	else
		r = which_port == THREAD_KERNEL_PORT ? KERN_NO_ACCESS : KERN_INVALID_ARGUMENT;
	thread_ref_done(&ref);
	return r;
}
