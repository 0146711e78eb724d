/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash function of all hash tables: SipHash-1-3 (Aumasson and Bernstein's SipHash with one round
 * for each word and three to finish), keyed once for the process. What peers see of us never
 * depends on a hash value, so the short variant is enough to keep them from computing collisions.
 */

#include <endian.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "base/random.h"

static uint64_t key[2];

static void key_init(void)
{
	(void)random_bytes(key, sizeof(key)); /* cannot fail */
}

static inline uint64_t rotate_left(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate_left(v[1], 13) ^ v[0];
	v[3] = rotate_left(v[3], 16) ^ v[2];
	v[0] = rotate_left(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate_left(v[1], 17) ^ v[2];
	v[3] = rotate_left(v[3], 21) ^ v[0];
	v[2] = rotate_left(v[2], 32);
}

static inline void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

uint64_t hash_sip13(const uint64_t k[2], const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t last = (uint64_t)n << 56, word;
	uint64_t v[4] = {
		k[0] ^ UINT64_C(0x736f6d6570736575), /* the constants of the algorithm */
		k[1] ^ UINT64_C(0x646f72616e646f6d),
		k[0] ^ UINT64_C(0x6c7967656e657261),
		k[1] ^ UINT64_C(0x7465646279746573),
	};

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&word, p, 8);
		sip_word(v, le64toh(word));
	}
	for (size_t i = 0; i < n; i++)
		last |= (uint64_t)p[i] << (8 * i);
	sip_word(v, last);
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

unsigned int hash_bytes(const void *data, size_t n)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, key_init);
	return (unsigned int)hash_sip13(key, data, n);
}
