/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KeepAlive: a boolean, or the conditions under which a job that ended is started again; and OnDemand,
 * its older opposite. Where a file has both, KeepAlive counts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "launchd/spec-private.h"

typedef struct Adding {
	SpecConditions *to;
	const char *(*check)(const char *);
} Adding;

static int parse_condition(SpecParse *p, const char *subject, plist_t value, void *object)
{
	Adding *adding = object;
	SpecCondition *condition = &adding->to->items[adding->to->n_items];
	const char *expected = adding->check(subject);

	if (expected) {
		int r = spec_error(p, "expected %s", expected);

		if (r < 0)
			return r;
	} else {
		condition->subject = strdup(subject);
		if (!condition->subject)
			return error_origin(-ENOMEM);
		adding->to->n_items++;
	}
	return spec_parse_bool(p, value, &condition->value);
}

static void conditions_clear(SpecConditions *conditions)
{
	for (size_t i = 0; i < conditions->n_items; i++)
		free(conditions->items[i].subject);
	free(conditions->items);
	*conditions = (SpecConditions){NULL};
}

static int parse_conditions(
	SpecParse *p, plist_t value, const char *(*check)(const char *), SpecConditions *ret)
{
	Adding adding = {.to = ret, .check = check};

	if (plist_get_node_type(value) != PLIST_DICT)
		return spec_error_expected(p, value, "a dictionary of booleans");
	conditions_clear(ret);
	ret->items = calloc(plist_dict_get_size(value) + 1, sizeof(*ret->items));
	if (!ret->items)
		return error_origin(-ENOMEM);
	return spec_dict_each(p, value, parse_condition, &adding);
}

static int format_conditions(const SpecConditions *conditions, plist_t *ret)
{
	if (conditions->n_items == 0)
		return 0;
	*ret = plist_new_dict();
	for (size_t i = 0; i < conditions->n_items; i++)
		plist_dict_set_item(*ret, conditions->items[i].subject,
			plist_new_bool(conditions->items[i].value));
	return 0;
}

#define CONDITIONS(member, check)                                                                  \
	static int parse_##member(SpecParse *p, plist_t value, void *object)                       \
	{                                                                                          \
		return parse_conditions(p, value, check, &((SpecKeepAlive *)object)->member);      \
	}                                                                                          \
	static int format_##member(const void *object, plist_t *ret)                               \
	{                                                                                          \
		return format_conditions(&((const SpecKeepAlive *)object)->member, ret);           \
	}
CONDITIONS(path_state, spec_check_absolute)
CONDITIONS(other_job_enabled, spec_check_label)
CONDITIONS(other_job_active, spec_check_label)

#define TRI(name, member)                                                                          \
	{                                                                                          \
		name, SPEC_KIND_TRI, offsetof(SpecKeepAlive, member)                               \
	}
#define OWN(name, member)                                                                          \
	{                                                                                          \
		name, SPEC_KIND_OWN, .parse = parse_##member, .format = format_##member            \
	}

static const SpecKey keep_alive_keys[] = {
	TRI("SuccessfulExit", successful_exit),
	TRI("Crashed", crashed),
	TRI("AfterInitialDemand", after_initial_demand),
	OWN("PathState", path_state),
	OWN("OtherJobEnabled", other_job_enabled),
	OWN("OtherJobActive", other_job_active),
	/* The original stopped looking at the network, too. */
	{"NetworkState", SPEC_KIND_IGNORED},
};

int spec_parse_keep_alive(SpecParse *p, plist_t value, void *object)
{
	SpecKeepAlive *keep_alive = &((JobSpec *)object)->keep_alive;

	if (plist_get_node_type(value) == PLIST_BOOLEAN)
		return spec_parse_bool(p, value, &keep_alive->always);
	if (plist_get_node_type(value) != PLIST_DICT)
		return spec_error_expected(p, value, "a boolean or a dictionary of conditions");
	return spec_parse_dict(p, value, keep_alive_keys, ARRAY_SIZE(keep_alive_keys), keep_alive);
}

int spec_format_keep_alive(const void *object, plist_t *ret)
{
	const SpecKeepAlive *keep_alive = &((const JobSpec *)object)->keep_alive;
	plist_t dict = NULL;
	int r;

	if (keep_alive->always) {
		*ret = plist_new_bool(1);
		return 0;
	}
	r = spec_format_dict(keep_alive_keys, ARRAY_SIZE(keep_alive_keys), keep_alive, &dict);
	if (r < 0)
		return error_trace(r);
	if (plist_dict_get_size(dict) == 0)
		plist_free(dict);
	else
		*ret = dict;
	return 0;
}

void spec_keep_alive_free(JobSpec *spec)
{
	conditions_clear(&spec->keep_alive.path_state);
	conditions_clear(&spec->keep_alive.other_job_enabled);
	conditions_clear(&spec->keep_alive.other_job_active);
}

bool spec_is_started_at_load(const JobSpec *spec)
{
	const SpecKeepAlive *keep_alive = &spec->keep_alive;

	if (spec->run_at_load || keep_alive->always)
		return true;
	/* Both ask how the last run ended, so there must have been one. */
	return keep_alive->after_initial_demand != SPEC_TRI_TRUE &&
	       (keep_alive->successful_exit != SPEC_TRI_UNSET ||
		       keep_alive->crashed != SPEC_TRI_UNSET);
}
