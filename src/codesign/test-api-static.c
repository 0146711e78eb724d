/* SPDX-License-Identifier: Apache-2.0 */
/* Code on disk, by the public interface. */
#include <CoreFoundation/CoreFoundation.h>
#include <Security/SecCertificate.h>
#include <Security/SecCodePriv.h>
#include <Security/SecRequirementPriv.h>
#include <Security/SecStaticCodePriv.h>
#include <portcullis/code.h>
#include <pthread.h>

#include "codesign/test-signed.h"

/* The user whose configuration this is has one identity, and trusts it. */
static const Identity *own_identity(void)
{
	static Identity *identity;
	char config[300];

	if (identity)
		return identity;
	ASSERT_SYS(mkdir(in_dir("home"), 0700));
	ASSERT_SYS(setenv("HOME", in_dir("home"), 1));
	ASSERT_SYS(mkdir(in_dir("home/.config"), 0700));
	snprintf(config, sizeof(config), "%s", in_dir("home/.config/portcullis"));
	ASSERT_OK(identity_make(config, "me", NULL));
	ASSERT_OK(identity_load_name(config, "me", NULL, &identity, NULL));
	return identity;
}

static CFURLRef url_of(const char *path)
{
	CFURLRef url = CFURLCreateFromFileSystemRepresentation(
		NULL, (const UInt8 *)path, (CFIndex)strlen(path), false);

	ASSERT_NOT_NULL(url);
	return url;
}

static OSStatus create(const char *path, SecStaticCodeRef *ret)
{
	CFURLRef url = url_of(path);
	OSStatus status = SecStaticCodeCreateWithPath(url, kSecCSDefaultFlags, ret);

	CFRelease(url);
	return status;
}

static SecStaticCodeRef code_of(const char *path)
{
	SecStaticCodeRef code = NULL;

	ASSERT_EQ(create(path, &code), errSecSuccess);
	return code;
}

static OSStatus check_for(const char *path, SecCSFlags flags, SecRequirementRef requirement)
{
	SecStaticCodeRef code = NULL;
	OSStatus status = create(path, &code);

	if (status == errSecSuccess) {
		status = SecStaticCodeCheckValidity(code, flags, requirement);
		CFRelease(code);
	}
	return status;
}

static OSStatus check(const char *path, SecCSFlags flags)
{
	return check_for(path, flags, NULL);
}

static SecRequirementRef requirement_of(const char *text)
{
	CFStringRef string = CFStringCreateWithCString(NULL, text, kCFStringEncodingUTF8);
	SecRequirementRef ret = NULL;

	ASSERT_EQ(SecRequirementCreateWithString(string, 0, &ret), errSecSuccess);
	CFRelease(string);
	return ret;
}

static OSStatus check_text(const char *path, const char *text)
{
	SecRequirementRef requirement = requirement_of(text);
	OSStatus status = check_for(path, 0, requirement);

	CFRelease(requirement);
	return status;
}

static void assert_string(CFTypeRef string, const char *expected)
{
	char text[512];

	ASSERT_NOT_NULL(string);
	ASSERT_EQ(CFGetTypeID(string), CFStringGetTypeID());
	ASSERT_TRUE(CFStringGetCString(string, text, sizeof(text), kCFStringEncodingUTF8));
	ASSERT_STREQ(text, expected);
}

static int64_t number_of(CFTypeRef number)
{
	int64_t ret = -1;

	ASSERT_NOT_NULL(number);
	ASSERT_TRUE(CFNumberGetValue(number, kCFNumberSInt64Type, &ret));
	return ret;
}

TEST(signed_by_a_newcomer)
{
	const char *path = in_dir("newcomer");

	sign_elf(path, &SUPPORT_SPEC, own_identity());
	ASSERT_EQ(check(path, 0), errSecSuccess);
	ASSERT_EQ(check(path, kSecCSCheckTrustedAnchors | kSecCSConsiderExpiration |
				      kSecCSStrictValidate),
		errSecSuccess);
	ASSERT_EQ(
		check_text(path, "identifier org.example.code and anchor trusted"), errSecSuccess);
	ASSERT_EQ(check_text(path, "anchor apple user"), errSecSuccess);
	ASSERT_EQ(check_text(path, "anchor apple"), errSecCSReqFailed);
	ASSERT_EQ(check_text(path, "identifier org.example.other"), errSecCSReqFailed);
	ASSERT_EQ(check(path, kSecCSEnforceRevocationChecks), errSecCertificateRevoked);
	ASSERT_EQ(
		check(path, kSecCSEnforceRevocationChecks | kSecCSNoNetworkAccess), errSecSuccess);
}

