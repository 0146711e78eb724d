/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/test-sema.h"

#define TYPES                                                                                      \
	"type bs = array [*:5] of MACH_MSG_TYPE_BYTE; type is = array [*:6] of int;"               \
	"type vs = c_string [*:6]; type mem = ^ array [] of MACH_MSG_TYPE_BYTE;"                   \
	"type in_t = array [] of int; type sec = struct [2] of int; type audit = struct [8] of "   \
	"int;"                                                                                     \
	"type fixed = array [2] of int; type ps = array [*:3] of mach_port_t;"                     \
	"type long_t = MACH_MSG_TYPE_INTEGER_64;\n"

/* One routine with these arguments after the request port, in line 3, column 1. */
#define R(args) TYPES "routine r(p : mach_port_t; " args ");"
#define S(args) TYPES "simpleroutine r(p : mach_port_t; " args ");"

TEST(an_empty_subsystem_has_its_defaults)
{
	const Interface *i;
	Analysis x;

	ANALYSE(&x, "");
	i = x.interface;
	ASSERT_STREQ(i->name, "test");
	ASSERT_EQ(i->base, 400);
	ASSERT_STREQ(i->user_prefix, "");
	ASSERT_STREQ(i->server_prefix, "");
	ASSERT_STREQ(i->demux, "test_server");
	ASSERT_NULL(i->rcsid);
	ASSERT_EQ(i->on_stack_limit, -1);
	ASSERT_EQ(i->n_imports, 0);
	ASSERT_EQ(i->n_routines, 0);
	ASSERT_EQ(i->n_types, 2);
	ASSERT_FALSE(i->kernel_user || i->kernel_server);
	analysis_deinit(&x);
}

TEST(statements_are_recorded)
{
	const Interface *i;
	Analysis x;

	ANALYSE(&x, "serverdemux demux; rcsid \"id\"; OnStackLimit 2048;"
		    "import <a.h>; uimport \"b.h\"; simport <c.h>; iimport <d.h>; dimport <e.h>;");
	i = x.interface;
	ASSERT_STREQ(i->demux, "demux");
	ASSERT_STRSTR(i->rcsid, "id");
	ASSERT_EQ(i->on_stack_limit, 2048);
	ASSERT_EQ(i->n_imports, 5);
	ASSERT_STREQ(i->imports[0].text, "<a.h>");
	ASSERT_EQ(i->imports[0].kind, AST_IMPORT_ALL);
	ASSERT_STREQ(i->imports[1].text, "\"b.h\"");
	ASSERT_EQ(i->imports[1].kind, AST_IMPORT_USER);
	ASSERT_EQ(i->imports[4].kind, AST_IMPORT_DEFINES);
	analysis_deinit(&x);
}

TEST(routines_have_numbers_and_skips_take_them)
{
	Analysis x;

	ANALYSE(&x, "routine a(p : mach_port_t); skip; simpleroutine b(p : mach_port_t); skip;");
	ASSERT_EQ(x.interface->n_routines, 4);
	ASSERT_EQ(routine_of(&x, 0)->id, 400);
	ASSERT_FALSE(routine_of(&x, 0)->simple);
	ASSERT_NULL(routine_of(&x, 1));
	ASSERT_EQ(routine_of(&x, 2)->id, 402);
	ASSERT_TRUE(routine_of(&x, 2)->simple);
	ASSERT_NULL(routine_of(&x, 3));
	analysis_deinit(&x);
}

