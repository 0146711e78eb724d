/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqterm.h"

#include <assert.h>

#include "base/error.h"
#include "codesign/blob.h"

static const struct {
	uint8_t shape;
	uint8_t n_operands;
} ops[] = {
	[REQ_OP_FALSE] = {0, 0},
	[REQ_OP_TRUE] = {0, 0},
	[REQ_OP_IDENTIFIER] = {REQ_HAS_KEY, 0},
	[REQ_OP_APPLE_ANCHOR] = {0, 0},
	[REQ_OP_ANCHOR_HASH] = {REQ_HAS_SLOT | REQ_HAS_KEY | REQ_HAS_CERT_HASH, 0},
	[REQ_OP_INFO_VALUE] = {REQ_HAS_KEY | REQ_HAS_VALUE, 0},
	[REQ_OP_AND] = {0, 2},
	[REQ_OP_OR] = {0, 2},
	[REQ_OP_CDHASH] = {REQ_HAS_KEY | REQ_HAS_CODE_HASH, 0},
	[REQ_OP_NOT] = {0, 1},
	[REQ_OP_INFO_FIELD] = {REQ_HAS_KEY | REQ_HAS_MATCH, 0},
	[REQ_OP_CERT_FIELD] = {REQ_HAS_SLOT | REQ_HAS_KEY | REQ_HAS_MATCH, 0},
	[REQ_OP_TRUSTED_CERT] = {REQ_HAS_SLOT, 0},
	[REQ_OP_TRUSTED_CERTS] = {0, 0},
	[REQ_OP_CERT_GENERIC] = {REQ_HAS_SLOT | REQ_HAS_KEY | REQ_HAS_MATCH, 0},
	[REQ_OP_APPLE_GENERIC_ANCHOR] = {0, 0},
	[REQ_OP_ENTITLEMENT_FIELD] = {REQ_HAS_KEY | REQ_HAS_MATCH, 0},
	[REQ_OP_CERT_POLICY] = {REQ_HAS_SLOT | REQ_HAS_KEY | REQ_HAS_MATCH, 0},
	[REQ_OP_NAMED_ANCHOR] = {REQ_HAS_KEY, 0},
	[REQ_OP_NAMED_CODE] = {REQ_HAS_KEY, 0},
	[REQ_OP_PLATFORM] = {REQ_HAS_SLOT, 0},
	[REQ_OP_NOTARIZED] = {0, 0},
	[REQ_OP_CERT_FIELD_DATE] = {REQ_HAS_SLOT | REQ_HAS_KEY | REQ_HAS_MATCH, 0},
	[REQ_OP_LEGACY] = {0, 0},
};

unsigned req_op_shape(uint32_t op)
{
	if (req_op_is_known(op))
		return ops[op].shape;
	assert(req_op_is_generic(op));
	return REQ_HAS_VALUE;
}

unsigned req_op_n_operands(uint32_t op)
{
	if (req_op_is_known(op))
		return ops[op].n_operands;
	return req_op_is_skip(op) ? 1 : 0;
}

bool req_match_is_date(uint32_t match)
{
	return match >= REQ_MATCH_ON && match <= REQ_MATCH_ON_OR_AFTER;
}

bool req_match_has_value(uint32_t match)
{
	return match != REQ_MATCH_EXISTS && match != REQ_MATCH_ABSENT && !req_match_is_date(match);
}

bool req_is_cert_hash_size(size_t n)
{
	return n == 20 || n == 32;
}

bool req_is_code_hash_size(size_t n)
{
	return n == 20 || n == 32 || n == 48 || n == 64;
}

static bool get_data(ByteReader *r, ReqData *ret)
{
	size_t n;

	if (blob_get_data(r, &ret->p, &n) != 0 || n > REQ_BLOB_MAX)
		return false;
	ret->n = (uint32_t)n;
	return true;
}

static bool get_match(ByteReader *r, ReqTerm *t)
{
	uint64_t time;

	if (blob_get_be32(r, &t->match) != 0)
		return false;
	if (req_match_has_value(t->match))
		return get_data(r, &t->value);
	if (!req_match_is_date(t->match))
		return true;
	if (blob_get_be64(r, &time) != 0)
		return false;
	t->time = (int64_t)time;
	return true;
}

static bool get_arguments(ByteReader *r, unsigned shape, ReqTerm *t)
{
	if ((shape & REQ_HAS_SLOT) && blob_get_be32(r, &t->number) != 0)
		return false;
	if ((shape & REQ_HAS_KEY) && !get_data(r, &t->key))
		return false;
	if ((shape & REQ_HAS_CERT_HASH) && !req_is_cert_hash_size(t->key.n))
		return false;
	if ((shape & REQ_HAS_CODE_HASH) && !req_is_code_hash_size(t->key.n))
		return false;
	if ((shape & REQ_HAS_VALUE) && !get_data(r, &t->value))
		return false;
	return !(shape & REQ_HAS_MATCH) || get_match(r, t);
}

int req_term_decode(ByteReader *r, ReqTerm *ret)
{
	ReqTerm t = {0};

	if (blob_get_be32(r, &t.op) != 0)
		return REQ_E_INVALID;
	if (!req_op_is_known(t.op) && !req_op_is_generic(t.op))
		return (t.op & ~REQ_OP_FLAGS) < _REQ_OP_N ? REQ_E_INVALID : REQ_E_UNIMPLEMENTED;
	if (!get_arguments(r, req_op_shape(t.op), &t))
		return REQ_E_INVALID;
	*ret = t;
	return 0;
}

static int put_match(ByteWriter *w, const ReqTerm *t)
{
	int r = blob_put_be32(w, t->match);

	if (r == 0 && req_match_has_value(t->match))
		r = blob_put_data(w, t->value.p, t->value.n);
	else if (r == 0 && req_match_is_date(t->match))
		r = blob_put_be64(w, (uint64_t)t->time);
	return r;
}

int req_term_encode(ByteWriter *w, const ReqTerm *term)
{
	unsigned shape = req_op_shape(term->op);
	int r = blob_put_be32(w, term->op);

	if (r == 0 && (shape & REQ_HAS_SLOT))
		r = blob_put_be32(w, term->number);
	if (r == 0 && (shape & REQ_HAS_KEY))
		r = blob_put_data(w, term->key.p, term->key.n);
	if (r == 0 && (shape & REQ_HAS_VALUE))
		r = blob_put_data(w, term->value.p, term->value.n);
	if (r == 0 && (shape & REQ_HAS_MATCH))
		r = put_match(w, term);
	return r;
}
