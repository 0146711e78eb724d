/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/emit_pack.h"
#include "mig/emit_user.h"

/*
 * A stub packs the request, sends it and receives the answer with one call of mach_msg(), checks the
 * answer, and hands out what is in it. Whatever is wrong with an answer, what it carries is
 * destroyed: a caller that gets an error owns nothing new.
 */

static bool has_answer_time(const Routine *r)
{
	return !r->simple && (r->wait_time || r->wait_time_text);
}

static bool has_send_time(const Routine *r)
{
	return r->send_time || r->send_time_text ||
	       (r->simple && (r->wait_time || r->wait_time_text));
}

static const char *answer_time(const Routine *r)
{
	return r->wait_time ? r->wait_time->name : r->wait_time_text;
}

static const char *send_time(const Routine *r)
{
	if (r->send_time)
		return r->send_time->name;
	if (r->send_time_text)
		return r->send_time_text;
	return answer_time(r);
}

/* One mach_msg() has one time-out. */
static bool is_split(const Emit *e, const Routine *r)
{
	return !r->simple &&
	       (!e->o->rpc || (has_answer_time(r) && (r->send_time || r->send_time_text)));
}

static const char *trailer_type(const Routine *r)
{
	return r->user_trailer ? "mach_msg_max_trailer_t" : "mach_msg_trailer_t";
}

static bool is_user_audit_token(const Arg *a)
{
	return a->kind == ARG_USER_AUDIT_TOKEN || a->kind == ARG_AUDIT_TOKEN;
}

/* Otherwise the sender's ids in the trailer are enough. */
static bool needs_audit_trailer(const Routine *r)
{
	for (unsigned n = 0; n < r->n_args; n++) {
		if (is_user_audit_token(r->args[n]))
			return true;
	}
	return false;
}

static void put_trailer_options(const Emit *e, const Routine *r)
{
	if (r->user_trailer)
		put(e,
			" | MACH_RCV_TRAILER_TYPE(MACH_MSG_TRAILER_FORMAT_0) |\n\t\t"
			"MACH_RCV_TRAILER_ELEMENTS(%s)",
			needs_audit_trailer(r) ? "MACH_RCV_TRAILER_AUDIT"
					       : "MACH_RCV_TRAILER_SENDER");
}

static void put_msg_option(const Emit *e, const Routine *r)
{
	if (r->msg_option)
		put(e, " | %s", r->msg_option->name);
	else if (r->msg_option_text)
		put(e, " | (%s)", r->msg_option_text);
}

/* --- Sending --- */

/* A request may say where an answer goes even if the routine has none. */
static bool has_answer_port(const Routine *r)
{
	return !r->simple || (r->reply_port && r->reply_port->kind != ARG_SREPLY_PORT);
}

/* The request as it was given back by a failed send still has what it carried. The right for the
 * answer, too, which mach_msg_destroy() leaves alone: to it that place holds no right. */
static void emit_consume(const Emit *e, const Routine *r)
{
	if (r->consume == AST_CONSUME_TIMEOUT)
		PUT_LINES(e, "\t\tif (msg_result == MACH_SEND_TIMED_OUT) {");
	else if (r->consume == AST_CONSUME_ANY)
		PUT_LINES(e, "\t\tif ((msg_result & ~MACH_MSG_MASK) >= MACH_SEND_IN_PROGRESS &&",
			"\t\t    (msg_result & ~MACH_MSG_MASK) < MACH_RCV_IN_PROGRESS) {");
	else
		return;
	if (has_answer_port(r))
		PUT_LINES(e, "\t\t\tif (MACH_PORT_VALID(InP->Head.msgh_reply_port) &&",
			"\t\t\t    (MACH_MSGH_BITS_LOCAL(InP->Head.msgh_bits) == "
			"MACH_MSG_TYPE_MOVE_SEND_ONCE ||",
			"\t\t\t     MACH_MSGH_BITS_LOCAL(InP->Head.msgh_bits) == "
			"MACH_MSG_TYPE_MOVE_SEND))",
			"\t\t\t\t(void)mach_port_deallocate(mach_task_self(), "
			"InP->Head.msgh_reply_port);");
	PUT_LINES(e, "\t\t\tmach_msg_destroy(&InP->Head);", "\t\t}");
}

