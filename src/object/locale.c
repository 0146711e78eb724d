/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two locales for the life of the process: "C", for numbers, and "C.UTF-8", which knows the letters of
 * Unicode. A C library without the second folds ASCII only.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <wctype.h>

#include "object/locale.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t plain, unicode;

static void make_locales(void)
{
	plain = newlocale(LC_ALL_MASK, "C", NULL);
	unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
}

locale_t locale_enter(void)
{
	pthread_once(&once, make_locales);
	return plain ? uselocale(plain) : NULL;
}

void locale_leave(locale_t old)
{
	if (old)
		uselocale(old);
}

double locale_strtod(const char *text, char **ret_end)
{
	pthread_once(&once, make_locales);
	return plain ? strtod_l(text, ret_end, plain) : strtod(text, ret_end);
}

int locale_vsnprintf(char *buffer, size_t size, const char *format, va_list arguments)
{
	locale_t old = locale_enter();
	int n = vsnprintf(buffer, size, format, arguments);

	locale_leave(old);
	return n;
}

int locale_snprintf(char *buffer, size_t size, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = locale_vsnprintf(buffer, size, format, arguments);
	va_end(arguments);
	return n;
}

uint32_t locale_fold(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
	pthread_once(&once, make_locales);
	return unicode ? (uint32_t)towlower_l((wint_t)c, unicode) : c;
}
