/* SPDX-License-Identifier: Apache-2.0 */
/* Out-of-line memory and arrays of rights. */
#include <sys/mman.h>

#include "tests/conformance/conformance.h"

enum {
	MOVE_RECEIVE = MACH_MSG_TYPE_MOVE_RECEIVE,
	MOVE_SEND = MACH_MSG_TYPE_MOVE_SEND,
	MOVE_ONCE = MACH_MSG_TYPE_MOVE_SEND_ONCE,
	COPY_SEND = MACH_MSG_TYPE_COPY_SEND,
	MAKE_SEND = MACH_MSG_TYPE_MAKE_SEND,
	MAKE_ONCE = MACH_MSG_TYPE_MAKE_SEND_ONCE,
	MIB = 1024 * 1024,
};

static void fill(void *memory, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)memory)[i] = (uint8_t)(i * 31 + i / 253 + seed);
}

static bool is_filled(const void *memory, size_t size, unsigned seed)
{
	for (size_t i = 0; i < size; i++)
		if (((const uint8_t *)memory)[i] != (uint8_t)(i * 31 + i / 253 + seed))
			return false;
	return true;
}

static void *allocate(size_t size)
{
	vm_address_t address = 0;

	ASSERT_EQ(vm_allocate(SELF, &address, size, VM_FLAGS_ANYWHERE), KERN_SUCCESS);
	return (void *)address;
}

static void release(void *memory, size_t size)
{
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)memory, size), KERN_SUCCESS);
}

static bool is_mapped(const void *memory)
{
	uintptr_t page = (uintptr_t)memory & ~(vm_page_size - 1);

	return msync((void *)page, 1, MS_ASYNC) == 0 || errno != ENOMEM;
}

static OolMessage make_message(mach_port_t to, const void *memory, size_t size)
{
	OolMessage message = {
		.header = make_header(to, MAKE_SEND, MACH_PORT_NULL, 0, 3),
		.body = {.msgh_descriptor_count = 1},
		.ool = {.address = (void *)(uintptr_t)memory,
			.size = (mach_msg_size_t)size,
			.copy = MACH_MSG_VIRTUAL_COPY,
			.type = MACH_MSG_OOL_DESCRIPTOR},
	};

	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	return message;
}

/* The descriptor of the one message that waits. */
static mach_msg_ool_descriptor_t receive_memory(mach_port_t from)
{
	Buffer buffer;
	const OolMessage *message = (const OolMessage *)&buffer;

	ASSERT_EQ(receive_now(from, &buffer), MACH_MSG_SUCCESS);
	ASSERT_TRUE(MACH_MSGH_BITS_IS_COMPLEX(buffer.header.msgh_bits));
	ASSERT_EQ(message->body.msgh_descriptor_count, 1);
	ASSERT_EQ(message->ool.type, MACH_MSG_OOL_DESCRIPTOR);
	ASSERT_EQ(message->header.msgh_size, sizeof(*message));
	return message->ool;
}

/* --- Memory. --- */

static void pass_memory(size_t size, unsigned copy, boolean_t dealloc)
{
	mach_port_t port = make_receive();
	uint8_t *memory = allocate(size);
	OolMessage message = make_message(port, memory, size);
	mach_msg_ool_descriptor_t got;

	fill(memory, size, copy);
	message.ool.copy = copy;
	message.ool.deallocate = dealloc;
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	if (dealloc) {
		ASSERT_FALSE(is_mapped(memory));
	} else {
		memset(memory, 0, size);
		release(memory, size);
	}
	got = receive_memory(port);
	ASSERT_EQ(got.size, size);
	ASSERT_TRUE(is_filled(got.address, size, copy));
	memset(got.address, 1, size);
	release(got.address, size);
	drop_receive(port);
}

RULE(memory_is_copied)
{
	static const size_t sizes[] = {1, 2, 100, 4095, 4096, 4097, 65536, MIB, MIB + 1};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		pass_memory(sizes[i], MACH_MSG_VIRTUAL_COPY, FALSE);
		pass_memory(sizes[i], MACH_MSG_PHYSICAL_COPY, FALSE);
	}
}

RULE(memory_is_moved_with_deallocate)
{
	static const size_t sizes[] = {4096, 65536, 65536 * 3, MIB, 16 * MIB};

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		pass_memory(sizes[i], MACH_MSG_VIRTUAL_COPY, TRUE);
		pass_memory(sizes[i], MACH_MSG_PHYSICAL_COPY, TRUE);
	}
}