TEST(signed_by_others)
{
	const char *path = in_dir("others");
	_cleanup_signed_by_ SignedBy by = signed_by(&(PkiSpec){.name = "leaf"});
	_cleanup_signed_by_ SignedBy old = signed_by(
		&(PkiSpec){.name = "leaf", .from_days = -10, .to_days = -5});

	(void)own_identity();
	sign_elf(path, &SUPPORT_SPEC, by.identity);
	ASSERT_EQ(check(path, 0), errSecSuccess);
	ASSERT_EQ(check(path, kSecCSCheckTrustedAnchors), errSecCSSignatureUntrusted);
	ASSERT_EQ(check_text(path, "anchor trusted"), errSecCSReqFailed);
	sign_elf(path, &SUPPORT_SPEC, old.identity);
	ASSERT_EQ(check(path, 0), errSecSuccess);
	ASSERT_EQ(check(path, kSecCSConsiderExpiration), errSecCertificateExpired);
	sign_elf(path, &SUPPORT_SPEC, NULL);
	ASSERT_EQ(check(path, 0), errSecSuccess);
	ASSERT_EQ(check(path, kSecCSCheckTrustedAnchors), errSecCSSignatureUntrusted);
}

/* One bit of each byte, and all bits of it. */
static void flip_each(const char *path, bool has_signer)
{
	size_t size;
	uint8_t *data = read_file(path, &size);
	int fd = ASSERT_SYS(open(path, O_RDWR | O_CLOEXEC));

	ASSERT_GT(size, has_signer ? 1500 : 800);
	for (size_t at = 0; at < size; at++) {
		const uint8_t bits[] = {(uint8_t)(1 << at % 8), 0xff};

		for (size_t i = 0; i < sizeof(bits); i++) {
			uint8_t changed = data[at] ^ bits[i];
			OSStatus status;

			ASSERT_EQ(pwrite(fd, &changed, 1, (off_t)at), 1);
			status = check(path, 0);
			if (status == errSecSuccess || status == errSecCSUnsigned)
				FAIL("byte %zu of %zu: %d", at, size, (int)status);
		}
		ASSERT_EQ(pwrite(fd, data + at, 1, (off_t)at), 1);
	}
	ASSERT_EQ(check(path, 0), errSecSuccess);
	close(fd);
	free(data);
}

TEST(each_byte_counts)
{
	const char *path = in_dir("bytes");

	sign_elf(path, &SUPPORT_SPEC, own_identity());
	flip_each(path, true);
	sign_elf(path, &SUPPORT_SPEC, NULL);
	flip_each(path, false);
}

TEST(cut_and_made_longer)
{
	const char *path = in_dir("cut");
	size_t size;
	uint8_t *data, *longer;

	sign_elf(path, &SUPPORT_SPEC, own_identity());
	data = read_file(path, &size);
	longer = calloc(1, size + 100);
	memcpy(longer, data, size);
	for (size_t n = 0; n < size; n += 13) {
		write_file(path, data, n);
		ASSERT_NE(check(path, 0), errSecSuccess);
	}
	for (size_t n = 1; n <= 100; n += 9) {
		write_file(path, longer, size + n);
		ASSERT_EQ(check(path, 0), errSecCSSignatureFailed);
	}
	free(longer);
	free(data);
}

TEST(no_files_and_no_code)
{
	const char *link = in_dir("link"), *path = in_dir("target");
	SecStaticCodeRef code = NULL;
	CFURLRef url;
	char name[300];

	ASSERT_EQ(create(in_dir("missing"), &code), errSecCSStaticCodeNotFound);
	ASSERT_EQ(create(in_dir("."), &code), errSecCSBadObjectFormat);
	ASSERT_SYS(mkfifo(in_dir("fifo"), 0600));
	ASSERT_EQ(create(in_dir("fifo"), &code), errSecCSBadObjectFormat);
	ASSERT_EQ(create("/dev/null", &code), errSecCSBadObjectFormat);
	ASSERT_NULL(code);
	sign_elf(path, &SUPPORT_SPEC, NULL);
	if (geteuid() != 0) {
		ASSERT_SYS(chmod(path, 0));
		ASSERT_EQ(create(path, &code), errSecCSSignatureNotVerifiable);
		ASSERT_SYS(chmod(path, 0700));
	}
	/* A link is the file behind it. */
	ASSERT_SYS(symlink(path, link));
	code = code_of(link);
	ASSERT_EQ(SecStaticCodeCheckValidity(code, 0, NULL), errSecSuccess);
	ASSERT_EQ(SecCodeCopyPath(code, 0, &url), errSecSuccess);
	ASSERT_TRUE(CFURLGetFileSystemRepresentation(url, true, (UInt8 *)name, sizeof(name)));
	ASSERT_STREQ(strrchr(name, '/'), "/target");
	CFRelease(url);
	CFRelease(code);
}

static CFDictionaryRef copy_info(SecStaticCodeRef code, SecCSFlags flags)
{
	CFDictionaryRef ret = NULL;

	ASSERT_EQ(SecCodeCopySigningInformation(code, flags, &ret), errSecSuccess);
	return ret;
}

