/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_CODESIGN_CODEINFO_H
#define PORTCULLIS_CODESIGN_CODEINFO_H

/*
 * What the signature of code says, taken apart once for all who ask: who displays it, who
 * verifies it (verifier.h), who holds a requirement against it.
 *
 * Until verifier_check() is content it is what somebody claims, but for this: `certificates` are
 * the signer's only if the CMS is a good one, and each of them was signed by the next one, which
 * is an authority. So a requirement that names a certificate cannot be met by somebody who only
 * encloses it. Whether the last one is an anchor is `trust_outcome`. Where it is not, the chain
 * goes as far up as the CMS has it, and may be the signer's certificate alone.
 *
 * A CodeInfo does not change: any thread may use it. It borrows from its StaticCode and its
 * Trust.
 */

#include <openssl/x509.h>

#include "codesign/problem.h"
#include "codesign/reqeval.h"
#include "codesign/reqset.h"
#include "codesign/staticcode.h"
#include "codesign/trust.h"

/* All owned, unless it says borrowed. */
typedef struct CodeInfo {
	CodeSource source;
	const Signature *signature; /* borrowed; all CodeDirectories and their hashes */
	const CodeDirectory *directory; /* borrowed; the strongest: identifier, team, flags, … */
	const uint8_t *hash; /* borrowed; of that one, directory->hash_size bytes */
	bool is_adhoc;

	/* Whether all parts can be read, and the CMS is good: 0, CODE_E_CMS, CODE_E_TOO_BIG,
	 * CODE_E_DAMAGED, CODE_E_UNSUPPORTED, CODE_E_ENTITLEMENTS or CODE_E_TEAM. What cannot be
	 * read is not there below. */
	int outcome;
	CodeProblem problem; /* of that */

	/* 0 (also if it is ad hoc), CODE_E_UNTRUSTED, CODE_E_EXPIRED or CODE_E_REVOKED. */
	int trust_outcome;
	CodeProblem trust_problem; /* of that */
	STACK_OF(X509) * chain; /* leaf first; NULL: ad hoc, or the CMS is bad */
	X509 **certificates; /* the same as an array; borrowed from it */
	size_t n_certificates;
	bool has_time;
	int64_t time; /* of signing, as the signer claims; as reqtime.h counts */

	Object *info; /* the property list at CODE_SLOT_INFO, a dictionary; NULL: none */
	Object *entitlements; /* a dictionary; NULL: none */
	ReqSet *requirements; /* NULL: none */
	Requirement
		*implicit; /* what is designated where the signer says nothing; NULL: no chain */
	Requirement
		*designated; /* borrowed: of `requirements`, else `implicit`; may be NULL as that */
	bool is_designated_explicit;

	const Trust *trust; /* borrowed; may be NULL */
} CodeInfo;

/* Loads @code if need be. @trust: NULL: nobody is trusted; it is not asked for code that is ad
 * hoc. @trust_flags are TRUST_CHECK_*; expiry is also looked at where the signature asks for
 * that. Returns 0 whenever the signature itself is a proper one, whatever `outcome` is; what
 * staticcode_load() returns; or -errno. */
int codeinfo_new(StaticCode *code, const Trust *trust, unsigned trust_flags, CodeInfo **ret,
	CodeProblem *problem) _warn_unused_;

CodeInfo *codeinfo_free(CodeInfo *self);

static inline void codeinfo_freep(CodeInfo **p)
{
	*p = codeinfo_free(*p);
}
#define _cleanup_codeinfo_ _cleanup_(codeinfo_freep)

/* Whether the code meets @requirement, as far as it is what it says. 0 or -errno. */
int codeinfo_evaluate(
	const CodeInfo *self, const Requirement *requirement, bool *ret) _warn_unused_;

/* Entitlements as the signature has them: the XML text, and DER; borrowed. False: there are none. */
bool codeinfo_find_entitlements_xml(const CodeInfo *self, const uint8_t **ret, size_t *ret_size);
bool codeinfo_find_entitlements_der(const CodeInfo *self, const uint8_t **ret, size_t *ret_size);

/* "ELF 64-bit (x86_64)", "script", "generic": for people, whether it is signed or not. Returns 0,
 * CODE_E_CHANGED or -errno. */
#define CODEINFO_FORMAT_SIZE 64u
int codeinfo_get_format(const StaticCode *code, char ret[static CODEINFO_FORMAT_SIZE],
	CodeProblem *problem) _warn_unused_;

/* "embedded", "detached", "beside the file", "database"; "none". */
const char *codeinfo_get_source_name(CodeSource source);

/* Certificates that have expired are not valid: of the flags of a CodeDirectory. */
#define CODE_FLAG_EXPIRES UINT32_C(0x400)

/* The flags of a CodeDirectory by name, each with its bit: for `codesign -o` and for display. */
typedef struct CodeFlagName {
	const char *name;
	uint32_t flag;
	bool is_signable; /* may be asked for */
} CodeFlagName;
#define CODE_FLAG_NAMES 10u
extern const CodeFlagName code_flag_names[CODE_FLAG_NAMES];

/* "0x10002(adhoc,runtime)", "0x0(none)", "0x40000(0x40000)". */
#define CODE_FLAGS_TEXT_SIZE 192u
void code_flags_format(uint32_t flags, char ret[static CODE_FLAGS_TEXT_SIZE]);

#endif
