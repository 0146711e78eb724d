/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server of many ports asks of them: who sent a request, what ends a wait, descriptors that come
 * and go, and clients of a former run. Peers are fork children, which find the server by their
 * bootstrap port.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sockmsg.h"
#include "port/backing.h"
#include "port/connect.h"
#include "port/pidversion.h"
#include "port/serve.h"
#include "port/takeover.h"
#include "port/test-support.h"
#include "port/wire.h"

#define SELF mach_task_self()
#define TRAILER                                                                                    \
	(MACH_RCV_TRAILER_TYPE(MACH_MSG_TRAILER_FORMAT_0) |                                        \
		MACH_RCV_TRAILER_ELEMENTS(MACH_RCV_TRAILER_AUDIT))

typedef struct Request {
	mach_msg_header_t header;
	mach_msg_body_t body;
	mach_msg_port_descriptor_t right;
	mach_msg_audit_trailer_t trailer;
} Request;

static mach_port_t port_new(void)
{
	mach_port_t port;

	ASSERT_OK(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	ASSERT_OK(mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND));
	return port;
}

static void port_end(mach_port_t port)
{
	ASSERT_OK(mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1));
	ASSERT_OK(mach_port_deallocate(SELF, port));
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

/* Children find it. */
static void publish(mach_port_t port)
{
	ASSERT_OK(task_set_bootstrap_port(SELF, port));
}

static mach_port_t published(void)
{
	mach_port_t port;

	ASSERT_OK(task_get_bootstrap_port(SELF, &port));
	return port;
}

static pid_t child(void (*run)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (pid == 0) {
		run();
		_exit(0);
	}
	return pid;
}

static void child_end(pid_t pid)
{
	int status;

	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	ASSERT_EQ(status, 0);
}

static uint32_t version_of(pid_t pid)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	ASSERT_GE(fd, 0);
	return pidversion_of(fd);
}

static Request hear(mach_port_t port)
{
	Request m = {.header.msgh_id = 0};

	ASSERT_OK(mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT | TRAILER, 0, sizeof(m), port,
		WAIT_MS, MACH_PORT_NULL));
	return m;
}

static const audit_token_t *token_of(const Request *m)
{
	const uint8_t *end = (const uint8_t *)m + m->header.msgh_size;

	return &((const mach_msg_audit_trailer_t *)(const void *)end)->msgh_audit;
}

static void answer(Request *m)
{
	mach_msg_header_t h = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
		.msgh_size = sizeof(h),
		.msgh_remote_port = m->header.msgh_remote_port};

	ASSERT_OK(mach_msg(&h, MACH_SEND_MSG, sizeof(h), 0, MACH_PORT_NULL, 0, MACH_PORT_NULL));
}

static void ask(mach_port_t port)
{
	Request m = {.header = {.msgh_bits = MACH_MSGH_BITS(
					MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
			     .msgh_size = sizeof(m.header),
			     .msgh_remote_port = port,
			     .msgh_local_port = mig_get_reply_port()}};

	ASSERT_OK(mach_msg(&m.header, MACH_SEND_MSG | MACH_RCV_MSG, sizeof(m.header), sizeof(m),
		m.header.msgh_local_port, 0, MACH_PORT_NULL));
}

static void tell(mach_port_t port)
{
	mach_msg_header_t h = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
		.msgh_size = sizeof(h),
		.msgh_remote_port = port};

	ASSERT_OK(mach_msg(&h, MACH_SEND_MSG, sizeof(h), 0, MACH_PORT_NULL, 0, MACH_PORT_NULL));
}

/* --- Who asks --- */

static void ask_thrice_and_tell(void)
{
	for (int i = 0; i < 3; i++)
		ask(published());
	tell(published());
}

static void identify(void)
{
	mach_port_t port = port_new();
	pid_t pid;

	ASSERT_OK(serve_identify_by_reply(port));
	publish(port);
	pid = child(ask_thrice_and_tell);
	/* The first with a pair of its own, the others on the lease that this became. */
	for (int i = 0; i < 3; i++) {
		Request m = hear(port);

		ASSERT_EQ((pid_t)token_of(&m)->val[5], pid);
		ASSERT_EQ(token_of(&m)->val[7], version_of(pid));
		answer(&m);
	}
	/* What brings no proof is from nobody in particular. */
	{
		Request m = hear(port);

		ASSERT_EQ((pid_t)token_of(&m)->val[5], pid);
		ASSERT_EQ(token_of(&m)->val[7], 0u);
	}
	child_end(pid);
	publish(MACH_PORT_NULL);
	port_end(port);
}

