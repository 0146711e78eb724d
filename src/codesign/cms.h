/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_CMS_H
#define PORTCULLIS_CODESIGN_CMS_H

/*
 * The CMS of a signature: by whom it is. It is a SignedData (RFC 5652) of one signer, detached, over
 * all bytes of the CodeDirectory at slot 0, with SHA-256 or stronger, and the certificates in it. The
 * signed attributes are there always: content type, digest, signing time, and the lineage's list of
 * the hashes of all CodeDirectories (1.2.840.113635.100.9.2: of each its algorithm and all of its
 * hash), so that no other CodeDirectory can be put in the place of one that was signed.
 *
 * That a CMS verifies says that whoever has the key of its signer's certificate signed this
 * CodeDirectory. Whether that certificate is worth anything is trust.h's to say. The signing time is
 * what the signer claims.
 */

#include <openssl/x509.h>

#include "codesign/identity.h"
#include "codesign/signer.h"

#define CMS_SIZE_MAX ((size_t)256 << 10)
#define CMS_CERTIFICATES_MAX 16

/* The userdata of cms_sign(); borrowed. */
typedef struct CmsSigner {
	const Identity *identity;
	bool has_time; /* else it is now */
	int64_t time; /* as reqtime.h counts */
} CmsSigner;

/* Sign: a SignerCallback. Returns 0, CODE_E_CMS or -ENOMEM. */
int cms_sign(void *signer, const SignerRequest *request, uint8_t **ret, size_t *ret_size,
	CodeProblem *problem) _warn_unused_;

typedef struct Cms Cms;

/* Take a CMS of a stranger apart, and hold it against the CodeDirectories that it must be about. Returns
 * 0, CODE_E_CMS, CODE_E_TOO_BIG or -ENOMEM. Nothing is borrowed from @der or @request. */
int cms_verify(const uint8_t *der, size_t size, const SignerRequest *request, Cms **ret,
	CodeProblem *problem) _warn_unused_;

Cms *cms_free(Cms *self);

static inline void cms_freep(Cms **p)
{
	*p = cms_free(*p);
}
#define _cleanup_cms_ _cleanup_(cms_freep)

/* The signer's certificate; all that are in the CMS, in any order, it included. Borrowed. */
X509 *cms_get_signer(const Cms *self);
STACK_OF(X509) * cms_get_certificates(const Cms *self);

/* The signer's certificate, its issuer's, and so on as far as the CMS has them: to be shown, and not to
 * be believed. To be freed with each element. 0 or -ENOMEM. */
int cms_dup_chain(const Cms *self, STACK_OF(X509) * *ret) _warn_unused_;

/* False if the signer names none. */
bool cms_find_time(const Cms *self, int64_t *ret);

#endif
