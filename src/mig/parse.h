/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_PARSE_H
#define PORTCULLIS_MIG_PARSE_H

#include "mig/arena.h"
#include "mig/ast.h"
#include "mig/diag.h"

/*
 * Parse a preprocessed text. Errors go to diag; after one, parsing goes on at the next semicolon,
 * so that a run tells as many as there are. Nesting and sizes are bounded. *ret is complete only if
 * diag has no error, and safe to walk otherwise.
 */
void parse_source(const Source *source, Arena *a, Diag *d, Ast *ret);

/* One warning for each `#pragma`. They are passed over. */
void parse_warn_pragmas(const Source *source, Diag *d);

#endif
