/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/lsmp-target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define MAPPING " /memfd:" ANCHOR_NAME " (deleted)"
/* A process that calls itself by that name again and again shall not keep us busy. */
#define MAX_CANDIDATES 16

/* A file of /proc, line by line. Lines that do not fit are left out: none that matters is so long. */
typedef struct Lines {
	int fd;
	size_t start, end;
	bool skipping;
	char buffer[8192];
} Lines;

static char *lines_get(Lines *l)
{
	for (;;) {
		char *line = l->buffer + l->start;
		char *stop = memchr(line, '\n', l->end - l->start);
		ssize_t n;

		if (stop) {
			bool skip = l->skipping;

			*stop = '\0';
			l->start = (size_t)(stop + 1 - l->buffer);
			l->skipping = false;
			if (!skip)
				return line;
			continue;
		}
		memmove(l->buffer, line, l->end - l->start);
		l->end -= l->start;
		l->start = 0;
		if (l->end == sizeof(l->buffer)) {
			l->skipping = true;
			l->end = 0;
		}
		n = read(l->fd, l->buffer + l->end, sizeof(l->buffer) - l->end);
		if (n <= 0)
			return NULL;
		l->end += (size_t)n;
	}
}

/* What /proc/PID/status says. */
typedef struct Status {
	pid_t tgid;
	pid_t own_pid; /* as the process knows itself, in its pid namespace */
	uint32_t uid; /* effective */
	char state;
} Status;

static bool read_status(int dir, Status *ret)
{
	_cleanup_close_ int fd = openat(dir, "status", O_RDONLY | O_CLOEXEC);
	Lines lines = {.fd = fd};
	char *line;

	*ret = (Status){0};
	if (fd < 0)
		return false;
	while ((line = lines_get(&lines)) != NULL) {
		char *value = strchr(line, '\t');
		char *last = strrchr(line, '\t');

		if (!value)
			continue;
		if (!strncmp(line, "State:", 6))
			ret->state = value[1];
		else if (!strncmp(line, "Tgid:", 5))
			ret->tgid = (pid_t)strtol(value, NULL, 10);
		else if (!strncmp(line, "NStgid:", 7))
			ret->own_pid = (pid_t)strtol(last, NULL, 10);
		else if (!strncmp(line, "Uid:", 4) && (value = strchr(value + 1, '\t')) != NULL)
			ret->uid = (uint32_t)strtoul(value, NULL, 10);
	}
	return ret->tgid != 0;
}

