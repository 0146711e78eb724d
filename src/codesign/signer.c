/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing, in three steps: a copy of the file is made ready, a signature is made of it, and the copy
 * with the signature takes the file's place. The hashes are of what was written to the copy, so that
 * they cannot be of anything else.
 */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "codesign/container.h"
#include "codesign/replace.h"
#include "codesign/signer.h"

/* A signature that is being made. */
typedef struct Making {
	const SignerSpec *spec;
	const CodeFile *file;
	CodeDirectorySpec directory; /* what all CodeDirectories have in common */
	SuperBlobBuilder builder;
	SuperBlobBuilder externals; /* of these only the hashes are used */
	uint8_t *directories[SIGNER_HASHES_MAX]; /* owned */
	CodeDirectory decoded[SIGNER_HASHES_MAX];
	uint8_t hashes[SIGNER_HASHES_MAX][CODE_HASH_SIZE_MAX];
} Making;

static void making_deinit(Making *m)
{
	superblob_builder_deinit(&m->builder);
	superblob_builder_deinit(&m->externals);
	for (size_t i = 0; i < ARRAY_SIZE(m->directories); i++)
		free(m->directories[i]);
	*m = (Making){0};
}
#define _cleanup_making_ _cleanup_(making_deinit)

static uint32_t magic_of_slot(uint32_t slot)
{
	switch (slot) {
	case CODE_SLOT_ENTITLEMENTS:
		return BLOB_MAGIC_ENTITLEMENTS;
	case CODE_SLOT_ENTITLEMENTS_DER:
		return BLOB_MAGIC_ENTITLEMENTS_DER;
	default:
		return BLOB_MAGIC_WRAPPER;
	}
}

static uint32_t count_hashes(const SignerSpec *spec)
{
	return MAX(spec->n_hashes, 1u);
}

static int add_part(Making *m, const SignerPart *part, CodeProblem *problem)
{
	SuperBlobBuilder *to = part->is_external ? &m->externals : &m->builder;
	int r;

	if (part->slot == 0 || part->slot > CODE_SLOT_SPECIAL_MAX ||
		(part->is_external && part->slot != CODE_SLOT_INFO &&
			part->slot != CODE_SLOT_RESOURCES))
		return code_problem(problem, CODE_E_PARAMETER,
			"a signature can have no part %" PRIu32 " there", part->slot);
	if (part->is_blob)
		r = superblob_builder_add(to, part->slot, part->data, part->size);
	else
		r = superblob_builder_add_payload(
			to, part->slot, magic_of_slot(part->slot), part->data, part->size);
	if (r > 0)
		return code_problem(problem, CODE_E_PARAMETER,
			"part %" PRIu32 " of the signature is no blob", part->slot);
	m->directory.n_special = MAX(m->directory.n_special, part->slot);
	return r;
}

static int hash_part(Making *m, const SignerPart *part, CodeHash type, uint8_t *hashes)
{
	const uint8_t *data = part->data;
	size_t size = part->size, hash_size = code_hash_get_size(type);
	_cleanup_bytes_writer_ ByteWriter w = {0};
	BlobView blob;
	int r;

	bytes_writer_init_growable(&w, BLOB_MAX);
	if (part->is_blob) {
		r = blob_decode(part->data, part->size, 0, &blob);
		assert(r == 0); /* the builder has taken it */
		data = signature_get_hashed(blob, &size);
	} else if (magic_of_slot(part->slot) != BLOB_MAGIC_WRAPPER) {
		r = blob_encode(&w, magic_of_slot(part->slot), part->data, part->size);
		if (r != 0)
			return error_fold(r);
		data = w.p;
		size = w.used;
	}
	return digest_bytes(type, data, size, hashes - part->slot * hash_size);
}

