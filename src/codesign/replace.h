/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REPLACE_H
#define PORTCULLIS_CODESIGN_REPLACE_H

/*
 * A new file that takes the place of an old one in one step.
 *
 * It is written without a name where the file system can do that, and gets one only for the moment
 * between link and rename; where it cannot, it has a name that begins with a dot and ends in random
 * digits. Until the commit the old file is as it was, whatever happens: no room, a crash, a lost
 * machine. After it, the new one is there, and on the disk. The other names (hard links) of the old
 * file keep the old content.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codesign/codefile.h"
#include "codesign/problem.h"

typedef struct Replace {
	int dir_fd;
	int fd; /* of the new file, open for reading and writing */
	char *name; /* that it will have in the directory */
	char *temporary; /* that it has now; NULL: none */
} Replace;

#define REPLACE_NULL ((Replace){.dir_fd = -EBADF, .fd = -EBADF})

/* @path must not end in a symbolic link that is to be followed: it would be replaced itself. Returns
 * 0, CODE_E_NOT_FOUND, CODE_E_ACCESS or -errno. */
int replace_init(Replace *self, const char *path, CodeProblem *problem) _warn_unused_;

/* What was not committed is gone. */
void replace_deinit(Replace *self);
#define _cleanup_replace_ _cleanup_(replace_deinit)

int replace_write(Replace *self, uint64_t offset, const void *data, size_t size) _warn_unused_;

/* The first @size bytes of @source, to the beginning. Returns 0, CODE_E_CHANGED or -errno. */
int replace_copy(
	Replace *self, const CodeFile *source, uint64_t size, CodeProblem *problem) _warn_unused_;

/* A new file is its owner's alone until it is said otherwise: here, or by replace_keep(). */
int replace_set_mode(Replace *self, unsigned mode) _warn_unused_;

/* Give the new file mode, owner and extended attributes of @old, and its times if asked to: to be
 * called after the last write. Returns 0, CODE_E_ACCESS where that is not allowed, or -errno. */
int replace_keep(
	Replace *self, const CodeFile *old, bool keep_times, CodeProblem *problem) _warn_unused_;

/* @old is the file that must still be at the place, or NULL. Returns 0, CODE_E_CHANGED, CODE_E_ACCESS
 * or -errno. If it is -errno of the last step, to have the directory on the disk, the new file is in
 * place already. */
int replace_commit(Replace *self, const CodeFile *old, CodeProblem *problem) _warn_unused_;

#endif
