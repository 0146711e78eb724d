/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_LAYOUT_H
#define PORTCULLIS_MIG_LAYOUT_H

#include "mig/arena.h"
#include "mig/diag.h"
#include "mig/interface.h"

/* In a message of the kernel's; here too. */
#define LAYOUT_DESCRIPTORS_MAX 16383

/*
 * The request or the reply of a routine whose arguments are known. limit: descriptors that it may
 * have at most, -1 for as many as fit. False if it is too large, which has been told.
 */
bool layout_request(const Routine *r, long limit, Arena *a, Diag *d, Message *ret);
bool layout_reply(const Routine *r, long limit, Arena *a, Diag *d, Message *ret);

#endif
