/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQPARSER_H
#define PORTCULLIS_CODESIGN_REQPARSER_H

/*
 * What the actions of the grammar are made of. A mistake of the writer is told to the diag, and the
 * work goes on with something harmless; trouble of ours is kept in `r`, and ends it.
 */

#include "codesign/reqlex.h"
#include "codesign/reqparse.h"

typedef struct ReqParser {
	const ReqParseOptions *options;
	const char *text;
	ReqDiag *diag;
	ReqLexer lexer;
	ReqAst ast;
	/* Where the parts of the text went; at most one of both is of use. */
	uint32_t root;
	ReqSet *set;
	int first; /* the token before the text, which says what is wanted; 0: was given */
	/* How much of bison's stack is in use by what is not closed yet: parentheses, and in each of
	 * them what stands before an operand. */
	uint16_t n_prefixes[REQ_DEPTH_MAX + 1];
	uint32_t level;
	uint32_t n_nested;
	ReqSpan previous; /* of the token before the one at hand */
	bool stopped; /* all was said; nothing is read any more */
	int r;
	/* Of files: the text may have no room for them. */
	struct ReqFileHash *hashes;
} ReqParser;

/* What stands in brackets behind a certificate. */
typedef struct ReqSelector {
	uint32_t op;
	ReqData key;
} ReqSelector;

typedef struct ReqMatchTerm {
	uint32_t match;
	ReqData value;
	int64_t time;
} ReqMatchTerm;

uint32_t req_parser_node(
	ReqParser *p, const ReqTerm *term, uint32_t left, uint32_t right, ReqSpan at);
uint32_t req_parser_leaf(ReqParser *p, uint32_t op, ReqSpan at);
uint32_t req_parser_key(ReqParser *p, uint32_t op, ReqData key, ReqSpan at);
uint32_t req_parser_field(
	ReqParser *p, uint32_t op, ReqData key, const ReqMatchTerm *match, ReqSpan at);
uint32_t req_parser_cdhash(ReqParser *p, ReqData hash, ReqSpan at, ReqSpan hash_at);
uint32_t req_parser_generic(
	ReqParser *p, uint32_t flag, uint64_t op, ReqData content, uint32_t operand, ReqSpan at);

ReqData req_parser_cert_hash(ReqParser *p, ReqData hash, ReqSpan at);
ReqData req_parser_cert_file(ReqParser *p, ReqData path, ReqSpan at);
int32_t req_parser_slot(ReqParser *p, uint64_t number, bool is_negative, ReqSpan at);
uint32_t req_parser_number(ReqParser *p, uint64_t number, ReqSpan at);
ReqSelector req_parser_selector(ReqParser *p, ReqData key, ReqSpan at);
ReqSelector req_parser_selector_raw(ReqParser *p, ReqData word, ReqData oid, ReqSpan at);
int64_t req_parser_time(ReqParser *p, ReqData text, ReqSpan at);
uint32_t req_parser_match_number(ReqParser *p, uint64_t number, ReqSpan at);

void req_parser_entry(ReqParser *p, uint32_t type, uint32_t root);

/* The next token, with the limits of nesting held. */
int req_parser_next(ReqParser *p);

/* The token at hand does not fit. expected: the names of those that would, in the grammar. */
void req_parser_unexpected(ReqParser *p, bool is_end, const char *const *expected, int n);

#endif
