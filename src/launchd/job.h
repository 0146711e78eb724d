/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_JOB_H
#define PORTCULLIS_LAUNCHD_JOB_H

/*
 * A job: what a JobSpec says, and at most one process at a time.
 *
 *	WAITING	  it does not run, and waits to be demanded
 *	THROTTLED a start is scheduled: it was demanded, but started too short a time ago
 *	STARTING  it has a process, which has not become the program yet
 *	RUNNING
 *	EXITING	  SIGTERM was sent, and SIGKILL follows after ExitTimeOut; or SIGKILL was sent
 *	FAILED	  the last start came to nothing: job_status()->problem. As WAITING otherwise; if only the
 *		  program was missing, its appearance starts a job that is wanted
 *	DONE	  LaunchOnlyOnce, and it did
 *
 * A demand comes from outside (a message, a request) or from the job's own sockets, timers and paths.
 * It is never lost: while EXITING it is kept for afterwards. While RUNNING it is taken as met: whoever
 * demands has to look again in the `exited` hook. Nor is it ever waited for: all functions return at
 * once.
 *
 * inetd's way without Wait: for each connection an instance is made, a Job of its own with job_parent()
 * and the label "LABEL.N", which starts at once, without throttling, and is removed when it exits. The
 * parent never runs itself.
 */

#include <time.h>

#include "base/fdlist.h"
#include "base/pidref.h"
#include "launchd/supervisor.h"

enum {
	_JOB_E_SUCCESS,
	JOB_E_DISABLED,
	JOB_E_DONE, /* LaunchOnlyOnce */
	JOB_E_REMOVED, /* it is being removed, or everything is */
	JOB_E_NOT_RUNNING, /* there is no process */
	JOB_E_NO_SOCKET, /* it declares none of that name */
	JOB_E_TAKEN, /* this run of the job has had it already */
	JOB_E_INETD, /* it runs for connections only */
	_JOB_E_N,
};

typedef enum JobState {
	JOB_WAITING,
	JOB_THROTTLED,
	JOB_STARTING,
	JOB_RUNNING,
	JOB_EXITING,
	JOB_FAILED,
	JOB_DONE,
	_JOB_STATE_N,
} JobState;

/* Why it was started. */
typedef enum JobReason {
	JOB_REASON_NONE,
	JOB_REASON_LOAD, /* RunAtLoad, or a KeepAlive that needs a first run */
	JOB_REASON_KEEP_ALIVE,
	JOB_REASON_MESSAGE, /* to one of its services */
	JOB_REASON_SOCKET,
	JOB_REASON_INTERVAL, /* StartInterval */
	JOB_REASON_PATH, /* WatchPaths */
	JOB_REASON_REQUEST, /* somebody asked for it */
	_JOB_REASON_N,
} JobReason;

typedef struct JobStatus {
	JobState state;
	JobReason reason; /* of the last start */
	pid_t pid; /* 0: no process */
	uint64_t process_id; /* PidRef.id; 0: no process */
	bool is_enabled;
	bool is_removing;
	unsigned n_runs; /* starts of the program; of a parent, instances */
	unsigned n_failures; /* starts that came to nothing */
	bool has_exited; /* last is set */
	JobExit last;
	/* CLOCK_REALTIME; 0: never. */
	struct timespec loaded_at, started_at, exited_at;
	Deadline next_start; /* while THROTTLED */
	const char *problem; /* why the last start failed; NULL: it did not. Borrowed */
} JobStatus;

const char *job_state_text(JobState state);
const char *job_reason_text(JobReason reason);

const char *job_label(const Job *job);
const JobSpec *job_spec(const Job *job);
const JobStatus *job_status(const Job *job);
Supervisor *job_supervisor(const Job *job);
Job *job_parent(const Job *job); /* NULL unless an instance */
void *job_get_userdata(const Job *job);
void job_set_userdata(Job *job, void *userdata);
/* The process, borrowed; unset if there is none. */
const PidRef *job_process(const Job *job);

/* The job is wanted: start it now, or as soon as throttling allows. Returns 0 (it runs, or will, or
 * the start failed, which its state says), JOB_E_DISABLED, JOB_E_DONE, JOB_E_REMOVED, JOB_E_INETD, or
 * -errno. */
int job_demand(Job *job, JobReason reason) _warn_unused_;
/* The same without throttling, for somebody who says "now"; while EXITING: right after the exit. */
int job_start(Job *job) _warn_unused_;
/* SIGTERM, then SIGKILL. What keeps it alive starts it again. Returns 0, also when it is being stopped
 * already, JOB_E_NOT_RUNNING, or -errno. */
int job_stop(Job *job) _warn_unused_;
/* Send a signal to the process. Returns 0, JOB_E_NOT_RUNNING, or -errno. After SIGKILL, job_start()
 * starts it anew as soon as it is gone. */
int job_kill(Job *job, int signal) _warn_unused_;
/* Unload it: at once if it has no process, else it is stopped, and removed when it has exited. */
void job_remove(Job *job);
/* A job that is disabled is never started; one that runs goes on. */
void job_set_enabled(Job *job, bool is_enabled);

/* Duplicates of the sockets called @name, once for each run of the job. Returns 0, JOB_E_NO_SOCKET,
 * JOB_E_TAKEN, JOB_E_NOT_RUNNING, or -errno. */
int job_take_sockets(Job *job, const char *name, FdList *ret) _warn_unused_;
/* Where its sockets with a SecureSocketWithKey are: the variables that say so. 0 or -ENOMEM. */
int job_add_environment(const Job *job, Environment *env) _warn_unused_;
/* What was taken did not reach it, and may be taken again. */
void job_return_sockets(Job *job, const char *name);

#endif
