/* SPDX-License-Identifier: Apache-2.0 */
/* The CMS: made, verified, of strangers. And all of it with a file: signer, CMS, trust. */

#include "codesign/cms.h"
#include "codesign/ownfile.h"
#include "codesign/reqtime.h"
#include "codesign/test-pki.h"
#include "codesign/test-protocol.h"
#include "codesign/trust.h"

static CodeProblem problem;
static const uint8_t BYTES[] = "these are the bytes of a CodeDirectory";

/* Two CodeDirectories, of which only what a SignerRequest needs is there. */
typedef struct Subject {
	CodeDirectory directories[2];
	uint8_t hashes[2][CODE_HASH_SIZE_MAX];
	SignerRequest request;
} Subject;

static void subject_init(Subject *self, uint32_t n)
{
	*self = (Subject){
		.directories = {{.hash_type = CODE_HASH_SHA256}, {.hash_type = CODE_HASH_SHA384}}};
	ASSERT_OK(digest_bytes(CODE_HASH_SHA256, BYTES, sizeof(BYTES), self->hashes[0]));
	ASSERT_OK(digest_bytes(CODE_HASH_SHA384, "another", 7, self->hashes[1]));
	self->request = (SignerRequest){.data = BYTES,
		.size = sizeof(BYTES),
		.directories = self->directories,
		.hashes = (const uint8_t(*)[CODE_HASH_SIZE_MAX])self->hashes,
		.n_directories = n};
}

/* An identity of @leaf and its authorities. */
static Identity *identity_of(const PkiCert *const *certs)
{
	const char *path = in_dir("identity.pem");
	Identity *identity = NULL;

	pki_write_identity(certs, path);
	ASSERT_OK(identity_load(path, NULL, &identity, &problem));
	ASSERT_SYS(unlink(path));
	return identity;
}

typedef struct Signed {
	uint8_t *der;
	size_t size;
} Signed;

static void signed_deinit(Signed *self)
{
	free(self->der);
}
#define _cleanup_signed_ _cleanup_(signed_deinit)

static Signed sign_it(const Subject *subject, const PkiCert *const *certs, const int64_t *time)
{
	_cleanup_identity_ Identity *identity = identity_of(certs);
	CmsSigner signer = {.identity = identity};
	Signed ret = {0};

	if (time) {
		signer.has_time = true;
		signer.time = *time;
	}
	ASSERT_OK(cms_sign(&signer, &subject->request, &ret.der, &ret.size, &problem));
	return ret;
}

static int verify(const Signed *cms, const Subject *subject)
{
	_cleanup_cms_ Cms *found = NULL;
	int r;

	problem = (CodeProblem){0};
	r = cms_verify(cms->der, cms->size, &subject->request, &found, &problem);
	if (r != 0) {
		ASSERT_EQ(problem.code, r);
		ASSERT_NULL(found);
		ASSERT_EQ(ERR_peek_error(), 0UL);
	}
	return r;
}

TEST(what_was_signed_verifies)
{
	_cleanup_pki_ PkiCert ca = pki_root("CA"),
			      middle = pki_make(&(PkiSpec){
				      .name = "middle", .issuer = &ca, .is_authority = true});
	_cleanup_pki_ PkiCert leaf = pki_signer("leaf", &middle);
	const PkiCert *const certs[] = {&leaf, &middle, &ca, NULL};
	const int64_t then = 700000000;
	int64_t time = 0;
	Subject subject;

	for (uint32_t n = 1; n <= 2; n++) {
		_cleanup_signed_ Signed cms = {0};
		_cleanup_cms_ Cms *found = NULL;
		_cleanup_certificates_ STACK_OF(X509) *chain = NULL;

		subject_init(&subject, n);
		cms = sign_it(&subject, certs, &then);
		ASSERT_OK(cms_verify(cms.der, cms.size, &subject.request, &found, &problem));
		ASSERT_EQ(X509_cmp(cms_get_signer(found), leaf.x), 0);
		ASSERT_EQ(sk_X509_num(cms_get_certificates(found)), 3);
		ASSERT_TRUE(cms_find_time(found, &time));
		ASSERT_EQ(time, then);
		ASSERT_OK(cms_dup_chain(found, &chain));
		ASSERT_EQ(sk_X509_num(chain), 3);
		for (int i = 0; i < 3; i++)
			ASSERT_EQ(X509_cmp(sk_X509_value(chain, i), certs[i]->x), 0);
	}
}

