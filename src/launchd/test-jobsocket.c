/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/jobsocket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "launchd/test-job.h"

typedef struct Fixture {
	TestDir dir;
	JobSpec *spec;
	JobSockets sockets;
	char *problem;
} Fixture;

static void fixture_init(Fixture *f)
{
	*f = (Fixture){.spec = NULL};
	dir_init(&f->dir);
}

/* @format has the directory in it, once. */
static __attribute__((__format__(__printf__, 2, 0))) int make(Fixture *f, const char *format)
{
	char *keys = NULL;

	jobsockets_deinit(&f->sockets);
	f->spec = spec_free(f->spec);
	free(TAKE_PTR(f->problem));
	ASSERT_GT(asprintf(&keys, format, f->dir.path), 0);
	f->spec = spec_of_shell("a", ":", "<key>Sockets</key><dict>%s</dict>", keys);
	free(keys);
	return jobsockets_init(&f->sockets, f->spec, f->dir.path, &f->problem);
}

static void fixture_deinit(Fixture *f)
{
	jobsockets_deinit(&f->sockets);
	spec_free(f->spec);
	free(f->problem);
	dir_deinit(&f->dir);
}

#define UNIX                                                                                       \
	"<key>s</key><dict><key>SockPathName</key><string>%s/sock</string>"                        \
	"<key>SockPathMode</key><integer>384</integer></dict>"

