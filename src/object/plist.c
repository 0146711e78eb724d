/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Property lists from and to objects.
 *
 * Reading is libplist's, but libplist takes much on trust: it recurses as deep as a list is nested, follows
 * every reference of a binary list again (so that a few bytes can stand for a billion values), reads "12x"
 * as 12 and "010" as 8, keeps one of two values that have the same key, reads reals as the locale has them,
 * and cuts dates down to 32 bits of seconds. So no byte is given to it before plist_xml.c or plist_binary.c
 * has been over all of them. What these accept is a part of what libplist accepts, read in the same way; and
 * they take down the dates, which are not asked of libplist, and the number of keys, of which some are
 * missing afterwards if they were equal once their escapes were read.
 *
 * Without memory libplist ends the process. The size of what it is given is bounded, so it needs no more
 * than some hundred times PLIST_SIZE_MAX.
 *
 * Writing XML is plist_write.c's. Writing the binary form is libplist's, with one object in the file for
 * equal values. Integers are of 64 bits with a sign in both: libplist confuses larger ones with negative
 * ones. Its dates are written from 1933 to 2068.
 *
 * No state; any thread.
 */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plist/plist.h>

#include "base/error.h"
#include "object/array.h"
#include "object/data.h"
#include "object/dictionary.h"
#include "object/locale.h"
#include "object/plist.h"
#include "object/plist_guard.h"
#include "object/plist_write.h"
#include "object/scalar.h"
#include "object/text.h"

#define BINARY_MAGIC "bplist"
#define NS_PER_S INT64_C(1000000000)
#define EPOCH_S INT64_C(978307200) /* 2001-01-01 00:00:00 UTC */
/* Bytes that the references of a binary list may add up to, for each byte of a list. */
#define BINARY_FACTOR 4U

_Static_assert(
	PLIST_GUARD_DEPTH_MAX <= OBJECT_DEPTH_MAX, "what is read can be compared and written");

const PlistLimits plist_limits_default = {
	.size = PLIST_SIZE_MAX, .depth = PLIST_GUARD_DEPTH_MAX, .n_nodes = PLIST_NODES_MAX};

static void plist_freep(plist_t *p)
{
	if (*p)
		plist_free(*p);
}
#define _cleanup_plist_ _cleanup_(plist_freep)

/* Reading. */

typedef struct Reader {
	ObjectCopy how;
	const PlistNotes *notes;
	size_t n_dates, n_keys; /* so far */
} Reader;

static int read_value(Reader *r, plist_t node, Object **ret);

static int read_text(Reader *r, const char *text, size_t size, Object **ret)
{
	_cleanup_object_ Object *string = NULL;
	int e = object_string_new(text, size, &string);

	if (e == 0)
		e = object_dup(string, r->how == OBJECT_COPY_LEAVES, ret);
	return e;
}

static int read_data(Reader *r, plist_t node, Object **ret)
{
	_cleanup_object_ Object *data = NULL;
	uint64_t size = 0;
	const char *bytes = plist_get_data_ptr(node, &size);
	int e = object_data_new(bytes, bytes ? (size_t)size : 0, &data);

	if (e == 0)
		e = object_dup(data, r->how == OBJECT_COPY_LEAVES, ret);
	return e;
}

static int read_array(Reader *r, plist_t node, Object **ret)
{
	_cleanup_object_ Object *array = NULL;
	_cleanup_free_ plist_array_iter iter = NULL;
	int e = object_array_new(&array);

	plist_array_new_iter(node, &iter);
	if (e == 0 && !iter)
		e = error_origin(-ENOMEM);
	for (uint32_t i = 0; e == 0 && i < plist_array_get_size(node); i++) {
		_cleanup_object_ Object *value = NULL;
		plist_t item = NULL;

		plist_array_next_item(node, iter, &item);
		e = item ? read_value(r, item, &value) : error_origin(-ENOTRECOVERABLE);
		if (e == 0)
			e = object_array_add(array, value);
	}
	if (e == 0)
		*ret = TAKE_PTR(array);
	return e;
}

