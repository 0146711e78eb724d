/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mach/mach.h>
#include <mach/mach_vm.h>
#include <mach/mig.h>
#include <mach/vm_map.h>

#include "tests/lib/unit.h"

#define KB UINT64_C(1024)
#define MB (1024 * KB)

static mach_vm_address_t allocate(mach_vm_size_t size)
{
	mach_vm_address_t address = 0;

	ASSERT_EQ(mach_vm_allocate(mach_task_self(), &address, size, VM_FLAGS_ANYWHERE),
		KERN_SUCCESS);
	return address;
}

static char *at(mach_vm_address_t address)
{
	return (char *)(uintptr_t)address;
}

TEST(page_numbers_agree)
{
	ASSERT_EQ(vm_page_size, (vm_size_t)getpagesize());
	ASSERT_EQ(vm_page_mask, vm_page_size - 1);
	ASSERT_EQ((vm_size_t)1 << vm_page_shift, vm_page_size);
	ASSERT_EQ(vm_kernel_page_size, vm_page_size);
	ASSERT_EQ(round_page(1), vm_page_size);
	ASSERT_EQ(trunc_page(vm_page_size + 1), vm_page_size);
	ASSERT_EQ(mach_vm_round_page(UINT64_C(1) << 40), UINT64_C(1) << 40);
}

TEST(only_the_own_task)
{
	const vm_map_t others[] = {MACH_PORT_NULL, MACH_PORT_DEAD, 0x7f03};
	mach_msg_type_number_t count = 0;
	mach_vm_address_t address = 0;
	mach_vm_size_t size = 0;
	vm_offset_t data = 0;

	for (unsigned i = 0; i < 3; i++) {
		vm_map_t t = others[i];
		kern_return_t kr = t == MACH_PORT_DEAD ? MACH_SEND_INVALID_DEST
						       : KERN_INVALID_ARGUMENT;

		ASSERT_EQ(mach_vm_allocate(t, &address, 1, 1), kr);
		ASSERT_EQ(mach_vm_deallocate(t, 0, 0), kr);
		ASSERT_EQ(mach_vm_protect(t, 0, 0, 0, 0), kr);
		ASSERT_EQ(mach_vm_inherit(t, 0, 0, 0), kr);
		ASSERT_EQ(mach_vm_read(t, 0, 0, &data, &count), kr);
		ASSERT_EQ(mach_vm_read_overwrite(t, 0, 0, 0, &size), kr);
		ASSERT_EQ(mach_vm_write(t, 0, 0, 0), kr);
		ASSERT_EQ(mach_vm_copy(t, 0, 0, 0), kr);
	}
}

TEST(allocate_flags)
{
	mach_vm_address_t address = allocate(MB), fixed = address;

	ASSERT_EQ(mach_vm_allocate(mach_task_self(), &fixed, 4096, VM_FLAGS_FIXED), KERN_NO_SPACE);
	at(address)[0] = 1;
	ASSERT_EQ(
		mach_vm_allocate(mach_task_self(), &fixed, 4096,
			VM_FLAGS_FIXED | VM_FLAGS_OVERWRITE | (int)VM_MAKE_TAG(VM_MEMORY_MACH_MSG)),
		KERN_SUCCESS);
	ASSERT_EQ(fixed, address);
	ASSERT_EQ(at(address)[0], 0);
	ASSERT_EQ(mach_vm_allocate(mach_task_self(), &fixed, 4096, VM_FLAGS_SUPERPAGE_MASK),
		KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_vm_allocate(mach_task_self(), NULL, 4096, VM_FLAGS_ANYWHERE),
		KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_vm_deallocate(mach_task_self(), address, MB), KERN_SUCCESS);
	ASSERT_EQ(mach_vm_allocate(mach_task_self(), &fixed, 4096, VM_FLAGS_FIXED), KERN_SUCCESS);
	ASSERT_EQ(mach_vm_deallocate(mach_task_self(), fixed, 4096), KERN_SUCCESS);
	fixed = 1;
	ASSERT_EQ(mach_vm_allocate(mach_task_self(), &fixed, 0, VM_FLAGS_ANYWHERE), KERN_SUCCESS);
	ASSERT_EQ(fixed, 0);
}

