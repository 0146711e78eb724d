/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/spawn.h"

#include <assert.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "launchd/spawn-private.h"

void spawn_extra_init(SpawnExtra *extra)
{
	*extra = (SpawnExtra){.environment = ENVIRONMENT_INIT};
	fdlist_init(&extra->fds);
}

void spawn_extra_deinit(SpawnExtra *extra)
{
	environment_deinit(&extra->environment);
	fdlist_deinit(&extra->fds);
	if (extra->confine_free)
		extra->confine_free(extra->confine_userdata);
	free(extra->confine_problem);
}

/* The program */

const char *spawn_program_path(const JobSpec *spec)
{
	if (spec->program)
		return spec->program;
	return strchr(spec->arguments[0], '/') ? spec->arguments[0] : NULL;
}

static void strings_free(char ***strings)
{
	for (char **p = *strings; p && *p; p++)
		free(*p);
	free(*strings);
	*strings = NULL;
}
#define _cleanup_strings_ _cleanup_(strings_free)

/* Each place of @path where @name may be. */
static int list_in_path(const char *name, const char *path, char ***ret)
{
	_cleanup_strings_ char **list = NULL;
	size_t n = 0, room = 2;

	for (const char *p = path; *p; p++)
		room += *p == ':';
	list = calloc(room, sizeof(*list));
	if (!list)
		return error_origin(-ENOMEM);
	while (*path) {
		int size = (int)strcspn(path, ":");

		/* The current directory, which an empty one means to a shell, is not a place. */
		if (size > 0 && asprintf(&list[n], "%.*s/%s", size, path, name) < 0) {
			list[n] = NULL;
			return error_origin(-ENOMEM);
		}
		n += size > 0;
		path += size + (path[size] == ':');
	}
	*ret = TAKE_PTR(list);
	return 0;
}

static int list_programs(SpawnPlan *plan)
{
	const char *program = spawn_program_path(plan->spec), *path;
	_cleanup_strings_ char **list = NULL;

	if (!program) {
		path = environment_find(&plan->environment, "PATH");
		return error_trace(list_in_path(plan->spec->arguments[0],
			path ? path : SPAWN_PATH_DEFAULT, &plan->programs));
	}
	list = calloc(2, sizeof(*list));
	if (!list)
		return error_origin(-ENOMEM);
	list[0] = strdup(program);
	if (!list[0])
		return error_origin(-ENOMEM);
	plan->programs = TAKE_PTR(list);
	return 0;
}

/* The plan */

static int fill_environment(SpawnPlan *plan, const char *label)
{
	const Account *account = &plan->account;
	struct {
		const char *name, *value;
	} basics[] = {
		{"PATH", SPAWN_PATH_DEFAULT},
		{"HOME", account->home},
		{"USER", account->name},
		{"LOGNAME", account->name},
		{"SHELL", account->shell},
		{"XPC_SERVICE_NAME", label},
	};
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(basics); i++) {
		if (!basics[i].value)
			continue;
		r = environment_add_value(&plan->environment, basics[i].name, basics[i].value);
		if (r < 0)
			return error_trace(r);
	}
	r = environment_add_all(&plan->environment, plan->extra->environment.items);
	if (r < 0)
		return error_trace(r);
	return error_trace(environment_add_all(&plan->environment, plan->spec->environment));
}

static void plan_deinit(SpawnPlan *plan)
{
	account_deinit(&plan->account);
	environment_deinit(&plan->environment);
	strings_free(&plan->programs);
	plan->failure_fd = fd_close(plan->failure_fd);
}
#define _cleanup_plan_ _cleanup_(plan_deinit)

static int refuse_confined(const char *reason, char **ret_problem)
{
	if (asprintf(ret_problem,
		    "cannot be confined here (Linux.Confined), and never runs unconfined%s%s",
		    reason ? ": " : "", reason ? reason : "") < 0)
		return error_origin(-ENOMEM);
	return SPAWN_E_REFUSED;
}

