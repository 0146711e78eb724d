/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/anchors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "codesign/ssl.h"
#include "codesign/trust.h"

#define FILE_SIZE_MAX ((size_t)4 << 20)

static inline void anchors_closedirp(DIR **p)
{
	if (*p)
		(void)closedir(*p); /* it was only read */
}

void anchors_deinit(Anchors *self)
{
	for (size_t i = 0; i < self->n_purposes; i++)
		sk_X509_pop_free(self->purposes[i].certificates, X509_free);
	free(self->purposes);
	sk_X509_CRL_pop_free(self->crls, X509_CRL_free);
	*self = ANCHORS_NULL;
}

/* The next entry; NULL in *ret at the end. */
static int next_entry(DIR *dir, struct dirent **ret)
{
	errno = 0;
	*ret = readdir(dir);
	return *ret || errno == 0 ? 0 : error_origin(-errno);
}

static int open_dir(int at, const char *path, DIR **ret, CodeProblem *problem)
{
	_cleanup_close_ int fd = -EBADF;
	int r = ownfile_open_directory(at, path, &fd, problem);

	if (r != 0)
		return r;
	*ret = fdopendir(fd);
	if (!*ret)
		return error_origin(-errno);
	(void)TAKE_FD(fd); /* it is the DIR's now */
	return 0;
}

static int too_many(CodeProblem *problem)
{
	return code_problem(problem, CODE_E_TOO_BIG, "there are too many anchors");
}

/* The purpose of that name, new or not. */
static int add_purpose(Anchors *self, const char *name, AnchorsPurpose **ret, CodeProblem *problem)
{
	AnchorsPurpose *grown;

	for (size_t i = 0; i < self->n_purposes; i++) {
		*ret = &self->purposes[i];
		if (strcmp((*ret)->name, name) == 0)
			return 0;
	}
	if (self->n_purposes >= TRUST_PURPOSES_MAX)
		return too_many(problem);
	grown = realloc(self->purposes, (self->n_purposes + 1) * sizeof(*grown));
	if (!grown)
		return error_origin(-ENOMEM);
	self->purposes = grown;
	*ret = &grown[self->n_purposes];
	**ret = (AnchorsPurpose){.certificates = sk_X509_new_null()};
	if (!(*ret)->certificates)
		return error_origin(-ENOMEM);
	memcpy((*ret)->name, name, strlen(name) + 1); /* ownfile_is_name() bounds it */
	self->n_purposes++;
	return 0;
}

/* A PEM reader came to the end of what it understands: the end, if nothing was left and something was
 * there. */
static int finish_file(const char *name, size_t n, CodeProblem *problem)
{
	bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

	if (ssl_is_memory_gone())
		return error_origin(-ENOMEM);
	if (is_end && n > 0)
		return 0;
	return code_problem(problem, CODE_E_ANCHORS, "%.120s %s", name,
		is_end ? "has none of what its name says" : "is damaged");
}

static int add_certificates(
	AnchorsPurpose *purpose, BIO *bio, const char *name, CodeProblem *problem)
{
	X509 *x;
	size_t n = 0;

	for (; (x = PEM_read_bio_X509(bio, NULL, ssl_passphrase, NULL)); n++) {
		if ((size_t)sk_X509_num(purpose->certificates) >= TRUST_FILES_MAX) {
			X509_free(x);
			return too_many(problem);
		}
		/* What it makes of the extensions it keeps: now, and not when there may be no memory. */
		(void)X509_check_purpose(x, -1, 0);
		if (sk_X509_push(purpose->certificates, x) <= 0) {
			X509_free(x);
			return error_origin(-ENOMEM);
		}
	}
	return finish_file(name, n, problem);
}

static int add_crls(Anchors *self, BIO *bio, const char *name, CodeProblem *problem)
{
	X509_CRL *crl;
	size_t n = 0;

	if (!self->crls)
		self->crls = sk_X509_CRL_new_null();
	if (!self->crls)
		return error_origin(-ENOMEM);
	for (; (crl = PEM_read_bio_X509_CRL(bio, NULL, ssl_passphrase, NULL)); n++) {
		if ((size_t)sk_X509_CRL_num(self->crls) >= TRUST_FILES_MAX) {
			X509_CRL_free(crl);
			return too_many(problem);
		}
		if (sk_X509_CRL_push(self->crls, crl) <= 0) {
			X509_CRL_free(crl);
			return error_origin(-ENOMEM);
		}
	}
	return finish_file(name, n, problem);
}

static int add_file(Anchors *self, AnchorsPurpose *purpose, int dir_fd, const char *name,
	bool is_crl, CodeProblem *problem)
{
	_cleanup_free_ uint8_t *data = NULL;
	_cleanup_bio_ BIO *bio = NULL;
	size_t size = 0;
	int r;

	if (self->n_files++ >= TRUST_FILES_MAX)
		return too_many(problem);
	r = ownfile_read(dir_fd, name, OWNFILE_NOT_WRITABLE, FILE_SIZE_MAX, &data, &size, problem);
	if (r == CODE_E_NOT_FOUND) /* removed meanwhile, or a link to nowhere */
		return code_problem(problem, CODE_E_CHANGED, "%.120s is not there any more", name);
	if (r != 0)
		return r;
	bio = BIO_new_mem_buf(data, (int)size);
	if (!bio)
		return error_origin(-ENOMEM);
	ERR_clear_error();
	return is_crl ? add_crls(self, bio, name, problem)
		      : add_certificates(purpose, bio, name, problem);
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return name[0] != '.' && n > m && strcmp(name + n - m, suffix) == 0;
}

static int add_directory(Anchors *self, int root_fd, const char *name, CodeProblem *problem)
{
	_cleanup_(anchors_closedirp) DIR *dir = NULL;
	AnchorsPurpose *purpose;
	struct dirent *entry;
	int r;

	r = open_dir(root_fd, name, &dir, problem);
	if (r == CODE_E_NOT_FOUND)
		return code_problem(problem, CODE_E_CHANGED, "%.120s is not there any more", name);
	if (r == 0)
		r = add_purpose(self, name, &purpose, problem);
	while (r == 0) {
		bool is_crl;

		r = next_entry(dir, &entry);
		if (r != 0 || !entry)
			break;
		is_crl = has_suffix(entry->d_name, ".crl");
		if (is_crl || has_suffix(entry->d_name, ".pem"))
			r = add_file(self, purpose, dirfd(dir), entry->d_name, is_crl, problem);
	}
	return r;
}

/* A symbolic link to a directory is not followed, but said to be wrong: see ownfile_open_directory(). */
static bool can_be_purpose(const struct dirent *entry)
{
	return ownfile_is_name(entry->d_name) &&
	       (entry->d_type == DT_DIR || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN);
}

int anchors_add_root(Anchors *self, const char *root, CodeProblem *problem)
{
	_cleanup_(anchors_closedirp) DIR *dir = NULL;
	struct dirent *entry;
	int r;

	r = open_dir(AT_FDCWD, root, &dir, problem);
	if (r == CODE_E_NOT_FOUND)
		return 0;
	while (r == 0) {
		r = next_entry(dir, &entry);
		if (r != 0 || !entry)
			break;
		if (can_be_purpose(entry))
			r = add_directory(self, dirfd(dir), entry->d_name, problem);
	}
	return r;
}
