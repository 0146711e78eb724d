/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong with memory on its way; that it goes well is test-region.c's. */
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/memfd.h"
#include "port/region_private.h"
#include "port/test-support.h"
#include "tests/lib/fault.h"

#define MB ((uint64_t)1 << 20)

static uint64_t allocate(uint64_t size, int fill)
{
	uint64_t address = 0;

	ASSERT_OK(region_allocate(&address, size, true, false));
	memset((void *)(uintptr_t)address, fill, size);
	return address;
}

static bool is_filled(uint64_t address, uint64_t size, int fill)
{
	const uint8_t *p = (const uint8_t *)(uintptr_t)address;

	for (uint64_t i = 0; i < size; i++) {
		if (p[i] != fill)
			return false;
	}
	return true;
}

/* The descriptor behind a region, or -EBADF: memory like any other. */
static int behind(uint64_t address)
{
	Region *region;
	int fd;

	region_lock();
	region = region_find(address, address + 1);
	fd = region ? region->fd : -EBADF;
	region_unlock();
	return fd;
}

static void assert_holds(int fd, uint64_t offset, uint64_t size, int fill)
{
	uint64_t address = 0, file_size = 0;

	ASSERT_OK(memfd_check_sealed(fd, &file_size));
	ASSERT_EQ(file_size, offset + size);
	ASSERT_OK(region_map_consume(fd, offset, size, &address));
	ASSERT_TRUE(is_filled(address, size, fill));
	/* What lay before it in the page is nobody's business. */
	ASSERT_TRUE(is_filled(region_page_trunc(address), address - region_page_trunc(address), 0));
	ASSERT_OK(region_deallocate(address, size));
}

PORT_TEST(what_lies_beside_is_cut_off)
{
	uint64_t address = allocate(MB, 'a'), offset = 99;
	int fd = -EBADF;

	/* From the middle of the first page to the middle of the last one. */
	ASSERT_OK(region_extract(address + 3000, MB - 5000, &fd, &offset));
	ASSERT_EQ(offset, 3000);
	assert_holds(fd, 3000, MB - 5000, 'a');
}

/* Somebody has a mapping of it, which the kernel does not seal away: a copy goes. */
PORT_TEST(another_mapping_of_it)
{
	uint64_t address = allocate(MB, 'b'), offset = 99;
	int fd = -EBADF;
	char *other;

	other = mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_SHARED, behind(address), 0);
	ASSERT_TRUE(other != MAP_FAILED);
	ASSERT_OK(region_extract(address, MB, &fd, &offset));
	other[0] = 'x';
	assert_holds(fd, 0, MB, 'b');
	ASSERT_SYS(munmap(other, MB));
}

/* Whatever fails: it is sent, or it is where it was. */
static void extract_or_not(void *arg)
{
	uint64_t address, offset = 99;
	char *other = NULL;
	int fd = -EBADF, r;

	fault_pause();
	address = allocate(MB, 'c');
	if (arg) {
		other = mmap(NULL, MB, PROT_READ | PROT_WRITE, MAP_SHARED, behind(address), 0);
		ASSERT_TRUE(other != MAP_FAILED);
	}
	fault_resume();
	r = region_extract(address, MB - 100, &fd, &offset);
	fault_pause();
	if (r) {
		ASSERT_TRUE(r < 0 || r == KERN_FAILURE);
		ASSERT_EQ(fd, -EBADF);
		ASSERT_EQ(offset, 99);
		ASSERT_TRUE(is_filled(address, MB - 100, 'c'));
		ASSERT_OK(region_deallocate(address, MB));
	} else {
		assert_holds(fd, 0, MB - 100, 'c');
	}
	if (other)
		ASSERT_SYS(munmap(other, MB));
	fault_resume();
}

PORT_TEST(extraction_fails)
{
	char with_another[] = "";

	ASSERT_GE(fault_run_kinds(extract_or_not, NULL), 1);
	ASSERT_GE(fault_run_kinds(extract_or_not, with_another), 2);
}

static void copy_or_not(void *arg)
{
	uint64_t size = *(uint64_t *)arg, address;
	int fd = -EBADF, r;

	fault_pause();
	address = allocate(size, 'd');
	fault_resume();
	r = region_copy_to_memfd(address, size, &fd);
	fault_pause();
	ASSERT_TRUE(is_filled(address, size, 'd'));
	if (r) {
		ASSERT_LT(r, 0);
		ASSERT_EQ(fd, -EBADF);
	} else {
		assert_holds(fd, 0, size, 'd');
	}
	ASSERT_OK(region_deallocate(address, size));
	fault_resume();
}