/* The @i-th CodeDirectory: its hashes, and where it belongs. */
static int make_directory(Making *m, uint32_t i, CodeProblem *problem)
{
	CodeDirectorySpec spec = m->directory;
	PageHashJob job = {
		.file = m->file,
		.limit = spec.code_limit,
		.page_shift = spec.page_shift,
		.progress = m->spec->progress,
		.userdata = m->spec->progress_userdata,
	};
	uint8_t *hashes;
	size_t size;
	int r;

	spec.hash_type = m->spec->n_hashes == 0 ? CODE_HASH_SHA256 : m->spec->hashes[i];
	job.type = spec.hash_type;
	r = codedir_encode(&spec, &m->directories[i], &size, &hashes, problem);
	if (r != 0)
		return r;
	for (size_t k = 0; k < m->spec->n_parts; k++) {
		r = hash_part(m, &m->spec->parts[k], spec.hash_type, hashes);
		if (r < 0)
			return error_trace(r);
	}
	r = pagehash_make(&job, hashes, problem);
	if (r == 0)
		r = codedir_decode(m->directories[i], size, &m->decoded[i], problem);
	if (r == 0)
		r = codedir_hash(&m->decoded[i], m->hashes[i]);
	if (r != 0)
		return r;
	r = superblob_builder_add(&m->builder,
		i == 0 ? CODE_SLOT_DIRECTORY : CODE_SLOT_ALTERNATE + i - 1, m->directories[i],
		size);
	return r > 0 ? code_problem(problem, CODE_E_TOO_BIG, "the signature is too large") : r;
}

static int make_cms(Making *m, CodeProblem *problem)
{
	_cleanup_free_ uint8_t *cms = NULL;
	SignerRequest request = {
		.data = m->decoded[0].blob.data,
		.size = m->decoded[0].blob.size,
		.directories = m->decoded,
		.hashes = (const uint8_t(*)[CODE_HASH_SIZE_MAX])m->hashes,
		.n_directories = count_hashes(m->spec),
	};
	size_t size = 0;
	int r;

	if (!m->spec->sign)
		return 0;
	r = m->spec->sign(m->spec->sign_userdata, &request, &cms, &size, problem);
	if (r != 0)
		return r;
	if (size == 0)
		return code_problem(problem, CODE_E_REFUSED, "no CMS was made");
	r = superblob_builder_add_payload(
		&m->builder, CODE_SLOT_CMS, BLOB_MAGIC_WRAPPER, cms, size);
	return r > 0 ? code_problem(problem, CODE_E_TOO_BIG, "the signature is too large") : r;
}

static int check_spec(const SignerSpec *spec, CodeProblem *problem)
{
	if (spec->n_hashes > SIGNER_HASHES_MAX)
		return code_problem(problem, CODE_E_PARAMETER, "too many hashes were asked for");
	if (spec->n_hashes == 2 && spec->hashes[0] == spec->hashes[1])
		return code_problem(problem, CODE_E_PARAMETER, "a hash was asked for twice");
	for (size_t i = 0; i < spec->n_parts; i++)
		for (size_t k = 0; k < i; k++)
			if (spec->parts[i].slot == spec->parts[k].slot)
				return code_problem(problem, CODE_E_PARAMETER,
					"part %" PRIu32 " of the signature is given twice",
					spec->parts[i].slot);
	return 0;
}

/* The signature of the first bytes of @file; @graft says what the code is, or is NULL. */
static int make_signature(const SignerSpec *spec, const CodeFile *file, uint64_t code_limit,
	const ContainerGraft *graft, uint8_t **ret, size_t *ret_size, CodeProblem *problem)
{
	_cleanup_making_ Making m = {.spec = spec, .file = file};
	int r;

	r = check_spec(spec, problem);
	if (r != 0)
		return r;
	m.directory = (CodeDirectorySpec){
		.identifier = spec->identifier,
		.team = spec->team,
		.flags = spec->sign ? spec->flags & ~CODE_FLAG_ADHOC
				    : spec->flags | CODE_FLAG_ADHOC,
		.platform = spec->platform,
		.page_shift = spec->page_shift,
		.code_limit = code_limit,
		.runtime = spec->runtime,
	};
	if (graft && graft->text_size > 0) {
		m.directory.exec_base = graft->text_offset;
		m.directory.exec_limit = graft->text_size;
		m.directory.exec_flags = graft->is_program ? CODE_EXEC_MAIN_BINARY : 0;
	}
	superblob_builder_init(&m.builder);
	superblob_builder_init(&m.externals);
	for (size_t i = 0; r == 0 && i < spec->n_parts; i++)
		r = add_part(&m, &spec->parts[i], problem);
	for (uint32_t i = 0; r == 0 && i < count_hashes(spec); i++)
		r = make_directory(&m, i, problem);
	if (r == 0)
		r = make_cms(&m, problem);
	if (r == 0)
		r = signature_encode(&m.builder, ret, ret_size, problem);
	return r;
}

