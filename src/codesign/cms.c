/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/cms.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "codesign/reqtime.h"
#include "codesign/ssl.h"

#define HASHES_OID "1.2.840.113635.100.9.2"
#define DAY_SECONDS 86400

/* One value of that attribute: SEQUENCE { OBJECT IDENTIFIER, OCTET STRING }. Both algorithms that we
 * have differ in the last byte of the identifier. */
#define ENTRY_HEAD 15u
#define ENTRY_SIZE_MAX (ENTRY_HEAD + CODE_HASH_SIZE_MAX)

struct Cms {
	X509 *signer;
	STACK_OF(X509) * certificates;
	bool has_time;
	int64_t time;
};

X509 *cms_get_signer(const Cms *self)
{
	return self->signer;
}

STACK_OF(X509) * cms_get_certificates(const Cms *self)
{
	return self->certificates;
}

bool cms_find_time(const Cms *self, int64_t *ret)
{
	if (self->has_time)
		*ret = self->time;
	return self->has_time;
}

Cms *cms_free(Cms *self)
{
	if (!self)
		return NULL;
	X509_free(self->signer);
	sk_X509_pop_free(self->certificates, X509_free);
	free(self);
	return NULL;
}

static int refuse(CodeProblem *problem, const char *text)
{
	return ssl_is_memory_gone() ? error_origin(-ENOMEM)
				    : code_problem(problem, CODE_E_CMS, "%s", text);
}

static size_t format_entry(
	const SignerRequest *request, uint32_t i, uint8_t entry[static ENTRY_SIZE_MAX])
{
	static const uint8_t head[ENTRY_HEAD] = {
		0x30, 0, 0x06, 9, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0, 0x04, 0};
	CodeHash type = request->directories[i].hash_type;
	uint8_t size = (uint8_t)code_hash_get_size(type);

	memcpy(entry, head, sizeof(head));
	entry[1] = (uint8_t)(ENTRY_HEAD - 2 + size);
	entry[12] = type == CODE_HASH_SHA384 ? 2 : 1;
	entry[14] = size;
	memcpy(entry + ENTRY_HEAD, request->hashes[i], size);
	return ENTRY_HEAD + size;
}

static bool add_hashes(CMS_SignerInfo *signer, const SignerRequest *request)
{
	X509_ATTRIBUTE *attribute = X509_ATTRIBUTE_new();
	ASN1_OBJECT *oid = OBJ_txt2obj(HASHES_OID, 1);
	bool ok = attribute && oid && X509_ATTRIBUTE_set1_object(attribute, oid);

	for (uint32_t i = 0; ok && i < request->n_directories; i++) {
		uint8_t entry[ENTRY_SIZE_MAX];
		size_t n = format_entry(request, i, entry);

		ok = X509_ATTRIBUTE_set1_data(attribute, V_ASN1_SEQUENCE, entry, (int)n) == 1;
	}
	ok = ok && CMS_signed_add1_attr(signer, attribute);
	X509_ATTRIBUTE_free(attribute);
	ASN1_OBJECT_free(oid);
	return ok;
}

static bool add_time(CMS_SignerInfo *signer, int64_t time)
{
	ASN1_TIME *encoded = ASN1_TIME_set(NULL, (time_t)(time + REQ_TIME_EPOCH));
	bool ok = encoded && CMS_signed_add1_attr_by_NID(
				     signer, NID_pkcs9_signingTime, encoded->type, encoded, -1);

	ASN1_TIME_free(encoded);
	return ok;
}

