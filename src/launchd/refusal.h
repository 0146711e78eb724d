/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_LAUNCHD_REFUSAL_H
#define PORTCULLIS_LAUNCHD_REFUSAL_H

/*
 * A job that cannot be as it is, and why, for whoever asked for it: an outcome of the module that finds
 * out, and a sentence on the heap.
 */

#include "base/cleanup.h"

/* Sets *ret_problem, and returns @code; or -ENOMEM. */
int refusal_format(int code, char **ret_problem, const char *format, ...)
	_printf_(3, 4) _warn_unused_;

#endif
