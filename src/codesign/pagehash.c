/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashing a file, on two threads.
 *
 * The file is cut into groups of pages. Each thread takes the next group that nobody has, reads it
 * into its own buffer, and hashes page after page. Groups are taken in order, and a group that was
 * taken is finished unless an earlier page has been found to differ: so the lowest page that was
 * reported is the first one that differs, however the threads ran.
 *
 * pread(2) was faster than a mapping: a mapping that is fresh costs a fault for each 64 KiB, which is
 * more than the copy; and it needs no handler for files that are cut.
 */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "codesign/codedir.h"
#include "codesign/pagehash.h"
#include "codesign/sha256lanes.h"
#include "codesign/sha256pair.h"

#define GROUP_SIZE (256u * 1024)
/* Below this, starting a thread takes longer than it saves. */
#define THREADS_WORTH (512u * 1024)
#define THREADS_MAX 2u
#define THREAD_STACK (128u * 1024)

typedef struct Work {
	const PageHashJob *job;
	uint8_t *made; /* where hashes are written, or NULL */
	const uint8_t *expected; /* what they are compared with, or NULL */
	size_t hash_size;
	uint64_t page_size; /* of all pages but the last one */
	uint64_t n_pages;
	uint64_t group_pages; /* pages of a group */
	bool has_lanes; /* sixteen pages are hashed at once */
	bool has_pairs; /* two are */
	uint64_t n_groups;
	_Atomic uint64_t next_group;
	_Atomic uint64_t done; /* bytes */
	_Atomic uint64_t bad_page; /* the first one that differs; UINT64_MAX: none */
	_Atomic bool stop; /* something failed */
	uint64_t shown; /* progress that the caller was told; its thread's */
	pthread_mutex_t lock; /* of what follows */
	int result; /* what failed first */
	CodeProblem problem;
} Work;

static void fail(Work *w, int result, const CodeProblem *problem)
{
	pthread_mutex_lock(&w->lock);
	if (w->result == 0) {
		w->result = result;
		w->problem = *problem;
	}
	pthread_mutex_unlock(&w->lock);
	atomic_store(&w->stop, true);
}

/* Tell the caller, on its own thread. */
static int show(Work *w, uint64_t done, CodeProblem *problem)
{
	done = MIN(done, w->job->limit);
	if (!w->job->progress || done <= w->shown)
		return 0;
	w->shown = done;
	if (w->job->progress(w->job->userdata, done, w->job->limit))
		return 0;
	return code_problem(problem, CODE_E_REFUSED, "it was interrupted");
}

/* What to do with the hash of @page. */
static void settle(Work *w, uint64_t page, const uint8_t *hash)
{
	uint64_t seen;

	if (w->made) {
		memcpy(w->made + page * w->hash_size, hash, w->hash_size);
		return;
	}
	if (memcmp(w->expected + page * w->hash_size, hash, w->hash_size) == 0)
		return;
	seen = atomic_load(&w->bad_page);
	while (page < seen && !atomic_compare_exchange_weak(&w->bad_page, &seen, page))
		;
}

/* The next pages at @p, @left bytes, of which as many as can be are hashed at once. Returns how many
 * bytes that were, or -errno. Only the last page of all may be shorter than the others. */
static int64_t hash_next(Work *w, uint64_t page, Digest *digest, const uint8_t *p, size_t left)
{
	uint8_t hashes[SHA256_LANES][32], hash[CODE_HASH_SIZE_MAX];
	size_t size = (size_t)MIN(w->page_size, (uint64_t)left), n = 1;
	int r;

	if (w->has_lanes && left >= SHA256_LANES * w->page_size) {
		sha256_lanes(p, size, hashes);
		n = SHA256_LANES;
	} else if (w->has_pairs && left >= 2 * w->page_size) {
		sha256_pair(p, p + size, size, hashes[0], hashes[1]);
		n = 2;
	} else {
		r = digest_whole(digest, p, size, hash);
		if (r < 0)
			return error_trace(r);
		settle(w, page, hash);
		return (int64_t)size;
	}
	for (size_t i = 0; i < n; i++)
		settle(w, page + i, hashes[i]);
	return (int64_t)(n * size);
}

/* The pages of a group, all of which fit into the buffer. */
static int hash_small_pages(
	Work *w, uint64_t group, Digest *digest, uint8_t *buffer, CodeProblem *problem)
{
	uint64_t page = group * w->group_pages, start = page * w->page_size;
	size_t left = (size_t)MIN(w->group_pages * w->page_size, w->job->limit - start);
	int r;

	r = codefile_read(w->job->file, start, buffer, left, problem);
	if (r != 0)
		return r;
	while (left > 0) {
		int64_t n = hash_next(w, page, digest, buffer, left);

		if (n < 0)
			return (int)n;
		page += (uint64_t)n / w->page_size;
		buffer += n;
		left -= (size_t)n;
	}
	return 0;
}

/* A page that is larger than the buffer. */
static int hash_large_page(
	Work *w, uint64_t page, Digest *digest, uint8_t *buffer, CodeProblem *problem)
{
	uint64_t at = page * w->page_size;
	uint64_t end = MIN(w->job->limit, at + w->page_size);
	uint8_t hash[CODE_HASH_SIZE_MAX];
	int r;

	r = digest_start(digest);
	while (r == 0 && at < end && !atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		size_t n = (size_t)MIN(end - at, (uint64_t)GROUP_SIZE);

		r = codefile_read(w->job->file, at, buffer, n, problem);
		if (r == 0)
			r = digest_update(digest, buffer, n);
		at += n;
		if (r == 0 && w->n_groups == 1)
			r = show(w, at, problem);
	}
	if (r == 0 && at == end)
		r = digest_finish(digest, hash);
	if (r == 0 && at == end)
		settle(w, page, hash);
	return r;
}

