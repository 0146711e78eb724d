/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a type as it was written to what it is. A spec is resolved from the inside out; each
 * constructor looks only at the resolved type within it and says what it may not hold. Types are
 * never changed after they are in the table, so a declared one is its own element wherever it is
 * named. The parser bounds how deep specs nest.
 */
#include "mig/type.h"

#include <inttypes.h>
#include <string.h>

/* Stands in the table for a declaration that was wrong, so that its uses are not told as well. */
static const Type broken;

static const Type char_type = {
	.kind = TYPE_DATA,
	.by_value = true,
	.limit = 1,
	.element_size = 1,
	.size = 1,
	.pad = 3,
	.in = IPC_NAME_CHAR,
	.out = IPC_NAME_CHAR,
	.user_type = "char",
	.server_type = "char",
	.wire_type = "char",
};

static Type *resolve(TypeTable *t, const AstSpec *spec);

static void set_inline_size(Type *type, uint32_t size)
{
	type->size = size;
	type->pad = type->variable ? 0 : -size & 3;
}

/* The C type of one element that has no name of its own. NULL: C has none for it. */
static const char *ipc_ctype(const IpcName *name, uint32_t bits)
{
	if (name->in == IPC_NAME_REAL)
		return bits == 32 ? "float" : bits == 64 ? "double" : NULL;
	if (name->ctype && (name->bits == 0 || name->bits == bits))
		return name->ctype;
	switch (bits) {
	case 8:
		return "uint8_t";
	case 16:
		return "uint16_t";
	case 32:
		return "uint32_t";
	case 64:
		return "uint64_t";
	default:
		return NULL;
	}
}

static bool check_bits(TypeTable *t, const AstSpec *spec, const char *text)
{
	if (spec->bits < 0 && spec->in->bits == 0) {
		if (spec->in->in == IPC_NAME_STRING)
			diag_error(t->diag, spec->span,
				"%s says nothing of its length; write c_string[N]", text);
		else
			diag_error(t->diag, spec->span,
				"%s says nothing of its size; write (%s, BITS)", text, text);
		return false;
	}
	if (spec->bits < 0)
		return true;
	if (spec->bits == 0 || spec->bits % 8 != 0) {
		diag_error(t->diag, spec->span,
			"%" PRId64 " is not a size in bits; write a multiple of 8", spec->bits);
		return false;
	}
	if (spec->in->port && spec->bits != 32) {
		diag_error(t->diag, spec->span, "a right has 32 bits; write %s alone", text);
		return false;
	}
	if (spec->in->bits != 0 && spec->bits != spec->in->bits)
		diag_warning(t->diag, spec->span,
			"%s has %" PRIu32 " bits; it is taken as %" PRId64, text, spec->in->bits,
			spec->bits);
	return true;
}

static Type *resolve_ipc(TypeTable *t, const AstSpec *spec)
{
	const char *text = spec->in->text ? spec->in->text : "the number";
	uint32_t bits;
	Type *type;

	if (spec->in->port != spec->out->port) {
		diag_error(t->diag, spec->span,
			"a right cannot arrive as data, nor data as a right; write two names of "
			"rights, or one");
		return NULL;
	}
	if (!check_bits(t, spec, text))
		return NULL;
	bits = spec->bits < 0 ? spec->in->bits : (uint32_t)spec->bits;
	type = arena_new(t->arena, Type);
	type->kind = spec->in->port ? TYPE_PORT : TYPE_DATA;
	type->by_value = true;
	type->limit = 1;
	type->element_size = bits / 8;
	type->in = spec->in->in;
	type->out = spec->out->out;
	if (type->kind == TYPE_DATA)
		set_inline_size(type, type->element_size);
	type->user_type = ipc_ctype(spec->in, bits);
	return type;
}

static const Type *find_declared(TypeTable *t, const AstName *name)
{
	const Type *type = nametable_find(&t->names, name->text);

	if (type)
		return type == &broken ? NULL : type;
	diag_error(t->diag, name->span,
		"type '%s' is not declared; declare it before this line, or include the file that "
		"does",
		name->text);
	(void)nametable_add(&t->names, name->text, &broken);
	return NULL;
}

/* `type a = b`: a has the structure of b, and its translations; names are set by who declares a. */
static Type *resolve_named(TypeTable *t, const AstSpec *spec)
{
	const Type *old = find_declared(t, &spec->name);
	Type *type;

	if (!old)
		return NULL;
	type = arena_new(t->arena, Type);
	*type = *old;
	/* It is built alike, but the translations of the other are the other's. */
	type->intran = type->outtran = type->destructor = NULL;
	type->user_type = type->server_type = type->wire_type = NULL;
	return type;
}

/* The element of an array: a declared type as such, anything else made for it. */
static const Type *resolve_element(TypeTable *t, const AstSpec *spec)
{
	Type *type;

	if (spec->kind == AST_SPEC_NAMED)
		return find_declared(t, &spec->name);
	type = resolve(t, spec);
	if (type) {
		type->span = spec->span;
		/* An array or struct within another has no name that C code could use. */
		if (type->kind != TYPE_DATA && type->kind != TYPE_PORT)
			type->user_type = NULL;
		type->server_type = type->wire_type = type->user_type;
	}
	return type;
}

