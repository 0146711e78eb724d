/* SPDX-License-Identifier: Apache-2.0 */
/* Two hashes at once: what libcrypto says of each. */

#include "base/random.h"
#include "codesign/digest.h"
#include "codesign/sha256pair.h"
#include "tests/lib/unit.h"

TEST(the_same_as_one_by_one)
{
	static uint8_t data[2][65536 + 16];
	uint8_t found[2][32], expected[CODE_HASH_SIZE_MAX];

	if (!sha256_pair_is_available())
		SKIP("this processor has no instructions for it");
	for (size_t i = 0; i < sizeof(data); i++)
		data[i % 2][i / 2] = (uint8_t)random_u64();
	for (size_t size = 64; size <= 65536; size += size < 4096 ? 64 : 4096) {
		size_t shift = size / 64 % 16; /* at any address */

		sha256_pair(data[0] + shift, data[1] + 15 - shift, size, found[0], found[1]);
		ASSERT_OK(digest_bytes(CODE_HASH_SHA256, data[0] + shift, size, expected));
		ASSERT_MEMEQ(found[0], expected, 32);
		ASSERT_OK(digest_bytes(CODE_HASH_SHA256, data[1] + 15 - shift, size, expected));
		ASSERT_MEMEQ(found[1], expected, 32);
	}
}

/* Each bit of a block counts, in both lanes. */
TEST(each_bit_counts)
{
	uint8_t block[2][64] = {{0}}, zero[32], found[2][32], expected[CODE_HASH_SIZE_MAX];

	if (!sha256_pair_is_available())
		SKIP("this processor has no instructions for it");
	sha256_pair(block[0], block[1], 64, zero, found[1]);
	ASSERT_MEMEQ(zero, found[1], 32);
	for (size_t bit = 0; bit < 512; bit++) {
		block[0][bit / 8] ^= (uint8_t)(1 << bit % 8);
		sha256_pair(block[0], block[1], 64, found[0], found[1]);
		ASSERT_OK(digest_bytes(CODE_HASH_SHA256, block[0], 64, expected));
		ASSERT_MEMEQ(found[0], expected, 32);
		ASSERT_MEMEQ(found[1], zero, 32);
		sha256_pair(block[1], block[0], 64, found[0], found[1]);
		ASSERT_MEMEQ(found[1], expected, 32);
		ASSERT_MEMEQ(found[0], zero, 32);
		block[0][bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
