/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of <mach/mach_vm.h> and <mach/vm_map.h> that change how memory is laid out, and the
 * numbers of <mach/vm_page_size.h>. The two families differ in the types of their arguments only,
 * and not even in those where a pointer has 64 bits.
 *
 * Only a task itself can do any of this. Another one's agent is asked to, by the same routine of
 * the same interface.
 *
 * State: the page size, set by a constructor. Everything else is region.c's, or the kernel's.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mach/mig.h>

#include "base/fd.h"
#include "port/region.h"
#include "port/vmarea.h"
#include "task/agent_user.h"
#include "task/api_vm.h"

#define VM_FLAGS_KNOWN                                                                             \
	(VM_FLAGS_ANYWHERE | VM_FLAGS_PURGABLE | VM_FLAGS_4GB_CHUNK | VM_FLAGS_RANDOM_ADDR |       \
		VM_FLAGS_NO_CACHE | VM_FLAGS_OVERWRITE | VM_FLAGS_ALIAS_MASK)

_public_ vm_size_t vm_page_size = 4096;
_public_ vm_size_t vm_page_mask = 4095;
_public_ int vm_page_shift = 12;
_public_ vm_size_t vm_kernel_page_size = 4096;
_public_ vm_size_t vm_kernel_page_mask = 4095;
_public_ int vm_kernel_page_shift = 12;

/* Before the constructors of programs, which may use the numbers. */
__attribute__((__constructor__(101))) static void vm_page_size_init(void)
{
	vm_page_size = (vm_size_t)getpagesize();
	vm_page_mask = vm_page_size - 1;
	vm_page_shift = __builtin_ctzl(vm_page_size);
	vm_kernel_page_size = vm_page_size;
	vm_kernel_page_mask = vm_page_mask;
	vm_kernel_page_shift = vm_page_shift;
}

_Static_assert(VM_INHERIT_SHARE == (vm_inherit_t)REGION_INHERIT_SHARE &&
		       VM_INHERIT_COPY == (vm_inherit_t)REGION_INHERIT_COPY &&
		       VM_INHERIT_NONE == (vm_inherit_t)REGION_INHERIT_NONE,
	"passed on as they are");

_public_ kern_return_t mach_vm_allocate(
	vm_map_t target, mach_vm_address_t *address, mach_vm_size_t size, int flags)
{
	_cleanup_vm_task_ VmTask task = VM_TASK_NULL;
	bool anywhere = (flags & VM_FLAGS_ANYWHERE) != 0;
	kern_return_t kr;

	if (!address || ((unsigned)flags & ~VM_FLAGS_KNOWN) != 0)
		return KERN_INVALID_ARGUMENT;
	kr = vm_task_get(target, TASK_IS_CONTROL, &task);
	if (kr != KERN_SUCCESS)
		return kr;
	if (!task.is_self)
		return ASK_AGENT(&task, agent_vm_allocate, address, size, flags);
	return vm_fold(region_allocate(address, size, anywhere, (flags & VM_FLAGS_OVERWRITE) != 0));
}

_public_ kern_return_t mach_vm_deallocate(
	vm_map_t target, mach_vm_address_t address, mach_vm_size_t size)
{
	_cleanup_vm_task_ VmTask task = VM_TASK_NULL;
	kern_return_t kr;

	kr = vm_task_get(target, TASK_IS_CONTROL, &task);
	if (kr != KERN_SUCCESS)
		return kr;
	if (!task.is_self)
		return ASK_AGENT(&task, agent_vm_deallocate, address, size);
	return vm_fold(region_deallocate(address, size));
}

static kern_return_t protect(mach_vm_address_t start, mach_vm_size_t size, int prot)
{
	if (mprotect(vm_pointer(start), size, prot) == 0)
		return KERN_SUCCESS;
	switch (errno) {
	case EACCES:
	case EPERM:
		return KERN_PROTECTION_FAILURE;
	default:
		return KERN_INVALID_ADDRESS;
	}
}

