/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar. What was in the language once is in it as well, where that is the only way to say
 * what to write instead.
 */
%define api.pure full
%define api.prefix {mig_gr}
%define api.location.type {Span}
%define api.token.prefix {T_}
%define parse.error custom
%define parse.lac full
%locations
%param {Parser *p}

%code requires {
#include "mig/parser.h"
}

%code {
static int mig_grlex(MIG_GRSTYPE *value, Span *span, Parser *p);
static void mig_grerror(const Span *span, Parser *p, const char *text);

/* A rule of nothing lies behind what was before. */
#define YYLLOC_DEFAULT(current, rhs, n)                                                            \
	do {                                                                                           \
		if (n) {                                                                                   \
			(current).start = YYRHSLOC(rhs, 1).start;                                              \
			(current).end = YYRHSLOC(rhs, n).end;                                                  \
		} else {                                                                                   \
			(current).start = (current).end = YYRHSLOC(rhs, 0).end;                                \
		}                                                                                          \
	} while (0)

static AstName make_name(const char *text, Span span)
{
	return (AstName){.text = text, .span = span};
}

static Span join(Span a, Span b)
{
	return (Span){a.start, b.end};
}
}

%union {
	const char *text;
	int64_t number;
	const IpcName *ipc;
	unsigned flag;
	AstDirection direction;
	AstImport import;
	struct {
		const IpcName *in, *out;
	} pair;
	AstTrans trans;
	AstStatement *statement;
	ParserSpec spec;
	ParserBound bound;
	AstArg *arg;
	struct AstArgList *args;
}

%token END 0 "the end of the file"
%token <text> NAME "a name"
%token <text> STRING "a text in quotes"
%token <text> TEXT "a text"
%token <text> FILENAME "\"FILE\" or <FILE>"
%token <text> WORDS "a C type or expression"
%token <number> NUMBER "a number"
%token <ipc> IPC_NAME "MACH_MSG_TYPE_..."

%token ARRAY "array" AUDITTOKEN "audittoken" AUTO "auto" C_STRING "c_string" CONST "const"
%token CONSUMEONSENDERROR "consumeonsenderror" COUNTINOUT "countinout" CSERVERTYPE "cservertype"
%token CTYPE "ctype" CUSERTYPE "cusertype" DEALLOC "dealloc" DESTRUCTOR "destructor"
%token DIMPORT "dimport" ERROR "error" IIMPORT "iimport" IMPORT "import" IN "in" INOUT "inout"
%token INTRAN "intran" KERNELSERVER "kernelserver" KERNELUSER "kerneluser" MSGOPTION "msgoption"
%token MSGSEQNO "msgseqno" NOSENDTIME "nosendtime" NOTDEALLOC "notdealloc" NOWAITTIME "nowaittime"
%token OF "of" ONSTACKLIMIT "OnStackLimit" OUT "out" OUTTRAN "outtran" OVERWRITE "overwrite"
%token PHYSICALCOPY "physicalcopy" POINTERTO "PointerTo" POINTERTOIFNOT "PointerToIfNot"
%token RCSID "rcsid" REPLYPORT "replyport" REQUESTPORT "requestport" RETCODE "retcode"
%token ROUTINE "routine" SAMECOUNT "samecount" SECTOKEN "sectoken" SENDTIME "sendtime"
%token SERVERAUDITTOKEN "serveraudittoken" SERVERCONTEXTTOKEN "servercontexttoken"
%token SERVERDEMUX "serverdemux" SERVERIMPL "serverimpl" SERVERPREFIX "serverprefix"
%token SERVERSECTOKEN "serversectoken" SIMPORT "simport" SIMPLEROUTINE "simpleroutine" SKIP "skip"
%token SREPLYPORT "sreplyport" STRUCT "struct" SUBSYSTEM "subsystem" TYPE "type" UIMPORT "uimport"
%token UREPLYPORT "ureplyport" USERAUDITTOKEN "useraudittoken" USERIMPL "userimpl"
%token USERPREFIX "userprefix" USERSECTOKEN "usersectoken" USERTYPELIMIT "UserTypeLimit"
%token USESPECIALREPLYPORT "usespecialreplyport" VALUEOF "ValueOf" VIRTUALCOPY "virtualcopy"
%token WAITTIME "waittime"

%type <statement> statement subsystem modes
%type <spec> spec trans_spec element_spec native arg_spec
%type <bound> array_bound string_bound
%type <trans> trans
%type <pair> ipc
%type <ipc> ipc_name
%type <number> expression
%type <import> import
%type <direction> direction implementation
%type <arg> arg arg_head
%type <args> args arg_list
%type <flag> flag
%type <number> routine

%left '+' '-'
%left '*' '/'

%%

