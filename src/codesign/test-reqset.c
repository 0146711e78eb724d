/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqset.h"

#include "codesign/test-req.h"

static ReqSet *compile_set(const char *text)
{
	_cleanup_req_diag_ ReqDiag diag;
	ReqParsed parsed = REQ_PARSED_INIT;

	req_diag_init(&diag);
	if (req_parse(text, strlen(text), NULL, &diag, &parsed) != 0)
		unit_fail_here("%s: %s", text, req_diag_get(&diag));
	ASSERT_NULL(parsed.requirement);
	ASSERT_NOT_NULL(parsed.set);
	return parsed.set;
}

TEST(text)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{"host => always", "host => always\n"},
		{"designated => always host => never", "host => never\ndesignated => always\n"},
		{"designated=>always;;host=>never;", "host => never\ndesignated => always\n"},
		/* The last one of a type counts, whatever it is called. */
		{"host => always host => never", "host => never\n"},
		{"designated => always 3 => never", "designated => never\n"},
		{"guest => identifier a and (identifier b or identifier c)\nlibrary => true\n"
		 "plugin => false",
			"guest => identifier a and (identifier b or identifier c)\nlibrary => "
			"always\n"
			"plugin => never\n"},
		{"77 => always 0 => never 4294967295 => always",
			"/*unknown type*/ 0 => never\n/*unknown type*/ 77 => always\n"
			"/*unknown type*/ 4294967295 => always\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_req_set_ ReqSet *set = compile_set(cases[i].text), *again = NULL,
					 *back = NULL;
		_cleanup_free_ char *text = NULL, *text_back = NULL;
		_cleanup_free_ uint8_t *blob = NULL, *blob_again = NULL;
		size_t size, size_again;

		ASSERT_OK(req_set_format(set, &text));
		ASSERT_STREQ(text, cases[i].canonical);
		again = compile_set(text);
		ASSERT_OK(req_set_encode(set, &blob, &size));
		ASSERT_OK(req_set_encode(again, &blob_again, &size_again));
		ASSERT_EQ(size, size_again);
		ASSERT_MEMEQ(blob, blob_again, size);
		ASSERT_OK(req_set_decode(blob, size, &back));
		ASSERT_OK(req_set_format(back, &text_back));
		ASSERT_STREQ(text_back, text);
	}
}

TEST(binary_form)
{
	_cleanup_req_set_ ReqSet *set = compile_set("designated => always host => never");
	_cleanup_free_ uint8_t *blob = NULL;
	uint8_t expected[128];
	size_t size, n = parse_hex("fade0c01 0000003c 00000002 00000001 0000001c 00000003 0000002c "
				   "fade0c00 00000010 00000001 00000000 "
				   "fade0c00 00000010 00000001 00000001",
			     expected);

	ASSERT_OK(req_set_encode(set, &blob, &size));
	ASSERT_EQ(size, n);
	ASSERT_MEMEQ(blob, expected, n);
}

TEST(bad_binaries)
{
	static const struct {
		const char *hex;
		int e;
	} cases[] = {
		{"fade0c01 0000000c 00000000", 0},
		{"fade0c00 0000000c 00000000", REQ_E_INVALID},
		{"fade0c01 0000000c 00000001", REQ_E_INVALID},
		{"fade0c01 00000024 00000001 00000003 00000014 fade0c00 00000010 00000001 00000001",
			0},
		{"fade0c01 00000024 00000001 00000003 00000014 fade0c00 00000010 00000002 00000001",
			REQ_E_UNSUPPORTED},
		{"fade0c01 00000024 00000001 00000003 00000014 fade0c00 00000010 00000001 00000063",
			REQ_E_UNIMPLEMENTED},
		{"fade0c01 00000024 00000001 00000003 00000014 fade7171 00000010 00000001 00000001",
			REQ_E_INVALID},
		/* A type twice. */
		{"fade0c01 0000003c 00000002 00000003 0000001c 00000003 0000002c "
		 "fade0c00 00000010 00000001 00000000 fade0c00 00000010 00000001 00000001",
			REQ_E_INVALID},
		/* Both in one place. */
		{"fade0c01 0000002c 00000002 00000001 0000001c 00000003 0000001c "
		 "fade0c00 00000010 00000001 00000000",
			REQ_E_INVALID},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_req_set_ ReqSet *set = NULL;
		uint8_t blob[256];
		size_t n = parse_hex(cases[i].hex, blob);

		if (req_set_decode(blob, n, &set) != cases[i].e)
			unit_fail_here("%s", cases[i].hex);
	}
}

TEST(entries)
{
	_cleanup_req_set_ ReqSet *set = NULL;
	_cleanup_requirement_ Requirement *a = compile("identifier a"),
					  *b = compile("identifier b");
	uint32_t type;

	ASSERT_OK(req_set_new(&set));
	ASSERT_EQ(req_set_n(set), 0);
	ASSERT_NULL(req_set_find(set, REQ_TYPE_HOST));
	ASSERT_OK(req_set_add(set, REQ_TYPE_PLUGIN, a));
	ASSERT_OK(req_set_add(set, REQ_TYPE_HOST, a));
	ASSERT_OK(req_set_add(set, REQ_TYPE_PLUGIN, b));
	ASSERT_EQ(req_set_n(set), 2);
	ASSERT_PTR_EQ(req_set_find(set, REQ_TYPE_PLUGIN), b);
	ASSERT_PTR_EQ(req_set_get(set, 0, &type), a);
	ASSERT_EQ(type, REQ_TYPE_HOST);
	for (uint32_t i = 0; i < REQ_SET_MAX - 2; i++)
		ASSERT_OK(req_set_add(set, 1000 + i, a));
	ASSERT_EQ(req_set_add(set, 999, a), REQ_E_LIMIT);
	ASSERT_OK(req_set_add(set, 1000, b));
	ASSERT_STREQ(req_type_find_name(REQ_TYPE_LIBRARY), "library");
	ASSERT_NULL(req_type_find_name(0));
	ASSERT_NULL(req_type_find_name(6));
	ASSERT_PTR_EQ(req_set_ref(set), set);
	req_set_unref(set);
}
