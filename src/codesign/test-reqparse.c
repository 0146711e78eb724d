/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqparse.h"

#include "codesign/reqfile.h"
#include "codesign/test-req.h"

/* Each construct: its terms, and its canonical text where that is another one. */
static const struct {
	const char *text, *hex, *canonical;
} constructs[] = {
	{"always", "00000001", NULL},
	{"true", "00000001", "always"},
	{"never", "00000000", NULL},
	{"false", "00000000", "never"},
	{"identifier abc", "00000002 00000003 61626300", NULL},
	{"identifier = \"a.b\"", "00000002 00000003 612e6200", "identifier \"a.b\""},
	{"identifier == a.b", "00000002 00000003 612e6200", "identifier \"a.b\""},
	{"identifier 0x6162", "00000002 00000002 61620000", "identifier ab"},
	{"identifier skip", "00000002 00000004 736b6970", NULL},
	{"identifier \"\"", "00000002 00000000", NULL},
	{"anchor apple", "00000003", NULL},
	{"anchor apple generic", "0000000f", NULL},
	{"anchor generic apple", "0000000f", "anchor apple generic"},
	{"anchor apple vendor", "00000012 00000006 76656e64 6f720000", NULL},
	{"anchor apple \"generic\"", "00000012 00000007 67656e65 72696300", NULL},
	{"anchor trusted", "0000000d", NULL},
	{"certificate trusted", "0000000d", "anchor trusted"},
	{"cert leaf trusted", "0000000c 00000000", "certificate leaf trusted"},
	{"cert root trusted", "0000000c ffffffff", "certificate root trusted"},
	{"certificate 08 trusted", "0000000c 00000008", "certificate 8 trusted"},
	{"certificate -2 trusted", "0000000c fffffffe", NULL},
	{"certificate -1 trusted", "0000000c ffffffff", "certificate root trusted"},
	{"certificate 2147483647 trusted", "0000000c 7fffffff", NULL},
	{"certificate -2147483648 trusted", "0000000c 80000000", NULL},
	{"anchor = H\"0123456789abcdefABCDEF0123456789abcdef01\"",
		"00000004 ffffffff 00000014 01234567 89abcdef abcdef01 23456789 abcdef01",
		"certificate root = H\"0123456789abcdefabcdef0123456789abcdef01\""},
	{"cert leaf H\"0123456789abcdefabcdef0123456789abcdef01\"",
		"00000004 00000000 00000014 01234567 89abcdef abcdef01 23456789 abcdef01",
		"certificate leaf = H\"0123456789abcdefabcdef0123456789abcdef01\""},
	{"cdhash H\"0123456789abcdefabcdef0123456789abcdef01\"",
		"00000008 00000014 01234567 89abcdef abcdef01 23456789 abcdef01", NULL},
	{"cdhash = H\"0123456789abcdefabcdef0123456789abcdef01\"",
		"00000008 00000014 01234567 89abcdef abcdef01 23456789 abcdef01",
		"cdhash H\"0123456789abcdefabcdef0123456789abcdef01\""},
	{"platform 7", "00000014 00000007", "platform = 7"},
	{"platform = 4294967295", "00000014 ffffffff", NULL},
	{"notarized", "00000015", NULL},
	{"legacy", "00000017", NULL},
	{"(name)", "00000013 00000004 6e616d65", NULL},
	{"(\"a b\")", "00000013 00000003 61206200", NULL},
	{"info[a]", "0000000a 00000001 61000000 00000000", "info[a] /* exists */"},
	{"info[a.b] exists", "0000000a 00000003 612e6200 00000000", "info[a.b] /* exists */"},
	{"info[\"a-b\"] absent", "0000000a 00000003 612d6200 0000000e", "info[\"a-b\"] absent "},
	{"info[a] = b", "0000000a 00000001 61000000 00000001 00000001 62000000", NULL},
	{"info[a] == b", "0000000a 00000001 61000000 00000001 00000001 62000000", "info[a] = b"},
	{"info[a] = b*", "0000000a 00000001 61000000 00000003 00000001 62000000", NULL},
	{"info[a] = *b", "0000000a 00000001 61000000 00000004 00000001 62000000", NULL},
	{"info[a] = *b*", "0000000a 00000001 61000000 00000002 00000001 62000000", "info[a] ~ b"},
	{"info[a] ~ b", "0000000a 00000001 61000000 00000002 00000001 62000000", NULL},
	{"info[a] < b", "0000000a 00000001 61000000 00000005 00000001 62000000", NULL},
	{"info[a] > b", "0000000a 00000001 61000000 00000006 00000001 62000000", NULL},
	{"info[a] <= b", "0000000a 00000001 61000000 00000007 00000001 62000000", NULL},
	{"info[a] >= b", "0000000a 00000001 61000000 00000008 00000001 62000000", NULL},
	{"info[a] = 0xFf00", "0000000a 00000001 61000000 00000001 00000002 ff000000",
		"info[a] = 0xff00"},
	{"info[a] = timestamp \"20010101000001Z\"",
		"0000000a 00000001 61000000 00000009 00000000 00000001", NULL},
	{"info[a] < timestamp \"2001-01-01\"",
		"0000000a 00000001 61000000 0000000a 00000000 00000000",
		"info[a] < timestamp \"20010101000000Z\""},
	{"info[a] > timestamp \"@-1\"", "0000000a 00000001 61000000 0000000b ffffffff ffffffff",
		"info[a] > timestamp \"20001231235959Z\""},
	{"info[a] <= timestamp \"@252423993600\"",
		"0000000a 00000001 61000000 0000000c 0000003a c5a47900", NULL},
	{"info[a] >= timestamp \"20010101000000Z\"",
		"0000000a 00000001 61000000 0000000d 00000000 00000000", NULL},
	{"info[a] generic 15 H\"6162\"", "0000000a 00000001 61000000 0000000f 00000002 61620000",
		NULL},
	{"info[a] legacy = b", "00000005 00000001 61000000 00000001 62000000", NULL},
	{"entitlement[a] exists", "00000010 00000001 61000000 00000000",
		"entitlement[a] /* exists */"},
	{"certificate leaf[subject.CN] = b",
		"0000000b 00000000 0000000a 7375626a 6563742e 434e0000 00000001 00000001 62000000",
		NULL},
	{"certificate 1[email] ~ b",
		"0000000b 00000001 00000005 656d6169 6c000000 00000002 00000001 62000000", NULL},
	{"certificate leaf[generic foo] = b",
		"0000000b 00000000 00000003 666f6f00 00000001 00000001 62000000", NULL},
	{"anchor[subject.O] = b",
		"0000000b ffffffff 00000009 7375626a 6563742e 4f000000 00000001 00000001 62000000",
		"certificate root[subject.O] = b"},
	{"certificate leaf[field.1.2.840] exists", "0000000e 00000000 00000003 2a864800 00000000",
		"certificate leaf[field.1.2.840] /* exists */"},
	{"certificate leaf[extension.1.2.840] absent",
		"0000000e 00000000 00000003 2a864800 0000000e",
		"certificate leaf[field.1.2.840] absent "},
	{"certificate leaf[\"field.1.2.840\"]", "0000000e 00000000 00000003 2a864800 00000000",
		"certificate leaf[field.1.2.840] /* exists */"},
	{"certificate leaf[field H\"80\"]", "0000000e 00000000 00000001 80000000 00000000",
		"certificate leaf[field H\"80\"] /* exists */"},
	{"certificate leaf[field H\"2a\"]", "0000000e 00000000 00000001 2a000000 00000000",
		"certificate leaf[field.1.2] /* exists */"},
	{"certificate leaf[policy.1.2]", "00000011 00000000 00000001 2a000000 00000000",
		"certificate leaf[policy.1.2] /* exists */"},
	{"certificate leaf[policy H\"\"]", "00000011 00000000 00000000 00000000",
		"certificate leaf[policy H\"\"] /* exists */"},
	{"certificate leaf[timestamp.1.2] < timestamp \"20010101000000Z\"",
		"00000016 00000000 00000001 2a000000 0000000a 00000000 00000000", NULL},
	{"certificate leaf[timestamp H\"80\"] absent",
		"00000016 00000000 00000001 80000000 0000000e",
		"certificate leaf[timestamp H\"80\"] absent "},
	{"generic false 24 H\"\"", "80000018 00000000", NULL},
	{"generic false 1073741848 H\"01\"", "c0000018 00000001 01000000", NULL},
	{"generic skip 24 H\"0102\" true", "40000018 00000002 01020000 00000001",
		"generic skip 24 H\"0102\" always"},
	/* Precedence. */
	{"! true and false", "00000006 00000009 00000001 00000000", "! always and never"},
	{"!(true and false)", "00000009 00000006 00000001 00000000", "! (always and never)"},
	{"!!true", "00000009 00000009 00000001", "! ! always"},
	{"true or false and legacy", "00000007 00000001 00000006 00000000 00000017",
		"always or never and legacy"},
	{"(true or false) and legacy", "00000006 00000007 00000001 00000000 00000017",
		"(always or never) and legacy"},
	{"true and false and legacy", "00000006 00000006 00000001 00000000 00000017",
		"always and never and legacy"},
	{"true or false or legacy", "00000007 00000007 00000001 00000000 00000017",
		"always or never or legacy"},
	{"true and (false and legacy)", "00000006 00000001 00000006 00000000 00000017",
		"always and (never and legacy)"},
	{"true or (false or legacy)", "00000007 00000001 00000007 00000000 00000017",
		"always or (never or legacy)"},
	{"(((true)))", "00000001", "always"},
	{"generic skip 24 H\"\" true and false", "00000006 40000018 00000000 00000001 00000000",
		"generic skip 24 H\"\" always and never"},
	{"generic skip 24 H\"\" (true and false)", "40000018 00000000 00000006 00000001 00000000",
		"generic skip 24 H\"\" (always and never)"},
	/* Blanks and comments. */
	{" \t\n true \n", "00000001", "always"},
	{"true;", "00000001", "always"},
	{"true;;;", "00000001", "always"},
	{"# first\ntrue # then\n", "00000001", "always"},
	{"// first\ntrue // then", "00000001", "always"},
	{"/* a * b ** / */true/**//***/", "00000001", "always"},
	{"/* \xff */ true // \xff", "00000001", "always"},
	{"identifier\"a\"and true", "00000006 00000002 00000001 61000000 00000001",
		"identifier a and always"},
	{"identifier \"a\nb\"", "00000002 00000003 610a6200", NULL},
	{"identifier \"a\\\"b\\\\\"", "00000002 00000004 6122625c", NULL},
	{"identifier \"\xc3\xa9\"", "00000002 00000002 c3a90000", NULL},
	{"info[\"\xc3\xa9\"] = \"\xc3\xa9\"",
		"0000000a 00000002 c3a90000 00000001 00000002 c3a90000",
		"info[\"\xc3\xa9\"] = 0xc3a9"},
};

