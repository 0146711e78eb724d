/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `print` shows of a job and of a domain. It is for people, and no interface. A job is walked by a
 * table of what is known about the keys that the server gives; a key that is not in it is shown at the
 * end as it is.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "launchd/spawn.h"
#include "tools/launchctl-format.h"

typedef enum FieldKind {
	FIELD_GAP, /* an empty line */
	FIELD_PLAIN, /* text, a number, or 0 and 1 */
	FIELD_SECONDS,
	FIELD_LIST, /* an array of text */
	FIELD_PAIRS, /* an array of NAME=VALUE */
	FIELD_ENDPOINTS,
	FIELD_OWN, /* what job_field() knows */
	FIELD_HIDDEN, /* shown in another place, or not at all */
} FieldKind;

typedef struct Field {
	const char *key;
	const char *shown; /* NULL: as the key */
	FieldKind kind;
} Field;

static const Field job_fields[] = {
	{"active count", NULL, FIELD_OWN},
	{"path", NULL, FIELD_OWN},
	{"type", NULL, FIELD_OWN},
	{"state", NULL, FIELD_PLAIN},
	{"problem", NULL, FIELD_PLAIN},
	{NULL, NULL, FIELD_GAP},
	{"program", NULL, FIELD_PLAIN},
	{"arguments", NULL, FIELD_LIST},
	{NULL, NULL, FIELD_GAP},
	{"working directory", NULL, FIELD_PLAIN},
	{"root directory", NULL, FIELD_PLAIN},
	{"stdin path", NULL, FIELD_PLAIN},
	{"stdout path", NULL, FIELD_PLAIN},
	{"stderr path", NULL, FIELD_PLAIN},
	{"username", NULL, FIELD_PLAIN},
	{"group", NULL, FIELD_PLAIN},
	{"inherited environment", NULL, FIELD_OWN},
	{"default environment", NULL, FIELD_OWN},
	{"environment", NULL, FIELD_OWN},
	{NULL, NULL, FIELD_GAP},
	{"domain", NULL, FIELD_OWN},
	{"minimum runtime", NULL, FIELD_PLAIN},
	{"exit timeout", NULL, FIELD_PLAIN},
	{"runs", NULL, FIELD_PLAIN},
	{"pid", NULL, FIELD_PLAIN},
	{"reason", "immediate reason", FIELD_PLAIN},
	{"last exit code", NULL, FIELD_OWN},
	{"last terminating signal", NULL, FIELD_OWN},
	{NULL, NULL, FIELD_GAP},
	{"endpoints", NULL, FIELD_ENDPOINTS},
	{"dynamic endpoints", NULL, FIELD_ENDPOINTS},
	{"run interval", NULL, FIELD_SECONDS},
	{"label", NULL, FIELD_HIDDEN},
	{"enabled", NULL, FIELD_HIDDEN},
	{"removing", NULL, FIELD_HIDDEN},
	{"keepalive", NULL, FIELD_HIDDEN},
	{"runatload", NULL, FIELD_HIDDEN},
	{"confined", NULL, FIELD_HIDDEN},
	{"properties", NULL, FIELD_OWN},
};

typedef struct View {
	FILE *out;
	const char *target;
	plist_t job, domain;
	bool gap; /* an empty line is due before what comes next */
} View;

/* --- Pieces --- */

static void indent(FILE *out, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++)
		fputc('\t', out);
}

static void name_line(View *v, const char *name)
{
	if (v->gap)
		fputc('\n', v->out);
	v->gap = false;
	fputc('\t', v->out);
	format_text(v->out, name);
	fputs(" = ", v->out);
}

static void plain_value(FILE *out, plist_t value)
{
	const char *text;
	uint64_t number = 0;
	uint8_t is_true = 0;

	if (PLIST_IS_UINT(value)) {
		plist_get_uint_val(value, &number);
		fprintf(out, "%" PRId64, (int64_t)number);
	} else if (PLIST_IS_BOOLEAN(value)) {
		plist_get_bool_val(value, &is_true);
		fputc(is_true ? '1' : '0', out);
	} else if (PLIST_IS_STRING(value)) {
		text = plist_get_string_ptr(value, NULL);
		format_text(out, text ? text : "");
	}
}

typedef struct Nested {
	FILE *out;
	unsigned depth;
} Nested;

static void any_value(FILE *out, unsigned depth, plist_t value);

static void any_entry(void *ctx, const char *key, plist_t value)
{
	Nested *n = ctx;

	indent(n->out, n->depth);
	format_text(n->out, key);
	fputs(" = ", n->out);
	any_value(n->out, n->depth, value);
}

