/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes a job start by itself: being loaded, KeepAlive, its sockets, paths and interval.
 *
 * Triggers only demand. Whether the job is started then, and when, is decided where all demands are, in
 * job.c and job-run.c; what a trigger needs so as not to fire again and again meanwhile (a socket stays
 * readable until the job reads it) is that it is disarmed whenever the job neither waits nor has failed.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "launchd/job-private.h"

/* What goes wrong with one job is no reason to end the loop. */
static int absorb(const Job *job, const char *what, int r)
{
	if (r < 0)
		log_err("job %s: %s: %s", job->label, what, strerror(-r));
	return 0;
}

/* Sockets */

static int on_socket(void *userdata, uint32_t events)
{
	Job *job = userdata;
	int r;

	if (jobsockets_is_accepting(job->spec))
		return absorb(job, "cannot accept a connection", job_accept(job));
	r = job_demand(job, JOB_REASON_SOCKET);
	/* It would be reported for ever. */
	if (r != 0)
		jobsockets_disarm(&job->sockets);
	return absorb(job, "cannot be started for its socket", r);
}

static int arm_sockets(Job *job)
{
	const JobSpec *spec = job->spec;

	if (jobsockets_is_accepting(spec) && spec->inetd_instances != SPEC_UNSET &&
		job->n_instances >= (uint64_t)spec->inetd_instances)
		return 0;
	return error_trace(jobsockets_arm(&job->sockets, job->supervisor->loop, on_socket, job));
}

/* Paths */

static int on_watched_path(void *userdata)
{
	Job *job = userdata;

	/* A job that may not start does not. */
	return absorb(job, "cannot be started for a path", job_demand(job, JOB_REASON_PATH));
}

static int on_state_path(void *userdata)
{
	Job *job = userdata;

	return absorb(job, "cannot be kept alive", job_settle(job));
}

static int watch(Job *job, const char *path, PathWatchFn fn)
{
	PathWatcher *watcher = job->supervisor->watcher;
	int r = path_watch_new(watcher, path, fn, job, &job->watches[job->n_watches]);

	if (r == -ENOMEM)
		return error_trace(r);
	/* The job is of use without it; the one who wrote it wants to know. */
	if (r < 0)
		log_warning("job %s: cannot watch %s: %s", job->label, path, strerror(-r));
	else
		job->n_watches++;
	return 0;
}

static int watch_paths(Job *job)
{
	const SpecConditions *states = &job->spec->keep_alive.path_state;
	char **paths = job->spec->watch_paths;
	size_t n = states->n_items;
	int r = 0;

	for (char **path = paths; path && *path; path++)
		n++;
	if (n == 0)
		return 0;
	job->watches = calloc(n, sizeof(*job->watches));
	if (!job->watches)
		return error_origin(-ENOMEM);
	for (char **path = paths; path && *path && r == 0; path++)
		r = watch(job, *path, on_watched_path);
	for (size_t i = 0; i < states->n_items && r == 0; i++)
		r = watch(job, states->items[i].subject, on_state_path);
	return error_trace(r);
}

static int on_program(void *userdata)
{
	Job *job = userdata;

	/* Somebody wanted it when it failed, and wants it still. */
	return absorb(job, "cannot be started", job_demand(job, job->status.reason));
}

/* Wait for a program that is not there, or cannot be executed yet. Returns whether that is done. */
static bool watch_program(Job *job)
{
	const char *path = spawn_program_path(job->spec), *root = job->spec->root_directory;
	_cleanup_free_ char *text = NULL;

	if (job->program_watch)
		return true;
	if (!path || asprintf(&text, "%s%s", root ? root : "", path) < 0)
		return false;
	if (path_watch_new(job->supervisor->watcher, text, on_program, job, &job->program_watch) <
		0)
		return false;
	/* It may have come before it was watched. */
	if (job->exec_error == ENOENT && access(text, F_OK) == 0) {
		job->program_watch = path_watch_free(job->program_watch);
		return false;
	}
	return true;
}

/* StartInterval */

