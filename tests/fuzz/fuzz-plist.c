/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A property list: any bytes, in XML or binary form. Whatever is read is bounded, is written again, and
 * means the same when it is read back.
 */
#include <string.h>

#include "object/array.h"
#include "object/dictionary.h"
#include "object/plist.h"
#include "object/scalar.h"
#include "tests/fuzz/must.h"

#define SIZE_MAX_TRIED (64U << 10)
#define DEPTH_MAX 32U
#define NODES_MAX 4096U

/* How many values and keys; *exact becomes false if there is a date or a real, of which a form keeps only
 * a part. */
static unsigned walk(const Object *object, unsigned depth, bool *exact)
{
	Object *key, *value;
	size_t cursor = 0;
	unsigned n = 1;

	MUST(depth <= DEPTH_MAX);
	if (object_type(object) == OBJECT_DATE)
		*exact = false;
	if (object_type(object) == OBJECT_ARRAY)
		for (size_t i = 0; i < object_array_n(object); i++)
			n += walk(object_array_get(object, i), depth + 1, exact);
	if (object_type(object) == OBJECT_DICTIONARY) {
		MUST(object_dictionary_has_string_keys(object));
		while (object_dictionary_next(object, &cursor, &key, &value))
			n += 1 + walk(value, depth + 1, exact);
	}
	return n;
}

static void check_written(const Object *object, PlistFormat format, bool exact)
{
	_cleanup_object_ Object *again = NULL;
	_cleanup_free_ uint8_t *bytes = NULL;
	PlistFormat found;
	size_t size;
	int r = plist_encode(object, format, &bytes, &size);

	MUST(plist_is_valid(object, format) == (r == 0));
	if (r != 0) {
		MUST(r == OBJECT_E_UNSUPPORTED || r == OBJECT_E_LIMIT);
		return;
	}
	MUST(bytes[size] == 0);
	MUST(plist_decode(bytes, size, NULL, OBJECT_COPY_LEAVES, &again, &found, NULL) == 0);
	MUST(found == format);
	MUST(!exact || object_equal(object, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PlistLimits limits = {.size = SIZE_MAX_TRIED, .depth = DEPTH_MAX, .n_nodes = NODES_MAX};
	_cleanup_object_ Object *object = NULL, *copy = NULL;
	_cleanup_free_ char *text = NULL;
	PlistError error = {.text = ""};
	PlistFormat format;
	bool exact = true;
	int r;

	r = plist_decode(data, size, &limits, OBJECT_COPY_IMMUTABLE, &object, &format, &error);
	if (r != 0) {
		MUST(r == OBJECT_E_INVALID || r == OBJECT_E_LIMIT);
		MUST(!object && error.text[0]);
		return 0;
	}
	MUST(walk(object, 0, &exact) <= NODES_MAX);
	MUST(object_dup_deep(object, OBJECT_COPY_LEAVES, &copy) == 0);
	MUST(object_equal(object, copy));
	MUST(object_describe(object, &text) == 0);
	check_written(object, PLIST_XML, exact);
	check_written(object, PLIST_BINARY, exact);
	return 0;
}
