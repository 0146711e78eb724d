/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "object/utf.h"

/* Bytes of the character that begins with @first, or 0; *ret_low and *ret_high bound the second. */
static unsigned length_of(uint8_t first, uint8_t *ret_low, uint8_t *ret_high)
{
	*ret_low = 0x80;
	*ret_high = 0xbf;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef) {
		if (first == 0xe0)
			*ret_low = 0xa0;
		if (first == 0xed)
			*ret_high = 0x9f;
		return 3;
	}
	if (first >= 0xf0 && first <= 0xf4) {
		if (first == 0xf0)
			*ret_low = 0x90;
		if (first == 0xf4)
			*ret_high = 0x8f;
		return 4;
	}
	return 0;
}

bool utf8_check(const char *text, size_t size, size_t *ret_n_units)
{
	const uint8_t *p = (const uint8_t *)text, *end = p + size;
	size_t n_units = 0;

	while (p < end) {
		uint8_t low, high;
		unsigned n;

		if (*p < 0x80) {
			if (*p++ == 0)
				return false;
			n_units++;
			continue;
		}
		n = length_of(*p, &low, &high);
		if (n == 0 || (size_t)(end - p) < n || p[1] < low || p[1] > high)
			return false;
		for (unsigned i = 2; i < n; i++)
			if ((p[i] & 0xc0) != 0x80)
				return false;
		n_units += n == 4 ? 2 : 1;
		p += n;
	}
	*ret_n_units = n_units;
	return true;
}

uint32_t utf8_next(const char **p)
{
	const uint8_t *at = (const uint8_t *)*p;
	uint32_t c = *at++;
	unsigned n = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

	if (n > 0)
		c &= 0x3fU >> n;
	for (; n > 0; n--)
		c = c << 6 | (*at++ & 0x3f);
	*p = (const char *)at;
	return c;
}

size_t utf8_put(uint32_t c, char ret[static UTF8_CHAR_MAX])
{
	if (c < 0x80) {
		ret[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		ret[0] = (char)(0xc0 | c >> 6);
		ret[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		ret[0] = (char)(0xe0 | c >> 12);
		ret[1] = (char)(0x80 | (c >> 6 & 0x3f));
		ret[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	ret[0] = (char)(0xf0 | c >> 18);
	ret[1] = (char)(0x80 | (c >> 12 & 0x3f));
	ret[2] = (char)(0x80 | (c >> 6 & 0x3f));
	ret[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

size_t utf8_offset_of_unit(const char *text, size_t size, size_t n_units)
{
	const char *p = text, *end = text + size;

	while (p < end && n_units > 0) {
		const char *next = p;
		size_t n = utf8_next(&next) >= 0x10000 ? 2 : 1;

		if (n > n_units)
			break;
		n_units -= n;
		p = next;
	}
	return (size_t)(p - text);
}

size_t utf8_n_units(const char *text, size_t size)
{
	size_t n = 0;

	/* Each character but those of three bytes more has one unit. */
	for (size_t i = 0; i < size; i++) {
		uint8_t c = (uint8_t)text[i];

		n += (c & 0xc0) != 0x80;
		n += c >= 0xf0;
	}
	return n;
}

bool utf16_next(const uint16_t *units, size_t n, size_t *i, uint32_t *ret)
{
	uint32_t first = units[(*i)++], second;

	*ret = first;
	if (first < 0xd800 || first >= 0xe000)
		return true;
	if (first >= 0xdc00 || *i == n)
		return false;
	second = units[(*i)++];
	if (second < 0xdc00 || second >= 0xe000)
		return false;
	*ret = 0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff);
	return true;
}

size_t utf16_put(uint32_t c, uint16_t ret[static 2])
{
	if (c < 0x10000) {
		ret[0] = (uint16_t)c;
		return 1;
	}
	ret[0] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
	ret[1] = (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff));
	return 2;
}
