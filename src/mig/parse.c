/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/parse.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "mig/grammar.h"
#include "mig/parser.h"

static const char text_too_deep[] = "types are nested more than %d deep; write them in parts";

AstStatement *parser_statement(Parser *p, AstKind kind, Span span)
{
	AstStatement *s = arena_new(p->arena, AstStatement);

	s->kind = kind;
	s->span = span;
	STAILQ_INIT(&s->args);
	return s;
}

static void note_order(Parser *p, const AstStatement *s)
{
	if (s->kind == AST_ROUTINE || s->kind == AST_SKIP) {
		if (!p->subsystem && !p->is_late && !p->is_told)
			diag_error(p->diag, s->span,
				"there is no subsystem yet; write `subsystem NAME "
				"NUMBER;` before the first routine");
		p->is_late = true;
	}
	if (s->kind != AST_SUBSYSTEM)
		return;
	if (p->subsystem) {
		diag_error(p->diag, s->span,
			"a file has one subsystem only; put this one into a "
			"file of its own");
		diag_note(p->diag, p->subsystem->span, "the first one is here");
		return;
	}
	p->subsystem = s;
}

void parser_statement_add(Parser *p, AstStatement *s)
{
	if (++p->n_statements > PARSER_STATEMENTS_MAX) {
		if (p->n_statements == PARSER_STATEMENTS_MAX + 1)
			diag_error(p->diag, s->span,
				"there are more than %d statements; divide the "
				"file",
				PARSER_STATEMENTS_MAX);
		return;
	}
	note_order(p, s);
	STAILQ_INSERT_TAIL(&p->ast->statements, s, link);
}

AstStatement *parser_statement_named(Parser *p, AstKind kind, Span span, AstName name)
{
	AstStatement *s = parser_statement(p, kind, span);

	s->name = name;
	return s;
}

AstStatement *parser_statement_number(Parser *p, AstKind kind, Span span, int64_t n, Span n_span)
{
	AstStatement *s = parser_statement(p, kind, span);

	s->number = n;
	s->number_span = n_span;
	return s;
}

AstStatement *parser_statement_text(Parser *p, AstKind kind, Span span, const char *text)
{
	AstStatement *s = parser_statement(p, kind, span);

	if (kind == AST_MSGOPTION_STATEMENT && strcmp(text, "MACH_MSG_OPTION_NONE") == 0)
		text = NULL;
	if (text && *text == '\0' && kind != AST_RCSID)
		diag_error(p->diag, span, "there is nothing in the quotes; write a C expression");
	s->text = text;
	return s;
}

AstStatement *parser_consume(Parser *p, Span span, AstName word)
{
	static const char *const words[] = {
		[AST_CONSUME_NONE] = "none",
		[AST_CONSUME_TIMEOUT] = "timeout",
		[AST_CONSUME_ANY] = "any",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcasecmp(word.text, words[i]) == 0)
			return parser_statement_number(
				p, AST_CONSUME_ON_SEND_ERROR, span, (int64_t)i, word.span);
	}
	diag_error(p->diag, word.span, "`%s` is no kind of error; write None, Timeout or Any",
		word.text);
	return parser_statement_number(p, AST_CONSUME_ON_SEND_ERROR, span, 0, word.span);
}

AstStatement *parser_import(Parser *p, AstImport import, Span span, const char *file)
{
	AstStatement *s = parser_statement(p, AST_IMPORT, span);

	s->import = import;
	s->text = file;
	return s;
}

AstStatement *parser_routine(
	Parser *p, bool simple, Span span, AstName name, struct AstArgList *args)
{
	AstStatement *s = parser_statement_named(p, AST_ROUTINE, span, name);

	s->simple = simple;
	if (args)
		STAILQ_CONCAT(&s->args, args);
	return s;
}

ParserSpec parser_spec(Parser *p, AstSpecKind kind, Span span)
{
	AstSpec *spec = arena_new(p->arena, AstSpec);

	spec->kind = kind;
	spec->span = span;
	spec->bits = -1;
	STAILQ_INIT(&spec->trans);
	return (ParserSpec){spec, 1};
}

ParserSpec parser_spec_of(Parser *p, AstSpecKind kind, Span span, ParserSpec element)
{
	ParserSpec spec = parser_spec(p, kind, span);
	const IpcName *leaf = ipcname_find_number(IPC_NAME_INTEGER_32);

	if (element.depth >= PARSER_DEPTH_MAX) {
		diag_error(p->diag, span, text_too_deep, PARSER_DEPTH_MAX);
		element = parser_spec_ipc(p, span, leaf, leaf);
	}
	spec.spec->element = element.spec;
	spec.depth = element.depth + 1;
	return spec;
}

ParserSpec parser_spec_ipc(Parser *p, Span span, const IpcName *in, const IpcName *out)
{
	ParserSpec spec = parser_spec(p, AST_SPEC_IPC, span);

	spec.spec->in = in;
	spec.spec->out = out;
	return spec;
}

