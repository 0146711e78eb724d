/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/describe.h"
#include "mig/test-sema.h"

/* What is said of the text behind the lines about the preamble's types. */
#define EXPECT_DESCRIPTION(text, expected)                                                         \
	do {                                                                                       \
		Analysis analysis;                                                                 \
		char *said = NULL;                                                                 \
		size_t size;                                                                       \
		FILE *out;                                                                         \
                                                                                                   \
		ANALYSE(&analysis, text);                                                          \
		out = open_memstream(&said, &size);                                                \
		ASSERT_NOT_NULL(out);                                                              \
		describe_interface(analysis.interface, out);                                       \
		ASSERT_EQ(fclose(out), 0);                                                         \
		ASSERT_STREQ(said, expected);                                                      \
		free(said);                                                                        \
		analysis_deinit(&analysis);                                                        \
	} while (0)

#define TWO_TYPES "type int: 4 bytes\ntype mach_port_t: a right\n"

TEST(an_empty_subsystem_has_one_line_and_its_types)
{
	EXPECT_DESCRIPTION("", "subsystem test: ids from 400, 0 of them\n" TWO_TYPES);
}

TEST(each_kind_of_type_is_told_in_a_line)
{
	EXPECT_DESCRIPTION(
		"type a = array [3] of int; type b = array [*:4] of int;"
		"type c = c_string [5]; type d = c_string [*:6];"
		"type e = ^ array [] of int; type f = ^ array [*:7] of int; type g = ^ int;"
		"type h = array [2] of mach_port_t; type i = array [*:3] of mach_port_t;"
		"type j = array [] of mach_port_t; type k = ValueOf(struct stat);",
		"subsystem test: ids from 400, 0 of them\n" TWO_TYPES "type a: 12 bytes\n"
		"type b: at most 4 elements of 4 bytes\n"
		"type c: a string of 5 bytes\n"
		"type d: a string of at most 6 bytes\n"
		"type e: out of line, elements of 4 bytes\n"
		"type f: out of line, at most 7 elements of 4 bytes\n"
		"type g: out of line, 1 elements of 4 bytes\n"
		"type h: 2 rights\n"
		"type i: at most 3 rights\n"
		"type j: out of line, rights\n"
		"type k: the bytes of struct stat\n");
}

TEST(each_routine_is_told_in_a_line_and_so_is_a_skipped_id)
{
	EXPECT_DESCRIPTION("routine a(p : mach_port_t; x : int); skip;"
			   "simpleroutine b(p : mach_port_t; x : mach_port_t);"
			   "routine c(p : mach_port_t; out x : t = array [*:4] of int;"
			   "y : ValueOf(struct stat));",
		"subsystem test: ids from 400, 4 of them\n" TWO_TYPES
		"routine a: id 400, request 36 bytes, answer 36 bytes\n"
		"skip: id 401\n"
		"simpleroutine b: id 402, request 40 bytes and 1 descriptors\n"
		"routine c: id 403, request at least 32 bytes, answer 40 to 56 bytes\n");
}
