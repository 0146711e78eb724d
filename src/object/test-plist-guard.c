/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "object/plist_guard.h"
#include "tests/lib/unit.h"

#define NS_PER_S INT64_C(1000000000)

TEST(dates_are_those_of_the_calendar)
{
	/* Each day from 1700 to 2260, by the C library's reckoning. */
	for (int64_t day = -98615; day < 105900; day++) {
		time_t seconds = (time_t)(day * 86400 + 45296);
		char text[32];
		struct tm tm;
		int64_t ns;

		gmtime_r(&seconds, &tm);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
		if (!plist_date_parse(text, strlen(text), &ns) || ns != seconds * NS_PER_S)
			FAIL("%s", text);
	}
}

TEST(other_dates_are_refused)
{
	static const char *const bad[] = {"", "2001-01-01", "2001-01-01T00:00:00",
		"2001-13-01T00:00:00Z", "2001-00-01T00:00:00Z", "2001-04-31T00:00:00Z",
		"1900-02-29T00:00:00Z", "2001-01-01T24:00:00Z", "2001-01-01T00:60:00Z",
		"2001-01-01T00:00:60Z", "2001-01-01T00:00:00z", "2001-01-01t00:00:00Z",
		"+001-01-01T00:00:00Z", "2001-01-0 T00:00:00Z", "2263-01-01T00:00:00Z",
		"0001-01-01T00:00:00Z", "2001-01-01T00:00:00ZZ"};
	int64_t ns;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (plist_date_parse(bad[i], strlen(bad[i]), &ns))
			FAIL("%s", bad[i]);
	ASSERT_TRUE(plist_date_parse("2000-02-29T00:00:00Z", 20, &ns));
}

typedef struct Seen {
	int n;
	char text[128];
	size_t line;
} Seen;

static int count(void *data, const PlistProblem *problem)
{
	Seen *seen = data;

	seen->n++;
	seen->line = problem->line;
	snprintf(seen->text, sizeof(seen->text), "%.*s",
		problem->key ? (int)problem->key_size : 100,
		problem->key ? problem->key : problem->text);
	return 0;
}

static int stop(void *data, const PlistProblem *problem)
{
	count(data, problem);
	return 1;
}

TEST(keys_that_are_there_twice_are_all_told)
{
	static const char text[] = "<plist><dict><key>a</key><true/>\n<key>b</key><true/>\n"
				   "<key>a</key><true/>\n<key>b</key><true/></dict></plist>";
	Seen seen = {0};
	PlistGuard guard = {.depth_max = 2, .n_nodes_max = 100, .report = count, .data = &seen};

	ASSERT_OK(plist_xml_check(&guard, text, sizeof(text) - 1));
	ASSERT_EQ(seen.n, 2);
	ASSERT_EQ(seen.line, 4);
	ASSERT_STREQ(seen.text, "b");
	seen.n = 0;
	guard.report = stop;
	ASSERT_OK(plist_xml_check(&guard, text, sizeof(text) - 1));
	ASSERT_EQ(seen.n, 1);
	ASSERT_STREQ(seen.text, "a");
}

TEST(dates_and_keys_are_noted)
{
	static const char text[] =
		"<plist><array><date>1970-01-01T00:00:01Z</date><dict><key>a</key>"
		"<date>1970-01-01T00:00:02Z</date></dict></array></plist>";
	_cleanup_plist_notes_ PlistNotes notes = {0};
	Seen seen = {0};
	PlistGuard guard = {.depth_max = 2,
		.n_nodes_max = 100,
		.report = count,
		.data = &seen,
		.notes = &notes};

	ASSERT_OK(plist_xml_check(&guard, text, sizeof(text) - 1));
	ASSERT_EQ(seen.n, 0);
	ASSERT_EQ(notes.n_keys, 1);
	ASSERT_EQ(notes.n_dates, 2);
	ASSERT_EQ(notes.dates[1], 2 * NS_PER_S);
}
