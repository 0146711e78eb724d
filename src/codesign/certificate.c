/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/certificate.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "base/error.h"

typedef struct Certificate {
	Object object;
	X509 *x509;
} Certificate;

X509 *certificate_get_x509(const Object *certificate)
{
	return ((const Certificate *)(const void *)certificate)->x509;
}

static void certificate_deinit(Object *object)
{
	X509_free(certificate_get_x509(object));
}

static bool certificate_is_equal(const Object *one, const Object *other, ObjectWalk *walk)
{
	(void)walk;
	return X509_cmp(certificate_get_x509(one), certificate_get_x509(other)) == 0;
}

/* The serial number's: equal certificates have equal ones, and few others do. */
static uint32_t certificate_hash(const Object *object)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate_get_x509(object));
	const unsigned char *p = ASN1_STRING_get0_data(serial);
	uint32_t h = UINT32_C(2166136261);

	for (int i = 0; i < ASN1_STRING_length(serial); i++)
		h = (h ^ p[i]) * UINT32_C(16777619);
	return h;
}

static int certificate_describe(const Object *object, ByteWriter *text, ObjectWalk *walk)
{
	_cleanup_free_ char *subject = certificate_format_subject(object);
	const char *shown = subject ? subject : "without a name";
	int r;

	(void)walk;
	r = bytes_put_blob(text, "<certificate ", 13);
	if (r == 0)
		r = bytes_put_blob(text, shown, strlen(shown));
	return r ? r : bytes_put_u8(text, '>');
}

const ObjectClass certificate_class = {
	.name = "SecCertificate",
	.type = OBJECT_OTHER,
	.size = sizeof(Certificate),
	.deinit = certificate_deinit,
	.equal = certificate_is_equal,
	.hash = certificate_hash,
	.describe = certificate_describe,
};

int certificate_new(X509 *x509, Object **ret)
{
	Object *object;
	int r = object_new(&certificate_class, false, &object);

	if (r)
		return error_trace(r);
	X509_up_ref(x509);
	((Certificate *)(void *)object)->x509 = x509;
	*ret = object;
	return 0;
}

int certificate_decode(const void *der, size_t size, Object **ret)
{
	const unsigned char *p = der;
	X509 *x509 = size <= LONG_MAX ? d2i_X509(NULL, &p, (long)size) : NULL;
	int r = CERTIFICATE_E_INVALID;

	if (x509 && p == (const unsigned char *)der + size)
		r = certificate_new(x509, ret);
	X509_free(x509);
	return r;
}

int certificate_encode(const Object *certificate, uint8_t **ret, size_t *ret_size)
{
	_cleanup_free_ uint8_t *der = NULL;
	int n = i2d_X509(certificate_get_x509(certificate), NULL);
	unsigned char *p;

	if (n <= 0)
		return error_origin(-ENOMEM);
	p = der = malloc((size_t)n);
	if (!der)
		return error_origin(-ENOMEM);
	if (i2d_X509(certificate_get_x509(certificate), &p) != n)
		return error_origin(-ENOMEM);
	*ret = TAKE_PTR(der);
	*ret_size = (size_t)n;
	return 0;
}

static char *format_entry(const X509_NAME *name, int nid)
{
	int i = X509_NAME_get_index_by_NID(name, nid, -1);
	unsigned char *text = NULL;
	char *copy;
	int n = -1;

	if (i >= 0)
		n = ASN1_STRING_to_UTF8(
			&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
	if (n <= 0 || memchr(text, '\0', (size_t)n)) {
		OPENSSL_free(text);
		return NULL;
	}
	copy = strndup((const char *)text, (size_t)n);
	OPENSSL_free(text);
	return copy;
}

static char *format_email(X509 *x509)
{
	STACK_OF(OPENSSL_STRING) *emails = X509_get1_email(x509);
	char *copy = NULL;

	if (emails && sk_OPENSSL_STRING_num(emails) > 0)
		copy = strdup(sk_OPENSSL_STRING_value(emails, 0));
	X509_email_free(emails);
	return copy;
}

char *certificate_format_subject(const Object *certificate)
{
	static const int nids[] = {
		NID_commonName, NID_organizationalUnitName, NID_organizationName};
	X509 *x509 = certificate_get_x509(certificate);

	for (size_t i = 0; i < ARRAY_SIZE(nids); i++) {
		char *text = format_entry(X509_get_subject_name(x509), nids[i]);

		if (text)
			return text;
	}
	return format_email(x509);
}
