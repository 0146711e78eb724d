/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sanitizer.h"
#include "base/uncancelled.h"
#include "tests/lib/unit.h"

static ssize_t send_one(int fd, char byte)
{
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	return uncancelled_sendmsg(fd, &msg, MSG_NOSIGNAL);
}

static ssize_t receive_one(int fd, char *byte)
{
	struct iovec iov = {byte, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	return uncancelled_recvmsg(fd, &msg, 0);
}

TEST(they_are_what_their_namesakes_are)
{
	int ends[2];
	char byte;

	ASSERT_OK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
	ASSERT_EQ(send_one(ends[0], 'a'), 1);
	ASSERT_EQ(uncancelled_sendto(ends[0], "b", 1, MSG_NOSIGNAL, NULL, 0), 1);
	ASSERT_EQ(receive_one(ends[1], &byte), 1);
	ASSERT_EQ(byte, 'a');
	ASSERT_EQ(receive_one(ends[1], &byte), 1);
	ASSERT_EQ(byte, 'b');
	ASSERT_OK(uncancelled_close(ends[0]));
	ASSERT_EQ(receive_one(ends[1], &byte), 0);
	ASSERT_EQ(send_one(ends[1], 'c'), -1);
	ASSERT_EQ(errno, EPIPE);
	ASSERT_OK(uncancelled_close(ends[1]));
	ASSERT_EQ(uncancelled_close(ends[1]), -1);
	ASSERT_EQ(errno, EBADF);
}

/* With a request to end waiting from the start. */
static void *thread_main(void *arg)
{
	int ends[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return arg;
	(void)pthread_cancel(pthread_self());
	(void)send_one(ends[0], 'a');
	(void)uncancelled_sendto(ends[0], "b", 1, MSG_NOSIGNAL, NULL, 0);
	(void)receive_one(ends[1], &byte);
	(void)uncancelled_close(ends[0]);
	(void)uncancelled_close(ends[1]);
	*(bool *)arg = true;
	pthread_testcancel();
	return arg;
}

TEST(no_thread_ends_in_them)
{
	bool came_through = false;
	pthread_t thread;
	void *result;

	if (UNDER_ASAN || UNDER_TSAN)
		SKIP("they are their namesakes then");
	ASSERT_OK(pthread_create(&thread, NULL, thread_main, &came_through));
	ASSERT_OK(pthread_join(thread, &result));
	ASSERT_TRUE(result == PTHREAD_CANCELED);
	ASSERT_TRUE(came_through);
}
