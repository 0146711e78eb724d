/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inetd's way: an instance of the job for each connection.
 *
 * An instance borrows the JobSpec of its parent, which therefore stays until the last instance is gone,
 * also when it is removed meanwhile.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "launchd/job-private.h"

/* Accepted in one go; then others have their turn. */
#define BATCH_MAX 16

static int instance_name(Job *instance)
{
	Job *parent = instance->parent;

	for (;;) {
		_cleanup_free_ char *label = NULL;

		if (asprintf(&label, "%s.%u", parent->spec->label, ++parent->next_instance) < 0) {
			label = NULL;
			return error_origin(-ENOMEM);
		}
		/* Somebody may have a job that is called like that. */
		if (!supervisor_find_job(parent->supervisor, label)) {
			instance->label = TAKE_PTR(label);
			return 0;
		}
	}
}

static int job_run_instance(Job *parent, int connection_consume)
{
	_cleanup_close_ int connection = connection_consume;
	_cleanup_job_ Job *instance = NULL;
	Job *linked;
	int r;

	r = job_new(parent->supervisor, parent->spec, &instance);
	if (r < 0)
		return error_trace(r);
	instance->label = NULL;
	instance->parent = parent;
	instance->stdio_fd = TAKE_FD(connection);
	r = instance_name(instance);
	if (r < 0)
		return error_trace(r);
	r = supervisor_link_job(instance);
	if (r < 0)
		return error_trace(r);
	parent->n_instances++;
	parent->status.n_runs++;
	linked = TAKE_PTR(instance);
	r = job_run(linked, JOB_REASON_SOCKET);
	linked->stdio_fd = fd_close(linked->stdio_fd);
	return error_trace(r);
}

int job_accept(Job *job)
{
	int64_t most = job->spec->inetd_instances;
	int r;

	for (int i = 0; i < BATCH_MAX; i++) {
		if (job->is_gone || job_check(job) != 0 ||
			(most != SPEC_UNSET && job->n_instances >= (uint64_t)most)) {
			jobsockets_disarm(&job->sockets);
			return 0;
		}
		r = jobsockets_accept(&job->sockets);
		if (r == -EAGAIN)
			return 0;
		if (r >= 0)
			r = job_run_instance(job, r);
		/* Out of something: the connection waits, and so do we. */
		if (r < 0) {
			int paused = job_pause(job);

			(void)paused; /* what counts is the error before */
			return error_trace(r);
		}
	}
	return 0;
}

void job_instance_done(Job *instance)
{
	Job *parent = instance->parent;

	if (--parent->n_instances == 0 && parent->status.is_removing && !job_has_process(parent))
		job_finish(parent);
	else
		supervisor_post_job(parent); /* which may accept again */
}

void job_remove_instances(Job *job)
{
	Job *instance;

	/* Stopping calls hooks, which may remove any job: so it is left to the supervisor's work. */
	TAILQ_FOREACH (instance, &job->supervisor->all, all_entry)
		if (instance->parent == job)
			supervisor_post_job(instance);
}
