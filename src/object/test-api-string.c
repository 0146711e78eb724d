/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "object/test-support.h"

#define SMILE "\xf0\x9f\x98\x80"

static CFRange whole(CFStringRef string)
{
	return CFRangeMake(0, CFStringGetLength(string));
}

TEST(constant_strings_are_one)
{
	CFStringRef one = CFSTR("constant"), other = __CFStringMakeConstantString("constant");

	ASSERT_PTR_EQ(one, other);
	ASSERT_EQ(CFStringGetLength(one), 8);
	CFRelease(one);
	ASSERT_EQ(CFGetRetainCount(other), LONG_MAX);
	ASSERT_ABORTS(__CFStringMakeConstantString("\xff"), "not UTF-8");
}

TEST(encodings_are_read)
{
	static const UInt8 latin[] = {'a', 0xe9}, utf16[] = {'a', 0, 0x3d, 0xd8, 0, 0xde};
	static const UInt8 big[] = {0xfe, 0xff, 0, 'a'}, mark[] = {0xef, 0xbb, 0xbf, 'a'};
	static const UniChar units[] = {'a', 0xd83d, 0xde00}, half[] = {0xd83d};

	is_string(CFStringCreateWithBytes(NULL, latin, 2, kCFStringEncodingISOLatin1, false),
		"a\xc3\xa9");
	is_string(CFStringCreateWithBytes(NULL, utf16, 6, kCFStringEncodingUTF16LE, false),
		"a" SMILE);
	is_string(CFStringCreateWithBytes(NULL, big, 4, kCFStringEncodingUTF16, true), "a");
	is_string(CFStringCreateWithBytes(NULL, big + 2, 2, kCFStringEncodingUTF16BE, false), "a");
	is_string(CFStringCreateWithBytes(NULL, mark, 4, kCFStringEncodingUTF8, true), "a");
	is_string(CFStringCreateWithCharacters(NULL, units, 3), "a" SMILE);
	ASSERT_NULL(CFStringCreateWithCharacters(NULL, half, 1));
	ASSERT_NULL(CFStringCreateWithBytes(NULL, utf16, 5, kCFStringEncodingUTF16LE, false));
	ASSERT_NULL(CFStringCreateWithBytes(NULL, latin, 2, kCFStringEncodingASCII, false));
	ASSERT_NULL(CFStringCreateWithBytes(NULL, latin, 2, kCFStringEncodingUTF8, false));
	ASSERT_NULL(CFStringCreateWithBytes(NULL, latin, 2, 0x1234, false));
	ASSERT_NULL(CFStringCreateWithBytes(NULL, utf16, 2, kCFStringEncodingUTF8, false));
	is_string(CFStringCreateWithCStringNoCopy(NULL, strdup("x"), kCFStringEncodingASCII, NULL),
		"x");
	is_string(CFStringCreateWithBytesNoCopy(
			  NULL, mark + 3, 1, kCFStringEncodingUTF8, false, kCFAllocatorNull),
		"a");
	is_string(CFStringCreateWithFileSystemRepresentation(NULL, "/x"), "/x");
}