/* A reply port to which an answer may still come is not used again. */
static void emit_failed(const Emit *e, const Routine *r)
{
	PUT_LINES(e, "\tif (msg_result != MACH_MSG_SUCCESS) {");
	emit_consume(e, r);
	if (!r->simple && !r->reply_port)
		PUT_LINES(e, "\t\tif (msg_result == MACH_SEND_INVALID_DATA ||",
			"\t\t    msg_result == MACH_SEND_INVALID_DEST ||",
			"\t\t    msg_result == MACH_SEND_INVALID_HEADER)",
			"\t\t\tmig_put_reply_port(__reply_port);", "\t\telse",
			"\t\t\tmig_dealloc_reply_port(__reply_port);");
	emit_fail(e, "\t\t", "msg_result");
	PUT_LINES(e, "\t}");
}

/* A call that also receives has one time-out for both. */
static bool is_send_timed(const Routine *r, bool send, bool receive)
{
	return send && (has_send_time(r) || (receive && has_answer_time(r)));
}

static void put_times(const Emit *e, bool wide, bool send, bool receive)
{
	const char *prefix = wide ? "MACH64" : "MACH";

	if (send)
		put(e, " | %s_SEND_TIMEOUT", prefix);
	if (receive)
		put(e, " | %s_RCV_TIMEOUT", prefix);
}

/* The sizes of both messages, the port of the answer, and the time: the end of either call. */
static void put_sizes(const Emit *e, const Routine *r, bool send, bool receive)
{
	const char *sent = r->request.n_variable ? "msgh_size" : "(mach_msg_size_t)sizeof(Request)";
	const char *time = "MACH_MSG_TIMEOUT_NONE";

	if (receive && has_answer_time(r))
		time = answer_time(r);
	else if (send && has_send_time(r))
		time = send_time(r);
	put(e, "%s, %s, %s, %s", send ? sent : "0",
		receive ? "(mach_msg_size_t)sizeof(Reply)" : "0",
		receive ? "__reply_port" : "MACH_PORT_NULL", time);
}

static void put_mach_msg(const Emit *e, const Routine *r, bool send, bool receive)
{
	put(e, "\tmsg_result = mach_msg(&%s->Head, %s%s%s", send ? "InP" : "Out0P",
		send ? "MACH_SEND_MSG" : "", send && receive ? " | " : "",
		receive ? "MACH_RCV_MSG" : "");
	put_times(e, false, is_send_timed(r, send, receive), receive && has_answer_time(r));
	if (receive)
		put_trailer_options(e, r);
	put_msg_option(e, r);
	put(e, ",\n\t\t");
	put_sizes(e, r, send, receive);
	put(e, ", MACH_PORT_NULL);\n");
}

static void put_mach_msg2(const Emit *e, const Routine *r, bool send, bool receive)
{
	put(e, "\tmsg_result = mach_msg2(%s, %s%s%s", send ? "InP" : "Out0P",
		send ? "MACH64_SEND_MSG" : "", send && receive ? " | " : "",
		receive ? "MACH64_RCV_MSG" : "");
	put_times(e, true, is_send_timed(r, send, receive), receive && has_answer_time(r));
	if (send)
		put(e, " | MACH64_SEND_MQ_CALL");
	if (receive)
		put_trailer_options(e, r);
	put_msg_option(e, r);
	put(e, ",\n\t\t%s, ", send ? "InP->Head" : "(mach_msg_header_t){0}");
	put_sizes(e, r, send, receive);
	put(e, ", 0);\n");
}

static void put_call(const Emit *e, const Routine *r, bool send, bool receive)
{
	if (e->o->mach_msg2)
		put_mach_msg2(e, r, send, receive);
	else
		put_mach_msg(e, r, send, receive);
}

