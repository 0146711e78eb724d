/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_SHA256PAIR_H
#define PORTCULLIS_CODESIGN_SHA256PAIR_H

/*
 * SHA-256 of two pages at once. The rounds of one hash wait for each other, and the processor for
 * them: the instructions of x86 for SHA-256 could start twice as often. Pages are hashed independently
 * of each other, so the rounds of two of them are taken in turn. Only where there are these
 * instructions; elsewhere libcrypto hashes one page after the other.
 *
 * All of it is public data, so nothing is said about timing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether this processor can. */
bool sha256_pair_is_available(void);

/* The hashes of @size bytes at @a and @size at @b; @size is a multiple of 64, and not 0. Only where it is
 * available. */
void sha256_pair(
	const uint8_t *a, const uint8_t *b, size_t size, uint8_t ret_a[32], uint8_t ret_b[32]);

#endif
