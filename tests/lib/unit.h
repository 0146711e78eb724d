/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_TEST_LIB_UNIT_H
#define PORTCULLIS_TEST_LIB_UNIT_H

/*
 * The runner of unit tests: one header, one program for each module.
 *
 *	#include "tests/lib/unit.h"
 *
 *	TEST(bytes_are_read_in_order)
 *	{
 *		ASSERT_OK(bytes_get_u8(&r, &v));
 *		ASSERT_EQ(v, 7);
 *	}
 *
 * Each TEST registers itself in a linker section; the header brings main(), which runs all of them,
 * or those that are named on the command line (-l lists them). A failed assertion prints one line
 * and ends the test; so does a descriptor that is open afterwards and was not before, or was before
 * and is not afterwards. The last line is "N passed, N failed" (", N skipped" if any was); the exit
 * status is 1 if one failed.
 *
 * The assertions do not depend on NDEBUG and evaluate their arguments once. In a child process or
 * another thread of the test, a failed one prints its line and ends the whole process with status
 * 99: a parent that checks the status fails in turn.
 *
 * A test that takes longer than UNIT_DEADLINE_S is killed together with the program, which prints
 * the test's name. UNIT_NO_MAIN leaves main() out.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef UNIT_DEADLINE_S
#define UNIT_DEADLINE_S 120
#endif
#define UNIT_FD_MAX 4096
#define UNIT_CHILD_FAILED 99

typedef struct UnitTest {
	const char *name;
	void (*run)(void);
} UnitTest;

typedef struct UnitState {
	jmp_buf jump;
	pthread_t thread;
	pid_t pid;
	const char *name;
} UnitState;

static UnitState unit_state;

enum { UNIT_PASSED, UNIT_FAILED, UNIT_SKIPPED };

#define TEST(test_name)                                                                            \
	static void unit_run_##test_name(void);                                                    \
	static const UnitTest unit_test_##test_name = {#test_name, unit_run_##test_name};          \
	static const UnitTest *const unit_entry_##test_name                                        \
		__attribute__((__used__, __section__("unit_tests"))) = &unit_test_##test_name;     \
	static void unit_run_##test_name(void)

extern const UnitTest *const __start_unit_tests[] __attribute__((__visibility__("hidden")));
extern const UnitTest *const __stop_unit_tests[] __attribute__((__visibility__("hidden")));

/* Where the jump would leave a thread or a process that the runner does not own, end it all. */
__attribute__((__noreturn__, __unused__)) static void unit_end(int outcome)
{
	fflush(stdout);
	if (getpid() != unit_state.pid || !pthread_equal(pthread_self(), unit_state.thread))
		_exit(outcome == UNIT_FAILED ? UNIT_CHILD_FAILED : 0);
	longjmp(unit_state.jump, outcome);
}

__attribute__((__noreturn__, __unused__, __format__(__printf__, 3, 4))) static void unit_fail(
	const char *file, int line, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("FAIL %s: %s:%d: %s\n", unit_state.name, file, line, text);
	unit_end(UNIT_FAILED);
}

#define unit_fail_here(...) unit_fail(__FILE__, __LINE__, __VA_ARGS__)

/* End the test without a verdict, for example where the kernel or the uid does not allow it. */
#define SKIP(reason)                                                                               \
	do {                                                                                       \
		printf("SKIP %s: %s\n", unit_state.name, (reason));                                \
		unit_end(UNIT_SKIPPED);                                                            \
	} while (0)

#define FAIL(...) unit_fail_here(__VA_ARGS__)

