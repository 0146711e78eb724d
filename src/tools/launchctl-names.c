/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bslist, bstree, bsexec: namespaces and the services in them.
 *
 * A namespace is named as bstree shows it. A process stands for the bootstrap port that it has, and that
 * its children would inherit: it is taken from there, by whoever may take it (inherit.h).
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/pidref.h"
#include "job_user.h"
#include "port/inherit.h"
#include "tools/launchctl.h"

#define INDENT 4

void release(const void *data, size_t size)
{
	if (size)
		(void)vm_deallocate(mach_task_self(), (vm_address_t)data, size);
}

/* --- Services --- */

static int compare_names(const void *a, const void *b, void *names)
{
	name_array_t n = names;

	return strcmp(n[*(const unsigned *)a], n[*(const unsigned *)b]);
}

/* The order in which names are shown: indices, on the heap. NULL: no memory, or no names. */
static unsigned *order_of(name_array_t names, unsigned n)
{
	unsigned *order = calloc(n ? n : 1, sizeof(*order));

	for (unsigned i = 0; order && i < n; i++)
		order[i] = i;
	if (order)
		qsort_r(order, n, sizeof(*order), compare_names, names);
	return order;
}

kern_return_t services_get(mach_port_t port, ServiceTable *ret)
{
	mach_msg_type_number_t n_names = 0, n_jobs = 0, n_active = 0;
	kern_return_t kr;

	*ret = (ServiceTable){.n = 0};
	kr = bootstrap_info(port, &ret->names, &n_names, &ret->jobs, &n_jobs, &ret->active,
		&n_active, BOOTSTRAP_FORCE_LOCAL);
	ret->n = kr == BOOTSTRAP_SUCCESS ? n_names : 0;
	return kr;
}

void services_clear(ServiceTable *services)
{
	release(services->names, services->n * sizeof(name_t));
	release(services->jobs, services->n * sizeof(name_t));
	release(services->active, services->n * sizeof(bootstrap_status_t));
	services->n = 0;
}

static kern_return_t print_services(mach_port_t port, unsigned depth, bool jobs)
{
	_cleanup_services_ ServiceTable s = {.n = 0};
	_cleanup_free_ unsigned *order = NULL;
	kern_return_t kr = services_get(port, &s);

	if (kr != BOOTSTRAP_SUCCESS)
		return kr;
	order = order_of(s.names, s.n);
	if (!order)
		return KERN_RESOURCE_SHORTAGE;
	for (unsigned i = 0; i < s.n; i++)
		format_service(stdout, depth, s.active[order[i]], s.names[order[i]],
			jobs ? s.jobs[order[i]] : NULL);
	return BOOTSTRAP_SUCCESS;
}

/* --- Namespaces below --- */

typedef struct Children {
	mach_port_array_t ports;
	name_array_t names;
	bootstrap_property_array_t properties;
	mach_msg_type_number_t n;
} Children;

/* None is no failure. */
static kern_return_t children_get(mach_port_t port, Children *ret)
{
	kern_return_t kr;

	*ret = (Children){.n = 0};
	kr = bootstrap_lookup_children(port, &ret->ports, &ret->names, &ret->properties, &ret->n);
	if (kr == BOOTSTRAP_SUCCESS)
		return kr;
	ret->n = 0;
	return kr == BOOTSTRAP_NO_CHILDREN ? BOOTSTRAP_SUCCESS : kr;
}

static void children_clear(Children *c)
{
	for (unsigned i = 0; i < c->n; i++) {
		if (MACH_PORT_VALID(c->ports[i]))
			(void)mach_port_deallocate(mach_task_self(), c->ports[i]);
	}
	release(c->ports, c->n * sizeof(*c->ports));
	release(c->names, c->n * sizeof(name_t));
	release(c->properties, c->n * sizeof(*c->properties));
	c->n = 0;
}
#define _cleanup_children_ _cleanup_(children_clear)

/* A namespace may end while we look. */
static bool is_gone(kern_return_t kr)
{
	return kr == MACH_SEND_INVALID_DEST || kr == MIG_SERVER_DIED ||
	       kr == BOOTSTRAP_UNKNOWN_SERVICE;
}