TEST(a_request_is_its_reply_rights_makers)
{
	identify();
}

TEST(so_it_is_without_leases)
{
	task.leases = false;
	identify();
	task.leases = true;
}

/* Gives a send-once right of its own away, and stays. */
static void give_reply_right(void)
{
	mach_port_t port = port_new();
	Request m = {.header = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0) |
					     MACH_MSGH_BITS_COMPLEX,
			     .msgh_size = offsetof(Request, trailer),
			     .msgh_remote_port = published()},
		.body = {1},
		.right = {.name = port,
			.disposition = MACH_MSG_TYPE_MAKE_SEND_ONCE,
			.type = MACH_MSG_PORT_DESCRIPTOR}};

	ASSERT_OK(mach_msg(&m.header, MACH_SEND_MSG, m.header.msgh_size, 0, MACH_PORT_NULL, 0,
		MACH_PORT_NULL));
	(void)hear(port);
}

/* Asks with what it was given. */
static void ask_in_its_name(void)
{
	mach_port_t own = port_new();
	Request m = {.header = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0) |
					     MACH_MSGH_BITS_COMPLEX,
			     .msgh_size = offsetof(Request, trailer),
			     .msgh_remote_port = published()},
		.body = {1},
		.right = {.name = own,
			.disposition = MACH_MSG_TYPE_COPY_SEND,
			.type = MACH_MSG_PORT_DESCRIPTOR}};

	ASSERT_OK(mach_msg(&m.header, MACH_SEND_MSG, m.header.msgh_size, 0, MACH_PORT_NULL, 0,
		MACH_PORT_NULL));
	m = hear(own);
	m.header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MOVE_SEND_ONCE),
		.msgh_size = sizeof(m.header),
		.msgh_remote_port = published(),
		.msgh_local_port = m.right.name};
	ASSERT_OK(mach_msg(
		&m.header, MACH_SEND_MSG, sizeof(m.header), 0, MACH_PORT_NULL, 0, MACH_PORT_NULL));
}

TEST(anothers_reply_right_proves_nothing)
{
	mach_port_t port = port_new();
	pid_t victim, thief;
	Request m, given;

	ASSERT_OK(serve_identify_by_reply(port));
	publish(port);
	victim = child(give_reply_right);
	given = hear(port);
	thief = child(ask_in_its_name);
	m = hear(port);
	/* The server plays the go-between, who could be anybody. */
	given.header.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND, 0) |
				 MACH_MSGH_BITS_COMPLEX;
	given.header.msgh_remote_port = m.right.name;
	given.header.msgh_local_port = MACH_PORT_NULL;
	given.right.disposition = MACH_MSG_TYPE_MOVE_SEND_ONCE;
	ASSERT_OK(mach_msg(&given.header, MACH_SEND_MSG, offsetof(Request, trailer), 0,
		MACH_PORT_NULL, 0, MACH_PORT_NULL));
	m = hear(port);
	ASSERT_EQ((pid_t)token_of(&m)->val[5], thief);
	ASSERT_EQ(token_of(&m)->val[7], 0u);
	answer(&m);
	child_end(thief);
	child_end(victim);
	publish(MACH_PORT_NULL);
	port_end(port);
}

/* --- What ends a wait --- */

TEST(a_wait_for_a_message_ends_for_something_else)
{
	_cleanup_close_ int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	mach_port_t set, port = port_new();
	eventfd_t value;
	Request m;

	ASSERT_GE(event, 0);
	ASSERT_OK(mach_port_allocate(SELF, MACH_PORT_RIGHT_PORT_SET, &set));
	ASSERT_OK(mach_port_insert_member(SELF, port, set));
	ASSERT_EQ(serve_watch(port, event), -EINVAL);
	ASSERT_OK(serve_watch(set, event));
	ASSERT_EQ(mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m), set, 0,
			  MACH_PORT_NULL),
		MACH_RCV_TIMED_OUT);
	ASSERT_OK(eventfd_write(event, 1));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_INTERRUPT, 0, sizeof(m), set,
				  0, MACH_PORT_NULL),
			MACH_RCV_INTERRUPTED);
	/* Messages are not kept from who waits by it. */
	tell(port);
	ASSERT_OK(mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_INTERRUPT, 0, sizeof(m), set, 0,
		MACH_PORT_NULL));
	ASSERT_OK(eventfd_read(event, &value));
	ASSERT_OK(mach_port_mod_refs(SELF, set, MACH_PORT_RIGHT_PORT_SET, -1));
	port_end(port);
}

