/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling descriptors apart without asking whoever is behind them.
 *
 * The order keeps the usual kinds cheap: one getsockopt() says whether it is a socket, an O_PATH
 * descriptor (EBADF) or neither (ENOTSOCK); then comes statx(), which answers from the inode. The
 * device in its answer is the kernel's own, whatever file system the inode is of: that tells a real
 * pipe from a FIFO, which may lie on FUSE. Where any pipe will do, and it is open for writing, as that of
 * every send right is, one fallocate() of a range that cannot be says so for less.
 *
 * The only state is what pipes and eventfds look like to statx(), looked up once; safe from any
 * thread.
 */
#include "port/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/uncancelled.h"
#include "port/reaper.h"

/* Zero: not known yet, since no descriptor was to be had for looking. */
static _Atomic uint64_t pipe_dev; /* every pipe has this device */
static _Atomic uint64_t eventfd_dev; /* eventfds, and much else, share this inode */
static _Atomic uint64_t eventfd_ino;

static bool look(int fd, struct statx *ret)
{
	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT,
		       STATX_TYPE | STATX_INO, ret) == 0;
}

static uint64_t device_of(const struct statx *stx)
{
	return makedev(stx->stx_dev_major, stx->stx_dev_minor);
}

/* Two threads that come here at once find the same. */
static void samples_take(void)
{
	_cleanup_close_ int event = eventfd(0, EFD_CLOEXEC);
	struct statx stx;
	int ends[2];

	if (event >= 0 && look(event, &stx)) {
		atomic_store(&eventfd_ino, stx.stx_ino);
		atomic_store(&eventfd_dev, device_of(&stx));
	}
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	if (look(ends[0], &stx))
		atomic_store(&pipe_dev, device_of(&stx));
	fd_close(ends[0]);
	fd_close(ends[1]);
}

static int option(int fd, int name)
{
	socklen_t len = sizeof(int);
	int value;

	return getsockopt(fd, SOL_SOCKET, name, &value, &len) < 0 ? -errno : value;
}

static ProbeKind kind_of_socket(int fd, int domain)
{
	if (domain != AF_UNIX)
		return PROBE_OTHER;
	switch (option(fd, SO_TYPE)) {
	case SOCK_DGRAM:
		return PROBE_DGRAM;
	case SOCK_SEQPACKET:
		return option(fd, SO_ACCEPTCONN) == 0 ? PROBE_SEQPACKET : PROBE_LISTENER;
	default:
		return PROBE_OTHER;
	}
}

/* Of a descriptor whose inode is the one that eventfds have: so the name is the kernel's too. */
static bool is_eventfd(int fd)
{
	static const char expected[] = "anon_inode:[eventfd]";
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	char name[sizeof(expected)];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, name, sizeof(name));
	return n == (ssize_t)sizeof(expected) - 1 && memcmp(name, expected, (size_t)n) == 0;
}

static ProbeKind kind_of_file(int fd)
{
	struct statx stx;
	int flags;

	if (!look(fd, &stx))
		return PROBE_OTHER;
	if (S_ISREG(stx.stx_mode) && fcntl(fd, F_GET_SEALS) >= 0)
		return PROBE_MEMFD;
	if (unlikely(atomic_load(&pipe_dev) == 0 || atomic_load(&eventfd_dev) == 0))
		samples_take();
	if (S_ISFIFO(stx.stx_mode) && device_of(&stx) == atomic_load(&pipe_dev)) {
		flags = fcntl(fd, F_GETFL);
		if (flags < 0 || (flags & O_ACCMODE) == O_RDWR)
			return PROBE_OTHER;
		return (flags & O_ACCMODE) == O_WRONLY ? PROBE_PIPE_W : PROBE_PIPE_R;
	}
	if (device_of(&stx) == atomic_load(&eventfd_dev) &&
		stx.stx_ino == atomic_load(&eventfd_ino) && is_eventfd(fd))
		return PROBE_EVENTFD;
	return PROBE_OTHER;
}

/* Whether the kernel says so of what is open for writing, in two thirds of the time of statx(). It looks at
 * the kind of the inode before it looks at the range, and at the range, which no file can have, before any
 * file system hears of it. Of a FIFO it says so too, wherever that lies: its close is that of a pipe. */
static bool is_writable_pipe(int fd)
{
	return uncancelled_fallocate(fd, 0, INT64_MAX, INT64_MAX) < 0 && errno == ESPIPE;
}

bool probe_is_pipe(int fd)
{
	struct statx stx;

	if (likely(is_writable_pipe(fd)))
		return true;
	if (unlikely(atomic_load(&pipe_dev) == 0))
		samples_take();
	return look(fd, &stx) && S_ISFIFO(stx.stx_mode) &&
	       device_of(&stx) == atomic_load(&pipe_dev);
}

static bool is_address(int fd)
{
	struct statx stx;

	return look(fd, &stx) && S_ISSOCK(stx.stx_mode);
}

ProbeKind probe_kind(int fd)
{
	int domain = option(fd, SO_DOMAIN);

	if (domain >= 0)
		return kind_of_socket(fd, domain);
	if (domain == -EBADF) /* O_PATH, or not open at all */
		return is_address(fd) ? PROBE_ADDR : PROBE_OTHER;
	return kind_of_file(fd);
}

static bool plainly;

void probe_close_plainly(bool on)
{
	plainly = on;
}

int probe_close_kind_consume(int fd, ProbeKind kind)
{
	if (plainly)
		return fd_close(fd);
	if (kind == PROBE_ADDR)
		return fd_close(fd);
	reaper_close_consume(fd);
	return -EBADF;
}

void probe_dispose(int fd)
{
	(void)probe_close_consume(fd);
}

int probe_close_consume(int fd)
{
	if (fd < 0)
		return -EBADF;
	if (plainly)
		return fd_close(fd);
	if (option(fd, SO_DOMAIN) == -EBADF && is_address(fd))
		return fd_close(fd);
	reaper_close_consume(fd);
	return -EBADF;
}

static int close_lazily_consume(int fd, uint32_t kin)
{
	if (fd < 0)
		return -EBADF;
	if (plainly)
		return fd_close(fd);
	reaper_close_kin_consume(fd, kin);
	return -EBADF;
}

int probe_close_blaming_consume(int fd, uid_t uid, uint32_t kin)
{
	uid_t old = reaper_blame(uid);

	fd = close_lazily_consume(fd, kin);
	(void)reaper_blame(old);
	return fd;
}

int probe_close_lazily_consume(int fd)
{
	return close_lazily_consume(fd, REAPER_NO_KIN);
}
