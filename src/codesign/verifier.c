/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/verifier.h"

#include <inttypes.h>

#include "base/error.h"

/* A signer who leads to no anchor: what can be asked of the certificates alone. */
static int check_untrusted(const CodeInfo *info, unsigned flags, CodeProblem *problem)
{
	bool is_expiry_asked = (flags & VERIFIER_CHECK_EXPIRY) ||
			       (info->directory->flags & CODE_FLAG_EXPIRES);

	for (size_t i = 0; i < info->n_certificates && is_expiry_asked; i++) {
		const X509 *x = info->certificates[i];

		if (X509_cmp_current_time(X509_get0_notBefore(x)) >= 0 ||
			X509_cmp_current_time(X509_get0_notAfter(x)) <= 0)
			return code_problem(problem, CODE_E_EXPIRED,
				"a certificate of the signer is not valid at this time");
	}
	if (flags & VERIFIER_CHECK_REVOCATION)
		return code_problem(problem, CODE_E_REVOKED,
			"nobody who is trusted tells which certificates of the signer are revoked");
	return 0;
}

static int check_trust(const CodeInfo *info, unsigned flags, CodeProblem *problem)
{
	if (info->is_adhoc)
		return flags & VERIFIER_NEED_ANCHOR
			       ? code_problem(problem, CODE_E_UNTRUSTED,
					 "the signature is ad hoc: it does not say who signed")
			       : 0;
	if (info->trust_outcome == CODE_E_UNTRUSTED && !(flags & VERIFIER_NEED_ANCHOR))
		return check_untrusted(info, flags, problem);
	if (info->trust_outcome != 0 && problem)
		*problem = info->trust_problem;
	return info->trust_outcome;
}

static bool is_known_slot(uint32_t slot)
{
	return slot == CODE_SLOT_INFO || slot == CODE_SLOT_REQUIREMENTS ||
	       slot == CODE_SLOT_ENTITLEMENTS || slot == CODE_SLOT_ENTITLEMENTS_DER;
}

static int check_strictly(const CodeInfo *info, CodeProblem *problem)
{
	const uint8_t *p;
	BlobView part;
	size_t size;

	for (uint32_t slot = 1; slot <= CODE_SLOT_SPECIAL_MAX; slot++)
		if (!is_known_slot(slot) && signature_find_part(info->signature, slot, &part))
			return code_problem(problem, CODE_E_UNSUPPORTED,
				"part %" PRIu32 " of the signature is of a kind that is not known",
				slot);
	if (codeinfo_find_entitlements_xml(info, &p, &size) &&
		!codeinfo_find_entitlements_der(info, &p, &size))
		return code_problem(
			problem, CODE_E_ENTITLEMENTS, "the entitlements lack their form in DER");
	return 0;
}

/* What the signature itself has was held against its hashes when it was taken apart. */
static int check_external(const CodeInfo *info, unsigned flags, CodeProblem *problem)
{
	if (signature_is_part_external(info->signature, CODE_SLOT_INFO))
		return code_problem(problem, CODE_E_COMPONENT,
			"the signature seals an Info.plist that is not there");
	if (!(flags & VERIFIER_SKIP_RESOURCES) &&
		signature_is_part_external(info->signature, CODE_SLOT_RESOURCES))
		return code_problem(problem, CODE_E_COMPONENT,
			"the signature seals resources that are not there");
	return 0;
}

static int check_contents(StaticCode *code, const VerifierOptions *options, CodeProblem *problem)
{
	bool all = options->flags & (VERIFIER_ALL_DIRECTORIES | VERIFIER_STRICT);

	if (options->flags & VERIFIER_SKIP_CONTENTS)
		return codefile_check_unchanged(staticcode_get_file(code), problem);
	return staticcode_check_contents(
		code, all, options->progress, options->progress_userdata, problem);
}

static int check_requirement(const CodeInfo *info, const Requirement *requirement, const char *text,
	CodeProblem *problem)
{
	bool holds;
	int r = codeinfo_evaluate(info, requirement, &holds);

	if (r < 0)
		return error_trace(r);
	return holds ? 0 : code_problem(problem, CODE_E_REQUIREMENT, "%s", text);
}

static int check_requirements(
	const CodeInfo *info, const VerifierOptions *options, CodeProblem *problem)
{
	int r = 0;

	if (options->requirement)
		r = check_requirement(info, options->requirement,
			"the code does not meet the requirement", problem);
	if (r == 0 && (options->flags & VERIFIER_OWN_REQUIREMENT))
		r = check_requirement(info, info->designated,
			"the code does not meet its own designated requirement", problem);
	return r;
}

static int check(StaticCode *code, const CodeInfo *info, const VerifierOptions *options,
	CodeProblem *problem)
{
	int r;

	if (info->outcome != 0) {
		if (problem)
			*problem = info->problem;
		return info->outcome;
	}
	r = check_trust(info, options->flags, problem);
	if (r == 0 && (options->flags & VERIFIER_STRICT))
		r = check_strictly(info, problem);
	if (r == 0)
		r = check_external(info, options->flags, problem);
	if (r == 0)
		r = check_contents(code, options, problem);
	if (r == 0)
		r = check_requirements(info, options, problem);
	return r;
}

int verifier_check(
	StaticCode *code, const VerifierOptions *options, CodeInfo **ret, CodeProblem *problem)
{
	_cleanup_codeinfo_ CodeInfo *info = NULL;
	unsigned trust_flags = 0;
	int r;

	if (options->flags & VERIFIER_CHECK_EXPIRY)
		trust_flags |= TRUST_CHECK_EXPIRY;
	if (options->flags & VERIFIER_CHECK_REVOCATION)
		trust_flags |= TRUST_CHECK_REVOCATION;
	r = codeinfo_new(code, options->trust, trust_flags, &info, problem);
	if (r == 0)
		r = check(code, info, options, problem);
	if (r == 0 && ret)
		*ret = TAKE_PTR(info);
	return r;
}
