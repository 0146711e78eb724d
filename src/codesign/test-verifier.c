/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier: what is asked for, in which order, and what the answer is. */

#include <time.h>

#include "codesign/test-signed.h"
#include "codesign/verifier.h"

static CodeProblem problem;

static int verify_with(const char *path, const VerifierOptions *options)
{
	_cleanup_staticcode_ StaticCode *code = NULL;
	_cleanup_codeinfo_ CodeInfo *info = NULL;
	int r;

	problem = (CodeProblem){0};
	r = staticcode_new(path, &code, &problem);
	if (r == 0) {
		staticcode_set_database(code, NULL);
		r = verifier_check(code, options, &info, &problem);
	}
	ASSERT_EQ(problem.code, r > 0 ? r : 0);
	ASSERT_EQ(info != NULL, r == 0);
	return r;
}

static int verify(const char *path, const Trust *trust, unsigned flags)
{
	return verify_with(path, &(VerifierOptions){.trust = trust, .flags = flags});
}

static int verify_for(const char *path, const Trust *trust, const char *text)
{
	_cleanup_requirement_ Requirement *requirement = compile(text);

	return verify_with(path, &(VerifierOptions){.trust = trust, .requirement = requirement});
}

static const unsigned ALL = VERIFIER_ALL_DIRECTORIES | VERIFIER_STRICT | VERIFIER_OWN_REQUIREMENT;

TEST(ad_hoc)
{
	const char *path = in_dir("ad-hoc");
	_cleanup_pki_ PkiCert ca = pki_root("CA");
	_cleanup_trust_ Trust *trust = signed_trust("ad-hoc.d", "user", &ca);

	sign_elf(path, &SUPPORT_SPEC, NULL);
	ASSERT_OK(verify(path, NULL, 0));
	ASSERT_OK(verify(path, trust, ALL | VERIFIER_CHECK_EXPIRY | VERIFIER_CHECK_REVOCATION));
	ASSERT_EQ(verify(path, trust, VERIFIER_NEED_ANCHOR), CODE_E_UNTRUSTED);
	ASSERT_OK(verify_for(path, trust, "identifier org.example.code"));
	ASSERT_EQ(verify_for(path, trust, "identifier org.example"), CODE_E_REQUIREMENT);
	ASSERT_EQ(verify_for(path, trust, "anchor trusted"), CODE_E_REQUIREMENT);
}

TEST(by_somebody_who_is_trusted)
{
	const char *path = in_dir("trusted");
	_cleanup_signed_by_ SignedBy by = signed_by(&(PkiSpec){.name = "leaf"});
	_cleanup_trust_ Trust *trust = signed_trust("trusted.d", "vendor", &by.ca);

	sign_elf(path, &SUPPORT_SPEC, by.identity);
	ASSERT_OK(verify(path, trust, ALL | VERIFIER_NEED_ANCHOR | VERIFIER_CHECK_EXPIRY));
	ASSERT_OK(verify_for(path, trust, "anchor trusted and anchor apple generic"));
	ASSERT_EQ(verify_for(path, trust, "anchor apple"), CODE_E_REQUIREMENT);
	/* No list of revoked ones. */
	ASSERT_EQ(verify(path, trust, VERIFIER_CHECK_REVOCATION), CODE_E_REVOKED);
}

