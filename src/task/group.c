/* SPDX-License-Identifier: Apache-2.0 */
#include "task/group.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel.h"

static int open_in(int dir, const char *name, int flags)
{
	int fd = openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd_above_stdio_consume(fd);
}

static bool is_alone(int dir)
{
	_cleanup_close_ int fd = open_in(dir, "cgroup.procs", O_RDONLY);
	char text[64], own[32];
	ssize_t n;
	int len;

	if (fd < 0)
		return false;
	len = snprintf(own, sizeof(own), "%d\n", (int)getpid());
	n = read(fd, text, sizeof(text));
	return n == len && !memcmp(text, own, (size_t)n);
}

/* Another one below it would be frozen, and killed, too. */
static bool has_children(int dir)
{
	struct stat st;

	return fstat(dir, &st) < 0 || st.st_nlink > 2;
}

unsigned group_open_own(int ret_fds[2])
{
	_cleanup_close_ int dir = -EBADF;

	dir = cgroup_open_own();
	if (dir < 0 || has_children(dir) || !is_alone(dir))
		return 0;
	ret_fds[0] = open_in(dir, "cgroup.freeze", O_RDWR);
	ret_fds[1] = open_in(dir, "cgroup.kill", O_WRONLY);
	if (ret_fds[0] >= 0 && ret_fds[1] >= 0)
		return 2;
	for (unsigned i = 0; i < 2; i++)
		ret_fds[i] = ret_fds[i] >= 0 ? fd_close(ret_fds[i]) : -EBADF;
	return 0;
}

static bool look(int fd, const char *path, struct statx *ret)
{
	return statx(fd, path, (path[0] ? 0 : AT_EMPTY_PATH) | AT_STATX_DONT_SYNC, STATX_TYPE,
		       ret) == 0;
}

bool group_is_file(int fd, const char *name)
{
	const char *place = cgroup_find_place();
	int flags = fcntl(fd, F_GETFL);
	char path[64], found[PATH_MAX];
	size_t len = strlen(name);
	struct statx is, root;
	ssize_t n;

	if (!place || flags < 0 || flags & O_PATH || (flags & O_ACCMODE) == O_RDONLY)
		return false;
	if (!look(fd, "", &is) || !look(AT_FDCWD, place, &root) ||
		is.stx_dev_major != root.stx_dev_major || is.stx_dev_minor != root.stx_dev_minor)
		return false;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, found, sizeof(found));
	return n > (ssize_t)len && found[(size_t)n - len - 1] == '/' &&
	       !memcmp(found + n - len, name, len);
}
