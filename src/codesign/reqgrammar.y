/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of requirements: the lineage's, and what we add so that everything has a text (the word
 * `generic` begins most of that). codesign-requirements(7) tells which is which.
 */
%define api.pure full
%define api.prefix {req_gr}
%define api.location.type {ReqSpan}
%define api.token.prefix {R_}
%define parse.error custom
%define parse.lac full
%locations
%param {ReqParser *p}

%code requires {
#include "codesign/reqparser.h"
}

%code {
static int req_grlex(REQ_GRSTYPE *value, ReqSpan *span, ReqParser *p);
static void req_grerror(const ReqSpan *span, ReqParser *p, const char *text);

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

/* What goes wrong for us, and not in the text, ends it. */
#define CHECK                                                                                      \
	do {                                                                                           \
		if (p->r != 0)                                                                             \
			YYABORT;                                                                               \
	} while (0)
}

%union {
	ReqData data;
	uint64_t number;
	uint32_t node;
	uint32_t type;
	int32_t slot;
	ReqSelector selector;
	ReqMatchTerm match;
	ReqTerm term;
}

%token END 0 "end of file"
%token WANT_ANY WANT_REQUIREMENT WANT_SET
%token <data> WORD "a word" STRING "a string" HEX "0xHEX" HASH "H\"HEX\"" PATH "a path"
%token <number> NUMBER "a number"
%token ARROW "=>" EQUAL "=" LESS_EQUAL "<=" GREATER_EQUAL ">="
%token ABSENT "absent" ALWAYS "always" ANCHOR "anchor" AND "and" APPLE "apple" CDHASH "cdhash"
%token CERTIFICATE "certificate" DESIGNATED "designated" ENTITLEMENT "entitlement" EXISTS "exists"
%token FALSE "false" GENERIC "generic" GUEST "guest" HOST "host" IDENTIFIER "identifier" INFO "info"
%token LEAF "leaf" LEGACY "legacy" LIBRARY "library" NEVER "never" NOTARIZED "notarized" OR "or"
%token PLATFORM "platform" PLUGIN "plugin" ROOT "root" TIMESTAMP "timestamp" TRUE "true"
%token TRUSTED "trusted"
/* A word as any other, but for one place. */
%token <data> SKIP "skip"

%type <node> expr term primary anchor certificate
%type <type> type
%type <slot> slot
%type <data> str val hash
%type <selector> selector
%type <match> match value_match date_match
%type <term> slotspec

%%

input:
	WANT_ANY requirement
|	WANT_ANY set
|	WANT_REQUIREMENT requirement
|	WANT_SET set
;

requirement: expr semicolons { p->root = $1; };

semicolons: %empty | semicolons ';';

set: entry | set entry;

entry: type ARROW expr semicolons { req_parser_entry(p, $1, $3); CHECK; };

type:
	HOST { $$ = REQ_TYPE_HOST; }
|	GUEST { $$ = REQ_TYPE_GUEST; }
|	DESIGNATED { $$ = REQ_TYPE_DESIGNATED; }
|	LIBRARY { $$ = REQ_TYPE_LIBRARY; }
|	PLUGIN { $$ = REQ_TYPE_PLUGIN; }
|	NUMBER { $$ = req_parser_number(p, $1, @1); }
;

expr:
	term
|	expr or term
		{ $$ = req_parser_node(p, &(ReqTerm){.op = REQ_OP_OR}, $1, $3, @2); CHECK; }
;

term:
	primary
|	term and primary
		{ $$ = req_parser_node(p, &(ReqTerm){.op = REQ_OP_AND}, $1, $3, @2); CHECK; }
;

/* Whatever was wrong before, the next operand is looked at again. */
or: OR { yyerrok; };

and: AND { yyerrok; };

primary:
	'(' expr ')' { $$ = $2; }
|	'(' str ')' { $$ = req_parser_key(p, REQ_OP_NAMED_CODE, $2, @2); CHECK; }
|	'!' primary
		{
			$$ = req_parser_node(p, &(ReqTerm){.op = REQ_OP_NOT}, $2, REQ_NODE_NONE, @1);
			CHECK;
		}
|	ALWAYS { $$ = req_parser_leaf(p, REQ_OP_TRUE, @1); CHECK; }
|	TRUE { $$ = req_parser_leaf(p, REQ_OP_TRUE, @1); CHECK; }
|	NEVER { $$ = req_parser_leaf(p, REQ_OP_FALSE, @1); CHECK; }
|	FALSE { $$ = req_parser_leaf(p, REQ_OP_FALSE, @1); CHECK; }
|	anchor
|	certificate
|	INFO '[' str ']' match { $$ = req_parser_field(p, REQ_OP_INFO_FIELD, $3, &$5, @1); CHECK; }
|	INFO '[' str ']' LEGACY EQUAL val
		{
			ReqMatchTerm value = {.value = $7};

			$$ = req_parser_field(p, REQ_OP_INFO_VALUE, $3, &value, @1);
			CHECK;
		}
