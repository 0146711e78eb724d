/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traps are other names of calls that are tested elsewhere, and the page constants are those of
 * this machine.
 */
#include "tests/conformance/conformance.h"

#include <unistd.h>

#include <mach/mach_vm.h>
#include <mach/vm_map.h>
#include <portcullis/port.h>

TEST(the_traps_name_what_the_calls_name)
{
	mach_port_t self = task_self_trap(), host = host_self_trap(), thread = thread_self_trap();

	ASSERT_EQ(self, mach_task_self_);
	ASSERT_EQ(mach_port_deallocate(mach_task_self(), self), KERN_SUCCESS);
	ASSERT_EQ(host, mach_host_self());
	ASSERT_EQ(mach_port_deallocate(mach_task_self(), host), KERN_SUCCESS);
	ASSERT_EQ(mach_port_deallocate(mach_task_self(), host), KERN_SUCCESS);
	ASSERT_EQ(thread, mach_thread_self());
	ASSERT_EQ(mach_port_deallocate(mach_task_self(), thread), KERN_SUCCESS);
	ASSERT_EQ(mach_port_deallocate(mach_task_self(), thread), KERN_SUCCESS);
}

TEST(the_special_reply_port_is_one_for_each_thread)
{
	mach_port_t port = thread_get_special_reply_port();
	mach_port_type_t type = 0;

	ASSERT_EQ(port, thread_get_special_reply_port());
	ASSERT_EQ(mach_port_type(mach_task_self(), port, &type), KERN_SUCCESS);
	ASSERT_EQ(type, MACH_PORT_TYPE_RECEIVE);
}

TEST(pages_are_those_of_the_machine)
{
	vm_size_t size = 0;

	ASSERT_EQ(host_page_size(mach_host_self(), &size), KERN_SUCCESS);
	ASSERT_EQ(size, (vm_size_t)sysconf(_SC_PAGESIZE));
	ASSERT_EQ(vm_page_size, size);
	ASSERT_EQ(vm_page_mask, size - 1);
	ASSERT_EQ((vm_size_t)1 << vm_page_shift, size);
	ASSERT_EQ(vm_kernel_page_size, vm_page_size);
	ASSERT_EQ(vm_kernel_page_mask, vm_page_mask);
	ASSERT_EQ(vm_kernel_page_shift, vm_page_shift);
	ASSERT_EQ(mach_port_deallocate(mach_task_self(), mach_host_self()), KERN_SUCCESS);
}

TEST(a_fresh_port_has_refused_nothing)
{
	mach_port_t port = MACH_PORT_NULL;
	uint64_t dropped = 1;

	ASSERT_EQ(
		mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), KERN_SUCCESS);
	ASSERT_EQ(portcullis_port_dropped(port, &dropped), KERN_SUCCESS);
	ASSERT_EQ(dropped, 0);
	ASSERT_EQ(mach_port_destroy(mach_task_self(), port), KERN_SUCCESS);
}

TEST(the_message_traps_are_mach_msg)
{
	mach_port_t port = MACH_PORT_NULL;
	struct {
		mach_msg_header_t header;
		char room[MAX_TRAILER_SIZE];
	} m = {.header = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0)}};

	ASSERT_EQ(
		mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), KERN_SUCCESS);
	m.header.msgh_remote_port = port;
	m.header.msgh_id = 7;
	ASSERT_EQ(mach_msg_trap(&m.header, MACH_SEND_MSG, sizeof(m.header), 0, 0, 0, 0), 0);
	ASSERT_EQ(
		mach_msg_overwrite_trap(&m.header, MACH_RCV_MSG, 0, sizeof(m), port, 0, 0, NULL, 0),
		0);
	ASSERT_EQ(m.header.msgh_id, 7);
	/* mach_msg2() packs its arguments for this one. */
	ASSERT_EQ(mach_msg2_internal(&m, MACH64_RCV_MSG | MACH64_RCV_TIMEOUT, 0, 0, 0,
			  (uint64_t)port << 32, sizeof(m), 0),
		MACH_RCV_TIMED_OUT);
	ASSERT_EQ(mach_msg_server_importance(NULL, 64, MACH_PORT_NULL, 0), MACH_RCV_INVALID_NAME);
	ASSERT_EQ(mach_port_destroy(mach_task_self(), port), KERN_SUCCESS);
}
