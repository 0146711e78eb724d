/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The XML form, as the lineage's own tools write it, byte for byte: tabs, containers without content as one
 * element, base64 in lines that get shorter as the indentation grows, reals with 17 digits. What is written
 * is signed in places, so it does not depend on a library's version or on the locale.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "object/array.h"
#include "object/data.h"
#include "object/dictionary.h"
#include "object/locale.h"
#include "object/plist.h"
#include "object/plist_write.h"
#include "object/scalar.h"
#include "object/text.h"

#define NS_PER_S INT64_C(1000000000)
#define LINE_MAX_ 76U /* of base64, in columns, where a tab counts for 8 */
#define INDENT_MAX 8U /* deeper ones do not make its lines any shorter */

static const char head[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			   "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
			   "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
			   "<plist version=\"1.0\">\n";

typedef struct Writer {
	ByteWriter *out;
	ObjectWalk walk;
	unsigned indent;
} Writer;

static int put(Writer *w, const char *text)
{
	return bytes_put_blob(w->out, text, strlen(text));
}

static int put_indent(Writer *w)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < w->indent; i++)
		r = bytes_put_u8(w->out, '\t');
	return r;
}

/* One line: tabs, and then all @n texts. */
static int put_line(Writer *w, const char *const *texts, size_t n)
{
	int r = put_indent(w);

	for (size_t i = 0; r == 0 && i < n; i++)
		r = put(w, texts[i]);
	return r == 0 ? put(w, "\n") : r;
}

#define put_line(w, ...)                                                                           \
	put_line((w), (const char *const[]){__VA_ARGS__},                                          \
		ARRAY_SIZE(((const char *const[]){__VA_ARGS__})))

/* How the character is written; NULL: as it is; "": XML cannot have it. */
static const char *escape(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '\r': /* a reader would take it for the end of a line */
		return "&#13;";
	case '\t':
	case '\n':
		return NULL;
	default:
		return c < 0x20 ? "" : NULL;
	}
}

static int put_escaped(Writer *w, const Object *string)
{
	const char *text = object_string_get(string);
	size_t size = object_string_size(string);
	int r = 0;

	while (r == 0 && size > 0) {
		const char *other = NULL;
		size_t n = 0;

		while (n < size && !(other = escape((unsigned char)text[n])))
			n++;
		r = bytes_put_blob(w->out, text, n);
		if (r == 0 && other) {
			if (!*other)
				return OBJECT_E_UNSUPPORTED;
			r = put(w, other);
			n++;
		}
		text += n;
		size -= n;
	}
	return r;
}

static int write_string(Writer *w, const Object *string, const char *start, const char *end)
{
	int r = put_indent(w);

	if (r == 0)
		r = put(w, start);
	if (r == 0)
		r = put_escaped(w, string);
	if (r == 0)
		r = put(w, end);
	return r == 0 ? put(w, "\n") : r;
}

static int write_integer(Writer *w, const Object *number)
{
	char digits[32];
	int64_t value;

	if (!object_number_to_int64(number, &value))
		return OBJECT_E_UNSUPPORTED;
	snprintf(digits, sizeof(digits), "%" PRId64, value);
	return put_line(w, "<integer>", digits, "</integer>");
}

static int write_real(Writer *w, double value)
{
	char digits[48];

	if (isnan(value))
		return put_line(w, "<real>nan</real>");
	if (isinf(value))
		return put_line(w, value > 0 ? "<real>+infinity</real>" : "<real>-infinity</real>");
	locale_snprintf(digits, sizeof(digits), "%.17g", value);
	return put_line(w, "<real>", strcmp(digits, "0") == 0 ? "0.0" : digits, "</real>");
}

static int write_date(Writer *w, int64_t ns)
{
	time_t seconds = (time_t)(ns / NS_PER_S - (ns % NS_PER_S < 0));
	char text[64];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return put_line(w, "<date>", text, "</date>");
}

