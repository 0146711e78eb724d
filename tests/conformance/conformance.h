/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_TEST_CONFORMANCE_H
#define PORTCULLIS_TEST_CONFORMANCE_H

/*
 * What the conformance programs share. They know the public headers only and look at one process;
 * each test holds one rule of the original system, and is named after it.
 *
 * RULE() is TEST() with one more condition: when the test is over the task has as many names as it
 * had before. So whatever a call gives or takes without saying so is found, whichever rule the test
 * is about.
 *
 * A right that has no receive right beside it is got in one process by parking the receive right in
 * a message that waits in another port's queue: see park_receive().
 */

#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>

#include <mach/mach.h>
#include <mach/notify.h>
#include <sys/fileport.h>

#include "tests/lib/unit.h"

#define SELF mach_task_self()
#define LONG_MS 20000u /* for what must come: only a failure waits so long */

#define unused_ __attribute__((__unused__))

#define RULE(name)                                                                                 \
	static void rule_##name(void);                                                             \
	TEST(name)                                                                                 \
	{                                                                                          \
		unsigned rule_descriptors = count_descriptors();                                   \
		unsigned rule_names = count_names();                                               \
		rule_##name();                                                                     \
		ASSERT_EQ(count_names(), rule_names);                                              \
		settle_descriptors(rule_descriptors);                                              \
	}                                                                                          \
	static void rule_##name(void)

/* A buffer for any message of these tests, with its trailer. */
typedef struct Buffer {
	mach_msg_header_t header;
	mach_msg_body_t body;
	uint8_t rest[4068];
} __attribute__((__aligned__(8))) Buffer;

typedef struct PortMessage {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t port;
} PortMessage;

typedef struct TwoPortMessage {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t port[2];
} TwoPortMessage;

#pragma pack(push, 4)
typedef struct OolMessage {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_ool_descriptor_t ool;
} OolMessage;

typedef struct OolPortsMessage {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_ool_ports_descriptor_t ports;
} OolPortsMessage;

typedef struct GuardedMessage {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_guarded_port_descriptor_t port;
} GuardedMessage;
#pragma pack(pop)

unused_ static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

unused_ static unsigned count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	ASSERT_NOT_NULL(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/*
 * The library closes descriptors on a thread of its own: one after the other, so when the end of a
 * pipe that is given to it last is closed, all are.
 */
unused_ static void wait_for_closes(void)
{
	fileport_t port = FILEPORT_NULL;
	struct pollfd end = {.events = 0};
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	fileport_makeport(ends[1], &port);
	close(ends[1]);
	mach_port_deallocate(SELF, port);
	end.fd = ends[0];
	poll(&end, 1, 5000);
	close(ends[0]);
}

unused_ static void settle_descriptors(unsigned expected)
{
	uint64_t deadline = now_ms() + 5000;

	wait_for_closes();
	while (count_descriptors() > expected && now_ms() < deadline)
		sched_yield();
}

unused_ static unsigned count_names(void)
{
	mach_port_name_array_t names = NULL;
	mach_port_type_array_t types = NULL;
	mach_msg_type_number_t n_names = 0, n_types = 0;

	ASSERT_EQ(mach_port_names(SELF, &names, &n_names, &types, &n_types), KERN_SUCCESS);
	ASSERT_EQ(n_names, n_types);
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)names, n_names * sizeof(*names)), KERN_SUCCESS);
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)types, n_types * sizeof(*types)), KERN_SUCCESS);
	return n_names;
}

/* Making rights. */
unused_ static mach_port_t make_right(mach_port_right_t right)
{
	mach_port_t name = MACH_PORT_NULL;

	ASSERT_EQ(mach_port_allocate(SELF, right, &name), KERN_SUCCESS);
	ASSERT_TRUE(MACH_PORT_VALID(name));
	return name;
}

unused_ static mach_port_t make_receive(void)
{
	return make_right(MACH_PORT_RIGHT_RECEIVE);
}

unused_ static mach_port_t make_set(void)
{
	return make_right(MACH_PORT_RIGHT_PORT_SET);
}

unused_ static mach_port_t make_dead_name(void)
{
	return make_right(MACH_PORT_RIGHT_DEAD_NAME);
}

/* References of a send right to the name of its receive right. */
unused_ static void add_sends(mach_port_t name, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		ASSERT_EQ(mach_port_insert_right(SELF, name, name, MACH_MSG_TYPE_MAKE_SEND),
			KERN_SUCCESS);
}

unused_ static mach_port_t make_send_receive(void)
{
	mach_port_t name = make_receive();

	add_sends(name, 1);
	return name;
}

