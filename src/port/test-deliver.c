/* SPDX-License-Identifier: Apache-2.0 */
#include "port/deliver.h"

#include <sys/stat.h>
#include <sys/un.h>

#include "port/names.h"
#include "port/test-namespace.h"
#include "port/test-support.h"
#include "tests/lib/fault.h"

typedef struct Complex {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t port;
} Complex;

/* The second place for ports stays open once it was needed. */
__attribute__((__constructor__)) static void warm_up(void)
{
	int sock, addr;
	Ident ident;

	fault_arm(FAULT_BIND, 1);
	if (portdir_mint(&sock, &addr, &ident) == 0) {
		close(sock);
		close(addr);
	}
	(void)fault_disarm();
}

static void drop(PortName name)
{
	ASSERT_OK(LOCKED(name_destroy(name)));
}

static int send_plain(PortName dest)
{
	mach_msg_header_t msg = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_remote_port = dest,
	};

	return mach_msg(&msg, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg), 0, 0, 0, 0);
}

/* A right to a port of ours, which has never left. */
static Complex right_message(PortName name, PortName dest)
{
	return (Complex){
		.header = {.msgh_bits = MACH_MSGH_BITS_COMPLEX |
					MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
			.msgh_remote_port = dest},
		.body = {1},
		.port = {.name = name,
			.disposition = MACH_MSG_TYPE_MAKE_SEND,
			.type = MACH_MSG_PORT_DESCRIPTOR},
	};
}

/* What comes back is let go of. */
static int send_right_of(PortName name, PortName dest)
{
	Complex msg = right_message(name, dest);
	int r = mach_msg(&msg.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg), 0, 0, 0, 0);

	fault_pause();
	if (r == MACH_SEND_NO_BUFFER)
		mach_msg_destroy(&msg.header);
	fault_resume();
	return r;
}

/* A right that cannot be sent for want of something, with whatever code the kernel has for that,
 * says nothing about where it was to go. */
PORT_TEST(errors_of_encoding_are_not_the_destinations)
{
	static const int errors[] = {
		EPERM, ECONNREFUSED, ENOTCONN, ECONNRESET, EPIPE, EMFILE, EAGAIN, EINTR, ENOSPC};
	Remote remote = remote_make();
	PortName dest = remote_name(&remote);

	ASSERT_OK(send_plain(dest));
	for (unsigned i = 0; i < ARRAY_SIZE(errors); i++) {
		PortName name = make_receive(NULL);
		int r;

		fault_arm_errno(FAULT_PIPE, 1, errors[i]);
		r = send_right_of(name, dest);
		ASSERT_TRUE(fault_disarm());
		ASSERT_EQ(r, MACH_SEND_NO_BUFFER);
		ASSERT_EQ(type_of(dest), ENTRY_SEND);
		ASSERT_EQ(urefs_of(dest), 1);
		ASSERT_EQ(type_of(name), ENTRY_RECEIVE);
		ASSERT_OK(send_plain(dest));
		drop(name);
	}
	drop(dest);
	remote_free(&remote);
}

/* Too many descriptors of the user are in flight: others may be about to take theirs out, and a send that
 * may wait tries again. */
PORT_TEST(a_crowd_is_waited_for)
{
	static const struct {
		mach_msg_option_t options;
		int result;
	} cases[] = {{0, MACH_MSG_SUCCESS}, {MACH_SEND_TIMEOUT, MACH_SEND_NO_BUFFER}};
	Remote remote = remote_make();
	PortName dest = remote_name(&remote), name = make_receive(NULL);

	ASSERT_OK(send_plain(dest));
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		Complex msg = right_message(name, dest);
		int r;

		fault_arm_errno(FAULT_SENDMSG, 1, ETOOMANYREFS);
		r = mach_msg(
			&msg.header, MACH_SEND_MSG | cases[i].options, sizeof(msg), 0, 0, 0, 0);
		ASSERT_TRUE(fault_disarm());
		ASSERT_EQ(r, cases[i].result);
		if (r)
			mach_msg_destroy(&msg.header);
	}
	drop(name);
	drop(dest);
	remote_free(&remote);
}

/* A port of another process lives on, whatever keeps us from giving away a right to one of ours: the
 * code that stands for it is EPERM, which a socket says too that takes from nobody. */
static void run_send_with_all_places_squatted(void)
{
	Remote remote = remote_make();
	PortName dest = remote_name(&remote), own = make_receive(NULL);
	struct {
		mach_msg_header_t header;
		mach_msg_body_t body;
		mach_msg_port_descriptor_t port;
	} msg = {
		.body = {1},
		.port = {.name = own,
			.disposition = MACH_MSG_TYPE_MAKE_SEND,
			.type = MACH_MSG_PORT_DESCRIPTOR},
	};

	if (access(shm_path(), F_OK) == 0) /* of what the namespace made */
		ASSERT_SYS(rmdir(shm_path()));
	ASSERT_SYS(mkdir(shm_path(), 0777));
	ASSERT_SYS(chmod(shm_path(), 0777));
	ASSERT_SYS(symlink("/etc", tmp_path()));
	msg.header.msgh_remote_port = dest;
	msg.header.msgh_bits = MACH_MSGH_BITS_COMPLEX | MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0);
	ASSERT_EQ(
		mach_msg(&msg.header, MACH_SEND_MSG, sizeof(msg), 0, 0, 0, 0), MACH_SEND_NO_BUFFER);
	mach_msg_destroy(&msg.header);
	ASSERT_EQ(type_of(dest), ENTRY_SEND);
	msg.header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0), .msgh_remote_port = dest};
	ASSERT_EQ(mach_msg(&msg.header, MACH_SEND_MSG, sizeof(msg.header), 0, 0, 0, 0), 0);
	remote_free(&remote);
}

