/* SPDX-License-Identifier: Apache-2.0 */
#include "port/watch.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/hash.h"
#include "base/log.h"
#include "port/backing.h"
#include "port/connect.h"
#include "port/kport.h"
#include "port/lease_client.h"
#include "port/lease_server.h"
#include "port/names.h"
#include "port/once.h"
#include "port/port.h"
#include "port/probe.h"
#include "port/request.h"
#include "port/sender.h"
#include "port/space.h"
#include "port/task.h"

/*
 * One watched descriptor. It is a duplicate, so that its number stays ours for as long as the
 * watch lives; events name it by its id, so that a late one finds nothing.
 */
typedef struct Watch {
	uint64_t id;
	WatchKind kind;
	int fd;
	int original; /* WATCH_NO_SENDERS, objects: what it duplicates */
	unsigned suspect; /* WATCH_DEAD: how often it is to be probed soon */
	Port *port; /* borrowed: forgotten before the port goes */
	LeaseClient *lease;
	SendOnce *once;
	UT_hash_handle hh;
} Watch;

static Watch *watches;
static int epoll_fd = -EBADF;
static int wake_fd = -EBADF; /* the thread is to look at its time-out again */
static unsigned n_dead_watches;
static unsigned n_suspects;
static bool again_later; /* requests are without a watch */

