/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several threads at once on the same rights. Whatever the order, the counts at the end are exact:
 * no message, right, reference or notification is lost or made twice.
 */
#include "tests/conformance/conformance.h"

enum {
	MOVE_RECEIVE = MACH_MSG_TYPE_MOVE_RECEIVE,
	MOVE_SEND = MACH_MSG_TYPE_MOVE_SEND,
	MOVE_ONCE = MACH_MSG_TYPE_MOVE_SEND_ONCE,
	COPY_SEND = MACH_MSG_TYPE_COPY_SEND,
	MAKE_SEND = MACH_MSG_TYPE_MAKE_SEND,
	MAKE_ONCE = MACH_MSG_TYPE_MAKE_SEND_ONCE,
	THREADS = 4,
};

/* What the threads of a test share. */
typedef struct Shared {
	mach_port_t port, other, set;
	pthread_barrier_t barrier;
	atomic_uint next; /* gives each thread its number */
	atomic_uint count, count2;
} Shared;

static unsigned enter(Shared *shared)
{
	unsigned number = atomic_fetch_add(&shared->next, 1);

	pthread_barrier_wait(&shared->barrier);
	return number;
}

static void run_threads(Shared *shared, void *(*run)(void *))
{
	pthread_t threads[THREADS];

	ASSERT_OK(pthread_barrier_init(&shared->barrier, NULL, THREADS));
	for (unsigned i = 0; i < THREADS; i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, run, shared));
	for (unsigned i = 0; i < THREADS; i++)
		ASSERT_OK(pthread_join(threads[i], NULL));
	ASSERT_OK(pthread_barrier_destroy(&shared->barrier));
}

/* --- Names. --- */

static void *allocate_main(void *argument)
{
	enum { N = 64, ROUNDS = 100 };
	mach_port_t names[N];

	enter(argument);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < N; i++)
			names[i] = make_right(i % 3 == 0   ? MACH_PORT_RIGHT_PORT_SET
					      : i % 3 == 1 ? MACH_PORT_RIGHT_DEAD_NAME
							   : MACH_PORT_RIGHT_RECEIVE);
		for (unsigned i = 0; i < N; i++)
			ASSERT_NE(type_of(names[i]), MACH_PORT_TYPE_NONE);
		for (unsigned i = 0; i < N; i++)
			destroy(names[i]);
	}
	return NULL;
}

RULE(threads_allocate_and_destroy)
{
	Shared shared = {0};

	run_threads(&shared, allocate_main);
}

static void *references_main(void *argument)
{
	enum { N = 5000 };
	Shared *shared = argument;

	enter(shared);
	for (unsigned i = 0; i < N; i++) {
		add_sends(shared->port, 2);
		deallocate(shared->port);
	}
	return NULL;
}

RULE(threads_count_references_of_one_name)
{
	Shared shared = {.port = make_receive()};

	run_threads(&shared, references_main);
	ASSERT_EQ(send_refs(shared.port), THREADS * 5000);
	ASSERT_EQ(status_of(shared.port).mps_mscount, THREADS * 5000 * 2);
	destroy(shared.port);
}

/* Each thread tries to destroy each name; one of them does. */
enum { N_RACED = 400 };
static mach_port_t raced[N_RACED];

static void *race_main(void *argument)
{
	Shared *shared = argument;
	unsigned number = enter(shared);

	for (unsigned i = 0; i < N_RACED; i++) {
		mach_port_t name = raced[(i + number * 7) % N_RACED];
		kern_return_t kr = mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_RECEIVE, -1);

		if (kr == KERN_SUCCESS)
			atomic_fetch_add(&shared->count, 1);
		else
			ASSERT_EQ(kr, KERN_INVALID_NAME);
	}
	return NULL;
}

RULE(threads_race_to_destroy_ports)
{
	Shared shared = {0};

	for (unsigned round = 0; round < 10; round++) {
		atomic_store(&shared.count, 0);
		atomic_store(&shared.next, 0);
		for (unsigned i = 0; i < N_RACED; i++)
			raced[i] = make_receive();
		run_threads(&shared, race_main);
		ASSERT_EQ(atomic_load(&shared.count), N_RACED);
	}
}

/* --- Messages. --- */

