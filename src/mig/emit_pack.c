/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/emit_pack.h"

#define NAME_MAX_ 512
#define BYTES_MAX_ (NAME_MAX_ + 16)

typedef struct Pack {
	const Emit *e;
	const Routine *r;
	const Message *m;
	const char *pointer; /* InP or OutP */
	const char *struct_name;
	bool request;
} Pack;

void emit_fail(const Emit *e, const char *indent, const char *code)
{
	if (e->side == SIDE_SERVER)
		put(e, "%sMIG_RETURN_ERROR(OutP, %s);\n", indent, code);
	else if (e->heap)
		put(e, "%s{\n%s\tfree(Mess);\n%s\treturn %s;\n%s}\n", indent, indent, indent, code,
			indent);
	else
		put(e, "%sreturn %s;\n", indent, code);
}

bool emit_may_misalign(const Type *t)
{
	return t->kind != TYPE_STRING && t->element_size > 4;
}

void emit_element_type(const Emit *e, const Field *f)
{
	const Type *t = f->arg->type;

	if (t->kind == TYPE_STRING)
		put(e, "char");
	else if (f->kind == FIELD_ARRAY)
		put(e, "%s", emit_wire_type(e, t->element));
	else
		put(e, "__typeof__((*(%s *)0)[0])", emit_wire_type(e, t));
}

bool emit_is_direct(const Field *f)
{
	if (f->shift > 0)
		return false;
	switch (f->kind) {
	case FIELD_STRING:
	case FIELD_STRING_BYTES:
	case FIELD_ARRAY:
		return true;
	case FIELD_DATA:
		return !f->arg->type->by_value;
	default:
		return false;
	}
}

uint32_t emit_count_limit(const Routine *r, const Arg *owner)
{
	uint32_t limit = 0;

	for (unsigned n = 0; n < r->n_args; n++) {
		const Arg *a = r->args[n];

		if (a->count == owner && a->type->limit && (!limit || a->type->limit < limit))
			limit = a->type->limit;
	}
	return limit;
}

/* How the value of an argument is written where it is packed: `x`, `*x` or `out_x`. */
static const char *value_text(const Pack *p, const Arg *a, char *buffer)
{
	if (p->e->side == SIDE_SERVER) {
		if (a->type->outtran)
			(void)snprintf(buffer, NAME_MAX_, "%s(out_%s)", a->type->outtran, a->name);
		else
			(void)snprintf(buffer, NAME_MAX_, "out_%s", a->name);
	} else {
		bool pointer = arg_is_out(a) && a->type->by_value;

		(void)snprintf(buffer, NAME_MAX_, "%s%s", pointer ? "*" : "", a->name);
	}
	return buffer;
}

/* A further value that belongs to it: Cnt, Poly or Dealloc. On the client's side a pointer, if it is
 * an answer's as well. */
static const char *extra_text(
	const Pack *p, const Arg *a, const char *what, bool pointer, char *buffer)
{
	bool server = p->e->side == SIDE_SERVER;

	(void)snprintf(buffer, NAME_MAX_, "%s%s%s",
		server	  ? "out_"
		: pointer ? "*"
			  : "",
		a->name, what);
	return buffer;
}

static const char *count_text(const Pack *p, const Arg *a, char *buffer)
{
	return extra_text(p, a->count, "Cnt", arg_is_out(a->count), buffer);
}

static const char *disposition_text(const Pack *p, const Arg *a, char *buffer)
{
	if (emit_is_poly(a->type->in))
		return extra_text(
			p, a, "Poly", arg_is_out(a) && emit_is_poly(a->type->out), buffer);
	return ipcname_text(a->type->in);
}

/* --- Descriptors --- */

static void pack_port(const Pack *p, const Field *f)
{
	char value[NAME_MAX_], poly[NAME_MAX_];

	put(p->e,
		"\t%s->%s = (mach_msg_port_descriptor_t){ .name = %s, .disposition = %s,\n"
		"\t\t.type = MACH_MSG_PORT_DESCRIPTOR };\n",
		p->pointer, f->name, value_text(p, f->arg, value),
		disposition_text(p, f->arg, poly));
}

/* What the member holds, or what fits into the size of a descriptor; 0: any count does. */
static uint32_t limit_of(const Field *f)
{
	const Type *t = f->arg->type;
	uint32_t limit = t->limit;

	if (f->kind == FIELD_STRING_BYTES || !t->variable)
		return 0;
	if (!limit && t->kind == TYPE_OOL)
		limit = UINT32_MAX / t->element_size;
	return limit == UINT32_MAX ? 0 : limit;
}