TEST(settings_are_for_the_routines_behind_them)
{
	const Routine *r;
	Analysis x;

	ANALYSE(&x, "routine a(p : mach_port_t); userprefix u_; serverprefix s_; waittime 100; "
		    "sendtime 50;"
		    "msgoption MACH_SEND_NOTIFY; consumeonsenderror any;"
		    "routine b(p : mach_port_t); nowaittime; nosendtime; msgoption "
		    "MACH_MSG_OPTION_NONE;"
		    "consumeonsenderror none; serverprefix t_;"
		    "routine c(p : mach_port_t);");
	r = routine_of(&x, 0);
	ASSERT_STREQ(r->user_name, "a");
	ASSERT_STREQ(r->server_name, "a");
	ASSERT_NULL(r->wait_time_text);
	ASSERT_NULL(r->send_time_text);
	ASSERT_NULL(r->msg_option_text);
	ASSERT_EQ(r->consume, AST_CONSUME_NONE);
	r = routine_of(&x, 1);
	ASSERT_STREQ(r->name, "b");
	ASSERT_STREQ(r->user_name, "u_b");
	ASSERT_STREQ(r->server_name, "s_b");
	ASSERT_STREQ(r->wait_time_text, "100");
	ASSERT_STREQ(r->send_time_text, "50");
	ASSERT_STREQ(r->msg_option_text, "MACH_SEND_NOTIFY");
	ASSERT_EQ(r->consume, AST_CONSUME_ANY);
	r = routine_of(&x, 2);
	ASSERT_STREQ(r->server_name, "t_c");
	ASSERT_NULL(r->wait_time_text);
	ASSERT_NULL(r->send_time_text);
	ASSERT_NULL(r->msg_option_text);
	ASSERT_EQ(r->consume, AST_CONSUME_NONE);
	ASSERT_STREQ(x.interface->user_prefix, "u_");
	ASSERT_STREQ(x.interface->server_prefix, "t_");
	analysis_deinit(&x);
}

TEST(statements_without_effect)
{
	Analysis x;

	EXPECT_WARNING("UserTypeLimit 100;", "test.defs:2:1: warning: UserTypeLimit has no effect");
	EXPECT_WARNING("serverdemux a; serverdemux b;", "serverdemux is said again");
	EXPECT_WARNING("error a;", "test.defs:2:1: warning: error has no effect");
	EXPECT_WARNING("usespecialreplyport 1;", "usespecialreplyport has no effect here");
	ANALYSE(&x, "usespecialreplyport 0;");
	analysis_deinit(&x);
	EXPECT_ERROR("OnStackLimit 0-1;", "-1 is not a number of bytes");
	analyse(&x, "subsystem kerneluser kernelserver k 1;");
	ASSERT_STRSTR(x.messages, "kerneluser and kernelserver have no effect");
	ASSERT_TRUE(x.interface->kernel_user && x.interface->kernel_server);
	analysis_deinit(&x);
}

static void check_base(const char *text, const char *message)
{
	Analysis x;

	analyse(&x, text);
	ASSERT_EQ(x.diag.n_errors, 1);
	ASSERT_STRSTR(x.messages, message);
	analysis_deinit(&x);
}

TEST(message_numbers_have_an_end)
{
	Analysis x;

	check_base("subsystem s 2147483548;", "2147483548 is not a message's number");
	check_base("subsystem s 0-1;", "-1 is not a message's number");
	check_base("subsystem s 2147483547; skip; skip;", "message number 2147483548 is too large");
	analyse(&x, "subsystem s 2147483547; skip;");
	ASSERT_EQ(x.diag.n_errors, 0);
	analysis_deinit(&x);
}

TEST(nothing_is_said_after_an_error_of_the_parser)
{
	Analysis x;

	analyse(&x, "subsystem s 1; routine; routine r(p : nosuch_t);");
	ASSERT_EQ(x.diag.n_errors, 1);
	ASSERT_NULL(x.interface);
	analysis_deinit(&x);
}

TEST(the_request_port_is_found)
{
	Analysis x;

	ANALYSE(&x, "routine a(i : int; p : mach_port_t; q : mach_port_t);"
		    "routine b(p : mach_port_t; requestport q : mach_port_t);"
		    "routine c(in p : mach_port_t; q : mach_port_t);");
	ASSERT_STREQ(routine_of(&x, 0)->request_port->name, "p");
	ASSERT_EQ(routine_of(&x, 0)->args[2]->kind, ARG_IN);
	ASSERT_STREQ(routine_of(&x, 1)->request_port->name, "q");
	ASSERT_EQ(routine_of(&x, 1)->args[0]->kind, ARG_IN);
	ASSERT_STREQ(routine_of(&x, 2)->request_port->name, "q");
	analysis_deinit(&x);
	EXPECT_ERROR("routine r();", "test.defs:2:9: error: 'r' has no argument that says where");
	EXPECT_ERROR(
		"routine r(i : int; in p : mach_port_t);", "'r' has no argument that says where");
	EXPECT_ERROR(
		"routine r(requestport i : int);", "'i' is a requestport, and int is not a right");
	EXPECT_ERROR("routine r(requestport p : mach_port_t; requestport q : mach_port_t);",
		"test.defs:2:40: error: 'r' has 'p' for this already", "test.defs:2:23: note: ");
}

