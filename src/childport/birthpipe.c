/* SPDX-License-Identifier: Apache-2.0 */
#include "childport/birthpipe.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define HEAD_SIZE (sizeof(uint64_t) + sizeof(uint32_t))

int birthpipe_make(int *ret_server, int *ret_client)
{
	_cleanup_close_ int server = -EBADF, client = -EBADF;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_origin(-errno);
	r = fd_above_stdio_consume(pair[0]);
	if (r < 0) {
		fd_close(pair[1]);
		return error_trace(r);
	}
	server = r;
	r = fd_above_stdio_consume(pair[1]);
	if (r < 0)
		return error_trace(r);
	client = r;
	if (shutdown(server, SHUT_RD) < 0 || shutdown(client, SHUT_WR) < 0)
		return error_origin(-errno);
	*ret_server = TAKE_FD(server);
	*ret_client = TAKE_FD(client);
	return 0;
}

/* A pipe has no MSG_NOSIGNAL. A SIGPIPE that was pending before is left so; one of ours is taken
 * back. */
static ssize_t write_quietly(int fd, const void *p, size_t size)
{
	static const struct timespec no_time;
	sigset_t pipe_only, before, pending;
	int saved;
	ssize_t n;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	if (sigpending(&pending) < 0 || pthread_sigmask(SIG_BLOCK, &pipe_only, &before))
		return -1;
	n = write(fd, p, size);
	saved = errno;
	if (n < 0 && saved == EPIPE && !sigismember(&pending, SIGPIPE))
		(void)sigtimedwait(&pipe_only, NULL, &no_time);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return n;
}

/* Less than PIPE_BUF: a pipe takes all of it, or says in poll() that it has no room. */
static ssize_t write_now(int fd, const void *p, size_t size)
{
	ssize_t n = send(fd, p, size, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno == ENOTSOCK) {
		struct pollfd room = {.fd = fd, .events = POLLOUT};

		if (poll(&room, 1, 0) == 0) {
			errno = EAGAIN;
			return -1;
		}
		n = write_quietly(fd, p, size);
	}
	return n;
}

int birthpipe_write(int fd, const BirthPaper *paper)
{
	uint8_t bytes[HEAD_SIZE + sizeof(paper->name)];
	uint32_t length = (uint32_t)strlen(paper->name);
	size_t size = HEAD_SIZE + length;
	ssize_t n;

	memcpy(bytes, &paper->token, sizeof(paper->token));
	memcpy(bytes + sizeof(paper->token), &length, sizeof(length));
	memcpy(bytes + HEAD_SIZE, paper->name, length);
	do
		n = write_now(fd, bytes, size);
	while (n < 0 && errno == EINTR);
	if (n == (ssize_t)size)
		return 0;
	if (n >= 0 || errno == EAGAIN)
		return BIRTHPIPE_E_AGAIN;
	return errno == EPIPE || errno == ECONNRESET ? BIRTHPIPE_E_CLOSED : error_origin(-errno);
}

/* What a server would never choose is not asked for: an empty or overlong name, or one with control
 * characters. */
static bool is_name(const uint8_t *p, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (p[i] < 0x20 || p[i] == 0x7f)
			return false;
	}
	return length > 0;
}

/* How many bytes the paper has, as far as that is known. */
static size_t wanted(const BirthReader *reader, uint32_t *ret_length)
{
	if (reader->n < HEAD_SIZE)
		return HEAD_SIZE;
	memcpy(ret_length, reader->bytes + sizeof(uint64_t), sizeof(*ret_length));
	return *ret_length < BOOTSTRAP_MAX_NAME_LEN ? HEAD_SIZE + *ret_length : 0;
}

int birthpipe_read(int fd, BirthReader *reader, BirthPaper *ret)
{
	uint32_t length = 0;
	size_t size;

	while ((size = wanted(reader, &length)) > reader->n) {
		struct iovec iov = {reader->bytes + reader->n, size - reader->n};
		ssize_t n = preadv2(fd, &iov, 1, -1, RWF_NOWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return BIRTHPIPE_E_AGAIN;
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return BIRTHPIPE_E_CLOSED;
		if (n < 0)
			return error_origin(-errno);
		reader->n += (size_t)n;
	}
	if (size == 0 || !is_name(reader->bytes + HEAD_SIZE, length))
		return BIRTHPIPE_E_GARBAGE;
	memcpy(&ret->token, reader->bytes, sizeof(ret->token));
	memcpy(ret->name, reader->bytes + HEAD_SIZE, length);
	ret->name[length] = '\0';
	return 0;
}

bool birthpipe_is_closed(int fd)
{
	struct pollfd p = {.fd = fd};

	return poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR | POLLNVAL);
}
