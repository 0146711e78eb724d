/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mach/mach.h>
#include <mach/mach_vm.h>
#include <mach/vm_map.h>
#include <mach/vm_page_size.h>

#include "port/test-support.h"

#define SELF mach_task_self()
#define RW (VM_PROT_READ | VM_PROT_WRITE)
#define PAGE ((mach_vm_size_t)4096)

static char *at(mach_vm_address_t address)
{
	return (char *)(uintptr_t)address;
}

static void put(char *to, const char *text)
{
	memcpy(to, text, strlen(text) + 1);
}

static mach_vm_address_t allocate(mach_vm_size_t size)
{
	mach_vm_address_t address = 0;

	ASSERT_EQ(mach_vm_allocate(SELF, &address, size, VM_FLAGS_ANYWHERE), KERN_SUCCESS);
	return address;
}

static void release(mach_vm_address_t address, mach_vm_size_t size)
{
	ASSERT_EQ(mach_vm_deallocate(SELF, address, size), KERN_SUCCESS);
}

static mach_port_t make(mach_vm_address_t address, mach_vm_size_t size, vm_prot_t permission)
{
	memory_object_size_t length = size;
	mach_port_t entry = MACH_PORT_NULL;

	ASSERT_EQ(mach_make_memory_entry_64(
			  SELF, &length, address, permission, &entry, MACH_PORT_NULL),
		KERN_SUCCESS);
	ASSERT_EQ(length, round_page(size));
	return entry;
}

static kern_return_t map(mach_port_t entry, mach_vm_size_t size, boolean_t copy, vm_prot_t prot,
	mach_vm_address_t *address)
{
	*address = 0;
	return mach_vm_map(SELF, address, size, 0, VM_FLAGS_ANYWHERE, entry, 0, copy, prot, prot,
		VM_INHERIT_NONE);
}

static void drop(mach_port_t name)
{
	ASSERT_EQ(mach_port_deallocate(SELF, name), KERN_SUCCESS);
}

static void share(mach_vm_size_t size)
{
	mach_vm_address_t ours = allocate(size), theirs = 0, copy = 0;
	mach_port_t entry;

	put(at(ours), "hello");
	entry = make(ours, size, RW);
	ASSERT_EQ(map(entry, size, FALSE, RW, &theirs), KERN_SUCCESS);
	ASSERT_STREQ(at(theirs), "hello");
	ASSERT_EQ(map(entry, size, TRUE, RW, &copy), KERN_SUCCESS);
	put(at(copy), "private");
	put(at(theirs), "world");
	ASSERT_STREQ(at(ours), "world");
	ASSERT_STREQ(at(copy), "private");
	drop(entry);
	put(at(ours), "still");
	ASSERT_STREQ(at(theirs), "still");
	release(ours, size);
	ASSERT_STREQ(at(theirs), "still");
	release(theirs, size);
	release(copy, size);
}

PORT_TEST(shares_memory)
{
	share(PAGE);
	share(16 * PAGE);
	share(300 * PAGE);
}

PORT_TEST(read_only_entries)
{
	mach_vm_address_t ours = allocate(PAGE), theirs = 0;
	mach_port_t entry = make(ours, PAGE, VM_PROT_READ);

	ASSERT_EQ(map(entry, PAGE, FALSE, RW, &theirs), KERN_INVALID_RIGHT);
	ASSERT_EQ(map(entry, PAGE, FALSE, VM_PROT_READ, &theirs), KERN_SUCCESS);
	put(at(ours), "maker");
	ASSERT_STREQ(at(theirs), "maker");
	ASSERT_EQ(mach_vm_protect(SELF, theirs, PAGE, FALSE, RW), KERN_PROTECTION_FAILURE);
	release(theirs, PAGE);
	ASSERT_EQ(map(entry, PAGE, TRUE, RW, &theirs), KERN_SUCCESS);
	at(theirs)[0] = 'M';
	ASSERT_STREQ(at(ours), "maker");
	release(theirs, PAGE);
	drop(entry);
	release(ours, PAGE);
}

PORT_TEST(one_memory_has_entries_of_one_kind)
{
	mach_vm_address_t ours = allocate(16 * PAGE);
	mach_port_t entry = make(ours, 16 * PAGE, RW), other = MACH_PORT_NULL, third;
	memory_object_size_t size = 16 * PAGE;

	ASSERT_EQ(mach_make_memory_entry_64(SELF, &size, ours, VM_PROT_READ, &other, 0),
		KERN_NOT_SUPPORTED);
	other = make(ours, 16 * PAGE, RW);
	ASSERT_NE(other, entry);
	/* A copy is another memory. */
	third = make(ours, 16 * PAGE, VM_PROT_READ | MAP_MEM_VM_COPY);
	drop(entry);
	drop(other);
	drop(third);
	release(ours, 16 * PAGE);
}

PORT_TEST(copies_and_new_memory)
{
	static const char text[] = "literal";
	mach_port_t entry = make((mach_vm_address_t)(uintptr_t)text & ~(PAGE - 1), PAGE,
			    VM_PROT_READ | MAP_MEM_VM_COPY),
		    empty = make(0, 3 * PAGE - 5, RW | MAP_MEM_NAMED_CREATE);
	mach_vm_address_t there = 0;

	ASSERT_EQ(map(entry, PAGE, FALSE, VM_PROT_READ, &there), KERN_SUCCESS);
	ASSERT_STREQ(at(there) + ((uintptr_t)text & (PAGE - 1)), "literal");
	release(there, PAGE);
	ASSERT_EQ(map(empty, 3 * PAGE, FALSE, RW, &there), KERN_SUCCESS);
	ASSERT_EQ(at(there)[2 * PAGE], 0);
	release(there, 3 * PAGE);
	drop(entry);
	drop(empty);
}

