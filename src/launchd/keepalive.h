/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_KEEPALIVE_H
#define PORTCULLIS_LAUNCHD_KEEPALIVE_H

/*
 * Whether a job that does not run should: KeepAlive, in all its forms. Only the question; who asks
 * when is the job. The conditions are OR'ed, and none of them ends a job that runs.
 */

#include <stdbool.h>

#include "launchd/spec.h"

/* How a run ended. */
typedef struct JobExit {
	bool by_signal;
	int value; /* the signal, or the exit status */
	bool crashed; /* by a signal that stands for a bug of the program */
	bool never_ran; /* the process ended before it became the program */
} JobExit;

/* SIGILL, SIGABRT, SIGFPE, SIGBUS, SIGSEGV, SIGSYS and SIGTRAP. */
bool keepalive_is_crash(int signal);

/* What the conditions are about. */
typedef struct KeepAliveFacts {
	const JobExit *last; /* NULL: it has not run yet */
	bool demanded; /* it was, at least once */
	bool (*job_is_enabled)(void *userdata, const char *label);
	bool (*job_is_active)(void *userdata, const char *label);
	void *userdata;
} KeepAliveFacts;

/* Paths are looked for now. Before the first run, SuccessfulExit and Crashed say nothing: see
 * spec_is_started_at_load(). */
bool keepalive_wants_job(const SpecKeepAlive *keep_alive, const KeepAliveFacts *facts);

#endif
