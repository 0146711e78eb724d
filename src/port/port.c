/* SPDX-License-Identifier: Apache-2.0 */
#include "port/names.h"
#include "port/port.h"

#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "port/answer.h"
#include "port/backing.h"
#include "port/connect.h"
#include "port/kport.h"
#include "port/lease_client.h"
#include "port/lease_server.h"
#include "port/message.h"
#include "port/move.h"
#include "port/notify.h"
#include "port/once.h"
#include "port/pset.h"
#include "port/queue.h"
#include "port/request.h"
#include "port/sender.h"
#include "port/space.h"
#include "port/task.h"
#include "port/watch.h"

/* How long to wait for threads to leave before poking them again. */
#define QUIET_POKE_NS 20000000L

static Port *port_new(PortState state)
{
	Port *port = alloc_zero(sizeof(*port));

	if (!port)
		return NULL;
	port->refs = 1;
	port->state = (uint8_t)state;
	port->qlimit = MACH_PORT_QLIMIT_DEFAULT;
	TAILQ_INIT(&port->queue);
	return port;
}

Port *port_new_local(void)
{
	return port_new(PORT_LOCAL);
}

Port *port_new_remote(Backing *backing_take)
{
	Port *port = port_new(PORT_REMOTE);

	if (port) {
		port->backing = backing_take;
		backing_take->port = port;
	}
	return port;
}

Port *port_new_kobject_take(Kobject *object)
{
	Port *port = port_new(PORT_LOCAL);

	if (port) {
		port->kobject_type = object->type;
		port->kobject = object;
	}
	return port;
}

static PortExtra *extra_free(PortExtra *x)
{
	assert(!x->direct && TAILQ_EMPTY(&x->receivers) && TAILQ_EMPTY(&x->senders));
	assert(TAILQ_EMPTY(&x->answers) && TAILQ_EMPTY(&x->onces) && !x->lease_table);
	assert(TAILQ_EMPTY(&x->leases) && TAILQ_EMPTY(&x->late) && TAILQ_EMPTY(&x->sets));
	if (x->quiet_valid)
		pthread_cond_destroy(&x->quiet);
	free(x->carriers); /* room for some may be left */
	free(x);
	return NULL;
}

Port *port_free(Port *port)
{
	assert(!port->srights && !port->name);
	if (port->kobject_type) {
		watch_forget_port(port);
		kport_forget(port);
		kobject_free(port->kobject);
	}
	if (port->backing) {
		watch_forget_port(port);
		backing_free(port->backing);
	}
	if (port->extra)
		extra_free(port->extra);
	free(port);
	return NULL;
}

int port_need_extra(Port *port)
{
	PortExtra *x;

	if (port->extra)
		return 0;
	x = alloc_zero(sizeof(*x));
	if (!x)
		return KERN_RESOURCE_SHORTAGE;
	TAILQ_INIT(&x->receivers);
	TAILQ_INIT(&x->senders);
	TAILQ_INIT(&x->late);
	TAILQ_INIT(&x->sets);
	TAILQ_INIT(&x->answers);
	TAILQ_INIT(&x->onces);
	TAILQ_INIT(&x->leases);
	x->event_fd = -EBADF;
	x->epoll_fd = -EBADF;
	x->event = SOURCE_INIT(SOURCE_EVENT, -EBADF, port);
	port->extra = x;
	return 0;
}

bool port_is_receivable(const Port *port)
{
	return port->state == PORT_LOCAL && !port->kobject_type && !(port->flags & PORT_F_TRANSIT);
}

bool port_has_queued(const Port *port)
{
	struct pollfd p = {.events = POLLIN};

	if (port->msgcount > 0 || (port->extra && port->extra->n_carriers > 0))
		return true;
	if (!port->backing || port->backing->sock < 0)
		return false;
	p.fd = port->backing->sock;
	return poll(&p, 1, 0) == 1 && p.revents & POLLIN;
}

void port_srights_add(Port *port, uint32_t n)
{
	port->srights += n;
}

void port_make_send(Port *port)
{
	port->srights++;
	port->mscount++;
}

void port_srights_drop(Port *port, uint32_t n)
{
	assert(port->srights >= n);
	port->srights -= n;
	if (port->srights > 0 || n == 0)
		return;
	if (port->state == PORT_LOCAL && !port->kobject_type)
		request_check_no_senders(port);
	else if (port->state == PORT_REMOTE)
		backing_close_send(port->backing);
}

void port_clear_receiver(Port *port)
{
	port->flags &= (uint16_t) ~(PORT_F_GUARDED | PORT_F_STRICT | PORT_F_IMMOVABLE |
				    PORT_F_CONTEXT_SET | PORT_F_TEMPOWNER);
	port->context = 0;
	port->seqno = 0;
	port->mscount = 0;
}