statements:
	%empty
|	statements statement ';' { parser_statement_add(p, $2); yyerrok; }
|	statements ';'
|	statements error ';' { yyerrok; }
;

statement:
	subsystem
|	MSGOPTION want_text TEXT
		{ $$ = parser_statement_text(p, AST_MSGOPTION_STATEMENT, @$, $3); }
|	WAITTIME want_text TEXT
		{ $$ = parser_statement_text(p, AST_WAITTIME_STATEMENT, @$, $3); }
|	NOWAITTIME { $$ = parser_statement_text(p, AST_WAITTIME_STATEMENT, @$, NULL); }
|	SENDTIME want_text TEXT
		{ $$ = parser_statement_text(p, AST_SENDTIME_STATEMENT, @$, $3); }
|	NOSENDTIME { $$ = parser_statement_text(p, AST_SENDTIME_STATEMENT, @$, NULL); }
|	USESPECIALREPLYPORT expression
		{ $$ = parser_statement_number(p, AST_SPECIAL_REPLY_PORT, @$, $2, @2); }
|	CONSUMEONSENDERROR NAME { $$ = parser_consume(p, @$, make_name($2, @2)); }
|	USERTYPELIMIT expression
		{ $$ = parser_statement_number(p, AST_USER_TYPE_LIMIT, @$, $2, @2); }
|	ONSTACKLIMIT expression
		{ $$ = parser_statement_number(p, AST_ON_STACK_LIMIT, @$, $2, @2); }
|	ERROR NAME { $$ = parser_statement_named(p, AST_ERROR, @$, make_name($2, @2)); }
|	SERVERPREFIX NAME
		{ $$ = parser_statement_named(p, AST_SERVER_PREFIX, @$, make_name($2, @2)); }
|	USERPREFIX NAME
		{ $$ = parser_statement_named(p, AST_USER_PREFIX, @$, make_name($2, @2)); }
|	SERVERDEMUX NAME
		{ $$ = parser_statement_named(p, AST_SERVER_DEMUX, @$, make_name($2, @2)); }
|	TYPE NAME '=' trans_spec
		{
			$$ = parser_statement_named(p, AST_TYPE, @$, make_name($2, @2));
			$$->spec = $4.spec;
		}
|	routine NAME '(' args ')'
		{ $$ = parser_routine(p, $1, @$, make_name($2, @2), $4); }
|	SKIP { $$ = parser_statement(p, AST_SKIP, @$); }
|	import want_file FILENAME { $$ = parser_import(p, $1, @$, $3); }
|	RCSID want_text TEXT { $$ = parser_statement_text(p, AST_RCSID, @$, $3); }
;

/* Raw text is wanted next. The parser needs no token to see that, so none was read too early. */
want_text: %empty { lex_want(&p->lexer, LEX_TEXT); };
want_file: %empty { lex_want(&p->lexer, LEX_FILE); };
want_words: %empty { lex_want(&p->lexer, LEX_WORDS); };

subsystem:
	SUBSYSTEM modes NAME expression
		{
			$$ = $2;
			$$->span = @$;
			$$->name = make_name($3, @3);
			$$->number = $4;
			$$->number_span = @4;
		}
;

modes:
	%empty { $$ = parser_statement(p, AST_SUBSYSTEM, @$); }
|	modes KERNELUSER { $$ = $1; $$->kernel_user = true; }
|	modes KERNELSERVER { $$ = $1; $$->kernel_server = true; }
;

import:
	IMPORT { $$ = AST_IMPORT_ALL; }
|	UIMPORT { $$ = AST_IMPORT_USER; }
|	SIMPORT { $$ = AST_IMPORT_SERVER; }
|	IIMPORT { $$ = AST_IMPORT_INTERNAL; }
|	DIMPORT { $$ = AST_IMPORT_DEFINES; }
;

/* Types. */

trans_spec:
	spec
|	trans_spec trans
		{
			$$ = $1;
			$$.spec->span = @$;
			parser_trans(p, $1, $2);
		}
;

trans:
	INTRAN ':' NAME NAME '(' NAME ')'
		{ $$ = (AstTrans){AST_INTRAN, make_name($3, @3), make_name($4, @4), make_name($6, @6), {0}}; }
|	OUTTRAN ':' NAME NAME '(' NAME ')'
		{ $$ = (AstTrans){AST_OUTTRAN, make_name($3, @3), make_name($4, @4), make_name($6, @6), {0}}; }
|	DESTRUCTOR ':' NAME '(' NAME ')'
		{ $$ = (AstTrans){.kind = AST_DESTRUCTOR, .function = make_name($3, @3), .argument = make_name($5, @5)}; }
