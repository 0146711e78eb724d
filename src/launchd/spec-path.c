/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path of keys to where a walk is, and how parts of a stranger's file are shown: control
 * characters, and bytes that are not UTF-8, are escaped, and what is long is cut, so that a file can
 * neither fake a line nor fill the screen.
 *
 * Keys that look like words stand for themselves, others in quotes: MachServices."com.example.x".
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "launchd/spec-private.h"

#define ELLIPSIS "..."

static bool is_word(const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)key[i]) && key[i] != '_' && key[i] != '-')
			return false;
	return n > 0 && n <= SPEC_SHOWN_MAX;
}

/* C0, DEL, and C1 as UTF-8 writes it. */
static bool is_control(const char *p)
{
	unsigned char c = (unsigned char)p[0], next = (unsigned char)p[1];

	return c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0);
}

void spec_show(const char *text, char ret[static 4 * SPEC_SHOWN_MAX + 8])
{
	size_t size = strlen(text), shown = MIN(size, (size_t)SPEC_SHOWN_MAX), at = 0;
	bool utf8 = spec_is_utf8(text, size);

	/* Not in the middle of a character. */
	while (utf8 && shown < size && shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80)
		shown--;
	ret[at++] = '"';
	for (size_t i = 0; i < shown; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\')
			ret[at++] = '\\';
		if ((c < 0x80 || utf8) && !is_control(text + i)) {
			ret[at++] = (char)c;
			continue;
		}
		at += (size_t)sprintf(ret + at, "\\x%02x", c);
		if (utf8 && c >= 0x80) {
			at += (size_t)sprintf(ret + at, "\\x%02x", (unsigned char)text[i + 1]);
			i++;
		}
	}
	sprintf(ret + at, "\"%s", shown < size ? ELLIPSIS : "");
}

static void append(SpecPath *path, const char *text)
{
	size_t n = MIN(strlen(text), sizeof(path->text) - 1 - path->size);

	memcpy(path->text + path->size, text, n);
	path->size += n;
	path->text[path->size] = '\0';
}

void spec_path_push_key(SpecPath *path, const char *key, size_t *ret_mark)
{
	char shown[4 * SPEC_SHOWN_MAX + 8];

	*ret_mark = path->size;
	if (path->size > 0)
		append(path, ".");
	if (is_word(key)) {
		append(path, key);
		return;
	}
	spec_show(key, shown);
	append(path, shown);
}

void spec_path_push_index(SpecPath *path, size_t index, size_t *ret_mark)
{
	char text[32];

	*ret_mark = path->size;
	snprintf(text, sizeof(text), "[%zu]", index);
	append(path, text);
}

void spec_path_pop(SpecPath *path, size_t mark)
{
	path->size = mark;
	path->text[mark] = '\0';
}