PORT_TEST(an_entry_of_an_entry)
{
	mach_port_t entry = make(0, 2 * PAGE, RW | MAP_MEM_NAMED_CREATE), other = MACH_PORT_NULL;
	memory_object_size_t size = 2 * PAGE;

	ASSERT_EQ(mach_make_memory_entry_64(SELF, &size, 0, RW, &other, entry), KERN_SUCCESS);
	drop(other);
	ASSERT_EQ(mach_make_memory_entry_64(SELF, &size, 0, VM_PROT_READ, &other, entry),
		KERN_NOT_SUPPORTED);
	ASSERT_EQ(mach_make_memory_entry_64(SELF, &size, PAGE, RW, &other, entry),
		KERN_INVALID_ARGUMENT);
	size = PAGE;
	ASSERT_EQ(mach_make_memory_entry_64(SELF, &size, PAGE, RW, &other, entry),
		KERN_NOT_SUPPORTED);
	ASSERT_EQ(mach_make_memory_entry_64(SELF, &size, PAGE, RW, &other, SELF),
		KERN_INVALID_ARGUMENT);
	drop(entry);
}

PORT_TEST(the_older_name)
{
	mach_port_t entry = MACH_PORT_NULL;
	vm_size_t size = 5;

	ASSERT_EQ(mach_make_memory_entry(
			  SELF, &size, 0, RW | MAP_MEM_NAMED_CREATE, &entry, MACH_PORT_NULL),
		KERN_SUCCESS);
	ASSERT_EQ(size, vm_page_size);
	drop(entry);
	ASSERT_EQ(mach_make_memory_entry(SELF, NULL, 0, RW, &entry, MACH_PORT_NULL),
		KERN_INVALID_ARGUMENT);
}

PORT_TEST(where_it_is_mapped)
{
	mach_port_t entry = make(0, 4 * PAGE, RW | MAP_MEM_NAMED_CREATE);
	mach_vm_address_t address = 0;
	vm_address_t narrow = 0;

	ASSERT_EQ(mach_vm_map(SELF, &address, 2 * PAGE, 0xffff, VM_FLAGS_ANYWHERE, entry, PAGE,
			  FALSE, RW, RW, VM_INHERIT_SHARE),
		KERN_SUCCESS);
	ASSERT_EQ(address & 0xffff, 0);
	at(address)[0] = 'b';
	ASSERT_EQ(mach_vm_map(SELF, &address, PAGE, 0, VM_FLAGS_FIXED, entry, 0, FALSE, RW, RW,
			  VM_INHERIT_SHARE),
		KERN_NO_SPACE);
	ASSERT_EQ(mach_vm_map(SELF, &address, PAGE, 0, VM_FLAGS_OVERWRITE, entry, 0, FALSE, RW, RW,
			  VM_INHERIT_SHARE),
		KERN_SUCCESS);
	ASSERT_EQ(at(address)[0], 0);
	release(address, 2 * PAGE);
	ASSERT_EQ(vm_map(SELF, &narrow, PAGE, 0, VM_FLAGS_ANYWHERE, MACH_PORT_NULL, 0, FALSE,
			  VM_PROT_READ, VM_PROT_ALL, VM_INHERIT_COPY),
		KERN_SUCCESS);
	ASSERT_EQ(((char *)narrow)[5], 0);
	ASSERT_EQ(vm_deallocate(SELF, narrow, PAGE), KERN_SUCCESS);
	drop(entry);
}

PORT_TEST(what_is_wrong)
{
	mach_port_t entry = make(0, PAGE, RW | MAP_MEM_NAMED_CREATE), other = MACH_PORT_NULL;
	memory_object_size_t size = PAGE;
	mach_vm_address_t address = 0;

	ASSERT_EQ(map(entry, 2 * PAGE, FALSE, RW, &address), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(map(entry, PAGE, FALSE, VM_PROT_ALL, &address), KERN_INVALID_RIGHT);
	ASSERT_EQ(map(SELF, PAGE, FALSE, RW, &address), KERN_INVALID_OBJECT);
	ASSERT_EQ(map(MACH_PORT_DEAD, PAGE, FALSE, RW, &address), KERN_INVALID_OBJECT);
	ASSERT_EQ(map(entry, 0, FALSE, RW, &address), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_vm_map(SELF, &address, PAGE, 0, 1 << 20, entry, 0, 0, RW, RW, 0),
		KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_vm_map(SELF, &address, PAGE, 0, 1, entry, 0, 0, RW, VM_PROT_READ, 0),
		KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_vm_map(entry, &address, PAGE, 0, 1, entry, 0, 0, RW, RW, 0),
		KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_make_memory_entry_64(SELF, &size, 0, 1 << 3, &other, 0),
		KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_make_memory_entry_64(SELF, &size, 0, RW, &other, 0), KERN_INVALID_ADDRESS);
	ASSERT_EQ(mach_make_memory_entry_64(entry, &size, 0, RW, &other, 0), KERN_INVALID_ARGUMENT);
	size = 0;
	ASSERT_EQ(mach_make_memory_entry_64(SELF, &size, 0, RW, &other, 0), KERN_INVALID_ARGUMENT);
	drop(entry);
}
