/* SPDX-License-Identifier: Apache-2.0 */
#include "port/backing.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/random.h"
#include "port/port.h"
#include "port/hold.h"
#include "port/ident.h"
#include "port/portdir.h"
#include "port/probe.h"
#include "port/pull.h"
#include "port/reaper.h"
#include "port/registry.h"
#include "port/sender.h"
#include "port/source.h"
#include "port/task.h"
#include "port/watch.h"

static Backing *backing_new(void)
{
	Backing *b = alloc_zero(sizeof(*b));

	if (!b)
		return NULL;
	b->addr = b->sock = b->pipe_w = b->pipe_r0 = -EBADF;
	b->uid = (uid_t)-1;
	return b;
}

/* Of its pipes and its address: whoever can hold up the close of one holds a right to the port, or has the
 * port, and so keeps it from being without senders anyway. Without being registered it has no hash, and no
 * kin. */
static uint32_t kin_of(const Backing *b)
{
	return b->hash >= REAPER_KIN_OTHERS ? b->hash : REAPER_NO_KIN;
}

Backing *backing_free(Backing *b)
{
	if (!b)
		return NULL;
	registry_remove(b);
	registry_forget_renewed(b);
	backing_close_send(b);
	if (b->sock >= 0)
		backing_close_receive(b);
	(void)probe_close_blaming_consume(b->addr, b->uid, kin_of(b));
	source_free(b->source);
	free(b->pipes);
	free(b);
	return NULL;
}

/* A pipe of one page: pipes of the usual size use up what a uid may have. */
static int epoch_pipe(int *ret_r, int *ret_w)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	(void)fcntl(fds[0], F_SETPIPE_SZ, 4096);
	fds[0] = fd_above_stdio_consume(fds[0]);
	fds[1] = fd_above_stdio_consume(fds[1]);
	if (fds[0] < 0 || fds[1] < 0) {
		fd_close(fds[0]);
		fd_close(fds[1]);
		return -EMFILE;
	}
	*ret_r = fds[0];
	*ret_w = fds[1];
	return 0;
}

int backing_pipe(const Backing *b, uint32_t i)
{
	return i == 0 ? b->pipe_r0 : b->pipes[i - 1];
}

int backing_add_pipe_take(Backing *b, int fd)
{
	if (b->n_pipes == 0) {
		b->pipe_r0 = fd;
	} else {
		int *pipes = reallocarray(b->pipes, b->n_pipes, sizeof(int));

		if (!pipes)
			return -ENOMEM;
		b->pipes = pipes;
		b->pipes[b->n_pipes - 1] = fd;
	}
	b->n_pipes++;
	return 0;
}

static void backing_remove_pipe(Backing *b, uint32_t i)
{
	uint32_t last = b->n_pipes - 1;
	int *slot = i == 0 ? &b->pipe_r0 : &b->pipes[i - 1];

	/* Whoever has the other end may hold the pipe's lock for ever. */
	probe_close_lazily_consume(*slot);
	*slot = backing_pipe(b, last);
	b->n_pipes--;
	if (b->n_pipes == 0)
		b->pipe_r0 = -EBADF;
}

static int backing_fresh_pipe(Backing *b)
{
	_cleanup_close_ int rd = -EBADF, wr = -EBADF;
	int r;

	r = epoch_pipe(&rd, &wr);
	if (r)
		return r;
	r = backing_add_pipe_take(b, rd);
	if (r)
		return r;
	rd = -EBADF;
	b->pipe_w = TAKE_FD(wr);
	return 0;
}

int backing_make(Port *port)
{
	Backing *b;
	int r;

	if (port->backing)
		return 0;
	b = backing_new();
	if (!b)
		return -ENOMEM;
	r = portdir_mint(&b->sock, &b->addr, &b->ident);
	if (r)
		goto error;
	random_bytes(b->ident.secret, sizeof(b->ident.secret));
	r = backing_fresh_pipe(b);
	if (r)
		goto error;
	b->known_device = true;
	b->port = port;
	r = registry_add(b);
	if (r) {
		r = -ENOMEM;
		goto error;
	}
	port->backing = b;
	r = source_publish_socket(port);
	if (r < 0) {
		port->backing = NULL;
		goto error;
	}
	/* No-senders was asked for before there was anything to watch. */
	if (port->extra && port->extra->nsrequest.kind != RIGHT_NONE) {
		r = watch_new_pipe(port);
		if (r) {
			port->backing = NULL;
			goto error;
		}
	}
	/* Threads that sleep without a descriptor watch the socket from now on. */
	port_rouse(port, false);
	return 0;
error:
	b->source = source_free(b->source);
	b->sock = probe_close_lazily_consume(b->sock);
	while (b->n_pipes > 0)
		backing_remove_pipe(b, b->n_pipes - 1);
	backing_free(b);
	return r < 0 ? r : -ENOMEM;
}

