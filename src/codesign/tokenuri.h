/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_TOKENURI_H
#define PORTCULLIS_CODESIGN_TOKENURI_H

/*
 * The name of a key in a token, a PKCS#11 URI (RFC 7512):
 *
 *	pkcs11:token=release;object=signer?pin-source=/etc/portcullis/pin
 *
 * It must say which object by `object` or `id`; `type` is ours to say, for the key and its certificate
 * are both meant. What is to be loaded into this process is the configuration's to say, and a PIN in a
 * command line is everybody's: `module-path`, `module-name` and `pin-value` are refused, and so is what
 * is not known.
 */

#include <stdbool.h>

#include "codesign/problem.h"

#define TOKEN_URI_MAX 1024u

typedef struct TokenUri {
	char object[TOKEN_URI_MAX + 1]; /* the URI without type and query */
	char pin_source[TOKEN_URI_MAX + 1]; /* an absolute path; empty: none */
} TokenUri;

/* Whether @text is meant to be such a URI, well-formed or not. */
bool token_uri_is(const char *text);

/* Returns 0 or CODE_E_PARAMETER. */
int token_uri_parse(const char *text, TokenUri *ret, CodeProblem *problem) _warn_unused_;

#endif
