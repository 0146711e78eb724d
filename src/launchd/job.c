/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/job.h"

#include <assert.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>

#include "base/error.h"
#include "base/fd.h"
#include "launchd/job-private.h"

const char *job_state_text(JobState state)
{
	static const char *const texts[] = {
		[JOB_WAITING] = "waiting",
		[JOB_THROTTLED] = "spawn scheduled",
		[JOB_STARTING] = "starting",
		[JOB_RUNNING] = "running",
		[JOB_EXITING] = "exiting",
		[JOB_FAILED] = "spawn failed",
		[JOB_DONE] = "exited",
	};

	return state < _JOB_STATE_N ? texts[state] : "?";
}

const char *job_reason_text(JobReason reason)
{
	static const char *const texts[] = {
		[JOB_REASON_NONE] = "none",
		[JOB_REASON_LOAD] = "speculative",
		[JOB_REASON_KEEP_ALIVE] = "keepalive",
		[JOB_REASON_MESSAGE] = "ipc (mach)",
		[JOB_REASON_SOCKET] = "ipc (socket)",
		[JOB_REASON_INTERVAL] = "interval",
		[JOB_REASON_PATH] = "watch path",
		[JOB_REASON_REQUEST] = "non-ipc demand",
	};

	return reason < _JOB_REASON_N ? texts[reason] : "?";
}

const char *job_label(const Job *job)
{
	return job->label;
}

const JobSpec *job_spec(const Job *job)
{
	return job->spec;
}

const JobStatus *job_status(const Job *job)
{
	return &job->status;
}

Supervisor *job_supervisor(const Job *job)
{
	return job->supervisor;
}

Job *job_parent(const Job *job)
{
	return job->parent;
}

void *job_get_userdata(const Job *job)
{
	return job->userdata;
}

void job_set_userdata(Job *job, void *userdata)
{
	job->userdata = userdata;
}

const PidRef *job_process(const Job *job)
{
	return &job->process;
}

/* Lifetime */

int job_new(Supervisor *supervisor, JobSpec *spec, Job **ret)
{
	Job *job = calloc(1, sizeof(*job));

	if (!job)
		return error_origin(-ENOMEM);
	job->supervisor = supervisor;
	job->spec = spec;
	job->label = spec->label;
	job->process = PIDREF_NULL;
	job->failure_fd = job->stdio_fd = -EBADF;
	job->status.is_enabled = !spec->disabled;
	clock_gettime(CLOCK_REALTIME, &job->status.loaded_at);
	throttle_init(&job->throttle, supervisor_seconds(supervisor, spec->throttle_interval_s));
	*ret = job;
	return 0;
}

/* The spec is freed by who took the job out of the table, or never gave it away. */
Job *job_free(Job *job)
{
	if (!job)
		return NULL;
	assert(!job_has_process(job) && !job->process_source && !job->failure_source);
	job_triggers_deinit(job);
	job->exit_timer = loop_source_remove(job->exit_timer);
	job->start_timer = loop_source_remove(job->start_timer);
	fd_close(job->stdio_fd);
	if (job->parent)
		free(job->label);
	free(job->problem);
	free(job);
	return NULL;
}

void job_freep(Job **jobp)
{
	*jobp = job_free(*jobp);
}

void job_tell_state(Job *job)
{
	const SupervisorHooks *hooks = job->supervisor->options.hooks;

	log_debug("job %s: %s", job->label, job_state_text(job->status.state));
	if (hooks && hooks->state_changed)
		hooks->state_changed(job->supervisor->options.userdata, job);
}

void job_set_state(Job *job, JobState state)
{
	if (job->status.state == state)
		return;
	job->status.state = state;
	job_tell_state(job);
}

void job_set_problem_consume(Job *job, char *problem)
{
	free(job->problem);
	job->problem = problem;
	job->status.problem = problem;
}

/* What the job has started ends with it, also what has left the process group: in the time that a job
 * gets. */
static void job_leave_group(Job *job)
{
	uint64_t ns = supervisor_seconds(job->supervisor, job->spec->exit_timeout_s);
	bool may_stay = job->spec->abandon_process_group || ns == 0;

	job->group = jobgroup_leave(job->group, may_stay ? DEADLINE_NONE : deadline_after_ns(ns));
}

