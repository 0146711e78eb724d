/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqmatch.h"

#include <string.h>

#include "codesign/reqtime.h"
#include "codesign/test-req.h"
#include "object/array.h"
#include "object/data.h"
#include "object/dictionary.h"
#include "object/scalar.h"
#include "object/text.h"

static ReqTerm term_of(uint32_t match, const char *value)
{
	return (ReqTerm){.op = REQ_OP_INFO_FIELD,
		.match = match,
		.value = {(const uint8_t *)value, (uint32_t)strlen(value)}};
}

static bool matches(uint32_t match, const char *value, const char *text)
{
	ReqTerm term = term_of(match, value);

	return req_match_text(&term, text, strlen(text));
}

TEST(texts)
{
	ASSERT_TRUE(matches(REQ_MATCH_EXISTS, "", ""));
	ASSERT_FALSE(matches(REQ_MATCH_ABSENT, "", ""));
	ASSERT_TRUE(matches(REQ_MATCH_EQUAL, "abc", "abc"));
	ASSERT_FALSE(matches(REQ_MATCH_EQUAL, "abc", "abcd"));
	ASSERT_FALSE(matches(REQ_MATCH_EQUAL, "abc", "Abc"));
	ASSERT_TRUE(matches(REQ_MATCH_EQUAL, "", ""));
	ASSERT_TRUE(matches(REQ_MATCH_CONTAINS, "bc", "abcd"));
	ASSERT_TRUE(matches(REQ_MATCH_CONTAINS, "", ""));
	ASSERT_FALSE(matches(REQ_MATCH_CONTAINS, "cb", "abcd"));
	ASSERT_FALSE(matches(REQ_MATCH_CONTAINS, "abcde", "abcd"));
	ASSERT_TRUE(matches(REQ_MATCH_BEGINS_WITH, "ab", "abcd"));
	ASSERT_TRUE(matches(REQ_MATCH_BEGINS_WITH, "abcd", "abcd"));
	ASSERT_FALSE(matches(REQ_MATCH_BEGINS_WITH, "bc", "abcd"));
	ASSERT_FALSE(matches(REQ_MATCH_BEGINS_WITH, "abcde", "abcd"));
	ASSERT_TRUE(matches(REQ_MATCH_ENDS_WITH, "cd", "abcd"));
	ASSERT_FALSE(matches(REQ_MATCH_ENDS_WITH, "bc", "abcd"));
	ASSERT_FALSE(matches(REQ_MATCH_ENDS_WITH, "xabcd", "abcd"));
	ASSERT_TRUE(matches(REQ_MATCH_LESS, "10.10", "10.9"));
	ASSERT_FALSE(matches(REQ_MATCH_LESS, "10.9", "10.9"));
	ASSERT_TRUE(matches(REQ_MATCH_LESS_EQUAL, "10.9", "10.9"));
	ASSERT_FALSE(matches(REQ_MATCH_LESS_EQUAL, "10.9", "10.10"));
	ASSERT_TRUE(matches(REQ_MATCH_GREATER, "10.9", "10.10"));
	ASSERT_FALSE(matches(REQ_MATCH_GREATER, "10.9", "10.9"));
	ASSERT_TRUE(matches(REQ_MATCH_GREATER_EQUAL, "10.9", "10.9"));
	ASSERT_FALSE(matches(REQ_MATCH_GREATER_EQUAL, "10.10", "10.9"));
	/* A date is not what a text is, and an unknown comparison is never one. */
	ASSERT_FALSE(matches(REQ_MATCH_ON, "", "abc"));
	ASSERT_FALSE(matches(REQ_MATCH_ON_OR_AFTER, "", "abc"));
	ASSERT_FALSE(matches(15, "abc", "abc"));
	ASSERT_FALSE(matches(UINT32_MAX, "abc", "abc"));
}

static int compare(const char *one, const char *other)
{
	int r = req_compare_numerically(one, strlen(one), other, strlen(other));
	int back = req_compare_numerically(other, strlen(other), one, strlen(one));

	ASSERT_EQ(r<0, back> 0);
	ASSERT_EQ(r == 0, back == 0);
	return r < 0 ? -1 : r > 0;
}

TEST(numbers_in_texts)
{
	ASSERT_EQ(compare("", ""), 0);
	ASSERT_EQ(compare("", "a"), -1);
	ASSERT_EQ(compare("a2", "a10"), -1);
	ASSERT_EQ(compare("a02", "a2"), 0);
	ASSERT_EQ(compare("a02b", "a2c"), -1);
	ASSERT_EQ(compare("0", "00"), 0);
	ASSERT_EQ(compare("0", "000a"), -1);
	ASSERT_EQ(compare("1.2", "1.2.0"), -1);
	ASSERT_EQ(compare("10", "9a"), 1);
	ASSERT_EQ(compare("a", "1"), 1);
	ASSERT_EQ(compare("99999999999999999999999999", "100000000000000000000000000"), -1);
	ASSERT_EQ(compare("1a", "1\xc3\xa9"), -1);
}

static bool matches_object(uint32_t match, const char *value, const Object *object)
{
	ReqTerm term = term_of(match, value);

	return req_match_object(&term, object);
}