TEST(protect)
{
	mach_vm_address_t address = allocate(MB);
	mach_vm_size_t size;
	char byte = 5;

	ASSERT_EQ(mach_vm_protect(mach_task_self(), address, 4096, FALSE, VM_PROT_READ),
		KERN_SUCCESS);
	ASSERT_EQ(mach_vm_write(mach_task_self(), address, (vm_offset_t)&byte, 1),
		KERN_PROTECTION_FAILURE);
	ASSERT_EQ(mach_vm_protect(mach_task_self(), address, 4096, FALSE, VM_PROT_NONE),
		KERN_SUCCESS);
	ASSERT_EQ(mach_vm_read_overwrite(
			  mach_task_self(), address, 1, (mach_vm_address_t)(uintptr_t)&byte, &size),
		KERN_PROTECTION_FAILURE);
	ASSERT_EQ(mach_vm_protect(mach_task_self(), address, 4096, FALSE, VM_PROT_DEFAULT),
		KERN_SUCCESS);
	at(address)[0] = 1;
	ASSERT_EQ(mach_vm_protect(mach_task_self(), address, 4096, FALSE, 0x40),
		KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_vm_protect(mach_task_self(), address, UINT64_MAX, FALSE, VM_PROT_READ),
		KERN_INVALID_ARGUMENT);
	/* A maximum takes away and never gives. */
	ASSERT_EQ(
		mach_vm_protect(mach_task_self(), address, 4096, TRUE, VM_PROT_ALL), KERN_SUCCESS);
	at(address)[0] = 2;
	ASSERT_EQ(mach_vm_protect(mach_task_self(), address, MB, TRUE, VM_PROT_READ), KERN_SUCCESS);
	ASSERT_EQ(mach_vm_write(mach_task_self(), address + MB - 1, (vm_offset_t)&byte, 1),
		KERN_PROTECTION_FAILURE);
	ASSERT_EQ(mach_vm_deallocate(mach_task_self(), address, MB), KERN_SUCCESS);
	ASSERT_EQ(mach_vm_protect(mach_task_self(), address, 4096, FALSE, VM_PROT_READ),
		KERN_INVALID_ADDRESS);
	ASSERT_EQ(mach_vm_protect(mach_task_self(), address, 4096, TRUE, VM_PROT_READ),
		KERN_INVALID_ADDRESS);
	ASSERT_EQ(mach_vm_protect(mach_task_self(), address, 0, FALSE, VM_PROT_READ), KERN_SUCCESS);
}

TEST(read)
{
	mach_vm_address_t address = allocate(MB);
	mach_msg_type_number_t count = 0;
	vm_offset_t data = 0;

	memset(at(address), 'r', MB);
	ASSERT_EQ(
		mach_vm_read(mach_task_self(), address + 10, MB - 20, &data, &count), KERN_SUCCESS);
	ASSERT_EQ(count, MB - 20);
	ASSERT_EQ(((char *)data)[0], 'r');
	ASSERT_EQ(((char *)data)[count - 1], 'r');
	ASSERT_EQ(vm_deallocate(mach_task_self(), data, count), KERN_SUCCESS);
	ASSERT_EQ(mach_vm_read(mach_task_self(), address, 0, &data, &count), KERN_SUCCESS);
	ASSERT_EQ(count, 0);
	ASSERT_EQ(data, 0);
	ASSERT_EQ(mach_vm_read(mach_task_self(), address, UINT64_C(1) << 32, &data, &count),
		KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_vm_deallocate(mach_task_self(), address + 4096, 4096), KERN_SUCCESS);
	ASSERT_EQ(mach_vm_read(mach_task_self(), address, MB, &data, &count), KERN_INVALID_ADDRESS);
	ASSERT_EQ(mach_vm_deallocate(mach_task_self(), address, MB), KERN_SUCCESS);
}

