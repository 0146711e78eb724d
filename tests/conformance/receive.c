/* SPDX-License-Identifier: Apache-2.0 */
/* Receiving: names, sizes, headers, trailers. */
#include <bsm/libbsm.h>

#include "tests/conformance/conformance.h"

enum {
	MOVE_SEND = MACH_MSG_TYPE_MOVE_SEND,
	MOVE_ONCE = MACH_MSG_TYPE_MOVE_SEND_ONCE,
	COPY_SEND = MACH_MSG_TYPE_COPY_SEND,
	MAKE_SEND = MACH_MSG_TYPE_MAKE_SEND,
	MAKE_ONCE = MACH_MSG_TYPE_MAKE_SEND_ONCE,
};

static mach_msg_return_t receive_sized(
	mach_port_t from, Buffer *buffer, mach_msg_option_t options, unsigned size)
{
	memset(buffer, 0xee, sizeof(*buffer));
	return mach_msg(&buffer->header, MACH_RCV_MSG | MACH_RCV_TIMEOUT | options, 0, size, from,
		0, MACH_PORT_NULL);
}

static void post_sized(mach_port_t port, int id, unsigned size)
{
	Buffer buffer;

	memset(&buffer, id, sizeof(buffer));
	buffer.header = make_header(port, MAKE_SEND, MACH_PORT_NULL, 0, id);
	ASSERT_EQ(send_message(&buffer, size), MACH_MSG_SUCCESS);
}

/* --- Names. --- */

RULE(name_that_is_no_receive_right_is_invalid)
{
	mach_port_t port = make_receive(), send = make_send_receive(), dead = make_dead_name();
	mach_port_t park = park_receive(send), once = make_send_once(port);
	const mach_port_t names[] = {
		MACH_PORT_NULL, MACH_PORT_DEAD, make_stale(), send, once, dead, SELF};
	Buffer buffer;

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ASSERT_EQ(receive_now(names[i], &buffer), MACH_RCV_INVALID_NAME);
	destroy(port);
	destroy(once);
	destroy(send);
	destroy(park);
	destroy(dead);
}

RULE(nothing_is_written_without_a_message)
{
	mach_port_t port = make_receive();
	Buffer buffer, copy;

	memset(&copy, 0xee, sizeof(copy));
	ASSERT_EQ(receive_now(port, &buffer), MACH_RCV_TIMED_OUT);
	ASSERT_MEMEQ(&buffer, &copy, sizeof(copy));
	drop_receive(port);
}

/* --- The header. --- */

RULE(header_is_swapped_and_normalised)
{
	mach_port_t port = make_send_receive(), reply = make_send_receive();
	mach_msg_header_t header = make_header(port, COPY_SEND, reply, COPY_SEND, 9);
	Buffer buffer;

	ASSERT_EQ(send_message(&header, sizeof(header)), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_bits, MACH_MSGH_BITS(MOVE_SEND, MOVE_SEND));
	ASSERT_EQ(buffer.header.msgh_size, sizeof(header));
	ASSERT_EQ(buffer.header.msgh_remote_port, reply);
	ASSERT_EQ(buffer.header.msgh_local_port, port);
	ASSERT_EQ(buffer.header.msgh_voucher_port, MACH_PORT_NULL);
	ASSERT_EQ(buffer.header.msgh_id, 9);
	ASSERT_EQ(send_refs(reply), 2);
	destroy(port);
	destroy(reply);
}

RULE(header_tells_send_once_rights_apart)
{
	mach_port_t port = make_receive(), reply = make_receive();
	mach_msg_header_t header = make_header(port, MAKE_ONCE, reply, MAKE_ONCE, 9);
	Buffer buffer;

	ASSERT_EQ(send_message(&header, sizeof(header)), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_bits, MACH_MSGH_BITS(MOVE_ONCE, MOVE_ONCE));
	ASSERT_EQ(buffer.header.msgh_local_port, port);
	mach_msg_destroy(&buffer.header);
	expect_notification(reply, MACH_NOTIFY_SEND_ONCE);
	drop_receive(port);
	drop_receive(reply);
}

