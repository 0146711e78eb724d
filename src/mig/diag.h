/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_DIAG_H
#define PORTCULLIS_MIG_DIAG_H

/*
 * What the compiler has to say about a file:
 *
 *     FILE:LINE:COLUMN: error: WHAT; WHAT TO DO
 *        12 | routine f(p : nosuch_t);
 *           |               ^~~~~~~~
 *
 * Many errors are told in one run. After DIAG_ERRORS_MAX the rest is only counted: they follow from
 * the first ones. One error at one place is enough, so a second that starts at the same byte is
 * dropped. Warnings are silenced by -q.
 */

#include <stdio.h>

#include "mig/source.h"

#define DIAG_ERRORS_MAX 20

typedef struct Diag {
	const Source *source;
	FILE *out; /* borrowed */
	bool quiet;
	unsigned n_errors;
	unsigned n_warnings;
	uint32_t last_error; /* where it started */
	bool shown; /* the last error or warning: its notes go with it */
} Diag;

void diag_init(Diag *d, const Source *source, FILE *out, bool quiet);

/* SPAN_NONE: about the file as a whole. The text ends without a period. */
void diag_error(Diag *d, Span at, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));
void diag_warning(Diag *d, Span at, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));
/* After an error or a warning: where the other half of the trouble is. */
void diag_note(Diag *d, Span at, const char *format, ...)
	__attribute__((__format__(__printf__, 3, 4)));

/* Tells how many errors were not shown, if any. */
void diag_finish(Diag *d);

#endif
