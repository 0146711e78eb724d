/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory calls of <mach/mach_vm.h> and <mach/vm_map.h> on the caller's own task, and the numbers
 * of <mach/vm_page_size.h>. The two families differ in the types of their arguments only, and not
 * even in those where a pointer has 64 bits.
 *
 * State: the page size, set by a constructor. Everything else is region.c's, or the kernel's.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mach/mach_init.h>
#include <mach/mach_vm.h>
#include <mach/mig.h>
#include <mach/vm_map.h>
#include <mach/vm_page_size.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "port/region.h"
#include "port/vmarea.h"

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

static bool is_self(vm_map_t target)
{
	return target != MACH_PORT_NULL && target == mach_task_self_;
}

static kern_return_t fold(int r)
{
	return r < 0 ? KERN_RESOURCE_SHORTAGE : r;
}

static void *pointer(mach_vm_address_t address)
{
	return (void *)(uintptr_t)address;
}

static mach_vm_address_t page_trunc(mach_vm_address_t address)
{
	return address & ~(mach_vm_address_t)vm_page_mask;
}

/* Returns false if the range wraps around. */
static bool page_range(mach_vm_address_t address, mach_vm_size_t size, mach_vm_address_t *ret_start,
	mach_vm_size_t *ret_size)
{
	mach_vm_address_t end;

	if (__builtin_add_overflow(address, size, &end) ||
		__builtin_add_overflow(end, (mach_vm_address_t)vm_page_mask, &end))
		return false;
	*ret_start = page_trunc(address);
	*ret_size = page_trunc(end) - *ret_start;
	return true;
}

/* Why a range could not be read or written. */
static kern_return_t why_bad(mach_vm_address_t address, mach_vm_size_t size)
{
	mach_vm_address_t start;
	mach_vm_size_t length;

	if (!page_range(address, size, &start, &length))
		return KERN_INVALID_ADDRESS;
	/* With nothing to write back, all that this does is look whether the range is mapped. */
	return msync(pointer(start), length, MS_ASYNC) < 0 ? KERN_INVALID_ADDRESS
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

_public_ kern_return_t mach_vm_allocate(
	vm_map_t target, mach_vm_address_t *address, mach_vm_size_t size, int flags)
{
	bool anywhere = (flags & VM_FLAGS_ANYWHERE) != 0;

	if (!is_self(target) || !address || ((unsigned)flags & ~VM_FLAGS_KNOWN) != 0)
		return KERN_INVALID_ARGUMENT;
	return fold(region_allocate(address, size, anywhere, (flags & VM_FLAGS_OVERWRITE) != 0));
}

_public_ kern_return_t mach_vm_deallocate(
	vm_map_t target, mach_vm_address_t address, mach_vm_size_t size)
{
	if (!is_self(target))
		return KERN_INVALID_ARGUMENT;
	return fold(region_deallocate(address, size));
}

static int prot_of(vm_prot_t protection)
{
	return (protection & VM_PROT_READ ? PROT_READ : 0) |
	       (protection & VM_PROT_WRITE ? PROT_WRITE : 0) |
	       (protection & VM_PROT_EXECUTE ? PROT_EXEC : 0);
}

static kern_return_t protect(mach_vm_address_t start, mach_vm_size_t size, int prot)
{
	if (mprotect(pointer(start), size, prot) == 0)
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
	mach_vm_address_t start;
	mach_vm_size_t length;
	int prot = prot_of(new_protection);

	if (!is_self(target_task) || (new_protection & ~(VM_PROT_ALL | VM_PROT_COPY)) != 0 ||
		!page_range(address, size, &start, &length))
		return KERN_INVALID_ARGUMENT;
	if (size == 0)
		return KERN_SUCCESS;
	return set_maximum ? protect_maximum(start, length, prot) : protect(start, length, prot);
}

_public_ kern_return_t mach_vm_inherit(vm_map_t target_task, mach_vm_address_t address,
	mach_vm_size_t size, vm_inherit_t new_inheritance)
{
	if (!is_self(target_task))
		return KERN_INVALID_ARGUMENT;
	return fold(region_inherit(address, size, new_inheritance));
}

_public_ kern_return_t mach_vm_read(vm_map_read_t target_task, mach_vm_address_t address,
	mach_vm_size_t size, vm_offset_t *data, mach_msg_type_number_t *dataCnt)
{
	uint64_t copy;
	int r;

	if (!is_self(target_task) || !data || !dataCnt || size > UINT32_MAX)
		return KERN_INVALID_ARGUMENT;
	r = region_allocate(&copy, size, true, false);
	if (r != 0)
		return KERN_RESOURCE_SHORTAGE;
	if (region_copy_in(pointer(copy), address, size) != 0) {
		(void)region_deallocate(copy, size);
		return why_bad(address, size);
	}
	*data = (vm_offset_t)copy;
	*dataCnt = (mach_msg_type_number_t)size;
	return KERN_SUCCESS;
}

/* A bad address on either side is an error, not a fault. */
static kern_return_t copy(mach_vm_address_t source, mach_vm_address_t target, mach_vm_size_t size)
{
	if (size == 0)
		return KERN_SUCCESS;
	if (region_copy_in(pointer(target), source, size) != 0)
		return why_bad_copy(source, target, size);
	return KERN_SUCCESS;
}

static bool overlap(mach_vm_address_t a, mach_vm_address_t b, mach_vm_size_t size)
{
	return (a < b ? b - a : a - b) < size;
}

/* By way of memory of our own, so that nothing is overwritten before it was read. */
static kern_return_t copy_overlapping(
	mach_vm_address_t source, mach_vm_address_t target, mach_vm_size_t size)
{
	void *buffer = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	kern_return_t kr = KERN_SUCCESS;

	if (buffer == MAP_FAILED)
		return KERN_RESOURCE_SHORTAGE;
	if (region_copy_in(buffer, source, size) != 0)
		kr = why_bad(source, size);
	else if (region_copy_out(target, buffer, size) != 0)
		kr = why_bad(target, size);
	(void)munmap(buffer, size);
	return kr;
}

_public_ kern_return_t mach_vm_read_overwrite(vm_map_read_t target_task, mach_vm_address_t address,
	mach_vm_size_t size, mach_vm_address_t data, mach_vm_size_t *outsize)
{
	kern_return_t kr;

	if (!is_self(target_task) || !outsize)
		return KERN_INVALID_ARGUMENT;
	kr = copy(address, data, size);
	if (kr == KERN_SUCCESS)
		*outsize = size;
	return kr;
}

_public_ kern_return_t mach_vm_write(vm_map_t target_task, mach_vm_address_t address,
	vm_offset_t data, mach_msg_type_number_t dataCnt)
{
	if (!is_self(target_task))
		return KERN_INVALID_ARGUMENT;
	return copy(data, address, dataCnt);
}

_public_ kern_return_t mach_vm_copy(vm_map_t target_task, mach_vm_address_t source_address,
	mach_vm_size_t size, mach_vm_address_t dest_address)
{
	if (!is_self(target_task))
		return KERN_INVALID_ARGUMENT;
	if (overlap(source_address, dest_address, size))
		return copy_overlapping(source_address, dest_address, size);
	return copy(source_address, dest_address, size);
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

_public_ void mig_allocate(vm_address_t *address, vm_size_t size)
{
	if (vm_allocate(mach_task_self_, address, size, VM_FLAGS_ANYWHERE) != KERN_SUCCESS)
		*address = 0;
}

_public_ void mig_deallocate(vm_address_t address, vm_size_t size)
{
	(void)vm_deallocate(mach_task_self_, address, size);
}