RULE(header_of_a_message_without_a_reply_port_has_none)
{
	mach_port_t port = make_receive();
	Buffer buffer;

	post(port, 1);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_bits, MACH_MSGH_BITS(0, MOVE_SEND));
	ASSERT_EQ(buffer.header.msgh_remote_port, MACH_PORT_NULL);
	drop_receive(port);
}

RULE(destination_right_is_consumed)
{
	mach_port_t port = make_send_receive();

	ASSERT_EQ(send_empty(port, MOVE_SEND, 1), MACH_MSG_SUCCESS);
	ASSERT_EQ(status_of(port).mps_srights, TRUE);
	ASSERT_EQ(take_id(port), 1);
	ASSERT_EQ(status_of(port).mps_srights, FALSE);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_RECEIVE);
	drop_receive(port);
}

RULE(reply_port_that_died_in_transit_is_dead)
{
	const unsigned kinds[] = {COPY_SEND, MAKE_SEND, MAKE_ONCE};
	mach_port_t port = make_receive();
	Buffer buffer;

	for (unsigned i = 0; i < 3; i++) {
		mach_port_t reply = make_send_receive();
		mach_msg_header_t header = make_header(port, MAKE_SEND, reply, kinds[i], 9);

		ASSERT_EQ(send_message(&header, sizeof(header)), MACH_MSG_SUCCESS);
		destroy(reply);
		ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
		ASSERT_EQ(buffer.header.msgh_remote_port, MACH_PORT_DEAD);
		ASSERT_EQ(MACH_MSGH_BITS_REMOTE(buffer.header.msgh_bits),
			kinds[i] == MAKE_ONCE ? MOVE_ONCE : MOVE_SEND);
	}
	drop_receive(port);
}

RULE(body_right_that_died_in_transit_is_dead)
{
	mach_port_t port = make_receive(), body = make_receive();
	Buffer buffer;

	ASSERT_EQ(send_port(port, body, MAKE_ONCE), MACH_MSG_SUCCESS);
	drop_receive(body);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(received_port(&buffer), MACH_PORT_DEAD);
	ASSERT_EQ(received_kind(&buffer), MOVE_ONCE);
	drop_receive(port);
}

/* --- Sizes. --- */

RULE(buffer_must_hold_the_trailer_too)
{
	mach_port_t port = make_receive();
	Buffer buffer;

	for (unsigned size = 24; size < 32; size += 4) {
		post(port, 1);
		ASSERT_EQ(receive_sized(port, &buffer, 0, size), MACH_RCV_TOO_LARGE);
	}
	post(port, 1);
	ASSERT_EQ(receive_sized(port, &buffer, 0, 32), MACH_MSG_SUCCESS);
	drop_receive(port);
}

RULE(buffer_must_hold_the_trailer_asked_for)
{
	static const unsigned elements[] = {MACH_RCV_TRAILER_SEQNO, MACH_RCV_TRAILER_SENDER,
		MACH_RCV_TRAILER_AUDIT, MACH_RCV_TRAILER_CTX, MACH_RCV_TRAILER_AV};
	static const unsigned sizes[] = {12, 20, 52, 60, 68};
	mach_port_t port = make_receive();
	Buffer buffer;

	for (unsigned i = 0; i < 5; i++) {
		mach_msg_option_t option = (mach_msg_option_t)MACH_RCV_TRAILER_ELEMENTS(
			elements[i]);

		post_sized(port, 7, 100);
		ASSERT_EQ(receive_sized(port, &buffer, option | MACH_RCV_LARGE, 96 + sizes[i]),
			MACH_RCV_TOO_LARGE);
		ASSERT_EQ(receive_sized(port, &buffer, option, 100 + sizes[i]), MACH_MSG_SUCCESS);
		ASSERT_EQ(buffer.header.msgh_id, 7);
	}
	drop_receive(port);
}

