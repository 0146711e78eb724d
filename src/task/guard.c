/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disposable process.
 *
 * It begins with clone(CLONE_VM | CLONE_FILES): no page table and no descriptor is copied. Its
 * first act is to give up all descriptors but the one it works on: as long as it is stuck it must
 * not keep anything of ours alive. It has no exit signal, so the program does not hear of it, nor
 * does a waitpid() of the program find it.
 *
 * It shares even the caller's thread area, errno included; that is sound because the caller waits
 * without touching it, and because a process that was killed never comes back from the kernel.
 *
 * Those left behind are in a list without a lock, which fork children can drop: their copy of the
 * memory is not there (MADV_DONTFORK).
 */
#include "task/guard.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mach/kern_return.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/sanitizer.h"
#include "port/region.h"

#define STACK_SIZE (32u * 1024u)

/* How long one that was killed may take to die before it counts as stuck. */
#define GRACE_MS 50

#if defined(__clang__)
#define unsanitized_ __attribute__((__no_sanitize__("address", "thread", "undefined")))
#else
#define unsanitized_                                                                               \
	__attribute__((__no_sanitize_address__, __no_sanitize_thread__, __no_sanitize_undefined__))
#endif

/* ThreadSanitizer takes the place of clone(), for a child with memory of its own. */
#if UNDER_TSAN
int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);
#define clone __clone
#endif

typedef struct Block {
	struct Block *next; /* of those left behind */
	size_t mapped;
	pid_t owner; /* whose process it is */
	int pidfd;
	int fd;
	GuardOp op;
	uint64_t where;
	size_t size;
	atomic_bool is_done;
	ssize_t result;
	char stack[STACK_SIZE] __attribute__((__aligned__(64)));
	char buffer[];
} Block;

static _Atomic(Block *) stuck;
static atomic_uint n_stuck;

