/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are root's or this user's alone; the tests of trust and identities have more of it. */

#include "codesign/ownfile.h"
#include "codesign/test-support.h"

static CodeProblem problem;

TEST(a_new_file_is_whole_and_never_another_ones)
{
	_cleanup_close_ int dir_fd = -EBADF;
	_cleanup_free_ uint8_t *data = NULL;
	size_t size = 0;

	ASSERT_OK(ownfile_make_directory(AT_FDCWD, in_dir("a/b/c"), 0755, &dir_fd, &problem));
	ASSERT_FD_CLOEXEC(dir_fd);
	ASSERT_OK(ownfile_write_new(dir_fd, "file", 0600, "content", 7, &problem));
	ASSERT_EQ(ownfile_write_new(dir_fd, "file", 0600, "other", 5, &problem), CODE_E_EXISTS);
	ASSERT_OK(ownfile_read(dir_fd, "file", OWNFILE_SECRET, 7, &data, &size, &problem));
	ASSERT_EQ(size, 7u);
	ASSERT_STREQ((const char *)data, "content");
	/* Nothing else is there: the directory can be removed with that one file. */
	ASSERT_SYS(unlinkat(dir_fd, "file", 0));
	ASSERT_SYS(rmdir(in_dir("a/b/c")));
}

TEST(limits)
{
	_cleanup_close_ int dir_fd = -EBADF;
	uint8_t *data = NULL;
	size_t size;

	ASSERT_OK(ownfile_make_directory(AT_FDCWD, in_dir("limits"), 0755, &dir_fd, &problem));
	ASSERT_OK(ownfile_write_new(dir_fd, "file", 0644, "content", 7, &problem));
	ASSERT_EQ(ownfile_read(dir_fd, "file", OWNFILE_NOT_WRITABLE, 6, &data, &size, &problem),
		CODE_E_TOO_BIG);
	ASSERT_EQ(ownfile_read(dir_fd, "file", OWNFILE_SECRET, 7, &data, &size, &problem),
		CODE_E_ANCHORS);
	ASSERT_EQ(ownfile_read(dir_fd, "none", OWNFILE_SECRET, 7, &data, &size, &problem),
		CODE_E_NOT_FOUND);
	ASSERT_OK(ownfile_read(dir_fd, "file", OWNFILE_NOT_WRITABLE, 7, &data, &size, &problem));
	ownfile_free(data, size);
	ownfile_free(NULL, 0);
}

TEST(directories_are_looked_at)
{
	_cleanup_close_ int dir_fd = -EBADF;
	int fd = -EBADF;

	ASSERT_OK(ownfile_make_directory(AT_FDCWD, in_dir("top"), 0755, &dir_fd, &problem));
	ASSERT_EQ(ownfile_open_directory(dir_fd, "none", &fd, &problem), CODE_E_NOT_FOUND);
	ASSERT_SYS(mkdir(in_dir("top/open"), 0755));
	ASSERT_SYS(chmod(in_dir("top/open"), 0777));
	ASSERT_EQ(ownfile_open_directory(dir_fd, "open", &fd, &problem), CODE_E_ANCHORS);
	ASSERT_EQ(ownfile_make_directory(dir_fd, "open", 0755, &fd, &problem), CODE_E_ANCHORS);
	ASSERT_SYS(symlink("/", in_dir("top/link")));
	ASSERT_EQ(ownfile_open_directory(dir_fd, "link", &fd, &problem), CODE_E_ACCESS);
	write_file(in_dir("top/file"), "", 0);
	ASSERT_EQ(ownfile_open_directory(dir_fd, "file", &fd, &problem), CODE_E_ACCESS);
	ASSERT_EQ(fd, -EBADF);
}

TEST(names)
{
	ASSERT_TRUE(ownfile_is_name("a"));
	ASSERT_TRUE(ownfile_is_name("Ab-9_.x"));
	ASSERT_FALSE(ownfile_is_name(""));
	ASSERT_FALSE(ownfile_is_name(".."));
	ASSERT_FALSE(ownfile_is_name("a/b"));
	ASSERT_FALSE(ownfile_is_name("ä"));
}

TEST(the_configuration_is_in_the_home)
{
	_cleanup_free_ char *one = NULL, *other = NULL;
	int r;

	ASSERT_SYS(setenv("HOME", "/a/home", 1));
	ASSERT_OK(ownfile_find_config(&one, &problem));
	ASSERT_STREQ(one, "/a/home/.config/portcullis");
	ASSERT_SYS(setenv("HOME", "relative", 1));
	r = ownfile_find_config(&other, &problem);
	if (r == CODE_E_NOT_FOUND)
		SKIP("this user is not in the database");
	ASSERT_OK(r);
	ASSERT_EQ(other[0], '/');
	ASSERT_NULL(strstr(other, "relative"));
}