static int make(const CmsSigner *self, const SignerRequest *request, CMS_ContentInfo **ret)
{
	const unsigned flags = CMS_PARTIAL | CMS_DETACHED | CMS_BINARY | CMS_NOSMIMECAP;
	EVP_PKEY *key = identity_get_key(self->identity);
	const EVP_MD *md = EVP_PKEY_get_bits(key) > 256 && EVP_PKEY_get_base_id(key) == EVP_PKEY_EC
				   ? EVP_sha384()
				   : EVP_sha256();
	_cleanup_bio_ BIO *data = BIO_new_mem_buf(request->data, (int)request->size);
	_cleanup_cms_info_ CMS_ContentInfo *cms = CMS_sign(
		NULL, NULL, identity_get_others(self->identity), NULL, flags);
	CMS_SignerInfo *signer;

	if (!cms || !data)
		return CODE_E_CMS;
	signer = CMS_add1_signer(
		cms, identity_get_certificate(self->identity), key, md, flags & ~CMS_PARTIAL);
	if (!signer || !add_hashes(signer, request) ||
		(self->has_time && !add_time(signer, self->time)) ||
		!CMS_final(cms, data, NULL, CMS_DETACHED | CMS_BINARY))
		return CODE_E_CMS;
	*ret = TAKE_PTR(cms);
	return 0;
}

static bool is_request_sound(const SignerRequest *request)
{
	if (request->size > INT_MAX || request->n_directories == 0 ||
		request->n_directories > CODE_DIRECTORIES_MAX)
		return false;
	for (uint32_t i = 0; i < request->n_directories; i++)
		if (request->directories[i].hash_type != CODE_HASH_SHA256 &&
			request->directories[i].hash_type != CODE_HASH_SHA384)
			return false;
	return true;
}

int cms_sign(void *signer, const SignerRequest *request, uint8_t **ret, size_t *ret_size,
	CodeProblem *problem)
{
	_cleanup_cms_info_ CMS_ContentInfo *cms = NULL;
	_cleanup_free_ uint8_t *der = NULL;
	unsigned char *p;
	int n;

	if (!is_request_sound(request))
		return refuse(problem, "the CodeDirectory cannot be signed");
	ERR_clear_error();
	if (make(signer, request, &cms) != 0)
		return refuse(problem, "the key does not sign");
	n = i2d_CMS_ContentInfo(cms, NULL);
	if (n <= 0 || (size_t)n > CMS_SIZE_MAX)
		return refuse(problem, "the CMS is too large");
	p = der = malloc((size_t)n);
	if (!der || i2d_CMS_ContentInfo(cms, &p) != n)
		return error_origin(-ENOMEM);
	*ret = TAKE_PTR(der);
	*ret_size = (size_t)n;
	return 0;
}

/* A value that is there once, in an attribute that is there once. */
static void *find_attribute(CMS_SignerInfo *signer, int nid, int type)
{
	/* -3: refuse a second attribute, and a second value. */
	return CMS_signed_get0_data_by_OBJ(signer, OBJ_nid2obj(nid), -3, type);
}

/* The value of @attribute that is this entry, but for those in @used, a bit for each; or -1. */
static int find_value(
	X509_ATTRIBUTE *attribute, int n_values, uint32_t used, const uint8_t *entry, size_t n)
{
	for (int k = 0; k < n_values; k++) {
		const ASN1_TYPE *value = X509_ATTRIBUTE_get0_type(attribute, k);

		if (!(used & (UINT32_C(1) << k)) && value && value->type == V_ASN1_SEQUENCE &&
			(size_t)ASN1_STRING_length(value->value.sequence) == n &&
			memcmp(ASN1_STRING_get0_data(value->value.sequence), entry, n) == 0)
			return k;
	}
	return -1;
}

/* As many values as there are CodeDirectories, and one for each of these. */
static bool are_hashes_same(X509_ATTRIBUTE *attribute, const SignerRequest *request)
{
	int n_values = X509_ATTRIBUTE_count(attribute);
	uint32_t used = 0;

	if (n_values != (int)request->n_directories)
		return false;
	for (uint32_t i = 0; i < request->n_directories; i++) {
		uint8_t entry[ENTRY_SIZE_MAX];
		size_t n = format_entry(request, i, entry);
		int k = find_value(attribute, n_values, used, entry, n);

		if (k < 0)
			return false;
		used |= UINT32_C(1) << k;
	}
	return true;
}

