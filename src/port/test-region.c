/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <mach/message.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/memfd.h"
#include "base/sanitizer.h"
#include "port/reaper.h"
#include "port/region.h"
#include "port/test-bounded.h"
#include "port/vmarea.h"
#include "tests/lib/hostile.h"
#include "tests/lib/unit.h"

#define KB UINT64_C(1024)
#define MB (1024 * KB)
#define GB (1024 * MB)
#define WAIT_MS 20000

static uint64_t page_size(void)
{
	return (uint64_t)getpagesize();
}

static uint8_t *at(uint64_t address)
{
	return (uint8_t *)(uintptr_t)address;
}

static bool is_mapped(uint64_t address)
{
	return msync(at(address & ~(page_size() - 1)), page_size(), MS_ASYNC) == 0;
}

static uint64_t allocate(uint64_t size)
{
	uint64_t address = 0;

	ASSERT_OK(region_allocate(&address, size, true, false));
	ASSERT_NE(address, 0);
	ASSERT_EQ(address % page_size(), 0);
	return address;
}

static void deallocate(uint64_t address, uint64_t size)
{
	ASSERT_OK(region_deallocate(address, size));
}

static void fill(uint64_t address, uint64_t size, uint8_t salt)
{
	for (uint64_t i = 0; i < size; i++)
		at(address)[i] = (uint8_t)(i * 7 + i / 4096 + salt);
}

static bool is_filled(uint64_t address, uint64_t size, uint8_t salt)
{
	for (uint64_t i = 0; i < size; i++)
		if (at(address)[i] != (uint8_t)(i * 7 + i / 4096 + salt))
			return false;
	return true;
}

static bool is_zero(uint64_t address, uint64_t size)
{
	for (uint64_t i = 0; i < size; i++)
		if (at(address)[i] != 0)
			return false;
	return true;
}

static uint64_t size_of(int fd)
{
	struct stat st;

	ASSERT_SYS(fstat(fd, &st));
	return (uint64_t)st.st_size;
}

/* The mapping at an address is shared (of a movable region), or not. */
static bool is_shared(uint64_t address)
{
	int fd = ASSERT_FD(vmarea_open());
	VmArea area;

	ASSERT_OK(vmarea_find(fd, address, &area));
	close(fd);
	ASSERT_LE(area.start, address);
	return area.is_shared;
}

TEST(allocates_and_releases)
{
	const uint64_t sizes[] = {1, 4096, 4097, 64 * KB, 64 * KB + 1, MB};

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint64_t address = allocate(sizes[i]);

		ASSERT_TRUE(is_zero(address, sizes[i]));
		fill(address, sizes[i], 3);
		ASSERT_TRUE(is_filled(address, sizes[i], 3));
		ASSERT_EQ(is_shared(address), sizes[i] >= REGION_MOVE_MIN);
		deallocate(address, sizes[i]);
		ASSERT_FALSE(is_mapped(address));
	}
}

TEST(nothing_is_at_zero)
{
	uint64_t address = 77;

	ASSERT_OK(region_allocate(&address, 0, true, false));
	ASSERT_EQ(address, 0);
	ASSERT_OK(region_deallocate(0, 0));
}

