/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>

#include <mach/notify.h>

#include "port/names.h"
#include "port/request.h"
#include "port/test-support.h"
#include "port/watch.h"
#include "tests/lib/fault.h"

typedef struct Notification {
	mach_msg_header_t header;
	NDR_record_t ndr;
	uint32_t number;
	uint8_t trailer[256];
} Notification;

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

/* The next notification of a port within the time, 0 if there is none. */
static int32_t next_within(PortName name, mach_msg_timeout_t ms, uint32_t *ret_number)
{
	Notification n;

	if (mach_msg(&n.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(n), name, ms, 0))
		return 0;
	if (ret_number)
		*ret_number = n.number;
	if (n.header.msgh_bits & MACH_MSGH_BITS_COMPLEX)
		mach_msg_destroy(&n.header);
	return n.header.msgh_id;
}

static int32_t next(PortName name, uint32_t *ret_number)
{
	return next_within(name, 0, ret_number);
}

static int ask(PortName name, bool send_possible, bool immediate, PortName notify)
{
	Right right = once_right(notify), previous = RIGHT_NULL;
	int r = LOCKED(request_name(name, send_possible, immediate, &right, &previous));

	if (r)
		LOCKED_DO(right_forget(&right));
	LOCKED_DO(right_drop(&previous));
	return r;
}

PORT_TEST(dead_name_of_a_local_port)
{
	PortName notify = make_receive(NULL), other = make_receive(NULL);
	uint32_t number = 0;

	add_send(other, 2);
	ASSERT_OK(ask(other, false, false, notify));
	ASSERT_EQ(LOCKED(request_type_bits(other)), MACH_PORT_TYPE_DNREQUEST);
	ASSERT_EQ(LOCKED(request_count(other)), 1);
	ASSERT_OK(LOCKED(name_mod_refs(other, MACH_PORT_RIGHT_RECEIVE, -1)));
	ASSERT_EQ(next(notify, &number), MACH_NOTIFY_DEAD_NAME);
	ASSERT_EQ(number, other);
	/* It brought a reference of its own. */
	ASSERT_EQ(urefs_of(other), 3);
	ASSERT_EQ(LOCKED(request_count(other)), 0);
	drop(other);
	ASSERT_EQ(next(notify, NULL), 0);
	drop(notify);
}

PORT_TEST(the_name_goes_first)
{
	PortName notify = make_receive(NULL), other = make_receive(NULL);
	uint32_t number = 0;

	ASSERT_OK(ask(other, false, false, notify));
	drop(other);
	ASSERT_EQ(next(notify, &number), MACH_NOTIFY_PORT_DELETED);
	ASSERT_EQ(number, other);
	drop(notify);
}

PORT_TEST(a_second_request_replaces_the_first)
{
	PortName notify = make_receive(NULL), other = make_receive(NULL);
	Right right = once_right(notify), previous = RIGHT_NULL;

	ASSERT_OK(LOCKED(request_name(other, false, false, &right, &previous)));
	ASSERT_EQ(right.kind, RIGHT_NONE);
	ASSERT_EQ(previous.kind, RIGHT_NONE);
	right = once_right(notify);
	ASSERT_OK(LOCKED(request_name(other, true, false, &right, &previous)));
	ASSERT_EQ(previous.kind, RIGHT_SEND_ONCE);
	LOCKED_DO(right_forget(&previous));
	ASSERT_EQ(LOCKED(request_type_bits(other)), MACH_PORT_TYPE_SPREQUEST_DELAYED);
	/* And nothing replaces the second. */
	ASSERT_OK(LOCKED(request_name(other, false, false, &(Right){0}, &previous)));
	ASSERT_EQ(previous.kind, RIGHT_SEND_ONCE);
	LOCKED_DO(right_forget(&previous));
	ASSERT_EQ(LOCKED(request_type_bits(other)), 0);
	drop(other);
	ASSERT_EQ(next(notify, NULL), 0);
	drop(notify);
}

PORT_TEST(names_that_take_no_request)
{
	PortName notify = make_receive(NULL), set, dead;

	ASSERT_EQ(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &set), 0);
	ASSERT_EQ(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_DEAD_NAME, &dead), 0);
	ASSERT_EQ(ask(0x7654303, false, false, notify), KERN_INVALID_NAME);
	ASSERT_EQ(ask(set, false, false, notify), KERN_INVALID_RIGHT);
	ASSERT_EQ(ask(dead, false, false, notify), KERN_INVALID_ARGUMENT);
	/* Send-possible on a dead name is told at once. */
	ASSERT_OK(ask(dead, true, true, notify));
	ASSERT_EQ(next(notify, NULL), MACH_NOTIFY_DEAD_NAME);
	ASSERT_EQ(urefs_of(dead), 2);
	ASSERT_OK(LOCKED(name_mod_refs(dead, MACH_PORT_RIGHT_DEAD_NAME, 70000)));
	ASSERT_EQ(ask(dead, true, true, notify), KERN_UREFS_OVERFLOW);
	drop(dead);
	drop(set);
	drop(notify);
}

