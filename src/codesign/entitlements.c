/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/entitlements.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "object/array.h"
#include "object/data.h"
#include "object/dictionary.h"
#include "object/scalar.h"
#include "object/text.h"

enum {
	TAG_BOOLEAN = 0x01,
	TAG_INTEGER = 0x02,
	TAG_DATA = 0x04,
	TAG_STRING = 0x0c,
	TAG_SEQUENCE = 0x30,
	TAG_OUTER = 0x70,
	TAG_DICTIONARY = 0xb0,
};

static const uint8_t VERSION[] = {TAG_INTEGER, 1, 1};

/* What the writer says: it is full, or there is no memory. */
static int written(int r)
{
	return r > 0 ? OBJECT_E_LIMIT : error_trace(r);
}

static int put(ByteWriter *w, uint8_t tag, const void *data, size_t size)
{
	uint8_t head[6] = {tag};
	size_t n = 1, n_bytes = 1;
	int r;

	while (n_bytes < 4 && size >> (8 * n_bytes))
		n_bytes++;
	if (size >= 0x80)
		head[n++] = (uint8_t)(0x80 | n_bytes);
	while (n_bytes > 0)
		head[n++] = (uint8_t)(size >> (8 * --n_bytes));
	r = bytes_put_blob(w, head, n);
	return written(r == 0 ? bytes_put_blob(w, data, size) : r);
}

static int put_integer(ByteWriter *w, int64_t value)
{
	uint8_t bytes[8];
	size_t at = 0;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
	/* As few as keep the sign. */
	while (at < 7 && bytes[at] == (value < 0 ? 0xff : 0) &&
		(bytes[at + 1] & 0x80) == (value < 0 ? 0x80 : 0))
		at++;
	return put(w, TAG_INTEGER, bytes + at, sizeof(bytes) - at);
}

static int put_value(ByteWriter *w, const Object *value, unsigned depth);

static int put_array(ByteWriter *w, const Object *array, unsigned depth)
{
	_cleanup_bytes_writer_ ByteWriter inner = {0};
	int r = 0;

	bytes_writer_init_growable(&inner, ENTITLEMENTS_SIZE_MAX);
	for (size_t i = 0; r == 0 && i < object_array_n(array); i++)
		r = put_value(&inner, object_array_get(array, i), depth);
	return r == 0 ? put(w, TAG_SEQUENCE, inner.p, inner.used) : r;
}

static int put_entry(ByteWriter *w, const Object *key, const Object *value, unsigned depth)
{
	_cleanup_bytes_writer_ ByteWriter inner = {0};
	int r;

	bytes_writer_init_growable(&inner, ENTITLEMENTS_SIZE_MAX);
	r = put(&inner, TAG_STRING, object_string_get(key), object_string_size(key));
	if (r == 0)
		r = put_value(&inner, value, depth);
	return r == 0 ? put(w, TAG_SEQUENCE, inner.p, inner.used) : r;
}

static int compare_bytes(const char *a, size_t n_a, const char *b, size_t n_b)
{
	int r = memcmp(a, b, MIN(n_a, n_b));

	return r ? r : (n_a > n_b) - (n_a < n_b);
}

static int compare_keys(const void *a, const void *b)
{
	const Object *one = *(const Object *const *)a, *other = *(const Object *const *)b;

	return compare_bytes(object_string_get(one), object_string_size(one),
		object_string_get(other), object_string_size(other));
}

static int put_dictionary(ByteWriter *w, const Object *dictionary, unsigned depth)
{
	_cleanup_bytes_writer_ ByteWriter inner = {0};
	_cleanup_free_ const Object **keys = NULL;
	size_t n = object_dictionary_n(dictionary), cursor = 0, at = 0;
	Object *key, *value;
	int r = 0;

	if (!object_dictionary_has_string_keys(dictionary))
		return OBJECT_E_UNSUPPORTED;
	keys = calloc(n + 1, sizeof(*keys)); /* of an empty one, too */
	if (!keys)
		return error_origin(-ENOMEM);
	while (object_dictionary_next(dictionary, &cursor, &key, &value))
		keys[at++] = key;
	qsort(keys, n, sizeof(*keys), compare_keys);
	bytes_writer_init_growable(&inner, ENTITLEMENTS_SIZE_MAX);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = put_entry(&inner, keys[i], object_dictionary_find(dictionary, keys[i]), depth);
	return r == 0 ? put(w, TAG_DICTIONARY, inner.p, inner.used) : r;
}

