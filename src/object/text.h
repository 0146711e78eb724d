/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_OBJECT_TEXT_H
#define PORTCULLIS_OBJECT_TEXT_H

/*
 * Strings: UTF-8 as the standard has it (shortest forms, no surrogates, at most U+10FFFF), without NUL
 * characters, NUL-terminated. Always valid: whatever makes or changes one refuses other bytes. The
 * length in UTF-16 units is kept too, as a lineage's interface counts so.
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "object/object.h"

typedef struct ObjectString {
	Object object;
	size_t size; /* bytes, without the NUL */
	size_t n_units; /* of UTF-16; equal to size: the string is ASCII */
	size_t room; /* of mutable strings: bytes at text */
	_Atomic uint32_t hash; /* 0: not yet known */
	const char *text; /* behind this struct, on the heap, or static */
} ObjectString;

extern const ObjectClass object_string_class;

/* A string that exists from the beginning and is never released: its Object is name.object. @literal is
 * ASCII. For constants: `static OBJECT_STRING_STATIC(key, "Key");` and then &key.object. */
#define OBJECT_STRING_STATIC(name, literal)                                                        \
	ObjectString name = {                                                                      \
		.object = {.class = &object_string_class, .n_refs = OBJECT_IMMORTAL},              \
		.size = sizeof("" literal) - 1,                                                    \
		.n_units = sizeof("" literal) - 1,                                                 \
		.text = "" literal,                                                                \
	}

/* Copies. 0, OBJECT_E_INVALID (not UTF-8, a NUL), OBJECT_E_LIMIT or -ENOMEM. So return all below. */
int object_string_new(const char *text, size_t size, Object **ret) _warn_unused_;
int object_string_new_z(const char *text, Object **ret) _warn_unused_;
/* Mutable and empty. */
int object_string_new_mutable(Object **ret) _warn_unused_;
/* Made on first use and immortal: at most once for each text, for the life of the process. */
int object_string_intern(const char *text, Object **ret) _warn_unused_;

/* Borrowed and NUL-terminated; of a mutable string until it is next changed. */
const char *object_string_get(const Object *string);
size_t object_string_size(const Object *string);
size_t object_string_n_units(const Object *string);
bool object_string_is(const Object *string, const char *text);
/* By bytes, which is the order of code points. */
int object_string_compare(const Object *one, const Object *other);

/* Of mutable strings only. */
int object_string_add(Object *string, const char *text, size_t size) _warn_unused_;
/* @n bytes at @at become these @size; both ends of the range are between characters. @text may be
 * its own. */
int object_string_replace(
	Object *string, size_t at, size_t n, const char *text, size_t size) _warn_unused_;

#endif
