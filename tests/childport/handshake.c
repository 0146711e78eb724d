/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake at birth between real processes, in a session of its own: both roles for parent and
 * child, every kind of right, and each way in which it can go wrong. Afterwards no name and no
 * descriptor is left over.
 */
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <bsm/libbsm.h>
#include <portcullis/child_port.h>

#include "child_port.h"
#include "tests/launchd/session.h"

#define HELLO 4711

/* --- Names and descriptors that must not be left over --- */

static unsigned count_names(void)
{
	mach_port_name_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t n, n_types;

	ASSERT_KR(mach_port_names(SELF, &names, &n, &types, &n_types));
	(void)vm_deallocate(SELF, (vm_address_t)names, n * sizeof(*names));
	(void)vm_deallocate(SELF, (vm_address_t)types, n_types * sizeof(*types));
	return n;
}

/* The stubs keep a reply port, which is there from the first call on. */
static unsigned count_settled(void)
{
	(void)bootstrap_look_up(bootstrap_port, "test.nothing", &(mach_port_t){0});
	return count_names();
}

/* Of a directory of /proc/PID/fd, the size says it. */
static unsigned count_fds(void)
{
	struct stat st;

	ASSERT_SYS(stat("/proc/self/fd", &st));
	return (unsigned)st.st_size;
}

typedef struct Ends {
	int server, client;
} Ends;

static Ends ends_new(void)
{
	Ends ends;

	ASSERT_KR(portcullis_handshake_pipe(&ends.server, &ends.client));
	return ends;
}

typedef void Role(const Ends *ends);

/* The child has the end of its role only, as every child should. */
static pid_t child_of(Role *role, Ends *ends, bool is_client)
{
	pid_t pid = fork();

	ASSERT_GE(pid, 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(is_client ? ends->server : ends->client);
		role(ends);
		_exit(0);
	}
	close(is_client ? ends->client : ends->server);
	return pid;
}

static kern_return_t serve(int fd, mach_msg_type_name_t expected, mach_port_t *port)
{
	mach_msg_type_name_t type = 0;
	kern_return_t kr = portcullis_handshake_serve(
		MACH_PORT_NULL, fd, expected, PATIENCE_MS, port, &type);

	if (!kr)
		ASSERT_EQ(type, expected);
	return kr;
}

static kern_return_t give(int fd, mach_port_t port, mach_msg_type_name_t disposition)
{
	return portcullis_handshake_check_in(MACH_PORT_NULL, fd, port, disposition, PATIENCE_MS);
}

/* --- Each kind of right, both ways --- */

static void send_client(const Ends *ends)
{
	ASSERT_KR(give(ends->client, bootstrap_port, MACH_MSG_TYPE_COPY_SEND));
}

/* Coalesces: what comes is the name that is known. */
static void send_server(const Ends *ends)
{
	mach_port_t port;

	ASSERT_KR(serve(ends->server, MACH_MSG_TYPE_PORT_SEND, &port));
	ASSERT_EQ(port, bootstrap_port);
	drop(port);
}

/* Receives what the parent, or the child, says through it. */
static void receive_server(const Ends *ends)
{
	mach_port_t port;

	ASSERT_KR(serve(ends->server, MACH_MSG_TYPE_PORT_RECEIVE, &port));
	ASSERT_EQ(hear(port), HELLO);
	destroy_receive(port);
}

static void receive_client(const Ends *ends)
{
	mach_port_t port = port_new();

	ASSERT_KR(tell(port, HELLO));
	ASSERT_KR(give(ends->client, port, MACH_MSG_TYPE_MOVE_RECEIVE));
	drop(port);
}

static void once_server(const Ends *ends)
{
	mach_port_t port;
	mach_msg_header_t m = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND_ONCE, 0),
		.msgh_size = sizeof(m),
		.msgh_id = HELLO};

	ASSERT_KR(serve(ends->server, MACH_MSG_TYPE_PORT_SEND_ONCE, &port));
	m.msgh_remote_port = port;
	ASSERT_KR(mach_msg_send(&m));
}