static kern_return_t print_tree(mach_port_t port, unsigned depth, bool jobs)
{
	_cleanup_children_ Children c = {.n = 0};
	_cleanup_free_ unsigned *order = NULL;
	kern_return_t kr = print_services(port, depth, jobs);

	if (kr == BOOTSTRAP_SUCCESS)
		kr = children_get(port, &c);
	if (kr != BOOTSTRAP_SUCCESS)
		return kr;
	order = order_of(c.names, c.n);
	if (!order)
		return KERN_RESOURCE_SHORTAGE;
	for (unsigned i = 0; i < c.n; i++) {
		unsigned k = order[i];

		format_namespace(stdout, depth, c.names[k], c.properties[k]);
		kr = print_tree(c.ports[k], depth + INDENT, jobs);
		if (kr != BOOTSTRAP_SUCCESS && !is_gone(kr))
			return kr;
	}
	return BOOTSTRAP_SUCCESS;
}

/* Looks for a name below a port; a reference to it in *ret, or MACH_PORT_NULL. */
static kern_return_t search(mach_port_t port, const char *name, mach_port_t *ret)
{
	_cleanup_children_ Children c = {.n = 0};
	kern_return_t kr = children_get(port, &c);

	*ret = MACH_PORT_NULL;
	for (unsigned i = 0; kr == BOOTSTRAP_SUCCESS && i < c.n && *ret == MACH_PORT_NULL; i++) {
		if (strcmp(c.names[i], name) == 0) {
			*ret = c.ports[i];
			c.ports[i] = MACH_PORT_NULL;
			break;
		}
		kr = search(c.ports[i], name, ret);
		if (is_gone(kr))
			kr = BOOTSTRAP_SUCCESS;
	}
	return kr;
}

/* --- Which namespace --- */

static int open_parent(Manager *m)
{
	mach_port_t parent;
	int status = manager_open_own(m);
	kern_return_t kr;

	if (status)
		return status;
	kr = bootstrap_parent(m->port, &parent);
	if (kr != BOOTSTRAP_SUCCESS)
		return fail(cause_status(kr), "Could not get the namespace above %s: %s", m->name,
			kr == BOOTSTRAP_NOT_PRIVILEGED ? "only root may have it" : cause_text(kr));
	(void)mach_port_deallocate(mach_task_self(), m->port);
	m->port = parent;
	return 0;
}

static int open_named(const char *name, Manager *m)
{
	const Target own = {.kind = TARGET_OWN};
	mach_port_t port = MACH_PORT_NULL;
	kern_return_t kr;
	Target target;
	int status;

	/* The root of a domain. */
	if (target_parse(name, &target) == TARGET_OK && !target.label)
		return manager_open(&target, m);
	status = manager_open(&own, m);
	if (status)
		return status;
	kr = search(m->port, name, &port);
	if (kr != BOOTSTRAP_SUCCESS)
		return fail(
			cause_status(kr), "Could not look below %s: %s", m->name, cause_text(kr));
	if (port == MACH_PORT_NULL)
		return fail(STATUS_FAILED,
			"Could not find a namespace \"%s\" in or below %s: launchctl bstree tells "
			"their names",
			name, m->name);
	(void)mach_port_deallocate(mach_task_self(), m->port);
	m->port = port;
	return 0;
}

/* Why a process has no bootstrap port for us. */
static int fail_process(int pid, kern_return_t kr)
{
	switch (kr) {
	case KERN_TERMINATED:
		return fail(STATUS_NO_PROCESS, "Could not find process %d: %s", pid,
			status_text(STATUS_NO_PROCESS));
	case KERN_NO_ACCESS:
		return fail(STATUS_DENIED,
			"Could not get the bootstrap port of process %d: Operation not permitted: "
			"it "
			"is for those who may debug that process (ptrace(2)): root, and its own "
			"user "
			"unless it is protected",
			pid);
	case KERN_FAILURE:
		return fail(STATUS_FAILED,
			"Could not get the bootstrap port of process %d: it has none; name a "
			"namespace that launchctl bstree shows",
			pid);
	default:
		return fail(STATUS_FAILED, "Could not get the bootstrap port of process %d: %s",
			pid, cause_text(kr));
	}
}

kern_return_t process_dup_bootstrap(int pid, mach_port_t *ret)
{
	_cleanup_pidref_ PidRef process = PIDREF_NULL;
	int r = pidref_set_pid(&process, pid);

	if (r)
		return r == PIDREF_E_GONE ? KERN_TERMINATED : KERN_RESOURCE_SHORTAGE;
	return inherit_dup_bootstrap(&process, ret);
}

