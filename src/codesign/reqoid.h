/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQOID_H
#define PORTCULLIS_CODESIGN_REQOID_H

/*
 * Object identifiers as text, 1.2.840, and as the content of their DER. Numbers have 64 bits at most, and
 * one form only: what this writes is read as the same bytes.
 */

#include "base/bytes.h"
#include "base/cleanup.h"

#define REQ_OID_MAX 256u /* bytes of DER */

/* The DER of a text of @n bytes; at most REQ_OID_MAX. False: it is none. */
bool req_oid_parse(const char *text, size_t n, uint8_t *ret, size_t *ret_size);

/* Whether req_oid_format() can write it, in a way that is read as the same bytes. */
bool req_oid_is_formattable(const uint8_t *der, size_t n);
/* Append the text. Returns as bytes_put_blob(). */
int req_oid_format(ByteWriter *w, const uint8_t *der, size_t n) _warn_unused_;

#endif
