/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_EMIT_COMMON_H
#define PORTCULLIS_MIG_EMIT_COMMON_H

/*
 * What several of the generated files have in common. A file is written by one emitter
 * (emit_user.c, emit_server.c, emit_header.c), which prints its parts in order; the parts that both
 * sides need are here and in emit_message.c (the structures and what checks them) and emit_pack.c (a
 * message is made). emit_server_call.c is the middle of the server's.
 *
 * The text of the output is a public interface as well: other programs filter it. These lines must
 * stay as they are, each on one line: `} __Reply;` after one tab, `mig_internal kern_return_t
 * __MIG_check__...`, and `OutP->RetCode = FUNCTION(...);` after one tab.
 */

#include <stdio.h>

#include "mig/interface.h"
#include "mig/options.h"

typedef enum Side {
	SIDE_USER,
	SIDE_SERVER,
} Side;

typedef struct Emit {
	FILE *f; /* borrowed */
	const Interface *i;
	const Options *o;
	Side side;
	/* The routine's message is on the heap: every return frees it. */
	bool heap;
} Emit;

void put(const Emit *e, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));

/* Lines that differ for nobody: each of the strings, and a line end. */
void put_lines(const Emit *e, const char *const lines[], size_t n);
#define PUT_LINES(e, ...)                                                                          \
	put_lines((e), (const char *const[]){__VA_ARGS__},                                         \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

void emit_banner(const Emit *e);
/* What the C of both sides includes, and the imports of these kinds (bits by AstImport). */
void emit_includes(const Emit *e);
void emit_imports(const Emit *e, unsigned kinds);
/* An empty function-like macro that a program may define before. */
void emit_hook(const Emit *e, const char *name);
void emit_pragma_pack(const Emit *e, bool push);

/* `(TYPE NAME, ...)` over several lines. */
void emit_params(const Emit *e, const Routine *r, Side side);
/* The comment and the declaration of one function, without its end. */
void emit_prototype(const Emit *e, const Routine *r, Side side);
void emit_name_map(const Emit *e);
/* What the sizes of the C types must be. */
void emit_size_checks(const Emit *e);

/* How a type is spelt within a message on this side; of one element, for arrays. */
const char *emit_wire_type(const Emit *e, const Type *t);
static inline bool emit_is_poly(int32_t disposition)
{
	return disposition == IPC_NAME_POLYMORPHIC;
}

static inline const char *emit_prefix(const Emit *e)
{
	return e->side == SIDE_USER ? e->i->user_prefix : e->i->server_prefix;
}

/* The number of descriptors and inline members of a message, and what they are. */
static inline const Message *emit_message(const Routine *r, bool request)
{
	return request ? &r->request : &r->reply;
}

#endif