RULE(memory_of_size_zero_has_no_address)
{
	mach_port_t port = make_receive();
	char byte = 1;
	OolMessage message = make_message(port, &byte, 0);
	mach_msg_ool_descriptor_t got;

	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	got = receive_memory(port);
	ASSERT_EQ(got.size, 0);
	ASSERT_NULL(got.address);
	drop_receive(port);
}

RULE(memory_is_as_it_was_when_it_was_sent)
{
	mach_port_t port = make_receive();
	uint8_t *memory = allocate(MIB);
	OolMessage message = make_message(port, memory, MIB);
	mach_msg_ool_descriptor_t got;

	fill(memory, MIB, 1);
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	fill(memory, MIB, 2);
	got = receive_memory(port);
	ASSERT_TRUE(is_filled(got.address, MIB, 1));
	fill(got.address, MIB, 3);
	ASSERT_TRUE(is_filled(memory, MIB, 2));
	release(got.address, MIB);
	release(memory, MIB);
	drop_receive(port);
}

RULE(memory_of_any_kind_is_copied)
{
	static const char text[] = "memory of the program itself";
	mach_port_t port = make_receive();
	uint8_t local[333], *heap = malloc(100000);
	const void *memories[] = {text, local, heap + 7};
	const size_t sizes[] = {sizeof(text), sizeof(local), 99000};

	ASSERT_NOT_NULL(heap);
	fill(local, sizeof(local), 4);
	fill(heap, 100000, 5);
	for (unsigned i = 0; i < 3; i++) {
		OolMessage message = make_message(port, memories[i], sizes[i]);
		mach_msg_ool_descriptor_t got;

		ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
		got = receive_memory(port);
		ASSERT_EQ(got.size, sizes[i]);
		ASSERT_TRUE(got.address != memories[i]);
		ASSERT_MEMEQ(got.address, memories[i], sizes[i]);
		release(got.address, got.size);
	}
	free(heap);
	drop_receive(port);
}

RULE(part_of_an_allocation_is_copied)
{
	mach_port_t port = make_receive();
	uint8_t *memory = allocate(MIB);
	OolMessage message = make_message(port, memory + 5000, 300000);
	mach_msg_ool_descriptor_t got;

	fill(memory, MIB, 6);
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	got = receive_memory(port);
	ASSERT_MEMEQ(got.address, memory + 5000, 300000);
	release(got.address, got.size);
	release(memory, MIB);
	drop_receive(port);
}

RULE(several_regions_arrive_in_order)
{
	enum { N = 5 };
	struct {
		mach_msg_header_t header;
		mach_msg_body_t body;
		mach_msg_ool_descriptor_t ool[N];
	} __attribute__((__packed__, __aligned__(4))) message = {.header = {0}}, *got;
	mach_port_t port = make_receive();
	char texts[N][16];
	Buffer buffer;

	message.header = make_message(port, NULL, 0).header;
	message.body.msgh_descriptor_count = N;
	for (unsigned i = 0; i < N; i++) {
		snprintf(texts[i], sizeof(texts[i]), "text %u", i);
		message.ool[i] = make_message(port, texts[i], sizeof(texts[i])).ool;
	}
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	got = (void *)&buffer;
	ASSERT_EQ(got->body.msgh_descriptor_count, N);
	for (unsigned i = 0; i < N; i++)
		ASSERT_STREQ(got->ool[i].address, texts[i]);
	mach_msg_destroy(&buffer.header);
	drop_receive(port);
}

RULE(volatile_descriptor_is_memory_too)
{
	mach_port_t port = make_receive();
	OolMessage message = make_message(port, "volatile", 9);
	const OolMessage *got;
	Buffer buffer;

	message.ool.type = MACH_MSG_OOL_VOLATILE_DESCRIPTOR;
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	got = (const OolMessage *)&buffer;
	ASSERT_EQ(got->ool.size, 9);
	ASSERT_STREQ(got->ool.address, "volatile");
	mach_msg_destroy(&buffer.header);
	drop_receive(port);
}

RULE(destroy_releases_received_memory)
{
	mach_port_t port = make_receive();
	uint8_t *memory = allocate(MIB);
	OolMessage message = make_message(port, memory, MIB);
	const OolMessage *got;
	Buffer buffer;
	void *address;

	message.ool.deallocate = TRUE;
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	got = (const OolMessage *)&buffer;
	address = got->ool.address;
	ASSERT_TRUE(is_mapped(address));
	mach_msg_destroy(&buffer.header);
	ASSERT_FALSE(is_mapped(address));
	drop_receive(port);
}

