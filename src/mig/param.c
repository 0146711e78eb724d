/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An argument becomes one parameter of the C function, or several: behind it come the disposition
 * of a right that is told at run time, the count of an array, and whether memory is to be
 * deallocated. A parameter that the function sets is a pointer, unless it is an array, of which C
 * passes a pointer anyway.
 */
#include "mig/param.h"

#define PARAMS_PER_ARG 4U

typedef struct Params {
	Arena *arena;
	bool server;
	Param *params;
	unsigned n;
} Params;

static bool is_visible(const Arg *arg, bool server)
{
	switch (arg->kind) {
	case ARG_UREPLY_PORT:
	case ARG_WAIT_TIME:
	case ARG_SEND_TIME:
	case ARG_MSG_OPTION:
	case ARG_USER_SEC_TOKEN:
	case ARG_USER_AUDIT_TOKEN:
		return !server;
	case ARG_SREPLY_PORT:
	case ARG_SERVER_SEC_TOKEN:
	case ARG_SERVER_AUDIT_TOKEN:
	case ARG_SERVER_CONTEXT_TOKEN:
	case ARG_MSG_SEQNO:
		return server;
	default:
		return !arg->ret_code;
	}
}

/* The function sets it. */
static bool is_set(const Arg *arg, bool server)
{
	switch (arg->kind) {
	case ARG_USER_SEC_TOKEN:
	case ARG_USER_AUDIT_TOKEN:
	case ARG_SEC_TOKEN:
	case ARG_AUDIT_TOKEN:
		return !server;
	default:
		return arg_is_out(arg);
	}
}

static void add(Params *p, const Arg *arg, ParamKind kind, const char *suffix, const char *ctype,
	bool pointer)
{
	p->params[p->n++] = (Param){
		.kind = kind,
		.arg = arg,
		.name = *suffix ? arena_printf(p->arena, "%s%s", arg->name, suffix) : arg->name,
		.ctype = ctype,
		.pointer = pointer,
	};
}

static void add_value(Params *p, const Arg *arg)
{
	const Type *type = arg->type;
	const char *ctype = p->server ? type->server_type : type->user_type;
	bool pointer = is_set(arg, p->server) && type->by_value;

	if (type->kind == TYPE_NATIVE) {
		ctype = type->native_words;
		pointer = pointer || type->native_pointer;
	}
	add(p, arg, PARAM_VALUE, "", ctype, pointer);
	p->params[p->n - 1].is_const = !p->server && arg->is_const && !is_set(arg, p->server);
}

/* Who sends says how (type->in); who receives is told as what it arrived (type->out). */
static void add_poly(Params *p, const Arg *arg)
{
	bool goes_in = arg_is_in(arg) || !arg_is_out(arg);
	bool sent = arg->type->in == IPC_NAME_POLYMORPHIC;
	bool received = arg->type->out == IPC_NAME_POLYMORPHIC;
	/* What this function is told by its caller, and what it tells. */
	bool told = goes_in && (p->server ? received : sent);
	bool tells = arg_is_out(arg) && (p->server ? sent : received);

	if (type_is_rights(arg->type) && (told || tells))
		add(p, arg, PARAM_POLY, "Poly", "mach_msg_type_name_t", tells);
}

static void add_dealloc(Params *p, const Arg *arg)
{
	if (arg->dealloc != DEALLOC_ASK)
		return;
	if (p->server ? arg_is_out(arg) : arg_is_in(arg))
		add(p, arg, PARAM_DEALLOC, "Dealloc", "boolean_t", p->server);
}

static void make(const Routine *r, bool server, Arena *a, ParamList *ret)
{
	Params p = {.arena = a, .server = server};

	p.params = arena_new_array(a, Param, PARAMS_PER_ARG * (size_t)r->n_args + 1);
	for (unsigned i = 0; i < r->n_args; i++) {
		const Arg *arg = r->args[i];

		if (!is_visible(arg, server))
			continue;
		add_value(&p, arg);
		add_poly(&p, arg);
		if (arg->count == arg)
			add(&p, arg, PARAM_COUNT, "Cnt", "mach_msg_type_number_t", arg_is_out(arg));
		add_dealloc(&p, arg);
	}
	*ret = (ParamList){.params = p.params, .n = p.n};
}

void param_make_user(const Routine *r, Arena *a, ParamList *ret)
{
	make(r, false, a, ret);
}

void param_make_server(const Routine *r, Arena *a, ParamList *ret)
{
	make(r, true, a, ret);
}
