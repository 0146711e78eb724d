/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes, by libcrypto. An algorithm is fetched once in a process and kept: looking it up takes longer
 * than hashing a small page does.
 */

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/error.h"
#include "codesign/digest.h"

struct Digest {
	CodeHash type;
	const EVP_MD *md; /* one of `kept` */
	EVP_MD_CTX *context;
};

/* SHA-256 and SHA-384, once they were asked for; never freed. */
static _Atomic(EVP_MD *) kept[2];

bool code_hash_is_supported(unsigned type)
{
	return type == CODE_HASH_SHA256 || type == CODE_HASH_SHA384;
}

size_t code_hash_get_size(CodeHash type)
{
	assert(code_hash_is_supported(type));
	return type == CODE_HASH_SHA384 ? 48 : 32;
}

const char *code_hash_get_name(unsigned type)
{
	switch (type) {
	case CODE_HASH_NONE:
		return "none";
	case CODE_HASH_SHA1:
		return "sha1";
	case CODE_HASH_SHA256:
		return "sha256";
	case CODE_HASH_SHA256_CUT:
		return "sha256-truncated";
	case CODE_HASH_SHA384:
		return "sha384";
	case CODE_HASH_SHA512:
		return "sha512";
	default:
		return "unknown";
	}
}

/* NULL: no memory. */
static const EVP_MD *find_algorithm(CodeHash type)
{
	_Atomic(EVP_MD *) *place = &kept[type == CODE_HASH_SHA384];
	EVP_MD *md = atomic_load(place), *before = NULL;

	if (md)
		return md;
	md = EVP_MD_fetch(NULL, type == CODE_HASH_SHA384 ? "SHA384" : "SHA256", NULL);
	if (!md)
		return NULL;
	if (atomic_compare_exchange_strong(place, &before, md))
		return md;
	EVP_MD_free(md); /* another thread was first */
	return before;
}

int digest_new(CodeHash type, Digest **ret)
{
	_cleanup_digest_ Digest *self = alloc_zero(sizeof(*self));

	if (!self)
		return error_origin(-ENOMEM);
	assert(code_hash_is_supported(type));
	self->type = type;
	self->md = find_algorithm(type);
	self->context = EVP_MD_CTX_new();
	if (!self->md || !self->context)
		return error_origin(-ENOMEM);
	*ret = TAKE_PTR(self);
	return 0;
}

Digest *digest_free(Digest *self)
{
	if (self) {
		EVP_MD_CTX_free(self->context);
		free(self);
	}
	return NULL;
}

int digest_start(Digest *self)
{
	return EVP_DigestInit_ex2(self->context, self->md, NULL) == 1 ? 0 : error_origin(-ENOMEM);
}

int digest_update(Digest *self, const void *data, size_t size)
{
	return EVP_DigestUpdate(self->context, data, size) == 1 ? 0 : error_origin(-ENOMEM);
}

int digest_finish(Digest *self, uint8_t *ret)
{
	unsigned size = 0;

	if (EVP_DigestFinal_ex(self->context, ret, &size) != 1)
		return error_origin(-ENOMEM);
	assert(size == code_hash_get_size(self->type));
	return 0;
}

int digest_whole(Digest *self, const void *data, size_t size, uint8_t *ret)
{
	int r = digest_start(self);

	if (r == 0)
		r = digest_update(self, data, size);
	if (r == 0)
		r = digest_finish(self, ret);
	return r;
}

int digest_bytes(CodeHash type, const void *data, size_t size, uint8_t *ret)
{
	_cleanup_digest_ Digest *digest = NULL;
	int r = digest_new(type, &digest);

	return r == 0 ? digest_whole(digest, data, size, ret) : r;
}
