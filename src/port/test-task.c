/* SPDX-License-Identifier: Apache-2.0 */
#include "port/names.h"
#include "port/test-support.h"
#include "tests/lib/fault.h"

/* Says whether something failed at its birth. */
static void child_main(void)
{
	bool struck = fault_disarm();
	mach_port_t self = mach_task_self();
	PortName name;
	int r;

	r = mach_port_allocate(self, MACH_PORT_RIGHT_RECEIVE, &name);
	if (self != MACH_PORT_NULL)
		ASSERT_EQ(r, 0);
	else
		ASSERT_EQ(r, KERN_INVALID_TASK);
	ASSERT_TRUE(self != MACH_PORT_NULL || struck);
	if (self == MACH_PORT_NULL) {
		ASSERT_EQ(task_self_trap(), MACH_PORT_NULL);
		ASSERT_FALSE(mach_task_is_self(self));
		_exit(2);
	}
	_exit(struck ? 1 : 0);
}

/* A child that has no memory for its own names lives, without them. */
PORT_TEST(a_child_without_memory)
{
	unsigned n_nameless = 0, n_struck = 0;
	int status;
	pid_t pid;

	for (unsigned n = 1; n < 1000; n++) {
		fflush(stdout);
		fault_arm(FAULT_MALLOC, n);
		pid = fork();
		if (pid == 0)
			child_main();
		(void)fault_disarm();
		ASSERT_GT(pid, 0);
		ASSERT_EQ(waitpid(pid, &status, 0), pid);
		ASSERT_TRUE(WIFEXITED(status));
		if (WEXITSTATUS(status) == 0)
			break;
		n_struck++;
		ASSERT_LE(WEXITSTATUS(status), 2);
		n_nameless += WEXITSTATUS(status) == 2;
	}
	ASSERT_GE(n_struck, 2);
	ASSERT_GE(n_nameless, 1);
}
