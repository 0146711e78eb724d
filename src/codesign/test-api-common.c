/* SPDX-License-Identifier: Apache-2.0 */
#include <Security/SecCertificate.h>
#include <Security/SecRequirementPriv.h>
#include <string.h>

#include "codesign/certificate.h"
#include "codesign/test-req.h"
#include "codesign/test-reqcert.h"
#include "object/text.h"

static void check_text(CFStringRef text, const char *expected)
{
	ASSERT_NOT_NULL(text);
	ASSERT_STREQ(object_string_get((const Object *)text), expected);
}

static void check_text_consume(CFStringRef text, const char *expected)
{
	check_text(text, expected);
	CFRelease(text);
}

TEST(messages)
{
	check_text_consume(SecCopyErrorMessageString(errSecSuccess, NULL), "no error");
	check_text_consume(
		SecCopyErrorMessageString(errSecCSUnsigned, NULL), "the code is not signed at all");
	check_text_consume(SecCopyErrorMessageString(-1234567, NULL), "error -1234567");
	ASSERT_NULL(SecCopyErrorMessageString(errSecSuccess, (void *)1));
	/* Each of the range has one of its own. */
	for (OSStatus status = errSecCSUnimplemented; status <= errSecCSRemoteSignerFailed;
		status++) {
		CFStringRef text = SecCopyErrorMessageString(status, NULL);

		ASSERT_NOT_NULL(text);
		ASSERT_EQ(strstr(object_string_get((const Object *)text), "error -") != NULL,
			status == -67038);
		CFRelease(text);
	}
}

TEST(values)
{
	ASSERT_EQ(errSecCSUnimplemented, -67072);
	ASSERT_EQ(errSecCSReqInvalid, -67052);
	ASSERT_EQ(errSecCSHostReject, -67047);
	ASSERT_EQ(errSecCSDBDenied, errSecCSSigDBDenied);
	ASSERT_EQ(errSecMultipleExecSegments, -66995);
	ASSERT_EQ(errSecCSRemoteSignerFailed, -66990);
	ASSERT_EQ(kSecCSConsiderExpiration, 0x80000000u);
	ASSERT_EQ(kSecCSMatchGuestRequirementInKernel, 0x800000u);
	ASSERT_EQ(kSecCodeSignatureRuntime, 0x10000);
	ASSERT_EQ(kSecCodeStatusDebugged, 0x10000000);
	ASSERT_EQ(kSecRequirementTypeCount, 6);
}

TEST(keys)
{
	const struct {
		CFStringRef key;
		const char *text;
	} keys[] = {
		{kSecCFErrorArchitecture, "SecCSArchitecture"},
		{kSecCFErrorPattern, "SecCSPattern"},
		{kSecCFErrorResourceSeal, "SecCSResourceSeal"},
		{kSecCFErrorResourceAdded, "SecCSResourceAdded"},
		{kSecCFErrorResourceAltered, "SecCSResourceAltered"},
		{kSecCFErrorResourceMissing, "SecCSResourceMissing"},
		{kSecCFErrorResourceSideband, "SecCSResourceHasSidebandData"},
		{kSecCFErrorResourceRecursive, "SecCSResourceRecursive"},
		{kSecCFErrorInfoPlist, "SecCSInfoPlist"},
		{kSecCFErrorGuestAttributes, "SecCSGuestAttributes"},
		{kSecCFErrorRequirementSyntax, "SecRequirementSyntax"},
		{kSecCFErrorPath, "SecComponentPath"},
		{kSecGuestAttributeCanonical, "canonical"},
		{kSecGuestAttributeHash, "codedirectory-hash"},
		{kSecGuestAttributeMachPort, "mach-port"},
		{kSecGuestAttributePid, "pid"},
		{kSecGuestAttributeAudit, "audit"},
		{kSecGuestAttributeDynamicCode, "dynamicCode"},
		{kSecGuestAttributeDynamicCodeInfoPlist, "dynamicCodeInfoPlist"},
		{kSecGuestAttributeArchitecture, "architecture"},
		{kSecGuestAttributeSubarchitecture, "subarchitecture"},
		{kSecRequirementKeyInfoPlist, "requirement:eval:info"},
		{kSecRequirementKeyEntitlements, "requirement:eval:entitlements"},
		{kSecRequirementKeyIdentifier, "requirement:eval:identifier"},
		{kSecRequirementKeyPackageChecksum, "requirement:eval:package_checksum"},
		{kSecRequirementKeyChecksumAlgorithm,
			"requirement:eval:package_checksum_algorithm"},
		{kSecRequirementKeySecureTimestamp, "requirement:eval:secure_timestamp"},
		{kSecRequirementKeyTeamIdentifier, "requirement:eval:team_identifier"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		check_text(keys[i].key, keys[i].text);
}

static CFDataRef copy_der(X509 *x509)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x509, &der);
	CFDataRef data = CFDataCreate(NULL, der, n);

	OPENSSL_free(der);
	return data;
}

TEST(certificates)
{
	X509 *draft = test_new_x509(1);
	_cleanup_x509_ X509 *x = NULL, *other = test_finish_x509(test_new_x509(2));
	CFDataRef der, back, other_der;
	CFMutableDataRef longer;
	SecCertificateRef a, b, c;
	CFStringRef description;

	test_add_subject(draft, "2.5.4.10", MBSTRING_UTF8, "Example", 7);
	test_add_subject(draft, "2.5.4.3", MBSTRING_UTF8, "Ex\xc3\xa4mple Root", 13);
	x = test_finish_x509(draft);
	der = copy_der(x);
	other_der = copy_der(other);
	a = SecCertificateCreateWithData(NULL, der);
	b = SecCertificateCreateWithData(NULL, der);
	c = SecCertificateCreateWithData(NULL, other_der);
	ASSERT_NOT_NULL(a);
	ASSERT_EQ(CFGetTypeID(a), SecCertificateGetTypeID());
	ASSERT_TRUE(CFEqual(a, b));
	ASSERT_EQ(CFHash(a), CFHash(b));
	ASSERT_FALSE(CFEqual(a, c));
	back = SecCertificateCopyData(a);
	ASSERT_TRUE(CFEqual(back, der));
	check_text_consume(SecCertificateCopySubjectSummary(a), "Ex\xc3\xa4mple Root");
	ASSERT_NULL(SecCertificateCopySubjectSummary(c));
	description = CFCopyDescription(a);
	check_text_consume(description, "<certificate Ex\xc3\xa4mple Root>");
	/* What is none. */
	longer = CFDataCreateMutableCopy(NULL, 0, der);
	CFDataAppendBytes(longer, (const UInt8 *)"", 1);
	ASSERT_NULL(SecCertificateCreateWithData(NULL, longer));
	ASSERT_NULL(SecCertificateCreateWithData(NULL, NULL));
	ASSERT_NULL(SecCertificateCreateWithData(NULL, (CFDataRef)kSecCFErrorPath));
	ASSERT_NULL(SecCertificateCreateWithData(kCFAllocatorNull, der));
	ASSERT_NULL(SecCertificateCopyData(NULL));
	ASSERT_NULL(SecCertificateCopySubjectSummary((SecCertificateRef)(uintptr_t)der));
	CFRelease(longer);
	CFRelease(back);
	CFRelease(der);
	CFRelease(other_der);
	CFRelease(a);
	CFRelease(b);
	CFRelease(c);
}
