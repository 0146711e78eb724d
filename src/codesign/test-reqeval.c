/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqeval.h"

#include "codesign/test-req.h"
#include "codesign/test-reqcert.h"
#include "object/array.h"
#include "object/dictionary.h"
#include "object/scalar.h"
#include "object/text.h"

static const uint8_t cdhash[32] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
	19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};
#define CDHASH_20 "0102030405060708090a0b0c0d0e0f1011121314"
#define CDHASH_32 CDHASH_20 "15161718191a1b1c1d1e1f20"

static bool holds(const char *text, const ReqContext *c)
{
	_cleanup_requirement_ Requirement *r = compile(text);
	bool ret;

	ASSERT_OK(requirement_evaluate(r, c, &ret));
	return ret;
}

#define ASSERT_HOLDS(text, c)                                                                      \
	do {                                                                                       \
		if (!holds((text), (c)))                                                           \
			unit_fail_here("does not hold: %s", (text));                               \
	} while (0)
#define ASSERT_FAILS(text, c)                                                                      \
	do {                                                                                       \
		if (holds((text), (c)))                                                            \
			unit_fail_here("holds: %s", (text));                                       \
	} while (0)

TEST(logic)
{
	static const ReqContext c = {0};
	/* All trees of these forms over the constants. Booleans, so & and | are `and` and `or`. */
	static const char *const constants[] = {"false", "true"};

	for (unsigned i = 0; i < 8; i++) {
		bool a = i & 1, b = i & 2, d = i & 4;
		const char *x = constants[a], *y = constants[b], *z = constants[d];
		struct {
			const char *format;
			bool expected;
		} cases[] = {
			{"%s and %s and %s", a & b & d},
			{"%s or %s or %s", a | b | d},
			{"%s and %s or %s", (a & b) | d},
			{"%s or %s and %s", a | (b & d)},
			{"(%s or %s) and %s", (a | b) & d},
			{"%s and (%s or %s)", a & (b | d)},
			{"%s and (%s and %s)", a & b & d},
			{"%s or (%s or %s)", a | b | d},
			{"!%s and %s or !%s", (!a & b) | !d},
			{"!(%s and %s) or %s", !(a & b) | d},
			{"!(%s or !(%s and %s))", !(a | !(b & d))},
			{"generic skip 99 H\"\" %s and !generic skip 99 H\"\" (%s or !%s)",
				a & !(b | !d)},
		};

		for (size_t j = 0; j < ARRAY_SIZE(cases); j++) {
			char text[128];

			snprintf(text, sizeof(text), cases[j].format, x, y, z);
			if (holds(text, &c) != cases[j].expected)
				unit_fail_here("%s", text);
		}
	}
	ASSERT_FAILS("generic false 99 H\"0102\"", &c);
	ASSERT_HOLDS("!generic false 99 H\"0102\"", &c);
	ASSERT_FAILS("generic false 1073741923 H\"\"", &c);
}

TEST(code)
{
	ReqContext c = {
		.identifier = "org.example.tool",
		.cdhash = cdhash,
		.cdhash_size = 32,
		.platform = 7,
	};

	ASSERT_HOLDS("identifier \"org.example.tool\"", &c);
	ASSERT_FAILS("identifier \"org.example.too\"", &c);
	ASSERT_FAILS("identifier \"org.example.tools\"", &c);
	ASSERT_FAILS("identifier 0x6f72672e6578616d706c652e746f6f6c00", &c);
	ASSERT_HOLDS("cdhash H\"" CDHASH_20 "\"", &c);
	ASSERT_HOLDS("cdhash H\"" CDHASH_32 "\"", &c);
	ASSERT_FAILS("cdhash H\"0002030405060708090a0b0c0d0e0f1011121314\"", &c);
	/* All of the hash, not its beginning. */
	c.cdhash_size = 20;
	ASSERT_HOLDS("cdhash H\"" CDHASH_20 "\"", &c);
	ASSERT_FAILS("cdhash H\"" CDHASH_32 "\"", &c);
	ASSERT_HOLDS("platform = 7", &c);
	ASSERT_FAILS("platform = 8", &c);
	ASSERT_FAILS("notarized or legacy", &c);
	c.is_notarized = true;
	ASSERT_HOLDS("notarized and !legacy", &c);
	c.is_legacy = true;
	ASSERT_HOLDS("legacy", &c);
	/* Without a code directory nothing is known of it, whatever else is there. */
	c.identifier = NULL;
	ASSERT_FAILS("identifier \"\" or cdhash H\"" CDHASH_20 "\" or platform = 7", &c);
}

