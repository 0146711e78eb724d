/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_DOMAIN_H
#define PORTCULLIS_LAUNCHD_DOMAIN_H

/*
 * A domain: the server's namespaces and the supervisor's jobs, put together. A message for a service
 * whose job does not run demands the job; the end of a job's process gives its services back to the
 * server; a job's process is known to the server as the job.
 *
 * What is remembered about labels beyond the jobs themselves is here too: which are enabled or disabled,
 * and the environment that all jobs get.
 */

#include "launchd/environment.h"
#include "launchd/job.h"
#include "launchd/server.h"

enum {
	_DOMAIN_E_SUCCESS,
	DOMAIN_E_INVALID, /* the property list is wrong: the report says how */
	DOMAIN_E_EXISTS, /* the label is a job's already */
	DOMAIN_E_NAME, /* somebody else's service has a name that the job declares */
	DOMAIN_E_REFUSED, /* the job cannot be: the report says why */
	_DOMAIN_E_N,
};

/* What `launchctl enable` and `disable` have said about a label. */
typedef struct Override {
	UT_hash_handle hh;
	bool enabled;
	char label[];
} Override;

typedef struct Domain {
	Supervisor *supervisor;
	Environment environment; /* for all jobs; their own wins */
	Override *overrides; /* hash */
} Domain;

extern Domain domain;

/* The server has been initialised. Its bootstrap port becomes this task's, so that jobs inherit it. */
/* What jobs get that launchd itself has otherwise. */
typedef struct DomainOptions {
	struct rlimit nofile; /* as it was before launchd raised it */
	const char *socket_directory; /* see SupervisorOptions; must outlive the domain */
	uint64_t second_ns; /* likewise */
} DomainOptions;

int domain_init(const DomainOptions *options) _warn_unused_;
/* All jobs end, processes with SIGKILL if supervisor_shutdown() has not been through. */
void domain_deinit(void);

/* Makes a job of what a property list said, which is freed if there is no job. Problems are added to the
 * report, whose file is remembered as the job's. force: although the list says Disabled. */
int domain_add_consume(JobSpec *spec, bool force, SpecReport *report, Job **ret) _warn_unused_;
/* Makes a job of a property list. Problems and warnings are added to the report. */
int domain_load(
	const void *plist, size_t size, bool force, SpecReport *report, Job **ret) _warn_unused_;

/* Where the job's property list came from: report->file. Empty: nowhere. */
const char *domain_path(const Job *job);

/* 0 or -ENOMEM. */
int domain_set_enabled(const char *label, bool enabled) _warn_unused_;

/* The label's services, in the order in which they were declared; NULL: none, or no more. */
Service *domain_next_service(const Job *job, const Service *after);

#endif