static void put_disposition(const Emit *e, const Arg *a)
{
	if (emit_is_poly(a->type->in))
		put(e, "%sPoly", a->name);
	else
		put(e, "%s", ipcname_text(a->type->in));
}

static void emit_header_fields(const Emit *e, const Routine *r)
{
	bool answer = has_answer_port(r);

	if (r->reply_port && r->reply_port->kind != ARG_SREPLY_PORT)
		put(e, "\t__reply_port = %s;\n", r->reply_port->name);
	else if (answer)
		put(e, "\t__reply_port = mig_get_reply_port();\n");
	put(e, "\tInP->Head.msgh_bits = %sMACH_MSGH_BITS(",
		r->request.complex ? "MACH_MSGH_BITS_COMPLEX | " : "");
	put_disposition(e, r->request_port);
	put(e, ", ");
	if (r->reply_port && r->reply_port->kind != ARG_SREPLY_PORT)
		put_disposition(e, r->reply_port);
	else
		put(e, "%s", answer ? "MACH_MSG_TYPE_MAKE_SEND_ONCE" : "0");
	put(e,
		");\n\tInP->Head.msgh_request_port = %s;\n\tInP->Head.msgh_reply_port = %s;\n"
		"\tInP->Head.msgh_id = %d;\n\tInP->Head.msgh_reserved = 0;\n",
		r->request_port->name, answer ? "__reply_port" : "MACH_PORT_NULL", r->id);
}

static void emit_send(const Emit *e, const Routine *r)
{
	const char *what = r->simple ? "Simple" : "Rpc";

	emit_header_fields(e, r);
	put(e, "\n\t__BeforeSend%s(%d, \"%s\")\n", what, r->id, r->name);
	put_call(e, r, true, !r->simple && !is_split(e, r));
	if (is_split(e, r)) {
		emit_failed(e, r);
		put_call(e, r, false, true);
	}
	put(e, "\t__AfterSend%s(%d, \"%s\")\n", what, r->id, r->name);
	emit_failed(e, r);
}

/* --- The answer --- */

static void put_reply_pointer(const Emit *e, const Field *f)
{
	put(e, "Out%uP->%s", f->shift, f->name);
}

/* An array that the caller has no room for is handed out as far as it fits, with the count that there was. */
static void emit_room(const Emit *e, const Routine *r, const Field *f)
{
	const Arg *a = f->arg;
	const Field *count = emit_find_inline(&r->reply, a->count, FIELD_COUNT);
	const char *c = a->count->name;

	if (!a->count->count_in_out && !a->type->inline_interface)
		return;
	put(e, "\tif (Out%uP->%sCnt > *%sCnt) {\n", count ? count->shift : 0, c, c);
	if (f->kind == FIELD_ARRAY)
		put(e, "\t\tif (*%sCnt)\n\t\t\tmemcpy(%s, Out%uP->%s, (size_t)*%sCnt * %u);\n", c,
			a->name, f->shift, f->name, c, a->type->element_size);
	else if (f->kind == FIELD_OOL)
		put(e,
			"\t\tif (*%sCnt)\n\t\t\tmemcpy(%s, Out0P->%s.address, (size_t)*%sCnt * "
			"%u);\n",
			c, a->name, f->name, c, a->type->element_size);
	put(e, "\t\t*%sCnt = Out%uP->%sCnt;\n\t\tmach_msg_destroy(&Out0P->Head);\n", c,
		count ? count->shift : 0, c);
	emit_fail(e, "\t\t", "MIG_ARRAY_TOO_LARGE");
	PUT_LINES(e, "\t}");
}

