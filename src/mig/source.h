/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_SOURCE_H
#define PORTCULLIS_MIG_SOURCE_H

/*
 * The text that the C preprocessor made of a .defs file, and where each line of it came from. A
 * place in it is a byte offset; only a message for a person turns it into file, line and column.
 * `#line` and `# LINE "FILE" FLAGS` directives are what connects the two.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mig/arena.h"

/* A stretch of the text. */
typedef struct Span {
	uint32_t start;
	uint32_t end;
} Span;

#define SPAN_NONE ((Span){UINT32_MAX, UINT32_MAX})

typedef struct SourceLine {
	uint32_t start; /* of the text */
	uint32_t line; /* in its file, from 1 */
	const char *file;
} SourceLine;

typedef struct Source {
	const char *name; /* as given by the user */
	const char *text; /* NUL after it */
	uint32_t size;
	SourceLine *lines;
	size_t n_lines;
} Source;

typedef struct Location {
	const char *file;
	unsigned line; /* from 1 */
	unsigned column; /* from 1, in bytes */
	const char *text; /* the whole line, without its end */
	size_t text_size;
} Location;

/* Files larger than this are refused: offsets are 32 bits, and no interface needs it. */
#define SOURCE_SIZE_MAX (64U << 20)

/* text is borrowed and must outlive the source; text[size] must be 0. name is borrowed. */
void source_init(Source *s, Arena *a, const char *name, const char *text, uint32_t size);

void source_locate(const Source *s, uint32_t offset, Location *ret);

#endif
