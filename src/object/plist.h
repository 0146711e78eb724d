/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_OBJECT_PLIST_H
#define PORTCULLIS_OBJECT_PLIST_H

/*
 * Property lists, in XML and in binary form, from and to objects. The essay is at the head of plist.c.
 *
 *	element				object
 *	dict, array, string, data	dictionary (keys are strings, in order), array, string, data
 *	integer				int64 (and uint64 that is no larger)
 *	real, true, false, date		double, bool, date
 *
 * Other objects have no form in a property list: OBJECT_E_UNSUPPORTED. Nor have strings with control
 * characters other than tab and ends of lines in XML, and dates before 1933 or after 2068 in the binary form,
 * when they are written. XML keeps whole seconds of a date, the binary form microseconds.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "object/object.h"

#define PLIST_SIZE_MAX ((size_t)16 << 20) /* bytes of a list */
#define PLIST_NODES_MAX 262144U /* values and keys in one */
#define PLIST_ERROR_MAX 200U

typedef enum PlistFormat {
	PLIST_XML = 1,
	PLIST_BINARY,
} PlistFormat;

/* The bounds of one decoding; at most what is above, and OBJECT_DEPTH_MAX. */
typedef struct PlistLimits {
	size_t size;
	unsigned depth;
	unsigned n_nodes;
} PlistLimits;

extern const PlistLimits plist_limits_default;

/* Where and why a list was refused, for people: "line 3: expected <key>". */
typedef struct PlistError {
	char text[PLIST_ERROR_MAX];
} PlistError;

/* Take a list apart that anyone may have written. All containers in the result are mutable as @how
 * says; @limits NULL: the default ones. Returns 0, OBJECT_E_INVALID, OBJECT_E_LIMIT (with *ret_error,
 * which may be NULL, filled) or -ENOMEM. @ret_format may be NULL. */
int plist_decode(const void *data, size_t size, const PlistLimits *limits, ObjectCopy how,
	Object **ret, PlistFormat *ret_format, PlistError *ret_error) _warn_unused_;

/* Write one: XML with tabs and a newline at the end as the lineage writes it, keys in their order; the
 * same object gives the same bytes everywhere. On the heap, NUL-terminated behind *ret_size. Returns 0,
 * OBJECT_E_UNSUPPORTED, OBJECT_E_LIMIT or -ENOMEM. */
int plist_encode(
	const Object *object, PlistFormat format, uint8_t **ret, size_t *ret_size) _warn_unused_;

/* Whether it can be written: all values and keys of types that have a form. */
bool plist_is_valid(const Object *object, PlistFormat format);

#endif
