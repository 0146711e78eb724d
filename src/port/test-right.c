/* SPDX-License-Identifier: Apache-2.0 */
#include <mach/notify.h>

#include "port/names.h"
#include "port/queue.h"
#include "port/test-support.h"

#define FIRST MACH_MSG_TYPE_MOVE_RECEIVE
#define LAST MACH_MSG_TYPE_MAKE_SEND_ONCE

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

static void drop_right(Right *right)
{
	LOCKED_DO(right_drop(right));
	ASSERT_EQ(right->kind, RIGHT_NONE);
}

/* Names of every kind, with what each disposition shall say of them. */
enum {
	RECEIVE_ONLY,
	RECEIVE_SEND,
	SEND_REMOTE,
	ONCE,
	DEAD,
	SET,
	IMMOVABLE,
	REPLY,
	N_KINDS,
};

static PortName make_kind(unsigned kind, const Remote *remote, PortName target)
{
	PortName name = 0;
	Port *port;

	switch (kind) {
	case RECEIVE_SEND:
		name = make_receive(NULL);
		add_send(name, 2);
		return name;
	case SEND_REMOTE:
		return remote_name(remote);
	case ONCE:
		return make_once(target);
	case DEAD:
	case SET:
		ASSERT_EQ(
			mach_port_allocate(mach_task_self(),
				kind == SET ? MACH_PORT_RIGHT_PORT_SET : MACH_PORT_RIGHT_DEAD_NAME,
				&name),
			0);
		return name;
	default:
		name = make_receive(&port);
		if (kind == IMMOVABLE)
			port->flags |= PORT_F_IMMOVABLE;
		if (kind == REPLY)
			port->flags |= PORT_F_REPLY;
		return name;
	}
}

/* In the order MOVE_RECEIVE, MOVE_SEND, MOVE_SEND_ONCE, COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE. */
static const int expected[N_KINDS][6] = {
	[RECEIVE_ONLY] = {0, KERN_INVALID_RIGHT, KERN_INVALID_RIGHT, KERN_INVALID_RIGHT, 0, 0},
	[RECEIVE_SEND] = {0, 0, KERN_INVALID_RIGHT, 0, 0, 0},
	[SEND_REMOTE] = {KERN_INVALID_RIGHT, 0, KERN_INVALID_RIGHT, 0, KERN_INVALID_RIGHT,
		KERN_INVALID_RIGHT},
	[ONCE] = {KERN_INVALID_RIGHT, KERN_INVALID_RIGHT, 0, KERN_INVALID_RIGHT, KERN_INVALID_RIGHT,
		KERN_INVALID_RIGHT},
	[DEAD] = {KERN_INVALID_RIGHT, 0, 0, 0, KERN_INVALID_RIGHT, KERN_INVALID_RIGHT},
	[SET] = {KERN_INVALID_RIGHT, KERN_INVALID_RIGHT, KERN_INVALID_RIGHT, KERN_INVALID_RIGHT,
		KERN_INVALID_RIGHT, KERN_INVALID_RIGHT},
	[IMMOVABLE] = {KERN_INVALID_CAPABILITY, KERN_INVALID_RIGHT, KERN_INVALID_RIGHT,
		KERN_INVALID_RIGHT, 0, 0},
	[REPLY] = {KERN_INVALID_CAPABILITY, KERN_INVALID_RIGHT, KERN_INVALID_RIGHT,
		KERN_INVALID_RIGHT, KERN_INVALID_CAPABILITY, 0},
};

static void check_one(unsigned kind, unsigned disposition, const Remote *remote)
{
	PortName target = make_receive(NULL), name = make_kind(kind, remote, target);
	int want = expected[kind][disposition - FIRST];
	Right right = RIGHT_NULL;

	ASSERT_EQ(LOCKED(right_check_copyin(name, disposition)), want);
	ASSERT_EQ(LOCKED(right_copyin(name, disposition, &right)), want);
	if (want)
		ASSERT_EQ(right.kind, RIGHT_NONE);
	else if (kind == DEAD)
		ASSERT_EQ(right.kind, RIGHT_DEAD);
	else if (disposition == MACH_MSG_TYPE_MOVE_RECEIVE)
		ASSERT_EQ(right.kind, RIGHT_RECEIVE);
	else if (disposition == MACH_MSG_TYPE_MOVE_SEND_ONCE ||
		 disposition == MACH_MSG_TYPE_MAKE_SEND_ONCE)
		ASSERT_EQ(right.kind, RIGHT_SEND_ONCE);
	else
		ASSERT_EQ(right.kind, RIGHT_SEND);
	drop_right(&right);
	ASSERT_IN_ORDER();
	if (type_of(name))
		drop(name);
	drop(target);
}

