/* SPDX-License-Identifier: Apache-2.0 */
/* File descriptors as ports. */
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/conformance/conformance.h"

static int make_file(const char *text)
{
	int fd = memfd_create("fileport", MFD_CLOEXEC);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	return fd;
}

static fileport_t make_port(int fd)
{
	fileport_t port = FILEPORT_NULL;

	ASSERT_SYS(fileport_makeport(fd, &port));
	ASSERT_TRUE(MACH_PORT_VALID(port));
	return port;
}

/* Until the last other end of a pipe is closed; then there is nothing left to read. */
static void expect_end(int fd)
{
	struct pollfd end = {.fd = fd};
	char byte;

	ASSERT_EQ(poll(&end, 1, LONG_MS), 1);
	ASSERT_EQ(end.revents, POLLHUP);
	ASSERT_EQ(read(fd, &byte, 1), 0);
}

static bool is_same_file(int a, int b)
{
	struct stat first, second;

	ASSERT_SYS(fstat(a, &first));
	ASSERT_SYS(fstat(b, &second));
	return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

RULE(fileport_is_a_send_right)
{
	int fd = make_file("text");
	fileport_t port = make_port(fd);
	natural_t type = 0;
	mach_vm_address_t address = 0;

	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_SEND);
	ASSERT_EQ(send_refs(port), 1);
	ASSERT_EQ(mach_port_kobject(SELF, port, &type, &address), KERN_SUCCESS);
	ASSERT_EQ(type, IPC_OTYPE_FILEPORT);
	ASSERT_FD_OPEN(fd);
	deallocate(port);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_NONE);
	close(fd);
}

RULE(fileports_of_one_file_are_two_ports)
{
	int fd = make_file("text");
	fileport_t first = make_port(fd), second = make_port(fd);

	ASSERT_NE(first, second);
	deallocate(first);
	deallocate(second);
	close(fd);
}

RULE(makefd_opens_the_same_open_file)
{
	int fd = make_file("text"), again;
	fileport_t port = make_port(fd);

	again = fileport_makefd(port);
	ASSERT_GE(again, 0);
	ASSERT_NE(again, fd);
	ASSERT_FD_CLOEXEC(again);
	ASSERT_TRUE(is_same_file(fd, again));
	ASSERT_SYS(lseek(fd, 2, SEEK_SET));
	ASSERT_EQ(lseek(again, 0, SEEK_CUR), 2);
	ASSERT_EQ(send_refs(port), 1);
	close(again);
	close(fd);
	deallocate(port);
}

RULE(fileport_keeps_the_file_open)
{
	int ends[2], fd;
	fileport_t port;
	char byte;

	ASSERT_SYS(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	port = make_port(ends[1]);
	close(ends[1]);
	ASSERT_EQ(read(ends[0], &byte, 1), -1);
	ASSERT_EQ(errno, EAGAIN);
	fd = fileport_makefd(port);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(write(fd, "x", 1), 1);
	close(fd);
	ASSERT_EQ(read(ends[0], &byte, 1), 1);
	ASSERT_EQ(read(ends[0], &byte, 1), -1);
	deallocate(port);
	expect_end(ends[0]);
	close(ends[0]);
}

RULE(fileport_goes_through_messages)
{
	int ends[2], fd;
	mach_port_t to = make_receive();
	fileport_t port;
	Buffer buffer;

	ASSERT_SYS(pipe2(ends, O_CLOEXEC));
	port = make_port(ends[0]);
	ASSERT_EQ(send_port(to, port, MACH_MSG_TYPE_MOVE_SEND), MACH_MSG_SUCCESS);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_NONE);
	close(ends[0]);
	ASSERT_EQ(receive_now(to, &buffer), MACH_MSG_SUCCESS);
	port = received_port(&buffer);
	ASSERT_EQ(received_kind(&buffer), MACH_MSG_TYPE_PORT_SEND);
	fd = fileport_makefd(port);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(write(ends[1], "y", 1), 1);
	ASSERT_EQ(read(fd, &buffer, 1), 1);
	close(fd);
	close(ends[1]);
	deallocate(port);
	drop_receive(to);
}

RULE(fileport_in_a_message_that_is_destroyed_closes_its_file)
{
	int ends[2];
	mach_port_t to = make_receive();
	char byte;

	ASSERT_SYS(pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	ASSERT_EQ(send_port(to, make_port(ends[1]), MACH_MSG_TYPE_MOVE_SEND), MACH_MSG_SUCCESS);
	close(ends[1]);
	ASSERT_EQ(read(ends[0], &byte, 1), -1);
	drop_receive(to);
	expect_end(ends[0]);
	close(ends[0]);
}

RULE(references_to_a_fileport_are_counted)
{
	int fd = make_file("text"), again;
	fileport_t port = make_port(fd);

	ASSERT_EQ(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_SEND, 2), KERN_SUCCESS);
	deallocate(port);
	deallocate(port);
	again = fileport_makefd(port);
	ASSERT_GE(again, 0);
	close(again);
	deallocate(port);
	ASSERT_EQ(type_of(port), MACH_PORT_TYPE_NONE);
	close(fd);
}

RULE(makeport_of_no_descriptor_is_ebadf)
{
	fileport_t port = 0xdead;

	errno = 0;
	ASSERT_EQ(fileport_makeport(-1, &port), -1);
	ASSERT_EQ(errno, EBADF);
	errno = 0;
	ASSERT_EQ(fileport_makeport(4000, &port), -1);
	ASSERT_EQ(errno, EBADF);
	ASSERT_EQ(port, 0xdead);
}

RULE(makefd_of_what_is_no_fileport_is_einval)
{
	mach_port_t port = make_send_receive(), set = make_set();
	const mach_port_t names[] = {port, set, make_stale(), MACH_PORT_NULL, MACH_PORT_DEAD, SELF};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		errno = 0;
		ASSERT_EQ(fileport_makefd(names[i]), -1);
		ASSERT_EQ(errno, EINVAL);
	}
	destroy(port);
	destroy(set);
}

RULE(any_kind_of_descriptor_will_do)
{
	const char *const paths[] = {"/dev/null", "/", "/proc/self/status"};

	for (unsigned i = 0; i < 3; i++) {
		int fd = ASSERT_SYS(open(paths[i], O_RDONLY | O_CLOEXEC)), again;
		fileport_t port = make_port(fd);

		again = fileport_makefd(port);
		ASSERT_GE(again, 0);
		ASSERT_TRUE(is_same_file(fd, again));
		close(fd);
		close(again);
		deallocate(port);
	}
}