TEST(what_is_not_signed_has_no_identifier)
{
	const char *path = in_dir("unsigned");
	SecRequirementRef requirement = NULL;
	SecStaticCodeRef code;
	CFDictionaryRef info;

	write_elf(path, &(ElfKind){0});
	code = code_of(path);
	ASSERT_EQ(SecStaticCodeCheckValidity(code, 0, NULL), errSecCSUnsigned);
	info = copy_info(code, kSecCSSigningInformation | kSecCSRequirementInformation |
				       kSecCSInternalInformation | kSecCSContentInformation |
				       kSecCSDynamicInformation | kSecCSSkipResourceDirectory |
				       kSecCSCalculateCMSDigest);
	ASSERT_EQ(CFDictionaryGetCount(info), 1);
	ASSERT_NULL(CFDictionaryGetValue(info, kSecCodeInfoIdentifier));
	ASSERT_NOT_NULL(CFDictionaryGetValue(info, kSecCodeInfoMainExecutable));
	CFRelease(info);
	ASSERT_EQ(SecCodeCopyDesignatedRequirement(code, 0, &requirement), errSecCSUnsigned);
	ASSERT_EQ(SecCodeCopyInternalRequirement(code, kSecHostRequirementType, 0, &requirement),
		errSecCSUnsigned);
	ASSERT_NULL(requirement);
	ASSERT_NULL(SecCodeCopyComponent(code, 2, NULL));
	CFRelease(code);
}

static const char XML[] = PLIST_HEAD "<key>a</key><true/>" PLIST_TAIL;

/* With all that a signature can have. */
static void sign_fully(const char *path, const Identity *identity)
{
	static const char INFO[] = PLIST_HEAD "<key>K</key><string>v</string>" PLIST_TAIL;
	size_t der_size, set_size;
	_cleanup_free_ uint8_t *der = entitlements_der(XML, &der_size);
	_cleanup_free_ uint8_t *set = compile_set(
		"host => anchor apple designated => anchor trusted", &set_size);
	const SignerPart parts[] = {
		{.slot = CODE_SLOT_INFO, .data = INFO, .size = strlen(INFO)},
		{.slot = CODE_SLOT_REQUIREMENTS, .data = set, .size = set_size, .is_blob = true},
		{.slot = CODE_SLOT_ENTITLEMENTS, .data = XML, .size = strlen(XML)},
		{.slot = CODE_SLOT_ENTITLEMENTS_DER, .data = der, .size = der_size},
	};
	SignerSpec spec = SUPPORT_SPEC;

	spec.parts = parts;
	spec.n_parts = ARRAY_SIZE(parts);
	spec.flags = kSecCodeSignatureRuntime;
	spec.runtime = 0x20300;
	spec.platform = 4;
	spec.hashes[0] = CODE_HASH_SHA256;
	spec.hashes[1] = CODE_HASH_SHA384;
	spec.n_hashes = 2;
	sign_elf(path, &spec, identity);
}

static void check_generic(CFDictionaryRef info)
{
	CFArrayRef hashes = CFDictionaryGetValue(info, kSecCodeInfoCdHashes);
	CFDataRef unique = CFDictionaryGetValue(info, kSecCodeInfoUnique);
	CFDictionaryRef full = CFDictionaryGetValue(info, kSecCodeInfoCdHashesFull);

	assert_string(CFDictionaryGetValue(info, kSecCodeInfoIdentifier), "org.example.code");
	assert_string(CFDictionaryGetValue(info, kSecCodeInfoFormat), "ELF 64-bit (x86_64)");
	assert_string(CFDictionaryGetValue(info, kSecCodeInfoSource), "embedded");
	ASSERT_EQ(
		number_of(CFDictionaryGetValue(info, kSecCodeInfoFlags)), kSecCodeSignatureRuntime);
	ASSERT_EQ(number_of(CFDictionaryGetValue(info, kSecCodeInfoDigestAlgorithm)),
		kSecCodeSignatureHashSHA384);
	ASSERT_EQ(CFArrayGetCount(CFDictionaryGetValue(info, kSecCodeInfoDigestAlgorithms)), 2);
	ASSERT_EQ(number_of(CFDictionaryGetValue(info, kSecCodeInfoRuntimeVersion)), 0x20300);
	ASSERT_EQ(number_of(CFDictionaryGetValue(info, kSecCodeInfoPlatformIdentifier)), 4);
	ASSERT_NULL(CFDictionaryGetValue(info, kSecCodeInfoTeamIdentifier));
	assert_string(
		CFDictionaryGetValue(CFDictionaryGetValue(info, kSecCodeInfoPList), CFSTR("K")),
		"v");
	ASSERT_EQ(CFDataGetLength(unique), kSecCodeCDHashLength);
	ASSERT_EQ(CFArrayGetCount(hashes), 2);
	ASSERT_TRUE(CFEqual(CFArrayGetValueAtIndex(hashes, 1), unique));
	ASSERT_EQ(CFDictionaryGetCount(full), 2);
}

