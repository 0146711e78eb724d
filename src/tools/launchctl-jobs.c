/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done to jobs that are there: start, stop, kickstart, kill, remove, enable, disable. Bringing
 * them is launchctl-load.c's.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "job_user.h"
#include "launchd/spec.h"
#include "tools/launchctl.h"

/* How long kickstart waits for what becomes of the process. */
#define START_WAIT_MS 10000
#define START_POLL_NS (5 * 1000 * 1000)

/* Opens the domain of a service that a command line names: of a target, or where is_label of a bare
 * label, which has no slash. */
static int open_service(
	const Command *self, const char *text, bool is_label, Manager *m, job_label_t ret_label)
{
	Target target = {.kind = TARGET_OWN, .label = text};
	int status = 0;

	if (!is_label || strchr(text, '/'))
		status = target_get(self, text, true, &target);
	else if (!spec_is_label(text))
		return fail(STATUS_USAGE, "Not a label that a service can have: \"%s\"", text);
	if (!status)
		status = manager_open(&target, m);
	if (!status)
		(void)mig_strncpy(ret_label, target.label, sizeof(job_label_t));
	return status;
}

/* start, stop and remove have another status for a service that is not there than their successors. */
static int fail_legacy(const Manager *m, const char *what, const char *label, kern_return_t kr)
{
	int status = fail_service(m, what, label, kr);

	return status == STATUS_NO_SERVICE ? STATUS_NO_PROCESS : status;
}

/* --- start, kickstart --- */

/* 0 if it is not there. */
static uint64_t number_of(plist_t job, const char *key)
{
	uint64_t number = 0;

	(void)plist_find_number(job, key, &number);
	return number;
}

/* Whether a start has come to something since there were so many runs. */
static bool is_settled(plist_t job, uint64_t runs)
{
	const char *state = plist_find_text(job, "state");

	if (!state || strcmp(state, "starting") == 0 || strcmp(state, "exiting") == 0)
		return false;
	return number_of(job, "runs") > runs || plist_find_text(job, "problem");
}

/* Waits until the process has become its program, or has not. 0, or the exit status. */
static int await_start(const Manager *m, const char *label, uint64_t runs, uint64_t *pid)
{
	const struct timespec pause = {.tv_nsec = START_POLL_NS};
	Deadline end = deadline_after_ms(START_WAIT_MS);

	for (;;) {
		_cleanup_description_ plist_t job = NULL;
		kern_return_t kr = describe(m, label, &job);
		const char *problem;

		if (kr != KERN_SUCCESS)
			return fail_service(m, "start service", label, kr);
		problem = plist_find_text(job, "problem");
		if (is_settled(job, runs) || deadline_is_past(end)) {
			/* It may have ended already: then it had the one that start told. */
			if (number_of(job, "pid"))
				*pid = number_of(job, "pid");
			if (!problem)
				return 0;
			return fail(STATUS_FAILED, "Could not start service \"%s\": %d: %s: %s",
				label, STATUS_FAILED, status_text(STATUS_FAILED), problem);
		}
		(void)nanosleep(&pause, NULL);
	}
}

static int start_service(const Manager *m, job_label_t label, bool restart, uint64_t *ret_pid)
{
	_cleanup_description_ plist_t before = NULL;
	kern_return_t kr;
	int32_t pid = 0;

	kr = describe(m, label, &before);
	if (kr == KERN_SUCCESS)
		kr = job_mig_start(m->port, label, restart ? JOB_KICKSTART_KILL : 0, &pid);
	if (kr != KERN_SUCCESS)
		return fail_service(m, "start service", label, kr);
	*ret_pid = (uint64_t)pid;
	if (pid && !restart && *ret_pid == number_of(before, "pid"))
		return 0;
	return await_start(m, label, number_of(before, "runs"), ret_pid);
}

static int run_start(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	job_label_t label = "";
	uint64_t pid;
	int status;

	if (argc != 2)
		return command_usage(self);
	status = open_service(self, argv[1], true, &m, label);
	if (!status)
		status = start_service(&m, label, false, &pid);
	return status == STATUS_NO_SERVICE ? STATUS_NO_PROCESS : status;
}

