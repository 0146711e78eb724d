/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_VERIFIER_H
#define PORTCULLIS_CODESIGN_VERIFIER_H

/*
 * Whether code is what its signer signed, and what is asked of it. In this order, and the first
 * problem is the answer:
 *
 *	the signature is a proper one				staticcode_load()
 *	the CMS is one of this CodeDirectory, the parts make sense	codeinfo_new()
 *	the chain of certificates, as far as it is asked for	trust.h
 *	all that is sealed is there
 *	each page of the file					staticcode_check_contents()
 *	the file is still what it was when it was opened
 *	the requirements
 *
 * A signature of somebody who leads to no anchor is a valid one: it says who signed, and nothing
 * about what that is worth. Whoever wants more asks for it, by VERIFIER_NEED_ANCHOR or by a
 * requirement. A file without a signer, ad hoc, is what it was when it was signed, and that is
 * all.
 *
 * With VERIFIER_NEED_ANCHOR an ad-hoc signature is CODE_E_UNTRUSTED.
 */

#include "codesign/codeinfo.h"

/* Demand that the chain leads to an anchor. */
#define VERIFIER_NEED_ANCHOR 0x1u
/* No certificate of the chain has expired, by the clock of now. */
#define VERIFIER_CHECK_EXPIRY 0x2u
/* The issuers' lists are there. There are none of an issuer who is not trusted. */
#define VERIFIER_CHECK_REVOCATION 0x4u
/* Do not read the pages. */
#define VERIFIER_SKIP_CONTENTS 0x8u
/* Do not ask for the list of resources where it is sealed, and lies elsewhere. */
#define VERIFIER_SKIP_RESOURCES 0x10u
/* Pages by each CodeDirectory, not only by the strongest. */
#define VERIFIER_ALL_DIRECTORIES 0x20u
/* Also: all CodeDirectories; entitlements have their form in DER; no parts but those that we look
 * into. */
#define VERIFIER_STRICT 0x40u
/* The code meets its own designated requirement. */
#define VERIFIER_OWN_REQUIREMENT 0x80u

/* All borrowed. */
typedef struct VerifierOptions {
	const Trust *trust; /* NULL: nobody is trusted */
	unsigned flags;
	const Requirement *requirement; /* NULL: none is asked for */
	PageHashProgress progress; /* may be NULL */
	void *progress_userdata;
} VerifierOptions;

/* Returns 0; what staticcode_load() returns, CODE_E_UNSIGNED among that; CODE_E_CMS;
 * CODE_E_DAMAGED, CODE_E_UNSUPPORTED, CODE_E_ENTITLEMENTS, CODE_E_TEAM: a part makes no sense;
 * CODE_E_UNTRUSTED, CODE_E_EXPIRED, CODE_E_REVOKED; CODE_E_COMPONENT: something that is sealed is
 * not there; CODE_E_MODIFIED with the first bytes that differ; CODE_E_CHANGED; CODE_E_REFUSED: by
 * the progress callback; CODE_E_REQUIREMENT; or -errno: it is not known. On success *ret, unless
 * @ret is NULL, is what was verified. May be asked any number of times; the file is read each
 * time. */
int verifier_check(StaticCode *code, const VerifierOptions *options, CodeInfo **ret,
	CodeProblem *problem) _warn_unused_;

#endif