TEST(all_constructs)
{
	for (size_t i = 0; i < ARRAY_SIZE(constructs); i++) {
		_cleanup_requirement_ Requirement *r = compile(constructs[i].text), *back = NULL;
		_cleanup_free_ char *text = NULL;
		char hex[512];

		format_terms(r, hex, sizeof(hex));
		ASSERT_STREQ(hex, constructs[i].hex);
		ASSERT_OK(requirement_format(r, &text));
		ASSERT_STREQ(text,
			constructs[i].canonical ? constructs[i].canonical : constructs[i].text);
		back = compile(text);
		ASSERT_SAME(r, back);
	}
}

/* What the lineage's own dumper loses: each comes back as the same bytes, from the blob and from its text. */
TEST(nothing_is_lost)
{
	static const char *const terms[] = {
		/* certificate leaf trusted */
		"0000000c 00000000",
		/* a date */
		"00000016 00000000 00000001 2a000000 0000000a 00000000 224b3a40",
		/* a backslash */
		"0000000a 00000001 61000000 00000001 00000001 5c000000",
		/* identifiers and keys that are not ASCII, or no text */
		"00000002 00000002 c3a90000",
		"00000002 00000002 ff000000",
		"0000000a 00000002 c3a90000 00000000",
		/* nesting to the right */
		"00000006 00000001 00000006 00000000 00000017",
		"00000007 00000001 00000007 00000000 00000017",
		/* the older form of info */
		"00000005 00000001 61000000 00000001 62000000",
		/* operators of the future */
		"00000007 80000063 00000004 01020304 00000006 40000063 00000000 00000001 00000000",
	};

	for (size_t i = 0; i < ARRAY_SIZE(terms); i++) {
		_cleanup_requirement_ Requirement *r = NULL, *back = NULL;
		_cleanup_free_ char *text = NULL;

		ASSERT_OK(decode_terms(terms[i], &r));
		ASSERT_OK(requirement_format(r, &text));
		back = compile(text);
		ASSERT_SAME(r, back);
	}
}