TEST(by_somebody_whom_nobody_trusts)
{
	const char *path = in_dir("untrusted");
	_cleanup_signed_by_ SignedBy by = signed_by(&(PkiSpec){.name = "leaf"});
	_cleanup_pki_ PkiCert other = pki_root("other CA");
	_cleanup_trust_ Trust *trust = signed_trust("untrusted.d", "user", &other);

	sign_elf(path, &SUPPORT_SPEC, by.identity);
	ASSERT_OK(verify(path, trust, ALL | VERIFIER_CHECK_EXPIRY));
	ASSERT_OK(verify(path, NULL, 0));
	ASSERT_EQ(verify(path, trust, VERIFIER_NEED_ANCHOR), CODE_E_UNTRUSTED);
	ASSERT_EQ(verify(path, NULL, VERIFIER_NEED_ANCHOR), CODE_E_UNTRUSTED);
	ASSERT_EQ(verify(path, trust, VERIFIER_CHECK_REVOCATION), CODE_E_REVOKED);
	ASSERT_EQ(verify(path, trust, VERIFIER_CHECK_REVOCATION | VERIFIER_NEED_ANCHOR),
		CODE_E_UNTRUSTED);
	ASSERT_OK(verify_for(path, trust, "certificate leaf[subject.CN] = \"leaf\""));
	ASSERT_EQ(verify_for(path, trust, "anchor trusted"), CODE_E_REQUIREMENT);
}

TEST(certificates_that_have_expired)
{
	const char *path = in_dir("expired");
	_cleanup_signed_by_ SignedBy old = signed_by(
		&(PkiSpec){.name = "leaf", .from_days = -10, .to_days = -5});
	_cleanup_signed_by_ SignedBy early = signed_by(
		&(PkiSpec){.name = "leaf", .from_days = 5, .to_days = 10});
	const SignedBy *const by[] = {&old, &early};
	static const char *const roots[] = {"old.d", "early.d"};

	for (size_t i = 0; i < ARRAY_SIZE(by); i++) {
		_cleanup_trust_ Trust *trust = signed_trust(roots[i], "user", &by[i]->ca);
		SignerSpec spec = SUPPORT_SPEC;

		sign_elf(path, &spec, by[i]->identity);
		/* What was signed stays signed. */
		ASSERT_OK(verify(path, trust, ALL | VERIFIER_NEED_ANCHOR));
		ASSERT_EQ(verify(path, trust, VERIFIER_CHECK_EXPIRY), CODE_E_EXPIRED);
		ASSERT_EQ(verify(path, NULL, VERIFIER_CHECK_EXPIRY), CODE_E_EXPIRED);
		/* Or the signer himself wants it so. */
		spec.flags = CODE_FLAG_EXPIRES;
		sign_elf(path, &spec, by[i]->identity);
		ASSERT_EQ(verify(path, trust, 0), CODE_E_EXPIRED);
		ASSERT_EQ(verify(path, NULL, 0), CODE_E_EXPIRED);
	}
}

TEST(certificates_that_were_revoked)
{
	const char *path = in_dir("revoked");
	_cleanup_signed_by_ SignedBy by = signed_by(&(PkiSpec){.name = "leaf"});
	const char *root = signed_anchors("revoked.d", "user", &by.ca);
	char crl[300];

	snprintf(crl, sizeof(crl), "%s/user/ca.crl", root);
	sign_elf(path, &SUPPORT_SPEC, by.identity);
	for (int is_revoked = 0; is_revoked < 2; is_revoked++) {
		_cleanup_trust_ Trust *trust = NULL;

		pki_write_crl(&by.ca, is_revoked ? &by.leaf : NULL, crl);
		ASSERT_OK(trust_new(&root, 1, &trust, NULL));
		ASSERT_EQ(verify(path, trust, 0), is_revoked ? CODE_E_REVOKED : 0);
		ASSERT_EQ(verify(path, trust, VERIFIER_CHECK_REVOCATION),
			is_revoked ? CODE_E_REVOKED : 0);
	}
}

/* A detached signature of @file, to be freed. */
static uint8_t *detach(
	const CodeFile *file, const char *identifier, const Identity *identity, size_t *ret_size)
{
	const CmsSigner signer = {.identity = identity};
	SignerSpec spec = SUPPORT_SPEC;
	uint8_t *ret = NULL;

	spec.identifier = identifier;
	spec.sign = cms_sign;
	spec.sign_userdata = (void *)&signer;
	ASSERT_OK(signer_detach(&spec, file, &ret, ret_size, &problem));
	return ret;
}

