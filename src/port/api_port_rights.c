/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mach_port: allocation of names, and what is done to the rights that they denote.
 */
#include "base/fd.h"
#include "port/api.h"
#include "port/backing.h"
#include "port/connect.h"
#include "port/copyout.h"
#include "port/kport.h"
#include "port/names.h"
#include "port/pset.h"
#include "port/queue.h"
#include "port/request.h"
#include "port/right.h"

kern_return_t api_receive_right(mach_port_name_t name, kern_return_t null_code, Port **ret)
{
	Entry *entry;

	if (!MACH_PORT_VALID(name))
		return null_code;
	entry = space_find(name);
	if (!entry)
		return KERN_INVALID_NAME;
	if (!(entry->type & ENTRY_RECEIVE))
		return KERN_INVALID_RIGHT;
	*ret = entry->port;
	return KERN_SUCCESS;
}

/* Fills a slot with a fresh right of the kind; releases the slot on failure. */
static int fill_entry(Entry *entry, mach_port_right_t right)
{
	switch (right) {
	case MACH_PORT_RIGHT_RECEIVE:
		entry->port = port_new_local();
		if (!entry->port)
			break;
		entry->type = ENTRY_RECEIVE;
		entry->port->name = entry->name;
		return 0;
	case MACH_PORT_RIGHT_PORT_SET:
		entry->set = pset_new();
		if (!entry->set)
			break;
		entry->type = ENTRY_PORT_SET;
		entry->set->name = entry->name;
		return 0;
	default:
		entry->type = ENTRY_DEAD_NAME;
		entry->object = NULL;
		entry->urefs = 1;
		return 0;
	}
	space_release(entry);
	return KERN_RESOURCE_SHORTAGE;
}

static bool can_allocate(mach_port_right_t right)
{
	return right == MACH_PORT_RIGHT_RECEIVE || right == MACH_PORT_RIGHT_PORT_SET ||
	       right == MACH_PORT_RIGHT_DEAD_NAME;
}

static kern_return_t allocate(mach_port_right_t right, bool named, mach_port_name_t *name)
{
	Entry *entry;
	int r;

	if (!can_allocate(right))
		return KERN_INVALID_VALUE;
	task_lock();
	r = named ? space_alloc_name(*name, &entry) : space_alloc(&entry);
	if (!r)
		r = fill_entry(entry, right);
	if (!r)
		*name = entry->name;
	task_unlock();
	return api_code(r);
}

_public_ kern_return_t mach_port_allocate(
	ipc_space_t space, mach_port_right_t right, mach_port_name_t *name)
{
	if (!api_is_self(space))
		return api_other.allocate(space, right, name);
	return allocate(right, false, name);
}

_public_ kern_return_t mach_port_allocate_name(
	ipc_space_t space, mach_port_right_t right, mach_port_name_t name)
{
	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	if (!MACH_PORT_VALID(name))
		return KERN_INVALID_VALUE;
	return allocate(right, true, &name);
}

_public_ kern_return_t mach_port_allocate_full(ipc_space_t space, mach_port_right_t right,
	mach_port_t proto, mach_port_qos_t *qos, mach_port_name_t *name)
{
	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	if (proto != MACH_PORT_NULL)
		return KERN_INVALID_VALUE;
	if (qos->name && !MACH_PORT_VALID(*name))
		return KERN_INVALID_VALUE;
	if (qos->prealloc) {
		if (right != MACH_PORT_RIGHT_RECEIVE)
			return KERN_INVALID_VALUE;
		/* Nothing here can promise memory ahead of time. */
		if (qos->len > MACH_MSG_SIZE_MAX - MAX_TRAILER_SIZE)
			return KERN_RESOURCE_SHORTAGE;
	}
	return allocate(right, qos->name, name);
}

_public_ kern_return_t mach_port_allocate_qos(
	ipc_space_t space, mach_port_right_t right, mach_port_qos_t *qos, mach_port_name_t *name)
{
	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	if (qos->name)
		return KERN_INVALID_ARGUMENT;
	return mach_port_allocate_full(space, right, MACH_PORT_NULL, qos, name);
}

_public_ kern_return_t mach_port_destroy(ipc_space_t space, mach_port_name_t name)
{
	int r;

	if (!api_is_self(space))
		return api_other.destroy(space, name);
	if (!MACH_PORT_VALID(name))
		return KERN_SUCCESS;
	task_lock();
	r = name_destroy(name);
	task_unlock();
	return api_code(r);
}

_public_ kern_return_t mach_port_deallocate(ipc_space_t space, mach_port_name_t name)
{
	int r;

	if (!api_is_self(space))
		return api_other.deallocate(space, name);
	if (!MACH_PORT_VALID(name))
		return KERN_SUCCESS;
	task_lock();
	r = name_deallocate(name);
	task_unlock();
	return api_code(r);
}

