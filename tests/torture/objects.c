/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Torture of what is not only a port: semaphores, descriptors as ports, memory, keepers, and what a
 * child of fork() inherits.
 */
#include <mach/mach_vm.h>

#include "tests/torture/messages.h"

#define SIZE (64u * 1024u)

/* To the mirror and back; MACH_PORT_NULL if it was lost, with a fault as the reason. */
static mach_port_t send_around(const mach_port_t *mirror, mach_port_t name)
{
	Route route = route_begin(mirror);
	PortMessage m = {.header = route_header(&route, 40, sizeof(m))};
	mach_port_t got = MACH_PORT_NULL;
	Buffer buffer;

	m.body.msgh_descriptor_count = 1;
	m.port = (mach_msg_port_descriptor_t){
		.name = name, .disposition = COPY, .type = MACH_MSG_PORT_DESCRIPTOR};
	if (route_pass(&route, &m, &buffer))
		got = received_port(&buffer);
	route_end(&route);
	return got;
}

TORTURE_WITH_MIRROR(semaphores)
{
	semaphore_t semaphore, same;

	CALL(semaphore_create(SELF, &semaphore, SYNC_POLICY_FIFO, 1));
	CALL(semaphore_wait(semaphore));
	CALL(semaphore_signal(semaphore));
	same = send_around(arg, semaphore);
	if (same != MACH_PORT_NULL) {
		CALL(semaphore_wait(same));
		CALL(semaphore_signal(semaphore));
		CALL(mach_port_deallocate(SELF, same));
	}
	CALL(semaphore_wait_signal(semaphore, semaphore));
	CALL(semaphore_destroy(SELF, semaphore));
}

static fileport_t make_fileport(int fd)
{
	fileport_t port = MACH_PORT_NULL;

	if (fileport_makeport(fd, &port) == 0)
		return port;
	refused_at(HARNESS_HERE, "fileport_makeport", errno,
		errno == EMFILE || errno == ENOMEM || errno == EAGAIN);
	ASSERT_SYS(fileport_makeport(fd, &port));
	return port;
}

static int make_fd(fileport_t port)
{
	int fd = fileport_makefd(port);

	if (fd >= 0)
		return fd;
	refused_at(HARNESS_HERE, "fileport_makefd", errno, errno == EMFILE || errno == ENOMEM);
	return ASSERT_SYS(fileport_makefd(port));
}

TORTURE_WITH_MIRROR(fileports)
{
	int ends[2], fd;
	fileport_t port, same;
	char byte = 'f';

	CALM(ASSERT_SYS(pipe2(ends, O_CLOEXEC)));
	port = make_fileport(ends[1]);
	same = send_around(arg, port);
	if (same != MACH_PORT_NULL) {
		fd = make_fd(same);
		ASSERT_EQ(write(fd, &byte, 1), 1);
		ASSERT_EQ(read(ends[0], &byte, 1), 1);
		close(fd);
		CALL(mach_port_deallocate(SELF, same));
	}
	CALL(mach_port_deallocate(SELF, port));
	close(ends[0]);
	close(ends[1]);
}

TORTURE(memory)
{
	mach_msg_type_number_t n = 0;
	mach_vm_size_t copied = 0;
	mach_vm_address_t a = 0, b = 0;
	vm_offset_t read = 0;

	CALL_VM(mach_vm_allocate(SELF, &a, SIZE, VM_FLAGS_ANYWHERE));
	CALL_VM(mach_vm_allocate(SELF, &b, SIZE, VM_FLAGS_ANYWHERE));
	memset((void *)(uintptr_t)a, 'v', SIZE);
	CALL_VM(mach_vm_copy(SELF, a, SIZE, b));
	ASSERT_EQ(((char *)(uintptr_t)b)[SIZE - 1], 'v');
	CALL_VM(mach_vm_copy(SELF, a, SIZE / 2, a + 100));
	CALL_VM(mach_vm_write(SELF, b, (vm_offset_t)a, 100));
	CALL_VM(mach_vm_read(SELF, a, SIZE, &read, &n));
	ASSERT_EQ(n, SIZE);
	CALL_VM(mach_vm_read_overwrite(SELF, a, SIZE, b, &copied));
	ASSERT_EQ(copied, SIZE);
	CALL_VM(mach_vm_protect(SELF, b, SIZE / 2, false, VM_PROT_READ));
	CALL_VM(mach_vm_deallocate(SELF, (mach_vm_address_t)read, n));
	CALL_VM(mach_vm_deallocate(SELF, a + SIZE / 4, SIZE / 4));
	CALL_VM(mach_vm_deallocate(SELF, a, SIZE / 4));
	CALL_VM(mach_vm_deallocate(SELF, a + SIZE / 2, SIZE / 2));
	CALL_VM(mach_vm_deallocate(SELF, b, SIZE));
}

