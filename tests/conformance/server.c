/* SPDX-License-Identifier: Apache-2.0 */
/* mach_msg_server, mach_msg_server_once, mig_reply_setup. */
#include "tests/conformance/conformance.h"

enum {
	MOVE_ONCE = MACH_MSG_TYPE_MOVE_SEND_ONCE,
	COPY_SEND = MACH_MSG_TYPE_COPY_SEND,
	MAKE_SEND = MACH_MSG_TYPE_MAKE_SEND,
	MAKE_ONCE = MACH_MSG_TYPE_MAKE_SEND_ONCE,
	MAX = 1024,
};

/* Request ids, which say what the demultiplexer does. */
enum {
	ID_ANSWER = 1000,
	ID_ERROR,
	ID_NO_REPLY,
	ID_COMPLEX,
	ID_SIZE,
	ID_TRAILER,
};

static int served;
static mach_port_t kept; /* a right that a request brought */

static boolean_t demux(mach_msg_header_t *in, mach_msg_header_t *out)
{
	mig_reply_error_t *reply = (mig_reply_error_t *)out;
	const mach_msg_audit_trailer_t *trailer = (const void *)((const uint8_t *)in +
								 round_msg(in->msgh_size));

	served++;
	mig_reply_setup(in, out);
	switch (in->msgh_id) {
	case ID_ANSWER:
		reply->RetCode = KERN_SUCCESS;
		return TRUE;
	case ID_ERROR:
		reply->RetCode = KERN_NO_ACCESS;
		return TRUE;
	case ID_NO_REPLY:
		reply->RetCode = MIG_NO_REPLY;
		kept = in->msgh_remote_port;
		return TRUE;
	case ID_COMPLEX: {
		PortMessage *answer = (PortMessage *)out;

		answer->header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
		answer->header.msgh_size = sizeof(*answer);
		answer->body.msgh_descriptor_count = 1;
		answer->port =
			make_port_message(0, make_receive(), MACH_MSG_TYPE_MOVE_RECEIVE).port;
		return TRUE;
	}
	case ID_SIZE:
		reply->RetCode = (kern_return_t)in->msgh_size;
		return TRUE;
	case ID_TRAILER:
		reply->RetCode = trailer->msgh_trailer_size == sizeof(*trailer) &&
						 trailer->msgh_audit.val[5] == (unsigned)getpid()
					 ? KERN_SUCCESS
					 : KERN_FAILURE;
		return TRUE;
	default:
		return FALSE;
	}
}

static void ask(mach_port_t server, mach_port_t reply, int id)
{
	mach_msg_header_t header = make_header(server, MAKE_SEND, reply, reply ? MAKE_ONCE : 0, id);

	ASSERT_EQ(send_message(&header, sizeof(header)), MACH_MSG_SUCCESS);
}

static mach_msg_return_t serve_once(mach_port_t server, mach_msg_options_t options)
{
	return mach_msg_server_once(demux, MAX, server, options);
}

