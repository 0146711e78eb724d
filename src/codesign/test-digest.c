/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes: the vectors of FIPS 180, in one piece and in several. */

#include "codesign/digest.h"
#include "tests/lib/unit.h"

static const uint8_t ABC_256[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
	0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10,
	0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
static const uint8_t ABC_384_HEAD[] = {0xcb, 0x00, 0x75, 0x3f, 0x45, 0xa3, 0x5e, 0x8b};

TEST(known_hashes)
{
	uint8_t hash[CODE_HASH_SIZE_MAX];

	ASSERT_OK(digest_bytes(CODE_HASH_SHA256, "abc", 3, hash));
	ASSERT_MEMEQ(hash, ABC_256, sizeof(ABC_256));
	ASSERT_OK(digest_bytes(CODE_HASH_SHA384, "abc", 3, hash));
	ASSERT_MEMEQ(hash, ABC_384_HEAD, sizeof(ABC_384_HEAD));
}

TEST(one_digest_hashes_many_pieces)
{
	Digest *digest = NULL;
	uint8_t hash[CODE_HASH_SIZE_MAX];

	ASSERT_OK(digest_new(CODE_HASH_SHA256, &digest));
	for (int i = 0; i < 3; i++) {
		ASSERT_OK(digest_start(digest));
		ASSERT_OK(digest_update(digest, "a", 1));
		ASSERT_OK(digest_update(digest, NULL, 0));
		ASSERT_OK(digest_update(digest, "bc", 2));
		ASSERT_OK(digest_finish(digest, hash));
		ASSERT_MEMEQ(hash, ABC_256, sizeof(ABC_256));
		ASSERT_OK(digest_whole(digest, "abc", 3, hash));
		ASSERT_MEMEQ(hash, ABC_256, sizeof(ABC_256));
	}
	ASSERT_NULL(digest_free(digest));
	ASSERT_NULL(digest_free(NULL));
}

TEST(only_two_are_supported)
{
	for (unsigned type = 0; type < 256; type++)
		ASSERT_EQ(code_hash_is_supported(type),
			type == CODE_HASH_SHA256 || type == CODE_HASH_SHA384);
	ASSERT_EQ(code_hash_get_size(CODE_HASH_SHA256), 32);
	ASSERT_EQ(code_hash_get_size(CODE_HASH_SHA384), 48);
	ASSERT_STREQ(code_hash_get_name(CODE_HASH_NONE), "none");
	ASSERT_STREQ(code_hash_get_name(CODE_HASH_SHA1), "sha1");
	ASSERT_STREQ(code_hash_get_name(CODE_HASH_SHA256), "sha256");
	ASSERT_STREQ(code_hash_get_name(CODE_HASH_SHA256_CUT), "sha256-truncated");
	ASSERT_STREQ(code_hash_get_name(CODE_HASH_SHA384), "sha384");
	ASSERT_STREQ(code_hash_get_name(CODE_HASH_SHA512), "sha512");
	ASSERT_STREQ(code_hash_get_name(77), "unknown");
}
