/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an int that is returned means.
 *
 * Callers want to know three different things from a failed call, and mixing them up is how one
 * client's nonsense stops a daemon. So there are three kinds of result, told apart by sign:
 *
 * Zero: it is done. Out-parameters (ret_*, always last) are set. In the other two cases they are
 * untouched, and the callee has undone whatever it began.
 *
 * Positive: an outcome that belongs to the function's contract. The module's header lists it in an
 * enum as MODULE_E_SOMETHING, and the function's comment names it. Only the direct caller may see
 * it, since a bare number means nothing without knowing whom it came from: the caller acts on it, or
 * turns it into one of its own codes, or, where it knows that it cannot occur, calls error_fold().
 *
 * Negative: -errno. Something that nobody on the way up planned for: memory or descriptors ran out,
 * a system call said what it never should. It is passed up unchanged until somebody owns enough to
 * give up as a whole: a tool exits, a daemon drops the one operation, the public API returns a
 * resource shortage.
 *
 * From this follows the rule that matters most: what a peer does is never negative. Bytes that make
 * no sense, too many descriptors, a used-up quota, an answer that never came, a socket that was
 * closed half way: all of these are things that strangers may do at will, so they are positive, and
 * whoever talks to the peer decides what it costs the peer. If a hostile peer can produce a negative
 * result, then it can walk up the stack to the place that gives up, and that is a bug to be fixed
 * where the code was born.
 *
 * Preconditions are another matter again: a caller in this project that breaks one has a bug, and
 * meets an assert(). Public entry points check arguments and return the documented code instead.
 *
 * A negative code arrives at the top without any memory of where it came from. error_origin() where
 * it is born and error_trace() at each step write that down at debug level, so that
 * PORTCULLIS_LOG=debug shows the path. They cost a test of the code and, when it is not 0, one of the
 * log level.
 */

#include <string.h>

#include "base/error.h"

void error_record(const ErrorSite *site, int code)
{
	if (code < 0)
		log_print(LOG_LEVEL_DEBUG, site->file, "%s: %s() line %d: %d (%s)", site->kind,
			site->function, site->line, code, strerrordesc_np(-code));
	else
		log_print(LOG_LEVEL_DEBUG, site->file, "%s: %s() line %d: outcome %d", site->kind,
			site->function, site->line, code);
}
