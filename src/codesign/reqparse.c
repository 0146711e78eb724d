/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqparse.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "codesign/reqgrammar.h"
#include "codesign/reqoid.h"
#include "codesign/reqparser.h"
#include "codesign/reqtime.h"

typedef struct ReqFileHash {
	struct ReqFileHash *next;
	uint8_t hash[REQ_FILE_HASH_SIZE];
} ReqFileHash;

static void stop(ReqParser *p, ReqSpan at, const char *what)
{
	if (!p->stopped)
		req_diag_error(p->diag, p->text, at.start, "%s", what);
	p->stopped = true;
}

uint32_t req_parser_node(
	ReqParser *p, const ReqTerm *term, uint32_t left, uint32_t right, ReqSpan at)
{
	uint32_t node = REQ_NODE_NONE;
	int r = req_ast_add(&p->ast, term, left, right, &node);

	if (r == REQ_E_LIMIT) {
		stop(p, at,
			"the requirement is too large or nested too deeply; use parentheses to "
			"divide a long chain");
		r = REQ_E_SYNTAX;
	}
	p->r = r;
	return node;
}

uint32_t req_parser_leaf(ReqParser *p, uint32_t op, ReqSpan at)
{
	ReqTerm term = {.op = op};

	return req_parser_node(p, &term, REQ_NODE_NONE, REQ_NODE_NONE, at);
}

uint32_t req_parser_key(ReqParser *p, uint32_t op, ReqData key, ReqSpan at)
{
	ReqTerm term = {.op = op, .key = key};

	return req_parser_node(p, &term, REQ_NODE_NONE, REQ_NODE_NONE, at);
}

uint32_t req_parser_field(
	ReqParser *p, uint32_t op, ReqData key, const ReqMatchTerm *match, ReqSpan at)
{
	ReqTerm term = {
		.op = op,
		.key = key,
		.match = match->match,
		.value = match->value,
		.time = match->time,
	};

	return req_parser_node(p, &term, REQ_NODE_NONE, REQ_NODE_NONE, at);
}

uint32_t req_parser_cdhash(ReqParser *p, ReqData hash, ReqSpan at, ReqSpan hash_at)
{
	if (!req_is_code_hash_size(hash.n))
		req_diag_error(p->diag, p->text, hash_at.start,
			"a hash of code has 40 digits, or 64, 96 or 128 where it is not truncated; "
			"found %u",
			2 * hash.n);
	return req_parser_key(p, REQ_OP_CDHASH, hash, at);
}

uint32_t req_parser_generic(
	ReqParser *p, uint32_t flag, uint64_t op, ReqData content, uint32_t operand, ReqSpan at)
{
	ReqTerm term = {.op = flag | (uint32_t)op, .value = content};

	if (op >= flag || !req_op_is_generic(term.op)) {
		req_diag_error(p->diag, p->text, at.start,
			"the number is not one of an operator that is not known");
		term.op = flag | _REQ_OP_N;
	}
	return req_parser_node(p, &term, operand, REQ_NODE_NONE, at);
}

ReqData req_parser_cert_hash(ReqParser *p, ReqData hash, ReqSpan at)
{
	if (!req_is_cert_hash_size(hash.n))
		req_diag_error(p->diag, p->text, at.start,
			"a hash of a certificate has 40 digits (SHA-1) or 64 (SHA-256); found %u",
			2 * hash.n);
	return hash;
}

static uint8_t *keep_hash(ReqParser *p)
{
	ReqFileHash *keep = malloc(sizeof(*keep));

	if (!keep) {
		p->r = error_origin(-ENOMEM);
		return NULL;
	}
	keep->next = p->hashes;
	p->hashes = keep;
	return keep->hash;
}

