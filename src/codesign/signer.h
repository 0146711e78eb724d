/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_SIGNER_H
#define PORTCULLIS_CODESIGN_SIGNER_H

/*
 * Signing. A SignerSpec says what the signature is to say, and has a callback that makes the CMS; this
 * module hashes, seals, and puts the signature into the file, or hands it out.
 *
 * A file is never written in place: what is signed is a copy, made ready and hashed as it is on the way
 * to the disk, which takes the place of the file in one step (replace.h). Mode, owner and extended
 * attributes are kept, or it is an error. A program that runs meanwhile goes on with the old file.
 *
 * A path that is a symbolic link stands for the file behind it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codesign/codedir.h"
#include "codesign/codefile.h"
#include "codesign/pagehash.h"
#include "codesign/problem.h"
#include "codesign/signature.h"

/* A part of the signature. */
typedef struct SignerPart {
	uint32_t slot; /* 1 to CODE_SLOT_SPECIAL_MAX, each at most once */
	const void *data;
	size_t size;
	bool is_blob; /* @data is a blob; else one is made around it, of the slot's usual magic */
	bool is_external; /* hashed, but not in the signature: for CODE_SLOT_INFO and _RESOURCES */
} SignerPart;

/* What the CMS is to be about. It signs @data, and should bind the hashes of all CodeDirectories. */
typedef struct SignerRequest {
	const uint8_t *data; /* the CodeDirectory at slot 0 */
	size_t size;
	const CodeDirectory *directories; /* all of them, that one first */
	const uint8_t (*hashes)[CODE_HASH_SIZE_MAX]; /* of all of each, by its own algorithm */
	uint32_t n_directories;
} SignerRequest;

/* Make the CMS, DER-encoded, in memory that is then freed by free(3). Returns 0, a CODE_E_* with
 * @problem, or -errno. */
typedef int (*SignerCallback)(void *userdata, const SignerRequest *request, uint8_t **ret,
	size_t *ret_size, CodeProblem *problem);

#define SIGNER_HASHES_MAX 2u

typedef struct SignerSpec {
	const char *identifier;
	const char *team; /* NULL: none */
	uint32_t flags; /* but for CODE_FLAG_ADHOC, which follows from @sign */
	uint32_t runtime; /* 0: none */
	uint8_t platform;
	uint8_t page_shift; /* CODE_PAGE_SHIFT_DEFAULT; 0: one page */
	CodeHash hashes[SIGNER_HASHES_MAX]; /* the first one goes to slot 0 */
	uint32_t n_hashes; /* 0: SHA-256 alone */
	const SignerPart *parts;
	size_t n_parts;
	SignerCallback sign; /* NULL: ad hoc */
	void *sign_userdata;
	PageHashProgress progress; /* may be NULL */
	void *progress_userdata;
	bool replace; /* also where there is a signature already, or the trace of one */
	bool keep_times;
} SignerSpec;

/* Put the signature into the ELF file at @path. Returns 0, CODE_E_NOT_FOUND, CODE_E_ACCESS,
 * CODE_E_NOT_REGULAR, CODE_E_SIGNED, CODE_E_MODIFIED (it has the trace of a signature, and @replace is
 * false), CODE_E_FORMAT, CODE_E_TOO_BIG, CODE_E_PARAMETER, CODE_E_CHANGED, CODE_E_REFUSED, what the
 * callback returns, or -errno: the file is then as it was. */
int signer_embed(const SignerSpec *spec, const char *path, CodeProblem *problem) _warn_unused_;

/* A signature of all of the file, whatever it is, in memory that the caller frees: to be given to
 * detached_write_*(). Returns as above. */
int signer_detach(const SignerSpec *spec, const CodeFile *file, uint8_t **ret, size_t *ret_size,
	CodeProblem *problem) _warn_unused_;

/* Take the signature out of the file at @path, which then has the bytes that it had before it was
 * signed. Returns 0, CODE_E_UNSIGNED, CODE_E_MODIFIED or CODE_E_DAMAGED where the original cannot be
 * told, or as above. */
int signer_remove(const char *path, bool keep_times, CodeProblem *problem) _warn_unused_;

#endif
