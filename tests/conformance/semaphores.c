/* SPDX-License-Identifier: Apache-2.0 */
/* Counting semaphores. */
#include "tests/conformance/conformance.h"

#define NO_TIME ((mach_timespec_t){0, 0})

static semaphore_t make_semaphore(int value)
{
	semaphore_t semaphore = MACH_PORT_NULL;

	ASSERT_EQ(semaphore_create(SELF, &semaphore, SYNC_POLICY_FIFO, value), KERN_SUCCESS);
	ASSERT_TRUE(MACH_PORT_VALID(semaphore));
	return semaphore;
}

static void drop_semaphore(semaphore_t semaphore)
{
	ASSERT_EQ(semaphore_destroy(SELF, semaphore), KERN_SUCCESS);
}

/* A thread that waits once, perhaps signalling another semaphore first. */
typedef struct Waiter {
	semaphore_t semaphore, signalled;
	bool timed;
	kern_return_t result;
	pthread_t thread;
	atomic_int tid;
	atomic_bool done;
} Waiter;

static void *waiter_main(void *argument)
{
	Waiter *waiter = argument;
	const mach_timespec_t time = {LONG_MS / 1000, 0};

	atomic_store(&waiter->tid, (int)syscall(SYS_gettid));
	if (waiter->signalled && waiter->timed)
		waiter->result = semaphore_timedwait_signal(
			waiter->semaphore, waiter->signalled, time);
	else if (waiter->signalled)
		waiter->result = semaphore_wait_signal(waiter->semaphore, waiter->signalled);
	else if (waiter->timed)
		waiter->result = semaphore_timedwait(waiter->semaphore, time);
	else
		waiter->result = semaphore_wait(waiter->semaphore);
	atomic_store(&waiter->done, true);
	return NULL;
}

static void waiter_start_blocked(Waiter *waiter)
{
	ASSERT_OK(pthread_create(&waiter->thread, NULL, waiter_main, waiter));
	wait_until_asleep(&waiter->tid, &waiter->done);
}

static kern_return_t waiter_join(Waiter *waiter)
{
	ASSERT_OK(pthread_join(waiter->thread, NULL));
	return waiter->result;
}

/* --- Making. --- */

RULE(semaphore_is_a_send_right)
{
	semaphore_t semaphore = make_semaphore(0);
	natural_t type = 0;
	mach_vm_address_t address = 0;

	ASSERT_EQ(type_of(semaphore), MACH_PORT_TYPE_SEND);
	ASSERT_EQ(send_refs(semaphore), 1);
	ASSERT_EQ(mach_port_kobject(SELF, semaphore, &type, &address), KERN_SUCCESS);
	ASSERT_EQ(type, IPC_OTYPE_SEMAPHORE);
	drop_semaphore(semaphore);
	ASSERT_EQ(type_of(semaphore), MACH_PORT_TYPE_NONE);
}

