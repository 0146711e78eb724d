/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_STATICCODE_H
#define PORTCULLIS_CODESIGN_STATICCODE_H

/*
 * Code on the disk: a file, its signature wherever that is, and whether they belong together.
 *
 * Opening only opens: also unsigned code is code. Loading looks for the signature and takes it apart;
 * what the signature says can be asked then, and is what somebody claims. Checking the contents reads
 * the file. Whether to believe who signed is asked elsewhere, with the CMS and the CodeDirectory.
 *
 * A signature that is in the file is the file's: one that lies elsewhere is looked for only if there is
 * none, or only the trace of one. The order is: given by the caller (then no other), in the file,
 * beside it, in the database.
 *
 * All of it speaks of one descriptor, whatever becomes of the path. Not thread-safe.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codesign/codefile.h"
#include "codesign/pagehash.h"
#include "codesign/problem.h"
#include "codesign/signature.h"

typedef enum CodeSource {
	CODE_SOURCE_NONE,
	CODE_SOURCE_GIVEN,
	CODE_SOURCE_EMBEDDED,
	CODE_SOURCE_BESIDE,
	CODE_SOURCE_DATABASE,
} CodeSource;

typedef struct StaticCode StaticCode;

/* @path may be a symbolic link. Returns 0, CODE_E_NOT_FOUND, CODE_E_ACCESS, CODE_E_NOT_REGULAR or
 * -errno. */
int staticcode_new(const char *path, StaticCode **ret, CodeProblem *problem) _warn_unused_;

/* The file of a descriptor, which stays the caller's. It has no path, hence nothing beside it. */
int staticcode_new_fd(int fd, StaticCode **ret, CodeProblem *problem) _warn_unused_;

StaticCode *staticcode_free(StaticCode *self);

static inline void staticcode_freep(StaticCode **p)
{
	*p = staticcode_free(*p);
}
#define _cleanup_staticcode_ _cleanup_(staticcode_freep)

/* Before it is loaded: use this signature, which is copied. Returns 0, CODE_E_TOO_BIG or -ENOMEM. */
int staticcode_set_signature(
	StaticCode *self, const void *data, size_t size, CodeProblem *problem) _warn_unused_;

/* Before it is loaded: where the database is, borrowed; NULL: there is none. It is DETACHED_DATABASE
 * otherwise. */
void staticcode_set_database(StaticCode *self, const char *directory);

/* Find the signature and take it apart. Asked again, it gives the same answer without looking. Returns
 * 0; CODE_E_UNSIGNED; CODE_E_MODIFIED: there is the trace of a signature only, or the file does not end
 * where it did; CODE_E_DAMAGED, CODE_E_UNSUPPORTED, CODE_E_COMPONENT: the signature is not a proper
 * one; CODE_E_DATABASE, CODE_E_FORMAT, CODE_E_TOO_BIG, CODE_E_CHANGED; or -errno, after which it may be
 * asked again. */
int staticcode_load(StaticCode *self, CodeProblem *problem) _warn_unused_;

/* Read the file and hold it against the strongest CodeDirectory, or with @all against each. Then ask
 * whether the file is still what it was when it was opened. Loads first if need be. Returns what loading
 * returns; CODE_E_MODIFIED with the first bytes that differ; CODE_E_CHANGED; CODE_E_REFUSED; or
 * -errno. @progress may be NULL. */
int staticcode_check_contents(StaticCode *self, bool all, PageHashProgress progress, void *userdata,
	CodeProblem *problem) _warn_unused_;

/* The file; its path if it has one, after symbolic links, else NULL. Borrowed. */
const CodeFile *staticcode_get_file(const StaticCode *self);
const char *staticcode_find_path(const StaticCode *self);

/* Where the signature was found, CODE_SOURCE_NONE unless it is loaded. */
CodeSource staticcode_get_source(const StaticCode *self);

/* What signature.h and codedir.h have accessors for; NULL unless it is loaded. */
const Signature *staticcode_find_signature(const StaticCode *self);

/* All bytes of the signature, and where it begins in the file (0 unless it is embedded). Only when it is
 * loaded. */
const uint8_t *staticcode_get_bytes(const StaticCode *self, size_t *ret_size, uint64_t *ret_offset);

#endif