static Watch *watch_free(Watch *w)
{
	if (w->kind == WATCH_DEAD)
		n_dead_watches--;
	if (w->suspect > 0)
		n_suspects--;
	(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
	HASH_DEL(watches, w);
	/* It may be the last duplicate of a pipe whose other end is a peer's. */
	probe_close_lazily_consume(w->fd);
	free(w);
	return NULL;
}

static void probe_port(Port *port)
{
	_cleanup_close_ int fd = -EBADF;

	if (port->state == PORT_REMOTE && port->backing->known_device &&
		connect_dgram(port->backing->addr, true, &fd) == KERN_INVALID_CAPABILITY)
		port_mark_dead(port);
}

/* A dead port has room too: then it is the death that is told. */
static void on_room(Port *port)
{
	port_ref(port);
	watch_forget_kind(port, WATCH_ROOM);
	probe_port(port);
	if (port->state != PORT_DEAD)
		request_send_possible(port);
	port_unref(port);
}

/*
 * POLLERR says that all readers are gone, unless a former holder plays with the pipe: a connect is
 * refused only if the port is dead. A process that exits may close its pipe before its socket, so a
 * port that is not dead yet is asked again soon, and after a while now and then.
 */
static void probe_watch(Watch *w, bool prompted)
{
	Port *port = port_ref(w->port);

	if (port->kobject_type) {
		if (kobject_is_dead(port->kobject))
			kport_mark_dead(port);
		port_unref(port);
		return;
	}
	if (prompted && w->suspect == 0) {
		w->suspect = WATCH_SUSPECT_PROBES;
		n_suspects++;
	}
	if (w->suspect > 0 && --w->suspect == 0)
		n_suspects--;
	probe_port(port);
	port_unref(port);
}

static void watch_fire(Watch *w)
{
	Port *port = w->port;
	LeaseClient *lease = w->lease;
	SendOnce *once = w->once;

	switch (w->kind) {
	case WATCH_NO_SENDERS:
		port_ref(port);
		request_check_no_senders(port);
		port_unref(port);
		break;
	case WATCH_DEAD:
		probe_watch(w, true);
		break;
	case WATCH_ROOM:
		on_room(port);
		break;
	case WATCH_TAKEOVER:
		watch_free(w);
		lease_client_retry(lease);
		break;
	case WATCH_ONCE:
		if (once_is_dead(once)) {
			watch_free(w);
			once_mark_dead(once);
		}
		break;
	}
}

/* All that are due; a port that dies may take watches with it, so each is looked up again. */
static void probe_due(bool all)
{
	Watch *w, *next;
	uint64_t id;

	for (w = watches; w; w = next) {
		next = w->hh.next;
		id = next ? next->id : 0;
		if (w->kind == WATCH_DEAD && (all || w->suspect > 0))
			probe_watch(w, false);
		if (next)
			HASH_FIND(hh, watches, &id, sizeof(id), next);
	}
}

static int next_timeout(void)
{
	if (n_suspects > 0)
		return WATCH_SUSPECT_MS;
	return n_dead_watches > 0 || again_later ? WATCH_PROBE_MS : -1;
}

static void handle_event(uint64_t id)
{
	eventfd_t value;
	Watch *w;

	if (id == 0) {
		(void)eventfd_read(wake_fd, &value);
		return;
	}
	HASH_FIND(hh, watches, &id, sizeof(id), w);
	if (w)
		watch_fire(w);
}

static void *watch_thread(void *arg)
{
	int fd = *(int *)arg;
	struct epoll_event events[16];

	free(arg);
	task_lock();
	for (;;) {
		int timeout = next_timeout();
		int n;

		task_unlock();
		n = epoll_wait(fd, events, ARRAY_SIZE(events), timeout);
		if (n < 0 && errno != EINTR)
			return NULL;
		task_lock();
		if (n == 0)
			probe_due(timeout == WATCH_PROBE_MS);
		if (n == 0 && again_later)
			again_later = request_watch_again();
		for (int i = 0; i < n; i++)
			handle_event(events[i].data.u64);
	}
}

static void watch_wake(void)
{
	(void)eventfd_write(wake_fd, 1);
}

static int watch_open(void)
{
	struct epoll_event event = {.events = EPOLLIN};

	epoll_fd = fd_above_stdio_consume(epoll_create1(EPOLL_CLOEXEC));
	wake_fd = fd_above_stdio_consume(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	if (epoll_fd < 0 || wake_fd < 0 ||
		epoll_ctl(epoll_fd, EPOLL_CTL_ADD, wake_fd, &event) < 0) {
		epoll_fd = fd_close(epoll_fd);
		wake_fd = fd_close(wake_fd);
		return -EMFILE;
	}
	return 0;
}

static int watch_start(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int *arg;
	int r;

	if (epoll_fd >= 0)
		return 0;
	arg = malloc(sizeof(*arg));
	if (!arg)
		return -ENOMEM;
	r = watch_open();
	if (r) {
		free(arg);
		return r;
	}
	*arg = epoll_fd;
	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread, &attr, watch_thread, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (r) {
		free(arg);
		epoll_fd = fd_close(epoll_fd);
		wake_fd = fd_close(wake_fd);
		return -r;
	}
	return 0;
}

/* Adds a watch on a duplicate of fd. */
static int watch_add(const Watch *what, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events};
	_cleanup_close_ int dup = -EBADF;
	Watch *w;
	int r;

	r = watch_start();
	if (r)
		return r;
	dup = fd_dup(fd);
	if (dup < 0)
		return dup;
	w = malloc(sizeof(*w));
	if (!w)
		return -ENOMEM;
	*w = *what;
	w->id = event.data.u64 = task_serial();
	w->original = fd;
	HASH_ADD(hh, watches, id, sizeof(w->id), w);
	if (!w->hh.tbl || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, dup, &event) < 0) {
		if (w->hh.tbl)
			HASH_DEL(watches, w);
		free(w);
		return -ENOMEM;
	}
	w->fd = TAKE_FD(dup);
	if (w->kind == WATCH_DEAD && n_dead_watches++ == 0)
		watch_wake();
	return 0;
}

static Watch *watch_find(const Port *port, WatchKind kind, int original)
{
	Watch *w, *next;

	HASH_ITER (hh, watches, w, next) {
		if (w->port == port && w->kind == kind && (original < 0 || w->original == original))
			return w;
	}
	return NULL;
}

int watch_new_pipe(Port *port)
{
	return watch_port(port, WATCH_NO_SENDERS);
}

static int watch_pipes(Port *port)
{
	Backing *b = port->backing;
	int r = 0;

	for (uint32_t i = 0; i < b->n_pipes && !r; i++) {
		int fd = backing_pipe(b, i);

		if (!watch_find(port, WATCH_NO_SENDERS, fd))
			r = watch_add(
				&(Watch){.kind = WATCH_NO_SENDERS, .port = port}, fd, EPOLLET);
	}
	return r;
}

