/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqdiag.h"

#include <stdarg.h>
#include <stdio.h>

/* A line, cut if it is longer; and all lines. */
#define LINE_MAX_SIZE 512u
#define OUT_MAX (REQ_DIAG_ERRORS_MAX * LINE_MAX_SIZE + 1)

void req_diag_init(ReqDiag *self)
{
	*self = (ReqDiag){.last = UINT32_MAX};
	bytes_writer_init_growable(&self->out, OUT_MAX);
}

void req_diag_deinit(ReqDiag *self)
{
	bytes_writer_deinit(&self->out);
}

static void find_place(const char *text, uint32_t at, unsigned *ret_line, unsigned *ret_column)
{
	unsigned line = 1, column = 1;

	for (uint32_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else if (((uint8_t)text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	*ret_line = line;
	*ret_column = column;
}

void req_diag_error(ReqDiag *self, const char *text, uint32_t at, const char *format, ...)
{
	char line[LINE_MAX_SIZE];
	unsigned row, column;
	int n, m;
	va_list ap;

	if (self->last == at || self->n_errors >= REQ_DIAG_ERRORS_MAX)
		return;
	self->last = at;
	self->n_errors++;
	find_place(text, at, &row, &column);
	n = snprintf(line, sizeof(line), "line %u:%u: ", row, column);
	va_start(ap, format);
	m = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, ap);
	va_end(ap);
	if (m < 0)
		m = 0;
	n = MIN(n + m, (int)sizeof(line) - 2);
	line[n++] = '\n';
	n = bytes_put_blob(&self->out, line, (size_t)n);
	if (n < 0)
		self->r = n;
}

const char *req_diag_get(ReqDiag *self)
{
	if (self->out.used == 0 || self->out.p[self->out.used - 1] != '\0') {
		int r = self->out.failed ? -ENOMEM : bytes_put_u8(&self->out, '\0');

		if (r) {
			self->r = r;
			return "";
		}
	}
	return (const char *)self->out.p;
}
