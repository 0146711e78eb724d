/* SPDX-License-Identifier: Apache-2.0 */
/* Entitlements in XML and DER. */

#include "codesign/entitlements.h"
#include "codesign/test-protocol.h"
#include "object/array.h"
#include "object/data.h"
#include "object/dictionary.h"
#include "object/scalar.h"
#include "tests/lib/unit.h"

static const char XML[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>"
	"<key>b</key><integer>-129</integer><key>a</key><true/>"
	"<key>ab</key><array><string>x</string><dict/></array>"
	"</dict></plist>";
static const uint8_t DER[] = {0x70, 35, 0x02, 1, 1, 0xb0, 30, /* keys ascend */
	0x30, 6, 0x0c, 1, 'a', 0x01, 1, 0xff, /* a: true */
	0x30, 11, 0x0c, 2, 'a', 'b', 0x30, 5, 0x0c, 1, 'x', 0xb0, 0, /* ab: ["x", {}] */
	0x30, 7, 0x0c, 1, 'b', 0x02, 2, 0xff, 0x7f, 0}; /* b: -129; the last 0 is not part of it */

static int decode(const void *data, size_t size, Object **ret)
{
	/* A copy of its own, so that a read behind it is seen. */
	uint8_t *copy = malloc(size ? size : 1);
	int r;

	memcpy(copy, data, size);
	r = entitlements_decode_der(copy, size, ret);
	free(copy);
	return r;
}

TEST(xml_becomes_der_and_comes_back)
{
	_cleanup_object_ Object *one = NULL, *other = NULL, *again = NULL;
	_cleanup_free_ uint8_t *der = NULL, *xml = NULL;
	size_t size = 0, xml_size = 0;

	ASSERT_OK(entitlements_decode_xml(XML, sizeof(XML) - 1, &one, NULL));
	ASSERT_OK(entitlements_encode_der(one, &der, &size));
	ASSERT_EQ(size, sizeof(DER) - 1);
	ASSERT_MEMEQ(der, DER, size);
	ASSERT_OK(decode(der, size, &other));
	ASSERT_TRUE(object_equal(one, other));
	ASSERT_OK(entitlements_encode_xml(other, &xml, &xml_size));
	ASSERT_OK(entitlements_decode_xml(xml, xml_size, &again, NULL));
	ASSERT_TRUE(object_equal(one, again));
}

TEST(the_document_has_the_same_form)
{
	uint8_t example[100];
	size_t n = read_example("\n## Entitlements\n", example, sizeof(example));

	ASSERT_EQ(n, sizeof(DER) - 1);
	ASSERT_MEMEQ(example, DER, n);
}

TEST(whatever_is_taken_is_the_one_form)
{
	uint8_t bytes[sizeof(DER) - 1];
	Object *object = NULL;

	for (size_t i = 0; i < sizeof(bytes); i++)
		for (unsigned v = 0; v < 256; v++) {
			int r;

			memcpy(bytes, DER, sizeof(bytes));
			bytes[i] = (uint8_t)v;
			r = decode(bytes, sizeof(bytes), &object);
			if (r == 0) {
				_cleanup_free_ uint8_t *der = NULL;
				size_t size = 0;

				ASSERT_OK(entitlements_encode_der(object, &der, &size));
				ASSERT_EQ(size, sizeof(bytes));
				ASSERT_MEMEQ(der, bytes, size);
				object = object_unref(object);
			} else {
				ASSERT_EQ(r, OBJECT_E_INVALID);
			}
		}
	for (size_t n = 0; n < sizeof(bytes); n++)
		ASSERT_EQ(decode(DER, n, &object), OBJECT_E_INVALID);
	ASSERT_EQ(decode(DER, sizeof(DER), &object), OBJECT_E_INVALID);
}

TEST(integers_and_lengths_of_all_sizes)
{
	static const int64_t numbers[] = {0, 1, -1, 127, 128, -128, -129, 255, 256, 65535,
		INT64_MAX, INT64_MIN, INT64_C(1) << 31};
	static const size_t sizes[] = {0, 1, 100, 127, 128, 255, 256, 65535, 65536};
	_cleanup_object_ Object *list = NULL, *same = NULL;
	_cleanup_free_ uint8_t *der = NULL;
	size_t size = 0;

	ASSERT_OK(object_dictionary_new(&list));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		Object *number = NULL;
		char key[24];

		snprintf(key, sizeof(key), "n%zu", i);
		ASSERT_OK(object_int64_new(numbers[i], &number));
		ASSERT_OK(object_dictionary_set_z_take(list, key, number));
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		Object *data = NULL;
		uint8_t *zeros = calloc(1, sizes[i] + 1);
		char key[24];

		snprintf(key, sizeof(key), "d%zu", i);
		ASSERT_OK(object_data_new(zeros, sizes[i], &data));
		ASSERT_OK(object_dictionary_set_z_take(list, key, data));
		free(zeros);
	}
	ASSERT_OK(entitlements_encode_der(list, &der, &size));
	ASSERT_OK(decode(der, size, &same));
	ASSERT_TRUE(object_equal(list, same));
}

/* A dictionary in @n others, or in arrays. */
static Object *nested(unsigned n, bool arrays)
{
	Object *inner = NULL;

	ASSERT_OK(object_dictionary_new(&inner));
	for (unsigned i = 0; i < n; i++) {
		Object *outer = NULL;

		if (arrays && i + 1 < n) {
			ASSERT_OK(object_array_new(&outer));
			ASSERT_OK(object_array_add_take(outer, inner));
		} else {
			ASSERT_OK(object_dictionary_new(&outer));
			ASSERT_OK(object_dictionary_set_z_take(outer, "k", inner));
		}
		inner = outer;
	}
	return inner;
}

TEST(what_has_no_form_or_is_too_deep_is_refused)
{
	_cleanup_object_ Object *fits = nested(ENTITLEMENTS_DEPTH_MAX - 1, true),
				*deep = nested(ENTITLEMENTS_DEPTH_MAX, false), *real = NULL,
				*dictionary = NULL, *same = NULL;
	static const char list[] = "<plist version=\"1.0\"><array/></plist>";
	static const char date[] = "<plist version=\"1.0\"><dict><key>a</key>"
				   "<date>2001-01-01T00:00:00Z</date></dict></plist>";
	uint8_t *der = NULL;
	size_t size = 0;

	ASSERT_OK(entitlements_encode_der(fits, &der, &size));
	ASSERT_OK(decode(der, size, &same));
	free(der);
	ASSERT_EQ(entitlements_encode_der(deep, &der, &size), OBJECT_E_LIMIT);
	ASSERT_OK(object_double_new(1.5, &real));
	ASSERT_EQ(entitlements_encode_der(real, &der, &size), OBJECT_E_UNSUPPORTED);
	ASSERT_OK(object_dictionary_new(&dictionary));
	ASSERT_OK(object_dictionary_set_z(dictionary, "r", real));
	ASSERT_EQ(entitlements_encode_der(dictionary, &der, &size), OBJECT_E_UNSUPPORTED);
	ASSERT_EQ(
		entitlements_decode_xml(list, sizeof(list) - 1, &real, NULL), OBJECT_E_UNSUPPORTED);
	ASSERT_EQ(
		entitlements_decode_xml(date, sizeof(date) - 1, &real, NULL), OBJECT_E_UNSUPPORTED);
	ASSERT_EQ(entitlements_decode_xml("x", 1, &real, NULL), OBJECT_E_INVALID);
}