static void pack_port_array(const Pack *p, const Field *f)
{
	const Emit *e = p->e;
	const Type *t = f->arg->type;
	char count[NAME_MAX_], poly[NAME_MAX_], value[NAME_MAX_];

	(void)snprintf(value, sizeof(value), "%s%s[__i]", e->side == SIDE_SERVER ? "out_" : "",
		f->arg->name);
	put(e,
		"\tfor (unsigned int __i = 0; __i < %u; __i++)\n"
		"\t\t%s->%s[__i] = (mach_msg_port_descriptor_t){ .name = ",
		t->limit, p->pointer, f->name);
	if (t->variable)
		put(e, "__i < %s ? %s : MACH_PORT_NULL", count_text(p, f->arg, count), value);
	else
		put(e, "%s", value);
	put(e, ",\n\t\t\t.disposition = %s, .type = MACH_MSG_PORT_DESCRIPTOR };\n",
		disposition_text(p, f->arg, poly));
}

static void pack_out_of_line(const Pack *p, const Field *f)
{
	const Emit *e = p->e;
	const Arg *a = f->arg;
	const Type *t = a->type;
	bool ports = f->kind == FIELD_OOL_PORTS;
	/* Room that the stub has for the routine: nobody else can release it. */
	bool is_stubs = e->side == SIDE_SERVER && t->inline_interface;
	char value[NAME_MAX_], count[NAME_MAX_], text[NAME_MAX_];

	if (t->variable)
		(void)count_text(p, a, count);
	else
		(void)snprintf(count, sizeof(count), "%uU", t->limit);
	put(e, "\t%s->%s = (mach_msg_ool%s_descriptor_t){ .address = (void *)(vm_offset_t)(%s),\n",
		p->pointer, f->name, ports ? "_ports" : "", value_text(p, a, value));
	if (ports)
		put(e, "\t\t.count = %s,\n\t\t.disposition = %s,\n", count,
			disposition_text(p, a, text));
	else
		put(e, "\t\t.size = %s * %u,\n", count, t->element_size);
	if (a->dealloc == DEALLOC_ASK && !is_stubs)
		put(e, "\t\t.deallocate = %s != 0,\n", extra_text(p, a, "Dealloc", false, text));
	else
		put(e, "\t\t.deallocate = %s,\n",
			a->dealloc == DEALLOC_YES || is_stubs ? "TRUE" : "FALSE");
	put(e, "\t\t.copy = %s, .type = MACH_MSG_OOL%s_DESCRIPTOR };\n",
		a->physical_copy ? "MACH_MSG_PHYSICAL_COPY" : "MACH_MSG_VIRTUAL_COPY",
		ports ? "_PORTS" : "");
}

static void pack_descriptor(const Pack *p, const Field *f)
{
	if (f->kind == FIELD_PORT)
		pack_port(p, f);
	else if (f->kind == FIELD_PORT_ARRAY)
		pack_port_array(p, f);
	else
		pack_out_of_line(p, f);
}

/* --- Inline members --- */

static void pack_pad(const Pack *p, const Field *f)
{
	if (f->arg->type->pad)
		put(p->e, "\tmemset(%s->%sPad, 0, sizeof(%s->%sPad));\n", p->pointer, f->name,
			p->pointer, f->name);
}

/* An array that the routine filled is not at its place. Where only C knows, C asks. */
static bool put_if_elsewhere(const Pack *p, const Field *f)
{
	if (!emit_is_direct(f))
		return true;
	if (!emit_may_misalign(f->arg->type))
		return false;
	put(p->e, "\tif ((void *)out_%s != (void *)%s->%s)\n\t", f->arg->name, p->pointer, f->name);
	return true;
}

static void pack_data(const Pack *p, const Field *f)
{
	const Type *t = f->arg->type;
	char value[NAME_MAX_];

	(void)value_text(p, f->arg, value);
	if (t->by_value)
		put(p->e, "\t%s->%s = %s;\n", p->pointer, f->name, value);
	else if (p->e->side == SIDE_USER)
		put(p->e, "\tmemcpy(%s->%s, %s, %u);\n", p->pointer, f->name, value, t->size);
	else if (put_if_elsewhere(p, f))
		put(p->e, "\tmemcpy(%s->%s, out_%s, %u);\n", p->pointer, f->name, f->arg->name,
			t->size);
	pack_pad(p, f);
}

