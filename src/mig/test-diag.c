/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/diag.h"
#include "tests/lib/unit.h"

typedef struct Fixture {
	Arena arena;
	Source source;
	Diag diag;
	FILE *stream;
	char *said;
	size_t size;
} Fixture;

static void fixture_init(Fixture *f, const char *text, bool quiet)
{
	arena_init(&f->arena);
	source_init(&f->source, &f->arena, "f.defs", text, (uint32_t)strlen(text));
	f->said = NULL;
	f->stream = open_memstream(&f->said, &f->size);
	ASSERT_NOT_NULL(f->stream);
	diag_init(&f->diag, &f->source, f->stream, quiet);
}

/* What was said, which the fixture keeps. */
static const char *said(Fixture *f)
{
	fflush(f->stream);
	return f->said;
}

static void fixture_deinit(Fixture *f)
{
	fclose(f->stream);
	free(f->said);
	arena_deinit(&f->arena);
}

TEST(the_place_is_shown)
{
	Fixture f;

	fixture_init(&f, "one\n\ttwo three\n", false);
	diag_error(&f.diag, (Span){9, 14}, "bad %s", "word");
	ASSERT_STREQ(said(&f), "f.defs:2:6: error: bad word\n"
			       "    2 | \ttwo three\n"
			       "      | \t    ^~~~~\n");
	fixture_deinit(&f);
}

TEST(a_span_of_several_lines_ends_with_the_first)
{
	Fixture f;

	fixture_init(&f, "ab\ncd\n", false);
	diag_error(&f.diag, (Span){1, 5}, "x");
	ASSERT_STREQ(said(&f), "f.defs:1:2: error: x\n    1 | ab\n      |  ^\n");
	fixture_deinit(&f);
}

TEST(the_file_as_a_whole_has_no_line)
{
	Fixture f;

	fixture_init(&f, "", false);
	diag_error(&f.diag, SPAN_NONE, "empty");
	ASSERT_STREQ(said(&f), "f.defs: error: empty\n");
	fixture_deinit(&f);
}

TEST(one_error_at_one_place_with_its_notes)
{
	Fixture f;

	fixture_init(&f, "abc\n", false);
	diag_error(&f.diag, (Span){1, 2}, "first");
	diag_note(&f.diag, SPAN_NONE, "told");
	diag_error(&f.diag, (Span){1, 3}, "second");
	diag_note(&f.diag, SPAN_NONE, "untold");
	ASSERT_EQ(f.diag.n_errors, 1u);
	ASSERT_STRSTR(said(&f), "first");
	ASSERT_STRSTR(said(&f), "note: told");
	ASSERT_NULL(strstr(said(&f), "second"));
	ASSERT_NULL(strstr(said(&f), "untold"));
	fixture_deinit(&f);
}

TEST(after_many_errors_the_rest_is_counted)
{
	static const char text[] = "0123456789012345678901234567890123456789";
	Fixture f;

	fixture_init(&f, text, false);
	for (uint32_t i = 0; i < DIAG_ERRORS_MAX + 3; i++)
		diag_error(&f.diag, (Span){i, i + 1}, "error number %u.", i);
	diag_finish(&f.diag);
	ASSERT_EQ(f.diag.n_errors, DIAG_ERRORS_MAX + 3u);
	ASSERT_STRSTR(said(&f), "number 19.");
	ASSERT_NULL(strstr(said(&f), "number 20."));
	ASSERT_STRSTR(said(&f), "f.defs: 3 more errors are not shown\n");
	fixture_deinit(&f);
}

TEST(quiet_silences_warnings_with_their_notes)
{
	Fixture f;

	fixture_init(&f, "x", true);
	diag_warning(&f.diag, (Span){0, 1}, "w");
	diag_note(&f.diag, (Span){0, 1}, "n");
	ASSERT_EQ(f.diag.n_warnings, 1u);
	ASSERT_STREQ(said(&f), "");
	diag_error(&f.diag, (Span){0, 1}, "e");
	ASSERT_STRSTR(said(&f), "error: e");
	fixture_deinit(&f);
}

TEST(control_characters_are_not_shown)
{
	Fixture f;

	fixture_init(&f, "# 1 \"a\\033b\"\n\033[2Jx\n", false);
	diag_error(&f.diag, (Span){17, 18}, "e");
	ASSERT_STREQ(said(&f), "a?b:1:5: error: e\n    1 | ?[2Jx\n      |     ^\n");
	fixture_deinit(&f);
}

TEST(of_a_long_line_the_part_around_is_shown)
{
	char text[2001];
	Fixture f;

	memset(text, 'a', 2000);
	text[2000] = '\0';
	text[1500] = 'b';
	fixture_init(&f, text, false);
	diag_error(&f.diag, (Span){1500, 1501}, "e");
	ASSERT_LT(strlen(said(&f)), 400u);
	ASSERT_STRSTR(said(&f), "aba");
	ASSERT_STRSTR(said(&f), ":1:1501: error");
	fixture_deinit(&f);
}

TEST(columns_are_bytes_and_the_caret_is_under_the_letter)
{
	Fixture f;

	fixture_init(&f, "\303\244\303\266 x\n", false);
	diag_error(&f.diag, (Span){5, 6}, "e");
	ASSERT_STREQ(said(&f), "f.defs:1:6: error: e\n    1 | \303\244\303\266 x\n      |    ^\n");
	fixture_deinit(&f);
}
