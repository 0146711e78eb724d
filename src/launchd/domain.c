/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "launchd/confine.h"
#include "launchd/namespace.h"
#include "launchd/service.h"
#include "launchd/spec-private.h"
#include "port/inherit.h"
#include "port/task.h"

/* What the server knows of a job: its userdata. */
typedef struct JobOwner {
	Owner owner;
	Job *job;
	bool loaded; /* its `removed` hook is to free this */
	Environment sockets; /* where they are: SecureSocketWithKey */
	char path[];
} JobOwner;

Domain domain;

/* NULL for an instance of inetd's way, which has no services. */
static JobOwner *owner_of(const Job *job)
{
	JobOwner *o = job_get_userdata(job);

	return o && o->job == job ? o : NULL;
}

/* --- Between server and supervisor --- */

static void on_demand(Owner *owner, Service *service)
{
	Job *job = ((JobOwner *)owner)->job;
	int r = job_demand(job, JOB_REASON_MESSAGE);

	if (r)
		log_warning("a message for %s does not start %s: %s", service->name, job_label(job),
			r == JOB_E_DISABLED ? "it is disabled"
			: r == JOB_E_DONE   ? "it was to run once"
			: r < 0		    ? strerror(-r)
					    : "it is being removed");
}

static Owner *find_job(void *userdata, pid_t pid, uint32_t version)
{
	Job *job = supervisor_find_process(userdata, pid, version);
	JobOwner *o = job ? owner_of(job) : NULL;

	return o ? &o->owner : NULL;
}

static void confinement_free(void *userdata)
{
	confine_free(userdata);
}

/* A job that cannot be confined is refused by spawn_job(), which says why. */
static int confine(const Job *job, SpawnExtra *extra)
{
	Confinement *confinement;
	int r;

	if (!job_spec(job)->confined)
		return 0;
	r = confine_new(job_spec(job), &confinement, &extra->confine_problem);
	if (r == CONFINE_E_REFUSED)
		return 0;
	if (r < 0)
		return r;
	extra->confine = confine_child;
	extra->confine_userdata = confinement;
	extra->confine_free = confinement_free;
	return 0;
}

/* The bootstrap port, which is this task's own. */
static int before_spawn(void *userdata, Job *job, SpawnExtra *extra)
{
	const char *variable = getenv(INHERIT_VARIABLE);
	int fds[INHERIT_FDS_MAX];
	unsigned n;
	int r;

	(void)userdata;
	r = confine(job, extra);
	if (r < 0)
		return r;
	for (size_t i = 0; i < domain.environment.n; i++) {
		r = environment_add(&extra->environment, domain.environment.items[i]);
		if (r < 0)
			return r;
	}
	task_lock();
	n = inherit_list(fds);
	task_unlock();
	for (unsigned i = 0; i < n; i++) {
		r = fdlist_add_borrow(&extra->fds, fds[i]);
		if (r < 0)
			return r;
	}
	return variable ? environment_add_value(&extra->environment, INHERIT_VARIABLE, variable)
			: 0;
}

static void spawned(void *userdata, Job *job)
{
	JobOwner *o = owner_of(job);

	(void)userdata;
	if (o)
		o->owner.pid = job_status(job)->pid;
}

static void exited(void *userdata, Job *job, const JobExit *exit)
{
	JobOwner *o = owner_of(job);

	(void)userdata;
	if (o)
		owner_process_ended(&o->owner, exit->crashed);
}

/* A start that failed leaves the messages where they are: they are to be heard again. */
static void state_changed(void *userdata, Job *job)
{
	JobOwner *o = owner_of(job);

	(void)userdata;
	if (o && job_status(job)->state == JOB_FAILED)
		owner_listen(&o->owner);
}

/* Somebody may have set them to something else since. */
static void forget_sockets(JobOwner *o)
{
	for (size_t i = 0; i < o->sockets.n; i++) {
		char *name = o->sockets.items[i], *value = strchr(name, '=');
		const char *now;

		*value++ = '\0';
		now = environment_find(&domain.environment, name);
		if (now && strcmp(now, value) == 0)
			environment_remove(&domain.environment, name);
	}
	environment_deinit(&o->sockets);
}

static void job_owner_free(JobOwner *o)
{
	owner_deinit(&o->owner);
	forget_sockets(o);
	free(o);
}

static void removed(void *userdata, Job *job)
{
	JobOwner *o = owner_of(job);

	(void)userdata;
	if (o && o->loaded)
		job_owner_free(o);
}

/* --- Loading --- */

static void report_text(SpecReport *report, const char *path, const char *text)
{
	if (spec_report_add(report, true, path, "%s", text) < 0)
		log_err("%s: %s", report->file, text);
}

/* 0, DOMAIN_E_NAME or DOMAIN_E_REFUSED, which the report explains, or -ENOMEM. */
static int declare_services(JobOwner *o, const JobSpec *spec, SpecReport *report)
{
	for (size_t i = 0; i < spec->n_services; i++) {
		const char *name = spec->services[i].name;
		int r = service_declare_spec(server.root, &spec->services[i], &o->owner);

		if (!r)
			continue;
		if (spec_report_add(report, true, "MachServices",
			    r == SERVER_E_ACTIVE
				    ? "\"%s\" is the name of somebody else's service already"
				    : "there is no port for \"%s\": launchd has no memory or no "
				      "descriptors left",
			    name) < 0)
			return error_origin(-ENOMEM);
		return r == SERVER_E_ACTIVE ? DOMAIN_E_NAME : DOMAIN_E_REFUSED;
	}
	return 0;
}

