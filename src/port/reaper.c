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
 * itself then, so lazy hand-overs need not wake it. With many of them it costs one wake-up each nap.
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
	Ticket *ticket; /* NULL, as a rule */
} Parcel;

typedef struct Culprit {
	uid_t uid;
	unsigned n_closing;
} Culprit;

typedef struct Reaper {
	pthread_mutex_t lock;
	pthread_cond_t work; /* idle closers */
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
	unsigned n_idle;
	unsigned n_closing;
	unsigned n_closed; /* wraps around */
	bool has_sentinel;
	bool is_sentinel_asleep;
	bool is_napping; /* the idle closer wakes up by itself */
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

/* Returns false when the time is over. Spurious wake-ups are the callers' business. */
static bool wait_ms(pthread_cond_t *cond, unsigned ms)
{
	struct timespec until = deadline_to_timespec(deadline_after_ms(ms));

	return pthread_cond_clockwait(cond, &reaper.lock, CLOCK_MONOTONIC, &until) == 0;
}

/* Waits for work. Returns false if there is an idle closer already. */
static bool closer_wait(bool has_worked)
{
	if (reaper.n_idle > 0)
		return false;
	reaper.n_idle++;
	if (has_worked) {
		reaper.is_napping = true;
		while (reaper.n_queued == 0 && wait_ms(&reaper.work, REAPER_LAZY_MS))
			;
		reaper.is_napping = false;
	}
	while (reaper.n_queued == 0)
		pthread_cond_wait(&reaper.work, &reaper.lock);
	reaper.n_idle--;
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
		Parcel parcel;

		while (!take_parcel(&parcel)) {
			if (!closer_wait(has_worked)) {
				reaper.n_closers--;
				pthread_mutex_unlock(&reaper.lock);
				return NULL;
			}
		}
		reaper.n_closing++;
		culprit_begin(parcel.uid);
		if (reaper.n_queued > 0 && reaper.n_idle == 0)
			call_sentinel();
		pthread_mutex_unlock(&reaper.lock);
		(void)uncancelled_close(parcel.fd); /* here it may stay for ever */
		pthread_mutex_lock(&reaper.lock);
		culprit_end(parcel.uid);
		if (parcel.ticket)
			ticket_release(parcel.ticket);
		reaper.n_closing--;
		reaper.n_closed++;
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
	return reaper.n_queued > 0 && reaper.n_idle == 0 && reaper.n_closers < REAPER_MAX_STUCK;
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
	return reaper.n_queued >= (size_t)fd_limit() / REAPER_LAZY_PART;
}

/* Something was queued: see to it that somebody takes it out. */
static void call_closer(bool lazily)
{
	if (likely(reaper.n_idle > 0)) {
		if (!lazily || !reaper.is_napping || is_much())
			pthread_cond_signal(&reaper.work);
	} else if (reaper.n_closers == 0) {
		(void)closer_start();
	} else {
		call_sentinel();
	}
}

static void close_consume(int fd, bool lazily)
{
	if (fd < 0)
		return;
	pthread_mutex_lock(&reaper.lock);
	if (likely(queue_push((Parcel){.fd = fd, .uid = blamed})))
		call_closer(lazily);
	else
		reaper.n_lost++;
	pthread_mutex_unlock(&reaper.lock);
}

void reaper_close_consume(int fd)
{
	close_consume(fd, false);
}

void reaper_close_lazily_consume(int fd)
{
	close_consume(fd, true);
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
	if (queue_push((Parcel){.fd = fd, .uid = blamed, .ticket = ticket}))
		call_closer(false);
	else
		reaper.n_lost++;
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
		call_closer(false);
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
	reaper.n_idle = 0;
	reaper.n_closing = 0;
	reaper.n_culprits = 0;
	while (reaper.n_parked > 0 && queue_push(reaper.parked[reaper.n_parked - 1]))
		reaper.n_parked--;
	reaper.has_sentinel = false;
	reaper.is_sentinel_asleep = false;
	reaper.is_napping = false;
	pthread_mutex_unlock(&reaper.lock);
}
