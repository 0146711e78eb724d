/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How failures are told. The numbers of launchctl's exit statuses and the words of some messages are
 * what scripts look for; behind them stands the cause, always.
 */
#include <stdarg.h>

#include "job_user.h"
#include "tools/launchctl.h"
#include <mach/mig_errors.h>

int fail(int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

const char *status_text(int status)
{
	switch (status) {
	case 0:
		return "Success";
	case STATUS_DENIED:
		return "Operation not permitted";
	case STATUS_NO_PROCESS:
		return "No such process";
	case STATUS_FAILED:
		return "Input/output error";
	case STATUS_ALREADY:
		return "Operation already in progress";
	case STATUS_USAGE:
		return "The command line makes no sense";
	case STATUS_NO_DOMAIN:
		return "Could not find specified domain";
	case STATUS_NO_SERVICE:
		return "Could not find specified service";
	case STATUS_DISABLED:
		return "Service is disabled";
	default:
		return NULL;
	}
}

const char *cause_text(kern_return_t kr)
{
	switch (kr) {
	case MIG_BAD_ID:
		return "this launchd does not serve jobs";
	case MACH_SEND_INVALID_DEST:
	case MACH_RCV_PORT_DIED:
	case MIG_SERVER_DIED:
		return "launchd is gone";
	case BOOTSTRAP_NOT_PRIVILEGED:
		return "only root and the user whose domain it is may do that";
	case BOOTSTRAP_NO_MEMORY:
		return "launchd has no memory for it";
	case JOB_UNKNOWN:
		return "there is no such service";
	case JOB_EXISTS:
		return "a service with this label is loaded already";
	case JOB_INVALID:
		return "the property list is not valid";
	case JOB_DISABLED:
		return "it is disabled; enable it first";
	case JOB_NOT_RUNNING:
		return "it has no process";
	case JOB_IN_USE:
		return "somebody else has a name that it declares";
	case JOB_NO_SOCKET:
		return "it has no such socket";
	case JOB_ALREADY:
		return "it has ended for good, or is being removed";
	case JOB_REFUSED:
		return "it could not be set up";
	case JOB_INETD:
		return "it is started by connections to its sockets only";
	default:
		return bootstrap_strerror(kr);
	}
}

int cause_status(kern_return_t kr)
{
	switch (kr) {
	case KERN_SUCCESS:
		return 0;
	case BOOTSTRAP_NOT_PRIVILEGED:
		return STATUS_DENIED;
	case JOB_UNKNOWN:
		return STATUS_NO_SERVICE;
	case JOB_EXISTS:
	case JOB_ALREADY:
		return STATUS_ALREADY;
	case JOB_DISABLED:
		return STATUS_DISABLED;
	case JOB_NOT_RUNNING:
		return STATUS_NO_PROCESS;
	default:
		return STATUS_FAILED;
	}
}

int fail_service(const Manager *m, const char *what, const char *label, kern_return_t kr)
{
	char phrase[160];
	int status = cause_status(kr);

	domain_phrase(m->name, phrase, sizeof(phrase));
	if (kr == BOOTSTRAP_NOT_PRIVILEGED && m->is_subset)
		return fail(status,
			"Could not %s \"%s\": %d: %s: jobs are managed from the root of the "
			"domain, and this is the subset %s",
			what, label, status, status_text(status), m->name);
	if (kr == JOB_UNKNOWN)
		return fail(status, "Could not find service \"%s\" in %s", label, phrase);
	return fail(status, "Could not %s \"%s\" in %s: %d: %s: %s", what, label, phrase, status,
		status_text(status), cause_text(kr));
}