static void read_comm(int dir, char *comm, size_t size)
{
	_cleanup_close_ int fd = openat(dir, "comm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, comm, size - 1);

	if (n > 0 && comm[n - 1] == '\n')
		n--;
	comm[MAX(n, (ssize_t)0)] = '\0';
}

bool target_read(const Target *t, uint64_t address, void *p, size_t n)
{
	uint8_t *to = p;

	while (n > 0) {
		ssize_t got = pread(t->mem, to, n, (off_t)address);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		to += got;
		address += (uint64_t)got;
		n -= (size_t)got;
	}
	return true;
}

static bool anchor_fits(const Anchor *a)
{
	return a->version == ANCHOR_VERSION && a->layout == anchor_layout() &&
	       a->n_chunks == SPACE_MAX_INDEX / SPACE_CHUNK && a->entries_in_chunk == SPACE_CHUNK &&
	       a->entry_size == sizeof(Entry) && a->port_size == sizeof(Port) &&
	       a->extra_size == sizeof(PortExtra) && a->backing_size == sizeof(Backing) &&
	       a->once_size == sizeof(SendOnce) && a->set_size == sizeof(PortSet);
}

/* Looks at one mapping of the right name. OUTCOME_NO_SPACE: it is nothing of ours. */
static Outcome try_anchor(Target *t, uint64_t address, const Status *status, int32_t *ret_detail)
{
	if (!target_read(t, address, &t->anchor, sizeof(t->anchor)) ||
		t->anchor.magic != ANCHOR_MAGIC)
		return OUTCOME_NO_SPACE;
	if (!anchor_fits(&t->anchor)) {
		*ret_detail = (int32_t)t->anchor.version;
		return OUTCOME_OTHER_LAYOUT;
	}
	if ((pid_t)t->anchor.pid != status->own_pid) {
		*ret_detail = (int32_t)t->anchor.pid;
		return OUTCOME_BORROWED;
	}
	return OUTCOME_OK;
}

static Outcome find_anchor(Target *t, const Status *status, int32_t *ret_detail)
{
	_cleanup_close_ int fd = openat(t->dir, "maps", O_RDONLY | O_CLOEXEC);
	Outcome found = OUTCOME_NO_SPACE;
	Lines lines = {.fd = fd};
	unsigned candidates = 0;
	char *line;

	if (fd < 0)
		return OUTCOME_NO_SPACE;
	while ((line = lines_get(&lines)) != NULL) {
		size_t length = strlen(line);
		Outcome outcome;

		if (length < strlen(MAPPING) ||
			strcmp(line + length - strlen(MAPPING), MAPPING) != 0)
			continue;
		if (candidates++ == MAX_CANDIDATES)
			break;
		outcome = try_anchor(t, strtoull(line, NULL, 16), status, ret_detail);
		if (outcome == OUTCOME_OK)
			return outcome;
		if (outcome != OUTCOME_NO_SPACE)
			found = outcome;
	}
	return found;
}

static Outcome from_errno(int32_t *ret_detail)
{
	*ret_detail = errno;
	switch (errno) {
	case ENOENT:
	case ESRCH:
		return OUTCOME_GONE;
	case EACCES:
	case EPERM:
		return OUTCOME_DENIED;
	default:
		return OUTCOME_FAILED;
	}
}

static Outcome open_target(Target *t, pid_t pid, ModelHead *head)
{
	char path[32];
	Status status;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	t->dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (t->dir < 0)
		return from_errno(&head->detail);
	if (!read_status(t->dir, &status))
		return OUTCOME_GONE;
	head->uid = status.uid;
	read_comm(t->dir, head->comm, sizeof(head->comm));
	if (status.tgid != pid) {
		head->detail = status.tgid;
		return OUTCOME_THREAD;
	}
	if (status.state == 'Z' || status.state == 'X')
		return OUTCOME_GONE;
	t->mem = openat(t->dir, "mem", O_RDONLY | O_CLOEXEC);
	/* A thread of the kernel has no memory. */
	if (t->mem < 0 && errno == ESRCH)
		return OUTCOME_NO_SPACE;
	if (t->mem < 0)
		return from_errno(&head->detail);
	return find_anchor(t, &status, &head->detail);
}

Outcome target_init(Target *t, pid_t pid, ModelHead *head)
{
	*t = TARGET_NULL;
	t->pid = pid;
	head->outcome = open_target(t, pid, head);
	return head->outcome;
}

void target_deinit(Target *t)
{
	t->dir = fd_close(t->dir);
	t->mem = fd_close(t->mem);
}

uint64_t target_socket(const Target *t, int fd)
{
	char path[32], target[64];
	ssize_t n;

	if (fd < 0)
		return 0;
	snprintf(path, sizeof(path), "fd/%d", fd);
	n = readlinkat(t->dir, path, target, sizeof(target) - 1);
	if (n < 0)
		return 0;
	target[n] = '\0';
	if (strncmp(target, "socket:[", strlen("socket:[")) != 0)
		return 0;
	return strtoull(target + strlen("socket:["), NULL, 10);
}

pid_t target_pidfd(const Target *t, int fd)
{
	_cleanup_close_ int info = -EBADF;
	char path[64], text[1024];
	const char *line;
	ssize_t n;

	snprintf(path, sizeof(path), "fdinfo/%d", fd);
	info = openat(t->dir, path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return 0;
	n = read(info, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	line = strstr(text, "\nPid:");
	return line ? MAX((pid_t)atoi(line + strlen("\nPid:")), 0) : 0;
}

PortKey target_key(const Target *t, int fd)
{
	const unsigned wanted = STATX_TYPE | STATX_INO | STATX_BTIME;
	struct statx stx;
	char path[32];

	snprintf(path, sizeof(path), "fd/%d", fd);
	if (fd < 0 || statx(t->dir, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, wanted, &stx) < 0)
		return (PortKey){0};
	if (!S_ISSOCK(stx.stx_mode) || (stx.stx_mask & wanted) != wanted)
		return (PortKey){0};
	return (PortKey){
		.kind = KEY_SOCKET,
		.word = {makedev(stx.stx_dev_major, stx.stx_dev_minor), stx.stx_ino,
			(uint64_t)stx.stx_btime.tv_sec * CLOCK_NS_PER_SEC + stx.stx_btime.tv_nsec},
	};
}