/* Nor what is longer than the buffer of that. */
TEST(long_strings)
{
	_cleanup_requirement_ Requirement *r = NULL;
	_cleanup_free_ char *text = NULL;
	char long_text[1024] = "identifier \"";

	memset(long_text + 12, 'a', 600);
	stpcpy(long_text + 12 + 600, ".b\"");
	r = compile(long_text);
	ASSERT_OK(requirement_format(r, &text));
	ASSERT_STREQ(text, long_text);
}

/* Longer hashes are ours. */
TEST(long_hashes)
{
	static const char *const words[] = {"cdhash ", "certificate leaf = "};
	static const unsigned sizes[][4] = {{20, 32, 48, 64}, {20, 32, 0, 0}};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		for (unsigned n = 0; n <= 70; n++) {
			char text[256], *end = stpcpy(stpcpy(text, words[i]), "H\"");
			_cleanup_requirement_ Requirement *r = NULL;
			_cleanup_free_ char *back = NULL;
			bool is_good = n > 0 && (n == sizes[i][0] || n == sizes[i][1] ||
							n == sizes[i][2] || n == sizes[i][3]);
			int e;

			for (unsigned j = 0; j < n; j++)
				end = stpcpy(end, "a5");
			stpcpy(end, "\"");
			e = requirement_parse(text, strlen(text), &r);
			ASSERT_EQ(e, is_good ? 0 : REQ_E_SYNTAX);
			if (e)
				continue;
			ASSERT_OK(requirement_format(r, &back));
			ASSERT_STREQ(back, text);
		}
	}
}