static int check_hashes(CMS_SignerInfo *signer, const SignerRequest *request, CodeProblem *problem)
{
	ASN1_OBJECT *oid = OBJ_txt2obj(HASHES_OID, 1);
	int i, again;

	if (!oid)
		return error_origin(-ENOMEM);
	i = CMS_signed_get_attr_by_OBJ(signer, oid, -1);
	again = i < 0 ? -1 : CMS_signed_get_attr_by_OBJ(signer, oid, i);
	ASN1_OBJECT_free(oid);
	if (i < 0 || again >= 0)
		return refuse(problem, "the CMS does not list the hashes of the CodeDirectories");
	if (!are_hashes_same(CMS_signed_get_attr(signer, i), request))
		return refuse(problem, "the CMS lists hashes of other CodeDirectories");
	return 0;
}

static bool is_digest_good(CMS_SignerInfo *signer)
{
	X509_ALGOR *digest = NULL;
	const ASN1_OBJECT *oid = NULL;

	CMS_SignerInfo_get0_algs(signer, NULL, NULL, &digest, NULL);
	if (!digest)
		return false;
	X509_ALGOR_get0(&oid, NULL, NULL, digest);
	switch (OBJ_obj2nid(oid)) {
	case NID_sha256:
	case NID_sha384:
	case NID_sha512:
		return true;
	default:
		return false;
	}
}

/* What is in the CMS besides the signature: before any of it costs much. */
static int check_form(CMS_ContentInfo *cms, const SignerRequest *request, CMS_SignerInfo **ret,
	CodeProblem *problem)
{
	STACK_OF(CMS_SignerInfo) * signers;
	const ASN1_OBJECT *type;

	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed ||
		OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data)
		return refuse(problem, "the CMS is no signature of data");
	if (CMS_is_detached(cms) != 1)
		return refuse(problem, "the CMS has data of its own");
	signers = CMS_get0_SignerInfos(cms);
	if (!signers || sk_CMS_SignerInfo_num(signers) != 1)
		return refuse(problem, "the CMS does not have exactly one signer");
	*ret = sk_CMS_SignerInfo_value(signers, 0);
	if (!is_digest_good(*ret))
		return refuse(problem, "the CMS is made with a digest that is not taken");
	type = find_attribute(*ret, NID_pkcs9_contentType, V_ASN1_OBJECT);
	if (!type || OBJ_obj2nid(type) != NID_pkcs7_data ||
		!find_attribute(*ret, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING))
		return refuse(problem, "the CMS lacks a signed attribute");
	return check_hashes(*ret, request, problem);
}

static int read_time(Cms *self, CMS_SignerInfo *signer, CodeProblem *problem)
{
	int i = CMS_signed_get_attr_by_NID(signer, NID_pkcs9_signingTime, -1);
	const ASN1_TIME *time = NULL;
	_cleanup_(ssl_time_freep) ASN1_TIME *epoch = NULL;
	int days, seconds;

	if (i < 0)
		return 0;
	time = find_attribute(signer, NID_pkcs9_signingTime, V_ASN1_UTCTIME);
	if (!time)
		time = find_attribute(signer, NID_pkcs9_signingTime, V_ASN1_GENERALIZEDTIME);
	epoch = ASN1_TIME_set(NULL, (time_t)REQ_TIME_EPOCH);
	if (!epoch)
		return error_origin(-ENOMEM);
	if (!time || !ASN1_TIME_diff(&days, &seconds, epoch, time))
		return refuse(problem, "the signing time is none");
	self->has_time = true;
	self->time = (int64_t)days * DAY_SECONDS + seconds;
	return 0;
}

/* CMS_verify() of OpenSSL 3 wraps a memory BIO in another one, which it leaks when the CMS lists a digest
 * that it does not know; a BIO of any other type it takes as it is. */
static BIO *content_bio(const SignerRequest *request)
{
	_cleanup_bio_ BIO *data = BIO_new_mem_buf(request->data, (int)request->size);
	_cleanup_bio_ BIO *filter = BIO_new(BIO_f_null());

	if (!data || !filter)
		return NULL;
	BIO_push(filter, TAKE_PTR(data));
	return TAKE_PTR(filter);
}

