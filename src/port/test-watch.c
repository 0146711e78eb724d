/* SPDX-License-Identifier: Apache-2.0 */
/* What the watcher tells of is in test-request.c; here is what it keeps. */
#include "port/lease_server.h"
#include "port/names.h"
#include "port/test-support.h"
#include "port/watch.h"

static int n_open(void)
{
	return portcheck_fds();
}

static void drop_right(Right *right)
{
	LOCKED_DO(right_drop(right));
}

PORT_TEST(one_watch_for_each_port_and_kind)
{
	Remote remote = remote_make();
	Right right = remote_right(&remote);
	int before = n_open(), with_one;

	ASSERT_OK(LOCKED(watch_port(right.port, WATCH_DEAD)));
	with_one = n_open();
	ASSERT_EQ(with_one, before + 1);
	ASSERT_OK(LOCKED(watch_port(right.port, WATCH_DEAD)));
	ASSERT_EQ(n_open(), with_one);
	ASSERT_OK(LOCKED(watch_port(right.port, WATCH_ROOM)));
	ASSERT_GT(n_open(), with_one);
	LOCKED_DO(watch_forget_kind(right.port, WATCH_DEAD));
	LOCKED_DO(watch_forget_port(right.port));
	drop_right(&right);
	remote_free(&remote);
}

PORT_TEST(watches_go_with_their_port)
{
	Remote remote = remote_make();
	Right right = remote_right(&remote);

	ASSERT_OK(LOCKED(watch_port(right.port, WATCH_DEAD)));
	ASSERT_OK(LOCKED(watch_port(right.port, WATCH_ROOM)));
	drop_right(&right);
	remote_free(&remote);
}

PORT_TEST(room_at_a_dead_port)
{
	Remote remote = remote_make();
	Right right = remote_right(&remote);

	remote_die(&remote);
	ASSERT_LT(LOCKED(watch_port(right.port, WATCH_ROOM)), 0);
	drop_right(&right);
	remote_free(&remote);
}

PORT_TEST(every_pipe_is_watched_once)
{
	Port *port;
	PortName name = make_receive(&port);
	int before, end;
	bool owned;

	ASSERT_OK(LOCKED(backing_make(port)));
	before = n_open();
	ASSERT_OK(LOCKED(watch_port(port, WATCH_NO_SENDERS)));
	ASSERT_OK(LOCKED(watch_port(port, WATCH_NO_SENDERS)));
	ASSERT_EQ(n_open(), before + 1);
	LOCKED_DO(watch_forget_pipe(port, backing_pipe(port->backing, 0)));
	LOCKED_DO(watch_forget_pipe(port, backing_pipe(port->backing, 0)));
	ASSERT_EQ(n_open(), before);
	ASSERT_OK(LOCKED(backing_export_pipe(port->backing, &end, &owned)));
	ASSERT_OK(LOCKED(watch_new_pipe(port)));
	ASSERT_EQ(n_open(), before + 1);
	ASSERT_OK(LOCKED(name_destroy(name)));
}

PORT_TEST(send_once_rights)
{
	int near, before;
	Right right = pair_right(&near);

	before = n_open();
	ASSERT_OK(LOCKED(watch_once(right.once)));
	ASSERT_EQ(n_open(), before + 1);
	LOCKED_DO(watch_forget_once(right.once));
	ASSERT_EQ(n_open(), before);
	drop_right(&right);
	close(near);
}