PORT_TEST(send_possible_of_a_local_port)
{
	Port *port;
	PortName notify = make_receive(NULL), other = make_receive(&port);
	uint32_t number = 0;

	/* There is room: at once. */
	ASSERT_OK(ask(other, true, true, notify));
	ASSERT_EQ(next(notify, &number), MACH_NOTIFY_SEND_POSSIBLE);
	ASSERT_EQ(number, other);
	for (int i = 0; i < MACH_PORT_QLIMIT_DEFAULT; i++) {
		Message *m = make_message(i);

		LOCKED_DO(queue_append_take(port, m));
	}
	ASSERT_OK(ask(other, true, true, notify));
	ASSERT_EQ(LOCKED(request_type_bits(other)), MACH_PORT_TYPE_SPREQUEST);
	ASSERT_EQ(next(notify, NULL), 0);
	ASSERT_EQ(pop_id(port), 0);
	ASSERT_EQ(next(notify, NULL), MACH_NOTIFY_SEND_POSSIBLE);
	/* Armed by the next send that finds it full. */
	ASSERT_OK(ask(other, true, false, notify));
	ASSERT_EQ(pop_id(port), 1);
	ASSERT_EQ(next(notify, NULL), 0);
	ASSERT_TRUE(LOCKED(request_arm_send_possible(other)));
	ASSERT_EQ(pop_id(port), 2);
	ASSERT_EQ(next(notify, NULL), MACH_NOTIFY_SEND_POSSIBLE);
	ASSERT_FALSE(LOCKED(request_arm_send_possible(other)));
	ASSERT_FALSE(LOCKED(request_arm_send_possible(0x7654303)));
	ASSERT_OK(ask(other, false, false, notify));
	ASSERT_FALSE(LOCKED(request_arm_send_possible(other)));
	drop(other);
	ASSERT_EQ(next(notify, NULL), MACH_NOTIFY_PORT_DELETED);
	drop(notify);
}

PORT_TEST(no_senders)
{
	Port *port;
	PortName notify = make_receive(NULL), name = make_receive(&port);
	Right right = once_right(notify), previous = RIGHT_NULL;
	uint32_t number = 99;

	add_send(name, 3);
	ASSERT_OK(LOCKED(request_no_senders(port, 0, &right, &previous)));
	ASSERT_EQ(next(notify, NULL), 0);
	ASSERT_OK(LOCKED(name_mod_refs(name, MACH_PORT_RIGHT_SEND, -3)));
	ASSERT_EQ(next(notify, &number), MACH_NOTIFY_NO_SENDERS);
	ASSERT_EQ(number, 3);
	/* Not before the make-send count that was asked for. */
	right = once_right(notify);
	ASSERT_OK(LOCKED(request_no_senders(port, 4, &right, &previous)));
	ASSERT_EQ(next(notify, NULL), 0);
	add_send(name, 1);
	ASSERT_OK(LOCKED(name_mod_refs(name, MACH_PORT_RIGHT_SEND, -1)));
	ASSERT_EQ(next(notify, &number), MACH_NOTIFY_NO_SENDERS);
	ASSERT_EQ(number, 4);
	/* Taken back before it came. */
	right = once_right(notify);
	ASSERT_OK(LOCKED(request_no_senders(port, 9, &right, &previous)));
	ASSERT_OK(LOCKED(request_no_senders(port, 0, &(Right){0}, &previous)));
	ASSERT_EQ(previous.kind, RIGHT_SEND_ONCE);
	LOCKED_DO(right_forget(&previous));
	port->flags |= PORT_F_REPLY;
	ASSERT_EQ(LOCKED(request_no_senders(port, 0, &(Right){0}, &previous)), KERN_INVALID_RIGHT);
	drop(name);
	drop(notify);
}

