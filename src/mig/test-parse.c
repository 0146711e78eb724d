/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/parse.h"

#include <time.h>

#include "mig/test-support.h"

#define BEGIN "subsystem s 100;\n"

/* The statement with this index, of which there is no error. */
static AstStatement *statement(Front *f, unsigned i)
{
	AstStatement *s;

	if (f->diag.n_errors > 0)
		FAIL("%s", f->said);
	STAILQ_FOREACH(s, &f->ast.statements, link)
	{
		if (i-- == 0)
			return s;
	}
	return NULL;
}

static AstArg *argument(AstStatement *s, unsigned i)
{
	AstArg *arg;

	STAILQ_FOREACH(arg, &s->args, link)
	{
		if (i-- == 0)
			return arg;
	}
	return NULL;
}

/* The text after BEGIN gives these errors: text, what is said about it, and so on until NULL. */
static void check_errors(const char *const *cases)
{
	for (; cases[0]; cases += 2) {
		char *text;
		Front f;

		ASSERT_TRUE(asprintf(&text, BEGIN "%s", cases[0]) > 0);
		front_init(&f, text);
		if (!strstr(f.said, cases[1]))
			FAIL("%s\ninstead of `%s`\n%s", cases[0], cases[1], f.said);
		ASSERT_GT(f.diag.n_errors, 0u);
		front_deinit(&f);
		free(text);
	}
}

TEST(subsystem)
{
	AstStatement *s;
	Front f;

	front_init(&f, "SubSystem KernelUser kernelserver foo 100+2*(5-1)/4;");
	s = statement(&f, 0);
	ASSERT_EQ(s->kind, AST_SUBSYSTEM);
	ASSERT_STREQ(s->name.text, "foo");
	ASSERT_EQ(s->number, 102);
	ASSERT_TRUE(s->kernel_user && s->kernel_server);
	front_deinit(&f);
}