/* The signature itself; chains are built elsewhere. */
static int check_signature(Cms *self, CMS_ContentInfo *cms, CMS_SignerInfo *signer,
	const SignerRequest *request, CodeProblem *problem)
{
	_cleanup_bio_ BIO *data = content_bio(request);
	EVP_PKEY *key = NULL;
	X509 *certificate = NULL;

	if (!data)
		return error_origin(-ENOMEM);
	if (CMS_set1_signers_certs(cms, NULL, 0) != 1)
		return refuse(problem, "the CMS does not have its signer's certificate");
	CMS_SignerInfo_get0_algs(signer, &key, &certificate, NULL, NULL);
	if (!certificate || !key || !ssl_is_key_good(key))
		return refuse(problem, "the signer's key is of a kind or size that is not taken");
	if (CMS_verify(cms, NULL, NULL, data, NULL,
		    CMS_DETACHED | CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) != 1)
		return refuse(problem, "the CMS is not a signature of this CodeDirectory");
	X509_up_ref(certificate);
	self->signer = certificate;
	return 0;
}

/* BER says the same in many ways; what is in a signature is the one of DER. */
static bool is_der(CMS_ContentInfo *cms, const uint8_t *der, size_t size)
{
	unsigned char *again = NULL;
	int n = i2d_CMS_ContentInfo(cms, &again);
	bool is_same = n > 0 && (size_t)n == size && memcmp(again, der, size) == 0;

	OPENSSL_free(again);
	return is_same;
}

static int check(Cms *self, const uint8_t *der, size_t size, const SignerRequest *request,
	CodeProblem *problem)
{
	const unsigned char *p = der;
	_cleanup_cms_info_ CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)size);
	CMS_SignerInfo *signer = NULL;
	int r;

	if (!cms || p != der + size)
		return refuse(problem, "the CMS is damaged");
	if (!is_der(cms, der, size))
		return refuse(problem, "the CMS is not in DER");
	r = check_form(cms, request, &signer, problem);
	if (r != 0)
		return r;
	self->certificates = CMS_get1_certs(cms);
	if (!self->certificates || sk_X509_num(self->certificates) > CMS_CERTIFICATES_MAX)
		return refuse(problem, "the CMS has no certificates, or too many");
	r = read_time(self, signer, problem);
	return r == 0 ? check_signature(self, cms, signer, request, problem) : r;
}

int cms_verify(const uint8_t *der, size_t size, const SignerRequest *request, Cms **ret,
	CodeProblem *problem)
{
	_cleanup_cms_ Cms *self = NULL;
	int r;

	if (size > CMS_SIZE_MAX)
		return code_problem(problem, CODE_E_TOO_BIG, "the CMS is too large");
	if (!is_request_sound(request))
		return code_problem(problem, CODE_E_CMS, "there is no CodeDirectory to be signed");
	self = calloc(1, sizeof(*self));
	if (!self)
		return error_origin(-ENOMEM);
	ERR_clear_error();
	r = check(self, der, size, request, problem);
	ERR_clear_error();
	if (r == 0)
		*ret = TAKE_PTR(self);
	return r;
}

int cms_dup_chain(const Cms *self, STACK_OF(X509) * *ret)
{
	_cleanup_certificates_ STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *next = self->signer;

	if (!chain)
		return error_origin(-ENOMEM);
	while (next && sk_X509_num(chain) < CMS_CERTIFICATES_MAX) {
		X509 *last = next;

		if (sk_X509_push(chain, last) <= 0)
			return error_origin(-ENOMEM);
		X509_up_ref(last);
		next = NULL;
		if (X509_check_issued(last, last) == X509_V_OK)
			break;
		for (int i = 0; !next && i < sk_X509_num(self->certificates); i++) {
			X509 *x = sk_X509_value(self->certificates, i);

			if (X509_cmp(x, last) != 0 && X509_check_issued(x, last) == X509_V_OK)
				next = x;
		}
	}
	ERR_clear_error();
	*ret = TAKE_PTR(chain);
	return 0;
}
