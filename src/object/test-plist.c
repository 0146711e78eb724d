/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <plist/plist.h>

#include "object/array.h"
#include "object/data.h"
#include "object/dictionary.h"
#include "object/plist.h"
#include "object/scalar.h"
#include "object/text.h"
#include "tests/lib/unit.h"

#define HEAD                                                                                       \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                             \
	"<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "                                  \
	"\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"                                    \
	"<plist version=\"1.0\">\n"
#define FOOT "</plist>\n"

static Object *parsed(const char *text)
{
	PlistFormat format;
	PlistError error = {.text = ""};
	Object *object;
	int r = plist_decode(
		text, strlen(text), NULL, OBJECT_COPY_IMMUTABLE, &object, &format, &error);

	if (r != 0)
		FAIL("%d: %s: %s", r, error.text, text);
	ASSERT_EQ(format, PLIST_XML);
	return object;
}

static void refused(const char *text, const char *why)
{
	PlistError error = {.text = "nothing"};
	Object *object = NULL;
	int r = plist_decode(
		text, strlen(text), NULL, OBJECT_COPY_IMMUTABLE, &object, NULL, &error);

	if (r != OBJECT_E_INVALID)
		FAIL("%d: %s", r, text);
	ASSERT_STRSTR(error.text, why);
}

/* There and back; the bytes are the same as those that were read. */
static void same(const char *body)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ uint8_t *written = NULL;
	_cleanup_object_ Object *object = NULL;
	size_t size;

	ASSERT_TRUE(asprintf(&text, "%s%s%s", HEAD, body, FOOT) >= 0);
	object = parsed(text);
	ASSERT_OK(plist_encode(object, PLIST_XML, &written, &size));
	ASSERT_STREQ((const char *)written, text);
	ASSERT_EQ(size, strlen(text));
}

TEST(xml_is_written_as_it_was_read)
{
	same("<true/>\n");
	same("<string></string>\n");
	same("<string>a &amp; &lt;b&gt; \"'\n\t&#13; \xf0\x9f\x98\x80</string>\n");
	same("<array/>\n");
	same("<dict/>\n");
	same("<integer>-9223372036854775808</integer>\n");
	same("<integer>9223372036854775807</integer>\n");
	same("<real>0.10000000000000001</real>\n");
	same("<real>0.0</real>\n");
	same("<real>-1.5000000000000001e+300</real>\n");
	same("<real>nan</real>\n");
	same("<real>+infinity</real>\n");
	same("<real>-infinity</real>\n");
	same("<date>2001-01-01T00:00:00Z</date>\n");
	same("<date>1700-02-28T23:59:59Z</date>\n");
	same("<date>2262-01-01T12:00:00Z</date>\n");
	same("<data>\n</data>\n");
	same("<dict>\n\t<key>z</key>\n\t<true/>\n\t<key>a</key>\n\t<false/>\n\t<key></key>\n"
	     "\t<array>\n\t\t<dict>\n\t\t\t<key>k</key>\n\t\t\t<data>\n\t\t\tAAEC\n\t\t\t</data>\n"
	     "\t\t</dict>\n\t\t<string>x</string>\n\t</array>\n</dict>\n");
}

TEST(xml_of_others_is_read)
{
	_cleanup_object_ Object *object = parsed(
		"<plist><dict><key>a</key><!-- here --><integer> 0x1F </integer>"
		"<key>b</key><real>2</real><key>c&amp;</key><string><![CDATA[<&>]]></string>"
		"<key>d</key><data> QU J\n\tD </data></dict></plist>");

	ASSERT_EQ(object_int64_get(object_dictionary_find_z(object, "a")), 31);
	ASSERT_TRUE(object_double_get(object_dictionary_find_z(object, "b")) == 2);
	ASSERT_TRUE(object_string_is(object_dictionary_find_z(object, "c&"), "<&>"));
	ASSERT_EQ(object_data_size(object_dictionary_find_z(object, "d")), 3);
	ASSERT_MEMEQ(object_data_get(object_dictionary_find_z(object, "d")), "ABC", 3);
}

