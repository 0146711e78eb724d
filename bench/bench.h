/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measuring. A benchmark is a list of measures (a key and a function that gives one
 * figure) and a list of rows, each of which sets one measure beside another.
 *
 * Each figure is taken in a process of its own, executed afresh: what the library reads
 * once, keeps or leaks does not reach the next figure, and a measure that crashes or hangs
 * costs one cell. The two measures of a row take turns, so that both see the same
 * weather.
 *
 * Pinned means that a measure and all processes it starts share one CPU; then the best of
 * the repetitions counts, as what else runs on the machine can only add to it. Unpinned,
 * the scheduler places the processes, sometimes well and sometimes badly, so the best says
 * nothing: there the median counts. --median takes the median always.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Nanoseconds for one operation, unless the row's unit says otherwise. */
typedef double (*BenchFn)(void);

typedef struct BenchMeasure {
	const char *key;
	BenchFn fn;
} BenchMeasure;

typedef enum BenchUnit {
	BENCH_US, /* shown in microseconds; less is better */
	BENCH_NS, /* shown in nanoseconds; less is better */
	BENCH_RATE, /* shown in operations per second; more is better */
	BENCH_BYTES, /* the figure itself, without anything to compare it with */
} BenchUnit;

typedef struct BenchRow {
	const char *what;
	const char *ours; /* key of a measure */
	const char *raw; /* what it is compared with; NULL for BENCH_BYTES */
	BenchUnit unit;
	double required; /* of the ratio, or of the bytes; 0: for information */
	double aim;
	bool no_lease; /* measured with PORTCULLIS_LEASES=0 */
	bool pinned_only; /* one process: the other way tells nothing more */
} BenchRow;

typedef struct BenchSuite {
	const char *name;
	const BenchMeasure *measures;
	size_t n_measures;
	const BenchRow *rows;
	size_t n_rows;
} BenchSuite;

/*
 * The program's main(). Options: --json, --median, --repeats N, --scale X (of the time that
 * a figure takes), --only TEXT (rows that have it in their name), --pinned, --unpinned,
 * --no-verdict, --list. The exit status is 0, or 1 when a row misses what is required
 * (unless --no-verdict) or a measure failed.
 */
int bench_main(const BenchSuite *suite, int argc, char **argv);

/* For measures. */

double bench_now(void); /* ns */

/*
 * A loop that is measured for a fixed time. Its result is the mean, or, pinned, that of the
 * quickest fiftieth of a second, for the reason told above.
 *
 *	BenchLoop loop = {.warm = 100, .stride = 64};
 *
 *	while (bench_loop(&loop))
 *		operation();
 *	return bench_loop_ns(&loop);
 *
 * The first `warm` rounds do not count. The clock is read every `stride` rounds: often for
 * slow operations, rarely for fast ones.
 */
typedef struct BenchLoop {
	size_t warm;
	size_t stride;
	size_t n;
	size_t next;
	size_t measured_n; /* rounds before `end` that count */
	size_t window_n; /* the round with which the window began */
	double start;
	double end;
	double window_start;
	double best;
} BenchLoop;

bool bench_loop_look(BenchLoop *loop);
double bench_loop_ns(const BenchLoop *loop);

/* The same choice for a measure that has no loop of that kind. */
double bench_pick(double best, double mean);

static inline bool bench_loop(BenchLoop *loop)
{
	return loop->n++ < loop->next || bench_loop_look(loop);
}

/* There is no figure here, and why. Does not return. */
__attribute__((__noreturn__, __format__(__printf__, 1, 2))) void bench_skip(
	const char *format, ...);

/* Something failed that never should. Does not return. */
__attribute__((__noreturn__, __format__(__printf__, 1, 2))) void bench_die(const char *format, ...);

#define BENCH_SYS(x)                                                                               \
	({                                                                                         \
		__typeof__(x) bench_sys_ = (x);                                                    \
		if (bench_sys_ == (__typeof__(x))-1)                                               \
			bench_die("%s:%d: %s: %m", __FILE__, __LINE__, #x);                        \
		bench_sys_;                                                                        \
	})

/* Forks a process that runs fn(arg) and exits; it dies with the caller. */
pid_t bench_fork(void (*fn)(void *arg), void *arg);

/* Kills it, if it still runs. */
void bench_end(pid_t pid);

/* Zeroed memory that is shared with processes forked later. */
void *bench_shared(size_t size);

/* Runs fn before the figure, or its absence, is told: no destructor or atexit function runs later. */
void bench_at_end(void (*fn)(void));

/* A table of keys, then NULL: finds the function; NULL. */
BenchFn bench_find(const BenchSuite *suite, const char *key);