TEST(statements_of_one_word_or_name)
{
	static const struct {
		const char *text;
		AstKind kind;
		const char *name;
		int64_t number;
	} cases[] = {
		{"error MyError;", AST_ERROR, "MyError", 0},
		{"serverprefix do_;", AST_SERVER_PREFIX, "do_", 0},
		{"USERPREFIX x_;", AST_USER_PREFIX, "x_", 0},
		{"serverdemux d;", AST_SERVER_DEMUX, "d", 0},
		{"skip;", AST_SKIP, NULL, 0},
		{"UserTypeLimit 10;", AST_USER_TYPE_LIMIT, NULL, 10},
		{"OnStackLimit 4096;", AST_ON_STACK_LIMIT, NULL, 4096},
		{"usespecialreplyport 1;", AST_SPECIAL_REPLY_PORT, NULL, 1},
		{"consumeonsenderror Any;", AST_CONSUME_ON_SEND_ERROR, NULL, AST_CONSUME_ANY},
		{"consumeonsenderror timeout;", AST_CONSUME_ON_SEND_ERROR, NULL,
			AST_CONSUME_TIMEOUT},
		{"consumeonsenderror NONE;", AST_CONSUME_ON_SEND_ERROR, NULL, AST_CONSUME_NONE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AstStatement *s;
		char *text;
		Front f;

		ASSERT_TRUE(asprintf(&text, BEGIN "%s", cases[i].text) > 0);
		front_init(&f, text);
		s = statement(&f, 1);
		ASSERT_NOT_NULL(s);
		ASSERT_EQ(s->kind, cases[i].kind);
		ASSERT_EQ(s->number, cases[i].number);
		if (cases[i].name)
			ASSERT_STREQ(s->name.text, cases[i].name);
		front_deinit(&f);
		free(text);
	}
}

TEST(raw_text)
{
	static const struct {
		const char *text;
		AstKind kind;
		const char *raw;
	} cases[] = {
		{"waittime 1000;", AST_WAITTIME_STATEMENT, "1000"},
		{"waittime\n\n  FOO(type, in) + 1 ;", AST_WAITTIME_STATEMENT, "FOO(type, in) + 1"},
		{"waittime \"A|B\";", AST_WAITTIME_STATEMENT, "A|B"},
		{"nowaittime;", AST_WAITTIME_STATEMENT, NULL},
		{"sendtime x;", AST_SENDTIME_STATEMENT, "x"},
		{"nosendtime;", AST_SENDTIME_STATEMENT, NULL},
		{"msgoption MACH_SEND_INTERRUPT;", AST_MSGOPTION_STATEMENT, "MACH_SEND_INTERRUPT"},
		{"msgoption MACH_MSG_OPTION_NONE;", AST_MSGOPTION_STATEMENT, NULL},
		{"rcsid \"$Id: x $\";", AST_RCSID, "$Id: x $"},
		{"import <a/b.h>;", AST_IMPORT, "<a/b.h>"},
		{"import \"type.h\";", AST_IMPORT, "\"type.h\""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AstStatement *s;
		char *text;
		Front f;

		ASSERT_TRUE(asprintf(&text, BEGIN "%s\nskip;", cases[i].text) > 0);
		front_init(&f, text);
		s = statement(&f, 1);
		ASSERT_EQ(s->kind, cases[i].kind);
		if (cases[i].raw)
			ASSERT_STREQ(s->text, cases[i].raw);
		else
			ASSERT_NULL(s->text);
		ASSERT_EQ(statement(&f, 2)->kind, AST_SKIP);
		front_deinit(&f);
		free(text);
	}
}

TEST(imports)
{
	Front f;

	front_init(&f, BEGIN "import <a>; uimport <a>; simport <a>; iimport <a>; dimport <a>;");
	for (unsigned i = 0; i < 5; i++)
		ASSERT_EQ(statement(&f, i + 1)->import, (AstImport)(AST_IMPORT_ALL + i));
	front_deinit(&f);
}

TEST(types)
{
	const AstSpec *t;
	Front f;

	front_init(&f, BEGIN "type a = MACH_MSG_TYPE_INTEGER_32;"
			     "type b = (MACH_MSG_TYPE_INTEGER_16, 8 * 2);"
			     "type c = polymorphic | MACH_MSG_TYPE_PORT_SEND;"
			     "type d = ^ array [] of array[*] of array [*:5] of struct[3] of a;"
			     "type e = c_string[*:80];"
			     "type f = c_string[4];"
			     "type g = 2;");
	t = statement(&f, 1)->spec;
	ASSERT_EQ(t->kind, AST_SPEC_IPC);
	ASSERT_EQ(t->in->in, IPC_NAME_INTEGER_32);
	ASSERT_EQ(t->bits, -1);
	ASSERT_EQ(statement(&f, 2)->spec->bits, 16);
	t = statement(&f, 3)->spec;
	ASSERT_EQ(t->in->in, IPC_NAME_POLYMORPHIC);
	ASSERT_EQ(t->out->out, IPC_NAME_MOVE_SEND);
	t = statement(&f, 4)->spec;
	ASSERT_EQ(t->kind, AST_SPEC_POINTER);
	t = t->element;
	ASSERT_TRUE(t->kind == AST_SPEC_ARRAY && t->bound == AST_BOUND_NONE);
	t = t->element;
	ASSERT_TRUE(t->kind == AST_SPEC_ARRAY && t->bound == AST_BOUND_NONE);
	t = t->element;
	ASSERT_TRUE(t->bound == AST_BOUND_LIMITED && t->count == 5);
	t = t->element;
	ASSERT_TRUE(t->kind == AST_SPEC_STRUCT && t->count == 3);
	ASSERT_STREQ(t->element->name.text, "a");
	t = statement(&f, 5)->spec;
	ASSERT_TRUE(t->kind == AST_SPEC_STRING && t->bound == AST_BOUND_LIMITED && t->count == 80);
	t = statement(&f, 6)->spec;
	ASSERT_TRUE(t->kind == AST_SPEC_STRING && t->bound == AST_BOUND_FIXED && t->count == 4);
	ASSERT_EQ(statement(&f, 7)->spec->in->in, IPC_NAME_INTEGER_32);
	front_deinit(&f);
}

TEST(native_types)
{
	const AstSpec *t;
	Front f;

	front_init(&f, BEGIN "type a = PointerTo(  struct in\n foo );"
			     "type b = PointerToIfNot(char *, (char *)0);"
			     "type c = ValueOf(type);");
	t = statement(&f, 1)->spec;
	ASSERT_EQ(t->kind, AST_SPEC_NATIVE);
	ASSERT_STREQ(t->words, "struct in foo");
	t = statement(&f, 2)->spec;
	ASSERT_EQ(t->native, AST_NATIVE_POINTER_IF_NOT);
	ASSERT_STREQ(t->words, "char *");
	ASSERT_STREQ(t->bad, "(char *)0");
	ASSERT_EQ(statement(&f, 3)->spec->native, AST_NATIVE_VALUE);
	front_deinit(&f);
}

TEST(translations)
{
	const AstTrans *t;
	Front f;

	front_init(&f, BEGIN "type task_t = mach_port_t ctype: mach_port_t cusertype: u "
			     "cservertype: v intran: task_t convert(mach_port_t)"
			     "outtran: mach_port_t back(task_t) destructor: drop(task_t);");
	t = STAILQ_FIRST(&statement(&f, 1)->spec->trans);
	ASSERT_EQ(t->kind, AST_CTYPE);
	t = STAILQ_NEXT(STAILQ_NEXT(STAILQ_NEXT(t, link), link), link);
	ASSERT_EQ(t->kind, AST_INTRAN);
	ASSERT_STREQ(t->result.text, "task_t");
	ASSERT_STREQ(t->function.text, "convert");
	ASSERT_STREQ(t->argument.text, "mach_port_t");
	t = STAILQ_NEXT(STAILQ_NEXT(t, link), link);
	ASSERT_EQ(t->kind, AST_DESTRUCTOR);
	ASSERT_NULL(t->result.text);
	ASSERT_STREQ(t->argument.text, "task_t");
	front_deinit(&f);
}

TEST(routines)
{
	AstStatement *s;
	Front f;

	front_init(&f, BEGIN "routine none(); simpleRoutine one(p : mach_port_t);"
			     "routine two(p : mach_port_t; out x : int, RetCode, const;"
			     "d : data_t, dealloc[], samecount; n : t = array[3] of int;"
			     "WaitTime w : int; v : ValueOf(foo); userimpl u : t);");
	ASSERT_TRUE(STAILQ_EMPTY(&statement(&f, 1)->args));
	ASSERT_FALSE(statement(&f, 1)->simple);
	ASSERT_TRUE(statement(&f, 2)->simple);
	s = statement(&f, 3);
	ASSERT_EQ(argument(s, 0)->direction, AST_IN_DEFAULT);
	ASSERT_EQ(argument(s, 1)->direction, AST_OUT);
	ASSERT_EQ(argument(s, 1)->flags, (unsigned)AST_FLAG_RETCODE | AST_FLAG_CONST);
	ASSERT_EQ(argument(s, 2)->flags, (unsigned)AST_FLAG_MAYBE_DEALLOC | AST_FLAG_SAMECOUNT);
	ASSERT_STREQ(argument(s, 3)->type_name.text, "t");
	ASSERT_EQ(argument(s, 3)->type->kind, AST_SPEC_ARRAY);
	ASSERT_NULL(argument(s, 2)->type_name.text);
	ASSERT_EQ(argument(s, 4)->direction, AST_WAITTIME);
	ASSERT_EQ(argument(s, 5)->type->kind, AST_SPEC_NATIVE);
	ASSERT_EQ(argument(s, 6)->direction, AST_USERIMPL);
	ASSERT_NULL(argument(s, 7));
	front_deinit(&f);
}

TEST(directions)
{
	static const char *const words[] = {"", "in", "Out", "INOUT", "requestport", "replyport",
		"sreplyport", "ureplyport", "waittime", "sendtime", "msgoption", "sectoken",
		"serversectoken", "usersectoken", "audittoken", "serveraudittoken",
		"useraudittoken", "servercontexttoken", "msgseqno", "userimpl", "serverimpl"};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		char text[80];
		Front f;

		snprintf(text, sizeof(text), BEGIN "routine r(%s x : t);", words[i]);
		front_init(&f, text);
		ASSERT_EQ(argument(statement(&f, 1), 0)->direction, (AstDirection)i);
		front_deinit(&f);
	}
}

TEST(words_of_the_language_in_any_case)
{
	Front f;

	front_init(&f, BEGIN "TYPE a = ARRAY[2] OF b; ROUTINE r(OUT a : b, DEALLOC);");
	ASSERT_NOT_NULL(statement(&f, 2));
	front_deinit(&f);
	/* Those that are written exactly so are names otherwise. */
	front_init(&f, BEGIN "routine pointerto(usertypelimit : valueof);");
	ASSERT_NOT_NULL(statement(&f, 1));
	front_deinit(&f);
}

TEST(positions_are_those_of_the_included_file)
{
	Front f;

	front_init(&f, "# 1 \"a.defs\"\nsubsystem s 1;\n# 7 \"/inc/b.defs\" 1\ntype x = ;\n"
		       "# 3 \"a.defs\" 2\ntype y = ;\n");
	ASSERT_EQ(f.diag.n_errors, 2u);
	ASSERT_STRSTR(f.said, "/inc/b.defs:7:10: error: ");
	ASSERT_STRSTR(f.said, "    7 | type x = ;\n      |          ^\n");
	ASSERT_STRSTR(f.said, "a.defs:3:10: error: ");
	front_deinit(&f);
}

TEST(each_mistake_is_told_once)
{
	Front f;

	front_init(&f, BEGIN "routine a(x : ; y : int; out : z);\n"
			     "type = 3;\n"
			     "routine b(c : int);\n"
			     "routine d(e f g; h : int, nosuch; i j);\n"
			     "foo bar;\n"
			     "routine k(l : ^ int);\n");
	if (f.diag.n_errors != 8)
		FAIL("%u errors\n%s", f.diag.n_errors, f.said);
	ASSERT_STRSTR(f.said, "test.defs:2:15: error");
	ASSERT_STRSTR(f.said, "test.defs:2:30: error");
	ASSERT_STRSTR(f.said, "test.defs:3:6: error");
	ASSERT_STRSTR(f.said, "test.defs:5:13: error");
	ASSERT_STRSTR(f.said, "test.defs:5:27: error");
	ASSERT_STRSTR(f.said, "test.defs:5:37: error");
	ASSERT_STRSTR(f.said, "test.defs:6:1: error");
	ASSERT_STRSTR(f.said, "test.defs:7:15: error");
	front_deinit(&f);
}

TEST(after_an_error_in_an_argument_the_rest_is_there)
{
	AstStatement *s;
	Front f;

	front_init(&f, BEGIN "routine a(x : [; y : int);routine b(z : int);");
	ASSERT_EQ(f.diag.n_errors, 1u);
	s = STAILQ_NEXT(STAILQ_FIRST(&f.ast.statements), link);
	ASSERT_STREQ(s->name.text, "a");
	ASSERT_STREQ(argument(s, 0)->name.text, "y");
	ASSERT_STREQ(STAILQ_NEXT(s, link)->name.text, "b");
	front_deinit(&f);
}

TEST(syntax_errors_say_what_to_do)
{
	static const char *const cases[] = {
		"type x = int",
		"`;` is missing before the end of the file; write it here",
		"type x = int\ntype y = int;",
		"test.defs:2:12: error: `;` is missing before `type`",
		"type type = int;",
		"`type` is a word of the language; choose another name",
		"routine error(x : int);",
		"`error` is a word of the language",
		"routine r(in out : int);",
		"`out` is a word of the language",
		"routine r(a : int, b : int);",
		"`b` is no flag",
		"routine r(a : int b : int);",
		"`b` does not fit here; write ",
		"foo;",
		"no statement begins with `foo`; write one of those",
		"type x = *;",
		"`*` is no type; write a name",
		"type x = array[3] int;",
		"`int` does not fit here; write `of`",
		"routine r(a : array[3] of int);",
		"the type of an argument has a name",
		"routine r(a : int, overwrite[]);",
		"only `dealloc` has a form with []",
		"import foo.h;",
		"`foo` does not fit here; write \"FILE\" or <FILE>",
		"import <a\n;",
		"write \"FILE\" or <FILE>",
		"waittime;",
		"`;` does not fit here; write a text",
		"waittime \"\";",
		"there is nothing in the quotes",
		"msgoption \"a;",
		"the quote is not closed; close it in the same line",
		"consumeonsenderror Never;",
		"`Never` is no kind of error; write None, Timeout or Any",
		"type x = ValueOf();",
		"write a C type or expression",
		"routine r(a : int));",
		"`)` does not fit here; write `;`",
		"subsystem t 2;",
		"a file has one subsystem only",
		NULL,
	};

	check_errors(cases);
}

TEST(numbers)
{
	static const char *const cases[] = {
		"type x = array[0x10] of int;",
		"`0x10` is not decimal; write 16",
		"type x = array[12ab] of int;",
		"`12ab` is not a number; write decimal digits only",
		"type x = array[2147483648] of int;",
		"too large; the largest one is 2147483647",
		"type x = array[99999999999999999999999] of int;",
		"too large",
		"type x = array[2147483647 + 1] of int;",
		"the result is too large",
		"type x = array[2147483647 * 2147483647 * 9] of int;",
		"the result is too large",
		"type x = array[1 / (1 - 1)] of int;",
		"divided by 0",
		"type x = 77;",
		"no elementary type with this number",
		NULL,
	};
	Front f;

	check_errors(cases);
	front_init(&f, BEGIN "type x = array[010] of int;");
	ASSERT_EQ(statement(&f, 1)->spec->count, 10);
	ASSERT_STRSTR(f.said, "warning: numbers are decimal here: this is 10");
	front_deinit(&f);
}

TEST(what_is_gone_is_told_with_what_to_write)
{
	static const char *const cases[] = {
		"procedure p(x : int);",
		"there are no procedures any more; write `routine`",
		"SimpleProcedure p(x : int);",
		"write `simpleroutine`",
		"function f(x : int) : int;",
		"there are no functions any more",
		"operation o(x : int);",
		"there are no operations any more",
		"subsystem camelot x 3;",
		"`camelot` is not a mode of subsystems any more",
		"camelot;",
		"`camelot` is not a mode",
		"routine r(msgtype x : int);",
		"the type of a message cannot be chosen any more",
		"routine r(x : int, IsLong);",
		"no long forms of types any more",
		"type x = (MACH_MSG_TYPE_BYTE, 8, dealloc);",
		"a type has no flags any more",
		"type x = (MACH_MSG_TYPE_BYTE, 8, IsLong, dealloc);",
		"a type has no flags any more",
		"type x = MACH_MSG_TYPE_NOSUCH;",
		"there is no elementary type `MACH_MSG_TYPE_NOSUCH`",
		NULL,
	};

	check_errors(cases);
}

TEST(strange_bytes)
{
	static const char *const cases[] = {
		"type x\303\244 = int;",
		"only comments may have more than ASCII",
		"import \"\303\244.h\";",
		"only comments may have more than ASCII",
		"waittime \303\244;",
		"only comments may have more than ASCII",
		"type x = int\001;",
		"a control character (0x01); take it out",
		"type x = int @;",
		"`@` has no meaning here; take it out",
		"waittime a\177b;",
		"a control character (0x7f)",
		NULL,
	};
	Front f;

	check_errors(cases);
	front_init_size(&f, BEGIN "type x\0 = int;", sizeof(BEGIN "type x\0 = int;") - 1);
	ASSERT_STRSTR(f.said, "a control character (0x00)");
	ASSERT_EQ(f.diag.n_errors, 1u);
	front_deinit(&f);
}

TEST(a_subsystem_comes_before_routines)
{
	Front f;

	front_init(&f, "type x = int; routine r(a : x); skip; subsystem s 1;");
	ASSERT_EQ(f.diag.n_errors, 1u);
	ASSERT_STRSTR(f.said, "there is no subsystem yet; write `subsystem NAME NUMBER;`");
	front_deinit(&f);
	front_init(&f, "type x = int; import <a.h>; subsystem s 1;");
	ASSERT_EQ(f.diag.n_errors, 0u);
	front_deinit(&f);
	front_init(&f, ";;");
	ASSERT_STREQ(f.said,
		"test.defs: error: there is no subsystem; write `subsystem NAME NUMBER;`\n");
	front_deinit(&f);
	front_init(&f, BEGIN BEGIN);
	ASSERT_STRSTR(f.said, "note: the first one is here");
	front_deinit(&f);
}

/* prefix, then n times part, then suffix. */
static char *repeat(const char *prefix, const char *part, unsigned n, const char *suffix)
{
	size_t size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	ASSERT_NOT_NULL(out);
	fputs(prefix, out);
	for (unsigned i = 0; i < n; i++)
		fputs(part, out);
	fputs(suffix, out);
	ASSERT_EQ(fclose(out), 0);
	return text;
}

static void check_bound(
	const char *prefix, const char *part, unsigned n, const char *suffix, const char *said)
{
	char *text = repeat(prefix, part, n, suffix);
	Front f;

	front_init(&f, text);
	if (said)
		ASSERT_STRSTR(f.said, said);
	else
		ASSERT_STREQ(f.said, "");
	ASSERT_EQ(f.diag.n_errors, said ? 1u : 0u);
	front_deinit(&f);
	free(text);
}

TEST(everything_is_bounded)
{
	check_bound(BEGIN "type x = ", "^", 63, "int;", NULL);
	check_bound(BEGIN "type x = ", "^", 64, "int;", "nested more than 64 deep");
	check_bound(BEGIN "type x = ", "^", 100000, "int;", "nested too deeply");
	check_bound(BEGIN "type x = array[", "(", 100000, "1];", "nested too deeply");
	check_bound(BEGIN "routine r(a:t", ";a:t", 1023, ");", NULL);
	check_bound(BEGIN "routine r(a:t", ";a:t", 3000, ");", "1024 arguments at most");
	check_bound(BEGIN, "skip;", 65535, "", NULL);
	check_bound(BEGIN, "skip;", 70000, "", "more than 65536 statements");
}

TEST(pragmas_are_passed_over)
{
	Front f;

	front_init(&f, BEGIN "#pragma once\n  # pragma x\ntype a = int;\n");
	ASSERT_NOT_NULL(statement(&f, 1));
	ASSERT_STREQ(f.said, "");
	parse_warn_pragmas(&f.source, &f.diag);
	ASSERT_EQ(f.diag.n_warnings, 2u);
	front_deinit(&f);
}

TEST(two_thousand_routines_are_parsed_quickly)
{
	struct timespec from, to;
	char *text = repeat(BEGIN,
		"routine name_of_it(port : mach_port_t; in a : int; out b : array_t, "
		"countinout, dealloc; inout c : t = array[*:100] of int);\n",
		2000, "");
	Front f;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	front_init(&f, text);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	ASSERT_EQ(f.diag.n_errors, 0u);
	/* Some ten milliseconds; sanitizers and slow machines take longer. */
	ASSERT_LT(to.tv_sec - from.tv_sec, 2);
	front_deinit(&f);
	free(text);
}
