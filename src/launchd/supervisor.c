/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of jobs, and the supervisor's work: what has to happen, but not under the hands of who
 * caused it. A timer that is always due stands for "there is work"; it is disarmed while there is none.
 * Work is, in this order: jobs that have to be looked at again; jobs that are gone, to be freed; the
 * end of a shutdown.
 */
#include "launchd/supervisor.h"

#include <assert.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "launchd/job-private.h"

uint64_t supervisor_seconds(const Supervisor *supervisor, int64_t seconds)
{
	uint64_t ns;

	if (seconds <= 0)
		return 0;
	if (__builtin_mul_overflow((uint64_t)seconds, supervisor->options.second_ns, &ns))
		return UINT64_MAX / 2; /* centuries */
	return MIN(ns, UINT64_MAX / 2);
}

/* Work */

void supervisor_post(Supervisor *supervisor)
{
	int r = loop_source_set_deadline(supervisor->work_timer, 0);

	/* Fails only if the timerfd cannot be set, which the next event makes up for. */
	(void)r;
}

void supervisor_post_job(Job *job)
{
	if (job->is_gone || job->is_working)
		return;
	job->is_working = true;
	TAILQ_INSERT_TAIL(&job->supervisor->work, job, work_entry);
	supervisor_post(job->supervisor);
}

void supervisor_post_others(Supervisor *supervisor)
{
	Job *job;

	TAILQ_FOREACH (job, &supervisor->others, others_entry)
		supervisor_post_job(job);
}

static void free_gone(Supervisor *supervisor)
{
	Job *job;

	while ((job = TAILQ_FIRST(&supervisor->gone))) {
		JobSpec *spec = job->parent ? NULL : job->spec;

		TAILQ_REMOVE(&supervisor->gone, job, all_entry);
		job_free(job);
		spec_free(spec);
	}
}

static int on_work(void *userdata, uint32_t events)
{
	Supervisor *supervisor = userdata;
	LoopFn done = supervisor->done;
	Job *job;
	int r;

	while ((job = TAILQ_FIRST(&supervisor->work))) {
		TAILQ_REMOVE(&supervisor->work, job, work_entry);
		job->is_working = false;
		r = job_settle(job);
		if (r < 0)
			log_err("job %s: %s", job->label, strerror(-r));
	}
	free_gone(supervisor);
	if (!done || supervisor->n_processes > 0)
		return 0;
	supervisor->done = NULL;
	return done(supervisor->done_userdata, 0);
}

/* Tables */

int supervisor_link_job(Job *job)
{
	Supervisor *supervisor = job->supervisor;

	HASH_ADD_KEYPTR(by_label, supervisor->by_label, job->label, strlen(job->label), job);
	if (!hash_is_linked(job, by_label))
		return error_origin(-ENOMEM);
	TAILQ_INSERT_TAIL(&supervisor->all, job, all_entry);
	supervisor->n_jobs++;
	return 0;
}

void supervisor_unlink_job(Job *job)
{
	Supervisor *supervisor = job->supervisor;

	HASH_DELETE(by_label, supervisor->by_label, job);
	TAILQ_REMOVE(&supervisor->all, job, all_entry);
	TAILQ_INSERT_TAIL(&supervisor->gone, job, all_entry);
	supervisor->n_jobs--;
	if (job->is_working)
		TAILQ_REMOVE(&supervisor->work, job, work_entry);
	job->is_working = false;
	supervisor_post(supervisor);
	supervisor_post_others(supervisor);
}

int supervisor_link_process(Job *job)
{
	Supervisor *supervisor = job->supervisor;

	HASH_ADD(by_pid, supervisor->by_pid, process.pid, sizeof(job->process.pid), job);
	if (!hash_is_linked(job, by_pid))
		return error_origin(-ENOMEM);
	job->is_linked = true;
	supervisor->n_processes++;
	return 0;
}

void supervisor_unlink_process(Job *job)
{
	Supervisor *supervisor = job->supervisor;

	if (!job->is_linked)
		return;
	job->is_linked = false;
	HASH_DELETE(by_pid, supervisor->by_pid, job);
	if (--supervisor->n_processes == 0 && supervisor->is_down)
		supervisor_post(supervisor);
}

Job *supervisor_find_job(const Supervisor *supervisor, const char *label)
{
	Job *job = NULL;

	HASH_FIND(by_label, supervisor->by_label, label, strlen(label), job);
	return job;
}

Job *supervisor_find_process(const Supervisor *supervisor, pid_t pid, uint32_t pidversion)
{
	Job *job = NULL;

	HASH_FIND(by_pid, supervisor->by_pid, &pid, sizeof(pid), job);
	return job && (uint32_t)job->process.id == pidversion ? job : NULL;
}

void supervisor_reap_orphans(Supervisor *supervisor, pid_t spare)
{
	for (;;) {
		siginfo_t info = {.si_pid = 0};
		Job *job = NULL;

		/* Only look: a zombie's number is its own, so that it can be told whose it is. */
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == EINTR)
			continue;
		if (info.si_pid == 0 || info.si_pid == spare)
			return;
		HASH_FIND(by_pid, supervisor->by_pid, &info.si_pid, sizeof(info.si_pid), job);
		if (job)
			job_note_end(job);
		else
			(void)waitpid(info.si_pid, NULL, WNOHANG);
	}
}

