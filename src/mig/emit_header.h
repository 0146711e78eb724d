/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PORTCULLIS_MIG_EMIT_HEADER_H
#define PORTCULLIS_MIG_EMIT_HEADER_H

#include "mig/emit_common.h"

/* What programs include: the client's (-header), and the server's (-sheader). */
void emit_user_header(const Emit *e);
void emit_server_header(const Emit *e);
/* The client's declarations alone, without the structures (-iheader). */
void emit_internal_header(const Emit *e);
/* Names for the message ids (-dheader). */
void emit_defines_header(const Emit *e);

#endif
