/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "port/pairclose.h"
#include "port/reaper.h"
#include "port/test-bounded.h"
#include "tests/lib/hostile.h"
#include "tests/lib/unit.h"

#include <sys/socket.h>

#define WAIT_MS 20000

static void make_pair(int type, int ret[2])
{
	ASSERT_SYS(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ret));
}

static void send_with(int fd, size_t n, int what)
{
	struct iovec iov = {(void *)(uintptr_t) "content", n};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (what >= 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &what, sizeof(what));
	}
	ASSERT_EQ(sendmsg(fd, &msg, MSG_NOSIGNAL), (ssize_t)n);
}

TEST(nothing_to_close)
{
	ASSERT_EQ(pair_close_consume(-EBADF), -EBADF);
}

TEST(an_empty_end_is_closed_here)
{
	int pair[2];
	char byte;

	make_pair(SOCK_SEQPACKET, pair);
	ASSERT_EQ(pair_close_consume(pair[0]), -EBADF);
	ASSERT_FD_CLOSED(pair[0]);
	ASSERT_EQ(reaper_pending(), 0);
	ASSERT_EQ(recv(pair[1], &byte, 1, MSG_DONTWAIT), 0);
	close(pair[1]);
}

TEST(one_whose_peer_is_gone_too)
{
	int pair[2];

	make_pair(SOCK_SEQPACKET, pair);
	close(pair[1]);
	ASSERT_EQ(pair_close_consume(pair[0]), -EBADF);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_FD_CLOSED(pair[0]);
}

/* Content of any form goes to the reaper. */
TEST(what_is_not_empty)
{
	for (unsigned form = 0; form < 4; form++) {
		int pair[2];

		make_pair(SOCK_SEQPACKET, pair);
		send_with(pair[1], form & 1 ? 3 : 0, form & 2 ? STDIN_FILENO : -1);
		ASSERT_EQ(pair_close_consume(pair[0]), -EBADF);
		close(pair[1]);
		ASSERT_TRUE(reaper_wait(WAIT_MS));
		ASSERT_FD_CLOSED(pair[0]);
	}
}

TEST(plainly)
{
	int pair[2];

	make_pair(SOCK_SEQPACKET, pair);
	pair_close_plainly(true);
	send_with(pair[1], 3, -1);
	ASSERT_EQ(pair_close_consume(pair[0]), -EBADF);
	ASSERT_FD_CLOSED(pair[0]);
	pair_close_plainly(false);
	close(pair[1]);
}

static void close_it(void *arg)
{
	(void)pair_close_consume(*(int *)arg);
}

/* A message with a descriptor that blocks whoever closes it does not hold up the caller. */
TEST(content_that_blocks)
{
	Hostile hostile = HOSTILE_NULL;
	Bounded bounded;
	int pair[2];
	bool done;

	if (hostile_make(HOSTILE_TCP_LINGER, &hostile))
		SKIP("no such socket here");
	make_pair(SOCK_SEQPACKET, pair);
	send_with(pair[1], 1, hostile.fd);
	hostile_release(&hostile);
	done = bounded_run(&bounded, close_it, &pair[0]);
	hostile_deinit(&hostile);
	if (!done)
		bounded_join(&bounded);
	close(pair[1]);
	ASSERT_TRUE(done);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}