unused_ static mach_port_t make_send_once(mach_port_t receive)
{
	mach_port_t name = MACH_PORT_NULL;
	mach_msg_type_name_t kind = 0;

	ASSERT_EQ(
		mach_port_extract_right(SELF, receive, MACH_MSG_TYPE_MAKE_SEND_ONCE, &name, &kind),
		KERN_SUCCESS);
	ASSERT_EQ(kind, MACH_MSG_TYPE_PORT_SEND_ONCE);
	ASSERT_NE(name, receive);
	return name;
}

/* Ending them. */
unused_ static void drop_refs(mach_port_t name, mach_port_right_t right, int n)
{
	ASSERT_EQ(mach_port_mod_refs(SELF, name, right, -n), KERN_SUCCESS);
}

unused_ static void drop_receive(mach_port_t name)
{
	drop_refs(name, MACH_PORT_RIGHT_RECEIVE, 1);
}

unused_ static void drop_set(mach_port_t name)
{
	drop_refs(name, MACH_PORT_RIGHT_PORT_SET, 1);
}

unused_ static void drop_dead(mach_port_t name, int n)
{
	drop_refs(name, MACH_PORT_RIGHT_DEAD_NAME, n);
}

unused_ static void deallocate(mach_port_t name)
{
	ASSERT_EQ(mach_port_deallocate(SELF, name), KERN_SUCCESS);
}

unused_ static void destroy(mach_port_t name)
{
	ASSERT_EQ(mach_port_destroy(SELF, name), KERN_SUCCESS);
}

/* A name that denoted something a moment ago. */
unused_ static mach_port_t make_stale(void)
{
	mach_port_t name = make_receive();

	drop_receive(name);
	return name;
}

/* Looking at them. */
unused_ static mach_port_type_t type_of(mach_port_t name)
{
	mach_port_type_t type = 0;
	kern_return_t kr = mach_port_type(SELF, name, &type);

	if (kr == KERN_INVALID_NAME)
		return MACH_PORT_TYPE_NONE;
	ASSERT_EQ(kr, KERN_SUCCESS);
	return type;
}

unused_ static unsigned refs_of(mach_port_t name, mach_port_right_t right)
{
	mach_port_urefs_t refs = ~0u;

	ASSERT_EQ(mach_port_get_refs(SELF, name, right, &refs), KERN_SUCCESS);
	return refs;
}

unused_ static unsigned send_refs(mach_port_t name)
{
	return refs_of(name, MACH_PORT_RIGHT_SEND);
}

unused_ static unsigned dead_refs(mach_port_t name)
{
	return refs_of(name, MACH_PORT_RIGHT_DEAD_NAME);
}

unused_ static mach_port_status_t status_of(mach_port_t name)
{
	mach_port_status_t status;
	mach_msg_type_number_t count = MACH_PORT_RECEIVE_STATUS_COUNT;

	memset(&status, 0xee, sizeof(status));
	ASSERT_EQ(mach_port_get_attributes(
			  SELF, name, MACH_PORT_RECEIVE_STATUS, (mach_port_info_t)&status, &count),
		KERN_SUCCESS);
	ASSERT_EQ(count, MACH_PORT_RECEIVE_STATUS_COUNT);
	return status;
}

unused_ static unsigned queued(mach_port_t name)
{
	return status_of(name).mps_msgcount;
}

unused_ static kern_return_t set_qlimit(mach_port_t name, unsigned limit)
{
	mach_port_limits_t limits = {.mpl_qlimit = limit};

	return mach_port_set_attributes(SELF, name, MACH_PORT_LIMITS_INFO,
		(mach_port_info_t)&limits, MACH_PORT_LIMITS_INFO_COUNT);
}

/* Messages. None of these waits, but receive_soon(). */
unused_ static mach_msg_header_t make_header(
	mach_port_t remote, unsigned remote_kind, mach_port_t local, unsigned local_kind, int id)
{
	mach_msg_header_t header = {
		.msgh_bits = MACH_MSGH_BITS(remote_kind, local_kind),
		.msgh_size = sizeof(header),
		.msgh_remote_port = remote,
		.msgh_local_port = local,
		.msgh_id = id,
	};

	return header;
}

unused_ static mach_msg_return_t send_message(void *message, size_t size)
{
	return mach_msg(message, MACH_SEND_MSG | MACH_SEND_TIMEOUT, (mach_msg_size_t)size, 0,
		MACH_PORT_NULL, 0, MACH_PORT_NULL);
}

unused_ static mach_msg_return_t send_empty(mach_port_t port, unsigned kind, int id)
{
	mach_msg_header_t header = make_header(port, kind, MACH_PORT_NULL, 0, id);

	return send_message(&header, sizeof(header));
}

