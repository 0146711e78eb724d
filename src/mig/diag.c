/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/diag.h"

#include <stdarg.h>
#include <string.h>

/* Of the line that is shown; what is beyond is cut off. */
#define SHOWN_MAX 160U

void diag_init(Diag *d, const Source *source, FILE *out, bool quiet)
{
	*d = (Diag){.source = source, .out = out, .quiet = quiet, .last_error = UINT32_MAX};
}

static bool is_none(Span at)
{
	return at.start == UINT32_MAX;
}

static bool is_same_character(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Control characters would reach the terminal of whoever reads it. */
static void show_text(FILE *out, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		fputc((c < ' ' && c != '\t') || c == 0x7f ? '?' : c, out);
	}
}

static void show_line(Diag *d, Span at, const Location *l)
{
	size_t before = l->column - 1, n = at.end > at.start ? at.end - at.start : 1;
	size_t from = 0, shown;

	/* The line of a program-made file may be long: show what is around the place. */
	if (before > SHOWN_MAX / 2 && l->text_size > SHOWN_MAX)
		from = before - SHOWN_MAX / 2;
	if (from > l->text_size)
		from = l->text_size;
	while (from > 0 && from < l->text_size && is_same_character(l->text[from]))
		from--;
	shown = l->text_size - from < SHOWN_MAX ? l->text_size - from : SHOWN_MAX;
	fprintf(d->out, "%5u | ", l->line);
	show_text(d->out, l->text + from, shown);
	fputs("\n      | ", d->out);
	for (size_t i = from; i < before && i < l->text_size; i++) {
		if (!is_same_character(l->text[i]))
			fputc(l->text[i] == '\t' ? '\t' : ' ', d->out);
	}
	fputc('^', d->out);
	for (size_t i = before + 1; i < before + n && i < from + shown; i++) {
		if (!is_same_character(l->text[i]))
			fputc('~', d->out);
	}
	fputc('\n', d->out);
}

static void show(Diag *d, Span at, const char *kind, const char *format, va_list args)
{
	Location l = {.file = d->source->name};

	if (!is_none(at))
		source_locate(d->source, at.start, &l);
	show_text(d->out, l.file, strlen(l.file));
	if (!is_none(at))
		fprintf(d->out, ":%u:%u", l.line, l.column);
	fprintf(d->out, ": %s: ", kind);
	vfprintf(d->out, format, args);
	fputc('\n', d->out);
	if (!is_none(at))
		show_line(d, at, &l);
}

void diag_error(Diag *d, Span at, const char *format, ...)
{
	va_list args;

	d->shown = false;
	if (!is_none(at) && d->n_errors > 0 && d->last_error == at.start)
		return;
	d->last_error = at.start;
	if (d->n_errors++ >= DIAG_ERRORS_MAX)
		return;
	d->shown = true;
	va_start(args, format);
	show(d, at, "error", format, args);
	va_end(args);
}

void diag_warning(Diag *d, Span at, const char *format, ...)
{
	va_list args;

	d->n_warnings++;
	d->shown = !d->quiet;
	if (!d->shown)
		return;
	va_start(args, format);
	show(d, at, "warning", format, args);
	va_end(args);
}

void diag_note(Diag *d, Span at, const char *format, ...)
{
	va_list args;

	if (!d->shown)
		return;
	va_start(args, format);
	show(d, at, "note", format, args);
	va_end(args);
}

void diag_finish(Diag *d)
{
	if (d->n_errors > DIAG_ERRORS_MAX)
		fprintf(d->out, "%s: %u more errors are not shown\n", d->source->name,
			d->n_errors - DIAG_ERRORS_MAX);
}
