/* SPDX-License-Identifier: Apache-2.0 */
#include <CoreFoundation/CoreFoundation.h>
#include <Security/SecCertificate.h>
#include <Security/SecRequirementPriv.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "codesign/test-reqcert.h"
#include "tests/lib/unit.h"

#define BAD_FLAG ((SecCSFlags)1 << 5)

static CFStringRef text_of(const char *text)
{
	CFStringRef ret = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);

	ASSERT_NOT_NULL(ret);
	return ret;
}

static SecRequirementRef create(const char *text)
{
	CFStringRef string = text_of(text);
	SecRequirementRef ret = NULL;

	ASSERT_EQ(SecRequirementCreateWithString(string, kSecCSDefaultFlags, &ret), errSecSuccess);
	CFRelease(string);
	return ret;
}

static void check_string_consume(CFStringRef string, const char *expected)
{
	char text[1024];

	ASSERT_TRUE(CFStringGetCString(string, text, sizeof(text), kCFStringEncodingUTF8));
	ASSERT_STREQ(text, expected);
	CFRelease(string);
}

TEST(text_and_data)
{
	SecRequirementRef a = create("identifier  foo and true"), b = NULL;
	CFStringRef text = NULL;
	CFDataRef data = NULL;

	ASSERT_EQ(CFGetTypeID(a), SecRequirementGetTypeID());
	ASSERT_EQ(SecRequirementCopyString(a, 0, &text), errSecSuccess);
	check_string_consume(text, "identifier foo and always");
	ASSERT_EQ(SecRequirementCopyData(a, 0, &data), errSecSuccess);
	ASSERT_EQ(CFDataGetLength(data), 32);
	ASSERT_EQ(SecRequirementCreateWithData(data, 0, &b), errSecSuccess);
	ASSERT_TRUE(CFEqual(a, b));
	ASSERT_EQ(CFHash(a), CFHash(b));
	CFRelease(data);
	CFRelease(a);
	CFRelease(b);
}

TEST(data_that_is_none)
{
	static const struct {
		const char bytes[24];
		CFIndex size;
		OSStatus status;
	} cases[] = {
		{"", 0, errSecCSReqInvalid},
		{"\xfa\xde\x0c\x00\x00\x00\x00\x10\x00\x00\x00\x01\x00\x00\x00\x01", 16,
			errSecSuccess},
		{"\xfa\xde\x0c\x00\x00\x00\x00\x10\x00\x00\x00\x01\x00\x00\x00\x01", 15,
			errSecCSReqInvalid},
		{"\xfa\xde\x0c\x00\x00\x00\x00\x10\x00\x00\x00\x02\x00\x00\x00\x01", 16,
			errSecCSReqUnsupported},
		{"\xfa\xde\x0c\x00\x00\x00\x00\x10\x00\x00\x00\x01\x00\x00\x00\x77", 16,
			errSecCSUnimplemented},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CFDataRef data = CFDataCreate(NULL, (const UInt8 *)cases[i].bytes, cases[i].size);
		SecRequirementRef r = NULL;

		ASSERT_EQ(SecRequirementCreateWithData(data, 0, &r), cases[i].status);
		CFRelease(data);
		if (r)
			CFRelease(r);
	}
}

TEST(text_that_is_none)
{
	CFStringRef text = text_of("foo and\nbar[");
	SecRequirementRef r = NULL;
	CFErrorRef error = NULL;
	CFDictionaryRef info;

	ASSERT_EQ(SecRequirementCreateWithString(text, 0, &r), errSecCSReqInvalid);
	ASSERT_EQ(SecRequirementCreateWithStringAndErrors(text, 0, NULL, &r), errSecCSReqInvalid);
	ASSERT_EQ(SecRequirementCreateWithStringAndErrors(text, 0, &error, &r), errSecCSReqInvalid);
	ASSERT_NULL(r);
	ASSERT_NOT_NULL(error);
	ASSERT_EQ(CFErrorGetCode(error), errSecCSReqInvalid);
	ASSERT_TRUE(CFEqual(CFErrorGetDomain(error), kCFErrorDomainOSStatus));
	info = CFErrorCopyUserInfo(error);
	check_string_consume(CFRetain(CFDictionaryGetValue(info, kSecCFErrorRequirementSyntax)),
		"line 1:1: expecting a requirement, found 'foo'\n"
		"line 2:1: expecting a requirement, found 'bar'\n");
	CFRelease(info);
	CFRelease(error);
	CFRelease(text);
	/* A set is not one requirement. */
	text = text_of("host => true");
	ASSERT_EQ(SecRequirementCreateWithString(text, 0, &r), errSecCSReqInvalid);
	CFRelease(text);
}

