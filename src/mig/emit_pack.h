/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_EMIT_PACK_H
#define PORTCULLIS_MIG_EMIT_PACK_H

/*
 * A message is made: the client's request from the parameters of its function, the server's answer
 * from the variables that its routine filled. Every byte of what is sent is written, padding
 * included: the other side must not see what was in this memory before.
 *
 * Names of the values: as the parameters on the client's side, with `out_` before them on the
 * server's. There, an array or a string at a place that is known from the start is filled by the
 * routine within the answer itself (emit_is_direct()).
 */

#include "mig/emit_message.h"

/* Ends the generated function with a code. */
void emit_fail(const Emit *e, const char *indent, const char *code);

/* The largest alignment of an element may exceed what a message has, which is 4. */
bool emit_may_misalign(const Type *t);
/* The C type of one element of an array member. */
void emit_element_type(const Emit *e, const Field *f);
bool emit_is_direct(const Field *f);

/* The largest count that all arrays have place for that share it (samecount); 0: any. */
uint32_t emit_count_limit(const Routine *r, const Arg *owner);

/*
 * `if (...)` without a line end, whose condition is that a count is larger than its member, or than
 * a descriptor can say. False, and nothing is written: no count can be.
 */
bool emit_limits(const Emit *e, const Routine *r, bool request);

/*
 * All members of a message at POINTER (InP or OutP), which is moved over variable ones, and has its
 * first place again afterwards. `msgh_size` (declared here) is what is to be sent.
 */
void emit_pack(const Emit *e, const Routine *r, bool request);

#endif
