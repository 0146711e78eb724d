/* SPDX-License-Identifier: Apache-2.0 */
/* What is encoded is what is decoded: round trips in one process. */
#include <mach/notify.h>

#include "base/memfd.h"
#include "port/kport.h"
#include "port/names.h"
#include "port/region.h"
#include "port/test-transit.h"

typedef struct Trip {
	PortName name; /* where it goes to, and where the rights in it are of */
	Port *port;
	Message m;
} Trip;

static Trip trip_begin(unsigned n_items)
{
	Trip t;

	t.name = make_receive(&t.port);
	message_init(&t.m);
	t.m.id = 1234;
	t.m.complex = n_items > 0;
	if (n_items > 0)
		ASSERT_OK(message_alloc_items(&t.m, n_items));
	/* The struct is returned by value. */
	return t;
}

/* After the move of a Trip that was made by trip_begin(). */
static void trip_fix(Trip *t)
{
	if (t->m.n_items <= MESSAGE_INLINE_ITEMS)
		t->m.items = t->m.inline_items;
}

static void trip_end(Trip *t, Message *back)
{
	LOCKED_DO(message_free(back));
	LOCKED_DO(message_clear(&t->m));
	ASSERT_OK(LOCKED(name_destroy(t->name)));
}

static void set_port(Item *item, Right right, unsigned disposition)
{
	item->type = MACH_MSG_PORT_DESCRIPTOR;
	item->disposition = (uint8_t)disposition;
	item->right = right;
}

static Right send_right(PortName name)
{
	Right right = RIGHT_NULL;

	ASSERT_OK(LOCKED(right_copyin(name, MACH_MSG_TYPE_MAKE_SEND, &right)));
	return right;
}

static void check_bytes(size_t n)
{
	uint8_t *bytes = malloc(n + 1);
	Trip t = trip_begin(0);
	Message *back;

	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	trip_fix(&t);
	t.m.tail = bytes;
	t.m.tail_size = (uint32_t)n;
	back = message_travel(&t.m, t.port);
	ASSERT_EQ(back->id, 1234);
	ASSERT_EQ(back->size, sizeof(mach_msg_header_t) + n);
	ASSERT_FALSE(back->complex);
	ASSERT_EQ(back->tail_size, n);
	ASSERT_MEMEQ(back->tail, bytes, n);
	ASSERT_EQ(back->dest_disposition, MACH_MSG_TYPE_PORT_SEND);
	free(bytes);
	trip_end(&t, back);
}

PORT_TEST(bytes_of_any_length)
{
	static const size_t lengths[] = {0, 4, 1000, 65000, 65536, 70000, 1u << 20};

	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		check_bytes(lengths[i]);
}

PORT_TEST(null_and_dead)
{
	Trip t = trip_begin(2);
	Message *back;

	trip_fix(&t);
	set_port(&t.m.items[0], RIGHT_NULL, MACH_MSG_TYPE_PORT_RECEIVE);
	set_port(&t.m.items[1], (Right){.kind = RIGHT_DEAD}, MACH_MSG_TYPE_PORT_SEND);
	t.m.reply = (Right){.kind = RIGHT_DEAD};
	back = message_travel(&t.m, t.port);
	ASSERT_EQ(back->reply.kind, RIGHT_DEAD);
	ASSERT_EQ(back->items[0].right.kind, RIGHT_NONE);
	ASSERT_EQ(back->items[0].disposition, MACH_MSG_TYPE_PORT_RECEIVE);
	ASSERT_EQ(back->items[1].right.kind, RIGHT_DEAD);
	ASSERT_EQ(back->size, sizeof(mach_msg_base_t) + 2 * sizeof(mach_msg_port_descriptor_t));
	trip_end(&t, back);
}

/* A right to our own port is that port again. */
PORT_TEST(send_rights_come_home)
{
	Trip t = trip_begin(1);
	Message *back;

	trip_fix(&t);
	set_port(&t.m.items[0], send_right(t.name), MACH_MSG_TYPE_PORT_SEND);
	back = message_travel(&t.m, t.port);
	ASSERT_EQ(back->items[0].right.kind, RIGHT_SEND);
	ASSERT_PTR_EQ(back->items[0].right.port, t.port);
	ASSERT_EQ(t.port->srights, 1);
	trip_end(&t, back);
}

