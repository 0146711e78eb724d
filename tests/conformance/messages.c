/* SPDX-License-Identifier: Apache-2.0 */
/* Sending: what is refused, with which code, and what becomes of the rights in the message. */
#include <sys/mman.h>

#include "tests/conformance/conformance.h"

enum {
	MOVE_RECEIVE = MACH_MSG_TYPE_MOVE_RECEIVE,
	MOVE_SEND = MACH_MSG_TYPE_MOVE_SEND,
	MOVE_ONCE = MACH_MSG_TYPE_MOVE_SEND_ONCE,
	COPY_SEND = MACH_MSG_TYPE_COPY_SEND,
	MAKE_SEND = MACH_MSG_TYPE_MAKE_SEND,
	MAKE_ONCE = MACH_MSG_TYPE_MAKE_SEND_ONCE,
};

#define N_ELEMENTS(a) (sizeof(a) / sizeof((a)[0]))

/* A message of 24 bytes with a right to answer with. */
static mach_msg_return_t send_with_reply(
	mach_port_t to, unsigned to_kind, mach_port_t reply, unsigned reply_kind)
{
	mach_msg_header_t header = make_header(to, to_kind, reply, reply_kind, 1);

	return send_message(&header, sizeof(header));
}

/* --- Sizes. --- */

RULE(message_below_a_header_is_too_small)
{
	mach_port_t port = make_receive();
	mach_msg_header_t header = make_header(port, MAKE_SEND, MACH_PORT_NULL, 0, 1);

	for (unsigned size = 0; size < sizeof(header); size += 4)
		ASSERT_EQ(send_message(&header, size), MACH_SEND_MSG_TOO_SMALL);
	expect_nothing(port);
	drop_receive(port);
}

RULE(size_that_is_no_multiple_of_four_is_too_small)
{
	mach_port_t port = make_receive();
	Buffer buffer = {.header = make_header(port, MAKE_SEND, MACH_PORT_NULL, 0, 1)};

	for (unsigned size = 24; size < 64; size++)
		if (size % 4 != 0)
			ASSERT_EQ(send_message(&buffer, size), MACH_SEND_MSG_TOO_SMALL);
	expect_nothing(port);
	drop_receive(port);
}

RULE(complex_message_without_a_count_is_too_small)
{
	mach_port_t port = make_receive();
	PortMessage message = make_port_message(port, MACH_PORT_NULL, MOVE_SEND);

	ASSERT_EQ(send_message(&message, sizeof(message.header)), MACH_SEND_MSG_TOO_SMALL);
	expect_nothing(port);
	drop_receive(port);
}

RULE(more_descriptors_than_fit_are_too_small)
{
	mach_port_t port = make_receive();
	TwoPortMessage message = {.body = {.msgh_descriptor_count = 2}};

	message.header = make_port_message(port, MACH_PORT_NULL, MOVE_SEND).header;
	message.port[0].disposition = message.port[1].disposition = MOVE_SEND;
	for (size_t size = sizeof(mach_msg_base_t); size < sizeof(message); size += 4)
		ASSERT_EQ(send_message(&message, size), MACH_SEND_MSG_TOO_SMALL);
	message.body.msgh_descriptor_count = 3;
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_MSG_TOO_SMALL);
	message.body.msgh_descriptor_count = ~0u;
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_MSG_TOO_SMALL);
	expect_nothing(port);
	drop_receive(port);
}

RULE(large_descriptors_that_do_not_fit_are_too_small)
{
	mach_port_t port = make_receive();
	OolMessage message = {.body = {.msgh_descriptor_count = 1}};

	message.header = make_port_message(port, MACH_PORT_NULL, MOVE_SEND).header;
	message.ool.type = MACH_MSG_OOL_DESCRIPTOR;
	ASSERT_EQ(send_message(&message, sizeof(message) - 4), MACH_SEND_MSG_TOO_SMALL);
	expect_nothing(port);
	drop_receive(port);
}

