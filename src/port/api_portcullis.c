/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <portcullis/port.h>: event loops and keepers.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <portcullis/port.h>

#include "base/fd.h"
#include "base/list.h"
#include "port/api.h"
#include "port/backing.h"
#include "port/keeper.h"
#include "port/pset.h"
#include "port/move.h"
#include "port/probe.h"
#include "port/receive.h"
#include "port/registry.h"

struct portcullis_keeper {
	Ident ident;
	int sock;
	int addr;
	int *pipes;
	uint32_t n_pipes;
	uint16_t qlimit;
	LIST_ENTRY(portcullis_keeper) link;
};

static LIST_HEAD(, portcullis_keeper) keepers = LIST_HEAD_INITIALIZER(keepers);

static int pollable(Entry *entry)
{
	int r;

	if (!entry || !(entry->type & (ENTRY_RECEIVE | ENTRY_PORT_SET)))
		return -EINVAL;
	if (entry->type == ENTRY_PORT_SET) {
		r = pset_need_epoll(entry->set);
		return r ? r : fd_dup(entry->set->epoll_fd);
	}
	r = receive_need_epoll(entry->port);
	return r ? r : fd_dup(entry->port->extra->epoll_fd);
}

_public_ int portcullis_port_fd(mach_port_name_t name)
{
	int r;

	task_lock();
	r = pollable(space_find(name));
	task_unlock();
	if (r >= 0)
		return r;
	errno = r == -EINVAL || r == -EMFILE ? -r : ENOMEM;
	return -1;
}

/* All but the socket. */
static void keeper_close(portcullis_keeper_t k)
{
	k->addr = fd_close(k->addr);
	while (k->n_pipes > 0)
		fd_close(k->pipes[--k->n_pipes]);
}

void keeper_forget_all(void)
{
	portcullis_keeper_t k;

	/* Plainly: the parent has them open. */
	LIST_FOREACH (k, &keepers, link) {
		k->sock = fd_close(k->sock);
		keeper_close(k);
	}
}

static portcullis_keeper_t keeper_free(portcullis_keeper_t k)
{
	if (!k)
		return NULL;
	keeper_close(k);
	free(k->pipes);
	free(k);
	return NULL;
}

static int keeper_new(Port *port, portcullis_keeper_t *ret)
{
	Backing *b = port->backing;
	portcullis_keeper_t k = calloc(1, sizeof(*k));

	if (!k)
		return KERN_RESOURCE_SHORTAGE;
	k->ident = b->ident;
	k->qlimit = port->qlimit;
	k->sock = fd_dup(b->sock);
	k->addr = fd_dup(b->addr);
	k->pipes = calloc(b->n_pipes + 1, sizeof(int));
	for (uint32_t i = 0; k->pipes && i < b->n_pipes; i++) {
		k->pipes[i] = fd_dup(backing_pipe(b, i));
		if (k->pipes[i] < 0)
			break;
		k->n_pipes++;
	}
	if (!k->pipes || k->sock < 0 || k->addr < 0 || k->n_pipes < b->n_pipes) {
		fd_close(k->sock);
		keeper_free(k);
		return KERN_RESOURCE_SHORTAGE;
	}
	b->supervised = true;
	LIST_INSERT_HEAD(&keepers, k, link);
	*ret = k;
	return 0;
}

_public_ kern_return_t portcullis_keeper_create(mach_port_name_t name, portcullis_keeper_t *keeper)
{
	Port *port;
	int r;

	task_lock();
	r = api_receive_right(name, KERN_INVALID_RIGHT, &port);
	if (!r)
		r = backing_make(port);
	if (!r)
		r = keeper_new(port, keeper);
	task_unlock();
	return api_code(r);
}

