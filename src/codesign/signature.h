/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_SIGNATURE_H
#define PORTCULLIS_CODESIGN_SIGNATURE_H

/*
 * A signature, apart from the file that it is of: a SuperBlob in which everything hangs together.
 *
 *	slot 0			the CodeDirectory
 *	slots 1 to 11		parts that it seals: requirements, entitlements, …
 *	slots 0x1000 to 0x1004	the same CodeDirectory with other hashes
 *	slot 0x10000		CMS over the one at slot 0; none, or an empty one, if it is ad hoc
 *	CODE_SLOT_SEAL		a hash of all that precedes it
 *
 * The seal is ours. It proves nothing to an attacker, who can make one; but what nobody signed, the
 * CodeDirectory of an ad-hoc signature and the attributes outside of a CMS signature, cannot change by
 * accident. Parts that are not in a CodeDirectory have no slot.
 *
 * Whether the CMS is good, and by whom it is, is not asked here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codesign/blob.h"
#include "codesign/codedir.h"
#include "codesign/problem.h"

typedef struct Signature {
	SuperBlob super; /* borrows the bytes that it was decoded from */
	CodeDirectory directories[CODE_DIRECTORIES_MAX]; /* slot 0, 0x1000, 0x1001, … */
	/* Of each the hash of all of it, by its own algorithm. */
	uint8_t directory_hashes[CODE_DIRECTORIES_MAX][CODE_HASH_SIZE_MAX];
	uint32_t n_directories;
	uint32_t best; /* the directory with the strongest hash */
} Signature;

/* Returns 0, CODE_E_DAMAGED, CODE_E_UNSUPPORTED, CODE_E_COMPONENT or -ENOMEM. */
int signature_decode(
	const void *data, size_t size, Signature *ret, CodeProblem *problem) _warn_unused_;

/* The strongest CodeDirectory: the one by which the code is known. */
const CodeDirectory *signature_get_best(const Signature *self);

/* CODE_CDHASH_SIZE bytes of the best directory's hash, of which there may be more. */
const uint8_t *signature_get_cdhash(const Signature *self);

/* The CMS, DER-encoded, over the CodeDirectory at slot 0; NULL if the signature is ad hoc. */
const uint8_t *signature_find_cms(const Signature *self, size_t *ret_size);

/* The blob at one of the slots 1 to 11; false if there is none. */
bool signature_find_part(const Signature *self, uint32_t slot, BlobView *ret);

/* Whether the CodeDirectory seals something at @slot that the signature itself does not have: an
 * Info.plist, or the list of resources, which lie elsewhere. */
bool signature_is_part_external(const Signature *self, uint32_t slot);

/* Hold such a part against its hash. Returns 0, CODE_E_COMPONENT or -ENOMEM. */
int signature_check_part(const Signature *self, uint32_t slot, const void *data, size_t size,
	CodeProblem *problem) _warn_unused_;

/* The bytes of a part that its hash is of: what is in a wrapper, else all of the blob. */
const uint8_t *signature_get_hashed(BlobView part, size_t *ret_size);

/* Add the seal to @builder, and encode all of it. Returns 0, CODE_E_TOO_BIG or -ENOMEM. */
int signature_encode(SuperBlobBuilder *builder, uint8_t **ret, size_t *ret_size,
	CodeProblem *problem) _warn_unused_;

#endif
