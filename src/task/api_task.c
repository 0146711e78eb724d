/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The special ports of a task: of this one, which keeps them, and through its agent of any other whose
 * control port the caller has.
 */
#include <errno.h>

#include <portcullis/task.h>

#include "agent_user.h"
#include "port/api.h"
#include "port/inherit.h"
#include "port/region.h"
#include "port/right.h"
#include "task/agentcall.h"
#include "task/flavor.h"
#include "task/own.h"

_public_ boolean_t mach_task_is_self(task_name_t target)
{
	TaskRef ref;
	bool is_self;

	if (api_is_self(target))
		return true;
	if (task_ref_get(target, TASK_IS_NAME, &ref))
		return false;
	is_self = ref.is_self;
	task_ref_done(&ref);
	return is_self;
}

_public_ kern_return_t portcullis_task_prepare(void)
{
	int r = own_prepare();

	return r == -EACCES || r == -EPERM || r == -ENOENT ? KERN_NO_ACCESS : api_code(r);
}

/* Puts a copy of a send right into a slot. With the lock. */
static int fill_slot(Right *slot, mach_port_t name)
{
	Right right = RIGHT_NULL, old;
	int r = 0;

	if (MACH_PORT_VALID(name))
		r = right_copyin(name, MACH_MSG_TYPE_COPY_SEND, &right);
	if (r)
		return r == KERN_INVALID_NAME ? KERN_INVALID_ARGUMENT : r;
	old = *slot;
	*slot = right;
	r = slot == &task.debug_control ? 0 : inherit_publish();
	if (r) {
		right = *slot;
		*slot = old;
		old = right;
	}
	right_drop(&old);
	return r;
}

static int read_slot(const Right *slot, mach_port_t *ret)
{
	Right copy = right_copy_send(slot);
	PortName name;
	int r;

	r = right_copyout(&copy, &name);
	right_drop(&copy);
	if (!r)
		*ret = name;
	return r;
}

/* NULL: there is no such special port, or it is none that can be set. */
static Right *slot_of(int which)
{
	switch (which) {
	case TASK_BOOTSTRAP_PORT:
		return &task.slots[TASK_SLOT_BOOTSTRAP];
	case TASK_ACCESS_PORT:
		return &task.slots[TASK_SLOT_ACCESS];
	case TASK_DEBUG_CONTROL_PORT:
		return &task.debug_control;
	default:
		return NULL;
	}
}

static int read_own(int which, mach_port_t *port)
{
	int r;

	task_lock();
	r = read_slot(slot_of(which), port);
	task_unlock();
	return api_code(r);
}

static int ask_for_port(TaskRef *ref, int which, mach_port_t *port)
{
	mach_port_t agent;
	int r;

	r = task_ref_agent(ref, &agent);
	return r ? r : agent_call_code(ref, agent_get_special_port(agent, which, port));
}

static int get_special(TaskRef *ref, int which, mach_port_t *port)
{
	switch (which) {
	case TASK_NAME_PORT:
		return flavor_name(ref, TASK_IS_NAME, port);
	case TASK_INSPECT_PORT:
		return flavor_name(ref, TASK_IS_INSPECT, port);
	case TASK_READ_PORT:
		return flavor_name(ref, TASK_IS_READ, port);
	case TASK_KERNEL_PORT:
		return flavor_name(ref, TASK_IS_CONTROL, port);
	case TASK_HOST_PORT:
		if (ref->flavor != TASK_IS_CONTROL)
			return KERN_INVALID_CAPABILITY;
		*port = mach_host_self();
		return KERN_SUCCESS;
	default:
		if (!slot_of(which))
			return KERN_INVALID_ARGUMENT;
		if (ref->flavor != TASK_IS_CONTROL)
			return KERN_INVALID_CAPABILITY;
		return ref->is_self ? read_own(which, port) : ask_for_port(ref, which, port);
	}
}

_public_ kern_return_t task_get_special_port(task_inspect_t target, int which, mach_port_t *port)
{
	TaskRef ref;
	int r;

	if (!port)
		return KERN_INVALID_ARGUMENT;
	r = task_ref_get(target, TASK_IS_INSPECT, &ref);
	if (r)
		return r;
	r = get_special(&ref, which, port);
	task_ref_done(&ref);
	return r;
}