TEST(encodings_are_written)
{
	_cleanup_cf_ CFStringRef string = string_of("a\xc3\xa9" SMILE);
	char text[16];
	UInt8 bytes[16];
	CFIndex used;

	ASSERT_EQ(CFStringGetLength(string), 4);
	ASSERT_FALSE(CFStringGetCString(string, text, 7, kCFStringEncodingUTF8));
	ASSERT_TRUE(CFStringGetCString(string, text, 8, kCFStringEncodingUTF8));
	ASSERT_STREQ(text, "a\xc3\xa9" SMILE);
	ASSERT_FALSE(CFStringGetCString(string, text, 16, kCFStringEncodingISOLatin1));
	ASSERT_FALSE(CFStringGetCString(string, text, 16, kCFStringEncodingUTF16));
	ASSERT_EQ(CFStringGetBytes(string, whole(string), kCFStringEncodingISOLatin1, 0, false,
			  bytes, 16, &used),
		2);
	ASSERT_EQ(used, 2);
	ASSERT_MEMEQ(bytes, "a\xe9", 2);
	ASSERT_EQ(CFStringGetBytes(string, whole(string), kCFStringEncodingASCII, '?', false, bytes,
			  16, &used),
		4);
	ASSERT_EQ(used, 3);
	ASSERT_MEMEQ(bytes, "a??", 3);
	ASSERT_EQ(CFStringGetBytes(string, whole(string), kCFStringEncodingUTF16BE, 0, false, bytes,
			  16, &used),
		4);
	ASSERT_MEMEQ(bytes, "\0a\0\xe9\xd8\x3d\xde\0", 8);
	ASSERT_EQ(CFStringGetBytes(
			  string, whole(string), kCFStringEncodingUTF8, 0, false, NULL, 0, &used),
		4);
	ASSERT_EQ(used, 7);
	/* What does not fit whole is not begun. */
	ASSERT_EQ(CFStringGetBytes(
			  string, whole(string), kCFStringEncodingUTF8, 0, false, bytes, 6, &used),
		2);
	ASSERT_EQ(used, 3);
	ASSERT_EQ(CFStringGetBytes(string, CFRangeMake(1, 1), kCFStringEncodingUTF8, 0, false,
			  bytes, 16, &used),
		1);
	ASSERT_EQ(used, 2);
	ASSERT_NULL(CFStringGetCStringPtr(string, kCFStringEncodingASCII));
	ASSERT_NOT_NULL(CFStringGetCStringPtr(CFSTR("a"), kCFStringEncodingASCII));
	ASSERT_EQ(CFStringGetMaximumSizeForEncoding(10, kCFStringEncodingUTF8), 30);
	ASSERT_EQ(CFStringGetMaximumSizeForEncoding(10, kCFStringEncodingUnicode), 20);
	ASSERT_EQ(CFStringGetMaximumSizeForEncoding(LONG_MAX, kCFStringEncodingUTF8), kCFNotFound);
	ASSERT_EQ(CFStringGetMaximumSizeForEncoding(1, kCFStringEncodingInvalidId), kCFNotFound);
	ASSERT_EQ(CFStringGetSystemEncoding(), kCFStringEncodingUTF8);
	ASSERT_TRUE(CFStringIsEncodingAvailable(kCFStringEncodingASCII));
	ASSERT_FALSE(CFStringIsEncodingAvailable(1));
	ASSERT_TRUE(CFStringGetFileSystemRepresentation(string, text, 8));
	ASSERT_EQ(CFStringGetMaximumSizeOfFileSystemRepresentation(string), 8);
}

TEST(external_forms_go_there_and_back)
{
	static const CFStringEncoding encodings[] = {kCFStringEncodingUTF8, kCFStringEncodingUTF16,
		kCFStringEncodingUTF16BE, kCFStringEncodingUTF16LE};
	_cleanup_cf_ CFStringRef string = string_of("a\xc3\xa9" SMILE);

	for (size_t i = 0; i < ARRAY_SIZE(encodings); i++) {
		_cleanup_cf_ CFDataRef data = CFStringCreateExternalRepresentation(
			NULL, string, encodings[i], 0);
		_cleanup_cf_ CFStringRef again = CFStringCreateFromExternalRepresentation(
			NULL, data, encodings[i]);

		ASSERT_TRUE(CFEqual(string, again));
	}
	ASSERT_NULL(CFStringCreateExternalRepresentation(NULL, string, kCFStringEncodingASCII, 0));
}

TEST(units_are_counted_as_in_utf16)
{
	_cleanup_cf_ CFStringRef string = string_of("a" SMILE "b");
	UniChar units[4];

	CFStringGetCharacters(string, CFRangeMake(0, 4), units);
	ASSERT_EQ(units[1], 0xd83d);
	ASSERT_EQ(units[2], 0xde00);
	ASSERT_EQ(CFStringGetCharacterAtIndex(string, 3), 'b');
	ASSERT_EQ(CFStringGetCharacterAtIndex(string, 2), 0xde00);
	ASSERT_EQ(CFStringGetCharacterAtIndex(CFSTR("xyz"), 1), 'y');
	is_string(CFStringCreateWithSubstring(NULL, string, CFRangeMake(1, 3)), SMILE "b");
	is_string(CFStringCreateWithSubstring(NULL, string, CFRangeMake(4, 0)), "");
	ASSERT_ABORTS(CFStringGetCharacterAtIndex(string, 4), "out of bounds");
	ASSERT_ABORTS(
		CFStringCreateWithSubstring(NULL, string, CFRangeMake(3, 2)), "out of bounds");
}

