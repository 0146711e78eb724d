/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_OBJECT_ARRAY_H
#define PORTCULLIS_OBJECT_ARRAY_H

/*
 * Arrays of objects. Elements are never NULL (object_null() is one).
 */

#include <stddef.h>

#include "object/object.h"

/* Mutable and empty: fill it, then object_freeze() it. 0 or -ENOMEM. */
int object_array_new(Object **ret) _warn_unused_;

size_t object_array_n(const Object *array);
/* Borrowed. @index is below object_array_n(). */
Object *object_array_get(const Object *array, size_t index);

/* Of mutable arrays only. 0, OBJECT_E_LIMIT or -ENOMEM; nothing has changed then. */
int object_array_add(Object *array, Object *value) _warn_unused_;
/* Hands the reference over on success. */
int object_array_add_take(Object *array, Object *value) _warn_unused_;
int object_array_insert(Object *array, size_t index, Object *value) _warn_unused_;
/* @n elements at @at become @values, of @n_values; the range lies in the array. */
int object_array_replace(
	Object *array, size_t at, size_t n, Object *const *values, size_t n_values) _warn_unused_;
void object_array_set(Object *array, size_t index, Object *value);
void object_array_remove(Object *array, size_t index);
void object_array_swap(Object *array, size_t one, size_t other);
/* By @compare, which is given @data: stable; -ENOMEM. */
int object_array_sort(Object *array, size_t at, size_t n,
	int (*compare)(const Object *one, const Object *other, void *data),
	void *data) _warn_unused_;

#endif
