/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another task's memory, as the descriptors of its task port show it: which of them there are, and
 * whether they may be used in this process or only by one that can be thrown away (guard.h).
 *
 * Nothing here knows what a port is. Every call finds out by itself that the target's image is
 * gone: a mem descriptor then reads 0 bytes, and a query on maps is answered with ESRCH. No
 * question is asked beforehand, which would cost more than the answer is worth.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

/* What a mapping is: as much of it as PROCMAP_QUERY tells. */
typedef struct AccessArea {
	uint64_t start;
	uint64_t end;
	uint64_t offset; /* in the file */
	uint64_t ino;
	uint64_t dev;
	int prot; /* PROT_* */
	bool is_shared;
} AccessArea;

typedef struct Access {
	int maps; /* -EBADF where there is none, as the next */
	int mem;
	uint64_t task; /* no other task has this number */
	uint64_t now_ns; /* access_coarse_now_ns() of this call */
	bool is_guarded;
	uint32_t timeout_ms; /* of each step, where guarded */
} Access;

/* All below return 0, the codes named, or:
 *	MACH_SEND_INVALID_DEST		the target's image is gone
 *	KERN_OPERATION_TIMED_OUT	it did not answer in time: guarded only
 *	KERN_RESOURCE_SHORTAGE		guarded only
 *	-errno */

/* Whether the target's image is gone, by exit or by exec. Does not look at its memory, whose owner could
 * keep it locked for ever; where the kernel itself locks all of it for this (before 6.18), the question
 * is asked as any other: of a guarded target that does not answer nobody knows, and it is not gone. Needs
 * only `maps`. */
bool access_is_gone(const Access *access);

/* The mapping that covers the address, or else the next one above it. KERN_INVALID_ADDRESS: there
 * is none. */
int access_find(const Access *access, uint64_t address, AccessArea *ret) _warn_unused_;

/* Whether all of [address, address+size) is mapped and allows `prot`: KERN_INVALID_ADDRESS or
 * KERN_PROTECTION_FAILURE where not. */
int access_check(const Access *access, uint64_t address, uint64_t size, int prot) _warn_unused_;

/* Copies memory of the target to the caller's, which may be a bad address. Pages that do not allow
 * reading are refused, although the kernel would read them, so far as they were looked at within
 * the last ACCESS_SEEN_NS. KERN_INVALID_ADDRESS, KERN_PROTECTION_FAILURE. */
int access_read(const Access *access, uint64_t address, void *dst, size_t size) _warn_unused_;

#define ACCESS_SEEN_NS UINT64_C(10000000)

/* The other way round. Never writes to what does not allow it, although the kernel would.
 * KERN_INVALID_ADDRESS, KERN_PROTECTION_FAILURE. */
int access_write(
	const Access *access, uint64_t address, const void *src, size_t size) _warn_unused_;

/* The monotonic clock as of the last tick: a few nanoseconds to read, a few milliseconds off. */
uint64_t access_coarse_now_ns(void);
