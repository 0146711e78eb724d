/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requirements of the world: each compiles to the bytes that others make of it, and those bytes give its
 * text again, but for quotes and parentheses that change nothing.
 */
#include <stdio.h>
#include <string.h>

#include "codesign/reqparse.h"
#include "tests/lib/unit.h"

typedef struct Vector {
	char text[2048];
	char hex[4096];
} Vector;

static bool get_line(FILE *f, char *line, size_t size)
{
	do {
		if (!fgets(line, (int)size, f))
			return false;
	} while (line[0] == '#');
	line[strcspn(line, "\n")] = '\0';
	return true;
}

static bool get_vector(FILE *f, Vector *v)
{
	return get_line(f, v->text, sizeof(v->text)) && get_line(f, v->hex, sizeof(v->hex));
}

static void format_hex(BlobView blob, char *out)
{
	for (uint32_t i = 0; i < blob.size; i++)
		sprintf(out + 2 * i, "%02x", blob.data[i]);
}

static size_t parse_hex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned byte;

		ASSERT_EQ(sscanf(hex + 2 * i, "%2x", &byte), 1);
		out[i] = (uint8_t)byte;
	}
	return n;
}

/* Without what may be left out of a text. */
static void strip(const char *text, char *out)
{
	for (const char *p = text; *p; p++) {
		if (*p != '(' && *p != ')' && *p != '"' && *p != ' ')
			*out++ = *p;
	}
	*out = '\0';
}

TEST(vectors)
{
	FILE *f = fopen(VECTORS, "re");
	unsigned n = 0, n_same = 0;
	static Vector v;

	ASSERT_NOT_NULL(f);
	while (get_vector(f, &v)) {
		_cleanup_requirement_ Requirement *a = NULL, *b = NULL, *c = NULL;
		_cleanup_free_ char *text = NULL, *again = NULL;
		static char hex[4096], one[2048], other[2048];
		static uint8_t blob[2048];
		size_t size;

		ASSERT_OK(requirement_parse(v.text, strlen(v.text), &a));
		format_hex(requirement_get_blob(a), hex);
		ASSERT_STREQ(hex, v.hex);
		size = parse_hex(v.hex, blob);
		ASSERT_OK(requirement_decode(blob, size, &b));
		ASSERT_OK(requirement_format(b, &text));
		strip(v.text, one);
		strip(text, other);
		ASSERT_STREQ(one, other);
		ASSERT_OK(requirement_parse(text, strlen(text), &c));
		ASSERT_TRUE(object_equal(requirement_as_object(b), requirement_as_object(c)));
		ASSERT_OK(requirement_format(c, &again));
		ASSERT_STREQ(text, again);
		if (strcmp(text, v.text) == 0)
			n_same++;
		else if (getenv("SHOW"))
			printf("< %s\n> %s\n", v.text, text);
		n++;
	}
	fclose(f);
	ASSERT_EQ(n, 500);
	/* The others have quotes or parentheses more. */
	ASSERT_EQ(n_same, 494);
}
