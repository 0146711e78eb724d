/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_CODEFILE_H
#define PORTCULLIS_CODESIGN_CODEFILE_H

/*
 * A file that is judged: one open descriptor, and what the file looked like when it was opened.
 *
 * Only regular files are taken, and nothing is opened for reading before that is known: a FIFO is not
 * waited for, a device not started. Symbolic links are followed, unless the caller says otherwise; it
 * is the file behind them that is judged, and never its path.
 *
 * All bytes come from that descriptor, by pread(2) into our own memory and never through a mapping: a
 * file that is cut while it is read is then an answer and not a signal. At the end
 * codefile_check_unchanged() says whether size or times have changed meanwhile. The kernel moves the
 * times of a file that is written through a mapping only when a page of it becomes dirty: who must
 * be sure against a writer that has it mapped already judges a sealed copy, or a file that nobody
 * else can write.
 *
 * A CodeFile may be read by several threads.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "codesign/problem.h"

typedef struct CodeFileStamp {
	uint64_t size;
	uint64_t ino;
	uint32_t dev_major;
	uint32_t dev_minor;
	int64_t mtime_s;
	int64_t ctime_s;
	uint32_t mtime_ns;
	uint32_t ctime_ns;
} CodeFileStamp;

typedef struct CodeFile {
	int fd; /* owned; -EBADF: none */
	uint64_t size;
	CodeFileStamp stamp;
} CodeFile;

#define CODEFILE_NULL ((CodeFile){.fd = -EBADF})

/* Open @path, as openat(2) would find it. With @no_follow a symbolic link as the last component is
 * CODE_E_NOT_REGULAR. Returns 0, CODE_E_NOT_FOUND, CODE_E_ACCESS, CODE_E_NOT_REGULAR, or -errno. */
int codefile_open_at(int dir_fd, const char *path, bool no_follow, CodeFile *ret,
	CodeProblem *problem) _warn_unused_;

/* The same, symbolic links followed; and the path of that file without them, to be freed. Where that
 * leads to another file, as names in /proc do, it is @path itself. */
int codefile_open_path(
	const char *path, CodeFile *ret, char **ret_real, CodeProblem *problem) _warn_unused_;

/* The file of @fd, which may be an O_PATH descriptor and stays the caller's. What it is is asked in a
 * way that waits for no FIFO; a file on a file system that does not answer is waited for. */
int codefile_open_fd(int fd, CodeFile *ret, CodeProblem *problem) _warn_unused_;

void codefile_deinit(CodeFile *self);
#define _cleanup_codefile_ _cleanup_(codefile_deinit)

/* Exactly @size bytes at @offset. Returns 0, CODE_E_CHANGED where the file ends before, or -errno. */
int codefile_read(const CodeFile *self, uint64_t offset, void *buffer, size_t size,
	CodeProblem *problem) _warn_unused_;

/* Whether the file is still what it was when it was opened. Returns 0, CODE_E_CHANGED or -errno. */
int codefile_check_unchanged(const CodeFile *self, CodeProblem *problem) _warn_unused_;

#endif