static void once_client(const Ends *ends)
{
	mach_port_t port;

	ASSERT_KR(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	ASSERT_KR(give(ends->client, port, MACH_MSG_TYPE_MAKE_SEND_ONCE));
	ASSERT_EQ(hear(port), HELLO);
	destroy_receive(port);
}

static void one_way(Role *server, Role *client, bool child_is_client)
{
	unsigned n = count_settled();
	Ends ends = ends_new();
	pid_t pid = child_of(child_is_client ? client : server, &ends, child_is_client);

	(child_is_client ? server : client)(&ends);
	child_wait(pid);
	ASSERT_EQ(count_names(), n);
}

/* Some descriptors are kept from the first time on, and some are swept lazily; but they do not add
 * up. */
static void both_ways(Role *server, Role *client)
{
	unsigned n_fds;

	one_way(server, client, false);
	one_way(server, client, true);
	n_fds = count_fds();
	for (int i = 0; i < 10; i++)
		one_way(server, client, i % 2);
	EVENTUALLY(count_settled() && count_fds() < n_fds + 5);
}

CASE(a_send_right)
{
	both_ways(send_server, send_client);
}

CASE(a_receive_right_with_what_is_queued)
{
	both_ways(receive_server, receive_client);
}

CASE(a_send_once_right)
{
	both_ways(once_server, once_client);
}

/* --- Clients that do not check in --- */

static void refused_server(const Ends *ends)
{
	mach_port_t port = 1;

	ASSERT_EQ(serve(ends->server, MACH_MSG_TYPE_PORT_SEND, &port),
		PORTCULLIS_HANDSHAKE_NO_CLIENT);
	ASSERT_EQ(port, MACH_PORT_NULL);
}

static void closing_client(const Ends *ends)
{
	close(ends->client);
}

typedef struct Paper {
	uint64_t token;
	char name[BOOTSTRAP_MAX_NAME_LEN];
} Paper;

static void read_paper(int fd, Paper *ret)
{
	uint32_t length;

	ASSERT_EQ(recv(fd, &ret->token, 8, MSG_WAITALL), 8);
	ASSERT_EQ(recv(fd, &length, 4, MSG_WAITALL), 4);
	ASSERT_LT(length, sizeof(ret->name));
	ASSERT_EQ(recv(fd, ret->name, length, MSG_WAITALL), (ssize_t)length);
	ret->name[length] = '\0';
}

static void reading_client(const Ends *ends)
{
	Paper paper;

	read_paper(ends->client, &paper);
	close(ends->client);
}

/* With the stubs that the published interface makes. */
static void say(const Paper *paper, uint64_t token, mach_port_t port, mach_msg_type_name_t type)
{
	mach_port_t service;

	ASSERT_KR(bootstrap_look_up(bootstrap_port, paper->name, &service));
	ASSERT_KR(child_port_check_in(service, token, port, type));
	drop(service);
}

static void lying_client(const Ends *ends)
{
	Paper paper;

	read_paper(ends->client, &paper);
	for (uint64_t i = 1; i < 40; i++)
		say(&paper, paper.token ^ i, bootstrap_port, MACH_MSG_TYPE_COPY_SEND);
	close(ends->client);
}

CASE(a_client_that_only_closes)
{
	both_ways(refused_server, closing_client);
}

CASE(a_client_that_reads_and_dies)
{
	both_ways(refused_server, reading_client);
}

CASE(wrong_tokens_only)
{
	both_ways(refused_server, lying_client);
}

static void repentant_client(const Ends *ends)
{
	Paper paper;
	mach_port_t other = port_new();

	read_paper(ends->client, &paper);
	say(&paper, paper.token + 1, other, MACH_MSG_TYPE_COPY_SEND);
	say(&paper, paper.token, bootstrap_port, MACH_MSG_TYPE_COPY_SEND);
	close(ends->client);
	drop(other);
	destroy_receive(other);
}

CASE(a_wrong_token_and_then_the_right_one)
{
	both_ways(send_server, repentant_client);
}

/* The second one is destroyed with its right: whoever waits for that hears of it. */
static void twice_client(const Ends *ends)
{
	mach_port_t first, second;
	Paper paper;

	ASSERT_KR(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &first));
	ASSERT_KR(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &second));
	read_paper(ends->client, &paper);
	say(&paper, paper.token, first, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	{
		mach_port_t service;

		/* By now it may be over. */
		if (!bootstrap_look_up(bootstrap_port, paper.name, &service)) {
			kern_return_t kr = child_port_check_in(
				service, paper.token, second, MACH_MSG_TYPE_MAKE_SEND_ONCE);

			if (!kr)
				ASSERT_EQ(hear(second), MACH_NOTIFY_SEND_ONCE);
			else
				ASSERT_EQ(kr, MACH_SEND_INVALID_DEST);
			drop(service);
		}
	}
	ASSERT_EQ(hear(first), HELLO);
	close(ends->client);
	destroy_receive(first);
	destroy_receive(second);
}

