/* SPDX-License-Identifier: Apache-2.0 */
/* What is opened for judging, what is not, and how a change is noticed. */

#include <sys/socket.h>
#include <sys/un.h>

#include "codesign/test-support.h"

static CodeProblem problem;

static int open_path(const char *path, bool no_follow)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;

	return codefile_open_at(AT_FDCWD, path, no_follow, &file, &problem);
}

TEST(a_regular_file_is_read)
{
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	const char *path = in_dir("plain");
	char text[6];

	write_file(path, "hello", 5);
	ASSERT_OK(codefile_open_at(AT_FDCWD, path, true, &file, &problem));
	ASSERT_EQ(file.size, 5);
	ASSERT_FD_CLOEXEC(file.fd);
	ASSERT_OK(codefile_read(&file, 1, text, 4, &problem));
	ASSERT_MEMEQ(text, "ello", 4);
	ASSERT_EQ(codefile_read(&file, 1, text, 5, &problem), CODE_E_CHANGED);
	ASSERT_EQ(codefile_read(&file, UINT64_MAX, text, 1, &problem), CODE_E_CHANGED);
	ASSERT_EQ(codefile_read(&file, INT64_MAX, text, 1, &problem), CODE_E_CHANGED);
	ASSERT_OK(codefile_read(&file, 5, text, 0, &problem));
	ASSERT_OK(codefile_check_unchanged(&file, &problem));
}

/* None of these may be waited for: the deadline of the test is the proof. */
TEST(what_is_no_regular_file_is_refused)
{
	const char *fifo = in_dir("fifo"), *name = in_dir("socket");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	ASSERT_SYS(mkfifo(fifo, 0600));
	ASSERT_EQ(open_path(fifo, false), CODE_E_NOT_REGULAR);
	ASSERT_EQ(open_path(in_dir(""), false), CODE_E_NOT_REGULAR);
	ASSERT_EQ(open_path("/dev/null", false), CODE_E_NOT_REGULAR);
	fd = ASSERT_SYS(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	memcpy(address.sun_path, name, strlen(name) + 1);
	ASSERT_SYS(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
	ASSERT_EQ(open_path(name, false), CODE_E_NOT_REGULAR);
	ASSERT_EQ(open_path(in_dir("missing"), false), CODE_E_NOT_FOUND);
	ASSERT_EQ(open_path("", false), CODE_E_NOT_FOUND);
	ASSERT_EQ(open_path(in_dir("fifo/x"), false), CODE_E_NOT_FOUND);
}

TEST(symbolic_links_are_followed_unless_not_wanted)
{
	const char *target = in_dir("target"), *link = in_dir("link"), *loop = in_dir("loop");

	write_file(target, "x", 1);
	ASSERT_SYS(symlink(target, link));
	ASSERT_SYS(symlink(loop, loop));
	ASSERT_OK(open_path(link, false));
	ASSERT_EQ(open_path(link, true), CODE_E_NOT_REGULAR);
	ASSERT_EQ(open_path(loop, false), CODE_E_NOT_REGULAR);
}

TEST(the_path_without_links)
{
	const char *target = in_dir("behind"), *link = in_dir("before"), *gone = in_dir("gone");
	_cleanup_free_ char *real = NULL, *expected = realpath(in_dir(""), NULL), *whole = NULL;
	char by_fd[64];
	int fd;

	write_file(target, "x", 1);
	ASSERT_SYS(symlink("behind", link));
	for (int i = 0; i < 2; i++) {
		_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
		_cleanup_free_ char *found = NULL;

		ASSERT_OK(codefile_open_path(i ? link : target, &file, &found, &problem));
		free(whole);
		ASSERT_GT(asprintf(&whole, "%s/behind", expected), 0);
		ASSERT_STREQ(found, whole);
	}
	/* A name of /proc whose text is that of another file. */
	write_file(gone, "right", 5);
	fd = ASSERT_SYS(open(gone, O_RDONLY | O_CLOEXEC));
	ASSERT_SYS(unlink(gone));
	write_file(in_dir("gone (deleted)"), "wrong one", 9);
	snprintf(by_fd, sizeof(by_fd), "/proc/self/fd/%d", fd);
	{
		_cleanup_codefile_ CodeFile file = CODEFILE_NULL;

		ASSERT_OK(codefile_open_path(by_fd, &file, &real, &problem));
		ASSERT_EQ(file.size, 5);
		ASSERT_STREQ(real, by_fd);
	}
	close(fd);
}

TEST(a_file_that_may_not_be_read)
{
	const char *path = in_dir("secret");

	if (geteuid() == 0)
		SKIP("root may read it");
	write_file(path, "x", 1);
	ASSERT_SYS(chmod(path, 0));
	ASSERT_EQ(open_path(path, false), CODE_E_ACCESS);
}

TEST(descriptors_of_all_kinds)
{
	const char *path = in_dir("kinds");
	static const int flags[] = {O_RDONLY, O_RDWR, O_PATH, O_WRONLY};
	int pipe_fds[2];

	write_file(path, "abc", 3);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
		int fd = ASSERT_SYS(open(path, flags[i] | O_CLOEXEC));
		char c;

		ASSERT_OK(codefile_open_fd(fd, &file, &problem));
		ASSERT_OK(codefile_read(&file, 2, &c, 1, &problem));
		ASSERT_EQ(c, 'c');
		ASSERT_FD_OPEN(fd);
		close(fd);
	}
	ASSERT_SYS(pipe2(pipe_fds, O_CLOEXEC));
	{
		_cleanup_codefile_ CodeFile file = CODEFILE_NULL;

		ASSERT_EQ(codefile_open_fd(pipe_fds[0], &file, &problem), CODE_E_NOT_REGULAR);
		ASSERT_EQ(codefile_open_fd(-1, &file, &problem), -EBADF);
	}
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

TEST(changes_are_noticed)
{
	const char *path = in_dir("changing");
	static const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	for (int i = 0; i < 4; i++) {
		_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
		int fd;

		write_file(path, "before", 6);
		ASSERT_SYS(utimensat(AT_FDCWD, path, old, 0));
		ASSERT_OK(codefile_open_at(AT_FDCWD, path, true, &file, &problem));
		ASSERT_OK(codefile_check_unchanged(&file, &problem));
		fd = ASSERT_SYS(open(path, O_WRONLY | O_CLOEXEC));
		if (i == 0)
			ASSERT_EQ(pwrite(fd, "X", 1, 2), 1);
		else if (i == 1)
			ASSERT_SYS(ftruncate(fd, 2));
		else if (i == 2)
			ASSERT_EQ(pwrite(fd, "X", 1, 6), 1);
		else
			ASSERT_SYS(
				rename(path, in_dir("moved"))); /* changes no byte; ctime, though */
		close(fd);
		ASSERT_EQ(codefile_check_unchanged(&file, &problem), CODE_E_CHANGED);
	}
}
