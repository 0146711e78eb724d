/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_TYPE_H
#define PORTCULLIS_MIG_TYPE_H

/*
 * A type of the language, resolved: how a value of it looks in C on both sides, and how it travels.
 *
 *   declared as                              kind             travels as
 *   MACH_MSG_TYPE_INTEGER_32, struct[N] of   TYPE_DATA        bytes inline
 *   array[N] of data                         TYPE_DATA        (by_value is false)
 *   array[*:N] of data                       TYPE_ARRAY       a count, and so many elements inline
 *   array[], array[*] of data                TYPE_OOL         memory out of line, and a count; C sees
 *                                                             it inline (inline_interface)
 *   ^ anything of data                       TYPE_OOL         memory out of line; a count if variable
 *   c_string[N]                              TYPE_STRING      N bytes inline
 *   c_string[*:N]                            TYPE_STRING      (variable) offset, count, bytes
 *   MACH_MSG_TYPE_COPY_SEND, polymorphic     TYPE_PORT        a port descriptor
 *   array[N], array[*:N] of rights           TYPE_PORT_ARRAY  N port descriptors; a count if variable
 *   array[], ^ array of rights               TYPE_OOL_PORTS   one descriptor; a count if variable
 *   PointerTo, PointerToIfNot, ValueOf       TYPE_NATIVE      sizeof bytes inline
 *
 * MACH_MSG_TYPE_PORT_NAME is data: a number.
 */

#include <stdbool.h>
#include <stdint.h>

#include "mig/arena.h"
#include "mig/ast.h"
#include "mig/diag.h"
#include "mig/nametable.h"

typedef enum TypeKind {
	TYPE_DATA,
	TYPE_ARRAY,
	TYPE_STRING,
	TYPE_OOL,
	TYPE_PORT,
	TYPE_PORT_ARRAY,
	TYPE_OOL_PORTS,
	TYPE_NATIVE,
} TypeKind;

typedef struct Type Type;
struct Type {
	const char *name; /* as declared; NULL for the nameless element of another */
	Span span; /* of the declaration */
	TypeKind kind;
	/* A C value, of which a pointer is passed to have it changed. Otherwise an array, of which C
	 * passes a pointer anyway. Out of line memory is a value (a pointer) unless
	 * inline_interface. */
	bool by_value;
	bool variable; /* a count travels with it */
	bool inline_interface; /* TYPE_OOL, TYPE_OOL_PORTS: array[] */
	const Type *element; /* of an array, out of line or not; NULL for the rest */
	uint32_t
		limit; /* elements at most; exactly, unless variable; 0: no limit. 1 for a scalar */
	uint32_t element_size; /* bytes of one element (sizeof); 4 for a right */
	uint32_t
		size; /* bytes inline at most, without padding; 0 for what is not inline or native */
	uint32_t pad; /* bytes that follow a fixed size to make it a multiple of 4 */
	/* Rights (of the elements, for arrays): as sent, as received. IPC_NAME_POLYMORPHIC: told at run
	 * time. Data: the number of the elementary type. */
	int32_t in, out;
	/* In C. The client sees user_type, the server's routine server_type, and the message holds
	 * wire_type, which differs from one of them only for a type with translations. */
	const char *user_type, *server_type, *wire_type;
	const char *intran, *outtran, *destructor; /* functions of the server; NULL: none */
	/* TYPE_NATIVE */
	bool native_pointer; /* the C type is a pointer to native_words; otherwise it is them */
	const char *native_words;
	const char *native_bad; /* the pointer that means "none"; NULL: there is always one */
};

static inline bool type_is_rights(const Type *t)
{
	return t->kind == TYPE_PORT || t->kind == TYPE_PORT_ARRAY || t->kind == TYPE_OOL_PORTS;
}

static inline bool type_is_out_of_line(const Type *t)
{
	return t->kind == TYPE_OOL || t->kind == TYPE_OOL_PORTS;
}

/* Nothing inline is this large: all sizes and their sums are far from the end of 32 bits. */
#define TYPE_INLINE_MAX (1U << 30)

/* The types that are declared so far. */
typedef struct TypeTable {
	Arena *arena;
	Diag *diag;
	NameTable names; /* of Type */
} TypeTable;

void typetable_init(TypeTable *t, Arena *a, Diag *d);

/* `type NAME = SPEC`. NULL if something is wrong, which has been told. A second declaration that says
 * the same gives the first. A name that is not known, or could not be resolved, is told of once. */
const Type *typetable_declare(TypeTable *t, const AstName *name, const AstSpec *spec);

/* What an argument has: a declared name, NAME = SPEC (of this argument only), or a native type (NULL
 * name). NULL if something is wrong. */
const Type *typetable_resolve(TypeTable *t, const AstName *name, const AstSpec *spec);

/* The C names of a declared type (type_names.c): what the spec's clauses say, and the defaults. Returns
 * whether they agree with each other. */
bool type_set_names(Type *type, const AstSpec *spec, Diag *d);

#endif
