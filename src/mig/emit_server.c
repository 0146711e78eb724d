/* SPDX-License-Identifier: Apache-2.0 */
#include "mig/emit_pack.h"
#include "mig/emit_server.h"
#include "mig/emit_server_call.h"

/*
 * A stub checks the request, calls the routine (emit_server_call.c), and packs the answer.
 *
 * When the routine or the stub fails, the answer is a bare code, and the caller of the demux
 * function destroys the request with all that it carries, as mach_msg_server(3) does. When it
 * succeeds, what came with the request is the routine's.
 */
/* What the routine filled is sent; the pages behind it are not, and go. */
static void emit_trim(const Emit *e, const Arg *a)
{
	const char *name = a->name, *count = a->count->name;

	put(e,
		"\t{\n\t\tvm_address_t used = !out_%sCnt ? out_%s :\n"
		"\t\t\tround_page(out_%s + (vm_size_t)out_%sCnt * %u);\n"
		"\t\tvm_address_t room = round_page(out_%s + out_%s__Room);\n\n"
		"\t\tif (used < room)\n\t\t\tmig_deallocate(used, room - used);\n"
		"\t\tif (!out_%sCnt)\n\t\t\tout_%s = 0;\n\t}\n",
		count, name, name, count, a->type->element_size, name, name, count, name);
}

/*
 * The routine says that it filled more than there is room for. It succeeded, so what came is its
 * own: whoever gets the bare code must not destroy that a second time.
 */
static void emit_overflow_answer(const Emit *e, const Routine *r)
{
	PUT_LINES(e, " {");
	if (r->request.complex)
		PUT_LINES(e, "\t\tIn0P->Head.msgh_bits &= ~MACH_MSGH_BITS_COMPLEX;");
	for (unsigned n = 0; n < r->n_args; n++) {
		if (emit_has_room(r->args[n]))
			put(e, "\t\tmig_deallocate(out_%s, out_%s__Room);\n", r->args[n]->name,
				r->args[n]->name);
	}
	emit_fail(e, "\t\t", "MIG_ARRAY_TOO_LARGE");
	PUT_LINES(e, "\t}");
}

static void emit_overflow(const Emit *e, const Routine *r)
{
	if (emit_limits(e, r, false))
		emit_overflow_answer(e, r);
	for (unsigned n = 0; n < r->n_args; n++) {
		const Arg *a = r->args[n];

		if (!emit_has_room(a))
			continue;
		put(e, "\tif ((vm_size_t)out_%sCnt * %u > out_%s__Room)", a->count->name,
			a->type->element_size, a->name);
		emit_overflow_answer(e, r);
	}
}

static void emit_result(const Emit *e, const Routine *r)
{
	const char *code = emit_is_bare_reply(r) ? "OutP->RetCode" : "RetCode";

	put(e, "\tif (%s != KERN_SUCCESS) {\n", code);
	emit_server_release(e, r, r->n_args);
	emit_fail(e, "\t\t", code);
	PUT_LINES(e, "\t}");
	emit_overflow(e, r);
	for (unsigned n = 0; n < r->n_args; n++) {
		if (emit_has_room(r->args[n]))
			emit_trim(e, r->args[n]);
	}
	if (r->simple)
		PUT_LINES(e, "\tOutP->NDR = NDR_record;");
}

/* --- The request's trailer --- */

static const char *server_trailer_type(const Routine *r)
{
	static const char *const types[] = {"mach_msg_trailer_t", "mach_msg_seqno_trailer_t",
		"mach_msg_security_trailer_t", "mach_msg_audit_trailer_t",
		"mach_msg_context_trailer_t"};
	unsigned need = 0;

	for (unsigned n = 0; n < r->n_args; n++) {
		unsigned this = 0;

		switch (r->args[n]->kind) {
		case ARG_MSG_SEQNO:
			this = 1;
			break;
		case ARG_SERVER_SEC_TOKEN:
		case ARG_SEC_TOKEN:
			this = 2;
			break;
		case ARG_SERVER_AUDIT_TOKEN:
		case ARG_AUDIT_TOKEN:
			this = 3;
			break;
		case ARG_SERVER_CONTEXT_TOKEN:
			this = 4;
			break;
		default:
			break;
		}
		if (this > need)
			need = this;
	}
	return types[need];
}

static void emit_server_trailer(const Emit *e, const Routine *r)
{
	if (!r->server_trailer)
		return;
	PUT_LINES(e,
		"\tTrailerP = (mach_msg_max_trailer_t *)(void *)((char *)In0P + "
		"round_msg(In0P->Head.msgh_size));",
		"\tif (TrailerP->msgh_trailer_type != MACH_MSG_TRAILER_FORMAT_0 ||");
	put(e, "\t    TrailerP->msgh_trailer_size < (mach_msg_trailer_size_t)sizeof(%s))\n",
		server_trailer_type(r));
	emit_fail(e, "\t\t", "MIG_TRAILER_ERROR");
}