TEST(all_that_code_says)
{
	const char *path = in_dir("all");
	SecStaticCodeRef code;
	CFDictionaryRef info;
	CFTypeRef value;

	sign_fully(path, own_identity());
	code = code_of(path);
	info = copy_info(code, 0);
	check_generic(info);
	ASSERT_NULL(CFDictionaryGetValue(info, kSecCodeInfoCertificates));
	ASSERT_NULL(CFDictionaryGetValue(info, kSecCodeInfoRequirements));
	ASSERT_NULL(CFDictionaryGetValue(info, kSecCodeInfoEntitlements));
	ASSERT_NULL(CFDictionaryGetValue(info, kSecCodeInfoCodeDirectory));
	CFRelease(info);
	info = copy_info(code, kSecCSSigningInformation);
	value = CFDictionaryGetValue(info, kSecCodeInfoCertificates);
	ASSERT_EQ(CFArrayGetCount(value), 2);
	ASSERT_EQ(CFGetTypeID(CFArrayGetValueAtIndex(value, 0)), SecCertificateGetTypeID());
	ASSERT_GT(CFDataGetLength(CFDictionaryGetValue(info, kSecCodeInfoCMS)), 500);
	value = CFDictionaryGetValue(info, kSecCodeInfoTime);
	ASSERT_EQ(CFGetTypeID(value), CFDateGetTypeID());
	ASSERT_TRUE(CFDateGetAbsoluteTime(value) == 700000000.0);
	value = CFDictionaryGetValue(info, kSecCodeInfoEntitlementsDict);
	ASSERT_PTR_EQ(CFDictionaryGetValue(value, CFSTR("a")), kCFBooleanTrue);
	ASSERT_EQ(CFDataGetLength(CFDictionaryGetValue(info, kSecCodeInfoEntitlements)),
		8 + (CFIndex)strlen(XML));
	CFRelease(info);
	info = copy_info(code, kSecCSRequirementInformation | kSecCSContentInformation |
				       kSecCSInternalInformation);
	assert_string(CFDictionaryGetValue(info, kSecCodeInfoRequirements),
		"host => anchor apple\ndesignated => anchor trusted\n");
	ASSERT_NOT_NULL(CFDictionaryGetValue(info, kSecCodeInfoRequirementData));
	value = CFDictionaryGetValue(info, kSecCodeInfoDesignatedRequirement);
	ASSERT_EQ(CFGetTypeID(value), SecRequirementGetTypeID());
	ASSERT_FALSE(CFEqual(
		value, CFDictionaryGetValue(info, kSecCodeInfoImplicitDesignatedRequirement)));
	ASSERT_EQ(CFArrayGetCount(CFDictionaryGetValue(info, kSecCodeInfoChangedFiles)), 1);
	ASSERT_GT(CFDataGetLength(CFDictionaryGetValue(info, kSecCodeInfoCodeDirectory)), 44);
	ASSERT_EQ(number_of(CFDictionaryGetValue(info, kSecCodeInfoCodeOffset)), 0);
	ASSERT_NOT_NULL(CFDictionaryGetValue(info, kSecCodeInfoEntitlementsDER));
	ASSERT_NULL(CFDictionaryGetValue(info, kSecCodeInfoCertificates));
	CFRelease(info);
	CFRelease(code);
}

/* What could be told of code elsewhere is not told here, under names that are there. */
TEST(what_is_never_told)
{
	const CFStringRef keys[] = {kSecCodeInfoDefaultDesignatedLightweightCodeRequirement,
		kSecCodeInfoDiskRepInfo, kSecCodeInfoResourceDirectory,
		kSecCodeInfoStapledNotarizationTicket, kSecCodeInfoStatus, kSecCodeInfoTimestamp,
		kSecCodeInfoTrust};
	const char *path = in_dir("never");
	SecStaticCodeRef code;
	CFDictionaryRef info;

	sign_fully(path, own_identity());
	code = code_of(path);
	info = copy_info(code, 0x7f);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		ASSERT_NULL(CFDictionaryGetValue(info, keys[i]));
	assert_string(kSecCodeInfoTrust, "trust");
	CFRelease(info);
	CFRelease(code);
}

