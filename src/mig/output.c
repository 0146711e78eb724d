/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

#define TRIES_MAX 100

struct OutputFile {
	const char *path; /* as given */
	char *place; /* where it will be: symbolic links followed. NULL: written in place */
	char *temporary; /* NULL while it is not there */
	FILE *stream;
	char *text; /* of the stream, on the heap */
	size_t size;
	OutputFile *next;
};

void output_init(Output *o, Arena *a)
{
	*o = (Output){.arena = a};
}

void output_deinit(Output *o)
{
	for (OutputFile *f = o->files; f; f = f->next) {
		if (f->stream)
			(void)fclose(f->stream);
		free(f->text);
		if (f->temporary)
			(void)unlink(f->temporary);
	}
	*o = (Output){0};
}

FILE *output_open(Output *o, const char *path)
{
	OutputFile *f = arena_new(o->arena, OutputFile), **end = &o->files;

	f->path = path;
	if (strcmp(path, "/dev/null") == 0)
		f->stream = fopen(path, "we");
	else
		f->stream = open_memstream(&f->text, &f->size);
	while (*end)
		end = &(*end)->next;
	*end = f;
	return f->stream;
}

const char *const *output_get_paths(const Output *o, size_t *ret_n)
{
	const char **paths;
	size_t n = 0;

	for (const OutputFile *f = o->files; f; f = f->next)
		n++;
	paths = arena_new_array(o->arena, const char *, n + 1);
	n = 0;
	for (const OutputFile *f = o->files; f; f = f->next)
		paths[n++] = f->path;
	*ret_n = n;
	return paths;
}

/* What it has in memory is complete. */
static int finish(OutputFile *f)
{
	FILE *stream = TAKE_PTR(f->stream);
	int r = ferror(stream) ? -ENOMEM : 0;

	if (fclose(stream) != 0 && r == 0)
		r = -errno;
	return r;
}

/* A pipe or a terminal has no place beside it, and is written last. */
static void find_place(Output *o, OutputFile *f)
{
	_cleanup_free_ char *real = realpath(f->path, NULL);
	struct stat st;

	if (real && stat(real, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		f->place = NULL;
	else
		f->place = arena_strdup(o->arena, real ? real : f->path);
}

static int write_temporary(Output *o, OutputFile *f)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;
	char *path = NULL;

	if (stat(f->place, &st) == 0 && S_ISDIR(st.st_mode))
		return -EISDIR;
	for (unsigned i = 0; fd < 0; i++) {
		path = arena_printf(o->arena, "%s.%u.%u", f->place, (unsigned)getpid(), i);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd < 0 && (errno != EEXIST || i == TRIES_MAX))
			return -errno;
	}
	f->temporary = path;
	fd = fd_above_stdio_consume(TAKE_FD(fd));
	return fd < 0 ? fd : fd_write_all(fd, f->text, f->size);
}

static int write_in_place(const OutputFile *f)
{
	_cleanup_close_ int fd = open(f->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return fd_write_all(fd, f->text, f->size);
}

static int rename_one(OutputFile *f)
{
	if (rename(f->temporary, f->place) < 0)
		return -errno;
	f->temporary = NULL;
	return 0;
}

static bool is_twice(const OutputFile *f)
{
	for (const OutputFile *g = f->next; g; g = g->next) {
		if (f->text && strcmp(f->path, g->path) == 0)
			return true;
	}
	return false;
}

static int prepare(Output *o, OutputFile *f)
{
	int r = finish(f);

	if (r < 0 || !f->text)
		return r;
	find_place(o, f);
	return f->place ? write_temporary(o, f) : 0;
}

int output_commit(Output *o, const char **ret_path)
{
	OutputFile *f;
	int r = 0;

	for (f = o->files; f; f = f->next) {
		if (!f->stream)
			r = -EMFILE;
		else
			r = prepare(o, f);
		if (r == 0 && is_twice(f))
			r = -EEXIST;
		if (r < 0)
			goto fail;
	}
	for (f = o->files; f; f = f->next) {
		if (f->temporary)
			r = rename_one(f);
		else if (f->text)
			r = write_in_place(f);
		if (r < 0)
			goto fail;
	}
	output_deinit(o);
	return 0;
fail:
	*ret_path = f->path;
	output_deinit(o);
	return r;
}
