/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_OBJECT_SCALAR_H
#define PORTCULLIS_OBJECT_SCALAR_H

/*
 * The values that have no parts: null, bool, the three kinds of numbers, date, uuid. All immutable.
 * Null and the two booleans exist once each and are never released; references to them cost nothing.
 */

#include <stdbool.h>
#include <stdint.h>

#include "object/object.h"

#define OBJECT_UUID_SIZE 16U
#define OBJECT_UUID_TEXT_SIZE 37U /* with the NUL */

typedef struct ObjectScalar {
	Object object;
	union {
		int64_t int64; /* also of a date */
		uint64_t uint64;
		double real;
		uint8_t uuid[OBJECT_UUID_SIZE];
	};
} ObjectScalar;

extern const ObjectClass object_double_class;

/* Immortal, and never written to. The objects themselves are for constant initialisers. */
extern Object object_the_null, object_the_true, object_the_false;

static inline Object *object_null(void)
{
	return &object_the_null;
}

static inline Object *object_bool(bool value)
{
	return value ? &object_the_true : &object_the_false;
}

/* 0 or -ENOMEM. */
int object_int64_new(int64_t value, Object **ret) _warn_unused_;
int object_uint64_new(uint64_t value, Object **ret) _warn_unused_;
int object_double_new(double value, Object **ret) _warn_unused_;
/* Nanoseconds since the beginning of 1970, without leap seconds. */
int object_date_new(int64_t value_ns, Object **ret) _warn_unused_;
int object_uuid_new(const uint8_t value[static OBJECT_UUID_SIZE], Object **ret) _warn_unused_;

bool object_bool_get(const Object *object);
int64_t object_int64_get(const Object *object);
uint64_t object_uint64_get(const Object *object);
double object_double_get(const Object *object);
int64_t object_date_get(const Object *object);
const uint8_t *object_uuid_get(const Object *object);

/* Of any of the three kinds of numbers: its value, if that is what such a variable can hold exactly. */
bool object_number_to_int64(const Object *object, int64_t *ret);
bool object_number_to_uint64(const Object *object, uint64_t *ret);
/* The nearest. */
double object_number_to_double(const Object *object);
/* < 0, 0, > 0: by what they are worth, exactly, whatever their kinds. NaN is less than all numbers
 * and equal to itself. */
int object_number_compare(const Object *one, const Object *other);

/* Upper case, as 8-4-4-4-12. */
void object_uuid_format(
	const uint8_t value[static OBJECT_UUID_SIZE], char ret[static OBJECT_UUID_TEXT_SIZE]);
/* The same, either case, nothing around it. */
bool object_uuid_parse(const char *text, uint8_t ret[static OBJECT_UUID_SIZE]);

#endif
