/* SPDX-License-Identifier: Apache-2.0 */

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/kernel.h"
#include "base/sockmsg.h"
#include "tests/lib/unit.h"

typedef struct Pair {
	int a;
	int b;
} Pair;

static void pair_deinit(Pair *pair)
{
	fd_close(pair->a);
	fd_close(pair->b);
}

static Pair pair_new(int type)
{
	int fds[2];

	ASSERT_SYS(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds));
	return (Pair){fds[0], fds[1]};
}

static void set_option(int sock, int option)
{
	int one = 1;

	ASSERT_SYS(setsockopt(sock, SOL_SOCKET, option, &one, sizeof(one)));
}

static int send_text(int sock, const char *text, const FdList *fds)
{
	struct iovec iov = {(void *)text, strlen(text)};

	return sockmsg_send(sock, &iov, 1, fds, 0);
}

static int recv_text(int sock, char *text, size_t size, SockMsg *m, int flags)
{
	struct iovec iov = {text, size};

	return sockmsg_recv(sock, &iov, 1, m, flags);
}

static bool is_same_file(int a, int b)
{
	struct stat sa, sb;

	ASSERT_SYS(fstat(a, &sa));
	ASSERT_SYS(fstat(b, &sb));
	return sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

TEST(bytes_only)
{
	_cleanup_(pair_deinit) Pair s = pair_new(SOCK_DGRAM);
	_cleanup_sockmsg_ SockMsg m = SOCKMSG_INIT;
	char text[16];

	ASSERT_OK(send_text(s.a, "hello", NULL));
	ASSERT_OK(recv_text(s.b, text, sizeof(text), &m, MSG_DONTWAIT));
	ASSERT_EQ(m.n_bytes, 5u);
	ASSERT_MEMEQ(text, "hello", 5);
	ASSERT_FALSE(m.has_cred);
	ASSERT_FALSE(m.data_truncated);
	ASSERT_FALSE(m.fds_truncated);
	ASSERT_EQ(m.pidfd, -EBADF);
	ASSERT_EQ(fdlist_count(&m.fds), 0u);
	ASSERT_EQ(recv_text(s.b, text, sizeof(text), &m, MSG_DONTWAIT), -EAGAIN);
}

TEST(pieces_make_one_message)
{
	_cleanup_(pair_deinit) Pair s = pair_new(SOCK_SEQPACKET);
	_cleanup_sockmsg_ SockMsg m = SOCKMSG_INIT;
	struct iovec pieces[] = {{(void *)"he", 2}, {NULL, 0}, {(void *)"llo", 3}};
	char first[4], second[4];
	struct iovec parts[] = {{first, sizeof(first)}, {second, sizeof(second)}};

	ASSERT_OK(sockmsg_send(s.a, pieces, ARRAY_SIZE(pieces), NULL, 0));
	ASSERT_OK(sockmsg_recv(s.b, parts, ARRAY_SIZE(parts), &m, 0));
	ASSERT_EQ(m.n_bytes, 5u);
	ASSERT_MEMEQ(first, "hell", 4);
	ASSERT_MEMEQ(second, "o", 1);
	/* Not even one piece: an empty message. */
	ASSERT_OK(sockmsg_send(s.a, NULL, 0, NULL, 0));
	ASSERT_OK(sockmsg_recv(s.b, parts, 1, &m, 0));
	ASSERT_EQ(m.n_bytes, 0u);
	ASSERT_EQ(sockmsg_send(-EBADF, pieces, 1, NULL, 0), -EBADF);
}

TEST(descriptors_arrive_in_order)
{
	_cleanup_(pair_deinit) Pair s = pair_new(SOCK_SEQPACKET);
	_cleanup_(pair_deinit) Pair other = pair_new(SOCK_STREAM);
	_cleanup_fdlist_ FdList fds = FDLIST_INIT;
	char text[16];

	for (int i = 0; i < FDLIST_MAX; i++) {
		SockMsg m;

		ASSERT_OK(fdlist_add_borrow(&fds, i % 2 ? other.a : other.b));
		if (i != 0 && i != 7 && i != 8 && i != FDLIST_MAX - 1)
			continue;
		ASSERT_OK(send_text(s.a, "x", &fds));
		ASSERT_OK(recv_text(s.b, text, sizeof(text), &m, 0));
		ASSERT_FALSE(m.fds_truncated);
		ASSERT_EQ(fdlist_count(&m.fds), (size_t)i + 1);
		for (int k = 0; k <= i; k++) {
			int fd = fdlist_get(&m.fds, (size_t)k);

			ASSERT_FD_CLOEXEC(fd);
			ASSERT_GE(fd, FD_ABOVE_STDIO);
			ASSERT_TRUE(is_same_file(fd, k % 2 ? other.a : other.b));
		}
		sockmsg_deinit(&m);
		ASSERT_EQ(fdlist_count(&m.fds), 0u);
	}
}

TEST(empty_list_sends_no_control)
{
	_cleanup_(pair_deinit) Pair s = pair_new(SOCK_DGRAM);
	_cleanup_fdlist_ FdList fds = FDLIST_INIT;
	_cleanup_sockmsg_ SockMsg m = SOCKMSG_INIT;
	char text[16];

	ASSERT_OK(send_text(s.a, "x", &fds));
	ASSERT_OK(recv_text(s.b, text, sizeof(text), &m, 0));
	ASSERT_EQ(fdlist_count(&m.fds), 0u);
}

TEST(stolen_slot_cannot_be_sent)
{
	_cleanup_(pair_deinit) Pair s = pair_new(SOCK_DGRAM);
	_cleanup_fdlist_ FdList fds = FDLIST_INIT;

	ASSERT_OK(fdlist_add_dup(&fds, s.a));
	fd_close(fdlist_steal(&fds, 0));
	ASSERT_EQ(send_text(s.a, "x", &fds), -EBADF);
}

TEST(credentials_and_pidfd)
{
	_cleanup_(pair_deinit) Pair s = pair_new(SOCK_DGRAM);
	_cleanup_fdlist_ FdList fds = FDLIST_INIT;
	_cleanup_sockmsg_ SockMsg m = SOCKMSG_INIT;
	int pidfd, fd;
	char text[16];

	set_option(s.b, SO_PASSCRED);
	set_option(s.b, SO_PASSPIDFD);
	ASSERT_OK(fdlist_add_borrow(&fds, s.a));
	ASSERT_OK(send_text(s.a, "who", &fds));
	ASSERT_OK(recv_text(s.b, text, sizeof(text), &m, 0));
	ASSERT_TRUE(m.has_cred);
	ASSERT_EQ(m.pid, getpid());
	ASSERT_EQ(m.uid, geteuid());
	ASSERT_EQ(m.gid, getegid());
	ASSERT_FD_CLOEXEC(m.pidfd);
	ASSERT_EQ(fdlist_count(&m.fds), 1u);
	pidfd = m.pidfd;
	fd = fdlist_get(&m.fds, 0);
	sockmsg_deinit(&m);
	ASSERT_FD_CLOSED(pidfd);
	ASSERT_FD_CLOSED(fd);
	ASSERT_EQ(m.pidfd, -EBADF);
	ASSERT_FALSE(m.has_cred);
}

TEST(message_from_before_credentials_is_from_nobody)
{
	_cleanup_(pair_deinit) Pair s = pair_new(SOCK_DGRAM);
	_cleanup_sockmsg_ SockMsg m = SOCKMSG_INIT;
	char text[16];

	ASSERT_OK(send_text(s.a, "who", NULL));
	set_option(s.b, SO_PASSCRED);
	ASSERT_OK(recv_text(s.b, text, sizeof(text), &m, 0));
	ASSERT_FALSE(m.has_cred);
	ASSERT_EQ(m.pid, 0);
}

TEST(long_message_is_cut_and_keeps_descriptors)
{
	_cleanup_(pair_deinit) Pair s = pair_new(SOCK_DGRAM);
	_cleanup_fdlist_ FdList fds = FDLIST_INIT;
	_cleanup_sockmsg_ SockMsg m = SOCKMSG_INIT;
	char text[4];

	ASSERT_OK(fdlist_add_borrow(&fds, s.a));
	ASSERT_OK(send_text(s.a, "hello", &fds));
	ASSERT_OK(recv_text(s.b, text, sizeof(text), &m, MSG_TRUNC));
	ASSERT_EQ(m.n_bytes, 5u);
	ASSERT_TRUE(m.data_truncated);
	ASSERT_FALSE(m.fds_truncated);
	ASSERT_EQ(fdlist_count(&m.fds), 1u);
}

TEST(peek_makes_no_descriptors)
{
	_cleanup_(pair_deinit) Pair s = pair_new(SOCK_DGRAM);
	_cleanup_fdlist_ FdList fds = FDLIST_INIT;
	_cleanup_sockmsg_ SockMsg peeked = SOCKMSG_INIT, m = SOCKMSG_INIT;
	char text[16];
	int before;

	ASSERT_OK(fdlist_add_borrow(&fds, s.a));
	ASSERT_OK(send_text(s.a, "hello", &fds));
	before = ASSERT_FD(fd_count_open());
	ASSERT_OK(recv_text(s.b, text, sizeof(text), &peeked, MSG_PEEK));
	ASSERT_EQ(peeked.n_bytes, 5u);
	ASSERT_FALSE(peeked.fds_truncated);
	ASSERT_EQ(fd_count_open(), before);
	ASSERT_OK(recv_text(s.b, text, sizeof(text), &m, 0));
	ASSERT_EQ(fdlist_count(&m.fds), 1u);
}

TEST(peek_of_all_that_comes_with_it)
{
	_cleanup_(pair_deinit) Pair s = pair_new(SOCK_DGRAM);
	_cleanup_fdlist_ FdList fds = FDLIST_INIT;
	_cleanup_sockmsg_ SockMsg peeked = SOCKMSG_INIT, m = SOCKMSG_INIT;
	char text[16];
	struct iovec iov = {text, sizeof(text)};

	ASSERT_EQ(sockmsg_peek_all(s.b, &iov, 1, &peeked), -EAGAIN);
	ASSERT_OK(fdlist_add_borrow(&fds, s.a));
	ASSERT_OK(send_text(s.a, "hello", &fds));
	ASSERT_OK(sockmsg_peek_all(s.b, &iov, 1, &peeked));
	ASSERT_EQ(peeked.n_bytes, 5u);
	ASSERT_EQ(fdlist_count(&peeked.fds), 1u);
	ASSERT_OK(recv_text(s.b, text, sizeof(text), &m, 0));
	ASSERT_EQ(fdlist_count(&m.fds), 1u);
	ASSERT_NE(fdlist_get(&m.fds, 0), fdlist_get(&peeked.fds, 0));
}

/* Leave room for @n more descriptors above stdio only. Returns the limit to restore. */
static struct rlimit leave_room(int n)
{
	struct rlimit old, low;
	int end = FD_ABOVE_STDIO;

	for (;; end++) {
		if (fcntl(end, F_GETFD) < 0 && n-- == 0)
			break;
	}
	ASSERT_SYS(getrlimit(RLIMIT_NOFILE, &old));
	low = old;
	low.rlim_cur = (rlim_t)end;
	ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &low));
	return old;
}

