/* SPDX-License-Identifier: Apache-2.0 */

#include <sys/socket.h>

#include "base/error.h"
#include "base/fd.h"
#include "tests/lib/unit.h"

enum {
	_TEST_E_SUCCESS,
	TEST_E_OUTCOME,
};

static int n_evaluated;

static int give(int code)
{
	n_evaluated++;
	return code;
}

static int born(int code)
{
	return error_origin(give(code));
}

static int passed_on(int code)
{
	return error_trace(born(code));
}

TEST(codes_pass_unchanged)
{
	log_set_level(LOG_LEVEL_NONE);
	n_evaluated = 0;
	ASSERT_EQ(born(-EXDEV), -EXDEV);
	ASSERT_EQ(passed_on(-EXDEV), -EXDEV);
	ASSERT_EQ(passed_on(0), 0);
	ASSERT_EQ(passed_on(TEST_E_OUTCOME), TEST_E_OUTCOME);
	ASSERT_EQ(n_evaluated, 4);
}

TEST(fold_turns_outcomes_into_errors)
{
	ASSERT_EQ(error_fold(TEST_E_OUTCOME), -ENOTRECOVERABLE);
	ASSERT_EQ(error_fold(0), 0);
	ASSERT_EQ(error_fold(-EXDEV), -EXDEV);
}

TEST(trace_is_printed_at_debug_level_only)
{
	_cleanup_close_ int reader = -EBADF, saved = ASSERT_FD(fd_dup(STDERR_FILENO));
	char text[512];
	int fds[2];
	ssize_t n;

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds));
	reader = fds[0];
	ASSERT_SYS(dup2(fds[1], STDERR_FILENO));
	fd_close(fds[1]);

	log_set_level(LOG_LEVEL_INFO);
	ASSERT_EQ(passed_on(-EXDEV), -EXDEV);
	ASSERT_EQ(recv(reader, text, sizeof(text), MSG_DONTWAIT), -1);

	log_set_level(LOG_LEVEL_DEBUG);
	ASSERT_OK(passed_on(0));
	ASSERT_EQ(recv(reader, text, sizeof(text), MSG_DONTWAIT), -1);
	errno = ENOLINK;
	ASSERT_EQ(passed_on(-EXDEV), -EXDEV);
	ASSERT_EQ(errno, ENOLINK);
	n = ASSERT_SYS(recv(reader, text, sizeof(text) - 1, MSG_DONTWAIT));
	text[n] = '\0';
	ASSERT_STRSTR(text, "debug: test-error: origin: born() line ");
	ASSERT_STRSTR(text, "-18 (Invalid cross-device link)");
	n = ASSERT_SYS(recv(reader, text, sizeof(text) - 1, MSG_DONTWAIT));
	text[n] = '\0';
	ASSERT_STRSTR(text, "trace: passed_on() line ");
	ASSERT_EQ(error_fold(TEST_E_OUTCOME), -ENOTRECOVERABLE);
	n = ASSERT_SYS(recv(reader, text, sizeof(text) - 1, MSG_DONTWAIT));
	text[n] = '\0';
	ASSERT_STRSTR(text, "outcome 1");

	log_set_level(LOG_LEVEL_NONE);
	ASSERT_SYS(dup2(saved, STDERR_FILENO));
}
