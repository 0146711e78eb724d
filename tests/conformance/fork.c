/* SPDX-License-Identifier: Apache-2.0 */
/* What a fork child has and has not, special and registered ports, and what a child's end does. */
#include <bsm/libbsm.h>

#include "tests/conformance/conformance.h"

enum {
	MOVE_ONCE = MACH_MSG_TYPE_MOVE_SEND_ONCE,
	COPY_SEND = MACH_MSG_TYPE_COPY_SEND,
	MAKE_SEND = MACH_MSG_TYPE_MAKE_SEND,
	MAKE_ONCE = MACH_MSG_TYPE_MAKE_SEND_ONCE,
};

/* Run by the child; its assertions end it with a status that the parent does not like. */
typedef void (*Child)(const void *argument);

static pid_t start_child(Child run, const void *argument)
{
	pid_t child = fork();

	ASSERT_GE(child, 0);
	if (child == 0) {
		run(argument);
		_exit(0);
	}
	return child;
}

static void run_child(Child run, const void *argument)
{
	pid_t child = start_child(run, argument);

	ASSERT_CHILD_EXITS(child, 0);
}

static void set_bootstrap(mach_port_t port)
{
	ASSERT_EQ(task_set_bootstrap_port(SELF, port), KERN_SUCCESS);
}

/* --- The child's space. --- */

enum { N_NAMES = 300 };

static void child_finds_none_of_the_names(const void *argument)
{
	const mach_port_t *names = argument;

	for (unsigned i = 0; i < N_NAMES; i++)
		ASSERT_EQ(type_of(names[i]), MACH_PORT_TYPE_NONE);
	ASSERT_LT(count_names(), 16);
}

RULE(child_has_none_of_its_parents_names)
{
	static mach_port_t names[N_NAMES];

	for (unsigned i = 0; i < N_NAMES; i++) {
		if (i % 4 == 0)
			names[i] = make_receive();
		else if (i % 4 == 1)
			names[i] = make_send_receive();
		else if (i % 4 == 2)
			names[i] = make_set();
		else
			names[i] = make_send_once(names[i - 3]);
	}
	run_child(child_finds_none_of_the_names, names);
	for (unsigned i = 0; i < N_NAMES; i++) {
		static const mach_port_type_t types[] = {MACH_PORT_TYPE_RECEIVE,
			MACH_PORT_TYPE_SEND_RECEIVE, MACH_PORT_TYPE_PORT_SET,
			MACH_PORT_TYPE_SEND_ONCE};

		ASSERT_EQ(type_of(names[i]), types[i % 4]);
	}
	for (unsigned i = 0; i < N_NAMES; i++)
		destroy(names[i]);
}

static void child_uses_ports(const void *argument)
{
	mach_port_t port = make_receive(), once;
	natural_t type = 0;
	mach_vm_address_t address;

	(void)argument;
	ASSERT_EQ(mach_port_kobject(SELF, SELF, &type, &address), KERN_SUCCESS);
	ASSERT_EQ(type, IPC_OTYPE_TASK_CONTROL);
	post(port, 5);
	ASSERT_EQ(take_id(port), 5);
	once = make_send_once(port);
	deallocate(once);
	expect_notification(port, MACH_NOTIFY_SEND_ONCE);
	drop_receive(port);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_NONE);
}

RULE(child_can_use_ports_at_once)
{
	run_child(child_uses_ports, NULL);
}

static void child_forks_again(const void *argument)
{
	child_uses_ports(argument);
	run_child(child_uses_ports, argument);
}

RULE(grandchild_can_use_ports_too)
{
	run_child(child_forks_again, NULL);
}

static void child_has_another_pid(const void *argument)
{
	mach_port_t port = make_receive();
	const mach_msg_audit_trailer_t *trailer;
	Buffer buffer;

	post(port, 1);
	ASSERT_EQ(receive_with(port, &buffer, MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT), 0),
		MACH_MSG_SUCCESS);
	trailer = trailer_of(&buffer);
	ASSERT_EQ(audit_token_to_pid(trailer->msgh_audit), getpid());
	ASSERT_NE(audit_token_to_pid(trailer->msgh_audit), *(const pid_t *)argument);
}

RULE(child_has_its_own_audit_token)
{
	pid_t pid = getpid();

	run_child(child_has_another_pid, &pid);
}

