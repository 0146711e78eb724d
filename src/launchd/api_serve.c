/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routines of idl/bootstrap.defs, as the server does them: what was asked in terms of
 * namespaces and services, and their answers as the codes of <servers/bootstrap.h>.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "bootstrap_server.h"
#include "launchd/service.h"

#define SELF mach_task_self()

static kern_return_t code_of(int r)
{
	switch (r) {
	case 0:
		return BOOTSTRAP_SUCCESS;
	case SERVER_E_UNKNOWN:
		return BOOTSTRAP_UNKNOWN_SERVICE;
	case SERVER_E_DENIED:
		return BOOTSTRAP_NOT_PRIVILEGED;
	case SERVER_E_ACTIVE:
		return BOOTSTRAP_SERVICE_ACTIVE;
	case SERVER_E_NONE:
		return BOOTSTRAP_NO_CHILDREN;
	default:
		return BOOTSTRAP_NO_MEMORY;
	}
}

static void log_refusal(const Caller *c, const char *what, const char *name)
{
	log_peer_warning(&((PeerId){c->pid, c->uid}), "may not %s %s", what, name);
}

/* --- Services --- */

/* The service that is there already, if the caller may become its server. SERVER_E_UNKNOWN: none. */
static int claim(Namespace *ns, const char *name, const Caller *c, Service **ret)
{
	Service *s = namespace_find_service(ns, name);

	if (!s)
		return SERVER_E_UNKNOWN;
	if (s->owner != c->owner) {
		log_refusal(c, "check in for", s->name);
		return SERVER_E_DENIED;
	}
	if (s->active || !s->declared)
		return SERVER_E_ACTIVE;
	*ret = s;
	return 0;
}

/* What nobody has declared is there for as long as its server keeps the right. */
static int check_in(Namespace *ns, const char *name, const Caller *c, bool strict, mach_port_t *ret)
{
	Service *s;
	Owner *owner;
	int r = claim(ns, name, c, &s);

	if (r == SERVER_E_UNKNOWN && !strict) {
		r = server_owner_of(c, &owner);
		return r ? r : service_check_in_new(ns, name, owner, c, ret);
	}
	if (!r)
		r = service_check_in(s);
	if (r)
		return r;
	*ret = s->port;
	return 0;
}

kern_return_t bootstrap_do_check_in(mach_port_t bootstrap, service_name_t name, uint64_t flags,
	audit_token_t token, mach_port_t *ret)
{
	Namespace *ns = namespace_find(bootstrap);
	Caller c = server_caller(&token);

	if (!ns)
		return BOOTSTRAP_UNKNOWN_SERVICE;
	if (flags & BOOTSTRAP_PER_PID_SERVICE)
		return BOOTSTRAP_NOT_PRIVILEGED;
	return code_of(check_in(ns, name, &c, flags & BOOTSTRAP_STRICT_CHECKIN, ret));
}

kern_return_t bootstrap_do_declare(
	mach_port_t bootstrap, service_name_t name, audit_token_t token, mach_port_t *ret)
{
	Namespace *ns = namespace_find(bootstrap);
	Caller c = server_caller(&token);
	Owner *owner;
	Service *s;
	int r;

	if (!ns)
		return BOOTSTRAP_UNKNOWN_SERVICE;
	r = claim(ns, name, &c, &s);
	if (r == SERVER_E_UNKNOWN) {
		r = server_owner_of(&c, &owner);
		if (!r)
			r = service_declare(ns, name, owner, &c, &s);
	}
	if (!r)
		r = service_expose(s);
	if (r)
		return code_of(r);
	*ret = s->port;
	return BOOTSTRAP_SUCCESS;
}

kern_return_t bootstrap_do_look_up(mach_port_t bootstrap, service_name_t name, int32_t pid,
	uint64_t flags, audit_token_t token, mach_port_t *ret, mach_msg_type_name_t *ret_type,
	service_owner_t *ret_owner)
{
	Namespace *ns = namespace_find(bootstrap);
	Service *s;
	int r;

	(void)token;
	if (pid != 0 || (flags & (BOOTSTRAP_PER_PID_SERVICE | BOOTSTRAP_SPECIFIC_INSTANCE)))
		return BOOTSTRAP_UNKNOWN_SERVICE;
	s = ns ? namespace_look_up(ns, name, flags & BOOTSTRAP_FORCE_LOCAL) : NULL;
	if (!s)
		return BOOTSTRAP_UNKNOWN_SERVICE;
	r = service_expose(s);
	if (r)
		return code_of(r);
	*ret = s->port;
	*ret_type = MACH_MSG_TYPE_COPY_SEND;
	*ret_owner = (service_owner_t){.pid = s->active ? s->owner->pid : 0, .uid = s->owner->uid};
	return BOOTSTRAP_SUCCESS;
}

