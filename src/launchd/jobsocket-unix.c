/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unix sockets of jobs.
 *
 * The socket is bound under a name of ours beside the path, given its mode and owner, made to listen,
 * and renamed: nobody can connect to it before it is as it should be, and what was at the path is
 * replaced in one step. That is only done to a socket that answers to nobody: a file of another kind, a
 * symbolic link, or a living server are reasons not to load the job.
 *
 * The directory is opened once, and everything goes through its descriptor.
 */
#include "launchd/jobsocket-private.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"

#define BIND_ATTEMPTS 16

static mode_t mode_of(const SpecSocket *spec)
{
	mode_t mask;

	if (spec->path_mode != SPEC_UNSET)
		return (mode_t)spec->path_mode;
	/* Reading it is setting it. */
	mask = umask(0);
	(void)umask(mask);
	return 0777 & ~mask;
}

/* "/proc/self/fd/N/NAME": no directory is too deep for a sockaddr. */
static void fill_address(struct sockaddr_un *address, int dir, const char *name)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s", dir, name);
}

/* Bind under a name that is free; @name_size is enough for it. */
static int bind_aside(int fd, int dir, char *ret_name, size_t name_size)
{
	struct sockaddr_un address;

	for (int i = 0; i < BIND_ATTEMPTS; i++) {
		uint64_t number;

		random_bytes(&number, sizeof(number));
		snprintf(ret_name, name_size, ".launchd.%08x", (unsigned)number);
		fill_address(&address, dir, ret_name);
		if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return 0;
		if (errno != EADDRINUSE)
			return -errno;
	}
	return -EADDRINUSE;
}

/* 0: nothing of value is at the path. */
static int check_old(int dir, const char *name, int type)
{
	_cleanup_close_ int fd = -EBADF;
	struct sockaddr_un address;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (strlen(name) >= sizeof(address.sun_path) - 32)
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	fill_address(&address, dir, name);
	/* Nobody has it open; or it went away by itself. Anything else is a server that lives. */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 &&
		(errno == ECONNREFUSED || errno == ENOENT))
		return 0;
	return -EADDRINUSE;
}

