/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever can be a requirement has a text, and that text is this requirement: random trees of random
 * terms go to their binary form, to text, and back. And random damage to bytes and texts is an error or
 * another requirement of which the same is true.
 */
#include "codesign/reqast.h"
#include "codesign/test-req.h"

static uint64_t state;

static uint32_t random_below(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 16) % n);
}

static const char *const strings[] = {"", "a", "abc", "1abc", "info", "skip", "a.b", "a..b", "a.1b",
	"true", "a b", "a\"b\\c", "J\xc3\xbc", "\xff", "\xe2\x80\xae", "a\nb", "\r", "\x01",
	"email", "subject.CN", "subject.", "subject", "field.1.2", "timestamp", "*", "/* */", "# x",
	"0xff", "H", "leaf", "-1", "=", ")", "\x2a\x86\x48", "\x80\x01", "\x55\x04\x03"};

/* A text of the list, or any bytes. */
static ReqData random_data(void)
{
	static uint8_t bytes[64][600];
	static unsigned next;
	ReqData d = {bytes[next++ % 64], 0};

	if (random_below(4) > 0) {
		const char *text = strings[random_below(ARRAY_SIZE(strings))];

		return (ReqData){(const uint8_t *)text, (uint32_t)strlen(text)};
	}
	d.n = random_below(random_below(10) == 0 ? 600 : 8);
	for (uint32_t i = 0; i < d.n; i++)
		bytes[(next - 1) % 64][i] = (uint8_t)random_below(256);
	return d;
}

static ReqData random_hash(const uint32_t *sizes, uint32_t n)
{
	static uint8_t bytes[64];

	return (ReqData){bytes, sizes[random_below(n)]};
}

static int64_t random_time(void)
{
	static const int64_t times[] = {0, -1, INT64_MIN, INT64_MAX, 252423993599, 252423993600,
		-63145526400, -63145526401};

	if (random_below(2) == 0)
		return times[random_below(ARRAY_SIZE(times))];
	return ((int64_t)random_below(UINT32_MAX) - (1 << 30)) * 100;
}

static ReqTerm random_term(bool is_leaf)
{
	static const uint32_t inner[] = {
		REQ_OP_AND, REQ_OP_OR, REQ_OP_AND, REQ_OP_OR, REQ_OP_NOT, REQ_OP_GENERIC_SKIP};
	static const uint32_t hashes[] = {20, 32, 48, 64};
	ReqTerm t = {.op = inner[random_below(ARRAY_SIZE(inner))]};

	if (is_leaf) {
		do
			t.op = random_below(_REQ_OP_N + 1);
		while (t.op < _REQ_OP_N && req_op_n_operands(t.op) > 0);
		if (t.op == _REQ_OP_N)
			t.op = REQ_OP_GENERIC_FALSE;
	}
	if (t.op == REQ_OP_GENERIC_FALSE)
		t.op |= random_below(2) ? _REQ_OP_N : 0x7f000000u | (100 + random_below(1000));
	if (t.op == REQ_OP_GENERIC_SKIP)
		t.op |= random_below(2) ? _REQ_OP_N : 0x3f000000u | (100 + random_below(1000));
	t.number = random_below(2) ? random_below(4) - 2 : random_below(UINT32_MAX);
	t.key = random_data();
	if (t.op == REQ_OP_ANCHOR_HASH)
		t.key = random_hash(hashes, 2);
	if (t.op == REQ_OP_CDHASH)
		t.key = random_hash(hashes, 4);
	t.value = random_data();
	t.match = random_below(2) ? random_below(_REQ_MATCH_N) : random_below(UINT32_MAX);
	t.time = random_time();
	return t;
}

/* A tree of @n leaves. */
static uint32_t random_tree(ReqAst *ast, uint32_t n)
{
	uint32_t roots[64], n_roots = 0, ret = 0;

	for (uint32_t i = 0; i < n; i++) {
		ReqTerm t = random_term(true);

		ASSERT_OK(req_ast_add(ast, &t, REQ_NODE_NONE, REQ_NODE_NONE, &roots[n_roots++]));
	}
	while (n_roots > 1 || random_below(3) == 0) {
		ReqTerm t = random_term(false);
		uint32_t i = random_below(n_roots), j;

		if (req_op_n_operands(t.op) == 1) {
			ASSERT_OK(req_ast_add(ast, &t, roots[i], REQ_NODE_NONE, &roots[i]));
			continue;
		}
		if (n_roots < 2)
			continue;
		do
			j = random_below(n_roots);
		while (j == i);
		ASSERT_OK(req_ast_add(ast, &t, roots[i], roots[j], &ret));
		roots[i] = ret;
		roots[j] = roots[--n_roots];
	}
	return roots[0];
}

