/* SPDX-License-Identifier: Apache-2.0 */
/* What a signature says: all of it; what is believed of certificates; parts that make no sense. */

#include "codesign/codeinfo.h"
#include "codesign/test-signed.h"

static const char XML[] = PLIST_HEAD
	"<key>a</key><true/><key>n</key><integer>7</integer>" PLIST_TAIL;

typedef struct Opened {
	StaticCode *code;
	CodeInfo *info;
} Opened;

static void opened_deinit(Opened *self)
{
	codeinfo_free(self->info);
	staticcode_free(self->code);
}
#define _cleanup_opened_ _cleanup_(opened_deinit)

static Opened open_info(const char *path, const Trust *trust, unsigned flags)
{
	CodeProblem problem;
	Opened ret = {0};

	ASSERT_OK(staticcode_new(path, &ret.code, &problem));
	staticcode_set_database(ret.code, NULL);
	ASSERT_OK(codeinfo_new(ret.code, trust, flags, &ret.info, &problem));
	return ret;
}

static bool meets(const CodeInfo *info, const char *text)
{
	_cleanup_requirement_ Requirement *requirement = compile(text);
	bool ret;

	ASSERT_OK(codeinfo_evaluate(info, requirement, &ret));
	return ret;
}

static void assert_text(const Requirement *requirement, const char *text)
{
	_cleanup_free_ char *found = NULL;

	ASSERT_NOT_NULL(requirement);
	ASSERT_OK(requirement_format(requirement, &found));
	ASSERT_STREQ(found, text);
}

TEST(all_that_a_signer_says)
{
	const char *path = in_dir("all");
	_cleanup_signed_by_ SignedBy by = signed_by(&(PkiSpec){.name = "leaf", .unit = "TEAM"});
	_cleanup_trust_ Trust *trust = signed_trust("all.d", "user", &by.ca);
	static const char INFO[] = PLIST_HEAD "<key>K</key><string>v</string>" PLIST_TAIL;
	size_t der_size, set_size, size;
	_cleanup_free_ uint8_t *der = entitlements_der(XML, &der_size);
	_cleanup_free_ uint8_t *set = compile_set(
		"host => anchor apple designated => identifier org.example.code", &set_size);
	SignerPart parts[] = {
		{.slot = CODE_SLOT_INFO, .data = INFO, .size = strlen(INFO)},
		{.slot = CODE_SLOT_REQUIREMENTS, .data = set, .size = set_size, .is_blob = true},
		{.slot = CODE_SLOT_ENTITLEMENTS, .data = XML, .size = strlen(XML)},
		{.slot = CODE_SLOT_ENTITLEMENTS_DER, .data = der, .size = der_size},
	};
	SignerSpec spec = SUPPORT_SPEC;
	_cleanup_opened_ Opened o = {0};
	const uint8_t *p;

	spec.parts = parts;
	spec.n_parts = ARRAY_SIZE(parts);
	spec.team = "TEAM";
	spec.flags = CODE_FLAG_RUNTIME;
	spec.hashes[0] = CODE_HASH_SHA256;
	spec.hashes[1] = CODE_HASH_SHA384;
	spec.n_hashes = 2;
	sign_elf(path, &spec, by.identity);
	o = open_info(path, trust, TRUST_CHECK_EXPIRY);
	ASSERT_EQ(o.info->outcome, 0);
	ASSERT_EQ(o.info->trust_outcome, 0);
	ASSERT_EQ(o.info->source, CODE_SOURCE_EMBEDDED);
	ASSERT_STREQ(o.info->directory->identifier, "org.example.code");
	ASSERT_EQ(o.info->directory->hash_type, CODE_HASH_SHA384);
	ASSERT_MEMEQ(o.info->hash, o.info->signature->directory_hashes[1], 48);
	ASSERT_FALSE(o.info->is_adhoc);
	ASSERT_EQ(o.info->n_certificates, 2);
	ASSERT_EQ(X509_cmp(o.info->certificates[0], by.leaf.x), 0);
	ASSERT_EQ(X509_cmp(o.info->certificates[1], by.ca.x), 0);
	ASSERT_TRUE(o.info->has_time);
	ASSERT_EQ(o.info->time, 700000000);
	ASSERT_TRUE(o.info->is_designated_explicit);
	assert_text(o.info->designated, "identifier \"org.example.code\"");
	ASSERT_NOT_NULL(req_set_find(o.info->requirements, REQ_TYPE_HOST));
	ASSERT_TRUE(codeinfo_find_entitlements_xml(o.info, &p, &size));
	ASSERT_EQ(size, strlen(XML));
	ASSERT_TRUE(codeinfo_find_entitlements_der(o.info, &p, &size));
	ASSERT_EQ(size, der_size);
	ASSERT_TRUE(meets(o.info, "anchor trusted and certificate root trusted"));
	ASSERT_TRUE(meets(o.info, "anchor apple user and !anchor apple"));
	ASSERT_TRUE(meets(o.info, "info[K] = v and entitlement[a] exists"));
	ASSERT_TRUE(meets(o.info, "entitlement[n] = \"7\" or entitlement[n] exists"));
	ASSERT_TRUE(meets(o.info, "certificate leaf[subject.OU] = TEAM"));
	ASSERT_FALSE(meets(o.info, "identifier other"));
}

