/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_TEST_REQCERT_H
#define PORTCULLIS_CODESIGN_TEST_REQCERT_H

/* Certificates for tests: with the subjects and extensions that these want. Nobody's signature is on them
 * but their own. */

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/lib/unit.h"

static inline _unused_ void test_x509_freep(X509 **p)
{
	X509_free(*p);
}
#define _cleanup_x509_ _cleanup_(test_x509_freep)

/* One part of a subject. */
static inline _unused_ void test_add_subject(
	X509 *x, const char *oid, int type, const void *text, size_t n)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);

	ASSERT_EQ(X509_NAME_add_entry_by_OBJ(
			  X509_get_subject_name(x), object, type, text, (int)n, -1, 0),
		1);
	ASN1_OBJECT_free(object);
}

/* An extension with these bytes. */
static inline _unused_ void test_add_extension(X509 *x, const char *oid, const void *data, size_t n)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;

	ASSERT_EQ(ASN1_OCTET_STRING_set(content, data, (int)n), 1);
	extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, content);
	ASSERT_EQ(X509_add_ext(x, extension, -1), 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(content);
	ASN1_OBJECT_free(object);
}

static inline _unused_ X509 *test_new_x509(long serial)
{
	X509 *x = X509_new();

	ASSERT_EQ(X509_set_version(x, X509_VERSION_3), 1);
	ASSERT_EQ(ASN1_INTEGER_set(X509_get_serialNumber(x), serial), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	return x;
}

/* What was put together, signed and read back as a verifier would. Frees @x. */
static inline _unused_ X509 *test_finish_x509(X509 *x)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	unsigned char *der = NULL;
	const unsigned char *p;
	X509 *ret;
	int n;

	ASSERT_EQ(X509_set_pubkey(x, key), 1);
	ASSERT_GT(X509_sign(x, key, EVP_sha256()), 0);
	EVP_PKEY_free(key);
	n = i2d_X509(x, &der);
	ASSERT_GT(n, 0);
	X509_free(x);
	p = der;
	ret = d2i_X509(NULL, &p, n);
	ASSERT_NOT_NULL(ret);
	OPENSSL_free(der);
	return ret;
}

#endif
