/* SPDX-License-Identifier: Apache-2.0 */
#include <mach/notify.h>

#include "port/answer.h"
#include "port/names.h"
#include "port/once.h"
#include "port/pull.h"
#include "port/test-support.h"

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

static void drop_right(Right *right)
{
	LOCKED_DO(right_drop(right));
}

PORT_TEST(local)
{
	Port *port;
	PortName name = make_receive(&port);
	SendOnce *once = LOCKED(once_new_local(port));

	ASSERT_NOT_NULL(once);
	ASSERT_EQ(port->sorights, 1);
	ASSERT_FALSE(LOCKED(once_is_dead(once)));
	ASSERT_NULL(LOCKED(once_free(once)));
	ASSERT_EQ(port->sorights, 0);
	ASSERT_EQ(port->msgcount, 0);
	once = LOCKED(once_new_local(port));
	ASSERT_NULL(LOCKED(once_die(once)));
	ASSERT_EQ(pop_id(port), MACH_NOTIFY_SEND_ONCE);
	ASSERT_NULL(LOCKED(once_free(NULL)));
	ASSERT_NULL(LOCKED(once_die(NULL)));
	drop(name);
}

/* A local right that leaves becomes a pair; its port waits for what comes on it. */
PORT_TEST(a_local_right_becomes_a_pair)
{
	Port *port;
	PortName name = make_receive(&port);
	Right right = once_right(name);

	ASSERT_OK(LOCKED(once_make_pair(right.once)));
	ASSERT_EQ(right.once->kind, ONCE_PAIR);
	/* Whoever gets its end stuck, root has not. */
	ASSERT_EQ(right.once->uid, REAPER_NOBODY);
	ASSERT_EQ(port->sorights, 1);
	ASSERT_EQ(port->extra->n_answers, 1);
	ASSERT_FALSE(LOCKED(once_is_dead(right.once)));
	ASSERT_IN_ORDER();
	ASSERT_OK(LOCKED(once_make_pair(right.once)));
	drop_right(&right);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	/* The kernel says that it died. */
	ASSERT_EQ(mach_msg(&(mach_msg_header_t){0}, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
			  sizeof(mach_msg_header_t), name, 0, 0),
		MACH_RCV_TOO_LARGE);
	ASSERT_EQ(port->sorights, 0);
	ASSERT_EQ(port->extra->n_answers, 0);
	drop(name);
}

PORT_TEST(a_pair_whose_maker_is_gone)
{
	int near;
	Right right = pair_right(&near);
	PortName name;

	ASSERT_FALSE(LOCKED(right_is_dead(&right)));
	name = name_right(right);
	ASSERT_EQ(type_of(name), ENTRY_SEND_ONCE);
	close(near);
	ASSERT_TRUE(LOCKED(once_is_dead(space_find_raw(name)->once)));
	/* Nobody looked so far; the watcher would say it. */
	LOCKED_DO(once_mark_dead(space_find_raw(name)->once));
	ASSERT_EQ(type_of(name), ENTRY_DEAD_NAME);
	drop(name);
}

PORT_TEST(the_port_dies_before_the_right)
{
	PortName name = make_receive(NULL), once = make_once(name);
	Right right = once_right(name);

	ASSERT_EQ(LOCKED(space_find(name))->port->sorights, 2);
	drop(name);
	ASSERT_EQ(right.once->kind, ONCE_DEAD);
	ASSERT_TRUE(LOCKED(once_is_dead(right.once)));
	ASSERT_EQ(type_of(once), ENTRY_DEAD_NAME);
	drop(once);
	drop_right(&right);
}

/* Answers: the near ends. */

static int32_t receive_id(PortName name)
{
	struct {
		mach_msg_header_t header;
		uint8_t rest[256];
	} msg;

	if (mach_msg(&msg.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(msg), name, 0, 0))
		return -1;
	mach_msg_destroy(&msg.header);
	return msg.header.msgh_id;
}

static void answer_with(int fd, const void *bytes, size_t n)
{
	ASSERT_EQ(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

PORT_TEST(answers_come_on_pairs)
{
	static const struct {
		uint8_t type;
		uint16_t flags;
		int32_t id;
	} cases[] = {
		{WIRE_MESSAGE, WIRE_F_ONCE, 42},
		/* What cannot be read is an answer that says that the right is used up. */
		{WIRE_MESSAGE, 0, MACH_NOTIFY_SEND_ONCE},
		{WIRE_EVICT, WIRE_F_ONCE, MACH_NOTIFY_SEND_ONCE},
		{99, WIRE_F_ONCE, MACH_NOTIFY_SEND_ONCE},
	};
	Port *port;
	PortName name = make_receive(&port);

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		WireHeader h = {.magic = WIRE_MAGIC,
			.version = WIRE_VERSION,
			.type = cases[i].type,
			.flags = cases[i].flags,
			.id = 42};
		Answer *answer;
		int far;

		LOCKED_DO(port->sorights++);
		ASSERT_OK(LOCKED(answer_make(port, &answer, &far)));
		ASSERT_PTR_EQ(LOCKED(answer_find(port, answer->serial)), answer);
		ASSERT_EQ(receive_id(name), -1);
		answer_with(far, &h, sizeof(h));
		ASSERT_EQ(receive_id(name), cases[i].id);
		ASSERT_EQ(port->sorights, 0);
		/* One right, one message. */
		ASSERT_TRUE(reaper_wait(WAIT_MS));
		ASSERT_LT(send(far, &h, sizeof(h), MSG_NOSIGNAL), 0);
		close(far);
		ASSERT_EQ(receive_id(name), -1);
	}
	ASSERT_EQ(port->extra->dropped, 3);
	drop(name);
}

PORT_TEST(an_answer_that_was_interrupted)
{
	Port *port;
	PortName name = make_receive(&port);
	Answer *answer;
	int far;

	LOCKED_DO(port->sorights++);
	ASSERT_OK(LOCKED(answer_make(port, &answer, &far)));
	ASSERT_NULL(LOCKED(answer_find(port, answer->serial + 1)));
	LOCKED_DO(answer_interrupt(answer));
	ASSERT_EQ(receive_id(name), MACH_NOTIFY_SEND_ONCE);
	close(far);
	ASSERT_NULL(LOCKED(answer_free(NULL)));
	drop(name);
}

/* Answers die with the port, read or not. */
PORT_TEST(answers_of_a_dead_port)
{
	Port *port;
	PortName name = make_receive(&port);
	Answer *answer;
	int far[2];
	char byte = 'x';

	for (unsigned i = 0; i < 2; i++) {
		LOCKED_DO(port->sorights++);
		ASSERT_OK(LOCKED(answer_make(port, &answer, &far[i])));
	}
	answer_with(far[0], &byte, 1);
	drop(name);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	for (unsigned i = 0; i < 2; i++) {
		ASSERT_LT(send(far[i], &byte, 1, MSG_NOSIGNAL), 0);
		close(far[i]);
	}
}
