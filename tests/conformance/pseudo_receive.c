/* SPDX-License-Identifier: Apache-2.0 */
/* A send that times out gives the message back: rights as if received, memory at new addresses. */
#include "tests/conformance/conformance.h"

enum {
	MOVE_RECEIVE = MACH_MSG_TYPE_MOVE_RECEIVE,
	MOVE_SEND = MACH_MSG_TYPE_MOVE_SEND,
	MOVE_ONCE = MACH_MSG_TYPE_MOVE_SEND_ONCE,
	COPY_SEND = MACH_MSG_TYPE_COPY_SEND,
	MAKE_SEND = MACH_MSG_TYPE_MAKE_SEND,
	MAKE_ONCE = MACH_MSG_TYPE_MAKE_SEND_ONCE,
};

static mach_port_t make_full(void)
{
	mach_port_t port = make_send_receive();

	ASSERT_EQ(set_qlimit(port, 1), KERN_SUCCESS);
	ASSERT_EQ(send_empty(port, COPY_SEND, 1), MACH_MSG_SUCCESS);
	return port;
}

static PortMessage make_failing(mach_port_t to, mach_port_t name, unsigned kind)
{
	PortMessage message = make_port_message(to, name, kind);

	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(COPY_SEND, 0);
	return message;
}

/* --- The header. --- */

RULE(copied_destination_comes_back_moved)
{
	mach_port_t port = make_full();
	mach_msg_header_t header = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 2);

	ASSERT_EQ(send_message(&header, sizeof(header)), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(header.msgh_bits, MACH_MSGH_BITS(MOVE_SEND, 0));
	ASSERT_EQ(header.msgh_remote_port, port);
	ASSERT_EQ(header.msgh_local_port, MACH_PORT_NULL);
	ASSERT_EQ(header.msgh_id, 2);
	ASSERT_EQ(send_refs(port), 2);
	destroy(port);
}

