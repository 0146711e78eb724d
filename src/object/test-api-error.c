/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "object/test-support.h"

static CFErrorRef error_with(CFStringRef domain, CFIndex code, CFStringRef key, CFStringRef value)
{
	const void *keys[] = {key}, *values[] = {value};

	return CFErrorCreateWithUserInfoKeysAndValues(NULL, domain, code, keys, values, 1);
}

TEST(errors_have_a_domain_and_a_code)
{
	_cleanup_cf_ CFErrorRef error = CFErrorCreate(NULL, kCFErrorDomainOSStatus, -67061, NULL);
	_cleanup_cf_ CFErrorRef same = CFErrorCreate(
		NULL, CFSTR("NSOSStatusErrorDomain"), -67061, NULL);
	_cleanup_cf_ CFErrorRef other = CFErrorCreate(NULL, kCFErrorDomainMach, -67061, NULL);
	_cleanup_cf_ CFDictionaryRef info = CFErrorCopyUserInfo(error);

	ASSERT_PTR_EQ(CFErrorGetDomain(error), kCFErrorDomainOSStatus);
	ASSERT_EQ(CFErrorGetCode(error), -67061);
	ASSERT_EQ(CFDictionaryGetCount(info), 0);
	ASSERT_TRUE(CFEqual(error, same));
	ASSERT_EQ(CFHash(error), CFHash(same));
	ASSERT_FALSE(CFEqual(error, other));
	ASSERT_EQ(CFGetTypeID(error), CFErrorGetTypeID());
	is_string(CFErrorCopyDescription(error),
		"The operation could not be completed. (NSOSStatusErrorDomain error -67061.)");
	is_string(CFCopyDescription(error), "error -67061 of NSOSStatusErrorDomain {}");
	ASSERT_NULL(CFErrorCopyFailureReason(error));
	ASSERT_NULL(CFErrorCopyRecoverySuggestion(error));
	ASSERT_ABORTS(CFErrorGetCode((CFErrorRef)kCFNull), "an object of another type");
	ASSERT_ABORTS(CFErrorGetCode(NULL), "NULL instead of an object");
}

TEST(descriptions_are_made_of_what_is_there)
{
	_cleanup_cf_ CFErrorRef posix = CFErrorCreate(NULL, kCFErrorDomainPOSIX, ENOENT, NULL);
	_cleanup_cf_ CFErrorRef whole = error_with(
		kCFErrorDomainCocoa, 1, kCFErrorLocalizedDescriptionKey, CFSTR("All of it."));
	_cleanup_cf_ CFErrorRef reason = error_with(
		kCFErrorDomainCocoa, 1, kCFErrorLocalizedFailureReasonKey, CFSTR("For a reason."));
	_cleanup_cf_ CFErrorRef failure = error_with(
		kCFErrorDomainCocoa, 1, kCFErrorLocalizedFailureKey, CFSTR("It failed."));
	_cleanup_cf_ CFErrorRef plain = error_with(
		kCFErrorDomainCocoa, 1, kCFErrorDescriptionKey, CFSTR("x"));
	_cleanup_cf_ CFErrorRef advice = error_with(kCFErrorDomainCocoa, 1,
		kCFErrorLocalizedRecoverySuggestionKey, CFSTR("Try again."));

	is_string(CFErrorCopyDescription(posix),
		"The operation could not be completed. No such file or directory");
	is_string(CFErrorCopyDescription(whole), "All of it.");
	is_string(CFErrorCopyDescription(reason),
		"The operation could not be completed. For a reason.");
	is_string(CFErrorCopyFailureReason(reason), "For a reason.");
	is_string(CFErrorCopyDescription(failure), "It failed. (NSCocoaErrorDomain error 1.)");
	is_string(CFErrorCopyDescription(plain), "The operation could not be completed. x");
	is_string(CFErrorCopyRecoverySuggestion(advice), "Try again.");
}

TEST(the_dictionary_is_copied)
{
	_cleanup_cf_ CFMutableDictionaryRef info = CFDictionaryCreateMutable(
		NULL, 0, &kCFTypeDictionaryKeyCallBacks, &kCFTypeDictionaryValueCallBacks);
	_cleanup_cf_ CFURLRef url = CFURLCreateWithFileSystemPath(
		NULL, CFSTR("/x"), kCFURLPOSIXPathStyle, false);
	_cleanup_cf_ CFErrorRef inner = CFErrorCreate(NULL, kCFErrorDomainPOSIX, 1, NULL),
				outer = NULL;
	_cleanup_cf_ CFDictionaryRef kept = NULL;

	CFDictionarySetValue(info, kCFErrorUnderlyingErrorKey, inner);
	CFDictionarySetValue(info, kCFErrorURLKey, url);
	CFDictionarySetValue(info, kCFErrorFilePathKey, CFSTR("/x"));
	outer = CFErrorCreate(NULL, kCFErrorDomainCocoa, 2, info);
	CFDictionaryRemoveAllValues(info);
	kept = CFErrorCopyUserInfo(outer);
	ASSERT_EQ(CFDictionaryGetCount(kept), 3);
	ASSERT_PTR_EQ(CFDictionaryGetValue(kept, CFSTR("NSUnderlyingError")), inner);
	ASSERT_PTR_EQ(CFDictionaryGetValue(kept, CFSTR("NSURL")), url);
	ASSERT_NOT_NULL(CFDictionaryGetValue(kept, CFSTR("NSFilePath")));
}
