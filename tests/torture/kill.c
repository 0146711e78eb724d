/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer is killed at its first system call of a kind, then at its second, until it lives to the
 * end. Whoever survives it has one outcome for each call that was made, and as many names and
 * descriptors as before.
 */
#include "tests/torture/messages.h"

#define N_CALLS 4
#define REQUEST 100
#define ANSWER 200

/* A play of two: `peer` is a child, which arms itself; `test` survives it. */
typedef struct Play {
	void (*peer)(mach_port_t hub, mach_port_t own);
	void (*test)(mach_port_t hub, mach_port_t peer, int pidfd);
} Play;

/* In the child. */

static FaultKind death_kind;
static unsigned death_n;

static void peer_of(const Play *play)
{
	mach_port_t hub, own;

	hub = hub_find();
	own = make_receive();
	give(hub, HELLO, own, MAKE);
	fault_arm_errno(death_kind, death_n, FAULT_KILL);
	play->peer(hub, own);
	_exit(0);
}

/* In the test. True: the peer was killed. */
static bool perform(const Play *play)
{
	mach_port_t hub = hub_open(), peer;
	siginfo_t info;
	int pidfd;
	pid_t pid;

	fflush(stdout);
	pid = ASSERT_SYS(fork());
	if (pid == 0)
		peer_of(play);
	pidfd = ASSERT_SYS((int)syscall(SYS_pidfd_open, pid, 0));
	peer = take(hub, HELLO);
	play->test(hub, peer, pidfd);
	ASSERT_SYS(waitid(P_PID, (id_t)pid, &info, WEXITED));
	if (info.si_code == CLD_EXITED)
		ASSERT_EQ(info.si_status, 0);
	else
		ASSERT_EQ(info.si_status, SIGKILL);
	close(pidfd);
	deallocate(peer);
	hub_close(hub);
	return info.si_code != CLD_EXITED;
}

static void perform_with_each_death(const Play *play)
{
	static const FaultKind kinds[] = {FAULT_SENDMSG, FAULT_RECVMSG, FAULT_SOCKET,
		FAULT_SOCKETPAIR, FAULT_PIPE, FAULT_CONNECT, FAULT_BIND, FAULT_DUPFD, FAULT_MEMFD,
		FAULT_MMAP, FAULT_EPOLL_CTL, FAULT_MALLOC};

	alarm(harness_scale_ms(100000) / 1000);
	death_n = 0;
	ASSERT_FALSE(perform(play));
	ASSERT_FALSE(perform(play));
	torture.before = (Scope){.n_names = count_names(), .n_fds = (unsigned)portcheck_fds()};
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		death_kind = kinds[i];
		torture.kind = fault_kind_name(death_kind);
		death_n = 0;
		do {
			torture.n = ++death_n;
			if (getenv("FAULT_VERBOSE") != NULL)
				fprintf(stderr, "%s %u\n", torture.kind, torture.n);
		} while (perform(play) && (torture_check(), true));
		torture_check();
	}
}

#define PLAY(name, peer_fn, test_fn)                                                               \
	TEST(name)                                                                                 \
	{                                                                                          \
		perform_with_each_death(&(Play){peer_fn, test_fn});                                \
	}

/* The peer serves, the test calls. */

static void server_peer(mach_port_t hub, mach_port_t own)
{
	Buffer buffer;

	(void)hub;
	for (int i = 0; i < N_CALLS; i++) {
		receive_id(own, REQUEST + i, &buffer);
		buffer.header = make_header(
			buffer.header.msgh_remote_port, MOVE_ONCE, MACH_PORT_NULL, 0, ANSWER + i);
		ASSERT_EQ(send_patiently(&buffer, sizeof(buffer.header)), MACH_MSG_SUCCESS);
	}
}

static void client_of(mach_port_t hub, mach_port_t peer, int pidfd)
{
	mach_port_options_t options = {.flags = MPO_REPLY_PORT};
	mach_port_t reply;
	Buffer buffer;

	(void)hub;
	(void)pidfd;
	ASSERT_EQ(mach_port_construct(SELF, &options, 0, &reply), KERN_SUCCESS);
	for (int i = 0; i < N_CALLS; i++) {
		mach_msg_header_t m = make_header(peer, COPY, reply, MAKE_ONCE, REQUEST + i);
		mach_msg_return_t mr = send_patiently(&m, sizeof(m));

		if (mr == MACH_SEND_INVALID_DEST)
			break;
		ASSERT_EQ(mr, MACH_MSG_SUCCESS);
		receive_any(reply, &buffer);
		if (buffer.header.msgh_id == MACH_NOTIFY_SEND_ONCE)
			break;
		ASSERT_EQ(buffer.header.msgh_id, ANSWER + i);
	}
	hear_nothing(reply);
	destroy(reply);
}

PLAY(a_server_dies, server_peer, client_of)

