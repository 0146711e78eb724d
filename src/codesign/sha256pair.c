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
#include "codesign/sha256constants.h"
#include "codesign/sha256pair.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define BLOCK 64u
#define CPUID1_ECX_NEEDED ((1u << 9) | (1u << 19)) /* SSSE3, SSE4.1 */
#define CPUID7_EBX_SHA (1u << 29)
#define TARGET __attribute__((__target__("sha,ssse3,sse4.1")))

/* One of the two messages. */
typedef struct Lane {
	__m128i abef;
	__m128i cdgh;
	__m128i w[4]; /* sixteen words of the schedule, four of which are used up in turn */
} Lane;

TARGET static inline void lane_start(Lane *l)
{
	l->abef = _mm_set_epi32((int)SHA256_START[0], (int)SHA256_START[1], (int)SHA256_START[4],
		(int)SHA256_START[5]);
	l->cdgh = _mm_set_epi32((int)SHA256_START[2], (int)SHA256_START[3], (int)SHA256_START[6],
		(int)SHA256_START[7]);
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
		__m128i k = _mm_load_si128((const __m128i *)(const void *)(SHA256_ROUNDS + 4 * i));

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
