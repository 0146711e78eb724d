/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures. The first byte says what the others are: a CodeDirectory, a SuperBlob, or a signature
 * without its last 32 bytes, which are the seal's hash and are made here: else nothing would get past
 * it. What is taken can be asked for everything, and made anew gives the same bytes.
 */
#include <string.h>

#include "codesign/signature.h"
#include "tests/fuzz/must.h"

#define SIZE_MAX_TRIED (64U << 10)
#define SEAL_HASH_SIZE 32U

static void check_directory(const CodeDirectory *d)
{
	uint64_t start, end, last = 0;
	uint8_t hash[CODE_HASH_SIZE_MAX];

	MUST(codedir_is_name(d->identifier));
	MUST(!d->team || codedir_is_name(d->team));
	MUST(d->n_code == codedir_count_pages(d->code_limit, d->page_shift));
	MUST(codedir_hash(d, hash) == 0);
	for (uint32_t slot = 0; slot <= CODE_SLOT_SPECIAL_MAX + 1; slot++) {
		const uint8_t *special = codedir_find_special_hash(d, slot);

		MUST(!special || special >= d->blob.data);
	}
	for (uint32_t i = 0; i < d->n_code; i++) {
		const uint8_t *p = codedir_get_code_hash(d, i);

		MUST(p >= d->blob.data && p + d->hash_size <= d->blob.data + d->blob.size);
		codedir_get_page_range(d, i, &start, &end);
		MUST(start == last && end > start && end <= d->code_limit);
		last = end;
	}
	MUST(last == d->code_limit);
}

static void check_superblob(const uint8_t *data, size_t size)
{
	SuperBlobBuilder b;
	SuperBlob s;
	uint8_t *again;
	size_t again_size;

	if (superblob_decode(data, size, 0, &s) != 0)
		return;
	superblob_builder_init(&b);
	for (uint32_t i = 0; i < s.n; i++) {
		uint32_t slot;
		BlobView blob = superblob_get(&s, i, &slot), found;

		MUST(superblob_find(&s, slot, &found) && found.data == blob.data);
		MUST(superblob_builder_add(&b, slot, blob.data, blob.size) == 0);
	}
	MUST(superblob_builder_encode(&b, s.blob.magic, &again, &again_size) == 0);
	MUST(again_size == size && memcmp(again, data, size) == 0);
	free(again);
	superblob_builder_deinit(&b);
}

static void check_signature(const uint8_t *data, size_t size)
{
	uint8_t *sealed = malloc(size + SEAL_HASH_SIZE);
	CodeProblem problem = {0};
	Signature s;
	BlobView part;
	size_t n;
	int r;

	MUST(sealed);
	if (size > 0)
		memcpy(sealed, data, size);
	MUST(digest_bytes(CODE_HASH_SHA256, sealed, size, sealed + size) == 0);
	r = signature_decode(sealed, size + SEAL_HASH_SIZE, &s, &problem);
	MUST(r >= 0 && problem.code == r);
	MUST(r == 0 || problem.text[0]);
	if (r == 0) {
		for (uint32_t i = 0; i < s.n_directories; i++)
			check_directory(&s.directories[i]);
		MUST(!signature_find_cms(&s, &n) ==
			!!(signature_get_best(&s)->flags & CODE_FLAG_ADHOC));
		for (uint32_t slot = 1; slot <= CODE_SLOT_SPECIAL_MAX; slot++)
			if (signature_find_part(&s, slot, &part))
				MUST(!signature_is_part_external(&s, slot));
		check_superblob(sealed, size + SEAL_HASH_SIZE);
	}
	free(sealed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CodeProblem problem = {0};
	CodeDirectory d;

	if (size == 0 || size > SIZE_MAX_TRIED)
		return 0;
	if (data[0] == 0) {
		if (codedir_decode(data + 1, size - 1, &d, &problem) == 0)
			check_directory(&d);
	} else if (data[0] == 1) {
		check_superblob(data + 1, size - 1);
	} else {
		check_signature(data + 1, size - 1);
	}
	return 0;
}
