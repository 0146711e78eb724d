/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading, writing and asking by descriptor.
 *
 * The kernel lets a mem descriptor ignore protections, as a debugger wants it. Mach does not, so
 * they are asked for first. For an 8-byte read that question would be half as dear as the read
 * itself; so each thread remembers the last readable range it saw, for a moment. What is forgotten
 * by that is only a protection that changed meanwhile: whether the memory is there at all, and
 * whose it is, the read itself says each time. Writes remember nothing.
 *
 * Large reads are shared among several threads: the kernel copies page by page through a page of
 * its own, which takes twice as long as process_vm_readv() on one CPU.
 */
#include "task/access.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <pthread.h>

#include <mach/kern_return.h>
#include <mach/message.h>

#include "base/error.h"
#include "base/kernel.h"
#include "task/guard.h"

/* From here on several threads read, this much at a time, and at most so many. */
#define SHARED_MIN (UINT64_C(8) << 20)
#define SHARED_CHUNK (UINT64_C(1) << 20)
#define SHARED_THREADS_MAX 4

/* The last range that was seen to be readable, by this thread. */
typedef struct Seen {
	uint64_t task;
	uint64_t start;
	uint64_t end;
	uint64_t until_ns;
} Seen;

/* Of the model that costs no call: the library is there from the start, or the loader has room. */
static _Thread_local Seen seen __attribute__((__tls_model__("initial-exec")));

uint64_t access_coarse_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static int query(const Access *access, KernelProcmapQuery *q)
{
	GuardCall call = {
		.op = GUARD_IOCTL,
		.fd = access->maps,
		.where = KERNEL_PROCMAP_QUERY,
		.buffer = q,
		.size = sizeof(*q),
	};
	ssize_t result;
	int r;

	if (!access->is_guarded)
		return ioctl(access->maps, KERNEL_PROCMAP_QUERY, q) < 0 ? -errno : 0;
	r = guard_run(&call, access->timeout_ms, &result);
	return r != 0 ? r : (int)result;
}

/* From there on a query locks the one mapping that it tells of, and none if there is none. */
static bool is_query_free(void)
{
	static atomic_int known; /* 1: it is, -1: it is not */
	int state = atomic_load_explicit(&known, memory_order_relaxed);

	if (state == 0) {
		state = kernel_is_at_least(6, 18) ? 1 : -1;
		atomic_store_explicit(&known, state, memory_order_relaxed);
	}
	return state > 0;
}

bool access_is_gone(const Access *access)
{
	/* Nothing is mapped at the last address, or above. */
	KernelProcmapQuery q = {.size = sizeof(q), .query_addr = UINT64_MAX};
	Access plain = *access;

	if (is_query_free())
		plain.is_guarded = false;
	return query(&plain, &q) == -ESRCH;
}

int access_find(const Access *access, uint64_t address, AccessArea *ret)
{
	KernelProcmapQuery q = {
		.size = sizeof(q),
		.query_flags = KERNEL_PROCMAP_COVERING_OR_NEXT,
		.query_addr = address,
	};
	int r = query(access, &q);

	if (r == -ENOENT)
		return KERN_INVALID_ADDRESS;
	if (r == -ESRCH)
		return MACH_SEND_INVALID_DEST;
	if (r != 0)
		return error_origin(r);
	ret->start = q.vma_start;
	ret->end = q.vma_end;
	ret->offset = q.vma_offset;
	ret->ino = q.inode;
	ret->dev = makedev(q.dev_major, q.dev_minor);
	ret->prot = (q.vma_flags & KERNEL_PROCMAP_VMA_READABLE ? PROT_READ : 0) |
		    (q.vma_flags & KERNEL_PROCMAP_VMA_WRITABLE ? PROT_WRITE : 0) |
		    (q.vma_flags & KERNEL_PROCMAP_VMA_EXECUTABLE ? PROT_EXEC : 0);
	ret->is_shared = (q.vma_flags & KERNEL_PROCMAP_VMA_SHARED) != 0;
	return 0;
}

/* Walks over the range; *ret is the last mapping of it. */
static int check(
	const Access *access, uint64_t address, uint64_t size, int prot, AccessArea *ret_last)
{
	uint64_t end;
	int r;

	if (__builtin_add_overflow(address, size, &end))
		return KERN_INVALID_ADDRESS;
	for (; address < end; address = ret_last->end) {
		r = access_find(access, address, ret_last);
		if (r != 0)
			return r;
		if (ret_last->start > address)
			return KERN_INVALID_ADDRESS;
		if ((ret_last->prot & prot) != prot)
			return KERN_PROTECTION_FAILURE;
	}
	return 0;
}

int access_check(const Access *access, uint64_t address, uint64_t size, int prot)
{
	AccessArea last = {0};

	return check(access, address, size, prot, &last);
}

static bool was_seen(const Access *access, uint64_t address, uint64_t size)
{
	return seen.task == access->task && address >= seen.start && address < seen.end &&
	       size <= seen.end - address && access->now_ns < seen.until_ns;
}

