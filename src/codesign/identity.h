/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_IDENTITY_H
#define PORTCULLIS_CODESIGN_IDENTITY_H

/*
 * An identity to sign with: a private key, the certificate that is about it, and the certificates
 * that lead from that towards an anchor, in no order that matters.
 *
 * It is read from a file that is its owner's alone, PEM or PKCS#12; which one is told by the content.
 * Which certificate is the signer's is told by the key. A name stands for the file NAME.pem, or else
 * NAME.p12, in the folder identities of the configuration. Or it is in a token, and a PKCS#11 URI
 * stands for it (tokenuri.h): its key never leaves that, and signs as long as the identity is held.
 *
 * Memory that held a key is overwritten before it is freed. Nobody is asked for a passphrase here.
 */

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "codesign/problem.h"

typedef struct Identity Identity;

/* @passphrase: NULL: none; a key that needs one is then CODE_E_IDENTITY, as is whatever is no key with
 * its certificate, a key that we do not sign with (RSA from 2048 bits, or one on a named elliptic curve
 * of at least 224 bits, are signed with), or one that takes more than some seconds to decrypt. Or
 * -ENOMEM. */
int identity_decode(const uint8_t *data, size_t size, const char *passphrase, Identity **ret,
	CodeProblem *problem) _warn_unused_;

/* Returns as identity_decode(); CODE_E_NOT_FOUND, CODE_E_ACCESS, CODE_E_NOT_REGULAR, CODE_E_TOO_BIG,
 * CODE_E_CHANGED; CODE_E_ANCHORS where it belongs to another user, or others than its owner can read
 * or write it; or -errno. */
int identity_load(const char *path, const char *passphrase, Identity **ret,
	CodeProblem *problem) _warn_unused_;

/* @config: what ownfile_find_config() finds, or NULL for that. CODE_E_PARAMETER if @name cannot be one. */
int identity_load_name(const char *config, const char *name, const char *passphrase, Identity **ret,
	CodeProblem *problem) _warn_unused_;

/* The one that a PKCS#11 URI names; the passphrase is the token's PIN. Returns as identity_decode();
 * CODE_E_PARAMETER; CODE_E_UNSUPPORTED where libcrypto knows no tokens, with the packages to install in
 * @problem; or what is said of the URI's pin-source, as by identity_load(). */
int identity_load_uri(const char *uri, const char *passphrase, Identity **ret,
	CodeProblem *problem) _warn_unused_;

/* Whichever of these @what is, as the user of a command writes it: a URI if it begins with `pkcs11:`, a
 * path if there is a `/` in it, else a name. Returns as they do. */
int identity_open(const char *config, const char *what, const char *passphrase, Identity **ret,
	CodeProblem *problem) _warn_unused_;

/* For a start: make an authority that vouches for one key, and that key, on P-256, for ten years. The
 * identity goes to identities/@name.pem below @config, the authority's certificate to
 * anchors.d/user/@name.pem, so that this user trusts it from now on. The authority's own key is kept
 * nowhere: nothing else will ever be vouched for by it. Returns 0, CODE_E_PARAMETER, CODE_E_EXISTS,
 * CODE_E_NOT_FOUND, CODE_E_ACCESS, CODE_E_ANCHORS, or -errno; if not 0 nothing was made but
 * directories. */
int identity_make(const char *config, const char *name, CodeProblem *problem) _warn_unused_;

Identity *identity_free(Identity *self);

static inline void identity_freep(Identity **p)
{
	*p = identity_free(*p);
}
#define _cleanup_identity_ _cleanup_(identity_freep)

/* Borrowed. */
X509 *identity_get_certificate(const Identity *self);
EVP_PKEY *identity_get_key(const Identity *self);

/* The others; may be empty, never NULL. Borrowed. */
STACK_OF(X509) * identity_get_others(const Identity *self);

#endif
