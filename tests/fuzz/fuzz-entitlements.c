/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entitlements. The first byte says whether the others are DER or XML. What is taken of DER is the one
 * form of what it says; what is taken of XML has such a form; and each of them can be told in the other.
 */
#include <string.h>

#include "codesign/entitlements.h"
#include "tests/fuzz/must.h"

/* There and back. The bytes of its DER, to be freed. */
static uint8_t *check_der(Object *entitlements, size_t *ret_size)
{
	Object *again = NULL;
	uint8_t *der;

	MUST(entitlements_encode_der(entitlements, &der, ret_size) == 0);
	MUST(entitlements_decode_der(der, *ret_size, &again) == 0);
	MUST(object_equal(entitlements, again));
	object_unref(again);
	return der;
}

/* Some strings have no form in XML. */
static void check_xml(Object *entitlements)
{
	Object *again = NULL;
	size_t size;
	uint8_t *xml;
	int r = entitlements_encode_xml(entitlements, &xml, &size);

	MUST(r >= 0);
	if (r != 0)
		return;
	r = entitlements_decode_xml(xml, size, &again, NULL);
	MUST(r == 0 || r == OBJECT_E_LIMIT); /* it is longer than DER */
	MUST(r != 0 || object_equal(entitlements, again));
	object_unref(again);
	free(xml);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Object *entitlements = NULL;
	PlistError error;
	size_t der_size;
	uint8_t *der;
	int r;

	if (size == 0)
		return 0;
	if (data[0] & 1)
		r = entitlements_decode_xml(data + 1, size - 1, &entitlements, &error);
	else
		r = entitlements_decode_der(data + 1, size - 1, &entitlements);
	MUST(r >= 0 && (r == 0) == (entitlements != NULL));
	if (r != 0)
		return 0;
	der = check_der(entitlements, &der_size);
	if (!(data[0] & 1))
		MUST(der_size == size - 1 && memcmp(der, data + 1, der_size) == 0);
	check_xml(entitlements);
	free(der);
	object_unref(entitlements);
	return 0;
}
