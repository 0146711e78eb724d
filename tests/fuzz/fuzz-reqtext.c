/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of requirements and of sets of them: any text. It is an error with lines that name places, or
 * it is a requirement whose canonical text is the same requirement. Files are not read.
 */
#include <string.h>

#include "codesign/reqeval.h"
#include "codesign/reqparse.h"
#include "tests/fuzz/must.h"

static void check_requirement(const Requirement *r)
{
	ReqContext context = {.identifier = "a"};
	_cleanup_requirement_ Requirement *back = NULL;
	_cleanup_free_ char *text = NULL;
	bool holds;

	MUST(requirement_format(r, &text) == 0);
	MUST(requirement_parse(text, strlen(text), &back) == 0);
	MUST(object_equal((const Object *)r, requirement_as_object(back)));
	MUST(requirement_evaluate(r, &context, &holds) == 0);
}

static void check_set(const ReqSet *set)
{
	_cleanup_free_ uint8_t *blob = NULL;
	_cleanup_req_set_ ReqSet *back = NULL;
	_cleanup_free_ char *text = NULL, *again = NULL;
	size_t size;
	int r = req_set_encode(set, &blob, &size);

	MUST(req_set_format(set, &text) == 0);
	if (r == REQ_E_LIMIT)
		return;
	MUST(r == 0);
	MUST(req_set_decode(blob, size, &back) == 0);
	MUST(req_set_format(back, &again) == 0);
	MUST(strcmp(text, again) == 0);
}

static void check_errors(ReqDiag *diag)
{
	const char *text = req_diag_get(diag);
	unsigned line, column, n = 0;

	MUST(diag->r == 0);
	for (; *text; text = strchr(text, '\n') + 1, n++) {
		MUST(sscanf(text, "line %u:%u: ", &line, &column) == 2);
		MUST(line > 0 && column > 0);
		MUST(strchr(text, '\n'));
	}
	MUST(n > 0 && n == diag->n_errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_req_diag_ ReqDiag diag;
	_cleanup_req_parsed_ ReqParsed parsed = REQ_PARSED_INIT;
	int r;

	req_diag_init(&diag);
	r = req_parse((const char *)data, size, NULL, &diag, &parsed);
	MUST(r == 0 || r == REQ_E_SYNTAX);
	if (r)
		check_errors(&diag);
	else if (parsed.set)
		check_set(parsed.set);
	else
		check_requirement(parsed.requirement);
	return 0;
}