void job_finish(Job *job)
{
	const SupervisorHooks *hooks = job->supervisor->options.hooks;

	assert(!job_has_process(job) && job->n_instances == 0);
	if (job->is_gone)
		return;
	job->is_gone = true;
	job_cancel(job);
	job_triggers_deinit(job);
	job_leave_group(job);
	supervisor_unlink_job(job);
	if (hooks && hooks->removed)
		hooks->removed(job->supervisor->options.userdata, job);
	if (job->parent)
		job_instance_done(job);
}

/* Requests */

int job_check(const Job *job)
{
	if (job->is_gone || job->status.is_removing || job->supervisor->is_down)
		return JOB_E_REMOVED;
	if (job->parent)
		return 0;
	if (!job->status.is_enabled)
		return JOB_E_DISABLED;
	if (job->spec->launch_only_once && job->status.n_runs > 0 && !job_has_process(job))
		return JOB_E_DONE;
	return 0;
}

int job_demand(Job *job, JobReason reason)
{
	int r = job_check(job);

	if (r != 0)
		return r;
	if (jobsockets_is_accepting(job->spec))
		return JOB_E_INETD;
	job->is_demanded = true;
	switch (job->status.state) {
	case JOB_STARTING:
	case JOB_RUNNING:
	case JOB_THROTTLED:
		return 0;
	case JOB_EXITING:
		if (job->pending == JOB_REASON_NONE)
			job->pending = reason;
		return 0;
	default:
		return error_trace(job_schedule(job, reason));
	}
}

int job_start(Job *job)
{
	int r;

	if (job_has_process(job)) {
		r = job_demand(job, JOB_REASON_REQUEST);
		job->is_urgent = r == 0 && job->status.state == JOB_EXITING;
		return r;
	}
	r = job_check(job);
	if (r != 0)
		return r;
	if (jobsockets_is_accepting(job->spec))
		return JOB_E_INETD;
	job->is_demanded = true;
	return error_trace(job_run(job, JOB_REASON_REQUEST));
}

int job_kill(Job *job, int signal)
{
	if (!job_has_process(job))
		return JOB_E_NOT_RUNNING;
	/* ESRCH: a zombie that is about to be reaped. */
	if (pidfd_send_signal(job->process.fd, signal, NULL, 0) < 0)
		return errno == ESRCH ? JOB_E_NOT_RUNNING : error_origin(-errno);
	/* It is as good as gone: what is demanded from now on is for the next run. */
	if (signal == SIGKILL)
		job_set_state(job, JOB_EXITING);
	return 0;
}

void job_remove(Job *job)
{
	int r;

	if (job->is_gone || job->status.is_removing)
		return;
	job->status.is_removing = true;
	/* Not twice: nothing may start it any more, or see its sockets. */
	job_cancel(job);
	job_triggers_deinit(job);
	job_remove_instances(job);
	if (!job_has_process(job)) {
		if (job->n_instances == 0)
			job_finish(job);
		return;
	}
	r = job_stop(job);
	/* Without memory for a timer, SIGTERM will have to do. */
	if (r < 0)
		log_err("job %s: cannot be stopped: %s", job->label, strerror(-r));
}

void job_set_enabled(Job *job, bool is_enabled)
{
	if (job->status.is_enabled == is_enabled)
		return;
	job->status.is_enabled = is_enabled;
	if (!is_enabled)
		job_cancel(job);
	supervisor_post_job(job);
	supervisor_post_others(job->supervisor);
}

int job_take_sockets(Job *job, const char *name, FdList *ret)
{
	if (!job_has_process(job))
		return JOB_E_NOT_RUNNING;
	switch (jobsockets_dup(&job->sockets, name, ret)) {
	case 0:
		return 0;
	case JOBSOCKET_E_UNKNOWN:
		return JOB_E_NO_SOCKET;
	case JOBSOCKET_E_TAKEN:
		return JOB_E_TAKEN;
	default:
		return error_origin(-EMFILE);
	}
}

void job_return_sockets(Job *job, const char *name)
{
	jobsockets_set_taken(&job->sockets, name, false);
}

int job_add_environment(const Job *job, Environment *env)
{
	return error_trace(jobsockets_add_environment(&job->sockets, env));
}
