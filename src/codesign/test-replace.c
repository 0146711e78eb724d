/* SPDX-License-Identifier: Apache-2.0 */
/* Files that take the place of others. */

#include <dirent.h>

#include "codesign/replace.h"
#include "codesign/test-support.h"

static CodeProblem problem;

static void open_file(const char *path, CodeFile *ret)
{
	ASSERT_OK(codefile_open_at(AT_FDCWD, path, true, ret, &problem));
}

TEST(nothing_happens_before_the_commit)
{
	const char *path = in_dir("file");

	write_file(path, "old", 3);
	{
		_cleanup_replace_ Replace r = REPLACE_NULL;

		ASSERT_OK(replace_init(&r, path, &problem));
		ASSERT_OK(replace_write(&r, 0, "new content", 11));
		assert_same_file(path, "old", 3);
	}
	assert_same_file(path, "old", 3);
	{
		_cleanup_replace_ Replace r = REPLACE_NULL;
		struct stat st;

		ASSERT_OK(replace_init(&r, path, &problem));
		ASSERT_OK(replace_write(&r, 4, "content", 7));
		ASSERT_OK(replace_write(&r, 0, "new ", 4));
		ASSERT_OK(replace_commit(&r, NULL, &problem));
		assert_same_file(path, "new content", 11);
		ASSERT_SYS(stat(path, &st));
		ASSERT_EQ(st.st_mode & 07777, 0600);
	}
}

TEST(a_copy_has_the_first_bytes)
{
	_cleanup_replace_ Replace r = REPLACE_NULL;
	_cleanup_codefile_ CodeFile source = CODEFILE_NULL;
	const char *path = in_dir("copy");

	write_file(in_dir("source"), "0123456789", 10);
	open_file(in_dir("source"), &source);
	ASSERT_OK(replace_init(&r, path, &problem));
	ASSERT_EQ(replace_copy(&r, &source, 11, &problem), CODE_E_CHANGED);
	replace_deinit(&r);
	ASSERT_OK(replace_init(&r, path, &problem));
	ASSERT_OK(replace_copy(&r, &source, 7, &problem));
	ASSERT_OK(replace_commit(&r, NULL, &problem));
	assert_same_file(path, "0123456", 7);
}

/* Memory files and others of another file system are copied by hand. */
TEST(a_copy_from_elsewhere)
{
	_cleanup_replace_ Replace r = REPLACE_NULL;
	_cleanup_codefile_ CodeFile source = CODEFILE_NULL;
	static uint8_t content[600000];
	const char *path = in_dir("elsewhere");
	int fd;

	memset(content, 3, sizeof(content));
	fd = memory_file(content, sizeof(content));
	ASSERT_OK(codefile_open_fd(fd, &source, &problem));
	close(fd);
	ASSERT_OK(replace_init(&r, path, &problem));
	ASSERT_OK(replace_copy(&r, &source, sizeof(content), &problem));
	ASSERT_OK(replace_commit(&r, NULL, &problem));
	assert_same_file(path, content, sizeof(content));
}

TEST(another_file_at_the_place_is_not_replaced)
{
	_cleanup_codefile_ CodeFile old = CODEFILE_NULL;
	const char *path = in_dir("taken");

	write_file(path, "old", 3);
	open_file(path, &old);
	for (int i = 0; i < 3; i++) {
		_cleanup_replace_ Replace r = REPLACE_NULL;

		if (i == 0) /* the same file, with other bytes */
			write_file(path, "changed", 7);
		else if (i == 1) {
			ASSERT_SYS(unlink(path));
			write_file(path, "other", 5);
		} else
			ASSERT_SYS(unlink(path));
		ASSERT_OK(replace_init(&r, path, &problem));
		ASSERT_OK(replace_write(&r, 0, "new", 3));
		ASSERT_EQ(replace_commit(&r, &old, &problem), CODE_E_CHANGED);
	}
	ASSERT_EQ(access(path, F_OK), -1);
}

TEST(nothing_is_left_lying_about)
{
	const char *dir = in_dir("empty");
	char path[300];
	unsigned n = 0;
	DIR *d;

	ASSERT_SYS(mkdir(dir, 0755));
	snprintf(path, sizeof(path), "%s/%0200d", dir, 7);
	for (int i = 0; i < 2; i++) {
		_cleanup_replace_ Replace r = REPLACE_NULL;

		ASSERT_OK(replace_init(&r, path, &problem));
		if (i == 1)
			ASSERT_OK(replace_commit(&r, NULL, &problem));
	}
	d = opendir(dir);
	ASSERT_NOT_NULL(d);
	while (readdir(d))
		n++;
	closedir(d);
	ASSERT_EQ(n, 3); /* with . and .. */
}

TEST(paths_of_every_form)
{
	_cleanup_replace_ Replace r = REPLACE_NULL;
	char before[4096];

	ASSERT_EQ(replace_init(&r, in_dir("missing/file"), &problem), CODE_E_NOT_FOUND);
	ASSERT_EQ(replace_init(&r, in_dir(""), &problem), CODE_E_NOT_REGULAR);
	ASSERT_NOT_NULL(getcwd(before, sizeof(before)));
	ASSERT_SYS(chdir(in_dir("")));
	ASSERT_OK(replace_init(&r, "plain-name", &problem));
	ASSERT_OK(replace_write(&r, 0, "x", 1));
	ASSERT_OK(replace_commit(&r, NULL, &problem));
	ASSERT_SYS(chdir(before));
	assert_same_file(in_dir("plain-name"), "x", 1);
	replace_deinit(&r);
	ASSERT_OK(replace_init(&r, "/", &problem) == CODE_E_NOT_REGULAR ? 0 : 1);
}