|	ENTITLEMENT '[' str ']' match
		{ $$ = req_parser_field(p, REQ_OP_ENTITLEMENT_FIELD, $3, &$5, @1); CHECK; }
|	IDENTIFIER equal str { $$ = req_parser_key(p, REQ_OP_IDENTIFIER, $3, @1); CHECK; }
|	CDHASH equal HASH { $$ = req_parser_cdhash(p, $3, @1, @3); CHECK; }
|	PLATFORM equal NUMBER
		{
			ReqTerm term = {.op = REQ_OP_PLATFORM, .number = req_parser_number(p, $3, @3)};

			$$ = req_parser_node(p, &term, REQ_NODE_NONE, REQ_NODE_NONE, @1);
			CHECK;
		}
|	NOTARIZED { $$ = req_parser_leaf(p, REQ_OP_NOTARIZED, @1); CHECK; }
|	LEGACY { $$ = req_parser_leaf(p, REQ_OP_LEGACY, @1); CHECK; }
|	GENERIC FALSE NUMBER HASH
		{
			$$ = req_parser_generic(p, REQ_OP_GENERIC_FALSE, $3, $4, REQ_NODE_NONE, @3);
			CHECK;
		}
|	GENERIC SKIP NUMBER HASH primary
		{ $$ = req_parser_generic(p, REQ_OP_GENERIC_SKIP, $3, $4, $5, @3); CHECK; }
|	error { $$ = req_parser_leaf(p, REQ_OP_FALSE, @1); CHECK; }
;

anchor:
	ANCHOR APPLE { $$ = req_parser_leaf(p, REQ_OP_APPLE_ANCHOR, @1); CHECK; }
|	ANCHOR APPLE GENERIC { $$ = req_parser_leaf(p, REQ_OP_APPLE_GENERIC_ANCHOR, @1); CHECK; }
|	ANCHOR GENERIC APPLE { $$ = req_parser_leaf(p, REQ_OP_APPLE_GENERIC_ANCHOR, @1); CHECK; }
|	ANCHOR APPLE str { $$ = req_parser_key(p, REQ_OP_NAMED_ANCHOR, $3, @1); CHECK; }
|	ANCHOR TRUSTED { $$ = req_parser_leaf(p, REQ_OP_TRUSTED_CERTS, @1); CHECK; }
|	ANCHOR slotspec
		{
			$2.slot = REQ_SLOT_ROOT;
			$$ = req_parser_node(p, &$2, REQ_NODE_NONE, REQ_NODE_NONE, @1);
			CHECK;
		}
;

certificate:
	CERTIFICATE TRUSTED { $$ = req_parser_leaf(p, REQ_OP_TRUSTED_CERTS, @1); CHECK; }
|	CERTIFICATE slot TRUSTED
		{
			ReqTerm term = {.op = REQ_OP_TRUSTED_CERT, .slot = $2};

			$$ = req_parser_node(p, &term, REQ_NODE_NONE, REQ_NODE_NONE, @1);
			CHECK;
		}
|	CERTIFICATE slot slotspec
		{
			$3.slot = $2;
			$$ = req_parser_node(p, &$3, REQ_NODE_NONE, REQ_NODE_NONE, @1);
			CHECK;
		}
;

slot:
	NUMBER { $$ = req_parser_slot(p, $1, false, @1); }
|	'-' NUMBER { $$ = req_parser_slot(p, $2, true, @2); }
|	LEAF { $$ = REQ_SLOT_LEAF; }
|	ROOT { $$ = REQ_SLOT_ROOT; }
;

slotspec:
	equal hash { $$ = (ReqTerm){.op = REQ_OP_ANCHOR_HASH, .key = $2}; }
|	'[' selector ']' match
		{
			$$ = (ReqTerm){.op = $2.op, .key = $2.key, .match = $4.match, .value = $4.value,
				.time = $4.time};
		}
;

selector:
	str { $$ = req_parser_selector(p, $1, @1); CHECK; }
|	WORD HASH { $$ = req_parser_selector_raw(p, $1, $2, @1); }
|	TIMESTAMP HASH { $$ = (ReqSelector){REQ_OP_CERT_FIELD_DATE, $2}; }
|	GENERIC str { $$ = (ReqSelector){REQ_OP_CERT_FIELD, $2}; }
;

