/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that the library allocated (vm_allocate, received out-of-line memory), and the
 * forms in which memory travels.
 *
 * A large region is a shared mapping of a memfd of its own, so that sending it with
 * `deallocate` is: unmap, seal, pass the descriptor. No byte is copied whatever the
 * size. Small ones (below REGION_MOVE_MIN) are anonymous: copying them is cheaper.
 *
 * Sending such a region without `deallocate` makes it frozen: the memfd is sealed and passed, and
 * what the sender has from then on is a private mapping of it, so either side copies the pages that
 * it writes to, and only those. A region that was received is frozen from the start. As long as
 * nothing was written to it, a frozen region can be sent again without a copy; after that it is
 * memory like any other.
 *
 * A fork would share a mapping instead of copying it, so before a fork each region is frozen.
 *
 * Regions have a lock of their own, below the task's lock.
 */
#pragma once

#include "port/types.h"

#define REGION_MOVE_MIN (UINT64_C(64) * 1024)

/* Below this, copying is cheaper than the page faults on both sides that sharing brings. */
#define REGION_SHARE_MIN (UINT64_C(1024) * 1024)

/* What a fork child gets of a range; the values are those of VM_INHERIT_*. */
typedef enum RegionInheritance {
	REGION_INHERIT_SHARE,
	REGION_INHERIT_COPY,
	REGION_INHERIT_NONE,
} RegionInheritance;

/* Allocates `size` bytes (rounded up to pages, zero-filled) at *address (exactly there if
 * !anywhere; MAP_FIXED_NOREPLACE unless `overwrite`). Returns 0, KERN_NO_SPACE,
 * KERN_INVALID_ADDRESS, KERN_INVALID_ARGUMENT. size 0: *address = 0 and success. */
int region_allocate(uint64_t *address, uint64_t size, bool anywhere, bool overwrite);

/* Unmaps any range, whole regions or parts; ranges that were not allocated here are
 * unmapped too, as on Mach. Returns 0, KERN_INVALID_ADDRESS, KERN_INVALID_ARGUMENT,
 * KERN_RESOURCE_SHORTAGE (the kernel has no room for another mapping; nothing was unmapped). */
int region_deallocate(uint64_t address, uint64_t size);

/* Sets what fork children get of the range: RegionInheritance. Returns 0, KERN_INVALID_ADDRESS,
 * KERN_INVALID_ARGUMENT, KERN_NOT_SUPPORTED (private memory cannot be shared). */
int region_inherit(uint64_t address, uint64_t size, unsigned inheritance);

/* Takes [address, address+size) out of this process as a sealed memfd, without a copy.
 * Succeeds only if it is one whole movable region. On success the memory is unmapped,
 * *ret_fd (owned by the caller) holds `size` bytes from *ret_offset, and nothing else.
 * Returns 0, KERN_FAILURE (not movable: copy instead), -errno. */
int region_extract(uint64_t address, uint64_t size, int *ret_fd, uint64_t *ret_offset);

/* Copies [address, address+size) into a sealed memfd, or shares it (see above); it holds nothing
 * else. A bad address is MACH_SEND_INVALID_MEMORY, not a fault. Returns 0, that, or -errno. */
int region_copy_to_memfd(uint64_t address, uint64_t size, int *ret_fd);

/* Copies `size` bytes from a possibly bad address of this process into dst; returns 0 or
 * KERN_INVALID_ADDRESS, never faults. */
int region_copy_in(void *dst, uint64_t address, size_t size);

/* The other way round: from good memory to a possibly bad address. */
int region_copy_out(uint64_t address, const void *src, size_t size);

/* Maps a sealed memfd that came from a peer: the seals are checked (no writer, no shrinking
 * is left; hugetlbfs refused) and [offset, offset+size) must lie inside. The mapping is
 * private, readable and writable, and belongs to whoever vm_deallocate()s it. Consumes fd in every
 * case, never blocks on it. size 0: *ret_address = 0. Returns 0, KERN_INVALID_ARGUMENT (hostile or
 * wrong: drop the message), KERN_NO_SPACE, -errno. */
int region_map_consume(int fd, uint64_t offset, uint64_t size, uint64_t *ret_address);

/* Makes [address, address+size), in whole pages, memory that can be shared: a shared mapping of a
 * memfd which holds it, and nothing else, from offset 0. If it is not that already, its contents
 * are copied, and what other threads write meanwhile is lost. The memory is not moved nor frozen
 * from then on, and fork children share it. *ret_fd is the caller's. Returns 0,
 * KERN_INVALID_ADDRESS, KERN_PROTECTION_FAILURE (it does not allow `prot`), KERN_NOT_SUPPORTED
 * (part of it belongs to a file or is shared otherwise) or -errno. */
int region_share(uint64_t address, uint64_t size, int prot, int *ret_fd);

typedef struct RegionPlace {
	uint64_t address; /* unless anywhere */
	uint64_t size;
	uint64_t mask; /* bits that have to be 0 in the address */
	bool anywhere;
	bool overwrite;
} RegionPlace;

/* Maps a file at a place, or zeroes where fd is negative: then it is memory like that of
 * region_allocate(). `flags` is MAP_SHARED or MAP_PRIVATE. Returns 0, KERN_NO_SPACE,
 * KERN_INVALID_ADDRESS, KERN_INVALID_ARGUMENT, KERN_PROTECTION_FAILURE (the file does not allow
 * it) or KERN_RESOURCE_SHORTAGE. */
int region_map(const RegionPlace *place, int fd, uint64_t offset, int prot, int flags,
	uint64_t *ret_address);

/* Fork: see above. Called from the task's atfork handlers. */
void region_before_fork(void);
void region_after_fork_parent(void);
void region_after_fork_child(void);
