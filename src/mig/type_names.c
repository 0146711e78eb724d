/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a declared type is called in C. Without a clause it has its own name everywhere. ctype,
 * cusertype and cservertype replace that; a translation also says what the message holds and what
 * the server's routine sees. A type that is declared as another one has that one's translations,
 * unless it has its own.
 */
#include <string.h>

#include "mig/type.h"

typedef struct Names {
	const AstName *user, *server, *wire;
	const AstName *ctype, *cusertype, *cservertype;
	const AstName *intran, *outtran, *destructor;
	Diag *diag;
	bool ok;
} Names;

/* One thing is said once, or twice the same. */
static void set_name(Names *n, const AstName **slot, const AstName *name, const char *what)
{
	if (!*slot) {
		*slot = name;
		return;
	}
	if (strcmp((*slot)->text, name->text) == 0)
		return;
	n->ok = false;
	diag_error(n->diag, name->span,
		"%s is '%s' here and '%s' before; write the same name in both places", what,
		name->text, (*slot)->text);
	diag_note(n->diag, (*slot)->span, "the other name is here");
}

static void read_clause(Names *n, const AstTrans *t)
{
	static const char server_type[] = "the type that the server sees";
	static const char wire_type[] = "the type in the message";

	switch (t->kind) {
	case AST_INTRAN:
		set_name(n, &n->server, &t->result, server_type);
		set_name(n, &n->intran, &t->function, "the function of intran");
		set_name(n, &n->wire, &t->argument, wire_type);
		break;
	case AST_OUTTRAN:
		set_name(n, &n->wire, &t->result, wire_type);
		set_name(n, &n->outtran, &t->function, "the function of outtran");
		set_name(n, &n->server, &t->argument, server_type);
		break;
	case AST_DESTRUCTOR:
		set_name(n, &n->destructor, &t->function, "the function of destructor");
		set_name(n, &n->server, &t->argument, server_type);
		break;
	case AST_CTYPE:
		set_name(n, &n->ctype, &t->result, "ctype");
		break;
	case AST_CUSERTYPE:
		set_name(n, &n->cusertype, &t->result, "cusertype");
		break;
	case AST_CSERVERTYPE:
		set_name(n, &n->cservertype, &t->result, "cservertype");
		break;
	}
}

static const char *text_or(const AstName *name, const char *otherwise)
{
	return name ? name->text : otherwise;
}

bool type_set_names(Type *type, const AstSpec *spec, Diag *d)
{
	Names n = {.diag = d, .ok = true};
	const AstTrans *t;
	const char *name;

	STAILQ_FOREACH(t, &spec->trans, link)
	read_clause(&n, t);
	if (n.cservertype)
		set_name(&n, &n.server, n.cservertype, "the type that the server sees");
	name = text_or(n.ctype, type->name);
	type->user_type = text_or(n.cusertype, name);
	if (n.intran || n.outtran || n.destructor) {
		type->intran = text_or(n.intran, NULL);
		type->outtran = text_or(n.outtran, NULL);
		type->destructor = text_or(n.destructor, NULL);
	} else if (type->intran || type->outtran || type->destructor) {
		/* They come with another type's declaration, and so do the types that they take. */
		return n.ok;
	}
	type->server_type = text_or(n.server, name);
	type->wire_type = text_or(n.wire, type->server_type);
	return n.ok;
}
