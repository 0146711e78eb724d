/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the server is found, and whom a client believes. The servers here are threads of the test, or
 * children where it matters who they are.
 */
#include <limits.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "bootstrap/contact.h"
#include "port/handoff.h"
#include "port/names.h"
#include "port/test-support.h"

#define NOBODY 65534
/* For what must not time out. */
#define LONG_MS 20000
/* For what does. */
#define SHORT_MS 50
#define HELLO_ID 4712

typedef enum Manner {
	GIVE, /* the right, as it should */
	SAY_NOTHING,
	CLOSE,
	GARBAGE,
} Manner;

typedef struct Server {
	char folder[64];
	char path[128];
	int sock; /* listens */
	pthread_t thread;
	PortName port;
	Manner manner;
} Server;

static void fill_address(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	ASSERT_LT(strlen(path), sizeof(address->sun_path));
	memcpy(address->sun_path, path, strlen(path) + 1);
}

static int listen_at(const char *path, int backlog)
{
	struct sockaddr_un address;
	int sock = ASSERT_SYS(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));

	fill_address(&address, path);
	ASSERT_SYS(bind(sock, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_SYS(chmod(path, 0777));
	ASSERT_SYS(listen(sock, backlog));
	return sock;
}

/* A folder for everybody, in which the socket lies as it does below $XDG_RUNTIME_DIR. */
static void server_prepare(Server *server)
{
	char folder[PATH_MAX];

	*server = (Server){.folder = "/tmp/contact-XXXXXX", .sock = -EBADF};
	ASSERT_NOT_NULL(mkdtemp(server->folder));
	snprintf(folder, sizeof(folder), "%s/portcullis", server->folder);
	ASSERT_SYS(mkdir(folder, 0777));
	ASSERT_SYS(chmod(server->folder, 0777));
	ASSERT_SYS(chmod(folder, 0777));
	snprintf(server->path, sizeof(server->path), "%s/" CONTACT_USER_NAME, server->folder);
}

static void server_clear(Server *server)
{
	char folder[PATH_MAX];

	fd_close(server->sock);
	snprintf(folder, sizeof(folder), "%s/portcullis", server->folder);
	ASSERT_SYS(chmod(folder, 0700));
	(void)unlink(server->path);
	ASSERT_SYS(rmdir(folder));
	ASSERT_SYS(rmdir(server->folder));
}

/* Serves one client. */
static void serve(Server *server)
{
	int fd = ASSERT_SYS(accept4(server->sock, NULL, NULL, SOCK_CLOEXEC));
	char byte;
	int r;

	if (server->manner == GIVE) {
		r = handoff_send(fd, server->port);
		/* A client that does not like who we are is gone by now. */
		ASSERT_TRUE(r == 0 || r == -EPIPE);
	}
	if (server->manner == GARBAGE)
		ASSERT_EQ(send(fd, "what do you want", 16, MSG_NOSIGNAL), 16);
	/* Until the client goes. */
	if (server->manner != CLOSE)
		(void)recv(fd, &byte, 1, 0);
	close(fd);
}

static void *serve_thread(void *arg)
{
	serve(arg);
	return NULL;
}

static void server_start(Server *server, Manner manner)
{
	server_prepare(server);
	server->sock = listen_at(server->path, 16);
	server->manner = manner;
	if (manner == GIVE) {
		server->port = make_receive(NULL);
		add_send(server->port, 1);
	}
	ASSERT_OK(pthread_create(&server->thread, NULL, serve_thread, server));
}

static void server_end(Server *server)
{
	ASSERT_OK(pthread_join(server->thread, NULL));
	if (server->port)
		ASSERT_OK(LOCKED(name_destroy(server->port)));
	server_clear(server);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

static int contact(const char *path, unsigned timeout_ms)
{
	mach_port_t port = 0x7777;
	int r = contact_path(path, timeout_ms, &port);

	ASSERT_LT(r, 0);
	ASSERT_EQ(port, 0x7777);
	return r;
}

PORT_TEST(a_server_gives_its_port)
{
	Server server;
	mach_port_t port = MACH_PORT_NULL;

	server_start(&server, GIVE);
	ASSERT_OK(contact_path(server.path, LONG_MS, &port));
	ASSERT_EQ(port, server.port);
	ASSERT_EQ(urefs_of(port), 2);
	server_end(&server);
}

static void say_hello(mach_port_t port)
{
	mach_msg_header_t h = {.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MOVE_SEND, 0),
		.msgh_size = sizeof(h),
		.msgh_remote_port = port,
		.msgh_id = HELLO_ID};

	ASSERT_OK(mach_msg(&h, MACH_SEND_MSG, sizeof(h), 0, 0, 0, 0));
}

static void hear_hello(mach_port_t port)
{
	struct {
		mach_msg_header_t h;
		mach_msg_max_trailer_t trailer;
	} m;

	ASSERT_OK(mach_msg(&m.h, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0, sizeof(m), port, WAIT_MS, 0));
	ASSERT_EQ(m.h.msgh_id, HELLO_ID);
}

static void become_nobody(void)
{
	ASSERT_SYS(setgid(NOBODY));
	ASSERT_SYS(setuid(NOBODY));
	ASSERT_SYS(prctl(PR_SET_DUMPABLE, 1));
}

/* Forks; the child is of another user where that can be had. */
static pid_t fork_child(bool as_nobody)
{
	pid_t child;

	fflush(stdout);
	child = ASSERT_SYS(fork());
	if (child == 0 && as_nobody && getuid() == 0)
		become_nobody();
	return child;
}

PORT_TEST(from_another_process)
{
	/* Root's server is believed by all, where there is root. */
	for (unsigned as_nobody = 0; as_nobody < 2; as_nobody++) {
		Server server;
		mach_port_t port = MACH_PORT_NULL;
		pid_t child;

		server_start(&server, GIVE);
		child = fork_child(as_nobody);
		if (child == 0) {
			ASSERT_OK(contact_path(server.path, LONG_MS, &port));
			ASSERT_EQ(type_of(port), ENTRY_SEND);
			say_hello(port);
			ASSERT_EQ(portcheck_names(), 0);
			_exit(0);
		}
		hear_hello(server.port);
		ASSERT_CHILD_EXITS(child, 0);
		server_end(&server);
	}
}

PORT_TEST(a_server_says_nothing)
{
	Server server;

	server_start(&server, SAY_NOTHING);
	ASSERT_EQ(contact(server.path, SHORT_MS), -ETIMEDOUT);
	server_end(&server);
}

PORT_TEST(a_server_does_not_want_us)
{
	Server server;

	server_start(&server, CLOSE);
	ASSERT_EQ(contact(server.path, LONG_MS), -EACCES);
	server_end(&server);
}

PORT_TEST(a_server_talks_nonsense)
{
	Server server;

	server_start(&server, GARBAGE);
	ASSERT_EQ(contact(server.path, LONG_MS), -EACCES);
	server_end(&server);
}

/* Connections that are never accepted. */
PORT_TEST(a_server_that_does_not_serve)
{
	Server server;

	server_prepare(&server);
	server.sock = listen_at(server.path, 0);
	ASSERT_EQ(contact(server.path, SHORT_MS), -ETIMEDOUT);
	/* That one is in the queue still; there is no room for more. */
	ASSERT_EQ(contact(server.path, SHORT_MS), -ETIMEDOUT);
	server_clear(&server);
}

/* Whoever comes while others are at the door waits, and is served. */
PORT_TEST(a_queue_at_the_door)
{
	Server server;
	struct sockaddr_un address;
	int client = ASSERT_SYS(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)), first;
	pid_t children[4];

	server_prepare(&server);
	server.sock = listen_at(server.path, 0);
	server.port = make_receive(NULL);
	add_send(server.port, 1);
	fill_address(&address, server.path);
	ASSERT_SYS(connect(client, (struct sockaddr *)&address, sizeof(address)));
	for (unsigned i = 0; i < 4; i++) {
		children[i] = fork_child(false);
		if (children[i] == 0) {
			mach_port_t port;

			ASSERT_OK(contact_path(server.path, LONG_MS, &port));
			say_hello(port);
			_exit(0);
		}
	}
	first = ASSERT_SYS(accept4(server.sock, NULL, NULL, SOCK_CLOEXEC));
	for (unsigned i = 0; i < 4; i++)
		serve(&server);
	for (unsigned i = 0; i < 4; i++) {
		hear_hello(server.port);
		ASSERT_CHILD_EXITS(children[i], 0);
	}
	close(first);
	close(client);
	ASSERT_OK(LOCKED(name_destroy(server.port)));
	server_clear(&server);
	ASSERT_TRUE(reaper_wait(WAIT_MS));
}