|	CTYPE ':' NAME { $$ = (AstTrans){.kind = AST_CTYPE, .result = make_name($3, @3)}; }
|	CUSERTYPE ':' NAME { $$ = (AstTrans){.kind = AST_CUSERTYPE, .result = make_name($3, @3)}; }
|	CSERVERTYPE ':' NAME { $$ = (AstTrans){.kind = AST_CSERVERTYPE, .result = make_name($3, @3)}; }
;

spec:
	NAME { $$ = parser_spec_named(p, make_name($1, @1)); }
|	element_spec
|	native
;

/* Whatever has neither a name nor a form of its own among arguments. */
element_spec:
	ipc { $$ = parser_spec_ipc(p, @$, $1.in, $1.out); }
|	'(' ipc ',' expression ')'
		{
			$$ = parser_spec_ipc(p, @$, $2.in, $2.out);
			$$.spec->bits = $4;
		}
|	'(' ipc ',' expression old_flags ')'
		{
			diag_error(p->diag, @5, "a type has no flags any more; write them after the argument: "
				"`NAME : TYPE, dealloc`");
			$$ = parser_spec_ipc(p, @$, $2.in, $2.out);
		}
|	ARRAY array_bound OF spec
		{ $$ = parser_spec_bound(parser_spec_of(p, AST_SPEC_ARRAY, @$, $4), $2); }
|	STRUCT '[' expression ']' OF spec
		{
			$$ = parser_spec_bound(parser_spec_of(p, AST_SPEC_STRUCT, @$, $6),
				(ParserBound){AST_BOUND_FIXED, $3, @3});
		}
|	'^' spec { $$ = parser_spec_of(p, AST_SPEC_POINTER, @$, $2); }
|	C_STRING array_bound
		{ $$ = parser_spec_bound(parser_spec(p, AST_SPEC_STRING, @$), $2); }
;

old_flags:
	',' old_flag
|	old_flags ',' old_flag
;

old_flag: DEALLOC | NOTDEALLOC | NAME | CONST | AUTO;

array_bound:
	'[' ']' { $$ = (ParserBound){AST_BOUND_NONE, 0, @$}; }
|	'[' '*' ']' { $$ = (ParserBound){AST_BOUND_NONE, 0, @$}; }
|	string_bound
;

string_bound:
	'[' expression ']' { $$ = (ParserBound){AST_BOUND_FIXED, $2, @2}; }
|	'[' '*' ':' expression ']' { $$ = (ParserBound){AST_BOUND_LIMITED, $4, @4}; }
;

native:
	POINTERTO '(' want_words WORDS ')'
		{ $$ = parser_spec_native(p, AST_NATIVE_POINTER, @$, $4); }
|	POINTERTOIFNOT '(' want_words WORDS ',' want_words WORDS ')'
		{
			$$ = parser_spec_native(p, AST_NATIVE_POINTER_IF_NOT, @$, $4);
			$$.spec->bad = $7;
		}
|	VALUEOF '(' want_words WORDS ')'
		{ $$ = parser_spec_native(p, AST_NATIVE_VALUE, @$, $4); }
;

ipc:
	ipc_name { $$.in = $$.out = $1; }
|	ipc_name '|' ipc_name { $$.in = $1; $$.out = $3; }
;

ipc_name:
	IPC_NAME
|	NUMBER { $$ = parser_ipc_number(p, $1, @1); }
;

expression:
	NUMBER
|	'(' expression ')' { $$ = $2; }
|	expression '+' expression { $$ = parser_compute(p, '+', $1, $3, @$); }
|	expression '-' expression { $$ = parser_compute(p, '-', $1, $3, @$); }
|	expression '*' expression { $$ = parser_compute(p, '*', $1, $3, @$); }
|	expression '/' expression { $$ = parser_compute(p, '/', $1, $3, @$); }
;

/* Routines. */

routine:
	ROUTINE { $$ = false; p->n_arguments = 0; }
|	SIMPLEROUTINE { $$ = true; p->n_arguments = 0; }
;

args:
	%empty { $$ = NULL; }
|	arg_list
;

arg_list:
	arg
		{
			$$ = arena_new(p->arena, struct AstArgList);
			STAILQ_INIT($$);
			parser_arg_add(p, $$, $1);
		}
|	arg_list separator arg { $$ = $1; parser_arg_add(p, $$, $3); }
;

/* Whatever was wrong, the next argument is looked at again. */
separator: ';' { yyerrok; };

arg:
	arg_head ':' arg_spec
		{
			$$ = $1;
			parser_arg_type($$, $3);
		}
|	arg_head ':' NAME '=' trans_spec
		{
			$$ = $1;
			parser_arg_type($$, $5);
			$$->type_name = make_name($3, @3);
		}