PORT_TEST(send_rights_to_others)
{
	Remote remote = remote_make();
	Trip t = trip_begin(1);
	Message *back;

	trip_fix(&t);
	set_port(&t.m.items[0], remote_right(&remote), MACH_MSG_TYPE_PORT_SEND);
	back = message_travel(&t.m, t.port);
	ASSERT_EQ(back->items[0].right.port->state, PORT_REMOTE);
	ASSERT_TRUE(memcmp(&back->items[0].right.port->backing->ident.secret, remote.ident.secret,
			    16) == 0);
	trip_end(&t, back);
	remote_free(&remote);
}

PORT_TEST(rights_to_dead_ports)
{
	Remote remote = remote_make();
	Trip t = trip_begin(2);
	Message *back;
	int near;

	trip_fix(&t);
	set_port(&t.m.items[0], remote_right(&remote), MACH_MSG_TYPE_PORT_SEND);
	LOCKED_DO(port_mark_dead(t.m.items[0].right.port));
	set_port(&t.m.items[1], pair_right(&near), MACH_MSG_TYPE_PORT_SEND_ONCE);
	close(near);
	back = message_travel(&t.m, t.port);
	ASSERT_EQ(back->items[0].right.kind, RIGHT_DEAD);
	ASSERT_EQ(back->items[1].right.kind, RIGHT_DEAD);
	trip_end(&t, back);
	remote_free(&remote);
}

PORT_TEST(send_once_rights)
{
	Trip t = trip_begin(1);
	Message *back;

	trip_fix(&t);
	t.m.reply = once_right(t.name);
	set_port(&t.m.items[0], once_right(t.name), MACH_MSG_TYPE_PORT_SEND_ONCE);
	back = message_travel(&t.m, t.port);
	ASSERT_EQ(back->reply.kind, RIGHT_SEND_ONCE);
	ASSERT_EQ(back->reply.once->kind, ONCE_PAIR);
	ASSERT_EQ(back->reply_disposition, MACH_MSG_TYPE_PORT_SEND_ONCE);
	ASSERT_EQ(back->items[0].right.once->kind, ONCE_PAIR);
	/* The port waits for both. */
	ASSERT_EQ(t.port->sorights, 2);
	ASSERT_EQ(t.port->extra->n_answers, 2);
	trip_end(&t, back);
}

/* The receive right, with what waits in memory and who waits for an answer. */
PORT_TEST(receive_rights)
{
	Port *moved;
	PortName moved_name = make_receive(&moved), once;
	Trip t = trip_begin(1);
	Message *back, *queued;

	trip_fix(&t);
	add_send(moved_name, 1);
	once = make_once(moved_name);
	for (int32_t i = 0; i < 3; i++) {
		queued = make_message(100 + i);
		LOCKED_DO(queue_append_take(moved, queued));
	}
	LOCKED_DO(moved->qlimit = 17);
	t.m.items[0].type = MACH_MSG_PORT_DESCRIPTOR;
	ASSERT_OK(
		LOCKED(right_copyin(moved_name, MACH_MSG_TYPE_MOVE_RECEIVE, &t.m.items[0].right)));
	back = message_travel(&t.m, t.port);
	ASSERT_EQ(back->items[0].right.kind, RIGHT_RECEIVE);
	/* We kept a send right, so it is the same port. */
	ASSERT_PTR_EQ(back->items[0].right.port, moved);
	ASSERT_EQ(moved->state, PORT_LOCAL);
	ASSERT_EQ(moved->qlimit, 17);
	ASSERT_EQ(moved->extra->n_answers, 1);
	ASSERT_EQ(moved->extra->n_carriers, 1);
	ASSERT_EQ(name_right(right_take(&back->items[0].right)), moved_name);
	for (int32_t i = 0; i < 3; i++)
		ASSERT_EQ(pop_id(moved), 100 + i);
	ASSERT_EQ(pop_id(moved), -1);
	ASSERT_OK(LOCKED(name_destroy(once)));
	ASSERT_OK(LOCKED(name_destroy(moved_name)));
	trip_end(&t, back);
}

