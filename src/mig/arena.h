/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_ARENA_H
#define PORTCULLIS_MIG_ARENA_H

/*
 * All that is known about one .defs file lives as long as its compilation: nothing of it is freed
 * singly. Memory comes in chunks, of which the last is cut into pieces; what is large has a chunk of
 * its own. Memory that runs out ends the compiler, before it wrote anything, with one line and
 * status 1.
 */

#include <stddef.h>

typedef struct ArenaChunk ArenaChunk;

typedef struct Arena {
	ArenaChunk *chunks; /* the one that pieces are cut from comes first */
	size_t used; /* of that one */
} Arena;

void arena_init(Arena *a);
void arena_deinit(Arena *a);

/* Zeroed. Aligned for any type. */
void *arena_alloc(Arena *a, size_t size);
char *arena_strndup(Arena *a, const char *s, size_t n);
char *arena_strdup(Arena *a, const char *s);
char *arena_printf(Arena *a, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_new_array(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (n)))

#endif