TEST(requirements_of_code)
{
	const char *path = in_dir("reqs");
	SecRequirementRef designated, host, none = (SecRequirementRef)&designated, expected;
	SecStaticCodeRef code;

	sign_fully(path, own_identity());
	code = code_of(path);
	expected = requirement_of("anchor trusted");
	ASSERT_EQ(SecCodeCopyDesignatedRequirement(code, 0, &designated), errSecSuccess);
	ASSERT_TRUE(CFEqual(designated, expected));
	ASSERT_EQ(SecStaticCodeCheckValidity(code, 0, designated), errSecSuccess);
	CFRelease(expected);
	expected = requirement_of("anchor apple");
	ASSERT_EQ(SecCodeCopyInternalRequirement(code, kSecHostRequirementType, 0, &host),
		errSecSuccess);
	ASSERT_TRUE(CFEqual(host, expected));
	ASSERT_EQ(SecCodeCopyInternalRequirement(code, kSecPluginRequirementType, 0, &none),
		errSecSuccess);
	ASSERT_NULL(none);
	CFRelease(expected);
	CFRelease(host);
	CFRelease(designated);
	CFRelease(code);
	/* One that is made of the signature. */
	sign_elf(path, &SUPPORT_SPEC, NULL);
	code = code_of(path);
	ASSERT_EQ(SecCodeCopyDesignatedRequirement(code, 0, &designated), errSecSuccess);
	ASSERT_EQ(SecStaticCodeCheckValidity(code, 0, designated), errSecSuccess);
	ASSERT_EQ(SecCodeCopyInternalRequirement(code, kSecDesignatedRequirementType, 0, &none),
		errSecSuccess);
	ASSERT_NULL(none);
	CFRelease(designated);
	CFRelease(code);
}

TEST(parts_of_a_signature)
{
	const char *path = in_dir("parts");
	uint8_t hash[48];
	SecStaticCodeRef code;
	CFDataRef data, right, wrong;

	sign_fully(path, NULL);
	code = code_of(path);
	data = SecCodeCopyComponent(code, CODE_SLOT_ENTITLEMENTS, NULL);
	ASSERT_NOT_NULL(data);
	ASSERT_OK(digest_bytes(
		CODE_HASH_SHA384, CFDataGetBytePtr(data), (size_t)CFDataGetLength(data), hash));
	CFRelease(data);
	right = CFDataCreate(NULL, hash, 48);
	wrong = CFDataCreate(NULL, hash, 20);
	data = SecCodeCopyComponent(code, CODE_SLOT_ENTITLEMENTS, right);
	ASSERT_NOT_NULL(data);
	CFRelease(data);
	ASSERT_NULL(SecCodeCopyComponent(code, CODE_SLOT_ENTITLEMENTS, wrong));
	ASSERT_NULL(SecCodeCopyComponent(code, CODE_SLOT_REQUIREMENTS, right));
	ASSERT_NULL(SecCodeCopyComponent(code, CODE_SLOT_RESOURCES, NULL));
	ASSERT_NULL(SecCodeCopyComponent(code, 0, NULL));
	ASSERT_NULL(SecCodeCopyComponent(code, -2, NULL));
	ASSERT_NULL(SecCodeCopyComponent(code, 12, NULL));
	ASSERT_NULL(SecCodeCopyComponent(NULL, 2, NULL));
	ASSERT_NULL(SecCodeCopyComponent((SecStaticCodeRef)(const void *)right, 2, NULL));
	/* What is in a wrapper is meant without it. */
	data = SecCodeCopyComponent(code, CODE_SLOT_INFO, NULL);
	ASSERT_EQ(CFDataGetBytePtr(data)[0], '<');
	CFRelease(data);
	CFRelease(right);
	CFRelease(wrong);
	CFRelease(code);
}

TEST(a_detached_signature_of_a_script)
{
	const char *path = in_dir("script");
	static const char SCRIPT[] = "#!/bin/sh\necho hello\n";
	const CmsSigner signer = {.identity = own_identity()};
	SignerSpec spec = SUPPORT_SPEC;
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	_cleanup_free_ uint8_t *bytes = NULL;
	SecStaticCodeRef code;
	CFDictionaryRef info;
	CFDataRef data;
	size_t size;

	spec.sign = cms_sign;
	spec.sign_userdata = (void *)&signer;
	write_file(path, SCRIPT, strlen(SCRIPT));
	ASSERT_OK(codefile_open_at(AT_FDCWD, path, false, &file, NULL));
	ASSERT_OK(signer_detach(&spec, &file, &bytes, &size, NULL));
	code = code_of(path);
	ASSERT_EQ(SecStaticCodeCheckValidity(code, 0, NULL), errSecCSUnsigned);
	data = CFDataCreate(NULL, bytes, (CFIndex)size);
	ASSERT_EQ(SecCodeSetDetachedSignature(code, data, 0), errSecSuccess);
	CFRelease(data);
	ASSERT_EQ(SecStaticCodeCheckValidity(code, kSecCSCheckTrustedAnchors, NULL), errSecSuccess);
	info = copy_info(code, kSecCSContentInformation);
	assert_string(CFDictionaryGetValue(info, kSecCodeInfoSource), "detached");
	assert_string(CFDictionaryGetValue(info, kSecCodeInfoFormat), "script");
	ASSERT_EQ(CFArrayGetCount(CFDictionaryGetValue(info, kSecCodeInfoChangedFiles)), 0);
	CFRelease(info);
	data = CFDataCreate(NULL, bytes, (CFIndex)size - 1);
	ASSERT_EQ(SecCodeSetDetachedSignature(code, data, 0), errSecSuccess);
	ASSERT_EQ(SecStaticCodeCheckValidity(code, 0, NULL), errSecCSSignatureInvalid);
	CFRelease(data);
	ASSERT_EQ(SecCodeSetDetachedSignature(code, NULL, 0), errSecSuccess);
	ASSERT_EQ(SecStaticCodeCheckValidity(code, 0, NULL), errSecCSUnsigned);
	CFRelease(code);
	/* Beside the file it is found by itself. */
	ASSERT_OK(detached_write_beside(path, bytes, size, NULL));
	ASSERT_EQ(check(path, kSecCSCheckTrustedAnchors), errSecSuccess);
	write_file(path, "#!/bin/sh\necho Hello\n", strlen(SCRIPT));
	ASSERT_EQ(check(path, 0), errSecCSSignatureFailed);
}

