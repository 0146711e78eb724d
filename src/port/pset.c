/* SPDX-License-Identifier: Apache-2.0 */
#include "port/pset.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "port/backing.h"
#include "port/message.h"
#include "port/queue.h"
#include "port/task.h"

PortSet *pset_new(void)
{
	PortSet *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->refs = 1;
	set->epoll_fd = -EBADF;
	set->event_fd = -EBADF;
	set->event = SOURCE_INIT(SOURCE_EVENT, -EBADF, NULL);
	TAILQ_INIT(&set->members);
	TAILQ_INIT(&set->receivers);
	return set;
}

PortSet *pset_unref(PortSet *set)
{
	if (!set || --set->refs > 0)
		return NULL;
	assert(TAILQ_EMPTY(&set->members) && TAILQ_EMPTY(&set->receivers));
	if (set->event.id)
		source_remove(&set->event, set->epoll_fd);
	source_deinit(&set->event);
	fd_close(set->event_fd);
	fd_close(set->epoll_fd);
	free(set);
	return NULL;
}

static Membership *membership_find(const PortSet *set, const Port *port)
{
	Membership *member;

	if (!port->extra)
		return NULL;
	TAILQ_FOREACH (member, &port->extra->sets, by_port) {
		if (member->set == set)
			return member;
	}
	return NULL;
}

bool pset_is_member(const PortSet *set, const Port *port)
{
	return membership_find(set, port) != NULL;
}

static bool port_has_local_message(const Port *port)
{
	return port->msgcount > 0 || (port->extra && port->extra->n_carriers > 0);
}

static bool port_has_sources(const Port *port)
{
	return (port->backing && port->backing->sock >= 0) ||
	       (port->extra && !TAILQ_EMPTY(&port->extra->answers));
}

bool pset_has_sources(const PortSet *set)
{
	Membership *member;

	TAILQ_FOREACH (member, &set->members, by_set) {
		if (port_has_sources(member->port))
			return true;
	}
	return false;
}

int pset_insert(PortSet *set, Port *port)
{
	Membership *member;
	int r;

	if (membership_find(set, port))
		return KERN_ALREADY_IN_SET;
	r = port_need_extra(port);
	if (r)
		return r;
	if (port_has_sources(port)) {
		r = pset_need_epoll(set);
		if (r)
			return KERN_RESOURCE_SHORTAGE;
	}
	member = calloc(1, sizeof(*member));
	if (!member)
		return KERN_RESOURCE_SHORTAGE;
	if (set->epoll_fd >= 0 && source_add_port(port, set->epoll_fd) < 0) {
		source_remove_port(port, set->epoll_fd);
		free(member);
		return KERN_RESOURCE_SHORTAGE;
	}
	member->set = set;
	member->port = port;
	TAILQ_INSERT_TAIL(&set->members, member, by_set);
	TAILQ_INSERT_TAIL(&port->extra->sets, member, by_port);
	set->n_members++;
	if (port_has_local_message(port))
		pset_announce(set);
	else
		pset_rouse(set);
	return 0;
}

static void membership_free(Membership *member)
{
	source_remove_port(member->port, member->set->epoll_fd);
	TAILQ_REMOVE(&member->set->members, member, by_set);
	TAILQ_REMOVE(&member->port->extra->sets, member, by_port);
	member->set->n_members--;
	free(member);
}

int pset_remove(PortSet *set, Port *port)
{
	Membership *member = membership_find(set, port);

	if (!member)
		return KERN_NOT_IN_SET;
	membership_free(member);
	return 0;
}

bool pset_remove_all(Port *port)
{
	bool any = false;

	if (!port->extra)
		return false;
	while (!TAILQ_EMPTY(&port->extra->sets)) {
		membership_free(TAILQ_FIRST(&port->extra->sets));
		any = true;
	}
	return any;
}

void pset_remove_others(PortSet *set, Port *port)
{
	Membership *member, *next;

	TAILQ_FOREACH_SAFE (member, &port->extra->sets, by_port, next) {
		if (member->set != set)
			membership_free(member);
	}
}

void pset_destroy(PortSet *set)
{
	set->name = 0;
	while (!TAILQ_EMPTY(&set->members))
		membership_free(TAILQ_FIRST(&set->members));
	pset_rouse(set);
}

static void event_set(PortSet *set, bool on)
{
	eventfd_t value;

	/* In a fork child the descriptor is the parent's. */
	if (set->event_fd < 0 || set->event_set == on || task.forgetting)
		return;
	if (on)
		(void)eventfd_write(set->event_fd, 1);
	else
		(void)eventfd_read(set->event_fd, &value);
	set->event_set = on;
}

void pset_announce(PortSet *set)
{
	waiter_wake_first(&set->receivers);
	event_set(set, true);
}

void pset_rouse(PortSet *set)
{
	waiter_wake_all(&set->receivers);
	/* A thread in epoll_wait() looks again for any event; the next look clears it. */
	event_set(set, true);
}

Message *pset_pop(PortSet *set, Message *local, Port **ret_port)
{
	Membership *member, *next;
	Message *m;

	for (member = TAILQ_FIRST(&set->members); member; member = next) {
		next = TAILQ_NEXT(member, by_set);
		if (!port_has_local_message(member->port))
			continue;
		m = queue_pop_into(member->port, local);
		if (!m)
			continue;
		*ret_port = member->port;
		TAILQ_REMOVE(&set->members, member, by_set);
		TAILQ_INSERT_TAIL(&set->members, member, by_set);
		return m;
	}
	event_set(set, false);
	return NULL;
}

int pset_need_epoll(PortSet *set)
{
	Membership *member;
	int r = 0;

	if (set->epoll_fd >= 0)
		return 0;
	set->event_fd = fd_above_stdio_consume(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	set->epoll_fd = fd_above_stdio_consume(epoll_create1(EPOLL_CLOEXEC));
	if (set->event_fd < 0 || set->epoll_fd < 0)
		r = -EMFILE;
	set->event.fd = set->event_fd;
	if (!r)
		r = source_add(&set->event, set->epoll_fd);
	TAILQ_FOREACH (member, &set->members, by_set) {
		if (r)
			break;
		r = source_add_port(member->port, set->epoll_fd);
	}
	if (r) {
		source_deinit(&set->event);
		set->event_fd = fd_close(set->event_fd);
		set->epoll_fd = fd_close(set->epoll_fd);
		return r;
	}
	/* Threads that sleep without a descriptor change over; a message may be waiting. */
	set->event_set = false;
	pset_rouse(set);
	return 0;
}

void pset_forget_threads(PortSet *set)
{
	TAILQ_INIT(&set->receivers);
}
