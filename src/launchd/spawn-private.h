/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_SPAWN_PRIVATE_H
#define PORTCULLIS_LAUNCHD_SPAWN_PRIVATE_H

/* What spawn.c prepares for the child. Everything that a pointer leads to is complete before the fork. */

#include "launchd/account.h"
#include "launchd/spawn.h"

typedef struct SpawnPlan {
	const JobSpec *spec;
	const SpawnExtra *extra;
	Account account;
	Environment environment;
	char *const *argv; /* borrowed, or argv_own */
	char *argv_own[2];
	char **programs; /* what to try, in order; NULL-terminated */
	mode_t umask;
	struct rlimit nofile;
	int stdio_fd;
	int group_fd;
	int failure_fd;
} SpawnPlan;

/* The child's part. All signals are blocked when it begins. */
_noreturn_ void spawn_child(const SpawnPlan *plan);

#endif
