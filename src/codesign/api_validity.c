/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <Security/SecStaticCode.h>: whether code is what was signed. What the flags ask for is
 * verifier.h's; <Security/SecStaticCode.h> says which of them have no meaning for a file.
 */
#include <CoreFoundation/CoreFoundation.h>
#include <Security/SecStaticCodePriv.h>
#include <portcullis/code.h>

#include "base/error.h"
#include "codesign/api_code.h"
#include "codesign/requirement.h"
#include "codesign/verifier.h"
#include "object/dictionary.h"
#include "object/scalar.h"
#include "object/text.h"

#define KEY(name, text)                                                                            \
	static OBJECT_STRING_STATIC(name##_text, text);                                            \
	_public_ const CFStringRef name = (CFStringRef)&name##_text.object

KEY(kPortcullisCodeErrorStart, "PortcullisCodeErrorStart");
KEY(kPortcullisCodeErrorEnd, "PortcullisCodeErrorEnd");

/* All that are defined, but for those of other calls. */
#define VALIDITY_FLAGS                                                                             \
	(kSecCSCheckAllArchitectures | kSecCSDoNotValidateExecutable |                             \
		kSecCSDoNotValidateResources | kSecCSCheckNestedCode | kSecCSStrictValidate |      \
		kSecCSFullReport | kSecCSCheckGatekeeperArchitectures | kSecCSRestrictSymlinks |   \
		kSecCSRestrictToAppLike | kSecCSRestrictSidebandData |                             \
		kSecCSUseSoftwareSigningCert | kSecCSValidatePEH | kSecCSSingleThreaded |          \
		kSecCSStrictValidateStructure | kSecCSSkipRootVolumeExceptions |                   \
		kSecCSSkipXattrFiles | kSecCSAllowNetworkAccess | kSecCSFastExecutableValidation | \
		kSecCSConsiderExpiration | kSecCSEnforceRevocationChecks | kSecCSNoNetworkAccess | \
		kSecCSReportProgress | kSecCSCheckTrustedAnchors | kSecCSQuickCheck |              \
		kSecCSApplyEmbeddedPolicy)

static unsigned verifier_flags(SecCSFlags flags)
{
	unsigned ret = 0;

	if (flags & kSecCSDoNotValidateExecutable)
		ret |= VERIFIER_SKIP_CONTENTS;
	if (flags & kSecCSDoNotValidateResources)
		ret |= VERIFIER_SKIP_RESOURCES;
	if (flags & kSecCSStrictValidate)
		ret |= VERIFIER_STRICT;
	if (flags & kSecCSCheckTrustedAnchors)
		ret |= VERIFIER_NEED_ANCHOR;
	if (flags & kSecCSConsiderExpiration)
		ret |= VERIFIER_CHECK_EXPIRY;
	if ((flags & kSecCSEnforceRevocationChecks) && !(flags & kSecCSNoNetworkAccess))
		ret |= VERIFIER_CHECK_REVOCATION;
	return ret;
}

static int add_number(Object *info, CFStringRef key, uint64_t value)
{
	_cleanup_object_ Object *number = NULL;
	int r = object_uint64_new(value, &number);

	return r ? r : object_dictionary_set(info, cf_object(key), number);
}

static int add_text(Object *info, const CodeProblem *problem)
{
	char text[sizeof(problem->text) + 64];
	_cleanup_object_ Object *string = NULL;
	int r;

	r = object_string_new_z(code_problem_format(problem, text, sizeof(text)), &string);
	return r ? r
		 : object_dictionary_set(
			   info, cf_object(kCFErrorLocalizedFailureReasonKey), string);
}

/* Without memory there is no error. */
static CFErrorRef make_error(const CodeObject *self, OSStatus status, const CodeProblem *problem)
{
	_cleanup_object_ Object *info = NULL, *url = NULL;
	int r;

	url = cf_object(sec_code_copy_url(self));
	if (!url)
		return NULL;
	r = object_dictionary_new(&info);
	if (r == 0)
		r = object_dictionary_set(info, cf_object(kSecCFErrorPath), url);
	if (r == 0)
		r = add_text(info, problem);
	if (r == 0 && problem->has_range)
		r = add_number(info, kPortcullisCodeErrorStart, problem->start);
	if (r == 0 && problem->has_range)
		r = add_number(info, kPortcullisCodeErrorEnd, problem->end);
	if (r != 0)
		return NULL;
	return CFErrorCreate(NULL, kCFErrorDomainOSStatus, status, (CFDictionaryRef)info);
}

static int check(const CodeObject *self, SecCSFlags flags, SecRequirementRef requirement,
	CodeProblem *problem)
{
	_cleanup_trust_ Trust *trust = NULL;
	VerifierOptions options = {
		.flags = verifier_flags(flags),
		.requirement = (const Requirement *)(const void *)cf_object(requirement),
	};
	int r;

	r = sec_code_load_trust(sec_code_get(self), &trust, problem);
	if (r != 0)
		return r;
	options.trust = trust;
	return verifier_check(sec_code_get(self), &options, NULL, problem);
}

_public_ OSStatus SecStaticCodeCheckValidityWithErrors(SecStaticCodeRef staticCode,
	SecCSFlags flags, SecRequirementRef requirement, CFErrorRef *errors)
{
	_cleanup_code_lock_ CodeObject *self = NULL;
	CodeProblem problem = {0};
	OSStatus status;
	int r;

	SEC_CHECK_FLAGS(flags, VALIDITY_FLAGS);
	SEC_CHECK_CLASS(staticCode, code_class);
	if (requirement)
		SEC_CHECK_CLASS(requirement, requirement_class);
	if (flags & kSecCSRestrictToAppLike)
		return errSecCSNotAppLike;
	self = sec_code_lock(staticCode);
	r = check(self, flags, requirement, &problem);
	status = sec_status_of_code(r);
	if (r > 0 && errors)
		*errors = make_error(self, status, &problem);
	return status;
}

_public_ OSStatus SecStaticCodeCheckValidity(
	SecStaticCodeRef staticCode, SecCSFlags flags, SecRequirementRef requirement)
{
	return SecStaticCodeCheckValidityWithErrors(staticCode, flags, requirement, NULL);
}
