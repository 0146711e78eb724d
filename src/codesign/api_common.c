/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <Security/SecBase.h> and <Security/CSCommon.h>: what is constant, and what codes mean in words.
 */
#include <stdio.h>
#include <string.h>

#include "codesign/api_sec.h"
#include "object/text.h"

#define KEY(name, text)                                                                            \
	static OBJECT_STRING_STATIC(name##_text, text);                                            \
	_public_ const CFStringRef name = (CFStringRef)&name##_text.object

KEY(kSecCFErrorArchitecture, "SecCSArchitecture");
KEY(kSecCFErrorPattern, "SecCSPattern");
KEY(kSecCFErrorResourceSeal, "SecCSResourceSeal");
KEY(kSecCFErrorResourceAdded, "SecCSResourceAdded");
KEY(kSecCFErrorResourceAltered, "SecCSResourceAltered");
KEY(kSecCFErrorResourceMissing, "SecCSResourceMissing");
KEY(kSecCFErrorResourceSideband, "SecCSResourceHasSidebandData");
KEY(kSecCFErrorResourceRecursive, "SecCSResourceRecursive");
KEY(kSecCFErrorInfoPlist, "SecCSInfoPlist");
KEY(kSecCFErrorGuestAttributes, "SecCSGuestAttributes");
KEY(kSecCFErrorRequirementSyntax, "SecRequirementSyntax");
KEY(kSecCFErrorPath, "SecComponentPath");

KEY(kSecGuestAttributeCanonical, "canonical");
KEY(kSecGuestAttributeHash, "codedirectory-hash");
KEY(kSecGuestAttributeMachPort, "mach-port");
KEY(kSecGuestAttributePid, "pid");
KEY(kSecGuestAttributeAudit, "audit");
KEY(kSecGuestAttributeDynamicCode, "dynamicCode");
KEY(kSecGuestAttributeDynamicCodeInfoPlist, "dynamicCodeInfoPlist");
KEY(kSecGuestAttributeArchitecture, "architecture");
KEY(kSecGuestAttributeSubarchitecture, "subarchitecture");

static const struct {
	OSStatus status;
	const char *text;
} messages[] = {
	{errSecSuccess, "no error"},
	{errSecUnimplemented, "this is not implemented"},
	{errSecIO, "reading or writing failed"},
	{errSecParam, "an argument makes no sense"},
	{errSecAllocate, "there is no memory"},
	{errSecInternalComponent, "something went wrong within the library"},
	{errSecCertificateExpired, "a certificate is not valid at this time"},
	{errSecCertificateRevoked, "a certificate is revoked, or it is not known whether it is"},
	{errSecCSUnimplemented, "this is not implemented"},
	{errSecCSInvalidObjectRef, "an object of another type was given"},
	{errSecCSInvalidFlags, "flags were given that this call does not have"},
	{errSecCSObjectRequired, "an argument is missing"},
	{errSecCSStaticCodeNotFound, "there is no such code on disk"},
	{errSecCSUnsupportedGuestAttributes, "guests cannot be found by these attributes"},
	{errSecCSInvalidAttributeValues,
		"an attribute of the guest has a value that makes no sense"},
	{errSecCSNoSuchCode, "there is no such running code"},
	{errSecCSMultipleGuests, "more than one guest has these attributes"},
	{errSecCSGuestInvalid, "the running code has been invalidated"},
	{errSecCSUnsigned, "the code is not signed at all"},
	{errSecCSSignatureFailed, "the code or its signature was changed"},
	{errSecCSSignatureNotVerifiable, "the code cannot be read to verify it"},
	{errSecCSSignatureUnsupported,
		"the signature is of a kind or version that is not supported"},
	{errSecCSBadDictionaryFormat,
		"a property list that should be there is missing or makes no sense"},
	{errSecCSResourcesNotSealed, "resources are there that the signature does not cover"},
	{errSecCSResourcesNotFound, "the signature covers resources that are not there"},
	{errSecCSResourcesInvalid, "the list of resources is not the one that was signed"},
	{errSecCSBadResource, "a resource was changed, added or removed"},
	{errSecCSResourceRulesInvalid, "the rules for resources make no sense"},
	{errSecCSReqInvalid, "the requirement makes no sense"},
	{errSecCSReqUnsupported, "the requirement is of a kind that is not supported"},
	{errSecCSReqFailed, "the code does not meet the requirement"},
	{errSecCSBadObjectFormat, "the file is not of a kind that can be signed so"},
	{errSecCSInternalError, "something went wrong within the code signing library"},
	{errSecCSHostReject, "the host does not accept this guest, or the guest this host"},
	{errSecCSNotAHost, "this code does not host others"},
	{errSecCSSignatureInvalid, "the signature makes no sense"},
	{errSecCSHostProtocolRelativePath, "the host named a guest by a path that is not absolute"},
	{errSecCSHostProtocolContradiction, "the host mixed both ways of hosting"},
	{errSecCSHostProtocolDedicationError, "a dedicated host has its one guest for good"},
	{errSecCSHostProtocolNotProxy, "the host keeps its guests itself"},
	{errSecCSHostProtocolStateError, "the status of a guest cannot change like that"},
	{errSecCSHostProtocolUnrelated, "the guest is not one of this host"},
	{errSecCSNotSupported, "this is not supported"},
	{errSecCSCMSTooLarge, "the cryptographic signature is too large for its place"},
	{errSecCSHostProtocolInvalidHash, "the host gave a hash of the guest that is none"},
	{errSecCSStaticCodeChanged, "the code on disk is not what runs"},
	{errSecCSSigDBDenied, "the database of signatures may not be used"},
	{errSecCSSigDBAccess, "the database of signatures cannot be used"},
	{errSecCSHostProtocolInvalidAttribute,
		"the host gave an attribute of the guest that makes no sense"},
	{errSecCSInfoPlistFailed, "the property list of the code was changed"},
	{errSecCSNoMainExecutable, "the code has no main executable"},
	{errSecCSBadBundleFormat, "the bundle is of a form that is not known"},
	{errSecCSNoMatches, "nothing was found"},
	{errSecCSFileHardQuarantined, "the file is in quarantine, and not to be opened"},
	{errSecCSOutdated, "something better is there already"},
	{errSecCSDbCorrupt, "the database of rules is damaged"},
	{errSecCSResourceDirectoryFailed, "the list of resources was changed"},
	{errSecCSUnsignedNestedCode, "code within the code is not signed"},
	{errSecCSBadNestedCode, "code within the code was changed or makes no sense"},
	{errSecCSBadCallbackValue, "a callback gave something that makes no sense"},
	{errSecCSHelperFailed, "a helper program failed"},
	{errSecCSVetoed, "a callback said no"},
	{errSecCSBadLVArch, "libraries of this architecture cannot be validated"},
	{errSecCSResourceNotSupported,
		"something among the resources is neither file, folder nor symbolic link"},
	{errSecCSRegularFile, "something among the resources is no regular file"},
	{errSecCSUnsealedAppRoot, "there is something in the top folder that is not covered"},
	{errSecCSWeakResourceRules, "the rules leave out resources that they should not"},
	{errSecCSDSStoreSymlink, "a file of folder settings is a symbolic link"},
	{errSecCSAmbiguousBundleFormat, "the bundle could be of two forms"},
	{errSecCSBadMainExecutable, "the main executable is no regular file, or no program"},
	{errSecCSBadFrameworkVersion, "a version of the framework cannot be verified"},
	{errSecCSUnsealedFrameworkRoot,
		"there is something in the top folder of the framework that is not covered"},
	{errSecCSWeakResourceEnvelope, "the resources are covered in an old way that is too weak"},
	{errSecCSCancelled, "this was cancelled"},
	{errSecCSInvalidPlatform, "the platform of the code is not a valid one"},
	{errSecCSTooBig, "the code is too large for this"},
	{errSecCSInvalidSymlink, "a symbolic link leads to where it must not"},
	{errSecCSNotAppLike, "the code is no application"},
	{errSecCSBadDiskImageFormat, "the disk image is of a form that is not known"},
	{errSecCSUnsupportedDigestAlgorithm, "the signature uses a hash that is not supported"},
	{errSecCSInvalidAssociatedFileData,
		"the file has attributes that signed code must not have"},
	{errSecCSInvalidTeamIdentifier, "the team identifier is not a valid one"},
	{errSecCSBadTeamIdentifier, "the team identifier is not that of the certificate"},
	{errSecCSSignatureUntrusted, "the signature is valid, but nobody here trusts its signer"},
	{errSecMultipleExecSegments, "the program has more than one segment of code"},
	{errSecCSInvalidEntitlements, "the entitlements make no sense"},
	{errSecCSInvalidRuntimeVersion, "the version of the runtime makes no sense"},
	{errSecCSRevokedNotarization, "the notarization was revoked"},
	{errSecCSCMSConstructionFailed, "the cryptographic signature could not be made"},
	{errSecCSRemoteSignerFailed, "who signs from afar failed"},
};

static const char *find_message(OSStatus status)
{
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++)
		if (messages[i].status == status)
			return messages[i].text;
	return NULL;
}

_public_ CFStringRef SecCopyErrorMessageString(OSStatus status, void *reserved)
{
	const char *text = find_message(status);
	char number[32];
	Object *ret;

	if (reserved)
		return NULL;
	if (!text) {
		snprintf(number, sizeof(number), "error %d", (int)status);
		text = number;
	}
	return object_string_new_z(text, &ret) == 0 ? (CFStringRef)ret : NULL;
}
