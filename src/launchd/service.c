/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "port/serve.h"
#include <mach/notify.h>

#define SELF mach_task_self()
/* Exposed services are not swept before they have this part of all descriptors. */
#define EXPOSED_FDS 4
#define SWEEP_PART 16
/* What is closed behind our back is, after so long. */
#define SWEEP_AGAIN_NS UINT64_C(20000000)
/* More than a queue holds. Senders may fill it as fast as it is drained. */
#define DRAIN_MAX 1024

static void receive_destroy(mach_port_t port)
{
	(void)mach_port_mod_refs(SELF, port, MACH_PORT_RIGHT_RECEIVE, -1);
}

/* A receive right and a send right under the same name. */
/* A receive right with a send right to it. Returns 0 or SERVER_E_FULL. */
static int rights_make(mach_port_t *ret)
{
	mach_port_t port;

	if (mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port) != KERN_SUCCESS)
		return SERVER_E_FULL;
	if (mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND) != KERN_SUCCESS) {
		receive_destroy(port);
		return SERVER_E_FULL;
	}
	*ret = port;
	return 0;
}

static int port_make(Service *s)
{
	int r = rights_make(&s->port);

	if (!r)
		s->held = true;
	return r;
}

/* --- Descriptors --- */

static void stop_listening(Service *s)
{
	s->demand = loop_source_remove(s->demand);
	s->deaf = false;
}

/* It is elsewhere, or without descriptors, from now on. */
static void unexpose(Service *s)
{
	stop_listening(s);
	if (!s->exposed)
		return;
	TAILQ_REMOVE(&server.exposed, s, exposed_link);
	server.n_exposed--;
	s->exposed = false;
}

