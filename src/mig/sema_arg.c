/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an argument is for, and whether its type can be that. Those that go into the messages may
 * have any type; the others stand for something of the header, the trailer or the call, and have the
 * size of that.
 */
#include "base/cleanup.h"
#include "mig/sema_private.h"

typedef struct KindOf {
	ArgKind kind;
	const char *word; /* as it is written */
	bool right; /* a port */
	uint32_t size; /* data of so many bytes */
	const char *like; /* what has that type in the public headers */
	bool answer; /* about the answer, or part of it */
} KindOf;

static const KindOf kinds[] = {
	[AST_IN_DEFAULT] = {.kind = ARG_IN, .word = "in"},
	[AST_IN] = {.kind = ARG_IN, .word = "in"},
	[AST_OUT] = {.kind = ARG_OUT, .word = "out", .answer = true},
	[AST_INOUT] = {.kind = ARG_INOUT, .word = "inout", .answer = true},
	[AST_REQUESTPORT] = {.kind = ARG_REQUEST_PORT, .word = "requestport", .right = true},
	[AST_REPLYPORT] = {.kind = ARG_REPLY_PORT, .word = "replyport", .right = true},
	[AST_SREPLYPORT] = {.kind = ARG_SREPLY_PORT, .word = "sreplyport", .right = true},
	[AST_UREPLYPORT] = {.kind = ARG_UREPLY_PORT, .word = "ureplyport", .right = true},
	[AST_WAITTIME] = {ARG_WAIT_TIME, "waittime", .size = 4, .like = "mach_msg_timeout_t"},
	[AST_SENDTIME] = {ARG_SEND_TIME, "sendtime", .size = 4, .like = "mach_msg_timeout_t"},
	[AST_MSGOPTION] = {ARG_MSG_OPTION, "msgoption", .size = 4, .like = "mach_msg_option_t"},
	[AST_SECTOKEN] = {ARG_SEC_TOKEN, "sectoken", .size = 8, .like = "security_token_t",
		.answer = true},
	[AST_SERVERSECTOKEN] = {ARG_SERVER_SEC_TOKEN, "serversectoken", .size = 8,
		.like = "security_token_t"},
	[AST_USERSECTOKEN] = {ARG_USER_SEC_TOKEN, "usersectoken", .size = 8,
		.like = "security_token_t", .answer = true},
	[AST_AUDITTOKEN] = {ARG_AUDIT_TOKEN, "audittoken", .size = 32, .like = "audit_token_t",
		.answer = true},
	[AST_SERVERAUDITTOKEN] = {ARG_SERVER_AUDIT_TOKEN, "serveraudittoken", .size = 32,
		.like = "audit_token_t"},
	[AST_USERAUDITTOKEN] = {ARG_USER_AUDIT_TOKEN, "useraudittoken", .size = 32,
		.like = "audit_token_t", .answer = true},
	[AST_SERVERCONTEXTTOKEN] = {ARG_SERVER_CONTEXT_TOKEN, "servercontexttoken", .size = 8,
		.like = "mach_port_context_t"},
	[AST_MSGSEQNO] = {ARG_MSG_SEQNO, "msgseqno", .size = 4, .like = "mach_port_seqno_t"},
	[AST_USERIMPL] = {.word = "userimpl"},
	[AST_SERVERIMPL] = {.word = "serverimpl"},
};

Arg *sema_arg(Sema *s, const AstArg *ast)
{
	const Type *type = NULL;
	bool ok = sema_check_name(s, &ast->name, NAME_ARG);
	Arg *arg;

	if (ast->type_name.text)
		ok = sema_check_name(s, &ast->type_name, NAME_TYPE) && ok;
	if (ast->type)
		type = typetable_resolve(&s->types, &ast->type_name, ast->type);
	if (ast->direction == AST_USERIMPL || ast->direction == AST_SERVERIMPL) {
		diag_error(s->diag, ast->direction_span,
			"%s: arguments in a trailer of one's own are not supported; "
			"use serveraudittoken, serversectoken or msgseqno, or an ordinary argument",
			kinds[ast->direction].word);
		return NULL;
	}
	if (!type || !ok)
		return NULL;
	arg = arena_new(s->arena, Arg);
	arg->name = ast->name.text;
	arg->span = ast->name.span;
	arg->kind = kinds[ast->direction].kind;
	arg->type = type;
	return arg;
}

static const char *type_name(const Type *type)
{
	return type->name ? type->name : "this type";
}

static bool check_type(Sema *s, const KindOf *k, const Arg *arg, const AstArg *ast)
{
	const Type *type = arg->type;

	if (k->right && type->kind != TYPE_PORT) {
		diag_error(s->diag, ast->name.span,
			"'%s' is a %s, and %s is not a right; give it a type such as mach_port_t",
			arg->name, k->word, type_name(type));
		return false;
	}
	if (k->size && (type->kind != TYPE_DATA || !type->by_value || type->size != k->size)) {
		diag_error(s->diag, ast->name.span,
			"'%s' is a %s, and %s is not a value of %u bytes; give it a type such as "
			"%s",
			arg->name, k->word, type_name(type), k->size, k->like);
		return false;
	}
	return true;
}

bool sema_arg_check(Sema *s, const Routine *r, const Arg *arg, const AstArg *ast)
{
	const KindOf *k = &kinds[ast->direction];
	bool ok = check_type(s, k, arg, ast);

	if (r->simple && k->answer) {
		diag_error(s->diag, ast->direction_span,
			"a simpleroutine has no answer that '%s' could be in; write %s", arg->name,
			ast->direction == AST_SECTOKEN	   ? "serversectoken"
			: ast->direction == AST_AUDITTOKEN ? "serveraudittoken"
							   : "routine, or leave it out");
		ok = false;
	}
	if (arg->kind == ARG_INOUT && arg->type->kind == TYPE_ARRAY) {
		diag_error(s->diag, ast->direction_span,
			"an inline array of variable size cannot be inout; "
			"write an in and an out argument, or a type with array[]");
		ok = false;
	}
	return ok;
}
