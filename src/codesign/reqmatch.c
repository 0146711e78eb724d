/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqmatch.h"

#include <string.h>

#include "codesign/reqtime.h"
#include "object/array.h"
#include "object/scalar.h"
#include "object/text.h"

#define SECOND_NS INT64_C(1000000000)
/* An array in an array in an array matches no deeper. */
#define ARRAY_DEPTH_MAX 8

bool req_match_missing(const ReqTerm *term)
{
	return term->match == REQ_MATCH_ABSENT;
}

bool req_match_bool(const ReqTerm *term, bool value)
{
	return term->match == REQ_MATCH_EXISTS && value;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* The run of digits at *i, without zeros at its beginning; *i is behind it then. */
static size_t take_number(const uint8_t *p, size_t n, size_t *i, const uint8_t **ret)
{
	while (*i < n && p[*i] == '0')
		++*i;
	*ret = p + *i;
	while (*i < n && is_digit(p[*i]))
		++*i;
	return (size_t)(p + *i - *ret);
}

int req_compare_numerically(const void *one, size_t n_one, const void *other, size_t n_other)
{
	const uint8_t *a = one, *b = other, *x, *y;
	size_t i = 0, j = 0;

	while (i < n_one && j < n_other) {
		int order;

		if (is_digit(a[i]) && is_digit(b[j])) {
			size_t nx = take_number(a, n_one, &i, &x);
			size_t ny = take_number(b, n_other, &j, &y);

			order = nx != ny ? (nx < ny ? -1 : 1) : memcmp(x, y, nx);
		} else {
			order = (int)a[i++] - (int)b[j++];
		}
		if (order != 0)
			return order;
	}
	return (i < n_one) - (j < n_other);
}

static bool is_equal(const ReqData *value, const uint8_t *text, size_t n)
{
	return n == value->n && memcmp(text, value->p, n) == 0;
}

bool req_match_text(const ReqTerm *term, const void *text, size_t n)
{
	const ReqData *v = &term->value;
	const uint8_t *p = text;

	switch (term->match) {
	case REQ_MATCH_EXISTS:
		return true;
	case REQ_MATCH_EQUAL:
		return is_equal(v, p, n);
	case REQ_MATCH_CONTAINS:
		return v->n == 0 || memmem(p, n, v->p, v->n) != NULL;
	case REQ_MATCH_BEGINS_WITH:
		return n >= v->n && is_equal(v, p, v->n);
	case REQ_MATCH_ENDS_WITH:
		return n >= v->n && is_equal(v, p + (n - v->n), v->n);
	case REQ_MATCH_LESS:
		return req_compare_numerically(p, n, v->p, v->n) < 0;
	case REQ_MATCH_GREATER:
		return req_compare_numerically(p, n, v->p, v->n) > 0;
	case REQ_MATCH_LESS_EQUAL:
		return req_compare_numerically(p, n, v->p, v->n) <= 0;
	case REQ_MATCH_GREATER_EQUAL:
		return req_compare_numerically(p, n, v->p, v->n) >= 0;
	default:
		return false;
	}
}

bool req_match_date(const ReqTerm *term, int64_t time_ns)
{
	/* Whole seconds before, and the rest, so that no time is too far away. */
	int64_t second = time_ns / SECOND_NS - (time_ns % SECOND_NS < 0 ? 1 : 0);
	bool has_rest = time_ns % SECOND_NS != 0;
	int64_t time = second - REQ_TIME_EPOCH;
	bool is_on = time == term->time && !has_rest;
	bool is_after = time > term->time || (time == term->time && has_rest);

	switch (term->match) {
	case REQ_MATCH_EXISTS:
		return true;
	case REQ_MATCH_ON:
		return is_on;
	case REQ_MATCH_BEFORE:
		return !is_on && !is_after;
	case REQ_MATCH_AFTER:
		return is_after;
	case REQ_MATCH_ON_OR_BEFORE:
		return !is_after;
	case REQ_MATCH_ON_OR_AFTER:
		return is_on || is_after;
	default:
		return false;
	}
}

static bool match_single(const ReqTerm *term, const Object *value)
{
	switch (object_type(value)) {
	case OBJECT_STRING:
		return req_match_text(term, object_string_get(value), object_string_size(value));
	case OBJECT_DATE:
		return req_match_date(term, object_date_get(value));
	case OBJECT_BOOL:
		return req_match_bool(term, object_bool_get(value));
	case OBJECT_NULL:
		return req_match_missing(term);
	default:
		return term->match == REQ_MATCH_EXISTS;
	}
}

bool req_match_object(const ReqTerm *term, const Object *value)
{
	struct {
		const Object *array;
		size_t next;
	} open[ARRAY_DEPTH_MAX] = {0};
	size_t n = 0;

	if (!value)
		return req_match_missing(term);
	for (;;) {
		if (object_type(value) != OBJECT_ARRAY) {
			if (match_single(term, value))
				return true;
		} else if (n < ARRAY_DEPTH_MAX) {
			open[n].array = value;
			open[n++].next = 0;
		}
		while (n > 0 && open[n - 1].next == object_array_n(open[n - 1].array))
			n--;
		if (n == 0)
			return false;
		value = object_array_get(open[n - 1].array, open[n - 1].next++);
	}
}
