/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identities: the first byte says whether the others are a file, with or without a passphrase for it, or
 * the URI of a key in a token.
 */
#include <openssl/err.h>
#include <string.h>

#include "codesign/identity.h"
#include "codesign/tokenuri.h"
#include "tests/fuzz/must.h"

static void check_file(const uint8_t *data, size_t size, const char *passphrase)
{
	CodeProblem problem = {0};
	Identity *identity = NULL;
	int r = identity_decode(data, size, passphrase, &identity, &problem);

	MUST(r >= 0 && problem.code == r && (r == 0 || problem.text[0]));
	MUST((r == 0) == (identity != NULL));
	if (identity)
		MUST(X509_check_private_key(
			     identity_get_certificate(identity), identity_get_key(identity)) == 1);
	MUST(ERR_peek_error() == 0);
	identity_free(identity);
}

/* What is taken is taken again, and is the same then. */
static void check_uri(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	TokenUri uri, again;
	CodeProblem problem = {0};
	int r;

	MUST(text);
	memcpy(text, data, size);
	text[size] = 0;
	r = token_uri_parse(text, &uri, &problem);
	MUST(r == problem.code && (r == 0 || r == CODE_E_PARAMETER));
	if (r == 0) {
		MUST(token_uri_is(text));
		MUST(uri.pin_source[0] == 0 || uri.pin_source[0] == '/');
		MUST(token_uri_parse(uri.object, &again, NULL) == 0);
		MUST(strcmp(uri.object, again.object) == 0 && again.pin_source[0] == 0);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		check_file(data + 1, size - 1, NULL);
		break;
	case 1:
		check_file(data + 1, size - 1, "secret");
		break;
	default:
		check_uri(data + 1, size - 1);
	}
	return 0;
}
