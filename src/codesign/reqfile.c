/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A FIFO must not stop us, a disk not fill our memory, and nothing of what is read for a text comes out
 * but a hash, if it is a certificate.
 */

#include "codesign/reqfile.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define FILE_MAX_SIZE (256u * 1024)

static void x509_freep(X509 **p)
{
	X509_free(*p);
}

static void bio_freep(BIO **p)
{
	BIO_free(*p);
}

int req_file_read(
	const char *path, size_t max, uint8_t **ret, size_t *ret_size, const char **ret_why)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	_cleanup_free_ uint8_t *data = NULL;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0) {
		*ret_why = "the file cannot be read";
		return REQ_E_INVALID;
	}
	if (!S_ISREG(st.st_mode)) {
		*ret_why = "that is no regular file";
		return REQ_E_INVALID;
	}
	if (st.st_size > (off_t)max) {
		*ret_why = "the file is too large";
		return REQ_E_INVALID;
	}
	data = malloc(max);
	if (!data)
		return error_origin(-ENOMEM);
	if (fd_read_up_to(fd, data, max, ret_size) != 0) {
		*ret_why = "the file cannot be read";
		return REQ_E_INVALID;
	}
	*ret = TAKE_PTR(data);
	return 0;
}

/* Nobody is asked for a passphrase: what is encrypted is no certificate. */
static int no_passphrase(char *buffer, int size, int is_writing, void *userdata)
{
	(void)buffer;
	(void)size;
	(void)is_writing;
	(void)userdata;
	return -1;
}

static X509 *parse_certificate(const uint8_t *data, size_t size)
{
	_cleanup_(bio_freep) BIO *bio = NULL;
	const unsigned char *p = data;
	X509 *certificate = d2i_X509(NULL, &p, (long)size);

	if (certificate && p == data + size)
		return certificate;
	X509_free(certificate);
	bio = BIO_new_mem_buf(data, (int)size);
	return bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
}

int req_file_hash_certificate(
	const char *path, uint8_t ret[static REQ_FILE_HASH_SIZE], const char **ret_why)
{
	_cleanup_(x509_freep) X509 *certificate = NULL;
	_cleanup_free_ uint8_t *data = NULL;
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	size_t size = 0;
	int r = req_file_read(path, FILE_MAX_SIZE, &data, &size, ret_why);

	if (r)
		return r;
	certificate = parse_certificate(data, size);
	if (!certificate) {
		*ret_why = "there is no certificate in the file, PEM or DER";
		return REQ_E_INVALID;
	}
	if (X509_digest(certificate, EVP_sha256(), hash, &n) != 1 || n != REQ_FILE_HASH_SIZE)
		return error_origin(-ENOMEM);
	memcpy(ret, hash, REQ_FILE_HASH_SIZE);
	return 0;
}
