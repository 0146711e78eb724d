/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/source.h"
#include "tests/lib/unit.h"

static void check(
	const char *text, uint32_t offset, const char *file, unsigned line, unsigned column)
{
	Source source;
	Location l;
	Arena a;

	arena_init(&a);
	source_init(&source, &a, "given.defs", text, (uint32_t)strlen(text));
	source_locate(&source, offset, &l);
	ASSERT_STREQ(l.file, file);
	ASSERT_EQ(l.line, line);
	ASSERT_EQ(l.column, column);
	arena_deinit(&a);
}

TEST(lines_and_columns_count_from_one)
{
	check("abc\nde\n", 0, "given.defs", 1, 1);
	check("abc\nde\n", 2, "given.defs", 1, 3);
	check("abc\nde\n", 3, "given.defs", 1, 4);
	check("abc\nde\n", 4, "given.defs", 2, 1);
	check("abc\nde\n", 7, "given.defs", 3, 1);
}

TEST(the_end_and_beyond_are_the_end)
{
	check("abc", 3, "given.defs", 1, 4);
	check("abc", 400, "given.defs", 1, 4);
	check("", 0, "given.defs", 1, 1);
	check("", 1, "given.defs", 1, 1);
}

TEST(directives_rename_lines)
{
	check("# 7 \"a.defs\" 1 3\nx\n", 17, "a.defs", 7, 1);
	check("#line 9 \"b.defs\"\n\nx\n", 18, "b.defs", 10, 1);
	check("# 3 \"a\"\n# 5 \"b\"\nx", 16, "b", 5, 1);
	check("# 3 \"a\"\n#line 8\nx", 16, "a", 8, 1);
}

TEST(names_in_directives_are_unquoted)
{
	check("# 1 \"a\\\"b\\\\c\\101\"\nx", 18, "a\"b\\cA", 1, 1);
}

TEST(other_directives_are_plain_lines)
{
	check("#pragma x\ny", 10, "given.defs", 2, 1);
	check("#\n# \n#line\nx", 11, "given.defs", 4, 1);
	check("# 12\"", 4, "given.defs", 1, 5);
}

TEST(a_directive_may_end_the_text)
{
	check("x\n# 5 \"a\"", 0, "given.defs", 1, 1);
	check("x\n# 5 \"a\"", 9, "a", 5, 1);
}

TEST(the_line_is_given_without_its_end)
{
	static const char text[] = "one\r\ntwo";
	Source source;
	Location l;
	Arena a;

	arena_init(&a);
	source_init(&source, &a, "f", text, sizeof(text) - 1);
	source_locate(&source, 1, &l);
	ASSERT_EQ(l.text_size, 3u);
	ASSERT_MEMEQ(l.text, "one", 3);
	source_locate(&source, 6, &l);
	ASSERT_EQ(l.text_size, 3u);
	ASSERT_MEMEQ(l.text, "two", 3);
	arena_deinit(&a);
}

TEST(huge_line_numbers_do_no_harm)
{
	check("# 99999999999999999999 \"a\"\nx", 27, "a", 999999999, 1);
}
