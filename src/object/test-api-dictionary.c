/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "object/test-support.h"

static CFMutableDictionaryRef new_dictionary(void)
{
	return CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
}

static void list(const void *key, const void *value, void *context)
{
	CFStringAppendFormat(context, NULL, CFSTR("%@=%@;"), key, value);
}

TEST(dictionaries_hold_objects)
{
	_cleanup_cf_ CFNumberRef one = number_of(1), two = number_of(2);
	const void *keys[] = {CFSTR("one"), CFSTR("two"), CFSTR("one")},
		   *values[] = {one, two, two};
	const void *all_keys[2], *all_values[2], *found = NULL;
	_cleanup_cf_ CFDictionaryRef dictionary = CFDictionaryCreate(NULL, keys, values, 3,
		&kCFCopyStringDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	_cleanup_cf_ CFDictionaryRef copy = CFDictionaryCreateCopy(NULL, dictionary);
	_cleanup_cf_ CFMutableStringRef listing = CFStringCreateMutable(NULL, 0);

	ASSERT_EQ(CFDictionaryGetCount(dictionary), 2);
	ASSERT_PTR_EQ(CFDictionaryGetValue(dictionary, CFSTR("one")), one);
	ASSERT_NULL(CFDictionaryGetValue(dictionary, CFSTR("three")));
	ASSERT_NULL(CFDictionaryGetValue(dictionary, NULL));
	ASSERT_TRUE(CFDictionaryGetValueIfPresent(dictionary, CFSTR("two"), &found));
	ASSERT_PTR_EQ(found, two);
	ASSERT_FALSE(CFDictionaryGetValueIfPresent(dictionary, CFSTR("three"), &found));
	ASSERT_TRUE(CFDictionaryGetValueIfPresent(dictionary, CFSTR("two"), NULL));
	ASSERT_TRUE(CFDictionaryContainsKey(dictionary, CFSTR("one")));
	ASSERT_EQ(CFDictionaryGetCountOfKey(dictionary, CFSTR("three")), 0);
	ASSERT_TRUE(CFDictionaryContainsValue(dictionary, two));
	ASSERT_EQ(CFDictionaryGetCountOfValue(dictionary, kCFNull), 0);
	CFDictionaryGetKeysAndValues(dictionary, all_keys, all_values);
	ASSERT_TRUE(CFEqual(all_keys[0], CFSTR("one")));
	ASSERT_PTR_EQ(all_values[1], two);
	CFDictionaryGetKeysAndValues(dictionary, NULL, NULL);
	CFDictionaryApplyFunction(dictionary, list, listing);
	ASSERT_TRUE(CFEqual(listing, CFSTR("one=1;two=2;")));
	ASSERT_PTR_EQ(copy, dictionary);
	ASSERT_ABORTS(CFDictionarySetValue((CFMutableDictionaryRef)dictionary, CFSTR("a"), one),
		"an immutable object");
}

TEST(mutable_dictionaries_change)
{
	_cleanup_cf_ CFMutableDictionaryRef dictionary = new_dictionary(), copy = NULL;
	_cleanup_cf_ CFNumberRef one = number_of(1), two = number_of(2);

	CFDictionarySetValue(dictionary, CFSTR("a"), one);
	CFDictionaryAddValue(dictionary, CFSTR("a"), two);
	ASSERT_PTR_EQ(CFDictionaryGetValue(dictionary, CFSTR("a")), one);
	CFDictionaryReplaceValue(dictionary, CFSTR("a"), two);
	ASSERT_PTR_EQ(CFDictionaryGetValue(dictionary, CFSTR("a")), two);
	CFDictionaryReplaceValue(dictionary, CFSTR("b"), two);
	ASSERT_EQ(CFDictionaryGetCount(dictionary), 1);
	CFDictionaryAddValue(dictionary, one, kCFNull);
	copy = CFDictionaryCreateMutableCopy(NULL, 0, dictionary);
	ASSERT_TRUE(CFEqual(dictionary, copy));
	CFDictionaryRemoveValue(dictionary, one);
	CFDictionaryRemoveValue(dictionary, CFSTR("absent"));
	ASSERT_EQ(CFDictionaryGetCount(dictionary), 1);
	CFDictionaryRemoveAllValues(dictionary);
	ASSERT_EQ(CFDictionaryGetCount(dictionary), 0);
	ASSERT_EQ(CFDictionaryGetCount(copy), 2);
	ASSERT_ABORTS(CFDictionarySetValue(dictionary, CFSTR("a"), NULL), "NULL instead");
	ASSERT_ABORTS(CFDictionarySetValue(dictionary, NULL, one), "NULL instead");
}

static Boolean equal_texts(const void *one, const void *other)
{
	return strcmp(one, other) == 0;
}

static CFHashCode hash_text(const void *text)
{
	return strlen(text);
}

TEST(dictionaries_of_pointers_use_their_callbacks)
{
	static const CFDictionaryKeyCallBacks of_text = {.equal = equal_texts, .hash = hash_text};
	_cleanup_cf_ CFMutableDictionaryRef dictionary = CFDictionaryCreateMutable(
		NULL, 0, &of_text, NULL);
	_cleanup_cf_ CFDictionaryRef copy = NULL;
	char key[] = "b";
	const void *value;

	CFDictionarySetValue(dictionary, "a", (void *)1);
	CFDictionarySetValue(dictionary, "b", NULL);
	ASSERT_PTR_EQ(CFDictionaryGetValue(dictionary, "a"), (void *)1);
	ASSERT_TRUE(CFDictionaryGetValueIfPresent(dictionary, key, &value));
	ASSERT_NULL(value);
	ASSERT_TRUE(CFDictionaryContainsValue(dictionary, (void *)1));
	ASSERT_FALSE(CFDictionaryContainsKey(dictionary, "c"));
	copy = CFDictionaryCreateCopy(NULL, dictionary);
	ASSERT_TRUE(CFEqual(copy, dictionary));
	CFDictionaryRemoveValue(dictionary, key);
	ASSERT_EQ(CFDictionaryGetCount(dictionary), 1);
	ASSERT_EQ(CFDictionaryGetCount(copy), 2);
}

TEST(without_callbacks_keys_are_addresses)
{
	_cleanup_cf_ CFMutableDictionaryRef dictionary = CFDictionaryCreateMutable(
		NULL, 0, NULL, &kCFTypeDictionaryValueCallBacks);
	char one[] = "x", other[] = "x";
	_cleanup_cf_ CFNumberRef number = number_of(1);

	CFDictionarySetValue(dictionary, one, number);
	ASSERT_EQ(CFGetRetainCount(number), 2);
	ASSERT_PTR_EQ(CFDictionaryGetValue(dictionary, one), number);
	ASSERT_NULL(CFDictionaryGetValue(dictionary, other));
	CFDictionaryRemoveAllValues(dictionary);
	ASSERT_EQ(CFGetRetainCount(number), 1);
}

/* The callbacks of objects for keys and none for values: the copying ones copy. */
TEST(mutable_keys_are_copied)
{
	_cleanup_cf_ CFMutableDictionaryRef dictionary = CFDictionaryCreateMutable(
		NULL, 0, &kCFCopyStringDictionaryKeyCallBacks, NULL);
	_cleanup_cf_ CFMutableStringRef key = CFStringCreateMutable(NULL, 0);

	CFStringAppend(key, CFSTR("a"));
	CFDictionarySetValue(dictionary, key, (void *)1);
	CFStringAppend(key, CFSTR("b"));
	ASSERT_PTR_EQ(CFDictionaryGetValue(dictionary, CFSTR("a")), (void *)1);
}
