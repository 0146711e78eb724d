/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words behind an argument's type. A flag that could only mean something else than was meant is
 * an error; one that changes nothing gets a warning, because published files are full of them.
 */
#include "mig/sema_private.h"

typedef struct Flags {
	Sema *sema;
	const RoutineDraft *draft;
	unsigned index;
	Arg *arg;
	const AstArg *ast;
	bool ok;
} Flags;

static bool has(const Flags *f, unsigned flag)
{
	return (f->ast->flags & flag) != 0;
}

static Span span_of(const Flags *f, unsigned flag)
{
	return f->ast->flag_spans[__builtin_ctz(flag)];
}

static void no_effect(const Flags *f, unsigned flag, const char *word, const char *why)
{
	if (has(f, flag))
		diag_warning(f->sema->diag, span_of(f, flag),
			"%s has no effect here: %s; leave it out", word, why);
}

static void contradiction(Flags *f, unsigned one, unsigned other, const char *words)
{
	if (!has(f, one) || !has(f, other))
		return;
	diag_error(f->sema->diag, span_of(f, other), "%s contradict each other; leave one of them",
		words);
	f->ok = false;
}

static void read_count(Flags *f)
{
	const Type *type = f->arg->type;
	const Arg *other;

	if (type->variable && type->kind != TYPE_STRING)
		f->arg->count = f->arg;
	if (!has(f, AST_FLAG_SAMECOUNT))
		return;
	for (unsigned i = f->index; i-- > 0;) {
		other = f->draft->args[i];
		if (!other || !other->count)
			continue;
		if (f->arg->count && other->kind == f->arg->kind) {
			f->arg->count = other->count;
			return;
		}
		break;
	}
	diag_error(f->sema->diag, span_of(f, AST_FLAG_SAMECOUNT), "%s",
		f->arg->count ? "samecount needs an array of variable size before it that goes the "
				"same way; leave it out"
			      : "samecount is for arrays of variable size; leave it out");
	f->ok = false;
}

static void read_dealloc(Flags *f)
{
	static const char why[] = "only memory out of line can be deallocated";
	static const char why_stubs[] = "what a stub allocates, it deallocates";
	bool out_of_line = type_is_out_of_line(f->arg->type);

	contradiction(f, AST_FLAG_DEALLOC, AST_FLAG_NOTDEALLOC, "dealloc and notdealloc");
	contradiction(f, AST_FLAG_MAYBE_DEALLOC, AST_FLAG_NOTDEALLOC, "dealloc[] and notdealloc");
	if (!out_of_line) {
		no_effect(f, AST_FLAG_DEALLOC, "dealloc", why);
		no_effect(f, AST_FLAG_MAYBE_DEALLOC, "dealloc[]", why);
		no_effect(f, AST_FLAG_NOTDEALLOC, "notdealloc", why);
		return;
	}
	if (f->arg->type->inline_interface && f->arg->kind == ARG_OUT) {
		no_effect(f, AST_FLAG_DEALLOC, "dealloc", why_stubs);
		no_effect(f, AST_FLAG_MAYBE_DEALLOC, "dealloc[]", why_stubs);
		no_effect(f, AST_FLAG_NOTDEALLOC, "notdealloc", why_stubs);
	}
	if (f->arg->type->inline_interface && f->arg->kind == ARG_INOUT &&
		has(f, AST_FLAG_DEALLOC | AST_FLAG_MAYBE_DEALLOC)) {
		diag_error(f->sema->diag, f->ast->name.span,
			"the answer is put where '%s' was, which cannot be deallocated; leave "
			"out dealloc",
			f->arg->name);
		f->ok = false;
	}
	if (has(f, AST_FLAG_MAYBE_DEALLOC))
		f->arg->dealloc = DEALLOC_ASK;
	else if (has(f, AST_FLAG_DEALLOC))
		f->arg->dealloc = DEALLOC_YES;
}

