/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where codesign writes what it was asked to take out of a signature: requirements, entitlements,
 * certificates.
 *
 * It may be root's, in a folder that others can write to. A file is therefore made anew and takes the
 * place of the one that is there, as signatures do; nothing is written through a symbolic link.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "codesign/detached.h"
#include "tools/codesign.h"

static bool is_special(const struct stat *st)
{
	return S_ISCHR(st->st_mode) || S_ISFIFO(st->st_mode);
}

/* A device, or a pipe that somebody reads: it is not waited for one who may. */
static int write_special(const char *path, const void *data, size_t size)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st = {0};
	int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;

	if (r == 0 && !is_special(&st))
		return fail_file(path, "another file took its place meanwhile");
	if (r == 0)
		r = fd_set_nonblock(fd, false);
	if (r == 0)
		r = fd_write_all(fd, data, size);
	return r < 0 ? fail_file(path, "%s", strerror(-r)) : 0;
}

bool output_is_replaceable(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 || S_ISREG(st.st_mode);
}

int output_write(const char *path, const void *data, size_t size)
{
	CodeProblem problem;
	struct stat st;
	int r;

	if (strcmp(path, "-") == 0) {
		(void)fflush(stdout); /* what it has not taken by the end, output_flush() tells */
		r = fd_write_all(STDOUT_FILENO, data, size);
		return r < 0 ? fail_file("standard output", "%s", strerror(-r)) : 0;
	}
	if (stat(path, &st) == 0 && is_special(&st))
		return write_special(path, data, size);
	if (!output_is_replaceable(path))
		return fail_file(path, OUTPUT_NOT_REPLACEABLE);
	r = detached_write(path, data, size, &problem);
	if (r < 0)
		return fail_file(path, "%s", strerror(-r));
	return r ? fail_file(path, "%s", problem.text) : 0;
}

int output_flush(void)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return fail_file("standard output", "it could not be written to");
	return 0;
}
