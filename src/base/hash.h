/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_HASH_H
#define PORTCULLIS_BASE_HASH_H

/*
 * Intrusive hash tables: <uthash.h>, set up for a program that must not exit and whose keys may be
 * chosen by an enemy. Always include this header, never <uthash.h> itself.
 *
 * - The hash is keyed with a secret of this process (SipHash-1-3), so that nobody outside can make
 *   keys that fall into one bucket.
 * - Running out of memory does not end the process: the element is then simply not in the table.
 *   So after every add ask hash_is_linked():
 *
 *	HASH_ADD(hh, table->by_id, id, sizeof(thing->id), thing);
 *	if (!hash_is_linked(thing, hh))
 *		return error_origin(-ENOMEM);
 *
 * The element carries a `UT_hash_handle hh`, starts zeroed, and stays where it is while linked; its
 * key must have no padding. HASH_ITER allows the element at hand to be deleted. The table has no
 * lock of its own.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* The keyed hash of @n bytes, the same for the life of the process and its fork children. */
unsigned int hash_bytes(const void *data, size_t n);

/* SipHash-1-3 under a given key; for the test vectors. */
uint64_t hash_sip13(const uint64_t k[2], const void *data, size_t n);

#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(elt)                                                                   \
	do {                                                                                       \
	} while (0)
#define HASH_FUNCTION(keyptr, keylen, hashv)                                                       \
	do {                                                                                       \
		(hashv) = hash_bytes((keyptr), (keylen));                                          \
	} while (0)

#ifdef UTHASH_H
#error "include base/hash.h instead of uthash.h"
#endif
#include <uthash.h>

/* Whether @elt got into its table. Valid only directly after an add. */
#define hash_is_linked(elt, hh) ((elt)->hh.tbl != NULL)

#endif
