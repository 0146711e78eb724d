/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_OBJECT_UTF_H
#define PORTCULLIS_OBJECT_UTF_H

/*
 * UTF-8 as the Unicode standard has it (its table 3-7: shortest forms only, no surrogates, at most
 * U+10FFFF), and UTF-16.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_CHAR_MAX 4U

/* Whether @size bytes are UTF-8 without NUL, and how many UTF-16 units the same text has. */
bool utf8_check(const char *text, size_t size, size_t *ret_n_units);
/* The character at *p of valid UTF-8, which is not at its end; *p moves behind it. */
uint32_t utf8_next(const char **p);
/* @c as UTF-8; how many bytes. @c is no surrogate and at most U+10FFFF. */
size_t utf8_put(uint32_t c, char ret[static UTF8_CHAR_MAX]);
/* How many bytes of valid UTF-8 the first @n_units units are. A place within a pair counts as the one in
 * front of it. */
size_t utf8_offset_of_unit(const char *text, size_t size, size_t n_units);
/* Units in @size bytes of valid UTF-8. */
size_t utf8_n_units(const char *text, size_t size);

/* The character at units[*i] of @n; *i moves behind it. False: half a pair. */
bool utf16_next(const uint16_t *units, size_t n, size_t *i, uint32_t *ret);
/* 1 or 2 units. */
size_t utf16_put(uint32_t c, uint16_t ret[static 2]);

#endif
