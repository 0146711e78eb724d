/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_EMIT_SERVER_H
#define PORTCULLIS_MIG_EMIT_SERVER_H

#include "mig/emit_common.h"

/* The server's code: a stub for each routine, the table of them, and the function that finds one.
 * header: what to include; NULL: nothing. */
void emit_server(const Emit *e, const char *header);

/* `struct PREFIX+NAME_subsystem { ... }`, as the code defines and the header declares it. */
void emit_subsystem_struct(const Emit *e);

#endif