/* The answer that waits. */
static kern_return_t take_answer(mach_port_t reply, int id)
{
	Buffer buffer;

	ASSERT_EQ(receive_now(reply, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, id + 100);
	ASSERT_EQ(buffer.header.msgh_size, sizeof(mig_reply_error_t));
	return ((mig_reply_error_t *)&buffer)->RetCode;
}

RULE(reply_setup_fills_the_header_of_an_error)
{
	mach_msg_header_t in = make_header(0x1103, MOVE_ONCE, 0x1203, MACH_MSG_TYPE_MOVE_SEND, 77);
	mig_reply_error_t out;

	memset(&out, 0xee, sizeof(out));
	mig_reply_setup(&in, &out.Head);
	ASSERT_EQ(out.Head.msgh_bits, MACH_MSGH_BITS(MOVE_ONCE, 0));
	ASSERT_EQ(out.Head.msgh_size, sizeof(out));
	ASSERT_EQ(out.Head.msgh_size, 36);
	ASSERT_EQ(out.Head.msgh_remote_port, 0x1103);
	ASSERT_EQ(out.Head.msgh_local_port, MACH_PORT_NULL);
	ASSERT_EQ(out.Head.msgh_id, 177);
	ASSERT_EQ(out.RetCode, MIG_BAD_ID);
	ASSERT_MEMEQ(&out.NDR, &NDR_record, sizeof(NDR_record));
}

RULE(once_serves_one_request)
{
	mach_port_t server = make_receive(), reply = make_receive();

	ask(server, reply, ID_ANSWER);
	ask(server, reply, ID_ANSWER);
	served = 0;
	ASSERT_EQ(serve_once(server, 0), MACH_MSG_SUCCESS);
	ASSERT_EQ(served, 1);
	ASSERT_EQ(queued(server), 1);
	ASSERT_EQ(take_answer(reply, ID_ANSWER), KERN_SUCCESS);
	expect_nothing(reply);
	drop_receive(server);
	expect_notification(reply, MACH_NOTIFY_SEND_ONCE);
	drop_receive(reply);
}

RULE(error_is_answered)
{
	mach_port_t server = make_receive(), reply = make_receive();

	ask(server, reply, ID_ERROR);
	ASSERT_EQ(serve_once(server, 0), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_answer(reply, ID_ERROR), KERN_NO_ACCESS);
	drop_receive(server);
	drop_receive(reply);
}

RULE(unknown_id_is_answered_with_bad_id)
{
	mach_port_t server = make_receive(), reply = make_receive();

	ask(server, reply, 4);
	ASSERT_EQ(serve_once(server, 0), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_answer(reply, 4), MIG_BAD_ID);
	drop_receive(server);
	drop_receive(reply);
}

RULE(error_destroys_the_rights_of_the_request)
{
	mach_port_t server = make_receive(), reply = make_receive(), body = make_receive();
	PortMessage message = make_port_message(server, body, MAKE_ONCE);

	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MAKE_SEND, MAKE_ONCE);
	message.header.msgh_local_port = reply;
	message.header.msgh_id = ID_ERROR;
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	ASSERT_EQ(serve_once(server, 0), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_answer(reply, ID_ERROR), KERN_NO_ACCESS);
	expect_nothing(reply);
	expect_notification(body, MACH_NOTIFY_SEND_ONCE);
	drop_receive(server);
	drop_receive(reply);
	drop_receive(body);
}

RULE(no_reply_sends_none_and_leaves_the_request_alone)
{
	mach_port_t server = make_receive(), reply = make_receive();

	ask(server, reply, ID_NO_REPLY);
	ASSERT_EQ(serve_once(server, 0), MACH_MSG_SUCCESS);
	expect_nothing(reply);
	ASSERT_EQ(type_of(kept), MACH_PORT_TYPE_SEND_ONCE);
	ASSERT_EQ(send_empty(kept, MOVE_ONCE, 5), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(reply), 5);
	drop_receive(server);
	drop_receive(reply);
}

RULE(complex_answer_carries_rights)
{
	mach_port_t server = make_receive(), reply = make_receive();
	Buffer buffer;

	ask(server, reply, ID_COMPLEX);
	ASSERT_EQ(serve_once(server, 0), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(reply, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(received_port(&buffer)), MACH_PORT_TYPE_RECEIVE);
	drop_receive(received_port(&buffer));
	drop_receive(server);
	drop_receive(reply);
}

RULE(request_without_a_reply_port_is_served)
{
	mach_port_t server = make_receive();

	ask(server, MACH_PORT_NULL, ID_ANSWER);
	served = 0;
	ASSERT_EQ(serve_once(server, 0), MACH_MSG_SUCCESS);
	ASSERT_EQ(served, 1);
	drop_receive(server);
}

RULE(answer_to_a_client_that_is_gone_is_destroyed)
{
	mach_port_t server = make_receive(), reply = make_receive();

	ask(server, reply, ID_COMPLEX);
	drop_receive(reply);
	ASSERT_EQ(serve_once(server, 0), MACH_MSG_SUCCESS);
	drop_receive(server);
}

RULE(answer_to_a_client_whose_reply_port_is_full_is_destroyed)
{
	mach_port_t server = make_receive(), reply = make_send_receive();
	mach_msg_header_t header = make_header(server, MAKE_SEND, reply, COPY_SEND, ID_COMPLEX);

	ASSERT_EQ(send_message(&header, sizeof(header)), MACH_MSG_SUCCESS);
	fill_queue(reply);
	ASSERT_EQ(serve_once(server, 0), MACH_MSG_SUCCESS);
	ASSERT_EQ(queued(reply), 5);
	ASSERT_EQ(send_refs(reply), 1);
	destroy(reply);
	drop_receive(server);
}

RULE(trailer_that_the_options_ask_for_is_behind_the_request)
{
	mach_port_t server = make_receive(), reply = make_receive();

	ask(server, reply, ID_TRAILER);
	ASSERT_EQ(serve_once(server, MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT)),
		MACH_MSG_SUCCESS);
	ASSERT_EQ(take_answer(reply, ID_TRAILER), KERN_SUCCESS);
	drop_receive(server);
	drop_receive(reply);
}

