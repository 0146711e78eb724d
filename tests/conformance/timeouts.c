/* SPDX-License-Identifier: Apache-2.0 */
/* Full queues, time-outs, threads that wait, and what ends their waiting. */
#include "tests/conformance/conformance.h"

enum {
	COPY_SEND = MACH_MSG_TYPE_COPY_SEND,
	MOVE_SEND = MACH_MSG_TYPE_MOVE_SEND,
	MOVE_ONCE = MACH_MSG_TYPE_MOVE_SEND_ONCE,
	MAKE_ONCE = MACH_MSG_TYPE_MAKE_SEND_ONCE,
};

/* A port with room for one message, which is taken. */
static mach_port_t make_full(void)
{
	mach_port_t port = make_send_receive();

	ASSERT_EQ(set_qlimit(port, 1), KERN_SUCCESS);
	ASSERT_EQ(send_empty(port, COPY_SEND, 1), MACH_MSG_SUCCESS);
	return port;
}

/* Sends that fail give back a reference, which this drops. */
static mach_msg_return_t try_send(mach_port_t port, int id)
{
	mach_msg_header_t header = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, id);
	mach_msg_return_t mr = send_message(&header, sizeof(header));

	if (mr == MACH_SEND_TIMED_OUT)
		mach_msg_destroy(&header);
	return mr;
}

/* --- Sending. --- */

RULE(send_to_a_full_queue_times_out_at_once)
{
	mach_port_t port = make_send_receive();

	for (unsigned i = 0; i < 5; i++)
		ASSERT_EQ(try_send(port, 1), MACH_MSG_SUCCESS);
	ASSERT_EQ(try_send(port, 1), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(queued(port), 5);
	take_id(port);
	ASSERT_EQ(try_send(port, 1), MACH_MSG_SUCCESS);
	ASSERT_EQ(try_send(port, 1), MACH_SEND_TIMED_OUT);
	destroy(port);
}

RULE(send_to_a_full_queue_waits_for_its_time)
{
	mach_port_t port = make_full();
	mach_msg_header_t header = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 2);
	uint64_t start = now_ms();

	ASSERT_EQ(mach_msg(&header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(header), 0,
			  MACH_PORT_NULL, 50, MACH_PORT_NULL),
		MACH_SEND_TIMED_OUT);
	ASSERT_GE(now_ms() - start, 49);
	mach_msg_destroy(&header);
	destroy(port);
}

RULE(queue_limit_of_zero_takes_send_once_rights_only)
{
	mach_port_t port = make_send_receive();

	ASSERT_EQ(set_qlimit(port, 0), KERN_SUCCESS);
	ASSERT_EQ(try_send(port, 1), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(send_empty(port, MAKE_ONCE, 2), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(port), 2);
	destroy(port);
}

RULE(send_once_rights_do_not_mind_a_full_queue)
{
	mach_port_t port = make_full(), once = make_send_once(port);

	for (int i = 0; i < 100; i++)
		ASSERT_EQ(send_empty(port, MAKE_ONCE, 10 + i), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_empty(once, MOVE_ONCE, 200), MACH_MSG_SUCCESS);
	ASSERT_EQ(queued(port), 102);
	ASSERT_EQ(try_send(port, 1), MACH_SEND_TIMED_OUT);
	ASSERT_EQ(take_id(port), 1);
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(take_id(port), 10 + i);
	ASSERT_EQ(take_id(port), 200);
	destroy(port);
}

RULE(blocked_sender_is_woken_by_a_receive)
{
	mach_port_t port = make_full();
	mach_msg_header_t header = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 2);
	Caller caller = CALLER_SEND(&header);

	caller_start_blocked(&caller);
	ASSERT_EQ(take_id(port), 1);
	ASSERT_EQ(caller_join(&caller), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(port), 2);
	destroy(port);
}

RULE(blocked_sender_is_woken_by_a_higher_limit)
{
	mach_port_t port = make_full();
	mach_msg_header_t headers[2];
	Caller callers[2];

	for (int i = 0; i < 2; i++) {
		headers[i] = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 2 + i);
		callers[i] = (Caller)CALLER_SEND(&headers[i]);
		caller_start_blocked(&callers[i]);
	}
	ASSERT_EQ(set_qlimit(port, 3), KERN_SUCCESS);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(caller_join(&callers[i]), MACH_MSG_SUCCESS);
	ASSERT_EQ(queued(port), 3);
	destroy(port);
}

RULE(blocked_sender_with_a_time_out_is_woken_too)
{
	mach_port_t port = make_full();
	mach_msg_header_t header = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 2);
	Caller caller = CALLER_SEND(&header);

	caller.options |= MACH_SEND_TIMEOUT;
	caller.timeout = LONG_MS;
	caller_start_blocked(&caller);
	ASSERT_EQ(take_id(port), 1);
	ASSERT_EQ(caller_join(&caller), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(port), 2);
	destroy(port);
}