/* The paths of its sockets, of which all jobs are to know: SecureSocketWithKey. */
static int tell_sockets(JobOwner *o)
{
	int r = job_add_environment(o->job, &o->sockets);

	return r < 0 ? r : environment_add_all(&domain.environment, o->sockets.items);
}

static int code_of_supervisor(int r)
{
	switch (r) {
	case SUPERVISOR_E_EXISTS:
		return DOMAIN_E_EXISTS;
	case SUPERVISOR_E_REFUSED:
		return DOMAIN_E_REFUSED;
	case SUPERVISOR_E_SHUTDOWN:
		return -ESHUTDOWN;
	default:
		return r;
	}
}

/* What becomes of it is also what becomes of its owner: removed(). */
static int job_new_consume(JobSpec *spec, SpecReport *report, JobOwner **ret)
{
	_cleanup_free_ JobOwner *o = calloc(1, sizeof(*o) + strlen(report->file) + 1);
	_cleanup_free_ char *problem = NULL;
	int r = -ENOMEM;

	if (o) {
		memcpy(o->path, report->file, strlen(report->file) + 1);
		r = supervisor_add_job_take(domain.supervisor, spec, o, &o->job, &problem);
	}
	if (r) {
		spec_free(spec);
		if (r == SUPERVISOR_E_REFUSED)
			report_text(report, "", problem ? problem : "it was refused");
		return code_of_supervisor(r);
	}
	owner_init(&o->owner, OWNER_JOB, server.uid, job_label(o->job));
	o->owner.demand = on_demand;
	o->loaded = true;
	*ret = TAKE_PTR(o);
	return 0;
}

int domain_add_consume(JobSpec *spec, bool force, SpecReport *report, Job **ret)
{
	JobOwner *o = NULL;
	Override *said;
	int r;

	HASH_FIND(hh, domain.overrides, spec->label, strlen(spec->label), said);
	r = job_new_consume(spec, report, &o);
	if (r)
		return r;
	r = declare_services(o, job_spec(o->job), report);
	if (!r)
		r = tell_sockets(o);
	if (r) {
		job_remove(o->job);
		return r;
	}
	if (force || said)
		job_set_enabled(o->job, force || said->enabled);
	*ret = o->job;
	return 0;
}

int domain_load(const void *plist, size_t size, bool force, SpecReport *report, Job **ret)
{
	JobSpec *spec;
	int r = spec_parse(plist, size, report, &spec);

	if (r)
		return r < 0 ? r : DOMAIN_E_INVALID;
	return domain_add_consume(spec, force, report, ret);
}

static Override *override_new(const char *label)
{
	_cleanup_free_ Override *o = calloc(1, sizeof(*o) + strlen(label) + 1);

	if (!o)
		return NULL;
	memcpy(o->label, label, strlen(label) + 1);
	HASH_ADD_KEYPTR(hh, domain.overrides, o->label, strlen(o->label), o);
	return hash_is_linked(o, hh) ? TAKE_PTR(o) : NULL;
}

int domain_set_enabled(const char *label, bool enabled)
{
	Job *job = supervisor_find_job(domain.supervisor, label);
	Override *o;

	HASH_FIND(hh, domain.overrides, label, strlen(label), o);
	if (!o)
		o = override_new(label);
	if (!o)
		return error_origin(-ENOMEM);
	o->enabled = enabled;
	if (!job)
		return 0;
	job_set_enabled(job, enabled);
	/* What waited for it may be heard now. */
	if (enabled && !job_status(job)->pid)
		owner_listen(&owner_of(job)->owner);
	return 0;
}

const char *domain_path(const Job *job)
{
	JobOwner *o = owner_of(job);

	return o ? o->path : "";
}

Service *domain_next_service(const Job *job, const Service *after)
{
	JobOwner *o = owner_of(job);

	if (after)
		return TAILQ_NEXT(after, owner_link);
	return o ? TAILQ_FIRST(&o->owner.services) : NULL;
}

/* --- Life --- */

int domain_init(const DomainOptions *o)
{
	static const SupervisorHooks hooks = {
		.before_spawn = before_spawn,
		.spawned = spawned,
		.exited = exited,
		.state_changed = state_changed,
		.removed = removed,
	};
	const SupervisorOptions options = {.loop = server.loop,
		.hooks = &hooks,
		.socket_directory = o->socket_directory,
		.nofile = o->nofile,
		.has_groups = true,
		.second_ns = o->second_ns};
	int r;

	domain = (Domain){.environment = ENVIRONMENT_INIT};
	if (task_set_bootstrap_port(mach_task_self(), server.root->port) != KERN_SUCCESS)
		return error_origin(-ENOMEM);
	r = supervisor_new(&options, &domain.supervisor);
	if (r < 0)
		return r;
	server.find_job = find_job;
	server.find_job_data = domain.supervisor;
	return 0;
}

void domain_deinit(void)
{
	Override *o, *next;

	server.find_job = NULL;
	domain.supervisor = supervisor_free(domain.supervisor);
	HASH_ITER (hh, domain.overrides, o, next) {
		HASH_DELETE(hh, domain.overrides, o);
		free(o);
	}
	environment_deinit(&domain.environment);
	confine_deinit();
}
