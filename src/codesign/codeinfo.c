/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a signature says. The parts are read one after the other; the first one that makes no
 * sense is remembered in `outcome`, and what can be read of the others is still shown.
 */
#include "codesign/codeinfo.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"
#include "codesign/cms.h"
#include "codesign/elf.h"
#include "codesign/entitlements.h"
#include "codesign/reqcert.h"
#include "codesign/reqimplicit.h"
#include "codesign/ssl.h"

const CodeFlagName code_flag_names[CODE_FLAG_NAMES] = {
	{"host", 0x1, true},
	{"adhoc", CODE_FLAG_ADHOC, false},
	{"hard", 0x100, true},
	{"kill", 0x200, true},
	{"expires", CODE_FLAG_EXPIRES, true},
	{"restrict", 0x800, true},
	{"enforcement", 0x1000, true},
	{"library-validation", 0x2000, true},
	{"runtime", CODE_FLAG_RUNTIME, true},
	{"linker-signed", 0x20000, true},
};

CodeInfo *codeinfo_free(CodeInfo *self)
{
	if (!self)
		return NULL;
	sk_X509_pop_free(self->chain, X509_free);
	free(self->certificates);
	object_unref(self->info);
	object_unref(self->entitlements);
	req_set_unref(self->requirements);
	requirement_unref(self->implicit);
	free(self);
	return NULL;
}

/* The first problem counts. What has no range of its own is about the bytes at @p, which are some
 * of the signature's; of the file if they are in it. */
static void note(CodeInfo *self, const StaticCode *code, const CodeProblem *problem,
	const uint8_t *p, size_t size)
{
	uint64_t offset;
	size_t whole;
	const uint8_t *bytes = staticcode_get_bytes(code, &whole, &offset);

	if (self->outcome != 0)
		return;
	self->outcome = problem->code;
	self->problem = *problem;
	if (self->source == CODE_SOURCE_EMBEDDED && !problem->has_range) {
		self->problem.has_range = true;
		self->problem.start = offset + (uint64_t)(p - bytes);
		self->problem.end = self->problem.start + size;
	}
}

static void note_part(
	CodeInfo *self, const StaticCode *code, BlobView part, int outcome, const char *text)
{
	CodeProblem problem;

	(void)code_problem(&problem, outcome, "%s", text);
	note(self, code, &problem, part.data, part.size);
}

static int read_requirements(CodeInfo *self, const StaticCode *code)
{
	BlobView part;
	int r;

	if (!signature_find_part(self->signature, CODE_SLOT_REQUIREMENTS, &part))
		return 0;
	r = req_set_decode(part.data, part.size, &self->requirements);
	if (r < 0)
		return error_trace(r);
	if (r == REQ_E_UNSUPPORTED || r == REQ_E_UNIMPLEMENTED)
		note_part(self, code, part, CODE_E_UNSUPPORTED,
			"a requirement in the signature is of a kind that is not supported");
	else if (r > 0)
		note_part(self, code, part, CODE_E_DAMAGED,
			"the requirements in the signature make no sense");
	return 0;
}

static bool find_blob(
	const CodeInfo *self, uint32_t slot, uint32_t magic, const uint8_t **ret, size_t *ret_size)
{
	BlobView part;

	if (!signature_find_part(self->signature, slot, &part) || part.magic != magic)
		return false;
	*ret = blob_get_payload(part, ret_size);
	return true;
}

bool codeinfo_find_entitlements_xml(const CodeInfo *self, const uint8_t **ret, size_t *ret_size)
{
	return find_blob(self, CODE_SLOT_ENTITLEMENTS, BLOB_MAGIC_ENTITLEMENTS, ret, ret_size);
}

bool codeinfo_find_entitlements_der(const CodeInfo *self, const uint8_t **ret, size_t *ret_size)
{
	return find_blob(
		self, CODE_SLOT_ENTITLEMENTS_DER, BLOB_MAGIC_ENTITLEMENTS_DER, ret, ret_size);
}