TEST(what_is_no_list_is_refused)
{
	refused("", "expected a property list");
	refused("hello", "expected a property list");
	refused("<plist>", "line 1: expected </plist>, found the end");
	refused("<plist><dict><key>a</key></dict></plist>", "expected a value for the last key");
	refused("<plist>\n\n<true>1</true></plist>", "line 3: expected nothing in a boolean");
	refused("<plist><integer>12x</integer></plist>", "expected an integer");
	refused("<plist><integer>9223372036854775808</integer></plist>", "64 bits");
	refused("<plist><real>1,5</real></plist>", "expected a number");
	refused("<plist><real>0x10</real></plist>", "expected a number");
	refused("<plist><real></real></plist>", "expected a number");
	refused("<plist><date>2001-02-29T00:00:00Z</date></plist>", "expected a date");
	refused("<plist><date>2001-01-01 00:00:00 +0000</date></plist>", "expected a date");
	refused("<plist><date>9999-01-01T00:00:00Z</date></plist>", "expected a date");
	refused("<plist><data>QUJ</data></plist>", "expected data in base64");
	refused("<plist><data>Q=JD</data></plist>", "expected data in base64");
	refused("<plist><data>QU!D</data></plist>", "expected data in base64");
	refused("<plist><string>\x01</string></plist>", "control characters");
	refused("<plist><string>&#1;</string></plist>", "expected the number of a character");
	refused("<plist><string>\xff</string></plist>", "expected text in UTF-8");
	refused("<plist><dict><key>a</key><true/><key>a</key><true/></dict></plist>",
		"a key is there more than once");
	/* Equal only as they are meant. */
	refused("<plist><dict><key>a</key><true/><key>&#97;</key><true/></dict></plist>",
		"more than once");
}

static char *nest(unsigned depth)
{
	char *text = calloc(depth + 2, 16), *at = text;

	at = stpcpy(at, "<plist>");
	for (unsigned i = 1; i < depth; i++)
		at = stpcpy(at, "<array>");
	at = stpcpy(at, "<array/>");
	for (unsigned i = 1; i < depth; i++)
		at = stpcpy(at, "</array>");
	stpcpy(at, "</plist>");
	return text;
}

TEST(lists_are_bounded)
{
	_cleanup_free_ char *good = nest(128), *deep = nest(129), *three = nest(3);
	_cleanup_object_ Object *object = parsed(good);
	_cleanup_free_ uint8_t *again = NULL;
	PlistLimits limits = {.size = 1000, .depth = 2, .n_nodes = 100};
	Object *other;
	size_t size;

	ASSERT_OK(plist_encode(object, PLIST_BINARY, &again, &size));
	refused(deep, "expected less nesting");
	ASSERT_EQ(plist_decode(
			  three, strlen(three), &limits, OBJECT_COPY_IMMUTABLE, &other, NULL, NULL),
		OBJECT_E_INVALID);
	limits.depth = 3;
	limits.n_nodes = 3;
	ASSERT_EQ(plist_decode(
			  three, strlen(three), &limits, OBJECT_COPY_IMMUTABLE, &other, NULL, NULL),
		OBJECT_E_INVALID);
	limits.n_nodes = 4;
	limits.size = strlen(three) - 1;
	ASSERT_EQ(plist_decode(
			  three, strlen(three), &limits, OBJECT_COPY_IMMUTABLE, &other, NULL, NULL),
		OBJECT_E_LIMIT);
	limits.size++;
	ASSERT_OK(plist_decode(
		three, strlen(three), &limits, OBJECT_COPY_IMMUTABLE, &other, NULL, NULL));
	object_unref(other);
}

static Object *sample(void)
{
	static const uint8_t bytes[100] = {1, 2, 3};
	_cleanup_object_ Object *array = NULL;
	Object *dictionary, *value;

	ASSERT_OK(object_dictionary_new(&dictionary));
	ASSERT_OK(object_array_new(&array));
	ASSERT_OK(object_dictionary_set_z(dictionary, "yes", object_bool(true)));
	ASSERT_OK(object_int64_new(INT64_MIN, &value));
	ASSERT_OK(object_dictionary_set_z_take(dictionary, "least", value));
	ASSERT_OK(object_int64_new(-1, &value));
	ASSERT_OK(object_array_add_take(array, value));
	ASSERT_OK(object_int64_new(INT64_MAX, &value));
	ASSERT_OK(object_array_add_take(array, value));
	ASSERT_OK(object_double_new(1.0 / 3, &value));
	ASSERT_OK(object_array_add_take(array, value));
	ASSERT_OK(object_date_new(INT64_C(-86400) * 1000000000, &value));
	ASSERT_OK(object_array_add_take(array, value));
	ASSERT_OK(object_date_new(INT64_C(1700000000) * 1000000000, &value));
	ASSERT_OK(object_array_add_take(array, value));
	ASSERT_OK(object_data_new(bytes, sizeof(bytes), &value));
	ASSERT_OK(object_array_add_take(array, value));
	ASSERT_OK(object_string_new_z("\xc3\xa9\xf0\x9f\x98\x80", &value));
	ASSERT_OK(object_array_add_take(array, value));
	ASSERT_OK(object_string_new_z("ASCII", &value));
	ASSERT_OK(object_array_add_take(array, value));
	ASSERT_OK(object_dictionary_set_z(dictionary, "all", array));
	ASSERT_OK(object_dictionary_set_z(dictionary, "again \xc3\xa9", array));
	return dictionary;
}