TEST(special_arguments_are_recorded)
{
	const Routine *r;
	Analysis x;

	ANALYSE(&x, R("sreplyport q : mach_port_t; waittime w : int; sendtime t : int; msgoption o "
		      ": int;"
		      "out rc : int, retcode; serveraudittoken a : audit"));
	r = routine_of(&x, 0);
	ASSERT_STREQ(r->reply_port->name, "q");
	ASSERT_EQ(r->reply_port->kind, ARG_SREPLY_PORT);
	ASSERT_STREQ(r->wait_time->name, "w");
	ASSERT_STREQ(r->send_time->name, "t");
	ASSERT_STREQ(r->msg_option->name, "o");
	ASSERT_STREQ(r->ret_code->name, "rc");
	ASSERT_TRUE(r->ret_code->ret_code);
	ASSERT_TRUE(r->server_trailer);
	ASSERT_FALSE(r->user_trailer);
	ASSERT_EQ(r->n_args, 7);
	analysis_deinit(&x);
	ANALYSE(&x, R("sectoken q : sec") "routine s(p : mach_port_t; useraudittoken a : audit);"
					  "routine t(p : mach_port_t; msgseqno n : int);");
	ASSERT_TRUE(routine_of(&x, 0)->server_trailer && routine_of(&x, 0)->user_trailer);
	ASSERT_TRUE(!routine_of(&x, 1)->server_trailer && routine_of(&x, 1)->user_trailer);
	ASSERT_TRUE(routine_of(&x, 2)->server_trailer && !routine_of(&x, 2)->user_trailer);
	analysis_deinit(&x);
	ANALYSE(&x, S("replyport q : mach_port_t"));
	ASSERT_EQ(routine_of(&x, 0)->reply_port->kind, ARG_REPLY_PORT);
	analysis_deinit(&x);
}

TEST(special_arguments_have_special_types)
{
	EXPECT_ERROR(R("replyport x : int"),
		"test.defs:3:38: error: 'x' is a replyport, and int is not");
	EXPECT_ERROR(R("sreplyport x : int"), "is a sreplyport, and int is not a right");
	EXPECT_ERROR(R("ureplyport x : ps"), "is a ureplyport, and ps is not a right");
	EXPECT_ERROR(R("waittime x : long_t"), "is not a value of 4 bytes", "mach_msg_timeout_t");
	EXPECT_ERROR(
		R("sendtime x : mach_port_t"), "is not a value of 4 bytes", "mach_msg_timeout_t");
	EXPECT_ERROR(R("msgoption x : long_t"), "is not a value of 4 bytes", "mach_msg_option_t");
	EXPECT_ERROR(R("sectoken x : int"), "is not a value of 8 bytes", "security_token_t");
	EXPECT_ERROR(
		R("serversectoken x : fixed"), "is not a value of 8 bytes", "security_token_t");
	EXPECT_ERROR(R("usersectoken x : int"), "is not a value of 8 bytes", "security_token_t");
	EXPECT_ERROR(R("audittoken x : sec"), "is not a value of 32 bytes", "audit_token_t");
	EXPECT_ERROR(R("serveraudittoken x : sec"), "is not a value of 32 bytes", "audit_token_t");
	EXPECT_ERROR(R("useraudittoken x : sec"), "is not a value of 32 bytes", "audit_token_t");
	EXPECT_ERROR(R("servercontexttoken x : int"), "of 8 bytes", "mach_port_context_t");
	EXPECT_ERROR(R("msgseqno x : ValueOf(int)"), "this type is not a value of 4",
		"mach_port_seqno_t");
	EXPECT_ERROR(
		R("replyport x : mach_port_t; ureplyport y : mach_port_t"), "'r' has 'x' for this");
	EXPECT_ERROR(R("waittime x : int; waittime y : int"), "'r' has 'x' for this already");
	EXPECT_ERROR(R("sendtime x : int; sendtime y : int"), "'r' has 'x' for this already");
	EXPECT_ERROR(R("msgoption x : int; msgoption y : int"), "'r' has 'x' for this already");
}