TEST(what_is_designated_where_nobody_says)
{
	const char *path = in_dir("implicit");
	_cleanup_signed_by_ SignedBy by = signed_by(&(PkiSpec){.name = "leaf"});
	_cleanup_trust_ Trust *platform = signed_trust("implicit.d", "platform", &by.ca);

	sign_elf(path, &SUPPORT_SPEC, NULL);
	{
		_cleanup_opened_ Opened o = open_info(path, NULL, 0);
		_cleanup_free_ char *text = NULL;

		ASSERT_TRUE(o.info->is_adhoc);
		ASSERT_EQ(o.info->trust_outcome, 0);
		ASSERT_FALSE(o.info->is_designated_explicit);
		ASSERT_PTR_EQ(o.info->designated, o.info->implicit);
		ASSERT_OK(requirement_format(o.info->designated, &text));
		ASSERT_STRSTR(text, "cdhash H\"");
		ASSERT_TRUE(meets(o.info, text));
		ASSERT_FALSE(
			meets(o.info, "anchor trusted or certificate leaf[subject.CN] exists"));
	}
	sign_elf(path, &SUPPORT_SPEC, by.identity);
	{
		_cleanup_opened_ Opened o = open_info(path, platform, 0);

		assert_text(o.info->designated, "identifier \"org.example.code\" and anchor apple");
		ASSERT_TRUE(meets(o.info, "anchor apple and anchor apple generic"));
	}
	{
		_cleanup_opened_ Opened o = open_info(path, NULL, 0);
		_cleanup_free_ char *text = NULL;

		ASSERT_OK(requirement_format(o.info->designated, &text));
		ASSERT_STRSTR(text, "identifier \"org.example.code\" and certificate leaf = H\"");
		ASSERT_TRUE(meets(o.info, text));
		ASSERT_FALSE(meets(o.info, "anchor apple or anchor trusted"));
	}
}

static char *hash_requirement(const char *slot, X509 *x)
{
	unsigned char hash[32];
	char *ret, *at;
	unsigned n;

	ASSERT_EQ(X509_digest(x, EVP_sha256(), hash, &n), 1);
	ASSERT_GT(asprintf(&ret, "certificate %s = H\"%64s\"", slot, ""), 0);
	at = strchr(ret, '"') + 1;
	for (unsigned i = 0; i < n; i++)
		at += sprintf(at, "%02x", hash[i]);
	*at = '"';
	return ret;
}

static bool has_root(const CodeInfo *info, const PkiCert *cert)
{
	_cleanup_free_ char *text = hash_requirement("root", cert->x);

	return meets(info, text);
}

/* The chain of a signer whom nobody trusts: up to where each certificate was signed by the next
 * one. */
