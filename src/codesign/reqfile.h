/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQFILE_H
#define PORTCULLIS_CODESIGN_REQFILE_H

/*
 * Files that requirements come from, or name. Paths may come from strangers, with the right to read what
 * the caller can: regular files of sane size only, and none is waited for. On REQ_E_INVALID *ret_why is
 * what is wrong, for people; static.
 */

#include "codesign/reqparse.h"

/* All of a file of at most @max bytes, on the heap. 0, REQ_E_INVALID or -ENOMEM. */
int req_file_read(const char *path, size_t max, uint8_t **ret, size_t *ret_size,
	const char **ret_why) _warn_unused_;

/* The SHA-256 hash of the one certificate in a file, PEM or DER. 0, REQ_E_INVALID or -ENOMEM. */
int req_file_hash_certificate(const char *path, uint8_t ret[static REQ_FILE_HASH_SIZE],
	const char **ret_why) _warn_unused_;

#endif