RULE(message_above_48_mib_is_too_large)
{
	const size_t limit = (size_t)48 * 1024 * 1024 - 68;
	mach_port_t port = make_receive();
	mach_msg_header_t *message = mmap(NULL, limit + 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ASSERT_TRUE(message != MAP_FAILED);
	*message = make_header(port, MAKE_SEND, MACH_PORT_NULL, 0, 1);
	ASSERT_EQ(send_message(message, limit + 4), MACH_SEND_TOO_LARGE);
	ASSERT_EQ(send_message(message, 0xfffffffc), MACH_SEND_TOO_LARGE);
	expect_nothing(port);
	munmap(message, limit + 4096);
	drop_receive(port);
}

RULE(message_of_one_mib_arrives)
{
	enum { SIZE = 1024 * 1024, ROOM = SIZE + 4096 };
	mach_port_t port = make_receive();
	uint8_t *out = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *in = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_TRUE(in != MAP_FAILED && out != MAP_FAILED);
	for (unsigned i = 24; i < SIZE; i++)
		out[i] = (uint8_t)(i * 7 + i / 251);
	*(mach_msg_header_t *)out = make_header(port, MAKE_SEND, MACH_PORT_NULL, 0, 1);
	ASSERT_EQ(send_message(out, SIZE), MACH_MSG_SUCCESS);
	ASSERT_EQ(mach_msg((mach_msg_header_t *)in, MACH_RCV_MSG, 0, ROOM, port, 0, MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
	ASSERT_EQ(((mach_msg_header_t *)in)->msgh_size, SIZE);
	ASSERT_MEMEQ(in + 24, out + 24, SIZE - 24);
	munmap(in, ROOM);
	munmap(out, ROOM);
	drop_receive(port);
}

RULE(size_in_the_header_is_not_looked_at)
{
	mach_port_t port = make_receive();
	Buffer buffer = {.header = make_header(port, MAKE_SEND, MACH_PORT_NULL, 0, 1)};

	buffer.header.msgh_size = 12345;
	ASSERT_EQ(send_message(&buffer, 40), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_size, 40);
	drop_receive(port);
}

/* --- Header bits. --- */

RULE(unknown_bits_are_an_invalid_header)
{
	static const unsigned bits[] = {
		0x20, 0x40, 0x80, 0x2000, 0x8000, 0x200000, 0x10000000, 0x20000000, 0x40000000};
	mach_port_t port = make_receive();

	for (unsigned i = 0; i < N_ELEMENTS(bits); i++) {
		mach_msg_header_t header = make_header(port, MAKE_SEND, MACH_PORT_NULL, 0, 1);

		header.msgh_bits |= bits[i];
		ASSERT_EQ(send_message(&header, sizeof(header)), MACH_SEND_INVALID_HEADER);
	}
	expect_nothing(port);
	drop_receive(port);
}

RULE(destination_disposition_that_is_no_send_right_is_an_invalid_header)
{
	mach_port_t port = make_send_receive();

	for (unsigned kind = 0; kind < 32; kind++)
		if (kind < MOVE_SEND || kind > MAKE_ONCE)
			ASSERT_EQ(send_empty(port, kind, 1), MACH_SEND_INVALID_HEADER);
	expect_nothing(port);
	ASSERT_EQ(send_refs(port), 1);
	destroy(port);
}

RULE(reply_disposition_that_is_no_send_right_is_an_invalid_header)
{
	mach_port_t port = make_send_receive();

	for (unsigned kind = 1; kind < 32; kind++)
		if (kind < MOVE_SEND || kind > MAKE_ONCE)
			ASSERT_EQ(send_with_reply(port, COPY_SEND, port, kind),
				MACH_SEND_INVALID_HEADER);
	expect_nothing(port);
	destroy(port);
}

RULE(reply_port_without_a_disposition_is_an_invalid_header)
{
	mach_port_t port = make_receive(), reply = make_receive();

	ASSERT_EQ(send_with_reply(port, MAKE_SEND, reply, 0), MACH_SEND_INVALID_HEADER);
	expect_nothing(port);
	drop_receive(port);
	drop_receive(reply);
}

/* --- The destination. --- */

RULE(null_destination_is_invalid)
{
	for (unsigned kind = MOVE_SEND; kind <= MAKE_ONCE; kind++) {
		ASSERT_EQ(send_empty(MACH_PORT_NULL, kind, 1), MACH_SEND_INVALID_DEST);
		ASSERT_EQ(send_empty(MACH_PORT_DEAD, kind, 1), MACH_SEND_INVALID_DEST);
	}
}

RULE(destination_without_the_right_is_invalid)
{
	mach_port_t receive = make_receive(), send = make_send_receive();
	mach_port_t park = park_receive(send), once = make_send_once(receive);

	ASSERT_EQ(send_empty(receive, COPY_SEND, 1), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(send_empty(receive, MOVE_SEND, 1), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(send_empty(receive, MOVE_ONCE, 1), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(send_empty(send, MAKE_SEND, 1), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(send_empty(send, MAKE_ONCE, 1), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(send_empty(send, MOVE_ONCE, 1), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(send_empty(once, COPY_SEND, 1), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(send_empty(once, MOVE_SEND, 1), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(send_empty(once, MAKE_SEND, 1), MACH_SEND_INVALID_DEST);
	expect_nothing(receive);
	destroy(receive);
	destroy(send);
	destroy(park);
	destroy(once);
}

RULE(dead_destination_is_invalid_and_takes_nothing)
{
	mach_port_t dead = make_receive(), reply = make_receive(), body = make_send_receive();
	PortMessage message = make_port_message(dead, body, MOVE_SEND);

	add_sends(dead, 3);
	drop_receive(dead);
	message.header.msgh_local_port = reply;
	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MOVE_SEND, MAKE_ONCE);
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_INVALID_DEST);
	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(COPY_SEND, MAKE_ONCE);
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(dead_refs(dead), 3);
	ASSERT_EQ(send_refs(body), 1);
	ASSERT_EQ(message.port.name, body);
	ASSERT_EQ(status_of(reply).mps_sorights, 0);
	expect_nothing(reply);
	drop_dead(dead, 3);
	destroy(body);
	drop_receive(reply);
}

/* What a destination of each disposition costs, and what the receiver sees of it. */
RULE(destination_dispositions)
{
	mach_port_t port = make_receive(), once;
	Buffer buffer;

	add_sends(port, 2);
	ASSERT_EQ(send_empty(port, COPY_SEND, 1), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_refs(port), 2);
	ASSERT_EQ(send_empty(port, MOVE_SEND, 2), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_refs(port), 1);
	ASSERT_EQ(send_empty(port, MAKE_SEND, 3), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_empty(port, MAKE_ONCE, 4), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_refs(port), 1);
	once = make_send_once(port);
	ASSERT_EQ(send_empty(once, MOVE_ONCE, 5), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(once), MACH_PORT_TYPE_NONE);
	for (int id = 1; id <= 5; id++) {
		ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
		ASSERT_EQ(buffer.header.msgh_id, id);
		ASSERT_EQ(buffer.header.msgh_local_port, port);
		ASSERT_EQ(buffer.header.msgh_remote_port, MACH_PORT_NULL);
		ASSERT_EQ(buffer.header.msgh_bits,
			MACH_MSGH_BITS(0,
				id <= 3 ? MACH_MSG_TYPE_PORT_SEND : MACH_MSG_TYPE_PORT_SEND_ONCE));
	}
	ASSERT_EQ(status_of(port).mps_sorights, 0);
	ASSERT_EQ(send_refs(port), 1);
	destroy(port);
}

RULE(last_move_send_frees_the_name)
{
	mach_port_t port = make_send_receive(), park = park_receive(port);

	ASSERT_EQ(send_empty(port, MOVE_SEND, 1), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_NONE);
	port = unpark_receive(park);
	ASSERT_EQ(take_id(port), 1);
	drop_receive(port);
}

RULE(last_move_send_keeps_the_name_of_a_receive_right)
{
	mach_port_t port = make_send_receive();

	ASSERT_EQ(send_empty(port, MOVE_SEND, 1), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	drop_receive(port);
}

/* --- The right to answer with. --- */

RULE(reply_dispositions)
{
	mach_port_t port = make_receive(), reply = make_receive(), once = make_send_once(reply);
	const unsigned kinds[] = {COPY_SEND, MOVE_SEND, MAKE_SEND, MAKE_ONCE, MOVE_ONCE};
	Buffer buffer;

	add_sends(reply, 2);
	for (unsigned i = 0; i < N_ELEMENTS(kinds); i++)
		ASSERT_EQ(send_with_reply(
				  port, MAKE_SEND, kinds[i] == MOVE_ONCE ? once : reply, kinds[i]),
			MACH_MSG_SUCCESS);
	ASSERT_EQ(send_refs(reply), 1);
	ASSERT_EQ(type_of(once), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(status_of(reply).mps_sorights, 2);
	for (unsigned i = 0; i < N_ELEMENTS(kinds); i++) {
		bool is_once = kinds[i] == MOVE_ONCE || kinds[i] == MAKE_ONCE;

		ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
		ASSERT_EQ(MACH_MSGH_BITS_REMOTE(buffer.header.msgh_bits),
			is_once ? MACH_MSG_TYPE_PORT_SEND_ONCE : MACH_MSG_TYPE_PORT_SEND);
		if (is_once) {
			ASSERT_NE(buffer.header.msgh_remote_port, reply);
			ASSERT_EQ(send_empty(buffer.header.msgh_remote_port, MOVE_ONCE, 9),
				MACH_MSG_SUCCESS);
			ASSERT_EQ(take_id(reply), 9);
		} else {
			ASSERT_EQ(buffer.header.msgh_remote_port, reply);
			deallocate(reply);
		}
	}
	ASSERT_EQ(send_refs(reply), 1);
	destroy(reply);
	drop_receive(port);
}

RULE(null_reply_port_with_a_disposition_is_allowed)
{
	mach_port_t port = make_receive();
	Buffer buffer;

	ASSERT_EQ(send_with_reply(port, MAKE_SEND, MACH_PORT_NULL, COPY_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_remote_port, MACH_PORT_NULL);
	drop_receive(port);
}

RULE(bad_reply_right_is_invalid_reply_and_takes_nothing)
{
	mach_port_t port = make_receive(), receive = make_receive(), set = make_set();
	mach_port_t dead = make_dead_name(), stale = make_stale();

	add_sends(port, 2);
	ASSERT_EQ(send_with_reply(port, MOVE_SEND, stale, MAKE_ONCE), MACH_SEND_INVALID_REPLY);
	ASSERT_EQ(send_with_reply(port, MOVE_SEND, receive, COPY_SEND), MACH_SEND_INVALID_REPLY);
	ASSERT_EQ(send_with_reply(port, MOVE_SEND, receive, MOVE_SEND), MACH_SEND_INVALID_REPLY);
	ASSERT_EQ(send_with_reply(port, MOVE_SEND, receive, MOVE_ONCE), MACH_SEND_INVALID_REPLY);
	ASSERT_EQ(send_with_reply(port, MOVE_SEND, set, MAKE_ONCE), MACH_SEND_INVALID_REPLY);
	ASSERT_EQ(send_with_reply(port, MOVE_SEND, dead, COPY_SEND), MACH_SEND_INVALID_REPLY);
	ASSERT_EQ(send_with_reply(port, MOVE_SEND, dead, MOVE_SEND), MACH_SEND_INVALID_REPLY);
	ASSERT_EQ(send_with_reply(port, MOVE_SEND, dead, MAKE_ONCE), MACH_SEND_INVALID_REPLY);
	ASSERT_EQ(send_refs(port), 2);
	ASSERT_EQ(dead_refs(dead), 1);
	expect_nothing(port);
	destroy(port);
	destroy(receive);
	destroy(set);
	destroy(dead);
}

/* --- Destination and reply under one name. --- */

RULE(copies_of_one_right_are_sent_twice)
{
	mach_port_t port = make_send_receive();
	Buffer buffer;

	ASSERT_EQ(send_with_reply(port, COPY_SEND, port, COPY_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_refs(port), 1);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_remote_port, port);
	ASSERT_EQ(send_refs(port), 2);
	destroy(port);
}

RULE(two_references_moved_need_two)
{
	mach_port_t port = make_receive();
	Buffer buffer;

	add_sends(port, 2);
	ASSERT_EQ(send_with_reply(port, MOVE_SEND, port, MOVE_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_remote_port, port);
	ASSERT_EQ(send_refs(port), 1);
	ASSERT_NE(send_with_reply(port, MOVE_SEND, port, MOVE_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_refs(port), 1);
	expect_nothing(port);
	destroy(port);
}

RULE(one_reference_is_moved_and_copied)
{
	mach_port_t port = make_send_receive();
	Buffer buffer;

	ASSERT_EQ(send_with_reply(port, MOVE_SEND, port, COPY_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_remote_port, port);
	ASSERT_EQ(send_with_reply(port, COPY_SEND, port, MOVE_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_refs(port), 1);
	destroy(port);
}

RULE(rights_are_made_for_both_from_one_receive_right)
{
	mach_port_t port = make_receive();
	Buffer buffer;

	ASSERT_EQ(send_with_reply(port, MAKE_SEND, port, MAKE_ONCE), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(buffer.header.msgh_remote_port), MACH_PORT_TYPE_SEND_ONCE);
	destroy(buffer.header.msgh_remote_port);
	ASSERT_EQ(take_id(port), MACH_NOTIFY_SEND_ONCE);
	drop_receive(port);
}

RULE(send_once_right_for_both_is_an_invalid_destination)
{
	mach_port_t port = make_receive(), once = make_send_once(port);

	for (unsigned kind = MOVE_SEND; kind <= MAKE_ONCE; kind++) {
		ASSERT_EQ(send_with_reply(once, MOVE_ONCE, once, kind), MACH_SEND_INVALID_DEST);
		ASSERT_EQ(send_with_reply(once, kind, once, MOVE_ONCE), MACH_SEND_INVALID_DEST);
	}
	ASSERT_EQ(type_of(once), MACH_PORT_TYPE_SEND_ONCE);
	expect_nothing(port);
	drop_receive(port);
	destroy(once);
}

/* --- Send-once rights whose port died. --- */

RULE(answer_to_a_dead_client_succeeds)
{
	mach_port_t port = make_receive(), once = make_send_once(port), other = make_receive();
	PortMessage message = make_port_message(once, other, MAKE_ONCE);

	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MOVE_ONCE, 0);
	drop_receive(port);
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(once), MACH_PORT_TYPE_NONE);
	expect_notification(other, MACH_NOTIFY_SEND_ONCE);
	drop_receive(other);
}

RULE(answer_to_a_dead_client_fails_if_a_dead_name_request_is_armed)
{
	mach_port_t port = make_receive(), once = make_send_once(port), notify = make_receive();

	request_new(once, MACH_NOTIFY_DEAD_NAME, 0, notify);
	drop_receive(port);
	ASSERT_EQ(send_empty(once, MOVE_ONCE, 1), MACH_SEND_INVALID_DEST);
	expect_notification(notify, MACH_NOTIFY_DEAD_NAME);
	ASSERT_EQ(dead_refs(once), 2);
	drop_dead(once, 2);
	drop_receive(notify);
}

/* --- Rights in the body. --- */

RULE(body_dispositions)
{
	mach_port_t to = make_receive(), port = make_receive(), once = make_send_once(port), name;
	const unsigned kinds[] = {COPY_SEND, MOVE_SEND, MAKE_SEND, MAKE_ONCE, MOVE_ONCE};
	Buffer buffer;

	add_sends(port, 2);
	for (unsigned i = 0; i < N_ELEMENTS(kinds); i++)
		ASSERT_EQ(send_port(to, kinds[i] == MOVE_ONCE ? once : port, kinds[i]),
			MACH_MSG_SUCCESS);
	ASSERT_EQ(send_refs(port), 1);
	ASSERT_EQ(type_of(once), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(status_of(port).mps_mscount, 3);
	for (unsigned i = 0; i < N_ELEMENTS(kinds); i++) {
		ASSERT_EQ(receive_now(to, &buffer), MACH_MSG_SUCCESS);
		name = received_port(&buffer);
		if (i < 3) {
			ASSERT_EQ(received_kind(&buffer), MACH_MSG_TYPE_PORT_SEND);
			ASSERT_EQ(name, port);
			ASSERT_EQ(send_refs(port), 2 + i);
		} else {
			ASSERT_EQ(received_kind(&buffer), MACH_MSG_TYPE_PORT_SEND_ONCE);
			ASSERT_EQ(type_of(name), MACH_PORT_TYPE_SEND_ONCE);
			destroy(name);
			ASSERT_EQ(take_id(port), MACH_NOTIFY_SEND_ONCE);
		}
	}
	ASSERT_EQ(status_of(port).mps_sorights, 0);
	destroy(port);
	drop_receive(to);
}

RULE(receive_right_in_the_body_moves)
{
	mach_port_t to = make_receive(), port = make_receive();
	Buffer buffer;

	ASSERT_EQ(send_port(to, port, MOVE_RECEIVE), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(receive_now(to, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(received_kind(&buffer), MACH_MSG_TYPE_PORT_RECEIVE);
	ASSERT_EQ(type_of(received_port(&buffer)), MACH_PORT_TYPE_RECEIVE);
	drop_receive(received_port(&buffer));
	drop_receive(to);
}

RULE(null_and_dead_in_the_body_arrive_as_such)
{
	mach_port_t to = make_receive();
	Buffer buffer;

	for (unsigned kind = MOVE_RECEIVE; kind <= MAKE_ONCE; kind++) {
		ASSERT_EQ(send_port(to, MACH_PORT_NULL, kind), MACH_MSG_SUCCESS);
		ASSERT_EQ(receive_now(to, &buffer), MACH_MSG_SUCCESS);
		ASSERT_EQ(received_port(&buffer), MACH_PORT_NULL);
		ASSERT_EQ(send_port(to, MACH_PORT_DEAD, kind), MACH_MSG_SUCCESS);
		ASSERT_EQ(receive_now(to, &buffer), MACH_MSG_SUCCESS);
		ASSERT_EQ(received_port(&buffer), MACH_PORT_DEAD);
	}
	drop_receive(to);
}

RULE(dead_name_in_the_body_arrives_as_dead)
{
	mach_port_t to = make_receive(), dead = make_receive();
	Buffer buffer;

	add_sends(dead, 3);
	drop_receive(dead);
	ASSERT_EQ(send_port(to, dead, COPY_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(dead_refs(dead), 3);
	ASSERT_EQ(send_port(to, dead, MOVE_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(dead_refs(dead), 2);
	ASSERT_EQ(send_port(to, dead, MOVE_ONCE), MACH_MSG_SUCCESS);
	ASSERT_EQ(dead_refs(dead), 1);
	for (unsigned i = 0; i < 3; i++) {
		ASSERT_EQ(receive_now(to, &buffer), MACH_MSG_SUCCESS);
		ASSERT_EQ(received_port(&buffer), MACH_PORT_DEAD);
	}
	drop_dead(dead, 1);
	drop_receive(to);
}

RULE(bad_right_in_the_body_is_invalid_right)
{
	mach_port_t to = make_receive(), receive = make_receive(), send = make_send_receive();
	mach_port_t park = park_receive(send), stale = make_stale(), dead = make_dead_name();

	for (unsigned kind = MOVE_RECEIVE; kind <= MAKE_ONCE; kind++)
		ASSERT_EQ(send_port(to, stale, kind), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(send_port(to, receive, COPY_SEND), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(send_port(to, receive, MOVE_SEND), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(send_port(to, receive, MOVE_ONCE), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(send_port(to, send, MOVE_RECEIVE), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(send_port(to, send, MAKE_SEND), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(send_port(to, send, MAKE_ONCE), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(send_port(to, send, MOVE_ONCE), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(send_port(to, dead, MAKE_SEND), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(send_port(to, dead, MOVE_RECEIVE), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(send_refs(send), 1);
	expect_nothing(to);
	destroy(receive);
	destroy(send);
	destroy(park);
	destroy(dead);
	drop_receive(to);
}

RULE(bad_disposition_in_the_body_is_invalid_type)
{
	static const unsigned kinds[] = {0, MACH_MSG_TYPE_PORT_NAME, MACH_MSG_TYPE_COPY_RECEIVE, 23,
		MACH_MSG_TYPE_DISPOSE_SEND, 255};
	mach_port_t to = make_receive(), port = make_send_receive();

	for (unsigned i = 0; i < N_ELEMENTS(kinds); i++)
		ASSERT_EQ(send_port(to, port, kinds[i]), MACH_SEND_INVALID_TYPE);
	expect_nothing(to);
	ASSERT_EQ(send_refs(port), 1);
	destroy(port);
	drop_receive(to);
}

RULE(bad_descriptor_type_is_invalid_type)
{
	static const unsigned types[] = {5, 6, 127, 255};
	mach_port_t to = make_receive();

	for (unsigned i = 0; i < N_ELEMENTS(types); i++) {
		OolMessage message = {.body = {.msgh_descriptor_count = 1}};

		message.header = make_port_message(to, MACH_PORT_NULL, COPY_SEND).header;
		message.ool.type = types[i];
		ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_INVALID_TYPE);
	}
	expect_nothing(to);
	drop_receive(to);
}

/* --- What a fault in the body has taken. --- */

RULE(fault_in_the_body_destroys_the_rights_of_the_header)
{
	mach_port_t to = make_receive(), reply = make_receive();
	PortMessage message = make_port_message(to, make_stale(), COPY_SEND);

	add_sends(to, 2);
	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MOVE_SEND, MAKE_ONCE);
	message.header.msgh_local_port = reply;
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(send_refs(to), 1);
	expect_notification(reply, MACH_NOTIFY_SEND_ONCE);
	expect_nothing(to);
	destroy(to);
	drop_receive(reply);
}

typedef struct FaultMessage {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t port[4];
} FaultMessage;

RULE(fault_in_the_body_destroys_what_came_before_and_keeps_the_rest)
{
	mach_port_t to = make_receive(), early = make_receive(), late = make_send_receive();
	mach_port_t moved = make_receive();
	FaultMessage message, copy;

	memset(&message, 0, sizeof(message));
	message.header = make_port_message(to, MACH_PORT_NULL, 0).header;
	message.body.msgh_descriptor_count = 4;
	message.port[0].name = early;
	message.port[0].disposition = MAKE_ONCE;
	message.port[1].name = moved;
	message.port[1].disposition = MOVE_RECEIVE;
	message.port[2].name = early;
	message.port[2].disposition = COPY_SEND; /* the fault */
	message.port[3].name = late;
	message.port[3].disposition = MOVE_SEND;
	copy = message;
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_INVALID_RIGHT);
	ASSERT_MEMEQ(&message, &copy, sizeof(message));
	expect_notification(early, MACH_NOTIFY_SEND_ONCE);
	ASSERT_EQ(type_of(moved), MACH_PORT_TYPE_NONE);
	ASSERT_EQ(type_of(early), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(send_refs(late), 1);
	expect_nothing(to);
	destroy(to);
	destroy(early);
	destroy(late);
}

RULE(fault_in_the_body_ends_the_send_rights_of_the_destination)
{
	mach_port_t to = make_send_receive(), notify = make_receive();
	PortMessage message = make_port_message(to, make_stale(), COPY_SEND);

	request_new(to, MACH_NOTIFY_NO_SENDERS, 0, notify);
	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MOVE_SEND, 0);
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_SEND_INVALID_RIGHT);
	expect_notification(notify, MACH_NOTIFY_NO_SENDERS);
	drop_receive(to);
	drop_receive(notify);
}

/* --- Options, buffers, vouchers. --- */

RULE(no_option_does_nothing)
{
	mach_port_t port = make_receive();
	mach_msg_header_t header = make_header(port, MAKE_SEND, MACH_PORT_NULL, 0, 1);

	ASSERT_EQ(mach_msg(&header, 0, sizeof(header), 0, MACH_PORT_NULL, 0, MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
	expect_nothing(port);
	drop_receive(port);
}

RULE(voucher_that_is_none_is_an_invalid_voucher)
{
	mach_port_t port = make_receive(), other = make_send_receive();
	mach_msg_header_t header = make_header(port, MAKE_SEND, MACH_PORT_NULL, 0, 1);

	header.msgh_voucher_port = other;
	header.msgh_bits = MACH_MSGH_BITS_SET(MAKE_SEND, 0, COPY_SEND, 0);
	ASSERT_EQ(send_message(&header, sizeof(header)), MACH_SEND_INVALID_VOUCHER);
	ASSERT_EQ(send_refs(other), 1);
	expect_nothing(port);
	drop_receive(port);
	destroy(other);
}

RULE(senders_trailer_is_an_invalid_trailer)
{
	mach_port_t port = make_receive();
	Buffer buffer = {.header = make_header(port, MAKE_SEND, MACH_PORT_NULL, 0, 1)};

	ASSERT_EQ(mach_msg(&buffer.header, MACH_SEND_MSG | MACH_SEND_TRAILER, 24 + 68, 0,
			  MACH_PORT_NULL, 0, MACH_PORT_NULL),
		MACH_SEND_INVALID_TRAILER);
	expect_nothing(port);
	drop_receive(port);
}

RULE(failed_send_receives_nothing)
{
	mach_port_t port = make_receive();
	Buffer buffer = {.header = make_header(MACH_PORT_DEAD, COPY_SEND, MACH_PORT_NULL, 0, 1)};

	post(port, 4);
	ASSERT_EQ(mach_msg(&buffer.header, MACH_SEND_MSG | MACH_RCV_MSG, 24, sizeof(buffer), port,
			  0, MACH_PORT_NULL),
		MACH_SEND_INVALID_DEST);
	ASSERT_EQ(take_id(port), 4);
	drop_receive(port);
}

RULE(send_and_receive_in_one_call)
{
	mach_port_t port = make_receive();
	Buffer buffer = {.header = make_header(port, MAKE_SEND, port, MAKE_ONCE, 11)};

	ASSERT_EQ(mach_msg(&buffer.header, MACH_SEND_MSG | MACH_RCV_MSG, 24, sizeof(buffer), port,
			  0, MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, 11);
	ASSERT_EQ(type_of(buffer.header.msgh_remote_port), MACH_PORT_TYPE_SEND_ONCE);
	destroy(buffer.header.msgh_remote_port);
	drop_receive(port);
}

RULE(messages_arrive_in_order_with_their_ids)
{
	static const int ids[] = {0, -1, 2147483647, -2147483647 - 1, 17};
	mach_port_t port = make_receive();
	Buffer buffer;

	for (unsigned i = 0; i < N_ELEMENTS(ids); i++)
		post(port, ids[i]);
	for (unsigned i = 0; i < N_ELEMENTS(ids); i++) {
		ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
		ASSERT_EQ(buffer.header.msgh_id, ids[i]);
	}
	drop_receive(port);
}

RULE(inline_bytes_arrive_as_they_were)
{
	mach_port_t port = make_receive();
	Buffer out, in;

	for (unsigned size = 24; size <= 4096; size += size < 200 ? 4 : 388) {
		for (unsigned i = 0; i < sizeof(out); i++)
			((uint8_t *)&out)[i] = (uint8_t)(i ^ size);
		out.header = make_header(port, MAKE_SEND, MACH_PORT_NULL, 0, 1);
		if (size + 8 > sizeof(in))
			break;
		ASSERT_EQ(send_message(&out, size), MACH_MSG_SUCCESS);
		ASSERT_EQ(receive_now(port, &in), MACH_MSG_SUCCESS);
		ASSERT_EQ(in.header.msgh_size, size);
		ASSERT_MEMEQ((uint8_t *)&in + 24, (uint8_t *)&out + 24, size - 24);
	}
	drop_receive(port);
}

RULE(mach_msg_send_and_receive_take_sizes_from_the_header)
{
	mach_port_t port = make_receive();
	Buffer buffer = {.header = make_header(port, MAKE_SEND, MACH_PORT_NULL, 0, 13)};

	buffer.header.msgh_size = 100;
	ASSERT_EQ(mach_msg_send(&buffer.header), MACH_MSG_SUCCESS);
	memset(&buffer, 0, sizeof(buffer));
	buffer.header.msgh_local_port = port;
	buffer.header.msgh_size = sizeof(buffer);
	ASSERT_EQ(mach_msg_receive(&buffer.header), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, 13);
	ASSERT_EQ(buffer.header.msgh_size, 100);
	drop_receive(port);
}

/* --- mach_msg_destroy --- */

RULE(destroy_releases_what_was_received)
{
	mach_port_t to = make_receive(), port = make_receive(), reply = make_receive();
	PortMessage message = make_port_message(to, port, MAKE_ONCE);
	Buffer buffer;

	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MAKE_SEND, MAKE_ONCE);
	message.header.msgh_local_port = reply;
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(to, &buffer), MACH_MSG_SUCCESS);
	mach_msg_destroy(&buffer.header);
	expect_notification(reply, MACH_NOTIFY_SEND_ONCE);
	expect_notification(port, MACH_NOTIFY_SEND_ONCE);
	ASSERT_EQ(type_of(to), MACH_PORT_TYPE_RECEIVE);
	drop_receive(to);
	drop_receive(port);
	drop_receive(reply);
}

RULE(destroy_releases_received_receive_rights)
{
	mach_port_t to = make_receive(), port = make_send_receive();
	Buffer buffer;

	ASSERT_EQ(send_port(to, port, MOVE_RECEIVE), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(to, &buffer), MACH_MSG_SUCCESS);
	mach_msg_destroy(&buffer.header);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
	drop_dead(port, 1);
	drop_receive(to);
}
