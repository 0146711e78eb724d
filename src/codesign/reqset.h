/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQSET_H
#define PORTCULLIS_CODESIGN_REQSET_H

/*
 * A set of requirements, one for each type: what code asks of its hosts, its guests, its libraries, and
 * what it calls itself. Sorted by type; in its binary form a SuperBlob.
 *
 * An Object (object/object.h) once it is made; constant after the last req_set_add().
 */

#include "codesign/requirement.h"

enum {
	REQ_TYPE_HOST = 1,
	REQ_TYPE_GUEST = 2,
	REQ_TYPE_DESIGNATED = 3,
	REQ_TYPE_LIBRARY = 4,
	REQ_TYPE_PLUGIN = 5,
};

#define REQ_SET_MAX 256u

typedef struct ReqSet ReqSet;

extern const ObjectClass req_set_class;

int req_set_new(ReqSet **ret) _warn_unused_;
ReqSet *req_set_ref(ReqSet *self);
ReqSet *req_set_unref(ReqSet *self);

static inline void req_set_unrefp(ReqSet **p)
{
	req_set_unref(*p);
}
#define _cleanup_req_set_ _cleanup_(req_set_unrefp)

/* Put a reference to @requirement at @type, in place of what is there. 0, REQ_E_LIMIT or -ENOMEM. */
int req_set_add(ReqSet *self, uint32_t type, Requirement *requirement) _warn_unused_;

/* Borrowed, or NULL. */
Requirement *req_set_find(const ReqSet *self, uint32_t type);

uint32_t req_set_n(const ReqSet *self);
/* Borrowed; @i < n; types ascend. */
Requirement *req_set_get(const ReqSet *self, uint32_t i, uint32_t *ret_type);

/* Returns as requirement_decode(). */
int req_set_decode(const void *blob, size_t size, ReqSet **ret) _warn_unused_;
/* On the heap. 0, REQ_E_LIMIT or -ENOMEM. */
int req_set_encode(const ReqSet *self, uint8_t **ret, size_t *ret_size) _warn_unused_;

/* A line with its end for each requirement. On the heap. -ENOMEM. */
int req_set_format(const ReqSet *self, char **ret) _warn_unused_;

/* The word for a type, or NULL. */
const char *req_type_find_name(uint32_t type);

#endif
