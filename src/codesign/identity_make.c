/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test authority and an identity of it, for newcomers: what identity.h says of identity_make().
 *
 * The authority vouches for one key, and its own key is forgotten before anything is written: so who
 * takes the identity's file can sign as that identity, and as no other.
 */

#include <errno.h>
#include <fcntl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"
#include "codesign/identity.h"
#include "codesign/ownfile.h"
#include "codesign/ssl.h"

#define VALID_DAYS 3650
#define SERIAL_SIZE 16

static int no_memory(void)
{
	ERR_clear_error();
	return error_origin(-ENOMEM);
}

/* At random: two authorities of one name then still have certificates that differ. */
static bool set_serial(X509 *x)
{
	uint8_t bytes[SERIAL_SIZE];
	BIGNUM *number;
	bool ok;

	(void)random_bytes(bytes, sizeof(bytes)); /* cannot fail */
	bytes[0] = (bytes[0] & 0x3f) | 0x40;
	number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
	BN_free(number);
	return ok;
}

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension;
	X509V3_CTX context;
	bool ok;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	ok = extension && X509_add_ext(x, extension, -1);
	X509_EXTENSION_free(extension);
	return ok;
}

static bool set_name(X509_NAME *name, const char *text)
{
	return X509_NAME_add_entry_by_NID(
		name, NID_commonName, MBSTRING_ASC, (const unsigned char *)text, -1, -1, 0);
}

/* A certificate for @key, all but the extensions and the signature. */
static X509 *begin(EVP_PKEY *key, const char *subject, const char *issuer)
{
	_cleanup_x509_ X509 *x = X509_new();

	if (!x || !X509_set_version(x, X509_VERSION_3) || !set_serial(x) ||
		!X509_gmtime_adj(X509_getm_notBefore(x), 0) ||
		!X509_time_adj_ex(X509_getm_notAfter(x), VALID_DAYS, 0, NULL) ||
		!set_name(X509_get_subject_name(x), subject) ||
		!set_name(X509_get_issuer_name(x), issuer) || !X509_set_pubkey(x, key))
		return NULL;
	return TAKE_PTR(x);
}

static int make_authority(EVP_PKEY *key, const char *name, X509 **ret)
{
	_cleanup_x509_ X509 *x = begin(key, name, name);

	if (!x || !add_extension(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
		!add_extension(x, x, NID_key_usage, "critical,keyCertSign,cRLSign") ||
		!add_extension(x, x, NID_subject_key_identifier, "hash") ||
		!X509_sign(x, key, EVP_sha256()))
		return no_memory();
	*ret = TAKE_PTR(x);
	return 0;
}

static int make_signer(EVP_PKEY *key, const char *name, X509 *authority, const char *authority_name,
	EVP_PKEY *authority_key, X509 **ret)
{
	_cleanup_x509_ X509 *x = begin(key, name, authority_name);

	if (!x || !add_extension(x, authority, NID_basic_constraints, "critical,CA:FALSE") ||
		!add_extension(x, authority, NID_key_usage, "critical,digitalSignature") ||
		!add_extension(x, authority, NID_ext_key_usage, "critical,codeSigning") ||
		!add_extension(x, authority, NID_subject_key_identifier, "hash") ||
		!add_extension(x, authority, NID_authority_key_identifier, "keyid:always") ||
		!X509_sign(x, authority_key, EVP_sha256()))
		return no_memory();
	*ret = TAKE_PTR(x);
	return 0;
}

typedef struct Made {
	BIO *identity; /* the text of the file, key and all */
	BIO *anchor;
} Made;

static int make(const char *name, const Made *made)
{
	_cleanup_key_ EVP_PKEY *authority_key = EVP_EC_gen("P-256");
	_cleanup_key_ EVP_PKEY *key = EVP_EC_gen("P-256");
	_cleanup_x509_ X509 *authority = NULL, *signer = NULL;
	char authority_name[OWNFILE_NAME_MAX + sizeof(" test CA")];
	int r;

	if (!authority_key || !key)
		return no_memory();
	(void)snprintf(authority_name, sizeof(authority_name), "%s test CA", name); /* it fits */
	r = make_authority(authority_key, authority_name, &authority);
	if (r == 0)
		r = make_signer(key, name, authority, authority_name, authority_key, &signer);
	if (r != 0)
		return r;
	if (!PEM_write_bio_PKCS8PrivateKey(made->identity, key, NULL, NULL, 0, NULL, NULL) ||
		!PEM_write_bio_X509(made->identity, signer) ||
		!PEM_write_bio_X509(made->identity, authority) ||
		!PEM_write_bio_X509(made->anchor, authority))
		return no_memory();
	return 0;
}

static int write_one(int dir_fd, const char *file, mode_t mode, BIO *text, CodeProblem *problem)
{
	const char *data;
	long size = BIO_get_mem_data(text, &data);

	return size <= 0 ? no_memory()
			 : ownfile_write_new(dir_fd, file, mode, data, (size_t)size, problem);
}

/* The identity first, whose name is what is claimed. */
static int write_both(
	int identities_fd, int anchors_fd, const char *name, const Made *made, CodeProblem *problem)
{
	char file[OWNFILE_NAME_MAX + 5];
	int r;

	(void)snprintf(file, sizeof(file), "%s.pem", name); /* it fits */
	r = write_one(identities_fd, file, 0600, made->identity, problem);
	if (r != 0)
		return r;
	r = write_one(anchors_fd, file, 0644, made->anchor, problem);
	if (r != 0)
		(void)unlinkat(identities_fd, file, 0); /* nothing more can be done */
	return r;
}

static int open_directories(
	const char *config, int *ret_identities_fd, int *ret_anchors_fd, CodeProblem *problem)
{
	_cleanup_close_ int config_fd = -EBADF, identities_fd = -EBADF, anchors_fd = -EBADF;
	int r;

	r = ownfile_make_directory(AT_FDCWD, config, 0700, &config_fd, problem);
	if (r == 0)
		r = ownfile_make_directory(config_fd, "identities", 0700, &identities_fd, problem);
	if (r == 0)
		r = ownfile_make_directory(config_fd, "anchors.d/user", 0755, &anchors_fd, problem);
	if (r != 0)
		return r;
	*ret_identities_fd = TAKE_FD(identities_fd);
	*ret_anchors_fd = TAKE_FD(anchors_fd);
	return 0;
}

static int make_below(const char *config, const char *name, CodeProblem *problem)
{
	_cleanup_close_ int identities_fd = -EBADF, anchors_fd = -EBADF;
	/* Memory of a kind that is overwritten before it is freed. */
	_cleanup_bio_ BIO *identity = BIO_new(BIO_s_secmem()), *anchor = BIO_new(BIO_s_mem());
	const Made made = {.identity = identity, .anchor = anchor};
	int r;

	if (!identity || !anchor)
		return no_memory();
	r = open_directories(config, &identities_fd, &anchors_fd, problem);
	if (r == 0)
		r = make(name, &made);
	if (r == 0)
		r = write_both(identities_fd, anchors_fd, name, &made, problem);
	return r;
}

int identity_make(const char *config, const char *name, CodeProblem *problem)
{
	_cleanup_free_ char *found = NULL;
	int r;

	if (!ownfile_is_name(name))
		return code_problem(problem, CODE_E_PARAMETER,
			"a name has letters, digits, '.', '_' and '-', at most %u of them",
			OWNFILE_NAME_MAX);
	if (!config) {
		r = ownfile_find_config(&found, problem);
		if (r != 0)
			return r;
		config = found;
	}
	return make_below(config, name, problem);
}