TEST(what_is_wrong_in_words)
{
	const char *path = in_dir("words");
	uint8_t changed = 0x7f;
	CFErrorRef error = NULL;
	CFDictionaryRef info;
	SecStaticCodeRef code;
	char text[300];
	CFStringRef reason;
	int fd;

	sign_elf(path, &SUPPORT_SPEC, NULL);
	code = code_of(path);
	ASSERT_EQ(SecStaticCodeCheckValidityWithErrors(code, 0, NULL, &error), errSecSuccess);
	ASSERT_NULL(error);
	CFRelease(code);
	fd = ASSERT_SYS(open(path, O_WRONLY | O_CLOEXEC));
	ASSERT_EQ(pwrite(fd, &changed, 1, 200), 1);
	close(fd);
	code = code_of(path);
	ASSERT_EQ(SecStaticCodeCheckValidityWithErrors(code, 0, NULL, &error),
		errSecCSSignatureFailed);
	ASSERT_EQ(CFErrorGetCode(error), errSecCSSignatureFailed);
	ASSERT_PTR_EQ(CFErrorGetDomain(error), kCFErrorDomainOSStatus);
	info = CFErrorCopyUserInfo(error);
	ASSERT_EQ(CFGetTypeID(CFDictionaryGetValue(info, kSecCFErrorPath)), CFURLGetTypeID());
	ASSERT_LE(number_of(CFDictionaryGetValue(info, kPortcullisCodeErrorStart)), 200);
	ASSERT_GT(number_of(CFDictionaryGetValue(info, kPortcullisCodeErrorEnd)), 200);
	reason = CFErrorCopyFailureReason(error);
	ASSERT_TRUE(CFStringGetCString(reason, text, sizeof(text), kCFStringEncodingUTF8));
	ASSERT_STRSTR(text, "bytes 0 to ");
	CFRelease(reason);
	CFRelease(info);
	CFRelease(error);
	CFRelease(code);
}

TEST(a_file_that_changed)
{
	const char *path = in_dir("changed");
	SecStaticCodeRef code;

	sign_elf(path, &SUPPORT_SPEC, NULL);
	code = code_of(path);
	ASSERT_EQ(SecStaticCodeCheckValidity(code, 0, NULL), errSecSuccess);
	ASSERT_SYS(truncate(path, 100));
	ASSERT_EQ(SecStaticCodeCheckValidity(code, 0, NULL), errSecCSStaticCodeChanged);
	ASSERT_EQ(SecStaticCodeCheckValidity(code, kSecCSBasicValidateOnly, NULL),
		errSecCSStaticCodeChanged);
	CFRelease(code);
	/* Another one at its path is another one. */
	sign_elf(path, &SUPPORT_SPEC, NULL);
	code = code_of(path);
	ASSERT_SYS(unlink(path));
	write_elf(path, &(ElfKind){0});
	ASSERT_EQ(check(path, 0), errSecCSUnsigned);
	CFRelease(code);
}

TEST(parts_that_make_no_sense)
{
	const char *path = in_dir("nonsense");
	SignerPart part = {.slot = CODE_SLOT_ENTITLEMENTS, .data = "x", .size = 1};
	CFDictionaryRef info = NULL;
	SignerSpec spec = SUPPORT_SPEC;
	SecStaticCodeRef code;

	spec.parts = &part;
	spec.n_parts = 1;
	sign_elf(path, &spec, NULL);
	code = code_of(path);
	ASSERT_EQ(SecStaticCodeCheckValidity(code, 0, NULL), errSecCSInvalidEntitlements);
	ASSERT_EQ(SecCodeCopySigningInformation(code, kSecCSSigningInformation, &info),
		errSecCSInvalidEntitlements);
	ASSERT_NULL(info);
	/* What does not depend on it is told. */
	info = copy_info(code, kSecCSInternalInformation);
	ASSERT_NOT_NULL(CFDictionaryGetValue(info, kSecCodeInfoIdentifier));
	CFRelease(info);
	CFRelease(code);
	spec.n_parts = 0;
	spec.team = "TEAM";
	sign_elf(path, &spec, own_identity());
	ASSERT_EQ(check(path, 0), errSecCSBadTeamIdentifier);
}