static int hash_group(Work *w, uint64_t group, Digest *digest, uint8_t *buffer, bool is_caller,
	CodeProblem *problem)
{
	uint64_t size = w->group_pages * w->page_size;
	uint64_t done;
	int r;

	if (w->page_size > GROUP_SIZE)
		r = hash_large_page(w, group, digest, buffer, problem);
	else
		r = hash_small_pages(w, group, digest, buffer, problem);
	if (r != 0)
		return r;
	done = atomic_fetch_add(&w->done, size) + size;
	return is_caller ? show(w, done, problem) : 0;
}

static void take_groups(Work *w, bool is_caller)
{
	_cleanup_digest_ Digest *digest = NULL;
	_cleanup_free_ uint8_t *buffer = NULL;
	CodeProblem problem = {0};
	int r;

	r = digest_new(w->job->type, &digest);
	buffer = malloc((size_t)MIN((uint64_t)GROUP_SIZE, MAX(w->job->limit, UINT64_C(1))));
	if (r == 0 && !buffer)
		r = error_origin(-ENOMEM);
	while (r == 0 && !atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		uint64_t group = atomic_fetch_add(&w->next_group, 1);

		if (group >= w->n_groups || atomic_load(&w->bad_page) < group * w->group_pages)
			break;
		r = hash_group(w, group, digest, buffer, is_caller, &problem);
	}
	if (r != 0)
		fail(w, r, &problem);
}

static void *helper(void *arg)
{
	take_groups(arg, false);
	return NULL;
}

/* A thread more, with all signals blocked: they are the program's, not ours. Without one, because
 * there are no resources for it, the work is done all the same. */
static bool start_helper(Work *w, pthread_t *ret)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	bool is_started;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	(void)pthread_attr_setstacksize(&attributes, THREAD_STACK); /* else it is larger */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	is_started = pthread_create(ret, &attributes, helper, w) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return is_started;
}

static unsigned threads_for(const PageHashJob *job, uint64_t n_groups)
{
	cpu_set_t cpus;
	unsigned n = job->n_threads;

	if (n == 0) {
		n = job->limit >= THREADS_WORTH ? THREADS_MAX : 1;
		if (n > 1 && sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
			n = MIN(n, (unsigned)CPU_COUNT(&cpus));
	}
	n = MIN(n, THREADS_MAX);
	return n_groups < n ? 1 : n;
}

static void work_init(Work *w, const PageHashJob *job, uint8_t *made, const uint8_t *expected)
{
	*w = (Work){
		.job = job,
		.made = made,
		.expected = expected,
		.hash_size = code_hash_get_size(job->type),
		.page_size = UINT64_C(1) << job->page_shift,
		.n_pages = codedir_count_pages(job->limit, job->page_shift),
		.bad_page = UINT64_MAX,
		.lock = PTHREAD_MUTEX_INITIALIZER,
	};
	if (job->type == CODE_HASH_SHA256 && job->page_shift != 0) {
		w->has_lanes = (job->at_once == 0 || job->at_once >= SHA256_LANES) &&
			       sha256_lanes_is_available();
		w->has_pairs = job->at_once != 1 && sha256_pair_is_available();
	}
	if (job->page_shift == 0)
		w->page_size = MAX(job->limit, UINT64_C(1));
	w->group_pages = MAX(UINT64_C(1), GROUP_SIZE / w->page_size);
	w->n_groups = (w->n_pages + w->group_pages - 1) / w->group_pages;
}

static int run(Work *w, CodeProblem *problem)
{
	pthread_t thread;
	bool is_helped = false;

	assert(w->n_pages < UINT32_MAX);
	if (threads_for(w->job, w->n_groups) > 1)
		is_helped = start_helper(w, &thread);
	take_groups(w, true);
	if (is_helped)
		pthread_join(thread, NULL);
	pthread_mutex_destroy(&w->lock);
	if (w->result > 0 && problem)
		*problem = w->problem;
	/* The other thread may have done the last part of it, or all. */
	if (w->result == 0 && w->bad_page == UINT64_MAX)
		return show(w, w->job->limit, problem);
	return w->result;
}

int pagehash_make(const PageHashJob *job, uint8_t *hashes, CodeProblem *problem)
{
	Work w;

	work_init(&w, job, hashes, NULL);
	return run(&w, problem);
}

int pagehash_compare(
	const PageHashJob *job, const uint8_t *hashes, uint32_t *ret_page, CodeProblem *problem)
{
	Work w;
	uint64_t start;
	int r;

	work_init(&w, job, NULL, hashes);
	r = run(&w, problem);
	if (r != 0)
		return r;
	if (w.bad_page == UINT64_MAX)
		return 0;
	start = w.bad_page * w.page_size;
	*ret_page = (uint32_t)w.bad_page;
	return code_problem_range(problem, CODE_E_MODIFIED, start,
		MIN(start + w.page_size, job->limit), "the content is not what was signed");
}