ReqData req_parser_cert_file(ReqParser *p, ReqData path, ReqSpan at)
{
	const char *why = "files are not read here; write the hash of the certificate";
	char name[4096];
	uint8_t *hash = keep_hash(p);
	int r = REQ_E_INVALID;

	if (!hash)
		return path;
	memset(hash, 0, REQ_FILE_HASH_SIZE);
	if (path.n == 0 || path.n >= sizeof(name)) {
		why = "expecting the path of a certificate";
	} else if (p->options->hash_certificate) {
		memcpy(name, path.p, path.n);
		name[path.n] = '\0';
		r = p->options->hash_certificate(name, hash, &why);
	}
	if (r > 0)
		req_diag_error(p->diag, p->text, at.start, "%s", why);
	else
		p->r = r;
	return (ReqData){hash, REQ_FILE_HASH_SIZE};
}

int32_t req_parser_slot(ReqParser *p, uint64_t number, bool is_negative, ReqSpan at)
{
	if (number > (uint64_t)INT32_MAX + (is_negative ? 1 : 0)) {
		req_diag_error(
			p->diag, p->text, at.start, "the number of a certificate is too large");
		return 0;
	}
	return (int32_t)(is_negative ? -(int64_t)number : (int64_t)number);
}

uint32_t req_parser_number(ReqParser *p, uint64_t number, ReqSpan at)
{
	if (number > UINT32_MAX)
		req_diag_error(p->diag, p->text, at.start,
			"the number is too large; the largest one is %u", UINT32_MAX);
	return (uint32_t)number;
}

uint32_t req_parser_match_number(ReqParser *p, uint64_t number, ReqSpan at)
{
	if (number < _REQ_MATCH_N)
		req_diag_error(p->diag, p->text, at.start,
			"the number is that of a comparison that is known; write that");
	return req_parser_number(p, number, at);
}

static const struct {
	const char *prefix;
	uint32_t op;
} selectors[] = {
	{"field", REQ_OP_CERT_GENERIC},
	{"extension", REQ_OP_CERT_GENERIC},
	{"policy", REQ_OP_CERT_POLICY},
	{"timestamp", REQ_OP_CERT_FIELD_DATE},
};

static bool has_prefix(ReqData key, const char *prefix)
{
	size_t n = strlen(prefix);

	return key.n > n && key.p[n] == '.' && memcmp(key.p, prefix, n) == 0;
}

ReqSelector req_parser_selector(ReqParser *p, ReqData key, ReqSpan at)
{
	if (has_prefix(key, "subject") || (key.n == 5 && memcmp(key.p, "email", 5) == 0))
		return (ReqSelector){REQ_OP_CERT_FIELD, key};
	for (size_t i = 0; i < ARRAY_SIZE(selectors); i++) {
		size_t skip = strlen(selectors[i].prefix) + 1, n = 0;
		/* In the copy of the text; the DER is shorter than what it is made of. */
		uint8_t *oid = (uint8_t *)(uintptr_t)key.p;

		if (!has_prefix(key, selectors[i].prefix))
			continue;
		if (!req_oid_parse((const char *)key.p + skip, key.n - skip, oid, &n))
			req_diag_error(p->diag, p->text, at.start,
				"expecting an object identifier behind %s, such as 1.2.840.113635",
				selectors[i].prefix);
		return (ReqSelector){selectors[i].op, {oid, (uint32_t)n}};
	}
	req_diag_error(p->diag, p->text, at.start,
		"expecting subject.NAME, email, field.OID, extension.OID, policy.OID or "
		"timestamp.OID");
	return (ReqSelector){REQ_OP_CERT_FIELD, key};
}

ReqSelector req_parser_selector_raw(ReqParser *p, ReqData word, ReqData oid, ReqSpan at)
{
	for (size_t i = 0; i < ARRAY_SIZE(selectors); i++)
		if (strlen(selectors[i].prefix) == word.n &&
			memcmp(selectors[i].prefix, word.p, word.n) == 0)
			return (ReqSelector){selectors[i].op, oid};
	req_diag_error(p->diag, p->text, at.start,
		"expecting field, extension, policy or timestamp before bytes");
	return (ReqSelector){REQ_OP_CERT_GENERIC, oid};
}

int64_t req_parser_time(ReqParser *p, ReqData text, ReqSpan at)
{
	int64_t time = 0;

	if (!req_time_parse((const char *)text.p, text.n, &time))
		req_diag_error(
			p->diag, p->text, at.start, "expecting a time, as in \"20190408000000Z\"");
	return time;
}