/* Others could have written to what says whom to trust. */
TEST(anchors_that_cannot_be_believed)
{
	const char *path = in_dir("anchors"), *anchors;
	SecRequirementRef trusted, other;
	CFDictionaryRef info = NULL;
	SecStaticCodeRef code;
	CFArrayRef chain;

	sign_elf(path, &SUPPORT_SPEC, own_identity());
	anchors = in_dir("home/.config/portcullis/anchors.d/user");
	trusted = requirement_of("anchor trusted");
	other = requirement_of("certificate leaf[subject.CN] = me");
	code = code_of(path);
	info = copy_info(code, kSecCSSigningInformation);
	chain = CFDictionaryGetValue(info, kSecCodeInfoCertificates);
	ASSERT_EQ(SecRequirementEvaluate(trusted, chain, NULL, 0), errSecSuccess);
	ASSERT_EQ(SecRequirementEvaluate(trusted, NULL, NULL, 0), errSecCSReqFailed);
	ASSERT_SYS(chmod(anchors, 0777));
	ASSERT_EQ(SecRequirementEvaluate(trusted, chain, NULL, 0), errSecCSDbCorrupt);
	ASSERT_EQ(SecRequirementEvaluate(other, chain, NULL, 0), errSecSuccess);
	CFRelease(info);
	info = NULL;
	ASSERT_EQ(SecStaticCodeCheckValidity(code, 0, NULL), errSecCSDbCorrupt);
	ASSERT_EQ(SecCodeCopySigningInformation(code, kSecCSSigningInformation, &info),
		errSecCSDbCorrupt);
	CFRelease(code);
	/* Who is not asked for a signer needs none. */
	sign_elf(path, &SUPPORT_SPEC, NULL);
	ASSERT_EQ(check(path, 0), errSecSuccess);
	ASSERT_SYS(chmod(anchors, 0755));
	CFRelease(trusted);
	CFRelease(other);
}

#define VALIDITY_MASK 0xfe03ffffu

TEST(flags_that_are_refused)
{
	const char *path = in_dir("flags");
	SecRequirementRef requirement;
	SecStaticCodeRef code, another = NULL;
	CFDictionaryRef info;
	CFURLRef url;

	sign_elf(path, &SUPPORT_SPEC, NULL);
	code = code_of(path);
	url = url_of(path);
	for (int bit = 0; bit < 32; bit++) {
		SecCSFlags flag = (SecCSFlags)1 << bit;
		OSStatus status = SecStaticCodeCheckValidity(code, flag, NULL);

		if (!(flag & VALIDITY_MASK))
			ASSERT_EQ(status, errSecCSInvalidFlags);
		else if (flag == kSecCSRestrictToAppLike)
			ASSERT_EQ(status, errSecCSNotAppLike);
		else if (flag == kSecCSCheckTrustedAnchors)
			ASSERT_EQ(status, errSecCSSignatureUntrusted);
		else
			ASSERT_EQ(status, errSecSuccess);
		info = NULL;
		status = SecCodeCopySigningInformation(code, flag, &info);
		ASSERT_EQ(status, bit < 7 ? errSecSuccess : errSecCSInvalidFlags);
		ASSERT_EQ(info != NULL, bit < 7);
		if (info)
			CFRelease(info);
		ASSERT_EQ(SecStaticCodeCreateWithPath(url, flag, &another), errSecCSInvalidFlags);
		ASSERT_EQ(SecCodeCopyPath(code, flag, &url), errSecCSInvalidFlags);
		ASSERT_EQ(SecCodeCopyDesignatedRequirement(code, flag, &requirement),
			errSecCSInvalidFlags);
		ASSERT_EQ(SecCodeCopyInternalRequirement(
				  code, kSecHostRequirementType, flag, &requirement),
			errSecCSInvalidFlags);
		ASSERT_EQ(SecCodeSetDetachedSignature(code, NULL, flag), errSecCSInvalidFlags);
	}
	ASSERT_NULL(another);
	CFRelease(url);
	CFRelease(code);
}

