/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open hash table, at most half full, so that looking for a name that is not there ends soon.
 * When it grows, the old one stays in the arena: all of them together are as large as the last.
 */
#include "mig/nametable.h"

#include <string.h>

#include "base/hash.h"

#define FIRST_SIZE 16U

void nametable_init(NameTable *t, Arena *a)
{
	*t = (NameTable){.arena = a};
}

/* The entry of the name, or the free one where it belongs. */
static NameEntry *entry_of(const NameTable *t, const char *name)
{
	size_t i = hash_bytes(name, strlen(name)) & (t->n_entries - 1);

	while (t->entries[i].name && strcmp(t->entries[i].name, name) != 0)
		i = (i + 1) & (t->n_entries - 1);
	return &t->entries[i];
}

static void grow(NameTable *t)
{
	NameTable old = *t;

	t->n_entries = old.n_entries ? old.n_entries * 2 : FIRST_SIZE;
	t->entries = arena_new_array(t->arena, NameEntry, t->n_entries);
	for (size_t i = 0; i < old.n_entries; i++) {
		if (old.entries[i].name)
			*entry_of(t, old.entries[i].name) = old.entries[i];
	}
}

const void *nametable_find(const NameTable *t, const char *name)
{
	return t->n_entries ? entry_of(t, name)->value : NULL;
}

const void *nametable_add(NameTable *t, const char *name, const void *value)
{
	NameEntry *entry;

	if (t->n_used * 2 >= t->n_entries)
		grow(t);
	entry = entry_of(t, name);
	if (entry->name)
		return entry->value;
	*entry = (NameEntry){.name = name, .value = value};
	t->n_used++;
	return NULL;
}