static int read_entry(Reader *r, Object *dictionary, const char *name, plist_t item)
{
	_cleanup_object_ Object *key = NULL, *value = NULL;
	int e;

	if (!name || !item)
		return error_origin(-ENOTRECOVERABLE);
	e = object_string_new_z(name, &key);
	if (e == 0 && object_dictionary_find(dictionary, key))
		return OBJECT_E_INVALID;
	if (e == 0)
		e = read_value(r, item, &value);
	if (e == 0)
		e = object_dictionary_set(dictionary, key, value);
	r->n_keys++;
	return e;
}

static int read_dictionary(Reader *r, plist_t node, Object **ret)
{
	_cleanup_object_ Object *dictionary = NULL;
	_cleanup_free_ plist_dict_iter iter = NULL;
	int e = object_dictionary_new(&dictionary);

	plist_dict_new_iter(node, &iter);
	if (e == 0 && !iter)
		e = error_origin(-ENOMEM);
	for (uint32_t i = 0; e == 0 && i < plist_dict_get_size(node); i++) {
		_cleanup_free_ char *name = NULL;
		plist_t item = NULL;

		plist_dict_next_item(node, iter, &name, &item);
		e = read_entry(r, dictionary, name, item);
	}
	if (e == 0)
		*ret = TAKE_PTR(dictionary);
	return e;
}

static int read_number(plist_t node, Object **ret)
{
	uint64_t integer = 0;
	double real = 0;

	if (plist_get_node_type(node) == PLIST_REAL) {
		plist_get_real_val(node, &real);
		return object_double_new(real, ret);
	}
	plist_get_uint_val(node, &integer);
	return object_int64_new((int64_t)integer, ret);
}

static int read_value(Reader *r, plist_t node, Object **ret)
{
	uint64_t size = 0;
	uint8_t truth = 0;
	const char *text;
	int e;

	switch (plist_get_node_type(node)) {
	case PLIST_BOOLEAN:
		plist_get_bool_val(node, &truth);
		*ret = object_bool(truth);
		return 0;
	case PLIST_UINT:
	case PLIST_REAL:
		return read_number(node, ret);
	case PLIST_DATE:
		if (r->n_dates == r->notes->n_dates)
			return error_origin(-ENOTRECOVERABLE);
		return object_date_new(r->notes->dates[r->n_dates++], ret);
	case PLIST_DATA:
		return read_data(r, node, ret);
	case PLIST_STRING:
		text = plist_get_string_ptr(node, &size);
		return text ? read_text(r, text, (size_t)size, ret) : read_text(r, "", 0, ret);
	case PLIST_ARRAY:
		e = read_array(r, node, ret);
		break;
	case PLIST_DICT:
		e = read_dictionary(r, node, ret);
		break;
	default:
		return OBJECT_E_INVALID;
	}
	if (e == 0 && r->how == OBJECT_COPY_IMMUTABLE)
		object_freeze(*ret);
	return e;
}

/* What the guards found. */
typedef struct Findings {
	PlistError *error;
	bool is_refused;
} Findings;

static int on_problem(void *data, const PlistProblem *problem)
{
	Findings *findings = data;
	char *text = findings->error->text;
	size_t size = sizeof(findings->error->text);

	findings->is_refused = true;
	if (problem->key)
		snprintf(text, size, "line %zu: a key is there more than once", problem->line);
	else if (problem->line > 0)
		snprintf(text, size, "line %zu: %s", problem->line, problem->text);
	else
		snprintf(text, size, "expected a sound binary property list: %s", problem->text);
	return 1;
}

static plist_t parse(const char *data, size_t size, bool is_binary)
{
	locale_t old = locale_enter();
	plist_t root = NULL;

	if (is_binary)
		plist_from_bin(data, (uint32_t)size, &root);
	else
		plist_from_xml(data, (uint32_t)size, &root);
	locale_leave(old);
	return root;
}

