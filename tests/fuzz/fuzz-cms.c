/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CMS of a signature: one of a stranger, against CodeDirectories that do not change. The first byte
 * says how many there are; the others are the CMS. What is taken has a signer, and what can be asked of
 * it has an answer.
 */
#include <openssl/err.h>

#include "codesign/cms.h"
#include "tests/fuzz/must.h"

static const uint8_t DIRECTORY[] = "the bytes of a CodeDirectory, to be signed";
static const CodeDirectory DIRECTORIES[] = {
	{.hash_type = CODE_HASH_SHA256}, {.hash_type = CODE_HASH_SHA384}};

static void check(const Cms *cms)
{
	STACK_OF(X509) *chain = NULL;
	int64_t time;

	MUST(cms_get_signer(cms));
	MUST(sk_X509_num(cms_get_certificates(cms)) >= 1);
	MUST(sk_X509_num(cms_get_certificates(cms)) <= CMS_CERTIFICATES_MAX);
	MUST(cms_dup_chain(cms, &chain) == 0);
	MUST(X509_cmp(sk_X509_value(chain, 0), cms_get_signer(cms)) == 0);
	MUST(sk_X509_num(chain) <= CMS_CERTIFICATES_MAX);
	sk_X509_pop_free(chain, X509_free);
	(void)cms_find_time(cms, &time);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t hashes[2][CODE_HASH_SIZE_MAX];
	SignerRequest request = {.data = DIRECTORY,
		.size = sizeof(DIRECTORY),
		.directories = DIRECTORIES,
		.hashes = (const uint8_t(*)[CODE_HASH_SIZE_MAX])hashes};
	CodeProblem problem = {0};
	Cms *cms = NULL;
	int r;

	if (size == 0)
		return 0;
	request.n_directories = 1 + data[0] % 2;
	MUST(digest_bytes(CODE_HASH_SHA256, DIRECTORY, sizeof(DIRECTORY), hashes[0]) == 0);
	MUST(digest_bytes(CODE_HASH_SHA384, "another", 7, hashes[1]) == 0);
	r = cms_verify(data + 1, size - 1, &request, &cms, &problem);
	MUST(r >= 0 && problem.code == r && (r == 0 || problem.text[0]));
	MUST((r == 0) == (cms != NULL) && ERR_peek_error() == 0);
	if (cms)
		check(cms);
	cms_free(cms);
	return 0;
}
