/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/requirement.h"

#include "codesign/test-req.h"

#define TRUE_TERM "00000001"

static int decode_blob(
	uint32_t magic, uint32_t length, uint32_t kind, const char *terms, size_t cut)
{
	_cleanup_requirement_ Requirement *r = NULL;
	uint8_t blob[256];
	size_t size = 12 + parse_hex(terms, blob + 12);

	blob_write_be32(blob, magic);
	blob_write_be32(blob + 4, length ? length : (uint32_t)size);
	blob_write_be32(blob + 8, kind);
	return requirement_decode(blob, size - cut, &r);
}

TEST(header)
{
	ASSERT_OK(decode_blob(0xfade0c00, 0, 1, TRUE_TERM, 0));
	ASSERT_EQ(decode_blob(0xfade0c01, 0, 1, TRUE_TERM, 0), REQ_E_INVALID);
	ASSERT_EQ(decode_blob(0xfade0c00, 12, 1, TRUE_TERM, 0), REQ_E_INVALID);
	ASSERT_EQ(decode_blob(0xfade0c00, 20, 1, TRUE_TERM, 0), REQ_E_INVALID);
	ASSERT_EQ(decode_blob(0xfade0c00, 0xffffffff, 1, TRUE_TERM, 0), REQ_E_LIMIT);
	ASSERT_EQ(decode_blob(0xfade0c00, 0, 2, TRUE_TERM, 0), REQ_E_UNSUPPORTED);
	ASSERT_EQ(decode_blob(0xfade0c00, 0, 0, TRUE_TERM, 0), REQ_E_UNSUPPORTED);
	for (size_t cut = 1; cut <= 16; cut++)
		ASSERT_EQ(decode_blob(0xfade0c00, 0, 1, TRUE_TERM, cut), REQ_E_INVALID);
	/* A header and nothing else. */
	ASSERT_EQ(decode_blob(0xfade0c00, 8, 1, "", 4), REQ_E_INVALID);
	ASSERT_EQ(decode_blob(0xfade0c00, 12, 1, "", 0), REQ_E_INVALID);
}

/* What is no requirement by its terms. */
TEST(terms)
{
	static const struct {
		const char *hex;
		int e;
	} cases[] = {
		{"00000001", 0},
		{"00000001 00000001", REQ_E_INVALID}, /* behind the last term */
		{"00000001 00", REQ_E_INVALID},
		{"00000006 00000001", REQ_E_INVALID}, /* an operand is missing */
		{"00000006 00000001 00000000", 0},
		{"00000009", REQ_E_INVALID},
		{"00000002 00000003 61626300", 0},
		{"00000002 00000003 61626301", REQ_E_INVALID}, /* padding */
		{"00000002 00000003 616263", REQ_E_INVALID},
		{"00000002 00000005 61626300", REQ_E_INVALID},
		{"00000002 ffffffff 61626300", REQ_E_INVALID},
		{"00000002 fffffffc 61626300", REQ_E_INVALID},
		{"00000002 00000000", 0},
		{"00000008 00000004 61626300", REQ_E_INVALID}, /* no hash */
		{"00000004 00000000 00000004 61626300", REQ_E_INVALID},
		{"00000018", REQ_E_UNIMPLEMENTED},
		{"01000002 00000000", REQ_E_INVALID}, /* a flag at an operator that is known */
		{"80000002 00000000", REQ_E_INVALID},
		{"40000002 00000000 00000001", REQ_E_INVALID},
		{"01000018 00000000", REQ_E_UNIMPLEMENTED}, /* a flag that says nothing */
		{"80000018 00000000", 0},
		{"80000018 00000004 01020304", 0},
		{"80000018 00000003 01020300", 0},
		{"80000018 00000005 01020304", REQ_E_INVALID},
		{"40000018 00000000", REQ_E_INVALID}, /* nothing follows */
		{"40000018 00000000 00000001", 0},
		{"c0000018 00000000", 0},
		{"0000000a 00000001 61000000 0000000e", 0},
		{"0000000a 00000001 61000000", REQ_E_INVALID},
		{"0000000a 00000001 61000000 00000009 00000000 00000000", 0},
		{"0000000a 00000001 61000000 00000009 00000000", REQ_E_INVALID},
		{"0000000a 00000001 61000000 0000000f 00000001 61000000", 0}, /* an unknown match */
		{"0000000a 00000001 61000000 0000000f", REQ_E_INVALID},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_requirement_ Requirement *r = NULL;

		if (decode_terms(cases[i].hex, &r) != cases[i].e)
			unit_fail_here("%s", cases[i].hex);
	}
}

/* @n times NOT, or AND with itself to the left or right, then TRUE where operands are missing. */
static int decode_nested(uint32_t op, bool to_the_left, uint32_t n, Requirement **ret)
{
	uint8_t *blob = malloc(12 + 8 * n + 4);
	uint32_t at = 12, n_operands = req_op_n_operands(op);
	int r;

	for (uint32_t i = 0; i < n; i++) {
		blob_write_be32(blob + at, op);
		at += 4;
		if (n_operands == 2 && !to_the_left) {
			blob_write_be32(blob + at, REQ_OP_TRUE);
			at += 4;
		}
	}
	for (uint32_t i = 0; i < 1 + (n_operands == 2 && to_the_left ? n : 0); i++) {
		blob_write_be32(blob + at, REQ_OP_TRUE);
		at += 4;
	}
	blob_write_be32(blob, BLOB_MAGIC_REQUIREMENT);
	blob_write_be32(blob + 4, at);
	blob_write_be32(blob + 8, REQ_KIND_EXPRESSION);
	r = requirement_decode(blob, at, ret);
	free(blob);
	return r;
}

