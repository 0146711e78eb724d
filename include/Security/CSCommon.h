/* SPDX-License-Identifier: Apache-2.0 */
#ifndef _SECURITY_CSCOMMON_H_
#define _SECURITY_CSCOMMON_H_

/*
 * What the calls of code signing share: their objects, codes and flags. The values are the lineage's. A
 * call that is given a flag that it does not have returns errSecCSInvalidFlags.
 */

#include <CoreFoundation/CFBase.h>
#include <CoreFoundation/CFString.h>
#include <Security/SecBase.h>

CF_EXTERN_C_BEGIN

/* Running code, and code on disk. Where a SecStaticCodeRef is asked for, a SecCodeRef will do: it stands
 * for what it was started from. */
typedef struct __SecCode *SecCodeRef;
typedef struct __SecCode const *SecStaticCodeRef;

/* What code must be, in the language of codesign-requirements(7). */
typedef struct __SecRequirement *SecRequirementRef;

/* A guest, as its host numbers it. */
typedef uint32_t SecGuestRef;
enum { kSecNoGuest = 0 };

/* Results. The lineage has a meaning for each; not all of them occur here. */
enum {
	errSecCSUnimplemented = -67072, /* this is not implemented */
	errSecCSInvalidObjectRef = -67071, /* an object of another type was given */
	errSecCSInvalidFlags = -67070, /* flags were given that this call does not have */
	errSecCSObjectRequired = -67069, /* an argument is missing */
	errSecCSStaticCodeNotFound = -67068, /* there is no such code on disk */
	/* guests cannot be found by these attributes */
	errSecCSUnsupportedGuestAttributes = -67067,
	/* an attribute of the guest has a value that makes no sense */
	errSecCSInvalidAttributeValues = -67066,
	errSecCSNoSuchCode = -67065, /* there is no such running code */
	errSecCSMultipleGuests = -67064, /* more than one guest has these attributes */
	errSecCSGuestInvalid = -67063, /* the running code has been invalidated */
	errSecCSUnsigned = -67062, /* the code is not signed at all */
	errSecCSSignatureFailed = -67061, /* the code or its signature was changed */
	errSecCSSignatureNotVerifiable = -67060, /* the code cannot be read to verify it */
	/* the signature is of a kind or version that is not supported */
	errSecCSSignatureUnsupported = -67059,
	/* a property list that should be there is missing or makes no sense */
	errSecCSBadDictionaryFormat = -67058,
	/* resources are there that the signature does not cover */
	errSecCSResourcesNotSealed = -67057,
	errSecCSResourcesNotFound = -67056, /* the signature covers resources that are not there */
	/* the list of resources is not the one that was signed */
	errSecCSResourcesInvalid = -67055,
	errSecCSBadResource = -67054, /* a resource was changed, added or removed */
	errSecCSResourceRulesInvalid = -67053, /* the rules for resources make no sense */
	errSecCSReqInvalid = -67052, /* the requirement makes no sense */
	errSecCSReqUnsupported = -67051, /* the requirement is of a kind that is not supported */
	errSecCSReqFailed = -67050, /* the code does not meet the requirement */
	errSecCSBadObjectFormat = -67049, /* the file is not of a kind that can be signed so */
	errSecCSInternalError = -67048, /* something went wrong within the code signing library */
	/* the host does not accept this guest, or the guest this host */
	errSecCSHostReject = -67047,
	errSecCSNotAHost = -67046, /* this code does not host others */
	errSecCSSignatureInvalid = -67045, /* the signature makes no sense */
	/* the host named a guest by a path that is not absolute */
	errSecCSHostProtocolRelativePath = -67044,
	errSecCSHostProtocolContradiction = -67043, /* the host mixed both ways of hosting */
	/* a dedicated host has its one guest for good */
	errSecCSHostProtocolDedicationError = -67042,
	errSecCSHostProtocolNotProxy = -67041, /* the host keeps its guests itself */
	errSecCSHostProtocolStateError = -67040, /* the status of a guest cannot change like that */
	errSecCSHostProtocolUnrelated = -67039, /* the guest is not one of this host */
	errSecCSNotSupported = -67037, /* this is not supported */
	errSecCSCMSTooLarge = -67036, /* the cryptographic signature is too large for its place */
	/* the host gave a hash of the guest that is none */
	errSecCSHostProtocolInvalidHash = -67035,
	errSecCSStaticCodeChanged = -67034, /* the code on disk is not what runs */
	errSecCSSigDBDenied = -67033, /* the database of signatures may not be used */
	errSecCSDBDenied = errSecCSSigDBDenied,
	errSecCSSigDBAccess = -67032, /* the database of signatures cannot be used */
	errSecCSDBAccess = errSecCSSigDBAccess,
	/* the host gave an attribute of the guest that makes no sense */
	errSecCSHostProtocolInvalidAttribute = -67031,
	errSecCSInfoPlistFailed = -67030, /* the property list of the code was changed */
	errSecCSNoMainExecutable = -67029, /* the code has no main executable */
	errSecCSBadBundleFormat = -67028, /* the bundle is of a form that is not known */
	errSecCSNoMatches = -67027, /* nothing was found */
	errSecCSFileHardQuarantined = -67026, /* the file is in quarantine, and not to be opened */
	errSecCSOutdated = -67025, /* something better is there already */
	errSecCSDbCorrupt = -67024, /* the database of rules is damaged */
	errSecCSResourceDirectoryFailed = -67023, /* the list of resources was changed */
	errSecCSUnsignedNestedCode = -67022, /* code within the code is not signed */
	errSecCSBadNestedCode = -67021, /* code within the code was changed or makes no sense */
	errSecCSBadCallbackValue = -67020, /* a callback gave something that makes no sense */
	errSecCSHelperFailed = -67019, /* a helper program failed */
	errSecCSVetoed = -67018, /* a callback said no */
	errSecCSBadLVArch = -67017, /* libraries of this architecture cannot be validated */
	/* something among the resources is neither file, folder nor symbolic link */
	errSecCSResourceNotSupported = -67016,
	errSecCSRegularFile = -67015, /* something among the resources is no regular file */
	/* there is something in the top folder that is not covered */
	errSecCSUnsealedAppRoot = -67014,
	errSecCSWeakResourceRules = -67013, /* the rules leave out resources that they should not */
	errSecCSDSStoreSymlink = -67012, /* a file of folder settings is a symbolic link */
	errSecCSAmbiguousBundleFormat = -67011, /* the bundle could be of two forms */
	/* the main executable is no regular file, or no program */
	errSecCSBadMainExecutable = -67010,
	errSecCSBadFrameworkVersion = -67009, /* a version of the framework cannot be verified */
	/* there is something in the top folder of the framework that is not covered */
	errSecCSUnsealedFrameworkRoot = -67008,
	/* the resources are covered in an old way that is too weak */
	errSecCSWeakResourceEnvelope = -67007,
	errSecCSCancelled = -67006, /* this was cancelled */
	errSecCSInvalidPlatform = -67005, /* the platform of the code is not a valid one */
	errSecCSTooBig = -67004, /* the code is too large for this */
	errSecCSInvalidSymlink = -67003, /* a symbolic link leads to where it must not */
	errSecCSNotAppLike = -67002, /* the code is no application */
	errSecCSBadDiskImageFormat = -67001, /* the disk image is of a form that is not known */
	/* the signature uses a hash that is not supported */
	errSecCSUnsupportedDigestAlgorithm = -67000,
	/* the file has attributes that signed code must not have */
	errSecCSInvalidAssociatedFileData = -66999,
	errSecCSInvalidTeamIdentifier = -66998, /* the team identifier is not a valid one */
	errSecCSBadTeamIdentifier = -66997, /* the team identifier is not that of the certificate */
	/* the signature is valid, but nobody here trusts its signer */
	errSecCSSignatureUntrusted = -66996,
	errSecMultipleExecSegments = -66995, /* the program has more than one segment of code */
	errSecCSInvalidEntitlements = -66994, /* the entitlements make no sense */
	errSecCSInvalidRuntimeVersion = -66993, /* the version of the runtime makes no sense */
	errSecCSRevokedNotarization = -66992, /* the notarization was revoked */
	errSecCSCMSConstructionFailed = -66991, /* the cryptographic signature could not be made */
	errSecCSRemoteSignerFailed = -66990, /* who signs from afar failed */
};