_public_ kern_return_t mach_port_get_refs(
	ipc_space_t space, mach_port_name_t name, mach_port_right_t right, mach_port_urefs_t *refs)
{
	uint32_t n = 0;
	int r;

	if (!api_is_self(space))
		return api_other.get_refs(space, name, right, refs);
	if (right >= MACH_PORT_RIGHT_NUMBER)
		return KERN_INVALID_VALUE;
	if (!MACH_PORT_VALID(name)) {
		if (right != MACH_PORT_RIGHT_SEND && right != MACH_PORT_RIGHT_SEND_ONCE)
			return KERN_INVALID_NAME;
		*refs = 1;
		return KERN_SUCCESS;
	}
	task_lock();
	r = name_get_refs(name, right, &n);
	task_unlock();
	if (!r)
		*refs = n;
	return api_code(r);
}

_public_ kern_return_t mach_port_mod_refs(
	ipc_space_t space, mach_port_name_t name, mach_port_right_t right, mach_port_delta_t delta)
{
	int r;

	if (!api_is_self(space))
		return api_other.mod_refs(space, name, right, delta);
	if (right >= MACH_PORT_RIGHT_NUMBER)
		return KERN_INVALID_VALUE;
	if (!MACH_PORT_VALID(name)) {
		if (right == MACH_PORT_RIGHT_SEND || right == MACH_PORT_RIGHT_SEND_ONCE)
			return KERN_SUCCESS;
		return KERN_INVALID_NAME;
	}
	task_lock();
	r = name_mod_refs(name, right, delta);
	task_unlock();
	return api_code(r);
}

_public_ kern_return_t mach_port_insert_right(
	ipc_space_t space, mach_port_name_t name, mach_port_t poly, mach_msg_type_name_t polyPoly)
{
	int r;

	if (!api_is_self(space))
		return api_other.insert_right(space, name, poly, polyPoly);
	if (!MACH_PORT_VALID(name) || polyPoly < MACH_MSG_TYPE_MOVE_RECEIVE ||
		polyPoly > MACH_MSG_TYPE_MAKE_SEND_ONCE)
		return KERN_INVALID_VALUE;
	if (!MACH_PORT_VALID(poly))
		return KERN_INVALID_CAPABILITY;
	task_lock();
	r = name_insert_right(name, poly, polyPoly);
	task_unlock();
	return api_code(r);
}

_public_ kern_return_t mach_port_extract_right(ipc_space_t space, mach_port_name_t name,
	mach_msg_type_name_t msgt_name, mach_port_t *poly, mach_msg_type_name_t *polyPoly)
{
	Right right = RIGHT_NULL;
	PortName given;
	int r;

	if (!api_is_self(space))
		return api_other.extract_right(space, name, msgt_name, poly, polyPoly);
	if (msgt_name < MACH_MSG_TYPE_MOVE_RECEIVE || msgt_name > MACH_MSG_TYPE_MAKE_SEND_ONCE)
		return KERN_INVALID_VALUE;
	if (!MACH_PORT_VALID(name))
		return KERN_INVALID_RIGHT;
	task_lock();
	r = right_is_reply_only(name, msgt_name) ? KERN_INVALID_CAPABILITY
						 : right_copyin(name, msgt_name, &right);
	if (!r) {
		mach_msg_type_name_t type = right_disposition(&right, copyin_type(msgt_name));

		r = right_copyout(&right, &given);
		if (!r) {
			*poly = given;
			*polyPoly = type;
		}
		right_drop(&right);
	}
	task_unlock();
	return api_code(r);
}

/* A port in another process, or what an object stands for, may have died without our having used it since. */
static void probe_remote(Entry *entry)
{
	_cleanup_close_ int fd = -EBADF;
	Port *port = entry->port;

	if (entry->type == ENTRY_SEND && port->kobject_type && kobject_is_dead(port->kobject))
		kport_mark_dead(port);
	if (entry->type != ENTRY_SEND || port->state != PORT_REMOTE || !port->backing->known_device)
		return;
	if (connect_dgram(port->backing->addr, true, &fd) == KERN_INVALID_CAPABILITY)
		port_mark_dead(port);
}

_public_ kern_return_t mach_port_type(
	ipc_space_t space, mach_port_name_t name, mach_port_type_t *ptype)
{
	Entry *entry;
	kern_return_t r = KERN_INVALID_NAME;

	if (!api_is_self(space))
		return api_other.type(space, name, ptype);
	if (!MACH_PORT_VALID(name))
		return KERN_INVALID_NAME;
	task_lock();
	entry = space_find(name);
	if (entry) {
		probe_remote(entry);
		*ptype = ((mach_port_type_t)entry->type << 16) | request_type_bits(name);
		r = KERN_SUCCESS;
	}
	task_unlock();
	return r;
}
