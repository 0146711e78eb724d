/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <CoreFoundation/CFNumber.h> on scalar.h. A number is kept as an integer of 64 bits or a double; as which
 * type it was created is in its note.
 */
#include <math.h>

#include "object/api_cf.h"
#include "object/scalar.h"

_public_ const CFBooleanRef kCFBooleanTrue = (CFBooleanRef)&object_the_true;
_public_ const CFBooleanRef kCFBooleanFalse = (CFBooleanRef)&object_the_false;

_public_ CFTypeID CFBooleanGetTypeID(void)
{
	return OBJECT_BOOL;
}

_public_ Boolean CFBooleanGetValue(CFBooleanRef boolean)
{
	return object_bool_get(cf_check(boolean, OBJECT_BOOL, __func__));
}

#define DOUBLE(value)                                                                              \
	{                                                                                          \
		.object = {.class = &object_double_class,                                          \
			.n_refs = OBJECT_IMMORTAL,                                                 \
			.note = kCFNumberFloat64Type},                                             \
		.real = (value)                                                                    \
	}

static ObjectScalar positive_infinity = DOUBLE(INFINITY);
static ObjectScalar negative_infinity = DOUBLE(-INFINITY);
static ObjectScalar not_a_number = DOUBLE(NAN);

_public_ const CFNumberRef kCFNumberPositiveInfinity = (CFNumberRef)&positive_infinity;
_public_ const CFNumberRef kCFNumberNegativeInfinity = (CFNumberRef)&negative_infinity;
_public_ const CFNumberRef kCFNumberNaN = (CFNumberRef)&not_a_number;

_public_ CFTypeID CFNumberGetTypeID(void)
{
	return OBJECT_INT64;
}

_Static_assert(sizeof(long) == 4 || sizeof(long) == 8, "long is one of two");

/* One of the first six, or 0. */
static CFNumberType basic_type(CFNumberType type)
{
	static const uint8_t basic[] = {
		[kCFNumberSInt8Type] = kCFNumberSInt8Type,
		[kCFNumberSInt16Type] = kCFNumberSInt16Type,
		[kCFNumberSInt32Type] = kCFNumberSInt32Type,
		[kCFNumberSInt64Type] = kCFNumberSInt64Type,
		[kCFNumberFloat32Type] = kCFNumberFloat32Type,
		[kCFNumberFloat64Type] = kCFNumberFloat64Type,
		[kCFNumberCharType] = kCFNumberSInt8Type,
		[kCFNumberShortType] = kCFNumberSInt16Type,
		[kCFNumberIntType] = kCFNumberSInt32Type,
		[kCFNumberLongType] = sizeof(long) == 8 ? kCFNumberSInt64Type : kCFNumberSInt32Type,
		[kCFNumberLongLongType] = kCFNumberSInt64Type,
		[kCFNumberFloatType] = kCFNumberFloat32Type,
		[kCFNumberDoubleType] = kCFNumberFloat64Type,
		[kCFNumberCFIndexType] = sizeof(long) == 8 ? kCFNumberSInt64Type
							   : kCFNumberSInt32Type,
		[kCFNumberNSIntegerType] = sizeof(long) == 8 ? kCFNumberSInt64Type
							     : kCFNumberSInt32Type,
		[kCFNumberCGFloatType] = sizeof(long) == 8 ? kCFNumberFloat64Type
							   : kCFNumberFloat32Type,
	};

	return type > 0 && type < (CFNumberType)ARRAY_SIZE(basic) ? basic[type] : 0;
}

static Object *number_of(CFNumberRef number, const char *function)
{
	if (!number)
		cf_abort(function, "NULL instead of an object");
	if (!object_is_number(cf_object(number)))
		cf_abort(function, "an object of another type");
	return cf_object(number);
}

