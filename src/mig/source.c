/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table has an entry for the start of the text and for the line after each directive, not for
 * every line: the lines between are counted when somebody asks. So a text of newlines only does not
 * cost more than itself. `#line 0` and numbers that no file has do no harm; they are only shown.
 */
#include "mig/source.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *p)
{
	while (is_blank(*p))
		p++;
	return p;
}

/* The end of the line that p is in: its newline, or the NUL after the text. */
static const char *line_end(const Source *s, const char *p)
{
	const char *end = memchr(p, '\n', (size_t)(s->text + s->size - p));

	return end ? end : s->text + s->size;
}

/* The name in quotes, in which the preprocessor writes \\ and \", and octal numbers for other bytes. */
static const char *parse_file(Arena *a, const char *p, const char *end)
{
	char *name = arena_alloc(a, (size_t)(end - p) + 1);
	size_t n = 0;

	for (p++; p < end && *p != '"'; p++) {
		unsigned value = 0, digits = 0;

		if (*p != '\\' || p + 1 == end) {
			name[n++] = *p;
			continue;
		}
		while (digits < 3 && p + 1 < end && p[1] >= '0' && p[1] <= '7') {
			value = value * 8 + (unsigned)(*++p - '0');
			digits++;
		}
		name[n++] = digits > 0 ? (char)value : *++p;
	}
	return name;
}

/* Whether the line is `#line N ["FILE"]` or `# N ["FILE" FLAGS]`. */
static bool parse_directive(Arena *a, const char *p, const char *end, SourceLine *line)
{
	uint32_t number = 0;

	p = skip_blanks(p);
	if (*p != '#')
		return false;
	p = skip_blanks(p + 1);
	if (end - p > 4 && memcmp(p, "line", 4) == 0)
		p = skip_blanks(p + 4);
	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		number = number > UINT32_MAX / 20 ? number : number * 10 + (uint32_t)(*p - '0');
	p = skip_blanks(p);
	line->line = number;
	if (*p == '"')
		line->file = parse_file(a, p, end);
	return true;
}

static size_t count_candidates(const Source *s)
{
	const char *end = s->text + s->size;
	size_t n = 1;

	for (const char *p = s->text; p < end; p = line_end(s, p) + 1)
		n += *skip_blanks(p) == '#';
	return n;
}

void source_init(Source *s, Arena *a, const char *name, const char *text, uint32_t size)
{
	const char *end = text + size;
	SourceLine line = {.start = 0, .line = 1, .file = name};

	*s = (Source){.name = name, .text = text, .size = size};
	s->lines = arena_new_array(a, SourceLine, count_candidates(s));
	s->lines[s->n_lines++] = line;
	for (const char *p = text; p < end; p = line_end(s, p) + 1) {
		const char *stop = line_end(s, p);

		if (!parse_directive(a, p, stop, &line))
			continue;
		line.start = (uint32_t)(stop - text) + (stop < end);
		s->lines[s->n_lines++] = line;
	}
}

/* The last entry that starts at or before the offset. */
static const SourceLine *find_line(const Source *s, uint32_t offset)
{
	size_t low = 0, high = s->n_lines;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (s->lines[middle].start <= offset)
			low = middle;
		else
			high = middle;
	}
	return &s->lines[low];
}

void source_locate(const Source *s, uint32_t offset, Location *ret)
{
	const char *end = s->text + s->size, *at, *start;
	const SourceLine *line;

	if (offset > s->size)
		offset = s->size;
	at = s->text + offset;
	line = find_line(s, offset);
	*ret = (Location){.file = line->file, .line = line->line};
	start = s->text + line->start;
	for (const char *p; (p = memchr(start, '\n', (size_t)(at - start))); start = p + 1)
		ret->line++;
	end = line_end(s, at);
	ret->column = (unsigned)(at - start) + 1;
	ret->text = start;
	ret->text_size = (size_t)(end - start);
	if (ret->text_size > 0 && start[ret->text_size - 1] == '\r')
		ret->text_size--;
}
