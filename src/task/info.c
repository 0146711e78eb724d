/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathering.
 *
 * The files of /proc are of a process, which goes on when it executes another program; a task port
 * is of the image. So the image is asked for last: if it is there still, all that was read before
 * was of it.
 */
#include "task/info.h"

#include <errno.h>
#include <unistd.h>

#include <mach/kern_return.h>

#include "base/error.h"
#include "base/fd.h"
#include "port/kport.h"
#include "port/pidversion.h"
#include "port/vmarea.h"

static void add_thread(void *arg, pid_t tid, const ProcStat *stat, const ProcStatus *status)
{
	TaskInfo *info = arg;

	info->live_user_ticks += stat->user_ticks;
	info->live_system_ticks += stat->system_ticks;
	if (status)
		info->switches += status->switches;
}

/* Before the totals, which then are no less than the sums. */
static int get_threads(const TaskRef *ref, unsigned what, TaskInfo *info)
{
	int r;

	if (!(what & (INFO_THREADS | INFO_SWITCHES)))
		return 0;
	r = procfile_threads(ref->pidfd, (what & INFO_SWITCHES) != 0, add_thread, info);
	if (r != KERN_NO_ACCESS)
		return r;
	info->live_user_ticks = info->live_system_ticks = info->switches = 0;
	return 0;
}

static int get_files(const TaskRef *ref, const Access *access, unsigned what, TaskInfo *info)
{
	ProcFallback fallback = {.fd = ref->stat, .timeout_ms = access->timeout_ms};
	int r;

	r = procfile_stat(ref->pidfd, &fallback, &info->stat);
	if (r != 0 || !(what & INFO_STATUS))
		return r;
	fallback.fd = ref->status;
	return procfile_status(ref->pidfd, &fallback, &info->status);
}

static int get_areas(const Access *access, TaskInfo *info)
{
	uint64_t at = 0;
	AccessArea area;
	int r;

	while ((r = access_find(access, at, &area)) == 0) {
		if (info->n_areas++ == 0)
			info->min_address = area.start;
		info->max_address = at = area.end;
	}
	return r == KERN_INVALID_ADDRESS ? 0 : r;
}

/* Whether the image is the port's still. */
static int check_image(const TaskRef *ref, const Access *access)
{
	AccessArea area;
	int r;

	if (ref->is_self)
		return 0;
	if (access->maps < 0)
		return task_ref_is_dead(ref) ? MACH_SEND_INVALID_DEST : 0;
	r = access_find(access, 0, &area);
	return r == KERN_INVALID_ADDRESS ? 0 : r;
}

static int gather(const TaskRef *ref, const Access *access, unsigned what, TaskInfo *info)
{
	int r;

	r = get_threads(ref, what, info);
	if (r == 0)
		r = get_files(ref, access, what, info);
	if (r == 0 && (what & INFO_AREAS) && access->maps >= 0)
		r = get_areas(access, info);
	if (r == 0)
		r = check_image(ref, access);
	return r;
}

int info_get(const TaskRef *ref, const Access *access, unsigned what, TaskInfo *ret)
{
	_cleanup_close_ int maps = -EBADF;
	Access own = {.maps = -EBADF, .mem = -EBADF};
	TaskInfo info = {0};
	int r;

	if (ref->is_self && (what & INFO_AREAS)) {
		maps = vmarea_open();
		if (maps < 0)
			return maps;
		own.maps = maps;
	}
	r = task_ref_pid(ref, &info.pid);
	if (r != 0)
		return r;
	info.pidversion = ref->is_self ? pidversion_self() : pidversion_of(ref->pidfd);
	r = gather(ref, ref->is_self ? &own : access, what, &info);
	if (r == 0)
		*ret = info;
	return r < 0 ? error_trace(r) : r;
}