_public_ CFNumberRef CFNumberCreate(
	CFAllocatorRef allocator, CFNumberType theType, const void *valuePtr)
{
	CFNumberType basic = basic_type(theType);
	Object *number;
	int64_t integer = 0;
	double real = 0;
	int r;

	cf_require(basic != 0 && valuePtr, "no number");
	if (!cf_can_allocate(allocator))
		return NULL;
	if (basic == kCFNumberSInt8Type)
		integer = *(const int8_t *)valuePtr;
	else if (basic == kCFNumberSInt16Type)
		integer = *(const int16_t *)valuePtr;
	else if (basic == kCFNumberSInt32Type)
		integer = *(const int32_t *)valuePtr;
	else if (basic == kCFNumberSInt64Type)
		integer = *(const int64_t *)valuePtr;
	else if (basic == kCFNumberFloat32Type)
		real = (double)*(const float *)valuePtr;
	else
		real = *(const double *)valuePtr;
	if (basic == kCFNumberFloat32Type || basic == kCFNumberFloat64Type)
		r = object_double_new(real, &number);
	else
		r = object_int64_new(integer, &number);
	if (r != 0)
		return NULL;
	number->note = (uint8_t)basic;
	return (CFNumberRef)number;
}

_public_ CFNumberType CFNumberGetType(CFNumberRef number)
{
	const Object *object = number_of(number, __func__);

	if (object->note != 0)
		return object->note;
	return object_type(object) == OBJECT_DOUBLE ? kCFNumberFloat64Type : kCFNumberSInt64Type;
}

_public_ CFIndex CFNumberGetByteSize(CFNumberRef number)
{
	static const uint8_t sizes[] = {0, 1, 2, 4, 8, 4, 8};

	return sizes[CFNumberGetType(number)];
}

_public_ Boolean CFNumberIsFloatType(CFNumberRef number)
{
	return object_type(number_of(number, __func__)) == OBJECT_DOUBLE;
}

/* The nearest integer in these bounds, towards zero. */
static bool to_integer(const Object *number, int64_t min, int64_t max, int64_t *ret)
{
	double real;

	if (!object_number_to_int64(number, ret)) {
		real = object_number_to_double(number);
		if (isnan(real))
			*ret = 0;
		else if (real >= 0x1p63)
			*ret = INT64_MAX;
		else
			*ret = real <= -0x1p63 ? INT64_MIN : (int64_t)real;
		*ret = MAX(min, MIN(max, *ret));
		return false;
	}
	if (*ret >= min && *ret <= max)
		return true;
	*ret = *ret < min ? min : max;
	return false;
}

static bool to_real(const Object *number, double *ret)
{
	_cleanup_object_ Object *back = NULL;

	*ret = object_number_to_double(number);
	if (object_type(number) == OBJECT_DOUBLE)
		return true;
	/* Beyond 2^53 not every integer is a double. */
	return fabs(*ret) < 0x1p53 ||
	       (object_double_new(*ret, &back) == 0 && object_number_compare(back, number) == 0);
}

_public_ Boolean CFNumberGetValue(CFNumberRef number, CFNumberType theType, void *valuePtr)
{
	const Object *object = number_of(number, __func__);
	CFNumberType basic = basic_type(theType);
	int64_t integer;
	double real;
	bool is_exact;

	cf_require(basic != 0 && valuePtr, "no number");
	if (basic == kCFNumberSInt8Type) {
		is_exact = to_integer(object, INT8_MIN, INT8_MAX, &integer);
		*(int8_t *)valuePtr = (int8_t)integer;
	} else if (basic == kCFNumberSInt16Type) {
		is_exact = to_integer(object, INT16_MIN, INT16_MAX, &integer);
		*(int16_t *)valuePtr = (int16_t)integer;
	} else if (basic == kCFNumberSInt32Type) {
		is_exact = to_integer(object, INT32_MIN, INT32_MAX, &integer);
		*(int32_t *)valuePtr = (int32_t)integer;
	} else if (basic == kCFNumberSInt64Type) {
		is_exact = to_integer(object, INT64_MIN, INT64_MAX, &integer);
		*(int64_t *)valuePtr = integer;
	} else if (basic == kCFNumberFloat32Type) {
		is_exact = to_real(object, &real);
		*(float *)valuePtr = (float)real;
		is_exact = is_exact && (isnan(real) || (double)(float)real == real);
	} else {
		is_exact = to_real(object, &real);
		*(double *)valuePtr = real;
	}
	return is_exact;
}

_public_ CFComparisonResult CFNumberCompare(
	CFNumberRef number, CFNumberRef otherNumber, void *context)
{
	return object_number_compare(number_of(number, __func__), number_of(otherNumber, __func__));
}
