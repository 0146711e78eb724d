/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/memfd.h"
#include "port/reaper.h"
#include "port/semaphore.h"
#include "port/test-bounded.h"
#include "tests/lib/hostile.h"
#include "tests/lib/unit.h"

#define WAIT_MS 20000

static Kobject *make(int value)
{
	Kobject *object;

	ASSERT_OK(semaphore_object_new(value, &object));
	ASSERT_EQ(object->type, KOBJECT_SEMAPHORE);
	return object;
}

static void destroy(Kobject *object)
{
	ASSERT_NULL(kobject_free(object));
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

/* What arrives in another process. */
static Kobject *arrive(const Kobject *object)
{
	int fds[KOBJECT_MAX_FDS];
	Kobject *copy;

	for (unsigned i = 0; i < object->n_fds; i++) {
		ASSERT_TRUE(kobject_travels(object, i));
		fds[i] = ASSERT_FD(fd_dup(object->fds[i]));
	}
	ASSERT_TRUE(kobject_fds_plausible(KOBJECT_SEMAPHORE, fds, object->n_fds));
	ASSERT_OK(kobject_new_consume(KOBJECT_SEMAPHORE, fds, object->n_fds, &copy));
	return copy;
}

TEST(counts)
{
	Kobject *s = make(2);

	ASSERT_OK(semaphore_object_wait(s, 0));
	ASSERT_OK(semaphore_object_wait(s, DEADLINE_NONE));
	ASSERT_EQ(semaphore_object_wait(s, 0), KERN_OPERATION_TIMED_OUT);
	ASSERT_OK(semaphore_object_signal(s));
	ASSERT_OK(semaphore_object_signal(s));
	ASSERT_OK(semaphore_object_wait(s, DEADLINE_NONE));
	ASSERT_OK(semaphore_object_wait(s, deadline_after_ms(1)));
	ASSERT_EQ(semaphore_object_wait(s, deadline_after_ms(1)), KERN_OPERATION_TIMED_OUT);
	destroy(s);
}

TEST(time_out_is_exact_enough)
{
	Kobject *s = make(0);
	uint64_t start = clock_now_ns(), took;

	ASSERT_EQ(semaphore_object_wait(s, deadline_after_ms(30)), KERN_OPERATION_TIMED_OUT);
	took = clock_now_ns() - start;
	ASSERT_GE(took, 30 * CLOCK_NS_PER_MS);
	/* Also where naps are shorter than the time-out. */
	Kobject *other = arrive(s);

	start = clock_now_ns();
	ASSERT_EQ(semaphore_object_wait(other, deadline_after_ms(SEMAPHORE_NOTICE_MS + 50)),
		KERN_OPERATION_TIMED_OUT);
	took = clock_now_ns() - start;
	ASSERT_GE(took, (SEMAPHORE_NOTICE_MS + 50) * CLOCK_NS_PER_MS);
	destroy(other);
	destroy(s);
}

TEST(count_does_not_overflow)
{
	Kobject *s = make(INT32_MAX);

	ASSERT_OK(semaphore_object_signal(s));
	ASSERT_OK(semaphore_object_wait(s, 0));
	destroy(s);
}

typedef struct Waiting {
	Kobject *s;
	Deadline deadline;
	pthread_t thread;
	_Atomic pid_t tid;
	int r;
} Waiting;

static void *wait_main(void *arg)
{
	Waiting *w = arg;

	atomic_store(&w->tid, gettid());
	w->r = semaphore_object_wait(w->s, w->deadline);
	return NULL;
}

/* Until the thread sleeps in the futex. */
static bool sleeps(pid_t tid)
{
	char path[64], text[64] = "";
	int n_asleep = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", (int)tid);
	for (int i = 0; i < WAIT_MS && n_asleep < 3; i++) {
		FILE *file = fopen(path, "re");
		int number = -1;

		if (file && fgets(text, sizeof(text), file))
			number = text[0] == 'r' ? -1 : atoi(text);
		if (file)
			fclose(file);
		n_asleep = number == SYS_futex ? n_asleep + 1 : 0;
		(void)poll(NULL, 0, 1);
	}
	return n_asleep >= 3;
}

static void waiting_start(Waiting *w, Kobject *s)
{
	w->s = s;
	w->deadline = DEADLINE_NONE;
	atomic_store(&w->tid, 0);
	ASSERT_OK(pthread_create(&w->thread, NULL, wait_main, w));
	while (atomic_load(&w->tid) == 0)
		sched_yield();
	ASSERT_TRUE(sleeps(atomic_load(&w->tid)));
}

static int waiting_end(Waiting *w)
{
	ASSERT_OK(pthread_join(w->thread, NULL));
	return w->r;
}

TEST(signal_lets_one_go)
{
	Kobject *s = make(0);
	Waiting w[2];

	ASSERT_EQ(semaphore_object_signal_waiting(s), KERN_NOT_WAITING);
	for (int i = 0; i < 2; i++)
		waiting_start(&w[i], s);
	ASSERT_OK(semaphore_object_signal(s));
	ASSERT_OK(semaphore_object_signal_waiting(s));
	for (int i = 0; i < 2; i++)
		ASSERT_OK(waiting_end(&w[i]));
	ASSERT_EQ(semaphore_object_signal_waiting(s), KERN_NOT_WAITING);
	ASSERT_EQ(semaphore_object_wait(s, 0), KERN_OPERATION_TIMED_OUT);
	destroy(s);
}

TEST(signal_all_lets_all_go_and_leaves_nothing)
{
	Kobject *s = make(0), *other = arrive(s);
	Waiting w[6];

	ASSERT_OK(semaphore_object_signal_all(s));
	ASSERT_EQ(semaphore_object_wait(s, 0), KERN_OPERATION_TIMED_OUT);
	for (int i = 0; i < 6; i++)
		waiting_start(&w[i], i % 2 ? s : other);
	ASSERT_OK(semaphore_object_signal_all(s));
	for (int i = 0; i < 6; i++)
		ASSERT_OK(waiting_end(&w[i]));
	ASSERT_EQ(semaphore_object_wait(s, 0), KERN_OPERATION_TIMED_OUT);
	/* Those that come later are not let go. */
	waiting_start(&w[0], s);
	ASSERT_OK(semaphore_object_signal(s));
	ASSERT_OK(waiting_end(&w[0]));
	destroy(other);
	destroy(s);
}

TEST(destruction_ends_waits)
{
	Kobject *s = make(0), *other = arrive(s);
	unsigned n_terminated = 0;
	Waiting w[4];

	for (int i = 0; i < 4; i++)
		waiting_start(&w[i], i % 2 ? s : other);
	/* Only its owner destroys it. */
	semaphore_object_destroy(other);
	ASSERT_OK(semaphore_object_signal_waiting(other));
	semaphore_object_destroy(s);
	for (int i = 0; i < 4; i++)
		n_terminated += waiting_end(&w[i]) == KERN_TERMINATED;
	ASSERT_EQ(n_terminated, 3);
	semaphore_object_destroy(s);
	for (int i = 0; i < 2; i++) {
		Kobject *o = i ? s : other;

		ASSERT_EQ(semaphore_object_signal(o), KERN_TERMINATED);
		ASSERT_EQ(semaphore_object_signal_all(o), KERN_TERMINATED);
		ASSERT_EQ(semaphore_object_signal_waiting(o), KERN_TERMINATED);
		ASSERT_EQ(semaphore_object_wait(o, 0), KERN_TERMINATED);
		ASSERT_EQ(semaphore_object_wait(o, DEADLINE_NONE), KERN_TERMINATED);
	}
	destroy(other);
	destroy(s);
}

static void on_signal(int number)
{
	(void)number;
}

TEST(signal_handler_aborts_wait)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, old;
	Kobject *s = make(0), *other = arrive(s);

	ASSERT_SYS(sigaction(SIGUSR1, &action, &old));
	for (int i = 0; i < 2; i++) {
		Waiting w;

		waiting_start(&w, i ? s : other);
		ASSERT_OK(pthread_kill(w.thread, SIGUSR1));
		ASSERT_EQ(waiting_end(&w), KERN_ABORTED);
	}
	ASSERT_SYS(sigaction(SIGUSR1, &old, NULL));
	destroy(other);
	destroy(s);
}