|	arg ',' flag { $$ = $1; parser_arg_flag(p, $$, $3, @3); }
|	arg ',' flag '[' ']'
		{
			$$ = $1;
			if ($3 != AST_FLAG_DEALLOC)
				diag_error(p->diag, join(@4, @5), "only `dealloc` has a form with []; leave them out");
			else
				parser_arg_flag(p, $$, AST_FLAG_MAYBE_DEALLOC, join(@3, @5));
		}
|	error { $$ = NULL; }
;

arg_head:
	NAME { $$ = parser_arg(p, AST_IN_DEFAULT, @1, make_name($1, @1)); }
|	direction NAME { $$ = parser_arg(p, $1, @1, make_name($2, @2)); }
|	implementation NAME { $$ = parser_arg(p, $1, @1, make_name($2, @2)); }
;

arg_spec:
	NAME { $$ = parser_spec_named(p, make_name($1, @1)); }
|	native
|	element_spec
		{
			diag_error(p->diag, @$, "the type of an argument has a name; write `NAME = ` before it");
			$$ = $1;
		}
;

implementation:
	USERIMPL { $$ = AST_USERIMPL; }
|	SERVERIMPL { $$ = AST_SERVERIMPL; }
;

direction:
	IN { $$ = AST_IN; }
|	OUT { $$ = AST_OUT; }
|	INOUT { $$ = AST_INOUT; }
|	REQUESTPORT { $$ = AST_REQUESTPORT; }
|	REPLYPORT { $$ = AST_REPLYPORT; }
|	SREPLYPORT { $$ = AST_SREPLYPORT; }
|	UREPLYPORT { $$ = AST_UREPLYPORT; }
|	WAITTIME { $$ = AST_WAITTIME; }
|	SENDTIME { $$ = AST_SENDTIME; }
|	MSGOPTION { $$ = AST_MSGOPTION; }
|	SECTOKEN { $$ = AST_SECTOKEN; }
|	SERVERSECTOKEN { $$ = AST_SERVERSECTOKEN; }
|	USERSECTOKEN { $$ = AST_USERSECTOKEN; }
|	AUDITTOKEN { $$ = AST_AUDITTOKEN; }
|	SERVERAUDITTOKEN { $$ = AST_SERVERAUDITTOKEN; }
|	USERAUDITTOKEN { $$ = AST_USERAUDITTOKEN; }
|	SERVERCONTEXTTOKEN { $$ = AST_SERVERCONTEXTTOKEN; }
|	MSGSEQNO { $$ = AST_MSGSEQNO; }
;

flag:
	SAMECOUNT { $$ = AST_FLAG_SAMECOUNT; }
|	RETCODE { $$ = AST_FLAG_RETCODE; }
|	PHYSICALCOPY { $$ = AST_FLAG_PHYSICALCOPY; }
|	OVERWRITE { $$ = AST_FLAG_OVERWRITE; }
|	DEALLOC { $$ = AST_FLAG_DEALLOC; }
|	NOTDEALLOC { $$ = AST_FLAG_NOTDEALLOC; }
|	COUNTINOUT { $$ = AST_FLAG_COUNTINOUT; }
|	AUTO { $$ = AST_FLAG_AUTO; }
|	CONST { $$ = AST_FLAG_CONST; }
|	VIRTUALCOPY { $$ = AST_FLAG_VIRTUALCOPY; }
;

%%

static int mig_grlex(MIG_GRSTYPE *value, Span *span, Parser *p)
{
	int token = lex_next(&p->lexer);

	*span = p->lexer.span;
	switch (token) {
	case T_SUBSYSTEM:
		p->is_told = true;
		break;
	case T_NAME:
	case T_STRING:
	case T_TEXT:
	case T_FILENAME:
	case T_WORDS:
		value->text = p->lexer.value.text;
		break;
	case T_NUMBER:
		value->number = p->lexer.value.number;
		break;
	case T_IPC_NAME:
		value->ipc = p->lexer.value.ipc;
		break;
	}
	return token;
}

/* bison has no more memory, or more levels than it allows itself. */
static void mig_grerror(const Span *span, Parser *p, const char *text)
{
	(void)text;
	diag_error(p->diag, *span, "this is nested too deeply; write it in parts");
}

#define EXPECTED_MAX 128

static int yyreport_syntax_error(const yypcontext_t *context, Parser *p)
{
	yysymbol_kind_t kinds[EXPECTED_MAX];
	const char *names[EXPECTED_MAX];
	int n = yypcontext_expected_tokens(context, kinds, EXPECTED_MAX);

	if (n < 0)
		return n;
	for (int i = 0; i < n; i++)
		names[i] = yysymbol_name(kinds[i]);
	parser_unexpected(p, yysymbol_name(yypcontext_token(context)), names, n);
	return 0;
}
