/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is to be known of a task: from /proc, by the number that its pidfd has, or by the
 * descriptors of its task port (procfile.h).
 */
#pragma once

#include "task/access.h"
#include "task/procfile.h"
#include "task/taskref.h"

enum {
	INFO_STATUS = 1u << 0, /* .status */
	INFO_THREADS = 1u << 1, /* .live_* */
	INFO_SWITCHES = 1u << 2, /* .switches, with .live_* */
	INFO_AREAS = 1u << 3, /* .n_areas and what follows: needs `maps` */
};

typedef struct TaskInfo {
	ProcStat stat;
	ProcStatus status;
	pid_t pid;
	uint32_t pidversion;
	/* Of threads that live. Where they cannot be listed, 0. */
	uint64_t live_user_ticks;
	uint64_t live_system_ticks;
	uint64_t switches; /* of context, likewise */
	uint64_t n_areas;
	uint64_t min_address;
	uint64_t max_address;
} TaskInfo;

/* `access`: how to look at its memory; unused for this process itself. Returns 0,
 * MACH_SEND_INVALID_DEST (the image that the port is of is gone), KERN_NO_ACCESS (hidden),
 * KERN_OPERATION_TIMED_OUT, KERN_RESOURCE_SHORTAGE or -errno. */
int info_get(const TaskRef *ref, const Access *access, unsigned what, TaskInfo *ret) _warn_unused_;
