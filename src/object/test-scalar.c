/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "object/scalar.h"
#include "object/text.h"
#include "tests/lib/unit.h"

static Object *int64(int64_t value)
{
	Object *object;

	ASSERT_OK(object_int64_new(value, &object));
	return object;
}

static Object *uint64(uint64_t value)
{
	Object *object;

	ASSERT_OK(object_uint64_new(value, &object));
	return object;
}

static Object *real(double value)
{
	Object *object;

	ASSERT_OK(object_double_new(value, &object));
	return object;
}

/* Takes over both. */
static int order(Object *one, Object *other)
{
	int result = object_number_compare(one, other);

	ASSERT_EQ(object_number_compare(other, one), -result);
	ASSERT_EQ(object_equal_by_number(one, other), result == 0);
	if (result == 0)
		ASSERT_EQ(object_hash(one), object_hash(other));
	object_unref(one);
	object_unref(other);
	return result;
}

TEST(values_come_back)
{
	_cleanup_object_ Object *a = int64(INT64_MIN), *b = uint64(UINT64_MAX), *c = real(0.5);
	_cleanup_object_ Object *date = NULL;

	ASSERT_EQ(object_int64_get(a), INT64_MIN);
	ASSERT_TRUE(object_uint64_get(b) == UINT64_MAX);
	ASSERT_TRUE(object_double_get(c) == 0.5);
	ASSERT_OK(object_date_new(-1, &date));
	ASSERT_EQ(object_date_get(date), -1);
	ASSERT_FALSE(object_is_number(date));
	ASSERT_FALSE(object_is_number(object_bool(true)));
	ASSERT_TRUE(object_is_number(c));
}

TEST(numbers_of_all_kinds_are_compared_exactly)
{
	ASSERT_EQ(order(int64(1), uint64(1)), 0);
	ASSERT_EQ(order(int64(1), real(1.0)), 0);
	ASSERT_EQ(order(int64(-1), uint64(UINT64_MAX)), -1);
	ASSERT_EQ(order(int64(INT64_MAX), real(0x1p63)), -1);
	ASSERT_EQ(order(int64(INT64_MIN), real(-0x1p63)), 0);
	ASSERT_EQ(order(uint64(UINT64_MAX), real(0x1p64)), -1);
	ASSERT_EQ(order(real(0x1p64), real(0x1p65)), -1);
	/* One more than a double can tell. */
	ASSERT_EQ(order(int64((INT64_C(1) << 53) + 1), real(0x1p53)), 1);
	ASSERT_EQ(order(int64(1), real(1.5)), -1);
	ASSERT_EQ(order(int64(-1), real(-1.5)), 1);
	ASSERT_EQ(order(real(-0.0), int64(0)), 0);
	ASSERT_EQ(order(real(INFINITY), uint64(UINT64_MAX)), 1);
	ASSERT_EQ(order(real(-INFINITY), int64(INT64_MIN)), -1);
	ASSERT_EQ(order(real(INFINITY), real(INFINITY)), 0);
	ASSERT_EQ(order(real(NAN), real(NAN)), 0);
	ASSERT_EQ(order(real(NAN), real(-INFINITY)), -1);
}

TEST(types_are_told_apart_where_asked)
{
	_cleanup_object_ Object *a = int64(1), *b = uint64(1), *c = real(1), *d = int64(1);

	ASSERT_FALSE(object_equal(a, b));
	ASSERT_FALSE(object_equal(a, c));
	ASSERT_TRUE(object_equal(a, d));
	ASSERT_FALSE(object_equal_by_number(a, object_bool(true)));
}

TEST(numbers_are_converted_only_exactly)
{
	_cleanup_object_ Object *big = uint64((uint64_t)INT64_MAX + 1), *half = real(0.5);
	_cleanup_object_ Object *low = real(-0x1p63), *minus = int64(-1), *nan = real(NAN);
	int64_t value = 0;
	uint64_t natural = 0;

	ASSERT_FALSE(object_number_to_int64(big, &value));
	ASSERT_TRUE(object_number_to_uint64(big, &natural));
	ASSERT_TRUE(natural == (uint64_t)INT64_MAX + 1);
	ASSERT_FALSE(object_number_to_int64(half, &value));
	ASSERT_TRUE(object_number_to_int64(low, &value));
	ASSERT_EQ(value, INT64_MIN);
	ASSERT_FALSE(object_number_to_uint64(minus, &natural));
	ASSERT_FALSE(object_number_to_int64(nan, &value));
	ASSERT_TRUE(object_number_to_double(big) == 0x1p63);
	ASSERT_TRUE(object_number_to_double(minus) == -1);
}

TEST(uuids_are_written_and_read)
{
	static const char text[] = "00112233-4455-6677-8899-AABBCCDDEEFF";
	uint8_t value[OBJECT_UUID_SIZE], again[OBJECT_UUID_SIZE];
	char written[OBJECT_UUID_TEXT_SIZE];
	_cleanup_object_ Object *one = NULL, *other = NULL;

	ASSERT_TRUE(object_uuid_parse(text, value));
	object_uuid_format(value, written);
	ASSERT_STREQ(written, text);
	ASSERT_TRUE(object_uuid_parse("00112233-4455-6677-8899-aabbccddeeff", again));
	ASSERT_MEMEQ(value, again, sizeof(value));
	ASSERT_FALSE(object_uuid_parse("", again));
	ASSERT_FALSE(object_uuid_parse("00112233-4455-6677-8899-aabbccddeef", again));
	ASSERT_FALSE(object_uuid_parse("00112233-4455-6677-8899-aabbccddeeffa", again));
	ASSERT_FALSE(object_uuid_parse("001122334455-6677-8899-aabbccddeeff0", again));
	ASSERT_FALSE(object_uuid_parse("g0112233-4455-6677-8899-aabbccddeeff", again));
	ASSERT_OK(object_uuid_new(value, &one));
	ASSERT_OK(object_uuid_new(again, &other));
	ASSERT_TRUE(object_equal(one, other));
	ASSERT_EQ(object_hash(one), object_hash(other));
	ASSERT_MEMEQ(object_uuid_get(one), value, sizeof(value));
}

static void describes(Object *object, const char *text)
{
	_cleanup_free_ char *description = NULL;

	ASSERT_OK(object_describe(object, &description));
	ASSERT_STREQ(description, text);
	object_unref(object);
}

TEST(scalars_describe_themselves)
{
	Object *date;

	describes(object_null(), "null");
	describes(object_bool(false), "false");
	describes(int64(INT64_MIN), "-9223372036854775808");
	describes(uint64(UINT64_MAX), "18446744073709551615");
	describes(real(0.1), "0.1");
	describes(real(1.0 / 3), "0.3333333333333333");
	describes(real(1e300), "1e+300");
	ASSERT_OK(object_date_new(-1, &date));
	describes(date, "1969-12-31 23:59:59.999999999 +0000");
	ASSERT_OK(object_date_new(INT64_C(978307200000000000), &date));
	describes(date, "2001-01-01 00:00:00 +0000");
}
