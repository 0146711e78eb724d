/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures: signature.h says what they consist of.
 *
 * The seal is checked first, so that whatever else is found to be wrong was made so by whoever signed.
 */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "codesign/signature.h"

#define SEAL_HASH CODE_HASH_SHA256
#define SEAL_SIZE 32u

static int check_seal(const SuperBlob *super, CodeProblem *problem)
{
	uint8_t hash[CODE_HASH_SIZE_MAX];
	const uint8_t *sealed;
	uint32_t slot = 0;
	BlobView seal = BLOB_VIEW_NULL;
	size_t size = 0;
	int r;

	if (super->n > 0) {
		seal = superblob_get(super, super->n - 1, &slot);
		sealed = blob_get_payload(seal, &size);
	}
	if (slot != CODE_SLOT_SEAL || seal.magic != BLOB_MAGIC_WRAPPER || size != SEAL_SIZE)
		return code_problem(problem, CODE_E_DAMAGED, "the signature has no seal");
	r = digest_bytes(SEAL_HASH, super->blob.data, super->blob.size - SEAL_SIZE, hash);
	if (r < 0)
		return error_trace(r);
	if (memcmp(hash, sealed, SEAL_SIZE) != 0)
		return code_problem(problem, CODE_E_DAMAGED,
			"the signature itself was changed: its seal does not match");
	return 0;
}

static bool is_directory_slot(uint32_t slot)
{
	return slot == CODE_SLOT_DIRECTORY ||
	       (slot >= CODE_SLOT_ALTERNATE && slot <= CODE_SLOT_ALTERNATE_MAX);
}

static int add_directory(Signature *s, uint32_t slot, BlobView blob, CodeProblem *problem)
{
	uint32_t i = s->n_directories;
	CodeDirectory *d = &s->directories[i];
	int r;

	assert(i < CODE_DIRECTORIES_MAX); /* there are no more slots, and each is there once */
	if (slot != (i == 0 ? CODE_SLOT_DIRECTORY : CODE_SLOT_ALTERNATE + i - 1))
		return code_problem(problem, CODE_E_DAMAGED, "the signature lacks a CodeDirectory");
	r = codedir_decode(blob.data, blob.size, d, problem);
	if (r != 0)
		return r;
	r = codedir_hash(d, s->directory_hashes[i]);
	if (r < 0)
		return error_trace(r);
	s->n_directories++;
	if (d->hash_size > s->directories[s->best].hash_size)
		s->best = i;
	return 0;
}

/* Sort the blobs by what they are, and refuse what we do not know. */
static int sort_blobs(Signature *s, CodeProblem *problem)
{
	for (uint32_t i = 0; i < s->super.n; i++) {
		uint32_t slot;
		BlobView blob = superblob_get(&s->super, i, &slot);
		int r;

		if (is_directory_slot(slot)) {
			r = add_directory(s, slot, blob, problem);
			if (r != 0)
				return r;
		} else if (slot == CODE_SLOT_CMS) {
			if (blob.magic != BLOB_MAGIC_WRAPPER)
				return code_problem(problem, CODE_E_DAMAGED,
					"the CMS of the signature is none");
		} else if (slot > CODE_SLOT_SPECIAL_MAX && slot != CODE_SLOT_SEAL) {
			return code_problem(problem, CODE_E_DAMAGED,
				"the signature has a part with the unknown number %#" PRIx32, slot);
		}
	}
	if (s->n_directories == 0)
		return code_problem(problem, CODE_E_DAMAGED, "the signature has no CodeDirectory");
	return 0;
}

