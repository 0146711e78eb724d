/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQIMPLICIT_H
#define PORTCULLIS_CODESIGN_REQIMPLICIT_H

/*
 * The designated requirement of code whose signer gave none: what others may take for the same code.
 *
 *	ad hoc		this version of it and no other: cdhash H"..." or cdhash H"..." ...
 *	the platform's	identifier I and anchor apple
 *	else		identifier I and certificate SLOT = H"..."
 *
 * SLOT is the last certificate, from the leaf up, whose subject has the organisation of the leaf's: what a
 * signer has of his own. It is the leaf where that has none, and `root` where it is the root.
 *
 * All hashes are whole and of SHA-2: where the lineage has the SHA-1 hash of the certificate, and the
 * beginning of that of the code.
 */

#include <openssl/x509.h>

#include "codesign/requirement.h"

/* All borrowed. */
typedef struct ReqIdentity {
	const char *identifier;
	/* Of each code directory, the digest; one at least. */
	const ReqData *cdhashes;
	size_t n_cdhashes;
	/* Leaf first, to the root; ad hoc: none. */
	X509 *const *certificates;
	size_t n_certificates;
	bool is_platform; /* the root is an anchor of the platform */
} ReqIdentity;

/* 0, REQ_E_INVALID (a hash of a length that none has), REQ_E_LIMIT (the identifier is too long) or
 * -ENOMEM. */
int requirement_new_implicit(const ReqIdentity *identity, Requirement **ret) _warn_unused_;

#endif
