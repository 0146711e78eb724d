/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqword.h"

#include <string.h>

#include "codesign/reqparse.h"
#include "codesign/reqgrammar.h"

static const struct {
	const char *text;
	int token;
} keywords[] = {
	{"absent", R_ABSENT},
	{"always", R_ALWAYS},
	{"anchor", R_ANCHOR},
	{"and", R_AND},
	{"apple", R_APPLE},
	{"cdhash", R_CDHASH},
	{"cert", R_CERTIFICATE},
	{"certificate", R_CERTIFICATE},
	{"designated", R_DESIGNATED},
	{"entitlement", R_ENTITLEMENT},
	{"exists", R_EXISTS},
	{"false", R_FALSE},
	{"generic", R_GENERIC},
	{"guest", R_GUEST},
	{"host", R_HOST},
	{"identifier", R_IDENTIFIER},
	{"info", R_INFO},
	{"leaf", R_LEAF},
	{"legacy", R_LEGACY},
	{"library", R_LIBRARY},
	{"never", R_NEVER},
	{"notarized", R_NOTARIZED},
	{"or", R_OR},
	{"platform", R_PLATFORM},
	{"plugin", R_PLUGIN},
	{"root", R_ROOT},
	{"timestamp", R_TIMESTAMP},
	{"true", R_TRUE},
	{"trusted", R_TRUSTED},
};

int req_keyword_find(const char *text, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++) {
		const char *word = keywords[i].text;

		if (word[0] == text[0] && strncmp(word, text, n) == 0 && word[n] == '\0')
			return keywords[i].token;
	}
	return 0;
}

unsigned req_utf8_decode(const uint8_t *p, size_t n, uint32_t *ret_code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned size = p[0] < 0x80   ? 1
			: p[0] < 0xc2 ? 0
			: p[0] < 0xe0 ? 2
			: p[0] < 0xf0 ? 3
			: p[0] < 0xf5 ? 4
				      : 0;
	uint32_t code = size < 2 ? p[0] : p[0] & (0x7fu >> size);

	if (size == 0 || size > n)
		return 0;
	for (unsigned i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	*ret_code = code;
	return size;
}

static bool is_letter(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* LETTER{LETTER|DIGIT}, and if @dots, parts like that or numbers behind dots. */
static bool is_plain(const uint8_t *p, size_t n, bool dots)
{
	bool is_number = false, is_start = true;

	if (n == 0 || !is_letter(p[0]))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (is_start) {
			is_number = is_digit(p[i]);
			if (!is_number && !is_letter(p[i]))
				return false;
			is_start = false;
		} else if (p[i] == '.') {
			if (!dots)
				return false;
			is_start = true;
		} else if (!is_digit(p[i]) && (is_number || !is_letter(p[i]))) {
			return false;
		}
	}
	return !is_start;
}

bool req_char_is_hidden(uint32_t code)
{
	if (code < 0x20)
		return !(code >= '\t' && code <= '\r');
	return (code >= 0x7f && code < 0xa0) || code == 0x061c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
	       (code >= 0xfff0 && code <= 0xfffb) || code >= 0xe0000;
}

static bool is_quotable(const uint8_t *p, size_t n, bool ascii)
{
	uint32_t code;
	unsigned size;

	for (size_t i = 0; i < n; i += size) {
		if (ascii && p[i] >= 0x80)
			return false;
		size = req_utf8_decode(p + i, n - i, &code);
		if (size == 0 || req_char_is_hidden(code))
			return false;
	}
	return true;
}

static int put_quoted(ByteWriter *w, const uint8_t *p, size_t n)
{
	int r = bytes_put_u8(w, '"');

	for (size_t i = 0; i < n && r == 0; i++) {
		if (p[i] == '"' || p[i] == '\\')
			r = bytes_put_u8(w, '\\');
		if (r == 0)
			r = bytes_put_u8(w, p[i]);
	}
	return r ? r : bytes_put_u8(w, '"');
}

int req_hex_format(ByteWriter *w, const void *data, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = data;
	uint8_t *out;
	int r = bytes_put_space(w, 2 * n, &out);

	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		*out++ = (uint8_t)digits[p[i] >> 4];
		*out++ = (uint8_t)digits[p[i] & 15];
	}
	return 0;
}

int req_word_format(ByteWriter *w, ReqQuote how, const void *data, size_t n)
{
	int r;

	if (is_plain(data, n, how == REQ_QUOTE_KEY) && req_keyword_find(data, n) == 0)
		return bytes_put_blob(w, data, n);
	if (is_quotable(data, n, how == REQ_QUOTE_VALUE))
		return put_quoted(w, data, n);
	r = bytes_put_blob(w, "0x", 2);
	return r ? r : req_hex_format(w, data, n);
}
