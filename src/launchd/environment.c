/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/environment.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

void environment_deinit(Environment *env)
{
	for (size_t i = 0; i < env->n; i++)
		free(env->items[i]);
	free(env->items);
	*env = (Environment)ENVIRONMENT_INIT;
}

/* Where the variable is whose name are the first bytes of @name, or n. */
static size_t index_of(const Environment *env, const char *name, size_t name_size)
{
	size_t i;

	for (i = 0; i < env->n; i++)
		if (strncmp(env->items[i], name, name_size) == 0 && env->items[i][name_size] == '=')
			break;
	return i;
}

static int reserve(Environment *env)
{
	size_t room = MAX((size_t)16, 2 * env->room);
	char **items;

	if (env->n + 1 < env->room)
		return 0;
	items = reallocarray(env->items, room, sizeof(*items));
	if (!items)
		return error_origin(-ENOMEM);
	env->items = items;
	env->room = room;
	return 0;
}

/* Consumes the string. */
static int add_consume(Environment *env, char *assignment)
{
	_cleanup_free_ char *owned = assignment, *old = NULL;
	size_t i;
	int r;

	if (!owned)
		return error_origin(-ENOMEM);
	i = index_of(env, owned, strcspn(owned, "="));
	if (i < env->n) {
		old = env->items[i];
		env->items[i] = TAKE_PTR(owned);
		return 0;
	}
	r = reserve(env);
	if (r < 0)
		return error_trace(r);
	env->items[env->n++] = TAKE_PTR(owned);
	env->items[env->n] = NULL;
	return 0;
}

int environment_add(Environment *env, const char *assignment)
{
	return error_trace(add_consume(env, strdup(assignment)));
}

int environment_add_value(Environment *env, const char *name, const char *value)
{
	char *text = NULL;

	if (asprintf(&text, "%s=%s", name, value) < 0)
		text = NULL;
	return error_trace(add_consume(env, text));
}

int environment_add_all(Environment *env, char *const *assignments)
{
	for (; assignments && *assignments; assignments++) {
		int r = environment_add(env, *assignments);

		if (r < 0)
			return error_trace(r);
	}
	return 0;
}

const char *environment_find(const Environment *env, const char *name)
{
	size_t n = strlen(name), i = index_of(env, name, n);

	return i < env->n ? env->items[i] + n + 1 : NULL;
}

void environment_remove(Environment *env, const char *name)
{
	size_t i = index_of(env, name, strlen(name));
	_cleanup_free_ char *old = NULL;

	if (i == env->n)
		return;
	old = env->items[i];
	/* With the NULL behind. */
	memmove(&env->items[i], &env->items[i + 1], (env->n - i) * sizeof(*env->items));
	env->n--;
}