static int run_kickstart(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	bool restart = false, show = false;
	job_label_t label = "";
	uint64_t pid = 0;
	int c, status;

	while ((c = getopt(argc, argv, "kp")) != -1) {
		if (c != 'k' && c != 'p')
			return command_bad_option(self);
		*(c == 'k' ? &restart : &show) = true;
	}
	if (argc - optind != 1)
		return command_usage(self);
	status = open_service(self, argv[optind], false, &m, label);
	if (!status)
		status = start_service(&m, label, restart, &pid);
	if (status || !show)
		return status;
	if (!pid)
		return fail(STATUS_FAILED, "Service \"%s\" has no process yet", label);
	printf("service spawned with pid: %llu\n", (unsigned long long)pid);
	return flush_output();
}

/* --- stop, kill --- */

static int run_stop(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	job_label_t label = "";
	kern_return_t kr;
	int status;

	if (argc != 2)
		return command_usage(self);
	status = open_service(self, argv[1], true, &m, label);
	if (status)
		return status;
	kr = job_mig_stop(m.port, label);
	/* It is stopped, which is what was asked for. */
	if (kr == KERN_SUCCESS || kr == JOB_NOT_RUNNING)
		return 0;
	return fail_legacy(&m, "stop service", label, kr);
}

/* 15, TERM, SIGTERM, sigterm. -1: none. */
static int parse_signal(const char *text)
{
	char *end;
	long number;

	if (isdigit((unsigned char)*text)) {
		number = strtol(text, &end, 10);
		return *end || number < 1 || number >= NSIG ? -1 : (int)number;
	}
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (int i = 1; i < NSIG; i++) {
		const char *name = sigabbrev_np(i);

		if (name && strcasecmp(name, text) == 0)
			return i;
	}
	return -1;
}

static int run_kill(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	job_label_t label = "";
	kern_return_t kr;
	int number, status;

	if (argc != 3)
		return command_usage(self);
	number = parse_signal(argv[1]);
	if (number < 0) {
		(void)fail(STATUS_USAGE, "Not a signal: \"%s\"", argv[1]);
		return command_usage(self);
	}
	status = open_service(self, argv[2], false, &m, label);
	if (status)
		return status;
	kr = job_mig_kill_job(m.port, label, number);
	if (kr == JOB_NOT_RUNNING)
		return fail(
			STATUS_NO_PROCESS, "No process to signal: \"%s\" is not running", label);
	return kr == KERN_SUCCESS ? 0 : fail_service(&m, "signal service", label, kr);
}

/* --- remove, enable, disable --- */

static int run_remove(const Command *self, int argc, char **argv)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	job_label_t label = "";
	kern_return_t kr;
	int status;

	if (argc != 2)
		return command_usage(self);
	status = open_service(self, argv[1], true, &m, label);
	if (status)
		return status;
	kr = job_mig_unload(m.port, label, 0);
	return kr == KERN_SUCCESS ? 0 : fail_legacy(&m, "remove service", label, kr);
}

static int set_enabled(const Command *self, int argc, char **argv, bool enabled)
{
	_cleanup_manager_ Manager m = {.port = MACH_PORT_NULL};
	job_label_t label = "";
	kern_return_t kr;
	int status;

	if (argc != 2)
		return command_usage(self);
	status = open_service(self, argv[1], false, &m, label);
	if (status)
		return status;
	kr = job_mig_enable(m.port, label, enabled);
	if (kr == KERN_SUCCESS)
		return 0;
	return fail_service(&m, enabled ? "enable service" : "disable service", label, kr);
}

static int run_enable(const Command *self, int argc, char **argv)
{
	return set_enabled(self, argc, argv, true);
}

static int run_disable(const Command *self, int argc, char **argv)
{
	return set_enabled(self, argc, argv, false);
}

const Command jobs_commands[] = {
	{"enable", run_enable, "SERVICE", "Let a service run, whatever its file says"},
	{"disable", run_disable, "SERVICE", "Do not let a service run"},
	{"kickstart", run_kickstart, "[-k] [-p] SERVICE",
		"Start a service at once; -k: kill its process first; -p: print its pid"},
	{"kill", run_kill, "SIGNAL SERVICE", "Send a signal to the process of a service"},
	{"start", run_start, "LABEL", "Start a service"},
	{"stop", run_stop, "LABEL", "Stop a service"},
	{"remove", run_remove, "LABEL", "Unload a service"},
	{NULL, NULL, NULL, NULL},
};
