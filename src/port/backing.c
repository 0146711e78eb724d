/* SPDX-License-Identifier: Apache-2.0 */
#include "port/backing.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/random.h"
#include "port/port.h"
#include "port/ident.h"
#include "port/portdir.h"
#include "port/pull.h"
#include "port/sender.h"
#include "port/source.h"
#include "port/task.h"
#include "port/watch.h"

static Backing *registry;
static uint64_t n_renewed; /* secrets that were given up: such a one may still arrive */

static Backing *backing_new(void)
{
	Backing *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->addr = b->sock = b->pipe_w = b->pipe_r0 = -EBADF;
	b->uid = (uid_t)-1;
	return b;
}

Backing *backing_free(Backing *b)
{
	if (!b)
		return NULL;
	backing_unregister(b);
	backing_close_send(b);
	if (b->sock >= 0)
		backing_close_receive(b);
	fd_close(b->addr);
	free(b->pipes);
	free(b);
	return NULL;
}

int backing_register(Backing *b)
{
	HASH_ADD(hh, registry, ident, sizeof(b->ident), b);
	if (!b->hh.tbl)
		return KERN_RESOURCE_SHORTAGE;
	b->registered = true;
	return 0;
}

void backing_unregister(Backing *b)
{
	if (b->registered)
		HASH_DEL(registry, b);
	b->registered = false;
}

Backing *backing_find(const Ident *ident)
{
	Backing *b;

	HASH_FIND(hh, registry, ident, sizeof(*ident), b);
	return b;
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

	fd_close(*slot);
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
	b->source = SOURCE_INIT(SOURCE_SOCKET, b->sock, port);
	r = backing_register(b);
	if (r) {
		r = -ENOMEM;
		goto error;
	}
	port->backing = b;
	r = source_publish(&b->source);
	if (r < 0) {
		port->backing = NULL;
		goto error;
	}
	/* Threads that sleep without a descriptor watch the socket from now on. */
	port_rouse(port, false);
	return 0;
error:
	source_deinit(&b->source);
	b->sock = fd_close(b->sock);
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
	if (backing_register(b)) {
		free(b);
		return -ENOMEM;
	}
	b->known_device = portdir_knows_device(ident->dev);
	b->addr = addr;
	*ret = b;
	return 0;
}

/* A port of ours at this address, whatever the secret. */
static bool is_own_address(const Ident *ident)
{
	Backing *b, *next;

	HASH_ITER(hh, registry, b, next)
	{
		if (b->sock >= 0 && b->ident.dev == ident->dev && b->ident.ino == ident->ino &&
			b->ident.btime_ns == ident->btime_ns)
			return true;
	}
	return false;
}

int backing_adopt_send(int addr, int pipe_w, const uint8_t secret[16], uid_t uid, Backing **ret)
{
	Ident ident = { 0 };
	Backing *b;
	int r;

	r = ident_read(addr, &ident);
	if (r)
		return r;
	memcpy(ident.secret, secret, sizeof(ident.secret));
	b = backing_find(&ident);
	if (b) {
		fd_close(addr);
		/* A holder keeps any one write end; our own ports count their holders here. */
		if (b->sock < 0 && b->pipe_w < 0)
			b->pipe_w = pipe_w;
		else
			fd_close(pipe_w);
		*ret = b;
		return 0;
	}
	if (n_renewed > 0 && is_own_address(&ident)) {
		fd_close(addr);
		fd_close(pipe_w);
		*ret = NULL;
		return 0;
	}
	r = backing_new_take(addr, &ident, &b);
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

	if (b->pipe_w < 0) {
		r = backing_fresh_pipe(b);
		if (r)
			return r;
		if (armed) {
			/* Kept, it would count as a sender of its own. */
			*ret_fd = TAKE_FD(b->pipe_w);
			*ret_owned = true;
			watch_new_pipe(b->port);
			return 0;
		}
	}
	*ret_fd = b->pipe_w;
	*ret_owned = false;
	return 0;
}

bool backing_no_senders(Backing *b)
{
	b->pipe_w = fd_close(b->pipe_w);
	for (uint32_t i = b->n_pipes; i-- > 0;) {
		struct pollfd p = { .fd = backing_pipe(b, i) };

		if (poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR | POLLNVAL)) {
			watch_forget_pipe(b->port, p.fd);
			backing_remove_pipe(b, i);
		}
	}
	return b->n_pipes == 0;
}

int backing_renew(Backing *b)
{
	backing_unregister(b);
	random_bytes(b->ident.secret, sizeof(b->ident.secret));
	n_renewed++;
	return backing_register(b);
}

void backing_close_send(Backing *b)
{
	b->pipe_w = fd_close(b->pipe_w);
	b->sender = sender_unref(b->sender);
}

void backing_close_receive(Backing *b)
{
	if (b->sock >= 0) {
		/* Nobody can send from here on, so that the drain is complete. With a supervisor
		 * the queue lives on: it is not ours to empty. */
		if (!b->supervised && !task.forgetting) {
			(void)shutdown(b->sock, SHUT_RDWR);
			pull_discard(b->sock, b->port);
		}
		source_deinit(&b->source);
		b->sock = fd_close(b->sock);
	}
	while (b->n_pipes > 0)
		backing_remove_pipe(b, b->n_pipes - 1);
}

void backing_release_receive(Backing *b)
{
	source_deinit(&b->source);
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

bool backing_prompt(const Backing *b)
{
	struct pollfd p = { .fd = b->pipe_w };

	return b->pipe_w < 0 || (poll(&p, 1, 0) == 1 && p.revents & (POLLERR | POLLNVAL));
}
