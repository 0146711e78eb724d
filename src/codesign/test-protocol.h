/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_TEST_PROTOCOL_H
#define PORTCULLIS_CODESIGN_TEST_PROTOCOL_H

/*
 * The examples of doc/protocol.md: lines of an offset, bytes in hexadecimal, two spaces and a comment.
 * The document is found from where this file was compiled; where it is not there, cases are skipped.
 */

#include <ctype.h>

#include "tests/lib/unit.h"

__attribute__((__unused__)) static const char *protocol_document(void)
{
	static char text[256 * 1024];
	static const char here[] = __FILE__;
	static const char down[] = "src/codesign/test-protocol.h";
	char path[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%.*sdoc/protocol.md", (int)(sizeof(here) - sizeof(down)),
		here);
	f = fopen(path, "re");
	if (!f)
		SKIP("doc/protocol.md cannot be found from here");
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

/* The bytes of a line, behind the offset and before two spaces. */
__attribute__((__unused__)) static size_t read_example_line(
	const char *line, uint8_t *data, size_t n, size_t size)
{
	const char *p = strchr(line, ' ');
	size_t start = n;

	ASSERT_EQ(strtoul(line, NULL, 16), start);
	for (; p && p[0] == ' ' && isxdigit((unsigned char)p[1]) && isxdigit((unsigned char)p[2]);
		p += 3) {
		ASSERT_LT(n, size);
		data[n++] = (uint8_t)strtoul((char[]){p[1], p[2], 0}, NULL, 16);
	}
	return n;
}

/* The first example behind @heading; returns how many bytes it has. */
__attribute__((__unused__)) static size_t read_example(
	const char *heading, uint8_t *data, size_t size)
{
	const char *line = strstr(protocol_document(), heading);
	size_t n = 0;

	ASSERT_NOT_NULL(line);
	line = strstr(line, "```hex\n");
	ASSERT_NOT_NULL(line);
	for (line += 7; strncmp(line, "```", 3) != 0; line = strchr(line, '\n') + 1)
		n = read_example_line(line, data, n, size);
	return n;
}

#endif
