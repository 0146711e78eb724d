/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4) of sixteen messages of the same length.
 *
 * A vector has the same word of sixteen messages. The standard's functions of three words are one
 * instruction each, which is told by a table of eight bits what to make of three. What is read are
 * sixteen lines, one of each message; they are turned into sixteen vectors of one word of each.
 */

#include <assert.h>
#include <string.h>

#include "base/cleanup.h"
#include "codesign/sha256constants.h"
#include "codesign/sha256lanes.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define BLOCK 64u
/* gcc 12's AddressSanitizer keeps locals on a stack of its own that is not aligned for these. */
#ifdef __SANITIZE_ADDRESS__
#define TARGET __attribute__((__target__("avx512f"), __no_sanitize_address__))
#else
#define TARGET __attribute__((__target__("avx512f")))
#endif
#define INLINE static inline __attribute__((__always_inline__))

/* Bit i of the number is the result for a, b and c, as i is 4a + 2b + c. */
#define XOR3(a, b, c) _mm512_ternarylogic_epi32((a), (b), (c), 0x96)
#define CHOOSE(a, b, c) _mm512_ternarylogic_epi32((a), (b), (c), 0xca)
#define MAJORITY(a, b, c) _mm512_ternarylogic_epi32((a), (b), (c), 0xe8)
#define ADD(a, b) _mm512_add_epi32((a), (b))
#define ROTATE(a, n) _mm512_ror_epi32((a), (n))
#define SHIFT(a, n) _mm512_srli_epi32((a), (n))

/* Row i is a block of message i; column t becomes word t of all. First within squares of four by four
 * words, then the squares. */
TARGET INLINE void transpose(const uint8_t *p, size_t stride, __m512i w[16])
{
	__m512i rows[16], pairs[16];

	for (int i = 0; i < 16; i++)
		rows[i] = _mm512_loadu_si512(p + (size_t)i * stride);
	for (int i = 0; i < 16; i += 2) {
		pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
		pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
	}
	for (int i = 0; i < 16; i += 4) {
		rows[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
		rows[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
		rows[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
		rows[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
	}
	for (int c = 0; c < 4; c++) {
		__m512i even_low = _mm512_shuffle_i32x4(rows[c], rows[4 + c], 0x88);
		__m512i odd_low = _mm512_shuffle_i32x4(rows[c], rows[4 + c], 0xdd);
		__m512i even_high = _mm512_shuffle_i32x4(rows[8 + c], rows[12 + c], 0x88);
		__m512i odd_high = _mm512_shuffle_i32x4(rows[8 + c], rows[12 + c], 0xdd);

		w[c] = _mm512_shuffle_i32x4(even_low, even_high, 0x88);
		w[4 + c] = _mm512_shuffle_i32x4(odd_low, odd_high, 0x88);
		w[8 + c] = _mm512_shuffle_i32x4(even_low, even_high, 0xdd);
		w[12 + c] = _mm512_shuffle_i32x4(odd_low, odd_high, 0xdd);
	}
}

/* Each word from the order of the message to that of the processor. */
TARGET INLINE void swap_bytes(__m512i w[16])
{
	const __m512i odd_bytes = _mm512_set1_epi32(0x00ff00ff);

	for (int i = 0; i < 16; i++)
		w[i] = _mm512_ternarylogic_epi32(
			odd_bytes, ROTATE(w[i], 8), ROTATE(w[i], 24), 0xac);
}

/* Word @t of the schedule, in the place of the one sixteen before. */
TARGET INLINE void extend(__m512i w[16], int t)
{
	__m512i x = w[(t + 1) & 15], y = w[(t + 14) & 15];
	__m512i s0 = XOR3(ROTATE(x, 7), ROTATE(x, 18), SHIFT(x, 3));
	__m512i s1 = XOR3(ROTATE(y, 17), ROTATE(y, 19), SHIFT(y, 10));

	w[t & 15] = ADD(ADD(w[t & 15], s0), ADD(w[(t + 9) & 15], s1));
}

/* A round does not move the words of the state: @t says where each is. */
TARGET INLINE void round_of(__m512i s[8], __m512i word, int t)
{
	__m512i a = s[-t & 7], b = s[(1 - t) & 7], c = s[(2 - t) & 7];
	__m512i e = s[(4 - t) & 7], f = s[(5 - t) & 7], g = s[(6 - t) & 7];
	__m512i s1 = XOR3(ROTATE(e, 6), ROTATE(e, 11), ROTATE(e, 25));
	__m512i s0 = XOR3(ROTATE(a, 2), ROTATE(a, 13), ROTATE(a, 22));
	__m512i k = _mm512_set1_epi32((int)SHA256_ROUNDS[t]);
	__m512i t1 = ADD(ADD(ADD(s[(7 - t) & 7], k), word), ADD(s1, CHOOSE(e, f, g)));

	s[(3 - t) & 7] = ADD(s[(3 - t) & 7], t1);
	s[(7 - t) & 7] = ADD(t1, ADD(s0, MAJORITY(a, b, c)));
}

/* One block of each message. */
TARGET static void hash_blocks(__m512i state[8], const uint8_t *p, size_t stride)
{
	__m512i w[16], s[8];

	transpose(p, stride, w);
	swap_bytes(w);
	for (int i = 0; i < 8; i++)
		s[i] = state[i];
#pragma GCC unroll 64
	for (int t = 0; t < 64; t++) {
		if (t >= 16)
			extend(w, t);
		round_of(s, w[t & 15], t);
	}
	for (int i = 0; i < 8; i++)
		state[i] = ADD(state[i], s[i]);
}

TARGET void sha256_lanes(const uint8_t *pages, size_t size, uint8_t ret[SHA256_LANES][32])
{
	uint8_t last[BLOCK] = {0x80}; /* the same for all, as they are of the same length */
	uint64_t bits = __builtin_bswap64((uint64_t)size * 8);
	uint32_t words[SHA256_LANES];
	__m512i state[8];

	assert(size > 0 && size % BLOCK == 0);
	memcpy(last + BLOCK - sizeof(bits), &bits, sizeof(bits));
	for (int i = 0; i < 8; i++)
		state[i] = _mm512_set1_epi32((int)SHA256_START[i]);
	for (size_t at = 0; at < size; at += BLOCK)
		hash_blocks(state, pages + at, size);
	hash_blocks(state, last, 0);
	for (int i = 0; i < 8; i++) {
		_mm512_storeu_si512(words, state[i]);
		for (unsigned lane = 0; lane < SHA256_LANES; lane++) {
			uint32_t v = __builtin_bswap32(words[lane]);

			memcpy(ret[lane] + 4 * i, &v, sizeof(v));
		}
	}
}

bool sha256_lanes_is_available(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx512f");
}

#else

bool sha256_lanes_is_available(void)
{
	return false;
}

_noreturn_ void sha256_lanes(const uint8_t *pages, size_t size, uint8_t ret[SHA256_LANES][32])
{
	(void)pages, (void)size, (void)ret;
	assert(!"it is not available");
	__builtin_unreachable();
}

#endif
