/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of a task, with 64-bit addresses: the caller's own, or that of a task to which it holds a
 * task port. The type of the first argument says what that port must at least allow: for a
 * vm_map_read_t a read or control port, for a vm_map_t a control port.
 *
 * Results that any call may have:
 *	KERN_INVALID_ARGUMENT		the name is no task port
 *	KERN_INVALID_CAPABILITY		the port allows less than the call needs
 *	MACH_SEND_INVALID_DEST		the task is gone, by exit or by exec; its name is a dead one
 *	KERN_OPERATION_TIMED_OUT	the task kept the caller waiting: see <portcullis/task.h>
 *	KERN_NOT_SUPPORTED		only the task itself could do that, and it has no agent: its
 *					port came from task_for_pid()
 *	KERN_RESOURCE_SHORTAGE
 *
 * Another task is read and written by what its task port holds, without its help, and while it goes
 * on: what is read is not of one moment. See mach_vm_read(3).
 */
#ifndef _MACH_MACH_VM_H_
#define _MACH_MACH_VM_H_

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
 * As mach_vm_read() for each of at most VM_MAP_ENTRY_MAX ranges: their addresses become those of
 * the copies, each of which the caller owns. A range that could not be read becomes address 0,
 * size 0; the result is that of the first such.
 * KERN_INVALID_ARGUMENT: too many.
 */
kern_return_t mach_vm_read_list(
	vm_map_read_t target_task, mach_vm_read_entry_t data_list, natural_t count);

/*
 * Copy the caller's memory to an address. The caller keeps it. Memory of the target that is not
 * writable is never written to: mach_vm_protect() it first.
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

/*
 * Say what is mapped at *address, or next above it: *address and *size become those of the region,
 * and info is filled as flavor (VM_REGION_*) asks; <mach/vm_region.h> says what Linux knows.
 * *infoCnt says how many integers there is room for, and then how many were filled. *object_name
 * is MACH_PORT_NULL; object_name itself may be NULL.
 * KERN_INVALID_ADDRESS: nothing is mapped there or above. KERN_INVALID_ARGUMENT: no such flavor, or
 * too little room.
 */
kern_return_t mach_vm_region(vm_map_read_t target_task, mach_vm_address_t *address,
	mach_vm_size_t *size, vm_region_flavor_t flavor, vm_region_info_t info,
	mach_msg_type_number_t *infoCnt, mach_port_t *object_name);

/*
 * The same with a struct vm_region_submap_info_64, or as much of it as *infoCnt has room for, or a
 * struct vm_region_submap_short_info_64. *nesting_depth becomes 0: no region lies in another.
 */
kern_return_t mach_vm_region_recurse(vm_map_read_t target_task, mach_vm_address_t *address,
	mach_vm_size_t *size, natural_t *nesting_depth, vm_region_recurse_info_t info,
	mach_msg_type_number_t *infoCnt);

/*
 * Say where the page at an address is: *disposition is a set of VM_PAGE_QUERY_PAGE_*
 * (<mach/vm_statistics.h>), 0 also where nothing is mapped. *ref_count says how many mappings it has:
 * 0 if it is not in memory, 1, or 2 for several.
 * On Linux the port does not tell. The caller is answered if the kernel lets it attach to the target,
 * or if it has a control port of a target that answers itself.
 * KERN_NOT_SUPPORTED: neither.
 */
kern_return_t mach_vm_page_query(vm_map_read_t target_map, mach_vm_offset_t offset,
	integer_t *disposition, integer_t *ref_count);

/*
 * Map memory: that of a memory entry (mach_make_memory_entry_64()), from offset on, or zeroes if
 * object is MACH_PORT_NULL. Where is as for mach_vm_allocate(); in the address the bits of mask
 * are 0. The mapping shares the entry's memory, or with copy has its own version of each page from
 * the first write on. The caller keeps its right, and owns the mapping. On Linux max_protection is
 * checked against what the entry allows, and has no effect later; a shared mapping is shared with
 * fork children too, unless inheritance is VM_INHERIT_NONE.
 * KERN_INVALID_OBJECT: object is no memory entry. KERN_INVALID_RIGHT: it allows less.
 * KERN_NO_SPACE,
 * KERN_INVALID_ADDRESS: as for mach_vm_allocate(). KERN_INVALID_ARGUMENT: flags, protections, a
 * mask that is not one less than a power of two, a range that is not within the entry.
 */
kern_return_t mach_vm_map(vm_map_t target_task, mach_vm_address_t *address, mach_vm_size_t size,
	mach_vm_offset_t mask, int flags, mem_entry_name_port_t object,
	memory_object_offset_t offset, boolean_t copy, vm_prot_t cur_protection,
	vm_prot_t max_protection, vm_inherit_t inheritance);

#ifdef __cplusplus
}
#endif

#endif
