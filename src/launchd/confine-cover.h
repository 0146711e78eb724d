/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_CONFINE_COVER_H
#define PORTCULLIS_LAUNCHD_CONFINE_COVER_H

/*
 * What is hidden from a confined job: directories and sockets, at each place where they can be seen.
 *
 * The same directory may be mounted in several places, so a path alone is not what is to be hidden. From
 * the table of mounts comes what lies there (a file system, and a directory within it), and then all the
 * places at which that appears, or a part of it. Each is covered. A place that lies below another one is
 * hidden with it.
 *
 * The table is read before the fork. Whoever may mount something between that and the child's copy of
 * the mounts is root, or confined himself and not in our namespace.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

typedef struct ConfineCover {
	char *path;
	bool is_directory; /* covered by an empty, read-only file system; else by /dev/null */
} ConfineCover;

typedef struct ConfineCovers {
	ConfineCover *items;
	size_t n;
} ConfineCovers;

void confine_covers_deinit(ConfineCovers *covers);
#define _cleanup_confine_covers_ _cleanup_(confine_covers_deinit)

/* All that hides @path, which need not exist: then there is nothing. 0 or -errno. */
int confine_covers_add(ConfineCovers *covers, const char *path) _warn_unused_;
/* The same with a table of mounts of the caller's (/proc/self/mountinfo), for tests. */
int confine_covers_add_from(
	ConfineCovers *covers, const char *path, const char *mounts) _warn_unused_;

#endif