static void child_gets_a_reply_port(const void *argument)
{
	mach_port_t reply = mig_get_reply_port(), server = make_receive();
	mach_msg_header_t header = make_header(server, MAKE_SEND, reply, MAKE_ONCE, 1);
	Buffer buffer;

	(void)argument;
	ASSERT_EQ(type_of(reply), MACH_PORT_TYPE_RECEIVE);
	ASSERT_EQ(mig_get_reply_port(), reply);
	ASSERT_EQ(send_message(&header, sizeof(header)), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(server, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_empty(buffer.header.msgh_remote_port, MOVE_ONCE, 101), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(reply), 101);
}

RULE(child_makes_a_reply_port_of_its_own)
{
	mach_port_t reply = mig_get_reply_port();

	run_child(child_gets_a_reply_port, NULL);
	ASSERT_EQ(mig_get_reply_port(), reply);
	expect_nothing(reply);
	mig_dealloc_reply_port(reply);
}

/* --- The parent. --- */

static void child_does_nothing(const void *argument)
{
	(void)argument;
}

RULE(parents_queues_and_rights_are_as_before)
{
	mach_port_t port = make_send_receive(), notify = make_receive(), body = make_receive();
	Buffer buffer;

	request_new(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	ASSERT_EQ(send_port(port, body, MAKE_ONCE), MACH_MSG_SUCCESS);
	run_child(child_does_nothing, NULL);
	run_child(child_uses_ports, NULL);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND_RECEIVE);
	ASSERT_EQ(queued(port), 1);
	expect_nothing(notify);
	expect_nothing(body);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_empty(received_port(&buffer), MOVE_ONCE, 6), MACH_MSG_SUCCESS);
	ASSERT_EQ(take_id(body), 6);
	deallocate(port);
	expect_notification(notify, MACH_NOTIFY_NO_SENDERS);
	drop_receive(port);
	drop_receive(body);
	drop_receive(notify);
}

enum { SIZE = 256 * 1024 };

static void child_writes_memory(const void *argument)
{
	uint8_t *bytes = (uint8_t *)(uintptr_t)argument;

	ASSERT_EQ(bytes[5000], 1);
	memset(bytes, 2, SIZE);
}

RULE(parents_memory_is_as_before)
{
	vm_address_t memory = 0;
	uint8_t *bytes;

	ASSERT_EQ(vm_allocate(SELF, &memory, SIZE, VM_FLAGS_ANYWHERE), KERN_SUCCESS);
	bytes = (uint8_t *)memory;
	memset(bytes, 1, SIZE);
	run_child(child_writes_memory, bytes);
	for (unsigned i = 0; i < SIZE; i++)
		ASSERT_EQ(bytes[i], 1);
	ASSERT_EQ(vm_deallocate(SELF, memory, SIZE), KERN_SUCCESS);
}

/* --- Special ports. --- */

RULE(kernel_port_is_the_task_itself)
{
	mach_port_t port = MACH_PORT_NULL;

	ASSERT_EQ(task_get_special_port(SELF, TASK_KERNEL_PORT, &port), KERN_SUCCESS);
	ASSERT_EQ(port, SELF);
	deallocate(port);
}

RULE(kernel_and_host_port_cannot_be_set)
{
	mach_port_t port = make_send_receive();

	ASSERT_EQ(task_set_special_port(SELF, TASK_KERNEL_PORT, port), KERN_NO_ACCESS);
	ASSERT_EQ(task_set_special_port(SELF, TASK_HOST_PORT, port), KERN_NO_ACCESS);
	destroy(port);
}

