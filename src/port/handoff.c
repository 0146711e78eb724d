/* SPDX-License-Identifier: Apache-2.0 */
#include "port/handoff.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/sockmsg.h"
#include "port/backing.h"
#include "port/budget.h"
#include "port/port.h"
#include "port/probe.h"
#include "port/right.h"
#include "port/space.h"
#include "port/task.h"

#define HANDOFF_MAGIC 0x31484f50u

typedef struct Handoff {
	uint32_t magic;
	uint32_t pad;
	Ident ident;
} Handoff;

/* Duplicates that outlive the lock. */
typedef struct Ends {
	int addr;
	int pipe_w;
} Ends;

static int export_right(const Right *right, Handoff *ret, Ends *ret_ends)
{
	Backing *b;
	bool owned;
	int r, fd;

	if (right->kind != RIGHT_SEND || right->port->state == PORT_DEAD ||
		right->port->kobject_type)
		return KERN_INVALID_RIGHT;
	r = backing_make(right->port);
	if (r)
		return r < 0 ? r : -EIO;
	b = right->port->backing;
	r = backing_export_pipe(b, &fd, &owned);
	if (r)
		return r < 0 ? r : -EIO;
	*ret = (Handoff){.magic = HANDOFF_MAGIC, .ident = b->ident};
	ret_ends->addr = fd_dup(b->addr);
	ret_ends->pipe_w = owned ? fd : fd_dup(fd);
	return ret_ends->addr < 0 ? ret_ends->addr : MIN(ret_ends->pipe_w, 0);
}

static int export_name(PortName name, Handoff *ret, Ends *ret_ends)
{
	Right right = RIGHT_NULL;
	int r;

	task_lock();
	r = right_copyin(name, MACH_MSG_TYPE_COPY_SEND, &right);
	if (!r)
		r = export_right(&right, ret, ret_ends);
	right_drop(&right);
	task_unlock();
	return r;
}

int handoff_send(int sock, PortName name)
{
	_cleanup_fdlist_ FdList fds = FDLIST_INIT;
	Ends ends = {-EBADF, -EBADF};
	Handoff h;
	struct iovec iov = {.iov_base = &h, .iov_len = sizeof(h)};
	int r;

	r = export_name(name, &h, &ends);
	if (r) {
		fd_close(ends.addr);
		fd_close(ends.pipe_w);
		return r;
	}
	r = fdlist_add_consume(&fds, ends.addr);
	if (r < 0)
		fd_close(ends.pipe_w);
	else
		r = fdlist_add_consume(&fds, ends.pipe_w);
	if (r < 0)
		return r;
	return sockmsg_send(sock, &iov, 1, &fds, MSG_DONTWAIT);
}

/* Who is charged for what it does not read: whoever sent, else whoever the socket is connected to. */
static uid_t uid_of(int sock, const SockMsg *m)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (m->has_cred)
		return m->uid;
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0 || size != sizeof(cred))
		return BUDGET_NOBODY;
	return cred.uid;
}

/* Descriptors that came with something else are closed by somebody who may hang. */
static void refuse(SockMsg *m)
{
	fdlist_deinit_by(&m->fds, probe_dispose);
	sockmsg_deinit(m);
}

static int adopt(const Handoff *h, SockMsg *m, uid_t uid, Right *ret)
{
	Ident ident = {0};
	int addr, pipe_w;

	if (ident_read(fdlist_get(&m->fds, 0), &ident))
		return HANDOFF_E_BAD;
	memcpy(ident.secret, h->ident.secret, sizeof(ident.secret));
	if (!ident_equal(&ident, &h->ident))
		return HANDOFF_E_BAD;
	addr = fdlist_steal(&m->fds, 0);
	pipe_w = fdlist_steal(&m->fds, 1);
	if (right_adopt_send_consume(addr, &ident, pipe_w, uid, ret))
		return error_origin(-ENOMEM);
	if (ret->kind == RIGHT_SEND)
		return 0;
	*ret = RIGHT_NULL;
	return HANDOFF_E_BAD;
}

static int import(const Handoff *h, SockMsg *m, uid_t uid, PortName *ret)
{
	Right right = RIGHT_NULL;
	int r;

	if (m->n_bytes != sizeof(*h) || m->data_truncated || h->magic != HANDOFF_MAGIC ||
		fdlist_count(&m->fds) > 2)
		return HANDOFF_E_BAD;
	/* Lost on our side: there was no room for them. */
	if (m->fds_truncated)
		return -EMFILE;
	if (probe_kind(fdlist_get(&m->fds, 0)) != PROBE_ADDR ||
		probe_kind(fdlist_get(&m->fds, 1)) != PROBE_PIPE_W)
		return HANDOFF_E_BAD;
	task_lock();
	r = adopt(h, m, uid, &right);
	if (!r && right_copyout(&right, ret))
		r = -ENOSPC;
	right_drop(&right);
	task_unlock();
	return r;
}

int handoff_receive(int sock, PortName *ret)
{
	Handoff h = {0};
	struct iovec iov = {.iov_base = &h, .iov_len = sizeof(h)};
	SockMsg m;
	int r;

	r = sockmsg_recv(sock, &iov, 1, &m, MSG_DONTWAIT);
	if (r < 0) {
		if (r == -EAGAIN)
			return HANDOFF_E_EMPTY;
		/* It went without having read what we sent. */
		return r == -ECONNRESET ? HANDOFF_E_CLOSED : r;
	}
	if (m.n_bytes == 0 && fdlist_count(&m.fds) == 0 && !m.fds_truncated)
		r = HANDOFF_E_CLOSED;
	else
		r = import(&h, &m, uid_of(sock, &m), ret);
	refuse(&m);
	return r;
}
