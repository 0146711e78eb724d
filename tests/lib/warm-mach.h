/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of libmach by its public interface: include it once in a program. Before main()
 * it makes the library open what it keeps for as long as the process lives (the port
 * directory, the thread that watches remote ports and its epoll instance), so that the
 * count of descriptors after each test sees only what a test leaks.
 *
 * Failures are ignored here: the tests will say it better.
 */
#pragma once

#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mach/mach.h>
#include <mach/notify.h>

typedef struct WarmMessage {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t right;
	char trailer[128];
} WarmMessage;

/* Sends a right to a port of its own to the registered port, and ends. */
__attribute__((__noreturn__, __unused__)) static void warm_child(void)
{
	mach_port_array_t ports;
	mach_msg_type_number_t n;
	WarmMessage message;

	memset(&message, 0, sizeof(message));
	if (mach_ports_lookup(mach_task_self(), &ports, &n) != KERN_SUCCESS || n == 0)
		_exit(1);
	message.header.msgh_bits = MACH_MSGH_BITS_COMPLEX |
				   MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
	message.header.msgh_size = offsetof(WarmMessage, trailer);
	message.header.msgh_remote_port = ports[0];
	message.body.msgh_descriptor_count = 1;
	message.right.type = MACH_MSG_PORT_DESCRIPTOR;
	message.right.disposition = MACH_MSG_TYPE_MAKE_SEND;
	(void)mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &message.right.name);
	(void)mach_msg(&message.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, message.header.msgh_size,
		0, MACH_PORT_NULL, 1000, MACH_PORT_NULL);
	_exit(0);
}

__attribute__((__constructor__, __unused__)) static void warm_mach(void)
{
	mach_port_t self = mach_task_self(), port, previous = MACH_PORT_NULL;
	WarmMessage message;
	pid_t pid;

	if (mach_port_allocate(self, MACH_PORT_RIGHT_RECEIVE, &port) != KERN_SUCCESS)
		return;
	(void)mach_port_insert_right(self, port, port, MACH_MSG_TYPE_MAKE_SEND);
	(void)mach_ports_register(self, &port, 1);
	pid = fork();
	if (pid == 0)
		warm_child();
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	if (mach_msg(&message.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(message), port,
		    1000, MACH_PORT_NULL) == MACH_MSG_SUCCESS) {
		(void)mach_port_request_notification(self, message.right.name,
			MACH_NOTIFY_DEAD_NAME, 0, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
		(void)mach_port_destroy(self, message.right.name);
	}
	(void)mach_ports_register(self, NULL, 0);
	(void)mach_port_destroy(self, port);
}