/* Of a port that nobody has a send right to, but might have: it is the next one that counts. */
PORT_TEST(no_senders_for_the_next_time)
{
	Port *port;
	PortName notify = make_receive(NULL), name = make_receive(&port);
	Right right = once_right(notify), previous = RIGHT_NULL;
	uint32_t number = 99;
	bool owned = false;
	int fd = -EBADF;

	ASSERT_OK(LOCKED(backing_make(port)));
	ASSERT_GE(port->backing->pipe_w, 0);
	ASSERT_OK(LOCKED(request_no_senders(port, 1, &right, &previous)));
	/* Nothing is left that could hang up, and the request stands. */
	ASSERT_EQ(LOCKED(port->backing->n_pipes), 0);
	ASSERT_EQ(LOCKED(port->extra->nsrequest.kind), RIGHT_SEND_ONCE);
	ASSERT_EQ(next(notify, NULL), 0);
	/* A right leaves this process, and ends. */
	LOCKED_DO(port_make_send(port));
	ASSERT_OK(LOCKED(backing_export_pipe(port->backing, &fd, &owned)));
	ASSERT_TRUE(owned);
	LOCKED_DO(port_srights_drop(port, 1));
	ASSERT_EQ(LOCKED(port->extra->nsrequest.kind), RIGHT_SEND_ONCE);
	close(fd);
	for (int i = 0; i < WAIT_MS && LOCKED(port->extra->nsrequest.kind) != RIGHT_NONE; i++)
		(void)poll(NULL, 0, 1);
	ASSERT_EQ(next(notify, &number), MACH_NOTIFY_NO_SENDERS);
	ASSERT_EQ(number, 1);
	drop(name);
	drop(notify);
}

/* A right that was given away before counts. */
PORT_TEST(no_senders_of_one_that_has_a_sender)
{
	Port *port;
	PortName notify = make_receive(NULL), name = make_receive(&port);
	Right right = once_right(notify), previous = RIGHT_NULL;
	int fd;

	ASSERT_OK(LOCKED(backing_make(port)));
	fd = ASSERT_FD(fd_dup(port->backing->pipe_w));
	ASSERT_OK(LOCKED(request_no_senders(port, 7, &right, &previous)));
	ASSERT_EQ(LOCKED(port->backing->n_pipes), 1);
	ASSERT_EQ(LOCKED(port->extra->nsrequest.kind), RIGHT_SEND_ONCE);
	close(fd);
	for (int i = 0; i < WAIT_MS && LOCKED(port->extra->nsrequest.kind) != RIGHT_NONE; i++)
		(void)poll(NULL, 0, 1);
	ASSERT_EQ(next(notify, NULL), MACH_NOTIFY_NO_SENDERS);
	drop(name);
	drop(notify);
}

PORT_TEST(port_destroyed)
{
	Port *port;
	PortName notify = make_receive(NULL), name = make_receive(&port);
	Right right = once_right(notify), previous = RIGHT_NULL;

	port->flags |= PORT_F_IMMOVABLE;
	ASSERT_EQ(LOCKED(request_port_destroyed(port, &right, &previous)), KERN_INVALID_CAPABILITY);
	port->flags &= (uint16_t)~PORT_F_IMMOVABLE;
	ASSERT_OK(LOCKED(request_port_destroyed(port, &right, &previous)));
	/* Once for the life of the port. */
	right = once_right(notify);
	ASSERT_EQ(LOCKED(request_port_destroyed(port, &right, &previous)), KERN_FAILURE);
	LOCKED_DO(right_forget(&right));
	drop(name);
	ASSERT_EQ(LOCKED(space_find(notify))->port->msgcount, 1);
	ASSERT_IN_ORDER();
	ASSERT_EQ(next(notify, NULL), MACH_NOTIFY_PORT_DESTROYED);
	drop(notify);
}

/* What happens in another process is seen by the watcher. */

PORT_TEST(dead_name_of_a_remote_port)
{
	Remote remote = remote_make();
	PortName notify = make_receive(NULL), name = remote_name(&remote);
	uint32_t number = 0;

	ASSERT_OK(ask(name, false, false, notify));
	ASSERT_EQ(next(notify, NULL), 0);
	remote_die(&remote);
	ASSERT_EQ(next_within(notify, WAIT_MS, &number), MACH_NOTIFY_DEAD_NAME);
	ASSERT_EQ(number, name);
	ASSERT_EQ(type_of(name), ENTRY_DEAD_NAME);
	ASSERT_EQ(urefs_of(name), 2);
	drop(name);
	drop(notify);
	remote_free(&remote);
}

/* The pipe ends before the socket: a prompt, which is looked into until it is true. */
PORT_TEST(a_port_that_dies_slowly)
{
	Remote remote = remote_make();
	PortName notify = make_receive(NULL), name = remote_name(&remote);

	ASSERT_OK(ask(name, false, false, notify));
	remote.pipe_r = fd_close(remote.pipe_r);
	ASSERT_EQ(next_within(notify, 30, NULL), 0);
	ASSERT_EQ(type_of(name), ENTRY_SEND);
	remote_die(&remote);
	ASSERT_EQ(next_within(notify, WAIT_MS, NULL), MACH_NOTIFY_DEAD_NAME);
	drop(name);
	drop(notify);
	remote_free(&remote);
}

