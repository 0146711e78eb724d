/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQMATCH_H
#define PORTCULLIS_CODESIGN_REQMATCH_H

/*
 * Whether a value is what a term of a requirement compares it with. A value that is missing matches
 * `absent` only; nothing else does. An array matches if one of its elements does. Types are never
 * converted: `= 1` matches the text 1, not the number.
 *
 * Texts are compared by their bytes; for order, runs of digits count as the numbers that they are.
 */

#include "codesign/reqterm.h"
#include "object/object.h"

/* @value NULL: missing. */
bool req_match_object(const ReqTerm *term, const Object *value);
bool req_match_text(const ReqTerm *term, const void *text, size_t n);
bool req_match_bool(const ReqTerm *term, bool value);
/* Nanoseconds since 1970. */
bool req_match_date(const ReqTerm *term, int64_t time_ns);
bool req_match_missing(const ReqTerm *term);

/* < 0, 0, > 0: runs of digits by their value, all else by bytes. */
int req_compare_numerically(const void *one, size_t n_one, const void *other, size_t n_other);

#endif