/* The signature @one with the CMS of @other, and a seal that is right. */
static uint8_t *graft(const Signature *one, const Signature *other, size_t *ret_size)
{
	SuperBlobBuilder builder;
	uint8_t *ret = NULL;
	BlobView cms;

	ASSERT_TRUE(superblob_find(&other->super, CODE_SLOT_CMS, &cms));
	superblob_builder_init(&builder);
	ASSERT_OK(superblob_builder_add(
		&builder, 0, one->directories[0].blob.data, one->directories[0].blob.size));
	ASSERT_OK(superblob_builder_add(&builder, CODE_SLOT_CMS, cms.data, cms.size));
	ASSERT_OK(signature_encode(&builder, &ret, ret_size, &problem));
	superblob_builder_deinit(&builder);
	return ret;
}

/* The CMS of another CodeDirectory, by somebody who is trusted. */
TEST(the_cms_of_another_signature)
{
	const char *path = in_dir("graft");
	_cleanup_signed_by_ SignedBy by = signed_by(&(PkiSpec){.name = "leaf"});
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	_cleanup_free_ uint8_t *one = NULL, *other = NULL, *grafted = NULL;
	_cleanup_staticcode_ StaticCode *code = NULL;
	_cleanup_codeinfo_ CodeInfo *info = NULL;
	Signature signatures[2];
	size_t sizes[3];

	write_file(path, "#!/bin/sh\n", 10);
	ASSERT_OK(codefile_open_at(AT_FDCWD, path, false, &file, &problem));
	one = detach(&file, "org.example.evil", by.identity, &sizes[0]);
	other = detach(&file, "org.example.code", by.identity, &sizes[1]);
	ASSERT_OK(signature_decode(one, sizes[0], &signatures[0], &problem));
	ASSERT_OK(signature_decode(other, sizes[1], &signatures[1], &problem));
	grafted = graft(&signatures[0], &signatures[1], &sizes[2]);
	ASSERT_OK(staticcode_new(path, &code, &problem));
	ASSERT_OK(staticcode_set_signature(code, grafted, sizes[2], &problem));
	ASSERT_EQ(verifier_check(code, &(VerifierOptions){0}, NULL, &problem), CODE_E_CMS);
	ASSERT_EQ(verifier_check(code, &(VerifierOptions){.flags = VERIFIER_SKIP_CONTENTS}, NULL,
			  &problem),
		CODE_E_CMS);
	/* It can be displayed, and is nobody's. */
	ASSERT_OK(codeinfo_new(code, NULL, 0, &info, &problem));
	ASSERT_EQ(info->outcome, CODE_E_CMS);
	ASSERT_STREQ(info->directory->identifier, "org.example.evil");
	ASSERT_FALSE(info->is_adhoc);
	ASSERT_FALSE(info->has_time);
	ASSERT_EQ(info->n_certificates, 0);
	ASSERT_NULL(info->designated);
}

TEST(each_step_is_taken)
{
	const char *path = in_dir("steps");
	const unsigned skip = VERIFIER_SKIP_CONTENTS;
	size_t size;
	uint8_t *data, *text;

	sign_elf(path, &SUPPORT_SPEC, NULL);
	data = read_file(path, &size);
	data[200] ^= 1;
	write_file(path, data, size);
	ASSERT_EQ(verify(path, NULL, 0), CODE_E_MODIFIED);
	ASSERT_TRUE(problem.has_range);
	ASSERT_LE(problem.start, 200);
	ASSERT_GT(problem.end, 200);
	ASSERT_OK(verify(path, NULL, skip));
	data[200] ^= 1;
	/* The identifier: the seal does not match. */
	text = memmem(data, size, "org.example.code", 16);
	ASSERT_NOT_NULL(text);
	text[0] ^= 1;
	write_file(path, data, size);
	ASSERT_EQ(verify(path, NULL, skip), CODE_E_DAMAGED);
	ASSERT_TRUE(problem.has_range);
	free(data);
	write_elf(path, &(ElfKind){0});
	ASSERT_EQ(verify(path, NULL, 0), CODE_E_UNSIGNED);
	ASSERT_EQ(verify(in_dir("nothing"), NULL, 0), CODE_E_NOT_FOUND);
}

