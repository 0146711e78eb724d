/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_API_CODE_H
#define PORTCULLIS_CODESIGN_API_CODE_H

/*
 * What the files that spell SecStaticCode share. A SecStaticCodeRef is the address of a
 * CodeObject: a file that was opened, and perhaps the same file with a signature that somebody
 * gave.
 *
 * One lock for each object, held while a StaticCode or anything that borrows from it is in use: a
 * verification keeps others that want the same object waiting, and those of other objects not at
 * all.
 */

#include <CoreFoundation/CFURL.h>
#include <pthread.h>

#include "codesign/api_sec.h"
#include "codesign/codeinfo.h"
#include "codesign/staticcode.h"

typedef struct CodeObject {
	Object object;
	pthread_mutex_t lock;
	StaticCode *opened; /* owned */
	StaticCode *given; /* owned; the same file with the signature that was given, or NULL */
} CodeObject;

extern const ObjectClass code_class;

/* The object behind the reference, locked until the end of the scope: of an argument that was
 * checked. */
CodeObject *sec_code_lock(SecStaticCodeRef code);
void sec_code_unlockp(CodeObject **p);
#define _cleanup_code_lock_ _cleanup_(sec_code_unlockp)

/* What counts: with the lock held. Borrowed. */
static inline StaticCode *sec_code_get(const CodeObject *self)
{
	return self->given ? self->given : self->opened;
}

/* Of a result of the functions about code. */
OSStatus sec_status_of_code(int r);

/* Whom this machine and this user trust, if the code has a signer, of whom one could ask that;
 * else *ret is NULL. As the functions of the core return. Loads the code. */
int sec_code_load_trust(StaticCode *code, Trust **ret, CodeProblem *problem) _warn_unused_;

/* A new URL of the file; NULL: no memory. */
CFURLRef sec_code_copy_url(const CodeObject *self);

#endif
