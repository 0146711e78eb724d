/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of <servers/bootstrap.h>: each is one call to the server, by the stubs that mig makes of
 * idl/bootstrap.defs.
 *
 * Two things are settled here. MACH_PORT_NULL as the bootstrap port means the task's own, which is
 * looked for at that moment if it has none. And mach_task_self() as the requestor of a subset means
 * "for as long as this task": a port of our own is sent in its place, that nobody destroys and that
 * ends with the task, which is all that a requestor is for.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <mach/mach.h>
#include <servers/bootstrap.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "bootstrap/contact.h"
#include "bootstrap_user.h"

#define public_ __attribute__((__visibility__("default")))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* With the lock. */
static kern_return_t find_server(void)
{
	mach_port_t port;
	int r;

	if (MACH_PORT_VALID(bootstrap_port))
		return KERN_SUCCESS;
	if (task_get_bootstrap_port(mach_task_self(), &port) == KERN_SUCCESS &&
		MACH_PORT_VALID(port)) {
		bootstrap_port = port;
		return KERN_SUCCESS;
	}
	r = contact_server(&port);
	if (r < 0) {
		log_info("there is no bootstrap server: %s", strerror(-r));
		return r == -EACCES ? BOOTSTRAP_NOT_PRIVILEGED : MACH_SEND_INVALID_DEST;
	}
	bootstrap_port = port;
	(void)task_set_bootstrap_port(mach_task_self(), port);
	return KERN_SUCCESS;
}

static kern_return_t resolve(mach_port_t *bp)
{
	kern_return_t kr;

	if (*bp != MACH_PORT_NULL)
		return KERN_SUCCESS;
	pthread_mutex_lock(&lock);
	kr = find_server();
	*bp = bootstrap_port;
	pthread_mutex_unlock(&lock);
	return kr;
}

/* A longer name would be cut on its way, and another's answer given. */
static bool is_name(const char *name)
{
	return name && *name && strnlen(name, BOOTSTRAP_MAX_NAME_LEN) < BOOTSTRAP_MAX_NAME_LEN;
}

static void drop(mach_port_t port)
{
	if (MACH_PORT_VALID(port))
		(void)mach_port_deallocate(mach_task_self(), port);
}

public_ kern_return_t bootstrap_check_in2(
	mach_port_t bp, const name_t service_name, mach_port_t *service, uint64_t flags)
{
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	if (!is_name(service_name))
		return BOOTSTRAP_UNKNOWN_SERVICE;
	return bootstrap_mig_check_in(bp, (char *)service_name, flags, service);
}

public_ kern_return_t bootstrap_check_in(
	mach_port_t bp, const name_t service_name, mach_port_t *service)
{
	return bootstrap_check_in2(bp, service_name, service, 0);
}

public_ kern_return_t bootstrap_look_up2(mach_port_t bp, const name_t service_name,
	mach_port_t *service, pid_t target_pid, uint64_t flags)
{
	mach_msg_type_name_t disposition;
	service_owner_t owner;
	audit_token_t server;
	mach_port_t port;
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	if (!is_name(service_name))
		return BOOTSTRAP_UNKNOWN_SERVICE;
	kr = bootstrap_mig_look_up(
		bp, (char *)service_name, target_pid, flags, &port, &disposition, &owner, &server);
	if (kr != KERN_SUCCESS)
		return kr;
	/* Anybody can serve a bootstrap port; only the kernel says who answered. */
	if ((flags & BOOTSTRAP_PRIVILEGED_SERVER) && server.val[1] != 0) {
		drop(port);
		return BOOTSTRAP_NOT_PRIVILEGED;
	}
	*service = port;
	return KERN_SUCCESS;
}

public_ kern_return_t bootstrap_look_up(
	mach_port_t bp, const name_t service_name, mach_port_t *service)
{
	return bootstrap_look_up2(bp, service_name, service, 0, 0);
}

public_ kern_return_t bootstrap_register2(
	mach_port_t bp, name_t service_name, mach_port_t service, uint64_t flags)
{
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	if (!is_name(service_name))
		return BOOTSTRAP_UNKNOWN_SERVICE;
	if (service == MACH_PORT_DEAD)
		return BOOTSTRAP_NO_MEMORY;
	return bootstrap_mig_register_port(bp, service_name, service, flags);
}

public_ kern_return_t bootstrap_register(mach_port_t bp, name_t service_name, mach_port_t service)
{
	return bootstrap_register2(bp, service_name, service, 0);
}

public_ kern_return_t bootstrap_create_service(
	mach_port_t bp, name_t service_name, mach_port_t *service)
{
	mach_port_t receive;
	kern_return_t kr = bootstrap_check_in(bp, service_name, &receive);

	if (kr != KERN_SUCCESS)
		return kr;
	/* The server has it back then, and the name stays. */
	(void)mach_port_mod_refs(mach_task_self(), receive, MACH_PORT_RIGHT_RECEIVE, -1);
	return bootstrap_look_up(bp, service_name, service);
}

