/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_REQWORD_H
#define PORTCULLIS_CODESIGN_REQWORD_H

/*
 * Words and characters of the requirement language: which ones are keywords, and how bytes have to be
 * written so that reading them gives the same bytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/cleanup.h"

/* The token of the grammar, or 0 if it is a word like any other. */
int req_keyword_find(const char *text, size_t n);

/* The character at the beginning of @n > 0 bytes: its size, or 0 if that is not UTF-8. */
unsigned req_utf8_decode(const uint8_t *p, size_t n, uint32_t *ret_code);

/* Whether a terminal or a reader would not show a character as itself: controls but for white space, and
 * what turns the direction of text around. */
bool req_char_is_hidden(uint32_t code);

typedef enum ReqQuote {
	REQ_QUOTE_VALUE, /* what is compared: more than ASCII is written as a number */
	REQ_QUOTE_NAME, /* an identifier or a name: as UTF-8 */
	REQ_QUOTE_KEY, /* in brackets: the same, and dots need no quotes */
} ReqQuote;

/* Append @data in the shortest form that is read as it: bare, in quotes, or as 0xHEX. Returns as
 * bytes_put_blob(). */
int req_word_format(ByteWriter *w, ReqQuote how, const void *data, size_t n) _warn_unused_;

/* Append two digits for each byte. */
int req_hex_format(ByteWriter *w, const void *data, size_t n) _warn_unused_;

#endif
