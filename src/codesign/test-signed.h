/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_TEST_SIGNED_H
#define PORTCULLIS_CODESIGN_TEST_SIGNED_H

/* Files that somebody signed, whom somebody trusts: for the tests of what is said of such. */

#include "codesign/cms.h"
#include "codesign/entitlements.h"
#include "codesign/reqparse.h"
#include "codesign/test-pki.h"
#include "codesign/trust.h"

/* Who signs: an authority's or their own certificate, and those that are enclosed. */
typedef struct SignedBy {
	PkiCert ca;
	PkiCert leaf;
	Identity *identity;
} SignedBy;

static inline _unused_ Identity *signed_identity(const PkiCert *const *certs)
{
	const char *path = in_dir("signed-by.pem");
	Identity *identity = NULL;

	pki_write_identity(certs, path);
	ASSERT_OK(identity_load(path, NULL, &identity, NULL));
	ASSERT_SYS(unlink(path));
	return identity;
}

static inline _unused_ SignedBy signed_by(const PkiSpec *spec)
{
	SignedBy ret = {.ca = pki_root("CA")};
	PkiSpec leaf = *spec;
	const PkiCert *certs[] = {&ret.leaf, &ret.ca, NULL};

	leaf.issuer = &ret.ca;
	leaf.usage = spec->usage ? spec->usage : "codeSigning";
	ret.leaf = pki_make(&leaf);
	ret.identity = signed_identity(certs);
	return ret;
}

static inline _unused_ void signed_by_deinit(SignedBy *self)
{
	pki_deinit(&self->ca);
	pki_deinit(&self->leaf);
	identity_free(self->identity);
}
#define _cleanup_signed_by_ _cleanup_(signed_by_deinit)

/* A new root of anchors with that certificate for that purpose. */
static inline _unused_ const char *signed_anchors(
	const char *name, const char *purpose, const PkiCert *anchor)
{
	const char *root = in_dir(name);
	char path[300];

	pki_mkdir(root);
	snprintf(path, sizeof(path), "%s/%s", root, purpose);
	pki_mkdir(path);
	snprintf(path, sizeof(path), "%s/%s/anchor.pem", root, purpose);
	pki_write_cert(anchor, path);
	return root;
}

static inline _unused_ Trust *signed_trust(
	const char *name, const char *purpose, const PkiCert *anchor)
{
	const char *root = signed_anchors(name, purpose, anchor);
	Trust *trust = NULL;

	ASSERT_OK(trust_new(&root, 1, &trust, NULL));
	return trust;
}

/* Sign a new ELF file with what is in @spec, by @identity; NULL: ad hoc. */
static inline _unused_ void sign_elf(
	const char *path, const SignerSpec *spec, const Identity *identity)
{
	const CmsSigner signer = {.identity = identity, .has_time = true, .time = 700000000};
	SignerSpec all = *spec;
	CodeProblem problem;

	if (identity) {
		all.sign = cms_sign;
		all.sign_userdata = (void *)&signer;
	}
	all.replace = true;
	write_elf(path, &(ElfKind){.has_interpreter = true});
	ASSERT_OK(signer_embed(&all, path, &problem));
}

/* The blob of a set or of a requirement, to be freed. */
static inline _unused_ uint8_t *compile_set(const char *text, size_t *ret_size)
{
	const ReqParseOptions options = {.what = REQ_PARSE_SET};
	_cleanup_req_parsed_ ReqParsed parsed = REQ_PARSED_INIT;
	_cleanup_req_diag_ ReqDiag diag;
	uint8_t *ret = NULL;

	req_diag_init(&diag);
	ASSERT_OK(req_parse(text, strlen(text), &options, &diag, &parsed));
	ASSERT_OK(req_set_encode(parsed.set, &ret, ret_size));
	return ret;
}

static inline _unused_ Requirement *compile(const char *text)
{
	Requirement *ret = NULL;

	ASSERT_OK(requirement_parse(text, strlen(text), &ret));
	return ret;
}

#define PLIST_HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>"
#define PLIST_TAIL "</dict></plist>\n"

/* The entitlements' form in DER, to be freed. */
static inline _unused_ uint8_t *entitlements_der(const char *xml, size_t *ret_size)
{
	_cleanup_object_ Object *object = NULL;
	uint8_t *ret = NULL;

	ASSERT_OK(entitlements_decode_xml(xml, strlen(xml), &object, NULL));
	ASSERT_OK(entitlements_encode_der(object, &ret, ret_size));
	return ret;
}

#endif