TEST(it_is_signed_now)
{
	_cleanup_pki_ PkiCert leaf = pki_make(
		&(PkiSpec){.name = "rsa", .usage = "codeSigning", .rsa_bits = 2048});
	const PkiCert *const certs[] = {&leaf, NULL};
	_cleanup_signed_ Signed cms = {0};
	_cleanup_cms_ Cms *found = NULL;
	int64_t now = (int64_t)time(NULL) - REQ_TIME_EPOCH, at = 0;
	Subject subject;

	subject_init(&subject, 1);
	cms = sign_it(&subject, certs, NULL);
	ASSERT_OK(cms_verify(cms.der, cms.size, &subject.request, &found, &problem));
	ASSERT_TRUE(cms_find_time(found, &at));
	ASSERT_LE(now - 2, at);
	ASSERT_LE(at, now + 600);
}

TEST(other_code_directories_are_refused)
{
	_cleanup_pki_ PkiCert leaf = pki_root("leaf");
	const PkiCert *const certs[] = {&leaf, NULL};
	_cleanup_signed_ Signed cms = {0};
	Subject subject, other;

	subject_init(&subject, 2);
	cms = sign_it(&subject, certs, NULL);
	ASSERT_OK(verify(&cms, &subject));
	other = subject;
	subject_init(&other, 2);
	other.request.data = (const uint8_t *)"These are the bytes of a CodeDirectory";
	ASSERT_EQ(verify(&cms, &other), CODE_E_CMS);
	subject_init(&other, 2);
	other.request.size--;
	ASSERT_EQ(verify(&cms, &other), CODE_E_CMS);
	subject_init(&other, 2);
	other.hashes[1][47] ^= 1;
	ASSERT_EQ(verify(&cms, &other), CODE_E_CMS);
	subject_init(&other, 1); /* the second one taken away */
	ASSERT_EQ(verify(&cms, &other), CODE_E_CMS);
	subject_init(&other, 2); /* the first one twice */
	other.directories[1].hash_type = CODE_HASH_SHA256;
	memcpy(other.hashes[1], other.hashes[0], sizeof(other.hashes[0]));
	ASSERT_EQ(verify(&cms, &other), CODE_E_CMS);
	subject_init(&other, 0);
	ASSERT_EQ(verify(&cms, &other), CODE_E_CMS);
}

/* Bytes of the signature proper can be changed unseen only where they say the same. */
TEST(no_damage_crashes_and_none_changes_the_signer)
{
	_cleanup_pki_ PkiCert leaf = pki_root("leaf");
	const PkiCert *const certs[] = {&leaf, NULL};
	_cleanup_signed_ Signed cms = {0};
	Subject subject;
	size_t n_taken = 0;

	subject_init(&subject, 1);
	cms = sign_it(&subject, certs, NULL);
	for (size_t i = 0; i < cms.size; i++)
		for (unsigned bit = 0; bit < 8; bit += 1) {
			_cleanup_cms_ Cms *found = NULL;

			cms.der[i] ^= (uint8_t)(1u << bit);
			if (cms_verify(cms.der, cms.size, &subject.request, &found, NULL) == 0) {
				EVP_PKEY *key = X509_get0_pubkey(cms_get_signer(found));

				n_taken++;
				ASSERT_EQ(EVP_PKEY_eq(key, leaf.key), 1);
			}
			cms.der[i] ^= (uint8_t)(1u << bit);
		}
	ASSERT_LT(n_taken, cms.size * 8 / 2);
	for (size_t n = 0; n < cms.size; n++) {
		/* A copy of its own, so that a read behind it is seen. */
		Signed cut = {.der = malloc(n ? n : 1), .size = n};

		memcpy(cut.der, cms.der, n);
		ASSERT_EQ(verify(&cut, &subject), CODE_E_CMS);
		free(cut.der);
	}
}

