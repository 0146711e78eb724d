/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/layout.h"
#include "mig/test-sema.h"

/* What a message looks like, on one line, to compare with. */
static const char *show(Analysis *x, const Message *m)
{
	static const char *const kinds[] = {
		[FIELD_PORT] = "port",
		[FIELD_PORT_ARRAY] = "ports",
		[FIELD_OOL] = "ool",
		[FIELD_OOL_PORTS] = "oolports",
		[FIELD_COUNT] = "count",
		[FIELD_ROOM] = "room",
		[FIELD_DATA] = "data",
		[FIELD_STRING] = "string",
		[FIELD_STRING_HEAD] = "head",
		[FIELD_STRING_BYTES] = "bytes",
		[FIELD_ARRAY] = "array",
		[FIELD_PRESENT] = "present",
		[FIELD_NATIVE] = "native",
	};
	Arena *a = &x->arena;
	const char *text = arena_printf(
		a, "%s%u-%u", m->complex ? "complex " : "", m->min_size, m->max_size);

	for (unsigned i = 0; i < m->n_descriptors; i++) {
		const Field *f = &m->descriptors[i];

		ASSERT_EQ(f->shift, 0);
		ASSERT_FALSE(f->variable);
		text = arena_printf(a, "%s %s:%s:%u", text, kinds[f->kind], f->name, f->size);
	}
	text = arena_printf(a, "%s%s", text, m->ndr ? " NDR" : "");
	for (unsigned i = 0; i < m->n_inlines; i++) {
		const Field *f = &m->inlines[i];

		text = arena_printf(a, "%s %s:%s:%u", text, kinds[f->kind], f->name, f->size);
		ASSERT_EQ(f->variable, f->kind == FIELD_ARRAY || f->kind == FIELD_STRING_BYTES);
		if (f->shift)
			text = arena_printf(a, "%s+%u", text, f->shift);
	}
	return text;
}

#define TYPES                                                                                      \
	"type b = MACH_MSG_TYPE_BYTE; type bs = array [*:5] of b; type is = array [*:6] of int;"   \
	"type s = c_string [6]; type vs = c_string [*:6]; type mem = ^ array [] of b;"             \
	"type in_t = array [] of b; type ps = array [*:3] of mach_port_t;"                         \
	"type fps = array [2] of mach_port_t; type ops = ^ array [] of mach_port_t;"               \
	"type f = ^ array [4] of int; type nv = ValueOf(long);"                                    \
	"type np = PointerToIfNot(struct stat, NULL);"

#define ASSERT_REQUEST(args, expected)                                                             \
	do {                                                                                       \
		Analysis got;                                                                      \
                                                                                                   \
		ANALYSE(&got, TYPES "simpleroutine r(p : mach_port_t" args ");");                  \
		ASSERT_STREQ(show(&got, &routine_of(&got, 0)->request), expected);                 \
		ASSERT_EQ(routine_of(&got, 0)->reply.max_size, 0);                                 \
		analysis_deinit(&got);                                                             \
	} while (0)

#define ASSERT_MESSAGES(args, request_expected, reply_expected)                                    \
	do {                                                                                       \
		Analysis got;                                                                      \
                                                                                                   \
		ANALYSE(&got, TYPES "routine r(p : mach_port_t" args ");");                        \
		ASSERT_STREQ(show(&got, &routine_of(&got, 0)->request), request_expected);         \
		ASSERT_STREQ(show(&got, &routine_of(&got, 0)->reply), reply_expected);             \
		analysis_deinit(&got);                                                             \
	} while (0)

TEST(nothing_at_all_is_a_header)
{
	ASSERT_REQUEST("", "24-24");
	ASSERT_MESSAGES("", "24-24", "36-36 NDR");
}

TEST(inline_data_follows_ndr)
{
	ASSERT_REQUEST("; i : int", "36-36 NDR data:i:4");
	ASSERT_REQUEST("; c : b; i : int", "40-40 NDR data:c:4 data:i:4");
	ASSERT_REQUEST("; x : s", "40-40 NDR string:x:8");
	ASSERT_MESSAGES("; i : int; out j : int; inout k : b", "40-40 NDR data:i:4 data:k:4",
		"44-44 NDR data:j:4 data:k:4");
}

TEST(variable_members_shift_the_rest)
{
	ASSERT_REQUEST("; x : bs; i : int", "40-48 NDR count:xCnt:4 array:x:8 data:i:4+1");
	ASSERT_REQUEST("; x : bs; y : is, samecount; z : vs; i : int",
		"48-88 NDR count:xCnt:4 array:x:8 array:y:24+1 head:z:8+2 bytes:z:8+2 data:i:4+3");
	ASSERT_MESSAGES("; out x : vs", "24-24", "44-52 NDR head:x:8 bytes:x:8");
	ASSERT_MESSAGES(
		"; inout x : vs", "40-48 NDR head:x:8 bytes:x:8", "44-52 NDR head:x:8 bytes:x:8");
}

