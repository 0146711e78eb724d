/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_OBJECT_DATA_H
#define PORTCULLIS_OBJECT_DATA_H

/*
 * Bytes. Immutable data has them behind its head, in one allocation; mutable data has a buffer that
 * grows by doubling.
 */

#include <stddef.h>
#include <stdint.h>

#include "object/object.h"

/* A copy of @size bytes. 0, OBJECT_E_LIMIT or -ENOMEM. So return all below. */
int object_data_new(const void *bytes, size_t size, Object **ret) _warn_unused_;
/* Mutable and empty. */
int object_data_new_mutable(Object **ret) _warn_unused_;

/* Borrowed; of mutable data until it is next changed. Never NULL. */
const uint8_t *object_data_get(const Object *data);
size_t object_data_size(const Object *data);

/* Of mutable data only. */
uint8_t *object_data_get_mutable(Object *data);
int object_data_add(Object *data, const void *bytes, size_t size) _warn_unused_;
/* Cut, or lengthened by zeros. */
int object_data_resize(Object *data, size_t size) _warn_unused_;
/* @n bytes at @at, which are within the data, become these @size, which may be some of its own. */
int object_data_replace(
	Object *data, size_t at, size_t n, const void *bytes, size_t size) _warn_unused_;

#endif