/* Sends the travelling descriptors of an object; stands for a message. */
static void send_object(int sock, const Kobject *object)
{
	char control[CMSG_SPACE(2 * sizeof(int))] = {};
	struct iovec iov = {.iov_base = (void *)(uintptr_t) "o", .iov_len = 1};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	ASSERT_EQ(object->n_fds, 2);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(c), object->fds, 2 * sizeof(int));
	ASSERT_EQ(sendmsg(sock, &msg, 0), 1);
}

static Kobject *receive_object(int sock)
{
	char control[CMSG_SPACE(2 * sizeof(int))] = {}, byte;
	struct iovec iov = {.iov_base = &byte, .iov_len = 1};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	Kobject *object;
	int fds[2];

	ASSERT_EQ(recvmsg(sock, &msg, MSG_CMSG_CLOEXEC), 1);
	ASSERT_TRUE(CMSG_FIRSTHDR(&msg) != NULL);
	memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fds));
	ASSERT_TRUE(kobject_fds_plausible(KOBJECT_SEMAPHORE, fds, 2));
	ASSERT_OK(kobject_new_consume(KOBJECT_SEMAPHORE, fds, 2, &object));
	return object;
}

static int wait_now(Kobject *s)
{
	return semaphore_object_wait(s, 0);
}

