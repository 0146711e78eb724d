/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/memfd.h"
#include "port/region.h"
#include "port/vmarea.h"
#include "tests/lib/unit.h"

#define KB UINT64_C(1024)
#define PAGE UINT64_C(4096)
#define RW (PROT_READ | PROT_WRITE)

static char *at(uint64_t address)
{
	return (char *)(uintptr_t)address;
}

static void put(char *to, const char *text)
{
	memcpy(to, text, strlen(text) + 1);
}

static uint64_t allocate(uint64_t size)
{
	uint64_t address = 0;

	ASSERT_OK(region_allocate(&address, size, true, false));
	return address;
}

static char *map(int fd, uint64_t size, int prot)
{
	char *p = mmap(NULL, size, prot, MAP_SHARED, fd, 0);

	ASSERT_TRUE(p != MAP_FAILED);
	return p;
}

static int prot_at(uint64_t address)
{
	_cleanup_close_ int fd = vmarea_open();
	VmArea area;

	ASSERT_OK(vmarea_find(fd, address, &area));
	ASSERT_LE(area.start, address);
	return area.prot;
}

/* Both see what either writes. */
static void assert_same(uint64_t address, char *view, uint64_t size)
{
	put(at(address), "ours");
	ASSERT_STREQ(view, "ours");
	put(view + size - 16, "theirs");
	ASSERT_STREQ(at(address + size - 16), "theirs");
}

TEST(shares_what_was_allocated)
{
	const uint64_t sizes[] = {PAGE, 64 * KB, 1024 * KB};

	for (unsigned i = 0; i < 3; i++) {
		uint64_t address = allocate(sizes[i]), offset;
		int fd = -EBADF, second = -EBADF;
		char *view;

		put(at(address), "before");
		ASSERT_OK(region_share(address, sizes[i], RW, &fd));
		view = map(fd, sizes[i], RW);
		ASSERT_STREQ(view, "before");
		assert_same(address, view, sizes[i]);
		/* A second time it is the same memory. */
		ASSERT_OK(region_share(address, sizes[i], RW, &second));
		ASSERT_SYS(munmap(view, sizes[i]));
		view = map(second, sizes[i], RW);
		assert_same(address, view, sizes[i]);
		/* And it does not travel without a copy any more. */
		ASSERT_EQ(region_extract(address, sizes[i], &fd, &offset), KERN_FAILURE);
		fd_close(fd);
		fd_close(second);
		ASSERT_OK(region_deallocate(address, sizes[i]));
		ASSERT_STREQ(view, "ours");
		ASSERT_SYS(munmap(view, sizes[i]));
	}
}

TEST(keeps_protections_and_contents_of_a_part)
{
	uint64_t address = allocate(8 * PAGE);
	int fd = -EBADF;
	char *view;

	for (unsigned i = 0; i < 8; i++)
		at(address + i * PAGE)[0] = (char)('a' + i);
	ASSERT_SYS(mprotect(at(address + 3 * PAGE), PAGE, PROT_READ));
	ASSERT_OK(region_share(address + 2 * PAGE, 3 * PAGE, PROT_READ, &fd));
	view = map(fd, 3 * PAGE, RW);
	ASSERT_EQ(view[0], 'c');
	ASSERT_EQ(view[2 * PAGE], 'e');
	ASSERT_EQ(prot_at(address + 2 * PAGE), RW);
	ASSERT_EQ(prot_at(address + 3 * PAGE), PROT_READ);
	view[PAGE] = 'x';
	ASSERT_EQ(at(address + 3 * PAGE)[0], 'x');
	ASSERT_EQ(at(address + PAGE)[0], 'b');
	ASSERT_EQ(at(address + 5 * PAGE)[0], 'f');
	ASSERT_SYS(munmap(view, 3 * PAGE));
	fd_close(fd);
	ASSERT_OK(region_deallocate(address, 8 * PAGE));
}

TEST(a_part_of_shared_memory_goes)
{
	uint64_t address = allocate(64 * KB);
	int fd = -EBADF;
	char *view;

	ASSERT_OK(region_share(address, 64 * KB, RW, &fd));
	view = map(fd, 64 * KB, RW);
	put(view + 4 * PAGE, "stays");
	ASSERT_OK(region_deallocate(address + 4 * PAGE, PAGE));
	ASSERT_STREQ(view + 4 * PAGE, "stays");
	put(view, "seen");
	ASSERT_STREQ(at(address), "seen");
	ASSERT_SYS(munmap(view, 64 * KB));
	fd_close(fd);
	ASSERT_OK(region_deallocate(address, 64 * KB));
}

