/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQCERT_H
#define PORTCULLIS_CODESIGN_REQCERT_H

/* What terms of a requirement ask of one certificate. */

#include <openssl/x509.h>

#include "codesign/reqterm.h"

/* Whether the hash of the certificate is @hash. 0 or -errno. */
int req_cert_has_hash(X509 *certificate, ReqData hash, bool *ret) _warn_unused_;

/* Any of REQ_OP_CERT_FIELD, _CERT_GENERIC, _CERT_POLICY and _CERT_FIELD_DATE. 0 or -ENOMEM. */
int req_cert_match(X509 *certificate, const ReqTerm *term, bool *ret) _warn_unused_;

#endif
