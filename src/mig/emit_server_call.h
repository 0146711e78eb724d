/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_EMIT_SERVER_CALL_H
#define PORTCULLIS_MIG_EMIT_SERVER_CALL_H

/*
 * Within a stub: the variables that the routine is to write, what they hold before, and the call.
 * They are called `out_NAME`: a message has 4-byte alignment, and C may demand more behind a
 * pointer. An array is written in place where it can be. What is read from the request has a
 * variable, `in_NAME`, only where it cannot be used as it lies there, and `tran_NAME` is what a
 * translation made of it.
 */

#include "mig/emit_common.h"

void emit_server_declare(const Emit *e, const Routine *r);
void emit_server_load(const Emit *e, const Routine *r);
void emit_server_call(const Emit *e, const Routine *r);

/* The answer has its code in it before it is known whether there will be more. */
static inline bool emit_is_bare_reply(const Routine *r)
{
	return r->simple || !r->reply.complex;
}

/* An array that the routine sees inline and the answer has out of line: its memory is the stub's. */
static inline bool emit_has_room(const Arg *a)
{
	return arg_is_out(a) && a->type->inline_interface;
}

/* That memory, of all arguments before the end, goes: nobody will send it. */
void emit_server_release(const Emit *e, const Routine *r, unsigned end);

#endif
