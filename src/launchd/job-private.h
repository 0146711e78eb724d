/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_JOB_PRIVATE_H
#define PORTCULLIS_LAUNCHD_JOB_PRIVATE_H

/*
 * What the files job*.c and supervisor.c share.
 *
 *	job.c		what a job is, and the requests that are made of it
 *	job-run.c	a run: start, signals, exit
 *	job-trigger.c	what makes it start by itself
 *	job-inetd.c	instances
 *	supervisor.c	the tables, and what has to happen later: "work"
 *
 * Memory of a job is freed in one place only, at the end of the supervisor's work, which the loop calls:
 * so no function has to fear that a hook frees the job under its hands. job_is_gone() says that it
 * should not go on.
 */

#include "base/hash.h"
#include "base/list.h"
#include "launchd/job.h"
#include "launchd/jobgroup.h"
#include "launchd/jobsocket.h"
#include "launchd/throttle.h"
#include "launchd/watchpath.h"

struct Job {
	Supervisor *supervisor;
	JobSpec *spec; /* owned; an instance's is its parent's */
	char *label; /* the spec's, or an instance's own */
	void *userdata;
	JobStatus status;
	char *problem;

	PidRef process;
	LoopSource *process_source;
	int failure_fd;
	LoopSource *failure_source;
	LoopSource *exit_timer, *start_timer, *interval_timer; /* NULL until needed */
	Deadline interval_next;

	Throttle throttle;
	JobReason pending; /* of the start that is scheduled, or comes after the exit */
	bool is_demanded; /* it was, at least once */
	bool is_urgent; /* pending is not to be throttled */
	bool is_vain; /* its process did not become the program */
	int exec_error; /* FAILED since the program cannot be executed: errno; else 0 */
	bool is_gone; /* removed; waits to be freed */
	bool is_new; /* what happens at load has not happened yet */
	bool is_working; /* in the supervisor's list of work */
	bool is_in_others, is_linked; /* in the list; in the table of processes */

	JobGroup *group; /* NULL until needed, or for good */
	JobSockets sockets;
	PathWatch **watches; /* NULL until there are */
	size_t n_watches;
	PathWatch *program_watch;

	Job *parent;
	unsigned n_instances, next_instance;
	int stdio_fd; /* of an instance */

	UT_hash_handle by_label, by_pid;
	TAILQ_ENTRY(Job) all_entry; /* in all, or in gone */
	TAILQ_ENTRY(Job) work_entry;
	TAILQ_ENTRY(Job) others_entry;
};

TAILQ_HEAD(JobList, Job);

struct Supervisor {
	SupervisorOptions options;
	Loop *loop;
	PathWatcher *watcher;
	JobGroups groups;
	Job *by_label, *by_pid;
	struct JobList all;
	struct JobList work; /* to be considered anew */
	struct JobList others; /* whose KeepAlive looks at other jobs */
	struct JobList gone;
	size_t n_jobs, n_processes;
	LoopSource *work_timer;
	bool is_down;
	LoopFn done;
	void *done_userdata;
};

/* supervisor.c */
uint64_t supervisor_seconds(const Supervisor *supervisor, int64_t seconds);
/* Look at the job again, or at those that look at other jobs, in the next round of the loop. */
void supervisor_post_job(Job *job);
void supervisor_post_others(Supervisor *supervisor);
void supervisor_post(Supervisor *supervisor);
int supervisor_link_job(Job *job) _warn_unused_;
int supervisor_link_process(Job *job) _warn_unused_;
void supervisor_unlink_process(Job *job);
void supervisor_unlink_job(Job *job);

/* job.c */
int job_new(Supervisor *supervisor, JobSpec *spec, Job **ret) _warn_unused_;
Job *job_free(Job *job);
void job_freep(Job **jobp);
#define _cleanup_job_ _cleanup_(job_freep)
void job_set_state(Job *job, JobState state);
void job_tell_state(Job *job);
/* Whether it may be started at all: 0 or JOB_E_*. */
int job_check(const Job *job);
void job_set_problem_consume(Job *job, char *problem);
/* Take it out of the world. It has no process, and no instances. */
void job_finish(Job *job);
static inline bool job_has_process(const Job *job)
{
	return pidref_is_set(&job->process);
}

/* job-run.c */
int job_run(Job *job, JobReason reason) _warn_unused_;
int job_schedule(Job *job, JobReason reason) _warn_unused_;
void job_cancel(Job *job);
/* Its process has ended: reap it, and go on. */
void job_note_end(Job *job);
/* Do not accept connections for a second. */
int job_pause(Job *job) _warn_unused_;
/* End the process now, and reap it: for supervisor_free(). */
void job_end(Job *job);

/* job-trigger.c */
int job_triggers_init(Job *job) _warn_unused_;
void job_triggers_deinit(Job *job);
/* What comes after a run, a failure, or a change of what it depends on: start it if it is wanted, else
 * wait. */
int job_settle(Job *job) _warn_unused_;

/* job-inetd.c */
int job_accept(Job *job) _warn_unused_;
void job_instance_done(Job *instance);
void job_remove_instances(Job *job);

#endif
