/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _SECURITY_SECSTATICCODE_H_
#define _SECURITY_SECSTATICCODE_H_

/*
 * Code on disk: SecStaticCodeCreateWithPath(3). A SecStaticCode is a file that was opened; what
 * becomes of its path afterwards does not matter. It may be used by all threads at once, and is
 * equal to itself only.
 *
 * All calls: a flag that the call does not have: errSecCSInvalidFlags. errSecCSObjectRequired: an
 * argument is NULL that must not be. errSecCSInvalidObjectRef: one is of another type.
 * errSecAllocate.
 */

#include <CoreFoundation/CFDictionary.h>
#include <CoreFoundation/CFError.h>
#include <CoreFoundation/CFURL.h>
#include <Security/CSCommon.h>

CF_EXTERN_C_BEGIN

CF_EXPORT CFTypeID SecStaticCodeGetTypeID(void);

/* The code that is the file at @path, signed or not. @flags is kSecCSDefaultFlags.
 * errSecCSStaticCodeNotFound: there is no such file. errSecCSSignatureNotVerifiable: it may not
 * be read. errSecCSBadObjectFormat: it is a directory, or another thing that is no regular file. */
CF_EXPORT OSStatus SecStaticCodeCreateWithPath(
	CFURLRef path, SecCSFlags flags, SecStaticCodeRef *staticCode);

/* The same; files have nothing in them that attributes could choose, so there must be none in the
 * dictionary: errSecCSUnsupportedGuestAttributes. */
CF_EXPORT OSStatus SecStaticCodeCreateWithPathAndAttributes(
	CFURLRef path, SecCSFlags flags, CFDictionaryRef attributes, SecStaticCodeRef *staticCode);

/* Flags of the calls below, besides those of all calls. Those without a comment have no meaning
 * for a file, and no effect. */
enum {
	kSecCSCheckAllArchitectures = 1 << 0,
	kSecCSDoNotValidateExecutable = 1 << 1, /* the bytes of the file are not read */
	kSecCSDoNotValidateResources = 1 << 2, /* sealed resources may be missing */
	kSecCSBasicValidateOnly = kSecCSDoNotValidateExecutable | kSecCSDoNotValidateResources,
	kSecCSCheckNestedCode = 1 << 3,
	/* all CodeDirectories; entitlements also in DER; only parts of kinds that are known */
	kSecCSStrictValidate = 1 << 4,
	kSecCSFullReport = 1 << 5,
	kSecCSCheckGatekeeperArchitectures = (1 << 6) | kSecCSCheckAllArchitectures,
	kSecCSRestrictSymlinks = 1 << 7,
	kSecCSRestrictToAppLike = 1 << 8, /* no file is that: errSecCSNotAppLike */
	kSecCSRestrictSidebandData = 1 << 9,
	kSecCSUseSoftwareSigningCert = 1 << 10,
	kSecCSValidatePEH = 1 << 11,
	kSecCSSingleThreaded = 1 << 12,
	kSecCSAllowNetworkAccess = 1 << 16,
	kSecCSFastExecutableValidation = 1 << 17,
};

/* Whether the file is what its signer signed; and meets @requirement, unless that is NULL. Whom
 * to trust, and for what, is asked of the anchors of this machine and this user at each call; a
 * signer whom nobody trusts is no error in itself. Of the flags of all calls these have a
 * meaning: kSecCSCheckTrustedAnchors: the signer leads to an anchor; kSecCSConsiderExpiration: no
 * certificate has expired; kSecCSEnforceRevocationChecks: it is known of all of them whether they
 * are revoked, unless there is kSecCSNoNetworkAccess. None may be in a list of revoked ones.
 *
 * errSecCSUnsigned: it has no signature. errSecCSSignatureFailed: file or signature were changed.
 * errSecCSStaticCodeChanged: the file was changed since it was opened. errSecCSSignatureInvalid,
 * errSecCSSignatureUnsupported: the signature makes no sense, or is of a kind that is not known.
 * errSecCSBadObjectFormat: it is not known what this file is. errSecCSTooBig.
 * errSecCSInvalidEntitlements. errSecCSBadTeamIdentifier: the team is not that of the signer's
 * certificate. errSecCSReqFailed: it does not meet the requirement. errSecCSSignatureUntrusted,
 * errSecCertificateExpired, errSecCertificateRevoked: what was asked for by flags is not so.
 * errSecCSDbCorrupt: the anchors cannot be read, or others could have written to them.
 * errSecCSSigDBAccess: the same of the database of signatures. */
CF_EXPORT OSStatus SecStaticCodeCheckValidity(
	SecStaticCodeRef staticCode, SecCSFlags flags, SecRequirementRef requirement);

/* The same. @errors, unless it is NULL, is set to a CFError in kCFErrorDomainOSStatus when the
 * answer is one of the above: with kSecCFErrorPath, kCFErrorLocalizedFailureReasonKey, and those
 * of <portcullis/code.h>. */
CF_EXPORT OSStatus SecStaticCodeCheckValidityWithErrors(SecStaticCodeRef staticCode,
	SecCSFlags flags, SecRequirementRef requirement, CFErrorRef *errors);

CF_EXTERN_C_END

#endif
