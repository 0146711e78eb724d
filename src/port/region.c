/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of regions.
 *
 * Only memory with a memfd behind it is registered: what is anonymous needs no record to be unmapped
 * or copied. The records lie in a tree by address, in which ranges that overlap count as equal, so
 * that a search for a range finds a region that it touches; and in a list, for forks.
 *
 * The record is a hint, not the truth: programs call munmap(), mmap() and mprotect() on such memory
 * too. Before the memfd is taken for what is at the address, the kernel is asked (vmarea.h), and
 * where a mapping is replaced, each piece keeps its protection and what is not ours is left alone.
 *
 * Descriptors are bounded: REGION_FD_SHARE of the limit goes to regions, beyond that memory is
 * anonymous and does not move without a copy.
 *
 * A region that is cut is given up: what is left of it becomes private memory like any other, after
 * the pages that were cut out were given back to the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/memfd.h"
#include "port/region_private.h"
#include "port/vmarea.h"

#define REGION_FD_SHARE 4

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *tree;
static TAILQ_HEAD(RegionList, Region) regions = TAILQ_HEAD_INITIALIZER(regions);
static unsigned n_regions;

void region_lock(void)
{
	pthread_mutex_lock(&lock);
}

void region_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

bool region_pages(uint64_t address, uint64_t size, uint64_t *ret_start, uint64_t *ret_end)
{
	uint64_t mask = region_page_size() - 1, end;

	if (__builtin_add_overflow(address, size, &end) || __builtin_add_overflow(end, mask, &end))
		return false;
	*ret_start = address & ~mask;
	*ret_end = end & ~mask;
	return true;
}

bool region_has_room(void)
{
	return n_regions < (unsigned)fd_limit() / REGION_FD_SHARE;
}

static int compare(const void *a, const void *b)
{
	const Region *x = a, *y = b;

	if (x->end <= y->start)
		return -1;
	return x->start >= y->end;
}

Region *region_find(uint64_t start, uint64_t end)
{
	Region key = {.start = start, .end = end}, **found;

	found = tfind(&key, &tree, compare);
	return found ? *found : NULL;
}

int region_add_take(uint64_t start, uint64_t end, int fd, bool is_frozen)
{
	_cleanup_free_ Region *region = calloc(1, sizeof(*region));

	if (!region)
		return error_origin(-ENOMEM);
	*region = (Region){
		.start = start,
		.end = end,
		.fd = fd,
		.is_frozen = is_frozen,
		.inheritance = REGION_INHERIT_COPY,
	};
	if (!tsearch(region, &tree, compare))
		return error_origin(-ENOMEM);
	TAILQ_INSERT_TAIL(&regions, region, link);
	n_regions++;
	region = NULL;
	return 0;
}

int region_remove(Region *region)
{
	_cleanup_free_ Region *gone = region;

	tdelete(region, &tree, compare);
	TAILQ_REMOVE(&regions, region, link);
	n_regions--;
	return gone->fd;
}

static bool area_is_ours(const VmArea *area, const struct stat *st)
{
	return area->ino == st->st_ino && area->dev == st->st_dev;
}

bool region_is_intact(const Region *region)
{
	_cleanup_close_ int fd = vmarea_open();
	uint64_t at = region->start;
	struct stat st;
	VmArea area;

	/* Without /proc the record is all there is. */
	if (fd < 0)
		return true;
	if (fstat(region->fd, &st) < 0)
		return false;
	while (at < region->end) {
		if (vmarea_find(fd, at, &area) != 0 || area.start > at ||
			!area_is_ours(&area, &st) || area.is_shared == region->is_frozen ||
			area.offset + (at - area.start) != at - region->start)
			return false;
		at = area.end;
	}
	return true;
}

static int remap_private(const Region *region, uint64_t start, uint64_t end, int prot)
{
	void *p = mmap((void *)(uintptr_t)start, end - start, prot,
		MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, region->fd,
		(off_t)(start - region->start));

	return p == MAP_FAILED ? error_origin(-errno) : 0;
}

