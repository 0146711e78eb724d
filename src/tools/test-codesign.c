/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codesign's parts that need no file: the values of options, lines on a terminal, the bar, and what is
 * shown of a signature.
 */
#include "tests/lib/unit.h"

#include "codesign/entitlements.h"
#include "tools/codesign.h"

static const char *why;

/* --- Printing into memory --- */

static char *text;
static size_t text_size;

static FILE *begin(void)
{
	free(text);
	text = NULL;
	return open_memstream(&text, &text_size);
}

#define EXPECT(out, expected)                                                                      \
	do {                                                                                       \
		fclose(out);                                                                       \
		ASSERT_STREQ(text, expected);                                                      \
	} while (0)

/* --- Values --- */

TEST(flags_have_names_that_may_be_short)
{
	static const struct {
		const char *text;
		uint32_t flags;
	} good[] = {
		{"runtime", 0x10000},
		{"run", 0x10000},
		{"hard,kill", 0x300},
		{"har,k,expires", 0x700},
		{"restrict", 0x800},
		{"enforcement", 0x1000},
		{"library", 0x2000},
		{"library-validation", 0x2000},
		{"host", 0x1},
		{"linker-signed", 0x20000},
		{"0", 0},
		{"0x10100", 0x10100},
		{"256", 0x100},
	};
	static const char *const bad[] = {"", ",", "hard,", ",hard", "h", "l", "r", "hardx",
		"adhoc", "0x2", "4", "0x100000000", "0x", "0x1g", "-1", "none", "hard kill", "+256",
		" 256"};
	uint32_t flags;

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		ASSERT_TRUE(value_parse_flags(good[i].text, &flags, &why));
		ASSERT_EQ(flags, good[i].flags);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ASSERT_FALSE(value_parse_flags(bad[i], &flags, &why));
}

TEST(page_sizes_are_powers_of_two)
{
	static const char *const bad[] = {"", "1", "256", "513", "4095", "2147483648", "-4096",
		"4k", "0x", "99999999999999999999"};
	uint8_t shift;

	ASSERT_TRUE(value_parse_page_size("0", &shift, &why));
	ASSERT_EQ(shift, 0);
	ASSERT_TRUE(value_parse_page_size("512", &shift, &why));
	ASSERT_EQ(shift, 9);
	ASSERT_TRUE(value_parse_page_size("0x1000", &shift, &why));
	ASSERT_EQ(shift, 12);
	ASSERT_TRUE(value_parse_page_size("1073741824", &shift, &why));
	ASSERT_EQ(shift, 30);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ASSERT_FALSE(value_parse_page_size(bad[i], &shift, &why));
}

TEST(hashes_are_named_once)
{
	static const char *const bad[] = {"", "sha1", "sha256,", ",sha256", "sha256,sha256",
		"sha256,sha384,sha256", "sha512", "sha25"};
	CodeHash hashes[SIGNER_HASHES_MAX];
	uint32_t n;

	ASSERT_TRUE(value_parse_hashes("sha256", hashes, &n, &why));
	ASSERT_EQ(n, 1);
	ASSERT_EQ(hashes[0], CODE_HASH_SHA256);
	ASSERT_TRUE(value_parse_hashes("sha384,sha256", hashes, &n, &why));
	ASSERT_EQ(n, 2);
	ASSERT_EQ(hashes[0], CODE_HASH_SHA384);
	ASSERT_EQ(hashes[1], CODE_HASH_SHA256);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ASSERT_FALSE(value_parse_hashes(bad[i], hashes, &n, &why));
}

TEST(what_is_preserved_is_a_list)
{
	static const char *const bad[] = {"", "all", "flags,", "flag", "flags,,runtime", "team"};
	unsigned bits;

	ASSERT_TRUE(value_parse_preserve("identifier", &bits, &why));
	ASSERT_EQ(bits, PRESERVE_IDENTIFIER);
	ASSERT_TRUE(value_parse_preserve("runtime,flags,flags", &bits, &why));
	ASSERT_EQ(bits, PRESERVE_RUNTIME | PRESERVE_FLAGS);
	ASSERT_TRUE(value_parse_preserve(
		"entitlements,requirements,identifier,flags,runtime", &bits, &why));
	ASSERT_EQ(bits, 0x1fu);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ASSERT_FALSE(value_parse_preserve(bad[i], &bits, &why));
}

TEST(versions_have_up_to_three_numbers)
{
	static const char *const bad[] = {"", ".", "1.", "1..2", "1.2.3.", "1.2.3.4", "1.256",
		"1.2.256", "65536", "0", "0.0.0", "a", "1.a", "0x1", "00000001"};
	uint32_t version;

	ASSERT_TRUE(value_parse_version("10", &version, &why));
	ASSERT_EQ(version, 0xa0000);
	ASSERT_TRUE(value_parse_version("10.4", &version, &why));
	ASSERT_EQ(version, 0xa0400);
	ASSERT_TRUE(value_parse_version("65535.255.255", &version, &why));
	ASSERT_EQ(version, 0xffffffff);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		ASSERT_FALSE(value_parse_version(bad[i], &version, &why));
}