static int decode(const char *data, size_t size, const PlistLimits *limits, ObjectCopy how,
	bool is_binary, Object **ret, PlistError *error)
{
	_cleanup_plist_notes_ PlistNotes notes = {0};
	Findings findings = {.error = error};
	PlistGuard guard = {.n_bytes_max = BINARY_FACTOR * limits->size,
		.report = on_problem,
		.data = &findings,
		.notes = &notes};
	Reader reader = {.how = how, .notes = &notes};
	_cleanup_plist_ plist_t root = NULL;
	_cleanup_object_ Object *object = NULL;
	int r;

	guard.depth_max = MIN(limits->depth, PLIST_GUARD_DEPTH_MAX);
	guard.n_nodes_max = MIN(limits->n_nodes, PLIST_NODES_MAX);
	r = is_binary ? plist_binary_check(&guard, (const uint8_t *)data, size)
		      : plist_xml_check(&guard, data, size);
	if (r < 0)
		return error_trace(r);
	if (findings.is_refused)
		return OBJECT_E_INVALID;
	root = parse(data, size, is_binary);
	r = root ? read_value(&reader, root, &object) : OBJECT_E_INVALID;
	if (r == 0 && reader.n_keys != notes.n_keys)
		r = OBJECT_E_INVALID;
	if (r == 0)
		*ret = TAKE_PTR(object);
	if (r == OBJECT_E_INVALID)
		snprintf(error->text, sizeof(error->text), "%s",
			root ? "a key that is there more than once, or text that is none"
			     : "expected a property list that libplist can read");
	return r;
}

int plist_decode(const void *data, size_t size, const PlistLimits *limits, ObjectCopy how,
	Object **ret, PlistFormat *ret_format, PlistError *ret_error)
{
	PlistError own_error = {.text = ""}, *error = ret_error ? ret_error : &own_error;
	bool is_binary;
	int r;

	if (!limits)
		limits = &plist_limits_default;
	if (size > MIN(limits->size, PLIST_SIZE_MAX)) {
		snprintf(error->text, sizeof(error->text), "expected at most %zu bytes",
			MIN(limits->size, PLIST_SIZE_MAX));
		return OBJECT_E_LIMIT;
	}
	is_binary = size >= strlen(BINARY_MAGIC) &&
		    memcmp(data, BINARY_MAGIC, strlen(BINARY_MAGIC)) == 0;
	if (!is_binary && (size == 0 || !memchr(data, '<', size))) {
		snprintf(error->text, sizeof(error->text),
			"expected a property list in XML or binary form");
		return OBJECT_E_INVALID;
	}
	r = decode(data, size, limits, how, is_binary, ret, error);
	if (r == 0 && ret_format)
		*ret_format = is_binary ? PLIST_BINARY : PLIST_XML;
	return r < 0 ? error_trace(r) : r;
}

/* Writing the binary form. */

typedef struct Counter {
	ObjectWalk walk;
	size_t n_bytes;
} Counter;

static int count_value(Counter *c, const Object *object);

static int count_members(Counter *c, const Object *object)
{
	Object *key, *value;
	size_t cursor = 0;
	int r = 0;

	if (object_type(object) == OBJECT_ARRAY) {
		for (size_t i = 0; r == 0 && i < object_array_n(object); i++)
			r = count_value(c, object_array_get(object, i));
		return r;
	}
	if (!object_dictionary_has_string_keys(object))
		return OBJECT_E_UNSUPPORTED;
	while (r == 0 && object_dictionary_next(object, &cursor, &key, &value)) {
		r = count_value(c, key);
		if (r == 0)
			r = count_value(c, value);
	}
	return r;
}

static bool has_binary_date(int64_t ns)
{
	int64_t seconds = ns / NS_PER_S - EPOCH_S;

	return seconds > INT32_MIN && seconds < INT32_MAX;
}

/* Whether all of it has a form, and is not too much: libplist has no way to say so. */
static int count_value(Counter *c, const Object *object)
{
	int64_t integer;
	int r;

	if (c->walk.depth == 0 || c->walk.n_visits == 0)
		return OBJECT_E_LIMIT;
	c->walk.n_visits--;
	switch (object_type(object)) {
	case OBJECT_BOOL:
	case OBJECT_DOUBLE:
		return 0;
	case OBJECT_INT64:
	case OBJECT_UINT64:
		return object_number_to_int64(object, &integer) ? 0 : OBJECT_E_UNSUPPORTED;
	case OBJECT_DATE:
		return has_binary_date(object_date_get(object)) ? 0 : OBJECT_E_UNSUPPORTED;
	case OBJECT_DATA:
		c->n_bytes += object_data_size(object);
		return c->n_bytes > PLIST_SIZE_MAX ? OBJECT_E_LIMIT : 0;
	case OBJECT_STRING:
		c->n_bytes += object_string_size(object);
		return c->n_bytes > PLIST_SIZE_MAX ? OBJECT_E_LIMIT : 0;
	case OBJECT_ARRAY:
	case OBJECT_DICTIONARY:
		c->walk.depth--;
		r = count_members(c, object);
		c->walk.depth++;
		return r;
	default:
		return OBJECT_E_UNSUPPORTED;
	}
}