/* What the owner drops lives on elsewhere, and is let go when nobody has it: the next one that is made
 * finds that out. */
TEST(a_sent_one_outlives_its_owners_object)
{
	Kobject *s = make(1), *other = arrive(s), *t;
	int fds[2], n = fd_count_open();

	s->has_travelled = true;
	destroy(s);
	ASSERT_EQ(fd_count_open(), n - 2);
	ASSERT_OK(wait_now(other));
	ASSERT_EQ(wait_now(other), KERN_OPERATION_TIMED_OUT);
	ASSERT_OK(semaphore_object_signal(other));
	/* In nobody's hands but a message's. */
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
	send_object(fds[0], other);
	destroy(other);
	destroy(make(0));
	other = receive_object(fds[1]);
	ASSERT_OK(wait_now(other));
	destroy(other);
	close(fds[0]);
	close(fds[1]);
	t = make(0);
	destroy(t);
	ASSERT_EQ(fd_count_open(), n - 5);
}

TEST(a_destroyed_one_does_not_live_on)
{
	Kobject *s = make(1), *other = arrive(s);

	s->has_travelled = true;
	semaphore_object_destroy(s);
	destroy(s);
	ASSERT_EQ(wait_now(other), KERN_TERMINATED);
	destroy(other);
}

TEST(holders_cannot_hoard_what_the_owner_drops)
{
	static int holders[SEMAPHORE_ORPHANS_MAX + 1];
	int n = MIN(SEMAPHORE_ORPHANS_MAX, fd_limit() / SEMAPHORE_ORPHANS_PART) + 1;
	int n_open = fd_count_open(), n_dead = 0;

	for (int i = 0; i < n; i++) {
		Kobject *s = make(1);

		s->has_travelled = true;
		holders[i] = ASSERT_FD(fd_dup(s->fds[1]));
		ASSERT_NULL(kobject_free(s));
	}
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	for (int i = 0; i < n; i++) {
		struct pollfd p = {.fd = holders[i]};

		n_dead += poll(&p, 1, 0);
		close(holders[i]);
	}
	ASSERT_EQ(n_dead, 1);
	for (int i = 0; i < n; i++)
		destroy(make(0));
	ASSERT_EQ(fd_count_open(), n_open);
}

