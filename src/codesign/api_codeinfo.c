/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <Security/SecCode.h>: what code says of itself.
 */
#include <CoreFoundation/CoreFoundation.h>
#include <Security/SecCodePriv.h>

#include "base/error.h"
#include "codesign/api_code.h"
#include "codesign/certificate.h"
#include "codesign/reqtime.h"
#include "object/array.h"
#include "object/data.h"
#include "object/dictionary.h"
#include "object/scalar.h"
#include "object/text.h"

#define NS_PER_S INT64_C(1000000000)
#define INFORMATION_FLAGS                                                                          \
	(kSecCSInternalInformation | kSecCSSigningInformation | kSecCSRequirementInformation |     \
		kSecCSDynamicInformation | kSecCSContentInformation |                              \
		kSecCSSkipResourceDirectory | kSecCSCalculateCMSDigest)

#define KEY(name, text)                                                                            \
	static OBJECT_STRING_STATIC(name##_text, text);                                            \
	_public_ const CFStringRef name = (CFStringRef)&name##_text.object

KEY(kSecCodeInfoCMS, "cms");
KEY(kSecCodeInfoCdHashes, "cdhashes");
KEY(kSecCodeInfoCdHashesFull, "cdhashes-full");
KEY(kSecCodeInfoCertificates, "certificates");
KEY(kSecCodeInfoChangedFiles, "changed-files");
KEY(kSecCodeInfoCodeDirectory, "CodeDirectory");
KEY(kSecCodeInfoCodeOffset, "CodeOffset");
KEY(kSecCodeInfoDefaultDesignatedLightweightCodeRequirement, "default-designated-lwcr");
KEY(kSecCodeInfoDesignatedRequirement, "designated-requirement");
KEY(kSecCodeInfoDigestAlgorithm, "digest-algorithm");
KEY(kSecCodeInfoDigestAlgorithms, "digest-algorithms");
KEY(kSecCodeInfoDiskRepInfo, "DiskRepInfo");
KEY(kSecCodeInfoEntitlements, "entitlements");
KEY(kSecCodeInfoEntitlementsDER, "entitlements-DER");
KEY(kSecCodeInfoEntitlementsDict, "entitlements-dict");
KEY(kSecCodeInfoFlags, "flags");
KEY(kSecCodeInfoFormat, "format");
KEY(kSecCodeInfoIdentifier, "identifier");
KEY(kSecCodeInfoImplicitDesignatedRequirement, "implicit-requirement");
KEY(kSecCodeInfoMainExecutable, "main-executable");
KEY(kSecCodeInfoPList, "info-plist");
KEY(kSecCodeInfoPlatformIdentifier, "platform-identifier");
KEY(kSecCodeInfoRequirementData, "requirement-data");
KEY(kSecCodeInfoRequirements, "requirements");
KEY(kSecCodeInfoResourceDirectory, "ResourceDirectory");
KEY(kSecCodeInfoRuntimeVersion, "runtime-version");
KEY(kSecCodeInfoSource, "source");
KEY(kSecCodeInfoStapledNotarizationTicket, "stapled-ticket");
KEY(kSecCodeInfoStatus, "status");
KEY(kSecCodeInfoTeamIdentifier, "teamid");
KEY(kSecCodeInfoTime, "signing-time");
KEY(kSecCodeInfoTimestamp, "signing-timestamp");
KEY(kSecCodeInfoTrust, "trust");
KEY(kSecCodeInfoUnique, "unique");

/* The dictionary that is made: the first failure stays, and nothing is added behind it. */
typedef struct Answer {
	Object *dictionary; /* owned */
	int r;
} Answer;

static void answer_deinit(Answer *self)
{
	object_unref(self->dictionary);
}
#define _cleanup_answer_ _cleanup_(answer_deinit)

/* What made @value returned @r. */
static void add_consume(Answer *self, CFStringRef key, int r, Object *value)
{
	if (self->r == 0)
		self->r = r;
	if (self->r == 0)
		self->r = object_dictionary_set(self->dictionary, cf_object(key), value);
	if (r == 0)
		object_unref(value);
}

/* NULL is nothing. */
static void add_object(Answer *self, CFStringRef key, Object *value)
{
	if (value)
		add_consume(self, key, 0, object_ref(value));
}

static void add_data(Answer *self, CFStringRef key, const void *data, size_t size)
{
	Object *value = NULL;
	int r = object_data_new(data, size, &value);

	add_consume(self, key, r, value);
}

static void add_number(Answer *self, CFStringRef key, int64_t number)
{
	Object *value = NULL;
	int r = object_int64_new(number, &value);

	add_consume(self, key, r, value);
}

static void add_string(Answer *self, CFStringRef key, const char *text)
{
	Object *value = NULL;
	int r = object_string_new_z(text, &value);

	add_consume(self, key, r, value);
}

/* A part of the signature as it is, with its header. */
static void add_part(Answer *self, CFStringRef key, const CodeInfo *info, uint32_t slot)
{
	BlobView part;

	if (signature_find_part(info->signature, slot, &part))
		add_data(self, key, part.data, part.size);
}

static void add_url(Answer *self, CFStringRef key, const CodeObject *code)
{
	Object *url = cf_object(sec_code_copy_url(code));

	add_consume(self, key, url ? 0 : -ENOMEM, url);
}

/* Arrays of what there is of each CodeDirectory, and what there is of each kind of hash. */
static int fill_hashes(
	const Signature *signature, Object *cdhashes, Object *algorithms, Object *full)
{
	int r = 0;

	for (uint32_t i = 0; i < signature->n_directories && r == 0; i++) {
		_cleanup_object_ Object *cut = NULL, *whole = NULL, *type = NULL;
		const CodeDirectory *directory = &signature->directories[i];
		const uint8_t *hash = signature->directory_hashes[i];

		r = object_data_new(hash, CODE_CDHASH_SIZE, &cut);
		if (r == 0)
			r = object_data_new(hash, directory->hash_size, &whole);
		if (r == 0)
			r = object_int64_new(directory->hash_type, &type);
		if (r == 0)
			r = object_array_add(cdhashes, cut);
		if (r == 0)
			r = object_array_add(algorithms, type);
		if (r == 0)
			r = object_dictionary_set(full, type, whole);
	}
	return r;
}

static void add_hashes(Answer *self, const CodeInfo *info)
{
	_cleanup_object_ Object *cdhashes = NULL, *algorithms = NULL, *full = NULL;

	if (self->r == 0)
		self->r = object_array_new(&cdhashes);
	if (self->r == 0)
		self->r = object_array_new(&algorithms);
	if (self->r == 0)
		self->r = object_dictionary_new(&full);
	if (self->r == 0)
		self->r = fill_hashes(info->signature, cdhashes, algorithms, full);
	if (self->r != 0)
		return;
	add_object(self, kSecCodeInfoCdHashes, object_freeze(cdhashes));
	add_object(self, kSecCodeInfoDigestAlgorithms, object_freeze(algorithms));
	add_object(self, kSecCodeInfoCdHashesFull, object_freeze(full));
	add_data(self, kSecCodeInfoUnique, info->hash, CODE_CDHASH_SIZE);
	add_number(self, kSecCodeInfoDigestAlgorithm, info->directory->hash_type);
}

static void add_generic(Answer *self, StaticCode *code, const CodeInfo *info)
{
	const CodeDirectory *directory = info->directory;
	char format[CODEINFO_FORMAT_SIZE];

	if (self->r == 0)
		self->r = codeinfo_get_format(code, format, NULL);
	if (self->r != 0)
		return;
	add_string(self, kSecCodeInfoIdentifier, directory->identifier);
	add_number(self, kSecCodeInfoFlags, directory->flags);
	add_string(self, kSecCodeInfoFormat, format);
	add_string(self, kSecCodeInfoSource, codeinfo_get_source_name(info->source));
	add_hashes(self, info);
	if (directory->platform != 0)
		add_number(self, kSecCodeInfoPlatformIdentifier, directory->platform);
	if (directory->runtime != 0)
		add_number(self, kSecCodeInfoRuntimeVersion, directory->runtime);
	if (directory->team)
		add_string(self, kSecCodeInfoTeamIdentifier, directory->team);
	add_object(self, kSecCodeInfoPList, info->info);
}

static void add_certificates(Answer *self, const CodeInfo *info)
{
	_cleanup_object_ Object *chain = NULL;

	if (self->r == 0)
		self->r = object_array_new(&chain);
	for (size_t i = 0; i < info->n_certificates && self->r == 0; i++) {
		_cleanup_object_ Object *certificate = NULL;

		self->r = certificate_new(info->certificates[i], &certificate);
		if (self->r == 0)
			self->r = object_array_add(chain, certificate);
	}
	if (self->r == 0)
		add_object(self, kSecCodeInfoCertificates, object_freeze(chain));
}

static void add_signing(Answer *self, const CodeInfo *info)
{
	size_t size = 0;
	const uint8_t *cms = signature_find_cms(info->signature, &size);
	int64_t time;

	add_data(self, kSecCodeInfoCMS, cms ? (const void *)cms : "", cms ? size : 0);
	if (info->n_certificates > 0)
		add_certificates(self, info);
	/* Dates end in 2262; what is claimed to be later is not told. */
	if (info->has_time && !__builtin_add_overflow(info->time, REQ_TIME_EPOCH, &time) &&
		!__builtin_mul_overflow(time, NS_PER_S, &time)) {
		Object *date = NULL;
		int r = object_date_new(time, &date);

		add_consume(self, kSecCodeInfoTime, r, date);
	}
}

static void add_requirements(Answer *self, const CodeInfo *info)
{
	_cleanup_free_ char *text = NULL;

	if (info->requirements) {
		if (self->r == 0)
			self->r = req_set_format(info->requirements, &text);
		if (self->r != 0)
			return;
		add_string(self, kSecCodeInfoRequirements, text);
		add_part(self, kSecCodeInfoRequirementData, info, CODE_SLOT_REQUIREMENTS);
	}
	add_object(
		self, kSecCodeInfoDesignatedRequirement, requirement_as_object(info->designated));
	add_object(self, kSecCodeInfoImplicitDesignatedRequirement,
		requirement_as_object(info->implicit));
}

static void add_internal(Answer *self, const CodeInfo *info)
{
	add_data(self, kSecCodeInfoCodeDirectory, info->directory->blob.data,
		info->directory->blob.size);
	add_number(self, kSecCodeInfoCodeOffset, 0);
	add_part(self, kSecCodeInfoEntitlementsDER, info, CODE_SLOT_ENTITLEMENTS_DER);
}

/* Signing writes to the file, or makes another one. */
static void add_changed_files(Answer *self, const CodeObject *code, const CodeInfo *info)
{
	_cleanup_object_ Object *files = NULL, *url = NULL;

	if (self->r == 0)
		self->r = object_array_new(&files);
	if (self->r == 0 && info->source == CODE_SOURCE_EMBEDDED) {
		url = cf_object(sec_code_copy_url(code));
		self->r = url ? object_array_add(files, url) : -ENOMEM;
	}
	if (self->r == 0)
		add_object(self, kSecCodeInfoChangedFiles, object_freeze(files));
}

static void add_all(Answer *self, const CodeObject *code, const CodeInfo *info, SecCSFlags flags)
{
	add_generic(self, sec_code_get(code), info);
	if (flags & kSecCSSigningInformation)
		add_signing(self, info);
	if (flags & (kSecCSSigningInformation | kSecCSRequirementInformation)) {
		add_part(self, kSecCodeInfoEntitlements, info, CODE_SLOT_ENTITLEMENTS);
		add_object(self, kSecCodeInfoEntitlementsDict, info->entitlements);
	}
	if (flags & kSecCSRequirementInformation)
		add_requirements(self, info);
	if (flags & kSecCSContentInformation)
		add_changed_files(self, code, info);
	if (flags & kSecCSInternalInformation)
		add_internal(self, info);
}

/* With the lock held. @is_signer_known: whom it is trusted by has been asked, and nothing in it
 * is wrong. */
static int load_info(
	const CodeObject *code, bool is_signer_known, CodeInfo **ret, Trust **ret_trust)
{
	_cleanup_codeinfo_ CodeInfo *info = NULL;
	_cleanup_trust_ Trust *trust = NULL;
	int r = 0;

	if (is_signer_known)
		r = sec_code_load_trust(sec_code_get(code), &trust, NULL);
	if (r == 0)
		r = codeinfo_new(sec_code_get(code), trust, 0, &info, NULL);
	if (r == 0 && is_signer_known)
		r = info->outcome;
	if (r != 0)
		return r;
	*ret_trust = TAKE_PTR(trust);
	*ret = TAKE_PTR(info);
	return 0;
}

_public_ OSStatus SecCodeCopySigningInformation(
	SecStaticCodeRef code, SecCSFlags flags, CFDictionaryRef *information)
{
	_cleanup_code_lock_ CodeObject *self = NULL;
	_cleanup_trust_ Trust *trust = NULL;
	_cleanup_codeinfo_ CodeInfo *info = NULL;
	_cleanup_answer_ Answer answer = {0};
	int r;

	SEC_CHECK_FLAGS(flags, INFORMATION_FLAGS);
	SEC_CHECK_CLASS(code, code_class);
	SEC_REQUIRE(information);
	self = sec_code_lock(code);
	r = load_info(self, flags & (kSecCSSigningInformation | kSecCSRequirementInformation),
		&info, &trust);
	if (r != 0 && r != CODE_E_UNSIGNED)
		return sec_status_of_code(r);
	answer.r = object_dictionary_new(&answer.dictionary);
	add_url(&answer, kSecCodeInfoMainExecutable, self);
	if (info)
		add_all(&answer, self, info, flags);
	if (answer.r != 0)
		return sec_status_of_code(answer.r);
	*information = (CFDictionaryRef)object_freeze(TAKE_PTR(answer.dictionary));
	return errSecSuccess;
}

static Requirement *pick_designated(const CodeInfo *info, SecRequirementType type)
{
	(void)type;
	return info->designated;
}

static Requirement *pick_internal(const CodeInfo *info, SecRequirementType type)
{
	return info->requirements ? req_set_find(info->requirements, type) : NULL;
}

static OSStatus copy_requirement(SecStaticCodeRef code, SecCSFlags flags,
	SecRequirementRef *requirement,
	Requirement *(*pick)(const CodeInfo *info, SecRequirementType type),
	SecRequirementType type)
{
	_cleanup_code_lock_ CodeObject *self = NULL;
	_cleanup_trust_ Trust *trust = NULL;
	_cleanup_codeinfo_ CodeInfo *info = NULL;
	Requirement *picked;
	int r;

	SEC_CHECK_FLAGS(flags, 0);
	SEC_CHECK_CLASS(code, code_class);
	SEC_REQUIRE(requirement);
	self = sec_code_lock(code);
	r = load_info(self, true, &info, &trust);
	if (r != 0)
		return sec_status_of_code(r);
	picked = pick(info, type);
	*requirement = picked ? (SecRequirementRef)(void *)requirement_ref(picked) : NULL;
	return errSecSuccess;
}

_public_ OSStatus SecCodeCopyDesignatedRequirement(
	SecStaticCodeRef code, SecCSFlags flags, SecRequirementRef *requirement)
{
	return copy_requirement(
		code, flags, requirement, pick_designated, kSecDesignatedRequirementType);
}

_public_ OSStatus SecCodeCopyInternalRequirement(SecStaticCodeRef code, SecRequirementType type,
	SecCSFlags flags, SecRequirementRef *requirement)
{
	return copy_requirement(code, flags, requirement, pick_internal, type);
}
