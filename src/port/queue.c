/* SPDX-License-Identifier: Apache-2.0 */
#include "port/queue.h"

#include <assert.h>
#include <errno.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/fd.h"
#include "port/backing.h"
#include "port/message.h"
#include "port/port.h"
#include "port/pset.h"
#include "port/pull.h"
#include "port/request.h"
#include "port/task.h"

/*
 * Each thread sleeps on a condition of its own, so that waking one waiter wakes one.
 */
typedef struct ThreadWait {
	pthread_cond_t cond;
	bool ready;
} ThreadWait;

static _Thread_local ThreadWait thread_wait;
static pthread_key_t thread_wait_key;
static pthread_once_t thread_wait_once = PTHREAD_ONCE_INIT;

static void thread_wait_done(void *p)
{
	ThreadWait *w = p;

	pthread_cond_destroy(&w->cond);
	w->ready = false;
}

static void thread_wait_make_key(void)
{
	(void)pthread_key_create(&thread_wait_key, thread_wait_done);
}

static pthread_cond_t *thread_wait_cond(void)
{
	pthread_condattr_t attr;

	if (!thread_wait.ready) {
		pthread_condattr_init(&attr);
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		pthread_cond_init(&thread_wait.cond, &attr);
		pthread_condattr_destroy(&attr);
		pthread_once(&thread_wait_once, thread_wait_make_key);
		(void)pthread_setspecific(thread_wait_key, &thread_wait);
		thread_wait.ready = true;
	}
	return &thread_wait.cond;
}

int waiter_sleep(WaiterList *list, Deadline deadline)
{
	Waiter self = { .cond = thread_wait_cond(), .linked = true };
	int r = 0;

	TAILQ_INSERT_TAIL(list, &self, link);
	while (!self.woken && r == 0) {
		if (deadline == DEADLINE_NONE) {
			r = pthread_cond_wait(self.cond, &task.lock);
		} else {
			struct timespec until = deadline_to_timespec(deadline);

			r = pthread_cond_timedwait(self.cond, &task.lock, &until);
		}
	}
	if (self.linked)
		TAILQ_REMOVE(list, &self, link);
	return self.woken ? 0 : ETIMEDOUT;
}

static void waiter_wake(WaiterList *list, Waiter *w)
{
	TAILQ_REMOVE(list, w, link);
	w->linked = false;
	w->woken = true;
	pthread_cond_signal(w->cond);
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

	if (x->event_fd < 0 || x->event_set == on)
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
	TAILQ_FOREACH(member, &x->sets, by_port)
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

void queue_settle_late(Port *port)
{
	PortExtra *x = port->extra;

	if (!x || TAILQ_EMPTY(&x->late))
		return;
	queue_pull(port, UINT32_MAX);
	TAILQ_CONCAT(&port->queue, &x->late, link);
	queue_announce(port);
}

Message *queue_pop(Port *port)
{
	Message *m = TAILQ_FIRST(&port->queue);

	if (m) {
		TAILQ_REMOVE(&port->queue, m, link);
		port->msgcount--;
		queue_room_made(port);
	} else if (port->extra && port->extra->n_carriers > 0) {
		m = pull_backlog(port);
	}
	if (port->extra && TAILQ_EMPTY(&port->queue) && port->extra->n_carriers == 0)
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

	if (!x)
		return;
	/* Those who wait inherit the slots in the order in which they came. */
	room = port->qlimit > port->msgcount ? port->qlimit - port->msgcount : 0;
	TAILQ_FOREACH(w, &x->senders, link) {
		if (room-- == 0)
			return;
		w->woken = true;
		pthread_cond_signal(w->cond);
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
	r = waiter_sleep(&port->extra->senders, deadline);
	if (port->state != PORT_LOCAL)
		return MACH_SEND_INVALID_DEST;
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
		pull_forget_backlog(port);
	}
	while ((m = TAILQ_FIRST(&all)) != NULL) {
		TAILQ_REMOVE(&all, m, link);
		message_free(m);
	}
}
