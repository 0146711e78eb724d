/* SPDX-License-Identifier: Apache-2.0 */
/* The CMS: made, verified, of strangers. And all of it with a file: signer, CMS, trust. */

#include "codesign/cms.h"
#include "codesign/ownfile.h"
#include "codesign/reqtime.h"
#include "codesign/test-pki.h"
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
