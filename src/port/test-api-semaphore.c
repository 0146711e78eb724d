/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include <mach/mach.h>
#include <mach/mach_traps.h>
#include <mach/semaphore.h>

#include "port/reaper.h"
#include "tests/lib/unit.h"

#define WAIT_MS 20000

static semaphore_t make(int value)
{
	semaphore_t s = MACH_PORT_NULL;

	ASSERT_EQ(semaphore_create(mach_task_self(), &s, SYNC_POLICY_FIFO, value), KERN_SUCCESS);
	ASSERT_NE(s, MACH_PORT_NULL);
	return s;
}

static void destroy(semaphore_t s)
{
	ASSERT_EQ(semaphore_destroy(mach_task_self(), s), KERN_SUCCESS);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

static const mach_timespec_t now;
static const mach_timespec_t soon = {.tv_nsec = 1000000};

TEST(create_checks_its_arguments)
{
	semaphore_t s = 42;

	ASSERT_EQ(semaphore_create(MACH_PORT_NULL, &s, SYNC_POLICY_FIFO, 0), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(semaphore_create(mach_task_self(), &s, 99, 0), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(semaphore_create(mach_task_self(), &s, -1, 0), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(semaphore_create(mach_task_self(), &s, SYNC_POLICY_FIFO, -1),
		KERN_INVALID_ARGUMENT);
	ASSERT_EQ(semaphore_create(mach_task_self(), NULL, SYNC_POLICY_FIFO, 1),
		KERN_INVALID_ARGUMENT);
	ASSERT_EQ(s, 42);
	ASSERT_EQ(semaphore_create(mach_task_self(), &s, SYNC_POLICY_FIXED_PRIORITY, 1),
		KERN_SUCCESS);
	destroy(s);
}

TEST(counts)
{
	semaphore_t s = make(1), t = make(0);

	ASSERT_EQ(semaphore_wait(s), KERN_SUCCESS);
	ASSERT_EQ(semaphore_timedwait(s, now), KERN_OPERATION_TIMED_OUT);
	ASSERT_EQ(semaphore_timedwait(s, soon), KERN_OPERATION_TIMED_OUT);
	ASSERT_EQ(semaphore_timedwait(s, (mach_timespec_t){.tv_nsec = -1}), KERN_INVALID_VALUE);
	ASSERT_EQ(semaphore_timedwait(s, (mach_timespec_t){.tv_nsec = 1000000000}),
		KERN_INVALID_VALUE);
	ASSERT_EQ(semaphore_signal(s), KERN_SUCCESS);
	ASSERT_EQ(semaphore_timedwait(s, (mach_timespec_t){.tv_sec = ~0u}), KERN_SUCCESS);
	ASSERT_EQ(semaphore_signal(s), KERN_SUCCESS);
	ASSERT_EQ(semaphore_wait_signal(s, t), KERN_SUCCESS);
	ASSERT_EQ(semaphore_timedwait_signal(t, s, soon), KERN_SUCCESS);
	ASSERT_EQ(semaphore_timedwait_signal(t, s, now), KERN_OPERATION_TIMED_OUT);
	ASSERT_EQ(semaphore_wait(s), KERN_SUCCESS);
	ASSERT_EQ(semaphore_wait(s), KERN_SUCCESS);
	ASSERT_EQ(semaphore_timedwait_signal(t, s, (mach_timespec_t){.tv_nsec = -1}),
		KERN_INVALID_VALUE);
	ASSERT_EQ(semaphore_timedwait(s, now), KERN_OPERATION_TIMED_OUT);
	ASSERT_EQ(semaphore_signal_all(s), KERN_SUCCESS);
	ASSERT_EQ(semaphore_signal_thread(s, THREAD_NULL), KERN_NOT_WAITING);
	ASSERT_EQ(semaphore_timedwait(s, now), KERN_OPERATION_TIMED_OUT);
	destroy(s);
	destroy(t);
}

TEST(traps_are_the_same)
{
	semaphore_t s = make(0), t = make(0);

	ASSERT_EQ(semaphore_signal_trap(s), KERN_SUCCESS);
	ASSERT_EQ(semaphore_wait_trap(s), KERN_SUCCESS);
	ASSERT_EQ(semaphore_timedwait_trap(s, 0, 0), KERN_OPERATION_TIMED_OUT);
	ASSERT_EQ(semaphore_signal_trap(s), KERN_SUCCESS);
	ASSERT_EQ(semaphore_wait_signal_trap(s, t), KERN_SUCCESS);
	ASSERT_EQ(semaphore_timedwait_signal_trap(t, s, 0, 0), KERN_SUCCESS);
	ASSERT_EQ(semaphore_signal_all_trap(s), KERN_SUCCESS);
	ASSERT_EQ(semaphore_signal_thread_trap(s, THREAD_NULL), KERN_NOT_WAITING);
	destroy(s);
	destroy(t);
}

TEST(names_that_are_none)
{
	const semaphore_t bad[] = {MACH_PORT_NULL, MACH_PORT_DEAD, 0x7ffff03};
	mach_port_t port;

	for (unsigned i = 0; i < 3; i++) {
		ASSERT_EQ(semaphore_signal(bad[i]), KERN_INVALID_NAME);
		ASSERT_EQ(semaphore_wait(bad[i]), KERN_INVALID_NAME);
		ASSERT_EQ(semaphore_wait_signal(bad[i], bad[i]), KERN_INVALID_NAME);
		ASSERT_EQ(semaphore_destroy(mach_task_self(), bad[i]), KERN_INVALID_ARGUMENT);
	}
	ASSERT_EQ(semaphore_signal(mach_task_self()), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(semaphore_wait(mach_task_self()), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(
		mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), KERN_SUCCESS);
	ASSERT_NE(semaphore_signal(port), KERN_SUCCESS);
	ASSERT_EQ(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1),
		KERN_SUCCESS);
}

static void *wait_for(void *arg)
{
	return (void *)(uintptr_t)semaphore_wait((semaphore_t)(uintptr_t)arg);
}

TEST(destruction_ends_waits)
{
	semaphore_t s = make(0);
	pthread_t threads[3];
	void *kr;

	/* A name of our own for what is left of it. */
	ASSERT_EQ(mach_port_mod_refs(mach_task_self(), s, MACH_PORT_RIGHT_SEND, 1), KERN_SUCCESS);
	for (int i = 0; i < 3; i++)
		ASSERT_OK(pthread_create(&threads[i], NULL, wait_for, (void *)(uintptr_t)s));
	destroy(s);
	for (int i = 0; i < 3; i++) {
		ASSERT_OK(pthread_join(threads[i], &kr));
		ASSERT_EQ((uintptr_t)kr, KERN_TERMINATED);
	}
	ASSERT_EQ(semaphore_signal(s), KERN_TERMINATED);
	ASSERT_EQ(mach_port_deallocate(mach_task_self(), s), KERN_SUCCESS);
	ASSERT_EQ(semaphore_signal(s), KERN_INVALID_NAME);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}