TEST(send_with_all_places_squatted)
{
	in_namespace(run_send_with_all_places_squatted);
}

static void send_to_new(void *arg)
{
	Remote remote;
	PortName dest, name;
	int r;

	fault_pause();
	remote = remote_make();
	dest = remote_name(&remote);
	name = make_receive(NULL);
	fault_resume();
	r = send_right_of(name, dest);
	fault_pause();
	ASSERT_TRUE(r == 0 || r == MACH_SEND_NO_BUFFER);
	ASSERT_EQ(type_of(dest), ENTRY_SEND);
	ASSERT_OK(send_plain(dest));
	drop(name);
	drop(dest);
	remote_free(&remote);
	fault_resume();
	(void)arg;
}

PORT_TEST(want_of_something)
{
	ASSERT_GE(fault_run_kinds(send_to_new, NULL), 8);
}

/* What connect() says of the destination, and what it says of us. */
PORT_TEST(a_destination_that_cannot_be_reached)
{
	static const struct {
		FaultKind kind;
		int error;
		int code;
	} cases[] = {
		{FAULT_CONNECT, ECONNREFUSED, MACH_SEND_INVALID_DEST},
		{FAULT_CONNECT, EACCES, MACH_SEND_INVALID_DEST},
		{FAULT_CONNECT, EPERM, MACH_SEND_INVALID_DEST},
		{FAULT_CONNECT, EPROTOTYPE, MACH_SEND_INVALID_DEST},
		{FAULT_CONNECT, ENOMEM, MACH_SEND_NO_BUFFER},
		{FAULT_SOCKET, EPERM, MACH_SEND_NO_BUFFER},
		{FAULT_SOCKET, EMFILE, MACH_SEND_NO_BUFFER},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		Remote remote = remote_make();
		PortName dest = remote_name(&remote);
		bool dies = cases[i].code == MACH_SEND_INVALID_DEST;
		int r;

		fault_arm_errno(cases[i].kind, 1, cases[i].error);
		r = send_plain(dest);
		ASSERT_TRUE(fault_disarm());
		ASSERT_EQ(r, cases[i].code);
		ASSERT_EQ(type_of(dest), dies ? ENTRY_DEAD_NAME : ENTRY_SEND);
		if (!dies)
			LOCKED_DO((void)name_mod_refs(
				dest, MACH_PORT_RIGHT_SEND, 1 - (int)space_find(dest)->urefs));
		ASSERT_EQ(send_plain(dest), dies ? MACH_SEND_INVALID_DEST : 0);
		drop(dest);
		remote_free(&remote);
	}
}

/* A former owner of the port connected its socket: from then on it takes from nobody else. */
PORT_TEST(a_destination_that_was_connected_elsewhere)
{
	Remote remote = remote_make(), other = remote_make();
	PortName dest = remote_name(&remote);
	char path[64];
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(path, sizeof(path), "/proc/self/fd/%d", other.addr);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	ASSERT_SYS(connect(remote.sock, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_EQ(send_plain(dest), MACH_SEND_INVALID_DEST);
	ASSERT_EQ(type_of(dest), ENTRY_DEAD_NAME);
	drop(dest);
	remote_free(&remote);
	remote_free(&other);
}

/* To a port of our own. */

typedef struct Memory {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_ool_descriptor_t ool;
	uint8_t trailer[64];
} Memory;

static int send_memory(PortName dest, vm_address_t address, mach_msg_size_t size, bool deallocate)
{
	Memory msg = {
		.header = {.msgh_bits = MACH_MSGH_BITS_COMPLEX |
					MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
			.msgh_remote_port = dest},
		.body = {1},
		.ool = {.address = (void *)address,
			.size = size,
			.deallocate = deallocate,
			.type = MACH_MSG_OOL_DESCRIPTOR},
	};
	int r = mach_msg(&msg.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, offsetof(Memory, trailer),
		0, 0, 0, 0);

	fault_pause();
	if (r == MACH_SEND_NO_BUFFER)
		mach_msg_destroy(&msg.header);
	fault_resume();
	return r;
}

static void send_memory_or_not(void *arg)
{
	PortName name;
	vm_address_t address = 0;
	Memory msg;
	int r;

	fault_pause();
	name = make_receive(NULL);
	ASSERT_EQ(vm_allocate(mach_task_self(), &address, 5000, VM_FLAGS_ANYWHERE), 0);
	memset((void *)address, 'm', 5000);
	fault_resume();
	r = send_memory(name, address, 5000, false);
	fault_pause();
	ASSERT_TRUE(r == 0 || r == MACH_SEND_NO_BUFFER);
	ASSERT_EQ(*(char *)address, 'm');
	ASSERT_EQ(vm_deallocate(mach_task_self(), address, 5000), 0);
	if (!r) {
		ASSERT_EQ(mach_msg(&msg.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(msg),
				  name, 0, 0),
			0);
		ASSERT_EQ(msg.ool.size, 5000);
		ASSERT_EQ(((char *)msg.ool.address)[4999], 'm');
		mach_msg_destroy(&msg.header);
	}
	drop(name);
	fault_resume();
	(void)arg;
}

PORT_TEST(memory_to_ourselves)
{
	PortName name = make_receive(NULL);

	ASSERT_GE(fault_run_kinds(send_memory_or_not, NULL), 2);
	ASSERT_EQ(send_memory(name, 16, 5000, false), MACH_SEND_INVALID_MEMORY);
	drop(name);
}
