/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a task port is made of. Descriptors, in this order, each flavour having those of the lesser
 * ones:
 *
 *	name	life: the read end of a pipe whose only write end is the target's, close-on-exec.
 *		pidfd
 *	inspect	maps, stat, status: of /proc/PID
 *	read	mem, open for reading only
 *	control	mem, open for reading and writing, in place of that; where the target has a control
 *		group of its own, its cgroup.freeze and cgroup.kill; and as companion a send right to
 *		the target's agent (agent.h)
 *
 * They are opened by the target itself when one of its task ports leaves it, for that message only:
 * a fork child, which gets copies of all descriptors, must not find its parent's memory among them.
 * Whoever holds a bundle sends on its own copies.
 *
 * The life pipe is how a holder learns that the image is gone: by exit or by exec. It is the target's
 * word only, which is as good as a dead name has to be; a holder that was given another pipe with the
 * same target has another port. Where task_for_pid() made the bundle a second pidfd stands in for it,
 * and an exec is noticed at the next use.
 */
#pragma once

#include "port/kobject.h"
#include "task/taskref.h"

enum {
	BUNDLE_LIFE,
	BUNDLE_PIDFD,
	BUNDLE_MAPS,
	BUNDLE_STAT,
	BUNDLE_STATUS,
	BUNDLE_MEM,
	BUNDLE_FREEZE,
	BUNDLE_KILL,
	_BUNDLE_N,
};

/* KOBJECT_TASK, KOBJECT_TASK_READ ... */
KobjectType bundle_type(TaskFlavor flavor);

/* False: a port of another kind. */
bool bundle_flavor(KobjectType type, TaskFlavor *ret);

/* How many descriptors a flavour has at least. */
unsigned bundle_size(TaskFlavor flavor);

/* Opens the files of /proc/PID that the flavour has into fds[BUNDLE_MAPS...]; `self` names the
 * process there ("self", or a number). Descriptors are above stdio and close-on-exec. Returns 0 or
 * -errno, and then none is open. */
int bundle_open_files(TaskFlavor flavor, const char *self, int *fds);
