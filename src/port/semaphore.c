/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page, and how one sleeps on it.
 *
 * `count` is what can be taken. `turn` changes with each signal, and is the futex: a waiter reads it,
 * looks whether there is something to take, and sleeps only if it is still the same. `round` changes
 * with each signal_all: a waiter goes when it is not the one of its arrival, so that those who come
 * later get nothing of it. `waiters` spares a system call when nobody sleeps; a process that is
 * killed in its sleep leaves it too high, which costs others a call each time and no more.
 *
 * Everything in the page is a stranger's word. Each use of it is bounded and none is an index; the
 * memfd cannot be cut below the page, so touching it cannot fault.
 *
 * The owner knows from `is_dead` whether it destroyed the semaphore. A holder asks the pipe, before
 * each operation and at least every SEMAPHORE_NOTICE_MS while it sleeps: the owner wakes all when it
 * destroys a semaphore, but not when it is killed.
 *
 * A semaphore lives as long as anybody has a right to it. An owner that drops its last one keeps the
 * write end of the pipe if the object has been sent: an orphan, until the pipe has no reader left,
 * be it a process or a message. That is looked for whenever a semaphore is made or orphaned, a few at
 * a time: they do not pile up, and it costs the same however many there are.
 *
 * Threads: the page and is_dead are atomic. What hangs off an object that arrived is made on first
 * use, under a lock which also guards the lists of own semaphores and orphans.
 */
#include "port/semaphore.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/memfd.h"
#include "port/probe.h"
#include "port/reaper.h"

enum { FD_PAGE, FD_LIFE, _FD_N };

/* So that a sleeper without a deadline has a time-out too: without one the kernel restarts the
 * sleep after a signal whose handler was installed with SA_RESTART, and nobody is told. */
#define OWNER_SLEEP_MS (3600u * 1000u)

/* How long a destroyer waits for the pipe to hang up. */
#define HANGUP_MS 5

/* How many orphans are looked at each time. */
#define ORPHANS_LOOKED_AT 2

typedef struct Page {
	_Atomic uint32_t count;
	_Atomic uint32_t turn;
	_Atomic uint32_t round;
	_Atomic uint32_t waiters;
} Page;

_Static_assert(sizeof(_Atomic uint32_t) == sizeof(uint32_t), "a futex");

typedef struct Semaphore {
	Page *page;
	int life; /* read end, of the object; -EBADF for the owner */
	int life_w; /* the owner's; closed by destruction; under the lock */
	bool is_owner;
	atomic_bool is_dead;
	const Kobject *object; /* the owner's */
	TAILQ_ENTRY(Semaphore) link; /* of own ones, or of orphans */
} Semaphore;

TAILQ_HEAD(SemaphoreList, Semaphore);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct SemaphoreList owned = TAILQ_HEAD_INITIALIZER(owned);
static struct SemaphoreList orphans = TAILQ_HEAD_INITIALIZER(orphans); /* without a page */
static int n_orphans;

static long futex(_Atomic uint32_t *word, int op, uint32_t value, const struct timespec *until)
{
	return syscall(SYS_futex, word, op, value, until, NULL, FUTEX_BITSET_MATCH_ANY);
}

static void rouse(Page *page, int n)
{
	atomic_fetch_add(&page->turn, 1);
	if (atomic_load(&page->waiters) > 0)
		(void)futex(&page->turn, FUTEX_WAKE, (uint32_t)n, NULL);
}

