/* SPDX-License-Identifier: Apache-2.0 */
#include "launchd/refusal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"

int refusal_format(int code, char **ret_problem, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return error_origin(-ENOMEM);
	*ret_problem = text;
	return code;
}
