/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls of <servers/bootstrap.h>: each is one call to the server, by the stubs that mig makes of
 * idl/bootstrap.defs.
 *
 * Two things are settled here. MACH_PORT_NULL as the bootstrap port means the task's own, which is
 * looked for at that moment if it has none. And mach_task_self() as the requestor of a subset means
 * "for as long as this task": a port of our own is sent in its place, that nobody destroys and that
 * ends with the task, which is all that a requestor is for.
 *
 * Whoever holds a receive right may call itself a bootstrap server. An answer is taken for what it says
 * only as far as it makes sense; one that does not is MIG_TYPE_ERROR, and what came with it is let go.
 *
 * Any thread; one lock around what a task has once.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <bsm/libbsm.h>
#include <mach/mach.h>
#include <mach/mig_errors.h>
#include <servers/bootstrap.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "bootstrap/bootstrap_user.h"
#include "bootstrap/contact.h"
#include "port/serve.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Ours, and nobody's else: lives as long as this task. */
static mach_port_t life;

/* A fork child is another task, in which the thread that holds the lock does not exist. */
static void after_fork(void)
{
	pthread_mutex_init(&lock, NULL);
	life = MACH_PORT_NULL;
}

__attribute__((constructor)) static void api_bootstrap_constructor(void)
{
	(void)pthread_atfork(NULL, NULL, after_fork);
}

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
	if (port != MACH_PORT_NULL)
		(void)mach_port_deallocate(mach_task_self(), port);
}

/* A right of a kind that was not asked for. */
static void discard(mach_port_t port, mach_msg_type_name_t disposition)
{
	if (MACH_PORT_VALID(port) && disposition == MACH_MSG_TYPE_PORT_RECEIVE)
		(void)mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_RECEIVE, -1);
	else
		drop(port);
}

/* Of a port that came with a success, which promises one. Dead by now is another matter. */
static kern_return_t check_given(kern_return_t kr, mach_port_t port, mach_port_t *ret)
{
	if (kr != KERN_SUCCESS)
		return kr;
	if (port == MACH_PORT_NULL)
		return MIG_TYPE_ERROR;
	*ret = port;
	return KERN_SUCCESS;
}

_public_ kern_return_t bootstrap_check_in2(
	mach_port_t bp, const char *service_name, mach_port_t *service, uint64_t flags)
{
	mach_port_t port = MACH_PORT_NULL;
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	if (!is_name(service_name))
		return BOOTSTRAP_UNKNOWN_SERVICE;
	kr = bootstrap_mig_check_in(bp, (char *)service_name, flags, &port);
	if (kr == KERN_SUCCESS && MACH_PORT_VALID(port))
		serve_await_clients(port);
	return check_given(kr, port, service);
}

_public_ kern_return_t bootstrap_check_in(
	mach_port_t bp, const char *service_name, mach_port_t *service)
{
	return bootstrap_check_in2(bp, service_name, service, 0);
}

_public_ kern_return_t bootstrap_look_up2(mach_port_t bp, const char *service_name,
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
	if (disposition != MACH_MSG_TYPE_PORT_SEND) {
		discard(port, disposition);
		return MIG_TYPE_ERROR;
	}
	/* Anybody can serve a bootstrap port; only the kernel says who answered. */
	if ((flags & BOOTSTRAP_PRIVILEGED_SERVER) && audit_token_to_euid(server) != 0) {
		drop(port);
		return BOOTSTRAP_NOT_PRIVILEGED;
	}
	return check_given(kr, port, service);
}

_public_ kern_return_t bootstrap_look_up(
	mach_port_t bp, const char *service_name, mach_port_t *service)
{
	return bootstrap_look_up2(bp, service_name, service, 0, 0);
}

_public_ kern_return_t bootstrap_register2(
	mach_port_t bp, const char *service_name, mach_port_t service, uint64_t flags)
{
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	if (!is_name(service_name))
		return BOOTSTRAP_UNKNOWN_SERVICE;
	if (service == MACH_PORT_DEAD)
		return BOOTSTRAP_NO_MEMORY;
	return bootstrap_mig_register_port(bp, (char *)service_name, service, flags);
}

_public_ kern_return_t bootstrap_register(
	mach_port_t bp, const char *service_name, mach_port_t service)
{
	return bootstrap_register2(bp, service_name, service, 0);
}

_public_ kern_return_t bootstrap_create_service(
	mach_port_t bp, const char *service_name, mach_port_t *service)
{
	mach_port_t port = MACH_PORT_NULL;
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	if (!is_name(service_name))
		return BOOTSTRAP_UNKNOWN_SERVICE;
	kr = bootstrap_mig_declare(bp, (char *)service_name, &port);
	return check_given(kr, port, service);
}

/* A send right to a port that lives as long as this task. The lock. */
static kern_return_t life_port(mach_port_t *ret)
{
	kern_return_t kr = KERN_SUCCESS;

	pthread_mutex_lock(&lock);
	if (life == MACH_PORT_NULL)
		kr = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &life);
	if (kr == KERN_SUCCESS)
		kr = mach_port_insert_right(mach_task_self(), life, life, MACH_MSG_TYPE_MAKE_SEND);
	*ret = life;
	pthread_mutex_unlock(&lock);
	return kr;
}

