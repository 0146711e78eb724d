/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQDIAG_H
#define PORTCULLIS_CODESIGN_REQDIAG_H

/*
 * What is wrong with the text of a requirement, one line for each error:
 *
 *	line LINE:COLUMN: WHAT
 *
 * Both are counted from 1; a column is a character, a tab too. Errors are kept in the order in which
 * they were found, REQ_DIAG_ERRORS_MAX of them; of those that begin at one place the first.
 */

#include "base/bytes.h"
#include "base/cleanup.h"

#define REQ_DIAG_ERRORS_MAX 20u

typedef struct ReqDiag {
	ByteWriter out;
	unsigned n_errors;
	uint32_t last; /* where the last one begins */
	int r; /* < 0: there was no memory for all of it */
} ReqDiag;

void req_diag_init(ReqDiag *self);
void req_diag_deinit(ReqDiag *self);
#define _cleanup_req_diag_ _cleanup_(req_diag_deinit)

/* An error at the @at-th byte of @text. */
void req_diag_error(ReqDiag *self, const char *text, uint32_t at, const char *format, ...)
	_printf_(4, 5);

/* All lines, each with its end, NUL-terminated; borrowed. Empty without errors, and where there was no
 * memory for them. */
const char *req_diag_get(ReqDiag *self);

#endif