/* An owner that sends its semaphore and then does nothing until it is killed. */
static pid_t owner_start(int sock)
{
	pid_t pid = ASSERT_SYS(fork());

	if (pid == 0) {
		Kobject *s = make(1);

		send_object(sock, s);
		for (;;)
			(void)semaphore_object_signal(s), pause();
	}
	return pid;
}

TEST(killed_owner_ends_waits)
{
	Kobject *other;
	Waiting w;
	pid_t pid;
	int pair[2], status;

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	pid = owner_start(pair[1]);
	other = receive_object(pair[0]);
	for (int i = 0; i < 2; i++)
		ASSERT_OK(semaphore_object_wait(other, DEADLINE_NONE));
	waiting_start(&w, other);
	ASSERT_SYS(kill(pid, SIGKILL));
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(waiting_end(&w), KERN_TERMINATED);
	ASSERT_EQ(semaphore_object_signal(other), KERN_TERMINATED);
	close(pair[0]);
	close(pair[1]);
	destroy(other);
}

TEST(fork_child_does_not_keep_it_alive)
{
	Kobject *other;
	int pair[2], ready[2];
	pid_t pid;
	char byte;

	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	ASSERT_SYS(pipe2(ready, O_CLOEXEC));
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		Kobject *s = make(0);

		send_object(pair[1], s);
		if (fork() == 0) {
			ASSERT_EQ(write(ready[1], "r", 1), 1);
			close(pair[0]);
			close(ready[1]);
			/* Ends when the test does. */
			(void)!read(pair[1], &byte, 1);
			child_exit(0);
		}
		(void)pause();
	}
	other = receive_object(pair[0]);
	ASSERT_EQ(read(ready[0], &byte, 1), 1);
	ASSERT_OK(semaphore_object_signal(other));
	ASSERT_OK(semaphore_object_wait(other, 0));
	ASSERT_SYS(kill(pid, SIGKILL));
	ASSERT_EQ(waitpid(pid, NULL, 0), pid);
	ASSERT_EQ(semaphore_object_wait(other, DEADLINE_NONE), KERN_TERMINATED);
	close(pair[0]);
	close(pair[1]);
	close(ready[0]);
	close(ready[1]);
	destroy(other);
}

typedef struct Ping {
	Kobject *a;
	Kobject *b;
} Ping;

static void *pong(void *arg)
{
	Ping *p = arg;

	for (int i = 0; i < 2000; i++) {
		ASSERT_OK(semaphore_object_wait(p->a, DEADLINE_NONE));
		ASSERT_OK(semaphore_object_signal(p->b));
	}
	return NULL;
}

TEST(nothing_is_missed)
{
	Kobject *s = make(0), *t = make(0);
	Ping p = {s, t};
	pthread_t thread;

	ASSERT_OK(pthread_create(&thread, NULL, pong, &p));
	for (int i = 0; i < 2000; i++) {
		ASSERT_OK(semaphore_object_signal(s));
		ASSERT_OK(semaphore_object_wait(t, DEADLINE_NONE));
	}
	pthread_join(thread, NULL);
	destroy(s);
	destroy(t);
}

static atomic_int taken;

static void *take_many(void *arg)
{
	while (semaphore_object_wait(arg, DEADLINE_NONE) == 0)
		atomic_fetch_add(&taken, 1);
	return NULL;
}