/* A value that nothing is known about, with its newline. */
static void any_value(FILE *out, unsigned depth, plist_t value)
{
	Nested n = {.out = out, .depth = depth + 1};

	if (!PLIST_IS_DICT(value) && !PLIST_IS_ARRAY(value)) {
		plain_value(out, value);
		fputc('\n', out);
		return;
	}
	fputs("{\n", out);
	plist_each(value, any_entry, &n);
	for (uint32_t i = 0; PLIST_IS_ARRAY(value) && i < plist_array_get_size(value); i++) {
		indent(out, depth + 1);
		any_value(out, depth + 1, plist_array_get_item(value, i));
	}
	indent(out, depth);
	fputs("}\n", out);
}

/* NAME => VALUE for each of an array of NAME=VALUE. */
static void pair_lines(FILE *out, plist_t array)
{
	for (uint32_t i = 0; PLIST_IS_ARRAY(array) && i < plist_array_get_size(array); i++) {
		const char *text = plist_get_string_ptr(plist_array_get_item(array, i), NULL);
		const char *equals = text ? strchr(text, '=') : NULL;

		if (!equals)
			continue;
		fprintf(out, "\t\t%.*s => ", (int)(equals - text), text);
		format_text(out, equals + 1);
		fputc('\n', out);
	}
}

static void pairs_value(FILE *out, plist_t array, const char *more)
{
	fputs("{\n", out);
	pair_lines(out, array);
	if (more) {
		fputs("\t\t", out);
		format_text(out, more);
		fputc('\n', out);
	}
	fputs("\t}\n", out);
}

static void endpoint_line(FILE *out, const char *key, plist_t value)
{
	uint64_t number = 0;

	if (PLIST_IS_UINT(value)) {
		plist_get_uint_val(value, &number);
		fprintf(out, "\t\t\t%s = %#" PRIx64 "\n", key, number);
		return;
	}
	fprintf(out, "\t\t\t%s = ", key);
	plain_value(out, value);
	fputc('\n', out);
}

static void endpoint_field(void *ctx, const char *key, plist_t value)
{
	endpoint_line(ctx, key, value);
}

static void endpoint_entry(void *ctx, const char *key, plist_t value)
{
	FILE *out = ctx;

	fputs("\t\t\"", out);
	format_text(out, key);
	fputs("\" = {\n", out);
	plist_each(value, endpoint_field, out);
	fputs("\t\t}\n", out);
}

/* --- A job --- */

static const char *type_text(const View *v)
{
	const char *path = plist_find_text(v->job, "path");

	if (!path || !*path)
		return "Submitted";
	return strncmp(v->target, "system", strlen("system")) == 0 ? "LaunchDaemon" : "LaunchAgent";
}

static void add_property(char *text, size_t size, const char *property)
{
	size_t n = strlen(text);

	(void)snprintf(text + n, size - n, "%s%s", n ? " | " : "", property);
}

static void properties_line(View *v)
{
	static const char *const flags[] = {"keepalive", "runatload", "confined", "removing"};
	char text[128] = "";

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (plist_is_true(v->job, flags[i]))
			add_property(text, sizeof(text), flags[i]);
	}
	if (plist_dict_get_item(v->job, "enabled") && !plist_is_true(v->job, "enabled"))
		add_property(text, sizeof(text), "disabled");
	if (!*text)
		return;
	name_line(v, "properties");
	fprintf(v->out, "%s\n", text);
}

static void last_end_line(View *v, const char *key)
{
	uint64_t value = 0, other;
	bool by_signal = plist_find_number(v->job, "last terminating signal", &other);
	bool is_signal = strcmp(key, "last terminating signal") == 0;

	if (is_signal != by_signal)
		return;
	name_line(v, key);
	if (is_signal)
		fprintf(v->out, "%s: %" PRIu64, strsignal((int)other), other);
	else if (plist_find_number(v->job, key, &value))
		format_exit_code(v->out, (unsigned)value);
	else
		fputs("(never exited)", v->out);
	fputc('\n', v->out);
}

static void environment_line(View *v, const char *key)
{
	const char *label = plist_find_text(v->job, "label");
	char own[200];

	if (strcmp(key, "inherited environment") == 0) {
		plist_t array = plist_dict_get_item(v->domain, "environment");

		if (!PLIST_IS_ARRAY(array) || plist_array_get_size(array) == 0)
			return;
		name_line(v, key);
		pairs_value(v->out, array, NULL);
		return;
	}
	name_line(v, key);
	if (strcmp(key, "environment") == 0) {
		(void)snprintf(own, sizeof(own), "XPC_SERVICE_NAME => %s", label ? label : "");
		pairs_value(v->out, plist_dict_get_item(v->job, key), own);
	} else {
		pairs_value(v->out, NULL, "PATH => " SPAWN_PATH_DEFAULT);
	}
}

