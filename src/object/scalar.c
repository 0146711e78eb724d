/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values without parts.
 *
 * Numbers of different kinds are compared by what they are worth, exactly: neither the largest unsigned
 * number nor one beyond 2^53 may be rounded to a double first. For this, and for hashes that agree with
 * it, a number is taken apart into its sign, an integer and what is behind the point.
 */
#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/hash.h"
#include "object/scalar.h"

#define NS_PER_S INT64_C(1000000000)

static const ObjectScalar *scalar(const Object *object)
{
	return (const ObjectScalar *)object;
}

/* A number is sign, whole and fraction; fraction is below 1, or infinite. */
typedef struct Parts {
	bool is_nan, is_negative;
	uint64_t whole;
	double fraction;
} Parts;

static Parts take_apart_double(double value)
{
	double whole, fraction;
	Parts parts = {.is_nan = isnan(value), .is_negative = value < 0};

	if (parts.is_nan)
		return parts;
	fraction = modf(fabs(value), &whole);
	if (whole >= 0x1p64) /* more than any integer; two of them differ by their fractions */
		return (Parts){.is_negative = value < 0, .whole = UINT64_MAX, .fraction = whole};
	parts.whole = (uint64_t)whole;
	parts.fraction = fraction;
	return parts;
}

static Parts take_apart(const Object *object)
{
	int64_t value = scalar(object)->int64;

	if (object_type(object) == OBJECT_DOUBLE)
		return take_apart_double(scalar(object)->real);
	if (object_type(object) == OBJECT_UINT64)
		return (Parts){.whole = scalar(object)->uint64};
	return (Parts){
		.is_negative = value < 0, .whole = value < 0 ? -(uint64_t)value : (uint64_t)value};
}

int object_number_compare(const Object *one, const Object *other)
{
	Parts a, b;
	int order = 0;

	assert(object_is_number(one) && object_is_number(other));
	a = take_apart(one);
	b = take_apart(other);
	if (a.is_nan || b.is_nan)
		return (int)b.is_nan - (int)a.is_nan;
	if (a.is_negative != b.is_negative)
		return a.is_negative ? -1 : 1;
	if (a.whole != b.whole)
		order = a.whole < b.whole ? -1 : 1;
	else if (a.fraction < b.fraction || a.fraction > b.fraction)
		order = a.fraction < b.fraction ? -1 : 1;
	return a.is_negative ? -order : order;
}

static bool equal_numbers(const Object *one, const Object *other, ObjectWalk *walk)
{
	return object_number_compare(one, other) == 0;
}

static uint32_t hash_number(const Object *object)
{
	Parts parts = take_apart(object);
	struct {
		uint64_t whole, sign;
		double fraction;
	} key;

	/* No padding; both zeros are one. */
	key.whole = parts.whole;
	key.sign = parts.is_nan ? 2 : parts.is_negative;
	key.fraction = parts.fraction;
	return hash_bytes(&key, sizeof(key));
}

static bool equal_dates(const Object *one, const Object *other, ObjectWalk *walk)
{
	return scalar(one)->int64 == scalar(other)->int64;
}

static uint32_t hash_date(const Object *object)
{
	return hash_bytes(&scalar(object)->int64, sizeof(int64_t));
}

static bool equal_uuids(const Object *one, const Object *other, ObjectWalk *walk)
{
	return memcmp(scalar(one)->uuid, scalar(other)->uuid, OBJECT_UUID_SIZE) == 0;
}

static uint32_t hash_uuid(const Object *object)
{
	return hash_bytes(scalar(object)->uuid, OBJECT_UUID_SIZE);
}

static int describe_null(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	return object_describe_put(text, "null");
}

static int describe_bool(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	return object_describe_put(text, "%s", object_bool_get(object) ? "true" : "false");
}

static int describe_int64(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	return object_describe_put(text, "%" PRId64, scalar(object)->int64);
}

static int describe_uint64(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	return object_describe_put(text, "%" PRIu64, scalar(object)->uint64);
}

static int describe_double(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	char digits[40];

	/* The shortest that is read back as the same. */
	for (int n = 15; n <= 17; n++) {
		snprintf(digits, sizeof(digits), "%.*g", n, scalar(object)->real);
		if (strtod(digits, NULL) == scalar(object)->real)
			break;
	}
	return object_describe_put(text, "%s", digits);
}

