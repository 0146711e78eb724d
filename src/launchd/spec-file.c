/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that jobs come from. Whoever can write to such a file, or take it away from under its name,
 * decides what is run; so only files of root and of the domain's own user are believed.
 */
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

int spec_check_file(int fd, uid_t uid, SpecReport *report)
{
	size_t n_errors = report->n_errors;
	struct stat st;
	int r = 0;

	if (fstat(fd, &st) < 0)
		return error_origin(-errno);
	if (!S_ISREG(st.st_mode))
		r = spec_report_add(report, true, "", "expected a regular file");
	if (r == 0 && st.st_uid != 0 && st.st_uid != uid)
		r = uid == 0 ? spec_report_add(report, true, "",
				       "expected a file that belongs to root, found one of user %u",
				       st.st_uid)
			     : spec_report_add(report, true, "",
				       "expected a file that belongs to root or user %u, found one "
				       "of user %u",
				       uid, st.st_uid);
	if (r == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)))
		r = spec_report_add(report, true, "",
			"expected a file that only its owner can write to, found mode %04o",
			(unsigned)(st.st_mode & 07777));
	if (r == 0 && S_ISREG(st.st_mode) && st.st_size > (off_t)SPEC_FILE_MAX)
		r = spec_report_add(
			report, true, "", "expected a file of at most %zu bytes", SPEC_FILE_MAX);
	if (r < 0)
		return error_trace(r);
	return report->n_errors > n_errors ? SPEC_E_INVALID : 0;
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
	r = spec_report_add(report, true, "", "%s: %s", what, strerror(-code));
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

int spec_load_file(uid_t uid, SpecReport *report, JobSpec **ret)
{
	_cleanup_close_ int fd = -EBADF;
	_cleanup_free_ char *data = NULL;
	_cleanup_spec_ JobSpec *spec = NULL;
	size_t size = 0;
	int r;

	/* A FIFO or device would keep the caller waiting, a terminal might become its own. */
	fd = open(report->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return report_system(report, "cannot be opened", -errno);
	fd = fd_above_stdio_consume(TAKE_FD(fd));
	if (fd < 0)
		return report_system(report, "cannot be opened", fd);
	r = spec_check_file(fd, uid, report);
	if (r > 0)
		return r;
	if (r == 0)
		r = read_whole(fd, &data, &size);
	if (r < 0)
		return report_system(report, "cannot be read", r);
	r = spec_parse(data, size, report, &spec);
	if (r != 0)
		return r;
	r = check_name(report, spec->label);
	if (r < 0)
		return error_trace(r);
	*ret = TAKE_PTR(spec);
	return 0;
}
