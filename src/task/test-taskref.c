/* SPDX-License-Identifier: Apache-2.0 */
#include "task/taskref.h"

#include "port/test-support.h"
#include "task/own.h"

static PortName own_name(TaskFlavor flavor)
{
	Right right = RIGHT_NULL;
	PortName name = MACH_PORT_NULL;

	ASSERT_OK(LOCKED(own_port(flavor, &right)));
	ASSERT_OK(LOCKED(right_copyout(&right, &name)));
	return name;
}

static void drop(PortName name)
{
	ASSERT_EQ(mach_port_deallocate(mach_task_self(), name), KERN_SUCCESS);
}

PORT_TEST(own_control_port)
{
	PortName name = own_name(TASK_IS_CONTROL);
	TaskRef ref;
	pid_t pid;

	ASSERT_EQ(name, mach_task_self());
	ASSERT_OK(task_ref_get(name, TASK_IS_CONTROL, &ref));
	ASSERT_TRUE(ref.is_self);
	ASSERT_EQ(ref.flavor, TASK_IS_CONTROL);
	ASSERT_EQ(ref.pidfd, -EBADF);
	ASSERT_EQ(ref.mem, -EBADF);
	ASSERT_FALSE(task_ref_is_dead(&ref));
	ASSERT_OK(task_ref_pid(&ref, &pid));
	ASSERT_EQ(pid, getpid());
	task_ref_done(&ref);
	drop(name);
}

PORT_TEST(own_flavors)
{
	PortName names[_TASK_FLAVOR_N];
	TaskRef ref;

	for (unsigned i = 0; i < _TASK_FLAVOR_N; i++) {
		names[i] = own_name(i);
		for (unsigned j = 0; j < i; j++)
			ASSERT_NE(names[i], names[j]);
	}
	for (unsigned i = 0; i < _TASK_FLAVOR_N; i++) {
		PortName again = own_name(i);

		ASSERT_EQ(again, names[i]);
		drop(again);
		for (unsigned least = 0; least < _TASK_FLAVOR_N; least++) {
			int r = task_ref_get(names[i], least, &ref);

			ASSERT_EQ(r, least < i ? KERN_INVALID_CAPABILITY : 0);
			if (r == 0)
				task_ref_done(&ref);
		}
	}
	for (unsigned i = 0; i < _TASK_FLAVOR_N; i++)
		drop(names[i]);
}

PORT_TEST(what_is_no_task)
{
	PortName port = make_receive(NULL);
	TaskRef ref;

	add_send(port, 1);
	ASSERT_EQ(task_ref_get(port, TASK_IS_NAME, &ref), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(task_ref_get(MACH_PORT_NULL, TASK_IS_NAME, &ref), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(task_ref_get(MACH_PORT_DEAD, TASK_IS_NAME, &ref), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(task_ref_get(0x123407, TASK_IS_NAME, &ref), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(task_ref_get(task.host_name, TASK_IS_NAME, &ref), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1), 0);
	ASSERT_EQ(task_ref_get(port, TASK_IS_NAME, &ref), MACH_SEND_INVALID_DEST);
	drop(port);
}
