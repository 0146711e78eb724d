/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/confine-cover.h"

#include "launchd/test-job.h"
#include "tests/lib/unit.h"

#include <sys/socket.h>
#include <sys/un.h>

static bool has(const ConfineCovers *covers, const char *path, bool is_directory)
{
	for (size_t i = 0; i < covers->n; i++)
		if (strcmp(covers->items[i].path, path) == 0)
			return covers->items[i].is_directory == is_directory;
	return false;
}

static void make_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	ASSERT_GE(fd, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	ASSERT_SYS(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
}

/* A table in which the test's directory is the root of a file system, and seen in more places. */
static const char *make_table(const TestDir *dir, const char *more)
{
	const char *path = dir_at(dir, "table");
	FILE *f = fopen(path, "w");

	fprintf(f,
		"1 0 8:1 / / rw - ext4 none rw\n"
		"2 1 0:9 / %s rw shared:1 - tmpfs none rw\n",
		dir->path);
	fputs(more, f);
	fclose(f);
	return path;
}

TEST(nothing_hides_what_is_not_there)
{
	ConfineCovers covers = {.n = 0};

	ASSERT_OK(confine_covers_add(&covers, "/nope/nope"));
	ASSERT_OK(confine_covers_add(&covers, "/etc/passwd/nope"));
	ASSERT_EQ(covers.n, 0);
	confine_covers_deinit(&covers);
}

TEST(a_directory_and_a_socket)
{
	ConfineCovers covers = {.n = 0};
	TestDir dir = {""};

	dir_init(&dir);
	ASSERT_SYS(mkdir(dir_at(&dir, "a"), 0700));
	make_socket(dir_at(&dir, "s"));
	ASSERT_SYS(symlink("a", dir_at(&dir, "link")));
	ASSERT_OK(confine_covers_add(&covers, dir_at(&dir, "link")));
	ASSERT_OK(confine_covers_add(&covers, dir_at(&dir, "s")));
	ASSERT_TRUE(has(&covers, dir_at(&dir, "a"), true));
	ASSERT_TRUE(has(&covers, dir_at(&dir, "s"), false));
	/* What is hidden already is not hidden again, and what lies in it goes with it. */
	ASSERT_OK(confine_covers_add(&covers, dir_at(&dir, "a")));
	ASSERT_EQ(covers.n, 2);
	ASSERT_OK(confine_covers_add(&covers, dir.path));
	ASSERT_EQ(covers.n, 1);
	ASSERT_TRUE(has(&covers, dir.path, true));
	confine_covers_deinit(&covers);
	dir_deinit(&dir);
}

TEST(other_places_of_the_same_directory)
{
	_cleanup_free_ char *more = NULL;
	ConfineCovers covers = {.n = 0};
	TestDir dir = {""};

	dir_init(&dir);
	ASSERT_SYS(mkdir(dir_at(&dir, "run"), 0700));
	ASSERT_SYS(mkdir(dir_at(&dir, "run/sub"), 0700));
	ASSERT_SYS(mkdir(dir_at(&dir, "whole"), 0700));
	ASSERT_SYS(mkdir(dir_at(&dir, "whole/run"), 0700));
	ASSERT_SYS(mkdir(dir_at(&dir, "the same"), 0700));
	ASSERT_SYS(mkdir(dir_at(&dir, "part"), 0700));
	ASSERT_SYS(mkdir(dir_at(&dir, "other"), 0700));
	ASSERT_GT(asprintf(&more,
			  "3 1 0:9 / %1$s/whole rw - tmpfs none rw\n"
			  "4 1 0:9 /run %1$s/the\\040same rw - tmpfs none rw\n"
			  "5 1 0:9 /run/sub %1$s/part rw - tmpfs none rw\n"
			  "6 1 0:9 /runner %1$s/other rw - tmpfs none rw\n"
			  "7 1 0:8 /run %1$s/other rw - tmpfs none rw\n"
			  "8 1 0:9 /run %1$s/gone rw - tmpfs none rw\n",
			  dir.path),
		0);
	ASSERT_OK(confine_covers_add_from(&covers, dir_at(&dir, "run"), make_table(&dir, more)));
	ASSERT_TRUE(has(&covers, dir_at(&dir, "run"), true));
	ASSERT_TRUE(has(&covers, dir_at(&dir, "whole/run"), true));
	ASSERT_TRUE(has(&covers, dir_at(&dir, "the same"), true));
	ASSERT_TRUE(has(&covers, dir_at(&dir, "part"), true));
	ASSERT_EQ(covers.n, 4);
	confine_covers_deinit(&covers);
	dir_deinit(&dir);
}

TEST(a_table_that_is_none)
{
	ConfineCovers covers = {.n = 0};
	TestDir dir = {""};

	dir_init(&dir);
	ASSERT_EQ(confine_covers_add_from(&covers, dir.path, make_table(&dir, "nonsense\n")),
		-EBADMSG);
	ASSERT_EQ(confine_covers_add_from(&covers, dir.path, "/nope"), -ENOENT);
	ASSERT_EQ(covers.n, 0);
	confine_covers_deinit(&covers);
	dir_deinit(&dir);
}
