/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SoftResourceLimits and HardResourceLimits: two dictionaries with the same keys, kept as one list.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/error.h"
#include "launchd/spec-private.h"

static const struct {
	const char *name;
	int resource;
} resources[] = {
	{"Core", RLIMIT_CORE},
	{"CPU", RLIMIT_CPU},
	{"Data", RLIMIT_DATA},
	{"FileSize", RLIMIT_FSIZE},
	{"MemoryLock", RLIMIT_MEMLOCK},
	{"NumberOfFiles", RLIMIT_NOFILE},
	{"NumberOfProcesses", RLIMIT_NPROC},
	{"ResidentSetSize", RLIMIT_RSS},
	{"Stack", RLIMIT_STACK},
};

/* The entry of a resource, made if it is not there. NULL: no memory. */
static SpecLimit *get_limit(JobSpec *spec, int resource)
{
	for (size_t i = 0; i < spec->n_limits; i++)
		if (spec->limits[i].resource == resource)
			return &spec->limits[i];
	if (!spec->limits)
		spec->limits = calloc(ARRAY_SIZE(resources), sizeof(*spec->limits));
	if (!spec->limits)
		return NULL;
	spec->limits[spec->n_limits].resource = resource;
	return &spec->limits[spec->n_limits++];
}

static int parse_limit(SpecParse *p, const char *name, plist_t value, JobSpec *spec, bool is_soft)
{
	int64_t number = SPEC_UNSET;
	SpecLimit *limit;
	size_t i = 0;
	int r;

	while (i < ARRAY_SIZE(resources) && strcmp(resources[i].name, name) != 0)
		i++;
	if (i == ARRAY_SIZE(resources))
		return spec_error(p, "unknown key");
	r = spec_parse_int(p, value, 0, INT64_MAX, &number);
	if (r < 0 || number == SPEC_UNSET)
		return r;
	limit = get_limit(spec, resources[i].resource);
	if (!limit)
		return error_origin(-ENOMEM);
	*(is_soft ? &limit->has_soft : &limit->has_hard) = true;
	/* Where the keys come from, the largest integer is what RLIM_INFINITY stands for. */
	*(is_soft ? &limit->soft : &limit->hard) = number == INT64_MAX ? SPEC_UNLIMITED
								       : (uint64_t)number;
	if (limit->has_soft && limit->has_hard && limit->soft > limit->hard)
		return spec_error(p, "expected the soft limit not to be above the hard one");
	return 0;
}

static int parse_soft_limit(SpecParse *p, const char *name, plist_t value, void *object)
{
	return parse_limit(p, name, value, object, true);
}

static int parse_hard_limit(SpecParse *p, const char *name, plist_t value, void *object)
{
	return parse_limit(p, name, value, object, false);
}

static int parse_limits(SpecParse *p, plist_t value, SpecEntry entry, void *spec)
{
	if (plist_get_node_type(value) != PLIST_DICT)
		return spec_error_expected(p, value, "a dictionary of limits");
	return spec_dict_each(p, value, entry, spec);
}

int spec_parse_soft_limits(SpecParse *p, plist_t value, void *spec)
{
	return parse_limits(p, value, parse_soft_limit, spec);
}

int spec_parse_hard_limits(SpecParse *p, plist_t value, void *spec)
{
	return parse_limits(p, value, parse_hard_limit, spec);
}

static void set_limit(plist_t dict, int resource, uint64_t value)
{
	for (size_t i = 0; i < ARRAY_SIZE(resources); i++)
		if (resources[i].resource == resource)
			plist_dict_set_item(dict, resources[i].name,
				plist_new_uint(MIN(value, (uint64_t)INT64_MAX)));
}

static int format_limits(const JobSpec *spec, bool is_soft, plist_t *ret)
{
	for (size_t i = 0; i < spec->n_limits; i++) {
		const SpecLimit *limit = &spec->limits[i];

		if (!(is_soft ? limit->has_soft : limit->has_hard))
			continue;
		if (!*ret)
			*ret = plist_new_dict();
		set_limit(*ret, limit->resource, is_soft ? limit->soft : limit->hard);
	}
	return 0;
}

int spec_format_soft_limits(const void *spec, plist_t *ret)
{
	return format_limits(spec, true, ret);
}

int spec_format_hard_limits(const void *spec, plist_t *ret)
{
	return format_limits(spec, false, ret);
}
