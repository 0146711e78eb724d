/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over a dictionary by a table of its keys, and the values that need no more than a row of it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "launchd/spec-private.h"

/* Keys are sorted to find those that are there twice: of many, comparing all would take for ever. */
static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int report_twice(SpecParse *p, char **keys, size_t n)
{
	size_t mark;
	int r = 0;

	qsort(keys, n, sizeof(*keys), compare);
	for (size_t i = 1; i < n && r == 0; i++) {
		if (strcmp(keys[i - 1], keys[i]) != 0 ||
			(i > 1 && strcmp(keys[i - 2], keys[i]) == 0))
			continue;
		spec_path_push_key(&p->path, keys[i], &mark);
		r = spec_error(p, "the key is there more than once");
		spec_path_pop(&p->path, mark);
	}
	return r;
}

typedef struct Keys {
	char **all;
	size_t n;
} Keys;

static void keys_deinit(Keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		free(keys->all[i]);
	free(keys->all);
}

int spec_dict_each(SpecParse *p, plist_t dict, SpecEntry entry, void *object)
{
	_cleanup_(keys_deinit) Keys keys = {NULL};
	_cleanup_free_ plist_dict_iter iter = NULL;
	uint32_t n = plist_dict_get_size(dict);
	int r = 0;

	keys.all = calloc(n + 1, sizeof(*keys.all));
	if (!keys.all)
		return error_origin(-ENOMEM);
	plist_dict_new_iter(dict, &iter);
	while (r == 0 && keys.n < n) {
		char *key = NULL;
		plist_t value = NULL;
		size_t mark;

		plist_dict_next_item(dict, iter, &key, &value);
		if (!key)
			break;
		keys.all[keys.n++] = key;
		spec_path_push_key(&p->path, key, &mark);
		if (!spec_is_utf8(key, strlen(key)))
			r = spec_error(p, "expected a key in UTF-8");
		else
			r = entry(p, key, value, object);
		spec_path_pop(&p->path, mark);
	}
	return r < 0 ? error_trace(r) : report_twice(p, keys.all, keys.n);
}

int spec_get_string(SpecParse *p, plist_t value, const char *expected, const char **ret)
{
	uint64_t size = 0;
	const char *text = NULL;

	*ret = NULL;
	if (plist_get_node_type(value) == PLIST_STRING)
		text = plist_get_string_ptr(value, &size);
	if (!text)
		return spec_error_expected(p, value, expected);
	if (strlen(text) != size || !spec_is_utf8(text, size))
		return spec_error(p, "expected %s, found a string that is not UTF-8", expected);
	*ret = text;
	return 0;
}

int spec_parse_bool(SpecParse *p, plist_t value, bool *ret)
{
	uint8_t is_true = 0;

	if (plist_get_node_type(value) != PLIST_BOOLEAN)
		return spec_error_expected(p, value, "a boolean");
	plist_get_bool_val(value, &is_true);
	*ret = is_true != 0;
	return 0;
}

int spec_parse_int(SpecParse *p, plist_t value, int64_t min, int64_t max, int64_t *ret)
{
	char expected[96];
	uint64_t number = 0;

	if (plist_get_node_type(value) == PLIST_UINT) {
		plist_get_uint_val(value, &number);
		if ((int64_t)number >= min && (int64_t)number <= max) {
			*ret = (int64_t)number;
			return 0;
		}
	}
	snprintf(expected, sizeof(expected), "an integer from %" PRId64 " to %" PRId64, min, max);
	return spec_error_expected(p, value, expected);
}

int spec_parse_string(SpecParse *p, plist_t value, const char *(*check)(const char *), char **ret)
{
	_cleanup_free_ char *copy = NULL;
	const char *text, *expected;
	char *old = *ret;
	int r = spec_get_string(p, value, "a string", &text);

	if (r < 0 || !text)
		return r;
	expected = check(text);
	if (expected)
		return spec_error_expected(p, value, expected);
	copy = strdup(text);
	if (!copy)
		return error_origin(-ENOMEM);
	*ret = TAKE_PTR(copy);
	copy = old;
	return 0;
}

int spec_parse_word(SpecParse *p, plist_t value, const char *const *words, size_t *ret)
{
	char expected[128];
	const char *text;
	size_t used = 0;
	int r;

	for (size_t i = 0; words[i] && used < sizeof(expected); i++)
		used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s\"%s\"",
			i == 0	       ? ""
			: words[i + 1] ? ", "
				       : " or ",
			words[i]);
	r = spec_get_string(p, value, expected, &text);
	if (r < 0 || !text)
		return r;
	for (size_t i = 0; words[i]; i++) {
		if (strcasecmp(words[i], text) == 0) {
			*ret = i;
			return 0;
		}
	}
	return spec_error_expected(p, value, expected);
}

