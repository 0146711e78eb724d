/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_OBJECT_DICTIONARY_H
#define PORTCULLIS_OBJECT_DICTIONARY_H

/*
 * Dictionaries: values by keys, in the order in which the keys were first put in.
 *
 * A key is mostly a string, and there are functions for that; it may be any object though, as one of
 * the public interfaces wants it. What is encoded asks object_dictionary_has_string_keys(). Keys are
 * compared by object_equal_by_number(). A mutable key is copied when it is put in. Neither keys nor
 * values are ever NULL.
 */

#include <stdbool.h>
#include <stddef.h>

#include "object/object.h"

/* Mutable and empty: fill it, then object_freeze() it. 0 or -ENOMEM. */
int object_dictionary_new(Object **ret) _warn_unused_;

size_t object_dictionary_n(const Object *dictionary);
bool object_dictionary_has_string_keys(const Object *dictionary);

/* The value, borrowed, or NULL. */
Object *object_dictionary_find(const Object *dictionary, const Object *key);
Object *object_dictionary_find_text(const Object *dictionary, const char *key, size_t size);
Object *object_dictionary_find_z(const Object *dictionary, const char *key);
/* The same, if the value is of this type, else NULL. */
Object *object_dictionary_find_type(const Object *dictionary, const char *key, ObjectType type);
/* The key itself as it was put in, borrowed, or NULL. */
Object *object_dictionary_find_key(const Object *dictionary, const Object *key);

/* All entries in order: begin with *cursor = 0. False: there are no more. Both are borrowed. While
 * this goes on nothing may be put in; the entry at hand may be removed. */
bool object_dictionary_next(
	const Object *dictionary, size_t *cursor, Object **ret_key, Object **ret_value);

/* Of mutable dictionaries only. 0, OBJECT_E_LIMIT or -ENOMEM; nothing has changed then. The place in
 * the order of a key that is already there stays. */
int object_dictionary_set(Object *dictionary, Object *key, Object *value) _warn_unused_;
/* The key is UTF-8; OBJECT_E_INVALID else. */
int object_dictionary_set_z(Object *dictionary, const char *key, Object *value) _warn_unused_;
/* Hands the value's reference over on success. */
int object_dictionary_set_z_take(Object *dictionary, const char *key, Object *value) _warn_unused_;
/* Whether it was there. */
bool object_dictionary_remove(Object *dictionary, const Object *key);
void object_dictionary_clear(Object *dictionary);

#endif
