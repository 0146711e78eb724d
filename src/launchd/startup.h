/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_STARTUP_H
#define PORTCULLIS_LAUNCHD_STARTUP_H

/*
 * The jobs that a domain has from its start, from files and folders of launchd.plist(5).
 *
 * Nobody waits for an answer: what is wrong with a file is said on standard error, that job alone is not
 * loaded, and everything else is. Only files of root and of the domain's own user count, and of the
 * folders that are looked into unasked only those where nobody else can put anything.
 */

#include <limits.h>
#include <stdbool.h>

/* How many folders a domain may have by default. */
#define STARTUP_FOLDERS_MAX 3

typedef struct StartupFolders {
	char paths[STARTUP_FOLDERS_MAX][PATH_MAX];
	unsigned n;
} StartupFolders;

/* Where the jobs of the machine, or of a user, are looked for, in this order: of files with the same
 * label the first is taken. A user's own folder is left out where the environment says of none. */
void startup_folders(bool is_system, StartupFolders *ret);

/* All of startup_folders() that are there. */
void startup_load_default(bool is_system);
/* A file, or all *.plist in a folder, that somebody has named. */
void startup_load(const char *path);

#endif
