/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The routines of idl/job.defs: what launchctl asks. All but activate_socket() are for whoever may end
 * the server anyway, and at the root's bootstrap port alone: a namespace below it is for others.
 *
 * What a request carries out of line is released here when the routine succeeds; when it fails the
 * server destroys the request with it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/fileport.h>

#include "base/fd.h"
#include "base/log.h"
#include "job_server.h"
#include "launchd/describe.h"
#include "launchd/domain.h"
#include "launchd/namespace.h"

#define SELF mach_task_self()

static kern_return_t code_of_job(int r)
{
	switch (r) {
	case 0:
		return KERN_SUCCESS;
	case JOB_E_DISABLED:
		return JOB_DISABLED;
	case JOB_E_DONE:
	case JOB_E_REMOVED:
	case JOB_E_TAKEN:
		return JOB_ALREADY;
	case JOB_E_NOT_RUNNING:
		return JOB_NOT_RUNNING;
	case JOB_E_NO_SOCKET:
		return JOB_NO_SOCKET;
	case JOB_E_INETD:
		return JOB_INETD;
	default:
		return BOOTSTRAP_NO_MEMORY;
	}
}

static bool may_manage(mach_port_t bootstrap, const audit_token_t *token)
{
	Caller c = server_caller(token);

	if (bootstrap == server.root->port && server_is_privileged(&c))
		return true;
	log_peer_warning(&((PeerId){c.pid, c.uid}), "may not manage jobs");
	return false;
}

static kern_return_t find(
	mach_port_t bootstrap, const char *label, const audit_token_t *token, Job **ret)
{
	if (!may_manage(bootstrap, token))
		return BOOTSTRAP_NOT_PRIVILEGED;
	*ret = supervisor_find_job(domain.supervisor, label);
	return *ret ? KERN_SUCCESS : JOB_UNKNOWN;
}

static void release(const void *data, size_t size)
{
	if (size)
		(void)vm_deallocate(SELF, (vm_address_t)data, size);
}

/* Memory that moves into the answer. */
static kern_return_t give(
	const void *data, size_t size, job_text_t *ret, mach_msg_type_number_t *ret_n)
{
	vm_address_t address = 0;

	*ret = NULL;
	*ret_n = 0;
	if (size == 0)
		return KERN_SUCCESS;
	if (size > UINT32_MAX ||
		vm_allocate(SELF, &address, size, VM_FLAGS_ANYWHERE) != KERN_SUCCESS)
		return BOOTSTRAP_NO_MEMORY;
	memcpy((void *)address, data, size);
	*ret = (job_text_t)address;
	*ret_n = (mach_msg_type_number_t)size;
	return KERN_SUCCESS;
}

/* --- load, unload --- */

static kern_return_t give_report(
	const SpecReport *report, job_text_t *ret, mach_msg_type_number_t *ret_n)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return BOOTSTRAP_NO_MEMORY;
	spec_report_print(report, f);
	return fclose(f) == 0 ? give(text, size, ret, ret_n) : BOOTSTRAP_NO_MEMORY;
}

static kern_return_t code_of_load(int r)
{
	switch (r) {
	case 0:
		return KERN_SUCCESS;
	case DOMAIN_E_INVALID:
		return JOB_INVALID;
	case DOMAIN_E_REFUSED:
		return JOB_REFUSED;
	case DOMAIN_E_EXISTS:
		return JOB_EXISTS;
	case DOMAIN_E_NAME:
		return JOB_IN_USE;
	default:
		return BOOTSTRAP_NO_MEMORY;
	}
}

kern_return_t job_do_load(mach_port_t bootstrap, job_text_t plist, mach_msg_type_number_t n_plist,
	job_text_t path, mach_msg_type_number_t n_path, uint32_t flags, audit_token_t token,
	job_label_t label, kern_return_t *outcome, job_text_t *problems,
	mach_msg_type_number_t *n_problems)
{
	_cleanup_free_ char *file = NULL;
	_cleanup_spec_report_ SpecReport report = {.file = ""};
	kern_return_t kr;
	Job *job = NULL;
	int r;

	if (!may_manage(bootstrap, &token))
		return BOOTSTRAP_NOT_PRIVILEGED;
	file = strndup(n_path ? path : "", n_path);
	spec_report_init(&report, file ? file : "");
	if (!file)
		return BOOTSTRAP_NO_MEMORY;
	r = domain_load(plist, n_plist, flags & (JOB_LOAD_FORCE | JOB_LOAD_ENABLE), &report, &job);
	if (!r && (flags & JOB_LOAD_ENABLE))
		r = domain_set_enabled(job_label(job), true);
	kr = give_report(&report, problems, n_problems);
	if (kr != KERN_SUCCESS)
		return kr;
	*outcome = code_of_load(r);
	(void)mig_strncpy(label, job ? job_label(job) : "", sizeof(job_label_t));
	release(plist, n_plist);
	release(path, n_path);
	return KERN_SUCCESS;
}

