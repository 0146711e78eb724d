/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_TEST_SUPPORT_H
#define PORTCULLIS_MIG_TEST_SUPPORT_H

/*
 * For the tests of the front end: a text is parsed, and what was said about it is kept.
 */

#include "mig/parse.h"
#include "tests/lib/unit.h"

typedef struct Front {
	Arena arena;
	Source source;
	Diag diag;
	Ast ast;
	FILE *stream;
	char *said;
	size_t n_said;
} Front;

static inline void front_init_size(Front *f, const char *text, size_t size)
{
	memset(f, 0, sizeof(*f));
	arena_init(&f->arena);
	f->stream = open_memstream(&f->said, &f->n_said);
	ASSERT_NOT_NULL(f->stream);
	source_init(&f->source, &f->arena, "test.defs", text, (uint32_t)size);
	diag_init(&f->diag, &f->source, f->stream, false);
	parse_source(&f->source, &f->arena, &f->diag, &f->ast);
	diag_finish(&f->diag);
	fflush(f->stream);
}

static inline void front_init(Front *f, const char *text)
{
	front_init_size(f, text, strlen(text));
}

static inline void front_deinit(Front *f)
{
	fclose(f->stream);
	free(f->said);
	arena_deinit(&f->arena);
}

#endif