TEST(what_is_behind_or_too_large_is_refused)
{
	_cleanup_pki_ PkiCert leaf = pki_root("leaf");
	const PkiCert *const certs[] = {&leaf, NULL};
	_cleanup_signed_ Signed cms = {0};
	Subject subject;
	Signed longer;

	subject_init(&subject, 1);
	cms = sign_it(&subject, certs, NULL);
	longer = (Signed){.der = calloc(1, CMS_SIZE_MAX + 1), .size = cms.size + 1};
	memcpy(longer.der, cms.der, cms.size);
	ASSERT_EQ(verify(&longer, &subject), CODE_E_CMS);
	longer.size = CMS_SIZE_MAX + 1;
	ASSERT_EQ(verify(&longer, &subject), CODE_E_TOO_BIG);
	/* Sequences in sequences, to the end. */
	longer.size = CMS_SIZE_MAX;
	for (size_t i = 0; i + 1 < longer.size; i += 2) {
		longer.der[i] = 0x30;
		longer.der[i + 1] = 0x80;
	}
	ASSERT_EQ(verify(&longer, &subject), CODE_E_CMS);
	free(longer.der);
}

/* Sign with libcrypto alone, as somebody else would. */
static Signed foreign_cms(const PkiCert *leaf, unsigned flags, const EVP_MD *md, int n_signers)
{
	BIO *data = BIO_new_mem_buf(BYTES, sizeof(BYTES));
	CMS_ContentInfo *cms = CMS_sign(
		NULL, NULL, NULL, NULL, CMS_PARTIAL | CMS_DETACHED | CMS_BINARY | flags);
	Signed ret = {0};
	int n;

	if (!(flags & CMS_STREAM))
		ASSERT_EQ(CMS_set_detached(cms, 1), 1);
	else
		ASSERT_EQ(CMS_set_detached(cms, 0), 1);
	for (int i = 0; i < n_signers; i++)
		ASSERT_NOT_NULL(CMS_add1_signer(cms, leaf->x, leaf->key, md,
			(flags & ~(unsigned)CMS_STREAM) | (i > 0 ? CMS_NOCERTS : 0)));
	if (n_signers > 0) /* it fails without one */
		ASSERT_EQ(CMS_final(cms, data, NULL, CMS_BINARY), 1);
	n = i2d_CMS_ContentInfo(cms, &ret.der);
	ASSERT_GT(n, 0);
	ret.size = (size_t)n;
	CMS_ContentInfo_free(cms);
	BIO_free(data);
	return ret;
}

TEST(other_forms_of_cms_are_refused)
{
	_cleanup_pki_ PkiCert leaf = pki_root("leaf");
	static const struct {
		unsigned flags;
		int n_signers;
		bool sha1;
		const char *text;
	} cases[] = {
		{0, 1, false, "hashes"},
		{0, 0, false, "one signer"},
		{0, 2, false, "one signer"},
		{CMS_NOATTR, 1, false, "attribute"},
		{CMS_STREAM, 1, false, "data of its own"},
		{CMS_NOATTR, 1, true, "digest"},
	};
	Subject subject;

	subject_init(&subject, 1);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		Signed cms = foreign_cms(&leaf, cases[i].flags,
			cases[i].sha1 ? EVP_sha1() : EVP_sha256(), cases[i].n_signers);

		ASSERT_EQ(verify(&cms, &subject), CODE_E_CMS);
		ASSERT_STRSTR(problem.text, cases[i].text);
		OPENSSL_free(cms.der);
	}
}