TEST(arguments_that_make_no_sense)
{
	uint64_t address = 12288;

	ASSERT_EQ(region_allocate(&address, UINT64_MAX, true, false), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(address, 12288);
	ASSERT_EQ(region_allocate(&address, UINT64_C(1) << 60, true, false), KERN_NO_SPACE);
	address = 0;
	ASSERT_EQ(region_allocate(&address, 4096, false, false), KERN_INVALID_ADDRESS);
	address = UINT64_C(1) << 63; /* the kernel's */
	/* It replaces addresses that it does not like by zero. */
	if (!UNDER_TSAN) {
		ASSERT_EQ(region_allocate(&address, 4096, false, false), KERN_INVALID_ADDRESS);
		ASSERT_EQ(region_allocate(&address, 4096, false, true), KERN_INVALID_ADDRESS);
	}
	ASSERT_EQ(region_deallocate(UINT64_MAX - 4096, 8192), KERN_INVALID_ARGUMENT);
	if (!UNDER_TSAN)
		ASSERT_EQ(region_deallocate(address, 4096), KERN_INVALID_ADDRESS);
}

TEST(fixed_addresses)
{
	uint64_t address = allocate(MB), again = address + 5;

	fill(address, MB, 1);
	ASSERT_EQ(region_allocate(&again, 4096, false, false), KERN_NO_SPACE);
	ASSERT_EQ(again, address + 5);
	ASSERT_OK(region_allocate(&again, 4096, false, true));
	ASSERT_EQ(again, address);
	ASSERT_TRUE(is_zero(address, 4096));
	ASSERT_EQ(at(address)[8192], (uint8_t)(8192 * 7 + 2 + 1));
	deallocate(address, MB);
	ASSERT_OK(region_allocate(&again, 128 * KB, false, false));
	ASSERT_EQ(again, address);
	ASSERT_TRUE(is_shared(again));
	deallocate(again, 128 * KB);
}

TEST(releases_in_pieces)
{
	uint64_t address = allocate(MB);
	uint8_t *byte = at(address);

	fill(address, MB, 9);
	deallocate(address + 512 * KB, 4096);
	ASSERT_FALSE(is_mapped(address + 512 * KB));
	ASSERT_EQ(byte[512 * KB - 1], (uint8_t)((512 * KB - 1) * 7 + 127 + 9));
	ASSERT_EQ(byte[516 * KB], (uint8_t)(516 * KB * 7 + 129 + 9));
	/* What was cut does not stay movable, or a fork would share it. */
	ASSERT_FALSE(is_shared(address));
	ASSERT_FALSE(is_shared(address + 516 * KB));
	/* Unaligned ranges are released by whole pages, and holes are no error. */
	deallocate(address + 1, 512 * KB);
	deallocate(address, MB);
	deallocate(address, MB);
}

TEST(releases_what_others_mapped)
{
	uint8_t *p = mmap(NULL, 64 * KB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_TRUE(p != MAP_FAILED);
	deallocate((uint64_t)(uintptr_t)p, 64 * KB);
	ASSERT_FALSE(is_mapped((uint64_t)(uintptr_t)p));
}

static void map_and_check(int fd, uint64_t offset, uint64_t size, uint8_t salt)
{
	uint64_t address;

	ASSERT_OK(region_map_consume(fd, offset, size, &address));
	ASSERT_TRUE(is_filled(address, size, salt));
	fill(address, size, (uint8_t)(salt + 1));
	deallocate(address, size);
}

TEST(moves_without_a_copy)
{
	uint64_t address = allocate(MB), offset;
	struct stat before, after;
	int fd;

	fill(address, MB, 5);
	ASSERT_OK(region_extract(address, MB, &fd, &offset));
	ASSERT_FALSE(is_mapped(address));
	ASSERT_EQ(offset, 0);
	ASSERT_EQ(size_of(fd), MB);
	ASSERT_OK(memfd_check_sealed(fd, NULL));
	ASSERT_SYS(fstat(fd, &before));
	map_and_check(fcntl(fd, F_DUPFD_CLOEXEC, 3), offset, MB, 5);
	/* Not a page more: nothing was copied on the way. */
	ASSERT_SYS(fstat(fd, &after));
	ASSERT_EQ(before.st_blocks, (blkcnt_t)(MB / 512));
	ASSERT_EQ(after.st_blocks, before.st_blocks);
	close(fd);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

TEST(what_lies_beside_does_not_travel)
{
	uint64_t address = allocate(128 * KB), offset;
	uint8_t byte;
	int fd;

	memset(at(address), 'x', 128 * KB);
	ASSERT_OK(region_extract(address + 100, 128 * KB - 300, &fd, &offset));
	ASSERT_EQ(offset, 100);
	ASSERT_EQ(size_of(fd), 128 * KB - 200);
	ASSERT_EQ(pread(fd, &byte, 1, 0), 1);
	ASSERT_EQ(byte, 0);
	ASSERT_EQ(pread(fd, &byte, 1, 99), 1);
	ASSERT_EQ(byte, 0);
	ASSERT_EQ(pread(fd, &byte, 1, 100), 1);
	ASSERT_EQ(byte, 'x');
	close(fd);
}

static void check_does_not_move(uint64_t address, uint64_t size)
{
	uint64_t offset = 42;
	int fd = 42;

	ASSERT_EQ(region_extract(address, size, &fd, &offset), KERN_FAILURE);
	ASSERT_EQ(fd, 42);
	ASSERT_EQ(offset, 42);
}

TEST(parts_and_strangers_do_not_move)
{
	uint64_t address = allocate(MB), small = allocate(4096);

	check_does_not_move(address, MB - 4096);
	check_does_not_move(address + 4096, MB - 4096);
	check_does_not_move(address, MB + 1);
	check_does_not_move(address, 0);
	check_does_not_move(small, 4096);
	check_does_not_move((uint64_t)(uintptr_t)&address, 8);
	check_does_not_move(UINT64_MAX - 10, 100);
	deallocate(address, MB);
	check_does_not_move(address, MB);
	deallocate(small, 4096);
}

/* Whatever the program did to the memory by other calls, what is sent is what is there. */
TEST(record_is_not_trusted)
{
	uint64_t address = allocate(MB), offset;
	void *p;
	int fd;

	fill(address, MB, 1);
	ASSERT_SYS(munmap(at(address), MB));
	p = mmap(at(address), MB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		-1, 0);
	ASSERT_TRUE(p == at(address));
	fill(address, MB, 2);
	check_does_not_move(address, MB);
	ASSERT_OK(region_copy_to_memfd(address, MB, &fd));
	ASSERT_TRUE(is_filled(address, MB, 2));
	map_and_check(fd, 0, MB, 2);
	deallocate(address, MB);

	/* A hole in the middle. */
	address = allocate(MB);
	ASSERT_SYS(munmap(at(address + 8192), 4096));
	check_does_not_move(address, MB);
	ASSERT_EQ(region_copy_to_memfd(address, MB, &fd), MACH_SEND_INVALID_MEMORY);
	deallocate(address, MB);

	/* Protections are no obstacle. */
	address = allocate(MB);
	fill(address, MB, 3);
	ASSERT_SYS(mprotect(at(address + 8192), 4096, PROT_NONE));
	ASSERT_SYS(mprotect(at(address + 65536), 4096, PROT_READ));
	ASSERT_OK(region_extract(address, MB, &fd, &offset));
	map_and_check(fd, offset, MB, 3);
}

/* An alias by mremap() keeps the memfd from being sealed. */
TEST(alias_is_copied)
{
	uint64_t address = allocate(MB), offset;
	void *alias;
	int fd;

	fill(address, MB, 1);
	alias = mremap(at(address), 0, MB, MREMAP_MAYMOVE);
	ASSERT_TRUE(alias != MAP_FAILED);
	ASSERT_OK(region_extract(address, MB, &fd, &offset));
	ASSERT_FALSE(is_mapped(address));
	memset(alias, 0, MB);
	map_and_check(fd, offset, MB, 1);
	ASSERT_SYS(munmap(alias, MB));
	/* The same when it is shared rather than moved. */
	address = allocate(2 * MB);
	fill(address, 2 * MB, 1);
	alias = mremap(at(address), 0, 2 * MB, MREMAP_MAYMOVE);
	ASSERT_TRUE(alias != MAP_FAILED);
	ASSERT_OK(region_copy_to_memfd(address, 2 * MB, &fd));
	memset(alias, 0, 2 * MB);
	map_and_check(fd, 0, 2 * MB, 1);
	ASSERT_SYS(munmap(alias, 2 * MB));
	deallocate(address, 2 * MB);
}

TEST(copies)
{
	static uint8_t bytes[300000];
	int fd;

	fill((uint64_t)(uintptr_t)bytes, sizeof(bytes), 6);
	ASSERT_OK(region_copy_to_memfd((uint64_t)(uintptr_t)bytes + 1, 1, &fd));
	ASSERT_EQ(size_of(fd), 1);
	close(fd);
	ASSERT_OK(region_copy_to_memfd((uint64_t)(uintptr_t)bytes, sizeof(bytes), &fd));
	ASSERT_EQ(size_of(fd), sizeof(bytes));
	map_and_check(fd, 0, sizeof(bytes), 6);
}

TEST(bad_addresses_are_no_fault)
{
	uint64_t address = allocate(128 * KB);
	uint8_t buffer[8192];
	int fd = 42;

	ASSERT_SYS(munmap(at(address + 64 * KB), 64 * KB));
	ASSERT_EQ(region_copy_to_memfd(address, 128 * KB, &fd), MACH_SEND_INVALID_MEMORY);
	ASSERT_EQ(region_copy_to_memfd(8, 4096, &fd), MACH_SEND_INVALID_MEMORY);
	ASSERT_EQ(region_copy_to_memfd(UINT64_MAX - 4096, 100, &fd), MACH_SEND_INVALID_MEMORY);
	ASSERT_EQ(fd, 42);
	ASSERT_OK(region_copy_in(buffer, address, sizeof(buffer)));
	ASSERT_EQ(region_copy_in(buffer, address + 60 * KB, sizeof(buffer)), KERN_INVALID_ADDRESS);
	ASSERT_EQ(region_copy_in(buffer, 0, 1), KERN_INVALID_ADDRESS);
	ASSERT_EQ(region_copy_in(buffer, UINT64_MAX, 1), KERN_INVALID_ADDRESS);
	ASSERT_OK(region_copy_in(buffer, 0, 0));
	ASSERT_OK(region_copy_out(address, buffer, sizeof(buffer)));
	ASSERT_EQ(region_copy_out(address + 60 * KB, buffer, sizeof(buffer)), KERN_INVALID_ADDRESS);
	deallocate(address, 128 * KB);
}

/* As in a sandbox: from now on process_vm_readv() and process_vm_writev() fail. */
static void forbid_vm_copies(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_writev, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_SIZE(filter), .filter = filter};

	ASSERT_SYS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	ASSERT_SYS(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

TEST(bad_addresses_are_no_fault_in_a_sandbox)
{
	pid_t pid = ASSERT_SYS(fork());
	static uint8_t bytes[20000], back[20000];
	uint64_t address;

	if (pid > 0) {
		ASSERT_CHILD_EXITS(pid, 0);
		return;
	}
	forbid_vm_copies();
	address = allocate(64 * KB);
	fill(address, sizeof(bytes), 3);
	ASSERT_OK(region_copy_in(bytes, address, sizeof(bytes)));
	ASSERT_OK(region_copy_out(address + 30000, bytes, sizeof(bytes)));
	ASSERT_OK(region_copy_in(back, address + 30000, sizeof(back)));
	ASSERT_MEMEQ(bytes, back, sizeof(back));
	deallocate(address, 64 * KB);
	ASSERT_EQ(region_copy_in(bytes, address, sizeof(bytes)), KERN_INVALID_ADDRESS);
	ASSERT_EQ(region_copy_out(address, bytes, 1), KERN_INVALID_ADDRESS);
	child_exit(0);
}

TEST(shares_and_copies_on_write)
{
	uint64_t address = allocate(4 * MB), received;
	struct stat st[3];
	int fd[3];

	fill(address, 4 * MB, 1);
	for (int i = 0; i < 2; i++) {
		ASSERT_OK(region_copy_to_memfd(address, 4 * MB, &fd[i]));
		ASSERT_SYS(fstat(fd[i], &st[i]));
	}
	/* One memfd, as nothing was written in between. */
	ASSERT_EQ(st[0].st_ino, st[1].st_ino);
	ASSERT_OK(region_map_consume(fd[0], 0, 4 * MB, &received));
	ASSERT_TRUE(is_filled(received, 4 * MB, 1));
	/* Neither side sees what the other one writes. */
	at(address)[4096] ^= 0xff;
	at(received)[8192] ^= 0xff;
	ASSERT_TRUE(is_filled(received, 4096 * 2, 1));
	at(address)[4096] ^= 0xff;
	ASSERT_TRUE(is_filled(address, 4 * MB, 1));
	/* What was written to is copied. */
	ASSERT_OK(region_copy_to_memfd(address, 4 * MB, &fd[2]));
	ASSERT_SYS(fstat(fd[2], &st[2]));
	ASSERT_NE(st[0].st_ino, st[2].st_ino);
	map_and_check(fd[1], 0, 4 * MB, 1);
	map_and_check(fd[2], 0, 4 * MB, 1);
	deallocate(received, 4 * MB);
	deallocate(address, 4 * MB);
}

TEST(sharing_keeps_protections)
{
	uint64_t address = allocate(2 * MB);
	VmArea area;
	int fd, maps;

	fill(address, 2 * MB, 1);
	ASSERT_SYS(mprotect(at(address + MB), 4096, PROT_READ));
	ASSERT_OK(region_copy_to_memfd(address, 2 * MB, &fd));
	maps = ASSERT_FD(vmarea_open());
	ASSERT_OK(vmarea_find(maps, address + MB, &area));
	ASSERT_EQ(area.prot, PROT_READ);
	ASSERT_EQ(area.end - area.start, 4096);
	ASSERT_FALSE(area.is_shared);
	ASSERT_OK(vmarea_find(maps, address, &area));
	ASSERT_EQ(area.prot, PROT_READ | PROT_WRITE);
	close(maps);
	close(fd);
	deallocate(address, 2 * MB);
}

TEST(rest_of_the_last_page_is_not_shared)
{
	uint64_t address = allocate(2 * MB);
	struct stat a, b;
	uint8_t byte;
	int fd[2];

	/* As long as it is zero, sharing it tells nothing. */
	at(address)[0] = 1;
	ASSERT_OK(region_copy_to_memfd(address, 2 * MB - 100, &fd[0]));
	ASSERT_OK(region_copy_to_memfd(address, 2 * MB, &fd[1]));
	ASSERT_SYS(fstat(fd[0], &a));
	ASSERT_SYS(fstat(fd[1], &b));
	ASSERT_EQ(a.st_ino, b.st_ino);
	close(fd[0]);
	close(fd[1]);
	deallocate(address, 2 * MB);

	address = allocate(2 * MB);
	at(address)[2 * MB - 1] = 's';
	ASSERT_OK(region_copy_to_memfd(address, 2 * MB - 100, &fd[0]));
	ASSERT_EQ(size_of(fd[0]), 2 * MB - 100);
	ASSERT_EQ(pread(fd[0], &byte, 1, (off_t)(2 * MB - 1)), 0);
	close(fd[0]);
	deallocate(address, 2 * MB);
}

TEST(received_memory_is_passed_on)
{
	uint64_t address = allocate(2 * MB), received, offset;
	struct stat a, b;
	int fd, on;

	fill(address, 2 * MB, 1);
	ASSERT_OK(region_extract(address, 2 * MB, &fd, &offset));
	ASSERT_SYS(fstat(fd, &a));
	ASSERT_OK(region_map_consume(fd, offset, 2 * MB, &received));
	ASSERT_TRUE(is_filled(received, 2 * MB, 1));
	ASSERT_OK(region_extract(received, 2 * MB, &on, &offset));
	ASSERT_FALSE(is_mapped(received));
	ASSERT_SYS(fstat(on, &b));
	ASSERT_EQ(a.st_ino, b.st_ino);
	ASSERT_OK(region_map_consume(on, offset, 2 * MB, &received));
	at(received)[0] ^= 1;
	/* Written to: no longer the file. */
	check_does_not_move(received, 2 * MB);
	ASSERT_OK(region_copy_to_memfd(received, 2 * MB, &on));
	at(received)[0] ^= 1;
	close(on);
	deallocate(received, 2 * MB);
}

TEST(received_memory_of_odd_size_is_passed_on)
{
	uint64_t size = 2 * MB - 100, received, offset;
	uint8_t *bytes = malloc(size);
	struct stat a, b;
	int fd, on;

	ASSERT_NOT_NULL(bytes);
	fill((uint64_t)(uintptr_t)bytes, size, 4);
	ASSERT_OK(region_copy_to_memfd((uint64_t)(uintptr_t)bytes, size, &fd));
	free(bytes);
	ASSERT_SYS(fstat(fd, &a));
	ASSERT_OK(region_map_consume(fd, 0, size, &received));
	ASSERT_OK(region_copy_to_memfd(received, size, &on));
	close(on);
	ASSERT_OK(region_extract(received, size, &on, &offset));
	ASSERT_SYS(fstat(on, &b));
	ASSERT_EQ(a.st_ino, b.st_ino);
	map_and_check(on, offset, size, 4);
}

/* Of a file that holds more than what was meant for us, nothing is passed on. */
TEST(received_part_is_not_passed_on)
{
	uint64_t address = allocate(4 * MB), received, offset;
	struct stat a, b;
	int fd, on;

	fill(address, 4 * MB, 1);
	ASSERT_OK(region_extract(address, 4 * MB, &fd, &offset));
	ASSERT_SYS(fstat(fd, &a));
	ASSERT_OK(region_map_consume(fd, 0, 2 * MB, &received));
	ASSERT_TRUE(is_filled(received, 2 * MB, 1));
	check_does_not_move(received, 2 * MB);
	ASSERT_OK(region_copy_to_memfd(received, 2 * MB, &on));
	ASSERT_SYS(fstat(on, &b));
	ASSERT_NE(a.st_ino, b.st_ino);
	close(on);
	deallocate(received, 2 * MB);
}

TEST(offsets_need_not_be_pages)
{
	uint8_t bytes[10000];
	uint64_t address;
	int fd;

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i / 3);
	fd = ASSERT_FD(memfd_new_sealed("test", bytes, sizeof(bytes)));
	ASSERT_OK(region_map_consume(fd, 5001, 4999, &address));
	ASSERT_EQ(address % page_size(), 5001 % page_size());
	ASSERT_MEMEQ(at(address), bytes + 5001, 4999);
	deallocate(address, 4999);
}

typedef struct Mapping {
	int fd;
	uint64_t offset;
	uint64_t size;
	uint64_t address;
	int r;
} Mapping;

static void map_it(void *arg)
{
	Mapping *m = arg;

	m->r = region_map_consume(m->fd, m->offset, m->size, &m->address);
}

static int map_bounded(int fd, uint64_t offset, uint64_t size, Hostile *h)
{
	Mapping m = {.fd = fd, .offset = offset, .size = size, .address = 42};
	Bounded bounded;
	bool in_time = bounded_run(&bounded, map_it, &m);

	if (!in_time) {
		if (h)
			hostile_deinit(h);
		bounded_join(&bounded);
	}
	ASSERT_TRUE(in_time);
	if (m.r == 0)
		(void)region_deallocate(m.address, size);
	else
		ASSERT_EQ(m.address, 42);
	return m.r;
}

TEST(ranges_outside_the_file_are_refused)
{
	const uint64_t bad[][2] = {{0, 4097}, {1, 4096}, {4096, 1}, {UINT64_MAX, 1},
		{1, UINT64_MAX}, {UINT64_MAX, UINT64_MAX}, {UINT64_C(1) << 63, 16}};
	uint8_t bytes[4096] = {1};
	uint64_t address;

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		int fd = ASSERT_FD(memfd_new_sealed("test", bytes, sizeof(bytes)));

		ASSERT_EQ(map_bounded(fd, bad[i][0], bad[i][1], NULL), KERN_INVALID_ARGUMENT);
		ASSERT_TRUE(reaper_wait(WAIT_MS));
		ASSERT_FD_CLOSED(fd);
	}
	ASSERT_OK(region_map_consume(
		ASSERT_FD(memfd_new_sealed("test", bytes, 4096)), 4096, 0, &address));
	ASSERT_EQ(address, 0);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

TEST(hostile_descriptors_are_refused)
{
	for (HostileKind kind = 0; kind < _HOSTILE_N; kind++) {
		Hostile h;
		int r = hostile_make(kind, &h), fd;

		if (r == HOSTILE_E_SKIP) {
			printf("no %s: %s\n", hostile_kind_name(kind), h.reason);
			continue;
		}
		ASSERT_OK(r);
		fd = fcntl(h.fd, F_DUPFD_CLOEXEC, 3);
		hostile_release(&h);
		/* Much that is not there is no reason to refuse: one who sends it untouched does
		 * the same. */
		r = map_bounded(fd, 0, 4096, &h);
		hostile_deinit(&h);
		if (kind == HOSTILE_MEMFD_SPARSE)
			ASSERT_OK(r);
		else
			ASSERT_EQ(r, KERN_INVALID_ARGUMENT);
		ASSERT_TRUE(reaper_wait(WAIT_MS));
	}
}

TEST(huge_and_empty_costs_nothing)
{
	uint64_t address, offset, start = clock_now_ns();
	int fd;

	for (int i = 0; i < 20; i++) {
		address = allocate(64 * GB);
		ASSERT_OK(region_extract(address, 64 * GB, &fd, &offset));
		ASSERT_OK(region_map_consume(fd, offset, 64 * GB, &address));
		ASSERT_OK(region_copy_to_memfd(address, 64 * GB, &fd));
		close(fd);
		deallocate(address, 64 * GB);
	}
	/* Even a page table of that would take longer. */
	ASSERT_LT(clock_now_ns() - start, 2 * CLOCK_NS_PER_SEC);
}

TEST(descriptors_are_bounded)
{
	struct rlimit old;
	unsigned n_shared = 0, n = 0;
	uint64_t addresses[600];
	pid_t pid = ASSERT_SYS(fork());

	if (pid > 0) {
		ASSERT_CHILD_EXITS(pid, 0);
		return;
	}
	/* The limit is read once: in a fresh process it is what we say. */
	ASSERT_SYS(getrlimit(RLIMIT_NOFILE, &old));
	old.rlim_cur = 400;
	old.rlim_max = 400;
	ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &old));
	if (fd_limit() != 400)
		child_exit(0);
	for (; n < 600; n++) {
		addresses[n] = allocate(64 * KB);
		at(addresses[n])[0] = (uint8_t)n;
	}
	for (unsigned i = 0; i < n; i++) {
		n_shared += is_shared(addresses[i]);
		ASSERT_EQ(at(addresses[i])[0], (uint8_t)i);
		deallocate(addresses[i], 64 * KB);
	}
	ASSERT_EQ(n_shared, 100);
	child_exit(0);
}

/* Without descriptors there is memory all the same, which does not move. */
TEST(no_descriptor_no_matter)
{
	struct rlimit old, low;
	uint64_t address;
	int r, fd;

	ASSERT_SYS(getrlimit(RLIMIT_NOFILE, &old));
	low = old;
	low.rlim_cur = 3;
	ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &low));
	r = region_allocate(&address, MB, true, false);
	if (r == 0)
		at(address)[0] = 1;
	ASSERT_EQ(region_copy_to_memfd((uint64_t)(uintptr_t)&old, 8, &fd), -EMFILE);
	ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &old));
	ASSERT_OK(r);
	ASSERT_FALSE(is_shared(address));
	check_does_not_move(address, MB);
	deallocate(address, MB);
}

