/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQTERM_H
#define PORTCULLIS_CODESIGN_REQTERM_H

/*
 * The terms that requirements consist of, in their public binary form: an operator and what it
 * takes. A requirement is a tree of them, written operator first; which operators have operands is
 * said here, the tree is somebody else's.
 *
 * A term borrows its bytes from what it was decoded from or put together of.
 *
 * Flagged operators are those of a future language: the flag says that a size follows, so that they
 * can be passed over, and what they are worth then. Nothing is known of an operator without flag that
 * is not in the list, not even where it ends: what has one is REQ_E_UNIMPLEMENTED. A flag at an
 * operator of the list would have two readings, and is refused.
 *
 * Ours alone are hashes longer than 20 bytes: of certificates 32 (SHA-256), of code directories 32, 48
 * or 64 (not truncated). Their form is that of the short ones.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"

enum {
	_REQ_E_SUCCESS,
	REQ_E_INVALID, /* not a requirement */
	REQ_E_UNSUPPORTED, /* a requirement of a kind that we do not know */
	REQ_E_UNIMPLEMENTED, /* an operator that we do not know, and that does not say its size */
	REQ_E_LIMIT, /* too large or too deep */
	REQ_E_SYNTAX, /* text that is none; the diag says why */
	_REQ_E_N,
};

/* Of a blob; of a text; of the longest way down a tree, the root counted. */
#define REQ_BLOB_MAX (256u * 1024)
#define REQ_TEXT_MAX (1024u * 1024)
#define REQ_DEPTH_MAX 1000u

/* What follows the header of a blob: the kind. */
#define REQ_KIND_EXPRESSION 1u

enum {
	REQ_OP_FALSE = 0,
	REQ_OP_TRUE = 1,
	REQ_OP_IDENTIFIER = 2,
	REQ_OP_APPLE_ANCHOR = 3,
	REQ_OP_ANCHOR_HASH = 4,
	REQ_OP_INFO_VALUE = 5, /* an older form of REQ_OP_INFO_FIELD with REQ_MATCH_EQUAL */
	REQ_OP_AND = 6,
	REQ_OP_OR = 7,
	REQ_OP_CDHASH = 8,
	REQ_OP_NOT = 9,
	REQ_OP_INFO_FIELD = 10,
	REQ_OP_CERT_FIELD = 11,
	REQ_OP_TRUSTED_CERT = 12,
	REQ_OP_TRUSTED_CERTS = 13,
	REQ_OP_CERT_GENERIC = 14,
	REQ_OP_APPLE_GENERIC_ANCHOR = 15,
	REQ_OP_ENTITLEMENT_FIELD = 16,
	REQ_OP_CERT_POLICY = 17,
	REQ_OP_NAMED_ANCHOR = 18,
	REQ_OP_NAMED_CODE = 19,
	REQ_OP_PLATFORM = 20,
	REQ_OP_NOTARIZED = 21,
	REQ_OP_CERT_FIELD_DATE = 22,
	REQ_OP_LEGACY = 23,
	_REQ_OP_N,
};

#define REQ_OP_FLAGS UINT32_C(0xff000000)
#define REQ_OP_GENERIC_FALSE UINT32_C(0x80000000) /* passed over; false */
#define REQ_OP_GENERIC_SKIP UINT32_C(0x40000000) /* passed over; what follows it counts */

enum {
	REQ_MATCH_EXISTS = 0,
	REQ_MATCH_EQUAL = 1,
	REQ_MATCH_CONTAINS = 2,
	REQ_MATCH_BEGINS_WITH = 3,
	REQ_MATCH_ENDS_WITH = 4,
	REQ_MATCH_LESS = 5,
	REQ_MATCH_GREATER = 6,
	REQ_MATCH_LESS_EQUAL = 7,
	REQ_MATCH_GREATER_EQUAL = 8,
	REQ_MATCH_ON = 9,
	REQ_MATCH_BEFORE = 10,
	REQ_MATCH_AFTER = 11,
	REQ_MATCH_ON_OR_BEFORE = 12,
	REQ_MATCH_ON_OR_AFTER = 13,
	REQ_MATCH_ABSENT = 14,
	_REQ_MATCH_N,
};

/* Certificates are counted from the leaf up, or from the root down. */
#define REQ_SLOT_LEAF 0
#define REQ_SLOT_ROOT (-1)

typedef struct ReqData {
	const uint8_t *p;
	uint32_t n;
} ReqData;

typedef struct ReqTerm {
	uint32_t op;
	uint32_t match; /* REQ_MATCH_*; unknown ones are possible, and take a value */
	union {
		int32_t slot;
		uint32_t number; /* REQ_OP_PLATFORM */
	};
	ReqData key; /* what the operator asks for: a key, an identifier, a hash, an OID */
	ReqData value; /* of a match or an operator; the content of a flagged operator */
	int64_t time; /* of a match with a date: seconds since the beginning of 2001 */
} ReqTerm;

/* What a term has beside its operator; in a blob in this order. */
enum {
	REQ_HAS_SLOT = 1 << 0, /* or a number */
	REQ_HAS_KEY = 1 << 1,
	REQ_HAS_VALUE = 1 << 2,
	REQ_HAS_MATCH = 1 << 3,
	/* of a key */
	REQ_HAS_CERT_HASH = 1 << 4,
	REQ_HAS_CODE_HASH = 1 << 5,
};

static inline bool req_op_is_known(uint32_t op)
{
	return op < _REQ_OP_N;
}

/* Whether @op is one to be passed over. */
static inline bool req_op_is_generic(uint32_t op)
{
	return (op & (REQ_OP_GENERIC_FALSE | REQ_OP_GENERIC_SKIP)) != 0 &&
	       (op & ~REQ_OP_FLAGS) >= _REQ_OP_N;
}

static inline bool req_op_is_skip(uint32_t op)
{
	return req_op_is_generic(op) && !(op & REQ_OP_GENERIC_FALSE);
}

/* REQ_HAS_*, of any operator that is known or generic. */
unsigned req_op_shape(uint32_t op);
/* How many terms follow that belong to it. */
unsigned req_op_n_operands(uint32_t op);

bool req_match_is_date(uint32_t match);
/* Neither a date, nor without anything: it has bytes. */
bool req_match_has_value(uint32_t match);

bool req_is_cert_hash_size(size_t n);
bool req_is_code_hash_size(size_t n);

/* One term without its operands. Returns 0, REQ_E_INVALID or REQ_E_UNIMPLEMENTED. */
int req_term_decode(ByteReader *r, ReqTerm *ret) _warn_unused_;
/* Returns as bytes_put_blob(). */
int req_term_encode(ByteWriter *w, const ReqTerm *term) _warn_unused_;

#endif
