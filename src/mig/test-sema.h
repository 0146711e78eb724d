/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_TEST_SEMA_H
#define PORTCULLIS_MIG_TEST_SEMA_H

/*
 * A text through the parser and the analysis. `subsystem test 400;` and a few types go before it, in
 * a line of their own, so that its first line is line 2.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mig/parse.h"
#include "mig/sema.h"
#include "tests/lib/unit.h"

#define PREAMBLE                                                                                   \
	"subsystem test 400; type int = MACH_MSG_TYPE_INTEGER_32; "                                \
	"type mach_port_t = MACH_MSG_TYPE_COPY_SEND;\n"

typedef struct Analysis {
	Arena arena;
	Source source;
	Diag diag;
	Ast ast;
	Options options;
	const Interface *interface;
	char *messages;
	size_t messages_size;
} Analysis;

static inline void analysis_deinit(Analysis *x)
{
	free(x->messages);
	x->messages = NULL;
	arena_deinit(&x->arena);
}

static inline void analyse_with(Analysis *x, const char *text, const Options *options)
{
	FILE *out;

	*x = (Analysis){.options = *options};
	out = open_memstream(&x->messages, &x->messages_size);
	ASSERT_NOT_NULL(out);
	arena_init(&x->arena);
	source_init(&x->source, &x->arena, "test.defs", text, (uint32_t)strlen(text));
	diag_init(&x->diag, &x->source, out, false);
	parse_source(&x->source, &x->arena, &x->diag, &x->ast);
	sema_analyse(&x->ast, &x->options, &x->arena, &x->diag, &x->interface);
	ASSERT_EQ(fclose(out), 0);
	ASSERT_TRUE((x->interface != NULL) == (x->diag.n_errors == 0));
}

static inline void analyse(Analysis *x, const char *text)
{
	const Options options = {
		.max_on_stack = -1, .max_descriptors = -1, .max_reply_descriptors = -1};

	analyse_with(x, text, &options);
}

/* The preamble and the text, which must have no errors; what else was said must have part in it. */
#define ANALYSE_WARNED(x, part, text)                                                              \
	analyse((x), PREAMBLE text);                                                               \
	if ((x)->diag.n_errors != 0)                                                               \
		FAIL("%s", (x)->messages);                                                         \
	ASSERT_EQ((x)->diag.n_warnings, 1);                                                        \
	ASSERT_STRSTR((x)->messages, part)

#define ANALYSE(x, text)                                                                           \
	analyse((x), PREAMBLE text);                                                               \
	ASSERT_STREQ((x)->messages, "")

/* An error at this line and column, which says this; and n of them. */
#define EXPECT_ERRORS(n, text, ...)                                                                \
	do {                                                                                       \
		static const char *const parts[] = {__VA_ARGS__};                                  \
		Analysis analysis;                                                                 \
                                                                                                   \
		analyse(&analysis, PREAMBLE text);                                                 \
		for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++)             \
			ASSERT_STRSTR(analysis.messages, parts[part]);                             \
		if (analysis.diag.n_errors != (n))                                                 \
			FAIL("%u errors: %s", analysis.diag.n_errors, analysis.messages);          \
		analysis_deinit(&analysis);                                                        \
	} while (0)
#define EXPECT_ERROR(text, ...) EXPECT_ERRORS(1, text, __VA_ARGS__)

#define EXPECT_WARNING(text, part)                                                                 \
	do {                                                                                       \
		Analysis analysis;                                                                 \
                                                                                                   \
		ANALYSE_WARNED(&analysis, part, text);                                             \
		analysis_deinit(&analysis);                                                        \
	} while (0)

static inline const Type *type_of(const Analysis *x, const char *name)
{
	for (unsigned i = 0; i < x->interface->n_types; i++) {
		if (strcmp(x->interface->types[i]->name, name) == 0)
			return x->interface->types[i];
	}
	FAIL("there is no type %s", name);
}

static inline const Routine *routine_of(const Analysis *x, unsigned index)
{
	ASSERT_LT(index, x->interface->n_routines);
	return x->interface->routines[index];
}

#endif
