/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/emit_message.h"

/* --- Structures --- */

static void field_data(const Emit *e, const Field *f)
{
	const Type *t = f->arg->type;

	put(e, "\t\t%s %s;\n", emit_wire_type(e, t), f->name);
	if (t->pad)
		put(e, "\t\tchar %sPad[%u];\n", f->name, t->pad);
}

static void field_member(const Emit *e, const Field *f)
{
	const Type *t = f->arg->type;
	const char *name = f->name;

	switch (f->kind) {
	case FIELD_PORT:
		put(e, "\t\tmach_msg_port_descriptor_t %s;\n", name);
		break;
	case FIELD_PORT_ARRAY:
		put(e, "\t\tmach_msg_port_descriptor_t %s[%u];\n", name, t->limit);
		break;
	case FIELD_OOL:
		put(e, "\t\tmach_msg_ool_descriptor_t %s;\n", name);
		break;
	case FIELD_OOL_PORTS:
		put(e, "\t\tmach_msg_ool_ports_descriptor_t %s;\n", name);
		break;
	case FIELD_COUNT:
	case FIELD_ROOM:
		put(e, "\t\tmach_msg_type_number_t %s;\n", name);
		break;
	case FIELD_DATA:
		field_data(e, f);
		break;
	case FIELD_STRING:
		put(e, "\t\tchar %s[%u];\n", name, t->limit);
		if (t->pad)
			put(e, "\t\tchar %sPad[%u];\n", name, t->pad);
		break;
	case FIELD_STRING_HEAD:
		put(e, "\t\tmach_msg_type_number_t %sOffset; /* always 0 */\n", f->arg->name);
		put(e, "\t\tmach_msg_type_number_t %sCnt;\n", f->arg->name);
		break;
	case FIELD_STRING_BYTES:
		put(e, "\t\tchar %s[%u];\n", name, f->size);
		break;
	case FIELD_ARRAY:
		put(e, "\t\t%s %s[%u];\n", emit_wire_type(e, t->element), name, t->limit);
		if (f->size > t->limit * t->element_size)
			put(e, "\t\tchar %sPad[%u];\n", name, f->size - t->limit * t->element_size);
		break;
	case FIELD_PRESENT:
		put(e, "\t\tboolean_t %s__Present__;\n", f->arg->name);
		break;
	case FIELD_NATIVE:
		put(e, "\t\tunion { %s __Value__; unsigned int __Pad__; } %s;\n", t->native_words,
			name);
		break;
	}
}

void emit_struct(
	const Emit *e, const Routine *r, bool request, const char *name, const char *trailer)
{
	const Message *m = emit_message(r, request);
	bool error_only = !request && r->simple;

	PUT_LINES(e, "\ttypedef struct {", "\t\tmach_msg_header_t Head;");
	if (!error_only && m->complex) {
		PUT_LINES(e, "\t\t/* start of the kernel processed data */",
			"\t\tmach_msg_body_t msgh_body;");
		for (unsigned n = 0; n < m->n_descriptors; n++)
			field_member(e, &m->descriptors[n]);
		PUT_LINES(e, "\t\t/* end of the kernel processed data */");
	}
	if (error_only || m->ndr)
		PUT_LINES(e, "\t\tNDR_record_t NDR;");
	if (!request && (error_only || !m->complex))
		PUT_LINES(e, "\t\tkern_return_t RetCode;");
	for (unsigned n = 0; !error_only && n < m->n_inlines; n++)
		field_member(e, &m->inlines[n]);
	if (trailer)
		put(e, "\t\t%s trailer;\n", trailer);
	put(e, "\t} %s;\n", name);
}

static void emit_one_direction(const Emit *e, bool request)
{
	const char *what = request ? "Request" : "Reply";
	const char *sub = e->i->name, *prefix = emit_prefix(e);
	char name[512];

	put(e, "#ifndef __%s__%s_subsystem__defined\n#define __%s__%s_subsystem__defined\n", what,
		sub, what, sub);
	emit_pragma_pack(e, true);
	for (unsigned n = 0; n < e->i->n_routines; n++) {
		const Routine *r = e->i->routines[n];

		if (!r)
			continue;
		(void)snprintf(name, sizeof(name), "__%s__%s_t __attribute__((__unused__))", what,
			r->name);
		emit_struct(e, r, request, name, NULL);
	}
	emit_pragma_pack(e, false);
	put(e, "#endif /* !__%s__%s_subsystem__defined */\n\n", what, sub);

	put(e, "/* union of all %s */\n#ifndef __%sUnion__%s%s_subsystem__defined\n",
		request ? "requests" : "replies", what, prefix, sub);
	put(e, "#define __%sUnion__%s%s_subsystem__defined\nunion __%sUnion__%s%s_subsystem {\n",
		what, prefix, sub, what, prefix, sub);
	for (unsigned n = 0; n < e->i->n_routines; n++) {
		const Routine *r = e->i->routines[n];

		if (r)
			put(e, "\t__%s__%s_t %s_%s;\n", what, r->name, what, r->name);
	}
	if (e->i->n_routines == 0)
		PUT_LINES(e, "\tmig_reply_error_t none;");
	put(e, "};\n#endif /* !__%sUnion__%s%s_subsystem__defined */\n\n", what, prefix, sub);
}

