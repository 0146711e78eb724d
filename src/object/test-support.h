/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_OBJECT_TEST_SUPPORT_H
#define PORTCULLIS_OBJECT_TEST_SUPPORT_H

/* What the tests of <CoreFoundation/…> share. */

#include <sys/resource.h>

#include <CoreFoundation/CoreFoundation.h>

#include "base/cleanup.h"
#include "tests/lib/unit.h"

static inline void cf_releasep(void *p)
{
	CFTypeRef cf = *(CFTypeRef *)p;

	if (cf)
		CFRelease(cf);
}
#define _cleanup_cf_ _cleanup_(cf_releasep)

__attribute__((__unused__)) static CFStringRef string_of(const char *text)
{
	CFStringRef string = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);

	ASSERT_NOT_NULL(string);
	return string;
}

/* Takes over @string. */
__attribute__((__unused__)) static void is_string(CFStringRef string, const char *text)
{
	ASSERT_NOT_NULL(string);
	ASSERT_STREQ(CFStringGetCStringPtr(string, kCFStringEncodingUTF8), text);
	CFRelease(string);
}

__attribute__((__unused__)) static CFNumberRef number_of(int value)
{
	CFNumberRef number = CFNumberCreate(NULL, kCFNumberIntType, &value);

	ASSERT_NOT_NULL(number);
	return number;
}

/* What the statement says on standard error before it ends the process by abort(). */
#define ASSERT_ABORTS(statement, text)                                                             \
	do {                                                                                       \
		char abort_said_[512] = "";                                                        \
		int abort_pipe_[2], abort_status_;                                                 \
		ssize_t abort_n_;                                                                  \
		pid_t abort_pid_;                                                                  \
		ASSERT_SYS(pipe(abort_pipe_));                                                     \
		abort_pid_ = ASSERT_SYS(fork());                                                   \
		if (abort_pid_ == 0) {                                                             \
			setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});                            \
			signal(SIGABRT, SIG_DFL);                                                  \
			dup2(abort_pipe_[1], STDERR_FILENO);                                       \
			statement;                                                                 \
			_exit(0);                                                                  \
		}                                                                                  \
		close(abort_pipe_[1]);                                                             \
		abort_n_ = read(abort_pipe_[0], abort_said_, sizeof(abort_said_) - 1);             \
		close(abort_pipe_[0]);                                                             \
		ASSERT_SYS(waitpid(abort_pid_, &abort_status_, 0));                                \
		ASSERT_GT(abort_n_, 0);                                                            \
		ASSERT_STRSTR(abort_said_, text);                                                  \
		ASSERT_TRUE(WIFSIGNALED(abort_status_) && WTERMSIG(abort_status_) == SIGABRT);     \
	} while (0)

#endif
