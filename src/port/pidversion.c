/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands for Mach's pidversion: a number that tells two processes of one pid apart. pidfs gives
 * every process an inode number of its own since boot; the low half of it fits the audit token.
 */
#include "port/pidversion.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel.h"

uint32_t pidversion_of(int pidfd)
{
	struct stat st;

	/* A pidfd of the kernel's own making: it does not hang. */
	return fstat(pidfd, &st) < 0 ? 0 : (uint32_t)st.st_ino;
}

uint32_t pidversion_self(void)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	return fd < 0 ? 0 : pidversion_of(fd);
}

uint32_t pidversion_of_maker(int fd, pid_t pid)
{
	struct pollfd p = {.fd = -EBADF, .events = POLLIN};
	struct ucred maker;
	socklen_t size = sizeof(maker);
	uint32_t version = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &maker, &size) < 0 || maker.pid != pid)
		return 0;
	size = sizeof(p.fd);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &p.fd, &size) < 0)
		return 0;
	/* Its pid is another's only after it has ended. */
	if (poll(&p, 1, 0) == 0)
		version = pidversion_of(p.fd);
	fd_close(p.fd);
	return version;
}