RULE(unknown_special_port_is_invalid_argument)
{
	mach_port_t port = 0xdead;

	ASSERT_EQ(task_get_special_port(SELF, 0, &port), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(task_get_special_port(SELF, 77, &port), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(task_set_special_port(SELF, 77, MACH_PORT_NULL), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(task_get_special_port(TASK_NULL, TASK_BOOTSTRAP_PORT, &port),
		KERN_INVALID_ARGUMENT);
	ASSERT_EQ(port, 0xdead);
}

RULE(bootstrap_port_is_what_was_set)
{
	mach_port_t port = make_send_receive(), got = MACH_PORT_NULL;

	set_bootstrap(port);
	ASSERT_EQ(send_refs(port), 1);
	ASSERT_EQ(task_get_bootstrap_port(SELF, &got), KERN_SUCCESS);
	ASSERT_EQ(got, port);
	ASSERT_EQ(send_refs(port), 2);
	set_bootstrap(MACH_PORT_NULL);
	ASSERT_EQ(task_get_bootstrap_port(SELF, &got), KERN_SUCCESS);
	ASSERT_EQ(got, MACH_PORT_NULL);
	destroy(port);
}

RULE(bootstrap_port_that_was_set_is_a_sender)
{
	mach_port_t port = make_send_receive(), notify = make_receive();

	set_bootstrap(port);
	deallocate(port);
	request_new(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	expect_nothing(notify);
	set_bootstrap(MACH_PORT_NULL);
	expect_notification(notify, MACH_NOTIFY_NO_SENDERS);
	drop_receive(port);
	drop_receive(notify);
}

RULE(special_port_that_is_no_send_right_is_invalid_right)
{
	mach_port_t set = make_set();

	ASSERT_EQ(task_set_bootstrap_port(SELF, set), KERN_INVALID_RIGHT);
	drop_set(set);
}

static void child_asks_its_bootstrap_port(const void *argument)
{
	mach_port_t port = MACH_PORT_NULL, reply = mig_get_reply_port();
	Buffer buffer;

	(void)argument;
	ASSERT_EQ(task_get_bootstrap_port(SELF, &port), KERN_SUCCESS);
	ASSERT_TRUE(MACH_PORT_VALID(port));
	ASSERT_EQ(bootstrap_port, port);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND);
	buffer.header = make_header(port, COPY_SEND, reply, MAKE_ONCE, 50);
	ASSERT_EQ(mach_msg(&buffer.header, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT, 24,
			  sizeof(buffer), reply, LONG_MS, MACH_PORT_NULL),
		MACH_MSG_SUCCESS);
	ASSERT_EQ(buffer.header.msgh_id, 150);
}

/* Answers one request, and checks that it came from that process. */
static void serve_child(mach_port_t port, pid_t child)
{
	const mach_msg_audit_trailer_t *trailer;
	Buffer buffer;

	ASSERT_EQ(receive_with(port, &buffer, MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT),
			  LONG_MS),
		MACH_MSG_SUCCESS);
	trailer = trailer_of(&buffer);
	if (child)
		ASSERT_EQ(audit_token_to_pid(trailer->msgh_audit), child);
	ASSERT_EQ(audit_token_to_euid(trailer->msgh_audit), geteuid());
	ASSERT_EQ(
		send_empty(buffer.header.msgh_remote_port, MOVE_ONCE, buffer.header.msgh_id + 100),
		MACH_MSG_SUCCESS);
}

RULE(child_inherits_the_bootstrap_port)
{
	mach_port_t port = make_send_receive();
	pid_t child;

	set_bootstrap(port);
	child = start_child(child_asks_its_bootstrap_port, NULL);
	serve_child(port, child);
	ASSERT_CHILD_EXITS(child, 0);
	set_bootstrap(MACH_PORT_NULL);
	destroy(port);
}

static void child_lets_its_child_ask(const void *argument)
{
	run_child(child_asks_its_bootstrap_port, argument);
}

RULE(grandchild_inherits_the_bootstrap_port)
{
	mach_port_t port = make_send_receive();
	pid_t child;

	set_bootstrap(port);
	child = start_child(child_lets_its_child_ask, NULL);
	serve_child(port, 0);
	ASSERT_CHILD_EXITS(child, 0);
	set_bootstrap(MACH_PORT_NULL);
	destroy(port);
}

static void child_finds_no_bootstrap_port(const void *argument)
{
	mach_port_t port = 0xdead;

	(void)argument;
	ASSERT_EQ(task_get_bootstrap_port(SELF, &port), KERN_SUCCESS);
	ASSERT_EQ(port, MACH_PORT_NULL);
	ASSERT_EQ(bootstrap_port, MACH_PORT_NULL);
}

RULE(child_of_a_task_without_a_bootstrap_port_has_none)
{
	set_bootstrap(MACH_PORT_NULL);
	run_child(child_finds_no_bootstrap_port, NULL);
}

RULE(senders_end_with_the_child)
{
	mach_port_t port = make_send_receive(), notify = make_receive();
	pid_t child;

	set_bootstrap(port);
	deallocate(port);
	child = start_child(child_asks_its_bootstrap_port, NULL);
	set_bootstrap(MACH_PORT_NULL);
	request_new(port, MACH_NOTIFY_NO_SENDERS, 0, notify);
	expect_nothing(notify);
	serve_child(port, child);
	ASSERT_CHILD_EXITS(child, 0);
	expect_notification(notify, MACH_NOTIFY_NO_SENDERS);
	drop_receive(port);
	drop_receive(notify);
}

/* --- Registered ports. --- */

static void register_ports(mach_port_t a, mach_port_t b, mach_port_t c)
{
	mach_port_t ports[] = {a, b, c};

	ASSERT_EQ(mach_ports_register(SELF, ports, 3), KERN_SUCCESS);
}

static void lookup_ports(mach_port_t ports[3])
{
	mach_port_array_t array = NULL;
	mach_msg_type_number_t count = 0;

	ASSERT_EQ(mach_ports_lookup(SELF, &array, &count), KERN_SUCCESS);
	ASSERT_EQ(count, TASK_PORT_REGISTER_MAX);
	memcpy(ports, array, 3 * sizeof(*ports));
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)array, count * sizeof(*array)), KERN_SUCCESS);
}