static bool is_same_text(const char *a, const char *b)
{
	return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

/* All CodeDirectories must say the same, in hashes of different kinds. */
static int compare_directories(const Signature *s, CodeProblem *problem)
{
	const CodeDirectory *a = &s->directories[0];

	for (uint32_t i = 1; i < s->n_directories; i++) {
		const CodeDirectory *b = &s->directories[i];
		bool is_same = strcmp(a->identifier, b->identifier) == 0 &&
			       is_same_text(a->team, b->team) && a->flags == b->flags &&
			       a->platform == b->platform && a->code_limit == b->code_limit &&
			       a->exec_base == b->exec_base && a->exec_limit == b->exec_limit &&
			       a->exec_flags == b->exec_flags && a->runtime == b->runtime;

		for (uint32_t slot = 1; slot <= CODE_SLOT_SPECIAL_MAX; slot++)
			is_same = is_same && !codedir_find_special_hash(a, slot) ==
						     !codedir_find_special_hash(b, slot);
		for (uint32_t k = 0; k < i; k++)
			is_same = is_same && s->directories[k].hash_type != b->hash_type;
		if (!is_same)
			return code_problem(problem, CODE_E_DAMAGED,
				"the CodeDirectories of the signature contradict each other");
	}
	return 0;
}

const uint8_t *signature_get_hashed(BlobView part, size_t *ret_size)
{
	if (part.magic == BLOB_MAGIC_WRAPPER)
		return blob_get_payload(part, ret_size);
	*ret_size = part.size;
	return part.data;
}

int signature_check_part(
	const Signature *self, uint32_t slot, const void *data, size_t size, CodeProblem *problem)
{
	for (uint32_t i = 0; i < self->n_directories; i++) {
		const CodeDirectory *d = &self->directories[i];
		const uint8_t *sealed = codedir_find_special_hash(d, slot);
		uint8_t hash[CODE_HASH_SIZE_MAX];
		int r;

		if (!sealed)
			return code_problem(problem, CODE_E_COMPONENT,
				"part %" PRIu32 " of the signature is not sealed by it", slot);
		r = digest_bytes(d->hash_type, data, size, hash);
		if (r < 0)
			return error_trace(r);
		if (memcmp(hash, sealed, d->hash_size) != 0)
			return code_problem(problem, CODE_E_COMPONENT,
				"part %" PRIu32 " of the signature is not what was sealed", slot);
	}
	return 0;
}

bool signature_is_part_external(const Signature *self, uint32_t slot)
{
	BlobView part;

	return (slot == CODE_SLOT_INFO || slot == CODE_SLOT_RESOURCES) &&
	       codedir_find_special_hash(&self->directories[0], slot) &&
	       !superblob_find(&self->super, slot, &part);
}

static int check_parts(const Signature *s, CodeProblem *problem)
{
	for (uint32_t slot = 1; slot <= CODE_SLOT_SPECIAL_MAX; slot++) {
		BlobView part;
		const uint8_t *data;
		size_t size;
		int r;

		if (superblob_find(&s->super, slot, &part)) {
			data = signature_get_hashed(part, &size);
			r = signature_check_part(s, slot, data, size, problem);
			if (r != 0)
				return r;
		} else if (codedir_find_special_hash(&s->directories[0], slot) &&
			   !signature_is_part_external(s, slot)) {
			return code_problem(problem, CODE_E_COMPONENT,
				"part %" PRIu32 " of the signature is missing", slot);
		}
	}
	return 0;
}

const uint8_t *signature_find_cms(const Signature *self, size_t *ret_size)
{
	const uint8_t *cms;
	BlobView blob;

	if (!superblob_find(&self->super, CODE_SLOT_CMS, &blob))
		return NULL;
	cms = blob_get_payload(blob, ret_size);
	return *ret_size > 0 ? cms : NULL;
}

static int check_cms(const Signature *s, CodeProblem *problem)
{
	bool is_adhoc = s->directories[0].flags & CODE_FLAG_ADHOC;
	size_t size;

	if (!is_adhoc == (signature_find_cms(s, &size) != NULL))
		return 0;
	return code_problem(problem, CODE_E_DAMAGED,
		is_adhoc ? "the signature says that it is ad hoc, but has a CMS"
			 : "the signature has no CMS, and does not say that it is ad hoc");
}

int signature_decode(const void *data, size_t size, Signature *ret, CodeProblem *problem)
{
	Signature s = {0};
	int r;

	if (superblob_decode(data, size, BLOB_MAGIC_SIGNATURE, &s.super) != 0)
		return code_problem(problem, CODE_E_DAMAGED,
			"the signature is no SuperBlob, or its parts do not fill it exactly");
	r = check_seal(&s.super, problem);
	if (r == 0)
		r = sort_blobs(&s, problem);
	if (r == 0)
		r = compare_directories(&s, problem);
	if (r == 0)
		r = check_parts(&s, problem);
	if (r == 0)
		r = check_cms(&s, problem);
	if (r == 0)
		*ret = s;
	return r;
}

const CodeDirectory *signature_get_best(const Signature *self)
{
	return &self->directories[self->best];
}

const uint8_t *signature_get_cdhash(const Signature *self)
{
	return self->directory_hashes[self->best];
}

bool signature_find_part(const Signature *self, uint32_t slot, BlobView *ret)
{
	return slot > 0 && slot <= CODE_SLOT_SPECIAL_MAX && superblob_find(&self->super, slot, ret);
}

int signature_encode(
	SuperBlobBuilder *builder, uint8_t **ret, size_t *ret_size, CodeProblem *problem)
{
	static const uint8_t zeros[SEAL_SIZE];
	_cleanup_free_ uint8_t *data = NULL;
	size_t size;
	int r;

	r = superblob_builder_add_payload(
		builder, CODE_SLOT_SEAL, BLOB_MAGIC_WRAPPER, zeros, sizeof(zeros));
	if (r == 0)
		r = superblob_builder_encode(builder, BLOB_MAGIC_SIGNATURE, &data, &size);
	if (r > 0)
		return code_problem(problem, CODE_E_TOO_BIG, "the signature is too large");
	if (r == 0)
		r = digest_bytes(SEAL_HASH, data, size - SEAL_SIZE, data + size - SEAL_SIZE);
	if (r < 0)
		return error_trace(r);
	*ret = TAKE_PTR(data);
	*ret_size = size;
	return 0;
}
