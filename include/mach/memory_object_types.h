/* SPDX-License-Identifier: Apache-2.0 */
/* Memory objects: what a memory entry is a range of. */
#ifndef _MACH_MEMORY_OBJECT_TYPES_H_
#define _MACH_MEMORY_OBJECT_TYPES_H_

#include <stdint.h>
#include <mach/port.h>

typedef uint64_t memory_object_offset_t;
typedef uint64_t memory_object_size_t;
typedef natural_t memory_object_cluster_size_t;
typedef mach_port_t memory_object_t;
typedef mach_port_t memory_object_control_t;
typedef mach_port_t memory_object_name_t;
typedef mach_port_t memory_object_default_t;

/* Beside VM_PROT_*, in the permission of mach_make_memory_entry_64(). */
#define MAP_MEM_ONLY 0x010000
#define MAP_MEM_NAMED_CREATE 0x020000 /* of new memory */
#define MAP_MEM_PURGABLE 0x040000
#define MAP_MEM_NAMED_REUSE 0x080000 /* no effect */
#define MAP_MEM_USE_DATA_ADDR 0x100000 /* no effect: addresses are always rounded to pages */
#define MAP_MEM_VM_COPY 0x200000 /* of a copy of the memory */
#define MAP_MEM_VM_SHARE 0x400000 /* of the memory itself, which is the default */
#define MAP_MEM_4K_DATA_ADDR 0x800000

#define MEMORY_OBJECT_NULL ((memory_object_t)0)

#endif
