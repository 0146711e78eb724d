/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _SECURITY_SECREQUIREMENTPRIV_H_
#define _SECURITY_SECREQUIREMENTPRIV_H_

/*
 * More about code requirements: sets of them, SecRequirementsCreateWithString(3), and what they are worth,
 * SecRequirementEvaluate(3). What is true of all calls of <Security/SecRequirement.h> is true of these,
 * but for flags that are named.
 */

#include <CoreFoundation/CFArray.h>
#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFURL.h>
#include <Security/SecRequirement.h>

CF_EXTERN_C_BEGIN

/* Of a file with its binary form. errSecCSReqInvalid: that is none; errSecIO: it cannot be read, or is no
 * regular file. */
CF_EXPORT OSStatus SecRequirementCreateWithResource(
	CFURLRef resource, SecCSFlags flags, SecRequirementRef *requirement);

/* Whoever belongs to a group by what his property list says, and has @anchor at the root of his signer's
 * chain: NULL: the platform's. */
CF_EXPORT OSStatus SecRequirementCreateGroup(CFStringRef groupName, SecCertificateRef anchor,
	SecCSFlags flags, SecRequirementRef *requirement);

/* What SecRequirementsCreateWithString() takes: either, or one of both. */
enum {
	kSecCSParseRequirement = 0x0001,
	kSecCSParseRequirementSet = 0x0002,
};

/* The binary form of a set, of a dictionary from types (CFNumber) to requirements.
 * errSecCSBadDictionaryFormat: it has other things in it. */
CF_EXPORT OSStatus SecRequirementsCreateFromRequirements(
	CFDictionaryRef requirements, SecCSFlags flags, CFDataRef *requirementSet);

/* The other way round. Errors as of SecRequirementCreateWithData(). */
CF_EXPORT OSStatus SecRequirementsCopyRequirements(
	CFDataRef requirementSet, SecCSFlags flags, CFDictionaryRef *requirements);

/* Of a text: a SecRequirement, or a CFData with the binary form of a set. Errors as of
 * SecRequirementCreateWithStringAndErrors(). */
CF_EXPORT OSStatus SecRequirementsCreateWithString(
	CFStringRef text, SecCSFlags flags, CFTypeRef *result, CFErrorRef *errors);

/* The text of a SecRequirement, or of a CFData with the binary form of one or of a set: of a set a line
 * with its end for each, of a requirement one line without. */
CF_EXPORT OSStatus SecRequirementsCopyString(CFTypeRef input, SecCSFlags flags, CFStringRef *text);

/* Keys of the context of SecRequirementEvaluate(). */
CF_EXPORT const CFStringRef kSecRequirementKeyInfoPlist; /* CFDictionary */
CF_EXPORT const CFStringRef kSecRequirementKeyEntitlements; /* CFDictionary */
CF_EXPORT const CFStringRef kSecRequirementKeyIdentifier; /* CFString */
CF_EXPORT const CFStringRef
	kSecRequirementKeyPackageChecksum; /* CFData; nothing asks for it here */
CF_EXPORT const CFStringRef kSecRequirementKeyChecksumAlgorithm; /* CFNumber; the same */
CF_EXPORT const CFStringRef kSecRequirementKeySecureTimestamp; /* CFDate; the same */
CF_EXPORT const CFStringRef kSecRequirementKeyTeamIdentifier; /* CFString; the same */

/* Whether something that is not code meets a requirement: it has the signer @certificateChain, of
 * SecCertificates, leaf first, and what is in @context, which may be NULL. errSecCSReqFailed: it does
 * not. errSecCSInvalidAttributeValues: a value in @context or an element of the chain is of another type.
 * errSecCSDbCorrupt: it asks whom to trust, and the anchors of this machine and this user cannot
 * be read, or others could have written to them. The chain is taken for verified. */
CF_EXPORT OSStatus SecRequirementEvaluate(SecRequirementRef requirement,
	CFArrayRef certificateChain, CFDictionaryRef context, SecCSFlags flags);

CF_EXTERN_C_END

#endif
