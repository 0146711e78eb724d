/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_BASE_ERROR_H
#define PORTCULLIS_BASE_ERROR_H

/*
 * The error doctrine: what an int that is returned means. The essay is at the head of error.c.
 *
 *	r == 0	done
 *	r < 0	-errno: unexpected; nobody here can act on it; pass it on through error_trace()
 *	r > 0	MODULE_E_*: an outcome that this function's header documents; the direct caller
 *		handles it, or folds it into an unexpected error with error_fold()
 *
 * All three macros evaluate to the code, record where they stand at debug level (nothing is
 * formatted, and no function called, unless that level is on), and preserve errno.
 */

#include "base/cleanup.h"
#include "base/log.h"

typedef struct ErrorSite {
	const char *kind;
	const char *file;
	const char *function;
	int line;
} ErrorSite;

/* Print one line of the trace. Only for the macros below. */
void error_record(const ErrorSite *site, int code);

#define error_record_at_(what, code)                                                               \
	({                                                                                         \
		int error_code_ = (code);                                                          \
		if (unlikely(error_code_ != 0) && log_enabled(LOG_LEVEL_DEBUG)) {                  \
			static const ErrorSite error_site_ = {what, __FILE__, __func__, __LINE__}; \
			error_record(&error_site_, error_code_);                                   \
		}                                                                                  \
		error_code_;                                                                       \
	})

/* For the place where an unexpected error is born: return error_origin(-errno); */
#define error_origin(code) error_record_at_("origin", (code))

/* For each place that passes an unexpected error on: return error_trace(r); */
#define error_trace(code) error_record_at_("trace", (code))

/* For a caller to whom a MODULE_E_* outcome is not one that can happen: positive codes become
 * -ENOTRECOVERABLE, all else is passed on as by error_trace(). */
#define error_fold(code)                                                                           \
	({                                                                                         \
		int error_fold_ = error_record_at_("fold", (code));                                \
		error_fold_ > 0 ? -ENOTRECOVERABLE : error_fold_;                                  \
	})

#endif
