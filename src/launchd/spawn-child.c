/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the child does between fork and exec.
 *
 * System calls only, and where glibc's wrapper is more than that, the bare call: its setuid() wants to
 * tell other threads, and takes locks that a thread which is not here may have held.
 *
 * What needs privileges comes first, and what the user could not do by himself does not happen with
 * ours: files are opened, and the working directory is entered, as the user of the job.
 */
#include "launchd/spawn-private.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/kernel.h"

/* 32-bit ABIs have two of each; the plain one takes 16 bits. */
#ifdef SYS_setresuid32
#define CALL_SETRESUID SYS_setresuid32
#define CALL_SETRESGID SYS_setresgid32
#define CALL_SETGROUPS SYS_setgroups32
#else
#define CALL_SETRESUID SYS_setresuid
#define CALL_SETRESGID SYS_setresgid
#define CALL_SETGROUPS SYS_setgroups
#endif

static _noreturn_ void fail(const SpawnPlan *plan, SpawnStep step, unsigned index, int error)
{
	SpawnFailure failure = {
		.step = (uint16_t)step,
		.index = (uint16_t)index,
		.error = error,
	};

	/* Should the parent be gone, nobody asks. */
	if (write(plan->failure_fd, &failure, sizeof(failure)) < 0)
		_exit(SPAWN_EXIT_FAILED);
	_exit(SPAWN_EXIT_FAILED);
}

/* Handlers of the parent must not run here, and what it ignores is its own business. */
static void reset_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int signal = 1; signal <= SIGRTMAX; signal++)
		(void)sigaction(signal, &action, NULL); /* KILL, STOP, and glibc's own: EINVAL */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What is not given stays; a soft limit never lies above the hard one. */
static int set_limit(const SpecLimit *limit)
{
	struct rlimit value;

	if (getrlimit((__rlimit_resource_t)limit->resource, &value) < 0)
		return -errno;
	if (limit->has_hard) {
		value.rlim_max = limit->hard == SPEC_UNLIMITED ? RLIM_INFINITY
							       : (rlim_t)limit->hard;
		if (!limit->has_soft && value.rlim_cur > value.rlim_max)
			value.rlim_cur = value.rlim_max;
	}
	if (limit->has_soft)
		value.rlim_cur = limit->soft == SPEC_UNLIMITED ? RLIM_INFINITY
							       : (rlim_t)limit->soft;
	return setrlimit((__rlimit_resource_t)limit->resource, &value) < 0 ? -errno : 0;
}

static void set_limits(const SpawnPlan *plan)
{
	/* launchd's own limit of descriptors is large, and breaks programs that use select(). */
	if (plan->nofile.rlim_max != 0)
		(void)setrlimit(RLIMIT_NOFILE, &plan->nofile); /* lowering: cannot fail */
	for (size_t i = 0; i < plan->spec->n_limits; i++) {
		int r = set_limit(&plan->spec->limits[i]);

		if (r < 0)
			fail(plan, SPAWN_STEP_LIMIT, (unsigned)i, -r);
	}
}

static void become_user(const SpawnPlan *plan)
{
	const Account *account = &plan->account;

	if (!account->is_changed)
		return;
	if (syscall(CALL_SETGROUPS, account->n_groups, account->groups) < 0 ||
		syscall(CALL_SETRESGID, account->gid, account->gid, account->gid) < 0)
		fail(plan, SPAWN_STEP_GROUP, 0, errno);
	if (syscall(CALL_SETRESUID, account->uid, account->uid, account->uid) < 0)
		fail(plan, SPAWN_STEP_USER, 0, errno);
}

static void confine(const SpawnPlan *plan, SpawnConfinePhase phase)
{
	int r;

	if (!plan->extra->confine)
		return;
	r = plan->extra->confine(plan->extra->confine_userdata, phase);
	if (r < 0)
		fail(plan, SPAWN_STEP_CONFINE, phase, -r);
}

static void enter_directories(const SpawnPlan *plan)
{
	const JobSpec *spec = plan->spec;

	if (chdir(spec->working_directory ? spec->working_directory : "/") < 0)
		fail(plan, SPAWN_STEP_WORKING_DIRECTORY, 0, errno);
}

static void set_stdio(const SpawnPlan *plan, int number, const char *path)
{
	int flags = number == STDIN_FILENO ? O_RDONLY : O_WRONLY | O_CREAT | O_APPEND;
	int fd = plan->stdio_fd;

	/* Symbolic links are followed, as the user's own would be: we are the user by now. */
	if (path || fd < 0)
		fd = open(path ? path : "/dev/null", (path ? flags : O_RDWR) | O_NOCTTY | O_CLOEXEC,
			0666);
	if (fd < 0)
		fail(plan, SPAWN_STEP_STDIO, (unsigned)number, errno);
	/* dup2() onto itself would leave close-on-exec as it is. */
	if (fd == number ? fcntl(fd, F_SETFD, 0) < 0 : dup2(fd, number) < 0)
		fail(plan, SPAWN_STEP_STDIO, (unsigned)number, errno);
}

static void keep_descriptors(const SpawnPlan *plan)
{
	const int *fds = fdlist_array(&plan->extra->fds);

	/* Ours are close-on-exec anyway; a library's may not be. */
	if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		fail(plan, SPAWN_STEP_DESCRIPTORS, 0, errno);
	for (size_t i = 0; i < fdlist_count(&plan->extra->fds); i++)
		if (fds[i] >= 0 && fcntl(fds[i], F_SETFD, 0) < 0)
			fail(plan, SPAWN_STEP_DESCRIPTORS, (unsigned)i, errno);
}

static _noreturn_ void execute(const SpawnPlan *plan)
{
	int error = ENOENT;

	for (char **program = plan->programs; *program; program++) {
		(void)execve(*program, plan->argv, plan->environment.items);
		if (errno == ENOENT && access(*program, F_OK) == 0)
			fail(plan, SPAWN_STEP_INTERPRETER, 0, ENOENT);
		/* As a shell does: one that may not be executed is a better reason than none. */
		if (errno != ENOENT && errno != ENOTDIR)
			error = errno;
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			break;
	}
	fail(plan, SPAWN_STEP_EXEC, 0, error);
}

_noreturn_ void spawn_child(const SpawnPlan *plan)
{
	const JobSpec *spec = plan->spec;

	reset_signals();
	if (setsid() < 0)
		fail(plan, SPAWN_STEP_SESSION, 0, errno);
	(void)umask(plan->umask);
	if (spec->nice != SPEC_UNSET && setpriority(PRIO_PROCESS, 0, (int)spec->nice) < 0)
		fail(plan, SPAWN_STEP_NICE, 0, errno);
	set_limits(plan);
	confine(plan, SPAWN_CONFINE_AS_LAUNCHD);
	if (spec->root_directory && (chroot(spec->root_directory) < 0 || chdir("/") < 0))
		fail(plan, SPAWN_STEP_ROOT_DIRECTORY, 0, errno);
	become_user(plan);
	confine(plan, SPAWN_CONFINE_AS_USER);
	enter_directories(plan);
	set_stdio(plan, STDIN_FILENO, spec->stdin_path);
	set_stdio(plan, STDOUT_FILENO, spec->stdout_path);
	set_stdio(plan, STDERR_FILENO, spec->stderr_path);
	keep_descriptors(plan);
	execute(plan);
}