/* A port that lives as long as this task. The lock. */
static kern_return_t life_port(mach_port_t *ret)
{
	static mach_port_t life;
	static pid_t owner;
	kern_return_t kr = KERN_SUCCESS;

	pthread_mutex_lock(&lock);
	/* A fork child is another task. */
	if (owner != getpid()) {
		kr = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &life);
		if (kr == KERN_SUCCESS)
			owner = getpid();
	}
	if (kr == KERN_SUCCESS)
		kr = mach_port_insert_right(mach_task_self(), life, life, MACH_MSG_TYPE_MAKE_SEND);
	*ret = life;
	pthread_mutex_unlock(&lock);
	return kr;
}

public_ kern_return_t bootstrap_subset(
	mach_port_t bp, mach_port_t requestor_port, mach_port_t *subset_port)
{
	bool own = requestor_port == mach_task_self();
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	if (own)
		kr = life_port(&requestor_port);
	if (kr != KERN_SUCCESS)
		return kr;
	kr = bootstrap_mig_subset(bp, requestor_port, subset_port);
	if (own)
		drop(requestor_port);
	return kr;
}

public_ kern_return_t bootstrap_unprivileged(mach_port_t bp, mach_port_t *unpriv_port)
{
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	kr = mach_port_mod_refs(mach_task_self(), bp, MACH_PORT_RIGHT_SEND, 1);
	if (kr == KERN_SUCCESS)
		*unpriv_port = bp;
	return kr;
}

public_ kern_return_t bootstrap_parent(mach_port_t bp, mach_port_t *parent_port)
{
	kern_return_t kr = resolve(&bp);

	return kr == KERN_SUCCESS ? bootstrap_mig_parent(bp, parent_port) : kr;
}

public_ kern_return_t bootstrap_get_root(mach_port_t bp, mach_port_t *root)
{
	kern_return_t kr = resolve(&bp);

	return kr == KERN_SUCCESS ? bootstrap_mig_root(bp, root) : kr;
}

public_ kern_return_t bootstrap_status(
	mach_port_t bp, name_t service_name, bootstrap_status_t *service_active)
{
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	if (!is_name(service_name))
		return BOOTSTRAP_UNKNOWN_SERVICE;
	return bootstrap_mig_status(bp, service_name, service_active);
}

static void release(const void *array, size_t size)
{
	if (size)
		(void)vm_deallocate(mach_task_self(), (vm_address_t)array, size);
}

public_ kern_return_t bootstrap_info(mach_port_t bp, name_array_t *service_names,
	mach_msg_type_number_t *service_namesCnt, name_array_t *service_jobs,
	mach_msg_type_number_t *service_jobsCnt, bootstrap_status_array_t *service_active,
	mach_msg_type_number_t *service_activeCnt, uint64_t flags)
{
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	kr = bootstrap_mig_info(bp, flags, service_names, service_namesCnt, service_jobs,
		service_jobsCnt, service_active, service_activeCnt);
	if (kr != KERN_SUCCESS)
		return kr;
	if (*service_namesCnt == *service_jobsCnt && *service_namesCnt == *service_activeCnt)
		return KERN_SUCCESS;
	release(*service_names, *service_namesCnt * sizeof(name_t));
	release(*service_jobs, *service_jobsCnt * sizeof(name_t));
	release(*service_active, *service_activeCnt * sizeof(bootstrap_status_t));
	return BOOTSTRAP_BAD_COUNT;
}

public_ kern_return_t bootstrap_lookup_children(mach_port_t bp, mach_port_array_t *child_ports,
	name_array_t *child_names, bootstrap_property_array_t *child_properties,
	mach_msg_type_number_t *child_count)
{
	mach_msg_type_number_t n_names, n_properties;
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	kr = bootstrap_mig_children(bp, child_ports, child_count, child_names, &n_names,
		child_properties, &n_properties);
	if (kr != KERN_SUCCESS || (*child_count == n_names && *child_count == n_properties))
		return kr;
	for (unsigned i = 0; i < *child_count; i++)
		drop((*child_ports)[i]);
	release(*child_ports, *child_count * sizeof(mach_port_t));
	release(*child_names, n_names * sizeof(name_t));
	release(*child_properties, n_properties * sizeof(bootstrap_property_t));
	return BOOTSTRAP_BAD_COUNT;
}

public_ const char *bootstrap_strerror(kern_return_t r)
{
	switch (r) {
	case BOOTSTRAP_SUCCESS:
		return "Success";
	case BOOTSTRAP_NOT_PRIVILEGED:
		return "Permission denied";
	case BOOTSTRAP_NAME_IN_USE:
	case BOOTSTRAP_SERVICE_ACTIVE:
		return "Service name already exists";
	case BOOTSTRAP_UNKNOWN_SERVICE:
		return "Unknown service name";
	case BOOTSTRAP_BAD_COUNT:
		return "Too many lookups were requested in one request";
	case BOOTSTRAP_NO_MEMORY:
		return "Out of memory";
	case BOOTSTRAP_NO_CHILDREN:
		return "No children";
	default:
		return mach_error_string(r);
	}
}
