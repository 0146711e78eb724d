/* SPDX-License-Identifier: Apache-2.0 */
#include "codesign/reqeval.h"

#include <string.h>

#include "base/error.h"
#include "codesign/reqcert.h"
#include "codesign/reqmatch.h"
#include "object/dictionary.h"

/* Requirements that stand for others: how many in each other, and in all; then they are not met. */
#define NAMED_DEPTH_MAX 8u
#define NAMED_MAX 100u

typedef struct Named {
	unsigned depth; /* of those that are open */
	unsigned n; /* that were looked at */
} Named;

static int evaluate(const Requirement *self, const ReqContext *c, Named *named, bool *ret);

/* NULL: there is none. */
static X509 *find_certificate(const ReqContext *c, int32_t slot)
{
	int64_t i = slot >= 0 ? slot : (int64_t)c->n_certificates + slot;

	return i >= 0 && (uint64_t)i < c->n_certificates ? c->certificates[i] : NULL;
}

static bool is_text(const char *text, ReqData data)
{
	return text && strlen(text) == data.n && memcmp(text, data.p, data.n) == 0;
}

/* Short hashes are the beginning of longer ones, as the lineage has it; longer ones are all of it. */
static bool is_cdhash(const ReqContext *c, ReqData hash)
{
	if (!c->identifier || !c->cdhash || c->cdhash_size < hash.n)
		return false;
	if (hash.n != 20 && hash.n != c->cdhash_size)
		return false;
	return memcmp(c->cdhash, hash.p, hash.n) == 0;
}

static int ask_anchor(const ReqContext *c, ReqAnchor kind, ReqData name, X509 *x, bool *ret)
{
	*ret = false;
	if (!x || !c->authority || !c->authority->is_anchor)
		return 0;
	return c->authority->is_anchor(
		c->userdata, kind, name, c->certificates, c->n_certificates, x, ret);
}

static int ask_root(const ReqContext *c, ReqAnchor kind, ReqData name, bool *ret)
{
	return ask_anchor(c, kind, name, find_certificate(c, REQ_SLOT_ROOT), ret);
}

static int ask_any(const ReqContext *c, bool *ret)
{
	*ret = false;
	for (size_t i = 0; i < c->n_certificates && !*ret; i++) {
		int r = ask_anchor(c, REQ_ANCHOR_TRUSTED, (ReqData){0}, c->certificates[i], ret);

		if (r)
			return r;
	}
	return 0;
}

static int ask_named(const ReqContext *c, ReqData name, Named *named, bool *ret)
{
	_cleanup_requirement_ Requirement *requirement = NULL;
	int r;

	*ret = false;
	if (!c->authority || !c->authority->find_requirement)
		return 0;
	if (named->depth >= NAMED_DEPTH_MAX || named->n >= NAMED_MAX)
		return 0;
	r = c->authority->find_requirement(c->userdata, name, &requirement);
	if (r || !requirement)
		return r;
	named->depth++;
	named->n++;
	r = evaluate(requirement, c, named, ret);
	named->depth--;
	return r;
}

static bool match_key(const ReqTerm *t, const Object *dictionary)
{
	const Object *value = NULL;

	if (object_is_type(dictionary, OBJECT_DICTIONARY))
		value = object_dictionary_find_text(dictionary, (const char *)t->key.p, t->key.n);
	return req_match_object(t, value);
}

/* The older form of `=`. */
static bool match_info_value(const ReqTerm *t, const Object *info)
{
	ReqTerm field = *t;

	field.match = REQ_MATCH_EQUAL;
	return match_key(&field, info);
}

/* What is asked of certificates. */
static int evaluate_certificates(const ReqTerm *t, const ReqContext *c, bool *ret)
{
	X509 *x;

	switch (t->op) {
	case REQ_OP_APPLE_ANCHOR:
		return ask_root(c, REQ_ANCHOR_PLATFORM, (ReqData){0}, ret);
	case REQ_OP_APPLE_GENERIC_ANCHOR:
		return ask_root(c, REQ_ANCHOR_PLATFORM_GENERIC, (ReqData){0}, ret);
	case REQ_OP_NAMED_ANCHOR:
		return ask_root(c, REQ_ANCHOR_NAMED, t->key, ret);
	case REQ_OP_TRUSTED_CERTS:
		return ask_any(c, ret);
	}
	x = find_certificate(c, t->slot);
	*ret = false;
	if (!x)
		return 0;
	if (t->op == REQ_OP_TRUSTED_CERT)
		return ask_anchor(c, REQ_ANCHOR_TRUSTED, (ReqData){0}, x, ret);
	if (t->op == REQ_OP_ANCHOR_HASH)
		return req_cert_has_hash(x, t->key, ret);
	return req_cert_match(x, t, ret);
}

static int evaluate_leaf(const ReqTerm *t, const ReqContext *c, Named *named, bool *ret)
{
	switch (t->op) {
	case REQ_OP_TRUE:
		*ret = true;
		return 0;
	case REQ_OP_IDENTIFIER:
		*ret = is_text(c->identifier, t->key);
		return 0;
	case REQ_OP_CDHASH:
		*ret = is_cdhash(c, t->key);
		return 0;
	case REQ_OP_PLATFORM:
		*ret = c->identifier && c->platform == t->number;
		return 0;
	case REQ_OP_NOTARIZED:
		*ret = c->is_notarized;
		return 0;
	case REQ_OP_LEGACY:
		*ret = c->is_legacy;
		return 0;
	case REQ_OP_INFO_VALUE:
		*ret = match_info_value(t, c->info);
		return 0;
	case REQ_OP_INFO_FIELD:
		*ret = match_key(t, c->info);
		return 0;
	case REQ_OP_ENTITLEMENT_FIELD:
		*ret = match_key(t, c->entitlements);
		return 0;
	case REQ_OP_NAMED_CODE:
		return ask_named(c, t->key, named, ret);
	}
	*ret = false;
	if (t->op == REQ_OP_FALSE || !req_op_is_known(t->op))
		return 0;
	return evaluate_certificates(t, c, ret);
}

/* @value is that of the operand that ends at @next, of the innermost term of @open. What that makes
 * certain is taken off @open; the step to go on with is returned, *value is what is known so far. */
static uint32_t close_terms(
	const ReqStep *steps, uint32_t next, uint32_t *open, uint32_t *n_open, bool *value)
{
	for (; *n_open > 0; --*n_open) {
		const ReqStep *step = &steps[open[*n_open - 1]];
		uint32_t op = step->term.op;

		if (op == REQ_OP_NOT)
			*value = !*value;
		else if ((op == REQ_OP_AND || op == REQ_OP_OR) && next < step->end &&
			 *value == (op == REQ_OP_AND))
			break;
		next = step->end;
	}
	return next;
}

static int evaluate(const Requirement *self, const ReqContext *c, Named *named, bool *ret)
{
	uint32_t open[REQ_DEPTH_MAX], n_open = 0, n_steps, i = 0;
	const ReqStep *steps = requirement_get_steps(self, &n_steps);
	bool value = false;

	while (i < n_steps) {
		const ReqTerm *t = &steps[i].term;
		int r;

		if (req_op_n_operands(t->op) > 0) {
			open[n_open++] = i++;
			continue;
		}
		r = evaluate_leaf(t, c, named, &value);
		if (r)
			return error_fold(r);
		i = close_terms(steps, i + 1, open, &n_open, &value);
	}
	*ret = value;
	return 0;
}

int requirement_evaluate(const Requirement *self, const ReqContext *context, bool *ret)
{
	Named named = {0};

	return evaluate(self, context, &named, ret);
}