static int plan_prepare(SpawnPlan *plan, const SpawnRequest *request, char **ret_problem)
{
	const JobSpec *spec = request->spec;
	int r;

	if (spec->confined && !request->extra->confine)
		return refuse_confined(request->extra->confine_problem, ret_problem);
	r = account_find(
		spec->user_name, spec->group_name, spec->init_groups, &plan->account, ret_problem);
	if (r == ACCOUNT_E_REFUSED)
		return SPAWN_E_REFUSED;
	if (r < 0)
		return error_trace(r);
	plan->spec = spec;
	plan->extra = request->extra;
	plan->stdio_fd = request->stdio_fd;
	plan->group_fd = request->group_fd;
	plan->nofile = request->nofile;
	plan->umask = spec->umask == SPEC_UNSET ? SPAWN_UMASK_DEFAULT : (mode_t)spec->umask;
	plan->argv_own[0] = spec->program;
	plan->argv = spec->arguments ? spec->arguments : plan->argv_own;
	r = fill_environment(plan, request->label);
	if (r < 0)
		return error_trace(r);
	return error_trace(list_programs(plan));
}

/* The fork */

/* Both above stdio; only the reading end, which stays here, is non-blocking. */
static int make_pipe(int *ret_read, int *ret_write)
{
	_cleanup_close_ int reading = -EBADF, writing = -EBADF;
	int p[2], r;

	if (pipe2(p, O_CLOEXEC) < 0)
		return error_origin(-errno);
	writing = p[1];
	reading = fd_above_stdio_consume(p[0]);
	if (reading < 0)
		return error_trace(reading);
	writing = fd_above_stdio_consume(TAKE_FD(writing));
	if (writing < 0)
		return error_trace(writing);
	r = fd_set_nonblock(reading, true);
	if (r < 0)
		return error_trace(r);
	*ret_read = TAKE_FD(reading);
	*ret_write = TAKE_FD(writing);
	return 0;
}

/* The process opens them itself, as whoever it is, when it gives its control port away. */
static void give_group(const SpawnPlan *plan)
{
	static const char *const files[] = {"cgroup.freeze", "cgroup.kill"};

	if (!plan->account.is_changed)
		return;
	/* Without, nobody can suspend it: which is how it is without a group. */
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		(void)!fchownat(plan->group_fd, files[i], plan->account.uid, (gid_t)-1,
			AT_SYMLINK_NOFOLLOW);
}

/* To be born in a group costs nothing; to move to one, the time until all of the machine's processors
 * have been asked. Runs no atfork handlers, as _Fork(). */
static pid_t fork_into_group(const SpawnPlan *plan)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.cgroup = (uint64_t)plan->group_fd,
	};
	long pid;

	give_group(plan);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	/* Forbidden, or full, or of a kind that takes no processes. */
	return pid < 0 ? _Fork() : (pid_t)pid;
}

static int fork_child(const SpawnPlan *plan, PidRef *ret)
{
	sigset_t all, before;
	pid_t pid;
	int r;

	/* No handler of ours may run in the child before it has reset them. */
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = plan->group_fd < 0 ? _Fork() : fork_into_group(plan);
	if (pid == 0)
		spawn_child(plan);
	r = pid < 0 ? error_origin(-errno) : 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r < 0)
		return r;
	/* Nobody but us can reap it, so the number is still its own. */
	r = pidref_set_pid(ret, pid);
	if (r == 0)
		return 0;
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return error_fold(r);
}

int spawn_job(const SpawnRequest *request, Spawned *ret, char **ret_problem)
{
	_cleanup_plan_ SpawnPlan plan = {
		.failure_fd = -EBADF, .stdio_fd = -EBADF, .group_fd = -EBADF};
	_cleanup_close_ int reading = -EBADF;
	int r;

	r = plan_prepare(&plan, request, ret_problem);
	if (r != 0)
		return error_trace(r);
	r = make_pipe(&reading, &plan.failure_fd);
	if (r < 0)
		return error_trace(r);
	r = fork_child(&plan, &ret->process);
	if (r < 0)
		return error_trace(r);
	ret->failure_fd = TAKE_FD(reading);
	return 0;
}