PORT_TEST(nobody_is_there)
{
	char long_path[200];
	Server server;
	char below[PATH_MAX];

	server_prepare(&server);
	ASSERT_EQ(contact(server.path, LONG_MS), -ENOENT);
	/* Left behind by a server that is gone. */
	server.sock = listen_at(server.path, 0);
	snprintf(below, sizeof(below), "%s/x", server.path);
	ASSERT_EQ(contact(below, LONG_MS), -ENOENT);
	server.sock = fd_close(server.sock);
	ASSERT_EQ(contact(server.path, LONG_MS), -ENOENT);
	server_clear(&server);

	memset(long_path, 'x', sizeof(long_path));
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0';
	ASSERT_EQ(contact(long_path, LONG_MS), -ENAMETOOLONG);
	/* One that would do, were it not for its NUL. */
	long_path[sizeof(((struct sockaddr_un *)0)->sun_path)] = '\0';
	ASSERT_EQ(contact(long_path, LONG_MS), -ENAMETOOLONG);
	long_path[sizeof(((struct sockaddr_un *)0)->sun_path) - 1] = '\0';
	ASSERT_EQ(contact(long_path, LONG_MS), -ENOENT);
}

/* A socket of another type is no server. */
PORT_TEST(another_kind_of_socket)
{
	struct sockaddr_un address;
	Server server;

	server_prepare(&server);
	server.sock = ASSERT_SYS(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	fill_address(&address, server.path);
	ASSERT_SYS(bind(server.sock, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_SYS(listen(server.sock, 4));
	ASSERT_EQ(contact(server.path, LONG_MS), -EPROTOTYPE);
	server_clear(&server);
}

/* It has a right to give, and gives it; but it is neither us nor root. */
PORT_TEST(the_server_of_another_user)
{
	Server server;
	int sync[2];
	char byte;
	pid_t child;

	if (getuid() != 0)
		SKIP("only root can be two users");
	server_prepare(&server);
	ASSERT_SYS(pipe2(sync, O_CLOEXEC));
	child = fork_child(true);
	if (child == 0) {
		server.sock = listen_at(server.path, 4);
		server.port = make_receive(NULL);
		add_send(server.port, 1);
		ASSERT_EQ(write(sync[1], "x", 1), 1);
		serve(&server);
		_exit(0);
	}
	ASSERT_EQ(read(sync[0], &byte, 1), 1);
	ASSERT_EQ(contact(server.path, LONG_MS), -EACCES);
	ASSERT_CHILD_EXITS(child, 0);
	close(sync[0]);
	close(sync[1]);
	server_clear(&server);
}

/* Permissions of the path are the server's. */
PORT_TEST(a_path_that_is_closed_to_us)
{
	char folder[PATH_MAX];
	Server server;
	pid_t child;

	server_prepare(&server);
	server.sock = listen_at(server.path, 4);
	snprintf(folder, sizeof(folder), "%s/portcullis", server.folder);
	ASSERT_SYS(chmod(folder, 0));
	child = fork_child(true);
	if (child == 0) {
		ASSERT_EQ(contact(server.path, LONG_MS), -EACCES);
		_exit(0);
	}
	ASSERT_CHILD_EXITS(child, 0);
	server_clear(&server);
}

/* What a machine's own server says, if it has one. */
static void assert_asks_the_system(void)
{
	mach_port_t system = MACH_PORT_NULL, port = MACH_PORT_NULL;
	int r = contact_path(CONTACT_SYSTEM_PATH, LONG_MS, &system);

	ASSERT_EQ(contact_server(&port), r);
	ASSERT_EQ(port, system);
	for (unsigned i = 0; i < 2 && r == 0; i++)
		ASSERT_OK(mach_port_deallocate(mach_task_self(), system));
}

PORT_TEST(where_the_server_is_looked_for)
{
	char long_path[512], here[PATH_MAX];
	const char *before = getenv("XDG_RUNTIME_DIR");
	_cleanup_free_ char *kept = before ? strdup(before) : NULL;
	mach_port_t port = MACH_PORT_NULL;
	Server server;

	server_start(&server, GIVE);
	ASSERT_SYS(setenv("XDG_RUNTIME_DIR", server.folder, 1));
	ASSERT_OK(contact_server(&port));
	ASSERT_EQ(port, server.port);
	ASSERT_OK(mach_port_deallocate(mach_task_self(), port));
	ASSERT_OK(pthread_join(server.thread, NULL));

	/* Not absolute: the folder depends on where we stand, and is no answer to "whose". */
	ASSERT_NOT_NULL(getcwd(here, sizeof(here)));
	ASSERT_SYS(chdir("/tmp"));
	ASSERT_SYS(setenv("XDG_RUNTIME_DIR", server.folder + strlen("/tmp/"), 1));
	assert_asks_the_system();
	ASSERT_SYS(chdir(here));
	ASSERT_SYS(setenv("XDG_RUNTIME_DIR", "", 1));
	assert_asks_the_system();
	ASSERT_SYS(unsetenv("XDG_RUNTIME_DIR"));
	assert_asks_the_system();
	ASSERT_SYS(setenv("XDG_RUNTIME_DIR", "/nowhere", 1));
	assert_asks_the_system();
	snprintf(long_path, sizeof(long_path), "%s/%0200d", server.folder, 0);
	ASSERT_SYS(setenv("XDG_RUNTIME_DIR", long_path, 1));
	assert_asks_the_system();

	/* A server that does not want us is one all the same. */
	ASSERT_SYS(setenv("XDG_RUNTIME_DIR", server.folder, 1));
	server.manner = CLOSE;
	ASSERT_OK(pthread_create(&server.thread, NULL, serve_thread, &server));
	ASSERT_EQ(contact_server(&port), -EACCES);
	server_end(&server);
	if (kept)
		ASSERT_SYS(setenv("XDG_RUNTIME_DIR", kept, 1));
	else
		ASSERT_SYS(unsetenv("XDG_RUNTIME_DIR"));
}
