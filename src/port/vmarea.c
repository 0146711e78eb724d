/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Own mappings, by the binary interfaces of /proc/self/maps and /proc/self/pagemap: one ioctl for
 * each question, whatever the number of mappings or pages.
 *
 * Stateless, hence thread-safe; the answer may be out of date when it comes.
 */
#include "port/vmarea.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/kernel.h"

static int open_proc(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd_above_stdio_consume(fd);
}

int vmarea_open(void)
{
	return open_proc("/proc/self/maps");
}

int vmarea_find(int vmarea_fd, uint64_t address, VmArea *ret)
{
	KernelProcmapQuery query = {
		.size = sizeof(query),
		.query_flags = KERNEL_PROCMAP_COVERING_OR_NEXT,
		.query_addr = address,
	};

	if (ioctl(vmarea_fd, KERNEL_PROCMAP_QUERY, &query) < 0)
		return errno == ENOENT ? KERN_INVALID_ADDRESS : error_origin(-errno);
	ret->start = query.vma_start;
	ret->end = query.vma_end;
	ret->offset = query.vma_offset;
	ret->ino = query.inode;
	ret->dev = makedev(query.dev_major, query.dev_minor);
	ret->prot = (query.vma_flags & KERNEL_PROCMAP_VMA_READABLE ? PROT_READ : 0) |
		    (query.vma_flags & KERNEL_PROCMAP_VMA_WRITABLE ? PROT_WRITE : 0) |
		    (query.vma_flags & KERNEL_PROCMAP_VMA_EXECUTABLE ? PROT_EXEC : 0);
	ret->is_shared = (query.vma_flags & KERNEL_PROCMAP_VMA_SHARED) != 0;
	return 0;
}

bool vmarea_is_pristine(uint64_t start, uint64_t end)
{
	_cleanup_close_ int fd = open_proc("/proc/self/pagemap");
	KernelPageRegion found;
	KernelPagemapScan scan = {
		.size = sizeof(scan),
		.start = start,
		.end = end,
		.vec = (uint64_t)(uintptr_t)&found,
		.vec_len = 1,
		.max_pages = 1,
		/* A page that is there, in memory or in swap, and not the file's. */
		.category_mask = KERNEL_PAGE_IS_FILE,
		.category_inverted = KERNEL_PAGE_IS_FILE,
		.category_anyof_mask = KERNEL_PAGE_IS_PRESENT | KERNEL_PAGE_IS_SWAPPED,
		.return_mask = KERNEL_PAGE_IS_PRESENT,
	};

	return fd >= 0 && ioctl(fd, KERNEL_PAGEMAP_SCAN, &scan) == 0;
}
