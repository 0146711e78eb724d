/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The object, and its blob taken apart. What a decoded requirement is worth trusting for: every step
 * lies in the blob, `end` closes each tree, the last byte belongs to the last term, no tree is deeper
 * than REQ_DEPTH_MAX.
 */

#include "codesign/requirement.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "object/data.h"

#define PREFIX_SIZE 12u /* magic, length, kind */

struct Requirement {
	Object object;
	uint8_t *blob;
	uint32_t size;
	uint32_t n_steps;
	ReqStep *steps;
};

static const Requirement *as_requirement(const Object *object)
{
	return (const Requirement *)(const void *)object;
}

static void requirement_deinit(Object *object)
{
	Requirement *self = (Requirement *)(void *)object;

	free(self->steps);
	free(self->blob);
}

static bool requirement_is_equal(const Object *one, const Object *other, ObjectWalk *walk)
{
	const Requirement *a = as_requirement(one), *b = as_requirement(other);

	(void)walk;
	return a->size == b->size && memcmp(a->blob, b->blob, a->size) == 0;
}

/* FNV-1a: whoever chooses requirements to collide in a table of ours slows himself down. */
static uint32_t requirement_hash(const Object *object)
{
	const Requirement *self = as_requirement(object);
	uint32_t h = UINT32_C(2166136261);

	for (uint32_t i = 0; i < self->size; i++)
		h = (h ^ self->blob[i]) * UINT32_C(16777619);
	return h;
}

static int requirement_describe(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	(void)walk;
	return requirement_format_to(as_requirement(object), text);
}

const ObjectClass requirement_class = {
	.name = "SecRequirement",
	.type = OBJECT_OTHER,
	.size = sizeof(Requirement),
	.deinit = requirement_deinit,
	.equal = requirement_is_equal,
	.hash = requirement_hash,
	.describe = requirement_describe,
};

Requirement *requirement_ref(Requirement *self)
{
	return (Requirement *)(void *)object_ref(&self->object);
}

Requirement *requirement_unref(Requirement *self)
{
	if (self)
		object_unref(&self->object);
	return NULL;
}

BlobView requirement_get_blob(const Requirement *self)
{
	return (BlobView){self->blob, self->size, BLOB_MAGIC_REQUIREMENT};
}

const ReqStep *requirement_get_steps(const Requirement *self, uint32_t *ret_n)
{
	*ret_n = self->n_steps;
	return self->steps;
}

/* A term whose operands are not all there yet. */
typedef struct Open {
	uint32_t step;
	uint32_t n_missing;
} Open;

/* Goes through the tree; fills @steps unless it is NULL. */
static int walk(ByteReader *r, ReqStep *steps, uint32_t *ret_n)
{
	Open open[REQ_DEPTH_MAX];
	uint32_t n_open = 0, n = 0;

	do {
		ReqTerm term;
		uint32_t n_operands;
		int e = req_term_decode(r, &term);

		if (e)
			return e;
		n_operands = req_op_n_operands(term.op);
		if (n_open + 1 >= REQ_DEPTH_MAX && n_operands > 0)
			return REQ_E_LIMIT;
		if (steps)
			steps[n] = (ReqStep){term, n + 1};
		if (n_operands > 0) {
			open[n_open++] = (Open){n++, n_operands};
			continue;
		}
		n++;
		while (n_open > 0 && --open[n_open - 1].n_missing == 0) {
			n_open--;
			if (steps)
				steps[open[n_open].step].end = n;
		}
	} while (n_open > 0);
	*ret_n = n;
	return r->left == 0 ? 0 : REQ_E_INVALID;
}

/* @self has its blob. */
static int decode_steps(Requirement *self)
{
	ByteReader r;
	int e;

	bytes_reader_init(&r, self->blob + PREFIX_SIZE, self->size - PREFIX_SIZE);
	e = walk(&r, NULL, &self->n_steps);
	if (e)
		return e;
	self->steps = malloc(self->n_steps * sizeof(self->steps[0]));
	if (!self->steps)
		return error_origin(-ENOMEM);
	bytes_reader_init(&r, self->blob + PREFIX_SIZE, self->size - PREFIX_SIZE);
	e = walk(&r, self->steps, &self->n_steps);
	assert(e == 0);
	return 0;
}

/* Whether these bytes are a blob of the kind that we know. */
static int check_prefix(const void *blob, size_t size)
{
	BlobView view;
	int e = blob_decode(blob, size, BLOB_MAGIC_REQUIREMENT, &view);

	if (e == BLOB_E_TOO_BIG || (e == 0 && view.size > REQ_BLOB_MAX))
		return REQ_E_LIMIT;
	if (e || view.size < PREFIX_SIZE)
		return REQ_E_INVALID;
	return blob_read_be32(view.data + BLOB_HEADER_SIZE) == REQ_KIND_EXPRESSION
		       ? 0
		       : REQ_E_UNSUPPORTED;
}

int requirement_decode(const void *blob, size_t size, Requirement **ret)
{
	_cleanup_object_ Object *object = NULL;
	Requirement *self;
	int e = check_prefix(blob, size);

	if (e)
		return e;
	e = object_new(&requirement_class, false, &object);
	if (e)
		return error_trace(e);
	self = (Requirement *)(void *)object;
	self->blob = malloc(size);
	if (!self->blob)
		return error_origin(-ENOMEM);
	memcpy(self->blob, blob, size);
	self->size = (uint32_t)size;
	e = decode_steps(self);
	if (e)
		return e;
	*ret = (Requirement *)(void *)TAKE_PTR(object);
	return 0;
}

static int put_join(ByteWriter *w, uint32_t op, Requirement *const *parts, size_t n)
{
	int r = blob_put_be32(w, REQ_KIND_EXPRESSION);

	for (size_t i = 1; i < n && r == 0; i++)
		r = blob_put_be32(w, op);
	for (size_t i = 0; i < n && r == 0; i++)
		r = bytes_put_blob(w, parts[i]->blob + PREFIX_SIZE, parts[i]->size - PREFIX_SIZE);
	return r;
}

int requirement_join(uint32_t op, Requirement *const *parts, size_t n, Requirement **ret)
{
	_cleanup_bytes_writer_ ByteWriter content, w;
	int r;

	assert(n > 0 && (op == REQ_OP_AND || op == REQ_OP_OR));
	bytes_writer_init_growable(&content, REQ_BLOB_MAX);
	bytes_writer_init_growable(&w, REQ_BLOB_MAX);
	r = put_join(&content, op, parts, n);
	if (r == 0)
		r = blob_encode(&w, BLOB_MAGIC_REQUIREMENT, content.p, content.used);
	if (r)
		return r > 0 ? REQ_E_LIMIT : error_trace(r);
	return requirement_decode(w.p, w.used, ret);
}
