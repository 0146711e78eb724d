/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of the calls that look at regions of memory: arrays of integers with a flavor, and
 * lists of ranges. Types and constants only.
 */
#ifndef _MACH_VM_REGION_H_
#define _MACH_VM_REGION_H_

#include <mach/machine/vm_types.h>
#include <mach/vm_types.h>

typedef int vm_region_flavor_t;
typedef int *vm_region_info_t;
typedef int *vm_region_info_64_t;
typedef int *vm_region_recurse_info_t;
typedef int *vm_region_recurse_info_64_t;

#define VM_REGION_BASIC_INFO_64 9
#define VM_REGION_BASIC_INFO 10
#define VM_REGION_TOP_INFO 12
#define VM_REGION_EXTENDED_INFO 13

#define VM_REGION_INFO_MAX 1024
typedef int vm_region_info_data_t[VM_REGION_INFO_MAX];

typedef int vm_page_info_flavor_t;
typedef int *vm_page_info_t;

#define VM_PAGE_INFO_BASIC 1

/* What mach_vm_read_list() reads. */
#define VM_MAP_ENTRY_MAX 256

typedef struct mach_vm_read_entry {
	mach_vm_address_t address;
	mach_vm_size_t size;
} mach_vm_read_entry_t[VM_MAP_ENTRY_MAX];

typedef struct vm_read_entry {
	vm_address_t address;
	vm_size_t size;
} vm_read_entry_t[VM_MAP_ENTRY_MAX];

/* Recipes of mach_vm_range_create(), as bytes. */
typedef uint32_t mach_vm_range_flavor_t;
typedef uint8_t *mach_vm_range_recipes_raw_t;

#define MACH_VM_RANGE_FLAVOR_INVALID 0
#define MACH_VM_RANGE_FLAVOR_V1 1

#endif
