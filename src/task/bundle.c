/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles as they come and go; the kobject classes of the four flavours.
 *
 * A bundle that arrives may have been put together by anybody. What it must be: a pidfd of a process
 * of this pid namespace, and files of that very process, opened for what the flavour allows and
 * nothing else. Names in /proc/self/fd prove little, as whoever has a mount namespace can bind one
 * process's file over another's; so each file is compared with what /proc/PID/NAME is now: the inode
 * of an open file of /proc is found again for as long as the process lives. Where other users'
 * processes are hidden there is nothing to find, and the name decides, on our own mount of /proc
 * only.
 */
#include "task/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/pidref.h"
#include "port/port.h"
#include "port/probe.h"
#include "task/group.h"
#include "task/own.h"

static const struct {
	KobjectType type;
	unsigned n_fds;
	int mem; /* how it is opened */
} flavors[] = {
	[TASK_IS_CONTROL] = {KOBJECT_TASK, BUNDLE_MEM + 1, O_RDWR},
	[TASK_IS_READ] = {KOBJECT_TASK_READ, BUNDLE_MEM + 1, O_RDONLY},
	[TASK_IS_INSPECT] = {KOBJECT_TASK_INSPECT, BUNDLE_STATUS + 1, 0},
	[TASK_IS_NAME] = {KOBJECT_TASK_NAME, BUNDLE_PIDFD + 1, 0},
};

static const char *const files[] = {
	[BUNDLE_MAPS] = "maps",
	[BUNDLE_STAT] = "stat",
	[BUNDLE_STATUS] = "status",
	[BUNDLE_MEM] = "mem",
};

KobjectType bundle_type(TaskFlavor flavor)
{
	return flavors[flavor].type;
}

bool bundle_flavor(KobjectType type, TaskFlavor *ret)
{
	for (unsigned i = 0; i < ARRAY_SIZE(flavors); i++) {
		if (flavors[i].type == type) {
			*ret = (TaskFlavor)i;
			return true;
		}
	}
	return false;
}

unsigned bundle_size(TaskFlavor flavor)
{
	return flavors[flavor].n_fds;
}

int bundle_open_files(TaskFlavor flavor, const char *self, int *fds)
{
	unsigned n = MIN(flavors[flavor].n_fds, (unsigned)BUNDLE_MEM + 1);
	char path[64];

	for (unsigned i = BUNDLE_MAPS; i < n; i++) {
		int mode = i == BUNDLE_MEM ? flavors[flavor].mem : O_RDONLY;

		snprintf(path, sizeof(path), "/proc/%s/%s", self, files[i]);
		fds[i] = open(path, mode | O_CLOEXEC | O_NOCTTY);
		fds[i] = fds[i] < 0 ? -errno : fd_above_stdio_consume(fds[i]);
		if (fds[i] < 0) {
			int r = fds[i];

			while (i-- > BUNDLE_MAPS)
				fds[i] = fd_close(fds[i]);
			return r;
		}
	}
	return 0;
}

typedef struct FileId {
	uint64_t ino;
	uint64_t mount;
	uint32_t major, minor;
} FileId;

static bool file_look(int dir, const char *path, int flags, FileId *ret)
{
	struct statx stx;

	if (statx(dir, path, flags | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
		    STATX_TYPE | STATX_INO | STATX_MNT_ID, &stx) < 0)
		return false;
	*ret = (FileId){stx.stx_ino, stx.stx_mnt_id, stx.stx_dev_major, stx.stx_dev_minor};
	return true;
}

static bool same_device(const FileId *a, const FileId *b)
{
	return a->major == b->major && a->minor == b->minor;
}

/* Hidden from us: but the mount is ours, so that nobody can have put anything else at that place. */
static bool file_has_name(int fd, const FileId *is, pid_t pid, const char *name)
{
	char path[64], expected[64], found[64];
	FileId proc;
	ssize_t n;
	int len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = snprintf(expected, sizeof(expected), "/proc/%d/%s", (int)pid, name);
	n = readlink(path, found, sizeof(found));
	return n == len && !memcmp(found, expected, (size_t)n) &&
	       file_look(AT_FDCWD, "/proc", 0, &proc) && same_device(is, &proc) &&
	       is->mount == proc.mount;
}

static bool file_is(int fd, pid_t pid, const char *name, int mode)
{
	int flags = fcntl(fd, F_GETFL);
	FileId is, should;
	char path[64];

	if (flags < 0 || (flags & (O_ACCMODE | O_PATH)) != mode)
		return false;
	if (!file_look(fd, "", AT_EMPTY_PATH, &is))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	if (file_look(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &should))
		return is.ino == should.ino && same_device(&is, &should);
	return file_has_name(fd, &is, pid, name);
}

/* A pidfd of a process, not of a thread. */
static bool is_pidfd(int fd, PidRef *ret)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && !(flags & (O_PATH | O_EXCL)) && pidref_set_pidfd_take(ret, fd) == 0;
}

