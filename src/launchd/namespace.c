/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/namespace.h"

#include <stdlib.h>
#include <string.h>

#include "launchd/service.h"
#include "port/serve.h"
#include <mach/notify.h>

#define SELF mach_task_self()

/* A bootstrap port: asked through the set, and handed out by making send rights. */
static int port_make(Namespace *ns)
{
	mach_port_t port;

	if (mach_port_allocate(SELF, MACH_PORT_RIGHT_RECEIVE, &port) != KERN_SUCCESS)
		return SERVER_E_FULL;
	ns->port = port;
	if (mach_port_insert_right(SELF, port, port, MACH_MSG_TYPE_MAKE_SEND) != KERN_SUCCESS ||
		serve_identify_by_reply(port) ||
		mach_port_insert_member(SELF, port, server.requests) != KERN_SUCCESS)
		return SERVER_E_FULL;
	HASH_ADD(hh, server.by_port, port, sizeof(ns->port), ns);
	return hash_is_linked(ns, hh) ? 0 : SERVER_E_FULL;
}

static void port_drop(Namespace *ns)
{
	if (ns->hh.tbl)
		HASH_DELETE(hh, server.by_port, ns);
	if (!MACH_PORT_VALID(ns->port))
		return;
	(void)mach_port_mod_refs(SELF, ns->port, MACH_PORT_RIGHT_RECEIVE, -1);
	(void)mach_port_deallocate(SELF, ns->port);
}

/* Tells of the requestor's end, now or later. */
static int watch_requestor(mach_port_t requestor)
{
	mach_port_t previous = MACH_PORT_NULL;
	kern_return_t kr;

	if (server_is_watching(requestor))
		return 0;
	kr = mach_port_request_notification(SELF, requestor, MACH_NOTIFY_DEAD_NAME, 1,
		server.notify, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	if (MACH_PORT_VALID(previous))
		(void)mach_port_deallocate(SELF, previous);
	if (kr == KERN_INVALID_ARGUMENT || kr == KERN_INVALID_RIGHT)
		return SERVER_E_DENIED;
	return kr == KERN_SUCCESS ? 0 : SERVER_E_FULL;
}

static int link_requestor_take(Namespace *ns, mach_port_t requestor)
{
	int r;

	if (!MACH_PORT_VALID(requestor))
		return 0;
	r = watch_requestor(requestor);
	if (r)
		return r;
	ns->requestor = requestor;
	HASH_ADD(hh_requestor, server.by_requestor, requestor, sizeof(ns->requestor), ns);
	if (hash_is_linked(ns, hh_requestor))
		return 0;
	ns->requestor = MACH_PORT_NULL;
	return SERVER_E_FULL;
}

static void tree_add(Namespace *ns, Namespace *parent)
{
	ns->parent = parent;
	if (!parent)
		return;
	ns->depth = parent->depth + 1;
	LIST_INSERT_HEAD(&parent->children, ns, link);
	parent->n_children++;
}

int namespace_new_take(Namespace *parent, const char *name, const Caller *caller,
	mach_port_t requestor, Namespace **ret)
{
	Namespace *ns;
	int r;

	if (parent && parent->depth >= SERVER_MAX_DEPTH)
		return SERVER_E_FULL;
	ns = calloc(1, sizeof(*ns));
	if (!ns)
		return SERVER_E_FULL;
	LIST_INIT(&ns->children);
	(void)mig_strncpy(ns->name, name, sizeof(ns->name));
	ns->kind = parent ? NAMESPACE_SUBSET : NAMESPACE_ROOT;
	tree_add(ns, parent);
	r = server_charge(caller, SERVER_QUOTA_NAMESPACES, &ns->charge);
	if (!r)
		r = port_make(ns);
	if (!r)
		r = link_requestor_take(ns, requestor);
	if (r) {
		namespace_free(ns);
		return r;
	}
	*ret = ns;
	return 0;
}

Namespace *namespace_free(Namespace *ns)
{
	Namespace *child;
	Service *s, *next;

	if (!ns)
		return NULL;
	while ((child = LIST_FIRST(&ns->children)))
		namespace_free(child);
	HASH_ITER (hh, ns->services, s, next)
		service_free(s);
	if (ns->parent) {
		LIST_REMOVE(ns, link);
		ns->parent->n_children--;
	}
	port_drop(ns);
	if (ns->hh_requestor.tbl)
		HASH_DELETE(hh_requestor, server.by_requestor, ns);
	if (MACH_PORT_VALID(ns->requestor))
		(void)mach_port_deallocate(SELF, ns->requestor);
	quota_uncharge(&ns->charge);
	free(ns);
	return NULL;
}

Namespace *namespace_find(mach_port_t port)
{
	Namespace *ns;

	HASH_FIND(hh, server.by_port, &port, sizeof(port), ns);
	return ns;
}

Namespace *namespace_find_requestor(mach_port_t requestor)
{
	Namespace *ns;

	HASH_FIND(hh_requestor, server.by_requestor, &requestor, sizeof(requestor), ns);
	return ns;
}

Service *namespace_find_service(const Namespace *ns, const char *name)
{
	Service *s;

	HASH_FIND(hh, ns->services, name, strlen(name), s);
	return s;
}

Service *namespace_look_up(const Namespace *ns, const char *name, bool local)
{
	for (; ns; ns = local ? NULL : ns->parent) {
		Service *s = namespace_find_service(ns, name);

		if (s && (s->active || !s->hide_until_check_in))
			return s;
	}
	return NULL;
}
