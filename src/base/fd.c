/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single descriptors: closing, duplicating, limits.
 *
 * The limit is process-wide state, read once and kept, since receivers look at it before each
 * receive. It follows fd_raise_nofile(), but not a setrlimit() that the program makes by itself
 * later: the kernel remains the judge, the cached value only avoids provoking it.
 *
 * Thread-safe throughout.
 */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/uncancelled.h"

int fd_close(int fd)
{
	if (fd >= 0) {
		int saved = errno;
		int r = uncancelled_close(fd);

		/* On Linux the descriptor is gone whatever close() says, so there is nothing to
		 * retry. EBADF alone means that somebody closed what was not theirs. */
		assert(r == 0 || errno != EBADF);
		(void)r;
		errno = saved;
	}
	return -EBADF;
}

void fd_closep(int *fdp)
{
	*fdp = fd_close(*fdp);
}

int fd_dup(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, FD_ABOVE_STDIO);

	return copy < 0 ? error_origin(-errno) : copy;
}

int fd_above_stdio_consume(int fd)
{
	int copy;

	if (likely(fd >= FD_ABOVE_STDIO || fd < 0))
		return fd;
	copy = fd_dup(fd);
	fd_close(fd);
	return copy;
}

int fd_set_cloexec(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0)
		return error_origin(-errno);
	if (fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC) < 0)
		return error_origin(-errno);
	return 0;
}

int fd_set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return error_origin(-errno);
	if (fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0)
		return error_origin(-errno);
	return 0;
}

static atomic_int cached_limit; /* 0: not read yet */

static int limit_of(rlim_t value)
{
	/* RLIM_INFINITY is the largest rlim_t. */
	return value > INT_MAX ? INT_MAX : (int)value;
}

int fd_limit(void)
{
	int limit = atomic_load_explicit(&cached_limit, memory_order_relaxed);
	struct rlimit rl;

	if (likely(limit > 0))
		return limit;
	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return _POSIX_OPEN_MAX;
	limit = limit_of(rl.rlim_cur);
	atomic_store_explicit(&cached_limit, limit, memory_order_relaxed);
	return limit;
}

static int raise_result;

static void raise_nofile(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) < 0) {
		raise_result = error_origin(-errno);
		return;
	}
	if (rl.rlim_cur != rl.rlim_max) {
		rl.rlim_cur = rl.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &rl) < 0) {
			raise_result = error_origin(-errno);
			return;
		}
	}
	atomic_store_explicit(&cached_limit, limit_of(rl.rlim_cur), memory_order_relaxed);
}

int fd_raise_nofile(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, raise_nofile);
	return raise_result;
}

int fd_count_open(void)
{
	struct stat st;

	if (stat("/proc/self/fd", &st) < 0)
		return error_origin(-errno);
	return (int)st.st_size;
}

int fd_write_all(int fd, const void *data, size_t size)
{
	const uint8_t *p = data;

	while (size > 0) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

int fd_read_up_to(int fd, void *data, size_t max, size_t *ret)
{
	uint8_t *p = data;
	size_t used = 0;

	while (used < max) {
		ssize_t n = read(fd, p + used, max - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	*ret = used;
	return 0;
}