CASE(a_second_check_in)
{
	both_ways(once_server, twice_client);
}

/* --- The wrong right --- */

static void wrong_server(const Ends *ends)
{
	mach_port_t port = 1;

	ASSERT_EQ(portcullis_handshake_serve(MACH_PORT_NULL, ends->server,
			  MACH_MSG_TYPE_PORT_RECEIVE, PATIENCE_MS, &port, NULL),
		PORTCULLIS_HANDSHAKE_WRONG_RIGHT);
	ASSERT_EQ(port, MACH_PORT_NULL);
}

static void null_client(const Ends *ends)
{
	Paper paper;

	read_paper(ends->client, &paper);
	say(&paper, paper.token, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND);
	close(ends->client);
}

CASE(another_right_than_expected)
{
	both_ways(wrong_server, send_client);
	both_ways(wrong_server, null_client);
}

static void once_refused_client(const Ends *ends)
{
	mach_port_t port;

	ASSERT_KR(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	ASSERT_KR(give(ends->client, port, MACH_MSG_TYPE_MAKE_SEND_ONCE));
	ASSERT_EQ(hear(port), MACH_NOTIFY_SEND_ONCE);
	destroy_receive(port);
}

CASE(what_is_refused_is_destroyed)
{
	both_ways(wrong_server, once_refused_client);
}

/* --- Servers that go --- */

static void dying_server(const Ends *ends)
{
	close(ends->server);
}

static void left_client(const Ends *ends)
{
	mach_port_t port = port_new();

	ASSERT_EQ(give(ends->client, port, MACH_MSG_TYPE_MOVE_RECEIVE),
		PORTCULLIS_HANDSHAKE_NO_SERVER);
	/* Still ours. */
	drop(port);
	destroy_receive(port);
}

CASE(a_server_that_dies)
{
	both_ways(dying_server, left_client);
}

static void write_paper(int fd, const char *name)
{
	uint8_t bytes[200] = {0};
	uint32_t length = (uint32_t)strlen(name);

	memcpy(bytes + 8, &length, 4);
	memcpy(bytes + 12, name, length);
	ASSERT_EQ(send(fd, bytes, 12 + length, MSG_NOSIGNAL), (ssize_t)(12 + length));
}

/* It had a service once, or never. */
static void gone_server(const Ends *ends)
{
	write_paper(ends->server, "test.no.such.service");
	close(ends->server);
}

CASE(a_service_that_is_gone)
{
	both_ways(gone_server, left_client);
}

static void garbage_server(const Ends *ends)
{
	write_paper(ends->server, "two\nlines");
	close(ends->server);
}

static void confused_client(const Ends *ends)
{
	ASSERT_EQ(give(ends->client, bootstrap_port, MACH_MSG_TYPE_COPY_SEND),
		PORTCULLIS_HANDSHAKE_GARBAGE);
}

CASE(garbage_in_the_pipe)
{
	both_ways(garbage_server, confused_client);
}

/* --- Time --- */

CASE(nobody_says_anything)
{
	unsigned n = count_settled();
	Ends ends = ends_new();
	mach_port_t port;

	ASSERT_EQ(portcullis_handshake_serve(
			  MACH_PORT_NULL, ends.server, MACH_MSG_TYPE_PORT_SEND, 20, &port, NULL),
		KERN_OPERATION_TIMED_OUT);
	close(ends.client);
	ends = ends_new();
	ASSERT_EQ(portcullis_handshake_check_in(
			  MACH_PORT_NULL, ends.client, SELF, MACH_MSG_TYPE_COPY_SEND, 20),
		KERN_OPERATION_TIMED_OUT);
	close(ends.server);
	ASSERT_EQ(count_names(), n);
}

CASE(bad_arguments)
{
	Ends ends = ends_new();
	mach_port_t port;

	ASSERT_EQ(portcullis_handshake_pipe(NULL, &ends.client), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(serve(-1, MACH_MSG_TYPE_PORT_SEND, &port), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(serve(4095, MACH_MSG_TYPE_PORT_SEND, &port), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(give(-1, SELF, MACH_MSG_TYPE_COPY_SEND), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(serve(ends.server, 99, &port), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(give(ends.client, SELF, 99), KERN_INVALID_ARGUMENT);
	/* Closed in every case. */
	ASSERT_EQ(fcntl(ends.server, F_GETFD), -1);
	ASSERT_EQ(fcntl(ends.client, F_GETFD), -1);
	ASSERT_EQ(portcullis_handshake_step(NULL), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(portcullis_handshake_fd(NULL), -1);
	ASSERT_EQ(portcullis_handshake_get_port(NULL, &port, NULL), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(
		portcullis_handshake_get_peer(NULL, &(audit_token_t){{0}}), KERN_INVALID_ARGUMENT);
	portcullis_handshake_destroy(NULL);
}

/* No such right: the server hears nothing, and the client is told. */
CASE(a_right_that_does_not_exist)
{
	Ends ends = ends_new();
	portcullis_handshake_t server;

	ASSERT_KR(portcullis_handshake_start_server(
		MACH_PORT_NULL, ends.server, MACH_MSG_TYPE_PORT_SEND, &server));
	ASSERT_EQ(give(ends.client, 0x12345, MACH_MSG_TYPE_COPY_SEND), MACH_SEND_INVALID_RIGHT);
	ASSERT_EQ(portcullis_handshake_step(server), PORTCULLIS_HANDSHAKE_NO_CLIENT);
	ASSERT_EQ(portcullis_handshake_step(server), PORTCULLIS_HANDSHAKE_NO_CLIENT);
	ASSERT_EQ(portcullis_handshake_fd(server), -1);
	portcullis_handshake_destroy(server);
}

/* --- In an event loop --- */

static void wait_for(portcullis_handshake_t h)
{
	struct pollfd p = {.fd = portcullis_handshake_fd(h), .events = POLLIN};

	ASSERT_EQ(poll(&p, 1, PATIENCE_MS), 1);
}

CASE(both_ends_in_one_loop)
{
	unsigned n = count_settled();
	Ends ends = ends_new();
	portcullis_handshake_t server, client;
	mach_port_t port, mine = port_new();
	mach_msg_type_name_t type;
	audit_token_t peer;

	ASSERT_KR(portcullis_handshake_start_client(
		MACH_PORT_NULL, ends.client, mine, MACH_MSG_TYPE_COPY_SEND, &client));
	ASSERT_EQ(portcullis_handshake_step(client), PORTCULLIS_HANDSHAKE_PENDING);
	ASSERT_KR(portcullis_handshake_start_server(
		MACH_PORT_NULL, ends.server, PORTCULLIS_HANDSHAKE_ANY_RIGHT, &server));
	ASSERT_EQ(portcullis_handshake_step(server), PORTCULLIS_HANDSHAKE_PENDING);
	ASSERT_EQ(portcullis_handshake_get_port(server, &port, &type), KERN_INVALID_ARGUMENT);
	wait_for(client);
	ASSERT_KR(portcullis_handshake_step(client));
	wait_for(server);
	ASSERT_KR(portcullis_handshake_step(server));
	ASSERT_KR(portcullis_handshake_step(server));
	ASSERT_KR(portcullis_handshake_get_port(server, &port, &type));
	ASSERT_EQ(portcullis_handshake_get_port(server, &port, &type), KERN_INVALID_ARGUMENT);
	ASSERT_EQ(port, mine);
	ASSERT_EQ(type, (mach_msg_type_name_t)MACH_MSG_TYPE_PORT_SEND);
	ASSERT_KR(portcullis_handshake_get_peer(server, &peer));
	ASSERT_EQ(audit_token_to_pid(peer), getpid());
	portcullis_handshake_destroy(client);
	portcullis_handshake_destroy(server);
	drop(mine);
	drop(mine);
	destroy_receive(mine);
	ASSERT_EQ(count_names(), n);
}

static bool is_gone(const char *name)
{
	mach_port_t service;
	kern_return_t kr = bootstrap_look_up(bootstrap_port, name, &service);

	if (!kr)
		drop(service);
	return kr == BOOTSTRAP_UNKNOWN_SERVICE;
}

/* A right that nobody takes out is destroyed with the handshake. The service goes when it is over. */
CASE(what_is_not_taken_is_destroyed)
{
	unsigned n = count_settled();
	Ends ends = ends_new();
	portcullis_handshake_t server;
	mach_port_t port;
	Paper paper;

	ASSERT_KR(mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port));
	ASSERT_KR(portcullis_handshake_start_server(
		MACH_PORT_NULL, ends.server, MACH_MSG_TYPE_PORT_SEND_ONCE, &server));
	read_paper(ends.client, &paper);
	say(&paper, paper.token, port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	ASSERT_KR(portcullis_handshake_step(server));
	EVENTUALLY(is_gone(paper.name));
	portcullis_handshake_destroy(server);
	ASSERT_EQ(hear(port), MACH_NOTIFY_SEND_ONCE);
	destroy_receive(port);
	close(ends.client);
	ASSERT_EQ(count_names(), n);
}

/* A child that does not need the parent's handshake destroys it, and the parent goes on with it. */
CASE(a_fork_child_leaves_it_alone)
{
	Ends ends = ends_new();
	portcullis_handshake_t server;
	mach_port_t port;
	pid_t pid;

	ASSERT_KR(portcullis_handshake_start_server(
		MACH_PORT_NULL, ends.server, MACH_MSG_TYPE_PORT_SEND, &server));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (pid == 0) {
		ASSERT_EQ(portcullis_handshake_step(server), KERN_INVALID_ARGUMENT);
		portcullis_handshake_destroy(server);
		ASSERT_KR(give(ends.client, bootstrap_port, MACH_MSG_TYPE_COPY_SEND));
		_exit(0);
	}
	close(ends.client);
	child_wait(pid);
	ASSERT_KR(portcullis_handshake_step(server));
	ASSERT_KR(portcullis_handshake_get_port(server, &port, NULL));
	ASSERT_EQ(port, bootstrap_port);
	drop(port);
	portcullis_handshake_destroy(server);
}

/* --- A stranger who has found the service --- */

static void flood(const Ends *ends)
{
	Paper paper;
	mach_port_t service;

	read_paper(ends->client, &paper);
	ASSERT_KR(bootstrap_look_up(bootstrap_port, paper.name, &service));
	for (uint64_t i = 1;; i++) {
		mach_msg_header_t m = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, 0),
			.msgh_size = sizeof(m),
			.msgh_remote_port = service,
			.msgh_id = (int)i};

		if (i % 2 ? mach_msg_send(&m)
			  : child_port_check_in(service, paper.token + i, bootstrap_port,
				    MACH_MSG_TYPE_COPY_SEND))
			return;
	}
}

CASE(a_stranger_floods_the_service)
{
	Ends ends = ends_new(), second = ends_new();
	portcullis_handshake_t server;
	mach_port_t port;
	pid_t stranger, child;
	Paper paper;
	uint8_t bytes[200];
	ssize_t n;

	ASSERT_KR(portcullis_handshake_start_server(
		MACH_PORT_NULL, ends.server, MACH_MSG_TYPE_PORT_SEND, &server));
	/* What the server has written, for the two of them. */
	n = recv(ends.client, bytes, sizeof(bytes), MSG_PEEK);
	ASSERT_GT(n, 0);
	ASSERT_EQ(send(second.server, bytes, (size_t)n, 0), n);
	stranger = child_of(flood, &second, true);
	close(second.server);
	/* Until the stranger has found it, the child must not be done. */
	for (int i = 0; i < 50; i++) {
		struct pollfd p = {.fd = portcullis_handshake_fd(server), .events = POLLIN};

		ASSERT_EQ(poll(&p, 1, PATIENCE_MS), 1);
		ASSERT_EQ(portcullis_handshake_step(server), PORTCULLIS_HANDSHAKE_PENDING);
	}
	child = fork();
	ASSERT_GE(child, 0);
	if (child == 0) {
		read_paper(ends.client, &paper);
		say(&paper, paper.token, bootstrap_port, MACH_MSG_TYPE_COPY_SEND);
		_exit(0);
	}
	close(ends.client);
	for (;;) {
		kern_return_t kr = portcullis_handshake_step(server);

		if (kr == KERN_SUCCESS)
			break;
		ASSERT_EQ(kr, PORTCULLIS_HANDSHAKE_PENDING);
	}
	ASSERT_KR(portcullis_handshake_get_port(server, &port, NULL));
	drop(port);
	portcullis_handshake_destroy(server);
	child_wait(child);
	child_wait(stranger);
}