/* Each kind of value: is it there, is it absent, and nothing else. */
TEST(types)
{
	_cleanup_object_ Object *text = NULL, *number = NULL, *data = NULL, *dictionary = NULL;

	ASSERT_OK(object_string_new_z("1", &text));
	ASSERT_OK(object_int64_new(1, &number));
	ASSERT_OK(object_data_new("1", 1, &data));
	ASSERT_OK(object_dictionary_new(&dictionary));
	ASSERT_TRUE(matches_object(REQ_MATCH_ABSENT, "", NULL));
	ASSERT_FALSE(matches_object(REQ_MATCH_EXISTS, "", NULL));
	ASSERT_FALSE(matches_object(REQ_MATCH_EQUAL, "", NULL));
	ASSERT_TRUE(matches_object(REQ_MATCH_ABSENT, "", object_null()));
	ASSERT_FALSE(matches_object(REQ_MATCH_EXISTS, "", object_null()));
	ASSERT_TRUE(matches_object(REQ_MATCH_EXISTS, "", object_bool(true)));
	ASSERT_FALSE(matches_object(REQ_MATCH_EXISTS, "", object_bool(false)));
	ASSERT_FALSE(matches_object(REQ_MATCH_ABSENT, "", object_bool(false)));
	ASSERT_FALSE(matches_object(REQ_MATCH_EQUAL, "true", object_bool(true)));
	ASSERT_FALSE(matches_object(REQ_MATCH_EQUAL, "1", object_bool(true)));
	ASSERT_TRUE(matches_object(REQ_MATCH_EQUAL, "1", text));
	ASSERT_TRUE(matches_object(REQ_MATCH_EXISTS, "1", number));
	ASSERT_FALSE(matches_object(REQ_MATCH_EQUAL, "1", number));
	ASSERT_FALSE(matches_object(REQ_MATCH_ABSENT, "1", number));
	ASSERT_TRUE(matches_object(REQ_MATCH_EXISTS, "1", data));
	ASSERT_FALSE(matches_object(REQ_MATCH_EQUAL, "1", data));
	ASSERT_TRUE(matches_object(REQ_MATCH_EXISTS, "1", dictionary));
}

TEST(arrays)
{
	_cleanup_object_ Object *empty = NULL, *array = NULL, *outer = NULL, *a = NULL, *b = NULL,
				*deep = NULL;

	ASSERT_OK(object_array_new(&empty));
	ASSERT_OK(object_array_new(&array));
	ASSERT_OK(object_array_new(&outer));
	ASSERT_OK(object_string_new_z("a", &a));
	ASSERT_OK(object_string_new_z("b", &b));
	ASSERT_OK(object_array_add(array, a));
	ASSERT_OK(object_array_add(array, object_bool(false)));
	ASSERT_OK(object_array_add(array, b));
	ASSERT_OK(object_array_add(outer, empty));
	ASSERT_OK(object_array_add(outer, array));
	ASSERT_FALSE(matches_object(REQ_MATCH_EXISTS, "", empty));
	ASSERT_FALSE(matches_object(REQ_MATCH_ABSENT, "", empty));
	ASSERT_TRUE(matches_object(REQ_MATCH_EXISTS, "", array));
	ASSERT_FALSE(matches_object(REQ_MATCH_ABSENT, "", array));
	ASSERT_TRUE(matches_object(REQ_MATCH_EQUAL, "a", array));
	ASSERT_TRUE(matches_object(REQ_MATCH_EQUAL, "b", array));
	ASSERT_FALSE(matches_object(REQ_MATCH_EQUAL, "c", array));
	ASSERT_TRUE(matches_object(REQ_MATCH_EQUAL, "b", outer));
	/* Any depth ends, and does not match. */
	deep = object_ref(array);
	for (unsigned i = 0; i < 1000; i++) {
		_cleanup_object_ Object *next = NULL;

		ASSERT_OK(object_array_new(&next));
		ASSERT_OK(object_array_add(next, deep));
		object_assign(&deep, next);
	}
	ASSERT_FALSE(matches_object(REQ_MATCH_EQUAL, "a", deep));
}

static bool matches_date(uint32_t match, int64_t time, int64_t value_ns)
{
	ReqTerm term = {.op = REQ_OP_INFO_FIELD, .match = match, .time = time};

	return req_match_date(&term, value_ns);
}

TEST(dates)
{
	const int64_t s = 1000000000, epoch = REQ_TIME_EPOCH * s;
	_cleanup_object_ Object *date = NULL;
	ReqTerm on = {.op = REQ_OP_INFO_FIELD, .match = REQ_MATCH_ON, .time = 5};
	static const struct {
		int64_t offset_ns;
		bool before, is_on, after;
	} cases[] = {{-1, true, false, false}, {0, false, true, false}, {1, false, false, true},
		{-1500000000, true, false, false}, {1500000000, false, false, true}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t value = epoch + 5 * s + cases[i].offset_ns;

		ASSERT_EQ(matches_date(REQ_MATCH_BEFORE, 5, value), cases[i].before);
		ASSERT_EQ(matches_date(REQ_MATCH_ON, 5, value), cases[i].is_on);
		ASSERT_EQ(matches_date(REQ_MATCH_AFTER, 5, value), cases[i].after);
		ASSERT_EQ(matches_date(REQ_MATCH_ON_OR_BEFORE, 5, value), !cases[i].after);
		ASSERT_EQ(matches_date(REQ_MATCH_ON_OR_AFTER, 5, value), !cases[i].before);
		ASSERT_TRUE(matches_date(REQ_MATCH_EXISTS, 5, value));
		ASSERT_FALSE(matches_date(REQ_MATCH_ABSENT, 5, value));
		ASSERT_FALSE(matches_date(REQ_MATCH_EQUAL, 5, value));
	}
	ASSERT_TRUE(matches_date(REQ_MATCH_BEFORE, INT64_MAX, INT64_MAX));
	ASSERT_TRUE(matches_date(REQ_MATCH_AFTER, INT64_MIN, INT64_MIN));
	ASSERT_TRUE(matches_date(REQ_MATCH_BEFORE, 0, -1500000000));
	ASSERT_OK(object_date_new(epoch + 5 * s, &date));
	ASSERT_TRUE(req_match_object(&on, date));
	ASSERT_FALSE(matches_object(REQ_MATCH_EQUAL, "5", date));
}
