/* SPDX-License-Identifier: Apache-2.0 */
#include "port/space.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "port/names.h"
#include "port/port.h"

#define GEN_STEP 4u
#define GEN_FIRST 3u
#define INDEX(name) ((name) >> 8)
#define NO_SLOT 0u /* index 0 is never used */

/*
 * Two levels, so that the table grows without moving: entries are pointed to across calls that
 * drop the lock nowhere, and lsmp reads them from outside.
 */
typedef struct Space {
	Entry *chunks[SPACE_MAX_INDEX / SPACE_CHUNK];
	uint32_t fresh; /* the lowest index that was never handed out by space_alloc() */
	uint32_t n_slots; /* slots in allocated chunks */
	uint32_t n_used;
	uint32_t n_queued;
	uint32_t queue_head; /* the slot that has been free for the longest time */
	uint32_t queue_tail;
} Space;

static Space space = {.fresh = 1};

static Entry *slot_at(uint32_t index)
{
	Entry *chunk;

	if (index >= SPACE_MAX_INDEX)
		return NULL;
	chunk = space.chunks[index / SPACE_CHUNK];
	return chunk ? &chunk[index % SPACE_CHUNK] : NULL;
}

static Entry *slot_need(uint32_t index)
{
	Entry **chunk = &space.chunks[index / SPACE_CHUNK];

	if (!*chunk) {
		*chunk = calloc(SPACE_CHUNK, sizeof(Entry));
		if (!*chunk)
			return NULL;
		space.n_slots += SPACE_CHUNK;
	}
	return &(*chunk)[index % SPACE_CHUNK];
}

static void queue_push(Entry *entry, uint32_t index)
{
	Entry *tail = slot_at(space.queue_tail);

	entry->flags = ENTRY_F_QUEUED;
	entry->next = NO_SLOT;
	entry->prev = space.queue_tail;
	if (space.queue_tail != NO_SLOT)
		tail->next = index;
	else
		space.queue_head = index;
	space.queue_tail = index;
	space.n_queued++;
}

static void queue_unlink(Entry *entry)
{
	if (entry->prev != NO_SLOT)
		slot_at(entry->prev)->next = entry->next;
	else
		space.queue_head = entry->next;
	if (entry->next != NO_SLOT)
		slot_at(entry->next)->prev = entry->prev;
	else
		space.queue_tail = entry->prev;
	entry->flags = 0;
	space.n_queued--;
}

Entry *space_find_raw(PortName name)
{
	Entry *entry = slot_at(INDEX(name));

	if (!entry || !entry->type || entry->name != name)
		return NULL;
	return entry;
}

Entry *space_find(PortName name)
{
	Entry *entry = space_find_raw(name);

	if (likely(entry != NULL) &&
		((entry->type == ENTRY_SEND && entry->port->state == PORT_DEAD) ||
			entry->type == ENTRY_SEND_ONCE))
		name_check(entry);
	return entry;
}

/* An index that was never handed out; skips those that space_alloc_name() took. */
static int fresh_index(uint32_t *ret)
{
	for (; space.fresh < SPACE_MAX_INDEX; space.fresh++) {
		Entry *entry = slot_need(space.fresh);

		if (!entry)
			return KERN_RESOURCE_SHORTAGE;
		if (entry->type || entry->flags & ENTRY_F_QUEUED || entry->name)
			continue;
		*ret = space.fresh++;
		return 0;
	}
	return KERN_NO_SPACE;
}

static PortName next_name(const Entry *entry, uint32_t index)
{
	uint32_t generation = GEN_FIRST;

	if (entry->name)
		generation = (entry->name + GEN_STEP) & 0xff;
	return index << 8 | generation;
}

int space_alloc(Entry **ret)
{
	Entry *entry;
	uint32_t index;
	int r;

	if (space.n_queued > SPACE_RESERVE) {
		index = space.queue_head;
		r = 0;
	} else {
		r = fresh_index(&index);
	}
	if (r && space.n_queued > 0) {
		index = space.queue_head;
		r = 0;
	}
	if (r)
		return r;
	entry = slot_at(index);
	if (entry->flags & ENTRY_F_QUEUED)
		queue_unlink(entry);
	*entry = (Entry){.name = next_name(entry, index)};
	space.n_used++;
	*ret = entry;
	return 0;
}

int space_alloc_name(PortName name, Entry **ret)
{
	uint32_t index = INDEX(name);
	Entry *entry;

	if ((name & (GEN_STEP - 1)) != GEN_FIRST)
		return KERN_INVALID_VALUE;
	if (index == NO_SLOT || index >= SPACE_MAX_INDEX)
		return KERN_FAILURE;
	entry = slot_need(index);
	if (!entry)
		return KERN_RESOURCE_SHORTAGE;
	if (entry->type)
		return entry->name == name ? KERN_NAME_EXISTS : KERN_FAILURE;
	if (entry->flags & ENTRY_F_QUEUED)
		queue_unlink(entry);
	*entry = (Entry){.name = name};
	space.n_used++;
	*ret = entry;
	return 0;
}

void space_release(Entry *entry)
{
	PortName name = entry->name;

	*entry = (Entry){.name = name};
	space.n_used--;
	queue_push(entry, INDEX(name));
}

void entry_urefs_add(Entry *entry, uint32_t n)
{
	uint32_t sum = entry->urefs + MIN(n, SPACE_UREFS_MAX);

	entry->urefs = (uint16_t)MIN(sum, SPACE_UREFS_MAX);
}

Entry *space_next(uint32_t *index)
{
	for (uint32_t i = *index; i < SPACE_MAX_INDEX; i++) {
		Entry *entry = slot_at(i);

		if (!entry) {
			i |= SPACE_CHUNK - 1;
			continue;
		}
		if (entry->type) {
			*index = i + 1;
			return entry;
		}
	}
	return NULL;
}

uint32_t space_size(void)
{
	return space.n_slots;
}

uint32_t space_used(void)
{
	return space.n_used;
}

const void *space_chunks(void)
{
	return space.chunks;
}

void space_forget(void)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(space.chunks); i++) {
		if (!space.chunks[i])
			continue;
		free(space.chunks[i]);
		space.chunks[i] = NULL;
	}
	space.fresh = 1;
	space.n_slots = space.n_used = space.n_queued = 0;
	space.queue_head = space.queue_tail = NO_SLOT;
}