PORT_TEST(copyin_says_what_the_check_said)
{
	Remote remote = remote_make();

	for (unsigned kind = 0; kind < N_KINDS; kind++)
		for (unsigned disposition = FIRST; disposition <= LAST; disposition++)
			check_one(kind, disposition, &remote);
	remote_free(&remote);
}

PORT_TEST(copyin_of_nonsense)
{
	PortName name = make_receive(NULL);
	Right right = RIGHT_NULL;

	ASSERT_EQ(LOCKED(right_copyin(name, FIRST - 1, &right)), KERN_INVALID_VALUE);
	ASSERT_EQ(LOCKED(right_copyin(name, LAST + 1, &right)), KERN_INVALID_VALUE);
	ASSERT_EQ(LOCKED(right_check_copyin(name, LAST + 1)), KERN_INVALID_VALUE);
	ASSERT_EQ(LOCKED(right_copyin(0x7654303, MACH_MSG_TYPE_COPY_SEND, &right)),
		KERN_INVALID_NAME);
	ASSERT_EQ(
		LOCKED(right_check_copyin(0x7654303, MACH_MSG_TYPE_COPY_SEND)), KERN_INVALID_NAME);
	drop(name);
}

/* Taking back leaves everything as it was. */
PORT_TEST(undo)
{
	Remote remote = remote_make();

	for (unsigned kind = 0; kind < N_KINDS; kind++) {
		for (unsigned disposition = FIRST; disposition <= LAST; disposition++) {
			PortName target = make_receive(NULL);
			PortName name = make_kind(kind, &remote, target);
			uint8_t type = type_of(name);
			unsigned urefs = urefs_of(name);
			Right right = RIGHT_NULL;

			if (LOCKED(right_copyin(name, disposition, &right)) == 0)
				LOCKED_DO(right_undo_copyin(name, disposition, &right));
			ASSERT_EQ(right.kind, RIGHT_NONE);
			ASSERT_EQ(type_of(name), type);
			ASSERT_EQ(urefs_of(name), urefs);
			ASSERT_IN_ORDER();
			/* No notification was made of it. */
			ASSERT_EQ(LOCKED(space_find(target))->port->msgcount, 0);
			drop(name);
			drop(target);
		}
	}
	remote_free(&remote);
}

PORT_TEST(reply_ports_have_one_right)
{
	Port *port;
	PortName name = make_receive(&port);
	Right right, second = RIGHT_NULL;

	port->flags |= PORT_F_REPLY;
	right = once_right(name);
	ASSERT_EQ(LOCKED(right_check_copyin(name, MACH_MSG_TYPE_MAKE_SEND_ONCE)),
		KERN_INVALID_CAPABILITY);
	ASSERT_EQ(LOCKED(right_copyin(name, MACH_MSG_TYPE_MAKE_SEND_ONCE, &second)),
		KERN_INVALID_CAPABILITY);
	ASSERT_TRUE(LOCKED(right_is_reply_only(name, MACH_MSG_TYPE_MAKE_SEND_ONCE)));
	ASSERT_FALSE(LOCKED(right_is_reply_only(name, MACH_MSG_TYPE_COPY_SEND)));
	ASSERT_FALSE(LOCKED(right_is_reply_only(0x7654303, MACH_MSG_TYPE_MAKE_SEND_ONCE)));
	drop_right(&right);
	right = once_right(name);
	drop_right(&right);
	drop(name);
}

PORT_TEST(send_rights_coalesce)
{
	Port *port;
	PortName name = make_receive(&port), given = 0;
	Right a, b;

	ASSERT_OK(LOCKED(right_copyin(name, MACH_MSG_TYPE_MAKE_SEND, &a)));
	ASSERT_EQ(port->mscount, 1);
	b = LOCKED(right_copy_send(&a));
	ASSERT_EQ(b.kind, RIGHT_SEND);
	ASSERT_EQ(port->srights, 2);
	ASSERT_EQ(port->mscount, 1);
	ASSERT_OK(LOCKED(right_copyout(&a, &given)));
	ASSERT_EQ(given, name);
	ASSERT_EQ(type_of(name), ENTRY_SEND | ENTRY_RECEIVE);
	ASSERT_OK(LOCKED(right_copyout(&b, &given)));
	ASSERT_EQ(given, name);
	ASSERT_EQ(urefs_of(name), 2);
	ASSERT_EQ(port->srights, 1);
	drop(name);
}

