/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_PARAM_H
#define PORTCULLIS_MIG_PARAM_H

#include "mig/arena.h"
#include "mig/interface.h"

/* The parameters of the client's function and of the server's, in the order of the arguments. */
void param_make_user(const Routine *r, Arena *a, ParamList *ret);
void param_make_server(const Routine *r, Arena *a, ParamList *ret);

#endif
