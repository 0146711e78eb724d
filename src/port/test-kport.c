/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/eventfd.h>

#include "port/kport.h"
#include "port/test-support.h"

static Kobject *make_object(KobjectType type)
{
	int fd = ASSERT_SYS(eventfd(0, EFD_CLOEXEC));
	Kobject *object;

	ASSERT_OK(kobject_new_consume(type, &fd, 1, &object));
	return object;
}

PORT_TEST(by_name)
{
	Kobject *object = make_object(KOBJECT_FILEPORT);
	PortName name = 0, receive = make_receive(NULL);
	Port *port;

	ASSERT_OK(kport_insert_consume(object, &name));
	ASSERT_EQ(type_of(name), ENTRY_SEND);
	ASSERT_EQ(kport_get(0x7654303, KOBJECT_FILEPORT, &port), KERN_INVALID_NAME);
	ASSERT_EQ(kport_get(receive, KOBJECT_FILEPORT, &port), KERN_INVALID_RIGHT);
	ASSERT_EQ(kport_get(name, KOBJECT_SEMAPHORE, &port), KERN_INVALID_ARGUMENT);
	ASSERT_OK(kport_get(name, KOBJECT_FILEPORT, &port));
	ASSERT_PTR_EQ(kport_object(port), object);
	/* It stays until it is put back, whatever becomes of the name. */
	ASSERT_OK(kport_drop(name));
	ASSERT_EQ(type_of(name), 0);
	ASSERT_FD_OPEN(object->fds[0]);
	kport_put(port);
	ASSERT_EQ(kport_drop(name), KERN_INVALID_NAME);
	ASSERT_EQ(kport_drop(receive), KERN_INVALID_RIGHT);
	ASSERT_EQ(mach_port_destroy(mach_task_self(), receive), 0);
}

static int adopt(KobjectType type, const uint8_t id[16], int fd, uint64_t fact, Port **ret)
{
	KportArrival a = {.type = type, .facts = {fact}, .fds = {fd}, .n_fds = 1};

	memcpy(a.id, id, sizeof(a.id));
	return LOCKED(kport_adopt_consume(&a, ret));
}

PORT_TEST(arrivals)
{
	static const uint8_t id[16] = "an object";
	static const uint8_t none[16];
	Port *a = NULL, *b = NULL;
	int fds[4];

	for (unsigned i = 0; i < 4; i++)
		fds[i] = ASSERT_SYS(eventfd(0, EFD_CLOEXEC));
	ASSERT_OK(adopt(KOBJECT_FILEPORT, id, fds[0], 0, &a));
	ASSERT_MEMEQ(a->kobject->id, id, sizeof(id));
	/* A second one of the same id is the same object; its descriptors are not wanted. */
	ASSERT_OK(adopt(KOBJECT_FILEPORT, id, fds[1], 0, &b));
	ASSERT_PTR_EQ(a, b);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
	ASSERT_FD_CLOSED(fds[1]);
	LOCKED_DO(port_unref(b));
	/* Of another type, or where the kernel says otherwise, it is another one. */
	ASSERT_OK(adopt(KOBJECT_SEMAPHORE, id, fds[2], 0, &b));
	ASSERT_TRUE(a != b);
	LOCKED_DO(port_unref(b));
	fds[2] = ASSERT_SYS(eventfd(0, EFD_CLOEXEC));
	ASSERT_OK(adopt(KOBJECT_FILEPORT, id, fds[2], 1, &b));
	ASSERT_TRUE(a != b);
	ASSERT_PTR_EQ(LOCKED(kport_find_by_fact(KOBJECT_FILEPORT, 1)), b);
	LOCKED_DO(port_unref(a); port_unref(b));
	ASSERT_NULL(LOCKED(kport_find_by_fact(KOBJECT_FILEPORT, 1)));
	/* Without an id nothing is recognised. */
	ASSERT_OK(adopt(KOBJECT_FILEPORT, none, fds[3], 0, &a));
	fds[0] = ASSERT_SYS(eventfd(0, EFD_CLOEXEC));
	ASSERT_OK(adopt(KOBJECT_FILEPORT, none, fds[0], 0, &b));
	ASSERT_TRUE(a != b);
	LOCKED_DO(port_unref(a); port_unref(b));
}

/* What is sent to an object that takes no messages is swallowed. */
PORT_TEST(messages_to_objects)
{
	mach_msg_header_t msg = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_remote_port = mach_task_self()};

	ASSERT_OK(mach_msg(&msg, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg), 0, 0, 0, 0));
	ASSERT_EQ(mach_msg(&msg, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(msg), mach_task_self(),
			  0, 0),
		MACH_RCV_INVALID_NAME);
}