ParserSpec parser_spec_named(Parser *p, AstName name)
{
	ParserSpec spec = parser_spec(p, AST_SPEC_NAMED, name.span);

	spec.spec->name = name;
	return spec;
}

ParserSpec parser_spec_native(Parser *p, AstNative native, Span span, const char *words)
{
	ParserSpec spec = parser_spec(p, AST_SPEC_NATIVE, span);

	spec.spec->native = native;
	spec.spec->words = words;
	return spec;
}

ParserSpec parser_spec_bound(ParserSpec spec, ParserBound bound)
{
	spec.spec->bound = bound.kind;
	spec.spec->count = bound.count;
	spec.spec->count_span = bound.span;
	return spec;
}

void parser_trans(Parser *p, ParserSpec spec, AstTrans trans)
{
	AstTrans *copy = arena_new(p->arena, AstTrans);

	*copy = trans;
	STAILQ_INSERT_TAIL(&spec.spec->trans, copy, link);
}

const IpcName *parser_ipc_number(Parser *p, int64_t number, Span span)
{
	const IpcName *name = ipcname_find_number(number);

	if (name)
		return name;
	diag_error(p->diag, span,
		"there is no elementary type with this number; write its name, "
		"MACH_MSG_TYPE_...");
	return ipcname_find_number(IPC_NAME_INTEGER_32);
}

AstArg *parser_arg(Parser *p, AstDirection direction, Span direction_span, AstName name)
{
	AstArg *arg = arena_new(p->arena, AstArg);

	arg->direction = direction;
	arg->direction_span = direction_span;
	arg->name = name;
	return arg;
}

void parser_arg_type(AstArg *arg, ParserSpec spec)
{
	arg->type = spec.spec;
}

void parser_arg_flag(Parser *p, AstArg *arg, unsigned flag, Span span)
{
	/* After an error in it there is no argument. */
	if (!arg)
		return;
	if (arg->flags & flag)
		diag_warning(p->diag, span, "this is there already; leave it out");
	arg->flags |= flag;
	arg->flag_spans[__builtin_ctz(flag)] = span;
}

void parser_arg_add(Parser *p, struct AstArgList *args, AstArg *arg)
{
	if (!arg)
		return;
	if (++p->n_arguments > PARSER_ARGUMENTS_MAX) {
		if (p->n_arguments == PARSER_ARGUMENTS_MAX + 1)
			diag_error(p->diag, arg->name.span,
				"a routine has %d arguments at most; "
				"put some into a structure",
				PARSER_ARGUMENTS_MAX);
		return;
	}
	STAILQ_INSERT_TAIL(args, arg, link);
}

int64_t parser_compute(Parser *p, char operator, int64_t a, int64_t b, Span span)
{
	bool is_too_large = false;
	int64_t result = 1;

	if (operator== '/' && b == 0) {
		diag_error(p->diag, span, "nothing can be divided by 0; write another number");
		return 1;
	}
	switch (operator) {
	case '+':
		is_too_large = __builtin_add_overflow(a, b, &result);
		break;
	case '-':
		is_too_large = __builtin_sub_overflow(a, b, &result);
		break;
	case '*':
		is_too_large = __builtin_mul_overflow(a, b, &result);
		break;
	case '/':
		is_too_large = a == INT64_MIN && b == -1;
		result = is_too_large ? 1 : a / b;
		break;
	}
	if (!is_too_large && result <= INT32_MAX && result >= INT32_MIN)
		return result;
	diag_error(p->diag, span, "the result is too large; the largest number is %d", INT32_MAX);
	return 1;
}

void parse_source(const Source *source, Arena *a, Diag *d, Ast *ret)
{
	Parser p = {.arena = a, .diag = d, .ast = ret};

	STAILQ_INIT(&ret->statements);
	lex_init(&p.lexer, source, a, d);
	/* What it returns says no more than diag knows. */
	(void)mig_grparse(&p);
	lex_deinit(&p.lexer);
	if (!p.subsystem && !p.is_late && d->n_errors == 0)
		diag_error(d, SPAN_NONE, "there is no subsystem; write `subsystem NAME NUMBER;`");
}

void parse_warn_pragmas(const Source *source, Diag *d)
{
	const char *end = source->text + source->size, *next;

	for (const char *p = source->text; p < end; p = next) {
		const char *line = p + strspn(p, " \t");
		uint32_t start = (uint32_t)(line - source->text);

		next = memchr(p, '\n', (size_t)(end - p));
		next = next ? next + 1 : end;
		if (*line != '#')
			continue;
		line += 1 + strspn(line + 1, " \t");
		if (strncmp(line, "pragma", 6) == 0)
			diag_warning(d, (Span){start, start + 1}, "`#pragma` has no effect here");
	}
}
