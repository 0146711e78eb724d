/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_DETACHED_H
#define PORTCULLIS_CODESIGN_DETACHED_H

/*
 * Signatures that are not in the file that they are of: beside it, as FILE.codesig, or in a database,
 * which is a directory of such files. They are SuperBlobs and nothing else, whose code limit is the
 * size of the file.
 *
 * The database is asked by content: the name of an entry is made of a hash of all of the file, so that
 * copies, renamed files and files on read-only media are found. It must be root's, or the caller's:
 * so must each directory and file in it, and nobody else may be able to write there. What lies beside
 * a file is not asked for its owner: a signature that somebody else put there is good or is not.
 */

#include <stddef.h>
#include <stdint.h>

#include "codesign/codefile.h"
#include "codesign/problem.h"

#define DETACHED_SUFFIX ".codesig"
#define DETACHED_DATABASE "/var/lib/portcullis/signatures"

/* The bytes of a file that is a signature, in memory that the caller frees. Returns 0,
 * CODE_E_NOT_FOUND, CODE_E_ACCESS, CODE_E_NOT_REGULAR, CODE_E_TOO_BIG, CODE_E_CHANGED or -errno. */
int detached_read(
	const char *path, uint8_t **ret, size_t *ret_size, CodeProblem *problem) _warn_unused_;

/* The one beside the file at @path. The same, but CODE_E_UNSIGNED where there is none. */
int detached_read_beside(
	const char *path, uint8_t **ret, size_t *ret_size, CodeProblem *problem) _warn_unused_;

/* The one of the database at @directory. CODE_E_UNSIGNED: there is none, or no database;
 * CODE_E_DATABASE: others could have written to it. */
int detached_read_database(const char *directory, const CodeFile *file, uint8_t **ret,
	size_t *ret_size, CodeProblem *problem) _warn_unused_;

/* Put a signature where the above find it, in place of what may be there. Returns 0, CODE_E_NOT_FOUND,
 * CODE_E_ACCESS, CODE_E_DATABASE, CODE_E_CHANGED, or -errno. */
int detached_write(
	const char *path, const uint8_t *data, size_t size, CodeProblem *problem) _warn_unused_;
int detached_write_beside(
	const char *path, const uint8_t *data, size_t size, CodeProblem *problem) _warn_unused_;
int detached_write_database(const char *directory, const CodeFile *file, const uint8_t *data,
	size_t size, CodeProblem *problem) _warn_unused_;

/* Take it away. CODE_E_UNSIGNED: there is none. */
int detached_remove_beside(const char *path, CodeProblem *problem) _warn_unused_;
int detached_remove_database(
	const char *directory, const CodeFile *file, CodeProblem *problem) _warn_unused_;

/* "ab/cdef….codesig": the name of an entry. Returns 0, CODE_E_CHANGED or -errno. */
#define DETACHED_NAME_SIZE (2 + 1 + 62 + sizeof(DETACHED_SUFFIX))
int detached_format_name(
	const CodeFile *file, char ret[DETACHED_NAME_SIZE], CodeProblem *problem) _warn_unused_;

#endif