RULE(message_too_large_is_destroyed)
{
	mach_port_t port = make_receive(), body = make_receive();
	Buffer buffer;

	ASSERT_EQ(send_port(port, body, MAKE_ONCE), MACH_MSG_SUCCESS);
	post(port, 6);
	ASSERT_EQ(receive_sized(port, &buffer, 0, 32), MACH_RCV_TOO_LARGE);
	ASSERT_EQ(buffer.header.msgh_size, sizeof(PortMessage));
	expect_notification(body, MACH_NOTIFY_SEND_ONCE);
	ASSERT_EQ(take_id(port), 6);
	drop_receive(port);
	drop_receive(body);
}

RULE(message_too_large_stays_with_rcv_large)
{
	mach_port_t port = make_receive();
	Buffer buffer;

	post_sized(port, 5, 200);
	post(port, 6);
	for (unsigned i = 0; i < 3; i++) {
		ASSERT_EQ(receive_sized(port, &buffer, MACH_RCV_LARGE, 100), MACH_RCV_TOO_LARGE);
		ASSERT_EQ(buffer.header.msgh_size, 200);
	}
	ASSERT_EQ(queued(port), 2);
	ASSERT_EQ(receive_sized(port, &buffer, MACH_RCV_LARGE, 208), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, 5);
	ASSERT_EQ(buffer.header.msgh_size, 200);
	ASSERT_EQ(take_id(port), 6);
	drop_receive(port);
}

RULE(rcv_large_writes_nothing_but_the_size)
{
	mach_port_t port = make_receive();
	Buffer buffer, copy;

	post_sized(port, 5, 200);
	ASSERT_EQ(receive_sized(port, &buffer, MACH_RCV_LARGE, 100), MACH_RCV_TOO_LARGE);
	memset(&copy, 0xee, sizeof(copy));
	copy.header.msgh_size = 200;
	ASSERT_MEMEQ(&buffer, &copy, sizeof(copy));
	drop_receive(port);
}