/* --- Lines --- */

TEST(nothing_reaches_a_terminal_that_it_would_act_on)
{
	FILE *out = begin();

	print_line(out, "%s", "plain\ttab");
	print_line(out, "%s", "\033[31mred\r\n\x7f");
	print_line(out, "%s", "gr\303\266\303\237e \342\202\254 \360\237\230\200");
	print_line(out, "%s",
		"\302\233"
		"31m \377\376 \303");
	EXPECT(out, "plain\ttab\n"
		    "\\x1b[31mred\\x0d\\x0a\\x7f\n"
		    "gr\303\266\303\237e \342\202\254 \360\237\230\200\n"
		    "\\xc2\\x9b31m \\xff\\xfe \\xc3\n");
}

TEST(the_worse_status_counts)
{
	ASSERT_EQ(status_worse(0, 0), 0);
	ASSERT_EQ(status_worse(STATUS_REQUIREMENT, 0), STATUS_REQUIREMENT);
	ASSERT_EQ(status_worse(STATUS_REQUIREMENT, STATUS_FAILED), STATUS_FAILED);
	ASSERT_EQ(status_worse(STATUS_FAILED, STATUS_REQUIREMENT), STATUS_FAILED);
	ASSERT_EQ(status_worse(STATUS_FAILED, STATUS_USAGE), STATUS_USAGE);
}

/* --- The bar --- */

#define MS UINT64_C(1000000)

TEST(the_bar_is_only_for_long_work)
{
	Progress progress = {.name = "file", .begin_ns = 0};
	FILE *out = begin();

	progress.out = out;
	progress_show_at(&progress, 100 * MS, 1, 100);
	progress_show_at(&progress, 100 * MS, 100, 100);
	progress_show_at(&progress, 900 * MS, 0, 0);
	progress_end(&progress);
	EXPECT(out, "");
}

TEST(the_bar_moves_now_and_then_and_goes_away)
{
	Progress progress = {.name = "fi\033le", .begin_ns = 0};
	FILE *out = begin();

	progress.out = out;
	progress_show_at(&progress, 300 * MS, 0, 200);
	progress_show_at(&progress, 310 * MS, 20, 200);
	progress_show_at(&progress, 500 * MS, 100, 200);
	progress_show_at(&progress, 510 * MS, 200, 200);
	progress_end(&progress);
	progress_end(&progress);
	EXPECT(out, "\r[                              ]   0 % fi\\x1ble\033[K"
		    "\r[###############               ]  50 % fi\\x1ble\033[K"
		    "\r[##############################] 100 % fi\\x1ble\033[K"
		    "\r\033[K");
}

TEST(without_a_terminal_there_is_no_bar)
{
	Progress progress = {.name = "file", .begin_ns = 0};

	progress_show_at(&progress, 300 * MS, 50, 100);
	ASSERT_FALSE(progress.is_shown);
	progress_end(&progress);
}

/* --- What is shown --- */

TEST(entitlements_are_shown_as_a_tree)
{
	static const char xml[] = "<plist version=\"1.0\"><dict><key>a</key><true/><key>b</key>"
				  "<array><integer>-7</integer><string>x\ty</string><data>AQL/"
				  "</data></array><key>c</key><dict/></dict></plist>";
	Object *object;
	FILE *out = begin();

	ASSERT_OK(entitlements_decode_xml(xml, sizeof(xml) - 1, &object, NULL));
	show_tree(out, object);
	object_unref(object);
	EXPECT(out, "[Dict]\n"
		    "\t[Key] a\n\t[Value]\n\t\t[Bool] true\n"
		    "\t[Key] b\n\t[Value]\n\t\t[Array]\n"
		    "\t\t\t[Int] -7\n\t\t\t[String] x\ty\n\t\t\t[Data] 0102ff\n"
		    "\t[Key] c\n\t[Value]\n\t\t[Dict]\n");
}

TEST(times_are_shown_in_one_zone)
{
	char time[SHOW_TIME_SIZE];

	show_time(0, time);
	ASSERT_STREQ(time, "2001-01-01 00:00:00 UTC");
	show_time(-1, time);
	ASSERT_STREQ(time, "2000-12-31 23:59:59 UTC");
	show_time(INT64_MAX, time);
	ASSERT_STREQ(time, "9223372036854775807 s after 2001");
	show_time(INT64_MIN, time);
	ASSERT_STREQ(time, "-9223372036854775808 s after 2001");
}

TEST(bytes_are_shown_in_hexadecimal)
{
	static const uint8_t bytes[] = {0, 0x7f, 0xff};
	char hex[7];

	show_hex(bytes, 3, hex);
	ASSERT_STREQ(hex, "007fff");
	show_hex(bytes, 0, hex);
	ASSERT_STREQ(hex, "");
}
