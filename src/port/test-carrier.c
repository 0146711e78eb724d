/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carriers, honest and hostile. A reader that would hang is found by the test's time-out only, so
 * hostile ones are read by a thread that is watched.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/un.h>

#include "base/sockmsg.h"
#include "port/carrier.h"
#include "port/probe.h"
#include "port/test-bounded.h"
#include "port/test-support.h"

static int open_again(int carrier)
{
	return carrier_open_consume(ASSERT_FD(fd_dup(carrier)));
}

static void write_one(int writer, int fd)
{
	ASSERT_OK(carrier_write(writer, NULL, 0, &fd, fd >= 0));
}

static ssize_t read_one(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT);
}

PORT_TEST(what_was_written_is_read)
{
	int writer, carrier, fd;
	struct iovec iov = {(char[8]){0}, 8};
	SockMsg sm;

	ASSERT_OK(carrier_new(&writer, &carrier));
	ASSERT_EQ(probe_kind(carrier), PROBE_LISTENER);
	ASSERT_EQ(probe_kind(writer), PROBE_SEQPACKET);
	write_one(writer, STDIN_FILENO);
	write_one(writer, -EBADF);
	close(writer);
	fd = ASSERT_FD(carrier_open_consume(carrier));
	ASSERT_EQ(probe_kind(fd), PROBE_SEQPACKET);
	ASSERT_OK(sockmsg_recv(fd, &iov, 1, &sm, MSG_DONTWAIT));
	ASSERT_EQ(sm.n_bytes, 1);
	ASSERT_EQ(fdlist_count(&sm.fds), 1);
	/* Nobody had accepted it when it was written: it is known all the same who wrote. */
	ASSERT_TRUE(sm.has_cred);
	ASSERT_EQ(sm.pid, getpid());
	sockmsg_deinit(&sm);
	ASSERT_EQ(read_one(fd), 1);
	ASSERT_EQ(read_one(fd), 0);
	close(fd);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

PORT_TEST(it_takes_what_fits)
{
	int writer, carrier, r, n = 0;

	ASSERT_OK(carrier_new(&writer, &carrier));
	while ((r = carrier_write(writer, NULL, 0, NULL, 0)) == 0)
		n++;
	ASSERT_EQ(r, -EAGAIN);
	/* Enough for the descriptors of the largest array. */
	ASSERT_GT((unsigned)n * WIRE_MAX_FDS, 2u * 16383u);
	close(carrier);
	ASSERT_LT(carrier_write(writer, NULL, 0, NULL, 0), 0);
	close(writer);
}

PORT_TEST(nothing_comes_in_once_it_is_read)
{
	int writer, carrier, fd;

	ASSERT_OK(carrier_new(&writer, &carrier));
	write_one(writer, -EBADF);
	fd = ASSERT_FD(carrier_open_consume(carrier));
	ASSERT_EQ(carrier_write(writer, NULL, 0, NULL, 0), -EPIPE);
	ASSERT_EQ(read_one(fd), 1);
	ASSERT_EQ(read_one(fd), 0);
	close(fd);
	close(writer);
}

PORT_TEST(accepted_it_stays_open)
{
	int writer, carrier, fd;

	ASSERT_OK(carrier_new(&writer, &carrier));
	fd = ASSERT_FD(carrier_accept_consume(carrier));
	ASSERT_EQ(read_one(fd), -1);
	/* Whoever waits for an answer does it in a blocking receive. */
	ASSERT_FALSE(fcntl(fd, F_GETFL) & O_NONBLOCK);
	write_one(writer, -EBADF);
	ASSERT_EQ(read_one(fd), 1);
	close(writer);
	ASSERT_EQ(read_one(fd), 0);
	close(fd);
}

PORT_TEST(an_end_before_it_was_accepted)
{
	int writer, carrier, fd;
	struct pollfd p;

	ASSERT_OK(carrier_new(&writer, &carrier));
	close(writer);
	fd = ASSERT_FD(carrier_accept_consume(carrier));
	ASSERT_EQ(read_one(fd), 0);
	close(fd);
	ASSERT_OK(carrier_new(&writer, &carrier));
	close(carrier);
	p = (struct pollfd){.fd = writer};
	ASSERT_EQ(poll(&p, 1, 0), 1);
	ASSERT_TRUE(p.revents & POLLHUP);
	close(writer);
}

static int connect_to(int fd, const struct sockaddr_un *address, socklen_t len)
{
	return connect(fd, (const struct sockaddr *)address, len) < 0 ? -errno : 0;
}

/* Who has read the name somewhere finds no room. */
PORT_TEST(there_is_room_for_one)
{
	struct sockaddr_un address;
	socklen_t len = sizeof(address);
	int writer, carrier, other, fd;

	ASSERT_OK(carrier_new(&writer, &carrier));
	ASSERT_SYS(getsockname(carrier, (struct sockaddr *)&address, &len));
	other = ASSERT_SYS(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	ASSERT_EQ(connect_to(other, &address, len), -EAGAIN);
	write_one(writer, -EBADF);
	fd = ASSERT_FD(open_again(carrier));
	ASSERT_EQ(connect_to(other, &address, len), -ECONNREFUSED);
	ASSERT_EQ(read_one(fd), 1);
	close(fd);
	/* Once only. */
	ASSERT_EQ(open_again(carrier), -EBADF);
	close(other);
	close(carrier);
	close(writer);
}

typedef struct Opening {
	int carrier;
	int fd;
	ssize_t got;
} Opening;

#define ASSERT_BOUNDED(run, arg)                                                                   \
	do {                                                                                       \
		Bounded bounded_;                                                                  \
		ASSERT_TRUE(bounded_run(&bounded_, run, arg));                                     \
	} while (0)

static void open_and_read(void *arg)
{
	Opening *o = arg;

	o->fd = carrier_open_consume(o->carrier);
	o->got = o->fd < 0 ? -1 : read_one(o->fd);
}

/* It was taken out, and made to block whoever accepts; also while we look. */
PORT_TEST(an_empty_carrier_does_not_wait)
{
	struct timeval hour = {.tv_sec = 3600};
	int writer, carrier, taken;
	Opening o;

	ASSERT_OK(carrier_new(&writer, &carrier));
	taken = ASSERT_SYS(accept4(carrier, NULL, NULL, SOCK_CLOEXEC));
	ASSERT_OK(fd_set_nonblock(carrier, false));
	ASSERT_SYS(setsockopt(carrier, SOL_SOCKET, SO_RCVTIMEO, &hour, sizeof(hour)));
	o = (Opening){.carrier = ASSERT_FD(fd_dup(carrier)), .fd = -EBADF};
	ASSERT_BOUNDED(open_and_read, &o);
	ASSERT_EQ(o.fd, -EBADF);
	/* To listen again does not help. */
	ASSERT_SYS(listen(carrier, 5));
	o.carrier = ASSERT_FD(fd_dup(carrier));
	ASSERT_BOUNDED(open_and_read, &o);
	ASSERT_EQ(o.fd, -EBADF);
	close(taken);
	close(carrier);
	close(writer);
}

/* What is no carrier. */
PORT_TEST(other_sockets)
{
	int fds[2];

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	ASSERT_LT(carrier_open_consume(fds[0]), 0);
	ASSERT_LT(carrier_open_consume(fds[1]), 0);
	ASSERT_LT(
		carrier_open_consume(ASSERT_SYS(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0))),
		0);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}