static Object *make_info(void)
{
	_cleanup_object_ Object *info = NULL, *array = NULL, *text = NULL;

	ASSERT_OK(object_dictionary_new(&info));
	ASSERT_OK(object_array_new(&array));
	ASSERT_OK(object_string_new_z("2.10", &text));
	ASSERT_OK(object_array_add(array, text));
	ASSERT_OK(object_dictionary_set_z(info, "Version", text));
	ASSERT_OK(object_dictionary_set_z(info, "Versions", array));
	ASSERT_OK(object_dictionary_set_z(info, "org.example.yes", object_bool(true)));
	ASSERT_OK(object_dictionary_set_z(info, "no", object_bool(false)));
	return TAKE_PTR(info);
}

static void check_dictionary(const char *word, const ReqContext *c)
{
	static const struct {
		const char *text;
		bool expected;
	} cases[] = {
		{"[Version]", true},
		{"[Version] exists", true},
		{"[Version] absent", false},
		{"[Version] = \"2.10\"", true},
		{"[Version] > \"2.9\"", true},
		{"[Version] < \"2.9\"", false},
		{"[Version] = \"2\"*", true},
		{"[Version] = *\"10\"", true},
		{"[Version] ~ \".\"", true},
		{"[Versions] = \"2.10\"", true},
		{"[version]", false},
		{"[version] absent", true},
		{"[org.example.yes]", true},
		{"[org.example.yes] = true", false},
		{"[org.example.no] absent", true},
		{"[no]", false},
		{"[no] absent", false},
		{"[0xff]", false},
		{"[\"\"]", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[128];

		snprintf(text, sizeof(text), "%s%s", word, cases[i].text);
		/* A word of the language has to be put into quotes. */
		if (strstr(text, "= true"))
			stpcpy(strstr(text, "= true"), "= \"true\"");
		if (holds(text, c) != cases[i].expected)
			unit_fail_here("%s", text);
	}
}

TEST(dictionaries)
{
	_cleanup_object_ Object *info = make_info(), *text = NULL;
	ReqContext c = {.info = info};

	check_dictionary("info", &c);
	ASSERT_HOLDS("info[Version] legacy = \"2.10\"", &c);
	ASSERT_FAILS("info[Version] legacy = \"2.1\"", &c);
	ASSERT_FAILS("entitlement[Version]", &c);
	ASSERT_HOLDS("entitlement[Version] absent", &c);
	c = (ReqContext){.entitlements = info};
	check_dictionary("entitlement", &c);
	ASSERT_FAILS("info[Version]", &c);
	/* What is no dictionary has nothing in it. */
	ASSERT_OK(object_string_new_z("x", &text));
	c.info = text;
	ASSERT_FAILS("info[Version]", &c);
}

static X509 *make_leaf(void)
{
	X509 *x = test_new_x509(1);
	static const unsigned char policies[] = "\x30\x0e\x30\x05\x06\x03\x2a\x05\x01"
						"\x30\x05\x06\x03\x2a\x05\x02",
				   address[] = "\x30\x10\x81\x0e"
					       "me@example.org";
	static const unsigned char latin[] = {0x4a, 0xfc}, bmp[] = {0x26, 0x3a};
	static const unsigned char time_general[] = "\x18\x0f"
						    "20190408000000Z",
				   time_utc[] = "\x17\x0d"
						"190408000000Z",
				   time_text[] = "\x0c\x0f"
						 "20190408000000Z",
				   time_bad[] = "\x18\x0f"
						"20190408000000z",
				   time_short[] = "\x18\x20"
						  "20190408000000Z";

	test_add_subject(x, "2.5.4.3", MBSTRING_UTF8, "Example Tool", 12);
	test_add_subject(x, "2.5.4.11", MBSTRING_UTF8, "TEAM1", 5);
	test_add_subject(x, "2.5.4.11", MBSTRING_UTF8, "TEAM2", 5);
	test_add_subject(x, "2.5.4.10", V_ASN1_T61STRING, latin, 2);
	test_add_subject(x, "2.5.4.7", V_ASN1_BMPSTRING, bmp, 2);
	test_add_subject(x, "0.9.2342.19200300.100.1.1", MBSTRING_UTF8, "me", 2);
	test_add_extension(x, "1.2.3.4", "\x05\x00", 2);
	test_add_extension(x, "1.2.3.5", time_general, 17);
	test_add_extension(x, "1.2.3.6", time_utc, 15);
	test_add_extension(x, "1.2.3.7", time_text, 17);
	test_add_extension(x, "1.2.3.8", time_bad, 17);
	test_add_extension(x, "1.2.3.9", time_short, 17);
	test_add_extension(x, "1.2.3.10", "", 0);
	test_add_extension(x, "2.5.29.32", policies, 16);
	test_add_extension(x, "2.5.29.17", address, 18);
	return test_finish_x509(x);
}

static X509 *make_root(void)
{
	X509 *x = test_new_x509(2);

	test_add_subject(x, "2.5.4.3", MBSTRING_UTF8, "Example Root", 12);
	return test_finish_x509(x);
}

static const struct {
	const char *text;
	bool expected;
} certificate_cases[] = {
	{"certificate leaf[subject.CN] = \"Example Tool\"", true},
	{"certificate 0[subject.CN] = \"Example Tool\"", true},
	{"certificate -2[subject.CN] = \"Example Tool\"", true},
	{"certificate root[subject.CN] = \"Example Root\"", true},
	{"anchor[subject.CN] = \"Example Root\"", true},
	{"certificate 1[subject.CN] = \"Example Root\"", true},
	{"certificate 2[subject.CN]", false},
	{"certificate 2[subject.CN] absent", false},
	{"certificate -3[subject.CN]", false},
	{"certificate 2147483647[subject.CN]", false},
	{"certificate -2147483648[subject.CN]", false},
	{"certificate leaf[subject.CN]", true},
	{"certificate leaf[subject.CN] absent", false},
	{"certificate leaf[subject.cn]", false},
	{"certificate leaf[subject.XY]", false},
	{"certificate leaf[subject.XY] absent", false},
	{"certificate leaf[generic foo]", false},
	{"certificate leaf[generic \"\"]", false},
	{"certificate leaf[subject.C] absent", true},
	{"certificate leaf[subject.OU] = TEAM1", true},
	{"certificate leaf[subject.OU] = TEAM2", true},
	{"certificate leaf[subject.OU] = TEAM3", false},
	{"certificate leaf[subject.O] = \"J\xc3\xbc\"", true},
	{"certificate leaf[subject.L] = \"\xe2\x98\xba\"", true},
	{"certificate leaf[subject.UID] = me", true},
	{"certificate leaf[email] = \"me@example.org\"", true},
	{"certificate root[email] absent", true},
	{"certificate root[email]", false},
	{"certificate leaf[field.1.2.3.4]", true},
	{"certificate leaf[field.1.2.3.4] absent", false},
	{"certificate leaf[field.1.2.3.4] = \"\"", false},
	{"certificate leaf[field.1.2.3]", false},
	{"certificate leaf[field.1.2.3] absent", true},
	{"certificate leaf[field H\"\"]", false},
	{"certificate root[field.1.2.3.4]", false},
	{"certificate leaf[policy.1.2.5.1]", true},
	{"certificate leaf[policy.1.2.5.2]", true},
	{"certificate leaf[policy.1.2.5.3]", false},
	{"certificate leaf[policy.1.2.5.3] absent", true},
	{"certificate root[policy.1.2.5.1] absent", true},
	{"certificate leaf[timestamp.1.2.3.5] = timestamp \"20190408000000Z\"", true},
	{"certificate leaf[timestamp.1.2.3.5] < timestamp \"20190408000000Z\"", false},
	{"certificate leaf[timestamp.1.2.3.5] < timestamp \"20190408000001Z\"", true},
	{"certificate leaf[timestamp.1.2.3.6] = timestamp \"20190408000000Z\"", true},
	{"certificate leaf[timestamp.1.2.3.7] = timestamp \"20190408000000Z\"", true},
	{"certificate leaf[timestamp.1.2.3.5] absent", false},
	{"certificate leaf[timestamp.1.2.3.99] absent", true},
	{"certificate leaf[timestamp.1.2.3.99] < timestamp \"99991231235959Z\"", false},
	/* There, and no time. */
	{"certificate leaf[timestamp.1.2.3.4] absent", false},
	{"certificate leaf[timestamp.1.2.3.4] <= timestamp \"99991231235959Z\"", false},
	{"certificate leaf[timestamp.1.2.3.8] <= timestamp \"99991231235959Z\"", false},
	{"certificate leaf[timestamp.1.2.3.9] <= timestamp \"99991231235959Z\"", false},
	{"certificate leaf[timestamp.1.2.3.10] <= timestamp \"99991231235959Z\"", false},
	/* Nobody is trusted without somebody who says so. */
	{"anchor apple", false},
	{"anchor apple generic", false},
	{"anchor apple foo", false},
	{"anchor trusted", false},
	{"certificate leaf trusted", false},
	{"(foo)", false},
};

TEST(certificates)
{
	_cleanup_x509_ X509 *leaf = make_leaf(), *root = make_root();
	X509 *const chain[] = {leaf, root};
	ReqContext c = {.certificates = chain, .n_certificates = 2};

	for (size_t i = 0; i < ARRAY_SIZE(certificate_cases); i++)
		if (holds(certificate_cases[i].text, &c) != certificate_cases[i].expected)
			unit_fail_here("%s", certificate_cases[i].text);
	/* Ad hoc: no certificate has anything, nor is anything of one missing. */
	c.n_certificates = 0;
	for (size_t i = 0; i < ARRAY_SIZE(certificate_cases); i++)
		ASSERT_FAILS(certificate_cases[i].text, &c);
}

static void check_hash(
	X509 *x, const EVP_MD *md, const char *slot, const ReqContext *c, bool expected)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	char text[256], *end;
	unsigned n;

	ASSERT_EQ(X509_digest(x, md, hash, &n), 1);
	end = text + sprintf(text, "certificate %s = H\"", slot);
	for (unsigned i = 0; i < n; i++)
		end += sprintf(end, "%02x", hash[i]);
	stpcpy(end, "\"");
	if (holds(text, c) != expected)
		unit_fail_here("%s", text);
}

