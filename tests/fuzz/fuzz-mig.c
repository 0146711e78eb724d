/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface compiler: any text, as if the preprocessor had made it. Whatever it is, the compiler
 * comes to an end, has an answer or an error, and names places that exist.
 */
#include <string.h>

#include "mig/parse.h"
#include "mig/sema.h"
#include "tests/fuzz/must.h"

#define SIZE_MAX_TRIED (64U << 10)

/* To the end of what is in the tree, as the analysis walks it. */
static unsigned walk_spec(const AstSpec *spec, unsigned depth)
{
	const AstTrans *t;
	unsigned n = 1;

	MUST(depth <= 64);
	STAILQ_FOREACH(t, &spec->trans, link)
	n++;
	if (spec->element)
		n += walk_spec(spec->element, depth + 1);
	return n;
}

static void walk(const Ast *ast, const Source *source)
{
	const AstStatement *s;
	const AstArg *arg;

	STAILQ_FOREACH(s, &ast->statements, link)
	{
		MUST(s->span.start <= s->span.end && s->span.end <= source->size);
		if (s->spec)
			MUST(walk_spec(s->spec, 1) > 0);
		STAILQ_FOREACH(arg, &s->args, link)
		{
			MUST(arg->type != NULL);
			MUST(walk_spec(arg->type, 1) > 0);
		}
	}
}

static void compile(Arena *a, const Source *source, FILE *out)
{
	const Interface *interface = NULL;
	Options options = {.max_on_stack = -1, .max_descriptors = -1, .max_reply_descriptors = -1};
	Ast ast;
	Diag d;

	diag_init(&d, source, out, false);
	parse_warn_pragmas(source, &d);
	parse_source(source, a, &d, &ast);
	walk(&ast, source);
	if (d.n_errors == 0) {
		sema_analyse(&ast, &options, a, &d, &interface);
		MUST((interface != NULL) == (d.n_errors == 0));
	}
	diag_finish(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, *said = NULL;
	size_t n_said = 0;
	Source source;
	Arena a;
	FILE *out;

	if (size > SIZE_MAX_TRIED)
		return 0;
	/* Of the exact size, for the sake of the sanitizer. */
	text = malloc(size + 1);
	out = open_memstream(&said, &n_said);
	MUST(text && out);
	memcpy(text, data, size);
	text[size] = '\0';
	arena_init(&a);
	source_init(&source, &a, "fuzz.defs", text, (uint32_t)size);
	compile(&a, &source, out);
	arena_deinit(&a);
	fclose(out);
	free(said);
	free(text);
	return 0;
}
