/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/emit_pack.h"
#include "mig/emit_server_call.h"

/* A client says how large an array it has room for, and the server takes memory for that. */
/* There are programs that take the call out of the text, and leave the rest. */
#define UNUSED " __attribute__((__unused__))"

#define INLINE_ROOM_MAX (64U << 20)

static const Field *field_of(const Field *fields, unsigned n, const Arg *a)
{
	for (unsigned k = 0; k < n; k++) {
		if (fields[k].arg == a && fields[k].kind != FIELD_COUNT &&
			fields[k].kind != FIELD_ROOM && fields[k].kind != FIELD_STRING_HEAD &&
			fields[k].kind != FIELD_PRESENT)
			return &fields[k];
	}
	return NULL;
}

static const Field *field_in(const Message *m, const Arg *a)
{
	const Field *f = field_of(m->descriptors, m->n_descriptors, a);

	return f ? f : field_of(m->inlines, m->n_inlines, a);
}

/* An array, or what C treats as one, in the message itself. */
static bool is_inline_array(const Field *f)
{
	switch (f->kind) {
	case FIELD_ARRAY:
	case FIELD_STRING:
	case FIELD_STRING_BYTES:
		return true;
	case FIELD_DATA:
		return !f->arg->type->by_value;
	default:
		return false;
	}
}

static void put_elements(const Emit *e, const Field *f)
{
	const Type *t = f->arg->type;

	if (f->kind == FIELD_DATA) {
		put(e, "sizeof(%s) / sizeof(", emit_wire_type(e, t));
		emit_element_type(e, f);
		put(e, ")");
	} else {
		put(e, "%u", t->limit);
	}
}

/* The text of a count in the request: `In1P->xCnt`. */
static void put_in_count(const Emit *e, const Routine *r, const Arg *a)
{
	const Field *f = emit_find_inline(&r->request, a->count, FIELD_COUNT);

	put(e, "In%uP->%sCnt", f ? f->shift : 0, a->count->name);
}

/* --- Variables --- */

static void put_in_bytes(const Emit *e, const Routine *r, const Field *f)
{
	const Type *t = f->arg->type;

	if (f->kind == FIELD_ARRAY) {
		put(e, "(size_t)");
		put_in_count(e, r, f->arg);
		put(e, " * %u", t->element_size);
	} else if (f->kind == FIELD_STRING_BYTES) {
		put(e, "In%uP->%sCnt", f->shift, f->arg->name);
	} else {
		put(e, "%u", t->size);
	}
}

/* An array of the request whose elements may need more alignment than the message has. */
static void declare_in_array(const Emit *e, const Routine *r, const Field *f)
{
	const char *a = f->arg->name;

	/* What is written as well has a copy of its own. */
	if (f->arg->kind == ARG_INOUT || !emit_may_misalign(f->arg->type))
		return;
	put(e, "\t");
	emit_element_type(e, f);
	put(e, " in_%s__Buffer[__alignof__(", a);
	emit_element_type(e, f);
	put(e, ") > 4 ? ");
	put_elements(e, f);
	put(e, " : 1];\n\t");
	emit_element_type(e, f);
	put(e, " *in_%s" UNUSED " = __alignof__(", a);
	emit_element_type(e, f);
	put(e, ") > 4 ? memcpy(in_%s__Buffer, In%uP->%s, ", a, f->shift, f->name);
	put_in_bytes(e, r, f);
	put(e, ") : (void *)In%uP->%s;\n", f->shift, f->name);
}

static void declare_in(const Emit *e, const Routine *r, const Field *f)
{
	const Arg *a = f->arg;
	const Type *t = a->type;

	if (f->kind == FIELD_PORT_ARRAY) {
		put(e, "\t%s in_%s[%u]" UNUSED ";\n", t->element->server_type, a->name, t->limit);
	} else if (f->kind == FIELD_NATIVE) {
		put(e, "\t%s in_%s" UNUSED ";\n", t->native_words, a->name);
	} else if (is_inline_array(f)) {
		if (!t->intran)
			declare_in_array(e, r, f);
	}
	if (t->intran)
		put(e, "\t%s tran_%s" UNUSED ";\n", t->server_type, a->name);
}

