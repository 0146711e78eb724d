/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory entries and the mapping of them: mach_make_memory_entry_64(), mach_vm_map().
 *
 * No state.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memfd.h"
#include "port/kport.h"
#include "port/region.h"
#include "task/agent_user.h"
#include "task/api_vm.h"
#include "task/entry.h"

#define MEM_FLAGS_KNOWN                                                                            \
	(VM_PROT_READ | VM_PROT_WRITE | MAP_MEM_NAMED_CREATE | MAP_MEM_NAMED_REUSE |               \
		MAP_MEM_USE_DATA_ADDR | MAP_MEM_VM_COPY | MAP_MEM_VM_SHARE)

#define VM_FLAGS_KNOWN                                                                             \
	(VM_FLAGS_ANYWHERE | VM_FLAGS_RANDOM_ADDR | VM_FLAGS_NO_CACHE | VM_FLAGS_OVERWRITE |       \
		VM_FLAGS_ALIAS_MASK)

/* Zeroes, or a copy of what is at an address. */
static int new_memory(mach_vm_size_t size, const mach_vm_address_t *source, int *ret_fd)
{
	_cleanup_close_ int fd = memfd_new("mach-entry");
	void *at;
	int r;

	if (fd < 0)
		return fd;
	if (ftruncate(fd, (off_t)size) < 0)
		return KERN_RESOURCE_SHORTAGE;
	if (source) {
		at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
		if (at == MAP_FAILED)
			return KERN_RESOURCE_SHORTAGE;
		r = region_copy_in(at, *source, size);
		(void)munmap(at, size);
		if (r != 0)
			return r;
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int memory_of(
	vm_prot_t permission, mach_vm_address_t start, mach_vm_size_t size, int *ret_fd)
{
	if (permission & MAP_MEM_NAMED_CREATE)
		return new_memory(size, NULL, ret_fd);
	if (permission & MAP_MEM_VM_COPY)
		return new_memory(size, &start, ret_fd);
	return region_share(start, size, vm_prot_to_posix(permission), ret_fd);
}

static kern_return_t insert_consume(int fd, bool is_writable, mem_entry_name_port_t *ret)
{
	Kobject *object;
	PortName name;
	int r;

	r = entry_new_consume(fd, is_writable, &object);
	if (r == 0)
		r = kport_insert_consume(object, &name);
	if (r != 0)
		return r == KERN_NO_SPACE ? KERN_RESOURCE_SHORTAGE : vm_fold(r);
	*ret = name;
	return KERN_SUCCESS;
}

static kern_return_t get_entry(mem_entry_name_port_t name, Port **ret_port, MemoryEntry *ret_entry)
{
	int r = MACH_PORT_VALID(name) ? kport_get(name, KOBJECT_NAMED_ENTRY, ret_port)
				      : KERN_INVALID_ARGUMENT;

	if (r != 0)
		return KERN_INVALID_ARGUMENT;
	r = entry_look(kport_object(*ret_port), ret_entry);
	if (r != 0)
		kport_put(*ret_port);
	return vm_fold(r);
}

/* Another entry of what an entry is of: all of it, with the same permission. */
static kern_return_t entry_of_entry(mem_entry_name_port_t parent, mach_vm_size_t size,
	mach_vm_address_t offset, vm_prot_t permission, mem_entry_name_port_t *ret)
{
	MemoryEntry entry;
	kern_return_t kr;
	Port *port;
	int prot = vm_prot_to_posix(permission), fd;

	kr = get_entry(parent, &port, &entry);
	if (kr != KERN_SUCCESS)
		return kr;
	if (offset > entry.size || size > entry.size - offset)
		kr = KERN_INVALID_ARGUMENT;
	else if ((prot & ~entry.prot) != 0)
		kr = KERN_PROTECTION_FAILURE;
	else if (offset != 0 || size != entry.size || (prot | PROT_READ) != entry.prot)
		kr = KERN_NOT_SUPPORTED;
	fd = kr == KERN_SUCCESS ? fd_dup(entry.fd) : -EBADF;
	if (kr == KERN_SUCCESS)
		kr = fd < 0 ? KERN_RESOURCE_SHORTAGE
			    : insert_consume(fd, (entry.prot & PROT_WRITE) != 0, ret);
	kport_put(port);
	return kr;
}

_public_ kern_return_t mach_make_memory_entry_64(vm_map_t target_task, memory_object_size_t *size,
	memory_object_offset_t offset, vm_prot_t permission, mem_entry_name_port_t *object_handle,
	mem_entry_name_port_t parent_entry)
{
	_cleanup_vm_task_ VmTask task = VM_TASK_NULL;
	mach_vm_address_t start = 0;
	mach_vm_size_t length;
	kern_return_t kr;
	int fd = -EBADF, r;

	if (!size || !object_handle || (permission & ~MEM_FLAGS_KNOWN) != 0 || *size == 0)
		return KERN_INVALID_ARGUMENT;
	kr = vm_task_get(target_task, TASK_IS_CONTROL, &task);
	if (kr != KERN_SUCCESS)
		return kr;
	if (parent_entry != MACH_PORT_NULL)
		return entry_of_entry(parent_entry, *size, offset, permission, object_handle);
	if (!task.is_self && !(permission & MAP_MEM_NAMED_CREATE))
		return KERN_NOT_SUPPORTED;
	if (!vm_page_range(permission & MAP_MEM_NAMED_CREATE ? 0 : offset, *size, &start, &length))
		return KERN_INVALID_ARGUMENT;
	r = memory_of(permission, start, length, &fd);
	if (r != 0)
		return vm_fold(r);
	kr = insert_consume(fd, (permission & VM_PROT_WRITE) != 0, object_handle);
	if (kr == KERN_SUCCESS)
		*size = length;
	return kr;
}

_public_ kern_return_t mach_make_memory_entry(vm_map_t target_task, vm_size_t *size,
	vm_offset_t offset, vm_prot_t permission, mem_entry_name_port_t *object_handle,
	mem_entry_name_port_t parent_entry)
{
	memory_object_size_t wide;
	kern_return_t kr;

	if (!size)
		return KERN_INVALID_ARGUMENT;
	wide = *size;
	kr = mach_make_memory_entry_64(
		target_task, &wide, offset, permission, object_handle, parent_entry);
	if (kr == KERN_SUCCESS)
		*size = (vm_size_t)wide;
	return kr;
}

static kern_return_t map_entry(const RegionPlace *place, mem_entry_name_port_t name,
	mach_vm_address_t offset, bool is_copy, const vm_prot_t protections[2],
	mach_vm_address_t *address)
{
	int prot = vm_prot_to_posix(protections[0]), most = vm_prot_to_posix(protections[1]), r;
	MemoryEntry entry;
	kern_return_t kr;
	Port *port;

	kr = get_entry(name, &port, &entry);
	if (kr != KERN_SUCCESS)
		return kr == KERN_INVALID_ARGUMENT ? KERN_INVALID_OBJECT : kr;
	if ((offset & vm_page_mask) != 0 || offset > entry.size ||
		place->size > entry.size - offset)
		r = KERN_INVALID_ARGUMENT;
	else if (!is_copy && (most & ~entry.prot) != 0)
		r = KERN_INVALID_RIGHT;
	else
		r = region_map(
			place, entry.fd, offset, prot, is_copy ? MAP_PRIVATE : MAP_SHARED, address);
	kport_put(port);
	return vm_fold(r);
}

_public_ kern_return_t mach_vm_map(vm_map_t target_task, mach_vm_address_t *address,
	mach_vm_size_t size, mach_vm_offset_t mask, int flags, mem_entry_name_port_t object,
	memory_object_offset_t offset, boolean_t copy, vm_prot_t cur_protection,
	vm_prot_t max_protection, vm_inherit_t inheritance)
{
	_cleanup_vm_task_ VmTask task = VM_TASK_NULL;
	RegionPlace place = {
		.address = address ? *address : 0,
		.size = size,
		.mask = mask,
		.anywhere = (flags & VM_FLAGS_ANYWHERE) != 0,
		.overwrite = (flags & VM_FLAGS_OVERWRITE) != 0,
	};
	mach_vm_address_t start = 0;
	kern_return_t kr;

	if (!address || ((unsigned)flags & ~VM_FLAGS_KNOWN) != 0 ||
		((cur_protection | max_protection) & ~VM_PROT_ALL) != 0 ||
		inheritance > VM_INHERIT_NONE || (cur_protection & ~max_protection) != 0)
		return KERN_INVALID_ARGUMENT;
	kr = vm_task_get(target_task, TASK_IS_CONTROL, &task);
	if (kr != KERN_SUCCESS)
		return kr;
	if (!task.is_self)
		return ASK_AGENT(&task, agent_vm_map, address, size, mask, flags, object, offset,
			(int32_t)copy, cur_protection, max_protection, inheritance);
	if (object == MACH_PORT_NULL)
		kr = vm_fold(region_map(
			&place, -EBADF, 0, vm_prot_to_posix(cur_protection), MAP_PRIVATE, &start));
	else
		kr = map_entry(&place, object, offset, copy,
			(vm_prot_t[2]){cur_protection, max_protection}, &start);
	if (kr != KERN_SUCCESS)
		return kr;
	if (inheritance == VM_INHERIT_NONE)
		(void)region_inherit(start, size, REGION_INHERIT_NONE);
	*address = start;
	return KERN_SUCCESS;
}

_public_ kern_return_t vm_map(vm_map_t target_task, vm_address_t *address, vm_size_t size,
	vm_address_t mask, int flags, mem_entry_name_port_t object, vm_offset_t offset,
	boolean_t copy, vm_prot_t cur_protection, vm_prot_t max_protection,
	vm_inherit_t inheritance)
{
	mach_vm_address_t wide;
	kern_return_t kr;

	if (!address)
		return KERN_INVALID_ARGUMENT;
	wide = *address;
	kr = mach_vm_map(target_task, &wide, size, mask, flags, object, offset, copy,
		cur_protection, max_protection, inheritance);
	if (kr == KERN_SUCCESS)
		*address = (vm_address_t)wide;
	return kr;
}