TEST(enclosed_certificates_prove_nothing_by_themselves)
{
	const char *path = in_dir("enclosed");
	_cleanup_pki_ PkiCert real = pki_root("CA"), fake = pki_root("CA");
	_cleanup_pki_ PkiCert honest = pki_signer("leaf", &real);
	_cleanup_pki_ PkiCert forged = pki_signer("leaf", &fake);
	/* Nobody made this one an authority. */
	_cleanup_pki_ PkiCert below = pki_signer("below", &honest);
	_cleanup_pki_ PkiCert mail = pki_make(
		&(PkiSpec){.name = "mail", .issuer = &real, .usage = "emailProtection"});
	const struct {
		const PkiCert *certs[4];
		size_t n;
	} cases[] = {
		{{&honest, &real}, 2},
		{{&forged, &real}, 1}, /* the name is right, the signature is not */
		{{&below, &honest, &real}, 1},
		{{&mail, &real}, 1},
		{{&honest}, 1},
		{{&real}, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_identity_ Identity *identity = signed_identity(cases[i].certs);
		_cleanup_free_ char *leaf = hash_requirement("leaf", cases[i].certs[0]->x);
		_cleanup_opened_ Opened o = {0};

		sign_elf(path, &SUPPORT_SPEC, identity);
		o = open_info(path, NULL, 0);
		ASSERT_EQ(o.info->outcome, 0);
		ASSERT_EQ(o.info->trust_outcome, CODE_E_UNTRUSTED);
		ASSERT_EQ(o.info->n_certificates, cases[i].n);
		ASSERT_TRUE(meets(o.info, leaf));
		ASSERT_EQ(has_root(o.info, &real), i == 0 || i == 5);
	}
}

/* An anchor that is in the chain is none if the chain was refused. */
TEST(a_refused_chain_has_no_anchor)
{
	const char *path = in_dir("refused");
	_cleanup_signed_by_ SignedBy by = signed_by(
		&(PkiSpec){.name = "leaf", .from_days = -10, .to_days = -5});
	_cleanup_trust_ Trust *trust = signed_trust("refused.d", "platform", &by.ca);

	sign_elf(path, &SUPPORT_SPEC, by.identity);
	{
		_cleanup_opened_ Opened o = open_info(path, trust, 0);

		ASSERT_TRUE(meets(o.info, "anchor apple and anchor trusted"));
	}
	{
		_cleanup_opened_ Opened o = open_info(path, trust, TRUST_CHECK_EXPIRY);

		ASSERT_EQ(o.info->trust_outcome, CODE_E_EXPIRED);
		ASSERT_EQ(o.info->trust_problem.code, CODE_E_EXPIRED);
		ASSERT_EQ(o.info->n_certificates, 2);
		ASSERT_FALSE(meets(o.info, "anchor apple or anchor trusted"));
	}
}

/* The first byte of the range is that of the part in the file. */
static void assert_range_of(const Opened *o, uint32_t slot)
{
	uint64_t offset;
	BlobView part;
	size_t size;
	const uint8_t *bytes = staticcode_get_bytes(o->code, &size, &offset);

	ASSERT_TRUE(signature_find_part(o->info->signature, slot, &part));
	ASSERT_TRUE(o->info->problem.has_range);
	ASSERT_EQ(o->info->problem.start, offset + (uint64_t)(part.data - bytes));
	ASSERT_EQ(o->info->problem.end - o->info->problem.start, part.size);
}

static int outcome_of_part(const SignerPart *part)
{
	const char *path = in_dir("part");
	SignerSpec spec = SUPPORT_SPEC;
	_cleanup_opened_ Opened o = {0};

	spec.parts = part;
	spec.n_parts = 1;
	sign_elf(path, &spec, NULL);
	o = open_info(path, NULL, 0);
	if (o.info->outcome != 0) {
		ASSERT_EQ(o.info->problem.code, o.info->outcome);
		assert_range_of(&o, part->slot);
	}
	ASSERT_TRUE(o.info->outcome != 0 || o.info->entitlements || o.info->info ||
		    o.info->requirements);
	return o.info->outcome;
}

#define PART_OF(number, text)                                                                      \
	&(SignerPart)                                                                              \
	{                                                                                          \
		.slot = (number), .data = (text), .size = strlen(text)                             \
	}

TEST(parts_that_make_no_sense)
{
	static const uint8_t requirements[] = {0xfa, 0xde, 0x0c, 0x01, 0, 0, 0, 28, 0, 0, 0, 1, 0,
		0, 0, 3, 0, 0, 0, 20, 0xfa, 0xde, 0x0c, 0x00, 0, 0, 0, 8};
	/* One of a kind that nobody knows. */
	static const uint8_t kind[] = {0xfa, 0xde, 0x0c, 0x01, 0, 0, 0, 36, 0, 0, 0, 1, 0, 0, 0, 3,
		0, 0, 0, 20, 0xfa, 0xde, 0x0c, 0x00, 0, 0, 0, 16, 0, 0, 0, 9, 0, 0, 0, 1};
	static const uint8_t wrapped[] = {0xfa, 0xde, 0x0b, 0x01, 0, 0, 0, 8};
	SignerPart part = {.slot = CODE_SLOT_REQUIREMENTS, .is_blob = true};

	part.data = requirements;
	part.size = sizeof(requirements);
	ASSERT_EQ(outcome_of_part(&part), CODE_E_DAMAGED);
	part.data = kind;
	part.size = sizeof(kind);
	ASSERT_EQ(outcome_of_part(&part), CODE_E_UNSUPPORTED);
	part.data = wrapped;
	part.size = sizeof(wrapped);
	ASSERT_EQ(outcome_of_part(&part), CODE_E_DAMAGED);
	part.slot = CODE_SLOT_ENTITLEMENTS;
	ASSERT_EQ(outcome_of_part(&part), CODE_E_ENTITLEMENTS);
	part.slot = CODE_SLOT_ENTITLEMENTS_DER;
	ASSERT_EQ(outcome_of_part(&part), CODE_E_ENTITLEMENTS);
	ASSERT_EQ(outcome_of_part(PART_OF(CODE_SLOT_ENTITLEMENTS, "x")), CODE_E_ENTITLEMENTS);
	ASSERT_EQ(outcome_of_part(PART_OF(CODE_SLOT_ENTITLEMENTS_DER, "x")), CODE_E_ENTITLEMENTS);
	ASSERT_EQ(outcome_of_part(PART_OF(CODE_SLOT_ENTITLEMENTS,
			  PLIST_HEAD "<key>d</key><real>1.5</real>" PLIST_TAIL)),
		CODE_E_ENTITLEMENTS);
	ASSERT_EQ(outcome_of_part(PART_OF(CODE_SLOT_INFO, "x")), CODE_E_DAMAGED);
	ASSERT_EQ(outcome_of_part(PART_OF(CODE_SLOT_INFO, "<plist><string>s</string></plist>")),
		CODE_E_DAMAGED);
	ASSERT_OK(outcome_of_part(PART_OF(CODE_SLOT_ENTITLEMENTS, XML)));
}

TEST(both_forms_of_entitlements_say_the_same)
{
	static const char *const others[] = {
		PLIST_HEAD "<key>a</key><true/>" PLIST_TAIL,
		PLIST_HEAD "<key>a</key><false/><key>n</key><integer>7</integer>" PLIST_TAIL,
		PLIST_HEAD
		"<key>a</key><integer>1</integer><key>n</key><integer>7</integer>" PLIST_TAIL,
		PLIST_HEAD "<key>a</key><true/><key>n</key><string>7</string>" PLIST_TAIL,
		PLIST_HEAD "<key>A</key><true/><key>n</key><integer>7</integer>" PLIST_TAIL,
		/* in another order: the same */
		PLIST_HEAD "<key>n</key><integer>7</integer><key>a</key><true/>" PLIST_TAIL,
	};
	const char *path = in_dir("forms");

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		bool is_same = i + 1 == ARRAY_SIZE(others);
		size_t size;
		_cleanup_free_ uint8_t *der = entitlements_der(others[i], &size);
		SignerPart parts[] = {
			{.slot = CODE_SLOT_ENTITLEMENTS, .data = XML, .size = strlen(XML)},
			{.slot = CODE_SLOT_ENTITLEMENTS_DER, .data = der, .size = size},
		};
		SignerSpec spec = SUPPORT_SPEC;
		_cleanup_opened_ Opened o = {0};

		spec.parts = parts;
		spec.n_parts = 2;
		sign_elf(path, &spec, NULL);
		o = open_info(path, NULL, 0);
		ASSERT_EQ(o.info->outcome, is_same ? 0 : CODE_E_ENTITLEMENTS);
		ASSERT_EQ(o.info->entitlements != NULL, is_same);
		if (!is_same)
			assert_range_of(&o, CODE_SLOT_ENTITLEMENTS_DER);
		ASSERT_EQ(meets(o.info, "entitlement[a] exists"), is_same);
	}
}