#define ASSERT_TRUE(x)                                                                             \
	do {                                                                                       \
		if (!(x))                                                                          \
			unit_fail_here("not true: %s", #x);                                        \
	} while (0)
#define ASSERT_FALSE(x)                                                                            \
	do {                                                                                       \
		if (x)                                                                             \
			unit_fail_here("not false: %s", #x);                                       \
	} while (0)

/* Integers of any type up to 64 bits, enums and booleans. */
#define unit_compare_(a, op, b)                                                                    \
	do {                                                                                       \
		__typeof__((a) + 0) unit_a_ = (a);                                                 \
		__typeof__((b) + 0) unit_b_ = (b);                                                 \
		if (!(unit_a_ op(__typeof__(unit_a_)) unit_b_))                                    \
			unit_fail_here("%s " #op " %s: %" PRIdMAX " (%#" PRIxMAX ") and %" PRIdMAX \
				       " (%#" PRIxMAX ")",                                         \
				#a, #b, (intmax_t)unit_a_, (uintmax_t)unit_a_, (intmax_t)unit_b_,  \
				(uintmax_t)unit_b_);                                               \
	} while (0)
#define ASSERT_EQ(a, b) unit_compare_(a, ==, b)
#define ASSERT_NE(a, b) unit_compare_(a, !=, b)
#define ASSERT_LT(a, b) unit_compare_(a, <, b)
#define ASSERT_LE(a, b) unit_compare_(a, <=, b)
#define ASSERT_GT(a, b) unit_compare_(a, >, b)
#define ASSERT_GE(a, b) unit_compare_(a, >=, b)

/* 0, as the error doctrine has it. */
#define ASSERT_OK(r)                                                                               \
	do {                                                                                       \
		int unit_r_ = (r);                                                                 \
		if (unit_r_ != 0)                                                                  \
			unit_fail_here("%s: %d%s%s", #r, unit_r_, unit_r_ < 0 ? " " : "",          \
				unit_r_ < 0 ? strerror(-unit_r_) : "");                            \
	} while (0)
/* A system call that says -1 and errno. */
#define ASSERT_SYS(r)                                                                              \
	({                                                                                         \
		__typeof__(r) unit_s_ = (r);                                                       \
		if (unit_s_ == (__typeof__(r))-1)                                                  \
			unit_fail_here("%s: %s", #r, strerror(errno));                             \
		unit_s_;                                                                           \
	})
/* A descriptor, or -errno. Evaluates to the descriptor. */
#define ASSERT_FD(fd)                                                                              \
	({                                                                                         \
		int unit_fd_ = (fd);                                                               \
		if (unit_fd_ < 0)                                                                  \
			unit_fail_here("%s: %d", #fd, unit_fd_);                                   \
		unit_fd_;                                                                          \
	})

#define ASSERT_NULL(p)                                                                             \
	do {                                                                                       \
		const void *unit_p_ = (p);                                                         \
		if (unit_p_)                                                                       \
			unit_fail_here("%s: %p instead of NULL", #p, unit_p_);                     \
	} while (0)
#define ASSERT_NOT_NULL(p)                                                                         \
	do {                                                                                       \
		if (!(p))                                                                          \
			unit_fail_here("%s: NULL", #p);                                            \
	} while (0)
#define ASSERT_PTR_EQ(a, b)                                                                        \
	do {                                                                                       \
		const void *unit_pa_ = (a);                                                        \
		const void *unit_pb_ = (b);                                                        \
		if (unit_pa_ != unit_pb_)                                                          \
			unit_fail_here("%s == %s: %p and %p", #a, #b, unit_pa_, unit_pb_);         \
	} while (0)
#define ASSERT_STREQ(a, b)                                                                         \
	do {                                                                                       \
		const char *unit_sa_ = (a);                                                        \
		const char *unit_sb_ = (b);                                                        \
		if (!unit_sa_ || !unit_sb_ || strcmp(unit_sa_, unit_sb_) != 0)                     \
			unit_fail_here("%s == %s: \"%s\" and \"%s\"", #a, #b,                      \
				unit_sa_ ? unit_sa_ : "(NULL)", unit_sb_ ? unit_sb_ : "(NULL)");   \
	} while (0)
#define ASSERT_STRSTR(text, part)                                                                  \
	do {                                                                                       \
		const char *unit_st_ = (text);                                                     \
		const char *unit_sp_ = (part);                                                     \
		if (!unit_st_ || !strstr(unit_st_, unit_sp_))                                      \
			unit_fail_here("%s: \"%s\" is not in \"%s\"", #text, unit_sp_,             \
				unit_st_ ? unit_st_ : "(NULL)");                                   \
	} while (0)
#define ASSERT_MEMEQ(a, b, n)                                                                      \
	do {                                                                                       \
		if (memcmp((a), (b), (n)) != 0)                                                    \
			unit_fail_here("%s and %s differ", #a, #b);                                \
	} while (0)

#define ASSERT_FD_OPEN(fd)                                                                         \
	do {                                                                                       \
		int unit_of_ = (fd);                                                               \
		if (fcntl(unit_of_, F_GETFD) < 0)                                                  \
			unit_fail_here("%s: descriptor %d is not open", #fd, unit_of_);            \
	} while (0)
#define ASSERT_FD_CLOSED(fd)                                                                       \
	do {                                                                                       \
		int unit_cf_ = (fd);                                                               \
		if (fcntl(unit_cf_, F_GETFD) >= 0 || errno != EBADF)                               \
			unit_fail_here("%s: descriptor %d is open", #fd, unit_cf_);                \
	} while (0)
#define ASSERT_FD_CLOEXEC(fd)                                                                      \
	do {                                                                                       \
		int unit_ce_ = (fd);                                                               \
		int unit_ef_ = fcntl(unit_ce_, F_GETFD);                                           \
		if (unit_ef_ < 0 || !(unit_ef_ & FD_CLOEXEC))                                      \
			unit_fail_here("%s: descriptor %d is not close-on-exec", #fd, unit_ce_);   \
	} while (0)

/* Wait for a child of the test, and fail unless it ended with exit(@status). */
#define ASSERT_CHILD_EXITS(pid, status)                                                            \
	do {                                                                                       \
		pid_t unit_cp_ = (pid);                                                            \
		int unit_cs_ = 0;                                                                  \
		pid_t unit_cr_;                                                                    \
		do {                                                                               \
			unit_cr_ = waitpid(unit_cp_, &unit_cs_, 0);                                \
		} while (unit_cr_ < 0 && errno == EINTR);                                          \
		if (unit_cr_ != unit_cp_ || !WIFEXITED(unit_cs_) ||                                \
			WEXITSTATUS(unit_cs_) != (status))                                         \
			unit_fail_here("child %d: wait status %#x", (int)unit_cp_, unit_cs_);      \
	} while (0)

typedef struct UnitFds {
	bool open[UNIT_FD_MAX];
} UnitFds;

__attribute__((__unused__)) static void unit_fds_snapshot(UnitFds *fds)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	memset(fds, 0, sizeof(*fds));
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd != dirfd(dir) && fd < UNIT_FD_MAX)
			fds->open[fd] = true;
	}
	closedir(dir);
}

/* Print one line and return false if the two differ; close what leaked, for the next test's sake. */
__attribute__((__unused__)) static bool unit_fds_compare(
	const UnitFds *before, const UnitFds *after)
{
	for (int fd = 0; fd < UNIT_FD_MAX; fd++) {
		char path[64], target[256] = "";

		if (before->open[fd] == after->open[fd])
			continue;
		if (!after->open[fd]) {
			printf("FAIL %s: descriptor %d was closed\n", unit_state.name, fd);
			return false;
		}
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (readlink(path, target, sizeof(target) - 1) < 0)
			target[0] = '\0';
		printf("FAIL %s: descriptor %d leaked (%s)\n", unit_state.name, fd, target);
		for (; fd < UNIT_FD_MAX; fd++)
			if (after->open[fd] && !before->open[fd])
				close(fd);
		return false;
	}
	return true;
}

__attribute__((__unused__)) static void unit_on_deadline(int signal)
{
	static const char text[] = ": deadline\n";

	(void)signal;
	if (write(STDOUT_FILENO, "FAIL ", 5) < 0 ||
		write(STDOUT_FILENO, unit_state.name, strlen(unit_state.name)) < 0 ||
		write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

__attribute__((__unused__)) static int unit_run_one(const UnitTest *test)
{
	static UnitFds before, after;
	volatile int outcome;

	unit_state.name = test->name;
	unit_fds_snapshot(&before);
	alarm(UNIT_DEADLINE_S);
	outcome = setjmp(unit_state.jump);
	if (outcome == UNIT_PASSED)
		test->run();
	alarm(0);
	if (getpid() != unit_state.pid) /* a child that forgot to exit */
		_exit(UNIT_CHILD_FAILED);
	unit_fds_snapshot(&after);
	/* What a test had open when it gave up is not a leak. */
	if (outcome != UNIT_PASSED) {
		for (int fd = 0; fd < UNIT_FD_MAX; fd++)
			if (after.open[fd] && !before.open[fd])
				close(fd);
	} else if (!unit_fds_compare(&before, &after)) {
		outcome = UNIT_FAILED;
	}
	fflush(stdout);
	return outcome;
}

__attribute__((__unused__)) static bool unit_is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc < 2;
}

__attribute__((__unused__)) static int unit_main(int argc, char **argv)
{
	struct sigaction on_alarm = {.sa_handler = unit_on_deadline};
	/* As integers: to the compiler, the bounds of the section are unrelated objects. */
	size_t n = ((uintptr_t)__stop_unit_tests - (uintptr_t)__start_unit_tests) /
		   sizeof(__start_unit_tests[0]);
	int counts[3] = {0};

	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGALRM, &on_alarm, NULL);
	unit_state.thread = pthread_self();
	unit_state.pid = getpid();
	if (argc > 1 && strcmp(argv[1], "-l") == 0) {
		for (size_t i = 0; i < n; i++)
			if (__start_unit_tests[i]) /* sanitizers pad */
				puts(__start_unit_tests[i]->name);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		const UnitTest *test = __start_unit_tests[i];

		if (test && unit_is_wanted(test->name, argc, argv))
			counts[unit_run_one(test)]++;
	}
	if (counts[UNIT_SKIPPED] > 0)
		printf("%d passed, %d failed, %d skipped\n", counts[UNIT_PASSED],
			counts[UNIT_FAILED], counts[UNIT_SKIPPED]);
	else
		printf("%d passed, %d failed\n", counts[UNIT_PASSED], counts[UNIT_FAILED]);
	return counts[UNIT_FAILED] > 0 || counts[UNIT_PASSED] + counts[UNIT_SKIPPED] == 0;
}

#ifndef UNIT_NO_MAIN
int main(int argc, char **argv)
{
	return unit_main(argc, argv);
}
#endif

#endif
