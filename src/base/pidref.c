/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References to processes.
 *
 * The id is the inode number of the pidfd on pidfs: 64 bits, handed out by a counter, never reused
 * while the system is up. The number of pidfs as a device, learned once from a pidfd of our own, is
 * what a stranger's descriptor is told apart by: a FUSE server chooses inode numbers and modes as it
 * likes, but not st_dev, and statx() without a sync never asks it anything.
 *
 * The functions are thread-safe; a PidRef is its owner's to guard.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "base/pidref.h"

/* Device and inode of any descriptor, without waiting for anybody. */
static int stat_quick(int fd, dev_t *ret_dev, uint64_t *ret_ino)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &stx) < 0)
		return error_origin(-errno);
	*ret_dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	*ret_ino = stx.stx_ino;
	return 0;
}

/* A pidfd above stdio, or PIDREF_E_GONE through *ret_gone. */
static int open_pidfd(pid_t pid, bool *ret_gone)
{
	int fd = pidfd_open(pid, 0);

	*ret_gone = false;
	if (fd >= 0)
		return fd_above_stdio_consume(fd);
	/* EINVAL and, from newer kernels, ENOENT: the number is that of a thread. */
	*ret_gone = errno == ESRCH || errno == EINVAL || errno == ENOENT;
	return *ret_gone ? -errno : error_origin(-errno);
}

static int pidfs_device(dev_t *ret)
{
	static _Atomic uint64_t cached; /* no real file system has device 0 */
	uint64_t dev = atomic_load_explicit(&cached, memory_order_relaxed);

	if (unlikely(dev == 0)) {
		_cleanup_close_ int fd = -EBADF;
		dev_t found = 0;
		uint64_t ino = 0;
		bool gone;
		int r;

		fd = open_pidfd(getpid(), &gone);
		if (fd < 0)
			return error_trace(fd);
		r = stat_quick(fd, &found, &ino);
		if (r < 0)
			return error_trace(r);
		dev = found;
		atomic_store_explicit(&cached, dev, memory_order_relaxed);
	}
	*ret = (dev_t)dev;
	return 0;
}

/* Before 6.13 the number is found in text only. */
static pid_t pid_from_fdinfo(int fd)
{
	_cleanup_close_ int info = -EBADF;
	char path[64], text[1024];
	const char *line;
	ssize_t n;
	long pid;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return 0;
	n = read(info, text, sizeof(text) - 1);
	if (n < 0)
		return 0;
	text[n] = '\0';
	line = strstr(text, "\nPid:");
	if (!line)
		return 0;
	pid = strtol(line + strlen("\nPid:"), NULL, 10);
	return pid > 0 ? (pid_t)pid : 0; /* -1: reaped */
}

static pid_t pid_of_pidfd(int fd)
{
	KernelPidfdInfo info = {.mask = PIDFD_INFO_PID};

	if (ioctl(fd, KERNEL_PIDFD_GET_INFO, &info) == 0)
		return (pid_t)info.pid;
	if (errno == ENOTTY || errno == EINVAL)
		return pid_from_fdinfo(fd);
	return 0;
}

int pidref_set_pid(PidRef *ret, pid_t pid)
{
	_cleanup_close_ int fd = -EBADF;
	uint64_t id = 0;
	dev_t dev = 0;
	bool gone;
	int r;

	if (pid <= 0)
		return PIDREF_E_GONE;
	fd = open_pidfd(pid, &gone);
	if (fd < 0)
		return gone ? PIDREF_E_GONE : error_trace(fd);
	r = stat_quick(fd, &dev, &id);
	if (r < 0)
		return error_trace(r);
	*ret = (PidRef){.pid = pid, .fd = TAKE_FD(fd), .id = id};
	return 0;
}

int pidref_set_pidfd_take(PidRef *ret, int fd)
{
	dev_t pidfs = 0, dev = 0;
	uint64_t id = 0;
	int r;

	r = pidfs_device(&pidfs);
	if (r < 0)
		return error_trace(r);
	r = stat_quick(fd, &dev, &id);
	if (r < 0)
		return error_trace(r);
	if (dev != pidfs)
		return PIDREF_E_KIND;
	*ret = (PidRef){.pid = pid_of_pidfd(fd), .fd = fd, .id = id};
	return 0;
}

int pidref_set_pidfd_consume(PidRef *ret, int fd)
{
	int r = pidref_set_pidfd_take(ret, fd);

	if (r != 0)
		fd_close(fd);
	return r;
}

int pidref_set_self(PidRef *ret)
{
	return error_fold(pidref_set_pid(ret, getpid()));
}

void pidref_done(PidRef *ref)
{
	fd_close(ref->fd);
	*ref = PIDREF_NULL;
}

bool pidref_is_alive(const PidRef *ref)
{
	struct pollfd p = {.fd = ref->fd, .events = POLLIN};

	if (!pidref_is_set(ref))
		return false;
	/* Readable means exited; a poll() that fails tells nothing, so believe in life. */
	return poll(&p, 1, 0) <= 0;
}

int pidref_verify(const PidRef *ref)
{
	if (!pidref_is_set(ref) || ref->pid <= 0)
		return PIDREF_E_GONE;
	/* Signal 0 finds the process until it is reaped, and only then can the number be given
	 * to another. Not being allowed to signal it proves its existence just as well. */
	if (pidfd_send_signal(ref->fd, 0, NULL, 0) < 0 && errno != EPERM)
		return errno == ESRCH ? PIDREF_E_GONE : error_origin(-errno);
	return 0;
}
