/* SPDX-License-Identifier: Apache-2.0 */
#include "port/carrier.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/random.h"
#include "port/creds.h"
#include "port/probe.h"
#include "port/wire.h"

#define TRIES_MAX 8
#define NAME_FORMAT "portcullis-%016llx"
#define NAME_LEN (sizeof("portcullis-") - 1 + 16)

static int socket_new(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? error_origin(-errno) : fd_above_stdio_consume(fd);
}

/* An abstract name starts with a zero byte and is as long as it is said to be. */
static socklen_t name_fill(struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	(void)snprintf(address->sun_path + 1, sizeof(address->sun_path) - 1, NAME_FORMAT,
		(unsigned long long)random_u64());
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + NAME_LEN);
}

static int carrier_try(int *ret_writer, int *ret_carrier)
{
	_cleanup_close_ int carrier = socket_new(), writer = -EBADF;
	struct sockaddr_un address;
	socklen_t len;
	int on = 1;

	if (carrier < 0)
		return carrier;
	writer = socket_new();
	if (writer < 0)
		return writer;
	len = name_fill(&address);
	/* The accepted end inherits it, when it is connected or when it is accepted: set later, what is
	 * sent just then would be of nobody. */
	(void)setsockopt(carrier, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	/* A backlog of 0 is room for one. */
	if (bind(carrier, (struct sockaddr *)&address, len) < 0 || listen(carrier, 0) < 0 ||
		connect(writer, (struct sockaddr *)&address, len) < 0)
		return -errno;
	*ret_writer = TAKE_FD(writer);
	*ret_carrier = TAKE_FD(carrier);
	return 0;
}

int carrier_new(int *ret_writer, int *ret_carrier)
{
	int r = -EAGAIN;

	for (unsigned i = 0; i < TRIES_MAX && (r == -EAGAIN || r == -EADDRINUSE); i++)
		r = carrier_try(ret_writer, ret_carrier);
	return r == -EAGAIN ? error_origin(-EADDRINUSE) : r;
}

int carrier_write(int fd, const struct iovec *iov, unsigned n_iov, const int *fds, unsigned n_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CREDS_SPACE + CMSG_SPACE(WIRE_MAX_FDS * sizeof(int))];
	} control;
	size_t n_control = creds_put(&control);
	struct iovec byte = {(void *)(uintptr_t) "", 1};
	struct msghdr msg = {
		.msg_iov = n_iov > 0 ? (struct iovec *)(uintptr_t)iov : &byte,
		.msg_iovlen = n_iov > 0 ? n_iov : 1,
	};

	if (n_fds > 0) {
		struct cmsghdr *c = (struct cmsghdr *)(void *)(control.bytes + n_control);

		n_control += CMSG_SPACE(n_fds * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	if (n_control > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = n_control;
	}
	return sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int carrier_accept_consume(int carrier)
{
	int fd = -EBADF, on = 1;

	/* Shut down before it is looked at: whoever has a duplicate may take the connection out at any
	 * moment, and make the socket a blocking one. */
	if (shutdown(carrier, SHUT_RD) == 0) {
		fd = accept4(carrier, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			fd = errno == EINVAL || errno == EAGAIN ? -EBADF : -errno;
		else
			fd = fd_above_stdio_consume(fd);
	}
	probe_close_lazily_consume(carrier);
	/* Its maker may not have set it. */
	if (fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	return fd;
}

int carrier_open_consume(int carrier)
{
	int fd = carrier_accept_consume(carrier);

	/* What is there stays readable. */
	if (fd >= 0)
		(void)shutdown(fd, SHUT_RD);
	return fd;
}
