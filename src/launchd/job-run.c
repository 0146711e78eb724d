/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of a job: from the start to the reaped process.
 *
 * The process is ours from the fork on: its pidfd says when it is over, and the pipe of spawn.h whether
 * it became the program. Both are sources of the loop, and either may come first.
 *
 * Between death and reaping, the number of the process is still its own, and so is that of the process
 * group that it led: this is the only moment at which what it left behind in the group can be signalled
 * without hitting a stranger.
 */
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/fd.h"
#include "launchd/job-private.h"

/* Starting */

static void disarm_timer(LoopSource *timer)
{
	/* Fails only where the timerfd cannot be set, and then there is one empty round. */
	int r = timer ? loop_source_set_deadline(timer, DEADLINE_NONE) : 0;

	(void)r;
}

static void job_fail(Job *job, char *problem_consume, int exec_error)
{
	Supervisor *supervisor = job->supervisor;

	job_set_problem_consume(job, problem_consume);
	log_err("job %s: %s", job->label, problem_consume ? problem_consume : "cannot start");
	job->exec_error = exec_error;
	job->status.n_failures++;
	throttle_note_failure(
		&job->throttle, clock_now_ns(), supervisor_seconds(supervisor, THROTTLE_RETRY_S));
}

static void job_forget_failure_pipe(Job *job)
{
	job->failure_source = loop_source_remove(job->failure_source);
	job->failure_fd = fd_close(job->failure_fd);
}

/* Whether the process became the program. Returns 0 or -errno. */
static int job_read_failure(Job *job)
{
	SpawnFailure failure;
	int r;

	if (job->failure_fd < 0)
		return 0;
	r = spawn_read_failure(job->failure_fd, &failure);
	if (r == SPAWN_E_AGAIN)
		return 0;
	job_forget_failure_pipe(job);
	if (r == SPAWN_E_FAILED) {
		job->is_vain = true;
		job_fail(job, spawn_failure_format(job->spec, &failure),
			failure.step == SPAWN_STEP_EXEC ? failure.error : 0);
		/* It is about to exit, and stays STARTING until then. */
		return 0;
	}
	if (job->status.state == JOB_STARTING)
		job_set_state(job, JOB_RUNNING);
	return error_trace(r);
}

static int on_failure_pipe(void *userdata, uint32_t events)
{
	Job *job = userdata;
	int r = job_read_failure(job);

	/* Then the pipe is closed, and the process goes on to be what it is. */
	if (r < 0)
		log_err("job %s: cannot tell whether it started: %s", job->label, strerror(-r));
	return 0;
}

static int on_process(void *userdata, uint32_t events);

static int job_watch_process(Job *job)
{
	Loop *loop = job->supervisor->loop;
	int r;

	r = loop_add_fd(loop, job->process.fd, EPOLLIN, on_process, job, &job->process_source);
	if (r < 0)
		return error_trace(r);
	r = loop_add_fd(loop, job->failure_fd, EPOLLIN, on_failure_pipe, job, &job->failure_source);
	if (r < 0)
		return error_trace(r);
	return error_trace(supervisor_link_process(job));
}

/* Instances are in their parent's, which ends them when it goes. -EBADF: there is none. */
static int job_open_group(Job *job)
{
	Job *owner = job->parent ? job->parent : job;

	if (!owner->group)
		owner->group = jobgroup_new(&owner->supervisor->groups, owner->spec->label);
	return jobgroup_open_run(owner->group);
}

static void job_sweep_group(const Job *job)
{
	jobgroup_sweep(job->parent ? job->parent->group : job->group);
}

static int job_spawn(Job *job, char **ret_problem)
{
	const SupervisorOptions *options = &job->supervisor->options;
	_cleanup_spawn_extra_ SpawnExtra extra;
	_cleanup_close_ int group = -EBADF;
	Spawned spawned = SPAWNED_INIT;
	SpawnRequest request = {
		.spec = job->spec,
		.label = job->spec->label,
		.extra = &extra,
		.stdio_fd = job->stdio_fd,
		.nofile = options->nofile,
		.group_fd = -EBADF,
	};
	int r;

	spawn_extra_init(&extra);
	if (job->spec->is_inetd && !job->parent)
		request.stdio_fd = jobsockets_get_first(&job->sockets);
	if (options->hooks && options->hooks->before_spawn) {
		r = options->hooks->before_spawn(options->userdata, job, &extra);
		if (r != 0)
			return error_fold(r);
		/* The hook may have thought better of it. */
		if (job_check(job) != 0)
			return error_origin(-ECANCELED);
	}
	/* Another job may have told the hook of a socket under the same name. */
	r = job_add_environment(job, &extra.environment);
	if (r < 0)
		return error_trace(r);
	group = request.group_fd = job_open_group(job);
	r = spawn_job(&request, &spawned, ret_problem);
	if (r != 0) {
		job_sweep_group(job);
		return error_trace(r);
	}
	job->process = spawned.process;
	job->failure_fd = spawned.failure_fd;
	r = job_watch_process(job);
	if (r < 0)
		job_end(job);
	return error_trace(r);
}