int spec_parse_mode(SpecParse *p, plist_t value, int64_t max, int64_t *ret)
{
	char expected[96];
	const char *text;
	char *end;
	unsigned long number;
	int r;

	if (plist_get_node_type(value) != PLIST_STRING && plist_get_node_type(value) != PLIST_UINT)
		return spec_error_expected(p, value, "an integer or a string");
	if (plist_get_node_type(value) == PLIST_UINT)
		return spec_parse_int(p, value, 0, max, ret);
	snprintf(expected, sizeof(expected), "a number from 0 to 0%" PRIo64, (uint64_t)max);
	r = spec_get_string(p, value, expected, &text);
	if (r < 0 || !text)
		return r;
	errno = 0;
	number = strtoul(text, &end, 0);
	/* It would also take blanks and a sign. */
	if (text[0] < '0' || text[0] > '9' || *end || errno != 0 || number > (unsigned long)max)
		return spec_error_expected(p, value, expected);
	*ret = (int64_t)number;
	return 0;
}

void spec_strings_free(char **strings)
{
	for (char **s = strings; s && *s; s++)
		free(*s);
	free(strings);
}

static void spec_strings_freep(char ***strings)
{
	spec_strings_free(*strings);
}

static int parse_strings(SpecParse *p, plist_t value, const SpecKey *key, char ***ret)
{
	_cleanup_(spec_strings_freep) char **strings = NULL;
	size_t n = 0, n_items, mark;
	int r = 0;

	if (plist_get_node_type(value) != PLIST_ARRAY)
		return spec_error_expected(p, value, "an array of strings");
	n_items = plist_array_get_size(value);
	if (n_items == 0)
		return spec_error(p, "expected an array of strings that is not empty");
	strings = calloc(n_items + 1, sizeof(*strings));
	if (!strings)
		return error_origin(-ENOMEM);
	for (size_t i = 0; i < n_items && r == 0; i++) {
		spec_path_push_index(&p->path, i, &mark);
		r = spec_parse_string(
			p, plist_array_get_item(value, (uint32_t)i), key->check, &strings[n]);
		spec_path_pop(&p->path, mark);
		n += strings[n] != NULL;
	}
	if (r < 0)
		return error_trace(r);
	spec_strings_free(*ret);
	*ret = TAKE_PTR(strings);
	return 0;
}

/* ", NAME" for the one warning about all such keys. */
static int note(SpecParse *p, ByteWriter *names)
{
	int r = names->used > 0 ? bytes_put_blob(names, ", ", 2) : 0;

	if (r == 0)
		r = bytes_put_blob(names, p->path.text, p->path.size);
	/* Full: what it names by then will do. */
	return r < 0 ? error_trace(r) : 0;
}

static int parse_value(SpecParse *p, const SpecKey *key, plist_t value, void *object)
{
	void *member = (char *)object + key->offset;
	bool is_true = false;
	int r;

	switch (key->kind) {
	case SPEC_KIND_BOOL:
		return spec_parse_bool(p, value, member);
	case SPEC_KIND_TRI:
		if (plist_get_node_type(value) != PLIST_BOOLEAN)
			return spec_error_expected(p, value, "a boolean");
		r = spec_parse_bool(p, value, &is_true);
		*(SpecTri *)member = is_true ? SPEC_TRI_TRUE : SPEC_TRI_FALSE;
		return r;
	case SPEC_KIND_INT:
		return spec_parse_int(p, value, key->min, key->max, member);
	case SPEC_KIND_STRING:
		return spec_parse_string(p, value, key->check, member);
	case SPEC_KIND_STRINGS:
		return parse_strings(p, value, key, member);
	case SPEC_KIND_OWN:
		return key->parse(p, value, object);
	case SPEC_KIND_IGNORED:
		return note(p, &p->ignored);
	case SPEC_KIND_LATER:
		return note(p, &p->later);
	}
	return 0;
}

typedef struct Table {
	const SpecKey *keys;
	size_t n_keys;
	void *object;
} Table;

/* A name that ends in * stands for all that begin so. */
static bool is_named(const SpecKey *key, const char *name)
{
	size_t n = strlen(key->name);

	if (key->name[n - 1] == '*')
		return strncmp(key->name, name, n - 1) == 0;
	return strcmp(key->name, name) == 0;
}

static int parse_entry(SpecParse *p, const char *name, plist_t value, void *object)
{
	const Table *table = object;

	for (size_t i = 0; i < table->n_keys; i++)
		if (is_named(&table->keys[i], name))
			return parse_value(p, &table->keys[i], value, table->object);
	for (size_t i = 0; i < table->n_keys; i++)
		if (strcasecmp(table->keys[i].name, name) == 0)
			return spec_error(p, "unknown key; it is written %s", table->keys[i].name);
	return spec_error(p, "unknown key");
}

int spec_parse_dict(SpecParse *p, plist_t dict, const SpecKey *keys, size_t n_keys, void *object)
{
	Table table = {.keys = keys, .n_keys = n_keys, .object = object};

	if (plist_get_node_type(dict) != PLIST_DICT)
		return spec_error_expected(p, dict, "a dictionary");
	return spec_dict_each(p, dict, parse_entry, &table);
}
