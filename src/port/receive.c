/* SPDX-License-Identifier: Apache-2.0 */
#include "port/receive.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/kernel.h"
#include "port/answer.h"
#include "port/backing.h"
#include "port/notify.h"
#include "port/port.h"
#include "port/pset.h"
#include "port/pull.h"
#include "port/queue.h"
#include "port/request.h"
#include "port/source.h"
#include "port/space.h"
#include "port/task.h"

#define AGAIN (-EAGAIN) /* look again */
/* How often those look who cannot wait for want of descriptors. */
#define LOOK_MS 10

static int took(Received *ret, Port *port, Message *m)
{
	ret->m = m;
	ret->port = port_ref(port);
	ret->seqno = port->seqno++;
	if (unlikely(port->extra && port->extra->no_senders_due))
		request_check_no_senders(port);
	return 0;
}

static int pulled(Received *ret, Port *port, PullResult result)
{
	return result == PULL_MESSAGE ? took(ret, port, &ret->local) : AGAIN;
}

/* An epoll event says that this source may have something. */
static int take_source(Received *ret, uint64_t id)
{
	Source *source = source_find(id);
	Port *port;
	int r;

	if (!source || source->kind == SOURCE_EVENT)
		return AGAIN;
	port = source->port;
	if (source->kind == SOURCE_ANSWER)
		r = pulled(ret, port, pull_answer(source->answer, pull_buffer(), &ret->local));
	else
		r = pulled(ret, port, pull_socket(port, pull_buffer(), &ret->local));
	return r;
}

/* Outside the lock. 0: *ret_id; -ETIMEDOUT: time is up; -EINTR: also as serve_watch() says. */
static int wait_epoll(int epoll_fd, Deadline deadline, uint64_t *ret_id)
{
	struct epoll_event event;
	int n;

	task_unlock();
	n = epoll_wait(epoll_fd, &event, 1, deadline_to_poll_ms(deadline));
	if (n < 0)
		n = -errno;
	task_lock();
	if (n < 0)
		return n;
	if (n == 0)
		return -ETIMEDOUT;
	*ret_id = event.data.u64;
	return event.data.u64 == SOURCE_NONE ? -EINTR : 0;
}

