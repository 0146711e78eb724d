/* SPDX-License-Identifier: Apache-2.0 */
#include "task/procfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mach/kern_return.h>
#include <mach/message.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/pidref.h"
#include "task/guard.h"

/* More than either file ever is: groups of a user in status are cut off, nothing that we read. */
#define TEXT_SIZE 8192

/* Numbers of fields, as proc(5) counts them. */
enum {
	FIELD_STATE = 3,
	FIELD_MINOR_FAULTS = 10,
	FIELD_MAJOR_FAULTS = 12,
	FIELD_USER = 14,
	FIELD_SYSTEM = 15,
	FIELD_PRIORITY = 18,
	FIELD_N_THREADS = 20,
	FIELD_START = 22,
	FIELD_VIRTUAL = 23,
	FIELD_RESIDENT = 24,
	FIELD_PROCESSOR = 39,
	FIELD_RT_PRIORITY = 40,
	FIELD_POLICY = 41,
	_FIELD_N,
};

bool procfile_parse_stat(const char *text, ProcStat *ret)
{
	/* The name is whatever the process wants it to be, brackets and newlines included. */
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	int64_t fields[_FIELD_N] = {0};
	const char *at;
	size_t length;
	char *end;

	if (!open || !close || close < open || close[1] != ' ' || close[2] == '\0')
		return false;
	*ret = (ProcStat){.state = close[2]};
	length = MIN((size_t)(close - open - 1), sizeof(ret->name) - 1);
	memcpy(ret->name, open + 1, length);
	at = close + 3;
	for (int i = FIELD_STATE + 1; i < _FIELD_N; i++, at = end) {
		/* Unsigned ones beyond the range are none of ours. */
		fields[i] = strtoll(at, &end, 10);
		if (end == at)
			return false;
	}
	ret->minor_faults = (uint64_t)fields[FIELD_MINOR_FAULTS];
	ret->major_faults = (uint64_t)fields[FIELD_MAJOR_FAULTS];
	ret->user_ticks = (uint64_t)fields[FIELD_USER];
	ret->system_ticks = (uint64_t)fields[FIELD_SYSTEM];
	ret->priority = fields[FIELD_PRIORITY];
	ret->n_threads = fields[FIELD_N_THREADS];
	ret->start_ticks = (uint64_t)fields[FIELD_START];
	ret->virtual_size = (uint64_t)fields[FIELD_VIRTUAL];
	ret->resident_pages = (uint64_t)fields[FIELD_RESIDENT];
	ret->processor = (unsigned)fields[FIELD_PROCESSOR];
	ret->rt_priority = (unsigned)fields[FIELD_RT_PRIORITY];
	ret->policy = (unsigned)fields[FIELD_POLICY];
	return true;
}

/* The text behind "\nNAME:", or NULL. A name of a process has its newlines escaped there. */
static const char *line_of(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (strncmp(text, name, length) == 0 && text[length] == ':')
			return text + length + 1;
	}
	return NULL;
}

static uint64_t number_of(const char *text, const char *name)
{
	const char *at = line_of(text, name);

	return at ? strtoull(at, NULL, 10) : 0;
}

static uint64_t bytes_of(const char *text, const char *name)
{
	return number_of(text, name) * 1024;
}

static bool ids_of(const char *text, const char *name, unsigned ids[3])
{
	const char *at = line_of(text, name);
	char *end;

	for (unsigned i = 0; i < 3; i++, at = end) {
		if (!at)
			return false;
		ids[i] = (unsigned)strtoul(at, &end, 10);
		if (end == at)
			return false;
	}
	return true;
}

bool procfile_parse_status(const char *text, ProcStatus *ret)
{
	unsigned uids[3], gids[3];

	if (!ids_of(text, "Uid", uids) || !ids_of(text, "Gid", gids))
		return false;
	*ret = (ProcStatus){
		.ruid = uids[0],
		.euid = uids[1],
		.suid = uids[2],
		.rgid = gids[0],
		.egid = gids[1],
		.sgid = gids[2],
		.virtual_size = bytes_of(text, "VmSize"),
		.virtual_peak = bytes_of(text, "VmPeak"),
		.resident_size = bytes_of(text, "VmRSS"),
		.resident_peak = bytes_of(text, "VmHWM"),
		.anonymous = bytes_of(text, "RssAnon"),
		.file = bytes_of(text, "RssFile"),
		.shared = bytes_of(text, "RssShmem"),
		.swapped = bytes_of(text, "VmSwap"),
		.page_tables = bytes_of(text, "VmPTE"),
		.switches = number_of(text, "voluntary_ctxt_switches") +
			    number_of(text, "nonvoluntary_ctxt_switches"),
	};
	return true;
}

/* Reads what there is, as text. Returns 0 or -errno. */
static int read_text(int fd, char text[TEXT_SIZE])
{
	size_t n = 0;
	ssize_t k;

	do {
		k = read(fd, text + n, TEXT_SIZE - 1 - n);
		n += k > 0 ? (size_t)k : 0;
	} while (k > 0 && n < TEXT_SIZE - 1);
	text[n] = '\0';
	return k < 0 ? -errno : 0;
}

