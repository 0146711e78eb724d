/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _SECURITY_SECCODEPRIV_H_
#define _SECURITY_SECCODEPRIV_H_

/*
 * More of what code says of itself. What is true of <Security/SecCode.h> is true of this.
 */

#include <CoreFoundation/CFData.h>
#include <Security/SecCode.h>

CF_EXTERN_C_BEGIN

/* What SecCodeCopySigningInformation() also tells, always: */
CF_EXPORT const CFStringRef
	kSecCodeInfoCdHashesFull; /* CFDictionary: of each SecCSDigestAlgorithm, all of the hash */
/* ... and with kSecCSInternalInformation. */
CF_EXPORT const CFStringRef kSecCodeInfoCodeDirectory; /* CFData: the strongest */
CF_EXPORT const CFStringRef kSecCodeInfoCodeOffset; /* CFNumber: where the code begins: 0 */
CF_EXPORT const CFStringRef kSecCodeInfoEntitlementsDER; /* CFData: a blob; absent: none */
/* Never. */
CF_EXPORT const CFStringRef kSecCodeInfoDiskRepInfo;
CF_EXPORT const CFStringRef kSecCodeInfoResourceDirectory;

/* The requirement of that type that is in the signature; NULL, and no error, if there is none. */
CF_EXPORT OSStatus SecCodeCopyInternalRequirement(SecStaticCodeRef code, SecRequirementType type,
	SecCSFlags flags, SecRequirementRef *requirement);

/* From now on, @signature is the signature of this code, whatever else there is; NULL: it is
 * again the one that it has. errSecCSTooBig. It is looked at when it is needed. */
CF_EXPORT OSStatus SecCodeSetDetachedSignature(
	SecStaticCodeRef code, CFDataRef signature, SecCSFlags flags);

/* The part of the signature that special slot @slot seals: what is in a wrapper, else a blob.
 * NULL: there is none, or no signature; or @hash, unless it is NULL, is not the one that is
 * sealed, of the strongest CodeDirectory. */
CF_EXPORT CFDataRef SecCodeCopyComponent(SecStaticCodeRef code, int slot, CFDataRef hash);

CF_EXTERN_C_END

#endif
