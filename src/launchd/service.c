/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include <mach/notify.h>

#define SELF mach_task_self()
/* More than a queue holds. Senders may fill it as fast as it is drained. */
#define DRAIN_MAX 1024

static void receive_destroy(mach_port_t port)
{
	(void)mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1);
}

/* A receive right, a send right under the same name, and the duplicate. */
static int port_make(Service *s)
{
	mach_port_t port;

	if (mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port) != KERN_SUCCESS)
		return SERVER_E_FULL;
	if (mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND) != KERN_SUCCESS ||
		portcullis_keeper_create(port, &s->keeper) != KERN_SUCCESS) {
		receive_destroy(port);
		(void)mach_port_deallocate(SELF, port);
		return SERVER_E_FULL;
	}
	s->port = port;
	s->held = true;
	return 0;
}

static void port_drop(Service *s)
{
	if (s->held)
		receive_destroy(s->port);
	if (MACH_PORT_VALID(s->port))
		(void)mach_port_deallocate(SELF, s->port);
	portcullis_keeper_destroy(s->keeper);
	s->keeper = NULL;
	s->port = MACH_PORT_NULL;
	s->held = false;
}

/* A declared one does not depend on its port: nobody who has had the receive right is to be able to
 * take the name away with it. */
static int link_port(Service *s)
{
	if (s->keeper)
		return 0;
	HASH_ADD(hh_port, server.registered, port, sizeof(s->port), s);
	return hash_is_linked(s, hh_port) ? 0 : SERVER_E_FULL;
}

static void unlink_port(Service *s)
{
	if (s->hh_port.tbl)
		HASH_DELETE(hh_port, server.registered, s);
}

static void stop_listening(Service *s)
{
	s->demand = loop_source_remove(s->demand);
	s->demand_fd = fd_close(s->demand_fd);
}

static int on_demand(void *userdata, uint32_t events)
{
	Service *s = userdata;

	(void)events;
	/* Told once. It is listened to again after the owner has run. */
	stop_listening(s);
	s->demanded = true;
	if (s->owner->demand)
		s->owner->demand(s->owner, s);
	return 0;
}

void service_listen(Service *s)
{
	int r;

	if (!s->on_demand || !s->held || s->demand)
		return;
	s->demanded = false;
	s->demand_fd = portcullis_port_fd(s->port);
	r = s->demand_fd < 0
		    ? -errno
		    : loop_add_fd(server.loop, s->demand_fd, EPOLLIN, on_demand, s, &s->demand);
	if (r < 0) {
		stop_listening(s);
		log_err("service %s: its first message will not start %s: %s", s->name,
			s->owner->label, strerror(-r));
	}
}

static Service *unlinked_free(Service *s)
{
	stop_listening(s);
	port_drop(s);
	quota_uncharge(&s->charge);
	free(s);
	return NULL;
}

static int service_new(
	Namespace *ns, const char *name, Owner *owner, const Caller *caller, Service **ret)
{
	_cleanup_free_ Service *s = NULL;
	int r;

	if (!spec_is_service_name(name))
		return SERVER_E_UNKNOWN;
	if (namespace_find_service(ns, name))
		return SERVER_E_ACTIVE;
	s = calloc(1, sizeof(*s));
	if (!s)
		return SERVER_E_FULL;
	r = server_charge(caller, SERVER_QUOTA_SERVICES, &s->charge);
	if (r)
		return r;
	memcpy(s->name, name, strlen(name) + 1);
	s->ns = ns;
	s->owner = owner;
	s->demand_fd = -EBADF;
	*ret = TAKE_PTR(s);
	return 0;
}

static int service_link(Service *s)
{
	int r = link_port(s);

	if (r)
		return r;
	HASH_ADD(hh, s->ns->services, name, strlen(s->name), s);
	if (!hash_is_linked(s, hh)) {
		unlink_port(s);
		return SERVER_E_FULL;
	}
	s->ns->n_services++;
	LIST_INSERT_HEAD(&s->owner->services, s, owner_link);
	return 0;
}