/* Keys of the dictionary of a CFError that a call returns. */
CF_EXPORT const CFStringRef
	kSecCFErrorArchitecture; /* CFString: what part of the code it is about */
CF_EXPORT const CFStringRef kSecCFErrorPattern; /* CFString: a rule that makes no sense */
CF_EXPORT const CFStringRef kSecCFErrorResourceSeal; /* anything: the list that makes no sense */
CF_EXPORT const CFStringRef kSecCFErrorResourceAdded; /* CFURL or CFArray of such */
CF_EXPORT const CFStringRef kSecCFErrorResourceAltered;
CF_EXPORT const CFStringRef kSecCFErrorResourceMissing;
CF_EXPORT const CFStringRef kSecCFErrorResourceSideband; /* CFURL */
CF_EXPORT const CFStringRef kSecCFErrorResourceRecursive; /* CFURL */
CF_EXPORT const CFStringRef kSecCFErrorInfoPlist; /* anything: what makes no sense in it */
CF_EXPORT const CFStringRef kSecCFErrorGuestAttributes; /* CFDictionary: those not supported */
CF_EXPORT const CFStringRef kSecCFErrorRequirementSyntax; /* CFString: a line for each error */
CF_EXPORT const CFStringRef kSecCFErrorPath; /* CFURL: which part of the code it is about */

