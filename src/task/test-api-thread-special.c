/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include <mach/mach.h>
#include <mach/thread_act.h>
#include <mach_debug/ipc_info.h>

#include "port/test-support.h"

#define SELF mach_task_self()

static mach_port_t get(mach_port_t thread, int which)
{
	mach_port_t port = MACH_PORT_NULL;

	ASSERT_EQ(thread_get_special_port(thread, which, &port), KERN_SUCCESS);
	return port;
}

static natural_t kind_of(mach_port_t name)
{
	mach_vm_address_t address;
	natural_t kind = 0;

	ASSERT_EQ(mach_port_kobject(SELF, name, &kind, &address), KERN_SUCCESS);
	return kind;
}

static void drop(mach_port_t name)
{
	ASSERT_EQ(mach_port_deallocate(SELF, name), KERN_SUCCESS);
}

PORT_TEST(from_a_flavour_to_lesser_ones)
{
	mach_port_t self = mach_thread_self(), control, read, inspect, again, none = 77;

	control = get(self, THREAD_KERNEL_PORT);
	ASSERT_EQ(control, self);
	read = get(self, THREAD_READ_PORT);
	inspect = get(read, THREAD_INSPECT_PORT);
	again = get(self, THREAD_INSPECT_PORT);
	ASSERT_EQ(again, inspect);
	ASSERT_EQ(kind_of(read), IPC_OTYPE_THREAD_READ);
	ASSERT_EQ(kind_of(inspect), IPC_OTYPE_THREAD_INSPECT);
	ASSERT_EQ(
		thread_get_special_port(read, THREAD_KERNEL_PORT, &none), KERN_INVALID_CAPABILITY);
	ASSERT_EQ(
		thread_get_special_port(inspect, THREAD_READ_PORT, &none), KERN_INVALID_CAPABILITY);
	ASSERT_EQ(none, 77);
	drop(get(inspect, THREAD_INSPECT_PORT));
	drop(get(read, THREAD_READ_PORT));
	ASSERT_EQ(thread_get_kernel_port(self, &again), KERN_SUCCESS);
	drop(again);
	drop(inspect);
	drop(inspect);
	drop(read);
	drop(control);
	drop(self);
}

PORT_TEST(nothing_can_be_set)
{
	mach_port_t self = mach_thread_self(), read = get(self, THREAD_READ_PORT);

	ASSERT_EQ(thread_set_kernel_port(self, self), KERN_NO_ACCESS);
	ASSERT_EQ(thread_set_special_port(self, THREAD_READ_PORT, self), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(thread_set_special_port(self, 77, self), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(thread_set_special_port(read, THREAD_KERNEL_PORT, self), KERN_INVALID_CAPABILITY);
	ASSERT_EQ(thread_set_special_port(SELF, THREAD_KERNEL_PORT, self), KERN_INVALID_ARGUMENT);
	drop(read);
	drop(self);
}

PORT_TEST(what_is_wrong)
{
	mach_port_t self = mach_thread_self(), port;

	ASSERT_EQ(thread_get_special_port(self, 0, &port), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(thread_get_special_port(self, 4, &port), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(thread_get_special_port(self, THREAD_READ_PORT, NULL), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(thread_get_special_port(SELF, THREAD_READ_PORT, &port), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(thread_get_special_port(MACH_PORT_NULL, THREAD_READ_PORT, &port),
		KERN_INVALID_ARGUMENT);
	drop(self);
}

static void *say_who(void *arg)
{
	*(mach_port_t *)arg = mach_thread_self();
	return NULL;
}

PORT_TEST(a_thread_that_has_ended)
{
	mach_port_t thread = MACH_PORT_NULL, port;
	pthread_t id;

	ASSERT_EQ(pthread_create(&id, NULL, say_who, &thread), 0);
	ASSERT_EQ(pthread_join(id, NULL), 0);
	ASSERT_EQ(thread_get_special_port(thread, THREAD_READ_PORT, &port), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(
		thread_set_special_port(thread, THREAD_KERNEL_PORT, port), MACH_SEND_INVALID_DEST);
	drop(thread);
}
