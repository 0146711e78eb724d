/* SPDX-License-Identifier: Apache-2.0 */

#include <sys/mman.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/memfd.h"
#include "tests/lib/unit.h"

TEST(fresh_memfd)
{
	_cleanup_close_ int fd = ASSERT_FD(memfd_new("fresh"));
	uint64_t size = 7;

	ASSERT_FD_CLOEXEC(fd);
	ASSERT_GE(fd, FD_ABOVE_STDIO);
	ASSERT_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_EXEC);
	ASSERT_EQ(memfd_check_sealed(fd, &size), MEMFD_E_NOT_SEALED);
	ASSERT_EQ(memfd_check_size_sealed(fd, &size), MEMFD_E_NOT_SEALED);
	ASSERT_EQ(size, 7u);
}

TEST(sealed_copy_is_final)
{
	static char data[100000];
	_cleanup_close_ int fd = -EBADF;
	uint64_t size = 0;
	char *p;

	memset(data, 'x', sizeof(data));
	fd = ASSERT_FD(memfd_new_sealed("sealed", data, sizeof(data)));
	ASSERT_OK(memfd_check_sealed(fd, &size));
	ASSERT_EQ(size, sizeof(data));
	ASSERT_OK(memfd_check_size_sealed(fd, NULL));
	ASSERT_EQ(pwrite(fd, "y", 1, 0), -1);
	ASSERT_EQ(ftruncate(fd, 0), -1);
	ASSERT_EQ(ftruncate(fd, 1000000), -1);
	ASSERT_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
	p = mmap(NULL, sizeof(data), PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	ASSERT_MEMEQ(p, data, sizeof(data));
	ASSERT_SYS(munmap(p, sizeof(data)));
}

TEST(empty_sealed_memfd)
{
	_cleanup_close_ int fd = ASSERT_FD(memfd_new_sealed("empty", NULL, 0));
	uint64_t size = 7;

	ASSERT_OK(memfd_check_sealed(fd, &size));
	ASSERT_EQ(size, 0u);
}

TEST(size_seal_leaves_the_content_writable)
{
	_cleanup_close_ int fd = ASSERT_FD(memfd_new("pages"));
	uint64_t size = 0;

	ASSERT_SYS(ftruncate(fd, 8192));
	ASSERT_OK(memfd_seal_size(fd));
	ASSERT_OK(memfd_check_size_sealed(fd, &size));
	ASSERT_EQ(size, 8192u);
	ASSERT_EQ(memfd_check_sealed(fd, NULL), MEMFD_E_NOT_SEALED);
	ASSERT_EQ(pwrite(fd, "y", 1, 0), 1);
	ASSERT_EQ(memfd_seal(fd), -EPERM);
}

TEST(writable_mapping_prevents_sealing)
{
	_cleanup_close_ int fd = ASSERT_FD(memfd_new("mapped"));
	void *p;

	ASSERT_SYS(ftruncate(fd, 4096));
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	ASSERT_EQ(memfd_seal(fd), -EBUSY);
	ASSERT_SYS(munmap(p, 4096));
	ASSERT_OK(memfd_seal(fd));
}

/* Each seal that is missing alone. */
TEST(every_seal_counts)
{
	static const int seals[] = {F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_SEAL};

	for (size_t skip = 0; skip < ARRAY_SIZE(seals); skip++) {
		_cleanup_close_ int fd = ASSERT_FD(memfd_new("almost"));
		int all = 0;

		for (size_t i = 0; i < ARRAY_SIZE(seals); i++)
			all |= i == skip ? 0 : seals[i];
		ASSERT_SYS(fcntl(fd, F_ADD_SEALS, all));
		ASSERT_EQ(memfd_check_sealed(fd, NULL), MEMFD_E_NOT_SEALED);
		ASSERT_EQ(memfd_check_size_sealed(fd, NULL),
			seals[skip] == F_SEAL_WRITE ? 0 : MEMFD_E_NOT_SEALED);
	}
}

TEST(future_write_seal_is_not_enough)
{
	_cleanup_close_ int fd = ASSERT_FD(memfd_new("future"));

	ASSERT_SYS(fcntl(
		fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL));
	ASSERT_EQ(memfd_check_sealed(fd, NULL), MEMFD_E_NOT_SEALED);
}

TEST(descriptors_of_other_kinds)
{
	_cleanup_close_ int sealed = ASSERT_FD(memfd_new_sealed("sealed", "x", 1));
	int p[2], s[2], others[6];
	char path[64];

	ASSERT_SYS(pipe2(p, O_CLOEXEC));
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, s));
	others[0] = p[0];
	others[1] = p[1];
	others[2] = s[0];
	others[3] = s[1];
	others[4] = ASSERT_SYS(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", sealed);
	/* The right file, but a descriptor that cannot be mapped. */
	others[5] = ASSERT_SYS(open(path, O_PATH | O_CLOEXEC));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		ASSERT_EQ(memfd_check_sealed(others[i], NULL), MEMFD_E_KIND);
		ASSERT_EQ(memfd_check_size_sealed(others[i], NULL), MEMFD_E_KIND);
		fd_close(others[i]);
	}
	ASSERT_EQ(memfd_check_sealed(-EBADF, NULL), -EBADF);
	ASSERT_EQ(memfd_seal(-EBADF), -EBADF);
	ASSERT_EQ(memfd_seal_size(-EBADF), -EBADF);
}

TEST(write_only_descriptor)
{
	_cleanup_close_ int fd = ASSERT_FD(memfd_new("write-only")), writer = -EBADF;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	writer = ASSERT_SYS(open(path, O_WRONLY | O_CLOEXEC));
	ASSERT_OK(memfd_seal(fd));
	ASSERT_EQ(memfd_check_sealed(writer, NULL), MEMFD_E_KIND);
}

TEST(huge_pages)
{
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB);

	if (fd < 0)
		SKIP("no hugetlbfs");
	ASSERT_OK(memfd_seal(fd));
	ASSERT_EQ(memfd_check_sealed(fd, NULL), MEMFD_E_KIND);
	fd_close(fd);
}

TEST(names_too_long_are_refused)
{
	char name[300];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ASSERT_EQ(memfd_new(name), -EINVAL);
	ASSERT_EQ(memfd_new_sealed(name, "x", 1), -EINVAL);
	ASSERT_EQ(memfd_new_sealed("bad address", (void *)8, 1), -EFAULT);
}
