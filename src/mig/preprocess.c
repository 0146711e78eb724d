/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One child at a time, whose output comes through a pipe that nobody else inherits; its input is
 * empty. A child that writes more than is accepted is not killed: it writes to a closed pipe.
 */
#include "mig/preprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "mig/source.h"

#define READ_SIZE (64U << 10)
/* What is added to the arguments that were given. */
#define ARGS_ROOM 32

typedef struct Command {
	const char **args;
	size_t n;
} Command;

static void add(Command *c, const char *text)
{
	c->args[c->n++] = text;
}

/* `-x c`, since compilers do not know what .defs are. Names that a C compiler on Linux predefines and
 * C reserves for no one would be numbers in an interface. */
static void add_common(Arena *a, Command *c, const Options *o, const char *file)
{
	const char *slash = strrchr(file, '/');

	add(c, "-x");
	add(c, "c");
	add(c, "-D__MACH30__");
	add(c, "-Ulinux");
	add(c, "-Uunix");
	for (size_t i = 0; i < o->n_cpp_args; i++)
		add(c, o->cpp_args[i]);
	add(c, "-I");
	if (!slash)
		add(c, ".");
	else
		add(c, slash == file ? "/" : arena_strndup(a, file, (size_t)(slash - file)));
	/* Else it would be an option. */
	add(c, file[0] == '-' ? arena_printf(a, "./%s", file) : file);
	add(c, NULL);
}

/* The words of o->cc, with room for the rest. */
static Command begin(Arena *a, const Options *o, size_t n_more)
{
	Command c = {0};
	char *words = arena_strdup(a, o->cc), *state = NULL;

	c.args = arena_new_array(a, const char *,
		strlen(words) + o->n_cpp_args + o->n_dep_args + n_more + ARGS_ROOM);
	for (char *w = strtok_r(words, " \t", &state); w; w = strtok_r(NULL, " \t", &state))
		add(&c, w);
	return c;
}

static int complain(const char *what, int error, const char *advice)
{
	fprintf(stderr, "mig: %s: %s%s\n", what, strerror(error), advice);
	return PREPROCESS_E_FAILED;
}

/* Its output goes to the pipe. Returns 0 or an errno. */
static int start(const Command *c, int out, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	int e = posix_spawn_file_actions_init(&actions);

	if (e != 0)
		return e;
	e = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (e == 0)
		e = posix_spawn_file_actions_addopen(
			&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (e == 0)
		e = posix_spawnp(
			ret, c->args[0], &actions, NULL, (char *const *)(void *)c->args, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return e;
}

/* To the end, or to more than is accepted. */
static int read_all(Arena *a, int fd, char **ret_text, uint32_t *ret_size)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0, room = 0;
	ssize_t n;

	do {
		if (room - size < READ_SIZE) {
			char *larger = realloc(text, room = 2 * room + READ_SIZE);

			if (!larger)
				return -ENOMEM;
			text = larger;
		}
		n = read(fd, text + size, room - size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0)
			size += (size_t)n;
	} while (n != 0 && (n > 0 || errno == EINTR) && size <= SOURCE_SIZE_MAX);
	if (n < 0)
		return -errno;
	*ret_text = arena_strndup(a, text, size);
	*ret_size = (uint32_t)size;
	return 0;
}

static int wait_for(pid_t pid, int *ret_status)
{
	pid_t r;

	do
		r = waitpid(pid, ret_status, 0);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int make_pipe(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		ends[i] = fd_above_stdio_consume(TAKE_FD(ends[i]));
		if (ends[i] < 0)
			return ends[i];
	}
	return 0;
}

static int tell_status(const Command *c, const char *file, int status)
{
	if (WIFSIGNALED(status))
		fprintf(stderr, "mig: %s: the preprocessor (%s) was ended by signal %d\n", file,
			c->args[0], WTERMSIG(status));
	else
		fprintf(stderr, "mig: %s: the preprocessor (%s) failed with status %d\n", file,
			c->args[0], WEXITSTATUS(status));
	return PREPROCESS_E_FAILED;
}

static int run(Arena *a, const Command *c, const char *file, char **ret_text, uint32_t *ret_size)
{
	_cleanup_close_ int read_end = -EBADF, write_end = -EBADF;
	int ends[2] = {-EBADF, -EBADF}, status = 0, r;
	uint32_t size = 0;
	char *text = NULL;
	pid_t pid;

	r = make_pipe(ends);
	read_end = ends[0];
	write_end = ends[1];
	if (r < 0)
		return r;
	r = start(c, write_end, &pid);
	if (r != 0)
		return complain(c->args[0], r,
			"; install a C compiler, or name one: mig -cc COMMAND, or "
			"MIGCC=COMMAND in the environment");
	write_end = fd_close(write_end);
	r = read_all(a, read_end, &text, &size);
	/* If it is still writing, it gets SIGPIPE. */
	read_end = fd_close(read_end);
	if (r == 0)
		r = wait_for(pid, &status);
	else
		(void)wait_for(pid, &status);
	if (r < 0)
		return r;
	if (size > SOURCE_SIZE_MAX) {
		fprintf(stderr, "mig: %s: more than %u MiB after preprocessing; divide it\n", file,
			SOURCE_SIZE_MAX >> 20);
		return PREPROCESS_E_FAILED;
	}
	if (status != 0)
		return tell_status(c, file, status);
	*ret_text = text;
	*ret_size = size;
	return 0;
}

static int check_file(const char *file)
{
	struct stat st;

	if (stat(file, &st) < 0 || access(file, R_OK) < 0)
		return complain(file, errno, "");
	return S_ISDIR(st.st_mode) ? complain(file, EISDIR, "; name a .defs file in it") : 0;
}

int preprocess_file(
	Arena *a, const Options *o, const char *file, char **ret_text, uint32_t *ret_size)
{
	Command c = begin(a, o, 0);
	int r = check_file(file);

	if (r != 0)
		return r;
	if (c.n == 0)
		return complain("-cc", EINVAL, "; name a command");
	add(&c, "-E");
	add_common(a, &c, o, file);
	return run(a, &c, file, ret_text, ret_size);
}

int preprocess_dependencies(Arena *a, const Options *o, const char *file,
	const char *const *targets, size_t n_targets, char **ret_text, uint32_t *ret_size)
{
	Command c = begin(a, o, 2 * n_targets);
	bool has_target = false;

	add(&c, "-E");
	add(&c, "-M");
	for (size_t i = 0; i < o->n_dep_args; i++) {
		has_target |= strcmp(o->dep_args[i], "-MT") == 0;
		has_target |= strcmp(o->dep_args[i], "-MQ") == 0;
		add(&c, o->dep_args[i]);
	}
	for (size_t i = 0; !has_target && i < n_targets; i++) {
		add(&c, "-MQ");
		add(&c, targets[i]);
	}
	add_common(a, &c, o, file);
	return run(a, &c, file, ret_text, ret_size);
}
