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

		ASSERT_EQ(mach_vm_allocate(t, &address, 1, 1), KERN_INVALID_ARGUMENT);
		ASSERT_EQ(mach_vm_deallocate(t, 0, 0), KERN_INVALID_ARGUMENT);
		ASSERT_EQ(mach_vm_protect(t, 0, 0, 0, 0), KERN_INVALID_ARGUMENT);
		ASSERT_EQ(mach_vm_inherit(t, 0, 0, 0), KERN_INVALID_ARGUMENT);
		ASSERT_EQ(mach_vm_read(t, 0, 0, &data, &count), KERN_INVALID_ARGUMENT);
		ASSERT_EQ(mach_vm_read_overwrite(t, 0, 0, 0, &size), KERN_INVALID_ARGUMENT);
		ASSERT_EQ(mach_vm_write(t, 0, 0, 0), KERN_INVALID_ARGUMENT);
		ASSERT_EQ(mach_vm_copy(t, 0, 0, 0), KERN_INVALID_ARGUMENT);
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
