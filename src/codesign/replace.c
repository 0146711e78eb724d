/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that take the place of others. All of it is relative to a descriptor of the directory, so that
 * nobody can move it under our feet.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"
#include "codesign/replace.h"

#define COPY_SIZE (256u * 1024)
#define NAME_TRIES 8

static int write_outcome(int error, CodeProblem *problem)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return code_problem(problem, CODE_E_NOT_FOUND, "there is no such directory");
	case EACCES:
	case EPERM:
		return code_problem(
			problem, CODE_E_ACCESS, "no file may be made or replaced in its directory");
	default:
		return error_origin(-error);
	}
}

static int open_directory(Replace *self, const char *path, CodeProblem *problem)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir = NULL;
	int fd;

	dir = !slash	      ? strdup(".")
	      : slash == path ? strdup("/")
			      : strndup(path, (size_t)(slash - path));
	self->name = strdup(slash ? slash + 1 : path);
	if (!dir || !self->name)
		return error_origin(-ENOMEM);
	if (self->name[0] == 0)
		return code_problem(problem, CODE_E_NOT_REGULAR, "it is not a regular file");
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return write_outcome(errno, problem);
	fd = fd_above_stdio_consume(fd);
	if (fd < 0)
		return error_trace(fd);
	self->dir_fd = fd;
	return 0;
}

static void drop_temporary_name(Replace *self)
{
	free(self->temporary);
	self->temporary = NULL;
}

/* ".NAME.codesign-0123456789abcdef"; of long names only the beginning. */
static int make_temporary_name(Replace *self)
{
	drop_temporary_name(self);
	if (asprintf(&self->temporary, ".%.200s.codesign-%016" PRIx64, self->name, random_u64()) <
		0) {
		self->temporary = NULL;
		return error_origin(-ENOMEM);
	}
	return 0;
}

