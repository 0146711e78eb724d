/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a file, collected. A file can have any number of mistakes; only the first
 * SPEC_PROBLEMS_MAX are kept, and the rest counted.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "launchd/spec-private.h"

void spec_report_init(SpecReport *report, const char *file)
{
	*report = (SpecReport){.file = file};
}

void spec_report_deinit(SpecReport *report)
{
	for (size_t i = 0; i < report->n_problems; i++) {
		free(report->problems[i].path);
		free(report->problems[i].text);
	}
	free(report->problems);
	spec_report_init(report, report->file);
}

_printf_(4, 0) static int add(
	SpecReport *report, bool is_error, const char *path, const char *format, va_list args)
{
	_cleanup_free_ char *path_copy = NULL, *text = NULL;
	SpecProblem *problems;

	if (report->n_problems < SPEC_PROBLEMS_MAX) {
		path_copy = strdup(path);
		if (!path_copy || vasprintf(&text, format, args) < 0) {
			text = NULL;
			return error_origin(-ENOMEM);
		}
		problems = reallocarray(
			report->problems, report->n_problems + 1, sizeof(*problems));
		if (!problems)
			return error_origin(-ENOMEM);
		report->problems = problems;
		problems[report->n_problems++] = (SpecProblem){
			.is_error = is_error, .path = TAKE_PTR(path_copy), .text = TAKE_PTR(text)};
	}
	*(is_error ? &report->n_errors : &report->n_warnings) += 1;
	return 0;
}

int spec_report_add(SpecReport *report, bool is_error, const char *path, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = add(report, is_error, path, format, args);
	va_end(args);
	return r;
}

int spec_error(SpecParse *p, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = add(p->report, true, p->path.text, format, args);
	va_end(args);
	return r;
}

int spec_warning(SpecParse *p, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = add(p->report, false, p->path.text, format, args);
	va_end(args);
	return r;
}

/* What kind of thing it is, in a sentence. */
static const char *name_of_type(plist_t value)
{
	switch (plist_get_node_type(value)) {
	case PLIST_BOOLEAN:
		return "a boolean";
	case PLIST_UINT:
		return "an integer";
	case PLIST_REAL:
		return "a real number";
	case PLIST_STRING:
	case PLIST_KEY:
		return "a string";
	case PLIST_ARRAY:
		return "an array";
	case PLIST_DICT:
		return "a dictionary";
	case PLIST_DATE:
		return "a date";
	case PLIST_DATA:
		return "data";
	default:
		return "something else";
	}
}

int spec_error_expected(SpecParse *p, plist_t value, const char *expected)
{
	char shown[4 * SPEC_SHOWN_MAX + 8];
	uint64_t number = 0;
	const char *text;

	switch (plist_get_node_type(value)) {
	case PLIST_UINT:
		plist_get_uint_val(value, &number);
		return spec_error(p, "expected %s, found %" PRId64, expected, (int64_t)number);
	case PLIST_STRING:
		text = plist_get_string_ptr(value, NULL);
		spec_show(text ? text : "", shown);
		return spec_error(p, "expected %s, found the string %s", expected, shown);
	default:
		return spec_error(p, "expected %s, found %s", expected, name_of_type(value));
	}
}

char *spec_problem_format(const SpecReport *report, const SpecProblem *problem)
{
	const char *path = problem->path;
	char *line;

	if (asprintf(&line, "%s: %s%s%s%s", report->file, problem->is_error ? "" : "warning: ",
		    path, path[0] ? ": " : "", problem->text) < 0)
		return NULL;
	return line;
}

void spec_report_print(const SpecReport *report, FILE *out)
{
	size_t n_left = report->n_errors + report->n_warnings - report->n_problems;

	for (size_t i = 0; i < report->n_problems; i++) {
		_cleanup_free_ char *line = spec_problem_format(report, &report->problems[i]);

		fprintf(out, "%s\n", line ? line : report->problems[i].text);
	}
	if (n_left > 0)
		fprintf(out, "%s: and %zu more\n", report->file, n_left);
}
