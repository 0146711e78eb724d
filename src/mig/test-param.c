/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/test-sema.h"

/* A parameter list as C would declare it. */
static const char *show(Analysis *x, const ParamList *list)
{
	const char *text = "";

	for (unsigned i = 0; i < list->n; i++) {
		const Param *p = &list->params[i];

		text = arena_printf(&x->arena, "%s%s%s%s %s%s", text, i ? ", " : "",
			p->is_const ? "const " : "", p->ctype, p->pointer ? "*" : "", p->name);
	}
	return text;
}

#define TYPES                                                                                      \
	"type b = MACH_MSG_TYPE_BYTE; type bs = array [*:5] of b; type is = array [*:6] of int;"   \
	"type vs = c_string [*:6]; type mem = ^ array [] of b; type in_t = array [] of b;"         \
	"type fixed = array [2] of int; type st = struct [2] of int; type s = c_string [4];"       \
	"type ops = ^ array [] of polymorphic; type poly = polymorphic;"                           \
	"type snd = MACH_MSG_TYPE_PORT_SEND ctype: mach_port_t;"                                   \
	"type arr = MACH_MSG_TYPE_COPY_SEND | MACH_MSG_TYPE_POLYMORPHIC;"                          \
	"type once = MACH_MSG_TYPE_MAKE_SEND_ONCE ctype: mach_port_t;"                             \
	"type obj = mach_port_t cusertype: U intran: obj_t get(mach_port_t);"                      \
	"type sec = struct [2] of int; type audit = struct [8] of int;"                            \
	"type long_t = MACH_MSG_TYPE_INTEGER_64;"

#define ASSERT_PARAMS(arg_text, user_expected, server_expected)                                    \
	do {                                                                                       \
		Analysis x;                                                                        \
                                                                                                   \
		ANALYSE(&x, TYPES "routine r(" arg_text ");");                                     \
		ASSERT_STREQ(show(&x, &routine_of(&x, 0)->user), user_expected);                   \
		ASSERT_STREQ(show(&x, &routine_of(&x, 0)->server), server_expected);               \
		analysis_deinit(&x);                                                               \
	} while (0)

#define P "requestport p : mach_port_t; "
#define SAME(args, expected)                                                                       \
	ASSERT_PARAMS(P args, "mach_port_t p, " expected, "mach_port_t p, " expected)
#define BOTH(args, user_expected, server_expected)                                                 \
	ASSERT_PARAMS(P args, "mach_port_t p, " user_expected, "mach_port_t p, " server_expected)

TEST(values_that_come_back_are_pointers)
{
	SAME("a : int; out c : int; inout d : int", "int a, int *c, int *d");
	SAME("a : st; out c : st", "st a, st *c");
	SAME("a : fixed; out c : fixed; inout d : s", "fixed a, fixed c, s d");
	SAME("a : mach_port_t; out c : mach_port_t", "mach_port_t a, mach_port_t *c");
	SAME("a : vs; out c : vs", "vs a, vs c");
}

TEST(counts_follow_arrays)
{
	SAME("a : bs; out c : bs; i : int",
		"bs a, mach_msg_type_number_t aCnt, bs c, mach_msg_type_number_t *cCnt, int i");
	SAME("a : mem; out c : mem; inout d : mem",
		"mem a, mach_msg_type_number_t aCnt, mem *c, mach_msg_type_number_t *cCnt, "
		"mem *d, mach_msg_type_number_t *dCnt");
	SAME("a : in_t; out c : in_t, countinout",
		"in_t a, mach_msg_type_number_t aCnt, in_t c, mach_msg_type_number_t *cCnt");
	SAME("a : bs; c : is, samecount", "bs a, mach_msg_type_number_t aCnt, is c");
}

