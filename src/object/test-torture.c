/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every allocation of each call fails once: the call says so, or did without; nothing leaks (which
 * AddressSanitizer's build sees) and nothing is half changed.
 */
#include <string.h>

#include "object/array.h"
#include "object/data.h"
#include "object/dictionary.h"
#include "object/plist.h"
#include "object/scalar.h"
#include "object/test-support.h"
#include "object/text.h"
#include "tests/lib/fault.h"

static Object *sample;

/* Without memory: the error of the core; the caller gives up. */
#define TRY(call)                                                                                  \
	do {                                                                                       \
		int try_r_ = (call);                                                               \
		if (try_r_ == -ENOMEM)                                                             \
			return;                                                                    \
		ASSERT_OK(try_r_);                                                                 \
	} while (0)

static void make_values(void *arg)
{
	_cleanup_object_ Object *dictionary = NULL, *array = NULL, *number = NULL, *text = NULL;
	_cleanup_object_ Object *data = NULL;
	char name[16];

	TRY(object_dictionary_new(&dictionary));
	TRY(object_array_new(&array));
	TRY(object_int64_new(1, &number));
	TRY(object_string_new_mutable(&text));
	TRY(object_data_new_mutable(&data));
	for (int i = 0; i < 40; i++) {
		size_t n = object_dictionary_n(dictionary), size = object_string_size(text);
		int r;

		snprintf(name, sizeof(name), "%d", i);
		r = object_dictionary_set_z(dictionary, name, number);
		ASSERT_EQ(object_dictionary_n(dictionary), r == 0 ? n + 1 : n);
		ASSERT_EQ(object_dictionary_find_z(dictionary, name) != NULL, r == 0);
		TRY(r);
		r = object_string_add(text, name, strlen(name));
		ASSERT_EQ(object_string_size(text), r == 0 ? size + strlen(name) : size);
		TRY(r);
		TRY(object_array_add(array, number));
		TRY(object_data_add(data, name, strlen(name)));
	}
}

static int never(const Object *one, const Object *other, void *data)
{
	return 0;
}

static void copy_and_show(void *arg)
{
	_cleanup_object_ Object *copy = NULL, *array = NULL;
	_cleanup_free_ char *text = NULL;

	TRY(object_dup_deep(sample, OBJECT_COPY_LEAVES, &copy));
	ASSERT_TRUE(object_equal(copy, sample));
	TRY(object_describe(copy, &text));
	array = object_ref(object_dictionary_find_z(copy, "list"));
	TRY(object_array_sort(array, 0, object_array_n(array), never, NULL));
	TRY(object_array_replace(array, 0, 1, NULL, 0));
}

static void write_and_read(void *arg)
{
	const PlistFormat *format = arg;
	_cleanup_free_ uint8_t *bytes = NULL;
	_cleanup_object_ Object *again = NULL;
	size_t size;

	TRY(plist_encode(sample, *format, &bytes, &size));
	TRY(plist_decode(bytes, size, NULL, OBJECT_COPY_LEAVES, &again, NULL, NULL));
	ASSERT_TRUE(object_equal(sample, again));
}

static void intern(void *arg)
{
	static int n;
	char name[32];
	Object *string;

	snprintf(name, sizeof(name), "interned %d", n++);
	TRY(object_string_intern(name, &string));
	ASSERT_TRUE(object_string_is(string, name));
}

/* Of <CoreFoundation/…>: NULL, or as it should be. */
#define GIVEN(cf)                                                                                  \
	do {                                                                                       \
		if (!(cf))                                                                         \
			return;                                                                    \
	} while (0)

static OBJECT_STRING_STATIC(format, "%@ %s %d %10@");
static OBJECT_STRING_STATIC(comma, ", ");

static void spell(void *arg)
{
	static const UInt8 units[] = {'a', 0, 0xac, 0x20};
	_cleanup_cf_ CFStringRef text = NULL, made = NULL, wide = NULL, part = NULL;
	_cleanup_cf_ CFArrayRef parts = NULL;
	_cleanup_cf_ CFDataRef data = NULL;
	const void *pointers[] = {"a", "b"};
	_cleanup_cf_ CFArrayRef array = NULL, copy = NULL;
	_cleanup_cf_ CFDictionaryRef dictionary = NULL;

	wide = CFStringCreateWithBytes(NULL, units, 4, kCFStringEncodingUTF16LE, false);
	GIVEN(wide);
	made = CFStringCreateWithFormat(
		NULL, NULL, (CFStringRef)&format, wide, "x\xff", 5, (CFTypeRef)sample);
	GIVEN(made);
	parts = CFStringCreateArrayBySeparatingStrings(NULL, made, (CFStringRef)&comma);
	GIVEN(parts);
	data = CFStringCreateExternalRepresentation(NULL, made, kCFStringEncodingUTF16, 0);
	GIVEN(data);
	text = CFStringCreateFromExternalRepresentation(NULL, data, kCFStringEncodingUTF16);
	GIVEN(text);
	ASSERT_TRUE(CFEqual(text, made));
	part = CFStringCreateWithSubstring(NULL, text, CFRangeMake(1, 2));
	GIVEN(part);
	/* An array and a dictionary of no objects, which are empty: others end the process. */
	array = CFArrayCreate(NULL, pointers, 0, NULL);
	GIVEN(array);
	copy = CFArrayCreateMutableCopy(NULL, 0, array);
	GIVEN(copy);
	dictionary = CFDictionaryCreate(NULL, NULL, NULL, 0, NULL, NULL);
	GIVEN(dictionary);
}

static OBJECT_STRING_STATIC(relative, "../x");
static OBJECT_STRING_STATIC(domain, "NSPOSIXErrorDomain");

static void locate(void *arg)
{
	_cleanup_cf_ CFURLRef url = NULL, up = NULL, down = NULL, other = NULL, whole = NULL;
	_cleanup_cf_ CFStringRef path = NULL, last = NULL, description = NULL;
	_cleanup_cf_ CFErrorRef error = NULL, same = NULL;
	_cleanup_cf_ CFUUIDRef uuid = CFUUIDCreate(NULL);
	const void *keys[] = {kCFErrorURLKey};

	GIVEN(uuid);
	url = CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)"a b/c", 5, true);
	GIVEN(url);
	up = CFURLCreateCopyDeletingLastPathComponent(NULL, url);
	GIVEN(up);
	down = CFURLCreateCopyAppendingPathComponent(NULL, up, (CFStringRef)&domain, false);
	GIVEN(down);
	other = CFURLCreateWithString(NULL, (CFStringRef)&relative, url);
	GIVEN(other);
	whole = CFURLCopyAbsoluteURL(other);
	GIVEN(whole);
	path = CFURLCopyFileSystemPath(url, kCFURLPOSIXPathStyle);
	GIVEN(path);
	last = CFURLCopyLastPathComponent(url);
	GIVEN(last);
	error = CFErrorCreateWithUserInfoKeysAndValues(
		NULL, (CFStringRef)&domain, 2, keys, (const void *[]){url}, 1);
	GIVEN(error);
	same = CFErrorCreate(NULL, (CFStringRef)&domain, 2, NULL);
	GIVEN(same);
	description = CFErrorCopyDescription(error);
	GIVEN(description);
}

