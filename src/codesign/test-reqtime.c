/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqtime.h"

#include <string.h>
#include <time.h>

#include "codesign/test-req.h"

TEST(known)
{
	static const struct {
		const char *text;
		int64_t time;
		const char *canonical;
	} cases[] = {
		{"20010101000000Z", 0, "20010101000000Z"},
		{"20010101", 0, "20010101000000Z"},
		{"2001-01-01", 0, "20010101000000Z"},
		{"20190408000000Z", 576374400, "20190408000000Z"},
		{"2019-04-08T00:00:01Z", 576374401, "20190408000001Z"},
		{"19700101000000Z", -REQ_TIME_EPOCH, "19700101000000Z"},
		{"20000229235959Z", -26438401, "20000229235959Z"},
		{"00000101000000Z", -63145526400, "00000101000000Z"},
		{"99991231235959Z", 252423993599, "99991231235959Z"},
		{"@0", 0, "20010101000000Z"},
		{"@-1", -1, "20001231235959Z"},
		{"@252423993600", 252423993600, "@252423993600"},
		{"@-63145526401", -63145526401, "@-63145526401"},
		{"@9223372036854775807", INT64_MAX, "@9223372036854775807"},
		{"@-9223372036854775808", INT64_MIN, "@-9223372036854775808"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[REQ_TIME_TEXT_SIZE];
		int64_t time;

		if (!req_time_parse(cases[i].text, strlen(cases[i].text), &time))
			unit_fail_here("%s", cases[i].text);
		ASSERT_EQ(time, cases[i].time);
		req_time_format(time, text);
		ASSERT_STREQ(text, cases[i].canonical);
	}
}

/* Against the C library, at odd intervals over all years. */
TEST(all_years)
{
	for (int64_t t = -63145526400; t < 252423993600; t += 1234567) {
		char text[REQ_TIME_TEXT_SIZE], expected[64];
		time_t unix_time = (time_t)(t + REQ_TIME_EPOCH);
		struct tm tm;
		int64_t back;

		gmtime_r(&unix_time, &tm);
		snprintf(expected, sizeof(expected), "%04d%02d%02d%02d%02d%02dZ", tm.tm_year + 1900,
			tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
		req_time_format(t, text);
		ASSERT_STREQ(text, expected);
		ASSERT_TRUE(req_time_parse(text, strlen(text), &back));
		ASSERT_EQ(back, t);
	}
}

TEST(none)
{
	static const char *const cases[] = {"", "@", "@-", "@x", "@9223372036854775808",
		"@-9223372036854775809", "20190408000000", "20191308000000Z", "20190400000000Z",
		"20190431000000Z", "20190229000000Z", "21000229000000Z", "20190408240000Z",
		"20190408006000Z", "20190408000060Z", "2019-04-08T00:00:00", "2019-4-8",
		"201904080000Z", "+2019040", "now"};
	int64_t time;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (req_time_parse(cases[i], strlen(cases[i]), &time))
			unit_fail_here("%s", cases[i]);
}