TEST(what_is_sealed_and_lies_elsewhere)
{
	const char *path = in_dir("elsewhere");
	SignerPart part = {.slot = CODE_SLOT_INFO, .data = "x", .size = 1, .is_external = true};
	SignerSpec spec = SUPPORT_SPEC;

	spec.parts = &part;
	spec.n_parts = 1;
	sign_elf(path, &spec, NULL);
	ASSERT_EQ(verify(path, NULL, 0), CODE_E_COMPONENT);
	ASSERT_EQ(verify(path, NULL, VERIFIER_SKIP_RESOURCES), CODE_E_COMPONENT);
	part.slot = CODE_SLOT_RESOURCES;
	sign_elf(path, &spec, NULL);
	ASSERT_EQ(verify(path, NULL, 0), CODE_E_COMPONENT);
	ASSERT_OK(verify(path, NULL, VERIFIER_SKIP_RESOURCES));
}

TEST(strictly)
{
	const char *path = in_dir("strict");
	static const char XML[] = PLIST_HEAD "<key>a</key><true/>" PLIST_TAIL;
	SignerPart part = {.slot = CODE_SLOT_ENTITLEMENTS, .data = XML, .size = strlen(XML)};
	SignerSpec spec = SUPPORT_SPEC;

	spec.parts = &part;
	spec.n_parts = 1;
	sign_elf(path, &spec, NULL);
	ASSERT_OK(verify(path, NULL, 0));
	ASSERT_EQ(verify(path, NULL, VERIFIER_STRICT), CODE_E_ENTITLEMENTS);
	part.slot = CODE_SLOT_SPECIAL_MAX;
	sign_elf(path, &spec, NULL);
	ASSERT_OK(verify(path, NULL, 0));
	ASSERT_EQ(verify(path, NULL, VERIFIER_STRICT), CODE_E_UNSUPPORTED);
}

/* Entitlements that say two things are never believed, strictly or not. */
TEST(entitlements_that_differ)
{
	const char *path = in_dir("differ");
	static const char XML[] = PLIST_HEAD "<key>a</key><true/>" PLIST_TAIL;
	size_t size;
	_cleanup_free_ uint8_t *der = entitlements_der(
		PLIST_HEAD "<key>a</key><false/>" PLIST_TAIL, &size);
	SignerPart parts[] = {
		{.slot = CODE_SLOT_ENTITLEMENTS, .data = XML, .size = strlen(XML)},
		{.slot = CODE_SLOT_ENTITLEMENTS_DER, .data = der, .size = size},
	};
	SignerSpec spec = SUPPORT_SPEC;

	spec.parts = parts;
	spec.n_parts = 2;
	sign_elf(path, &spec, NULL);
	ASSERT_EQ(verify(path, NULL, VERIFIER_SKIP_CONTENTS), CODE_E_ENTITLEMENTS);
}

TEST(its_own_requirement)
{
	const char *path = in_dir("own");
	size_t size;
	_cleanup_free_ uint8_t *set = compile_set("designated => identifier other", &size);
	SignerPart part = {
		.slot = CODE_SLOT_REQUIREMENTS, .data = set, .size = size, .is_blob = true};
	SignerSpec spec = SUPPORT_SPEC;

	spec.parts = &part;
	spec.n_parts = 1;
	sign_elf(path, &spec, NULL);
	ASSERT_OK(verify(path, NULL, 0));
	ASSERT_EQ(verify(path, NULL, VERIFIER_OWN_REQUIREMENT), CODE_E_REQUIREMENT);
	ASSERT_STRSTR(problem.text, "own");
}