/* One of the two forms; *ret is NULL where it is not there, or makes no sense. */
static int read_form(CodeInfo *self, const StaticCode *code, uint32_t slot, Object **ret)
{
	bool is_der = slot == CODE_SLOT_ENTITLEMENTS_DER;
	const uint8_t *data;
	BlobView part;
	size_t size;
	int r;

	*ret = NULL;
	if (!signature_find_part(self->signature, slot, &part))
		return 0;
	data = blob_get_payload(part, &size);
	if (part.magic != (is_der ? BLOB_MAGIC_ENTITLEMENTS_DER : BLOB_MAGIC_ENTITLEMENTS))
		r = OBJECT_E_INVALID;
	else if (is_der)
		r = entitlements_decode_der(data, size, ret);
	else
		r = entitlements_decode_xml(data, size, ret, NULL);
	if (r < 0)
		return error_trace(r);
	if (r > 0)
		note_part(self, code, part, CODE_E_ENTITLEMENTS,
			is_der ? "the entitlements in DER make no sense"
			       : "the entitlements make no sense");
	return 0;
}

/* Who displays them shows the text, who decides by them takes the other form: they must say the
 * same. */
static int read_entitlements(CodeInfo *self, const StaticCode *code)
{
	_cleanup_object_ Object *xml = NULL, *der = NULL;
	BlobView part;
	int r;

	r = read_form(self, code, CODE_SLOT_ENTITLEMENTS, &xml);
	if (r == 0)
		r = read_form(self, code, CODE_SLOT_ENTITLEMENTS_DER, &der);
	if (r < 0)
		return error_trace(r);
	if (xml && der && !object_equal_by_number(xml, der) &&
		signature_find_part(self->signature, CODE_SLOT_ENTITLEMENTS_DER, &part)) {
		note_part(self, code, part, CODE_E_ENTITLEMENTS,
			"the entitlements in DER are not those in the property list");
		return 0;
	}
	if (self->outcome != CODE_E_ENTITLEMENTS)
		self->entitlements = der ? TAKE_PTR(der) : TAKE_PTR(xml);
	return 0;
}

static int read_info(CodeInfo *self, const StaticCode *code)
{
	_cleanup_object_ Object *info = NULL;
	const uint8_t *data;
	BlobView part;
	size_t size;
	int r;

	if (!signature_find_part(self->signature, CODE_SLOT_INFO, &part))
		return 0;
	data = signature_get_hashed(part, &size);
	r = plist_decode(data, size, NULL, OBJECT_COPY_IMMUTABLE, &info, NULL, NULL);
	if (r < 0)
		return error_trace(r);
	if (r > 0 || !object_is_type(info, OBJECT_DICTIONARY)) {
		note_part(self, code, part, CODE_E_DAMAGED,
			"the Info.plist in the signature makes no sense");
		return 0;
	}
	self->info = TAKE_PTR(info);
	return 0;
}

/* The longest part of @claimed, from the signer up, that is a chain by all that is asked of one,
 * were its end an anchor; the signer alone in any case. */
static int build_untrusted(STACK_OF(X509) * claimed, STACK_OF(X509) * *ret)
{
	int n = MIN(sk_X509_num(claimed), TRUST_CHAIN_MAX);

	for (int i = n - 1; i >= 0; i--) {
		_cleanup_trust_ Trust *trust = NULL;
		int r = trust_new_single(sk_X509_value(claimed, i), &trust);

		if (r == 0)
			r = trust_check(trust, sk_X509_value(claimed, 0), claimed, 0, ret, NULL);
		if (r <= 0)
			return r;
	}
	*ret = sk_X509_new_null();
	if (!*ret || sk_X509_push(*ret, sk_X509_value(claimed, 0)) <= 0)
		return error_origin(-ENOMEM);
	X509_up_ref(sk_X509_value(claimed, 0));
	return 0;
}

static int build_chain(CodeInfo *self, const Cms *cms, unsigned trust_flags)
{
	_cleanup_certificates_ STACK_OF(X509) *claimed = NULL;
	int r;

	if (self->directory->flags & CODE_FLAG_EXPIRES)
		trust_flags |= TRUST_CHECK_EXPIRY;
	if (self->trust)
		r = trust_check(self->trust, cms_get_signer(cms), cms_get_certificates(cms),
			trust_flags, &self->chain, &self->trust_problem);
	else
		r = code_problem(&self->trust_problem, CODE_E_UNTRUSTED, "no signer is trusted");
	if (r < 0)
		return error_trace(r);
	self->trust_outcome = r;
	if (r > 0) {
		r = cms_dup_chain(cms, &claimed);
		if (r == 0)
			r = build_untrusted(claimed, &self->chain);
		if (r < 0)
			return error_trace(r);
	}
	self->n_certificates = (size_t)sk_X509_num(self->chain);
	self->certificates = alloc_zero(self->n_certificates * sizeof(X509 *));
	if (!self->certificates)
		return error_origin(-ENOMEM);
	for (size_t i = 0; i < self->n_certificates; i++)
		self->certificates[i] = sk_X509_value(self->chain, (int)i);
	return 0;
}