void emit_structs(const Emit *e)
{
	emit_one_direction(e, true);
	emit_one_direction(e, false);
}

/* --- Checks --- */

unsigned emit_pointers(const Message *m)
{
	unsigned max = 0;

	for (unsigned n = 0; n < m->n_inlines; n++) {
		if (m->inlines[n].shift > max)
			max = m->inlines[n].shift;
	}
	return max;
}

uint32_t emit_variable_max(const Message *m)
{
	uint32_t sum = 0;

	for (unsigned n = 0; n < m->n_inlines; n++) {
		if (m->inlines[n].variable)
			sum += m->inlines[n].size;
	}
	return sum;
}

void emit_variable_size(const Emit *e, const Field *f, const char *count)
{
	const Type *t = f->arg->type;
	uint32_t size = f->kind == FIELD_STRING_BYTES ? 1 : t->element_size;

	if (size % 4 == 0)
		put(e, "%s * %u", count, size);
	else if (size == 1)
		put(e, "((%s + 3) & ~3U)", count);
	else
		put(e, "((%s * %u + 3) & ~3U)", count, size);
}

const Field *emit_find_inline(const Message *m, const Arg *a, FieldKind kind)
{
	for (unsigned n = 0; n < m->n_inlines; n++) {
		if (m->inlines[n].arg == a && m->inlines[n].kind == kind)
			return &m->inlines[n];
	}
	return NULL;
}

/* Within a check: what it is about and how it says that something is wrong. */
typedef struct Check {
	const Emit *e;
	const Routine *r;
	const Message *m;
	const char *pointer; /* In or Out */
	const char *struct_name;
	const char *bad; /* the code */
} Check;

/* The count of an argument as C text: `In1P->xCnt`. */
static const char *count_text(const Check *c, const Arg *a, char *buffer, size_t size)
{
	const Field *f = emit_find_inline(c->m, a->count, FIELD_COUNT);

	(void)snprintf(buffer, size, "%s%uP->%sCnt", c->pointer, f ? f->shift : 0, a->count->name);
	return buffer;
}

static void check_disposition(const Check *c, const Field *f, const char *subject)
{
	const Type *t = f->arg->type;

	if (!emit_is_poly(t->out))
		put(c->e, " ||\n\t    %s.disposition != %s", subject, ipcname_text(t->out));
	else if (f->kind == FIELD_PORT_ARRAY)
		/* One parameter tells the kind of all of them. */
		put(c->e, " ||\n\t    %s.disposition != %s0P->%s[0].disposition", subject,
			c->pointer, f->name);
}

static void check_descriptor(const Check *c, const Field *f)
{
	const Emit *e = c->e;
	const char *type = f->kind == FIELD_OOL		? "MACH_MSG_OOL_DESCRIPTOR"
			   : f->kind == FIELD_OOL_PORTS ? "MACH_MSG_OOL_PORTS_DESCRIPTOR"
							: "MACH_MSG_PORT_DESCRIPTOR";
	char subject[512];

	if (f->kind == FIELD_PORT_ARRAY) {
		put(e, "\tfor (unsigned int __i = 0; __i < %u; __i++) {\n\t", f->arg->type->limit);
		(void)snprintf(subject, sizeof(subject), "%s0P->%s[__i]", c->pointer, f->name);
	} else {
		(void)snprintf(subject, sizeof(subject), "%s0P->%s", c->pointer, f->name);
	}
	put(e, "\tif (%s.type != %s", subject, type);
	if (f->kind != FIELD_OOL)
		check_disposition(c, f, subject);
	if (!f->arg->type->variable && f->kind == FIELD_OOL)
		put(e, " ||\n\t    %s.size != %uU", subject,
			f->arg->type->limit * f->arg->type->element_size);
	if (!f->arg->type->variable && f->kind == FIELD_OOL_PORTS)
		put(e, " ||\n\t    %s.count != %uU", subject, f->arg->type->limit);
	put(e, ")\n\t\treturn %s;\n", c->bad);
	if (f->kind == FIELD_PORT_ARRAY)
		PUT_LINES(e, "\t}");
}