TEST(write_and_copy)
{
	mach_vm_address_t address = allocate(64 * KB);
	mach_vm_size_t size = 0;
	char bytes[10000], back[10000];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i / 7);
	ASSERT_EQ(mach_vm_write(mach_task_self(), address + 1, (vm_offset_t)bytes, sizeof(bytes)),
		KERN_SUCCESS);
	ASSERT_EQ(mach_vm_read_overwrite(mach_task_self(), address + 1, sizeof(back),
			  (mach_vm_address_t)(uintptr_t)back, &size),
		KERN_SUCCESS);
	ASSERT_EQ(size, sizeof(back));
	ASSERT_MEMEQ(bytes, back, sizeof(back));
	/* Both ways of overlapping, and none. */
	ASSERT_EQ(mach_vm_copy(mach_task_self(), address + 1, sizeof(back), address + 101),
		KERN_SUCCESS);
	ASSERT_MEMEQ(at(address + 101), bytes, sizeof(bytes));
	ASSERT_EQ(mach_vm_copy(mach_task_self(), address + 101, sizeof(back), address + 2),
		KERN_SUCCESS);
	ASSERT_MEMEQ(at(address + 2), bytes, sizeof(bytes));
	ASSERT_EQ(mach_vm_copy(mach_task_self(), address + 2, sizeof(back), address + 20000),
		KERN_SUCCESS);
	ASSERT_MEMEQ(at(address + 20000), bytes, sizeof(bytes));
	ASSERT_EQ(mach_vm_copy(mach_task_self(), address, 0, 0), KERN_SUCCESS);
	ASSERT_EQ(mach_vm_deallocate(mach_task_self(), address, 64 * KB), KERN_SUCCESS);
	ASSERT_EQ(mach_vm_write(mach_task_self(), address, (vm_offset_t)bytes, 1),
		KERN_INVALID_ADDRESS);
	ASSERT_EQ(mach_vm_write(mach_task_self(), (mach_vm_address_t)(uintptr_t)bytes,
			  (vm_offset_t)address, 1),
		KERN_INVALID_ADDRESS);
	ASSERT_EQ(mach_vm_copy(mach_task_self(), address, 8192, address + 4096),
		KERN_INVALID_ADDRESS);
}

