/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MachServices: the names that a job answers to, and the variables that it is given, which are kept in
 * the same way.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "launchd/spec-private.h"

static const char *const drain_words[] = {"One", "All", NULL};

/* True is All: the plain wish to have the queue emptied. */
static int parse_drain(SpecParse *p, plist_t value, void *object)
{
	SpecService *service = object;
	bool all = false;
	size_t word;
	int r;

	if (plist_get_node_type(value) == PLIST_BOOLEAN) {
		r = spec_parse_bool(p, value, &all);
		service->drain = all ? SPEC_DRAIN_ALL : SPEC_DRAIN_NONE;
		return r;
	}
	if (plist_get_node_type(value) != PLIST_STRING)
		return spec_error_expected(p, value, "\"One\", \"All\" or a boolean");
	word = _SPEC_DRAIN_N;
	r = spec_parse_word(p, value, drain_words, &word);
	if (word < _SPEC_DRAIN_N)
		service->drain = word == 0 ? SPEC_DRAIN_ONE : SPEC_DRAIN_ALL;
	return r;
}

static int format_drain(const void *object, plist_t *ret)
{
	const SpecService *service = object;

	if (service->drain != SPEC_DRAIN_NONE)
		*ret = plist_new_string(drain_words[service->drain == SPEC_DRAIN_ALL]);
	return 0;
}

static const SpecKey service_keys[] = {
	{"ResetAtClose", SPEC_KIND_BOOL, offsetof(SpecService, reset_at_close)},
	{"HideUntilCheckIn", SPEC_KIND_BOOL, offsetof(SpecService, hide_until_check_in)},
	{"DrainMessagesOnCrash", SPEC_KIND_OWN, .parse = parse_drain, .format = format_drain},
	/* Ports of a kernel that is not here. */
	{"TaskSpecialPort", SPEC_KIND_IGNORED},
	{"HostSpecialPort", SPEC_KIND_IGNORED},
	{"ExceptionServer", SPEC_KIND_IGNORED},
	{"kUNCServer", SPEC_KIND_IGNORED},
	{"EnterKernelDebuggerOnClose", SPEC_KIND_IGNORED},
};

static int parse_service(SpecParse *p, const char *name, plist_t value, void *object)
{
	JobSpec *spec = object;
	/* There is room: the dictionary's size was allocated. */
	SpecService *service = &spec->services[spec->n_services];
	const char *expected = spec_check_service(name);
	bool is_service = false;
	int r;

	if (expected) {
		r = spec_error(p, "expected %s", expected);
		if (r < 0)
			return r;
	} else {
		service->name = strdup(name);
		if (!service->name)
			return error_origin(-ENOMEM);
		spec->n_services++;
	}
	if (plist_get_node_type(value) == PLIST_DICT)
		return spec_parse_dict(p, value, service_keys, ARRAY_SIZE(service_keys), service);
	if (plist_get_node_type(value) == PLIST_BOOLEAN) {
		r = spec_parse_bool(p, value, &is_service);
		if (r < 0 || is_service)
			return r;
		return spec_error(p, "expected true or a dictionary, found false");
	}
	return spec_error_expected(p, value, "true or a dictionary");
}

int spec_parse_services(SpecParse *p, plist_t value, void *object)
{
	JobSpec *spec = object;

	if (plist_get_node_type(value) != PLIST_DICT)
		return spec_error_expected(p, value, "a dictionary of services");
	spec_services_free(spec);
	spec->services = calloc(plist_dict_get_size(value) + 1, sizeof(*spec->services));
	if (!spec->services)
		return error_origin(-ENOMEM);
	return spec_dict_each(p, value, parse_service, spec);
}

int spec_format_services(const void *object, plist_t *ret)
{
	const JobSpec *spec = object;
	_cleanup_plist_ plist_t all = NULL;

	if (spec->n_services == 0)
		return 0;
	all = plist_new_dict();
	for (size_t i = 0; i < spec->n_services; i++) {
		plist_t one = NULL;
		int r = spec_format_dict(
			service_keys, ARRAY_SIZE(service_keys), &spec->services[i], &one);

		if (r < 0)
			return error_trace(r);
		if (plist_dict_get_size(one) == 0) {
			plist_free(one);
			one = plist_new_bool(1);
		}
		plist_dict_set_item(all, spec->services[i].name, one);
	}
	*ret = TAKE_PTR(all);
	return 0;
}

void spec_services_free(JobSpec *spec)
{
	for (size_t i = 0; i < spec->n_services; i++)
		free(spec->services[i].name);
	free(spec->services);
	spec->services = NULL;
	spec->n_services = 0;
}

typedef struct Variables {
	char **all;
	size_t n;
} Variables;

static int parse_variable(SpecParse *p, const char *name, plist_t value, void *object)
{
	Variables *variables = object;
	const char *text, *expected = spec_check_variable(name);
	int r = expected ? spec_error(p, "expected %s", expected) : 0;

	if (r < 0)
		return r;
	r = spec_get_string(p, value, "a string", &text);
	if (r < 0 || !text || expected)
		return r;
	if (asprintf(&variables->all[variables->n], "%s=%s", name, text) < 0) {
		variables->all[variables->n] = NULL;
		return error_origin(-ENOMEM);
	}
	variables->n++;
	return 0;
}

int spec_parse_environment(SpecParse *p, plist_t value, void *object)
{
	JobSpec *spec = object;
	Variables variables = {NULL};

	if (plist_get_node_type(value) != PLIST_DICT)
		return spec_error_expected(p, value, "a dictionary of strings");
	spec_strings_free(spec->environment);
	spec->environment = NULL;
	if (plist_dict_get_size(value) == 0)
		return 0;
	spec->environment = variables.all = calloc(
		plist_dict_get_size(value) + 1, sizeof(*variables.all));
	if (!variables.all)
		return error_origin(-ENOMEM);
	return spec_dict_each(p, value, parse_variable, &variables);
}

int spec_format_environment(const void *object, plist_t *ret)
{
	const JobSpec *spec = object;
	_cleanup_plist_ plist_t dict = NULL;

	if (!spec->environment)
		return 0;
	dict = plist_new_dict();
	for (char **e = spec->environment; *e; e++) {
		char *equals = strchr(*e, '=');
		_cleanup_free_ char *name = strndup(*e, (size_t)(equals - *e));

		if (!name)
			return error_origin(-ENOMEM);
		plist_dict_set_item(dict, name, plist_new_string(equals + 1));
	}
	*ret = TAKE_PTR(dict);
	return 0;
}