static int remap_pieces(const Region *region, int vmarea_fd)
{
	uint64_t at = region->start;
	struct stat st;
	VmArea area;
	int r;

	if (fstat(region->fd, &st) < 0)
		return error_origin(-errno);
	while (at < region->end) {
		r = vmarea_find(vmarea_fd, at, &area);
		if (r != 0)
			return r < 0 ? r : 0;
		if (area.start >= region->end)
			break;
		at = MIN(area.end, region->end);
		area.start = MAX(area.start, region->start);
		if (!area.is_shared || !area_is_ours(&area, &st))
			continue;
		r = remap_private(region, area.start, at, area.prot);
		if (r < 0)
			return r;
	}
	return 0;
}

int region_privatise(Region *region)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (region->is_frozen)
		return 0;
	fd = vmarea_open();
	if (fd < 0)
		r = remap_private(region, region->start, region->end, PROT_READ | PROT_WRITE);
	else
		r = remap_pieces(region, fd);
	/* The advice went with the old mapping. */
	if (r == 0 && region->inheritance == REGION_INHERIT_NONE)
		(void)madvise((void *)(uintptr_t)region->start, region->end - region->start,
			MADV_DONTFORK);
	return r;
}

int region_freeze(Region *region)
{
	int r;

	if (region->is_frozen)
		return 0;
	r = region_privatise(region);
	if (r == 0)
		r = memfd_seal(region->fd);
	if (r < 0) {
		fd_close(region_remove(region));
		return r;
	}
	region->is_frozen = true;
	return 0;
}

/* What is left of such memory, and all that others have of it, stays as it is. */
static bool is_shared_out(const Region *region)
{
	return region->is_entry || region->inheritance == REGION_INHERIT_SHARE;
}

int region_carve(uint64_t start, uint64_t end)
{
	Region *region;
	int r;

	while ((region = region_find(start, end))) {
		uint64_t from = MAX(start, region->start), to = MIN(end, region->end);

		if (!is_shared_out(region) && (from > region->start || to < region->end)) {
			if (!region->is_frozen)
				(void)fallocate(region->fd,
					FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
					(off_t)(from - region->start), (off_t)(to - from));
			r = region_privatise(region);
			if (r < 0)
				return r;
		}
		fd_close(region_remove(region));
	}
	return 0;
}

/* What mmap() said, as region_allocate() returns it. */
static int fold_mmap(int error, bool anywhere)
{
	switch (error) {
	case EEXIST:
		return KERN_NO_SPACE;
	case EPERM:
	case EINVAL:
		return anywhere ? KERN_INVALID_ARGUMENT : KERN_INVALID_ADDRESS;
	default:
		return anywhere ? KERN_NO_SPACE : KERN_INVALID_ADDRESS;
	}
}

