/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From steps to text. The text is the lineage's wherever reading that gives the same blob; it is not
 * for what its own dumper leaves out or writes so that nobody can read it: nesting to the right, dates,
 * names with more than ASCII, `leaf trusted`, old and unknown operators.
 */

#include <string.h>

#include "base/error.h"
#include "codesign/reqoid.h"
#include "codesign/reqtime.h"
#include "codesign/reqword.h"
#include "codesign/requirement.h"

/* What stands around an expression: the next more needs parentheses where the one before needs none. */
typedef enum Context {
	CONTEXT_LOOSE, /* nothing, or left of `or` */
	CONTEXT_TERM, /* right of `or`, left of `and` */
	CONTEXT_PRIMARY, /* right of `and`, behind `!` */
} Context;

static int put(ByteWriter *w, const char *text)
{
	return bytes_put_blob(w, text, strlen(text));
}

static int put_number(ByteWriter *w, uint32_t v, bool is_negative)
{
	char text[12], *p = text + sizeof(text);

	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v > 0);
	if (is_negative)
		*--p = '-';
	return bytes_put_blob(w, p, (size_t)(text + sizeof(text) - p));
}

/* Before and after words. */
static int put_word(
	ByteWriter *w, const char *before, ReqQuote how, const ReqData *word, const char *after)
{
	int r = put(w, before);

	if (r == 0)
		r = req_word_format(w, how, word->p, word->n);
	return r ? r : put(w, after);
}

static int put_hash(ByteWriter *w, const char *before, const ReqData *hash)
{
	int r = put(w, before);

	if (r == 0)
		r = put(w, "H\"");
	if (r == 0)
		r = req_hex_format(w, hash->p, hash->n);
	return r ? r : put(w, "\"");
}

/* @before, a number and bytes in the form of a hash. */
static int put_generic(ByteWriter *w, const char *before, uint32_t number, const ReqData *content)
{
	int r = put(w, before);

	if (r == 0)
		r = put_number(w, number, false);
	return r ? r : put_hash(w, " ", content);
}

static int put_time(ByteWriter *w, const char *before, int64_t time)
{
	char text[REQ_TIME_TEXT_SIZE];
	int r = put(w, before);

	req_time_format(time, text);
	if (r == 0)
		r = put(w, " timestamp \"");
	if (r == 0)
		r = put(w, text);
	return r ? r : put(w, "\"");
}

static const struct {
	const char *before, *after;
} matches[] = {
	[REQ_MATCH_EXISTS] = {" /* exists */", ""},
	[REQ_MATCH_EQUAL] = {" = ", ""},
	[REQ_MATCH_CONTAINS] = {" ~ ", ""},
	[REQ_MATCH_BEGINS_WITH] = {" = ", "*"},
	[REQ_MATCH_ENDS_WITH] = {" = *", ""},
	[REQ_MATCH_LESS] = {" < ", ""},
	[REQ_MATCH_GREATER] = {" > ", ""},
	[REQ_MATCH_LESS_EQUAL] = {" <= ", ""},
	[REQ_MATCH_GREATER_EQUAL] = {" >= ", ""},
	[REQ_MATCH_ON] = {" =", ""},
	[REQ_MATCH_BEFORE] = {" <", ""},
	[REQ_MATCH_AFTER] = {" >", ""},
	[REQ_MATCH_ON_OR_BEFORE] = {" <=", ""},
	[REQ_MATCH_ON_OR_AFTER] = {" >=", ""},
	[REQ_MATCH_ABSENT] = {" absent ", ""},
};

static int put_match(ByteWriter *w, const ReqTerm *t)
{
	if (t->match >= _REQ_MATCH_N)
		return put_generic(w, " generic ", t->match, &t->value);
	if (req_match_is_date(t->match))
		return put_time(w, matches[t->match].before, t->time);
	if (!req_match_has_value(t->match))
		return put(w, matches[t->match].before);
	return put_word(
		w, matches[t->match].before, REQ_QUOTE_VALUE, &t->value, matches[t->match].after);
}

