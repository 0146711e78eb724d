/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands for Mach's pidversion: a number that tells two processes of one pid apart. pidfs gives
 * every process an inode number of its own since boot; the low half of it fits the audit token.
 */
#include "port/pidversion.h"

#include <fcntl.h>
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