/* --- Bad memory. --- */

RULE(memory_that_is_not_mapped_is_invalid_memory)
{
	static const size_t sizes[] = {1, 4096, MIB};
	mach_port_t port = make_receive();

	for (unsigned i = 0; i < 3; i++) {
		uint8_t *memory = allocate(2 * MIB);
		OolMessage message;

		release(memory, 2 * MIB);
		message = make_message(port, memory, sizes[i]);
		ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_INVALID_MEMORY);
		message = make_message(port, NULL, sizes[i]);
		ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_INVALID_MEMORY);
		message = make_message(port, (void *)(~(uintptr_t)0 - 100), sizes[i]);
		ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_INVALID_MEMORY);
	}
	expect_nothing(port);
	drop_receive(port);
}

RULE(memory_that_ends_in_a_hole_is_invalid_memory)
{
	mach_port_t port = make_receive();
	uint8_t *memory = allocate(2 * MIB);
	OolMessage message = make_message(port, memory + MIB - 50, 100);

	release(memory + MIB, MIB);
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_INVALID_MEMORY);
	message = make_message(port, memory, 2 * MIB);
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_INVALID_MEMORY);
	expect_nothing(port);
	release(memory, MIB);
	drop_receive(port);
}

RULE(memory_that_cannot_be_read_is_invalid_memory)
{
	mach_port_t port = make_receive();
	uint8_t *memory = mmap(NULL, MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	OolMessage message = make_message(port, memory, 100);

	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_INVALID_MEMORY);
	message = make_message(port, memory, MIB);
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_INVALID_MEMORY);
	expect_nothing(port);
	munmap(memory, MIB);
	drop_receive(port);
}

/* --- Arrays of rights. --- */

static OolPortsMessage make_array(mach_port_t to, mach_port_t *rights, unsigned n, unsigned kind)
{
	OolPortsMessage message = {
		.header = make_header(to, MAKE_SEND, MACH_PORT_NULL, 0, 4),
		.body = {.msgh_descriptor_count = 1},
		.ports = {.address = rights,
			.count = n,
			.copy = MACH_MSG_PHYSICAL_COPY,
			.disposition = kind,
			.type = MACH_MSG_OOL_PORTS_DESCRIPTOR},
	};

	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	return message;
}

static mach_msg_return_t send_array(mach_port_t to, mach_port_t *rights, unsigned n, unsigned kind)
{
	OolPortsMessage message = make_array(to, rights, n, kind);

	return send_message(&message, sizeof(message));
}