TEST(arguments)
{
	SecRequirementRef r = create("true"), none = NULL;
	CFStringRef text = text_of("true"), text_out = NULL;
	CFDataRef data = NULL, data_out = NULL;
	CFDictionaryRef dictionary_out = NULL;
	CFTypeRef out = NULL;

	ASSERT_EQ(SecRequirementCopyData(r, 0, &data), errSecSuccess);
	/* Flags come first. */
	ASSERT_EQ(SecRequirementCreateWithData(NULL, BAD_FLAG, NULL), errSecCSInvalidFlags);
	ASSERT_EQ(SecRequirementCreateWithData(data, kSecCSReportProgress, &none),
		errSecCSInvalidFlags);
	ASSERT_EQ(SecRequirementCreateWithString(text, 1, &none), errSecCSInvalidFlags);
	ASSERT_EQ(SecRequirementCreateWithStringAndErrors(text, BAD_FLAG, NULL, &none),
		errSecCSInvalidFlags);
	ASSERT_EQ(SecRequirementCopyData(r, BAD_FLAG, &data_out), errSecCSInvalidFlags);
	ASSERT_EQ(SecRequirementCopyString(r, BAD_FLAG, &text_out), errSecCSInvalidFlags);
	ASSERT_EQ(SecRequirementCreateWithResource(NULL, BAD_FLAG, &none), errSecCSInvalidFlags);
	ASSERT_EQ(SecRequirementCreateGroup(text, NULL, BAD_FLAG, &none), errSecCSInvalidFlags);
	ASSERT_EQ(SecRequirementsCreateFromRequirements(NULL, BAD_FLAG, &data_out),
		errSecCSInvalidFlags);
	ASSERT_EQ(SecRequirementsCopyRequirements(data, BAD_FLAG, &dictionary_out),
		errSecCSInvalidFlags);
	ASSERT_EQ(SecRequirementsCreateWithString(text, 4, &out, NULL), errSecCSInvalidFlags);
	ASSERT_EQ(SecRequirementsCopyString(r, BAD_FLAG, &text_out), errSecCSInvalidFlags);
	ASSERT_EQ(SecRequirementEvaluate(r, NULL, NULL, BAD_FLAG), errSecCSInvalidFlags);
	/* What is missing. */
	ASSERT_EQ(SecRequirementCreateWithData(NULL, 0, &none), errSecCSObjectRequired);
	ASSERT_EQ(SecRequirementCreateWithData(data, 0, NULL), errSecCSObjectRequired);
	ASSERT_EQ(SecRequirementCreateWithString(NULL, 0, &none), errSecCSObjectRequired);
	ASSERT_EQ(SecRequirementCreateWithString(text, 0, NULL), errSecCSObjectRequired);
	ASSERT_EQ(SecRequirementCopyData(NULL, 0, &data_out), errSecCSObjectRequired);
	ASSERT_EQ(SecRequirementCopyData(r, 0, NULL), errSecCSObjectRequired);
	ASSERT_EQ(SecRequirementCopyString(NULL, 0, &text_out), errSecCSObjectRequired);
	ASSERT_EQ(SecRequirementCreateWithResource(NULL, 0, &none), errSecCSObjectRequired);
	ASSERT_EQ(SecRequirementCreateGroup(NULL, NULL, 0, &none), errSecCSObjectRequired);
	ASSERT_EQ(SecRequirementsCopyString(NULL, 0, &text_out), errSecCSObjectRequired);
	ASSERT_EQ(SecRequirementEvaluate(NULL, NULL, NULL, 0), errSecCSObjectRequired);
	/* What is something else. */
	ASSERT_EQ(
		SecRequirementCreateWithData((CFDataRef)text, 0, &none), errSecCSInvalidObjectRef);
	ASSERT_EQ(SecRequirementCreateWithString((CFStringRef)data, 0, &none),
		errSecCSInvalidObjectRef);
	ASSERT_EQ(SecRequirementCopyData((SecRequirementRef)(uintptr_t)text, 0, &data_out),
		errSecCSInvalidObjectRef);
	ASSERT_EQ(SecRequirementCreateWithResource((CFURLRef)text, 0, &none),
		errSecCSInvalidObjectRef);
	ASSERT_EQ(SecRequirementCreateGroup(text, (SecCertificateRef)(uintptr_t)text, 0, &none),
		errSecCSInvalidObjectRef);
	ASSERT_EQ(SecRequirementsCopyString(text, 0, &text_out), errSecCSInvalidObjectRef);
	ASSERT_EQ(SecRequirementEvaluate(r, (CFArrayRef)text, NULL, 0), errSecCSInvalidObjectRef);
	ASSERT_NULL(none);
	ASSERT_NULL(text_out);
	ASSERT_NULL(data_out);
	ASSERT_NULL(out);
	CFRelease(r);
	CFRelease(text);
	CFRelease(data);
}

