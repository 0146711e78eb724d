/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statements of a file, in order: a prefix, a time-out or an option is for the routines behind
 * it, and a type can be used only behind its declaration. An error does not stop the analysis; the
 * interface is given out only if there was none. The parser has seen to it that there is one
 * subsystem, and that it comes before the routines.
 */
#include "mig/sema_private.h"

#include <inttypes.h>
#include <string.h>

typedef struct Build {
	Sema sema;
	Interface *interface;
	const AstStatement *subsystem, *demux;
	const Routine **routines;
	Import *imports;
	const Type **types;
} Build;

static void read_subsystem(Build *b, const AstStatement *st)
{
	Diag *d = b->sema.diag;

	b->subsystem = st;
	b->interface->name = st->name.text;
	b->interface->kernel_user = st->kernel_user;
	b->interface->kernel_server = st->kernel_server;
	if (st->kernel_user || st->kernel_server)
		diag_warning(d, st->span,
			"kerneluser and kernelserver have no effect: there is no kernel on either "
			"side; leave them out");
	if (st->number < 0 || st->number > INTERFACE_ID_MAX)
		diag_error(d, st->number_span,
			"%" PRId64 " is not a message's number; write one from 0 to %d", st->number,
			INTERFACE_ID_MAX);
	else
		b->interface->base = (int32_t)st->number;
}

/* The number of the next routine. False if there is none, which has been told. */
static bool next_id(Build *b, const AstStatement *st, int32_t *ret)
{
	int64_t id = (int64_t)b->interface->base + b->interface->n_routines;

	if (id > INTERFACE_ID_MAX) {
		diag_error(b->sema.diag, st->span,
			"message number %" PRId64 " is too large; give the subsystem a smaller one",
			id);
		return false;
	}
	*ret = (int32_t)id;
	return true;
}

static void read_routine(Build *b, const AstStatement *st)
{
	int32_t id = 0;
	bool ok = next_id(b, st, &id);
	const Routine *r = NULL;

	if (st->kind == AST_ROUTINE)
		r = sema_routine(&b->sema, st, id);
	if (ok)
		b->routines[b->interface->n_routines++] = r;
}

static void read_type(Build *b, const AstStatement *st)
{
	bool known = nametable_find(&b->sema.types.names, st->name.text) != NULL;
	const Type *type;

	if (!sema_check_name(&b->sema, &st->name, NAME_TYPE) || !st->spec)
		return;
	type = typetable_declare(&b->sema.types, &st->name, st->spec);
	if (type && !known)
		b->types[b->interface->n_types++] = type;
}

/* Given twice, the last one counts: for all routines, also those before it. */
static void read_once(
	Build *b, const AstStatement *st, const AstStatement **first, const char *word)
{
	if (*first && strcmp((*first)->name.text, st->name.text) != 0) {
		diag_warning(b->sema.diag, st->span,
			"%s is said again; the last one counts, leave out the other", word);
		diag_note(b->sema.diag, (*first)->span, "the other one is here");
	}
	*first = st;
}

/* `msgoption MACH_MSG_OPTION_NONE` is how an option is cancelled. */
static const char *option_text(const char *text)
{
	return text && strcmp(text, "MACH_MSG_OPTION_NONE") == 0 ? NULL : text;
}

static void read_on_stack_limit(Build *b, const AstStatement *st)
{
	if (st->number < 0 || st->number > INT32_MAX)
		diag_error(b->sema.diag, st->number_span,
			"%" PRId64 " is not a number of bytes; write one from 0 to %d", st->number,
			INT32_MAX);
	else
		b->interface->on_stack_limit = (long)st->number;
}

/* Those that only set something. */
static void read_setting(Build *b, const AstStatement *st)
{
	Settings *set = &b->sema.settings;

	switch (st->kind) {
	case AST_MSGOPTION_STATEMENT:
		set->msg_option = option_text(st->text);
		break;
	case AST_WAITTIME_STATEMENT:
		set->wait_time = st->text;
		break;
	case AST_SENDTIME_STATEMENT:
		set->send_time = st->text;
		break;
	case AST_SPECIAL_REPLY_PORT:
		if (st->number)
			diag_warning(b->sema.diag, st->span,
				"usespecialreplyport has no effect here: a thread has one reply "
				"port; leave it out");
		break;
	case AST_CONSUME_ON_SEND_ERROR:
		set->consume = (AstConsume)st->number;
		break;
	case AST_SERVER_PREFIX:
		set->server_prefix = st->name.text;
		break;
	case AST_USER_PREFIX:
		set->user_prefix = st->name.text;
		break;
	default: /* the caller's */
		break;
	}
}

static void read_statement(Build *b, const AstStatement *st)
{
	switch (st->kind) {
	case AST_SUBSYSTEM:
		read_subsystem(b, st);
		break;
	case AST_TYPE:
		read_type(b, st);
		break;
	case AST_ROUTINE:
	case AST_SKIP:
		read_routine(b, st);
		break;
	case AST_IMPORT:
		b->imports[b->interface->n_imports++] = (Import){
			.text = st->text, .kind = st->import};
		break;
	case AST_USER_TYPE_LIMIT:
		diag_warning(b->sema.diag, st->span,
			"UserTypeLimit has no effect here: messages carry no types; leave it out");
		break;
	case AST_ON_STACK_LIMIT:
		read_on_stack_limit(b, st);
		break;
	case AST_ERROR:
		diag_warning(b->sema.diag, st->span,
			"error has no effect here: what goes wrong is returned; leave it out");
		break;
	case AST_SERVER_DEMUX:
		read_once(b, st, &b->demux, "serverdemux");
		break;
	case AST_RCSID:
		b->interface->rcsid = st->text;
		break;
	default:
		read_setting(b, st);
		break;
	}
}

static void build_init(Build *b, const Ast *ast, const Options *o, Arena *a, Diag *d)
{
	const AstStatement *st;
	size_t n = 1;

	STAILQ_FOREACH(st, &ast->statements, link)
	n++;
	*b = (Build){.sema = {.arena = a, .diag = d, .options = o}};
	b->sema.settings = (Settings){.user_prefix = "", .server_prefix = ""};
	typetable_init(&b->sema.types, a, d);
	nametable_init(&b->sema.routines, a);
	b->routines = arena_new_array(a, const Routine *, n);
	b->imports = arena_new_array(a, Import, n);
	b->types = arena_new_array(a, const Type *, n);
	b->interface = arena_new(a, Interface);
	b->interface->on_stack_limit = -1;
}

static void finish(Build *b)
{
	Interface *i = b->interface;
	const char *demux = b->demux ? b->demux->name.text : NULL;

	i->user_prefix = b->sema.settings.user_prefix;
	i->server_prefix = b->sema.settings.server_prefix;
	i->demux = demux ? demux : arena_printf(b->sema.arena, "%s_server", i->name);
	i->imports = b->imports;
	i->routines = b->routines;
	i->types = b->types;
}

void sema_analyse(const Ast *ast, const Options *o, Arena *a, Diag *d, const Interface **ret)
{
	const AstStatement *st;
	Build b;

	*ret = NULL;
	if (d->n_errors > 0)
		return;
	build_init(&b, ast, o, a, d);
	STAILQ_FOREACH(st, &ast->statements, link)
	read_statement(&b, st);
	if (d->n_errors > 0)
		return;
	finish(&b);
	if (sema_check_functions(&b.sema, b.interface, b.demux ? b.demux->span : b.subsystem->span))
		*ret = b.interface;
}
