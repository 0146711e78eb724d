/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the arguments goes into a message, and in which order: the descriptors of all arguments,
 * then whatever is inline, both in the order of the declaration. Everything takes a multiple of four
 * bytes. Sizes are those of 64-bit processes, which is all there is.
 */
#include "mig/layout.h"

#include <inttypes.h>

#define HEADER_SIZE 24U
#define BODY_SIZE 4U
#define NDR_SIZE 8U
#define RETCODE_SIZE 4U
#define PORT_SIZE 12U
#define OOL_SIZE 16U
#define COUNT_SIZE 4U

typedef struct Layout {
	Arena *arena;
	bool reply;
	Field *descriptors;
	Field *inlines;
	Message message;
	uint64_t
		fixed; /* bytes of members that are always there; and with all that may be there: */
	uint64_t max;
	uint64_t n_rights; /* descriptors that count in msgh_body */
} Layout;

static void add_descriptor(Layout *l, const Arg *arg, FieldKind kind, uint64_t n)
{
	uint32_t each = kind == FIELD_PORT || kind == FIELD_PORT_ARRAY ? PORT_SIZE : OOL_SIZE;

	l->descriptors[l->message.n_descriptors++] = (Field){
		.kind = kind, .arg = arg, .name = arg->name, .size = (uint32_t)(each * n)};
	l->n_rights += n;
	l->fixed += each * n;
	l->max += each * n;
}

static void add_inline(Layout *l, const Arg *arg, FieldKind kind, const char *name, uint32_t size)
{
	Field *field = &l->inlines[l->message.n_inlines++];

	*field = (Field){
		.kind = kind,
		.arg = arg,
		.name = name,
		.size = size,
		.variable = kind == FIELD_ARRAY || kind == FIELD_STRING_BYTES,
		.shift = l->message.n_variable,
	};
	l->max += size;
	if (field->variable)
		l->message.n_variable++;
	else
		l->fixed += size;
}

static void add_count(Layout *l, const Arg *arg, FieldKind kind)
{
	add_inline(l, arg, kind, arena_printf(l->arena, "%sCnt", arg->name), COUNT_SIZE);
}

static uint32_t padded(uint32_t size)
{
	return (size + 3) & ~3U;
}

static void add_native(Layout *l, const Arg *arg)
{
	if (arg->type->native_bad)
		add_inline(l, arg, FIELD_PRESENT,
			arena_printf(l->arena, "%s__Present__", arg->name), COUNT_SIZE);
	add_inline(l, arg, FIELD_NATIVE, arg->name, 0);
	l->message.native = true;
}

static void add_inline_data(Layout *l, const Arg *arg)
{
	const Type *type = arg->type;

	switch (type->kind) {
	case TYPE_DATA:
		add_inline(l, arg, FIELD_DATA, arg->name, padded(type->size));
		break;
	case TYPE_ARRAY:
		add_inline(l, arg, FIELD_ARRAY, arg->name, padded(type->size));
		break;
	case TYPE_STRING:
		if (type->variable)
			add_inline(l, arg, FIELD_STRING_HEAD, arg->name, 2 * COUNT_SIZE);
		add_inline(l, arg, type->variable ? FIELD_STRING_BYTES : FIELD_STRING, arg->name,
			padded(type->size));
		break;
	case TYPE_NATIVE:
		add_native(l, arg);
		break;
	default: /* is in the descriptors */
		break;
	}
}

static void add_arg(Layout *l, const Arg *arg)
{
	const Type *type = arg->type;

	switch (type->kind) {
	case TYPE_PORT:
		add_descriptor(l, arg, FIELD_PORT, 1);
		break;
	case TYPE_PORT_ARRAY:
		add_descriptor(l, arg, FIELD_PORT_ARRAY, type->limit);
		break;
	case TYPE_OOL:
		add_descriptor(l, arg, FIELD_OOL, 1);
		break;
	case TYPE_OOL_PORTS:
		add_descriptor(l, arg, FIELD_OOL_PORTS, 1);
		break;
	default: /* all of it is inline */
		break;
	}
	if (arg->count == arg)
		add_count(l, arg, FIELD_COUNT);
	add_inline_data(l, arg);
}

static void add_args(Layout *l, const Routine *r)
{
	for (unsigned i = 0; i < r->n_args; i++) {
		const Arg *arg = r->args[i];

		if (l->reply ? arg_is_out(arg) && !arg->ret_code : arg_is_in(arg))
			add_arg(l, arg);
		else if (!l->reply && arg->count_in_out && arg->count == arg)
			add_count(l, arg, FIELD_ROOM);
	}
}

static bool check_limits(const Layout *l, const Routine *r, long limit, Diag *d)
{
	const char *what = l->reply ? "reply" : "request";

	if (l->n_rights > LAYOUT_DESCRIPTORS_MAX) {
		diag_error(d, r->span,
			"the %s of '%s' has %" PRIu64 " descriptors, and a message at most %d; "
			"write array[] for rights out of line",
			what, r->name, l->n_rights, LAYOUT_DESCRIPTORS_MAX);
		return false;
	}
	if (limit >= 0 && l->n_rights > (uint64_t)limit) {
		diag_error(d, r->span,
			"the %s of '%s' has %" PRIu64 " descriptors, and %s allows %ld; raise it, "
			"or write array[] for rights out of line",
			what, r->name, l->n_rights, l->reply ? "-max_reply_descrs" : "-max_descrs",
			limit);
		return false;
	}
	if (l->max >= TYPE_INLINE_MAX) {
		diag_error(d, r->span,
			"the %s of '%s' has %" PRIu64
			" bytes, and a message less than %u; write ^array[] for memory out of line",
			what, r->name, l->max, TYPE_INLINE_MAX);
		return false;
	}
	return true;
}

static bool layout(const Routine *r, bool reply, long limit, Arena *a, Diag *d, Message *ret)
{
	Layout l = {.arena = a, .reply = reply, .fixed = HEADER_SIZE, .max = HEADER_SIZE};
	uint32_t rest = 0;

	l.descriptors = arena_new_array(a, Field, r->n_args + 1);
	l.inlines = arena_new_array(a, Field, 3 * (size_t)r->n_args + 1);
	add_args(&l, r);
	l.message.descriptors = l.descriptors;
	l.message.inlines = l.inlines;
	l.message.complex = l.message.n_descriptors > 0;
	l.message.ndr = l.message.n_inlines > 0 || (reply && !l.message.complex);
	if (l.message.complex)
		rest += BODY_SIZE;
	if (l.message.ndr)
		rest += NDR_SIZE;
	if (reply && !l.message.complex)
		rest += RETCODE_SIZE;
	l.fixed += rest;
	l.max += rest;
	if (!check_limits(&l, r, limit, d))
		return false;
	l.message.descriptor_count = (unsigned)l.n_rights;
	l.message.min_size = (uint32_t)l.fixed;
	l.message.max_size = (uint32_t)l.max;
	*ret = l.message;
	return true;
}

bool layout_request(const Routine *r, long limit, Arena *a, Diag *d, Message *ret)
{
	return layout(r, false, limit, a, d, ret);
}

bool layout_reply(const Routine *r, long limit, Arena *a, Diag *d, Message *ret)
{
	return layout(r, true, limit, a, d, ret);
}
