/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc says of a process or of one thread of it.
 *
 * The files are opened afresh, by number, and the pidfd is asked afterwards whether the process
 * still is there, so that the number cannot have been another's meanwhile. The descriptors that
 * came with a task port are used only where other users' processes are hidden, and then by a
 * disposable process: whoever else holds such a descriptor can keep its lock for ever, by reading
 * it into a page of a FUSE file.
 *
 * stat and status go on after an exec with the new image: whoever asks on behalf of a task port
 * has to look afterwards whether that is still alive.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"

typedef struct ProcStat {
	char name[64];
	char state; /* 'R', 'S', 'D', 'T' ... */
	uint64_t minor_faults;
	uint64_t major_faults;
	uint64_t user_ticks; /* of all threads, living or not, for a process */
	uint64_t system_ticks;
	int64_t priority;
	int64_t n_threads;
	uint64_t start_ticks;
	uint64_t virtual_size; /* bytes */
	uint64_t resident_pages;
	unsigned processor;
	unsigned rt_priority;
	unsigned policy; /* SCHED_* */
} ProcStat;

typedef struct ProcStatus {
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;
	uint64_t virtual_size; /* bytes, as all sizes */
	uint64_t virtual_peak;
	uint64_t resident_size;
	uint64_t resident_peak;
	uint64_t anonymous;
	uint64_t file;
	uint64_t shared;
	uint64_t swapped;
	uint64_t page_tables;
	uint64_t switches; /* of this thread, whether it wanted them or not */
} ProcStatus;

typedef struct ProcFallback {
	int fd; /* -EBADF: none */
	uint32_t timeout_ms;
} ProcFallback;

/* Both return whether the text is what it should be. Fields that are not there are 0. */
bool procfile_parse_stat(const char *text, ProcStat *ret);
bool procfile_parse_status(const char *text, ProcStatus *ret);

/* The readers return 0, MACH_SEND_INVALID_DEST (the process is gone), KERN_NO_ACCESS (it is hidden
 * from us, and there is no fallback), KERN_OPERATION_TIMED_OUT, KERN_RESOURCE_SHORTAGE or -errno.
 * `pidfd` -EBADF: this process. */
int procfile_stat(int pidfd, const ProcFallback *fallback, ProcStat *ret) _warn_unused_;
int procfile_status(int pidfd, const ProcFallback *fallback, ProcStatus *ret) _warn_unused_;

/* The threads that live: calls fn for each with what is known of it; one that ends meanwhile is
 * left out. `status` is NULL unless wanted. */
typedef void (*ProcThreadFn)(void *arg, pid_t tid, const ProcStat *stat, const ProcStatus *status);
int procfile_threads(int pidfd, bool with_status, ProcThreadFn fn, void *arg) _warn_unused_;

/* One thread, which `thread_pidfd` is of: MACH_SEND_INVALID_DEST if it has ended. */
int procfile_thread(int thread_pidfd, pid_t pid, pid_t tid, ProcStat *ret) _warn_unused_;
