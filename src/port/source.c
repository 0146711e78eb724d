/* SPDX-License-Identifier: Apache-2.0 */
#include "port/source.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "port/answer.h"
#include "port/backing.h"
#include "port/port.h"
#include "port/pset.h"
#include "port/task.h"

static Source *registry;

int source_add(Source *source, int epoll_fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	if (!source->id) {
		source->id = task_serial();
		HASH_ADD(hh, registry, id, sizeof(source->id), source);
		if (!source->hh.tbl) {
			source->id = 0;
			return -ENOMEM;
		}
	}
	event.data.u64 = source->id;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

void source_remove(Source *source, int epoll_fd)
{
	/* In a fork child the epoll set is the parent's, and so is what it watches. */
	if (epoll_fd >= 0 && source->id && !task.forgetting)
		(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
}

void source_deinit(Source *source)
{
	Membership *member;

	if (!source->id)
		return;
	if (source->port && source->port->extra) {
		source_remove(source, source->port->extra->epoll_fd);
		TAILQ_FOREACH (member, &source->port->extra->sets, by_port)
			source_remove(source, member->set->epoll_fd);
	}
	HASH_DEL(registry, source);
	source->id = 0;
}

Source *source_find(uint64_t id)
{
	Source *source;

	HASH_FIND(hh, registry, &id, sizeof(id), source);
	return source;
}

int source_publish(Source *source)
{
	PortExtra *x = source->port->extra;
	Membership *member;
	int r = 0;

	if (!x)
		return 0;
	if (x->epoll_fd >= 0)
		r = source_add(source, x->epoll_fd);
	TAILQ_FOREACH (member, &x->sets, by_port) {
		if (r < 0)
			break;
		/* A set that was waiting in memory only must start to watch descriptors. */
		if (member->set->epoll_fd < 0)
			r = pset_need_epoll(member->set);
		else
			r = source_add(source, member->set->epoll_fd);
		pset_rouse(member->set);
	}
	return r;
}

Source *source_free(Source *source)
{
	if (source)
		source_deinit(source);
	free(source);
	return NULL;
}

/* A socket has a source only while somebody watches it by epoll. */
static Source *need_socket_source(Port *port)
{
	Backing *b = port->backing;

	if (!b->source) {
		b->source = malloc(sizeof(*b->source));
		if (b->source)
			*b->source = SOURCE_INIT(SOURCE_SOCKET, b->sock, port);
	}
	return b->source;
}

static int add_socket(Port *port, int epoll_fd)
{
	Source *source = need_socket_source(port);

	return source ? source_add(source, epoll_fd) : -ENOMEM;
}

static void remove_socket(Port *port, int epoll_fd)
{
	if (port->backing->source)
		source_remove(port->backing->source, epoll_fd);
}

int source_publish_socket(Port *port)
{
	PortExtra *x = port->extra;
	Source *source;

	if (!x || (x->epoll_fd < 0 && TAILQ_EMPTY(&x->sets)))
		return 0;
	source = need_socket_source(port);
	return source ? source_publish(source) : -ENOMEM;
}

int source_add_port(Port *port, int epoll_fd)
{
	Answer *answer;
	int r = 0;

	if (port->backing && port->backing->sock >= 0)
		r = add_socket(port, epoll_fd);
	if (!port->extra)
		return r;
	TAILQ_FOREACH (answer, &port->extra->answers, link) {
		if (r < 0)
			break;
		r = source_add(&answer->source, epoll_fd);
	}
	return r;
}

void source_remove_port(Port *port, int epoll_fd)
{
	Answer *answer;

	if (epoll_fd < 0)
		return;
	if (port->backing && port->backing->sock >= 0)
		remove_socket(port, epoll_fd);
	if (!port->extra)
		return;
	TAILQ_FOREACH (answer, &port->extra->answers, link)
		source_remove(&answer->source, epoll_fd);
}
