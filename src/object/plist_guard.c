/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "object/plist_guard.h"

#define NS_PER_S INT64_C(1000000000)
#define DATE_SIZE 20U /* "2001-01-01T00:00:00Z" */

int plist_notes_add_date(PlistNotes *notes, int64_t ns)
{
	if (notes->n_dates == notes->room) {
		size_t room = notes->room > 0 ? 2 * notes->room : 8;
		int64_t *grown = reallocarray(notes->dates, room, sizeof(*grown));

		if (!grown)
			return error_origin(-ENOMEM);
		notes->dates = grown;
		notes->room = room;
	}
	notes->dates[notes->n_dates++] = ns;
	return 0;
}

void plist_notes_deinit(PlistNotes *notes)
{
	free(notes->dates);
	*notes = (PlistNotes){0};
}

/* @n digits as a number from @min to @max, or -1. */
static int get_digits(const char *text, unsigned n, int min, int max)
{
	int value = 0;

	for (unsigned i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = 10 * value + (text[i] - '0');
	}
	return value >= min && value <= max ? value : -1;
}

/* Since 1970-01-01, in the calendar of today. */
static int64_t count_days(int year, int month, int day)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int past = month > 2 ? year : year - 1; /* years whose 29th of February may be over */

	return (int64_t)(year - 1970) * 365 + (past / 4 - past / 100 + past / 400) -
	       (1969 / 4 - 1969 / 100 + 1969 / 400) + before[month - 1] + day - 1;
}

static int days_in(int year, int month)
{
	if (month == 2)
		return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

bool plist_date_parse(const char *text, size_t size, int64_t *ret_ns)
{
	int year, month, day, hour, minute, second;
	int64_t seconds;

	if (size != DATE_SIZE || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
		text[13] != ':' || text[16] != ':' || text[19] != 'Z')
		return false;
	year = get_digits(text, 4, 1, 9999);
	month = get_digits(text + 5, 2, 1, 12);
	if (year < 0 || month < 0)
		return false;
	day = get_digits(text + 8, 2, 1, days_in(year, month));
	hour = get_digits(text + 11, 2, 0, 23);
	minute = get_digits(text + 14, 2, 0, 59);
	second = get_digits(text + 17, 2, 0, 59);
	if (day < 0 || hour < 0 || minute < 0 || second < 0)
		return false;
	seconds = ((count_days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
	return !__builtin_mul_overflow(seconds, NS_PER_S, ret_ns);
}
