/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_TEST_PKI_H
#define PORTCULLIS_CODESIGN_TEST_PKI_H

/* Authorities and signers for tests, made with libcrypto alone; and files of them. */

#include <openssl/x509v3.h>

#include "codesign/ssl.h"
#include "codesign/test-support.h"

typedef struct PkiCert {
	X509 *x;
	EVP_PKEY *key;
} PkiCert;

static inline _unused_ void pki_deinit(PkiCert *self)
{
	X509_free(self->x);
	EVP_PKEY_free(self->key);
}
#define _cleanup_pki_ _cleanup_(pki_deinit)

typedef struct PkiSpec {
	const char *name;
	const PkiCert *issuer; /* NULL: itself */
	bool is_authority;
	const char *usage; /* extended key usage; NULL: none */
	const char *key_usage; /* NULL: none */
	const char *constraints; /* NULL: as is_authority says; "": none */
	int rsa_bits; /* 0: P-256 */
	long from_days; /* from now */
	long to_days; /* 0: 30 */
	const EVP_MD *md; /* NULL: SHA-256 */
	const char *unit; /* organisational; NULL: none */
} PkiSpec;

static inline _unused_ void pki_extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ASSERT_NOT_NULL(extension);
	ASSERT_EQ(X509_add_ext(x, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static inline _unused_ PkiCert pki_make(const PkiSpec *spec)
{
	static long serial;
	EVP_PKEY *key = spec->rsa_bits ? EVP_RSA_gen((unsigned)spec->rsa_bits)
				       : EVP_EC_gen("P-256");
	X509 *x = X509_new(), *issuer = spec->issuer ? spec->issuer->x : x;
	const char *constraints = spec->constraints    ? spec->constraints
				  : spec->is_authority ? "critical,CA:TRUE"
						       : "critical,CA:FALSE";

	ASSERT_NOT_NULL(key);
	ASSERT_EQ(X509_set_version(x, X509_VERSION_3), 1);
	ASSERT_EQ(ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial), 1);
	X509_time_adj_ex(X509_getm_notBefore(x), (int)spec->from_days, 0, NULL);
	X509_time_adj_ex(X509_getm_notAfter(x), spec->to_days ? (int)spec->to_days : 30, 0, NULL);
	ASSERT_EQ(X509_NAME_add_entry_by_NID(X509_get_subject_name(x), NID_commonName, MBSTRING_ASC,
			  (const unsigned char *)spec->name, -1, -1, 0),
		1);
	if (spec->unit)
		ASSERT_EQ(X509_NAME_add_entry_by_NID(X509_get_subject_name(x),
				  NID_organizationalUnitName, MBSTRING_ASC,
				  (const unsigned char *)spec->unit, -1, -1, 0),
			1);
	ASSERT_EQ(X509_set_issuer_name(x, X509_get_subject_name(issuer)), 1);
	ASSERT_EQ(X509_set_pubkey(x, key), 1);
	if (constraints[0])
		pki_extend(x, issuer, NID_basic_constraints, constraints);
	if (spec->key_usage)
		pki_extend(x, issuer, NID_key_usage, spec->key_usage);
	if (spec->usage)
		pki_extend(x, issuer, NID_ext_key_usage, spec->usage);
	ASSERT_GT(X509_sign(x, spec->issuer ? spec->issuer->key : key,
			  spec->md ? spec->md : EVP_sha256()),
		0);
	return (PkiCert){.x = x, .key = key};
}

static inline _unused_ PkiCert pki_root(const char *name)
{
	return pki_make(&(PkiSpec){.name = name, .is_authority = true});
}

static inline _unused_ PkiCert pki_signer(const char *name, const PkiCert *issuer)
{
	return pki_make(&(PkiSpec){.name = name, .issuer = issuer, .usage = "codeSigning"});
}

/* Write what was put into @bio, with that mode, and free it. */
static inline _unused_ void pki_write(BIO *bio, const char *path, mode_t mode)
{
	char *data;
	long size = BIO_get_mem_data(bio, &data);

	write_file(path, data, (size_t)size);
	ASSERT_SYS(chmod(path, mode));
	BIO_free(bio);
}

static inline _unused_ void pki_write_cert(const PkiCert *cert, const char *path)
{
	BIO *bio = BIO_new(BIO_s_mem());

	ASSERT_EQ(PEM_write_bio_X509(bio, cert->x), 1);
	pki_write(bio, path, 0644);
}

/* Key, certificate, and those of its authorities. */
static inline _unused_ void pki_write_identity(const PkiCert *const *certs, const char *path)
{
	BIO *bio = BIO_new(BIO_s_mem());

	ASSERT_EQ(PEM_write_bio_PrivateKey(bio, certs[0]->key, NULL, NULL, 0, NULL, NULL), 1);
	for (size_t i = 0; certs[i]; i++)
		ASSERT_EQ(PEM_write_bio_X509(bio, certs[i]->x), 1);
	pki_write(bio, path, 0600);
}

/* A list of @issuer that revokes @revoked, or nothing. */
static inline _unused_ void pki_write_crl(
	const PkiCert *issuer, const PkiCert *revoked, const char *path)
{
	BIO *bio = BIO_new(BIO_s_mem());
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *time = X509_gmtime_adj(NULL, -3600);

	ASSERT_EQ(X509_CRL_set_version(crl, X509_CRL_VERSION_2), 1);
	ASSERT_EQ(X509_CRL_set_issuer_name(crl, X509_get_subject_name(issuer->x)), 1);
	ASSERT_EQ(X509_CRL_set1_lastUpdate(crl, time), 1);
	if (revoked) {
		X509_REVOKED *entry = X509_REVOKED_new();

		X509_REVOKED_set_revocationDate(entry, time);
		X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->x));
		ASSERT_EQ(X509_CRL_add0_revoked(crl, entry), 1);
	}
	X509_gmtime_adj(time, 86400);
	ASSERT_EQ(X509_CRL_set1_nextUpdate(crl, time), 1);
	X509_CRL_sort(crl);
	ASSERT_GT(X509_CRL_sign(crl, issuer->key, EVP_sha256()), 0);
	ASSERT_EQ(PEM_write_bio_X509_CRL(bio, crl), 1);
	ASN1_TIME_free(time);
	X509_CRL_free(crl);
	pki_write(bio, path, 0644);
}

static inline _unused_ void pki_mkdir(const char *path)
{
	ASSERT_SYS(mkdir(path, 0755));
	ASSERT_SYS(chmod(path, 0755));
}

#endif