/* The compiler is not to read these formats: they are not printf's. */
static CFStringRef formatted(const char *format, ...)
{
	_cleanup_cf_ CFStringRef string = string_of(format);
	CFStringRef result;
	va_list arguments;

	va_start(arguments, format);
	result = CFStringCreateWithFormatAndArguments(NULL, NULL, string, arguments);
	va_end(arguments);
	return result;
}

TEST(formats_are_followed)
{
	static const UniChar units[] = {'u', 0xe9, 0};
	_cleanup_cf_ CFNumberRef number = number_of(7);

	is_string(formatted("%d%%%i", -1, 2), "-1%2");
	is_string(formatted("%u %x %X %o %#x", 1U, 255U, 255U, 8U, 16U), "1 ff FF 10 0x10");
	is_string(formatted("%ld %lu %lld %llu %zu %qd %hd %hhu %jd %td", -1L, 1UL, -2LL, 2ULL,
			  (size_t)3, -4LL, 65537, 257, (intmax_t)5, (ptrdiff_t)6),
		"-1 1 -2 2 3 -4 1 1 5 6");
	is_string(formatted("[%5d|%-5d|%05d|%+d|%.3d|%*d|%-*d]", 1, 2, 3, 4, 5, 4, 6, 4, 7),
		"[    1|2    |00003|+4|005|   6|7   ]");
	is_string(formatted("%.2f %e %g %Lg %10.1f", 1.005, 1.0, 0.5, 2.5L, 3.25),
		"1.00 1.000000e+00 0.5 2.5        3.2");
	is_string(formatted("%s %.2s %5s|%-5s| %s", "a", "bcd", "e", "f", (char *)NULL),
		"a bc     e|f    | (null)");
	is_string(formatted("%@ %@ %@ %5@|", CFSTR("text"), number, (CFTypeRef)NULL,
			  CFSTR("\xc3\xa9")),
		"text 7 (null)     \xc3\xa9|");
	is_string(formatted("%c%C%S %S", 'x', 0x20ac, units, (UniChar *)NULL),
		"x\xe2\x82\xacu\xc3\xa9 (null)");
	is_string(formatted("%s", "a\xff"
				  "b\xe2\x82"),
		"a\xef\xbf\xbd"
		"b\xef\xbf\xbd\xef\xbf\xbd");
	is_string(formatted("%p", (void *)16), "0x10");
	is_string(formatted(""), "");
	is_string(CFStringCreateWithFormat(NULL, NULL, CFSTR("%@-%d"), CFSTR("x"), 1), "x-1");
}

TEST(other_formats_are_refused)
{
	int n = 0;

	ASSERT_NULL(formatted("%1$d", 1));
	ASSERT_NULL(formatted("%n", &n));
	ASSERT_NULL(formatted("%", 1));
	ASSERT_NULL(formatted("%y", 1));
	ASSERT_NULL(formatted("%ls", L"x"));
	ASSERT_NULL(formatted("%9999999d", 1));
	ASSERT_NULL(formatted("%99999999999999999999d", 1));
	ASSERT_ABORTS(CFStringCreateWithFormat(NULL, kCFNull, CFSTR("x")), "options of a format");
}

TEST(numbers_are_read_from_text)
{
	ASSERT_EQ(CFStringGetIntValue(CFSTR(" \t-12x")), -12);
	ASSERT_EQ(CFStringGetIntValue(CFSTR("x")), 0);
	ASSERT_EQ(CFStringGetIntValue(CFSTR("99999999999")), INT32_MAX);
	ASSERT_EQ(CFStringGetIntValue(CFSTR("-99999999999")), INT32_MIN);
	ASSERT_TRUE(CFStringGetDoubleValue(CFSTR(" 1.5e3,")) == 1500);
	ASSERT_TRUE(CFStringGetDoubleValue(CFSTR("")) == 0);
}