TEST(no_free_slots)
{
	_cleanup_(pair_deinit) Pair s = pair_new(SOCK_DGRAM);
	_cleanup_fdlist_ FdList fds = FDLIST_INIT;
	_cleanup_sockmsg_ SockMsg m = SOCKMSG_INIT;
	struct rlimit old;
	char text[16];
	int r;

	for (int i = 0; i < 20; i++)
		ASSERT_OK(fdlist_add_borrow(&fds, s.a));
	ASSERT_OK(send_text(s.a, "x", &fds));
	set_option(s.b, SO_PASSPIDFD);
	old = leave_room(6);
	r = recv_text(s.b, text, sizeof(text), &m, 0);
	ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &old));
	ASSERT_OK(r);
	ASSERT_TRUE(m.fds_truncated);
	ASSERT_EQ(m.n_bytes, 1u);
	/* Which of them is served first is the kernel's business. */
	ASSERT_EQ(fdlist_count(&m.fds) + (m.pidfd >= 0), 6u);
}

TEST(descriptors_below_stdio_are_moved)
{
	_cleanup_(pair_deinit) Pair s = pair_new(SOCK_DGRAM);
	_cleanup_fdlist_ FdList fds = FDLIST_INIT;
	_cleanup_sockmsg_ SockMsg m = SOCKMSG_INIT, cut = SOCKMSG_INIT;
	_cleanup_close_ int keep = ASSERT_FD(fd_dup(STDIN_FILENO));
	struct rlimit old;
	char text[16];
	int r, r_cut;

	ASSERT_OK(fdlist_add_borrow(&fds, s.a));
	ASSERT_OK(send_text(s.a, "x", &fds));
	ASSERT_OK(send_text(s.a, "x", &fds));
	close(STDIN_FILENO);
	r = recv_text(s.b, text, sizeof(text), &m, 0);
	old = leave_room(0);
	r_cut = recv_text(s.b, text, sizeof(text), &cut, 0);
	ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &old));
	ASSERT_FD_CLOSED(STDIN_FILENO);
	ASSERT_SYS(dup2(keep, STDIN_FILENO));
	ASSERT_OK(r);
	ASSERT_FALSE(m.fds_truncated);
	ASSERT_GE(fdlist_get(&m.fds, 0), FD_ABOVE_STDIO);
	ASSERT_FD_CLOEXEC(fdlist_get(&m.fds, 0));
	/* With nowhere to move it to, the slot is there, and empty. */
	ASSERT_OK(r_cut);
	ASSERT_TRUE(cut.fds_truncated);
	ASSERT_EQ(fdlist_count(&cut.fds), 1u);
	ASSERT_EQ(fdlist_get(&cut.fds, 0), -EBADF);
}