hash:
	HASH { $$ = req_parser_cert_hash(p, $1, @1); }
|	PATH { $$ = req_parser_cert_file(p, $1, @1); CHECK; }
|	STRING { $$ = req_parser_cert_file(p, $1, @1); CHECK; }
;

match:
	%empty { $$ = (ReqMatchTerm){.match = REQ_MATCH_EXISTS}; }
|	EXISTS { $$ = (ReqMatchTerm){.match = REQ_MATCH_EXISTS}; }
|	ABSENT { $$ = (ReqMatchTerm){.match = REQ_MATCH_ABSENT}; }
|	value_match
|	date_match
|	GENERIC NUMBER HASH
		{ $$ = (ReqMatchTerm){.match = req_parser_match_number(p, $2, @2), .value = $3}; }
;

value_match:
	EQUAL val { $$ = (ReqMatchTerm){.match = REQ_MATCH_EQUAL, .value = $2}; }
|	EQUAL val '*' { $$ = (ReqMatchTerm){.match = REQ_MATCH_BEGINS_WITH, .value = $2}; }
|	EQUAL '*' val { $$ = (ReqMatchTerm){.match = REQ_MATCH_ENDS_WITH, .value = $3}; }
|	EQUAL '*' val '*' { $$ = (ReqMatchTerm){.match = REQ_MATCH_CONTAINS, .value = $3}; }
|	'~' val { $$ = (ReqMatchTerm){.match = REQ_MATCH_CONTAINS, .value = $2}; }
|	'<' val { $$ = (ReqMatchTerm){.match = REQ_MATCH_LESS, .value = $2}; }
|	'>' val { $$ = (ReqMatchTerm){.match = REQ_MATCH_GREATER, .value = $2}; }
|	LESS_EQUAL val { $$ = (ReqMatchTerm){.match = REQ_MATCH_LESS_EQUAL, .value = $2}; }
|	GREATER_EQUAL val { $$ = (ReqMatchTerm){.match = REQ_MATCH_GREATER_EQUAL, .value = $2}; }
;

date_match:
	EQUAL TIMESTAMP STRING
		{ $$ = (ReqMatchTerm){.match = REQ_MATCH_ON, .time = req_parser_time(p, $3, @3)}; }
|	'<' TIMESTAMP STRING
		{ $$ = (ReqMatchTerm){.match = REQ_MATCH_BEFORE, .time = req_parser_time(p, $3, @3)}; }
|	'>' TIMESTAMP STRING
		{ $$ = (ReqMatchTerm){.match = REQ_MATCH_AFTER, .time = req_parser_time(p, $3, @3)}; }
|	LESS_EQUAL TIMESTAMP STRING
		{
			$$ = (ReqMatchTerm){.match = REQ_MATCH_ON_OR_BEFORE,
				.time = req_parser_time(p, $3, @3)};
		}
|	GREATER_EQUAL TIMESTAMP STRING
		{
			$$ = (ReqMatchTerm){.match = REQ_MATCH_ON_OR_AFTER,
				.time = req_parser_time(p, $3, @3)};
		}
;

equal: %empty | EQUAL;

val: WORD | SKIP | STRING | HEX;

/* The lineage takes no bytes here. */
str: WORD | SKIP | STRING | HEX;

%%

static int req_grlex(REQ_GRSTYPE *value, ReqSpan *span, ReqParser *p)
{
	int token = req_parser_next(p);

	*span = p->lexer.span;
	switch (token) {
	case R_WORD:
	case R_SKIP:
	case R_STRING:
	case R_HEX:
	case R_HASH:
	case R_PATH:
		value->data = p->lexer.value.data;
		break;
	case R_NUMBER:
		value->number = p->lexer.value.number;
		break;
	}
	return token;
}

/* The only thing left to bison is memory: nesting is bounded before it comes to it. */
static void req_grerror(const ReqSpan *span, ReqParser *p, const char *text)
{
	(void)span;
	(void)text;
	p->r = -ENOMEM;
}

#define EXPECTED_MAX 64

static int yyreport_syntax_error(const yypcontext_t *context, ReqParser *p)
{
	yysymbol_kind_t kinds[EXPECTED_MAX];
	const char *names[EXPECTED_MAX];
	int n = yypcontext_expected_tokens(context, kinds, EXPECTED_MAX);

	if (n < 0)
		return n;
	for (int i = 0; i < n; i++)
		names[i] = yysymbol_name(kinds[i]);
	req_parser_unexpected(p, yypcontext_token(context) == YYSYMBOL_YYEOF, names, n);
	return 0;
}
