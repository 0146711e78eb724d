/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <mach/mach.h>
#include <mach/task.h>
#include <mach/thread_act.h>

#include "port/test-support.h"

#define SELF mach_task_self()

PORT_TEST(the_calling_thread)
{
	mach_port_t self = mach_thread_self();
	struct thread_identifier_info identifier;
	struct thread_extended_info extended;
	struct thread_basic_info basic;
	mach_msg_type_number_t n = THREAD_BASIC_INFO_COUNT + 3;

	ASSERT_EQ(thread_info(self, THREAD_BASIC_INFO, (thread_info_t)&basic, &n), KERN_SUCCESS);
	ASSERT_EQ(n, THREAD_BASIC_INFO_COUNT);
	ASSERT_EQ(basic.run_state, TH_STATE_RUNNING);
	ASSERT_EQ(basic.suspend_count, 0);
	ASSERT_LE(basic.cpu_usage, TH_USAGE_SCALE);
	n = THREAD_IDENTIFIER_INFO_COUNT;
	ASSERT_EQ(thread_info(self, THREAD_IDENTIFIER_INFO, (thread_info_t)&identifier, &n),
		KERN_SUCCESS);
	ASSERT_EQ(identifier.thread_id, gettid());
	ASSERT_SYS(prctl(PR_SET_NAME, "named", 0, 0, 0));
	n = THREAD_EXTENDED_INFO_COUNT;
	ASSERT_EQ(thread_info(self, THREAD_EXTENDED_INFO, (thread_info_t)&extended, &n),
		KERN_SUCCESS);
	ASSERT_STREQ(extended.pth_name, "named");
	ASSERT_GT(extended.pth_curpri, 0);
	ASSERT_EQ(mach_port_deallocate(SELF, self), KERN_SUCCESS);
}

PORT_TEST(what_is_wrong)
{
	mach_port_t self = mach_thread_self();
	integer_t out[THREAD_INFO_MAX];
	mach_msg_type_number_t n = 1;

	ASSERT_EQ(thread_info(self, THREAD_BASIC_INFO, out, &n), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(thread_info(self, THREAD_IDENTIFIER_INFO, out, &n), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(thread_info(self, THREAD_EXTENDED_INFO, out, &n), KERN_INVALID_ARGUMENT);
	n = THREAD_INFO_MAX;
	ASSERT_EQ(thread_info(self, 99, out, &n), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(thread_info(SELF, THREAD_BASIC_INFO, out, &n), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(thread_info(MACH_PORT_NULL, THREAD_BASIC_INFO, out, &n), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_port_deallocate(SELF, self), KERN_SUCCESS);
}

static void *wait_for_end(void *arg)
{
	char byte;

	(void)!read(*(int *)arg, &byte, 1);
	return NULL;
}

PORT_TEST(a_thread_that_ends)
{
	mach_msg_type_number_t n_threads = 0, n;
	thread_act_array_t threads;
	integer_t out[THREAD_INFO_MAX];
	pthread_t thread;
	unsigned n_dead = 0;
	int ends[2];

	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	ASSERT_EQ(pthread_create(&thread, NULL, wait_for_end, &ends[0]), 0);
	ASSERT_EQ(task_threads(SELF, &threads, &n_threads), KERN_SUCCESS);
	ASSERT_GE(n_threads, 2);
	for (unsigned i = 0; i < n_threads; i++) {
		n = THREAD_INFO_MAX;
		ASSERT_EQ(thread_info(threads[i], THREAD_BASIC_INFO, out, &n), KERN_SUCCESS);
	}
	close(ends[1]);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	close(ends[0]);
	for (unsigned i = 0; i < n_threads; i++) {
		kern_return_t kr;

		/* It has been joined a moment before the kernel is done with it. */
		do {
			n = THREAD_INFO_MAX;
			kr = thread_info(threads[i], THREAD_BASIC_INFO, out, &n);
		} while (kr == KERN_SUCCESS &&
			 ((struct thread_basic_info *)out)->run_state == TH_STATE_HALTED);
		n_dead += kr == MACH_SEND_INVALID_DEST;
		ASSERT_EQ(mach_port_deallocate(SELF, threads[i]), KERN_SUCCESS);
	}
	ASSERT_EQ(n_dead, 1);
	ASSERT_EQ(vm_deallocate(SELF, (vm_address_t)threads, n_threads * sizeof(*threads)),
		KERN_SUCCESS);
}