RULE(bad_arguments_of_create_are_invalid_argument)
{
	semaphore_t semaphore = 0xdead;

	ASSERT_EQ(semaphore_create(TASK_NULL, &semaphore, SYNC_POLICY_FIFO, 0),
		KERN_INVALID_ARGUMENT);
	ASSERT_EQ(semaphore_create(SELF, &semaphore, 99, 0), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(semaphore_create(SELF, &semaphore, SYNC_POLICY_FIFO, -1), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(semaphore, 0xdead);
}

RULE(dropping_the_last_right_ends_a_semaphore)
{
	semaphore_t semaphore = make_semaphore(0);

	deallocate(semaphore);
	ASSERT_EQ(type_of(semaphore), MACH_PORT_TYPE_NONE);
}

/* --- Counting. --- */

RULE(wait_takes_what_is_there)
{
	semaphore_t semaphore = make_semaphore(3);

	for (unsigned i = 0; i < 3; i++)
		ASSERT_EQ(semaphore_wait(semaphore), KERN_SUCCESS);
	ASSERT_EQ(semaphore_timedwait(semaphore, NO_TIME), KERN_OPERATION_TIMED_OUT);
	drop_semaphore(semaphore);
}

RULE(signals_are_counted)
{
	semaphore_t semaphore = make_semaphore(0);

	for (unsigned i = 0; i < 100; i++)
		ASSERT_EQ(semaphore_signal(semaphore), KERN_SUCCESS);
	for (unsigned i = 0; i < 100; i++)
		ASSERT_EQ(semaphore_timedwait(semaphore, NO_TIME), KERN_SUCCESS);
	ASSERT_EQ(semaphore_timedwait(semaphore, NO_TIME), KERN_OPERATION_TIMED_OUT);
	drop_semaphore(semaphore);
}

RULE(timed_wait_waits_for_its_time)
{
	semaphore_t semaphore = make_semaphore(0);
	uint64_t start = now_ms();

	ASSERT_EQ(semaphore_timedwait(semaphore, (mach_timespec_t){0, 50000000}),
		KERN_OPERATION_TIMED_OUT);
	ASSERT_GE(now_ms() - start, 49);
	drop_semaphore(semaphore);
}

RULE(invalid_time_is_invalid_value)
{
	semaphore_t semaphore = make_semaphore(1);

	ASSERT_EQ(semaphore_timedwait(semaphore, (mach_timespec_t){0, -1}), KERN_INVALID_VALUE);
	ASSERT_EQ(semaphore_timedwait(semaphore, (mach_timespec_t){0, 1000000000}),
		KERN_INVALID_VALUE);
	ASSERT_EQ(semaphore_timedwait(semaphore, NO_TIME), KERN_SUCCESS);
	drop_semaphore(semaphore);
}

/* --- Threads. --- */

RULE(signal_lets_one_waiter_go)
{
	semaphore_t semaphore = make_semaphore(0);
	Waiter waiters[3];
	unsigned done;

	for (unsigned i = 0; i < 3; i++) {
		waiters[i] = (Waiter){.semaphore = semaphore, .timed = i == 1};
		waiter_start_blocked(&waiters[i]);
	}
	for (unsigned round = 1; round <= 3; round++) {
		ASSERT_EQ(semaphore_signal(semaphore), KERN_SUCCESS);
		do {
			done = 0;
			for (unsigned i = 0; i < 3; i++)
				done += atomic_load(&waiters[i].done);
			sched_yield();
		} while (done < round);
		ASSERT_EQ(done, round);
		for (unsigned i = 0; i < 3; i++)
			if (!atomic_load(&waiters[i].done))
				wait_until_asleep(&waiters[i].tid, &waiters[i].done);
	}
	for (unsigned i = 0; i < 3; i++)
		ASSERT_EQ(waiter_join(&waiters[i]), KERN_SUCCESS);
	drop_semaphore(semaphore);
}

RULE(signal_all_lets_all_waiters_go_and_leaves_no_count)
{
	semaphore_t semaphore = make_semaphore(0);
	Waiter waiters[3];

	for (unsigned i = 0; i < 3; i++) {
		waiters[i] = (Waiter){.semaphore = semaphore};
		waiter_start_blocked(&waiters[i]);
	}
	ASSERT_EQ(semaphore_signal_all(semaphore), KERN_SUCCESS);
	for (unsigned i = 0; i < 3; i++)
		ASSERT_EQ(waiter_join(&waiters[i]), KERN_SUCCESS);
	ASSERT_EQ(semaphore_timedwait(semaphore, NO_TIME), KERN_OPERATION_TIMED_OUT);
	ASSERT_EQ(semaphore_signal_all(semaphore), KERN_SUCCESS);
	ASSERT_EQ(semaphore_timedwait(semaphore, NO_TIME), KERN_OPERATION_TIMED_OUT);
	drop_semaphore(semaphore);
}

RULE(signal_thread_without_a_waiter_is_not_waiting)
{
	semaphore_t semaphore = make_semaphore(0);

	ASSERT_EQ(semaphore_signal_thread(semaphore, THREAD_NULL), KERN_NOT_WAITING);
	ASSERT_EQ(semaphore_timedwait(semaphore, NO_TIME), KERN_OPERATION_TIMED_OUT);
	drop_semaphore(semaphore);
}

RULE(signal_thread_lets_any_waiter_go)
{
	semaphore_t semaphore = make_semaphore(0);
	Waiter waiter = {.semaphore = semaphore};

	waiter_start_blocked(&waiter);
	ASSERT_EQ(semaphore_signal_thread(semaphore, THREAD_NULL), KERN_SUCCESS);
	ASSERT_EQ(waiter_join(&waiter), KERN_SUCCESS);
	ASSERT_EQ(semaphore_timedwait(semaphore, NO_TIME), KERN_OPERATION_TIMED_OUT);
	drop_semaphore(semaphore);
}

RULE(destroyed_semaphore_ends_its_waiters)
{
	semaphore_t semaphore = make_semaphore(0);
	Waiter waiters[2];

	for (unsigned i = 0; i < 2; i++) {
		waiters[i] = (Waiter){.semaphore = semaphore, .timed = i == 1};
		waiter_start_blocked(&waiters[i]);
	}
	drop_semaphore(semaphore);
	for (unsigned i = 0; i < 2; i++)
		ASSERT_EQ(waiter_join(&waiters[i]), KERN_TERMINATED);
}

RULE(wait_signal_signals_and_waits)
{
	for (unsigned timed = 0; timed < 2; timed++) {
		semaphore_t semaphore = make_semaphore(0), other = make_semaphore(0);
		Waiter waiter = {.semaphore = semaphore, .signalled = other, .timed = timed};

		waiter_start_blocked(&waiter);
		ASSERT_EQ(semaphore_timedwait(other, NO_TIME), KERN_SUCCESS);
		ASSERT_EQ(semaphore_signal(semaphore), KERN_SUCCESS);
		ASSERT_EQ(waiter_join(&waiter), KERN_SUCCESS);
		drop_semaphore(semaphore);
		drop_semaphore(other);
	}
}

RULE(timed_wait_signal_signals_even_if_its_time_is_over)
{
	semaphore_t semaphore = make_semaphore(0), other = make_semaphore(0);

	ASSERT_EQ(semaphore_timedwait_signal(semaphore, other, NO_TIME), KERN_OPERATION_TIMED_OUT);
	ASSERT_EQ(semaphore_timedwait(other, NO_TIME), KERN_SUCCESS);
	drop_semaphore(semaphore);
	drop_semaphore(other);
}

static void on_signal(int number)
{
	(void)number;
}

RULE(wait_is_aborted_by_a_signal)
{
	struct sigaction action = {.sa_handler = on_signal};
	semaphore_t semaphore = make_semaphore(0);
	Waiter waiter = {.semaphore = semaphore};

	ASSERT_SYS(sigaction(SIGUSR1, &action, NULL));
	waiter_start_blocked(&waiter);
	ASSERT_OK(pthread_kill(waiter.thread, SIGUSR1));
	ASSERT_EQ(waiter_join(&waiter), KERN_ABORTED);
	drop_semaphore(semaphore);
}

/* --- After the end. --- */

RULE(calls_on_a_destroyed_semaphore_are_terminated)
{
	semaphore_t semaphore = make_semaphore(5);

	ASSERT_EQ(mach_port_mod_refs(SELF, semaphore, MACH_PORT_RIGHT_SEND, 1), KERN_SUCCESS);
	drop_semaphore(semaphore);
	ASSERT_EQ(semaphore_signal(semaphore), KERN_TERMINATED);
	ASSERT_EQ(semaphore_wait(semaphore), KERN_TERMINATED);
	ASSERT_EQ(semaphore_timedwait(semaphore, NO_TIME), KERN_TERMINATED);
	deallocate(semaphore);
	ASSERT_EQ(type_of(semaphore), MACH_PORT_TYPE_NONE);
}

/* --- Names. --- */

static kern_return_t call(semaphore_t semaphore, unsigned which)
{
	switch (which) {
	case 0:
		return semaphore_signal(semaphore);
	case 1:
		return semaphore_signal_all(semaphore);
	case 2:
		return semaphore_signal_thread(semaphore, THREAD_NULL);
	case 3:
		return semaphore_wait(semaphore);
	default:
		return semaphore_timedwait(semaphore, NO_TIME);
	}
}

RULE(name_that_is_no_semaphore_is_refused)
{
	mach_port_t receive = make_receive(), send = make_send_receive();
	mach_port_t park = park_receive(send), stale = make_stale();

	for (unsigned i = 0; i < 5; i++) {
		ASSERT_EQ(call(stale, i), KERN_INVALID_NAME);
		ASSERT_EQ(call(receive, i), KERN_INVALID_RIGHT);
		ASSERT_EQ(call(send, i), KERN_INVALID_ARGUMENT);
	}
	ASSERT_EQ(semaphore_destroy(SELF, send), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(send_refs(send), 1);
	destroy(receive);
	destroy(send);
	destroy(park);
}

RULE(semaphore_in_a_message_is_the_same_semaphore)
{
	semaphore_t semaphore = make_semaphore(0);
	mach_port_t port = make_receive();
	Buffer buffer;

	ASSERT_EQ(send_port(port, semaphore, MACH_MSG_TYPE_COPY_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(receive_now(port, &buffer), MACH_MSG_SUCCESS);
	ASSERT_EQ(received_port(&buffer), semaphore);
	ASSERT_EQ(send_refs(semaphore), 2);
	deallocate(semaphore);
	drop_semaphore(semaphore);
	drop_receive(port);
}

/* --- Two threads. --- */

static semaphore_t ping, pong;

static void *ping_main(void *argument)
{
	for (unsigned i = 0; i < 2000; i++) {
		ASSERT_EQ(semaphore_wait(ping), KERN_SUCCESS);
		ASSERT_EQ(semaphore_signal(pong), KERN_SUCCESS);
	}
	return argument;
}

RULE(threads_take_turns)
{
	pthread_t thread;

	ping = make_semaphore(0);
	pong = make_semaphore(0);
	ASSERT_OK(pthread_create(&thread, NULL, ping_main, NULL));
	for (unsigned i = 0; i < 2000; i++) {
		ASSERT_EQ(semaphore_signal(ping), KERN_SUCCESS);
		ASSERT_EQ(semaphore_wait(pong), KERN_SUCCESS);
	}
	ASSERT_OK(pthread_join(thread, NULL));
	drop_semaphore(ping);
	drop_semaphore(pong);
}
