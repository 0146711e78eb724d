/* SPDX-License-Identifier: Apache-2.0 */
#include "port/queue.h"

#include <assert.h>
#include <errno.h>
#include <linux/futex.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "port/backing.h"
#include "port/message.h"
#include "port/notify.h"
#include "port/port.h"
#include "port/pset.h"
#include "port/pull.h"
#include "port/request.h"
#include "port/task.h"

/*
 * Each thread sleeps on a word of its own, so that waking one waiter wakes one, and a signal
 * interrupts the sleep as it interrupts a system call.
 */
static int futex(_Atomic uint32_t *word, int op, uint32_t value, const struct timespec *until)
{
	return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, until, NULL,
		       FUTEX_BITSET_MATCH_ANY) < 0
		       ? -errno
		       : 0;
}

int waiter_sleep(WaiterList *list, Deadline deadline)
{
	Waiter self = {.linked = true};
	struct timespec until;
	int r = 0;

	if (deadline != DEADLINE_NONE)
		until = deadline_to_timespec(deadline);
	TAILQ_INSERT_TAIL(list, &self, link);
	task_unlock();
	while (!atomic_load(&self.woken) && r != -ETIMEDOUT && r != -EINTR)
		r = futex(&self.woken, FUTEX_WAIT_BITSET, 0,
			deadline == DEADLINE_NONE ? NULL : &until);
	task_lock();
	if (self.linked)
		TAILQ_REMOVE(list, &self, link);
	return atomic_load(&self.woken) ? 0 : -r;
}

static void waiter_signal(Waiter *w)
{
	atomic_store(&w->woken, 1);
	(void)futex(&w->woken, FUTEX_WAKE, 1, NULL);
}

static void waiter_wake(WaiterList *list, Waiter *w)
{
	TAILQ_REMOVE(list, w, link);
	w->linked = false;
	waiter_signal(w);
}

void waiter_wake_first(WaiterList *list)
{
	if (!TAILQ_EMPTY(list))
		waiter_wake(list, TAILQ_FIRST(list));
}

void waiter_wake_all(WaiterList *list)
{
	while (!TAILQ_EMPTY(list))
		waiter_wake(list, TAILQ_FIRST(list));
}

void queue_event(Port *port, bool on)
{
	PortExtra *x = port->extra;
	eventfd_t value;

	/* In a fork child the descriptor is the parent's. */
	if (x->event_fd < 0 || x->event_set == on || task.forgetting)
		return;
	if (on)
		(void)eventfd_write(x->event_fd, 1);
	else
		(void)eventfd_read(x->event_fd, &value);
	x->event_set = on;
}

void queue_announce(Port *port)
{
	PortExtra *x = port->extra;
	Membership *member;

	if (!x)
		return;
	waiter_wake_first(&x->receivers);
	queue_event(port, true);
	TAILQ_FOREACH (member, &x->sets, by_port)
		pset_announce(member->set);
}

void queue_append_take(Port *port, Message *message)
{
	PortExtra *x = port->extra;

	port->msgcount++;
	if (x && x->direct > 0) {
		TAILQ_INSERT_TAIL(&x->late, message, link);
		port_poke(port);
		return;
	}
	/* What the kernel holds is older. */
	if (port->backing && port->backing->sock >= 0)
		queue_pull(port, UINT32_MAX);
	TAILQ_INSERT_TAIL(&port->queue, message, link);
	queue_announce(port);
}

void queue_prepend_take(Port *port, Message *message)
{
	port->msgcount++;
	TAILQ_INSERT_HEAD(&port->queue, message, link);
	queue_announce(port);
}

void queue_pull(Port *port, unsigned max)
{
	while (max-- > 0) {
		Message *m = pull_backlog(port);

		if (!m)
			m = pull_socket_heap(port);
		if (!m)
			break;
		TAILQ_INSERT_TAIL(&port->queue, m, link);
		port->msgcount++;
	}
}

void queue_pull_backlog(Port *port)
{
	Message *m;

	while ((m = pull_backlog(port)) != NULL) {
		TAILQ_INSERT_TAIL(&port->queue, m, link);
		port->msgcount++;
	}
}

void queue_settle_late(Port *port)
{
	PortExtra *x = port->extra;

	if (!x || TAILQ_EMPTY(&x->late))
		return;
	queue_pull(port, UINT32_MAX);
	TAILQ_CONCAT(&port->queue, &x->late, link);
	queue_announce(port);
}