static plist_t to_node(const Object *object);

static plist_t to_container(const Object *object)
{
	plist_t node;
	Object *key, *value;
	size_t cursor = 0;

	if (object_type(object) == OBJECT_ARRAY) {
		node = plist_new_array();
		for (size_t i = 0; i < object_array_n(object); i++)
			plist_array_append_item(node, to_node(object_array_get(object, i)));
		return node;
	}
	node = plist_new_dict();
	while (object_dictionary_next(object, &cursor, &key, &value))
		plist_dict_set_item(node, object_string_get(key), to_node(value));
	return node;
}

static plist_t to_integer(int64_t value)
{
#ifdef HAVE_PLIST_NEW_INT
	return plist_new_int(value);
#else
	return plist_new_uint((uint64_t)value);
#endif
}

/* A date in two parts, of which the second is not negative. */
static plist_t to_date(int64_t ns)
{
	int64_t seconds = ns / NS_PER_S, rest = ns % NS_PER_S;

	if (rest < 0) {
		rest += NS_PER_S;
		seconds--;
	}
	return plist_new_date((int32_t)(seconds - EPOCH_S), (int32_t)(rest / 1000));
}

/* Of what count_value() has seen. */
static plist_t to_node(const Object *object)
{
	int64_t integer = 0;

	switch (object_type(object)) {
	case OBJECT_BOOL:
		return plist_new_bool(object_bool_get(object));
	case OBJECT_DOUBLE:
		return plist_new_real(object_double_get(object));
	case OBJECT_DATE:
		return to_date(object_date_get(object));
	case OBJECT_DATA:
		return plist_new_data(
			(const char *)object_data_get(object), object_data_size(object));
	case OBJECT_STRING:
		return plist_new_string(object_string_get(object));
	case OBJECT_ARRAY:
	case OBJECT_DICTIONARY:
		return to_container(object);
	default:
		(void)object_number_to_int64(object, &integer);
		return to_integer(integer);
	}
}

static int encode_binary(const Object *object, ByteWriter *out)
{
	_cleanup_plist_ plist_t root = NULL;
	char *bytes = NULL;
	uint32_t size = 0;
	int r;

	root = to_node(object);
	plist_to_bin(root, &bytes, &size);
	if (!bytes)
		return error_origin(-ENOMEM);
	r = bytes_put_blob(out, bytes, size);
	plist_to_bin_free(bytes);
	return r;
}

static int check_binary(const Object *object)
{
	Counter counter = {.walk = {.depth = OBJECT_DEPTH_MAX, .n_visits = PLIST_NODES_MAX}};

	return count_value(&counter, object);
}

int plist_encode(const Object *object, PlistFormat format, uint8_t **ret, size_t *ret_size)
{
	_cleanup_bytes_writer_ ByteWriter out;
	int r;

	bytes_writer_init_growable(&out, PLIST_SIZE_MAX + 1);
	if (format == PLIST_XML) {
		r = plist_write_xml(object, &out);
	} else {
		r = check_binary(object);
		if (r == 0)
			r = encode_binary(object, &out);
	}
	if (r == 0)
		r = bytes_put_u8(&out, '\0');
	if (r != 0)
		return out.failed && r > 0 ? OBJECT_E_LIMIT : r;
	*ret = bytes_writer_steal(&out, ret_size);
	*ret_size -= 1;
	return 0;
}

bool plist_is_valid(const Object *object, PlistFormat format)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t size;

	if (format == PLIST_BINARY)
		return check_binary(object) == 0;
	return plist_encode(object, format, &bytes, &size) == 0;
}