static int connect_unix(const char *path, int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = ASSERT_SYS(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

TEST(none)
{
	JobSpec *spec = spec_of_shell("a", ":", " ");
	JobSockets sockets;
	char *problem = NULL;
	FdList list = FDLIST_INIT;

	ASSERT_OK(jobsockets_init(&sockets, spec, NULL, &problem));
	ASSERT_EQ(jobsockets_dup(&sockets, "s", &list), JOBSOCKET_E_UNKNOWN);
	ASSERT_EQ(jobsockets_get_first(&sockets), -EBADF);
	jobsockets_deinit(&sockets);
	spec_free(spec);
}

TEST(unix_at_a_path)
{
	_cleanup_close_ int client = -EBADF;
	FdList list = FDLIST_INIT;
	struct stat st;
	Fixture f;

	fixture_init(&f);
	ASSERT_OK(make(&f, UNIX));
	ASSERT_SYS(lstat(dir_at(&f.dir, "sock"), &st));
	ASSERT_TRUE(S_ISSOCK(st.st_mode));
	ASSERT_EQ(st.st_mode & 07777, 0600);
	client = ASSERT_FD(connect_unix(dir_at(&f.dir, "sock"), SOCK_STREAM));
	ASSERT_OK(jobsockets_dup(&f.sockets, "s", &list));
	ASSERT_EQ(fdlist_count(&list), 1);
	ASSERT_FD_CLOEXEC(fdlist_get(&list, 0));
	/* It blocks, as programs expect it. */
	ASSERT_EQ(fcntl(fdlist_get(&list, 0), F_GETFL) & O_NONBLOCK, 0);
	ASSERT_EQ(jobsockets_dup(&f.sockets, "s", &list), JOBSOCKET_E_TAKEN);
	ASSERT_EQ(jobsockets_dup(&f.sockets, "t", &list), JOBSOCKET_E_UNKNOWN);
	ASSERT_EQ(fdlist_count(&list), 1);
	fdlist_deinit(&list);
	jobsockets_reset(&f.sockets);
	ASSERT_OK(jobsockets_dup(&f.sockets, "s", &list));
	fdlist_deinit(&list);
	jobsockets_deinit(&f.sockets);
	ASSERT_EQ(lstat(dir_at(&f.dir, "sock"), &st), -1);
	fixture_deinit(&f);
}

TEST(default_mode_follows_the_umask)
{
	mode_t before = umask(027);
	struct stat st;
	Fixture f;

	fixture_init(&f);
	ASSERT_OK(make(
		&f, "<key>s</key><dict><key>SockPathName</key><string>%s/sock</string></dict>"));
	umask(before);
	ASSERT_SYS(lstat(dir_at(&f.dir, "sock"), &st));
	ASSERT_EQ(st.st_mode & 07777, 0750);
	fixture_deinit(&f);
}

/* What is at the path: a socket that nobody has is replaced, all else is left alone. */
TEST(what_was_there_before)
{
	_cleanup_close_ int old = ASSERT_FD(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;
	Fixture f;

	fixture_init(&f);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", dir_at(&f.dir, "sock"));
	ASSERT_SYS(bind(old, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_SYS(listen(old, 1));
	ASSERT_EQ(make(&f, UNIX), JOBSOCKET_E_REFUSED);
	ASSERT_STRSTR(f.problem, "socket \"s\": cannot listen at \"");
	ASSERT_STRSTR(f.problem, "/sock\": another server is there");
	old = fd_close(old);
	ASSERT_OK(make(&f, UNIX));
	jobsockets_deinit(&f.sockets);
	file_write(dir_at(&f.dir, "sock"), "precious", 0644);
	ASSERT_EQ(make(&f, UNIX), JOBSOCKET_E_REFUSED);
	ASSERT_STRSTR(f.problem, "File exists");
	ASSERT_SYS(lstat(dir_at(&f.dir, "sock"), &st));
	ASSERT_TRUE(S_ISREG(st.st_mode));
	ASSERT_SYS(unlink(dir_at(&f.dir, "sock")));
	ASSERT_SYS(symlink("/etc/passwd", dir_at(&f.dir, "sock")));
	ASSERT_EQ(make(&f, UNIX), JOBSOCKET_E_REFUSED);
	/* Nothing of ours is left beside it. */
	ASSERT_SYS(unlink(dir_at(&f.dir, "sock")));
	ASSERT_SYS(rmdir(f.dir.path));
	f.dir.path[0] = '\0';
	fixture_deinit(&f);
}

TEST(what_came_afterwards_stays)
{
	struct stat st;
	Fixture f;

	fixture_init(&f);
	ASSERT_OK(make(&f, UNIX));
	ASSERT_SYS(unlink(dir_at(&f.dir, "sock")));
	file_write(dir_at(&f.dir, "sock"), "other", 0644);
	jobsockets_deinit(&f.sockets);
	ASSERT_SYS(lstat(dir_at(&f.dir, "sock"), &st));
	fixture_deinit(&f);
}

TEST(directory_that_is_missing)
{
	Fixture f;

	fixture_init(&f);
	ASSERT_EQ(make(&f, "<key>s</key><dict><key>SockPathName</key><string>%s/no/sock</string>"
			   "</dict>"),
		JOBSOCKET_E_REFUSED);
	ASSERT_STRSTR(f.problem, "cannot open the directory");
	fixture_deinit(&f);
}

TEST(types)
{
	_cleanup_close_ int a = -EBADF, b = -EBADF;
	Fixture f;

	fixture_init(&f);
	ASSERT_OK(make(&f, "<key>s</key><dict><key>SockPathName</key><string>%s/sock</string>"
			   "<key>SockType</key><string>dgram</string></dict>"));
	a = ASSERT_FD(connect_unix(dir_at(&f.dir, "sock"), SOCK_DGRAM));
	ASSERT_OK(make(&f, "<key>s</key><dict><key>SockPathName</key><string>%s/sock</string>"
			   "<key>SockType</key><string>seqpacket</string></dict>"));
	b = ASSERT_FD(connect_unix(dir_at(&f.dir, "sock"), SOCK_SEQPACKET));
	fixture_deinit(&f);
}

TEST(secure_key)
{
	_cleanup_environment_ Environment env = ENVIRONMENT_INIT;
	_cleanup_close_ int client = -EBADF;
	const char *path;
	char *copy;
	struct stat st;
	Fixture f;

	fixture_init(&f);
	ASSERT_OK(make(&f, "<key>s</key><dict><key>SecureSocketWithKey</key><string>SOCK</string>"
			   "</dict><!-- %s -->"));
	ASSERT_OK(jobsockets_add_environment(&f.sockets, &env));
	path = environment_find(&env, "SOCK");
	ASSERT_NOT_NULL(path);
	client = ASSERT_FD(connect_unix(path, SOCK_STREAM));
	copy = strdup(path);
	*strrchr(copy, '/') = '\0';
	ASSERT_SYS(lstat(copy, &st));
	ASSERT_EQ(st.st_mode & 07777, 0700);
	jobsockets_deinit(&f.sockets);
	ASSERT_FALSE(file_exists(copy));
	free(copy);
	fixture_deinit(&f);
}

static int port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);

	memset(&address, 0, sizeof(address));
	ASSERT_SYS(getsockname(fd, (struct sockaddr *)&address, &size));
	return ntohs(address.ss_family == AF_INET
			     ? ((struct sockaddr_in *)(void *)&address)->sin_port
			     : ((struct sockaddr_in6 *)(void *)&address)->sin6_port);
}

/* A port that was free a moment ago. */
static int free_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	int fd = ASSERT_SYS(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), port;

	ASSERT_SYS(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	port = port_of(fd);
	close(fd);
	return port;
}

static int make_inet(Fixture *f, int port, const char *keys)
{
	char *text = NULL;
	int r;

	ASSERT_GT(asprintf(&text,
			  "<key>s</key><dict><key>SockServiceName</key><string>%d</string>%s"
			  "</dict><!-- %%s -->",
			  port, keys),
		0);
	r = make(f, text);
	free(text);
	return r;
}

TEST(inet_loopback)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	_cleanup_close_ int client = ASSERT_FD(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	FdList list = FDLIST_INIT;
	int port, r = JOBSOCKET_E_REFUSED;
	Fixture f;

	fixture_init(&f);
	/* Others look for free ports too. */
	for (int i = 0; i < 20 && r != 0; i++)
		r = make_inet(&f, port = free_port(),
			"<key>SockNodeName</key><string>localhost</string>");
	ASSERT_EQ(r, 0);
	ASSERT_OK(jobsockets_dup(&f.sockets, "s", &list));
	ASSERT_GE(fdlist_count(&list), 1);
	ASSERT_EQ(port_of(fdlist_get(&list, 0)), port);
	address.sin_port = htons((uint16_t)port);
	ASSERT_SYS(connect(client, (struct sockaddr *)&address, sizeof(address)));
	fdlist_deinit(&list);
	/* The port is taken now. */
	{
		JobSockets second;
		char *problem = NULL;

		ASSERT_EQ(jobsockets_init(&second, f.spec, NULL, &problem), JOBSOCKET_E_REFUSED);
		ASSERT_STRSTR(problem, "cannot listen at port \"");
		free(problem);
	}
	fixture_deinit(&f);
}

TEST(inet_families_and_types)
{
	FdList list = FDLIST_INIT;
	int r = JOBSOCKET_E_REFUSED;
	Fixture f;

	fixture_init(&f);
	for (int i = 0; i < 20 && r != 0; i++)
		r = make_inet(&f, free_port(),
			"<key>SockFamily</key><string>IPv4</string><key>SockType</key>"
			"<string>dgram</string><key>SockNodeName</key><string>127.0.0.1</string>");
	ASSERT_EQ(r, 0);
	ASSERT_OK(jobsockets_dup(&f.sockets, "s", &list));
	ASSERT_EQ(fdlist_count(&list), 1);
	fdlist_deinit(&list);
	fixture_deinit(&f);
}

/* No name is looked up in the network. */
TEST(inet_names_are_refused)
{
	Fixture f;

	fixture_init(&f);
	ASSERT_EQ(make_inet(&f, 4711, "<key>SockNodeName</key><string>example.com</string>"),
		JOBSOCKET_E_REFUSED);
	ASSERT_STRSTR(f.problem, "\"example.com\" port \"4711\" is no address of this host");
	ASSERT_EQ(make(&f, "<key>s</key><dict><key>SockServiceName</key><string>no-such-service"
			   "</string></dict><!-- %s -->"),
		JOBSOCKET_E_REFUSED);
	ASSERT_STRSTR(f.problem, "no-such-service");
	fixture_deinit(&f);
}

/* Not passive: connected to somebody who listens, or not loaded. */
TEST(connected)
{
	_cleanup_close_ int server = ASSERT_FD(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *keys = "<key>s</key><dict><key>SockPathName</key><string>%s/sock</string>"
			   "<key>SockPassive</key><false/></dict>";
	Fixture f;

	fixture_init(&f);
	ASSERT_EQ(make(&f, keys), JOBSOCKET_E_REFUSED);
	ASSERT_STRSTR(f.problem, "cannot connect to");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", dir_at(&f.dir, "sock"));
	ASSERT_SYS(bind(server, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_SYS(listen(server, 1));
	ASSERT_OK(make(&f, keys));
	/* It is not ours to remove. */
	jobsockets_deinit(&f.sockets);
	ASSERT_TRUE(file_exists(dir_at(&f.dir, "sock")));
	fixture_deinit(&f);
}

static int on_activity(void *userdata, uint32_t events)
{
	++*(int *)userdata;
	return 0;
}

TEST(arming)
{
	_cleanup_close_ int client = -EBADF;
	_cleanup_loop_ Loop *loop = NULL;
	int n = 0;
	Fixture f;

	fixture_init(&f);
	ASSERT_OK(loop_new(&loop));
	ASSERT_OK(make(&f, UNIX));
	ASSERT_OK(jobsockets_arm(&f.sockets, loop, on_activity, &n));
	ASSERT_OK(jobsockets_arm(&f.sockets, loop, on_activity, &n));
	ASSERT_OK(loop_run_once(loop, 0));
	ASSERT_EQ(n, 0);
	client = ASSERT_FD(connect_unix(dir_at(&f.dir, "sock"), SOCK_STREAM));
	ASSERT_OK(loop_run_once(loop, 0));
	ASSERT_EQ(n, 1);
	jobsockets_disarm(&f.sockets);
	jobsockets_disarm(&f.sockets);
	ASSERT_OK(loop_run_once(loop, 0));
	ASSERT_EQ(n, 1);
	/* Level-triggered: what is there is seen again. */
	ASSERT_OK(jobsockets_arm(&f.sockets, loop, on_activity, &n));
	ASSERT_OK(loop_run_once(loop, 0));
	ASSERT_EQ(n, 2);
	fixture_deinit(&f);
}

TEST(inet_connected)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	_cleanup_close_ int server = ASSERT_FD(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	_cleanup_close_ int connection = -EBADF;
	Fixture f;

	fixture_init(&f);
	ASSERT_SYS(bind(server, (struct sockaddr *)&address, sizeof(address)));
	ASSERT_SYS(listen(server, 1));
	ASSERT_OK(make_inet(&f, port_of(server),
		"<key>SockNodeName</key><string>127.0.0.1</string><key>SockPassive</key><false/>"));
	connection = ASSERT_FD(accept4(server, NULL, NULL, SOCK_CLOEXEC));
	ASSERT_EQ(send(connection, "x", 1, MSG_NOSIGNAL), 1);
	fixture_deinit(&f);
}

/* Not every host has a route for it. */
TEST(inet_multicast)
{
	int r = JOBSOCKET_E_REFUSED;
	Fixture f;

	fixture_init(&f);
	for (int i = 0; i < 20 && r != 0; i++) {
		r = make_inet(&f, free_port(),
			"<key>SockFamily</key><string>IPv4</string><key>SockType</key>"
			"<string>dgram</string><key>MulticastGroup</key><string>239.1.2.3</"
			"string>");
		if (r != 0 && strstr(f.problem, "No such device"))
			break;
	}
	if (r != 0)
		ASSERT_STRSTR(f.problem, "No such device");
	ASSERT_EQ(
		make_inet(&f, free_port(),
			"<key>SockFamily</key><string>IPv4</string><key>SockType</key>"
			"<string>dgram</string><key>MulticastGroup</key><string>a.group</string>"),
		JOBSOCKET_E_REFUSED);
	fixture_deinit(&f);
}