/* Make the socket that is bound at @name what it should be, and put it at its place. */
static int finish(JobSocket *socket, int fd, int dir, const char *name, const char *final)
{
	const SpecSocket *spec = socket->spec;
	_cleanup_close_ int inode = -EBADF;
	char link[32];
	struct stat st;
	int r;

	/* Where others can write, the name may be another's by now: it is the inode that counts. */
	inode = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (inode < 0 || fstat(inode, &st) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
		return -EEXIST;
	if (spec->path_owner != SPEC_UNSET || spec->path_group != SPEC_UNSET) {
		uid_t uid = spec->path_owner == SPEC_UNSET ? (uid_t)-1 : (uid_t)spec->path_owner;
		gid_t gid = spec->path_group == SPEC_UNSET ? (gid_t)-1 : (gid_t)spec->path_group;

		if (fchownat(inode, "", uid, gid, AT_EMPTY_PATH) < 0)
			return -errno;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", inode);
	if (chmod(link, mode_of(spec)) < 0)
		return -errno;
	if (spec->type != SOCK_DGRAM && listen(fd, SOMAXCONN) < 0)
		return -errno;
	r = check_old(dir, final, spec->type);
	if (r < 0)
		return r;
	if (renameat(dir, name, dir, final) < 0)
		return -errno;
	socket->dev = st.st_dev;
	socket->ino = st.st_ino;
	return 0;
}

static int listen_at(JobSocket *socket, int fd, char **ret_problem)
{
	const SpecSocket *spec = socket->spec;
	char *slash = strrchr(socket->path, '/');
	_cleanup_free_ char *parent = NULL;
	_cleanup_close_ int dir = -EBADF;
	char name[32];
	int r;

	if (!slash[1])
		return jobsocket_refuse_errno(
			spec, ret_problem, "cannot listen at", socket->path, EISDIR);
	parent = strndup(socket->path, slash == socket->path ? 1 : (size_t)(slash - socket->path));
	if (!parent)
		return error_origin(-ENOMEM);
	dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return jobsocket_refuse_errno(
			spec, ret_problem, "cannot open the directory", parent, errno);
	/* The inode gets no more permissions than this, until it has its own. */
	if (fchmod(fd, 0600) < 0)
		return error_origin(-errno);
	r = bind_aside(fd, dir, name, sizeof(name));
	if (r == 0) {
		r = finish(socket, fd, dir, name, slash + 1);
		if (r < 0)
			(void)unlinkat(dir, name, 0); /* nothing more can be done about it */
	}
	if (r < 0)
		return jobsocket_refuse_errno(
			spec, ret_problem, "cannot listen at", socket->path, -r);
	return 0;
}

static int connect_to(JobSocket *socket, int fd, char **ret_problem)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket->path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return jobsocket_refuse_errno(
			socket->spec, ret_problem, "cannot connect to", socket->path, errno);
	return 0;
}

/* Where a socket goes whose path is ours to choose: a directory that only its user can enter. */
static int choose_path(JobSocket *socket, const char *directory, char **ret_problem)
{
	const SpecSocket *spec = socket->spec;
	_cleanup_free_ char *made = NULL;
	uid_t uid = spec->path_owner == SPEC_UNSET ? (uid_t)-1 : (uid_t)spec->path_owner;

	if (!directory)
		return refusal_format(JOBSOCKET_E_REFUSED, ret_problem,
			"socket \"%s\": there is no directory for SecureSocketWithKey", spec->name);
	/* It may be the first that is wanted of us there. */
	if (mkdir(directory, geteuid() == 0 ? 0755 : 0700) < 0 && errno != EEXIST)
		return jobsocket_refuse_errno(spec, ret_problem, "cannot make", directory, errno);
	if (asprintf(&made, "%s/launch-XXXXXX", directory) < 0) {
		made = NULL;
		return error_origin(-ENOMEM);
	}
	if (!mkdtemp(made))
		return jobsocket_refuse_errno(
			spec, ret_problem, "cannot make a directory in", directory, errno);
	socket->directory = TAKE_PTR(made);
	if (uid != (uid_t)-1 && chown(socket->directory, uid, (gid_t)-1) < 0)
		return jobsocket_refuse_errno(
			spec, ret_problem, "cannot give away", socket->directory, errno);
	if (asprintf(&socket->path, "%s/socket", socket->directory) < 0) {
		socket->path = NULL;
		return error_origin(-ENOMEM);
	}
	return 0;
}

int jobsocket_open_unix(JobSocket *socket_, const char *directory, char **ret_problem)
{
	const SpecSocket *spec = socket_->spec;
	_cleanup_close_ int fd = -EBADF;
	int r;

	if (spec->path) {
		socket_->path = strdup(spec->path);
		if (!socket_->path)
			return error_origin(-ENOMEM);
	} else {
		r = choose_path(socket_, directory, ret_problem);
		if (r != 0)
			return error_trace(r);
	}
	/* Connecting must not wait for a server that does not accept. */
	fd = socket(AF_UNIX, spec->type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_origin(-errno);
	fd = fd_above_stdio_consume(TAKE_FD(fd));
	if (fd < 0)
		return error_trace(fd);
	r = spec->passive ? listen_at(socket_, fd, ret_problem)
			  : connect_to(socket_, fd, ret_problem);
	if (r != 0)
		return error_trace(r);
	socket_->fds[0] = TAKE_FD(fd);
	return 0;
}

void jobsocket_close_unix(JobSocket *socket)
{
	struct stat st;

	/* Somebody may have put another one there. */
	if (socket->ino != 0 && lstat(socket->path, &st) == 0 && st.st_dev == socket->dev &&
		st.st_ino == socket->ino)
		(void)unlink(socket->path);
	if (socket->directory)
		(void)rmdir(socket->directory);
	free(socket->path);
	free(socket->directory);
	socket->path = socket->directory = NULL;
	socket->ino = 0;
}
