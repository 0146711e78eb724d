/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept from libplist: XML that is not well-formed, binary lists that are unsound or explode. */
#include "launchd/test-spec.h"

static void assert_refused(const char *text, const char *words)
{
	Parsed p;

	parsed_init(&p, text, strlen(text));
	if (p.result != SPEC_E_INVALID || p.report.n_errors != 1 || !strstr(p.said, words))
		FAIL("%s: \"%s\" is not \"%s\"", text, p.said, words);
	parsed_deinit(&p);
}

static void assert_accepted(const char *text)
{
	Parsed p;

	parsed_init(&p, text, strlen(text));
	if (p.result != 0 || p.report.n_warnings > 0)
		FAIL("%s: %s", text, p.said);
	assert_round_trip(p.spec);
	parsed_deinit(&p);
}

TEST(not_a_property_list)
{
	assert_refused("", "expected a property list, found nothing");
	assert_refused("{ \"Label\": 1 }", "expected a property list in XML or binary form");
	assert_refused("<html></html>", "line 1: expected an element of a property list");
	assert_refused("<!-- -->", "line 1: expected <plist>, found the end");
	assert_refused("\n\n<dict></dict>", "line 3: expected one <plist> around everything");
	assert_refused("<plist>\xff</plist>", "expected text in UTF-8");
	assert_refused("bplist00", "expected a sound binary property list: its head is wrong");
}

TEST(plain_xml)
{
	assert_accepted("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
			"<!DOCTYPE plist PUBLIC \"-//X//DTD PLIST 1.0//EN\" \"http://x/y.dtd\">\r\n"
			"<!-- <array> -->\r\n<plist version=\"1.0\">\r\n<dict >" LABEL
			"<key>Program</key><string><![CDATA[/a<b]]></string>"
			"<!-- </dict> --><key>RunAtLoad</key><true />"
			"<key>Nice</key><integer> -0x5\n</integer>"
			"<key>Disabled</key><false></false></dict\n>\r\n</plist>\n<!-- end -->\n");
}

TEST(broken_xml)
{
	assert_refused(
		"<plist>\n<dict>\n</array></plist>", "line 3: expected </dict>, found </array>");
	assert_refused("<plist>\n<dict>", "line 2: expected </dict>, found the end");
	assert_refused("<plist></plist>", "expected something in the property list");
	assert_refused("<plist/>", "expected something in the property list");
	assert_refused("<plist><dict/><dict/></plist>", "expected nothing more");
	assert_refused("<plist><dict/></plist><plist/>", "expected nothing more");
	assert_refused("<plist><dict/></plist></plist>", "expected nothing more");
	assert_refused("<plist><dict/></plist>x", "expected an element, found text");
	assert_refused("<plist><plist/></plist>", "expected one <plist>");
	assert_refused("<plist><dict>x</dict></plist>", "expected an element, found text");
	assert_refused("<plist><dict><true/></dict></plist>", "expected <key>");
	assert_refused("<plist><dict><key>a</key></dict></plist>", "for the last key");
	assert_refused("<plist><dict><key>a</key><key>b</key></dict></plist>", "for the key");
	assert_refused("<plist><array><key>a</key></array></plist>", "expected no key here");
	assert_refused("<plist><string><true/></string></plist>", "expected </string>");
	assert_refused("<plist><true>x</true></plist>", "expected nothing in a boolean");
	assert_refused("<plist><string/", "expected > behind <string");
	assert_refused("<plist><string", "expected > behind <string");
	assert_refused("<plist><string a=\"b\"/></plist>", "expected > behind <string");
	assert_refused("<plist><string></string x></plist>", "expected > behind </string");
	assert_refused("<plist", "expected > behind <plist");
	assert_refused("<", "expected an element of a property list");
	assert_refused("</", "expected an element of a property list");
	assert_refused("<plist><!-- ", "expected the comment to end");
	assert_refused("<plist><string><![CDATA[ ", "expected CDATA to end");
	assert_refused("<plist><![CDATA[]]></plist>", "expected an element of a");
}

TEST(what_xml_has_besides)
{
	assert_refused("<!DOCTYPE plist [ <!ENTITY a \"b\"> ]><plist/>", "without declarations");
	assert_refused("<!DOCTYPE plist \"><plist/>", "expected quotes in pairs");
	assert_refused("<!DOCTYPE plist", "expected the document type to end");
	assert_refused("<?xml \"?> <plist/>", "expected quotes in pairs");
	assert_refused("<plist><?x ?><dict/></plist>", "in front of the property list");
}