/* A file with a name, where the file system has none without. */
static int open_named(Replace *self, CodeProblem *problem)
{
	for (int i = 0; i < NAME_TRIES; i++) {
		int r = make_temporary_name(self);

		if (r < 0)
			return r;
		self->fd = openat(self->dir_fd, self->temporary,
			O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (self->fd >= 0)
			return 0;
		r = errno;
		self->fd = -EBADF;
		drop_temporary_name(self);
		if (r != EEXIST)
			return write_outcome(r, problem);
	}
	return error_origin(-EEXIST);
}

int replace_init(Replace *self, const char *path, CodeProblem *problem)
{
	_cleanup_replace_ Replace new = REPLACE_NULL;
	int r;

	r = open_directory(&new, path, problem);
	if (r != 0)
		return r;
	new.fd = openat(new.dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (new.fd < 0) {
		if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
			return write_outcome(errno, problem);
		r = open_named(&new, problem);
		if (r != 0)
			return r;
	}
	new.fd = fd_above_stdio_consume(new.fd);
	if (new.fd < 0)
		return error_trace(new.fd);
	*self = new;
	new = REPLACE_NULL;
	return 0;
}

void replace_deinit(Replace *self)
{
	if (self->temporary && self->dir_fd >= 0)
		(void)unlinkat(self->dir_fd, self->temporary, 0); /* nothing more can be done */
	drop_temporary_name(self);
	free(self->name);
	self->name = NULL;
	self->fd = fd_close(self->fd);
	self->dir_fd = fd_close(self->dir_fd);
}

int replace_write(Replace *self, uint64_t offset, const void *data, size_t size)
{
	const uint8_t *p = data;

	while (size > 0) {
		ssize_t n = pwrite(self->fd, p, size, (off_t)offset);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return error_origin(-errno);
		}
		p += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static int copy_by_hand(
	Replace *self, const CodeFile *source, uint64_t at, uint64_t size, CodeProblem *problem)
{
	_cleanup_free_ uint8_t *buffer = malloc(COPY_SIZE);

	if (!buffer)
		return error_origin(-ENOMEM);
	while (at < size) {
		size_t n = (size_t)MIN(size - at, (uint64_t)COPY_SIZE);
		int r = codefile_read(source, at, buffer, n, problem);

		if (r == 0)
			r = replace_write(self, at, buffer, n);
		if (r != 0)
			return r;
		at += n;
	}
	return 0;
}

/* The kernel copies, or shares what is on the disk, where it can. */
int replace_copy(Replace *self, const CodeFile *source, uint64_t size, CodeProblem *problem)
{
	off_t in = 0, out = 0;

	while ((uint64_t)in < size) {
		ssize_t n = copy_file_range(
			source->fd, &in, self->fd, &out, (size_t)(size - (uint64_t)in), 0);

		if (n > 0 || (n < 0 && errno == EINTR))
			continue;
		if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO))
			return error_origin(-errno);
		return copy_by_hand(self, source, (uint64_t)in, size, problem);
	}
	return 0;
}

/* Names that say something about the old bytes, and are false for the new ones. */
static bool is_stale_attribute(const char *name)
{
	return strcmp(name, "security.ima") == 0 || strcmp(name, "security.evm") == 0;
}

/* Names that are the system's to give, and that it gives to new files as well. */
static bool is_system_attribute(const char *name)
{
	return strncmp(name, "trusted.", 8) == 0 || strcmp(name, "security.selinux") == 0;
}

static int keep_attribute(
	Replace *self, const CodeFile *old, const char *name, CodeProblem *problem)
{
	_cleanup_free_ uint8_t *value = malloc(XATTR_SIZE_MAX);
	ssize_t n;

	if (!value)
		return error_origin(-ENOMEM);
	n = fgetxattr(old->fd, name, value, XATTR_SIZE_MAX);
	if (n < 0)
		return errno == ENODATA ? 0 : error_origin(-errno);
	if (fsetxattr(self->fd, name, value, (size_t)n, 0) == 0)
		return 0;
	if ((errno == EPERM || errno == EOPNOTSUPP) && is_system_attribute(name))
		return 0;
	if (errno == EPERM)
		return code_problem(problem, CODE_E_ACCESS,
			"the extended attribute %.100s of the file cannot be kept", name);
	return error_origin(-errno);
}

static int keep_attributes(Replace *self, const CodeFile *old, CodeProblem *problem)
{
	_cleanup_free_ char *names = malloc(XATTR_LIST_MAX);
	ssize_t n;

	if (!names)
		return error_origin(-ENOMEM);
	n = flistxattr(old->fd, names, XATTR_LIST_MAX);
	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : error_origin(-errno);
	for (const char *name = names; name < names + n; name += strlen(name) + 1) {
		int r = is_stale_attribute(name) ? 0 : keep_attribute(self, old, name, problem);

		if (r != 0)
			return r;
	}
	return 0;
}

int replace_set_mode(Replace *self, unsigned mode)
{
	return fchmod(self->fd, mode) < 0 ? error_origin(-errno) : 0;
}

/* Owner before mode, which a change of owner cuts; attributes after both, as there are capabilities
 * among them, which a change of owner drops; times last. */
int replace_keep(Replace *self, const CodeFile *old, bool keep_times, CodeProblem *problem)
{
	struct stat now, wanted;
	int r;

	if (fstat(old->fd, &wanted) < 0 || fstat(self->fd, &now) < 0)
		return error_origin(-errno);
	if ((now.st_uid != wanted.st_uid || now.st_gid != wanted.st_gid) &&
		fchown(self->fd, wanted.st_uid, wanted.st_gid) < 0)
		return errno == EPERM ? code_problem(problem, CODE_E_ACCESS,
						"the owner of the file cannot be kept")
				      : error_origin(-errno);
	if (fchmod(self->fd, wanted.st_mode & 07777) < 0)
		return error_origin(-errno);
	r = keep_attributes(self, old, problem);
	if (r != 0)
		return r;
	if (keep_times) {
		const struct timespec times[2] = {wanted.st_atim, wanted.st_mtim};

		if (futimens(self->fd, times) < 0)
			return error_origin(-errno);
	}
	return 0;
}

/* Give a file without a name one. */
static int link_temporary(Replace *self, CodeProblem *problem)
{
	char path[sizeof("/proc/self/fd/") + 12];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", self->fd); /* it fits */
	for (int i = 0; i < NAME_TRIES; i++) {
		int r = make_temporary_name(self);

		if (r < 0)
			return r;
		if (linkat(AT_FDCWD, path, self->dir_fd, self->temporary, AT_SYMLINK_FOLLOW) == 0)
			return 0;
		r = errno;
		drop_temporary_name(self);
		if (r != EEXIST)
			return write_outcome(r, problem);
	}
	return error_origin(-EEXIST);
}

static int check_old(const Replace *self, const CodeFile *old, CodeProblem *problem)
{
	struct stat st, mine;
	int r;

	r = codefile_check_unchanged(old, problem);
	if (r != 0)
		return r;
	if (fstat(old->fd, &mine) < 0)
		return error_origin(-errno);
	if (fstatat(self->dir_fd, self->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return error_origin(-errno);
	} else if (st.st_dev == mine.st_dev && st.st_ino == mine.st_ino) {
		return 0;
	}
	return code_problem(
		problem, CODE_E_CHANGED, "another file took the place of this one meanwhile");
}

int replace_commit(Replace *self, const CodeFile *old, CodeProblem *problem)
{
	int r;

	if (fsync(self->fd) < 0)
		return error_origin(-errno);
	if (!self->temporary) {
		r = link_temporary(self, problem);
		if (r != 0)
			return r;
	}
	if (old) {
		r = check_old(self, old, problem);
		if (r != 0)
			return r;
	}
	if (renameat(self->dir_fd, self->temporary, self->dir_fd, self->name) < 0)
		return write_outcome(errno, problem);
	drop_temporary_name(self);
	if (fsync(self->dir_fd) < 0 && errno != EINVAL) /* a file system that has no need to */
		return error_origin(-errno);
	return 0;
}
