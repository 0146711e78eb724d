/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of a task, with 64-bit addresses. In this release the task must be the caller's own:
 * mach_task_self(). All calls return KERN_INVALID_ARGUMENT for any other.
 */
#ifndef _MACH_MACH_VM_H_
#define _MACH_MACH_VM_H_

#include <mach/kern_return.h>
#include <mach/mach_types.h>
#include <mach/message.h>
#include <mach/vm_inherit.h>
#include <mach/vm_prot.h>
#include <mach/vm_statistics.h>
#include <mach/vm_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Allocate zero-filled memory, whole pages of it: with VM_FLAGS_ANYWHERE where there is room, else
 * at *address, rounded down to a page. *address says where. The caller owns the memory and must
 * mach_vm_deallocate() it, or send it in a message with `deallocate`, which then moves it without
 * a copy. A size of 0 gives address 0.
 * KERN_NO_SPACE: no room, or with VM_FLAGS_FIXED something is there and VM_FLAGS_OVERWRITE is not
 * given. KERN_INVALID_ADDRESS: address out of range. KERN_INVALID_ARGUMENT: flags.
 * KERN_RESOURCE_SHORTAGE.
 */
kern_return_t mach_vm_allocate(
	vm_map_t target, mach_vm_address_t *address, mach_vm_size_t size, int flags);

/*
 * Release memory: all pages that the range touches, whoever mapped them. Pages where nothing is
 * mapped are no error. Any number of pieces may be released of what was allocated as one.
 * KERN_INVALID_ARGUMENT: the range wraps around.
 */
kern_return_t mach_vm_deallocate(vm_map_t target, mach_vm_address_t address, mach_vm_size_t size);

/*
 * Change what may be done with memory, or with set_maximum what may be done at most. On Linux there
 * is no maximum: setting one changes the present protection if that is more.
 * KERN_INVALID_ADDRESS: part of the range is not mapped. KERN_PROTECTION_FAILURE: not allowed for
 * what is mapped. KERN_INVALID_ARGUMENT: no such protection.
 */
kern_return_t mach_vm_protect(vm_map_t target_task, mach_vm_address_t address, mach_vm_size_t size,
	boolean_t set_maximum, vm_prot_t new_protection);

/*
 * Set what fork children get of a range. On Linux private memory cannot be made shared afterwards:
 * KERN_NOT_SUPPORTED for VM_INHERIT_SHARE of such memory.
 * KERN_INVALID_ADDRESS: part of the range is not mapped. KERN_INVALID_ARGUMENT: no such value.
 */
kern_return_t mach_vm_inherit(vm_map_t target_task, mach_vm_address_t address, mach_vm_size_t size,
	vm_inherit_t new_inheritance);

/*
 * Copy memory into new memory that the caller owns and must vm_deallocate(); *dataCnt is its size.
 * KERN_INVALID_ADDRESS: part of the range is not mapped. KERN_PROTECTION_FAILURE: it cannot be
 * read. KERN_INVALID_ARGUMENT: the size does not fit into *dataCnt. KERN_RESOURCE_SHORTAGE.
 */
kern_return_t mach_vm_read(vm_map_read_t target_task, mach_vm_address_t address,
	mach_vm_size_t size, vm_offset_t *data, mach_msg_type_number_t *dataCnt);

/*
 * Copy memory to a place that the caller has; *outsize is the number of bytes copied.
 * KERN_INVALID_ADDRESS: part of either range is not mapped. KERN_PROTECTION_FAILURE: it cannot be
 * read, or written.
 */
kern_return_t mach_vm_read_overwrite(vm_map_read_t target_task, mach_vm_address_t address,
	mach_vm_size_t size, mach_vm_address_t data, mach_vm_size_t *outsize);

/*
 * Copy the caller's memory to an address. The caller keeps it.
 * KERN_INVALID_ADDRESS: part of either range is not mapped. KERN_PROTECTION_FAILURE: it cannot be
 * read, or written.
 */
kern_return_t mach_vm_write(vm_map_t target_task, mach_vm_address_t address, vm_offset_t data,
	mach_msg_type_number_t dataCnt);

/*
 * Copy memory within the task; the ranges may overlap. On Linux neither address nor size needs to
 * be a multiple of a page.
 * KERN_INVALID_ADDRESS: part of either range is not mapped. KERN_PROTECTION_FAILURE: it cannot be
 * read, or written.
 */
kern_return_t mach_vm_copy(vm_map_t target_task, mach_vm_address_t source_address,
	mach_vm_size_t size, mach_vm_address_t dest_address);

#ifdef __cplusplus
}
#endif

#endif