/* The peer calls or sends, the test takes what comes until the peer has gone. */

static void serve_until_it_ends(mach_port_t hub, mach_port_t peer, int pidfd)
{
	struct pollfd p[2] = {{.fd = pidfd, .events = POLLIN}, {.events = POLLIN}};
	Buffer buffer;

	(void)peer;
	p[1].fd = ASSERT_SYS(portcullis_port_fd(hub));
	for (;;) {
		mach_msg_return_t mr;

		ASSERT_GT(poll(p, 2, (int)PATIENCE_MS), 0);
		mr = receive_now(hub, &buffer);
		if (mr == MACH_RCV_TIMED_OUT && p[0].revents)
			break;
		if (mr == MACH_RCV_TIMED_OUT)
			continue;
		ASSERT_EQ(mr, MACH_MSG_SUCCESS);
		if (MACH_MSGH_BITS_REMOTE(buffer.header.msgh_bits) == 0) {
			mach_msg_destroy(&buffer.header);
			continue;
		}
		buffer.header = make_header(buffer.header.msgh_remote_port, MOVE_ONCE,
			MACH_PORT_NULL, 0, buffer.header.msgh_id - REQUEST + ANSWER);
		mr = send_patiently(&buffer, sizeof(buffer.header));
		if (mr != MACH_MSG_SUCCESS) {
			ASSERT_EQ(mr, MACH_SEND_INVALID_DEST);
			deallocate(buffer.header.msgh_remote_port);
		}
	}
	close(p[1].fd);
}

static void client_peer(mach_port_t hub, mach_port_t own)
{
	client_of(own, hub, -1);
}

PLAY(a_client_dies, client_peer, serve_until_it_ends)

static void sender_peer(mach_port_t hub, mach_port_t own)
{
	static uint8_t memory[BIG];
	static mach_port_t ports[MANY];
	OolMessage m = {.header = make_header(hub, COPY, MACH_PORT_NULL, 0, 1)};
	OolPortsMessage n = {.header = make_header(hub, COPY, MACH_PORT_NULL, 0, 2)};
	mach_port_t moved = make_receive();

	give(hub, 3, own, MAKE);
	give(hub, 4, own, MAKE_ONCE);
	for (unsigned i = 0; i < 3; i++)
		post(moved, 5);
	give(hub, 6, moved, MOVE_RECEIVE);
	m.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	m.body.msgh_descriptor_count = 1;
	m.ool = (mach_msg_ool_descriptor_t){
		.address = memory, .size = sizeof(memory), .type = MACH_MSG_OOL_DESCRIPTOR};
	ASSERT_EQ(send_patiently(&m, sizeof(m)), MACH_MSG_SUCCESS);
	for (unsigned i = 0; i < MANY; i++)
		ports[i] = own;
	n.header.msgh_bits |= MACH_MSGH_BITS_COMPLEX;
	n.body.msgh_descriptor_count = 1;
	n.ports = (mach_msg_ool_ports_descriptor_t){.address = ports,
		.count = MANY,
		.disposition = MAKE,
		.type = MACH_MSG_OOL_PORTS_DESCRIPTOR};
	ASSERT_EQ(send_patiently(&n, sizeof(n)), MACH_MSG_SUCCESS);
}

PLAY(a_sender_dies, sender_peer, serve_until_it_ends)

/* The peer is given a receive right with messages in its queue, and gives it back. */

static void keeper_peer(mach_port_t hub, mach_port_t own)
{
	mach_port_t name = take(own, REQUEST);

	give(hub, ANSWER, name, MOVE_RECEIVE);
}

static void lend(mach_port_t hub, mach_port_t peer, int pidfd)
{
	mach_port_t port = make_send_receive(), notify = make_receive();
	Buffer buffer;

	(void)pidfd;
	for (unsigned i = 0; i < 3; i++)
		ASSERT_EQ(send_empty(port, COPY, (int)i), MACH_MSG_SUCCESS);
	request_new(port, MACH_NOTIFY_DEAD_NAME, 0, notify);
	sent_at(HARNESS_HERE, try_give(peer, REQUEST, port, MOVE_RECEIVE));
	/* One or the other. */
	while (receive_with(hub, &buffer, 0, 10) != MACH_MSG_SUCCESS) {
		if (receive_now(notify, &buffer) == MACH_MSG_SUCCESS) {
			ASSERT_EQ(buffer.header.msgh_id, MACH_NOTIFY_DEAD_NAME);
			ASSERT_EQ(type_of(port), MACH_PORT_TYPE_DEAD_NAME);
			hear_nothing(hub);
			destroy(port);
			destroy(notify);
			return;
		}
	}
	ASSERT_EQ(received_port(&buffer), port);
	for (int i = 0; i < 3; i++)
		hear(port, i);
	destroy(port);
	destroy(notify);
}

PLAY(a_holder_of_a_receive_right_dies, keeper_peer, lend)