static const struct {
	const char *text, *errors;
} mistakes[] = {
	{"", "line 1:1: unexpected end of file; expecting a type such as host or a requirement\n"},
	{"# nothing", "line 1:10: unexpected end of file; expecting a type such as host or a "
		      "requirement\n"},
	{";", "line 1:1: unexpected token: ;; expecting a type such as host or a requirement\n"},
	{"foo", "line 1:1: unexpected token: foo; expecting a type such as host or a "
		"requirement\n"},
	{"true and", "line 1:9: unexpected end of file; expecting a requirement\n"},
	{"true and foo", "line 1:10: expecting a requirement, found 'foo'\n"},
	{"(true", "line 1:6: unexpected end of file; expecting 'and', 'or' or ')'\n"},
	{"true)", "line 1:5: unexpected token: ); expecting end of file, 'and', 'or' or ';'\n"},
	{"true false",
		"line 1:6: unexpected token: false; expecting end of file, 'and', 'or' or ';'\n"},
	{"true; false", "line 1:7: unexpected token: false; expecting end of file or ';'\n"},
	{"true\n  and\n\tfoo", "line 3:2: expecting a requirement, found 'foo'\n"},
	{"identifier", "line 1:11: unexpected end of file; expecting a string or '='\n"},
	{"identifier info",
		"line 1:12: unexpected token: info; expecting a string or '='; a string "
		"that is a word of the language is put into quotes\n"},
	{"identifier 1abc",
		"line 1:12: unexpected token: 1; expecting a string or '='; a string that "
		"begins with a digit is put into quotes\n"},
	{"platform = 1abc",
		"line 1:13: unexpected token: abc; expecting end of file, 'and', 'or' or "
		"';'; a string that begins with a digit is put into quotes\n"},
	{"identifier a-b",
		"line 1:13: unexpected token: -; expecting end of file, 'and', 'or' or ';'; "
		"a string with other characters than letters and digits is put into quotes\n"},
	{"identifier a_b",
		"line 1:13: unexpected char: '_'; what is neither letters nor digits is put "
		"into quotes\n"},
	{"identifier \xc3\xa9",
		"line 1:12: unexpected character; what is not ASCII is put into quotes\n"},
	{"identifier \x01", "line 1:12: unexpected character 0x01\n"},
	{"true\r\n", "line 1:5: unexpected carriage return; a line ends with a line feed alone\n"},
	{"identifier \"a\\n\"",
		"line 1:14: unexpected \\; in strings there are \\\" and \\\\ only\n"},
	{"identifier \"a", "line 1:12: a string that is not closed\n"},
	{"identifier \"a\\", "line 1:12: a string that is not closed\n"},
	{"identifier \"a\\\"", "line 1:12: a string that is not closed\n"},
	{"identifier \"a\xff\"",
		"line 1:14: a string that is not UTF-8; bytes are written as 0xHEXADECIMAL\n"},
	{"identifier 0x123", "line 1:12: an odd number of hexadecimal digits\n"},
	{"identifier 0x", "line 1:14: expecting hexadecimal digits\n"},
	{"true /* and", "line 1:6: a comment that is not closed\n"},
	{"true /* and *", "line 1:6: a comment that is not closed\n"},
	{"cdhash \"00\"", "line 1:8: unexpected token: \"00\"; expecting H\"HEX\" or '='\n"},
	{"cdhash H\"00\"",
		"line 1:8: a hash of code has 40 digits, or 64, 96 or 128 where it is not "
		"truncated; found 2\n"},
	{"cdhash H\"0\"", "line 1:8: an odd number of hexadecimal digits\n"},
	{"cdhash H\"xy\"", "line 1:8: expecting a hash, H\"HEXADECIMAL-DIGITS\"\n"},
	{"cdhash H\"00", "line 1:8: expecting a hash, H\"HEXADECIMAL-DIGITS\"\n"},
	{"anchor", "line 1:7: unexpected end of file; expecting a string, H\"HEX\", a path, '=', "
		   "'apple', 'generic', 'trusted' or '['\n"},
	{"anchor generic", "line 1:15: unexpected end of file; expecting 'apple'\n"},
	{"anchor = H\"00\"", "line 1:10: a hash of a certificate has 40 digits (SHA-1) or 64 "
			     "(SHA-256); found 2\n"},
	{"anchor = /etc/x",
		"line 1:10: files are not read here; write the hash of the certificate\n"},
	{"anchor = \"x.pem\"",
		"line 1:10: files are not read here; write the hash of the certificate\n"},
	{"anchor = \"\"", "line 1:10: expecting the path of a certificate\n"},
	{"certificate", "line 1:12: unexpected end of file; expecting leaf, root or a number or "
			"'trusted'\n"},
	{"certificate 2147483648 trusted", "line 1:13: the number of a certificate is too large\n"},
	{"certificate -2147483649 trusted",
		"line 1:14: the number of a certificate is too large\n"},
	{"certificate 99999999999999999999 trusted",
		"line 1:13: the number of a certificate is too large\n"},
	{"certificate leaf[foo] = a", "line 1:18: expecting subject.NAME, email, field.OID, "
				      "extension.OID, policy.OID or timestamp.OID\n"},
	{"certificate leaf[subject] = a", "line 1:18: expecting subject.NAME, email, field.OID, "
					  "extension.OID, policy.OID or timestamp.OID\n"},
	{"certificate leaf[field.a]",
		"line 1:18: expecting an object identifier behind field, such as "
		"1.2.840.113635\n"},
	{"certificate leaf[policy.9.9]",
		"line 1:18: expecting an object identifier behind policy, such "
		"as 1.2.840.113635\n"},
	{"certificate leaf[foo H\"00\"]",
		"line 1:18: expecting field, extension, policy or timestamp before bytes\n"},
	{"platform = 4294967296",
		"line 1:12: the number is too large; the largest one is 4294967295\n"},
	{"platform -1", "line 1:10: unexpected token: -; expecting a number or '='\n"},
	{"info[a", "line 1:7: unexpected end of file; expecting ']'\n"},
	{"info", "line 1:5: unexpected end of file; expecting '['\n"},
	{"info a", "line 1:6: expecting '[', found 'a'\n"},
	{"entitlement[a-b]",
		"line 1:14: expecting ']', found '-'; a string with other characters than "
		"letters and digits is put into quotes\n"},
	{"info[a] = 34YW5XSRB7",
		"line 1:11: unexpected token: 34; expecting a string, 'timestamp' or "
		"'*'; a string that begins with a digit is put into quotes\n"},
	{"info[a] foo",
		"line 1:9: unexpected token: foo; expecting end of file, a comparison, 'and', "
		"'or' or ';'\n"},
	{"info[a] < timestamp \"soon\"",
		"line 1:21: expecting a time, as in \"20190408000000Z\"\n"},
	{"info[a] ~ timestamp \"20010101\"", "line 1:11: expecting a string, found 'timestamp'; a "
					     "string that is a word of the language is put into "
					     "quotes\n"},
	{"info[a] generic 14 H\"\"",
		"line 1:17: the number is that of a comparison that is known; write that\n"},
	{"generic false 2 H\"\"",
		"line 1:15: the number is not one of an operator that is not known\n"},
	{"generic skip 1073741848 H\"\" true",
		"line 1:14: the number is not one of an operator that is not known\n"},
	{"generic false 4294967295 H\"\"",
		"line 1:15: the number is not one of an operator that is not known\n"},
	/* What is shown of the text is text, and harmless. */
	{"true \"\x1b[2J\ny\"", "line 1:6: unexpected token: \"?[2J?y\"; expecting end of file, "
				"'and', 'or' or ';'\n"},
	{"true \"\xe2\x80\xae\xc3\xa9\"",
		"line 1:6: unexpected token: \"?\xc3\xa9\"; expecting end of file, 'and', 'or' or "
		"';'\n"},
	{"true \"0123456789012345678901234567890123456789012345678901234\xf0\x9f\x98\x80x\"",
		"line 1:6: unexpected token: "
		"\"0123456789012345678901234567890123456789012345678901234\xf0\x9f\x98\x80; "
		"expecting end of file, 'and', 'or' or ';'\n"},
	/* Sets. */
	{"host", "line 1:5: unexpected end of file; expecting '=>'\n"},
	{"host = > true", "line 1:6: expecting '=>', found '='\n"},
	{"host => true, guest => true", "line 1:13: unexpected char: ','; the entries of a set are "
					"divided by blanks or ;\n"},
	{"host => true foo => true", "line 1:14: unexpected token: foo; expecting end of file, a "
				     "type such as host, 'and', "
				     "'or' or ';'\n"},
	{"4294967296 => true",
		"line 1:1: the number is too large; the largest one is 4294967295\n"},
	/* Several. */
	{"(foo) and\n(true or bar) and\nidentifier info",
		"line 2:10: expecting a requirement, found 'bar'\n"
		"line 3:12: unexpected token: info; expecting a string or '='; a string that is a "
		"word "
		"of the language is put into quotes\n"},
	{"host => foo; guest => cdhash H\"00\"; designated => bar",
		"line 1:9: expecting a requirement, found 'foo'\n"
		"line 1:30: a hash of code has 40 digits, or 64, 96 or 128 where it is not "
		"truncated; "
		"found 2\n"
		"line 1:51: expecting a requirement, found 'bar'\n"},
};

