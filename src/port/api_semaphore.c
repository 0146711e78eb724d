/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of <mach/semaphore.h>: names and arguments on one side, semaphore objects on the other.
 * No state.
 */
#include <mach/mach_init.h>
#include <mach/mach_traps.h>
#include <mach/semaphore.h>

#include "base/cleanup.h"
#include "port/api.h"
#include "port/kport.h"
#include "port/semaphore.h"

typedef int (*Operation)(Kobject *object);

static int get(semaphore_t name, Port **ret)
{
	return name == MACH_PORT_NULL || name == MACH_PORT_DEAD
		       ? KERN_INVALID_NAME
		       : kport_get(name, KOBJECT_SEMAPHORE, ret);
}

static kern_return_t fold(int r)
{
	return r < 0 ? KERN_RESOURCE_SHORTAGE : r;
}

static kern_return_t operate(semaphore_t name, Operation operation)
{
	Port *port;
	int r = get(name, &port);

	if (r != 0)
		return fold(r);
	r = operation(kport_object(port));
	kport_put(port);
	return fold(r);
}

static kern_return_t do_wait(semaphore_t name, Deadline deadline)
{
	Port *port;
	int r = get(name, &port);

	if (r != 0)
		return fold(r);
	r = semaphore_object_wait(kport_object(port), deadline);
	kport_put(port);
	return fold(r);
}

/* Signals, then waits; between the two nothing can be missed, since signals are counted. */
static kern_return_t wait_signal(semaphore_t wait_name, semaphore_t signal_name, Deadline deadline)
{
	Port *wait_port, *signal_port;
	int r = get(signal_name, &signal_port);

	if (r != 0)
		return fold(r);
	r = get(wait_name, &wait_port);
	if (r == 0) {
		r = semaphore_object_signal(kport_object(signal_port));
		if (r == 0)
			r = semaphore_object_wait(kport_object(wait_port), deadline);
		kport_put(wait_port);
	}
	kport_put(signal_port);
	return fold(r);
}

static bool deadline_of(mach_timespec_t time, Deadline *ret)
{
	if (BAD_MACH_TIMESPEC(&time))
		return false;
	if (time.tv_sec == 0 && time.tv_nsec == 0)
		*ret = 0;
	else
		*ret = deadline_after_ns(time.tv_sec * CLOCK_NS_PER_SEC + (uint64_t)time.tv_nsec);
	return true;
}

_public_ kern_return_t semaphore_create(
	task_t target, semaphore_t *semaphore, int policy, int value)
{
	Kobject *object;
	PortName name;
	int r;

	if (!semaphore || value < 0 || policy < 0 || policy > SYNC_POLICY_FIXED_PRIORITY)
		return KERN_INVALID_ARGUMENT;
	if (target != mach_task_self_)
		return api_other.semaphore_create(target, semaphore, policy, value);
	r = semaphore_object_new(value, &object);
	if (r != 0)
		return fold(r);
	r = kport_insert_consume(object, &name);
	if (r != 0)
		return r == KERN_NO_SPACE ? KERN_RESOURCE_SHORTAGE : fold(r);
	*semaphore = name;
	return KERN_SUCCESS;
}

_public_ kern_return_t semaphore_destroy(task_t target, semaphore_t semaphore)
{
	Port *port;
	int r;

	if (target != mach_task_self_ || semaphore == MACH_PORT_NULL || semaphore == MACH_PORT_DEAD)
		return KERN_INVALID_ARGUMENT;
	r = get(semaphore, &port);
	if (r != 0)
		return KERN_INVALID_ARGUMENT;
	semaphore_object_destroy(kport_object(port));
	kport_put(port);
	return fold(kport_drop(semaphore));
}

_public_ kern_return_t semaphore_signal(semaphore_t semaphore)
{
	return operate(semaphore, semaphore_object_signal);
}

_public_ kern_return_t semaphore_signal_all(semaphore_t semaphore)
{
	return operate(semaphore, semaphore_object_signal_all);
}

_public_ kern_return_t semaphore_signal_thread(semaphore_t semaphore, thread_t thread)
{
	/* Waiters are no threads that have names. */
	if (thread != THREAD_NULL)
		return KERN_NOT_SUPPORTED;
	return operate(semaphore, semaphore_object_signal_waiting);
}

_public_ kern_return_t semaphore_wait(semaphore_t semaphore)
{
	return do_wait(semaphore, DEADLINE_NONE);
}

_public_ kern_return_t semaphore_timedwait(semaphore_t semaphore, mach_timespec_t wait_time)
{
	Deadline deadline;

	if (!deadline_of(wait_time, &deadline))
		return KERN_INVALID_VALUE;
	return do_wait(semaphore, deadline);
}

_public_ kern_return_t semaphore_wait_signal(
	semaphore_t wait_semaphore, semaphore_t signal_semaphore)
{
	return wait_signal(wait_semaphore, signal_semaphore, DEADLINE_NONE);
}

_public_ kern_return_t semaphore_timedwait_signal(
	semaphore_t wait_semaphore, semaphore_t signal_semaphore, mach_timespec_t wait_time)
{
	Deadline deadline;

	if (!deadline_of(wait_time, &deadline))
		return KERN_INVALID_VALUE;
	return wait_signal(wait_semaphore, signal_semaphore, deadline);
}

_public_ kern_return_t semaphore_signal_trap(mach_port_name_t signal_name)
{
	return semaphore_signal(signal_name);
}

_public_ kern_return_t semaphore_signal_all_trap(mach_port_name_t signal_name)
{
	return semaphore_signal_all(signal_name);
}

_public_ kern_return_t semaphore_signal_thread_trap(
	mach_port_name_t signal_name, mach_port_name_t thread_name)
{
	return semaphore_signal_thread(signal_name, thread_name);
}

_public_ kern_return_t semaphore_wait_trap(mach_port_name_t wait_name)
{
	return semaphore_wait(wait_name);
}

_public_ kern_return_t semaphore_wait_signal_trap(
	mach_port_name_t wait_name, mach_port_name_t signal_name)
{
	return semaphore_wait_signal(wait_name, signal_name);
}

_public_ kern_return_t semaphore_timedwait_trap(
	mach_port_name_t wait_name, unsigned int sec, clock_res_t nsec)
{
	return semaphore_timedwait(wait_name, (mach_timespec_t){.tv_sec = sec, .tv_nsec = nsec});
}

_public_ kern_return_t semaphore_timedwait_signal_trap(mach_port_name_t wait_name,
	mach_port_name_t signal_name, unsigned int sec, clock_res_t nsec)
{
	return semaphore_timedwait_signal(
		wait_name, signal_name, (mach_timespec_t){.tv_sec = sec, .tv_nsec = nsec});
}
