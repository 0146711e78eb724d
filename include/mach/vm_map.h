/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory, with addresses as wide as a pointer; <mach/mach_vm.h> has the same calls with 64-bit
 * addresses, and says what they do.
 */
#ifndef _MACH_VM_MAP_H_
#define _MACH_VM_MAP_H_

#include <mach/kern_return.h>
#include <mach/mach_types.h>
#include <mach/message.h>
#include <mach/vm_inherit.h>
#include <mach/vm_prot.h>
#include <mach/vm_region.h>
#include <mach/vm_statistics.h>
#include <mach/vm_types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* As mach_vm_allocate(). */
kern_return_t vm_allocate(vm_map_t target_task, vm_address_t *address, vm_size_t size, int flags);

/* As mach_vm_deallocate(). */
kern_return_t vm_deallocate(vm_map_t target_task, vm_address_t address, vm_size_t size);

/* As mach_vm_protect(). */
kern_return_t vm_protect(vm_map_t target_task, vm_address_t address, vm_size_t size,
	boolean_t set_maximum, vm_prot_t new_protection);

/* As mach_vm_inherit(). */
kern_return_t vm_inherit(
	vm_map_t target_task, vm_address_t address, vm_size_t size, vm_inherit_t new_inheritance);

/* As mach_vm_read(). */
kern_return_t vm_read(vm_map_read_t target_task, vm_address_t address, vm_size_t size,
	vm_offset_t *data, mach_msg_type_number_t *dataCnt);

/* As mach_vm_read_overwrite(). */
kern_return_t vm_read_overwrite(vm_map_read_t target_task, vm_address_t address, vm_size_t size,
	vm_address_t data, vm_size_t *outsize);

/* As mach_vm_read_list(). */
kern_return_t vm_read_list(vm_map_read_t target_task, vm_read_entry_t data_list, natural_t count);

/* As mach_vm_write(). */
kern_return_t vm_write(vm_map_t target_task, vm_address_t address, vm_offset_t data,
	mach_msg_type_number_t dataCnt);

/* As mach_vm_copy(). */
kern_return_t vm_copy(vm_map_t target_task, vm_address_t source_address, vm_size_t size,
	vm_address_t dest_address);

/* As mach_vm_region(). Both spellings take the flavors with and without 64. */
kern_return_t vm_region(vm_map_read_t target_task, vm_address_t *address, vm_size_t *size,
	vm_region_flavor_t flavor, vm_region_info_t info, mach_msg_type_number_t *infoCnt,
	mach_port_t *object_name);
kern_return_t vm_region_64(vm_map_read_t target_task, vm_address_t *address, vm_size_t *size,
	vm_region_flavor_t flavor, vm_region_info_t info, mach_msg_type_number_t *infoCnt,
	mach_port_t *object_name);

/* As mach_vm_region_recurse(). */
kern_return_t vm_region_recurse_64(vm_map_read_t target_task, vm_address_t *address,
	vm_size_t *size, natural_t *nesting_depth, vm_region_recurse_info_64_t info,
	mach_msg_type_number_t *infoCnt);

/* As mach_vm_page_query(). */
kern_return_t vm_map_page_query(
	vm_map_read_t target_map, vm_offset_t offset, integer_t *disposition, integer_t *ref_count);

/* As mach_vm_map(). */
kern_return_t vm_map(vm_map_t target_task, vm_address_t *address, vm_size_t size, vm_address_t mask,
	int flags, mem_entry_name_port_t object, vm_offset_t offset, boolean_t copy,
	vm_prot_t cur_protection, vm_prot_t max_protection, vm_inherit_t inheritance);

/*
 * Make a right to memory, which travels in messages and whose holder can map it: mach_vm_map().
 * permission has VM_PROT_READ, perhaps VM_PROT_WRITE, and flags (MAP_MEM_*): the memory is that of
 * the task from offset on, as it is shared from now on; or a copy of it (MAP_MEM_VM_COPY); or new
 * and zeroed (MAP_MEM_NAMED_CREATE). *size becomes the size in whole pages. The caller owns a send
 * right in *object_handle; the memory stays as long as somebody has a right to it or a mapping of
 * it. Nobody who has an entry without VM_PROT_WRITE, and no other, can write to its memory through
 * it: the kernel sees to it. The mapping that it was made from keeps its protection. With a
 * parent_entry, another right to what that one is of; all of it, with its permission: other parts
 * and permissions are KERN_NOT_SUPPORTED.
 *
 * On Linux memory that is shared like this must be the task's own: what it allocated, not files
 * that are mapped. Unless it is all that was allocated in one call of mach_vm_allocate(), and 64
 * KiB or more, it is copied into its new form, and what other threads write to it meanwhile is
 * lost. Fork children share it, and it is copied when it is sent.
 * KERN_INVALID_ADDRESS: part of it is not mapped. KERN_PROTECTION_FAILURE: it allows less than
 * permission says. KERN_NOT_SUPPORTED: it cannot be shared, or entries of both kinds would be of
 * the same memory, or it is another task's. KERN_INVALID_ARGUMENT. KERN_RESOURCE_SHORTAGE.
 */
kern_return_t mach_make_memory_entry_64(vm_map_t target_task, memory_object_size_t *size,
	memory_object_offset_t offset, vm_prot_t permission, mem_entry_name_port_t *object_handle,
	mem_entry_name_port_t parent_entry);
kern_return_t mach_make_memory_entry(vm_map_t target_task, vm_size_t *size, vm_offset_t offset,
	vm_prot_t permission, mem_entry_name_port_t *object_handle,
	mem_entry_name_port_t parent_entry);

#ifdef __cplusplus
}
#endif

#endif
