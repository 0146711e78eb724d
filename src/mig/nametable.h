/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_NAMETABLE_H
#define PORTCULLIS_MIG_NAMETABLE_H

/* What is known by a name: types, routines, the names within one routine. Lives in the arena. */

#include <stddef.h>

#include "mig/arena.h"

typedef struct NameEntry {
	const char *name; /* NULL: free */
	const void *value;
} NameEntry;

typedef struct NameTable {
	Arena *arena;
	NameEntry *entries;
	size_t n_entries; /* a power of two, or 0 */
	size_t n_used;
} NameTable;

void nametable_init(NameTable *t, Arena *a);

/* NULL if the name is not known. */
const void *nametable_find(const NameTable *t, const char *name);

/* value is not NULL. The value that the name had before, which then stays; else NULL. The name is
 * borrowed for the life of the table. */
const void *nametable_add(NameTable *t, const char *name, const void *value);

#endif
