/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "port/reaper.h"
#include "port/test-bounded.h"
#include "port/test-stuck.h"
#include "tests/lib/hostile.h"
#include "tests/lib/unit.h"

#define WAIT_MS 20000

/* Whether the other end of `fd` is closed, within the time that a test has. */
static bool hangs_up(int fd)
{
	struct pollfd p = {.fd = fd};

	return poll(&p, 1, WAIT_MS) == 1 && (p.revents & POLLHUP) != 0;
}

static bool pending_becomes(unsigned n)
{
	for (int i = 0; i < WAIT_MS && reaper_pending() != n; i++)
		(void)poll(NULL, 0, 1);
	return reaper_pending() == n;
}

static void make_pipe(int ends[2])
{
	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
}

TEST(closes_what_it_is_given)
{
	int ends[2];

	for (int i = 0; i < 10; i++) {
		make_pipe(ends);
		reaper_close_consume(ends[1]);
		ASSERT_TRUE(hangs_up(ends[0]));
		close(ends[0]);
	}
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_EQ(reaper_pending(), 0);
	reaper_close_consume(-EBADF);
	ASSERT_EQ(reaper_pending(), 0);
}

TEST(closes_lazily_too)
{
	int ends[2];

	/* Alone, after a busy time, and within one. */
	for (int i = 0; i < 50; i++) {
		make_pipe(ends);
		reaper_close_lazily_consume(ends[1]);
		if (i % 3 == 0)
			ASSERT_TRUE(hangs_up(ends[0]));
		reaper_close_lazily_consume(ends[0]);
	}
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

/* What is of one kin is closed by one call where the numbers follow each other, and else all the same:
 * runs of all lengths, with gaps, two kins in turn, and one with numbers that go down. */
TEST(closes_kin_together)
{
	enum { N = 4 * REAPER_BATCH_MAX };
	int watched[N], ends[2];

	for (int i = 0; i < N; i++) {
		make_pipe(ends);
		watched[i] = fcntl(ends[0], F_DUPFD_CLOEXEC, 500);
		close(ends[0]);
		ends[0] = fcntl(ends[1], F_DUPFD_CLOEXEC, 1000 + i + i / 50);
		close(ends[1]);
		if (i % 7 != 0 || i < REAPER_BATCH_MAX)
			reaper_close_kin_consume(ends[0], REAPER_KIN_OTHERS);
		else
			reaper_close_kin_consume(ends[0], REAPER_KIN_OTHERS + 1);
	}
	for (int i = 0; i < N; i++) {
		ASSERT_TRUE(hangs_up(watched[i]));
		close(watched[i]);
	}
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	for (int i = 0; i < N; i++)
		ASSERT_FD_CLOSED(1000 + i + i / 50);
	make_pipe(ends);
	reaper_close_kin_consume(ends[1], REAPER_KIN_OTHERS);
	reaper_close_kin_consume(ends[0], REAPER_KIN_OTHERS);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_FD_CLOSED(ends[0]);
	ASSERT_FD_CLOSED(ends[1]);
}

/* No more than so many wait for each other, or for the end of a nap. */
TEST(many_lazy_ones_end_a_nap)
{
	int ends[2];

	for (int i = 0; i < 10 * REAPER_LAZY_MAX; i++) {
		make_pipe(ends);
		reaper_close_lazily_consume(ends[0]);
		reaper_close_kin_consume(ends[1], (uint32_t)(i % 3));
	}
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

TEST(many_at_once)
{
	int ends[2], watched[300];

	for (int i = 0; i < 300; i++) {
		make_pipe(ends);
		watched[i] = ends[0];
		reaper_close_consume(ends[1]);
	}
	for (int i = 0; i < 300; i++) {
		ASSERT_TRUE(hangs_up(watched[i]));
		close(watched[i]);
	}
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

static void *close_many(void *arg)
{
	for (int i = 0; i < 500; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC) < 0)
			return arg;
		if (i % 2)
			reaper_close_consume(ends[0]);
		else
			reaper_close_lazily_consume(ends[0]);
		reaper_close_consume(ends[1]);
	}
	return NULL;
}

TEST(threads_close_at_once)
{
	pthread_t threads[4];
	void *failed;

	for (int i = 0; i < 4; i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, close_many, NULL));
	for (int i = 0; i < 4; i++) {
		ASSERT_OK(pthread_join(threads[i], &failed));
		ASSERT_NULL(failed);
	}
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

static void hand_over(void *arg)
{
	int *fd = arg;

	reaper_close_consume(*fd);
}

/* Some that never end do not keep the others from being closed, nor the caller waiting. */
static void check_stuck(HostileKind kind, int n)
{
	Hostile h[3] = {HOSTILE_NULL, HOSTILE_NULL, HOSTILE_NULL};
	bool in_time = true, closed = true, stuck;
	Bounded bounded;
	int r = 0, ends[2];

	for (int i = 0; i < n && r == 0; i++)
		r = hostile_make(kind, &h[i]);
	if (r == HOSTILE_E_SKIP)
		SKIP(h[0].reason);
	ASSERT_OK(r);
	for (int i = 0; i < n && in_time; i++) {
		int fd = TAKE_FD(h[i].fd);

		in_time = bounded_run(&bounded, hand_over, &fd);
		make_pipe(ends);
		reaper_close_consume(ends[1]);
		closed = closed && hangs_up(ends[0]);
		close(ends[0]);
	}
	stuck = pending_becomes((unsigned)n);
	for (int i = 0; i < n; i++)
		hostile_deinit(&h[i]);
	if (!in_time)
		bounded_join(&bounded);
	ASSERT_TRUE(in_time);
	ASSERT_TRUE(closed);
	ASSERT_TRUE(stuck);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

TEST(fuse_files_get_stuck_alone)
{
	/* One only: each process that is made with such a file open gets stuck at its own end. */
	check_stuck(HOSTILE_FUSE_FILE, 1);
}

TEST(lingering_sockets_get_stuck_alone)
{
	check_stuck(HOSTILE_TCP_LINGER, 3);
}

TEST(nested_sockets_get_stuck_alone)
{
	check_stuck(HOSTILE_SOCKET_NESTED, 3);
}

#define N_STUCK (REAPER_MAX_STUCK_UID + 10)

/*
 * A peer sleeps in a fault with the mutex of an epoll set in which all of these once were; then it has
 * none of them open any more, and closing any waits for it.
 */
static pid_t hold_sockets(const Stuck *stuck, const int *fds, int n)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLOUT};
	pid_t pid = ASSERT_SYS(fork());
	int set;

	if (pid > 0) {
		ASSERT_TRUE(stuck_wait_asleep(pid));
		return pid;
	}
	set = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < n; i++) {
		if (epoll_ctl(set, EPOLL_CTL_ADD, fds[i], &event) < 0)
			child_exit(1);
		close(fds[i]);
	}
	(void)epoll_wait(set, stuck->page, 1, -1);
	child_exit(0);
}

