/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scripts that launchd runs, or that run launchd, with what they are to print. What differs from run to
 * run (process ids) is made the same by the scripts.
 *
 * LAUNCHD and LAUNCHCTL in the environment are the programs under test. A script has a folder of its
 * own, which is also XDG_RUNTIME_DIR and XDG_CONFIG_HOME, and is gone afterwards.
 */
#pragma once

#include "tests/lib/unit.h"

#include <ftw.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#define MAX_TEXT 65536

/* What every script begins with. In its folder nobody else can write. */
static const char prelude[] = "umask 022\n"
			      "cd \"$FOLDER\" || exit 99\n"
			      /* If the test is given up: what runs in the background goes too. */
			      "trap 'jobs -p >.jobs; kill -9 $(cat .jobs) 2>/dev/null' EXIT\n"
			      "trap 'exit 98' TERM\n"
			      "ctl() { \"$LAUNCHCTL\" \"$@\"; }\n"
			      /* The status of something, and what it says of itself. */
			      "try() { ctl \"$@\" 2>&1; echo \"= $?\"; }\n"
			      "hide() { sed \"s/[0-9][0-9]*/N/g\"; }\n"
			      "job() {\n" /* LABEL PROGRAM MORE: writes LABEL.plist */
			      "	cat >\"$1.plist\" <<-PLIST\n"
			      "	<plist version=\"1.0\"><dict><key>Label</key><string>$1</string>\n"
			      "	<key>ProgramArguments</key><array><string>$2</string><string>1000</"
			      "string></array>\n"
			      "	$3</dict></plist>\n"
			      "	PLIST\n"
			      "}\n";

typedef struct Run {
	int status;
	char out[MAX_TEXT], err[MAX_TEXT];
	char folder[64];
} Run;

static Run run;

static void read_back(int fd, char *text)
{
	ssize_t n = pread(fd, text, MAX_TEXT - 1, 0);

	ASSERT_GE(n, 0);
	text[n] = '\0';
	close(fd);
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

/* Else a program with threads sleeps for a second before it ends. */
static void hurry_sanitizer(void)
{
	const char *options = getenv("TSAN_OPTIONS");
	char *more;

	if (options && asprintf(&more, "%s:atexit_sleep_ms=0", options) > 0)
		(void)setenv("TSAN_OPTIONS", more, 1);
}

__attribute__((__noreturn__)) static void child(char **argv, int out, int err)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	hurry_sanitizer();
	(void)setenv("FOLDER", run.folder, 1);
	(void)setenv("XDG_RUNTIME_DIR", run.folder, 1);
	(void)setenv("XDG_CONFIG_HOME", run.folder, 1);
	/* What runs the tests may ignore it, and a shell cannot trap what was ignored when it began. */
	(void)signal(SIGHUP, SIG_DFL);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(err, STDERR_FILENO);
	execvp(argv[0], argv);
	_exit(99);
}

static void execute(char **argv)
{
	int out = ASSERT_SYS(memfd_create("out", MFD_CLOEXEC));
	int err = ASSERT_SYS(memfd_create("err", MFD_CLOEXEC));
	int status = 0;
	pid_t pid;

	strcpy(run.folder, "/tmp/launchctl.XXXXXX");
	ASSERT_NOT_NULL(mkdtemp(run.folder));
	pid = ASSERT_SYS(fork());
	if (pid == 0)
		child(argv, out, err);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	(void)nftw(run.folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	read_back(out, run.out);
	read_back(err, run.err);
	if (!WIFEXITED(status) || strstr(run.err, "Sanitizer"))
		FAIL("status %#x: %s%s", (unsigned)status, run.out, run.err);
	run.status = WEXITSTATUS(status);
}

/* A script, in a session or not. */
static void sh(const char *script, bool in_session)
{
	char *whole, *argv[] = {getenv("LAUNCHD"), (char *)"--session", (char *)"--", (char *)"sh",
			     (char *)"-c", NULL, NULL};

	if (!argv[0] || !getenv("LAUNCHCTL"))
		SKIP("LAUNCHD and LAUNCHCTL name no programs");
	ASSERT_TRUE(asprintf(&whole, "%s%s", prelude, script) > 0);
	argv[5] = whole;
	execute(in_session ? argv : argv + 3);
	free(whole);
}

/* Runs a script, and compares what it says. */
#define EXPECT_SCRIPT(script, in_session, expected)                                                \
	do {                                                                                       \
		sh(script, in_session);                                                            \
		if (strcmp(run.out, expected) != 0 || run.status != 0)                             \
			FAIL("status %d\n--- out\n%s--- err\n%s--- expected\n%s", run.status,      \
				run.out, run.err, expected);                                       \
	} while (0)
#define EXPECT(script, expected) EXPECT_SCRIPT(script, true, expected)
/* The same where there is no domain. */
#define EXPECT_OUTSIDE(script, expected) EXPECT_SCRIPT(script, false, expected)