/* One message to a port whose receive right we have. */
unused_ static void post(mach_port_t receive, int id)
{
	ASSERT_EQ(send_empty(receive, MACH_MSG_TYPE_MAKE_SEND, id), MACH_MSG_SUCCESS);
}

unused_ static void fill_queue(mach_port_t receive)
{
	mach_port_status_t status = status_of(receive);

	for (unsigned i = status.mps_msgcount; i < status.mps_qlimit; i++)
		post(receive, (int)i);
}

unused_ static PortMessage make_port_message(mach_port_t to, mach_port_t name, unsigned kind)
{
	PortMessage message = {
		.header = make_header(to, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL, 0, 1),
		.body = {.msgh_descriptor_count = 1},
		.port = {.name = name, .disposition = kind, .type = MACH_MSG_PORT_DESCRIPTOR},
	};

	message.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	message.header.msgh_size = sizeof(message);
	return message;
}

unused_ static mach_msg_return_t send_port(mach_port_t to, mach_port_t name, unsigned kind)
{
	PortMessage message = make_port_message(to, name, kind);

	return send_message(&message, sizeof(message));
}

unused_ static mach_msg_return_t receive_with(
	mach_port_t from, Buffer *buffer, mach_msg_option_t options, mach_msg_timeout_t timeout)
{
	memset(buffer, 0xee, sizeof(*buffer));
	return mach_msg(&buffer->header, MACH_RCV_MSG | MACH_RCV_TIMEOUT | options, 0,
		sizeof(*buffer), from, timeout, MACH_PORT_NULL);
}

unused_ static mach_msg_return_t receive_now(mach_port_t from, Buffer *buffer)
{
	return receive_with(from, buffer, 0, 0);
}

unused_ static mach_msg_return_t receive_soon(mach_port_t from, Buffer *buffer)
{
	return receive_with(from, buffer, 0, LONG_MS);
}

/* The id of the message that waits, which is destroyed; 0 if none waits. */
unused_ static int take_id(mach_port_t from)
{
	Buffer buffer;
	mach_msg_return_t mr = receive_now(from, &buffer);
	int id = buffer.header.msgh_id;

	if (mr == MACH_RCV_TIMED_OUT)
		return 0;
	ASSERT_EQ(mr, MACH_MSG_SUCCESS);
	mach_msg_destroy(&buffer.header);
	return id;
}

unused_ static mach_port_t received_port(const Buffer *buffer)
{
	const PortMessage *message = (const PortMessage *)buffer;

	ASSERT_TRUE(MACH_MSGH_BITS_IS_COMPLEX(buffer->header.msgh_bits));
	ASSERT_EQ(buffer->body.msgh_descriptor_count, 1);
	ASSERT_EQ(message->port.type, MACH_MSG_PORT_DESCRIPTOR);
	return message->port.name;
}

unused_ static unsigned received_kind(const Buffer *buffer)
{
	return ((const PortMessage *)buffer)->port.disposition;
}

/* The trailer behind a received message. */
unused_ static const void *trailer_of(const Buffer *buffer)
{
	return (const uint8_t *)buffer + round_msg(buffer->header.msgh_size);
}

/*
 * The receive right of `name` goes into a message that waits at the port returned; what is left
 * under `name` are the send rights. Destroying that port destroys the receive right.
 */
unused_ static mach_port_t park_receive(mach_port_t name)
{
	mach_port_t park = make_receive();

	ASSERT_EQ(send_port(park, name, MACH_MSG_TYPE_MOVE_RECEIVE), MACH_MSG_SUCCESS);
	return park;
}

/* Takes it out again; the name is that of the send rights, if there are any. */
unused_ static mach_port_t unpark_receive(mach_port_t park)
{
	Buffer buffer;

	ASSERT_EQ(receive_now(park, &buffer), MACH_MSG_SUCCESS);
	drop_receive(park);
	return received_port(&buffer);
}

/* Notifications. */
unused_ static kern_return_t request(mach_port_t name, mach_msg_id_t id, unsigned sync,
	mach_port_t notify, mach_port_t *previous)
{
	return mach_port_request_notification(
		SELF, name, id, sync, notify, MACH_MSG_TYPE_MAKE_SEND_ONCE, previous);
}

/* Asks where nothing was asked before. */
unused_ static void request_new(
	mach_port_t name, mach_msg_id_t id, unsigned sync, mach_port_t notify)
{
	mach_port_t previous = 0xdead;

	ASSERT_EQ(request(name, id, sync, notify, &previous), KERN_SUCCESS);
	ASSERT_EQ(previous, MACH_PORT_NULL);
}