/* A count of what is out of line, or of an array of rights, now that it can be read. */
static void check_count(const Check *c, const Field *f)
{
	const Emit *e = c->e;
	const Type *t = f->arg->type;
	char count[512];

	(void)count_text(c, f->arg, count, sizeof(count));
	if (t->limit)
		put(e, "\tif (%s > %u)\n\t\treturn %s;\n", count, t->limit, c->bad);
	if (f->kind == FIELD_OOL)
		put(e, "\tif ((uint64_t)%s * %u != %s0P->%s.size)\n\t\treturn %s;\n", count,
			t->element_size, c->pointer, f->name, c->bad);
	if (f->kind == FIELD_OOL_PORTS)
		put(e, "\tif (%s != %s0P->%s.count)\n\t\treturn %s;\n", count, c->pointer, f->name,
			c->bad);
	/* A right behind the count would be nobody's. */
	if (f->kind == FIELD_PORT_ARRAY)
		put(e,
			"\tfor (mach_msg_type_number_t __i = %s; __i < %u; __i++) {\n"
			"\t\tif (%s0P->%s[__i].name != MACH_PORT_NULL)\n\t\t\treturn %s;\n\t}\n",
			count, t->limit, c->pointer, f->name, c->bad);
}

static void check_string(const Check *c, const Field *f)
{
	const Type *t = f->arg->type;
	const char *a = f->arg->name;

	if (f->kind == FIELD_STRING) {
		put(c->e, "\tif (memchr(%s%uP->%s, '\\0', %u) == NULL)\n\t\treturn %s;\n",
			c->pointer, f->shift, f->name, t->limit, c->bad);
		return;
	}
	put(c->e,
		"\tif (memchr(%s%uP->%s, '\\0', %s%uP->%sCnt) == NULL)\n\t\treturn "
		"%s;\n",
		c->pointer, f->shift, f->name, c->pointer, f->shift, a, c->bad);
}

/* One variable member: its count, that it is there, and where the next ones are. */
static void check_variable(const Check *c, const Field *f)
{
	const Emit *e = c->e;
	const Type *t = f->arg->type;
	bool last = f->shift + 1 == c->m->n_variable;
	char count[512];

	if (f->kind == FIELD_STRING_BYTES) {
		(void)snprintf(
			count, sizeof(count), "%s%uP->%sCnt", c->pointer, f->shift, f->arg->name);
		put(e, "\tif (%s%uP->%sOffset != 0)\n\t\treturn %s;\n", c->pointer, f->shift,
			f->arg->name, c->bad);
	} else {
		(void)count_text(c, f->arg, count, sizeof(count));
	}
	put(e, "\tif (%s > %u)\n\t\treturn %s;\n\tvariable_size = ", count, t->limit, c->bad);
	emit_variable_size(e, f, count);
	/* fixed_size: the least that a message with these counts has. */
	put(e,
		";\n\tfixed_size += variable_size;\n\tif (msgh_size %s fixed_size)\n\t\treturn "
		"%s;\n",
		last ? "!=" : "<", c->bad);
	if (f->kind == FIELD_STRING_BYTES)
		check_string(c, f);
	if (f->shift < emit_pointers(c->m))
		put(e,
			"\t%s%uP = (%s *)((uintptr_t)%s%uP + variable_size - "
			"%u);\n\t*%s%uPP = %s%uP;\n",
			c->pointer, f->shift + 1, c->struct_name, c->pointer, f->shift, f->size,
			c->pointer, f->shift + 1, c->pointer, f->shift + 1);
}

static void check_inline(const Check *c, const Field *f)
{
	if (f->variable)
		check_variable(c, f);
	else if (f->kind == FIELD_STRING)
		check_string(c, f);
	else if (f->kind == FIELD_PRESENT)
		put(c->e, "\tif (%s%uP->%s__Present__ > 1)\n\t\treturn %s;\n", c->pointer, f->shift,
			f->arg->name, c->bad);
}

static void check_sizes(const Check *c)
{
	const Emit *e = c->e;

	if (c->m->n_variable == 0) {
		put(e, "\tif (msgh_size != (mach_msg_size_t)sizeof(%s))\n\t\treturn %s;\n",
			c->struct_name, c->bad);
		return;
	}
	put(e,
		"\tif (msgh_size < fixed_size || msgh_size > (mach_msg_size_t)sizeof(%s))\n"
		"\t\treturn %s;\n",
		c->struct_name, c->bad);
}

static void check_kind(const Check *c)
{
	const Emit *e = c->e;

	if (!c->m->complex) {
		put(e, "\tif (%s0P->Head.msgh_bits & MACH_MSGH_BITS_COMPLEX)\n\t\treturn %s;\n",
			c->pointer, c->bad);
		return;
	}
	put(e,
		"\tif (!(%s0P->Head.msgh_bits & MACH_MSGH_BITS_COMPLEX) ||\n"
		"\t    msgh_size < (mach_msg_size_t)(sizeof(mach_msg_header_t) + "
		"sizeof(mach_msg_body_t)) ||\n"
		"\t    %s0P->msgh_body.msgh_descriptor_count != %u)\n\t\treturn %s;\n",
		c->pointer, c->pointer, c->m->descriptor_count, c->bad);
}