/* WORD[KEY] and how it compares. */
static int put_field(ByteWriter *w, const char *word, const ReqTerm *t)
{
	int r = put_word(w, word, REQ_QUOTE_KEY, &t->key, "]");

	return r ? r : put_match(w, t);
}

static int put_slot(ByteWriter *w, int32_t slot)
{
	int r = put(w, "certificate ");

	if (r)
		return r;
	if (slot == REQ_SLOT_LEAF)
		return put(w, "leaf");
	if (slot == REQ_SLOT_ROOT)
		return put(w, "root");
	return put_number(w, slot < 0 ? 0u - (uint32_t)slot : (uint32_t)slot, slot < 0);
}

/* Behind `certificate SLOT[`. */
static int put_oid(ByteWriter *w, const char *word, const ReqData *oid)
{
	int r = put(w, word);

	if (r)
		return r;
	if (!req_oid_is_formattable(oid->p, oid->n))
		return put_hash(w, " ", oid);
	r = put(w, ".");
	return r ? r : req_oid_format(w, oid->p, oid->n);
}

static int put_subject(ByteWriter *w, const ReqData *key)
{
	bool is_usual = (key->n > 8 && memcmp(key->p, "subject.", 8) == 0) ||
			(key->n == 5 && memcmp(key->p, "email", 5) == 0);

	return put_word(w, is_usual ? "" : "generic ", REQ_QUOTE_KEY, key, "");
}

static int put_certificate(ByteWriter *w, const ReqTerm *t)
{
	int r = put_slot(w, t->slot);

	if (r)
		return r;
	if (t->op == REQ_OP_ANCHOR_HASH)
		return put_hash(w, " = ", &t->key);
	if (t->op == REQ_OP_TRUSTED_CERT)
		return put(w, " trusted");
	r = put(w, "[");
	if (r == 0 && t->op == REQ_OP_CERT_FIELD)
		r = put_subject(w, &t->key);
	else if (r == 0)
		r = put_oid(w,
			t->op == REQ_OP_CERT_GENERIC  ? "field"
			: t->op == REQ_OP_CERT_POLICY ? "policy"
						      : "timestamp",
			&t->key);
	if (r == 0)
		r = put(w, "]");
	return r ? r : put_match(w, t);
}

static int put_info_value(ByteWriter *w, const ReqTerm *t)
{
	int r = put_word(w, "info[", REQ_QUOTE_KEY, &t->key, "] legacy");

	return r ? r : put_word(w, " = ", REQ_QUOTE_VALUE, &t->value, "");
}

/* What has no operands. */
static int put_leaf(ByteWriter *w, const ReqTerm *t)
{
	static const char *const plain[] = {
		[REQ_OP_FALSE] = "never",
		[REQ_OP_TRUE] = "always",
		[REQ_OP_APPLE_ANCHOR] = "anchor apple",
		[REQ_OP_APPLE_GENERIC_ANCHOR] = "anchor apple generic",
		[REQ_OP_TRUSTED_CERTS] = "anchor trusted",
		[REQ_OP_NOTARIZED] = "notarized",
		[REQ_OP_LEGACY] = "legacy",
	};
	int r;

	if (t->op < ARRAY_SIZE(plain) && plain[t->op])
		return put(w, plain[t->op]);
	switch (t->op) {
	case REQ_OP_IDENTIFIER:
		return put_word(w, "identifier ", REQ_QUOTE_NAME, &t->key, "");
	case REQ_OP_NAMED_ANCHOR:
		return put_word(w, "anchor apple ", REQ_QUOTE_NAME, &t->key, "");
	case REQ_OP_NAMED_CODE:
		return put_word(w, "(", REQ_QUOTE_NAME, &t->key, ")");
	case REQ_OP_CDHASH:
		return put_hash(w, "cdhash ", &t->key);
	case REQ_OP_INFO_VALUE:
		return put_info_value(w, t);
	case REQ_OP_INFO_FIELD:
		return put_field(w, "info[", t);
	case REQ_OP_ENTITLEMENT_FIELD:
		return put_field(w, "entitlement[", t);
	case REQ_OP_PLATFORM:
		r = put(w, "platform = ");
		return r ? r : put_number(w, t->number, false);
	}
	if (!req_op_is_known(t->op))
		return put_generic(w, "generic false ", t->op & ~REQ_OP_GENERIC_FALSE, &t->value);
	return put_certificate(w, t);
}