/* --- Descriptors --- */

static void wait_for_end(void)
{
	ask(published());
	for (;;)
		pause();
}

static void idle_soon(mach_port_t port)
{
	for (int i = 0; !serve_is_idle(port); i++) {
		ASSERT_LT(i, WAIT_MS);
		(void)poll(NULL, 0, 1);
	}
}

TEST(a_port_gives_its_descriptors_back)
{
	mach_port_t port = port_new();
	int sock, open = fd_count_open();

	/* What has none is idle, and has none to give. */
	ASSERT_TRUE(serve_is_idle(port));
	serve_conceal(port);
	for (int i = 0; i < 3; i++) {
		ASSERT_OK(serve_expose(port, &sock));
		ASSERT_EQ(fcntl(sock, F_GETFD), FD_CLOEXEC);
		ASSERT_GT(fd_count_open(), open);
		idle_soon(port);
		serve_conceal(port);
		ASSERT_TRUE(reaper_wait(WAIT_MS));
		ASSERT_EQ(fd_count_open(), open);
	}
	port_end(port);
	ASSERT_EQ(serve_expose(port, &sock), -EINVAL);
	ASSERT_FALSE(serve_is_idle(port));
}

TEST(who_may_send_keeps_a_port_where_it_is)
{
	mach_port_t port = port_new();
	int sock, again, status;
	pid_t pid;
	Request m;

	publish(port);
	pid = child(wait_for_end);
	m = hear(port);
	publish(MACH_PORT_NULL);
	ASSERT_OK(serve_expose(port, &sock));
	for (int i = 0; i < 20; i++) {
		ASSERT_FALSE(serve_is_idle(port));
		(void)poll(NULL, 0, 1);
	}
	ASSERT_OK(serve_expose(port, &again));
	ASSERT_EQ(again, sock);
	answer(&m);
	ASSERT_SYS(kill(pid, SIGKILL));
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	(void)status;
	port_end(port);
}

/* --- Clients of a former run --- */

/* What looks like a request on a lease that the run before this one had. */
static void claim(const Port *port, int sock, bool knows_secret)
{
	WireHeader h = {.magic = WIRE_MAGIC,
		.version = WIRE_VERSION,
		.type = WIRE_MESSAGE,
		.flags = WIRE_F_LEASE,
		.id = 9,
		.lease_id = 222,
		.lease_seq = 7};
	struct iovec iov = {&h, sizeof(h)};

	if (knows_secret)
		memcpy(h.secret, port->backing->ident.secret, sizeof(h.secret));
	ASSERT_OK(sockmsg_send(sock, &iov, 1, NULL, MSG_DONTWAIT));
}

TEST(who_says_to_be_a_former_client_is_waited_for_a_moment)
{
	_cleanup_close_ int sock = -EBADF;
	uint64_t begin;
	PortName name;
	Port *port;
	Request m;

	name = make_receive(&port);
	ASSERT_OK(LOCKED(backing_make(port)));
	ASSERT_OK(connect_dgram(port->backing->addr, true, &sock));
	claim(port, sock, false);
	ASSERT_FALSE(LOCKED(takeover_is_due(port)));
	claim(port, sock, true);
	ASSERT_TRUE(LOCKED(takeover_is_due(port)));
	begin = clock_now_ns();
	serve_await_clients(name);
	ASSERT_LT(clock_now_ns() - begin, WAIT_MS * CLOCK_NS_PER_MS);
	/* It never came; its request is served like any other. */
	ASSERT_TRUE(LOCKED(takeover_is_due(port)));
	ASSERT_OK(mach_msg(&m.header, MACH_RCV_MSG, 0, sizeof(m), name, 0, MACH_PORT_NULL));
	ASSERT_EQ(m.header.msgh_id, 9);
	mach_msg_destroy(&m.header);
	ASSERT_OK(mach_port_mod_refs(SELF, name, MACH_PORT_RIGHT_RECEIVE, -1));
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}