TEST(arguments_in_trailers_are_not_supported)
{
	EXPECT_ERROR(R("userimpl x : int"),
		"test.defs:3:28: error: userimpl: arguments in a trailer", "use serveraudittoken");
	EXPECT_ERROR(R("serverimpl x : int"), "serverimpl: arguments in a trailer");
}

TEST(a_simpleroutine_has_no_answer)
{
	EXPECT_ERROR(S("out x : int"),
		"a simpleroutine has no answer that 'x' could be in; write routine");
	EXPECT_ERROR(S("inout x : int"), "a simpleroutine has no answer");
	EXPECT_ERROR(S("sectoken x : sec"), "write serversectoken");
	EXPECT_ERROR(S("audittoken x : audit"), "write serveraudittoken");
	EXPECT_ERROR(S("usersectoken x : sec"), "a simpleroutine has no answer");
	EXPECT_ERROR(S("useraudittoken x : audit"), "a simpleroutine has no answer");
	EXPECT_ERROR(S("out x : int, retcode"), "a simpleroutine has no answer");
}

TEST(inout_is_not_for_inline_arrays_of_variable_size)
{
	Analysis x;

	EXPECT_ERROR(R("inout x : bs"),
		"test.defs:3:28: error: an inline array of variable size cannot");
	ANALYSE(&x,
		R("inout x : in_t; inout y : vs; inout z : ps; inout m : mem; inout f : fixed"));
	analysis_deinit(&x);
}

TEST(counts_are_shared)
{
	const Routine *r;
	Analysis x;

	ANALYSE(&x, R("a : bs; i : int; b : is, samecount; c : ps, samecount; out d : is; e : vs"));
	r = routine_of(&x, 0);
	ASSERT_PTR_EQ(r->args[1]->count, r->args[1]);
	ASSERT_NULL(r->args[2]->count);
	ASSERT_PTR_EQ(r->args[3]->count, r->args[1]);
	ASSERT_PTR_EQ(r->args[4]->count, r->args[1]);
	ASSERT_PTR_EQ(r->args[5]->count, r->args[5]);
	ASSERT_NULL(r->args[6]->count);
	analysis_deinit(&x);
	EXPECT_ERROR(R("a : bs, samecount"), "samecount needs an array of variable size before it");
	EXPECT_ERROR(R("out a : bs; b : is, samecount"), "samecount needs an array");
	EXPECT_ERROR(R("a : bs; b : fixed, samecount"), "samecount is for arrays of variable size");
	EXPECT_ERROR(R("a : bs; b : vs, samecount"), "samecount is for arrays of variable size");
}

TEST(room_is_for_arrays_that_come_back)
{
	const Routine *r;
	Analysis x;

	ANALYSE(&x, R("out a : bs, countinout; out b : in_t, countinout; out c : ps, countinout"));
	r = routine_of(&x, 0);
	ASSERT_TRUE(
		r->args[1]->count_in_out && r->args[2]->count_in_out && r->args[3]->count_in_out);
	analysis_deinit(&x);
	EXPECT_ERROR(R("a : bs, countinout"), "countinout is for an out array");
	EXPECT_ERROR(R("out a : mem, countinout"), "countinout is for an out array");
	EXPECT_ERROR(R("out a : vs, countinout"), "countinout is for an out array");
	EXPECT_ERROR(R("out a : fixed, countinout"), "countinout is for an out array");
	EXPECT_ERROR(R("inout a : in_t, countinout"), "countinout is for an out array");
	EXPECT_WARNING(R("out a : bs; out b : is, samecount, countinout"),
		"samecount takes another's count");
}