#define KEY(text) OPEN LABEL PROGRAM "<key>" text "</key><true/>" CLOSE
#define ARGUMENT(text)                                                                             \
	OPEN LABEL PROGRAM "<key>ProgramArguments</key><array><string>" text                       \
			   "</string></array>" CLOSE

TEST(characters_by_number)
{
	assert_accepted(ARGUMENT("&#65;&#x20AC;&#x1f600;&lt;&gt;&amp;&quot;&apos;"));
	assert_refused(ARGUMENT("a&#0;b"), "line 2: expected the number of a character");
	assert_refused(KEY("a&#0;b"), "expected the number of a character");
	assert_refused(KEY("a&#x110000;"), "expected the number of a character");
	assert_refused(KEY("a&#xd800;"), "expected the number of a character");
	assert_refused(KEY("&#;"), "expected the number of a character");
	assert_refused(KEY("&#x;"), "expected the number of a character");
	assert_refused(KEY("&#-5;"), "expected the number of a character");
	assert_refused(KEY("&#12x;"), "expected the number of a character");
	assert_refused(KEY("&#xag;"), "expected the number of a character");
	assert_refused(KEY("&#x 5;"), "expected the number of a character");
	assert_refused(KEY("&#00000000000000065;"), "another character behind &");
	assert_refused(ARGUMENT("&"), "another character behind &");
	assert_refused(ARGUMENT("a & b"), "another character behind &");
	assert_refused(ARGUMENT("&ampersand;"), "another character behind &");
	assert_refused(ARGUMENT("&nothing;"), "another character behind &");
	assert_refused("<plist><string>&", "another character behind &");
}

#define NUMBER(text) OPEN LABEL PROGRAM "<key>Nice</key><integer>" text "</integer>" CLOSE

TEST(numbers_that_would_be_misread)
{
	assert_accepted(NUMBER("5"));
	assert_accepted(NUMBER("+5"));
	assert_accepted(NUMBER("0"));
	assert_accepted(NUMBER("0xA"));
	assert_accepted(NUMBER("-0"));
	assert_refused(NUMBER(""), "line 2: expected an integer");
	assert_refused(NUMBER("12x"), "expected an integer");
	assert_refused(NUMBER("x"), "expected an integer");
	assert_refused(NUMBER("--5"), "expected an integer");
	assert_refused(NUMBER("- 5"), "expected an integer");
	assert_refused(NUMBER("1 2"), "expected an integer");
	assert_refused(NUMBER("0x"), "expected an integer");
	assert_refused(NUMBER("1<!-- -->2"), "expected an integer");
	assert_refused(NUMBER("010"), "an integer without zeros in front");
	/* All 64 bits set would be -1. */
	assert_refused(NUMBER("18446744073709551615"), "expected an integer of 64 bits");
	assert_refused(NUMBER("-9223372036854775809"), "expected an integer of 64 bits");
	assert_refused(NUMBER("9223372036854775807"), "found 9223372036854775807");
	assert_refused(NUMBER("00000000000000000000000000000000000000000"), "expected an integer");
}

TEST(a_key_twice)
{
	assert_refused(OPEN LABEL PROGRAM "\n<key>Label</key>\n<string>x</string>" CLOSE,
		"line 3: the key \"Label\" is there more than once");
	/* Not in another dictionary. */
	assert_accepted(OPEN LABEL PROGRAM "<key>EnvironmentVariables</key><dict><key>Label</"
					   "key><string>x</string></dict>" CLOSE);
}

static char *nested(unsigned depth)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	fputs("<plist>", out);
	for (unsigned i = 0; i < depth; i++)
		fputs("<array>", out);
	for (unsigned i = 0; i < depth; i++)
		fputs("</array>", out);
	fputs("</plist>", out);
	fclose(out);
	return text;
}

TEST(nesting_has_an_end)
{
	char *text = nested(SPEC_DEPTH_MAX);

	assert_refused(text, "expected a dictionary, found an array");
	free(text);
	text = nested(SPEC_DEPTH_MAX + 1);
	assert_refused(text, "expected less nesting");
	free(text);
	text = nested(60000);
	assert_refused(text, "expected less nesting");
	free(text);
}

TEST(size_has_an_end)
{
	size_t size = SPEC_FILE_MAX + 1;
	char *text = malloc(size);
	Parsed p;

	memset(text, ' ', size);
	parsed_init(&p, text, size);
	ASSERT_STRSTR(p.said, "expected at most 1048576 bytes");
	parsed_deinit(&p);
	text[0] = '<';
	parsed_init(&p, text, size - 1);
	ASSERT_STRSTR(p.said, "expected an element");
	parsed_deinit(&p);
	free(text);
}