/* The client's parameter may be of another type than the descriptor's pointer. */
static void unpack_out_of_line(const Emit *e, const Field *f)
{
	const Arg *a = f->arg;
	bool ports = f->kind == FIELD_OOL_PORTS;
	const char *t = emit_wire_type(e, a->type);

	if (!a->type->inline_interface) {
		put(e, "\t*%s = (%s)(vm_offset_t)Out0P->%s.address;\n", a->name, t, f->name);
	} else {
		const char *n = ports ? "count" : "size";

		put(e,
			"\tif (Out0P->%s.%s) {\n"
			"\t\tmemcpy(%s, Out0P->%s.address, (size_t)Out0P->%s.%s%s);\n"
			"\t\tmig_deallocate((vm_address_t)Out0P->%s.address, "
			"(vm_size_t)Out0P->%s.%s%s);\n\t}\n",
			f->name, n, a->name, f->name, f->name, n,
			ports ? " * sizeof(mach_port_t)" : "", f->name, f->name, n,
			ports ? " * sizeof(mach_port_t)" : "");
	}
	if (ports && emit_is_poly(a->type->out))
		put(e, "\t*%sPoly = Out0P->%s.disposition;\n", a->name, f->name);
}

static void unpack_port_array(const Emit *e, const Routine *r, const Field *f)
{
	const Arg *a = f->arg;
	const Field *count = a->count ? emit_find_inline(&r->reply, a->count, FIELD_COUNT) : NULL;

	/* A caller who said how much room it has may have less than the message. */
	put(e, "\tfor (unsigned int __i = 0; __i < ");
	if (count && a->count->count_in_out)
		put(e, "Out%uP->%s", count->shift, count->name);
	else
		put(e, "%u", a->type->limit);
	put(e, "; __i++)\n\t\t%s[__i] = Out0P->%s[__i].name;\n", a->name, f->name);
	if (emit_is_poly(a->type->out))
		put(e, "\t*%sPoly = Out0P->%s[0].disposition;\n", a->name, f->name);
}

static void unpack_descriptor(const Emit *e, const Routine *r, const Field *f)
{
	const Arg *a = f->arg;

	if (f->kind == FIELD_PORT) {
		put(e, "\t*%s = Out0P->%s.name;\n", a->name, f->name);
		if (emit_is_poly(a->type->out))
			put(e, "\t*%sPoly = Out0P->%s.disposition;\n", a->name, f->name);
	} else if (f->kind == FIELD_PORT_ARRAY) {
		unpack_port_array(e, r, f);
	} else {
		unpack_out_of_line(e, f);
	}
}

static void unpack_data(const Emit *e, const Field *f)
{
	const Type *t = f->arg->type;

	if (t->by_value) {
		put(e, "\t*%s = ", f->arg->name);
		put_reply_pointer(e, f);
		put(e, ";\n");
	} else {
		put(e, "\tmemcpy(%s, ", f->arg->name);
		put_reply_pointer(e, f);
		put(e, ", %u);\n", t->size);
	}
}

static void unpack_array(const Emit *e, const Field *f)
{
	const Arg *a = f->arg;

	/* The count of an array that shares another's has been read with that. */
	put(e, "\tif (*%sCnt)\n\t\tmemcpy(%s, ", a->count->name, a->name);
	put_reply_pointer(e, f);
	put(e, ", (size_t)*%sCnt * %u);\n", a->count->name, a->type->element_size);
}

static void unpack_native(const Emit *e, const Field *f)
{
	const Type *t = f->arg->type;

	if (t->native_bad)
		put(e, "\tif (%s != %s)\n\t", f->arg->name, t->native_bad);
	put(e, "\t*%s = ", f->arg->name);
	put_reply_pointer(e, f);
	put(e, ".__Value__;\n");
}

static void unpack_inline(const Emit *e, const Field *f)
{
	switch (f->kind) {
	case FIELD_COUNT:
		put(e, "\t*%sCnt = ", f->arg->name);
		put_reply_pointer(e, f);
		put(e, ";\n");
		break;
	case FIELD_DATA:
		unpack_data(e, f);
		break;
	case FIELD_STRING:
	case FIELD_STRING_BYTES:
		put(e, "\t(void)mig_strncpy(%s, ", f->arg->name);
		put_reply_pointer(e, f);
		put(e, ", %u);\n", f->arg->type->limit);
		break;
	case FIELD_ARRAY:
		unpack_array(e, f);
		break;
	case FIELD_NATIVE:
		unpack_native(e, f);
		break;
	default:
		break;
	}
}

