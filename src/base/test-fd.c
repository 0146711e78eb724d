/* SPDX-License-Identifier: Apache-2.0 */

#include <sys/resource.h>

#include "base/fd.h"
#include "tests/lib/unit.h"

static int open_null(void)
{
	return ASSERT_SYS(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

TEST(close_gives_ebadf_and_keeps_errno)
{
	int fd = open_null(), number = fd;

	errno = EXDEV;
	fd = fd_close(fd);
	ASSERT_EQ(fd, -EBADF);
	ASSERT_EQ(errno, EXDEV);
	ASSERT_FD_CLOSED(number);
	ASSERT_EQ(fd_close(-EBADF), -EBADF);
}

TEST(dup_is_cloexec_and_above_stdio)
{
	_cleanup_close_ int fd = -EBADF;

	fd = ASSERT_FD(fd_dup(STDIN_FILENO));
	ASSERT_GE(fd, FD_ABOVE_STDIO);
	ASSERT_FD_CLOEXEC(fd);
	ASSERT_EQ(fd_dup(-EBADF), -EBADF);
}

TEST(above_stdio_moves_low_descriptors_only)
{
	_cleanup_close_ int kept = -EBADF, moved = -EBADF;
	int fd = open_null();

	/* Stand in for a descriptor that came out as 0, and put the real one back. */
	kept = ASSERT_FD(fd_dup(STDIN_FILENO));
	ASSERT_SYS(dup2(fd, STDIN_FILENO));
	moved = fd_above_stdio_consume(STDIN_FILENO);
	ASSERT_FD_CLOSED(STDIN_FILENO);
	ASSERT_SYS(dup2(kept, STDIN_FILENO));
	ASSERT_GE(moved, FD_ABOVE_STDIO);
	ASSERT_FD_CLOEXEC(moved);

	ASSERT_EQ(fd_above_stdio_consume(fd), fd);
	ASSERT_EQ(fd_above_stdio_consume(-EMFILE), -EMFILE);
	fd_close(fd);
}

TEST(flags)
{
	_cleanup_close_ int fd = open_null();

	ASSERT_OK(fd_set_cloexec(fd, false));
	ASSERT_EQ(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ASSERT_OK(fd_set_cloexec(fd, true));
	ASSERT_FD_CLOEXEC(fd);
	ASSERT_OK(fd_set_nonblock(fd, true));
	ASSERT_NE(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ASSERT_OK(fd_set_nonblock(fd, false));
	ASSERT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ASSERT_EQ(fd_set_cloexec(-EBADF, true), -EBADF);
	ASSERT_EQ(fd_set_nonblock(-EBADF, true), -EBADF);
}

TEST(count_follows_opens)
{
	int before = ASSERT_FD(fd_count_open());
	int fd = open_null();

	ASSERT_EQ(fd_count_open(), before + 1);
	fd_close(fd);
	ASSERT_EQ(fd_count_open(), before);
}

static void *raise_thread(void *unused)
{
	(void)unused;
	ASSERT_OK(fd_raise_nofile());
	return NULL;
}

TEST(limit_is_raised_once)
{
	struct rlimit rl;
	pthread_t threads[4];

	ASSERT_SYS(getrlimit(RLIMIT_NOFILE, &rl));
	ASSERT_EQ((rlim_t)fd_limit(), rl.rlim_cur);
	if (rl.rlim_cur > 256) {
		rl.rlim_cur = 256;
		ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &rl));
	}
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, raise_thread, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_OK(pthread_join(threads[i], NULL));
	ASSERT_SYS(getrlimit(RLIMIT_NOFILE, &rl));
	ASSERT_EQ(rl.rlim_cur, rl.rlim_max);
	ASSERT_EQ((rlim_t)fd_limit(), rl.rlim_cur);
}

/* More than a pipe holds goes through it in pieces, and comes out whole. */
static void *write_thread(void *arg)
{
	int fd = *(int *)arg;
	static uint8_t data[300000];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i / 7);
	ASSERT_OK(fd_write_all(fd, data, sizeof(data)));
	fd_close(fd);
	return NULL;
}

TEST(all_is_written_and_read)
{
	static uint8_t data[400000];
	pthread_t thread;
	size_t n = 0;
	int ends[2];

	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	ASSERT_OK(pthread_create(&thread, NULL, write_thread, &ends[1]));
	ASSERT_OK(fd_read_up_to(ends[0], data, 100, &n));
	ASSERT_EQ(n, 100);
	ASSERT_OK(fd_read_up_to(ends[0], data + 100, sizeof(data) - 100, &n));
	ASSERT_EQ(n, 300000 - 100);
	ASSERT_OK(pthread_join(thread, NULL));
	for (size_t i = 0; i < 300000; i++)
		ASSERT_EQ(data[i], (uint8_t)(i / 7));
	ASSERT_EQ(fd_write_all(ends[0], data, 1), -EBADF);
	fd_close(ends[0]);
	ASSERT_EQ(fd_read_up_to(-EBADF, data, 1, &n), -EBADF);
}
