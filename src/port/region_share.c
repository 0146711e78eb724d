/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that several processes use at once, and the mapping of it.
 *
 * What becomes shared keeps its address: a memfd with the same contents is mapped over it. So it
 * has to be memory of nobody else: anonymous, or what this library allocated. A region that is one
 * mapping of its memfd already is used as it is.
 */
#include <errno.h>
#include <sys/mman.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/memfd.h"
#include "port/region_private.h"
#include "port/vmarea.h"

static void *pointer(uint64_t address)
{
	return (void *)(uintptr_t)address;
}

/* Whether each mapping in the range allows `prot` and is no file's but one of ours. */
static int check(int vmarea_fd, uint64_t start, uint64_t end, int prot)
{
	VmArea area;
	int r;

	for (; start < end; start = area.end) {
		r = vmarea_find(vmarea_fd, start, &area);
		if (r != 0)
			return r;
		if (area.start > start)
			return KERN_INVALID_ADDRESS;
		if ((area.prot & prot) != prot)
			return KERN_PROTECTION_FAILURE;
		if ((area.ino != 0 || area.is_shared) && !region_find(start, MIN(area.end, end)))
			return KERN_NOT_SUPPORTED;
	}
	return 0;
}

/* A memfd with the contents of the range. */
static int copy(uint64_t start, uint64_t size, int *ret_fd)
{
	_cleanup_close_ int fd = memfd_new("mach-entry");
	void *at;
	int r;

	if (fd < 0)
		return fd;
	if (ftruncate(fd, (off_t)size) < 0)
		return error_origin(-errno);
	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (at == MAP_FAILED)
		return error_origin(-errno);
	r = region_copy_in(at, start, size);
	(void)munmap(at, size);
	if (r != 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* Puts it where the contents came from, each piece with the protection that was there. */
static int replace(int vmarea_fd, uint64_t start, uint64_t end, int *ret_fd)
{
	_cleanup_close_ int fd = -EBADF;
	uint64_t from, to;
	VmArea area;
	void *at;
	int r;

	r = copy(start, end - start, &fd);
	if (r == 0)
		r = region_carve(start, end);
	for (from = start; r == 0 && from < end; from = to) {
		r = vmarea_find(vmarea_fd, from, &area);
		if (r != 0)
			break;
		to = MIN(area.end, end);
		at = mmap(pointer(from), to - from, area.prot,
			MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd, (off_t)(from - start));
		if (at == MAP_FAILED)
			r = error_origin(-errno);
	}
	if (r == 0)
		*ret_fd = TAKE_FD(fd);
	return r;
}

static Region *find_sharable(uint64_t start, uint64_t end)
{
	Region *region = region_find(start, end);

	if (!region || region->start != start || region->end != end || region->is_frozen ||
		region->inheritance != REGION_INHERIT_COPY || !region_is_intact(region))
		return NULL;
	return region;
}

/* Remembers it, so that a second entry of the same memory is of the same memfd. */
static void remember(uint64_t start, uint64_t end, int fd)
{
	_cleanup_close_ int kept = region_has_room() ? fd_dup(fd) : -EBADF;

	if (kept < 0 || region_add_take(start, end, kept, false) < 0)
		return;
	(void)TAKE_FD(kept);
	region_find(start, end)->is_entry = true;
}

static int share_locked(int vmarea_fd, uint64_t start, uint64_t end, int *ret_fd)
{
	Region *region = find_sharable(start, end);
	int r;

	if (region) {
		r = fd_dup(region->fd);
		if (r < 0)
			return r;
		region->is_entry = true;
		*ret_fd = r;
		return 0;
	}
	r = replace(vmarea_fd, start, end, ret_fd);
	if (r == 0)
		remember(start, end, *ret_fd);
	return r;
}

int region_share(uint64_t address, uint64_t size, int prot, int *ret_fd)
{
	_cleanup_close_ int vmarea_fd = -EBADF;
	uint64_t start, end;
	int r;

	if (size == 0 || !region_pages(address, size, &start, &end))
		return KERN_INVALID_ADDRESS;
	vmarea_fd = vmarea_open();
	if (vmarea_fd < 0)
		return vmarea_fd;
	region_lock();
	r = check(vmarea_fd, start, end, prot | PROT_READ);
	if (r == 0)
		r = share_locked(vmarea_fd, start, end, ret_fd);
	region_unlock();
	return r;
}

/* Room of that size at an address that the mask allows, with nothing in it. */
static int reserve(uint64_t size, uint64_t mask, uint64_t *ret)
{
	uint64_t all, start, aligned;
	void *p;

	if (__builtin_add_overflow(size, mask, &all))
		return KERN_NO_SPACE;
	p = mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return KERN_NO_SPACE;
	start = (uint64_t)(uintptr_t)p;
	aligned = (start + mask) & ~mask;
	if (aligned > start)
		(void)munmap(p, aligned - start);
	if (start + all > aligned + size)
		(void)munmap(pointer(aligned + size), start + all - (aligned + size));
	*ret = aligned;
	return 0;
}

static int map_at(uint64_t start, uint64_t size, int fd, uint64_t offset, int prot, int flags)
{
	void *p;
	int r = 0;

	region_lock();
	if (flags & MAP_FIXED)
		r = region_carve(start, start + size);
	if (r == 0) {
		p = mmap(pointer(start), size, prot, flags, fd, (off_t)offset);
		r = p == MAP_FAILED ? -errno : 0;
	}
	region_unlock();
	switch (r) {
	case 0:
		return 0;
	case -EEXIST:
		return KERN_NO_SPACE;
	case -EPERM:
	case -EACCES:
		return KERN_PROTECTION_FAILURE;
	case -EINVAL:
		return KERN_INVALID_ADDRESS;
	default:
		return KERN_RESOURCE_SHORTAGE;
	}
}

static int map_zeroes(uint64_t start, uint64_t size, int prot, bool overwrite)
{
	int r = region_allocate(&start, size, false, overwrite);

	if (r == 0 && prot != (PROT_READ | PROT_WRITE) &&
		mprotect(pointer(start), size, prot) < 0) {
		(void)region_deallocate(start, size);
		r = KERN_PROTECTION_FAILURE;
	}
	return r;
}

int region_map(const RegionPlace *place, int fd, uint64_t offset, int prot, int flags,
	uint64_t *ret_address)
{
	uint64_t start, end, mask = place->mask | (region_page_size() - 1);
	bool overwrite = place->overwrite || place->anywhere;
	int r;

	if ((mask & (mask + 1)) != 0 || place->size == 0)
		return KERN_INVALID_ARGUMENT;
	if (!region_pages(place->anywhere ? 0 : region_page_trunc(place->address), place->size,
		    &start, &end))
		return KERN_INVALID_ARGUMENT;
	if (!place->anywhere && (start == 0 || (start & mask) != 0))
		return KERN_INVALID_ADDRESS;
	end -= start;
	r = place->anywhere ? reserve(end, mask, &start) : 0;
	if (r != 0)
		return r;
	if (fd < 0)
		r = map_zeroes(start, end, prot, overwrite);
	else
		r = map_at(start, end, fd, offset, prot,
			flags | MAP_NORESERVE | (overwrite ? MAP_FIXED : MAP_FIXED_NOREPLACE));
	if (r != 0 && place->anywhere)
		(void)region_deallocate(start, end);
	if (r == 0)
		*ret_address = start;
	return r;
}