/* N of [N], which is at least 1 and makes no more than a message holds. 0: told what is wrong. */
static uint32_t check_count(TypeTable *t, const AstSpec *spec, uint32_t element_size)
{
	if (spec->count <= 0) {
		diag_error(t->diag, spec->count_span,
			"a count of %" PRId64 " makes no type; write at least 1", spec->count);
		return 0;
	}
	if (spec->count > (TYPE_INLINE_MAX - 1) / element_size) {
		diag_error(t->diag, spec->count_span,
			"%" PRId64 " elements of %" PRIu32
			" bytes are too large for a message; write a smaller count, or ^array[] "
			"for memory out of line",
			spec->count, element_size);
		return 0;
	}
	return (uint32_t)spec->count;
}

static void set_elements(Type *type, const Type *element, uint32_t limit)
{
	type->element = element;
	type->limit = limit;
	type->element_size = element->element_size;
	if (element->kind == TYPE_DATA || element->kind == TYPE_STRING)
		type->element_size = element->size;
	type->in = element->in;
	type->out = element->out;
}

static bool is_fixed_data(const Type *type)
{
	return type->kind == TYPE_DATA || (type->kind == TYPE_STRING && !type->variable);
}

static bool check_element(TypeTable *t, const AstSpec *spec, const Type *element)
{
	if (is_fixed_data(element) || element->kind == TYPE_PORT)
		return true;
	if (element->kind == TYPE_NATIVE)
		diag_error(t->diag, spec->element->span,
			"an array of a native type is not possible; write the native type of the "
			"whole array");
	else if (type_is_rights(element))
		diag_error(t->diag, spec->element->span,
			"an array of arrays of rights is not possible; write one array, or several "
			"arguments");
	else if (type_is_out_of_line(element))
		diag_error(t->diag, spec->element->span,
			"an array of memory out of line is not possible; write ^ before the array "
			"instead");
	else
		diag_error(t->diag, spec->element->span,
			"the elements of an array all have the same size; write [N] instead of "
			"[*:N] within it");
	return false;
}

static Type *resolve_array(TypeTable *t, const AstSpec *spec)
{
	const Type *element = resolve_element(t, spec->element);
	bool rights, unbounded = spec->bound == AST_BOUND_NONE;
	uint32_t limit = 0, size;
	Type *type;

	if (!element || !check_element(t, spec, element))
		return NULL;
	rights = element->kind == TYPE_PORT;
	size = rights ? 4 : element->size;
	if (!unbounded) {
		limit = check_count(t, spec, size);
		if (limit == 0)
			return NULL;
	}
	type = arena_new(t->arena, Type);
	type->variable = spec->bound != AST_BOUND_FIXED;
	type->inline_interface = unbounded;
	set_elements(type, element, limit);
	if (unbounded)
		type->kind = rights ? TYPE_OOL_PORTS : TYPE_OOL;
	else if (rights)
		type->kind = TYPE_PORT_ARRAY;
	else
		type->kind = type->variable ? TYPE_ARRAY : TYPE_DATA;
	if (!rights && !unbounded)
		set_inline_size(type, limit * size);
	return type;
}

static Type *resolve_struct(TypeTable *t, const AstSpec *spec)
{
	const Type *element = resolve_element(t, spec->element);
	uint32_t count;
	Type *type;

	if (!element)
		return NULL;
	if (!is_fixed_data(element)) {
		diag_error(t->diag, spec->element->span,
			"a struct holds data of a fixed size only; %s",
			type_is_rights(element) ? "write array[N] for rights"
						: "write arguments of their own for the rest");
		return NULL;
	}
	count = check_count(t, spec, element->size);
	if (count == 0)
		return NULL;
	type = arena_new(t->arena, Type);
	type->kind = TYPE_DATA;
	type->by_value = true;
	type->limit = 1;
	type->in = element->in;
	type->out = element->out;
	set_inline_size(type, count * element->size);
	type->element_size = type->size;
	return type;
}

static Type *resolve_string(TypeTable *t, const AstSpec *spec)
{
	uint32_t limit;
	Type *type;

	if (spec->bound == AST_BOUND_NONE) {
		diag_error(t->diag, spec->span, "a c_string has a limit; write c_string[*:N]");
		return NULL;
	}
	limit = check_count(t, spec, 1);
	if (limit == 0)
		return NULL;
	type = arena_new(t->arena, Type);
	type->kind = TYPE_STRING;
	type->variable = spec->bound == AST_BOUND_LIMITED;
	set_elements(type, &char_type, limit);
	type->in = type->out = IPC_NAME_STRING;
	set_inline_size(type, limit);
	return type;
}

