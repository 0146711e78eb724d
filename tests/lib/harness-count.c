/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The count after a test: descriptors, children, names in port directories, each compared
 * with a baseline.
 *
 * What a library does on a thread of its own (closing a stranger's descriptor) or what
 * another test does in the same directory (a name lives there for the instant between
 * bind and unlink) may be seen in passing. There is no event to wait for, so a
 * difference counts only when it is still there after CENSUS_PATIENCE_MS.
 *
 * Descendants of peers become our children when the peer dies, since the census makes
 * this process their subreaper. They are told from the test's own children by their
 * process group, for each peer leads one. Dead ones are reaped in silence, their parent
 * could not; live ones count, and are killed.
 */
#include "tests/lib/harness-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CENSUS_PATIENCE_MS 1000
#define CENSUS_STEP_MS 5
#define CENSUS_LINES_MAX 10
#define CENSUS_DIRS_MAX 16

/* The names in one directory, or the numbers of descriptors: strings, unsorted. */
#define PATIENCE_LOOKS 100
#define PATIENCE_MS 20

typedef struct Names {
	char **names;
	size_t n;
} Names;

typedef struct CensusDir {
	char path[PATH_MAX];
	Names names;
} CensusDir;

struct Census {
	Names fds;
	CensusDir dirs[CENSUS_DIRS_MAX];
	size_t n_dirs;
	bool had_children;
	bool was_subreaper;
};

typedef struct Text {
	char *text;
	size_t size;
	FILE *file;
	int n_lines;
} Text;

static void names_deinit(Names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->names[i]);
	free(names->names);
	*names = (Names){};
}

static void names_add(Names *names, const char *name)
{
	char **grown = reallocarray(names->names, names->n + 1, sizeof(*grown));
	char *copy = strdup(name);

	if (grown != NULL)
		names->names = grown;
	if (grown == NULL || copy == NULL) {
		free(copy);
		return;
	}
	names->names[names->n++] = copy;
}

static bool names_have(const Names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->names[i], name) == 0)
			return true;
	return false;
}

static void names_read(Names *names, const char *path)
{
	DIR *dir = opendir(path);
	char own[16];
	struct dirent *entry;

	if (dir == NULL)
		return;
	snprintf(own, sizeof(own), "%d", dirfd(dir));
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
			(strcmp(path, "/proc/self/fd") != 0 || strcmp(entry->d_name, own) != 0))
			names_add(names, entry->d_name);
	closedir(dir);
}

static bool have_children(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

Census *census_new(void)
{
	Census *census = calloc(1, sizeof(*census));
	int subreaper = 0;

	if (census == NULL)
		return NULL;
	(void)prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
	census->was_subreaper = subreaper != 0;
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	census->had_children = have_children();
	names_read(&census->fds, "/proc/self/fd");
	census_add_uid(census, geteuid());
	return census;
}

Census *census_free(Census *census)
{
	if (census == NULL)
		return NULL;
	if (!census->was_subreaper)
		(void)prctl(PR_SET_CHILD_SUBREAPER, 0);
	names_deinit(&census->fds);
	for (size_t i = 0; i < census->n_dirs; i++)
		names_deinit(&census->dirs[i].names);
	free(census);
	return NULL;
}

static void census_add_dir(Census *census, const char *path)
{
	CensusDir *dir = &census->dirs[census->n_dirs];

	for (size_t i = 0; i < census->n_dirs; i++)
		if (strcmp(census->dirs[i].path, path) == 0)
			return;
	if (census->n_dirs == CENSUS_DIRS_MAX)
		return;
	snprintf(dir->path, sizeof(dir->path), "%s", path);
	names_read(&dir->names, path);
	census->n_dirs++;
}

/* Where the ports of that uid get their inodes, first choice first. */
void census_add_uid(Census *census, uid_t uid)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/dev/shm/portcullis-%u", (unsigned)uid);
	census_add_dir(census, path);
	if (runtime != NULL && uid == geteuid()) {
		snprintf(path, sizeof(path), "%s/portcullis-ports", runtime);
		census_add_dir(census, path);
	}
	snprintf(path, sizeof(path), "/tmp/portcullis-%u", (unsigned)uid);
	census_add_dir(census, path);
}

__attribute__((__format__(__printf__, 2, 3))) static void text_line(
	Text *text, const char *format, ...)
{
	va_list ap;

	if (text->n_lines++ > CENSUS_LINES_MAX)
		return;
	if (text->n_lines > CENSUS_LINES_MAX) {
		fputs("; and more", text->file);
		return;
	}
	if (text->n_lines > 1)
		fputs("; ", text->file);
	va_start(ap, format);
	vfprintf(text->file, format, ap);
	va_end(ap);
}

