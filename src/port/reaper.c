/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closing what may block whoever closes it.
 *
 * Closers take descriptors off one queue. Usually there is a single closer, which is enough as long
 * as nothing gets stuck, and is idle nearly always. Whether a close that takes long is stuck cannot
 * be told, only suspected: so when a descriptor comes in while all closers are at work, a sentinel
 * thread is there to look after them. If nothing was closed for SUSPICION_MS while something waits,
 * it starts one closer more. So a burst of harmless descriptors does not start a crowd of threads,
 * and a stuck one holds up the next by a few milliseconds, once.
 *
 * A closer that has just worked naps for REAPER_LAZY_MS before it sleeps: it looks into the queue by
 * itself then, so lazy hand-overs need not wake it until there are REAPER_LAZY_MAX of them. It is woken when
 * the lock is free again: else it would wait for that at once, on the CPU of whoever woke it.
 *
 * What is of one kin is taken off the queue together, and what of that has numbers that follow each other is
 * closed by one system call. So a stuck one holds up those behind it.
 *
 * How many closes are under way for a uid is counted in a short list; a descriptor that is one too
 * many for its uid leaves the queue for another, where it is found again when one of them ends.
 *
 * The lock is a leaf and is never held over a close. Threads are detached and never end by
 * themselves but for surplus closers; they have no signals, and no stack worth speaking of.
 */
#include "port/reaper.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/uncancelled.h"

#define SUSPICION_MS 2
#define RETRY_MS 100 /* no thread could be started */
#define QUEUE_SMALL 64
#define STACK_SIZE (256u * 1024u) /* sanitizers need room; untouched, it costs nothing */

/* Somebody waits for this one; whoever comes last of the two frees it. */
typedef struct Ticket {
	bool is_done;
	bool is_abandoned;
} Ticket;

typedef struct Parcel {
	int fd;
	uid_t uid;
	uint32_t kin; /* none with a ticket */
	Ticket *ticket; /* NULL, as a rule */
} Parcel;

/* What one closer takes at a time. */
typedef struct Batch {
	uid_t uid;
	Ticket *ticket;
	unsigned n;
	int fds[REAPER_BATCH_MAX];
} Batch;

typedef struct Culprit {
	uid_t uid;
	unsigned n_closing;
} Culprit;

/* The one closer that has nothing to do. */
typedef enum Idle {
	IDLE_NOBODY,
	IDLE_ASLEEP,
	IDLE_NAPPING, /* wakes up by itself */
	IDLE_CALLED, /* was told to wake up */
} Idle;

typedef struct Reaper {
	pthread_mutex_t lock;
	pthread_cond_t work; /* the idle closer */
	pthread_cond_t doubt; /* the sentinel */
	pthread_cond_t drained; /* reaper_wait() */
	Parcel *queue; /* a ring; NULL: queue_small */
	size_t capacity;
	size_t head;
	size_t n_queued;
	Parcel *parked; /* those whose uid has too many under way; in no order */
	size_t parked_capacity;
	size_t n_parked;
	Culprit culprits[REAPER_MAX_STUCK];
	unsigned n_culprits;
	unsigned n_lost; /* open for ever: there was no memory to remember them */
	unsigned n_closers;
	unsigned n_closing;
	unsigned n_closed; /* wraps around */
	Idle idle;
	bool has_sentinel;
	bool is_sentinel_asleep;
	Parcel queue_small[QUEUE_SMALL];
} Reaper;

static Reaper reaper = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.work = PTHREAD_COND_INITIALIZER,
	.doubt = PTHREAD_COND_INITIALIZER,
	.drained = PTHREAD_COND_INITIALIZER,
};

/* On the path of every message that brings a right: worth its place in the static block. */
static _Thread_local __attribute__((tls_model("initial-exec"))) uid_t blamed = REAPER_NOBODY;

uid_t reaper_blame(uid_t uid)
{
	uid_t old = blamed;

	blamed = uid;
	return old;
}

static unsigned pending(void)
{
	return (unsigned)(reaper.n_queued + reaper.n_parked) + reaper.n_closing + reaper.n_lost;
}

static Parcel *queue_slots(void)
{
	return reaper.queue ? reaper.queue : reaper.queue_small;
}

static size_t queue_capacity(void)
{
	return reaper.queue ? reaper.capacity : QUEUE_SMALL;
}

/* The n-th from the head. Both capacities are powers of two. */
static Parcel *queue_slot(size_t n)
{
	return &queue_slots()[(reaper.head + n) & (queue_capacity() - 1)];
}

