/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_PARSER_H
#define PORTCULLIS_MIG_PARSER_H

/*
 * What the actions of the grammar are made of: they put the tree together, within bounds, and tell
 * what the grammar accepts only to say what is wrong with it. A type of many levels is cut where it
 * is too deep, a list where it is too long, after an error: whoever walks the tree may recurse.
 */

#include "mig/arena.h"
#include "mig/ast.h"
#include "mig/diag.h"
#include "mig/lex.h"

#define PARSER_DEPTH_MAX 64
#define PARSER_ARGUMENTS_MAX 1024
#define PARSER_STATEMENTS_MAX 65536

typedef struct Parser {
	Arena *arena;
	Diag *diag;
	Ast *ast;
	Lexer lexer;
	unsigned n_statements;
	unsigned n_arguments; /* of the routine at hand */
	const AstStatement *subsystem; /* NULL: none so far */
	bool is_late; /* there was a routine before */
	bool is_told; /* there was the word `subsystem`: if it came to nothing, that has been told */
} Parser;

/* A type, and how many types it is made of, on the longest way down. */
typedef struct ParserSpec {
	AstSpec *spec;
	unsigned depth;
} ParserSpec;

typedef struct ParserBound {
	AstBound kind;
	int64_t count;
	Span span;
} ParserBound;

AstStatement *parser_statement(Parser *p, AstKind kind, Span span);
/* Into the tree. */
void parser_statement_add(Parser *p, AstStatement *s);
AstStatement *parser_statement_named(Parser *p, AstKind kind, Span span, AstName name);
AstStatement *parser_statement_number(Parser *p, AstKind kind, Span span, int64_t n, Span n_span);
AstStatement *parser_statement_text(Parser *p, AstKind kind, Span span, const char *text);
AstStatement *parser_consume(Parser *p, Span span, AstName word);
AstStatement *parser_import(Parser *p, AstImport import, Span span, const char *file);
AstStatement *parser_routine(
	Parser *p, bool simple, Span span, AstName name, struct AstArgList *args);

ParserSpec parser_spec(Parser *p, AstSpecKind kind, Span span);
/* The element of an array, or whatever is made of another type. */
ParserSpec parser_spec_of(Parser *p, AstSpecKind kind, Span span, ParserSpec element);
ParserSpec parser_spec_ipc(Parser *p, Span span, const IpcName *in, const IpcName *out);
ParserSpec parser_spec_named(Parser *p, AstName name);
ParserSpec parser_spec_native(Parser *p, AstNative native, Span span, const char *words);
ParserSpec parser_spec_bound(ParserSpec spec, ParserBound bound);
void parser_trans(Parser *p, ParserSpec spec, AstTrans trans);

/* What stands for the elementary type of a number, after an error if there is none. */
const IpcName *parser_ipc_number(Parser *p, int64_t number, Span span);

AstArg *parser_arg(Parser *p, AstDirection direction, Span direction_span, AstName name);
void parser_arg_type(AstArg *arg, ParserSpec spec);
void parser_arg_flag(Parser *p, AstArg *arg, unsigned flag, Span span);
void parser_arg_add(Parser *p, struct AstArgList *args, AstArg *arg);

/* a OPERATOR b; after an error if that cannot be told. */
int64_t parser_compute(Parser *p, char operator, int64_t a, int64_t b, Span span);

/* The token at hand does not fit. expected: those that would, by their names in the grammar. */
void parser_unexpected(Parser *p, const char *token, const char *const *expected, int n);

#endif