void port_poke(Port *port)
{
	if (port->backing && port->backing->sock >= 0)
		connect_poke(port->backing->addr);
	/* A thread that is blocked on the one answer of a reply port: see receive.c. The right
	 * that the answer belongs to dies with this. */
	else if (!TAILQ_EMPTY(&port->extra->answers))
		answer_interrupt(TAILQ_FIRST(&port->extra->answers));
}

static void quiet_wait(Port *port)
{
	PortExtra *x = port->extra;

	if (!x->quiet_valid) {
		pthread_cond_init(&x->quiet, NULL);
		x->quiet_valid = true;
	}
	/* One poke for each waiter was sent already; a supervisor that holds a duplicate may have
	 * read one, so more follow until all have gone. A full queue needs no poke. */
	while (x->direct > 0) {
		struct timespec until;

		port_poke(port);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += QUIET_POKE_NS;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000L;
		}
		pthread_cond_timedwait(&x->quiet, &task.lock, &until);
	}
}

void port_rouse(Port *port, bool drain)
{
	PortExtra *x = port->extra;

	if (!x)
		return;
	waiter_wake_all(&x->receivers);
	waiter_wake_all(&x->senders);
	queue_event(port, true);
	for (uint32_t i = 0; i < x->direct; i++)
		port_poke(port);
	if (drain && x->direct > 0)
		quiet_wait(port);
}

/* Everything that a dead port had. The lock is held throughout. */
static void port_tear_down(Port *port)
{
	PortExtra *x;

	pset_remove_all(port);
	queue_clear(port);
	if (port->backing) {
		watch_forget_port(port);
		backing_close_receive(port->backing);
	}
	/* Not before: what is drained and refused may be the first to need it. */
	x = port->extra;
	if (x) {
		lease_client_forget_all(port);
		while (!TAILQ_EMPTY(&x->answers))
			answer_free(TAILQ_FIRST(&x->answers));
		lease_server_forget_all(port);
		while (!TAILQ_EMPTY(&x->onces))
			once_orphan(TAILQ_FIRST(&x->onces));
		port_close_descriptors(port);
		right_drop(&x->nsrequest);
		right_drop(&x->pdrequest);
		port_rouse(port, false);
	}
	if (port->name)
		name_check(space_find_raw(port->name));
}

/*
 * A queue may hold a receive right whose queue holds another one, as deep as a peer likes: so
 * ports wait in a list for their end instead of on the stack.
 */
static Port *doomed;

static void port_doom(Port *port)
{
	static bool at_work;

	port_clear_receiver(port);
	port->state = PORT_DEAD;
	port->doomed = doomed;
	doomed = port_ref(port);
	if (at_work)
		return;
	at_work = true;
	while (doomed) {
		Port *next = doomed;

		doomed = next->doomed;
		next->doomed = NULL;
		port_tear_down(next);
		port_unref(next);
	}
	at_work = false;
}

void port_forget_threads(Port *port)
{
	PortExtra *x = port->extra;

	if (!x)
		return;
	TAILQ_INIT(&x->receivers);
	TAILQ_INIT(&x->senders);
	x->direct = 0;
	x->quiet_valid = false;
}

void port_destroy_receive(Port *port)
{
	PortExtra *x = port->extra;

	assert(port->state == PORT_LOCAL && !port->kobject_type);
	port->flags |= PORT_F_TRANSIT;
	/* The queue that it was in may go first. */
	if (x)
		x->transit_to = NULL;
	if (x && x->direct > 0)
		port_rouse(port, true);
	x = port->extra;
	if (x && !task.forgetting && x->pdrequest.kind == RIGHT_SEND_ONCE &&
		!right_is_dead(&x->pdrequest)) {
		Right notify = right_take(&x->pdrequest);

		port_leave_name(port);
		notify_port_destroyed(&notify, port);
		return;
	}
	if (!port->backing || !port->backing->supervised || task.forgetting || !move_give_up(port))
		port_doom(port);
}

void port_leave_name(Port *port)
{
	port_rouse(port, true);
	pset_remove_all(port);
	port_clear_receiver(port);
}

void port_mark_dead(Port *port)
{
	if (port->state == PORT_DEAD)
		return;
	assert(port->state == PORT_REMOTE);
	port->state = PORT_DEAD;
	watch_forget_port(port);
	backing_close_send(port->backing);
	if (port->name)
		name_check(space_find_raw(port->name));
}

void port_close_descriptors(Port *port)
{
	PortExtra *x = port->extra;

	if (x->event.id)
		source_deinit(&x->event);
	x->event_fd = fd_close(x->event_fd);
	x->epoll_fd = fd_close(x->epoll_fd);
	x->event_set = false;
}