/* The receive right joins the send right that is there already. */
PORT_TEST(receive_and_send_share_a_name)
{
	PortName name = make_receive(NULL), given = 0;
	Right right;

	add_send(name, 1);
	ASSERT_OK(LOCKED(right_copyin(name, MACH_MSG_TYPE_MOVE_RECEIVE, &right)));
	ASSERT_EQ(type_of(name), ENTRY_SEND);
	ASSERT_EQ(LOCKED(right_disposition(&right, 0)), MACH_MSG_TYPE_PORT_RECEIVE);
	ASSERT_OK(LOCKED(right_copyout(&right, &given)));
	ASSERT_EQ(given, name);
	ASSERT_EQ(type_of(name), ENTRY_SEND | ENTRY_RECEIVE);
	drop(name);
}

PORT_TEST(copyout_of_nothing_and_of_the_dead)
{
	Right right = RIGHT_NULL;
	PortName name = 77, receive = make_receive(NULL);

	ASSERT_OK(LOCKED(right_copyout(&right, &name)));
	ASSERT_EQ(name, MACH_PORT_NULL);
	right = (Right){.kind = RIGHT_DEAD};
	ASSERT_TRUE(LOCKED(right_is_dead(&right)));
	ASSERT_EQ(LOCKED(right_disposition(&right, 99)), 99);
	ASSERT_OK(LOCKED(right_copyout(&right, &name)));
	ASSERT_EQ(name, MACH_PORT_DEAD);
	/* Rights whose port dies before they get a name. */
	ASSERT_OK(LOCKED(right_copyin(receive, MACH_MSG_TYPE_MAKE_SEND, &right)));
	ASSERT_FALSE(LOCKED(right_is_dead(&right)));
	drop(receive);
	ASSERT_TRUE(LOCKED(right_is_dead(&right)));
	ASSERT_OK(LOCKED(right_copyout(&right, &name)));
	ASSERT_EQ(name, MACH_PORT_DEAD);
	receive = make_receive(NULL);
	right = once_right(receive);
	drop(receive);
	ASSERT_TRUE(LOCKED(right_is_dead(&right)));
	ASSERT_OK(LOCKED(right_copyout(&right, &name)));
	ASSERT_EQ(name, MACH_PORT_DEAD);
}

PORT_TEST(dropping_notifies_and_forgetting_does_not)
{
	Port *port;
	PortName name = make_receive(&port);
	Right right = once_right(name);

	ASSERT_EQ(port->sorights, 1);
	drop_right(&right);
	ASSERT_EQ(port->sorights, 0);
	ASSERT_EQ(pop_id(port), MACH_NOTIFY_SEND_ONCE);
	right = once_right(name);
	LOCKED_DO(right_forget(&right));
	ASSERT_EQ(port->sorights, 0);
	ASSERT_EQ(pop_id(port), -1);
	ASSERT_OK(LOCKED(right_copyin(name, MACH_MSG_TYPE_MAKE_SEND, &right)));
	LOCKED_DO(right_forget(&right));
	ASSERT_EQ(port->srights, 0);
	drop(name);
}

PORT_TEST(values_change_hands)
{
	PortName name = make_receive(NULL);
	Right a = once_right(name), b = RIGHT_NULL, c;

	right_swap(&a, &b, 1);
	ASSERT_EQ(a.kind, RIGHT_NONE);
	ASSERT_EQ(b.kind, RIGHT_SEND_ONCE);
	c = right_take(&b);
	ASSERT_EQ(b.kind, RIGHT_NONE);
	ASSERT_EQ(LOCKED(right_copy_send(&c)).kind, RIGHT_NONE);
	ASSERT_EQ(LOCKED(right_disposition(&c, 0)), MACH_MSG_TYPE_PORT_SEND_ONCE);
	drop_right(&c);
	drop(name);
}

PORT_TEST(dropping_a_receive_right_destroys_the_port)
{
	PortName name = make_receive(NULL), once = make_once(name);
	Right right;

	add_send(name, 1);
	ASSERT_OK(LOCKED(right_copyin(name, MACH_MSG_TYPE_MOVE_RECEIVE, &right)));
	drop_right(&right);
	ASSERT_EQ(type_of(name), ENTRY_DEAD_NAME);
	ASSERT_EQ(type_of(once), ENTRY_DEAD_NAME);
	drop(name);
	drop(once);
}
