/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <Security/SecRequirement.h>, and of <Security/SecRequirementPriv.h> what is about one requirement. A
 * SecRequirementRef is the address of a Requirement.
 */
#include <Security/SecRequirementPriv.h>
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "codesign/api_requirement.h"
#include "codesign/api_sec.h"
#include "codesign/certificate.h"
#include "codesign/reqeval.h"
#include "codesign/reqfile.h"
#include "codesign/trust.h"
#include "object/array.h"
#include "object/data.h"
#include "object/dictionary.h"
#include "object/text.h"

#define KEY(name, text)                                                                            \
	static OBJECT_STRING_STATIC(name##_text, text);                                            \
	_public_ const CFStringRef name = (CFStringRef)&name##_text.object

KEY(kSecRequirementKeyInfoPlist, "requirement:eval:info");
KEY(kSecRequirementKeyEntitlements, "requirement:eval:entitlements");
KEY(kSecRequirementKeyIdentifier, "requirement:eval:identifier");
KEY(kSecRequirementKeyPackageChecksum, "requirement:eval:package_checksum");
KEY(kSecRequirementKeyChecksumAlgorithm, "requirement:eval:package_checksum_algorithm");
KEY(kSecRequirementKeySecureTimestamp, "requirement:eval:secure_timestamp");
KEY(kSecRequirementKeyTeamIdentifier, "requirement:eval:team_identifier");

static const Requirement *as_requirement(SecRequirementRef requirement)
{
	return (const Requirement *)(const void *)requirement;
}

static SecRequirementRef as_ref_take(Requirement *requirement)
{
	return (SecRequirementRef)(void *)requirement;
}

_public_ CFTypeID SecRequirementGetTypeID(void)
{
	return object_class_id(&requirement_class);
}

_public_ OSStatus SecRequirementCreateWithData(
	CFDataRef data, SecCSFlags flags, SecRequirementRef *requirement)
{
	Requirement *ret;
	int r;

	SEC_CHECK_FLAGS(flags, 0);
	SEC_CHECK_TYPE(data, OBJECT_DATA);
	SEC_REQUIRE(requirement);
	r = requirement_decode(
		object_data_get(cf_object(data)), object_data_size(cf_object(data)), &ret);
	if (r)
		return sec_status_of_requirement(r);
	*requirement = as_ref_take(ret);
	return errSecSuccess;
}

/* A CFError with all that the diag has; without memory there is none. */
static OSStatus tell_errors(ReqDiag *diag, CFErrorRef *errors)
{
	_cleanup_object_ Object *text = NULL;
	const CFStringRef keys[] = {kSecCFErrorRequirementSyntax};

	if (!errors || object_string_new_z(req_diag_get(diag), &text) != 0)
		return errSecCSReqInvalid;
	*errors = CFErrorCreateWithUserInfoKeysAndValues(NULL, kCFErrorDomainOSStatus,
		errSecCSReqInvalid, (const void *const *)keys, (const void *const *)&text, 1);
	return errSecCSReqInvalid;
}

OSStatus sec_requirement_parse(
	CFStringRef text, ReqParseWhat what, CFErrorRef *errors, ReqParsed *ret)
{
	ReqParseOptions options = {what, req_file_hash_certificate};
	_cleanup_req_diag_ ReqDiag diag;
	int r;

	req_diag_init(&diag);
	r = req_parse(object_string_get(cf_object(text)), object_string_size(cf_object(text)),
		&options, &diag, ret);
	return r > 0 ? tell_errors(&diag, errors) : sec_status_of_requirement(r);
}

_public_ OSStatus SecRequirementCreateWithStringAndErrors(
	CFStringRef text, SecCSFlags flags, CFErrorRef *errors, SecRequirementRef *requirement)
{
	ReqParsed parsed;
	OSStatus status;

	SEC_CHECK_FLAGS(flags, 0);
	SEC_CHECK_TYPE(text, OBJECT_STRING);
	SEC_REQUIRE(requirement);
	status = sec_requirement_parse(text, REQ_PARSE_REQUIREMENT, errors, &parsed);
	if (status == errSecSuccess)
		*requirement = as_ref_take(parsed.requirement);
	return status;
}

_public_ OSStatus SecRequirementCreateWithString(
	CFStringRef text, SecCSFlags flags, SecRequirementRef *requirement)
{
	return SecRequirementCreateWithStringAndErrors(text, flags, NULL, requirement);
}

_public_ OSStatus SecRequirementCopyData(
	SecRequirementRef requirement, SecCSFlags flags, CFDataRef *data)
{
	BlobView blob;
	Object *ret;
	int r;

	SEC_CHECK_FLAGS(flags, 0);
	SEC_CHECK_CLASS(requirement, requirement_class);
	SEC_REQUIRE(data);
	blob = requirement_get_blob(as_requirement(requirement));
	r = object_data_new(blob.data, blob.size, &ret);
	if (r)
		return sec_status_of_errno(r);
	*data = (CFDataRef)ret;
	return errSecSuccess;
}

OSStatus sec_string_of(const char *text, CFStringRef *ret)
{
	Object *string;
	int r = object_string_new_z(text, &string);

	if (r)
		return sec_status_of_errno(r);
	*ret = (CFStringRef)string;
	return errSecSuccess;
}

_public_ OSStatus SecRequirementCopyString(
	SecRequirementRef requirement, SecCSFlags flags, CFStringRef *text)
{
	_cleanup_free_ char *formatted = NULL;
	int r;

	SEC_CHECK_FLAGS(flags, 0);
	SEC_CHECK_CLASS(requirement, requirement_class);
	SEC_REQUIRE(text);
	r = requirement_format(as_requirement(requirement), &formatted);
	return r ? sec_status_of_errno(r) : sec_string_of(formatted, text);
}

_public_ OSStatus SecRequirementCreateWithResource(
	CFURLRef resource, SecCSFlags flags, SecRequirementRef *requirement)
{
	_cleanup_free_ uint8_t *data = NULL;
	UInt8 path[PATH_MAX];
	Requirement *ret;
	const char *why;
	size_t size;
	int r;

	SEC_CHECK_FLAGS(flags, 0);
	SEC_REQUIRE(resource);
	SEC_REQUIRE(requirement);
	if (CFGetTypeID(resource) != CFURLGetTypeID())
		return errSecCSInvalidObjectRef;
	if (!CFURLGetFileSystemRepresentation(resource, true, path, sizeof(path)))
		return errSecIO;
	r = req_file_read((const char *)path, REQ_BLOB_MAX, &data, &size, &why);
	if (r)
		return r > 0 ? errSecIO : sec_status_of_errno(r);
	r = requirement_decode(data, size, &ret);
	if (r)
		return sec_status_of_requirement(r);
	*requirement = as_ref_take(ret);
	return errSecSuccess;
}

/* info[Application-Group] is the name, in its older form as the lineage has it, and whose root it is. */
static int make_group(const Object *name, const Object *anchor, Requirement **ret)
{
	static const char key[] = "Application-Group";
	_cleanup_req_ast_ ReqAst ast = REQ_AST_INIT;
	unsigned char hash[EVP_MAX_MD_SIZE];
	ReqTerm both = {.op = REQ_OP_AND}, root = {.op = REQ_OP_APPLE_ANCHOR},
		group = {
			.op = REQ_OP_INFO_VALUE,
			.key = {(const uint8_t *)key, sizeof(key) - 1},
			.value = {(const uint8_t *)object_string_get(name), 0},
		};
	uint32_t left, right, top;
	unsigned n;
	int r;

	if (object_string_size(name) > REQ_BLOB_MAX)
		return REQ_E_LIMIT;
	group.value.n = (uint32_t)object_string_size(name);
	if (anchor) {
		if (X509_digest(certificate_get_x509(anchor), EVP_sha256(), hash, &n) != 1)
			return -ENOMEM;
		root = (ReqTerm){.op = REQ_OP_ANCHOR_HASH, .slot = REQ_SLOT_ROOT, .key = {hash, n}};
	}
	r = req_ast_add(&ast, &group, REQ_NODE_NONE, REQ_NODE_NONE, &left);
	if (r == 0)
		r = req_ast_add(&ast, &root, REQ_NODE_NONE, REQ_NODE_NONE, &right);
	if (r == 0)
		r = req_ast_add(&ast, &both, left, right, &top);
	return r ? r : req_ast_compile(&ast, top, ret);
}

_public_ OSStatus SecRequirementCreateGroup(CFStringRef groupName, SecCertificateRef anchor,
	SecCSFlags flags, SecRequirementRef *requirement)
{
	Requirement *ret;
	int r;

	SEC_CHECK_FLAGS(flags, 0);
	SEC_CHECK_TYPE(groupName, OBJECT_STRING);
	if (anchor)
		SEC_CHECK_CLASS(anchor, certificate_class);
	SEC_REQUIRE(requirement);
	r = make_group(cf_object(groupName), cf_object(anchor), &ret);
	if (r)
		return sec_status_of_requirement(r);
	*requirement = as_ref_take(ret);
	return errSecSuccess;
}

/* The value at @key, which is of this type if it is there. False: it is not. */
static bool get_context(const Object *context, CFStringRef key, ObjectType type, const Object **ret)
{
	const Object *value = context ? object_dictionary_find(context, cf_object(key)) : NULL;

	*ret = value;
	return !value || object_type(value) == type;
}

static bool fill_context(const Object *context, ReqContext *c)
{
	const Object *identifier, *other;

	if (!get_context(context, kSecRequirementKeyInfoPlist, OBJECT_DICTIONARY, &c->info) ||
		!get_context(context, kSecRequirementKeyEntitlements, OBJECT_DICTIONARY,
			&c->entitlements) ||
		!get_context(context, kSecRequirementKeyIdentifier, OBJECT_STRING, &identifier))
		return false;
	if (identifier)
		c->identifier = object_string_get(identifier);
	/* Nothing asks for these, but they may be given. */
	return get_context(context, kSecRequirementKeyPackageChecksum, OBJECT_DATA, &other) &&
	       get_context(context, kSecRequirementKeySecureTimestamp, OBJECT_DATE, &other) &&
	       get_context(context, kSecRequirementKeyTeamIdentifier, OBJECT_STRING, &other);
}

/* Whom to trust: read when it is first asked for, which most requirements do not. */
typedef struct LazyTrust {
	Trust *trust; /* owned */
	int r; /* what reading them returned */
} LazyTrust;

static void lazy_trust_deinit(LazyTrust *self)
{
	trust_free(self->trust);
}

static int lazy_trust_ask(void *userdata, ReqAnchor kind, ReqData name, X509 *const *certificates,
	size_t n, X509 *certificate, bool *ret)
{
	LazyTrust *self = userdata;

	if (!self->trust && self->r == 0)
		self->r = trust_new_default(&self->trust, NULL);
	if (self->r != 0)
		return self->r < 0 ? self->r : error_origin(-EIO);
	return trust_authority.is_anchor(
		self->trust, kind, name, certificates, n, certificate, ret);
}

static const ReqAuthority lazy_authority = {.is_anchor = lazy_trust_ask};

static OSStatus evaluate(
	const Requirement *requirement, const Object *chain, const ReqContext *known)
{
	_cleanup_(lazy_trust_deinit) LazyTrust trust = {0};
	size_t n = chain ? object_array_n(chain) : 0;
	_cleanup_free_ X509 **certificates = calloc(n + 1, sizeof(X509 *));
	ReqContext c = *known;
	bool holds;
	int r;

	if (!certificates)
		return errSecAllocate;
	for (size_t i = 0; i < n; i++) {
		const Object *certificate = object_array_get(chain, i);

		if (!object_is(certificate, &certificate_class))
			return errSecCSInvalidAttributeValues;
		certificates[i] = certificate_get_x509(certificate);
	}
	c.certificates = certificates;
	c.n_certificates = n;
	c.authority = &lazy_authority;
	c.userdata = &trust;
	r = requirement_evaluate(requirement, &c, &holds);
	if (trust.r > 0)
		return errSecCSDbCorrupt;
	if (r)
		return sec_status_of_errno(r);
	return holds ? errSecSuccess : errSecCSReqFailed;
}

_public_ OSStatus SecRequirementEvaluate(SecRequirementRef requirement, CFArrayRef certificateChain,
	CFDictionaryRef context, SecCSFlags flags)
{
	ReqContext c = {0};

	SEC_CHECK_FLAGS(flags, 0);
	SEC_CHECK_CLASS(requirement, requirement_class);
	if (certificateChain)
		SEC_CHECK_TYPE(certificateChain, OBJECT_ARRAY);
	if (context)
		SEC_CHECK_TYPE(context, OBJECT_DICTIONARY);
	if (!fill_context(cf_object(context), &c))
		return errSecCSInvalidAttributeValues;
	return evaluate(as_requirement(requirement), cf_object(certificateChain), &c);
}