static bool queue_grow(void)
{
	size_t capacity = queue_capacity();
	Parcel *grown = malloc(2 * capacity * sizeof(*grown));

	if (!grown)
		return false;
	for (size_t i = 0; i < reaper.n_queued; i++)
		grown[i] = *queue_slot(i);
	cleanup_freep(&reaper.queue);
	reaper.queue = grown;
	reaper.capacity = 2 * capacity;
	reaper.head = 0;
	return true;
}

static bool queue_push(Parcel parcel)
{
	if (reaper.n_queued == queue_capacity() && !queue_grow())
		return false;
	*queue_slot(reaper.n_queued) = parcel;
	reaper.n_queued++;
	return true;
}

static Parcel queue_pop(void)
{
	Parcel parcel = *queue_slot(0);

	reaper.head = (reaper.head + 1) & (queue_capacity() - 1);
	reaper.n_queued--;
	return parcel;
}

static Culprit *culprit_find(uid_t uid)
{
	for (unsigned i = 0; i < reaper.n_culprits; i++) {
		if (reaper.culprits[i].uid == uid)
			return &reaper.culprits[i];
	}
	return NULL;
}

static bool park(Parcel parcel)
{
	if (reaper.n_parked == reaper.parked_capacity) {
		size_t capacity = MAX(2 * reaper.parked_capacity, (size_t)QUEUE_SMALL);
		Parcel *grown = reallocarray(reaper.parked, capacity, sizeof(*grown));

		if (!grown)
			return false;
		reaper.parked = grown;
		reaper.parked_capacity = capacity;
	}
	reaper.parked[reaper.n_parked++] = parcel;
	return true;
}

/* There is one for each thread at most, so there is always room. */
static void culprit_begin(uid_t uid)
{
	Culprit *culprit = culprit_find(uid);

	if (!culprit) {
		culprit = &reaper.culprits[reaper.n_culprits++];
		*culprit = (Culprit){.uid = uid};
	}
	culprit->n_closing++;
}

/* One more of the uid's may be closed now. */
static void culprit_end(uid_t uid)
{
	Culprit *culprit = culprit_find(uid);

	if (--culprit->n_closing == 0)
		*culprit = reaper.culprits[--reaper.n_culprits];
	for (size_t i = 0; i < reaper.n_parked; i++) {
		if (reaper.parked[i].uid != uid)
			continue;
		if (queue_push(reaper.parked[i]))
			reaper.parked[i] = reaper.parked[--reaper.n_parked];
		return;
	}
}

/* The next one that may be closed, or none. */
static bool take_parcel(Parcel *ret)
{
	while (reaper.n_queued > 0) {
		Parcel parcel = queue_pop();
		const Culprit *culprit = culprit_find(parcel.uid);

		/* Without memory it is closed all the same. */
		if (!culprit || culprit->n_closing < REAPER_MAX_STUCK_UID || !park(parcel)) {
			*ret = parcel;
			return true;
		}
	}
	return false;
}

/* In order: they nearly are already. */
static void batch_add(Batch *batch, int fd)
{
	unsigned i = batch->n++;

	for (; i > 0 && batch->fds[i - 1] > fd; i--)
		batch->fds[i] = batch->fds[i - 1];
	batch->fds[i] = fd;
}

/* The next one that may be closed, and those of its kin that come right after it; or nothing. */
static bool take_batch(Batch *batch)
{
	Parcel first;

	if (!take_parcel(&first))
		return false;
	batch->uid = first.uid;
	batch->ticket = first.ticket;
	batch->n = 0;
	batch_add(batch, first.fd);
	while (first.kin != REAPER_NO_KIN && batch->n < REAPER_BATCH_MAX && reaper.n_queued > 0) {
		const Parcel *next = queue_slot(0);

		if (next->kin != first.kin || next->uid != first.uid)
			break;
		batch_add(batch, queue_pop().fd);
	}
	return true;
}

/* Here it may stay for ever. */
static void close_batch(const Batch *batch)
{
	for (unsigned i = 0, n; i < batch->n; i += n) {
		unsigned fd = (unsigned)batch->fds[i];

		for (n = 1; i + n < batch->n && (unsigned)batch->fds[i + n] == fd + n;)
			n++;
		if (n > 1 && syscall(SYS_close_range, fd, fd + n - 1, 0U) == 0)
			continue;
		for (unsigned k = 0; k < n; k++)
			(void)uncancelled_close(batch->fds[i + k]);
	}
}

/* Returns false when the time is over. Spurious wake-ups are the callers' business. */
static bool wait_ms(pthread_cond_t *cond, unsigned ms)
{
	struct timespec until = deadline_to_timespec(deadline_after_ms(ms));

	return pthread_cond_clockwait(cond, &reaper.lock, CLOCK_MONOTONIC, &until) == 0;
}

