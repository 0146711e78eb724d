/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a file, written down for people. */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "codesign/problem.h"

int code_problem(CodeProblem *self, int code, const char *format, ...)
{
	va_list args;

	if (!self)
		return code;
	*self = (CodeProblem){.code = code};
	va_start(args, format);
	(void)vsnprintf(self->text, sizeof(self->text), format, args); /* a cut line will do */
	va_end(args);
	return code;
}

int code_problem_range(
	CodeProblem *self, int code, uint64_t start, uint64_t end, const char *format, ...)
{
	va_list args;

	if (!self)
		return code;
	*self = (CodeProblem){.code = code, .has_range = true, .start = start, .end = end};
	va_start(args, format);
	(void)vsnprintf(self->text, sizeof(self->text), format, args); /* a cut line will do */
	va_end(args);
	return code;
}

const char *code_problem_format(const CodeProblem *self, char *buffer, size_t size)
{
	if (!self->has_range || self->end <= self->start)
		(void)snprintf(buffer, size, "%s", self->text);
	else if (self->end - self->start == 1)
		(void)snprintf(buffer, size, "byte %" PRIu64 ": %s", self->start, self->text);
	else
		(void)snprintf(buffer, size, "bytes %" PRIu64 " to %" PRIu64 ": %s", self->start,
			self->end - 1, self->text);
	return buffer;
}