/* The most that shall be allowed: take from each mapping what goes beyond. */
static kern_return_t protect_maximum(mach_vm_address_t start, mach_vm_size_t size, int prot)
{
	_cleanup_close_ int fd = vmarea_open();
	mach_vm_address_t end = start + size, to;
	VmArea area;
	int r;

	if (fd < 0)
		return KERN_FAILURE;
	for (; start < end; start = to) {
		r = vmarea_find(fd, start, &area);
		if (r != 0 || area.start > start)
			return r < 0 ? KERN_FAILURE : KERN_INVALID_ADDRESS;
		to = MIN(area.end, end);
		if ((area.prot & ~prot) == 0)
			continue;
		r = protect(start, to - start, area.prot & prot);
		if (r != KERN_SUCCESS)
			return r;
	}
	return KERN_SUCCESS;
}

_public_ kern_return_t mach_vm_protect(vm_map_t target_task, mach_vm_address_t address,
	mach_vm_size_t size, boolean_t set_maximum, vm_prot_t new_protection)
{
	_cleanup_vm_task_ VmTask task = VM_TASK_NULL;
	mach_vm_address_t start;
	mach_vm_size_t length;
	int prot = vm_prot_to_posix(new_protection);
	kern_return_t kr;

	if ((new_protection & ~(VM_PROT_ALL | VM_PROT_COPY)) != 0 ||
		!vm_page_range(address, size, &start, &length))
		return KERN_INVALID_ARGUMENT;
	kr = vm_task_get(target_task, TASK_IS_CONTROL, &task);
	if (kr != KERN_SUCCESS || size == 0)
		return kr;
	if (!task.is_self)
		return ASK_AGENT(&task, agent_vm_protect, address, size, (int32_t)set_maximum,
			new_protection);
	return set_maximum ? protect_maximum(start, length, prot) : protect(start, length, prot);
}

_public_ kern_return_t mach_vm_inherit(vm_map_t target_task, mach_vm_address_t address,
	mach_vm_size_t size, vm_inherit_t new_inheritance)
{
	_cleanup_vm_task_ VmTask task = VM_TASK_NULL;
	kern_return_t kr;

	kr = vm_task_get(target_task, TASK_IS_CONTROL, &task);
	if (kr != KERN_SUCCESS)
		return kr;
	if (!task.is_self)
		return ASK_AGENT(&task, agent_vm_inherit, address, size, new_inheritance);
	return vm_fold(region_inherit(address, size, new_inheritance));
}

_public_ kern_return_t vm_allocate(
	vm_map_t target_task, vm_address_t *address, vm_size_t size, int flags)
{
	mach_vm_address_t wide;
	kern_return_t kr;

	if (!address)
		return KERN_INVALID_ARGUMENT;
	wide = *address;
	kr = mach_vm_allocate(target_task, &wide, size, flags);
	if (kr == KERN_SUCCESS)
		*address = (vm_address_t)wide;
	return kr;
}

_public_ kern_return_t vm_deallocate(vm_map_t target_task, vm_address_t address, vm_size_t size)
{
	return mach_vm_deallocate(target_task, address, size);
}

_public_ kern_return_t vm_protect(vm_map_t target_task, vm_address_t address, vm_size_t size,
	boolean_t set_maximum, vm_prot_t new_protection)
{
	return mach_vm_protect(target_task, address, size, set_maximum, new_protection);
}

_public_ kern_return_t vm_inherit(
	vm_map_t target_task, vm_address_t address, vm_size_t size, vm_inherit_t new_inheritance)
{
	return mach_vm_inherit(target_task, address, size, new_inheritance);
}

_public_ void mig_allocate(vm_address_t *address, vm_size_t size)
{
	if (vm_allocate(mach_task_self_, address, size, VM_FLAGS_ANYWHERE) != KERN_SUCCESS)
		*address = 0;
}

_public_ void mig_deallocate(vm_address_t address, vm_size_t size)
{
	(void)vm_deallocate(mach_task_self_, address, size);
}
