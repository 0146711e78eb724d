/* SPDX-License-Identifier: Apache-2.0 */
/* Sixteen hashes at once: what libcrypto says of each. */

#include "base/random.h"
#include "codesign/digest.h"
#include "codesign/sha256lanes.h"
#include "tests/lib/unit.h"

TEST(the_same_as_one_by_one)
{
	static uint8_t data[SHA256_LANES * 16384 + 64];
	static uint8_t found[SHA256_LANES][32], expected[CODE_HASH_SIZE_MAX];

	if (!sha256_lanes_is_available())
		SKIP("this processor has no registers for it");
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)random_u64();
	for (size_t size = 64; size <= 16384; size += size < 2048 ? 64 : 1024) {
		const uint8_t *pages = data + size / 64 % 64; /* at any address */

		sha256_lanes(pages, size, found);
		for (size_t lane = 0; lane < SHA256_LANES; lane++) {
			ASSERT_OK(digest_bytes(
				CODE_HASH_SHA256, pages + lane * size, size, expected));
			ASSERT_MEMEQ(found[lane], expected, 32);
		}
	}
}

/* Each bit of a block counts, in each lane, and in no other. */
TEST(each_bit_counts)
{
	static uint8_t pages[SHA256_LANES][64];
	uint8_t found[SHA256_LANES][32], zero[CODE_HASH_SIZE_MAX], expected[CODE_HASH_SIZE_MAX];

	if (!sha256_lanes_is_available())
		SKIP("this processor has no registers for it");
	ASSERT_OK(digest_bytes(CODE_HASH_SHA256, pages, 64, zero));
	for (size_t bit = 0; bit < 512; bit++) {
		size_t lane = bit % SHA256_LANES;

		for (int half = 0; half < 2; half++) {
			pages[lane][bit / 8] ^= (uint8_t)(1 << bit % 8);
			sha256_lanes(pages[0], 64, found);
			ASSERT_OK(digest_bytes(CODE_HASH_SHA256, pages[lane], 64, expected));
			for (size_t i = 0; i < SHA256_LANES; i++)
				ASSERT_MEMEQ(found[i], i == lane ? expected : zero, 32);
			pages[lane][bit / 8] ^= (uint8_t)(1 << bit % 8);
			lane = (lane + 7) % SHA256_LANES;
		}
	}
}
