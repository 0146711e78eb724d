/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/output.h"

#include <sys/stat.h>

#include "tests/lib/unit.h"

typedef struct Place {
	char folder[64];
	Arena arena;
	Output output;
} Place;

static void place_init(Place *p)
{
	strcpy(p->folder, "/tmp/mig-output.XXXXXX");
	ASSERT_NOT_NULL(mkdtemp(p->folder));
	arena_init(&p->arena);
	output_init(&p->output, &p->arena);
}

static const char *at(Place *p, const char *name)
{
	return arena_printf(&p->arena, "%s/%s", p->folder, name);
}

static unsigned count_files(const Place *p)
{
	DIR *dir = opendir(p->folder);
	unsigned n = 0;

	ASSERT_NOT_NULL(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	ASSERT_NOT_NULL(f);
	fputs(text, f);
	fclose(f);
}

static void assert_content(const char *path, const char *text)
{
	char buffer[64] = "";
	FILE *f = fopen(path, "re");

	ASSERT_NOT_NULL(f);
	buffer[fread(buffer, 1, sizeof(buffer) - 1, f)] = '\0';
	fclose(f);
	ASSERT_STREQ(buffer, text);
}

static void place_deinit(Place *p)
{
	struct dirent *entry;
	DIR *dir = opendir(p->folder);

	ASSERT_NOT_NULL(dir);
	while ((entry = readdir(dir)))
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	(void)rmdir(at(p, "folder"));
	ASSERT_SYS(rmdir(p->folder));
	output_deinit(&p->output);
	arena_deinit(&p->arena);
}

TEST(nothing_is_there_before_the_commit)
{
	const char *path;
	Place p;

	place_init(&p);
	fputs("one", output_open(&p.output, at(&p, "a")));
	fputs("two", output_open(&p.output, at(&p, "b")));
	ASSERT_EQ(count_files(&p), 0u);
	ASSERT_OK(output_commit(&p.output, &path));
	ASSERT_EQ(count_files(&p), 2u);
	assert_content(at(&p, "a"), "one");
	assert_content(at(&p, "b"), "two");
	place_deinit(&p);
}

TEST(deinit_leaves_what_was_there)
{
	Place p;

	place_init(&p);
	put(at(&p, "a"), "old");
	fputs("new", output_open(&p.output, at(&p, "a")));
	output_deinit(&p.output);
	assert_content(at(&p, "a"), "old");
	ASSERT_EQ(count_files(&p), 1u);
	place_deinit(&p);
}

TEST(an_error_leaves_all_as_it_was)
{
	const char *path = NULL;
	Place p;

	place_init(&p);
	put(at(&p, "a"), "old");
	fputs("new", output_open(&p.output, at(&p, "a")));
	fputs("new", output_open(&p.output, at(&p, "no/where")));
	ASSERT_EQ(output_commit(&p.output, &path), -ENOENT);
	ASSERT_STREQ(path, at(&p, "no/where"));
	assert_content(at(&p, "a"), "old");
	ASSERT_EQ(count_files(&p), 1u);
	place_deinit(&p);
}

TEST(a_folder_is_not_replaced)
{
	const char *path = NULL;
	Place p;

	place_init(&p);
	ASSERT_SYS(mkdir(at(&p, "folder"), 0700));
	fputs("new", output_open(&p.output, at(&p, "folder")));
	ASSERT_EQ(output_commit(&p.output, &path), -EISDIR);
	place_deinit(&p);
}

TEST(one_path_is_written_once)
{
	const char *path = NULL;
	Place p;

	place_init(&p);
	fputs("1", output_open(&p.output, at(&p, "a")));
	fputs("2", output_open(&p.output, at(&p, "a")));
	ASSERT_EQ(output_commit(&p.output, &path), -EEXIST);
	ASSERT_EQ(count_files(&p), 0u);
	place_deinit(&p);
}

TEST(dev_null_is_nowhere)
{
	const char *path;
	Place p;

	place_init(&p);
	fputs("x", output_open(&p.output, "/dev/null"));
	fputs("x", output_open(&p.output, "/dev/null"));
	ASSERT_OK(output_commit(&p.output, &path));
	place_deinit(&p);
}

TEST(links_are_followed)
{
	struct stat st;
	const char *path;
	Place p;

	place_init(&p);
	put(at(&p, "a"), "old");
	ASSERT_SYS(symlink("a", at(&p, "link")));
	fputs("new", output_open(&p.output, at(&p, "link")));
	ASSERT_OK(output_commit(&p.output, &path));
	assert_content(at(&p, "a"), "new");
	ASSERT_SYS(lstat(at(&p, "link"), &st));
	ASSERT_TRUE(S_ISLNK(st.st_mode));
	place_deinit(&p);
}

TEST(a_pipe_stays_a_pipe)
{
	char buffer[8] = "";
	struct stat st;
	const char *path;
	int fd;
	Place p;

	place_init(&p);
	ASSERT_SYS(mkfifo(at(&p, "pipe"), 0600));
	fd = open(at(&p, "pipe"), O_RDWR | O_CLOEXEC);
	ASSERT_FD(fd);
	fputs("new", output_open(&p.output, at(&p, "pipe")));
	ASSERT_OK(output_commit(&p.output, &path));
	ASSERT_EQ(read(fd, buffer, sizeof(buffer)), 3);
	ASSERT_STREQ(buffer, "new");
	close(fd);
	ASSERT_SYS(stat(at(&p, "pipe"), &st));
	ASSERT_TRUE(S_ISFIFO(st.st_mode));
	place_deinit(&p);
}