/* What is nested as deep as may be goes to text and back; one more level is refused. */
TEST(depth)
{
	static const struct {
		uint32_t op;
		bool to_the_left;
	} cases[] = {{REQ_OP_NOT, false}, {REQ_OP_AND, true}, {REQ_OP_AND, false},
		{REQ_OP_OR, true}, {REQ_OP_OR, false}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_requirement_ Requirement *r = NULL, *again = NULL, *none = NULL;
		_cleanup_free_ char *text = NULL;
		uint32_t n;

		ASSERT_OK(decode_nested(cases[i].op, cases[i].to_the_left, REQ_DEPTH_MAX - 1, &r));
		ASSERT_EQ(decode_nested(cases[i].op, cases[i].to_the_left, REQ_DEPTH_MAX, &none),
			REQ_E_LIMIT);
		ASSERT_EQ(decode_nested(cases[i].op, cases[i].to_the_left, 20000, &none),
			REQ_E_LIMIT);
		ASSERT_EQ(requirement_get_steps(r, &n)->end, n);
		ASSERT_OK(requirement_format(r, &text));
		ASSERT_OK(requirement_parse(text, strlen(text), &again));
		ASSERT_SAME(r, again);
	}
}

TEST(size)
{
	size_t size = REQ_BLOB_MAX + 4;
	_cleanup_free_ uint8_t *blob = calloc(1, size);
	_cleanup_requirement_ Requirement *r = NULL;

	/* An identifier that fills it. */
	blob_write_be32(blob, BLOB_MAGIC_REQUIREMENT);
	blob_write_be32(blob + 8, REQ_KIND_EXPRESSION);
	blob_write_be32(blob + 12, REQ_OP_IDENTIFIER);
	blob_write_be32(blob + 4, (uint32_t)size);
	blob_write_be32(blob + 16, (uint32_t)size - 20);
	ASSERT_EQ(requirement_decode(blob, size, &r), REQ_E_LIMIT);
	size -= 4;
	blob_write_be32(blob + 4, (uint32_t)size);
	blob_write_be32(blob + 16, (uint32_t)size - 20);
	ASSERT_OK(requirement_decode(blob, size, &r));
}

TEST(steps)
{
	_cleanup_requirement_ Requirement *r = compile(
		"identifier a and (! anchor apple or notarized)");
	static const struct {
		uint32_t op, end;
	} expected[] = {{REQ_OP_AND, 6}, {REQ_OP_IDENTIFIER, 2}, {REQ_OP_OR, 6}, {REQ_OP_NOT, 5},
		{REQ_OP_APPLE_ANCHOR, 5}, {REQ_OP_NOTARIZED, 6}};
	uint32_t n;
	const ReqStep *steps = requirement_get_steps(r, &n);

	ASSERT_EQ(n, ARRAY_SIZE(expected));
	for (uint32_t i = 0; i < n; i++) {
		ASSERT_EQ(steps[i].term.op, expected[i].op);
		ASSERT_EQ(steps[i].end, expected[i].end);
	}
}

TEST(objects)
{
	_cleanup_requirement_ Requirement *a = compile("identifier a"),
					  *b = compile("identifier \"a\""),
					  *c = compile("identifier b");
	_cleanup_free_ char *text = NULL;

	ASSERT_SAME(a, b);
	ASSERT_EQ(object_hash(requirement_as_object(a)), object_hash(requirement_as_object(b)));
	ASSERT_FALSE(object_equal(requirement_as_object(a), requirement_as_object(c)));
	ASSERT_OK(object_describe(requirement_as_object(a), &text));
	ASSERT_STREQ(text, "identifier a");
	ASSERT_PTR_EQ(requirement_ref(a), a);
	ASSERT_EQ(object_n_refs(requirement_as_object(a)), 2);
	requirement_unref(a);
	ASSERT_NULL(requirement_unref(NULL));
}

TEST(join)
{
	_cleanup_requirement_ Requirement *a = compile("identifier a"), *b = compile("notarized"),
					  *c = compile("legacy"), *one = NULL, *three = NULL,
					  *expected = compile(
						  "identifier a or notarized or legacy"),
					  *deep = NULL;
	Requirement *parts[] = {a, b, c};
	_cleanup_free_ Requirement **many = calloc(REQ_DEPTH_MAX + 1, sizeof(*many));

	ASSERT_OK(requirement_join(REQ_OP_OR, parts, 1, &one));
	ASSERT_SAME(one, a);
	ASSERT_OK(requirement_join(REQ_OP_OR, parts, 3, &three));
	ASSERT_SAME(three, expected);
	for (uint32_t i = 0; i <= REQ_DEPTH_MAX; i++)
		many[i] = a;
	ASSERT_EQ(requirement_join(REQ_OP_AND, many, REQ_DEPTH_MAX + 1, &deep), REQ_E_LIMIT);
	ASSERT_OK(requirement_join(REQ_OP_AND, many, REQ_DEPTH_MAX, &deep));
}
