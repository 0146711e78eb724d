/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <Security/SecStaticCode.h>: the objects. What they are asked is in api_codeinfo.c and
 * api_validity.c.
 */
#include <Security/SecCodePriv.h>
#include <Security/SecStaticCode.h>
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "codesign/api_code.h"
#include "object/data.h"
#include "object/dictionary.h"

static void code_deinit(Object *object)
{
	CodeObject *self = (CodeObject *)(void *)object;

	staticcode_free(self->opened);
	staticcode_free(self->given);
	pthread_mutex_destroy(&self->lock);
}

static int code_describe(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	/* The path does not change. */
	const CodeObject *self = (const CodeObject *)(const void *)object;
	const char *path = staticcode_find_path(self->opened);
	int r;

	(void)walk;
	r = bytes_put_blob(text, "<SecStaticCode ", 15);
	if (r == 0)
		r = object_describe_text(text, path ? path : "", path ? strlen(path) : 0);
	return r ? r : bytes_put_u8(text, '>');
}

const ObjectClass code_class = {
	.name = "SecStaticCode",
	.type = OBJECT_OTHER,
	.size = sizeof(CodeObject),
	.deinit = code_deinit,
	.describe = code_describe,
};

CodeObject *sec_code_lock(SecStaticCodeRef code)
{
	CodeObject *self = (CodeObject *)(void *)cf_object(code);

	pthread_mutex_lock(&self->lock);
	return self;
}

void sec_code_unlockp(CodeObject **p)
{
	if (*p)
		pthread_mutex_unlock(&(*p)->lock);
}

OSStatus sec_status_of_code(int r)
{
	static const OSStatus statuses[_CODE_E_N] = {
		[CODE_E_NOT_FOUND] = errSecCSStaticCodeNotFound,
		[CODE_E_ACCESS] = errSecCSSignatureNotVerifiable,
		[CODE_E_NOT_REGULAR] = errSecCSBadObjectFormat,
		[CODE_E_UNSIGNED] = errSecCSUnsigned,
		[CODE_E_MODIFIED] = errSecCSSignatureFailed,
		[CODE_E_DAMAGED] = errSecCSSignatureInvalid,
		[CODE_E_UNSUPPORTED] = errSecCSSignatureUnsupported,
		[CODE_E_COMPONENT] = errSecCSSignatureFailed,
		[CODE_E_CHANGED] = errSecCSStaticCodeChanged,
		[CODE_E_TOO_BIG] = errSecCSTooBig,
		[CODE_E_FORMAT] = errSecCSBadObjectFormat,
		[CODE_E_DATABASE] = errSecCSSigDBAccess,
		[CODE_E_REFUSED] = errSecCSCancelled,
		[CODE_E_CMS] = errSecCSSignatureFailed,
		[CODE_E_UNTRUSTED] = errSecCSSignatureUntrusted,
		[CODE_E_EXPIRED] = errSecCertificateExpired,
		[CODE_E_REVOKED] = errSecCertificateRevoked,
		[CODE_E_ANCHORS] = errSecCSDbCorrupt,
		[CODE_E_REQUIREMENT] = errSecCSReqFailed,
		[CODE_E_ENTITLEMENTS] = errSecCSInvalidEntitlements,
		[CODE_E_TEAM] = errSecCSBadTeamIdentifier,
	};

	if (r > 0 && r < _CODE_E_N && statuses[r] != errSecSuccess)
		return statuses[r];
	return r > 0 ? errSecCSInternalError : sec_status_of_errno(r);
}

int sec_code_load_trust(StaticCode *code, Trust **ret, CodeProblem *problem)
{
	size_t size;
	int r;

	r = staticcode_load(code, problem);
	if (r != 0)
		return r;
	if (!signature_find_cms(staticcode_find_signature(code), &size)) {
		*ret = NULL;
		return 0;
	}
	r = trust_new_default(ret, problem);
	if (r <= 0)
		return r;
	/* Whatever is wrong there is not wrong with the code. */
	if (problem)
		problem->code = CODE_E_ANCHORS;
	return CODE_E_ANCHORS;
}

CFURLRef sec_code_copy_url(const CodeObject *self)
{
	const char *path = staticcode_find_path(self->opened);

	return CFURLCreateFromFileSystemRepresentation(
		NULL, (const UInt8 *)path, (CFIndex)strlen(path), false);
}

_public_ CFTypeID SecStaticCodeGetTypeID(void)
{
	return object_class_id(&code_class);
}

