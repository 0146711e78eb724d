/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mach_port: what is in the space, and what the objects are.
 */
#include <string.h>

#include "port/api.h"
#include "port/backing.h"
#include "port/kobject.h"
#include "port/once.h"
#include "port/region.h"
#include "port/request.h"

#define GENERATION_MASK 0xffu

typedef struct Snapshot {
	mach_port_name_t *names;
	mach_port_type_t *types;
	uint32_t n;
} Snapshot;

static int allocate_array(uint32_t n, size_t size, void *ret)
{
	uint64_t address = 0;
	int r = n > 0 ? region_allocate(&address, n * size, true, false) : 0;

	if (!r)
		*(void **)ret = (void *)(uintptr_t)address;
	return r ? KERN_RESOURCE_SHORTAGE : 0;
}

/* How many names are listed: the library's own are not. */
static uint32_t count_listed(void)
{
	uint32_t index = 0, n = 0;
	const Entry *entry;

	while ((entry = space_next(&index)) != NULL)
		n += !(entry->flags & ENTRY_F_HIDDEN);
	return n;
}

static int snapshot(Snapshot *s)
{
	uint32_t index = 0, listed = count_listed();
	Entry *entry;
	int r;

	r = allocate_array(listed, sizeof(*s->names), &s->names);
	if (!r) {
		r = allocate_array(listed, sizeof(*s->types), &s->types);
		if (r && s->names)
			(void)region_deallocate((uintptr_t)s->names, listed * sizeof(*s->names));
	}
	if (r)
		return r;
	while ((entry = space_next(&index)) != NULL) {
		/* Looking may turn it into a dead name; it is there all the same. */
		if (entry->flags & ENTRY_F_HIDDEN || !space_find(entry->name) || !s->names ||
			!s->types)
			continue;
		s->names[s->n] = entry->name;
		s->types[s->n] = ((mach_port_type_t)entry->type << 16) |
				 (entry->flags & ENTRY_F_REQUEST ? request_type_bits(entry->name)
								 : 0);
		s->n++;
	}
	return 0;
}

_public_ kern_return_t mach_port_names(ipc_space_t space, mach_port_name_array_t *names,
	mach_msg_type_number_t *namesCnt, mach_port_type_array_t *types,
	mach_msg_type_number_t *typesCnt)
{
	Snapshot s = {.n = 0};
	int r;

	if (!api_is_self(space))
		return api_other.names(space, names, namesCnt, types, typesCnt);
	task_lock();
	r = snapshot(&s);
	task_unlock();
	if (r)
		return api_code(r);
	*names = s.names;
	*types = s.types;
	*namesCnt = *typesCnt = s.n;
	return KERN_SUCCESS;
}

/* One number for all rights to a port that are here: the name of its send and receive rights. */
static natural_t object_of(const Entry *entry)
{
	if (entry->type == ENTRY_SEND_ONCE && entry->once->kind == ONCE_LOCAL &&
		entry->once->port->name)
		return entry->once->port->name;
	return entry->type & ENTRY_DEAD_NAME ? 0 : entry->name;
}

static void fill_name_info(const Entry *entry, ipc_info_name_t *info)
{
	*info = (ipc_info_name_t){
		.iin_name = entry->name,
		.iin_type = ((mach_port_type_t)entry->type << 16) | request_type_bits(entry->name),
		.iin_urefs = entry->urefs,
		/* Tells objects apart; no address is given away. */
		.iin_object = object_of(entry),
	};
}

_public_ kern_return_t mach_port_space_info(ipc_space_read_t space, ipc_info_space_t *space_info,
	ipc_info_name_array_t *table_info, mach_msg_type_number_t *table_infoCnt,
	ipc_info_tree_name_array_t *tree_info, mach_msg_type_number_t *tree_infoCnt)
{
	ipc_info_name_t *table = NULL;
	uint32_t index = 0, n = 0;
	Entry *entry;
	int r;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	task_lock();
	r = allocate_array(count_listed(), sizeof(*table), &table);
	if (!r) {
		while (table && (entry = space_next(&index)) != NULL) {
			if (!(entry->flags & ENTRY_F_HIDDEN))
				fill_name_info(entry, &table[n++]);
		}
		*space_info = (ipc_info_space_t){
			.iis_genno_mask = GENERATION_MASK,
			.iis_table_size = space_size(),
			.iis_table_next = space_size() + SPACE_CHUNK,
		};
		*table_info = table;
		*table_infoCnt = n;
		*tree_info = NULL;
		*tree_infoCnt = 0;
	}
	task_unlock();
	return api_code(r);
}