TEST(a_team_is_what_the_certificate_says)
{
	const char *path = in_dir("team");
	_cleanup_signed_by_ SignedBy by = signed_by(&(PkiSpec){.name = "leaf", .unit = "TEAM"});
	_cleanup_signed_by_ SignedBy without = signed_by(&(PkiSpec){.name = "leaf"});
	const struct {
		const char *team;
		const Identity *identity;
		int outcome;
	} cases[] = {
		{"TEAM", by.identity, 0},
		{NULL, by.identity, 0},
		{"team", by.identity, CODE_E_TEAM},
		{"TEAM2", by.identity, CODE_E_TEAM},
		{"TEAM", without.identity, CODE_E_TEAM},
		{"TEAM", NULL, CODE_E_TEAM},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		SignerSpec spec = SUPPORT_SPEC;
		_cleanup_opened_ Opened o = {0};

		spec.team = cases[i].team;
		sign_elf(path, &spec, cases[i].identity);
		o = open_info(path, NULL, 0);
		ASSERT_EQ(o.info->outcome, cases[i].outcome);
	}
}

TEST(formats_and_sources)
{
	char format[CODEINFO_FORMAT_SIZE];
	static const struct {
		const char *content;
		const char *format;
	} files[] = {{"#!/bin/sh\n", "script"}, {"", "generic"}, {"\177ELF", "generic"}};
	const char *path = in_dir("format");

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_staticcode_ StaticCode *code = NULL;

		write_file(path, files[i].content, strlen(files[i].content));
		ASSERT_OK(staticcode_new(path, &code, NULL));
		ASSERT_OK(codeinfo_get_format(code, format, NULL));
		ASSERT_STREQ(format, files[i].format);
	}
	for (int i = 0; i < 4; i++) {
		_cleanup_staticcode_ StaticCode *code = NULL;
		static const char *const expected[] = {"ELF 64-bit (x86_64)", "ELF 32-bit (x86_64)",
			"ELF 64-bit big-endian (x86_64)", "ELF 32-bit big-endian (x86_64)"};

		write_elf(path, &(ElfKind){.is_32 = i & 1, .is_big = i & 2});
		ASSERT_OK(staticcode_new(path, &code, NULL));
		ASSERT_OK(codeinfo_get_format(code, format, NULL));
		ASSERT_STREQ(format, expected[i]);
	}
	ASSERT_STREQ(codeinfo_get_source_name(CODE_SOURCE_NONE), "none");
	ASSERT_STREQ(codeinfo_get_source_name(CODE_SOURCE_GIVEN), "detached");
	ASSERT_STREQ(codeinfo_get_source_name(CODE_SOURCE_BESIDE), "beside the file");
	ASSERT_STREQ(codeinfo_get_source_name(CODE_SOURCE_DATABASE), "database");
}

