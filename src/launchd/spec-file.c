/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that jobs come from. Whoever can write to such a file, or take it away from under its name,
 * decides what is run; so only files of root and of the domain's own user are believed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "launchd/spec-private.h"

#define SUFFIX ".plist"

/* Whoever else may write there. 0 or -ENOMEM. */
static int check_access(const struct stat *st, const char *what, uid_t uid, SpecReport *report)
{
	int r = 0;

	if (st->st_uid != 0 && st->st_uid != uid)
		r = uid == 0 ? spec_report_add(report, true, "",
				       "expected a %s that belongs to root, found one of user %u",
				       what, st->st_uid)
			     : spec_report_add(report, true, "",
				       "expected a %s that belongs to root or user %u, found one "
				       "of user %u",
				       what, uid, st->st_uid);
	if (r == 0 && (st->st_mode & (S_IWGRP | S_IWOTH)))
		r = spec_report_add(report, true, "",
			"expected a %s that only its owner can write to, found mode %04o", what,
			(unsigned)(st->st_mode & 07777));
	return r;
}

/* As spec_parse(). */
static int check_file(int fd, uid_t uid, SpecReport *report)
{
	struct stat st;
	int r = 0;

	if (fstat(fd, &st) < 0)
		return error_origin(-errno);
	if (!S_ISREG(st.st_mode))
		r = spec_report_add(report, true, "", "expected a regular file");
	if (r == 0)
		r = check_access(&st, "file", uid, report);
	if (r == 0 && S_ISREG(st.st_mode) && st.st_size > (off_t)SPEC_FILE_MAX)
		r = spec_report_add(
			report, true, "", "expected a file of at most %zu bytes", SPEC_FILE_MAX);
	if (r < 0)
		return error_trace(r);
	return report->n_errors > 0 ? SPEC_E_INVALID : 0;
}

/* All of it, or one byte more than is allowed: spec_parse() says so. */
static int read_whole(int fd, char **ret_data, size_t *ret_size)
{
	_cleanup_free_ char *data = malloc(SPEC_FILE_MAX + 1);
	size_t size = 0;

	if (!data)
		return error_origin(-ENOMEM);
	while (size <= SPEC_FILE_MAX) {
		ssize_t n = read(fd, data + size, SPEC_FILE_MAX + 1 - size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_origin(-errno);
		if (n == 0)
			break;
		size += (size_t)n;
	}
	*ret_data = TAKE_PTR(data);
	*ret_size = size;
	return 0;
}

static int report_system(SpecReport *report, const char *what, int code)
{
	int r;

	if (code == -ENOMEM)
		return error_trace(code);
	r = spec_report_add(report, true, "", "%s: %s", what,
		code == -ELOOP ? "a symbolic link is not followed" : strerror(-code));
	return r < 0 ? error_trace(r) : SPEC_E_INVALID;
}

static int check_name(SpecReport *report, const char *label)
{
	const char *slash = strrchr(report->file, '/');
	const char *name = slash ? slash + 1 : report->file;
	size_t n = strlen(label);

	if (strncmp(name, label, n) == 0 && strcmp(name + n, SUFFIX) == 0)
		return 0;
	return spec_report_add(
		report, false, "Label", "expected the file to be called %s" SUFFIX, label);
}

int spec_read_file(uid_t uid, SpecReport *report, char **ret_data, size_t *ret_size)
{
	_cleanup_close_ int fd = -EBADF;
	int r;

	/* A FIFO or device would keep the caller waiting, a terminal might become its own. */
	fd = open(report->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return report_system(report, "cannot be opened", -errno);
	fd = fd_above_stdio_consume(TAKE_FD(fd));
	if (fd < 0)
		return report_system(report, "cannot be opened", fd);
	r = check_file(fd, uid, report);
	if (r == 0)
		r = read_whole(fd, ret_data, ret_size);
	return r < 0 ? report_system(report, "cannot be read", r) : r;
}

int spec_load_file(uid_t uid, SpecReport *report, JobSpec **ret)
{
	_cleanup_free_ char *data = NULL;
	_cleanup_spec_ JobSpec *spec = NULL;
	size_t size = 0;
	int r;

	r = spec_read_file(uid, report, &data, &size);
	if (r != 0)
		return error_trace(r);
	r = spec_parse(data, size, report, &spec);
	if (r != 0)
		return r;
	r = check_name(report, spec->label);
	if (r < 0)
		return error_trace(r);
	*ret = TAKE_PTR(spec);
	return 0;
}

/* Folders */

int spec_check_folder(uid_t uid, SpecReport *report)
{
	struct stat st;
	int r;

	if (stat(report->file, &st) < 0)
		return report_system(report, "cannot be looked at", -errno);
	r = check_access(&st, "folder", uid, report);
	if (r < 0)
		return error_trace(r);
	return report->n_errors > 0 ? SPEC_E_INVALID : 0;
}

static int is_plist(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name), m = strlen(SUFFIX);

	return entry->d_name[0] != '.' && n > m && strcmp(entry->d_name + n - m, SUFFIX) == 0;
}

static void entries_free(struct dirent **entries, int n)
{
	for (int i = 0; i < n; i++)
		free(entries[i]);
	free(entries);
}

int spec_each_file(const char *folder, int (*fn)(void *userdata, const char *path), void *userdata)
{
	struct dirent **entries = NULL;
	int n = scandir(folder, &entries, is_plist, alphasort), r = 0;

	if (n < 0)
		return -errno;
	for (int i = 0; i < n && r == 0; i++) {
		_cleanup_free_ char *path = NULL;

		if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0) {
			path = NULL;
			r = error_origin(-ENOMEM);
		} else {
			r = fn(userdata, path);
		}
	}
	entries_free(entries, n);
	return r;
}
