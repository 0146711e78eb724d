/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_TEST_REQ_H
#define PORTCULLIS_CODESIGN_TEST_REQ_H

/* What several tests of requirements need. */

#include <stdio.h>
#include <string.h>

#include "codesign/reqparse.h"
#include "tests/lib/unit.h"

/* Of a text that is good. */
static inline _unused_ Requirement *compile(const char *text)
{
	Requirement *ret = NULL;
	int r = requirement_parse(text, strlen(text), &ret);

	if (r != 0)
		unit_fail_here("\"%s\": %d", text, r);
	return ret;
}

/* The terms in hexadecimal, eight digits in a group. */
static inline _unused_ void format_terms(const Requirement *r, char *out, size_t size)
{
	BlobView blob = requirement_get_blob(r);
	size_t used = 0;

	out[0] = '\0';
	for (uint32_t i = 12; i < blob.size && used + 4 < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%02x",
			i > 12 && i % 4 == 0 ? " " : "", blob.data[i]);
}

/* Into one blob: @hex has digits and blanks. */
static inline _unused_ size_t parse_hex(const char *hex, uint8_t *out)
{
	size_t n = 0;

	for (const char *p = hex; *p; p++) {
		unsigned byte;

		if (*p == ' ')
			continue;
		ASSERT_EQ(sscanf(p, "%2x", &byte), 1);
		out[n++] = (uint8_t)byte;
		p++;
	}
	return n;
}

/* A requirement of these terms: what requirement_decode() says. */
static inline _unused_ int decode_terms(const char *hex, Requirement **ret)
{
	static uint8_t blob[8192];
	size_t size = 12 + parse_hex(hex, blob + 12);

	blob_write_be32(blob, BLOB_MAGIC_REQUIREMENT);
	blob_write_be32(blob + 4, (uint32_t)size);
	blob_write_be32(blob + 8, REQ_KIND_EXPRESSION);
	return requirement_decode(blob, size, ret);
}

/* Both have the same blob. */
#define ASSERT_SAME(a, b)                                                                          \
	ASSERT_TRUE(object_equal(requirement_as_object(a), requirement_as_object(b)))

#endif
