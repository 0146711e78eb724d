/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A routine: its arguments, which of them are special, both messages and both functions. It is read
 * in passes, because what an argument is depends on others: the first right without a direction is
 * the request port, unless another is called that.
 */
#include "mig/layout.h"
#include "mig/param.h"
#include "mig/sema_private.h"

static void read_args(Sema *s, const AstStatement *statement, RoutineDraft *draft)
{
	const AstArg *ast;
	size_t n = 0;

	STAILQ_FOREACH(ast, &statement->args, link)
	n++;
	draft->args = arena_new_array(s->arena, Arg *, n + 1);
	draft->asts = arena_new_array(s->arena, const AstArg *, n + 1);
	STAILQ_FOREACH(ast, &statement->args, link)
	{
		draft->args[draft->n] = sema_arg(s, ast);
		draft->asts[draft->n++] = ast;
	}
}

static bool check_arg_names(Sema *s, const RoutineDraft *draft)
{
	NameTable names;
	bool ok = true;

	nametable_init(&names, s->arena);
	for (unsigned i = 0; i < draft->n; i++) {
		const AstName *name = &draft->asts[i]->name;
		const AstName *other = nametable_add(&names, name->text, name);

		if (!other)
			continue;
		diag_error(s->diag, name->span,
			"'%s' has another argument '%s'; choose another name for one of them",
			draft->routine->name, name->text);
		diag_note(s->diag, other->span, "the other argument is here");
		ok = false;
	}
	return ok;
}

static void find_request_port(const RoutineDraft *draft)
{
	unsigned i;

	for (i = 0; i < draft->n; i++) {
		if (draft->asts[i]->direction == AST_REQUESTPORT)
			return;
	}
	for (i = 0; i < draft->n; i++) {
		Arg *arg = draft->args[i];

		if (arg && draft->asts[i]->direction == AST_IN_DEFAULT &&
			arg->type->kind == TYPE_PORT) {
			arg->kind = ARG_REQUEST_PORT;
			return;
		}
	}
}

/* The slot of the routine for an argument that there is one of; NULL if it has none. */
static const Arg **slot_of(Routine *r, ArgKind kind)
{
	switch (kind) {
	case ARG_REQUEST_PORT:
		return &r->request_port;
	case ARG_REPLY_PORT:
	case ARG_SREPLY_PORT:
	case ARG_UREPLY_PORT:
		return &r->reply_port;
	case ARG_WAIT_TIME:
		return &r->wait_time;
	case ARG_SEND_TIME:
		return &r->send_time;
	case ARG_MSG_OPTION:
		return &r->msg_option;
	default:
		return NULL;
	}
}

static bool place_arg(Sema *s, const RoutineDraft *draft, unsigned index)
{
	Routine *r = draft->routine;
	const Arg *arg = draft->args[index];
	const Arg **slot = slot_of(r, arg->kind);

	switch (arg->kind) {
	case ARG_SEC_TOKEN:
	case ARG_AUDIT_TOKEN:
		r->server_trailer = r->user_trailer = true;
		break;
	case ARG_SERVER_SEC_TOKEN:
	case ARG_SERVER_AUDIT_TOKEN:
	case ARG_SERVER_CONTEXT_TOKEN:
	case ARG_MSG_SEQNO:
		r->server_trailer = true;
		break;
	case ARG_USER_SEC_TOKEN:
	case ARG_USER_AUDIT_TOKEN:
		r->user_trailer = true;
		break;
	default:
		break;
	}
	if (!slot)
		return true;
	if (!*slot) {
		*slot = arg;
		return true;
	}
	diag_error(s->diag, draft->asts[index]->direction_span,
		"'%s' has '%s' for this already; leave out one of them", r->name, (*slot)->name);
	diag_note(s->diag, (*slot)->span, "the other argument is here");
	return false;
}

/* False if anything was wrong with any argument. */
static bool check_args(Sema *s, const RoutineDraft *draft)
{
	bool ok = check_arg_names(s, draft);

	find_request_port(draft);
	for (unsigned i = 0; i < draft->n; i++) {
		if (!draft->args[i] ||
			!sema_arg_check(s, draft->routine, draft->args[i], draft->asts[i]) ||
			!place_arg(s, draft, i)) {
			ok = false;
			/* Nothing about its flags: they would be judged by a type that is wrong. */
			draft->args[i] = NULL;
			continue;
		}
		ok = sema_flags(s, draft, i) && ok;
	}
	if (ok && !draft->routine->request_port) {
		diag_error(s->diag, draft->routine->span,
			"'%s' has no argument that says where the request goes; add one of a "
			"port's type",
			draft->routine->name);
		ok = false;
	}
	return ok;
}

static bool check_routine_name(Sema *s, const AstName *name)
{
	const AstName *other;

	if (!sema_check_name(s, name, NAME_ROUTINE))
		return false;
	other = nametable_add(&s->routines, name->text, name);
	if (!other)
		return true;
	diag_error(s->diag, name->span, "routine '%s' is declared again; choose another name",
		name->text);
	diag_note(s->diag, other->span, "the first one is here");
	return false;
}

static Routine *new_routine(Sema *s, const AstStatement *statement, int32_t id)
{
	const Settings *set = &s->settings;
	const char *name = statement->name.text;
	Routine *r = arena_new(s->arena, Routine);

	r->name = name;
	r->span = statement->name.span;
	r->id = id;
	r->simple = statement->simple;
	r->user_name = arena_printf(s->arena, "%s%s", set->user_prefix, name);
	r->server_name = arena_printf(s->arena, "%s%s", set->server_prefix, name);
	r->wait_time_text = set->wait_time;
	r->send_time_text = set->send_time;
	r->msg_option_text = set->msg_option;
	r->consume = set->consume;
	return r;
}

const Routine *sema_routine(Sema *s, const AstStatement *statement, int32_t id)
{
	Routine *r = new_routine(s, statement, id);
	RoutineDraft draft = {.routine = r};
	bool ok = check_routine_name(s, &statement->name);

	read_args(s, statement, &draft);
	if (!check_args(s, &draft) || !ok)
		return NULL;
	r->args = (const Arg *const *)draft.args;
	r->n_args = draft.n;
	if (!layout_request(r, s->options->max_descriptors, s->arena, s->diag, &r->request))
		return NULL;
	if (!r->simple &&
		!layout_reply(r, s->options->max_reply_descriptors, s->arena, s->diag, &r->reply))
		return NULL;
	param_make_user(r, s->arena, &r->user);
	param_make_server(r, s->arena, &r->server);
	return sema_check_derived_names(s, r) ? r : NULL;
}
