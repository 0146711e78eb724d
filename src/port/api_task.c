/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The task's own names, its special ports, and what it hands to its children.
 */
#include <unistd.h>

#include "port/api.h"
#include "port/inherit.h"
#include "port/region.h"
#include "port/right.h"

static PortName one_more(PortName name)
{
	Right right = RIGHT_NULL;
	PortName given = MACH_PORT_NULL;

	task_lock();
	if (right_copyin(name, MACH_MSG_TYPE_COPY_SEND, &right) == 0 &&
		right_copyout(&right, &given))
		right_drop(&right);
	task_unlock();
	return given;
}

_public_ mach_port_name_t task_self_trap(void)
{
	return one_more(task.self_name);
}

_public_ mach_port_t mach_host_self(void)
{
	return one_more(task.host_name);
}

_public_ mach_port_name_t host_self_trap(void)
{
	return mach_host_self();
}

_public_ boolean_t mach_task_is_self(task_name_t target)
{
	return api_is_self(target);
}

_public_ kern_return_t host_page_size(host_t host, vm_size_t *size)
{
	if (!MACH_PORT_VALID(host) || !size)
		return KERN_INVALID_ARGUMENT;
	*size = (vm_size_t)sysconf(_SC_PAGESIZE);
	return KERN_SUCCESS;
}

/* Puts a copy of a send right into a slot. With the lock. */
static int fill_slot(unsigned slot, mach_port_t name)
{
	Right right = RIGHT_NULL, old;
	int r = 0;

	if (MACH_PORT_VALID(name))
		r = right_copyin(name, MACH_MSG_TYPE_COPY_SEND, &right);
	if (r)
		return r == KERN_INVALID_NAME ? KERN_INVALID_ARGUMENT : r;
	old = task.slots[slot];
	task.slots[slot] = right;
	r = inherit_publish();
	if (r) {
		right = task.slots[slot];
		task.slots[slot] = old;
		old = right;
	}
	right_drop(&old);
	return r;
}

static int read_slot(unsigned slot, mach_port_t *ret)
{
	Right copy = right_copy_send(&task.slots[slot]);
	PortName name;
	int r;

	r = right_copyout(&copy, &name);
	right_drop(&copy);
	if (!r)
		*ret = name;
	return r;
}

_public_ kern_return_t task_get_special_port(task_t target, int which, mach_port_t *port)
{
	int r;

	if (!api_is_self(target))
		return KERN_INVALID_ARGUMENT;
	switch (which) {
	case TASK_KERNEL_PORT:
		*port = one_more(task.self_name);
		return KERN_SUCCESS;
	case TASK_HOST_PORT:
		*port = mach_host_self();
		return KERN_SUCCESS;
	case TASK_BOOTSTRAP_PORT:
		task_lock();
		r = read_slot(TASK_SLOT_BOOTSTRAP, port);
		task_unlock();
		return api_code(r);
	default:
		return KERN_INVALID_ARGUMENT;
	}
}

_public_ kern_return_t task_set_special_port(task_t target, int which, mach_port_t port)
{
	int r;

	if (!api_is_self(target))
		return KERN_INVALID_ARGUMENT;
	switch (which) {
	case TASK_KERNEL_PORT:
	case TASK_HOST_PORT:
		return KERN_NO_ACCESS;
	case TASK_BOOTSTRAP_PORT:
		task_lock();
		r = fill_slot(TASK_SLOT_BOOTSTRAP, port);
		task_unlock();
		return api_code(r);
	default:
		return KERN_INVALID_ARGUMENT;
	}
}

_public_ kern_return_t mach_ports_register(
	task_t target, mach_port_array_t ports, mach_msg_type_number_t count)
{
	Right fresh[TASK_REGISTERED_MAX] = {0};
	int r = 0;

	if (!api_is_self(target) || count > TASK_REGISTERED_MAX)
		return KERN_INVALID_ARGUMENT;
	task_lock();
	for (unsigned i = 0; i < count && !r; i++) {
		if (MACH_PORT_VALID(ports[i]))
			r = right_copyin(ports[i], MACH_MSG_TYPE_COPY_SEND, &fresh[i]);
	}
	if (!r) {
		uint32_t n = task.n_registered;

		right_swap(task.slots + TASK_SLOT_REGISTERED, fresh, TASK_REGISTERED_MAX);
		task.n_registered = count;
		r = inherit_publish();
		if (r) {
			right_swap(task.slots + TASK_SLOT_REGISTERED, fresh, TASK_REGISTERED_MAX);
			task.n_registered = n;
		}
	}
	for (unsigned i = 0; i < TASK_REGISTERED_MAX; i++)
		right_drop(&fresh[i]);
	task_unlock();
	return r == KERN_INVALID_NAME ? KERN_INVALID_ARGUMENT : api_code(r);
}

_public_ kern_return_t mach_ports_lookup(
	task_t target, mach_port_array_t *ports, mach_msg_type_number_t *count)
{
	uint64_t address = 0;
	mach_port_t *names;
	int r;

	if (!api_is_self(target))
		return KERN_INVALID_ARGUMENT;
	task_lock();
	r = region_allocate(&address, TASK_REGISTERED_MAX * sizeof(*names), true, false);
	if (r) {
		r = KERN_RESOURCE_SHORTAGE;
	} else {
		names = (mach_port_t *)(uintptr_t)address;
		for (unsigned i = 0; i < TASK_REGISTERED_MAX; i++) {
			if (read_slot(TASK_SLOT_REGISTERED + i, &names[i]))
				names[i] = MACH_PORT_NULL;
		}
		*ports = names;
		*count = TASK_REGISTERED_MAX;
	}
	task_unlock();
	return api_code(r);
}
