/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to say about a token that does not fit. The most telling reason goes first: a word that the
 * language does not have any more, a keyword where a name belongs, a missing semicolon; at last, a
 * list of what could be there.
 */
#include "mig/parser.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "mig/grammar.h"
#include "mig/keyword.h"

#define LISTED_MAX 6

static const char *copy_span(Parser *p, Span span)
{
	const Source *s = p->diag->source;

	return arena_strndup(p->arena, s->text + span.start, span.end - span.start);
}

static bool is_expected(const char *const *expected, int n, const char *name)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(expected[i], name) == 0)
			return true;
	}
	return false;
}

/* As it is called in a message: what is written as it stands is put in quotes. */
static const char *quote(Parser *p, const char *name)
{
	size_t n = strlen(name);

	if (name[0] == '\'' && n == 3)
		return arena_printf(p->arena, "`%c`", name[1]);
	if (strchr(name, ' ') || name[0] == '"' || strncmp(name, "MACH_", 5) == 0)
		return name;
	return arena_printf(p->arena, "`%s`", name);
}

static const char *list(Parser *p, const char *const *expected, int n)
{
	const char *text = "";

	for (int i = 0; i < n; i++)
		text = arena_printf(p->arena, "%s%s%s", text,
			i == 0	    ? ""
			: i + 1 < n ? ", "
				    : " or ",
			quote(p, expected[i]));
	return text;
}

/* Whether a type may begin so. */
static bool begins_type(const char *word)
{
	static const char *const words[] = {
		"array", "struct", "c_string", "polymorphic", "^", "(", "PointerTo", "ValueOf"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(words[i], word) == 0)
			return true;
	}
	return (isalnum((unsigned char)word[0]) || word[0] == '_') && keyword_find(word) == 0;
}

/* Words that stood before a name or a type once, and are taken for that now. */
static bool stood_before(const char *word, const char *next)
{
	static const char *const of_types[] = {
		"inline", "islong", "isnotlong", "long", "notinline"};

	if (strcasecmp(word, "camelot") == 0 || strcasecmp(word, "msgtype") == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(of_types); i++) {
		if (strcasecmp(of_types[i], word) == 0)
			return begins_type(next);
	}
	return false;
}

/* A word that is none of the language's, or the one before it, which was taken for a name. */
static const char *find_advice(Parser *p, const char *word, Span *at)
{
	const char *advice = keyword_find_advice(word);
	const char *previous = copy_span(p, p->lexer.previous);

	if (advice || !stood_before(previous, word))
		return advice;
	*at = p->lexer.previous;
	return keyword_find_advice(previous);
}

/* What is missing lies behind the token before: that is where it has to be written. */
static Span behind_previous(const Parser *p)
{
	uint32_t end = p->lexer.previous.end;

	return (Span){end > 0 ? end - 1 : 0, end};
}

void parser_unexpected(Parser *p, const char *token, const char *const *expected, int n)
{
	Span at = p->lexer.span;
	const char *word = copy_span(p, at), *advice = find_advice(p, word, &at);
	const char *shown = at.end > at.start ? arena_printf(p->arena, "`%s`", word) : token;
	bool is_keyword = keyword_find(word) != 0;
	bool is_statement = is_expected(expected, n, "subsystem");

	if (strlen(shown) > 60)
		shown = token;
	if (advice)
		diag_error(p->diag, at, "%s", advice);
	else if (is_statement)
		diag_error(p->diag, at,
			"no statement begins with %s; write one of those of the "
			"manual page mig(1), such as `type` or `routine`",
			shown);
	else if (is_keyword && is_expected(expected, n, "a name"))
		diag_error(p->diag, at, "%s is a word of the language; choose another name", shown);
	else if (is_expected(expected, n, "';'") && (is_keyword || at.end == at.start))
		diag_error(p->diag, behind_previous(p), "`;` is missing before %s; write it here",
			shown);
	else if (is_expected(expected, n, "';'") && strcmp(word, ",") == 0)
		diag_error(p->diag, at, "`,` does not separate these; write `;`");
	else if (n > 0 && n <= LISTED_MAX)
		diag_error(
			p->diag, at, "%s does not fit here; write %s", shown, list(p, expected, n));
	else if (is_expected(expected, n, "array"))
		diag_error(p->diag, at,
			"%s is no type; write a name, MACH_MSG_TYPE_..., `array`, "
			"`struct`, `c_string` or `^`",
			shown);
	else if (is_expected(expected, n, "requestport"))
		diag_error(p->diag, at,
			"%s is no argument; write `NAME : TYPE`, with `in`, `out` or "
			"another direction before it",
			shown);
	else if (is_expected(expected, n, "samecount"))
		diag_error(p->diag, at,
			"%s is no flag; write one such as `dealloc` or `countinout`", shown);
	else
		diag_error(p->diag, at, "%s does not fit here; see the manual page mig(1)", shown);
}