static mach_msg_ool_ports_descriptor_t receive_array(mach_port_t from)
{
	Buffer buffer;
	const OolPortsMessage *message = (const OolPortsMessage *)&buffer;

	ASSERT_EQ(receive_now(from, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(message->body.msgh_descriptor_count, 1);
	ASSERT_EQ(message->ports.type, MACH_MSG_OOL_PORTS_DESCRIPTOR);
	return message->ports;
}

static void release_array(const mach_msg_ool_ports_descriptor_t *array)
{
	release(array->address, array->count * sizeof(mach_port_t));
}

RULE(array_of_no_rights_has_no_address)
{
	mach_port_t port = make_receive();
	mach_msg_ool_ports_descriptor_t got;

	ASSERT_EQ(send_array(port, NULL, 0, COPY_SEND), MACH_MSG_SUCCESS);
	got = receive_array(port);
	ASSERT_EQ(got.count, 0);
	ASSERT_NULL(got.address);
	drop_receive(port);
}

static void pass_array(unsigned n)
{
	mach_port_t port = make_receive(), *rights = calloc(n, sizeof(*rights)), *names;
	mach_msg_ool_ports_descriptor_t got;

	ASSERT_NOT_NULL(rights);
	for (unsigned i = 0; i < n; i++)
		rights[i] = make_receive();
	ASSERT_EQ(send_array(port, rights, n, MAKE_SEND), MACH_MSG_SUCCESS);
	got = receive_array(port);
	ASSERT_EQ(got.count, n);
	ASSERT_EQ(got.disposition, MACH_MSG_TYPE_PORT_SEND);
	names = got.address;
	for (unsigned i = 0; i < n; i++) {
		ASSERT_EQ(names[i], rights[i]);
		ASSERT_EQ(type_of(rights[i]), MACH_PORT_TYPE_SEND_RECEIVE);
		destroy(rights[i]);
	}
	release_array(&got);
	free(rights);
	drop_receive(port);
}

RULE(array_of_one_right)
{
	pass_array(1);
}

RULE(array_of_1000_rights)
{
	pass_array(1000);
}

RULE(array_of_16383_rights)
{
	pass_array(16383);
}

RULE(array_of_more_than_16383_rights_is_too_large)
{
	static mach_port_t rights[16384];
	mach_port_t port = make_receive();

	ASSERT_EQ(send_array(port, rights, 16384, COPY_SEND), MACH_SEND_TOO_LARGE);
	ASSERT_EQ(send_array(port, rights, 0x40000000, COPY_SEND), MACH_SEND_TOO_LARGE);
	ASSERT_EQ(send_array(port, rights, ~0u, COPY_SEND), MACH_SEND_TOO_LARGE);
	expect_nothing(port);
	drop_receive(port);
}

RULE(arrays_of_more_than_16383_rights_together_are_too_large)
{
	static mach_port_t rights[10000];
	struct {
		mach_msg_header_t header;
		mach_msg_body_t body;
		mach_msg_ool_ports_descriptor_t ports[2];
	} __attribute__((__packed__, __aligned__(4))) message = {.header = {0}};
	mach_port_t port = make_receive();

	message.header = make_array(port, rights, 0, COPY_SEND).header;
	message.body.msgh_descriptor_count = 2;
	message.ports[0] = make_array(port, rights, 10000, COPY_SEND).ports;
	message.ports[1] = message.ports[0];
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_TOO_LARGE);
	expect_nothing(port);
	drop_receive(port);
}

RULE(array_holds_null_dead_and_dead_names)
{
	mach_port_t port = make_receive(), dead = make_dead_name();
	mach_port_t rights[] = {MACH_PORT_NULL, dead, MACH_PORT_DEAD}, *names;
	mach_msg_ool_ports_descriptor_t got;

	ASSERT_EQ(send_array(port, rights, 3, COPY_SEND), MACH_MSG_SUCCESS);
	got = receive_array(port);
	names = got.address;
	ASSERT_EQ(names[0], MACH_PORT_NULL);
	ASSERT_EQ(names[1], MACH_PORT_DEAD);
	ASSERT_EQ(names[2], MACH_PORT_DEAD);
	release_array(&got);
	ASSERT_EQ(dead_refs(dead), 1);
	drop_dead(dead, 1);
	drop_receive(port);
}

RULE(array_of_send_once_rights)
{
	mach_port_t port = make_receive(), reply = make_receive();
	mach_port_t rights[] = {reply, reply, reply}, *names;
	mach_msg_ool_ports_descriptor_t got;

	ASSERT_EQ(send_array(port, rights, 3, MAKE_ONCE), MACH_MSG_SUCCESS);
	got = receive_array(port);
	ASSERT_EQ(got.disposition, MACH_MSG_TYPE_PORT_SEND_ONCE);
	names = got.address;
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(send_empty(names[i], MOVE_ONCE, 10 + i), MACH_MSG_SUCCESS);
		ASSERT_EQ(take_id(reply), 10 + i);
	}
	release_array(&got);
	drop_receive(reply);
	drop_receive(port);
}

RULE(array_of_receive_rights)
{
	mach_port_t port = make_receive(), rights[3], *names;
	mach_msg_ool_ports_descriptor_t got;

	for (int i = 0; i < 3; i++) {
		rights[i] = make_receive();
		post(rights[i], 10 + i);
	}
	ASSERT_EQ(send_array(port, rights, 3, MOVE_RECEIVE), MACH_MSG_SUCCESS);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(type_of(rights[i]), MACH_PORT_TYPE_NONE);
	got = receive_array(port);
	ASSERT_EQ(got.disposition, MACH_MSG_TYPE_PORT_RECEIVE);
	names = got.address;
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(take_id(names[i]), 10 + i);
		drop_receive(names[i]);
	}
	release_array(&got);
	drop_receive(port);
}

RULE(bad_disposition_of_an_array_is_invalid_type)
{
	static const unsigned kinds[] = {
		0, MACH_MSG_TYPE_PORT_NAME, MACH_MSG_TYPE_COPY_RECEIVE, 255};
	mach_port_t port = make_receive(), rights[1] = {MACH_PORT_NULL};

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		ASSERT_EQ(send_array(port, rights, 1, kinds[i]), MACH_SEND_INVALID_TYPE);
	expect_nothing(port);
	drop_receive(port);
}

