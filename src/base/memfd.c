/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that travels.
 *
 * The order of the checks is the point. A descriptor from a stranger may lie on a FUSE mount, where
 * fstat() or fstatfs() waits for the stranger's own server for as long as that pleases. F_GETFL looks
 * at the open file only, F_GET_SEALS at the kind of the file; if the latter answers with seals, the
 * file lies in the kernel's own shared memory or on hugetlbfs, and from there on nothing can block.
 *
 * hugetlbfs is refused: its pages come from a pool that a mapping can find empty, which is a SIGBUS
 * in the reader, and its sizes are not in pages.
 *
 * Stateless, hence thread-safe.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/memfd.h"

#define SEALS_SIZE (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define SEALS_ALL (SEALS_SIZE | F_SEAL_WRITE)

int memfd_new(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0)
		return error_origin(-errno);
	return fd_above_stdio_consume(fd);
}

int memfd_new_sealed(const char *name, const void *data, size_t size)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	fd = memfd_new(name);
	if (fd < 0)
		return error_trace(fd);
	r = fd_write_all(fd, data, size);
	if (r < 0)
		return error_trace(r);
	r = memfd_seal(fd);
	if (r < 0)
		return error_trace(r);
	return TAKE_FD(fd);
}

int memfd_seal(int fd)
{
	return fcntl(fd, F_ADD_SEALS, SEALS_ALL) < 0 ? error_origin(-errno) : 0;
}

int memfd_seal_size(int fd)
{
	return fcntl(fd, F_ADD_SEALS, SEALS_SIZE) < 0 ? error_origin(-errno) : 0;
}

static int check(int fd, int wanted, uint64_t *ret_size)
{
	struct statfs fs;
	struct statx stx;
	int flags, seals;

	flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return error_origin(-errno);
	if ((flags & O_PATH) || (flags & O_ACCMODE) == O_WRONLY)
		return MEMFD_E_KIND;
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0)
		return errno == EINVAL ? MEMFD_E_KIND : error_origin(-errno);
	if (fstatfs(fd, &fs) < 0)
		return error_origin(-errno);
	if (fs.f_type != KERNEL_TMPFS_MAGIC)
		return MEMFD_E_KIND;
	if ((seals & wanted) != wanted)
		return MEMFD_E_NOT_SEALED;
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_SIZE, &stx) < 0)
		return error_origin(-errno);
	if (ret_size)
		*ret_size = stx.stx_size;
	return 0;
}

int memfd_check_sealed(int fd, uint64_t *ret_size)
{
	return check(fd, SEALS_ALL, ret_size);
}

int memfd_check_size_sealed(int fd, uint64_t *ret_size)
{
	return check(fd, SEALS_SIZE, ret_size);
}
