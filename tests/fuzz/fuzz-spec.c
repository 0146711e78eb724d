/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A launchd.plist: any bytes. Whatever they are, there is a job or a reason, never both; a job keeps to
 * what spec.h promises; and what is written out of it means the same job. What libplist was allowed to
 * read is as small and flat as was seen beforehand.
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "launchd/spec-private.h"
#include "tests/fuzz/must.h"

/* What is written out of a larger one may be too large itself. */
#define SIZE_MAX_TRIED (64U << 10)

static void must_be_absolute(const char *path)
{
	MUST(!path || path[0] == '/');
}

static void check_conditions(const SpecConditions *conditions)
{
	for (size_t i = 0; i < conditions->n_items; i++)
		MUST(conditions->items[i].subject[0]);
}

static void check_sockets(const JobSpec *spec)
{
	for (size_t i = 0; i < spec->n_sockets; i++) {
		const SpecSocket *s = &spec->sockets[i];

		MUST(s->name[0]);
		MUST(s->type == SOCK_STREAM || s->type == SOCK_DGRAM || s->type == SOCK_SEQPACKET);
		MUST((s->family == AF_UNIX) == (s->path || s->secure_key));
		MUST((s->family == AF_UNIX) == !s->service);
		MUST(!s->path || strlen(s->path) < sizeof(((struct sockaddr_un *)NULL)->sun_path));
		must_be_absolute(s->path);
	}
}

static void check(const JobSpec *spec)
{
	MUST(spec_is_label(spec->label));
	MUST(spec->program || (spec->arguments && spec->arguments[0]));
	must_be_absolute(spec->program);
	must_be_absolute(spec->working_directory);
	must_be_absolute(spec->root_directory);
	must_be_absolute(spec->stdin_path);
	must_be_absolute(spec->stdout_path);
	must_be_absolute(spec->stderr_path);
	for (size_t i = 0; i < spec->n_services; i++)
		MUST(spec_is_service_name(spec->services[i].name));
	for (char **e = spec->environment; e && *e; e++)
		MUST(strchr(*e, '=') > *e);
	for (char **w = spec->watch_paths; w && *w; w++)
		must_be_absolute(*w);
	for (size_t i = 0; i < spec->n_limits; i++)
		MUST(spec->limits[i].has_soft || spec->limits[i].has_hard);
	check_conditions(&spec->keep_alive.path_state);
	check_conditions(&spec->keep_alive.other_job_enabled);
	check_conditions(&spec->keep_alive.other_job_active);
	check_sockets(spec);
	MUST(spec->throttle_interval_s >= 0 && spec->exit_timeout_s >= 0);
	MUST(spec->nice == SPEC_UNSET || (spec->nice >= -20 && spec->nice <= 19));
	MUST(spec->umask == SPEC_UNSET || (spec->umask >= 0 && spec->umask <= 0777));
	(void)spec_is_started_at_load(spec);
}

/* How many values there are. */
static unsigned walk(plist_t node, unsigned depth)
{
	plist_type type = plist_get_node_type(node);
	unsigned n = 1;

	MUST(depth <= SPEC_DEPTH_MAX);
	if (type == PLIST_ARRAY) {
		for (uint32_t i = 0; i < plist_array_get_size(node); i++)
			n += walk(plist_array_get_item(node, i), depth + 1);
	} else if (type == PLIST_DICT) {
		plist_dict_iter iter = NULL;
		plist_t value = NULL;
		char *key = NULL;

		plist_dict_new_iter(node, &iter);
		for (plist_dict_next_item(node, iter, &key, &value); value;
			plist_dict_next_item(node, iter, &key, &value)) {
			MUST(spec_is_utf8(key, strlen(key)));
			free(key);
			n += walk(value, depth + 1);
		}
		free(iter);
	}
	return n;
}

static void check_tree(const void *data, size_t size)
{
	SpecReport report;
	SpecParse p = {.report = &report};
	plist_t root = NULL;

	spec_report_init(&report, "fuzz.plist");
	MUST(spec_plist_decode(&p, data, size, &root) == 0);
	MUST((root != NULL) == (report.n_errors == 0));
	if (root) {
		MUST(walk(root, 0) <= SPEC_NODES_MAX);
		plist_free(root);
	}
	spec_report_deinit(&report);
}

static JobSpec *parse(const void *data, size_t size)
{
	JobSpec *spec = NULL;
	SpecReport report;
	int r;

	spec_report_init(&report, "fuzz.plist");
	r = spec_parse(data, size, &report, &spec);
	MUST(r == 0 || r == SPEC_E_INVALID);
	MUST((r == 0) == (spec != NULL));
	MUST((r == 0) == (report.n_errors == 0));
	for (size_t i = 0; i < report.n_problems; i++) {
		char *line = spec_problem_format(&report, &report.problems[i]);

		MUST(line && !strchr(line, '\n') && !strchr(line, '\033'));
		free(line);
	}
	spec_report_deinit(&report);
	return spec;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	JobSpec *spec, *again;
	char *text, *text_again;
	size_t n_text, n_again;

	if (size > SIZE_MAX_TRIED)
		return 0;
	check_tree(data, size);
	spec = parse(data, size);
	if (!spec)
		return 0;
	check(spec);
	MUST(spec_to_xml(spec, &text, &n_text) == 0);
	again = parse(text, n_text);
	MUST(again);
	check(again);
	MUST(spec_to_xml(again, &text_again, &n_again) == 0);
	MUST(n_text == n_again && memcmp(text, text_again, n_text) == 0);
	free(text);
	free(text_again);
	spec_free(spec);
	spec_free(again);
	return 0;
}