RULE(blocked_senders_go_one_by_one_in_their_order)
{
	enum { N = 4 };
	mach_port_t port = make_full();
	mach_msg_header_t headers[N];
	Caller callers[N];

	for (int i = 0; i < N; i++) {
		headers[i] = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 2 + i);
		callers[i] = (Caller)CALLER_SEND(&headers[i]);
		caller_start_blocked(&callers[i]);
	}
	for (int i = 0; i < N; i++) {
		ASSERT_EQ(take_id(port), 1 + i);
		ASSERT_EQ(caller_join(&callers[i]), MACH_MSG_SUCCESS);
		ASSERT_EQ(queued(port), 1);
		for (int j = i + 1; j < N; j++)
			wait_until_asleep(&callers[j].tid, &callers[j].done);
	}
	ASSERT_EQ(take_id(port), 1 + N);
	destroy(port);
}

RULE(blocked_sender_inherits_the_slot)
{
	for (unsigned i = 0; i < 20; i++) {
		mach_port_t port = make_full();
		mach_msg_header_t header = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 2);
		Caller caller = CALLER_SEND(&header);

		caller_start_blocked(&caller);
		ASSERT_EQ(take_id(port), 1);
		ASSERT_EQ(try_send(port, 3), MACH_SEND_TIMED_OUT);
		ASSERT_EQ(caller_join(&caller), MACH_MSG_SUCCESS);
		ASSERT_EQ(take_id(port), 2);
		destroy(port);
	}
}

RULE(port_destroyed_swallows_what_a_blocked_sender_holds)
{
	mach_port_t port = make_full(), other = make_receive();
	PortMessage message = make_port_message(port, other, MAKE_ONCE);
	Caller caller = CALLER_SEND(&message);

	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(COPY_SEND, 0);
	caller_start_blocked(&caller);
	drop_receive(port);
	ASSERT_EQ(caller_join(&caller), MACH_MSG_SUCCESS);
	expect_notification(other, MACH_NOTIFY_SEND_ONCE);
	ASSERT_EQ(dead_refs(port), 1);
	drop_dead(port, 1);
	drop_receive(other);
}

RULE(blocked_sender_follows_a_port_that_is_moved)
{
	mach_port_t port = make_full(), park;
	mach_msg_header_t header = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 2);
	Caller caller = CALLER_SEND(&header);

	caller_start_blocked(&caller);
	park = park_receive(port);
	wait_until_asleep(&caller.tid, &caller.done);
	ASSERT_EQ(unpark_receive(park), port);
	ASSERT_EQ(take_id(port), 1);
	ASSERT_EQ(caller_join(&caller), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(port), 2);
	destroy(port);
}

/* --- Receiving. --- */

RULE(receive_from_an_empty_queue_times_out_at_once)
{
	mach_port_t port = make_receive();

	expect_nothing(port);
	drop_receive(port);
}

RULE(receive_from_an_empty_queue_waits_for_its_time)
{
	mach_port_t port = make_receive();
	Buffer buffer;
	uint64_t start = now_ms();

	ASSERT_EQ(receive_with(port, &buffer, 0, 50), MACH_RCV_TIMED_OUT);
	ASSERT_GE(now_ms() - start, 49);
	drop_receive(port);
}

RULE(waiting_receiver_gets_the_message)
{
	mach_port_t port = make_receive();
	Buffer buffer;
	Caller caller = CALLER_RECEIVE(&buffer, port);

	caller_start_blocked(&caller);
	post(port, 3);
	ASSERT_EQ(caller_join(&caller), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, 3);
	drop_receive(port);
}

RULE(waiting_receivers_get_one_message_each)
{
	enum { N = 3 };
	mach_port_t port = make_receive();
	Buffer buffers[N];
	Caller callers[N];
	int sum = 0;

	for (int i = 0; i < N; i++) {
		callers[i] = (Caller)CALLER_RECEIVE(&buffers[i], port);
		caller_start_blocked(&callers[i]);
	}
	for (int i = 0; i < N; i++)
		post(port, 1 << i);
	for (int i = 0; i < N; i++) {
		ASSERT_EQ(caller_join(&callers[i]), MACH_MSG_SUCCESS);
		sum += buffers[i].header.msgh_id;
	}
	ASSERT_EQ(sum, (1 << N) - 1);
	expect_nothing(port);
	drop_receive(port);
}

RULE(waiting_receiver_of_a_destroyed_port_gets_port_died)
{
	enum { N = 2 };
	mach_port_t port = make_receive();
	Buffer buffers[N];
	Caller callers[N];

	for (int i = 0; i < N; i++) {
		callers[i] = (Caller)CALLER_RECEIVE(&buffers[i], port);
		caller_start_blocked(&callers[i]);
	}
	drop_receive(port);
	for (int i = 0; i < N; i++)
		ASSERT_EQ(caller_join(&callers[i]), MACH_RCV_PORT_DIED);
}

