/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_JOBGROUP_H
#define PORTCULLIS_LAUNCHD_JOBGROUP_H

/*
 * Control groups of jobs, where launchd may make any: below the group that it is in itself, if that is
 * its own to divide (root, or a user to whom it was delegated).
 *
 *	<own>/portcullis.PID-XXXXXXXX		of this launchd; made with the first job
 *		job-LABEL:N			of a job, while it is loaded
 *			run-N			of one run: the process is alone in it, until it forks
 *
 * What they are for: a task that is alone in a group can be suspended by whoever has its control port
 * (mach_tasks(7)), and all that a job has started, wherever it went, is ended with the job. No
 * controller is enabled: nothing is limited or counted.
 *
 * All of this is for as far as it goes. Where a group cannot be made the job runs without; nothing here
 * fails a start. A group that is not empty when its job goes leaves later: when the last process has
 * ended, or has been killed.
 *
 * What a launchd that was killed has left behind is removed by the next one in the same group.
 *
 * Everything happens in the thread of the Loop. A JobGroups holds two descriptors, a JobGroup one or two
 * while it is leaving and else none.
 */

#include <stdbool.h>

#include "base/list.h"
#include "base/loop.h"

typedef struct JobGroup JobGroup;
TAILQ_HEAD(JobGroupList, JobGroup);

typedef struct JobGroups {
	Loop *loop;
	bool is_wanted; /* else there are none */
	bool is_tried;
	int own; /* launchd's own group; -EBADF: no groups here, or none needed yet, as the next */
	int dir;
	char name[64];
	unsigned n_made;
	struct JobGroupList leaving; /* of jobs that are gone */
} JobGroups;

void jobgroups_init(JobGroups *groups, Loop *loop, bool is_wanted);
/* Every JobGroup has been given up. What was to be killed some time has a moment left. */
void jobgroups_deinit(JobGroups *groups);

/* NULL: there is none. */
JobGroup *jobgroup_new(JobGroups *groups, const char *label);
/* The job is no more. What is left in its group when @kill_at has come gets SIGKILL; DEADLINE_NONE: it
 * may go on. Accepts NULL, returns NULL. */
JobGroup *jobgroup_leave(JobGroup *group, Deadline kill_at);

/* The directory of a new group for a process to be born in; -EBADF: there is none. Accepts NULL. */
int jobgroup_open_run(JobGroup *group);
/* A process of it has ended, or was not born. Accepts NULL. */
void jobgroup_sweep(JobGroup *group);

#endif