RULE(moved_destination_comes_back)
{
	mach_port_t port = make_full();
	mach_msg_header_t header = make_header(port, MOVE_SEND, MACH_PORT_NULL, 0, 2);

	ASSERT_EQ(send_message(&header, sizeof(header)), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(header.msgh_bits, MACH_MSGH_BITS(MOVE_SEND, 0));
	ASSERT_EQ(header.msgh_remote_port, port);
	ASSERT_EQ(send_refs(port), 1);
	destroy(port);
}

RULE(made_destination_comes_back_as_a_send_right)
{
	mach_port_t port = make_receive();
	mach_msg_header_t header = make_header(port, MAKE_SEND, MACH_PORT_NULL, 0, 2);

	ASSERT_EQ(set_qlimit(port, 1), KERN_SUCCESS);
	post(port, 1);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(send_message(&header, sizeof(header)), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(header.msgh_bits, MACH_MSGH_BITS(MOVE_SEND, 0));
	ASSERT_EQ(header.msgh_remote_port, port);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(status_of(port).mps_mscount, 2);
	destroy(port);
}

static void expect_reply_back(unsigned kind)
{
	mach_port_t port = make_full(), reply = make_send_receive();
	mach_port_t local = kind == MOVE_ONCE ? make_send_once(reply) : reply;
	bool is_once = kind == MOVE_ONCE || kind == MAKE_ONCE;
	mach_msg_header_t header = make_header(port, COPY_SEND, local, kind, 2);

	ASSERT_EQ(send_message(&header, sizeof(header)), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(header.msgh_bits, MACH_MSGH_BITS(MOVE_SEND, is_once ? MOVE_ONCE : MOVE_SEND));
	ASSERT_EQ(header.msgh_remote_port, port);
	if (is_once) {
		ASSERT_NE(header.msgh_local_port, reply);
		ASSERT_EQ(type_of(header.msgh_local_port), MACH_PORT_TYPE_SEND_ONCE);
		ASSERT_EQ(status_of(reply).mps_sorights, 1);
		destroy(header.msgh_local_port);
		expect_notification(reply, MACH_NOTIFY_SEND_ONCE);
	} else {
		ASSERT_EQ(header.msgh_local_port, reply);
		ASSERT_EQ(send_refs(reply), kind == MOVE_SEND ? 1 : 2);
	}
	destroy(reply);
	destroy(port);
}

RULE(copied_reply_right_comes_back_moved)
{
	expect_reply_back(COPY_SEND);
}

RULE(moved_reply_right_comes_back)
{
	expect_reply_back(MOVE_SEND);
}

RULE(made_reply_right_comes_back_as_a_send_right)
{
	expect_reply_back(MAKE_SEND);
}

RULE(made_send_once_reply_right_comes_back_under_a_name)
{
	expect_reply_back(MAKE_ONCE);
}

RULE(moved_send_once_reply_right_comes_back)
{
	expect_reply_back(MOVE_ONCE);
}

/* --- The body. --- */

static void expect_body_back(unsigned kind, unsigned expected)
{
	mach_port_t port = make_full(), body = make_send_receive();
	mach_port_t name = kind == MOVE_ONCE ? make_send_once(body) : body;
	PortMessage message = make_failing(port, name, kind);

	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_TIMED_OUT);
	ASSERT_TRUE(MACH_MSGH_BITS_IS_COMPLEX(message.header.msgh_bits));
	ASSERT_EQ(message.body.msgh_descriptor_count, 1);
	ASSERT_EQ(message.port.type, MACH_MSG_PORT_DESCRIPTOR);
	ASSERT_EQ(message.port.disposition, expected);
	if (expected == MOVE_ONCE) {
		ASSERT_EQ(type_of(message.port.name), MACH_PORT_TYPE_SEND_ONCE);
		destroy(message.port.name);
		expect_notification(body, MACH_NOTIFY_SEND_ONCE);
	} else {
		ASSERT_EQ(message.port.name, body);
		ASSERT_EQ(type_of(body), MACH_PORT_TYPE_SEND_RECEIVE);
		ASSERT_EQ(send_refs(body), kind == COPY_SEND || kind == MAKE_SEND ? 2 : 1);
	}
	destroy(body);
	destroy(port);
}

RULE(copied_right_comes_back_moved)
{
	expect_body_back(COPY_SEND, MOVE_SEND);
}

RULE(moved_right_comes_back)
{
	expect_body_back(MOVE_SEND, MOVE_SEND);
}

RULE(made_right_comes_back_as_a_send_right)
{
	expect_body_back(MAKE_SEND, MOVE_SEND);
}

RULE(made_send_once_right_comes_back_under_a_name)
{
	expect_body_back(MAKE_ONCE, MOVE_ONCE);
}

RULE(moved_send_once_right_comes_back)
{
	expect_body_back(MOVE_ONCE, MOVE_ONCE);
}

RULE(moved_receive_right_comes_back_with_its_queue)
{
	mach_port_t port = make_full(), body = make_receive();
	PortMessage message = make_failing(port, body, MOVE_RECEIVE);

	post(body, 7);
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(message.port.disposition, MOVE_RECEIVE);
	ASSERT_EQ(type_of(message.port.name), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(take_id(message.port.name), 7);
	drop_receive(message.port.name);
	destroy(port);
}

RULE(null_and_dead_come_back_as_such)
{
	mach_port_t port = make_full(), dead = make_dead_name();
	PortMessage message = make_failing(port, MACH_PORT_NULL, COPY_SEND);

	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(message.port.name, MACH_PORT_NULL);
	mach_msg_destroy(&message.header);
	message = make_failing(port, dead, MOVE_SEND);
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(message.port.name, MACH_PORT_DEAD);
	ASSERT_EQ(type_of(dead), MACH_PORT_TYPE_NONE);
	mach_msg_destroy(&message.header);
	ASSERT_EQ(send_refs(port), 1);
	destroy(port);
}

/* --- Memory. --- */

static OolMessage make_ool(mach_port_t to, const void *data, unsigned size, boolean_t deallocate)
{
	OolMessage message = {
		.header = make_header(to, COPY_SEND, MACH_PORT_NULL, 0, 2),
		.body = {.msgh_descriptor_count = 1},
		.ool = {.address = (void *)(uintptr_t)data,
			.size = size,
			.deallocate = deallocate,
			.copy = MACH_MSG_VIRTUAL_COPY,
			.type = MACH_MSG_OOL_DESCRIPTOR},
	};

	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	return message;
}

static void expect_memory_back(unsigned size, boolean_t dealloc)
{
	mach_port_t port = make_full();
	uint8_t *pattern = malloc(size);
	vm_address_t data = 0;
	OolMessage message;

	ASSERT_NOT_NULL(pattern);
	for (unsigned i = 0; i < size; i++)
		pattern[i] = (uint8_t)(i * 13 + i / 257);
	ASSERT_EQ(vm_allocate(SELF, &data, size, VM_FLAGS_ANYWHERE), KERN_SUCCESS);
	memcpy((void *)data, pattern, size);
	message = make_ool(port, (void *)data, size, dealloc);
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(message.ool.type, MACH_MSG_OOL_DESCRIPTOR);
	ASSERT_EQ(message.ool.size, size);
	ASSERT_NOT_NULL(message.ool.address);
	ASSERT_MEMEQ(message.ool.address, pattern, size);
	if (!dealloc) {
		ASSERT_TRUE((vm_address_t)message.ool.address != data);
		memset(message.ool.address, 0, size);
		ASSERT_MEMEQ((void *)data, pattern, size);
		ASSERT_EQ(vm_deallocate(SELF, data, size), KERN_SUCCESS);
	}
	mach_msg_destroy(&message.header);
	ASSERT_EQ(send_refs(port), 1);
	destroy(port);
	free(pattern);
}

RULE(copied_memory_comes_back_at_a_new_address)
{
	expect_memory_back(100, FALSE);
	expect_memory_back(4096, FALSE);
	expect_memory_back(1024 * 1024, FALSE);
}

RULE(deallocated_memory_comes_back)
{
	expect_memory_back(4096, TRUE);
	expect_memory_back(1024 * 1024, TRUE);
}

RULE(array_of_rights_comes_back_moved)
{
	enum { N = 3 };
	mach_port_t port = make_full(), rights[N], *back;
	OolPortsMessage message = {
		.header = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 2),
		.body = {.msgh_descriptor_count = 1},
		.ports = {.address = rights,
			.count = N,
			.copy = MACH_MSG_PHYSICAL_COPY,
			.disposition = MAKE_SEND,
			.type = MACH_MSG_OOL_PORTS_DESCRIPTOR},
	};

	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	for (unsigned i = 0; i < N; i++)
		rights[i] = make_receive();
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(message.ports.type, MACH_MSG_OOL_PORTS_DESCRIPTOR);
	ASSERT_EQ(message.ports.disposition, MOVE_SEND);
	ASSERT_EQ(message.ports.count, N);
	back = message.ports.address;
	ASSERT_TRUE(back != rights);
	for (unsigned i = 0; i < N; i++) {
		ASSERT_EQ(back[i], rights[i]);
		ASSERT_EQ(type_of(rights[i]), MACH_PORT_TYPE_SEND_RECEIVE);
	}
	mach_msg_destroy(&message.header);
	for (unsigned i = 0; i < N; i++) {
		ASSERT_EQ(type_of(rights[i]), MACH_PORT_TYPE_RECEIVE);
		drop_receive(rights[i]);
	}
	destroy(port);
}

/* --- After it. --- */

RULE(message_that_came_back_can_be_sent_again)
{
	mach_port_t port = make_full(), body = make_receive(), name;
	PortMessage message = make_failing(port, body, MAKE_ONCE);
	Buffer buffer;

	for (unsigned i = 0; i < 3; i++)
		ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(status_of(body).mps_sorights, 1);
	ASSERT_EQ(take_id(port), 1);
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_refs(port), 1);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	name = received_port(&buffer);
	ASSERT_EQ(send_empty(name, MOVE_ONCE, 8), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(body), 8);
	drop_receive(body);
	destroy(port);
}

RULE(memory_that_came_back_can_be_sent_again)
{
	mach_port_t port = make_full();
	char text[] = "the memory that comes back";
	OolMessage message = make_ool(port, text, sizeof(text), FALSE);
	const OolMessage *received;
	Buffer buffer;

	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(take_id(port), 1);
	message.ool.deallocate = TRUE;
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	received = (const OolMessage *)&buffer;
	ASSERT_EQ(received->ool.size, sizeof(text));
	ASSERT_STREQ(received->ool.address, text);
	mach_msg_destroy(&buffer.header);
	destroy(port);
}

RULE(destroy_releases_what_came_back)
{
	mach_port_t port = make_full(), body = make_receive();
	PortMessage message = make_failing(port, body, MAKE_ONCE);

	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_TIMED_OUT);
	mach_msg_destroy(&message.header);
	expect_notification(body, MACH_NOTIFY_SEND_ONCE);
	ASSERT_EQ(send_refs(port), 1);
	drop_receive(body);
	destroy(port);
}

