/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Commands of the shell, for tests that call the tools of others. */

#include <fcntl.h>
#include <spawn.h>

#include "tests/lib/unit.h"

/* The status of a command; 127: there is none. What it says goes nowhere. */
__attribute__((__unused__, __format__(__printf__, 1, 2))) static int shell(const char *format, ...)
{
	char command[2048];
	char *const arguments[] = {(char *)"sh", (char *)"-c", command, NULL};
	posix_spawn_file_actions_t actions;
	va_list args;
	int status, n;
	pid_t pid;

	va_start(args, format);
	n = vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	ASSERT_LT(n, (int)sizeof(command));
	ASSERT_EQ(posix_spawn_file_actions_init(&actions), 0);
	posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	ASSERT_EQ(posix_spawn(&pid, "/bin/sh", &actions, NULL, arguments, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