static void pack_string(const Pack *p, const Field *f)
{
	const Emit *e = p->e;
	uint32_t n = f->arg->type->limit;

	/* What the routine left behind the end of its string is not sent. */
	if (e->side == SIDE_SERVER && emit_is_direct(f))
		put(e,
			"\t{\n\t\tsize_t length;\n\n\t\tOutP->%s[%u] = '\\0';\n"
			"\t\tlength = strlen(OutP->%s);\n"
			"\t\tmemset(OutP->%s + length, 0, %u - length);\n\t}\n",
			f->name, n - 1, f->name, f->name, n);
	else
		put(e, "\t(void)mig_strncpy_zerofill(%s->%s, %s%s, %u);\n", p->pointer, f->name,
			e->side == SIDE_SERVER ? "out_" : "", f->arg->name, n);
	pack_pad(p, f);
}

/* Behind a variable member everything comes earlier. Reckoned as a number: the pointer may lie before the
 * message, where a compiler that sees through all of it believes that there is no room for anything. */
static void pack_move(const Pack *p, const Field *f)
{
	put(p->e, "\tmsgh_size += variable_size;\n");
	if (f->shift < emit_pointers(p->m))
		put(p->e, "\t%s = (%s *)((uintptr_t)%s + variable_size - %u);\n", p->pointer,
			p->struct_name, p->pointer, f->size);
}

static void pack_string_bytes(const Pack *p, const Field *f)
{
	const Emit *e = p->e;
	const char *a = f->arg->name;
	uint32_t n = f->arg->type->limit;

	put(e, "\t%s->%sOffset = 0;\n", p->pointer, a);
	if (e->side == SIDE_SERVER && emit_is_direct(f))
		put(e,
			"\t%s->%s[%u] = '\\0';\n"
			"\t%s->%sCnt = (mach_msg_type_number_t)strlen(%s->%s) + 1;\n",
			p->pointer, a, n - 1, p->pointer, a, p->pointer, a);
	else
		put(e,
			"\t%s->%sCnt = (mach_msg_type_number_t)mig_strncpy(%s->%s, %s%s, "
			"%u);\n",
			p->pointer, a, p->pointer, a, e->side == SIDE_SERVER ? "out_" : "", a, n);
	put(e,
		"\tvariable_size = (%s->%sCnt + 3) & ~3U;\n"
		"\tmemset(%s->%s + %s->%sCnt, 0, variable_size - %s->%sCnt);\n",
		p->pointer, a, p->pointer, a, p->pointer, a, p->pointer, a);
	pack_move(p, f);
}

/* The bytes of so many elements, as C. */
static const char *bytes_text(const char *count, uint32_t size, char *buffer)
{
	if (size == 1)
		(void)snprintf(buffer, BYTES_MAX_, "%s", count);
	else
		(void)snprintf(buffer, BYTES_MAX_, "%s * %u", count, size);
	return buffer;
}

static void pack_array(const Pack *p, const Field *f)
{
	const Emit *e = p->e;
	const Type *t = f->arg->type;
	char count[NAME_MAX_], bytes[BYTES_MAX_];

	(void)count_text(p, f->arg, count);
	(void)bytes_text(count, t->element_size, bytes);
	put(e, "\tvariable_size = ");
	emit_variable_size(e, f, count);
	put(e, ";\n");
	if (e->side == SIDE_USER)
		put(e, "\tif (%s != 0)\n\t\tmemcpy(%s->%s, %s, %s);\n", count, p->pointer, f->name,
			f->arg->name, bytes);
	else if (put_if_elsewhere(p, f))
		put(e, "\tmemcpy(%s->%s, out_%s, %s);\n", p->pointer, f->name, f->arg->name, bytes);
	if (t->element_size % 4)
		put(e, "\tmemset((char *)%s->%s + %s, 0, variable_size - %s);\n", p->pointer,
			f->name, bytes, bytes);
	pack_move(p, f);
}

static void pack_native(const Pack *p, const Field *f)
{
	const Emit *e = p->e;
	const Type *t = f->arg->type;
	const char *a = f->arg->name;
	char value[NAME_MAX_];

	(void)value_text(p, f->arg, value);
	put(e, "\tmemset(&%s->%s, 0, sizeof(%s->%s));\n", p->pointer, f->name, p->pointer, f->name);
	if (e->side == SIDE_SERVER)
		put(e, "\t%s->%s.__Value__ = out_%s;\n", p->pointer, f->name, a);
	else if (t->native_bad)
		put(e, "\tif (%s->%s__Present__)\n\t\t%s->%s.__Value__ = *%s;\n", p->pointer, a,
			p->pointer, f->name, a);
	else
		put(e, "\t%s->%s.__Value__ = %s%s;\n", p->pointer, f->name,
			t->native_pointer || arg_is_out(f->arg) ? "*" : "", a);
}