static void domain_line(View *v)
{
	const char *slash = strrchr(v->target, '/');

	name_line(v, "domain");
	fprintf(v->out, "%.*s\n", slash ? (int)(slash - v->target) : 0, v->target);
}

/* What is made of several keys, or of none. */
static void own_field(View *v, const char *key)
{
	const char *text;
	uint64_t pid = 0;

	if (strstr(key, "environment")) {
		environment_line(v, key);
	} else if (strncmp(key, "last ", 5) == 0) {
		last_end_line(v, key);
	} else if (strcmp(key, "properties") == 0) {
		properties_line(v);
	} else if (strcmp(key, "domain") == 0) {
		domain_line(v);
	} else if (strcmp(key, "active count") == 0) {
		name_line(v, key);
		fprintf(v->out, "%d\n", plist_find_number(v->job, "pid", &pid) && pid > 0);
	} else if (strcmp(key, "type") == 0) {
		name_line(v, key);
		fprintf(v->out, "%s\n", type_text(v));
	} else { /* path */
		text = plist_find_text(v->job, key);
		name_line(v, key);
		format_text(v->out, text && *text ? text : "(submitted)");
		fputc('\n', v->out);
	}
}

static void field_value(View *v, const Field *f, plist_t value)
{
	switch (f->kind) {
	case FIELD_SECONDS:
		plain_value(v->out, value);
		fputs(" seconds\n", v->out);
		return;
	case FIELD_ENDPOINTS:
		fputs("{\n", v->out);
		plist_each(value, endpoint_entry, v->out);
		fputs("\t}\n", v->out);
		v->gap = true;
		return;
	default:
		any_value(v->out, 1, value);
		v->gap = f->kind == FIELD_LIST;
	}
}

static void field(View *v, const Field *f)
{
	plist_t value;

	if (f->kind == FIELD_GAP) {
		v->gap = true;
		return;
	}
	if (f->kind == FIELD_OWN) {
		own_field(v, f->key);
		return;
	}
	value = plist_dict_get_item(v->job, f->key);
	if (!value || f->kind == FIELD_HIDDEN)
		return;
	/* Services that it might have made and did not. */
	if (PLIST_IS_DICT(value) && plist_dict_get_size(value) == 0)
		return;
	name_line(v, f->shown ? f->shown : f->key);
	field_value(v, f, value);
}

static void other_field(void *ctx, const char *key, plist_t value)
{
	View *v = ctx;

	for (size_t i = 0; i < sizeof(job_fields) / sizeof(job_fields[0]); i++) {
		if (job_fields[i].key && strcmp(job_fields[i].key, key) == 0)
			return;
	}
	name_line(v, key);
	any_value(v->out, 1, value);
}

void format_job(FILE *out, const char *target, plist_t job, plist_t domain)
{
	View v = {.out = out, .target = target, .job = job, .domain = domain};

	format_text(out, target);
	fputs(" = {\n", out);
	for (size_t i = 0; i < sizeof(job_fields) / sizeof(job_fields[0]); i++)
		field(&v, &job_fields[i]);
	plist_each(job, other_field, &v);
	fputs("}\n", out);
}

/* --- A domain --- */

static void job_rows(FILE *out, const DomainView *view)
{
	fputs("\tservices = {\n", out);
	for (size_t i = 0; i < view->n_lines; i++) {
		const job_line_t *line = &view->lines[i];
		char status[16] = "-";

		if (line->status >= 0 && (line->status & 0x7f))
			(void)snprintf(status, sizeof(status), "-%d", line->status & 0x7f);
		else if (line->status >= 0)
			(void)snprintf(status, sizeof(status), "%d", line->status >> 8 & 0xff);
		fprintf(out, "\t\t%8d %6s \t", line->pid, status);
		format_text(out, line->label);
		fputc('\n', out);
	}
	fputs("\t}\n", out);
}

/* Whether a service is a process's that is no job: "echo[12].anonymous". */
static bool is_unmanaged(const ServiceTable *t, unsigned i)
{
	const char *dot = strrchr(t->jobs[i], '.');

	return dot && strcmp(dot, ".anonymous") == 0;
}

/* "echo[12].anonymous" as "echo.12" */
static void unmanaged_name(FILE *out, const char *label)
{
	for (const char *p = label; *p && *p != ']'; p++)
		fprintf(out, "%c", *p == '[' ? '.' : *p);
}