/* --- The stub --- */

static void emit_stub_check(const Emit *e, const Routine *r)
{
	put(e, "\tcheck_result = __MIG_check__Request__%s_t((Request *)In0P", r->name);
	for (unsigned n = 1; n <= emit_pointers(&r->request); n++)
		put(e, ", &In%uP", n);
	PUT_LINES(e, ");", "\tif (check_result != MACH_MSG_SUCCESS)");
	emit_fail(e, "\t\t", "check_result");
	emit_server_trailer(e, r);
}

static void emit_finish(const Emit *e, const Routine *r)
{
	if (r->simple)
		return;
	emit_pack(e, r, false);
	if (r->reply.complex)
		PUT_LINES(e, "\tOutP->Head.msgh_bits |= MACH_MSGH_BITS_COMPLEX;");
	put(e, "\tOutP->Head.msgh_size = %s;\n",
		r->reply.n_variable ? "msgh_size" : "(mach_msg_size_t)sizeof(Reply)");
}

/* What comes after the checks is a function of its own: its variables are made from checked counts
 * only. */
static void emit_stub(const Emit *e, const Routine *r)
{
	const char *what = r->simple ? "Simple" : "Rpc";
	unsigned pointers = emit_pointers(&r->request);

	put(e, "/* %s %s */\n", r->simple ? "SimpleRoutine" : "Routine", r->name);
	put(e,
		"mig_internal void _X%s(mach_msg_header_t *InHeadP, mach_msg_header_t "
		"*OutHeadP)\n{\n",
		r->name);
	put(e, "\ttypedef __Request__%s_t Request;\n\ttypedef __Reply__%s_t Reply;\n", r->name,
		r->name);
	PUT_LINES(e, "", "\tRequest *In0P = (Request *)InHeadP;",
		"\tReply *OutP = (Reply *)OutHeadP;");
	for (unsigned n = 1; n <= pointers; n++)
		put(e, "\tRequest *In%uP;\n", n);
	if (r->server_trailer)
		PUT_LINES(e, "\tmach_msg_max_trailer_t *TrailerP;");
	PUT_LINES(e, "\tkern_return_t check_result;");
	put(e, "\t__DeclareRcv%s(%d, \"%s\")\n\n\t__BeforeRcv%s(%d, \"%s\")\n", what, r->id,
		r->name, what, r->id, r->name);
	emit_stub_check(e, r);
	PUT_LINES(e, "", "\t{");
	if (!emit_is_bare_reply(r))
		PUT_LINES(e, "\tkern_return_t RetCode;");
	emit_server_declare(e, r);
	put(e, "\n");
	emit_server_load(e, r);
	emit_server_call(e, r);
	put(e, "\t__AfterRcv%s(%d, \"%s\")\n", what, r->id, r->name);
	emit_result(e, r);
	emit_finish(e, r);
	PUT_LINES(e, "\t}", "}", "");
}

/* --- The table --- */

void emit_subsystem_struct(const Emit *e)
{
	put(e, "struct %s%s_subsystem {\n", e->i->server_prefix, e->i->name);
	PUT_LINES(e, "\tmig_server_routine_t server;\t/* finds a stub */",
		"\tmach_msg_id_t start;\t/* first message id */",
		"\tmach_msg_id_t end;\t/* last message id + 1 */",
		"\tunsigned int maxsize;\t/* of an answer */", "\tvm_address_t reserved;");
	put(e, "\tstruct routine_descriptor routine[%u];\n}",
		e->i->n_routines ? e->i->n_routines : 1);
}

static void emit_table(const Emit *e, bool declared)
{
	const char *sub = e->i->name, *prefix = e->i->server_prefix;

	if (!declared)
		put(e, "mig_external mig_routine_t %s_routine(mach_msg_header_t *InHeadP);\n\n",
			e->i->demux);
	put(e, "/* Description of this subsystem, for use in direct RPC */\nconst ");
	if (declared)
		put(e, "struct %s%s_subsystem", prefix, sub);
	else
		emit_subsystem_struct(e);
	put(e, " %s%s_subsystem = {\n\t%s_routine,\n\t%d,\n\t%d,\n", prefix, sub, e->i->demux,
		e->i->base, e->i->base + (int)e->i->n_routines);
	put(e, "\t(mach_msg_size_t)sizeof(union __ReplyUnion__%s%s_subsystem),\n\t0,\n\t{\n",
		prefix, sub);
	for (unsigned n = 0; n < e->i->n_routines; n++) {
		const Routine *r = e->i->routines[n];

		if (r)
			put(e,
				"\t\t{ (mig_impl_routine_t)0, _X%s, %u, %u, "
				"(routine_arg_descriptor_t)0,\n\t\t\t(mach_msg_size_t)"
				"sizeof(__Reply__%s_t) },\n",
				r->name, r->server.n, r->request.descriptor_count, r->name);
		else
			put(e, "\t\t{ 0, 0, 0, 0, 0, 0 },\n");
	}
	if (e->i->n_routines == 0)
		put(e, "\t\t{ 0, 0, 0, 0, 0, 0 },\n");
	PUT_LINES(e, "\t}", "};", "");
}