/* One uid has so many threads stuck, and no more; what is another's is closed. */
TEST(nobody_gets_all_threads_stuck)
{
	static int fds[N_STUCK];
	int ends[2], open = 0;
	bool closed, stuck;
	Stuck held;
	pid_t pid;
	int r;

	r = stuck_make(&held);
	if (r == STUCK_E_SKIP)
		SKIP("no FUSE");
	ASSERT_OK(r);
	for (int i = 0; i < N_STUCK; i++)
		fds[i] = ASSERT_SYS(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	pid = hold_sockets(&held, fds, N_STUCK);
	/* Before a number is free again, which the pipe would get. */
	make_pipe(ends);
	ASSERT_EQ(reaper_blame(1000), REAPER_NOBODY);
	for (int i = 0; i < N_STUCK; i++)
		reaper_close_consume(fds[i]);
	ASSERT_EQ(reaper_blame(1001), 1000);
	reaper_close_consume(ends[1]);
	closed = hangs_up(ends[0]);
	/* A number is free when its close has begun. */
	for (int i = 0; i < WAIT_MS && open != N_STUCK - REAPER_MAX_STUCK_UID; i++) {
		(void)poll(NULL, 0, 1);
		open = 0;
		for (int k = 0; k < N_STUCK; k++)
			open += fcntl(fds[k], F_GETFD) >= 0;
	}
	stuck = pending_becomes(N_STUCK);
	(void)kill(pid, SIGKILL);
	stuck_deinit(&held);
	(void)waitpid(pid, NULL, 0);
	close(ends[0]);
	ASSERT_EQ(reaper_blame(REAPER_NOBODY), 1001);
	ASSERT_TRUE(closed);
	ASSERT_TRUE(stuck);
	ASSERT_EQ(open, N_STUCK - REAPER_MAX_STUCK_UID);
	/* All of them, once it lets go. */
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	for (int k = 0; k < N_STUCK; k++)
		ASSERT_FD_CLOSED(fds[k]);
}

/* One that gets stuck, and others behind it whose numbers follow: of another kin, of none, and of those for
 * which nobody waits. */
TEST(stuck_holds_up_no_other_kin)
{
	static const uint32_t kins[] = {REAPER_KIN_OTHERS + 1, REAPER_NO_KIN, REAPER_KIN_UNAWAITED};
	enum { FIRST = 600 };
	int held = FIRST, watched[ARRAY_SIZE(kins)], ends[2];
	bool closed = true;
	Stuck stuck;
	pid_t pid;
	int r;

	r = stuck_make(&stuck);
	if (r == STUCK_E_SKIP)
		SKIP("no FUSE");
	ASSERT_OK(r);
	ends[0] = ASSERT_SYS(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	ASSERT_EQ(fcntl(ends[0], F_DUPFD_CLOEXEC, FIRST), held);
	close(ends[0]);
	pid = hold_sockets(&stuck, &held, 1);
	for (size_t i = 0; i < ARRAY_SIZE(kins); i++) {
		make_pipe(ends);
		ASSERT_EQ(fcntl(ends[1], F_DUPFD_CLOEXEC, FIRST), FIRST + 1 + (int)i);
		close(ends[1]);
		watched[i] = ends[0];
	}
	reaper_close_kin_consume(held, REAPER_KIN_OTHERS);
	for (size_t i = 0; i < ARRAY_SIZE(kins); i++)
		reaper_close_kin_consume(FIRST + 1 + (int)i, kins[i]);
	for (size_t i = 0; i < ARRAY_SIZE(kins); i++) {
		closed = closed && hangs_up(watched[i]);
		close(watched[i]);
	}
	(void)kill(pid, SIGKILL);
	stuck_deinit(&stuck);
	(void)waitpid(pid, NULL, 0);
	ASSERT_TRUE(closed);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_FD_CLOSED(held);
}

TEST(fork_child_starts_anew)
{
	int ends[2], parked[2];
	pid_t pid;

	make_pipe(ends);
	make_pipe(parked);
	reaper_before_fork();
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		reaper_after_fork();
		ASSERT_EQ(reaper_pending(), 0);
		close(ends[0]);
		reaper_park_consume(parked[1]);
		ASSERT_EQ(reaper_pending(), 1);
		ASSERT_FD_OPEN(parked[1]);
		reaper_close_consume(ends[1]);
		ASSERT_TRUE(reaper_wait(WAIT_MS));
		ASSERT_FD_CLOSED(ends[1]);
		ASSERT_FD_CLOSED(parked[1]);
		child_exit(0);
	}
	reaper_after_fork_parent();
	ASSERT_CHILD_EXITS(pid, 0);
	for (int i = 0; i < 2; i++) {
		reaper_close_consume(ends[i]);
		reaper_close_consume(parked[i]);
	}
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}