static OSStatus create(const char *path, SecStaticCodeRef *ret)
{
	_cleanup_staticcode_ StaticCode *code = NULL;
	Object *object;
	int r;

	r = staticcode_new(path, &code, NULL);
	if (r == 0)
		r = object_new(&code_class, false, &object);
	if (r != 0)
		return sec_status_of_code(r);
	((CodeObject *)(void *)object)->opened = TAKE_PTR(code);
	pthread_mutex_init(&((CodeObject *)(void *)object)->lock, NULL);
	*ret = (SecStaticCodeRef)(const void *)object;
	return errSecSuccess;
}

_public_ OSStatus SecStaticCodeCreateWithPathAndAttributes(
	CFURLRef path, SecCSFlags flags, CFDictionaryRef attributes, SecStaticCodeRef *staticCode)
{
	UInt8 name[PATH_MAX];

	SEC_CHECK_FLAGS(flags, 0);
	SEC_REQUIRE(path);
	SEC_REQUIRE(staticCode);
	if (CFGetTypeID(path) != CFURLGetTypeID())
		return errSecCSInvalidObjectRef;
	if (attributes) {
		SEC_CHECK_TYPE(attributes, OBJECT_DICTIONARY);
		if (object_dictionary_n(cf_object(attributes)) > 0)
			return errSecCSUnsupportedGuestAttributes;
	}
	if (!CFURLGetFileSystemRepresentation(path, true, name, sizeof(name)))
		return errSecCSStaticCodeNotFound;
	return create((const char *)name, staticCode);
}

_public_ OSStatus SecStaticCodeCreateWithPath(
	CFURLRef path, SecCSFlags flags, SecStaticCodeRef *staticCode)
{
	return SecStaticCodeCreateWithPathAndAttributes(path, flags, NULL, staticCode);
}

_public_ OSStatus SecCodeCopyPath(SecStaticCodeRef staticCode, SecCSFlags flags, CFURLRef *path)
{
	CFURLRef url;

	SEC_CHECK_FLAGS(flags, 0);
	SEC_CHECK_CLASS(staticCode, code_class);
	SEC_REQUIRE(path);
	/* Needs no lock: the path does not change. */
	url = sec_code_copy_url((const CodeObject *)(const void *)cf_object(staticCode));
	if (!url)
		return errSecAllocate;
	*path = url;
	return errSecSuccess;
}

_public_ OSStatus SecCodeSetDetachedSignature(
	SecStaticCodeRef code, CFDataRef signature, SecCSFlags flags)
{
	_cleanup_code_lock_ CodeObject *self = NULL;
	_cleanup_staticcode_ StaticCode *given = NULL;
	int r = 0;

	SEC_CHECK_FLAGS(flags, 0);
	SEC_CHECK_CLASS(code, code_class);
	if (signature)
		SEC_CHECK_TYPE(signature, OBJECT_DATA);
	self = sec_code_lock(code);
	if (signature) {
		r = staticcode_new_fd(staticcode_get_file(self->opened)->fd, &given, NULL);
		if (r == 0)
			r = staticcode_set_signature(given, object_data_get(cf_object(signature)),
				object_data_size(cf_object(signature)), NULL);
	}
	if (r != 0)
		return sec_status_of_code(r);
	staticcode_free(self->given);
	self->given = TAKE_PTR(given);
	return errSecSuccess;
}

static bool is_sealed_hash(const Signature *signature, uint32_t slot, const Object *hash)
{
	const CodeDirectory *directory = signature_get_best(signature);
	const uint8_t *sealed = codedir_find_special_hash(directory, slot);

	return sealed && object_data_size(hash) == directory->hash_size &&
	       memcmp(object_data_get(hash), sealed, directory->hash_size) == 0;
}

_public_ CFDataRef SecCodeCopyComponent(SecStaticCodeRef code, int slot, CFDataRef hash)
{
	_cleanup_code_lock_ CodeObject *self = NULL;
	const Signature *signature;
	const uint8_t *data;
	Object *ret = NULL;
	BlobView part;
	size_t size;

	if (!code || !object_is(cf_object(code), &code_class) || slot <= 0 ||
		(hash && !object_is_type(cf_object(hash), OBJECT_DATA)))
		return NULL;
	self = sec_code_lock(code);
	if (staticcode_load(sec_code_get(self), NULL) != 0)
		return NULL;
	signature = staticcode_find_signature(sec_code_get(self));
	if (!signature_find_part(signature, (uint32_t)slot, &part) ||
		(hash && !is_sealed_hash(signature, (uint32_t)slot, cf_object(hash))))
		return NULL;
	data = signature_get_hashed(part, &size);
	return object_data_new(data, size, &ret) == 0 ? (CFDataRef)ret : NULL;
}