/* A term with operands, of which the last step written was one. */
typedef struct Open {
	uint32_t step;
	bool has_parentheses;
} Open;

static bool needs_parentheses(uint32_t op, Context context)
{
	return (op == REQ_OP_OR && context >= CONTEXT_TERM) ||
	       (op == REQ_OP_AND && context >= CONTEXT_PRIMARY);
}

/* What stands before the first operand; *context is what that stands in. */
static int put_before(ByteWriter *w, const ReqTerm *t, Context *context, bool *ret_parentheses)
{
	int r = 0;

	*ret_parentheses = needs_parentheses(t->op, *context);
	if (*ret_parentheses)
		r = put(w, "(");
	*context = t->op == REQ_OP_OR	 ? CONTEXT_LOOSE
		   : t->op == REQ_OP_AND ? CONTEXT_TERM
					 : CONTEXT_PRIMARY;
	if (r == 0 && t->op == REQ_OP_NOT)
		r = put(w, "! ");
	if (r == 0 && req_op_is_skip(t->op)) {
		r = put_generic(w, "generic skip ", t->op & ~REQ_OP_GENERIC_SKIP, &t->value);
		if (r == 0)
			r = put(w, " ");
	}
	return r;
}

/* An operand of each of these was written, and @next is the step behind it: what is complete ends; what
 * is not has its second operand coming. */
static int put_behind(
	ByteWriter *w, const ReqStep *steps, uint32_t next, Open *open, uint32_t *n, Context *ret)
{
	int r = 0;

	for (; *n > 0 && steps[open[*n - 1].step].end == next && r == 0; --*n)
		if (open[*n - 1].has_parentheses)
			r = put(w, ")");
	if (r || *n == 0)
		return r;
	if (steps[open[*n - 1].step].term.op == REQ_OP_OR) {
		*ret = CONTEXT_TERM;
		return put(w, " or ");
	}
	*ret = CONTEXT_PRIMARY;
	return put(w, " and ");
}

int requirement_format_to(const Requirement *self, ByteWriter *w)
{
	Open open[REQ_DEPTH_MAX];
	uint32_t n_open = 0, n_steps;
	const ReqStep *steps = requirement_get_steps(self, &n_steps);
	Context context = CONTEXT_LOOSE;
	int r = 0;

	for (uint32_t i = 0; i < n_steps && r == 0; i++) {
		const ReqTerm *t = &steps[i].term;

		if (req_op_n_operands(t->op) > 0) {
			open[n_open].step = i;
			r = put_before(w, t, &context, &open[n_open].has_parentheses);
			n_open++;
			continue;
		}
		r = put_leaf(w, t);
		if (r == 0)
			r = put_behind(w, steps, i + 1, open, &n_open, &context);
	}
	return r;
}

int requirement_format(const Requirement *self, char **ret)
{
	_cleanup_bytes_writer_ ByteWriter w;
	size_t size;
	int r;

	bytes_writer_init_growable(&w, SIZE_MAX / 2);
	r = requirement_format_to(self, &w);
	if (r == 0)
		r = bytes_put_u8(&w, '\0');
	if (r)
		return error_fold(r);
	*ret = (char *)bytes_writer_steal(&w, &size);
	return 0;
}
