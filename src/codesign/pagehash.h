/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_PAGEHASH_H
#define PORTCULLIS_CODESIGN_PAGEHASH_H

/*
 * The hashes of the pages of a file: made for a signer, compared for a verifier. This is where the
 * time of a verification goes, so larger files are read and hashed on two threads, in pieces of some
 * hundred KiB that stay in the cache of a processor between being read and being hashed. With one
 * page for all of the file there is one thread: a hash cannot be cut into two.
 *
 * Memory: one piece for each thread, whatever the size of the file or of a page.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "codesign/codefile.h"
#include "codesign/digest.h"
#include "codesign/problem.h"

/* Called on the caller's thread, now and then, and with @done equal to @total at the end unless @total is
 * 0. Returns false to end it all. */
typedef bool (*PageHashProgress)(void *userdata, uint64_t done, uint64_t total);

typedef struct PageHashJob {
	const CodeFile *file;
	uint64_t limit; /* pages of the first @limit bytes */
	CodeHash type;
	uint8_t page_shift; /* 0: one page */
	unsigned n_threads; /* 0: as many as are good; else exactly so many, if they can be had */
	unsigned
		at_once; /* pages that one thread hashes at once, at most; 0: what the processor can */
	PageHashProgress progress; /* may be NULL */
	void *userdata;
} PageHashJob;

/* Write the hash of page i to @hashes + i * size of a hash. Returns 0, CODE_E_CHANGED where the file
 * is shorter, CODE_E_REFUSED, or -errno. */
int pagehash_make(const PageHashJob *job, uint8_t *hashes, CodeProblem *problem) _warn_unused_;

/* Compare with @hashes. Returns 0, CODE_E_MODIFIED with the number of the *first* page that differs in
 * *ret_page and its bytes in @problem, or the above. */
int pagehash_compare(const PageHashJob *job, const uint8_t *hashes, uint32_t *ret_page,
	CodeProblem *problem) _warn_unused_;

#endif