/* Even threads send, odd ones receive, all block. */
static void *traffic_main(void *argument)
{
	enum { N = 5000 };
	Shared *shared = argument;
	unsigned number = enter(shared);
	Buffer buffer;

	for (unsigned i = 0; i < N; i++) {
		if (number % 2 == 0) {
			buffer.header = make_header(
				shared->port, COPY_SEND, MACH_PORT_NULL, 0, (int)(number * N + i));
			ASSERT_EQ(mach_msg(&buffer.header, MACH_SEND_MSG, 24, 0, MACH_PORT_NULL, 0,
					  MACH_PORT_NULL),
				MACH_MSG_SUCCESS);
			atomic_fetch_add(&shared->count, (unsigned)buffer.header.msgh_id);
		} else {
			ASSERT_EQ(mach_msg(&buffer.header, MACH_RCV_MSG, 0, sizeof(buffer),
					  shared->port, 0, MACH_PORT_NULL),
				MACH_MSG_SUCCESS);
			atomic_fetch_add(&shared->count2, (unsigned)buffer.header.msgh_id);
		}
	}
	return NULL;
}

RULE(threads_send_and_receive)
{
	static const unsigned limits[] = {1, 5, 1024};

	for (unsigned i = 0; i < 3; i++) {
		Shared shared = {.port = make_send_receive()};

		ASSERT_EQ(set_qlimit(shared.port, limits[i]), KERN_SUCCESS);
		run_threads(&shared, traffic_main);
		ASSERT_EQ(atomic_load(&shared.count), atomic_load(&shared.count2));
		ASSERT_EQ(queued(shared.port), 0);
		ASSERT_EQ(send_refs(shared.port), 1);
		ASSERT_EQ(status_of(shared.port).mps_seqno, 2 * 5000);
		destroy(shared.port);
	}
}

/* Calls with an answer from every thread to every thread: each serves what it finds, then calls. */
static void *calls_main(void *argument)
{
	enum { N = 1000 };
	Shared *shared = argument;
	mach_port_t reply = mig_get_reply_port();
	Buffer buffer;

	enter(shared);
	for (int i = 0; i < N; i++) {
		mach_msg_header_t header = make_header(
			shared->port, COPY_SEND, reply, MAKE_ONCE, i);

		ASSERT_EQ(
			mach_msg(&header, MACH_SEND_MSG, 24, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL),
			MACH_MSG_SUCCESS);
		ASSERT_EQ(receive_soon(shared->port, &buffer), MACH_MSG_SUCCESS);
		ASSERT_EQ(send_empty(buffer.header.msgh_remote_port, MOVE_ONCE,
				  buffer.header.msgh_id + 100),
			MACH_MSG_SUCCESS);
		ASSERT_EQ(receive_soon(reply, &buffer), MACH_MSG_SUCCESS);
		ASSERT_EQ(buffer.header.msgh_id, i + 100);
	}
	mig_dealloc_reply_port(reply);
	return NULL;
}

RULE(threads_call_each_other)
{
	Shared shared = {.port = make_send_receive()};

	run_threads(&shared, calls_main);
	ASSERT_EQ(queued(shared.port), 0);
	destroy(shared.port);
}

/* Rights of all kinds in messages that some receive and some destroy unread. */
static void *rights_main(void *argument)
{
	enum { N = 1000 };
	Shared *shared = argument;
	Buffer buffer;

	enter(shared);
	for (unsigned i = 0; i < N; i++) {
		mach_port_t mine = make_receive();

		ASSERT_EQ(send_port(mine, shared->port, MAKE_SEND), MACH_MSG_SUCCESS);
		ASSERT_EQ(send_port(mine, shared->other, MAKE_ONCE), MACH_MSG_SUCCESS);
		ASSERT_EQ(send_port(mine, make_receive(), MOVE_RECEIVE), MACH_MSG_SUCCESS);
		if (i % 2) {
			for (unsigned j = 0; j < 3; j++) {
				ASSERT_EQ(receive_now(mine, &buffer), MACH_MSG_SUCCESS);
				mach_msg_destroy(&buffer.header);
			}
		}
		drop_receive(mine);
		ASSERT_EQ(receive_soon(shared->other, &buffer), MACH_MSG_SUCCESS);
		ASSERT_EQ(buffer.header.msgh_id, MACH_NOTIFY_SEND_ONCE);
	}
	return NULL;
}