/* Duplicates of all descriptors: nothing may be missing once the port is here. NULL: not all of them. */
static int *keeper_dup(portcullis_keeper_t k)
{
	_cleanup_free_ int *fds = calloc(k->n_pipes + 1, sizeof(int));

	for (uint32_t i = 0; fds && i <= k->n_pipes; i++) {
		fds[i] = fd_dup(i == 0 ? k->sock : k->pipes[i - 1]);
		if (fds[i] >= 0)
			continue;
		while (i > 0)
			fd_close(fds[--i]);
		return NULL;
	}
	return TAKE_PTR(fds);
}

/* All of them, or none. Consumes the descriptors. */
static int add_pipes_consume(Backing *b, const int *fds, uint32_t n)
{
	int r = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (r == 0)
			r = backing_add_pipe_take(b, fds[i]);
		if (r != 0)
			fd_close(fds[i]);
	}
	while (r != 0 && b->n_pipes > 0)
		fd_close(backing_pipe(b, --b->n_pipes));
	return r;
}

/* The port itself, remote. */
static int find_port(portcullis_keeper_t k, Port **ret)
{
	Backing *b = registry_find(&k->ident);
	int addr, r;

	if (b && b->port->state == PORT_LOCAL)
		return KERN_RIGHT_EXISTS;
	if (b) {
		*ret = port_ref(b->port);
		return 0;
	}
	addr = fd_dup(k->addr);
	r = addr < 0 ? addr : backing_new_take(addr, &k->ident, &b);
	if (r) {
		fd_close(addr);
		return r;
	}
	*ret = port_new_remote(b);
	if (*ret)
		return 0;
	backing_free(b);
	return KERN_RESOURCE_SHORTAGE;
}

/* A local port on duplicates of what the keeper has. What fails has changed nothing. */
static int reclaim(portcullis_keeper_t k, Right *ret)
{
	_cleanup_free_ int *fds = NULL;
	Port *port;
	int r = find_port(k, &port);

	if (r)
		return r;
	fds = keeper_dup(k);
	r = fds ? add_pipes_consume(port->backing, fds + 1, k->n_pipes) : -ENOMEM;
	if (r && fds)
		fd_close(fds[0]);
	if (!r)
		r = move_become_local(port, fds[0], k->qlimit, true);
	if (r) {
		port_unref(port);
		return r;
	}
	*ret = (Right){.kind = RIGHT_RECEIVE, .port = port};
	return 0;
}

_public_ kern_return_t portcullis_keeper_reclaim(portcullis_keeper_t keeper, mach_port_name_t *name)
{
	Right right = RIGHT_NULL;
	PortName given;
	int r;

	task_lock();
	r = reclaim(keeper, &right);
	if (!r)
		r = right_copyout(&right, &given);
	right_drop(&right);
	task_unlock();
	if (!r)
		*name = given;
	return api_code(r);
}

/* By a keeper of this task. */
static bool is_kept(const Ident *ident)
{
	portcullis_keeper_t k;

	LIST_FOREACH (k, &keepers, link) {
		if (ident_equal(&k->ident, ident))
			return true;
	}
	return false;
}

_public_ void portcullis_keeper_destroy(portcullis_keeper_t keeper)
{
	Backing *b;

	if (!keeper)
		return;
	task_lock();
	LIST_REMOVE(keeper, link);
	b = registry_find(&keeper->ident);
	/* With the last holder of the socket goes what is queued in it: never by a plain close,
	 * which could block on what peers have put there. */
	if (b && b->sock >= 0)
		b->supervised = is_kept(&keeper->ident);
	task_unlock();
	(void)probe_close_kind_consume(keeper->sock, PROBE_DGRAM);
	keeper_free(keeper);
}

_public_ kern_return_t portcullis_port_dropped(mach_port_name_t name, uint64_t *dropped)
{
	kern_return_t r;
	Port *port;

	task_lock();
	r = api_receive_right(name, KERN_INVALID_RIGHT, &port);
	if (!r)
		*dropped = port->extra ? port->extra->dropped : 0;
	task_unlock();
	return r;
}
