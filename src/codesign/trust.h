/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_TRUST_H
#define PORTCULLIS_CODESIGN_TRUST_H

/*
 * Whom the administrator and the user trust to sign code: certificates, the anchors, each for one or
 * more purposes. A root is a directory, a purpose a directory in it; *.pem in that are certificates,
 * *.crl lists of revoked ones, in PEM. Other names are not looked at. Nothing else is ever trusted: not
 * the certificates that the system has for TLS.
 *
 *	platform	who made the platform: `anchor apple`
 *	vendor		whom these vouch for: `anchor apple generic`, which takes the platform's too
 *	NAME		of the administrator's choice: `anchor apple NAME`
 *	user		where identity_make() puts a test authority; a name like the others
 *
 * What is not root's or this user's, or could have been written to by others, or is not what its name
 * says, is an error and not an omission: what is missing then could be a list of revoked ones.
 *
 * A chain is good if it has at most TRUST_CHAIN_MAX certificates, each signed by the next with an
 * algorithm of at least 112 bits, and ends in an anchor (which need not be a root of its own); the first
 * one is for signing code by its extended key usage, and no other one's excludes that; and all others
 * are authorities by their basic constraints. Dates count where that is asked for.
 *
 * A Trust does not change: any thread may use it.
 */

#include <openssl/x509.h>

#include "codesign/problem.h"
#include "codesign/reqeval.h"

#define TRUST_CHAIN_MAX 8
#define TRUST_PURPOSES_MAX 64u /* in all roots */
#define TRUST_FILES_MAX 1024u /* in all purposes */

typedef struct Trust Trust;

/* Read the anchors of @n roots; one that is not there has none. Returns 0, CODE_E_ANCHORS, CODE_E_ACCESS,
 * CODE_E_NOT_REGULAR, CODE_E_CHANGED, CODE_E_TOO_BIG or -errno. */
int trust_new(const char *const *roots, size_t n, Trust **ret, CodeProblem *problem) _warn_unused_;

/* The administrator's (/etc/portcullis/anchors.d, unless it was built otherwise) and those of this user
 * (~/.config/portcullis/anchors.d, where there is a home). */
int trust_new_default(Trust **ret, CodeProblem *problem) _warn_unused_;

/* Chains may end in @certificate, which is an anchor for no purpose: to ask what a chain would be
 * worth. 0 or -ENOMEM. */
int trust_new_single(X509 *certificate, Trust **ret) _warn_unused_;

Trust *trust_free(Trust *self);

static inline void trust_freep(Trust **p)
{
	*p = trust_free(*p);
}
#define _cleanup_trust_ _cleanup_(trust_freep)

/* Also demand that all certificates are valid now. Without it dates are not looked at, neither of
 * certificates nor of lists: what was signed stays signed. */
#define TRUST_CHECK_EXPIRY 0x1u
/* Also demand of each certificate below the anchor that its issuer's list of revoked ones is among the
 * files. One that is there counts always; an anchor is revoked by removing its file. */
#define TRUST_CHECK_REVOCATION 0x2u

/* Build the chain from @leaf to an anchor, over @others as far as needed, which may be NULL. Returns 0
 * with the chain, leaf first, to be freed with each element; CODE_E_UNTRUSTED, CODE_E_EXPIRED,
 * CODE_E_REVOKED or -ENOMEM. @flags are of the above. */
int trust_check(const Trust *self, X509 *leaf, STACK_OF(X509) * others, unsigned flags,
	STACK_OF(X509) * *ret, CodeProblem *problem) _warn_unused_;

/* The same as of a time, in seconds as time(2) has them. */
int trust_check_at(const Trust *self, X509 *leaf, STACK_OF(X509) * others, unsigned flags,
	int64_t time, STACK_OF(X509) * *ret, CodeProblem *problem) _warn_unused_;

/* Whether it is an anchor for that purpose; NULL: for any. */
bool trust_is_anchor(const Trust *self, const char *purpose, const X509 *certificate);

/* For requirements: an authority whose userdata is a Trust. It knows of no named requirements. */
extern const ReqAuthority trust_authority;

#endif
