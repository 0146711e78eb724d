/* SPDX-License-Identifier: Apache-2.0 */
#include <bsm/libbsm.h>

#include "port/creds.h"
#include "port/names.h"
#include "port/test-support.h"

#define OTHER_UID 65534
#define OTHER_GID 65533

static int send_plain(PortName dest)
{
	mach_msg_header_t msg = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0), .msgh_remote_port = dest};

	return mach_msg(&msg, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg), 0, 0, 0, 0);
}

/* A right to answer with, and one to a port: both have descriptors. */
static int send_rights(PortName dest, PortName own)
{
	struct {
		mach_msg_header_t header;
		mach_msg_body_t body;
		mach_msg_port_descriptor_t port;
	} msg = {
		.header = {.msgh_bits = MACH_MSGH_BITS_COMPLEX |
					MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND,
						MACH_MSG_TYPE_MAKE_SEND_ONCE),
			.msgh_remote_port = dest,
			.msgh_local_port = own},
		.body = {1},
		.port = {.name = own,
			.disposition = MACH_MSG_TYPE_MAKE_SEND,
			.type = MACH_MSG_PORT_DESCRIPTOR},
	};

	return mach_msg(&msg.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(msg), 0, 0, 0, 0);
}

/* The token of a message from here to here. */
static audit_token_t token_of_self(void)
{
	const mach_msg_option_t option = MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT |
					 MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT);
	PortName name = make_receive(NULL);
	struct {
		mach_msg_header_t header;
		mach_msg_audit_trailer_t trailer;
	} msg = {
		.header = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0),
			.msgh_remote_port = name,
			.msgh_size = sizeof(msg.header)},
	};

	ASSERT_EQ(mach_msg(&msg.header, option, sizeof(msg.header), sizeof(msg), name, 0, 0), 0);
	ASSERT_OK(LOCKED(name_destroy(name)));
	return msg.trailer.msgh_audit;
}

/* Who the kernel says has sent the next datagram. */
static void assert_from(const Remote *remote, pid_t pid, uid_t uid, gid_t gid)
{
	uint8_t bytes[1024];
	struct iovec iov = {bytes, sizeof(bytes)};
	SockMsg sm;

	ASSERT_OK(sockmsg_recv(remote->sock, &iov, 1, &sm, MSG_DONTWAIT));
	ASSERT_TRUE(sm.has_cred);
	ASSERT_EQ(sm.pid, pid);
	ASSERT_EQ(sm.uid, uid);
	ASSERT_EQ(sm.gid, gid);
	sockmsg_deinit(&sm);
}

static void send_all(const Remote *remote)
{
	PortName dest = remote_name(remote), own = make_receive(NULL);

	ASSERT_OK(send_plain(dest));
	ASSERT_OK(send_plain(dest)); /* by the shortest way, if there is nothing to say */
	ASSERT_OK(send_rights(dest, own));
}

static void run(pid_t *ret_pid, void (*fn)(void *), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = ASSERT_SYS(fork());
	if (pid == 0) {
		fn(arg);
		_exit(0);
	}
	ASSERT_CHILD_EXITS(pid, 0);
	if (ret_pid)
		*ret_pid = pid;
}

static void with_one_identity(void *arg)
{
	char buffer[CREDS_SPACE];

	ASSERT_FALSE(creds_are_told());
	ASSERT_EQ(creds_put(buffer), 0);
	ASSERT_EQ(audit_token_to_euid(token_of_self()), getuid());
	send_all(arg);
}

PORT_TEST(one_identity)
{
	Remote remote = remote_make();
	pid_t pid = 0;

	run(&pid, with_one_identity, &remote);
	for (int i = 0; i < 3; i++)
		assert_from(&remote, pid, getuid(), getgid());
	remote_free(&remote);
}

/* Born with other effective ids than real ones, as a set-user-ID program is. */
static void with_two_identities(void *arg)
{
	audit_token_t token = token_of_self();

	ASSERT_TRUE(creds_are_told());
	ASSERT_EQ(audit_token_to_euid(token), OTHER_UID);
	ASSERT_EQ(audit_token_to_egid(token), OTHER_GID);
	/* There is one of each in a token. */
	ASSERT_EQ(audit_token_to_ruid(token), OTHER_UID);
	ASSERT_EQ(audit_token_to_rgid(token), OTHER_GID);
	send_all(arg);
	/* And what it changes from then on is followed. */
	ASSERT_SYS(seteuid(0));
	ASSERT_SYS(setegid(0));
	ASSERT_EQ(audit_token_to_euid(token_of_self()), 0);
	send_all(arg);
}

static void change_and_fork(void *arg)
{
	Remote *remote = arg;
	pid_t pid = 0;

	ASSERT_SYS(setegid(OTHER_GID));
	ASSERT_SYS(seteuid(OTHER_UID));
	/* It has begun with one identity. */
	ASSERT_FALSE(creds_are_told());
	ASSERT_EQ(audit_token_to_euid(token_of_self()), 0);
	run(&pid, with_two_identities, remote);
	for (int i = 0; i < 3; i++)
		assert_from(remote, pid, OTHER_UID, OTHER_GID);
	for (int i = 0; i < 3; i++)
		assert_from(remote, pid, 0, 0);
}

PORT_TEST(two_identities)
{
	Remote remote;

	if (getuid() != 0)
		SKIP("not root");
	remote = remote_make();
	run(NULL, change_and_fork, &remote);
	remote_free(&remote);
}
