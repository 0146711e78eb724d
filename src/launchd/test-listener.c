/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's path: what is made there, what is left alone, and who is let in. Other users and floods
 * are for tests/launchd/listener.c.
 */
#include "launchd/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fd.h"
#include "bootstrap/contact.h"
#include "launchd/namespace.h"
#include "launchd/service.h"
#include "launchd/test-in-child.h"
#include <servers/bootstrap.h>

static char folder[64], inner[80], path[96];

static void folder_make(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/test-listener.XXXXXX");
	ASSERT_NOT_NULL(mkdtemp(folder));
	(void)snprintf(inner, sizeof(inner), "%s/portcullis", folder);
	(void)snprintf(path, sizeof(path), "%s/bootstrap", inner);
}

static void folder_remove(void)
{
	(void)unlink(path);
	(void)rmdir(inner);
	ASSERT_EQ(rmdir(folder), 0);
}

static int bound(int type)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = ASSERT_SYS(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	ASSERT_SYS(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

CASE(a_path_is_made_and_removed)
{
	Listener *l;
	struct stat st;

	folder_make();
	begin();
	for (int anybody = 0; anybody < 2; anybody++) {
		ASSERT_EQ(listener_new(path, anybody, &l), 0);
		ASSERT_SYS(stat(path, &st));
		ASSERT_TRUE(S_ISSOCK(st.st_mode));
		ASSERT_EQ(st.st_mode & 0777, anybody ? 0666u : 0600u);
		ASSERT_SYS(stat(inner, &st));
		ASSERT_EQ(st.st_mode & 0777, anybody ? 0755u : 0700u);
		ASSERT_NULL(listener_free(l));
		ASSERT_EQ(access(path, F_OK), -1);
		ASSERT_SYS(rmdir(inner));
	}
	end();
	folder_remove();
}

CASE(what_is_at_the_path_already)
{
	Listener *l, *other;
	struct stat before, after;
	int fd;

	folder_make();
	begin();
	ASSERT_EQ(listener_new(path, false, &l), 0);
	ASSERT_EQ(listener_new(path, false, &other), -EADDRINUSE);
	/* Not ours any more: it is left alone. */
	ASSERT_SYS(unlink(path));
	fd = bound(SOCK_SEQPACKET);
	ASSERT_SYS(stat(path, &before));
	ASSERT_NULL(listener_free(l));
	ASSERT_SYS(stat(path, &after));
	ASSERT_EQ(before.st_ino, after.st_ino);
	/* Nobody listens there. */
	ASSERT_EQ(listener_new(path, false, &l), 0);
	ASSERT_NULL(listener_free(l));
	(void)fd_close(fd);
	/* A file of another kind is somebody's. */
	fd = ASSERT_SYS(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	(void)fd_close(fd);
	ASSERT_EQ(listener_new(path, false, &l), -EEXIST);
	ASSERT_SYS(unlink(path));
	ASSERT_SYS(symlink("/dev/null", path));
	ASSERT_EQ(listener_new(path, false, &l), -EEXIST);
	end();
	folder_remove();
}

CASE(paths_that_cannot_be)
{
	char text[200];
	Listener *l;

	begin();
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	text[0] = '/';
	ASSERT_EQ(listener_new(text, false, &l), -ENAMETOOLONG);
	ASSERT_EQ(listener_new("/nonexistent/folder/x", false, &l), -ENOENT);
	end();
}

CASE(a_socket_that_is_none_of_ours_to_make)
{
	struct stat st;
	Listener *l;
	int fd, pair[2];

	folder_make();
	ASSERT_SYS(mkdir(inner, 0700));
	begin();
	ASSERT_SYS(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	ASSERT_EQ(listener_new_fd_take(pair[0], false, &l), -EPROTOTYPE);
	(void)fd_close(pair[0]);
	(void)fd_close(pair[1]);
	fd = ASSERT_SYS(open("/dev/null", O_RDONLY | O_CLOEXEC));
	ASSERT_EQ(listener_new_fd_take(fd, false, &l), -EPROTOTYPE);
	(void)fd_close(fd);
	ASSERT_EQ(listener_new_fd_take(-EBADF, false, &l), -EPROTOTYPE);
	fd = bound(SOCK_STREAM);
	ASSERT_SYS(listen(fd, 1));
	ASSERT_EQ(listener_new_fd_take(fd, false, &l), -EPROTOTYPE);
	(void)fd_close(fd);
	ASSERT_SYS(unlink(path));
	fd = bound(SOCK_SEQPACKET);
	ASSERT_EQ(listener_new_fd_take(fd, false, &l), -EPROTOTYPE);
	ASSERT_SYS(listen(fd, 1));
	ASSERT_EQ(listener_new_fd_take(fd, false, &l), 0);
	/* The service manager goes on to listen there. */
	ASSERT_NULL(listener_free(l));
	ASSERT_SYS(stat(path, &st));
	end();
	folder_remove();
}

static void ask_at_path(void)
{
	mach_port_t port, found;

	ASSERT_EQ(contact_path(path, CONTACT_TIMEOUT_MS, &port), 0);
	ASSERT_EQ(bootstrap_look_up(port, "known", &found), BOOTSTRAP_SUCCESS);
	ASSERT_EQ(bootstrap_look_up(port, "unknown", &found), BOOTSTRAP_UNKNOWN_SERVICE);
}

static int on_client_end(void *userdata, uint32_t events)
{
	(void)userdata;
	(void)events;
	loop_quit(loop);
	return 0;
}

CASE(whoever_connects_is_given_the_port)
{
	_cleanup_pidref_ PidRef client = PIDREF_NULL;
	LoopSource *source;
	Listener *l;
	Service *s;
	int status;

	folder_make();
	begin();
	ASSERT_EQ(service_declare(server.root, "known", &server.self, NULL, &s), 0);
	ASSERT_EQ(listener_new(path, false, &l), 0);
	ASSERT_EQ(pidref_set_pid(&client, in_child(ask_at_path)), 0);
	ASSERT_EQ(loop_add_fd(loop, client.fd, EPOLLIN, on_client_end, NULL, &source), 0);
	ASSERT_EQ(server_run(), 0);
	ASSERT_EQ(waitpid(client.pid, &status, 0), client.pid);
	ASSERT_EQ(status, 0);
	loop_source_remove(source);
	ASSERT_NULL(listener_free(l));
	end();
	folder_remove();
}