/* Waits for work. Returns false if there is an idle closer already. */
static bool closer_wait(bool has_worked)
{
	if (reaper.idle != IDLE_NOBODY)
		return false;
	reaper.idle = IDLE_NAPPING;
	while (has_worked && reaper.n_queued == 0 && wait_ms(&reaper.work, REAPER_LAZY_MS))
		reaper.idle = IDLE_NAPPING;
	while (reaper.n_queued == 0) {
		reaper.idle = IDLE_ASLEEP;
		pthread_cond_wait(&reaper.work, &reaper.lock);
	}
	reaper.idle = IDLE_NOBODY;
	return true;
}

static void call_sentinel(void);

static void ticket_release(Ticket *ticket)
{
	ticket->is_done = true;
	if (ticket->is_abandoned)
		free(ticket);
	else
		pthread_cond_broadcast(&reaper.drained);
}

static void *closer_main(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&reaper.lock);
	for (bool has_worked = false;;) {
		Batch batch;

		while (!take_batch(&batch)) {
			if (!closer_wait(has_worked)) {
				reaper.n_closers--;
				pthread_mutex_unlock(&reaper.lock);
				return NULL;
			}
		}
		reaper.n_closing += batch.n;
		culprit_begin(batch.uid);
		if (reaper.n_queued > 0 && reaper.idle == IDLE_NOBODY)
			call_sentinel();
		pthread_mutex_unlock(&reaper.lock);
		close_batch(&batch);
		pthread_mutex_lock(&reaper.lock);
		culprit_end(batch.uid);
		if (batch.ticket)
			ticket_release(batch.ticket);
		reaper.n_closing -= batch.n;
		reaper.n_closed += batch.n;
		if (reaper.n_queued == 0)
			pthread_cond_broadcast(&reaper.drained);
		has_worked = true;
	}
}

static bool start(void *(*main)(void *))
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all;
	bool started;

	sigfillset(&all);
	if (pthread_attr_init(&attr) != 0)
		return false;
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	(void)pthread_attr_setstacksize(&attr, MAX((size_t)PTHREAD_STACK_MIN, STACK_SIZE));
	(void)pthread_attr_setsigmask_np(&attr, &all);
	started = pthread_create(&thread, &attr, main, NULL) == 0;
	(void)pthread_attr_destroy(&attr);
	return started;
}

static bool closer_start(void)
{
	if (!start(closer_main))
		return false;
	reaper.n_closers++;
	return true;
}

static bool is_overdue(void)
{
	return reaper.n_queued > 0 && reaper.idle == IDLE_NOBODY &&
	       reaper.n_closers < REAPER_MAX_STUCK;
}

/* Goes round as long as there is something to look after, and once more: a closer that finds new work
 * need not wake it then. */
static void *sentinel_main(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&reaper.lock);
	for (bool is_quiet = true;;) {
		unsigned n_closed = reaper.n_closed;
		Deadline suspicion = deadline_after_ms(SUSPICION_MS);

		if (is_quiet && !is_overdue()) {
			reaper.is_sentinel_asleep = true;
			pthread_cond_wait(&reaper.doubt, &reaper.lock);
			reaper.is_sentinel_asleep = false;
			is_quiet = false;
			continue;
		}
		while (!deadline_is_past(suspicion))
			(void)wait_ms(&reaper.doubt, SUSPICION_MS);
		is_quiet = reaper.n_closed == n_closed;
		if (is_quiet && is_overdue() && !closer_start())
			(void)wait_ms(&reaper.doubt, RETRY_MS);
	}
	return NULL;
}

/* Something is in the queue, and no closer is free. */
static void call_sentinel(void)
{
	if (!reaper.has_sentinel)
		reaper.has_sentinel = start(sentinel_main);
	else if (reaper.is_sentinel_asleep)
		pthread_cond_signal(&reaper.doubt);
}

static bool is_much(void)
{
	return reaper.n_queued >= REAPER_LAZY_MAX ||
	       reaper.n_queued >= (size_t)fd_limit() / REAPER_LAZY_PART;
}

/* Something was queued: see to it that somebody takes it out. True: the idle closer is to be woken, by
 * wake_closer(), with or without the lock. */
static bool call_closer(bool lazily)
{
	switch (reaper.idle) {
	case IDLE_NAPPING:
		if (lazily && !is_much())
			return false;
		__attribute__((fallthrough));
	case IDLE_ASLEEP:
		reaper.idle = IDLE_CALLED;
		return true;
	case IDLE_CALLED:
		return false;
	case IDLE_NOBODY:
		break;
	}
	if (reaper.n_closers == 0)
		(void)closer_start();
	else
		call_sentinel();
	return false;
}

