/* SPDX-License-Identifier: Apache-2.0 */
/* Flags of the allocating memory calls, and the tags that say what memory is for. */
#ifndef _MACH_VM_STATISTICS_H_
#define _MACH_VM_STATISTICS_H_

#define VM_FLAGS_FIXED 0x00000000 /* at the address given */
#define VM_FLAGS_ANYWHERE 0x00000001 /* at an address that the system chooses */
#define VM_FLAGS_PURGABLE 0x00000002
#define VM_FLAGS_4GB_CHUNK 0x00000004
#define VM_FLAGS_RANDOM_ADDR 0x00000008
#define VM_FLAGS_NO_CACHE 0x00000010
#define VM_FLAGS_OVERWRITE 0x00004000 /* replace what is mapped there */
#define VM_FLAGS_SUPERPAGE_MASK 0x00070000
#define VM_FLAGS_RETURN_DATA_ADDR 0x00100000
#define VM_FLAGS_RETURN_4K_DATA_ADDR 0x00800000
#define VM_FLAGS_ALIAS_MASK 0xff000000u

/* Upper byte of the flags: a tag. Linux keeps none: accepted, without effect. */
#define VM_MAKE_TAG(tag) ((tag) << 24)
#define VM_GET_FLAGS_ALIAS(flags, alias) (alias) = (((flags) >> 24) & 0xff)
#define VM_SET_FLAGS_ALIAS(flags, alias)                                                           \
	(flags) = (((flags) & ~VM_FLAGS_ALIAS_MASK) | (((alias) & ~VM_FLAGS_ALIAS_MASK) << 24))

/* What mach_vm_page_query() says of a page; Linux knows of the first two and of EXTERNAL. */
#define VM_PAGE_QUERY_PAGE_PRESENT 0x001 /* in memory */
#define VM_PAGE_QUERY_PAGE_PAGED_OUT 0x010 /* in swap */
#define VM_PAGE_QUERY_PAGE_FICTITIOUS 0x002
#define VM_PAGE_QUERY_PAGE_REF 0x004
#define VM_PAGE_QUERY_PAGE_DIRTY 0x008
#define VM_PAGE_QUERY_PAGE_COPIED 0x020
#define VM_PAGE_QUERY_PAGE_SPECULATIVE 0x040
#define VM_PAGE_QUERY_PAGE_EXTERNAL 0x080 /* of a file, or of memory that is shared */
#define VM_PAGE_QUERY_PAGE_CS_VALIDATED 0x100
#define VM_PAGE_QUERY_PAGE_CS_TAINTED 0x200
#define VM_PAGE_QUERY_PAGE_CS_NX 0x400
#define VM_PAGE_QUERY_PAGE_REUSABLE 0x800

#define VM_MEMORY_MALLOC 1
#define VM_MEMORY_MALLOC_SMALL 2
#define VM_MEMORY_MALLOC_LARGE 3
#define VM_MEMORY_MALLOC_HUGE 4
#define VM_MEMORY_SBRK 5
#define VM_MEMORY_REALLOC 6
#define VM_MEMORY_MALLOC_TINY 7
#define VM_MEMORY_ANALYSIS_TOOL 10
#define VM_MEMORY_MACH_MSG 20
#define VM_MEMORY_IOKIT 21
#define VM_MEMORY_STACK 30
#define VM_MEMORY_GUARD 31
#define VM_MEMORY_SHARED_PMAP 32
#define VM_MEMORY_DYLIB 33
#define VM_MEMORY_APPLICATION_SPECIFIC_1 240
#define VM_MEMORY_APPLICATION_SPECIFIC_16 255

#endif
