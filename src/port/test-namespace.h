/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests that do things to the directories of ports: in_namespace() runs a function in a child with
 * a /dev/shm and /tmp of its own, as root in a mount namespace, as anybody else in a user namespace
 * where that is allowed.
 */
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "port/test-bounded.h"
#include "tests/lib/unit.h"

#define CANNOT 77

__attribute__((__unused__)) static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		child_exit(CANNOT);
	close(fd);
}

__attribute__((__unused__)) static void enter_namespace(void)
{
	char uid_map[32], gid_map[32];

	snprintf(uid_map, sizeof(uid_map), "%u %u 1\n", geteuid(), geteuid());
	snprintf(gid_map, sizeof(gid_map), "%u %u 1\n", getegid(), getegid());
	if (unshare(CLONE_NEWNS) < 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
			child_exit(CANNOT);
		write_file("/proc/self/setgroups", "deny");
		write_file("/proc/self/uid_map", uid_map);
		write_file("/proc/self/gid_map", gid_map);
	}
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777") < 0 ||
		mount("tmpfs", "/tmp", "tmpfs", 0, "mode=1777") < 0)
		child_exit(CANNOT);
	unsetenv("XDG_RUNTIME_DIR");
}

__attribute__((__unused__)) static void in_namespace(void (*run)(void))
{
	pid_t pid = ASSERT_SYS(fork());
	int status;

	if (pid == 0) {
		/* The directory that was opened before lies in the outer file system. */
		enter_namespace();
		run();
		child_exit(0);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT)
		SKIP("no mount namespace");
	ASSERT_EQ(status, 0);
}

__attribute__((__unused__)) static const char *shm_path(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "/dev/shm/portcullis-%u", (unsigned)geteuid());
	return path;
}

__attribute__((__unused__)) static const char *tmp_path(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/portcullis-%u", (unsigned)geteuid());
	return path;
}
