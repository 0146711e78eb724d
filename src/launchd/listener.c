/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/listener.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "launchd/confine.h"
#include "launchd/guest.h"
#include "launchd/namespace.h"
#include "port/handoff.h"

#define BACKLOG 512

struct Listener {
	int fd;
	bool anybody;
	char *path; /* NULL: not ours */
	struct stat made; /* what we made there */
	LoopSource *source;
	LoopSource *rested; /* timer */
};

static bool may_have_port(const Listener *l, int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	const char *job;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || size != sizeof(peer))
		return false;
	if (guest_is_peer(fd, &job)) {
		log_peer_warning(&((PeerId){peer.pid, peer.uid}),
			"is confined%s%s, and gets no bootstrap port", job ? " as job " : "",
			job ? job : "");
		return false;
	}
	if (l->anybody || peer.uid == 0 || peer.uid == server.uid)
		return true;
	log_peer_warning(&((PeerId){peer.pid, peer.uid}), "may not have the bootstrap port");
	return false;
}

static int on_rested(void *userdata, uint32_t events)
{
	Listener *l = userdata;

	(void)events;
	return loop_source_modify(l->source, EPOLLIN);
}

/* A connection that there is no descriptor for would be told of again at once, and again. */
static int rest(Listener *l)
{
	int r = loop_source_set_deadline(l->rested, deadline_after_ms(SERVER_REST_MS));

	return r < 0 ? r : loop_source_modify(l->source, 0);
}

static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

static int on_connection(void *userdata, uint32_t events)
{
	Listener *l = userdata;

	(void)events;
	for (unsigned n = 0; n < SERVER_BATCH; n++) {
		_cleanup_close_ int fd = -EBADF;
		int r;

		fd = fd_above_stdio_consume(
			accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
		if (fd < 0)
			return is_shortage(errno) ? rest(l) : 0;
		if (!may_have_port(l, fd))
			continue;
		r = handoff_send(fd, server.root->port);
		if (r)
			log_info("the bootstrap port could not be handed out: %d", r);
	}
	return 0;
}

static int address_of(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	memcpy(ret->sun_path, path, strlen(path) + 1);
	return 0;
}

/* A path that nobody listens at is left over from a server that was killed. */
static int remove_leftover(const struct sockaddr_un *address)
{
	_cleanup_close_ int fd = -EBADF;
	struct stat st;

	if (lstat(address->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_origin(-errno);
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		return -EADDRINUSE;
	if (errno != ECONNREFUSED)
		return -errno;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

static int make_folder(const char *path, mode_t mode)
{
	_cleanup_free_ char *folder = strdup(path);
	char *slash;

	if (!folder)
		return error_origin(-ENOMEM);
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return 0;
	*slash = '\0';
	return mkdir(folder, mode) < 0 && errno != EEXIST ? -errno : 0;
}

static int listen_at(Listener *l, const char *path)
{
	struct sockaddr_un address;
	int r = address_of(path, &address);

	if (!r)
		r = make_folder(path, l->anybody ? 0755 : 0700);
	if (!r)
		r = remove_leftover(&address);
	if (r)
		return r;
	l->fd = fd_above_stdio_consume(
		socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (l->fd < 0)
		return error_origin(-errno);
	/* The mode of the path is that of the socket when it is bound. */
	if (fchmod(l->fd, l->anybody ? 0666 : 0600) < 0 ||
		bind(l->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	l->path = strdup(path);
	if (!l->path || lstat(path, &l->made) < 0 || chmod(path, l->anybody ? 0666 : 0600) < 0 ||
		listen(l->fd, BACKLOG) < 0)
		return -errno;
	return 0;
}

/* Confined jobs are not to see where we are, whoever chose it. */
static int hide_path(const Listener *l)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(address);
	char path[sizeof(address.sun_path) + 1] = "";

	if (getsockname(l->fd, (struct sockaddr *)&address, &size) < 0)
		return error_origin(-errno);
	memcpy(path, address.sun_path, sizeof(address.sun_path));
	return *path ? error_trace(confine_set_path(path)) : 0;
}

static int listener_start(Listener *l)
{
	int r = hide_path(l);

	if (!r)
		r = loop_add_timer(server.loop, DEADLINE_NONE, on_rested, l, &l->rested);
	if (r < 0)
		return r;
	r = loop_add_fd(server.loop, l->fd, EPOLLIN, on_connection, l, &l->source);
	if (r < 0)
		l->rested = loop_source_remove(l->rested);
	return r;
}

int listener_new(const char *path, bool anybody, Listener **ret)
{
	Listener *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return error_origin(-ENOMEM);
	l->fd = -EBADF;
	l->anybody = anybody;
	r = listen_at(l, path);
	if (!r)
		r = listener_start(l);
	if (r) {
		listener_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

static bool has_option(int fd, int option, int value)
{
	socklen_t size = sizeof(int);
	int is = 0;

	return getsockopt(fd, SOL_SOCKET, option, &is, &size) == 0 && is == value;
}

int listener_new_fd_take(int fd, bool anybody, Listener **ret)
{
	_cleanup_free_ Listener *l = NULL;
	int r;

	if (!has_option(fd, SO_DOMAIN, AF_UNIX) || !has_option(fd, SO_TYPE, SOCK_SEQPACKET) ||
		!has_option(fd, SO_ACCEPTCONN, 1))
		return -EPROTOTYPE;
	l = calloc(1, sizeof(*l));
	if (!l)
		return error_origin(-ENOMEM);
	l->fd = fd;
	l->anybody = anybody;
	/* A service manager hands sockets on in whatever mode; we never wait for a connection. */
	r = fd_set_nonblock(fd, true);
	if (!r)
		r = listener_start(l);
	if (r)
		return r;
	*ret = TAKE_PTR(l);
	return 0;
}

Listener *listener_free(Listener *l)
{
	struct stat now;

	if (!l)
		return NULL;
	l->source = loop_source_remove(l->source);
	l->rested = loop_source_remove(l->rested);
	/* Another server may have put its own there. */
	if (l->path && lstat(l->path, &now) == 0 && now.st_ino == l->made.st_ino &&
		now.st_dev == l->made.st_dev)
		(void)unlink(l->path);
	l->fd = fd_close(l->fd);
	free(l->path);
	free(l);
	return NULL;
}
