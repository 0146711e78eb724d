/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqtime.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DAY INT64_C(86400)
#define DAYS_TO_2001 730791 /* since the first of March of the year 0 */
#define DAYS_400_YEARS 146097

typedef struct Fields {
	int year, month, day, hour, minute, second;
} Fields;

/* Days since the beginning of 2001. The year begins in March here, so that the leap day is its last;
 * 0 <= year <= 9999. */
static int64_t days_of(int year, int month, int day)
{
	int y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
	/* Of the year before the first; the calendar repeats itself every 400 years. */
	int64_t cycle = y < 0 ? -1 : 0, before;

	y += y < 0 ? 400 : 0;
	before = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
	return cycle * DAYS_400_YEARS + before - DAYS_TO_2001;
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool is_date(const Fields *f)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (f->month < 1 || f->month > 12 || f->hour > 23 || f->minute > 59 || f->second > 59)
		return false;
	return f->day >= 1 &&
	       f->day <= days[f->month - 1] + (f->month == 2 && is_leap(f->year) ? 1 : 0);
}

/* Letters of the pattern stand for digits of fields, all else for itself. */
static bool match(const char *pattern, const char *text, size_t n, Fields *ret)
{
	Fields f = {0};

	if (strlen(pattern) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		static const char letters[] = "yMdhms";
		int *const fields[] = {&f.year, &f.month, &f.day, &f.hour, &f.minute, &f.second};
		const char *letter = strchr(letters, pattern[i]);

		if (!letter && pattern[i] != text[i])
			return false;
		if (!letter)
			continue;
		if (text[i] < '0' || text[i] > '9')
			return false;
		*fields[letter - letters] = *fields[letter - letters] * 10 + text[i] - '0';
	}
	*ret = f;
	return is_date(&f);
}

static bool parse_seconds(const char *text, size_t n, int64_t *ret)
{
	bool is_negative = n > 0 && text[0] == '-';
	int64_t v = 0;
	size_t i = is_negative;

	if (i == n)
		return false;
	for (; i < n; i++) {
		int digit = text[i] - '0';

		if (digit < 0 || digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
			__builtin_sub_overflow(v, digit, &v))
			return false;
	}
	if (is_negative) {
		*ret = v;
		return true;
	}
	return !__builtin_sub_overflow(0, v, ret);
}

bool req_time_parse(const char *text, size_t n, int64_t *ret)
{
	Fields f;

	if (n > 0 && text[0] == '@')
		return parse_seconds(text + 1, n - 1, ret);
	if (!match("yyyyMMddhhmmssZ", text, n, &f) && !match("yyyy-MM-ddThh:mm:ssZ", text, n, &f) &&
		!match("yyyyMMdd", text, n, &f) && !match("yyyy-MM-dd", text, n, &f))
		return false;
	*ret = days_of(f.year, f.month, f.day) * DAY + f.hour * 3600 + f.minute * 60 + f.second;
	return true;
}

void req_time_format(int64_t time, char ret[static REQ_TIME_TEXT_SIZE])
{
	int64_t days, rest, y;
	int m, d, second, year;

	if (time < days_of(0, 1, 1) * DAY || time >= (days_of(9999, 12, 31) + 1) * DAY) {
		snprintf(ret, REQ_TIME_TEXT_SIZE, "@%" PRId64, time);
		return;
	}
	/* From here on never negative: since the March of 400 years before the year 0. */
	time += (DAYS_TO_2001 + DAYS_400_YEARS) * DAY;
	days = time / DAY;
	second = (int)(time % DAY);
	/* The last day of a cycle of 400, 100 or 4 years is one more than the division thinks. */
	rest = days % DAYS_400_YEARS;
	y = (rest - rest / 1460 + rest / 36524 - rest / (DAYS_400_YEARS - 1)) / 365;
	rest -= 365 * y + y / 4 - y / 100;
	m = (int)((5 * rest + 2) / 153);
	d = (int)(rest - (153 * m + 2) / 5 + 1);
	year = (int)(y + 400 * (days / DAYS_400_YEARS) - 400) + (m >= 10 ? 1 : 0);
	snprintf(ret, REQ_TIME_TEXT_SIZE, "%04d%02d%02d%02d%02d%02dZ", year % 10000,
		m < 10 ? m + 3 : m - 9, d, second / 3600, second / 60 % 60, second % 60);
}