RULE(threads_pass_rights)
{
	Shared shared = {.port = make_receive(), .other = make_receive()};

	run_threads(&shared, rights_main);
	ASSERT_EQ(type_of(shared.port), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(status_of(shared.port).mps_srights, FALSE);
	ASSERT_EQ(status_of(shared.port).mps_mscount, THREADS * 1000);
	ASSERT_EQ(status_of(shared.other).mps_sorights, 0);
	ASSERT_EQ(queued(shared.other), 0);
	drop_receive(shared.port);
	drop_receive(shared.other);
}

/* --- Sets. --- */

/* Two threads send and receive; the others put the port into the set and out of it. */
static void *sets_main(void *argument)
{
	enum { N = 3000 };
	Shared *shared = argument;
	unsigned number = enter(shared);
	Buffer buffer;

	if (number == 0) {
		for (unsigned i = 0; i < N; i++) {
			mach_msg_header_t header = make_header(
				shared->port, COPY_SEND, MACH_PORT_NULL, 0, (int)i);

			ASSERT_EQ(mach_msg(&header, MACH_SEND_MSG, 24, 0, MACH_PORT_NULL, 0,
					  MACH_PORT_NULL),
				MACH_MSG_SUCCESS);
		}
	} else if (number == 1) {
		for (unsigned i = 0; i < N; i++) {
			ASSERT_EQ(receive_soon(shared->set, &buffer), MACH_MSG_SUCCESS);
			ASSERT_EQ(buffer.header.msgh_id, (int)i);
			ASSERT_EQ(buffer.header.msgh_local_port, shared->port);
			atomic_fetch_add(&shared->count, 1);
		}
	} else {
		while (atomic_load(&shared->count) < N) {
			kern_return_t kr = number == 2 ? mach_port_move_member(
								 SELF, shared->port, MACH_PORT_NULL)
						       : mach_port_insert_member(
								 SELF, shared->port, shared->set);

			ASSERT_TRUE(kr == KERN_SUCCESS || kr == KERN_NOT_IN_SET ||
				    kr == KERN_ALREADY_IN_SET);
		}
	}
	return NULL;
}

RULE(threads_move_members_while_others_receive)
{
	Shared shared = {.port = make_send_receive(), .set = make_set()};

	run_threads(&shared, sets_main);
	ASSERT_EQ(atomic_load(&shared.count), 3000);
	ASSERT_EQ(queued(shared.port), 0);
	destroy(shared.port);
	drop_set(shared.set);
}

/* --- Receivers of a port that goes away. --- */

static atomic_uint doomed;

static void *doomed_main(void *argument)
{
	enum { ROUNDS = 300 };
	Shared *shared = argument;
	unsigned number = enter(shared);
	Buffer buffer;

	for (unsigned round = 0; round < ROUNDS; round++) {
		mach_msg_return_t mr;

		if (number == 0)
			atomic_store(&doomed, make_receive());
		pthread_barrier_wait(&shared->barrier);
		if (number == 0) {
			if (round % 2)
				drop_receive(atomic_load(&doomed));
			else
				drop_receive(unpark_receive(park_receive(atomic_load(&doomed))));
		} else {
			mr = mach_msg(&buffer.header, MACH_RCV_MSG, 0, sizeof(buffer),
				atomic_load(&doomed), 0, MACH_PORT_NULL);
			ASSERT_TRUE(mr == MACH_RCV_PORT_DIED || mr == MACH_RCV_INVALID_NAME);
		}
		pthread_barrier_wait(&shared->barrier);
	}
	return NULL;
}

RULE(threads_wait_on_ports_that_go_away)
{
	Shared shared = {0};

	run_threads(&shared, doomed_main);
}

/* --- Senders to a port that goes away. --- */

static void *blocked_main(void *argument)
{
	enum { ROUNDS = 300 };
	Shared *shared = argument;
	unsigned number = enter(shared);

	for (unsigned round = 0; round < ROUNDS; round++) {
		mach_port_t port;

		if (number == 0) {
			port = make_receive();
			add_sends(port, THREADS);
			ASSERT_EQ(set_qlimit(port, 1), KERN_SUCCESS);
			atomic_store(&doomed, port);
		}
		pthread_barrier_wait(&shared->barrier);
		port = atomic_load(&doomed);
		if (number == 0) {
			drop_receive(port);
		} else {
			PortMessage message = make_port_message(port, shared->other, MAKE_ONCE);
			mach_msg_return_t mr;

			message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX |
						   MACH_MSGH_BITS(COPY_SEND, 0);
			mr = mach_msg(&message.header, MACH_SEND_MSG, sizeof(message), 0,
				MACH_PORT_NULL, 0, MACH_PORT_NULL);
			if (mr == MACH_MSG_SUCCESS)
				atomic_fetch_add(&shared->count, 1);
			else
				ASSERT_EQ(mr, MACH_SEND_INVALID_DEST);
		}
		pthread_barrier_wait(&shared->barrier);
		if (number == 0)
			drop_dead(port, THREADS);
	}
	return NULL;
}

RULE(threads_send_to_ports_that_go_away)
{
	Shared shared = {.other = make_receive()};
	unsigned notified = 0;

	run_threads(&shared, blocked_main);
	while (take_id(shared.other) == MACH_NOTIFY_SEND_ONCE)
		notified++;
	ASSERT_EQ(notified, atomic_load(&shared.count));
	ASSERT_EQ(status_of(shared.other).mps_sorights, 0);
	drop_receive(shared.other);
}

/* --- Notifications. --- */

static void *notify_main(void *argument)
{
	enum { N = 1000 };
	Shared *shared = argument;

	enter(shared);
	for (unsigned i = 0; i < N; i++) {
		mach_port_t mine = make_send_receive();

		request_new(mine, MACH_NOTIFY_DEAD_NAME, 0, shared->port);
		request_new(mine, MACH_NOTIFY_NO_SENDERS, 0, shared->other);
		drop_receive(mine);
		drop_dead(mine, 2);
	}
	return NULL;
}

RULE(threads_get_one_notification_for_each_request)
{
	Shared shared = {.port = make_receive(), .other = make_receive()};
	unsigned dead = 0, once = 0;

	run_threads(&shared, notify_main);
	while (take_id(shared.port) == MACH_NOTIFY_DEAD_NAME)
		dead++;
	while (take_id(shared.other) == MACH_NOTIFY_SEND_ONCE)
		once++;
	ASSERT_EQ(dead, THREADS * 1000);
	ASSERT_EQ(once, THREADS * 1000);
	drop_receive(shared.port);
	drop_receive(shared.other);
}

/* --- A receive right on its way between threads. --- */

/* Each thread takes the right from the parcel office, reads one message, sends the right on. */
static void *parcel_main(void *argument)
{
	enum { N = 500 };
	Shared *shared = argument;
	Buffer buffer;

	enter(shared);
	for (unsigned i = 0; i < N; i++) {
		mach_port_t parcel;

		ASSERT_EQ(receive_soon(shared->other, &buffer), MACH_MSG_SUCCESS);
		parcel = received_port(&buffer);
		ASSERT_EQ(parcel, shared->port);
		ASSERT_EQ(take_id(parcel), 1);
		ASSERT_EQ(send_empty(shared->port, COPY_SEND, 1), MACH_MSG_SUCCESS);
		ASSERT_EQ(send_port(shared->other, parcel, MOVE_RECEIVE), MACH_MSG_SUCCESS);
		atomic_fetch_add(&shared->count, 1);
	}
	return NULL;
}

RULE(threads_hand_a_receive_right_on)
{
	Shared shared = {.port = make_send_receive(), .other = make_receive()};
	unsigned left = 0;

	for (unsigned i = 0; i < 5; i++)
		post(shared.port, 1);
	ASSERT_EQ(send_port(shared.other, shared.port, MOVE_RECEIVE), MACH_MSG_SUCCESS);
	run_threads(&shared, parcel_main);
	ASSERT_EQ(unpark_receive(shared.other), shared.port);
	while (take_id(shared.port) == 1)
		left++;
	ASSERT_EQ(atomic_load(&shared.count), THREADS * 500);
	ASSERT_EQ(left, 5);
	destroy(shared.port);
}
