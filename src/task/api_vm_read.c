/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying memory: mach_vm_read() and its kin of <mach/mach_vm.h>, and the same of <mach/vm_map.h>.
 * A task's own memory is copied so that a bad address is an error, not a fault; another's is read
 * and written by the descriptors of its task port.
 *
 * No state.
 */
#include <sys/mman.h>

#include "port/region.h"
#include "task/api_vm.h"

/* Why a range of ours could not be read or written. */
static kern_return_t why_bad(mach_vm_address_t address, mach_vm_size_t size)
{
	mach_vm_address_t start;
	mach_vm_size_t length;

	if (!vm_page_range(address, size, &start, &length))
		return KERN_INVALID_ADDRESS;
	/* With nothing to write back, all that this does is look whether the range is mapped. */
	return msync(vm_pointer(start), length, MS_ASYNC) < 0 ? KERN_INVALID_ADDRESS
							      : KERN_PROTECTION_FAILURE;
}

/* Of a copy that failed: the first of the two ranges that is not mapped decides. */
static kern_return_t why_bad_copy(
	mach_vm_address_t source, mach_vm_address_t target, mach_vm_size_t size)
{
	if (why_bad(source, size) == KERN_INVALID_ADDRESS)
		return KERN_INVALID_ADDRESS;
	return why_bad(target, size);
}

/* Within our own memory. */
static kern_return_t copy_here(
	mach_vm_address_t source, mach_vm_address_t target, mach_vm_size_t size)
{
	if (size == 0)
		return KERN_SUCCESS;
	if (region_copy_in(vm_pointer(target), source, size) != 0)
		return why_bad_copy(source, target, size);
	return KERN_SUCCESS;
}

static kern_return_t read_to(const VmTask *task, mach_vm_address_t address,
	mach_vm_address_t target, mach_vm_size_t size)
{
	if (task->is_self)
		return copy_here(address, target, size);
	return vm_task_result(task, access_read(&task->access, address, vm_pointer(target), size));
}

static kern_return_t write_from(const VmTask *task, mach_vm_address_t source,
	mach_vm_address_t address, mach_vm_size_t size)
{
	if (task->is_self)
		return copy_here(source, address, size);
	return vm_task_result(task, access_write(&task->access, address, vm_pointer(source), size));
}

/* Into new memory. */
static kern_return_t read_new(
	const VmTask *task, mach_vm_address_t address, mach_vm_size_t size, mach_vm_address_t *ret)
{
	mach_vm_address_t copy = 0;
	kern_return_t kr;

	if (region_allocate(&copy, size, true, false) != 0)
		return KERN_RESOURCE_SHORTAGE;
	kr = read_to(task, address, copy, size);
	if (kr == KERN_SUCCESS)
		*ret = copy;
	else
		(void)region_deallocate(copy, size);
	return kr;
}

_public_ kern_return_t mach_vm_read(vm_map_read_t target_task, mach_vm_address_t address,
	mach_vm_size_t size, vm_offset_t *data, mach_msg_type_number_t *dataCnt)
{
	_cleanup_vm_task_ VmTask task = VM_TASK_NULL;
	mach_vm_address_t copy = 0;
	kern_return_t kr;

	if (!data || !dataCnt || size > UINT32_MAX)
		return KERN_INVALID_ARGUMENT;
	kr = vm_task_get(target_task, TASK_IS_READ, &task);
	if (kr == KERN_SUCCESS)
		kr = read_new(&task, address, size, &copy);
	if (kr != KERN_SUCCESS)
		return kr;
	*data = (vm_offset_t)copy;
	*dataCnt = (mach_msg_type_number_t)size;
	return KERN_SUCCESS;
}

_public_ kern_return_t mach_vm_read_overwrite(vm_map_read_t target_task, mach_vm_address_t address,
	mach_vm_size_t size, mach_vm_address_t data, mach_vm_size_t *outsize)
{
	_cleanup_vm_task_ VmTask task = VM_TASK_NULL;
	kern_return_t kr;

	if (!outsize)
		return KERN_INVALID_ARGUMENT;
	kr = vm_task_get(target_task, TASK_IS_READ, &task);
	if (kr == KERN_SUCCESS)
		kr = read_to(&task, address, data, size);
	if (kr == KERN_SUCCESS)
		*outsize = size;
	return kr;
}

