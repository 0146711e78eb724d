/* SPDX-License-Identifier: Apache-2.0 */
/* Problems, as people read them. */

#include "codesign/problem.h"
#include "tests/lib/unit.h"

TEST(a_problem_is_a_code_and_a_line)
{
	CodeProblem p;
	char line[300];

	ASSERT_EQ(code_problem(&p, CODE_E_UNSIGNED, "not %s", "signed"), CODE_E_UNSIGNED);
	ASSERT_EQ(p.code, CODE_E_UNSIGNED);
	ASSERT_FALSE(p.has_range);
	ASSERT_STREQ(code_problem_format(&p, line, sizeof(line)), "not signed");
}

TEST(ranges_are_named_with_their_last_byte)
{
	CodeProblem p;
	char line[300];

	ASSERT_EQ(
		code_problem_range(&p, CODE_E_MODIFIED, 16384, 32768, "differs"), CODE_E_MODIFIED);
	ASSERT_STREQ(code_problem_format(&p, line, sizeof(line)), "bytes 16384 to 32767: differs");
	(void)code_problem_range(&p, CODE_E_MODIFIED, 7, 8, "differs");
	ASSERT_STREQ(code_problem_format(&p, line, sizeof(line)), "byte 7: differs");
	(void)code_problem_range(&p, CODE_E_MODIFIED, 7, 7, "differs");
	ASSERT_STREQ(code_problem_format(&p, line, sizeof(line)), "differs");
	(void)code_problem_range(&p, CODE_E_MODIFIED, 0, UINT64_MAX, "x");
	ASSERT_STREQ(
		code_problem_format(&p, line, sizeof(line)), "bytes 0 to 18446744073709551614: x");
	ASSERT_STREQ(code_problem_format(&p, line, 6), "bytes");
}

TEST(who_does_not_care_gives_null)
{
	ASSERT_EQ(code_problem(NULL, CODE_E_ACCESS, "x"), CODE_E_ACCESS);
	ASSERT_EQ(code_problem_range(NULL, CODE_E_ACCESS, 0, 1, "x"), CODE_E_ACCESS);
}

TEST(long_texts_are_cut)
{
	CodeProblem p;
	char text[500];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	(void)code_problem(&p, CODE_E_ACCESS, "%s", text);
	ASSERT_EQ(strlen(p.text), sizeof(p.text) - 1);
}
