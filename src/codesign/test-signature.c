/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures as such: what hangs together is taken, and nothing else. */

#include "codesign/test-protocol.h"
#include "codesign/test-support.h"

static CodeProblem problem;

static int make_cms(void *userdata, const SignerRequest *request, uint8_t **ret, size_t *ret_size,
	CodeProblem *p)
{
	(void)request, (void)p;
	*ret = (uint8_t *)strdup(userdata);
	*ret_size = strlen(userdata);
	return *ret ? 0 : -ENOMEM;
}

static const uint8_t REQUIREMENTS[] = {0xfa, 0xde, 0x0c, 0x01, 0, 0, 0, 12, 0, 0, 0, 0};
static const SignerPart PARTS[] = {
	{.slot = CODE_SLOT_REQUIREMENTS, .data = REQUIREMENTS, .size = 12, .is_blob = true},
	{.slot = CODE_SLOT_ENTITLEMENTS, .data = "<plist/>", .size = 8},
	{.slot = CODE_SLOT_INFO, .data = "info", .size = 4, .is_external = true},
};

/* A signature of "abc" with all there is in one. To be freed. */
static uint8_t *make(SignerSpec *spec, size_t *ret_size)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	int fd = memory_file("abc", 3);
	uint8_t *data;

	ASSERT_OK(codefile_open_fd(fd, &file, &problem));
	close(fd);
	ASSERT_OK(signer_detach(spec, &file, &data, ret_size, &problem));
	return data;
}

static uint8_t *make_full(size_t *ret_size)
{
	SignerSpec spec = SUPPORT_SPEC;

	spec.team = "TEAM";
	spec.parts = PARTS;
	spec.n_parts = ARRAY_SIZE(PARTS);
	spec.hashes[0] = CODE_HASH_SHA256;
	spec.hashes[1] = CODE_HASH_SHA384;
	spec.n_hashes = 2;
	spec.sign = make_cms;
	spec.sign_userdata = (void *)"cms";
	return make(&spec, ret_size);
}

/* With the seal made anew: an attacker can do that. */
static void seal(uint8_t *data, size_t size)
{
	ASSERT_OK(digest_bytes(CODE_HASH_SHA256, data, size - 32, data + size - 32));
}

TEST(a_signature_says_what_was_asked_for)
{
	size_t size, cms_size;
	uint8_t *data = make_full(&size);
	Signature s;
	BlobView part;

	ASSERT_OK(signature_decode(data, size, &s, &problem));
	ASSERT_EQ(s.n_directories, 2);
	ASSERT_EQ(s.best, 1);
	ASSERT_EQ(signature_get_best(&s)->hash_type, CODE_HASH_SHA384);
	ASSERT_STREQ(signature_get_best(&s)->team, "TEAM");
	ASSERT_EQ(signature_get_best(&s)->flags, 0);
	ASSERT_PTR_EQ(signature_get_cdhash(&s), s.directory_hashes[1]);
	ASSERT_MEMEQ(signature_find_cms(&s, &cms_size), "cms", 3);
	ASSERT_EQ(cms_size, 3);
	ASSERT_TRUE(signature_find_part(&s, CODE_SLOT_REQUIREMENTS, &part));
	ASSERT_MEMEQ(part.data, REQUIREMENTS, sizeof(REQUIREMENTS));
	ASSERT_TRUE(signature_find_part(&s, CODE_SLOT_ENTITLEMENTS, &part));
	ASSERT_EQ(part.magic, BLOB_MAGIC_ENTITLEMENTS);
	ASSERT_FALSE(signature_find_part(&s, CODE_SLOT_INFO, &part));
	ASSERT_FALSE(signature_find_part(&s, CODE_SLOT_CMS, &part));
	ASSERT_TRUE(signature_is_part_external(&s, CODE_SLOT_INFO));
	ASSERT_FALSE(signature_is_part_external(&s, CODE_SLOT_RESOURCES));
	ASSERT_FALSE(signature_is_part_external(&s, CODE_SLOT_ENTITLEMENTS));
	ASSERT_OK(signature_check_part(&s, CODE_SLOT_INFO, "info", 4, &problem));
	ASSERT_EQ(signature_check_part(&s, CODE_SLOT_INFO, "inf0", 4, &problem), CODE_E_COMPONENT);
	ASSERT_EQ(signature_check_part(&s, CODE_SLOT_RESOURCES, "", 0, &problem), CODE_E_COMPONENT);
	free(data);
}

