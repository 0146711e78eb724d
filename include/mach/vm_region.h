/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of the calls that look at regions of memory: arrays of integers with a flavor, and
 * lists of ranges. Types and constants only; the calls are in <mach/mach_vm.h>.
 *
 * What Linux does not say of a region is 0 in these structures: user_tag, all counts of pages,
 * shadow_depth, user_wired_count, reserved. max_protection is VM_PROT_ALL, as there is no maximum;
 * inheritance is that of the kind of mapping; ref_count is 1. shared, external_pager, share_mode
 * and the object's number are what they should be.
 */
#ifndef _MACH_VM_REGION_H_
#define _MACH_VM_REGION_H_

#include <stdint.h>
#include <mach/boolean.h>
#include <mach/machine/vm_types.h>
#include <mach/memory_object_types.h>
#include <mach/message.h>
#include <mach/vm_behavior.h>
#include <mach/vm_inherit.h>
#include <mach/vm_prot.h>
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

/* share_mode */
#define SM_COW 1 /* pages are copied when they are written to */
#define SM_PRIVATE 2
#define SM_EMPTY 3 /* nothing can be there */
#define SM_SHARED 4
#define SM_TRUESHARED 5
#define SM_PRIVATE_ALIASED 6
#define SM_SHARED_ALIASED 7
#define SM_LARGE_PAGE 8

#pragma pack(push, 4)

struct vm_region_basic_info_64 {
	vm_prot_t protection;
	vm_prot_t max_protection;
	vm_inherit_t inheritance;
	boolean_t shared;
	boolean_t reserved;
	memory_object_offset_t offset; /* in the file */
	vm_behavior_t behavior;
	unsigned short user_wired_count;
};
typedef struct vm_region_basic_info_64 vm_region_basic_info_data_64_t;
typedef struct vm_region_basic_info_64 *vm_region_basic_info_64_t;

struct vm_region_basic_info {
	vm_prot_t protection;
	vm_prot_t max_protection;
	vm_inherit_t inheritance;
	boolean_t shared;
	boolean_t reserved;
	uint32_t offset; /* the lower half */
	vm_behavior_t behavior;
	unsigned short user_wired_count;
};
typedef struct vm_region_basic_info vm_region_basic_info_data_t;
typedef struct vm_region_basic_info *vm_region_basic_info_t;

struct vm_region_extended_info {
	vm_prot_t protection;
	unsigned int user_tag;
	unsigned int pages_resident;
	unsigned int pages_shared_now_private;
	unsigned int pages_swapped_out;
	unsigned int pages_dirtied;
	unsigned int ref_count;
	unsigned short shadow_depth;
	unsigned char external_pager; /* a file is mapped */
	unsigned char share_mode; /* SM_* */
	unsigned int pages_reusable;
};
typedef struct vm_region_extended_info vm_region_extended_info_data_t;
typedef struct vm_region_extended_info *vm_region_extended_info_t;

struct vm_region_top_info {
	unsigned int obj_id;
	unsigned int ref_count;
	unsigned int private_pages_resident;
	unsigned int shared_pages_resident;
	unsigned char share_mode; /* SM_* */
};
typedef struct vm_region_top_info vm_region_top_info_data_t;
typedef struct vm_region_top_info *vm_region_top_info_t;

struct vm_region_submap_info_64 {
	vm_prot_t protection;
	vm_prot_t max_protection;
	vm_inherit_t inheritance;
	memory_object_offset_t offset;
	unsigned int user_tag;
	unsigned int pages_resident;
	unsigned int pages_shared_now_private;
	unsigned int pages_swapped_out;
	unsigned int pages_dirtied;
	unsigned int ref_count;
	unsigned short shadow_depth;
	unsigned char external_pager;
	unsigned char share_mode;
	boolean_t is_submap; /* never, on Linux */
	vm_behavior_t behavior;
	uint32_t object_id; /* of the file; 0: none */
	unsigned short user_wired_count;
	unsigned int pages_reusable; /* since version 1 */
	uint64_t object_id_full; /* since version 2 */
};
typedef struct vm_region_submap_info_64 vm_region_submap_info_data_64_t;
typedef struct vm_region_submap_info_64 *vm_region_submap_info_64_t;

struct vm_region_submap_short_info_64 {
	vm_prot_t protection;
	vm_prot_t max_protection;
	vm_inherit_t inheritance;
	memory_object_offset_t offset;
	unsigned int user_tag;
	unsigned int ref_count;
	unsigned short shadow_depth;
	unsigned char external_pager;
	unsigned char share_mode;
	boolean_t is_submap;
	vm_behavior_t behavior;
	uint32_t object_id;
	unsigned short user_wired_count;
};
typedef struct vm_region_submap_short_info_64 vm_region_submap_short_info_data_64_t;
typedef struct vm_region_submap_short_info_64 *vm_region_submap_short_info_64_t;

#pragma pack(pop)

#define VM_REGION_COUNT_(type) ((mach_msg_type_number_t)(sizeof(type) / sizeof(int)))
#define VM_REGION_BASIC_INFO_COUNT_64 VM_REGION_COUNT_(vm_region_basic_info_data_64_t)
#define VM_REGION_BASIC_INFO_COUNT VM_REGION_COUNT_(vm_region_basic_info_data_t)
#define VM_REGION_EXTENDED_INFO_COUNT VM_REGION_COUNT_(vm_region_extended_info_data_t)
#define VM_REGION_TOP_INFO_COUNT VM_REGION_COUNT_(vm_region_top_info_data_t)
#define VM_REGION_SUBMAP_INFO_V2_COUNT_64 VM_REGION_COUNT_(vm_region_submap_info_data_64_t)
#define VM_REGION_SUBMAP_INFO_V1_COUNT_64 (VM_REGION_SUBMAP_INFO_V2_COUNT_64 - 2)
#define VM_REGION_SUBMAP_INFO_V0_COUNT_64 (VM_REGION_SUBMAP_INFO_V1_COUNT_64 - 1)
#define VM_REGION_SUBMAP_INFO_COUNT_64 VM_REGION_SUBMAP_INFO_V2_COUNT_64
#define VM_REGION_SUBMAP_SHORT_INFO_COUNT_64 VM_REGION_COUNT_(vm_region_submap_short_info_data_64_t)

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
