/* SPDX-License-Identifier: Apache-2.0 */
/* mach_msg2: mach_msg with the header by value and 64 bits of options. */
#include "tests/conformance/conformance.h"

enum {
	MOVE_SEND = MACH_MSG_TYPE_MOVE_SEND,
	COPY_SEND = MACH_MSG_TYPE_COPY_SEND,
	MAKE_SEND = MACH_MSG_TYPE_MAKE_SEND,
	MAKE_ONCE = MACH_MSG_TYPE_MAKE_SEND_ONCE,
};

#define SEND (MACH64_SEND_MSG | MACH64_SEND_MQ_CALL | MACH64_SEND_TIMEOUT)
#define RECEIVE (MACH64_RCV_MSG | MACH64_RCV_TIMEOUT)

static mach_msg_return_t send2(void *data, mach_msg_header_t header, size_t size)
{
	return mach_msg2(data, SEND, header, (mach_msg_size_t)size, 0, MACH_PORT_NULL, 0, 0);
}

RULE(header_is_taken_by_value)
{
	mach_port_t port = make_receive();
	struct {
		mach_msg_header_t header;
		uint32_t word;
	} message = {.word = 0x1234};
	Buffer buffer;

	ASSERT_EQ(send2(&message, make_header(port, MAKE_SEND, MACH_PORT_NULL, 0, -5),
			  sizeof(message)),
		MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, -5);
	ASSERT_EQ(buffer.header.msgh_size, sizeof(message));
	ASSERT_EQ(buffer.body.msgh_descriptor_count, 0x1234);
	drop_receive(port);
}

RULE(message_is_received)
{
	mach_port_t port = make_receive();
	Buffer buffer;

	post(port, 7);
	ASSERT_EQ(mach_msg2(&buffer, RECEIVE, MACH_MSG_HEADER_EMPTY, 0, sizeof(buffer), port, 0, 0),
		MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, 7);
	ASSERT_EQ(buffer.header.msgh_local_port, port);
	ASSERT_EQ(mach_msg2(&buffer, RECEIVE, MACH_MSG_HEADER_EMPTY, 0, sizeof(buffer), port, 0, 0),
		MACH_RCV_TIMED_OUT);
	drop_receive(port);
}

RULE(message_is_sent_and_another_received_in_one_call)
{
	mach_port_t port = make_receive(), reply = make_receive();
	Buffer buffer = {.header = {0}};

	post(reply, 8);
	ASSERT_EQ(mach_msg2(&buffer, SEND | RECEIVE,
			  make_header(port, MAKE_SEND, reply, MAKE_ONCE, 9), 24, sizeof(buffer),
			  reply, 0, 0),
		MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, 8);
	ASSERT_EQ(take_id(port), 9);
	drop_receive(port);
	drop_receive(reply);
}

RULE(descriptors_are_counted_from_the_buffer)
{
	mach_port_t port = make_receive(), body = make_receive();
	PortMessage message = make_port_message(port, body, MAKE_SEND);
	Buffer buffer;

	ASSERT_EQ(send2(&message, message.header, sizeof(message)), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(received_port(&buffer), body);
	destroy(body);
	drop_receive(port);
}

RULE(errors_are_those_of_mach_msg)
{
	mach_port_t port = make_receive();
	Buffer buffer = {.header = {0}};

	ASSERT_EQ(send2(&buffer, make_header(MACH_PORT_NULL, COPY_SEND, 0, 0, 1), 24),
		MACH_SEND_INVALID_DEST);
	ASSERT_EQ(send2(&buffer, make_header(port, 0, 0, 0, 1), 24), MACH_SEND_INVALID_HEADER);
	ASSERT_EQ(
		send2(&buffer, make_header(port, MAKE_SEND, 0, 0, 1), 20), MACH_SEND_MSG_TOO_SMALL);
	ASSERT_EQ(mach_msg2(&buffer, RECEIVE, MACH_MSG_HEADER_EMPTY, 0, sizeof(buffer),
			  make_stale(), 0, 0),
		MACH_RCV_INVALID_NAME);
	expect_nothing(port);
	drop_receive(port);
}

RULE(message_that_times_out_comes_back_in_the_buffer)
{
	mach_port_t port = make_send_receive();
	Buffer buffer = {.header = {0}};

	fill_queue(port);
	ASSERT_EQ(send2(&buffer, make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 3), 24),
		MACH_SEND_TIMED_OUT);
	ASSERT_EQ(buffer.header.msgh_bits, MACH_MSGH_BITS(MOVE_SEND, 0));
	ASSERT_EQ(buffer.header.msgh_remote_port, port);
	ASSERT_EQ(send_refs(port), 2);
	destroy(port);
}