RULE(waiting_receiver_of_a_moved_port_gets_port_died)
{
	mach_port_t port = make_receive(), park;
	Buffer buffer;
	Caller caller = CALLER_RECEIVE(&buffer, port);

	caller_start_blocked(&caller);
	park = park_receive(port);
	ASSERT_EQ(caller_join(&caller), MACH_RCV_PORT_DIED);
	drop_receive(unpark_receive(park));
}

RULE(waiting_receiver_of_a_destructed_port_gets_port_died)
{
	mach_port_t port = make_send_receive();
	Buffer buffer;
	Caller caller = CALLER_RECEIVE(&buffer, port);

	caller.options |= MACH_RCV_TIMEOUT;
	caller.timeout = LONG_MS;
	caller_start_blocked(&caller);
	ASSERT_EQ(mach_port_destruct(SELF, port, -1, 0), KERN_SUCCESS);
	ASSERT_EQ(caller_join(&caller), MACH_RCV_PORT_DIED);
}

RULE(combined_call_times_out_in_its_receive)
{
	mach_port_t port = make_receive(), reply = make_receive();
	Buffer buffer = {.header = make_header(port, MACH_MSG_TYPE_MAKE_SEND, reply, MAKE_ONCE, 1)};

	ASSERT_EQ(mach_msg(&buffer.header, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT, 24,
			  sizeof(buffer), reply, 20, MACH_PORT_NULL),
		MACH_RCV_TIMED_OUT);
	ASSERT_EQ(take_id(port), 1);
	expect_notification(reply, MACH_NOTIFY_SEND_ONCE);
	drop_receive(port);
	drop_receive(reply);
}

/* --- Signals. --- */

static void on_signal(int number)
{
	(void)number;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	ASSERT_SYS(sigaction(SIGUSR1, &action, NULL));
}

RULE(receive_with_interrupt_ends_by_a_signal)
{
	mach_port_t port = make_receive();
	Buffer buffer;
	Caller caller = CALLER_RECEIVE(&buffer, port);

	catch_signals();
	caller.options |= MACH_RCV_INTERRUPT;
	caller_start_blocked(&caller);
	ASSERT_OK(pthread_kill(caller.thread, SIGUSR1));
	ASSERT_EQ(caller_join(&caller), MACH_RCV_INTERRUPTED);
	drop_receive(port);
}

RULE(receive_without_interrupt_outlives_a_signal)
{
	mach_port_t port = make_receive();
	Buffer buffer;
	Caller caller = CALLER_RECEIVE(&buffer, port);

	catch_signals();
	caller_start_blocked(&caller);
	for (unsigned i = 0; i < 3; i++) {
		ASSERT_OK(pthread_kill(caller.thread, SIGUSR1));
		wait_until_asleep(&caller.tid, &caller.done);
	}
	post(port, 3);
	ASSERT_EQ(caller_join(&caller), MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, 3);
	drop_receive(port);
}

RULE(send_with_interrupt_ends_by_a_signal_and_gives_all_back)
{
	mach_port_t port = make_full(), other = make_receive();
	PortMessage message = make_port_message(port, other, MAKE_ONCE);
	Caller caller = CALLER_SEND(&message);

	catch_signals();
	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(COPY_SEND, 0);
	caller.options |= MACH_SEND_INTERRUPT;
	caller_start_blocked(&caller);
	ASSERT_OK(pthread_kill(caller.thread, SIGUSR1));
	ASSERT_EQ(caller_join(&caller), MACH_SEND_INTERRUPTED);
	ASSERT_EQ(MACH_MSGH_BITS_REMOTE(message.header.msgh_bits), MOVE_SEND);
	ASSERT_EQ(message.port.disposition, MOVE_ONCE);
	ASSERT_EQ(type_of(message.port.name), MACH_PORT_TYPE_SEND_ONCE);
	ASSERT_EQ(send_refs(port), 2);
	mach_msg_destroy(&message.header);
	ASSERT_EQ(send_refs(port), 1);
	expect_notification(other, MACH_NOTIFY_SEND_ONCE);
	destroy(port);
	drop_receive(other);
}

RULE(send_without_interrupt_outlives_a_signal)
{
	mach_port_t port = make_full();
	mach_msg_header_t header = make_header(port, COPY_SEND, MACH_PORT_NULL, 0, 2);
	Caller caller = CALLER_SEND(&header);

	catch_signals();
	caller_start_blocked(&caller);
	for (unsigned i = 0; i < 3; i++) {
		ASSERT_OK(pthread_kill(caller.thread, SIGUSR1));
		wait_until_asleep(&caller.tid, &caller.done);
	}
	ASSERT_EQ(take_id(port), 1);
	ASSERT_EQ(caller_join(&caller), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(port), 2);
	destroy(port);
}