static void emit_user_trailer(const Emit *e, const Routine *r)
{
	if (!r->user_trailer)
		return;
	PUT_LINES(e,
		"\tTrailerP = (mach_msg_max_trailer_t *)(void *)((char *)Out0P + "
		"round_msg(Out0P->Head.msgh_size));",
		"\tif (TrailerP->msgh_trailer_type != MACH_MSG_TRAILER_FORMAT_0 ||");
	put(e,
		"\t    TrailerP->msgh_trailer_size < (mach_msg_trailer_size_t)sizeof(%s)) {\n"
		"\t\tmach_msg_destroy(&Out0P->Head);\n",
		needs_audit_trailer(r) ? "mach_msg_audit_trailer_t"
				       : "mach_msg_security_trailer_t");
	emit_fail(e, "\t\t", "MIG_TRAILER_ERROR");
	PUT_LINES(e, "\t}");
	for (unsigned n = 0; n < r->n_args; n++) {
		const Arg *a = r->args[n];

		if (is_user_audit_token(a))
			put(e, "\t*%s = TrailerP->msgh_audit;\n", a->name);
		else if (a->kind == ARG_USER_SEC_TOKEN || a->kind == ARG_SEC_TOKEN)
			put(e, "\t*%s = TrailerP->msgh_sender;\n", a->name);
	}
}

static void emit_answer(const Emit *e, const Routine *r)
{
	const Message *m = &r->reply;

	put(e, "\n\tmsg_result = __MIG_check__Reply__%s_t((__Reply__%s_t *)Out0P", r->name,
		r->name);
	for (unsigned n = 1; n <= emit_pointers(m); n++)
		put(e, ", &Out%uP", n);
	PUT_LINES(e, ");", "\tif (msg_result != MACH_MSG_SUCCESS) {",
		"\t\tmach_msg_destroy(&Out0P->Head);");
	emit_fail(e, "\t\t", "msg_result");
	PUT_LINES(e, "\t}");
	/* Nothing is handed out before it is known that all of it can be. */
	for (unsigned n = 0; n < m->n_descriptors; n++) {
		if (m->descriptors[n].arg->type->variable)
			emit_room(e, r, &m->descriptors[n]);
	}
	for (unsigned n = 0; n < m->n_inlines; n++) {
		if (m->inlines[n].kind == FIELD_ARRAY)
			emit_room(e, r, &m->inlines[n]);
	}
	emit_user_trailer(e, r);
	for (unsigned n = 0; n < m->n_descriptors; n++)
		unpack_descriptor(e, r, &m->descriptors[n]);
	for (unsigned n = 0; n < m->n_inlines; n++)
		unpack_inline(e, &m->inlines[n]);
}

/* --- The function --- */

static void emit_types(const Emit *e, const Routine *r)
{
	put(e, "\n");
	emit_pragma_pack(e, true);
	emit_struct(e, r, true, "Request", NULL);
	if (!r->simple) {
		put(e, "\n");
		emit_struct(e, r, false, "Reply", trailer_type(r));
		put(e, "\n");
		emit_struct(e, r, false, "__Reply", NULL);
	}
	emit_pragma_pack(e, false);
}

static void emit_message_pointers(const Emit *e, const Routine *r)
{
	if (e->heap) {
		PUT_LINES(e, "\tif (!Mess)", "\t\treturn KERN_RESOURCE_SHORTAGE;",
			"\tInP = &Mess->In;");
		if (!r->simple)
			PUT_LINES(e, "\tOut0P = &Mess->Out;");
	}
}

