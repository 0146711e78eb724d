/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/watchpath.h"

#include "launchd/test-job.h"

typedef struct Fixture {
	TestDir dir;
	Loop *loop;
	PathWatcher *watcher;
	PathWatch *watch;
	int n;
} Fixture;

static int on_change(void *userdata)
{
	Fixture *f = userdata;

	f->n++;
	return 0;
}

static void fixture_init(Fixture *f, const char *name)
{
	*f = (Fixture){.n = 0};
	dir_init(&f->dir);
	ASSERT_OK(loop_new(&f->loop));
	ASSERT_OK(path_watcher_new(f->loop, &f->watcher));
	if (name)
		ASSERT_OK(
			path_watch_new(f->watcher, dir_at(&f->dir, name), on_change, f, &f->watch));
}

static void fixture_deinit(Fixture *f)
{
	path_watch_free(f->watch);
	path_watcher_free(f->watcher);
	loop_free(f->loop);
	dir_deinit(&f->dir);
}

/* inotify has what happened before the loop runs. */
static bool is_reported(Fixture *f)
{
	f->n = 0;
	ASSERT_OK(loop_run_once(f->loop, 0));
	return f->n > 0;
}

TEST(nothing_without_a_watch)
{
	Fixture f;

	fixture_init(&f, NULL);
	ASSERT_OK(loop_run_once(f.loop, 0));
	fixture_deinit(&f);
}

TEST(a_file_comes_changes_and_goes)
{
	Fixture f;

	fixture_init(&f, "file");
	ASSERT_FALSE(is_reported(&f));
	file_write(dir_at(&f.dir, "other"), "x", 0644);
	ASSERT_FALSE(is_reported(&f));
	file_write(dir_at(&f.dir, "file"), "x", 0644);
	ASSERT_TRUE(is_reported(&f));
	ASSERT_EQ(f.n, 1);
	ASSERT_FALSE(is_reported(&f));
	file_write(dir_at(&f.dir, "file"), "y", 0644);
	ASSERT_TRUE(is_reported(&f));
	ASSERT_SYS(unlink(dir_at(&f.dir, "file")));
	ASSERT_TRUE(is_reported(&f));
	ASSERT_FALSE(is_reported(&f));
	file_write(dir_at(&f.dir, "file"), "z", 0644);
	ASSERT_TRUE(is_reported(&f));
	fixture_deinit(&f);
}

TEST(a_file_that_is_replaced)
{
	Fixture f;

	fixture_init(&f, "file");
	file_write(dir_at(&f.dir, "file"), "x", 0644);
	ASSERT_TRUE(is_reported(&f));
	/* The old inode lives on under another name. */
	ASSERT_SYS(link(dir_at(&f.dir, "file"), dir_at(&f.dir, "copy")));
	(void)is_reported(&f);
	file_write(dir_at(&f.dir, "new"), "y", 0644);
	ASSERT_FALSE(is_reported(&f));
	ASSERT_SYS(rename(dir_at(&f.dir, "new"), dir_at(&f.dir, "file")));
	ASSERT_TRUE(is_reported(&f));
	file_write(dir_at(&f.dir, "copy"), "x", 0644);
	ASSERT_FALSE(is_reported(&f));
	file_write(dir_at(&f.dir, "file"), "z", 0644);
	ASSERT_TRUE(is_reported(&f));
	fixture_deinit(&f);
}

