/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQUIREMENT_H
#define PORTCULLIS_CODESIGN_REQUIREMENT_H

/*
 * A code requirement: a statement about code that is true or not. It has three forms that say the
 * same, to the byte:
 *
 *	blob	the public binary form, as it lies in signatures	requirement_decode(), _get_blob()
 *	text	the language of codesign-requirements(7)		req_parse(), requirement_format()
 *	steps	the blob's terms with the tree that they make		what is evaluated and formatted
 *
 * A Requirement has its blob and its steps; it is checked as a whole when it is made, and constant
 * afterwards. It is an Object (object/object.h): counted, shared by any threads, equal to one with the
 * same blob.
 *
 * Whatever goes through the steps does so in a loop with a stack of REQ_DEPTH_MAX entries at most:
 * nothing here recurses, however a stranger nests what he sends.
 */

#include "codesign/blob.h"
#include "codesign/reqterm.h"
#include "object/object.h"

typedef struct Requirement Requirement;

/* Terms in the order of the blob: what belongs to one follows it. */
typedef struct ReqStep {
	ReqTerm term; /* borrows from the blob */
	uint32_t end; /* the step that follows the last one that belongs to this */
} ReqStep;

extern const ObjectClass requirement_class;

/* The requirement that fills these bytes exactly; they are copied. Returns 0, REQ_E_INVALID,
 * REQ_E_UNSUPPORTED, REQ_E_UNIMPLEMENTED, REQ_E_LIMIT or -ENOMEM. */
int requirement_decode(const void *blob, size_t size, Requirement **ret) _warn_unused_;

Requirement *requirement_ref(Requirement *self);
Requirement *requirement_unref(Requirement *self);

static inline void requirement_unrefp(Requirement **p)
{
	requirement_unref(*p);
}
#define _cleanup_requirement_ _cleanup_(requirement_unrefp)

BlobView requirement_get_blob(const Requirement *self);
/* Borrowed; there is always one at least. */
const ReqStep *requirement_get_steps(const Requirement *self, uint32_t *ret_n);

/* The text, in one line without an end, on the heap; compiled it gives the same blob. -ENOMEM. */
int requirement_format(const Requirement *self, char **ret) _warn_unused_;
/* The same, appended to @w, without a NUL. Returns as bytes_put_blob(). */
int requirement_format_to(const Requirement *self, ByteWriter *w) _warn_unused_;

/* For what puts requirements together: the AND (REQ_OP_AND) or OR of @n > 0 requirements, nested to
 * the left. Returns 0, REQ_E_LIMIT or -ENOMEM. */
int requirement_join(
	uint32_t op, Requirement *const *parts, size_t n, Requirement **ret) _warn_unused_;

static inline Object *requirement_as_object(Requirement *self)
{
	return (Object *)self;
}

#endif
