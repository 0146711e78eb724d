/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of <Security/SecRequirementPriv.h> what is about sets of requirements. For its users a set is its binary
 * form, in a CFData; here it is a ReqSet for as long as a call takes.
 */
#include <Security/SecRequirementPriv.h>

#include "codesign/api_requirement.h"
#include "codesign/api_sec.h"
#include "codesign/reqset.h"
#include "object/data.h"
#include "object/dictionary.h"
#include "object/scalar.h"

/* The binary form of a set. */
static OSStatus encode(const ReqSet *set, CFTypeRef *ret)
{
	_cleanup_free_ uint8_t *blob = NULL;
	Object *data;
	size_t size;
	int r = req_set_encode(set, &blob, &size);

	if (r)
		return sec_status_of_requirement(r);
	r = object_data_new(blob, size, &data);
	if (r)
		return sec_status_of_errno(r);
	*ret = data;
	return errSecSuccess;
}

static OSStatus fill_set(ReqSet *set, const Object *requirements)
{
	Object *key, *value;

	for (size_t i = 0; object_dictionary_next(requirements, &i, &key, &value);) {
		uint64_t type;
		int r;

		if (!object_is_number(key) || !object_number_to_uint64(key, &type) ||
			type > UINT32_MAX || !object_is(value, &requirement_class))
			return errSecCSBadDictionaryFormat;
		r = req_set_add(set, (uint32_t)type, (Requirement *)(void *)value);
		if (r)
			return sec_status_of_requirement(r);
	}
	return errSecSuccess;
}

_public_ OSStatus SecRequirementsCreateFromRequirements(
	CFDictionaryRef requirements, SecCSFlags flags, CFDataRef *requirementSet)
{
	_cleanup_req_set_ ReqSet *set = NULL;
	OSStatus status;

	SEC_CHECK_FLAGS(flags, 0);
	SEC_CHECK_TYPE(requirements, OBJECT_DICTIONARY);
	SEC_REQUIRE(requirementSet);
	if (req_set_new(&set) != 0)
		return errSecAllocate;
	status = fill_set(set, cf_object(requirements));
	if (status != errSecSuccess)
		return status;
	return encode(set, (CFTypeRef *)requirementSet);
}

static int fill_dictionary(Object *dictionary, const ReqSet *set)
{
	for (uint32_t i = 0; i < req_set_n(set); i++) {
		_cleanup_object_ Object *key = NULL;
		uint32_t type;
		Requirement *requirement = req_set_get(set, i, &type);
		int r = object_int64_new(type, &key);

		if (r == 0)
			r = object_dictionary_set(
				dictionary, key, requirement_as_object(requirement));
		if (r)
			return r;
	}
	return 0;
}

static int decode(CFDataRef data, ReqSet **ret)
{
	return req_set_decode(
		object_data_get(cf_object(data)), object_data_size(cf_object(data)), ret);
}

_public_ OSStatus SecRequirementsCopyRequirements(
	CFDataRef requirementSet, SecCSFlags flags, CFDictionaryRef *requirements)
{
	_cleanup_req_set_ ReqSet *set = NULL;
	_cleanup_object_ Object *dictionary = NULL;
	int r;

	SEC_CHECK_FLAGS(flags, 0);
	SEC_CHECK_TYPE(requirementSet, OBJECT_DATA);
	SEC_REQUIRE(requirements);
	r = decode(requirementSet, &set);
	if (r)
		return sec_status_of_requirement(r);
	r = object_dictionary_new(&dictionary);
	if (r == 0)
		r = fill_dictionary(dictionary, set);
	if (r)
		return sec_status_of_errno(r);
	*requirements = (CFDictionaryRef)object_freeze(TAKE_PTR(dictionary));
	return errSecSuccess;
}

_public_ OSStatus SecRequirementsCreateWithString(
	CFStringRef text, SecCSFlags flags, CFTypeRef *result, CFErrorRef *errors)
{
	static const ReqParseWhat whats[] = {
		REQ_PARSE_ANY, REQ_PARSE_REQUIREMENT, REQ_PARSE_SET, REQ_PARSE_ANY};
	_cleanup_req_parsed_ ReqParsed parsed = REQ_PARSED_INIT;
	OSStatus status;

	SEC_CHECK_FLAGS(flags, kSecCSParseRequirement | kSecCSParseRequirementSet);
	SEC_CHECK_TYPE(text, OBJECT_STRING);
	SEC_REQUIRE(result);
	status = sec_requirement_parse(text, whats[flags], errors, &parsed);
	if (status != errSecSuccess)
		return status;
	if (parsed.set)
		return encode(parsed.set, result);
	*result = requirement_as_object(TAKE_PTR(parsed.requirement));
	return errSecSuccess;
}

/* Of either kind. */
static int format_data(CFDataRef data, char **ret)
{
	_cleanup_requirement_ Requirement *requirement = NULL;
	_cleanup_req_set_ ReqSet *set = NULL;
	int r = decode(data, &set);

	if (r == 0)
		return req_set_format(set, ret);
	r = requirement_decode(
		object_data_get(cf_object(data)), object_data_size(cf_object(data)), &requirement);
	return r ? r : requirement_format(requirement, ret);
}

_public_ OSStatus SecRequirementsCopyString(CFTypeRef input, SecCSFlags flags, CFStringRef *text)
{
	_cleanup_free_ char *formatted = NULL;
	int r;

	SEC_CHECK_FLAGS(flags, 0);
	SEC_REQUIRE(input);
	SEC_REQUIRE(text);
	if (object_is_type(cf_object(input), OBJECT_DATA))
		r = format_data(input, &formatted);
	else if (object_is(cf_object(input), &requirement_class))
		r = requirement_format((const Requirement *)input, &formatted);
	else
		return errSecCSInvalidObjectRef;
	return r ? sec_status_of_requirement(r) : sec_string_of(formatted, text);
}
