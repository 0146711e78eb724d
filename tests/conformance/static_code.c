/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code on disk, by the public headers: what is not signed, what is no file, what is refused. How files are
 * signed, and where, is not here.
 */
#include <CoreFoundation/CoreFoundation.h>
#include <Security/SecCode.h>
#include <Security/SecRequirement.h>
#include <Security/SecStaticCode.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/unit.h"

static char path[] = "/tmp/conformance-code-XXXXXX";

static CFURLRef url_of(const char *name)
{
	return CFURLCreateFromFileSystemRepresentation(
		NULL, (const UInt8 *)name, (CFIndex)strlen(name), false);
}

/* A file that nobody signed. */
static SecStaticCodeRef create(void)
{
	static const char text[] = "This is nobody's code.\n";
	SecStaticCodeRef code = NULL;
	CFURLRef url;
	int fd;

	memset(path + strlen(path) - 6, 'X', 6);
	fd = ASSERT_SYS(mkstemp(path));
	ASSERT_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	url = url_of(path);
	ASSERT_EQ(SecStaticCodeCreateWithPath(url, kSecCSDefaultFlags, &code), errSecSuccess);
	CFRelease(url);
	return code;
}

static void release(SecStaticCodeRef code)
{
	CFRelease(code);
	unlink(path);
}

TEST(what_nobody_signed)
{
	SecStaticCodeRef code = create();
	SecRequirementRef requirement = NULL;
	CFDictionaryRef info = NULL;
	CFErrorRef error = NULL;

	ASSERT_EQ(CFGetTypeID(code), SecStaticCodeGetTypeID());
	ASSERT_EQ(SecStaticCodeCheckValidity(code, kSecCSDefaultFlags, NULL), errSecCSUnsigned);
	ASSERT_EQ(SecStaticCodeCheckValidityWithErrors(code, kSecCSDefaultFlags, NULL, &error),
		errSecCSUnsigned);
	ASSERT_NOT_NULL(error);
	ASSERT_EQ(CFErrorGetCode(error), errSecCSUnsigned);
	CFRelease(error);
	ASSERT_EQ(SecCodeCopySigningInformation(code, kSecCSSigningInformation, &info),
		errSecSuccess);
	ASSERT_NULL(CFDictionaryGetValue(info, kSecCodeInfoIdentifier));
	ASSERT_NOT_NULL(CFDictionaryGetValue(info, kSecCodeInfoMainExecutable));
	CFRelease(info);
	ASSERT_EQ(SecCodeCopyDesignatedRequirement(code, kSecCSDefaultFlags, &requirement),
		errSecCSUnsigned);
	release(code);
}

TEST(its_path)
{
	SecStaticCodeRef code = create();
	CFURLRef url = NULL;
	UInt8 found[1024];

	ASSERT_EQ(SecCodeCopyPath(code, kSecCSDefaultFlags, &url), errSecSuccess);
	ASSERT_TRUE(CFURLGetFileSystemRepresentation(url, true, found, sizeof(found)));
	ASSERT_STREQ(strrchr((const char *)found, '/'), strrchr(path, '/'));
	CFRelease(url);
	release(code);
}

TEST(what_is_not_there)
{
	CFURLRef url = url_of("/nonexistent/code");
	SecStaticCodeRef code = NULL;

	ASSERT_NE(SecStaticCodeCreateWithPath(url, kSecCSDefaultFlags, &code), errSecSuccess);
	ASSERT_NULL(code);
	CFRelease(url);
}

TEST(what_is_refused)
{
	SecStaticCodeRef code = create();
	CFDictionaryRef info = NULL;
	CFURLRef url = NULL;

	/* No call has this one. */
	ASSERT_EQ(SecStaticCodeCheckValidity(code, 1U << 22, NULL), errSecCSInvalidFlags);
	ASSERT_EQ(SecCodeCopySigningInformation(code, 1U << 22, &info), errSecCSInvalidFlags);
	ASSERT_EQ(SecCodeCopyPath(code, 1U << 22, &url), errSecCSInvalidFlags);
	ASSERT_EQ(
		SecStaticCodeCheckValidity(NULL, kSecCSDefaultFlags, NULL), errSecCSObjectRequired);
	ASSERT_EQ(SecStaticCodeCheckValidity(
			  (SecStaticCodeRef)(const void *)CFSTR("text"), kSecCSDefaultFlags, NULL),
		errSecCSInvalidObjectRef);
	ASSERT_EQ(SecCodeCopyPath(code, kSecCSDefaultFlags, NULL), errSecCSObjectRequired);
	release(code);
}
