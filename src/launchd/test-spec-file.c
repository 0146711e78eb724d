/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/test-spec.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define GOOD OPEN LABEL PROGRAM CLOSE
/* A user who owns none of the files here. */
#define STRANGER 65533

typedef struct Fixture {
	char dir[32];
	char path[64];
	SpecReport report;
	JobSpec *spec;
	int result;
	char *said;
} Fixture;

static void fixture_init(Fixture *f, const char *name)
{
	memset(f, 0, sizeof(*f));
	strcpy(f->dir, "/tmp/spec-file-XXXXXX");
	ASSERT_NOT_NULL(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/%s", f->dir, name);
	spec_report_init(&f->report, f->path);
}

static void fixture_deinit(Fixture *f)
{
	spec_report_deinit(&f->report);
	spec_free(f->spec);
	free(f->said);
	unlink(f->path);
	rmdir(f->dir);
}

static void write_file(const Fixture *f, const char *text, mode_t mode)
{
	int fd = ASSERT_SYS(open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));

	ASSERT_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ASSERT_SYS(fchmod(fd, mode));
	close(fd);
}

static void load(Fixture *f, uid_t uid)
{
	size_t size = 0;
	FILE *out;

	f->result = spec_load_file(uid, &f->report, &f->spec);
	out = open_memstream(&f->said, &size);
	spec_report_print(&f->report, out);
	fclose(out);
	ASSERT_EQ(f->result == 0, f->spec != NULL);
}

static void assert_refused(Fixture *f, uid_t uid, const char *words)
{
	load(f, uid);
	ASSERT_EQ(f->result, SPEC_E_INVALID);
	ASSERT_STRSTR(f->said, words);
	ASSERT_STRSTR(f->said, f->path);
	fixture_deinit(f);
}

TEST(a_file_of_ones_own)
{
	Fixture f;

	fixture_init(&f, "com.example.test.plist");
	write_file(&f, GOOD, 0644);
	load(&f, geteuid());
	ASSERT_OK(f.result);
	ASSERT_STREQ(f.said, "");
	ASSERT_STREQ(f.spec->label, "com.example.test");
	fixture_deinit(&f);
}

TEST(another_name_is_a_warning)
{
	Fixture f;

	for (const char *const *name = (const char *const[]){"x.plist", "com.example.test",
		     "com.example.test.plistx", "com.example.test2.plist", NULL};
		*name; name++) {
		fixture_init(&f, *name);
		write_file(&f, GOOD, 0400);
		load(&f, geteuid());
		ASSERT_OK(f.result);
		ASSERT_EQ(f.report.n_warnings, 1);
		ASSERT_STRSTR(
			f.said, "Label: expected the file to be called com.example.test.plist");
		fixture_deinit(&f);
	}
}

TEST(who_may_write_to_it)
{
	Fixture f;

	for (const mode_t *mode = (const mode_t[]){0620, 0602, 0666, 0}; *mode; mode++) {
		fixture_init(&f, "x.plist");
		write_file(&f, GOOD, *mode);
		assert_refused(&f, geteuid(), "that only its owner can write to, found mode 06");
	}
}

TEST(whose_it_is)
{
	Fixture f;

	fixture_init(&f, "com.example.test.plist");
	write_file(&f, GOOD, 0644);
	if (geteuid() != 0) {
		assert_refused(&f, geteuid() + 1, "that belongs to root or user");
		return;
	}
	/* Root's is everybody's. */
	load(&f, STRANGER);
	ASSERT_OK(f.result);
	fixture_deinit(&f);
	fixture_init(&f, "com.example.test.plist");
	write_file(&f, GOOD, 0644);
	ASSERT_SYS(chown(f.path, STRANGER, (gid_t)-1));
	assert_refused(&f, 0, "that belongs to root, found one of user 65533");
}

