/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4) of two messages of the same length, with the instructions of x86.
 *
 * The instructions want the eight words of the state in two registers, a b e f and c d g h, highest
 * first; SHA256RNDS2 does two rounds and SHA256MSG1 and SHA256MSG2 four words of the message schedule.
 */

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/cleanup.h"
#include "codesign/sha256pair.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define BLOCK 64u
#define CPUID1_ECX_NEEDED ((1u << 9) | (1u << 19)) /* SSSE3, SSE4.1 */
#define CPUID7_EBX_SHA (1u << 29)
#define TARGET __attribute__((__target__("sha,ssse3,sse4.1")))

static const uint32_t ROUND_CONSTANTS[64] __attribute__((__aligned__(16))) = {0x428a2f98,
	0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7,
	0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
	0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3,
	0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70,
	0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
	0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee,
	0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/* a to h, as the standard numbers them. */
static const uint32_t START[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
	0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* One of the two messages. */
typedef struct Lane {
	__m128i abef;
	__m128i cdgh;
	__m128i w[4]; /* sixteen words of the schedule, four of which are used up in turn */
} Lane;

TARGET static inline void lane_start(Lane *l)
{
	l->abef = _mm_set_epi32((int)START[0], (int)START[1], (int)START[4], (int)START[5]);
	l->cdgh = _mm_set_epi32((int)START[2], (int)START[3], (int)START[6], (int)START[7]);
}

TARGET static inline void lane_load(Lane *l, const uint8_t *block)
{
	const __m128i big_endian = _mm_set_epi8(
		12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);

	for (int i = 0; i < 4; i++)
		l->w[i] = _mm_shuffle_epi8(
			_mm_loadu_si128((const __m128i *)(const void *)(block + 16 * i)),
			big_endian);
}

/* Four rounds; @i is their number, divided by four, and a constant once the loop is unrolled. */
TARGET static inline __attribute__((__always_inline__)) void lane_rounds(Lane *l, int i, __m128i k)
{
	__m128i m = _mm_add_epi32(l->w[i & 3], k);

	l->cdgh = _mm_sha256rnds2_epu32(l->cdgh, l->abef, m);
	l->abef = _mm_sha256rnds2_epu32(l->abef, l->cdgh, _mm_shuffle_epi32(m, 0x0e));
	if (i < 12) {
		__m128i next = _mm_sha256msg1_epu32(l->w[i & 3], l->w[(i + 1) & 3]);

		next = _mm_add_epi32(
			next, _mm_alignr_epi8(l->w[(i + 3) & 3], l->w[(i + 2) & 3], 4));
		l->w[i & 3] = _mm_sha256msg2_epu32(next, l->w[(i + 3) & 3]);
	}
}

TARGET static inline __attribute__((__always_inline__)) void two_blocks(
	Lane *x, Lane *y, const uint8_t *a, const uint8_t *b)
{
	__m128i x_abef = x->abef, x_cdgh = x->cdgh, y_abef = y->abef, y_cdgh = y->cdgh;

	lane_load(x, a);
	lane_load(y, b);
#pragma GCC unroll 16
	for (int i = 0; i < 16; i++) {
		__m128i k = _mm_load_si128(
			(const __m128i *)(const void *)(ROUND_CONSTANTS + 4 * i));

		lane_rounds(x, i, k);
		lane_rounds(y, i, k);
	}
	x->abef = _mm_add_epi32(x->abef, x_abef);
	x->cdgh = _mm_add_epi32(x->cdgh, x_cdgh);
	y->abef = _mm_add_epi32(y->abef, y_abef);
	y->cdgh = _mm_add_epi32(y->cdgh, y_cdgh);
}

TARGET static inline void lane_finish(const Lane *l, uint8_t ret[32])
{
	uint32_t s[8]; /* f e b a, h g d c */
	static const uint8_t order[8] = {3, 2, 7, 6, 1, 0, 5, 4};

	_mm_storeu_si128((__m128i *)(void *)s, l->abef);
	_mm_storeu_si128((__m128i *)(void *)(s + 4), l->cdgh);
	for (int i = 0; i < 8; i++) {
		uint32_t v = __builtin_bswap32(s[order[i]]);

		memcpy(ret + 4 * i, &v, 4);
	}
}

TARGET void sha256_pair(
	const uint8_t *a, const uint8_t *b, size_t size, uint8_t ret_a[32], uint8_t ret_b[32])
{
	uint8_t last[BLOCK] = {0x80}; /* the same for both, as they are of the same length */
	uint64_t bits = __builtin_bswap64((uint64_t)size * 8);
	Lane x, y;

	assert(size > 0 && size % BLOCK == 0);
	memcpy(last + BLOCK - sizeof(bits), &bits, sizeof(bits));
	lane_start(&x);
	lane_start(&y);
	for (size_t at = 0; at < size; at += BLOCK)
		two_blocks(&x, &y, a + at, b + at);
	two_blocks(&x, &y, last, last);
	lane_finish(&x, ret_a);
	lane_finish(&y, ret_b);
}

static bool ask_processor(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & CPUID1_ECX_NEEDED) != CPUID1_ECX_NEEDED)
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & CPUID7_EBX_SHA);
}

/* In a virtual machine the question goes to the hypervisor, which takes longer than hashing a page. */
bool sha256_pair_is_available(void)
{
	enum { UNKNOWN, NO, YES };
	static _Atomic int known = UNKNOWN;
	int answer = atomic_load_explicit(&known, memory_order_relaxed);

	if (answer == UNKNOWN) {
		answer = ask_processor() ? YES : NO;
		atomic_store_explicit(&known, answer, memory_order_relaxed);
	}
	return answer == YES;
}

#else

bool sha256_pair_is_available(void)
{
	return false;
}

_noreturn_ void sha256_pair(
	const uint8_t *a, const uint8_t *b, size_t size, uint8_t ret_a[32], uint8_t ret_b[32])
{
	(void)a, (void)b, (void)size, (void)ret_a, (void)ret_b;
	assert(!"it is not available");
	__builtin_unreachable();
}

#endif
