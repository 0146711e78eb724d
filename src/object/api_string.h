/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_OBJECT_API_STRING_H
#define PORTCULLIS_OBJECT_API_STRING_H

/* What the files that spell <CoreFoundation/CFString.h> share. */

#include "object/api_cf.h"

/* UTF-16 as UTF-8, on the heap. 0, OBJECT_E_INVALID (half a pair) or -ENOMEM. */
int cf_decode_units(
	const uint16_t *units, size_t n_units, char **ret, size_t *ret_size) _warn_unused_;
/* Bytes in front of the @unit-th UTF-16 unit. */
size_t cf_offset(const Object *string, CFIndex unit);

#endif
