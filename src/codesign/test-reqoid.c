/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqoid.h"

#include <string.h>

#include "codesign/test-req.h"

static bool parse(const char *text, uint8_t *ret, size_t *ret_n)
{
	return req_oid_parse(text, strlen(text), ret, ret_n);
}

TEST(there_and_back)
{
	static const struct {
		const char *text, *hex;
	} cases[] = {
		{"1.2.840.113635.100.6.1.9", "2a864886f76364060109"},
		{"0.0", "00"},
		{"0.39", "27"},
		{"1.0", "28"},
		{"1.39", "4f"},
		{"2.0", "50"},
		{"2.5.4.3", "550403"},
		{"2.100.3", "813403"},
		{"2.16383", "81804f"},
		{"2.5.18446744073709551535", "5581ffffffffffffffff2f"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_bytes_writer_ ByteWriter w;
		uint8_t der[REQ_OID_MAX], expected[64];
		size_t n, n_expected = parse_hex(cases[i].hex, expected);

		bytes_writer_init_growable(&w, 4096);
		ASSERT_TRUE(parse(cases[i].text, der, &n));
		ASSERT_EQ(n, n_expected);
		ASSERT_MEMEQ(der, expected, n);
		ASSERT_TRUE(req_oid_is_formattable(der, n));
		ASSERT_OK(req_oid_format(&w, der, n));
		ASSERT_OK(bytes_put_u8(&w, '\0'));
		ASSERT_STREQ((char *)w.p, cases[i].text);
	}
}

TEST(no_texts)
{
	static const char *const cases[] = {"", "1", "1.", ".1", "1..2", "3.1", "0.40", "1.40",
		"1.2.", "1.2x", "x", "1.18446744073709551616", "1.2.18446744073709551615", "1 .2"};
	uint8_t der[REQ_OID_MAX];
	char text[2048] = "1.2";
	size_t n;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (parse(cases[i], der, &n))
			unit_fail_here("%s", cases[i]);
	while (strlen(text) < 1000)
		stpcpy(text + strlen(text), ".1234567");
	ASSERT_FALSE(parse(text, der, &n));
}

TEST(no_der)
{
	static const char *const cases[] = {"", "80", "8001", "2a80", "2a8001", "2a81",
		"2a82808080808080808000", "2affffffffffffffffff7f"};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t der[64];
		size_t n = parse_hex(cases[i], der);

		if (req_oid_is_formattable(der, n))
			unit_fail_here("%s", cases[i]);
	}
}