static void read_copy(Flags *f)
{
	static const char why[] = "only memory out of line is copied so";

	contradiction(
		f, AST_FLAG_PHYSICALCOPY, AST_FLAG_VIRTUALCOPY, "physicalcopy and virtualcopy");
	no_effect(f, AST_FLAG_OVERWRITE, "overwrite", "the receiver decides where memory arrives");
	no_effect(f, AST_FLAG_AUTO, "auto", "what a stub allocates, it deallocates");
	if (type_is_out_of_line(f->arg->type)) {
		f->arg->physical_copy = has(f, AST_FLAG_PHYSICALCOPY);
		return;
	}
	no_effect(f, AST_FLAG_PHYSICALCOPY, "physicalcopy", why);
	no_effect(f, AST_FLAG_VIRTUALCOPY, "virtualcopy", why);
}

static void read_count_in_out(Flags *f)
{
	const Type *type = f->arg->type;

	if (!has(f, AST_FLAG_COUNTINOUT)) {
		if (f->arg->kind == ARG_OUT && type->inline_interface && f->arg->count == f->arg)
			diag_warning(f->sema->diag, f->arg->span,
				"'%s' is always empty: nobody says how much room there is; write "
				"countinout behind its type",
				f->arg->name);
		return;
	}
	if (f->arg->kind != ARG_OUT || !f->arg->count ||
		(type_is_out_of_line(type) && !type->inline_interface)) {
		diag_error(f->sema->diag, span_of(f, AST_FLAG_COUNTINOUT),
			"countinout is for an out array of variable size that the caller has room "
			"for, "
			"array[*:N] or array[]; leave it out");
		f->ok = false;
		return;
	}
	if (f->arg->count != f->arg)
		no_effect(f, AST_FLAG_COUNTINOUT, "countinout", "samecount takes another's count");
	else
		f->arg->count_in_out = true;
}

static void read_const(Flags *f)
{
	if (f->arg->kind == ARG_IN)
		f->arg->is_const = has(f, AST_FLAG_CONST);
	else
		no_effect(f, AST_FLAG_CONST, "const", "the function sets the argument");
}

static void read_ret_code(Flags *f)
{
	const Arg *arg = f->arg, *other = f->draft->routine->ret_code;
	const Type *type = arg->type;
	const char *wrong = NULL;

	if (!has(f, AST_FLAG_RETCODE))
		return;
	if (arg->kind != ARG_OUT)
		wrong = "the result of a function is an out argument; write out before it";
	else if (type->kind != TYPE_DATA || !type->by_value || type->size != 4)
		wrong = "the result of a function is a value of 4 bytes; give it a type such as "
			"kern_return_t";
	else if (other)
		wrong = "a function has one result; leave out one retcode";
	if (!wrong) {
		f->arg->ret_code = true;
		f->draft->routine->ret_code = arg;
		return;
	}
	diag_error(f->sema->diag, span_of(f, AST_FLAG_RETCODE), "%s", wrong);
	if (arg->kind == ARG_OUT && other)
		diag_note(f->sema->diag, other->span, "the other result is here");
	f->ok = false;
}

/* An argument that is not in a message's body has nothing that a flag could be about. */
static void refuse_all(Flags *f)
{
	for (unsigned bit = 0; bit <= 10; bit++) {
		unsigned flag = 1U << bit;

		if (!has(f, flag))
			continue;
		diag_warning(f->sema->diag, span_of(f, flag),
			"flags have no effect on '%s', which is not part of the message; leave "
			"them out",
			f->arg->name);
		return;
	}
}

bool sema_flags(Sema *s, const RoutineDraft *draft, unsigned index)
{
	Flags f = {
		.sema = s,
		.draft = draft,
		.index = index,
		.arg = draft->args[index],
		.ast = draft->asts[index],
		.ok = true,
	};

	if (!arg_is_in(f.arg) && !arg_is_out(f.arg)) {
		refuse_all(&f);
		return true;
	}
	read_count(&f);
	read_dealloc(&f);
	read_copy(&f);
	read_count_in_out(&f);
	read_const(&f);
	read_ret_code(&f);
	return f.ok;
}