TEST(memory_is_deallocated_as_told)
{
	const Routine *r;
	Analysis x;

	ANALYSE(&x, R("a : mem; b : mem, dealloc; c : mem, dealloc[]; d : mem, notdealloc; e : "
		      "in_t, dealloc"));
	r = routine_of(&x, 0);
	ASSERT_EQ(r->args[1]->dealloc, DEALLOC_NO);
	ASSERT_EQ(r->args[2]->dealloc, DEALLOC_YES);
	ASSERT_EQ(r->args[3]->dealloc, DEALLOC_ASK);
	ASSERT_EQ(r->args[4]->dealloc, DEALLOC_NO);
	ASSERT_EQ(r->args[5]->dealloc, DEALLOC_YES);
	analysis_deinit(&x);
	EXPECT_ERROR(
		R("a : mem, dealloc, notdealloc"), "dealloc and notdealloc contradict each other");
	EXPECT_ERROR(R("a : mem, dealloc[], notdealloc"), "dealloc[] and notdealloc contradict");
	EXPECT_WARNING(
		R("a : int, dealloc"), "test.defs:3:37: warning: dealloc has no effect here");
	EXPECT_WARNING(R("a : bs, dealloc[]"), "dealloc[] has no effect here");
	EXPECT_WARNING(R("a : int, notdealloc"), "notdealloc has no effect here");
}

TEST(other_flags)
{
	const Routine *r;
	Analysis x;

	ANALYSE(&x, R("a : mem, physicalcopy; b : mem, virtualcopy; c : bs, const"));
	r = routine_of(&x, 0);
	ASSERT_TRUE(r->args[1]->physical_copy);
	ASSERT_FALSE(r->args[2]->physical_copy);
	ASSERT_TRUE(r->args[3]->is_const);
	analysis_deinit(&x);
	EXPECT_ERROR(
		R("a : mem, physicalcopy, virtualcopy"), "physicalcopy and virtualcopy contradict");
	EXPECT_WARNING(R("a : int, physicalcopy"), "physicalcopy has no effect here");
	EXPECT_WARNING(R("a : int, virtualcopy"), "virtualcopy has no effect here");
	EXPECT_WARNING(R("out a : mem, overwrite"), "overwrite has no effect here");
	EXPECT_WARNING(R("a : mem, auto"), "auto has no effect here");
	EXPECT_WARNING(R("out a : int, const"), "const has no effect here");
	EXPECT_WARNING(R("waittime a : int, const"), "flags have no effect on 'a'");
}

TEST(a_result_is_out_and_small)
{
	EXPECT_ERROR(R("a : int, retcode"), "write out before it");
	EXPECT_ERROR(R("out a : long_t, retcode"), "a value of 4 bytes");
	EXPECT_ERROR(R("out a : mach_port_t, retcode"), "a value of 4 bytes");
	EXPECT_ERROR(R("out a : int, retcode; out b : int, retcode"), "a function has one result",
		"test.defs:3:32: note: the other result is here");
}

TEST(types_of_arguments_may_be_declared_in_place)
{
	Analysis x;

	ANALYSE(&x,
		R("a : pair_t = struct [2] of int; b : pair_t = struct [3] of int ctype: three_t"));
	ASSERT_STREQ(routine_of(&x, 0)->args[1]->type->name, "pair_t");
	ASSERT_EQ(routine_of(&x, 0)->args[1]->type->size, 8);
	ASSERT_STREQ(routine_of(&x, 0)->args[2]->type->user_type, "three_t");
	analysis_deinit(&x);
	EXPECT_ERROR(
		R("a : pair_t = struct [2] of int; b : pair_t"), "type 'pair_t' is not declared");
	EXPECT_ERROR(R("a : while = struct [2] of int"), "'while' is a word of C");
}

TEST(names_are_names_in_c)
{
	Analysis x;

	EXPECT_ERROR(
		"routine while(p : mach_port_t);", "test.defs:2:9: error: 'while' is a word of C");
	EXPECT_ERROR(R("int : int"), "'int' is a word of C");
	EXPECT_ERROR(R("InP : int"), "'InP' is a name that the generated code has itself");
	EXPECT_ERROR(R("Request : int"), "'Request' is a name that the generated code has itself");
	EXPECT_ERROR(R("Out12P : int"), "'Out12P' is a name that the generated code has itself");
	EXPECT_WARNING(R("class : int"), "'class' is a word of C++");
	EXPECT_WARNING("routine new(p : mach_port_t);", "'new' is a word of C++");
	ANALYSE(&x, R("Out12 : int; In1PX : int; InPut : int; Out1p : int"));
	analysis_deinit(&x);
}

