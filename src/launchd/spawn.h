/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_SPAWN_H
#define PORTCULLIS_LAUNCHD_SPAWN_H

/*
 * Making the process of a job: spawn.c prepares everything, spawn-child.c is what the child does with
 * it between fork and exec.
 *
 * The child makes system calls and nothing else: it may have been forked while other threads held any
 * lock. So users, paths, the environment and the argument list are there before the fork, and the fork
 * runs no atfork handlers. The parent does not wait for the exec, since the child may hang for as long
 * as a FIFO that is its standard output has no reader: it hands out the reading end of a pipe that ends
 * when the exec has happened, or gives a SpawnFailure.
 *
 * The child leads a session and a process group of its own, has every signal at its default and none
 * blocked, and no descriptor but stdio and those that the SpawnExtra lists, each at the number that it
 * has here. Its environment is, each overriding what comes before: PATH, then with UserName HOME, USER,
 * LOGNAME and SHELL, XPC_SERVICE_NAME, what the SpawnExtra has, EnvironmentVariables. Without a path,
 * stdio is /dev/null. The order of the steps is that of SpawnStep.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "base/fdlist.h"
#include "base/pidref.h"
#include "launchd/environment.h"
#include "launchd/spec.h"

/* Where a program is looked for that has no '/'. */
#define SPAWN_PATH_DEFAULT "/usr/bin:/bin:/usr/sbin:/sbin"
/* Without Umask: whatever ours is. */
#define SPAWN_UMASK_DEFAULT 022
/* The exit status of a child that did not become the program: EX_CONFIG of <sysexits.h>. */
#define SPAWN_EXIT_FAILED 78

enum {
	_SPAWN_E_SUCCESS,
	SPAWN_E_REFUSED, /* it cannot be tried: *ret_problem says why */
	SPAWN_E_FAILED, /* the child could not become the program */
	SPAWN_E_AGAIN, /* nothing is known yet */
	_SPAWN_E_N,
};

typedef enum SpawnStep {
	SPAWN_STEP_SESSION,
	SPAWN_STEP_NICE,
	SPAWN_STEP_LIMIT, /* index: of JobSpec.limits */
	SPAWN_STEP_ROOT_DIRECTORY,
	SPAWN_STEP_GROUP,
	SPAWN_STEP_USER,
	SPAWN_STEP_CONFINE,
	SPAWN_STEP_WORKING_DIRECTORY,
	SPAWN_STEP_STDIO, /* index: of the descriptor */
	SPAWN_STEP_DESCRIPTORS,
	SPAWN_STEP_EXEC,
	SPAWN_STEP_INTERPRETER, /* the program is there; what is to interpret it is not */
	_SPAWN_STEP_N,
} SpawnStep;

typedef struct SpawnFailure {
	uint16_t step; /* SpawnStep */
	uint16_t index;
	int32_t error; /* errno */
} SpawnFailure;

/* What needs our privileges (namespaces, mounts) comes before the child changes to RootDirectory and
 * becomes the job's user, what is to hold for good (Landlock, no_new_privs, sealing) after that. Paths of
 * the job are opened after both. */
typedef enum SpawnConfinePhase {
	SPAWN_CONFINE_AS_LAUNCHD,
	SPAWN_CONFINE_AS_USER,
} SpawnConfinePhase;

/* What is added to what the JobSpec says. */
typedef struct SpawnExtra {
	Environment environment;
	FdList fds; /* the child has them too, at the same numbers; all >= 3 */
	/* Called in the child, once in each phase; makes system calls only. Returns 0 or -errno. A job
	 * with `confined` is not started without one. */
	int (*confine)(void *userdata, SpawnConfinePhase phase);
	void *confine_userdata;
	void (*confine_free)(void *userdata); /* for confine_userdata, after the fork; or NULL */
	char *confine_problem; /* why there is no `confine`, on the heap; or NULL */
} SpawnExtra;

void spawn_extra_init(SpawnExtra *extra);
void spawn_extra_deinit(SpawnExtra *extra);
#define _cleanup_spawn_extra_ _cleanup_(spawn_extra_deinit)

typedef struct SpawnRequest {
	const JobSpec *spec;
	const char *label; /* for XPC_SERVICE_NAME */
	const SpawnExtra *extra;
	int stdio_fd; /* borrowed: to be 0, 1 and 2, where there is no path; -EBADF: none */
	struct rlimit nofile; /* for descriptors, unless the spec has one; rlim_max 0: as ours */
	/* The directory of a control group that it is to be born in, whose user gets cgroup.freeze and
	 * cgroup.kill; borrowed; -EBADF: none. Where that cannot be it is born in ours. */
	int group_fd;
} SpawnRequest;

typedef struct Spawned {
	PidRef process; /* a child, for the caller to reap */
	int failure_fd; /* for spawn_read_failure(), when it polls readable */
} Spawned;

#define SPAWNED_INIT                                                                               \
	{                                                                                          \
		.process = {.pid = 0, .fd = -EBADF, .id = 0}, .failure_fd = -EBADF                 \
	}

/* Start the process. SIGCHLD must not be ignored, and nobody else may reap our children. Returns 0,
 * SPAWN_E_REFUSED with the reason on the heap, or -errno. */
int spawn_job(const SpawnRequest *request, Spawned *ret, char **ret_problem) _warn_unused_;

/* Returns 0: it became the program (or died); SPAWN_E_FAILED: *ret says why it did not;
 * SPAWN_E_AGAIN; or -errno. */
int spawn_read_failure(int failure_fd, SpawnFailure *ret) _warn_unused_;

/* Words for a failure: "cannot change to WorkingDirectory \"/nope\": No such file or directory". On
 * the heap. NULL: no memory. */
char *spawn_failure_format(const JobSpec *spec, const SpawnFailure *failure);

/* Where the program is, within RootDirectory; NULL: wherever it is found. */
const char *spawn_program_path(const JobSpec *spec);

#endif
