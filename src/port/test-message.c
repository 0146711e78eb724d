/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mman.h>

#include <mach/notify.h>

#include "base/memfd.h"
#include "port/names.h"
#include "port/queue.h"
#include "port/region.h"
#include "port/test-support.h"

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

PORT_TEST(an_empty_message)
{
	Message m;

	memset(&m, 0xff, sizeof(m));
	message_init(&m);
	ASSERT_EQ(m.n_items, 0);
	ASSERT_PTR_EQ(m.items, m.inline_items);
	ASSERT_FALSE(message_has_receive(&m));
	LOCKED_DO(message_clear(&m));
	LOCKED_DO(message_free(&m));
	LOCKED_DO(message_free(NULL));
}

PORT_TEST(items_start_empty)
{
	Message m;

	memset(&m, 0xff, sizeof(m));
	message_init(&m);
	for (unsigned n = 0; n <= 2 * MESSAGE_INLINE_ITEMS; n++) {
		ASSERT_OK(message_alloc_items(&m, n));
		ASSERT_EQ(m.items == m.inline_items, n <= MESSAGE_INLINE_ITEMS);
		for (unsigned i = 0; i < n; i++) {
			ASSERT_EQ(m.items[i].fd, -EBADF);
			ASSERT_EQ(m.items[i].right.kind, RIGHT_NONE);
			ASSERT_NULL(m.items[i].rights);
		}
		LOCKED_DO(message_clear(&m));
	}
}

/* Everything moves to the heap, borrowed bytes are copied, and the source is empty. */
static void check_to_heap(unsigned n_items)
{
	static const char text[] = "the bytes behind the descriptors";
	PortName name = make_receive(NULL);
	char bytes[sizeof(text)];
	Message m, *heap;

	memcpy(bytes, text, sizeof(text));
	message_init(&m);
	m.id = 4711;
	m.size = 100;
	m.tail = (const uint8_t *)bytes;
	m.tail_size = sizeof(bytes);
	m.reply = once_right(name);
	ASSERT_OK(message_alloc_items(&m, n_items));
	for (unsigned i = 0; i < n_items; i++)
		m.items[i].right = once_right(name);
	heap = LOCKED(message_to_heap(&m));
	ASSERT_NOT_NULL(heap);
	memset(bytes, 0, sizeof(bytes));
	ASSERT_EQ(m.n_items, 0);
	ASSERT_EQ(m.reply.kind, RIGHT_NONE);
	ASSERT_EQ(heap->id, 4711);
	ASSERT_EQ(heap->reply.kind, RIGHT_SEND_ONCE);
	ASSERT_EQ(heap->tail_size, sizeof(text));
	ASSERT_MEMEQ(heap->tail, text, sizeof(text));
	ASSERT_EQ(heap->n_items, n_items);
	for (unsigned i = 0; i < n_items; i++)
		ASSERT_EQ(heap->items[i].right.kind, RIGHT_SEND_ONCE);
	ASSERT_EQ(LOCKED(space_find(name))->port->sorights, n_items + 1);
	LOCKED_DO(message_free(heap));
	for (unsigned i = 0; i < n_items + 1; i++)
		ASSERT_EQ(pop_id(LOCKED(space_find(name))->port), MACH_NOTIFY_SEND_ONCE);
	drop(name);
}

PORT_TEST(to_heap)
{
	for (unsigned n = 0; n <= 2 * MESSAGE_INLINE_ITEMS; n++)
		check_to_heap(n);
}

PORT_TEST(clearing_disposes_of_every_kind)
{
	PortName name = make_receive(NULL), moved = make_receive(NULL);
	uint64_t address = 0;
	Message m;

	message_init(&m);
	ASSERT_OK(message_alloc_items(&m, 4));
	ASSERT_OK(LOCKED(right_copyin(name, MACH_MSG_TYPE_MAKE_SEND, &m.items[0].right)));
	m.items[1].rights = calloc(2, sizeof(Right));
	m.items[1].count = 2;
	m.items[1].rights[0] = once_right(name);
	ASSERT_OK(LOCKED(right_copyin(moved, MACH_MSG_TYPE_MOVE_RECEIVE, &m.items[1].rights[1])));
	ASSERT_TRUE(message_has_receive(&m));
	ASSERT_OK(region_allocate(&address, 4096, true, false));
	m.items[2].address = address;
	m.items[2].size = 4096;
	m.items[2].owned = true;
	m.items[3].fd = ASSERT_FD(memfd_new("test"));
	LOCKED_DO(message_clear(&m));
	ASSERT_EQ(m.n_items, 0);
	ASSERT_EQ(type_of(moved), 0);
	ASSERT_EQ(LOCKED(space_find(name))->port->srights, 0);
	ASSERT_EQ(pop_id(LOCKED(space_find(name))->port), MACH_NOTIFY_SEND_ONCE);
	/* The memory is gone. */
	ASSERT_EQ(madvise((void *)(uintptr_t)address, 4096, MADV_NORMAL), -1);
	drop(name);
}

/* What has left through its descriptors dies silently. */
PORT_TEST(clearing_what_was_sent)
{
	Port *port;
	PortName name = make_receive(&port);
	Message m;

	message_init(&m);
	m.reply = once_right(name);
	ASSERT_OK(message_alloc_items(&m, 2));
	m.items[0].right = once_right(name);
	m.items[1].rights = calloc(1, sizeof(Right));
	m.items[1].count = 1;
	ASSERT_OK(LOCKED(right_copyin(name, MACH_MSG_TYPE_MAKE_SEND, &m.items[1].rights[0])));
	LOCKED_DO(message_clear_sent(&m));
	ASSERT_EQ(port->msgcount, 0);
	ASSERT_EQ(port->sorights, 0);
	ASSERT_EQ(port->srights, 0);
	drop(name);
}

PORT_TEST(owned_bytes)
{
	Message m;
	void *p;

	message_init(&m);
	m.tail_buffer = malloc(64);
	m.tail = m.tail_buffer;
	m.tail_heap = true;
	LOCKED_DO(message_clear(&m));
	ASSERT_NULL(m.tail);
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_TRUE(p != MAP_FAILED);
	m.tail_buffer = p;
	m.tail_region_size = 4096;
	m.tail_mapped = true;
	LOCKED_DO(message_clear(&m));
	ASSERT_EQ(madvise(p, 4096, MADV_NORMAL), -1);
	ASSERT_FALSE(m.tail_mapped);
}

PORT_TEST(finds_receive_rights)
{
	PortName name = make_receive(NULL), given;
	Message m;

	message_init(&m);
	ASSERT_OK(message_alloc_items(&m, 1));
	ASSERT_FALSE(message_has_receive(&m));
	ASSERT_OK(LOCKED(right_copyin(name, MACH_MSG_TYPE_MOVE_RECEIVE, &m.items[0].right)));
	ASSERT_TRUE(message_has_receive(&m));
	ASSERT_OK(LOCKED(right_copyout(&m.items[0].right, &given)));
	ASSERT_FALSE(message_has_receive(&m));
	LOCKED_DO(message_clear(&m));
	drop(given);
}
