/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures beside a file, and the database.
 *
 * The name of an entry is SHA-256 of "portcullis content 1", a 0 byte, the size of the file as 64 bits
 * big-endian, and the SHA-256 of its pages. Pages have 16 KiB, or as much more as keeps their number
 * at or below 65536: so it is made on two threads, and in little memory. That a name fits is a
 * reason to look at an entry, not to believe it: the signature in it is held against the file as
 * any other.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "codesign/blob.h"
#include "codesign/codedir.h"
#include "codesign/detached.h"
#include "codesign/pagehash.h"
#include "codesign/replace.h"

#define NAME_PAGES_MAX 65536u
#define HASH_SIZE 32u

static int read_all(const CodeFile *file, uint8_t **ret, size_t *ret_size, CodeProblem *problem)
{
	_cleanup_free_ uint8_t *data = NULL;
	int r;

	if (file->size > BLOB_MAX)
		return code_problem(
			problem, CODE_E_TOO_BIG, "the file is too large for a signature");
	data = malloc(MAX((size_t)file->size, (size_t)1));
	if (!data)
		return error_origin(-ENOMEM);
	r = codefile_read(file, 0, data, (size_t)file->size, problem);
	if (r == 0)
		r = codefile_check_unchanged(file, problem);
	if (r != 0)
		return r;
	*ret = TAKE_PTR(data);
	*ret_size = (size_t)file->size;
	return 0;
}

int detached_read(const char *path, uint8_t **ret, size_t *ret_size, CodeProblem *problem)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	int r;

	r = codefile_open_at(AT_FDCWD, path, false, &file, problem);
	return r == 0 ? read_all(&file, ret, ret_size, problem) : r;
}

static char *beside(const char *path)
{
	char *with_suffix = NULL;

	return asprintf(&with_suffix, "%s" DETACHED_SUFFIX, path) < 0 ? NULL : with_suffix;
}

static int none(CodeProblem *problem)
{
	return code_problem(problem, CODE_E_UNSIGNED, "the file has no detached signature");
}

int detached_read_beside(const char *path, uint8_t **ret, size_t *ret_size, CodeProblem *problem)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	_cleanup_free_ char *name = beside(path);
	int r;

	if (!name)
		return error_origin(-ENOMEM);
	r = codefile_open_at(AT_FDCWD, name, true, &file, problem);
	if (r == CODE_E_NOT_FOUND)
		return none(problem);
	return r == 0 ? read_all(&file, ret, ret_size, problem) : r;
}

int detached_write(const char *path, const uint8_t *data, size_t size, CodeProblem *problem)
{
	_cleanup_replace_ Replace new = REPLACE_NULL;
	int r;

	r = replace_init(&new, path, problem);
	if (r == 0)
		r = replace_write(&new, 0, data, size);
	if (r == 0)
		r = replace_set_mode(&new, 0644);
	if (r == 0)
		r = replace_commit(&new, NULL, problem);
	return r;
}

int detached_write_beside(const char *path, const uint8_t *data, size_t size, CodeProblem *problem)
{
	_cleanup_free_ char *name = beside(path);

	return name ? detached_write(name, data, size, problem) : error_origin(-ENOMEM);
}

int detached_remove_beside(const char *path, CodeProblem *problem)
{
	_cleanup_free_ char *name = beside(path);

	if (!name)
		return error_origin(-ENOMEM);
	if (unlink(name) == 0)
		return 0;
	if (errno == ENOENT)
		return none(problem);
	if (errno == EACCES || errno == EPERM)
		return code_problem(
			problem, CODE_E_ACCESS, "the detached signature may not be removed");
	return error_origin(-errno);
}

int detached_format_name(const CodeFile *file, char ret[DETACHED_NAME_SIZE], CodeProblem *problem)
{
	static const char domain[] = "portcullis content 1";
	_cleanup_digest_ Digest *digest = NULL;
	_cleanup_free_ uint8_t *hashes = NULL;
	PageHashJob job = {.file = file, .limit = file->size, .type = CODE_HASH_SHA256};
	uint8_t size[8], hash[HASH_SIZE];
	size_t n_bytes;
	int r;

	job.page_shift = CODE_PAGE_SHIFT_DEFAULT;
	while (codedir_count_pages(file->size, job.page_shift) > NAME_PAGES_MAX)
		job.page_shift++;
	n_bytes = (size_t)codedir_count_pages(file->size, job.page_shift) * HASH_SIZE;
	hashes = malloc(n_bytes + 1); /* which may be 0 */
	if (!hashes)
		return error_origin(-ENOMEM);
	r = pagehash_make(&job, hashes, problem);
	if (r != 0)
		return r;
	blob_write_be64(size, file->size);
	r = digest_new(CODE_HASH_SHA256, &digest);
	if (r == 0)
		r = digest_start(digest);
	if (r == 0)
		r = digest_update(digest, domain, sizeof(domain));
	if (r == 0)
		r = digest_update(digest, size, sizeof(size));
	if (r == 0)
		r = digest_update(digest, hashes, n_bytes);
	if (r == 0)
		r = digest_finish(digest, hash);
	if (r != 0)
		return error_trace(r);
	(void)snprintf(ret, 4, "%02x/", hash[0]); /* two digits, a slash, a 0 */
	for (size_t i = 1; i < HASH_SIZE; i++)
		(void)snprintf(ret + 1 + 2 * i, 3, "%02x", hash[i]); /* two digits, a 0 */
	memcpy(ret + 1 + 2 * HASH_SIZE, DETACHED_SUFFIX, sizeof(DETACHED_SUFFIX));
	return 0;
}

