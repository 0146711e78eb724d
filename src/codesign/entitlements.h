/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_ENTITLEMENTS_H
#define PORTCULLIS_CODESIGN_ENTITLEMENTS_H

/*
 * Entitlements: a dictionary that a signature carries, as an XML property list for whoever wrote it, and
 * in DER for whoever decides by it, for of that there is one form only:
 *
 *	[APPLICATION 16] { INTEGER 1, value }	what the dictionary is in
 *	dictionary	[16], constructed, { SEQUENCE { UTF8String key, value }, … }, keys ascending
 *	array		SEQUENCE { value, … }
 *	string, data	UTF8String, OCTET STRING
 *	integer		INTEGER, of 64 bits with a sign
 *	boolean		BOOLEAN
 *
 * What has no form there (dates, reals, larger numbers) cannot be an entitlement. Whatever the decoder
 * takes, the encoder makes the same bytes of.
 */

#include "object/object.h"
#include "object/plist.h"

#define ENTITLEMENTS_SIZE_MAX ((size_t)1 << 20)
#define ENTITLEMENTS_DEPTH_MAX 32u

/* On the heap. @entitlements is a dictionary with strings as keys, else, or with values that have no form,
 * OBJECT_E_UNSUPPORTED; OBJECT_E_LIMIT; -ENOMEM. */
int entitlements_encode_der(
	const Object *entitlements, uint8_t **ret, size_t *ret_size) _warn_unused_;

/* Take apart what anyone may have written. OBJECT_E_INVALID, OBJECT_E_LIMIT, -ENOMEM. The result is
 * immutable all through. */
int entitlements_decode_der(const void *data, size_t size, Object **ret) _warn_unused_;

/* The same of XML. OBJECT_E_UNSUPPORTED: it is a list, but has no form in DER. @ret_error, which may be
 * NULL, says more of OBJECT_E_INVALID and OBJECT_E_LIMIT. */
int entitlements_decode_xml(
	const void *data, size_t size, Object **ret, PlistError *ret_error) _warn_unused_;

/* As entitlements_encode_der(). */
int entitlements_encode_xml(
	const Object *entitlements, uint8_t **ret, size_t *ret_size) _warn_unused_;

#endif