static void emit_demux(const Emit *e)
{
	const char *sub = e->i->name, *prefix = e->i->server_prefix;

	put(e,
		"mig_external boolean_t %s(mach_msg_header_t *InHeadP, mach_msg_header_t "
		"*OutHeadP)\n{\n",
		e->i->demux);
	PUT_LINES(e, "\tmig_routine_t routine;", "",
		/* One line, in parentheses for those who look for a comma that is missing. */
		("\tOutHeadP->msgh_bits = "
		 "MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(InHeadP->msgh_bits), 0);"),
		"\tOutHeadP->msgh_remote_port = InHeadP->msgh_reply_port;",
		"\tOutHeadP->msgh_size = (mach_msg_size_t)sizeof(mig_reply_error_t);",
		"\tOutHeadP->msgh_local_port = MACH_PORT_NULL;",
		"\tOutHeadP->msgh_id = (mach_msg_id_t)((uint32_t)InHeadP->msgh_id + 100U);",
		"\tOutHeadP->msgh_reserved = 0;", "");
	put(e, "\troutine = %s_routine(InHeadP);\n", e->i->demux);
	PUT_LINES(e, "\tif (!routine) {", "\t\t((mig_reply_error_t *)OutHeadP)->NDR = NDR_record;",
		"\t\t((mig_reply_error_t *)OutHeadP)->RetCode = MIG_BAD_ID;", "\t\treturn FALSE;",
		"\t}", "\troutine(InHeadP, OutHeadP);", "\treturn TRUE;", "}", "");
	put(e, "mig_external mig_routine_t %s_routine(mach_msg_header_t *InHeadP)\n{\n",
		e->i->demux);
	PUT_LINES(e, "\tint64_t msgh_id;", "");
	put(e, "\tmsgh_id = (int64_t)InHeadP->msgh_id - %d;\n", e->i->base);
	put(e, "\tif (msgh_id < 0 || msgh_id >= %u)\n\t\treturn 0;\n", e->i->n_routines);
	put(e, "\treturn %s%s_subsystem.routine[msgh_id].stub_routine;\n}\n", prefix, sub);
}

void emit_server(const Emit *e, const char *header)
{
	emit_banner(e);
	put(e, "/* Module %s */\n\n#define __MIG_check__Request__%s_subsystem__ 1\n\n", e->i->name,
		e->i->name);
	emit_includes(e);
	PUT_LINES(e, "#include <stdint.h>", "#include <mach/mig.h>",
		"#include <mach/vm_page_size.h>");
	emit_imports(e, 1U << AST_IMPORT_ALL | 1U << AST_IMPORT_SERVER);
	if (header)
		put(e, "#include \"%s\"\n", header);
	PUT_LINES(e, "", "#ifndef mig_internal", "#define mig_internal static", "#endif", "",
		"#ifndef mig_external", "#define mig_external", "#endif", "",
		"#define msgh_request_port msgh_local_port",
		"#define msgh_reply_port msgh_remote_port", "", "#ifndef MIG_RETURN_ERROR",
		"#define MIG_RETURN_ERROR(X, code) \\", "\tdo { \\",
		"\t\t((mig_reply_error_t *)X)->RetCode = (code); \\",
		"\t\t((mig_reply_error_t *)X)->NDR = NDR_record; \\", "\t\treturn; \\",
		"\t} while (0)", "#endif", "");
	emit_hook(e, "__DeclareRcvRpc");
	emit_hook(e, "__BeforeRcvRpc");
	emit_hook(e, "__AfterRcvRpc");
	emit_hook(e, "__DeclareRcvSimple");
	emit_hook(e, "__BeforeRcvSimple");
	emit_hook(e, "__AfterRcvSimple");
	if (e->i->rcsid)
		put(e,
			"extern const char %s_server_rcsid[];\nconst char %s_server_rcsid[] = "
			"\"%s\";\n\n",
			e->i->name, e->i->name, e->i->rcsid);
	emit_structs(e);
	emit_size_checks(e);
	for (unsigned n = 0; n < e->i->n_routines; n++) {
		const Routine *r = e->i->routines[n];

		if (!r)
			continue;
		/* The header has them all; a second declaration is a warning to some. */
		if (!header) {
			emit_prototype(e, r, SIDE_SERVER);
			PUT_LINES(e, ";", "");
		}
		emit_check(e, r, true);
		emit_stub(e, r);
	}
	emit_table(e, header != NULL);
	emit_demux(e);
}
