/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_EMIT_MESSAGE_H
#define PORTCULLIS_MIG_EMIT_MESSAGE_H

/*
 * The structures of messages, and the functions that look at every size, count, descriptor and type
 * of one that was received before anybody else does.
 *
 * A structure has room for the most that each variable member may have. In a message such a member
 * is cut to what it holds, so that the members behind it come earlier: they are reached through a
 * pointer to the structure moved back by what was cut, one more pointer for each variable member
 * that has others behind it: In0P, In1P ... for requests, Out0P, Out1P ... for answers.
 */

#include "mig/emit_common.h"

/* Members and all, `typedef struct { ... } NAME;`. trailer: its C type, after the rest, or NULL. */
void emit_struct(
	const Emit *e, const Routine *r, bool request, const char *name, const char *trailer);

/* All of a side's structures and the two unions of them, guarded against a second inclusion. */
void emit_structs(const Emit *e);

/* How many pointers beyond the first are needed to reach every member. */
unsigned emit_pointers(const Message *m);

/* The bytes of a variable member with its count, rounded up: C text in terms of POINTER->. */
void emit_variable_size(const Emit *e, const Field *f, const char *count);
/* The bytes that all variable members together have at most. */
uint32_t emit_variable_max(const Message *m);
/* The member of an argument that is of a kind; NULL: it has none. */
const Field *emit_find_inline(const Message *m, const Arg *a, FieldKind kind);

/* __MIG_check__Request__NAME_t or __MIG_check__Reply__NAME_t: 0, or a MIG_ code. */
void emit_check(const Emit *e, const Routine *r, bool request);

#endif