_public_ kern_return_t mach_port_space_basic_info(
	ipc_space_inspect_t space, ipc_info_space_basic_t *basic_info)
{
	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	task_lock();
	*basic_info = (ipc_info_space_basic_t){
		.iisb_genno_mask = GENERATION_MASK,
		.iisb_table_size = space_size(),
		.iisb_table_next = space_size() + SPACE_CHUNK,
		.iisb_table_inuse = space_used(),
	};
	task_unlock();
	return KERN_SUCCESS;
}

_public_ kern_return_t mach_port_dnrequest_info(
	ipc_space_t space, mach_port_name_t name, unsigned *dnr_total, unsigned *dnr_used)
{
	Port *port;
	kern_return_t r;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	task_lock();
	r = api_receive_right(name, KERN_INVALID_NAME, &port);
	if (!r)
		*dnr_total = *dnr_used = request_count(name);
	task_unlock();
	return r;
}

static const char *object_description(unsigned type)
{
	switch (type) {
	case KOBJECT_TASK:
		return "task";
	case KOBJECT_THREAD:
		return "thread";
	case KOBJECT_HOST:
		return "host";
	case KOBJECT_SEMAPHORE:
		return "semaphore";
	case KOBJECT_FILEPORT:
		return "fileport";
	case KOBJECT_TASK_READ:
		return "task, read";
	case KOBJECT_TASK_INSPECT:
		return "task, inspect";
	case KOBJECT_TASK_NAME:
		return "task, name";
	case KOBJECT_TASK_ID_TOKEN:
		return "task identity token";
	case KOBJECT_THREAD_READ:
		return "thread, read";
	case KOBJECT_THREAD_INSPECT:
		return "thread, inspect";
	case KOBJECT_NAMED_ENTRY:
		return "memory entry";
	default:
		return "";
	}
}

static natural_t object_type(unsigned type)
{
	switch (type) {
	case KOBJECT_TASK:
		return IPC_OTYPE_TASK_CONTROL;
	case KOBJECT_THREAD:
		return IPC_OTYPE_THREAD_CONTROL;
	case KOBJECT_HOST:
		return IPC_OTYPE_HOST;
	case KOBJECT_SEMAPHORE:
		return IPC_OTYPE_SEMAPHORE;
	case KOBJECT_FILEPORT:
		return IPC_OTYPE_FILEPORT;
	case KOBJECT_TASK_READ:
		return IPC_OTYPE_TASK_READ;
	case KOBJECT_TASK_INSPECT:
		return IPC_OTYPE_TASK_INSPECT;
	case KOBJECT_TASK_NAME:
		return IPC_OTYPE_TASK_NAME;
	case KOBJECT_TASK_ID_TOKEN:
		return IPC_OTYPE_TASK_ID_TOKEN;
	case KOBJECT_THREAD_READ:
		return IPC_OTYPE_THREAD_READ;
	case KOBJECT_THREAD_INSPECT:
		return IPC_OTYPE_THREAD_INSPECT;
	case KOBJECT_NAMED_ENTRY:
		return IPC_OTYPE_NAMED_ENTRY;
	default:
		return IPC_OTYPE_NONE;
	}
}

_public_ kern_return_t mach_port_kobject_description(ipc_space_read_t space, mach_port_name_t name,
	natural_t *type, mach_vm_address_t *address, kobject_description_t description)
{
	kern_return_t r = KERN_SUCCESS;
	unsigned kobject = 0;
	Entry *entry;

	if (!api_is_self(space))
		return KERN_INVALID_TASK;
	if (!MACH_PORT_VALID(name))
		return KERN_INVALID_NAME;
	task_lock();
	entry = space_find(name);
	if (!entry)
		r = KERN_INVALID_NAME;
	else if (!(entry->type & (ENTRY_SEND | ENTRY_RECEIVE)))
		r = KERN_INVALID_RIGHT;
	else
		kobject = entry->port->kobject_type;
	task_unlock();
	if (r)
		return r;
	*type = object_type(kobject);
	*address = 0; /* addresses of ours are nobody's business */
	if (description) {
		memset(description, 0, sizeof(kobject_description_t));
		strncpy(description, object_description(kobject),
			sizeof(kobject_description_t) - 1);
	}
	return KERN_SUCCESS;
}

_public_ kern_return_t mach_port_kobject(ipc_space_read_t space, mach_port_name_t name,
	natural_t *object, mach_vm_address_t *address)
{
	return mach_port_kobject_description(space, name, object, address, NULL);
}

_public_ kern_return_t mach_port_kernel_object(
	ipc_space_read_t space, mach_port_name_t name, unsigned *object, unsigned *address)
{
	mach_vm_address_t wide;
	kern_return_t r;

	r = mach_port_kobject(space, name, object, &wide);
	if (!r)
		*address = (unsigned)wide;
	return r;
}