static int set_own(int which, mach_port_t port)
{
	Right *slot = slot_of(which);
	int r;

	task_lock();
	if (which == TASK_ACCESS_PORT && slot->kind != RIGHT_NONE)
		r = KERN_NO_ACCESS;
	else
		r = fill_slot(slot, port);
	task_unlock();
	return api_code(r);
}

static int set_special(TaskRef *ref, int which, mach_port_t port)
{
	mach_port_t agent;
	int r;

	if (which == TASK_KERNEL_PORT || which == TASK_HOST_PORT)
		return KERN_NO_ACCESS;
	if (!slot_of(which))
		return KERN_INVALID_ARGUMENT;
	if (ref->is_self)
		return set_own(which, port);
	r = task_ref_agent(ref, &agent);
	return r ? r : agent_call_code(ref, agent_set_special_port(agent, which, port));
}

_public_ kern_return_t task_set_special_port(task_t target, int which, mach_port_t port)
{
	TaskRef ref;
	int r;

	r = task_ref_get(target, TASK_IS_CONTROL, &ref);
	if (r)
		return r;
	r = set_special(&ref, which, port);
	task_ref_done(&ref);
	return r;
}

static int register_own(const mach_port_t *ports, uint32_t count)
{
	Right fresh[TASK_REGISTERED_MAX] = {0};
	int r = 0;

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

static int register_theirs(TaskRef *ref, const mach_port_t *ports, uint32_t count)
{
	mach_port_t p[TASK_REGISTERED_MAX] = {0};
	mach_port_t agent;
	int r;

	for (unsigned i = 0; i < count; i++)
		p[i] = ports[i];
	r = task_ref_agent(ref, &agent);
	return r ? r : agent_call_code(ref, agent_ports_register(agent, count, p[0], p[1], p[2]));
}

_public_ kern_return_t mach_ports_register(
	task_t target, mach_port_array_t ports, mach_msg_type_number_t count)
{
	TaskRef ref;
	int r;

	if (count > TASK_REGISTERED_MAX || (count > 0 && !ports))
		return KERN_INVALID_ARGUMENT;
	r = task_ref_get(target, TASK_IS_CONTROL, &ref);
	if (r)
		return r;
	r = ref.is_self ? register_own(ports, count) : register_theirs(&ref, ports, count);
	task_ref_done(&ref);
	return r;
}

static int lookup_own(mach_port_t *names)
{
	task_lock();
	for (unsigned i = 0; i < TASK_REGISTERED_MAX; i++) {
		if (read_slot(&task.slots[TASK_SLOT_REGISTERED + i], &names[i]))
			names[i] = MACH_PORT_NULL;
	}
	task_unlock();
	return 0;
}

static int lookup_theirs(TaskRef *ref, mach_port_t *names)
{
	mach_port_t agent;
	int r;

	r = task_ref_agent(ref, &agent);
	return r ? r
		 : agent_call_code(ref, agent_ports_lookup(agent, &names[0], &names[1], &names[2]));
}

_public_ kern_return_t mach_ports_lookup(
	task_t target, mach_port_array_t *ports, mach_msg_type_number_t *count)
{
	uint64_t address = 0;
	TaskRef ref;
	int r;

	r = task_ref_get(target, TASK_IS_CONTROL, &ref);
	if (r)
		return r;
	task_lock();
	r = region_allocate(&address, TASK_REGISTERED_MAX * sizeof(**ports), true, false);
	task_unlock();
	if (r) {
		r = KERN_RESOURCE_SHORTAGE;
	} else {
		mach_port_t *names = (mach_port_t *)(uintptr_t)address;

		r = ref.is_self ? lookup_own(names) : lookup_theirs(&ref, names);
		if (r) {
			(void)vm_deallocate(mach_task_self(), (vm_address_t)address,
				TASK_REGISTERED_MAX * sizeof(*names));
		} else {
			*ports = names;
			*count = TASK_REGISTERED_MAX;
		}
	}
	task_ref_done(&ref);
	return r;
}