TEST(fork_children_share_it)
{
	uint64_t address = allocate(64 * KB);
	int fd = -EBADF, status;
	pid_t pid;

	ASSERT_OK(region_share(address, 64 * KB, RW, &fd));
	ASSERT_EQ(region_inherit(address, 64 * KB, REGION_INHERIT_COPY), KERN_NOT_SUPPORTED);
	ASSERT_OK(region_inherit(address, 64 * KB, REGION_INHERIT_SHARE));
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		put(at(address), "child");
		_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_STREQ(at(address), "child");
	fd_close(fd);
	ASSERT_OK(region_deallocate(address, 64 * KB));
}

TEST(what_cannot_be_shared)
{
	uint64_t address = allocate(4 * PAGE);
	int file = ASSERT_SYS(open("/proc/self/exe", O_RDONLY | O_CLOEXEC)), fd = -EBADF;
	void *text = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, file, 0);

	ASSERT_EQ(region_share(address, 0, RW, &fd), KERN_INVALID_ADDRESS);
	ASSERT_EQ(region_share(UINT64_MAX - 10, 100, RW, &fd), KERN_INVALID_ADDRESS);
	ASSERT_EQ(region_share((uintptr_t)text, PAGE, PROT_READ, &fd), KERN_NOT_SUPPORTED);
	ASSERT_SYS(mprotect(at(address + PAGE), PAGE, PROT_READ));
	ASSERT_EQ(region_share(address, 2 * PAGE, RW, &fd), KERN_PROTECTION_FAILURE);
	ASSERT_SYS(munmap(at(address + PAGE), PAGE));
	ASSERT_EQ(region_share(address, 2 * PAGE, RW, &fd), KERN_INVALID_ADDRESS);
	ASSERT_EQ(fd, -EBADF);
	fd_close(file);
	ASSERT_SYS(munmap(text, PAGE));
	ASSERT_OK(region_deallocate(address, 4 * PAGE));
}

TEST(maps_at_places)
{
	RegionPlace place = {.size = 2 * PAGE, .anywhere = true, .mask = 0xfffff};
	uint64_t first = 0, second = 0;
	int fd = memfd_new("place");

	ASSERT_SYS(ftruncate(fd, (off_t)(2 * PAGE)));
	ASSERT_OK(region_map(&place, -EBADF, 0, RW, MAP_PRIVATE, &first));
	ASSERT_EQ(first & 0xfffff, 0);
	at(first)[PAGE] = 'z';
	ASSERT_OK(region_map(&place, fd, 0, PROT_READ, MAP_SHARED, &second));
	ASSERT_EQ(second & 0xfffff, 0);
	ASSERT_EQ(prot_at(second), PROT_READ);
	place.anywhere = false;
	place.address = second + 5;
	ASSERT_EQ(region_map(&place, fd, 0, RW, MAP_SHARED, &second), KERN_NO_SPACE);
	place.overwrite = true;
	ASSERT_OK(region_map(&place, fd, PAGE, RW, MAP_SHARED, &second));
	ASSERT_EQ(prot_at(second), RW);
	place.address = second + PAGE;
	ASSERT_EQ(region_map(&place, fd, 0, RW, MAP_SHARED, &second), KERN_INVALID_ADDRESS);
	place = (RegionPlace){.anywhere = true};
	ASSERT_EQ(region_map(&place, fd, 0, RW, MAP_SHARED, &second), KERN_INVALID_ARGUMENT);
	place = (RegionPlace){.anywhere = true, .size = PAGE, .mask = 0x5000};
	ASSERT_EQ(region_map(&place, fd, 0, RW, MAP_SHARED, &second), KERN_INVALID_ARGUMENT);
	ASSERT_OK(region_deallocate(first, 2 * PAGE));
	ASSERT_OK(region_deallocate(second, 2 * PAGE));
	fd_close(fd);
}

TEST(what_a_file_does_not_allow)
{
	RegionPlace place = {.size = PAGE, .anywhere = true};
	int fd = memfd_new_sealed("sealed", "abc", 3);
	uint64_t address = 0;

	ASSERT_EQ(region_map(&place, fd, 0, RW, MAP_SHARED, &address), KERN_PROTECTION_FAILURE);
	ASSERT_OK(region_map(&place, fd, 0, RW, MAP_PRIVATE, &address));
	at(address)[0] = 'x';
	ASSERT_OK(region_deallocate(address, PAGE));
	fd_close(fd);
}