TEST(mistakes)
{
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		_cleanup_req_diag_ ReqDiag diag;
		ReqParsed parsed;

		req_diag_init(&diag);
		ASSERT_EQ(
			req_parse(mistakes[i].text, strlen(mistakes[i].text), NULL, &diag, &parsed),
			REQ_E_SYNTAX);
		ASSERT_STREQ(req_diag_get(&diag), mistakes[i].errors);
	}
}

TEST(what_is_wanted)
{
	static const struct {
		ReqParseWhat what;
		const char *text;
		int e;
	} cases[] = {
		{REQ_PARSE_ANY, "true", 0},
		{REQ_PARSE_ANY, "host => true", 0},
		{REQ_PARSE_REQUIREMENT, "true", 0},
		{REQ_PARSE_REQUIREMENT, "host => true", REQ_E_SYNTAX},
		{REQ_PARSE_SET, "true", REQ_E_SYNTAX},
		{REQ_PARSE_SET, "host => true", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_req_diag_ ReqDiag diag;
		_cleanup_req_parsed_ ReqParsed parsed = REQ_PARSED_INIT;
		ReqParseOptions options = {.what = cases[i].what};

		req_diag_init(&diag);
		ASSERT_EQ(req_parse(cases[i].text, strlen(cases[i].text), &options, &diag, &parsed),
			cases[i].e);
	}
}

/* @n times @before, @middle, @n times @after. */
static char *repeat(unsigned n, const char *before, const char *middle, const char *after)
{
	char *text = malloc(n * (strlen(before) + strlen(after)) + strlen(middle) + 1), *end = text;

	for (unsigned i = 0; i < n; i++)
		end = stpcpy(end, before);
	end = stpcpy(end, middle);
	for (unsigned i = 0; i < n; i++)
		end = stpcpy(end, after);
	return text;
}

static int parse_repeated(
	unsigned n, const char *before, const char *middle, const char *after, const char *why)
{
	_cleanup_req_diag_ ReqDiag diag;
	_cleanup_req_parsed_ ReqParsed parsed = REQ_PARSED_INIT;
	_cleanup_free_ char *text = repeat(n, before, middle, after);
	int r;

	req_diag_init(&diag);
	r = req_parse(text, strlen(text), NULL, &diag, &parsed);
	if (r == REQ_E_SYNTAX && why)
		ASSERT_STRSTR(req_diag_get(&diag), why);
	if (r == REQ_E_SYNTAX && why)
		ASSERT_EQ(diag.n_errors, 1);
	return r;
}

TEST(hostile_nesting)
{
	static const char deep[] = "too deeply";

	ASSERT_OK(parse_repeated(1000, "(", "true", ")", NULL));
	ASSERT_EQ(parse_repeated(1001, "(", "true", ")", deep), REQ_E_SYNTAX);
	ASSERT_EQ(parse_repeated(100000, "(", "true", ")", deep), REQ_E_SYNTAX);
	ASSERT_EQ(parse_repeated(100000, "(", "", "", deep), REQ_E_SYNTAX);
	ASSERT_OK(parse_repeated(999, "!", "true", "", NULL));
	ASSERT_EQ(parse_repeated(1000, "!", "true", "", deep), REQ_E_SYNTAX);
	ASSERT_EQ(parse_repeated(500000, "!", "true", "", deep), REQ_E_SYNTAX);
	ASSERT_OK(parse_repeated(499, "!(", "true", ")", NULL));
	ASSERT_EQ(parse_repeated(501, "!(", "true", ")", deep), REQ_E_SYNTAX);
	ASSERT_OK(parse_repeated(900, "generic skip 99 H\"\"", "true", "", NULL));
	ASSERT_EQ(parse_repeated(5000, "generic skip 99 H\"\"", "true", "", deep), REQ_E_SYNTAX);
	ASSERT_OK(parse_repeated(999, "true or ", "true", "", NULL));
	ASSERT_EQ(parse_repeated(1000, "true or ", "true", "", deep), REQ_E_SYNTAX);
	ASSERT_OK(parse_repeated(999, "true and (", "true", ")", NULL));
	ASSERT_EQ(parse_repeated(1000, "true and (", "true", ")", deep), REQ_E_SYNTAX);
	/* What is nested one after the other is not nested in each other. */
	ASSERT_OK(parse_repeated(400, "!(true) and !!true and ", "true", "", NULL));
	/* Nothing but closing. */
	ASSERT_EQ(parse_repeated(10000, "", "true", ")", NULL), REQ_E_SYNTAX);
	ASSERT_EQ(parse_repeated(10000, ") ", "true", "! ", NULL), REQ_E_SYNTAX);
}

TEST(hostile_size)
{
	_cleanup_free_ char *text = malloc(REQ_TEXT_MAX + 2);
	_cleanup_req_diag_ ReqDiag diag;
	_cleanup_requirement_ Requirement *r = NULL;
	ReqParsed parsed;

	memset(text, ' ', REQ_TEXT_MAX + 1);
	memcpy(text, "true", 4);
	ASSERT_OK(requirement_parse(text, REQ_TEXT_MAX, &r));
	ASSERT_EQ(requirement_parse(text, REQ_TEXT_MAX + 1, &r), REQ_E_SYNTAX);
	/* A blob that would be too large. */
	memset(text, 'a', REQ_TEXT_MAX);
	memcpy(text, "identifier ", 11);
	ASSERT_EQ(requirement_parse(text, REQ_TEXT_MAX, &r), REQ_E_SYNTAX);
	/* A set with too many. */
	req_diag_init(&diag);
	ASSERT_EQ(req_parse("true\0", 5, NULL, &diag, &parsed), REQ_E_SYNTAX);
	ASSERT_STREQ(req_diag_get(&diag), "line 1:5: unexpected character 0x00\n");
}

TEST(a_set_with_too_many)
{
	_cleanup_req_diag_ ReqDiag diag;
	char text[8192], *end = text;
	ReqParsed parsed;

	for (unsigned i = 0; i <= REQ_SET_MAX; i++)
		end += sprintf(end, "%u => true ", i);
	req_diag_init(&diag);
	ASSERT_EQ(req_parse(text, strlen(text), NULL, &diag, &parsed), REQ_E_SYNTAX);
	ASSERT_STRSTR(req_diag_get(&diag), "too much in the set");
}

/* As many as a set may have, each as large as may be: nothing overflows. */
TEST(a_certificate_without_a_loader_and_with_one)
{
	ReqParseOptions options = {REQ_PARSE_ANY, req_file_hash_certificate};
	_cleanup_req_diag_ ReqDiag diag;
	ReqParsed parsed;
	static const char text[] =
		"anchor = /no/such/file or anchor = \"/dev/zero\" or anchor = \"/\"";

	req_diag_init(&diag);
	ASSERT_EQ(req_parse(text, strlen(text), &options, &diag, &parsed), REQ_E_SYNTAX);
	ASSERT_STREQ(req_diag_get(&diag), "line 1:10: the file cannot be read\n"
					  "line 1:36: that is no regular file\n"
					  "line 1:60: that is no regular file\n");
}