Job *supervisor_next_job(const Supervisor *supervisor, const Job *after)
{
	return after ? TAILQ_NEXT(after, all_entry) : TAILQ_FIRST(&supervisor->all);
}

size_t supervisor_n_jobs(const Supervisor *supervisor)
{
	return supervisor->n_jobs;
}

size_t supervisor_n_processes(const Supervisor *supervisor)
{
	return supervisor->n_processes;
}

/* Lifetime */

static void heed_children(void)
{
	struct sigaction action;

	if (sigaction(SIGCHLD, NULL, &action) < 0)
		return;
	if (action.sa_handler != SIG_IGN && !(action.sa_flags & SA_NOCLDWAIT))
		return;
	action.sa_flags &= ~SA_NOCLDWAIT;
	if (action.sa_handler == SIG_IGN)
		action.sa_handler = SIG_DFL;
	(void)sigaction(SIGCHLD, &action, NULL); /* a valid signal, a valid action */
}

int supervisor_new(const SupervisorOptions *options, Supervisor **ret)
{
	_cleanup_supervisor_ Supervisor *supervisor = calloc(1, sizeof(*supervisor));
	int r;

	if (!supervisor)
		return error_origin(-ENOMEM);
	supervisor->options = *options;
	if (supervisor->options.second_ns == 0)
		supervisor->options.second_ns = CLOCK_NS_PER_SEC;
	supervisor->loop = options->loop;
	jobgroups_init(&supervisor->groups, options->loop, options->has_groups);
	TAILQ_INIT(&supervisor->all);
	TAILQ_INIT(&supervisor->work);
	TAILQ_INIT(&supervisor->others);
	TAILQ_INIT(&supervisor->gone);
	heed_children();
	r = path_watcher_new(supervisor->loop, &supervisor->watcher);
	if (r < 0)
		return error_trace(r);
	r = loop_add_timer(
		supervisor->loop, DEADLINE_NONE, on_work, supervisor, &supervisor->work_timer);
	if (r < 0)
		return error_trace(r);
	*ret = TAKE_PTR(supervisor);
	return 0;
}

Supervisor *supervisor_free(Supervisor *supervisor)
{
	SupervisorHooks hooks = {.removed = NULL};
	Job *job;

	if (!supervisor)
		return NULL;
	supervisor->is_down = true;
	if (supervisor->options.hooks)
		hooks.removed = supervisor->options.hooks->removed;
	supervisor->options.hooks = &hooks;
	/* Instances come after their parents. */
	while ((job = TAILQ_LAST(&supervisor->all, JobList))) {
		job_end(job);
		job_finish(job);
	}
	free_gone(supervisor);
	assert(supervisor->n_processes == 0 && TAILQ_EMPTY(&supervisor->work));
	jobgroups_deinit(&supervisor->groups);
	supervisor->watcher = path_watcher_free(supervisor->watcher);
	supervisor->work_timer = loop_source_remove(supervisor->work_timer);
	free(supervisor);
	return NULL;
}

void supervisor_freep(Supervisor **supervisorp)
{
	*supervisorp = supervisor_free(*supervisorp);
}

static int make_sockets(Job *job, char **ret_problem)
{
	int r;

	r = jobsockets_init(
		&job->sockets, job->spec, job->supervisor->options.socket_directory, ret_problem);
	if (r == JOBSOCKET_E_REFUSED)
		return SUPERVISOR_E_REFUSED;
	return error_fold(r);
}

int supervisor_add_job_take(
	Supervisor *supervisor, JobSpec *spec, void *userdata, Job **ret, char **ret_problem)
{
	_cleanup_job_ Job *job = NULL;
	int r;

	if (supervisor->is_down)
		return SUPERVISOR_E_SHUTDOWN;
	if (supervisor_find_job(supervisor, spec->label))
		return SUPERVISOR_E_EXISTS;
	r = job_new(supervisor, spec, &job);
	if (r < 0)
		return error_trace(r);
	job->userdata = userdata;
	job->is_new = true;
	r = make_sockets(job, ret_problem);
	if (r != 0)
		return error_trace(r);
	r = job_triggers_init(job);
	if (r < 0)
		return error_trace(r);
	r = supervisor_link_job(job);
	if (r < 0)
		return error_trace(r);
	supervisor_post_job(job);
	supervisor_post_others(supervisor);
	*ret = TAKE_PTR(job);
	return 0;
}

int supervisor_shutdown(Supervisor *supervisor, LoopFn done, void *userdata)
{
	Job *job;

	assert(!supervisor->done);
	supervisor->is_down = true;
	supervisor->done = done;
	supervisor->done_userdata = userdata;
	TAILQ_FOREACH (job, &supervisor->all, all_entry)
		supervisor_post_job(job);
	supervisor_post(supervisor);
	return 0;
}