PORT_TEST(copying_fails)
{
	uint64_t size = 5000;

	ASSERT_GE(fault_run_kinds(copy_or_not, &size), 1);
	size = REGION_SHARE_MIN;
	ASSERT_GE(fault_run_kinds(copy_or_not, &size), 1);
}

static int sealed(uint64_t size, int fill)
{
	uint64_t address = allocate(size, fill);
	int fd = -EBADF;

	ASSERT_OK(region_copy_to_memfd(address, size, &fd));
	ASSERT_OK(region_deallocate(address, size));
	return fd;
}

static void map_or_not(void *arg)
{
	uint64_t size = *(uint64_t *)arg, address = 99;
	int fd, r;

	fault_pause();
	fd = sealed(size, 'e');
	fault_resume();
	r = region_map_consume(fd, 0, size, &address);
	fault_pause();
	if (r) {
		ASSERT_TRUE(r < 0 || r == KERN_NO_SPACE);
		ASSERT_EQ(address, 99);
		ASSERT_TRUE(reaper_wait(WAIT_MS));
	} else {
		ASSERT_TRUE(is_filled(address, size, 'e'));
		ASSERT_OK(region_deallocate(address, size));
	}
	fault_resume();
}

PORT_TEST(mapping_fails)
{
	uint64_t size = 5000, address = 99;
	int fd;

	ASSERT_GE(fault_run_kinds(map_or_not, &size), 1);
	size = REGION_SHARE_MIN;
	/* Without memory to remember it by, it is there all the same. */
	ASSERT_GE(fault_run_kinds(map_or_not, &size), 2);
	fd = sealed(5000, 'f');
	fault_arm_errno(FAULT_MMAP, 1, EPERM);
	ASSERT_EQ(region_map_consume(fd, 0, 5000, &address), -EPERM);
	ASSERT_TRUE(fault_disarm());
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_FD_CLOSED(fd);
	ASSERT_EQ(address, 99);
}

/* Ranges of which a peer says that they are in the file. */
PORT_TEST(ranges_that_are_not_there)
{
	static const struct {
		uint64_t offset;
		uint64_t size;
	} ranges[] = {{0, 5001}, {1, 5000}, {5001, 1}, {UINT64_MAX, 1}, {1, UINT64_MAX},
		{UINT64_MAX - 10, 20}};
	uint64_t address = 99;
	int fd;

	for (unsigned i = 0; i < ARRAY_SIZE(ranges); i++) {
		fd = sealed(5000, 'g');
		ASSERT_EQ(region_map_consume(fd, ranges[i].offset, ranges[i].size, &address),
			KERN_INVALID_ARGUMENT);
		ASSERT_TRUE(reaper_wait(WAIT_MS));
		ASSERT_FD_CLOSED(fd);
	}
	ASSERT_EQ(address, 99);
	fd = sealed(5000, 'g');
	ASSERT_OK(region_map_consume(fd, 0, 0, &address));
	ASSERT_EQ(address, 0);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_FD_CLOSED(fd);
}

/* A frozen region goes as it is until it is written to; then it is memory like any other. */
PORT_TEST(frozen_and_written_to)
{
	uint64_t address = 0, offset = 99;
	int fd = sealed(2 * MB, 'h'), again = -EBADF;

	ASSERT_OK(region_map_consume(fd, 0, 2 * MB, &address));
	ASSERT_FD(behind(address));
	/* A part of it is not the file. */
	ASSERT_EQ(region_extract(address + 4096, MB, &again, &offset), KERN_FAILURE);
	*(char *)(uintptr_t)address = 'i';
	ASSERT_EQ(region_extract(address, 2 * MB, &again, &offset), KERN_FAILURE);
	ASSERT_EQ(behind(address), -EBADF);
	*(char *)(uintptr_t)address = 'h';
	ASSERT_OK(region_copy_to_memfd(address, 2 * MB, &again));
	assert_holds(again, 0, 2 * MB, 'h');
	ASSERT_OK(region_deallocate(address, 2 * MB));
}

PORT_TEST(nothing_and_too_much)
{
	uint64_t address = allocate(MB, 'j'), offset = 99;
	int fd = -EBADF;

	ASSERT_EQ(region_extract(address, 0, &fd, &offset), KERN_FAILURE);
	ASSERT_EQ(region_extract(address, UINT64_MAX, &fd, &offset), KERN_FAILURE);
	ASSERT_EQ(region_copy_to_memfd(16, 5000, &fd), MACH_SEND_INVALID_MEMORY);
	ASSERT_EQ(region_copy_to_memfd(16, 2 * MB, &fd), MACH_SEND_INVALID_MEMORY);
	ASSERT_EQ(fd, -EBADF);
	ASSERT_OK(region_deallocate(address, MB));
}
