/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mig: compiles .defs files. Each file goes through the preprocessor, the parser, the analysis and
 * the emitters by itself, and leaves its outputs only if nothing was wrong with it; a file that has
 * errors does not keep those after it from being compiled. Exit status: 0, 1 after an error in a
 * file, 2 for a wrong command line.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "mig/describe.h"
#include "mig/diag.h"
#include "mig/emit.h"
#include "mig/options.h"
#include "mig/output.h"
#include "mig/parse.h"
#include "mig/preprocess.h"
#include "mig/sema.h"

static int fail(const char *what, int r)
{
	fprintf(stderr, "mig: %s: %s\n", what, strerror(-r));
	return 1;
}

/* The text as an interface, or NULL after errors. */
static const Interface *compile(Arena *a, const Options *o, Diag *d)
{
	const Interface *interface = NULL;
	Ast ast;

	if (o->verbose)
		parse_warn_pragmas(d->source, d);
	parse_source(d->source, a, d, &ast);
	if (d->n_errors == 0)
		sema_analyse(&ast, o, a, d, &interface);
	diag_finish(d);
	if (d->n_errors == 0 && o->verbose)
		describe_interface(interface, stdout);
	return d->n_errors == 0 ? interface : NULL;
}

static const char *strip_folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* FILE.defs -> FILE.d, here. */
static const char *default_depfile(Arena *a, const char *file)
{
	const char *base = strip_folder(file), *dot = strrchr(base, '.');
	size_t n = dot && dot != base ? (size_t)(dot - base) : strlen(base);

	return arena_printf(a, "%.*s.d", (int)n, base);
}

/* What depends is all that has been written so far. */
static int write_dependencies(Arena *a, const Options *o, const char *file, Output *out)
{
	const char *path = *o->depfile ? o->depfile : default_depfile(a, file);
	size_t n;
	const char *const *targets = output_get_paths(out, &n);
	uint32_t size;
	char *text;
	FILE *stream;
	int r = preprocess_dependencies(a, o, file, targets, n, &text, &size);

	if (r != 0)
		return r < 0 ? fail(file, r) : 1;
	stream = output_open(out, path);
	if (!stream)
		return fail(path, -errno);
	(void)fwrite(text, 1, size, stream);
	return 0;
}

static int write_outputs(Arena *a, const Options *o, const Interface *i, const char *file)
{
	const char *path = file;
	int result = 0, r;
	Output out;

	output_init(&out, a);
	r = emit_all(i, o, &out, &path);
	if (r < 0)
		result = fail(path, r);
	else if (o->depfile)
		result = write_dependencies(a, o, file, &out);
	if (result != 0) {
		output_deinit(&out);
		return result;
	}
	r = output_commit(&out, &path);
	return r < 0 ? fail(path, r) : 0;
}

static int compile_file(const Options *o, const char *file)
{
	const Interface *interface;
	uint32_t size;
	Source source;
	char *text;
	Arena a;
	Diag d;
	int r;

	arena_init(&a);
	r = preprocess_file(&a, o, file, &text, &size);
	if (r < 0) {
		r = fail(file, r);
	} else if (r == 0) {
		source_init(&source, &a, file, text, size);
		diag_init(&d, &source, stderr, o->quiet);
		interface = compile(&a, o, &d);
		r = interface ? write_outputs(&a, o, interface, file) : 1;
	}
	arena_deinit(&a);
	return r;
}

int main(int argc, char **argv)
{
	int status = 0, r;
	Options o;
	Arena a;

	/* The preprocessor is waited for, and stops when it is not read from any more. */
	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGPIPE, SIG_DFL);
	arena_init(&a);
	r = options_parse(&a, argc, argv, stdout, stderr, &o);
	for (size_t i = 0; r == 0 && i < o.n_files; i++)
		status |= compile_file(&o, o.files[i]);
	arena_deinit(&a);
	if (r == OPTIONS_E_DONE && fflush(stdout) == 0)
		return 0;
	return r == 0 || r == OPTIONS_E_DONE ? status | (r != 0) : 2;
}