PORT_TEST(guarded_receive_rights)
{
	PortName moved_name = make_receive(NULL);
	Trip t = trip_begin(1);
	Message *back;

	trip_fix(&t);
	t.m.items[0].type = MACH_MSG_GUARDED_PORT_DESCRIPTOR;
	t.m.items[0].guard_flags = MACH_MSG_GUARD_FLAGS_IMMOVABLE_RECEIVE;
	t.m.items[0].context = 99;
	ASSERT_OK(
		LOCKED(right_copyin(moved_name, MACH_MSG_TYPE_MOVE_RECEIVE, &t.m.items[0].right)));
	back = message_travel(&t.m, t.port);
	ASSERT_EQ(back->items[0].type, MACH_MSG_GUARDED_PORT_DESCRIPTOR);
	ASSERT_EQ(back->items[0].guard_flags, MACH_MSG_GUARD_FLAGS_IMMOVABLE_RECEIVE);
	ASSERT_EQ(back->items[0].right.kind, RIGHT_RECEIVE);
	trip_end(&t, back);
}

PORT_TEST(objects)
{
	semaphore_t semaphore;
	Trip t = trip_begin(1);
	Message *back;
	Right right = RIGHT_NULL;
	Port *port;

	trip_fix(&t);
	ASSERT_EQ(semaphore_create(mach_task_self(), &semaphore, SYNC_POLICY_FIFO, 0), 0);
	port = LOCKED(space_find(semaphore))->port;
	ASSERT_OK(LOCKED(right_copyin(semaphore, MACH_MSG_TYPE_COPY_SEND, &right)));
	set_port(&t.m.items[0], right, MACH_MSG_TYPE_PORT_SEND);
	back = message_travel(&t.m, t.port);
	ASSERT_PTR_EQ(back->items[0].right.port, port);
	/* Dropped only, what has been sent would keep a descriptor. */
	ASSERT_EQ(semaphore_destroy(mach_task_self(), semaphore), 0);
	trip_end(&t, back);
}

/* The host's port does not leave the task. */
PORT_TEST(objects_that_stay)
{
	static Packet packet;
	Trip t = trip_begin(1);
	Right right = RIGHT_NULL;

	trip_fix(&t);
	ASSERT_OK(LOCKED(right_copyin(task.host_name, MACH_MSG_TYPE_COPY_SEND, &right)));
	set_port(&t.m.items[0], right, MACH_MSG_TYPE_PORT_SEND);
	ASSERT_EQ(LOCKED(packet_encode(&packet, &t.m)), MACH_SEND_INVALID_RIGHT);
	trip_end(&t, NULL);
}

static void check_memory(uint64_t size, bool deallocate)
{
	uint64_t address = 0;
	Trip t = trip_begin(1);
	Message *back;
	uint8_t *bytes;

	trip_fix(&t);
	ASSERT_OK(region_allocate(&address, size ? size : 1, true, false));
	bytes = (uint8_t *)(uintptr_t)address;
	for (uint64_t i = 0; i < size; i += 13)
		bytes[i] = (uint8_t)(i >> 3);
	t.m.items[0].type = MACH_MSG_OOL_DESCRIPTOR;
	t.m.items[0].address = address;
	t.m.items[0].size = size;
	t.m.items[0].deallocate = deallocate;
	back = message_travel(&t.m, t.port);
	ASSERT_EQ(back->items[0].size, size);
	ASSERT_EQ(back->items[0].deallocate, deallocate);
	if (size > 0) {
		ASSERT_TRUE(back->items[0].owned);
		bytes = (uint8_t *)(uintptr_t)back->items[0].address;
		for (uint64_t i = 0; i < size; i += 13)
			ASSERT_EQ(bytes[i], (uint8_t)(i >> 3));
	}
	trip_end(&t, back);
	(void)region_deallocate(address, size ? size : 1);
}

PORT_TEST(memory)
{
	static const uint64_t sizes[] = {0, 1, 100, WIRE_MEMORY_INLINE, WIRE_MEMORY_INLINE + 1,
		REGION_MOVE_MIN, REGION_MOVE_MIN + 100, REGION_SHARE_MIN};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		check_memory(sizes[i], false);
		check_memory(sizes[i], true);
	}
}

PORT_TEST(memory_that_is_not_there)
{
	static Packet packet;
	Trip t = trip_begin(1);

	trip_fix(&t);
	t.m.items[0].type = MACH_MSG_OOL_DESCRIPTOR;
	t.m.items[0].address = 0x10;
	t.m.items[0].size = 1u << 20;
	ASSERT_EQ(LOCKED(packet_encode(&packet, &t.m)), MACH_SEND_INVALID_MEMORY);
	trip_end(&t, NULL);
}

