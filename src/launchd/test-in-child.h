/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Cases that have a process each: there is one server in a process, and the library closes late.
 */

#include "tests/lib/unit.h"

#include "base/loop.h"
#include "launchd/server.h"

#define CASE(name)                                                                                 \
	static void case_##name(void);                                                             \
	TEST(name)                                                                                 \
	{                                                                                          \
		run_case(case_##name);                                                             \
	}                                                                                          \
	static void case_##name(void)

static Loop *loop;

__attribute__((__unused__)) static pid_t in_child(void (*run)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (pid == 0) {
		run();
		fflush(stdout);
		_exit(0);
	}
	return pid;
}

static void run_case(void (*run)(void))
{
	int status;

	ASSERT_EQ(waitpid(in_child(run), &status, 0) > 0, true);
	ASSERT_EQ(status, 0);
}

static void begin(void)
{
	ASSERT_EQ(loop_new(&loop), 0);
	ASSERT_EQ(server_init(loop, getuid(), "test"), 0);
}

static void end(void)
{
	server_deinit();
	loop = loop_free(loop);
	ASSERT_NULL(server.by_port);
	ASSERT_NULL(server.registered);
}