static void compare_fds(const Census *census, Text *text)
{
	Names now = {};

	names_read(&now, "/proc/self/fd");
	for (size_t i = 0; i < now.n; i++) {
		char path[PATH_MAX], target[256];
		ssize_t n;

		if (names_have(&census->fds, now.names[i]))
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%s", now.names[i]);
		n = readlink(path, target, sizeof(target) - 1);
		/* The memory stream of `text` has no descriptor, so this is a real one, unless
		 * it is gone since. */
		if (n > 0)
			text_line(
				text, "leaked descriptor %s (%.*s)", now.names[i], (int)n, target);
	}
	names_deinit(&now);
}

/* Those of `then` that are there and were not before. */
static void names_left(const CensusDir *dir, const Names *then, Names *ret)
{
	Names now = {};

	names_read(&now, dir->path);
	for (size_t k = 0; k < now.n; k++)
		if (!names_have(&dir->names, now.names[k]) &&
			(then == NULL || names_have(then, now.names[k])))
			names_add(ret, now.names[k]);
	names_deinit(&now);
}

/* Other processes of the uid, which have nothing to do with this test, make ports too: each of them has a
 * name for an instant. One that stays is left behind. */
static void compare_dir(const CensusDir *dir, Text *text)
{
	Names left = {};

	names_left(dir, NULL, &left);
	for (int i = 0; i < PATIENCE_LOOKS && left.n > 0; i++) {
		Names still = {};

		(void)poll(NULL, 0, PATIENCE_MS);
		names_left(dir, &left, &still);
		names_deinit(&left);
		left = still;
	}
	for (size_t k = 0; k < left.n; k++)
		text_line(text, "left behind: %s/%s", dir->path, left.names[k]);
	names_deinit(&left);
}

static void compare_dirs(const Census *census, Text *text)
{
	for (size_t i = 0; i < census->n_dirs; i++)
		compare_dir(&census->dirs[i], text);
}

/* The fields of /proc/PID/stat that follow the name. */
static bool process_read(
	const char *pid, char *ret_comm, char *ret_state, int *ret_ppid, int *ret_pgrp)
{
	char path[PATH_MAX], text[512];
	char *open_paren, *close_paren;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	open_paren = strchr(text, '(');
	close_paren = strrchr(text, ')');
	if (open_paren == NULL || close_paren == NULL)
		return false;
	*close_paren = '\0';
	snprintf(ret_comm, 32, "%s", open_paren + 1);
	return sscanf(close_paren + 1, " %c %d %d", ret_state, ret_ppid, ret_pgrp) == 3;
}

/* With `kill_them`, the live descendants of peers die. */
static void compare_children(const Census *census, Text *text, bool kill_them)
{
	Names processes = {};

	if (census->had_children || !have_children())
		return;
	names_read(&processes, "/proc");
	for (size_t i = 0; i < processes.n; i++) {
		pid_t pid = (pid_t)strtol(processes.names[i], NULL, 10);
		char comm[32], state;
		int ppid, pgrp;
		bool adopted;

		if (pid <= 0 || !process_read(processes.names[i], comm, &state, &ppid, &pgrp) ||
			ppid != getpid())
			continue;
		adopted = pgrp != getpgrp();
		if (adopted && state == 'Z') {
			(void)waitpid(pid, NULL, WNOHANG);
			continue;
		}
		text_line(text, "%s: pid %d (%s)",
			adopted ? "outlived its peer" : "child not reaped", (int)pid, comm);
		if (adopted && kill_them) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, NULL, 0);
		}
	}
	names_deinit(&processes);
}

void census_sweep(const Census *census)
{
	Text text = {.n_lines = CENSUS_LINES_MAX + 1}; /* tells nothing */

	compare_children(census, &text, true);
}

static char *census_once(Census *census, bool last)
{
	Text text = {};

	text.file = open_memstream(&text.text, &text.size);
	if (text.file == NULL)
		return strdup("no memory for the census");
	compare_fds(census, &text);
	compare_children(census, &text, last);
	compare_dirs(census, &text);
	(void)fclose(text.file);
	if (text.n_lines > 0)
		return text.text;
	free(text.text);
	return NULL;
}

char *census_compare(Census *census)
{
	Nanos end = harness_now() + harness_scale_ns(CENSUS_PATIENCE_MS * INT64_C(1000000));
	const struct timespec step = {.tv_nsec = CENSUS_STEP_MS * 1000000L};

	while (harness_now() < end) {
		char *difference = census_once(census, false);

		if (difference == NULL)
			return NULL;
		free(difference);
		(void)nanosleep(&step, NULL);
	}
	return census_once(census, true);
}
