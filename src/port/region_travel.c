/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How memory leaves and arrives: moved, shared or copied, always as a sealed memfd.
 *
 * A descriptor shows its holder the whole file. So a memfd is passed only if it holds what is sent
 * and nothing else: a part of a region is copied, and what lies in the first and last page beside
 * the data is cut off or must be zero.
 *
 * Copying is write(2) from the sender's memory, in one call: the kernel then fills fresh pages
 * without clearing them first, and checks the address for us. Filling a mapping of the memfd takes
 * twice as long, since each page is cleared and faulted in; so do chunks that are smaller than
 * 64 KiB. See doc/performance.md for figures.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/memfd.h"
#include "port/probe.h"
#include "port/region_private.h"
#include "port/vmarea.h"

/* The most that the kernel does in one call is a little below 2 GiB. */
#define CHUNK_MAX ((size_t)1 << 30)

static void *pointer(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

/* Without process_vm_readv(), which a sandbox may forbid: the kernel checks the address all the
 * same when it fills or drains a pipe. */
static int copy_by_pipe(void *dst, const void *src, size_t size)
{
	size_t done = 0, chunk;
	int ends[2], r = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return KERN_INVALID_ADDRESS;
	while (done < size && r == 0) {
		chunk = MIN(size - done, (size_t)4096);
		if (write(ends[1], (const char *)src + done, chunk) != (ssize_t)chunk ||
			read(ends[0], (char *)dst + done, chunk) != (ssize_t)chunk)
			r = KERN_INVALID_ADDRESS;
		done += chunk;
	}
	fd_close(ends[0]);
	fd_close(ends[1]);
	return r;
}

typedef ssize_t (*VmCopy)(pid_t, const struct iovec *, unsigned long, const struct iovec *,
	unsigned long, unsigned long);

/* `far` is the side that may be bad. Returns 0, KERN_INVALID_ADDRESS, or -errno: not permitted. */
static int vm_copy_range(VmCopy copy, char *near, char *far, size_t size)
{
	pid_t self = getpid();

	while (size > 0) {
		size_t chunk = MIN(size, CHUNK_MAX);
		struct iovec local = {.iov_base = near, .iov_len = chunk};
		struct iovec remote = {.iov_base = far, .iov_len = chunk};
		ssize_t n = copy(self, &local, 1, &remote, 1, 0);

		if (n < 0)
			return errno == EFAULT ? KERN_INVALID_ADDRESS : -errno;
		if (n == 0)
			return KERN_INVALID_ADDRESS;
		near += n;
		far += n;
		size -= (size_t)n;
	}
	return 0;
}

int region_copy_in(void *dst, uint64_t address, size_t size)
{
	int r = vm_copy_range(process_vm_readv, dst, pointer(address), size);

	return r < 0 ? copy_by_pipe(dst, pointer(address), size) : r;
}

int region_copy_out(uint64_t address, const void *src, size_t size)
{
	int r = vm_copy_range(process_vm_writev, (char *)(uintptr_t)src, pointer(address), size);

	return r < 0 ? copy_by_pipe(pointer(address), src, size) : r;
}

/* Whether the file holds nothing but zeroes in [from, to), which lies within one page. */
static bool is_zero(int fd, uint64_t from, uint64_t to)
{
	char bytes[1024];

	while (from < to) {
		ssize_t n = pread(fd, bytes, MIN(to - from, sizeof(bytes)), (off_t)from);

		if (n < 0)
			return false;
		if (n == 0) /* the file is shorter than its last page */
			return true;
		for (ssize_t i = 0; i < n; i++)
			if (bytes[i] != 0)
				return false;
		from += (uint64_t)n;
	}
	return true;
}

/* The region that is exactly the pages of the range, if it still is what it was. */
static Region *find_whole(uint64_t address, uint64_t size)
{
	uint64_t start, end;
	Region *region;

	if (size == 0 || !region_pages(address, size, &start, &end))
		return NULL;
	region = region_find(start, end);
	if (!region || region->start != start || region->end != end)
		return NULL;
	/* Fork children, or whoever has a memory entry, may be using the very same pages. */
	if (region->inheritance == REGION_INHERIT_SHARE || region->is_entry ||
		!region_is_intact(region))
		return NULL;
	return region;
}

/* Whether a frozen region can be passed on as it is. If not, it never will be again. */
static bool frozen_is_usable(Region *region, uint64_t address, uint64_t size)
{
	if (vmarea_is_pristine(region->start, region->end))
		return address == region->start &&
		       is_zero(region->fd, size, region->end - region->start);
	fd_close(region_remove(region));
	return false;
}

/* A movable region leaves. Cut the file to what is sent: the kernel clears the rest of the last
 * page; the beginning of the first one is ours to clear. */
static int cut(const Region *region, uint64_t head, uint64_t size)
{
	static const char zeroes[4096];
	uint64_t done = 0;

	while (done < head) {
		ssize_t n = pwrite(
			region->fd, zeroes, MIN(head - done, sizeof(zeroes)), (off_t)done);

		if (n <= 0)
			return error_origin(n < 0 ? -errno : -EIO);
		done += (uint64_t)n;
	}
	if (head + size < region->end - region->start &&
		ftruncate(region->fd, (off_t)(head + size)) < 0)
		return error_origin(-errno);
	return 0;
}

/* A sealed copy of a memfd that cannot be sealed, since somebody has a mapping of it still. */
static int duplicate(int fd, uint64_t size)
{
	_cleanup_close_ int copy = memfd_new("mach-ool");
	off_t at = 0;
	int r;

	if (copy < 0)
		return copy;
	while ((uint64_t)at < size) {
		ssize_t n = sendfile(copy, fd, &at, MIN(size - (uint64_t)at, CHUNK_MAX));

		if (n <= 0)
			return error_origin(n < 0 ? -errno : -EIO);
	}
	r = memfd_seal(copy);
	return r < 0 ? r : TAKE_FD(copy);
}

/* The mapping is gone, the file is cut: make it final. */
static int seal_or_duplicate(int *fd, uint64_t size)
{
	int r = memfd_seal(*fd), copy;

	if (likely(r == 0))
		return 0;
	if (r != -EBUSY)
		return r;
	copy = duplicate(*fd, size);
	if (copy < 0)
		return copy;
	fd_close(*fd);
	*fd = copy;
	return 0;
}

static int extract_movable(Region *region, uint64_t head, uint64_t size, int *ret_fd)
{
	uint64_t start = region->start, length = region->end - region->start;
	_cleanup_close_ int fd = -EBADF;
	void *back;
	int r;

	r = cut(region, head, size);
	if (r < 0)
		return r;
	fd = region_remove(region);
	if (munmap(pointer(start), length) < 0) {
		/* Still mapped, and not ours any more: memory like any other. */
		return KERN_FAILURE;
	}
	r = seal_or_duplicate(&fd, head + size);
	if (r < 0) {
		/* The caller shall find its memory where it was, if nobody was quicker. */
		(void)!ftruncate(fd, (off_t)length);
		back = mmap(pointer(start), length, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0);
		if (back == MAP_FAILED)
			log_warning("memory that could not be sent is lost: %s", strerror(errno));
		return error_trace(r);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int extract_frozen(Region *region, uint64_t address, uint64_t size, int *ret_fd)
{
	uint64_t start = region->start, length = region->end - region->start;
	_cleanup_close_ int fd = -EBADF;

	if (!frozen_is_usable(region, address, size))
		return KERN_FAILURE;
	fd = region_remove(region);
	if (munmap(pointer(start), length) < 0)
		return KERN_FAILURE;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int region_extract(uint64_t address, uint64_t size, int *ret_fd, uint64_t *ret_offset)
{
	uint64_t head = address - region_page_trunc(address);
	Region *region;
	int r = KERN_FAILURE;

	region_lock();
	region = find_whole(address, size);
	if (region && region->is_frozen)
		r = extract_frozen(region, address, size, ret_fd);
	else if (region)
		r = extract_movable(region, head, size, ret_fd);
	region_unlock();
	if (r == 0)
		*ret_offset = head;
	return r;
}

/* A virtual copy. Returns 0, KERN_FAILURE (copy instead) or -errno. With the lock. */
static int share(uint64_t address, uint64_t size, int *ret_fd)
{
	Region *region = find_whole(address, size);
	int fd;

	if (!region || address != region->start)
		return KERN_FAILURE;
	if (region->is_frozen) {
		if (!frozen_is_usable(region, address, size))
			return KERN_FAILURE;
	} else if (!is_zero(region->fd, size, region->end - region->start) ||
		   region_freeze(region) < 0) {
		return KERN_FAILURE;
	}
	fd = fd_dup(region->fd);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

static int fill(int fd, uint64_t address, uint64_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, pointer(address), MIN(size, CHUNK_MAX));

		if (n < 0 && errno == EFAULT)
			return MACH_SEND_INVALID_MEMORY;
		if (n < 0 && errno != EINTR)
			return error_origin(-errno);
		if (n > 0) {
			address += (uint64_t)n;
			size -= (uint64_t)n;
		}
	}
	return 0;
}

int region_copy_to_memfd(uint64_t address, uint64_t size, int *ret_fd)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (size >= REGION_SHARE_MIN) {
		region_lock();
		r = share(address, size, ret_fd);
		region_unlock();
		if (r <= 0)
			return r;
	}
	fd = memfd_new("mach-ool");
	if (fd < 0)
		return fd;
	r = fill(fd, address, size);
	if (r != 0)
		return r;
	r = memfd_seal(fd);
	if (r < 0)
		return error_trace(r);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Keep the descriptor, so that the memory can be passed on; or let it go: the mapping has it. */
static void keep_received(uint64_t start, uint64_t end, int fd_consumed)
{
	int r = -EMFILE;

	if (end - start >= REGION_SHARE_MIN) {
		region_lock();
		if (region_has_room())
			r = region_add_take(start, end, fd_consumed, true);
		region_unlock();
	}
	if (r < 0)
		fd_close(fd_consumed);
}

int region_map_consume(int fd, uint64_t offset, uint64_t size, uint64_t *ret_address)
{
	uint64_t file_size, page_end, head, end;
	void *p;
	int r;

	r = memfd_check_sealed(fd, &file_size);
	if (r == 0 && (__builtin_add_overflow(offset, size, &end) || end > file_size ||
			      !region_pages(offset, size, &head, &page_end)))
		r = MEMFD_E_KIND;
	if (r != 0 || size == 0) {
		(void)probe_close_consume(fd);
		if (r == 0)
			*ret_address = 0;
		return r > 0 ? KERN_INVALID_ARGUMENT : r;
	}
	p = mmap(NULL, page_end - head, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd,
		(off_t)head);
	if (p == MAP_FAILED) {
		r = errno == ENOMEM ? KERN_NO_SPACE : error_origin(-errno);
		(void)probe_close_consume(fd);
		return r;
	}
	*ret_address = (uint64_t)(uintptr_t)p + (offset - head);
	if (head == 0 && file_size <= page_end)
		keep_received((uint64_t)(uintptr_t)p, (uint64_t)(uintptr_t)p + page_end, fd);
	else
		fd_close(fd);
	return 0;
}
