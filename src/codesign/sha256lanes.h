/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_SHA256LANES_H
#define PORTCULLIS_CODESIGN_SHA256LANES_H

/*
 * SHA-256 of sixteen pages at once: each has a lane of the vector registers of AVX-512, and all take
 * the same steps. Pages are hashed independently of each other, so nothing is lost by it; it is more than
 * twice as fast as one page after the other with the instructions for SHA-256, which wait for each other.
 * Where there are no such registers it is sha256pair.h, or libcrypto.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_LANES 16u

/* Whether this processor, and its system, can. */
bool sha256_lanes_is_available(void);

/* The hashes of SHA256_LANES pages of @size bytes that follow each other; @size is a multiple of 64, and
 * not 0. Only where it is available. */
void sha256_lanes(const uint8_t *pages, size_t size, uint8_t ret[SHA256_LANES][32]);

#endif
