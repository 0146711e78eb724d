/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code requirements, by the public headers: what compiles and to which bytes, what the canonical text is,
 * what is an error, and what is evaluated how. What is ours alone is not here.
 */
#include <CoreFoundation/CoreFoundation.h>
#include <Security/SecRequirement.h>
#include <Security/SecRequirementPriv.h>
#include <stdio.h>
#include <string.h>

#include "tests/lib/unit.h"

static CFStringRef text_of(const char *text)
{
	CFStringRef ret = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);

	ASSERT_NOT_NULL(ret);
	return ret;
}

static OSStatus create(const char *text, SecRequirementRef *ret)
{
	CFStringRef string = text_of(text);
	OSStatus status = SecRequirementCreateWithString(string, kSecCSDefaultFlags, ret);

	CFRelease(string);
	return status;
}

static void format_hex(CFDataRef data, char *out)
{
	for (CFIndex i = 0; i < CFDataGetLength(data); i++)
		out += sprintf(out, "%02x", CFDataGetBytePtr(data)[i]);
}

static const struct {
	const char *text, *terms, *canonical;
} good[] = {
	{"true", "00000001", "always"},
	{"never", "00000000", "never"},
	{"identifier = com.example.a", "000000020000000d636f6d2e6578616d706c652e61000000",
		"identifier \"com.example.a\""},
	{"anchor apple", "00000003", "anchor apple"},
	{"anchor generic apple", "0000000f", "anchor apple generic"},
	{"cert leaf[subject.OU]=\"1AB\"",
		"0000000b000000000000000a7375626a6563742e4f55000000000001000000033141420"
		"0",
		"certificate leaf[subject.OU] = \"1AB\""},
	{"certificate 1[field.1.2.840.113635.100.6.2.6]",
		"0000000e000000010000000a2a864886f76364060206000000000000",
		"certificate 1[field.1.2.840.113635.100.6.2.6] /* exists */"},
	{"cert leaf[timestamp.1.2.840.113635.100.6.1.33] absent",
		"00000016000000000000000a2a864886f7636406012100000000000e", NULL},
	{"info[CFBundleVersion] >= \"2\"",
		"0000000a0000000f434642756e646c6556657273696f6e00000000080000000132000000",
		"info[CFBundleVersion] >= \"2\""},
	{"entitlement [ \"a-b\" ] exists", "0000001000000003612d620000000000",
		"entitlement[\"a-b\"] /* exists */"},
	{"!true or false and notarized",
		"00000007000000090000000100000006000000000000"
		"0015",
		"! always or never and notarized"},
	{"(true or false) and legacy", "0000000600000007000000010000000000000017",
		"(always or never) and legacy"},
	{"true;;", "00000001", "always"},
	{"# c\n/* d */ true // e", "00000001", "always"},
	{"platform = 08", "0000001400000008", "platform = 8"},
};

TEST(requirements)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char hex[1024], expected[1024], text[1024];
		SecRequirementRef r;
		CFStringRef string;
		CFDataRef data;

		if (create(good[i].text, &r) != errSecSuccess)
			unit_fail_here("%s", good[i].text);
		ASSERT_EQ(SecRequirementCopyData(r, kSecCSDefaultFlags, &data), errSecSuccess);
		format_hex(data, hex);
		snprintf(expected, sizeof(expected), "fade0c00%08zx00000001%s",
			12 + strlen(good[i].terms) / 2, good[i].terms);
		ASSERT_STREQ(hex, expected);
		ASSERT_EQ(SecRequirementCopyString(r, kSecCSDefaultFlags, &string), errSecSuccess);
		ASSERT_TRUE(CFStringGetCString(string, text, sizeof(text), kCFStringEncodingUTF8));
		if (good[i].canonical)
			ASSERT_STREQ(text, good[i].canonical);
		CFRelease(string);
		CFRelease(data);
		CFRelease(r);
	}
}

TEST(mistakes)
{
	static const char *const bad[] = {"", "# nothing", ";", "; true", "foo", "true and",
		"true false", "identifier 1a", "identifier", "cdhash H\"00\"", "cdhash \"x\"",
		"anchor = H\"00\"", "certificate leaf[email.x]", "info[a] ~", "info a", "(true",
		"true)", "true\r\n", "identifier \"a", "identifier \"a\\n\"", "identifier 0x1",
		"true /*", "host => true"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		SecRequirementRef r = NULL;

		if (create(bad[i], &r) != errSecCSReqInvalid)
			unit_fail_here("%s", bad[i]);
		ASSERT_NULL(r);
	}
}