TORTURE_WITH_MIRROR(keepers)
{
	portcullis_keeper_t keeper;
	mach_port_t port, again;
	mach_msg_header_t m;
	Buffer buffer;

	(void)arg;
	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	CALL(portcullis_keeper_create(port, &keeper));
	ASSERT_EQ(portcullis_keeper_reclaim(keeper, &again), KERN_RIGHT_EXISTS);
	CALL(mach_port_destroy(SELF, port));
	CALL(portcullis_keeper_reclaim(keeper, &again));
	m = make_header(again, MAKE, MACH_PORT_NULL, 0, 44);
	torture_send(&m);
	ASSERT_TRUE(torture_receive(again, 44, &buffer));
	portcullis_keeper_destroy(keeper);
	CALL(mach_port_destroy(SELF, again));
}

/* A message that waits in the kernel outlives the receive right. */
TORTURE_WITH_MIRROR(a_kept_queue)
{
	Route route = route_begin(arg);
	portcullis_keeper_t keeper;
	mach_port_t port, again;
	mach_msg_header_t m;
	struct pollfd p = {.events = POLLIN};
	Buffer buffer;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	CALL(portcullis_keeper_create(port, &keeper));
	/* The mirror's answer goes to the kept port, with a right that is used up by it. */
	m = make_header(route.to, COPY, port, MAKE, 45);
	torture_send(&m);
	CALM(p.fd = portcullis_port_fd(port));
	ASSERT_EQ(poll(&p, 1, (int)PATIENCE_MS), 1);
	close(p.fd);
	CALL(mach_port_destroy(SELF, port));
	CALL(portcullis_keeper_reclaim(keeper, &again));
	ASSERT_TRUE(torture_receive(again, 45, &buffer));
	portcullis_keeper_destroy(keeper);
	CALL(mach_port_destroy(SELF, again));
	route_end(&route);
}

/* How a child ends that saw the fault: with the right, or without. One that has no memory for its own
 * name has none, and so nothing can be asked about it. */
#define CHILD_STRUCK 3
#define CHILD_WITHOUT 4

/* In the child, where the parent's rights are gone but for the registered ones. */
static void child_of_fork(void)
{
	mach_port_array_t ports = NULL;
	mach_msg_type_number_t n = 0;
	mach_msg_header_t m;

	if (SELF == MACH_PORT_NULL)
		_exit(CHILD_WITHOUT);
	CALL(mach_ports_lookup(SELF, &ports, &n));
	if (n > 0 && MACH_PORT_VALID(ports[0])) {
		m = make_header(ports[0], COPY, MACH_PORT_NULL, 0, 47);
		torture_send(&m);
		_exit(fault_disarm() ? CHILD_STRUCK : 0);
	}
	_exit(fault_disarm() ? CHILD_WITHOUT : 1);
}

TORTURE(fork_children)
{
	mach_port_t port;
	Buffer buffer;
	int status;
	pid_t pid;

	CALL(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	CALL(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND));
	CALL(mach_ports_register(SELF, &port, 1));
	pid = ASSERT_SYS(fork());
	if (pid == 0)
		child_of_fork();
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_TRUE(WIFEXITED(status));
	ASSERT_LE(WEXITSTATUS(status), CHILD_WITHOUT);
	if (WEXITSTATUS(status) >= CHILD_STRUCK)
		torture.struck_elsewhere = true;
	else
		ASSERT_EQ(WEXITSTATUS(status), 0);
	if (WEXITSTATUS(status) < CHILD_WITHOUT)
		ASSERT_TRUE(torture_receive(port, 47, &buffer));
	CALL(mach_ports_register(SELF, NULL, 0));
	CALL(mach_port_destroy(SELF, port));
}