TEST(certificate_hashes)
{
	_cleanup_x509_ X509 *leaf = make_leaf(), *root = make_root();
	X509 *const chain[] = {leaf, root};
	ReqContext c = {.certificates = chain, .n_certificates = 2};

	check_hash(leaf, EVP_sha1(), "leaf", &c, true);
	check_hash(leaf, EVP_sha256(), "leaf", &c, true);
	check_hash(leaf, EVP_sha256(), "root", &c, false);
	check_hash(root, EVP_sha256(), "root", &c, true);
	check_hash(root, EVP_sha1(), "1", &c, true);
	check_hash(root, EVP_sha1(), "2", &c, false);
}

/* An authority that notes what it is asked. */
typedef struct Notes {
	const X509 *trusted;
	ReqAnchor kind;
	char name[16];
	unsigned n_asked;
	const char *named;
	int r;
} Notes;

static int is_anchor(void *userdata, ReqAnchor kind, ReqData name, X509 *const *certificates,
	size_t n, X509 *certificate, bool *ret)
{
	Notes *notes = userdata;

	ASSERT_EQ(n, 2);
	ASSERT_TRUE(certificate == certificates[0] || certificate == certificates[1]);
	notes->n_asked++;
	notes->kind = kind;
	memcpy(notes->name, name.p ? (const char *)name.p : "", name.n);
	notes->name[name.n] = '\0';
	*ret = certificate == notes->trusted;
	return notes->r;
}