/* Objects of a binary list, each behind the other, with one byte for an offset and for a reference. */
typedef struct Binary {
	uint8_t data[8192];
	size_t size;
	uint16_t offsets[256];
	unsigned n_objects;
} Binary;

static void binary_init(Binary *b)
{
	memset(b, 0, sizeof(*b));
	memcpy(b->data, "bplist00", 8);
	b->size = 8;
}

static void add(Binary *b, const void *object, size_t size)
{
	b->offsets[b->n_objects++] = (uint16_t)b->size;
	memcpy(b->data + b->size, object, size);
	b->size += size;
}

static void finish(Binary *b)
{
	size_t table = b->size;
	uint8_t *trailer;

	for (unsigned i = 0; i < b->n_objects; i++) {
		b->data[b->size++] = (uint8_t)(b->offsets[i] >> 8);
		b->data[b->size++] = (uint8_t)b->offsets[i];
	}
	trailer = b->data + b->size;
	trailer[6] = 2;
	trailer[7] = 1;
	trailer[15] = (uint8_t)b->n_objects;
	trailer[30] = (uint8_t)(table >> 8);
	trailer[31] = (uint8_t)table;
	b->size += 32;
}

static void assert_binary_refused(const Binary *b, const char *words)
{
	Parsed p;

	parsed_init(&p, b->data, b->size);
	if (p.result != SPEC_E_INVALID || p.report.n_errors != 1 || !strstr(p.said, words))
		FAIL("\"%s\" is not \"%s\"", p.said, words);
	parsed_deinit(&p);
}

