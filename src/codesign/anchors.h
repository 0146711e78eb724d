/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_ANCHORS_H
#define PORTCULLIS_CODESIGN_ANCHORS_H

/*
 * The files behind a Trust: purposes with their certificates, and lists of revoked ones. What is read and
 * what is refused is told in trust.h.
 */

#include <openssl/x509.h>

#include "codesign/ownfile.h"
#include "codesign/problem.h"

typedef struct AnchorsPurpose {
	char name[OWNFILE_NAME_MAX + 1];
	STACK_OF(X509) * certificates;
} AnchorsPurpose;

typedef struct Anchors {
	AnchorsPurpose *purposes;
	size_t n_purposes;
	STACK_OF(X509_CRL) * crls;
	size_t n_files;
} Anchors;

#define ANCHORS_NULL ((Anchors){0})

/* Add those of a root, if it is there. Returns as trust_new(). */
int anchors_add_root(Anchors *self, const char *root, CodeProblem *problem) _warn_unused_;

void anchors_deinit(Anchors *self);

#endif