RULE(registered_ports_are_looked_up)
{
	mach_port_t first = make_send_receive(), second = make_send_receive(), got[3];

	register_ports(first, MACH_PORT_NULL, second);
	ASSERT_EQ(send_refs(first), 1);
	lookup_ports(got);
	ASSERT_EQ(got[0], first);
	ASSERT_EQ(got[1], MACH_PORT_NULL);
	ASSERT_EQ(got[2], second);
	ASSERT_EQ(send_refs(first), 2);
	register_ports(MACH_PORT_NULL, MACH_PORT_NULL, MACH_PORT_NULL);
	lookup_ports(got);
	for (unsigned i = 0; i < 3; i++)
		ASSERT_EQ(got[i], MACH_PORT_NULL);
	destroy(first);
	destroy(second);
}

RULE(fewer_registered_ports_leave_the_other_slots_empty)
{
	mach_port_t port = make_send_receive(), got[3];

	register_ports(port, port, port);
	ASSERT_EQ(mach_ports_register(SELF, &port, 1), KERN_SUCCESS);
	lookup_ports(got);
	ASSERT_EQ(got[0], port);
	ASSERT_EQ(got[1], MACH_PORT_NULL);
	ASSERT_EQ(got[2], MACH_PORT_NULL);
	ASSERT_EQ(mach_ports_register(SELF, NULL, 0), KERN_SUCCESS);
	destroy(port);
}

RULE(more_than_three_registered_ports_are_invalid_argument)
{
	mach_port_t ports[4] = {MACH_PORT_NULL};

	ASSERT_EQ(mach_ports_register(SELF, ports, 4), KERN_INVALID_ARGUMENT);
}

RULE(registering_what_is_no_send_right_registers_nothing)
{
	mach_port_t port = make_send_receive(), set = make_set(), got[3];
	mach_port_t bad[] = {set, MACH_PORT_NULL, MACH_PORT_NULL};

	register_ports(port, MACH_PORT_NULL, MACH_PORT_NULL);
	ASSERT_EQ(mach_ports_register(SELF, bad, 3), KERN_INVALID_RIGHT);
	lookup_ports(got);
	ASSERT_EQ(got[0], port);
	ASSERT_EQ(mach_ports_register(SELF, NULL, 0), KERN_SUCCESS);
	destroy(port);
	drop_set(set);
}

static void child_sends_to_its_registered_ports(const void *argument)
{
	mach_port_t got[3];

	(void)argument;
	lookup_ports(got);
	ASSERT_EQ(type_of(got[0]), MACH_PORT_TYPE_SEND);
	ASSERT_EQ(got[1], MACH_PORT_NULL);
	ASSERT_EQ(type_of(got[2]), MACH_PORT_TYPE_SEND);
	ASSERT_NE(got[0], got[2]);
	ASSERT_EQ(send_empty(got[0], COPY_SEND, 61), MACH_MSG_SUCCESS);
	ASSERT_EQ(send_empty(got[2], COPY_SEND, 62), MACH_MSG_SUCCESS);
}