void queue_release_dest(Port *port, Message *m)
{
	if (!m->holds_dest)
		return;
	m->holds_dest = false;
	port_srights_drop(port, 1);
}

void queue_owe_send_once(Port *port)
{
	PortExtra *x = port->extra;

	x->once_due++;
	port->msgcount++;
	if (x->direct > 0)
		port_poke(port);
	else
		queue_announce(port);
}

/* NULL: still no memory. */
static Message *make_owed(Port *port, Message *local)
{
	Message m, *made = local;

	if (local) {
		notify_fill_send_once(local);
	} else {
		notify_fill_send_once(&m);
		made = message_to_heap(&m);
	}
	if (made)
		port->extra->once_due--;
	return made;
}

int queue_settle_owed(Port *port)
{
	while (port->extra && port->extra->once_due > 0) {
		Message *m = make_owed(port, NULL);

		if (!m)
			return -ENOMEM;
		TAILQ_INSERT_TAIL(&port->queue, m, link);
	}
	return 0;
}

Message *queue_pop(Port *port)
{
	return queue_pop_into(port, NULL);
}

Message *queue_pop_into(Port *port, Message *local)
{
	Message *m = TAILQ_FIRST(&port->queue);

	if (m) {
		TAILQ_REMOVE(&port->queue, m, link);
		port->msgcount--;
		queue_release_dest(port, m);
		queue_room_made(port);
	} else if (port->extra && port->extra->n_carriers > 0) {
		m = pull_backlog(port);
	}
	if (unlikely(!m && port->extra && port->extra->once_due > 0)) {
		m = make_owed(port, local);
		if (m) {
			port->msgcount--;
			queue_room_made(port);
		}
	}
	if (port->extra && TAILQ_EMPTY(&port->queue) && port->extra->n_carriers == 0 &&
		port->extra->once_due == 0)
		queue_event(port, false);
	return m;
}

bool queue_has_room(Port *port)
{
	if (port->extra && !TAILQ_EMPTY(&port->extra->senders))
		return false;
	return port->msgcount < port->qlimit;
}

void queue_room_made(Port *port)
{
	PortExtra *x = port->extra;
	Waiter *w;
	unsigned room;

	if (!x) {
		if (port->msgcount < port->qlimit)
			request_send_possible(port);
		return;
	}
	/* Those who wait inherit the slots in the order in which they came. */
	room = port->qlimit > port->msgcount ? port->qlimit - port->msgcount : 0;
	TAILQ_FOREACH (w, &x->senders, link) {
		if (room-- == 0)
			return;
		waiter_signal(w);
	}
	if (port->msgcount < port->qlimit)
		request_send_possible(port);
}

/* What waits in the kernel counts against the limit of a sender in this process, so as much of it as
 * the limit allows is taken over before looking. */
static void count_kernel_queue(Port *port)
{
	uint32_t before = port->msgcount;

	if (!port->backing || port->backing->sock < 0 || port->msgcount >= port->qlimit ||
		(port->extra && port->extra->direct > 0))
		return;
	queue_pull(port, port->qlimit - port->msgcount);
	if (port->msgcount > before)
		queue_announce(port);
}

int queue_wait_room(Port *port, Deadline deadline)
{
	int r;

	count_kernel_queue(port);
	if (queue_has_room(port))
		return 0;
	if (deadline_is_past(deadline))
		return MACH_SEND_TIMED_OUT;
	r = port_need_extra(port);
	if (r)
		return MACH_SEND_NO_BUFFER;
	do {
		r = waiter_sleep(&port->extra->senders, deadline);
		if (port->state != PORT_LOCAL)
			return MACH_SEND_INVALID_DEST;
		/* It may have been woken only to look again. */
	} while (!r && port->msgcount >= port->qlimit);
	if (r == EINTR)
		return MACH_SEND_INTERRUPTED;
	return r ? MACH_SEND_TIMED_OUT : 0;
}

void queue_clear(Port *port)
{
	MessageQueue all = TAILQ_HEAD_INITIALIZER(all);
	Message *m;

	TAILQ_CONCAT(&all, &port->queue, link);
	port->msgcount = 0;
	if (port->extra) {
		TAILQ_CONCAT(&all, &port->extra->late, link);
		port->extra->once_due = 0;
		pull_forget_backlog(port);
	}
	while ((m = TAILQ_FIRST(&all)) != NULL) {
		TAILQ_REMOVE(&all, m, link);
		queue_release_dest(port, m);
		message_free(m);
	}
}