static int watch_object_fds(Port *port, const int *fds, unsigned n)
{
	const KobjectClass *class = kobject_class(port->kobject_type);
	int r = 0;

	for (unsigned i = 0; i < n && !r; i++) {
		if (class->watch_fds & 1u << i && !watch_find(port, WATCH_DEAD, fds[i]))
			r = watch_add(&(Watch){.kind = WATCH_DEAD, .port = port}, fds[i],
				EPOLLIN | EPOLLET);
	}
	return r;
}

/* What an object dies by. */
static int watch_object(Port *port)
{
	const Kobject *object = port->kobject;
	const KobjectClass *class = kobject_class(object->type);
	int fds[KOBJECT_MAX_FDS];
	unsigned n = 0;
	int r;

	if (!class || object->n_fds > 0 || !class->own_may_die)
		return class ? watch_object_fds(port, object->fds, object->n_fds) : 0;
	if (watch_find(port, WATCH_DEAD, -1))
		return 0;
	r = class->open(port, fds, &n);
	if (r == KERN_TERMINATED) {
		kport_mark_dead(port);
		return 0;
	}
	if (!r)
		r = watch_object_fds(port, fds, n);
	while (n > 0)
		fd_close(fds[--n]);
	return r;
}

int watch_port(Port *port, WatchKind kind)
{
	Watch what = {.kind = kind, .port = port};
	Sender *sender;
	int r;

	if (kind == WATCH_NO_SENDERS)
		return watch_pipes(port);
	if (port->kobject_type)
		return kind == WATCH_DEAD ? watch_object(port) : 0;
	if (watch_find(port, kind, -1))
		return 0;
	if (kind == WATCH_DEAD)
		return watch_add(&what, port->backing->pipe_w, EPOLLET);
	r = sender_get(port, &sender);
	if (r)
		return r < 0 ? r : -ECONNREFUSED;
	r = watch_add(&what, sender->fd, EPOLLOUT | EPOLLONESHOT);
	sender_unref(sender);
	return r;
}

int watch_lease(LeaseClient *lease)
{
	return watch_add(&(Watch){.kind = WATCH_TAKEOVER, .lease = lease}, lease->sender->fd,
		EPOLLOUT | EPOLLONESHOT);
}

static bool watch_find_once(const SendOnce *once, int original)
{
	Watch *w, *next;

	HASH_ITER (hh, watches, w, next) {
		if (w->once == once && w->original == original)
			return true;
	}
	return false;
}

int watch_once(SendOnce *once)
{
	int fd = once->kind == ONCE_PAIR ? once->fd : lease_server_fd(once->lease);

	if (fd < 0 || watch_find_once(once, fd))
		return 0;
	return watch_add(&(Watch){.kind = WATCH_ONCE, .once = once}, fd, EPOLLET);
}

static void forget(const Port *port, const LeaseClient *lease, const SendOnce *once, int kind)
{
	Watch *w, *next;

	HASH_ITER (hh, watches, w, next) {
		if (w->port == port && w->lease == lease && w->once == once &&
			(kind < 0 || w->kind == (WatchKind)kind))
			watch_free(w);
	}
}

void watch_forget_pipe(Port *port, int fd)
{
	Watch *w = watch_find(port, WATCH_NO_SENDERS, fd);

	if (w)
		watch_free(w);
}

void watch_forget_port(Port *port)
{
	forget(port, NULL, NULL, -1);
}

void watch_forget_kind(Port *port, WatchKind kind)
{
	forget(port, NULL, NULL, (int)kind);
}

void watch_forget_lease(LeaseClient *lease)
{
	forget(NULL, lease, NULL, -1);
}

void watch_forget_once(SendOnce *once)
{
	if (once->kind == ONCE_PAIR || once->kind == ONCE_LEASE)
		forget(NULL, NULL, once, -1);
}

void watch_again_later(void)
{
	again_later = true;
	if (wake_fd >= 0)
		watch_wake();
}

void watch_after_fork(void)
{
	Watch *w, *next;

	HASH_ITER (hh, watches, w, next) {
		HASH_DEL(watches, w);
		fd_close(w->fd);
		free(w);
	}
	n_dead_watches = n_suspects = 0;
	again_later = false;
	epoll_fd = fd_close(epoll_fd);
	wake_fd = fd_close(wake_fd);
}