/* A reply may be another's, or nothing but a code. */
static void check_reply_head(const Check *c)
{
	const Emit *e = c->e;

	put(e, "\tif (Out0P->Head.msgh_id != %d) {\n", c->r->id + 100);
	PUT_LINES(e, "\t\tif (Out0P->Head.msgh_id == MACH_NOTIFY_SEND_ONCE)",
		"\t\t\treturn MIG_SERVER_DIED;", "\t\treturn MIG_REPLY_MISMATCH;", "\t}",
		"\tif (Out0P->Head.msgh_remote_port != MACH_PORT_NULL)",
		"\t\treturn MIG_TYPE_ERROR;");
	PUT_LINES(e, "\tif (!(Out0P->Head.msgh_bits & MACH_MSGH_BITS_COMPLEX) &&",
		"\t    msgh_size == (mach_msg_size_t)sizeof(mig_reply_error_t) &&",
		"\t    ((mig_reply_error_t *)Out0P)->RetCode != KERN_SUCCESS)",
		"\t\treturn ((mig_reply_error_t *)Out0P)->RetCode;");
}

static void check_ndr(const Check *c)
{
	if (!c->e->o->check_ndr || !c->m->ndr)
		return;
	put(c->e,
		"\tif (%s0P->NDR.int_rep != NDR_record.int_rep ||\n"
		"\t    %s0P->NDR.char_rep != NDR_record.char_rep ||\n"
		"\t    %s0P->NDR.float_rep != NDR_record.float_rep)\n\t\treturn %s;\n",
		c->pointer, c->pointer, c->pointer, c->bad);
}

static void check_head(const Check *c, bool request)
{
	const Emit *e = c->e;
	const char *what = request ? "Request" : "Reply";
	unsigned pointers = emit_pointers(c->m);

	put(e, "#ifndef __MIG_check__%s__%s_t__defined\n#define __MIG_check__%s__%s_t__defined\n",
		what, c->r->name, what, c->r->name);
	put(e,
		"\nmig_internal kern_return_t __MIG_check__%s__%s_t(__attribute__((__unused__)) %s "
		"*%s0P",
		what, c->r->name, c->struct_name, c->pointer);
	for (unsigned n = 1; n <= pointers; n++)
		put(e, ", %s **%s%uPP", c->struct_name, c->pointer, n);
	put(e, ")\n{\n\tmach_msg_size_t msgh_size = %s0P->Head.msgh_size;\n", c->pointer);
	for (unsigned n = 1; n <= pointers; n++)
		put(e, "\t%s *%s%uP;\n", c->struct_name, c->pointer, n);
	if (c->m->n_variable)
		put(e,
			"\tmach_msg_size_t fixed_size = (mach_msg_size_t)sizeof(%s) - %u;\n"
			"\tmach_msg_size_t variable_size;\n",
			c->struct_name, emit_variable_max(c->m));
	put(e, "\n");
}

void emit_check(const Emit *e, const Routine *r, bool request)
{
	char name[512];
	Check c = {.e = e,
		.r = r,
		.m = emit_message(r, request),
		.pointer = request ? "In" : "Out",
		.struct_name = name,
		.bad = request ? "MIG_BAD_ARGUMENTS" : "MIG_TYPE_ERROR"};

	(void)snprintf(name, sizeof(name), "__%s__%s_t", request ? "Request" : "Reply", r->name);
	check_head(&c, request);
	if (!request)
		check_reply_head(&c);
	PUT_LINES(e, "#if __MigTypeCheck");
	check_kind(&c);
	PUT_LINES(e, "#endif");
	check_sizes(&c);
	if (!request && !c.m->complex)
		PUT_LINES(e, "\tif (Out0P->RetCode != KERN_SUCCESS)", "\t\treturn Out0P->RetCode;");
	check_ndr(&c);
	if (c.m->complex)
		PUT_LINES(e, "#if __MigTypeCheck");
	for (unsigned n = 0; n < c.m->n_descriptors; n++)
		check_descriptor(&c, &c.m->descriptors[n]);
	if (c.m->complex)
		PUT_LINES(e, "#endif");
	for (unsigned n = 0; n < c.m->n_inlines; n++)
		check_inline(&c, &c.m->inlines[n]);
	for (unsigned n = 0; n < c.m->n_descriptors; n++) {
		if (c.m->descriptors[n].arg->type->variable)
			check_count(&c, &c.m->descriptors[n]);
	}
	put(e, "\treturn MACH_MSG_SUCCESS;\n}\n#endif /* !__MIG_check__%s__%s_t__defined */\n\n",
		request ? "Request" : "Reply", r->name);
}