int signer_detach(const SignerSpec *spec, const CodeFile *file, uint8_t **ret, size_t *ret_size,
	CodeProblem *problem)
{
	_cleanup_free_ uint8_t *data = NULL;
	size_t size;
	int r;

	r = make_signature(spec, file, file->size, NULL, &data, &size, problem);
	if (r == 0)
		r = codefile_check_unchanged(file, problem);
	if (r != 0)
		return r;
	*ret = TAKE_PTR(data);
	*ret_size = size;
	return 0;
}

/* The file as it was before it was signed, in the place of the new one. */
static int copy_original(
	Replace *new, const CodeFile *file, const Container *signed_as, CodeProblem *problem)
{
	ContainerOriginal original;
	int r;

	if (!signed_as)
		return replace_copy(new, file, file->size, problem);
	r = container_get_original(file, signed_as, &original, problem);
	if (r == 0)
		r = replace_copy(new, file, original.size, problem);
	if (r == 0)
		r = replace_write(new, 0, original.header, original.header_size);
	return r;
}

/* A signature that is there may be replaced; so may what is left of one. */
static int find_signature(const SignerSpec *spec, const CodeFile *file, Container *container,
	bool *ret_is_signed, CodeProblem *problem)
{
	int r = container_find(file, container, problem);

	*ret_is_signed = r == 0;
	if (r == 0 && !spec->replace)
		return code_problem(problem, CODE_E_SIGNED, "the file is signed already");
	if (r == CODE_E_UNSIGNED ||
		((r == CODE_E_MODIFIED || r == CODE_E_DAMAGED) && spec->replace))
		return 0;
	return r;
}

/* Header and tail that carry a signature, and the signature itself. */
static int write_signed(const SignerSpec *spec, Replace *new, CodeProblem *problem)
{
	_cleanup_container_graft_ ContainerGraft graft = {0};
	_cleanup_codefile_ CodeFile original = CODEFILE_NULL, ready = CODEFILE_NULL;
	_cleanup_free_ uint8_t *signature = NULL;
	uint8_t trailer[CONTAINER_TRAILER_SIZE];
	Container container;
	size_t size;
	int r;

	r = codefile_open_fd(new->fd, &original, problem);
	if (r == 0)
		r = container_graft_init(&graft, &original, problem);
	if (r == 0)
		r = replace_write(new, 0, graft.header, graft.header_size);
	if (r == 0)
		r = replace_write(new, original.size, graft.tail, graft.tail_size);
	if (r == 0)
		r = codefile_open_fd(new->fd, &ready, problem);
	if (r == 0)
		r = make_signature(
			spec, &ready, graft.code_limit, &graft, &signature, &size, problem);
	if (r != 0)
		return r;
	container = (Container){.code_limit = graft.code_limit, .blob_size = (uint32_t)size};
	container_encode_trailer(&container, trailer);
	r = replace_write(new, graft.code_limit, signature, size);
	if (r == 0)
		r = replace_write(new, graft.code_limit + size, trailer, sizeof(trailer));
	return r;
}

int signer_embed(const SignerSpec *spec, const char *path, CodeProblem *problem)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	_cleanup_replace_ Replace new = REPLACE_NULL;
	_cleanup_free_ char *real = NULL;
	Container container;
	bool is_signed;
	int r;

	r = codefile_open_path(path, &file, &real, problem);
	if (r == 0)
		r = find_signature(spec, &file, &container, &is_signed, problem);
	if (r == 0)
		r = replace_init(&new, real, problem);
	if (r == 0)
		r = copy_original(&new, &file, is_signed ? &container : NULL, problem);
	if (r == 0)
		r = write_signed(spec, &new, problem);
	if (r == 0)
		r = replace_keep(&new, &file, spec->keep_times, problem);
	if (r == 0)
		r = replace_commit(&new, &file, problem);
	return r;
}

int signer_remove(const char *path, bool keep_times, CodeProblem *problem)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	_cleanup_replace_ Replace new = REPLACE_NULL;
	_cleanup_free_ char *real = NULL;
	Container container;
	int r;

	r = codefile_open_path(path, &file, &real, problem);
	if (r == 0)
		r = container_find(&file, &container, problem);
	if (r == 0)
		r = replace_init(&new, real, problem);
	if (r == 0)
		r = copy_original(&new, &file, &container, problem);
	if (r == 0)
		r = replace_keep(&new, &file, keep_times, problem);
	if (r == 0)
		r = replace_commit(&new, &file, problem);
	return r;
}