static void read_broken(void *arg)
{
	static const char text[] = "<plist><dict><key>a</key><date>x</date></dict></plist>";
	CFErrorRef error = NULL;
	_cleanup_cf_ CFDataRef data = CFDataCreate(NULL, (const UInt8 *)text, sizeof(text) - 1);

	GIVEN(data);
	ASSERT_NULL(CFPropertyListCreateWithData(NULL, data, 0, NULL, &error));
	if (error)
		CFRelease(error);
}

static void prepare(void)
{
	Object *value, *list;

	fault_pause();
	ASSERT_OK(object_dictionary_new(&sample));
	ASSERT_OK(object_array_new(&list));
	ASSERT_OK(object_date_new(INT64_C(1000000000) * 1000000000, &value));
	ASSERT_OK(object_array_add_take(list, value));
	ASSERT_OK(object_data_new("abc", 3, &value));
	ASSERT_OK(object_array_add_take(list, value));
	ASSERT_OK(object_string_new_z("text", &value));
	ASSERT_OK(object_array_add_take(list, value));
	ASSERT_OK(object_double_new(0.5, &value));
	ASSERT_OK(object_array_add_take(list, value));
	ASSERT_OK(object_dictionary_set_z_take(sample, "list", list));
	ASSERT_OK(object_dictionary_set_z(sample, "yes", object_bool(true)));
	fault_resume();
}

TEST(no_allocation_must_succeed)
{
	PlistFormat xml = PLIST_XML, binary = PLIST_BINARY;
	unsigned n = 0;

	prepare();
	n += fault_run_all(FAULT_MALLOC, make_values, NULL);
	n += fault_run_all(FAULT_MALLOC, copy_and_show, NULL);
	n += fault_run_all(FAULT_MALLOC, write_and_read, &xml);
	n += fault_run_all(FAULT_MALLOC, write_and_read, &binary);
	n += fault_run_all(FAULT_MALLOC, intern, NULL);
	n += fault_run_all(FAULT_MALLOC, spell, NULL);
	n += fault_run_all(FAULT_MALLOC, locate, NULL);
	n += fault_run_all(FAULT_MALLOC, read_broken, NULL);
	ASSERT_GT(n, 100);
	sample = object_unref(sample);
}
