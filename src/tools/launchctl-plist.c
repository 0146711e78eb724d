/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking into a property list that launchd has sent, and writing it as JSON. What is missing or of
 * another type than expected is as if it were not there: another version of the server may say more
 * or less.
 */
#include <inttypes.h>
#include <string.h>

#include "launchd/spec-private.h"
#include "tools/launchctl-format.h"

const char *plist_find_text(plist_t dict, const char *key)
{
	plist_t value = plist_dict_get_item(dict, key);

	return PLIST_IS_STRING(value) ? plist_get_string_ptr(value, NULL) : NULL;
}

bool plist_find_number(plist_t dict, const char *key, uint64_t *ret)
{
	plist_t value = plist_dict_get_item(dict, key);

	if (!PLIST_IS_UINT(value))
		return false;
	plist_get_uint_val(value, ret);
	return true;
}

bool plist_is_true(plist_t dict, const char *key)
{
	plist_t value = plist_dict_get_item(dict, key);
	uint8_t is_true = 0;

	if (PLIST_IS_BOOLEAN(value))
		plist_get_bool_val(value, &is_true);
	return is_true;
}

void plist_each(plist_t dict, PlistEntry entry, void *ctx)
{
	_cleanup_free_ plist_dict_iter iter = NULL;

	if (!PLIST_IS_DICT(dict))
		return;
	plist_dict_new_iter(dict, &iter);
	for (;;) {
		_cleanup_free_ char *key = NULL;
		plist_t value = NULL;

		plist_dict_next_item(dict, iter, &key, &value);
		if (!value)
			return;
		entry(ctx, key, value);
	}
}

/* --- JSON --- */

static void json_string(FILE *out, const char *text)
{
	bool utf8 = spec_is_utf8(text, strlen(text));

	fputc('"', out);
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (*p < ' ' || *p == 0x7f)
			fprintf(out, "\\u%04x", *p);
		else if (*p >= 0x80 && !utf8)
			fputs("\\ufffd", out);
		else
			fputc(*p, out);
	}
	fputc('"', out);
}

typedef struct JsonDict {
	FILE *out;
	bool comma;
} JsonDict;

static void json_entry(void *ctx, const char *key, plist_t value)
{
	JsonDict *j = ctx;

	if (j->comma)
		fputc(',', j->out);
	j->comma = true;
	json_string(j->out, key);
	fputc(':', j->out);
	format_json(j->out, value);
}

static void json_array(FILE *out, plist_t array)
{
	fputc('[', out);
	for (uint32_t i = 0; i < plist_array_get_size(array); i++) {
		if (i > 0)
			fputc(',', out);
		format_json(out, plist_array_get_item(array, i));
	}
	fputc(']', out);
}

void format_json(FILE *out, plist_t value)
{
	JsonDict dict = {.out = out};
	const char *text;
	uint64_t number = 0;
	uint8_t is_true = 0;

	switch (plist_get_node_type(value)) {
	case PLIST_DICT:
		fputc('{', out);
		plist_each(value, json_entry, &dict);
		fputc('}', out);
		return;
	case PLIST_ARRAY:
		json_array(out, value);
		return;
	case PLIST_BOOLEAN:
		plist_get_bool_val(value, &is_true);
		fputs(is_true ? "true" : "false", out);
		return;
	case PLIST_UINT:
		plist_get_uint_val(value, &number);
		fprintf(out, "%" PRId64, (int64_t)number);
		return;
	case PLIST_STRING:
		text = plist_get_string_ptr(value, NULL);
		json_string(out, text ? text : "");
		return;
	default:
		fputs("null", out);
	}
}