TEST(flags_in_words)
{
	char text[CODE_FLAGS_TEXT_SIZE];

	code_flags_format(0, text);
	ASSERT_STREQ(text, "0x0(none)");
	code_flags_format(0x10002, text);
	ASSERT_STREQ(text, "0x10002(adhoc,runtime)");
	code_flags_format(0x40000, text);
	ASSERT_STREQ(text, "0x40000(0x40000)");
	code_flags_format(UINT32_MAX, text);
	ASSERT_STREQ(text, "0xffffffff(host,adhoc,hard,kill,expires,restrict,enforcement,"
			   "library-validation,runtime,linker-signed,0xfffcc0fc)");
}

/* What cannot be loaded has nothing to say. */
TEST(no_signature_no_info)
{
	const char *path = in_dir("none");
	_cleanup_staticcode_ StaticCode *code = NULL;
	CodeInfo *info = NULL;
	CodeProblem problem;

	write_elf(path, &(ElfKind){0});
	ASSERT_OK(staticcode_new(path, &code, &problem));
	staticcode_set_database(code, NULL);
	ASSERT_EQ(codeinfo_new(code, NULL, 0, &info, &problem), CODE_E_UNSIGNED);
	ASSERT_NULL(info);
	ASSERT_EQ(problem.code, CODE_E_UNSIGNED);
}
