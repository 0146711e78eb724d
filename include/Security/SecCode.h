/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _SECURITY_SECCODE_H_
#define _SECURITY_SECCODE_H_

/*
 * What code says of itself: SecCodeCopySigningInformation(3). All of it is what somebody claims,
 * until SecStaticCodeCheckValidity() says that it is so.
 *
 * What is true of all calls of <Security/SecStaticCode.h> is true of these. @flags is
 * kSecCSDefaultFlags where nothing is said of it.
 */

#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFURL.h>
#include <Security/CSCommon.h>

CF_EXTERN_C_BEGIN

/* Where the file was when it was opened, after symbolic links. */
CF_EXPORT OSStatus SecCodeCopyPath(SecStaticCodeRef staticCode, SecCSFlags flags, CFURLRef *path);

/* Its designated requirement: the signer's, else the one that is made of the signature.
 * errSecCSUnsigned, and other codes of SecStaticCodeCheckValidity(), where there is no proper
 * signature. */
CF_EXPORT OSStatus SecCodeCopyDesignatedRequirement(
	SecStaticCodeRef code, SecCSFlags flags, SecRequirementRef *requirement);

/* What to tell, besides what is told always. */
enum {
	kSecCSInternalInformation = 1 << 0,
	kSecCSSigningInformation = 1 << 1,
	kSecCSRequirementInformation = 1 << 2,
	kSecCSDynamicInformation = 1 << 3, /* nothing, of code on disk */
	kSecCSContentInformation = 1 << 4,
	kSecCSSkipResourceDirectory = 1 << 5, /* no effect */
	kSecCSCalculateCMSDigest = 1 << 6, /* no effect */
};

/* A dictionary with the keys below. Of code that is not signed it has kSecCodeInfoMainExecutable
 * only: what has no kSecCodeInfoIdentifier is not signed. Errors as of
 * SecStaticCodeCheckValidity(), but that the file is not read; with kSecCSSigningInformation or
 * kSecCSRequirementInformation also those of the anchors, and of a CMS or a part that makes no
 * sense. */
CF_EXPORT OSStatus SecCodeCopySigningInformation(
	SecStaticCodeRef code, SecCSFlags flags, CFDictionaryRef *information);

/* Always. */
CF_EXPORT const CFStringRef kSecCodeInfoMainExecutable; /* CFURL */
CF_EXPORT const CFStringRef kSecCodeInfoIdentifier; /* CFString */
CF_EXPORT const CFStringRef kSecCodeInfoFlags; /* CFNumber: of SecCodeSignatureFlags */
CF_EXPORT const CFStringRef kSecCodeInfoFormat; /* CFString, for people */
CF_EXPORT const CFStringRef kSecCodeInfoSource; /* CFString, for people: where the signature is */
CF_EXPORT const CFStringRef kSecCodeInfoUnique; /* CFData: of its CodeDirectory, 20 bytes */
CF_EXPORT const CFStringRef kSecCodeInfoCdHashes; /* CFArray of such, one for each */
CF_EXPORT const CFStringRef
	kSecCodeInfoDigestAlgorithm; /* CFNumber: an SecCSDigestAlgorithm, the strongest */
CF_EXPORT const CFStringRef kSecCodeInfoDigestAlgorithms; /* CFArray of such, one for each */
CF_EXPORT const CFStringRef kSecCodeInfoPlatformIdentifier; /* CFNumber; absent: none */
CF_EXPORT const CFStringRef kSecCodeInfoRuntimeVersion; /* CFNumber; absent: none */
CF_EXPORT const CFStringRef kSecCodeInfoTeamIdentifier; /* CFString; absent: none */
CF_EXPORT const CFStringRef kSecCodeInfoPList; /* CFDictionary; absent: none */

/* With kSecCSSigningInformation. */
CF_EXPORT const CFStringRef
	kSecCodeInfoCertificates; /* CFArray of SecCertificates, signer first; absent: ad hoc */
CF_EXPORT const CFStringRef kSecCodeInfoCMS; /* CFData; empty: ad hoc */
CF_EXPORT const CFStringRef kSecCodeInfoTime; /* CFDate: of signing, as the signer claims */

/* With kSecCSSigningInformation or kSecCSRequirementInformation. Absent: there are none. */
CF_EXPORT const CFStringRef kSecCodeInfoEntitlements; /* CFData: XML in a blob */
CF_EXPORT const CFStringRef kSecCodeInfoEntitlementsDict; /* CFDictionary */

/* With kSecCSRequirementInformation. */
CF_EXPORT const CFStringRef kSecCodeInfoRequirements; /* CFString; absent: none */
CF_EXPORT const CFStringRef kSecCodeInfoRequirementData; /* CFData: the set; absent: none */
CF_EXPORT const CFStringRef kSecCodeInfoDesignatedRequirement; /* SecRequirement */
/* SecRequirement: the one that is made of the signature; the same object where it is the
 * designated one. */
CF_EXPORT const CFStringRef kSecCodeInfoImplicitDesignatedRequirement;

/* With kSecCSContentInformation. */
CF_EXPORT const CFStringRef kSecCodeInfoChangedFiles; /* CFArray of CFURLs: what signing changes */

/* Never: there is nothing here that they could tell of. */
CF_EXPORT const CFStringRef kSecCodeInfoDefaultDesignatedLightweightCodeRequirement;
CF_EXPORT const CFStringRef kSecCodeInfoStapledNotarizationTicket;
CF_EXPORT const CFStringRef kSecCodeInfoStatus;
CF_EXPORT const CFStringRef kSecCodeInfoTimestamp;
CF_EXPORT const CFStringRef kSecCodeInfoTrust;

CF_EXTERN_C_END

#endif