static int read_path(const char *path, char text[TEXT_SIZE])
{
	_cleanup_close_ int fd = -EBADF;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	fd = fd < 0 ? -errno : fd_above_stdio_consume(fd);
	return fd < 0 ? fd : read_text(fd, text);
}

static int read_fallback(const ProcFallback *fallback, char text[TEXT_SIZE])
{
	GuardCall call = {
		.op = GUARD_READ, .fd = fallback->fd, .buffer = text, .size = TEXT_SIZE - 1};
	ssize_t n = 0;
	int r;

	r = guard_run(&call, fallback->timeout_ms, &n);
	if (r != 0)
		return r;
	if (n < 0)
		return n == -ESRCH ? MACH_SEND_INVALID_DEST : error_origin((int)n);
	text[n] = '\0';
	return 0;
}

static bool has_ended(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return pidfd >= 0 && poll(&p, 1, 0) > 0;
}

/* The number by which our /proc knows the process. */
static int find_pid(int pidfd, pid_t *ret)
{
	PidRef ref = PIDREF_NULL; /* the descriptor is the caller's */

	if (pidfd < 0) {
		*ret = getpid();
		return 0;
	}
	if (pidref_set_pidfd_take(&ref, pidfd) != 0 || has_ended(pidfd))
		return MACH_SEND_INVALID_DEST;
	*ret = ref.pid;
	return ref.pid > 0 ? 0 : KERN_NO_ACCESS;
}

/* What it means that a file of that process could not be had. */
static int judge(int pidfd, int r)
{
	if (has_ended(pidfd) || r == -ESRCH)
		return MACH_SEND_INVALID_DEST;
	return r == -ENOENT || r == -EPERM || r == -EACCES ? KERN_NO_ACCESS : r;
}

static int read_file(
	int pidfd, const char *name, const ProcFallback *fallback, char text[TEXT_SIZE])
{
	char path[64];
	pid_t pid;
	int r;

	r = find_pid(pidfd, &pid);
	if (r == 0) {
		snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
		r = judge(pidfd, read_path(path, text));
	}
	if (r == KERN_NO_ACCESS && fallback && fallback->fd >= 0)
		r = read_fallback(fallback, text);
	return r;
}

int procfile_stat(int pidfd, const ProcFallback *fallback, ProcStat *ret)
{
	char text[TEXT_SIZE];
	int r;

	r = read_file(pidfd, "stat", fallback, text);
	if (r == 0 && !procfile_parse_stat(text, ret))
		return error_origin(-EBADMSG);
	return r < 0 ? error_trace(r) : r;
}

int procfile_status(int pidfd, const ProcFallback *fallback, ProcStatus *ret)
{
	char text[TEXT_SIZE];
	int r;

	r = read_file(pidfd, "status", fallback, text);
	if (r == 0 && !procfile_parse_status(text, ret))
		return error_origin(-EBADMSG);
	return r < 0 ? error_trace(r) : r;
}

/* Returns 0, KERN_TERMINATED or -errno. */
static int read_thread_file(pid_t pid, pid_t tid, const char *name, char text[TEXT_SIZE])
{
	char path[96];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)pid, (int)tid, name);
	r = read_path(path, text);
	return r == -ENOENT || r == -ESRCH ? KERN_TERMINATED : r;
}

int procfile_thread(int thread_pidfd, pid_t pid, pid_t tid, ProcStat *ret)
{
	char text[TEXT_SIZE];
	int r;

	r = judge(thread_pidfd, read_thread_file(pid, tid, "stat", text));
	if (r == KERN_TERMINATED)
		return MACH_SEND_INVALID_DEST;
	if (r == 0 && !procfile_parse_stat(text, ret))
		return error_origin(-EBADMSG);
	return r;
}

static int visit(pid_t pid, pid_t tid, bool with_status, ProcThreadFn fn, void *arg)
{
	char text[TEXT_SIZE];
	ProcStatus status;
	ProcStat stat;
	int r;

	r = read_thread_file(pid, tid, "stat", text);
	if (r != 0)
		return r == KERN_TERMINATED ? 0 : r;
	if (!procfile_parse_stat(text, &stat))
		return error_origin(-EBADMSG);
	if (with_status) {
		r = read_thread_file(pid, tid, "status", text);
		if (r != 0)
			return r == KERN_TERMINATED ? 0 : r;
		if (!procfile_parse_status(text, &status))
			return error_origin(-EBADMSG);
	}
	fn(arg, tid, &stat, with_status ? &status : NULL);
	return 0;
}

static void close_directory(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

int procfile_threads(int pidfd, bool with_status, ProcThreadFn fn, void *arg)
{
	_cleanup_(close_directory) DIR *dir = NULL;
	struct dirent *entry;
	char path[64];
	pid_t pid;
	int r;

	r = find_pid(pidfd, &pid);
	if (r != 0)
		return r;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return judge(pidfd, -errno);
	while (r == 0 && (entry = readdir(dir))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid > 0)
			r = visit(pid, tid, with_status, fn, arg);
	}
	return judge(pidfd, r);
}