TEST(names_are_given_once)
{
	EXPECT_ERROR("routine r(p : mach_port_t);\nsimpleroutine r(p : mach_port_t);",
		"test.defs:3:15: error: routine 'r' is declared again",
		"test.defs:2:9: note: the first one is here");
	EXPECT_ERROR(R("a : int; a : int"), "test.defs:3:37: error: 'r' has another argument 'a'",
		"test.defs:3:28: note: the other argument is here");
	EXPECT_ERROR(R("a : bs; aCnt : int"), "'a' and 'aCnt' both lead to the name 'aCnt' in C");
	EXPECT_ERROR(R("aCnt : int; a : vs"), "'a' and 'aCnt' both lead to the name 'aCnt' in C");
	EXPECT_ERROR(R("a : vs; aOffset : int"), "the name 'aOffset' in C");
	EXPECT_ERROR(R("a : bs; aPad : int"), "the name 'aPad' in C");
	EXPECT_ERROR(
		"type poly = polymorphic;" R("a : poly; aPoly : int"), "the name 'aPoly' in C");
	EXPECT_ERROR(R("a : mem, dealloc[]; aDealloc : int"), "the name 'aDealloc' in C");
	EXPECT_ERROR(R("a : PointerToIfNot(int, 0); a__Present__ : int"), "'a__Present__' in C");
}

TEST(unlike_names_do_not_collide)
{
	Analysis x;

	ANALYSE(&x, R("a : int; aCnt : int; aPad : int; aPoly : int; aDealloc : int; b : bs;"
		      "c : is, samecount; cCnt : int"));
	analysis_deinit(&x);
}

TEST(several_errors_are_told_in_one_run)
{
	EXPECT_ERRORS(3,
		TYPES "routine r(p : mach_port_t; a : nosuch_t; inout b : bs);\n"
		      "routine s(i : int);",
		"test.defs:3:32: error: type 'nosuch_t'", "test.defs:3:42: error: an inline array",
		"test.defs:4:9: error: 's' has no argument");
}

TEST(many_routines_are_quick)
{
	FILE *f;
	char *text = NULL;
	size_t size = 0;
	Analysis x;

	f = open_memstream(&text, &size);
	ASSERT_NOT_NULL(f);
	fputs(PREAMBLE TYPES, f);
	for (unsigned i = 0; i < 5000; i++)
		fprintf(f, "routine r%u(p : mach_port_t; a : bs; out b : mem, dealloc);\n", i);
	ASSERT_EQ(fclose(f), 0);
	analyse(&x, text);
	ASSERT_STREQ(x.messages, "");
	ASSERT_EQ(x.interface->n_routines, 5000);
	ASSERT_EQ(routine_of(&x, 4999)->id, 5399);
	analysis_deinit(&x);
	free(text);
}

TEST(functions_of_the_generated_code_have_names_of_their_own)
{
	EXPECT_ERROR("routine test_server(p : mach_port_t);",
		"test.defs:2:9: error: ", "two of 'test_server'",
		"the function that serves a request");
	EXPECT_ERROR("routine test_server_routine(p : mach_port_t);", "finds a stub");
	EXPECT_ERROR("routine test_subsystem(p : mach_port_t);", "the table of the stubs");
	EXPECT_ERROR("serverdemux d; routine d(p : mach_port_t);", "two of 'd'");
	EXPECT_ERROR("serverprefix _X; routine a(p : mach_port_t);", "two of '_Xa'");
	EXPECT_ERROR("serverprefix out_; routine a(p : mach_port_t; a : int);",
		"'out_a' is a name that the generated code has itself");
}

TEST(an_inout_array_is_answered_where_it_was)
{
	Analysis x;

	ANALYSE(&x, R("inout a : in_t"));
	analysis_deinit(&x);
	EXPECT_ERROR(R("inout a : in_t, dealloc"), "which cannot be deallocated");
	EXPECT_WARNING(R("out a : in_t"), "'a' is always empty");
}
