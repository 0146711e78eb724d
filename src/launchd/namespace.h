/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_NAMESPACE_H
#define PORTCULLIS_LAUNCHD_NAMESPACE_H

/*
 * A namespace: a bootstrap port, and the services that can be found through it. Names of those above are
 * found too, nearest first. It exists until its requestor port dies, or its parent ends, and then takes
 * everything in it along: services, and the namespaces below.
 */

#include "launchd/server.h"
#include "launchd/spec.h"

typedef enum NamespaceKind {
	NAMESPACE_ROOT,
	NAMESPACE_SUBSET,
} NamespaceKind;

LIST_HEAD(NamespaceList, Namespace);

struct Namespace {
	UT_hash_handle hh; /* Server.by_port */
	UT_hash_handle hh_requestor; /* Server.by_requestor */
	char name[SPEC_NAME_MAX + 1];
	NamespaceKind kind;
	mach_port_t port; /* receive right, and a send right beside it */
	mach_port_t requestor; /* send right; MACH_PORT_NULL for the root */
	Namespace *parent;
	struct NamespaceList children;
	unsigned depth, n_children, n_subsets; /* n_subsets: ever made, for their names */
	unsigned n_services;
	Service *services; /* hash by name */
	QuotaCharge charge;
	LIST_ENTRY(Namespace) link;
};

/* Charged to the caller, see server_charge(). The requestor is taken on success; MACH_PORT_NULL: for the
 * root only. 0, SERVER_E_FULL, SERVER_E_DENIED (the requestor is dead). */
int namespace_new_take(Namespace *parent, const char *name, const Caller *caller,
	mach_port_t requestor, Namespace **ret) _warn_unused_;
/* With all that is in it. */
Namespace *namespace_free(Namespace *ns);

Namespace *namespace_find(mach_port_t port);
/* One of those with this requestor port. NULL: none. */
Namespace *namespace_find_requestor(mach_port_t requestor);

/* Here, and nowhere else. */
Service *namespace_find_service(const Namespace *ns, const char *name);
/* Here or above; what is hidden is not there. */
Service *namespace_look_up(const Namespace *ns, const char *name, bool local);

#endif
