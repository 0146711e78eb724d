/* SPDX-License-Identifier: Apache-2.0 */
/* What region.c (the registry) and region_travel.c (sending and receiving) share. */
#pragma once

#include <unistd.h>

#include "base/list.h"
#include "port/region.h"

/*
 * A range of memory with a memfd behind it: all of it, from offset 0. Movable: the one shared
 * mapping of it that is writable is ours. Frozen: the memfd is sealed, the mapping private.
 */
typedef struct Region {
	uint64_t start;
	uint64_t end;
	int fd;
	bool is_frozen;
	bool is_entry; /* others may have it too, by a memory entry: it stays the mapping it is */
	uint8_t inheritance; /* RegionInheritance; frozen ones are always copied, or not inherited */
	TAILQ_ENTRY(Region) link;
} Region;

static inline uint64_t region_page_size(void)
{
	return (uint64_t)getpagesize();
}

static inline uint64_t region_page_trunc(uint64_t address)
{
	return address & ~(region_page_size() - 1);
}

/* Both ends of [address, address+size) in whole pages. Returns false if the range wraps around. */
bool region_pages(uint64_t address, uint64_t size, uint64_t *ret_start, uint64_t *ret_end);

/* All below: with the lock. */
void region_lock(void);
void region_unlock(void);

/* Whether another descriptor may be spent on a region. */
bool region_has_room(void);

/* Some region that overlaps the range, or NULL. */
Region *region_find(uint64_t start, uint64_t end);

/* Registers a mapping. Returns 0 or -ENOMEM. */
int region_add_take(uint64_t start, uint64_t end, int fd, bool is_frozen);

/* Forgets it; the mapping stays as it is. The descriptor is the caller's. */
int region_remove(Region *region);

/* [start, end) is about to be unmapped or mapped anew: no record may overlap it any more. Returns 0
 * or -errno. */
int region_carve(uint64_t start, uint64_t end);

/* Whether the memory is still one mapping of the region's memfd, as the program may have done with
 * it what it liked, by other calls than ours. */
bool region_is_intact(const Region *region);

/* Makes the shared mapping a private one, page by page the same. Returns 0 or -errno. */
int region_privatise(Region *region);

/* Makes a movable region frozen. On failure it is forgotten, and is memory like any other.
 * Returns 0 or -errno. */
int region_freeze(Region *region);