static bool is_life(int fd, const PidRef *target, uint64_t *ret_fact)
{
	PidRef other = PIDREF_NULL;
	FileId id;

	if (probe_kind(fd) == PROBE_PIPE_R) {
		if (!file_look(fd, "", AT_EMPTY_PATH, &id))
			return false;
		*ret_fact = id.ino;
		return true;
	}
	if (!is_pidfd(fd, &other) || !pidref_equal(&other, target))
		return false;
	*ret_fact = 0;
	return true;
}

static bool files_are(const int *fds, unsigned n, pid_t pid, int mem_mode)
{
	for (unsigned i = BUNDLE_MAPS; i < n && i <= BUNDLE_MEM; i++) {
		if (!file_is(fds[i], pid, files[i], i == BUNDLE_MEM ? mem_mode : O_RDONLY))
			return false;
	}
	return true;
}

static int examine(TaskFlavor flavor, const int *fds, unsigned n, uint64_t facts[2])
{
	PidRef target = PIDREF_NULL; /* the descriptor is the caller's */
	bool good;

	if (!is_pidfd(fds[BUNDLE_PIDFD], &target) || !is_life(fds[BUNDLE_LIFE], &target, &facts[1]))
		return KERN_INVALID_ARGUMENT;
	facts[0] = target.id;
	if (!pidref_is_alive(&target))
		return KERN_TERMINATED;
	good = target.pid > 0 && files_are(fds, n, target.pid, flavors[flavor].mem) &&
	       (n <= BUNDLE_FREEZE || group_is_file(fds[BUNDLE_FREEZE], "cgroup.freeze")) &&
	       (n <= BUNDLE_KILL || group_is_file(fds[BUNDLE_KILL], "cgroup.kill"));
	/* Not what it should be perhaps because it is nothing any more. And a number is only known to
	 * have been that process's all the time if it still is. */
	if (!pidref_is_alive(&target))
		return KERN_TERMINATED;
	return good ? 0 : KERN_INVALID_ARGUMENT;
}

static int examine_control(const int *fds, unsigned n, uint64_t facts[2])
{
	return examine(TASK_IS_CONTROL, fds, n, facts);
}

static int examine_read(const int *fds, unsigned n, uint64_t facts[2])
{
	return examine(TASK_IS_READ, fds, n, facts);
}

static int examine_inspect(const int *fds, unsigned n, uint64_t facts[2])
{
	return examine(TASK_IS_INSPECT, fds, n, facts);
}

static int examine_name(const int *fds, unsigned n, uint64_t facts[2])
{
	return examine(TASK_IS_NAME, fds, n, facts);
}

static bool is_dead(const Kobject *object)
{
	struct pollfd p[2];

	if (object->n_fds == 0)
		return false;
	p[0] = (struct pollfd){.fd = object->fds[BUNDLE_LIFE], .events = 0};
	p[1] = (struct pollfd){.fd = object->fds[BUNDLE_PIDFD], .events = POLLIN};
	return poll(p, 2, 0) > 0 && ((p[0].revents & POLLHUP) || (p[1].revents & POLLIN));
}

#define PLAIN (1u << BUNDLE_MAPS | 1u << BUNDLE_STAT | 1u << BUNDLE_STATUS | 1u << BUNDLE_MEM)
#define WATCHED (1u << BUNDLE_LIFE | 1u << BUNDLE_PIDFD)

static const KobjectClass classes[] = {
	{
		.type = KOBJECT_TASK,
		.min_fds = BUNDLE_MEM + 1,
		.max_fds = _BUNDLE_N,
		.may_have_companion = true,
		.open = own_open,
		.plain_fds = PLAIN,
		.examine = examine_control,
		.watch_fds = WATCHED,
		.is_dead = is_dead,
	},
	{
		.type = KOBJECT_TASK_READ,
		.min_fds = BUNDLE_MEM + 1,
		.max_fds = BUNDLE_MEM + 1,
		.open = own_open,
		.plain_fds = PLAIN,
		.examine = examine_read,
		.watch_fds = WATCHED,
		.is_dead = is_dead,
	},
	{
		.type = KOBJECT_TASK_INSPECT,
		.min_fds = BUNDLE_STATUS + 1,
		.max_fds = BUNDLE_STATUS + 1,
		.open = own_open,
		.plain_fds = PLAIN,
		.examine = examine_inspect,
		.watch_fds = WATCHED,
		.is_dead = is_dead,
	},
	{
		.type = KOBJECT_TASK_NAME,
		.min_fds = BUNDLE_PIDFD + 1,
		.max_fds = BUNDLE_PIDFD + 1,
		.open = own_open,
		.plain_fds = PLAIN,
		.examine = examine_name,
		.watch_fds = WATCHED,
		.is_dead = is_dead,
	},
	/* See token.h. */
	{
		.type = KOBJECT_TASK_ID_TOKEN,
		.min_fds = BUNDLE_PIDFD + 1,
		.max_fds = BUNDLE_PIDFD + 1,
		.examine = examine_name,
		.watch_fds = WATCHED,
		.is_dead = is_dead,
	},
};

__attribute__((constructor(101))) static void register_classes(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(classes); i++)
		kobject_register(&classes[i]);
}