PORT_TEST(send_possible_of_a_remote_port)
{
	Remote remote = remote_make();
	PortName notify = make_receive(NULL), name = remote_name(&remote);
	mach_msg_header_t msg = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0), .msgh_remote_port = name};
	char bytes[256];
	unsigned n = 0;
	int r;

	do {
		r = mach_msg(&msg, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg), 0, 0, 0, 0);
	} while (!r && ++n < 10000);
	ASSERT_EQ(r, MACH_SEND_TIMED_OUT);
	ASSERT_GT(n, 0);
	/* The failed send gave its right back as one that is moved. */
	msg.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
	ASSERT_OK(ask(name, true, true, notify));
	ASSERT_EQ(next(notify, NULL), 0);
	while (recv(remote.sock, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	ASSERT_EQ(next_within(notify, WAIT_MS, NULL), MACH_NOTIFY_SEND_POSSIBLE);
	drop(name);
	drop(notify);
	remote_free(&remote);
}

PORT_TEST(dead_name_of_a_send_once_right)
{
	PortName notify = make_receive(NULL), name;
	int near;

	name = name_right(pair_right(&near));
	ASSERT_OK(ask(name, false, false, notify));
	close(near);
	ASSERT_EQ(next_within(notify, WAIT_MS, NULL), MACH_NOTIFY_DEAD_NAME);
	ASSERT_EQ(type_of(name), ENTRY_DEAD_NAME);
	drop(name);
	/* Forgotten with the right. */
	name = name_right(pair_right(&near));
	ASSERT_OK(ask(name, false, false, notify));
	drop(name);
	ASSERT_EQ(next(notify, NULL), MACH_NOTIFY_PORT_DELETED);
	close(near);
	drop(notify);
}

PORT_TEST(no_senders_of_rights_elsewhere)
{
	Port *port;
	PortName notify = make_receive(NULL), name = make_receive(&port);
	Right right = once_right(notify), previous = RIGHT_NULL;
	bool owned;
	int end;

	ASSERT_OK(LOCKED(backing_make(port)));
	ASSERT_OK(LOCKED(backing_export_pipe(port->backing, &end, &owned)));
	ASSERT_FALSE(owned);
	end = ASSERT_FD(fd_dup(end)); /* as if it had been sent */
	ASSERT_OK(LOCKED(request_no_senders(port, 0, &right, &previous)));
	ASSERT_EQ(next_within(notify, 5, NULL), 0);
	close(end);
	ASSERT_EQ(next_within(notify, WAIT_MS, NULL), MACH_NOTIFY_NO_SENDERS);
	drop(name);
	drop(notify);
}

/* A send-once right of ours, with a request for its name, goes to another process, and there is no
 * descriptor left to watch it with: it is tried again. */
PORT_TEST(moved_away_and_not_watched_at_first)
{
	PortName notify = make_receive(NULL), receive = make_receive(NULL), name, other;
	SendOnce *once;

	name = make_once(receive);
	other = make_once(receive);
	ASSERT_OK(ask(name, false, false, notify));
	once = LOCKED(space_find(name))->once;
	fault_arm(FAULT_DUPFD, 1);
	ASSERT_OK(LOCKED(once_make_pair(once)));
	ASSERT_TRUE(fault_disarm());
	ASSERT_TRUE(LOCKED(request_watch_again()) == false);
	/* The port dies, and its answers with it. */
	drop(receive);
	ASSERT_EQ(next_within(notify, WAIT_MS, NULL), MACH_NOTIFY_DEAD_NAME);
	ASSERT_EQ(type_of(name), ENTRY_DEAD_NAME);
	drop(name);
	drop(other);
	drop(notify);
}

PORT_TEST(asked_again_and_again)
{
	PortName notify = make_receive(NULL), name;
	int near, before;

	name = name_right(pair_right(&near));
	ASSERT_OK(ask(name, false, false, notify));
	before = portcheck_fds();
	for (int i = 0; i < 10; i++) {
		ASSERT_OK(ask(name, false, false, notify));
		/* The right of the one before. */
		ASSERT_EQ(next(notify, NULL), MACH_NOTIFY_SEND_ONCE);
	}
	ASSERT_EQ(portcheck_fds(), before);
	close(near);
	ASSERT_EQ(next_within(notify, WAIT_MS, NULL), MACH_NOTIFY_DEAD_NAME);
	drop(name);
	drop(notify);
}
