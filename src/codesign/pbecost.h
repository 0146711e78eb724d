/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_PBECOST_H
#define PORTCULLIS_CODESIGN_PBECOST_H

/*
 * What it costs to try a passphrase is written in the file that it opens: so many rounds of a hash. A
 * file that is damaged, or that somebody else made, may ask for rounds that take for ever. This looks
 * for all of them before the first one is done.
 */

#include <openssl/pkcs12.h>
#include <stdbool.h>
#include <stdint.h>

/* Rounds in all: some seconds. What is made today has from 2048 to a million. */
#define PBE_COST_MAX UINT64_C(5000000)

/* False: it is more, or cannot be told. What is no encryption at all costs nothing. */
bool pbe_is_pem_cheap(const uint8_t *data, int size);
bool pbe_is_pkcs12_cheap(const PKCS12 *pkcs12);

#endif
