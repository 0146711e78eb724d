/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_EMIT_H
#define PORTCULLIS_MIG_EMIT_H

#include "mig/interface.h"
#include "mig/options.h"
#include "mig/output.h"

/* Write all files that the options ask for into out. 0, or -errno with the path in *ret_path. */
int emit_all(const Interface *i, const Options *o, Output *out, const char **ret_path)
	__attribute__((__warn_unused_result__));

#endif
