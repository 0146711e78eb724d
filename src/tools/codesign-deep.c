/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codesign -v --deep: a folder, which is valid if each file in it is.
 *
 * The folder may be somebody's who changes it meanwhile. So it is gone through by descriptors, never by
 * paths that begin at its top; symbolic links are not followed; and a file is opened for reading only
 * after it was seen to be a regular one, and must be the one that was seen. A signature that was found
 * beside its file is not a file of its own; any other file with such a name is.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/openat2.h>

#include "base/fd.h"
#include "codesign/detached.h"
#include "tools/codesign.h"

#define DEPTH_MAX 256u

typedef struct Walk {
	const Verify *verify;
	const char *top; /* as it was given */
	int top_fd;
	unsigned n_files, n_valid, n_unmet, n_unsigned, n_failed, n_links;
} Walk;

/* What is in a folder. */
typedef struct Entry {
	char *name; /* owned */
	bool is_used; /* it is the signature of another one */
} Entry;

typedef struct Entries {
	Entry *all;
	size_t n, size;
} Entries;

static void entries_deinit(Entries *self)
{
	for (size_t i = 0; i < self->n; i++)
		free(self->all[i].name);
	free(self->all);
}
#define _cleanup_entries_ _cleanup_(entries_deinit)

static int entries_add(Entries *self, const char *name)
{
	if (self->n == self->size) {
		size_t size = MAX(self->size * 2, (size_t)32);
		Entry *all = reallocarray(self->all, size, sizeof(*all));

		if (!all)
			return -ENOMEM;
		self->all = all;
		self->size = size;
	}
	self->all[self->n] = (Entry){.name = strdup(name)};
	if (!self->all[self->n].name)
		return -ENOMEM;
	self->n++;
	return 0;
}

static int compare_entries(const void *one, const void *other)
{
	return strcmp(((const Entry *)one)->name, ((const Entry *)other)->name);
}

static void close_directory(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir); /* it was only read */
}

/* In order: so that a file comes before what is beside it. -errno. */
static int entries_read(Entries *self, int dir_fd)
{
	_cleanup_(close_directory) DIR *dir = NULL;
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	struct dirent *entry;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		(void)fd_close(fd); /* it was only read */
		return r;
	}
	while (errno = 0, (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		r = entries_add(self, entry->d_name);
		if (r < 0)
			return r;
	}
	if (errno != 0)
		return -errno;
	if (self->n > 0)
		qsort(self->all, self->n, sizeof(*self->all), compare_entries);
	return 0;
}

/* The file @name has its signature beside it. */
static void mark_signature(Entries *entries, const char *name)
{
	_cleanup_free_ char *beside = NULL;
	Entry key = {NULL, false}, *found;

	if (asprintf(&beside, "%s" DETACHED_SUFFIX, name) < 0) {
		beside = NULL;
		return; /* it is then told to be unsigned itself */
	}
	key.name = beside;
	found = bsearch(&key, entries->all, entries->n, sizeof(key), compare_entries);
	if (found)
		found->is_used = true;
}

static void count(Walk *w, Verdict verdict)
{
	w->n_files++;
	switch (verdict) {
	case VERDICT_VALID:
		w->n_valid++;
		break;
	case VERDICT_UNMET:
		w->n_unmet++;
		break;
	case VERDICT_UNSIGNED:
		w->n_unsigned++;
		break;
	case VERDICT_INVALID:
		w->n_failed++;
		break;
	}
}

static void fail_entry(Walk *w, const char *path, const char *why)
{
	(void)fail_file(path, "%s", why);
	w->n_failed++;
}

/* @path begins with the top, and the kernel says whether what follows stays in it. */
static void see_link(Walk *w, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	_cleanup_close_ int fd = -EBADF;

	w->n_links++;
	if (!w->verify->options->strict)
		return;
	fd = (int)syscall(SYS_openat2, w->top_fd, path + strlen(w->top) + 1, &how, sizeof(how));
	if (fd < 0) {
		fd = -EBADF;
		fail_entry(w, path,
			errno == EXDEV ? "this symbolic link leads out of the folder"
				       : "this symbolic link leads to nothing");
	}
}