TEST(binary_goes_there_and_back)
{
	_cleanup_object_ Object *object = sample(), *again = NULL;
	_cleanup_free_ uint8_t *bytes = NULL;
	PlistError error = {.text = ""};
	PlistFormat format;
	size_t size;

	ASSERT_OK(plist_encode(object, PLIST_BINARY, &bytes, &size));
	if (plist_decode(bytes, size, NULL, OBJECT_COPY_LEAVES, &again, &format, &error) != 0)
		FAIL("%s", error.text);
	ASSERT_EQ(format, PLIST_BINARY);
	ASSERT_TRUE(object_equal(object, again));
	ASSERT_TRUE(object_is_mutable(again));
}

TEST(parts_of_a_second_are_kept_in_binary)
{
	static const int64_t ns[] = {1500000000, -500000000, -1000000000, 978307200250000000,
		978307199750000000, -86400000500000000};

	for (size_t i = 0; i < ARRAY_SIZE(ns); i++) {
		_cleanup_object_ Object *date = NULL, *again = NULL;
		_cleanup_free_ uint8_t *bytes = NULL;
		size_t size;

		ASSERT_OK(object_date_new(ns[i], &date));
		ASSERT_OK(plist_encode(date, PLIST_BINARY, &bytes, &size));
		ASSERT_OK(
			plist_decode(bytes, size, NULL, OBJECT_COPY_IMMUTABLE, &again, NULL, NULL));
		ASSERT_EQ(object_date_get(again), ns[i]);
	}
}

/* Any bytes changed: refused or read, but nothing else. */
TEST(broken_binary_lists_are_survived)
{
	_cleanup_object_ Object *object = sample();
	_cleanup_free_ uint8_t *bytes = NULL;
	size_t size;

	ASSERT_OK(plist_encode(object, PLIST_BINARY, &bytes, &size));
	for (size_t i = 0; i < size; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			Object *again = NULL;
			int r;

			bytes[i] ^= (uint8_t)(1U << bit);
			r = plist_decode(
				bytes, size, NULL, OBJECT_COPY_IMMUTABLE, &again, NULL, NULL);
			ASSERT_TRUE(r == 0 || r == OBJECT_E_INVALID);
			object_unref(again);
			bytes[i] ^= (uint8_t)(1U << bit);
		}
	}
	for (size_t n = 0; n < size; n++) {
		Object *again = NULL;

		ASSERT_EQ(plist_decode(bytes, n, NULL, OBJECT_COPY_IMMUTABLE, &again, NULL, NULL),
			OBJECT_E_INVALID);
	}
}

/* Each of 40 arrays holds the next one four times. */
TEST(a_bomb_of_references_is_refused)
{
	uint8_t bytes[8 + 40 * 5 + 40 + 32] = "bplist00", *at = bytes + 8, *table;
	PlistError error = {.text = ""};
	Object *object;

	for (uint8_t i = 0; i < 40; i++) {
		*at++ = 0xa4;
		for (int j = 0; j < 4; j++)
			*at++ = i < 39 ? i + 1 : i;
	}
	table = at;
	for (uint8_t i = 0; i < 40; i++)
		*at++ = (uint8_t)(8 + 5 * i);
	at[6] = 1;
	at[7] = 1;
	at[15] = 40;
	at[31] = (uint8_t)(table - bytes);
	ASSERT_EQ(plist_decode(
			  bytes, sizeof(bytes), NULL, OBJECT_COPY_IMMUTABLE, &object, NULL, &error),
		OBJECT_E_INVALID);
	ASSERT_STRSTR(error.text, "expected a sound binary property list");
}

static void has_no_form(Object *object, bool in_xml, bool in_binary)
{
	_cleanup_free_ uint8_t *xml = NULL, *binary = NULL;
	size_t size;

	ASSERT_EQ(plist_encode(object, PLIST_XML, &xml, &size), in_xml ? 0 : OBJECT_E_UNSUPPORTED);
	ASSERT_EQ(plist_encode(object, PLIST_BINARY, &binary, &size),
		in_binary ? 0 : OBJECT_E_UNSUPPORTED);
	ASSERT_EQ(plist_is_valid(object, PLIST_XML), in_xml);
	ASSERT_EQ(plist_is_valid(object, PLIST_BINARY), in_binary);
	object_unref(object);
}