/* Whether nobody but root and this user can have written there. */
static int check_owner(int fd, CodeProblem *problem)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_origin(-errno);
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || (st.st_mode & 022))
		return code_problem(problem, CODE_E_DATABASE,
			"the database of signatures could have been written to by others");
	return 0;
}

/* A directory of the database; CODE_E_UNSIGNED where there is none. */
static int open_directory(int at, const char *name, bool no_follow, int *ret, CodeProblem *problem)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (no_follow ? O_NOFOLLOW : 0));
	if (fd < 0) {
		if (errno == ENOENT)
			return none(problem);
		if (errno == EACCES || errno == ELOOP || errno == ENOTDIR)
			return code_problem(problem, CODE_E_DATABASE,
				"the database of signatures cannot be looked into");
		return error_origin(-errno);
	}
	fd = fd_above_stdio_consume(TAKE_FD(fd));
	if (fd < 0)
		return error_trace(fd);
	r = check_owner(fd, problem);
	if (r == 0)
		*ret = TAKE_FD(fd);
	return r;
}

/* The directory of the entry of @file, and the name in it. */
static int open_place(const char *directory, const CodeFile *file, bool create, int *ret_dir_fd,
	char ret_name[DETACHED_NAME_SIZE], CodeProblem *problem)
{
	_cleanup_close_ int top_fd = -EBADF;
	char name[DETACHED_NAME_SIZE];
	int r;

	r = open_directory(AT_FDCWD, directory, false, &top_fd, problem);
	if (r == CODE_E_UNSIGNED && create)
		return code_problem(
			problem, CODE_E_NOT_FOUND, "there is no database of signatures");
	if (r == 0)
		r = detached_format_name(file, name, problem);
	if (r != 0)
		return r;
	memcpy(ret_name, name + 3, sizeof(name) - 3);
	name[2] = 0;
	if (create && mkdirat(top_fd, name, 0755) < 0 && errno != EEXIST)
		return errno == EACCES || errno == EPERM || errno == EROFS
			       ? code_problem(problem, CODE_E_ACCESS,
					 "the database of signatures may not be written to")
			       : error_origin(-errno);
	return open_directory(top_fd, name, true, ret_dir_fd, problem);
}

int detached_read_database(const char *directory, const CodeFile *file, uint8_t **ret,
	size_t *ret_size, CodeProblem *problem)
{
	_cleanup_codefile_ CodeFile entry = CODEFILE_NULL;
	_cleanup_close_ int dir_fd = -EBADF;
	char name[DETACHED_NAME_SIZE];
	int r;

	r = open_place(directory, file, false, &dir_fd, name, problem);
	if (r != 0)
		return r;
	r = codefile_open_at(dir_fd, name, true, &entry, problem);
	if (r == CODE_E_NOT_FOUND)
		return none(problem);
	if (r == 0)
		r = check_owner(entry.fd, problem);
	return r == 0 ? read_all(&entry, ret, ret_size, problem) : r;
}

int detached_write_database(const char *directory, const CodeFile *file, const uint8_t *data,
	size_t size, CodeProblem *problem)
{
	_cleanup_close_ int dir_fd = -EBADF;
	_cleanup_free_ char *path = NULL;
	char name[DETACHED_NAME_SIZE];
	int r;

	r = open_place(directory, file, true, &dir_fd, name, problem);
	if (r != 0)
		return r;
	if (asprintf(&path, "/proc/self/fd/%d/%s", dir_fd, name) < 0) {
		path = NULL;
		return error_origin(-ENOMEM);
	}
	return detached_write(path, data, size, problem);
}

int detached_remove_database(const char *directory, const CodeFile *file, CodeProblem *problem)
{
	_cleanup_close_ int dir_fd = -EBADF;
	char name[DETACHED_NAME_SIZE];
	int r;

	r = open_place(directory, file, false, &dir_fd, name, problem);
	if (r != 0)
		return r;
	if (unlinkat(dir_fd, name, 0) == 0)
		return 0;
	if (errno == ENOENT)
		return none(problem);
	if (errno == EACCES || errno == EPERM || errno == EROFS)
		return code_problem(
			problem, CODE_E_ACCESS, "the database of signatures may not be written to");
	return error_origin(-errno);
}