static void declare_out_array(const Emit *e, const Field *f)
{
	const char *a = f->arg->name;
	bool direct = emit_is_direct(f);

	if (direct && !emit_may_misalign(f->arg->type))
		return;
	put(e, "\t");
	emit_element_type(e, f);
	put(e, " out_%s__Buffer[", a);
	if (direct) {
		put(e, "__alignof__(");
		emit_element_type(e, f);
		put(e, ") > 4 ? ");
	}
	put_elements(e, f);
	put(e, "%s];\n\t", direct ? " : 1" : "");
	emit_element_type(e, f);
	put(e, " *out_%s = ", a);
	if (direct) {
		put(e, "__alignof__(");
		emit_element_type(e, f);
		put(e, ") <= 4 ? (void *)OutP->%s : ", f->name);
	}
	put(e, "out_%s__Buffer;\n", a);
}

static void declare_out(const Emit *e, const Field *f)
{
	const Arg *a = f->arg;
	const Type *t = a->type;

	if (is_inline_array(f))
		declare_out_array(e, f);
	else if (f->kind == FIELD_PORT_ARRAY)
		put(e, "\t%s out_%s[%u];\n", t->element->server_type, a->name, t->limit);
	else if (f->kind == FIELD_NATIVE)
		put(e, "\t%s out_%s;\n", t->native_words, a->name);
	else if (type_is_out_of_line(t) && t->inline_interface)
		put(e, "\tvm_address_t out_%s;\n", a->name);
	else
		put(e, "\t%s out_%s;\n", t->server_type, a->name);
	if (t->variable && a->count == a)
		put(e, "\tmach_msg_type_number_t out_%sCnt;\n", a->name);
	if (t->inline_interface)
		put(e, "\tvm_size_t out_%s__Room;\n", a->name);
	if (type_is_rights(t) && emit_is_poly(t->in))
		put(e, "\tmach_msg_type_name_t out_%sPoly;\n", a->name);
	if (a->dealloc == DEALLOC_ASK)
		put(e, "\tboolean_t out_%sDealloc;\n", a->name);
}

/* The reply port, as far as the routine gets it. */
static const Arg *server_reply_port(const Routine *r)
{
	return r->reply_port && r->reply_port->kind != ARG_UREPLY_PORT ? r->reply_port : NULL;
}

static void declare_port(const Emit *e, const Arg *a)
{
	if (a && a->type->intran)
		put(e, "\t%s tran_%s" UNUSED ";\n", a->type->server_type, a->name);
}

void emit_server_declare(const Emit *e, const Routine *r)
{
	declare_port(e, r->request_port);
	declare_port(e, server_reply_port(r));
	for (unsigned n = 0; n < r->n_args; n++) {
		const Arg *a = r->args[n];

		if (arg_is_in(a))
			declare_in(e, r, field_in(&r->request, a));
		if (arg_is_out(a) && !a->ret_code)
			declare_out(e, field_in(&r->reply, a));
	}
	if (r->reply.n_variable && !r->simple)
		put(e,
			"\tmach_msg_size_t msgh_size = (mach_msg_size_t)sizeof(Reply) - %u;\n"
			"\tmach_msg_size_t variable_size;\n",
			emit_variable_max(&r->reply));
}

/* --- What the routine is given --- */

static void load_in(const Emit *e, const Field *f)
{
	const Arg *a = f->arg;
	const Type *t = a->type;

	if (f->kind == FIELD_PORT_ARRAY)
		put(e,
			"\tfor (unsigned int __i = 0; __i < %u; __i++)\n\t\tin_%s[__i] = "
			"In0P->%s[__i].name;\n",
			t->limit, a->name, f->name);
	else if (f->kind == FIELD_NATIVE)
		put(e, "\tin_%s = In%uP->%s.__Value__;\n", a->name, f->shift, f->name);
	if (!t->intran)
		return;
	put(e, "\ttran_%s = %s(", a->name, t->intran);
	if (f->kind == FIELD_PORT)
		put(e, "In0P->%s.name", f->name);
	else if (type_is_out_of_line(t))
		put(e, "(%s)(vm_offset_t)In0P->%s.address", t->wire_type, f->name);
	else
		put(e, "In%uP->%s", f->shift, f->name);
	put(e, ");\n");
}

/* The routine gets memory to fill, and is told how much; what is out of line, it brings itself. */
static bool is_filled(const Type *t)
{
	return !type_is_out_of_line(t) || t->inline_interface;
}