/* The name, if the caller may take it away or give it to another port. */
static int withdraw(Namespace *ns, const char *name, const Caller *c, bool replace)
{
	Service *s = namespace_find_service(ns, name);

	if (!s)
		return replace ? 0 : SERVER_E_UNKNOWN;
	if (s->owner != c->owner) {
		log_refusal(c, "register", s->name);
		return SERVER_E_DENIED;
	}
	if (replace && s->declared && !s->active)
		return SERVER_E_DENIED; /* it is to be checked in */
	if (replace && s->active)
		return SERVER_E_ACTIVE;
	service_free(s);
	return 0;
}

kern_return_t bootstrap_do_register_port(mach_port_t bootstrap, service_name_t name,
	mach_port_t port, uint64_t flags, audit_token_t token)
{
	Namespace *ns = namespace_find(bootstrap);
	Caller c = server_caller(&token);
	Owner *owner;
	int r;

	if (!ns)
		return BOOTSTRAP_UNKNOWN_SERVICE;
	if (flags & BOOTSTRAP_PER_PID_SERVICE)
		return BOOTSTRAP_NOT_PRIVILEGED;
	if (port == MACH_PORT_DEAD)
		return BOOTSTRAP_NO_MEMORY;
	r = withdraw(ns, name, &c, port != MACH_PORT_NULL);
	if (r || port == MACH_PORT_NULL)
		return code_of(r);
	r = server_owner_of(&c, &owner);
	if (!r)
		r = service_register_take(ns, name, owner, &c, port);
	return code_of(r);
}

kern_return_t bootstrap_do_status(
	mach_port_t bootstrap, service_name_t name, audit_token_t token, bootstrap_status_t *active)
{
	Namespace *ns = namespace_find(bootstrap);
	Service *s = ns ? namespace_look_up(ns, name, false) : NULL;

	(void)token;
	if (!s)
		return BOOTSTRAP_UNKNOWN_SERVICE;
	*active = s->active	 ? BOOTSTRAP_STATUS_ACTIVE
		  : s->on_demand ? BOOTSTRAP_STATUS_ON_DEMAND
				 : BOOTSTRAP_STATUS_INACTIVE;
	return BOOTSTRAP_SUCCESS;
}

/* --- Namespaces --- */

static void subset_name(Namespace *ns, const Caller *c, char *name, size_t size)
{
	char label[64] = "";

	if (c->owner)
		(void)snprintf(label, sizeof(label), "%s", c->owner->label);
	if (c->owner && c->owner->kind == OWNER_CLIENT)
		label[strcspn(label, "[")] = '\0';
	(void)snprintf(name, size, "%s[%d].subset.%u", label, (int)c->pid, ++ns->n_subsets);
}

kern_return_t bootstrap_do_subset(
	mach_port_t bootstrap, mach_port_t requestor, audit_token_t token, mach_port_t *ret)
{
	Namespace *ns = namespace_find(bootstrap), *subset;
	Caller c = server_caller(&token);
	char name[SPEC_NAME_MAX + 1];
	Owner *owner;
	int r;

	if (!ns)
		return BOOTSTRAP_UNKNOWN_SERVICE;
	if (!MACH_PORT_VALID(requestor))
		return BOOTSTRAP_NOT_PRIVILEGED;
	/* So that it has a name. */
	r = server_owner_of(&c, &owner);
	if (r)
		return code_of(r);
	c.owner = owner;
	subset_name(ns, &c, name, sizeof(name));
	r = namespace_new_take(ns, name, &c, requestor, &subset);
	if (r)
		return code_of(r);
	*ret = subset->port;
	return BOOTSTRAP_SUCCESS;
}

kern_return_t bootstrap_do_parent(mach_port_t bootstrap, audit_token_t token, mach_port_t *ret)
{
	Namespace *ns = namespace_find(bootstrap);
	Caller c = server_caller(&token);

	if (!ns || c.uid != 0)
		return BOOTSTRAP_NOT_PRIVILEGED;
	*ret = ns->parent ? ns->parent->port : ns->port;
	return BOOTSTRAP_SUCCESS;
}

kern_return_t bootstrap_do_root(mach_port_t bootstrap, audit_token_t token, mach_port_t *ret)
{
	Caller c = server_caller(&token);

	(void)bootstrap;
	if (c.uid != 0)
		return BOOTSTRAP_NOT_PRIVILEGED;
	*ret = server.root->port;
	return BOOTSTRAP_SUCCESS;
}

