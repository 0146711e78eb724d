/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/lsmp-worker.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "tools/lsmp-space.h"

#define MAX_RUNNING 8
#define MAX_DELAYS 4
#define MAX_TOTAL_BYTES (UINT64_C(512) << 20)
#define WORKER_MS (WORKER_SECONDS * UINT64_C(1000))
/* A worker that has much to read stops in time to deliver what it has. */
#define READ_MS (WORKER_MS - 600)

typedef struct Worker {
	Process *process; /* NULL: not in use */
	pid_t pid;
	int fd;
	Deadline deadline;
	unsigned patience; /* how often the deadline may be put off */
	ByteWriter in;
} Worker;

typedef struct Pool {
	Worker workers[MAX_RUNNING];
	const WorkerOptions *options;
	uint64_t total;
} Pool;

static void only_keep(int fd)
{
	if (fd > 0)
		(void)syscall(SYS_close_range, 0, fd - 1, 0);
	(void)syscall(SYS_close_range, fd + 1, ~0u, 0);
}

_noreturn_ static void worker_main(pid_t pid, int out, const WorkerOptions *options, pid_t parent)
{
	Deadline deadline = deadline_after_ms(READ_MS);
	ModelWriter w;
	Target t;
	int r;

	/* Nor may one that cannot be killed keep somebody's pipe or terminal open. */
	only_keep(out);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	model_writer_init(&w);
	/* Twice: it may just have executed another program, and be another process altogether. */
	for (unsigned i = 0; i < 2; i++) {
		if (target_init(&t, pid, &w.head) == OUTCOME_OK)
			w.head.outcome = space_read(&t, options->messages, deadline, &w);
		target_deinit(&t);
		if (w.head.outcome != OUTCOME_BROKEN)
			break;
	}
	r = model_writer_send(&w, out);
	_exit(r ? 1 : 0);
}

static int worker_start(Worker *w, Process *process, const WorkerOptions *options)
{
	_cleanup_close_ int in = -EBADF, out = -EBADF;
	pid_t self = getpid();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_origin(-errno);
	in = fd_above_stdio_consume(fds[0]);
	out = fd_above_stdio_consume(fds[1]);
	if (in < 0 || out < 0)
		return error_origin(-EMFILE);
	w->pid = fork();
	if (w->pid < 0)
		return error_origin(-errno);
	if (w->pid == 0)
		worker_main(process->pid, out, options, self);
	w->process = process;
	w->fd = TAKE_FD(in);
	w->deadline = deadline_after_ms(WORKER_MS);
	w->patience = MAX_DELAYS;
	bytes_writer_init_growable(&w->in, model_max_size());
	return 0;
}

static void set_outcome(Process *process, Outcome outcome, int detail)
{
	process->model.head.outcome = (uint32_t)outcome;
	process->model.head.detail = detail;
}

/* The slot is free again; the worker has ended, or is given up. */
static void worker_release(Worker *w)
{
	w->fd = fd_close(w->fd);
	bytes_writer_deinit(&w->in);
	w->process = NULL;
}

/* Its pipe has ended, hence so has the worker. */
static void worker_finish(Pool *pool, Worker *w)
{
	_cleanup_free_ uint8_t *block = NULL;
	size_t size;
	int status = 0;

	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	block = bytes_writer_steal(&w->in, &size);
	pool->total += size;
	if (!block || status != 0 || !model_decode_take(block, size, &w->process->model))
		set_outcome(w->process, OUTCOME_CRASHED, status);
	else
		block = NULL;
	worker_release(w);
}

static void worker_abandon(Worker *w, Outcome outcome, int detail)
{
	set_outcome(w->process, outcome, detail);
	(void)kill(w->pid, SIGKILL);
	(void)waitpid(w->pid, NULL, WNOHANG);
	worker_release(w);
}

/* Whether it would go on if it had a CPU: then it is not its process that keeps it from ending. */
static bool worker_is_starved(const Worker *w)
{
	_cleanup_close_ int fd = -EBADF;
	char path[32], text[256];
	const char *state;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", w->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[MAX(n, (ssize_t)0)] = '\0';
	state = strrchr(text, ')');
	return state && !strncmp(state, ") R", 3);
}

static void worker_overdue(Worker *w)
{
	if (w->patience-- > 0 && worker_is_starved(w))
		w->deadline = deadline_after_ms(WORKER_MS);
	else
		worker_abandon(w, OUTCOME_HUNG, 0);
}

static void worker_read(Pool *pool, Worker *w)
{
	uint8_t buffer[65536];
	ssize_t n = read(w->fd, buffer, sizeof(buffer));

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0)
		worker_finish(pool, w);
	else if (pool->total + w->in.used + (size_t)n > MAX_TOTAL_BYTES ||
		 bytes_put_blob(&w->in, buffer, (size_t)n))
		worker_abandon(w, OUTCOME_FAILED, ENOMEM);
}

/* Waits for something to come of the workers that run. */
static void pool_dispatch(Pool *pool)
{
	struct pollfd polls[MAX_RUNNING];
	int timeout = INT_MAX;

	for (unsigned i = 0; i < MAX_RUNNING; i++) {
		Worker *w = &pool->workers[i];

		polls[i] = (struct pollfd){.fd = w->process ? w->fd : -1, .events = POLLIN};
		if (w->process)
			timeout = MIN(timeout, deadline_to_poll_ms(w->deadline));
	}
	if (poll(polls, MAX_RUNNING, timeout) < 0)
		return;
	for (unsigned i = 0; i < MAX_RUNNING; i++) {
		Worker *w = &pool->workers[i];

		if (!w->process)
			continue;
		if (polls[i].revents)
			worker_read(pool, w);
		else if (deadline_is_past(w->deadline))
			worker_overdue(w);
	}
}

static Worker *pool_find(Pool *pool, bool in_use)
{
	for (unsigned i = 0; i < MAX_RUNNING; i++) {
		if ((pool->workers[i].process != NULL) == in_use)
			return &pool->workers[i];
	}
	return NULL;
}

int workers_run(Process *processes, size_t n, const WorkerOptions *options)
{
	Pool pool = {.options = options};
	Worker *w;
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		while ((w = pool_find(&pool, false)) == NULL)
			pool_dispatch(&pool);
		r = worker_start(w, &processes[i], options);
		if (r < 0)
			break;
	}
	while ((w = pool_find(&pool, true)) != NULL) {
		if (r < 0)
			worker_abandon(w, OUTCOME_FAILED, -r);
		else
			pool_dispatch(&pool);
	}
	return error_trace(r);
}
