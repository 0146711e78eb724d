/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/jobgroup.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/random.h"

#define PLACE "portcullis."

/* A label may be longer than a name in a file system. */
#define LABEL_MAX 128

/* At the end: how long what is to be killed has left, and how long it may take to die. */
#define LAST_WAIT_MS 1000

struct JobGroup {
	JobGroups *groups;
	unsigned n_runs;
	Deadline kill_at;
	int events_fd; /* cgroup.events, which tells when nobody is left; as the next two while it leaves */
	LoopSource *events;
	LoopSource *timer;
	TAILQ_ENTRY(JobGroup) entry; /* of those that are leaving */
	char name[LABEL_MAX + 32];
};

void jobgroups_init(JobGroups *groups, Loop *loop, bool is_wanted)
{
	*groups = (JobGroups){.loop = loop, .is_wanted = is_wanted, .own = -EBADF, .dir = -EBADF};
	TAILQ_INIT(&groups->leaving);
}

/* Everybody may look, whatever our umask; who may write is a matter of the owner. */
static int make_directory(int dir, const char *name)
{
	if (mkdirat(dir, name, 0755) < 0 || fchmodat(dir, name, 0755, 0) < 0)
		return -errno;
	return 0;
}

static int open_directory(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd_above_stdio_consume(fd);
}

/* Children of a directory that are groups of ours and empty, once `prepare` has been over them. */
static void remove_children(int parent, const char *name, const char *prefix,
	bool (*prepare)(int dir, const char *name))
{
	int fd = open_directory(parent, name);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		fd_close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
			(!prepare || prepare(dirfd(dir), entry->d_name)))
			(void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
	(void)closedir(dir);
}

static bool remove_runs(int dir, const char *name)
{
	remove_children(dir, name, "run-", NULL);
	return true;
}

/* A launchd that lives has its place locked. */
static bool empty_stale(int own, const char *name)
{
	_cleanup_close_ int dir = open_directory(own, name);

	if (dir < 0 || flock(dir, LOCK_EX | LOCK_NB) < 0)
		return false;
	remove_children(own, name, "job-", remove_runs);
	return true;
}

/* Returns the directory, or -errno: -ENOENT if another launchd took it for one that was left. */
static int make_locked(int own, const char *name)
{
	_cleanup_close_ int dir = -EBADF;
	int r = make_directory(own, name);

	if (r < 0)
		return r;
	dir = open_directory(own, name);
	if (dir < 0)
		return dir;
	/* For as long as we live. */
	if (flock(dir, LOCK_EX) < 0 || faccessat(dir, "cgroup.kill", W_OK, AT_EACCESS) < 0) {
		r = errno == ENOENT && faccessat(own, name, F_OK, 0) == 0 ? -EOPNOTSUPP : -errno;
		(void)unlinkat(own, name, AT_REMOVEDIR);
		return r;
	}
	return TAKE_FD(dir);
}

static int make_place(JobGroups *groups)
{
	_cleanup_close_ int own = cgroup_open_own();
	int dir = -ENOENT;

	if (own < 0)
		return own;
	remove_children(own, ".", PLACE, empty_stale);
	for (int i = 0; i < 3 && dir == -ENOENT; i++) {
		snprintf(groups->name, sizeof(groups->name), PLACE "%d-%08" PRIx32, (int)getpid(),
			(uint32_t)random_u64());
		dir = make_locked(own, groups->name);
	}
	if (dir < 0)
		return dir;
	groups->own = TAKE_FD(own);
	groups->dir = dir;
	return 0;
}

/* Found out once: what a launchd may do about groups does not change. */
static bool is_usable(JobGroups *groups)
{
	int r;

	if (groups->dir < 0 && groups->is_wanted && !groups->is_tried) {
		groups->is_tried = true;
		r = make_place(groups);
		if (r < 0)
			log_info("jobs have no control groups here: %s", strerror(-r));
	}
	return groups->dir >= 0;
}

static JobGroup *group_free(JobGroup *group)
{
	TAILQ_REMOVE(&group->groups->leaving, group, entry);
	group->timer = loop_source_remove(group->timer);
	group->events = loop_source_remove(group->events);
	fd_close(group->events_fd);
	free(group);
	return NULL;
}