unused_ static void receive_notification(mach_port_t from, int id, Buffer *buffer)
{
	ASSERT_EQ(receive_with(
			  from, buffer, MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT), LONG_MS),
		MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer->header.msgh_id, id);
}

unused_ static void expect_notification(mach_port_t from, int id)
{
	Buffer buffer;

	receive_notification(from, id, &buffer);
	mach_msg_destroy(&buffer.header);
}

unused_ static void expect_nothing(mach_port_t from)
{
	Buffer buffer;

	ASSERT_EQ(receive_now(from, &buffer), MACH_RCV_TIMED_OUT);
}

/*
 * A thread of its own for one mach_msg(). The fields above the line are the caller's.
 */
typedef struct Caller {
	void *message;
	mach_msg_option_t options;
	mach_msg_size_t send_size, receive_size;
	mach_port_t receive_name;
	mach_msg_timeout_t timeout;
	/* --- */
	mach_msg_return_t result;
	pthread_t thread;
	atomic_int tid;
	atomic_bool done;
} Caller;

unused_ static void *caller_main(void *argument)
{
	Caller *caller = argument;

	atomic_store(&caller->tid, (int)syscall(SYS_gettid));
	caller->result = mach_msg(caller->message, caller->options, caller->send_size,
		caller->receive_size, caller->receive_name, caller->timeout, MACH_PORT_NULL);
	atomic_store(&caller->done, true);
	return NULL;
}

/* One sample of what the kernel says of a thread: "S", and how often it has slept. */
unused_ static bool thread_sleeps(int tid, unsigned long *ret_switches)
{
	char path[64], line[256], state = '?';
	unsigned long switches = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		sscanf(line, "State: %c", &state);
		sscanf(line, "voluntary_ctxt_switches: %lu", &switches);
	}
	fclose(file);
	*ret_switches = switches;
	return state == 'S';
}

/* Until a thread is asleep, and has been for so many looks that no short lock can be why. */
unused_ static void wait_until_asleep(atomic_int *tid, atomic_bool *done)
{
	struct timespec now, start;
	unsigned long switches = 0, last = ~0ul;

	clock_gettime(CLOCK_MONOTONIC, &start);
	for (unsigned seen = 0; seen < 40; sched_yield()) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (atomic_load(done))
			FAIL("the thread did not wait");
		if (now.tv_sec - start.tv_sec > 30)
			FAIL("the thread does not come to rest");
		if (atomic_load(tid) && thread_sleeps(atomic_load(tid), &switches) &&
			switches == last)
			seen++;
		else
			seen = 0;
		last = switches;
	}
}

unused_ static void caller_start(Caller *caller)
{
	ASSERT_OK(pthread_create(&caller->thread, NULL, caller_main, caller));
}

unused_ static void caller_start_blocked(Caller *caller)
{
	caller_start(caller);
	wait_until_asleep(&caller->tid, &caller->done);
}

unused_ static mach_msg_return_t caller_join(Caller *caller)
{
	ASSERT_OK(pthread_join(caller->thread, NULL));
	return caller->result;
}

/* Receives, without a time-out. */
#define CALLER_RECEIVE(buffer, name)                                                               \
	{                                                                                          \
		.message = (buffer), .options = MACH_RCV_MSG, .receive_size = sizeof(*(buffer)),   \
		.receive_name = (name)                                                             \
	}
/* Sends, without a time-out. */
#define CALLER_SEND(send_message)                                                                  \
	{                                                                                          \
		.message = (send_message), .options = MACH_SEND_MSG,                               \
		.send_size = sizeof(*(send_message))                                               \
	}

/*
 * The library opens what it has once in a process when it is first needed. That happens here, for
 * the runner calls a descriptor that a test leaves behind a leak: a port leaves the process (as the
 * bootstrap port of children to come), a semaphore and a fileport come and go.
 */
__attribute__((__constructor__)) static void warm_up(void)
{
	mach_port_t port = MACH_PORT_NULL, notify = MACH_PORT_NULL, previous = MACH_PORT_NULL;
	semaphore_t semaphore = MACH_PORT_NULL;

	mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port);
	mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &notify);
	mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND);
	task_set_bootstrap_port(SELF, port);
	mach_port_request_notification(SELF, port, MACH_NOTIFY_NO_SENDERS, 0, notify,
		MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	task_set_bootstrap_port(SELF, MACH_PORT_NULL);
	mach_port_destroy(SELF, port);
	mach_port_destroy(SELF, notify);
	semaphore_create(SELF, &semaphore, SYNC_POLICY_FIFO, 0);
	semaphore_destroy(SELF, semaphore);
	wait_for_closes();
}

#endif