/* ^ of something: a pointer to it, whose target travels out of line. */
static Type *resolve_pointer(TypeTable *t, const AstSpec *spec)
{
	const Type *target = resolve_element(t, spec->element);
	Type *type;

	if (!target)
		return NULL;
	if (target->kind == TYPE_NATIVE) {
		diag_error(t->diag, spec->element->span,
			"a native type cannot travel out of line; write ^array[] of the data "
			"itself");
		return NULL;
	}
	if (type_is_out_of_line(target) && !target->inline_interface) {
		diag_error(t->diag, spec->element->span,
			"memory out of line cannot hold pointers; leave out the ^");
		return NULL;
	}
	type = arena_new(t->arena, Type);
	type->kind = type_is_rights(target) ? TYPE_OOL_PORTS : TYPE_OOL;
	type->by_value = true;
	type->variable = target->variable;
	if (target->element)
		set_elements(type, target->element, target->limit);
	else
		set_elements(type, target, 1);
	return type;
}

static Type *resolve_native(TypeTable *t, const AstSpec *spec)
{
	Type *type = arena_new(t->arena, Type);

	type->kind = TYPE_NATIVE;
	type->native_pointer = spec->native != AST_NATIVE_VALUE;
	type->by_value = !type->native_pointer;
	type->limit = 1;
	type->native_words = spec->words;
	type->native_bad = spec->native == AST_NATIVE_POINTER_IF_NOT ? spec->bad : NULL;
	type->user_type = type->server_type = type->wire_type = spec->words;
	return type;
}

static Type *resolve(TypeTable *t, const AstSpec *spec)
{
	switch (spec->kind) {
	case AST_SPEC_IPC:
		return resolve_ipc(t, spec);
	case AST_SPEC_NAMED:
		return resolve_named(t, spec);
	case AST_SPEC_ARRAY:
		return resolve_array(t, spec);
	case AST_SPEC_STRUCT:
		return resolve_struct(t, spec);
	case AST_SPEC_STRING:
		return resolve_string(t, spec);
	case AST_SPEC_POINTER:
		return resolve_pointer(t, spec);
	case AST_SPEC_NATIVE:
		return resolve_native(t, spec);
	}
	return NULL;
}

/* An inline array is declared in the message as so many elements: they need a name there. */
static bool check_element_name(TypeTable *t, const Type *type)
{
	if (type->kind != TYPE_ARRAY || type->element->wire_type)
		return true;
	diag_error(t->diag, type->element->span,
		"the elements of this array have no name in C; declare a type for them, and write "
		"its name here");
	return false;
}

static bool is_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_same_names(const Type *a, const Type *b)
{
	return is_same_text(a->user_type, b->user_type) &&
	       is_same_text(a->server_type, b->server_type) &&
	       is_same_text(a->wire_type, b->wire_type) && is_same_text(a->intran, b->intran) &&
	       is_same_text(a->outtran, b->outtran) && is_same_text(a->destructor, b->destructor) &&
	       is_same_text(a->native_words, b->native_words) &&
	       is_same_text(a->native_bad, b->native_bad);
}

static bool is_same_type(const Type *a, const Type *b)
{
	if (a == b)
		return true;
	if (!a || !b)
		return false;
	return a->kind == b->kind && a->by_value == b->by_value && a->variable == b->variable &&
	       a->inline_interface == b->inline_interface && a->limit == b->limit &&
	       a->element_size == b->element_size && a->size == b->size && a->in == b->in &&
	       a->out == b->out && is_same_names(a, b) && is_same_type(a->element, b->element);
}

void typetable_init(TypeTable *t, Arena *a, Diag *d)
{
	*t = (TypeTable){.arena = a, .diag = d};
	nametable_init(&t->names, a);
}

static const Type *resolve_declaration(TypeTable *t, const AstName *name, const AstSpec *spec)
{
	Type *type = resolve(t, spec);

	if (!type)
		return NULL;
	type->name = name->text;
	type->span = name->span;
	if (type->kind == TYPE_NATIVE) {
		if (!STAILQ_EMPTY(&spec->trans)) {
			diag_error(t->diag, spec->span,
				"a native type names its C type itself; leave out the other "
				"clauses");
			return NULL;
		}
	} else if (!type_set_names(type, spec, t->diag)) {
		return NULL;
	}
	return check_element_name(t, type) ? type : NULL;
}

const Type *typetable_declare(TypeTable *t, const AstName *name, const AstSpec *spec)
{
	const Type *type = resolve_declaration(t, name, spec), *old;

	old = nametable_add(&t->names, name->text, type ? type : &broken);
	if (!old || !type)
		return type;
	if (old == &broken || is_same_type(old, type))
		return old == &broken ? NULL : old;
	diag_error(t->diag, name->span,
		"type '%s' is declared again, and not the same; leave one of them", name->text);
	diag_note(t->diag, old->span, "the first declaration is here");
	return NULL;
}

const Type *typetable_resolve(TypeTable *t, const AstName *name, const AstSpec *spec)
{
	if (name->text)
		return resolve_declaration(t, name, spec);
	if (spec->kind == AST_SPEC_NAMED)
		return find_declared(t, &spec->name);
	return resolve(t, spec);
}
