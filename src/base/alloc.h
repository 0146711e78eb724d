/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_ALLOC_H
#define PORTCULLIS_BASE_ALLOC_H

/*
 * Zeroed memory for small objects that come and go: glibc's calloc() does not look into the thread's
 * cache of free chunks, its malloc() does. NULL: no memory.
 *
 * A compiler that sees malloc() and memset() side by side makes calloc() of them: so it must not see
 * where the memory is from.
 */

#include <stdlib.h>
#include <string.h>

static inline void *alloc_zero(size_t size)
{
	void *p = malloc(size);

	__asm__("" : "+r"(p));
	return p ? memset(p, 0, size) : NULL;
}

#endif
