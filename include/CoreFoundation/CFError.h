/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COREFOUNDATION_CFERROR_H
#define COREFOUNDATION_CFERROR_H

/* Errors: a domain, a code of it, and a dictionary with more; CFError(3). */

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFString.h>

CF_EXTERN_C_BEGIN

typedef struct __CFError *CFErrorRef;
typedef CFStringRef CFErrorDomain;

CF_EXPORT const CFStringRef kCFErrorDomainPOSIX; /* codes are errno's */
CF_EXPORT const CFStringRef kCFErrorDomainOSStatus;
CF_EXPORT const CFStringRef kCFErrorDomainMach;
CF_EXPORT const CFStringRef kCFErrorDomainCocoa;

/* Keys of the dictionary. */
CF_EXPORT const CFStringRef kCFErrorLocalizedDescriptionKey; /* a sentence for people */
CF_EXPORT const CFStringRef kCFErrorLocalizedFailureKey; /* its first half: what failed */
CF_EXPORT const CFStringRef kCFErrorLocalizedFailureReasonKey;
CF_EXPORT const CFStringRef kCFErrorLocalizedRecoverySuggestionKey;
CF_EXPORT const CFStringRef kCFErrorDescriptionKey; /* for programmers */
CF_EXPORT const CFStringRef kCFErrorUnderlyingErrorKey; /* a CFError */
CF_EXPORT const CFStringRef kCFErrorURLKey;
CF_EXPORT const CFStringRef kCFErrorFilePathKey;

CF_EXPORT CFTypeID CFErrorGetTypeID(void);
/* @userInfo may be NULL. */
CF_EXPORT CFErrorRef CFErrorCreate(
	CFAllocatorRef allocator, CFErrorDomain domain, CFIndex code, CFDictionaryRef userInfo);
CF_EXPORT CFErrorRef CFErrorCreateWithUserInfoKeysAndValues(CFAllocatorRef allocator,
	CFErrorDomain domain, CFIndex code, const void *const *userInfoKeys,
	const void *const *userInfoValues, CFIndex numUserInfoValues);

CF_EXPORT CFErrorDomain CFErrorGetDomain(CFErrorRef err);
CF_EXPORT CFIndex CFErrorGetCode(CFErrorRef err);
/* Empty if there is none. */
CF_EXPORT CFDictionaryRef CFErrorCopyUserInfo(CFErrorRef err);
/* The description under its key, or one made of the rest; never NULL but without memory. */
CF_EXPORT CFStringRef CFErrorCopyDescription(CFErrorRef err);
/* NULL: there is none. */
CF_EXPORT CFStringRef CFErrorCopyFailureReason(CFErrorRef err);
CF_EXPORT CFStringRef CFErrorCopyRecoverySuggestion(CFErrorRef err);

CF_EXTERN_C_END

#endif
