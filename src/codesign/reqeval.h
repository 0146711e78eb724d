/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQEVAL_H
#define PORTCULLIS_CODESIGN_REQEVAL_H

/*
 * Whether code meets a requirement. What is known of the code is in a context; what somebody else
 * decides, whom to trust above all, is asked of an authority. What the context does not have is not
 * there: terms about it are false, but for `absent`.
 *
 * An operand that cannot change the result is not looked at.
 */

#include <openssl/x509.h>

#include "codesign/requirement.h"
#include "object/object.h"

typedef enum ReqAnchor {
	REQ_ANCHOR_PLATFORM, /* `anchor apple`: who made the platform */
	REQ_ANCHOR_PLATFORM_GENERIC, /* `anchor apple generic`: whom they vouch for, too */
	REQ_ANCHOR_NAMED, /* `anchor apple NAME`: the administrator's anchors of this name */
	REQ_ANCHOR_TRUSTED, /* `trusted`: any anchor of the administrator */
} ReqAnchor;

/* Each function may be NULL, and says no then. They return 0 or -errno, with the answer in *ret. */
typedef struct ReqAuthority {
	/* Whether @certificate is an anchor for that. @certificates, of @n, leaf first, is the chain that
	 * it is in; REQ_ANCHOR_TRUSTED is asked of any of them, the others of the root only. @name is of
	 * REQ_ANCHOR_NAMED, any bytes and no NUL behind them. */
	int (*is_anchor)(void *userdata, ReqAnchor kind, ReqData name, X509 *const *certificates,
		size_t n, X509 *certificate, bool *ret);
	/* The requirement that `(NAME)` stands for; a new reference, or NULL. */
	int (*find_requirement)(void *userdata, ReqData name, Requirement **ret);
} ReqAuthority;

/* All borrowed. */
typedef struct ReqContext {
	/* NULL: there is no code directory, and terms about it are false. */
	const char *identifier;
	/* The whole digest of the code directory that counts, of @cdhash_size bytes. */
	const uint8_t *cdhash;
	size_t cdhash_size;
	uint32_t platform;
	/* Dictionaries, or NULL. */
	const Object *info;
	const Object *entitlements;
	/* The verified chain, leaf first; ad hoc: none. */
	X509 *const *certificates;
	size_t n_certificates;
	bool is_notarized;
	bool is_legacy; /* of the kind that `legacy` means */
	const ReqAuthority *authority; /* or NULL */
	void *userdata; /* of the authority */
} ReqContext;

/* 0 with the answer in *ret, or -errno: then nothing is known. */
int requirement_evaluate(
	const Requirement *self, const ReqContext *context, bool *ret) _warn_unused_;

#endif