TEST(what_is_no_file)
{
	Fixture f;

	fixture_init(&f, "x");
	ASSERT_SYS(mkfifo(f.path, 0600));
	assert_refused(&f, geteuid(), "expected a regular file");
	fixture_init(&f, "x");
	ASSERT_SYS(symlink("/dev/null", f.path));
	assert_refused(&f, geteuid(), "cannot be opened: a symbolic link is not followed");
	fixture_init(&f, "x");
	assert_refused(&f, geteuid(), "cannot be opened: No such file or directory");
	fixture_init(&f, "x");
	ASSERT_SYS(mkdir(f.path, 0700));
	load(&f, geteuid());
	ASSERT_EQ(f.result, SPEC_E_INVALID);
	ASSERT_STRSTR(f.said, "expected a regular file");
	ASSERT_SYS(rmdir(f.path));
	fixture_deinit(&f);
}

TEST(a_large_file)
{
	Fixture f;

	fixture_init(&f, "x");
	write_file(&f, "<", 0600);
	ASSERT_SYS(truncate(f.path, SPEC_FILE_MAX + 1));
	assert_refused(&f, geteuid(), "expected a file of at most 1048576 bytes");
}

/* Of the same file, all that is wrong with it. */
TEST(several_rules_at_once)
{
	Fixture f;

	fixture_init(&f, "x");
	write_file(&f, GOOD, 0666);
	if (geteuid() == 0)
		ASSERT_SYS(chown(f.path, STRANGER, (gid_t)-1));
	load(&f, geteuid() == 0 ? 0 : geteuid() + 1);
	ASSERT_EQ(f.report.n_errors, 2);
	fixture_deinit(&f);
}

TEST(a_wrong_file_is_not_returned)
{
	Fixture f;

	fixture_init(&f, "x.plist");
	write_file(&f, OPEN LABEL CLOSE, 0600);
	assert_refused(&f, geteuid(), "expected Program or ProgramArguments");
}

/* --- Folders --- */

static void assert_folder(const char *path, uid_t uid, const char *words)
{
	SpecReport report;

	spec_report_init(&report, path);
	ASSERT_EQ(spec_check_folder(uid, &report), *words ? SPEC_E_INVALID : 0);
	ASSERT_EQ(report.n_errors, *words ? 1u : 0u);
	if (*words)
		ASSERT_STRSTR(report.problems[0].text, words);
	spec_report_deinit(&report);
}

TEST(who_may_put_files_into_a_folder)
{
	Fixture f;

	fixture_init(&f, "x");
	assert_folder(f.dir, geteuid(), "");
	assert_folder(f.path, geteuid(), "cannot be looked at: No such file or directory");
	ASSERT_SYS(chmod(f.dir, 0770));
	assert_folder(
		f.dir, geteuid(), "a folder that only its owner can write to, found mode 0770");
	ASSERT_SYS(chmod(f.dir, 01777));
	assert_folder(f.dir, geteuid(), "found mode 1777");
	ASSERT_SYS(chmod(f.dir, 0755));
	if (geteuid() == 0)
		ASSERT_SYS(chown(f.dir, STRANGER, (gid_t)-1));
	assert_folder(
		f.dir, geteuid() == 0 ? 0 : geteuid() + 1, "expected a folder that belongs to");
	fixture_deinit(&f);
}

#define SEEN_MAX 256

static int collect(void *userdata, const char *path)
{
	char *seen = userdata;
	size_t size = strlen(seen);

	(void)snprintf(seen + size, SEEN_MAX - size, "%s ", strrchr(path, '/') + 1);
	return strstr(path, "stop") ? -ECANCELED : 0;
}

TEST(the_files_of_a_folder)
{
	static const char *const names[] = {"b.plist", "a.plist", ".hidden.plist", ".plist",
		"c.plist~", "plist", "stop.plist", "z.plist", NULL};
	char seen[SEEN_MAX] = "", path[128];
	Fixture f;

	fixture_init(&f, "x");
	for (const char *const *name = names; *name; name++) {
		snprintf(path, sizeof(path), "%s/%s", f.dir, *name);
		close(ASSERT_SYS(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)));
	}
	/* In order, and no further than it is told. */
	ASSERT_EQ(spec_each_file(f.dir, collect, seen), -ECANCELED);
	ASSERT_STREQ(seen, "a.plist b.plist stop.plist ");
	ASSERT_EQ(spec_each_file(f.path, collect, seen), -ENOENT);
	for (const char *const *name = names; *name; name++) {
		snprintf(path, sizeof(path), "%s/%s", f.dir, *name);
		unlink(path);
	}
	fixture_deinit(&f);
}
