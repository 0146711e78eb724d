/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/memfd.h"
#include "port/ident.h"
#include "port/portdir.h"
#include "port/probe.h"
#include "port/reaper.h"
#include "port/test-bounded.h"
#include "port/test-stuck.h"
#include "tests/lib/hostile.h"
#include "tests/lib/unit.h"

#define WAIT_MS 20000

__attribute__((__constructor__)) static void warm_up(void)
{
	Ident ident;
	int sock, addr;

	if (portdir_mint(&sock, &addr, &ident) == 0) {
		close(sock);
		close(addr);
	}
}

static void check_kind(int fd, ProbeKind kind)
{
	ASSERT_EQ(probe_kind(fd), kind);
	ASSERT_EQ(probe_close_consume(fd), -EBADF);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_FD_CLOSED(fd);
}

TEST(kinds_of_the_library)
{
	Ident ident;
	int fds[2];

	ASSERT_OK(portdir_mint(&fds[0], &fds[1], &ident));
	check_kind(fds[0], PROBE_DGRAM);
	check_kind(fds[1], PROBE_ADDR);
	ASSERT_SYS(pipe2(fds, O_CLOEXEC));
	check_kind(fds[0], PROBE_PIPE_R);
	check_kind(fds[1], PROBE_PIPE_W);
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	check_kind(fds[0], PROBE_SEQPACKET);
	check_kind(fds[1], PROBE_SEQPACKET);
	check_kind(ASSERT_FD(memfd_new("test")), PROBE_MEMFD);
	check_kind(ASSERT_SYS(eventfd(3, EFD_CLOEXEC | EFD_SEMAPHORE)), PROBE_EVENTFD);
}

TEST(kinds_of_others)
{
	int fds[2], file;

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
	check_kind(fds[0], PROBE_OTHER);
	check_kind(fds[1], PROBE_OTHER);
	check_kind(ASSERT_SYS(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), PROBE_OTHER);
	check_kind(ASSERT_SYS(epoll_create1(EPOLL_CLOEXEC)), PROBE_OTHER);
	check_kind(ASSERT_SYS(open("/", O_PATH | O_CLOEXEC)), PROBE_OTHER);
	check_kind(ASSERT_SYS(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), PROBE_OTHER);
	check_kind(ASSERT_SYS(open("/dev/null", O_RDWR | O_CLOEXEC)), PROBE_OTHER);
	file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (file >= 0)
		check_kind(file, PROBE_OTHER);
	ASSERT_EQ(probe_kind(-EBADF), PROBE_OTHER);
	ASSERT_EQ(probe_kind(4000), PROBE_OTHER);
	ASSERT_EQ(probe_close_consume(-EBADF), -EBADF);
}