TEST(parents_that_are_missing)
{
	Fixture f;

	fixture_init(&f, "a/b//c/file");
	ASSERT_SYS(mkdir(dir_at(&f.dir, "a"), 0755));
	ASSERT_FALSE(is_reported(&f));
	/* Two at once, of which inotify shows one. */
	ASSERT_SYS(mkdir(dir_at(&f.dir, "a/b"), 0755));
	ASSERT_SYS(mkdir(dir_at(&f.dir, "a/b/c"), 0755));
	ASSERT_FALSE(is_reported(&f));
	file_write(dir_at(&f.dir, "a/b/c/file"), "x", 0644);
	ASSERT_TRUE(is_reported(&f));
	ASSERT_SYS(rename(dir_at(&f.dir, "a/b"), dir_at(&f.dir, "a/moved")));
	/* Whoever moves a directory is not seen by what is below it, until it is touched. */
	(void)is_reported(&f);
	ASSERT_SYS(rename(dir_at(&f.dir, "a/moved"), dir_at(&f.dir, "a/b")));
	(void)is_reported(&f);
	ASSERT_SYS(unlink(dir_at(&f.dir, "a/b/c/file")));
	ASSERT_TRUE(is_reported(&f));
	ASSERT_SYS(rmdir(dir_at(&f.dir, "a/b/c")));
	ASSERT_SYS(rmdir(dir_at(&f.dir, "a/b")));
	(void)is_reported(&f);
	ASSERT_SYS(rmdir(dir_at(&f.dir, "a")));
	(void)is_reported(&f);
	ASSERT_SYS(mkdir(dir_at(&f.dir, "a"), 0755));
	ASSERT_SYS(mkdir(dir_at(&f.dir, "a/b"), 0755));
	ASSERT_SYS(mkdir(dir_at(&f.dir, "a/b/c"), 0755));
	file_write(dir_at(&f.dir, "a/b/c/file"), "x", 0644);
	ASSERT_TRUE(is_reported(&f));
	fixture_deinit(&f);
}

TEST(a_directory)
{
	Fixture f;

	fixture_init(&f, "queue/");
	ASSERT_SYS(mkdir(dir_at(&f.dir, "queue"), 0755));
	ASSERT_TRUE(is_reported(&f));
	file_write(dir_at(&f.dir, "queue/one"), "x", 0644);
	ASSERT_TRUE(is_reported(&f));
	ASSERT_SYS(unlink(dir_at(&f.dir, "queue/one")));
	ASSERT_TRUE(is_reported(&f));
	fixture_deinit(&f);
}

TEST(a_link_that_changes)
{
	Fixture f;

	fixture_init(&f, "link");
	file_write(dir_at(&f.dir, "one"), "1", 0644);
	file_write(dir_at(&f.dir, "two"), "2", 0644);
	ASSERT_SYS(symlink("one", dir_at(&f.dir, "link")));
	ASSERT_TRUE(is_reported(&f));
	ASSERT_SYS(symlink("two", dir_at(&f.dir, "next")));
	ASSERT_SYS(rename(dir_at(&f.dir, "next"), dir_at(&f.dir, "link")));
	ASSERT_TRUE(is_reported(&f));
	file_write(dir_at(&f.dir, "two"), "3", 0644);
	ASSERT_TRUE(is_reported(&f));
	file_write(dir_at(&f.dir, "one"), "3", 0644);
	ASSERT_FALSE(is_reported(&f));
	fixture_deinit(&f);
}

TEST(the_root)
{
	Fixture f;

	fixture_init(&f, NULL);
	ASSERT_OK(path_watch_new(f.watcher, "/", on_change, &f, &f.watch));
	(void)is_reported(&f);
	fixture_deinit(&f);
}

/* Two watches of one inode: either may go. */
TEST(shared)
{
	PathWatch *other = NULL;
	Fixture f;

	fixture_init(&f, "file");
	ASSERT_OK(path_watch_new(f.watcher, dir_at(&f.dir, "file"), on_change, &f, &other));
	file_write(dir_at(&f.dir, "file"), "x", 0644);
	ASSERT_TRUE(is_reported(&f));
	ASSERT_EQ(f.n, 2);
	other = path_watch_free(other);
	file_write(dir_at(&f.dir, "file"), "y", 0644);
	ASSERT_TRUE(is_reported(&f));
	ASSERT_EQ(f.n, 1);
	fixture_deinit(&f);
}

typedef struct Pair {
	PathWatch *watches[2];
	int n;
} Pair;

static int on_pair(void *userdata)
{
	Pair *pair = userdata;

	pair->n++;
	for (int i = 0; i < 2; i++)
		pair->watches[i] = path_watch_free(pair->watches[i]);
	return 0;
}

/* The first one that is called frees itself and the other, which is due too. */
TEST(freed_within_the_callback)
{
	Pair pair = {.n = 0};
	Fixture f;

	fixture_init(&f, NULL);
	for (int i = 0; i < 2; i++)
		ASSERT_OK(path_watch_new(
			f.watcher, dir_at(&f.dir, "file"), on_pair, &pair, &pair.watches[i]));
	file_write(dir_at(&f.dir, "file"), "x", 0644);
	ASSERT_OK(loop_run_once(f.loop, 0));
	ASSERT_EQ(pair.n, 1);
	fixture_deinit(&f);
}
