/* SPDX-License-Identifier: Apache-2.0 */
#include "port/hold.h"

#include <fcntl.h>

#include "port/test-support.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void message_begin(Message *m, Right *rights, uint32_t n)
{
	message_init(m);
	ASSERT_OK(message_alloc_items(m, 1));
	m->items[0].type = MACH_MSG_OOL_PORTS_DESCRIPTOR;
	m->items[0].rights = rights;
	m->items[0].count = n;
}

/* The rights stay the test's. */
static void message_end(Message *m)
{
	m->items[0].rights = NULL;
	m->items[0].count = 0;
	LOCKED_DO(message_clear(m));
}

PORT_TEST(nothing_to_hold)
{
	Right rights[2] = {RIGHT_NULL, {.kind = RIGHT_DEAD}};
	Message m;
	Hold hold = HOLD_INIT;

	message_begin(&m, rights, 2);
	ASSERT_OK(LOCKED(hold_message(&hold, &m)));
	ASSERT_EQ(hold.n_pins, 0);
	LOCKED_DO(hold_release(&hold));
	ASSERT_FALSE(LOCKED(hold_keeps(-EBADF, 0)));
	message_end(&m);
}

/* The port dies while its end of the pipe is being sent: it is closed when that is over. */
PORT_TEST(an_end_outlives_its_port)
{
	Remote remote = remote_make();
	Right right = remote_right(&remote);
	Port *port = port_ref(right.port);
	Message m;
	Hold hold = HOLD_INIT, other = HOLD_INIT;
	int fd = port->backing->pipe_w;

	message_begin(&m, &right, 1);
	ASSERT_OK(LOCKED(hold_message(&hold, &m)));
	ASSERT_OK(LOCKED(hold_message(&other, &m)));
	LOCKED_DO(port_mark_dead(port));
	ASSERT_EQ(port->backing->pipe_w, -EBADF);
	LOCKED_DO(hold_release(&hold));
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_TRUE(is_open(fd));
	LOCKED_DO(hold_release(&other));
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_FALSE(is_open(fd));
	message_end(&m);
	LOCKED_DO(port_unref(port));
	LOCKED_DO(right_drop(&right));
	remote_free(&remote);
}

PORT_TEST(an_end_that_stays_is_not_closed)
{
	Remote remote = remote_make();
	Right right = remote_right(&remote);
	Message m;
	Hold hold = HOLD_INIT;
	int fd = right.port->backing->pipe_w;

	message_begin(&m, &right, 1);
	ASSERT_OK(LOCKED(hold_message(&hold, &m)));
	LOCKED_DO(hold_release(&hold));
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_TRUE(is_open(fd));
	ASSERT_EQ(right.port->backing->pipe_w, fd);
	message_end(&m);
	LOCKED_DO(right_drop(&right));
	remote_free(&remote);
}

PORT_TEST(more_than_a_few)
{
	Remote remote = remote_make();
	Right rights[3 * HOLD_SOME];
	Message m;
	Hold hold = HOLD_INIT;

	message_begin(&m, rights, ARRAY_SIZE(rights));
	for (unsigned i = 0; i < ARRAY_SIZE(rights); i++)
		rights[i] = remote_right(&remote);
	ASSERT_OK(LOCKED(hold_message(&hold, &m)));
	ASSERT_EQ(hold.n_pins, ARRAY_SIZE(rights));
	LOCKED_DO(hold_release(&hold));
	message_end(&m);
	for (unsigned i = 0; i < ARRAY_SIZE(rights); i++)
		LOCKED_DO(right_drop(&rights[i]));
	remote_free(&remote);
}

/* Receive rights and objects have more descriptors than these. */
PORT_TEST(what_cannot_be_held)
{
	PortName name = make_receive(NULL);
	Right right = RIGHT_NULL;
	Message m;
	Hold hold = HOLD_INIT;

	message_begin(&m, &right, 1);
	ASSERT_OK(LOCKED(right_copyin(name, MACH_MSG_TYPE_MOVE_RECEIVE, &right)));
	ASSERT_EQ(LOCKED(hold_message(&hold, &m)), KERN_NOT_SUPPORTED);
	ASSERT_EQ(hold.n_pins, 0);
	message_end(&m);
	LOCKED_DO(right_drop(&right));
}