TEST(fifos_are_no_pipes)
{
	char dir[] = "/tmp/probe-XXXXXX", path[64];
	int fd;

	ASSERT_NOT_NULL(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	ASSERT_SYS(mkfifo(path, 0600));
	fd = ASSERT_SYS(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	unlink(path);
	rmdir(dir);
	check_kind(fd, PROBE_OTHER);
}

static bool pipe_is_seen(int fd)
{
	bool is = probe_is_pipe(fd);

	close(fd);
	return is;
}

TEST(tells_pipes_from_all_else)
{
	char dir[] = "/tmp/probe-XXXXXX", path[64];
	int ends[2];

	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	ASSERT_TRUE(pipe_is_seen(ends[0]));
	ASSERT_TRUE(pipe_is_seen(ends[1]));
	ASSERT_FALSE(pipe_is_seen(ASSERT_SYS(open("/dev/null", O_RDWR | O_CLOEXEC))));
	ASSERT_FALSE(pipe_is_seen(ASSERT_SYS(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC))));
	ASSERT_FALSE(pipe_is_seen(ASSERT_SYS(eventfd(0, EFD_CLOEXEC))));
	ASSERT_FALSE(pipe_is_seen(ASSERT_SYS(memfd_create("no pipe", MFD_CLOEXEC))));
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	ASSERT_FALSE(pipe_is_seen(ends[0]));
	ASSERT_FALSE(pipe_is_seen(ends[1]));
	ASSERT_FALSE(probe_is_pipe(-EBADF));
	ASSERT_NOT_NULL(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	ASSERT_SYS(mkfifo(path, 0600));
	ASSERT_TRUE(pipe_is_seen(ASSERT_SYS(open(path, O_RDWR | O_CLOEXEC))));
	ASSERT_FALSE(pipe_is_seen(ASSERT_SYS(open(path, O_PATH | O_CLOEXEC))));
	unlink(path);
	rmdir(dir);
}

/* The question changes nothing of what it is asked of. */
TEST(a_file_that_is_asked_keeps_its_size)
{
	int fd = ASSERT_SYS(memfd_create("asked", MFD_CLOEXEC));
	struct stat st;

	ASSERT_SYS(ftruncate(fd, 10));
	ASSERT_FALSE(probe_is_pipe(fd));
	ASSERT_SYS(fstat(fd, &st));
	ASSERT_EQ(st.st_size, 10);
	ASSERT_EQ(st.st_blocks, 0);
	close(fd);
}

TEST(lazily_closed_is_closed)
{
	int fds[2];

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	ASSERT_EQ(probe_close_lazily_consume(fds[0]), -EBADF);
	ASSERT_EQ(probe_close_kind_consume(fds[1], PROBE_SEQPACKET), -EBADF);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_FD_CLOSED(fds[0]);
	ASSERT_FD_CLOSED(fds[1]);
}

typedef struct Probing {
	int fd;
	ProbeKind kind;
	bool is_pipe;
} Probing;

static void probe_and_close(void *arg)
{
	Probing *probing = arg;

	probing->kind = probe_kind(probing->fd);
	probing->is_pipe = probe_is_pipe(probing->fd);
	(void)probe_close_consume(probing->fd);
}

static ProbeKind expected_kind(HostileKind kind)
{
	switch (kind) {
	case HOSTILE_FUSE_SOCKET:
	case HOSTILE_DGRAM_PATH:
	case HOSTILE_DGRAM_FULL:
	case HOSTILE_SEQPACKET_PATH:
		return PROBE_ADDR;
	case HOSTILE_SOCKET_NESTED:
	case HOSTILE_SEQPACKET_FULL:
	case HOSTILE_SEQPACKET_SHUT:
		return PROBE_SEQPACKET;
	case HOSTILE_SEQPACKET_LISTENER:
		return PROBE_LISTENER;
	case HOSTILE_MEMFD_UNSEALED:
	case HOSTILE_MEMFD_SHRINK:
	case HOSTILE_MEMFD_SPARSE:
	case HOSTILE_MEMFD_EMPTY:
	case HOSTILE_MEMFD_HUGETLB:
	case HOSTILE_MEMFD_WRITE_ONLY:
		return PROBE_MEMFD;
	case HOSTILE_DGRAM_BOUND:
		return PROBE_DGRAM;
	case HOSTILE_PIPE_READ:
		return PROBE_PIPE_R;
	case HOSTILE_PIPE_FULL:
	case HOSTILE_PIPE_ORPHAN:
		return PROBE_PIPE_W;
	case HOSTILE_EVENTFD_FULL:
		return PROBE_EVENTFD;
	default:
		return PROBE_OTHER;
	}
}

/* Whatever it is, the thread that looks at it and lets it go comes back. */
static void check_hostile(HostileKind kind)
{
	Hostile h;
	Probing probing;
	Bounded bounded;
	bool in_time;
	int r;

	r = hostile_make(kind, &h);
	if (r == HOSTILE_E_SKIP) {
		printf("no %s: %s\n", hostile_kind_name(kind), h.reason);
		return;
	}
	ASSERT_OK(r);
	probing.fd = fcntl(h.fd, F_DUPFD_CLOEXEC, 3);
	hostile_release(&h);
	in_time = bounded_run(&bounded, probe_and_close, &probing);
	hostile_deinit(&h);
	if (!in_time)
		bounded_join(&bounded);
	ASSERT_TRUE(in_time);
	if (probing.kind != expected_kind(kind))
		printf("%s:\n", hostile_kind_name(kind));
	ASSERT_EQ(probing.kind, expected_kind(kind));
	ASSERT_EQ(probing.is_pipe, kind >= HOSTILE_PIPE_READ && kind <= HOSTILE_PIPE_RDWR);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

TEST(hostile_descriptors_block_nobody)
{
	for (HostileKind kind = 0; kind < _HOSTILE_N; kind++)
		check_hostile(kind);
}

/*
 * A peer that sleeps in a fault with a lock of the kernel in its hand: of a pipe, or of an epoll set
 * that has a duplicate of what is closed.
 */

typedef struct Held {
	Stuck stuck;
	pid_t peer;
	int fd; /* ours alone */
} Held;

static void hold_pipe(const Stuck *stuck, int ends[2])
{
	close(ends[0]);
	(void)!write(ends[1], stuck->page, 1);
	_exit(0);
}

static void hold_in_epoll(const Stuck *stuck, int fd)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT};
	int set = epoll_create1(EPOLL_CLOEXEC);

	if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) < 0)
		_exit(1);
	close(fd);
	(void)epoll_wait(set, stuck->page, 1, -1);
	_exit(0);
}

static int held_make(Held *held, bool by_epoll, int ends[2])
{
	int r = stuck_make(&held->stuck);

	if (r != 0) {
		close(ends[0]);
		close(ends[1]);
		return r;
	}
	held->peer = fork();
	if (held->peer == 0) {
		if (!by_epoll)
			hold_pipe(&held->stuck, ends);
		close(ends[1]);
		hold_in_epoll(&held->stuck, ends[0]);
	}
	held->fd = ends[0];
	if (!by_epoll)
		close(ends[1]);
	ASSERT_TRUE(stuck_wait_asleep(held->peer));
	return 0;
}

static void held_deinit(Held *held)
{
	(void)kill(held->peer, SIGKILL);
	stuck_deinit(&held->stuck);
	(void)waitpid(held->peer, NULL, 0);
}

static void check_held(bool by_epoll, int ends[2], ProbeKind kind)
{
	Held held = {};
	Probing probing;
	Bounded bounded;
	bool in_time, stuck;
	int r;

	r = held_make(&held, by_epoll, ends);
	if (r == STUCK_E_SKIP)
		SKIP("no FUSE");
	ASSERT_OK(r);
	probing.fd = held.fd;
	in_time = bounded_run(&bounded, probe_and_close, &probing);
	/* It is the reaper that has it now, and will until the peer is gone. */
	stuck = !reaper_wait(100);
	held_deinit(&held);
	if (!in_time)
		bounded_join(&bounded);
	if (by_epoll)
		close(ends[1]);
	ASSERT_TRUE(in_time);
	ASSERT_EQ(probing.kind, kind);
	ASSERT_TRUE(stuck);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

TEST(pipe_that_a_writer_holds)
{
	int ends[2];

	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	check_held(false, ends, PROBE_PIPE_R);
}

TEST(pipe_in_a_held_epoll_set)
{
	int ends[2];

	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	ASSERT_EQ(write(ends[1], "x", 1), 1);
	check_held(true, ends, PROBE_PIPE_R);
}

TEST(socket_in_a_held_epoll_set)
{
	int ends[2];

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
	check_held(true, ends, PROBE_SEQPACKET);
}