_public_ kern_return_t mach_vm_read_list(
	vm_map_read_t target_task, mach_vm_read_entry_t data_list, natural_t count)
{
	_cleanup_vm_task_ VmTask task = VM_TASK_NULL;
	kern_return_t kr, first = KERN_SUCCESS;

	if (!data_list || count > VM_MAP_ENTRY_MAX)
		return KERN_INVALID_ARGUMENT;
	kr = vm_task_get(target_task, TASK_IS_READ, &task);
	if (kr != KERN_SUCCESS)
		return kr;
	for (natural_t i = 0; i < count; i++) {
		struct mach_vm_read_entry *entry = &data_list[i];
		mach_vm_address_t copy = 0;

		kr = read_new(&task, entry->address, entry->size, &copy);
		*entry = (struct mach_vm_read_entry){copy, copy ? entry->size : 0};
		if (first == KERN_SUCCESS)
			first = kr;
	}
	return first;
}

_public_ kern_return_t mach_vm_write(vm_map_t target_task, mach_vm_address_t address,
	vm_offset_t data, mach_msg_type_number_t dataCnt)
{
	_cleanup_vm_task_ VmTask task = VM_TASK_NULL;
	kern_return_t kr;

	kr = vm_task_get(target_task, TASK_IS_CONTROL, &task);
	return kr == KERN_SUCCESS ? write_from(&task, data, address, dataCnt) : kr;
}

/* By way of memory of our own, so that nothing is overwritten before it was read. */
static kern_return_t copy_by_buffer(
	const VmTask *task, mach_vm_address_t source, mach_vm_address_t target, mach_vm_size_t size)
{
	void *buffer = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	mach_vm_address_t via = (mach_vm_address_t)(uintptr_t)buffer;
	kern_return_t kr;

	if (buffer == MAP_FAILED)
		return KERN_RESOURCE_SHORTAGE;
	kr = read_to(task, source, via, size);
	if (kr == KERN_SUCCESS)
		kr = write_from(task, via, target, size);
	(void)munmap(buffer, size);
	return kr;
}

static bool overlap(mach_vm_address_t a, mach_vm_address_t b, mach_vm_size_t size)
{
	return (a < b ? b - a : a - b) < size;
}

_public_ kern_return_t mach_vm_copy(vm_map_t target_task, mach_vm_address_t source_address,
	mach_vm_size_t size, mach_vm_address_t dest_address)
{
	_cleanup_vm_task_ VmTask task = VM_TASK_NULL;
	kern_return_t kr;

	kr = vm_task_get(target_task, TASK_IS_CONTROL, &task);
	if (kr != KERN_SUCCESS || size == 0)
		return kr;
	if (task.is_self && !overlap(source_address, dest_address, size))
		return copy_here(source_address, dest_address, size);
	return copy_by_buffer(&task, source_address, dest_address, size);
}

_public_ kern_return_t vm_read(vm_map_read_t target_task, vm_address_t address, vm_size_t size,
	vm_offset_t *data, mach_msg_type_number_t *dataCnt)
{
	return mach_vm_read(target_task, address, size, data, dataCnt);
}

_public_ kern_return_t vm_read_overwrite(vm_map_read_t target_task, vm_address_t address,
	vm_size_t size, vm_address_t data, vm_size_t *outsize)
{
	mach_vm_size_t wide;
	kern_return_t kr;

	if (!outsize)
		return KERN_INVALID_ARGUMENT;
	kr = mach_vm_read_overwrite(target_task, address, size, data, &wide);
	if (kr == KERN_SUCCESS)
		*outsize = (vm_size_t)wide;
	return kr;
}

_public_ kern_return_t vm_read_list(
	vm_map_read_t target_task, vm_read_entry_t data_list, natural_t count)
{
	mach_vm_read_entry_t wide;
	kern_return_t kr;

	if (!data_list || count > VM_MAP_ENTRY_MAX)
		return KERN_INVALID_ARGUMENT;
	for (natural_t i = 0; i < count; i++)
		wide[i] = (struct mach_vm_read_entry){data_list[i].address, data_list[i].size};
	kr = mach_vm_read_list(target_task, wide, count);
	for (natural_t i = 0; i < count; i++)
		data_list[i] = (struct vm_read_entry){
			(vm_address_t)wide[i].address, (vm_size_t)wide[i].size};
	return kr;
}

_public_ kern_return_t vm_write(vm_map_t target_task, vm_address_t address, vm_offset_t data,
	mach_msg_type_number_t dataCnt)
{
	return mach_vm_write(target_task, address, data, dataCnt);
}

_public_ kern_return_t vm_copy(vm_map_t target_task, vm_address_t source_address, vm_size_t size,
	vm_address_t dest_address)
{
	return mach_vm_copy(target_task, source_address, size, dest_address);
}
