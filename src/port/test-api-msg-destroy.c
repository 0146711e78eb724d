/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/mman.h>

#include <mach/mach.h>
#include <mach/notify.h>

#include "port/names.h"
#include "port/test-support.h"
#include "tests/lib/fault.h"

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

static void destroy_simple(PortName remote, mach_msg_type_name_t type, PortName voucher)
{
	mach_msg_header_t msg = {
		.msgh_bits = MACH_MSGH_BITS_SET(type, 0, voucher ? MACH_MSG_TYPE_MOVE_SEND : 0, 0),
		.msgh_size = sizeof(msg),
		.msgh_remote_port = remote,
		.msgh_voucher_port = voucher,
	};

	mach_msg_destroy(&msg);
}

PORT_TEST(rights_in_the_header)
{
	Port *port;
	PortName name = make_receive(&port), once;

	add_send(name, 3);
	destroy_simple(name, MACH_MSG_TYPE_MOVE_SEND, MACH_PORT_NULL);
	ASSERT_EQ(urefs_of(name), 2);
	destroy_simple(MACH_PORT_NULL, MACH_MSG_TYPE_MOVE_SEND, name);
	ASSERT_EQ(urefs_of(name), 1);
	/* Those are not moved, and not names. */
	destroy_simple(name, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL);
	destroy_simple(MACH_PORT_DEAD, MACH_MSG_TYPE_MOVE_SEND, MACH_PORT_NULL);
	ASSERT_EQ(urefs_of(name), 1);
	once = make_once(name);
	destroy_simple(once, MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_PORT_NULL);
	ASSERT_EQ(type_of(once), 0);
	ASSERT_EQ(pop_id(port), MACH_NOTIFY_SEND_ONCE);
	destroy_simple(name, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL);
	ASSERT_EQ(pop_id(port), MACH_NOTIFY_SEND_ONCE);
	destroy_simple(name, MACH_MSG_TYPE_MOVE_RECEIVE, MACH_PORT_NULL);
	ASSERT_EQ(type_of(name), ENTRY_DEAD_NAME);
	drop(name);
}

/* The right that would have been made was the last one. */
PORT_TEST(a_right_that_was_to_be_made)
{
	mach_port_t self = mach_task_self(), previous;
	Port *port;
	PortName notify = make_receive(&port), name = make_receive(NULL);

	ASSERT_EQ(mach_port_request_notification(self, name, MACH_NOTIFY_NO_SENDERS, 1, notify,
			  MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous),
		0);
	destroy_simple(name, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL);
	ASSERT_EQ(type_of(name), ENTRY_RECEIVE);
	ASSERT_EQ(pop_id(port), MACH_NOTIFY_NO_SENDERS);
	drop(name);
	drop(notify);
}

PORT_TEST(ports_in_the_body)
{
	struct {
		mach_msg_base_t base;
		mach_msg_port_descriptor_t ports[4];
	} msg = {.base = {.header = {.msgh_bits = MACH_MSGH_BITS_COMPLEX}, .body = {4}}};
	PortName send = make_receive(NULL), receive = make_receive(NULL);

	add_send(send, 2);
	msg.ports[0] = (mach_msg_port_descriptor_t){.name = send,
		.disposition = MACH_MSG_TYPE_MOVE_SEND,
		.type = MACH_MSG_PORT_DESCRIPTOR};
	msg.ports[1] = (mach_msg_port_descriptor_t){.name = receive,
		.disposition = MACH_MSG_TYPE_MOVE_RECEIVE,
		.type = MACH_MSG_PORT_DESCRIPTOR};
	/* It ends at what is none: how long that is nobody knows. */
	msg.ports[2] = (mach_msg_port_descriptor_t){.type = 77};
	msg.ports[3] = msg.ports[0];
	mach_msg_destroy(&msg.base.header);
	ASSERT_EQ(urefs_of(send), 1);
	ASSERT_EQ(type_of(receive), 0);
	drop(send);
}