static bool is_any_filled(const Routine *r, const Arg *owner)
{
	for (unsigned n = 0; n < r->n_args; n++) {
		if (r->args[n]->count == owner && is_filled(r->args[n]->type))
			return true;
	}
	return false;
}

/*
 * The room that the routine has: what the client has, and no more than what the message has for
 * any of the arrays of this count.
 */
static void load_out_count(const Emit *e, const Routine *r, const Arg *a)
{
	const Field *room = emit_find_inline(&r->request, a, FIELD_ROOM);
	uint32_t limit = emit_count_limit(r, a);

	if (!room) {
		put(e, "\tout_%sCnt = %u;\n", a->name, is_any_filled(r, a) ? limit : 0);
		return;
	}
	if (limit)
		put(e, "\tout_%sCnt = In%uP->%s < %u ? In%uP->%s : %u;\n", a->name, room->shift,
			room->name, limit, room->shift, room->name, limit);
	else
		put(e, "\tout_%sCnt = In%uP->%s;\n", a->name, room->shift, room->name);
}

static void load_inout_count(const Emit *e, const Routine *r, const Arg *a)
{
	put(e, "\tout_%sCnt = ", a->name);
	put_in_count(e, r, a);
	put(e, ";\n");
}

static void load_inout(const Emit *e, const Routine *r, const Field *out)
{
	const Arg *a = out->arg;
	const Field *in = field_in(&r->request, a);
	const Type *t = a->type;

	if (t->intran)
		put(e, "\tout_%s = tran_%s;\n", a->name, a->name);
	else if (in->kind == FIELD_PORT)
		put(e, "\tout_%s = In0P->%s.name;\n", a->name, in->name);
	else if (in->kind == FIELD_PORT_ARRAY)
		put(e, "\tmemcpy(out_%s, in_%s, sizeof(out_%s));\n", a->name, a->name, a->name);
	else if (t->inline_interface)
		put(e,
			"\tout_%s = (vm_address_t)In0P->%s.address;\n"
			"\tout_%s__Room = (vm_size_t)out_%sCnt * %u;\n",
			a->name, in->name, a->name, a->count->name, t->element_size);
	else if (type_is_out_of_line(t))
		put(e, "\tout_%s = (%s)(vm_offset_t)In0P->%s.address;\n", a->name, t->server_type,
			in->name);
	else if (in->kind == FIELD_NATIVE)
		put(e, "\tout_%s = in_%s;\n", a->name, a->name);
	else if (t->by_value)
		put(e, "\tout_%s = In%uP->%s;\n", a->name, in->shift, in->name);
	else {
		bool direct = emit_is_direct(out) && !emit_may_misalign(t);

		put(e, "\tmemcpy(%s%s, In%uP->%s, ", direct ? "OutP->" : "out_",
			direct ? out->name : a->name, in->shift, in->name);
		put_in_bytes(e, r, in);
		put(e, ");\n");
	}
	if (type_is_rights(t) && emit_is_poly(t->in))
		put(e, "\tout_%sPoly = In0P->%s%s.disposition;\n", a->name, in->name,
			in->kind == FIELD_PORT_ARRAY ? "[0]" : "");
}

/* Nothing that the routine leaves alone is sent as it was. */
static void clear_out(const Emit *e, const Field *f)
{
	const Arg *a = f->arg;
	const Type *t = a->type;

	if (is_inline_array(f)) {
		bool direct = emit_is_direct(f) && !emit_may_misalign(t);

		if (f->kind == FIELD_DATA)
			put(e, "\tmemset(%s%s, 0, %u);\n", direct ? "OutP->" : "out_",
				direct ? f->name : a->name, t->size);
		else if (t->kind == TYPE_STRING)
			put(e, "\t%s%s[0] = '\\0';\n", direct ? "OutP->" : "out_",
				direct ? f->name : a->name);
	} else if (f->kind == FIELD_PORT && !t->outtran) {
		put(e, "\tout_%s = MACH_PORT_NULL;\n", a->name);
	} else if (!t->inline_interface) {
		put(e, "\tmemset(&out_%s, 0, sizeof(out_%s));\n", a->name, a->name);
	}
	if (type_is_rights(t) && emit_is_poly(t->in))
		put(e, "\tout_%sPoly = MACH_MSG_TYPE_MOVE_SEND;\n", a->name);
}

