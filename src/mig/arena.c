/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define CHUNK_SIZE ((size_t)64 << 10)
/* What is larger has a chunk of its own, so that little of the current one is wasted. */
#define PIECE_MAX (CHUNK_SIZE / 4)

struct ArenaChunk {
	ArenaChunk *next;
	alignas(max_align_t) char bytes[];
};

static _Noreturn void die(void)
{
	fputs("mig: there is no memory left\n", stderr);
	exit(1);
}

static ArenaChunk *chunk_new(size_t size)
{
	ArenaChunk *c = NULL;

	if (size <= PTRDIFF_MAX - sizeof(*c))
		c = malloc(sizeof(*c) + size);
	if (!c)
		die();
	return c;
}

void arena_init(Arena *a)
{
	*a = (Arena){.used = CHUNK_SIZE};
}

void arena_deinit(Arena *a)
{
	while (a->chunks) {
		ArenaChunk *c = a->chunks;

		a->chunks = c->next;
		free(c);
	}
	arena_init(a);
}

static void *alloc_large(Arena *a, size_t size)
{
	ArenaChunk *c = chunk_new(size);

	/* Behind the current one, if there is one: that has room left. */
	if (a->chunks) {
		c->next = a->chunks->next;
		a->chunks->next = c;
	} else {
		c->next = NULL;
		a->chunks = c;
	}
	return c->bytes;
}

static void *alloc_raw(Arena *a, size_t size)
{
	size_t room = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	char *piece;

	if (size > PIECE_MAX)
		return alloc_large(a, size);
	if (room > CHUNK_SIZE - a->used) {
		ArenaChunk *c = chunk_new(CHUNK_SIZE);

		c->next = a->chunks;
		a->chunks = c;
		a->used = 0;
	}
	piece = a->chunks->bytes + a->used;
	a->used += room;
	return piece;
}

void *arena_alloc(Arena *a, size_t size)
{
	return memset(alloc_raw(a, size), 0, size);
}

char *arena_strndup(Arena *a, const char *s, size_t n)
{
	char *copy;

	if (n >= PTRDIFF_MAX)
		die();
	copy = alloc_raw(a, n + 1);
	memcpy(copy, s, n);
	copy[n] = '\0';
	return copy;
}

char *arena_strdup(Arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(Arena *a, const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		die();
	return arena_strndup(a, text, (size_t)n);
}
