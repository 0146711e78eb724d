/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "codesign/ownfile.h"
#include "codesign/pbecost.h"
#include "codesign/ssl.h"
#include "codesign/token.h"
#include "codesign/tokenuri.h"

#define IDENTITY_SIZE_MAX ((size_t)256 << 10)
#define IDENTITY_CERTIFICATES_MAX 16

static const char TOO_DEAR[] = "its encryption takes more work than any that is meant to be opened";

struct Identity {
	X509 *certificate;
	EVP_PKEY *key;
	STACK_OF(X509) * others;
};

X509 *identity_get_certificate(const Identity *self)
{
	return self->certificate;
}

EVP_PKEY *identity_get_key(const Identity *self)
{
	return self->key;
}

STACK_OF(X509) * identity_get_others(const Identity *self)
{
	return self->others;
}

Identity *identity_free(Identity *self)
{
	if (!self)
		return NULL;
	X509_free(self->certificate);
	EVP_PKEY_free(self->key);
	sk_X509_pop_free(self->others, X509_free);
	free(self);
	return NULL;
}

static int refuse(CodeProblem *problem, const char *text)
{
	return ssl_is_memory_gone() ? error_origin(-ENOMEM)
				    : code_problem(problem, CODE_E_IDENTITY, "%s", text);
}

/* Take the signer's certificate out of the others, by the key. */
static int finish(Identity *self, CodeProblem *problem)
{
	if (!ssl_is_key_good(self->key))
		return refuse(problem, "the key is of a kind or size that is not signed with");
	for (int i = 0; i < sk_X509_num(self->others); i++) {
		X509 *x = sk_X509_value(self->others, i);
		EVP_PKEY *key = X509_get0_pubkey(x);

		if (key && EVP_PKEY_eq(key, self->key) == 1) {
			self->certificate = sk_X509_delete(self->others, i);
			ERR_clear_error();
			return 0;
		}
	}
	return refuse(problem, "there is no certificate for the key");
}

/* Certificates up to the end of the text, whatever else is between them. */
static int read_certificates(Identity *self, const uint8_t *data, int size, CodeProblem *problem)
{
	_cleanup_bio_ BIO *bio = BIO_new_mem_buf(data, size);

	if (!bio)
		return error_origin(-ENOMEM);
	for (;;) {
		X509 *x = PEM_read_bio_X509(bio, NULL, ssl_passphrase, NULL);

		if (!x && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE)
			break;
		if (!x)
			return refuse(problem, "there is a damaged certificate");
		if (sk_X509_num(self->others) >= IDENTITY_CERTIFICATES_MAX ||
			sk_X509_push(self->others, x) <= 0) {
			X509_free(x);
			return refuse(problem, "there are too many certificates");
		}
	}
	ERR_clear_error();
	return 0;
}

static int decode_pem(
	Identity *self, const uint8_t *data, int size, const char *passphrase, CodeProblem *problem)
{
	_cleanup_bio_ BIO *bio = BIO_new_mem_buf(data, size);

	if (!bio)
		return error_origin(-ENOMEM);
	if (!pbe_is_pem_cheap(data, size))
		return refuse(problem, TOO_DEAR);
	/* The callback only reads it. */
	self->key = PEM_read_bio_PrivateKey(
		bio, NULL, ssl_passphrase, (void *)(uintptr_t)passphrase);
	if (!self->key)
		return refuse(problem, passphrase ? "there is no key that the passphrase opens"
						  : "there is no key that is open to read");
	return read_certificates(self, data, size, problem);
}

static int decode_pkcs12(
	Identity *self, const uint8_t *data, int size, const char *passphrase, CodeProblem *problem)
{
	const unsigned char *p = data;
	STACK_OF(X509) *others = NULL;
	X509 *certificate = NULL;
	PKCS12 *pkcs12 = d2i_PKCS12(NULL, &p, size);
	bool is_cheap = !pkcs12 || pbe_is_pkcs12_cheap(pkcs12);
	bool ok = pkcs12 && is_cheap && p == data + size &&
		  PKCS12_parse(pkcs12, passphrase, &self->key, &certificate, &others);

	PKCS12_free(pkcs12);
	if (others) {
		sk_X509_free(self->others);
		self->others = others;
	}
	if (certificate && sk_X509_unshift(self->others, certificate) <= 0) {
		X509_free(certificate);
		return error_origin(-ENOMEM);
	}
	if (!is_cheap)
		return refuse(problem, TOO_DEAR);
	if (!ok || !self->key)
		return refuse(problem, "it is no PKCS#12, or not of this passphrase");
	if (sk_X509_num(self->others) > IDENTITY_CERTIFICATES_MAX)
		return refuse(problem, "there are too many certificates");
	return 0;
}