/* @depth is how much deeper it may go. */
static int put_value(ByteWriter *w, const Object *value, unsigned depth)
{
	uint8_t byte;
	int64_t number;

	if (depth == 0)
		return OBJECT_E_LIMIT;
	switch (object_type(value)) {
	case OBJECT_BOOL:
		byte = object_bool_get(value) ? 0xff : 0;
		return put(w, TAG_BOOLEAN, &byte, 1);
	case OBJECT_INT64:
	case OBJECT_UINT64:
		return object_number_to_int64(value, &number) ? put_integer(w, number)
							      : OBJECT_E_UNSUPPORTED;
	case OBJECT_DATA:
		return put(w, TAG_DATA, object_data_get(value), object_data_size(value));
	case OBJECT_STRING:
		return put(w, TAG_STRING, object_string_get(value), object_string_size(value));
	case OBJECT_ARRAY:
		return put_array(w, value, depth - 1);
	case OBJECT_DICTIONARY:
		return put_dictionary(w, value, depth - 1);
	default:
		return OBJECT_E_UNSUPPORTED;
	}
}

int entitlements_encode_der(const Object *entitlements, uint8_t **ret, size_t *ret_size)
{
	_cleanup_bytes_writer_ ByteWriter inner = {0}, outer = {0};
	int r;

	if (!object_is_type(entitlements, OBJECT_DICTIONARY))
		return OBJECT_E_UNSUPPORTED;
	bytes_writer_init_growable(&inner, ENTITLEMENTS_SIZE_MAX);
	bytes_writer_init_growable(&outer, ENTITLEMENTS_SIZE_MAX);
	r = written(bytes_put_blob(&inner, VERSION, sizeof(VERSION)));
	if (r == 0)
		r = put_value(&inner, entitlements, ENTITLEMENTS_DEPTH_MAX);
	if (r == 0)
		r = put(&outer, TAG_OUTER, inner.p, inner.used);
	if (r == 0)
		*ret = bytes_writer_steal(&outer, ret_size);
	return r;
}

typedef struct Element {
	uint8_t tag;
	ByteReader content;
} Element;

/* The next one, whose length is told in as few bytes as it can be. */
static int get(ByteReader *r, Element *ret)
{
	uint8_t tag = 0, first = 0, byte = 0;
	const uint8_t *p;
	size_t n = 0;

	if (bytes_get_u8(r, &tag) || bytes_get_u8(r, &first))
		return OBJECT_E_INVALID;
	if (first < 0x80)
		n = first;
	else if (first == 0x80 || first > 0x84)
		return OBJECT_E_INVALID;
	for (unsigned i = 0; first > 0x80 && i < first - 0x80u; i++) {
		if (bytes_get_u8(r, &byte) || (i == 0 && byte == 0))
			return OBJECT_E_INVALID;
		n = n << 8 | byte;
	}
	if ((first > 0x80 && n < 0x80) || bytes_get_blob(r, n, &p))
		return OBJECT_E_INVALID;
	ret->tag = tag;
	bytes_reader_init(&ret->content, p, n);
	return 0;
}

static int read_integer(const ByteReader *content, Object **ret)
{
	const uint8_t *p = content->p;
	size_t n = content->left;
	uint64_t value;

	if (n == 0 || n > 8)
		return OBJECT_E_INVALID;
	if (n > 1 && ((p[0] == 0 && !(p[1] & 0x80)) || (p[0] == 0xff && (p[1] & 0x80))))
		return OBJECT_E_INVALID;
	value = (p[0] & 0x80) ? UINT64_MAX : 0;
	for (size_t i = 0; i < n; i++)
		value = value << 8 | p[i];
	return object_int64_new((int64_t)value, ret);
}

static int read_value(Element *element, unsigned depth, Object **ret);

static int read_array(ByteReader *content, unsigned depth, Object **ret)
{
	_cleanup_object_ Object *array = NULL;
	int r = object_array_new(&array);

	while (r == 0 && content->left > 0) {
		_cleanup_object_ Object *value = NULL;
		Element element;

		r = get(content, &element);
		if (r == 0)
			r = read_value(&element, depth, &value);
		if (r == 0)
			r = object_array_add(array, value);
	}
	if (r == 0)
		*ret = object_freeze(TAKE_PTR(array));
	return r;
}

