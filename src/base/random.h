/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_RANDOM_H
#define PORTCULLIS_BASE_RANDOM_H

/*
 * Random numbers fit for secrets, from the kernel's generator. Neither function fails: without a
 * working getrandom(2) there is no safe way to go on, and the process is aborted.
 */

#include <stddef.h>
#include <stdint.h>

/* Fill @size bytes at @p. Returns 0. */
int random_bytes(void *p, size_t size);

/* 64 random bits, from a buffer of the calling thread that is refilled every 64 calls, wiped as it
 * is used, and dropped in a child made by fork or by a raw clone. */
uint64_t random_u64(void);

#endif
