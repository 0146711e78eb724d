/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/keepalive.h"

#include <signal.h>
#include <unistd.h>

bool keepalive_is_crash(int signal)
{
	switch (signal) {
	case SIGILL:
	case SIGABRT:
	case SIGFPE:
	case SIGBUS:
	case SIGSEGV:
	case SIGSYS:
	case SIGTRAP:
		return true;
	default:
		return false;
	}
}

static bool is_met(SpecTri wanted, bool is)
{
	return wanted != SPEC_TRI_UNSET && (wanted == SPEC_TRI_TRUE) == is;
}

static bool path_exists(void *userdata, const char *path)
{
	return access(path, F_OK) == 0;
}

static bool any_is_met(const SpecConditions *conditions,
	bool (*ask)(void *userdata, const char *subject), void *userdata)
{
	for (size_t i = 0; i < conditions->n_items; i++)
		if (ask(userdata, conditions->items[i].subject) == conditions->items[i].value)
			return true;
	return false;
}

bool keepalive_wants_job(const SpecKeepAlive *keep_alive, const KeepAliveFacts *facts)
{
	const JobExit *last = facts->last;

	if (keep_alive->always)
		return true;
	if (keep_alive->after_initial_demand == SPEC_TRI_TRUE && !facts->demanded)
		return false;
	if (last && is_met(keep_alive->successful_exit, !last->by_signal && last->value == 0))
		return true;
	if (last && is_met(keep_alive->crashed, last->crashed))
		return true;
	return any_is_met(&keep_alive->path_state, path_exists, NULL) ||
	       any_is_met(&keep_alive->other_job_enabled, facts->job_is_enabled, facts->userdata) ||
	       any_is_met(&keep_alive->other_job_active, facts->job_is_active, facts->userdata);
}