TEST(sets)
{
	SecRequirementRef host = create("true"), designated = create("identifier a");
	uint32_t types[] = {kSecDesignatedRequirementType, kSecHostRequirementType};
	CFNumberRef numbers[] = {CFNumberCreate(NULL, kCFNumberSInt32Type, &types[0]),
		CFNumberCreate(NULL, kCFNumberSInt32Type, &types[1])};
	SecRequirementRef values[] = {designated, host};
	CFDictionaryRef dictionary = CFDictionaryCreate(NULL, (const void **)numbers,
		(const void **)values, 2, &kCFTypeDictionaryKeyCallBacks,
		&kCFTypeDictionaryValueCallBacks);
	CFDictionaryRef back = NULL;
	CFDataRef data = NULL, single = NULL;
	CFStringRef text = NULL;

	ASSERT_EQ(SecRequirementsCreateFromRequirements(dictionary, 0, &data), errSecSuccess);
	ASSERT_EQ(SecRequirementsCopyString(data, 0, &text), errSecSuccess);
	check_string_consume(text, "host => always\ndesignated => identifier a\n");
	ASSERT_EQ(SecRequirementsCopyRequirements(data, 0, &back), errSecSuccess);
	ASSERT_EQ(CFDictionaryGetCount(back), 2);
	ASSERT_TRUE(CFEqual(CFDictionaryGetValue(back, numbers[0]), designated));
	ASSERT_TRUE(CFEqual(CFDictionaryGetValue(back, numbers[1]), host));
	/* One alone, in both forms. */
	ASSERT_EQ(SecRequirementsCopyString(host, 0, &text), errSecSuccess);
	check_string_consume(text, "always");
	ASSERT_EQ(SecRequirementCopyData(host, 0, &single), errSecSuccess);
	ASSERT_EQ(SecRequirementsCopyString(single, 0, &text), errSecSuccess);
	check_string_consume(text, "always");
	CFRelease(back);
	back = NULL;
	ASSERT_EQ(SecRequirementsCopyRequirements(single, 0, &back), errSecCSReqInvalid);
	CFRelease(dictionary);
	dictionary = CFDictionaryCreate(NULL, (const void **)values, (const void **)values, 1,
		&kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	CFRelease(data);
	data = NULL;
	ASSERT_EQ(SecRequirementsCreateFromRequirements(dictionary, 0, &data),
		errSecCSBadDictionaryFormat);
	ASSERT_NULL(back);
	ASSERT_NULL(data);
	CFRelease(dictionary);
	CFRelease(single);
	CFRelease(numbers[0]);
	CFRelease(numbers[1]);
	CFRelease(host);
	CFRelease(designated);
}

TEST(either_from_text)
{
	static const struct {
		const char *text;
		SecCSFlags flags;
		OSStatus status;
		bool is_set;
	} cases[] = {
		{"true", 0, errSecSuccess, false},
		{"true", kSecCSParseRequirement, errSecSuccess, false},
		{"true", kSecCSParseRequirementSet, errSecCSReqInvalid, false},
		{"true", kSecCSParseRequirement | kSecCSParseRequirementSet, errSecSuccess, false},
		{"host => true", 0, errSecSuccess, true},
		{"host => true", kSecCSParseRequirement, errSecCSReqInvalid, false},
		{"host => true", kSecCSParseRequirementSet, errSecSuccess, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CFStringRef text = text_of(cases[i].text);
		CFErrorRef error = NULL;
		CFTypeRef result = NULL;

		ASSERT_EQ(SecRequirementsCreateWithString(text, cases[i].flags, &result, &error),
			cases[i].status);
		ASSERT_EQ(error != NULL, cases[i].status != errSecSuccess);
		if (result)
			ASSERT_EQ(CFGetTypeID(result),
				cases[i].is_set ? CFDataGetTypeID() : SecRequirementGetTypeID());
		if (result)
			CFRelease(result);
		if (error)
			CFRelease(error);
		CFRelease(text);
	}
}

TEST(resource)
{
	char path[] = "/tmp/portcullis-test-XXXXXX";
	static const char blob[] =
		"\xfa\xde\x0c\x00\x00\x00\x00\x10\x00\x00\x00\x01\x00\x00\x00\x01";
	int fd = ASSERT_SYS(mkostemp(path, O_CLOEXEC));
	CFURLRef url = CFURLCreateFromFileSystemRepresentation(
		NULL, (const UInt8 *)path, (CFIndex)strlen(path), false);
	SecRequirementRef r = NULL;
	CFStringRef text = NULL;

	ASSERT_EQ(SecRequirementCreateWithResource(url, 0, &r), errSecCSReqInvalid);
	ASSERT_EQ(write(fd, blob, 16), 16);
	ASSERT_EQ(SecRequirementCreateWithResource(url, 0, &r), errSecSuccess);
	ASSERT_EQ(SecRequirementCopyString(r, 0, &text), errSecSuccess);
	check_string_consume(text, "always");
	CFRelease(r);
	unlink(path);
	close(fd);
	ASSERT_EQ(SecRequirementCreateWithResource(url, 0, &r), errSecIO);
	CFRelease(url);
	url = CFURLCreateFromFileSystemRepresentation(NULL, (const UInt8 *)"/dev/zero", 9, false);
	ASSERT_EQ(SecRequirementCreateWithResource(url, 0, &r), errSecIO);
	CFRelease(url);
}

static SecCertificateRef create_certificate(long serial)
{
	X509 *x = test_finish_x509(test_new_x509(serial));
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	CFDataRef data = CFDataCreate(NULL, der, n);
	SecCertificateRef ret = SecCertificateCreateWithData(NULL, data);

	ASSERT_NOT_NULL(ret);
	CFRelease(data);
	OPENSSL_free(der);
	X509_free(x);
	return ret;
}

TEST(group)
{
	SecCertificateRef root = create_certificate(1), leaf = create_certificate(2);
	CFStringRef name = text_of("editors"), key = text_of("Application-Group"), text = NULL;
	const void *certificates[] = {leaf, root};
	CFArrayRef chain = CFArrayCreate(NULL, certificates, 2, &kCFTypeArrayCallBacks);
	CFDictionaryRef info = CFDictionaryCreate(NULL, (const void **)&key, (const void **)&name,
				1, &kCFTypeDictionaryKeyCallBacks,
				&kCFTypeDictionaryValueCallBacks),
			context = CFDictionaryCreate(NULL,
				(const void **)&kSecRequirementKeyInfoPlist, (const void **)&info,
				1, &kCFTypeDictionaryKeyCallBacks,
				&kCFTypeDictionaryValueCallBacks);
	SecRequirementRef r = NULL;

	ASSERT_EQ(SecRequirementCreateGroup(name, NULL, 0, &r), errSecSuccess);
	ASSERT_EQ(SecRequirementCopyString(r, 0, &text), errSecSuccess);
	check_string_consume(text, "info[\"Application-Group\"] legacy = editors and anchor apple");
	CFRelease(r);
	ASSERT_EQ(SecRequirementCreateGroup(name, root, 0, &r), errSecSuccess);
	ASSERT_EQ(SecRequirementEvaluate(r, chain, context, 0), errSecSuccess);
	ASSERT_EQ(SecRequirementEvaluate(r, chain, NULL, 0), errSecCSReqFailed);
	ASSERT_EQ(SecRequirementEvaluate(r, NULL, context, 0), errSecCSReqFailed);
	CFRelease(r);
	ASSERT_EQ(SecRequirementCreateGroup(name, leaf, 0, &r), errSecSuccess);
	ASSERT_EQ(SecRequirementEvaluate(r, chain, context, 0), errSecCSReqFailed);
	CFRelease(r);
	CFRelease(context);
	CFRelease(info);
	CFRelease(chain);
	CFRelease(name);
	CFRelease(key);
	CFRelease(root);
	CFRelease(leaf);
}

static OSStatus evaluate(const char *text, CFStringRef key, CFTypeRef value)
{
	SecRequirementRef r = create(text);
	CFDictionaryRef context = CFDictionaryCreate(NULL, (const void **)&key,
		(const void **)&value, 1, &kCFTypeDictionaryKeyCallBacks,
		&kCFTypeDictionaryValueCallBacks);
	OSStatus status = SecRequirementEvaluate(r, NULL, context, 0);

	CFRelease(context);
	CFRelease(r);
	return status;
}

TEST(evaluation)
{
	CFStringRef a = text_of("a");
	CFDictionaryRef dictionary = CFDictionaryCreate(NULL, (const void **)&a, (const void **)&a,
		1, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	CFArrayRef no_certificates = CFArrayCreate(
		NULL, (const void **)&a, 1, &kCFTypeArrayCallBacks);
	SecRequirementRef r = create("true");

	ASSERT_EQ(evaluate("identifier a", kSecRequirementKeyIdentifier, a), errSecSuccess);
	ASSERT_EQ(evaluate("identifier b", kSecRequirementKeyIdentifier, a), errSecCSReqFailed);
	ASSERT_EQ(evaluate("identifier a", kSecRequirementKeyTeamIdentifier, a), errSecCSReqFailed);
	ASSERT_EQ(evaluate("info[a] = a", kSecRequirementKeyInfoPlist, dictionary), errSecSuccess);
	ASSERT_EQ(evaluate("entitlement[a] = a", kSecRequirementKeyEntitlements, dictionary),
		errSecSuccess);
	ASSERT_EQ(evaluate("entitlement[a] = a", kSecRequirementKeyInfoPlist, dictionary),
		errSecCSReqFailed);
	ASSERT_EQ(evaluate("true", kSecRequirementKeyInfoPlist, a), errSecCSInvalidAttributeValues);
	ASSERT_EQ(evaluate("true", kSecRequirementKeyEntitlements, a),
		errSecCSInvalidAttributeValues);
	ASSERT_EQ(evaluate("true", kSecRequirementKeyIdentifier, dictionary),
		errSecCSInvalidAttributeValues);
	ASSERT_EQ(evaluate("true", kSecRequirementKeyPackageChecksum, a),
		errSecCSInvalidAttributeValues);
	ASSERT_EQ(evaluate("true", kSecRequirementKeySecureTimestamp, a),
		errSecCSInvalidAttributeValues);
	ASSERT_EQ(SecRequirementEvaluate(r, no_certificates, NULL, 0),
		errSecCSInvalidAttributeValues);
	ASSERT_EQ(SecRequirementEvaluate(r, NULL, NULL, 0), errSecSuccess);
	CFRelease(r);
	CFRelease(no_certificates);
	CFRelease(dictionary);
	CFRelease(a);
}
