/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codesign -v: whether files are what was signed, by somebody who leads to an anchor, and meet a
 * requirement.
 *
 * A signature by nobody (ad hoc) is valid if the file is what it is of: whoever wants to know who signed
 * asks by -R. A signature by somebody unknown is not: to a reader of the exit status it would mean no
 * more than an ad-hoc one, but look like more.
 */
#include <string.h>

#include "codesign/verifier.h"
#include "tools/codesign.h"

static void verify_deinit(Verify *self)
{
	trust_free(self->trust);
	requirement_unref(self->requirement);
}
#define _cleanup_verify_ _cleanup_(verify_deinit)

static int verify_init(Verify *self, const Options *options)
{
	CodeProblem problem;
	int r;

	*self = (Verify){.options = options};
	if (options->test_requirement) {
		int status = input_read_requirement(options->test_requirement, &self->requirement);

		if (status)
			return status;
	}
	r = trust_new_default(&self->trust, &problem);
	return r ? report(options, "the anchors", r, &problem) : 0;
}

/* Whether the file that was opened is the one that was seen in its folder. */
static bool is_expected(const StaticCode *code, const struct stat *expected)
{
	struct stat st;

	return fstat(staticcode_get_file(code)->fd, &st) == 0 && st.st_dev == expected->st_dev &&
	       st.st_ino == expected->st_ino;
}

static int check(const Verify *self, StaticCode *code, const char *path, CodeInfo **ret,
	CodeProblem *problem)
{
	const Options *options = self->options;
	_cleanup_codeinfo_ CodeInfo *info = NULL;
	Progress progress;
	VerifierOptions how = {
		.trust = self->trust,
		.progress = progress_show,
		.progress_userdata = &progress,
	};
	int r;

	if (options->strict)
		how.flags |= VERIFIER_STRICT;
	if (options->check_expiration)
		how.flags |= VERIFIER_CHECK_EXPIRY;
	if (options->check_revocation)
		how.flags |= VERIFIER_CHECK_REVOCATION;
	progress_init(&progress, path);
	r = verifier_check(code, &how, &info, problem);
	progress_end(&progress);
	if (r != 0)
		return r;
	if (!info->is_adhoc && info->trust_outcome != 0 && !options->any_signer) {
		*problem = info->trust_problem;
		return info->trust_outcome;
	}
	*ret = TAKE_PTR(info);
	return 0;
}

/* @what: for whom it is told. VERDICT_INVALID: it is not known. */
static Verdict check_requirement(const Options *options, const char *path, const CodeInfo *info,
	const Requirement *requirement, const char *failure, const char *success)
{
	_cleanup_free_ char *text = NULL;
	bool is_met;
	int r = codeinfo_evaluate(info, requirement, &is_met);

	if (r < 0) {
		(void)report(options, path, r, NULL);
		return VERDICT_INVALID;
	}
	if (is_met) {
		if (options->verbosity > 0)
			print_line(stderr, "%s: %s", path, success);
		return VERDICT_VALID;
	}
	(void)fail_file(path, "%s", failure);
	if (requirement_format(requirement, &text) == 0)
		print_line(stderr, "\tIt is: %s", text);
	return VERDICT_UNMET;
}

static Verdict check_requirements(const Verify *self, const char *path, const CodeInfo *info)
{
	const Options *options = self->options;
	Verdict verdict = VERDICT_VALID;

	if (options->verbosity > 0 && info->designated)
		verdict = check_requirement(options, path, info, info->designated,
			"does not satisfy its designated Requirement",
			"satisfies its Designated Requirement");
	if (self->requirement)
		verdict = MAX(
			verdict, check_requirement(options, path, info, self->requirement,
					 "code failed to satisfy specified code requirement(s)",
					 "explicit requirement satisfied"));
	return verdict;
}

/* Who says so, for those who might take a valid signature for a good one. */
static void tell_valid(const Options *options, const char *path, const CodeInfo *info)
{
	const char *note = "";

	if (options->verbosity == 0)
		return;
	if (info->is_adhoc)
		note = " (ad hoc: nobody says whose it is)";
	else if (info->trust_outcome != 0)
		note = " (but its signer is not trusted)";
	print_line(stderr, "%s: valid on disk%s", path, note);
}

Verdict verify_file(const Verify *self, const char *path, const char *at,
	const struct stat *expected, CodeSource *ret_source)
{
	const Options *options = self->options;
	_cleanup_staticcode_ StaticCode *code = NULL;
	_cleanup_codeinfo_ CodeInfo *info = NULL;
	CodeProblem problem;
	int r;

	r = input_open_code(options, at, &code, &problem);
	if (r == 0 && expected && !is_expected(code, expected))
		r = code_problem(&problem, CODE_E_CHANGED, "another file took its place meanwhile");
	if (r == 0)
		r = check(self, code, path, &info, &problem);
	*ret_source = code ? staticcode_get_source(code) : CODE_SOURCE_NONE;
	if (r == CODE_E_UNSIGNED && expected) {
		(void)fail_file(path, "code object is not signed at all");
		return VERDICT_UNSIGNED;
	}
	if (r) {
		(void)report(options, path, r, &problem);
		return VERDICT_INVALID;
	}
	tell_valid(options, path, info);
	return check_requirements(self, path, info);
}

static int status_of(Verdict verdict)
{
	switch (verdict) {
	case VERDICT_VALID:
		return 0;
	case VERDICT_UNMET:
		return STATUS_REQUIREMENT;
	case VERDICT_UNSIGNED:
	case VERDICT_INVALID:
		break;
	}
	return STATUS_FAILED;
}

int verify_all(const Options *options)
{
	_cleanup_verify_ Verify self;
	int status = verify_init(&self, options);

	if (status)
		return status;
	for (int i = 0; i < options->n_paths; i++) {
		const char *path = options->paths[i];
		CodeSource source;
		struct stat st;
		int one;

		if (options->deep && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			one = verify_folder(&self, path);
		else
			one = status_of(verify_file(&self, path, path, NULL, &source));
		status = status_worse(status, one);
	}
	return status;
}
