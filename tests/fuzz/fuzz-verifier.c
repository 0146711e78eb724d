/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a signer says, in parts of its signature. The first byte has flags; then come parts: slot, form,
 * two bytes of size, bytes. They are signed, ad hoc, so that all of them get past the hashes; what is
 * then read of them, is displayed and evaluated. What is content with them strictly is so otherwise.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "codesign/signer.h"
#include "codesign/verifier.h"
#include "tests/fuzz/must.h"

#define SIZE_MAX_TRIED (64U << 10)
#define CONTENT "#!/bin/sh\n"

static size_t read_parts(const uint8_t *data, size_t size, SignerPart *parts)
{
	size_t n = 0;

	while (size >= 4 && n < CODE_SLOT_SPECIAL_MAX) {
		size_t part = (size_t)data[2] << 8 | data[3];

		if (part > size - 4)
			part = size - 4;
		parts[n++] = (SignerPart){.slot = data[0],
			.data = data + 4,
			.size = part,
			.is_blob = data[1] & 1,
			.is_external = data[1] & 2};
		data += 4 + part;
		size -= 4 + part;
	}
	return n;
}

/* Whatever is shown of it can be shown. */
static void show(const CodeInfo *info)
{
	char flags[CODE_FLAGS_TEXT_SIZE], *text = NULL;
	const uint8_t *p;
	size_t n;
	bool holds;

	code_flags_format(info->directory->flags, flags);
	MUST((info->outcome == 0) == (info->problem.text[0] == 0));
	MUST(info->is_adhoc && info->n_certificates == 0 && info->designated);
	MUST(requirement_format(info->designated, &text) == 0);
	free(text);
	MUST(codeinfo_evaluate(info, info->designated, &holds) == 0);
	MUST(codeinfo_evaluate(info, info->implicit, &holds) == 0 && holds);
	text = NULL;
	MUST(!info->requirements || req_set_format(info->requirements, &text) == 0);
	free(text);
	if (info->entitlements)
		MUST(codeinfo_find_entitlements_xml(info, &p, &n) ||
			codeinfo_find_entitlements_der(info, &p, &n));
}

static int verify(StaticCode *code, unsigned flags)
{
	const VerifierOptions options = {.flags = flags};
	CodeProblem problem = {0};
	CodeInfo *info = NULL;
	int r = verifier_check(code, &options, &info, &problem);

	MUST(r >= 0 && problem.code == r && (r == 0) == (info != NULL));
	MUST(r == 0 || problem.text[0]);
	codeinfo_free(info);
	return r;
}

static void look_at(const CodeFile *file, const uint8_t *signature, size_t size)
{
	CodeProblem problem = {0};
	CodeInfo *info = NULL;
	StaticCode *code;
	int strict;

	MUST(staticcode_new_fd(file->fd, &code, NULL) == 0);
	MUST(staticcode_set_signature(code, signature, size, NULL) == 0);
	MUST(codeinfo_new(code, NULL, 0, &info, &problem) == 0);
	show(info);
	strict = verify(code, VERIFIER_STRICT | VERIFIER_OWN_REQUIREMENT);
	if (strict == 0)
		MUST(info->outcome == 0 && verify(code, 0) == 0);
	MUST(verify(code, VERIFIER_NEED_ANCHOR) != 0);
	codeinfo_free(info);
	staticcode_free(code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SignerPart parts[CODE_SLOT_SPECIAL_MAX];
	SignerSpec spec = {
		.identifier = "a", .page_shift = CODE_PAGE_SHIFT_DEFAULT, .parts = parts};
	uint8_t *signature = NULL;
	size_t signature_size;
	CodeFile file;
	int fd;

	if (size == 0 || size > SIZE_MAX_TRIED)
		return 0;
	spec.team = data[0] & 1 ? "TEAM" : NULL;
	spec.flags = data[0] & 2 ? CODE_FLAG_EXPIRES : 0;
	spec.hashes[0] = CODE_HASH_SHA256;
	spec.hashes[1] = CODE_HASH_SHA384;
	spec.n_hashes = data[0] & 4 ? 2 : 1;
	spec.n_parts = read_parts(data + 1, size - 1, parts);
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	MUST(fd >= 0 && write(fd, CONTENT, sizeof(CONTENT)) == (ssize_t)sizeof(CONTENT));
	MUST(codefile_open_fd(fd, &file, NULL) == 0);
	if (signer_detach(&spec, &file, &signature, &signature_size, NULL) == 0)
		look_at(&file, signature, signature_size);
	free(signature);
	codefile_deinit(&file);
	close(fd);
	return 0;
}