TEST(not_everything_has_a_form)
{
	uint8_t uuid[OBJECT_UUID_SIZE] = {0};
	Object *object, *key;

	has_no_form(object_null(), false, false);
	ASSERT_OK(object_uuid_new(uuid, &object));
	has_no_form(object, false, false);
	ASSERT_OK(object_uint64_new(5, &object));
	has_no_form(object, true, true);
	ASSERT_OK(object_uint64_new(UINT64_MAX, &object));
	has_no_form(object, false, false);
	ASSERT_OK(object_string_new_z("\x01", &object));
	has_no_form(object, false, true);
	ASSERT_OK(object_date_new(INT64_MAX, &object));
	has_no_form(object, true, false);
	ASSERT_OK(object_dictionary_new(&object));
	ASSERT_OK(object_int64_new(1, &key));
	ASSERT_OK(object_dictionary_set(object, key, object_bool(true)));
	object_unref(key);
	has_no_form(object, false, false);
}

TEST(what_is_too_deep_or_large_is_not_written)
{
	_cleanup_object_ Object *outer = NULL, *big = NULL;
	_cleanup_free_ char *text = calloc(1, (1 << 20) + 1);
	_cleanup_free_ uint8_t *bytes = NULL;
	Object *string;
	size_t size;

	ASSERT_OK(object_array_new(&outer));
	for (int i = 0; i < 128; i++) {
		Object *array;

		ASSERT_OK(object_array_new(&array));
		ASSERT_OK(object_array_add_take(array, outer));
		outer = array;
	}
	ASSERT_EQ(plist_encode(outer, PLIST_XML, &bytes, &size), OBJECT_E_LIMIT);
	ASSERT_EQ(plist_encode(outer, PLIST_BINARY, &bytes, &size), OBJECT_E_LIMIT);
	memset(text, 'x', 1 << 20);
	ASSERT_OK(object_string_new_z(text, &string));
	ASSERT_OK(object_array_new(&big));
	for (int i = 0; i < 17; i++)
		ASSERT_OK(object_array_add(big, string));
	object_unref(string);
	ASSERT_EQ(plist_encode(big, PLIST_XML, &bytes, &size), OBJECT_E_LIMIT);
	ASSERT_EQ(plist_encode(big, PLIST_BINARY, &bytes, &size), OBJECT_E_LIMIT);
}

/* libplist reads what we write, and says the same of it. */
TEST(libplist_agrees)
{
	_cleanup_object_ Object *object = sample();
	_cleanup_free_ uint8_t *xml = NULL, *binary = NULL;
	char *from_xml = NULL, *from_binary = NULL;
	plist_t one = NULL, other = NULL;
	uint32_t n_one, n_other;
	size_t size;

	ASSERT_OK(plist_encode(object, PLIST_XML, &xml, &size));
	plist_from_xml((const char *)xml, (uint32_t)size, &one);
	ASSERT_OK(plist_encode(object, PLIST_BINARY, &binary, &size));
	plist_from_bin((const char *)binary, (uint32_t)size, &other);
	ASSERT_NOT_NULL(one);
	ASSERT_NOT_NULL(other);
	plist_to_xml(one, &from_xml, &n_one);
	plist_to_xml(other, &from_binary, &n_other);
	ASSERT_STREQ(from_xml, from_binary);
	plist_to_xml_free(from_xml);
	plist_to_xml_free(from_binary);
	plist_free(one);
	plist_free(other);
}

TEST(data_are_wrapped_as_the_lineage_does)
{
	static const uint8_t bytes[100];
	_cleanup_object_ Object *data = NULL;
	_cleanup_free_ uint8_t *text = NULL;
	const char *line;
	size_t size;

	ASSERT_OK(object_data_new(bytes, sizeof(bytes), &data));
	ASSERT_OK(plist_encode(data, PLIST_XML, &text, &size));
	line = strstr((const char *)text, "<data>\n") + strlen("<data>\n");
	ASSERT_EQ(strcspn(line, "\n"), 76);
}

TEST(copies_are_as_mutable_as_asked)
{
	static const char text[] =
		"<plist><array><string>a</string><data>QUJD</data></array></plist>";
	Object *object;

	ASSERT_OK(plist_decode(
		text, strlen(text), NULL, OBJECT_COPY_CONTAINERS, &object, NULL, NULL));
	ASSERT_TRUE(object_is_mutable(object));
	ASSERT_FALSE(object_is_mutable(object_array_get(object, 0)));
	object_unref(object);
	ASSERT_OK(plist_decode(text, strlen(text), NULL, OBJECT_COPY_LEAVES, &object, NULL, NULL));
	ASSERT_TRUE(object_is_mutable(object_array_get(object, 0)));
	ASSERT_TRUE(object_is_mutable(object_array_get(object, 1)));
	object_unref(object);
	object = parsed(text);
	ASSERT_FALSE(object_is_mutable(object));
	object_unref(object);
}
