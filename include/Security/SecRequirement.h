/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _SECURITY_SECREQUIREMENT_H_
#define _SECURITY_SECREQUIREMENT_H_

/*
 * Code requirements: SecRequirementCreateWithString(3). The language is that of
 * codesign-requirements(7). A SecRequirement is constant, may be used by all threads at once, and is equal
 * to another one if both have the same binary form.
 *
 * All calls: @flags is kSecCSDefaultFlags, else errSecCSInvalidFlags. errSecCSObjectRequired: an
 * argument is NULL that must not be. errSecCSInvalidObjectRef: one is of another type. errSecAllocate.
 */

#include <CoreFoundation/CFData.h>
#include <CoreFoundation/CFError.h>
#include <Security/CSCommon.h>

CF_EXTERN_C_BEGIN

CF_EXPORT CFTypeID SecRequirementGetTypeID(void);

/* Of its binary form, which fills @data. errSecCSReqInvalid: it is none, or nested more than 1000 deep or
 * larger than 256 KiB. errSecCSReqUnsupported: a kind that is not known. errSecCSUnimplemented: it has an
 * operator that is not known. */
CF_EXPORT OSStatus SecRequirementCreateWithData(
	CFDataRef data, SecCSFlags flags, SecRequirementRef *requirement);

/* Of a text. errSecCSReqInvalid: it is none. The second one tells more in *@errors, a CFError in
 * kCFErrorDomainOSStatus whose kSecCFErrorRequirementSyntax has a line for each error; @errors may be
 * NULL. A text may name a file with a certificate, which is read. */
CF_EXPORT OSStatus SecRequirementCreateWithString(
	CFStringRef text, SecCSFlags flags, SecRequirementRef *requirement);
CF_EXPORT OSStatus SecRequirementCreateWithStringAndErrors(
	CFStringRef text, SecCSFlags flags, CFErrorRef *errors, SecRequirementRef *requirement);

/* The binary form. */
CF_EXPORT OSStatus SecRequirementCopyData(
	SecRequirementRef requirement, SecCSFlags flags, CFDataRef *data);

/* The canonical text: in one line, without its end. */
CF_EXPORT OSStatus SecRequirementCopyString(
	SecRequirementRef requirement, SecCSFlags flags, CFStringRef *text);

CF_EXTERN_C_END

#endif
