/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_ENVIRONMENT_H
#define PORTCULLIS_LAUNCHD_ENVIRONMENT_H

/*
 * The environment of a program to be: "NAME=VALUE" strings, each name once, in the order in which the
 * names came. What is set later wins. Ends in NULL whenever it holds anything, so that `items` can be
 * given to execve(2). Not thread-safe.
 */

#include <stddef.h>

#include "base/cleanup.h"

typedef struct Environment {
	char **items; /* NULL while empty */
	size_t n;
	size_t room;
} Environment;

#define ENVIRONMENT_INIT                                                                           \
	{                                                                                          \
		.items = NULL                                                                      \
	}

void environment_deinit(Environment *env);
#define _cleanup_environment_ _cleanup_(environment_deinit)

/* Add or replace a variable. @assignment is "NAME=VALUE". Returns 0 or -ENOMEM. */
int environment_add(Environment *env, const char *assignment) _warn_unused_;
int environment_add_value(Environment *env, const char *name, const char *value) _warn_unused_;
/* Each of a NULL-terminated array, which may be NULL. */
int environment_add_all(Environment *env, char *const *assignments) _warn_unused_;

void environment_remove(Environment *env, const char *name);
/* The value, borrowed until the environment changes, or NULL. */
const char *environment_find(const Environment *env, const char *name);

#endif