kern_return_t job_do_unload(
	mach_port_t bootstrap, job_label_t label, uint32_t disable, audit_token_t token)
{
	Job *job;
	kern_return_t kr = find(bootstrap, label, &token, &job);

	if (kr != KERN_SUCCESS)
		return kr;
	if (job_status(job)->is_removing)
		return JOB_ALREADY;
	if (disable && domain_set_enabled(label, false) < 0)
		return BOOTSTRAP_NO_MEMORY;
	job_remove(job);
	return KERN_SUCCESS;
}

/* --- start, stop --- */

kern_return_t job_do_start(
	mach_port_t bootstrap, job_label_t label, uint32_t flags, audit_token_t token, int32_t *pid)
{
	Job *job;
	kern_return_t kr = find(bootstrap, label, &token, &job);
	int r;

	if (kr != KERN_SUCCESS)
		return kr;
	/* A kept demand starts it again when it is gone. One that may not run again is left alone. */
	r = (flags & JOB_KICKSTART_KILL) && job_status(job)->is_enabled ? job_kill(job, SIGKILL)
									: 0;
	if (!r || r == JOB_E_NOT_RUNNING)
		r = job_start(job);
	*pid = job_status(job)->pid;
	return code_of_job(r);
}

kern_return_t job_do_stop(mach_port_t bootstrap, job_label_t label, audit_token_t token)
{
	Job *job;
	kern_return_t kr = find(bootstrap, label, &token, &job);

	return kr == KERN_SUCCESS ? code_of_job(job_stop(job)) : kr;
}

kern_return_t job_do_kill_job(
	mach_port_t bootstrap, job_label_t label, int32_t number, audit_token_t token)
{
	Job *job;
	kern_return_t kr = find(bootstrap, label, &token, &job);

	return kr == KERN_SUCCESS ? code_of_job(job_kill(job, number)) : kr;
}

kern_return_t job_do_enable(
	mach_port_t bootstrap, job_label_t label, boolean_t enabled, audit_token_t token)
{
	if (!may_manage(bootstrap, &token))
		return BOOTSTRAP_NOT_PRIVILEGED;
	if (!spec_is_label(label))
		return JOB_UNKNOWN;
	return domain_set_enabled(label, enabled) < 0 ? BOOTSTRAP_NO_MEMORY : KERN_SUCCESS;
}

/* --- list, describe --- */

static int32_t wait_status(const JobStatus *status)
{
	if (!status->has_exited)
		return -1;
	return status->last.by_signal ? status->last.value & 0x7f
				      : (status->last.value & 0xff) << 8;
}

kern_return_t job_do_list(mach_port_t bootstrap, audit_token_t token, job_lines_t *lines,
	mach_msg_type_number_t *n_lines)
{
	size_t n = supervisor_n_jobs(domain.supervisor), i = 0;
	vm_address_t address = 0;

	if (!may_manage(bootstrap, &token))
		return BOOTSTRAP_NOT_PRIVILEGED;
	if (n > 0 && vm_allocate(SELF, &address, n * sizeof(job_line_t), VM_FLAGS_ANYWHERE) !=
			     KERN_SUCCESS)
		return BOOTSTRAP_NO_MEMORY;
	*lines = (job_lines_t)address;
	for (Job *job = supervisor_next_job(domain.supervisor, NULL); job && i < n;
		job = supervisor_next_job(domain.supervisor, job)) {
		job_line_t *line = &(*lines)[i++];

		(void)mig_strncpy(line->label, job_label(job), sizeof(line->label));
		line->pid = job_status(job)->pid;
		line->status = wait_status(job_status(job));
	}
	*n_lines = (mach_msg_type_number_t)n;
	return KERN_SUCCESS;
}

kern_return_t job_do_describe(mach_port_t bootstrap, job_label_t label, audit_token_t token,
	job_text_t *plist, mach_msg_type_number_t *n_plist)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	Job *job = NULL;
	kern_return_t kr = BOOTSTRAP_NOT_PRIVILEGED;

	if (*label)
		kr = find(bootstrap, label, &token, &job);
	else if (may_manage(bootstrap, &token))
		kr = KERN_SUCCESS;
	if (kr != KERN_SUCCESS)
		return kr;
	if ((job ? describe_job(job, &text, &size) : describe_domain(&text, &size)) < 0)
		return BOOTSTRAP_NO_MEMORY;
	return give(text, size, plist, n_plist);
}

