/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_DIGEST_H
#define PORTCULLIS_CODESIGN_DIGEST_H

/*
 * The hashes of CodeDirectories, by the lineage's numbers. We make and take SHA-256 and SHA-384 only:
 * no file is trusted for its SHA-1, or for a hash that was cut before it was compared.
 *
 * A Digest hashes many pieces one after the other, without allocating for each; one thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

typedef enum CodeHash {
	CODE_HASH_NONE = 0,
	CODE_HASH_SHA1 = 1,
	CODE_HASH_SHA256 = 2,
	CODE_HASH_SHA256_CUT = 3,
	CODE_HASH_SHA384 = 4,
	CODE_HASH_SHA512 = 5,
} CodeHash;

#define CODE_HASH_SIZE_MAX 48u
/* What the lineage calls a cdhash: the first bytes of a hash. */
#define CODE_CDHASH_SIZE 20u

/* Whether signatures with it are made and taken. */
bool code_hash_is_supported(unsigned type);

/* Bytes of a hash of a supported type. */
size_t code_hash_get_size(CodeHash type);

/* "sha256", "sha384"; "unknown" for others. */
const char *code_hash_get_name(unsigned type);

typedef struct Digest Digest;

/* Returns 0 or -ENOMEM, as all of these do: libcrypto fails for no other reason. */
int digest_new(CodeHash type, Digest **ret) _warn_unused_;
Digest *digest_free(Digest *self);
int digest_start(Digest *self) _warn_unused_;
int digest_update(Digest *self, const void *data, size_t size) _warn_unused_;
/* Writes code_hash_get_size() bytes. A start follows before anything else. */
int digest_finish(Digest *self, uint8_t *ret) _warn_unused_;

static inline void digest_freep(Digest **p)
{
	*p = digest_free(*p);
}
#define _cleanup_digest_ _cleanup_(digest_freep)

/* Start, update and finish. */
int digest_whole(Digest *self, const void *data, size_t size, uint8_t *ret) _warn_unused_;

/* The same without a Digest. */
int digest_bytes(CodeHash type, const void *data, size_t size, uint8_t *ret) _warn_unused_;

#endif