static void port_drop(Service *s)
{
	unexpose(s);
	if (s->held)
		receive_destroy(s->port);
	if (MACH_PORT_VALID(s->port))
		(void)mach_port_deallocate(SELF, s->port);
	portcullis_keeper_destroy(s->keeper);
	s->keeper = NULL;
	s->port = MACH_PORT_NULL;
	s->held = false;
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

static void listen_at(Service *s, int sock)
{
	int r;

	if (!s->on_demand || s->demand)
		return;
	s->demanded = s->deaf = false;
	r = loop_add_fd(server.loop, sock, EPOLLIN, on_demand, s, &s->demand);
	if (r == 0)
		return;
	log_err("service %s: no message will start %s for now: %s", s->name, s->owner->label,
		strerror(-r));
	s->deaf = true;
	server_retry_later();
}

static unsigned sweep_minimum(void)
{
	return MAX((unsigned)fd_limit() / (EXPOSED_FDS * SWEEP_PART), 16u);
}

/* When there are twice as many, so that a look-up's share of it is bounded; sooner when they have half of
 * all descriptors. */
static unsigned next_sweep(void)
{
	unsigned n = server.n_exposed, many = (unsigned)fd_limit() / (2 * EXPOSED_FDS);

	if (n >= many)
		return n + MAX(n / 8, 8u);
	return MAX(MIN(2 * n, many), sweep_minimum());
}

static void sweep(void)
{
	Service *s, *next;

	TAILQ_FOREACH_SAFE (s, &server.exposed, exposed_link, next) {
		if (!serve_is_idle(s->port))
			continue;
		unexpose(s);
		serve_conceal(s->port);
	}
	server.sweep_at = next_sweep();
}

static int on_sweep(void *userdata, uint32_t events)
{
	(void)userdata;
	(void)events;
	sweep();
	return 0;
}

void services_sweep(void)
{
	int r;

	sweep();
	if (server.n_exposed == 0)
		return;
	r = loop_source_set_deadline(server.sweep, deadline_after_ns(SWEEP_AGAIN_NS));
	(void)r; /* then the next sweep finds out */
}

int services_init(void)
{
	TAILQ_INIT(&server.exposed);
	server.sweep_at = sweep_minimum();
	return loop_add_timer(server.loop, DEADLINE_NONE, on_sweep, NULL, &server.sweep);
}

void services_deinit(void)
{
	server.sweep = loop_source_remove(server.sweep);
}

int service_expose(Service *s)
{
	int sock;

	if (!MACH_PORT_VALID(s->port))
		return SERVER_E_FULL;
	if (!s->held || s->exposed)
		return 0;
	/* Before nobody has a right to this one yet. */
	if (server.n_exposed >= server.sweep_at)
		services_sweep();
	if (serve_expose(s->port, &sock)) {
		services_sweep();
		return SERVER_E_FULL;
	}
	s->exposed = true;
	TAILQ_INSERT_TAIL(&server.exposed, s, exposed_link);
	server.n_exposed++;
	listen_at(s, sock);
	return 0;
}

void service_listen(Service *s)
{
	int sock;

	/* What has no descriptors gets no messages. */
	if (s->exposed && serve_expose(s->port, &sock) == 0)
		listen_at(s, sock);
}

/* --- Being there --- */

/* A declared one does not depend on its port: nobody who has had the receive right is to be able to
 * take the name away with it. */
static int link_port(Service *s)
{
	if (s->declared)
		return 0;
	HASH_ADD(hh_port, server.registered, port, sizeof(s->port), s);
	return hash_is_linked(s, hh_port) ? 0 : SERVER_E_FULL;
}

static void unlink_port(Service *s)
{
	if (s->hh_port.tbl)
		HASH_DELETE(hh_port, server.registered, s);
}

static Service *unlinked_free(Service *s)
{
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
	s = calloc(1, sizeof(*s) + strlen(name) + 1);
	if (!s)
		return SERVER_E_FULL;
	r = server_charge(caller, SERVER_QUOTA_SERVICES, &s->charge);
	if (r)
		return r;
	memcpy(s->name, name, strlen(name) + 1);
	s->ns = ns;
	s->owner = owner;
	*ret = TAKE_PTR(s);
	return 0;
}

static int service_link(Service *s)
{
	int r = link_port(s);

	if (r)
		return r;
	HASH_ADD_KEYPTR(hh, s->ns->services, s->name, strlen(s->name), s);
	if (!hash_is_linked(s, hh)) {
		unlink_port(s);
		return SERVER_E_FULL;
	}
	s->ns->n_services++;
	TAILQ_INSERT_TAIL(&s->owner->services, s, owner_link);
	return 0;
}

int service_declare(
	Namespace *ns, const char *name, Owner *owner, const Caller *caller, Service **ret)
{
	Service *s;
	int r = service_new(ns, name, owner, caller, &s);

	if (r)
		return r;
	s->declared = true;
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
	return 0;
}

/* So that the name goes when the port does. */
static int watch_port(mach_port_t port)
{
	mach_port_t previous = MACH_PORT_NULL;
	kern_return_t kr;

	if (server_is_watching(port))
		return 0;
	kr = mach_port_request_notification(SELF, port, MACH_NOTIFY_DEAD_NAME, 0, server.notify,
		MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
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
	int r = rights_make(&port);

	if (r)
		return r;
	r = service_register_take(ns, name, owner, caller, port);
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
	TAILQ_REMOVE(&s->owner->services, s, owner_link);
	return unlinked_free(s);
}

int service_check_in(Service *s)
{
	if (s->lost)
		service_retry(s);
	if (!s->held)
		return SERVER_E_FULL;
	if (portcullis_keeper_create(s->port, &s->keeper) != KERN_SUCCESS) {
		services_sweep();
		return SERVER_E_FULL;
	}
	unexpose(s);
	s->held = false;
	s->active = true;
	server.handed_out = s;
	return 0;
}

/* Another port under the same name: clients are told that theirs is dead. */
static void reset(Service *s)
{
	port_drop(s);
	s->lost = port_make(s) != 0;
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

static kern_return_t reclaim(Service *s)
{
	mach_port_t name;
	kern_return_t kr = portcullis_keeper_reclaim(s->keeper, &name);

	if (kr != KERN_SUCCESS && kr != KERN_RIGHT_EXISTS)
		return kr;
	s->held = true;
	portcullis_keeper_destroy(s->keeper);
	s->keeper = NULL;
	return KERN_SUCCESS;
}

/* The receive right, as it was left; or else a new one. Without memory or descriptors the service is
 * `lost` until there are some: what is sent to it waits. */
static void get_back(Service *s)
{
	kern_return_t kr = s->keeper ? reclaim(s) : KERN_SUCCESS;

	s->lost = kr == KERN_RESOURCE_SHORTAGE;
	if (s->lost)
		return;
	if (kr != KERN_SUCCESS)
		log_err("service %s: its port cannot be had back: %s", s->name,
			mach_error_string(kr));
	if (!s->held || s->reset_at_close)
		reset(s);
	else if (s->crashed)
		drain(s);
}

void service_take_back(Service *s, bool crashed)
{
	if (!s->declared)
		return;
	if (s->held) {
		/* Its owner ended before it checked in. What was to start it waits still. */
		service_listen(s);
		return;
	}
	s->active = false;
	s->crashed = crashed;
	service_retry(s);
}

void service_retry(Service *s)
{
	if (s->declared && !s->held && !s->active)
		get_back(s);
	if (!s->lost && service_expose(s) == 0) {
		service_listen(s);
		return;
	}
	log_err("service %s: nobody can serve it for now: there is no memory, or no descriptor",
		s->name);
	s->deaf = !s->lost;
	server_retry_later();
}

Service *service_find_registered(mach_port_t port)
{
	Service *s;

	HASH_FIND(hh_port, server.registered, &port, sizeof(port), s);
	return s;
}
