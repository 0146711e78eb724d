/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/describe.h"

#include <errno.h>
#include <plist/plist.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "launchd/confine.h"
#include "launchd/namespace.h"
#include "launchd/service.h"

/* Values that are not there are left out: libplist has no null. */

static void put_text(plist_t dict, const char *key, const char *value)
{
	if (value)
		plist_dict_set_item(dict, key, plist_new_string(value));
}

static void put_number(plist_t dict, const char *key, uint64_t value)
{
	plist_dict_set_item(dict, key, plist_new_uint(value));
}

static void put_bool(plist_t dict, const char *key, bool value)
{
	plist_dict_set_item(dict, key, plist_new_bool(value));
}

static void put_array(plist_t dict, const char *key, char *const *items)
{
	plist_t array;

	if (!items)
		return;
	array = plist_new_array();
	for (size_t i = 0; items[i]; i++)
		plist_array_append_item(array, plist_new_string(items[i]));
	plist_dict_set_item(dict, key, array);
}

static plist_t service_dict(const Service *s)
{
	plist_t dict = plist_new_dict();

	put_number(dict, "port", s->port);
	put_bool(dict, "active", s->active);
	put_bool(dict, "managed", s->on_demand);
	put_bool(dict, "reset", s->reset_at_close);
	put_bool(dict, "hide", s->hide_until_check_in);
	/* What is not exposed need not be watched to be. */
	put_bool(dict, "watching", s->on_demand && s->held && !s->demanded && !s->deaf);
	return dict;
}

static void put_services(plist_t dict, const Job *job)
{
	plist_t declared = plist_new_dict(), dynamic = plist_new_dict();

	for (Service *s = domain_next_service(job, NULL); s; s = domain_next_service(job, s))
		plist_dict_set_item(s->on_demand ? declared : dynamic, s->name, service_dict(s));
	plist_dict_set_item(dict, "endpoints", declared);
	plist_dict_set_item(dict, "dynamic endpoints", dynamic);
}

static void put_end(plist_t dict, const JobStatus *status)
{
	if (!status->has_exited)
		return;
	put_number(dict, status->last.by_signal ? "last terminating signal" : "last exit code",
		(uint64_t)status->last.value);
}

static void put_spec(plist_t dict, const JobSpec *spec)
{
	put_text(dict, "program",
		spec->program	  ? spec->program
		: spec->arguments ? spec->arguments[0]
				  : NULL);
	put_array(dict, "arguments", spec->arguments);
	put_array(dict, "environment", spec->environment);
	put_text(dict, "working directory", spec->working_directory);
	put_text(dict, "root directory", spec->root_directory);
	put_text(dict, "stdin path", spec->stdin_path);
	put_text(dict, "stdout path", spec->stdout_path);
	put_text(dict, "stderr path", spec->stderr_path);
	put_text(dict, "username", spec->user_name);
	put_text(dict, "group", spec->group_name);
	put_number(dict, "minimum runtime", (uint64_t)spec->throttle_interval_s);
	put_number(dict, "exit timeout", (uint64_t)spec->exit_timeout_s);
	if (spec->start_interval_s != SPEC_UNSET)
		put_number(dict, "run interval", (uint64_t)spec->start_interval_s);
	put_bool(dict, "keepalive", spec->keep_alive.always);
	put_bool(dict, "runatload", spec->run_at_load);
	put_bool(dict, "confined", spec->confined);
}

static plist_t job_dict(const Job *job)
{
	const JobStatus *status = job_status(job);
	plist_t dict = plist_new_dict();

	put_text(dict, "label", job_label(job));
	put_text(dict, "path", domain_path(job));
	put_text(dict, "state", job_state_text(status->state));
	put_text(dict, "reason", job_reason_text(status->reason));
	put_text(dict, "problem", status->problem);
	put_bool(dict, "enabled", status->is_enabled);
	put_bool(dict, "removing", status->is_removing);
	put_number(dict, "runs", status->n_runs);
	if (status->pid)
		put_number(dict, "pid", (uint64_t)status->pid);
	put_end(dict, status);
	put_spec(dict, job_spec(job));
	put_services(dict, job);
	return dict;
}

static int to_xml(plist_t dict, char **ret, size_t *ret_size)
{
	char *xml = NULL;
	uint32_t size = 0;

	plist_to_xml(dict, &xml, &size);
	plist_free(dict);
	if (!xml)
		return error_origin(-ENOMEM);
	*ret = xml;
	*ret_size = size;
	return 0;
}

int describe_job(const Job *job, char **ret, size_t *ret_size)
{
	return to_xml(job_dict(job), ret, ret_size);
}

static plist_t namespace_dict(const Namespace *ns)
{
	plist_t dict = plist_new_dict();
	Service *s, *next;

	HASH_ITER (hh, ns->services, s, next)
		plist_dict_set_item(dict, s->name, service_dict(s));
	return dict;
}

int describe_domain(char **ret, size_t *ret_size)
{
	plist_t dict = plist_new_dict(), services = plist_new_dict(), disabled = plist_new_dict();
	_cleanup_free_ char *confinement = confine_describe();
	Override *o, *next;
	uint64_t n_active = 0;

	for (Job *job = supervisor_next_job(domain.supervisor, NULL); job;
		job = supervisor_next_job(domain.supervisor, job)) {
		n_active += job_status(job)->pid != 0;
		plist_dict_set_item(services, job_label(job), job_dict(job));
	}
	HASH_ITER (hh, domain.overrides, o, next)
		put_bool(disabled, o->label, !o->enabled);
	put_text(dict, "name", server.root->name);
	put_number(dict, "uid", server.uid);
	put_number(dict, "service count", supervisor_n_jobs(domain.supervisor));
	put_number(dict, "active service count", n_active);
	put_array(dict, "environment", domain.environment.items);
	put_text(dict, "confinement", confinement);
	plist_dict_set_item(dict, "services", services);
	plist_dict_set_item(dict, "endpoints", namespace_dict(server.root));
	plist_dict_set_item(dict, "disabled services", disabled);
	return to_xml(dict, ret, ret_size);
}
