/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "object/utf.h"
#include "tests/lib/unit.h"

TEST(every_character_comes_back)
{
	for (uint32_t c = 1; c <= 0x10ffff; c++) {
		char text[UTF8_CHAR_MAX + 1] = {0};
		const char *at = text;
		uint16_t units[2];
		size_t n_units, n, i = 0;
		uint32_t again;

		if (c >= 0xd800 && c < 0xe000)
			continue;
		n = utf8_put(c, text);
		ASSERT_TRUE(utf8_check(text, n, &n_units));
		ASSERT_EQ(n_units, c < 0x10000 ? 1 : 2);
		ASSERT_EQ(utf8_n_units(text, n), n_units);
		ASSERT_EQ(utf8_next(&at), c);
		ASSERT_EQ(at - text, n);
		ASSERT_EQ(utf16_put(c, units), n_units);
		ASSERT_TRUE(utf16_next(units, n_units, &i, &again));
		ASSERT_EQ(again, c);
		ASSERT_EQ(i, n_units);
		/* Cut off, it is none. */
		ASSERT_EQ(utf8_check(text, n - 1, &n_units), n == 1);
	}
}

/* All of two bytes, and all second bytes of longer ones. */
TEST(other_bytes_are_refused)
{
	size_t n_units, n_good = 0;

	for (unsigned first = 0x80; first < 0x100; first++) {
		for (unsigned second = 0; second < 0x100; second++) {
			char text[4] = {(char)first, (char)second, (char)0x80, (char)0x80};
			size_t n = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
			bool good = utf8_check(text, n, &n_units);

			n_good += good;
			if (first < 0xc2 || first > 0xf4 || (second & 0xc0) != 0x80)
				ASSERT_FALSE(good);
		}
	}
	/* 30 * 64 of two bytes; 13 * 64 + 2 * 32 + 64 of three (e0, ed halved); 48 + 3 * 64 + 16. */
	ASSERT_EQ(n_good, 30 * 64 + 14 * 64 + 2 * 32 + 48 + 3 * 64 + 16);
}

TEST(half_pairs_are_refused)
{
	static const uint16_t high[] = {0xd83d}, low[] = {0xde00}, two[] = {0xd83d, 0xd83d};
	uint32_t c;
	size_t i = 0;

	ASSERT_FALSE(utf16_next(high, 1, &i, &c));
	i = 0;
	ASSERT_FALSE(utf16_next(low, 1, &i, &c));
	i = 0;
	ASSERT_FALSE(utf16_next(two, 2, &i, &c));
}

TEST(places_in_units_are_places_in_bytes)
{
	static const char text[] = "a\xc3\xa9\xf0\x9f\x98\x80z";
	static const size_t offsets[] = {0, 1, 3, 3, 7, 8, 8};

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++)
		ASSERT_EQ(utf8_offset_of_unit(text, strlen(text), i), offsets[i]);
}
