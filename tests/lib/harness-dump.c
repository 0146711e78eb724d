/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is printed when a deadline has passed, and the process that sees to it.
 *
 * The watchdog is forked before the first peer, holds no descriptor but stdio, and knows
 * the peers from the shared page. It runs after a fork of a program that may have
 * threads, so it allocates nothing. It dies with the test.
 */
#include "tests/lib/harness-private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the harness's own, gentler time-outs get first. */
#define WATCHDOG_GRACE_NS INT64_C(2000000000)

/* struct linux_dirent64, which libc keeps to itself. */
typedef struct KernelDirent {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
} KernelDirent;

/* Calls fn with each name but the dots of the directory `name` in `dir`. Allocates nothing. */
static void for_each_name(
	int out, int dir, const char *name, void (*fn)(int out, int dir, const char *name))
{
	_Alignas(KernelDirent) char buf[4096];
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long n;

	if (fd < 0)
		return;
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			const KernelDirent *entry = (const void *)(buf + at);

			if (entry->name[0] != '.')
				fn(out, fd, entry->name);
			at += entry->reclen;
		}
	}
	close(fd);
}

/* The start of a file as a string; false where it cannot be read or is empty. */
static bool read_text(int dir, const char *name, char *text, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return true;
}

static void dump_file(int out, int dir, const char *name)
{
	char text[2048];

	if (!read_text(dir, name, text, sizeof(text)))
		return;
	for (char *line = text, *end; *line != '\0'; line = end) {
		end = strchrnul(line, '\n');
		dprintf(out, "      %s: %.*s\n", name, (int)(end - line), line);
		if (*end == '\n')
			end++;
	}
}

/* The lines of /proc/PID/status that tell what a process is doing. */
static void dump_status(int out, int dir)
{
	static const char *const wanted[] = {"State:", "PPid:", "Uid:", "Threads:", "SigBlk:"};
	char text[4096];

	if (!read_text(dir, "status", text, sizeof(text)))
		return;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const char *line = strstr(text, wanted[i]);

		if (line != NULL)
			dprintf(out, "    %.*s\n", (int)(strchrnul(line, '\n') - line), line);
	}
}

static void dump_fd(int out, int dir, const char *name)
{
	char target[256];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n > 0)
		dprintf(out, "    fd %s -> %.*s\n", name, (int)n, target);
}

static void dump_task(int out, int dir, const char *name)
{
	int task = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (task < 0)
		return;
	dprintf(out, "    thread %s\n", name);
	dump_file(out, task, "comm");
	dump_file(out, task, "wchan");
	dump_file(out, task, "syscall");
	dump_file(out, task, "stack");
	close(task);
}

static void dump_process(int out, pid_t pid, const char *name, const char *point)
{
	char path[32];
	int dir;

	dprintf(out, "  %s: pid %d%s%s\n", name, (int)pid,
		point[0] != '\0' ? ", last at sync point " : "", point);
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	dump_status(out, dir);
	for_each_name(out, dir, "task", dump_task);
	for_each_name(out, dir, "fd", dump_fd);
	close(dir);
}

void dump_all(int out, const Shared *shared)
{
	dprintf(out, "state of the processes of %s:\n", shared->test);
	dump_process(out, shared->test_pid, "the test", "");
	for (int i = 0; i < atomic_load(&shared->n_peers); i++) {
		const SharedPeer *peer = &shared->peers[i];

		if (atomic_load(&peer->pid) > 0)
			dump_process(out, atomic_load(&peer->pid), peer->name, peer->point);
		else
			dprintf(out, "  %s: not running\n", peer->name);
	}
}

__attribute__((__noreturn__)) static void watchdog_main(Shared *shared)
{
	for (;;) {
		Nanos end = atomic_load(&shared->deadline) + harness_scale_ns(WATCHDOG_GRACE_NS);
		struct timespec until = {end / 1000000000, end % 1000000000};

		/* The deadline may have been moved meanwhile. */
		if (harness_now() >= end)
			break;
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	}
	/* So that no pid that we are about to use is reaped and used again. */
	(void)kill(shared->test_pid, SIGSTOP);
	dprintf(STDERR_FILENO, "FAIL %s: the test hangs; everything is killed\n", shared->test);
	dump_all(STDERR_FILENO, shared);
	for (int i = 0; i < atomic_load(&shared->n_peers); i++) {
		pid_t pid = atomic_load(&shared->peers[i].pid);

		if (pid > 0)
			(void)kill(-pid, SIGKILL);
	}
	(void)kill(shared->test_pid, SIGKILL);
	_exit(0);
}

pid_t watchdog_start(Shared *shared)
{
	sigset_t all, old;
	pid_t pid;

	/* No signal handler of the test may run in the watchdog. */
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
#ifdef __SANITIZE_THREAD__
	pid = fork();
#else
	/* Without the fork handlers of the library under test: this is not one of its forks. */
	pid = _Fork();
#endif
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)prctl(PR_SET_NAME, "test-watchdog");
		if (getppid() != shared->test_pid)
			_exit(0);
		(void)syscall(SYS_close_range, 3, ~0u, 0);
		watchdog_main(shared);
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return pid < 0 ? -errno : pid;
}

void watchdog_stop(pid_t pid)
{
	siginfo_t info;

	if (pid <= 0)
		return;
	(void)kill(pid, SIGKILL);
	while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 && errno == EINTR)
		;
}