/* As the task's handlers do it. */
static pid_t fork_task(void)
{
	pid_t pid;

	reaper_before_fork();
	region_before_fork();
	pid = fork();
	if (pid == 0) {
		region_after_fork_child();
		reaper_after_fork();
		return 0;
	}
	region_after_fork_parent();
	reaper_after_fork_parent();
	return pid;
}

TEST(fork_copies)
{
	uint64_t address = allocate(MB), offset;
	int go[2], fd;
	pid_t pid;
	char byte;

	fill(address, MB, 1);
	ASSERT_SYS(mprotect(at(address + 8192), 4096, PROT_READ));
	ASSERT_SYS(pipe2(go, O_CLOEXEC));
	pid = ASSERT_SYS(fork_task());
	if (pid == 0) {
		close(go[1]);
		/* The parent writes first. */
		ASSERT_EQ(read(go[0], &byte, 1), 0);
		ASSERT_TRUE(is_filled(address, MB, 1));
		memset(at(address), 'c', 8192);
		check_does_not_move(address, MB);
		ASSERT_OK(region_copy_to_memfd(address, MB, &fd));
		deallocate(address, MB);
		child_exit(0);
	}
	close(go[0]);
	memset(at(address + 65536), 'p', 4096);
	close(go[1]);
	ASSERT_CHILD_EXITS(pid, 0);
	ASSERT_TRUE(is_filled(address, 65536, 1));
	ASSERT_EQ(at(address)[65536], 'p');
	/* Written to since: it must be copied. */
	check_does_not_move(address, MB);
	deallocate(address, MB);

	/* Not written to: it still moves. */
	address = allocate(MB);
	fill(address, MB, 2);
	pid = ASSERT_SYS(fork_task());
	if (pid == 0)
		child_exit(is_filled(address, MB, 2) ? 0 : 1);
	ASSERT_CHILD_EXITS(pid, 0);
	ASSERT_OK(region_extract(address, MB, &fd, &offset));
	map_and_check(fd, offset, MB, 2);
}