static void load_out(const Emit *e, const Routine *r, const Field *f)
{
	const Arg *a = f->arg;

	if (a->kind == ARG_INOUT)
		load_inout(e, r, f);
	else
		clear_out(e, f);
	if (a->dealloc == DEALLOC_ASK)
		put(e, "\tout_%sDealloc = FALSE;\n", a->name);
}

/* What is inout lies where it came, and is the request's as long as that may be given back. */
static bool has_new_room(const Arg *a)
{
	return emit_has_room(a) && a->kind == ARG_OUT;
}

void emit_server_release(const Emit *e, const Routine *r, unsigned end)
{
	for (unsigned n = 0; n < end; n++) {
		const char *a = r->args[n]->name;

		if (has_new_room(r->args[n]))
			put(e, "\t\tmig_deallocate(out_%s, out_%s__Room);\n", a, a);
	}
}

/*
 * Room for arrays that the routine sees inline and the message has out of line. How much is for the
 * client to say, so all of it is looked at before any memory is taken.
 */
static void load_rooms(const Emit *e, const Routine *r)
{
	for (unsigned n = 0; n < r->n_args; n++) {
		const Arg *a = r->args[n];

		if (!has_new_room(a))
			continue;
		put(e, "\tif (out_%sCnt > %uU)\n", a->count->name,
			INLINE_ROOM_MAX / a->type->element_size);
		emit_fail(e, "\t\t", "MIG_ARRAY_TOO_LARGE");
	}
	for (unsigned n = 0; n < r->n_args; n++) {
		const Arg *a = r->args[n];

		if (!has_new_room(a))
			continue;
		put(e,
			"\tout_%s__Room = (vm_size_t)out_%sCnt * %u;\n"
			"\tmig_allocate(&out_%s, out_%s__Room);\n"
			"\tif (out_%s__Room && !out_%s) {\n",
			a->name, a->count->name, a->type->element_size, a->name, a->name, a->name,
			a->name);
		emit_server_release(e, r, n);
		emit_fail(e, "\t\t", "KERN_RESOURCE_SHORTAGE");
		PUT_LINES(e, "\t}");
	}
}

static void load_port(const Emit *e, const Arg *a, const char *which)
{
	if (a && a->type->intran)
		put(e, "\ttran_%s = %s(In0P->Head.%s);\n", a->name, a->type->intran, which);
}

/* What may fail comes first: then no argument has been translated. */
void emit_server_load(const Emit *e, const Routine *r)
{
	for (unsigned n = 0; n < r->n_args; n++) {
		const Arg *a = r->args[n];

		if (!arg_is_out(a) || a->ret_code || a->count != a)
			continue;
		if (a->kind == ARG_INOUT)
			load_inout_count(e, r, a);
		else
			load_out_count(e, r, a);
	}
	load_rooms(e, r);
	load_port(e, r->request_port, "msgh_request_port");
	load_port(e, server_reply_port(r), "msgh_reply_port");
	for (unsigned n = 0; n < r->n_args; n++) {
		if (arg_is_in(r->args[n]))
			load_in(e, field_in(&r->request, r->args[n]));
	}
	for (unsigned n = 0; n < r->n_args; n++) {
		if (arg_is_out(r->args[n]) && !r->args[n]->ret_code)
			load_out(e, r, field_in(&r->reply, r->args[n]));
	}
}

/* --- The call, on one line --- */

static void put_value_in(const Emit *e, const Routine *r, const Arg *a)
{
	const Field *f = field_in(&r->request, a);
	const Type *t = a->type;

	if (t->intran)
		put(e, "tran_%s", a->name);
	else if (f->kind == FIELD_PORT)
		put(e, "In0P->%s.name", f->name);
	else if (f->kind == FIELD_PORT_ARRAY || (is_inline_array(f) && emit_may_misalign(t)))
		put(e, "in_%s", a->name);
	else if (type_is_out_of_line(t))
		put(e, "(%s)(vm_offset_t)In0P->%s.address", t->server_type, f->name);
	else if (f->kind == FIELD_NATIVE && t->native_bad)
		put(e, "In%uP->%s__Present__ ? &in_%s : (%s)", f->shift, a->name, a->name,
			t->native_bad);
	else if (f->kind == FIELD_NATIVE)
		put(e, "%sin_%s", t->native_pointer ? "&" : "", a->name);
	else if (is_inline_array(f))
		put(e, "(void *)In%uP->%s", f->shift, f->name);
	else
		put(e, "In%uP->%s", f->shift, f->name);
}