/* --- Lists --- */

/* Memory that moves into the answer; NULL for nothing. */
static void *array_new(size_t n, size_t size)
{
	vm_address_t address = 0;

	if (n == 0 || vm_allocate(SELF, &address, n * size, VM_FLAGS_ANYWHERE) != KERN_SUCCESS)
		return NULL;
	return (void *)address;
}

static void array_free(void *array, size_t n, size_t size)
{
	if (array)
		(void)vm_deallocate(SELF, (vm_address_t)array, n * size);
}

kern_return_t bootstrap_do_info(mach_port_t bootstrap, uint64_t flags, audit_token_t token,
	name_array_t *names, mach_msg_type_number_t *n_names, name_array_t *jobs,
	mach_msg_type_number_t *n_jobs, bootstrap_status_array_t *active,
	mach_msg_type_number_t *n_active)
{
	Namespace *ns = namespace_find(bootstrap);
	Service *s, *next;
	unsigned n, i = 0;

	(void)flags;
	(void)token;
	if (!ns)
		return BOOTSTRAP_UNKNOWN_SERVICE;
	n = ns->n_services;
	*names = array_new(n, sizeof(name_t));
	*jobs = array_new(n, sizeof(name_t));
	*active = array_new(n, sizeof(bootstrap_status_t));
	if (n > 0 && (!*names || !*jobs || !*active)) {
		array_free(*names, n, sizeof(name_t));
		array_free(*jobs, n, sizeof(name_t));
		array_free(*active, n, sizeof(bootstrap_status_t));
		return BOOTSTRAP_NO_MEMORY;
	}
	HASH_ITER (hh, ns->services, s, next) {
		(void)mig_strncpy((*names)[i], s->name, sizeof(name_t));
		(void)mig_strncpy((*jobs)[i], s->owner->label, sizeof(name_t));
		(*active)[i++] = s->active	? BOOTSTRAP_STATUS_ACTIVE
				 : s->on_demand ? BOOTSTRAP_STATUS_ON_DEMAND
						: BOOTSTRAP_STATUS_INACTIVE;
	}
	*n_names = *n_jobs = *n_active = n;
	return BOOTSTRAP_SUCCESS;
}

static bootstrap_property_t property_of(const Namespace *ns)
{
	return ns->kind == NAMESPACE_SUBSET ? BOOTSTRAP_PROPERTY_EXPLICITSUBSET : 0;
}

kern_return_t bootstrap_do_children(mach_port_t bootstrap, audit_token_t token,
	mach_port_array_t *ports, mach_msg_type_number_t *n_ports, name_array_t *names,
	mach_msg_type_number_t *n_names, bootstrap_property_array_t *properties,
	mach_msg_type_number_t *n_properties)
{
	Namespace *ns = namespace_find(bootstrap), *child;
	Caller c = server_caller(&token);
	unsigned n, i = 0;

	/* Whoever may end the server may see what it has. */
	if (!ns || !server_is_privileged(&c))
		return BOOTSTRAP_NOT_PRIVILEGED;
	n = ns->n_children;
	if (n == 0)
		return BOOTSTRAP_NO_CHILDREN;
	*ports = array_new(n, sizeof(mach_port_t));
	*names = array_new(n, sizeof(name_t));
	*properties = array_new(n, sizeof(bootstrap_property_t));
	if (!*ports || !*names || !*properties) {
		array_free(*ports, n, sizeof(mach_port_t));
		array_free(*names, n, sizeof(name_t));
		array_free(*properties, n, sizeof(bootstrap_property_t));
		return BOOTSTRAP_NO_MEMORY;
	}
	LIST_FOREACH (child, &ns->children, link) {
		(*ports)[i] = child->port;
		(void)mig_strncpy((*names)[i], child->name, sizeof(name_t));
		(*properties)[i++] = property_of(child);
	}
	*n_ports = *n_names = *n_properties = n;
	return BOOTSTRAP_SUCCESS;
}

kern_return_t bootstrap_do_describe(
	mach_port_t bootstrap, audit_token_t token, name_t name, bootstrap_property_t *property)
{
	Namespace *ns = namespace_find(bootstrap);

	(void)token;
	if (!ns)
		return BOOTSTRAP_UNKNOWN_SERVICE;
	(void)mig_strncpy(name, ns->name, sizeof(name_t));
	*property = property_of(ns);
	return BOOTSTRAP_SUCCESS;
}
