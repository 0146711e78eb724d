/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/contact.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"
#include "port/handoff.h"

/* Waits for its turn where others are at the door. The kernel queues who waits in connect(), so that
 * nobody is passed over; after SO_SNDTIMEO it says EAGAIN. */
static int knock(int fd, const struct sockaddr_un *address, Deadline end)
{
	for (;;) {
		uint64_t ms = (uint64_t)deadline_to_poll_ms(end);
		struct timeval wait = {
			.tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

		/* No time at all would be for ever. */
		if (ms == 0)
			return -ETIMEDOUT;
		if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0)
			return error_origin(-errno);
		if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN)
			return -ETIMEDOUT;
		/* Nobody listens there (any more). */
		return errno == ECONNREFUSED || errno == ENOTDIR ? -ENOENT : -errno;
	}
}

static int connect_to(const char *path, Deadline end, int *ret)
{
	_cleanup_close_ int fd = -EBADF;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = fd_above_stdio_consume(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	if (fd < 0)
		return error_origin(-errno);
	r = knock(fd, &address, end);
	if (r < 0)
		return r;
	*ret = TAKE_FD(fd);
	return 0;
}

static bool is_trusted(int fd)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0 || size != sizeof(cred))
		return false;
	return cred.uid == 0 || cred.uid == geteuid();
}

static int await_right(int fd, Deadline end, mach_port_t *ret)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int r = handoff_receive(fd, ret);

		if (r <= 0)
			return r;
		if (r != HANDOFF_E_EMPTY)
			return -EACCES;
		r = poll(&p, 1, deadline_to_poll_ms(end));
		if (r == 0)
			return -ETIMEDOUT;
		if (r < 0 && errno != EINTR)
			return error_origin(-errno);
	}
}

int contact_path(const char *path, unsigned timeout_ms, mach_port_t *ret)
{
	_cleanup_close_ int fd = -EBADF;
	Deadline end = deadline_after_ms(timeout_ms);
	int r = connect_to(path, end, &fd);

	if (r < 0)
		return r;
	if (!is_trusted(fd))
		return -EACCES;
	return await_right(fd, end, ret);
}

int contact_user_path(char *path, size_t size)
{
	const char *folder = secure_getenv("XDG_RUNTIME_DIR");

	if (!folder || *folder != '/')
		return -ENOENT;
	return snprintf(path, size, "%s/%s", folder, CONTACT_USER_NAME) < (int)size ? 0
										    : -ENAMETOOLONG;
}

int contact_server(mach_port_t *ret)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int r = -ENOENT;

	if (contact_user_path(path, sizeof(path)) == 0)
		r = contact_path(path, CONTACT_TIMEOUT_MS, ret);
	return r == -ENOENT ? contact_path(CONTACT_SYSTEM_PATH, CONTACT_TIMEOUT_MS, ret) : r;
}
