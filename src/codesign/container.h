/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_CONTAINER_H
#define PORTCULLIS_CODESIGN_CONTAINER_H

/*
 * How an ELF file carries its signature:
 *
 *	the original file	but for the fields of its header that say where the sections are
 *	a copy of the names	of its sections, and ".codesign"
 *	a copy of the table	of its sections, and one more: the mark
 *	the mark		56 bytes: what the header said before. Here the code limit is.
 *	the SuperBlob		the one hole in what is hashed, together with
 *	the trailer		32 bytes, the last ones: where the SuperBlob is
 *
 * All bytes below the code limit are hashed. The trailer says nothing that the sizes do not say, and
 * is checked against them; so no byte is free.
 *
 * The mark is an ELF note in a section that is never loaded. It is there so that tools which write the
 * file anew, and lose what no section speaks of, keep a trace: a mark without a signature behind it is
 * a file that was changed after it was signed. doc/protocol.md has the bytes, doc/design/0010 the reasons.
 */

#include <stddef.h>
#include <stdint.h>

#include "codesign/codefile.h"
#include "codesign/elf.h"
#include "codesign/problem.h"

#define CONTAINER_MARK_SIZE 56u
#define CONTAINER_TRAILER_SIZE 32u
#define CONTAINER_SECTION ".codesign"

typedef struct Container {
	uint64_t code_limit; /* where the SuperBlob begins */
	uint32_t blob_size;
} Container;

/* Returns 0; CODE_E_UNSIGNED: no signature and no trace of one, or no ELF file; CODE_E_MODIFIED: a
 * trace only; CODE_E_DAMAGED: the trailer is wrong; CODE_E_FORMAT, CODE_E_TOO_BIG: neither a
 * signature nor an ELF file of which one could tell; CODE_E_CHANGED; or -errno. */
int container_find(const CodeFile *file, Container *ret, CodeProblem *problem) _warn_unused_;

/* What the file was before it was signed: its size, and its header. */
typedef struct ContainerOriginal {
	uint64_t size;
	uint8_t header[ELF_HEADER_SIZE_MAX];
	size_t header_size;
} ContainerOriginal;

/* Returns 0, CODE_E_DAMAGED, CODE_E_CHANGED or -errno. */
int container_get_original(const CodeFile *file, const Container *container, ContainerOriginal *ret,
	CodeProblem *problem) _warn_unused_;

/* What makes an unsigned file ready: a new header, and what follows the original bytes. */
typedef struct ContainerGraft {
	uint8_t header[ELF_HEADER_SIZE_MAX];
	size_t header_size;
	uint8_t *tail; /* owned */
	size_t tail_size;
	uint64_t code_limit;
	uint64_t text_offset; /* of the program's text; size 0: none */
	uint64_t text_size;
	bool is_program; /* not a library or an object */
} ContainerGraft;

/* Returns 0, CODE_E_FORMAT where the file is no ELF file or cannot carry a signature, CODE_E_TOO_BIG,
 * CODE_E_CHANGED or -errno. */
int container_graft_init(
	ContainerGraft *self, const CodeFile *original, CodeProblem *problem) _warn_unused_;
void container_graft_deinit(ContainerGraft *self);
#define _cleanup_container_graft_ _cleanup_(container_graft_deinit)

void container_encode_trailer(const Container *container, uint8_t ret[CONTAINER_TRAILER_SIZE]);

#endif