TEST(arguments_that_are_refused)
{
	const char *path = in_dir("arguments");
	CFTypeRef text = CFSTR("text");
	SecStaticCodeRef code, another = NULL;
	CFDictionaryRef attributes = CFDictionaryCreate(NULL, &text, &text, 1,
		&kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	CFURLRef url = url_of(path);

	sign_elf(path, &SUPPORT_SPEC, NULL);
	code = code_of(path);
	ASSERT_EQ(CFGetTypeID(code), SecStaticCodeGetTypeID());
	ASSERT_EQ(SecStaticCodeCreateWithPath(NULL, 0, &another), errSecCSObjectRequired);
	ASSERT_EQ(SecStaticCodeCreateWithPath(url, 0, NULL), errSecCSObjectRequired);
	ASSERT_EQ(SecStaticCodeCreateWithPath(text, 0, &another), errSecCSInvalidObjectRef);
	ASSERT_EQ(SecStaticCodeCreateWithPathAndAttributes(url, 0, attributes, &another),
		errSecCSUnsupportedGuestAttributes);
	ASSERT_EQ(SecStaticCodeCreateWithPathAndAttributes(url, 0, text, &another),
		errSecCSInvalidObjectRef);
	ASSERT_EQ(SecStaticCodeCheckValidity(NULL, 0, NULL), errSecCSObjectRequired);
	ASSERT_EQ(SecStaticCodeCheckValidity(text, 0, NULL), errSecCSInvalidObjectRef);
	ASSERT_EQ(SecStaticCodeCheckValidity(code, 0, (SecRequirementRef)(uintptr_t)text),
		errSecCSInvalidObjectRef);
	ASSERT_EQ(SecCodeSetDetachedSignature(code, text, 0), errSecCSInvalidObjectRef);
	ASSERT_EQ(SecCodeCopySigningInformation(code, 0, NULL), errSecCSObjectRequired);
	ASSERT_EQ(SecCodeCopyPath(code, 0, NULL), errSecCSObjectRequired);
	ASSERT_NULL(another);
	CFRelease(attributes);
	CFRelease(url);
	CFRelease(code);
}

TEST(code_describes_itself)
{
	const char *path = in_dir("described");
	SecStaticCodeRef code;
	CFStringRef text;
	char found[400];

	write_elf(path, &(ElfKind){0});
	code = code_of(path);
	text = CFCopyDescription(code);
	ASSERT_TRUE(CFStringGetCString(text, found, sizeof(found), kCFStringEncodingUTF8));
	ASSERT_STRSTR(found, "<SecStaticCode \"");
	ASSERT_STRSTR(found, "/described\"");
	ASSERT_TRUE(CFEqual(code, code));
	CFRelease(text);
	CFRelease(code);
}

typedef struct Shared {
	SecStaticCodeRef code;
	CFDataRef signature; /* of another file */
} Shared;

static void *use_code(void *arg)
{
	const Shared *shared = arg;

	for (int i = 0; i < 30; i++) {
		SecRequirementRef requirement = NULL;
		OSStatus status;
		CFDictionaryRef info;
		CFURLRef url;

		status = SecStaticCodeCheckValidity(shared->code, 0, NULL);
		if (status != errSecSuccess && status != errSecCSSignatureFailed)
			FAIL("%d", (int)status);
		CFRelease(copy_info(shared->code, kSecCSSigningInformation));
		info = copy_info(shared->code, 0x7f);
		assert_string(
			CFDictionaryGetValue(info, kSecCodeInfoIdentifier), "org.example.code");
		CFRelease(info);
		ASSERT_EQ(SecCodeCopyDesignatedRequirement(shared->code, 0, &requirement),
			errSecSuccess);
		CFRelease(requirement);
		ASSERT_EQ(SecCodeCopyPath(shared->code, 0, &url), errSecSuccess);
		CFRelease(url);
		if (i % 5 == 0)
			ASSERT_EQ(SecCodeSetDetachedSignature(
					  shared->code, i % 10 ? shared->signature : NULL, 0),
				errSecSuccess);
	}
	return NULL;
}

TEST(threads_share_code)
{
	const char *path = in_dir("threads"), *other = in_dir("threads.other");
	_cleanup_codefile_ CodeFile file = CODEFILE_NULL;
	_cleanup_free_ uint8_t *bytes = NULL;
	pthread_t threads[4];
	Shared shared;
	size_t size;

	sign_fully(path, own_identity());
	/* Of as many bytes, which are others. */
	bytes = read_file(path, &size);
	bytes[100] ^= 1;
	write_file(other, bytes, size);
	free(bytes);
	bytes = NULL;
	ASSERT_OK(codefile_open_at(AT_FDCWD, other, false, &file, NULL));
	ASSERT_OK(signer_detach(&SUPPORT_SPEC, &file, &bytes, &size, NULL));
	shared.code = code_of(path);
	shared.signature = CFDataCreate(NULL, bytes, (CFIndex)size);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(pthread_create(&threads[i], NULL, use_code, &shared), 0);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		ASSERT_EQ(pthread_join(threads[i], NULL), 0);
	CFRelease(shared.signature);
	CFRelease(shared.code);
}