/* The law. */
static void check(Requirement *r)
{
	_cleanup_requirement_ Requirement *back = NULL;
	_cleanup_free_ char *text = NULL, *again = NULL;
	int e;

	ASSERT_OK(requirement_format(r, &text));
	e = requirement_parse(text, strlen(text), &back);
	if (e)
		unit_fail_here("%d: %s", e, text);
	if (!object_equal(requirement_as_object(r), requirement_as_object(back)))
		unit_fail_here("another one: %s", text);
	ASSERT_OK(requirement_format(back, &again));
	ASSERT_STREQ(again, text);
}

TEST(random_trees)
{
	for (unsigned i = 0; i < 4000; i++) {
		_cleanup_req_ast_ ReqAst ast = REQ_AST_INIT;
		_cleanup_requirement_ Requirement *r = NULL;
		uint32_t root;

		state = UINT64_C(0x9e3779b97f4a7c15) * (i + 1);
		root = random_tree(&ast, 1 + random_below(i % 50 + 1));
		ASSERT_OK(req_ast_compile(&ast, root, &r));
		check(r);
	}
}

TEST(damaged_bytes)
{
	_cleanup_requirement_ Requirement *r = compile(
		"identifier \"a.b\" and (anchor apple or ! certificate leaf[field.1.2.3] exists) "
		"and "
		"info[a] = b* and certificate 1[timestamp.1.2] < timestamp \"20190408000000Z\" and "
		"generic skip 99 H\"0102\" entitlement[a] absent or generic false 99 H\"\"");
	BlobView blob = requirement_get_blob(r);
	_cleanup_free_ uint8_t *copy = malloc(blob.size);
	unsigned n_good = 0;

	for (uint32_t i = 0; i < blob.size; i++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			_cleanup_requirement_ Requirement *other = NULL;

			memcpy(copy, blob.data, blob.size);
			copy[i] = (uint8_t)byte;
			if (requirement_decode(copy, blob.size, &other) != 0)
				continue;
			n_good++;
			check(other);
		}
		for (uint32_t n = 0; n < blob.size; n += 16) {
			_cleanup_requirement_ Requirement *other = NULL;

			ASSERT_NE(requirement_decode(blob.data, n, &other), 0);
		}
	}
	ASSERT_GT(n_good, 1000);
}

TEST(damaged_texts)
{
	static const char text[] =
		"identifier \"a.b\" and (anchor apple or !certificate leaf[field.1.2.3] exists) "
		"and "
		"info[a] = *b* and cert 1[timestamp.1.2] < timestamp \"20190408000000Z\" # x\n"
		"and generic skip 99 H\"0102\" entitlement[a] absent or /* y */ platform = 0";
	char copy[sizeof(text)];
	unsigned n_good = 0;

	for (size_t i = 0; i + 1 < sizeof(text); i++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			_cleanup_requirement_ Requirement *r = NULL;

			memcpy(copy, text, sizeof(text));
			copy[i] = (char)byte;
			if (requirement_parse(copy, sizeof(text) - 1, &r) != 0)
				continue;
			n_good++;
			check(r);
		}
	}
	ASSERT_GT(n_good, 1000);
}

/* Each beginning of a text, and each text without one of its characters. */
TEST(cut_texts)
{
	static const char text[] =
		"host => (a) or ! info[b] ~ 0xff; designated => cdhash "
		"H\"0102030405060708090a0b0c0d0e0f1011121314\" or anchor trusted";
	char copy[sizeof(text)];

	for (size_t i = 0; i < sizeof(text); i++) {
		for (int cut = 0; cut < 2; cut++) {
			_cleanup_req_diag_ ReqDiag diag;
			_cleanup_req_parsed_ ReqParsed parsed = REQ_PARSED_INIT;
			size_t n = i;

			memcpy(copy, text, i);
			if (cut && i + 1 < sizeof(text)) {
				memcpy(copy + i, text + i + 1, sizeof(text) - i - 2);
				n = sizeof(text) - 2;
			}
			req_diag_init(&diag);
			if (req_parse(copy, n, NULL, &diag, &parsed) != 0)
				ASSERT_GT(diag.n_errors, 0);
			else
				ASSERT_EQ(diag.n_errors, 0);
		}
	}
}