static void wake_closer(void)
{
	pthread_cond_signal(&reaper.work);
}

static void close_consume(int fd, bool lazily, uint32_t kin)
{
	bool is_called = false;

	if (fd < 0)
		return;
	pthread_mutex_lock(&reaper.lock);
	if (likely(queue_push((Parcel){.fd = fd, .uid = blamed, .kin = kin})))
		is_called = call_closer(lazily);
	else
		reaper.n_lost++;
	pthread_mutex_unlock(&reaper.lock);
	if (is_called)
		wake_closer();
}

void reaper_close_consume(int fd)
{
	close_consume(fd, false, REAPER_NO_KIN);
}

void reaper_close_lazily_consume(int fd)
{
	close_consume(fd, true, REAPER_NO_KIN);
}

void reaper_close_kin_consume(int fd, uint32_t kin)
{
	close_consume(fd, true, kin);
}

bool reaper_close_timed_consume(int fd, unsigned timeout_ms)
{
	struct timespec until = deadline_to_timespec(deadline_after_ms(timeout_ms));
	Ticket *ticket = calloc(1, sizeof(*ticket));
	int r = 0;
	bool done;

	if (!ticket) {
		reaper_close_consume(fd);
		return false;
	}
	pthread_mutex_lock(&reaper.lock);
	if (!queue_push((Parcel){.fd = fd, .uid = blamed, .ticket = ticket}))
		reaper.n_lost++;
	else if (call_closer(false))
		wake_closer();
	while (!ticket->is_done && r != ETIMEDOUT)
		r = pthread_cond_clockwait(&reaper.drained, &reaper.lock, CLOCK_MONOTONIC, &until);
	done = ticket->is_done;
	ticket->is_abandoned = !done;
	if (done)
		free(ticket);
	pthread_mutex_unlock(&reaper.lock);
	return done;
}

void reaper_park_consume(int fd)
{
	if (fd < 0)
		return;
	pthread_mutex_lock(&reaper.lock);
	if (!queue_push((Parcel){.fd = fd, .uid = blamed}))
		reaper.n_lost++;
	pthread_mutex_unlock(&reaper.lock);
}

unsigned reaper_pending(void)
{
	unsigned n;

	pthread_mutex_lock(&reaper.lock);
	n = pending();
	pthread_mutex_unlock(&reaper.lock);
	return n;
}

void reaper_hurry(unsigned timeout_ms)
{
	Deadline deadline = deadline_after_ms(timeout_ms);
	struct timespec until = deadline_to_timespec(deadline);

	pthread_mutex_lock(&reaper.lock);
	while (reaper.n_queued > 0) {
		if (call_closer(false))
			wake_closer();
		if (pthread_cond_clockwait(
			    &reaper.drained, &reaper.lock, CLOCK_MONOTONIC, &until) == ETIMEDOUT)
			break;
	}
	pthread_mutex_unlock(&reaper.lock);
}

bool reaper_wait(unsigned timeout_ms)
{
	struct timespec until = deadline_to_timespec(deadline_after_ms(timeout_ms));
	bool done;

	pthread_mutex_lock(&reaper.lock);
	if (reaper.n_queued > 0 && reaper.n_closers == 0)
		(void)closer_start(); /* left over from a fork, or from want of threads */
	while (pending() > 0)
		if (pthread_cond_clockwait(
			    &reaper.drained, &reaper.lock, CLOCK_MONOTONIC, &until) == ETIMEDOUT)
			break;
	done = pending() == 0;
	pthread_mutex_unlock(&reaper.lock);
	return done;
}

void reaper_before_fork(void)
{
	pthread_mutex_lock(&reaper.lock);
}

void reaper_after_fork_parent(void)
{
	pthread_mutex_unlock(&reaper.lock);
}

void reaper_after_fork(void)
{
	(void)pthread_cond_init(&reaper.work, NULL);
	(void)pthread_cond_init(&reaper.doubt, NULL);
	(void)pthread_cond_init(&reaper.drained, NULL);
	reaper.n_closers = 0;
	reaper.idle = IDLE_NOBODY;
	reaper.n_closing = 0;
	reaper.n_culprits = 0;
	while (reaper.n_parked > 0 && queue_push(reaper.parked[reaper.n_parked - 1]))
		reaper.n_parked--;
	reaper.has_sentinel = false;
	reaper.is_sentinel_asleep = false;
	pthread_mutex_unlock(&reaper.lock);
}