TEST(descriptors_come_first)
{
	ASSERT_REQUEST("; q : mach_port_t", "complex 40-40 port:q:12");
	ASSERT_REQUEST("; i : int; q : mach_port_t", "complex 52-52 port:q:12 NDR data:i:4");
	ASSERT_REQUEST("; m : mem; i : int; q : mach_port_t",
		"complex 72-72 ool:m:16 port:q:12 NDR count:mCnt:4 data:i:4");
	ASSERT_REQUEST("; m : in_t", "complex 56-56 ool:m:16 NDR count:mCnt:4");
	ASSERT_REQUEST("; m : f", "complex 44-44 ool:m:16");
	ASSERT_REQUEST(
		"; q : ps; r : fps", "complex 100-100 ports:q:36 ports:r:24 NDR count:qCnt:4");
	ASSERT_REQUEST("; q : ops", "complex 56-56 oolports:q:16 NDR count:qCnt:4");
	ASSERT_MESSAGES("; out q : mach_port_t", "24-24", "complex 40-40 port:q:12");
	ASSERT_MESSAGES("; out m : mem; out i : int", "24-24",
		"complex 60-60 ool:m:16 NDR count:mCnt:4 data:i:4");
}

TEST(arrays_of_rights_count_in_full)
{
	Analysis x;

	ANALYSE(&x, TYPES "simpleroutine r(p : mach_port_t; q : ps; r : ops; s : fps);");
	ASSERT_EQ(routine_of(&x, 0)->request.n_descriptors, 3);
	ASSERT_EQ(routine_of(&x, 0)->request.descriptor_count, 6);
	analysis_deinit(&x);
}

TEST(room_is_told_in_the_request)
{
	ASSERT_MESSAGES("; out x : bs, countinout; i : int", "40-40 NDR room:xCnt:4 data:i:4",
		"40-48 NDR count:xCnt:4 array:x:8");
	ASSERT_MESSAGES("; out x : bs, countinout; out y : is, samecount", "36-36 NDR room:xCnt:4",
		"40-72 NDR count:xCnt:4 array:x:8 array:y:24+1");
	ASSERT_MESSAGES("; out x : in_t, countinout", "36-36 NDR room:xCnt:4",
		"complex 56-56 ool:x:16 NDR count:xCnt:4");
	ASSERT_MESSAGES("; out x : ps, countinout", "36-36 NDR room:xCnt:4",
		"complex 76-76 ports:x:36 NDR count:xCnt:4");
}

TEST(natives_have_the_size_of_c)
{
	Analysis x;

	ASSERT_REQUEST("; v : nv", "32-32 NDR native:v:0");
	ASSERT_REQUEST("; v : np; i : int", "40-40 NDR present:v__Present__:4 native:v:0 data:i:4");
	ANALYSE(&x, TYPES "routine r(p : mach_port_t; v : nv); routine q(p : mach_port_t);");
	ASSERT_TRUE(routine_of(&x, 0)->request.native);
	ASSERT_FALSE(routine_of(&x, 0)->reply.native);
	ASSERT_FALSE(routine_of(&x, 1)->request.native);
	analysis_deinit(&x);
}

TEST(only_what_is_in_a_message_is_laid_out)
{
	ASSERT_MESSAGES("; replyport rp : mach_port_t; waittime w : int; msgoption o : int; "
			"sendtime t : int; msgseqno n : int",
		"24-24", "36-36 NDR");
	ASSERT_MESSAGES("; out x : int, retcode; out y : int", "24-24", "40-40 NDR data:y:4");
}

TEST(what_is_too_large_is_an_error)
{
	Options o = {.max_on_stack = -1, .max_descriptors = 2, .max_reply_descriptors = 1};
	Analysis x;

	EXPECT_ERROR(
		"type big = array [1000000000] of MACH_MSG_TYPE_BYTE;"
		"simpleroutine r(p : mach_port_t; a : big; b : big; c : big; d : big; e : big);",
		"the request of 'r' has 5000000032 bytes");
	EXPECT_ERROR("type many = array [16383] of mach_port_t;"
		     "routine r(p : mach_port_t; out a : many; out b : mach_port_t);",
		"the reply of 'r' has 16384 descriptors, and a message at most 16383");
	analyse_with(&x,
		PREAMBLE
		"routine r(p : mach_port_t; a : mach_port_t; b : mach_port_t; c : mach_port_t);"
		"routine q(p : mach_port_t; out a : mach_port_t; out b : mach_port_t);"
		"routine s(p : mach_port_t; a : mach_port_t; inout b : mach_port_t);",
		&o);
	ASSERT_EQ(x.diag.n_errors, 2);
	ASSERT_STRSTR(x.messages, "the request of 'r' has 3 descriptors, and -max_descrs allows 2");
	ASSERT_STRSTR(
		x.messages, "the reply of 'q' has 2 descriptors, and -max_reply_descrs allows 1");
	analysis_deinit(&x);
}