_public_ kern_return_t bootstrap_subset(
	mach_port_t bp, mach_port_t requestor_port, mach_port_t *subset_port)
{
	bool own = requestor_port == mach_task_self();
	mach_port_t port = MACH_PORT_NULL;
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	if (own)
		kr = life_port(&requestor_port);
	if (kr != KERN_SUCCESS)
		return kr;
	kr = bootstrap_mig_subset(bp, requestor_port, &port);
	if (own)
		drop(requestor_port);
	return check_given(kr, port, subset_port);
}

_public_ kern_return_t bootstrap_unprivileged(mach_port_t bp, mach_port_t *unpriv_port)
{
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	if (bp == MACH_PORT_DEAD)
		return MACH_SEND_INVALID_DEST;
	kr = mach_port_mod_refs(mach_task_self(), bp, MACH_PORT_RIGHT_SEND, 1);
	if (kr == KERN_SUCCESS)
		*unpriv_port = bp;
	return kr;
}

_public_ kern_return_t bootstrap_parent(mach_port_t bp, mach_port_t *parent_port)
{
	mach_port_t port = MACH_PORT_NULL;
	kern_return_t kr = resolve(&bp);

	if (kr == KERN_SUCCESS)
		kr = bootstrap_mig_parent(bp, &port);
	return check_given(kr, port, parent_port);
}

_public_ kern_return_t bootstrap_get_root(mach_port_t bp, mach_port_t *root)
{
	mach_port_t port = MACH_PORT_NULL;
	kern_return_t kr = resolve(&bp);

	if (kr == KERN_SUCCESS)
		kr = bootstrap_mig_root(bp, &port);
	return check_given(kr, port, root);
}

_public_ kern_return_t bootstrap_status(
	mach_port_t bp, const char *service_name, bootstrap_status_t *service_active)
{
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	if (!is_name(service_name))
		return BOOTSTRAP_UNKNOWN_SERVICE;
	return bootstrap_mig_status(bp, (char *)service_name, service_active);
}

static void release(const void *array, size_t size)
{
	if (size)
		(void)vm_deallocate(mach_task_self(), (vm_address_t)array, size);
}

/* They are bytes as the server wrote them. */
static void terminate(name_array_t names, mach_msg_type_number_t n)
{
	for (mach_msg_type_number_t i = 0; i < n; i++)
		names[i][BOOTSTRAP_MAX_NAME_LEN - 1] = '\0';
}

_public_ kern_return_t bootstrap_info(mach_port_t bp, name_array_t *service_names,
	mach_msg_type_number_t *service_namesCnt, name_array_t *service_jobs,
	mach_msg_type_number_t *service_jobsCnt, bootstrap_status_array_t *service_active,
	mach_msg_type_number_t *service_activeCnt, uint64_t flags)
{
	name_array_t names, jobs;
	bootstrap_status_array_t active;
	mach_msg_type_number_t n_names, n_jobs, n_active;
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	kr = bootstrap_mig_info(bp, flags, &names, &n_names, &jobs, &n_jobs, &active, &n_active);
	if (kr != KERN_SUCCESS)
		return kr;
	if (n_names != n_jobs || n_names != n_active) {
		release(names, n_names * sizeof(name_t));
		release(jobs, n_jobs * sizeof(name_t));
		release(active, n_active * sizeof(bootstrap_status_t));
		return BOOTSTRAP_BAD_COUNT;
	}
	terminate(names, n_names);
	terminate(jobs, n_jobs);
	*service_names = names;
	*service_jobs = jobs;
	*service_active = active;
	*service_namesCnt = *service_jobsCnt = *service_activeCnt = n_names;
	return KERN_SUCCESS;
}

_public_ kern_return_t bootstrap_lookup_children(mach_port_t bp, mach_port_array_t *child_ports,
	name_array_t *child_names, bootstrap_property_array_t *child_properties,
	mach_msg_type_number_t *child_count)
{
	mach_port_array_t ports;
	name_array_t names;
	bootstrap_property_array_t properties;
	mach_msg_type_number_t n_ports, n_names, n_properties;
	kern_return_t kr = resolve(&bp);

	if (kr != KERN_SUCCESS)
		return kr;
	kr = bootstrap_mig_children(
		bp, &ports, &n_ports, &names, &n_names, &properties, &n_properties);
	if (kr != KERN_SUCCESS)
		return kr;
	if (n_ports != n_names || n_ports != n_properties) {
		for (unsigned i = 0; i < n_ports; i++)
			drop(ports[i]);
		release(ports, n_ports * sizeof(mach_port_t));
		release(names, n_names * sizeof(name_t));
		release(properties, n_properties * sizeof(bootstrap_property_t));
		return BOOTSTRAP_BAD_COUNT;
	}
	terminate(names, n_names);
	*child_ports = ports;
	*child_names = names;
	*child_properties = properties;
	*child_count = n_ports;
	return KERN_SUCCESS;
}

_public_ const char *bootstrap_strerror(kern_return_t r)
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
