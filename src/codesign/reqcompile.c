/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the parser's tree to the binary form: terms before their operands, which a stack keeps that is no
 * deeper than the tree.
 */
#include <assert.h>

#include "base/error.h"
#include "codesign/reqast.h"

/* More than fit into the largest blob. */
#define NODES_MAX (REQ_BLOB_MAX / 4)

void req_ast_deinit(ReqAst *self)
{
	free(self->nodes);
	*self = REQ_AST_INIT;
}

static uint32_t depth_of(const ReqAst *self, uint32_t node)
{
	return node == REQ_NODE_NONE ? 0 : self->nodes[node].depth;
}

static int make_room(ReqAst *self)
{
	uint32_t room = self->room ? 2 * self->room : 32;
	ReqNode *nodes;

	if (self->n < self->room)
		return 0;
	if (self->n >= NODES_MAX)
		return REQ_E_LIMIT;
	nodes = realloc(self->nodes, room * sizeof(nodes[0]));
	if (!nodes)
		return error_origin(-ENOMEM);
	self->nodes = nodes;
	self->room = room;
	return 0;
}

int req_ast_add(ReqAst *self, const ReqTerm *term, uint32_t left, uint32_t right, uint32_t *ret)
{
	uint32_t depth = MAX(depth_of(self, left), depth_of(self, right)) + 1;
	int r;

	if (depth > REQ_DEPTH_MAX)
		return REQ_E_LIMIT;
	r = make_room(self);
	if (r)
		return r;
	self->nodes[self->n] = (ReqNode){*term, {left, right}, depth};
	*ret = self->n++;
	return 0;
}

static int put_tree(const ReqAst *self, uint32_t root, ByteWriter *w)
{
	/* On each level of the tree one operand waits for its neighbour. */
	uint32_t waiting[REQ_DEPTH_MAX + 1], n = 0;
	int r = 0;

	waiting[n++] = root;
	while (n > 0 && r == 0) {
		const ReqNode *node = &self->nodes[waiting[--n]];

		r = req_term_encode(w, &node->term);
		for (int i = 1; i >= 0; i--) {
			if (node->operands[i] == REQ_NODE_NONE)
				continue;
			assert(n < ARRAY_SIZE(waiting));
			waiting[n++] = node->operands[i];
		}
	}
	return r;
}

int req_ast_compile(const ReqAst *self, uint32_t root, Requirement **ret)
{
	_cleanup_bytes_writer_ ByteWriter w;
	uint8_t *header;
	int r;

	bytes_writer_init_growable(&w, REQ_BLOB_MAX);
	r = bytes_put_space(&w, BLOB_HEADER_SIZE, &header);
	if (r == 0)
		r = blob_put_be32(&w, REQ_KIND_EXPRESSION);
	if (r == 0)
		r = put_tree(self, root, &w);
	if (r)
		return r > 0 ? REQ_E_LIMIT : error_trace(r);
	blob_write_be32(w.p, BLOB_MAGIC_REQUIREMENT);
	blob_write_be32(w.p + 4, (uint32_t)w.used);
	r = requirement_decode(w.p, w.used, ret);
	/* The limits are the same, and the terms are of our making. */
	return r > 0 ? error_fold(r) : r;
}
