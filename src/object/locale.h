/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_OBJECT_LOCALE_H
#define PORTCULLIS_OBJECT_LOCALE_H

/* Text that means the same in every locale of the program. Any thread. */

#include <locale.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/* As strtod(), vsnprintf(), always with '.' as the point. */
double locale_strtod(const char *text, char **ret_end);
_printf_(3, 0) int locale_vsnprintf(
	char *buffer, size_t size, const char *format, va_list arguments);
_printf_(3, 4) int locale_snprintf(char *buffer, size_t size, const char *format, ...);
/* Make that the locale of this thread, and what it was again, around the calls of a library. */
locale_t locale_enter(void);
void locale_leave(locale_t old);
/* The lower case of a character of Unicode, where it has one of one character. */
uint32_t locale_fold(uint32_t c);

#endif