static void see_file(Walk *w, int dir_fd, Entries *entries, const char *name, const char *path,
	const struct stat *st)
{
	_cleanup_free_ char *at = NULL;
	CodeSource source;

	if (asprintf(&at, "/proc/self/fd/%d/%s", dir_fd, name) < 0) {
		at = NULL;
		fail_entry(w, path, strerror(ENOMEM));
		return;
	}
	count(w, verify_file(w->verify, path, at, st, &source));
	if (source == CODE_SOURCE_BESIDE)
		mark_signature(entries, name);
}

static void walk(Walk *w, int dir_fd, const char *path, unsigned depth);

static void see_folder(Walk *w, int dir_fd, const char *name, const char *path, unsigned depth)
{
	_cleanup_close_ int fd = -EBADF;

	if (depth >= DEPTH_MAX) {
		fail_entry(w, path, "the folders are nested too deeply");
		return;
	}
	fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		fd = -EBADF;
		fail_entry(w, path, strerror(errno));
		return;
	}
	walk(w, fd, path, depth + 1);
}

static void walk(Walk *w, int dir_fd, const char *path, unsigned depth)
{
	_cleanup_entries_ Entries entries = {0};
	int r = entries_read(&entries, dir_fd);

	if (r < 0)
		fail_entry(w, path, strerror(-r));
	for (size_t i = 0; r == 0 && i < entries.n; i++) {
		_cleanup_free_ char *inner = NULL;
		const char *name = entries.all[i].name;
		struct stat st;

		if (entries.all[i].is_used)
			continue;
		if (asprintf(&inner, "%s/%s", path, name) < 0) {
			inner = NULL;
			fail_entry(w, path, strerror(ENOMEM));
			return;
		}
		if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
			fail_entry(w, inner, strerror(errno));
		else if (S_ISREG(st.st_mode))
			see_file(w, dir_fd, &entries, name, inner, &st);
		else if (S_ISDIR(st.st_mode))
			see_folder(w, dir_fd, name, inner, depth);
		else if (S_ISLNK(st.st_mode))
			see_link(w, inner);
		else
			fail_entry(w, inner, "it is not a regular file, and cannot be signed");
	}
}

static int finish(const Walk *w)
{
	unsigned n_bad = w->n_unsigned + w->n_failed;

	if (n_bad == 0 && w->n_files == 0)
		return fail_file(w->top, "there is no file in this folder");
	if (n_bad > 0 || w->n_unmet > 0 || w->verify->options->verbosity > 0)
		print_line(stderr,
			"%s: %u file%s: %u valid, %u not satisfying a requirement, %u not signed, "
			"%u failed; %u symbolic link%s not followed",
			w->top, w->n_files, w->n_files == 1 ? "" : "s", w->n_valid, w->n_unmet,
			w->n_unsigned, w->n_failed, w->n_links, w->n_links == 1 ? "" : "s");
	return n_bad > 0 ? STATUS_FAILED : w->n_unmet > 0 ? STATUS_REQUIREMENT : 0;
}

int verify_folder(const Verify *verify, const char *path)
{
	_cleanup_close_ int fd = -EBADF;
	_cleanup_free_ char *top = strdup(path);
	Walk w = {.verify = verify, .top = top};

	if (!top)
		return fail_file(path, "%s", strerror(ENOMEM));
	for (size_t n = strlen(top); n > 1 && top[n - 1] == '/'; n--)
		top[n - 1] = 0;
	fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		fd = -EBADF;
		return fail_file(path, "%s", strerror(errno));
	}
	w.top_fd = fd;
	walk(&w, fd, top, 0);
	return finish(&w);
}