/* --- The environment --- */

/* On the heap; NULL: no name (or value) that one can have. */
static char *text_of(const char *data, size_t n, bool is_name)
{
	if (n > 128 * 1024 || (n > 0 && memchr(data, '\0', n)) ||
		(is_name && (n == 0 || memchr(data, '=', n))))
		return NULL;
	return strndup(n ? data : "", n);
}

kern_return_t job_do_set_environment(mach_port_t bootstrap, job_text_t name,
	mach_msg_type_number_t n_name, job_text_t value, mach_msg_type_number_t n_value,
	boolean_t remove, audit_token_t token)
{
	_cleanup_free_ char *n = NULL, *v = NULL;
	int r = 0;

	if (!may_manage(bootstrap, &token))
		return BOOTSTRAP_NOT_PRIVILEGED;
	n = text_of(name, n_name, true);
	v = text_of(value, n_value, false);
	if (!n || !v)
		return JOB_INVALID;
	if (remove)
		environment_remove(&domain.environment, n);
	else
		r = environment_add_value(&domain.environment, n, v);
	if (r < 0)
		return BOOTSTRAP_NO_MEMORY;
	release(name, n_name);
	release(value, n_value);
	return KERN_SUCCESS;
}

kern_return_t job_do_get_environment(mach_port_t bootstrap, job_text_t name,
	mach_msg_type_number_t n_name, audit_token_t token, job_text_t *value,
	mach_msg_type_number_t *n_value)
{
	_cleanup_free_ char *n = NULL;
	const char *v;
	kern_return_t kr;

	if (!may_manage(bootstrap, &token))
		return BOOTSTRAP_NOT_PRIVILEGED;
	n = text_of(name, n_name, true);
	v = n ? environment_find(&domain.environment, n) : NULL;
	if (!v)
		return JOB_UNKNOWN;
	kr = give(v, strlen(v), value, n_value);
	if (kr == KERN_SUCCESS)
		release(name, n_name);
	return kr;
}

/* --- What jobs ask --- */

/* All of them, or none. */
static kern_return_t give_sockets(
	const FdList *fds, job_ports_t *sockets, mach_msg_type_number_t *n_sockets)
{
	size_t n = fdlist_count(fds);
	vm_address_t address = 0;

	if (n > 0 && vm_allocate(SELF, &address, n * sizeof(mach_port_t), VM_FLAGS_ANYWHERE) !=
			     KERN_SUCCESS)
		return BOOTSTRAP_NO_MEMORY;
	*sockets = (job_ports_t)address;
	for (size_t i = 0; i < n; i++) {
		if (fileport_makeport(fdlist_get(fds, i), &(*sockets)[i]) == 0)
			continue;
		while (i-- > 0)
			(void)mach_port_deallocate(SELF, (*sockets)[i]);
		release(*sockets, n * sizeof(mach_port_t));
		return BOOTSTRAP_NO_MEMORY;
	}
	*n_sockets = (mach_msg_type_number_t)n;
	return KERN_SUCCESS;
}

kern_return_t job_do_activate_socket(mach_port_t bootstrap, job_label_t name, audit_token_t token,
	job_ports_t *sockets, mach_msg_type_number_t *n_sockets)
{
	Job *job = supervisor_find_process(domain.supervisor, (pid_t)token.val[5], token.val[7]);
	_cleanup_fdlist_ FdList fds = FDLIST_INIT;
	kern_return_t kr;
	int r;

	(void)bootstrap;
	if (!job)
		return JOB_UNKNOWN;
	r = job_take_sockets(job, name, &fds);
	if (r)
		return code_of_job(r);
	kr = give_sockets(&fds, sockets, n_sockets);
	if (kr != KERN_SUCCESS)
		job_return_sockets(job, name);
	return kr;
}

kern_return_t job_do_manager(
	mach_port_t bootstrap, audit_token_t token, int32_t *pid, uint32_t *uid, job_label_t name)
{
	Namespace *ns = namespace_find(bootstrap);

	(void)token;
	*pid = getpid();
	*uid = server.uid;
	(void)mig_strncpy(name, ns ? ns->name : "", sizeof(job_label_t));
	return KERN_SUCCESS;
}
