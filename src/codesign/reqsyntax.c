/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser's side of tokens: how deep they nest, and what is said of one that does not fit.
 */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "codesign/reqgrammar.h"
#include "codesign/reqparser.h"
#include "codesign/reqword.h"

/* What stands before an operand has it now. */
static void end_operand(ReqParser *p)
{
	p->n_nested -= p->n_prefixes[p->level];
	p->n_prefixes[p->level] = 0;
}

static void note_nesting(ReqParser *p, int token)
{
	switch (token) {
	case '!':
	case R_SKIP:
		p->n_prefixes[p->level]++;
		p->n_nested++;
		break;
	case '(':
		p->n_nested++;
		p->n_prefixes[++p->level] = 0;
		break;
	case ')':
		if (p->level == 0)
			break;
		end_operand(p);
		p->level--;
		p->n_nested--;
		end_operand(p);
		break;
	case R_AND:
	case R_OR:
	case R_ARROW:
	case ';':
		end_operand(p);
		break;
	}
}

int req_parser_next(ReqParser *p)
{
	int token = p->first;

	if (token != 0) {
		p->first = 0;
		return token;
	}
	if (p->stopped)
		return 0;
	p->previous = p->lexer.span;
	token = req_lexer_next(&p->lexer);
	if ((token == '(' || token == '!' || token == R_SKIP) && p->n_nested >= REQ_DEPTH_MAX) {
		req_diag_error(p->diag, p->text, p->lexer.span.start,
			"this is nested too deeply; %u levels are the most", REQ_DEPTH_MAX);
		p->stopped = true;
		return 0;
	}
	note_nesting(p, token);
	return token;
}

static bool is_among(const char *name, const char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Tokens that stand for one thing: named so if the first of them would fit. */
static const struct {
	const char *names[20];
	const char *as;
} groups[] = {
	{{"identifier", "'('", "'!'", "always", "anchor", "cdhash", "certificate", "entitlement",
		 "false", "generic", "info", "legacy", "never", "notarized", "platform", "true"},
		"a requirement"},
	{{"host", "a number", "guest", "designated", "library", "plugin"}, "a type such as host"},
	{{"exists", "absent", "=", "<=", ">=", "'<'", "'>'", "'~'", "generic", "legacy"},
		"a comparison"},
	{{"a word", "skip", "a string", "0xHEX"}, "a string"},
	{{"leaf", "root", "a number", "'-'"}, "leaf, root or a number"},
};

static const char *name_of(const char *name, const char *const *expected, int n)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (!is_among(groups[i].names[0], expected, n))
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(groups[i].names) && groups[i].names[j]; j++)
			if (strcmp(groups[i].names[j], name) == 0)
				return groups[i].as;
	}
	return name;
}

/* Whether it stands for itself. Characters have their quotes from bison. */
static bool is_literal(const char *name)
{
	return req_keyword_find(name, strlen(name)) != 0 || strchr("=<>", name[0]);
}

/* "a, 'b' or 'c'" */
static void format_expected(char *out, size_t size, const char *const *expected, int n, int *ret_n)
{
	const char *names[32];
	int n_names = 0;
	size_t used = 0;

	for (int i = 0; i < n && n_names < (int)ARRAY_SIZE(names); i++) {
		const char *name = name_of(expected[i], expected, n);

		if (!is_among(name, names, n_names))
			names[n_names++] = name;
	}
	out[0] = '\0';
	for (int i = 0; i < n_names && used < size; i++) {
		const char *name = names[i];
		const char *between = i == 0 ? "" : i + 1 == n_names ? " or " : ", ";
		const char *quote = is_literal(name) ? "'" : "";
		int m = snprintf(out + used, size - used, "%s%s%s%s", between, quote, name, quote);

		used += (size_t)m;
	}
	*ret_n = n_names;
}

/* What the writer probably meant. */
static const char *find_advice(const ReqParser *p, bool wants_string)
{
	ReqSpan at = p->lexer.span;
	const char *token = p->text + at.start;
	size_t n = at.end - at.start;
	bool is_adjacent = p->previous.end == at.start && p->previous.start < at.start;
	char before = is_adjacent ? p->text[at.start - 1] : '\0';

	if (n == 0)
		return "";
	if (is_adjacent && before >= '0' && before <= '9' && *token >= 'A')
		return "; a string that begins with a digit is put into quotes";
	if (wants_string && *token >= '0' && *token <= '9')
		return "; a string that begins with a digit is put into quotes";
	if (is_adjacent && *token == '-')
		return "; a string with other characters than letters and digits is put into "
		       "quotes";
	if (wants_string && req_keyword_find(token, n) != 0)
		return "; a string that is a word of the language is put into quotes";
	return "";
}

#define SHOWN_MAX 60

/* The token at hand, for a line of text: cut if it is long, without what a terminal would obey. */
static void copy_token(const ReqParser *p, char out[static SHOWN_MAX + 1])
{
	ReqSpan at = p->lexer.span;
	const uint8_t *text = (const uint8_t *)p->text;
	size_t used = 0;

	while (at.start < at.end && used + 4 <= SHOWN_MAX) {
		uint32_t code;
		unsigned size = req_utf8_decode(text + at.start, at.end - at.start, &code);

		if (size > 0 && !req_char_is_hidden(code) && code >= ' ') {
			memcpy(out + used, text + at.start, size);
			used += size;
		} else {
			out[used++] = '?';
		}
		at.start += MAX(size, 1u);
	}
	out[used] = '\0';
}

void req_parser_unexpected(ReqParser *p, bool is_end, const char *const *expected, int n)
{
	ReqSpan at = p->lexer.span;
	char list[256];
	const char *advice = find_advice(p, is_among("a word", expected, n));
	char token[SHOWN_MAX + 1];
	int n_names;

	if (p->stopped)
		return;
	copy_token(p, token);
	format_expected(list, sizeof(list), expected, n, &n_names);
	if (is_end)
		req_diag_error(p->diag, p->text, at.start, "unexpected end of file%s%s",
			n_names > 0 ? "; expecting " : "", list);
	else if (n_names == 1)
		req_diag_error(p->diag, p->text, at.start, "expecting %s, found '%s'%s", list,
			token, advice);
	else
		req_diag_error(p->diag, p->text, at.start, "unexpected token: %s%s%s%s", token,
			n_names > 0 ? "; expecting " : "", list, advice);
}