static void emit_locals(const Emit *e, const Routine *r)
{
	unsigned pointers = r->simple ? 0 : emit_pointers(&r->reply);

	PUT_LINES(e, "", "\tunion {", "\t\tRequest In;");
	if (!r->simple)
		PUT_LINES(e, "\t\tReply Out;", "\t\t__Reply Checked;");
	PUT_LINES(e, e->heap ? "\t} *Mess = malloc(sizeof(*Mess));" : "\t} Mess;",
		e->heap ? "\tRequest *InP;" : "\tRequest *InP = &Mess.In;");
	if (!r->simple)
		PUT_LINES(e, e->heap ? "\tReply *Out0P;" : "\tReply *Out0P = &Mess.Out;");
	for (unsigned n = 1; n <= pointers; n++)
		put(e, "\t__Reply__%s_t *Out%uP;\n", r->name, n);
	if (r->user_trailer)
		PUT_LINES(e, "\tmach_msg_max_trailer_t *TrailerP;");
	if (!r->simple || (r->reply_port && r->reply_port->kind != ARG_SREPLY_PORT))
		PUT_LINES(e, "\tmach_port_t __reply_port;");
	PUT_LINES(e, "\tmach_msg_return_t msg_result;");
	if (r->request.n_variable)
		put(e,
			"\tmach_msg_size_t msgh_size = (mach_msg_size_t)sizeof(Request) - %u;\n"
			"\tmach_msg_size_t variable_size;\n",
			emit_variable_max(&r->request));
	put(e, "\t__DeclareSend%s(%d, \"%s\")\n\n", r->simple ? "Simple" : "Rpc", r->id, r->name);
	emit_message_pointers(e, r);
}

static bool is_large(const Emit *e, const Routine *r)
{
	long limit = e->o->max_on_stack >= 0 ? e->o->max_on_stack : e->i->on_stack_limit;
	long size = r->request.max_size;

	if (!r->simple && (long)r->reply.max_size > size)
		size = r->reply.max_size;
	return limit >= 0 && size > limit;
}

static void emit_routine(Emit e, const Routine *r)
{
	e.heap = is_large(&e, r);
	if (!r->simple)
		emit_check(&e, r, false);
	emit_prototype(&e, r, SIDE_USER);
	put(&e, "\n{");
	emit_types(&e, r);
	emit_locals(&e, r);
	/* Nothing is half done when a count turns out to be too large. */
	if (emit_limits(&e, r, true)) {
		put(&e, "\n");
		emit_fail(&e, "\t\t", "MIG_ARRAY_TOO_LARGE");
	}
	emit_pack(&e, r, true);
	emit_send(&e, r);
	if (!r->simple)
		emit_answer(&e, r);
	put(&e, "\n");
	emit_fail(&e, "\t", r->simple ? "msg_result" : "KERN_SUCCESS");
	PUT_LINES(&e, "}", "");
}

void emit_user(const Emit *e, const char *header, const Routine *only)
{
	emit_banner(e);
	put(e, "#define __MIG_check__Reply__%s_subsystem__ 1\n\n", e->i->name);
	if (header)
		put(e, "#include \"%s\"\n", header);
	PUT_LINES(e, "#include <stdint.h>", "#include <stdlib.h>", "#include <mach/mach.h>",
		"#include <mach/mach_init.h>", "#include <mach/mig.h>",
		"#include <mach/mig_errors.h>", "", "#ifndef mig_internal",
		"#define mig_internal static __inline__", "#endif", "", "#ifndef mig_external",
		"#define mig_external", "#endif", "", "#define msgh_request_port msgh_remote_port",
		"#define msgh_reply_port msgh_local_port", "");
	emit_hook(e, "__DeclareSendRpc");
	emit_hook(e, "__BeforeSendRpc");
	emit_hook(e, "__AfterSendRpc");
	emit_hook(e, "__DeclareSendSimple");
	emit_hook(e, "__BeforeSendSimple");
	emit_hook(e, "__AfterSendSimple");
	if (e->i->rcsid)
		put(e,
			"extern const char %s_user_rcsid[];\nconst char %s_user_rcsid[] = "
			"\"%s\";\n\n",
			e->i->name, e->i->name, e->i->rcsid);
	emit_structs(e);
	emit_size_checks(e);
	for (unsigned n = 0; n < e->i->n_routines; n++) {
		const Routine *r = e->i->routines[n];

		if (r && (!only || r == only))
			emit_routine(*e, r);
	}
}