/* The text of a set from a text, or an error. */
static OSStatus go_around(const char *text, char *ret, size_t size)
{
	CFStringRef string = text_of(text), back;
	CFTypeRef set;
	OSStatus status = SecRequirementsCreateWithString(
		string, kSecCSParseRequirementSet, &set, NULL);

	CFRelease(string);
	if (status != errSecSuccess)
		return status;
	ASSERT_EQ(SecRequirementsCopyString(set, kSecCSDefaultFlags, &back), errSecSuccess);
	ASSERT_TRUE(CFStringGetCString(back, ret, (CFIndex)size, kCFStringEncodingUTF8));
	CFRelease(back);
	CFRelease(set);
	return errSecSuccess;
}

TEST(sets)
{
	static const struct {
		const char *text, *canonical; /* NULL: an error */
	} cases[] = {
		{"host => true", "host => always\n"},
		{"designated => true; host => false", "host => never\ndesignated => always\n"},
		{"host => true host => false", "host => never\n"},
		{"3 => true", "designated => always\n"},
		{"host => true, guest => true", NULL},
		{"; host => true", NULL},
		{"host = > true", NULL},
		{"host", NULL},
		{"true", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];
		OSStatus status = go_around(cases[i].text, text, sizeof(text));

		ASSERT_EQ(status, cases[i].canonical ? errSecSuccess : errSecCSReqInvalid);
		if (cases[i].canonical)
			ASSERT_STREQ(text, cases[i].canonical);
	}
}

static OSStatus evaluate(const char *text, CFDictionaryRef info)
{
	const void *key = kSecRequirementKeyInfoPlist, *value = info;
	CFDictionaryRef context = CFDictionaryCreate(NULL, &key, &value, 1,
		&kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	SecRequirementRef r;
	OSStatus status;

	ASSERT_EQ(create(text, &r), errSecSuccess);
	status = SecRequirementEvaluate(r, NULL, context, kSecCSDefaultFlags);
	CFRelease(r);
	CFRelease(context);
	return status;
}

TEST(evaluation)
{
	const void *list[] = {CFSTR("x"), CFSTR("y")};
	CFArrayRef array = CFArrayCreate(NULL, list, 2, &kCFTypeArrayCallBacks);
	const void *keys[] = {CFSTR("text"), CFSTR("yes"), CFSTR("no"), CFSTR("array")};
	const void *values[] = {CFSTR("2.10"), kCFBooleanTrue, kCFBooleanFalse, array};
	CFDictionaryRef info = CFDictionaryCreate(NULL, keys, values, 4,
		&kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	static const struct {
		const char *text;
		bool holds;
	} cases[] = {
		{"info[text]", true},
		{"info[text] = \"2.10\"", true},
		{"info[text] > \"2.9\"", true},
		{"info[text] = \"2\"*", true},
		{"info[text] = *\"9\"", false},
		{"info[text] ~ \".1\"", true},
		{"info[text] absent", false},
		{"info[nothing] absent", true},
		{"info[nothing]", false},
		{"info[nothing] = \"\"", false},
		{"info[yes]", true},
		{"info[yes] = \"true\"", false},
		{"info[no]", false},
		{"info[no] absent", false},
		{"info[array] = y", true},
		{"info[array] = z", false},
		{"identifier a", false},
		{"certificate leaf[subject.CN] absent", false},
		{"anchor trusted", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (evaluate(cases[i].text, info) !=
			(cases[i].holds ? errSecSuccess : errSecCSReqFailed))
			unit_fail_here("%s", cases[i].text);
	CFRelease(info);
	CFRelease(array);
}

TEST(flags)
{
	SecRequirementRef r;
	CFStringRef text = text_of("true");

	ASSERT_EQ(SecRequirementCreateWithString(text, 1, &r), errSecCSInvalidFlags);
	ASSERT_EQ(SecRequirementCreateWithString(text, kSecCSConsiderExpiration, &r),
		errSecCSInvalidFlags);
	CFRelease(text);
}