static int on_interval(void *userdata, uint32_t events)
{
	Job *job = userdata;
	uint64_t interval = supervisor_seconds(job->supervisor, job->spec->start_interval_s);
	uint64_t now = clock_now_ns();
	int r;

	/* What was missed is missed, all of it at once. */
	job->interval_next += ((now - job->interval_next) / interval + 1) * interval;
	r = loop_source_set_deadline(job->interval_timer, job->interval_next);
	if (r == 0)
		r = job_demand(job, JOB_REASON_INTERVAL);
	return absorb(job, "cannot be started for its interval", r);
}

static int start_interval(Job *job)
{
	if (job->spec->start_interval_s == SPEC_UNSET)
		return 0;
	job->interval_next = deadline_after_ns(
		supervisor_seconds(job->supervisor, job->spec->start_interval_s));
	return error_trace(loop_add_timer(
		job->supervisor->loop, job->interval_next, on_interval, job, &job->interval_timer));
}

/* All of them */

static bool looks_at_others(const Job *job)
{
	const SpecKeepAlive *keep_alive = &job->spec->keep_alive;

	return keep_alive->other_job_enabled.n_items > 0 ||
	       keep_alive->other_job_active.n_items > 0;
}

int job_triggers_init(Job *job)
{
	int r;

	r = watch_paths(job);
	if (r < 0)
		return error_trace(r);
	r = start_interval(job);
	if (r < 0)
		return error_trace(r);
	if (looks_at_others(job)) {
		TAILQ_INSERT_TAIL(&job->supervisor->others, job, others_entry);
		job->is_in_others = true;
	}
	return 0;
}

void job_triggers_deinit(Job *job)
{
	jobsockets_deinit(&job->sockets);
	for (size_t i = 0; i < job->n_watches; i++)
		path_watch_free(job->watches[i]);
	job->n_watches = 0;
	free(job->watches);
	job->watches = NULL;
	job->program_watch = path_watch_free(job->program_watch);
	job->interval_timer = loop_source_remove(job->interval_timer);
	if (job->is_in_others)
		TAILQ_REMOVE(&job->supervisor->others, job, others_entry);
	job->is_in_others = false;
}

/* KeepAlive */

static bool is_enabled(void *userdata, const char *label)
{
	const Job *job = supervisor_find_job(userdata, label);

	return job && job->status.is_enabled && !job->status.is_removing;
}

static bool is_active(void *userdata, const char *label)
{
	const Job *job = supervisor_find_job(userdata, label);

	return job && job_has_process(job);
}

static bool is_kept_alive(Job *job)
{
	KeepAliveFacts facts = {
		.last = job->status.has_exited ? &job->status.last : NULL,
		.demanded = job->is_demanded,
		.job_is_enabled = is_enabled,
		.job_is_active = is_active,
		.userdata = job->supervisor,
	};

	return keepalive_wants_job(&job->spec->keep_alive, &facts);
}

static int job_settle_idle(Job *job)
{
	JobReason pending = job->pending;
	bool is_first = job->is_new, is_urgent = job->is_urgent;

	job->pending = JOB_REASON_NONE;
	job->is_new = job->is_urgent = false;
	if (jobsockets_is_accepting(job->spec))
		return error_trace(arm_sockets(job));
	if (is_first && spec_is_started_at_load(job->spec))
		return error_trace(job_schedule(job, JOB_REASON_LOAD));
	if (pending != JOB_REASON_NONE)
		return error_trace(is_urgent ? job_run(job, pending) : job_schedule(job, pending));
	if (job->status.state == JOB_FAILED && job->exec_error != 0 && watch_program(job) &&
		job->exec_error == ENOENT)
		return 0;
	if (is_kept_alive(job))
		return error_trace(job_schedule(job, JOB_REASON_KEEP_ALIVE));
	return error_trace(arm_sockets(job));
}

static bool is_ending(const Job *job)
{
	return job->supervisor->is_down || job->status.is_removing ||
	       (job->parent && job->parent->status.is_removing);
}

int job_settle(Job *job)
{
	if (job->is_gone)
		return 0;
	if (is_ending(job))
		job_cancel(job);
	if (job->status.state == JOB_THROTTLED)
		return 0;
	if (job_has_process(job))
		return is_ending(job) ? error_fold(job_stop(job)) : 0;
	if (job->parent) {
		job_finish(job);
		return 0;
	}
	if (job_check(job) != 0) {
		jobsockets_disarm(&job->sockets);
		return 0;
	}
	return error_trace(job_settle_idle(job));
}
