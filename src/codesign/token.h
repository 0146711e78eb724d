/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_TOKEN_H
#define PORTCULLIS_CODESIGN_TOKEN_H

/*
 * Keys in tokens: smart cards, HSMs, and programs that act as one. The key stays there; what we get
 * is a handle that libcrypto signs with.
 *
 * libcrypto does the work, by its provider `pkcs11`, or where there is none by its engine of that
 * name, the only one that Debian 12 has. They are looked for when a URI is first used, not before, and
 * which modules they load is a matter of p11-kit's configuration (or OpenSSL's). A program with more
 * rights than who started it loads none. The provider, once loaded, stays until the end of the process.
 *
 * A token to which a process has logged in takes any PIN, and none, from that process as long as it is
 * logged in, and the engine may try the PIN that it was given last. One thread at a time.
 */

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "codesign/problem.h"

/* The key and the certificates that @uri names (tokenuri.h); there may be none of the latter. @pin:
 * NULL: what the pin-source of the URI says, if there is one. Returns 0, CODE_E_PARAMETER,
 * CODE_E_UNSUPPORTED where libcrypto has neither provider nor engine, CODE_E_IDENTITY where there is no
 * such key or the PIN is wrong, what ownfile_read() says of the pin-source (CODE_E_ACCESS where there is
 * none), or -ENOMEM. */
int token_load(const char *uri, const char *pin, EVP_PKEY **ret_key,
	STACK_OF(X509) * *ret_certificates, CodeProblem *problem) _warn_unused_;

#endif