RULE(bad_right_in_an_array_is_invalid_right_and_keeps_what_comes_after)
{
	mach_port_t port = make_receive(), early = make_receive(), late = make_send_receive();
	mach_port_t rights[] = {early, make_stale(), late};

	ASSERT_EQ(send_array(port, rights, 3, MAKE_ONCE), MACH_SEND_INVALID_RIGHT);
	while (take_id(early) != 0)
		;
	ASSERT_EQ(status_of(early).mps_sorights, 0);
	ASSERT_EQ(status_of(late).mps_sorights, 0);
	rights[0] = MACH_PORT_NULL;
	ASSERT_EQ(send_array(port, rights, 3, MOVE_SEND), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(send_refs(late), 1);
	expect_nothing(port);
	drop_receive(port);
	drop_receive(early);
	destroy(late);
}

RULE(array_that_is_not_mapped_is_invalid_memory)
{
	mach_port_t port = make_receive(), *rights = allocate(65536);

	release(rights, 65536);
	ASSERT_EQ(send_array(port, rights, 100, COPY_SEND), MACH_SEND_INVALID_MEMORY);
	ASSERT_EQ(send_array(port, NULL, 1, COPY_SEND), MACH_SEND_INVALID_MEMORY);
	expect_nothing(port);
	drop_receive(port);
}

RULE(array_is_moved_with_deallocate)
{
	mach_port_t port = make_receive(), right = make_send_receive(), *rights = allocate(4096);
	OolPortsMessage message = make_array(port, rights, 2, COPY_SEND);
	mach_msg_ool_ports_descriptor_t got;

	rights[0] = rights[1] = right;
	message.ports.deallocate = TRUE;
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	ASSERT_FALSE(is_mapped(rights));
	got = receive_array(port);
	ASSERT_EQ(((mach_port_t *)got.address)[1], right);
	ASSERT_EQ(send_refs(right), 3);
	release_array(&got);
	destroy(right);
	drop_receive(port);
}

RULE(destroy_releases_a_received_array)
{
	mach_port_t port = make_receive(), reply = make_receive(), rights[] = {reply, reply};
	Buffer buffer;

	ASSERT_EQ(send_array(port, rights, 2, MAKE_ONCE), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	mach_msg_destroy(&buffer.header);
	expect_notification(reply, MACH_NOTIFY_SEND_ONCE);
	expect_notification(reply, MACH_NOTIFY_SEND_ONCE);
	expect_nothing(reply);
	drop_receive(reply);
	drop_receive(port);
}

RULE(unread_array_releases_its_rights)
{
	mach_port_t port = make_receive(), reply = make_receive(), rights[] = {reply, reply};

	ASSERT_EQ(send_array(port, rights, 2, MAKE_ONCE), MACH_MSG_SUCCESS);
	drop_receive(port);
	expect_notification(reply, MACH_NOTIFY_SEND_ONCE);
	expect_notification(reply, MACH_NOTIFY_SEND_ONCE);
	drop_receive(reply);
}

/* --- All kinds of descriptors in one message. --- */

RULE(descriptors_are_packed_by_their_own_size)
{
	struct Mixed {
		mach_msg_header_t header;
		mach_msg_body_t body;
		mach_msg_port_descriptor_t port;
		mach_msg_ool_descriptor_t ool;
		mach_msg_port_descriptor_t again;
		mach_msg_ool_ports_descriptor_t array;
		uint32_t word;
	} __attribute__((__packed__, __aligned__(4))) message = {.header = {0}}, *got;
	mach_port_t port = make_receive(), body = make_receive();
	Buffer buffer;

	message.header = make_message(port, NULL, 0).header;
	message.body.msgh_descriptor_count = 4;
	message.port = make_port_message(port, body, MAKE_SEND).port;
	message.ool = make_message(port, "mixed", 6).ool;
	message.again = make_port_message(port, MACH_PORT_DEAD, COPY_SEND).port;
	message.array = make_array(port, &body, 1, MAKE_SEND).ports;
	message.word = 0x12345678;
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	got = (void *)&buffer;
	ASSERT_EQ(got->header.msgh_size, sizeof(message));
	ASSERT_EQ(got->port.name, body);
	ASSERT_STREQ(got->ool.address, "mixed");
	ASSERT_EQ(got->again.name, MACH_PORT_DEAD);
	ASSERT_EQ(*(mach_port_t *)got->array.address, body);
	ASSERT_EQ(got->word, 0x12345678);
	ASSERT_EQ(send_refs(body), 2);
	mach_msg_destroy(&buffer.header);
	ASSERT_EQ(type_of(body), MACH_PORT_TYPE_RECEIVE);
	drop_receive(body);
	drop_receive(port);
}
