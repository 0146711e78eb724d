/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_CERTIFICATE_H
#define PORTCULLIS_CODESIGN_CERTIFICATE_H

/*
 * An X.509 certificate as an Object, for what speaks of certificates in terms of objects: constant, equal
 * to another one with the same bytes.
 */

#include <openssl/x509.h>

#include "object/object.h"

extern const ObjectClass certificate_class;

enum {
	_CERTIFICATE_E_SUCCESS,
	CERTIFICATE_E_INVALID, /* the bytes are none */
	_CERTIFICATE_E_N,
};

/* The certificate whose DER these bytes are, exactly. 0, CERTIFICATE_E_INVALID or -ENOMEM. */
int certificate_decode(const void *der, size_t size, Object **ret) _warn_unused_;

/* With a reference to @x509. 0 or -ENOMEM. */
int certificate_new(X509 *x509, Object **ret) _warn_unused_;

/* Borrowed. */
X509 *certificate_get_x509(const Object *certificate);

/* A copy of the DER, on the heap. 0 or -ENOMEM. */
int certificate_encode(const Object *certificate, uint8_t **ret, size_t *ret_size) _warn_unused_;

/* Whom it is about, in a few words: common name, else unit, organisation or first address; UTF-8, on the
 * heap. NULL: none of these, or no memory. */
char *certificate_format_subject(const Object *certificate);

#endif
