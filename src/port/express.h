/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The message that needs nothing of what the others need: no rights, no memory, no answer, to a port
 * of another process that we have sent to before. It goes from the program's buffer into the socket,
 * with the port looked up under the lock and the rest done outside.
 */
#pragma once

#include "port/types.h"

#define EXPRESS_MAX 1024u

/* True: it was sent. False: it is not such a message, or could not be sent at once; nothing was done and
 * the usual way finds out what there is to say. Called without the lock. */
bool express_send(const mach_msg_header_t *msg, mach_msg_size_t size);
