/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files there are, and by whom each is written: names that the options leave open come from
 * the subsystem's, and /dev/null is no file at all. Files are only opened here; they appear under
 * their names when the caller commits the Output, all or none.
 */
#include "mig/emit.h"

#include <errno.h>
#include <string.h>

#include "mig/emit_header.h"
#include "mig/emit_server.h"
#include "mig/emit_user.h"

typedef struct Job {
	const Interface *i;
	const Options *o;
	Output *out;
} Job;

/* The file's name, as another one that is generated beside it would include it. */
static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_nowhere(const char *path)
{
	return strcmp(path, "/dev/null") == 0;
}

static int open_file(const Job *j, const char *path, Side side, Emit *ret)
{
	FILE *f = output_open(j->out, path);

	if (!f)
		return -errno;
	*ret = (Emit){.f = f, .i = j->i, .o = j->o, .side = side};
	return 0;
}

static int write_header(const Job *j, const char *path, Side side, void (*emit)(const Emit *))
{
	Emit e;
	int r;

	if (!path || is_nowhere(path))
		return 0;
	r = open_file(j, path, side, &e);
	if (r < 0)
		return r;
	emit(&e);
	return 0;
}

/* -i PREFIX: PREFIXroutine.c for each. */
static int write_user_files(const Job *j, const char *header, const char **ret_path)
{
	for (unsigned n = 0; n < j->i->n_routines; n++) {
		const Routine *r = j->i->routines[n];
		Emit e;
		int code;

		if (!r)
			continue;
		*ret_path = arena_printf(
			j->out->arena, "%s%s.c", j->o->user_prefix_files, r->user_name);
		code = open_file(j, *ret_path, SIDE_USER, &e);
		if (code < 0)
			return code;
		emit_user(&e, header, r);
	}
	return 0;
}

static int write_user(const Job *j, const char *path, const char *header, const char **ret_path)
{
	Emit e;
	int r;

	if (j->o->user_prefix_files)
		return write_user_files(j, header, ret_path);
	if (is_nowhere(path))
		return 0;
	*ret_path = path;
	r = open_file(j, path, SIDE_USER, &e);
	if (r < 0)
		return r;
	emit_user(&e, header, NULL);
	return 0;
}

static int write_server(const Job *j, const char *path, const char *header, const char **ret_path)
{
	Emit e;
	int r;

	if (is_nowhere(path))
		return 0;
	*ret_path = path;
	r = open_file(j, path, SIDE_SERVER, &e);
	if (r < 0)
		return r;
	emit_server(&e, header);
	return 0;
}

static int write_headers(const Job *j, const char *header, const char **ret_path)
{
	const Options *o = j->o;
	const struct {
		const char *path;
		Side side;
		void (*emit)(const Emit *);
	} headers[] = {
		{header, SIDE_USER, emit_user_header},
		{o->sheader, SIDE_SERVER, emit_server_header},
		{o->iheader, SIDE_USER, emit_internal_header},
		{o->dheader, SIDE_USER, emit_defines_header},
	};

	for (size_t n = 0; n < sizeof(headers) / sizeof(headers[0]); n++) {
		int r;

		*ret_path = headers[n].path;
		r = write_header(j, headers[n].path, headers[n].side, headers[n].emit);
		if (r < 0)
			return r;
	}
	return 0;
}

int emit_all(const Interface *i, const Options *o, Output *out, const char **ret_path)
{
	Job j = {.i = i, .o = o, .out = out};
	Arena *a = out->arena;
	const char *header = o->header ? o->header : arena_printf(a, "%s.h", i->name);
	const char *user = o->user ? o->user : arena_printf(a, "%sUser.c", i->name);
	const char *server = o->server ? o->server : arena_printf(a, "%sServer.c", i->name);
	int r;

	r = write_headers(&j, header, ret_path);
	if (r < 0)
		return r;
	r = write_user(&j, user, is_nowhere(header) ? NULL : base_name(header), ret_path);
	if (r < 0)
		return r;
	return write_server(&j, server,
		o->sheader && !is_nowhere(o->sheader) ? base_name(o->sheader) : NULL, ret_path);
}