static void pack_present(const Pack *p, const Field *f)
{
	if (p->e->side == SIDE_SERVER)
		put(p->e, "\t%s->%s__Present__ = TRUE;\n", p->pointer, f->arg->name);
	else
		put(p->e, "\t%s->%s__Present__ = %s != %s;\n", p->pointer, f->arg->name,
			f->arg->name, f->arg->type->native_bad);
}

/* The room that the client has, as far as it is of use. */
static void pack_room(const Pack *p, const Field *f)
{
	uint32_t limit = emit_count_limit(p->r, f->arg);

	put(p->e, "\t%s->%s = *%sCnt;\n", p->pointer, f->name, f->arg->name);
	if (limit)
		put(p->e, "\tif (%s->%s > %u)\n\t\t%s->%s = %u;\n", p->pointer, f->name, limit,
			p->pointer, f->name, limit);
}

static void pack_inline(const Pack *p, const Field *f)
{
	char count[NAME_MAX_];

	switch (f->kind) {
	case FIELD_COUNT:
		put(p->e, "\t%s->%s = %s;\n", p->pointer, f->name, count_text(p, f->arg, count));
		break;
	case FIELD_ROOM:
		pack_room(p, f);
		break;
	case FIELD_DATA:
		pack_data(p, f);
		break;
	case FIELD_STRING:
		pack_string(p, f);
		break;
	case FIELD_STRING_BYTES:
		pack_string_bytes(p, f);
		break;
	case FIELD_ARRAY:
		pack_array(p, f);
		break;
	case FIELD_PRESENT:
		pack_present(p, f);
		break;
	case FIELD_NATIVE:
		pack_native(p, f);
		break;
	default: /* FIELD_STRING_HEAD goes with the bytes; descriptors are not here */
		break;
	}
}

/* The n-th member that holds a counted number of elements, descriptors first; NULL: it does not. */
static const Field *counted(const Message *m, unsigned n)
{
	const Field *f;

	if (n < m->n_descriptors)
		return &m->descriptors[n];
	f = &m->inlines[n - m->n_descriptors];
	return f->kind == FIELD_ARRAY ? f : NULL;
}

/* Whether a member before the n-th one, with the same count, holds no more elements. */
static bool is_limited_before(const Message *m, unsigned n)
{
	const Field *f = counted(m, n);

	for (unsigned k = 0; k < n; k++) {
		const Field *other = counted(m, k);

		if (other && other->arg->count == f->arg->count && limit_of(other) != 0 &&
			limit_of(other) <= limit_of(f))
			return true;
	}
	return false;
}

bool emit_limits(const Emit *e, const Routine *r, bool request)
{
	const Message *m = emit_message(r, request);
	Pack p = {.e = e, .r = r, .m = m, .request = request};
	bool any = false;

	for (unsigned n = 0; n < m->n_descriptors + m->n_inlines; n++) {
		const Field *f = counted(m, n);
		char count[NAME_MAX_];

		if (!f || limit_of(f) == 0 || is_limited_before(m, n))
			continue;
		put(e, "%s%s > %uU", any ? " ||\n\t    " : "\tif (", count_text(&p, f->arg, count),
			limit_of(f));
		any = true;
	}
	if (any)
		put(e, ")");
	return any;
}

void emit_pack(const Emit *e, const Routine *r, bool request)
{
	const Message *m = emit_message(r, request);
	Pack p = {.e = e,
		.r = r,
		.m = m,
		.pointer = request ? "InP" : "OutP",
		.struct_name = request ? "Request" : "Reply",
		.request = request};
	bool moved = emit_pointers(m) > 0;

	if (m->complex) {
		put(e, "\t%s->msgh_body.msgh_descriptor_count = %u;\n", p.pointer,
			m->descriptor_count);
		for (unsigned n = 0; n < m->n_descriptors; n++)
			pack_descriptor(&p, &m->descriptors[n]);
	}
	if (m->ndr)
		put(e, "\t%s->NDR = NDR_record;\n", p.pointer);
	for (unsigned n = 0; n < m->n_inlines; n++)
		pack_inline(&p, &m->inlines[n]);
	if (moved)
		put(e, "\t%s = %s;\n", p.pointer,
			!request  ? "(Reply *)OutHeadP"
			: e->heap ? "&Mess->In"
				  : "&Mess.In");
}
