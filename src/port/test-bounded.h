/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of what must never block: runs a function on a thread of its own and waits for it only
 * so long. A thread that is stuck in the kernel cannot be ended, not even with the process; so on
 * failure the test must let loose what holds it, by hostile_deinit() or otherwise, and then
 * bounded_join().
 */
#pragma once

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#ifdef PORTCULLIS_COVERAGE
void __gcov_dump(void);
#endif

/* The end of a child process of a test: _exit(), with what it covered counted. */
__attribute__((__noreturn__)) static inline void child_exit(int status)
{
#ifdef PORTCULLIS_COVERAGE
	__gcov_dump();
#endif
	_exit(status);
}

/* Long for a machine under load, short for something that is stuck. */
#define BOUNDED_MS 30000

typedef struct Bounded {
	void (*run)(void *arg);
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
} Bounded;

static inline void *bounded_main(void *arg)
{
	Bounded *b = arg;

	b->run(b->arg);
	pthread_mutex_lock(&b->lock);
	b->done = true;
	pthread_cond_signal(&b->changed);
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

/* Whether run(arg) came back in time. If not, it still runs. */
static inline bool bounded_run(Bounded *b, void (*run)(void *arg), void *arg)
{
	struct timespec until;
	bool done;

	*b = (Bounded){
		.run = run,
		.arg = arg,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};
	if (pthread_create(&b->thread, NULL, bounded_main, b) != 0)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += BOUNDED_MS / 1000;
	pthread_mutex_lock(&b->lock);
	while (!b->done)
		if (pthread_cond_clockwait(&b->changed, &b->lock, CLOCK_MONOTONIC, &until) ==
			ETIMEDOUT)
			break;
	done = b->done;
	pthread_mutex_unlock(&b->lock);
	if (done)
		(void)pthread_join(b->thread, NULL);
	return done;
}

/* After bounded_run() was false. */
static inline void bounded_join(Bounded *b)
{
	(void)pthread_join(b->thread, NULL);
}
