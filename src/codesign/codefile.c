/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening what is to be judged. A path is first opened with O_PATH, which starts nothing, then asked
 * what it is, then opened again through that very descriptor.
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
#include "codesign/codefile.h"

static int stamp_of(int fd, CodeFileStamp *ret, mode_t *ret_mode)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH,
		    STATX_TYPE | STATX_MODE | STATX_SIZE | STATX_INO | STATX_MTIME | STATX_CTIME,
		    &stx) < 0)
		return error_origin(-errno);
	*ret = (CodeFileStamp){
		.size = stx.stx_size,
		.ino = stx.stx_ino,
		.dev_major = stx.stx_dev_major,
		.dev_minor = stx.stx_dev_minor,
		.mtime_s = stx.stx_mtime.tv_sec,
		.ctime_s = stx.stx_ctime.tv_sec,
		.mtime_ns = stx.stx_mtime.tv_nsec,
		.ctime_ns = stx.stx_ctime.tv_nsec,
	};
	if (ret_mode)
		*ret_mode = stx.stx_mode;
	return 0;
}

/* What an open that failed means to the caller. */
static int open_outcome(int error, CodeProblem *problem)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return code_problem(problem, CODE_E_NOT_FOUND, "there is no such file");
	case EACCES:
	case EPERM:
		return code_problem(problem, CODE_E_ACCESS, "the file may not be read");
	case ELOOP:
		return code_problem(
			problem, CODE_E_NOT_REGULAR, "symbolic links lead to other symbolic links");
	default:
		return error_origin(-error);
	}
}

/* A descriptor for reading of the file of @fd. */
static int reopen(int fd, int *ret, CodeProblem *problem)
{
	char path[sizeof("/proc/self/fd/") + 12];
	int opened;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd); /* it fits */
	opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (opened < 0)
		return open_outcome(errno, problem);
	opened = fd_above_stdio_consume(opened);
	if (opened < 0)
		return error_trace(opened);
	*ret = opened;
	return 0;
}

int codefile_open_fd(int fd, CodeFile *ret, CodeProblem *problem)
{
	_cleanup_close_ int opened = -EBADF;
	CodeFileStamp stamp;
	mode_t mode = 0;
	int flags, r;

	flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return error_origin(-errno);
	r = stamp_of(fd, &stamp, &mode);
	if (r != 0)
		return r;
	if (!S_ISREG(mode))
		return code_problem(problem, CODE_E_NOT_REGULAR, "it is not a regular file");
	if (!(flags & O_PATH) && (flags & O_ACCMODE) != O_WRONLY) {
		opened = fd_dup(fd);
		if (opened < 0)
			return error_trace(opened);
	} else {
		r = reopen(fd, &opened, problem);
		if (r != 0)
			return r;
	}
	*ret = (CodeFile){.fd = TAKE_FD(opened), .size = stamp.size, .stamp = stamp};
	return 0;
}

int codefile_open_at(
	int dir_fd, const char *path, bool no_follow, CodeFile *ret, CodeProblem *problem)
{
	_cleanup_close_ int fd = -EBADF;

	fd = openat(dir_fd, path, O_PATH | O_CLOEXEC | (no_follow ? O_NOFOLLOW : 0));
	if (fd < 0)
		return open_outcome(errno, problem);
	fd = fd_above_stdio_consume(TAKE_FD(fd));
	if (fd < 0)
		return error_trace(fd);
	return codefile_open_fd(fd, ret, problem);
}

/* Whether there is the same file at @path, and no link to it. */
static bool is_at(const CodeFile *file, const char *path)
{
	struct stat there, here;

	return lstat(path, &there) == 0 && fstat(file->fd, &here) == 0 &&
	       there.st_dev == here.st_dev && there.st_ino == here.st_ino;
}

int codefile_open_path(const char *path, CodeFile *ret, char **ret_real, CodeProblem *problem)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	_cleanup_free_ char *real = NULL, *given = NULL;
	int r;

	r = codefile_open_at(AT_FDCWD, path, false, &file, problem);
	if (r != 0)
		return r;
	given = strdup(path);
	if (!given)
		return error_origin(-ENOMEM);
	real = realpath(path, NULL);
	*ret_real = real && is_at(&file, real) ? TAKE_PTR(real) : TAKE_PTR(given);
	*ret = file;
	file = CODEFILE_NULL;
	return 0;
}

void codefile_deinit(CodeFile *self)
{
	self->fd = fd_close(self->fd);
}

int codefile_read(
	const CodeFile *self, uint64_t offset, void *buffer, size_t size, CodeProblem *problem)
{
	uint8_t *p = buffer;
	size_t done = 0;

	while (done < size) {
		ssize_t n;

		if (offset > INT64_MAX - size) /* no file is as long */
			return code_problem(problem, CODE_E_CHANGED, "the file ends too early");
		n = pread(self->fd, p + done, size - done, (off_t)(offset + done));
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return error_origin(-errno);
		}
		if (n == 0)
			return code_problem(problem, CODE_E_CHANGED,
				"the file was cut to %" PRIu64 " bytes while it was read",
				offset + done);
		done += (size_t)n;
	}
	return 0;
}

int codefile_check_unchanged(const CodeFile *self, CodeProblem *problem)
{
	CodeFileStamp now;
	int r;

	r = stamp_of(self->fd, &now, NULL);
	if (r != 0)
		return r;
	if (memcmp(&now, &self->stamp, sizeof(now)) != 0)
		return code_problem(
			problem, CODE_E_CHANGED, "the file changed while it was looked at");
	return 0;
}