RULE(child_inherits_the_registered_ports)
{
	mach_port_t first = make_send_receive(), second = make_send_receive();

	register_ports(first, MACH_PORT_NULL, second);
	run_child(child_sends_to_its_registered_ports, NULL);
	ASSERT_EQ(take_id(first), 61);
	ASSERT_EQ(take_id(second), 62);
	ASSERT_EQ(mach_ports_register(SELF, NULL, 0), KERN_SUCCESS);
	destroy(first);
	destroy(second);
}

static void child_finds_one_port_twice(const void *argument)
{
	mach_port_t got[3];

	(void)argument;
	lookup_ports(got);
	ASSERT_EQ(got[0], got[1]);
	ASSERT_EQ(got[0], bootstrap_port);
	ASSERT_GE(send_refs(got[0]), 2);
}

RULE(inherited_rights_to_one_port_share_a_name)
{
	mach_port_t port = make_send_receive();

	set_bootstrap(port);
	register_ports(port, port, MACH_PORT_NULL);
	run_child(child_finds_one_port_twice, NULL);
	ASSERT_EQ(mach_ports_register(SELF, NULL, 0), KERN_SUCCESS);
	set_bootstrap(MACH_PORT_NULL);
	destroy(port);
}

/* --- The child's end. --- */

static void child_gives_a_right_and_waits(const void *argument)
{
	mach_port_t port = make_receive();
	PortMessage message = make_port_message(bootstrap_port, port, MAKE_SEND);
	Buffer buffer;

	(void)argument;
	ASSERT_EQ(send_empty(bootstrap_port, COPY_SEND, 1), MACH_MSG_SUCCESS);
	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(COPY_SEND, 0);
	ASSERT_EQ(send_message(&message, sizeof(message)), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_soon(port, &buffer), MACH_MSG_SUCCESS);
}

RULE(rights_to_a_childs_ports_die_with_it)
{
	mach_port_t port = make_send_receive(), notify = make_receive(), theirs;
	Buffer buffer;
	pid_t child;

	set_bootstrap(port);
	child = start_child(child_gives_a_right_and_waits, NULL);
	ASSERT_EQ(receive_soon(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_soon(port, &buffer), MACH_MSG_SUCCESS);
	theirs = received_port(&buffer);
	ASSERT_EQ(type_of(theirs), MACH_PORT_TYPE_SEND);
	request_new(theirs, MACH_NOTIFY_DEAD_NAME, 0, notify);
	expect_nothing(notify);
	ASSERT_EQ(send_empty(theirs, COPY_SEND, 1), MACH_MSG_SUCCESS);
	ASSERT_CHILD_EXITS(child, 0);
	expect_notification(notify, MACH_NOTIFY_DEAD_NAME);
	ASSERT_EQ(dead_refs(theirs), 2);
	drop_dead(theirs, 2);
	set_bootstrap(MACH_PORT_NULL);
	destroy(port);
	drop_receive(notify);
}

static void child_takes_a_request_and_dies(const void *argument)
{
	(void)argument;
	child_gives_a_right_and_waits(NULL);
	raise(SIGKILL);
}

RULE(request_that_a_killed_child_took_is_a_send_once_notification)
{
	mach_port_t port = make_send_receive(), reply = make_receive(), theirs;
	mach_msg_header_t header;
	Buffer buffer;
	int status = 0;
	pid_t child;

	set_bootstrap(port);
	child = start_child(child_takes_a_request_and_dies, NULL);
	ASSERT_EQ(receive_soon(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_soon(port, &buffer), MACH_MSG_SUCCESS);
	theirs = received_port(&buffer);
	header = make_header(theirs, COPY_SEND, reply, MAKE_ONCE, 7);
	ASSERT_EQ(send_message(&header, sizeof(header)), MACH_MSG_SUCCESS);
	expect_notification(reply, MACH_NOTIFY_SEND_ONCE);
	ASSERT_EQ(waitpid(child, &status, 0), child);
	ASSERT_TRUE(WIFSIGNALED(status));
	destroy(theirs);
	set_bootstrap(MACH_PORT_NULL);
	destroy(port);
	drop_receive(reply);
}
