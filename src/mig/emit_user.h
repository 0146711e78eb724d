/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_EMIT_USER_H
#define PORTCULLIS_MIG_EMIT_USER_H

#include "mig/emit_common.h"

/* The client's code: one function for each routine. header: what to include. only: this routine
 * alone, NULL for all. */
void emit_user(const Emit *e, const char *header, const Routine *only);

#endif