static void unmanaged_process(FILE *out, const ServiceTable *t, unsigned first)
{
	unsigned n = 0;

	for (unsigned i = first; i < t->n; i++)
		n += strcmp(t->jobs[i], t->jobs[first]) == 0;
	fputs("\t\t", out);
	unmanaged_name(out, t->jobs[first]);
	fprintf(out, " = {\n\t\t\tactive count = %u\n\t\t\tdynamic endpoints = {\n", n);
	for (unsigned i = first; i < t->n; i++) {
		if (strcmp(t->jobs[i], t->jobs[first]) != 0)
			continue;
		fputs("\t\t\t\t\"", out);
		format_text(out, t->names[i]);
		fprintf(out, "\" = {\n\t\t\t\t\tactive = %d\n\t\t\t\t}\n",
			t->active[i] == BOOTSTRAP_STATUS_ACTIVE);
	}
	fputs("\t\t\t}\n\t\t}\n", out);
}

static bool is_first_of_its_job(const ServiceTable *t, unsigned i)
{
	for (unsigned k = 0; k < i; k++) {
		if (strcmp(t->jobs[k], t->jobs[i]) == 0)
			return false;
	}
	return true;
}

static void unmanaged(FILE *out, const ServiceTable *t)
{
	fputs("\tunmanaged processes = {\n", out);
	for (unsigned i = 0; i < t->n; i++) {
		if (is_unmanaged(t, i) && is_first_of_its_job(t, i))
			unmanaged_process(out, t, i);
	}
	fputs("\t}\n", out);
}

static void endpoint_row(void *ctx, const char *key, plist_t value)
{
	char text[32] = "0";
	uint64_t port = 0;
	FILE *out = ctx;

	if (plist_find_number(value, "port", &port))
		(void)snprintf(text, sizeof(text), "%#" PRIx64, port);
	fprintf(out, "\t\t%12s    %s   %s  ", text, plist_is_true(value, "managed") ? "M" : "U",
		plist_is_true(value, "active") ? "A" : "D");
	format_text(out, key);
	fputc('\n', out);
}

static void disabled_row(void *ctx, const char *key, plist_t value)
{
	uint8_t is_disabled = 0;
	FILE *out = ctx;

	if (PLIST_IS_BOOLEAN(value))
		plist_get_bool_val(value, &is_disabled);
	fputs("\t\t\"", out);
	format_text(out, key);
	fprintf(out, "\" => %s\n", is_disabled ? "disabled" : "enabled");
}

void format_disabled(FILE *out, plist_t domain)
{
	fputs("\tdisabled services = {\n", out);
	plist_each(plist_dict_get_item(domain, "disabled services"), disabled_row, out);
	fputs("\t}\n", out);
}

static const char *domain_type(const char *target)
{
	return strncmp(target, "user", 4) == 0	    ? "user"
	       : strncmp(target, "session", 7) == 0 ? "session"
						    : "system";
}

static unsigned count_running(const DomainView *view)
{
	unsigned n = 0;

	for (size_t i = 0; i < view->n_lines; i++)
		n += view->lines[i].pid > 0;
	return n;
}

/* What the server says beyond that. */
static void other_row(void *ctx, const char *key, plist_t value)
{
	static const char *const shown[] = {"name", "uid", "service count", "active service count",
		"environment", "services", "endpoints", "disabled services"};
	FILE *out = ctx;

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		if (strcmp(shown[i], key) == 0)
			return;
	}
	fputc('\t', out);
	format_text(out, key);
	fputs(" = ", out);
	any_value(out, 1, value);
}

void format_domain(FILE *out, const DomainView *view)
{
	unsigned n_running = count_running(view);
	plist_t environment = plist_dict_get_item(view->description, "environment");

	format_text(out, view->target);
	fprintf(out, " = {\n\ttype = %s\n\thandle = %d\n\tactive count = %u\n",
		domain_type(view->target), view->pid, n_running);
	fprintf(out, "\tservice count = %zu\n\tactive service count = %u\n", view->n_lines,
		n_running);
	fprintf(out, "\tcreator = launchd[%d]\n\tcreator euid = %u\n", view->pid, view->uid);
	plist_each(view->description, other_row, out);
	fputs("\n\tenvironment = ", out);
	pairs_value(out, environment, NULL);
	fputc('\n', out);
	job_rows(out, view);
	fputc('\n', out);
	unmanaged(out, &view->services);
	fputs("\n\tendpoints = {\n", out);
	plist_each(plist_dict_get_item(view->description, "endpoints"), endpoint_row, out);
	fputs("\t}\n\n", out);
	format_disabled(out, view->description);
	fputs("}\n", out);
}