int receive_need_epoll(Port *port)
{
	PortExtra *x;
	int r;

	r = port_need_extra(port);
	if (r)
		return -ENOMEM;
	x = port->extra;
	if (x->epoll_fd >= 0)
		return 0;
	x->event_fd = fd_above_stdio_consume(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	x->epoll_fd = fd_above_stdio_consume(epoll_create1(EPOLL_CLOEXEC));
	x->event = SOURCE_INIT(SOURCE_EVENT, x->event_fd, port);
	r = x->event_fd < 0 || x->epoll_fd < 0 ? -EMFILE : 0;
	if (!r)
		r = source_add(&x->event, x->epoll_fd);
	if (!r)
		r = source_add_port(port, x->epoll_fd);
	if (r) {
		port_close_descriptors(port);
		return r;
	}
	/* Threads that wait otherwise change over. */
	port_rouse(port, false);
	queue_event(port, port->msgcount > 0 || x->n_carriers > 0);
	return 0;
}

static int port_try(Port *port, Received *ret, bool poll_sources);

/* There is no descriptor to be had on which one could wait for several others. */
static int wait_a_little(Deadline deadline)
{
	int r;

	if (deadline_is_past(deadline))
		return MACH_RCV_TIMED_OUT;
	task_unlock();
	r = poll(NULL, 0, LOOK_MS) < 0 ? MACH_RCV_INTERRUPTED : AGAIN;
	task_lock();
	return r;
}

static int port_wait_epoll(Port *port, Deadline deadline, Received *ret)
{
	uint64_t id;
	int r;

	r = receive_need_epoll(port);
	if (r) {
		r = port_try(port, ret, true);
		return r == AGAIN ? wait_a_little(deadline) : r;
	}
	r = wait_epoll(port->extra->epoll_fd, deadline, &id);
	if (r == -ETIMEDOUT)
		return MACH_RCV_TIMED_OUT;
	if (r == -EINTR)
		return MACH_RCV_INTERRUPTED;
	/* The descriptor may have been closed with the port, or be another's by now. */
	if (r || !port_is_receivable(port))
		return AGAIN;
	return take_source(ret, id);
}

/* The thread is about to be blocked outside the lock on a descriptor of the port. */
static void direct_begin(Port *port)
{
	port->extra->direct++;
	task_unlock();
}

static void direct_end(Port *port)
{
	PortExtra *x = port->extra;

	task_lock();
	if (--x->direct == 0 && x->quiet_valid)
		pthread_cond_broadcast(&x->quiet);
	queue_settle_late(port);
}

/* With a deadline: wait first, then read under the lock. */
static int port_poll_direct(Port *port, int fd, Deadline deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n;

	direct_begin(port);
	n = poll(&p, 1, deadline_to_poll_ms(deadline));
	if (n < 0)
		n = -errno;
	direct_end(port);
	if (n == -EINTR)
		return MACH_RCV_INTERRUPTED;
	return n == 0 ? MACH_RCV_TIMED_OUT : 0;
}

/*
 * Reads the one descriptor of the port. The message that is read was taken before whatever happened
 * to the port meanwhile, so it is delivered even if the receive right is gone by now.
 */
static int port_read_direct(Port *port, Answer *answer, Received *ret)
{
	int fd = answer ? answer->fd : port->backing->sock;
	uint64_t source = answer ? answer->serial : 0;
	uint8_t *buffer = pull_buffer();
	PullResult result;
	SockMsg sm;
	int r;

	pull_make_slots();
	direct_begin(port);
	r = pull_recv(fd, buffer, &sm, 0);
	direct_end(port);
	if (r == -EINTR)
		return MACH_RCV_INTERRUPTED;
	if (answer) {
		/* Destroyed meanwhile: the interruption was meant for us. */
		answer = answer_find(port, source);
		if (!answer) {
			if (!r)
				sockmsg_deinit(&sm);
			return AGAIN;
		}
		if (r)
			sockmsg_init(&sm);
		return pulled(ret, port, pull_answer_datagram(answer, buffer, &sm, &ret->local));
	}
	/* Somebody made the open file non-blocking, or gave it a time-out: wait by poll. */
	if (r == -EAGAIN)
		return port_wait_epoll(port, DEADLINE_NONE, ret);
	if (r)
		return AGAIN;
	result = pull_socket_datagram(port, buffer, &sm, &ret->local);
	return pulled(ret, port, result);
}

static int slept(int r)
{
	if (r == EINTR)
		return MACH_RCV_INTERRUPTED;
	return r ? MACH_RCV_TIMED_OUT : AGAIN;
}

static int port_wait(Port *port, Deadline deadline, Received *ret)
{
	PortExtra *x = port->extra;
	bool sock = port->backing && port->backing->sock >= 0;
	Answer *answer = x ? TAILQ_FIRST(&x->answers) : NULL;
	bool direct;
	int r;

	if (!pull_buffer())
		return MACH_RCV_HEADER_ERROR | MACH_MSG_VM_KERNEL;
	if (!sock && !answer) {
		if (deadline_is_past(deadline))
			return MACH_RCV_TIMED_OUT;
		if (port_need_extra(port))
			return MACH_RCV_HEADER_ERROR | MACH_MSG_VM_KERNEL;
		return slept(waiter_sleep(&port->extra->receivers, deadline));
	}
	if (port_need_extra(port))
		return MACH_RCV_HEADER_ERROR | MACH_MSG_VM_KERNEL;
	x = port->extra;
	direct = x->epoll_fd < 0 &&
		 ((sock && !answer) ||
			 (!sock && x->n_answers == 1 && port->flags & PORT_F_REPLY && !x->direct));
	if (!direct)
		return port_wait_epoll(port, deadline, ret);
	if (deadline == DEADLINE_NONE)
		return port_read_direct(port, answer, ret);
	if (!deadline_is_past(deadline)) {
		r = port_poll_direct(port, answer ? answer->fd : port->backing->sock, deadline);
		return r ? r : AGAIN;
	}
	return MACH_RCV_TIMED_OUT;
}

/* What can be had without waiting. */
static int port_try(Port *port, Received *ret, bool poll_sources)
{
	PortExtra *x = port->extra;
	Message *m = queue_pop_into(port, &ret->local);
	PullResult result = PULL_EMPTY;
	Answer *answer, *next;

	if (m)
		return took(ret, port, m);
	if (!poll_sources || !pull_buffer())
		return AGAIN;
	if (port->backing && port->backing->sock >= 0) {
		do {
			result = pull_socket(port, pull_buffer(), &ret->local);
		} while (result == PULL_NOTHING);
		if (result != PULL_EMPTY)
			return pulled(ret, port, result);
	}
	if (!x)
		return AGAIN;
	for (answer = TAILQ_FIRST(&x->answers); answer; answer = next) {
		next = TAILQ_NEXT(answer, link);
		result = pull_answer(answer, pull_buffer(), &ret->local);
		if (result == PULL_MESSAGE)
			return pulled(ret, port, result);
	}
	return AGAIN;
}

static int receive_port(PortName name, Port *port, Deadline deadline, Received *ret)
{
	/* A wait with a time-out ends in poll(), which says that something is there: so what
	 * is there is looked for first, and the last look comes after the time is up. */
	bool poll_sources = deadline != DEADLINE_NONE;
	int r;

	for (;;) {
		if (!port_is_receivable(port) || port->name != name)
			return MACH_RCV_PORT_DIED;
		r = port_try(port, ret, poll_sources);
		if (r == AGAIN)
			r = port_wait(port, deadline, ret);
		if (r != AGAIN)
			return r;
	}
}

/* Each member in turn. A look may leave the lock, and members with it. */
static int set_try(PortSet *set, Received *ret)
{
	int r = AGAIN;

	for (uint32_t n = set->n_members; n > 0 && set->n_members > 0 && r == AGAIN; n--) {
		Membership *member = TAILQ_FIRST(&set->members);
		Port *port = port_ref(member->port);

		TAILQ_REMOVE(&set->members, member, by_set);
		TAILQ_INSERT_TAIL(&set->members, member, by_set);
		if (port_is_receivable(port))
			r = port_try(port, ret, true);
		port_unref(port);
	}
	return r;
}

static int set_wait(PortSet *set, Deadline deadline, Received *ret)
{
	uint64_t id;
	int r;

	if (set->epoll_fd < 0 && pset_has_sources(set)) {
		if (pset_need_epoll(set) == 0)
			return AGAIN;
		r = set_try(set, ret);
		return r == AGAIN ? wait_a_little(deadline) : r;
	}
	if (set->epoll_fd < 0) {
		if (deadline_is_past(deadline))
			return MACH_RCV_TIMED_OUT;
		return slept(waiter_sleep(&set->receivers, deadline));
	}
	if (!pull_buffer())
		return MACH_RCV_HEADER_ERROR | MACH_MSG_VM_KERNEL;
	r = wait_epoll(set->epoll_fd, deadline, &id);
	if (r == -ETIMEDOUT)
		return MACH_RCV_TIMED_OUT;
	if (r == -EINTR)
		return MACH_RCV_INTERRUPTED;
	if (r || !set->name)
		return AGAIN;
	return take_source(ret, id);
}

static int receive_set(PortSet *set, Deadline deadline, Received *ret)
{
	Port *port;
	Message *m;
	int r;

	for (;;) {
		if (!set->name)
			return MACH_RCV_PORT_DIED;
		m = pset_pop(set, &ret->local, &port);
		if (m)
			return took(ret, port, m);
		r = set_wait(set, deadline, ret);
		if (r != AGAIN)
			return r;
	}
}

int receive_message(PortName name, Deadline deadline, Received *ret)
{
	Entry *entry = space_find_raw(name);
	int r;

	if (!entry || !(entry->type & (ENTRY_RECEIVE | ENTRY_PORT_SET)))
		return MACH_RCV_INVALID_NAME;
	if (entry->type == ENTRY_PORT_SET) {
		PortSet *set = pset_ref(entry->set);

		r = receive_set(set, deadline, ret);
		pset_unref(set);
	} else {
		Port *port = port_ref(entry->port);

		r = receive_port(name, port, deadline, ret);
		port_unref(port);
	}
	return r;
}

void receive_put_back(Received *received)
{
	Message *m = received->m;

	received->port->seqno--;
	if (!m->heap) {
		m = message_to_heap(m);
		if (!m) {
			bool owed = notify_is_send_once(received->m);

			message_clear(received->m);
			if (owed)
				queue_owe_send_once(received->port);
			return;
		}
	}
	queue_prepend_take(received->port, m);
}

static void want_pidfd(Port *port)
{
	int on = 1;

	if (!port->backing || port->backing->sock < 0 || port->backing->pass_pidfd ||
		port->flags & PORT_F_BY_REPLY)
		return;
	port->backing->pass_pidfd = true;
	(void)setsockopt(port->backing->sock, SOL_SOCKET, SO_PASSPIDFD, &on, sizeof(on));
}

void receive_want_pidfd(PortName name)
{
	Entry *entry = space_find_raw(name);
	Membership *member;

	if (entry && entry->type & ENTRY_RECEIVE) {
		want_pidfd(entry->port);
	} else if (entry && entry->type == ENTRY_PORT_SET && !entry->set->by_reply) {
		TAILQ_FOREACH (member, &entry->set->members, by_set)
			want_pidfd(member->port);
	}
}
