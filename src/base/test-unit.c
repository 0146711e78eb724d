/* SPDX-License-Identifier: Apache-2.0 */
/* The runner itself: does it notice what it promises to notice? Each case runs in a child, whose
 * standard output is read through a pipe. */

#include "base/cleanup.h"
#include "base/fd.h"
#include "tests/lib/unit.h"

static int scratch = -EBADF;

static void case_passes(void)
{
	ASSERT_TRUE(true);
	ASSERT_FALSE(false);
	ASSERT_EQ(-1, -1);
	ASSERT_NE(UINT64_MAX, 1u);
	ASSERT_LT(1, 2);
	ASSERT_LE(2, 2);
	ASSERT_GT(3u, 2u);
	ASSERT_GE(3, 3);
	ASSERT_OK(0);
	ASSERT_NULL(NULL);
	ASSERT_NOT_NULL("x");
	ASSERT_PTR_EQ(NULL, NULL);
	ASSERT_STREQ("a", "a");
	ASSERT_STRSTR("abc", "b");
	ASSERT_MEMEQ("abc", "abd", 2);
}

static void case_fails(void)
{
	ASSERT_EQ(1 + 1, 3);
}

static void case_leaks(void)
{
	scratch = ASSERT_SYS(dup(STDOUT_FILENO));
}

static void case_closes(void)
{
	close(scratch);
}

static void case_fails_with_descriptor(void)
{
	scratch = ASSERT_SYS(dup(STDOUT_FILENO));
	FAIL("on purpose");
}

static void case_skips(void)
{
	SKIP("no reason");
}

static void case_child_fails(void)
{
	pid_t pid = ASSERT_SYS(fork());

	if (pid == 0) {
		ASSERT_STREQ("here", "there");
		_exit(0);
	}
	ASSERT_CHILD_EXITS(pid, UNIT_CHILD_FAILED);
}

static void *thread_main(void *unused)
{
	(void)unused;
	FAIL("in a thread");
	return NULL;
}

static void case_thread_fails(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, thread_main, NULL);
	pthread_join(thread, NULL);
}

/* Run @run as a test in a child. Returns the outcome, and what was printed in @text. */
static int run_case(void (*run)(void), char *text, size_t size)
{
	UnitTest test = {"case", run};
	_cleanup_close_ int reader = -EBADF, writer = -EBADF;
	int p[2], status;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	ASSERT_SYS(pipe2(p, O_CLOEXEC));
	reader = p[0];
	writer = p[1];
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		dup2(writer, STDOUT_FILENO);
		unit_state.pid = getpid();
		exit(10 + unit_run_one(&test));
	}
	fd_closep(&writer);
	while ((n = read(reader, text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_TRUE(WIFEXITED(status));
	return WEXITSTATUS(status) >= 10 && WEXITSTATUS(status) < 20 ? WEXITSTATUS(status) - 10
								     : WEXITSTATUS(status);
}

TEST(verdicts)
{
	char text[1024];

	ASSERT_EQ(run_case(case_passes, text, sizeof(text)), UNIT_PASSED);
	ASSERT_STREQ(text, "");
	ASSERT_EQ(run_case(case_fails, text, sizeof(text)), UNIT_FAILED);
	ASSERT_STRSTR(text, "FAIL case: ");
	ASSERT_STRSTR(text, "1 + 1 == 3: 2 (0x2) and 3 (0x3)\n");
	ASSERT_EQ(run_case(case_skips, text, sizeof(text)), UNIT_SKIPPED);
	ASSERT_STREQ(text, "SKIP case: no reason\n");
}

TEST(descriptors_are_counted)
{
	char text[1024];

	ASSERT_EQ(run_case(case_leaks, text, sizeof(text)), UNIT_FAILED);
	ASSERT_STRSTR(text, " leaked (pipe:");
	ASSERT_EQ(run_case(case_fails_with_descriptor, text, sizeof(text)), UNIT_FAILED);
	ASSERT_STRSTR(text, "on purpose");
	scratch = ASSERT_SYS(dup(STDOUT_FILENO));
	ASSERT_EQ(run_case(case_closes, text, sizeof(text)), UNIT_FAILED);
	ASSERT_STRSTR(text, " was closed\n");
	scratch = fd_close(scratch);
}

TEST(children_and_threads)
{
	char text[1024];

	ASSERT_EQ(run_case(case_child_fails, text, sizeof(text)), UNIT_PASSED);
	ASSERT_STRSTR(text, "\"here\" and \"there\"");
	ASSERT_EQ(run_case(case_thread_fails, text, sizeof(text)), UNIT_CHILD_FAILED);
	ASSERT_STRSTR(text, "in a thread");
}
