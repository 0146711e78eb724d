/* SPDX-License-Identifier: Apache-2.0 */
#include "port/serve.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "port/backing.h"
#include "port/port.h"
#include "port/pset.h"
#include "port/space.h"
#include "port/takeover.h"
#include "port/task.h"
#include "port/watch.h"

/* A port has an epoch pipe more each time that it was asked about in vain and a right to it was made
 * since; with so many it is not asked about any more. */
#define PIPES_MAX 3

/* How long clients of a run that has ended may take to notice it, and how often it is asked. */
#define CLIENTS_TAKE_MS 100
#define CLIENTS_ASK_MS 2

static Port *find_receive(PortName name)
{
	Entry *entry = space_find(name);

	return entry && entry->type & ENTRY_RECEIVE ? entry->port : NULL;
}

static int watch(Entry *entry, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = SOURCE_NONE};
	int r;

	if (!entry || entry->type != ENTRY_PORT_SET)
		return -EINVAL;
	r = pset_need_epoll(entry->set);
	if (r)
		return r < 0 ? r : -ENOMEM;
	return epoll_ctl(entry->set->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int serve_watch(PortName set, int fd)
{
	int r;

	task_lock();
	r = watch(space_find(set), fd);
	task_unlock();
	return r;
}

int serve_expose(PortName name, int *ret_sock)
{
	Port *port;
	int r;

	task_lock();
	port = find_receive(name);
	r = port ? backing_make(port) : -EINVAL;
	if (!r)
		*ret_sock = port->backing->sock;
	task_unlock();
	return r;
}

/* Whether the port has no more to do with other processes than that they may send to it. */
static bool is_plain(const Port *port)
{
	const PortExtra *x = port->extra;

	if (!port_is_receivable(port) || port->backing->supervised || port->sorights > 0 ||
		port->srights > 1)
		return false;
	return !x || (!x->direct && TAILQ_EMPTY(&x->sets) && x->epoll_fd < 0 && x->n_leases == 0 &&
			     x->n_carriers == 0 && TAILQ_EMPTY(&x->answers) &&
			     x->nsrequest.kind == RIGHT_NONE);
}

static bool is_idle(Port *port)
{
	Backing *b = port->backing;

	if (!b)
		return true;
	if (!is_plain(port))
		return false;
	backing_remove_ended(b);
	if (b->pipe_w >= 0 && b->n_pipes > PIPES_MAX)
		return false;
	/* The queue last: what nobody can send any more does not come after the look. */
	return backing_no_senders(b) && !port_has_queued(port);
}

bool serve_is_idle(PortName name)
{
	Port *port;
	bool r;

	task_lock();
	port = find_receive(name);
	r = port && is_idle(port);
	task_unlock();
	return r;
}

void serve_conceal(PortName name)
{
	Port *port;

	task_lock();
	port = find_receive(name);
	if (port && port->backing && is_plain(port)) {
		watch_forget_port(port);
		port->backing = backing_free(port->backing);
	}
	task_unlock();
}

static bool expects_client(PortName name)
{
	Port *port;
	bool r;

	task_lock();
	port = find_receive(name);
	r = port && takeover_is_due(port);
	task_unlock();
	return r;
}

void serve_await_clients(PortName name)
{
	Deadline end = deadline_after_ms(CLIENTS_TAKE_MS);

	/* Nobody tells of their coming: whoever watches the socket sees what is there already. */
	while (expects_client(name) && !deadline_is_past(end))
		(void)poll(NULL, 0, CLIENTS_ASK_MS);
}

static int identify_by_reply(Entry *entry)
{
	if (!entry || !(entry->type & (ENTRY_RECEIVE | ENTRY_PORT_SET)))
		return -EINVAL;
	if (entry->type == ENTRY_PORT_SET)
		entry->set->by_reply = true;
	else
		entry->port->flags |= PORT_F_BY_REPLY;
	return 0;
}

int serve_identify_by_reply(PortName name)
{
	int r;

	task_lock();
	r = identify_by_reply(space_find(name));
	task_unlock();
	return r;
}