/* Flags of most calls. Flags of one call count up from bit 0. */
typedef CF_OPTIONS(uint32_t, SecCSFlags) {
	kSecCSDefaultFlags = 0,
	kSecCSEnforceRevocationChecks = 1U << 30,
	kSecCSNoNetworkAccess = 1U << 29, /* overrides the one above */
	kSecCSReportProgress = 1U << 28,
	kSecCSCheckTrustedAnchors = 1U << 27,
	kSecCSQuickCheck = 1U << 26,
	kSecCSApplyEmbeddedPolicy = 1U << 25,
	kSecCSStripDisallowedXattrs = 1U << 24,
	kSecCSMatchGuestRequirementInKernel = 1U << 23,
};
/* Certificates that have expired are not valid. C11 has no enumerators of this size. */
#define kSecCSConsiderExpiration ((SecCSFlags)1 << 31)

/* What the signer laid down about the code. */
typedef CF_OPTIONS(uint32_t, SecCodeSignatureFlags) {
	kSecCodeSignatureHost = 0x0001, /* it may host guests */
	kSecCodeSignatureAdhoc = 0x0002, /* it has no signer; set by whoever signs, not asked for */
	kSecCodeSignatureForceHard = 0x0100,
	kSecCodeSignatureForceKill = 0x0200,
	kSecCodeSignatureForceExpiration = 0x0400,
	kSecCodeSignatureRestrict = 0x0800,
	kSecCodeSignatureEnforcement = 0x1000,
	kSecCodeSignatureLibraryValidation = 0x2000,
	kSecCodeSignatureRuntime = 0x10000,
	kSecCodeSignatureLinkerSigned = 0x20000,
};

/* The state of running code. Each bit changes in one direction only, for root too. */
typedef CF_OPTIONS(uint32_t, SecCodeStatus) {
	kSecCodeStatusValid = 0x00000001,
	kSecCodeStatusHard = 0x00000100,
	kSecCodeStatusKill = 0x00000200,
	kSecCodeStatusDebugged = 0x10000000,
	kSecCodeStatusPlatform = 0x04000000,
};

/* The requirements that code can carry. */
typedef CF_ENUM(uint32_t, SecRequirementType) {
	kSecHostRequirementType = 1, /* of hosts that may run it */
	kSecGuestRequirementType = 2, /* of guests that it runs */
	kSecDesignatedRequirementType = 3, /* of what is the same code, for others */
	kSecLibraryRequirementType = 4, /* of libraries that it loads */
	kSecPluginRequirementType = 5, /* of plug-ins that it loads */
	kSecInvalidRequirementType = 6,
	kSecRequirementTypeCount = kSecInvalidRequirementType,
};

/* Hashes of code directories. */
typedef CF_ENUM(uint32_t, SecCSDigestAlgorithm) {
	kSecCodeSignatureNoHash = 0,
	kSecCodeSignatureHashSHA1 = 1,
	kSecCodeSignatureHashSHA256 = 2,
	kSecCodeSignatureHashSHA256Truncated = 3, /* its first 20 bytes */
	kSecCodeSignatureHashSHA384 = 4,
	kSecCodeSignatureHashSHA512 = 5,
};

/* Bytes of what is called the hash of code: of any algorithm the first ones. */
enum { kSecCodeCDHashLength = 20 };

/* Attributes by which a host finds a guest. */
CF_EXPORT const CFStringRef kSecGuestAttributeCanonical; /* CFNumber: the host's own number of it */
CF_EXPORT const CFStringRef kSecGuestAttributeHash; /* CFData: of its code directory */
CF_EXPORT const CFStringRef kSecGuestAttributeMachPort; /* CFNumber */
CF_EXPORT const CFStringRef kSecGuestAttributePid; /* CFNumber */
CF_EXPORT const CFStringRef kSecGuestAttributeAudit; /* CFData: an audit_token_t */
CF_EXPORT const CFStringRef kSecGuestAttributeDynamicCode; /* CFData */
CF_EXPORT const CFStringRef kSecGuestAttributeDynamicCodeInfoPlist; /* CFData */
CF_EXPORT const CFStringRef kSecGuestAttributeArchitecture; /* CFNumber */
CF_EXPORT const CFStringRef kSecGuestAttributeSubarchitecture; /* CFNumber */

CF_EXTERN_C_END

#endif