/* The attribute of the document is what is made for the document's CodeDirectory. */
TEST(the_document_has_the_list_of_hashes)
{
	_cleanup_pki_ PkiCert leaf = pki_root("leaf");
	const PkiCert *const certs[] = {&leaf, NULL};
	_cleanup_signed_ Signed cms = {0};
	_cleanup_cms_info_ CMS_ContentInfo *info = NULL;
	uint8_t signature[200], expected[100];
	size_t size = read_example("\n## A signature\n", signature, sizeof(signature));
	size_t n = read_example("\n## CMS\n", expected, sizeof(expected));
	ASN1_OBJECT *oid = OBJ_txt2obj("1.2.840.113635.100.9.2", 1);
	CMS_SignerInfo *signer;
	unsigned char *der = NULL;
	const unsigned char *p;
	Signature decoded;
	Subject subject;

	ASSERT_OK(signature_decode(signature, size, &decoded, &problem));
	subject_init(&subject, 1);
	memcpy(subject.hashes[0], decoded.directory_hashes[0], CODE_HASH_SIZE_MAX);
	subject.request.data = decoded.directories[0].blob.data;
	subject.request.size = decoded.directories[0].blob.size;
	cms = sign_it(&subject, certs, NULL);
	ASSERT_OK(verify(&cms, &subject));
	p = cms.der;
	info = d2i_CMS_ContentInfo(NULL, &p, (long)cms.size);
	signer = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(info), 0);
	X509_ATTRIBUTE *attribute = CMS_signed_get_attr(
		signer, CMS_signed_get_attr_by_OBJ(signer, oid, -1));
	ASSERT_EQ(i2d_X509_ATTRIBUTE(attribute, &der), (int)n);
	ASSERT_MEMEQ(der, expected, n);
	OPENSSL_free(der);
	ASN1_OBJECT_free(oid);
}

/* As ours is made, but for one thing. */
typedef enum Flaw {
	FLAW_NONE,
	FLAW_BER,
	FLAW_TYPE, /* of the content */
	FLAW_TYPE_TWICE, /* the attribute that says it */
	FLAW_DIGEST_TWICE,
	FLAW_TIME_TWICE,
	FLAW_TIME_OF_TWO_VALUES,
	FLAW_TIME_IS_TEXT,
	FLAW_HASHES_TWICE,
	FLAW_HASHES_OF_ANOTHER,
	FLAW_HASHES_ONE_MORE,
	FLAW_HASHES_NONE,
	FLAW_HASHES_ARE_TEXT,
	FLAW_CERTIFICATES, /* one more than may be */
	_FLAW_N,
} Flaw;

static const char *const FLAW_TEXTS[_FLAW_N] = {
	[FLAW_NONE] = "",
	[FLAW_BER] = "DER",
	[FLAW_TYPE] = "no signature of data",
	[FLAW_TYPE_TWICE] = "lacks a signed attribute",
	[FLAW_DIGEST_TWICE] = "lacks a signed attribute",
	[FLAW_TIME_TWICE] = "signing time",
	[FLAW_TIME_OF_TWO_VALUES] = "signing time",
	[FLAW_TIME_IS_TEXT] = "signing time",
	[FLAW_HASHES_TWICE] = "does not list",
	[FLAW_HASHES_OF_ANOTHER] = "other CodeDirectories",
	[FLAW_HASHES_ONE_MORE] = "other CodeDirectories",
	[FLAW_HASHES_NONE] = "other CodeDirectories",
	[FLAW_HASHES_ARE_TEXT] = "other CodeDirectories",
	[FLAW_CERTIFICATES] = "too many",
};

/* With that value, @n times. */
static void add_attribute(CMS_SignerInfo *signer, int nid, const char *oid, int type,
	const void *value, size_t size, size_t n)
{
	X509_ATTRIBUTE *attribute = X509_ATTRIBUTE_new();
	ASN1_OBJECT *object = oid ? OBJ_txt2obj(oid, 1) : OBJ_nid2obj(nid);

	ASSERT_EQ(X509_ATTRIBUTE_set1_object(attribute, object), 1);
	for (size_t i = 0; i < n; i++)
		ASSERT_EQ(X509_ATTRIBUTE_set1_data(attribute, type, value, (int)size), 1);
	ASSERT_EQ(CMS_signed_add1_attr(signer, attribute), 1);
	X509_ATTRIBUTE_free(attribute);
	ASN1_OBJECT_free(object);
}