/* Returns whether it is gone, and freed. */
static bool try_remove(JobGroup *group)
{
	(void)remove_runs(group->groups->dir, group->name);
	if (unlinkat(group->groups->dir, group->name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return false;
	(void)group_free(group);
	return true;
}

static int open_file(const JobGroup *group, const char *name, int mode)
{
	char path[sizeof(group->name) + 32];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", group->name, name);
	fd = openat(group->groups->dir, path, mode | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd_above_stdio_consume(fd);
}

/* The group, and those of its runs. */
static void kill_all(const JobGroup *group)
{
	_cleanup_close_ int fd = open_file(group, "cgroup.kill", O_WRONLY);

	if (fd < 0 || write(fd, "1", 1) != 1)
		log_warning("%s: what is left of it cannot be killed", group->name);
}

/* The file has something new to tell only after it was read. */
static bool is_populated(const JobGroup *group)
{
	char text[256];
	ssize_t n = pread(group->events_fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return strstr(text, "populated 1") != NULL;
}

static int on_events(void *userdata, uint32_t events)
{
	JobGroup *group = userdata;

	if (!is_populated(group))
		(void)try_remove(group);
	return 0;
}

static int on_timer(void *userdata, uint32_t events)
{
	JobGroup *group = userdata;

	if (is_populated(group))
		log_notice("%s: killing what is left of it", group->name);
	kill_all(group);
	return 0;
}

/* Returns 0, or -errno: nobody will tell us. */
static int watch(JobGroup *group)
{
	Loop *loop = group->groups->loop;
	int r;

	group->events_fd = open_file(group, "cgroup.events", O_RDONLY);
	if (group->events_fd < 0)
		return group->events_fd;
	r = loop_add_fd(loop, group->events_fd, EPOLLPRI, on_events, group, &group->events);
	if (r < 0 || group->kill_at == DEADLINE_NONE)
		return error_trace(r);
	return error_trace(loop_add_timer(loop, group->kill_at, on_timer, group, &group->timer));
}

JobGroup *jobgroup_leave(JobGroup *group, Deadline kill_at)
{
	if (!group)
		return NULL;
	group->kill_at = kill_at;
	TAILQ_INSERT_TAIL(&group->groups->leaving, group, entry);
	if (try_remove(group))
		return NULL;
	/* Without memory for this, and without descriptors, there is still the end. */
	if (watch(group) < 0)
		log_warning("%s: not empty, and not watched", group->name);
	else if (!is_populated(group))
		(void)try_remove(group);
	return NULL;
}

static void await_end(const JobGroup *group, Deadline deadline)
{
	struct pollfd p = {.fd = group->events_fd, .events = POLLPRI};

	while (is_populated(group) && !deadline_is_past(deadline))
		(void)poll(&p, 1, deadline_to_poll_ms(deadline));
}

/* Those that were to be killed some time: now they are, or have been. */
static void end_leaving(JobGroups *groups)
{
	Deadline deadline = deadline_after_ms(LAST_WAIT_MS);
	JobGroup *group, *next;

	TAILQ_FOREACH (group, &groups->leaving, entry) {
		if (group->kill_at == DEADLINE_NONE)
			continue;
		await_end(group, MIN(deadline, group->kill_at));
		if (is_populated(group))
			kill_all(group);
	}
	deadline = deadline_after_ms(LAST_WAIT_MS);
	TAILQ_FOREACH_SAFE (group, &groups->leaving, entry, next) {
		if (group->kill_at != DEADLINE_NONE)
			await_end(group, deadline);
		if (try_remove(group))
			continue;
		log_info("%s/%s stays: somebody is in it", groups->name, group->name);
		(void)group_free(group);
	}
}

void jobgroups_deinit(JobGroups *groups)
{
	end_leaving(groups);
	if (groups->dir >= 0)
		(void)unlinkat(groups->own, groups->name, AT_REMOVEDIR);
	groups->dir = fd_close(groups->dir);
	groups->own = fd_close(groups->own);
}

/* What is no letter, digit, dot or dash may mean something to those who look at groups. */
static void format_name(JobGroup *group, const char *label, unsigned number)
{
	size_t n = (size_t)snprintf(group->name, sizeof(group->name), "job-%.*s", LABEL_MAX, label);

	for (char *p = group->name; *p; p++) {
		if (!isalnum((unsigned char)*p) && *p != '.' && *p != '-')
			*p = '_';
	}
	/* Labels may be the same by now, and one that was removed may be there again. */
	snprintf(group->name + n, sizeof(group->name) - n, ":%u", number);
}

JobGroup *jobgroup_new(JobGroups *groups, const char *label)
{
	_cleanup_free_ JobGroup *group = NULL;

	if (!is_usable(groups))
		return NULL;
	group = calloc(1, sizeof(*group));
	if (!group)
		return NULL;
	group->groups = groups;
	group->events_fd = -EBADF;
	format_name(group, label, ++groups->n_made);
	return make_directory(groups->dir, group->name) < 0 ? NULL : TAKE_PTR(group);
}

int jobgroup_open_run(JobGroup *group)
{
	char path[sizeof(group->name) + 32];
	int fd;

	if (!group)
		return -EBADF;
	snprintf(path, sizeof(path), "%s/run-%u", group->name, ++group->n_runs);
	if (make_directory(group->groups->dir, path) < 0)
		return -EBADF;
	fd = open_directory(group->groups->dir, path);
	if (fd >= 0)
		return fd;
	(void)unlinkat(group->groups->dir, path, AT_REMOVEDIR);
	return -EBADF;
}

void jobgroup_sweep(JobGroup *group)
{
	if (group)
		(void)remove_runs(group->groups->dir, group->name);
}
