/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "tests/lib/unit.h"

/* Else an optimiser sees that nobody looks at the memory, and allocates none. */
static void *used(void *p)
{
	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

/* Three allocations, each of which may fail, and no leak whichever does. */
static void allocate_three(void *arg)
{
	unsigned *n_failed = arg;
	char *a = used(malloc(10));
	char *b = used(calloc(1, 10));
	char *c = used(realloc(NULL, 10));

	*n_failed += (a == NULL) + (b == NULL) + (c == NULL);
	free(a);
	free(b);
	free(c);
}

TEST(each_call_fails_once)
{
	unsigned n_failed = 0;

	ASSERT_EQ(fault_run_all(FAULT_MALLOC, allocate_three, &n_failed), 3);
	ASSERT_EQ(n_failed, 3);
	ASSERT_FALSE(fault_disarm());
}

TEST(nothing_fails_unless_armed)
{
	unsigned n_failed = 0;

	allocate_three(&n_failed);
	fault_arm(FAULT_SOCKET, 1);
	allocate_three(&n_failed);
	ASSERT_FALSE(fault_disarm());
	ASSERT_EQ(n_failed, 0);
}

TEST(calls_are_counted)
{
	unsigned n_failed = 0;

	fault_arm(FAULT_MALLOC, 0);
	allocate_three(&n_failed);
	ASSERT_EQ(fault_n_calls(), 3);
	ASSERT_FALSE(fault_disarm());
	ASSERT_NULL(fault_site());
}

TEST(errno_is_the_chosen_one)
{
	fault_arm_errno(FAULT_SOCKET, 2, ENFILE);
	int fd = ASSERT_SYS(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));

	ASSERT_EQ(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), -1);
	ASSERT_EQ(errno, ENFILE);
	ASSERT_NOT_NULL(fault_site());
	close(fd);
	fd = ASSERT_SYS(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	close(fd);
	ASSERT_TRUE(fault_disarm());
}

TEST(a_paused_thread_is_exempt)
{
	unsigned n_failed = 0;

	fault_arm(FAULT_MALLOC, 1);
	fault_pause();
	allocate_three(&n_failed);
	fault_resume();
	ASSERT_EQ(n_failed, 0);
	allocate_three(&n_failed);
	ASSERT_EQ(n_failed, 1);
	ASSERT_TRUE(fault_disarm());
}

static void *thread_main(void *arg)
{
	return arg;
}

typedef struct Strike {
	FaultKind kind;
	bool (*fails)(void);
} Strike;

static bool close_or_fail(int fd)
{
	if (fd < 0)
		return true;
	close(fd);
	return false;
}

static bool open_fails(void)
{
	return close_or_fail(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

static bool openat_creating_fails(void)
{
	return close_or_fail(openat(AT_FDCWD, "/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

static bool dupfd_fails(void)
{
	/* Other commands pass, with and without an argument. */
	if (fcntl(1, F_GETFD) < 0 || fcntl(1, F_SETFD, fcntl(1, F_GETFD)) < 0)
		return false;
	return close_or_fail(fcntl(1, F_DUPFD_CLOEXEC, 3));
}

static bool mmap_fails(void)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED || munmap(p, 4096) < 0;
}

static bool memfd_fails(void)
{
	return close_or_fail(memfd_create("x", MFD_CLOEXEC));
}

static bool thread_fails(void)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, thread_main, NULL);

	if (r == 0)
		pthread_join(thread, NULL);
	return r == EAGAIN;
}

static bool recv_fails(void)
{
	int pair[2];
	char byte = 0;
	bool failed;

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	ASSERT_EQ(send(pair[0], &byte, 1, 0), 1);
	failed = recv(pair[1], &byte, 1, 0) < 0;
	close(pair[0]);
	close(pair[1]);
	return failed;
}

/* The headers turn these names into others: each must still be caught. */
TEST(every_spelling_is_wrapped)
{
	static const Strike strikes[] = {
		{FAULT_OPEN, open_fails},
		{FAULT_OPEN, openat_creating_fails},
		{FAULT_DUPFD, dupfd_fails},
		{FAULT_MMAP, mmap_fails},
		{FAULT_MEMFD, memfd_fails},
		{FAULT_THREAD, thread_fails},
		{FAULT_RECVMSG, recv_fails},
	};

	for (size_t i = 0; i < sizeof(strikes) / sizeof(strikes[0]); i++) {
		bool failed;

		ASSERT_FALSE(strikes[i].fails());
		fault_arm(strikes[i].kind, 1);
		failed = strikes[i].fails();
		if (!fault_disarm() || !failed)
			FAIL("strike %zu (%s) did not hit", i, fault_kind_name(strikes[i].kind));
	}
}

static void *thread_allocates(void *arg)
{
	free(used(malloc(1)));
	return NULL;
}

TEST(threads_share_one_count)
{
	pthread_t threads[4];

	fault_arm(FAULT_MALLOC, 0);
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(pthread_create(&threads[i], NULL, thread_allocates, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ASSERT_EQ(fault_n_calls(), 4);
	(void)fault_disarm();
}

/* The kernel needs nothing to take a descriptor out. */
TEST(what_is_taken_out_of_epoll_does_not_fail)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = ASSERT_SYS(epoll_create1(EPOLL_CLOEXEC));
	int fd = ASSERT_SYS(eventfd(0, EFD_CLOEXEC));

	ASSERT_SYS(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	fault_arm(FAULT_EPOLL_CTL, 1);
	ASSERT_SYS(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL));
	ASSERT_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), -1);
	ASSERT_EQ(errno, ENOSPC);
	ASSERT_TRUE(fault_disarm());
	close(fd);
	close(epoll);
}

static void run_kinds(void *arg)
{
	unsigned *n = arg;

	if (open_fails())
		(*n)++;
	if (memfd_fails())
		(*n)++;
}

TEST(all_kinds_in_turn)
{
	unsigned n = 0;

	ASSERT_EQ(fault_run_kinds(run_kinds, &n), 2);
	ASSERT_EQ(n, 2);
	ASSERT_STREQ(fault_kind_name(FAULT_OPEN), "open");
}

static int status_of_child(void)
{
	pid_t pid = ASSERT_SYS(fork());
	int status;

	if (pid == 0)
		_exit(open_fails() ? 1 : 0);
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

/* In a child of its own, as it is for good. */
TEST(children_may_be_spared)
{
	pid_t pid;
	int status;

	fault_arm(FAULT_OPEN, 1);
	ASSERT_NE(status_of_child(), 0);
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		fault_spare_children();
		_exit(status_of_child() == 0 && open_fails() ? 0 : 1);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
	(void)fault_disarm();
}