static int check_readable(const Access *access, uint64_t address, uint64_t size)
{
	AccessArea last = {0};
	int r;

	if (was_seen(access, address, size))
		return 0;
	r = check(access, address, size, PROT_READ, &last);
	if (r != 0)
		return r;
	seen.task = access->task;
	seen.start = MIN(address, last.start);
	seen.end = last.end;
	seen.until_ns = access->now_ns + ACCESS_SEEN_NS;
	return 0;
}

/* What a read or write of `size` bytes returned: how far it came. */
static int judge(ssize_t n, size_t *ret_done)
{
	if (n > 0) {
		*ret_done = (size_t)n;
		return 0;
	}
	if (n == 0)
		return MACH_SEND_INVALID_DEST;
	/* EIO: nothing there, or nothing that can be read; EFAULT: the caller's own memory. */
	return n == -EIO || n == -EFAULT || n == -EINVAL || n == -EOVERFLOW ? KERN_INVALID_ADDRESS
									    : error_origin((int)n);
}

static int read_plainly(int mem, uint64_t address, char *dst, size_t size)
{
	while (size > 0) {
		ssize_t n = pread(mem, dst, size, (off_t)address);
		size_t done = 0;
		int r = judge(n < 0 ? -errno : n, &done);

		if (r != 0)
			return r;
		address += done;
		dst += done;
		size -= done;
	}
	return 0;
}

/* A large read, of which each thread takes the next piece. */
typedef struct Shared {
	int mem;
	uint64_t address;
	char *dst;
	uint64_t size;
	_Atomic uint64_t next;
	atomic_int result;
} Shared;

static void *shared_main(void *arg)
{
	Shared *s = arg;

	while (atomic_load_explicit(&s->result, memory_order_relaxed) == 0) {
		uint64_t at = atomic_fetch_add(&s->next, SHARED_CHUNK);
		int r, none = 0;

		if (at >= s->size)
			break;
		r = read_plainly(s->mem, s->address + at, s->dst + at,
			(size_t)MIN(SHARED_CHUNK, s->size - at));
		if (r != 0)
			atomic_compare_exchange_strong(&s->result, &none, r);
	}
	return NULL;
}

static unsigned count_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : (unsigned)CPU_COUNT(&set);
}

static int read_shared(int mem, uint64_t address, char *dst, size_t size)
{
	unsigned n = MIN(count_cpus(), (unsigned)SHARED_THREADS_MAX), n_started = 0;
	Shared s = {.mem = mem, .address = address, .dst = dst, .size = size};
	pthread_t threads[SHARED_THREADS_MAX];
	sigset_t all, old;
	int cancel;

	/* The others work on what is ours. */
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &old);
	while (n_started + 1 < n && pthread_create(&threads[n_started], NULL, shared_main, &s) == 0)
		n_started++;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)shared_main(&s);
	for (unsigned i = 0; i < n_started; i++)
		(void)pthread_join(threads[i], NULL);
	(void)pthread_setcancelstate(cancel, NULL);
	return atomic_load(&s.result);
}

/* Piece by piece, as much at a time as the guard takes. */
static int copy_guarded(
	const Access *access, GuardOp op, uint64_t address, void *buffer, size_t size)
{
	GuardCall call = {.op = op, .fd = access->mem, .where = address, .buffer = buffer};
	size_t done = 0;
	ssize_t n;
	int r;

	for (; size > 0; size -= done) {
		call.size = MIN(size, (size_t)GUARD_SIZE_MAX);
		r = guard_run(&call, access->timeout_ms, &n);
		if (r == 0)
			r = judge(n, &done);
		if (r != 0)
			return r;
		call.where += done;
		call.buffer = (char *)call.buffer + done;
	}
	return 0;
}

int access_read(const Access *access, uint64_t address, void *dst, size_t size)
{
	int r;

	if (size == 0)
		return 0;
	r = check_readable(access, address, size);
	if (r != 0)
		return r;
	if (access->is_guarded)
		return copy_guarded(access, GUARD_READ, address, dst, size);
	if (size < SHARED_MIN)
		return read_plainly(access->mem, address, dst, size);
	return read_shared(access->mem, address, dst, size);
}

int access_write(const Access *access, uint64_t address, const void *src, size_t size)
{
	const char *from = src;
	int r;

	if (size == 0)
		return 0;
	r = access_check(access, address, size, PROT_WRITE);
	if (r != 0)
		return r;
	if (access->is_guarded)
		return copy_guarded(access, GUARD_WRITE, address, (void *)(uintptr_t)src, size);
	while (size > 0) {
		ssize_t n = pwrite(access->mem, from, size, (off_t)address);
		size_t done = 0;

		r = judge(n < 0 ? -errno : n, &done);
		if (r != 0)
			return r;
		address += done;
		from += done;
		size -= done;
	}
	return 0;
}