int backing_new_take(int addr, const Ident *ident, Backing **ret)
{
	Backing *b = backing_new();

	if (!b)
		return -ENOMEM;
	b->ident = *ident;
	if (registry_add(b)) {
		free(b);
		return -ENOMEM;
	}
	b->known_device = portdir_knows_device(ident->dev);
	b->addr = addr;
	*ret = b;
	return 0;
}

int backing_adopt_send_take(int addr, const Ident *ident, int pipe_w, uid_t uid, Backing **ret)
{
	Backing *b = registry_find(ident);
	int r;

	if (b) {
		fd_close(addr);
		/* A holder keeps any one write end; our own ports count their holders here. */
		if (b->sock < 0 && b->pipe_w < 0)
			b->pipe_w = pipe_w;
		else
			probe_close_blaming_consume(pipe_w, uid, kin_of(b));
		*ret = b;
		return 0;
	}
	if (registry_was_renewed(ident)) {
		fd_close(addr);
		probe_close_lazily_consume(pipe_w);
		*ret = NULL;
		return 0;
	}
	r = backing_new_take(addr, ident, &b);
	if (r)
		return r;
	b->pipe_w = pipe_w;
	b->uid = uid;
	*ret = b;
	return 0;
}

int backing_export_pipe(Backing *b, int *ret_fd, bool *ret_owned)
{
	bool armed = b->port->extra && b->port->extra->nsrequest.kind != RIGHT_NONE;
	int r;

	if (b->pipe_w < 0 && b->port->state == PORT_LOCAL) {
		r = backing_fresh_pipe(b);
		if (r)
			return r;
		if (armed) {
			r = watch_new_pipe(b->port);
			if (r) {
				b->pipe_w = fd_close(b->pipe_w);
				backing_remove_pipe(b, b->n_pipes - 1);
				return r;
			}
			/* Kept, it would count as a sender of its own. */
			*ret_fd = TAKE_FD(b->pipe_w);
			*ret_owned = true;
			return 0;
		}
	}
	*ret_fd = b->pipe_w;
	*ret_owned = false;
	return 0;
}

void backing_remove_ended(Backing *b)
{
	for (uint32_t i = b->n_pipes; i-- > 0;) {
		struct pollfd p = {.fd = backing_pipe(b, i)};

		if (poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR | POLLNVAL)) {
			watch_forget_pipe(b->port, p.fd);
			backing_remove_pipe(b, i);
		}
	}
}

int backing_take_own_end(Backing *b)
{
	int fd = b->pipe_w;

	b->pipe_w = -EBADF;
	return hold_keeps(fd, b->uid) ? -EBADF : fd;
}

bool backing_no_senders(Backing *b)
{
	/* At once, but not here; the hang-up is seen when it is done. */
	(void)probe_close_consume(backing_take_own_end(b));
	backing_remove_ended(b);
	return b->n_pipes == 0;
}

int backing_renew(Backing *b)
{
	registry_remove(b);
	random_bytes(b->ident.secret, sizeof(b->ident.secret));
	registry_note_renewed(b);
	return registry_add(b);
}

void backing_close_send(Backing *b)
{
	(void)probe_close_blaming_consume(backing_take_own_end(b), b->uid, kin_of(b));
	b->sender = sender_unref(b->sender);
}

void backing_close_receive(Backing *b)
{
	if (b->sock >= 0) {
		/* Nobody can send from here on, so that the drain is complete. With a supervisor
		 * the queue lives on: it is not ours to empty. */
		if (!b->supervised && !task.forgetting) {
			(void)shutdown(b->sock, SHUT_RDWR);
			if (!b->foreign)
				pull_discard(b->sock, b->port);
		}
		b->source = source_free(b->source);
		b->sock = b->foreign ? probe_close_lazily_consume(b->sock) : fd_close(b->sock);
	}
	while (b->n_pipes > 0)
		backing_remove_pipe(b, b->n_pipes - 1);
}

void backing_release_receive(Backing *b)
{
	b->source = source_free(b->source);
	b->sock = fd_close(b->sock);
	while (b->n_pipes > 0)
		backing_remove_pipe(b, b->n_pipes - 1);
}

int backing_own_pipe(Backing *b)
{
	return backing_fresh_pipe(b);
}

void backing_close_sender(Backing *b)
{
	b->sender = sender_unref(b->sender);
}