TEST(strings_are_compared)
{
	_cleanup_cf_ CFStringRef upper = string_of("\xc3\x89T\xc3\x89"),
				 lower = string_of("\xc3\xa9t\xc3\xa9");

	ASSERT_EQ(CFStringCompare(CFSTR("a"), CFSTR("b"), 0), kCFCompareLessThan);
	ASSERT_EQ(CFStringCompare(CFSTR("ab"), CFSTR("a"), 0), kCFCompareGreaterThan);
	ASSERT_EQ(CFStringCompare(CFSTR("a"), CFSTR("a"), 0), kCFCompareEqualTo);
	ASSERT_EQ(CFStringCompare(CFSTR("ABC"), CFSTR("abc"), kCFCompareCaseInsensitive),
		kCFCompareEqualTo);
	ASSERT_EQ(CFStringCompare(upper, lower, kCFCompareCaseInsensitive), kCFCompareEqualTo);
	ASSERT_EQ(CFStringCompare(upper, lower, 0), kCFCompareLessThan);
	ASSERT_EQ(CFStringCompareWithOptions(CFSTR("xaby"), CFSTR("ab"), CFRangeMake(1, 2), 0),
		kCFCompareEqualTo);
	ASSERT_TRUE(CFStringHasPrefix(CFSTR("abc"), CFSTR("ab")));
	ASSERT_FALSE(CFStringHasPrefix(CFSTR("abc"), CFSTR("bc")));
	ASSERT_TRUE(CFStringHasPrefix(CFSTR("abc"), CFSTR("")));
	ASSERT_TRUE(CFStringHasSuffix(CFSTR("abc"), CFSTR("bc")));
	ASSERT_FALSE(CFStringHasSuffix(CFSTR("c"), CFSTR("bc")));
	ASSERT_ABORTS(CFStringCompare(CFSTR("a"), CFSTR("b"), 64), "not supported");
}

TEST(strings_are_found)
{
	_cleanup_cf_ CFStringRef string = string_of(SMILE "abcABCabc");
	CFRange found;

	found = CFStringFind(string, CFSTR("abc"), 0);
	ASSERT_EQ(found.location, 2);
	ASSERT_EQ(found.length, 3);
	found = CFStringFind(string, CFSTR("abc"), kCFCompareBackwards);
	ASSERT_EQ(found.location, 8);
	found = CFStringFind(string, CFSTR("bCa"), kCFCompareCaseInsensitive);
	ASSERT_EQ(found.location, 3);
	ASSERT_EQ(CFStringFind(string, CFSTR("abc"), kCFCompareAnchored).location, kCFNotFound);
	found = CFStringFind(string, CFSTR("abc"), kCFCompareAnchored | kCFCompareBackwards);
	ASSERT_EQ(found.location, 8);
	ASSERT_EQ(CFStringFind(string, CFSTR(""), 0).location, kCFNotFound);
	ASSERT_EQ(CFStringFind(string, CFSTR("abcd"), 0).location, kCFNotFound);
	ASSERT_TRUE(CFStringFindWithOptions(string, CFSTR("abc"), CFRangeMake(3, 8), 0, &found));
	ASSERT_EQ(found.location, 8);
	ASSERT_FALSE(CFStringFindWithOptions(string, CFSTR("abc"), CFRangeMake(3, 7), 0, NULL));
}

TEST(strings_are_taken_apart_and_put_together)
{
	_cleanup_cf_ CFArrayRef parts = CFStringCreateArrayBySeparatingStrings(
		NULL, CFSTR("a, b, , c"), CFSTR(", "));
	_cleanup_cf_ CFArrayRef one = CFStringCreateArrayBySeparatingStrings(
		NULL, CFSTR(""), CFSTR(","));

	is_string(CFCopyDescription(parts), "[\"a\", \"b\", \"\", \"c\"]");
	is_string(CFStringCreateByCombiningStrings(NULL, parts, CFSTR("+")), "a+b++c");
	ASSERT_EQ(CFArrayGetCount(one), 1);
}

