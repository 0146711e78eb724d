/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_SEMA_H
#define PORTCULLIS_MIG_SEMA_H

#include "mig/arena.h"
#include "mig/diag.h"
#include "mig/interface.h"
#include "mig/options.h"

/*
 * From what was written to what it means. Nothing is done after an error of the parser, which would
 * be told again in other words. Everything wrong is told to diag; *ret is complete only if diag has no
 * error, NULL otherwise. What has no effect here gets a warning.
 */
void sema_analyse(const Ast *ast, const Options *o, Arena *a, Diag *d, const Interface **ret);

#endif