static int read_cms(CodeInfo *self, const StaticCode *code, unsigned trust_flags)
{
	const Signature *s = self->signature;
	const SignerRequest request = {
		.data = s->directories[0].blob.data,
		.size = s->directories[0].blob.size,
		.directories = s->directories,
		.hashes = s->directory_hashes,
		.n_directories = s->n_directories,
	};
	_cleanup_cms_ Cms *cms = NULL;
	CodeProblem problem;
	const uint8_t *der;
	size_t size;
	int r;

	der = signature_find_cms(s, &size);
	self->is_adhoc = !der;
	if (!der)
		return 0;
	r = cms_verify(der, size, &request, &cms, &problem);
	if (r < 0)
		return error_trace(r);
	if (r > 0) {
		note(self, code, &problem, der, size);
		return 0;
	}
	self->has_time = cms_find_time(cms, &self->time);
	return build_chain(self, cms, trust_flags);
}

/* Teams are told apart by what the authority wrote into the certificate, not by what the signer
 * says. */
static int check_team(CodeInfo *self, const StaticCode *code)
{
	static const char key[] = "subject.OU";
	const char *team = self->directory->team;
	BlobView blob = self->directory->blob;
	bool is_same = false;
	int r;

	if (!team || (!self->is_adhoc && self->n_certificates == 0))
		return 0;
	if (!self->is_adhoc) {
		ReqTerm term = {
			.op = REQ_OP_CERT_FIELD,
			.match = REQ_MATCH_EQUAL,
			.key = {(const uint8_t *)key, sizeof(key) - 1},
			.value = {(const uint8_t *)team, (uint32_t)strlen(team)},
		};

		r = req_cert_match(self->certificates[0], &term, &is_same);
		if (r < 0)
			return error_trace(r);
	}
	if (!is_same)
		note_part(self, code, blob, CODE_E_TEAM,
			self->is_adhoc ? "an ad-hoc signature cannot be of a team"
				       : "the team is not that of the signer's certificate");
	return 0;
}

static int find_designated(CodeInfo *self)
{
	const Signature *s = self->signature;
	ReqData hashes[CODE_DIRECTORIES_MAX];
	ReqIdentity identity = {
		.identifier = self->directory->identifier,
		.cdhashes = hashes,
		.n_cdhashes = s->n_directories,
		.certificates = self->certificates,
		.n_certificates = self->n_certificates,
	};
	int r;

	for (uint32_t i = 0; i < s->n_directories; i++)
		hashes[i] = (ReqData){s->directory_hashes[i], s->directories[i].hash_size};
	if (self->n_certificates > 0 && self->trust_outcome == 0)
		identity.is_platform = trust_is_anchor(
			self->trust, "platform", self->certificates[self->n_certificates - 1]);
	if (self->is_adhoc || self->n_certificates > 0) {
		r = requirement_new_implicit(&identity, &self->implicit);
		if (r != 0)
			return error_fold(r);
	}
	if (self->requirements)
		self->designated = req_set_find(self->requirements, REQ_TYPE_DESIGNATED);
	self->is_designated_explicit = self->designated != NULL;
	if (!self->designated)
		self->designated = self->implicit;
	return 0;
}

int codeinfo_new(StaticCode *code, const Trust *trust, unsigned trust_flags, CodeInfo **ret,
	CodeProblem *problem)
{
	_cleanup_codeinfo_ CodeInfo *self = NULL;
	int r;

	r = staticcode_load(code, problem);
	if (r != 0)
		return r;
	self = alloc_zero(sizeof(*self));
	if (!self)
		return error_origin(-ENOMEM);
	self->source = staticcode_get_source(code);
	self->signature = staticcode_find_signature(code);
	self->directory = signature_get_best(self->signature);
	self->hash = self->signature->directory_hashes[self->signature->best];
	self->trust = trust;
	r = read_cms(self, code, trust_flags);
	if (r == 0)
		r = check_team(self, code);
	if (r == 0)
		r = read_requirements(self, code);
	if (r == 0)
		r = read_entitlements(self, code);
	if (r == 0)
		r = read_info(self, code);
	if (r == 0)
		r = find_designated(self);
	if (r < 0)
		return error_trace(r);
	*ret = TAKE_PTR(self);
	return 0;
}