TEST(narrow_family)
{
	mach_msg_type_number_t count;
	vm_address_t address = 0;
	vm_size_t size = 0;
	vm_offset_t data;
	char byte = 'n';

	ASSERT_EQ(vm_allocate(mach_task_self(), &address, 8192, VM_FLAGS_ANYWHERE), KERN_SUCCESS);
	ASSERT_EQ(vm_write(mach_task_self(), address, (vm_offset_t)&byte, 1), KERN_SUCCESS);
	ASSERT_EQ(vm_copy(mach_task_self(), address, 1, address + 4096), KERN_SUCCESS);
	ASSERT_EQ(
		vm_read_overwrite(mach_task_self(), address + 4096, 1, (vm_address_t)&byte, &size),
		KERN_SUCCESS);
	ASSERT_EQ(byte, 'n');
	ASSERT_EQ(size, 1);
	ASSERT_EQ(vm_read(mach_task_self(), address, 8192, &data, &count), KERN_SUCCESS);
	ASSERT_EQ(vm_deallocate(mach_task_self(), data, count), KERN_SUCCESS);
	ASSERT_EQ(vm_inherit(mach_task_self(), address, 8192, VM_INHERIT_NONE), KERN_SUCCESS);
	ASSERT_EQ(
		vm_inherit(mach_task_self(), address, 8192, VM_INHERIT_SHARE), KERN_NOT_SUPPORTED);
	ASSERT_EQ(vm_inherit(mach_task_self(), address, 8192, 7), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(vm_protect(mach_task_self(), address, 8192, FALSE, VM_PROT_READ), KERN_SUCCESS);
	ASSERT_EQ(vm_deallocate(mach_task_self(), address, 8192), KERN_SUCCESS);
	ASSERT_EQ(vm_allocate(mach_task_self(), NULL, 1, 1), KERN_INVALID_ARGUMENT);
}

TEST(for_generated_code)
{
	vm_address_t address = 0;

	mig_allocate(&address, 100000);
	ASSERT_NE(address, 0);
	((char *)address)[99999] = 1;
	mig_deallocate(address, 100000);
	address = 1;
	mig_allocate(&address, 0);
	ASSERT_EQ(address, 0);
	address = 1;
	mig_allocate(&address, UINT64_MAX / 2);
	ASSERT_EQ(address, 0);
}

TEST(what_is_mapped_here)
{
	mach_vm_address_t base = allocate(3 * 4096), address;
	struct vm_region_submap_short_info_64 brief;
	struct vm_region_extended_info extended;
	struct vm_region_basic_info_64 wide;
	struct vm_region_basic_info narrow;
	struct vm_region_top_info top;
	mach_port_t object = 77;
	mach_vm_size_t size;
	mach_msg_type_number_t n;
	natural_t depth = 9;

	ASSERT_SYS(mprotect(at(base), 4096, PROT_NONE));
	ASSERT_SYS(mprotect(at(base + 8192), 4096, PROT_NONE));
	address = base + 5000;
	n = VM_REGION_BASIC_INFO_COUNT_64;
	ASSERT_EQ(mach_vm_region(mach_task_self(), &address, &size, VM_REGION_BASIC_INFO_64,
			  (vm_region_info_t)&wide, &n, &object),
		KERN_SUCCESS);
	ASSERT_EQ(address, base + 4096);
	ASSERT_EQ(size, 4096);
	ASSERT_EQ(object, MACH_PORT_NULL);
	ASSERT_EQ(wide.protection, VM_PROT_READ | VM_PROT_WRITE);
	ASSERT_EQ(wide.inheritance, VM_INHERIT_COPY);
	ASSERT_FALSE(wide.shared);
	n = VM_REGION_BASIC_INFO_COUNT;
	ASSERT_EQ(mach_vm_region(mach_task_self(), &address, &size, VM_REGION_BASIC_INFO,
			  (vm_region_info_t)&narrow, &n, NULL),
		KERN_SUCCESS);
	ASSERT_EQ(narrow.protection, VM_PROT_READ | VM_PROT_WRITE);
	n = VM_REGION_EXTENDED_INFO_COUNT;
	ASSERT_EQ(mach_vm_region(mach_task_self(), &address, &size, VM_REGION_EXTENDED_INFO,
			  (vm_region_info_t)&extended, &n, NULL),
		KERN_SUCCESS);
	ASSERT_EQ(extended.share_mode, SM_PRIVATE);
	address = base;
	n = VM_REGION_TOP_INFO_COUNT;
	ASSERT_EQ(mach_vm_region(mach_task_self(), &address, &size, VM_REGION_TOP_INFO,
			  (vm_region_info_t)&top, &n, NULL),
		KERN_SUCCESS);
	ASSERT_EQ(top.share_mode, SM_EMPTY);
	address = base + 4096;
	n = VM_REGION_SUBMAP_SHORT_INFO_COUNT_64;
	ASSERT_EQ(mach_vm_region_recurse(mach_task_self(), &address, &size, &depth,
			  (vm_region_recurse_info_t)&brief, &n),
		KERN_SUCCESS);
	ASSERT_EQ(n, VM_REGION_SUBMAP_SHORT_INFO_COUNT_64);
	ASSERT_EQ(brief.share_mode, SM_PRIVATE);
	ASSERT_EQ(depth, 0);
	ASSERT_EQ(mach_vm_deallocate(mach_task_self(), base, 3 * 4096), KERN_SUCCESS);
}

TEST(where_pages_are)
{
	mach_vm_address_t base = allocate(3 * 4096);
	integer_t disposition = -1, refs = -1;
	void *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*(volatile char *)at(base + 4096) = 1;
	ASSERT_EQ(mach_vm_page_query(mach_task_self(), base, &disposition, &refs), KERN_SUCCESS);
	ASSERT_EQ(disposition, 0);
	ASSERT_EQ(refs, 0);
	ASSERT_EQ(mach_vm_page_query(mach_task_self(), base + 5000, &disposition, &refs),
		KERN_SUCCESS);
	ASSERT_EQ(disposition & VM_PAGE_QUERY_PAGE_PRESENT, VM_PAGE_QUERY_PAGE_PRESENT);
	ASSERT_EQ(refs, 1);
	ASSERT_TRUE(shared != MAP_FAILED);
	*(volatile char *)shared = 1;
	ASSERT_EQ(mach_vm_page_query(mach_task_self(), (uintptr_t)shared, &disposition, &refs),
		KERN_SUCCESS);
	ASSERT_EQ(disposition, VM_PAGE_QUERY_PAGE_PRESENT | VM_PAGE_QUERY_PAGE_EXTERNAL);
	ASSERT_EQ(mach_vm_page_query(mach_task_self(), base, NULL, &refs), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_vm_page_query(mach_task_self(), base, &disposition, NULL),
		KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_vm_page_query(MACH_PORT_NULL, base, &disposition, &refs),
		KERN_INVALID_ARGUMENT);
	ASSERT_SYS(munmap(shared, 4096));
	ASSERT_EQ(mach_vm_deallocate(mach_task_self(), base, 3 * 4096), KERN_SUCCESS);
}

TEST(regions_that_are_shared_or_of_files)
{
	mach_vm_address_t base = allocate(MB), address = base;
	struct vm_region_submap_info_64 info;
	mach_vm_size_t size;
	mach_msg_type_number_t n = VM_REGION_SUBMAP_INFO_V1_COUNT_64 + 1;
	natural_t depth;

	ASSERT_EQ(mach_vm_region_recurse(mach_task_self(), &address, &size, &depth,
			  (vm_region_recurse_info_t)&info, &n),
		KERN_SUCCESS);
	ASSERT_EQ(n, VM_REGION_SUBMAP_INFO_V1_COUNT_64);
	ASSERT_EQ(info.share_mode, SM_TRUESHARED);
	ASSERT_EQ(info.inheritance, VM_INHERIT_SHARE);
	ASSERT_EQ(mach_vm_deallocate(mach_task_self(), base, MB), KERN_SUCCESS);
	address = (mach_vm_address_t)(uintptr_t)&allocate;
	n = VM_REGION_SUBMAP_INFO_COUNT_64;
	ASSERT_EQ(mach_vm_region_recurse(mach_task_self(), &address, &size, &depth,
			  (vm_region_recurse_info_t)&info, &n),
		KERN_SUCCESS);
	ASSERT_EQ(n, VM_REGION_SUBMAP_INFO_V2_COUNT_64);
	ASSERT_EQ(info.protection, VM_PROT_READ | VM_PROT_EXECUTE);
	ASSERT_EQ(info.share_mode, SM_COW);
	ASSERT_TRUE(info.external_pager);
	ASSERT_NE(info.object_id_full, 0);
}

TEST(regions_by_the_older_names)
{
	vm_address_t base = (vm_address_t)allocate(4096), address = base;
	struct vm_region_submap_info_64 submap;
	struct vm_region_basic_info_64 basic;
	vm_size_t size = 0;
	mach_msg_type_number_t n = VM_REGION_BASIC_INFO_COUNT_64;
	natural_t depth;

	ASSERT_EQ(vm_region_64(mach_task_self(), &address, &size, VM_REGION_BASIC_INFO_64,
			  (vm_region_info_t)&basic, &n, NULL),
		KERN_SUCCESS);
	ASSERT_LE(address, base);
	ASSERT_GT(address + size, base);
	address = base;
	ASSERT_EQ(vm_region(mach_task_self(), &address, &size, VM_REGION_BASIC_INFO_64,
			  (vm_region_info_t)&basic, &n, NULL),
		KERN_SUCCESS);
	address = base;
	n = VM_REGION_SUBMAP_INFO_COUNT_64;
	ASSERT_EQ(vm_region_recurse_64(mach_task_self(), &address, &size, &depth,
			  (vm_region_recurse_info_64_t)&submap, &n),
		KERN_SUCCESS);
	ASSERT_LE(address, base);
	ASSERT_EQ(vm_region(mach_task_self(), NULL, &size, VM_REGION_BASIC_INFO_64,
			  (vm_region_info_t)&basic, &n, NULL),
		KERN_INVALID_ARGUMENT);
	ASSERT_EQ(vm_deallocate(mach_task_self(), base, 4096), KERN_SUCCESS);
}

TEST(what_is_no_region)
{
	struct vm_region_basic_info_64 basic;
	mach_vm_address_t address = UINT64_MAX - 4096;
	mach_vm_size_t size;
	mach_msg_type_number_t n = VM_REGION_BASIC_INFO_COUNT_64;
	natural_t depth;

	ASSERT_EQ(mach_vm_region(mach_task_self(), &address, &size, VM_REGION_BASIC_INFO_64,
			  (vm_region_info_t)&basic, &n, NULL),
		KERN_INVALID_ADDRESS);
	address = 0;
	ASSERT_EQ(mach_vm_region(mach_task_self(), &address, &size, 99, (vm_region_info_t)&basic,
			  &n, NULL),
		KERN_INVALID_ARGUMENT);
	n = 3;
	for (int flavor = VM_REGION_BASIC_INFO_64; flavor <= VM_REGION_EXTENDED_INFO; flavor++)
		ASSERT_EQ(mach_vm_region(mach_task_self(), &address, &size, flavor,
				  (vm_region_info_t)&basic, &n, NULL),
			KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_vm_region_recurse(mach_task_self(), &address, &size, &depth,
			  (vm_region_recurse_info_t)&basic, &n),
		KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_vm_region(MACH_PORT_NULL, &address, &size, VM_REGION_BASIC_INFO_64,
			  (vm_region_info_t)&basic, &n, NULL),
		KERN_INVALID_ARGUMENT);
}

TEST(a_list_of_ranges)
{
	vm_read_entry_t list = {{0}};
	static char text[] = "one two";

	list[0] = (struct vm_read_entry){(vm_address_t)text, 3};
	list[1] = (struct vm_read_entry){(vm_address_t)text + 4, 3};
	list[2] = (struct vm_read_entry){0, 3};
	ASSERT_EQ(vm_read_list(mach_task_self(), list, 3), KERN_INVALID_ADDRESS);
	ASSERT_EQ(memcmp((void *)list[0].address, "one", 3), 0);
	ASSERT_EQ(memcmp((void *)list[1].address, "two", 3), 0);
	ASSERT_EQ(list[2].address, 0);
	ASSERT_EQ(list[2].size, 0);
	for (unsigned i = 0; i < 2; i++)
		ASSERT_EQ(vm_deallocate(mach_task_self(), list[i].address, 3), KERN_SUCCESS);
	ASSERT_EQ(
		vm_read_list(mach_task_self(), list, VM_MAP_ENTRY_MAX + 1), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(vm_read_list(mach_task_self(), NULL, 1), KERN_INVALID_ARGUMENT);
}