static void add_list(CMS_SignerInfo *signer, const Subject *subject, Flaw flaw)
{
	uint8_t entry[] = {0x30, 45, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 4, 32, [46] = 0};

	memcpy(entry + 15, subject->hashes[0], 32);
	if (flaw == FLAW_HASHES_OF_ANOTHER)
		entry[46] ^= 1;
	add_attribute(signer, 0, "1.2.840.113635.100.9.2",
		flaw == FLAW_HASHES_ARE_TEXT ? V_ASN1_OCTET_STRING : V_ASN1_SEQUENCE, entry,
		sizeof(entry),
		flaw == FLAW_HASHES_ONE_MORE ? 2
		: flaw == FLAW_HASHES_NONE   ? 0
					     : 1);
}

static void add_time(CMS_SignerInfo *signer, int type, size_t n)
{
	add_attribute(signer, NID_pkcs9_signingTime, NULL, type, "261122160000Z", 13, n);
}

static void add_flaw(CMS_SignerInfo *signer, const Subject *subject, Flaw flaw)
{
	add_list(signer, subject, flaw);
	if (flaw == FLAW_HASHES_TWICE)
		add_list(signer, subject, flaw);
	if (flaw == FLAW_TIME_IS_TEXT)
		add_time(signer, V_ASN1_UTF8STRING, 1);
	if (flaw == FLAW_TIME_TWICE)
		add_time(signer, V_ASN1_UTCTIME, 1);
}

/* What libcrypto does not sign: it is seen before the signature is. */
static void add_late_flaw(CMS_SignerInfo *signer, const Subject *subject, Flaw flaw)
{
	if (flaw == FLAW_TYPE_TWICE)
		ASSERT_EQ(CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_contentType, V_ASN1_OBJECT,
				  OBJ_nid2obj(NID_pkcs7_data), -1),
			1);
	if (flaw == FLAW_DIGEST_TWICE)
		add_attribute(signer, NID_pkcs9_messageDigest, NULL, V_ASN1_OCTET_STRING,
			subject->hashes[0], 32, 1);
	if (flaw == FLAW_TIME_TWICE)
		add_time(signer, V_ASN1_UTCTIME, 1);
	if (flaw == FLAW_TIME_OF_TWO_VALUES) {
		int i = CMS_signed_get_attr_by_NID(signer, NID_pkcs9_signingTime, -1);

		X509_ATTRIBUTE_free(CMS_signed_delete_attr(signer, i));
		add_time(signer, V_ASN1_UTCTIME, 2);
	}
}

static Signed flawed_cms(const PkiCert *leaf, const Subject *subject, Flaw flaw)
{
	unsigned flags = CMS_PARTIAL | CMS_DETACHED | CMS_BINARY | CMS_NOSMIMECAP;
	BIO *data = BIO_new_mem_buf(BYTES, sizeof(BYTES)), *out = BIO_new(BIO_s_mem());
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	CMS_SignerInfo *signer;
	Signed ret = {0};
	uint8_t *p;

	if (flaw == FLAW_TYPE)
		ASSERT_EQ(CMS_set1_eContentType(cms, OBJ_nid2obj(NID_pkcs7_enveloped)), 1);
	signer = CMS_add1_signer(cms, leaf->x, leaf->key, EVP_sha256(), CMS_NOSMIMECAP);
	ASSERT_NOT_NULL(signer);
	add_flaw(signer, subject, flaw);
	for (int i = 0; flaw == FLAW_CERTIFICATES && i < CMS_CERTIFICATES_MAX; i++) {
		_cleanup_pki_ PkiCert more = pki_root("more");

		ASSERT_EQ(CMS_add1_cert(cms, more.x), 1);
	}
	if (flaw == FLAW_BER) {
		ASSERT_EQ(
			i2d_CMS_bio_stream(out, cms, data, CMS_STREAM | CMS_DETACHED | CMS_BINARY),
			1);
	} else {
		if (!CMS_final(cms, data, NULL, CMS_DETACHED | CMS_BINARY)) {
			printf("flaw %d\n", flaw);
			ERR_print_errors_fp(stdout);
		}
		add_late_flaw(signer, subject, flaw);
		ASSERT_EQ(i2d_CMS_bio(out, cms), 1);
	}
	ret.size = (size_t)BIO_get_mem_data(out, &p);
	ret.der = malloc(ret.size);
	memcpy(ret.der, p, ret.size);
	CMS_ContentInfo_free(cms);
	BIO_free(data);
	BIO_free(out);
	return ret;
}