static void put_value_out(const Emit *e, const Routine *r, const Arg *a)
{
	const Field *f = field_in(&r->reply, a);
	const Type *t = a->type;

	if (is_inline_array(f) && emit_is_direct(f) && !emit_may_misalign(t))
		put(e, "(void *)OutP->%s", f->name);
	else if (is_inline_array(f) || f->kind == FIELD_PORT_ARRAY)
		put(e, "out_%s", a->name);
	else if (t->inline_interface)
		put(e, "(void *)out_%s", a->name);
	else
		put(e, "&out_%s", a->name);
}

static void put_port(const Emit *e, const Arg *a, const char *which)
{
	if (a->type->intran)
		put(e, "tran_%s", a->name);
	else
		put(e, "In0P->Head.%s", which);
}

static void put_value(const Emit *e, const Routine *r, const Arg *a)
{
	switch (a->kind) {
	case ARG_IN:
		put_value_in(e, r, a);
		break;
	case ARG_OUT:
	case ARG_INOUT:
		put_value_out(e, r, a);
		break;
	case ARG_REQUEST_PORT:
		put_port(e, a, "msgh_request_port");
		break;
	case ARG_REPLY_PORT:
	case ARG_SREPLY_PORT:
		put_port(e, a, "msgh_reply_port");
		break;
	case ARG_SERVER_SEC_TOKEN:
	case ARG_SEC_TOKEN:
		put(e, "TrailerP->msgh_sender");
		break;
	case ARG_SERVER_AUDIT_TOKEN:
	case ARG_AUDIT_TOKEN:
		put(e, "TrailerP->msgh_audit");
		break;
	case ARG_SERVER_CONTEXT_TOKEN:
		put(e, "TrailerP->msgh_context");
		break;
	case ARG_MSG_SEQNO:
		put(e, "TrailerP->msgh_seqno");
		break;
	default:
		break;
	}
}

static void put_poly(const Emit *e, const Routine *r, const Arg *a)
{
	if (a->kind == ARG_REQUEST_PORT)
		put(e, "MACH_MSGH_BITS_LOCAL(In0P->Head.msgh_bits)");
	else if (a->kind == ARG_REPLY_PORT || a->kind == ARG_SREPLY_PORT)
		put(e, "MACH_MSGH_BITS_REMOTE(In0P->Head.msgh_bits)");
	else if (arg_is_out(a) && emit_is_poly(a->type->in))
		put(e, "&out_%sPoly", a->name);
	else
		put(e, "In0P->%s%s.disposition", field_in(&r->request, a)->name,
			a->type->kind == TYPE_PORT_ARRAY ? "[0]" : "");
}

static void put_argument(const Emit *e, const Routine *r, const Param *p)
{
	switch (p->kind) {
	case PARAM_VALUE:
		put_value(e, r, p->arg);
		break;
	case PARAM_POLY:
		put_poly(e, r, p->arg);
		break;
	case PARAM_COUNT:
		if (arg_is_out(p->arg))
			put(e, "&out_%sCnt", p->arg->name);
		else
			put_in_count(e, r, p->arg);
		break;
	case PARAM_DEALLOC:
		put(e, "&out_%sDealloc", p->arg->name);
		break;
	}
}

void emit_server_call(const Emit *e, const Routine *r)
{
	const char *code = emit_is_bare_reply(r) ? "OutP->RetCode" : "RetCode";

	put(e, "\t%s = %s(", code, r->server_name);
	for (unsigned n = 0; n < r->server.n; n++) {
		if (n)
			put(e, ", ");
		put_argument(e, r, &r->server.params[n]);
	}
	put(e, ");\n");
	for (unsigned n = 0; n < r->n_args; n++) {
		const Arg *a = r->args[n];

		if (!a->type->destructor || (a->kind != ARG_IN && a->kind != ARG_REQUEST_PORT))
			continue;
		put(e, "\t%s(", a->type->destructor);
		put_value(e, r, a);
		put(e, ");\n");
	}
}
