/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"
#include "codesign/codefile.h"
#include "codesign/ownfile.h"

#define CONFIG_SUFFIX "/.config/portcullis"
#define PASSWD_SIZE 16384u

bool ownfile_is_name(const char *name)
{
	size_t n = strspn(
		name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return n > 0 && n <= OWNFILE_NAME_MAX && name[n] == 0 && name[0] != '.';
}

static int check_owner(int fd, const char *name, mode_t forbidden, CodeProblem *problem)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return error_origin(-errno);
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return code_problem(problem, CODE_E_ANCHORS,
			"%.120s belongs to somebody else than this user or root", name);
	if ((st.st_mode & forbidden) == 0)
		return 0;
	return code_problem(problem, CODE_E_ANCHORS,
		(forbidden & 044) ? "%.120s may be read or written by others: its mode must be 0600"
				  : "%.120s may be written by others",
		name);
}

static int outcome(int error, const char *name, CodeProblem *problem)
{
	switch (error) {
	case ENOENT:
		return code_problem(problem, CODE_E_NOT_FOUND, "there is no %.120s", name);
	case EACCES:
	case EPERM:
	case EROFS:
		return code_problem(
			problem, CODE_E_ACCESS, "%.120s may not be opened or written", name);
	case ELOOP:
	case ENOTDIR:
		return code_problem(problem, CODE_E_ACCESS, "%.120s is not a directory", name);
	default:
		return error_origin(-error);
	}
}

int ownfile_open_directory(int at, const char *path, int *ret, CodeProblem *problem)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	fd = openat(
		at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (at == AT_FDCWD ? 0 : O_NOFOLLOW));
	if (fd < 0)
		return outcome(errno, path, problem);
	fd = fd_above_stdio_consume(TAKE_FD(fd));
	if (fd < 0)
		return error_trace(fd);
	r = check_owner(fd, path, OWNFILE_NOT_WRITABLE, problem);
	if (r == 0)
		*ret = TAKE_FD(fd);
	return r;
}

/* What the umask takes away stays away: the mode only ever gets narrower. */
int ownfile_make_directory(int at, const char *path, mode_t mode, int *ret, CodeProblem *problem)
{
	_cleanup_free_ char *copy = strdup(path);

	if (!copy)
		return error_origin(-ENOMEM);
	for (char *p = copy + 1; copy[0] && *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		if (mkdirat(at, copy, mode) < 0 && errno != EEXIST)
			return outcome(errno, copy, problem);
		*p = '/';
	}
	if (mkdirat(at, copy, mode) < 0 && errno != EEXIST)
		return outcome(errno, copy, problem);
	return ownfile_open_directory(at, path, ret, problem);
}

int ownfile_read(int dir_fd, const char *name, mode_t forbidden, size_t max, uint8_t **ret,
	size_t *ret_size, CodeProblem *problem)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	uint8_t *data;
	size_t size;
	int r;

	r = codefile_open_at(dir_fd, name, true, &file, problem);
	if (r == CODE_E_NOT_FOUND || r == CODE_E_ACCESS || r == CODE_E_NOT_REGULAR)
		return code_problem(problem, r, "%.120s: %s", name,
			r == CODE_E_NOT_FOUND ? "there is no such file"
			: r == CODE_E_ACCESS  ? "it may not be read"
					      : "it is not a regular file");
	if (r == 0)
		r = check_owner(file.fd, name, forbidden, problem);
	if (r != 0)
		return r;
	if (file.size > max)
		return code_problem(problem, CODE_E_TOO_BIG, "%.120s is too large", name);
	size = (size_t)file.size;
	data = malloc(size + 1);
	if (!data)
		return error_origin(-ENOMEM);
	data[size] = 0;
	r = codefile_read(&file, 0, data, size, problem);
	if (r == 0)
		r = codefile_check_unchanged(&file, problem);
	if (r != 0) {
		ownfile_free(data, size);
		return r;
	}
	*ret = data;
	*ret_size = size;
	return 0;
}

/* Fill the temporary file and give it its name, which must be free. */
static int write_and_link(int dir_fd, int fd, const char *temporary, const char *name, mode_t mode,
	const void *data, size_t size, CodeProblem *problem)
{
	int r = fd_write_all(fd, data, size);

	if (r != 0)
		return r;
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return error_origin(-errno);
	if (linkat(dir_fd, temporary, dir_fd, name, 0) < 0)
		return errno == EEXIST ? code_problem(problem, CODE_E_EXISTS,
						 "there is a %.120s already", name)
				       : outcome(errno, name, problem);
	return 0;
}

int ownfile_write_new(int dir_fd, const char *name, mode_t mode, const void *data, size_t size,
	CodeProblem *problem)
{
	char temporary[NAME_MAX + 1];
	_cleanup_close_ int fd = -EBADF;
	bool is_linked;
	int n, r;

	n = snprintf(temporary, sizeof(temporary), ".%.160s.%016" PRIx64, name, random_u64());
	if (n < 0 || (size_t)n >= sizeof(temporary))
		return error_origin(-ENAMETOOLONG);
	fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return outcome(errno, name, problem);
	fd = fd_above_stdio_consume(TAKE_FD(fd));
	r = fd < 0 ? error_trace(fd)
		   : write_and_link(dir_fd, fd, temporary, name, mode, data, size, problem);
	is_linked = r == 0;
	if (unlinkat(dir_fd, temporary, 0) < 0 && r == 0)
		r = error_origin(-errno);
	if (r == 0 && fsync(dir_fd) < 0)
		r = error_origin(-errno);
	if (is_linked && r != 0)
		(void)unlinkat(dir_fd, name, 0); /* nothing more can be done */
	return r;
}

int ownfile_find_config(char **ret, CodeProblem *problem)
{
	const char *home = secure_getenv("HOME");
	_cleanup_free_ char *buffer = NULL;
	struct passwd entry, *found = NULL;
	int r;

	if (!home || home[0] != '/') {
		buffer = malloc(PASSWD_SIZE);
		if (!buffer)
			return error_origin(-ENOMEM);
		r = getpwuid_r(geteuid(), &entry, buffer, PASSWD_SIZE, &found);
		if (r != 0 || !found || !found->pw_dir || found->pw_dir[0] != '/')
			return code_problem(
				problem, CODE_E_NOT_FOUND, "this user has no home directory");
		home = found->pw_dir;
	}
	if (asprintf(ret, "%s" CONFIG_SUFFIX, home) < 0) {
		*ret = NULL;
		return error_origin(-ENOMEM);
	}
	return 0;
}

void ownfile_free(void *data, size_t size)
{
	if (data)
		OPENSSL_cleanse(data, size);
	free(data);
}