static void ask_large(mach_port_t server, mach_port_t reply, unsigned size)
{
	uint8_t *bytes = calloc(1, size);

	ASSERT_NOT_NULL(bytes);
	*(mach_msg_header_t *)bytes = make_header(server, MAKE_SEND, reply, MAKE_ONCE, ID_SIZE);
	ASSERT_EQ(send_message(bytes, size), MACH_MSG_SUCCESS);
	free(bytes);
}

RULE(request_of_the_largest_size_fits)
{
	mach_port_t server = make_receive(), reply = make_receive();

	ask_large(server, reply, MAX);
	ASSERT_EQ(serve_once(server, 0), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_answer(reply, ID_SIZE), MAX);
	drop_receive(server);
	drop_receive(reply);
}

RULE(buffer_grows_with_rcv_large)
{
	mach_port_t server = make_receive(), reply = make_receive();

	ask_large(server, reply, 100000);
	ASSERT_EQ(serve_once(server, MACH_RCV_LARGE), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_answer(reply, ID_SIZE), 100000);
	drop_receive(server);
	drop_receive(reply);
}

RULE(request_that_is_too_large_ends_the_server)
{
	mach_port_t server = make_receive(), reply = make_receive();

	ask_large(server, reply, 100000);
	ASSERT_EQ(serve_once(server, 0), MACH_RCV_TOO_LARGE);
	expect_notification(reply, MACH_NOTIFY_SEND_ONCE);
	drop_receive(server);
	drop_receive(reply);
}

RULE(server_of_no_receive_right_returns_at_once)
{
	mach_port_t stale = make_stale();

	ASSERT_EQ(serve_once(stale, 0), MACH_RCV_INVALID_NAME);
	ASSERT_EQ(mach_msg_server(demux, MAX, stale, 0), MACH_RCV_INVALID_NAME);
}

/* --- The loop. --- */

typedef struct Server {
	mach_port_t port;
	mach_msg_return_t result;
	atomic_int tid;
	atomic_bool done;
} Server;

static void *server_main(void *argument)
{
	Server *server = argument;

	atomic_store(&server->tid, (int)syscall(SYS_gettid));
	server->result = mach_msg_server(demux, MAX, server->port, 0);
	atomic_store(&server->done, true);
	return NULL;
}

static void call(mach_port_t to, int id, kern_return_t expected)
{
	mach_port_t reply = mig_get_reply_port();
	Buffer buffer = {.header = make_header(to, MAKE_SEND, reply, MAKE_ONCE, id)};

	ASSERT_EQ(mach_msg(&buffer.header, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT, 24,
			  sizeof(buffer), reply, LONG_MS, MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, id + 100);
	ASSERT_EQ(buffer.header.msgh_remote_port, MACH_PORT_NULL);
	ASSERT_EQ(((mig_reply_error_t *)&buffer)->RetCode, expected);
	mig_put_reply_port(reply);
}

RULE(server_serves_until_its_port_dies)
{
	Server server = {.port = make_receive()};
	pthread_t thread;

	ASSERT_OK(pthread_create(&thread, NULL, server_main, &server));
	for (unsigned i = 0; i < 200; i++) {
		call(server.port, ID_ANSWER, KERN_SUCCESS);
		call(server.port, ID_ERROR, KERN_NO_ACCESS);
		call(server.port, 7, MIG_BAD_ID);
	}
	wait_until_asleep(&server.tid, &server.done);
	drop_receive(server.port);
	ASSERT_OK(pthread_join(thread, NULL));
	ASSERT_EQ(server.result, MACH_RCV_PORT_DIED);
	mig_dealloc_reply_port(mig_get_reply_port());
}

RULE(server_serves_a_set)
{
	mach_port_t first = make_receive(), second = make_receive();
	Server server = {.port = make_set()};
	pthread_t thread;

	ASSERT_EQ(mach_port_insert_member(SELF, first, server.port), KERN_SUCCESS);
	ASSERT_EQ(mach_port_insert_member(SELF, second, server.port), KERN_SUCCESS);
	ASSERT_OK(pthread_create(&thread, NULL, server_main, &server));
	for (unsigned i = 0; i < 50; i++) {
		call(first, ID_ANSWER, KERN_SUCCESS);
		call(second, ID_ANSWER, KERN_SUCCESS);
	}
	wait_until_asleep(&server.tid, &server.done);
	drop_set(server.port);
	ASSERT_OK(pthread_join(thread, NULL));
	ASSERT_EQ(server.result, MACH_RCV_PORT_DIED);
	drop_receive(first);
	drop_receive(second);
	mig_dealloc_reply_port(mig_get_reply_port());
}
