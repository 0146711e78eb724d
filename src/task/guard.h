/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One system call in a process that can be thrown away.
 *
 * Whoever touches the memory of another process may have to wait for it: a page of it may belong
 * to a FUSE server, or to a userfaultfd, that never answers, and the list of its mappings may be
 * locked by somebody who waits there. Of a process that could kill us anyway we do not mind; of
 * any other one we do. So the call is made by a process of its own, which shares our memory, but
 * neither our descriptors nor our thread group, and which is killed when the deadline has passed.
 *
 * A thread would not do: none can be killed alone, and one that hangs in the kernel keeps the whole
 * process from ending. Nor would fork(): it copies the page tables, and runs handlers of others.
 * doc/design/0011-reading-hostile-tasks.md has the figures.
 *
 * Some waits of the kernel end not even by SIGKILL. Then the process is left behind, with the
 * memory that the kernel may still write to: so that is never the caller's, but a buffer which is
 * freed when the process has gone. At most GUARD_STUCK_MAX are left behind at a time.
 *
 * Any thread may call this, at any time. Signals to the calling thread wait until it returns.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

#define GUARD_STUCK_MAX 16

/* The most that one call moves. */
#define GUARD_SIZE_MAX (1024u * 1024u)

typedef enum GuardOp {
	GUARD_READ, /* pread at offset `where` */
	GUARD_WRITE, /* pwrite */
	GUARD_READ_FILE, /* the same as GUARD_READ, of a file whose path is in the buffer; `fd` is not used */
	GUARD_IOCTL, /* request `where`, with the buffer for an argument, both ways */
} GuardOp;

typedef struct GuardCall {
	GuardOp op;
	int fd;
	uint64_t where;
	void *buffer;
	size_t size;
} GuardCall;

/* *ret_result is what the system call returned, or -errno of it. Returns 0,
 * KERN_OPERATION_TIMED_OUT, KERN_RESOURCE_SHORTAGE (no memory or process for it, or too many are
 * stuck) or -errno. */
int guard_run(const GuardCall *call, uint32_t timeout_ms, ssize_t *ret_result) _warn_unused_;
