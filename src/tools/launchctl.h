/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_TOOLS_LAUNCHCTL_H
#define PORTCULLIS_TOOLS_LAUNCHCTL_H

/*
 * What the files launchctl*.c share: which domain is meant and how it is reached (launchctl-target.c),
 * and how a failure is told (launchctl-error.c).
 *
 * A subcommand gets its own argument list and returns the exit status. Whoever finds out about a failure
 * prints why, and returns the status; callers pass that on and add nothing.
 */

#include <mach/mach.h>
#include <plist/plist.h>
#include <servers/bootstrap.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "tools/launchctl-format.h"

/* Exit statuses, as scripts know them. */
#define STATUS_DENIED 1
#define STATUS_NO_PROCESS 3
#define STATUS_FAILED 5
#define STATUS_USAGE 64
#define STATUS_ALREADY 37
#define STATUS_NO_DOMAIN 112
#define STATUS_NO_SERVICE 113
#define STATUS_DISABLED 119

typedef struct Command {
	const char *name;
	int (*run)(const struct Command *self, int argc, char **argv);
	const char *arguments; /* how they are written */
	const char *what; /* what it does, for help */
} Command;

/* One table for each file, which ends in a Command without a name. */
extern const Command load_commands[], jobs_commands[], print_commands[], names_commands[],
	misc_commands[];
/* All of them, likewise. */
extern const Command *const all_commands[];

/* "Usage: …" on stderr; STATUS_USAGE. */
int command_usage(const Command *command);
/* The same after getopt() has found an option that is none. */
int command_bad_option(const Command *command);

/* --- launchctl-target.c --- */

typedef enum TargetKind {
	TARGET_OWN, /* whatever domain the caller is in */
	TARGET_SYSTEM,
	TARGET_USER,
	TARGET_SESSION,
} TargetKind;

/* "user/501/com.example.x": a domain, and perhaps a service in it. */
typedef struct Target {
	TargetKind kind;
	bool has_number;
	unsigned number; /* of the user; of the session's launchd */
	const char *label; /* within the text that was parsed; NULL: only a domain */
} Target;

typedef enum TargetError {
	TARGET_OK,
	TARGET_UNRECOGNIZED,
	TARGET_ABSENT, /* a kind of domain that is not to be had here */
	TARGET_BAD_LABEL,
} TargetError;

TargetError target_parse(const char *text, Target *ret);
/* The same for a command line, which must or must not name a service. 0, or the exit status. */
int target_get(const Command *command, const char *text, bool service, Target *ret);

/* A domain that was reached. */
typedef struct Manager {
	mach_port_t
		port; /* its bootstrap port: of the root, or of the subset that the caller is in */
	name_t name; /* "System", "user/501", "session/4711", or a subset's */
	bool is_subset;
} Manager;

/* 0, or the exit status. Of the caller's own domain it is the root, if the caller may have that. */
int manager_open(const Target *target, Manager *ret);
/* The namespace that the caller is in, as it is. */
int manager_open_own(Manager *ret);
/* The one that this port is of. */
int manager_open_port_consume(mach_port_t port, Manager *ret);
void manager_close(Manager *manager);
#define _cleanup_manager_ _cleanup_(manager_close)

/* What the children of a process would get: see inherit.h, also for the codes. */
kern_return_t process_dup_bootstrap(int pid, mach_port_t *ret);
/* Whether this is the port of a namespace of that domain, and of which. Nobody else is asked. */
bool manager_knows(const Manager *m, mach_port_t port, name_t ret_name);

/* "domain for user: 501", for messages about a domain of this name. */
void domain_phrase(const char *name, char *text, size_t size);
/* "system", "user/501": the name as a target is written. */
void domain_target(const char *name, char *text, size_t size);

/* --- launchctl-error.c --- */

/* Prints a line to stderr; returns the status. */
int fail(int status, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));
/* What a status says, as `launchctl error` tells; NULL: nothing of ours. */
const char *status_text(int status);
/* Why a routine of bootstrap.defs or job.defs failed, in words. Never NULL. */
const char *cause_text(kern_return_t kr);
/* The exit status for it. */
int cause_status(kern_return_t kr);
/* Prints why something could not be done to a service, in the words that scripts look for where there
 * are such. `what` is how it is called: "kickstart service". Returns the status. */
int fail_service(const Manager *m, const char *what, const char *label, kern_return_t kr);

/* --- Shared by the subcommands --- */

/* What the server says of a job, or for "" of the domain. */
kern_return_t describe(const Manager *m, const char *label, plist_t *ret);
static inline void launchctl_plist_freep(plist_t *p)
{
	if (*p)
		plist_free(*p);
}
#define _cleanup_description_ _cleanup_(launchctl_plist_freep)

/* Which process serves it, for whom. 0, or the exit status. */
int manager_ask(const Manager *m, int *ret_pid, unsigned *ret_uid);

/* What came out of line. */
void release(const void *data, size_t size);

/* The services of a namespace, in order. */
kern_return_t services_get(mach_port_t port, ServiceTable *ret);
void services_clear(ServiceTable *services);
#define _cleanup_services_ _cleanup_(services_clear)

/* The exit status: whether everything that was printed arrived. */
int flush_output(void);

#endif
