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

static int connect_to(const char *path, int *ret)
{
	_cleanup_close_ int fd = -EBADF;
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = fd_above_stdio_consume(
		socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (fd < 0)
		return error_origin(-errno);
	/* Full of others: EAGAIN. Whoever is refused may come again. */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return errno == ECONNREFUSED ? -ENOENT : -errno;
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

static int await_right(int fd, mach_port_t *ret)
{
	Deadline end = deadline_after_ms(CONTACT_TIMEOUT_MS);

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

int contact_path(const char *path, mach_port_t *ret)
{
	_cleanup_close_ int fd = -EBADF;
	int r = connect_to(path, &fd);

	if (r < 0)
		return r;
	if (!is_trusted(fd))
		return -EACCES;
	return await_right(fd, ret);
}

int contact_server(mach_port_t *ret)
{
	const char *folder = secure_getenv("XDG_RUNTIME_DIR");
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int r = -ENOENT;

	if (folder && *folder == '/' &&
		snprintf(path, sizeof(path), "%s/%s", folder, CONTACT_USER_NAME) <
			(int)sizeof(path))
		r = contact_path(path, ret);
	return r == -ENOENT ? contact_path(CONTACT_SYSTEM_PATH, ret) : r;
}