static int find_requirement(void *userdata, ReqData name, Requirement **ret)
{
	Notes *notes = userdata;

	notes->n_asked++;
	*ret = name.n == 1 && name.p[0] == 'x' ? compile(notes->named) : NULL;
	return notes->r;
}

static const ReqAuthority authority = {is_anchor, find_requirement};

TEST(anchors)
{
	_cleanup_x509_ X509 *leaf = make_leaf(), *root = make_root();
	X509 *const chain[] = {leaf, root};
	Notes notes = {.trusted = root};
	ReqContext c = {.certificates = chain,
		.n_certificates = 2,
		.authority = &authority,
		.userdata = &notes};

	ASSERT_HOLDS("anchor apple", &c);
	ASSERT_EQ(notes.kind, REQ_ANCHOR_PLATFORM);
	ASSERT_HOLDS("anchor apple generic", &c);
	ASSERT_EQ(notes.kind, REQ_ANCHOR_PLATFORM_GENERIC);
	ASSERT_HOLDS("anchor apple vendor", &c);
	ASSERT_EQ(notes.kind, REQ_ANCHOR_NAMED);
	ASSERT_STREQ(notes.name, "vendor");
	ASSERT_FAILS("certificate leaf trusted", &c);
	ASSERT_EQ(notes.kind, REQ_ANCHOR_TRUSTED);
	ASSERT_HOLDS("certificate root trusted", &c);
	ASSERT_HOLDS("anchor trusted", &c);
	notes.trusted = leaf;
	ASSERT_FAILS("anchor apple", &c);
	ASSERT_HOLDS("anchor trusted", &c);
	notes.n_asked = 0;
	ASSERT_FAILS("certificate 5 trusted", &c);
	ASSERT_EQ(notes.n_asked, 0);
}

