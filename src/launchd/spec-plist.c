/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the bytes of a file to libplist's tree of values.
 *
 * libplist takes much on trust: it recurses as deep as a list is nested, follows every reference of a
 * binary list again (so that a few bytes can stand for a billion values), reads "12x" as 12 and "010"
 * as 8, and keeps one of two values that have the same key. So no byte is given to it before
 * spec-xml.c or spec-binary.c has been over all of them. What these accept is a part of what libplist
 * accepts, read in the same way.
 */
#include <string.h>

#include "base/error.h"
#include "launchd/spec-private.h"

#define BINARY_MAGIC "bplist"

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
	r = is_binary ? spec_binary_check(p, data, size) : spec_xml_check(p, text, size);
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