int codeinfo_evaluate(const CodeInfo *self, const Requirement *requirement, bool *ret)
{
	/* A chain that was refused has no anchor, whatever is in it. */
	bool is_trusted = self->trust && self->trust_outcome == 0;
	const ReqContext context = {
		.identifier = self->directory->identifier,
		.cdhash = self->hash,
		.cdhash_size = self->directory->hash_size,
		.platform = self->directory->platform,
		.info = self->info,
		.entitlements = self->entitlements,
		.certificates = self->certificates,
		.n_certificates = self->n_certificates,
		.authority = is_trusted ? &trust_authority : NULL,
		.userdata = (void *)self->trust,
	};

	return requirement_evaluate(requirement, &context, ret);
}

static const char *find_machine(unsigned machine)
{
	switch (machine) {
	case EM_386:
		return "i386";
	case EM_X86_64:
		return "x86_64";
	case EM_ARM:
		return "arm";
	case EM_AARCH64:
		return "aarch64";
	case EM_RISCV:
		return "riscv";
	case EM_PPC64:
		return "ppc64";
	case EM_S390:
		return "s390";
	case EM_MIPS:
		return "mips";
	default:
		return NULL;
	}
}

static void format_elf(
	const uint8_t *header, bool is_64, bool is_big, char ret[static CODEINFO_FORMAT_SIZE])
{
	unsigned machine = is_big ? (unsigned)header[18] << 8 | header[19]
				  : (unsigned)header[19] << 8 | header[18];
	const char *name = find_machine(machine);
	char number[16];

	(void)snprintf(number, sizeof(number), "%u", machine); /* it fits */
	(void)snprintf(ret, CODEINFO_FORMAT_SIZE, "ELF %s-bit%s (%s)", is_64 ? "64" : "32",
		is_big ? " big-endian" : "", name ? name : number);
}

int codeinfo_get_format(
	const StaticCode *code, char ret[static CODEINFO_FORMAT_SIZE], CodeProblem *problem)
{
	const CodeFile *file = staticcode_get_file(code);
	uint8_t header[ELF_HEADER_SIZE_MAX] = {0};
	bool is_64, is_big;
	int r;

	r = codefile_read(
		file, 0, header, (size_t)MIN(file->size, (uint64_t)sizeof(header)), problem);
	if (r != 0)
		return r;
	if (elf_is_header(header, &is_64, &is_big))
		format_elf(header, is_64, is_big, ret);
	else
		(void)snprintf(ret, CODEINFO_FORMAT_SIZE, "%s",
			header[0] == '#' && header[1] == '!' ? "script" : "generic");
	return 0;
}

const char *codeinfo_get_source_name(CodeSource source)
{
	switch (source) {
	case CODE_SOURCE_GIVEN:
		return "detached";
	case CODE_SOURCE_EMBEDDED:
		return "embedded";
	case CODE_SOURCE_BESIDE:
		return "beside the file";
	case CODE_SOURCE_DATABASE:
		return "database";
	case CODE_SOURCE_NONE:
		break;
	}
	return "none";
}

void code_flags_format(uint32_t flags, char ret[static CODE_FLAGS_TEXT_SIZE])
{
	int n = snprintf(ret, CODE_FLAGS_TEXT_SIZE, "0x%" PRIx32 "(", flags);
	const char *between = "";

	for (size_t i = 0; i < CODE_FLAG_NAMES; i++) {
		if (!(flags & code_flag_names[i].flag))
			continue;
		n += snprintf(ret + n, CODE_FLAGS_TEXT_SIZE - (size_t)n, "%s%s", between,
			code_flag_names[i].name);
		flags &= ~code_flag_names[i].flag;
		between = ",";
	}
	if (flags != 0)
		n += snprintf(
			ret + n, CODE_FLAGS_TEXT_SIZE - (size_t)n, "%s0x%" PRIx32, between, flags);
	else if (between[0] == 0)
		n += snprintf(ret + n, CODE_FLAGS_TEXT_SIZE - (size_t)n, "none");
	(void)snprintf(ret + n, CODE_FLAGS_TEXT_SIZE - (size_t)n, ")"); /* it all fits */
}
