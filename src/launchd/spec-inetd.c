/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two small dictionaries: inetdCompatibility, and Linux, which is ours.
 */
#include "base/error.h"
#include "launchd/spec-private.h"

static const SpecKey inetd_keys[] = {
	{"Wait", SPEC_KIND_BOOL, offsetof(JobSpec, inetd_wait)},
	{"Instances", SPEC_KIND_INT, offsetof(JobSpec, inetd_instances), 1, INT32_MAX, SPEC_UNSET},
};

int spec_parse_inetd(SpecParse *p, plist_t value, void *object)
{
	JobSpec *spec = object;
	int r = spec_parse_dict(p, value, inetd_keys, ARRAY_SIZE(inetd_keys), spec);

	spec->is_inetd = plist_get_node_type(value) == PLIST_DICT;
	if (r == 0 && spec->inetd_wait && spec->inetd_instances != SPEC_UNSET)
		r = spec_error(p, "expected Instances only where Wait is false");
	return r;
}

int spec_format_inetd(const void *object, plist_t *ret)
{
	const JobSpec *spec = object;

	if (!spec->is_inetd)
		return 0;
	return spec_format_dict(inetd_keys, ARRAY_SIZE(inetd_keys), spec, ret);
}

static const SpecKey linux_keys[] = {
	{"Confined", SPEC_KIND_BOOL, offsetof(JobSpec, confined)},
};

int spec_parse_linux(SpecParse *p, plist_t value, void *spec)
{
	return spec_parse_dict(p, value, linux_keys, ARRAY_SIZE(linux_keys), spec);
}

int spec_format_linux(const void *object, plist_t *ret)
{
	const JobSpec *spec = object;

	if (!spec->confined)
		return 0;
	return spec_format_dict(linux_keys, ARRAY_SIZE(linux_keys), spec, ret);
}
