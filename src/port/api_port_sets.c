/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mach_port: port sets.
 */
#include "port/api.h"
#include "port/pset.h"
#include "port/region.h"

static kern_return_t find_set(mach_port_name_t name, PortSet **ret)
{
	Entry *entry;

	if (!MACH_PORT_VALID(name))
		return KERN_INVALID_RIGHT;
	entry = space_find(name);
	if (!entry)
		return KERN_INVALID_NAME;
	if (entry->type != ENTRY_PORT_SET)
		return KERN_INVALID_RIGHT;
	*ret = entry->set;
	return KERN_SUCCESS;
}

static kern_return_t find_both(
	mach_port_name_t member, mach_port_name_t after, Port **ret_port, PortSet **ret_set)
{
	kern_return_t r;

	r = api_receive_right(member, KERN_INVALID_RIGHT, ret_port);
	return r ? r : find_set(after, ret_set);
}

_public_ kern_return_t mach_port_insert_member(
	ipc_space_t space, mach_port_name_t name, mach_port_name_t pset)
{
	PortSet *set;
	Port *port;
	int r;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	task_lock();
	r = find_both(name, pset, &port, &set);
	if (!r)
		r = pset_insert(set, port);
	task_unlock();
	return api_code(r);
}

_public_ kern_return_t mach_port_extract_member(
	ipc_space_t space, mach_port_name_t name, mach_port_name_t pset)
{
	PortSet *set;
	Port *port;
	int r;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	task_lock();
	r = find_both(name, pset, &port, &set);
	if (!r)
		r = pset_remove(set, port);
	task_unlock();
	return api_code(r);
}

static int move_to(Port *port, PortSet *set)
{
	int r = 0;

	/* Into the new one first, so that a failure leaves it where it was. */
	if (!pset_is_member(set, port))
		r = pset_insert(set, port);
	if (!r)
		pset_remove_others(set, port);
	return r;
}

_public_ kern_return_t mach_port_move_member(
	ipc_space_t space, mach_port_name_t member, mach_port_name_t after)
{
	PortSet *set = NULL;
	Port *port;
	int r;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	if (after == MACH_PORT_DEAD)
		return KERN_INVALID_RIGHT;
	task_lock();
	r = api_receive_right(member, KERN_INVALID_RIGHT, &port);
	if (!r && after != MACH_PORT_NULL)
		r = find_set(after, &set);
	if (!r && set)
		r = move_to(port, set);
	else if (!r && !pset_remove_all(port))
		r = KERN_NOT_IN_SET;
	task_unlock();
	return api_code(r);
}

_public_ kern_return_t mach_port_get_set_status(ipc_space_read_t space, mach_port_name_t name,
	mach_port_name_array_t *members, mach_msg_type_number_t *membersCnt)
{
	uint64_t address = 0;
	Membership *member;
	PortSet *set;
	uint32_t n = 0;
	int r;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	task_lock();
	r = find_set(name, &set);
	if (!r && set->n_members > 0 &&
		region_allocate(&address, set->n_members * sizeof(mach_port_name_t), true, false))
		r = KERN_RESOURCE_SHORTAGE;
	if (!r) {
		mach_port_name_t *names = (mach_port_name_t *)(uintptr_t)address;

		TAILQ_FOREACH (member, &set->members, by_set)
			if (names)
				names[n++] = member->port->name;
		*members = names;
		*membersCnt = n;
	}
	task_unlock();
	return api_code(r);
}