TEST(an_ad_hoc_signature_has_no_cms)
{
	SignerSpec spec = SUPPORT_SPEC;
	size_t size, cms_size;
	uint8_t *data = make(&spec, &size);
	Signature s;

	ASSERT_OK(signature_decode(data, size, &s, &problem));
	ASSERT_EQ(signature_get_best(&s)->flags, CODE_FLAG_ADHOC);
	ASSERT_NULL(signature_find_cms(&s, &cms_size));
	free(data);
}

TEST(no_byte_can_be_changed_unnoticed)
{
	size_t size;
	uint8_t *data = make_full(&size);
	Signature s;

	for (size_t at = 0; at < size; at++) {
		for (int bit = 0; bit < 8; bit++) {
			data[at] ^= (uint8_t)(1 << bit);
			problem = (CodeProblem){0};
			ASSERT_GT(signature_decode(data, size, &s, &problem), 0);
			ASSERT_NE(problem.text[0], 0);
			data[at] ^= (uint8_t)(1 << bit);
		}
	}
	for (size_t n = 0; n < size; n++)
		ASSERT_EQ(signature_decode(data, n, &s, &problem), CODE_E_DAMAGED);
	ASSERT_OK(signature_decode(data, size, &s, &problem));
	free(data);
}

/* Where the seal is made anew, the structure has to hold by itself: only what the hashes of the
 * CodeDirectories do not cover, and they themselves, can be changed then. */
TEST(an_attacker_can_seal_but_not_break_the_structure)
{
	size_t size;
	uint8_t *data = make_full(&size);
	Signature s;
	BlobView cms, first, second;

	ASSERT_OK(signature_decode(data, size, &s, &problem));
	ASSERT_TRUE(superblob_find(&s.super, CODE_SLOT_CMS, &cms));
	first = s.directories[0].blob;
	second = s.directories[1].blob;
	for (size_t at = 0; at < size - 32; at++) {
		const uint8_t *p = data + at;
		bool is_open = (p >= cms.data + 8 && p < cms.data + cms.size) ||
			       (p >= first.data && p < first.data + first.size) ||
			       (p >= second.data && p < second.data + second.size);

		for (int bit = 0; bit < 8; bit++) {
			data[at] ^= (uint8_t)(1 << bit);
			seal(data, size);
			ASSERT_GE(signature_decode(data, size, &s, &problem), is_open ? 0 : 1);
			data[at] ^= (uint8_t)(1 << bit);
		}
	}
	free(data);
}

/* Build one out of parts, and seal it: what is taken? */
typedef struct Piece {
	uint32_t slot;
	uint32_t magic;
	const char *payload;
} Piece;

static int decode_pieces(const SignerSpec *spec, const Piece *pieces, size_t n)
{
	_cleanup_superblob_builder_ SuperBlobBuilder b;
	_cleanup_free_ uint8_t *data = NULL, *original = NULL;
	SignerSpec copy = *spec;
	size_t size;
	Signature s;
	SuperBlob super;
	int r;

	original = make(&copy, &size);
	ASSERT_OK(superblob_decode(original, size, 0, &super));
	superblob_builder_init(&b);
	for (uint32_t i = 0; i + 1 < super.n; i++) {
		uint32_t slot;
		BlobView v = superblob_get(&super, i, &slot);

		ASSERT_OK(superblob_builder_add(&b, slot, v.data, v.size));
	}
	for (size_t i = 0; i < n; i++)
		ASSERT_OK(superblob_builder_add_payload(&b, pieces[i].slot, pieces[i].magic,
			pieces[i].payload, strlen(pieces[i].payload)));
	ASSERT_OK(signature_encode(&b, &data, &size, &problem));
	r = signature_decode(data, size, &s, &problem);
	return r;
}