TEST(inheritance)
{
	uint64_t shared = allocate(MB), none = allocate(MB), part = allocate(MB),
		 small = allocate(1);
	pid_t pid;
	int fd;

	ASSERT_EQ(region_inherit(shared, MB, 3), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(region_inherit(shared, UINT64_MAX, REGION_INHERIT_COPY), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(region_inherit(8 * KB, 4096, REGION_INHERIT_COPY), KERN_INVALID_ADDRESS);
	ASSERT_OK(region_inherit(0, 0, REGION_INHERIT_SHARE));
	ASSERT_EQ(region_inherit(small, 1, REGION_INHERIT_SHARE), KERN_NOT_SUPPORTED);
	ASSERT_EQ(region_inherit(part, 4096, REGION_INHERIT_SHARE), KERN_NOT_SUPPORTED);
	ASSERT_OK(region_inherit(shared, MB, REGION_INHERIT_SHARE));
	ASSERT_OK(region_inherit(none, MB, REGION_INHERIT_NONE));
	ASSERT_OK(region_inherit(part, 4096, REGION_INHERIT_NONE));
	at(part)[4096] = 7;
	pid = ASSERT_SYS(fork_task());
	if (pid == 0) {
		ASSERT_FALSE(is_mapped(none));
		ASSERT_FALSE(is_mapped(part));
		ASSERT_EQ(at(part)[4096], 7);
		at(shared)[0] = 's';
		child_exit(0);
	}
	ASSERT_CHILD_EXITS(pid, 0);
	ASSERT_EQ(at(shared)[0], 's');
	/* Others may see it: it cannot be taken away, nor frozen. */
	check_does_not_move(shared, MB);
	ASSERT_OK(region_copy_to_memfd(shared, MB, &fd));
	close(fd);
	ASSERT_TRUE(is_shared(shared));
	/* Frozen memory that is not inherited stays so. */
	ASSERT_OK(region_copy_to_memfd(none, MB, &fd));
	close(fd);
	pid = ASSERT_SYS(fork_task());
	if (pid == 0)
		child_exit(is_mapped(none) ? 1 : 0);
	ASSERT_CHILD_EXITS(pid, 0);
	deallocate(shared, MB);
	deallocate(none, MB);
	deallocate(part, MB);
	deallocate(small, 1);
}

static void *churn(void *arg)
{
	uint8_t salt = (uint8_t)(uintptr_t)arg;

	for (int i = 0; i < 200; i++) {
		uint64_t size = 64 * KB << (i % 3), address = allocate(size), offset;
		int fd, r;

		at(address)[size - 1] = salt;
		if (i % 4 == 0) {
			/* A fork may have come between: then it is written to, and stays. */
			r = region_extract(address, size, &fd, &offset);
			if (r == 0)
				r = region_map_consume(fd, offset, size, &address);
			else
				ASSERT_EQ(r, KERN_FAILURE);
		} else if (i % 4 == 1) {
			/* From now on the first half may be somebody else's. */
			deallocate(address, size / 2);
			address += size / 2;
			size /= 2;
		}
		ASSERT_EQ(at(address)[size - 1], salt);
		deallocate(address, size);
	}
	return NULL;
}

TEST(threads_do_it_all_at_once)
{
	pthread_t threads[4];

	for (uintptr_t i = 0; i < 4; i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, churn, (void *)i));
	/* It takes the threads of the parent of a fork child for leaked ones. */
	for (int i = 0; i < (UNDER_TSAN ? 0 : 20); i++) {
		pid_t pid = ASSERT_SYS(fork_task());

		if (pid == 0)
			child_exit(0);
		ASSERT_CHILD_EXITS(pid, 0);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}