TEST(dispositions_follow_rights)
{
	SAME("a : poly", "poly a, mach_msg_type_name_t aPoly");
	SAME("out a : poly", "poly *a, mach_msg_type_name_t *aPoly");
	SAME("inout a : poly", "poly *a, mach_msg_type_name_t *aPoly");
	BOTH("a : snd", "mach_port_t a, mach_msg_type_name_t aPoly", "mach_port_t a");
	BOTH("out a : snd", "mach_port_t *a", "mach_port_t *a, mach_msg_type_name_t *aPoly");
	BOTH("inout a : snd", "mach_port_t *a, mach_msg_type_name_t aPoly",
		"mach_port_t *a, mach_msg_type_name_t *aPoly");
	BOTH("a : arr", "arr a", "arr a, mach_msg_type_name_t aPoly");
	BOTH("out a : arr", "arr *a, mach_msg_type_name_t *aPoly", "arr *a");
	BOTH("inout a : arr", "arr *a, mach_msg_type_name_t *aPoly",
		"arr *a, mach_msg_type_name_t aPoly");
	SAME("a : ops", "ops a, mach_msg_type_name_t aPoly, mach_msg_type_number_t aCnt");
	SAME("a : once", "mach_port_t a");
	ASSERT_PARAMS("requestport p : poly", "poly p, mach_msg_type_name_t pPoly",
		"poly p, mach_msg_type_name_t pPoly");
}

TEST(who_sends_says_whether_to_deallocate)
{
	BOTH("a : mem, dealloc[]", "mem a, mach_msg_type_number_t aCnt, boolean_t aDealloc",
		"mem a, mach_msg_type_number_t aCnt");
	BOTH("out a : mem, dealloc[]", "mem *a, mach_msg_type_number_t *aCnt",
		"mem *a, mach_msg_type_number_t *aCnt, boolean_t *aDealloc");
	BOTH("inout a : ops, dealloc[]",
		"ops *a, mach_msg_type_name_t *aPoly, mach_msg_type_number_t *aCnt, boolean_t "
		"aDealloc",
		"ops *a, mach_msg_type_name_t *aPoly, mach_msg_type_number_t *aCnt, "
		"boolean_t *aDealloc");
	SAME("a : mem, dealloc", "mem a, mach_msg_type_number_t aCnt");
}

TEST(each_side_has_its_types)
{
	ASSERT_PARAMS(
		"p : obj; a : obj; out c : obj", "U p, U a, U *c", "obj_t p, obj_t a, obj_t *c");
}

TEST(const_is_for_the_client)
{
	BOTH("a : fixed, const; c : mem, const",
		"const fixed a, const mem c, mach_msg_type_number_t cCnt",
		"fixed a, mem c, mach_msg_type_number_t cCnt");
}

TEST(some_arguments_are_of_one_side)
{
	ASSERT_PARAMS("p : mach_port_t; replyport r1 : once; waittime w : int; sendtime t : int;"
		      "msgoption o : int",
		"mach_port_t p, mach_port_t r1, int w, int t, int o",
		"mach_port_t p, mach_port_t r1");
	BOTH("ureplyport u : once; i : int", "mach_port_t u, int i", "int i");
	BOTH("sreplyport u : once; i : int", "int i", "mach_port_t u, int i");
	BOTH("serversectoken a : sec; serveraudittoken b1 : audit; msgseqno n : int;"
	     "servercontexttoken c : long_t; i : int",
		"int i", "sec a, audit b1, int n, long_t c, int i");
	BOTH("usersectoken a : sec; useraudittoken b1 : audit; i : int", "sec *a, audit *b1, int i",
		"int i");
	BOTH("sectoken a : sec; audittoken b1 : audit", "sec *a, audit *b1", "sec a, audit b1");
}

TEST(natives_are_their_words)
{
	SAME("a : PointerTo(struct stat); c : ValueOf(long)", "struct stat *a, long c");
	SAME("out a : PointerTo(struct stat); out c : ValueOf(long)", "struct stat *a, long *c");
	BOTH("a : PointerToIfNot(struct stat, NULL), const", "const struct stat *a",
		"struct stat *a");
}

TEST(a_result_is_not_a_parameter)
{
	SAME("out a : int, retcode; i : int", "int i");
}
