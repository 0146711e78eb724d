/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <Security/SecCertificate.h> on certificate.h. What is no certificate gives NULL, as in the lineage: none of
 * these calls has another way to say so.
 */
#include <Security/SecCertificate.h>

#include "codesign/api_sec.h"
#include "codesign/certificate.h"
#include "object/data.h"
#include "object/text.h"

_public_ CFTypeID SecCertificateGetTypeID(void)
{
	return object_class_id(&certificate_class);
}

_public_ SecCertificateRef SecCertificateCreateWithData(CFAllocatorRef allocator, CFDataRef data)
{
	Object *bytes = cf_object(data), *ret;

	if (!cf_can_allocate(allocator) || !object_is_type(bytes, OBJECT_DATA))
		return NULL;
	if (certificate_decode(object_data_get(bytes), object_data_size(bytes), &ret) != 0)
		return NULL;
	return (SecCertificateRef)ret;
}

_public_ CFDataRef SecCertificateCopyData(SecCertificateRef certificate)
{
	_cleanup_free_ uint8_t *der = NULL;
	size_t size;
	Object *ret;

	if (!object_is(cf_object(certificate), &certificate_class))
		return NULL;
	if (certificate_encode(cf_object(certificate), &der, &size) != 0)
		return NULL;
	return object_data_new(der, size, &ret) == 0 ? (CFDataRef)ret : NULL;
}

_public_ CFStringRef SecCertificateCopySubjectSummary(SecCertificateRef certificate)
{
	_cleanup_free_ char *text = NULL;
	Object *ret;

	if (!object_is(cf_object(certificate), &certificate_class))
		return NULL;
	text = certificate_format_subject(cf_object(certificate));
	return text && object_string_new_z(text, &ret) == 0 ? (CFStringRef)ret : NULL;
}