TEST(parts_that_nobody_sealed_are_refused)
{
	static const Piece unsealed = {CODE_SLOT_ENTITLEMENTS, BLOB_MAGIC_ENTITLEMENTS, "<plist/>"};
	static const Piece unknown = {0x20000, BLOB_MAGIC_WRAPPER, "x"};
	static const Piece ticket = {0x10002, BLOB_MAGIC_WRAPPER, "x"};
	static const Piece cms = {CODE_SLOT_CMS, BLOB_MAGIC_WRAPPER, "cms"};
	static const Piece empty = {CODE_SLOT_CMS, BLOB_MAGIC_WRAPPER, ""};
	static const Piece odd = {CODE_SLOT_CMS, BLOB_MAGIC_REQUIREMENT, ""};
	static const Piece directory = {CODE_SLOT_ALTERNATE, BLOB_MAGIC_CODE_DIRECTORY, "short"};

	ASSERT_OK(decode_pieces(&SUPPORT_SPEC, NULL, 0));
	ASSERT_EQ(decode_pieces(&SUPPORT_SPEC, &unsealed, 1), CODE_E_COMPONENT);
	ASSERT_EQ(decode_pieces(&SUPPORT_SPEC, &unknown, 1), CODE_E_DAMAGED);
	ASSERT_EQ(decode_pieces(&SUPPORT_SPEC, &ticket, 1), CODE_E_DAMAGED);
	ASSERT_EQ(decode_pieces(&SUPPORT_SPEC, &cms, 1), CODE_E_DAMAGED); /* says it is ad hoc */
	ASSERT_OK(decode_pieces(&SUPPORT_SPEC, &empty, 1)); /* as others write it */
	ASSERT_EQ(decode_pieces(&SUPPORT_SPEC, &odd, 1), CODE_E_DAMAGED);
	ASSERT_EQ(decode_pieces(&SUPPORT_SPEC, &directory, 1), CODE_E_DAMAGED);
}

TEST(directories_that_contradict_each_other)
{
	_cleanup_superblob_builder_ SuperBlobBuilder b;
	SignerSpec other = SUPPORT_SPEC;
	size_t first_size, second_size, size;
	uint8_t *first, *second, *data;
	Signature s;
	BlobView d;
	SuperBlob super;

	first = make_full(&first_size);
	other.identifier = "org.example.other";
	second = make(&other, &second_size);
	superblob_builder_init(&b);
	ASSERT_OK(superblob_decode(second, second_size, 0, &super));
	d = superblob_get(&super, 0, NULL);
	ASSERT_OK(superblob_builder_add(&b, 0, d.data, d.size));
	/* The same hash twice. */
	ASSERT_OK(superblob_builder_add(&b, CODE_SLOT_ALTERNATE, d.data, d.size));
	ASSERT_OK(signature_encode(&b, &data, &size, &problem));
	ASSERT_EQ(signature_decode(data, size, &s, &problem), CODE_E_DAMAGED);
	ASSERT_STRSTR(problem.text, "contradict");
	free(data);
	/* Another identifier. */
	ASSERT_OK(superblob_decode(first, first_size, 0, &super));
	ASSERT_TRUE(superblob_find(&super, CODE_SLOT_ALTERNATE, &d));
	ASSERT_OK(superblob_builder_add(&b, CODE_SLOT_ALTERNATE, d.data, d.size));
	ASSERT_OK(signature_encode(&b, &data, &size, &problem));
	ASSERT_EQ(signature_decode(data, size, &s, &problem), CODE_E_DAMAGED);
	ASSERT_STRSTR(problem.text, "contradict");
	free(data);
	free(first);
	free(second);
}

TEST(a_signature_without_a_directory_or_a_seal)
{
	_cleanup_superblob_builder_ SuperBlobBuilder b;
	uint8_t *data;
	size_t size;
	Signature s;

	superblob_builder_init(&b);
	ASSERT_OK(superblob_builder_encode(&b, BLOB_MAGIC_SIGNATURE, &data, &size));
	ASSERT_EQ(signature_decode(data, size, &s, &problem), CODE_E_DAMAGED);
	ASSERT_STRSTR(problem.text, "seal");
	free(data);
	ASSERT_OK(signature_encode(&b, &data, &size, &problem));
	ASSERT_EQ(signature_decode(data, size, &s, &problem), CODE_E_DAMAGED);
	ASSERT_STRSTR(problem.text, "no CodeDirectory");
	free(data);
}

/* doc/protocol.md, byte for byte. */
TEST(the_signature_of_the_document)
{
	SignerSpec spec = {.identifier = "a", .page_shift = CODE_PAGE_SHIFT_DEFAULT};
	uint8_t expected[512];
	size_t size, n = read_example("\n## A signature", expected, sizeof(expected));
	uint8_t *data = make(&spec, &size);

	ASSERT_EQ(size, n);
	ASSERT_MEMEQ(data, expected, n);
	free(data);
}
