/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/memfd.h"
#include "port/ident.h"
#include "port/portdir.h"
#include "port/test-bounded.h"
#include "tests/lib/hostile.h"
#include "tests/lib/unit.h"

/* The directory's descriptor stays open: it is no leak of the first test that makes a port. */
__attribute__((__constructor__)) static void warm_up(void)
{
	Ident ident;
	int sock, addr;

	if (portdir_mint(&sock, &addr, &ident) == 0) {
		close(sock);
		close(addr);
	}
}

TEST(identity_is_read_and_compared)
{
	Ident a = {}, b = {}, c = {};
	int sock[2], addr[2];

	ASSERT_OK(portdir_mint(&sock[0], &addr[0], &a));
	ASSERT_OK(portdir_mint(&sock[1], &addr[1], &b));
	memset(c.secret, 7, sizeof(c.secret));
	ASSERT_OK(ident_read(addr[0], &c));
	ASSERT_EQ(c.secret[0], 7);
	ASSERT_FALSE(ident_equal(&a, &c));
	memset(c.secret, 0, sizeof(c.secret));
	ASSERT_TRUE(ident_equal(&a, &c));
	ASSERT_FALSE(ident_equal(&a, &b));
	ASSERT_EQ(a.dev, b.dev);
	ASSERT_NE(a.ino, b.ino);
	ASSERT_NE(a.btime_ns, 0);
	for (int i = 0; i < 2; i++) {
		close(sock[i]);
		close(addr[i]);
	}
}

TEST(inode_that_is_used_again_has_another_birth)
{
	Ident a = {}, b = {};

	a.btime_ns = 1;
	a.dev = b.dev = 5;
	a.ino = b.ino = 6;
	ASSERT_FALSE(ident_equal(&a, &b));
	b.btime_ns = 1;
	ASSERT_TRUE(ident_equal(&a, &b));
}

TEST(what_is_no_address_is_refused)
{
	Ident ident = {.ino = 42};
	int fds[6], pair[2];

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
	fds[0] = pair[0];
	fds[1] = pair[1];
	fds[2] = ASSERT_SYS(open("/", O_PATH | O_CLOEXEC));
	fds[3] = ASSERT_SYS(open("/dev/null", O_RDONLY | O_CLOEXEC));
	fds[4] = ASSERT_FD(memfd_new("test"));
	fds[5] = ASSERT_SYS(eventfd(0, EFD_CLOEXEC));
	for (unsigned i = 0; i < 6; i++) {
		ASSERT_EQ(ident_read(fds[i], &ident), KERN_INVALID_ARGUMENT);
		close(fds[i]);
	}
	ASSERT_EQ(ident_read(fds[0], &ident), -EBADF);
	ASSERT_EQ(ident.ino, 42);
}

typedef struct Reading {
	int fd;
	int r;
	Ident ident;
} Reading;

static void read_ident(void *arg)
{
	Reading *reading = arg;

	reading->r = ident_read(reading->fd, &reading->ident);
}

static void check_fuse(HostileKind kind)
{
	Hostile h;
	Reading reading = {};
	Bounded bounded;
	bool in_time;
	int r;

	r = hostile_make(kind, &h);
	if (r == HOSTILE_E_SKIP)
		SKIP(h.reason);
	ASSERT_OK(r);
	reading.fd = h.fd;
	in_time = bounded_run(&bounded, read_ident, &reading);
	hostile_deinit(&h);
	if (!in_time)
		bounded_join(&bounded);
	ASSERT_TRUE(in_time);
	/* FUSE has no birth times, whatever the type of the inode is said to be. */
	ASSERT_EQ(reading.r, KERN_INVALID_ARGUMENT);
}

TEST(fuse_file_does_not_block)
{
	check_fuse(HOSTILE_FUSE_PATH);
}

TEST(fuse_socket_does_not_block)
{
	check_fuse(HOSTILE_FUSE_SOCKET);
}
