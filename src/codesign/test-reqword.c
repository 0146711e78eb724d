/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqword.h"

#include <string.h>

#include "codesign/test-req.h"

static void check(ReqQuote how, const char *data, size_t n, const char *expected)
{
	_cleanup_bytes_writer_ ByteWriter w;

	bytes_writer_init_growable(&w, 4096);
	ASSERT_OK(req_word_format(&w, how, data, n));
	ASSERT_OK(bytes_put_u8(&w, '\0'));
	ASSERT_STREQ((char *)w.p, expected);
}

static void check_z(ReqQuote how, const char *data, const char *expected)
{
	check(how, data, strlen(data), expected);
}

TEST(bare)
{
	check_z(REQ_QUOTE_VALUE, "ABC123", "ABC123");
	check_z(REQ_QUOTE_VALUE, "1ABC", "\"1ABC\"");
	check_z(REQ_QUOTE_VALUE, "a.b", "\"a.b\"");
	check_z(REQ_QUOTE_NAME, "a.b", "\"a.b\"");
	check_z(REQ_QUOTE_KEY, "a.b", "a.b");
	check_z(REQ_QUOTE_KEY, "a.1.b2", "a.1.b2");
	check_z(REQ_QUOTE_KEY, "a.1b", "\"a.1b\"");
	check_z(REQ_QUOTE_KEY, "a..b", "\"a..b\"");
	check_z(REQ_QUOTE_KEY, "a.", "\"a.\"");
	check_z(REQ_QUOTE_KEY, ".a", "\".a\"");
	check_z(REQ_QUOTE_KEY, "a-b", "\"a-b\"");
	check_z(REQ_QUOTE_KEY, "", "\"\"");
	/* Words of the language, and one that is a word in one place only. */
	check_z(REQ_QUOTE_VALUE, "info", "\"info\"");
	check_z(REQ_QUOTE_KEY, "cert", "\"cert\"");
	check_z(REQ_QUOTE_KEY, "certs", "certs");
	check_z(REQ_QUOTE_KEY, "info.x", "info.x");
	check_z(REQ_QUOTE_VALUE, "skip", "skip");
}

TEST(quoted)
{
	check_z(REQ_QUOTE_VALUE, "a b\n\t", "\"a b\n\t\"");
	check_z(REQ_QUOTE_VALUE, "a\"b\\c", "\"a\\\"b\\\\c\"");
	check_z(REQ_QUOTE_NAME, "J\xc3\xbcrgen", "\"J\xc3\xbcrgen\"");
	check_z(REQ_QUOTE_NAME, "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"");
}

TEST(hexadecimal)
{
	check_z(REQ_QUOTE_VALUE, "J\xc3\xbcrgen", "0x4ac3bc7267656e");
	check_z(REQ_QUOTE_NAME, "\xff", "0xff");
	check_z(REQ_QUOTE_NAME, "a\x1b", "0x611b");
	check_z(REQ_QUOTE_NAME, "\x7f", "0x7f");
	check(REQ_QUOTE_NAME, "a\0b", 3, "0x610062");
	/* What turns text around, and what cannot be seen. */
	check_z(REQ_QUOTE_NAME, "\xe2\x80\xae", "0xe280ae");
	check_z(REQ_QUOTE_NAME, "\xe2\x81\xa6", "0xe281a6");
	check_z(REQ_QUOTE_NAME, "\xef\xbb\xbf", "0xefbbbf");
	check_z(REQ_QUOTE_NAME, "\xc2\x85", "0xc285");
	check_z(REQ_QUOTE_NAME, "\xf3\xa0\x80\x81", "0xf3a08081");
}

TEST(utf8)
{
	static const struct {
		const char *text;
		unsigned size;
		uint32_t code;
	} cases[] = {
		{"a", 1, 'a'},
		{"\x7f", 1, 0x7f},
		{"\xc2\x80", 2, 0x80},
		{"\xdf\xbf", 2, 0x7ff},
		{"\xe0\xa0\x80", 3, 0x800},
		{"\xef\xbf\xbf", 3, 0xffff},
		{"\xf0\x90\x80\x80", 4, 0x10000},
		{"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
		{"\x80", 0, 0},
		{"\xc0\x80", 0, 0},
		{"\xc1\xbf", 0, 0},
		{"\xc2", 0, 0},
		{"\xc2 ", 0, 0},
		{"\xe0\x9f\xbf", 0, 0},
		{"\xed\xa0\x80", 0, 0},
		{"\xf0\x8f\xbf\xbf", 0, 0},
		{"\xf4\x90\x80\x80", 0, 0},
		{"\xf5\x80\x80\x80", 0, 0},
		{"\xff", 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t code = 0;

		ASSERT_EQ(req_utf8_decode(
				  (const uint8_t *)cases[i].text, strlen(cases[i].text), &code),
			cases[i].size);
		ASSERT_EQ(code, cases[i].code);
	}
}

TEST(keywords)
{
	ASSERT_NE(req_keyword_find("cert", 4), 0);
	ASSERT_EQ(req_keyword_find("cert", 4), req_keyword_find("certificate", 11));
	ASSERT_EQ(req_keyword_find("certi", 5), 0);
	ASSERT_EQ(req_keyword_find("ce", 2), 0);
	ASSERT_EQ(req_keyword_find("Info", 4), 0);
	ASSERT_EQ(req_keyword_find("email", 5), 0);
}
