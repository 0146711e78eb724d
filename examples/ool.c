/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory in a message. A child sends 16 MiB twice: once as a copy, of memory that it keeps; once
 * with `deallocate`, of memory from vm_allocate(), which moves without a copy and is gone from the
 * child. To the parent both are the same: memory of its own at an address that the message names,
 * to be given up with vm_deallocate().
 */
#include <mach/mach.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE ((vm_size_t)16 << 20)

typedef struct {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_ool_descriptor_t memory;
} MemoryMessage;

static void check(kern_return_t kr, const char *what)
{
	if (kr == KERN_SUCCESS)
		return;
	fprintf(stderr, "ool: %s: %s\n", what, mach_error_string(kr));
	exit(1);
}

static void send_memory(mach_port_t to, void *address, boolean_t deallocate)
{
	MemoryMessage message = {
		.header =
			{
				.msgh_bits = MACH_MSGH_BITS_COMPLEX |
					     MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
				.msgh_size = sizeof(message),
				.msgh_remote_port = to,
				.msgh_id = deallocate ? 'm' : 'c',
			},
		.body.msgh_descriptor_count = 1,
		.memory =
			{
				.address = address,
				.size = (mach_msg_size_t)SIZE,
				.deallocate = deallocate,
				.copy = MACH_MSG_VIRTUAL_COPY,
				.type = MACH_MSG_OOL_DESCRIPTOR,
			},
	};

	check(mach_msg(&message.header, MACH_SEND_MSG, sizeof(message), 0, MACH_PORT_NULL,
		      MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL),
		"send");
}

static int child_main(void)
{
	vm_address_t address = 0;
	unsigned char resident;

	check(vm_allocate(mach_task_self(), &address, SIZE, VM_FLAGS_ANYWHERE), "vm_allocate");
	memset((void *)address, 'c', SIZE);
	send_memory(bootstrap_port, (void *)address, FALSE);
	/* The parent has a copy: what we write now is for the second message only. */
	memset((void *)address, 'm', SIZE);
	send_memory(bootstrap_port, (void *)address, TRUE);
	if (mincore((void *)address, (size_t)getpagesize(), &resident) == 0) {
		fputs("ool: the memory is still here\n", stderr);
		return 1;
	}
	return 0;
}

static void receive_memory(mach_port_t port, char expected)
{
	struct {
		MemoryMessage message;
		mach_msg_trailer_t trailer;
	} in;
	const mach_msg_ool_descriptor_t *memory = &in.message.memory;
	const char *bytes;

	check(mach_msg(&in.message.header, MACH_RCV_MSG, 0, sizeof(in), port, MACH_MSG_TIMEOUT_NONE,
		      MACH_PORT_NULL),
		"receive");
	if (!(in.message.header.msgh_bits & MACH_MSGH_BITS_COMPLEX) ||
		in.message.body.msgh_descriptor_count != 1 ||
		memory->type != MACH_MSG_OOL_DESCRIPTOR || memory->size != SIZE) {
		fputs("ool: not what was sent\n", stderr);
		exit(1);
	}
	bytes = memory->address;
	for (vm_size_t i = 0; i < SIZE; i += 4096) {
		if (bytes[i] == expected)
			continue;
		fprintf(stderr, "ool: byte %zu is %#x\n", (size_t)i, (unsigned char)bytes[i]);
		exit(1);
	}
	printf("ool: %zu MiB %s\n", (size_t)(SIZE >> 20), expected == 'c' ? "copied" : "moved");
	check(vm_deallocate(mach_task_self(), (vm_address_t)memory->address, memory->size),
		"vm_deallocate");
}

int main(void)
{
	mach_port_t port;
	pid_t child;
	int status;

	check(mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port), "allocate");
	check(mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND),
		"insert_right");
	check(task_set_bootstrap_port(mach_task_self(), port), "set_bootstrap_port");
	child = fork();
	if (child == 0)
		_exit(child_main());
	if (child < 0) {
		perror("fork");
		return 1;
	}
	receive_memory(port, 'c');
	receive_memory(port, 'm');
	return waitpid(child, &status, 0) < 0 || status != 0;
}
