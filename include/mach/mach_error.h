/* SPDX-License-Identifier: Apache-2.0 */
/* Error codes as text. */
#ifndef _MACH_MACH_ERROR_H_
#define _MACH_MACH_ERROR_H_

#include <mach/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A short text for an error code of any kind: KERN_*, MACH_SEND_*, MACH_RCV_* (whatever bits of
 * MACH_MSG_MASK it has), MIG_*, or unix_err() of an errno value. Never fails and never returns
 * NULL: for a code that nobody defined the text says so. The string is constant; the caller must
 * neither change nor free it.
 */
char *mach_error_string(mach_error_t error_value);

/*
 * Print a line to standard error (see vprintf_stderr_func): the caller's text, then the text of the
 * error code. If the code is not one that is known, the line shows its type and its number too.
 */
void mach_error(const char *str, mach_error_t error_value);

/*
 * Which system and part of it an error code comes from: "(os/kern)", "(os/unix)", "(ipc/send)",
 * "(ipc/rcv)" or "(ipc/mig)", and "(?/?)" for all others. Never NULL, constant.
 */
char *mach_error_type(mach_error_t error_value);

#ifdef __cplusplus
}
#endif

#endif