#define OBJECT(b, ...)                                                                             \
	add((b), (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void assert_object_refused(const uint8_t *object, size_t size, const char *words)
{
	Binary b;

	binary_init(&b);
	add(&b, object, size);
	finish(&b);
	assert_binary_refused(&b, words);
}
#define REFUSED(words, ...)                                                                        \
	assert_object_refused(                                                                     \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), words)

TEST(binary_objects)
{
	REFUSED("expected a dictionary, found a boolean", 0x09);
	REFUSED("expected a dictionary, found 1", 0x10, 1);
	REFUSED("found the string \"a\"", 0x51, 'a');
	REFUSED("found the string \"\xc3\xa4\"", 0x61, 0, 0xe4);
	REFUSED("found the string \"\xf0\x9f\x98\x80\"", 0x62, 0xd8, 0x3d, 0xde, 0x00);
	REFUSED("found data", 0x41, 0);
	REFUSED("a string is wrong", 0x52, 'a', 0);
	REFUSED("a string is wrong", 0x52, 0xc3, 0xa4);
	REFUSED("a string is wrong", 0x62, 0, 'a', 0, 0);
	REFUSED("a string is wrong", 0x61, 0xd8, 0x3d);
	REFUSED("a string is wrong", 0x62, 0xd8, 0x3d, 0, 'a');
	REFUSED("a string is wrong", 0x61, 0xde, 0x00);
	REFUSED("found a date", 0x33, 0, 0, 0, 0, 0, 0, 0, 0);
	REFUSED("found an array", 0xa0);
	REFUSED("a simple object is of no kind", 0x00);
	REFUSED("more than 8 bytes", 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
	REFUSED("an object is cut off", 0x13, 1);
	REFUSED("a date is wrong", 0x32, 0, 0, 0, 0);
	REFUSED("an object is cut off", 0x52, 'a');
	REFUSED("an object is cut off", 0x61, 0);
	REFUSED("an object is cut off", 0xa1);
	REFUSED("an object is cut off", 0xd1, 0);
	REFUSED("the size of an object is wrong", 0x5f, 0x51, 'a');
	REFUSED("the size of an object is wrong", 0x5f, 0x14, 1);
	REFUSED("the size of an object is wrong", 0x5f);
	REFUSED("an object is cut off", 0x5f, 0x13, 1);
	REFUSED("an object is cut off", 0xaf, 0x13, 255, 255, 255, 255, 255, 255, 255, 255);
	REFUSED("an object is cut off", 0xdf, 0x13, 128, 0, 0, 0, 0, 0, 0, 0);
	REFUSED("of no kind that belongs", 0x80, 1);
	REFUSED("of no kind that belongs", 0xc0);
	REFUSED("there is no such object", 0xa1, 9);
	REFUSED("it is nested too deeply", 0xa1, 0);
	REFUSED("a key is not a string", 0xd1, 0, 0);
}

TEST(a_binary_key_twice)
{
	Binary b;
	Parsed p;

	binary_init(&b);
	OBJECT(&b, 0xd2, 1, 2, 3, 3);
	OBJECT(&b, 0x51, 'k');
	OBJECT(&b, 0x51, 'k');
	OBJECT(&b, 0x09);
	finish(&b);
	parsed_init(&p, b.data, b.size);
	ASSERT_STRSTR(p.said, "k: the key is there more than once");
	parsed_deinit(&p);
}

/* Arrays, each of which has the next 14 times: 14^n values from a few hundred bytes. */
TEST(a_binary_list_that_explodes)
{
	Binary b;

	binary_init(&b);
	for (uint8_t i = 1; i <= SPEC_DEPTH_MAX; i++) {
		uint8_t object[16];

		memset(object, i, sizeof(object));
		object[0] = 0xae;
		add(&b, object, 15);
	}
	OBJECT(&b, 0x09);
	finish(&b);
	assert_binary_refused(&b, "it has too many values");
}

TEST(a_long_string_many_times)
{
	enum { STRING = 6000, TIMES = 240 };
	static uint8_t object[STRING + 4];
	Binary b;

	binary_init(&b);
	for (uint8_t level = 1; level <= 2; level++) {
		memset(object, level, sizeof(object));
		object[0] = 0xaf;
		object[1] = 0x10;
		object[2] = TIMES;
		add(&b, object, 3 + TIMES);
	}
	memset(object, 'x', sizeof(object));
	object[0] = 0x5f;
	object[1] = 0x11;
	object[2] = STRING >> 8;
	object[3] = STRING & 0xff;
	add(&b, object, 4 + STRING);
	finish(&b);
	assert_binary_refused(&b, "it is too large");
}

TEST(binary_trailers)
{
	Binary b;
	uint8_t *trailer;

	binary_init(&b);
	OBJECT(&b, 0xd0);
	finish(&b);
	trailer = b.data + b.size - 32;
	trailer[6] = 0;
	assert_binary_refused(&b, "its sizes are wrong");
	trailer[6] = 9;
	assert_binary_refused(&b, "its sizes are wrong");
	trailer[6] = 2;
	trailer[7] = 0;
	assert_binary_refused(&b, "its sizes are wrong");
	trailer[7] = 1;
	trailer[15] = 0;
	assert_binary_refused(&b, "its table of offsets does not fit");
	trailer[15] = 2;
	assert_binary_refused(&b, "its table of offsets does not fit");
	trailer[15] = 1;
	trailer[23] = 1;
	assert_binary_refused(&b, "there is no such object");
	trailer[23] = 0;
	trailer[31] = 7;
	assert_binary_refused(&b, "its table of offsets does not fit");
	memset(trailer + 24, 0xff, 8);
	assert_binary_refused(&b, "its table of offsets does not fit");
	memset(trailer + 24, 0, 8);
	trailer[31] = 9;
	trailer[-1] = 7;
	assert_binary_refused(&b, "an offset is wrong");
	trailer[-1] = 9;
	assert_binary_refused(&b, "an offset is wrong");
}

static void try(const void *data, size_t size)
{
	Parsed p;

	parsed_init(&p, data, size);
	if (p.spec)
		assert_round_trip(p.spec);
	parsed_deinit(&p);
}

static const char sample[] = OPEN LABEL PROGRAM
	"<key>MachServices</key><dict><key>a</key><true/><key>b</key><dict>"
	"<key>DrainMessagesOnCrash</key><string>One</string></dict></dict>"
	"<key>Umask</key><integer>-1</integer>" CLOSE;

/* Every cut and every flipped bit is survived. */
TEST(damaged_xml)
{
	char text[sizeof(sample)];

	for (size_t i = 0; i < sizeof(sample) - 1; i++) {
		try(sample, i);
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(text, sample, sizeof(sample));
			text[i] ^= (char)(1 << bit);
			try(text, sizeof(sample) - 1);
		}
	}
}

TEST(damaged_binary)
{
	plist_t tree = NULL;
	char *binary = NULL;
	uint32_t size = 0;

	plist_from_xml(sample, sizeof(sample) - 1, &tree);
	plist_to_bin(tree, &binary, &size);
	ASSERT_NOT_NULL(binary);
	for (size_t i = 0; i < size; i++) {
		try(binary, i);
		for (unsigned bit = 0; bit < 8; bit++) {
			binary[i] ^= (char)(1 << bit);
			try(binary, size);
			binary[i] ^= (char)(1 << bit);
		}
	}
	plist_to_bin_free(binary);
	plist_free(tree);
}
