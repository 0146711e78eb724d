/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job's specification as a whole: from a property list, its defaults, and what keys say together.
 */
#include "launchd/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "launchd/spec-private.h"

/* Of the names of ignored keys: there is one warning for all of them. */
#define NAMES_MAX 2048U

JobSpec *spec_free(JobSpec *spec)
{
	if (!spec)
		return NULL;
	free(spec->label);
	free(spec->program);
	spec_strings_free(spec->arguments);
	spec_services_free(spec);
	spec_sockets_free(spec);
	spec_keep_alive_free(spec);
	spec_strings_free(spec->watch_paths);
	free(spec->working_directory);
	free(spec->root_directory);
	free(spec->user_name);
	free(spec->group_name);
	spec_strings_free(spec->environment);
	free(spec->stdin_path);
	free(spec->stdout_path);
	free(spec->stderr_path);
	free(spec->limits);
	free(spec);
	return NULL;
}

JobSpec *spec_new(void)
{
	JobSpec *spec = calloc(1, sizeof(*spec));

	if (!spec)
		return NULL;
	spec->start_interval_s = SPEC_UNSET;
	spec->throttle_interval_s = SPEC_THROTTLE_DEFAULT_S;
	spec->exit_timeout_s = SPEC_EXIT_TIMEOUT_DEFAULT_S;
	spec->init_groups = true;
	spec->umask = SPEC_UNSET;
	spec->nice = SPEC_UNSET;
	spec->inetd_instances = SPEC_UNSET;
	return spec;
}

static void parse_deinit(SpecParse *p)
{
	bytes_writer_deinit(&p->ignored);
	bytes_writer_deinit(&p->later);
}

static int warn_names(SpecParse *p, const ByteWriter *names, const char *what)
{
	if (names->used == 0)
		return 0;
	return spec_warning(p, "%s: %.*s%s", what, (int)names->used, (const char *)names->p,
		names->failed ? ", ..." : "");
}

/* Without Program the first argument is the program, which is not looked for in the directory that the
 * supervisor happens to be in. */
static int check_program(SpecParse *p, const JobSpec *spec)
{
	const char *name = spec->arguments ? spec->arguments[0] : NULL;
	size_t mark, mark_index;
	int r;

	if (spec->program)
		return 0;
	if (!name)
		return spec_error(p, "expected Program or ProgramArguments");
	if (name[0] == '/' || (name[0] && !strchr(name, '/')))
		return 0;
	spec_path_push_key(&p->path, "ProgramArguments", &mark);
	spec_path_push_index(&p->path, 0, &mark_index);
	r = spec_error(p, "expected an absolute path, or a name without '/', where there is no "
			  "Program");
	spec_path_pop(&p->path, mark);
	return r;
}

/* What the keys say together. A key that is there but wrong has had its error, and is not missing. */
static int check_together(SpecParse *p, plist_t root, JobSpec *spec)
{
	int r = 0;

	if (!plist_dict_get_item(root, "Label"))
		r = spec_error(p, "expected Label");
	if (r == 0 && !plist_dict_get_item(root, "Program") &&
		(spec->arguments || !plist_dict_get_item(root, "ProgramArguments")))
		r = check_program(p, spec);
	if (r == 0 && spec->is_inetd && spec->n_sockets == 0 && p->report->n_errors == 0)
		r = spec_error(p, "expected Sockets, since there is inetdCompatibility");
	spec->nice = MIN(spec->nice, (int64_t)19);
	return r;
}

static int parse_root(SpecParse *p, plist_t root, JobSpec *spec)
{
	int r;

	if (plist_get_node_type(root) != PLIST_DICT)
		return spec_error_expected(p, root, "a dictionary");
	r = spec_parse_dict(p, root, spec_keys, spec_n_keys, spec);
	if (r == 0)
		r = check_together(p, root, spec);
	if (r == 0)
		r = warn_names(p, &p->later, "not supported yet, and ignored");
	if (r == 0)
		r = warn_names(p, &p->ignored, "no meaning on this system, and ignored");
	return r;
}

int spec_parse(const void *data, size_t size, SpecReport *report, JobSpec **ret)
{
	_cleanup_(parse_deinit) SpecParse p = {.report = report};
	_cleanup_plist_ plist_t root = NULL;
	_cleanup_spec_ JobSpec *spec = spec_new();
	int r;

	if (!spec)
		return error_origin(-ENOMEM);
	bytes_writer_init_growable(&p.ignored, NAMES_MAX);
	bytes_writer_init_growable(&p.later, NAMES_MAX);
	r = spec_plist_decode(&p, data, size, &root);
	if (r == 0 && root)
		r = parse_root(&p, root, spec);
	if (r < 0)
		return error_trace(r);
	if (report->n_errors > 0)
		return SPEC_E_INVALID;
	*ret = TAKE_PTR(spec);
	return 0;
}
