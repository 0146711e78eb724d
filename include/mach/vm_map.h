/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory, with addresses as wide as a pointer; <mach/mach_vm.h> has the same calls with 64-bit
 * addresses, and says what they do. In this release the task must be the caller's own.
 */
#ifndef _MACH_VM_MAP_H_
#define _MACH_VM_MAP_H_

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

/* As mach_vm_write(). */
kern_return_t vm_write(vm_map_t target_task, vm_address_t address, vm_offset_t data,
	mach_msg_type_number_t dataCnt);

/* As mach_vm_copy(). */
kern_return_t vm_copy(vm_map_t target_task, vm_address_t source_address, vm_size_t size,
	vm_address_t dest_address);

#ifdef __cplusplus
}
#endif

#endif