static int map_anonymous(uint64_t *address, uint64_t size, int flags)
{
	void *p = mmap((void *)(uintptr_t)*address, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	*address = (uint64_t)(uintptr_t)p;
	return 0;
}

/* Returns 0, or -errno: for want of what only this kind needs, or because of the address. */
static int map_movable(uint64_t *address, uint64_t size, int flags)
{
	_cleanup_close_ int fd = memfd_new("mach-vm");
	uint64_t start;
	void *p;
	int r;

	if (fd < 0)
		return fd;
	if (ftruncate(fd, (off_t)size) < 0)
		return -errno;
	p = mmap((void *)(uintptr_t)*address, size, PROT_READ | PROT_WRITE, MAP_SHARED | flags, fd,
		0);
	if (p == MAP_FAILED)
		return -errno;
	start = (uint64_t)(uintptr_t)p;
	r = region_add_take(start, start + size, fd, false);
	if (r < 0) {
		(void)munmap(p, size);
		return r;
	}
	(void)TAKE_FD(fd);
	*address = start;
	return 0;
}

static int allocate_locked(uint64_t *address, uint64_t size, int flags)
{
	int r = -EMFILE;

	if (flags & MAP_FIXED) {
		r = region_carve(*address, *address + size);
		if (r < 0)
			return r;
	}
	if (size >= REGION_MOVE_MIN && region_has_room())
		r = map_movable(address, size, flags);
	else
		r = -EMFILE;
	if (r < 0 && r != -EEXIST)
		r = map_anonymous(address, size, flags);
	return r;
}

int region_allocate(uint64_t *address, uint64_t size, bool anywhere, bool overwrite)
{
	uint64_t start = 0, end;
	int flags = 0, r;

	if (size == 0) {
		*address = 0;
		return 0;
	}
	/* Never the hint of the caller: the original ignores it as well. */
	if (!region_pages(anywhere ? 0 : region_page_trunc(*address), size, &start, &end))
		return KERN_INVALID_ARGUMENT;
	/* Whoever may use page zero could not tell it from no memory at all. */
	if (!anywhere && start == 0)
		return KERN_INVALID_ADDRESS;
	if (!anywhere)
		flags = overwrite ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	region_lock();
	r = allocate_locked(&start, end - start, flags);
	region_unlock();
	if (r < 0)
		return fold_mmap(-r, anywhere);
	*address = start;
	return 0;
}

int region_deallocate(uint64_t address, uint64_t size)
{
	uint64_t start, end;
	int r;

	if (!region_pages(address, size, &start, &end))
		return KERN_INVALID_ARGUMENT;
	if (size == 0)
		return 0;
	region_lock();
	r = region_carve(start, end);
	if (r == 0 && munmap((void *)(uintptr_t)start, end - start) < 0)
		r = -errno;
	region_unlock();
	if (r == -EINVAL)
		return KERN_INVALID_ADDRESS;
	return r < 0 ? KERN_RESOURCE_SHORTAGE : 0;
}

static int inherit_advise(uint64_t start, uint64_t end, unsigned inheritance)
{
	int advice = inheritance == REGION_INHERIT_NONE ? MADV_DONTFORK : MADV_DOFORK;

	if (madvise((void *)(uintptr_t)start, end - start, advice) == 0)
		return 0;
	return errno == ENOMEM ? KERN_INVALID_ADDRESS : KERN_INVALID_ARGUMENT;
}

static int inherit_locked(uint64_t start, uint64_t end, unsigned inheritance)
{
	Region *region = region_find(start, end);
	int r;

	if (region && region->is_entry && inheritance == REGION_INHERIT_COPY)
		return KERN_NOT_SUPPORTED;
	if (region && region->is_entry)
		return inherit_advise(start, end, inheritance);
	if (region && !region->is_frozen && region->start == start && region->end == end) {
		r = inherit_advise(start, end, inheritance);
		if (r == 0)
			region->inheritance = (uint8_t)inheritance;
		return r;
	}
	if (inheritance == REGION_INHERIT_SHARE)
		return KERN_NOT_SUPPORTED;
	/* A mapping that is replaced later would forget the advice: replace it now. */
	while ((region = region_find(start, end))) {
		r = region_privatise(region);
		if (r < 0)
			return KERN_RESOURCE_SHORTAGE;
		fd_close(region_remove(region));
	}
	return inherit_advise(start, end, inheritance);
}

int region_inherit(uint64_t address, uint64_t size, unsigned inheritance)
{
	uint64_t start, end;
	int r;

	if (inheritance > REGION_INHERIT_NONE || !region_pages(address, size, &start, &end))
		return KERN_INVALID_ARGUMENT;
	if (size == 0)
		return 0;
	region_lock();
	r = inherit_locked(start, end, inheritance);
	region_unlock();
	return r;
}

void region_before_fork(void)
{
	Region *region, *next;

	region_lock();
	TAILQ_FOREACH_SAFE (region, &regions, link, next)
		if (region->inheritance == REGION_INHERIT_COPY && !region->is_entry &&
			region_freeze(region) < 0)
			log_warning(
				"a fork child will see what is written to memory of its parent");
}

void region_after_fork_parent(void)
{
	region_unlock();
}

void region_after_fork_child(void)
{
	Region *region, *next;

	/* The memory stays. */
	TAILQ_FOREACH_SAFE (region, &regions, link, next)
		fd_close(region_remove(region));
	pthread_mutex_unlock(&lock);
}