static bool refuse(void *userdata, uint64_t done, uint64_t total)
{
	(void)done, (void)total;
	++*(int *)userdata;
	return false;
}

TEST(progress_can_end_it)
{
	const char *path = in_dir("progress");
	int n = 0;

	sign_elf(path, &SUPPORT_SPEC, NULL);
	ASSERT_EQ(
		verify_with(path, &(VerifierOptions){.progress = refuse, .progress_userdata = &n}),
		CODE_E_REFUSED);
	ASSERT_EQ(n, 1);
}

/* Whoever writes to it before it is read to the end, and puts everything back. */
typedef struct Meddler {
	int fd;
	int what;
	uint8_t byte;
} Meddler;

static bool meddle(void *userdata, uint64_t done, uint64_t total)
{
	Meddler *self = userdata;
	struct stat st;

	(void)done, (void)total;
	ASSERT_SYS(fstat(self->fd, &st));
	if (self->what == 0)
		ASSERT_EQ(pwrite(self->fd, &self->byte, 1, 0), 1);
	else if (self->what == 1)
		ASSERT_SYS(ftruncate(self->fd, st.st_size - 1));
	else if (self->what == 2)
		ASSERT_SYS(ftruncate(self->fd, st.st_size + 1));
	else
		ASSERT_SYS(fchmod(self->fd, 0700));
	return true;
}

TEST(a_file_that_changes_while_it_is_verified)
{
	const char *path = in_dir("changes");

	for (int what = 0; what < 4; what++) {
		Meddler meddler = {.what = what, .byte = 0x7f};

		sign_elf(path, &SUPPORT_SPEC, NULL);
		meddler.fd = ASSERT_SYS(open(path, O_RDWR | O_CLOEXEC));
		ASSERT_EQ(verify_with(path, &(VerifierOptions){.progress = meddle,
						    .progress_userdata = &meddler}),
			CODE_E_CHANGED);
		close(meddler.fd);
		ASSERT_EQ(verify(path, NULL, 0), what == 1 || what == 2 ? CODE_E_MODIFIED : 0);
	}
}

/* Also where its contents are not read. */
TEST(a_file_that_changed_since_it_was_opened)
{
	const char *path = in_dir("since");
	_cleanup_staticcode_ StaticCode *code = NULL;

	sign_elf(path, &SUPPORT_SPEC, NULL);
	ASSERT_OK(staticcode_new(path, &code, NULL));
	ASSERT_OK(verifier_check(code, &(VerifierOptions){0}, NULL, &problem));
	/* Another file at that path is not this file. */
	sign_elf(in_dir("since.new"), &SUPPORT_SPEC, NULL);
	ASSERT_SYS(rename(in_dir("since.new"), in_dir("since.other")));
	ASSERT_OK(verifier_check(code, &(VerifierOptions){0}, NULL, &problem));
	ASSERT_SYS(truncate(path, 100));
	ASSERT_EQ(verifier_check(code, &(VerifierOptions){.flags = VERIFIER_SKIP_CONTENTS}, NULL,
			  &problem),
		CODE_E_CHANGED);
	ASSERT_EQ(verifier_check(code, &(VerifierOptions){0}, NULL, &problem), CODE_E_CHANGED);
}

/* Each CodeDirectory has hashes of its own: the strongest counts, or all of them. */
TEST(several_directories)
{
	const char *path = in_dir("several");
	SignerSpec spec = SUPPORT_SPEC;

	spec.hashes[0] = CODE_HASH_SHA256;
	spec.hashes[1] = CODE_HASH_SHA384;
	spec.n_hashes = 2;
	sign_elf(path, &spec, NULL);
	ASSERT_OK(verify(path, NULL, 0));
	ASSERT_OK(verify(path, NULL, VERIFIER_ALL_DIRECTORIES));
	ASSERT_OK(verify(path, NULL, VERIFIER_STRICT));
}
