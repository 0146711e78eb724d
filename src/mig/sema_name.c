/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of a .defs file become names in C, as they are and with something appended. What would not
 * compile, or mean something else there, is told here, where the author can see it.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "mig/sema_private.h"

static const char *const c_types[] = {
	"char", "double", "float", "int", "long", "short", "signed", "unsigned", "void"};

static const char *const c_words[] = {"auto", "break", "case", "const", "continue", "default", "do",
	"else", "enum", "extern", "for", "goto", "if", "inline", "register", "restrict", "return",
	"sizeof", "static", "struct", "switch", "typedef", "union", "volatile", "while", "_Alignas",
	"_Alignof", "_Atomic", "_Bool", "_Complex", "_Generic", "_Imaginary", "_Noreturn",
	"_Static_assert", "_Thread_local"};

static const char *const cxx_words[] = {"alignas", "alignof", "and", "and_eq", "asm", "bitand",
	"bitor", "bool", "catch", "char16_t", "char32_t", "class", "compl", "constexpr",
	"const_cast", "decltype", "delete", "dynamic_cast", "explicit", "export", "false", "friend",
	"mutable", "namespace", "new", "noexcept", "not", "not_eq", "nullptr", "operator", "or",
	"or_eq", "private", "protected", "public", "reinterpret_cast", "static_assert",
	"static_cast", "template", "this", "thread_local", "throw", "true", "try", "typeid",
	"typename", "using", "virtual", "wchar_t", "xor", "xor_eq"};

/* What the generated functions call their own. */
static const char *const own_words[] = {"Head", "InHeadP", "InP", "Mess", "NDR", "OutHeadP", "OutP",
	"Reply", "Request", "TrailerP", "fixed_size", "msg_result", "msgh_body", "msgh_size",
	"trailer", "variable_size"};

static bool is_among(const char *name, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], name) == 0)
			return true;
	}
	return false;
}

/* In0P, Out12P and so on. */
static bool is_message_pointer(const char *name)
{
	size_t prefix = strncmp(name, "In", 2) == 0 ? 2 : strncmp(name, "Out", 3) == 0 ? 3 : 0;
	size_t digits = prefix ? strspn(name + prefix, "0123456789") : 0;

	return digits > 0 && name[prefix + digits] == 'P' &&
	       strspn(name + prefix + digits, "P") == strlen(name + prefix + digits);
}

bool sema_check_name(Sema *s, const AstName *name, NameUse use)
{
	const char *text = name->text;

	if (is_among(text, c_words, ARRAY_SIZE(c_words)) ||
		(use != NAME_TYPE && is_among(text, c_types, ARRAY_SIZE(c_types)))) {
		diag_error(s->diag, name->span, "'%s' is a word of C; choose another name", text);
		return false;
	}
	if (use != NAME_TYPE && is_among(text, cxx_words, ARRAY_SIZE(cxx_words)))
		diag_warning(s->diag, name->span,
			"'%s' is a word of C++, where the header will not compile; choose another "
			"name",
			text);
	if (use == NAME_ARG &&
		(is_among(text, own_words, ARRAY_SIZE(own_words)) || is_message_pointer(text))) {
		diag_error(s->diag, name->span,
			"'%s' is a name that the generated code has itself; choose another name",
			text);
		return false;
	}
	return true;
}

static bool add_derived(Sema *s, NameTable *names, const char *name, const Arg *arg)
{
	const Arg *other = nametable_add(names, name, arg);

	if (!other || other == arg)
		return true;
	diag_error(s->diag, arg->span,
		"'%s' and '%s' both lead to the name '%s' in C; choose another name for one of "
		"them",
		arg->name, other->name, name);
	diag_note(s->diag, other->span, "the other argument is here");
	return false;
}

static bool add_suffixed(Sema *s, NameTable *names, const Arg *arg, const char *suffix)
{
	return add_derived(s, names, arena_printf(s->arena, "%s%s", arg->name, suffix), arg);
}

static bool add_field(Sema *s, NameTable *names, const Field *f)
{
	const Type *type = f->arg->type;

	switch (f->kind) {
	case FIELD_STRING_HEAD:
		return add_suffixed(s, names, f->arg, "Offset") &&
		       add_suffixed(s, names, f->arg, "Cnt");
	case FIELD_DATA:
	case FIELD_STRING:
	case FIELD_ARRAY:
		return f->size == type->size || add_suffixed(s, names, f->arg, "Pad");
	default:
		return add_derived(s, names, f->name, f->arg);
	}
}

static bool add_fields(Sema *s, NameTable *names, const Message *m)
{
	bool ok = true;

	for (unsigned i = 0; i < m->n_inlines; i++)
		ok = add_field(s, names, &m->inlines[i]) && ok;
	return ok;
}

bool sema_check_derived_names(Sema *s, const Routine *r)
{
	const ParamList *lists[] = {&r->user, &r->server};
	NameTable names;
	bool ok = true;

	nametable_init(&names, s->arena);
	for (unsigned i = 0; i < r->n_args; i++)
		(void)nametable_add(&names, r->args[i]->name, r->args[i]);
	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		for (unsigned i = 0; i < lists[l]->n; i++)
			ok = add_derived(s, &names, lists[l]->params[i].name,
				     lists[l]->params[i].arg) &&
			     ok;
	}
	ok = add_fields(s, &names, &r->request) && ok;
	return add_fields(s, &names, &r->reply) && ok;
}