/* Failures */

int spawn_read_failure(int failure_fd, SpawnFailure *ret)
{
	SpawnFailure failure;
	ssize_t n;

	do {
		n = read(failure_fd, &failure, sizeof(failure));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? SPAWN_E_AGAIN : error_origin(-errno);
	if (n == 0)
		return 0;
	/* A pipe takes so little as a whole. */
	assert(n == sizeof(failure));
	*ret = failure;
	return SPAWN_E_FAILED;
}

static const char *limit_name(int resource)
{
	static const struct {
		int resource;
		const char *name;
	} names[] = {
		{RLIMIT_CORE, "Core"},
		{RLIMIT_CPU, "CPU"},
		{RLIMIT_DATA, "Data"},
		{RLIMIT_FSIZE, "FileSize"},
		{RLIMIT_MEMLOCK, "MemoryLock"},
		{RLIMIT_NOFILE, "NumberOfFiles"},
		{RLIMIT_NPROC, "NumberOfProcesses"},
		{RLIMIT_RSS, "ResidentSetSize"},
		{RLIMIT_STACK, "Stack"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].resource == resource)
			return names[i].name;
	return "?";
}

/* What could not be done, and with what. */
static const char *describe(const JobSpec *spec, const SpawnFailure *failure, const char **ret_what)
{
	static const char *const stdio[] = {
		"cannot open StandardInPath",
		"cannot open StandardOutPath",
		"cannot open StandardErrorPath",
	};
	const char *paths[] = {spec->stdin_path, spec->stdout_path, spec->stderr_path};
	const char *program = spawn_program_path(spec);

	*ret_what = NULL;
	switch ((SpawnStep)failure->step) {
	case SPAWN_STEP_SESSION:
		return "cannot make a session";
	case SPAWN_STEP_NICE:
		return "cannot set Nice";
	case SPAWN_STEP_LIMIT:
		*ret_what = failure->index < spec->n_limits
				    ? limit_name(spec->limits[failure->index].resource)
				    : "?";
		return "cannot set the resource limit";
	case SPAWN_STEP_ROOT_DIRECTORY:
		*ret_what = spec->root_directory;
		return "cannot change to RootDirectory";
	case SPAWN_STEP_GROUP:
		*ret_what = spec->group_name ? spec->group_name : spec->user_name;
		return "cannot take the groups of";
	case SPAWN_STEP_USER:
		*ret_what = spec->user_name;
		return "cannot become UserName";
	case SPAWN_STEP_CONFINE:
		return "cannot be confined (Linux.Confined)";
	case SPAWN_STEP_WORKING_DIRECTORY:
		*ret_what = spec->working_directory ? spec->working_directory : "/";
		return "cannot change to WorkingDirectory";
	case SPAWN_STEP_STDIO:
		if (failure->index >= ARRAY_SIZE(paths))
			break;
		*ret_what = paths[failure->index] ? paths[failure->index] : "/dev/null";
		return stdio[failure->index];
	case SPAWN_STEP_DESCRIPTORS:
		return "cannot pass its descriptors on";
	case SPAWN_STEP_EXEC:
		*ret_what = program ? program : spec->arguments[0];
		return program ? "cannot execute" : "cannot find in PATH and execute";
	case SPAWN_STEP_INTERPRETER:
		*ret_what = program ? program : spec->arguments[0];
		return "cannot find the interpreter of";
	case _SPAWN_STEP_N:
		break;
	}
	return "cannot start";
}

char *spawn_failure_format(const JobSpec *spec, const SpawnFailure *failure)
{
	const char *what, *how = describe(spec, failure, &what);
	char *text = NULL;

	if (what ? asprintf(&text, "%s \"%s\": %s", how, what, strerror(failure->error)) < 0
		 : asprintf(&text, "%s: %s", how, strerror(failure->error)) < 0)
		return NULL;
	return text;
}
