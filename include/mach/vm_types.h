/* SPDX-License-Identifier: Apache-2.0 */
/* Types of the memory calls. */
#ifndef _MACH_VM_TYPES_H_
#define _MACH_VM_TYPES_H_

#include <stdint.h>
#include <mach/port.h>
#include <mach/machine/vm_types.h>

typedef vm_offset_t pointer_t;
typedef vm_offset_t vm_address_t;

typedef uint64_t addr64_t;

/* The memory of a task: its task port, seen as an address space. */
typedef mach_port_t vm_map_t;
typedef mach_port_t vm_map_read_t;
typedef mach_port_t vm_map_inspect_t;
typedef mach_port_t vm_named_entry_t;
typedef mach_port_t upl_t;

#define VM_MAP_NULL ((vm_map_t)0)
#define VM_MAP_READ_NULL ((vm_map_read_t)0)
#define VM_MAP_INSPECT_NULL ((vm_map_inspect_t)0)

typedef uint64_t vm_object_offset_t;
typedef uint64_t vm_object_size_t;

#endif
