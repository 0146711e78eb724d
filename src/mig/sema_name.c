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

/*
 * What the client's functions and the structures of messages call their own; what these functions
 * call, which a parameter would hide; and what a macro would replace.
 */
static const char *const own_words[] = {"Head", "InHeadP", "InP", "Mess", "NDR", "OutHeadP", "OutP",
	"Reply", "Request", "TrailerP", "__Reply", "__alignof__", "__attribute__", "__i",
	"__inline__", "__reply_port", "__typeof__", "fixed_size", "msg_result", "msgh_body",
	"msgh_size", "trailer", "variable_size",
	/* functions and variables */
	"NDR_record", "free", "mach_msg", "mach_msg2", "mach_msg_destroy", "mach_port_deallocate",
	"mach_task_self_", "malloc", "memcpy", "memset", "mig_dealloc_reply_port", "mig_deallocate",
	"mig_get_reply_port", "mig_put_reply_port", "mig_strncpy", "mig_strncpy_zerofill",
	/* types */
	"boolean_t", "kern_return_t", "mach_msg_audit_trailer_t", "mach_msg_body_t",
	"mach_msg_header_t", "mach_msg_max_trailer_t", "mach_msg_ool_descriptor_t",
	"mach_msg_ool_ports_descriptor_t", "mach_msg_port_descriptor_t", "mach_msg_return_t",
	"mach_msg_security_trailer_t", "mach_msg_size_t", "mach_msg_trailer_size_t",
	"mach_msg_trailer_t", "mach_msg_type_name_t", "mach_msg_type_number_t", "mach_port_t",
	"mig_reply_error_t", "size_t", "vm_address_t", "vm_offset_t", "vm_size_t",
	/* macros */
	"FALSE", "NULL", "TRUE", "mig_external", "mig_internal", "msgh_reply_port",
	"msgh_request_port"};

/* In a stub: what has no argument's name with something before it. */
static const char *const stub_words[] = {"InHeadP", "OutHeadP", "OutP", "Reply", "Request",
	"RetCode", "TrailerP", "__i", "check_result", "length", "msgh_size", "room", "used",
	"variable_size"};
static const char *const stub_prefixes[] = {"in_", "out_", "tran_"};

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

/* Further variables of the stub, and members that do not say so themselves. */
static bool add_hidden(Sema *s, NameTable *names, const Arg *a)
{
	bool ok = true;

	if (a->type->inline_interface && arg_is_out(a))
		ok = add_suffixed(s, names, a, "__Room");
	if (a->type->kind == TYPE_ARRAY || a->type->kind == TYPE_STRING ||
		(a->type->kind == TYPE_DATA && !a->type->by_value))
		ok = add_suffixed(s, names, a, "__Buffer") && ok;
	if (a->type->native_bad)
		ok = add_suffixed(s, names, a, "__Present__") && ok;
	return ok;
}

static bool add_fields(Sema *s, NameTable *names, const Message *m)
{
	bool ok = true;

	for (unsigned i = 0; i < m->n_inlines; i++)
		ok = add_field(s, names, &m->inlines[i]) && ok;
	return ok;
}

/* The stub calls it, and would find a variable of its own instead. */
static bool check_server_name(Sema *s, const NameTable *names, const Routine *r)
{
	const char *name = r->server_name;
	bool bad = is_among(name, stub_words, ARRAY_SIZE(stub_words)) || is_message_pointer(name);

	for (size_t i = 0; i < ARRAY_SIZE(stub_prefixes); i++) {
		size_t n = strlen(stub_prefixes[i]);

		bad = bad ||
		      (strncmp(name, stub_prefixes[i], n) == 0 && nametable_find(names, name + n));
	}
	if (bad)
		diag_error(s->diag, r->span,
			"'%s' is a name that the generated code has itself; choose another name",
			name);
	return !bad;
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
	for (unsigned i = 0; i < r->n_args; i++) {
		if (arg_is_in(r->args[i]) || arg_is_out(r->args[i]))
			ok = add_hidden(s, &names, r->args[i]) && ok;
	}
	ok = add_fields(s, &names, &r->request) && ok;
	ok = add_fields(s, &names, &r->reply) && ok;
	return check_server_name(s, &names, r) && ok;
}

/* --- Functions --- */

/* Who has a name in the generated code. */
typedef struct Owner {
	const char *what;
	Span span;
} Owner;

static bool add_function(Sema *s, NameTable *names, const char *name, const char *what, Span span)
{
	Owner *owner = arena_new(s->arena, Owner);
	const Owner *other;

	*owner = (Owner){.what = what, .span = span};
	other = nametable_add(names, name, owner);
	if (!other)
		return true;
	diag_error(s->diag, span,
		"the generated code has two of '%s', %s and %s; choose another name, or a prefix "
		"or serverdemux that tells them apart",
		name, what, other->what);
	diag_note(s->diag, other->span, "the other one is here");
	return false;
}

static bool add_functions(Sema *s, NameTable *server, NameTable *user, const Routine *r)
{
	const char *stub = arena_printf(s->arena, "_X%s", r->name);
	bool ok = add_function(s, server, stub, "the stub of a routine", r->span);

	ok = add_function(s, server, r->server_name, "the server's function", r->span) && ok;
	return add_function(s, user, r->user_name, "the client's function", r->span) && ok;
}

bool sema_check_functions(Sema *s, const Interface *i, Span demux)
{
	NameTable server, user;
	bool ok;

	nametable_init(&server, s->arena);
	nametable_init(&user, s->arena);
	ok = add_function(s, &server, i->demux, "the function that serves a request", demux);
	ok = add_function(s, &server, arena_printf(s->arena, "%s_routine", i->demux),
		     "the function that finds a stub", demux) &&
	     ok;
	ok = add_function(s, &server,
		     arena_printf(s->arena, "%s%s_subsystem", i->server_prefix, i->name),
		     "the table of the stubs", demux) &&
	     ok;
	if (i->rcsid) {
		ok = add_function(s, &server, arena_printf(s->arena, "%s_server_rcsid", i->name),
			     "the text of rcsid", demux) &&
		     ok;
		ok = add_function(s, &user, arena_printf(s->arena, "%s_user_rcsid", i->name),
			     "the text of rcsid", demux) &&
		     ok;
	}
	for (unsigned n = 0; n < i->n_routines; n++) {
		if (i->routines[n])
			ok = add_functions(s, &server, &user, i->routines[n]) && ok;
	}
	return ok;
}