TEST(what_does_not_matter_is_not_asked)
{
	_cleanup_x509_ X509 *leaf = make_leaf(), *root = make_root();
	X509 *const chain[] = {leaf, root};
	Notes notes = {.trusted = root};
	ReqContext c = {.certificates = chain,
		.n_certificates = 2,
		.authority = &authority,
		.userdata = &notes};

	ASSERT_FAILS("false and anchor apple", &c);
	ASSERT_HOLDS("true or anchor apple", &c);
	ASSERT_FAILS(
		"identifier a and (anchor apple or anchor apple generic) and anchor apple", &c);
	ASSERT_HOLDS("!(false and anchor apple)", &c);
	ASSERT_EQ(notes.n_asked, 0);
	ASSERT_HOLDS("false and anchor apple or anchor apple", &c);
	ASSERT_EQ(notes.n_asked, 1);
}

TEST(trouble_is_no_answer)
{
	_cleanup_x509_ X509 *leaf = make_leaf(), *root = make_root();
	X509 *const chain[] = {leaf, root};
	Notes notes = {.trusted = root, .r = -ENOMEM};
	ReqContext c = {.certificates = chain,
		.n_certificates = 2,
		.authority = &authority,
		.userdata = &notes};
	static const char *const cases[] = {"anchor apple", "anchor trusted", "!anchor apple",
		"certificate leaf trusted", "anchor apple or true", "(y)"};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_requirement_ Requirement *r = compile(cases[i]);
		bool ret;

		ASSERT_EQ(requirement_evaluate(r, &c, &ret), -ENOMEM);
	}
}

TEST(named_requirements)
{
	Notes notes = {.named = "identifier a"};
	ReqContext c = {.identifier = "a", .authority = &authority, .userdata = &notes};

	ASSERT_HOLDS("(x)", &c);
	ASSERT_FAILS("(y)", &c);
	ASSERT_HOLDS("! (y) and (x)", &c);
	notes.named = "false";
	ASSERT_FAILS("(x)", &c);
	/* One that stands for itself is not met, and ends. */
	notes.named = "(x)";
	notes.n_asked = 0;
	ASSERT_FAILS("(x)", &c);
	ASSERT_LT(notes.n_asked, 20);
	notes.named = "(x) or (x) or (x) or (x) or (x) or (x) or (x) or (x) or (x) or (x)";
	notes.n_asked = 0;
	ASSERT_FAILS("(x) or (x) or (x) or (x) or (x) or (x) or (x) or (x) or (x) or (x)", &c);
	ASSERT_LT(notes.n_asked, 200);
}