static void holds(CFStringRef string, const char *text)
{
	ASSERT_STREQ(CFStringGetCStringPtr(string, kCFStringEncodingUTF8), text);
}

TEST(mutable_strings_change)
{
	static const UniChar half[] = {0xd83d}, euro[] = {0x20ac};
	_cleanup_cf_ CFMutableStringRef string = CFStringCreateMutable(NULL, 0);
	_cleanup_cf_ CFMutableStringRef copy = NULL;
	_cleanup_cf_ CFStringRef fixed = NULL;

	CFStringAppend(string, CFSTR("ab"));
	CFStringAppend(string, string);
	CFStringAppendCString(string, "\xe9", kCFStringEncodingISOLatin1);
	CFStringAppendCString(string, "\xff", kCFStringEncodingUTF8);
	CFStringAppendCString(string, CFStringGetCStringPtr(string, kCFStringEncodingUTF8),
		kCFStringEncodingUTF8);
	CFStringDelete(string, CFRangeMake(0, 5));
	CFStringAppendCharacters(string, euro, 1);
	CFStringAppendCharacters(string, half, 1);
	CFStringAppendFormat(string, NULL, CFSTR("%d"), 5);
	holds(string, "abab\xc3\xa9\xe2\x82\xac"
		      "5");
	CFStringDelete(string, CFRangeMake(4, 2));
	CFStringInsert(string, 0, CFSTR(SMILE));
	CFStringReplace(string, CFRangeMake(2, 1), CFSTR("X"));
	holds(string, SMILE "Xbab5");
	copy = CFStringCreateMutableCopy(NULL, 0, string);
	fixed = CFStringCreateCopy(NULL, string);
	CFStringReplaceAll(string, CFSTR("  \n x y\t "));
	CFStringTrimWhitespace(string);
	holds(string, "x y");
	CFStringReplaceAll(string, CFSTR(" \t"));
	CFStringTrimWhitespace(string);
	holds(string, "");
	CFStringTrimWhitespace(string);
	holds(copy, SMILE "Xbab5");
	ASSERT_TRUE(CFEqual(copy, fixed));
	ASSERT_ABORTS(CFStringAppend((CFMutableStringRef)fixed, fixed), "an immutable object");
	ASSERT_ABORTS(CFStringInsert(copy, 99, fixed), "out of bounds");
	ASSERT_ABORTS(CFStringAppendFormat(copy, NULL, CFSTR("%y")), "a format");
}

TEST(all_of_a_text_are_replaced)
{
	_cleanup_cf_ CFMutableStringRef string = CFStringCreateMutable(NULL, 0);

	CFStringAppend(string, CFSTR("aXbXcX"));
	ASSERT_EQ(CFStringFindAndReplace(string, CFSTR("X"), CFSTR("XX"), whole(string), 0), 3);
	holds(string, "aXXbXXcXX");
	ASSERT_EQ(CFStringFindAndReplace(string, CFSTR("xx"), CFSTR(""), whole(string),
			  kCFCompareCaseInsensitive | kCFCompareBackwards),
		3);
	holds(string, "abc");
	ASSERT_EQ(CFStringFindAndReplace(string, CFSTR("b"), CFSTR("x"), CFRangeMake(2, 1), 0), 0);
	ASSERT_EQ(CFStringFindAndReplace(string, string, string, whole(string), 0), 1);
	holds(string, "abc");
	ASSERT_EQ(CFStringFindAndReplace(
			  string, CFSTR("a"), CFSTR("aa"), whole(string), kCFCompareAnchored),
		1);
	holds(string, "aabc");
}

static CFStringRef with_arguments(CFMutableStringRef string, ...)
{
	va_list arguments;

	va_start(arguments, string);
	CFStringAppendFormatAndArguments(string, NULL, CFSTR("%d"), arguments);
	va_end(arguments);
	return string;
}

TEST(lists_of_arguments_are_used)
{
	is_string(with_arguments(CFStringCreateMutable(NULL, 0), 3), "3");
	ASSERT_EQ(CFGetTypeID(CFSTR("x")), CFStringGetTypeID());
}