static Page *page_map(int fd)
{
	void *p = mmap(NULL, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* The last reader's going is what a writer is told without asking. In a fork child there is no pipe. */
static bool has_holder(const Semaphore *orphan)
{
	struct pollfd p = {.fd = orphan->life_w};

	return orphan->life_w >= 0 && poll(&p, 1, 0) <= 0;
}

static void orphan_free(Semaphore *orphan)
{
	TAILQ_REMOVE(&orphans, orphan, link);
	n_orphans--;
	reaper_close_consume(orphan->life_w);
	free(orphan);
}

/* With the lock. */
static void orphans_look_at_some(void)
{
	for (int i = 0; i < ORPHANS_LOOKED_AT && !TAILQ_EMPTY(&orphans); i++) {
		Semaphore *orphan = TAILQ_FIRST(&orphans);

		if (!has_holder(orphan)) {
			orphan_free(orphan);
			continue;
		}
		TAILQ_REMOVE(&orphans, orphan, link);
		TAILQ_INSERT_TAIL(&orphans, orphan, link);
	}
}

static int orphans_max(void)
{
	return MIN(SEMAPHORE_ORPHANS_MAX, fd_limit() / SEMAPHORE_ORPHANS_PART);
}

static void owned_add(Semaphore *semaphore)
{
	pthread_mutex_lock(&lock);
	orphans_look_at_some();
	TAILQ_INSERT_HEAD(&owned, semaphore, link);
	pthread_mutex_unlock(&lock);
}

/* Returns true if it is an orphan now, and no more the caller's. */
static bool owned_remove(Semaphore *semaphore)
{
	bool lives_on = semaphore->life_w >= 0 && semaphore->object->has_travelled;

	pthread_mutex_lock(&lock);
	TAILQ_REMOVE(&owned, semaphore, link);
	if (lives_on) {
		(void)munmap(semaphore->page, sizeof(Page));
		orphans_look_at_some();
		TAILQ_INSERT_TAIL(&orphans, semaphore, link);
		if (++n_orphans > orphans_max())
			orphan_free(TAILQ_FIRST(&orphans));
	}
	pthread_mutex_unlock(&lock);
	return lives_on;
}

static Semaphore *semaphore_free(Semaphore *semaphore)
{
	if (!semaphore)
		return NULL;
	if (semaphore->is_owner && owned_remove(semaphore))
		return NULL;
	reaper_close_consume(semaphore->life_w);
	if (semaphore->page)
		(void)munmap(semaphore->page, sizeof(Page));
	free(semaphore);
	return NULL;
}

static void free_data(void *data)
{
	(void)semaphore_free(data);
}

static Semaphore *semaphore_new(int page_fd)
{
	_cleanup_free_ Semaphore *semaphore = calloc(1, sizeof(*semaphore));

	if (!semaphore)
		return NULL;
	semaphore->life = -EBADF;
	semaphore->life_w = -EBADF;
	semaphore->page = page_map(page_fd);
	return semaphore->page ? TAKE_PTR(semaphore) : NULL;
}

static int fds_make(int ret_fds[_FD_N], int *ret_life_w)
{
	_cleanup_close_ int page = -EBADF;
	int ends[2], r;

	page = memfd_new("mach-semaphore");
	if (page < 0)
		return page;
	if (ftruncate(page, sizeof(Page)) < 0)
		return error_origin(-errno);
	r = memfd_seal_size(page);
	if (r < 0)
		return r;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_origin(-errno);
	/* Nothing is ever written there. */
	(void)fcntl(ends[0], F_SETPIPE_SZ, 4096);
	ends[0] = fd_above_stdio_consume(ends[0]);
	ends[1] = fd_above_stdio_consume(ends[1]);
	if (ends[0] < 0 || ends[1] < 0) {
		fd_close(ends[0]);
		fd_close(ends[1]);
		return -EMFILE;
	}
	ret_fds[FD_PAGE] = TAKE_FD(page);
	ret_fds[FD_LIFE] = ends[0];
	*ret_life_w = ends[1];
	return 0;
}

int semaphore_object_new(int value, Kobject **ret)
{
	int fds[_FD_N] = {-EBADF, -EBADF}, life_w = -EBADF, r;
	Semaphore *semaphore;
	Kobject *object;

	r = fds_make(fds, &life_w);
	if (r < 0)
		return r;
	r = kobject_new_consume(KOBJECT_SEMAPHORE, fds, _FD_N, &object);
	if (r != 0) {
		fd_close(life_w);
		return error_fold(r);
	}
	semaphore = semaphore_new(fds[FD_PAGE]);
	if (!semaphore) {
		fd_close(life_w);
		(void)kobject_free(object);
		return error_origin(-ENOMEM);
	}
	atomic_store(&semaphore->page->count, (uint32_t)value);
	semaphore->is_owner = true;
	semaphore->life_w = life_w;
	semaphore->object = object;
	owned_add(semaphore);
	object->data = semaphore;
	object->free_data = free_data;
	*ret = object;
	return 0;
}

/* Of an object that arrived, when it is first used. */
static Semaphore *semaphore_adopt(Kobject *object)
{
	Semaphore *semaphore;

	pthread_mutex_lock(&lock);
	semaphore = object->data;
	if (!semaphore && object->n_fds == _FD_N) {
		semaphore = semaphore_new(object->fds[FD_PAGE]);
		if (semaphore) {
			semaphore->life = object->fds[FD_LIFE];
			object->free_data = free_data;
			__atomic_store_n(&object->data, semaphore, __ATOMIC_RELEASE);
		}
	}
	pthread_mutex_unlock(&lock);
	return semaphore;
}

static bool is_dead(const Semaphore *semaphore)
{
	struct pollfd p = {.fd = semaphore->life};

	if (atomic_load_explicit(&semaphore->is_dead, memory_order_relaxed))
		return true;
	return !semaphore->is_owner && poll(&p, 1, 0) > 0;
}

/* The semaphore, if it is alive. */
static Semaphore *semaphore_get(Kobject *object)
{
	Semaphore *semaphore = __atomic_load_n(&object->data, __ATOMIC_ACQUIRE);

	if (unlikely(!semaphore))
		semaphore = semaphore_adopt(object);
	return semaphore && !is_dead(semaphore) ? semaphore : NULL;
}

static void add(Page *page)
{
	uint32_t count = atomic_load_explicit(&page->count, memory_order_relaxed);

	do {
		if (count >= INT_MAX)
			return;
	} while (!atomic_compare_exchange_weak(&page->count, &count, count + 1));
}

static bool take(Page *page)
{
	uint32_t count = atomic_load(&page->count);

	do {
		if (count == 0)
			return false;
	} while (!atomic_compare_exchange_weak(&page->count, &count, count - 1));
	return true;
}

int semaphore_object_signal(Kobject *object)
{
	Semaphore *semaphore = semaphore_get(object);

	if (!semaphore)
		return KERN_TERMINATED;
	add(semaphore->page);
	rouse(semaphore->page, 1);
	return 0;
}

int semaphore_object_signal_waiting(Kobject *object)
{
	Semaphore *semaphore = semaphore_get(object);

	if (!semaphore)
		return KERN_TERMINATED;
	if (atomic_load(&semaphore->page->waiters) == 0)
		return KERN_NOT_WAITING;
	add(semaphore->page);
	rouse(semaphore->page, 1);
	return 0;
}

int semaphore_object_signal_all(Kobject *object)
{
	Semaphore *semaphore = semaphore_get(object);

	if (!semaphore)
		return KERN_TERMINATED;
	atomic_fetch_add(&semaphore->page->round, 1);
	rouse(semaphore->page, INT_MAX);
	return 0;
}

/* Sleeps until the turn is another one, or there is reason to look around. Returns 0,
 * KERN_OPERATION_TIMED_OUT or KERN_ABORTED. */
static int sleep_on(const Semaphore *semaphore, uint32_t turn, Deadline deadline)
{
	Deadline nap = deadline_after_ms(
		semaphore->is_owner ? OWNER_SLEEP_MS : SEMAPHORE_NOTICE_MS);
	struct timespec until = deadline_to_timespec(MIN(nap, deadline));

	if (futex(&semaphore->page->turn, FUTEX_WAIT_BITSET, turn, &until) == 0)
		return 0;
	switch (errno) {
	case EINTR:
		return KERN_ABORTED;
	case ETIMEDOUT:
		return deadline <= nap ? KERN_OPERATION_TIMED_OUT : 0;
	default: /* EAGAIN: it is another turn already */
		return 0;
	}
}

static int wait_slowly(const Semaphore *semaphore, Deadline deadline)
{
	Page *page = semaphore->page;
	uint32_t round = atomic_load(&page->round), turn;
	int r = 0;

	atomic_fetch_add(&page->waiters, 1);
	for (;;) {
		turn = atomic_load(&page->turn);
		if (take(page) || atomic_load(&page->round) != round) {
			r = 0;
			break;
		}
		/* A last look has been taken after the sleep that ended so. */
		if (r != 0)
			break;
		if (is_dead(semaphore)) {
			r = KERN_TERMINATED;
			break;
		}
		r = sleep_on(semaphore, turn, deadline);
	}
	atomic_fetch_sub(&page->waiters, 1);
	return r;
}

int semaphore_object_wait(Kobject *object, Deadline deadline)
{
	Semaphore *semaphore = semaphore_get(object);

	if (!semaphore)
		return KERN_TERMINATED;
	if (likely(take(semaphore->page)))
		return 0;
	if (deadline == 0)
		return KERN_OPERATION_TIMED_OUT;
	return wait_slowly(semaphore, deadline);
}

void semaphore_object_destroy(Kobject *object)
{
	Semaphore *semaphore = __atomic_load_n(&object->data, __ATOMIC_ACQUIRE);
	struct pollfd p = {};
	int life_w;

	if (!semaphore || !semaphore->is_owner)
		return;
	pthread_mutex_lock(&lock);
	life_w = TAKE_FD(semaphore->life_w);
	pthread_mutex_unlock(&lock);
	if (life_w < 0)
		return;
	/* Who sleeps elsewhere must find the pipe hung up when it wakes. Its other end is in
	 * strangers' hands, so it is not closed here; that is a matter of microseconds, unless
	 * closing things is what some stranger tries to prevent. */
	reaper_close_consume(life_w);
	atomic_store(&semaphore->is_dead, true);
	p.fd = object->fds[FD_LIFE];
	(void)poll(&p, 1, HANGUP_MS);
	rouse(semaphore->page, INT_MAX);
}

bool semaphore_fds_plausible(const int *fds)
{
	uint64_t size;

	return memfd_check_size_sealed(fds[FD_PAGE], &size) == 0 && size >= sizeof(Page) &&
	       probe_kind(fds[FD_LIFE]) == PROBE_PIPE_R;
}

void semaphore_before_fork(void)
{
	pthread_mutex_lock(&lock);
}

void semaphore_after_fork_parent(void)
{
	pthread_mutex_unlock(&lock);
}

void semaphore_after_fork(void)
{
	Semaphore *semaphore;

	/* Not the last close, which alone can take long: the parent has it as well. */
	while ((semaphore = TAILQ_FIRST(&owned))) {
		TAILQ_REMOVE(&owned, semaphore, link);
		semaphore->life_w = fd_close(semaphore->life_w);
		semaphore->is_owner = false;
	}
	/* The memory is freed when they are next looked at. */
	TAILQ_FOREACH (semaphore, &orphans, link)
		semaphore->life_w = fd_close(semaphore->life_w);
	pthread_mutex_unlock(&lock);
}
