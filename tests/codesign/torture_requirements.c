/* SPDX-License-Identifier: Apache-2.0 */
/*
 * There is no memory: for each allocation on the way of a requirement from text to its binary form, to
 * text, through a set and through evaluation, that one fails. What comes of it is -ENOMEM or the right
 * result, and nothing is lost.
 */
#include "codesign/reqeval.h"
#include "codesign/test-req.h"
#include "tests/lib/fault.h"
#include "tests/lib/unit.h"

static const char text[] =
	"identifier \"a.b\" and (anchor apple or !certificate leaf[field.1.2.3] exists) and "
	"info[a] = *b* and cert 1[timestamp.1.2] < timestamp \"20190408000000Z\" and anchor = "
	"\"x\"";

static int hash_certificate(
	const char *path, uint8_t ret[static REQ_FILE_HASH_SIZE], const char **ret_why)
{
	(void)path;
	(void)ret_why;
	memset(ret, 1, REQ_FILE_HASH_SIZE);
	return 0;
}

static void check(int r)
{
	if (r != 0 && r != -ENOMEM)
		unit_fail_here("%d", r);
}

static int go_around(const char *from)
{
	ReqParseOptions options = {REQ_PARSE_ANY, hash_certificate};
	_cleanup_req_diag_ ReqDiag diag;
	_cleanup_req_parsed_ ReqParsed parsed = REQ_PARSED_INIT;
	_cleanup_requirement_ Requirement *back = NULL, *joined = NULL;
	_cleanup_free_ char *formatted = NULL;
	ReqContext context = {.identifier = "a.b"};
	bool holds;
	int r;

	req_diag_init(&diag);
	r = req_parse(from, strlen(from), &options, &diag, &parsed);
	if (r == 0)
		r = requirement_format(parsed.requirement, &formatted);
	if (r == 0)
		r = requirement_parse(formatted, strlen(formatted), &back);
	if (r == 0)
		ASSERT_SAME(parsed.requirement, back);
	if (r == 0)
		r = requirement_join(REQ_OP_AND, &back, 1, &joined);
	if (r == 0)
		r = requirement_evaluate(joined, &context, &holds);
	return r;
}

static void go_around_with_a_requirement(void *arg)
{
	(void)arg;
	check(go_around(text));
}

/* So deep that the parser's own stack has to grow. */
static void go_around_with_a_deep_one(void *arg)
{
	char deep[3000];

	(void)arg;
	memset(deep, '(', 900);
	memcpy(deep + 900, "true", 4);
	memset(deep + 904, ')', 900);
	deep[1804] = '\0';
	check(go_around(deep));
}

static void go_around_with_a_set(void *arg)
{
	static const char set_text[] =
		"host => true designated => identifier a 77 => (x) host => false "
		"library => true plugin => true";
	_cleanup_req_diag_ ReqDiag diag;
	_cleanup_req_parsed_ ReqParsed parsed = REQ_PARSED_INIT;
	_cleanup_req_set_ ReqSet *back = NULL;
	_cleanup_free_ uint8_t *blob = NULL;
	_cleanup_free_ char *formatted = NULL;
	size_t size;
	int r;

	(void)arg;
	req_diag_init(&diag);
	r = req_parse(set_text, strlen(set_text), NULL, &diag, &parsed);
	if (r == 0)
		r = req_set_encode(parsed.set, &blob, &size);
	if (r == 0)
		r = req_set_decode(blob, size, &back);
	if (r == 0)
		r = req_set_format(back, &formatted);
	if (r == 0)
		ASSERT_STREQ(formatted,
			"host => never\ndesignated => identifier a\nlibrary => always\n"
			"plugin => always\n/*unknown type*/ 77 => (x)\n");
	check(r);
}

/* Errors are told, or there was no memory for that. */
static void go_around_with_mistakes(void *arg)
{
	_cleanup_req_diag_ ReqDiag diag;
	ReqParsed parsed;
	int r;

	(void)arg;
	req_diag_init(&diag);
	r = req_parse("foo or bar and (", 16, NULL, &diag, &parsed);
	if (r != REQ_E_SYNTAX && r != -ENOMEM)
		unit_fail_here("%d", r);
	if (r == REQ_E_SYNTAX && req_diag_get(&diag)[0] == '\0')
		ASSERT_EQ(diag.r, -ENOMEM);
}

TEST(no_memory)
{
	ASSERT_GT(fault_run_all(FAULT_MALLOC, go_around_with_a_requirement, NULL), 15);
	ASSERT_GT(fault_run_all(FAULT_MALLOC, go_around_with_a_deep_one, NULL), 10);
	ASSERT_GT(fault_run_all(FAULT_MALLOC, go_around_with_a_set, NULL), 20);
	ASSERT_GT(fault_run_all(FAULT_MALLOC, go_around_with_mistakes, NULL), 1);
}
