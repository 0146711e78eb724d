/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The binary form of requirements and of sets of them: any bytes. They are none, or there is a text that
 * stands for exactly these bytes; and whoever evaluates them comes to an end.
 */
#include <string.h>

#include "codesign/reqeval.h"
#include "codesign/reqparse.h"
#include "object/dictionary.h"
#include "object/text.h"
#include "tests/fuzz/must.h"

static const Object *get_info(void)
{
	static Object *info;
	static OBJECT_STRING_STATIC(value, "2.10");

	if (!info) {
		MUST(object_dictionary_new(&info) == 0);
		MUST(object_dictionary_set_z(info, "a", &value.object) == 0);
	}
	return info;
}

static int is_anchor(void *userdata, ReqAnchor kind, ReqData name, X509 *const *certificates,
	size_t n, X509 *certificate, bool *ret)
{
	(void)userdata;
	(void)name;
	(void)certificates;
	(void)n;
	(void)certificate;
	*ret = kind == REQ_ANCHOR_NAMED;
	return 0;
}

/* Each stands for itself: as deep as may be. */
static int find_requirement(void *userdata, ReqData name, Requirement **ret)
{
	*ret = name.n == 1 ? requirement_ref(userdata) : NULL;
	return 0;
}

static void check_requirement(Requirement *r, const uint8_t *data, size_t size)
{
	static const ReqAuthority authority = {is_anchor, find_requirement};
	ReqContext context = {.identifier = "a",
		.cdhash = (const uint8_t *)"01234567890123456789012345678901",
		.cdhash_size = 32,
		.info = get_info(),
		.entitlements = get_info(),
		.authority = &authority,
		.userdata = r};
	_cleanup_requirement_ Requirement *back = NULL;
	_cleanup_free_ char *text = NULL;
	bool holds;

	MUST(requirement_format(r, &text) == 0);
	/* Quotes and hexadecimal make a text up to some times as long as what it stands for. */
	if (strlen(text) <= REQ_TEXT_MAX) {
		MUST(requirement_parse(text, strlen(text), &back) == 0);
		MUST(requirement_get_blob(back).size == size);
		MUST(memcmp(requirement_get_blob(back).data, data, size) == 0);
	}
	MUST(requirement_evaluate(r, &context, &holds) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_requirement_ Requirement *r = NULL;
	_cleanup_req_set_ ReqSet *set = NULL;
	int e = requirement_decode(data, size, &r);

	MUST(e >= 0 && e < _REQ_E_N);
	if (e == 0)
		check_requirement(r, data, size);
	e = req_set_decode(data, size, &set);
	MUST(e >= 0 && e < _REQ_E_N);
	if (e == 0) {
		_cleanup_free_ uint8_t *blob = NULL;
		size_t n;

		MUST(req_set_encode(set, &blob, &n) == 0);
		MUST(n == size && memcmp(blob, data, n) == 0);
	}
	return 0;
}