int identity_decode(const uint8_t *data, size_t size, const char *passphrase, Identity **ret,
	CodeProblem *problem)
{
	_cleanup_identity_ Identity *self = calloc(1, sizeof(*self));
	int r;

	if (!self)
		return error_origin(-ENOMEM);
	self->others = sk_X509_new_null();
	if (!self->others)
		return error_origin(-ENOMEM);
	if (size == 0 || size > IDENTITY_SIZE_MAX)
		return refuse(problem, "it is no key with its certificate");
	if (data[0] == 0x30) /* a SEQUENCE, which no text begins with */
		r = decode_pkcs12(self, data, (int)size, passphrase, problem);
	else
		r = decode_pem(self, data, (int)size, passphrase, problem);
	if (r == 0)
		r = finish(self, problem);
	if (r == 0)
		*ret = TAKE_PTR(self);
	return r;
}

static int load_at(
	int dir_fd, const char *path, const char *passphrase, Identity **ret, CodeProblem *problem)
{
	uint8_t *data = NULL;
	size_t size = 0;
	int r;

	r = ownfile_read(dir_fd, path, OWNFILE_SECRET, IDENTITY_SIZE_MAX, &data, &size, problem);
	if (r != 0)
		return r;
	r = identity_decode(data, size, passphrase, ret, problem);
	ownfile_free(data, size);
	return r;
}

int identity_load(const char *path, const char *passphrase, Identity **ret, CodeProblem *problem)
{
	return load_at(AT_FDCWD, path, passphrase, ret, problem);
}

int identity_load_name(const char *config, const char *name, const char *passphrase, Identity **ret,
	CodeProblem *problem)
{
	_cleanup_free_ char *found = NULL, *path = NULL;
	_cleanup_close_ int dir_fd = -EBADF;
	char file[OWNFILE_NAME_MAX + 5];
	int r;

	if (!ownfile_is_name(name))
		return code_problem(problem, CODE_E_PARAMETER, "this is no name of an identity");
	if (!config) {
		r = ownfile_find_config(&found, problem);
		if (r != 0)
			return r;
		config = found;
	}
	if (asprintf(&path, "%s/identities", config) < 0) {
		path = NULL;
		return error_origin(-ENOMEM);
	}
	r = ownfile_open_directory(AT_FDCWD, path, &dir_fd, problem);
	if (r != 0)
		return r;
	(void)snprintf(file, sizeof(file), "%s.pem", name); /* a name is short */
	r = load_at(dir_fd, file, passphrase, ret, problem);
	if (r != CODE_E_NOT_FOUND)
		return r;
	(void)snprintf(file, sizeof(file), "%s.p12", name); /* as above */
	r = load_at(dir_fd, file, passphrase, ret, problem);
	if (r == CODE_E_NOT_FOUND)
		return code_problem(problem, r, "there is no identity named %s", name);
	return r;
}

int identity_load_uri(const char *uri, const char *passphrase, Identity **ret, CodeProblem *problem)
{
	_cleanup_identity_ Identity *self = calloc(1, sizeof(*self));
	int r;

	if (!self)
		return error_origin(-ENOMEM);
	r = token_load(uri, passphrase, &self->key, &self->others, problem);
	if (r == 0)
		r = finish(self, problem);
	if (r == 0)
		*ret = TAKE_PTR(self);
	return r;
}

int identity_open(const char *config, const char *what, const char *passphrase, Identity **ret,
	CodeProblem *problem)
{
	if (token_uri_is(what))
		return identity_load_uri(what, passphrase, ret, problem);
	return strchr(what, '/') ? identity_load(what, passphrase, ret, problem)
				 : identity_load_name(config, what, passphrase, ret, problem);
}
