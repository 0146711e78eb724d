/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_SUPERVISOR_H
#define PORTCULLIS_LAUNCHD_SUPERVISOR_H

/*
 * The supervisor: all jobs of a domain, by label and by process. It starts them, watches their
 * processes by pidfd, reaps them, and knows nothing of Mach ports: whoever does (the server) is told by
 * hooks what happens to a job, and says by job_demand() that one is wanted. job.h is what can be done
 * with a single job.
 *
 * Ownership: the supervisor owns its jobs, a job its JobSpec. A Job is valid until its `removed` hook
 * returns; it may then still be in memory, but that is nobody's business.
 *
 * Invariants: a label is in the table from supervisor_add_job() until `removed`, a process from its
 * fork until it is reaped, which is the only place where a pid of ours becomes free. So what
 * supervisor_find_process() finds is the very process that has the pid.
 *
 * Everything happens in the thread of the Loop. Hooks may call any function of supervisor.h and job.h
 * but supervisor_free().
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/loop.h"
#include "launchd/keepalive.h"
#include "launchd/spawn.h"
#include "launchd/spec.h"

typedef struct Supervisor Supervisor;
typedef struct Job Job;

enum {
	_SUPERVISOR_E_SUCCESS,
	SUPERVISOR_E_EXISTS, /* the label is taken */
	SUPERVISOR_E_SHUTDOWN, /* no more jobs: supervisor_shutdown() was called */
	SUPERVISOR_E_REFUSED, /* *ret_problem says why */
	_SUPERVISOR_E_N,
};

/* Each may be NULL. */
typedef struct SupervisorHooks {
	/* The job is about to be started: add to what its process gets. A return < 0 fails the start.
	 * Descriptors in @extra are closed here after the fork, as its FdList owns them. */
	int (*before_spawn)(void *userdata, Job *job, SpawnExtra *extra);
	/* The job has a process, which has not become its program yet. */
	void (*spawned)(void *userdata, Job *job);
	/* The process is gone and reaped; once for each `spawned`. The job may be demanded again. */
	void (*exited)(void *userdata, Job *job, const JobExit *exit);
	/* job_status(job)->state is another than before. */
	void (*state_changed)(void *userdata, Job *job);
	/* The job is no more: forget it. It has no process. */
	void (*removed)(void *userdata, Job *job);
} SupervisorHooks;

typedef struct SupervisorOptions {
	Loop *loop; /* must outlive the supervisor */
	const SupervisorHooks *hooks; /* likewise; may be NULL */
	void *userdata; /* of the hooks */
	const char *socket_directory; /* likewise; for SecureSocketWithKey. NULL: refused */
	struct rlimit nofile; /* of descriptors, for jobs; rlim_max 0: as ours */
	bool has_groups; /* each run in a control group of its own, where that can be: jobgroup.h */
	uint64_t second_ns; /* what a second of a JobSpec is; 0: a second. For tests. */
} SupervisorOptions;

/* A SIGCHLD that is ignored is set to its default: else the kernel reaps before we do. */
int supervisor_new(const SupervisorOptions *options, Supervisor **ret) _warn_unused_;
/* All jobs are removed, with their hooks; a process that is left is killed and waited for. Accepts NULL,
 * returns NULL. */
Supervisor *supervisor_free(Supervisor *supervisor);
void supervisor_freep(Supervisor **supervisorp);
#define _cleanup_supervisor_ _cleanup_(supervisor_freep)

/* A new job: its sockets are made, its paths watched, and if it is to run at load it is started, but
 * not before the next round of the loop. @userdata is the caller's: job_get_userdata(). Where
 * @spec->disabled says so it is loaded as disabled, and does not run. Owns the spec on success. Returns
 * 0, SUPERVISOR_E_EXISTS, SUPERVISOR_E_SHUTDOWN, SUPERVISOR_E_REFUSED with the reason on the heap, or
 * -errno. */
int supervisor_add_job_take(Supervisor *supervisor, JobSpec *spec, void *userdata, Job **ret,
	char **ret_problem) _warn_unused_;

/* The job of that label, or NULL. One that is being removed is found until it is gone. */
Job *supervisor_find_job(const Supervisor *supervisor, const char *label);
/* The job whose own process has @pid and @pidversion (the low half of PidRef.id), or NULL. */
Job *supervisor_find_process(const Supervisor *supervisor, pid_t pid, uint32_t pidversion);

/* For a launchd that adopts orphans, as process 1 or as PR_SET_CHILD_SUBREAPER: reap those that have
 * ended. To be called when a SIGCHLD came. The processes of jobs are treated as always; @spare (0: none)
 * is another child of the caller, who reaps it himself, and then calls this again: what the kernel
 * reports after it may have had to wait. */
void supervisor_reap_orphans(Supervisor *supervisor, pid_t spare);

/* In the order of loading; NULL: the first, or no more. */
Job *supervisor_next_job(const Supervisor *supervisor, const Job *after);
size_t supervisor_n_jobs(const Supervisor *supervisor);
size_t supervisor_n_processes(const Supervisor *supervisor);

/* End it all: SIGTERM, after its ExitTimeOut SIGKILL, for each process; nothing is started any more.
 * @done is called once, in a later round of the loop, when no process is left. The jobs stay loaded,
 * for supervisor_free(). A return < 0 of @done ends the loop. */
int supervisor_shutdown(Supervisor *supervisor, LoopFn done, void *userdata) _warn_unused_;

#endif
