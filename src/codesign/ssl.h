/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_SSL_H
#define PORTCULLIS_CODESIGN_SSL_H

/* Scope-bound ownership of libcrypto's objects, and what is asked of every key. */

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "base/cleanup.h"

#define SSL_CLEANUP_(type, name, end)                                                              \
	static inline _unused_ void ssl_##name##_freep(type **p)                                   \
	{                                                                                          \
		end(*p);                                                                           \
	}
#define SSL_CERTIFICATES_END_(x) sk_X509_pop_free(x, X509_free)

SSL_CLEANUP_(BIO, bio, BIO_free_all)
SSL_CLEANUP_(X509, x509, X509_free)
SSL_CLEANUP_(ASN1_TIME, time, ASN1_TIME_free)
SSL_CLEANUP_(X509_CRL, crl, X509_CRL_free)
SSL_CLEANUP_(EVP_PKEY, key, EVP_PKEY_free)
SSL_CLEANUP_(CMS_ContentInfo, cms, CMS_ContentInfo_free)
SSL_CLEANUP_(X509_STORE_CTX, store_ctx, X509_STORE_CTX_free)
SSL_CLEANUP_(STACK_OF(X509), certificates, SSL_CERTIFICATES_END_)

#define _cleanup_bio_ _cleanup_(ssl_bio_freep)
#define _cleanup_x509_ _cleanup_(ssl_x509_freep)
#define _cleanup_crl_ _cleanup_(ssl_crl_freep)
#define _cleanup_key_ _cleanup_(ssl_key_freep)
#define _cleanup_cms_info_ _cleanup_(ssl_cms_freep)
#define _cleanup_store_ctx_ _cleanup_(ssl_store_ctx_freep)
#define _cleanup_certificates_ _cleanup_(ssl_certificates_freep)

/* Whether we sign with such a key, and take signatures of it: RSA from 2048 to 8192 bits, elliptic curves
 * from 224 to 521. */
static inline bool ssl_is_key_good(EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		return bits >= 2048 && bits <= 8192;
	case EVP_PKEY_EC:
		return bits >= 224 && bits <= 521;
	default:
		return false;
	}
}

/* For PEM_read_*(): never ask anybody; the passphrase is a string, or NULL. */
static inline _unused_ int ssl_passphrase(char *buffer, int size, int for_writing, void *userdata)
{
	const char *passphrase = userdata;
	size_t n = 0;

	(void)for_writing;
	if (!passphrase)
		return -1;
	while (passphrase[n])
		n++;
	if (size < 0 || n > (size_t)size)
		return -1;
	for (size_t i = 0; i < n; i++)
		buffer[i] = passphrase[i];
	return (int)n;
}

/* Whether what failed was memory. The queue of errors is empty afterwards. */
static inline _unused_ bool ssl_is_memory_gone(void)
{
	bool is_gone = false;

	/* Who called whom for want of memory adds errors of its own. */
	for (unsigned long error = ERR_get_error(); error; error = ERR_get_error())
		is_gone = is_gone || ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
	return is_gone;
}

#endif