/* The same port is known by one name. */
static bool name_below(mach_port_t root, mach_port_t port, name_t ret_name)
{
	_cleanup_children_ Children c = {.n = 0};
	bool found = false;

	if (children_get(root, &c) != BOOTSTRAP_SUCCESS)
		return false;
	for (unsigned i = 0; i < c.n && !found; i++) {
		found = c.ports[i] == port;
		if (found)
			memcpy(ret_name, c.names[i], sizeof(name_t));
		else
			found = name_below(c.ports[i], port, ret_name);
	}
	return found;
}

bool manager_knows(const Manager *m, mach_port_t port, name_t ret_name)
{
	if (m->port != port)
		return MACH_PORT_VALID(m->port) && name_below(m->port, port, ret_name);
	domain_target(m->name, ret_name, sizeof(name_t));
	return true;
}

static int open_process(int pid, Manager *m)
{
	mach_port_t port;
	kern_return_t kr;

	/* We have inherited our own from who started us. */
	if (pid == getpid() || pid == getppid())
		return manager_open_own(m);
	kr = process_dup_bootstrap(pid, &port);
	return kr ? fail_process(pid, kr) : manager_open_port_consume(port, m);
}

static int parse_pid(const char *text)
{
	char *end;
	long pid;

	if (!isdigit((unsigned char)*text))
		return 0;
	errno = 0;
	pid = strtol(text, &end, 10);
	return *end || errno || pid > INT32_MAX ? 0 : (int)pid;
}

/* "..", a process id, or the name of a namespace; NULL: our own. 0, or the exit status. */
static int open_namespace(const char *text, Manager *m)
{
	int pid = text ? parse_pid(text) : 0;

	*m = (Manager){.port = MACH_PORT_NULL};
	if (!text)
		return manager_open_own(m);
	if (strcmp(text, "..") == 0)
		return open_parent(m);
	return pid ? open_process(pid, m) : open_named(text, m);
}

/* --- The subcommands --- */

/* -j, which may stand before or behind the one argument that may be there. */
static bool parse_list_options(int argc, char **argv, bool *ret_jobs, const char **ret_argument)
{
	int c;

	*ret_jobs = false;
	while ((c = getopt(argc, argv, "j")) != -1) {
		if (c != 'j')
			return false;
		*ret_jobs = true;
	}
	*ret_argument = argv[optind];
	return argc - optind <= 1;
}

static int run_bslist(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	const char *which;
	kern_return_t kr;
	bool jobs;
	int status;

	if (!parse_list_options(argc, argv, &jobs, &which))
		return command_usage(self);
	status = open_namespace(which, &m);
	if (status)
		return status;
	kr = print_services(m.port, 0, jobs);
	if (kr != BOOTSTRAP_SUCCESS)
		return fail(cause_status(kr), "Could not list the services of %s: %s", m.name,
			cause_text(kr));
	return flush_output();
}

static int run_bstree(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	const Target own = {.kind = TARGET_OWN};
	const char *which;
	kern_return_t kr;
	bool jobs;
	int status;

	if (!parse_list_options(argc, argv, &jobs, &which) || which)
		return command_usage(self);
	status = manager_open(&own, &m);
	if (status)
		return status;
	printf("%s/\n", m.name);
	kr = print_tree(m.port, INDENT, jobs);
	(void)flush_output();
	if (kr != BOOTSTRAP_SUCCESS)
		return fail(cause_status(kr), "Could not list the namespaces below %s: %s", m.name,
			cause_text(kr));
	return flush_output();
}

static int run_bsexec(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	kern_return_t kr;
	int status, error;

	if (argc < 3)
		return command_usage(self);
	status = open_namespace(argv[1], &m);
	if (status)
		return status;
	kr = task_set_bootstrap_port(mach_task_self(), m.port);
	if (kr != KERN_SUCCESS)
		return fail(STATUS_FAILED, "Could not take the bootstrap port: %s",
			mach_error_string(kr));
	(void)execvp(argv[2], argv + 2);
	error = errno;
	/* As shells have it. */
	return fail(error == ENOENT ? 127 : 126, "%s: %s", argv[2], strerror(error));
}

const Command names_commands[] = {
	{"bslist", run_bslist, "[PID | .. | NAMESPACE] [-j]", "List the services of a namespace"},
	{"bstree", run_bstree, "[-j]", "List all namespaces and their services"},
	{"bsexec", run_bsexec, "PID | .. | NAMESPACE COMMAND [ARGUMENT ...]",
		"Run a command in a namespace"},
	{NULL, NULL, NULL, NULL},
};