TEST(many_takers_take_each_once)
{
	Kobject *s = make(0), *other = arrive(s);
	pthread_t threads[4];

	atomic_store(&taken, 0);
	for (int i = 0; i < 4; i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, take_many, i % 2 ? s : other));
	for (int i = 0; i < 5000; i++)
		ASSERT_OK(semaphore_object_signal(i % 2 ? s : other));
	for (int i = 0; i < WAIT_MS && atomic_load(&taken) < 5000; i++)
		(void)poll(NULL, 0, 1);
	ASSERT_EQ(atomic_load(&taken), 5000);
	semaphore_object_destroy(s);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ASSERT_EQ(atomic_load(&taken), 5000);
	destroy(other);
	destroy(s);
}

/* Any words in the page, any time: nobody hangs, nobody crashes, and the end still comes. */
static void *scribble(void *arg)
{
	_Atomic uint32_t *page = arg;
	uint32_t random = 12345;

	for (int i = 0; i < 200000; i++) {
		random = random * 1664525 + 1013904223;
		atomic_store(&page[(random >> 8) % 4], random >> (random % 32));
	}
	return NULL;
}

TEST(hostile_holder_does_no_more_than_drain_or_flood)
{
	Kobject *s = make(0);
	pthread_t threads[3], scribbler;
	void *page;

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, s->fds[0], 0);
	ASSERT_TRUE(page != MAP_FAILED);
	for (int i = 0; i < 3; i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, take_many, s));
	ASSERT_OK(pthread_create(&scribbler, NULL, scribble, page));
	for (int i = 0; i < 2000; i++) {
		ASSERT_OK(semaphore_object_signal(s));
		ASSERT_OK(semaphore_object_signal_all(s));
		(void)semaphore_object_wait(s, 0);
	}
	pthread_join(scribbler, NULL);
	/* Whatever it says at the end, those who sleep hear of the end. */
	memset(page, 0xff, 16);
	semaphore_object_destroy(s);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	ASSERT_SYS(munmap(page, 4096));
	destroy(s);
}

TEST(hostile_descriptors_are_not_plausible)
{
	Kobject *s = make(0);
	int fds[3] = {s->fds[0], s->fds[1], s->fds[1]}, ends[2];

	ASSERT_TRUE(kobject_fds_plausible(KOBJECT_SEMAPHORE, fds, 2));
	ASSERT_FALSE(kobject_fds_plausible(KOBJECT_SEMAPHORE, fds, 1));
	ASSERT_FALSE(kobject_fds_plausible(KOBJECT_SEMAPHORE, fds, 3));
	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	fds[1] = ends[1];
	ASSERT_FALSE(kobject_fds_plausible(KOBJECT_SEMAPHORE, fds, 2));
	close(ends[0]);
	close(ends[1]);
	fds[1] = s->fds[1];
	for (HostileKind kind = 0; kind < _HOSTILE_N; kind++) {
		Hostile h;

		if (hostile_make(kind, &h) != 0)
			continue;
		fds[0] = h.fd;
		/* All seals, and large enough: it is the mapping that fails later. */
		if (kind != HOSTILE_MEMFD_SPARSE && kind != HOSTILE_MEMFD_SHRINK)
			ASSERT_FALSE(kobject_fds_plausible(KOBJECT_SEMAPHORE, fds, 2));
		hostile_deinit(&h);
	}
	destroy(s);
}

TEST(page_that_cannot_be_written)
{
	Kobject *s = make(0), *other;
	char zeroes[4096] = {};
	int fds[2];

	fds[0] = ASSERT_FD(memfd_new_sealed("test", zeroes, sizeof(zeroes)));
	fds[1] = ASSERT_FD(fd_dup(s->fds[1]));
	ASSERT_TRUE(kobject_fds_plausible(KOBJECT_SEMAPHORE, fds, 2));
	ASSERT_OK(kobject_new_consume(KOBJECT_SEMAPHORE, fds, 2, &other));
	ASSERT_EQ(semaphore_object_signal(other), KERN_TERMINATED);
	ASSERT_EQ(semaphore_object_wait(other, DEADLINE_NONE), KERN_TERMINATED);
	destroy(other);
	destroy(s);
}
