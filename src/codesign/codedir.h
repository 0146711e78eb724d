/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_CODEDIR_H
#define PORTCULLIS_CODESIGN_CODEDIR_H

/*
 * The CodeDirectory: what a signature says about a file. It names the code, and has the hash of each
 * page of the file and of each other part of the signature; the hash of the CodeDirectory, the
 * cdhash, therefore stands for all of it.
 *
 *	header		44 bytes, and more by version
 *	identifier	ends in a 0 byte; then the team, if there is one
 *	special slots	hashes of the parts with slots 1 to n_special, the last one first; zeros: no such part
 *	code slots	a hash for each page of the code
 *
 * As with SuperBlobs, there is one encoding of each: the parts follow each other in this order without
 * gaps, fields that we do not use are 0, and the number of code slots is that of the pages below the
 * code limit. The decoder takes nothing else. Of the versions it takes the six of the table below.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codesign/blob.h"
#include "codesign/digest.h"
#include "codesign/problem.h"

/* Slots of a signature. */
enum {
	CODE_SLOT_DIRECTORY = 0,
	CODE_SLOT_INFO = 1,
	CODE_SLOT_REQUIREMENTS = 2,
	CODE_SLOT_RESOURCES = 3,
	CODE_SLOT_APPLICATION = 4,
	CODE_SLOT_ENTITLEMENTS = 5,
	CODE_SLOT_REP_SPECIFIC = 6,
	CODE_SLOT_ENTITLEMENTS_DER = 7,
	CODE_SLOT_SPECIAL_MAX = 11, /* the last one that a special slot can have */
	CODE_SLOT_ALTERNATE = 0x1000, /* further CodeDirectories */
	CODE_SLOT_ALTERNATE_MAX = 0x1004,
	CODE_SLOT_CMS = 0x10000,
	/* Ours, the last one of each signature: see signature.h. */
	CODE_SLOT_SEAL = 0x50434c53,
};
#define CODE_DIRECTORIES_MAX 6u

/* Flags that this code looks at; the others only pass through. */
#define CODE_FLAG_ADHOC UINT32_C(0x2)
#define CODE_FLAG_RUNTIME UINT32_C(0x10000)

#define CODE_PAGE_SHIFT_MIN 9u
#define CODE_PAGE_SHIFT_MAX 30u
#define CODE_PAGE_SHIFT_DEFAULT 14u /* 16 KiB */

#define CODE_IDENTIFIER_MAX 1024u /* bytes, without the final 0; the same for a team */

#define CODE_EXEC_MAIN_BINARY UINT64_C(0x1)

/* Identifier and team are UTF-8 without control characters, and end in a 0. */
typedef struct CodeDirectory {
	BlobView blob; /* borrowed, as are the strings and hashes */
	uint32_t version;
	uint32_t flags;
	CodeHash hash_type;
	uint8_t hash_size;
	uint8_t platform;
	uint8_t page_shift; /* 0: all of the code is one page */
	uint32_t n_special;
	uint32_t n_code;
	uint64_t code_limit; /* the code is the file up to here */
	uint64_t exec_base; /* these three are 0 if the version has none */
	uint64_t exec_limit;
	uint64_t exec_flags;
	uint32_t runtime; /* 0: none */
	const char *identifier;
	const char *team; /* NULL: none */
	const uint8_t *hashes; /* of code slot 0; special slots lie below */
} CodeDirectory;

/* Returns 0, CODE_E_DAMAGED or CODE_E_UNSUPPORTED. */
int codedir_decode(
	const void *data, size_t size, CodeDirectory *ret, CodeProblem *problem) _warn_unused_;

/* The hash of a page, and of a part of the signature: NULL if @slot is sealed to be absent. */
const uint8_t *codedir_get_code_hash(const CodeDirectory *self, uint32_t page);
const uint8_t *codedir_find_special_hash(const CodeDirectory *self, uint32_t slot);

/* The bytes of a page: [*ret_start, *ret_end). */
void codedir_get_page_range(
	const CodeDirectory *self, uint32_t page, uint64_t *ret_start, uint64_t *ret_end);

/* Pages of @limit bytes, or UINT32_MAX if they are too many for any signature. */
uint32_t codedir_count_pages(uint64_t limit, uint8_t page_shift);

/* The hash of all of it, of hash_size bytes; its first CODE_CDHASH_SIZE are the cdhash. Returns 0 or
 * -ENOMEM. */
int codedir_hash(const CodeDirectory *self, uint8_t ret[CODE_HASH_SIZE_MAX]) _warn_unused_;

/* Whether @text can be an identifier or a team. */
bool codedir_is_name(const char *text);

/* What to make one of. The version is the lowest one that can say it. */
typedef struct CodeDirectorySpec {
	const char *identifier;
	const char *team; /* NULL: none */
	uint32_t flags;
	CodeHash hash_type;
	uint8_t platform;
	uint8_t page_shift;
	uint32_t n_special; /* at most CODE_SLOT_SPECIAL_MAX */
	uint64_t code_limit;
	uint64_t exec_base;
	uint64_t exec_limit;
	uint64_t exec_flags;
	uint32_t runtime;
} CodeDirectorySpec;

/* A CodeDirectory with all hashes zero, in memory that the caller frees; the hash of code slot i
 * belongs at *ret_hashes + i * size, that of special slot i at *ret_hashes - i * size. Returns 0,
 * CODE_E_PARAMETER, CODE_E_TOO_BIG or -ENOMEM. */
int codedir_encode(const CodeDirectorySpec *spec, uint8_t **ret, size_t *ret_size,
	uint8_t **ret_hashes, CodeProblem *problem) _warn_unused_;

#endif