static int describe_date(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	int64_t ns = scalar(object)->int64 % NS_PER_S;
	time_t seconds = (time_t)(scalar(object)->int64 / NS_PER_S);
	char when[64];
	struct tm tm;

	if (ns < 0) {
		ns += NS_PER_S;
		seconds--;
	}
	gmtime_r(&seconds, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	if (ns == 0)
		return object_describe_put(text, "%s +0000", when);
	return object_describe_put(text, "%s.%09" PRId64 " +0000", when, ns);
}

static int describe_uuid(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	char digits[OBJECT_UUID_TEXT_SIZE];

	object_uuid_format(scalar(object)->uuid, digits);
	return object_describe_put(text, "%s", digits);
}

static const ObjectClass null_class = {
	.name = "null", .type = OBJECT_NULL, .size = sizeof(Object), .describe = describe_null};
static const ObjectClass bool_class = {
	.name = "bool", .type = OBJECT_BOOL, .size = sizeof(Object), .describe = describe_bool};
static const ObjectClass int64_class = {.name = "int64",
	.type = OBJECT_INT64,
	.size = sizeof(ObjectScalar),
	.equal = equal_numbers,
	.hash = hash_number,
	.describe = describe_int64};
static const ObjectClass uint64_class = {.name = "uint64",
	.type = OBJECT_UINT64,
	.size = sizeof(ObjectScalar),
	.equal = equal_numbers,
	.hash = hash_number,
	.describe = describe_uint64};
const ObjectClass object_double_class = {.name = "double",
	.type = OBJECT_DOUBLE,
	.size = sizeof(ObjectScalar),
	.equal = equal_numbers,
	.hash = hash_number,
	.describe = describe_double};
static const ObjectClass date_class = {.name = "date",
	.type = OBJECT_DATE,
	.size = sizeof(ObjectScalar),
	.equal = equal_dates,
	.hash = hash_date,
	.describe = describe_date};
static const ObjectClass uuid_class = {.name = "uuid",
	.type = OBJECT_UUID,
	.size = sizeof(ObjectScalar),
	.equal = equal_uuids,
	.hash = hash_uuid,
	.describe = describe_uuid};

Object object_the_null = {.class = &null_class, .n_refs = OBJECT_IMMORTAL};
Object object_the_true = {.class = &bool_class, .n_refs = OBJECT_IMMORTAL};
Object object_the_false = {.class = &bool_class, .n_refs = OBJECT_IMMORTAL};

static int scalar_new(const ObjectClass *class, const void *value, size_t size, Object **ret)
{
	Object *object;
	int r = object_new(class, false, &object);

	if (r < 0)
		return error_trace(r);
	memcpy(((ObjectScalar *)object)->uuid, value, size);
	*ret = object;
	return 0;
}

int object_int64_new(int64_t value, Object **ret)
{
	return scalar_new(&int64_class, &value, sizeof(value), ret);
}

int object_uint64_new(uint64_t value, Object **ret)
{
	return scalar_new(&uint64_class, &value, sizeof(value), ret);
}

int object_double_new(double value, Object **ret)
{
	return scalar_new(&object_double_class, &value, sizeof(value), ret);
}

int object_date_new(int64_t value_ns, Object **ret)
{
	return scalar_new(&date_class, &value_ns, sizeof(value_ns), ret);
}

int object_uuid_new(const uint8_t value[static OBJECT_UUID_SIZE], Object **ret)
{
	return scalar_new(&uuid_class, value, OBJECT_UUID_SIZE, ret);
}

bool object_bool_get(const Object *object)
{
	assert(object_type(object) == OBJECT_BOOL);
	return object == &object_the_true;
}

int64_t object_int64_get(const Object *object)
{
	assert(object_type(object) == OBJECT_INT64);
	return scalar(object)->int64;
}

uint64_t object_uint64_get(const Object *object)
{
	assert(object_type(object) == OBJECT_UINT64);
	return scalar(object)->uint64;
}

double object_double_get(const Object *object)
{
	assert(object_type(object) == OBJECT_DOUBLE);
	return scalar(object)->real;
}

int64_t object_date_get(const Object *object)
{
	assert(object_type(object) == OBJECT_DATE);
	return scalar(object)->int64;
}

const uint8_t *object_uuid_get(const Object *object)
{
	assert(object_type(object) == OBJECT_UUID);
	return scalar(object)->uuid;
}

bool object_number_to_int64(const Object *object, int64_t *ret)
{
	Parts parts;

	assert(object_is_number(object));
	parts = take_apart(object);
	if (parts.is_nan || parts.fraction > 0 ||
		parts.whole > (uint64_t)INT64_MAX + parts.is_negative)
		return false;
	*ret = (int64_t)(parts.is_negative ? -parts.whole : parts.whole);
	return true;
}

bool object_number_to_uint64(const Object *object, uint64_t *ret)
{
	Parts parts;

	assert(object_is_number(object));
	parts = take_apart(object);
	if (parts.is_nan || parts.fraction > 0 || parts.is_negative)
		return false;
	*ret = parts.whole;
	return true;
}

double object_number_to_double(const Object *object)
{
	assert(object_is_number(object));
	if (object_type(object) == OBJECT_DOUBLE)
		return scalar(object)->real;
	if (object_type(object) == OBJECT_UINT64)
		return (double)scalar(object)->uint64;
	return (double)scalar(object)->int64;
}

/* Whether a '-' is in front of this byte. */
static bool is_group(unsigned i)
{
	return i == 4 || i == 6 || i == 8 || i == 10;
}

void object_uuid_format(
	const uint8_t value[static OBJECT_UUID_SIZE], char ret[static OBJECT_UUID_TEXT_SIZE])
{
	static const char digits[] = "0123456789ABCDEF";

	for (unsigned i = 0; i < OBJECT_UUID_SIZE; i++) {
		if (is_group(i))
			*ret++ = '-';
		*ret++ = digits[value[i] >> 4];
		*ret++ = digits[value[i] & 15];
	}
	*ret = '\0';
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool object_uuid_parse(const char *text, uint8_t ret[static OBJECT_UUID_SIZE])
{
	uint8_t value[OBJECT_UUID_SIZE];

	for (unsigned i = 0; i < OBJECT_UUID_SIZE; i++) {
		int high, low;

		if (is_group(i) && *text++ != '-')
			return false;
		high = digit_of(text[0]);
		low = high < 0 ? -1 : digit_of(text[1]);
		if (low < 0)
			return false;
		value[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	if (*text)
		return false;
	memcpy(ret, value, sizeof(value));
	return true;
}
