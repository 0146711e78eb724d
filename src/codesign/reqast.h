/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQAST_H
#define PORTCULLIS_CODESIGN_REQAST_H

/*
 * What the parser makes: terms with numbers of their operands. The parser finishes operands before
 * what they belong to; the binary form has them the other way round, and is made in reqcompile.c.
 */

#include "codesign/requirement.h"

#define REQ_NODE_NONE UINT32_MAX

typedef struct ReqNode {
	ReqTerm term; /* borrows from the text */
	uint32_t operands[2]; /* REQ_NODE_NONE where there is none */
	uint32_t depth; /* of the tree whose root it is */
} ReqNode;

typedef struct ReqAst {
	ReqNode *nodes;
	uint32_t n;
	uint32_t room;
} ReqAst;

#define REQ_AST_INIT ((ReqAst){0})

void req_ast_deinit(ReqAst *self);
#define _cleanup_req_ast_ _cleanup_(req_ast_deinit)

/* A new node. Operands as many as the operator has, the rest REQ_NODE_NONE. Returns 0, REQ_E_LIMIT (too
 * deep, too many) or -ENOMEM. */
int req_ast_add(ReqAst *self, const ReqTerm *term, uint32_t left, uint32_t right,
	uint32_t *ret) _warn_unused_;

/* The tree of @root as a requirement. Returns 0, REQ_E_LIMIT or -ENOMEM. */
int req_ast_compile(const ReqAst *self, uint32_t root, Requirement **ret) _warn_unused_;

#endif