TEST(other_control_messages_are_skipped)
{
	_cleanup_(pair_deinit) Pair s = pair_new(SOCK_DGRAM);
	_cleanup_fdlist_ FdList fds = FDLIST_INIT;
	_cleanup_sockmsg_ SockMsg m = SOCKMSG_INIT;
	char text[16];

	/* A time stamp is the one that is to be had without a security module. */
	set_option(s.b, SO_TIMESTAMP);
	set_option(s.b, SO_PASSCRED);
	ASSERT_OK(fdlist_add_borrow(&fds, s.a));
	ASSERT_OK(send_text(s.a, "x", &fds));
	ASSERT_OK(recv_text(s.b, text, sizeof(text), &m, 0));
	ASSERT_TRUE(m.has_cred);
	ASSERT_EQ(fdlist_count(&m.fds), 1u);
}

TEST(end_of_stream)
{
	_cleanup_(pair_deinit) Pair s = pair_new(SOCK_SEQPACKET);
	_cleanup_sockmsg_ SockMsg m = SOCKMSG_INIT;
	char text[16];

	set_option(s.b, SO_PASSCRED);
	ASSERT_OK(send_text(s.a, "", NULL));
	s.a = fd_close(s.a);
	ASSERT_OK(recv_text(s.b, text, sizeof(text), &m, 0));
	ASSERT_EQ(m.n_bytes, 0u);
	ASSERT_TRUE(m.has_cred);
	ASSERT_OK(recv_text(s.b, text, sizeof(text), &m, 0));
	ASSERT_EQ(m.n_bytes, 0u);
	ASSERT_FALSE(m.has_cred);
	/* And no SIGPIPE. */
	ASSERT_EQ(send_text(s.b, "x", NULL), -EPIPE);
}