static Block *block_new(const GuardCall *call)
{
	size_t mapped = sizeof(Block) + call->size;
	Block *block = mmap(
		NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (block == MAP_FAILED)
		return NULL;
	(void)madvise(block, mapped, MADV_DONTFORK);
	block->mapped = mapped;
	block->owner = getpid();
	block->pidfd = -EBADF;
	block->op = call->op;
	block->fd = call->fd;
	block->where = call->where;
	block->size = call->size;
	return block;
}

static void block_free(Block *block)
{
	fd_close(block->pidfd);
	(void)munmap(block, block->mapped);
}

unsanitized_ static ssize_t make_call(Block *block)
{
	switch (block->op) {
	case GUARD_READ_FILE:
		block->fd = (int)syscall(SYS_openat, AT_FDCWD, block->buffer, O_RDONLY | O_CLOEXEC);
		if (block->fd < 0)
			return -1;
		__attribute__((__fallthrough__));
	case GUARD_READ:
		return syscall(SYS_pread64, block->fd, block->buffer, block->size, block->where);
	case GUARD_WRITE:
		return syscall(SYS_pwrite64, block->fd, block->buffer, block->size, block->where);
	case GUARD_IOCTL:
		return syscall(SYS_ioctl, block->fd, block->where, block->buffer);
	}
	return -1;
}

unsanitized_ static int guard_main(void *arg)
{
	Block *block = arg;
	unsigned fd = (unsigned)block->fd;
	ssize_t result;

	if (syscall(SYS_close_range, fd + 1, ~0u, CLOSE_RANGE_UNSHARE) < 0)
		return 1;
	if (fd > 0 && syscall(SYS_close_range, 0u, fd - 1, 0u) < 0)
		return 1;
	if (syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
		syscall(SYS_getppid) != block->owner)
		return 1;
	result = make_call(block);
	block->result = result < 0 ? -errno : result;
	atomic_store_explicit(&block->is_done, true, memory_order_release);
	return 0;
}

/* Returns whether the process has ended, by then. */
static bool wait_for(const Block *block, Deadline deadline)
{
	struct pollfd p = {.fd = block->pidfd, .events = POLLIN};

	while (poll(&p, 1, deadline_to_poll_ms(deadline)) <= 0) {
		if (deadline_is_past(deadline))
			return false;
	}
	return true;
}

/* Of one that has ended. */
static void reap(const Block *block)
{
	siginfo_t info;

	/* A program that waits for processes of all kinds may have been quicker. */
	(void)waitid(P_PIDFD, (id_t)block->pidfd, &info, WEXITED | __WALL);
}

static void leave_behind(Block *block)
{
	atomic_fetch_add(&n_stuck, 1);
	block->next = atomic_load(&stuck);
	while (!atomic_compare_exchange_weak(&stuck, &block->next, block))
		;
}

/* Frees those that have ended since. */
static void look_after_stuck(void)
{
	Block *block = atomic_exchange(&stuck, NULL), *next;

	for (; block; block = next) {
		next = block->next;
		if (wait_for(block, 0)) {
			reap(block);
			block_free(block);
		} else {
			leave_behind(block);
		}
		atomic_fetch_sub(&n_stuck, 1);
	}
}

static void after_fork_child(void)
{
	atomic_store(&stuck, NULL);
	atomic_store(&n_stuck, 0);
}

__attribute__((__constructor__)) static void guard_init(void)
{
	(void)pthread_atfork(NULL, NULL, after_fork_child);
}

static int start(Block *block)
{
	int pidfd = -EBADF, r;

	r = clone(guard_main, block->stack + STACK_SIZE, CLONE_VM | CLONE_FILES | CLONE_PIDFD,
		block, &pidfd);
	if (r < 0)
		return -errno;
	block->pidfd = pidfd;
	return 0;
}

/* With all signals blocked. Returns -EBUSY if the block was left behind. */
static int run(Block *block, uint32_t timeout_ms)
{
	int r = start(block);

	if (r == -EAGAIN || r == -ENOMEM || r == -EMFILE || r == -ENFILE)
		return KERN_RESOURCE_SHORTAGE;
	if (r < 0)
		return error_origin(r);
	if (wait_for(block, deadline_after_ms(timeout_ms))) {
		reap(block);
		return 0;
	}
	(void)syscall(SYS_pidfd_send_signal, block->pidfd, SIGKILL, NULL, 0);
	if (!wait_for(block, deadline_after_ms(GRACE_MS))) {
		leave_behind(block);
		return -EBUSY;
	}
	reap(block);
	return KERN_OPERATION_TIMED_OUT;
}

/* The caller's memory may be anything. */
static int give_input(Block *block, const GuardCall *call)
{
	if (call->op == GUARD_READ || call->size == 0)
		return 0;
	return region_copy_in(block->buffer, (uintptr_t)call->buffer, call->size);
}

static int take_result(const Block *block, const GuardCall *call, ssize_t *ret_result)
{
	size_t size = call->op == GUARD_IOCTL ? call->size : 0;

	if (!atomic_load_explicit(&block->is_done, memory_order_acquire))
		return error_origin(-EIO);
	if ((call->op == GUARD_READ || call->op == GUARD_READ_FILE) && block->result > 0)
		size = (size_t)block->result;
	*ret_result = block->result;
	if (size > 0 && region_copy_out((uintptr_t)call->buffer, block->buffer, size) != 0)
		*ret_result = -EFAULT;
	return 0;
}

static int run_blocked(Block *block, uint32_t timeout_ms)
{
	int r, cancel;
	sigset_t all, old;

	sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, &old);
	(void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	r = run(block, timeout_ms);
	(void)pthread_setcancelstate(cancel, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

int guard_run(const GuardCall *call, uint32_t timeout_ms, ssize_t *ret_result)
{
	Block *block;
	int r;

	assert(call->size <= GUARD_SIZE_MAX);
	if (atomic_load(&n_stuck) > 0)
		look_after_stuck();
	if (atomic_load(&n_stuck) >= GUARD_STUCK_MAX)
		return KERN_RESOURCE_SHORTAGE;
	block = block_new(call);
	if (!block)
		return KERN_RESOURCE_SHORTAGE;
	if (give_input(block, call) != 0) {
		*ret_result = -EFAULT;
		r = 0;
	} else {
		r = run_blocked(block, timeout_ms);
		if (r == -EBUSY)
			return KERN_OPERATION_TIMED_OUT;
		if (r == 0)
			r = take_result(block, call, ret_result);
	}
	block_free(block);
	return r;
}