PORT_TEST(guarded_ports)
{
	struct {
		mach_msg_base_t base;
		mach_msg_guarded_port_descriptor_t port;
	} msg = {.base = {.header = {.msgh_bits = MACH_MSGH_BITS_COMPLEX}, .body = {1}}};
	PortName name = make_receive(NULL);

	ASSERT_EQ(mach_port_guard(mach_task_self(), name, 1234, TRUE), 0);
	msg.port = (mach_msg_guarded_port_descriptor_t){.name = name,
		.disposition = MACH_MSG_TYPE_MOVE_RECEIVE,
		.context = 1235,
		.type = MACH_MSG_GUARDED_PORT_DESCRIPTOR};
	/* With another's guard it stays. */
	mach_msg_destroy(&msg.base.header);
	ASSERT_EQ(type_of(name), ENTRY_RECEIVE);
	msg.port.context = 1234;
	mach_msg_destroy(&msg.base.header);
	ASSERT_EQ(type_of(name), 0);
	msg.port.name = MACH_PORT_NULL;
	mach_msg_destroy(&msg.base.header);
}

/* The kernel says so without a fault. */
static bool is_mapped(vm_address_t address)
{
	unsigned char resident;

	return mincore((void *)address, 4096, &resident) == 0;
}

static vm_address_t allocate(vm_size_t size)
{
	vm_address_t address = 0;

	ASSERT_EQ(vm_allocate(mach_task_self(), &address, size, VM_FLAGS_ANYWHERE), 0);
	return address;
}

PORT_TEST(memory_in_the_body)
{
	struct {
		mach_msg_base_t base;
		mach_msg_ool_descriptor_t memory[3];
		mach_msg_ool_ports_descriptor_t ports[2];
	} msg = {.base = {.header = {.msgh_bits = MACH_MSGH_BITS_COMPLEX}, .body = {5}}};
	vm_address_t pages[5];
	PortName name = make_receive(NULL);

	add_send(name, 5);
	for (int i = 0; i < 5; i++)
		pages[i] = allocate(4096);
	for (int i = 0; i < 2; i++)
		*(PortName *)pages[3 + i] = name;
	for (int i = 0; i < 3; i++)
		msg.memory[i] = (mach_msg_ool_descriptor_t){.address = (void *)pages[i],
			.size = i == 2 ? 0 : 4096,
			.deallocate = i != 1,
			.type = i ? MACH_MSG_OOL_DESCRIPTOR : MACH_MSG_OOL_VOLATILE_DESCRIPTOR};
	for (int i = 0; i < 2; i++)
		msg.ports[i] = (mach_msg_ool_ports_descriptor_t){.address = (void *)pages[3 + i],
			.count = 1,
			.deallocate = i == 0,
			.disposition = MACH_MSG_TYPE_MOVE_SEND,
			.type = MACH_MSG_OOL_PORTS_DESCRIPTOR};
	mach_msg_destroy(&msg.base.header);
	ASSERT_EQ(urefs_of(name), 3);
	ASSERT_FALSE(is_mapped(pages[0]));
	ASSERT_TRUE(is_mapped(pages[1])); /* the sender's own */
	ASSERT_TRUE(is_mapped(pages[2])); /* of no size */
	ASSERT_FALSE(is_mapped(pages[3]));
	ASSERT_TRUE(is_mapped(pages[4]));
	for (int i = 1; i < 5; i++)
		if (i != 3)
			ASSERT_EQ(vm_deallocate(mach_task_self(), pages[i], 4096), 0);
	drop(name);
}

static void destroy_without(void *arg)
{
	Port *port;
	PortName name;

	fault_pause();
	name = make_receive(&port);
	fault_resume();
	destroy_simple(name, MACH_MSG_TYPE_MAKE_SEND, MACH_PORT_NULL);
	destroy_simple(name, MACH_MSG_TYPE_MAKE_SEND_ONCE, MACH_PORT_NULL);
	fault_pause();
	/* Made or not, nothing is left of either. */
	ASSERT_EQ(type_of(name), ENTRY_RECEIVE);
	ASSERT_EQ(port->srights, 0);
	ASSERT_EQ(port->sorights, 0);
	drop(name);
	fault_resume();
	(void)arg;
}

PORT_TEST(without_memory)
{
	ASSERT_GE(fault_run_all(FAULT_MALLOC, destroy_without, NULL), 1);
}
