/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the bytes of a file to libplist's tree of values.
 *
 * libplist takes much on trust: it recurses as deep as a list is nested, follows every reference of a
 * binary list again (so that a few bytes can stand for a billion values), reads "12x" as 12 and "010"
 * as 8, and keeps one of two values that have the same key. So no byte is given to it before
 * object/plist_guard.h has been over all of them. What that accepts is a part of what libplist accepts,
 * read in the same way.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "launchd/spec-private.h"
#include "object/plist_guard.h"

#define BINARY_MAGIC "bplist"

/* 1: there are as many problems as anyone reads. */
static int on_problem(void *data, const PlistProblem *problem)
{
	SpecParse *p = data;
	char key[SPEC_SHOWN_MAX + 1], shown[4 * SPEC_SHOWN_MAX + 8];
	int r;

	if (problem->key) {
		if (p->report->n_errors >= SPEC_PROBLEMS_MAX)
			return 1;
		snprintf(key, sizeof(key), "%.*s", (int)MIN(problem->key_size, sizeof(key) - 1),
			problem->key);
		spec_show(key, shown);
		r = spec_error(
			p, "line %zu: the key %s is there more than once", problem->line, shown);
	} else if (problem->line > 0) {
		r = spec_error(p, "line %zu: %s", problem->line, problem->text);
	} else {
		r = spec_error(p, "expected a sound binary property list: %s", problem->text);
	}
	return r;
}

static int check(SpecParse *p, const void *data, size_t size, bool is_binary)
{
	PlistGuard guard = {.depth_max = SPEC_DEPTH_MAX,
		.n_nodes_max = SPEC_NODES_MAX,
		.n_bytes_max = SPEC_BYTES_MAX,
		.report = on_problem,
		.data = p};
	int r = is_binary ? plist_binary_check(&guard, data, size)
			  : plist_xml_check(&guard, data, size);

	return r < 0 ? error_trace(r) : 0;
}

int spec_plist_decode(SpecParse *p, const void *data, size_t size, plist_t *ret)
{
	size_t n_errors = p->report->n_errors;
	const char *text = data;
	plist_t root = NULL;
	bool is_binary;
	int r;

	*ret = NULL;
	if (size == 0)
		return spec_error(p, "expected a property list, found nothing");
	if (size > SPEC_FILE_MAX)
		return spec_error(p, "expected at most %zu bytes", SPEC_FILE_MAX);
	is_binary = size >= strlen(BINARY_MAGIC) &&
		    memcmp(text, BINARY_MAGIC, strlen(BINARY_MAGIC)) == 0;
	if (!is_binary && !memchr(text, '<', size))
		return spec_error(p, "expected a property list in XML or binary form");
	r = check(p, data, size, is_binary);
	if (r < 0 || p->report->n_errors > n_errors)
		return r;
	if (is_binary)
		plist_from_bin(text, (uint32_t)size, &root);
	else
		plist_from_xml(text, (uint32_t)size, &root);
	if (!root)
		return spec_error(p, "expected a property list that libplist can read");
	*ret = root;
	return 0;
}
