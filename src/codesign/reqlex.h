/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQLEX_H
#define PORTCULLIS_CODESIGN_REQLEX_H

/*
 * The tokens of a requirement's text. The lexer works on a copy that it may change: what a token
 * stands for is written over the token itself, so that nothing is allocated. Errors are told from the
 * text as it was given.
 *
 * flex wants memory, of which it uses little and no more than that: it is in the Lexer.
 */

#include "codesign/reqdiag.h"
#include "codesign/reqterm.h"

typedef struct ReqSpan {
	uint32_t start, end; /* bytes */
} ReqSpan;

typedef struct ReqLexer {
	void *scanner; /* of flex */
	const char *text; /* as it was given */
	ReqDiag *diag;
	/* Of the token at hand. */
	ReqSpan span;
	union {
		ReqData data;
		uint64_t number; /* UINT64_MAX: larger than any that we take */
	} value;
	uint32_t offset;
	size_t pool_used;
	_Alignas(max_align_t) uint8_t pool[512];
} ReqLexer;

/* @copy has @size bytes of @text, none of them NUL, and two NULs more. Keep both until
 * req_lexer_deinit(). */
void req_lexer_init(ReqLexer *self, const char *text, char *copy, uint32_t size, ReqDiag *diag);
void req_lexer_deinit(ReqLexer *self);

/* A token of the grammar; 0 at the end; R_REQ_GRerror for what is none, after telling. */
int req_lexer_next(ReqLexer *self);

#endif