void req_parser_entry(ReqParser *p, uint32_t type, uint32_t root)
{
	_cleanup_requirement_ Requirement *requirement = NULL;
	int r = 0;

	/* After an error nothing is made any more. */
	if (p->diag->n_errors > 0)
		return;
	if (!p->set)
		r = req_set_new(&p->set);
	if (r == 0)
		r = req_ast_compile(&p->ast, root, &requirement);
	if (r == 0)
		r = req_set_add(p->set, type, requirement);
	if (r == REQ_E_LIMIT) {
		stop(p, p->lexer.span, "there is too much in the set");
		r = REQ_E_SYNTAX;
	}
	p->r = r;
	p->ast.n = 0;
}

static int start(ReqParser *p, const char *text, char *copy, size_t size)
{
	static const int first[] = {
		[REQ_PARSE_ANY] = R_WANT_ANY,
		[REQ_PARSE_REQUIREMENT] = R_WANT_REQUIREMENT,
		[REQ_PARSE_SET] = R_WANT_SET,
	};
	const char *nul = memchr(text, '\0', size);

	p->first = first[p->options->what];
	if (size > REQ_TEXT_MAX) {
		req_diag_error(p->diag, text, 0, "the text is too long");
		return REQ_E_SYNTAX;
	}
	if (nul) {
		req_diag_error(p->diag, text, (uint32_t)(nul - text), "unexpected character 0x00");
		return REQ_E_SYNTAX;
	}
	memcpy(copy, text, size);
	copy[size] = copy[size + 1] = '\0';
	req_lexer_init(&p->lexer, text, copy, (uint32_t)size, p->diag);
	return 0;
}

static int finish(ReqParser *p, ReqParsed *ret)
{
	int r;

	if (p->r < 0)
		return p->r;
	if (p->diag->r < 0)
		return p->diag->r;
	if (p->diag->n_errors > 0)
		return REQ_E_SYNTAX;
	*ret = REQ_PARSED_INIT;
	if (p->set) {
		ret->set = TAKE_PTR(p->set);
		return 0;
	}
	r = req_ast_compile(&p->ast, p->root, &ret->requirement);
	if (r == REQ_E_LIMIT) {
		req_diag_error(p->diag, p->text, 0, "the requirement is too large");
		return REQ_E_SYNTAX;
	}
	return r;
}

static void req_parser_deinit(ReqParser *p)
{
	while (p->hashes) {
		ReqFileHash *next = p->hashes->next;

		free(p->hashes);
		p->hashes = next;
	}
	req_set_unref(p->set);
	req_ast_deinit(&p->ast);
}

int req_parse(const char *text, size_t size, const ReqParseOptions *options, ReqDiag *diag,
	ReqParsed *ret)
{
	static const ReqParseOptions no_options = {REQ_PARSE_ANY, NULL};
	_cleanup_(req_parser_deinit) ReqParser p = {
		.options = options ? options : &no_options,
		.text = text,
		.diag = diag,
		.root = REQ_NODE_NONE,
	};
	_cleanup_free_ char *copy = malloc(MIN(size, REQ_TEXT_MAX) + 2);
	ReqParsed parsed;
	int r;

	if (!copy)
		return error_origin(-ENOMEM);
	r = start(&p, text, copy, size);
	if (r)
		return r;
	/* What it returns says no more than `r` and the diag know. */
	(void)req_grparse(&p);
	req_lexer_deinit(&p.lexer);
	r = finish(&p, &parsed);
	if (r == 0)
		*ret = parsed;
	return r;
}

void req_parsed_deinit(ReqParsed *self)
{
	self->requirement = requirement_unref(self->requirement);
	self->set = req_set_unref(self->set);
}

int requirement_parse(const char *text, size_t size, Requirement **ret)
{
	static const ReqParseOptions options = {REQ_PARSE_REQUIREMENT, NULL};
	_cleanup_req_diag_ ReqDiag diag;
	ReqParsed parsed;
	int r;

	req_diag_init(&diag);
	r = req_parse(text, size, &options, &diag, &parsed);
	if (r == 0)
		*ret = parsed.requirement;
	return r;
}
