/* SPDX-License-Identifier: Apache-2.0 */
#include "port/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "port/once.h"
#include "port/port.h"
#include "port/region.h"

void message_init(Message *m)
{
	/* Not the inline items: they are initialised when they are used. */
	memset(m, 0, offsetof(Message, inline_items));
	m->items = m->inline_items;
}

int message_alloc_items(Message *m, uint32_t n)
{
	if (n > MESSAGE_INLINE_ITEMS) {
		Item *items = calloc(n, sizeof(*items));

		if (!items)
			return KERN_RESOURCE_SHORTAGE;
		m->items = items;
	} else {
		memset(m->inline_items, 0, n * sizeof(Item));
	}
	for (uint32_t i = 0; i < n; i++)
		m->items[i].fd = -EBADF;
	m->n_items = n;
	return 0;
}

Message *message_to_heap(Message *m)
{
	bool borrowed = m->tail && !m->tail_heap && !m->tail_mapped;
	Message *h = malloc(sizeof(*h) + (borrowed ? m->tail_size : 0));

	if (!h)
		return NULL;
	memcpy(h, m, offsetof(Message, inline_items));
	if (m->items == m->inline_items) {
		h->items = h->inline_items;
		memcpy(h->inline_items, m->inline_items, m->n_items * sizeof(Item));
	}
	if (borrowed) {
		memcpy(h->storage, m->tail, m->tail_size);
		h->tail = h->storage;
	}
	h->heap = true;
	message_init(m);
	return h;
}

static void item_clear(Item *item, bool sent)
{
	if (item->rights) {
		for (uint32_t i = 0; i < item->count; i++)
			sent ? right_forget(&item->rights[i]) : right_drop(&item->rights[i]);
		free(item->rights);
		item->rights = NULL;
	}
	if (sent)
		right_forget(&item->right);
	else
		right_drop(&item->right);
	if (item->owned && item->size > 0)
		(void)region_deallocate(item->address, item->size);
	item->owned = false;
	item->fd = fd_close(item->fd);
}

static void message_release(Message *m, bool sent)
{
	/* Most messages have nothing but bytes that are somebody else's. */
	if (likely(m->n_items == 0 && m->reply.kind == RIGHT_NONE && !m->tail_heap &&
		    !m->tail_mapped)) {
		m->tail = NULL;
		m->tail_size = 0;
		return;
	}
	if (sent)
		right_forget(&m->reply);
	else
		right_drop(&m->reply);
	for (uint32_t i = 0; i < m->n_items; i++)
		item_clear(&m->items[i], sent);
	if (m->items != m->inline_items)
		free(m->items);
	m->items = m->inline_items;
	m->n_items = 0;
	if (m->tail_heap)
		free(m->tail_buffer);
	if (m->tail_mapped)
		(void)munmap(m->tail_buffer, m->tail_region_size);
	m->tail = m->tail_buffer = NULL;
	m->tail_size = 0;
	m->tail_heap = m->tail_mapped = false;
}

void message_drop_memory(Message *m)
{
	for (uint32_t i = 0; i < m->n_items; i++) {
		Item *item = &m->items[i];

		if (!item->deallocate || item->owned || !item->address || !item->size)
			continue;
		(void)region_deallocate(item->address, item->size);
		item->address = 0;
		item->size = 0;
	}
}

void message_clear(Message *m)
{
	message_release(m, false);
}

void message_clear_sent(Message *m)
{
	message_release(m, true);
}

void message_free(Message *m)
{
	if (!m)
		return;
	message_release(m, false);
	if (m->heap)
		free(m);
}

bool message_has_receive(const Message *m)
{
	for (uint32_t i = 0; i < m->n_items; i++) {
		const Item *item = &m->items[i];

		if (item->right.kind == RIGHT_RECEIVE)
			return true;
		for (uint32_t k = 0; item->rights && k < item->count; k++) {
			if (item->rights[k].kind == RIGHT_RECEIVE)
				return true;
		}
	}
	return false;
}

static bool is_on_way_to(const Port *port, const Port *dest)
{
	for (const Port *p = dest; p; p = p->extra ? p->extra->transit_to : NULL) {
		if (p == port)
			return true;
	}
	return false;
}

static int note_transit(Right *right, Port *dest)
{
	if (right->kind != RIGHT_RECEIVE)
		return 0;
	if (is_on_way_to(right->port, dest))
		return -ELOOP;
	if (port_need_extra(right->port))
		return -ENOMEM;
	right->port->extra->transit_to = dest;
	return 0;
}

int message_note_transit(Message *m, Port *dest)
{
	int r = 0;

	for (uint32_t i = 0; i < m->n_items && !r; i++) {
		Item *item = &m->items[i];

		r = note_transit(&item->right, dest);
		for (uint32_t k = 0; item->rights && k < item->count && !r; k++)
			r = note_transit(&item->rights[k], dest);
	}
	return r;
}
