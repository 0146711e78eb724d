/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of what codesign -d displays: entitlements as a tree, requirements as text, names and times of
 * signers. All of it is what a signature says, which nobody may have verified.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "codesign/certificate.h"
#include "codesign/reqtime.h"
#include "object/array.h"
#include "object/data.h"
#include "object/dictionary.h"
#include "object/scalar.h"
#include "object/text.h"
#include "tools/codesign.h"

#define TREE_DEPTH_MAX 64 /* more than entitlements have */

void show_hex(const uint8_t *bytes, size_t n, char *ret)
{
	for (size_t i = 0; i < n; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", bytes[i]); /* two digits and a NUL */
	ret[2 * n] = 0;
}

/* --- Entitlements --- */

static void show_value(FILE *out, const Object *value, int depth);

static void indent(FILE *out, int depth)
{
	for (int i = 0; i < depth; i++)
		fputc('\t', out);
}

static void show_dictionary(FILE *out, const Object *dictionary, int depth)
{
	Object *key, *value;
	size_t cursor = 0;

	print_line(out, "[Dict]");
	while (object_dictionary_next(dictionary, &cursor, &key, &value)) {
		indent(out, depth + 1);
		print_line(out, "[Key] %s", object_string_get(key));
		indent(out, depth + 1);
		print_line(out, "[Value]");
		show_value(out, value, depth + 2);
	}
}

static void show_array(FILE *out, const Object *array, int depth)
{
	print_line(out, "[Array]");
	for (size_t i = 0; i < object_array_n(array); i++)
		show_value(out, object_array_get(array, i), depth + 1);
}

static void show_data(FILE *out, const Object *data)
{
	size_t n = object_data_size(data);
	_cleanup_free_ char *digits = malloc(2 * n + 1);

	if (digits)
		show_hex(object_data_get(data), n, digits);
	print_line(out, "[Data] %s", digits ? digits : "");
}

static void show_value(FILE *out, const Object *value, int depth)
{
	indent(out, depth);
	if (depth > TREE_DEPTH_MAX) {
		print_line(out, "...");
		return;
	}
	switch (object_type(value)) {
	case OBJECT_DICTIONARY:
		show_dictionary(out, value, depth);
		break;
	case OBJECT_ARRAY:
		show_array(out, value, depth);
		break;
	case OBJECT_STRING:
		print_line(out, "[String] %s", object_string_get(value));
		break;
	case OBJECT_BOOL:
		print_line(out, "[Bool] %s", object_bool_get(value) ? "true" : "false");
		break;
	case OBJECT_INT64:
		print_line(out, "[Int] %" PRId64, object_int64_get(value));
		break;
	case OBJECT_DATA:
		show_data(out, value);
		break;
	default:
		print_line(out, "[Other]"); /* entitlements have none */
		break;
	}
}

void show_tree(FILE *out, const Object *value)
{
	show_value(out, value, 0);
}

/* --- Requirements --- */

int show_requirements(const CodeInfo *info, char **ret, size_t *ret_size)
{
	_cleanup_free_ char *set = NULL, *implicit = NULL;
	int n, r = 0;

	if (info->requirements)
		r = req_set_format(info->requirements, &set);
	if (r == 0 && info->designated && !info->is_designated_explicit)
		r = requirement_format(info->designated, &implicit);
	if (r < 0)
		return r;
	n = asprintf(ret, "%s%s%s%s", set ? set : "", implicit ? "# designated => " : "",
		implicit ? implicit : "", implicit ? "\n" : "");
	if (n < 0)
		return -ENOMEM;
	*ret_size = (size_t)n;
	return 0;
}

/* --- Certificates and times --- */

char *show_subject(X509 *certificate)
{
	_cleanup_object_ Object *object = NULL;
	char *subject;

	if (certificate_new(certificate, &object) != 0)
		return NULL;
	subject = certificate_format_subject(object);
	return subject ? subject : strdup("(without a name)");
}

void show_time(int64_t time, char ret[static SHOW_TIME_SIZE])
{
	bool is_near = time > -10 * REQ_TIME_EPOCH && time < 300 * REQ_TIME_EPOCH;
	time_t t = is_near ? (time_t)(time + REQ_TIME_EPOCH) : 0;
	struct tm tm;

	if (!is_near || !gmtime_r(&t, &tm))
		(void)snprintf(ret, SHOW_TIME_SIZE, "%" PRId64 " s after 2001", time);
	else
		(void)strftime(ret, SHOW_TIME_SIZE, "%Y-%m-%d %H:%M:%S UTC", &tm); /* it fits */
}