/* Start it now. A start that fails is no error: it is the state of the job. */
int job_run(Job *job, JobReason reason)
{
	const SupervisorOptions *options = &job->supervisor->options;
	_cleanup_free_ char *problem = NULL;
	int r;

	jobsockets_disarm(&job->sockets);
	jobsockets_reset(&job->sockets);
	job->program_watch = path_watch_free(job->program_watch);
	job->pending = JOB_REASON_NONE;
	job->is_new = job->is_urgent = job->is_vain = false;
	disarm_timer(job->start_timer);
	job->exec_error = 0;
	job->status.reason = reason;
	job->status.state = JOB_STARTING; /* who is told of it wants a pid too */
	throttle_note_start(&job->throttle, clock_now_ns());
	r = job_spawn(job, &problem);
	if (job->is_gone)
		return 0;
	if (r != 0) {
		if (!problem &&
			asprintf(&problem, "cannot start: %s", strerror(r < 0 ? -r : 0)) < 0)
			problem = NULL;
		job_fail(job, TAKE_PTR(problem), 0);
		job_set_state(job, JOB_FAILED);
		supervisor_post_job(job);
		return 0;
	}
	job_set_problem_consume(job, NULL);
	job->status.n_runs++;
	job->status.pid = job->process.pid;
	job->status.process_id = job->process.id;
	clock_gettime(CLOCK_REALTIME, &job->status.started_at);
	if (options->hooks && options->hooks->spawned)
		options->hooks->spawned(options->userdata, job);
	if (job->status.state == JOB_STARTING)
		job_tell_state(job);
	supervisor_post_others(job->supervisor);
	return 0;
}

static int on_start_timer(void *userdata, uint32_t events)
{
	Job *job = userdata;

	int r = 0;

	if (job->status.state == JOB_THROTTLED && job_check(job) != 0)
		job_cancel(job);
	else if (job->status.state == JOB_THROTTLED)
		r = job_run(job, job->pending);
	else if (jobsockets_is_accepting(job->spec))
		r = job_settle(job);
	if (r < 0)
		log_err("job %s: cannot start: %s", job->label, strerror(-r));
	return 0;
}

static int set_timer(
	Job *job, LoopSource **timer, uint64_t after_ns, int (*fn)(void *userdata, uint32_t events))
{
	Deadline deadline = deadline_after_ns(after_ns);

	if (*timer)
		return error_trace(loop_source_set_deadline(*timer, deadline));
	return error_trace(loop_add_timer(job->supervisor->loop, deadline, fn, job, timer));
}

/* Start it as soon as it may. */
int job_schedule(Job *job, JobReason reason)
{
	uint64_t left = throttle_left_ns(&job->throttle, clock_now_ns());
	uint64_t second = supervisor_seconds(job->supervisor, 1);
	int r;

	if (left == 0)
		return error_trace(job_run(job, reason));
	log_notice("job %s: Throttling respawn: Will start in %" PRIu64 " seconds", job->label,
		left / second + (left % second != 0));
	r = set_timer(job, &job->start_timer, left, on_start_timer);
	if (r < 0)
		return error_trace(r);
	/* What has asked need not go on asking. */
	jobsockets_disarm(&job->sockets);
	job->pending = reason;
	job->status.next_start = deadline_after_ns(left);
	job_set_state(job, JOB_THROTTLED);
	return 0;
}

int job_pause(Job *job)
{
	jobsockets_disarm(&job->sockets);
	return error_trace(set_timer(
		job, &job->start_timer, supervisor_seconds(job->supervisor, 1), on_start_timer));
}

void job_cancel(Job *job)
{
	job->pending = JOB_REASON_NONE;
	job->is_urgent = false;
	if (job->status.state != JOB_THROTTLED)
		return;
	disarm_timer(job->start_timer);
	job_set_state(job, JOB_WAITING);
}

/* Stopping */

static int on_exit_timer(void *userdata, uint32_t events)
{
	Job *job = userdata;
	int r;

	if (job->status.state != JOB_EXITING)
		return 0;
	log_warning("job %s: Exit timeout elapsed (%" PRId64 " seconds). Killing", job->label,
		job->spec->exit_timeout_s);
	r = job_kill(job, SIGKILL);
	if (r < 0)
		log_err("job %s: cannot be killed: %s", job->label, strerror(-r));
	return 0;
}

int job_stop(Job *job)
{
	int r;

	if (!job_has_process(job))
		return JOB_E_NOT_RUNNING;
	if (job->status.state == JOB_EXITING)
		return 0;
	r = job_kill(job, SIGTERM);
	/* A zombie is as good as stopped. */
	if (r < 0)
		return error_trace(r);
	if (job->spec->exit_timeout_s > 0) {
		r = set_timer(job, &job->exit_timer,
			supervisor_seconds(job->supervisor, job->spec->exit_timeout_s),
			on_exit_timer);
		if (r < 0)
			return error_trace(r);
	}
	job_set_state(job, JOB_EXITING);
	return 0;
}