/* Many pieces of memory: what has no place in the datagram goes by descriptors. */
PORT_TEST(much_memory_in_line)
{
	static uint8_t bytes[WIRE_MEMORY_INLINE];
	Trip t = trip_begin(40);
	Message *back;

	memset(bytes, 'm', sizeof(bytes));
	for (unsigned i = 0; i < 40; i++) {
		t.m.items[i].type = MACH_MSG_OOL_DESCRIPTOR;
		t.m.items[i].address = (uint64_t)(uintptr_t)bytes;
		t.m.items[i].size = i % 5 ? sizeof(bytes) - i : 0;
	}
	back = message_travel(&t.m, t.port);
	ASSERT_EQ(back->n_items, 40);
	for (unsigned i = 0; i < 40; i++) {
		const Item *item = &back->items[i];

		ASSERT_EQ(item->size, i % 5 ? sizeof(bytes) - i : 0);
		if (item->size > 0)
			ASSERT_MEMEQ((void *)(uintptr_t)item->address, bytes, item->size);
	}
	trip_end(&t, back);
}

static void check_ports(unsigned n)
{
	Trip t = trip_begin(1);
	Message *back;
	Item *item;

	trip_fix(&t);
	item = &t.m.items[0];
	item->type = MACH_MSG_OOL_PORTS_DESCRIPTOR;
	item->disposition = MACH_MSG_TYPE_PORT_SEND;
	item->count = n;
	item->rights = n ? calloc(n, sizeof(Right)) : NULL;
	for (unsigned i = 0; i < n; i++) {
		if (i % 3 == 0)
			item->rights[i] = once_right(t.name);
		else if (i % 3 == 1)
			item->rights[i] = send_right(t.name);
	}
	back = message_travel(&t.m, t.port);
	item = &back->items[0];
	ASSERT_EQ(item->type, MACH_MSG_OOL_PORTS_DESCRIPTOR);
	ASSERT_EQ(item->count, n);
	for (unsigned i = 0; i < n; i++) {
		static const RightKind kinds[] = {RIGHT_SEND_ONCE, RIGHT_SEND, RIGHT_NONE};

		ASSERT_EQ(item->rights[i].kind, kinds[i % 3]);
	}
	ASSERT_EQ(t.port->srights, (n + 1) / 3);
	trip_end(&t, back);
}

/* More than 253 descriptors go in a carrier. */
PORT_TEST(arrays_of_ports)
{
	static const unsigned counts[] = {0, 1, 5, 250, 260, 600};

	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		check_ports(counts[i]);
}

/* Both: a body that is too long, and descriptors that are too many. */
PORT_TEST(carrier_and_body)
{
	static uint8_t bytes[100000];
	Trip t = trip_begin(300);
	Message *back;

	memset(bytes, 'b', sizeof(bytes));
	for (unsigned i = 0; i < 300; i++)
		set_port(&t.m.items[i], once_right(t.name), MACH_MSG_TYPE_PORT_SEND_ONCE);
	t.m.tail = bytes;
	t.m.tail_size = sizeof(bytes);
	back = message_travel(&t.m, t.port);
	ASSERT_EQ(back->n_items, 300);
	ASSERT_EQ(back->tail_size, sizeof(bytes));
	ASSERT_MEMEQ(back->tail, bytes, sizeof(bytes));
	for (unsigned i = 0; i < 300; i++)
		ASSERT_EQ(back->items[i].right.kind, RIGHT_SEND_ONCE);
	trip_end(&t, back);
}

/* Encoding without sending leaves everything as good as it was. */
PORT_TEST(what_is_not_sent_is_still_there)
{
	static Packet packet;
	Trip t = trip_begin(2);

	trip_fix(&t);
	t.m.reply = once_right(t.name);
	set_port(&t.m.items[0], send_right(t.name), MACH_MSG_TYPE_PORT_SEND);
	set_port(&t.m.items[1], once_right(t.name), MACH_MSG_TYPE_PORT_SEND_ONCE);
	for (unsigned i = 0; i < 3; i++) {
		ASSERT_OK(LOCKED(packet_encode(&packet, &t.m)));
		packet_close(&packet);
		ASSERT_EQ(t.port->sorights, 2);
		ASSERT_EQ(t.port->srights, 1);
	}
	LOCKED_DO(message_clear(&t.m));
	ASSERT_EQ(t.port->srights, 0);
	trip_end(&t, NULL);
}
