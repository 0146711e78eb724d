/* SPDX-License-Identifier: Apache-2.0 */
#include "port/once.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "port/answer.h"
#include "port/lease_server.h"
#include "port/notify.h"
#include "port/names.h"
#include "port/pidversion.h"
#include "port/port.h"
#include "port/probe.h"
#include "port/reaper.h"
#include "port/request.h"
#include "port/space.h"
#include "port/watch.h"

static SendOnce *once_new(OnceKind kind)
{
	SendOnce *once = alloc_zero(sizeof(*once));

	if (once)
		once->kind = kind;
	return once;
}

SendOnce *once_new_local(Port *port)
{
	SendOnce *once;

	if (port_need_extra(port))
		return NULL;
	once = once_new(ONCE_LOCAL);
	if (!once)
		return NULL;
	once->uid = REAPER_NOBODY;
	once->port = port_ref(port);
	TAILQ_INSERT_TAIL(&port->extra->onces, once, link);
	port->sorights++;
	return once;
}

SendOnce *once_new_pair_take(int fd, const Creds *creds)
{
	SendOnce *once = once_new(ONCE_PAIR);

	if (once) {
		once->fd = fd;
		once->uid = creds->uid;
		once->pid = creds->pid;
	}
	return once;
}

SendOnce *once_new_lease(LeaseServer *lease, uint64_t seq, const Creds *creds)
{
	SendOnce *once = once_new(ONCE_LEASE);

	if (once) {
		once->lease = lease_server_ref(lease);
		once->seq = seq;
		once->uid = creds->uid;
		once->pid = creds->pid;
	}
	return once;
}

/* Off the port's list; the port's reference goes with it. */
static void once_detach(SendOnce *once)
{
	Port *port = once->port;

	TAILQ_REMOVE(&port->extra->onces, once, link);
	once->kind = ONCE_DEAD;
	once->port = NULL;
	port_unref(port);
}

SendOnce *once_free(SendOnce *once)
{
	if (!once)
		return NULL;
	if (once->name)
		watch_forget_once(once);
	switch (once->kind) {
	case ONCE_LOCAL:
		once->port->sorights--;
		once_detach(once);
		break;
	case ONCE_PAIR:
		once->fd = probe_close_blaming_consume(once->fd, once->uid, REAPER_NO_KIN);
		break;
	case ONCE_LEASE:
		lease_server_unref(once->lease);
		break;
	case ONCE_DEAD:
		break;
	}
	free(once);
	return NULL;
}

SendOnce *once_die(SendOnce *once)
{
	if (!once)
		return NULL;
	if (once->kind == ONCE_LOCAL) {
		Port *port = port_ref(once->port);

		once_free(once);
		notify_send_once(port);
		port_unref(port);
		return NULL;
	}
	/* A pair says it by being closed. */
	if (once->kind == ONCE_LEASE)
		lease_server_died(once->lease, once->seq);
	return once_free(once);
}

bool once_is_dead(SendOnce *once)
{
	struct pollfd p;
	int fd;

	switch (once->kind) {
	case ONCE_LOCAL:
		return once->port->state == PORT_DEAD;
	case ONCE_PAIR:
		fd = once->fd;
		break;
	case ONCE_LEASE:
		fd = lease_server_fd(once->lease);
		break;
	default:
		return true;
	}
	if (fd < 0)
		return false;
	p = (struct pollfd){.fd = fd};
	return poll(&p, 1, 0) == 1 && p.revents & (POLLHUP | POLLERR | POLLNVAL);
}

uint32_t once_maker_version(const SendOnce *once, pid_t pid)
{
	switch (once->kind) {
	case ONCE_PAIR:
		return pidversion_of_maker(once->fd, pid);
	case ONCE_LEASE:
		return lease_server_version(once->lease, pid);
	default:
		return 0;
	}
}

int once_make_pair(SendOnce *once)
{
	_cleanup_close_ int far = -EBADF;
	Answer *answer;
	int r;

	if (once->kind == ONCE_LEASE) {
		r = lease_server_move(once->lease, once->seq, &far);
		if (r)
			return r;
		lease_server_unref(once->lease);
	} else if (once->kind == ONCE_LOCAL) {
		Port *port = once->port;

		r = answer_make(port, &answer, &far);
		if (r)
			return r < 0 ? r : -ENOMEM;
		/* sorights goes over to the answer. */
		once_detach(once);
	} else {
		return 0;
	}
	once->kind = ONCE_PAIR;
	once->fd = TAKE_FD(far);
	request_moved_away(once->name);
	return 0;
}

void once_orphan(SendOnce *once)
{
	PortName name = once->name;

	assert(once->kind == ONCE_LOCAL);
	once->port->sorights--;
	once_detach(once);
	/* Without a request it turns into a dead name when it is next looked at: an answer to a client
	 * that has gone must succeed. */
	if (name && space_find_raw(name)->flags & ENTRY_F_REQUEST)
		name_check(space_find_raw(name));
}

void once_mark_dead(SendOnce *once)
{
	PortName name = once->name;

	if (once->kind == ONCE_PAIR)
		once->fd = probe_close_blaming_consume(once->fd, once->uid, REAPER_NO_KIN);
	else if (once->kind == ONCE_LEASE)
		lease_server_unref(once->lease);
	once->kind = ONCE_DEAD;
	if (name)
		name_check(space_find_raw(name));
}