int service_declare(
	Namespace *ns, const char *name, Owner *owner, const Caller *caller, Service **ret)
{
	Service *s;
	int r = service_new(ns, name, owner, caller, &s);

	if (r)
		return r;
	r = port_make(s);
	if (!r)
		r = service_link(s);
	if (r) {
		unlinked_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

int service_declare_spec(Namespace *ns, const SpecService *spec, Owner *owner)
{
	Service *s;
	int r = service_declare(ns, spec->name, owner, NULL, &s);

	if (r)
		return r;
	s->hide_until_check_in = spec->hide_until_check_in;
	s->reset_at_close = spec->reset_at_close;
	s->drain = spec->drain;
	s->on_demand = true;
	service_listen(s);
	return 0;
}

/* So that the name goes when the port does. */
static int watch_port(mach_port_t port)
{
	mach_port_t previous = MACH_PORT_NULL;
	kern_return_t kr = mach_port_request_notification(SELF, port, MACH_NOTIFY_DEAD_NAME, 0,
		server.notify, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);

	if (MACH_PORT_VALID(previous))
		(void)mach_port_deallocate(SELF, previous);
	if (kr == KERN_INVALID_ARGUMENT)
		return SERVER_E_DENIED;
	return kr == KERN_SUCCESS ? 0 : SERVER_E_FULL;
}

int service_register_take(
	Namespace *ns, const char *name, Owner *owner, const Caller *caller, mach_port_t port)
{
	Service *s;
	int r;

	r = service_new(ns, name, owner, caller, &s);
	if (r)
		return r;
	r = watch_port(port);
	if (!r) {
		s->port = port;
		s->active = true;
		r = service_link(s);
	}
	if (r) {
		s->port = MACH_PORT_NULL;
		unlinked_free(s);
	}
	return r;
}

int service_check_in_new(Namespace *ns, const char *name, Owner *owner, const Caller *caller,
	mach_port_t *ret_receive)
{
	mach_port_t port;
	int r;

	if (mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port) != KERN_SUCCESS)
		return SERVER_E_FULL;
	r = mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND) == KERN_SUCCESS
		    ? service_register_take(ns, name, owner, caller, port)
		    : SERVER_E_FULL;
	if (r) {
		receive_destroy(port);
		(void)mach_port_deallocate(SELF, port);
		return r;
	}
	*ret_receive = port;
	return 0;
}

Service *service_free(Service *s)
{
	if (!s)
		return NULL;
	if (server.handed_out == s)
		server.handed_out = NULL;
	HASH_DELETE(hh, s->ns->services, s);
	s->ns->n_services--;
	unlink_port(s);
	LIST_REMOVE(s, owner_link);
	return unlinked_free(s);
}

void service_check_in(Service *s)
{
	stop_listening(s);
	s->held = false;
	s->active = true;
	server.handed_out = s;
}

/* Another port under the same name: clients are told that theirs is dead. */
static void reset(Service *s)
{
	stop_listening(s);
	port_drop(s);
	if (port_make(s))
		log_err("service %s: it has no port any more: out of memory", s->name);
}

/* Messages that may be what crashed their receiver. */
static void drain(Service *s)
{
	static struct {
		mach_msg_header_t header;
		char rest[65536];
	} m;

	unsigned n = s->drain == SPEC_DRAIN_NONE ? 0 : s->drain == SPEC_DRAIN_ALL ? DRAIN_MAX : 1;

	while (n-- > 0) {
		kern_return_t kr = mach_msg(&m.header, MACH_RCV_MSG | MACH_RCV_TIMEOUT, 0,
			sizeof(m), s->port, 0, MACH_PORT_NULL);

		if (kr == MACH_RCV_TIMED_OUT || kr == MACH_RCV_INVALID_NAME)
			return;
		if (kr == MACH_MSG_SUCCESS)
			mach_msg_destroy(&m.header);
	}
}

void service_take_back(Service *s, bool crashed)
{
	mach_port_t name;
	kern_return_t kr;

	if (!s->keeper || s->held)
		return;
	s->active = false;
	kr = portcullis_keeper_reclaim(s->keeper, &name);
	if (kr != KERN_SUCCESS && kr != KERN_RIGHT_EXISTS) {
		log_err("service %s: its port cannot be had back: %s", s->name,
			mach_error_string(kr));
		reset(s);
	}
	s->held = true;
	if (s->reset_at_close)
		reset(s);
	else if (crashed)
		drain(s);
	service_listen(s);
}

Service *service_find_registered(mach_port_t port)
{
	Service *s;

	HASH_FIND(hh_port, server.registered, &port, sizeof(port), s);
	return s;
}