/* The next entry, whose key comes after @last; that is the new one then. */
static int read_entry(ByteReader *content, unsigned depth, Object *dictionary, Element *last)
{
	_cleanup_object_ Object *key = NULL, *value = NULL;
	Element entry, name, element;
	int r = get(content, &entry);

	if (r != 0 || entry.tag != TAG_SEQUENCE || get(&entry.content, &name) ||
		name.tag != TAG_STRING || get(&entry.content, &element) || entry.content.left > 0)
		return OBJECT_E_INVALID;
	if (last->tag && compare_bytes((const char *)last->content.p, last->content.left,
				 (const char *)name.content.p, name.content.left) >= 0)
		return OBJECT_E_INVALID;
	*last = name;
	r = object_string_new((const char *)name.content.p, name.content.left, &key);
	if (r == 0)
		r = read_value(&element, depth, &value);
	return r == 0 ? object_dictionary_set(dictionary, key, value) : r;
}

static int read_dictionary(ByteReader *content, unsigned depth, Object **ret)
{
	_cleanup_object_ Object *dictionary = NULL;
	Element last = {0};
	int r = object_dictionary_new(&dictionary);

	while (r == 0 && content->left > 0)
		r = read_entry(content, depth, dictionary, &last);
	if (r == 0)
		*ret = object_freeze(TAKE_PTR(dictionary));
	return r;
}

static int read_value(Element *element, unsigned depth, Object **ret)
{
	ByteReader *content = &element->content;

	if (depth == 0)
		return OBJECT_E_LIMIT;
	switch (element->tag) {
	case TAG_BOOLEAN:
		if (content->left != 1 || (content->p[0] != 0 && content->p[0] != 0xff))
			return OBJECT_E_INVALID;
		*ret = object_ref(object_bool(content->p[0] != 0));
		return 0;
	case TAG_INTEGER:
		return read_integer(content, ret);
	case TAG_DATA:
		return object_data_new(content->p, content->left, ret);
	case TAG_STRING:
		return object_string_new((const char *)content->p, content->left, ret);
	case TAG_SEQUENCE:
		return read_array(content, depth - 1, ret);
	case TAG_DICTIONARY:
		return read_dictionary(content, depth - 1, ret);
	default:
		return OBJECT_E_INVALID;
	}
}

int entitlements_decode_der(const void *data, size_t size, Object **ret)
{
	Element outer, element;
	const uint8_t *version;
	ByteReader reader;

	if (size > ENTITLEMENTS_SIZE_MAX)
		return OBJECT_E_LIMIT;
	bytes_reader_init(&reader, data, size);
	if (get(&reader, &outer) || reader.left > 0 || outer.tag != TAG_OUTER ||
		bytes_get_blob(&outer.content, sizeof(VERSION), &version) ||
		memcmp(version, VERSION, sizeof(VERSION)) != 0 || get(&outer.content, &element) ||
		outer.content.left > 0 || element.tag != TAG_DICTIONARY)
		return OBJECT_E_INVALID;
	return read_value(&element, ENTITLEMENTS_DEPTH_MAX, ret);
}

int entitlements_decode_xml(const void *data, size_t size, Object **ret, PlistError *ret_error)
{
	const PlistLimits limits = {.size = ENTITLEMENTS_SIZE_MAX,
		.depth = ENTITLEMENTS_DEPTH_MAX,
		.n_nodes = PLIST_NODES_MAX};
	_cleanup_object_ Object *object = NULL;
	_cleanup_free_ uint8_t *der = NULL;
	PlistFormat format;
	size_t der_size;
	int r;

	r = plist_decode(data, size, &limits, OBJECT_COPY_IMMUTABLE, &object, &format, ret_error);
	if (r == 0 && format != PLIST_XML)
		r = OBJECT_E_UNSUPPORTED;
	if (r == 0)
		r = entitlements_encode_der(object, &der, &der_size);
	if (r == 0)
		*ret = TAKE_PTR(object);
	return r;
}

int entitlements_encode_xml(const Object *entitlements, uint8_t **ret, size_t *ret_size)
{
	_cleanup_free_ uint8_t *der = NULL;
	size_t der_size;
	int r = entitlements_encode_der(entitlements, &der, &der_size);

	return r == 0 ? plist_encode(entitlements, PLIST_XML, ret, ret_size) : r;
}
