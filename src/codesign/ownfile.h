/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_OWNFILE_H
#define PORTCULLIS_CODESIGN_OWNFILE_H

/*
 * The files that decide whom to trust, and keys: they are root's or this user's, and nobody else can
 * write to them. That is asked of the open file, and of the directory that it was found in; symbolic
 * links are not followed below the first directory, which is the caller's choice.
 *
 * "This user" is the effective one.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "codesign/problem.h"

/* Permissions that a file must not have. */
#define OWNFILE_NOT_WRITABLE ((mode_t)022) /* for others */
#define OWNFILE_SECRET ((mode_t)077) /* its owner's alone */

#define OWNFILE_NAME_MAX 48u

/* Whether @name can be that of an identity or a purpose: letters, digits, `.`, `_` and `-`, no `.` at
 * the beginning, at most OWNFILE_NAME_MAX bytes. */
bool ownfile_is_name(const char *name);

/* Returns 0, CODE_E_NOT_FOUND, CODE_E_ACCESS (with @problem naming @path), CODE_E_ANCHORS where others
 * can write to it, or -errno. With @at = AT_FDCWD symbolic links are followed. */
int ownfile_open_directory(int at, const char *path, int *ret, CodeProblem *problem) _warn_unused_;

/* The same, after each directory that is missing in @path, relative to @at or not, was made: below a
 * directory that is there already, with @mode. */
int ownfile_make_directory(
	int at, const char *path, mode_t mode, int *ret, CodeProblem *problem) _warn_unused_;

/* All of a regular file with none of the permissions @forbidden, at most @max bytes; one NUL behind them.
 * To be freed, by ownfile_free() if it is secret. Returns 0, CODE_E_NOT_FOUND, CODE_E_ACCESS,
 * CODE_E_NOT_REGULAR, CODE_E_ANCHORS, CODE_E_TOO_BIG, CODE_E_CHANGED or -errno. */
int ownfile_read(int dir_fd, const char *name, mode_t forbidden, size_t max, uint8_t **ret,
	size_t *ret_size, CodeProblem *problem) _warn_unused_;

/* A new file, whole or not at all, and on the disk. Returns 0, CODE_E_EXISTS, CODE_E_ACCESS or -errno. */
int ownfile_write_new(int dir_fd, const char *name, mode_t mode, const void *data, size_t size,
	CodeProblem *problem) _warn_unused_;

/* ~/.config/portcullis, on the heap: of HOME, unless the program has more rights than who started it,
 * else of the user database. Returns 0, CODE_E_NOT_FOUND where the user has no home, or -errno. */
int ownfile_find_config(char **ret, CodeProblem *problem) _warn_unused_;

/* Overwrite what may be secret, and free it; NULL is nothing. */
void ownfile_free(void *data, size_t size);

#endif