static void encode_base64(const uint8_t *bytes, size_t n, char *ret)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16;

		if (n - i > 1)
			three |= (uint32_t)bytes[i + 1] << 8;
		if (n - i > 2)
			three |= bytes[i + 2];
		*ret++ = digits[three >> 18];
		*ret++ = digits[three >> 12 & 63];
		*ret++ = n - i > 1 ? digits[three >> 6 & 63] : '=';
		*ret++ = n - i > 2 ? digits[three & 63] : '=';
	}
	*ret = '\0';
}

static int write_data(Writer *w, const Object *data)
{
	size_t each = (LINE_MAX_ - 8 * MIN(w->indent, INDENT_MAX)) / 4 * 3;
	const uint8_t *bytes = object_data_get(data);
	size_t left = object_data_size(data);
	char line[LINE_MAX_ + 1];
	int r = put_line(w, "<data>");

	while (r == 0 && left > 0) {
		size_t n = MIN(left, each);

		encode_base64(bytes, n, line);
		r = put_line(w, line);
		bytes += n;
		left -= n;
	}
	return r == 0 ? put_line(w, "</data>") : r;
}

static int write_value(Writer *w, const Object *object);

static int write_array(Writer *w, const Object *array)
{
	int r;

	if (object_array_n(array) == 0)
		return put_line(w, "<array/>");
	r = put_line(w, "<array>");
	w->indent++;
	for (size_t i = 0; r == 0 && i < object_array_n(array); i++)
		r = write_value(w, object_array_get(array, i));
	w->indent--;
	return r == 0 ? put_line(w, "</array>") : r;
}

static int write_dictionary(Writer *w, const Object *dictionary)
{
	Object *key, *value;
	size_t cursor = 0;
	int r;

	if (object_dictionary_n(dictionary) == 0)
		return put_line(w, "<dict/>");
	if (!object_dictionary_has_string_keys(dictionary))
		return OBJECT_E_UNSUPPORTED;
	r = put_line(w, "<dict>");
	w->indent++;
	while (r == 0 && object_dictionary_next(dictionary, &cursor, &key, &value)) {
		r = write_string(w, key, "<key>", "</key>");
		if (r == 0)
			r = write_value(w, value);
	}
	w->indent--;
	return r == 0 ? put_line(w, "</dict>") : r;
}

static int write_value(Writer *w, const Object *object)
{
	int r;

	if (w->walk.depth == 0 || w->walk.n_visits == 0)
		return OBJECT_E_LIMIT;
	w->walk.n_visits--;
	w->walk.depth--;
	switch (object_type(object)) {
	case OBJECT_BOOL:
		r = put_line(w, object_bool_get(object) ? "<true/>" : "<false/>");
		break;
	case OBJECT_INT64:
	case OBJECT_UINT64:
		r = write_integer(w, object);
		break;
	case OBJECT_DOUBLE:
		r = write_real(w, object_double_get(object));
		break;
	case OBJECT_DATE:
		r = write_date(w, object_date_get(object));
		break;
	case OBJECT_DATA:
		r = write_data(w, object);
		break;
	case OBJECT_STRING:
		r = write_string(w, object, "<string>", "</string>");
		break;
	case OBJECT_ARRAY:
		r = write_array(w, object);
		break;
	case OBJECT_DICTIONARY:
		r = write_dictionary(w, object);
		break;
	default:
		r = OBJECT_E_UNSUPPORTED;
	}
	w->walk.depth++;
	return r;
}

int plist_write_xml(const Object *object, ByteWriter *out)
{
	Writer w = {.out = out, .walk = {.depth = OBJECT_DEPTH_MAX, .n_visits = PLIST_NODES_MAX}};
	int r = put(&w, head);

	if (r == 0)
		r = write_value(&w, object);
	return r == 0 ? put(&w, "</plist>\n") : r;
}