/* Most of these are good signatures of who made them. */
TEST(a_signer_cannot_say_two_things)
{
	_cleanup_pki_ PkiCert leaf = pki_root("leaf");
	Subject subject;

	subject_init(&subject, 1);
	for (Flaw flaw = 0; flaw < _FLAW_N; flaw++) {
		_cleanup_signed_ Signed cms = flawed_cms(&leaf, &subject, flaw);

		ASSERT_EQ(verify(&cms, &subject), flaw == FLAW_NONE ? 0 : CODE_E_CMS);
		ASSERT_STRSTR(problem.text, FLAW_TEXTS[flaw]);
	}
}

/* The CMS of a signed file, and what it must be about. */
static int check_signed_file(const char *path, const Trust *trust, X509 *expected)
{
	_cleanup_staticcode_ StaticCode *code = NULL;
	_cleanup_certificates_ STACK_OF(X509) *chain = NULL;
	_cleanup_cms_ Cms *cms = NULL;
	const Signature *signature;
	const uint8_t *der;
	size_t size = 0;
	int r;

	ASSERT_OK(staticcode_new(path, &code, &problem));
	ASSERT_OK(staticcode_check_contents(code, true, NULL, NULL, &problem));
	signature = staticcode_find_signature(code);
	der = signature_find_cms(signature, &size);
	ASSERT_NOT_NULL(der);
	const SignerRequest request = {.data = signature->directories[0].blob.data,
		.size = signature->directories[0].blob.size,
		.directories = signature->directories,
		.hashes = signature->directory_hashes,
		.n_directories = signature->n_directories};
	ASSERT_OK(cms_verify(der, size, &request, &cms, &problem));
	r = trust_check(trust, cms_get_signer(cms), cms_get_certificates(cms), TRUST_CHECK_EXPIRY,
		&chain, &problem);
	if (r == 0)
		ASSERT_EQ(X509_cmp(sk_X509_value(chain, 0), expected), 0);
	return r;
}

TEST(a_newcomer_signs_a_file)
{
	const char *config = in_dir("config"), *path = in_dir("code"),
		   *root = in_dir("config/anchors.d");
	_cleanup_identity_ Identity *identity = NULL;
	_cleanup_trust_ Trust *trust = NULL, *nobody = NULL;
	const ElfKind kind = {0};
	SignerSpec spec = SUPPORT_SPEC;
	CmsSigner signer = {0};

	ASSERT_OK(identity_make(config, "me", &problem));
	ASSERT_OK(identity_load_name(config, "me", NULL, &identity, &problem));
	write_elf(path, &kind);
	signer.identity = identity;
	spec.sign = cms_sign;
	spec.sign_userdata = &signer;
	spec.hashes[0] = CODE_HASH_SHA256;
	spec.hashes[1] = CODE_HASH_SHA384;
	spec.n_hashes = 2;
	ASSERT_OK(signer_embed(&spec, path, &problem));
	ASSERT_OK(trust_new(&root, 1, &trust, &problem));
	ASSERT_OK(trust_new(NULL, 0, &nobody, &problem));
	ASSERT_OK(check_signed_file(path, trust, identity_get_certificate(identity)));
	ASSERT_EQ(check_signed_file(path, nobody, NULL), CODE_E_UNTRUSTED);
}
