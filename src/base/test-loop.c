/* SPDX-License-Identifier: Apache-2.0 */

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "base/fd.h"
#include "base/loop.h"
#include "tests/lib/unit.h"

static Loop *new_loop(void)
{
	Loop *loop = NULL;

	ASSERT_OK(loop_new(&loop));
	return loop;
}

/* An eventfd that is readable from the start. */
static int ready_fd(void)
{
	return ASSERT_SYS(eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
}

static bool polls_readable(const Loop *loop)
{
	struct pollfd p = {.fd = loop_fd(loop), .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

typedef struct Counter {
	int n_calls;
	uint32_t events;
	int result;
} Counter;

static int count(void *userdata, uint32_t events)
{
	Counter *counter = userdata;

	counter->n_calls++;
	counter->events = events;
	return counter->result;
}

TEST(descriptor_is_reported_until_it_is_served)
{
	_cleanup_loop_ Loop *loop = new_loop();
	_cleanup_close_ int fd = ready_fd();
	_cleanup_loop_source_ LoopSource *source = NULL;
	Counter counter = {0};
	uint64_t value;

	ASSERT_OK(loop_add_fd(loop, fd, EPOLLIN, count, &counter, &source));
	ASSERT_OK(loop_run_once(loop, -1));
	ASSERT_OK(loop_run_once(loop, -1));
	ASSERT_EQ(counter.n_calls, 2);
	ASSERT_EQ(counter.events, (uint32_t)EPOLLIN);
	ASSERT_EQ(read(fd, &value, sizeof(value)), (ssize_t)sizeof(value));
	ASSERT_OK(loop_run_once(loop, 0));
	ASSERT_EQ(counter.n_calls, 2);
}

TEST(modify)
{
	_cleanup_loop_ Loop *loop = new_loop();
	_cleanup_close_ int fd = ready_fd();
	_cleanup_loop_source_ LoopSource *source = NULL;
	Counter counter = {0};

	ASSERT_OK(loop_add_fd(loop, fd, 0, count, &counter, &source));
	ASSERT_OK(loop_run_once(loop, 0));
	ASSERT_EQ(counter.n_calls, 0);
	ASSERT_OK(loop_source_modify(source, EPOLLOUT));
	ASSERT_OK(loop_run_once(loop, 0));
	ASSERT_EQ(counter.n_calls, 1);
	ASSERT_EQ(counter.events, (uint32_t)EPOLLOUT);
}

TEST(add_of_what_cannot_be_polled)
{
	_cleanup_loop_ Loop *loop = new_loop();
	_cleanup_close_ int fd = ASSERT_SYS(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	LoopSource *source = NULL;
	Counter counter = {0};

	ASSERT_EQ(loop_add_fd(loop, fd, EPOLLIN, count, &counter, &source), -EPERM);
	ASSERT_EQ(loop_add_fd(loop, -EBADF, EPOLLIN, count, &counter, &source), -EBADF);
	ASSERT_NULL(source);
	ASSERT_NULL(loop_source_remove(NULL));
	ASSERT_NULL(loop_free(NULL));
}

#define N_MANY 100

/* More sources than fit in one batch, all ready all the time: nobody may starve. */
TEST(every_source_has_its_turn)
{
	_cleanup_loop_ Loop *loop = new_loop();
	LoopSource *sources[N_MANY];
	Counter counters[N_MANY] = {0};
	int fds[N_MANY], least = 1000, most = 0;

	for (int i = 0; i < N_MANY; i++) {
		fds[i] = ready_fd();
		ASSERT_OK(loop_add_fd(loop, fds[i], EPOLLIN, count, &counters[i], &sources[i]));
	}
	for (int i = 0; i < 50; i++)
		ASSERT_OK(loop_run_once(loop, 0));
	for (int i = 0; i < N_MANY; i++) {
		least = MIN(least, counters[i].n_calls);
		most = MAX(most, counters[i].n_calls);
		sources[i] = loop_source_remove(sources[i]);
		fd_close(fds[i]);
	}
	ASSERT_GT(least, 0);
	ASSERT_LE(most - least, 2);
}

typedef struct Remover {
	LoopSource *sources[N_MANY];
	int n_calls;
} Remover;

static int remove_all(void *userdata, uint32_t events)
{
	Remover *remover = userdata;

	(void)events;
	remover->n_calls++;
	for (int i = 0; i < N_MANY; i++)
		remover->sources[i] = loop_source_remove(remover->sources[i]);
	return 0;
}

TEST(callback_removes_all_sources_its_own_included)
{
	_cleanup_loop_ Loop *loop = new_loop();
	Remover remover = {0};
	int fds[N_MANY];

	for (int i = 0; i < N_MANY; i++) {
		fds[i] = ready_fd();
		ASSERT_OK(loop_add_fd(
			loop, fds[i], EPOLLIN, remove_all, &remover, &remover.sources[i]));
	}
	ASSERT_OK(loop_run_once(loop, 0));
	ASSERT_OK(loop_run_once(loop, 0));
	ASSERT_EQ(remover.n_calls, 1);
	for (int i = 0; i < N_MANY; i++)
		fd_close(fds[i]);
}

TEST(due_timer_removes_the_others)
{
	_cleanup_loop_ Loop *loop = new_loop();
	Remover remover = {0};

	for (int i = 0; i < N_MANY; i++)
		ASSERT_OK(loop_add_timer(
			loop, (Deadline)(i % 2), remove_all, &remover, &remover.sources[i]));
	ASSERT_OK(loop_run_once(loop, -1));
	ASSERT_OK(loop_run_once(loop, 0));
	ASSERT_EQ(remover.n_calls, 1);
	ASSERT_FALSE(polls_readable(loop));
}

typedef struct Ordered {
	int *order;
	int *next;
	int number;
} Ordered;

static int note_order(void *userdata, uint32_t events)
{
	Ordered *ordered = userdata;

	ASSERT_EQ(events, 0u);
	ordered->order[(*ordered->next)++] = ordered->number;
	return 0;
}

/* Random deadlines, armed, armed again and disarmed, fire in order of deadline, then of arming. */
TEST(timers_fire_in_order)
{
	_cleanup_loop_ Loop *loop = new_loop();
	LoopSource *sources[N_MANY];
	Ordered ordered[N_MANY];
	uint64_t deadlines[N_MANY], armed[N_MANY], now = clock_now_ns(), seed = 1;
	int order[N_MANY] = {0}, next = 0;

	for (int i = 0; i < N_MANY; i++) {
		ordered[i] = (Ordered){order, &next, i};
		ASSERT_OK(
			loop_add_timer(loop, DEADLINE_NONE, note_order, &ordered[i], &sources[i]));
	}
	for (int i = 0; i < 10 * N_MANY; i++) {
		int k = i % N_MANY;

		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		deadlines[k] = k % 10 == 9 ? DEADLINE_NONE : now - 1000 + (seed >> 33) % 50;
		armed[k] = (uint64_t)i;
		ASSERT_OK(loop_source_set_deadline(sources[k], deadlines[k]));
	}
	ASSERT_OK(loop_run_once(loop, -1));
	ASSERT_EQ(next, N_MANY / 10 * 9);
	for (int i = 1; i < next; i++) {
		int a = order[i - 1], b = order[i];

		ASSERT_TRUE(deadlines[a] < deadlines[b] ||
			    (deadlines[a] == deadlines[b] && armed[a] < armed[b]));
	}
	for (int i = 0; i < N_MANY; i++)
		loop_source_remove(sources[i]);
}

TEST(timer_waits_for_its_deadline)
{
	_cleanup_loop_ Loop *loop = new_loop();
	_cleanup_loop_source_ LoopSource *soon = NULL, *late = NULL;
	Counter soon_counter = {0}, late_counter = {0};
	Deadline deadline = deadline_after_ms(20);

	ASSERT_OK(loop_add_timer(loop, deadline_after_ms(3600000), count, &late_counter, &late));
	ASSERT_OK(loop_add_timer(loop, deadline, count, &soon_counter, &soon));
	while (soon_counter.n_calls == 0) {
		ASSERT_OK(loop_run_once(loop, -1));
		ASSERT_EQ(soon_counter.n_calls, deadline_is_past(deadline));
	}
	ASSERT_EQ(late_counter.n_calls, 0);
	/* It fired once, and can be armed again. */
	ASSERT_OK(loop_run_once(loop, 0));
	ASSERT_EQ(soon_counter.n_calls, 1);
	ASSERT_OK(loop_source_set_deadline(soon, 0));
	ASSERT_TRUE(polls_readable(loop));
	ASSERT_OK(loop_run_once(loop, -1));
	ASSERT_EQ(soon_counter.n_calls, 2);
	/* Disarmed in time. */
	ASSERT_OK(loop_source_set_deadline(soon, 0));
	ASSERT_OK(loop_source_set_deadline(soon, DEADLINE_NONE));
	ASSERT_OK(loop_run_once(loop, 0));
	ASSERT_EQ(soon_counter.n_calls, 2);
}

typedef struct Rearmer {
	LoopSource *source;
	int n_calls;
} Rearmer;

static int rearm(void *userdata, uint32_t events)
{
	Rearmer *rearmer = userdata;

	(void)events;
	rearmer->n_calls++;
	return loop_source_set_deadline(rearmer->source, 0);
}

TEST(timer_that_is_always_due_lets_others_live)
{
	_cleanup_loop_ Loop *loop = new_loop();
	_cleanup_close_ int fd = ready_fd();
	_cleanup_loop_source_ LoopSource *timer = NULL, *source = NULL;
	Counter timer_counter = {0}, fd_counter = {0};
	Rearmer rearmer = {0};

	ASSERT_OK(loop_add_timer(loop, 0, rearm, &rearmer, &rearmer.source));
	ASSERT_OK(loop_add_timer(loop, 1, count, &timer_counter, &timer));
	ASSERT_OK(loop_add_fd(loop, fd, EPOLLIN, count, &fd_counter, &source));
	for (int i = 0; i < 3; i++)
		ASSERT_OK(loop_run_once(loop, -1));
	ASSERT_EQ(timer_counter.n_calls, 1);
	ASSERT_GT(fd_counter.n_calls, 0);
	ASSERT_GT(rearmer.n_calls, 1);
	loop_source_remove(rearmer.source);
}

TEST(error_ends_the_round_and_loses_nothing)
{
	_cleanup_loop_ Loop *loop = new_loop();
	_cleanup_close_ int fd = ready_fd();
	_cleanup_loop_source_ LoopSource *bad = NULL, *good = NULL, *source = NULL;
	Counter bad_counter = {.result = -EXDEV}, good_counter = {0}, fd_counter = {0};

	ASSERT_OK(loop_add_timer(loop, 1, count, &bad_counter, &bad));
	ASSERT_OK(loop_add_timer(loop, 2, count, &good_counter, &good));
	ASSERT_EQ(loop_run_once(loop, -1), -EXDEV);
	ASSERT_EQ(good_counter.n_calls, 0);
	ASSERT_TRUE(polls_readable(loop));
	ASSERT_OK(loop_run_once(loop, -1));
	ASSERT_EQ(bad_counter.n_calls, 1);
	ASSERT_EQ(good_counter.n_calls, 1);

	fd_counter.result = -ENOLINK;
	ASSERT_OK(loop_add_fd(loop, fd, EPOLLIN, count, &fd_counter, &source));
	ASSERT_EQ(loop_run(loop), -ENOLINK);
}

static int run_nested(void *userdata, uint32_t events)
{
	(void)events;
	ASSERT_EQ(loop_run_once(userdata, 0), -EBUSY);
	loop_quit(userdata);
	return 0;
}

TEST(no_nesting)
{
	_cleanup_loop_ Loop *loop = new_loop();
	_cleanup_close_ int fd = ready_fd();
	_cleanup_loop_source_ LoopSource *source = NULL;

	ASSERT_OK(loop_add_fd(loop, fd, EPOLLIN, run_nested, loop, &source));
	ASSERT_OK(loop_run(loop));
}

static void *wake_thread(void *loop)
{
	for (int i = 0; i < 1000; i++)
		loop_wake(loop);
	loop_quit(loop);
	return NULL;
}

TEST(wake_and_quit_from_another_thread)
{
	_cleanup_loop_ Loop *loop = new_loop();
	Counter counter = {0};
	pthread_t thread;

	loop_set_wake_fn(loop, count, &counter);
	ASSERT_OK(pthread_create(&thread, NULL, wake_thread, loop));
	ASSERT_OK(loop_run(loop));
	ASSERT_OK(pthread_join(thread, NULL));
	ASSERT_OK(loop_run_once(loop, 0));
	ASSERT_GT(counter.n_calls, 0);
	ASSERT_FALSE(polls_readable(loop));
	loop_wake(loop);
	ASSERT_TRUE(polls_readable(loop));
	ASSERT_OK(loop_run_once(loop, -1));
}

TEST(quit_before_run)
{
	_cleanup_loop_ Loop *loop = new_loop();

	loop_quit(loop);
	ASSERT_OK(loop_run(loop));
}

static void on_signal(int signal)
{
	(void)signal;
}

TEST(signal_is_nothing_to_report)
{
	_cleanup_loop_ Loop *loop = new_loop();
	struct sigaction action = {.sa_handler = on_signal}, old;
	/* Again and again, since the first may come before the wait. */
	struct itimerspec spec = {.it_value.tv_nsec = 10000000, .it_interval.tv_nsec = 10000000};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	timer_t timer;

	ASSERT_SYS(sigaction(SIGUSR1, &action, &old));
	ASSERT_SYS(timer_create(CLOCK_MONOTONIC, &event, &timer));
	ASSERT_SYS(timer_settime(timer, 0, &spec, NULL));
	ASSERT_OK(loop_run_once(loop, -1));
	ASSERT_SYS(timer_delete(timer));
	ASSERT_SYS(sigaction(SIGUSR1, &old, NULL));
}

/* With ever fewer descriptors to be had, nothing leaks and nothing but -EMFILE comes back. */
TEST(no_descriptors)
{
	struct rlimit old, low;
	int r, timer_r = 0;

	ASSERT_SYS(getrlimit(RLIMIT_NOFILE, &old));
	low = old;
	for (rlim_t n = FD_ABOVE_STDIO; n < 64; n++) {
		LoopSource *source = NULL;
		Counter counter = {0};
		Loop *loop = NULL;

		low.rlim_cur = n;
		ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &low));
		r = loop_new(&loop);
		if (r == 0)
			timer_r = loop_add_timer(loop, 0, count, &counter, &source);
		ASSERT_SYS(setrlimit(RLIMIT_NOFILE, &old));
		loop_source_remove(source);
		loop_free(loop);
		if (r == 0 && timer_r == 0)
			return;
		ASSERT_EQ(r == 0 ? timer_r : r, -EMFILE);
	}
	FAIL("it never worked");
}
