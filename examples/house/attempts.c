/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing here asks the library, which would say no by itself: these are system calls on the
 * descriptors that a read port is made of, as a guest would make them that means no good.
 */
#include "attempts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

/* The descriptor of this process behind which that file of /proc is. -1: there is none. */
static int find_descriptor(const char *file)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	char path[64], link[256];
	int found = -1;

	while (dir && found < 0 && (entry = readdir(dir))) {
		ssize_t n;

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%.20s", entry->d_name);
		n = readlink(path, link, sizeof(link) - 1);
		if (n > 0) {
			link[n] = '\0';
			if (!strcmp(link, file))
				found = atoi(entry->d_name);
		}
	}
	if (dir)
		(void)closedir(dir);
	return found;
}

/* A system call failed with one of two codes; anything else is a hole. */
static bool refused(const char *what, long result, int expected, int also)
{
	int error = errno;

	if (result >= 0) {
		printf("guest:    %-46s WORKED\n", what);
		return false;
	}
	printf("guest:    %-46s %s\n", what, strerrorname_np(error));
	return error == expected || error == also;
}

static bool try_memory(int mem, const char *path, void *address)
{
	char byte = 0, self[64];
	struct iovec local = {&byte, 1}, remote = {address, 1};
	pid_t pid = (pid_t)atoi(path + strlen("/proc/"));
	bool all;

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", mem);
	all = refused("write to the descriptor that reads", pwrite(mem, &byte, 1, (off_t)address),
		EBADF, EBADF);
	all &= refused("open it again for writing", open(self, O_RDWR | O_CLOEXEC), EACCES, EPERM);
	all &= refused("open the host's memory by its path", open(path, O_RDWR | O_CLOEXEC), EACCES,
		EPERM);
	all &= refused("process_vm_writev", process_vm_writev(pid, &local, 1, &remote, 1, 0), EPERM,
		EPERM);
	return all;
}

static bool try_process(pid_t target)
{
	int pidfd = (int)syscall(SYS_pidfd_open, target, 0);
	bool all = true;

	all &= refused("ptrace", ptrace(PTRACE_SEIZE, target, NULL, NULL), EPERM, EPERM);
	all &= refused("take a descriptor out of it (pidfd_getfd)",
		syscall(SYS_pidfd_getfd, pidfd, 0, 0), EPERM, EPERM);
	all &= refused("stop it by a signal", kill(target, SIGSTOP), EPERM, EPERM);
	all &= refused("the same by its pidfd",
		syscall(SYS_pidfd_send_signal, pidfd, SIGSTOP, NULL, 0), EPERM, EPERM);
	if (pidfd >= 0)
		(void)close(pidfd);
	return all;
}

bool attempts_all_refused(pid_t target, void *address)
{
	char path[64];
	bool memory, process;
	int mem;

	(void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)target);
	mem = find_descriptor(path);
	if (mem < 0) {
		printf("guest:    the read port has no descriptor of the host's memory\n");
		return false;
	}
	/* All of it, also after the first that worked. */
	memory = try_memory(mem, path, address);
	process = try_process(target);
	return memory && process;
}