RULE(inline_bytes_are_left_alone)
{
	mach_port_t port = make_full();
	Buffer buffer;

	for (unsigned i = 0; i < sizeof(buffer); i++)
		((uint8_t *)&buffer)[i] = (uint8_t)i;
	buffer.header = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 2);
	ASSERT_EQ(send_message(&buffer, 200), MACH_SEND_TIMED_OUT);
	for (unsigned i = 24; i < sizeof(buffer); i++)
		ASSERT_EQ(((uint8_t *)&buffer)[i], (uint8_t)i);
	destroy(port);
}

RULE(no_message_is_received_after_a_send_that_timed_out)
{
	mach_port_t port = make_full(), from = make_receive();
	Buffer buffer = {.header = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 2)};

	post(from, 5);
	ASSERT_EQ(mach_msg(&buffer.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT | MACH_RCV_MSG, 24,
			  sizeof(buffer), from, 0, MACH_PORT_NULL),
		MACH_SEND_TIMED_OUT);
	ASSERT_EQ(buffer.header.msgh_remote_port, port);
	ASSERT_EQ(take_id(from), 5);
	destroy(port);
	drop_receive(from);
}

RULE(error_in_the_header_is_no_pseudo_receive)
{
	mach_port_t reply = make_receive();
	mach_msg_header_t header = make_header(make_stale(), COPY_SEND, reply, MAKE_ONCE, 2), copy;

	copy = header;
	ASSERT_EQ(send_message(&header, sizeof(header)), MACH_SEND_INVALID_DEST);
	ASSERT_MEMEQ(&header, &copy, sizeof(header));
	ASSERT_EQ(status_of(reply).mps_sorights, 0);
	drop_receive(reply);
}