/* Exits */

static void log_exit(const Job *job, const JobExit *exit)
{
	if (exit->never_ran)
		return;
	if (exit->by_signal)
		log_at_(exit->crashed ? LOG_LEVEL_WARNING : LOG_LEVEL_NOTICE, "job %s[%d]: %s: %s",
			job->label, (int)job->process.pid, exit->crashed ? "Crashed" : "Terminated",
			strsignal(exit->value));
	else if (exit->value != 0)
		log_at_(LOG_LEVEL_NOTICE, "job %s[%d]: Exited with code: %d", job->label,
			(int)job->process.pid, exit->value);
}

/* Reap the process, which has ended. *ret_exit is set unless it cannot be. */
static int job_reap(Job *job, int flags, JobExit *ret_exit)
{
	siginfo_t info = {.si_pid = 0};
	int r;

	do {
		r = waitid(P_PIDFD, (id_t)job->process.fd, &info, WEXITED | flags);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return error_origin(-errno);
	if (info.si_pid == 0)
		return error_origin(-EAGAIN);
	*ret_exit = (JobExit){
		.by_signal = info.si_code != CLD_EXITED,
		.value = info.si_status,
		.crashed = info.si_code != CLD_EXITED && keepalive_is_crash(info.si_status),
		.never_ran = job->is_vain,
	};
	return 0;
}

static void job_forget_process(Job *job)
{
	job->process_source = loop_source_remove(job->process_source);
	job_forget_failure_pipe(job);
	supervisor_unlink_process(job);
	pidref_done(&job->process);
	job->status.pid = 0;
	job->status.process_id = 0;
	disarm_timer(job->exit_timer);
	job_sweep_group(job);
}

static void job_end_group(const Job *job)
{
	/* ESRCH: nobody is left in it, or the process ended before it made one. */
	if (!job->spec->abandon_process_group && job->process.pid > 1)
		(void)kill(-job->process.pid, SIGTERM);
}

static void job_note_exit(Job *job, const JobExit *exit)
{
	const SupervisorOptions *options = &job->supervisor->options;
	JobState state = JOB_WAITING, before = job->status.state;

	log_exit(job, exit);
	job_forget_process(job);
	/* A run that never was does not count as the last one, nor as the only one. */
	if (exit->never_ran) {
		job->status.n_runs--;
		state = JOB_FAILED;
	} else {
		job->status.has_exited = true;
		job->status.last = *exit;
		clock_gettime(CLOCK_REALTIME, &job->status.exited_at);
		if (job->spec->launch_only_once)
			state = JOB_DONE;
	}
	/* First that it is over, then what is new: which may be that it runs again. */
	job->status.state = state;
	if (options->hooks && options->hooks->exited)
		options->hooks->exited(options->userdata, job, exit);
	if (!job->is_gone && job->status.state == state && state != before)
		job_tell_state(job);
	supervisor_post_others(job->supervisor);
}

static int on_process(void *userdata, uint32_t events)
{
	Job *job = userdata;
	JobExit exit = {.value = 0};
	int r;

	/* Its last words, if they are not read yet. */
	(void)on_failure_pipe(job, 0);
	job_end_group(job);
	r = job_reap(job, WNOHANG, &exit);
	if (r == -EAGAIN)
		return 0;
	if (r < 0) {
		log_err("job %s: cannot be reaped: %s", job->label, strerror(-r));
		exit = (JobExit){.by_signal = true, .value = SIGKILL, .never_ran = job->is_vain};
	}
	job_note_exit(job, &exit);
	if (job->is_gone || job_has_process(job))
		return 0;
	if (job->status.is_removing || job->parent) {
		if (job->n_instances == 0)
			job_finish(job);
		return 0;
	}
	r = job_settle(job);
	if (r < 0)
		log_err("job %s: cannot go on: %s", job->label, strerror(-r));
	return 0;
}

void job_note_end(Job *job)
{
	int r = on_process(job, EPOLLIN);

	(void)r; /* always 0: what goes wrong with a job does not end the loop */
}

void job_end(Job *job)
{
	JobExit exit = {.value = 0};
	int r;

	if (!job_has_process(job))
		return;
	r = pidfd_send_signal(job->process.fd, SIGKILL, NULL, 0);
	(void)r; /* it may be dead already */
	/* Wait for the death without reaping, for the sake of the group. */
	while (waitid(P_PIDFD, (id_t)job->process.fd, &(siginfo_t){.si_pid = 0},
		       WEXITED | WNOWAIT) < 0 &&
		errno == EINTR)
		;
	job_end_group(job);
	(void)job_reap(job, 0, &exit); /* somebody else has, against the rules */
	job_forget_process(job);
	job_set_state(job, JOB_WAITING);
}