RULE(rcv_large_identity_tells_the_member)
{
	mach_port_t port = make_receive(), other = make_receive(), set = make_set();
	mach_msg_option_t options = MACH_RCV_LARGE | MACH_RCV_LARGE_IDENTITY;
	Buffer buffer;

	ASSERT_EQ(mach_port_insert_member(SELF, port, set), KERN_SUCCESS);
	ASSERT_EQ(mach_port_insert_member(SELF, other, set), KERN_SUCCESS);
	post_sized(other, 5, 200);
	ASSERT_EQ(receive_sized(set, &buffer, options, 100), MACH_RCV_TOO_LARGE);
	ASSERT_EQ(buffer.header.msgh_size, 200);
	ASSERT_EQ(buffer.header.msgh_local_port, other);
	ASSERT_EQ(receive_now(buffer.header.msgh_local_port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, 5);
	drop_receive(port);
	drop_receive(other);
	drop_set(set);
}

RULE(rcv_large_does_not_count_the_message)
{
	mach_port_t port = make_receive();
	Buffer buffer;

	post_sized(port, 5, 200);
	ASSERT_EQ(receive_sized(port, &buffer, MACH_RCV_LARGE, 100), MACH_RCV_TOO_LARGE);
	ASSERT_EQ(status_of(port).mps_seqno, 0);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(status_of(port).mps_seqno, 1);
	drop_receive(port);
}

/* --- Trailers. --- */

static const void *receive_trailer(mach_port_t port, Buffer *buffer, unsigned elements)
{
	ASSERT_EQ(receive_with(
			  port, buffer, (mach_msg_option_t)MACH_RCV_TRAILER_ELEMENTS(elements), 0),
		MACH_MSG_SUCCESS);
	return trailer_of(buffer);
}

RULE(trailers_have_their_sizes)
{
	static const unsigned elements[] = {MACH_RCV_TRAILER_NULL, MACH_RCV_TRAILER_SEQNO,
		MACH_RCV_TRAILER_SENDER, MACH_RCV_TRAILER_AUDIT, MACH_RCV_TRAILER_CTX,
		MACH_RCV_TRAILER_AV};
	static const unsigned sizes[] = {8, 12, 20, 52, 60, 68};
	mach_port_t port = make_receive();
	Buffer buffer;

	for (unsigned i = 0; i < 6; i++) {
		const mach_msg_trailer_t *trailer;

		post_sized(port, 1, 24 + 4 * i);
		trailer = receive_trailer(port, &buffer, elements[i]);
		ASSERT_EQ(buffer.header.msgh_size, 24 + 4 * i);
		ASSERT_EQ(trailer->msgh_trailer_type, MACH_MSG_TRAILER_FORMAT_0);
		ASSERT_EQ(trailer->msgh_trailer_size, sizes[i]);
		ASSERT_EQ(((const uint8_t *)trailer)[sizes[i]], 0xee);
		ASSERT_EQ(REQUESTED_TRAILER_SIZE(MACH_RCV_TRAILER_ELEMENTS(elements[i])), sizes[i]);
	}
	drop_receive(port);
}

RULE(sequence_number_is_in_the_trailer)
{
	mach_port_t port = make_receive();
	Buffer buffer;

	for (unsigned i = 0; i < 8; i++) {
		const mach_msg_seqno_trailer_t *trailer;

		post(port, 1);
		trailer = receive_trailer(
			port, &buffer, i % 2 ? MACH_RCV_TRAILER_SEQNO : MACH_RCV_TRAILER_AUDIT);
		ASSERT_EQ(trailer->msgh_seqno, i);
	}
	drop_receive(port);
}

RULE(sender_is_in_the_trailer)
{
	mach_port_t port = make_receive();
	const mach_msg_security_trailer_t *trailer;
	Buffer buffer;

	post(port, 1);
	trailer = receive_trailer(port, &buffer, MACH_RCV_TRAILER_SENDER);
	ASSERT_EQ(trailer->msgh_sender.val[0], geteuid());
	ASSERT_EQ(trailer->msgh_sender.val[1], getegid());
	drop_receive(port);
}

RULE(audit_token_is_that_of_this_process)
{
	mach_port_t port = make_receive();
	const mach_msg_audit_trailer_t *trailer;
	audit_token_t token;
	Buffer buffer;

	post(port, 1);
	trailer = receive_trailer(port, &buffer, MACH_RCV_TRAILER_AUDIT);
	token = trailer->msgh_audit;
	ASSERT_EQ(audit_token_to_pid(token), getpid());
	ASSERT_EQ(audit_token_to_euid(token), geteuid());
	ASSERT_EQ(audit_token_to_egid(token), getegid());
	ASSERT_EQ(audit_token_to_ruid(token), getuid());
	ASSERT_EQ(audit_token_to_rgid(token), getgid());
	ASSERT_EQ(trailer->msgh_sender.val[0], geteuid());
	post(port, 1);
	trailer = receive_trailer(port, &buffer, MACH_RCV_TRAILER_AUDIT);
	ASSERT_MEMEQ(&trailer->msgh_audit, &token, sizeof(token));
	drop_receive(port);
}

RULE(context_is_that_of_the_moment_of_receipt)
{
	mach_port_t port = make_receive();
	const mach_msg_context_trailer_t *trailer;
	Buffer buffer;

	post(port, 1);
	post(port, 1);
	ASSERT_EQ(mach_port_set_context(SELF, port, 0x1111222233334444), KERN_SUCCESS);
	trailer = receive_trailer(port, &buffer, MACH_RCV_TRAILER_CTX);
	ASSERT_EQ(trailer->msgh_context, 0x1111222233334444);
	ASSERT_EQ(trailer->msgh_audit.val[5], (unsigned)getpid());
	ASSERT_EQ(mach_port_set_context(SELF, port, 5), KERN_SUCCESS);
	trailer = receive_trailer(port, &buffer, MACH_RCV_TRAILER_CTX);
	ASSERT_EQ(trailer->msgh_context, 5);
	drop_receive(port);
}

RULE(largest_trailer_has_no_filter_and_no_labels)
{
	mach_port_t port = make_receive();
	const mach_msg_mac_trailer_t *trailer;
	Buffer buffer;

	post(port, 1);
	trailer = receive_trailer(port, &buffer, MACH_RCV_TRAILER_AV);
	ASSERT_EQ(trailer->msgh_ad, 0);
	ASSERT_EQ(trailer->msgh_labels.sender, 0);
	ASSERT_EQ(trailer->msgh_context, 0);
	ASSERT_EQ(trailer->msgh_audit.val[5], (unsigned)getpid());
	drop_receive(port);
}

RULE(trailer_of_a_complex_message_follows_its_bytes)
{
	mach_port_t port = make_receive();
	const mach_msg_seqno_trailer_t *trailer;
	Buffer buffer;

	ASSERT_EQ(send_port(port, MACH_PORT_NULL, COPY_SEND), MACH_MSG_SUCCESS);
	trailer = receive_trailer(port, &buffer, MACH_RCV_TRAILER_SEQNO);
	ASSERT_EQ(buffer.header.msgh_size, sizeof(PortMessage));
	ASSERT_EQ(trailer->msgh_trailer_size, 12);
	ASSERT_EQ(trailer->msgh_seqno, 0);
	drop_receive(port);
}

/* --- mach_msg_overwrite --- */

RULE(overwrite_receives_into_the_other_buffer)
{
	mach_port_t port = make_receive();
	Buffer out = {.header = make_header(port, MAKE_SEND, MACH_PORT_NULL, 0, 3)}, copy, in;

	copy = out;
	ASSERT_EQ(mach_msg_overwrite(&out.header, MACH_SEND_MSG | MACH_RCV_MSG, 24, sizeof(in),
			  port, 0, MACH_PORT_NULL, &in.header, 0),
		MACH_MSG_SUCCESS);
	ASSERT_EQ(in.header.msgh_id, 3);
	ASSERT_EQ(in.header.msgh_local_port, port);
	ASSERT_MEMEQ(&out, &copy, sizeof(out));
	drop_receive(port);
}

RULE(overwrite_gives_a_failed_send_back_in_the_first_buffer)
{
	mach_port_t port = make_send_receive();
	Buffer out = {.header = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 3)}, in;

	memset(&in, 0xee, sizeof(in));
	fill_queue(port);
	ASSERT_EQ(mach_msg_overwrite(&out.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT | MACH_RCV_MSG,
			  24, sizeof(in), port, 0, MACH_PORT_NULL, &in.header, 0),
		MACH_SEND_TIMED_OUT);
	ASSERT_EQ(out.header.msgh_bits, MACH_MSGH_BITS(MOVE_SEND, 0));
	ASSERT_EQ(in.header.msgh_bits, 0xeeeeeeee);
	ASSERT_EQ(send_refs(port), 2);
	destroy(port);
}

/* --- Names that a receipt makes. --- */

RULE(receipt_of_many_send_once_rights_makes_as_many_names)
{
	enum { N = 100 };
	mach_port_t port = make_receive(), reply = make_receive(), names[N];
	Buffer buffer;

	ASSERT_EQ(set_qlimit(port, N), KERN_SUCCESS);
	for (unsigned i = 0; i < N; i++)
		ASSERT_EQ(send_port(port, reply, MAKE_ONCE), MACH_MSG_SUCCESS);
	for (unsigned i = 0; i < N; i++) {
		ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
		names[i] = received_port(&buffer);
		for (unsigned j = 0; j < i; j++)
			ASSERT_NE(names[i], names[j]);
	}
	ASSERT_EQ(status_of(reply).mps_sorights, N);
	drop_receive(reply);
	for (unsigned i = 0; i < N; i++) {
		ASSERT_EQ(type_of(names[i]), MACH_PORT_TYPE_DEAD_NAME);
		deallocate(names[i]);
	}
	drop_receive(port);
}
